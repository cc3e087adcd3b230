/** Work that hostile delegations cause: rows of the catalogue of attacks, each with its bound in counted packets. */
import t from 'tap';
import { DEPTH_MAX } from '../../../src/resolver/budget.ts';
import { EDE, RCODE } from '../../../src/wire/constants.ts';
import { isAtOrBelow, nameFromText } from '../../../src/wire/name.ts';
import { gluelessReferral, only, silent } from '../../support/hostile.ts';
import { type Host, Internet } from '../../support/internet.ts';
import { setRcode } from '../../support/packet.ts';

import { simulate } from '../../support/simulate.ts';

/** `test.` with an attacker and a victim in it. */
function world(): Internet {
  const internet = new Internet();
  internet.zone('test.', { sign: {} });
  internet.zone('evil.test.', { servers: 1 });
  internet.zone('victim.test.', { text: 'www A 192.0.2.1' });
  return internet;
}

/** The attacker's server refers all of `cut` to `count` servers without an address, named below `below`. */
function refer(internet: Internet, cut: string, count: number, below: string): void {
  const records = gluelessReferral(cut, count, below);
  for (const host of internet.hostsOf('evil.test.'))
    host.options = {
      edit: (packet, query) => {
        if (!isAtOrBelow(query.message.question!.name, nameFromText(cut))) return packet;
        setRcode(packet, RCODE.NOERROR);
        return { ...packet, flags: packet.flags & ~0x0400, answer: [], authority: records, additional: [] };
      },
    };
}

const asked = (hosts: readonly Host[]): number => hosts.reduce((sum, host) => sum + host.queries.length, 0);

for (const kind of ['names that do not exist', 'servers that are silent', 'servers that refuse'] as const)
  t.test(`NXNSAttack: 100 glueless NS, ${kind}: Q <= 20, the victim gets <= 10`, async (t) => {
    const internet = world();
    refer(internet, 'attack.evil.test.', 100, 'victim.test.');
    const sim = simulate(internet);
    await sim.ask('www.victim.test.');
    if (kind === 'servers that are silent') internet.misbehave('victim.test.', silent);
    if (kind === 'servers that refuse') internet.misbehave('victim.test.', only('REFUSED'));
    const victims = internet.hostsOf('victim.test.');
    const before = asked(victims);
    const { rcode, work } = await sim.ask('x.attack.evil.test.');
    await sim.pass(15_000);
    t.equal(rcode, 'SERVFAIL');
    t.ok(
      sim.works.at(-1)!.packets <= 20,
      `${sim.works.at(-1)!.packets} packets, ${work.packets} until the reply`,
    );
    t.ok(asked(victims) - before <= 10, `${asked(victims) - before} at the victim`);
  });

t.test(
  'NXNSAttack, 200 names of the same attack: the victim is asked for each of its 100 names once',
  async (t) => {
    const internet = world();
    refer(internet, 'attack.evil.test.', 100, 'victim.test.');
    const sim = simulate(internet);
    await sim.ask('www.victim.test.');
    const victims = internet.hostsOf('victim.test.');
    const before = asked(victims);
    for (let i = 0; i < 200; i++) await sim.ask(`x${i}.attack.evil.test.`);
    const each = (asked(victims) - before) / 200;
    t.ok(each <= 1, `${each} at the victim for each query`);
  },
);

t.test('NRDelegation: 1,500 NS of silent servers: Q <= 40', async (t) => {
  const internet = world();
  internet.zone('dark.test.');
  internet.misbehave('dark.test.', silent);
  refer(internet, 'attack.evil.test.', 1500, 'dark.test.');
  const sim = simulate(internet);
  const { rcode } = await sim.ask('x.attack.evil.test.');
  await sim.pass(6_000);
  t.equal(rcode, 'SERVFAIL');
  t.ok(sim.works[0]!.packets <= 40, `${sim.works[0]!.packets} packets`);
  // Its packets were lost at the same time, as if the network had failed. The next question finds out that it is not that.
  const first = internet.packets;
  await sim.ask('x.attack.evil.test.');
  await sim.pass(1_000);
  const total = internet.packets;
  t.ok(total - first <= 15, `${total - first} packets for the second question`);
  await sim.ask('x.attack.evil.test.');
  t.equal(internet.packets, total, 'and the failure is remembered');
  for (let i = 0; i < 10; i++) await sim.ask(`y${i}.attack.evil.test.`);
  await sim.pass(12_000);
  const others = internet.packets - total;
  t.ok(others <= 3, `${others} packets for ten other names: that its servers are silent is remembered`);
});

