/** Signatures that were found to be good are not checked again, and nothing else becomes good by it. */
import t from 'tap';
import { KeyStore, readDnskey } from '../../src/dnssec/key.ts';
import { GoodSignatures } from '../../src/dnssec/signatures.ts';
import { verifyRrset } from '../../src/dnssec/verify.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { Internet } from '../support/internet.ts';
import { EXPIRATION, makeKey, type SigningKey, signed } from '../support/sign.ts';
import { simulate } from '../support/simulate.ts';
import { name, rrset, type TestVerifier, verifier } from './zones.ts';

const ZONE = name('example.');
const key = makeKey(ZONE, { seed: 'good' });
const www = signed(rrset('www.example. 300 A 192.0.2.1'), key);

const check = (set: Rrset, v: TestVerifier, by: SigningKey = key): string =>
  verifyRrset(set, ZONE, [readDnskey(by.rdata)!], v).status;

t.test('the same again costs nothing, also for who has no work left', async (t) => {
  const good = new GoodSignatures();
  const v = { ...verifier({ limit: 1 }), good };
  t.equal(check(www, v), 'secure');
  t.equal(check(www, v), 'secure');
  t.equal(v.work.verifies, 1);
  t.equal(check({ ...www, ttl: 7 }, v), 'secure', 'the TTL at hand is not signed');
  t.equal(check(signed(rrset('a.example. 300 A 192.0.2.1'), key), v), 'exhausted');
});

t.test('what differs by an octet is checked', async (t) => {
  const v = { ...verifier(), good: new GoodSignatures() };
  t.equal(check(www, v), 'secure');
  const changed: [string, Rrset][] = [
    ['data', { ...www, rdatas: [Uint8Array.of(192, 0, 2, 2)] }],
    ['owner', { ...www, name: name('xww.example.') }],
    ['more data', { ...www, rdatas: [...www.rdatas, Uint8Array.of(192, 0, 2, 2)] }],
  ];
  for (const [what, set] of changed) {
    const before = v.work.verifies;
    t.equal(check(set, v), 'bogus', what);
    t.equal(v.work.verifies, before + 1, what);
  }
});

t.test('another key of the same tag is another key', async (t) => {
  const v = { ...verifier(), good: new GoodSignatures() };
  t.equal(check(www, v), 'secure');
  const rdata = key.rdata.slice();
  // Two words of the sum that the tag is.
  [rdata[4], rdata[5], rdata[6], rdata[7]] = [rdata[6]!, rdata[7]!, rdata[4]!, rdata[5]!];
  t.equal(readDnskey(rdata)!.tag, key.tag);
  t.equal(check(www, v, { ...key, rdata }), 'bogus');
});

t.test('a signature that has expired is known to be good, and of no use', async (t) => {
  const v = { ...verifier(), good: new GoodSignatures() };
  t.equal(check(www, v), 'secure');
  t.equal(check(www, { ...v, now: EXPIRATION + 10 * 86_400 }), 'bogus');
  t.equal(v.work.verifies, 1);
});

t.test('many, and big ones, do not pile up', async (t) => {
  const v = { ...verifier(), good: new GoodSignatures(1) };
  const sets = ['a', 'b'].map((label) => signed(rrset(`${label}.example. 300 A 192.0.2.1`), key));
  for (const set of sets) t.equal(check(set, v), 'secure');
  t.equal(check(sets[1]!, v), 'secure');
  t.equal(v.work.verifies, 2);
  t.equal(check(sets[0]!, v), 'secure');
  t.equal(v.work.verifies, 3, 'another took its place');
  const text = Array.from({ length: 100 }, (_, i) => `big.example. 300 A 192.0.2.${i}`).join('\n');
  const big = signed(rrset(text), key);
  t.equal(check(big, v), 'secure');
  t.equal(check(big, v), 'secure');
  t.equal(v.work.verifies, 5);
});

