import fc from 'fast-check';
import t from 'tap';
import { algorithmTable } from '../../src/dnssec/algorithm.ts';
import { DnsKey, readDnskey } from '../../src/dnssec/key.ts';
import { type Checked, verifyRrset } from '../../src/dnssec/verify.ts';
import { nameToText } from '../../src/wire/name.ts';
import type { Rrset } from '../../src/wire/record.ts';
import {
  EXPIRATION,
  INCEPTION,
  makeKey,
  NOW,
  REVOKE,
  rsaField,
  type SigningKey,
  type SignOptions,
  signed,
  signRrset,
  withFlags,
  ZONE_KEY,
} from '../support/sign.ts';
import { name, rrset, verdict, verifier } from './zones.ts';

const ZONE = name('Example.');
const key = makeKey(ZONE, { seed: 'verify' });
const other = makeKey(ZONE, { seed: 'other' });
const www = rrset('www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.2');

/** The key as if its tag were that. */
const tagged = ({ rdata }: DnsKey, tag: number): DnsKey => Object.assign(new DnsKey(rdata), { tag });
const keysOf = (...keys: readonly SigningKey[]): DnsKey[] =>
  keys.flatMap((key) => readDnskey(key.rdata) ?? []);

const check = (set: Rrset, options: Parameters<typeof verifier>[0] = {}, keys = [key]): Checked =>
  verifyRrset(set, ZONE, keysOf(...keys), verifier(options));

t.test('every algorithm, and no other', async (t) => {
  for (const algorithm of [5, 7, 8, 10, 13, 14, 15, 16]) {
    const key = makeKey(ZONE, { algorithm });
    const set = signed(www, key);
    const known = algorithmTable({ sha1: false }).has(algorithm);
    t.equal(check(set, { sha1: true }, [key]).status, 'secure', `${algorithm}`);
    const without = verdict(set, ZONE, keysOf(key), verifier());
    if (known) t.equal(without, 'secure');
    else
      t.match(
        without,
        /^bogus 1 www\.example\. A: RRSIG \d+ RSASHA1\S* of Example\. is of an unsupported algorithm$/,
      );
  }
});

t.test('what a good check says', async (t) => {
  const set = signed({ ...www, ttl: 999_999 }, key, { originalTtl: 300 });
  const sigs = [signRrset(www, other), ...set.sigs!];
  const checked = check({ ...set, sigs });
  if (checked.status !== 'secure') return t.fail(checked.status);
  t.same(checked.rrset, { ...www, ttl: 300, sigs }, 'the TTL is capped, all RRSIGs are left');
  t.same(checked.sig.rdata, set.sigs![0], 'and which one is good is said');
  t.same(checked.key.rdata, key.rdata);
  t.equal(checked.sig.tag, key.tag);
  t.equal(nameToText(checked.signer), 'Example.');
  t.equal(checked.wildcard, undefined);
  const nearEnd = check(signed(www, key, { expiration: NOW + 10 }));
  t.match(nearEnd, { status: 'secure', rrset: { ttl: 10 } }, 'the TTL ends with the signature');
});

