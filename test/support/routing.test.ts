import t from 'tap';
import { TYPE } from '../../src/wire/constants.ts';
import { possibleAnswers } from './routing.ts';
import { CLIENTS, inZone, primary, REGIONS, shares, simple, to } from './routingsets.ts';
import { policyRows, type Row } from './routingtable.ts';
import { treeRows } from './routingtrees.ts';

function answered(row: Row): Record<string, number> {
  const outcomes = possibleAnswers(row.sets, inZone(row.ask ?? 'www'), TYPE.TXT, {
    client: row.client ?? CLIENTS.nobody,
    isHealthy: (slot) => !(row.unhealthy ?? []).includes(slot),
    collections: [row.collection ?? []],
    home: REGIONS['eu-central-1']!,
  });
  return rounded(shares(outcomes));
}

/** Shares of a millionth. */
function rounded(shares: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(shares).map(([label, share]) => [label, Math.round(share * 1e6)]));
}

t.test('the table of choices', async (t) => {
  for (const row of [...policyRows, ...treeRows]) {
    const expected = typeof row.answer === 'string' ? { [row.answer]: 1 } : row.answer;
    t.same(answered(row), rounded(expected), row.what);
  }
});

t.test('each row says something of its own', async (t) => {
  const names = [...policyRows, ...treeRows].map((row) => row.what);
  t.equal(new Set(names).size, names.length);
});

t.test('aliases in a circle are an error', async (t) => {
  const circle = [to('www', primary('p'), 'ignored')];
  t.throws(() => answered({ what: '', sets: circle, answer: '' }), /circle/);
  t.throws(() => answered({ what: '', sets: [to('www', simple('s'), 'evaluated')], answer: '' }), /circle/);
});
