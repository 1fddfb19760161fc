// Other people's client against the real server, then hostile hands. usage: node tests/oidc/check.mjs [NAME PART]
import http from 'node:http';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes, createSign, createHmac } from 'node:crypto';
import * as client from 'openid-client';
import * as jose from 'jose';
import { Node } from './node.mjs';
import { family } from '../lib/family.mjs';
import { conformance } from './conformance.mjs';
import { hostile } from './hostile.mjs';
import { applications, oldKeyed, others } from './others.mjs';

let passed = 0;
let failed = 0;
const only = process.argv[2];
function want(name, expected, got) {
  if (JSON.stringify(expected) === JSON.stringify(got)) passed++;
  else {
    failed++;
    console.log(`not so: ${name}: want ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
  }
}
const ok = (name, condition, got) => want(name, true, condition ? true : (got ?? false));
const parts = [];
const part = (name, run) => parts.push({ name, run });
const sha256 = (s) => createHash('sha256').update(s).digest();
const b64u = (b) => Buffer.from(b).toString('base64url');

// ---- applications ----

const told = []; // logout tokens received
let deaf = 0; // refuse so many first
const receiver = http.createServer((req, res) => {
  let body = '';
  req.on('data', (d) => (body += d));
  req.on('end', () => {
    if (deaf > 0) {
      deaf--;
      res.writeHead(503).end();
      return;
    }
    told.push({ path: req.url, type: req.headers['content-type'], token: new URLSearchParams(body).get('logout_token') });
    res.writeHead(204).end();
  });
});
await new Promise((r) => receiver.listen(0, '127.0.0.1', r));
const hear = `http://127.0.0.1:${receiver.address().port}`;

const es = await jose.generateKeyPair('ES256', { extractable: true });
const ed = await jose.generateKeyPair('EdDSA', { extractable: true });
const ps = await jose.generateKeyPair('PS256', { extractable: true });
const other = await jose.generateKeyPair('ES256', { extractable: true });
const jwks = async (...keys) => JSON.stringify({ keys: await Promise.all(keys.map(async ([k, kid]) => ({ ...(await jose.exportJWK(k.publicKey)), kid, use: 'sig' }))) });
const secret = b64u(randomBytes(32));
const odd = 'a secret: with +/%& and 中';
const cb = 'https://app.example/cb';
const base = {
  'client.profile': 'basic', 'client.auth': 'client_secret_basic', 'client.secret_sha256': sha256(secret).toString('hex'),
  'client.redirect_uris': [cb, 'https://app.example/cb?keep=1'], 'client.logout_uris': ['https://app.example/out'],
  'client.scopes': ['openid', 'profile', 'phone', 'address', 'offline_access'], 'client.grants': ['authorization_code', 'refresh_token'],
};
const fapi = {
  'client.profile': 'fapi', 'client.auth': 'private_key_jwt', 'client.jwks': await jwks([es, 'k1'], [ed, 'k2'], [ps, 'k3']),
  'client.redirect_uris': ['https://dept.example/cb'], 'client.scopes': ['openid', 'profile', 'phone', 'offline_access'],
  'client.grants': ['authorization_code', 'refresh_token', 'client_credentials'],
};
const named = (id, from, more = {}) => ({ 'client.id': id, 'client.name': '应用 ' + id, 'client.name_en': 'App ' + id, ...from, ...more });
const clients = [
  named('basic-app', base, { 'client.backchannel_uri': hear + '/basic-app' }),
  named('post-app', base, { 'client.auth': 'client_secret_post' }),
  named('odd-app', base, { 'client.secret_sha256': sha256(odd).toString('hex'), 'client.grants': ['client_credentials'], 'client.redirect_uris': undefined }),
  named('eddsa-app', base, { 'client.id_alg': 'EdDSA', 'client.userinfo_alg': 'EdDSA', 'client.sector': 'other.example', 'client.backchannel_uri': hear + '/eddsa-app' }),
  named('sm2-app', base, { 'client.id_alg': 'SM2-SM3' }),
  named('rs256-app', base, { 'client.id_alg': 'RS256', 'client.userinfo_alg': 'RS256', 'client.backchannel_uri': hear + '/rs256-app', 'client.auth': 'private_key_jwt', 'client.secret_sha256': undefined,
    'client.jwks': JSON.stringify({ keys: [{ ...(await jose.exportJWK(ps.publicKey)), kid: 'r1', alg: 'RS256', use: 'sig' }, { ...(await jose.exportJWK(es.publicKey)), kid: 'k1', use: 'sig' }] }) }),
  named('resource-app', base, { 'client.resources': ['https://api.example/v1', 'https://api.example/v2'] }),
  ...applications(named, base),
  await oldKeyed(named, base),
  named('other-app', base, { 'client.redirect_uris': ['https://evil.example/cb'] }),
  named('fapi-app', fapi),
  named('fapi-nonce', fapi, { 'client.dpop_nonce': true }),
  named('fapi-signed', fapi, { 'client.signed_requests': true }),
  named('native-app', { ...base, 'client.profile': 'native', 'client.auth': 'none', 'client.secret_sha256': undefined, 'client.dpop': true,
    'client.redirect_uris': ['http://127.0.0.1/cb', 'http://[::1]/cb', 'app.example.tongban:/cb'] }),
  named('machine', { 'client.profile': 'machine', 'client.auth': 'private_key_jwt', 'client.jwks': await jwks([es, 'k1']), 'client.scopes': ['data.read', 'data.write'],
    'client.grants': ['client_credentials'], 'client.resources': ['https://api.example/v1'] }),
];
const node = await Node.start(clients.map((c) => Object.fromEntries(Object.entries(c).filter(([, v]) => v !== undefined))));
const B = node.issuer;

const configs = {};
async function config(id) {
  if (configs[id]) return configs[id];
  const c = clients.find((x) => x['client.id'] === id);
  const auth = {
    client_secret_basic: client.ClientSecretBasic(id === 'odd-app' ? odd : secret), client_secret_post: client.ClientSecretPost(secret),
    private_key_jwt: client.PrivateKeyJwt({ key: es.privateKey, kid: 'k1' }), none: client.None(),
  }[c['client.auth']];
  const metadata = { id_token_signed_response_alg: c['client.id_alg'] ?? 'ES256', userinfo_signed_response_alg: c['client.userinfo_alg'] };
  configs[id] = await client.discovery(new URL(B), id, metadata, auth, { execute: [client.allowInsecureRequests] });
  return configs[id];
}
const redirect = (id) => clients.find((x) => x['client.id'] === id)['client.redirect_uris'][0];

// One whole sign-in by the library; what each step brought.
async function signIn(id, { browser, name = '林知夏', scope = 'openid profile', tick, more = {}, dpop, par = id.startsWith('fapi'), checks = {} } = {}) {
  const c = await config(id);
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const params = { redirect_uri: redirect(id), scope, state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more };
  const DPoP = dpop && client.getDPoPHandle(c, dpop);
  const url = par ? await client.buildAuthorizationUrlWithPAR(c, params, { DPoP }) : client.buildAuthorizationUrl(c, params);
  browser ??= await node.browser().signIn(name);
  await browser.authorize(url, { name, scopes: tick ?? scope.split(' ') });
  const run = { c, verifier, state, nonce, url, browser, location: browser.location, DPoP, params };
  if (!browser.location?.searchParams.has('code')) return run;
  run.tokens = await client.authorizationCodeGrant(c, browser.location, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true, ...checks }, {}, { DPoP });
  run.claims = run.tokens.claims();
  return run;
}
// By hand: everything can be wrong.
async function post(path, body, headers = {}) {
  const r = await fetch(B + path, { method: 'POST', body: body instanceof URLSearchParams || typeof body === 'string' ? body : new URLSearchParams(body),
    headers: typeof body === 'string' ? { 'content-type': 'application/x-www-form-urlencoded', ...headers } : headers });
  const text = await r.text();
  let json = {};
  try {
    json = JSON.parse(text);
  } catch {}
  return { status: r.status, json, headers: r.headers, error: json.error };
}
const basic = (id, s = secret) => ({ authorization: 'Basic ' + Buffer.from(encodeURIComponent(id) + ':' + encodeURIComponent(s)).toString('base64') });
const now = () => Math.floor(Date.now() / 1000);
async function assertion(id, change = {}, { key = es.privateKey, header = {} } = {}) {
  const claims = { iss: id, sub: id, aud: B, iat: now(), exp: now() + 60, jti: b64u(randomBytes(16)), ...change };
  for (const k of Object.keys(claims)) if (claims[k] === undefined) delete claims[k];
  return new jose.SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header }).sign(key);
}
const asserted = async (id, change, how) => ({ client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: await assertion(id, change, how) });
async function proof(pair, change = {}, header = {}) {
  const claims = { jti: b64u(randomBytes(16)), htm: 'POST', htu: B + '/oidc/token', iat: now(), ...change };
  for (const k of Object.keys(claims)) if (claims[k] === undefined) delete claims[k];
  return new jose.SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await jose.exportJWK(pair.publicKey), ...header }).sign(pair.privateKey);
}
const challengeOf = (v) => b64u(sha256(v));
// A code, with which nothing has been done yet.
async function code(id, { browser, more = {}, scope = 'openid profile offline_access', name = '林知夏' } = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const q = new URLSearchParams({ client_id: id, redirect_uri: redirect(id), response_type: 'code', scope, state: 's', nonce: 'n', code_challenge: challengeOf(verifier), code_challenge_method: 'S256', ...more });
  browser ??= await node.browser().signIn(name);
  await browser.authorize(B + '/oidc/authorize?' + q, { name, scopes: scope.split(' ') });
  return { code: browser.location?.searchParams.get('code'), verifier, browser, redirect_uri: redirect(id) };
}
const exchange = (id, k, change = {}, headers = basic(id)) =>
  post('/oidc/token', Object.fromEntries(Object.entries({ grant_type: 'authorization_code', code: k.code, redirect_uri: k.redirect_uri, code_verifier: k.verifier, ...change }).filter(([, v]) => v !== undefined)), headers);
