/** Records that nobody asked for, in every section of every kind of reply: none of them may be believed. */
import t from 'tap';
import { FLAG, RCODE } from '../../../src/wire/constants.ts';
import { nameToText } from '../../../src/wire/name.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { records } from '../../support/hostile.ts';
import { type Host, Internet } from '../../support/internet.ts';
import { type Packet, setRcode } from '../../support/packet.ts';

import { faultIn, type SimulatedResolver, simulate } from '../../support/simulate.ts';

const EVIL = '198.18.200.66';

/** `com.` and `victim.com.`, and an attacker in both `com.` and `test.`. */
function world(): { internet: Internet; sim: SimulatedResolver; evil: Host } {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('com.', { servers: 1 });
  internet.zone('test.', { servers: 1 });
  internet.zone('victim.com.', { servers: 1, text: 'www A 192.0.2.1\nmail A 192.0.2.2' });
  internet.zone('bank.victim.com.', { servers: 1, text: 'www A 192.0.2.3' });
  const evil = internet.host('ns1.evil.com.');
  const text =
    'www A 192.0.2.100\n*.wild A 192.0.2.100\n*.alias CNAME www\n*.out CNAME www.victim.com.\n*.text TXT "t"';
  internet.zone('evil.com.', { servers: [evil], text });
  return { internet, sim: simulate(internet), evil };
}

/** What an attacker would like to be believed. All lead to an address where he waits. */
const BAIT: Readonly<Record<string, readonly string[]>> = {
  'NS of the parent': ['com. 86400 NS ns.bait.com.', `ns.bait.com. 86400 A ${EVIL}`],
  'NS of the root': ['. 86400 NS ns.bait.com.', `ns.bait.com. 86400 A ${EVIL}`],
  'NS of a sibling': ['victim.com. 86400 NS ns.bait.com.', `ns.bait.com. 86400 A ${EVIL}`],
  'NS below a sibling': ['bank.victim.com. 86400 NS ns.bait.com.', `ns.bait.com. 86400 A ${EVIL}`],
  'address of the victim': [`www.victim.com. 86400 A ${EVIL}`, `ns1.victim.com. 86400 A ${EVIL}`],
  "address of the parent's server": [`ns1.com. 86400 A ${EVIL}`, `a.root-servers. 86400 A ${EVIL}`],
  'NS of itself with the victim as server': [
    'evil.com. 86400 NS ns1.victim.com.',
    `ns1.victim.com. 86400 A ${EVIL}`,
  ],
  'DNAME of the parent': ['com. 86400 DNAME bait.com.'],
  'DNAME of the victim': ['victim.com. 86400 DNAME bait.com.'],
  'CNAME of the victim': ['www.victim.com. 86400 CNAME www.bait.com.'],
  'DS of a sibling': [`victim.com. 86400 DS 1 13 2 ${'00'.repeat(32)}`],
  'SOA of the parent': ['com. 86400 SOA ns.bait.com. h.bait.com. 1 2 3 4 86400'],
};

type Section = 'answer' | 'authority' | 'additional';
const SECTIONS: readonly Section[] = ['answer', 'authority', 'additional'];

/** Kinds of replies, by what is asked (`N`: a number of its own) and what becomes of the reply. */
interface Shape {
  readonly name: string;
  readonly change?: (packet: Packet) => void;
  /** After such a reply the server is not asked for a while. */
  readonly once?: true;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  positive: { name: 'nN.wild.evil.com.' },
  alias: { name: 'nN.alias.evil.com.' },
  'alias that leads away': { name: 'nN.out.evil.com.' },
  nodata: { name: 'nN.text.evil.com.' },
  nxdomain: { name: 'nN.evil.com.' },
  yxdomain: { name: 'nN.wild.evil.com.', change: (packet) => setRcode(packet, RCODE.YXDOMAIN) },
  referral: {
    name: 'www.cutN.evil.com.',
    change: (packet) => {
      packet.flags &= ~FLAG.AA;
      setRcode(packet, RCODE.NOERROR);
      packet.answer = [];
      const cut = nameToText(packet.question!.name).split('.').slice(-4).join('.');
      packet.authority = records(`${cut} 300 NS ns1.evil.com.`);
    },
  },
  servfail: { name: 'nN.wild.evil.com.', once: true, change: (packet) => setRcode(packet, RCODE.SERVFAIL) },
  refused: { name: 'nN.wild.evil.com.', once: true, change: (packet) => setRcode(packet, RCODE.REFUSED) },
  'not authoritative': {
    name: 'nN.wild.evil.com.',
    once: true,
    change: (packet) => {
      packet.flags &= ~FLAG.AA;
    },
  },
  'upward referral': {
    name: 'nN.wild.evil.com.',
    once: true,
    change: (packet) => {
      packet.flags &= ~FLAG.AA;
      packet.answer = [];
      packet.authority = [];
    },
  },
};