/** What is wrong, and how that is told. */
const WRONG: readonly [what: string, options: SignOptions, verdict: RegExp][] = [
  ['it expired', { expiration: NOW - 90_000 }, /^bogus 7 .* of Example\. expired at \d{14}$/],
  ['it is not yet valid', { inception: NOW + 7200 }, /^bogus 8 .* is not valid before \d{14}$/],
  [
    'it ends before it begins',
    { inception: NOW, expiration: NOW - 1 },
    /^bogus 6 .* expires before it begins$/,
  ],
  ['it covers another type', { covered: 16 }, /^bogus 6 .* covers TXT$/],
  ['it has more labels than the owner', { labels: 3 }, /^bogus 6 .* has 3 labels$/],
  [
    'it has fewer labels than its signer (CVE-2026-11721)',
    { labels: 0, owner: name('*.') },
    /^bogus 6 .* has 0 labels$/,
  ],
  [
    'it is by a zone below',
    { signer: name('www.example.') },
    /^bogus 6 .* of www\.example\. is not by the zone$/,
  ],
  ['it is by the parent', { signer: name('.') }, /^bogus 6 .* of \. is not by the zone$/],
  ['it is by another zone', { signer: name('example2.') }, /^bogus 6 .* is not by the zone$/],
  ['its tag is nobody’s', { tag: key.tag ^ 1 }, /^bogus 9 .* has no DNSKEY$/],
  [
    'its algorithm is not that of the key',
    { algorithm: 15 },
    /^bogus 9 .* ED25519 of Example\. has no DNSKEY$/,
  ],
  [
    'its algorithm is unknown',
    { algorithm: 200 },
    /^bogus 1 .* ALGORITHM200 of Example\. is of an unsupported algorithm$/,
  ],
  ['another name was signed', { owner: name('www2.example.') }, /^bogus 6 .* does not verify$/],
  ['it is empty of sense', { signature: new Uint8Array(64) }, /^bogus 6 .* does not verify$/],
  ['it is too short', { signature: new Uint8Array(63) }, /^bogus 6 .* does not verify$/],
  ['it is too long', { signature: new Uint8Array(65) }, /^bogus 6 .* does not verify$/],
];

t.test('an RRSIG does not count when', async (t) => {
  for (const [what, options, expected] of WRONG) {
    const set = signed(www, key, options);
    t.match(verdict(set, ZONE, keysOf(key), verifier()), expected, what);
    t.match(verdict(set, ZONE, keysOf(key), verifier()), `www.example. A: RRSIG ${options.tag ?? key.tag}`);
    const both = { ...set, sigs: [...set.sigs!, signRrset(www, key)] };
    t.equal(check(both).status, 'secure', 'and does not harm a good one after it');
  }
});

t.test('an RRSIG that cannot count costs no check', async (t) => {
  for (const [what, options, expected] of WRONG) {
    const v = verifier();
    verifyRrset(signed(www, key, options), ZONE, keysOf(key), v);
    t.equal(v.work.verifies, String(expected).includes('does not verify') ? 1 : 0, what);
  }
});

t.test('rdata that is no RRSIG', async (t) => {
  const good = signRrset(www, key);
  for (const rdata of [
    new Uint8Array(0),
    good.slice(0, 18),
    good.slice(0, 27),
    Uint8Array.from(good).fill(0xff, 18),
  ]) {
    t.match(
      verdict({ ...www, sigs: [rdata] }, ZONE, keysOf(key), verifier()),
      'bogus 6 www.example. A: malformed RRSIG',
    );
    t.equal(check({ ...www, sigs: [rdata, good] }).status, 'secure');
  }
});

t.test('without RRSIG', async (t) => {
  for (const set of [www, { ...www, sigs: [] }])
    t.equal(verdict(set, ZONE, keysOf(key), verifier()), 'bogus 10 www.example. A: no RRSIG');
});

t.test('keys that may not sign', async (t) => {
  const cases: [what: string, flags: number, expected: RegExp][] = [
    ['revoked', ZONE_KEY | REVOKE, /^bogus 9 .* is by a revoked key$/],
    ['without the zone bit', 0, /^bogus 11 .* is by a DNSKEY without the zone bit$/],
  ];
  for (const [what, flags, expected] of cases) {
    const bad = withFlags(key, { flags });
    t.match(verdict(signed(www, bad), ZONE, keysOf(bad), verifier()), expected, what);
  }
  t.match(verdict(signed(www, key), ZONE, [], verifier()), /^bogus 9 .* has no DNSKEY$/, 'no key at all');
  const protocol = withFlags(key, { protocol: 1 });
  t.match(verdict(signed(www, protocol), ZONE, keysOf(protocol), verifier()), /^bogus 9/, 'another protocol');
});

