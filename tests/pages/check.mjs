// check.mjs ADDRESS DEMO.json - every page, as each kind of person, in both languages, at 320 and 1280 px, light
// and dark, script off for the pages themselves: axe (WCAG 2.2 AA and best practice), no sideways scroll, one h1,
// a language, no text below 12 px. English pages are those of a Chinese template: axe sees a third of them, by turns, a
// third each day (TONGBAN_DAY), all without one. Prints what is wrong; last line "pages: N passed, M failed".
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [address, demoFile, shots] = process.argv.slice(2);
const demo = JSON.parse(readFileSync(demoFile, 'utf8'));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let passed = 0;
let failed = 0;

function say(ok, where, what) {
  if (ok) passed++;
  else {
    failed++;
    console.log(`not so: ${where}: ${what}`);
  }
}

const day = process.env.TONGBAN_DAY;
let english = 0;
const turn = (path) => !path.startsWith('/en/') || day === undefined || (english++ + Number(day)) % 3 === 0;

async function look(page, path, who) {
  const where = `${who} ${path} ${page.viewportSize().width}px`;
  const answer = await page.goto(address + path);
  say(answer.status() < 400 || path.endsWith('/nothing'), where, `status ${answer.status()}`);
  const found = await page.evaluate(() => ({
    h1: document.querySelectorAll('h1').length,
    lang: document.documentElement.lang,
    over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    small: [...document.querySelectorAll('body *')].filter((e) => e.childNodes.length && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && parseFloat(getComputedStyle(e).fontSize) < 12 && !e.closest('svg')).length,
  }));
  say(found.h1 === 1, where, `${found.h1} h1`);
  say(found.lang === (path.startsWith('/en') ? 'en' : 'zh-CN'), where, `lang ${found.lang}`);
  say(found.over <= 0, where, `${found.over} px sideways`);
  say(found.small === 0, where, `${found.small} texts below 12 px`);
  if (!turn(path)) return;
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  for (const v of result.violations) say(false, where, `axe ${v.id}: ${v.help}: ${v.nodes[0].html.slice(0, 160)}`);
  if (result.violations.length === 0) passed++;
  if (shots) await page.screenshot({ path: `${shots}/${where.replace(/[^\w]+/g, '_')}.png`, fullPage: true });
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const CASE = process.env.CASE;
// An application, registered as its page does it.
const registrar = await browser.newContext();
await registrar.request.post(address + '/login/demo', { form: { who: 'a-security' } });
await registrar.request.post(address + '/oidc/clients', { data: { 'client.id': 'page-app', 'client.name': '某部门系统', 'client.name_en': 'A department', 'client.profile': 'basic', 'client.auth': 'client_secret_basic', 'client.secret_sha256': '0'.repeat(64), 'client.redirect_uris': ['https://dept.example/a/rather/long/address/to/come/back/to/after/signing/in'], 'client.scopes': ['openid'], 'client.grants': ['authorization_code'] } });
await registrar.close();
// What an enforcer sent for a colleague's signature.
const sender = await browser.newContext();
await sender.request.post(address + '/login/demo', { form: { who: 'o-enforcer' } });
const asJson = { Accept: 'application/json' };
const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
const penalty = (await (await sender.request.post(address + '/apply/cf-food', { headers: asJson, data: { _for: 'p-zhou', 'penalty.source': 'inspection', 'penalty.suspicion': '未取得许可经营', 'penalty.act_end': today, 'penalty.grave': false, 'penalty.subject': 'person', 'penalty.device': false } })).json()).case;
const waits = (await (await sender.request.post(`${address}/case/${penalty}/act/investigate`, { headers: asJson, data: { 'penalty.cards_shown': true, 'penalty.rights_told': true, 'penalty.record': '现场制售盖饭，未能出示许可证。', _with: 'o-enforcer2' } })).json()).url;
await sender.close();
const visits = [
  ['public', null, ['/', '/?q=%E5%BC%80%E9%A5%AD%E5%BA%97', '/?q=zzz', '/item/food-new', '/item/self-employed', '/offices', '/offices/bh-market', '/verify', '/verify?number=none', '/decisions', '/ledger', '/ledger/3', '/accessibility', '/login', '/login/recover', '/login/source/sample-card', '/view?large=0&to=%2F', '/nothing']],
  ['party', 'p-lin', ['/me/security', '/me/uses', '/me/authority', '/cases', '/apply/food-new?for=org-lin', '/apply/self-employed', `/case/${CASE}`, `/case/${CASE}/act/withdraw`]],
  ['security', 'a-security', ['/acts', '/acts/appoint-admin', '/me/security', '/oidc/clients', '/oidc/client', '/oidc/client?id=page-app']],
  ['audit', 'a-audit', ['/audit', '/oidc/clients', '/oidc/client?id=page-app']],
  ['clerk', 'o-clerk', ['/acts', '/acts/register-party', '/acts/register-authority', '/desk', `/case/${CASE}`, `/case/${CASE}/act/accept`, `/case/${CASE}/act/request-correction`]],
  ['enforcer', 'o-enforcer', ['/counter', '/counter?code=p-zhou', '/apply/cf-food?for=p-zhou', '/sign', waits, `/case/${penalty}/act/investigate?draft=${waits.slice(6)}`]],
  ['second enforcer', 'o-enforcer2', ['/sign', waits, '/desk', `/case/${penalty}`]],
  ['traffic', 'o-traffic', ['/apply/cf-speed-spot?for=p-zhou']],
  ['planner', 'o-gov-planner', ['/counter']],
  ['supervisor', 'o-gov-supervisor', ['/supervise', `/case/${CASE}`]],
];
for (const width of [320, 1280]) {
  for (const [who, id, paths] of visits) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, bypassCSP: true, colorScheme: width === 320 ? 'dark' : 'light' });
    const page = await context.newPage();
    if (id) await context.request.post(address + '/login/demo', { form: { who: id } });
    for (const path of paths) {
      await look(page, path, who);
      if (width === 1280 || path === '/item/food-new') await look(page, '/en' + path, who);
    }
    await context.close();
  }
}

