import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { RANK } from '../../src/cache/rank.ts';
import { RecordCache } from '../../src/cache/records.ts';
import { algorithmTable } from '../../src/dnssec/algorithm.ts';
import { KeyStore, readDnskey } from '../../src/dnssec/key.ts';
import { Nsec3Hashes } from '../../src/dnssec/nsec3hash.ts';
import { type SignatureCheck, type Steps, type Verdict, verdictOf } from '../../src/dnssec/signaturecheck.ts';
import { FAILED_CHECKS_MAX } from '../../src/dnssec/verify.ts';
import { Budget } from '../../src/resolver/budget.ts';
import { Checking, ELSEWHERE_MAX, VERIFIES_PER_TURN } from '../../src/resolver/checking.ts';
import type { Env, SignatureChecks } from '../../src/resolver/env.ts';
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
const key = makeKey('corp.test.', { seed: 'checking' });
const PEM = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
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
  const checks = await Promise.all(rrsets.map((rrset) => checking.rrset(jobOf(), zone, rrset)));
  turns.stop();
  return { kinds: new Set(checks.map(({ kind }) => kind)), busy: turns.busy };
}

t.test('200 signed replies at once: no turn of the event loop checks more than its share', async (t) => {
  const rrsets = Array.from({ length: REPLIES }, (_, i) => signed(rrsetAt(i), key));
  const { kinds, busy } = await checkAll(rrsets);
  t.same([...kinds], ['secure']);
  const sum = busy.reduce((a, b) => a + b, 0);
  t.equal(sum, REPLIES, 'one check each');
  t.ok(Math.max(...busy) <= VERIFIES_PER_TURN, busy.join(' '));
  t.ok(busy.length <= 2 * Math.ceil(REPLIES / VERIFIES_PER_TURN), `${busy.length} turns: each has its share`);
});

t.test('200 replies with eight bad signatures each at once (KeyTrap): the same', async (t) => {
  const rrsets = Array.from({ length: REPLIES }, (_, i) => forged(rrsetAt(i)));
  const { kinds, busy } = await checkAll(rrsets);
  t.same([...kinds], ['bogus']);
  t.ok(busy.reduce((a, b) => a + b, 0) > REPLIES, 'more than one check each');
  t.ok(Math.max(...busy) <= VERIFIES_PER_TURN, busy.join(' '));
});

t.test('who has to wait between two signatures goes on with what the second one signs', async (t) => {
  // The first is junk, the second good: what it signs lies where others write theirs meanwhile.
  const rrsets = Array.from({ length: 50 }, (_, i) => {
    const good = signed(rrsetAt(i), key);
    const junk = signed(rrsetAt(i), key, { signature: new Uint8Array(64).fill(1) });
    // Turns end after an even number of checks: with one signature only, some end between the two of another.
    return i % 3 === 0 ? good : { ...good, sigs: [junk.sigs![0]!, good.sigs![0]!] };
  });
  const { kinds } = await checkAll(rrsets);
  t.same([...kinds], ['secure']);
});

/** By a clock that stands still until it is moved: then all turns are taken, one after the other. */
function checkingBy(clock: ManualClock, signatures?: SignatureChecks): Checking {
  const slab = new Slab({ bytes: 1 << 20, seed: [1, 2] });
  return new Checking(
    { clock, count: () => undefined, signatures },
    new RecordCache({ slab, clock, deps: new Dependencies() }),
  );
}

const nothing = new Uint8Array(0);
const good: SignatureCheck = {
  algorithm: { name: 'GOOD', importKey: () => createPublicKey(PEM), verify: () => true },
  key: new KeyStore().at(Uint8Array.of(253), 0, 1),
  data: nothing,
  signature: nothing,
};

/** Work that makes so many checks. */
function* steps<T>(count: number, last: () => T): Steps<T> {
  for (let i = 0; i < count; i++) yield good;
  return last();
}

const none = (): void => undefined;

t.test('who waits is served in the order in which they came, however many checks each makes', async (t) => {
  const clock = new ManualClock();
  const checking = checkingBy(clock);
  void checking.run(steps(VERIFIES_PER_TURN, none));
  const served: number[] = [];
  const waiting = Array.from({ length: 40 }, (_, i) =>
    checking.run(steps(1 + (i % 4), () => served.push(i))),
  );
  t.same(served, []);
  clock.advance(1);
  await Promise.all(waiting);
  t.same(served, [...waiting.keys()]);
});

t.test('who waits and needs no check does not keep the others waiting', async (t) => {
  const clock = new ManualClock();
  const checking = checkingBy(clock);
  void checking.run(steps(VERIFIES_PER_TURN, none));
  const waiting = Array.from({ length: 100 }, (_, i) => checking.run(steps(0, () => i)));
  clock.advance(1);
  t.same(await Promise.all(waiting), [...waiting.keys()]);
  t.equal(checking.run(steps(1, () => 'at once')), 'at once');
});

t.test('a mistake in one check is no concern of those behind it', async (t) => {
  const clock = new ManualClock();
  const checking = checkingBy(clock);
  void checking.run(steps(VERIFIES_PER_TURN, none));
  const waiting = Array.from({ length: 12 }, (_, i) =>
    Promise.resolve(
      checking.run(
        steps(0, () => {
          if (i === 3) throw new Error('a mistake');
          return i;
        }),
      ),
    ),
  );
  clock.advance(1);
  const outcomes = await Promise.allSettled(waiting);
  t.same(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'failed')),
    [0, 1, 2, 'failed', 4, 5, 6, 7, 8, 9, 10, 11],
  );
});

