/** RFC 5011: its own scenarios (section 6) and its table (4.1), with true keys and signatures. */
import t from 'tap';
import { readDnskey, unrevoked } from '../../src/dnssec/key.ts';
import {
  ADD_HOLD_DOWN,
  begin,
  intervals,
  KEEP_MISSING,
  REMOVE_HOLD_DOWN,
  revoke,
  type TrustPoint,
  trusted,
} from '../../src/dnssec/rollover.ts';
import { type Looked, look } from '../../src/dnssec/sighting.ts';
import { dsOf, makeKey, NOW, REVOKE, type SigningKey, signedKeys, withFlags } from '../support/sign.ts';
import { name, verifier } from './zones.ts';

const DAY = 86_400;
const HOUR = 3_600;
const ZONE = name('example.');
const KSK = 257;

const key = (letter: string, flags = KSK): SigningKey => makeKey(ZONE, { seed: `rollover ${letter}`, flags });
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((letter) => key(letter)) as [
  SigningKey,
  SigningKey,
  SigningKey,
  SigningKey,
];
const zsk = key('zsk', 256);
const revoked = (key: SigningKey): SigningKey => withFlags(key, { flags: key.flags | REVOKE });
const NAMES = new Map([a, b, c, d, zsk].map((key, i) => [hex(key.rdata), 'abcdz'[i]!]));

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}

/** A resolver that follows the zone, and its clock. */
class Follower {
  point: TrustPoint;
  now = NOW;
  last: Looked | undefined;

  constructor(anchors: { ds?: readonly Uint8Array[]; dnskey?: readonly Uint8Array[] }) {
    this.point = begin({ zone: ZONE, ds: anchors.ds ?? [], dnskey: anchors.dnskey ?? [] }, this.now);
  }

  /** Looks at a DNSKEY RRset of these keys. Returns the states of all keys that are tracked: `a valid, b addpend`. */
  see(keys: readonly SigningKey[], signers: readonly SigningKey[], options: { ttl?: number } = {}): string {
    const originalTtl = options.ttl ?? HOUR;
    const set = signedKeys(keys, signers, { originalTtl });
    this.last = look(this.point, { ...set, ttl: originalTtl }, verifier({ now: this.now }));
    this.point = this.last.point;
    return this.states;
  }

  /** The same RRset once a day. */
  days(count: number, keys: readonly SigningKey[], signers: readonly SigningKey[]): string {
    for (let day = 0; day < count; day++) {
      this.now += DAY;
      this.see(keys, signers);
    }
    return this.states;
  }

  get states(): string {
    const texts = this.point.keys.map(({ rdata, state }) => `${NAMES.get(hex(rdata))} ${state}`);
    return texts.sort().join(', ');
  }

  get trusted(): string {
    const anchors = trusted(this.point);
    const keys = (anchors?.dnskey ?? []).map((rdata) => NAMES.get(hex(rdata)));
    const ds = (anchors?.ds ?? []).map((rdata) => `DS ${hex(rdata.subarray(0, 2))}`);
    return [...keys, ...ds].sort().join(', ');
  }
}

const following = (...keys: readonly SigningKey[]): Follower =>
  new Follower({ dnskey: keys.map(({ rdata }) => rdata) });

t.test('6.1 a new key is trusted after 30 days, at the next RRset with it', async (t) => {
  const follower = following(a);
  t.equal(follower.see([a, zsk], [a]), 'a valid');
  t.equal(follower.see([a, b, zsk], [a]), 'a valid, b addpend');
  t.equal(follower.trusted, 'a');
  t.equal(follower.days(29, [a, b, zsk], [a]), 'a valid, b addpend');
  follower.now += DAY - 1;
  t.equal(follower.see([a, b, zsk], [a]), 'a valid, b addpend', 'a second too early');
  follower.now += 1;
  t.equal(follower.see([a, b, zsk], [a]), 'a valid, b valid');
  t.equal(follower.trusted, 'a, b');
});

t.test('6.2 a key is deleted by its own word, and remembered', async (t) => {
  const follower = following(a, b);
  t.equal(follower.see([revoked(a), b], [revoked(a), b]), 'a revoked, b valid');
  t.equal(follower.trusted, 'b', 'at once');
  t.equal(follower.last?.kind, 'validated');
  t.equal(follower.days(40, [revoked(a), b], [revoked(a), b]), 'a revoked, b valid');
  t.equal(follower.days(29, [b], [b]), 'a revoked, b valid');
  t.equal(follower.days(1, [b], [b]), 'a removed, b valid', '30 days after it was seen last');
  t.equal(follower.days(100, [a, b], [b]), 'a removed, b valid', 'and it does not come back as a new key');
});