t.test('NRDelegation: 1,500 NS, each with a silent address of its own', async (t) => {
  const internet = world();
  const lines = Array.from({ length: 1500 }, (_, i) => i);
  const hosts = lines.map((i) => internet.host(`n${i}.many.evil.test.`));
  internet.zone('many.evil.test.', { servers: hosts });
  internet.misbehave('many.evil.test.', silent);
  const sim = simulate(internet);
  const { rcode } = await sim.ask('x.many.evil.test.');
  await sim.pass(15_000);
  t.equal(rcode, 'SERVFAIL');
  t.ok(sim.works[0]!.packets <= 40, `${sim.works[0]!.packets} packets`);
});

t.test('shared glue: ten names of servers, one address: Q for it <= 3', async (t) => {
  const internet = world();
  const host = internet.host('ns1.shared.test.');
  internet.zone('shared.test.', { servers: [host] });
  const zone = internet.zoneOf('shared.test.');
  const names = Array.from({ length: 10 }, (_, i) => `ns${i + 1}.shared.test.`);
  zone.delegation.ns = names;
  zone.delegation.glue = names.map((name) => `${name} 3600 A ${host.addresses[0]}`);
  internet.zoneOf('test.').changed();
  host.wrap = silent;
  const sim = simulate(internet);
  t.equal((await sim.ask('www.shared.test.')).rcode, 'SERVFAIL');
  await sim.pass(15_000);
  t.ok(host.queries.length <= 3, `${host.queries.length} packets`);
});

t.test('self-pointing glue: a delegation to the server that made it, and to the root', async (t) => {
  const internet = world();
  const [evil] = internet.hostsOf('evil.test.');
  refer(internet, 'loop.evil.test.', 10, 'loop.evil.test.');
  const { edit } = evil!.options;
  const address = evil!.addresses[0]!;
  const { records } = await import('../../support/hostile.ts');
  const glue = records(...Array.from({ length: 10 }, (_, i) => `x${i}.loop.evil.test. 60 A ${address}`));
  evil!.options = {
    edit: (packet, query) => {
      const edited = edit!(packet, query)!;
      if (edited.authority.length > 0) edited.additional = glue;
      return edited;
    },
  };
  const sim = simulate(internet);
  t.equal((await sim.ask('www.loop.evil.test.')).rcode, 'SERVFAIL');
  await sim.pass(15_000);
  // One reply is a referral that gets nowhere; asked again by tries, it says the same.
  t.ok(evil!.queries.length <= 2 + 3, `${evil!.queries.length} packets`);
});

t.test('TsuNAME: two zones whose servers are in each other, 1,000 clients, 60 s', async (t) => {
  const internet = new Internet();
  internet.zone('test.');
  internet.zone('a.test.', { servers: [internet.host('ns.b.test.')] });
  internet.zone('b.test.', { servers: [internet.host('ns.a.test.')] });
  // Each is glueless in the parent: the one needs the other.
  const tops = internet.hostsOf('test.');
  const sim = simulate(internet);
  let worst = 0;
  for (let second = 0; second < 60; second += 5) {
    const before = tops.map((host) => host.queries.length);
    for (let i = 0; i < 85; i++) void sim.start(`w${second * 20 + i}.${i % 2 ? 'a' : 'b'}.test.`, 'A');
    await sim.pass(5000);
    const sent = tops.map((host, i) => host.queries.length - before[i]!);
    if (second > 0) worst = Math.max(worst, ...sent);
  }
  t.ok(worst <= 3, `${worst} packets to one server in 5 s`);
});

