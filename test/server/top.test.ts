/** What is asked most: taken from the last questions, and of all workers together. */
import t from 'tap';
import { topReport } from '../../src/control/top.ts';
import { RECENT_MAX, RecentQuestions } from '../../src/server/recent.ts';
import { TopQuestions } from '../../src/server/top.ts';
import { addressToText, parseAddress } from '../../src/util/cidr.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { topKey } from '../../src/view/top.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';

function start() {
  const recent = new RecentQuestions();
  const keyOf = {
    names: ({ view, name }: { view: number; name: Uint8Array }) => topKey(`vpc-${view}`, nameToText(name)),
    clients: ({ view, client }: { view: number; client: Uint8Array }) =>
      topKey(`vpc-${view}`, addressToText(client)),
  };
  const ask = (name: string, times = 1, client = '10.0.0.1', view = 0): void => {
    const wire = nameFromText(name);
    for (let i = 0; i < times; i++) recent.add(view, 1, wire, 0, wire.length, parseAddress(client));
  };
  return { top: new TopQuestions(recent, () => keyOf, new SeededPrng(1), 0), ask };
}

t.test('names and clients, by VPC, each question once', async (t) => {
  const { top, ask } = start();
  ask('a.test.', 5);
  ask('b.test.', 2, '2001:db8::1');
  await top.look(1_000);
  await top.look(2_000);
  ask('a.test.', 1, '10.0.0.1', 1);
  await top.look(3_000);
  const names = topReport('names', [top.tell('names', 4_000)], undefined, 10);
  t.same(names, {
    kind: 'names',
    seconds: 4,
    questions: 8,
    uncertainty: 0,
    entries: [
      { vpc: 'vpc-0', what: 'a.test.', questions: 5 },
      { vpc: 'vpc-0', what: 'b.test.', questions: 2 },
      { vpc: 'vpc-1', what: 'a.test.', questions: 1 },
    ],
  });
  const other = start();
  other.ask('c.test.', 9, '10.0.0.9');
  await other.top.look(1_000);
  const clients = topReport(
    'clients',
    [top, other.top].map((each) => each.tell('clients', 4_000)),
    'vpc-0',
    2,
  );
  t.same(clients.entries, [
    { vpc: 'vpc-0', what: '10.0.0.9', questions: 9 },
    { vpc: 'vpc-0', what: '10.0.0.1', questions: 5 },
  ]);
  t.equal(clients.questions, 17, 'shares are of all');
});

t.test('of many questions some are looked at, and stand for all', async (t) => {
  const { top, ask } = start();
  for (let i = 0; i < RECENT_MAX; i++) ask(i % 4 === 3 ? `n${i}.test.` : 'much.test.', 2);
  await top.look(1_000);
  const { questions, entries } = topReport('names', [top.tell('names', 1_000)], undefined, 1);
  t.equal(questions, 2 * RECENT_MAX);
  // Three quarters of them, give or take what a sample of 256 says.
  t.match(entries, [{ what: 'much.test.' }]);
  t.ok(Math.abs(entries[0]!.questions / questions - 0.75) < 0.1);
});

t.test('only a few are looked at in each turn of the event loop', async (t) => {
  let turns = 0;
  let busy = true;
  const count = (): void => {
    turns++;
    if (busy) setImmediate(count);
  };
  const looked: number[] = [];
  const recent = new RecentQuestions();
  const name = nameFromText('a.test.');
  for (let i = 0; i < 256; i++) recent.add(0, 1, name, 0, name.length, parseAddress('10.0.0.1'));
  const names = (): string => {
    looked[turns] = (looked[turns] ?? 0) + 1;
    return 'a';
  };
  const top = new TopQuestions(recent, () => ({ names, clients: () => 'b' }), new SeededPrng(1), 0);
  setImmediate(count);
  const done = top.look(1_000);
  t.same(looked, [], 'none at once');
  await done;
  busy = false;
  t.equal(top.tell('names', 1_000).questions, 256);
  t.ok(Math.max(...looked.filter((each) => each !== undefined)) <= 8, looked.join(' '));
});

t.test('what is long past is forgotten', async (t) => {
  const { top, ask } = start();
  const names = (): string[] =>
    topReport('names', [top.tell('names', 700_000)], undefined, 10).entries.map(({ what }) => what);
  ask('early.test.');
  await top.look(300_000);
  ask('later.test.');
  await top.look(599_000);
  t.same(names(), ['early.test.', 'later.test.']);
  await top.look(600_000);
  t.same(names(), ['later.test.']);
});

t.test('a reload while they are looked at: they are of the VPC that asked', async (t) => {
  const recent = new RecentQuestions();
  const name = nameFromText('secret.test.');
  recent.add(0, 1, name, 0, name.length, parseAddress('10.0.0.1'));
  let views = ['vpc-a'];
  const keys = () => {
    const then = views;
    const key = ({ view }: { view: number }) => topKey(then[view]!, 'secret.test.');
    return { names: key, clients: key };
  };
  const top = new TopQuestions(recent, keys, new SeededPrng(1), 0);
  const done = top.look(1_000);
  views = ['vpc-b'];
  await done;
  const { entries } = topReport('names', [top.tell('names', 2_000)], undefined, 10);
  t.same(entries, [{ vpc: 'vpc-a', what: 'secret.test.', questions: 1 }]);
});