// Script off: a person applies with the form alone, a wrong value first.
const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 900 } });
const page = await context.newPage();
await page.context().request.post(address + '/login/demo', { form: { who: 'p-lin' } });
await page.goto(address + '/apply/zx-market');
say((await page.locator('input:checked').count()) === 0, 'choose', 'nobody is selected beforehand');
await page.locator('a', { hasText: '知夏小馆' }).click();
say((await page.locator('input[type=radio]:checked').count()) === 0, 'form', 'no answer is selected beforehand');
await page.locator('button.big').click();
say(page.url().includes('/apply/') && (await page.locator('[role=alert] a').count()) > 0, 'form', 'an empty form comes back and says all that is missing');
await page.locator('[name="voice.text"]').fill('几点开门');
await page.locator('[name="voice.kind"][value="question"]').check();
await page.locator('button.big').click();
say((await page.locator('h1').textContent()) === '请核对', 'form', 'all that was filled in is shown before it is sent');
await page.locator('[name="_back"]').click();
say((await page.locator('[name="voice.text"]').inputValue()) === '几点开门', 'form', 'going back keeps what was filled in');
await page.locator('button.big').click();
await page.locator('[name="_confirm"]').click();
say(page.url().includes('/receipt/'), 'form', `applied without script: ${page.url()}`);
await page.goto(address + '/view?large=1&to=%2Fcases');
say((await page.locator('html').getAttribute('data-mode')) === 'elder' && page.url().endsWith('/cases'), 'view', 'the version with large type is remembered');
await context.close();

