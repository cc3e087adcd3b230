/** Keys, digests and signatures as the RFCs of the algorithms print them. */
import t from 'tap';
import { algorithmTable } from '../../src/dnssec/algorithm.ts';
import { rsaAlgorithm } from '../../src/dnssec/algorithms/rsa.ts';
import { verifyDnskeys } from '../../src/dnssec/ds.ts';
import { readDnskey } from '../../src/dnssec/key.ts';
import { readRrsig } from '../../src/dnssec/rrsig.ts';
import { EDE, TYPE } from '../../src/wire/constants.ts';
import { records, rrsetsOf, verdict, verifier } from './zones.ts';

const EXAMPLES: Record<string, string> = {
  'RFC 5702 section 6.1: RSA/SHA-256': `
example.net. 3600 IN DNSKEY 256 3 8 AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk=
www.example.net. 3600 IN A 192.0.2.91
www.example.net. 3600 IN RRSIG A 8 3 3600 20300101000000 20000101000000 9033 example.net. kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg==`,
  'RFC 5702 section 6.2: RSA/SHA-512': `
example.net. 3600 IN DNSKEY 256 3 10 AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL
www.example.net. 3600 IN A 192.0.2.91
www.example.net. 3600 IN RRSIG A 10 3 3600 20300101000000 20000101000000 3740 example.net. tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfDqfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw=`,
  'RFC 6605 section 6.1: ECDSA P-256': `
example.net. 3600 IN DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==
example.net. 3600 IN DS 55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17
www.example.net. 3600 IN A 192.0.2.1
www.example.net. 3600 IN RRSIG A 13 3 3600 20100909100439 20100812100439 55648 example.net. qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==`,
  'RFC 6605 section 6.2: ECDSA P-384': `
example.net. 3600 IN DNSKEY 257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40
example.net. 3600 IN DS 10771 14 4 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6
www.example.net. 3600 IN A 192.0.2.1
www.example.net. 3600 IN RRSIG A 14 3 3600 20100909102025 20100812102025 10771 example.net. /L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm`,
  'RFC 8080 section 6.1: Ed25519': `
example.com. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=
example.com. 3600 IN DS 3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b
example.com. 3600 IN MX 10 mail.example.com.
example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==`,
  'RFC 8080 section 6.2: Ed448': `
example.com. 3600 IN DNSKEY 257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA
example.com. 3600 IN DS 9713 16 2 6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7
example.com. 3600 IN MX 10 mail.example.com.
example.com. 3600 IN RRSIG MX 16 2 3600 1440021600 1438207200 9713 example.com. 3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07+4RQvE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA`,
};

/** The RSA key of RFC 5702 section 6.1 has 512 bits, fewer than a key that counts. */
const SHORT = new Map([...algorithmTable({ sha1: false }), [8, rsaAlgorithm('RSASHA256', 'sha256', 512)]]);

for (const [rfc, text] of Object.entries(EXAMPLES))
  t.test(rfc, async (t) => {
    const sets = rrsetsOf(records(text));
    const keys = sets.find((set) => set.type === TYPE.DNSKEY)!;
    const set = sets.find((set) => set.sigs!.length > 0)!;
    const sig = readRrsig(set.sigs![0]!)!;
    const v = verifier({ now: sig.inception, algorithms: SHORT });
    t.equal(verdict(set, sig.signer, [readDnskey(keys.rdatas[0]!)!], v), 'secure');
    const ds = sets.find((set) => set.type === TYPE.DS);
    if (ds === undefined) return;
    const held = (rdatas: readonly Uint8Array[]) =>
      verifyDnskeys(keys, keys.name, { ds: rdatas, dnskey: [] }, v);
    t.match(
      held(ds.rdatas),
      { status: 'bogus', ede: EDE.RRSIGS_MISSING },
      'the DS fits; the keys are not signed',
    );
    const other = ds.rdatas[0]!.slice();
    other[other.length - 1]! ^= 1;
    t.match(
      held([other]),
      { status: 'bogus', ede: EDE.DNSKEY_MISSING },
      'and with one bit changed it does not',
    );
  });

t.test('RSA keys under 1024 bits do not count, and what they sign is bogus', async (t) => {
  const [keys, set] = rrsetsOf(records(EXAMPLES['RFC 5702 section 6.1: RSA/SHA-256']!));
  const v = verifier();
  t.match(
    verdict(set!, keys!.name, [readDnskey(keys!.rdatas[0]!)!], v),
    /^bogus 6 .* malformed, too long or too short$/,
  );
  t.equal(v.work.verifies, 1);
});