t.test('who may sign what', async (t) => {
  const cases: [string, RegExp | string][] = [
    ['example. A 192.0.2.1', 'secure'],
    ['a.b.EXAMPLE. A 192.0.2.1', 'secure'],
    ['example2. A 192.0.2.1', /not for zone Example\. to sign/],
    ['xexample. A 192.0.2.1', /not for zone Example\. to sign/],
    ['. NS a.', /not for zone Example\. to sign/],
    ['sub.example. DS 1 13 2 00', 'secure'],
    ['example. DS 1 13 2 00', /not for zone Example\. to sign/],
    ['example. DNSKEY 257 3 13 AAAA', 'secure'],
    ['sub.example. DNSKEY 257 3 13 AAAA', /not for zone Example\. to sign/],
  ];
  for (const [text, expected] of cases) {
    const set = signed(rrset(text.replace('13 2 00', `13 2 ${'00'.repeat(32)}`)), key);
    t.match(verdict(set, ZONE, keysOf(key), verifier()), expected, text);
  }
});

t.test('what a wildcard made (RFC 4035 section 5.3.2)', async (t) => {
  const wild = (text: string, owner: string, labels: number): Checked =>
    check(signed(rrset(`${text} A 192.0.2.1`), key, { owner: name(owner), labels }));
  const encloser = (checked: Checked): string | undefined =>
    checked.status === 'secure' && checked.wildcard !== undefined ? nameToText(checked.wildcard) : undefined;
  t.equal(encloser(wild('a.example.', '*.example.', 1)), 'example.');
  t.equal(encloser(wild('a.b.c.example.', '*.example.', 1)), 'example.');
  t.equal(encloser(wild('a.b.C.example.', '*.c.example.', 2)), 'C.example.');
  t.equal(encloser(wild('*.b.example.', '*.example.', 1)), 'example.', 'a wildcard below a wildcard');
  const itself = wild('*.example.', '*.example.', 1);
  t.equal(itself.status, 'secure');
  t.equal(encloser(itself), undefined, 'the wildcard itself is no expansion');
  t.equal(wild('a.example.', 'b.example.', 1).status, 'bogus');
  t.equal(wild('a.b.example.', '*.b.example.', 1).status, 'bogus', 'another wildcard');
  t.equal(wild('*.example.', '*.example.', 2).status, 'bogus', 'the asterisk is not counted');
});

t.test('letter case, order of records and duplicates change nothing', async (t) => {
  const set = signed(www, key);
  t.equal(check({ ...set, name: name('wWw.eXample.') }).status, 'secure');
  t.equal(check({ ...set, rdatas: set.rdatas.toReversed() }).status, 'secure');
  t.equal(check({ ...set, rdatas: [...set.rdatas, ...set.rdatas] }).status, 'secure');
  const mx = signed(rrset('example. MX 1 a.example.\nexample. MX 1 B.example.'), key);
  const upper = rrset('example. MX 1 A.EXAMPLE.\nexample. MX 1 b.example.');
  t.equal(check({ ...upper, sigs: mx.sigs! }).status, 'secure');
});

t.test('every bit of what is signed matters', async () => {
  for (const algorithm of [8, 13, 15]) {
    const key = makeKey(ZONE, { algorithm, bits: 1024 });
    const set = signed(rrset('a.example. 300 TXT xyz'), key);
    fc.assert(
      fc.property(fc.constantFrom('rdata', 'sig', 'key'), fc.nat(), (where, n) => {
        const flip = (octets: Uint8Array): Uint8Array => {
          const out = octets.slice();
          const bit = n % (octets.length * 8);
          out[bit >> 3]! ^= 1 << (bit & 7);
          return out;
        };
        const rdatas = where === 'rdata' ? [flip(set.rdatas[0]!)] : set.rdatas;
        const sigs = where === 'sig' ? [flip(set.sigs![0]!)] : set.sigs!;
        const read = readDnskey(where === 'key' ? flip(key.rdata) : key.rdata);
        // With the tag that the RRSIG names, or no other key would be tried.
        const keys = read === undefined ? [] : [tagged(read, key.tag)];
        const checked = verifyRrset({ ...set, rdatas, sigs }, ZONE, keys, verifier({ sha1: true }));
        if (checked.status !== 'secure') return true;
        // Letters of the signer's name are signed in lower case; the flags of a key are its DS's to protect.
        if (where === 'sig') return differsInCaseOnly(sigs[0]!, set.sigs![0]!);
        return where === 'key' && checked.key.flags !== ZONE_KEY;
      }),
      { numRuns: 150, seed: 4034 },
    );
  }
});

