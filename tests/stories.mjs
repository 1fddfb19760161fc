// stories.mjs LAW STORY... - stories of the pack through the real server, day by day (libfaketime): each form opens in both
// languages, each act is sent as its program or person would, each answer is the gate's, each document comes out; at the end
// the ledger is verified and every view replayed. Last line "stories: N passed, M failed".
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [law, ...names] = process.argv.slice(2);
const read = (f) => JSON.parse(readFileSync(f, 'utf8'));
const kinds = new Map(readdirSync(`${law}/cn/act`).map((f) => read(`${law}/cn/act/${f}`)).map((a) => [a.act, a]));
const statuses = new Map(read(`${law}/cn/code/status.json`).rows.map((r) => [r.code, r.title.zh]));
const lib = process.env.FAKETIME_LIB;
let passed = 0;
let failed = 0;
let at = '';
const say = (ok, what) => { if (ok) passed++; else { failed++; console.log(`not so: ${at}: ${what}`); } };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- institutions, each under a key of this test ----
const institutions = new Map(read(`${law}/sample/people.json`).institutions.clients.map((c) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'EdDSA', use: 'sig', kid: c['client.id'] };
  return [c['client.id'], { registration: { ...c, 'client.jwks': JSON.stringify({ keys: [jwk] }) }, privateKey }];
}));
const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
function statement(id, claims, day, header = {}) {
  const key = institutions.get(id)?.privateKey ?? institutions.get('lab-binhe').privateKey;
  const now = Date.parse(`${day}T01:00:00Z`) / 1000;
  const said = { iss: id, sub: id, aud: address, iat: now, exp: now + 300, jti: randomUUID(), ...claims };
  const input = `${part({ alg: 'EdDSA', typ: 'statement+jwt', kid: id, ...header })}.${part(said)}`;
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
}
async function tell(path, text) {
  const answer = await fetch(address + path, { method: 'POST', headers: { Accept: 'application/json' }, body: new URLSearchParams({ statement: text }) });
  return { status: answer.status, json: await answer.json() };
}
async function billOf(officer, number) {
  const facts = (await ask(officer, `/case/${number}`)).json.facts ?? [];
  return facts.find((f) => f.title === '缴款编号')?.value ?? '';
}

