/**
 * Denials that lie: the family of July 2026 (CVE-2026-11721, -44690, -52688, -13321, -10723) and its elders. An attacker
 * who owns a signed zone, or sits before the servers of another, must not make anyone's names go away or appear.
 */
import t, { type Test } from 'tap';
import { toBase32Hex } from '../../../src/wire/base.ts';
import { CLASS, FLAG, RCODE, TYPE } from '../../../src/wire/constants.ts';
import { type Name, nameFromText, nameToText } from '../../../src/wire/name.ts';
import type { Rr, Rrset } from '../../../src/wire/record.ts';
import { nsec3Hash } from '../../support/authority-zone.ts';
import { Internet, type Signing } from '../../support/internet.ts';
import { type Packet, setRcode } from '../../support/packet.ts';
import { type SigningKey, type SignOptions, signRrset } from '../../support/sign.ts';
import { typeBitmap } from '../../support/signzone.ts';

import { faultIn, simulate } from '../../support/simulate.ts';

const TEXT = 'www A 192.0.2.1\n*.wild A 192.0.2.2\nz A 192.0.2.3';

function world(sign: Signing = {}): Internet {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, sign });
  for (const name of ['evil.test.', 'victim.test.', 'zone.test.'])
    internet.zone(name, { servers: 1, sign, text: TEXT });
  internet.zone('plain.test.', { servers: 1, text: TEXT });
  internet.zone('sub.evil.test.', { servers: 1, sign, text: TEXT });
  return internet;
}

const VICTIMS = [
  ...['www.victim.test.', 'victim.test.', 'nothing.victim.test.', 'www.zone.test.', 'a.wild.zone.test.'],
  ...['www.plain.test.', 'plain.test.', 'other.test.', 'ns1.test.'],
];

/** What the attacker says instead of everything but his keys. */
function say(internet: Internet, zone: string, change: (packet: Packet) => void): void {
  for (const host of internet.hostsOf(zone))
    host.options = {
      edit: (packet) => {
        if (packet.question?.type === TYPE.DNSKEY) return packet;
        packet.flags |= FLAG.AA;
        packet.answer = [];
        packet.authority = [];
        change(packet);
        return packet;
      },
    };
}

function rr(name: Name, type: number, rdata: Uint8Array): Rr {
  return { name, type, class: CLASS.IN, ttl: 300, rdata };
}

/** The records of one RRset, signed by the attacker's own key in whatever way. */
function signed(rrset: Rrset, key: SigningKey, options: SignOptions = {}): Rr[] {
  return [
    ...rrset.rdatas.map((rdata) => rr(rrset.name, rrset.type, rdata)),
    rr(rrset.name, TYPE.RRSIG, signRrset(rrset, key, options)),
  ];
}

function nsec(
  owner: string,
  next: string,
  types: readonly number[] = [TYPE.NS, TYPE.SOA, TYPE.RRSIG, TYPE.NSEC],
): Rrset {
  const rdata = Uint8Array.from([...nameFromText(next), ...typeBitmap(types)]);
  return { name: nameFromText(owner), type: TYPE.NSEC, ttl: 300, rdatas: [rdata] };
}

/** RRsets of a zone with their signatures, as they are. */
function genuine(internet: Internet, zone: string, type: number, owner?: string): Rr[] {
  return internet.zoneOf(zone).data.records.filter((each) => {
    const covered = each.type === TYPE.RRSIG ? (each.rdata[0]! << 8) | each.rdata[1]! : each.type;
    return covered === type && (owner === undefined || nameToText(each.name) === owner);
  });
}

const soaOf = (internet: Internet, zone: string): Rr[] => genuine(internet, zone, TYPE.SOA);

/** Nothing of other zones has changed, whatever the attacker was asked before. */
async function unharmed(
  t: Test,
  internet: Internet,
  sim: ReturnType<typeof simulate>,
  what: string,
): Promise<void> {
  for (const name of VICTIMS) {
    const given = await sim.ask(name);
    t.equal(faultIn(given, internet.truth(name, 'A')), undefined, `${what}: ${name}`);
  }
}

