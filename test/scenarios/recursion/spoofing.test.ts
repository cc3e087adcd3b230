/** Forgers between the resolver and authoritative servers, near and far. The forwarding's are in ../spoofing.test.ts. */
import t from 'tap';
import { FLAG } from '../../../src/wire/constants.ts';
import type { AuthorityOptions } from '../../support/authority.ts';
import {
  alwaysTruncated,
  dropEdns,
  formerrOnEdns,
  garbageFirst,
  lowerCased,
  only,
  records,
  replies,
  silent,
  wrongId,
} from '../../support/hostile.ts';
import { Internet } from '../../support/internet.ts';
import { encodePacket, packetFor } from '../../support/packet.ts';
import type { SimQuery } from '../../support/simnet.ts';

import { type SimulatedResolver, simulate } from '../../support/simulate.ts';

const WWW = 'www.victim.test. a 192.0.2.1';
const EVIL = '192.0.2.66';

function world(options: AuthorityOptions = {}): { internet: Internet; sim: SimulatedResolver } {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { sign: {}, servers: 1 });
  const text = 'www A 192.0.2.1\n* A 192.0.2.1\nbig TXT ' + `"${'b'.repeat(250)}" `.repeat(8);
  internet.zone('victim.test.', { servers: 1, text });
  internet.zone('signed.test.', { servers: 1, sign: {}, text });
  for (const name of ['victim.test.', 'signed.test.']) internet.hostsOf(name)[0]!.options = options;
  return { internet, sim: simulate(internet) };
}

/** A reply to `query` that says where the attacker is, and that he serves the zone. */
function forged(query: SimQuery): Uint8Array {
  const packet = packetFor(query.message);
  packet.flags |= FLAG.AA;
  packet.answer = records(`${query.name} 3600 A ${EVIL}`);
  packet.authority = records('victim.test. 86400 NS ns.evil.');
  packet.additional = records(`ns.evil. 86400 A ${EVIL}`);
  return encodePacket(packet);
}

t.test('Kaminsky: 65,536 IDs on a wrong port and from a wrong address: 0 accepted', async (t) => {
  const { internet, sim } = world();
  await sim.ask('victim.test.', 'NS');
  const server = internet.hostsOf('victim.test.')[0]!.servers[0]!;
  server.from.delay = 100;
  const asked = sim.start('www.victim.test.', 'A');
  await sim.pass(20);
  const query = server.queries.at(-1)!;
  const bytes = forged(query);
  for (let id = 0; id < 0x10000; id++) {
    bytes[0] = id >>> 8;
    bytes[1] = id;
    internet.net.forge(server.address, (query.port % 64_000) + 1024, bytes);
    internet.net.forge('198.18.99.99', query.port, bytes);
  }
  await sim.pass(500);
  t.same((await asked).answer, [WWW]);
  t.notOk(sim.cached().some((line) => line.includes(EVIL)));
});

t.test(
  'near-miss guessing: one wrong ID on the right port: one query by TCP, the guesses that follow are lost',
  async (t) => {
    const { internet, sim } = world();
    await sim.ask('victim.test.', 'NS');
    const server = internet.hostsOf('victim.test.')[0]!.servers[0]!;
    server.from.delay = 100;
    const { tcp } = internet.net.sent;
    const asked = sim.start('www.victim.test.', 'A');
    await sim.pass(20);
    const query = server.queries.at(-1)!;
    const bytes = forged(query);
    for (let guess = 1; guess < 0x10000; guess++) {
      const id = query.message.id ^ guess;
      bytes[0] = id >>> 8;
      bytes[1] = id;
      internet.net.forge(server.address, query.port, bytes);
    }
    await sim.pass(500);
    t.same((await asked).answer, [WWW]);
    t.equal(internet.net.sent.tcp - tcp, 1);
  },
);