function differsInCaseOnly(a: Uint8Array, b: Uint8Array): boolean {
  const lower = (octets: Uint8Array): string =>
    Buffer.from(octets.subarray(18, 27)).toString('latin1').toLowerCase();
  return lower(a) === lower(b) && Buffer.compare(a.subarray(0, 18), b.subarray(0, 18)) === 0;
}

t.test('keys that are none: tried once, and the RRset is bogus (CVE-2025-8677)', async (t) => {
  const ones = (octets: number): Uint8Array => new Uint8Array(octets).fill(0xff);
  const e = Uint8Array.of(1, 0, 1);
  const broken: [what: string, algorithm: number, publicKey: Uint8Array][] = [
    ['16,384 bits', 8, rsaField(e, ones(2048))],
    ['4,104 bits', 8, rsaField(e, ones(513))],
    ['1,016 bits', 8, rsaField(e, ones(127))],
    ['1,023 bits', 8, rsaField(e, Uint8Array.from([0x7f, ...ones(127)]))],
    ['an even modulus', 8, rsaField(e, Uint8Array.from([...ones(127), 0xfe]))],
    ['an exponent of 2^32 + 3', 8, rsaField(Uint8Array.of(1, 0, 0, 0, 3), ones(128))],
    ['an exponent of 300 octets', 8, rsaField(ones(300), ones(128))],
    ['an exponent of 1', 8, rsaField(Uint8Array.of(1), ones(128))],
    ['an exponent of 0', 8, rsaField(new Uint8Array(3), ones(128))],
    ['no exponent', 8, rsaField(new Uint8Array(0), ones(128))],
    ['an even exponent', 8, rsaField(Uint8Array.of(4), ones(128))],
    ['no modulus', 8, rsaField(e, new Uint8Array(0))],
    ['an exponent that does not end', 8, Uint8Array.of(200, 1, 2, 3)],
    ['one zero', 8, Uint8Array.of(0)],
    ['no point of the curve', 13, ones(64)],
    ['a point too short', 13, ones(63)],
    ['no point of P-384', 14, ones(96)],
    ['33 octets for Ed25519', 15, ones(33)],
    ['56 octets for Ed448', 16, ones(56)],
  ];
  for (const [what, algorithm, publicKey] of broken) {
    const rdata = Uint8Array.from([1, 0, 3, algorithm, ...publicKey]);
    const bad = readDnskey(rdata)!;
    const set = signed(www, key, { algorithm, tag: bad.tag });
    const v = verifier();
    const both = { ...set, sigs: [...set.sigs!, signRrset(www, key)] };
    t.match(
      verdict(both, ZONE, [bad, ...keysOf(key)], v),
      /^bogus 6 .* is by a key that is malformed, too long or too short$/,
      what,
    );
    // One that is longer than any key is not even tried.
    const tries = publicKey.length > 1_024 ? 0 : 1;
    t.equal(v.work.verifies, tries, what);
    t.match(verdict(set, ZONE, [bad], v), /^bogus 6/, what);
    t.equal(v.work.verifies, tries, `${what}: known to be none`);
    t.equal(verdict(signed(www, key), ZONE, [bad, ...keysOf(key)], v), 'secure', 'unless no RRSIG is by it');
  }
});

