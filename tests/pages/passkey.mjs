// passkey.mjs ADDRESS - passkeys in Chromium with a virtual authenticator: register, sign in, sign in again, and what must
// not work. Last line "passkey: N passed, M failed".
import { chromium } from 'playwright-core';

const address = process.argv[2].replace('127.0.0.1', 'localhost');
let passed = 0;
let failed = 0;
const say = (ok, what) => { if (ok) passed++; else { failed++; console.log(`not so: ${what}`); } };

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const context = await browser.newContext();
const page = await context.newPage();
const wire = await context.newCDPSession(page);
await wire.send('WebAuthn.enable');
const { authenticatorId } = await wire.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });

// ---- registering ----
await context.request.post(`${address}/login/demo`, { form: { who: 'p-lin' } });
await page.goto(`${address}/me/security`);
await page.fill('#passkey-title', '书房的电脑');
await Promise.all([page.waitForEvent('load'), page.click('[data-passkey="register"]')]);
say((await page.textContent('body')).includes('书房的电脑'), 'the passkey is listed by its name');
const { credentials } = await wire.send('WebAuthn.getCredentials', { authenticatorId });
say(credentials.length === 1 && credentials[0].rpId === 'localhost', 'one credential, for this site');
await page.click('[data-passkey="register"]');
// (the page's policy forbids what waitForFunction does when it has to wait)
for (let i = 0; i < 100 && !(await page.textContent('#passkey-said')).trim(); i++) await page.waitForTimeout(100);
say((await wire.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length === 1, 'the same authenticator is not registered twice');

// ---- signing in ----
async function signIn(to = '/login') {
  await context.clearCookies({ name: 'tb_session' });
  await page.goto(`${address}${to}`);
  await Promise.all([page.waitForURL((u) => !u.pathname.endsWith('/login')), page.click('[data-passkey="sign-in"]')]);
}
await signIn();
say(new URL(page.url()).pathname === '/cases', `signed in: ${page.url()}`);
say((await context.cookies()).some((c) => c.name === 'tb_session' && c.httpOnly), 'by a cookie scripts cannot read');
const first = (await context.cookies()).find((c) => c.name === 'tb_session').value;
await signIn('/en/login?next=%2Fme%2Fsecurity');
say(new URL(page.url()).pathname === '/en/me/security', `goes on where it was asked to: ${page.url()}`);
say((await context.cookies()).find((c) => c.name === 'tb_session').value !== first, 'under another cookie');
say((await wire.send('WebAuthn.getCredentials', { authenticatorId })).credentials[0].signCount >= 3, 'the counter rose');

// ---- what must not work: the browser's own words, altered or again ----
await context.clearCookies({ name: 'tb_session' });
await page.goto(`${address}/login`);
const outcome = await page.evaluate(async () => {
  const bytes = (t) => Uint8Array.from(atob(t.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const post = async (path, body) => {
    const r = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body) });
    return { status: r.status, body: await r.json() };
  };
  const make = async (challenge) => {
    const c = await navigator.credentials.get({ publicKey: { challenge: bytes(challenge), rpId: 'localhost', userVerification: 'required' } });
    return { id: text(c.rawId), client_data: text(c.response.clientDataJSON), authenticator_data: text(c.response.authenticatorData), signature: text(c.response.signature), user_handle: text(c.response.userHandle), next: '/' };
  };
  const out = {};
  const o = (await post('/login/passkey/options', {})).body;
  const good = await make(o.challenge);
  const flip = (t) => (t[4] === 'A' ? t.slice(0, 4) + 'B' : t.slice(0, 4) + 'A') + t.slice(5);
  out.signature = (await post('/login/passkey', { ...good, signature: flip(good.signature) })).status;
  out.data = (await post('/login/passkey', { ...good, authenticator_data: flip(good.authenticator_data) })).status;
  out.client = (await post('/login/passkey', { ...good, client_data: flip(good.client_data) })).status;
  out.handle = (await post('/login/passkey', { ...good, user_handle: flip(good.user_handle) })).status;
  out.id = (await post('/login/passkey', { ...good, id: flip(good.id) })).status;
  out.own = (await post('/login/passkey', await make(btoa('a challenge of the attacker, long enough').replace(/=+$/, '')))).status;
  out.good = (await post('/login/passkey', good)).status;
  out.again = (await post('/login/passkey', good)).status;
  out.empty = (await post('/login/passkey', {})).status;
  return out;
});
say(outcome.signature === 401, `an altered signature: ${outcome.signature}`);
say(outcome.data === 401, `altered data: ${outcome.data}`);
say(outcome.client === 401, `altered client data: ${outcome.client}`);
say(outcome.handle === 401, `another's handle: ${outcome.handle}`);
say(outcome.id === 401, `an unknown credential: ${outcome.id}`);
say(outcome.own === 401, `a challenge of one's own: ${outcome.own}`);
say(outcome.good === 401 || outcome.good === 200, `after later use the counter may have passed it: ${outcome.good}`);
say(outcome.again === 401, `the same answer again: ${outcome.again}`);
say(outcome.empty === 401, `nothing: ${outcome.empty}`);

