import fc from 'fast-check';
import t from 'tap';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { candidatesOf, type Standing, textOf, viewOf } from './support.ts';

t.test('match: the first candidate, or nothing', async (t) => {
  const view = viewOf(['forward example.com.', 'zone a.example.com.']);
  t.equal(textOf(view.match(nameFromText('x.a.example.com.'))!), 'zone a.example.com.');
  t.equal(view.match(nameFromText('example.org.')), undefined);
});

t.test('standings: what explain shows', async (t) => {
  const view = viewOf(['forward .', 'forward example.com.', 'system a.example.com.', 'zone a.example.com.']);
  const shown = [...view.standings(nameFromText('x.a.example.com.'))].map(
    ({ match, standing }) => `${textOf(match)} ${standing}`,
  );
  t.same(shown, [
    'system a.example.com. hole',
    'zone a.example.com. may-answer',
    'forward example.com. passed-over',
    'forward . may-answer',
  ]);
});

t.test('matchedNames: every name that decides, or the root', async (t) => {
  const view = viewOf(['forward example.com.', 'zone a.example.com.']);
  const names = (text: string): string[] => view.matchedNames(nameFromText(text)).map(nameToText);
  t.same(names('x.a.example.com.'), ['a.example.com.', 'example.com.']);
  t.same(names('example.org.'), ['.']);
});

t.test('candidates stay as they are while others are looked for', async (t) => {
  const view = viewOf(['zone a.example.com. nxdomain', 'forward example.com.']);
  const first = view.candidates(nameFromText('x.a.example.com.'));
  candidatesOf(view, 'example.com.');
  candidatesOf(view, 'a.b.c.d.e.f.a.example.com.');
  t.same(first.map(textOf), ['zone a.example.com.', 'forward example.com.']);
});

/** The rules of the reference, written down naively: a sorted list, then a filter. */
function naive(things: readonly Standing[], qname: string): string[] {
  const labels = (text: string): string[] => text.split('.').filter((label) => label !== '');
  const asked = labels(qname);
  const rank = ['forward', 'system', 'zone', 'local'];
  const above = things
    .map((thing) => thing.split(' ') as [string, string])
    .filter(([, name]) =>
      labels(name).every((label, i, all) => asked[asked.length - all.length + i] === label),
    )
    .sort((a, b) => labels(b[1]).length - labels(a[1]).length || rank.indexOf(a[0]) - rank.indexOf(b[0]));
  const hole = above.findIndex(([kind]) => kind === 'system');
  return above
    .filter(([kind, name], i) => {
      if (kind === 'system') return false;
      return !(kind === 'forward' && hole >= 0 && i > hole && name !== '.');
    })
    .map(([kind, name]) => `${kind} ${name}`);
}

t.test('property: equals the naive reading of the reference', async () => {
  const label = fc.constantFrom('a', 'b', 'c');
  const name = fc
    .array(label, { maxLength: 5 })
    .map((labels) => (labels.length === 0 ? '.' : `${labels.join('.')}.`));
  const kind = fc.constantFrom('forward', 'system', 'zone', 'local');
  const things = fc.uniqueArray(fc.tuple(kind, name), {
    // One rule, one zone and one autodefined zone may share a name.
    selector: ([k, n]) => `${k === 'system' ? 'forward' : k} ${n}`,
    maxLength: 25,
  });
  fc.assert(
    fc.property(things, fc.array(name, { minLength: 1, maxLength: 20 }), (pairs, qnames) => {
      const standings = pairs.map(([k, n]) => `${k} ${n}` as Standing);
      const view = viewOf(standings);
      for (const qname of qnames) {
        const [got, expected] = [candidatesOf(view, qname), naive(standings, qname)];
        if (got.join() !== expected.join())
          throw new Error(`${qname}: ${got.join()} is not ${expected.join()}`);
      }
    }),
    { numRuns: 500 },
  );
});