for (const [what, wrap, most] of [
  ['0x20: a server that answers in lower case is asked by TCP', lowerCased, 2],
  ['a server whose datagrams have the wrong ID is asked by TCP', wrongId, 2],
  ['a server that truncates everything is asked by TCP', alwaysTruncated, 2],
  ['TuDoor: whatever cannot be a reply, and then the truth: the truth wins', garbageFirst, 1],
  ['FORMERR to whatever has EDNS: asked without', formerrOnEdns, 2],
] as const)
  t.test(what, async (t) => {
    const { internet, sim } = world();
    await sim.ask('victim.test.', 'SOA');
    internet.misbehave('victim.test.', wrap);
    const { answer, work } = await sim.ask('www.victim.test.');
    t.same(answer, [WWW]);
    t.ok(work.packets <= most, `${work.packets} packets`);
  });

t.test('OPT records are swallowed on the way: asked without, in time', async (t) => {
  const { internet, sim } = world();
  internet.misbehave('victim.test.', dropEdns);
  const { answer, work } = await sim.ask('www.victim.test.');
  t.same(answer, [WWW]);
  t.ok(work.packets <= 8, `${work.packets} packets`);
});

t.test('the same of names that are asked for label by label, of two servers', async (t) => {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { sign: {}, servers: 1 });
  internet.zone('victim.test.', { servers: 2, text: 'www.a A 192.0.2.1\nwww.b.c A 192.0.2.1' });
  internet.misbehave('victim.test.', dropEdns);
  const sim = simulate(internet);
  for (const name of ['www.a', 'www.b.c'])
    t.match(await sim.ask(`${name}.victim.test.`), { rcode: 'NOERROR' }, name);
});

t.test('TuDoor: matched but unusable packets, then the truth', async (t) => {
  const broken: [what: string, change: (bytes: Uint8Array) => Uint8Array][] = [
    ['TC and garbage', (b) => Uint8Array.from([b[0]!, b[1]!, b[2]! | 2, ...b.subarray(3, -3)])],
    ['cut', (b) => b.slice(0, -3)],
    ['octets after the end', (b) => Uint8Array.from([...b, 0])],
    ['one record too many in the count', (b) => b.fill(9, 7, 8)],
  ];
  for (const [what, change] of broken) {
    const { internet, sim } = world();
    await sim.ask('victim.test.', 'SOA');
    internet.misbehave(
      'victim.test.',
      replies((reply, query) => (query.protocol === 'tcp' ? [reply] : [change(reply.slice()), reply])),
    );
    const { answer, work } = await sim.ask('www.victim.test.');
    t.same(answer, [WWW], what);
    t.ok(work.packets <= 3, `${what}: ${work.packets} packets`);
  }
});

t.test('a forged SERVFAIL, REFUSED or referral by someone near: another try gets the truth', async (t) => {
  for (const rcode of ['SERVFAIL', 'REFUSED', 'NOTIMP'] as const) {
    const { internet, sim } = world();
    const second = internet.host('ns2.victim.test.');
    internet.zoneOf('victim.test.').ns = ['ns1.victim.test.', 'ns2.victim.test.'];
    second.zones.push(internet.zoneOf('victim.test.'));
    internet.zoneOf('victim.test.').changed();
    internet.zoneOf('test.').changed();
    internet.hostsOf('victim.test.')[0]!.wrap = only(rcode);
    t.same((await sim.ask('www.victim.test.')).answer, [WWW], rcode);
  }
});

t.test('header-value smuggling: no odd value of the header makes an answer of what is none', async (t) => {
  // Each value of the third octet, in front of the truth: QR, opcode, AA, TC, RD. Only an honest look is believed.
  const { internet, sim } = world();
  await sim.ask('victim.test.', 'SOA');
  for (let octet = 0; octet < 0x100; octet++) {
    const odd = (reply: Uint8Array): Uint8Array => {
      reply[2] = octet;
      reply.set([192, 0, 2, 66], findAddress(reply));
      return reply;
    };
    internet.misbehave(
      'victim.test.',
      replies((reply, query) => (query.protocol === 'tcp' ? [reply] : [odd(reply.slice()), reply])),
    );
    const { answer } = await sim.ask(`n${octet}.victim.test.`);
    const isReply = (octet & 0b1111_1010) === 0b1000_0000;
    if (!isReply) t.same(answer, [`n${octet}.victim.test. a 192.0.2.1`], `octet ${octet.toString(2)}`);
  }
});

