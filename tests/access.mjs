// access.mjs ADDRESS LAW - every route as every kind of person in every relation to a case, held to the law's table of access
// (law/cn/access); then what a table cannot show: classes of fact, and the notes of use. Last line "access: N passed, M failed".
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';

const [address, law] = process.argv.slice(2);
let passed = 0;
let failed = 0;
const say = (ok, what) => { if (ok) passed++; else { failed++; console.log(`not so: ${what}`); } };

const table = new Map();
for (const f of readdirSync(`${law}/cn/access`)) {
  const a = JSON.parse(readFileSync(`${law}/cn/access/${f}`, 'utf8'));
  for (const r of a.routes) table.set(r, a.rows);
}
const people = JSON.parse(readFileSync(`${law}/sample/people.json`, 'utf8'));
const rolesOf = (id) => id === '' ? [] : id.startsWith('p-') ? ['party'] : id.startsWith('a-') ? [people.admins.find((a) => a.id === id).role] : people.officers.find((o) => o.id === id).roles;
const officeOf = (id) => (people.officers.find((o) => o.id === id) || {}).office;

// ---- a browser of each ----
const jars = new Map();
async function ask(id, method, path, body) {
  const headers = { Accept: 'application/json', Cookie: jars.get(id) || '' };
  if (method === 'POST') Object.assign(headers, { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin' });
  const answer = await fetch(address + path, { method, headers, body: method === 'POST' ? JSON.stringify(body || {}) : undefined, redirect: 'manual' });
  const text = await answer.text();
  let json = {};
  try { json = JSON.parse(text); } catch { /* a page or a file */ }
  return { status: answer.status, json, text, location: answer.headers.get('location') || '', cookies: answer.headers.getSetCookie() };
}
async function signIn(id) {
  const form = new URLSearchParams({ who: id });
  const given = await fetch(`${address}/login/demo`, { method: 'POST', body: form, redirect: 'manual' });
  const once = await fetch(address + given.headers.get('location'), { redirect: 'manual' });
  jars.set(id, once.headers.getSetCookie().map((c) => c.split(';')[0]).join('; '));
}
const officers = people.officers.filter((o) => o.office === 'bh-market').map((o) => o.id);
const kinds = ['', 'p-lin', 'p-zhou', 'p-ming', ...officers, 'o-linshan', 'o-law', 'o-gov-supervisor', 'a-system', 'a-security', 'a-audit'];
for (const id of [...kinds, 'o-traffic', 'o-gov-clerk', 'o-review']) if (id && !jars.has(id)) await signIn(id);

// ---- two cases: one's own, and one of the company one heads ----
const bytes = Buffer.from('%PDF-1.7 sample');
const file = { name: 'plan.pdf', type: 'application/pdf', base64: bytes.toString('base64') };
const digest = createHash('sha256').update(bytes).digest('hex');
const firm = await ask('p-lin', 'POST', '/apply/food-new', { _for: 'org-lin', 'business.name': '滨河县知夏小馆', 'premises.address': '滨河县柳叶街 18 号', 'premises.area': 80, 'premises.pollution_distance_ok': true, 'food.kind': 'catering', 'food.raw': false, 'food.manager': '周远', 'food.health_ok': true, 'food.withdrawn_five_years': false, 'person.phone': '13800006620', 'service.delivery': 'electronic', 'service.truth': true, 'premises.plan': file, 'food.rules': file });
say(firm.status === 201, `a case of the firm: ${firm.status} ${firm.text}`);
await ask('p-lin', 'POST', '/me/authority', { for: 'org-lin', agent: 'p-ming', kind: 'agent', until: '2099-12-31', items: ['food-new'] });
const relation = (id) => id === 'p-lin' || id === 'p-ming' ? 'speaks' : officeOf(id) === 'bh-market' ? 'office' : officeOf(id) === 'bh-gov' ? 'above' : '';
const args = { '/case/': firm.json.case, '/receipt/': firm.json.seq, '/document/': firm.json.seq };

const may = (rows, id, rel) => {
  const roles = ['*', ...rolesOf(id)];
  return rows.some((r) => roles.includes(r.role) && (rel === undefined || r.relation === 'any' || r.relation === rel));
};
// No door: refused by who comes. A sign-in that fails says 401 in its own words.
const isShut = (a, cased) => Boolean((a.status === 403) || (a.status === 401 && a.json.detail === '请先登录。') || (cased && a.status === 404));

for (const [route, rows] of table) {
  const [method, pattern] = route.split(' ');
  if (route === 'POST /logout') continue;
  const start = Object.keys(args).find((s) => pattern.startsWith(s));
  const path = start ? pattern.replace(/\{(id|seq)\}/, args[start]).replace('{kind}', 'withdraw').replace('{sha256}', digest)
    : pattern.replace('{*}', '0/000').replace('{item}', 'food-new').replace('{seq}', '1').replace('{kind}', 'register-party').replace('/login/source/{id}', '/login/source/sample-card').replace(/\{\w+\}/, 'food-new');
  for (const id of kinds) {
    const a = await ask(id, method, path);
    // The act outside cases of this address is a clerk's; that another role finds none of the name is the gate's row, not this one.
    const want = may(rows, id, start ? relation(id) : undefined);
    if (pattern.startsWith('/acts/{kind}') && want && a.status === 404) { passed++; continue; }
    if (method === 'POST' && start && want && a.status === 409) { passed++; continue; } // the law refuses the act, not the reader
    say(isShut(a, start) === !want, `${method} ${path} as ${id || 'nobody'} (${rolesOf(id)}; ${start ? relation(id) || 'no relation' : ''}): ${a.status}, want ${want ? 'open' : 'shut'} ${a.text.slice(0, 120)}`);
  }
}

// ---- classes of fact ----
const factsOf = async (id) => ((await ask(id, 'GET', `/case/${firm.json.case}`)).json.facts || []).map((f) => f.title);
const full = await factsOf('o-clerk');
say(full.length > 5, 'a clerk sees the facts');
for (const id of officers) {
  const got = await factsOf(id);
  const rows = table.get('GET /case/{id}').filter((r) => rolesOf(id).includes(r.role) && r.relation === 'office');
  const sensitive = rows.some((r) => r.classes.includes('sensitive'));
  say(sensitive ? got.length === full.length : got.length <= full.length, `${id} sees ${got.length} of ${full.length}`);
}

// ---- notes of use ----
const before = (await ask('p-lin', 'GET', '/me/uses')).json.rows || [];
say(before.some((r) => r.reader === '沈砚' && r.case_id === firm.json.case), 'the reviewer who looked is noted');
say(!before.some((r) => r.reader === '魏远'), 'who saw nothing is not noted');
say(before.every((r) => r.what && r.purpose), 'each note says what for');
await ask('o-decider', 'GET', `/case/${firm.json.case}`);
const times = (rows) => rows.filter((r) => r.reader === '陆青' && r.what === '办件').reduce((n, r) => n + r.times, 0);
say(times((await ask('p-lin', 'GET', '/me/uses')).json.rows) === times(before) + 1, 'each reading counts');
say(((await ask('p-zhou', 'GET', '/me/uses')).json.rows || []).every((r) => r.case_id !== firm.json.case), 'a stranger does not see them');

// ---- who is told of what ----
const sees = async (id, at) => (await ask(id, 'GET', at)).status === 200;
const listed = async (id, at, number) => (await ask(id, 'GET', at)).text.includes(number);
const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
const penalty = await ask('o-enforcer', 'POST', '/apply/cf-food', { _for: 'p-zhou', 'penalty.source': 'inspection', 'penalty.suspicion': '未取得许可经营', 'penalty.act_end': today, 'penalty.grave': false, 'penalty.subject': 'person', 'penalty.device': false });
say(penalty.status === 201, `an enforcer opens a case: ${penalty.status} ${penalty.text}`);
const nobody = await ask('o-enforcer', 'POST', '/apply/cf-food', { _for: 'p-nobody', 'penalty.source': 'inspection', 'penalty.suspicion': '未取得许可经营', 'penalty.act_end': today, 'penalty.grave': false, 'penalty.subject': 'person', 'penalty.device': false });
say(nobody.status === 409 && nobody.json.check === 'identity', `a case about nobody registered is refused: ${nobody.status} ${nobody.text}`);
const secret = `/case/${penalty.json.case}`;
say(await sees('o-enforcer', secret), 'the office sees what it opened');
say(!(await sees('p-zhou', secret)) && !(await listed('p-zhou', '/cases', penalty.json.case)), 'an investigation is not told to whom it is about');
say(!(await sees('p-zhou', `/receipt/${penalty.json.seq}`)) && !(await sees('p-zhou', `${secret}/act/defend`)), 'neither by its receipt nor by a form');
say(await sees('o-gov-supervisor', secret) && !(await sees('o-traffic', secret)), 'the office above sees it, another does not');
say(await listed('o-gov-supervisor', '/supervise', penalty.json.case), 'and finds it among the limits below');
const proposed = await ask('o-enforcer', 'POST', `${secret}/act/investigate`, {});
say(proposed.status === 409 || proposed.status === 422, 'two officers investigate, not one');

const wish = await ask('p-lin', 'POST', '/apply/xxgk', { _for: 'p-lin', 'info.wanted': '道路维修预算', 'info.form': 'electronic', 'info.way': 'online' });
say(wish.status === 201, `a request for information: ${wish.status} ${wish.text}`);
const info = `/case/${wish.json.case}`;
say(!(await sees('p-zhou', info)), 'a third party nobody named sees nothing');
const asked = await ask('o-gov-clerk', 'POST', `${info}/act/ask-third-party`, { 'info.third': 'p-zhou', 'info.third_why': '含有其报价' });
say(asked.status === 201, `the third party is asked: ${asked.status} ${asked.text}`);
const third = await ask('p-zhou', 'GET', info);
say(third.status === 200 && third.json.open.some((o) => o.kind === 'third-party-opinion'), 'the third party sees the case and may answer');
say(!third.text.includes('林知夏') && third.text.includes('道路维修预算'), 'and what it is about, not who asks');
say(await listed('p-zhou', '/cases', wish.json.case), 'and finds it among the cases');
const answered = await ask('p-zhou', 'POST', `${info}/act/third-party-opinion`, { 'info.third_consents': true, 'info.third_reasons': '同意公开' });
say(answered.status === 201, `and answers: ${answered.status} ${answered.text}`);
const own = await ask('p-lin', 'GET', info);
say(own.status === 200 && !own.text.includes('同意公开'), 'what the third party wrote to the office is not told to who asks');

const plea = await ask('p-lin', 'POST', '/apply/fy', { _for: 'org-lin', 'review.respondent': 'bh-market', 'review.act': '处罚决定', 'review.act_day': today, 'review.known_day': today, 'review.told': true, 'review.class': 'penalty', 'review.amount_fen': 7000000, 'review.request': 'revoke', 'review.reasons': '处罚过重', 'review.sued': false });
say(plea.status === 201, `a review is asked for: ${plea.status} ${plea.text}`);
say(!(await sees('o-clerk', `/case/${plea.json.case}`)), 'the respondent sees it only once it has been sent the copy');
const taken = await ask('o-review', 'POST', `/case/${plea.json.case}/act/accept-review`, { 'review.interest': true, 'review.in_scope': true, 'review.ours': true, 'review.first': true, 'review.simple': false, 'review.accepted_day': today });
say(taken.status === 201, `accepted: ${taken.status} ${taken.text}`);
const sent = await ask('o-review', 'POST', `/case/${plea.json.case}/act/send-copy`, { 'review.sent_day': today });
say(sent.status === 201, `the copy is sent: ${sent.status} ${sent.text}`);
const respondent = await ask('o-legal', 'GET', `/case/${plea.json.case}`);
say(respondent.status === 200 && respondent.json.open.some((o) => o.kind === 'answer-review') && respondent.text.includes('处罚过重'), 'then it reads the plea and may answer');
say(await listed('o-legal', '/desk', plea.json.case), 'and finds it on its desk');

// ---- authority is withdrawn: at once nothing is seen ----
say((await ask('p-ming', 'GET', `/case/${firm.json.case}`)).status === 200, 'an agent sees the case');
await ask('p-lin', 'POST', '/me/authority/end', { for: 'org-lin', agent: 'p-ming', kind: 'agent' });
say((await ask('p-ming', 'GET', `/case/${firm.json.case}`)).status === 404, 'and no more once authority is withdrawn');
console.log(`access: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
