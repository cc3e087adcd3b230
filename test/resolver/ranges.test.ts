import fc from 'fast-check';
import t from 'tap';
import { type Range, Ranges } from '../../src/resolver/ranges.ts';

const CIRCLE = 12;

/** The numbers strictly between the ends; all but `from` where both are one. */
function inside({ from, to }: { from: number; to: number }): Set<number> {
  const found = new Set<number>();
  for (let at = (from + 1) % CIRCLE; at !== to && at !== from; at = (at + 1) % CIRCLE) found.add(at);
  return found;
}

function overlap(a: Range<number>, b: Range<number>): boolean {
  if (a.from === b.from) return true;
  return inside(a).has(b.from) || inside(b).has(a.from);
}

const end = fc.nat(CIRCLE - 1);
const range: fc.Arbitrary<Range<number>> = fc.record({
  from: end,
  to: end,
  rrset: fc.constant({ name: Uint8Array.of(0), type: 47, ttl: 1, rdatas: [] }),
  expiresAt: fc.integer({ min: 1, max: 9 }),
});
const compare = (a: number, b: number): number => a - b;

function found(ranges: Ranges<number>, now: number): Set<Range<number>> {
  const all = Array.from({ length: CIRCLE }, (_, key) => ranges.at(key, now));
  return new Set(all.filter((one) => one !== undefined));
}

t.test('what is put in takes the place of all it overlaps, and of nothing else', async () => {
  const property = fc.property(fc.array(range, { maxLength: 12 }), (list) => {
    const ranges = new Ranges<number>(compare);
    let model: Range<number>[] = [];
    for (const one of list) {
      ranges.put(one);
      model = [...model.filter((other) => !overlap(one, other)), one];
      if (ranges.size !== model.length) throw new Error(`${ranges.size} ranges, ${model.length} expected`);
      for (let key = 0; key < CIRCLE; key++) {
        const right = model.find((other) => other.from === key || inside(other).has(key));
        const at = ranges.at(key, 0);
        if (right !== undefined && at !== right) throw new Error(`${key}: ${at?.from}, not ${right.from}`);
      }
    }
  });
  fc.assert(property, { numRuns: 2000, seed: 8198 });
});

t.test('what has expired is not found, and dropped first', async (t) => {
  const property = fc.property(
    fc.array(range, { maxLength: 12 }),
    fc.nat(10),
    fc.nat(6),
    (list, now, max) => {
      const ranges = new Ranges<number>(compare);
      for (const one of list) ranges.put(one);
      const alive = [...found(ranges, now)];
      if (alive.some((one) => one.expiresAt <= now)) throw new Error('expired');
      ranges.shrink(max, now);
      const kept = found(ranges, now);
      if (alive.length <= max && kept.size !== alive.length) throw new Error('dropped without need');
      const dropped = alive.filter((one) => !kept.has(one)).map((one) => one.expiresAt);
      if (Math.max(...dropped) > Math.min(...[...kept].map((one) => one.expiresAt))) throw new Error('order');
    },
  );
  fc.assert(property, { numRuns: 1000, seed: 8198 });
  const ranges = new Ranges<number>(compare);
  for (let i = 0; i < 9; i++)
    ranges.put({ from: i, to: i + 1, rrset: undefined as never, expiresAt: 50 + i });
  ranges.shrink(8, 0);
  t.equal(ranges.size, 6, 'a quarter at once, so that it is not sorted for each');
});