// ---- an authenticator that does not verify its user ----
await wire.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
await context.clearCookies({ name: 'tb_session' });
await page.goto(`${address}/login`);
await page.click('[data-passkey="sign-in"]');
for (let i = 0; i < 100 && !(await page.textContent('#passkey-said')).trim(); i++) await page.waitForTimeout(100);
say(!(await context.cookies()).some((c) => c.name === 'tb_session'), 'no user verification, no sign-in');
await wire.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });

// ---- removed: it proves nothing any more ----
await signIn('/login?next=%2Fme%2Fsecurity');
await page.fill('#password', 'a long enough phrase of words');
await page.fill('#again', 'a long enough phrase of words');
await Promise.all([page.waitForEvent('load'), page.click('form[action="/me/password"] button')]);
await Promise.all([page.waitForEvent('load'), page.click('li:has-text("书房的电脑") button')]);
say(!(await page.textContent('body')).includes('书房的电脑'), 'the passkey is removed');
await context.clearCookies({ name: 'tb_session' });
await page.goto(`${address}/login`);
await page.click('[data-passkey="sign-in"]');
// (the page's policy forbids what waitForFunction does when it has to wait)
for (let i = 0; i < 100 && !(await page.textContent('#passkey-said')).trim(); i++) await page.waitForTimeout(100);
say(!(await context.cookies()).some((c) => c.name === 'tb_session'), 'a removed passkey signs nobody in');

