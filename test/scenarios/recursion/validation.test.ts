/** Work that hostile signatures, keys and denials cause: counted signature checks and hash blocks. */
import t from 'tap';
import { algorithmTable } from '../../../src/dnssec/algorithm.ts';
import { BUDGET_NSEC3_BLOCKS, BUDGET_VERIFIES } from '../../../src/resolver/budget.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { CLASS, FLAG, RCODE, TYPE } from '../../../src/wire/constants.ts';
import { nameFromText, nameToText } from '../../../src/wire/name.ts';
import type { Rr, Rrset } from '../../../src/wire/record.ts';
import { fit } from '../../support/authority.ts';
import type { Zone } from '../../support/internet.ts';
import { Internet } from '../../support/internet.ts';
import { packetFor, setRcode } from '../../support/packet.ts';
import {
  dsOf,
  keyOf,
  makeKey,
  rsaField,
  type SigningKey,
  signedKeys,
  signRrset,
  tagOf,
} from '../../support/sign.ts';

import { type SimulatedResolver, simulate } from '../../support/simulate.ts';

const ORIGIN = nameFromText('evil.test.');
const WWW = nameFromText('www.evil.test.');

function world(
  change: (zone: Zone, internet: Internet) => void,
  text = 'www A 192.0.2.1',
): {
  internet: Internet;
  sim: SimulatedResolver;
} {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, sign: {} });
  const zone = internet.zone('evil.test.', { servers: 1, sign: { algorithm: 15, split: true }, text });
  change(zone, internet);
  return { internet, sim: simulate(internet) };
}

function rr(name: typeof ORIGIN, type: number, rdata: Uint8Array): Rr {
  return { name, type, class: CLASS.IN, ttl: 300, rdata };
}

function recordsOf(rrset: Rrset): Rr[] {
  return [
    ...rrset.rdatas.map((rdata) => rr(rrset.name, rrset.type, rdata)),
    ...(rrset.sigs ?? []).map((rdata) => rr(rrset.name, TYPE.RRSIG, rdata)),
  ];
}

const coveredBy = (record: Rr): number =>
  record.type === TYPE.RRSIG ? (record.rdata[0]! << 8) | record.rdata[1]! : 0;

/** All but the RRset and its signatures. */
function without(records: readonly Rr[], name: typeof ORIGIN, type: number): Rr[] {
  return records.filter(
    (each) => nameToText(each.name) !== nameToText(name) || (each.type !== type && coveredBy(each) !== type),
  );
}

const prng = new SeededPrng(1);

/** Ed25519 keys with the tag of `key`: two octets of each are chosen for it. */
function colliding(key: SigningKey, count: number): SigningKey[] {
  const keys: SigningKey[] = [];
  while (keys.length < count) {
    const publicKey = prng.fill(new Uint8Array(32));
    publicKey[30] = publicKey[31] = 0;
    const made = keyOf(ORIGIN, key.privateKey, publicKey, { algorithm: 15, flags: 256 });
    const missing = (key.tag - made.tag + 0xffff) % 0xffff;
    publicKey[30] = missing >>> 8;
    publicKey[31] = missing;
    const adjusted = keyOf(ORIGIN, key.privateKey, publicKey, { algorithm: 15, flags: 256 });
    if (tagOf(adjusted.rdata) === key.tag) keys.push(adjusted);
  }
  return keys;
}

/** Signatures that name the key and are none. */
function junk(rrset: Rrset, key: SigningKey, count: number): Uint8Array[] {
  return Array.from({ length: count }, () =>
    signRrset(rrset, key, { signature: prng.fill(new Uint8Array(64)) }),
  );
}

const A: Rrset = { name: WWW, type: TYPE.A, ttl: 300, rdatas: [new Uint8Array([192, 0, 2, 1])] };

