import t from 'tap';
import { DNSKEYS_MAX, type KeysChecked, dsOf as ourDsOf, verifyDnskeys } from '../../src/dnssec/ds.ts';
import { readDnskey } from '../../src/dnssec/key.ts';
import { verifyRrset } from '../../src/dnssec/verify.ts';
import {
  dsOf,
  makeKey,
  NOW,
  REVOKE,
  SEP,
  type SigningKey,
  type SignOptions,
  signed,
  signedKeys,
  tagOf,
  withFlags,
  ZONE_KEY,
} from '../support/sign.ts';
import { name, rrset, verifier } from './zones.ts';

const ZONE = name('Example.');
const ksk = makeKey(ZONE, { flags: ZONE_KEY | SEP, seed: 'ksk' });
const zsk = makeKey(ZONE, { seed: 'zsk' });
const keys = [ksk, zsk];

interface Given {
  readonly ds?: readonly Uint8Array[];
  readonly dnskey?: readonly Uint8Array[];
  readonly keys?: readonly SigningKey[];
  readonly signers?: readonly SigningKey[];
  readonly options?: SignOptions;
  readonly sha1?: boolean;
}

function check(given: Given): KeysChecked {
  const { ds = [], dnskey = [], sha1 = false } = given;
  const set = signedKeys(given.keys ?? keys, given.signers, given.options);
  return verifyDnskeys(set, ZONE, { ds, dnskey }, verifier({ sha1 }));
}

/** The DS with its octet `at` changed. */
function altered(ds: Uint8Array, at: number, value = ds[at]! ^ 1): Uint8Array {
  return Uint8Array.from(ds).fill(value, at, at + 1);
}

t.test('keys that a DS stands for', async (t) => {
  for (const digest of [1, 2, 4]) {
    const checked = check({ ds: [dsOf(ksk, digest)] });
    if (checked.status !== 'secure') return t.fail(checked.status);
    t.same(checked.by, [{ tag: ksk.tag, algorithm: 13 }]);
    t.same(checked.digests, [digest]);
    t.same(checked.keys.map((key) => key.tag).sort(), [ksk.tag, zsk.tag].sort(), 'all keys are trusted then');
    const www = signed(rrset('www.example. A 192.0.2.1'), zsk);
    t.equal(verifyRrset(www, ZONE, checked.keys, verifier()).status, 'secure');
  }
  const both = check({ ds: [dsOf(ksk, 2), dsOf(ksk, 4)] });
  t.match(both, { status: 'secure', digests: [2, 4] });
});

t.test('a DS is made as others make it', async (t) => {
  for (const digest of [2, 4])
    t.same(ourDsOf(ZONE, readDnskey(ksk.rdata)!, digest), dsOf(ksk, digest), `digest ${digest}`);
});

t.test('every algorithm', async (t) => {
  for (const algorithm of [8, 10, 13, 14, 15, 16]) {
    const key = makeKey(ZONE, { algorithm, bits: 1024 });
    t.equal(check({ keys: [key], ds: [dsOf(key)] }).status, 'secure', `${algorithm}`);
  }
});

t.test('keys that an anchor is', async (t) => {
  t.match(check({ dnskey: [ksk.rdata] }), { status: 'secure', by: [{ tag: ksk.tag }], digests: [] });
  const other = makeKey(ZONE, { flags: 257, seed: 'other' });
  t.match(check({ dnskey: [other.rdata] }), {
    status: 'bogus',
    ede: 9,
    why: `Example.: no DNSKEY for anchor ${other.tag} ECDSAP256SHA256`,
  });
  t.equal(check({ dnskey: [other.rdata, ksk.rdata] }).status, 'secure', 'one of them is enough');
  t.equal(check({ dnskey: [other.rdata], ds: [dsOf(ksk)] }).status, 'secure');
});

t.test('one DS of several is enough', async (t) => {
  const gone = makeKey(ZONE, { flags: 257, seed: 'gone' });
  t.equal(check({ ds: [dsOf(gone), dsOf(ksk)] }).status, 'secure');
  t.equal(check({ ds: [altered(dsOf(ksk), 10), dsOf(ksk)] }).status, 'secure');
});