const ask = async (change = {}, browser) => {
  browser ??= node.browser();
  const q = new URLSearchParams({ client_id: 'basic-app', redirect_uri: cb, response_type: 'code', scope: 'openid', state: 's', nonce: 'n', code_challenge: challengeOf('x'.repeat(43)), code_challenge_method: 'S256' });
  for (const [k, v] of Object.entries(change)) v === undefined ? q.delete(k) : q.set(k, v);
  return browser.fetch(B + '/oidc/authorize?' + q);
};
const sentBack = (b) => (b.location && b.location.origin !== B ? b.location.searchParams.get('error') : `shown ${b.status}`);

// ---- as it should be ----

part('discovery and keys', async () => {
  const d = await (await fetch(B + '/.well-known/openid-configuration')).json();
  const a = await (await fetch(B + '/.well-known/oauth-authorization-server')).json();
  want('both documents say the same', d, a);
  want('issuer', B, d.issuer);
  want('response types', ['code'], d.response_types_supported);
  want('PKCE', ['S256'], d.code_challenge_methods_supported);
  ok('iss in answers', d.authorization_response_iss_parameter_supported);
  const keys = (await (await fetch(d.jwks_uri)).json()).keys;
  want('former, present and next key of three algorithms', 9, keys.length);
  ok('RS256 is among the algorithms of ID tokens (Discovery 1.0, 3)', d.id_token_signing_alg_values_supported.includes('RS256'));
  want('no kid twice', 9, new Set(keys.map((k) => k.kid)).size);
  ok('no secrets', keys.every((k) => !('d' in k) && k.use === 'sig'));
});

part('code with PKCE, user information, EdDSA and form_post', async () => {
  const r = await signIn('basic-app', { scope: 'openid profile phone address' });
  want('iss', B, r.location.searchParams.get('iss'));
  ok('nothing was ticked beforehand', !/checked/.test(r.browser.consentPage));
  want('token type', 'bearer', r.tokens.token_type);
  ok('no refresh token unasked', r.tokens.refresh_token === undefined);
  ok('sid, acr, amr, auth_time', r.claims.sid && r.claims.acr && r.claims.amr?.length && Math.abs(r.claims.auth_time - now()) < 30, r.claims);
  const info = await client.fetchUserInfo(r.c, r.tokens.access_token, r.claims.sub);
  want('user information', ['address', 'name', 'phone_number', 'sub'], Object.keys(info).sort());
  want('name', '林知夏', info.name);
  const posted = await fetch(B + '/oidc/userinfo', { method: 'POST', body: new URLSearchParams({ access_token: r.tokens.access_token }) });
  want('token in a form', '林知夏', (await posted.json()).name);
  const set = jose.createRemoteJWKSet(new URL(B + '/oidc/jwks'));
  const at = await jose.jwtVerify(r.tokens.access_token, set, { typ: 'at+jwt', issuer: B, audience: B });
  want('the access token says whose', ['basic-app', r.claims.sub], [at.payload.client_id, at.payload.sub]);
  const e = await signIn('eddsa-app', { more: { response_mode: 'query' } });
  want('EdDSA', 'EdDSA', jose.decodeProtectedHeader(e.tokens.id_token).alg);
  const signed = await fetch(B + '/oidc/userinfo', { headers: { authorization: 'Bearer ' + e.tokens.access_token } });
  want('signed user information', 'application/jwt', signed.headers.get('content-type'));
  const { payload } = await jose.jwtVerify(await signed.text(), set, { issuer: B, audience: 'eddsa-app' });
  want('its subject', e.claims.sub, payload.sub);
  ok('subjects differ by sector', e.claims.sub !== r.claims.sub);
  const s = await signIn('post-app', {});
  want('and are the same within one', r.claims.sub, s.claims.sub);
  const f = await code('post-app', { more: { response_mode: 'form_post' } });
  ok('form_post: a form to the application', f.browser.html.includes(`action="${cb}"`) && f.browser.html.includes('name="code"') && f.browser.html.includes('name="iss"') && !f.browser.html.match(/<form[^>]*oidc-post[\s\S]*?<\/form>/)[0].includes('_token'), f.browser.html);
  ok('and the policy lets it go there', f.browser.answer.headers.get('content-security-policy').includes("form-action 'self' https://app.example"));
  const keep = await code('basic-app', { more: { redirect_uri: cb + '?keep=1' } });
  ok('a query of the address is kept', keep.browser.location.href.startsWith(cb + '?keep=1&code='), keep.browser.location.href);
  const sm2 = await code('sm2-app');
  const t = await exchange('sm2-app', sm2);
  want('SM2 with SM3', 'SM2-SM3', jose.decodeProtectedHeader(t.json.id_token).alg);
  const sm2keys = (await (await fetch(B + '/oidc/jwks-sm2')).json()).keys;
  ok('its key is in the set of its own', sm2keys.some((k) => k.kid === jose.decodeProtectedHeader(t.json.id_token).kid && k.crv === 'SM2'));
});

part('RS256, for who asks for it', async () => {
  const set = jose.createRemoteJWKSet(new URL(B + '/oidc/jwks'));
  const r = await signIn('rs256-app', { scope: 'openid profile' });
  const { protectedHeader } = await jose.jwtVerify(r.tokens.id_token, set, { issuer: B, audience: 'rs256-app', algorithms: ['RS256'] });
  ok('the ID token', /^rs256-\d+$/.test(protectedHeader.kid), protectedHeader);
  ok('at_hash', b64u(sha256(r.tokens.access_token).subarray(0, 16)) === r.claims.at_hash);
  const info = await client.fetchUserInfo(r.c, r.tokens.access_token, r.claims.sub).catch((e) => e);
  want('signed user information', '林知夏', info.name);
  want('as a hint', true, (await ask({ client_id: 'rs256-app', scope: 'openid profile', prompt: 'none', id_token_hint: r.tokens.id_token }, r.browser)).location.searchParams.has('code'));
  const rsa = await jose.importJWK({ ...(await jose.exportJWK(ps.privateKey)), alg: 'RS256' }, 'RS256');
  const k = await code('rs256-app');
  const how = { key: rsa, header: { alg: 'RS256', kid: 'r1' } };
  want('a client assertion by RS256', 200, (await exchange('rs256-app', k, await asserted('rs256-app', {}, how), {})).status);
  want('not by a key registered for PS256', 'invalid_client', (await post('/oidc/token', { grant_type: 'client_credentials', ...(await asserted('fapi-app', {}, { key: rsa, header: { alg: 'RS256', kid: 'k3' } })) })).error);
  want('nor PS256 by one registered for RS256', 'invalid_client', (await exchange('rs256-app', k, await asserted('rs256-app', {}, { key: ps.privateKey, header: { alg: 'PS256', kid: 'r1' } }), {})).error);
});

