// The identity provider beside npm oidc-provider, in one run and turn by turn: tokens of machines, and whole sign-ins with
// login page, consent and code. Measured is the processor time of each server (with its key holders), so it matters little how
// fast this client is. Prints a table, and lines "BENCH name|value|unit|limit|ratio|peer". usage: node run.mjs [--small | SECONDS A TURN]
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const small = process.argv[2] === '--small'; // only to see that it works
const TURNS = small ? 1 : 3;
const turn = small ? 300 : Number(process.argv[2] ?? 3) * 1000;
const dir = mkdtempSync(join(tmpdir(), 'tongban-bench-oidc-'));
const secret = randomBytes(32).toString('base64url');
const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
const running = [];

function start(name, command, args, ready) {
  const child = spawn(command, args);
  running.push(child);
  return new Promise((resolve, reject) => {
    let log = '';
    const look = (d) => {
      log += d;
      const m = log.match(ready);
      if (m) resolve({ name, child, m });
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('exit', () => reject(new Error(name + ' did not start\n' + log)));
  });
}

// Processor seconds and memory of a process and its children.
function family(pid) {
  const pids = readdirSync('/proc').filter((p) => /^\d+$/.test(p));
  const stat = (p) => {
    try {
      return readFileSync(`/proc/${p}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    } catch {
      return null;
    }
  };
  return [String(pid), ...pids.filter((p) => stat(p)?.[1] === String(pid))];
}
function cpu(pid) {
  let ticks = 0;
  for (const p of family(pid)) {
    const f = readFileSync(`/proc/${p}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    ticks += Number(f[11]) + Number(f[12]);
  }
  return ticks / 100;
}
// The most the server itself had, and what its children have for themselves (they share the rest with it).
function peak(pid) {
  const [own, ...children] = family(pid);
  let kb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${own}/status`, 'utf8'))[1]);
  for (const p of children) kb += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${p}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  return kb / 1024;
}

// One keep-alive connection that asks one thing at a time.
class Connection {
  constructor(port) {
    this.port = port;
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.setNoDelay(true);
    this.text = '';
    this.socket.on('data', (d) => {
      this.text += d.toString('latin1');
      this.look();
    });
    this.socket.on('error', (e) => this.fail?.(e));
    this.socket.on('close', () => this.fail?.(new Error('closed')));
  }
  look() {
    const end = this.text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.text.slice(0, end);
    let body;
    const length = /content-length: (\d+)/i.exec(head);
    if (length) {
      const n = Number(length[1]);
      if (this.text.length < end + 4 + n) return;
      body = this.text.slice(end + 4, end + 4 + n);
    } else if (/transfer-encoding: chunked/i.test(head)) {
      const stop = this.text.indexOf('\r\n0\r\n\r\n', end);
      if (stop < 0) return;
      body = this.text.slice(end + 4, stop);
    } else body = '';
    this.text = '';
    this.done({ status: Number(head.slice(9, 12)), head, body, location: /^location: (.*)$/im.exec(head)?.[1]?.trim() });
  }
  ask(method, path, headers = {}, body) {
    const lines = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${this.port}`];
    for (const [k, v] of Object.entries(headers)) lines.push(`${k}: ${v}`);
    if (body !== undefined) lines.push('Content-Type: application/x-www-form-urlencoded', `Content-Length: ${Buffer.byteLength(body)}`);
    return new Promise((resolve, reject) => {
      this.done = resolve;
      this.fail = reject;
      this.socket.write(lines.join('\r\n') + '\r\n\r\n' + (body ?? ''));
    });
  }
  end() {
    this.fail = undefined;
    this.socket.destroy();
  }
}

const basic = 'Basic ' + Buffer.from(`bench:${secret}`).toString('base64');
async function machineToken(server, c) {
  const r = await c.ask('POST', server.token, { Authorization: basic }, 'grant_type=client_credentials');
  if (r.status !== 200 || !r.body.includes('access_token')) throw new Error(server.name + ': ' + r.status + r.body);
}

const unescape = (s) => s.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');
class Visitor {
  constructor(c) {
    this.c = c;
    this.cookies = new Map();
  }
  async go(method, path, body) {
    const headers = { Accept: 'text/html' };
    if (this.cookies.size) headers.Cookie = [...this.cookies].map((p) => p.join('=')).join('; ');
    const r = await this.c.ask(method, path, headers, body);
    for (const m of r.head.matchAll(/^set-cookie: ([^=]+)=([^;]*)(.*)$/gim)) {
      if (/1970|max-age=0/i.test(m[3])) this.cookies.delete(m[1]);
      else this.cookies.set(m[1], m[2]);
    }
    return r;
  }
  hidden(html, more) {
    const body = new URLSearchParams(more);
    for (const m of html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      if (!body.has(/name="([^"]*)"/.exec(m[0])[1])) body.append(/name="([^"]*)"/.exec(m[0])[1], unescape(/value="([^"]*)"/.exec(m[0])[1]));
    }
    return body.toString();
  }
}
const local = (l) => l.replace(/^http:\/\/127\.0\.0\.1:\d+/, '');
let person = 0;
async function signIn(server, c) {
  const v = new Visitor(c);
  let r = await v.go('GET', `${server.authorize}?client_id=bench&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code&scope=openid%20profile&state=s&nonce=n&prompt=consent&code_challenge=${challenge}&code_challenge_method=S256`);
  for (let i = 0; i < 12 && !r.location?.startsWith('https://app.example/cb'); i++) {
    if (r.location) r = await v.go('GET', local(r.location));
    else if (r.status === 200) r = await server.answer(v, r);
    else throw new Error(`${server.name}: ${r.status} ${r.head} ${r.body.slice(0, 300)}`);
  }
  const code = new URL(r.location).searchParams.get('code');
  if (!code) throw new Error(server.name + ': ' + r.location);
  r = await c.ask('POST', server.token, { Authorization: basic }, new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: 'https://app.example/cb', code_verifier: verifier }).toString());
  if (r.status !== 200 || !r.body.includes('id_token')) throw new Error(server.name + ': ' + r.status + r.body);
}