t.test('of many DS records eight are held against the keys', async (t) => {
  const others = (n: number): Uint8Array[] => Array.from({ length: n }, (_, i) => altered(dsOf(ksk), 10, i));
  t.equal(check({ ds: [...others(7), dsOf(ksk)] }).status, 'secure');
  t.match(check({ ds: [...others(8), dsOf(ksk)] }), { status: 'bogus', ede: 9 });
});

t.test('what no DS stands for is bogus', async (t) => {
  const ds = dsOf(ksk);
  const why = `Example.: no DNSKEY for DS ${ksk.tag} ECDSAP256SHA256`;
  t.match(check({ ds: [altered(ds, 10)] }), { status: 'bogus', ede: 9, why }, 'the digest');
  t.match(check({ ds: [altered(ds, 1)] }), { status: 'bogus', ede: 9 }, 'the tag');
  t.match(check({ ds: [altered(ds, 2, 15)] }), { status: 'bogus', ede: 9 }, 'the algorithm');
  t.match(check({ ds: [ds.slice(0, -1)] }), { status: 'bogus', ede: 9 }, 'a digest cut off');
  t.match(check({ ds: [Uint8Array.from([...ds, 0])] }), { status: 'bogus', ede: 9 }, 'a digest too long');
  t.match(
    check({ ds: [dsOf(makeKey('sub.example.', { flags: 257, seed: 'ksk' }))] }),
    { status: 'bogus', ede: 9 },
    'the owner is in the digest',
  );
  t.match(check({ keys: [zsk], ds: [ds] }), { status: 'bogus', ede: 9 }, 'the key is gone');
});

t.test('the keys must be signed by the one that the DS stands for', async (t) => {
  const ds = [dsOf(ksk)];
  t.match(check({ ds, signers: [zsk] }), { status: 'bogus', ede: 9 }, 'by another one only');
  t.match(check({ ds, signers: [] }), { status: 'bogus', ede: 10, why: 'Example. DNSKEY: no RRSIG' });
  t.match(check({ ds, options: { expiration: NOW - 90_000 } }), { status: 'bogus', ede: 7 });
  t.match(check({ ds, options: { inception: NOW + 7200 } }), { status: 'bogus', ede: 8 });
  t.match(check({ ds, options: { signature: new Uint8Array(64) } }), {
    status: 'bogus',
    ede: 6,
    why: `Example. DNSKEY: RRSIG ${ksk.tag} ECDSAP256SHA256 of Example. does not verify`,
  });
  t.match(check({ ds, options: { signer: name('.') } }), { status: 'bogus', ede: 6 }, 'by the parent');
  t.equal(check({ ds, signers: [zsk, ksk] }).status, 'secure');
});

t.test('keys that may not be trusted, though a DS stands for them', async (t) => {
  const revoked = withFlags(ksk, { flags: ksk.flags | REVOKE });
  t.match(check({ keys: [revoked], ds: [dsOf(revoked)] }), {
    status: 'bogus',
    ede: 9,
    why: /is by a revoked key$/,
  });
  t.match(
    check({ keys: [revoked], ds: [dsOf(ksk)] }),
    { status: 'bogus', ede: 9 },
    'revoking changes the tag',
  );
  const noZone = withFlags(ksk, { flags: SEP });
  t.match(check({ keys: [noZone], ds: [dsOf(noZone)] }), { status: 'bogus', ede: 11 });
  const protocol = withFlags(ksk, { protocol: 2 });
  t.match(check({ keys: [protocol], ds: [dsOf(protocol)] }), { status: 'bogus', ede: 9 });
  t.equal(
    check({ keys: [withFlags(ksk, { flags: ZONE_KEY })], ds: [dsOf(withFlags(ksk, { flags: ZONE_KEY }))] })
      .status,
    'secure',
    'SEP is a hint only',
  );
});

