/** KeyTrap (CVE-2023-50387): keys of one tag times signatures times records. All is counted in checks. */
import t from 'tap';
import { DNSKEYS_MAX, verifyDnskeys } from '../../src/dnssec/ds.ts';
import { type DnsKey, readDnskey } from '../../src/dnssec/key.ts';
import { FAILED_CHECKS_MAX, RRSIGS_READ_MAX, verifyRrset } from '../../src/dnssec/verify.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { dsOf, makeKey, type SigningKey, signedKeys, signRrset, tagOf } from '../support/sign.ts';
import { name, rrset, type TestVerifier, verifier } from './zones.ts';

const ZONE = name('trap.');
/** RFC-size numbers of the attack: one answer by TCP carries as many. */
const MANY = 500;
/** Checks of one client query (`resolver/budget`). */
const BUDGET = 32;

const key = makeKey(ZONE, { algorithm: 15, seed: 'trap' });

/** Keys of Ed25519 that all have the tag of `key`: of two words of the sum one is what the other lacks. */
function colliding(count: number): SigningKey[] {
  const word = (at: number): number => (key.rdata[at]! << 8) | key.rdata[at + 1]!;
  const sum = word(10) + word(20);
  const least = Math.max(0, sum - 0xffff);
  return Array.from({ length: count }, (_, i) => {
    const rdata = key.rdata.slice();
    const view = new DataView(rdata.buffer);
    view.setUint16(10, least + i);
    view.setUint16(20, sum - least - i);
    return { ...key, rdata };
  });
}

const trapKeys = colliding(MANY);
const readKeys: DnsKey[] = trapKeys.map((key) => readDnskey(key.rdata)!);

const www = rrset('www.trap. 300 A 192.0.2.1');
const sigs = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) =>
    signRrset(www, key, { signature: new Uint8Array(64).fill(i & 0x0f) }),
  );

t.test('the keys of the attack have one tag', async (t) => {
  t.equal(new Set(readKeys.map((key) => key.tag)).size, 1);
  t.equal(readKeys[0]!.tag, tagOf(key.rdata));
  t.equal(new Set(readKeys.map((key) => Buffer.from(key.rdata).toString('hex'))).size, MANY);
});

t.test('500 keys of one tag times 500 signatures', async (t) => {
  const v = verifier({ limit: BUDGET });
  const checked = verifyRrset({ ...www, sigs: sigs(MANY) }, ZONE, readKeys, v);
  t.match(checked, { status: 'bogus', ede: 6 });
  t.equal(v.work.verifies, FAILED_CHECKS_MAX);
});

t.test('the last check that may fail is not made twice, where two keys have the tag', async (t) => {
  const other = makeKey(ZONE, { algorithm: 15, seed: 'other' });
  const junk = (by: SigningKey): Uint8Array => signRrset(www, by, { signature: new Uint8Array(64) });
  const before = Array.from({ length: FAILED_CHECKS_MAX - 1 }, () => junk(other));
  const v = verifier({ limit: BUDGET });
  const readOther = readDnskey(other.rdata)!;
  verifyRrset({ ...www, sigs: [...before, junk(key)] }, ZONE, [readOther, ...readKeys.slice(0, 2)], v);
  t.equal(v.work.verifies, FAILED_CHECKS_MAX);
});

t.test('as one answer of many such RRsets, all of one query', async (t) => {
  const v = verifier({ limit: BUDGET });
  const outcomes = Array.from(
    { length: 50 },
    () => verifyRrset({ ...www, sigs: sigs(20) }, ZONE, readKeys, v).status,
  );
  t.equal(v.work.verifies, BUDGET);
  t.same(new Set(outcomes), new Set(['bogus', 'exhausted']));
});

t.test('500 keys of one tag, 500 DS and 500 signatures over the keys', async (t) => {
  const signatures = sigs(MANY).map((sig) => Uint8Array.from(sig).fill(TYPE.DNSKEY, 1, 2).fill(1, 3, 4));
  const trusted = { ds: trapKeys.map((key) => dsOf(key)), dnskey: [] };
  const check = (count: number, v: TestVerifier): string =>
    verifyDnskeys({ ...signedKeys(trapKeys.slice(0, count), []), sigs: signatures }, ZONE, trusted, v).status;
  const v = verifier({ limit: BUDGET });
  t.equal(check(MANY, v), 'bogus');
  t.equal(v.work.verifies, 0, 'so many keys are not even read');
  t.equal(check(DNSKEYS_MAX, v), 'bogus');
  t.equal(v.work.verifies, FAILED_CHECKS_MAX);
});

t.test('a DS is held against two keys of its tag, and not against a third', async (t) => {
  const keys = trapKeys.slice(0, 3);
  const rrset = signedKeys(keys, []);
  const sigs = keys.map((signer) => signRrset(rrset, signer, { signature: new Uint8Array(64) }));
  for (const [i, ede] of [6, 6, 9].entries()) {
    const trusted = { ds: [dsOf(keys[i]!)], dnskey: [] };
    const v = verifier({ limit: BUDGET });
    t.match(verifyDnskeys({ ...rrset, sigs }, ZONE, trusted, v), { status: 'bogus', ede }, `key ${i + 1}`);
    t.equal(v.work.verifies > 0, i < 2);
  }
});

t.test('a good RRSIG is found behind a few that fail, and behind many that cost nothing', async (t) => {
  const good = signRrset(www, key);
  const check = (before: readonly Uint8Array[]): string =>
    verifyRrset({ ...www, sigs: [...before, good] }, ZONE, [readDnskey(key.rdata)!], verifier()).status;
  t.equal(check(sigs(FAILED_CHECKS_MAX - 1)), 'secure');
  t.equal(check(sigs(FAILED_CHECKS_MAX)), 'bogus');
  const others = Array.from({ length: RRSIGS_READ_MAX - 1 }, () => signRrset(www, key, { algorithm: 200 }));
  t.equal(check(others), 'secure');
  t.equal(check([...others, others[0]!]), 'bogus');
});
