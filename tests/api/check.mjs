// The interface description: an OpenAPI 3.1 document by other people's validator; each GET route with a schema answers
// JSON of that schema; each error is application/problem+json with the members of RFC 9457.
import fs from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import { Validator } from '@seriousme/openapi-schema-validator';

const [base, demoFile] = process.argv.slice(2);
const demo = JSON.parse(fs.readFileSync(demoFile));
let passed = 0;
let failed = 0;
const say = (good, what) => { if (good) passed++; else { failed++; console.log('not so: ' + what); } };

const signIn = async (id) => {
  const answer = await fetch(demo.people.find((p) => p.id === id).sign_in, { redirect: 'manual' });
  return answer.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
};
const party = await signIn('p-lin');
const officer = await signIn('o-clerk');
const get = (path, cookie) => fetch(base + path, { headers: { accept: 'application/json', cookie }, redirect: 'manual' });

const filed = await fetch(base + '/apply/zx-market', {
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json', cookie: party },
  body: JSON.stringify({ _for: 'org-lin', 'voice.kind': 'question', 'voice.text': '几点开门' }),
});
const receipt = await filed.json();
say(filed.status === 201 && receipt.case, `a case to look at: ${filed.status} ${JSON.stringify(receipt)}`);

const answer = await get('/openapi.json', '');
const description = await answer.json();
const result = await new Validator().validate(structuredClone(description));
say(result.valid, `OpenAPI 3.1: ${JSON.stringify(result.errors)?.slice(0, 600)}`);

const apply = description.paths['/apply/{item}'].post;
say(apply.requestBody.content['multipart/form-data'] && /base64/.test(apply.requestBody.description), 'acts say how files come');
say(apply.parameters.some((p) => p.name === 'Idempotency-Key') && ['409', '413', '422', '429'].every((s) => apply.responses[s]), 'acts say how keys and files are refused');

// Another program's bodies: told what is wrong with them, never a fault of the node, never done otherwise than meant.
const good = { _for: 'org-lin', 'licence.number': 'JY29901010000001', 'service.truth': true };
const post = (body, type = 'application/json') => fetch(base + '/apply/food-cancel', {
  method: 'POST', headers: { 'content-type': type, accept: 'application/json', cookie: party }, body, redirect: 'manual',
});
const foreign = [
  ['a field of no act', 409, { ...good, 'no.such': '1' }],
  ['a field of another act', 409, { ...good, 'penalty.fine': 100 }],
  ['a member twice, once by an escape', 400, '{"service.truth":true,"service\\u002etruth":false}'],
  ['nesting without end', 400, '{"licence.number":' + '['.repeat(5000) + ']'.repeat(5000) + '}'],
  ['a number for a text', 409, { ...good, 'licence.number': 12345 }],
  ['a list for a text', 409, { ...good, 'licence.number': ['JY29901010000001'] }],
  ['a text for a yes', 409, { ...good, 'service.truth': 'yes' }],
  ['a number beyond all', 409, '{"_for":"org-lin","licence.number":1e400,"service.truth":true}'],
  ['half a surrogate pair', 400, '{"licence.number":"\\ud800"}'],
  ['a list for whom it is done', 422, { ...good, _for: ['org-lin'] }],
  ['a number for whom it is done', 422, { ...good, _for: 7 }],
  ['a party nobody gave authority for', 409, { ...good, _for: 'org-bake' }],
  ['a list of fields', 422, '[]'],
  ['nothing', 400, ''],
  ['text of no declared form', 415, JSON.stringify(good), 'text/plain'],
  ['another form than declared', 403, JSON.stringify(good), 'application/x-www-form-urlencoded'],
  ['a boundary that does not come', 400, '--a', 'multipart/form-data; boundary=b'],
];
for (const [what, status, body, type] of foreign) {
  const told = await post(typeof body === 'string' ? body : JSON.stringify(body), type);
  const words = await told.text();
  say(told.status === status && (told.headers.get('content-type') ?? '').startsWith('application/problem+json'),
    `${what}: ${told.status} ${words.slice(0, 200)}`);
}

const values = { item: 'zx-market', id: receipt.case, case: receipt.case, seq: String(receipt.seq), number: 'none', kind: 'withdraw', act: 'withdraw' };
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addFormat('date', /^\d{4}-\d\d-\d\d$/);
let held = 0;
for (const [path, operations] of Object.entries(description.paths)) {
  for (const [method, operation] of Object.entries(operations)) {
    say(operation.summary && operation.responses && Object.keys(operation.responses).length > 0, `${method} ${path} says what it is and what it answers`);
    const schema = operation.responses['200']?.content?.['application/json']?.schema;
    if (method !== 'get' || !schema) continue;
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
    if (names.some((n) => !(n in values))) continue;
    const real = path.replace(/\{(\w+)\}/g, (_, n) => encodeURIComponent(values[n]));
    let got = await get(real, party);
    if (got.status === 403) got = await get(real, officer);
    if (got.status === 403) continue; // for administrators
    const type = got.headers.get('content-type') ?? '';
    const body = await got.text();
    if (got.status >= 400) {
      const problem = type.startsWith('application/problem+json') ? JSON.parse(body) : {};
      say(problem.type && problem.title && problem.status === got.status, `${real} answers ${got.status} as a problem: ${body.slice(0, 200)}`);
      continue;
    }
    const check = ajv.compile(schema);
    say(type.startsWith('application/json') && check(JSON.parse(body)), `${real} answers in its form: ${type} ${JSON.stringify(check.errors)?.slice(0, 400)}`);
    held++;
  }
}
say(held >= 10, `${held} routes were held to their schema`);
for (const path of ['/nothing', '/item/none', '/ledger/99999999', '/case/none']) {
  const got = await get(path, party);
  const problem = await got.json();
  say(got.status === 404 && problem.status === 404 && got.headers.get('content-type').startsWith('application/problem+json'), `${path} is a problem, 404`);
}
console.log(`api: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
