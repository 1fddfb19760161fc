// The real server in demo mode, and a browser without script, for check.mjs.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Node {
  static async start(clients, more = []) {
    const node = new Node();
    node.dir = mkdtempSync(join(tmpdir(), 'tongban-oidc-'));
    writeFileSync(join(node.dir, 'clients.json'), JSON.stringify(clients));
    await node.run(['--clients', join(node.dir, 'clients.json'), ...more]);
    return node;
  }
  async run(options) {
    this.log = '';
    this.process = spawn(process.env.TONGBAN ?? 'build/tongban', ['demo', '--dir', join(this.dir, 'node'), '--port', String(this.port ?? 0), ...options]);
    this.process.stdout.on('data', (d) => (this.log += d));
    this.process.stderr.on('data', (d) => (this.log += d));
    for (let i = 0; i < 300 && !/^confined/m.test(this.log); i++) {
      if (this.process.exitCode !== null) break;
      await new Promise((r) => setTimeout(r, 100));
    }
    const m = this.log.match(/^issuer: (\S+)/m);
    if (!m) throw new Error('the server did not start\n' + this.log);
    this.issuer = m[1];
    this.port = new URL(this.issuer).port;
    this.people = JSON.parse(readFileSync(join(this.dir, 'node', 'demo.json'))).people;
  }
  kill() {
    return new Promise((r) => {
      this.process.once('exit', r);
      this.process.kill('SIGKILL');
    });
  }
  async stop() {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
  browser() {
    return new Browser(this);
  }
}

const unescape = (s) => s.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');

// A browser as far as redirects, cookies and forms go.
export class Browser {
  constructor(node) {
    this.node = node;
    this.cookies = new Map();
  }
  async fetch(url, init = {}) {
    const here = new URL(url, this.node.issuer);
    const headers = { accept: 'text/html', ...init.headers };
    if (this.cookies.size) headers.cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
    const answer = await fetch(here, { redirect: 'manual', ...init, headers });
    for (const c of answer.headers.getSetCookie()) {
      const [pair] = c.split(';');
      const at = pair.indexOf('=');
      if (/max-age=0/i.test(c)) this.cookies.delete(pair.slice(0, at));
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    this.answer = answer;
    this.status = answer.status;
    this.location = answer.headers.get('location') && new URL(answer.headers.get('location'), here);
    this.html = await answer.text();
    return this;
  }
  // The form whose action begins so: its hidden fields and more, posted.
  async submit(action, more) {
    const form = this.html.match(new RegExp(`<form[^>]*action="((?:/en)?${action}[^"]*)"[^>]*>([\\s\\S]*?)</form>`));
    if (!form) throw new Error(`no form ${action} on this page: ${this.status}\n${this.html.slice(0, 2000)}`);
    const body = new URLSearchParams();
    for (const m of form[2].matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      body.append(m[0].match(/name="([^"]*)"/)[1], unescape(m[0].match(/value="([^"]*)"/)[1]));
    }
    for (const [k, v] of more) body.append(k, v);
    return this.fetch(unescape(form[1]), { method: 'POST', body });
  }
  async signIn(name) {
    const who = this.node.people.find((p) => p.name === name).id;
    await this.fetch('/login/demo', { method: 'POST', body: new URLSearchParams({ who }) });
    await this.fetch(this.location);
    if (this.status !== 303) throw new Error('sign-in: ' + this.status);
    return this;
  }
  // Go where an authorization request leads, as far as it stays here: sign in and consent as told.
  async authorize(url, { name, scopes = [], decision = 'allow' } = {}) {
    await this.fetch(url);
    for (let i = 0; i < 8; i++) {
      if (this.location && this.location.origin === this.node.issuer) {
        await this.fetch(this.location);
      } else if (this.status === 200 && /action="(\/en)?\/login\/demo"/.test(this.html) && name) {
        const id = this.node.people.find((p) => p.name === name).id;
        await this.submit('/login/demo', [['who', id]]);
      } else if (this.status === 200 && /action="(\/en)?\/oidc\/consent"/.test(this.html) && decision) {
        this.consentPage = this.html;
        await this.submit('/oidc/consent', [...scopes.map((s) => ['scope', s]), ['decision', decision]]);
      } else {
        break;
      }
    }
    return this;
  }
}