for (const [what, keysCount, sigsCount] of [
  ['500 colliding keys, 500 signatures', 500, 500],
  ['2 colliding keys, 500 signatures', 2, 500],
  ['500 colliding keys, 1 signature', 500, 1],
  ['100 colliding keys, 8 signatures', 100, 8],
] as const)
  t.test(`KeyTrap: ${what}: <= ${BUDGET_VERIFIES} signature checks`, async (t) => {
    const { sim } = world((zone) => {
      const [ksk, zsk] = zone.keys as [SigningKey, SigningKey];
      const keys = signedKeys([ksk, zsk, ...colliding(zsk, keysCount)], [ksk]);
      zone.doctor = (records) => [
        ...without(without(records, ORIGIN, TYPE.DNSKEY), WWW, TYPE.A),
        ...recordsOf(keys),
        ...recordsOf({ ...A, sigs: junk(A, zsk, sigsCount) }),
      ];
    });
    await sim.ask('nothing.');
    const before = sim.resolver.verifies;
    const { rcode, work } = await sim.ask('www.evil.test.');
    t.equal(rcode, 'SERVFAIL');
    t.ok(work.verifies <= BUDGET_VERIFIES, `${work.verifies} charged`);
    t.ok(sim.resolver.verifies - before <= BUDGET_VERIFIES, `${sim.resolver.verifies - before} made`);
    await sim.ask('www.evil.test.');
    t.ok(sim.resolver.verifies - before <= BUDGET_VERIFIES, 'and it is remembered');
  });

t.test('KeyTrap in the DNSKEY RRset itself: many DS, many keys of the tag, many signatures', async (t) => {
  const { internet, sim } = world((zone) => {
    const [ksk] = zone.keys as [SigningKey];
    const keys = colliding(ksk, 100).map((key) =>
      keyOf(ORIGIN, ksk.privateKey, key.rdata.subarray(4), { algorithm: 15, flags: 256 }),
    );
    const rdatas = keys.map((key) => key.rdata);
    const rrset = { name: ORIGIN, type: TYPE.DNSKEY, ttl: 300, rdatas };
    zone.delegation.ds = keys.slice(0, 50).map((key) => dsOf(key));
    zone.doctor = (records) => [
      ...without(records, ORIGIN, TYPE.DNSKEY),
      ...recordsOf({ ...rrset, sigs: junk(rrset, keys[0]!, 300) }),
    ];
  });
  void internet;
  const { rcode, work } = await sim.ask('www.evil.test.');
  t.equal(rcode, 'SERVFAIL');
  t.ok(work.verifies <= BUDGET_VERIFIES, `${work.verifies} checks`);
});

for (const [count, rcode] of [
  [20, 'NOERROR'],
  [40, 'SERVFAIL'],
] as const)
  t.test(`${count} keys of 260 octets: of a zone no more than 8 KiB are kept`, async (t) => {
    const { sim } = world((zone) => {
      const csk = makeKey(ORIGIN, { algorithm: 15, flags: 257, seed: 'csk' });
      // In canonical order they stand before the key that signs all, as their flags are less.
      const others = Array.from({ length: count }, () =>
        keyOf(ORIGIN, csk.privateKey, prng.fill(new Uint8Array(256)), { algorithm: 8 }),
      );
      zone.signing = { keys: [csk] };
      zone.doctor = (records) => [
        ...without(records, ORIGIN, TYPE.DNSKEY),
        ...recordsOf(signedKeys([csk, ...others], [csk])),
      ];
    });
    // The keys are good, all of them: it is their owner's loss if he signs with the last.
    t.match(await sim.ask('www.evil.test.'), { rcode, ad: rcode === 'NOERROR' });
  });

/** A chain of eleven CNAMEs with an address at its end, and so many bad signatures before the good one of each link. */
function badLinks(count: number): SimulatedResolver {
  const links = Array.from({ length: 11 }, (_, i) => `l${i} CNAME l${i + 1}`);
  const { sim } = world(
    (zone) => {
      const zsk = zone.keys[1]!;
      zone.doctor = (records) =>
        records.flatMap((record) => {
          if (coveredBy(record) !== TYPE.CNAME) return [record];
          const rrset = { name: record.name, type: TYPE.CNAME, ttl: 300, rdatas: [new Uint8Array([0])] };
          return [...junk(rrset, zsk, count).map((rdata) => rr(record.name, TYPE.RRSIG, rdata)), record];
        });
    },
    `${links.join('\n')}\nl11 A 192.0.2.1`,
  );
  return sim;
}

t.test('KeyTrap by many RRsets: each link of a chain with eight bad signatures', async (t) => {
  const { work } = await badLinks(8).ask('l0.evil.test.');
  t.ok(work.verifies <= BUDGET_VERIFIES, `${work.verifies} checks`);
});

