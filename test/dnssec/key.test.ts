import fc from 'fast-check';
import t from 'tap';
import { algorithmTable, algorithmToText } from '../../src/dnssec/algorithm.ts';
import { KeyStore, keySigningKey, keysWithin, keyTag, readDnskey } from '../../src/dnssec/key.ts';
import { makeKey, REVOKE, SEP, tagOf, withFlags, ZONE_KEY } from '../support/sign.ts';
import { records } from './zones.ts';

t.test('tags of keys in the RFCs and of the root', async (t) => {
  const table: [tag: number, rdata: string][] = [
    [
      20326,
      '257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=',
    ],
    [
      55648,
      '257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==',
    ],
    [3613, '257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4='],
  ];
  for (const [tag, rdata] of table) t.equal(keyTag(records(`. DNSKEY ${rdata}`)[0]!.rdata), tag);
  t.equal(
    keyTag(Uint8Array.of(1, 0, 3, 1, 9, 9, 0x12, 0x34, 9)),
    0x1234,
    'RSA/MD5 has its own (RFC 4034 appendix B.1)',
  );
});

t.test('a tag is the sum that the RFC says, for any octets', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 5, maxLength: 600 }), (rdata) => {
      if (rdata[3] === 1) rdata[3] = 8;
      return keyTag(rdata) === tagOf(rdata);
    }),
    { numRuns: 300, seed: 4034 },
  );
});

t.test('flags', async (t) => {
  const key = makeKey('example.', { seed: 'flags' });
  const read = (flags: number, protocol = 3) => readDnskey(withFlags(key, { flags, protocol }).rdata);
  t.match(read(ZONE_KEY), { isZoneKey: true, isSep: false, isRevoked: false, flags: 256, algorithm: 13 });
  t.match(read(ZONE_KEY | SEP), { isZoneKey: true, isSep: true, isRevoked: false });
  t.match(read(ZONE_KEY | SEP | REVOKE), { isZoneKey: true, isSep: true, isRevoked: true });
  t.match(read(0), { isZoneKey: false });
  t.match(read(0xfe7e), { isZoneKey: false, isSep: false, isRevoked: false }, 'other flags mean nothing');
  t.equal(read(ZONE_KEY, 2), undefined, 'another protocol');
  t.equal(readDnskey(Uint8Array.of(1, 0, 3, 13)), undefined, 'no public key');
});

t.test('a key-signing key', async (t) => {
  const made = makeKey('example.', { flags: ZONE_KEY | SEP, seed: 'ksk' });
  const key = keySigningKey(13, made.rdata.subarray(4));
  t.same(key, readDnskey(made.rdata));
  t.equal(key.tag, made.tag);
});

t.test('a key is imported once, also one that is none', async (t) => {
  let imports = 0;
  const [number, algorithm] = [13, algorithmTable({ sha1: false }).get(13)!];
  const counting = {
    ...algorithm,
    importKey(publicKey: Uint8Array) {
      imports++;
      return algorithm.importKey(publicKey);
    },
  };
  const store = new KeyStore();
  const key = readDnskey(makeKey('example.', { algorithm: number, seed: 'once' }).rdata)!;
  t.ok(store.of(key)!.importedBy(counting));
  t.equal(store.of(readDnskey(key.rdata.slice())!), store.of(key), 'by its octets');
  t.ok(store.of(key)!.importedBy(counting));
  t.equal(imports, 1);
  t.notOk(store.of(key)!.isBroken);
  const broken = readDnskey(Uint8Array.of(1, 0, 3, 13, 1, 2, 3))!;
  t.equal(store.of(broken)!.importedBy(counting), undefined);
  t.equal(store.of(broken)!.importedBy(counting), undefined);
  t.ok(store.of(broken)!.isBroken);
  t.equal(imports, 2);
  const long = readDnskey(Uint8Array.from([1, 0, 3, 13, ...new Uint8Array(2000)]))!;
  t.equal(store.of(long), undefined, 'what is too long for any key is not even tried');
  const other = readDnskey(withFlags(makeKey('b.', { seed: 'once' }), { flags: 257 }).rdata)!;
  t.ok(store.of(other)!.importedBy(counting));
  t.equal(imports, 2, 'flags and owner do not matter to it');
  const { octets } = store.of(other)!;
  t.same(octets, other.rdata.subarray(3));
  t.equal(octets.buffer.byteLength, octets.length, 'nothing else is kept with it');
  t.equal(
    store.at(Uint8Array.of(0, ...octets, 0), 1, 1 + octets.length),
    store.of(other),
    'wherever its octets are',
  );
});

t.test('a store is bounded', async (t) => {
  const store = new KeyStore(2);
  const keys = ['a', 'b', 'c'].map((seed) => readDnskey(makeKey('example.', { algorithm: 15, seed }).rdata)!);
  const first = store.of(keys[0]!);
  for (const key of keys) store.of(key);
  t.equal(store.of(keys[0]!), first, 'the same octets as before');
  t.not(store.of(readDnskey(keys[0]!.rdata.slice())!), first);
});

t.test('keys with the same tag', async (t) => {
  const store = new KeyStore();
  const algorithm = algorithmTable({ sha1: false }).get(15)!;
  const one = readDnskey(makeKey('example.', { algorithm: 15, seed: 'a' }).rdata)!;
  // The same sum of 16 bit words, and so the same tag.
  const rdata = one.rdata.slice();
  [rdata[4], rdata[6]] = [rdata[6]!, rdata[4]!];
  const other = readDnskey(rdata)!;
  t.equal(other.tag, one.tag);
  const keys = [one, other].map((key) => store.of(key)!);
  t.notOk(keys[0]!.importedBy(algorithm)!.equals(keys[1]!.importedBy(algorithm)!));
  for (const [i, key] of [one, other, one].entries()) t.equal(store.of(key), keys[i % 2]);
});

t.test('names of algorithms', async (t) => {
  for (const [number, algorithm] of algorithmTable({ sha1: true }))
    t.equal(algorithm.name, algorithmToText(number));
  t.equal(algorithmToText(3), 'DSA');
  t.equal(algorithmToText(200), 'ALGORITHM200');
  t.same([...algorithmTable({ sha1: false }).keys()], [8, 10, 13, 14, 15, 16]);
});

t.test('of more keys than may be kept the first are', async (t) => {
  const keys = Array.from({ length: 60 }, (_, i) => readDnskey(new Uint8Array(1_000).fill(i).fill(3, 2, 3))!);
  t.equal(keysWithin(keys, 60_000), keys);
  t.same(keysWithin(keys, 8_192), keys.slice(0, 8));
  t.same(keysWithin(keys, 999), []);
});
