import t from 'tap';
import {
  EXPLORE_ONE_IN,
  HEDGE_BURST,
  HedgeAllowance,
  hedgeDelay,
  orderTargets,
} from '../../src/resolver/select.ts';
import { Target } from '../../src/resolver/target.ts';
import { SeededPrng } from '../../src/util/prng.ts';

function target(name: string, ms?: number): Target {
  const made = new Target({ address: name, port: 53, protocol: 'do53' });
  if (ms !== undefined) for (let i = 0; i < 20; i++) made.rtt.sample(ms);
  return made;
}

function firsts(
  policy: 'random' | 'ordered' | 'fastest' | 'hedged',
  targets: Target[],
  runs = 6000,
): number[] {
  const prng = new SeededPrng(7);
  const counts = targets.map(() => 0);
  for (let i = 0; i < runs; i++) counts[targets.indexOf(orderTargets(policy, targets, prng)[0]!)]!++;
  return counts;
}

t.test('random: each order as often as any other', async (t) => {
  const targets = [target('a'), target('b', 1), target('c', 900)];
  const prng = new SeededPrng(3);
  const orders = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = orderTargets('random', targets, prng)
      .map((each) => each.address)
      .join('');
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  t.equal(orders.size, 6);
  for (const [order, count] of orders) t.ok(count > 850 && count < 1150, `${order} ${count} times`);
});

t.test('ordered: as the rule has them', async (t) => {
  t.same(firsts('ordered', [target('a', 900), target('b', 1)], 100), [100, 0]);
});

t.test('fastest: the nearest, with one in twenty to the others', async (t) => {
  const [far, near, middle] = firsts('fastest', [target('a', 90), target('b', 5), target('c', 40)]) as [
    number,
    number,
    number,
  ];
  const explored = 6000 / EXPLORE_ONE_IN;
  t.equal(far + near + middle, 6000);
  t.ok(Math.abs(far + middle - explored) < 80, `${far + middle} explored, ${explored} expected`);
  t.ok(far > 90 && middle > 90);
});

t.test('fastest: what nothing is known of comes first; what answers SERVFAIL quickly does not', async (t) => {
  t.equal(firsts('fastest', [target('a', 5), target('b')])[0]! < 400, true);
  const quickButBad = target('a', 1);
  for (let i = 0; i < 30; i++) quickButBad.judge(false);
  t.ok(firsts('fastest', [quickButBad, target('b', 80)])[0]! < 400);
});

t.test('a hedge waits longer than usual, and never longer than patience', async (t) => {
  t.equal(hedgeDelay(target('a')), 200);
  t.equal(hedgeDelay(target('a', 1)), 11);
  const steady = hedgeDelay(target('a', 50));
  t.ok(steady >= 60 && steady < 65);
  const slow = target('a', 4000);
  t.equal(hedgeDelay(slow), slow.rtt.patience);
});

t.test('hedges: a tenth of the questions in the long run', async (t) => {
  const allowance = new HedgeAllowance();
  let hedges = 0;
  for (let i = 0; i < 1000; i++) {
    allowance.earn();
    if (allowance.take()) hedges++;
  }
  t.ok(hedges <= 100 + HEDGE_BURST);
  t.ok(hedges > 90);
});
