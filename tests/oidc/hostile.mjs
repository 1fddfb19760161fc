// Hostile hands: tokens forged in every way that has once worked, at every door that takes one; sessions planted, forms of others,
// requests cut off and out of order. Called by check.mjs with its helpers.
import { createHmac, createPrivateKey, generateKeyPairSync, randomBytes, sign as signWith } from 'node:crypto';
import net from 'node:net';

export function hostile(h) {
  const { part, want, ok, node, B, post, basic, asserted, proof, code, exchange, ask, sentBack, client, jose, sha256, b64u, secret, cb, redirect, es, ed, ps, other, now, challengeOf, jwks } = h;
  const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  const bytes32 = (n) => Buffer.from(n.toString(16).padStart(64, '0'), 'hex');
  const JWT = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const text = (v) => (typeof v === 'string' || Buffer.isBuffer(v) ? v : JSON.stringify(v));
  const es256 = async (input) => {
    const key = createPrivateKey({ key: await jose.exportJWK(es.privateKey), format: 'jwk' });
    return signWith('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  };
  // A token of any header, payload and signature; by default signed as it should be.
  const forge = async (header, payload, sign = es256) => {
    const input = b64u(text(header)) + '.' + b64u(text(payload));
    return input + '.' + b64u(await sign(input));
  };
  const mine = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const koblitz = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const by = (key, hash = 'sha256') => (input) => signWith(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  const hmac = (key) => (input) => createHmac('sha256', key).update(input).digest();
  const raw = (buffer) => () => buffer;

  // What is wrong with the header or signature, whatever the token is for. base: a header that is right.
  async function* confusions(base, publicKey) {
    const jwk = await jose.exportJWK(publicKey);
    const pem = await jose.exportSPKI(publicKey);
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'ES256 ', 'es256']) {
      yield ['alg ' + JSON.stringify(alg), { ...base, alg }, undefined, raw(Buffer.alloc(0))];
      yield ['alg ' + JSON.stringify(alg) + ', signed', { ...base, alg }];
    }
    yield ['alg missing', { ...base, alg: undefined }];
    yield ['alg a list', { ...base, alg: ['ES256'] }];
    for (const [name, key] of [['PEM', pem], ['JWK', JSON.stringify(jwk)], ['x', Buffer.from(jwk.x, 'base64url')], ['nothing', '']]) yield [`HS256 with the public key as ${name}`, { ...base, alg: 'HS256' }, undefined, hmac(key)];
    for (const [m, v] of [['jku', 'https://evil.example/jwks'], ['x5u', 'https://evil.example/x'], ['x5c', ['MIIB']], ['x5t', 'x'], ['x5t#S256', 'x'], ['crit', ['exp']], ['crit', []], ['b64', false], ['b64', true], ['zip', 'DEF'], ['enc', 'A128GCM'], ['epk', jwk], ['cty', 'JWT']]) yield [`header ${m} ${JSON.stringify(v)}`, { ...base, [m]: v }];
    yield ['b64 false and crit', { ...base, b64: false, crit: ['b64'] }];
    yield ['alg twice', JSON.stringify({ ...base }).replace('{', '{"alg":"none",')];
    yield ['alg twice, once escaped', JSON.stringify({ ...base }).replace('{', '{"\\u0061lg":"none",')];
    yield ['header a list', '[]'];
    yield ['header cut off', JSON.stringify(base).slice(0, -1)];
    yield ['header with a byte order mark', '\ufeff' + JSON.stringify(base)];
    yield ['header no UTF-8', Buffer.concat([Buffer.from(JSON.stringify(base).slice(0, -1) + ',"x":"'), Buffer.from([0xff]), Buffer.from('"}')])];
    yield ['header deep', JSON.stringify(base).slice(0, -1) + ',"x":' + '['.repeat(3000) + ']'.repeat(3000) + '}'];
    for (const [name, r, s] of [['r = s = 0', 0n, 0n], ['r = 0', 0n, 1n], ['s = 0', 1n, 0n], ['r = s = n', ORDER, ORDER], ['r = n, s = 1', ORDER, 1n], ['r = s = 1', 1n, 1n], ['r = s = 2^256 - 1', (1n << 256n) - 1n, (1n << 256n) - 1n]]) yield ['signature ' + name, base, undefined, raw(Buffer.concat([bytes32(r), bytes32(s)]))];
    yield ['signature in DER', base, undefined, async (i) => signWith('sha256', Buffer.from(i), createPrivateKey({ key: await jose.exportJWK(es.privateKey), format: 'jwk' }))];
    yield ['signature one byte short', base, undefined, async (i) => (await es256(i)).subarray(0, 63)];
    yield ['signature one byte long', base, undefined, async (i) => Buffer.concat([await es256(i), Buffer.alloc(1)])];
    yield ['no signature', base, undefined, raw(Buffer.alloc(0))];
    yield ['ES384 by a key of its own', { ...base, alg: 'ES384' }, undefined, by(p384.privateKey, 'sha384')];
    yield ['ES256 by a key on P-384', base, undefined, by(p384.privateKey)];
    yield ['ES256K', { ...base, alg: 'ES256K' }, undefined, by(koblitz.privateKey)];
    yield ['ES256 by a key on secp256k1', base, undefined, by(koblitz.privateKey)];
    yield ['ES512', { ...base, alg: 'ES512' }];
    yield ['PS256 with a key on P-256', { ...base, alg: 'PS256' }];
    yield ['EdDSA with a key on P-256', { ...base, alg: 'EdDSA' }];
    yield ['another hash', base, undefined, async (i) => signWith('sha384', Buffer.from(i), { key: createPrivateKey({ key: await jose.exportJWK(es.privateKey), format: 'jwk' }), dsaEncoding: 'ieee-p1363' })];
  }
  const shapes = (good) => {
    const [head, body, sig] = good.split('.');
    return [['four parts', good + '.x'], ['two parts', head + '.' + body], ['five parts', `${head}.${body}.${sig}.${body}.${sig}`], ['a dot behind', good + '.'], ['padding', good + '='], ['a blank', head + '. ' + body + '.' + sig], ['a line', head + '\n.' + body + '.' + sig],
      ['base64, not url', head + '.' + body + '.' + sig.replace(/[-_]/g, '+') + '+'], ['spare bits', head + '.' + body + '.' + sig.slice(0, -1) + (sig.endsWith('w') ? 'x' : 'w')], ['as JSON', JSON.stringify({ protected: head, payload: body, signature: sig })], ['nothing signed', '..'], ['empty', ''], ['100 kB', 'A'.repeat(100_000)]];
  };

  part('JWT confusion: client assertions', async () => {
    const claims = () => ({ iss: 'machine', sub: 'machine', aud: B, exp: now() + 60, jti: b64u(randomBytes(9)) });
    const send = async (client_assertion) => {
      const r = await post('/oidc/token', { grant_type: 'client_credentials', client_assertion_type: JWT, client_assertion });
      return [r.status, r.error];
    };
    const base = { alg: 'ES256', kid: 'k1', typ: 'JWT' };
    want('as it should be', 200, (await send(await forge(base, claims())))[0]);
    const refused = async (name, token) => {
      const [status, error] = await send(token);
      ok(name, (status === 401 && error === 'invalid_client') || (status === 400 && error === 'invalid_request') || status === 413, [status, error]);
    };
    for await (const [name, header, payload, sign] of confusions(base, es.publicKey)) await refused(name, await forge(header, payload ?? claims(), sign));
    await refused('its own key as jwk', await forge({ ...base, jwk: mine.publicKey.export({ format: 'jwk' }) }, claims(), by(mine.privateKey)));
    await refused('the right key as jwk too', await forge({ ...base, jwk: await jose.exportJWK(es.publicKey) }, claims()));
    for (const kid of ['../../../../dev/null', "k1' OR '1'='1", 'k1\u0000', 'K1', '', 'k1 ', 'k'.repeat(5000), 1, ['k1'], { k: 1 }, null, '/etc/passwd', '| id', 'http://evil.example/k1']) await refused('kid ' + JSON.stringify(kid).slice(0, 40), await forge({ ...base, kid }, claims(), by(mine.privateKey)));
    for (const kid of ['K1', 'k1 ', 'k2', 'k1\u0000']) await refused('kid of no key, signed by the right one: ' + JSON.stringify(kid), await forge({ ...base, kid }, claims()));
    for (const typ of ['at+jwt', 'dpop+jwt', 'logout+jwt', 'oauth-authz-req+jwt', 'secevent+jwt']) await refused('typ ' + typ, await forge({ ...base, typ }, claims()));
    const twice = (member) => JSON.stringify(claims()).replace('{', `{${member},`);
    for (const m of ['"sub":"fapi-app"', '"\\u0073ub":"fapi-app"', '"iss":"fapi-app"', '"aud":"https://other.example"', '"exp":9999999999', '"jti":"x"']) await refused('a claim twice: ' + m, await forge(base, twice(m)));
    for (const [m, v] of [['exp', 'never'], ['exp', -1], ['exp', 1e30], ['exp', true], ['nbf', 'x'], ['iat', []], ['jti', 7], ['jti', ''], ['jti', 'j'.repeat(9000)], ['sub', ['machine']], ['sub', 'machine\u0000'], ['aud', { [B]: 1 }], ['iss', null]]) await refused(`claim ${m} ${JSON.stringify(v).slice(0, 30)}`, await forge(base, { ...claims(), [m]: v }));
    for (const p of ['[]', '"x"', 'null', '', '{', '{"a":1}{"b":2}', 'x'.repeat(2000)]) await refused('payload ' + p.slice(0, 12), await forge(base, p));
    for (const [name, token] of shapes(await forge(base, claims()))) await refused(name, token);
    const fresh = await forge(base, claims());
    want('first', 200, (await send(fresh))[0]);
    const [head, body, sig] = fresh.split('.');
    const bytes = Buffer.from(sig, 'base64url');
    const mirrored = Buffer.concat([bytes.subarray(0, 32), bytes32(ORDER - BigInt('0x' + bytes.subarray(32).toString('hex')))]);
    await refused('the same with its signature mirrored (r, n - s) is the same', [head, body, b64u(mirrored)].join('.'));
    const fapi = async (header, sign) => refused('mixed keys: ' + JSON.stringify(header), await forge(header, { ...claims(), iss: 'fapi-app', sub: 'fapi-app' }, sign));
    await fapi({ alg: 'ES256', kid: 'k2' });
    await fapi({ alg: 'EdDSA', kid: 'k1' });
    await fapi({ alg: 'PS256', kid: 'k1' });
    await fapi({ alg: 'ES256', kid: 'k2' }, async (i) => signWith(null, Buffer.from(i), createPrivateKey({ key: await jose.exportJWK(ed.privateKey), format: 'jwk' })));
    await fapi({ alg: 'EdDSA', kid: 'k2' }, raw(Buffer.alloc(64)));
    await fapi({ alg: 'PS256', kid: 'k3' }, raw(Buffer.alloc(256)));
    await fapi({ alg: 'RS256', kid: 'k3' }, async (i) => signWith('sha256', Buffer.from(i), createPrivateKey({ key: await jose.exportJWK(ps.privateKey), format: 'jwk' })));
  });

  part('JWT confusion: key proofs', async () => {
    const claims = () => ({ jti: b64u(randomBytes(9)), htm: 'POST', htu: B + '/oidc/token', iat: now() });
    const send = async (dpop) => {
      const r = await post('/oidc/token', { grant_type: 'client_credentials', ...(await asserted('fapi-app')) }, { dpop });
      return [r.status, r.error];
    };
    const jwk = await jose.exportJWK(es.publicKey);
    const base = { alg: 'ES256', typ: 'dpop+jwt', jwk };
    want('as it should be', 200, (await send(await forge(base, claims())))[0]);
    const refused = async (name, token) => want(name, [400, 'invalid_dpop_proof'], await send(token));
    for await (const [name, header, payload, sign] of confusions(base, es.publicKey)) await refused(name, await forge(header, payload ?? claims(), sign));
    const point = (x) => b64u(Buffer.from(x, 'hex'));
    const keys = {
      'no y': { ...jwk, y: undefined }, 'off its curve': { ...jwk, y: b64u(Buffer.alloc(32, 7)) }, 'zero': { ...jwk, x: b64u(Buffer.alloc(32)), y: b64u(Buffer.alloc(32)) }, 'P-384': p384.publicKey.export({ format: 'jwk' }), 'secp256k1': koblitz.publicKey.export({ format: 'jwk' }),
      'secret': await jose.exportJWK(es.privateKey), 'symmetric': { kty: 'oct', k: 'eHh4' }, 'for encryption': { ...jwk, use: 'enc' }, 'with a short x': { ...jwk, x: jwk.x.slice(2) }, 'a text': 'x', 'a list': [jwk], 'a set': { keys: [jwk] }, 'null': null,
    };
    for (const [name, k] of Object.entries(keys)) await refused('key ' + name, await forge({ ...base, jwk: k }, claims()));
    for (const x of ['00'.repeat(32), '01' + '00'.repeat(31), 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f']) await refused('Ed25519 of small order', await forge({ alg: 'EdDSA', typ: 'dpop+jwt', jwk: { kty: 'OKP', crv: 'Ed25519', x: point(x) } }, claims(), raw(Buffer.concat([Buffer.from(x, 'hex'), Buffer.alloc(32)]))));
    for (const m of ['"htm":"GET"', '"htu":"https://evil.example/"', '"\\u0069at":1', '"jti":"x"']) await refused('a claim twice: ' + m, await forge(base, JSON.stringify(claims()).replace('{', `{${m},`)));
    for (const htu of [B + '/oidc/token/', B + '/oidc/../oidc/token', B + '//oidc/token', '/oidc/token', B.replace('127.0.0.1', '127.0.0.1@evil.example') + '/oidc/token', B + '/oidc/token%3f', 'x', '', 7]) await refused('htu ' + htu, await forge(base, { ...claims(), htu }));
    for (const [name, token] of shapes(await forge(base, claims())).filter(([n]) => !['a line', 'empty', '100 kB'].includes(n))) await refused(name, token);
    const p = await forge(base, claims());
    const two = await fetch(B + '/oidc/token', { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', ...(await asserted('fapi-app')) }), headers: [['dpop', p], ['dpop', await forge(base, claims())]] });
    want('two proofs', [400, 'invalid_dpop_proof'], [two.status, (await two.json()).error]);
  });

  part('JWT confusion: our own tokens come back', async () => {
    const k = await code('basic-app');
    const t = (await exchange('basic-app', k)).json;
    const claims = jose.decodeJwt(t.access_token);
    const head = jose.decodeProtectedHeader(t.access_token);
    const n = Number(head.kid.split('-')[1]);
    const take = async (token) => {
      const r = await fetch(B + '/oidc/userinfo', { headers: { authorization: 'Bearer ' + token } });
      const said = await post('/oidc/introspect', { token }, basic('basic-app'));
      return [r.status, /error="(\w+)"/.exec(r.headers.get('www-authenticate') ?? '')?.[1], said.json.active];
    };
    const refused = async (name, token) => want(name, [401, 'invalid_token', false], await take(token));
    want('as it is', [200, undefined, true], await take(t.access_token));
    for await (const [name, header, payload, sign] of confusions(head, es.publicKey)) await refused(name, await forge(header, payload ?? claims, sign));
    for (const kid of ['es256-' + (n + 5), 'es256-0', 'es256-0' + n, 'es256- ' + n, 'eddsa-' + n, 'rs256-' + n, 'sm2-' + n, 'es256-' + 2 ** 32, 'es256--1', 'es256-']) await refused('kid ' + kid, await forge({ ...head, kid }, claims));
    const [h1, b1, s1] = t.access_token.split('.');
    await refused('more scope', [h1, b64u(JSON.stringify({ ...claims, scope: 'openid profile phone address' })), s1].join('.'));
    await refused('a header of another of ours', [b64u(JSON.stringify({ ...head, typ: 'JWT' })), b1, s1].join('.'));
    await refused('an ID token', t.id_token);
    want('a code is no token', 401, (await take(k.code))[0]);
    want('a refresh token is no access token', 401, (await take(t.refresh_token))[0]);
    await refused('a client assertion', (await asserted('machine')).client_assertion);
    for (const token of [t.access_token, 'x', await forge({ ...head, typ: 'JWT', alg: 'none' }, { ...claims, aud: 'basic-app' }, raw(Buffer.alloc(0)))]) {
      want('as a hint it is nobody', 'login_required', sentBack(await ask({ prompt: 'none', scope: 'openid profile', id_token_hint: token }, k.browser)));
      want('and signs nobody out', 400, (await k.browser.fetch('/oidc/logout?' + new URLSearchParams({ id_token_hint: token }))).status);
    }
  });

  part('JWT confusion: signed requests', async () => {
    const v = client.randomPKCECodeVerifier();
    const claims = () => ({ iss: 'fapi-signed', client_id: 'fapi-signed', aud: B, exp: now() + 60, jti: b64u(randomBytes(9)), redirect_uri: redirect('fapi-signed'), scope: 'openid', response_type: 'code', state: 's', code_challenge: challengeOf(v), code_challenge_method: 'S256' });
    const base = { alg: 'ES256', kid: 'k1', typ: 'oauth-authz-req+jwt' };
    const send = async (request) => {
      const r = await post('/oidc/par', { request, ...(await asserted('fapi-signed')) });
      return r.status === 201 ? 'taken' : r.error;
    };
    want('as it should be', 'taken', await send(await forge(base, claims())));
    for await (const [name, header, payload, sign] of confusions(base, es.publicKey)) want(name, 'invalid_request_object', await send(await forge(header, payload ?? claims(), sign)));
    want('a key of its own', 'invalid_request_object', await send(await forge({ ...base, jwk: mine.publicKey.export({ format: 'jwk' }) }, claims(), by(mine.privateKey))));
    want('redirect_uri twice', 'invalid_request_object', await send(await forge(base, JSON.stringify(claims()).replace('{', '{"redirect_uri":"https://evil.example/",'))));
    want('a client assertion', 'invalid_request_object', await send((await asserted('fapi-signed')).client_assertion));
    want('redirect_uri a list', 'invalid_request', await send(await forge(base, { ...claims(), redirect_uri: [redirect('fapi-signed'), 'https://evil.example/'] })));
  });

  part('redirect tricks', async () => {
    for (const uri of ['https://app.example\\@evil.example/cb', 'https://app.example%2f@evil.example/cb', 'https://app.example/cb%0d%0aLocation:%20https://evil.example', 'https://app.example/cb\r\nX: y', 'https://app.example/cb\t', ' https://app.example/cb', 'https://app.example/cb ', 'https://ɑpp.example/cb', 'https://app.example./cb',
      'https://app.example/%63b', 'https://app.example/cb;x', 'https://app.example/./cb', 'https://app.example/cb?keep=1&keep=1', 'https://app.example/cb?', 'https://evil.example/?https://app.example/cb', 'https://user@app.example/cb', 'https://app.example:0443/cb', 'http://[::ffff:127.0.0.1]/cb', 'http://127.1/cb', 'http://2130706433/cb', 'urn:ietf:wg:oauth:2.0:oob']) want(JSON.stringify(uri), 'shown 400', sentBack(await ask({ redirect_uri: uri })));
    const b = (await code('basic-app', { scope: 'openid profile' })).browser;
    const state = 'x\r\nSet-Cookie: a=b&code=evil#"\'<script>';
    await ask({ scope: 'openid profile', state }, b);
    want('a state comes back as it was, and is nothing else', [state, 1, null], [b.location.searchParams.get('state'), b.location.searchParams.getAll('code').length, b.answer.headers.getSetCookie().find((c) => c.startsWith('a=')) ?? null]);
    await ask({ scope: 'openid profile', state, response_mode: 'form_post' }, b);
    ok('in a form too', b.html.includes('&lt;script&gt;') && !b.html.includes('<script>'));
    for (const uri of ['http://127.0.0.1:80@evil.example/cb', 'http://127.0.0.1:/cb', 'http://127.0.0.1:1:2/cb', 'http://127.0.0.1:99999999/cb2', 'http://[::1]:x/cb', 'http://[::1]evil.example/cb', 'app.example.tongban:/cb/', 'app.example.tongban://cb']) want('native ' + uri, 'shown', sentBack(await ask({ client_id: 'native-app', redirect_uri: uri })).slice(0, 5));
  });

  part('sessions planted, forms of others', async () => {
    const b = node.browser();
    const planted = { tb_session: b64u(randomBytes(24)), tb_pre: b64u(randomBytes(16)) };
    for (const [k, v] of Object.entries(planted)) b.cookies.set(k, v);
    await b.authorize(B + '/oidc/authorize?' + new URLSearchParams({ client_id: 'basic-app', redirect_uri: cb, response_type: 'code', scope: 'openid profile', state: 's', code_challenge: challengeOf('x'.repeat(43)), code_challenge_method: 'S256' }), { name: '林知夏', scopes: ['profile'] });
    ok('signed in under a cookie of the node', b.location?.searchParams.has('code') && b.cookies.get('tb_session') !== planted.tb_session);
    const thief = node.browser();
    thief.cookies.set('tb_session', planted.tb_session);
    want('the planted one is nobody', 'login_required', sentBack(await ask({ prompt: 'none' }, thief)));
    const before = b.cookies.get('tb_session');
    await ask({ scope: 'openid profile', prompt: 'login' }, b);
    await b.authorize(b.location, { name: '林知夏', scopes: ['profile'] });
    ok('each proof of identity brings another cookie', b.cookies.get('tb_session') !== before);
    thief.cookies.set('tb_session', before);
    want('and ends the one before', 'login_required', sentBack(await ask({ prompt: 'none' }, thief)));
    const cookie = [...b.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
    const request = new URLSearchParams({ client_id: 'other-app', redirect_uri: 'https://evil.example/cb', response_type: 'code', scope: 'openid profile', code_challenge: challengeOf('x'.repeat(43)), code_challenge_method: 'S256' }).toString();
    for (const [path, body] of [['/oidc/consent', { request, decision: 'allow', scope: 'profile' }], ['/oidc/consents', { client: 'basic-app' }], ['/oidc/logout/confirm', { request: '', decision: 'yes' }], ['/logout', {}]]) {
      for (const headers of [{}, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, { 'content-type': 'text/plain' }]) {
        const r = await fetch(B + path, { method: 'POST', redirect: 'manual', headers: { cookie, ...headers }, body: headers['content-type'] ? new URLSearchParams(body).toString() : new URLSearchParams(body) });
        ok(`${path} without the form's token ${JSON.stringify(headers)}`, r.status === 403 || r.status === 400 || r.status === 415, r.status);
      }
    }
    want('and nothing came of it', true, (await ask({ scope: 'openid profile', prompt: 'none' }, b)).location.searchParams.has('code'));
    want('nobody consented to the other', 'consent_required', sentBack(await ask({ client_id: 'other-app', redirect_uri: 'https://evil.example/cb', scope: 'openid profile', prompt: 'none' }, b)));
    want('consent of nobody', 401, (await fetch(B + '/oidc/consent', { method: 'POST', redirect: 'manual', headers: { accept: 'application/json' }, body: new URLSearchParams({ request, decision: 'allow' }) })).status);
    const framed = await b.fetch('/oidc/authorize?' + request);
    ok('in no frame of others', /frame-ancestors 'none'/.test(framed.answer.headers.get('content-security-policy')) && framed.answer.headers.get('x-frame-options') === 'DENY');
    // A request may not say of itself that its person has just signed in, nor bring the word of another browser.
    const again = { client_id: 'basic-app', scope: 'openid profile', prompt: 'login' };
    for (const mark of [`${Date.now() - 1000}.AAAAAAAAAAAAAAAAAAAAAAAA`, '0.', 'x', `${Date.now() + 100000}.x`]) want('a mark made up', '/login', (await ask({ ...again, tb_mark: mark }, b)).location?.pathname);
    await new Promise((f) => setTimeout(f, 1100));
    const evil = await ask(again);
    const mark = new URL(evil.location.searchParams.get('next'), B).searchParams.get('tb_mark');
    await new Promise((f) => setTimeout(f, 20));
    const victim = await node.browser().signIn('林知夏');
    want('the mark of another browser', '/login', (await ask({ ...again, tb_mark: mark }, victim)).location?.pathname);
  });

  part('cut off and out of order', async () => {
    const k = await code('basic-app');
    const body = new URLSearchParams({ grant_type: 'authorization_code', code: k.code, redirect_uri: k.redirect_uri, code_verifier: k.verifier }).toString();
    for (let n = 0; n < body.length; n += 9) {
      const r = await post('/oidc/token', body.slice(0, n), basic('basic-app'));
      ok(`${n} bytes of the form`, r.status === 400 && ['invalid_request', 'invalid_grant', 'unsupported_grant_type'].includes(r.error), [r.status, r.error]);
    }
    // The code is still good: nothing of what was cut off was its use.
    const wire = (bytes, end) => new Promise((done) => {
      const s = net.connect(Number(new URL(B).port), '127.0.0.1');
      let said = '';
      s.on('data', (d) => (said += d));
      s.on('error', () => done(said));
      s.on('close', () => done(said));
      s.write(bytes);
      if (end) s.end();
      setTimeout(() => s.destroy(), 1500);
    });
    const head = (length) => `POST /oidc/token HTTP/1.1\r\nHost: ${new URL(B).host}\r\nAuthorization: ${basic('basic-app').authorization}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${length}\r\n`;
    ok('a body that ends early is not a request', !(await wire(head(body.length) + '\r\n' + body.slice(0, -9), true)).includes('access_token'));
    ok('two lengths', !(await wire(head(body.length) + 'Content-Length: 5\r\n\r\n' + body, false)).includes('access_token'));
    ok('a length and pieces', !(await wire(head(body.length) + 'Transfer-Encoding: chunked\r\n\r\n' + body, false)).includes('access_token'));
    want('the whole one', 200, (await post('/oidc/token', body, basic('basic-app'))).status);
    want('a token asked for with a code that is not given out yet', 'invalid_grant', (await exchange('basic-app', { code: b64u(randomBytes(32)), redirect_uri: cb, verifier: k.verifier })).error);
    want('revoked before it is used', 200, (await post('/oidc/revoke', { token: b64u(randomBytes(32)) }, basic('basic-app'))).status);
    const v = client.randomPKCECodeVerifier();
    const early = await node.browser().fetch(`${B}/oidc/authorize?client_id=fapi-app&request_uri=${encodeURIComponent('urn:ietf:params:oauth:request_uri:' + b64u(sha256(v)))}`);
    want('opened before it is pushed', 'shown 400', sentBack(early));
    // A code taken by one client while another is at it, and after the consent is withdrawn.
    const l = await code('basic-app', { name: '周远' });
    await l.browser.fetch('/oidc/consents');
    await l.browser.submit('/oidc/consents', []);
    want('a code after consent was withdrawn', 'invalid_grant', (await exchange('basic-app', l)).error);
  });
}
