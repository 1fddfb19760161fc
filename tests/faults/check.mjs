// check.mjs FOLDER CONTROL PRELOAD ROUNDS - the real server under HTTP load while its system calls fail, one kind and
// error after the other, the nth for n = 1, 2, … until a batch of requests meets it no more (at most ROUNDS).
//
// After each: the server lives (or, after a failed sync, has ended in order and starts again); every answer was a whole
// one, 5xx only as problem+json with 500 or 503; the act asked for again under its key has one place in the ledger; at
// the end every place ever told holds the leaf that was told.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'

const [dir, controlPath, preload, rounds] = process.argv.slice(2)
const NAMES = ['NONE', 'ACCEPT', 'EPOLL_WAIT', 'EPOLL_CTL', 'RECV', 'SEND', 'OPEN', 'PREAD', 'PWRITE', 'SYNC', 'TRUNCATE', 'READ', 'WRITE', 'MEMORY', 'CLOSE']
const CALL = Object.fromEntries(NAMES.map((n, i) => [n, i]))
const E = { EPERM: 1, EINTR: 4, EIO: 5, EAGAIN: 11, ENOMEM: 12, EACCES: 13, ENFILE: 23, EMFILE: 24, ENOSPC: 28, EPIPE: 32, ENOBUFS: 105, ECONNABORTED: 103, ECONNRESET: 104, EDQUOT: 122, SHORT: 100000 }
const rows = [
  ['ACCEPT', ['EMFILE', 'ENFILE', 'ECONNABORTED', 'EINTR', 'ENOMEM', 'EPERM']],
  ['EPOLL_WAIT', ['EINTR']],
  ['EPOLL_CTL', ['ENOMEM']],
  ['RECV', ['ECONNRESET', 'EINTR', 'EAGAIN', 'ENOMEM', 'SHORT']],
  ['SEND', ['ECONNRESET', 'EPIPE', 'EINTR', 'EAGAIN', 'ENOBUFS', 'SHORT']],
  ['OPEN', ['EMFILE', 'EACCES']],
  ['PREAD', ['EIO', 'EINTR', 'SHORT']],
  ['PWRITE', ['EIO', 'ENOSPC', 'EDQUOT', 'EINTR', 'SHORT']],
  ['TRUNCATE', ['EIO']],
  ['READ', ['EINTR', 'EAGAIN']],
  ['WRITE', ['EAGAIN', 'EINTR']],
  ['CLOSE', ['EIO', 'EINTR']],
  ['MEMORY', ['ENOMEM']],
  ['SYNC', ['EIO', 'ENOSPC']],
]
let passed = 0
let failed = 0
let faults = 0
let acts = 0
let restarts = 0
const check = (name, good, got) => {
  if (good) passed++
  else {
    failed++
    console.log(`FAIL ${name}: ${got}`)
  }
}
const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
const control = fs.openSync(controlPath, 'r+')
const put = (call, error, nth, times, pid) => {
  const b = Buffer.alloc(44)
  const quiet = Buffer.alloc(4)
  fs.writeSync(control, quiet, 0, 4, 0) // no fault while the rest is written
  b.writeInt32LE(error, 4)
  b.writeBigInt64LE(BigInt(nth), 8)
  b.writeBigInt64LE(BigInt(times), 16)
  b.writeInt32LE(pid, 40)
  fs.writeSync(control, b, 4, 40, 4)
  quiet.writeInt32LE(call)
  fs.writeSync(control, quiet, 0, 4, 0)
}
const met = () => {
  const b = Buffer.alloc(8)
  fs.readSync(control, b, 0, 8, 32)
  return Number(b.readBigInt64LE())
}

let server
let base
let cookie
let ended
let words = ''
async function start() {
  put(0, 0, 0, 0, 0)
  server = spawn('build/tongban', ['demo', '--dir', dir, '--port', '0'], { env: { ...process.env, LD_PRELOAD: preload, FAIL_CONTROL: controlPath } })
  let out = ''
  ended = null
  const mine = server
  server.on('exit', (code, signal) => {
    if (mine === server) ended = { code, signal }
  })
  server.stdout.on('data', (d) => (out += d))
  server.stderr.on('data', (d) => {
    out += d
    words = String(d)
  })
  for (let i = 0; i < 600 && !/^serving (http\S+)\/$/m.test(out) && !ended; i++) await sleep(50)
  base = (/^serving (http\S+)\/$/m.exec(out) || [])[1]
  if (!base) throw new Error(`the server did not start: ${out}`)
  for (let i = 0; i < 100 && (await ask('GET', '/healthz')).status !== 200; i++) await sleep(50)
  const people = fs.readFileSync(`${dir}/demo.json`, 'utf8')
  const sign_in = JSON.parse(people)
  const find = (o) => (o && typeof o === 'object' ? (o.id === 'p-lin' && o.sign_in ? o.sign_in : Object.values(o).map(find).find(Boolean)) : undefined)
  const r = await ask('GET', new URL(find(sign_in)).pathname + new URL(find(sign_in)).search)
  cookie = (r.headers['set-cookie'] || []).map((c) => c.split(';')[0]).join('; ')
}