t.test('a circle of three, and one that bites its own tail', async (t) => {
  const internet = new Internet();
  internet.zone('test.');
  for (const [zone, server] of [
    ['a.test.', 'ns.b.test.'],
    ['b.test.', 'ns.c.test.'],
    ['c.test.', 'ns.a.test.'],
    ['d.test.', 'ns.sub.d.test.'],
  ] as const)
    internet.zone(zone, { servers: [internet.host(server)] });
  internet.zoneOf('d.test.').delegation.glue = [];
  const sim = simulate(internet);
  for (const name of ['www.a.test.', 'www.b.test.', 'www.c.test.', 'www.d.test.']) {
    const { rcode } = await sim.ask(name);
    await sim.pass(11_000);
    t.equal(rcode, 'SERVFAIL', name);
    t.ok(sim.works.at(-1)!.packets <= 20, `${sim.works.at(-1)!.packets} packets`);
  }
});

/** Zones without glue of one host: their name, the names of their servers. */
function circle(zones: Record<string, string[]>): Internet {
  const internet = new Internet({ rootServers: 1, sign: false });
  for (const name of ['test.', 'other.']) internet.zone(name, { servers: 1 });
  const host = internet.host('ns.c.other.');
  internet.zone('c.other.', { servers: [host] });
  for (const [name, ns] of Object.entries(zones)) {
    const text = `* A ${host.addresses[0]}\nns 10 A ${host.addresses[0]}`;
    Object.assign(internet.zone(name, { servers: [host], text }).delegation, { ns, glue: [] });
  }
  return internet;
}

t.test('a circle that has a way out: nothing on it fails, whoever is asked first', async (t) => {
  for (let seed = 1; seed <= 8; seed++) {
    const zones = { 'a.test.': ['ns.b.test.', 'ns.c.other.'], 'b.test.': ['ns.a.test.'] };
    const sim = simulate(circle(zones), { seed });
    for (const name of ['www.b.test.', 'ns.b.test.', 'www.a.test.', 'ns.a.test.'])
      t.equal((await sim.ask(name)).rcode, 'NOERROR', `${name} by seed ${seed}`);
  }
});

t.test('a wide circle with one way out: it is taken at once', async (t) => {
  for (let seed = 1; seed <= 16; seed++) {
    const twelve = Array.from({ length: 12 }, (_, i) => i);
    const internet = circle({
      'a.test.': twelve.map((i) => `n${i}.b.test.`),
      'b.test.': [...twelve.map((i) => `n${i}.a.test.`), 'ns.c.other.'],
    });
    const sim = simulate(internet, { seed });
    const { rcode, work } = await sim.ask('www.a.test.');
    t.equal(rcode, 'NOERROR', `by seed ${seed}`);
    t.ok(work.fetches <= 4, `${work.fetches} sub-queries`);
  }
});

t.test('a zone beside a circle that has a way out, after the circle was gone round', async (t) => {
  for (let seed = 1; seed <= 16; seed++) {
    const sim = simulate(
      circle({
        'a.test.': ['ns.b.test.'],
        'b.test.': ['ns.a.test.', 'ns.c.other.'],
        'z.test.': ['ns.a.test.'],
      }),
      { seed },
    );
    for (const name of ['ns.b.test.', 'www.z.test.'])
      t.equal((await sim.ask(name)).rcode, 'NOERROR', `${name} by seed ${seed}`);
  }
});

t.test(
  'two servers on a circle that has a way out, asked for at once: neither fails, nor their zones',
  async (t) => {
    for (let seed = 1; seed <= 16; seed++) {
      const zones = { 'a.test.': ['ns.b.test.'], 'b.test.': ['ns.a.test.', 'ns.c.other.'] };
      const sim = simulate(circle(zones), { seed });
      const both = await Promise.all(['ns.b.test.', 'ns.a.test.'].map((name) => sim.ask(name)));
      for (const { rcode, work } of both) {
        t.equal(rcode, 'NOERROR', `at once, by seed ${seed}`);
        t.ok(work.ms <= 100, `neither waits for the other: ${work.ms} ms`);
      }
      for (const name of ['www.a.test.', 'www.b.test.'])
        t.equal((await sim.ask(name)).rcode, 'NOERROR', `${name} by seed ${seed}`);
    }
  },
);

t.test('and a moment later: what comes round to itself for one query does not for another', async (t) => {
  for (let seed = 1; seed <= 16; seed++) {
    const zones = { 'a.test.': ['ns.b.test.'], 'b.test.': ['ns.a.test.', 'ns.c.other.'] };
    const sim = simulate(circle(zones), { seed });
    void sim.start('ns.b.test.', 'A');
    // It looks for the other one, which it needs itself for.
    await sim.pass(30);
    t.equal((await sim.ask('ns.a.test.')).rcode, 'NOERROR', `by seed ${seed}`);
  }
});

