/** What was learned in one way is not used in another: recursion, forward rules, private zones, CD, stale data. */
import t from 'tap';
import { FLAG, RCODE } from '../../../src/wire/constants.ts';
import { records, silent } from '../../support/hostile.ts';
import { Internet } from '../../support/internet.ts';
import { encodePacket, packetFor, setRcode } from '../../support/packet.ts';
import { type SimQuery, serve } from '../../support/simnet.ts';
import { faultIn, simulate } from '../../support/simulate.ts';

const EVIL = '198.18.200.66';
/** Where forward rules of test worlds lead. */
const FORWARDER = '192.0.2.53';

const BAIT = [
  ['com. 86400 NS ns.bait.com.', `ns.bait.com. 86400 A ${EVIL}`],
  ['. 86400 NS ns.bait.com.', `ns.bait.com. 86400 A ${EVIL}`],
  ['test. 86400 NS ns.corp.test.', `ns.corp.test. 86400 A ${EVIL}`],
  ['other.test. 86400 NS ns.corp.test.', `www.other.test. 86400 A ${EVIL}`],
  ['corp.test. 86400 NS ns.corp.test.', `ns.corp.test. 86400 A ${EVIL}`],
  ['test. 86400 DNAME bait.com.', 'com. 86400 DNAME bait.com.'],
  ['www.com. 86400 CNAME www.bait.com.', `www.com. 86400 A ${EVIL}`],
];

function world(): Internet {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('com.', { servers: 1, sign: {}, text: 'www A 192.0.2.7' });
  internet.zone('test.', { servers: 1, sign: {} });
  internet.zone('other.test.', { servers: 1, text: 'www A 192.0.2.8' });
  return internet;
}

type Kind = 'positive' | 'nodata' | 'nxdomain' | 'referral' | 'truncated' | 'alias';

/** A forwarder for corp.test. who adds what he likes. */
function hostile(kind: Kind, section: 'answer' | 'authority' | 'additional', bait: readonly string[]) {
  return (query: SimQuery): void => {
    const packet = packetFor(query.message);
    packet.flags |= FLAG.RA;
    const { name } = query;
    if (kind === 'positive') packet.answer = records(`${name} 300 A 192.0.2.9`);
    if (kind === 'alias') packet.answer = records(`${name} 300 CNAME www.com.`, `www.com. 300 A ${EVIL}`);
    if (kind === 'nodata' || kind === 'nxdomain')
      packet.authority = records('corp.test. 300 SOA a. b. 1 2 3 4 5');
    if (kind === 'nxdomain') setRcode(packet, RCODE.NXDOMAIN);
    if (kind === 'referral') packet.authority = records('corp.test. 300 NS ns.corp.test.');
    packet[section] = [...packet[section], ...records(...bait)];
    if (kind === 'truncated' && query.protocol === 'udp') packet.flags |= FLAG.TC;
    query.reply(encodePacket(packet));
  };
}

for (const kind of ['positive', 'alias', 'nodata', 'nxdomain', 'referral', 'truncated'] as const)
  t.test(`MaginotDNS, ${kind}: a forwarder's bait does not reach recursion`, async (t) => {
    for (const section of ['answer', 'authority', 'additional'] as const) {
      const internet = world();
      const sim = simulate(internet, { world: { forward: ['corp.test.'] } });
      const trap = internet.net.server(EVIL, () => undefined);
      const forwarder = internet.net.server(FORWARDER, () => undefined);
      for (const [i, bait] of BAIT.entries()) {
        forwarder.behaviour = hostile(kind, section, bait);
        await sim.ask(`n${i}.corp.test.`);
      }
      for (const name of ['www.com.', 'nothing.com.', 'www.other.test.', 'nothing.test.', 'nothing.'])
        t.equal(faultIn(await sim.ask(name), internet.truth(name, 'A')), undefined, `${section}: ${name}`);
      t.equal(trap.queries.length, 0);
    }
  });

t.test(
  'NXDOMAIN shadowing (CVE-2026-44687): a secure NXDOMAIN of the parent hides no rule and no zone, 1,000 orders',
  async (t) => {
    const internet = world();
    internet.net.server(FORWARDER, serve({ 'www.corp.test.': { A: ['192.0.2.1'] } }));
    const zones = { 'priv.test.': 'www A 10.0.0.5' };
    const sim = simulate(internet, { world: { forward: ['corp.test.'], zones } });
    const names = [
      'corp.test.',
      'www.corp.test.',
      'priv.test.',
      'www.priv.test.',
      'aaa.test.',
      'zzz.test.',
      'd.test.',
    ];
    for (let order = 0; order < 1000; order++) {
      const name = names[internet.prng.below(names.length)]!;
      const { rcode, answer } = await sim.ask(name);
      if (name === 'www.corp.test.') t.same(answer, ['www.corp.test. a 192.0.2.1']);
      else if (name === 'www.priv.test.') t.same(answer, ['www.priv.test. a 10.0.0.5']);
      else if (['aaa.test.', 'zzz.test.', 'd.test.'].includes(name)) t.equal(rcode, 'NXDOMAIN');
      if (order % 10 === 0) await sim.pass(30_000);
    }
  },
);