// One request on a connection of its own, or on one that is kept.
const kept = new http.Agent({ keepAlive: true, maxSockets: 4 })
function ask(method, path, headers = {}, body = '', agent = false) {
  return new Promise((done) => {
    const u = new URL(base)
    const r = http.request({ host: u.hostname, port: u.port, method, path, headers, agent, timeout: 8000 }, (res) => {
      let text = ''
      res.on('data', (d) => (text += d))
      res.on('end', () => done({ status: res.statusCode, headers: res.headers, text, whole: res.complete }))
      res.on('error', () => done({ status: 0, headers: {}, text, cut: true }))
    })
    r.on('timeout', () => {
      done({ status: -1, headers: {}, text: '' })
      r.destroy()
    })
    r.on('error', () => done({ status: 0, headers: {}, text: '' }))
    r.end(body)
  })
}
const body = '{"voice.kind":"question","voice.text":"When do you open?"}'
const act = (key, agent) =>
  ask('POST', '/apply/zx-market', { Cookie: cookie, Accept: 'application/json', 'Content-Type': 'application/json', 'Content-Length': body.length, 'Idempotency-Key': key }, body, agent)
const told = new Map() // place -> leaf hash
const note = (name, r) => {
  if (r.status !== 200 && r.status !== 201) return null
  let j = {}
  try {
    j = JSON.parse(r.text)
  } catch {
    check(name, false, `an answer that is no JSON: ${r.text.slice(0, 100)}`)
  }
  if (told.has(j.seq)) check(`${name}: one place, one leaf`, told.get(j.seq) === j.leaf_hash, j.seq)
  told.set(j.seq, j.leaf_hash)
  return j.seq
}
const sound = (name, r) => {
  const problem = /^application\/problem\+json/.test(r.headers['content-type'] || '') || /^text\/(html|plain)/.test(r.headers['content-type'] || '')
  const good = r.status === 0 || (r.status >= 200 && r.status < 500) || ((r.status === 503 || r.status === 500) && problem)
  check(`${name}: a sound answer`, good, `${r.status} ${r.headers['content-type']} ${r.text.slice(0, 80)}`)
}

await start()
check('signed in', cookie.length > 0, cookie)
let number = 0
for (const [call, errors] of rows) {
  for (const error of errors) {
    const limit = call === 'SYNC' ? Math.min(Number(rounds), 6) : Number(rounds)
    for (let i = 0, nth = 1; i < limit; i++, nth += call === 'MEMORY' && nth > 40 ? 1 + Math.floor(nth / 20) : 1) {
      const name = `${call} ${error} ${nth}`
      const key = `f-${++number}`
      put(CALL[call], E[error], nth, i % 4 === 3 ? 3 : 1, server.pid)
      const answers = await Promise.all([act(key, false), ask('GET', '/', { Cookie: cookie }, '', kept), ask('GET', '/ledger', {}, '', kept), ask('GET', '/checkpoint')])
      const hit = met()
      put(0, 0, 0, 0, 0)
      answers.forEach((r) => sound(name, r))
      faults += hit
      const first = note(name, answers[0])
      if (!ended && answers[0].status === 0) await sleep(150) // has it gone?
      if (ended) {
        check(`${name}: the server lives`, false, `${JSON.stringify(ended)} ${words}`)
        await start()
        restarts++
      }
      let again = await act(key, false)
      if (again.status === 500 || again.status === 503) {
        // after a sync that failed nothing is written until the node is started anew
        const stops = call === 'SYNC' || (call === 'PWRITE' && error === 'EIO')
        check(`${name}: only a failed write may stop writing`, stops, `${again.status} ${again.text.slice(0, 120)}`)
        server.kill('SIGTERM')
        for (let k = 0; k < 200 && !ended; k++) await sleep(50)
        check(`${name}: the server ends in order`, ended && !ended.signal, JSON.stringify(ended))
        await start()
        restarts++
        again = await act(key, false)
      }
      const second = note(name, again)
      check(`${name}: asked again it is done`, second !== null, `${again.status} ${again.text.slice(0, 120)}`)
      check(`${name}: once`, first === null || first === second, `${first} and ${second}`)
      acts++
      if (hit === 0) break
    }
  }
}
let lost = 0
for (const [seq, hash] of told) {
  const r = await ask('GET', `/ledger/${seq}`, { Accept: 'application/json' }, '', kept)
  if (!r.text.includes(hash)) lost++
}
check('nothing that was told is lost', lost === 0, lost)
server.kill('SIGTERM')
for (let k = 0; k < 200 && !ended; k++) await sleep(50)
check('the server ends in order', ended && ended.code === 0, JSON.stringify(ended))
console.log(`system calls of the server: ${faults} faults, ${told.size} states looked at, ${told.size} acts told, ${restarts} restarts, ${lost} lost`)
console.log(`check: ${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
