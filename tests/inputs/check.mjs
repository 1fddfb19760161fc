// check.mjs W PID [COMMAND…] - the table of subcommands and what is done wrong with each (tests/inputs.sh). W/node is a node
// at rest, W/used one that PID serves. Prints what is not so; last line "inputs: N passed, M failed".
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { spawn, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'

const [W, pid, ...only] = process.argv.slice(2)
const T = path.resolve('build/tongban')
const at = (name) => path.join(W, name)
let passed = 0
let failed = 0
const say = (good, what, got = '') => {
  if (good) passed++
  else {
    failed++
    console.log(`not so: ${what}${got ? `: ${got}` : ''}`)
  }
}

// ---- what arguments may name ----

const write = (name, bytes) => fs.writeFileSync(at(name), bytes)
fs.mkdirSync(at('empty'))
fs.mkdirSync(at('foreign'))
write('foreign/letter', 'x')
write('file', 'no json at all')
write('garbage', Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 167 + 13) & 255)))
write('deep', '['.repeat(1 << 20))
write('huge', Buffer.alloc(72 << 20, 0x20))
write('void', '')
write('secret', '{}')
fs.chmodSync(at('secret'), 0o600)
write('draft.json', '{"act":"register-party","by":"node","fields":{"party.id":"p-new","party.kind":"person","person.name":"某"}}')
write('client.json', '{"client.id":"x"}')
write('context.json', '{"x":1}')
write('script.jsonl', '{"expect":["none"]}\n')
write('decision.dmn', fs.readFileSync(execFileSync('sh', ['-c', 'ls law/cn-990101/item/*/decide.dmn | head -n 1']).toString().trim()))
execFileSync(T, ['backup', at('node'), at('copy'), '--with-keys'])
fs.cpSync(at('node'), at('newer'), { recursive: true })
write('newer/node.json', fs.readFileSync(at('node/node.json'), 'utf8').replace('"version":1', '"version":9'))
for (const f of fs.readdirSync(at('node/keys'))) fs.chmodSync(at(`newer/keys/${f}`), fs.statSync(at(`node/keys/${f}`)).mode)
fs.mkdirSync(at('tiles'))
write('tiles/checkpoint', 'nothing\n')