t.test('where nothing is supported the zone is insecure (RFC 4035 section 5.2)', async (t) => {
  const ds = dsOf(ksk);
  t.match(check({ ds: [altered(ds, 2, 12)] }), {
    status: 'insecure',
    ede: 1,
    why: 'no supported algorithm: ECC-GOST',
  });
  t.match(check({ ds: [altered(ds, 3, 3)] }), {
    status: 'insecure',
    ede: 2,
    why: 'no supported DS digest: GOST R 34.11-94',
  });
  t.match(check({ ds: [altered(ds, 3, 3), altered(ds, 3, 99)] }), {
    why: 'no supported DS digest: GOST R 34.11-94, DIGEST99',
  });
  t.match(check({ ds: [altered(ds, 2, 12), altered(ds, 3, 3)] }), { status: 'insecure', ede: 2 });
  t.match(check({ dnskey: [withFlags(ksk, { algorithm: 3 }).rdata] }), {
    status: 'insecure',
    ede: 1,
    why: 'no supported algorithm: DSA',
  });
  t.equal(check({ ds: [altered(ds, 2, 12), ds] }).status, 'secure', 'one that is supported counts');
  t.equal(check({ ds: [altered(ds, 2, 12), altered(ds, 10)] }).status, 'bogus', 'and must fit');
});

t.test('algorithms 5 and 7 are supported where they are turned on', async (t) => {
  for (const algorithm of [5, 7]) {
    const key = makeKey(ZONE, { algorithm, bits: 1024 });
    const given = { keys: [key], ds: [dsOf(key)] };
    t.match(check(given), { status: 'insecure', ede: 1, why: /no supported algorithm: RSASHA1/ });
    t.equal(check({ ...given, sha1: true }).status, 'secure');
  }
});

t.test('SHA-1 digests count only where there is nothing better (RFC 4509 section 3)', async (t) => {
  const [sha1, sha256] = [dsOf(ksk, 1), dsOf(ksk, 2)];
  t.match(check({ ds: [sha1] }), { status: 'secure', digests: [1] });
  t.match(check({ ds: [sha1, sha256] }), { status: 'secure', digests: [2] });
  t.equal(check({ ds: [sha1, altered(sha256, 10)] }).status, 'bogus', 'no way back to the weaker one');
  t.match(
    check({ ds: [sha1, altered(sha256, 3, 3)] }),
    { status: 'secure', digests: [1] },
    'GOST is not better',
  );
  t.match(
    check({ ds: [sha1, altered(sha256, 2, 12)] }),
    { status: 'secure', digests: [1] },
    'nor what is of no use',
  );
});

t.test('records twice change nothing', async (t) => {
  const set = signedKeys(keys);
  const twice = { ...set, rdatas: [...set.rdatas, ...set.rdatas] };
  const ds = dsOf(ksk);
  const checked = verifyDnskeys(twice, ZONE, { ds: [ds, ds], dnskey: [] }, verifier());
  t.match(checked, { status: 'secure', keys: { length: 2 }, digests: { length: 1 } });
});

t.test('the number of keys is bounded', async (t) => {
  const filler = (n: number): SigningKey[] =>
    Array.from({ length: n }, (_, i) => ({
      ...zsk,
      rdata: Uint8Array.from([...zsk.rdata.slice(0, -2), i >> 8, i & 0xff]),
    }));
  const ds = [dsOf(ksk)];
  t.equal(check({ keys: [ksk, ...filler(DNSKEYS_MAX - 1)], signers: [ksk], ds }).status, 'secure');
  t.match(check({ keys: [ksk, ...filler(DNSKEYS_MAX)], signers: [ksk], ds }), {
    status: 'bogus',
    why: `Example.: ${DNSKEYS_MAX + 1} DNSKEYs; at most ${DNSKEYS_MAX}`,
  });
});

t.test('a broken key that the DS stands for is bogus and tried once (CVE-2025-8677)', async (t) => {
  const rdata = Uint8Array.from([1, 1, 3, 13, ...new Uint8Array(64).fill(0xff)]);
  const broken: SigningKey = { ...ksk, rdata };
  const v = verifier();
  const tagged = { ...broken, tag: tagOf(rdata) };
  const set = signedKeys([tagged, ksk]);
  t.match(verifyDnskeys(set, ZONE, { ds: [dsOf(tagged), dsOf(ksk)], dnskey: [] }, v), {
    status: 'bogus',
    ede: 6,
    why: /malformed/,
  });
  t.equal(v.work.verifies, 1);
});

t.test('work that is refused', async (t) => {
  const trusted = { ds: [dsOf(ksk)], dnskey: [] };
  t.same(verifyDnskeys(signedKeys(keys), ZONE, trusted, verifier({ limit: 0 })), { status: 'exhausted' });
});
