import t from 'tap';
import { NXDOMAIN } from '../../src/cache/key.ts';
import { FAILURE_TEXT_MAX, PROOFS_MAX } from '../../src/cache/layout.ts';
import { RANK } from '../../src/cache/rank.ts';
import { EDE, TYPE } from '../../src/wire/constants.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { name, rrset, SOA, setUp, show } from './setup.ts';

const CONTEXT = 7;
const www = name('www.example.');
const signature = (octet: number): Uint8Array => new Uint8Array(82).fill(octet);
const signed = (set: Rrset, ...octets: number[]): Rrset => ({ ...set, sigs: octets.map(signature) });
const a = signed(rrset('www.example. 300 IN A 192.0.2.1'), 1, 2);
const nsec = signed(rrset('a.example. 300 IN NSEC z.example. A RRSIG NSEC'), 3);
const nsec3 = signed(
  rrset('0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM.example. 300 IN NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A'),
  4,
  5,
);

t.test('an entry keeps what validation made of it, with its signatures and proofs', async (t) => {
  const { cache, clock } = setUp();
  t.ok(cache.putRrset(CONTEXT, a, RANK.secure, { security: 'secure', proofs: [nsec, nsec3] }));
  clock.advance(100_000);
  const cached = cache.get(CONTEXT, www, TYPE.A);
  t.match(cached, { security: 'secure', rank: RANK.secure });
  t.strictSame(cached?.rrset, { ...a, ttl: 200 });
  t.strictSame(
    cached?.proofs,
    [nsec, nsec3].map((proof) => ({ ...proof, ttl: 200 })),
    'letters of owners too',
  );
});

t.test('a denial keeps its proofs beside the signed SOA', async (t) => {
  const { cache } = setUp();
  const soa = signed(rrset(SOA), 9);
  for (const type of [TYPE.AAAA, NXDOMAIN]) {
    const owner = name(`n${type}.example.`);
    t.ok(cache.putNegative(CONTEXT, owner, type, soa, RANK.secure, { security: 'secure', proofs: [nsec] }));
    const cached = cache.peek(CONTEXT, owner, TYPE.AAAA);
    t.equal(cached?.security, 'secure');
    t.strictSame(cached?.soa, { ...soa, ttl: 300 });
    t.strictSame(cached?.proofs, [nsec]);
  }
});

t.test('nothing said: unchecked and unproven', async (t) => {
  const { cache } = setUp();
  cache.putRrset(CONTEXT, a, RANK.answer);
  t.match(cache.get(CONTEXT, www, TYPE.A), { security: 'unchecked', proofs: [] });
  cache.putRrset(CONTEXT, a, RANK.answer, { security: 'insecure' });
  t.match(cache.get(CONTEXT, www, TYPE.A), { security: 'insecure', proofs: [] });
});

t.test('an entry lives no longer than its proofs', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a, RANK.secure, { security: 'secure', proofs: [nsec3, { ...nsec, ttl: 60 }] });
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.ttl, 60);
  clock.advance(60_000);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.state, 'stale');
  t.notOk(cache.putRrset(CONTEXT, a, RANK.secure, { proofs: [{ ...nsec, ttl: 0 }] }));
});

t.test('what is not validated never replaces what is, until that expires', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a, RANK.secure, { security: 'secure' });
  const forged = rrset('www.example. 300 IN A 203.0.113.66');
  for (const security of ['unchecked', 'insecure'] as const)
    t.notOk(cache.putRrset(CONTEXT, forged, RANK.answerAuthoritative, { security }));
  t.notOk(
    cache.putNegative(CONTEXT, www, TYPE.A, rrset(SOA), RANK.answerAuthoritative, { security: 'insecure' }),
  );
  t.match(show(cache.get(CONTEXT, www, TYPE.A)), '192.0.2.1');
  clock.advance(300_000);
  t.ok(cache.putRrset(CONTEXT, forged, RANK.answer, { security: 'insecure' }), 'the zone went insecure');
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.security, 'insecure');
});

t.test('proofs that are more than an entry counts are not kept in part', async (t) => {
  const { cache } = setUp();
  const many = Array.from({ length: PROOFS_MAX + 1 }, () => nsec);
  t.notOk(cache.putRrset(CONTEXT, a, RANK.secure, { proofs: many }));
  t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
  t.ok(cache.putRrset(CONTEXT, a, RANK.secure, { proofs: many.slice(1) }));
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.proofs.length, PROOFS_MAX);
  const wide = { ...nsec, rdatas: Array.from({ length: 256 }, (_, i) => new Uint8Array([i])) };
  t.notOk(cache.putRrset(CONTEXT, a, RANK.secure, { proofs: [wide] }));
});

t.test('dependencies, an owner in other letters, signatures and proofs stand in one entry', async (t) => {
  const { cache, deps } = setUp();
  const dependencies = [3, 9].map((slot) => ({ slot, generation: deps.generation(slot) }));
  const set = { ...a, name: name('WWW.Example.') };
  cache.putRrset(CONTEXT, set, RANK.secure, { dependencies, security: 'secure', proofs: [nsec3, nsec] });
  const cached = cache.get(CONTEXT, www, TYPE.A);
  t.strictSame(cached?.rrset, set);
  t.strictSame(cached?.proofs, [nsec3, nsec]);
  deps.bump(9);
  t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
});

t.test('a failure says why, as far as there is room', async (t) => {
  const { cache, clock } = setUp();
  cache.putFailure(CONTEXT, www, TYPE.A, { ede: EDE.BOGUS, text: 'example: no key for tag 4711' });
  t.match(cache.get(CONTEXT, www, TYPE.A)?.failure, { ede: EDE.BOGUS, text: 'example: no key for tag 4711' });
  clock.advance(5000);
  cache.putFailure(CONTEXT, www, TYPE.A, { text: `${'x'.repeat(FAILURE_TEXT_MAX - 1)}ä` });
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.failure?.text, 'x'.repeat(FAILURE_TEXT_MAX - 1), 'no half letter');
  cache.putFailure(CONTEXT, www, TYPE.MX);
  t.match(cache.get(CONTEXT, www, TYPE.MX)?.failure, { ede: undefined, text: undefined });
});

t.test('stale data come with the reason why nobody answers', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a, RANK.secure, { security: 'secure', proofs: [nsec] });
  clock.advance(300_000);
  cache.putFailure(CONTEXT, www, TYPE.A, { ede: EDE.NETWORK_ERROR, text: 'timeout' });
  const cached = cache.get(CONTEXT, www, TYPE.A);
  t.match(cached, { state: 'stale', security: 'secure', failure: { text: 'timeout' } });
  t.equal(cached?.proofs[0]?.ttl, 30);
});