// ---- the node, on a day ----
let server = null;
let address = '';
const jars = new Map();
async function stop() {
  if (!server) return;
  const gone = new Promise((done) => server.once('exit', done));
  server.kill('SIGTERM');
  await gone;
  server = null;
}
let clients = [];
const envOn = (day) => ({ ...process.env, LD_PRELOAD: lib, FAKETIME: `@${day} 01:00:00`, TZ: 'UTC', FAKETIME_DONT_FAKE_MONOTONIC: '1' });
async function serveOn(dir, day) {
  await stop();
  jars.clear();
  const env = envOn(day);
  server = spawn('build/tongban', ['demo', '--dir', dir, '--port', '0', ...clients], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const s of [server.stdout, server.stderr]) s.on('data', (d) => { log += d; });
  for (let i = 0; i < 600; i++) {
    const found = /^serving (http:\/\/\S*)\/$/m.exec(log);
    if (found) {
      address = found[1];
      try { if ((await fetch(`${address}/healthz`)).ok) return; } catch { /* not yet */ }
    }
    if (server.exitCode !== null) break;
    await pause(50);
  }
  throw new Error(`the server did not start: ${log}`);
}
async function jarOf(id) {
  if (!jars.has(id)) {
    const given = await fetch(`${address}/login/demo`, { method: 'POST', body: new URLSearchParams({ who: id }), redirect: 'manual' });
    const once = await fetch(address + given.headers.get('location'), { redirect: 'manual' });
    const cookies = once.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
    say(cookies !== '', `${id} signs in: ${given.status} ${given.headers.get('location')}, ${once.status} ${(await once.text()).slice(0, 300)}`);
    jars.set(id, cookies);
  }
  return jars.get(id);
}
async function ask(id, path, body, accept = 'application/json') {
  const headers = { Accept: accept, Cookie: await jarOf(id) };
  if (body) Object.assign(headers, { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin' });
  const answer = await fetch(address + path, { method: body ? 'POST' : 'GET', headers, body: body ? JSON.stringify(body) : undefined, redirect: 'manual' });
  const text = await answer.text();
  let json = {};
  try { json = JSON.parse(text); } catch { /* a page */ }
  return { status: answer.status, json, text };
}

// ---- steps ----
const withBytes = (v) => v && v.sha256 ? { name: v.name, type: v.type, base64: Buffer.from(`%PDF-1.7 ${v.sha256}`).toString('base64') } : v;
async function look(id, path, what) {
  for (const lang of ['', '/en']) {
    const page = await ask(id, lang + path, null, 'text/html');
    say(page.status === 200 && page.text.includes('</html>'), `${what} as a page (${lang || '/zh'}): ${page.status}`);
    say(!page.text.includes('{{') && !page.text.includes('undefined'), `${what}: nothing is left unfilled`);
  }
}
// "@licence:PARTY[:N]" of a story: the Nth licence that was issued to the party, the last without N. A number is the
// prefix of its type and the place of its act in the ledger.
const cases = new Map(); // number of a case -> its party and item
const issued = new Map(); // party -> numbers
async function note(step, seq, number) {
  const it = cases.get(number);
  if (!it || !kinds.get(step.act).effect?.includes('licence.issue')) return;
  const type = read(`${law}/cn-990101/item/${it.item}/item.json`).licence;
  const { prefix, digits } = read(`${law}/cn/licence/${type}.json`).number;
  const licence = prefix + String(seq).padStart(digits, '0');
  issued.set(it.party, [...(issued.get(it.party) ?? []), licence]);
  const shown = await ask(step.by, `/v/${licence}`, null, 'text/html');
  say(shown.status === 200 && shown.text.includes(licence), `the licence ${licence} is shown to whoever asks`);
}
function named(value) {
  const [, party, n] = /^@licence:([^:]+)(?::(\d+))?$/.exec(value) ?? [];
  const list = issued.get(party) ?? [];
  return party ? list[n ? n - 1 : list.length - 1] ?? value : value;
}
async function act(step, number) {
  const kind = kinds.get(step.act);
  const opens = kind.case === 'open';
  const path = opens ? `/apply/${step.item}?act=${step.act}` : kind.case === 'none' ? `/acts/${step.act}` : `/case/${number}/act/${step.act}`;
  const body = Object.fromEntries(Object.entries(step.fields ?? {}).map(([k, v]) => [k, withBytes(named(v))]));
  if (opens) body._for = step.for ?? '';
  if (step.with) body._with = step.with;
  if (step.expect === 'admitted' && !(step.by.startsWith('o-') && kind.who.party && opens)) await look(step.by, opens ? `${path}${step.for ? `&for=${step.for}` : ''}` : path, 'the form');
  let answer = await ask(step.by, path, body);
  if (answer.status === 202) { // where two officers sign, the other reads it and signs
    await look(step.with, answer.json.url, 'what waits for the second signature');
    answer = await ask(step.with, answer.json.url, { digest: answer.json.digest });
  }
  if (step.expect === 'admitted') {
    say(answer.status === 201, `admitted: ${answer.status} ${answer.text.slice(0, 300)}`);
    if (kind.draws && answer.status === 201) await look(step.by, `/document/${answer.json.seq}`, 'the document');
    const its = opens && answer.json.case ? answer.json.case : number;
    if (opens) cases.set(its, { party: step.for || step.by, item: step.item });
    await note(step, answer.json.seq, its);
    return its;
  }
  const code = String(answer.json.type).replace('urn:tongban:problem:', '');
  const unseen = [401, 403, 404].includes(answer.status);
  say(unseen || (answer.status === 409 && code === step.expect.refused), `refused by ${step.expect.refused}: ${answer.status} ${answer.text.slice(0, 300)}`);
  return number;
}
async function actOfInstitution(step, number, officer, dir) {
  const fields = { ...step.fields };
  const named = fields['bill.number'] === '@bill';
  if (named) fields['bill.number'] = await billOf(officer, number);
  const claims = { act: step.act, fields, ...(step.key ? { key: step.key } : step.expect.refused === 'form.taken' ? { key: randomUUID() } : {}), ...(named ? {} : { case: number }) };
  const text = statement(step.by, claims, step.day);
  const answer = await tell('/institution/act', text);
  const code = String(answer.json.type).replace('urn:tongban:problem:', '');
  if (step.expect !== 'admitted') {
    say(answer.status === 401 || (answer.status === 409 && code === step.expect.refused), `refused by ${step.expect.refused}: ${answer.status} ${JSON.stringify(answer.json)}`);
    return;
  }
  say(answer.status === 200 && answer.json.repeated === (step.repeated ?? false), `admitted: ${answer.status} ${JSON.stringify(answer.json)}`);
  const again = await tell('/institution/act', text);
  say(again.status === 401 && again.json.type === 'urn:tongban:problem:statement.replayed', `a statement counts once: ${again.status} ${again.json.type}`);
  if (step.repeated) { // the node dies, and the same is told once more
    const gone = new Promise((done) => server.once('exit', done));
    server.kill('SIGKILL');
    await gone;
    server = null;
    await serveOn(dir, step.day);
    const after = await tell('/institution/act', statement(step.by, claims, step.day));
    say(after.status === 200 && after.json.seq === answer.json.seq && after.json.repeated, `told again after a crash: ${after.status} ${JSON.stringify(after.json)}`);
  }
  if (named) await bill(step, fields['bill.number']);
}
// What the channel is told of a bill adds up, and what is no statement of a channel is told nothing.
async function bill(step, number) {
  const asked = async (id, claims, header) => tell('/institution/bill', statement(id, { 'bill.number': number, ...claims }, step.day, header));
  const told = (await asked('channel-binhe')).json;
  say(told.left_fen - told.owed_fen === told.due_fen - told.paid_fen + told.refunded_fen, `the bill adds up: ${JSON.stringify(told)}`);
  const wrong = `${number.slice(0, 17)}${(Number(number[17]) + 1) % 10}`;
  for (const [what, answer, status, type] of [
    ['a laboratory asks', await asked('lab-binhe'), 403, 'institution.kind'],
    ['nobody that is registered asks', await asked('channel-none'), 401, 'statement.unknown'],
    ['another key signs', await tell('/institution/bill', statement('channel-none', { iss: 'channel-binhe', sub: 'channel-binhe', 'bill.number': number }, step.day, { kid: 'channel-binhe' })), 401, 'statement.signature'],
    ['it is meant for another node', await asked('channel-binhe', { aud: 'https://other.example' }), 401, 'statement.claims'],
    ['it is old', await asked('channel-binhe', { exp: 1 }), 401, 'statement.claims'],
    ['it is a client assertion', await asked('channel-binhe', {}, { typ: 'JWT' }), 400, 'statement.unreadable'],
    ['it is no statement', await tell('/institution/bill', 'x'), 400, 'statement.unreadable'],
    ['the number is copied wrongly', await asked('channel-binhe', { 'bill.number': wrong }), 400, 'bill.number'],
    ['no such number', await asked('channel-binhe', { 'bill.number': '123456789012345611' }), 404, 'bill.unknown'],
  ]) {
    say(answer.status === status && answer.json.type === `urn:tongban:problem:${type}`, `${what}: ${answer.status} ${JSON.stringify(answer.json)}`);
  }
}
async function statusIs(id, number, status) {
  let got = '';
  for (let i = 0; i < 100; i++) {
    got = (await ask(id, `/case/${number}`)).json.status;
    if (got === statuses.get(status)) break;
    await pause(50);
  }
  say(got === statuses.get(status), `status ${statuses.get(status)}: ${got}`);
}

for (const name of names) {
  const story = read(`${law}/cn-990101/test/${name}.json`);
  const dir = mkdtempSync(join(tmpdir(), 'tongban-stories-'));
  let day = '';
  let number = '';
  cases.clear();
  issued.clear();
  let officer = '';
  const file = `${dir}/clients.json`;
  writeFileSync(file, JSON.stringify([...institutions.values()].map((c) => c.registration)));
  clients = story.steps.some((s) => kinds.get(s.act)?.who.client) ? ['--clients', file] : [];
  for (const [i, step] of story.steps.entries()) {
    at = `${name} step ${i + 1} (${step.day} ${step.by} ${step.act || ''})`;
    if (step.day !== day) await serveOn(join(dir, 'node'), step.day);
    day = step.day;
    if (step.by === 'node' && step.act === 'close-client' && step.expect === 'admitted' && clients.length > 0) { // an institution is closed: from now on it is told so
      await stop();
      clients = [];
      const closed = spawnSync('build/tongban', ['client', join(dir, 'node'), '--close', step.fields['client.id']], { encoding: 'utf8', env: envOn(step.day) });
      say(closed.status === 0, `${closed.stdout}${closed.stderr}`);
      await serveOn(join(dir, 'node'), step.day);
    } else if (kinds.get(step.act)?.who.client && !/^[op]-/.test(step.by) && step.by !== 'node') {
      await actOfInstitution(step, number, officer, join(dir, 'node'));
    } else if (step.by !== 'clock' && !(step.by === 'node' && kinds.get(step.act)?.who.client)) {
      number = await act(step, number);
      if (step.by.startsWith('o-') && step.expect === 'admitted') officer = step.by;
    }
    if (step.status && number && officer) {
      await statusIs(officer, number, step.status);
      await look(officer, `/case/${number}`, 'the case');
    }
  }
  at = name;
  await stop();
  for (const command of ['verify', 'replay']) {
    const done = spawnSync('build/tongban', [command, join(dir, 'node')], { encoding: 'utf8' });
    say(done.status === 0, `${command}: ${done.stdout}${done.stderr}`);
  }
  rmSync(dir, { recursive: true });
}
console.log(`stories: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