t.test('two zones without glue that are in each other, 1,000 names, 60 s: nobody is asked', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  for (const [zone, other] of ['ab', 'ba'] as const) {
    const { delegation } = internet.zone(`${zone}.test.`, { servers: 1 });
    delegation.ns = [`ns.${other}.test.`];
    delegation.glue = [];
  }
  const sim = simulate(internet);
  for (const zone of 'ab') t.equal((await sim.ask(`www.${zone}.test.`)).rcode, 'SERVFAIL');
  const before = internet.packets;
  const known = sim.works.length;
  await sim.askEach(
    60,
    Array.from({ length: 1000 }, (_, i) => `w${i}.${'ab'[i % 2]}.test.`),
  );
  t.equal(internet.packets - before, 0);
  // Each of the two is found to be on a circle of two every five seconds.
  const fetches = sim.works.slice(known).reduce((sum, work) => sum + work.fetches, 0);
  t.ok(fetches <= (2 * 2 * 60) / 5 + 4, `${fetches} zones looked at`);
});

t.test('a server on a circle whose address is known from before', async (t) => {
  const internet = circle({ 'a.test.': ['ns.b.test.'], 'z.test.': ['ns.a.test.'] });
  const [host] = internet.hostsOf('c.other.');
  const text = `* A 192.0.2.1\nns A ${host!.addresses[0]}`;
  const { delegation } = internet.zone('b.test.', { servers: [host!], text });
  const glue = [`ns.b.test. 3600 A ${host!.addresses[0]}`];
  Object.assign(delegation, { ns: ['ns.b.test.'], glue, ttl: 10 });
  const sim = simulate(internet);
  t.equal((await sim.ask('ns.b.test.')).rcode, 'NOERROR');
  Object.assign(delegation, { ns: ['ns.a.test.'], glue: [] });
  internet.zoneOf('test.').changed();
  await sim.pass(20_000);
  t.equal((await sim.ask('www.b.test.')).rcode, 'NOERROR');
  t.equal((await sim.ask('www.z.test.')).rcode, 'NOERROR');
});

t.test('a name of a server that is an alias has no addresses (RFC 2181 section 10.3)', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('net.', { servers: 1 });
  internet.zone('hoster.net.', { servers: 1, text: 'alias CNAME ns9' });
  const host = internet.host('ns9.hoster.net.');
  const { delegation } = internet.zone('corp.test.', { servers: [host], text: 'www A 192.0.2.1' });
  delegation.ns = ['alias.hoster.net.'];
  const sim = simulate(internet);
  t.match(await sim.ask('www.corp.test.'), { rcode: 'SERVFAIL' });
  t.equal(host.queries.length, 0);
});

t.test('a circle whose delegations are not to be kept: 100 names, 5 s: a packet for each', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  for (let i = 0; i < 3; i++) {
    const ns = Array.from({ length: 5 }, (_, n) => `n${n}.c${(i + 1) % 3}.test.`);
    const { delegation } = internet.zone(`c${i}.test.`, { servers: 1 });
    Object.assign(delegation, { ns, glue: [], ttl: 0 });
  }
  const sim = simulate(internet);
  for (let i = 0; i < 3; i++) t.equal((await sim.ask(`www.c${i}.test.`)).rcode, 'SERVFAIL');
  await sim.pass(12_000);
  const before = internet.packets;
  await sim.askEach(
    50,
    Array.from({ length: 100 }, (_, i) => `w${i}.c0.test.`),
  );
  // Those of the other zones on the circle are known for a while: for as long as it is known that a server was not found.
  t.ok(internet.packets - before <= 110, `${internet.packets - before} packets`);
});

/** Zones without glue, each on a server of the next one; the last has an address. */
function chainOf(zones: number): Internet {
  const names = Array.from({ length: zones }, (_, i) => `z${i}.test.`);
  const last = names.pop()!;
  const internet = circle(Object.fromEntries(names.map((name, i) => [name, [`ns.z${i + 1}.test.`]])));
  const [host] = internet.hostsOf('c.other.');
  internet.zone(last, { servers: 1, text: `ns 10 A ${host!.addresses[0]}` });
  return internet;
}