t.test('NSEC with a next name out of the zone (CVE-2026-13321): it denies nothing there', async (t) => {
  for (const [owner, next] of [
    ['evil.test.', 'zzz.test.'],
    ['z.evil.test.', 'zzz.test.'],
    ['evil.test.', 'test.'],
    ['evil.test.', '.'],
    ['www.evil.test.', 'aaa.'],
  ] as const) {
    const internet = world();
    const [key] = internet.zoneOf('evil.test.').keys;
    say(internet, 'evil.test.', (packet) => {
      setRcode(packet, RCODE.NXDOMAIN);
      packet.authority = [...soaOf(internet, 'evil.test.'), ...signed(nsec(owner, next), key!)];
    });
    const sim = simulate(internet);
    for (const name of ['nothing.evil.test.', 'x.y.evil.test.']) {
      const { ad } = await sim.ask(name);
      if (next !== 'test.' && owner !== 'evil.test.') t.notOk(ad, `${owner} ${next}: ${name}`);
    }
    await unharmed(t, internet, sim, `${owner} NSEC ${next}`);
  }
});

t.test(
  'RRSIG with fewer labels than its signer (CVE-2026-11721, -44690, -52688): not secure, no wildcard for others',
  async (t) => {
    for (const labels of [0, 1]) {
      const internet = world();
      const [key] = internet.zoneOf('evil.test.').keys;
      const owner = nameFromText(labels === 0 ? '*.' : '*.test.');
      const www: Rrset = {
        name: nameFromText('www.evil.test.'),
        type: TYPE.A,
        ttl: 300,
        rdatas: [new Uint8Array([192, 0, 2, 66])],
      };
      say(internet, 'evil.test.', (packet) => {
        packet.answer = signed(www, key!, { labels, owner });
        packet.authority = signed(nsec('evil.test.', 'zzz.evil.test.'), key!);
      });
      const sim = simulate(internet);
      const { ad, rcode } = await sim.ask('www.evil.test.');
      t.notOk(ad, `labels ${labels}: ${rcode}`);
      await unharmed(t, internet, sim, `labels ${labels}`);
      t.notOk(sim.cached().some((line) => /secure 192\.0\.2\.66/.test(line)));
    }
  },
);

t.test('NSEC made from a wildcard, and NSEC with fewer labels than its owner: deny nothing', async (t) => {
  const internet = world();
  const [key] = internet.zoneOf('evil.test.').keys;
  for (const [owner, labels, from] of [
    ['a.b.evil.test.', 2, '*.evil.test.'],
    ['a.evil.test.', 1, '*.test.'],
  ] as const) {
    say(internet, 'evil.test.', (packet) => {
      setRcode(packet, RCODE.NXDOMAIN);
      const proof = signed(nsec(owner, 'zz.evil.test.'), key!, { labels, owner: nameFromText(from) });
      packet.authority = [...soaOf(internet, 'evil.test.'), ...proof];
    });
    const sim = simulate(internet);
    t.notOk((await sim.ask('m.evil.test.')).ad, owner);
    await unharmed(t, internet, sim, owner);
  }
});

t.test('unvalidated NSEC records (signed by nobody, by junk, by another zone): deny nothing', async (t) => {
  const kinds: readonly (readonly [string, (internet: Internet) => Rr[]])[] = [
    ['unsigned', () => [rr(nameFromText('test.'), TYPE.NSEC, nsec('test.', 'zzz.test.').rdatas[0]!)]],
    [
      'signed by the key of the attacker in the name of the parent',
      (internet) =>
        signed(nsec('test.', 'zzz.test.'), internet.zoneOf('evil.test.').keys[0]!, {
          signer: nameFromText('test.'),
        }),
    ],
    [
      'signed by the attacker',
      (internet) => signed(nsec('test.', 'zzz.test.'), internet.zoneOf('evil.test.').keys[0]!),
    ],
    [
      'of a victim, by the attacker',
      (internet) => signed(nsec('a.victim.test.', 'zz.victim.test.'), internet.zoneOf('evil.test.').keys[0]!),
    ],
  ];
  for (const from of ['evil.test.', 'plain.test.'])
    for (const [what, make] of kinds) {
      const internet = world();
      const bait = make(internet);
      for (const host of internet.hostsOf(from))
        host.options = {
          edit: (packet) => {
            packet.authority.push(...bait);
            return packet;
          },
        };
      const sim = simulate(internet);
      for (const name of [`www.${from}`, `nothing.${from}`, `x.wild.${from}`]) await sim.ask(name);
      await unharmed(t, internet, sim, `${from} ${what}`);
    }
});