// ---- the second step after a password: a security key that does not know its user, then a passkey that does ----
const password = 'a long enough phrase of words';
async function until(what) { for (let i = 0; i < 100; i++) { if (await what()) return true; await page.waitForTimeout(100); } return false; }
async function typed(next) {
  await context.clearCookies({ name: 'tb_session' });
  await page.goto(`${address}/login?next=${encodeURIComponent(next)}`);
  await page.fill('#name', 'p-lin');
  await page.fill('#password', password);
  await Promise.all([page.waitForEvent('load'), page.click('form[action="/login"] button')]);
}
await typed('/me/security');
say(new URL(page.url()).pathname === '/me/security', 'a password alone signs in while it is the only means');
const plain = (await wire.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'u2f', transport: 'usb', hasResidentKey: false, hasUserVerification: false, automaticPresenceSimulation: true } })).authenticatorId;
await wire.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
await page.fill('#passkey-title', '钥匙串上的');
await Promise.all([page.waitForEvent('load'), page.click('[data-kind="security-key"]')]);
say((await page.textContent('body')).includes('钥匙串上的'), 'a security key is registered');
await typed('/cases');
say(await page.isVisible('[data-passkey="second"]'), 'then the password asks for it');
say(!(await context.cookies()).some((c) => c.name === 'tb_session'), 'and signs nobody in before');
say((await page.locator('#code').count()) === 0, 'codes are asked for only where they are registered');
await Promise.all([page.waitForURL((u) => u.pathname === '/cases'), page.click('[data-passkey="second"]')]);
say((await context.cookies()).some((c) => c.name === 'tb_session'), 'password and key sign in');
// what must not work
const odd = await (async () => {
  await typed('/cases');
  return page.evaluate(async () => {
    const bytes = (t) => Uint8Array.from(atob(t.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
    const post = async (path, body) => {
      const r = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body) });
      return { status: r.status, body: await r.json() };
    };
    const stage = document.querySelector('[data-passkey="second"]').dataset.stage;
    const make = async (o) => {
      const c = await navigator.credentials.get({ publicKey: { challenge: bytes(o.challenge), rpId: 'localhost', userVerification: 'discouraged', allowCredentials: known.map((id) => ({ type: 'public-key', id: bytes(id) })) } });
      return { stage, id: text(c.rawId), client_data: text(c.response.clientDataJSON), authenticator_data: text(c.response.authenticatorData), signature: text(c.response.signature), user_handle: '', next: '/' };
    };
    const out = {};
    const o = (await post('/login/second/options', { stage })).body;
    const known = o.known;
    out.known = known.length;
    out.no_stage = (await post('/login/second/options', { stage: 'x' + stage })).status;
    const alone = (await post('/login/passkey/options', {})).body;
    out.alone = (await post('/login/passkey', await make(alone))).status;      // a security key by itself
    out.crossed = (await post('/login/second', await make(alone))).status;     // a challenge of the other purpose
    const good = await make(o);
    out.unstaged = (await post('/login/second', { ...good, stage: '' })).status;
    const first = await post('/login/second', good);
    out.good = first.status;
    out.acr = first.body.acr;
    out.amr = first.body.amr;
    out.again = (await post('/login/second', good)).status;
    out.bound = 0;
    for (let i = 0; i < 8; i++) out.bound = (await post('/login/second', { ...good, signature: 'AAAA' })).status;
    return out;
  });
})();
say(odd.known === 1, `the keys of who knew the password: ${odd.known}`);
say(odd.no_stage === 401, `without the password no keys are told: ${odd.no_stage}`);
say(odd.alone === 401, `a security key is no sign-in by itself: ${odd.alone}`);
say(odd.crossed === 401, `a challenge for another purpose: ${odd.crossed}`);
say(odd.unstaged === 401, `the key without the password: ${odd.unstaged}`);
say(odd.good === 200 && odd.again === 401, `once and not twice: ${odd.good} ${odd.again}`);
say(odd.acr === 'urn:tongban:acr:2' && odd.amr === 'pwd hwk mfa', `two factors, no more: ${odd.acr} ${odd.amr}`);
say(odd.bound === 429, `tries are bounded: ${odd.bound}`);
// ---- a second officer signs at the first's browser ----
const fresh = async () => {
  const c = await browser.newContext();
  const page = await c.newPage();
  const wire = await c.newCDPSession(page);
  await wire.send('WebAuthn.enable');
  const { authenticatorId } = await wire.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
  return { c, page, wire, authenticatorId };
};
const desk = await fresh();
const be = async (who) => { await desk.c.clearCookies(); await desk.c.request.post(`${address}/login/demo`, { form: { who } }); };
const key = async (who) => {
  await be(who);
  await desk.page.goto(`${address}/me/security`);
  await desk.page.fill('#passkey-title', '随身的');
  await Promise.all([desk.page.waitForEvent('load'), desk.page.click('[data-kind="passkey"]')]);
  const { credentials } = await desk.wire.send('WebAuthn.getCredentials', { authenticatorId: desk.authenticatorId });
  for (const c of credentials) await desk.wire.send('WebAuthn.removeCredential', { authenticatorId: desk.authenticatorId, credentialId: c.credentialId });
  return credentials[0];
};
const hold = async (credential) => {
  const { credentials } = await desk.wire.send('WebAuthn.getCredentials', { authenticatorId: desk.authenticatorId });
  for (const c of credentials) await desk.wire.send('WebAuthn.removeCredential', { authenticatorId: desk.authenticatorId, credentialId: c.credentialId });
  await desk.wire.send('WebAuthn.addCredential', { authenticatorId: desk.authenticatorId, credential: { ...credential, signCount: (credential.signCount += 10) } });
};
const post = (path, body) => desk.page.evaluate(async ([path, body]) => {
  const r = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body) });
  return { status: r.status, body: await r.json() };
}, [path, body]);
const second = await key('o-enforcer2');
const stranger = await key('o-legal');
await be('o-enforcer');
await desk.page.goto(`${address}/desk`);
const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
const opened = await post('/apply/cf-food', { _for: 'p-zhou', 'penalty.source': 'inspection', 'penalty.suspicion': '未取得许可经营', 'penalty.act_end': today, 'penalty.grave': false, 'penalty.subject': 'person', 'penalty.device': false });
const send = async (record) => (await post(`/case/${opened.body.case}/act/investigate`, { 'penalty.cards_shown': true, 'penalty.rights_told': true, 'penalty.record': record, _with: 'o-enforcer2' })).body;
const draft = await send('第一稿');
const other = await send('另一份');
await desk.page.goto(address + draft.url);
const prove = (url, digest) => desk.page.evaluate(async ([url, digest]) => {
  const bytes = (t) => Uint8Array.from(atob(t.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const r = await fetch(`${url}/here/options`, { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify({ digest }) });
  const o = await r.json();
  if (!r.ok) return { status: r.status, type: o.type };
  const c = await navigator.credentials.get({ publicKey: { challenge: bytes(o.challenge), rpId: o.rp_id, userVerification: 'required' } });
  return { status: 200, digest, id: text(c.rawId), client_data: text(c.response.clientDataJSON), authenticator_data: text(c.response.authenticatorData), signature: text(c.response.signature), user_handle: text(c.response.userHandle) };
}, [url, digest]);
await hold(stranger);
let tried = await post(`${draft.url}/here`, await prove(draft.url, draft.digest));
say(tried.status === 403 && tried.body.type.endsWith('sign.other'), `a passkey of somebody else signs nothing: ${JSON.stringify(tried)}`);
await hold(second);
say((await prove(draft.url, other.digest)).status === 409, 'nor is another text than the one shown asked for');
const forOther = await prove(other.url, other.digest);
tried = await post(`${draft.url}/here`, { ...forOther, digest: draft.digest });
say(tried.status === 403 && tried.body.type.endsWith('login.passkey'), `a yes to one text is none to another: ${JSON.stringify(tried)}`);
tried = await post(`${draft.url}/here`, { digest: draft.digest });
say(tried.status === 403, `nothing signs nothing: ${tried.status}`);
await be('o-enforcer2');
say((await prove(draft.url, draft.digest)).status === 403, 'only who sent it can have it signed there');
await be('o-enforcer');
await desk.page.goto(address + draft.url);
await Promise.all([desk.page.waitForEvent('load'), desk.page.click('[data-passkey="yes"]')]);
const signed = await (await desk.c.request.get(address + draft.url, { headers: { Accept: 'application/json' } })).json();
say(signed.done === true && signed.seq > 0, `the second's passkey signs it there: ${JSON.stringify(signed).slice(0, 200)}`);
const act = await (await desk.c.request.get(`${address}/ledger/${signed.seq}`, { headers: { Accept: 'application/json' } })).text();
say(act.includes('investigate'), 'and it stands in the ledger');
say((await (await desk.c.request.get(`${address}/desk`)).text()).includes('秦牧'), 'the first is signed in as before');
const yes = await prove(other.url, other.digest);
tried = await post(`${other.url}/here`, yes);
say(tried.status !== 403, `a good yes is heard: ${JSON.stringify(tried).slice(0, 200)}`);
tried = await post(`${other.url}/here`, yes);
say(tried.status === 403 || tried.status === 409, `and no second time: ${tried.status}`);
await desk.c.close();

await browser.close();
console.log(`passkey: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