t.test(
  '6.3, 6.4 roll-over, or the active key is compromised: revoke it, the stand-by key takes over',
  async (t) => {
    const follower = following(a, b);
    const keys = [revoked(a), b, c];
    t.equal(follower.see(keys, [revoked(a), b]), 'a revoked, b valid, c addpend');
    t.equal(follower.days(30, keys, [revoked(a), b]), 'a revoked, b valid, c valid');
    t.equal(follower.trusted, 'b, c');
  },
);

t.test('6.5 the stand-by key is compromised', async (t) => {
  const follower = following(a, b);
  const keys = [a, revoked(b), c];
  t.equal(follower.see(keys, [a, revoked(b)]), 'a valid, b revoked, c addpend');
  t.equal(follower.days(30, keys, [a, revoked(b)]), 'a valid, b revoked, c valid');
});

t.test(
  '6.6 all old keys revoked at once: the zone has no anchor, and the new keys become none',
  async (t) => {
    const follower = following(a, b);
    const keys = [revoked(a), revoked(b), c];
    t.equal(follower.see(keys, [revoked(a), revoked(b), c]), 'a revoked, b revoked');
    t.equal(follower.last?.kind, 'deleted');
    t.equal(trusted(follower.point), undefined);
    follower.days(60, keys, [revoked(a), revoked(b), c]);
    t.equal(trusted(follower.point), undefined);
  },
);

t.test(
  '2.2 who stole a key and signs a new one with it gains nothing if the owner revokes it in time',
  async (t) => {
    const follower = following(a, b);
    follower.see([a, b, d], [a]);
    t.equal(follower.states, 'a valid, b valid, d addpend', 'd is the thief’s');
    t.equal(follower.days(20, [a, b, d], [a]), 'a valid, b valid, d addpend');
    follower.now += DAY;
    t.equal(follower.see([revoked(a), b], [revoked(a), b]), 'a revoked, b valid', 'one true RRset is enough');
    t.equal(follower.days(60, [revoked(a), d], [revoked(a), d]), 'a revoked, b valid');
    t.equal(follower.last?.kind, 'unvalidated');
    t.equal(follower.trusted, 'b');
  },
);

t.test('2.2 a pending key that is missing once begins anew', async (t) => {
  const follower = following(a);
  follower.see([a, b], [a]);
  t.equal(follower.days(25, [a, b], [a]), 'a valid, b addpend');
  t.equal(follower.days(1, [a], [a]), 'a valid', 'start');
  t.equal(follower.days(30, [a, b], [a]), 'a valid, b addpend');
  t.equal(follower.days(1, [a, b], [a]), 'a valid, b valid');
});

t.test('2.4.1 the hold-down is no shorter than the TTL of the first RRset', async (t) => {
  const follower = following(a);
  follower.see([a, b], [a], { ttl: 50 * DAY });
  t.equal(follower.days(49, [a, b], [a]), 'a valid, b addpend');
  t.equal(follower.days(1, [a, b], [a]), 'a valid, b valid');
});

t.test('4.2 a missing key is still trusted, and valid again when it is back', async (t) => {
  const follower = following(a, b);
  t.equal(follower.see([b], [b]), 'a missing, b valid');
  t.equal(follower.trusted, 'a, b');
  t.equal(follower.days(100, [b], [b]), 'a missing, b valid');
  t.equal(follower.see([a], [a]), 'a valid, b missing', 'it even signs alone');
  t.equal(follower.see([revoked(b), a], [revoked(b), a]), 'a valid, b revoked', 'missing → revoked');
});

t.test('2.1 revoked is who says so of itself, and nobody else', async (t) => {
  const follower = following(a, b);
  t.equal(follower.see([revoked(a), b], [b]), 'a missing, b valid', 'the bit alone is not the key’s word');
  const wrong = signedKeys([revoked(a), b], [revoked(a), b]);
  for (const sig of wrong.sigs!)
    if (((sig[16]! << 8) | sig[17]!) === revoked(a).tag) sig[sig.length - 1]! ^= 1;
  follower.point = look(follower.point, wrong, verifier({ now: follower.now })).point;
  t.equal(follower.states, 'a missing, b valid', 'nor is a wrong signature');
  t.equal(
    follower.see([revoked(d), b], [revoked(d), b]),
    'a missing, b valid',
    'a stranger’s key means nothing',
  );
});