t.test('the parent side of a cut denies nothing of the child (RFC 6840 sections 4.1 and 4.4)', async (t) => {
  for (const sign of [{}, { denial: {} }] as const)
    for (const rcode of [RCODE.NXDOMAIN, RCODE.NOERROR]) {
      const internet = world(sign);
      const type = 'denial' in sign ? TYPE.NSEC3 : TYPE.NSEC;
      say(internet, 'victim.test.', (packet) => {
        setRcode(packet, rcode);
        packet.authority = [
          ...soaOf(internet, 'victim.test.'),
          ...soaOf(internet, 'test.'),
          ...genuine(internet, 'test.', type),
        ];
      });
      const sim = simulate(internet);
      for (const [name, qtype] of [
        ['www.victim.test.', 'A'],
        ['victim.test.', 'MX'],
        ['x.y.victim.test.', 'A'],
      ] as const) {
        const { ad, rcode: given } = await sim.ask(name, qtype);
        t.equal(given, 'SERVFAIL', `${name} ${qtype}`);
        t.notOk(ad);
      }
    }
});

t.test('the child side of a cut does not deny its DS (RFC 6840 section 4.4)', async (t) => {
  // The parent's servers are in the attacker's hand: they offer the child's own NSEC as proof that it is not signed.
  const internet = world();
  const zone = internet.zoneOf('victim.test.');
  for (const host of internet.hostsOf('test.'))
    host.options = {
      edit: (packet) => {
        const refers = packet.authority.some(
          (each) => each.type === TYPE.NS && nameToText(each.name) === zone.name,
        );
        const isDs = packet.question?.type === TYPE.DS;
        if (!refers && !isDs) return packet;
        packet.answer = [];
        const ns = packet.authority.filter((each) => each.type === TYPE.NS);
        packet.authority = [
          ...ns,
          ...(isDs ? soaOf(internet, 'victim.test.') : []),
          ...genuine(internet, 'victim.test.', TYPE.NSEC, 'victim.test.'),
        ];
        return packet;
      },
    };
  const { rcode, ad } = await simulate(internet).ask('www.victim.test.');
  t.equal(rcode, 'SERVFAIL');
  t.notOk(ad);
});

t.test(
  'val_mal_wc: a wildcard passed off as a name that exists, and as one beyond the closest encloser',
  async (t) => {
    for (const sign of [{}, { denial: {} }] as const) {
      const type = 'denial' in sign ? TYPE.NSEC3 : TYPE.NSEC;
      for (const name of ['www.victim.test.', 'www.wild.victim.test.', 'a.www.victim.test.']) {
        const internet = world(sign);
        const victim = internet.zoneOf('victim.test.');
        victim.text = `${TEXT}\nwww.wild A 192.0.2.9\n* A 192.0.2.66`;
        victim.changed();
        const from = name.includes('.wild.') ? '*.wild.victim.test.' : '*.victim.test.';
        say(internet, 'victim.test.', (packet) => {
          const owner = packet.question!.name;
          packet.answer = genuine(internet, 'victim.test.', TYPE.A, from).map((each) => ({
            ...each,
            name: owner,
          }));
          packet.authority = genuine(internet, 'victim.test.', type);
        });
        const { ad, rcode } = await simulate(internet).ask(name);
        t.equal(rcode, 'SERVFAIL', name);
        t.notOk(ad, name);
      }
    }
  },
);

