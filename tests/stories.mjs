// stories.mjs LAW STORY... - stories of the pack through the real server, day by day (libfaketime): each form opens in both
// languages, each act is sent as its program or person would, each answer is the gate's, each document comes out; at the end
// the ledger is verified and every view replayed. Last line "stories: N passed, M failed".
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
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
async function serveOn(dir, day) {
  await stop();
  jars.clear();
  const env = { ...process.env, LD_PRELOAD: lib, FAKETIME: `@${day} 01:00:00`, TZ: 'UTC', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  server = spawn('build/tongban', ['demo', '--dir', dir, '--port', '0'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
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
async function act(step, number) {
  const kind = kinds.get(step.act);
  const opens = kind.case === 'open';
  const path = opens ? `/apply/${step.item}?act=${step.act}` : kind.case === 'none' ? `/acts/${step.act}` : `/case/${number}/act/${step.act}`;
  const body = Object.fromEntries(Object.entries(step.fields ?? {}).map(([k, v]) => [k, withBytes(v)]));
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
    return opens && answer.json.case ? answer.json.case : number;
  }
  const code = String(answer.json.type).replace('urn:tongban:problem:', '');
  const unseen = [401, 403, 404].includes(answer.status);
  say(unseen || (answer.status === 409 && code === step.expect.refused), `refused by ${step.expect.refused}: ${answer.status} ${answer.text.slice(0, 300)}`);
  return number;
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
  let officer = '';
  for (const [i, step] of story.steps.entries()) {
    at = `${name} step ${i + 1} (${step.day} ${step.by} ${step.act || ''})`;
    if (step.day !== day) await serveOn(join(dir, 'node'), step.day);
    day = step.day;
    if (step.by !== 'clock') {
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