part('FAPI 2.0: pushed request, signed client, key proof', async () => {
  for (const id of ['fapi-app', 'fapi-nonce']) {
    const dpop = await client.randomDPoPKeyPair('ES256');
    const r = await signIn(id, { scope: 'openid profile offline_access', dpop, more: { prompt: 'consent' } });
    want(id + ': token type', 'dpop', r.tokens.token_type);
    ok(id + ': only client_id and request_uri in the address', [...r.url.searchParams.keys()].sort().join() === 'client_id,request_uri');
    const jkt = await jose.calculateJwkThumbprint(await jose.exportJWK(dpop.publicKey));
    want(id + ': bound to the key', jkt, jose.decodeJwt(r.tokens.access_token).cnf.jkt);
    const info = await client.fetchUserInfo(r.c, r.tokens.access_token, r.claims.sub, { DPoP: r.DPoP });
    want(id + ': user information', '林知夏', info.name);
    const again = await client.refreshTokenGrant(r.c, r.tokens.refresh_token, {}, { DPoP: r.DPoP });
    ok(id + ': a new access token', again.access_token && again.access_token !== r.tokens.access_token);
    ok(id + ': a bound refresh token is not rotated (FAPI 2.0, 5.3.2.1)', again.refresh_token === undefined);
    want(id + ': the ID token of a refresh is of the same person', r.claims.sub, again.claims().sub);
    const said = await client.tokenIntrospection(r.c, again.access_token);
    want(id + ': introspection', [true, 'fapi-' + id.slice(5), jkt, 'DPoP'], [said.active, said.client_id, said.cnf?.jkt, said.token_type]);
    await client.tokenRevocation(r.c, again.access_token);
    want(id + ': a revoked access token', false, (await client.tokenIntrospection(r.c, again.access_token)).active);
    want(id + ': the other still holds', true, (await client.tokenIntrospection(r.c, r.tokens.access_token)).active);
    await client.tokenRevocation(r.c, r.tokens.refresh_token);
    want(id + ': with the refresh token its access tokens end', false, (await client.tokenIntrospection(r.c, r.tokens.access_token)).active);
    const e = await client.refreshTokenGrant(r.c, r.tokens.refresh_token, {}, { DPoP: r.DPoP }).catch((x) => x.error);
    want(id + ': and it is dead', 'invalid_grant', e);
  }
  for (const [alg, key, kid] of [['EdDSA', ed, 'k2'], ['PS256', ps, 'k3']]) {
    const r = await post('/oidc/token', { grant_type: 'client_credentials', ...(await asserted('fapi-app', {}, { key: key.privateKey, header: { alg, kid } })) }, { dpop: await proof(other) });
    want(alg + ' assertion', 200, r.status);
  }
});

part('signed requests', async () => {
  const dpop = await client.randomDPoPKeyPair('ES256');
  const c = await config('fapi-signed');
  const verifier = client.randomPKCECodeVerifier();
  const params = { redirect_uri: redirect('fapi-signed'), scope: 'openid', response_type: 'code', state: 's', nonce: 'n', code_challenge: challengeOf(verifier), code_challenge_method: 'S256' };
  const object = (change = {}, key = es.privateKey, header = {}) =>
    new jose.SignJWT({ ...params, client_id: 'fapi-signed', iss: 'fapi-signed', aud: B, exp: now() + 60, nbf: now(), jti: b64u(randomBytes(8)), ...change }).setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'oauth-authz-req+jwt', ...header }).sign(key);
  const push = async (request, more = {}) => post('/oidc/par', { ...(request ? { request } : params), ...more, ...(await asserted('fapi-signed')) });
  const good = await push(await object());
  want('pushed', 201, good.status);
  const b = await node.browser().signIn('周远');
  await b.authorize(`${B}/oidc/authorize?client_id=fapi-signed&request_uri=${encodeURIComponent(good.json.request_uri)}`, {});
  const t = await client.authorizationCodeGrant(c, b.location, { pkceCodeVerifier: verifier, expectedState: 's', expectedNonce: 'n' }, {}, { DPoP: client.getDPoPHandle(c, dpop) });
  ok('and followed', t.access_token);
  want('unsigned', 'invalid_request', (await push(null)).error);
  want('by another key', 'invalid_request_object', (await push(await object({}, other.privateKey))).error);
  want('for another provider', 'invalid_request_object', (await push(await object({ aud: 'https://other.example' }))).error);
  want('of another client', 'invalid_request_object', (await push(await object({ client_id: 'fapi-app' }))).error);
  want('expired', 'invalid_request_object', (await push(await object({ exp: now() - 30 }))).error);
  const once = await object();
  want('first', 201, (await push(once)).status);
  want('replayed', 'invalid_request_object', (await push(once)).error);
  want('what stands outside does not count', 'https://dept.example/cb', (await push(await object(), { redirect_uri: 'https://evil.example/' })).status === 201 ? 'https://dept.example/cb' : 'refused');
});

part('rotation of refresh tokens', async () => {
  const r = await signIn('basic-app', { scope: 'openid profile offline_access' });
  const first = await client.refreshTokenGrant(r.c, r.tokens.refresh_token);
  ok('rotated', first.refresh_token && first.refresh_token !== r.tokens.refresh_token);
  const second = await client.refreshTokenGrant(r.c, first.refresh_token, { scope: 'openid' });
  want('narrowed', 'openid', second.scope);
  want('not widened', 'invalid_scope', (await client.refreshTokenGrant(r.c, second.refresh_token, { scope: 'openid address' }).catch((e) => e)).error);
  want('the grant lives', true, (await client.tokenIntrospection(r.c, second.access_token)).active);
  want('reuse', 'invalid_grant', (await client.refreshTokenGrant(r.c, first.refresh_token).catch((e) => e)).error);
  want('ends the family', 'invalid_grant', (await client.refreshTokenGrant(r.c, second.refresh_token).catch((e) => e)).error);
  want('and its access tokens', false, (await client.tokenIntrospection(r.c, second.access_token)).active);
  const info = await fetch(B + '/oidc/userinfo', { headers: { authorization: 'Bearer ' + second.access_token } });
  want('which give nothing', [401, true], [info.status, /error="invalid_token"/.test(info.headers.get('www-authenticate'))]);
});

part('applications are registered by an act', async () => {
  const send = async (browser, path, body) => {
    await browser.fetch(path, { method: 'POST', body: JSON.stringify(body), headers: { accept: 'application/json', 'content-type': 'application/json' } });
    return [browser.status, JSON.parse(browser.html).field ?? JSON.parse(browser.html).check ?? null];
  };
  const id = (n) => node.people.find((p) => p.id === n).name;
  const security = await node.browser().signIn(id('a-security'));
  const c = Object.fromEntries(Object.entries(named('late-app', base, { 'client.redirect_uris': ['https://late.example/cb'] })));
  want('by the security administrator', 201, (await send(security, '/oidc/clients', c))[0]);
  const q = { client_id: 'late-app', redirect_uri: 'https://late.example/cb' };
  want('it may ask', '/login', (await ask(q)).location.pathname);
  want('by the system administrator', 403, (await send(await node.browser().signIn(id('a-system')), '/oidc/clients', c))[0]);
  want('by an officer', 403, (await send(await node.browser().signIn('江一帆'), '/oidc/clients', c))[0]);
  want('by a person', 403, (await send(await node.browser().signIn('林知夏'), '/oidc/clients', c))[0]);
  want('by nobody', 401, (await send(node.browser(), '/oidc/clients', c))[0]);
  want('an address that is none', [409, 'client.redirect_uris'], await send(security, '/oidc/clients', { ...c, 'client.redirect_uris': ['http://late.example/cb'] }));
  want('keys that are none', 429, (await send(security, '/oidc/clients', { ...c, 'client.auth': 'private_key_jwt', 'client.secret_sha256': undefined, 'client.jwks': '{"keys":[]}' }))[0]);
  want('no keys', [422, 'client'], await send(security, '/oidc/clients', { ...c, 'client.auth': 'private_key_jwt', 'client.secret_sha256': undefined }));
  const keyed = { ...c, 'client.profile': 'fapi', 'client.auth': 'private_key_jwt', 'client.secret_sha256': undefined, 'client.jwks': await jwks([es, 'k1']) };
  want('RS256 in the FAPI profile (5.4.1)', [409, 'client'], await send(security, '/oidc/clients', { ...keyed, 'client.id_alg': 'RS256' }));
  want('nor as its key', [409, 'client'], await send(security, '/oidc/clients', { ...keyed, 'client.jwks': JSON.stringify({ keys: [{ ...(await jose.exportJWK(ps.publicKey)), alg: 'RS256', kid: 'r' }] }) }));
  want('a secret in the FAPI profile', [409, 'client'], await send(security, '/oidc/clients', { ...c, 'client.profile': 'fapi' }));
  await security.fetch(B + '/oidc/authorize?' + new URLSearchParams({ ...q, response_type: 'code', scope: 'openid', code_challenge: challengeOf('x'.repeat(43)), code_challenge_method: 'S256' }));
  want("an administrator's account is nobody elsewhere", 'access_denied', sentBack(security));
  want('closed', 201, (await send(security, '/oidc/clients/close', { 'client.id': 'late-app' }))[0]);
  want('it may not ask', 'shown 400', sentBack(await ask(q)));
});

