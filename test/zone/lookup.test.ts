import fc from 'fast-check';
import t from 'tap';
import { AssertionError } from '../../src/util/assert.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { buildRandom, ORIGIN, questions, randomZone } from './random.ts';
import { readLines, reference } from './reference.ts';
import { ask, name, zone } from './support.ts';

const TYPES = ['A', 'TXT', 'CNAME', 'NS', 'DS', 'DNAME', 'MX'];
const APEX_LINES = `${ORIGIN} 300 NS ns.other.\n${ORIGIN} 300 SOA ns.other. admin.other. 7 3600 600 86400 60\n`;

t.test('agrees with RFC 1034 section 4.3.2 read literally', (t) => {
  const names = questions(4);
  const kinds = new Map<string, number>();
  fc.assert(
    fc.property(randomZone, (text) => {
      const fast = buildRandom(text);
      const slow = readLines(APEX_LINES + text);
      for (const qname of names) {
        for (const qtype of TYPES) {
          const expected = reference(slow, ORIGIN, qname, qtype);
          kinds.set(expected[0]!, (kinds.get(expected[0]!) ?? 0) + 1);
          // Glue comes after the NS records, and is not part of this comparison.
          const actual = ask(fast, `${qname} ${qtype}`);
          const found = actual[0] === 'DELEGATION' ? actual.slice(0, expected.length) : actual;
          if (JSON.stringify(found) !== JSON.stringify(expected))
            throw new Error(`${qname} ${qtype}\n${found.join('\n')}\nbut by the RFC\n${expected.join('\n')}`);
        }
      }
    }),
    { numRuns: 100 },
  );
  t.same([...kinds.keys()].sort(), ['CNAME', 'DELEGATION', 'DNAME', 'HIT', 'NODATA', 'NXDOMAIN']);
  t.end();
});

t.test('a zone is asked only for names in it', async (t) => {
  t.throws(() => lookup(zone('example.', ''), name('example.test.'), 1), AssertionError);
});
