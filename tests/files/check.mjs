// check.mjs BASE PID LAW - files through the real server. Prints "files: N passed, M failed".
import fs from 'node:fs'
import * as family from '../lib/family.mjs'
import path from 'node:path'
import { createHash, randomBytes } from 'node:crypto'

const [base, pid, law] = process.argv.slice(2)
let passed = 0
let failed = 0
const check = (name, good, got) => {
  if (good) passed++
  else {
    failed++
    console.log(`FAIL ${name}: ${typeof got === 'string' ? got : JSON.stringify(got)}`)
  }
}
const MB = 1 << 20
const memory = () => family.memory(pid)
async function watched(work) {
  const before = memory()
  let most = before
  const timer = setInterval(() => (most = Math.max(most, memory())), 20)
  const r = await work()
  clearInterval(timer)
  return [r, Math.max(most, memory()) - before]
}

// ---- sessions ----

async function signIn(who) {
  const once = await fetch(`${base}/login/demo`, { method: 'POST', body: new URLSearchParams({ who }), redirect: 'manual' })
  const r = await fetch(new URL(once.headers.get('location'), base), { redirect: 'manual' })
  return r.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ')
}
const ask = (cookie, url, init = {}) =>
  fetch(base + url, { redirect: 'manual', ...init, headers: { cookie, accept: 'application/json', ...(init.headers || {}) } })
async function post(cookie, url, body, key) {
  const r = await ask(cookie, url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}) } })
  return { status: r.status, ...(await r.json().catch(() => ({}))) }
}
async function form(cookie, url, fields, accept = 'application/json') {
  const page = await (await ask(cookie, url, { headers: { accept: 'text/html' } })).text()
  const data = new FormData()
  const token = /name="_token" value="([^"]*)"/.exec(page)
  if (token) data.append('_token', token[1])
  for (const [k, v] of fields) v instanceof File ? data.append(k, v, v.name) : data.append(k, v)
  const r = await ask(cookie, url, { method: 'POST', body: data, headers: { accept } })
  const text = await r.text()
  let json = {}
  try {
    json = JSON.parse(text)
  } catch {}
  return { ...json, status: r.status, text, location: r.headers.get('location') }
}

const pdf = (n) => Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(n - 9)])
const digest = (b) => createHash('sha256').update(b).digest('hex')
const json = (b, name = 'plan.pdf', type = 'application/pdf') => ({ name, type, base64: b.toString('base64') })
const small = pdf(1000)
const facts = (more) => ({
  _for: 'org-lin', 'business.name': '滨河县知夏小馆', 'premises.address': '滨河县柳叶街 18 号', 'premises.area': 80,
  'premises.pollution_distance_ok': true, 'food.kind': 'catering', 'food.raw': false, 'food.manager': '周远', 'food.health_ok': true,
  'food.withdrawn_five_years': false, 'person.phone': '13800006620', 'service.delivery': 'electronic', 'service.truth': true,
  'premises.plan': json(small), 'food.rules': json(small, 'rules.pdf'), ...more,
})
const lin = await signIn('p-lin')
const clerk = await signIn('o-clerk')

// ---- 40 MB, in both framings; warm first, so that what is measured is the file ----

const warm = await Promise.all(Array.from({ length: 12 }, () => post(lin, '/apply/food-new', facts({}))))
check('a small file, at every front', warm.every((r) => r.status === 201), warm)
const large = pdf(40 * MB)
const [first, held] = await watched(() => post(lin, '/apply/food-new', facts({ 'premises.plan': json(large, '平面图 "一".pdf') })))
check('40 MB as base64 in JSON', first.status === 201, first)
check('in less than 12 MB, of which 8 are the pages the store keeps', held < 12288, `${held} kB`)
const typed = Object.entries(facts({})).filter(([, v]) => typeof v !== 'object').map(([k, v]) => [k, String(v)])
const [second, held2] = await watched(() =>
  form(lin, '/apply/food-new?for=org-lin', [...typed, ['_confirm', '1'], ['premises.plan', new File([large], '平面图 "一".pdf', { type: 'application/pdf' })], ['food.rules', new File([small], 'rules.pdf', { type: 'application/pdf' })]]),
)
check('40 MB as browsers send it', second.status === 201, second.text)
check('in less than 12 MB, too', held2 < 12288, `${held2} kB`)