t.test('a verdict is of what was checked, whatever came into its place meanwhile', async (t) => {
  const good = new GoodSignatures(1);
  const publicKey = new KeyStore().of(readDnskey(key.rdata)!)!;
  const [signature, data, forged] = [64, 100, 100].map((octets, i) => new Uint8Array(octets).fill(i));
  const first = good.reserve(data!, signature!)!;
  t.notOk(good.has(publicKey, data!, signature!), 'it is being checked');
  const second = good.reserve(forged!, signature!)!;
  good.prove(first, publicKey);
  t.notOk(good.has(publicKey, forged!, signature!));
  t.notOk(good.has(publicKey, data!, signature!));
  good.prove(second, publicKey);
  t.ok(good.has(publicKey, forged!, signature!));
  t.notOk(good.has(publicKey, data!, signature!));
  t.notOk(good.has(new KeyStore().of(readDnskey(key.rdata)!)!, forged!, signature!), 'another key');
  t.equal(good.reserve(new Uint8Array(513), signature!), undefined);
  t.equal(good.reserve(data!, new Uint8Array(257)), undefined);
  t.ok(good.has(publicKey, forged!, signature!), 'what is too long takes no place');
});

t.test('what comes into the place of a good one is not good for that', async (t) => {
  const good = new GoodSignatures(1);
  const publicKey = new KeyStore().of(readDnskey(key.rdata)!)!;
  const [signature, data, forged] = [64, 100, 100].map((octets, i) => new Uint8Array(octets).fill(i));
  good.prove(good.reserve(data!, signature!)!, publicKey);
  t.ok(good.has(publicKey, data!, signature!));
  good.reserve(forged!, signature!);
  // And its check says no: nothing is proven.
  t.notOk(good.has(publicKey, forged!, signature!));
  t.notOk(good.has(publicKey, data!, signature!));
});

t.test('the same, checked by one after the other before the first knows', async (t) => {
  const good = new GoodSignatures();
  const publicKey = new KeyStore().of(readDnskey(key.rdata)!)!;
  const [signature, data] = [64, 100].map((octets, i) => new Uint8Array(octets).fill(i));
  const first = good.reserve(data!, signature!)!;
  for (let i = 0; i < 3; i++) t.equal(good.reserve(data!, signature!), first);
  good.prove(first, publicKey);
  t.ok(good.has(publicKey, data!, signature!));
  t.not(good.reserve(data!, signature!.slice(1)), first);
  const empty = new Uint8Array(0);
  t.ok(new GoodSignatures(1).reserve(empty, empty)! > 0, 'an empty slot is nobody’s');
});

t.test('who chooses how a signature ends does not choose its place', async (t) => {
  const good = new GoodSignatures();
  const publicKey = new KeyStore().of(readDnskey(key.rdata)!)!;
  const data = new Uint8Array(100);
  const signatures = Array.from({ length: 40 }, (_, i) => new Uint8Array(64).fill(7).fill(i, 0, 1));
  for (const signature of signatures) good.prove(good.reserve(data, signature)!, publicKey);
  // Two of 40 meet by chance once in ten times.
  t.ok(signatures.filter((signature) => good.has(publicKey, data, signature)).length > 30);
});

t.test('unsigned zones of one parent share its NSEC3s, and the checks of them', async (t) => {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, sign: { denial: { optOut: true } } });
  const zones = Array.from({ length: 20 }, (_, i) => `z${i}.test.`);
  for (const zone of zones) internet.zone(zone, { servers: 1, text: 'www A 192.0.2.1' });
  const sim = simulate(internet);
  const { work: chain } = await sim.ask('nothing.test.');
  let verifies = 0;
  for (const zone of zones) {
    const { rcode, ad, work } = await sim.ask(`www.${zone}`);
    t.match({ rcode, ad }, { rcode: 'NOERROR', ad: false });
    verifies += work.verifies;
  }
  t.ok(chain.verifies > 0);
  t.ok(verifies <= 2, `${verifies} checks: NSEC3s of the apex and of its server, whatever they cover`);
});
