// check.mjs BASE LAW PART - packs of law published through the real server, good ones and bad ones (PART refused, ahead, large),
// and the one that mends a node whose law of today does not load (PART mend). Prints "publish, PART: N passed, M failed".
import fs from 'node:fs'
import path from 'node:path'
import { createHash } from 'node:crypto'

const [base, law, part] = process.argv.slice(2)
let passed = 0
let failed = 0
const check = (name, good, got) => {
  if (good) passed++
  else {
    failed++
    console.log(`FAIL ${name}: ${typeof got === 'string' ? got : JSON.stringify(got)}`)
  }
}

async function signIn(who) {
  const once = await fetch(`${base}/login/demo`, { method: 'POST', body: new URLSearchParams({ who }), redirect: 'manual' })
  const r = await fetch(new URL(once.headers.get('location'), base), { redirect: 'manual' })
  return r.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ')
}
async function ask(cookie, url, init = {}) {
  const r = await fetch(base + url, { redirect: 'manual', ...init, headers: { cookie, accept: 'application/json', ...(init.headers || {}) } })
  return { status: r.status, ...(await r.json().catch(() => ({}))) }
}
const post = (cookie, url, body) => ask(cookie, url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })

// A pack as one text: an object of path and content, in the order of the paths.
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
const head = (files, change) => ({ ...files, 'pack.json': JSON.stringify({ ...JSON.parse(files['pack.json']), ...change }) })
async function publish(cookie, files) {
  const own = JSON.parse(files['pack.json'])
  const bytes = Buffer.from(JSON.stringify(Object.fromEntries(Object.entries(files).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))))))
  return post(cookie, '/acts/publish-law', {
    'pack.code': own.pack,
    'pack.version': own.version,
    'pack.digest': createHash('sha256').update(bytes).digest('hex'),
    'pack.file': { name: 'pack.json', type: 'application/json', base64: bytes.toString('base64') },
  })
}
const shift = (days) => new Date(Date.now() + 8 * 3600000 + days * 86400000).toISOString().slice(0, 10)

const admin = await signIn('a-system')
const cn = read('cn')
const local = read('cn-990101')
const acts = Object.keys(local).find((f) => f.startsWith('item/food-new/') && f.endsWith('item.json'))

if (part === 'refused') {
  const trial = (until) => JSON.stringify({ statute: '试行办法', title: { zh: '试行办法' }, rank: 'local-rule', version: '1', from: '2020-01-01', ...until, articles: [{ no: '1', text: { zh: '试行。' }, is: 'statement' }] })
  const citing = local[acts].replace('"articles": [', '"articles": ["试行办法#1",')
  const bad = {
    'that cannot be read': [{ ...local, 'act/zzz.json': '{' }, /act\/zzz\.json:1: /],
    'that stops loading on a day to come': [{ ...local, [acts]: citing, 'statute/试行办法.1.json': trial({ until: shift(150) }) }, new RegExp(`item/food-new/item\\.json:\\d+: from ${shift(150)} on: no version of "试行办法"`)],
    'that held until yesterday': [head(local, { until: shift(-1) }), /pack\.json: the pack held until .*: there is no day left/],
    'that ends today': [head(local, { until: shift(0) }), /pack\.json: the pack held until/],
    'from 2030, wrong as of its own day': [{ ...head(local, { from: '2030-01-01' }), [acts]: local[acts].replace('行政许可法#', '行政许可法#9') }, /item\.json:\d+: from 2030-01-01 on: "行政许可法"/],
    'with a licence item without a licence': [{ ...local, [acts]: local[acts].replace('"licence": "food-business"', '"licence": null') }, /item "food-new" has no licence/],
  }
  for (const [name, [files, words]] of Object.entries(bad)) {
    const r = await publish(admin, files)
    check(`a pack ${name} is refused, and told why`, r.status === 409 && r.field === 'pack.file' && /form\.material$/.test(r.type) && words.test(r.detail), r)
  }
  check('and the law is what it was', (await ask('', '/healthz')).status === 200)
  const good = await publish(admin, { ...head(local, { version: '2026.2' }), [acts]: citing, 'statute/试行办法.1.json': trial({}) })
  check('without its fault it is published', good.status === 201, good)
  const national = await publish(admin, head(cn, { version: '2026.2' }))
  check('the national pack anew, on which it builds', national.status === 201, national)
  const later = await publish(admin, head(local, { version: '2026.3' }))
  check('and the local one once more, after it', later.status === 201, later)
}
if (part === 'ahead') {
  const title = '食品经营许可（二〇三〇年）'
  const item = JSON.parse(local[acts])
  const r = await publish(admin, { ...head(local, { from: '2030-01-01', version: '2030.1' }), [acts]: JSON.stringify({ ...item, title: { ...item.title, zh: title } }) })
  check('a pack from 2030 is published today', r.status === 201, r)
  const page = await fetch(`${base}/item/food-new`)
  check('and judges nothing before its day', page.status === 200 && !(await page.text()).includes(title))
}
if (part === 'large') {
  const files = { 'pack.json': JSON.stringify({ pack: 'large', version: '2026.1', from: '2020-01-01', rank: 'local', place: '990101', title: { zh: '大法规包' }, base: ['cn'], invented: true, publisher: 'x' }) }
  for (let i = 1; i < 10000; i++) {
    files[`statute/试行办法${i}.1.json`] = JSON.stringify({ statute: `试行办法${i}`, title: { zh: `试行办法${i}` }, rank: 'local-rule', version: '1', from: '2020-01-01', articles: [{ no: '1', text: { zh: '试行。' }, is: 'statement' }] })
  }
  const r = await publish(admin, files)
  check('a pack of 10,000 files is published', r.status === 201, r)
  const more = await publish(admin, { ...files, 'statute/试行办法10000.1.json': files['statute/试行办法1.1.json'] })
  check('one of 10,001 is not', more.status === 409 && more.field === 'pack.file' && /more members than the limit/.test(more.detail), more)
}
if (part === 'mend') {
  const health = async () => ask('', '/healthz')
  const page = async () => (await fetch(`${base}/item/food-new`)).status
  const sick = await health()
  const words = sick.checks?.law?.sentence ?? ''
  check('the node says that it is not well, and why', sick.status === 503 && sick.checks?.law?.good === false, sick)
  check('which day, and which law stays', words.includes(`the law of ${shift(0)} does not load`) && words.includes(`that of ${shift(-1)} stays`), words)
  check('what it can answer it answers', (await page()) === 200)
  check('forms of administration are shown', (await ask(admin, '/acts/publish-law')).status === 200)
  const appointed = await post(admin, '/acts/appoint-officer', { 'officer.id': 'o-new', 'officer.name': '林新', 'officer.office': 'bh-market', 'officer.roles': ['clerk'] })
  check('administration goes on', appointed.status === 201, appointed)
  const wrong = await publish(admin, { ...cn, 'act/zzz.json': '{' })
  check('a wrong pack does not mend it', wrong.status === 409, wrong)
  check('and it says so still', (await health()).status === 503)
  const right = await publish(admin, cn)
  check('a right one is published', right.status === 201, right)
  const well = await health()
  check('and the node is well at once', well.status === 200 && well.checks?.law?.good === true, well)
  check('with pages as before', (await page()) === 200)
}
console.log(`publish, ${part}: ${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