t.test('2.1 what keys that are not trusted say of themselves is not even checked', async (t) => {
  const point = begin({ zone: ZONE, ds: [], dnskey: [a.rdata] }, NOW);
  const strangers = Array.from({ length: 10 }, (_, i) => revoked(key(`stranger ${i}`)));
  const checker = verifier();
  look(point, signedKeys([a, ...strangers], [...strangers, a]), checker);
  t.ok(checker.work.verifies <= 1, `${checker.work.verifies} signature checks`);

  const follower = following(a);
  follower.see([a, b], [a]);
  const pending = { rdata: b.rdata, ds: [], isVouchedFor: false };
  t.same(revoke(follower.point, [pending], NOW), follower.point);
  follower.see([a, c, revoked(b)], [a]);
  const unknown = { rdata: b.rdata, ds: [], isVouchedFor: false };
  t.same(revoke(follower.point, [unknown], NOW), follower.point);
});

t.test('2.1 a revocation needs no other key, and cannot be taken back', async (t) => {
  const follower = following(a, b);
  t.equal(follower.see([revoked(a)], [revoked(a)]), 'a revoked, b valid');
  t.equal(follower.last?.kind, 'unvalidated', 'the rest of that RRset is not believed');
  t.equal(follower.days(60, [a, b], [a, b]), 'a revoked, b valid');
  t.equal(follower.trusted, 'b');
});

t.test('4.1 a pending key that is revoked is forgotten', async (t) => {
  const follower = following(a);
  follower.see([a, b], [a]);
  t.equal(follower.see([a, revoked(b)], [a, revoked(b)]), 'a valid');
});

t.test(
  '3 zone keys without SEP, keys that nobody can use and other people’s become no anchors',
  async (t) => {
    const follower = following(a);
    const other = withFlags(b, { algorithm: 200, flags: KSK });
    const broken = { ...c, rdata: c.rdata.slice(0, 20) };
    t.equal(follower.days(60, [a, zsk, other, broken], [a]), 'a valid');
    t.equal(follower.days(60, [a, b], [b]), 'a valid', 'what an untrusted key alone signs');
    t.equal(follower.last?.kind, 'unvalidated');
    t.equal(follower.days(60, [a, zsk], [zsk]), 'a valid', 'a zone key does not sign for anchors');
  },
);

t.test('what does not validate changes nothing', async (t) => {
  const follower = following(a);
  follower.see([a, b], [a]);
  const states = follower.days(29, [a, b], [a]);
  const expired = signedKeys([a], [a], { expiration: NOW - 30 * DAY });
  const looked = look(follower.point, expired, verifier({ now: follower.now }));
  t.match(looked, { kind: 'unvalidated', why: /expired/ });
  follower.point = looked.point;
  t.equal(follower.states, states);
  t.equal(follower.days(1, [a, b], [a]), 'a valid, b valid');
});

t.test('clock jumps: forward it is worth 15 days, backward nothing', async (t) => {
  const forward = following(a);
  forward.see([a, b], [a]);
  forward.now += 400 * DAY;
  t.equal(forward.see([a, b], [a]), 'a valid, b addpend');
  t.equal(forward.days(14, [a, b], [a]), 'a valid, b addpend');
  t.equal(forward.days(1, [a, b], [a]), 'a valid, b valid');

  const backward = following(a);
  backward.now = NOW + 1000 * DAY;
  t.equal(backward.see([a, b], [a]), 'a valid, b addpend');
  backward.now = NOW;
  t.equal(backward.see([a, b], [a]), 'a valid, b addpend');
  t.equal(backward.days(29, [a, b], [a]), 'a valid, b addpend');
  t.equal(backward.days(1, [a, b], [a]), 'a valid, b valid', 'not in three years');

  const removal = following(a, b);
  removal.now = NOW + 1000 * DAY;
  removal.see([revoked(a), b], [revoked(a), b]);
  removal.now = NOW;
  t.equal(removal.see([b], [b]), 'a revoked, b valid');
  t.equal(removal.days(30, [b], [b]), 'a removed, b valid');
});

