// What the OpenID Foundation's conformance suite asks of a provider, module by module under the suite's own names: the plans
// oidcc-basic, oidcc-config, oidcc-rp-initiated-logout, oidcc-backchannel and fapi2-security-profile-final (private_key_jwt, DPoP,
// OpenID). Called by check.mjs with its helpers. Where the suite sends no PKCE these tests do: it is required here (docs/oidc.md).
import { randomBytes } from 'node:crypto';

export function conformance(h) {
  const { part, want, ok, node, B, post, basic, asserted, assertion, proof, code, exchange, ask, sentBack, signIn, challengeOf, client, jose, sha256, b64u, secret, cb, redirect, es, ed, ps, other, now, told } = h;
  const decode = (t) => jose.decodeJwt(t);
  const info = async (token, init = {}) => {
    const r = await fetch(B + '/oidc/userinfo', { ...init, headers: token ? { authorization: 'Bearer ' + token, ...init.headers } : init.headers });
    return { status: r.status, type: r.headers.get('content-type'), json: await r.json().catch(() => ({})) };
  };
  const whole = async (id, more = {}, scope = 'openid profile', browser, name) => {
    const k = await code(id, { more, scope, browser, name });
    const t = await exchange(id, k);
    return { ...k, tokens: t.json, claims: t.json.id_token && decode(t.json.id_token), status: t.status };
  };
  const pause = (ms) => new Promise((f) => setTimeout(f, ms));

  // ---- oidcc-config ----

  part('oidcc-discovery-endpoint-verification', async () => {
    const r = await fetch(B + '/.well-known/openid-configuration');
    const d = await r.json();
    want('status and type', [200, 'application/json'], [r.status, r.headers.get('content-type')]);
    want('issuer', B, d.issuer);
    for (const e of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'pushed_authorization_request_endpoint', 'introspection_endpoint', 'revocation_endpoint', 'end_session_endpoint']) {
      const u = new URL(d[e]);
      ok(e, u.origin === B && !u.hash && !u.search, d[e]);
    }
    for (const l of ['response_types_supported', 'subject_types_supported', 'id_token_signing_alg_values_supported', 'scopes_supported', 'claims_supported', 'token_endpoint_auth_signing_alg_values_supported', 'ui_locales_supported', 'grant_types_supported']) {
      ok(l, Array.isArray(d[l]) && d[l].length > 0 && d[l].every((x) => typeof x === 'string') && new Set(d[l]).size === d[l].length, d[l]);
    }
    for (const b of ['claims_parameter_supported', 'request_parameter_supported', 'request_uri_parameter_supported', 'require_request_uri_registration', 'authorization_response_iss_parameter_supported', 'backchannel_logout_supported', 'backchannel_logout_session_supported']) ok(b, typeof d[b] === 'boolean', d[b]);
    ok('RS256 for ID tokens', d.id_token_signing_alg_values_supported.includes('RS256'));
    ok('openid is a scope', d.scopes_supported.includes('openid'));
    for (const l of Object.keys(d).filter((k) => /_alg_values_supported$/.test(k))) ok(l + ' has no none', !d[l].includes('none') && !d[l].some((a) => /^HS/.test(a)), d[l]);
    want('none or a secret is no way in for FAPI, but private_key_jwt is there', true, d.token_endpoint_auth_methods_supported.includes('private_key_jwt'));
    const keys = (await (await fetch(d.jwks_uri)).json()).keys;
    ok('keys are public, for signatures, with distinct kid and alg', keys.every((k) => k.kid && k.alg && k.use === 'sig' && !['d', 'p', 'q', 'k', 'oth'].some((m) => m in k)) && new Set(keys.map((k) => k.kid)).size === keys.length);
    ok('RSA keys have 2048 bits and more', keys.filter((k) => k.kty === 'RSA').every((k) => Buffer.from(k.n, 'base64url').length >= 256 && k.e === 'AQAB') && keys.some((k) => k.kty === 'RSA'));
  });

  part('oidcc-server-rotate-keys', async () => {
    // Keys follow the week: the next one stands in the set before it is used, the former after. What is signed names one of them.
    const keys = (await (await fetch(B + '/oidc/jwks')).json()).keys;
    const t = await whole('basic-app');
    const kid = jose.decodeProtectedHeader(t.tokens.id_token).kid;
    const n = Number(kid.split('-')[1]);
    for (const a of ['es256', 'eddsa', 'rs256']) want(a, [n - 1, n, n + 1], keys.filter((k) => k.kid.startsWith(a)).map((k) => Number(k.kid.split('-')[1])).sort());
  });

  // ---- oidcc-basic ----

  part('oidcc-server, oidcc-idtoken-signature', async () => {
    const t = await whole('basic-app', { nonce: 'the nonce' });
    const set = jose.createRemoteJWKSet(new URL(B + '/oidc/jwks'));
    const { payload, protectedHeader } = await jose.jwtVerify(t.tokens.id_token, set, { issuer: B, audience: 'basic-app' });
    want('alg, kid', ['ES256', true], [protectedHeader.alg, !!protectedHeader.kid]);
    want('nonce', 'the nonce', payload.nonce);
    ok('iat, exp, auth_time', Math.abs(payload.iat - now()) < 10 && payload.exp > payload.iat && payload.auth_time <= payload.iat);
    want('aud is one text', 'basic-app', payload.aud);
    ok('azp is absent or the client', payload.azp === undefined || payload.azp === 'basic-app');
    want('at_hash', b64u(sha256(t.tokens.access_token).subarray(0, 16)), payload.at_hash);
    ok('sub is at most 255 characters of ASCII', /^[\x21-\x7e]{1,255}$/.test(payload.sub));
    ok('token_type, expires_in', /^Bearer$/i.test(t.tokens.token_type) && t.tokens.expires_in > 0);
  });
  part('oidcc-response-type-missing', async () => want('', 'invalid_request', sentBack(await ask({ response_type: undefined }))));
  part('oidcc-userinfo-get, -post-header, -post-body', async () => {
    const t = await whole('basic-app');
    const token = t.tokens.access_token;
    const get = await info(token);
    want('get', [200, 'application/json', t.claims.sub], [get.status, get.type, get.json.sub]);
    want('post-header', [200, t.claims.sub], await info(token, { method: 'POST' }).then((r) => [r.status, r.json.sub]));
    want('post-body', [200, t.claims.sub], await info(null, { method: 'POST', body: new URLSearchParams({ access_token: token }) }).then((r) => [r.status, r.json.sub]));
    want('not from JSON (RFC 6750, 2.2)', 401, (await info(null, { method: 'POST', body: JSON.stringify({ access_token: token }), headers: { 'content-type': 'application/json' } })).status);
    const form = new FormData();
    form.append('access_token', token);
    want('nor from a form of several parts', 401, (await info(null, { method: 'POST', body: form })).status);
    want('nor from the address', 401, (await fetch(B + '/oidc/userinfo?access_token=' + token)).status);
    want('nor twice', 400, (await info(token, { method: 'POST', body: new URLSearchParams({ access_token: token }) })).status);
  });
  part('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async () => {
    const t = await whole('basic-app', { nonce: '' });
    want('', [200, undefined], [t.status, t.claims.nonce]);
  });
  part('oidcc-scope-profile, -phone, -address, -email, -all, oidcc-ensure-other-scope-order-succeeds', async () => {
    const claims = async (scope) => {
      const t = await whole('basic-app', {}, scope);
      return Object.keys((await info(t.tokens.access_token)).json).sort().join(' ');
    };
    want('profile', 'name sub', await claims('openid profile'));
    want('phone', 'phone_number sub', await claims('openid phone'));
    want('address', 'address sub', await claims('openid address'));
    want('email is nothing a node knows, and is passed over', 'sub', await claims('openid email'));
    want('all', 'address name phone_number sub', await claims('openid profile email address phone'));
    want('another order', 'name sub', await claims('profile openid'));
  });
  part('oidcc-display-page, -popup, oidcc-login-hint, oidcc-ui-locales, oidcc-claims-locales, -unknown-parameter', async () => {
    for (const more of [{ display: 'page' }, { display: 'popup' }, { login_hint: 'bob@example.com' }, { ui_locales: 'se' }, { claims_locales: 'se' }, { extra: 'foobar' }]) want(JSON.stringify(more), 200, (await whole('basic-app', more)).status);
  });
  part('oidcc-prompt-login', async () => {
    const b = await node.browser().signIn('林知夏');
    const first = await whole('basic-app', {}, 'openid profile', b);
    await pause(1100);
    const second = await whole('basic-app', { prompt: 'login' }, 'openid profile', b);
    ok('signed in anew', second.claims.auth_time > first.claims.auth_time);
    want('the same person', first.claims.sub, second.claims.sub);
  });
  part('oidcc-prompt-none-not-logged-in, -logged-in', async () => {
    want('not', 'login_required', sentBack(await ask({ prompt: 'none' })));
    const b = await node.browser().signIn('林知夏');
    const first = await whole('basic-app', {}, 'openid profile', b);
    const second = await whole('basic-app', { prompt: 'none' }, 'openid profile', b);
    want('the same sub and auth_time', [first.claims.sub, first.claims.auth_time], [second.claims?.sub, second.claims?.auth_time]);
  });
  part('oidcc-max-age-1, oidcc-max-age-10000', async () => {
    const b = await node.browser().signIn('林知夏');
    const first = await whole('basic-app', {}, 'openid profile', b);
    await pause(2200);
    const again = await whole('basic-app', { max_age: '10000' }, 'openid profile', b);
    want('10000: the same', first.claims.auth_time, again.claims.auth_time);
    const anew = await whole('basic-app', { max_age: '1' }, 'openid profile', b);
    ok('1: anew, and told when', anew.claims.auth_time > first.claims.auth_time && now() - anew.claims.auth_time <= 2);
    await ask({ scope: 'openid profile', max_age: '0', prompt: 'none' }, b);
    ok('0 with prompt none', ['login_required', null].includes(sentBack(b)), sentBack(b));
  });
  part('oidcc-id-token-hint', async () => {
    const b = await node.browser().signIn('林知夏');
    const first = await whole('basic-app', {}, 'openid profile', b);
    const second = await whole('basic-app', { prompt: 'none', id_token_hint: first.tokens.id_token }, 'openid profile', b);
    want('the same sub', first.claims.sub, second.claims?.sub);
  });
  part('oidcc-ensure-request-with-acr-values-succeeds, oidcc-claims-essential', async () => {
    const t = await whole('basic-app', { acr_values: 'urn:tongban:acr:1 urn:other' });
    ok('acr', t.claims.acr.startsWith('urn:tongban:acr:'));
    const e = await whole('basic-app', { claims: JSON.stringify({ userinfo: { name: { essential: true } } }) }, 'openid profile');
    ok('name', (await info(e.tokens.access_token)).json.name);
    // Core 3.1.2.2 and 5.5.1: sub with a value is that person or nobody.
    const one = (value) => ({ claims: JSON.stringify({ id_token: { sub: { value } } }), prompt: 'none', scope: 'openid profile' });
    const b = e.browser;
    ok('sub with the value of who is here', (await ask(one(e.claims.sub), b)).location.searchParams.has('code'));
    want('sub with another value', 'login_required', sentBack(await ask(one('somebody else'), b)));
  });
  part('oidcc-codereuse, oidcc-codereuse-30seconds', async () => {
    for (const wait of [0, 1500]) {
      const k = await code('basic-app');
      const t = await exchange('basic-app', k);
      await pause(wait);
      want('the second use', [400, 'invalid_grant'], await exchange('basic-app', k).then((r) => [r.status, r.error]));
      want('ends the token of the first', 401, (await info(t.json.access_token)).status);
    }
  });
  part('oidcc-ensure-registered-redirect-uri, -redirect-uri-query-added, -mismatch', async () => {
    for (const uri of [cb + '/', cb + '?x=y', cb + '?keep=1&x=y', 'https://app.example/', cb + '#']) want(uri, 'shown 400', sentBack(await ask({ redirect_uri: uri })));
  });
  part('oidcc-ensure-post-request-succeeds', async () => {
    const b = await node.browser().signIn('林知夏');
    await b.fetch('/oidc/authorize', { method: 'POST', body: new URLSearchParams({ client_id: 'basic-app', redirect_uri: cb, response_type: 'code', scope: 'openid', state: 's', nonce: 'n', code_challenge: challengeOf('x'.repeat(43)), code_challenge_method: 'S256' }) });
    ok('', b.location?.searchParams.has('code'), b.status);
  });
  part('oidcc-server-client-secret-post', async () => {
    const k = await code('post-app');
    want('by post', 200, (await exchange('post-app', k, { client_id: 'post-app', client_secret: secret }, {})).status);
    const l = await code('post-app');
    want('not by Basic, which it did not register', [401, 'invalid_client'], await exchange('post-app', l).then((r) => [r.status, r.error]));
  });
  part('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', async () => {
    const object = b64u('{"alg":"none"}') + '.' + b64u(JSON.stringify({ client_id: 'rs256-app', redirect_uri: cb, response_type: 'code', scope: 'openid' })) + '.';
    want('with a key', 'invalid_request_object', sentBack(await ask({ client_id: 'rs256-app', request: object })));
    want('without', 'request_not_supported', sentBack(await ask({ request: object })));
  });
  part('oidcc-ensure-request-object-with-redirect-uri', async () => {
    const verifier = client.randomPKCECodeVerifier();
    const claims = { iss: 'rs256-app', aud: B, exp: now() + 60, client_id: 'rs256-app', redirect_uri: cb, response_type: 'code', scope: 'openid', state: 'inside', nonce: 'inside', max_age: 10000, claims: { id_token: { auth_time: { essential: true } } }, code_challenge: challengeOf(verifier), code_challenge_method: 'S256' };
    const sign = (c) => new jose.SignJWT(c).setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'oauth-authz-req+jwt' }).sign(es.privateKey);
    const b = await node.browser().signIn('林知夏');
    const go = async (c, outside = {}) => b.authorize(B + '/oidc/authorize?' + new URLSearchParams({ client_id: 'rs256-app', response_type: 'code', scope: 'openid', request: await sign(c), ...outside }), { scopes: [] });
    await go(claims, { state: 'outside', redirect_uri: 'https://evil.example/' });
    want('what is inside counts', ['inside', true], [b.location.searchParams.get('state'), b.location.href.startsWith(cb)]);
    await go({ ...claims, redirect_uri: 'https://evil.example/' });
    want('an unregistered address inside is not followed', 400, b.status);
    await go({ ...claims, sub: 'rs256-app' });
    ok('a client assertion is no request (RFC 9101, 10.8)', b.status === 400 || b.location?.searchParams.get('error') === 'invalid_request_object', b.status);
    await b.fetch(B + '/oidc/authorize?' + new URLSearchParams({ client_id: 'rs256-app', redirect_uri: cb, response_type: 'code', scope: 'openid', request: await sign(claims), request_uri: 'urn:ietf:params:oauth:request_uri:x' }));
    want('not with request_uri (RFC 9101, 5)', 'invalid_request', sentBack(b));
  });
  part('oidcc-refresh-token', async () => {
    const t = await whole('basic-app', { prompt: 'consent' }, 'openid profile offline_access');
    const r = await post('/oidc/token', { grant_type: 'refresh_token', refresh_token: t.tokens.refresh_token }, basic('basic-app'));
    const c = decode(r.json.id_token);
    want('iss, sub, aud, auth_time as at first (Core 12.2)', [t.claims.iss, t.claims.sub, t.claims.aud, t.claims.auth_time], [c.iss, c.sub, c.aud, c.auth_time]);
    want('no nonce, or that of the request', true, c.nonce === undefined || c.nonce === t.claims.nonce);
    want('by another client', 'invalid_grant', (await post('/oidc/token', { grant_type: 'refresh_token', refresh_token: r.json.refresh_token, client_id: 'post-app', client_secret: secret })).error);
    want('and is not spoiled by that', 200, (await post('/oidc/token', { grant_type: 'refresh_token', refresh_token: r.json.refresh_token }, basic('basic-app'))).status);
  });

  // ---- oidcc-rp-initiated-logout, oidcc-backchannel ----

  part('oidcc-rp-initiated-logout and its variations, oidcc-backchannel-rp-initiated-logout', async () => {
    const out = 'https://app.example/out';
    const start = async () => {
      const b = await node.browser().signIn('欧阳明');
      return { b, t: await whole('basic-app', {}, 'openid profile', b, '欧阳明') };
    };
    const go = (b, q) => b.fetch('/oidc/logout?' + new URLSearchParams(q));
    const signedOut = async (b) => sentBack(await ask({ scope: 'openid profile', prompt: 'none' }, b)) === 'login_required';
    let { b, t } = await start();
    const hint = t.tokens.id_token;
    const [head, body, sig] = hint.split('.');
    const bad = (u) => go(b, u).then((x) => [x.status, !!x.location && x.location.origin !== B]);
    want('bad-post-logout-redirect-uri', [400, false], await bad({ id_token_hint: hint, post_logout_redirect_uri: out + '/evil' }));
    want('query-added-to-post-logout-redirect-uri', [400, false], await bad({ id_token_hint: hint, post_logout_redirect_uri: out + '?foo=bar' }));
    want('no-id-token-hint: an address of nobody', [400, false], await bad({ post_logout_redirect_uri: out }));
    want('modified-id-token-hint', [400, false], await bad({ id_token_hint: [head, b64u(JSON.stringify({ ...t.claims, sub: 'x' })), sig].join('.'), post_logout_redirect_uri: out }));
    want('bad-id-token-hint', [400, false], await bad({ id_token_hint: 'https://www.example.com', post_logout_redirect_uri: out }));
    want('hint of another client', [400, false], await bad({ id_token_hint: hint, client_id: 'post-app', post_logout_redirect_uri: out }));
    want('an access token as hint', [400, false], await bad({ id_token_hint: t.tokens.access_token, post_logout_redirect_uri: out }));
    want('none of these signed out', false, await signedOut(b));
    for (const [name, q] of [['no-params', {}], ['only-state', { state: 's' }]]) {
      await go(b, q);
      ok(name + ': asked, and nobody is sent away', b.status === 200 && /oidc\/logout\/confirm/.test(b.html));
      await b.submit('/oidc/logout/confirm', [['decision', 'yes']]);
      ok(name + ': a page of ours', !b.location && b.status === 200, b.status);
      want(name + ': signed out', true, await signedOut(b));
      await b.signIn('欧阳明');
    }
    told.length = 0;
    ({ b, t } = await start());
    await go(b, { id_token_hint: t.tokens.id_token, post_logout_redirect_uri: out });
    want('no-state', out, b.location?.href);
    want('signed out', true, await signedOut(b));
    const find = () => told.find((x) => x.path === '/basic-app' && decode(x.token).sid === t.claims.sid);
    for (let i = 0; i < 100 && !find(); i++) await pause(100);
    const l = find();
    const c = l && decode(l.token);
    want('backchannel: a form with logout_token', 'application/x-www-form-urlencoded', l?.type);
    want('backchannel: iss, aud, sub, sid; events; no nonce', [B, 'basic-app', t.claims.sub, t.claims.sid, '{"http://schemas.openid.net/event/backchannel-logout":{}}', undefined], [c?.iss, c?.aud, c?.sub, c?.sid, JSON.stringify(c?.events), c?.nonce]);
    ok('backchannel: iat, exp, jti', c && c.iat <= now() + 1 && c.exp > c.iat && c.jti);
    ({ b, t } = await start());
    await go(b, { id_token_hint: t.tokens.id_token });
    ok('no-post-logout-redirect-uri: a page of ours', !b.location && b.status === 200);
    // By POST of another site: the cookie stays behind (SameSite=Lax), so it goes round by GET, which is a navigation.
    ({ b, t } = await start());
    const lax = await node.browser().fetch('/oidc/logout', { method: 'POST', body: new URLSearchParams({ id_token_hint: t.tokens.id_token, post_logout_redirect_uri: out, state: 'x' }), headers: { 'sec-fetch-site': 'cross-site' } });
    want('post from another site goes round', [303, '/oidc/logout'], [lax.status, lax.location?.pathname]);
    await b.fetch(lax.location);
    want('and then is followed', out + '?state=x', b.location?.href);
    want('and signs out', true, await signedOut(b));
  });

  // ---- fapi2-security-profile-final ----

  const pair = () => jose.generateKeyPair('ES256', { extractable: true });
  const params = (verifier, more = {}) => ({ redirect_uri: redirect('fapi-app'), scope: 'openid', response_type: 'code', state: 's', nonce: 'n', code_challenge: challengeOf(verifier), code_challenge_method: 'S256', ...more });
  const push = async (body, id = 'fapi-app', change, how, headers) => post('/oidc/par', { ...Object.fromEntries(Object.entries(body).filter(([, v]) => v !== undefined)), ...(await asserted(id, change, how)) }, headers);
  const address = (uri, id = 'fapi-app', more = {}) => `${B}/oidc/authorize?` + new URLSearchParams({ client_id: id, request_uri: uri, ...more });
  const flow = async (more = {}, id = 'fapi-app') => {
    const verifier = client.randomPKCECodeVerifier();
    const pushed = await push(params(verifier, more), id);
    const b = await node.browser().signIn('林知夏');
    await b.authorize(address(pushed.json.request_uri, id), { scopes: ['openid', 'offline_access'] });
    return { b, pushed, code: b.location?.searchParams.get('code'), verifier, redirect_uri: redirect(id) };
  };
  const swap = async (k, dpop, change = {}, id = 'fapi-app', how) => exchange(id, k, { ...(await asserted(id, {}, how)), ...change }, dpop ? { dpop } : {});

  part('fapi2-security-profile-final-happy-flow', async () => {
    const k = await flow();
    const key = await pair();
    const t = await swap(k, await proof(key));
    const c = decode(t.json.id_token);
    want('iss in the answer', B, k.b.location.searchParams.get('iss'));
    want('state', 's', k.b.location.searchParams.get('state'));
    ok('the code has 128 random bits and lives a minute at most', k.code.length >= 22);
    want('token_type, alg, nonce', ['DPoP', 'ES256', 'n'], [t.json.token_type, jose.decodeProtectedHeader(t.json.id_token).alg, c.nonce]);
    ok('the request_uri lives less than ten minutes and cannot be guessed', k.pushed.json.expires_in < 600 && k.pushed.json.expires_in >= 5 && k.pushed.json.request_uri.length > 60);
    ok('no refresh token unasked', !t.json.refresh_token);
  });
  part('fapi2-…-ensure-authorization-request-without-state-success, -without-nonce-success, -with-long-nonce, -with-long-state', async () => {
    want('no state', [true, false], await flow({ state: undefined }).then((k) => [!!k.code, k.b.location.searchParams.has('state')]));
    want('no nonce', true, !!(await flow({ nonce: undefined })).code);
    const long = 'abcdefgh'.repeat(48);
    want('a state of 384 characters', long, (await flow({ state: long })).b.location.searchParams.get('state'));
    const k = await flow({ nonce: long });
    want('a nonce of 384 characters', long, decode((await swap(k, await proof(await pair()))).json.id_token).nonce);
  });
  part('fapi2-…-ensure-different-nonce-inside-and-outside, -state-inside-and-outside: what was pushed counts', async () => {
    const verifier = client.randomPKCECodeVerifier();
    const pushed = await push(params(verifier, { nonce: 'inside', state: 'inside' }));
    const b = await node.browser().signIn('林知夏');
    await b.authorize(address(pushed.json.request_uri, 'fapi-app', { nonce: 'outside', state: 'outside', redirect_uri: 'https://evil.example/', scope: 'openid profile phone' }), { scopes: [] });
    want('state, address', ['inside', 'https://dept.example'], [b.location.searchParams.get('state'), b.location.origin]);
    const t = await swap({ code: b.location.searchParams.get('code'), verifier, redirect_uri: redirect('fapi-app') }, await proof(await pair()));
    want('nonce, scope', ['inside', 'openid'], [decode(t.json.id_token).nonce, t.json.scope]);
    const bare = await push(params(verifier, { state: undefined }));
    await b.authorize(address(bare.json.request_uri, 'fapi-app', { state: 'outside' }), {});
    want('state-only-outside-request-object-not-used', false, b.location.searchParams.has('state'));
  });
  part('fapi2-…-par-attempt-reuse-request_uri, -ensure-reused-request-uri-prior-to-auth-completion-succeeds, -different-client, -expired', async () => {
    const verifier = client.randomPKCECodeVerifier();
    const pushed = await push(params(verifier));
    const b = node.browser();
    await b.fetch(address(pushed.json.request_uri));
    want('opened once, not gone on with', '/login', b.location?.pathname);
    await b.signIn('林知夏');
    await b.authorize(address(pushed.json.request_uri), {});
    ok('opened again before it is done', b.location?.searchParams.has('code'));
    await b.fetch(address(pushed.json.request_uri));
    want('opened after', 'shown 400', sentBack(b));
    const mine = await push(params(verifier));
    await b.fetch(address(mine.json.request_uri, 'fapi-nonce'));
    want('by another client', 'shown 400', sentBack(b));
    await b.fetch(address('urn:ietf:params:oauth:request_uri:' + b64u(randomBytes(32))));
    want('made up', 'shown 400', sentBack(b));
  });
  part('fapi2-…-par-authorization-request-containing-request_uri-form-param, -without-request_uri, -plain-pkce-rejected, -missing-pkce, -pkce-incorrect-code-verifier', async () => {
    const v = client.randomPKCECodeVerifier();
    want('request_uri in the form', [400, 'invalid_request'], await push(params(v, { request_uri: 'urn:x' })).then((r) => [r.status, r.error]));
    want('plain', 'invalid_request', (await push(params(v, { code_challenge: v, code_challenge_method: 'plain' }))).error);
    want('no challenge', 'invalid_request', (await push(params(v, { code_challenge: undefined, code_challenge_method: undefined }))).error);
    want('unpushed', 'invalid_request', sentBack(await ask({ client_id: 'fapi-app', redirect_uri: redirect('fapi-app') })));
    const k = await flow();
    want('another verifier', 'invalid_grant', (await swap({ ...k, verifier: client.randomPKCECodeVerifier() }, await proof(await pair()))).error);
    want('no verifier', 'invalid_request', (await swap(k, await proof(await pair()), { code_verifier: undefined })).error);
  });
  part('fapi2-…-ensure-redirect-uri-in-authorization-request, -ensure-response-type-code-…, -unregistered-redirect, response types rejected', async () => {
    const v = client.randomPKCECodeVerifier();
    want('no redirect_uri', 'invalid_request', (await push(params(v, { redirect_uri: undefined }))).error);
    want('another', 'invalid_request', (await push(params(v, { redirect_uri: 'https://dept.example/cb/other' }))).error);
    for (const t of ['token', 'id_token', 'code id_token', 'code token', 'code id_token token', 'none']) want(t, 'unsupported_response_type', (await push(params(v, { response_type: t }))).error);
    want('no response_type', 'invalid_request', (await push(params(v, { response_type: undefined }))).error);
    want('fragment', 'invalid_request', (await push(params(v, { response_mode: 'fragment' }))).error);
    want('client_id of another', 'invalid_client', (await push(params(v, { client_id: 'fapi-nonce' }))).error);
    want('two resources', 'invalid_target', (await post('/oidc/par', new URLSearchParams([...Object.entries({ ...params(v), ...(await asserted('fapi-app')) }), ['resource', 'https://a.example'], ['resource', 'https://b.example']]))).error);
  });
  part('fapi2-…-client assertions: aud, iss, sub, exp, nbf, alg, reuse', async () => {
    const v = client.randomPKCECodeVerifier();
    const at = async (change, how) => {
      const r = await push(params(v), 'fapi-app', change, how);
      return r.status === 201 ? 'taken' : [r.status, r.error].join(' ');
    };
    const no = '401 invalid_client';
    want('issuer as aud', 'taken', await at({}));
    want('token endpoint as aud', no, await at({ aud: B + '/oidc/token' }));
    want('PAR endpoint as aud', no, await at({ aud: B + '/oidc/par' }));
    want('issuer in a list', no, await at({ aud: [B] }));
    want('issuer beside another', no, await at({ aud: [B, 'https://other.example'] }));
    want('nbf 8 s ahead', 'taken', await at({ nbf: now() + 8 }));
    want('nbf 61 s ahead', no, await at({ nbf: now() + 61 }));
    want('iat 8 s ahead', 'taken', await at({ iat: now() + 8 }));
    want('expired 5 minutes ago', no, await at({ iat: now() - 360, exp: now() - 300 }));
    want('no exp', no, await at({ exp: undefined }));
    want('no sub', no, await at({ sub: undefined }));
    want('no iss', no, await at({ iss: undefined }));
    want('no aud', no, await at({ aud: undefined }));
    want('sub of another client', no, await at({ sub: 'fapi-nonce' }));
    want('iss of another client', no, await at({ iss: 'fapi-nonce' }));
    want('both of another client', no, await at({ iss: 'fapi-nonce', sub: 'fapi-nonce' }, { key: other.privateKey }));
    want('another key', no, await at({}, { key: other.privateKey }));
    for (const [alg, k, kid] of [['PS256', ps, 'k3'], ['EdDSA', ed, 'k2']]) want(alg, 'taken', await at({}, { key: k.privateKey, header: { alg, kid } }));
    const rs = await jose.importJWK({ ...(await jose.exportJWK(ps.privateKey)), alg: 'RS256' }, 'RS256');
    want('RS256', no, await at({}, { key: rs, header: { alg: 'RS256', kid: 'k3' } }));
    const once = await asserted('fapi-app');
    want('first', 201, (await post('/oidc/par', { ...params(v), ...once })).status);
    want('the same at another endpoint', 'invalid_client', (await post('/oidc/token', { grant_type: 'client_credentials', ...once }, { dpop: await proof(await pair()) })).error);
    const k = await flow();
    want('no assertion at the token endpoint', [401, 'invalid_client'], await exchange('fapi-app', k, { client_id: 'fapi-app' }, { dpop: await proof(await pair()) }).then((r) => [r.status, r.error]));
    // OpenID Connect Core, 9, and RFC 9126, 2, for the basic profile: our names, and nobody else's beside them.
    const basicAt = async (aud) => {
      const r = await post('/oidc/par', { ...params(v, { redirect_uri: cb }), ...(await asserted('rs256-app', { aud })) });
      return r.status === 201 ? 'taken' : [r.status, r.error].join(' ');
    };
    for (const aud of [B, B + '/oidc/token', B + '/oidc/par', [B, B + '/oidc/token']]) want('basic: ' + aud, 'taken', await basicAt(aud));
    for (const aud of ['https://other.example', [B, 'https://other.example'], [], B + '/', B + '/oidc/revoke', { a: B }]) want('basic: ' + JSON.stringify(aud), no, await basicAt(aud));
  });
  part('fapi2-…-attempt-to-use-code-for-another-client, -reuse-authorization-code-after-one-second', async () => {
    const key = await pair();
    const k = await flow();
    want('another client', 'invalid_grant', (await swap(k, await proof(key), {}, 'fapi-nonce').then(async (r) => (r.error === 'use_dpop_nonce' ? swap(k, await proof(key, { nonce: r.headers.get('dpop-nonce') }), {}, 'fapi-nonce') : r))).error);
    const t = await swap(k, await proof(key));
    want('its own', 200, t.status);
    await pause(1100);
    want('again', 'invalid_grant', (await swap(k, await proof(key))).error);
    const r = await fetch(B + '/oidc/userinfo', { headers: { authorization: 'DPoP ' + t.json.access_token, dpop: await proof(key, { htm: 'GET', htu: B + '/oidc/userinfo', ath: b64u(sha256(t.json.access_token)) }) } });
    want('and its token is dead', 401, r.status);
  });
  part('fapi2-…-dpop-negative-tests', async () => {
    const key = await pair();
    const k = await flow();
    const bad = async (name, p) => want(name, [400, 'invalid_dpop_proof'], await swap(k, p).then((r) => [r.status, r.error]));
    await bad('missing', null);
    await bad('htm', await proof(key, { htm: 'PUT' }));
    await bad('htu', await proof(key, { htu: B + '/oidc/tokens' }));
    await bad('htu of http', await proof(key, { htu: B.replace('http:', 'https:') + '/oidc/token' }));
    await bad('iat 70 s ago', await proof(key, { iat: now() - 80 }));
    await bad('iat ahead', await proof(key, { iat: now() + 30 }));
    await bad('no jti', await proof(key, { jti: undefined }));
    await bad('jti that is no text', await proof(key, { jti: 7 }));
    await bad('typ', await proof(key, {}, { typ: 'dpop' }));
    await bad('no typ', await proof(key, {}, { typ: undefined }));
    await bad('no jwk', await proof(key, {}, { jwk: undefined }));
    await bad('jwk of another key', await proof(key, {}, { jwk: await jose.exportJWK(other.publicKey) }));
    await bad('private jwk', await proof(key, {}, { jwk: await jose.exportJWK(key.privateKey) }));
    await bad('two proofs in one header', (await proof(key)) + ', ' + (await proof(key)));
    const hs = new TextEncoder().encode('x'.repeat(32));
    await bad('HS256', await new jose.SignJWT({ jti: 'x', htm: 'POST', htu: B + '/oidc/token', iat: now() }).setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk: { kty: 'oct', k: b64u(hs) } }).sign(hs));
    const rs = await jose.generateKeyPair('RS256', { extractable: true });
    await bad('RS256', await new jose.SignJWT({ jti: 'x', htm: 'POST', htu: B + '/oidc/token', iat: now() }).setProtectedHeader({ alg: 'RS256', typ: 'dpop+jwt', jwk: await jose.exportJWK(rs.publicKey) }).sign(rs.privateKey));
    want('htu in capitals of scheme and host, with query', 200, (await swap(k, await proof(key, { htu: B.toUpperCase() + '/oidc/token?a=b#c' }))).status);
    // dpop_jkt and the proof at the pushed request bind the code (RFC 9449, 10).
    const v = client.randomPKCECodeVerifier();
    const jkt = await jose.calculateJwkThumbprint(await jose.exportJWK(key.publicKey));
    want('dpop_jkt against the proof beside it', [400, 'invalid_dpop_proof'], await push(params(v, { dpop_jkt: jkt }), 'fapi-app', {}, {}, { dpop: await proof(other, { htu: B + '/oidc/par' }) }).then((r) => [r.status, r.error]));
    const bound = await push(params(v), 'fapi-app', {}, {}, { dpop: await proof(key, { htu: B + '/oidc/par' }) });
    await k.b.authorize(address(bound.json.request_uri), {});
    const c = { code: k.b.location.searchParams.get('code'), verifier: v, redirect_uri: redirect('fapi-app') };
    want('proof at the pushed request: another key', 'invalid_grant', (await swap(c, await proof(other))).error);
    want('and the same', 200, (await swap(c, await proof(key))).status);
  });
  part('fapi2-…-refresh-token', async () => {
    const key = await pair();
    const k = await flow({ scope: 'openid offline_access', prompt: 'consent' });
    const t = await swap(k, await proof(key));
    const refresh = async (token, p, id = 'fapi-app') => post('/oidc/token', { grant_type: 'refresh_token', refresh_token: token, ...(await asserted(id)) }, p ? { dpop: p } : {});
    const r = await refresh(t.json.refresh_token, await proof(key));
    want('refreshed', [200, undefined], [r.status, r.json.refresh_token]);
    want('no proof', 'invalid_dpop_proof', (await refresh(t.json.refresh_token, null)).error);
    want('the same again: not rotated (5.3.2.1)', 200, (await refresh(t.json.refresh_token, await proof(key))).status);
    want('by another client', 'invalid_grant', (await refresh(t.json.refresh_token, await proof(key), 'fapi-signed')).error);
    want('made up', 'invalid_grant', (await refresh(b64u(randomBytes(32)), await proof(key))).error);
  });
  part('fapi2-…-ensure-unsigned-request-at-par-endpoint-fails, -par-pushed-authorization-url-as-audience-in-request-object', async () => {
    const v = client.randomPKCECodeVerifier();
    const object = (change = {}) => new jose.SignJWT({ ...params(v), redirect_uri: redirect('fapi-signed'), client_id: 'fapi-signed', iss: 'fapi-signed', aud: B, nbf: now(), exp: now() + 60, ...change }).setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'oauth-authz-req+jwt' }).sign(es.privateKey);
    const at = async (request, id = 'fapi-signed') => push({ request }, id).then((r) => (r.status === 201 ? 'taken' : r.error));
    want('signed', 'taken', await at(await object()));
    want('unsigned', 'invalid_request_object', await at(b64u('{"alg":"none"}') + '.' + b64u(JSON.stringify({ client_id: 'fapi-signed', iss: 'fapi-signed', aud: B, exp: now() + 60, ...params(v) })) + '.'));
    want('aud is the PAR endpoint', 'invalid_request_object', await at(await object({ aud: B + '/oidc/par' })));
    want('no exp', 'invalid_request_object', await at(await object({ exp: undefined })));
    want('too far off', 'invalid_request_object', await at(await object({ exp: now() + 7200 })));
    want('nbf ahead', 'invalid_request_object', await at(await object({ nbf: now() + 100 })));
    want('a request inside', 'invalid_request_object', await at(await object({ request: 'x' })));
    want('a request_uri inside', 'invalid_request_object', await at(await object({ request_uri: 'urn:x' })));
    want('no claims at all', 'invalid_request_object', await at('e30.e30.e30'));
  });
  part('fapi2-…-user-rejects-authentication, -access-token-type-header-case-sensitivity, -check-dpop-proof-nbf-exp', async () => {
    const v = client.randomPKCECodeVerifier();
    const pushed = await push(params(v, { prompt: 'consent' }));
    const b = await node.browser().signIn('林知夏');
    await b.authorize(address(pushed.json.request_uri), { decision: 'deny' });
    want('refused', ['access_denied', 's', B], ['error', 'state', 'iss'].map((n) => b.location.searchParams.get(n)));
    const key = await pair();
    const k = await flow();
    const t = await swap(k, await proof(key));
    for (const scheme of ['DPoP', 'dpop', 'DPOP']) {
      const r = await fetch(B + '/oidc/userinfo', { headers: { authorization: scheme + ' ' + t.json.access_token, dpop: await proof(key, { htm: 'GET', htu: B + '/oidc/userinfo', ath: b64u(sha256(t.json.access_token)) }) } });
      want(scheme, 200, r.status);
    }
    want('a proof that has expired by its own word', 'invalid_dpop_proof', (await swap(await flow(), await proof(key, { exp: now() - 20 }))).error);
    want('a proof not yet good by its own word', 'invalid_dpop_proof', (await swap(await flow(), await proof(key, { nbf: now() + 60 }))).error);
    want('one that says so rightly', 200, (await swap(await flow(), await proof(key, { nbf: now() - 1, exp: now() + 30 }))).status);
  });
  part('RFC 8707: the resource at the token endpoint', async () => {
    const k = await code('resource-app', { more: { resource: 'https://api.example/v1' } });
    want('another', 'invalid_target', (await exchange('resource-app', k, { resource: 'https://api.example/v2' })).error);
    const t = await exchange('resource-app', k, { resource: 'https://api.example/v1' });
    ok('that of the grant', t.status === 200 && decode(t.json.access_token).aud.includes('https://api.example/v1'), t.json);
    const l = await code('resource-app');
    want('unregistered', 'invalid_target', (await exchange('resource-app', l, { resource: 'https://other.example' })).error);
    ok('chosen only here', decode((await exchange('resource-app', l, { resource: 'https://api.example/v2' })).json.access_token).aud.includes('https://api.example/v2'));
  });
  part('RFC 7009: a token of another client', async () => {
    const t = await whole('basic-app', {}, 'openid profile offline_access');
    for (const token of [t.tokens.access_token, t.tokens.refresh_token]) want('is refused', [400, 'invalid_grant'], await post('/oidc/revoke', { token }, basic('eddsa-app')).then((r) => [r.status, r.error]));
    want('a hint that is wrong, or unknown, does not matter', 200, (await post('/oidc/revoke', { token: t.tokens.refresh_token, token_type_hint: 'access_token' }, basic('basic-app'))).status);
    want('revoked with its access token', 401, (await info(t.tokens.access_token)).status);
    want('again is no error', 200, (await post('/oidc/revoke', { token: t.tokens.refresh_token, token_type_hint: 'x' }, basic('basic-app'))).status);
  });
}