// ---- back again ----

const [back, held3] = await watched(async () => {
  const r = await ask(lin, `/case/${first.case}/file/${digest(large)}`)
  return { status: r.status, headers: Object.fromEntries(r.headers), body: Buffer.from(await r.arrayBuffer()) }
})
check('the file comes back', back.status === 200 && digest(back.body) === digest(large), back.status)
check('without being in memory', held3 < 8192, `${held3} kB`)
check('with its name', back.headers['content-disposition'] === `attachment; filename="___ ___.pdf"; filename*=UTF-8''%E5%B9%B3%E9%9D%A2%E5%9B%BE%20%22%E4%B8%80%22.pdf`, back.headers)
check('with its type, not to be guessed', back.headers['content-type'] === 'application/pdf' && back.headers['x-content-type-options'] === 'nosniff', back.headers)
check('in a sandbox', /sandbox/.test(back.headers['content-security-policy']), back.headers)
const head = await ask(lin, `/case/${first.case}/file/${digest(large)}`, { method: 'HEAD' })
check('HEAD has the head alone', head.status === 200 && (await head.text()) === '', head.status)
const page = await (await ask(lin, `/case/${first.case}`, { headers: { accept: 'text/html' } })).text()
check('the page of the case links to it', page.includes(`/case/${first.case}/file/${digest(large)}`), 'no link')
check('a file of another case is not there', (await ask(lin, `/case/${warm.case}/file/${digest(large)}`)).status === 404)
check('another person does not get it', (await ask(await signIn('p-zhou'), `/case/${first.case}/file/${digest(large)}`)).status === 404)
const slow = await ask(clerk, `/case/${first.case}/file/${digest(large)}`)
const reader = slow.body.getReader()
await reader.read()
check('a reader that leaves halfway harms nobody', slow.status === 200 && (await reader.cancel(), (await ask(lin, '/healthz')).status === 200))

// ---- what is not taken ----

const png = Buffer.from('\x89PNG\r\n\x1a\n and more', 'latin1')
const bad = [
  ['a program instead of a plan', { 'premises.plan': json(Buffer.from('MZ\x90\0 program', 'latin1')) }, 422, 'premises.plan', /application\/x-msdownload/],
  ['a picture that says it is a PDF', { 'premises.plan': json(png) }, 422, 'premises.plan', /image\/png/],
  ['a PDF that is named as a picture', { 'premises.plan': json(small, 'plan.png', '') }, 422, 'premises.plan', /application\/pdf/],
  ['a page instead of a plan', { 'premises.plan': json(Buffer.from('<html><script>')) }, 422, 'premises.plan', /text\/html/],
  ['a file that no field takes', { 'no.such': json(small) }, 422, 'no.such', /./],
  ['a file in a field of text', { 'business.name': json(small) }, 422, 'business.name', /./],
  ['a file in a field of the page itself', { _extra: json(small) }, 422, '_extra', /./],
  ['a file of 11 MB where 10 are taken', { 'food.rules': json(pdf(11 * MB)) }, 413, 'food.rules', /10485760/],
]
for (const [name, more, status, field, words] of bad) {
  const r = await post(lin, '/apply/food-new', facts(more))
  check(name, r.status === status && r.type === 'urn:tongban:problem:form.file' && r.field === field && words.test(r.detail), r)
}
const twice = await form(lin, '/apply/food-new?for=org-lin', [...typed, ['premises.plan', new File([small], 'a.pdf', { type: 'application/pdf' })], ['premises.plan', new File([pdf(999)], 'b.pdf', { type: 'application/pdf' })]])
check('two files for one field', twice.status === 422 && twice.field === 'premises.plan', twice.text)
const unsigned = new FormData()
unsigned.append('premises.plan', new File([small], 'a.pdf', { type: 'application/pdf' }))
unsigned.append('_token', 'late')
check('a file before the token', (await ask(lin, '/apply/food-new', { method: 'POST', body: unsigned })).status === 403)
check('a body beyond all files', (await post(lin, '/apply/food-new', facts({ 'premises.plan': json(pdf(52 * MB)) }))).status === 413)
check('a page shows what is wrong with a file', /application\/pdf/.test((await form(lin, '/apply/food-new?for=org-lin', [...typed, ['premises.plan', new File([png], 'a.png', { type: 'image/png' })], ['food.rules', new File([Buffer.from('{}')], 'r.json', { type: 'application/json' })]], 'text/html')).text), '')
check('a stranger is asked to sign in', (await ask('', '/apply/food-new', { method: 'POST', body: unsigned })).status === 401)

