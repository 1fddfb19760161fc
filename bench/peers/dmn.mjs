// Other engines on the table and rows that build/bench-dmn --write DIR left, one core, best of rounds.
// Prints a table, and lines "BENCH name|value|unit|limit|ratio|peer": the limit is the table by hand in JavaScript.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const dir = process.argv[2];
const xml = readFileSync(join(dir, 'table.dmn'), 'utf8');
const rows = JSON.parse(readFileSync(join(dir, 'rows.json'), 'utf8')).slice(0, 512);
const ROUNDS = 3;
const ROUND_MS = 400;

const unescape = (s) => s.replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
const texts = (part, element) =>
  [...part.matchAll(new RegExp(`<${element}><text>(.*?)</text>`, 'g'))].map((m) => unescape(m[1]));
const columns = ['age', 'income', 'area', 'kind', 'district', 'status'];
const rules = [...xml.matchAll(/<rule>(.*?)<\/rule>/gs)].map((m) => ({
  tests: texts(m[1], 'inputEntry'),
  outputs: texts(m[1], 'outputEntry').map((t) => JSON.parse(t)),
}));

// The best rate of an async function over all rows; every answer is compared once before.
async function rate(decide) {
  for (const row of rows) {
    const got = await decide(row.in);
    if (got !== row.class) throw new Error(`says ${got}, want ${row.class}`);
  }
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    let done = 0;
    while (performance.now() - start < ROUND_MS) {
      for (let i = 0; i < 32; i++) await decide(rows[(done + i) % rows.length].in);
      done += 32;
    }
    best = Math.max(best, (done * 1000) / (performance.now() - start));
  }
  return best;
}

// What a compiler of the same texts to JavaScript comes to.
function byHand() {
  const test = (text, name) => {
    const span = text.match(/^\[(.*)\.\.(.*)\)$/);
    if (text === '-') return null;
    if (span) return `r.${name} >= ${span[1]} && r.${name} < ${span[2]}`;
    if (/^[<>]/.test(text)) return `r.${name} ${text}`;
    return '(' + text.split(', ').map((w) => `r.${name} === ${w}`).join(' || ') + ')';
  };
  const lines = rules.map((rule) => {
    const all = rule.tests.map((t, i) => test(t, columns[i])).filter((t) => t !== null);
    return `if (${all.join(' && ') || 'true'}) return ${JSON.stringify(rule.outputs[0])};`;
  });
  return new Function('r', lines.join('\n') + '\nreturn null;');
}

const engines = {
  '@hbtgmbh/dmn-eval-js, DMN XML parsed once': async () => {
    const { decisionTable } = require('@hbtgmbh/dmn-eval-js');
    // it reads DMN 1.1 and 1.2 alone
    const old = xml.replace(/https:\/\/www\.omg\.org\/spec\/DMN\/\d+\/MODEL\//, 'http://www.omg.org/spec/DMN/20151101/dmn.xsd');
    const decisions = await decisionTable.parseDmnXml(old);
    return (row) => decisionTable.evaluateDecision('benefit', decisions, row).class;
  },
  'feelin, a unary test a cell': async () => {
    const { unaryTest } = await import('feelin');
    const value = (r) => (typeof r === 'object' && r !== null ? r.value : r);
    return (row) => {
      const rule = rules.find((r) =>
        r.tests.every((t, i) => t === '-' || value(unaryTest(t, { ...row, '?': row[columns[i]] })) === true));
      return rule.outputs[0];
    };
  },
  '@gorules/zen-engine, its own language': async () => {
    const { ZenEngine } = require('@gorules/zen-engine');
    const inputs = columns.map((name) => ({ id: name, name, field: name }));
    const table = {
      hitPolicy: 'first', inputs, outputs: [{ id: 'class', name: 'class', field: 'class' }],
      rules: rules.map((r, i) => {
        const rule = { _id: `r${i}`, class: JSON.stringify(r.outputs[0]) };
        columns.forEach((name, k) => { rule[name] = r.tests[k] === '-' ? '' : r.tests[k]; });
        return rule;
      }),
    };
    const graph = {
      nodes: [{ id: 'i', name: 'i', type: 'inputNode' }, { id: 't', name: 't', type: 'decisionTableNode', content: table },
        { id: 'o', name: 'o', type: 'outputNode' }],
      edges: [{ id: 'a', sourceId: 'i', targetId: 't' }, { id: 'b', sourceId: 't', targetId: 'o' }],
    };
    const decision = new ZenEngine().createDecision(Buffer.from(JSON.stringify(graph)));
    return async (row) => (await decision.evaluate(row)).result.class;
  },
};

const limit = await rate(byHand());
for (const [name, make] of Object.entries(engines)) {
  try {
    const got = await rate(await make());
    console.log(`${name.padEnd(52)} ${got.toFixed(0).padStart(14)} rows/s     limit ${limit.toFixed(0).padStart(14)}  ${(got / limit).toFixed(5)} of it`);
    console.log(`BENCH 20 x 6 FIRST table by ${name}|${got.toFixed(1)}|rows/s|${limit.toFixed(1)}|${(got / limit).toFixed(6)}|the table by hand in JavaScript`);
  } catch (e) {
    console.log(`${name.padEnd(52)} not measured: ${String(e.message).split('\n')[0]}`);
  }
}
