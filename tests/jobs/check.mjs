// Notices of sign-outs (OpenID Connect Back-Channel Logout) through the outbox: none is lost, whatever dies, and operators see
// what does not go well. The server is the real one, killed with kill -9; the application is this program.
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { Node } from '../oidc/node.mjs';

let passed = 0;
let failed = 0;
function want(name, expected, got) {
  const [a, b] = [JSON.stringify(expected), JSON.stringify(got)];
  if (a === b) passed++;
  else failed++, console.log(`FAIL ${name}\n  wanted ${a}\n  got    ${b}`);
}
const pause = (ms) => new Promise((r) => setTimeout(r, ms));
async function until(condition, ms) {
  for (let t = 0; t < ms && !condition(); t += 50) await pause(50);
  return condition();
}

// The application: it hears notices, or it is down and its port is free.
const told = [];
const hear = http.createServer((req, res) => {
  let body = '';
  req.on('data', (d) => (body += d));
  req.on('end', () => {
    const token = new URLSearchParams(body).get('logout_token');
    told.push(JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sid);
    res.writeHead(204).end();
  });
});
const up = (port) => new Promise((r) => hear.listen(port, '127.0.0.1', r));
const down = () => new Promise((r) => (hear.closeAllConnections(), hear.close(r)));
await up(0);
const port = hear.address().port;
await down();

const cb = 'https://app.example/cb';
const app = {
  'client.id': 'told-app', 'client.name': '应用', 'client.name_en': 'App', 'client.profile': 'basic', 'client.auth': 'client_secret_basic',
  'client.secret_sha256': createHash('sha256').update('a secret of thirty-two characters').digest('hex'), 'client.redirect_uris': [cb],
  'client.scopes': ['openid', 'profile'], 'client.grants': ['authorization_code'], 'client.backchannel_uri': `http://127.0.0.1:${port}/told`,
};
const node = await Node.start([app]);
const jobs = (...more) => spawnSync(process.env.TONGBAN ?? 'build/tongban', ['jobs', join(node.dir, 'node'), ...more], { encoding: 'utf8' });
const listed = () => jobs('--json').stdout.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));

// Someone signs in to the application and then signs out here. The sign-out is answered: from then on the notice is owed.
async function inAndOut(name) {
  const b = await node.browser().signIn(name);
  const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url');
  const q = new URLSearchParams({ client_id: 'told-app', redirect_uri: cb, response_type: 'code', scope: 'openid profile', state: 's', code_challenge: challenge, code_challenge_method: 'S256' });
  await b.authorize('/oidc/authorize?' + q, { name, scopes: ['profile'] });
  want('signed in to the application', true, b.location?.searchParams.has('code') ?? false);
  await b.fetch('/oidc/consents');
  await b.submit('/logout', []);
  want('signed out', 303, b.status);
}

// ---- the application is down, and so is the node ----

await inAndOut('欧阳明');
await until(() => /again later/.test(node.log), 10000);
await node.kill();
const [waits, ...none] = listed();
want('one notice waits', ['oidc.logout', 'waiting', 1, null, 0], [waits?.kind, waits?.state, waits?.tries, waits?.act, none.length]);
want('and says why', true, /127\.0\.0\.1/.test(waits?.error ?? ''));
const text = jobs();
want('as text', [0, true], [text.status, /waiting oidc\.logout .* tries 1, due .*: /.test(text.stdout)]);
await up(port);
await node.run([]);
await until(() => told.length > 0, 30000);
want('told once it is up again', 1, told.length);
await pause(600);
want('and not again', 1, told.length);

// ---- killed at the moment of the answer, time and again ----

const owed = 5;
told.length = 0;
for (let i = 0; i < owed; i++) {
  await inAndOut(i % 2 ? '林知夏' : '欧阳明');
  await pause([0, 3, 10, 30, 100][i]);
  await node.kill();
  await node.run([]);
}
// A run that was cut short waits for the end of its lease.
await until(() => new Set(told).size >= owed, 60000);
want('each sign-out was told, whenever the node was killed', owed, new Set(told).size);

// ---- what administrators see ----

await down();
await inAndOut('林知夏');
await until(() => /again later/.test(node.log), 10000);
const system = await node.browser().signIn('高原');
await system.fetch('/jobs');
want('the page lists it', [200, true, true], [system.status, system.html.includes('oidc.logout'), system.html.includes('等待中')]);
await system.fetch('/en/jobs', { headers: { accept: 'application/json' } });
want('as JSON too', 'oidc.logout', JSON.parse(system.html).waiting?.[0]?.kind);
await system.fetch('/acts');
want('the menu leads there', true, system.html.includes('href="/jobs"'));
await system.fetch('/jobs');
const order = (b, body) => b.fetch('/jobs', { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json' }, body: JSON.stringify(body) });
want('no failed job of that number', [404, true], await order(system, { id: '9999', order: 'again' }).then((b) => [b.status, /No stopped job|没有这个编号/.test(b.html)]));
want('no such order', 400, (await order(system, { id: '1', order: 'burn' })).status);
want('a person sees none of it', 403, (await (await node.browser().signIn('林知夏')).fetch('/jobs')).status);
want('nor an officer', 403, (await (await node.browser().signIn('江一帆')).fetch('/jobs')).status);
want('nor orders it', 403, (await order(await node.browser().signIn('江一帆'), { id: '1', order: 'again' })).status);

// ---- the command ----

const busy = jobs();
want('a running node has its folder to itself', [1, true], [busy.status, /^tongban: .+/.test(busy.stderr)]);
await node.kill();
const missing = jobs('--again', '77');
want('no failed job of that number, by command', [1, 'tongban: no failed job has the number 77\n'], [missing.status, missing.stderr]);
want('no number', 1, jobs('--drop', 'x').status);
want('not both at once', 2, jobs('--drop', '1', '--again', '1').status);
want('help', [0, true], await (async (r) => [r.status, /usage: tongban jobs DIR/.test(r.stdout)])(spawnSync(process.env.TONGBAN ?? 'build/tongban', ['jobs', '--help'], { encoding: 'utf8' })));

rmSync(node.dir, { recursive: true, force: true });
console.log(`jobs: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