// ---- one key, one draft ----

const a = await post(clerk, `/case/${first.case}/act/accept`, {}, 'key-a')
check('accept under a key', a.status === 201, a)
const again = await post(clerk, `/case/${first.case}/act/accept`, {}, 'key-a')
check('the same once more gives the receipt', again.status === 200 && again.seq === a.seq, again)
const b = await post(clerk, `/case/${second.case}/act/accept`, {}, 'key-a')
check('another case under the key', b.status === 409 && b.type === 'urn:tongban:problem:form.key', b)
const other = await post(clerk, `/case/${first.case}/act/deliver`, {}, 'key-a')
check('another kind under the key', other.status === 409 && other.type === 'urn:tongban:problem:form.key', other)
check('the other case is untouched', (await post(clerk, `/case/${second.case}/act/accept`, {}, 'key-b')).status === 201)
const k = facts({})
check('a draft under a key', (await post(lin, '/apply/food-new', k, 'key-c')).status === 201)
check('with another file', (await post(lin, '/apply/food-new', { ...k, 'premises.plan': json(pdf(1000)) }, 'key-c')).status === 409)
check('with another value', (await post(lin, '/apply/food-new', { ...k, 'premises.area': 81 }, 'key-c')).status === 409)
check('as it was', (await post(lin, '/apply/food-new', k, 'key-c')).status === 200)

// ---- the national pack, larger than a form ----

const files = []
const walk = (dir, at) => {
  for (const e of fs.readdirSync(path.join(dir, at), { withFileTypes: true })) {
    const p = at ? `${at}/${e.name}` : e.name
    if (e.isDirectory()) walk(dir, p)
    else files.push([p, fs.readFileSync(path.join(dir, p), 'utf8')])
  }
}
walk(path.join(law, 'cn'), '')
files.sort(([x], [y]) => (x < y ? -1 : 1))
const pack = (version) => {
  const all = files.map(([p, t]) => (p === 'pack.json' ? [p, JSON.stringify({ ...JSON.parse(t), version })] : [p, t]))
  return Buffer.from(JSON.stringify(Object.fromEntries(all)))
}
const admin = await signIn('a-system')
for (const [how, version] of [['JSON', '9001'], ['page', '9002']]) {
  const bytes = pack(version)
  const values = { 'pack.code': 'cn', 'pack.version': version, 'pack.digest': digest(bytes) }
  const r =
    how === 'JSON'
      ? await post(admin, '/acts/publish-law', { ...values, 'pack.file': json(bytes, 'pack.json', 'application/json') })
      : await form(admin, '/acts/publish-law', [...Object.entries(values), ['pack.file', new File([bytes], 'pack.json', { type: 'application/json' })]])
  check(`the national pack (${bytes.length} bytes) is published by ${how}`, r.status === 201, r)
}

console.log(`files: ${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
