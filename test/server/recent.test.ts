import t from 'tap';
import { RecentQuestions } from '../../src/server/recent.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { nameFromText } from '../../src/wire/name.ts';

t.test('what was asked in a view that is gone is told to nobody', async (t) => {
  const recent = new RecentQuestions();
  const name = nameFromText('a.example.');
  for (const view of [0, 1, 300]) recent.add(view, 1, name, 0, name.length, new Uint8Array([10, 0, 0, 1]));
  const views = (): number[] => recent.list().map(({ view }) => view);
  t.same(views(), [300, 1, 0]);
  recent.forget(new Set());
  t.same(views(), [300, 1, 0]);
  recent.forget(new Set([300, 0]));
  t.same(views(), [1]);
  t.same(
    recent.since(0, 100, cryptoPrng).map(({ view }) => view),
    [1],
  );
  recent.add(0, 28, name, 0, name.length, new Uint8Array(16));
  t.same(views(), [0, 1], 'the view that has its index now is another one');
});