/** Makes checks when it is told to. */
class Elsewhere implements SignatureChecks {
  state: 'there' | 'away' = 'there';
  readonly #out: ((isLost: boolean) => void)[] = [];

  get out(): number {
    return this.#out.length;
  }

  check(check: SignatureCheck, told: (known: Verdict | SignatureCheck) => void): boolean {
    if (this.state === 'away') return false;
    const verdict = verdictOf(check);
    const kept = { ...check, data: check.data.slice() };
    this.#out.push((isLost) => told(isLost ? kept : verdict));
    return true;
  }

  /** Gives all back that was not made, and takes no more. */
  lose(): void {
    this.state = 'away';
    for (const settle of this.#out.splice(0)) settle(true);
  }

  async give(count = this.#out.length): Promise<void> {
    for (const settle of this.#out.splice(0, count)) settle(false);
    await new Promise(setImmediate);
  }
}

t.test('checks that are made elsewhere: so many at a time, and who waits is served in order', async (t) => {
  const elsewhere = new Elsewhere();
  const checking = checkingBy(new ManualClock(), elsewhere);
  const served: number[] = [];
  const all = Array.from({ length: 3 * ELSEWHERE_MAX }, (_, i) =>
    checking.run(steps(1, () => served.push(i))),
  );
  t.equal(elsewhere.out, ELSEWHERE_MAX);
  t.same(served, []);
  await elsewhere.give(10);
  t.equal(served.length, 10);
  t.equal(elsewhere.out, ELSEWHERE_MAX, 'ten others took their places');
  while (elsewhere.out > 0) await elsewhere.give();
  await Promise.all(all);
  t.same(served, [...all.keys()]);
});

t.test('what was begun elsewhere goes on there or here, as can be', async (t) => {
  const elsewhere = new Elsewhere();
  const checking = checkingBy(new ManualClock(), elsewhere);
  const checked = checking.run(steps(3, () => 'done'));
  t.equal(elsewhere.out, 1);
  elsewhere.state = 'away';
  await elsewhere.give();
  t.equal(await checked, 'done');
  t.equal(checking.run(steps(1, () => 'at once')), 'at once');
});

t.test(
  '400 replies, each with eight bad signatures or one that is good, checked elsewhere (KeyTrap)',
  async (t) => {
    const elsewhere = new Elsewhere();
    const checking = checkingBy(new ManualClock(), elsewhere);
    const all = Array.from({ length: 2 * REPLIES }, (_, i) => {
      const rrset = i % 2 === 0 ? signed(rrsetAt(i), key) : forged(rrsetAt(i));
      return checking.rrset(jobOf(), zone, rrset);
    });
    let most = 0;
    while (elsewhere.out > 0) {
      most = Math.max(most, elsewhere.out);
      await elsewhere.give(7);
    }
    t.equal(most, ELSEWHERE_MAX);
    for (const [i, checked] of (await Promise.all(all)).entries())
      t.equal(checked.kind, i % 2 === 0 ? 'secure' : 'bogus');
    t.equal(checking.verifies, REPLIES + REPLIES * FAILED_CHECKS_MAX);
  },
);

t.test('checks that were elsewhere and come back: made here, so many a turn (KeyTrap)', async (t) => {
  await datagram();
  const turns = new Turns();
  const elsewhere = new Elsewhere();
  const clock = systemClock;
  const slab = new Slab({ bytes: 1 << 20, seed: [1, 2] });
  const made = { here: 0 };
  const counted = new Map(
    [...algorithmTable({ sha1: false })].map(([number, algorithm]) => [
      number,
      {
        ...algorithm,
        verify: (...of: Parameters<typeof algorithm.verify>) => {
          if (elsewhere.state === 'away') {
            made.here++;
            turns.count();
          }
          return algorithm.verify(...of);
        },
      },
    ]),
  );
  const cache = new RecordCache({ slab, clock, deps: new Dependencies() });
  const checking = new Checking({ clock, count: () => undefined, signatures: elsewhere }, cache, counted);
  const all = Array.from({ length: 2 * REPLIES }, (_, i) =>
    checking.rrset(jobOf(), zone, forged(rrsetAt(i))),
  );
  await elsewhere.give(50);
  t.equal(elsewhere.out, ELSEWHERE_MAX);
  await datagram();
  elsewhere.lose();
  const kinds = (await Promise.all(all)).map(({ kind }) => kind);
  turns.stop();
  t.same([...new Set(kinds)], ['bogus']);
  t.equal(made.here, 2 * REPLIES * FAILED_CHECKS_MAX - 50, 'what was made elsewhere is not made again');
  t.ok(Math.max(...turns.busy) <= VERIFIES_PER_TURN, turns.busy.join(' '));
});

t.test('what others check meanwhile is not taken for what was found good', async (t) => {
  const elsewhere = new Elsewhere();
  const checking = checkingBy(new ManualClock(), elsewhere);
  const sets = Array.from({ length: 20 }, (_, i) => signed(rrsetAt(i), key));
  const first = sets.map((set) => checking.rrset(jobOf(), zone, set));
  await elsewhere.give();
  await Promise.all(first);
  for (const set of sets)
    t.match(checking.rrset(jobOf(), zone, set), { kind: 'secure' }, 'known, and at once');
  t.equal(elsewhere.out, 0);
  const swapped = sets.map((set, i) => ({ ...set, rdatas: sets[(i + 1) % sets.length]!.rdatas }));
  const others = swapped.map((set) => checking.rrset(jobOf(), zone, set));
  t.equal(elsewhere.out, sets.length, 'none of these is known');
  await elsewhere.give();
  for (const checked of await Promise.all(others)) t.match(checked, { kind: 'bogus' });
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