part('and on pages, without script', async () => {
  const b = await node.browser().signIn('方晓');
  await b.fetch('/oidc/clients');
  ok('listed, with what they are', b.status === 200 && b.html.includes('应用 basic-app') && b.html.includes('使用中') && b.html.includes('/oidc/client?id=basic-app'), b.html);
  await b.fetch('/oidc/client');
  const fill = { 'client.id': 'page-app', 'client.name': '网页登记的应用', 'client.profile': 'basic', 'client.auth': 'client_secret_basic', 'client.secret_sha256': sha256(secret).toString('hex'),
    'client.redirect_uris': 'https://page.example/cb\r\nhttps://page.example/cb2', 'client.scopes': 'openid\nprofile', 'client.grants': 'authorization_code', 'client.name_en': '', 'client.dpop': '' };
  const send = (change) => b.submit('/oidc/clients', Object.entries({ ...fill, ...change }));
  await send({ 'client.redirect_uris': 'http://page.example/cb' });
  ok('what is wrong comes back with what was typed', b.status === 409 && b.html.includes('role="alert"') && b.html.includes('href="#f-client.redirect_uris"') && b.html.includes('http://page.example/cb') && b.html.includes('value="网页登记的应用"'), b.html);
  await send({ 'client.auth': 'private_key_jwt', 'client.secret_sha256': '', 'client.profile': 'fapi', 'client.jwks': '{"keys":[{}]}' });
  ok('keys that are none too', b.status >= 400 && b.html.includes('role="alert"') && b.html.includes('kty'), b.html.slice(0, 3000));
  await send({});
  want('registered', [303, '/oidc/clients'], [b.status, b.location?.pathname]);
  await b.fetch(b.location);
  ok('and told where it stands', /href="\/ledger\/\d+"/.test(b.html) && b.html.includes('网页登记的应用'), b.html);
  const q = { client_id: 'page-app', redirect_uri: 'https://page.example/cb2' };
  want('it may ask', '/login', (await ask(q)).location.pathname);
  await b.fetch('/oidc/client?id=page-app');
  ok('seen as registered', b.html.includes('https://page.example/cb\nhttps://page.example/cb2') && /name="client.id"[^>]*readonly/.test(b.html), b.html);
  await send({ 'client.redirect_uris': 'https://page.example/cb' });
  want('changed', 303, b.status);
  want('and the address that was taken away is none any more', 'shown 400', sentBack(await ask(q)));
  await b.fetch('/en/oidc/client?id=page-app');
  ok('in English', b.html.includes('Change the registration') && b.html.includes('Close this application'), b.html);
  await b.submit('/oidc/clients/close', []);
  want('closed', 303, b.status);
  await b.fetch('/oidc/client?id=page-app');
  ok('and said so', b.html.includes('已停止；重新登记后可再用。') && !b.html.includes('/oidc/clients/close'));
  want('it may not ask', 'shown 400', sentBack(await ask({ ...q, redirect_uri: 'https://page.example/cb' })));
  want('none of that name', 404, (await b.fetch('/oidc/client?id=nobody')).status);
  const audit = await node.browser().signIn('葛静');
  await audit.fetch('/oidc/client?id=page-app');
  ok('the auditor looks, and changes nothing', audit.status === 200 && audit.html.includes('https://page.example/cb') && !/<form[^>]*oidc\/clients/.test(audit.html), audit.html);
  want('a person does not', 403, (await (await node.browser().signIn('林知夏')).fetch('/oidc/clients')).status);
  const forged = await fetch(B + '/oidc/clients', { method: 'POST', redirect: 'manual', headers: { cookie: [...b.cookies].map(([k, v]) => `${k}=${v}`).join('; ') }, body: new URLSearchParams(fill) });
  want('nor another site in the administrator\'s name', 403, forged.status);
});

part('machines', async () => {
  const c = await config('machine');
  const t = await client.clientCredentialsGrant(c, { scope: 'data.read', resource: 'https://api.example/v1' });
  const { payload } = await jose.jwtVerify(t.access_token, jose.createRemoteJWKSet(new URL(B + '/oidc/jwks')), { audience: 'https://api.example/v1', typ: 'at+jwt' });
  want('its own token', ['machine', 'machine', 'data.read'], [payload.sub, payload.client_id, payload.scope]);
  want('no ID token, no refresh token', [undefined, undefined], [t.id_token, t.refresh_token]);
  const e = await (await config('odd-app'));
  ok('a secret with odd characters', (await client.clientCredentialsGrant(e)).access_token);
  const bad = async (more) => (await post('/oidc/token', { grant_type: 'client_credentials', ...more, ...(await asserted('machine')) })).error;
  want('a scope that needs a person', 'invalid_scope', await bad({ scope: 'openid' }));
  want('an unregistered scope', 'invalid_scope', await bad({ scope: 'data.delete' }));
  want('an unregistered resource', 'invalid_target', await bad({ resource: 'https://other.example' }));
  want('a grant it has not', 'unauthorized_client', await bad({ grant_type: 'authorization_code', code: 'x', code_verifier: 'y' }));
  want('a grant nobody has', 'unsupported_grant_type', await bad({ grant_type: 'password', username: 'u', password: 'p' }));
  const info = await fetch(B + '/oidc/userinfo', { headers: { authorization: 'Bearer ' + t.access_token } });
  want('a token for elsewhere', 401, info.status);
});

part('consent: refused, partial, remembered, withdrawn', async () => {
  const no = await node.browser().signIn('沈书白');
  const q = { client_id: 'basic-app', redirect_uri: cb, response_type: 'code', scope: 'openid profile phone', state: 's', code_challenge: challengeOf('x'.repeat(43)), code_challenge_method: 'S256' };
  await no.authorize(B + '/oidc/authorize?' + new URLSearchParams(q), { decision: 'deny' });
  want('refused', 'access_denied', no.location.searchParams.get('error'));
  const r = await signIn('basic-app', { name: '沈书白', browser: no, scope: 'openid profile phone', tick: ['phone'] });
  want('only what was ticked', 'openid phone', r.tokens.scope);
  const info = await client.fetchUserInfo(r.c, r.tokens.access_token, r.claims.sub);
  want('and no more is given', [undefined, true], [info.name, !!info.phone_number]);
  await ask({ scope: 'openid phone', prompt: 'none' }, no);
  ok('remembered', no.location.searchParams.has('code'));
  await ask({ scope: 'openid profile', prompt: 'none' }, no);
  want('not for more', 'consent_required', sentBack(no));
  await ask({ scope: 'openid phone', prompt: 'consent' }, no);
  ok('asked again on demand', no.status === 200 && /oidc\/consent/.test(no.html));
  await no.fetch('/oidc/consents');
  ok('listed', no.html.includes('应用 basic-app'));
  await no.submit('/oidc/consents', []);
  want('withdrawn', 303, no.status);
  want('and the token with it', false, (await client.tokenIntrospection(r.c, r.tokens.access_token)).active);
  await ask({ scope: 'openid phone', prompt: 'none' }, no);
  want('asked anew', 'consent_required', sentBack(no));
  await ask({ scope: 'openid', ui_locales: 'fr en-GB zh' }, no);
  ok('in English', no.html.includes('Consent and go on') && no.html.includes('App basic-app'));
  const forged = await fetch(B + '/oidc/consent', { method: 'POST', redirect: 'manual', headers: { cookie: [...no.cookies].map(([k, v]) => `${k}=${v}`).join('; '), accept: 'application/json' }, body: new URLSearchParams({ request: new URLSearchParams(q).toString(), decision: 'allow', scope: 'profile' }) });
  want('another site cannot consent', 403, forged.status);
});