t.test(
  'NSEC3 of another depth (CVE-2026-10723): the owner is a hash and the signer, nothing between',
  async (t) => {
    // Hashes of the names of others, or of the apex, as labels of names in the attacker's zone.
    const label = (name: string): string =>
      toBase32Hex(nsec3Hash(nameFromText(name), 0, new Uint8Array(0))).toLowerCase();
    const hashes = [
      'victim.test.',
      'www.victim.test.',
      'test.',
      'evil.test.',
      'sub.evil.test.',
      'www.sub.evil.test.',
    ];
    for (const place of ['evil.test.', 'sub.evil.test.', 'x.evil.test.'])
      for (const types of [[TYPE.NS], [TYPE.SOA, TYPE.NS], []]) {
        const internet = world({ denial: {} });
        const [key] = internet.zoneOf('evil.test.').keys;
        const proofs = hashes.flatMap((name) => {
          const next = nsec3Hash(nameFromText(name), 0, new Uint8Array(0));
          next[19]! ^= 1;
          const rdata = Uint8Array.from([1, 1, 0, 0, 0, 20, ...next, ...typeBitmap(types)]);
          return signed(
            { name: nameFromText(`${label(name)}.${place}`), type: TYPE.NSEC3, ttl: 300, rdatas: [rdata] },
            key!,
          );
        });
        say(internet, 'evil.test.', (packet) => {
          setRcode(packet, RCODE.NXDOMAIN);
          packet.authority = [...soaOf(internet, 'evil.test.'), ...proofs];
        });
        const sim = simulate(internet);
        for (const name of ['nothing.evil.test.', 'x.y.evil.test.', 'z.evil.test.']) await sim.ask(name);
        for (const name of VICTIMS)
          t.equal(
            faultIn(await sim.ask(name), internet.truth(name, 'A')),
            undefined,
            `${place} ${types}: ${name}`,
          );
      }
  },
);

t.test('a secure NXDOMAIN covers what is below it in its zone, and no zone below', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  t.ok((await sim.ask('nothing.evil.test.')).ad);
  const before = internet.packets;
  t.ok((await sim.ask('a.b.nothing.evil.test.')).ad);
  t.equal(internet.packets, before, 'RFC 8020');
  await unharmed(t, internet, sim, 'after an NXDOMAIN');
});

t.test(
  'aggressive NSEC: names in a gap that was proven are denied without a packet, with proof',
  async (t) => {
    for (const sign of [{}, { denial: {} }] as const) {
      const internet = world(sign);
      const sim = simulate(internet);
      for (let i = 0; i < 30; i++) await sim.ask(`warm${i}.victim.test.`);
      const before = internet.packets;
      for (let i = 0; i < 300; i++) {
        const given = await sim.ask(`n${i}.victim.test.`);
        if (faultIn(given, internet.truth(`n${i}.victim.test.`, 'A')) !== undefined) t.fail(`n${i}`);
        if (!given.message.authority.some((each) => each.type === TYPE.NSEC || each.type === TYPE.NSEC3))
          t.fail(`n${i}: no proof`);
      }
      t.ok(internet.packets - before <= 10, `${internet.packets - before} packets for 300 names`);
      for (const name of ['www.victim.test.', 'x.wild.victim.test.', 'z.victim.test.'])
        t.equal(faultIn(await sim.ask(name), internet.truth(name, 'A')), undefined, name);
    }
  },
);

/** NSEC records with the TTL that signers gave them before RFC 9077: that of the zone, not that of its denials. */
function longLived(records: readonly Rr[], key: SigningKey): Rr[] {
  return records.flatMap((each) => {
    if (each.type === TYPE.RRSIG && ((each.rdata[0]! << 8) | each.rdata[1]!) === TYPE.NSEC) return [];
    if (each.type !== TYPE.NSEC) return [each];
    const rrset = { name: each.name, type: each.type, ttl: 86_400, rdatas: [each.rdata] };
    const sig = { ...each, ttl: rrset.ttl, type: TYPE.RRSIG, rdata: signRrset(rrset, key) };
    return [{ ...each, ttl: rrset.ttl }, sig];
  });
}

