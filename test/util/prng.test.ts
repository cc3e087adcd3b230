/** Random numbers: IDs and ports are made of them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { deviation } from '../support/chisquare.ts';

const COUNT = 20_000;
const PRNG = new URL('../../src/util/prng.ts', import.meta.url);
const SCRIPT = `const { cryptoPrng } = await import('${PRNG}');
console.log(JSON.stringify(Array.from({ length: ${COUNT} }, () => cryptoPrng.below(65536))))`;

/** The first IDs that a process draws. */
async function ids(): Promise<number[]> {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', SCRIPT];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as number[];
}

t.test('weak PRNG (CVE-2025-40780): IDs across restarts are uncorrelated', async (t) => {
  const [first, second] = await Promise.all([ids(), ids()]);
  /** How far from chance the high and the low octets of these numbers are. */
  const oddness = (numbers: readonly number[]): number => {
    const shares = new Map(Array.from({ length: 256 }, (_, octet) => [String(octet), 1 / 256]));
    const counts = (octets: readonly number[]) => {
      const all = new Map<string, number>();
      for (const octet of octets) all.set(String(octet), (all.get(String(octet)) ?? 0) + 1);
      return all;
    };
    const [high, low] = [numbers.map((each) => each >> 8), numbers.map((each) => each & 255)];
    return Math.max(deviation(counts(high), shares), deviation(counts(low), shares));
  };
  for (const [what, numbers] of [
    ['of one', first],
    ['of the other', second],
    ['one against the other', first.map((id, i) => id ^ second[i]!)],
    ['one after the other', first.slice(1).map((id, i) => (id - first[i]!) & 0xffff)],
    ['one against the next of the other', first.slice(1).map((id, i) => id ^ second[i]!)],
  ] as const)
    t.ok(oddness(numbers) < 5, `${what}: ${oddness(numbers).toFixed(1)} standard deviations`);
  const counting = first.map((_, i) => i & 0xff00);
  t.ok(oddness(counting) > 5, 'what is not random is seen');
});