/** Each anew, so that no cache of answers hides whom the resolver asks. */
const QUESTIONS = ['nN.victim.com.', 'nN.bank.victim.com.', 'nN.com.', 'nN.test.', 'nN.', 'www.victim.com.'];

/** The bait among the records of a section, before them or behind. */
function laid(section: readonly Rr[], bait: readonly Rr[], before: boolean): Rr[] {
  return before ? [...bait, ...section] : [...section, ...bait];
}

/** What to add: each bait by itself, or all of them at once. */
const BAITS: readonly (readonly [string, readonly string[]])[] = Object.entries(BAIT);
const ALL: typeof BAITS = [['all baits', Object.values(BAIT).flat()]];

for (const [shape, { name, change, once }] of Object.entries(SHAPES))
  t.test(
    `promiscuous NS, ${shape}: whatever is added in whichever section, nothing of it is believed`,
    async (t) => {
      let { internet, sim, evil } = world();
      let trap = internet.net.server(EVIL, () => undefined);
      let n = 0;
      for (const [what, lines] of once ? ALL : BAITS)
        for (const section of SECTIONS)
          for (const before of [true, false]) {
            if (once) {
              ({ internet, sim, evil } = world());
              trap = internet.net.server(EVIL, () => undefined);
            }
            n++;
            evil.options = {
              edit: (packet) => {
                change?.(packet);
                packet[section] = laid(packet[section], records(...lines), before);
                return packet;
              },
            };
            const asked = `${what} in ${section}`;
            await sim.ask(name.replace('N', `${n}`));
            evil.options = {};
            for (const question of QUESTIONS.map((each) => each.replace('N', `${n}`))) {
              const fault = faultIn(await sim.ask(question), internet.truth(question, 'A'));
              if (fault !== undefined) t.fail(`${asked}: ${question} ${fault}`);
            }
            const bad = sim.cached().filter((line) => /bait|200\.66/.test(line));
            if (bad.length > 0) t.fail(`${asked}: in the cache ${bad}`);
            if (trap.queries.length > 0) t.fail(`${asked}: ${trap.queries[0]!.name} asked of the attacker`);
          }
      t.pass(`${n} replies`);
    },
  );

t.test('a parent is believed about its own delegations only', async (t) => {
  // The servers of com. are honest but for a referral that says more than was asked.
  const { internet, sim } = world();
  const trap = internet.net.server(EVIL, () => undefined);
  const [com] = internet.hostsOf('com.');
  com!.options = {
    edit: (packet) => {
      packet.authority.push(
        ...records('test. 86400 NS ns.bait.test.', 'victim.test. 86400 NS ns.bait.test.'),
      );
      packet.additional.push(...records(`ns.bait.test. 86400 A ${EVIL}`, `ns1.test. 86400 A ${EVIL}`));
      return packet;
    },
  };
  await sim.ask('www.victim.com.');
  for (const name of ['nothing.test.', 'www.victim.test.', 'www.victim.com.'])
    t.equal(faultIn(await sim.ask(name), internet.truth(name, 'A')), undefined, name);
  t.equal(trap.queries.length, 0);
});

