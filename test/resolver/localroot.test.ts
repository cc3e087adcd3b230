/** A copy of the root zone in the place of its servers (RFC 8806). */
import t from 'tap';
import { readLocalRoot } from '../../src/control/compile/localroot.ts';
import { zoneDigest } from '../../src/dnssec/zonemd.ts';
import { buildLocalRoot, LocalRoot } from '../../src/resolver/localroot.ts';
import { judge } from '../../src/resolver/referral.ts';
import { RCODE, TYPE } from '../../src/wire/constants.ts';
import { readMessage } from '../../src/wire/message.ts';
import { type Name, nameFromText, nameToText, ROOT } from '../../src/wire/name.ts';
import { rdataToText, typeToText } from '../../src/wire/rdata/table.ts';
import type { Rr } from '../../src/wire/record.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';
import { dsOf, makeKey, NOW, signRrset } from '../support/sign.ts';
import { signZone } from '../support/signzone.ts';

const TEXT = `
.            86400 SOA a.root. host.root. 2026112100 1800 900 604800 86400
.            518400 NS a.root.
a.root.      518400 A 198.41.0.4
com.         172800 NS a.gtld.net.
com.         172800 NS b.gtld.net.
com.         86400 DS 19718 13 2 8ACBB0CD28F41250A80A491389424D341522D946B0DA0C0291F2D3D771D7805A
a.gtld.net.  172800 A 192.5.6.30
a.gtld.net.  172800 AAAA 2001:503:a83e::2:30
b.gtld.net.  172800 A 192.33.14.30
net.         172800 NS a.gtld.net.
root.        172800 NS a.root.
zw.          172800 NS ns.zw.
ns.zw.       172800 A 192.0.2.1
`;

function recordsOf(text: string): Rr[] {
  const records: Rr[] = [];
  const errors = parseZone(text, {
    origin: ROOT,
    file: 'root',
    defaultTtl: 0,
    onRecord: (rr) => records.push(rr),
  });
  if (errors.length > 0) throw new Error(errors[0]!.message);
  return records;
}

const ksk = makeKey(ROOT, { flags: 257 });
const stranger = makeKey(ROOT, { flags: 257 });

/** A signed root zone with the digest of what is in it, which leaves the digest and its signature out. */
function signedRoot(): Rr[] {
  const empty = `. 86400 ZONEMD 2026112100 1 1 ${'00'.repeat(48)}\n`;
  const records = signZone(recordsOf(TEXT + empty), { keys: [ksk] });
  const digest = zoneDigest(records, ROOT, 1);
  const isDigestSig = (rr: Rr): boolean =>
    rr.type === TYPE.RRSIG && ((rr.rdata[0]! << 8) | rr.rdata[1]!) === TYPE.ZONEMD;
  const zonemd = records.find((rr) => rr.type === TYPE.ZONEMD)!;
  zonemd.rdata.set(digest, 6);
  const sig = signRrset({ name: ROOT, type: TYPE.ZONEMD, ttl: 86_400, rdatas: [zonemd.rdata] }, ksk);
  return records.map((rr) => (isDigestSig(rr) ? { ...rr, rdata: sig } : rr));
}

function textOf(records: readonly Rr[]): Uint8Array {
  const line = ({ name, ttl, type, rdata }: Rr): string =>
    `${nameToText(name)} ${ttl} ${typeToText(type)} ${rdataToText(type, rdata)}\n`;
  return new TextEncoder().encode(records.map(line).join(''));
}

const TRUST = {
  anchors: [{ zone: ROOT, ds: [dsOf(ksk)], dnskey: [] }],
  sha1: false,
  now: NOW * 1000,
};

