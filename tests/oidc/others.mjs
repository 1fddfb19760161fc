// Three more clients of other people against the real server: npm oauth4webapi by the FAPI 2.0 profile, npm openid-client 5 (which
// wants RS256 and names several audiences), and Apache with Debian's mod_auth_openidc. Called by check.mjs with its helpers.
import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import old from 'openid-client-5';

const free = () => new Promise((r) => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => r(port)); }); });
const site = `http://127.0.0.1:${await free()}`;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaKey = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa-1', alg: 'RS256', use: 'sig' };
const oldKey = await jose.generateKeyPair('ES256', { extractable: true });
const oldSecret = 'a very secret text of other people, long enough';
const signs = { 'client.auth': 'private_key_jwt', 'client.secret_sha256': undefined };

export const applications = (named, base) => [
  named('old-rs256', base, { 'client.id_alg': 'RS256', 'client.secret_sha256': createHash('sha256').update(oldSecret).digest('hex') }),
  named('apache-app', base, { ...signs, 'client.id_alg': 'RS256', 'client.jwks': JSON.stringify({ keys: [rsaKey] }), 'client.redirect_uris': [site + '/back'], 'client.logout_uris': [site + '/'],
    'client.backchannel_uri': site + '/back?logout=backchannel', 'client.scopes': ['openid', 'profile'], 'client.grants': ['authorization_code'] }),
];
export const oldKeyed = async (named, base) => named('old-keyed', base, { ...signs, 'client.jwks': JSON.stringify({ keys: [{ ...(await jose.exportJWK(oldKey.publicKey)), kid: 'o1', use: 'sig' }] }) });