// What a command is given, in order: a word of its own, or one of these with what can be wrong with it.
const bad = {
  node: ['nowhere', 'file', 'empty', 'foreign', 'used', 'newer', 'copy', 'node/node.json', 'node/store'].map(at),
  used: ['nowhere', 'file', 'empty', 'foreign', 'node', 'newer'].map(at), // of a node that serves
  copy: ['nowhere', 'file', 'empty', 'foreign', 'node', 'tiles'].map(at),
  fresh: ['file', 'foreign', 'node', 'nowhere/below', 'file/below', 'node/store/below'].map(at),
  pack: ['nowhere', 'file', 'empty', 'foreign', 'node'].map(at),
  front: ['nowhere', 'file', 'empty', 'foreign', 'node'].map(at),
  file: ['nowhere', 'empty', 'void', 'garbage', 'deep', 'huge', 'file'].map(at),
  script: ['nowhere', 'empty', 'garbage', 'deep', 'huge', 'file'].map(at), // one that says nothing is one
  tiles: ['nowhere', 'file', 'empty', 'foreign', 'tiles'].map(at),
  number: ['-1', '1e3', 'abc', '1.5', ' 1', '0x10', '99999999999999999999', '9223372036854775808'],
  day: ['2026-02-30', '0000-00-00', '99999-01-01', 'today', '2026-1-1', '2026-01-01x'],
  address: [':', '127.0.0.1:65536', '127.0.0.1:-1', '127.0.0.1', '127.0.0.1:x', 'no host:1', '256.0.0.1:1'],
  url: ['http://', 'ftp://x', 'nothing at all', 'https://127.0.0.1:1'],
  database: ['host=127.0.0.1 port=1 connect_timeout=2', 'host=', 'nonsense=1', 'postgres://127.0.0.1:1/x?connect_timeout=2'],
  name: ['no-such', '../..', '无'],
  text: [],
  key: ['nonsense', 'a+b+c', 'x'.repeat(5000)],
}
const is = (kind, value) => ({ kind, value })
const node = is('node', at('node'))
const used = is('used', at('used'))
const fresh = is('fresh', at('fresh'))
const cn = is('pack', 'law/cn')
const on = ['--on', is('day', '2026-03-02')]
const model = is('file', 'law/cn/procedure/licensing.bpmn')
// A row: the arguments as they should be. `may`: what is wrong elsewhere and right here (option or kind). `runs`: it would
// serve when all is right, so that is not tried.
const rows = [
  { args: ['demo', '--dir', fresh, '--port', is('number', '0'), '--law', is('pack', 'law'), '--database', is('database', 'host=127.0.0.1 port=1'), '--clients', is('file', at('client.json')), '--fronts', is('number', '1'), '--fronts-at', is('address', '127.0.0.1:0')], runs: true },
  { args: ['init', fresh, '--code', is('text', 'x'), '--name', is('text', 'X'), '--database', is('database', 'host=127.0.0.1 port=1'), '--pack', cn], may: ['--pack twice'] },
  { args: ['init', fresh, '--code', is('text', 'x'), '--name', is('text', 'X'), '--pack', is('pack', at('foreign'))], may: ['--pack twice'] },
  { args: ['serve', node, '--listen', is('address', '127.0.0.1:0'), '--fronts', is('number', '1'), '--fronts-at', is('address', '127.0.0.1:0'), '--issuer', is('url', 'https://node.example')], runs: true, may: ['--listen twice'] },
  { args: ['front', 'export', node, fresh, '--writer', is('address', 'node.example:7000'), '--database', is('database', 'host=127.0.0.1'), '--issuer', is('url', 'https://node.example')] },
  { args: ['front', 'serve', is('front', at('foreign')), '--listen', is('address', '127.0.0.1:0')] },
  { args: ['backup', node, fresh, '--with-keys'], may: ['used'] },
  { args: ['restore', is('copy', at('copy')), fresh, '--checkpoint', is('file', at('node')), '--accept-loss', is('number', '0'), '--keys', is('pack', at('node/keys')), '--in-folder'], may: ['9223372036854775808', '--keys'] },
  { args: ['restore', is('copy', at('copy')), fresh, '--database', is('database', 'host=127.0.0.1 port=1')] },
  { args: ['health', used] },
  { args: ['clock', used, '--trust'] },
  { args: ['stop', used], runs: true },
  { args: ['client', node, is('file', at('client.json'))] },
  { args: ['client', node, '--close', is('name', 'no-such')] },
  { args: ['jobs', node, '--again', is('number', '1'), '--json'] },
  { args: ['jobs', node, '--drop', is('number', '1')] },
  { args: ['feel', is('text', '1 +'), '--context', is('file', at('context.json'))] },
  { args: ['bpmn', 'run', model, '--process', is('name', 'licensing'), '--script', is('script', at('script.jsonl')), '--at', is('day', '2026-03-02T09:00:00Z'), '--any'] },
  { args: ['bpmn', 'check', model, '--process', is('name', 'licensing'), '--any'] },
  { args: ['bpmn', 'svg', model, '--process', is('name', 'licensing'), '--any'] },
  { args: ['dmn', 'eval', is('file', at('decision.dmn')), is('name', 'decide'), is('file', at('context.json')), '--import', is('file', at('decision.dmn')), '--explain'], may: ['--import twice'] },
  { args: ['dmn', 'tck', is('pack', 'law/cn/text'), '--out', is('fresh', at('fresh')), '--verbose'], may: ['fresh'] },
  { args: ['law', 'check', cn, ...on], may: ['pack twice'] },
  { args: ['law', 'due', is('name', '行政许可法#32.4'), is('day', '2026-03-02'), ...on, '--extended', '--pack', cn], may: ['--pack twice'] },
  { args: ['law', 'who', is('name', 'food-new'), ...on, '--pack', cn], may: ['--pack twice'] },
  { args: ['law', 'can', is('name', 'bh-market'), ...on, '--pack', cn], may: ['--pack twice'] },
  { args: ['law', 'diff', cn, is('pack', 'law/cn'), '--cases', node, '--pack', is('pack', 'law/cn')], may: ['--pack twice'] },
  { args: ['law', 'play', cn, '--story', is('file', 'law/cn-990101/test/disclosure.json'), '--people', is('file', 'law/sample/people.json')], may: ['--story twice', 'pack twice'] },
  { args: ['law', 'import-statute', is('file', at('file')), '--pack', is('name', 'cn')] },
  { args: ['verify', node, '--key', is('key', 'x'), '--reask', '--json'], may: ['--key twice'] },
  { args: ['verify', is('tiles', at('tiles')), '--key', is('key', 'x')], may: ['--key twice'] },
  { args: ['ask', node, is('file', at('draft.json')), ...on, '--json'] },
  { args: ['replay', node] },
]

// ---- one run ----

const isValue = (args, i) => typeof args[i] === 'object' && typeof args[i - 1] === 'string' && args[i - 1].startsWith('--')
const plain = (args) => args.map((a) => (typeof a === 'object' ? a.value : a))
const digest = (name) => {
  const sum = createHash('sha256')
  const walk = (dir) => {
    for (const e of fs.readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const p = path.join(dir, e.name)
      sum.update(`${p} `)
      if (e.isDirectory()) walk(p)
      else if (e.isFile()) sum.update(fs.readFileSync(p))
    }
  }
  walk(at(name))
  return sum.digest('hex')
}
const shown = (argv) => argv.map((a) => (a.length > 60 ? `${a.slice(0, 20)}…(${a.length})` : a || "''").replace(W, 'W')).join(' ')
function run(argv, as = []) {
  return new Promise((done) => {
    const all = [...as, as.length ? at('tongban') : T, ...argv]
    const child = spawn(all[0], all.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: W } })
    let out = ''
    let serves = false
    const took = (d) => {
      if (out.length < 1 << 20) out += d
      if (!serves && /^serving /m.test(out)) {
        serves = true
        child.kill('SIGTERM')
      }
    }
    child.stdout.on('data', took)
    child.stderr.on('data', took)
    const timer = setTimeout(() => child.kill('SIGKILL'), 60000)
    child.on('error', (e) => done({ code: -1, out: String(e), serves }))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      done({ code, signal, out, serves })
    })
  })
}
const names = () => fs.readdirSync(W).filter((n) => n !== 'log').join(' ')
const before = { names: '', node: '', foreign: '' }

