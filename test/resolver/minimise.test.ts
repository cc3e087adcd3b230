/** How much of a name servers get to see (RFC 9156): the steps alone, without servers. */
import t from 'tap';
import { ZoneCut } from '../../src/resolver/cut.ts';
import { MINIMISE_STEPS_MAX, Minimiser } from '../../src/resolver/minimise.ts';
import { labelCount, type Name, nameFromText, nameToText } from '../../src/wire/name.ts';

const cutAt = (zone: string): ZoneCut =>
  new ZoneCut({
    zone: nameFromText(zone),
    servers: [],
    learnedAt: 0,
    expiresAt: 1e9,
  });

/** What the servers of one zone are asked, if they refer nowhere; `whole` at the end. */
function asked(name: string, cut: ZoneCut, minimiser = new Minimiser(nameFromText(name), false)): string[] {
  minimiser.enter(cut);
  const names: string[] = [];
  for (;;) {
    const next: Name | undefined = minimiser.next(cut);
    names.push(next === undefined ? 'whole' : nameToText(next));
    if (next === undefined || names.length > 50) return names;
    minimiser.answered(next);
  }
}

t.test('one label more each time, and the whole name in the end', async (t) => {
  t.same(asked('www.a.corp.test.', cutAt('.')), ['test.', 'corp.test.', 'a.corp.test.', 'whole']);
  t.same(asked('www.a.corp.test.', cutAt('corp.test.')), ['a.corp.test.', 'whole']);
  t.same(asked('www.corp.test.', cutAt('corp.test.')), ['whole'], 'one label below the zone is all there is');
  t.same(asked('corp.test.', cutAt('corp.test.')), ['whole'], 'the zone itself');
  t.same(asked('.', cutAt('.')), ['whole']);
  t.same(asked('test.', cutAt('.')), ['whole']);
});

t.test('referrals lead on: each zone is asked one label more than its own', async (t) => {
  const minimiser = new Minimiser(nameFromText('www.a.corp.test.'), false);
  const seen: string[] = [];
  for (const zone of ['.', 'test.', 'corp.test.']) {
    const cut = cutAt(zone);
    minimiser.enter(cut);
    seen.push(nameToText(minimiser.next(cut)!));
  }
  t.same(seen, ['test.', 'corp.test.', 'a.corp.test.']);
});

t.test(
  'a long name is not asked label by label: ten questions, one label more each for the first four',
  async (t) => {
    const name = `${Array.from({ length: 100 }, (_, i) => i % 10).join('.')}.test.`;
    const names = asked(name, cutAt('.'));
    t.equal(names.length, MINIMISE_STEPS_MAX);
    t.equal(names.at(-1), 'whole');
    const labels = names.slice(0, -1).map((each) => labelCount(nameFromText(each)));
    t.same(labels.slice(0, 4), [1, 2, 3, 4]);
    const strides = labels.slice(1).map((count, i) => count - labels[i]!);
    t.ok(
      strides.slice(4).every((stride) => stride >= 14 && stride <= 18),
      'what is left in equal parts',
    );
    t.ok(labels.at(-1)! < 101);
  },
);

t.test('the limit is for the whole way, not for each zone', async (t) => {
  const name = `${Array.from({ length: 60 }, () => 'x').join('.')}.test.`;
  const minimiser = new Minimiser(nameFromText(name), false);
  const first = asked(name, cutAt('.'), minimiser);
  t.equal(first.length, MINIMISE_STEPS_MAX);
  t.same(asked(name, cutAt('x.test.'), minimiser), ['whole']);
});

t.test('names that are known to be no cuts are not asked for again', async (t) => {
  const cut = cutAt('test.');
  for (const inner of ['corp.test.', 'b.a.corp.test.']) cut.noteInner(nameFromText(inner));
  t.same(asked('www.b.a.corp.test.', cut), ['a.corp.test.', 'whole']);
  t.same(asked('www.B.A.CORP.test.', cut), ['A.CORP.test.', 'whole'], 'in whatever letters');
  t.same(asked('www.corp.test.', cut), ['whole']);
  t.same(asked('www.c.corp.test.', cut), ['c.corp.test.', 'whole']);
});

t.test('switched off, or given up: the whole name', async (t) => {
  t.same(asked('a.b.c.d.test.', cutAt('.'), new Minimiser(nameFromText('a.b.c.d.test.'), true)), ['whole']);
  const minimiser = new Minimiser(nameFromText('a.b.c.d.test.'), false);
  minimiser.giveUp();
  t.same(asked('a.b.c.d.test.', cutAt('.'), minimiser), ['whole'], 'also for zones further down');
});