part('whoever is a person or an officer here signs in there', async () => {
  const seen = new Set();
  for (const p of node.people.filter((x) => /^[op]-/.test(x.id))) {
    const b = node.browser();
    await b.fetch('/login/demo', { method: 'POST', body: new URLSearchParams({ who: p.id }) });
    await b.fetch(b.location);
    await b.authorize(B + '/oidc/authorize?' + new URLSearchParams({ client_id: 'other-app', redirect_uri: 'https://evil.example/cb', response_type: 'code', scope: 'openid', state: 's', code_challenge: challengeOf('x'.repeat(43)), code_challenge_method: 'S256' }), {});
    ok(`${p.id} ${p.name}`, b.location?.searchParams.has('code'), b.status);
    await b.fetch('/oidc/consents');
    ok(`${p.id} sees consent`, b.status === 200 && b.html.includes('应用 other-app'), b.status);
    await b.submit('/oidc/consents', []);
    want(`${p.id} withdraws it`, 303, b.status);
    want(`${p.id} sees the own ways to sign in`, 200, (await b.fetch('/me/security')).status);
    seen.add(p.id);
  }
  ok('there are some', seen.size > 20, seen.size);
});

part('what an application got, its person sees', async () => {
  const name = '欧阳明';
  const b = await node.browser().signIn(name);
  await b.fetch('/me/uses');
  ok('nobody read anything yet', !b.html.includes('应用 '), b.html);
  const r = await signIn('basic-app', { browser: b, name, scope: 'openid profile phone' });
  await b.fetch('/me/uses');
  const first = b.html;
  ok('the sign-in is noted', first.includes('应用 basic-app') && first.includes('一个只在该应用内有效的标识') && !first.includes('您的姓名'), first);
  await client.fetchUserInfo(r.c, r.tokens.access_token, r.claims.sub);
  await b.fetch('/me/uses');
  ok('name and telephone number are', b.html.includes('您的姓名; 您登记的电话') && b.html.includes('应用凭您同意的范围读取') && b.html.includes('个人信息保护法'), b.html);
  await b.fetch('/en/me/uses');
  ok('in English', b.html.includes('App basic-app') && b.html.includes('Your name; Your registered telephone number'), b.html);
  const resource = await client.tokenIntrospection(r.c, r.tokens.access_token);
  await b.fetch('/me/uses');
  ok('introspection as well', resource.active && b.html.match(/应用 basic-app/g).length === 3, b.html.match(/应用 basic-app/g)?.length);
  // no note, no answer: the disk takes nothing more
  const fsize = (n) => family(node.process.pid).forEach((p) => execFileSync('prlimit', ['--pid', p, '--fsize=' + n + ':']));
  fsize(1);
  const k = await fetch(B + '/oidc/userinfo', { headers: { authorization: 'Bearer ' + r.tokens.access_token, accept: 'text/html' } });
  const text = await k.text();
  fsize('unlimited');
  want('no note, no answer, in the words of OAuth', [503, 'application/json', 'temporarily_unavailable', false], [k.status, k.headers.get('content-type'), JSON.parse(text).error, text.includes(name)]);
  want('and then again', 200, (await fetch(B + '/oidc/userinfo', { headers: { authorization: 'Bearer ' + r.tokens.access_token } })).status);
});

part('prompt, max_age, hints, acr, claims', async () => {
  const b = await node.browser().signIn('林知夏');
  const r = await signIn('basic-app', { browser: b });
  want('prompt none, signed in', true, (await ask({ scope: 'openid profile', prompt: 'none' }, b)).location.searchParams.has('code'));
  want('prompt none, nobody', 'login_required', sentBack(await ask({ prompt: 'none' })));
  want('prompt none with another', 'invalid_request', sentBack(await ask({ prompt: 'none login' })));
  want('prompt unknown', 'invalid_request', sentBack(await ask({ prompt: 'dance' })));
  await ask({ scope: 'openid profile', prompt: 'login' }, b);
  want('prompt login asks', '/login', b.location.pathname);
  await new Promise((f) => setTimeout(f, 1100));
  const l = await signIn('basic-app', { browser: b, more: { prompt: 'login' } });
  ok('and signs in anew', l.claims.auth_time > r.claims.auth_time, [l.claims.auth_time, r.claims.auth_time]);
  await new Promise((f) => setTimeout(f, 2100));
  const m = await signIn('basic-app', { browser: b, more: { max_age: '1' }, checks: { maxAge: 1 } });
  ok('max_age passed: anew', m.claims.auth_time > l.claims.auth_time);
  const k = await signIn('basic-app', { browser: b, more: { max_age: '10000' }, checks: { maxAge: 10000 } });
  want('max_age not passed: the same', m.claims.auth_time, k.claims.auth_time);
  want('max_age broken', 'invalid_request', sentBack(await ask({ max_age: '-1' })));
  want('hint of this person', true, (await ask({ scope: 'openid profile', prompt: 'none', id_token_hint: k.tokens.id_token }, b)).location.searchParams.has('code'));
  const zhou = await signIn('basic-app', { name: '周远' });
  want('hint of another', 'login_required', sentBack(await ask({ scope: 'openid profile', prompt: 'none', id_token_hint: zhou.tokens.id_token }, b)));
  want('hint that is broken', 'login_required', sentBack(await ask({ scope: 'openid profile', prompt: 'none', id_token_hint: zhou.tokens.id_token.slice(0, -4) + 'AAAA' }, b)));
  want('hint that is an access token', 'login_required', sentBack(await ask({ scope: 'openid profile', prompt: 'none', id_token_hint: zhou.tokens.access_token }, b)));
  const acr = JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:nobody:has'] } } });
  want('an acr nobody reaches', 'unmet_authentication_requirements', sentBack(await ask({ claims: acr }, b)));
  const v = await signIn('basic-app', { browser: b, more: { acr_values: 'urn:nobody:has urn:tongban:acr:1' } });
  ok('acr_values are a wish', v.claims.acr.startsWith('urn:tongban:acr:'));
  const claims = JSON.stringify({ id_token: { phone_number: { essential: true } }, userinfo: { name: null, unheard_of: null } });
  const c = await signIn('basic-app', { browser: b, scope: 'openid', tick: ['phone', 'profile'], more: { claims } });
  ok('a claim asked for in the ID token', c.claims.phone_number, c.claims);
  want('and in user information', ['林知夏', undefined], await client.fetchUserInfo(c.c, c.tokens.access_token, c.claims.sub).then((i) => [i.name, i.unheard_of]));
  want('claims that are none', 'invalid_request', sentBack(await ask({ claims: '{"id_token":[]}' })));
  want('claims cut off', 'invalid_request', sentBack(await ask({ claims: '{"id_token":' })));
  want('unknown parameters are ignored', '/login', (await ask({ foo: 'bar', display: 'popup', claims_locales: 'se', login_hint: 'x' })).location.pathname);
  const p = await node.browser().signIn('林知夏');
  const q = new URLSearchParams({ client_id: 'basic-app', redirect_uri: cb, response_type: 'code', scope: 'openid profile', state: 's', code_challenge: challengeOf('x'.repeat(43)), code_challenge_method: 'S256' });
  await p.fetch('/oidc/authorize', { method: 'POST', body: q });
  ok('by POST', p.location?.searchParams.has('code'), p.status);
  const x = node.browser();
  await x.fetch('/oidc/authorize', { method: 'POST', body: q, headers: { 'sec-fetch-site': 'cross-site' } });
  ok('by POST from another site: round once by GET', x.location?.pathname === '/oidc/authorize' && x.status === 303, x.status);
});

part('signing out', async () => {
  told.length = 0;
  deaf = 1; // one must be told again
  const b = await node.browser().signIn('欧阳明');
  const r = await signIn('basic-app', { browser: b, name: '欧阳明' });
  const e = await signIn('eddsa-app', { browser: b, name: '欧阳明' });
  const url = client.buildEndSessionUrl(r.c, { id_token_hint: r.tokens.id_token, post_logout_redirect_uri: 'https://app.example/out', state: 'x y' });
  await b.fetch(url.href.replace('app.example%2Fout', 'evil.example%2Fout'));
  want('an unregistered address is not followed', 400, b.status);
  await b.fetch(url.href.replace('id_token_hint=', 'nothing='));
  ok('without hint: nowhere but by client_id', b.status === 200 || b.status === 303 || b.status === 400);
  await b.fetch('/oidc/logout');
  ok('without hint: asked', /oidc\/logout\/confirm/.test(b.html));
  await b.fetch(url);
  want('sent back with state', 'https://app.example/out?state=x%20y', b.location?.href);
  await ask({ scope: 'openid profile', prompt: 'none' }, b);
  want('signed out', 'login_required', sentBack(b));
  for (let i = 0; i < 150 && told.length < 2; i++) await new Promise((f) => setTimeout(f, 100));
  want('both applications were told, one at the second try', ['/basic-app', '/eddsa-app'], told.map((t) => t.path).sort());
  for (const t of told) {
    const id = t.path.slice(1);
    const { payload, protectedHeader } = await jose.jwtVerify(t.token, jose.createRemoteJWKSet(new URL(B + '/oidc/jwks')), { issuer: B, audience: id });
    want(id + ': logout token', ['logout+jwt', (id === 'basic-app' ? r : e).claims.sub, r.claims.sid, '{"http://schemas.openid.net/event/backchannel-logout":{}}', undefined],
      [protectedHeader.typ, payload.sub, payload.sid, JSON.stringify(payload.events), payload.nonce]);
    ok(id + ': short-lived, with jti', payload.exp - payload.iat <= 120 && payload.jti);
  }
  const again = await node.browser().fetch(url);
  want('signing out when nobody is signed in', 'https://app.example/out?state=x%20y', again.location?.href);
  const own = await node.browser().signIn('欧阳明');
  await signIn('basic-app', { browser: own, name: '欧阳明' });
  told.length = 0;
  await own.fetch('/oidc/consents');
  await own.submit('/logout', []);
  for (let i = 0; i < 100 && told.length < 1; i++) await new Promise((f) => setTimeout(f, 100));
  want('signing out at the node itself tells as well', ['/basic-app'], told.map((t) => t.path));
});