t.test('RSA keys at the limits', async (t) => {
  for (const [bits, exponent] of [
    [1024, 3],
    [1024, 65537],
    [2048, 0xffffffff],
    [4096, 65537],
  ] as const) {
    const rsa = makeKey(ZONE, { algorithm: 8, bits, exponent });
    t.equal(check(signed(www, rsa), {}, [rsa]).status, 'secure', `${bits} ${exponent}`);
  }
  const rsa = makeKey(ZONE, { algorithm: 8, bits: 1024 });
  const longest = rsaField(Uint8Array.of(1, 0, 0, 0, 1), rsa.rdata.subarray(8));
  t.ok(algorithmTable({ sha1: false }).get(8)!.importKey(longest), 'an exponent of 2^32 + 1');
  const padded = { ...rsa, rdata: Uint8Array.from([...rsa.rdata.slice(0, 8), 0, 0, ...rsa.rdata.slice(8)]) };
  const set = signed(www, { ...padded, tag: readDnskey(padded.rdata)!.tag });
  t.equal(check(set, {}, [padded]).status, 'secure', 'zeros before the modulus are no bits');
});

t.test('signatures that are numbers out of range are false, and nothing throws', async (t) => {
  for (const algorithm of [8, 13, 14, 15, 16]) {
    const key = makeKey(ZONE, { algorithm, bits: 1024 });
    const length = signRrset(www, key).length - 27;
    for (const octets of [0, 1, length - 1, length, length + 1, 2 * length])
      for (const fill of [0, 1, 0xff]) {
        if (octets === 0) continue;
        const signature = new Uint8Array(octets).fill(fill);
        t.equal(
          check(signed(www, key, { signature }), {}, [key]).status,
          'bogus',
          `${algorithm} ${octets} ${fill}`,
        );
      }
  }
});

t.test('of two keys with one tag either may have signed', async (t) => {
  const twin = { ...other, tag: key.tag };
  const keys = keysOf(key, other).map((read) => tagged(read, key.tag));
  const v = verifier();
  t.equal(verdict(signed(www, twin), ZONE, keys, v), 'secure');
  t.equal(v.work.verifies, 2);
  const third = { ...makeKey(ZONE, { seed: 'third' }), tag: key.tag };
  const three = [...keys, tagged(readDnskey(third.rdata)!, key.tag)];
  t.match(verdict(signed(www, third), ZONE, three, v), /does not verify$/, 'a third is not tried');
  t.equal(v.work.verifies, 4);
});

t.test('the fault that is told is of the RRSIG that came the nearest', async (t) => {
  const sigs = [
    signRrset(www, key, { tag: key.tag ^ 1 }),
    signRrset(www, key, { expiration: NOW - 90_000 }),
    signRrset(www, key, { algorithm: 200 }),
    signRrset(www, key, { labels: 9 }),
  ];
  for (const order of [sigs, sigs.toReversed()])
    t.match(verdict({ ...www, sigs: order }, ZONE, keysOf(key), verifier()), /^bogus 7/);
});

t.test('work that is refused is not done', async (t) => {
  const v = verifier({ limit: 0 });
  t.same(verifyRrset(signed(www, key), ZONE, keysOf(key), v), { status: 'exhausted' });
  let asked = 0;
  const counting = {
    ...v,
    algorithms: new Map([[13, { ...v.algorithms.get(13)!, verify: () => !!++asked }]]),
  };
  verifyRrset(signed(www, key), ZONE, keysOf(key), counting);
  t.equal(asked, 0);
  t.equal(check(signed(www, key), { limit: 1 }).status, 'secure');
});

t.test('the clock: years wrong, 2038, 2106', async (t) => {
  const set = signed(www, key);
  t.equal(check(set, { now: INCEPTION - 3600 }).status, 'secure');
  t.equal(check(set, { now: EXPIRATION + 86_400 }).status, 'secure');
  t.equal(check(set, { now: NOW + 10 * 365 * 86_400 }).status, 'bogus');
  t.equal(check(set, { now: NOW - 10 * 365 * 86_400 }).status, 'bogus');
  const late = signed(www, key, { inception: 2 ** 32 - 1000, expiration: 2 ** 32 + 1000 });
  t.equal(check(late, { now: 2 ** 32 + 10 }).status, 'secure');
});
