/** Sub-queries that cost no packet: a tree of delegations, all of them known, each to servers in others of the tree. */
import t from 'tap';
import { RecordCache } from '../../src/cache/records.ts';
import { Nsec3Hashes } from '../../src/dnssec/nsec3hash.ts';
import { RECURSION_DEFAULTS } from '../../src/resolver/authorities.ts';
import { BUDGET_FETCHES, Budget } from '../../src/resolver/budget.ts';
import { ZoneCut } from '../../src/resolver/cut.ts';
import type { Env } from '../../src/resolver/env.ts';
import type { RecursivePath } from '../../src/resolver/path.ts';
import { Probes } from '../../src/resolver/probe.ts';
import { Recursor } from '../../src/resolver/recursor.ts';
import { HedgeAllowance } from '../../src/resolver/select.ts';
import { Targets } from '../../src/resolver/target.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { Slab } from '../../src/util/slab.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameFromText, ROOT } from '../../src/wire/name.ts';
import { finish } from '../support/simnet.ts';

const FAN = 13;
const ZONES = 3000;
const DAY_MS = 86_400_000;

const PATH: RecursivePath = {
  kind: 'recursive',
  context: 1,
  rule: 'recursion',
  domain: ROOT,
  view: 0,
  sources: [],
  serveStale: false,
  case0x20: false,
  validate: false,
  origin: ROOT,
  servers: [],
  hints: true,
};

function recursorWithTree(clock: ManualClock, sent: () => void): Recursor {
  const cache = new RecordCache({
    slab: new Slab({ bytes: 1 << 22, seed: [1, 2] }),
    clock,
    deps: new Dependencies(),
  });
  const env: Env = {
    clock,
    prng: new SeededPrng(1),
    transport: {
      begin: (start) => start(),
      exchange: () => {
        sent();
        return { cancel: () => undefined };
      },
    },
    targets: new Targets(),
    hedges: new HedgeAllowance(),
    count: () => undefined,
  };
  const recursor = new Recursor(env, new Probes(env), cache, RECURSION_DEFAULTS);
  const now = clock.now();
  const put = (zone: string, servers: readonly string[]): void =>
    recursor.cuts.put(
      PATH.context,
      new ZoneCut({
        zone: nameFromText(zone),
        servers: servers.map((name) => ({ name: nameFromText(name) })),
        learnedAt: now,
        expiresAt: now + DAY_MS,
      }),
    );
  put('.', []);
  for (let i = 0; i < ZONES; i++)
    put(
      `z${i}.evil.test.`,
      Array.from({ length: FAN }, (_, k) => `n.z${i * FAN + k + 1}.evil.test.`),
    );
  return recursor;
}

t.test(`one query makes ${BUDGET_FETCHES} sub-queries at most, whatever they cost`, async (t) => {
  const clock = new ManualClock();
  clock.advance(1000);
  let packets = 0;
  const recursor = recursorWithTree(clock, () => packets++);
  const budget = new Budget(clock.now());
  let taken = 0;
  let refused = 0;
  const { takeFetch } = budget;
  budget.takeFetch = () => {
    const may = takeFetch.call(budget);
    if (may) taken++;
    else refused++;
    return may;
  };
  const job = { path: PATH, budget, options: [], hashes: new Nsec3Hashes(budget) };
  const found = await finish(clock, recursor.fetch(job, nameFromText('x.z0.evil.test.'), TYPE.A));
  t.equal(found.kind, 'failure');
  t.equal(packets, 0, 'all of it is known');
  t.ok(taken <= BUDGET_FETCHES, `${taken} sub-queries`);
  t.ok(taken > 10, 'there were many');
  t.ok(taken + refused <= 20 * BUDGET_FETCHES, `${refused} refused`);
  t.equal(recursor.size, 0, 'nothing goes on');
});