// ---- as the conformance suite has it ----

conformance({ part, want, ok, node, B, post, basic, asserted, assertion, proof, code, exchange, ask, sentBack, signIn, challengeOf, client, jose, sha256, b64u, secret, cb, redirect, es, ed, ps, other, now, told });

// ---- other people's clients ----

others({ part, want, ok, node, B, es, redirect, client });

// ---- as it must not be ----

hostile({ part, want, ok, node, B, post, basic, asserted, proof, code, exchange, ask, sentBack, client, jose, sha256, b64u, secret, cb, redirect, es, ed, ps, other, now, challengeOf, jwks });

part('a code is used once', async () => {
  const k = await code('basic-app');
  const t = await exchange('basic-app', k);
  want('first', 200, t.status);
  want('it brought tokens', [true, true], [!!t.json.access_token, !!t.json.refresh_token]);
  want('second', [400, 'invalid_grant'], await exchange('basic-app', k).then((r) => [r.status, r.error]));
  const c = await config('basic-app');
  want('what it brought is revoked', false, (await client.tokenIntrospection(c, t.json.access_token)).active);
  want('refresh as well', 'invalid_grant', (await post('/oidc/token', { grant_type: 'refresh_token', refresh_token: t.json.refresh_token }, basic('basic-app'))).error);
  const race = await code('basic-app');
  const answers = await Promise.all(Array.from({ length: 8 }, () => exchange('basic-app', race)));
  want('of eight at once one at most', true, answers.filter((a) => a.status === 200).length <= 1);
  want('the others are refused', true, answers.filter((a) => a.error === 'invalid_grant').length >= 7);
});

part('PKCE cannot be lowered', async () => {
  want('no challenge', 'invalid_request', sentBack(await ask({ code_challenge: undefined, code_challenge_method: undefined })));
  want('plain', 'invalid_request', sentBack(await ask({ code_challenge_method: 'plain' })));
  want('no method is plain', 'invalid_request', sentBack(await ask({ code_challenge_method: undefined })));
  want('short challenge', 'invalid_request', sentBack(await ask({ code_challenge: 'abc' })));
  const k = await code('basic-app');
  want('no verifier', 'invalid_request', (await exchange('basic-app', k, { code_verifier: undefined })).error);
  want('wrong verifier', 'invalid_grant', (await exchange('basic-app', k, { code_verifier: 'x'.repeat(43) })).error);
  want('the challenge as verifier', 'invalid_grant', (await exchange('basic-app', k, { code_verifier: challengeOf(k.verifier) })).error);
  want('short verifier', 'invalid_grant', (await exchange('basic-app', k, { code_verifier: 'abc' })).error);
  want('the right one after all', 200, (await exchange('basic-app', k)).status);
});

part('redirects go nowhere else', async () => {
  for (const uri of ['https://evil.example/cb', 'https://app.example/cb/', 'https://app.example/cb/../x', 'https://app.example/CB', 'HTTPS://app.example/cb', 'https://app.example:443/cb', 'https://app.example/cb#x',
    'https://app.example/cb?keep=2', 'https://app.example@evil.example/cb', 'https://app.example.evil.example/cb', 'http://app.example/cb', '//app.example/cb', 'javascript:alert(1)', 'https://app.example/cb%00', '', 'data:text/html,x']) {
    const b = await ask({ redirect_uri: uri });
    want('redirect_uri ' + uri, 'shown 400', sentBack(b));
  }
  want('none', 'shown 400', sentBack(await ask({ redirect_uri: undefined })));
  want('unknown client', 'shown 400', sentBack(await ask({ client_id: 'nobody' })));
  want('no client', 'shown 400', sentBack(await ask({ client_id: undefined })));
  const two = await node.browser().fetch(`${B}/oidc/authorize?client_id=basic-app&redirect_uri=${encodeURIComponent(cb)}&redirect_uri=https://evil.example/`);
  want('two', 'shown 400', sentBack(two));
  const k = await code('basic-app');
  want('another address at the token endpoint', 'invalid_grant', (await exchange('basic-app', k, { redirect_uri: cb + '?keep=1' })).error);
  want('none there', 'invalid_grant', (await exchange('basic-app', k, { redirect_uri: undefined })).error);
  for (const [uri, may] of [['http://127.0.0.1:49152/cb', true], ['http://[::1]:7/cb', true], ['http://127.0.0.1/cb', true], ['app.example.tongban:/cb', true], ['http://127.0.0.1:49152/cb2', false], ['http://localhost:1/cb', false],
    ['http://127.0.0.2:1/cb', false], ['http://127.0.0.1:1x/cb', false], ['http://127.0.0.1:80@evil.example/cb', false], ['https://127.0.0.1:1/cb', false]]) {
    const b = await ask({ client_id: 'native-app', redirect_uri: uri });
    want('native ' + uri, may ? '/login' : 'shown', may ? b.location?.pathname : sentBack(b).slice(0, 5));
  }
  want('a loopback port is for native applications only', 'shown 400', sentBack(await ask({ redirect_uri: 'http://127.0.0.1:1/cb' })));
});

part('requests that are no requests', async () => {
  want('no response_type', 'invalid_request', sentBack(await ask({ response_type: undefined })));
  for (const t of ['token', 'id_token', 'code token', 'none', 'code id_token']) want('response_type ' + t, 'unsupported_response_type', sentBack(await ask({ response_type: t })));
  want('response_mode fragment', 'invalid_request', sentBack(await ask({ response_mode: 'fragment' })));
  want('no scope', 'invalid_scope', sentBack(await ask({ scope: undefined })));
  want('only unregistered scopes', 'invalid_scope', sentBack(await ask({ scope: 'admin root' })));
  want('registration', 'registration_not_supported', sentBack(await ask({ registration: '{}' })));
  want('a request object without a key', 'request_not_supported', sentBack(await ask({ request: 'eyJhbGciOiJub25lIn0.e30.' })));
  want('a request_uri elsewhere', 'request_uri_not_supported', sentBack(await ask({ request_uri: 'https://evil.example/r' })));
  want('and no address to say so', 'shown 400', sentBack(await ask({ request_uri: 'https://evil.example/r', redirect_uri: undefined })));
  want('an address of their own to say so', 'shown 400', sentBack(await ask({ request: 'x', redirect_uri: 'https://evil.example/' })));
  const twice = await node.browser().fetch(`${B}/oidc/authorize?client_id=basic-app&redirect_uri=${encodeURIComponent(cb)}&response_type=code&scope=openid&scope=profile&state=s`);
  want('a parameter twice', 'invalid_request', sentBack(twice));
  want('state comes back', 's', twice.location.searchParams.get('state'));
  want('iss with errors', B, twice.location.searchParams.get('iss'));
  const long = await ask({ nonce: 'n'.repeat(3000) });
  want('too long', 'invalid_request', sentBack(long));
  want('FAPI without a pushed request', 'invalid_request', sentBack(await ask({ client_id: 'fapi-app', redirect_uri: 'https://dept.example/cb' })));
  want('a machine asks for a person', 'shown 400', sentBack(await ask({ client_id: 'machine' })));
});

