import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { RANK } from '../../src/cache/rank.ts';
import { RecordCache } from '../../src/cache/records.ts';
import { readDnskey } from '../../src/dnssec/key.ts';
import { Nsec3Hashes } from '../../src/dnssec/nsec3hash.ts';
import { Budget } from '../../src/resolver/budget.ts';
import { Checking, VERIFIES_PER_TURN } from '../../src/resolver/checking.ts';
import type { Env } from '../../src/resolver/env.ts';
import type { Job } from '../../src/resolver/finding.ts';
import type { RecursivePath } from '../../src/resolver/path.ts';
import type { SecureZone } from '../../src/resolver/trust.ts';
import { ManualClock, systemClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { Slab } from '../../src/util/slab.ts';
import { nameFromText } from '../../src/wire/name.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { makeKey, signed } from '../support/sign.ts';

const REPLIES = 200;
/** The last one to begin in a turn may have to try several signatures. */
const LAST_ONE = 8;

const key = makeKey('corp.test.', { seed: 'checking' });
const zone: SecureZone = {
  kind: 'secure',
  zone: nameFromText('corp.test.'),
  keys: [readDnskey(key.rdata)!],
  by: [],
  digests: [],
  above: undefined,
  expiresAt: Number.POSITIVE_INFINITY,
};

function rrsetAt(i: number): Rrset {
  const name = nameFromText(`w${i}.corp.test.`);
  return { name, type: 1, ttl: 300, rdatas: [new Uint8Array([192, 0, 2, i & 255])] };
}

/** Eight signatures, each by the right key as far as can be seen, and none of them good. */
function forged(rrset: Rrset): Rrset {
  const sigs = Array.from({ length: 8 }, (_, i) => {
    const signature = new Uint8Array(64).fill(i + 1);
    return signed(rrset, key, { signature }).sigs![0]!;
  });
  return { ...rrset, sigs };
}

function jobOf(): Job {
  const path = { kind: 'recursive', context: 1, validate: true } as RecursivePath;
  const budget = new Budget(systemClock.now());
  return { path, budget, hashes: new Nsec3Hashes(budget), options: [] };
}

/** Signature checks in each turn of the true event loop. */
class Turns {
  readonly checks: number[] = [0];
  #loop = setImmediate(() => this.#next());

  #next(): void {
    this.checks.push(0);
    this.#loop = setImmediate(() => this.#next());
  }

  count(): void {
    this.checks[this.checks.length - 1]!++;
  }

  stop(): void {
    clearImmediate(this.#loop);
  }

  get busy(): number[] {
    return this.checks.filter((checks) => checks > 0);
  }
}

/** Goes on where replies do: in the part of the event loop's turn that reads sockets. */
async function datagram(): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1', () => socket.send('reply', socket.address().port, '127.0.0.1'));
  await once(socket, 'message');
  socket.close();
}

/** All replies are there at once; returns the kinds of what came out, and the work by turns. */
async function checkAll(rrsets: readonly Rrset[]): Promise<{ kinds: Set<string>; busy: number[] }> {
  await datagram();
  const turns = new Turns();
  const clock = systemClock;
  const slab = new Slab({ bytes: 1 << 20, seed: [1, 2] });
  const cache = new RecordCache({ slab, clock, deps: new Dependencies() });
  const env: Pick<Env, 'clock' | 'count'> = {
    clock,
    count: (counter) => {
      if (counter === 'dnssec_verifies') turns.count();
    },
  };
  const checking = new Checking(env, cache);
  const checks = await Promise.all(rrsets.map((rrset) => checking.check(jobOf(), zone, rrset)));
  turns.stop();
  return { kinds: new Set(checks.map(({ kind }) => kind)), busy: turns.busy };
}