for (const [what, limits, ms] of [
  ['as long as the zone says that a denial holds (RFC 9077)', {}, 301_000],
  ['no longer than this node keeps denials', { negativeCeiling: 60 }, 61_000],
] as const)
  t.test(`aggressive NSEC: a record denies other names ${what}`, async (t) => {
    const internet = world();
    const zone = internet.zoneOf('victim.test.');
    zone.doctor = (records) => longLived(records, zone.keys[0]!);
    const sim = simulate(internet);
    sim.cache.configure(limits);
    t.equal((await sim.ask('x.victim.test.')).rcode, 'NXDOMAIN');
    t.match(await sim.ask('xnew.victim.test.'), { rcode: 'NXDOMAIN', work: { packets: 0 } });
    zone.text += '\nxnew A 192.0.2.4';
    zone.changed();
    await sim.pass(ms);
    // By another record, with an SOA record that is fresh.
    t.equal((await sim.ask('zz.victim.test.')).rcode, 'NXDOMAIN');
    t.equal((await sim.ask('xnew.victim.test.')).rcode, 'NOERROR');
  });

for (const [octets, isKept] of [
  [400, true],
  [3000, false],
] as const)
  t.test(
    `aggressive NSEC: a record with signatures of ${octets} octets denies ${isKept ? 'others' : 'its own'}`,
    async (t) => {
      const internet = world();
      const zone = internet.zoneOf('victim.test.');
      // Of an algorithm that nobody knows, beside the good one.
      const other = (rrset: Rrset): Uint8Array =>
        signRrset(rrset, zone.keys[0]!, { algorithm: 200, signature: new Uint8Array(octets) });
      zone.doctor = (records) =>
        records.flatMap((each) => {
          if (each.type !== TYPE.NSEC) return [each];
          const rrset = { name: each.name, type: each.type, ttl: each.ttl, rdatas: [each.rdata] };
          return [each, { ...each, type: TYPE.RRSIG, rdata: other(rrset) }];
        });
      const sim = simulate(internet);
      t.match(await sim.ask('x.victim.test.'), { rcode: 'NXDOMAIN', ad: true });
      const { rcode, ad, work } = await sim.ask('xnew.victim.test.');
      t.same([rcode, ad, work.packets === 0], ['NXDOMAIN', true, isKept]);
    },
  );

t.test('an alias of a wildcard in the place of DS records: without a proof it hides no zone', async (t) => {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 2, sign: {}, text: '* CNAME www' });
  internet.zone('victim.test.', { servers: 1, sign: {}, text: TEXT });
  const victim = nameFromText('victim.test.');
  const alias = genuine(internet, 'test.', TYPE.CNAME, '*.test.').map((each) => ({ ...each, name: victim }));
  const [bad] = internet.hostsOf('test.');
  bad!.options = {
    edit: (packet, { name, type }) => {
      const isDs = name.toLowerCase() === 'victim.test.' && type === 'DS';
      const isOfDs = ({ type, rdata }: Rr): boolean =>
        type === TYPE.DS || (type === TYPE.RRSIG && ((rdata[0]! << 8) | rdata[1]!) === TYPE.DS);
      const authority = packet.authority.filter((each) => !isOfDs(each));
      return isDs ? { ...packet, answer: alias, authority: [] } : { ...packet, authority };
    },
  };
  for (let seed = 0; seed < 8; seed++) {
    const sim = simulate(internet, { seed });
    t.match(await sim.ask('www.victim.test.'), { rcode: 'NOERROR', ad: true }, `${seed}`);
  }
});

t.test('of an unvalidated denial eight NSEC records are kept', async (t) => {
  const internet = world();
  const records = Array.from({ length: 12 }, (_, i) => nsec(`n${i}.evil.test.`, `n${i}x.evil.test.`));
  say(internet, 'evil.test.', (packet) => {
    setRcode(packet, RCODE.NXDOMAIN);
    packet.authority = [
      ...soaOf(internet, 'evil.test.'),
      ...records.map(({ name, type, rdatas }) => rr(name, type, rdatas[0]!)),
    ];
  });
  const sim = simulate(internet);
  const { message } = await sim.ask('nothing.evil.test.', 'A', { checkingDisabled: true });
  t.equal(message.authority.filter(({ type }) => type === TYPE.NSEC).length, 8);
});