function findAddress(reply: Uint8Array): number {
  return reply.findIndex(
    (_, i) => reply[i] === 192 && reply[i + 1] === 0 && reply[i + 2] === 2 && reply[i + 3] === 1,
  );
}

t.test('fragmentation: a reply of more than 1,232 octets by UDP is not taken, TCP is', async (t) => {
  const { internet, sim } = world({ payload: 4096 });
  await sim.ask('victim.test.', 'SOA');
  // As if the server did not heed what the query says.
  internet.misbehave('victim.test.', (honest) => (query) => {
    const edns = { ...query.message.edns!, payload: 4096 };
    honest({ ...query, message: { ...query.message, edns } });
  });
  const { tcp } = internet.net.sent;
  const { answer } = await sim.ask('big.victim.test.', 'TXT');
  t.equal(answer.length, 1);
  t.equal(internet.net.sent.tcp - tcp, 1);
  for (const { queries } of internet.hostsOf('victim.test.'))
    for (const { message } of queries) if (message.edns) t.ok(message.edns.payload <= 1232);
});

t.test('EDNS downgrade (CVE-2026-52690): 1,000 forged FORMERRs, the signed name is still AD', async (t) => {
  const { internet, sim } = world();
  const [host] = internet.hostsOf('signed.test.');
  await sim.ask('signed.test.', 'SOA');
  // In front of each honest reply stands a forger's, who guessed everything right.
  host!.wrap = (honest) => (query) => {
    if (query.protocol === 'udp') only('FORMERR', false)(honest)(query);
    honest(query);
  };
  let secure = 0;
  for (let i = 0; i < 1000; i++) {
    const { ad, rcode } = await sim.ask(`n${i}.signed.test.`);
    if (ad && rcode === 'NOERROR') secure++;
    else if (rcode !== 'SERVFAIL') t.fail(`n${i}: ${rcode} without AD`);
  }
  t.equal(secure, 1000);
  host!.wrap = undefined;
  t.ok((await sim.ask('www.signed.test.')).ad);
});

t.test('a single forged FORMERR does not make a server one without EDNS', async (t) => {
  const { internet, sim } = world();
  const [host] = internet.hostsOf('victim.test.');
  await sim.ask('victim.test.', 'SOA');
  host!.wrap = formerrOnEdns;
  t.same((await sim.ask('www.victim.test.')).answer, [WWW]);
  host!.wrap = undefined;
  await sim.ask('other.victim.test.');
  t.ok(host!.queries.at(-1)!.message.edns, 'the next question has EDNS again');
});

t.test('a server known for its cookies: what comes without the cookie is not taken', async (t) => {
  const { internet, sim } = world({ cookies: true });
  await sim.ask('victim.test.', 'SOA');
  const server = internet.hostsOf('victim.test.')[0]!.servers[0]!;
  server.from.delay = 100;
  const asked = sim.start('www.victim.test.', 'A');
  await sim.pass(20);
  // The forger knows ID, port and letter case, all but the cookie.
  internet.net.forge(server.address, server.queries.at(-1)!.port, forged(server.queries.at(-1)!));
  await sim.pass(1000);
  t.same((await asked).answer, [WWW]);
});

t.test('all servers are silent: failure in 4.5 s, a bounded number of packets', async (t) => {
  const { internet, sim } = world();
  internet.misbehave('victim.test.', silent);
  const { rcode, work } = await sim.ask('www.victim.test.');
  t.equal(rcode, 'SERVFAIL');
  t.ok(work.ms <= 4500, `${work.ms} ms`);
  await sim.pass(15_000);
  t.ok(internet.hostsOf('victim.test.')[0]!.queries.length <= 3);
});