t.test(
  'a query has four checks that may fail, of all its RRsets: what is left of it makes none',
  async (t) => {
    const sim = badLinks(1);
    await sim.ask('nothing.evil.test.');
    t.match(await sim.ask('l8.evil.test.'), { rcode: 'NOERROR', ad: true }, 'three are no harm');
    const before = sim.resolver.verifies;
    t.match(await sim.ask('l0.evil.test.'), { rcode: 'SERVFAIL' });
    t.equal(sim.resolver.verifies - before, 7, 'four that fail, and three that are good between them');
  },
);

for (const type of ['A', 'MX'] as const)
  t.test(`of two servers one damages all signatures: ${type} of a name that does not exist`, async (t) => {
    const internet = new Internet({ rootServers: 1 });
    internet.zone('test.', { servers: 1, sign: {} });
    const signing = { algorithm: 15, split: true, denial: {} } as const;
    internet.zone('evil.test.', { servers: 2, sign: signing, text: 'www A 192.0.2.1' });
    const [bad] = internet.hostsOf('evil.test.');
    const damaged = (record: Rr): Rr => {
      if (record.type !== TYPE.RRSIG) return record;
      const rdata = record.rdata.slice();
      rdata[rdata.length - 1]! ^= 1;
      return { ...record, rdata };
    };
    bad!.options = {
      edit: (packet) => ({
        ...packet,
        answer: packet.answer.map(damaged),
        authority: packet.authority.map(damaged),
      }),
    };
    for (let i = 0; i < 20; i++) {
      const sim = simulate(internet, { seed: i });
      t.match(await sim.ask('x.y.evil.test.', type), { rcode: 'NXDOMAIN', ad: true });
    }
  });

t.test('odd RSA keys (BIND #6008): 16,384 bits, and an exponent without end: 0 checks', async (t) => {
  const rsa = makeKey('evil.test.', { algorithm: 8, bits: 1024, flags: 257 });
  for (const [what, exponent, octets] of [
    ['16,384 bits', new Uint8Array([1, 0, 1]), 2048],
    ['512 bits', new Uint8Array([1, 0, 1]), 64],
    ['an exponent of 2,040 bits', prng.fill(new Uint8Array(255)).fill(0x81, 0, 1), 256],
    ['no exponent', new Uint8Array([0]), 256],
  ] as const) {
    const modulus = prng.fill(new Uint8Array(octets));
    modulus[0]! |= 0x80;
    modulus[octets - 1]! |= 1;
    const key = keyOf(ORIGIN, rsa.privateKey, rsaField(exponent, modulus), { algorithm: 8, flags: 257 });
    const keys = signedKeys([key], [key]);
    let checks = 0;
    const { internet } = world((zone) => {
      zone.delegation.ds = [dsOf(key)];
      zone.doctor = (records) => [...without(records, ORIGIN, TYPE.DNSKEY), ...recordsOf(keys)];
    });
    const table = new Map(algorithmTable({ sha1: false }));
    const real = table.get(8)!;
    table.set(8, {
      ...real,
      importKey: (octets) => real.importKey(octets),
      verify: (...args) => {
        checks++;
        return real.verify(...args);
      },
    });
    const sim = simulate(internet, { resolver: { algorithms: table } });
    const { ad, rcode } = await sim.ask('www.evil.test.');
    t.equal(checks, 0, what);
    t.notOk(ad, what);
    t.equal(rcode, 'SERVFAIL', what);
  }
});

/** All NSEC3 records of the zone in every reply, whatever is asked. */
function withAllProofs(internet: Internet, rcode: number): void {
  const zone = internet.zoneOf('evil.test.');
  const proofs = zone.data.records.filter(
    (each) => each.type === TYPE.NSEC3 || coveredBy(each) === TYPE.NSEC3,
  );
  const soa = zone.data.records.filter((each) => each.type === TYPE.SOA || coveredBy(each) === TYPE.SOA);
  internet.misbehave('evil.test.', (honest) => (query) => {
    if (query.type === 'DNSKEY') return honest(query);
    const packet = packetFor(query.message);
    packet.flags |= FLAG.AA;
    packet.authority = [...soa, ...proofs];
    packet.edns = query.message.edns;
    setRcode(packet, rcode);
    query.reply(fit(packet, query));
  });
}

const LONG = `${'a.'.repeat(115)}evil.test.`;

