// check.mjs NODE FAR LAW - people at a node and at its front on another machine: who signs in at one is known at both, by
// password and one-time code as well; files go in at one and come out at the other; law published at either is the law of
// both with the answer. Prints "far front, pages: N passed, M failed".
import fs from 'node:fs'
import path from 'node:path'
import { createHash, createHmac, randomBytes } from 'node:crypto'

const [near, far, law] = process.argv.slice(2)
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
const cookies = (r) => r.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ')
async function signIn(who) {
  const once = await fetch(`${near}/login/demo`, { method: 'POST', body: new URLSearchParams({ who }), redirect: 'manual' })
  return cookies(await fetch(new URL(once.headers.get('location'), near), { redirect: 'manual' }))
}
const ask = (base, cookie, url, init = {}) =>
  fetch(base + url, { redirect: 'manual', ...init, headers: { cookie, accept: 'application/json', ...(init.headers || {}) } })
async function post(base, cookie, url, body, key) {
  const r = await ask(base, cookie, url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}) } })
  return { status: r.status, ...(await r.json().catch(() => ({}))) }
}
const page = async (base, cookie, url) => await (await ask(base, cookie, url, { headers: { accept: 'text/html' } })).text()
const value = (text, name) => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? ''
// as a browser posts a form of the page `from`
async function form(base, cookie, from, url, fields) {
  const token = value(await page(base, cookie, from), '_token')
  const r = await ask(base, cookie, url, { method: 'POST', body: new URLSearchParams({ ...fields, _token: token }), headers: { accept: 'text/html', origin: base } })
  return { status: r.status, text: await r.text(), to: r.headers.get('location') ?? '', cookie: cookies(r) }
}

// ---- one person, two places ----

const lin = await signIn('p-lin')
const question = { 'voice.kind': 'question', 'voice.text': 'When do you open?' }
const first = await post(far, lin, '/apply/zx-market', question, 'both-1')
check('signed in at the node, an act at the front', first.status === 201, first)
const again = await post(near, lin, '/apply/zx-market', question, 'both-1')
check('is the same act at the node', again.status === 200 && again.repeated && again.seq === first.seq, again)
const third = await post(far, lin, '/apply/zx-market', question, 'both-1')
check('and once more at the front', third.status === 200 && third.repeated && third.seq === first.seq, third)
for (const [name, base] of [['node', near], ['front', far]]) {
  const r = await ask(base, lin, `/case/${first.case}`)
  check(`its case stands at the ${name}`, r.status === 200 && (await r.text()).includes(first.case), r.status)
}
const boss = await signIn('a-system')
const nowhere = { 'officer.id': 'o-new', 'officer.name': '林新', 'officer.office': 'no-such-office', 'officer.roles': ['clerk'] }
const refused = await post(far, boss, '/acts/appoint-officer', nowhere)
const same = await post(near, boss, '/acts/appoint-officer', nowhere)
check('a refusal reads alike at both', refused.status >= 400 && refused.status < 500 && refused.detail && refused.type === same.type && refused.detail === same.detail && JSON.stringify(refused.article) === JSON.stringify(same.article), [refused, same])
check('strangers are told so', (await ask(far, '', '/cases')).status === 401)

// ---- passwords and one-time codes, with the key of seeds that both have ----