// At the counter: a clerk finds the party, hands in the papers with the review, and the clerk stands in the ledger.
const desk = await browser.newContext({ javaScriptEnabled: false });
const clerk = await desk.newPage();
await clerk.context().request.post(address + '/login/demo', { form: { who: 'o-clerk' } });
await clerk.goto(address + '/counter');
await clerk.locator('#code').fill('92990101MA990001XJ');
await clerk.locator('main button').click();
say((await clerk.locator('main h2').first().textContent()) === '滨河县知夏小馆', 'counter', 'the party is found by its credit code');
await clerk.locator('main a', { hasText: '食品经营许可（新办）' }).click();
for (const [name, value] of [['premises.area', '80'], ['food.manager', '周远'], ['person.phone', '13800006620']]) await clerk.locator(`[name="${name}"]`).fill(value);
for (const [name, value] of [['premises.pollution_distance_ok', 'true'], ['food.kind', 'catering'], ['food.raw', 'false'], ['food.health_ok', 'true'], ['food.withdrawn_five_years', 'false'], ['service.delivery', 'counter'], ['service.truth', 'true']]) await clerk.locator(`[name="${name}"][value="${value}"]`).check();
await clerk.locator('button.big').click();
await clerk.locator('[name="_confirm"]').click();
say((await clerk.locator('[role=alert] a').count()) === 2, 'counter', 'both papers are asked for');
for (const name of ['premises.plan', 'food.rules']) await clerk.locator(`[name="${name}"]`).setInputFiles({ name: 'plan.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7 sample') });
await clerk.locator('[name="_confirm"]').click();
say(clerk.url().includes('/receipt/'), 'counter', `filed at the counter: ${clerk.url()}`);

// An enforcer begins a case of the office against whom it is about; a clerk is offered no such thing.
await clerk.goto(address + '/counter?code=p-zhou');
say((await clerk.locator('main a[href*="cf-food"]').count()) === 0, 'opening', 'a clerk begins no penalty');
const street = await browser.newContext({ javaScriptEnabled: false });
const enforcer = await street.newPage();
await street.request.post(address + '/login/demo', { form: { who: 'o-enforcer' } });
await enforcer.goto(address + '/counter?code=p-zhou');
await enforcer.locator('main a[href="/apply/cf-food?act=open-penalty&for=p-zhou"]').click();
await enforcer.locator('[name="penalty.suspicion"]').fill('未取得许可经营');
await enforcer.locator('[name="penalty.act_end"]').fill('2099-01-01');
for (const [name, value] of [['penalty.source', 'inspection'], ['penalty.grave', 'false'], ['penalty.subject', 'person'], ['penalty.device', 'false']]) await enforcer.locator(`[name="${name}"][value="${value}"]`).check();
await enforcer.locator('button.big').click();
if ((await enforcer.locator('[name="_confirm"]').count()) > 0) await enforcer.locator('[name="_confirm"]').click();
say((await enforcer.locator('main').textContent()).includes('不能在将来'), 'opening', 'a day in the future is refused in words');
await enforcer.goto(address + '/apply/cf-food?for=p-zhou');
await enforcer.locator('[name="penalty.suspicion"]').fill('未取得许可经营');
await enforcer.locator('[name="penalty.act_end"]').fill(new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10));
for (const [name, value] of [['penalty.source', 'inspection'], ['penalty.grave', 'false'], ['penalty.subject', 'person'], ['penalty.device', 'false']]) await enforcer.locator(`[name="${name}"][value="${value}"]`).check();
await enforcer.locator('button.big').click();
await enforcer.locator('[name="_confirm"]').click();
say(enforcer.url().includes('/receipt/'), 'opening', `opened by an enforcer: ${enforcer.url()}`);

// The colleague reads what waits, and signs it.
const second = await browser.newContext({ javaScriptEnabled: false });
const colleague = await second.newPage();
await second.request.post(address + '/login/demo', { form: { who: 'o-enforcer2' } });
await colleague.goto(address + '/desk');
await colleague.locator(`main a[href="${waits}"]`).click();
say((await colleague.locator('main').textContent()).includes('现场制售盖饭'), 'sign', 'what would enter is shown');
await colleague.locator('button.big').click();
say(colleague.url().includes('/receipt/'), 'sign', `signed without script: ${colleague.url()}`);
await browser.close();
console.log(`pages: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