t.test('CD=1 (BIND #5877): a forged NXDOMAIN that nobody checked leaves the secure answer', async (t) => {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, sign: {} });
  internet.zone('v.test.', {
    servers: 1,
    sign: {},
    text: '$TTL 3600\nwww A 192.0.2.1\nwww AAAA 2001:db8::1',
  });
  const [host] = internet.hostsOf('v.test.');
  const sim = simulate(internet);
  t.ok((await sim.ask('www.v.test.')).ad);
  host!.options = {
    edit: (packet) => {
      setRcode(packet, RCODE.NXDOMAIN);
      packet.answer = [];
      packet.authority = records('v.test. 86400 SOA a. b. 1 2 3 4 86400');
      return packet;
    },
  };
  const forged = await sim.ask('www.v.test.', 'AAAA', { checkingDisabled: true });
  t.equal(forged.rcode, 'NXDOMAIN', 'who says CD gets what there is');
  const { ad, answer } = await sim.ask('www.v.test.');
  t.ok(ad, 'and nobody else does');
  t.same(answer, ['www.v.test. a 192.0.2.1']);
  // Without DO it is another finished answer, made from the cache of records.
  const plain = await sim.ask('www.v.test.', 'A', { dnssecOk: false });
  t.match(plain, { rcode: 'NOERROR', answer: ['www.v.test. a 192.0.2.1'], work: { packets: 0 } });
  t.ok(sim.cached().includes('www.v.test. A rrset secure 192.0.2.1'));
  host!.options = {};
  await sim.pass(6000);
  const after = await sim.ask('www.v.test.', 'AAAA');
  t.ok(after.ad);
  t.equal(after.rcode, 'NOERROR', 'nor is it kept from them by what was not validated');
});

t.test('CD=1 data is validated for the next who asks without it', async (t) => {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, sign: {} });
  internet.zone('good.test.', { servers: 1, sign: {}, text: 'www A 192.0.2.1' });
  internet.zone('bad.test.', { servers: 1, sign: {}, text: 'www A 192.0.2.1' });
  internet.break('bad.test.', 'expired');
  const sim = simulate(internet);
  for (const zone of ['good.test.', 'bad.test.'])
    for (const order of [
      [true, false, true],
      [false, true, false],
    ])
      for (const checkingDisabled of order) {
        const given = await sim.ask(`www.${zone}`, 'A', { checkingDisabled });
        const label = `${zone} CD ${checkingDisabled}`;
        if (zone === 'good.test.') t.equal(given.rcode, 'NOERROR', label);
        else t.equal(given.rcode, checkingDisabled ? 'NOERROR' : 'SERVFAIL', label);
        if (!checkingDisabled) t.equal(given.ad, zone === 'good.test.', label);
        if (checkingDisabled) t.same(given.answer, [`www.${zone} a 192.0.2.1`], label);
      }
});

t.test(
  'stale-path poisoning (CVE-2026-46582): an expired wildcard answer is served under its own name only',
  async (t) => {
    const internet = new Internet({ rootServers: 1 });
    internet.zone('test.', { servers: 1, sign: {} });
    internet.zone('v.test.', {
      servers: 1,
      sign: {},
      text: '$TTL 60\n*.wild A 192.0.2.1\nwww A 192.0.2.2\nalias CNAME a.wild',
    });
    const sim = simulate(internet);
    for (const name of ['a.wild.v.test.', 'www.v.test.', 'alias.v.test.', 'nothing.v.test.'])
      await sim.ask(name);
    for (const each of internet.zones) internet.misbehave(each.name, silent);
    await sim.pass(600_000);
    const others = [
      'b.wild.v.test.',
      '*.wild.v.test.',
      'wild.v.test.',
      'x.a.wild.v.test.',
      'other.v.test.',
      'v.test.',
    ];
    for (const name of others) {
      const { rcode, answer } = await sim.ask(name);
      t.equal(rcode, 'SERVFAIL', name);
      t.same(answer, [], name);
    }
    const own = await sim.ask('a.wild.v.test.');
    t.same(own.answer, ['a.wild.v.test. a 192.0.2.1'], 'its own is, as expired data is');
    t.notOk(own.ad, 'and is not said to be authentic: its signature is not checked for this time');
  },
);