t.test(`${DEPTH_MAX} zones between a name and an address, known or not: one more is too deep`, async (t) => {
  for (const [zones, rcode] of [
    [DEPTH_MAX + 1, 'NOERROR'],
    [DEPTH_MAX + 2, 'SERVFAIL'],
  ] as const) {
    const sim = simulate(chainOf(zones));
    t.equal((await sim.ask('first.z0.test.')).rcode, rcode);
    // Addresses are forgotten; delegations are not.
    await sim.pass(60_000);
    const second = await sim.ask('second.z0.test.');
    t.equal(second.rcode, rcode);
    // That it is too deep is seen without going there.
    if (rcode === 'SERVFAIL') t.match(second.work, { packets: 0, fetches: DEPTH_MAX });
  }
});

t.test(
  'of two servers one is in a circle and one too deep: what is said is that it is too deep',
  async (t) => {
    // With less above it the second may be found: that is no news of the zone, and no failure to be kept.
    const deep = Array.from({ length: DEPTH_MAX + 3 }, (_, i) => [`z${i}.test.`, [`ns.z${i + 1}.test.`]]);
    const zones = Object.fromEntries([
      ['v.test.', ['ns.a.test.', 'ns.z0.test.']],
      ['a.test.', ['ns.b.test.']],
      ['b.test.', ['ns.a.test.']],
      ...deep,
    ]) as Record<string, string[]>;
    for (let seed = 1; seed <= 10; seed++) {
      const sim = simulate(circle(zones), { seed });
      const { rcode, ede } = await sim.ask('www.v.test.');
      t.match({ rcode, codes: ede.map(({ code }) => code) }, { rcode: 'SERVFAIL', codes: [EDE.OTHER] });
    }
  },
);

for (const servers of [1, 3, 12])
  t.test(
    `a circle of ${servers} servers each, one more of which is at a victim's three addresses: Q <= 30`,
    async (t) => {
      const internet = circle({
        'a.test.': ['ns.a.test.', ...Array.from({ length: servers }, (_, i) => `n${i}.b.test.`)],
        'b.test.': Array.from({ length: servers }, (_, i) => `n${i}.a.test.`),
      });
      const victims = ['ns1', 'ns2', 'ns3'].map((label) => internet.host(`${label}.victim.test.`));
      internet.zone('victim.test.', { servers: victims });
      const glue = victims.map((victim) => `ns.a.test. 3600 A ${victim.addresses[0]}`);
      internet.zoneOf('a.test.').delegation.glue = glue;
      // Zones that it does not have.
      for (const victim of victims) victim.wrap = only('SERVFAIL');
      const asked = (): number => victims.reduce((sum, { queries }) => sum + queries.length, 0);
      const sim = simulate(internet);
      for (const [i, name] of ['www.a.test.', 'www.b.test.', 'ftp.a.test.', 'ftp.b.test.'].entries()) {
        const before = asked();
        t.equal((await sim.ask(name)).rcode, 'SERVFAIL');
        await sim.pass(300);
        // Each server once for each name that is looked for; then that is known.
        t.ok(asked() - before <= (i === 0 ? 30 : 12), `${name}: ${asked() - before} packets`);
      }
    },
  );

t.test(
  'a hundred who wait for the same referral into circles: what one finds out the others know',
  async (t) => {
    const zones = Array.from({ length: 8 }, (_, i) => `c${i}.test.`);
    const serversOf = (i: number): string[] =>
      Array.from({ length: 12 }, (_, k) => `n${k}.${zones[(i + 1 + (k % 7)) % 8]}`);
    const internet = circle(Object.fromEntries(zones.map((zone, i) => [zone, serversOf(i)])));
    const sim = simulate(internet);
    await sim.ask('nothing.test.');
    const before = sim.works.length;
    await Promise.all(Array.from({ length: 100 }, (_, i) => sim.ask(`w${i}.c0.test.`)));
    const fetches = sim.works.slice(before).reduce((sum, work) => sum + work.fetches, 0);
    t.ok(fetches <= 1_200, `${fetches} sub-queries and zones looked at, where each alone takes 64`);
  },
);

