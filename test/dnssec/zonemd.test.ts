/** Digests of zones (RFC 8976): those of the RFC, and those that ldns-signzone makes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { verifyZonemd, zoneDigest } from '../../src/dnssec/zonemd.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameToText } from '../../src/wire/name.ts';
import type { Rr } from '../../src/wire/record.ts';
import { rrToText } from '../../src/wire/text/print.ts';
import { missing } from '../support/servers.ts';
import { makeKey, signZone } from '../support/sign.ts';
import { name, records } from './zones.ts';

const APEX = name('example.');

/** RFC 8976 appendix A.1. */
const SIMPLE = `
@   86400 IN SOA ns1 admin 2018031900 1800 900 604800 86400
@   86400 IN NS  ns1
@   86400 IN NS  ns2
@   86400 IN ZONEMD 2018031900 1 1 c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c
ns1 3600  IN A    203.0.113.63
ns2 3600  IN AAAA 2001:db8::63
`;

/** Empty non-terminals, a wildcard, an occluded name, upper case, many types, TTLs that differ. */
const RICH = `
@   86400 IN SOA NS1 Admin 7 1800 900 604800 86400
@   86400 IN NS  NS1
@   60    IN TXT "a" "b"
NS1 3600  IN A    203.0.113.63
ns1 3600  IN A    203.0.113.7
mail 10   IN MX   10 Mail.Example.
*.w 10    IN A    192.0.2.1
a.b.c 10  IN TYPE65400 \\# 2 AABB
\\001 10   IN A   192.0.2.1
z\\200 10  IN A   192.0.2.1
a-b 10    IN A   192.0.2.1
b.a 10    IN A   192.0.2.1
sub 10    IN NS  ns.sub
ns.sub 10 IN A   192.0.2.2
sub 10    IN DS  1 13 2 ${'0A'.repeat(32)}
`;

const zone = (text: string): Rr[] => records(text, APEX);
const isZonemd = (rr: Rr): boolean => rr.type === TYPE.ZONEMD;

t.test('the example of RFC 8976 appendix A.1', async (t) => {
  t.same(verifyZonemd(zone(SIMPLE), APEX), { status: 'good' });
});

t.test(
  'order, letter case and duplicates do not matter, and records of other zones do not count',
  async (t) => {
    const all = zone(SIMPLE);
    t.same(verifyZonemd(all.toReversed(), APEX), { status: 'good' });
    t.same(verifyZonemd([...all, ...all.filter((rr) => !isZonemd(rr))], APEX), { status: 'good' });
    t.same(verifyZonemd(all, name('EXAMPLE.')), { status: 'good' });
    t.same(verifyZonemd([...all, ...records('www.example2. A 192.0.2.1\n. NS a.')], APEX), {
      status: 'good',
    });
  },
);

t.test('any change of a record is seen', async (t) => {
  const all = zone(SIMPLE);
  const others = all.filter((rr) => !isZonemd(rr));
  for (const rr of others) {
    const rest = all.filter((other) => other !== rr);
    if (rr.type !== TYPE.SOA)
      t.match(verifyZonemd(rest, APEX), { status: 'bad', why: 'no ZONEMD matches serial 2018031900' });
    t.equal(verifyZonemd([...rest, { ...rr, ttl: rr.ttl + 1 }], APEX).status, 'bad');
    const rdata = rr.rdata.map((octet, i) => (i === 1 ? octet ^ 1 : octet));
    t.equal(verifyZonemd([...rest, { ...rr, rdata }], APEX).status, 'bad', nameToText(rr.name));
  }
  t.equal(verifyZonemd([...all, ...zone('new A 192.0.2.1')], APEX).status, 'bad');
});