part('pushed requests', async () => {
  const params = { redirect_uri: 'https://dept.example/cb', scope: 'openid', response_type: 'code', state: 's', code_challenge: challengeOf('x'.repeat(43)), code_challenge_method: 'S256' };
  const push = async (change = {}, id = 'fapi-app') => post('/oidc/par', { ...params, ...change, ...(await asserted(id)) });
  const good = await push();
  want('201', [201, true, 'no-store'], [good.status, good.json.request_uri.startsWith('urn:ietf:params:oauth:request_uri:') && good.json.expires_in <= 600, good.headers.get('cache-control')]);
  want('by GET', 405, (await fetch(B + '/oidc/par')).status);
  want('without client authentication', [401, 'invalid_client'], await post('/oidc/par', { ...params, client_id: 'fapi-app' }).then((r) => [r.status, r.error]));
  want('with a request_uri', 'invalid_request', (await push({ request_uri: good.json.request_uri })).error);
  want('plain PKCE', 'invalid_request', (await push({ code_challenge_method: 'plain' })).error);
  want('unregistered address', 'invalid_request', (await push({ redirect_uri: 'https://evil.example' })).error);
  want('response_type token', 'unsupported_response_type', (await push({ response_type: 'token' })).error);
  const go = (uri, id = 'fapi-app', more = '') => `${B}/oidc/authorize?client_id=${id}&request_uri=${encodeURIComponent(uri)}${more}`;
  want('by another client', 'shown 400', sentBack(await node.browser().fetch(go(good.json.request_uri, 'fapi-nonce'))));
  want('unknown', 'shown 400', sentBack(await node.browser().fetch(go('urn:ietf:params:oauth:request_uri:nothing'))));
  const b = await node.browser().signIn('林知夏');
  await b.authorize(go(good.json.request_uri, 'fapi-app', '&redirect_uri=https://evil.example&state=evil&scope=phone'), {});
  want('what stands beside it does not count', ['https://dept.example', 's'], [b.location.origin, b.location.searchParams.get('state')]);
  ok('followed', b.location.searchParams.has('code'));
  want('once', 'shown 400', sentBack(await b.fetch(go(good.json.request_uri))));
});