t.test(
  'who was asked in vain is asked again 5 s later, however often somebody wants it meanwhile',
  async (t) => {
    const internet = circle({ 'a.test.': ['ns.a.test.', 'ns.b.test.'], 'b.test.': ['ns.a.test.'] });
    const [host] = internet.hostsOf('c.other.');
    internet.zoneOf('a.test.').delegation.glue = [`ns.a.test. 3600 A ${host!.addresses[0]}`];
    host!.wrap = only('SERVFAIL');
    const sim = simulate(internet);
    const ask = async (i: number): Promise<string> => {
      await sim.pass(1000);
      return (await sim.ask(`w${i}.b.test.`)).rcode;
    };
    for (let i = 0; i < 4; i++) t.equal(await ask(i), 'SERVFAIL');
    host!.wrap = undefined;
    const rcodes: string[] = [];
    for (let i = 4; i < 10; i++) rcodes.push(await ask(i));
    t.ok(rcodes.includes('NOERROR'), rcodes.join(' '));
  },
);

t.test('a circle that is mended at its parent is none once the delegation has run out', async (t) => {
  const internet = circle({
    'a.test.': ['ns.b.test.'],
    'b.test.': ['ns.a.test.'],
    'z.test.': ['ns.a.test.'],
  });
  const { delegation } = internet.zoneOf('a.test.');
  Object.assign(delegation, { ttl: 20 });
  const sim = simulate(internet);
  t.equal((await sim.ask('www.a.test.')).rcode, 'SERVFAIL');
  Object.assign(delegation, { ns: ['ns.c.other.'] });
  internet.zoneOf('test.').changed();
  await sim.pass(20_500);
  t.equal((await sim.ask('www.z.test.')).rcode, 'NOERROR');
});

for (const what of ['is not to be kept', 'comes when its parent has run out'])
  t.test(`a delegation that ${what}, without glue: eight who wait for it find its servers`, async (t) => {
    const internet = new Internet({ rootServers: 1, sign: false });
    for (const name of ['com.', 'net.'])
      internet.zone(name, { servers: [internet.host(`a.${name}`, { latency: 20 })] });
    const hosts = ['ns1', 'ns2'].map((label) => internet.host(`${label}.prov.net.`));
    internet.zone('prov.net.', { servers: hosts });
    const mid = internet.zone('mid.com.', { servers: [internet.host('ns.mid.com.', { latency: 20 })] });
    const zone = internet.zone('z.mid.com.', { servers: hosts, text: '* A 192.0.2.1' });
    Object.assign(zone.delegation, { ns: hosts.map(({ text }) => text), glue: [] });
    Object.assign(what === 'is not to be kept' ? zone.delegation : mid.delegation, {
      ttl: what === 'is not to be kept' ? 0 : 20,
    });
    const sim = simulate(internet);
    for (const name of ['ns1.prov.net.', 'ns2.prov.net.', 'x.mid.com.']) await sim.ask(name);
    await sim.pass(19_950);
    const names = Array.from({ length: 8 }, (_, i) => `w${i}.z.mid.com.`);
    const answered = await Promise.all(names.map((name) => sim.ask(name)));
    t.same(new Set(answered.map(({ rcode }) => rcode)), new Set(['NOERROR']));
  });

t.test('a circle whose way out fails for a moment: what is behind it fails no longer', async (t) => {
  const internet = circle({
    'a.test.': ['ns.b.test.'],
    'b.test.': ['ns.a.test.', 'ns.c.other.'],
    'z.test.': ['ns.a.test.'],
  });
  const [host] = internet.hostsOf('c.other.');
  const sim = simulate(internet);
  await sim.ask('www.other.');
  host!.wrap = only('SERVFAIL');
  t.equal((await sim.ask('www.b.test.')).rcode, 'SERVFAIL');
  await sim.pass(4000);
  t.equal((await sim.ask('www.z.test.')).rcode, 'SERVFAIL', 'there is no way out now');
  host!.wrap = undefined;
  // The failure is remembered for five seconds from when it was met, and not from when somebody hears of it.
  await sim.pass(1500);
  for (const name of ['ftp.z.test.', 'ftp.a.test.', 'ftp.b.test.'])
    t.equal((await sim.ask(name)).rcode, 'NOERROR', name);
});