t.test(
  'DS records of the configuration: their key is trusted when it is seen, without a hold-down',
  async (t) => {
    const follower = new Follower({ ds: [dsOf(a), dsOf(b)] });
    const before = follower.trusted;
    t.equal(follower.see([a, zsk], [a]), 'a valid');
    t.equal(follower.trusted, before, 'b has not been seen, and its DS stands');
    t.same(follower.point.ds, [dsOf(b)]);
    t.equal(follower.see([a, b, c], [a]), 'a valid, b valid, c addpend');
    t.equal(follower.trusted, before, 'no change of what is trusted');
    t.equal(follower.see([revoked(a), b], [revoked(a), b]), 'a revoked, b valid');
    t.same(trusted(follower.point), { zone: ZONE, ds: [dsOf(b)], dnskey: [] });
  },
);

t.test('a key that is known only by its DS can be revoked', async (t) => {
  const follower = new Follower({ ds: [dsOf(a), dsOf(a, 4), dsOf(b)] });
  t.equal(follower.see([revoked(a), b], [revoked(a), b]), 'a revoked, b valid');
  t.same(trusted(follower.point), { zone: ZONE, ds: [dsOf(b)], dnskey: [] });
});

t.test('a SHA-1 DS vouches for nothing beside a better one (RFC 4509)', async (t) => {
  const weak = new Follower({ ds: [dsOf(a), dsOf(b, 1)] });
  t.equal(weak.see([a, b], [a]), 'a valid, b addpend');
  const alone = new Follower({ ds: [dsOf(a, 1)] });
  t.equal(alone.see([a, b], [a]), 'a valid, b addpend');
});

t.test('Unbound: a key that is missing for 366 days is dropped, unless it is the last one', async (t) => {
  const follower = following(a, b);
  follower.see([b], [b]);
  follower.now += KEEP_MISSING - 1;
  t.equal(follower.see([b], [b]), 'a missing, b valid');
  follower.now += 1;
  t.equal(follower.see([b], [b]), 'a removed, b valid');
  t.equal(follower.trusted, 'b');

  const lone = following(a, b);
  lone.see([b], [b]);
  lone.see([a], [a]);
  lone.now += 2 * KEEP_MISSING;
  t.equal(lone.trusted, 'a, b', 'time alone drops nothing');
});

t.test('Unbound: a new key must be seen more than once, however much time has passed', async (t) => {
  const follower = following(a);
  follower.now += ADD_HOLD_DOWN;
  t.equal(follower.see([a, b], [a]), 'a valid, b addpend', 'the first');
  follower.now += ADD_HOLD_DOWN;
  t.equal(follower.see([a, b], [a]), 'a valid, b addpend', 'the second, with which Unbound would take it');
  follower.now += ADD_HOLD_DOWN;
  t.equal(follower.see([a, b], [a]), 'a valid, b valid', 'the third');
});

t.test('removed keys are remembered, but not all for ever', async (t) => {
  const follower = following(a);
  const many = Array.from({ length: 50 }, (_, i) => key(`old ${i}`));
  follower.point = begin({ zone: ZONE, ds: [], dnskey: [a, ...many].map(({ rdata }) => rdata) }, NOW);
  for (let i = 0; i < 50; i += 5) {
    const going = many.slice(i, i + 5).map(revoked);
    follower.see([a, ...going], [a, ...going]);
  }
  t.equal(follower.point.keys.filter(({ state }) => state === 'revoked').length, 50);
  follower.now += REMOVE_HOLD_DOWN;
  follower.see([a], [a]);
  t.equal(follower.point.keys.filter(({ state }) => state === 'removed').length, 32);
  t.equal(follower.trusted, 'a');
});

t.test('2.3 when to look again', async (t) => {
  t.same(intervals(172_800, 14 * DAY), { query: DAY, retry: Math.round(0.1 * 172_800) }, 'the root');
  t.same(intervals(100 * DAY, 100 * DAY), { query: 15 * DAY, retry: DAY }, 'at most 15 days, a day');
  t.same(intervals(300, 100 * DAY), { query: HOUR, retry: HOUR }, 'at least an hour');
  t.same(intervals(10 * DAY, 4 * DAY), { query: 2 * DAY, retry: 0.4 * DAY }, 'by the expiration');
  const follower = following(a);
  follower.see([a], [a], { ttl: 172_800 });
  t.match(follower.last, { kind: 'validated', originalTtl: 172_800, expiresIn: 2_000_000_000 - NOW });
});

t.test('a key that was revoked is known by the tag that it had', async (t) => {
  const read = readDnskey(revoked(a).rdata)!;
  t.ok(read.isRevoked);
  t.equal(read.tag, revoked(a).tag);
  t.not(read.tag, a.tag);
  t.same(unrevoked(read), readDnskey(a.rdata));
});