part('who calls', async () => {
  const cc = { grant_type: 'client_credentials' };
  const refused = async (name, body, headers = {}, error = 'invalid_client') => {
    const r = await post('/oidc/token', { ...cc, ...body }, headers);
    want(name, [error === 'invalid_client' ? 401 : 400, error], [r.status, r.error]);
    return r;
  };
  const r = await refused('wrong secret', {}, basic('odd-app', 'x'));
  ok('401 names Basic', /^Basic /.test(r.headers.get('www-authenticate')));
  await refused('no secret', { client_id: 'odd-app' });
  await refused('secret by the other way', { client_id: 'odd-app', client_secret: odd });
  await refused('two ways', { client_secret: odd }, basic('odd-app', odd), 'invalid_request');
  await refused('nobody', {}, basic('nobody', 'x'));
  await refused('broken Basic', {}, { authorization: 'Basic !!!' });
  await refused('another client_id beside', { client_id: 'basic-app' }, basic('odd-app', odd));
  const key = async (name, change, how, error) => refused(name, await asserted('machine', change, how), {}, error);
  want('an assertion', 200, (await post('/oidc/token', { ...cc, ...(await asserted('machine')) })).status);
  await key('aud is the token endpoint', { aud: B + '/oidc/token' });
  await key('aud is a list', { aud: [B] });
  await key('aud is another', { aud: 'https://other.example' });
  await key('aud with a slash', { aud: B + '/' });
  await key('no aud', { aud: undefined });
  await key('no exp', { exp: undefined });
  await key('no jti', { jti: undefined });
  await key('expired', { exp: now() - 11 });
  await key('far off', { exp: now() + 3600 });
  await key('of the future', { nbf: now() + 61 });
  await key('made in the future', { iat: now() + 61 });
  want('ten seconds ahead are forgiven', 200, (await post('/oidc/token', { ...cc, ...(await asserted('machine', { nbf: now() + 8, iat: now() + 8 })) })).status);
  await key('iss is another', { iss: 'fapi-app' });
  await key('sub is another', { sub: 'fapi-app' });
  await key('by another key', {}, { key: other.privateKey });
  await key('unknown kid', {}, { header: { kid: '../keys' } });
  await key('typ of another kind', {}, { header: { typ: 'dpop+jwt' } });
  const once = await asserted('machine');
  want('once', 200, (await post('/oidc/token', { ...cc, ...once })).status);
  await refused('twice', once);
  const race = await asserted('machine');
  const many = await Promise.all(Array.from({ length: 6 }, () => post('/oidc/token', { ...cc, ...race })));
  want('six at once: one', 1, many.filter((m) => m.status === 200).length);
  const pub = es.publicKey;
  const jwk = await jose.exportJWK(pub);
  const forge = (header, sign) => {
    const input = b64u(JSON.stringify(header)) + '.' + b64u(JSON.stringify({ iss: 'machine', sub: 'machine', aud: B, exp: now() + 60, jti: b64u(randomBytes(9)) }));
    return input + '.' + sign(input);
  };
  const forged = async (name, header, sign) => refused(name, { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: forge(header, sign) });
  await forged('alg none', { alg: 'none' }, () => '');
  await forged('alg none with a signature', { alg: 'none' }, () => 'AAAA');
  await forged('HS256 with the public key', { alg: 'HS256', kid: 'k1' }, (i) => createHmac('sha256', JSON.stringify(jwk)).update(i).digest('base64url'));
  const mine = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const sign = (i) => createSign('sha256').update(i).sign({ key: mine.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  await forged('its own key in the header', { alg: 'ES256', jwk: mine.publicKey.export({ format: 'jwk' }) }, sign);
  await forged('jku', { alg: 'ES256', jku: hear + '/jwks', kid: 'k1' }, sign);
  await forged('x5u', { alg: 'ES256', x5u: hear + '/x', kid: 'k1' }, sign);
  await forged('zero signature', { alg: 'ES256', kid: 'k1' }, () => b64u(Buffer.alloc(64)));
  await forged('crit', { alg: 'ES256', kid: 'k1', crit: ['x'], x: 1 }, sign);
  const good = (await asserted('machine')).client_assertion;
  await refused('padding', { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: good + '=' });
  await refused('cut off', { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: good.slice(0, -10) });
  await refused('wrong assertion type', { client_assertion_type: 'x', client_assertion: good });
  want('JSON body', [400, 'invalid_request'], await post('/oidc/token', JSON.stringify(cc), { 'content-type': 'application/json', ...basic('odd-app', odd) }).then((x) => [x.status, x.error]));
  want('broken form', [400, 'invalid_request'], await post('/oidc/token', 'grant_type=client_credentials&x=%zz', basic('odd-app', odd)).then((x) => [x.status, x.error]));
  want('grant_type twice', [400, 'invalid_request'], await post('/oidc/token', 'grant_type=client_credentials&grant_type=client_credentials', basic('odd-app', odd)).then((x) => [x.status, x.error]));
  want('no grant_type', [400, 'invalid_request'], await post('/oidc/token', 'scope=x', basic('odd-app', odd)).then((x) => [x.status, x.error]));
  want('by GET', 405, (await fetch(B + '/oidc/token?grant_type=client_credentials')).status);
});

part('key proofs', async () => {
  const pair = await jose.generateKeyPair('ES256', { extractable: true });
  const token = async (dpop, id = 'fapi-app') => post('/oidc/token', { grant_type: 'client_credentials', ...(await asserted(id)) }, dpop ? { dpop } : {});
  want('a proof', [200, 'DPoP'], await token(await proof(pair)).then((r) => [r.status, r.json.token_type]));
  want('none', 'invalid_dpop_proof', (await token(null)).error);
  const refused = async (name, p) => want(name, [400, 'invalid_dpop_proof'], await token(p).then((r) => [r.status, r.error]));
  await refused('another method', await proof(pair, { htm: 'GET' }));
  await refused('another address', await proof(pair, { htu: B + '/oidc/par' }));
  await refused('another host', await proof(pair, { htu: 'https://evil.example/oidc/token' }));
  await refused('old', await proof(pair, { iat: now() - 120 }));
  await refused('of the future', await proof(pair, { iat: now() + 70 }));
  await refused('no iat', await proof(pair, { iat: undefined }));
  await refused('no jti', await proof(pair, { jti: undefined }));
  await refused('no htu', await proof(pair, { htu: undefined }));
  await refused('another typ', await proof(pair, {}, { typ: 'JWT' }));
  await refused('not a token', 'abc');
  await refused('another key in the header', await proof(pair, {}, { jwk: await jose.exportJWK(other.publicKey) }));
  await refused('a private key in the header', await proof(pair, {}, { jwk: await jose.exportJWK(pair.privateKey) }));
  want('query and fragment of htu do not count', 200, (await token(await proof(pair, { htu: B + '/oidc/token?x#y' }))).status);
  const p = await proof(pair);
  want('once', 200, (await token(p)).status);
  await refused('twice', p);
  const n = await token(await proof(pair), 'fapi-nonce');
  want('nonce asked for', [400, 'use_dpop_nonce', true], [n.status, n.error, !!n.headers.get('dpop-nonce')]);
  want('nonce given', 200, (await token(await proof(pair, { nonce: n.headers.get('dpop-nonce') }), 'fapi-nonce')).status);
  want('nonce made up', 'use_dpop_nonce', (await token(await proof(pair, { nonce: 'abc' }), 'fapi-nonce')).error);
  want('a wrong nonce is refused of everyone', 'use_dpop_nonce', (await token(await proof(pair, { nonce: 'abc' }))).error);
  // the token and its key
  const dpop = await client.randomDPoPKeyPair('ES256');
  const r = await signIn('fapi-app', { dpop });
  const at = r.tokens.access_token;
  const info = async (headers) => {
    const x = await fetch(B + '/oidc/userinfo', { headers });
    return [x.status, /error="(\w+)"/.exec(x.headers.get('www-authenticate') ?? '')?.[1]];
  };
  const ath = b64u(sha256(at));
  const pr = (k, change) => proof(k, { htm: 'GET', htu: B + '/oidc/userinfo', ath, ...change });
  want('with its key', [200, undefined], await info({ authorization: 'DPoP ' + at, dpop: await pr(dpop) }));
  want('the scheme in any case', [200, undefined], await info({ authorization: 'dPoP ' + at, dpop: await pr(dpop) }));
  want('as a bearer token', [401, 'invalid_token'], await info({ authorization: 'Bearer ' + at }));
  want('without proof', [401, 'invalid_dpop_proof'], await info({ authorization: 'DPoP ' + at }));
  want('with another key', [401, 'invalid_token'], await info({ authorization: 'DPoP ' + at, dpop: await pr(pair) }));
  want('without ath', [401, 'invalid_dpop_proof'], await info({ authorization: 'DPoP ' + at, dpop: await pr(dpop, { ath: undefined }) }));
  want('ath of another token', [401, 'invalid_dpop_proof'], await info({ authorization: 'DPoP ' + at, dpop: await pr(dpop, { ath: b64u(sha256('x')) }) }));
  const again = await pr(dpop);
  want('a proof once', [200, undefined], await info({ authorization: 'DPoP ' + at, dpop: again }));
  want('and not twice', [401, 'invalid_dpop_proof'], await info({ authorization: 'DPoP ' + at, dpop: again }));
  want('no token', [401, undefined], await info({}));
  want('a broken token', [401, 'invalid_token'], await info({ authorization: 'Bearer ' + at.slice(0, -2) }));
  want('an ID token', [401, 'invalid_token'], await info({ authorization: 'Bearer ' + r.tokens.id_token }));
  // a code bound to a key
  const jkt = await jose.calculateJwkThumbprint(await jose.exportJWK(dpop.publicKey));
  const v = client.randomPKCECodeVerifier();
  const pushed = await post('/oidc/par', { redirect_uri: 'https://dept.example/cb', scope: 'openid profile', response_type: 'code', dpop_jkt: jkt, code_challenge: challengeOf(v), code_challenge_method: 'S256', ...(await asserted('fapi-app')) });
  await r.browser.authorize(`${B}/oidc/authorize?client_id=fapi-app&request_uri=${encodeURIComponent(pushed.json.request_uri)}`, {});
  const k = { code: r.browser.location.searchParams.get('code'), verifier: v, redirect_uri: 'https://dept.example/cb' };
  const swap = async (p) => exchange('fapi-app', k, await asserted('fapi-app'), { dpop: p });
  want('dpop_jkt: another key', 'invalid_grant', (await swap(await proof(pair))).error);
  want('dpop_jkt: its key', 200, (await swap(await proof(dpop))).status);
  // a public application's refresh token is bound to its key
  const nk = await code('native-app', { more: { redirect_uri: 'http://127.0.0.1:49152/cb' } });
  const nt = await exchange('native-app', { ...nk, redirect_uri: 'http://127.0.0.1:49152/cb' }, { client_id: 'native-app' }, { dpop: await proof(dpop) });
  want('native', 200, nt.status);
  const refresh = async (p, t) => post('/oidc/token', { grant_type: 'refresh_token', refresh_token: t, client_id: 'native-app' }, { dpop: p });
  want('refresh by another key', 'invalid_dpop_proof', (await refresh(await proof(pair), nt.json.refresh_token)).error);
  const nr = await refresh(await proof(dpop), nt.json.refresh_token);
  ok('refresh by its key, rotated', nr.status === 200 && nr.json.refresh_token !== nt.json.refresh_token, nr.json);
});

part('mix-up and other clients', async () => {
  const r = await signIn('basic-app', { scope: 'openid offline_access' });
  const wrong = new URL(r.location);
  wrong.searchParams.set('iss', 'https://evil.example');
  want('a client sees another issuer', true, await client.authorizationCodeGrant(r.c, wrong, { pkceCodeVerifier: r.verifier, expectedState: r.state, expectedNonce: r.nonce }).then(() => false, () => true));
  const k = await code('basic-app');
  want('a code of another client', 'invalid_grant', (await exchange('post-app', k, { client_id: 'post-app', client_secret: secret }, {})).error);
  want('is still good for its own', 200, (await exchange('basic-app', k)).status);
  want('a refresh token of another client', 'invalid_grant', (await post('/oidc/token', { grant_type: 'refresh_token', refresh_token: r.tokens.refresh_token }, basic('eddsa-app'))).error);
  want('introspection by another client', { active: false }, (await post('/oidc/introspect', { token: r.tokens.access_token }, basic('eddsa-app'))).json);
  want('introspection by nobody', 401, (await post('/oidc/introspect', { token: r.tokens.access_token })).status);
  want('introspection without a token', 'invalid_request', (await post('/oidc/introspect', {}, basic('basic-app'))).error);
  want('revocation by another client is refused', 'invalid_grant', (await post('/oidc/revoke', { token: r.tokens.refresh_token }, basic('eddsa-app'))).error);
  want('revocation of nonsense is no error', 200, (await post('/oidc/revoke', { token: 'nonsense' }, basic('basic-app'))).status);
  want('revocation by nobody', 401, (await post('/oidc/revoke', { token: r.tokens.refresh_token })).status);
  want('the token holds', true, (await client.tokenIntrospection(r.c, r.tokens.access_token)).active);
  want('a refresh token is introspected', true, (await client.tokenIntrospection(r.c, r.tokens.refresh_token)).active);
});

part('broken, re-ordered, and after a crash', async () => {
  const k = await code('basic-app');
  for (const bad of [k.code.slice(0, -1), k.code + 'A', k.code.toLowerCase(), '', 'A'.repeat(5000)]) want('code ' + bad.slice(0, 12), true, ['invalid_grant', 'invalid_request'].includes((await exchange('basic-app', k, { code: bad })).error));
  want('a token before its code', 'invalid_grant', (await post('/oidc/token', { grant_type: 'refresh_token', refresh_token: k.code }, basic('basic-app'))).error);
  const c = await config('basic-app');
  const t = await exchange('basic-app', k);
  const used = await asserted('machine');
  want('an assertion before the crash', 200, (await post('/oidc/token', { grant_type: 'client_credentials', ...used })).status);
  await node.kill();
  await node.run([]);
  want('a used assertion after a crash', 'invalid_client', (await post('/oidc/token', { grant_type: 'client_credentials', ...used })).error);
  want('a token lives on', true, (await client.tokenIntrospection(c, t.json.access_token)).active);
  want('so does a session', true, (await ask({ scope: 'openid profile', prompt: 'none' }, k.browser)).location.searchParams.has('code'));
  want('a used code after a crash', 'invalid_grant', (await exchange('basic-app', k)).error);
  want('revokes', false, (await client.tokenIntrospection(c, t.json.access_token)).active);
});

try {
  for (const p of parts) {
    if (only && !p.name.includes(only)) continue;
    try {
      await p.run();
    } catch (e) {
      failed++;
      console.log(`not so: ${p.name}: ${e.stack}\n${JSON.stringify(e.cause ?? '')}`);
    }
  }
} finally {
  if (failed) console.log(node.log.split('\n').filter((l) => !l.includes('/login/once/')).join('\n'));
  receiver.close();
  await node.stop();
}
console.log(`oidc: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
