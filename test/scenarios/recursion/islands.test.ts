/** A zone with a trust anchor of its own, below a parent that is not signed: nothing above has a say in it. */
import t from 'tap';
import { RCODE, TYPE } from '../../../src/wire/constants.ts';
import { nameEquals, nameFromText } from '../../../src/wire/name.ts';
import { records } from '../../support/hostile.ts';
import { Internet } from '../../support/internet.ts';
import { type Packet, setRcode } from '../../support/packet.ts';
import { type SimulatedResolver, simulate } from '../../support/simulate.ts';

const WWW = nameFromText('www.island.test.');
const JUNK = '13 3 60 20400101000000 20200101000000 1 test. c2ln';

function world(): Internet {
  const internet = new Internet();
  internet.zone('test.');
  internet.zone('evil.', { text: '* A 6.6.6.6\nwww.island A 6.6.6.6' });
  internet.zone('island.test.', { sign: {}, text: 'www A 192.0.2.1' });
  return internet;
}

/** @param nta whether nothing is to be validated below `test.` */
function anchored(internet: Internet, nta = false): SimulatedResolver {
  const dnskey = internet.zoneOf('island.test.').keys.map(({ rdata }) => rdata);
  const anchors = [...internet.anchors, { zone: nameFromText('island.test.'), ds: [], dnskey }];
  const ntas = nta ? [{ domain: nameFromText('test.'), until: undefined, reason: 'a test' }] : [];
  return simulate(internet, { settings: { anchors, ntas } });
}

/** Changes what the servers of `zone` say of `www.island.test. A`. */
function forge(internet: Internet, zone: string, change: (packet: Packet) => void): void {
  for (const host of internet.hostsOf(zone))
    host.options = {
      edit: (packet) => {
        const { name, type } = packet.question!;
        if (!nameEquals(name, WWW) || type !== TYPE.A) return packet;
        Object.assign(packet, { authority: [], additional: [] });
        change(packet);
        return packet;
      },
    };
}

t.test('honest: secure by its own anchor', async (t) => {
  const { ad, answer } = await anchored(world()).ask('www.island.test.');
  t.ok(ad);
  t.same(answer, ['www.island.test. a 192.0.2.1']);
});

const FORGERIES: Readonly<Record<string, (packet: Packet) => void>> = {
  'an address without a signature': (packet) => {
    packet.answer = records('www.island.test. 60 A 6.6.6.6');
  },
  'an address that the unsigned parent is said to have signed': (packet) => {
    packet.answer = records('www.island.test. 60 A 6.6.6.6', `www.island.test. 60 RRSIG A ${JUNK}`);
  },
  'NXDOMAIN, whose SOA record the unsigned parent is said to have signed': (packet) => {
    packet.answer = [];
    setRcode(packet, RCODE.NXDOMAIN);
    packet.authority = records(
      'island.test. 60 SOA a. b. 1 2 3 4 60',
      `island.test. 60 RRSIG SOA ${JUNK.replace('13 3', '13 2')}`,
    );
  },
};

for (const [what, change] of Object.entries(FORGERIES))
  for (const nta of [false, true])
    t.test(`${what}: bogus${nta ? ', also where the parent has a negative trust anchor' : ''}`, async (t) => {
      const internet = world();
      forge(internet, 'island.test.', change);
      const { rcode, answer } = await anchored(internet, nta).ask('www.island.test.');
      t.equal(rcode, 'SERVFAIL');
      t.same(answer, []);
    });

t.test('an unsigned DNAME of the parent leads nobody out of the island', async (t) => {
  const internet = world();
  const lead = records('test. 60 DNAME evil.');
  for (const host of internet.hostsOf('test.'))
    host.options = {
      edit: (packet) => {
        if (!nameEquals(packet.question!.name, WWW) && !nameEquals(packet.question!.name, WWW.subarray(4)))
          return packet;
        setRcode(packet, RCODE.NOERROR);
        return { ...packet, flags: packet.flags | 0x0400, answer: lead, authority: [], additional: [] };
      },
    };
  const { rcode, answer } = await anchored(internet).ask('www.island.test.');
  t.equal(rcode, 'SERVFAIL');
  t.same(answer, []);
  const plain = await simulate(internet).ask('www.island.test.');
  t.ok(plain.answer.includes('www.island.evil. a 6.6.6.6'), 'without the anchor it does');
});