// Apache in the foreground, with no module but what the relying party needs.
class Apache {
  async start(issuer) {
    this.dir = mkdtempSync(join(tmpdir(), 'tongban-apache-'));
    chmodSync(this.dir, 0o755); // it runs as another user; the key is read before that
    const at = (f) => join(this.dir, f);
    writeFileSync(at('key.pem'), rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(at('pub.pem'), rsa.publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(at('index.html'), 'inside\n');
    const module = (n) => `LoadModule ${n}_module /usr/lib/apache2/modules/mod_${n}.so`;
    writeFileSync(at('conf'), [
      `ServerRoot ${this.dir}`, `ServerName 127.0.0.1`, `Listen ${new URL(site).host}`, `PidFile ${at('pid')}`, `ErrorLog ${at('log')}`, `DefaultRuntimeDir ${this.dir}`,
      ...['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'headers', 'dir', 'auth_openidc'].map(module),
      ...(process.getuid() === 0 ? ['User www-data', 'Group www-data'] : []), `DocumentRoot ${this.dir}`,
      `OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration`, 'OIDCClientID apache-app', `OIDCRedirectURI ${site}/back`, 'OIDCScope "openid profile"',
      'OIDCPKCEMethod S256', `OIDCPrivateKeyFiles rsa-1#${at('key.pem')}`, `OIDCPublicKeyFiles rsa-1#${at('pub.pem')}`, 'OIDCProviderTokenEndpointAuth private_key_jwt',
      'OIDCCryptoPassphrase a-passphrase-of-the-test', 'OIDCPassClaimsAs environment', 'OIDCCacheType shm', 'OIDCIDTokenSignedResponseAlg RS256',
      '<Location />', 'AuthType openid-connect', 'Require valid-user', 'OIDCUnAuthAction auth true', 'Header set X-Claims "%{OIDC_CLAIM_sub}e %{OIDC_CLAIM_iss}e %{OIDC_CLAIM_acr}e"', '</Location>',
    ].join('\n') + '\n');
    this.process = spawn('/usr/sbin/apache2', ['-f', at('conf'), '-D', 'FOREGROUND', '-X'], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.process.stderr.on('data', (d) => (this.said = (this.said ?? '') + d));
    for (let i = 0; i < 100; i++) {
      if (await fetch(site, { redirect: 'manual' }).then(() => true, () => false)) return this;
      await new Promise((r) => setTimeout(r, 50));
    }
    throw new Error('Apache did not start: ' + this.said + this.log());
  }
  log() {
    try { return readFileSync(join(this.dir, 'log'), 'utf8'); } catch { return ''; }
  }
  stop() {
    this.process.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function others({ part, want, ok, node, B, es, redirect, client }) {
  part('npm oauth4webapi: FAPI 2.0 with pushed request, private_key_jwt and DPoP', async () => {
    const http = { [oauth.allowInsecureRequests]: true };
    const as = await oauth.processDiscoveryResponse(new URL(B), await oauth.discoveryRequest(new URL(B), http));
    const me = { client_id: 'fapi-app' };
    const auth = oauth.PrivateKeyJwt({ key: es.privateKey, kid: 'k1' });
    const DPoP = oauth.DPoP(me, await oauth.generateKeyPair('ES256'));
    const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
    const params = new URLSearchParams({ client_id: 'fapi-app', redirect_uri: redirect('fapi-app'), response_type: 'code', scope: 'openid profile offline_access', prompt: 'consent', state, nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
    const pushed = await oauth.processPushedAuthorizationResponse(as, me, await oauth.pushedAuthorizationRequest(as, me, auth, params, { DPoP, ...http }));
    const b = await node.browser().signIn('林知夏');
    await b.authorize(`${as.authorization_endpoint}?` + new URLSearchParams({ client_id: 'fapi-app', request_uri: pushed.request_uri }), { scopes: ['profile', 'offline_access'] });
    const back = oauth.validateAuthResponse(as, me, b.location, state);
    const answer = await oauth.authorizationCodeGrantRequest(as, me, auth, back, redirect('fapi-app'), verifier, { DPoP, ...http });
    const tokens = await oauth.processAuthorizationCodeResponse(as, me, answer, { expectedNonce: nonce, requireIdToken: true });
    await oauth.validateApplicationLevelSignature(as, answer, http);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    const info = await oauth.processUserInfoResponse(as, me, claims.sub, await oauth.userInfoRequest(as, me, tokens.access_token, { DPoP, ...http }));
    want('user information', '林知夏', info.name);
    const again = await oauth.processRefreshTokenResponse(as, me, await oauth.refreshTokenGrantRequest(as, me, auth, tokens.refresh_token, { DPoP, ...http }));
    ok('refreshed', again.access_token !== tokens.access_token);
    const said = await oauth.processIntrospectionResponse(as, me, await oauth.introspectionRequest(as, me, auth, again.access_token, http));
    want('introspection', true, said.active);
    // The resource's side: the token and its key proof checked by the library alone, from the published keys.
    let seen;
    const capture = (url, init) => ((seen = new Request(url, { method: init.method, headers: init.headers })), new Response());
    await oauth.protectedResourceRequest(again.access_token, 'GET', new URL('http://127.0.0.1:1/data'), undefined, undefined, { DPoP, ...http, [oauth.customFetch]: capture });
    const at = await oauth.validateJwtAccessToken(as, seen, B, http);
    want('whose, for whom', [claims.sub, 'fapi-app', true], [at.sub, at.client_id, !!at.cnf.jkt]);
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, me, auth, tokens.refresh_token, http));
    const dead = await oauth.processIntrospectionResponse(as, me, await oauth.introspectionRequest(as, me, auth, again.access_token, http));
    want('revoked', false, dead.active);
  });

  part('npm openid-client 5: a secret with RS256, and private_key_jwt with several audiences', async () => {
    const issuer = await old.Issuer.discover(B);
    const keys = { keys: [{ ...(await jose.exportJWK(oldKey.privateKey)), kid: 'o1', alg: 'ES256', use: 'sig' }] };
    const made = {
      'old-rs256': new issuer.Client({ client_id: 'old-rs256', client_secret: oldSecret, redirect_uris: [redirect('old-rs256')] }),
      'old-keyed': new issuer.Client({ client_id: 'old-keyed', redirect_uris: [redirect('old-keyed')], token_endpoint_auth_method: 'private_key_jwt', id_token_signed_response_alg: 'ES256' }, keys),
    };
    for (const [id, c] of Object.entries(made)) {
      const [code_verifier, state, nonce] = [old.generators.codeVerifier(), old.generators.state(), old.generators.nonce()];
      const url = c.authorizationUrl({ scope: 'openid profile', state, nonce, code_challenge: old.generators.codeChallenge(code_verifier), code_challenge_method: 'S256' });
      const b = await node.browser().signIn('林知夏');
      await b.authorize(url, { scopes: ['profile'] });
      const tokens = await c.callback(redirect(id), c.callbackParams(b.location.href), { code_verifier, state, nonce });
      want(id + ': alg', id === 'old-rs256' ? 'RS256' : 'ES256', jose.decodeProtectedHeader(tokens.id_token).alg);
      want(id + ': user information', '林知夏', (await c.userinfo(tokens)).name);
      want(id + ': introspection', true, (await c.introspect(tokens.access_token)).active);
      await c.revoke(tokens.access_token);
      want(id + ': revoked', false, (await c.introspect(tokens.access_token)).active);
    }
  });

  part('Apache with mod_auth_openidc: code with PKCE, private_key_jwt by RS256, back-channel logout', async () => {
    const apache = await new Apache().start(B);
    try {
      const b = await node.browser().signIn('沈书白');
      await b.fetch(site + '/index.html');
      want('sent to sign in', [B, 'S256'], [b.location?.origin, b.location?.searchParams.get('code_challenge_method')]);
      await b.authorize(b.location, { scopes: ['profile'] });
      want('and back', site + '/back', b.location && b.location.origin + b.location.pathname);
      await b.fetch(b.location);
      want('taken', site + '/index.html', b.location?.href);
      if (!b.location) console.log(apache.log().split('\n').slice(-12).join('\n'), b.html.slice(0, 600));
      await b.fetch(site + '/index.html');
      want('inside', [200, 'inside\n'], [b.status, b.html]);
      const [sub, iss, acr] = (b.answer.headers.get('x-claims') ?? '').split(' ');
      ok('with claims', sub?.length === 43 && iss === B && acr?.startsWith('urn:tongban:acr:'), [sub, iss, acr]);
      await b.fetch('/oidc/consents');
      await b.submit('/logout', []);
      let status = 0;
      for (let i = 0; i < 100 && status !== 302; i++) {
        await new Promise((r) => setTimeout(r, 100));
        status = (await b.fetch(site + '/index.html')).status;
      }
      want('signed out there as well, told by the node', [302, B], [status, b.location?.origin]);
    } finally {
      apache.stop();
    }
  });
}
