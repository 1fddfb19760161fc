// check.mjs BASE JAR PID - hostile input through the real server, over raw sockets: each row is bytes sent and the
// statuses that must come back, in order; "closed" means that the server then closes, "open" that it does not.
// Then clients that are slow, many, or leave halfway, with the server's memory measured.
import net from 'node:net'
import fs from 'node:fs'
import * as family from '../lib/family.mjs'

const [base, jar, pid] = process.argv.slice(2)
const { hostname: host, port } = new URL(base)
const cookie = fs
  .readFileSync(jar, 'utf8')
  .split('\n')
  .map((l) => l.replace(/^#HttpOnly_/, '').split('\t'))
  .filter((f) => f.length === 7)
  .map((f) => `${f[5]}=${f[6]}`)
  .join('; ')
let passed = 0
let failed = 0
const check = (name, good, got) => {
  if (good) passed++
  else {
    failed++
    console.log(`FAIL ${name}: ${got}`)
  }
}
const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
const H = `Host: ${host}:${port}\r\n`

// Send bytes (in pieces), read until the server closes or is quiet; statuses of all answers, and whether it closed.
function talk(pieces, { half = false, quiet = 400, max = 15000 } = {}) {
  return new Promise((done) => {
    const got = []
    let timer
    let over = false
    const s = net.connect(Number(port), host)
    const end = (closed) => {
      if (over) return
      over = true
      clearTimeout(timer)
      clearTimeout(limit)
      s.destroy()
      const bytes = Buffer.concat(got)
      done({ ...answers(bytes), closed, bytes })
    }
    const limit = setTimeout(() => end(false), max)
    s.on('connect', async () => {
      for (const p of [pieces].flat()) {
        if (over) return
        if (typeof p === 'number') await sleep(p)
        else s.write(typeof p === 'string' ? Buffer.from(p, 'latin1') : p)
      }
      if (half) s.end()
      timer = setTimeout(() => end(false), quiet)
    })
    s.on('data', (d) => {
      got.push(d)
      if (timer) {
        clearTimeout(timer)
        timer = setTimeout(() => end(false), quiet)
      }
    })
    s.on('error', () => end(true))
    s.on('close', () => end(true))
    s.on('end', () => end(true))
  })
}

// Whole answers only, framed by Content-Length; anything else after them is "junk".
function answers(bytes) {
  const status = []
  const types = []
  let at = 0
  while (at < bytes.length) {
    const end = bytes.indexOf('\r\n\r\n', at)
    const head = end < 0 ? '' : bytes.toString('latin1', at, end)
    const m = /^HTTP\/1\.1 (\d{3}) /.exec(head)
    if (!m) {
      status.push('junk')
      break
    }
    status.push(Number(m[1]))
    types.push((/^content-type: *([^;\r\n]*)/im.exec(head) || [])[1])
    const n = Number((/^content-length: *(\d+)/im.exec(head) || [])[1] || 0)
    at = end + 4 + (m[1] === '100' || m[1] === '304' ? 0 : n)
  }
  return { status, types }
}

const get = (path, extra = '') => `GET ${path} HTTP/1.1\r\n${H}${extra}\r\n`
const post = (path, extra, body) => `POST ${path} HTTP/1.1\r\n${H}${extra}\r\n${body}`
const json = (body, extra = '') =>
  post('/apply/zx-market', `Cookie: ${cookie}\r\nAccept: application/json\r\nContent-Type: application/json\r\n${extra}Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`, body)
const chunked = (body, extra = '') =>
  post('/apply/zx-market', `Cookie: ${cookie}\r\nAccept: application/json\r\nContent-Type: application/json\r\n${extra}Transfer-Encoding: chunked\r\n`, body)
const good = '{"voice.kind":"question","voice.text":"When do you open?"}'
const hex = good.length.toString(16)
const deep = (n) => '['.repeat(n) + ']'.repeat(n)

const rows = [
  // what is right stays right
  ['a plain request', get('/healthz'), [200], 'open'],
  ['a request in single bytes', [...get('/healthz')].flatMap((c) => [c, 1]), [200], 'open'],
  ['three requests in one packet', get('/healthz') + get('/nowhere') + get('/healthz'), [200, 404, 200], 'open'],
  ['two hundred requests in one packet', get('/healthz').repeat(200), Array(200).fill(200), 'open'],
  ['a request, then the client says no more', get('/healthz'), [200], 'closed', { half: true }],
  ['a full cookie within the head limit', get('/healthz', `Cookie: a=${'x'.repeat(15000)}\r\n`), [200], 'open'],
  ['absolute form of this host', `GET http://${host}:${port}/healthz HTTP/1.1\r\n${H}\r\n`, [200], 'open'],
  ['Connection: close', get('/healthz', 'Connection: close\r\n'), [200], 'closed'],
  ['a body in chunks', chunked(`${hex}\r\n${good}\r\n0\r\n\r\n`), [201], 'open'],
  ['a body in chunks of a byte', chunked([...good].map((c) => `1\r\n${c}\r\n`).join('') + '0\r\n\r\n'), [201], 'open'],
  ['Expect: 100-continue', json(good, 'Expect: 100-continue\r\n'), [100, 201], 'open'],
  // request line
  ['HTTP/1.0', `GET / HTTP/1.0\r\n${H}\r\n`, [505], 'closed'],
  ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [505], 'closed'],
  ['HTTP/0.9', 'GET /\r\n\r\n', [400], 'closed'],
  ['a TLS hello', Buffer.from('160301020001000001fc0303', 'hex').toString('latin1') + '\r\n\r\n', [400], 'closed'],
  ['HTTP/1.1 in small letters', `GET / http/1.1\r\n${H}\r\n`, [400], 'closed'],
  ['two spaces', `GET  / HTTP/1.1\r\n${H}\r\n`, [400], 'closed'],
  ['a tab for a space', `GET\t/ HTTP/1.1\r\n${H}\r\n`, [400], 'closed'],
  ['a space in the target', `GET /a b HTTP/1.1\r\n${H}\r\n`, [400], 'closed'],
  ['an empty line first (RFC 9112 2.2)', `\r\n${get('/healthz')}`, [200], 'open'],
  ['two thousand empty lines first', '\r\n'.repeat(2000) + get('/healthz'), [400], 'closed'],
  ['a method with a colon', `GE:T / HTTP/1.1\r\n${H}\r\n`, [400], 'closed'],
  ['a method of 33 letters', `${'G'.repeat(33)} / HTTP/1.1\r\n${H}\r\n`, [400], 'closed'],
  ['an unknown method', `BREW / HTTP/1.1\r\n${H}\r\n`, [405], 'open'],
  ['get in small letters', `get /healthz HTTP/1.1\r\n${H}\r\n`, [405], 'open'],
  ['TRACE', `TRACE / HTTP/1.1\r\n${H}\r\n`, [405], 'open'],
  ['CONNECT', `CONNECT a.example:443 HTTP/1.1\r\n${H}\r\n`, [400], 'closed'],
  ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${H}\r\n`, [400], 'closed'],
  ['absolute form of another host', `GET http://other.example/ HTTP/1.1\r\n${H}\r\n`, [400], 'closed'],
  ['a target with user info', `GET http://a@${host}:${port}/ HTTP/1.1\r\n${H}\r\n`, [400], 'closed'],
  ['a fragment', get('/#x'), [400], 'closed'],
  ['dots', get('/static/../../etc/passwd'), [400], 'closed'],
  ['dots in percents', get('/static/%2e%2e/%2e%2e/etc/passwd'), [400], 'closed'],
  ['a slash in percents', get('/static/..%2f..%2fetc'), [400], 'closed'],
  ['a backslash', get('/static\\..\\x'), [400], 'closed'],
  ['a NUL in percents', get('/a%00b'), [400], 'closed'],
  ['a line end in percents', get('/a%0d%0aSet-Cookie:x=1'), [400], 'closed'],
  ['a broken percent', get('/a%zz'), [400], 'closed'],
  ['a percent at the end', get('/a%2'), [400], 'closed'],
  ['bytes that are no UTF-8', get('/%ff%fe'), [400], 'closed'],
  ['an overlong slash', get('/%c0%af'), [400], 'closed'],
  ['a surrogate', get('/%ed%a0%80'), [400], 'closed'],
  ['raw bytes over 127', get('/\xe4\xb8\xad'), [400], 'closed'],
  ['a target over its limit', get('/' + 'a'.repeat(8200)), [414], 'closed'],
  ['a request line without an end', 'GET /' + 'a'.repeat(20000), [414], 'closed'],
  // headers
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', [400], 'closed'],
  ['two Hosts', get('/', 'Host: b.example\r\n'), [400], 'closed'],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', [400], 'closed'],
  ['a Host with a comma', 'GET / HTTP/1.1\r\nHost: a,b\r\n\r\n', [400], 'closed'],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', [400], 'closed'],
  ['a space before the colon', get('/', 'X-A : b\r\n'), [400], 'closed'],
  ['no colon', get('/', 'X-A\r\n'), [400], 'closed'],
  ['an empty name', get('/', ': x\r\n'), [400], 'closed'],
  ['a folded header', get('/', 'X-A: b\r\n c\r\n'), [400], 'closed'],
  ['a first line that is folded', `GET / HTTP/1.1\r\n ${H}\r\n`, [400], 'closed'],
  ['a bare LF', `GET / HTTP/1.1\n${H}\r\n`, [400], 'closed'],
  ['a bare CR', get('/', 'X-A: b\rX-B: c\r\n'), [400], 'closed'],
  ['a NUL in a value', get('/', 'X-A: b\0c\r\n'), [400], 'closed'],
  ['a DEL in a value', get('/', 'X-A: b\x7f\r\n'), [400], 'closed'],
  ['a value that is no UTF-8', get('/', 'X-A: \xff\r\n'), [400], 'closed'],
  ['65 headers', get('/', 'X-A: b\r\n'.repeat(65)), [431], 'closed'],
  ['a head over its limit', get('/', `Cookie: a=${'x'.repeat(17000)}\r\n`), [431], 'closed'],
  ['a header without an end', `GET / HTTP/1.1\r\n${H}X-A: ${'x'.repeat(20000)}`, [431], 'closed'],
  ['Expect: something else', json(good, 'Expect: 200-maybe\r\n'), [417], 'closed'],
  // framing: what two parsers could read in two ways
  ['length and chunks', chunked(`${hex}\r\n${good}\r\n0\r\n\r\n`, `Content-Length: ${good.length}\r\n`), [400], 'closed'],
  ['length zero and chunks (CL.TE)', post('/', 'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${get('/healthz')}`), [400], 'closed'],
  ['chunks and length (TE.CL)', post('/', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `5c\r\n${get('/healthz')}0\r\n\r\n`), [400], 'closed'],
  ['two lengths that differ', post('/', 'Content-Length: 5\r\nContent-Length: 6\r\n', 'hello!'), [400], 'closed'],
  ['two lengths that agree', post('/', 'Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'), [400], 'closed'],
  ['a list of lengths', post('/', 'Content-Length: 5, 5\r\n', 'hello'), [400], 'closed'],
  ['a length with a sign', post('/', 'Content-Length: +5\r\n', 'hello'), [400], 'closed'],
  ['a negative length', post('/', 'Content-Length: -5\r\n', 'hello'), [400], 'closed'],
  ['a length in hexadecimal', post('/', 'Content-Length: 0x5\r\n', 'hello'), [400], 'closed'],
  ['a length with a tail', post('/', 'Content-Length: 5 5\r\n', 'hello'), [400], 'closed'],
  ['an empty length', post('/', 'Content-Length:\r\n', 'hello'), [400], 'closed'],
  ['a length beyond 64 bits', post('/', 'Content-Length: 99999999999999999999\r\n', 'hello'), [400], 'closed'],
  ['chunked twice', post('/', 'Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), [501], 'closed'],
  ['chunked in two headers', post('/', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), [501], 'closed'],
  ['another encoding', post('/', 'Transfer-Encoding: gzip\r\n', 'x'), [501], 'closed'],
  ['chunked and identity', post('/', 'Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'), [501], 'closed'],
  ['xchunked', post('/', 'Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), [501], 'closed'],
  ['an encoding with a tab', post('/', 'Transfer-Encoding:\tchunked;x\r\n', '0\r\n\r\n'), [501], 'closed'],
  ['an encoding with a space before the colon', post('/', 'Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), [400], 'closed'],
  ['an encoding behind a vertical tab', post('/', 'Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'), [400], 'closed'],
  ['an encoding that is folded', post('/', 'Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'), [501], 'closed'],
  ['a chunk with an extension', chunked(`${hex};a=b\r\n${good}\r\n0\r\n\r\n`), [400], 'closed'],
  ['a chunk with 0x', chunked(`0x${hex}\r\n${good}\r\n0\r\n\r\n`), [400], 'closed'],
  ['a chunk with a sign', chunked(`+${hex}\r\n${good}\r\n0\r\n\r\n`), [400], 'closed'],
  ['a chunk with a space', chunked(`${hex} \r\n${good}\r\n0\r\n\r\n`), [400], 'closed'],
  ['a chunk with a bare LF', chunked(`${hex}\n${good}\r\n0\r\n\r\n`), [400], 'closed'],
  ['a chunk longer than it says', chunked(`5\r\n${good}\r\n0\r\n\r\n`), [400], 'closed'],
  ['a chunk of 2^64', chunked(`10000000000000000\r\n${good}\r\n0\r\n\r\n`), [400], 'closed'],
  ['a chunk of almost 2^60', chunked(`fffffffffffffff\r\n${good}\r\n0\r\n\r\n`), [413], 'closed'],
  ['an empty chunk size', chunked(`\r\n${good}\r\n0\r\n\r\n`), [400], 'closed'],
  ['a trailer', chunked(`${hex}\r\n${good}\r\n0\r\nX-A: b\r\n\r\n`), [400], 'closed'],
  ['a request inside the body of a GET (CL.0)', get('/healthz', `Content-Length: ${get('/nowhere').length}\r\n`) + get('/nowhere') + get('/healthz'), [200, 200], 'open'],
  ['a bad request between two', get('/healthz') + `GET / HTTP/1.1\r\nX\r\n\r\n` + get('/healthz'), [200, 400], 'closed'],
  ['a body of a gigabyte', post('/apply/zx-market', `Cookie: ${cookie}\r\nContent-Length: 1073741824\r\n`, 'x'.repeat(1000)), [413], 'closed'],
  // bodies
  ['JSON that is none', json('{"a":'), [400], 'open'],
  ['JSON with a tail', json(good + 'x'), [400], 'open'],
  ['JSON with bytes that are no UTF-8', json('{"licence.number":"\xff\xfe"}'), [400], 'open'],
  ['JSON with half a surrogate', json('{"licence.number":"\\ud800"}'), [400], 'open'],
  ['JSON with a name twice', json('{"service.truth":true,"service.truth":false}'), [400], 'open'],
  ['JSON 64 deep and more', json(deep(100000)), [400], 'open'],
  ['JSON that is no object', json('[1,2]'), [422], 'open'],
  ['a number of 500 digits', json(`{"premises.area":${'9'.repeat(500)}}`), [413], 'open'],
  ['a thousand and one members', json(`{${Array.from({ length: 1001 }, (_, i) => `"a${i}":1`).join(',')}}`), [413], 'open'],
  ['a field nobody knows', json('{"voice.kind":"question","voice.text":"When do you open?","x.y":1}'), [409], 'open'],
  ['an idempotency key of 65 bytes', json(good, `Idempotency-Key: ${'k'.repeat(65)}\r\n`), [413], 'open'],
  ['no token in a form', post('/apply/zx-market', `Cookie: ${cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 19\r\n`, 'service.truth=true&'), [403], 'open'],
  ['another type of body', post('/apply/zx-market', `Cookie: ${cookie}\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n`, 'x'), [415], 'open'],
  ['a multipart body without an end', post('/apply/zx-market', `Cookie: ${cookie}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 50\r\n`, '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nbb'), [400], 'open'],
]

for (const [name, bytes, want, how, options] of rows) {
  const r = await talk(bytes, options)
  const same = JSON.stringify(r.status) === JSON.stringify(want) && (how === 'closed') === r.closed
  check(name, same, `${JSON.stringify(r.status.slice(0, 8))} ${r.closed ? 'closed' : 'open'}, want ${JSON.stringify(want.slice(0, 8))} ${how}`)
  // what this server refuses it explains
  const bad = r.status.map((s, i) => [s, r.types[i]]).filter(([s]) => s >= 400)
  check(`${name}: explained`, bad.every(([, t]) => t === 'application/problem+json' || t === 'text/html' || t === 'text/plain'), JSON.stringify(bad))
}

// ---- slow, many, gone halfway ----

const memory = () => family.memory(pid)
const files = () => family.files(pid)
const count = family.fronts(pid)
const alive = async (name) => {
  const r = await talk(get('/healthz'))
  check(`${name}: others are served`, r.status[0] === 200, JSON.stringify(r.status))
}
await sleep(300)
const memory_before = memory()
const files_before = files()

const drip = [...get('/healthz', 'X-A: ' + 'b'.repeat(60) + '\r\n')].flatMap((c) => [c, 150])
const t0 = Date.now()
const [head, body, reader] = await Promise.all([
  talk(drip, { max: 20000, quiet: 15000 }),
  talk([json(good).slice(0, -30), ...[...good.slice(-30)].flatMap((c) => [c, 400])], { max: 30000, quiet: 15000 }),
  alive('slow head and body'),
])
check('a head that drips is cut off', head.status[0] === 408 && head.closed, JSON.stringify(head.status))
check('a body that drips is cut off', body.status[0] === 408 && body.closed, JSON.stringify(body.status))
check('slow clients are cut off in time', Date.now() - t0 < 20000, `${Date.now() - t0} ms`)

// Strangers who send 30 MB each, announced or not: nobody reads it. They go on sending as long as they are let.
const stranger = (path, framing) =>
  new Promise((done) => {
    const s = net.connect(Number(port), host)
    const piece = framing === 'chunked' ? Buffer.from(`100000\r\n${'x'.repeat(1 << 20)}\r\n`) : Buffer.alloc(1 << 20, 'x')
    const got = []
    let left = 30
    const more = () => {
      while (left > 0 && !s.destroyed) {
        left--
        if (!s.write(piece)) return void s.once('drain', more)
      }
    }
    s.on('error', () => {})
    s.on('data', (d) => got.push(d))
    s.write(post(path, `Content-Type: multipart/form-data; boundary=x\r\n${framing === 'chunked' ? 'Transfer-Encoding: chunked' : 'Content-Length: 31457280'}\r\n`, ''))
    more()
    const over = () => done(answers(Buffer.concat(got)).status[0])
    s.on('close', over)
    setTimeout(() => s.destroy(), 15000)
  })
const strangers = async (count) => {
  const paths = ['/apply/food-new', '/case/bh-2026-000001/act/accept', '/acts/publish-law', '/login', '/nowhere']
  let held = 0
  const watch = setInterval(() => (held = Math.max(held, memory())), 50)
  const all = await Promise.all(Array.from({ length: count }, (_, i) => stranger(paths[i % paths.length], i % 2 ? 'chunked' : 'length')))
  clearInterval(watch)
  return [held, all]
}
await strangers(5)
await sleep(300)
const memory_calm = memory()
const [memory_held, turned_away] = await strangers(40)
check('40 strangers with 30 MB each hold less than 1 MB', memory_held - memory_calm < 1024, `${memory_held - memory_calm} kB`)
check('strangers are turned away from the head', turned_away.every((s) => [303, 401, 404, 413].includes(s)), JSON.stringify(turned_away))
await alive('after the strangers')

// Connections that are opened and say nothing, more than one address may have.
const many = []
for (let i = 0; i < 1100; i++) {
  const s = net.connect(Number(port), host)
  s.on('error', () => {})
  many.push(s)
  if (i % 100 === 99) await sleep(20)
}
await sleep(500)
check('connections of one address are bounded', files() <= files_before + count * (1024 + 8), `${files() - files_before} more`)
check('idle connections cost little', memory() - memory_before < 65536, `${memory() - memory_before} kB more`)
many.forEach((s) => s.destroy())
await sleep(500)
await alive('after the flood')

// Answers asked for and never read: 300 clients, 50 pipelined pages each.
const lazy = []
for (let i = 0; i < 300; i++) {
  const s = net.connect({ port: Number(port), host, onread: { buffer: Buffer.alloc(1), callback: () => false } })
  s.on('error', () => {})
  s.write(get('/').repeat(50))
  s.pause()
  lazy.push(s)
}
await sleep(1500)
check('answers nobody reads are bounded', memory() - memory_before < 131072, `${memory() - memory_before} kB more`)
await alive('while nobody reads')
lazy.forEach((s) => s.destroy())

// Clients that leave in the middle of an act.
for (let i = 0; i < 200; i++) {
  const s = net.connect(Number(port), host)
  s.on('error', () => {})
  s.write(json(good), () => s.destroy())
  if (i % 50 === 49) await sleep(50)
}
await sleep(1500)
await alive('after clients that left')
check('memory comes back', memory() - memory_before < 65536, `${memory() - memory_before} kB more`)
for (let i = 0; i < 40 && files() > files_before + 16; i++) await sleep(250)
check('files come back', files() <= files_before + 16, `${files() - files_before} more`)
console.log(`memory: ${memory_before} kB before, ${memory()} kB after`)
console.log(`check: ${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