// Refused in a sentence, and nothing is there that was not.
async function refused(why, argv, as) {
  const r = await run(argv, as)
  const what = `${why}: tongban ${shown(argv)}`
  say(!r.serves && (r.code === 1 || r.code === 2), what, `exit ${r.code ?? r.signal}${r.serves ? ', it served' : ''}: ${r.out.slice(0, 300)}`)
  if (r.code === 1 || r.code === 2)
    say(/^(tongban: |usage: |no: |wrong: |not |differs|\{)|: /m.test(r.out) && !/Sanitizer|Assertion|must hold|Segmentation/.test(r.out), `${what}: a sentence`, JSON.stringify(r.out.slice(0, 200)))
  const now = names()
  say(now === before.names, `${what}: nothing is left behind`, `${now.split(' ').filter((n) => !before.names.split(' ').includes(n))}`)
  for (const n of now.split(' ')) if (!before.names.split(' ').includes(n)) fs.rmSync(at(n), { recursive: true, force: true })
}

// ---- everything that is wrong with a row ----

function* wrong(row) {
  const { args, may = [] } = row
  const allows = (what) => may.includes(what)
  const swap = (i, ...by) => plain([...args.slice(0, i), ...by, ...args.slice(i + 1)])
  yield ['unknown option', [...plain(args), '--nonsense']]
  yield ['unknown option with a value', plain([args[0], '--nonsense=1', ...args.slice(1)])]
  yield ['one argument too many', [...plain(args), 'more']]
  for (let i = 1; i < args.length; i++) {
    const a = args[i]
    if (typeof a === 'string' && a.startsWith('--')) {
      const value = isValue(args, i + 1) ? [args[i + 1]] : []
      if (value.length) {
        yield [`${a} without a value, at the end`, plain([...args.slice(0, i), ...args.slice(i + 2), a])]
        yield [`${a} with an option as its value`, plain([...args.slice(0, i), a, '--json', ...args.slice(i + 2)])]
      }
      if (!allows(`${a} twice`)) yield [`${a} twice`, plain([...args, a, ...value])]
    } else if (typeof a === 'object') {
      const option = isValue(args, i) ? args[i - 1] : ''
      if (!option && !allows(`${a.kind} twice`)) yield [`no ${a.kind}`, swap(i)]
      if (allows(option) || allows(a.kind)) continue
      yield [`${option || a.kind} empty`, swap(i, '')]
      yield [`${option || a.kind} too long`, swap(i, 'x'.repeat(120000))]
      for (const b of bad[a.kind]) if (!allows(path.basename(b))) yield [`${option || a.kind} wrong`, swap(i, b)]
    }
  }
}

fs.copyFileSync(T, at('tongban'))
fs.chmodSync(at('tongban'), 0o755)
before.names = names()
before.node = digest('node')
before.foreign = digest('foreign')
const todo = []
for (const row of rows) {
  if (only.length && !only.includes(row.args[0])) continue
  for (const [why, argv] of wrong(row)) todo.push([why, argv])
}
if (!only.length) {
  todo.push(['no command', []], ['an unknown command', ['nothing']], ['an empty command', ['']], ['an option for a command', ['--nonsense']], ['a long command', ['x'.repeat(120000)]])
  const commands = (await run(['--help'])).out.match(/^ {2}[a-z]+/gm).map((l) => l.trim())
  for (const c of commands) {
    say(rows.some((r) => r.args[0] === c), `${c} has a row`)
    const help = await run([c, '--help'])
    say(help.code === 0 && help.out.startsWith('usage: '), `${c} --help`, help.out.slice(0, 80))
    if (c !== 'demo') todo.push(['nothing given', [c]])
  }
}
// With TONGBAN_DAY a third, by turns, a third each day.
const day = process.env.TONGBAN_DAY
const turn = todo.filter((_, i) => day === undefined || (i + Number(day)) % 3 === 0)
for (const [why, argv] of turn) await refused(why, argv)
// as a user to whom the folders are closed
if (process.getuid() === 0) {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  for (const n of ['node', 'copy', 'foreign']) fs.chmodSync(at(n), 0o700)
  for (const row of rows) {
    if (only.length && !only.includes(row.args[0])) continue
    if (row.args.some((a) => ['node', 'fresh', 'used', 'copy', 'front'].includes(a.kind)) && row.args[0] !== 'dmn') await refused('closed to the user', plain(row.args), nobody)
  }
}
say(digest('node') === before.node, 'the node is as it was')
say(digest('foreign') === before.foreign, "another's folder is as it was")
say(fs.existsSync(`/proc/${pid}`), 'the node in use still serves')
console.log(`inputs: ${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