async function measure(server, work, connections, ms) {
  let count = 0;
  const before = cpu(server.child.pid);
  const begin = Date.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const c = new Connection(server.port);
      while (Date.now() - begin < ms) {
        await work(server, c);
        count++;
      }
      c.end();
    }),
  );
  const wall = (Date.now() - begin) / 1000;
  return { per_cpu: count / (cpu(server.child.pid) - before), per_s: count / wall, count };
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

try {
  writeFileSync(join(dir, 'clients.json'), JSON.stringify({
    'client.id': 'bench', 'client.name': 'bench', 'client.profile': 'basic', 'client.auth': 'client_secret_basic', 'client.secret_sha256': createHash('sha256').update(secret).digest('hex'),
    'client.redirect_uris': ['https://app.example/cb'], 'client.scopes': ['openid', 'profile'], 'client.grants': ['authorization_code', 'client_credentials'] }));
  const demo = ['demo', '--dir', join(dir, 'node'), '--port', '0'];
  const serving = /issuer: http:\/\/127\.0\.0\.1:(\d+)[\s\S]*confined/;
  const made = await start('tongban', 'build/tongban', [...demo, '--clients', join(dir, 'clients.json')], serving);
  made.child.removeAllListeners('exit');
  await new Promise((resolve) => made.child.once('exit', resolve) && made.child.kill('SIGTERM')); // made; now as it serves every day
  running.pop();
  const ours = await start('tongban', 'build/tongban', demo, serving);
  const people = JSON.parse(readFileSync(join(dir, 'node', 'demo.json'))).people.map((p) => p.id).filter((id) => /^[op]-/.test(id));
  Object.assign(ours, { port: Number(ours.m[1]), token: '/oidc/token', authorize: '/oidc/authorize',
    answer: (v, r) => (r.body.includes('action="/login/demo"') ? v.go('POST', '/login/demo', v.hidden(/<form[^>]*login\/demo[\s\S]*?<\/form>/.exec(r.body)[0], { who: people[person++ % people.length] })) : v.go('POST', '/oidc/consent', v.hidden(/<form[^>]*oidc\/consent[\s\S]*?<\/form>/.exec(r.body)[0], { scope: 'profile', decision: 'allow' }))) });
  const free = await new Promise((resolve) => {
    const s = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
  const peer = await start('oidc-provider', process.execPath, [new URL('peer.mjs', import.meta.url).pathname, String(free), secret], /ready/);
  Object.assign(peer, { port: free, token: '/token', authorize: '/auth',
    answer: (v, r) => v.go('POST', local(/action="([^"]*)"/.exec(r.body)[1]), r.body.includes('name="password"') ? v.hidden(r.body, { login: 'p' + person++, password: 'x' }) : v.hidden(r.body, {})) });
  const kinds = [['token endpoint (client_credentials, ES256)', 'oidc.tokens_per_cpu_s', machineToken, 16], ['sign-in (login, consent, code, tokens)', 'oidc.sign_ins_per_cpu_s', signIn, 8]];
  console.log('                                              per CPU-second               per second');
  for (const [title, name, work, connections] of kinds) {
    const rows = { [ours.name]: [], [peer.name]: [] };
    for (let i = 0; i <= TURNS; i++) {
      for (const server of [ours, peer]) {
        const r = await measure(server, work, connections, i === 0 && !small ? 700 : turn);
        if (i > 0) rows[server.name].push(r);
      }
    }
    const of = (n, k) => median(rows[n].map((r) => r[k]));
    const ratio = of(ours.name, 'per_cpu') / of(peer.name, 'per_cpu');
    for (const n of [ours.name, peer.name]) console.log(`${title.padEnd(44)} ${n.padEnd(14)} ${of(n, 'per_cpu').toFixed(0).padStart(8)} ${of(n, 'per_s').toFixed(0).padStart(16)}`);
    console.log(`${''.padEnd(44)} ratio          ${ratio.toFixed(1).padStart(8)}   (must 4, aim 8)`);
    console.log(`BENCH ${name}|${of(ours.name, 'per_cpu').toFixed(0)}|1/CPU-s|${of(peer.name, 'per_cpu').toFixed(0)}|${ratio.toFixed(2)}|npm oidc-provider, memory store`);
  }
  const [m, p] = [peak(ours.child.pid), peak(peer.child.pid)];
  console.log(`most memory                                  tongban ${m.toFixed(1)} MiB (must 64), oidc-provider ${p.toFixed(1)} MiB`);
  console.log(`BENCH oidc.memory_mib|${m.toFixed(1)}|MiB|64|${(m / 64).toFixed(2)}|bound of the issue; oidc-provider ${p.toFixed(0)}`);
} finally {
  for (const c of running) {
    c.removeAllListeners('exit');
    c.kill('SIGKILL');
  }
  rmSync(dir, { recursive: true, force: true });
}