t.test(
  'glue is for the servers of this referral, at or below the zone that refers, and for nothing else',
  async (t) => {
    const { internet, sim, evil } = world();
    const trap = internet.net.server(EVIL, () => undefined);
    evil.options = {
      edit: (packet, query) => {
        if (!query.name.toLowerCase().endsWith('sub.evil.com.')) return packet;
        packet.flags &= ~FLAG.AA;
        setRcode(packet, RCODE.NOERROR);
        packet.answer = [];
        packet.authority = records('sub.evil.com. 300 NS ns1.victim.com.', 'sub.evil.com. 300 NS ns1.test.');
        packet.additional = records(
          `ns1.victim.com. 300 A ${EVIL}`,
          `ns1.test. 300 A ${EVIL}`,
          `www.victim.com. 300 A ${EVIL}`,
        );
        return packet;
      },
    };
    await sim.ask('www.sub.evil.com.');
    evil.options = {};
    for (const name of ['www.victim.com.', 'nothing.test.', 'ns1.victim.com.', 'ns1.test.'])
      t.equal(faultIn(await sim.ask(name), internet.truth(name, 'A')), undefined, name);
    t.equal(
      trap.queries.length,
      0,
      'nor is it asked for the delegation itself: the name is not in the zone that says it',
    );
  },
);

t.test('DS for the zone itself or above, from the child: not believed', async (t) => {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { sign: {}, servers: 1 });
  internet.zone('child.test.', { servers: 1, sign: {}, text: 'www A 192.0.2.1' });
  const [child] = internet.hostsOf('child.test.');
  const sim = simulate(internet);
  child!.options = {
    edit: (packet) => {
      packet.answer.push(...records(`child.test. 3600 DS 1 13 2 ${'00'.repeat(32)}`));
      packet.authority.push(...records(`child.test. 3600 DS 1 13 2 ${'00'.repeat(32)}`));
      return packet;
    },
  };
  for (const name of ['www.child.test.', 'nothing.child.test.']) t.ok((await sim.ask(name)).ad, name);
  t.equal(faultIn(await sim.ask('child.test.', 'DS'), internet.truth('child.test.', 'DS')), undefined);
});

t.test(
  'Injection Reloaded: labels with a dot, a zero octet and a backslash are names of their own',
  async (t) => {
    const internet = new Internet({ rootServers: 1 });
    internet.zone('test.', { servers: 1 });
    const evil = 'www\\.victim A 192.0.2.66\nvictim\\000 A 192.0.2.66\nwww\\092.victim A 192.0.2.66';
    internet.zone('v.test.', { servers: 1, text: `${evil}\nwww.victim A 192.0.2.1\nvictim A 192.0.2.1` });
    const sim = simulate(internet);
    const odd = ['www\\.victim.v.test.', 'victim\\000.v.test.', 'www\\092.victim.v.test.'];
    for (const name of [...odd, 'www.victim.v.test.', 'victim.v.test.', ...odd])
      t.equal(faultIn(await sim.ask(name), internet.truth(name, 'A')), undefined, name);
    t.equal(new Set(sim.cached().filter((line) => / A rrset /.test(line))).size, 5);
  },
);

t.test(
  'an address of 0.0.0.0 as glue (CVE-2026-50251): it is not asked, and nothing is forgotten',
  async (t) => {
    const { internet, sim, evil } = world();
    await sim.ask('www.victim.com.');
    const before = sim.cached();
    evil.options = {
      edit: (packet, query) => {
        if (!query.name.toLowerCase().endsWith('sub.evil.com.')) return packet;
        packet.flags &= ~FLAG.AA;
        setRcode(packet, RCODE.NOERROR);
        packet.answer = [];
        packet.authority = records('sub.evil.com. 300 NS ns.sub.evil.com.');
        packet.additional = records(
          'ns.sub.evil.com. 300 A 0.0.0.0',
          'ns.sub.evil.com. 300 AAAA ::',
          'ns.sub.evil.com. 300 A 255.255.255.255',
          'ns.sub.evil.com. 300 A 224.0.0.1',
        );
        return packet;
      },
    };
    await sim.ask('www.sub.evil.com.');
    t.equal(internet.net.astray.length, 0);
    for (const line of before) t.ok(sim.cached().includes(line), line);
  },
);