t.test('it answers as a root server: referrals, denials, records of its own', async (t) => {
  const { localRoot, errors } = readLocalRoot(textOf(signedRoot()), 'root.zone', TRUST);
  t.same(errors, []);
  const copy = new LocalRoot(localRoot!.image);
  const told = (text: string, type: number) => {
    const name: Name = nameFromText(text);
    const reply = copy.find(name, type);
    if (reply === undefined) return undefined;
    return judge(readMessage(reply), { name, type, sent: name, apex: ROOT, staysWithin: true });
  };
  const com = told('www.example.com.', TYPE.A);
  t.match(com, { kind: 'referral', referral: { ttl: 172_800 } });
  if (com?.kind === 'referral') {
    t.equal(nameToText(com.referral.zone), 'com.');
    t.same(
      com.referral.servers.map(({ name, glue }) => [nameToText(name), ...glue]),
      [
        ['a.gtld.net.', '192.5.6.30', '2001:503:a83e::2:30'],
        ['b.gtld.net.', '192.33.14.30'],
      ],
    );
    t.equal(com.referral.ds?.sigs?.length, 1);
  }
  const zw = told('zw.', TYPE.A);
  t.match(zw, { kind: 'referral' });
  if (zw?.kind === 'referral')
    t.same(
      zw.referral.proofs.map(({ type }) => type),
      [TYPE.NSEC],
      'no DS is proven',
    );
  t.match(told('com.', TYPE.DS), { kind: 'usable', scrubbed: { kind: 'answer' } });
  t.match(told('net.', TYPE.DS), { kind: 'usable', scrubbed: { kind: 'nodata' } });
  t.match(told('.', TYPE.DNSKEY), { kind: 'usable', scrubbed: { kind: 'answer' } });
  t.equal(told('.', TYPE.A), undefined, 'what is not there is left to the servers');
  for (const [name, before] of [
    ['x.aaa.', '.'],
    ['d.', 'com.'],
    ['zzz.', 'zw.'],
  ] as const) {
    const denied = told(name, TYPE.A);
    t.match(denied, { kind: 'usable', scrubbed: { kind: 'nxdomain' } }, name);
    if (denied?.kind === 'usable')
      t.same(
        [...new Set([before, '.'])],
        denied.scrubbed.proofs.map((proof) => nameToText(proof.name)),
        name,
      );
  }
  t.equal(readMessage(copy.find(nameFromText('d.'), TYPE.A)!).rcode, RCODE.NXDOMAIN);
});

t.test('a copy that was changed, cut short or signed by others is refused, and says why', async (t) => {
  const whole = signedRoot();
  const faults: [string, Rr[], RegExp, typeof TRUST?][] = [
    [
      'a record changed',
      whole.map((rr) => (rr.type === TYPE.A ? { ...rr, rdata: Uint8Array.of(10, 0, 0, 1) } : rr)),
      /ZONEMD digest is bad/,
    ],
    ['a record taken out', whole.filter((rr) => rr.type !== TYPE.AAAA), /ZONEMD digest is bad/],
    ['no digest', whole.filter((rr) => rr.type !== TYPE.ZONEMD), /ZONEMD digest is/],
    ['no SOA', whole.filter((rr) => rr.type !== TYPE.SOA), /no SOA/],
    [
      'another root’s key',
      whole,
      /DNSKEY/,
      { ...TRUST, anchors: [{ zone: ROOT, ds: [dsOf(stranger)], dnskey: [] }] },
    ],
    ['signatures over', whole, /expired/, { ...TRUST, now: 2_100_000_000_000 }],
  ];
  for (const [what, records, why, trust = TRUST] of faults) {
    const { localRoot, errors } = readLocalRoot(textOf(records), 'root.zone', trust);
    t.equal(localRoot, undefined, what);
    t.match(errors, [{ file: 'root.zone', message: why }], what);
  }
});

t.test('it holds until the zone expires, or its first signature', async (t) => {
  const { localRoot } = readLocalRoot(textOf(signedRoot()), 'root.zone', TRUST);
  t.equal(localRoot!.until, TRUST.now + 604_800_000);
});

t.test('of a root of one’s own the servers know what is no delegation of one label', async (t) => {
  const own =
    'host. 60 A 192.0.2.5\nwww.corp. 60 A 192.0.2.6\nsite.lan. 60 NS ns.zw.\nalias. 60 CNAME host.\n';
  const find = (text: string) => {
    const root = new LocalRoot(buildLocalRoot(recordsOf(text)));
    return (name: string) => {
      const reply = root.find(nameFromText(name), TYPE.A);
      return reply && readMessage(reply).rcode;
    };
  };
  const mixed = find(TEXT + own);
  for (const name of ['host.', 'x.host.', 'corp.', 'www.corp.', 'x.corp.', 'www.site.lan.', 'alias.'])
    t.equal(mixed(name), undefined, name);
  t.equal(mixed('www.com.'), RCODE.NOERROR);
  t.equal(mixed('aaa.'), RCODE.NXDOMAIN);
  t.equal(mixed('comm.'), RCODE.NXDOMAIN);
  const wild = find(`${TEXT}*. 60 A 192.0.2.7\n`);
  t.equal(wild('www.com.'), RCODE.NOERROR);
  t.equal(wild('aaa.'), undefined);
});
