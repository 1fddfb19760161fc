// check.mjs ADDRESS DEMO.json - every page, as each kind of person, in both languages, at 320 and 1280 px, light
// and dark, script off for the pages themselves: axe (WCAG 2.2 AA and best practice), no sideways scroll, one h1,
// a language, no text below 12 px. Prints what is wrong; last line "pages: N passed, M failed".
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [address, demoFile, shots] = process.argv.slice(2);
const demo = JSON.parse(readFileSync(demoFile, 'utf8'));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const find = (id) => demo.people.find((p) => p.id === id).sign_in;
let passed = 0;
let failed = 0;

function say(ok, where, what) {
  if (ok) passed++;
  else {
    failed++;
    console.log(`not so: ${where}: ${what}`);
  }
}

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
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  for (const v of result.violations) say(false, where, `axe ${v.id}: ${v.help}: ${v.nodes[0].html.slice(0, 160)}`);
  if (result.violations.length === 0) passed++;
  if (shots) await page.screenshot({ path: `${shots}/${where.replace(/[^\w]+/g, '_')}.png`, fullPage: true });
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const CASE = process.env.CASE;
const visits = [
  ['public', null, ['/', '/?q=%E5%BC%80%E9%A5%AD%E5%BA%97', '/?q=zzz', '/item/food-new', '/item/self-employed', '/offices', '/verify', '/verify?number=none', '/decisions', '/ledger', '/ledger/3', '/accessibility', '/login', '/nothing']],
  ['party', 'p-lin', ['/cases', '/apply/food-new?for=org-lin', '/apply/self-employed', `/case/${CASE}`, `/case/${CASE}/act/withdraw`]],
  ['clerk', 'o-clerk', ['/desk', `/case/${CASE}`, `/case/${CASE}/act/accept`, `/case/${CASE}/act/request-correction`]],
];
for (const width of [320, 1280]) {
  for (const [who, id, paths] of visits) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, bypassCSP: true, colorScheme: width === 320 ? 'dark' : 'light' });
    const page = await context.newPage();
    if (id) await page.goto(find(id));
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
await page.goto(find('p-lin'));
await page.goto(address + '/apply/food-cancel?for=org-lin');
say((await page.locator('input[type=radio]:checked').count()) <= 1, 'form', 'nothing but the chosen party is selected beforehand');
await page.locator('button.big').click();
say(page.url().includes('/apply/'), 'form', 'an empty form comes back');
await page.goto(address + '/apply/food-cancel?for=org-lin');
await page.locator('[name="licence.number"]').fill('JY29901010000001');
await page.locator('[name="service.truth"][value="true"]').check();
await page.locator('button.big').click();
say(page.url().includes('/receipt/'), 'form', `applied without script: ${page.url()}`);
await browser.close();
console.log(`pages: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
