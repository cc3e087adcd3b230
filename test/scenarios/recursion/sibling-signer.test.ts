/**
 * Who speaks for a name: an RRSIG names its signer, and nobody has checked it yet. Records of a zone beside the name,
 * which is not signed or belongs to somebody else, must not make it insecure, nor deny it, nor delegate it.
 */
import t from 'tap';
import { RCODE, TYPE } from '../../../src/wire/constants.ts';
import { isAtOrBelow, nameEquals, nameFromText } from '../../../src/wire/name.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { isSignature, records } from '../../support/hostile.ts';
import { Internet } from '../../support/internet.ts';
import { type Packet, setRcode } from '../../support/packet.ts';
import { dsOf, makeKey } from '../../support/sign.ts';
import { signZone } from '../../support/signzone.ts';
import { simulate } from '../../support/simulate.ts';

const SECURE = nameFromText('secure.test.');
const WWW = nameFromText('www.secure.test.');
const FORGED = Uint8Array.of(6, 6, 6, 6);

/** An NSEC record of the unsigned zone beside, with a signature of nothing. */
const BESIDE = records(
  'x.plain.test. 3600 NSEC y.plain.test. A RRSIG NSEC',
  'x.plain.test. 3600 RRSIG NSEC 13 3 3600 20400101000000 20200101000000 12345 plain.test. AAAA',
);

function world(): Internet {
  const internet = new Internet();
  internet.zone('test.', { sign: {} });
  internet.zone('secure.test.', { sign: {}, text: 'www A 192.0.2.1' });
  internet.zone('plain.test.', { text: 'www A 192.0.2.2' });
  return internet;
}

/** Changes what the servers of `zone` say of names at and below `secure.test.` */
function forge(internet: Internet, zone: string, change: (packet: Packet) => void): void {
  for (const host of internet.hostsOf(zone))
    host.options = {
      edit: (packet) => {
        if (isAtOrBelow(packet.question!.name, SECURE)) change(packet);
        return packet;
      },
    };
}

const isProof = (rr: Rr): boolean => isSignature(rr) || rr.type === TYPE.NSEC || rr.type === TYPE.DS;

/** The signed zone's addresses are others, and nothing is signed. */
function forgeAddresses(internet: Internet): void {
  forge(internet, 'secure.test.', (packet) => {
    packet.answer = packet.answer
      .filter((rr) => rr.type !== TYPE.DNSKEY && !isSignature(rr))
      .map((rr) => (rr.type === TYPE.A ? { ...rr, rdata: FORGED } : rr));
    packet.authority = [];
  });
}

function deny(packet: Packet, soa: string, rcode: number): void {
  packet.answer = [];
  setRcode(packet, rcode);
  packet.authority = [...records(`${soa} 3600 SOA a. b. 1 2 3 4 3600`), ...BESIDE];
}

t.test('a delegation whose DS records are denied by the zone beside it stays secure', async (t) => {
  const internet = world();
  forge(internet, 'test.', (packet) => {
    packet.answer = packet.answer.filter((rr) => !isProof(rr));
    packet.authority = [...packet.authority.filter((rr) => !isProof(rr)), ...BESIDE];
  });
  forgeAddresses(internet);
  const { rcode, answer } = await simulate(internet).ask('www.secure.test.');
  t.equal(rcode, 'SERVFAIL');
  t.same(answer, []);
});

for (const [kind, rcode] of [
  ['NXDOMAIN', RCODE.NXDOMAIN],
  ['NODATA', RCODE.NOERROR],
] as const)
  for (const zone of ['secure.test.', 'test.'])
    t.test(`${kind} by a zone beside the name, from the servers of ${zone}: bogus`, async (t) => {
      const internet = world();
      forge(internet, zone, (packet) => {
        const { name, type } = packet.question!;
        const isReferral = zone === 'test.' && type !== TYPE.DS;
        if (isReferral || nameEquals(name, WWW)) deny(packet, zone, rcode);
      });
      t.equal((await simulate(internet).ask('www.secure.test.')).rcode, 'SERVFAIL');
    });

t.test('NXDOMAIN by an unsigned zone below the apex that denies: bogus', async (t) => {
  const internet = world();
  internet.zone('sub.secure.test.', { text: 'www A 192.0.2.3' });
  const below = records(
    'x.sub.secure.test. 3600 NSEC y.sub.secure.test. A RRSIG NSEC',
    'x.sub.secure.test. 3600 RRSIG NSEC 13 4 3600 20400101000000 20200101000000 12345 sub.secure.test. AAAA',
  );
  forge(internet, 'secure.test.', (packet) => {
    if (!nameEquals(packet.question!.name, WWW)) return;
    deny(packet, 'secure.test.', RCODE.NXDOMAIN);
    packet.authority.push(...below);
  });
  t.equal((await simulate(internet).ask('www.secure.test.')).rcode, 'SERVFAIL');
});

t.test('a proof of a signed zone below stands before those that deny: denied all the same', async (t) => {
  const internet = world();
  internet.zone('sub.secure.test.', { sign: {}, text: 'www A 192.0.2.3' });
  const { authority } = (await simulate(internet).ask('none.sub.secure.test.')).message;
  const stray = authority.filter((rr) => rr.type === TYPE.NSEC || isSignature(rr));
  t.not(stray.length, 0);
  forge(internet, 'secure.test.', (packet) => {
    if (packet.question!.type === TYPE.MX) packet.authority.unshift(...stray);
  });
  t.match(await simulate(internet).ask('www.secure.test.', 'MX'), { rcode: 'NOERROR', ad: true, answer: [] });
  t.match(await simulate(internet).ask('none.secure.test.', 'MX'), { rcode: 'NXDOMAIN', ad: true });
});

t.test('DS records of a wildcard delegate nothing (RFC 4592 section 4.5): bogus', async (t) => {
  const evil = makeKey('secure.test.', { flags: 257, seed: 'evil' });
  const hex = Buffer.from(dsOf(evil).subarray(4)).toString('hex');
  const internet = new Internet();
  internet.zone('test.', { sign: {}, text: `* 3600 DS ${evil.tag} 13 2 ${hex}` });
  const star = (await simulate(internet).ask('*.test.', 'DS')).message.answer;
  t.equal(star.length, 2, 'the wildcard has DS records, and they are signed');
  internet.zone('secure.test.', { sign: {}, text: 'www A 192.0.2.1' });
  const expanded = star.map((rr) => ({ ...rr, name: SECURE }));
  forge(internet, 'test.', (packet) => {
    if (packet.question!.type === TYPE.DS) packet.answer = expanded;
    else packet.authority = [...packet.authority.filter((rr) => !isProof(rr)), ...expanded];
  });
  const fake = signZone(
    records(
      'secure.test. 3600 SOA a. b. 1 2 3 4 60',
      'secure.test. 60 NS ns1.secure.test.',
      'www.secure.test. 60 A 6.6.6.6',
    ),
    { keys: [evil] },
  );
  forge(internet, 'secure.test.', (packet) => {
    const { name, type } = packet.question!;
    const covers = (rr: Rr): number => (isSignature(rr) ? (rr.rdata[0]! << 8) | rr.rdata[1]! : rr.type);
    packet.answer = fake.filter((rr) => nameEquals(rr.name, name) && covers(rr) === type);
    packet.authority = [];
  });
  t.equal((await simulate(internet).ask('www.secure.test.')).rcode, 'SERVFAIL');
});