t.test('what says nothing of the zone, and what speaks against it', async (t) => {
  const all = zone(SIMPLE);
  const others = all.filter((rr) => !isZonemd(rr));
  const zonemd = all.find(isZonemd)!;
  const altered = (at: number, value: number): Rr => ({
    ...zonemd,
    rdata: Uint8Array.from(zonemd.rdata).fill(value, at, at + 1),
  });
  t.same(verifyZonemd(others, APEX), { status: 'absent', why: 'no ZONEMD' });
  const check = (...zonemds: Rr[]): string => verifyZonemd([...others, ...zonemds], APEX).status;
  t.equal(check(altered(4, 2)), 'unsupported', 'another scheme');
  t.equal(check(altered(5, 240)), 'unsupported', 'another hash');
  t.equal(check(altered(5, 240), zonemd), 'good', 'beside one that is known');
  t.equal(check(altered(3, 1)), 'bad', 'another serial');
  t.equal(check(altered(20, 0)), 'bad', 'another digest');
  t.equal(check(zonemd, altered(20, 0)), 'unsupported', 'two of a kind: it could be either');
  t.equal(check({ ...zonemd, rdata: zonemd.rdata.slice(0, -1) }), 'bad', 'cut off');
  t.equal(check({ ...zonemd, name: name('ns1.example.') }), 'absent', 'not at the apex');
  t.same(verifyZonemd([], APEX), { status: 'bad', why: 'no SOA' });
});

const folder = mkdtempSync(join(tmpdir(), 'causeway-zonemd-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

t.test(
  'digests of ldns-signzone, over signed zones with NSEC and NSEC3',
  { skip: missing('ldns-signzone', 'ldns-keygen') },
  async (t) => {
    const run = (program: string, ...args: string[]): string =>
      String(execFileSync(program, args, { cwd: folder })).trim();
    const key = run('ldns-keygen', '-a', 'ECDSAP256SHA256', '-k', 'example.');
    writeFileSync(
      join(folder, 'zone'),
      zone(RICH)
        .map((rr) => `${rrToText(rr)}\n`)
        .join(''),
    );
    for (const options of [[], ['-n', '-s', 'AABB', '-t', '2']])
      for (const hash of ['sha384', 'sha512']) {
        run('ldns-signzone', ...options, '-z', `simple:${hash}`, '-f', 'signed', 'zone', key);
        const all = records(readFileSync(join(folder, 'signed'), 'utf8'));
        t.ok(all.some((rr) => rr.type === TYPE.RRSIG));
        t.same(verifyZonemd(all, APEX), { status: 'good' }, `${options} ${hash}`);
        t.equal(
          verifyZonemd(
            all.filter((rr) => rr.type !== TYPE.TXT),
            APEX,
          ).status,
          'bad',
        );
      }
  },
);

t.test('ldns-verify-zone takes our digest', { skip: missing('ldns-verify-zone') }, async (t) => {
  const soa = zone(RICH).find((rr) => rr.type === TYPE.SOA)!;
  const withDigest = (digest: Uint8Array, algorithm: number): Rr => ({
    ...soa,
    type: TYPE.ZONEMD,
    rdata: Uint8Array.from([0, 0, 0, 7, 1, algorithm, ...digest]),
  });
  for (const [algorithm, octets] of [
    [1, 48],
    [2, 64],
  ] as const) {
    // The ZONEMD must be there when NSEC records say which types there are; its own digest is not in it.
    const signed = signZone([...zone(RICH), withDigest(new Uint8Array(octets), algorithm)], {
      keys: [makeKey(APEX)],
    });
    const unsigned = signed.filter(
      (rr) => !isZonemd(rr) && !(rr.type === TYPE.RRSIG && rr.rdata[1] === TYPE.ZONEMD),
    );
    const digest = zoneDigest(unsigned, APEX, algorithm);
    const file = join(folder, `ours${algorithm}`);
    writeFileSync(
      file,
      [...unsigned, withDigest(digest, algorithm)].map((rr) => `${rrToText(rr)}\n`).join(''),
    );
    t.doesNotThrow(() => execFileSync('ldns-verify-zone', ['-ZZZ', '-V', '1', file], { stdio: 'pipe' }));
  }
});
