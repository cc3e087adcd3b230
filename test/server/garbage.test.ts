import { PerformanceObserver } from 'node:perf_hooks';
import t from 'tap';
import { OPTION } from '../../src/wire/constants.ts';
import { findOption } from '../../src/wire/edns.ts';
import { readMessage } from '../../src/wire/message.ts';
import { clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';

/**
 * A hit allocates nothing: the garbage of a hundred thousand answers a second would stop the worker to be collected.
 * Told by the collections that a million hits cause. One small object a hit would be 50 MB, and three collections
 * at least; one may be due anyhow.
 */
const HITS = 1_000_000;
const NAMES = 100;
const COLLECTIONS_MAX = 2;

/** Collections while `work` runs. */
async function collections(work: () => void): Promise<number> {
  let count = 0;
  const observer = new PerformanceObserver((list) => (count += list.getEntries().length));
  observer.observe({ entryTypes: ['gc'] });
  work();
  await new Promise((resolve) => setTimeout(resolve, 50));
  count += observer.takeRecords().length;
  observer.disconnect();
  return count;
}

t.test(`${HITS} hits make no garbage`, async (t) => {
  const zone = Array.from({ length: NAMES }, (_, i) => `h${i} A 10.0.0.1\nh${i} A 10.0.0.2`).join('\n');
  const rateLimit = { ratePerSecond: 1_000_000, burst: 1_000_000, slip: 2 };
  const { pipeline, counters } = pipelineOf(
    snapshotOf({ v: { cidrs: ['10.0.0.0/8', '2001:db8::/32'], zones: { 'example.': zone } } }),
    { rateLimit },
  );
  const cookie = (data: Uint8Array) => ({ edns: { ...EDNS, options: [{ code: OPTION.COOKIE, data }] } });
  const first = pipeline.handle(query('h0.example.', 'A', cookie(new Uint8Array(8))), clientAt('10.1.2.3'));
  const valid = findOption(readMessage((first as Uint8Array).slice()).edns, OPTION.COOKIE)!;
  const kinds: [string, object][] = [
    ['plain', {}],
    ['with OPT', { edns: EDNS }],
    ['with a client cookie', cookie(new Uint8Array(8))],
    ['with a server cookie', cookie(valid)],
  ];
  let total = 0;
  for (const [what, more] of kinds)
    for (const address of ['10.1.2.3', '2001:db8::1']) {
      const client = clientAt(address);
      const queries = Array.from({ length: NAMES }, (_, i) =>
        query(`h${i}.eXample.`, 'A', { id: i, ...more }),
      );
      const ask = (times: number): void => {
        for (let i = 0; i < times; i++) pipeline.handle(queries[i % NAMES]!, client);
      };
      // Until all of it is compiled, code and feedback are allocated.
      ask(HITS / 10);
      const before = counters.sum('answersFromCache');
      total += await collections(() => ask(HITS / kinds.length / 2));
      const hits = counters.sum('answersFromCache') - before;
      t.equal(hits, HITS / kinds.length / 2, `${what}, ${address}: hits`);
    }
  t.ok(total <= COLLECTIONS_MAX, `${total} collections`);
});