const base32 = (s) => Buffer.from([...s].reduce((a, c) => a + 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'), '').match(/.{8}/g).map((b) => parseInt(b, 2)))
function code(seed, at) {
  const count = Buffer.alloc(8)
  count.writeBigUInt64BE(BigInt(Math.floor(at / 30)))
  const h = createHmac('sha1', base32(seed)).update(count).digest()
  return String((h.readUInt32BE(h[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0')
}
const zhou = await signIn('p-zhou')
const set = await form(far, zhou, '/me/security', '/me/password', { password: 'correct-horse-battery', again: 'correct-horse-battery' })
check('a password is set at the front', set.status === 303 && set.to.includes('said=added'), set)
const wrong = await form(far, '', '/login', '/login', { name: 'p-zhou', password: 'wrong' })
check('a wrong one does not sign in', wrong.status === 401, wrong.status)
const session = await form(far, '', '/login', '/login', { name: 'p-zhou', password: 'correct-horse-battery' })
check('the right one does, at the front', session.status === 303 && session.cookie.includes('tb_session'), session)
check('and is signed in at the node', (await ask(near, session.cookie, '/cases')).status === 200)
const begun = await form(near, session.cookie, '/me/security', '/me/totp/begin', {})
const seed = /class="secret">([A-Z2-7]*)</.exec(begun.text)?.[1] ?? ''
const now = Date.now() / 1000
const own = `${session.cookie}; ${begun.cookie}`
const kept = await form(far, own, '/me/security', '/me/totp', { stage: value(begun.text, 'stage'), code: seed && code(seed, now - 30) })
check('a seed begun at the node is registered at the front', kept.status === 303 && kept.to.includes('said=added'), kept)
const asked = await ask(far, '', '/login', { headers: { accept: 'text/html' } })
const browser = cookies(asked)
const step = await ask(far, browser, '/login', { method: 'POST', body: new URLSearchParams({ name: 'p-zhou', password: 'correct-horse-battery', _token: value(await asked.text(), '_token') }), headers: { accept: 'text/html', origin: far } })
const stepped = [browser, cookies(step)].filter(Boolean).join('; ')
const done = await ask(far, stepped, '/login/code', { method: 'POST', body: new URLSearchParams({ stage: value(await step.text(), 'stage'), code: seed && code(seed, now) }), headers: { accept: 'text/html', origin: far } })
check('and its code signs in at the front', done.status === 303, [step.status, done.status])

// ---- files ----

const digest = (b) => createHash('sha256').update(b).digest('hex')
const pdf = (n) => Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(n - 9)])
const json = (b, name) => ({ name, type: 'application/pdf', base64: b.toString('base64') })
const facts = (plan) => ({
  _for: 'org-lin', 'business.name': '滨河县知夏小馆', 'premises.address': '滨河县柳叶街 18 号', 'premises.area': 80,
  'premises.pollution_distance_ok': true, 'food.kind': 'catering', 'food.raw': false, 'food.manager': '周远', 'food.health_ok': true,
  'food.withdrawn_five_years': false, 'person.phone': '13800006620', 'service.delivery': 'electronic', 'service.truth': true,
  'premises.plan': json(plan, 'plan.pdf'), 'food.rules': json(pdf(1000), 'rules.pdf'),
})
for (const [from, to, words] of [[far, near, 'the front, back at the node'], [near, far, 'the node, back at the front']]) {
  const plan = pdf(6 * MB)
  const filed = await post(from, lin, '/apply/food-new', facts(plan))
  check(`a file of 6 MB in at ${words}`, filed.status === 201, filed)
  const r = await ask(to, lin, `/case/${filed.case}/file/${digest(plan)}`)
  check('as it was', r.status === 200 && digest(Buffer.from(await r.arrayBuffer())) === digest(plan), r.status)
}

// ---- law ----

function read(folder) {
  const files = {}
  const walk = (below) => {
    for (const name of fs.readdirSync(path.join(law, folder, below)).sort()) {
      const at = path.join(below, name)
      if (fs.statSync(path.join(law, folder, at)).isDirectory()) walk(at)
      else files[at] = fs.readFileSync(path.join(law, folder, at), 'utf8')
    }
  }
  walk('')
  return files
}
const local = read('cn-990101')
const item = Object.keys(local).find((f) => f.startsWith('item/food-new/') && f.endsWith('item.json'))
async function publish(base, title) {
  const files = { ...local, [item]: JSON.stringify({ ...JSON.parse(local[item]), title: { zh: title } }), 'pack.json': JSON.stringify({ ...JSON.parse(local['pack.json']), version: title }) }
  const bytes = Buffer.from(JSON.stringify(Object.fromEntries(Object.entries(files).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))))))
  return post(base, boss, '/acts/publish-law', {
    'pack.code': JSON.parse(local['pack.json']).pack, 'pack.version': title, 'pack.digest': digest(bytes),
    'pack.file': { name: 'pack.json', type: 'application/json', base64: bytes.toString('base64') },
  })
}
for (const [base, title] of [[near, '食品经营许可甲'], [far, '食品经营许可乙'], [near, '食品经营许可丙']]) {
  const r = await publish(base, title)
  check(`${title} is published at the ${base === near ? 'node' : 'front'}`, r.status === 201, r)
  const shown = async () => (await page(far, '', '/item/food-new')).includes(title)
  // by the time who published it there is answered; published elsewhere, when the word of it has come over the line
  for (let i = 0; base === near && i < 20 && !(await shown()); i++) await new Promise((done) => setTimeout(done, 50))
  check('it is the law at the front', await shown(), 'another title')
  check('and at the node', (await page(near, '', '/item/food-new')).includes(title), 'another title')
}
const judged = await post(far, lin, '/apply/food-new', facts(pdf(1000)))
check('and acts are judged by it', judged.status === 201, judged)

// ---- identity for others ----

for (const url of ['/.well-known/openid-configuration', '/oidc/jwks']) {
  const texts = await Promise.all([near, far].map(async (base) => await (await fetch(base + url)).text()))
  check(`${url} is the same at both`, texts[0].length > 50 && texts[0] === texts[1], texts)
}
check('the front is well', (await fetch(`${far}/healthz`)).status === 200)

console.log(`far front, pages: ${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