t.test('200 signed replies at once: no turn of the event loop checks more than its share', async (t) => {
  const rrsets = Array.from({ length: REPLIES }, (_, i) => signed(rrsetAt(i), key));
  const { kinds, busy } = await checkAll(rrsets);
  t.same([...kinds], ['secure']);
  const sum = busy.reduce((a, b) => a + b, 0);
  t.equal(sum, REPLIES, 'one check each');
  t.ok(Math.max(...busy) <= VERIFIES_PER_TURN + LAST_ONE, busy.join(' '));
  t.ok(busy.length <= 2 * Math.ceil(REPLIES / VERIFIES_PER_TURN), `${busy.length} turns: each has its share`);
});

t.test('200 replies with eight bad signatures each at once (KeyTrap): the same', async (t) => {
  const rrsets = Array.from({ length: REPLIES }, (_, i) => forged(rrsetAt(i)));
  const { kinds, busy } = await checkAll(rrsets);
  t.same([...kinds], ['bogus']);
  t.ok(busy.reduce((a, b) => a + b, 0) > REPLIES, 'more than one check each');
  t.ok(Math.max(...busy) <= VERIFIES_PER_TURN + LAST_ONE, busy.join(' '));
});

/** By a clock that stands still until it is moved: then all turns are taken, one after the other. */
function checkingBy(clock: ManualClock): Checking {
  const slab = new Slab({ bytes: 1 << 20, seed: [1, 2] });
  return new Checking(
    { clock, count: () => undefined },
    new RecordCache({ slab, clock, deps: new Dependencies() }),
  );
}

/** Work that makes so many checks. */
function checks(checking: Checking, count: number): () => void {
  const { work } = checking.verifier(jobOf());
  return () => {
    for (let i = 0; i < count; i++) work.takeVerify();
  };
}

t.test('who waits is served in the order in which they came, however many checks each makes', async (t) => {
  const clock = new ManualClock();
  const checking = checkingBy(clock);
  checks(checking, VERIFIES_PER_TURN)();
  const served: number[] = [];
  const waiting = Array.from({ length: 40 }, async (_, i) => {
    const work = checks(checking, 1 + (i % 4));
    await checking.inTurn(() => {
      work();
      served.push(i);
    });
  });
  clock.advance(1);
  await Promise.all(waiting);
  t.same(served, [...waiting.keys()]);
});

t.test('a mistake in one check is no concern of those behind it', async (t) => {
  const clock = new ManualClock();
  const checking = checkingBy(clock);
  checks(checking, VERIFIES_PER_TURN)();
  const waiting = Array.from({ length: 12 }, (_, i) =>
    Promise.resolve(
      checking.inTurn(() => {
        if (i === 3) throw new Error('a mistake');
        return i;
      }),
    ),
  );
  clock.advance(1);
  const outcomes = await Promise.allSettled(waiting);
  t.same(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'failed')),
    [0, 1, 2, 'failed', 4, 5, 6, 7, 8, 9, 10, 11],
  );
});

t.test('what was kept: of this context, checked, and not run out', async (t) => {
  const clock = new ManualClock();
  const deps = new Dependencies();
  const cache = new RecordCache({ slab: new Slab({ bytes: 1 << 20, seed: [1, 2] }), clock, deps });
  const checking = new Checking({ clock, count: () => undefined }, cache);
  const job = jobOf();
  const checked = signed(rrsetAt(1), key);
  checking.keep(job, checked, []);
  t.match(checking.kept(job, checked.name, 1), { ttl: 300, sigs: checked.sigs });
  t.equal(checking.kept(job, checked.name, 28), undefined);
  t.equal(checking.kept({ ...job, path: { ...job.path, context: 2 } }, checked.name, 1), undefined);
  const unchecked = signed(rrsetAt(2), key);
  cache.putRrset(1, unchecked, RANK.answerAuthoritative, { security: 'unchecked' });
  t.ok(cache.peek(1, unchecked.name, 1));
  t.equal(checking.kept(job, unchecked.name, 1), undefined, 'what a client that says CD was given');
  clock.advance(301_000);
  t.equal(cache.peek(1, checked.name, 1)?.state, 'stale');
  t.equal(checking.kept(job, checked.name, 1), undefined);
});