for (const [what, iterations, salt] of [
  ['65,535 iterations', 65_535, 255],
  ['51 iterations', 51, 0],
  ['50 iterations and a salt of 255 octets', 50, 255],
  ['50 iterations', 50, 0],
  ['no iterations', 0, 0],
] as const)
  t.test(`NSEC3 CPU, ${what}, a name of 117 labels: <= ${BUDGET_NSEC3_BLOCKS} blocks`, async (t) => {
    const denial = { iterations, salt: new Uint8Array(salt) };
    const kinds = [
      ['NXDOMAIN', RCODE.NXDOMAIN, 'A'],
      ['NODATA', RCODE.NOERROR, 'A'],
      ['DS', RCODE.NOERROR, 'DS'],
    ] as const;
    // To make such a zone takes long enough for one of them.
    for (const [kind, rcode, type] of iterations > 1000 ? kinds.slice(0, 1) : kinds) {
      const { internet, sim } = world((zone) => {
        zone.signing = { algorithm: 15, split: true, denial };
      });
      withAllProofs(internet, rcode);
      const { work } = await sim.ask(LONG, type);
      t.ok(work.nsec3Blocks <= BUDGET_NSEC3_BLOCKS, `${kind}: ${work.nsec3Blocks} blocks`);
      const again = await sim.ask(`b.${LONG}`, type);
      t.ok(again.work.nsec3Blocks <= BUDGET_NSEC3_BLOCKS, `${kind} again: ${again.work.nsec3Blocks} blocks`);
      t.notOk(again.ad && iterations > 50, 'over the limit nothing is secure');
    }
  });

for (const iterations of [1, 5, 10])
  t.test(
    `a reverse zone with ${iterations} iterations: addresses without a name, 24 labels below it`,
    async (t) => {
      const { sim } = world(
        (zone) => {
          zone.signing = { algorithm: 15, split: true, denial: { iterations, salt: new Uint8Array(8) } };
        },
        `${'0.'.repeat(23)}1 PTR host.evil.test.`,
      );
      const random = '7.3.e.a.5.1.c.9.f.2.d.8.b.4.6.0';
      const below = [`${random}.${'0.'.repeat(7)}2.`, `8.${'0.'.repeat(22)}1.`, `${random}.2.2.2.2.2.2.0.1.`];
      for (const name of below) {
        const { rcode, ad, work } = await sim.ask(`${name}evil.test.`, 'PTR');
        t.match({ rcode, ad }, { rcode: 'NXDOMAIN', ad: true }, `${name} ${work.nsec3Blocks} blocks`);
      }
    },
  );

t.test('NSEC3 CPU by a wildcard, and from the cache of proofs', async (t) => {
  const { sim } = world((zone) => {
    zone.signing = { algorithm: 15, split: true, denial: { iterations: 50, salt: new Uint8Array(200) } };
  }, '* A 192.0.2.1\nwww A 192.0.2.2');
  for (let i = 0; i < 20; i++) {
    const { work, rcode } = await sim.ask(`${'x.'.repeat(i)}n${i}.evil.test.`);
    t.ok(work.nsec3Blocks <= BUDGET_NSEC3_BLOCKS, `${rcode}: ${work.nsec3Blocks} blocks`);
  }
});

for (const [names, proved] of [
  [2, true],
  [100, false],
  [200, false],
] as const)
  t.test(`many proofs (CVE-2026-11605): ${names + 3} NSEC3 records in one reply`, async (t) => {
    const text = Array.from({ length: names }, (_, i) => `n${i} A 192.0.2.1`).join('\n');
    const { internet, sim } = world((zone) => {
      zone.signing = { algorithm: 15, split: true, denial: {} };
    }, text);
    withAllProofs(internet, RCODE.NXDOMAIN);
    const { rcode, work } = await sim.ask('x.y.z.evil.test.');
    t.equal(rcode, proved ? 'NXDOMAIN' : 'SERVFAIL');
    t.ok(work.verifies > 8, 'the chain down to the zone, and some of the proofs');
    t.ok(work.nsec3Blocks >= 2 && work.nsec3Blocks <= BUDGET_NSEC3_BLOCKS, `${work.nsec3Blocks} blocks`);
    t.ok(work.verifies <= BUDGET_VERIFIES, `${work.verifies} checks`);
  });
