// sign.mjs ADDRESS - what two officers sign together, through the real server as programs and as forms without script.
// Last line "sign: N passed, M failed".
const [address] = process.argv.slice(2);
let passed = 0;
let failed = 0;
const say = (ok, what) => { if (ok) passed++; else { failed++; console.log(`not so: ${what}`); } };

const jars = new Map();
async function jarOf(id) {
  if (!jars.has(id)) {
    const given = await fetch(`${address}/login/demo`, { method: 'POST', body: new URLSearchParams({ who: id }), redirect: 'manual' });
    const once = await fetch(address + given.headers.get('location'), { redirect: 'manual' });
    jars.set(id, once.headers.getSetCookie().map((c) => c.split(';')[0]).join('; '));
  }
  return jars.get(id);
}
async function ask(id, path, body, more = {}) {
  const headers = { Accept: 'application/json', Cookie: await jarOf(id), ...more };
  if (body) Object.assign(headers, { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin' });
  const answer = await fetch(address + path, { method: body ? 'POST' : 'GET', headers, body: body ? JSON.stringify(body) : undefined, redirect: 'manual' });
  const text = await answer.text();
  let json = {};
  try { json = JSON.parse(text); } catch { /* a page or a file */ }
  return { status: answer.status, json, text, code: String(json.type ?? '').replace('urn:tongban:problem:', ''), location: answer.headers.get('location') ?? '', headers: answer.headers };
}
const is = (answer, status, what, code = '') => say(answer.status === status && (!code || answer.code === code), `${what}: ${answer.status} ${answer.text.slice(0, 300)}`);

const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
const opening = (party) => ({ _for: party, 'penalty.source': 'inspection', 'penalty.suspicion': '未取得许可经营', 'penalty.act_end': today, 'penalty.grave': false, 'penalty.subject': 'person', 'penalty.device': false });
const record = (text) => ({ 'penalty.cards_shown': true, 'penalty.rights_told': true, 'penalty.record': text });
const open = async (party) => `/case/${(await ask('o-enforcer', '/apply/cf-food', opening(party))).json.case}`;

// ---- whom it may be sent to ----
const zhou = await open('p-zhou');
const investigate = `${zhou}/act/investigate`;
is(await ask('o-enforcer', investigate, record('一人')), 409, 'one officer alone', 'apart.officers');
is(await ask('o-enforcer', investigate, { ...record('一人'), _with: 'o-enforcer' }), 409, 'with oneself', 'apart.officers');
is(await ask('o-enforcer', investigate, { ...record('一人'), _with: 'o-legal' }), 409, 'with another role', 'apart.officers');
is(await ask('o-enforcer', investigate, { ...record('一人'), _with: 'o-traffic' }), 409, 'with another office', 'apart.officers');
is(await ask('o-enforcer', investigate, { ...record('一人'), _with: 'nobody' }), 409, 'with nobody', 'apart.officers');
is(await ask('o-enforcer', investigate, { ...record('一人'), _with: 'o-enforcer2', _with_code: 'ABCDEFGH' }), 202, 'a code counts for nothing: it waits all the same');
const kin = await open('p-shen');
is(await ask('o-enforcer', `${kin}/act/investigate`, { ...record('亲属'), _with: 'o-enforcer2' }), 409, 'with kin of the party', 'apart.second');

// ---- sent, with a file ----
const bytes = Buffer.from('%PDF-1.7 现场笔录');
const file = { name: '笔录.pdf', type: 'application/pdf', base64: bytes.toString('base64') };
const sent = await ask('o-enforcer', investigate, { ...record('现场制售盖饭，未能出示许可证。'), 'penalty.record_file': file, _with: 'o-enforcer2' });
is(sent, 202, 'it waits');
say(sent.location === sent.json.url && /^\/sign\/[0-9a-f]{32}$/.test(sent.json.url) && sent.json.with === 'o-enforcer2', `and says where: ${sent.text}`);
const at = sent.json.url;
say((await ask('o-enforcer', zhou)).json.acts.length === 1, 'nothing of it is in the ledger');
const listed = (await ask('o-enforcer2', '/sign')).json;
say(listed.count === 2 && listed.mine.some((r) => at.endsWith(r.id)), 'the second finds it on the list');
say((await ask('o-enforcer2', '/desk')).json.sign_count === 2, 'and on the desk, counted');
say((await ask('o-enforcer2', zhou)).json.signs.some((r) => at.endsWith(r.id)), 'and at the case');
const waiting = (await ask('o-enforcer', at)).json;
say(waiting.address === address.replace(/\/$/, '') + at && waiting.qr_path.startsWith('M4 4h7v1h-7z'), `who sent it shows its address as a code: ${waiting.address}`);
const seen = (await ask('o-enforcer2', at)).json;
say(seen.can_sign && seen.code === 'waits' && seen.digest === sent.json.digest && seen.articles.length > 0, 'reads it, with what law asks');
const fact = (id) => seen.facts.find((f) => f.id === id) ?? {};
say(fact('penalty.record').value === '现场制售盖饭，未能出示许可证。' && seen.facts.length === 4, `every field of it: ${JSON.stringify(seen.facts)}`);
const got = await fetch(address + fact('penalty.record_file').url, { headers: { Cookie: await jarOf('o-enforcer2') } });
say(got.status === 200 && Buffer.from(await got.arrayBuffer()).equals(bytes), `and its file: ${got.status}`);
const first = (await ask('o-enforcer', at)).json;
say(!first.can_sign && first.sender_waits && first.can_withdraw, 'the first sees that it waits');

// ---- who may not ----
for (const id of ['o-legal', 'o-decider', 'o-traffic']) is(await ask(id, at), 404, `${id} finds nothing there`);
is(await ask('p-zhou', at), 403, 'nor does the party');
is(await ask('o-legal', fact('penalty.record_file').url), 404, 'nor the file');
is(await ask('o-legal', at, { digest: sent.json.digest }), 404, 'another cannot sign it');
is(await ask('o-enforcer', at, { digest: sent.json.digest }), 403, 'nor can the first, twice', 'sign.own');
is(await ask('o-enforcer2', at, { digest: '0'.repeat(64) }), 409, 'another text is not signed', 'sign.changed');
is(await ask('o-enforcer2', at, {}), 409, 'nor none', 'sign.changed');
is(await ask('o-enforcer2', `${at}/withdraw`, {}), 403, 'the second does not withdraw it');
is(await ask('o-enforcer', `${at}/decline`, { reason: '不' }), 403, 'the first does not decline it');
is(await ask('o-enforcer2', '/sign/00000000000000000000000000000000', { digest: '' }), 404, 'what was never sent is not there');

// ---- signed, once ----
const signed = await ask('o-enforcer2', at, { digest: sent.json.digest });
is(signed, 201, 'the second signs');
is(await ask('o-enforcer2', at, { digest: sent.json.digest }), 409, 'twice is once', 'sign.done');
is(await ask('o-enforcer2', `${at}/decline`, { reason: '后悔' }), 409, 'and for good', 'sign.done');
is(await ask('o-enforcer', `${at}/withdraw`, {}), 409, 'for the first as well', 'sign.done');
const after = (await ask('o-enforcer', at)).json;
say(after.code === 'signed' && after.seq === signed.json.seq && after.facts.length === 0, 'the first sees what became of it');
const entered = (await ask('o-enforcer', zhou)).json;
say(entered.acts.some((a) => a.seq === signed.json.seq && a.who === '秦牧、苏辰'), `both stand in the case: ${JSON.stringify(entered.acts)}`);
const paper = entered.facts.find((f) => f.value === '笔录.pdf') ?? {};
const kept = await fetch(address + paper.url, { headers: { Cookie: await jarOf('o-legal') } });
say(kept.status === 200 && Buffer.from(await kept.arrayBuffer()).equals(bytes), `with the file: ${kept.status}`);

// ---- what the law refuses meanwhile ----
const other = listed.mine.find((r) => !at.endsWith(r.id)).id;
const late = (await ask('o-enforcer2', `/sign/${other}`)).json;
const conclude = { 'penalty.finding': 'punish', 'penalty.findings': '无证经营，货值八千元', 'penalty.goods_fen': 800000, 'penalty.mitigated': false, 'penalty.minor': false, 'penalty.first': false, 'penalty.no_fault': false, 'penalty.heavy': false, 'penalty.complex': true, _with: 'o-enforcer2' };
const proof = await ask('o-enforcer', `${zhou}/act/add-evidence`, { 'penalty.evidence_kind': 'record', 'penalty.evidence': '现场笔录', 'penalty.evidence_lawful': true, 'penalty.evidence_verified': true, _with: 'o-enforcer2' });
is(await ask('o-enforcer2', proof.json.url, { digest: proof.json.digest }), 201, 'evidence of both');
const once = await ask('o-enforcer', `${zhou}/act/conclude-investigation`, conclude);
is(once, 202, 'the findings are sent');
is(await ask('o-enforcer2', once.json.url, { digest: once.json.digest }), 201, 'and signed');
is(await ask('o-enforcer2', `/sign/${other}`, { digest: late.digest }), 409, 'what the case has passed is refused by law', 'procedure.order');
for (const id of ['o-enforcer', 'o-enforcer2']) {
  const told = (await ask(id, `/sign/${other}`)).json;
  say(told.code === 'refused' && told.why_code === 'procedure.order' && told.why_article !== '', `${id} is told why: ${JSON.stringify(told.why)}`);
}
say((await ask('o-enforcer', `/sign/${other}`)).json.facts.some((f) => f.value === '一人'), 'nothing that was typed is lost');

// ---- declined, opened again, changed, withdrawn ----
const lin = await open('p-lin');
const draft = await ask('o-enforcer', `${lin}/act/investigate`, { ...record('笔误'), 'penalty.record_file': file, _with: 'o-enforcer2' });
is(await ask('o-enforcer2', `${draft.json.url}/decline`, { reason: ' ' }), 422, 'to decline without a reason', 'sign.reason');
const no = await ask('o-enforcer2', `${draft.json.url}/decline`, { reason: '地址写错' });
say(no.status === 200 && no.json.code === 'declined' && !no.json.can_sign, `declined: ${no.status} ${no.text.slice(0, 200)}`);
is(await ask('o-enforcer2', draft.json.url, { digest: draft.json.digest }), 409, 'what was declined is not signed', 'sign.done');
const back = (await ask('o-enforcer', draft.json.url)).json;
say(back.why === '地址写错' && back.can_withdraw, 'the first reads the reason');
const form = await (await fetch(address + back.again, { headers: { Cookie: await jarOf('o-enforcer') } })).text();
say(form.includes('笔误') && form.includes('笔录.pdf') && /value="o-enforcer2" selected/.test(form), 'and opens it again, with all of it');
const foreign = await (await fetch(address + back.again, { headers: { Cookie: await jarOf('o-enforcer2') } })).text();
say(!foreign.includes('笔误'), 'which the other does not');
const anew = await ask('o-enforcer', `${lin}/act/investigate`, { ...record('更正'), _with: 'o-enforcer2', _draft: back.id });
is(anew, 202, 'changed, it is sent again');
const changed = (await ask('o-enforcer2', anew.json.url)).json;
say(changed.facts.some((f) => f.value === '笔录.pdf') && changed.facts.some((f) => f.value === '更正') && changed.digest !== draft.json.digest, 'with its file, under another digest');
say((await ask('o-enforcer', draft.json.url)).json.code === 'withdrawn', 'and the one before is gone');
const taken = await ask('o-enforcer', `${anew.json.url}/withdraw`, {});
say(taken.status === 200 && taken.json.code === 'withdrawn' && taken.json.facts.length === 0, `withdrawn: ${taken.text.slice(0, 200)}`);
is(await ask('o-enforcer2', anew.json.url, { digest: anew.json.digest }), 409, 'what was withdrawn is not signed', 'sign.done');

// ---- one key, one draft ----
const key = { 'Idempotency-Key': 'k-1' };
const twice = [];
for (let i = 0; i < 2; i++) twice.push(await ask('o-enforcer', `${lin}/act/investigate`, { ...record('一次'), _with: 'o-enforcer2' }, key));
say(twice.every((a) => a.status === 202) && twice[0].json.url === twice[1].json.url, 'the same once more under its key is the same draft');
is(await ask('o-enforcer', `${lin}/act/investigate`, { ...record('两次'), _with: 'o-enforcer2' }, key), 409, 'another under its key is told', 'form.key');

// ---- a case that two open ----
const seize = await ask('o-traffic', '/apply/cf-speed-spot?act=punish-on-spot', { _for: 'p-zhou', _with: 'o-traffic2' });
say(seize.status === 409 && seize.json.check === 'form', `what is missing is told before it is sent: ${seize.status} ${seize.text.slice(0, 200)}`);

// ---- too many ----
let many = { status: 202 };
for (let i = 0; i < 60 && many.status === 202; i++) many = await ask('o-enforcer', `${lin}/act/investigate`, { ...record(`第 ${i} 份`), _with: 'o-enforcer2' });
is(many, 429, 'no more than some wait of one officer', 'sign.many');

// ---- the first loses the post ----
const held = await ask('o-enforcer2', `${lin}/act/investigate`, { ...record('离任'), _with: 'o-enforcer' });
is(held, 202, 'sent by the other');
is(await ask('a-system', '/acts/dismiss-officer', { 'officer.id': 'o-enforcer2' }), 201, 'who is dismissed then');
is(await ask('o-enforcer', held.json.url, { digest: held.json.digest }), 409, 'nobody signs with one who is not in office', 'identity.unknown');

// ---- as forms, without script ----
const page = async (id, path) => (await fetch(address + path, { headers: { Accept: 'text/html', Cookie: await jarOf(id) } })).text();
const hidden = (html, name) => new RegExp(`name="${name.replace('.', '\\.')}" value="([^"]*)"`).exec(html)?.[1] ?? '';
async function send(id, path, fields) {
  const answer = await fetch(address + path, { method: 'POST', headers: { Accept: 'text/html', Cookie: await jarOf(id) }, body: new URLSearchParams(fields), redirect: 'manual' });
  return { status: answer.status, location: answer.headers.get('location') ?? '', text: await answer.text() };
}
const start = await page('o-traffic', '/apply/cf-speed-spot?act=punish-on-spot&for=p-zhou');
say(/<select id="f-with"[^>]*required/.test(start) && start.includes('value="o-traffic2"') && !start.includes('value="o-traffic"'), 'the form offers the colleagues who may sign');
const ticket = { 'penalty.suspicion': '时速超过规定百分之二十', 'penalty.act_end': today, 'penalty.subject': 'person', 'penalty.facts_sure': 'true', 'penalty.basis': '道路交通安全法第九十条', 'penalty.over_percent': '20', 'penalty.cards_shown': 'true', 'penalty.rights_told': 'true', 'penalty.defence': '没有异议', 'penalty.measure': 'fine', 'penalty.fine': '50.00', 'penalty.ticket': '9901010001', 'penalty.served_day': today };
const review = await send('o-traffic', '/apply/cf-speed-spot?act=punish-on-spot', { ...ticket, _token: hidden(start, '_token'), _key: hidden(start, '_key'), _for: 'p-zhou', _with: 'o-traffic2' });
say(review.status === 200 && hidden(review.text, '_with') === 'o-traffic2' && review.text.includes('送给同事签名'), `all of it is looked at first: ${review.status}`);
const gone = await send('o-traffic', '/apply/cf-speed-spot?act=punish-on-spot', { ...ticket, _token: hidden(start, '_token'), _key: hidden(review.text, '_key'), _for: 'p-zhou', _with: 'o-traffic2', _confirm: '1' });
say(gone.status === 303 && gone.location.startsWith('/sign/'), `and sent: ${gone.status} ${gone.location}`);
const theirs = await page('o-traffic2', gone.location);
say(theirs.includes('签名并记入账本') && theirs.includes('时速超过规定百分之二十') && (await page('o-traffic2', '/desk')).includes(gone.location), 'the colleague opens it from the desk');
say((await page('o-traffic2', `/en${gone.location}`)).includes('Sign, and enter it in the ledger'), 'in English as well');
const forged = await send('o-traffic2', gone.location, { digest: hidden(theirs, 'digest') });
say(forged.status === 403, `a form of another site signs nothing: ${forged.status}`);
const done = await send('o-traffic2', gone.location, { _token: hidden(theirs, '_token'), _key: hidden(theirs, '_key'), digest: hidden(theirs, 'digest') });
say(done.status === 303 && done.location.startsWith('/receipt/'), `signed, the case is open: ${done.status} ${done.location} ${done.text.slice(0, 300)}`);
say((await page('o-traffic', gone.location)).includes('两人已经签名'), 'as the first sees');
console.log(`sign: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
