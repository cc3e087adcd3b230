import fc from 'fast-check';
import t from 'tap';
import { TYPE } from '../../src/wire/constants.ts';
import { nameToText } from '../../src/wire/name.ts';
import { dependencyHash } from '../../src/zone/dependency.ts';
import { diffZones } from '../../src/zone/diff.ts';
import { Zone } from '../../src/zone/image.ts';
import { lookup, type ZoneResult } from '../../src/zone/lookup.ts';
import { buildRandom, namesOf, questions, randomZone } from './random.ts';
import { build, name, show, zone } from './support.ts';

const BASE = 'www A 192.0.2.1\na.b A 192.0.2.2\nsub NS ns.sub\nns.sub A 192.0.2.3\n*.w A 192.0.2.4';

function changes(from: string, to: string, max?: number): string[] | 'all' {
  const diff = diffZones(zone('example.', from), zone('example.', to), max);
  return diff === 'all' ? diff : diff.map(nameToText).sort();
}

t.test('nothing changed, nothing listed, whatever the order of the file and the seed', async (t) => {
  t.same(changes(BASE, BASE), []);
  t.same(changes(BASE, BASE.split('\n').reverse().join('\n')), []);
});

t.test('owners whose data changed', async (t) => {
  t.same(changes(BASE, BASE.replace('192.0.2.1', '192.0.2.9')), ['www.example.']);
  t.same(changes(BASE, BASE.replace('www A', 'www 5 A')), ['www.example.']);
  t.same(changes(BASE, `${BASE}\nwww TXT x`), ['www.example.']);
  t.same(changes(BASE, BASE.replace('192.0.2.4', '192.0.2.9')), ['*.w.example.']);
});

t.test('names that came or went, and the closest encloser above them', async (t) => {
  t.same(changes(BASE, `${BASE}\nnew A 192.0.2.1`), ['example.', 'new.example.']);
  t.same(changes(BASE, `${BASE}\nx.y.b A 192.0.2.1`), ['b.example.', 'x.y.b.example.', 'y.b.example.']);
  t.same(changes(BASE, BASE.replace('a.b', 'c.b')), ['a.b.example.', 'b.example.', 'c.b.example.']);
  t.same(changes(BASE, BASE.replace('*.w', 'v.w')), ['*.w.example.', 'v.w.example.', 'w.example.']);
});

t.test('for glue, the cut', async (t) => {
  t.same(changes(BASE, BASE.replace('192.0.2.3', '192.0.2.9')), ['ns.sub.example.', 'sub.example.']);
});

t.test('a cut or DNAME that comes or goes: all names below it', async (t) => {
  t.same(changes(BASE, `${BASE}\nb NS ns.far.`), ['a.b.example.', 'b.example.']);
  t.same(changes(`${BASE}\nb DNAME far.`, BASE), ['a.b.example.', 'b.example.']);
});

t.test('a serial alone touches the apex, any other change of the SOA all', async (t) => {
  const soa = (text: string): Zone =>
    Zone.from(build('example.', `@ NS ns.other.\nwww A 192.0.2.1\n@ ${text}`).image!);
  const diff = (a: string, b: string): unknown => diffZones(soa(a), soa(b));
  t.same(diff('300 SOA a. b. 1 2 3 4 5', '300 SOA a. b. 99 2 3 4 5'), [name('example.')]);
  for (const other of [
    '200 SOA a. b. 1 2 3 4 5',
    '300 SOA a. b. 1 9 3 4 5',
    '300 SOA a. b. 1 2 3 4 9',
    '300 SOA a. c. 1 2 3 4 5',
  ])
    t.equal(diff('300 SOA a. b. 1 2 3 4 5', other), 'all', other);
  t.equal(diffZones(zone('example.', ''), zone('test.', '')), 'all');
});

t.test('more changes than are worth listing: all', async (t) => {
  const many = Array.from({ length: 20 }, (_, i) => `h${i} A 192.0.2.1`).join('\n');
  t.equal(changes(BASE, many, 10), 'all');
  t.equal(changes(many, '', 21).length, 21);
});

/** The answer, without glue from beside the cut: that it could have more of it is no reason to make it again. */
function essence(result: ZoneResult): string {
  const shown =
    result.kind === 'delegation' ? { ...result, glue: result.glue.slice(0, result.requiredGlue) } : result;
  return show(shown).join();
}

t.test('every answer that differs depended on a listed name', async () => {
  const names = namesOf(questions(3));
  fc.assert(
    fc.property(randomZone, randomZone, (a, b) => {
      const [old, next] = [buildRandom(a), buildRandom(b)];
      const diff = diffZones(old, next);
      if (diff === 'all') throw new Error('too many changes');
      const bumped = new Set(diff.map((owner) => dependencyHash(0, owner)));
      for (const qname of names) {
        for (const qtype of [TYPE.A, TYPE.NS, TYPE.CNAME, TYPE.DS]) {
          const before = lookup(old, qname, qtype);
          if (essence(before) === essence(lookup(next, qname, qtype))) continue;
          if (!before.deps.some((hash) => bumped.has(hash)))
            throw new Error(`${nameToText(qname)} ${qtype}: ${essence(before)}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});
