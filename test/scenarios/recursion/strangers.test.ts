/** Whoever has a zone may name any address as its server: what that does to the machine at that address. */
import t from 'tap';
import { Budget } from '../../../src/resolver/budget.ts';
import type { ForwardPath } from '../../../src/resolver/path.ts';
import type { Resolution } from '../../../src/resolver/resolve.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { records } from '../../support/hostile.ts';
import { Internet } from '../../support/internet.ts';
import { encodePacket, packetFor } from '../../support/packet.ts';
import { clientAt } from '../../support/pipeline.ts';
import { reply, type SimQuery } from '../../support/simnet.ts';
import { simulate } from '../../support/simulate.ts';

const isEvil = (query: SimQuery): boolean => /evil\.test\.$/i.test(query.name);

/** The attacker's server delegates each `x….evil.test.` to these addresses. */
function delegateTo(internet: Internet, addresses: readonly string[]): void {
  const [host] = internet.hostsOf('evil.test.');
  host!.wrap = (honest) => (query) => {
    const zone = query.name.toLowerCase().split('.').slice(-4).join('.');
    if (!zone.startsWith('x')) return honest(query);
    const packet = packetFor(query.message);
    packet.authority = records(...addresses.map((_, i) => `${zone} 3600 NS n${i}.${zone}`));
    packet.additional = records(...addresses.map((at, i) => `n${i}.${zone} 3600 A ${at}`));
    query.reply(encodePacket(packet));
  };
}

t.test("a stranger's server that is full of the attacker's questions answers everybody else", async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('victim.test.', { servers: 2, text: '* A 192.0.2.1' });
  internet.zone('evil.test.', { servers: 1 });
  const victims = internet.hostsOf('victim.test.');
  delegateTo(
    internet,
    victims.flatMap(({ addresses }) => addresses),
  );
  for (const host of victims) host.wrap = (honest) => (query) => (isEvil(query) ? undefined : honest(query));
  const sim = simulate(internet);
  await sim.ask('www.victim.test.');
  const good: Promise<{ rcode: string }>[] = [];
  for (let step = 0; step < 300; step++) {
    for (let i = 0; i < 8; i++)
      void sim.start(`www.x${step}k${i}.evil.test.`, 'A', { from: clientAt(`10.1.${step % 200}.1`, 'tcp') });
    if (step > 100 && step % 10 === 0) good.push(sim.start(`g${step}.victim.test.`, 'A'));
    await sim.pass(10);
  }
  await sim.pass(6000);
  const rcodes = (await Promise.all(good)).map(({ rcode }) => rcode);
  t.same(new Set(rcodes), new Set(['NOERROR']));
});

t.test('delegations to the address of a forwarder do not make it suspect', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('evil.test.', { servers: 1 });
  const addresses = ['10.1.1.1', '10.1.1.2'];
  for (const at of addresses)
    internet.net.server(at, (query) => {
      if (!isEvil(query)) query.reply(reply(query, { answer: [`${query.name} 0 A 192.0.2.1`] }));
    });
  delegateTo(internet, addresses.slice(0, 1));
  const sim = simulate(internet);
  const path: ForwardPath = {
    kind: 'forward',
    context: 9,
    rule: 'corp',
    domain: nameFromText('corp.'),
    view: 0,
    sources: [],
    serveStale: false,
    case0x20: false,
    validate: false,
    policy: 'ordered',
    targets: addresses.map((address) => ({ address, port: 53, protocol: 'do53' })),
  };
  let asked = 0;
  const upstream = async (): Promise<string | undefined> => {
    const name = nameFromText(`h${asked++}.corp.`);
    const budget = new Budget(internet.clock.now());
    const resolving = sim.resolver.resolve({ name, type: TYPE.A, path, budget, tokens: [] });
    await sim.pass(50);
    return ((await resolving) as Resolution).upstream;
  };
  const first = await upstream();
  t.match(first, /10\.1\.1\.1/);
  for (let i = 0; i < 4; i++) {
    void sim.start(`www.x${i}.evil.test.`, 'A');
    await sim.pass(3000);
  }
  t.ok(internet.net, 'the attacker was there');
  for (const minutes of [0, 1, 10]) {
    await sim.pass(60_000 * minutes);
    t.equal(await upstream(), first, `${minutes} minutes later`);
  }
  t.match(
    sim.resolver.targets().find(({ address }) => address === '10.1.1.1'),
    { breaker: 'closed' },
  );
});

/**
 * `victim.test.` is on a server whose address is to be looked up. The first of `links` zones of the attacker is on a server
 * of the second, without glue, and so on; the last says that it is on a host of the victim.
 */
function chained(links: number): Internet {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('other.', { servers: 1 });
  const hoster = internet.host('ns.hoster.other.');
  internet.zone('hoster.other.', { servers: [hoster] });
  internet.zone('victim.test.', { servers: [hoster], text: '* A 192.0.2.1' });
  const evil = internet.host('ns.evil.test.');
  for (let i = 1; i <= links; i++) {
    const { delegation } = internet.zone(`e${i}.test.`, { servers: [evil] });
    delegation.ns = [i === links ? 'www.victim.test.' : `ns.e${i + 1}.test.`];
    delegation.glue = [];
  }
  return internet;
}

t.test("servers that an attacker's query is too deep to look up are found for everybody else", async (t) => {
  for (let links = 5; links < 9; links++) {
    const sim = simulate(chained(links));
    t.equal((await sim.ask('www.e1.test.')).rcode, 'SERVFAIL');
    for (const name of ['www.victim.test.', 'ftp.victim.test.'])
      t.equal((await sim.ask(name)).rcode, 'NOERROR', `${name} behind ${links}`);
  }
});

t.test('two chains that are too deep when they come to a server, which a client waits for too', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('com.', { servers: [internet.host('a.gtld.com.', { latency: 20 })] });
  internet.zone('net.', { servers: [internet.host('a.gtld.net.', { latency: 20 })] });
  for (const name of ['org.', 'evil.']) internet.zone(name, { servers: 1 });
  const infra = internet.host('ns.infra.org.');
  internet.zone('infra.org.', { servers: [infra] });
  const host = internet.host('ns1.prov.net.');
  internet.zone('prov.net.', { servers: [infra] });
  internet.zone('victim.com.', { servers: [host], text: '* A 192.0.2.1' }).delegation.glue = [];
  for (const chain of [0, 1])
    for (let i = 0; i <= 6; i++) {
      const ns = [i < 6 ? `x.e${chain}-${i + 1}.evil.` : 'ns1.prov.net.'];
      Object.assign(internet.zone(`e${chain}-${i}.evil.`, { servers: 1 }).delegation, { ns, glue: [] });
    }
  for (let seed = 1; seed <= 8; seed++) {
    const sim = simulate(internet, { seed });
    for (const name of ['x.com.', 'x.net.', 'x.org.', 'x.evil.']) await sim.ask(name);
    for (const chain of [0, 1]) void sim.start(`www.e${chain}-0.evil.`, 'A');
    await sim.pass(40);
    for (const name of ['www.victim.com.', 'ftp.victim.com.'])
      t.equal((await sim.ask(name)).rcode, 'NOERROR', `${name} by seed ${seed}`);
  }
});

t.test('and those for whose address it has no packet left, while somebody else waits for it', async (t) => {
  const internet = chained(1);
  const sim = simulate(internet);
  for (const name of ['www.other.', 'www.test.']) await sim.ask(name);
  const budget = new Budget(internet.clock.now());
  // One to hear of the zone's server, one of the server's zone; the address is the third's.
  while (budget.left.packets > 2) budget.takePacket(internet.clock.now());
  const poor = { name: nameFromText('www.victim.test.'), type: TYPE.A, path: sim.snapshot.paths[0]!, budget };
  const failing = sim.resolver.resolve({ ...poor, tokens: [] });
  t.equal((await sim.ask('ftp.victim.test.')).rcode, 'NOERROR');
  t.match(await failing, { outcome: 'failure' });
});

t.test('and those for which it has no sub-query left', async (t) => {
  const sim = simulate(chained(1));
  const path = sim.snapshot.paths[0]!;
  const budget = new Budget(sim.internet.clock.now());
  while (budget.takeFetch());
  const name = nameFromText('www.victim.test.');
  const resolving = sim.resolver.resolve({ name, type: TYPE.A, path, budget, tokens: [] });
  await sim.pass(1000);
  t.match(await resolving, { outcome: 'failure', reason: 'budget' });
  for (const each of ['www.victim.test.', 'ftp.victim.test.'])
    t.equal((await sim.ask(each)).rcode, 'NOERROR', each);
});

t.test(
  'names that a server would answer for, among others that it drops: nobody else hears of it',
  async (t) => {
    const internet = new Internet({ rootServers: 1, sign: false });
    internet.zone('test.', { servers: 1 });
    internet.zone('victim.test.', { servers: 1, text: '* A 192.0.2.1' });
    internet.zone('evil.test.', { servers: 1 });
    internet.misbehave('evil.test.', (honest) => (query) => {
      const [label = '', ...above] = query.name.toLowerCase().split('.').slice(-4);
      if (!label.startsWith('x')) return honest(query);
      const packet = packetFor(query.message);
      const servers = ['drop1', 'drop2', 'good1', 'good2', 'good3'].map(
        (name) => `${name}${label}.victim.test.`,
      );
      packet.authority = records(...servers.map((name) => `${[label, ...above].join('.')} 3600 NS ${name}`));
      query.reply(encodePacket(packet));
    });
    internet.misbehave('victim.test.', (honest) => (query) => {
      if (!/^drop/i.test(query.name)) honest(query);
    });
    for (let seed = 0; seed < 5; seed++) {
      const sim = simulate(internet, { seed });
      await sim.ask('www.victim.test.');
      await sim.ask('www.x.evil.test.');
      for (const name of ['good1x', 'good2x', 'good3x'])
        t.match(await sim.ask(`${name}.victim.test.`), { rcode: 'NOERROR' }, `${name}, ${seed}`);
    }
  },
);

t.test('a server that a query had no packet left for is not one that failed at its question', async (t) => {
  const goods = ['good1', 'good2', 'good3'].map((label) => `${label}.victim.test.`);
  const glueless = { glue: [], ttl: 3600 };
  for (let seed = 0; seed < 8; seed++) {
    const internet = new Internet({ rootServers: 1, sign: false });
    internet.zone('test.', { servers: 1 });
    const host = internet.host('ns1.victim.test.');
    const text = `* A ${host.addresses[0]}`;
    const victim = internet.zone('victim.test.', { servers: [host], text });
    // It has another server, in a zone that needs these names themselves.
    victim.delegation.ns = ['ns1.victim.test.', 'ns.k.test.'];
    victim.delegation.glue = [`ns1.victim.test. 3600 A ${host.addresses[0]}`];
    const hosted = goods.map((good, i): [string, string[]] => [`hosted${i}.test.`, [good]]);
    for (const [name, ns] of [['k.test.', goods] as const, ...hosted])
      Object.assign(internet.zone(name, { servers: [host], text }).delegation, { ns, ...glueless });
    const ns = ['drop1', 'drop2'].map((label) => `${label}.victim.test.`);
    const evil = internet.zone('evil.test.', { servers: 1 });
    Object.assign(evil.delegation, { ns: [...ns, ...goods], ...glueless });
    host.wrap = (honest) => (query) => {
      if (!/^drop|evil/i.test(query.name)) honest(query);
    };
    const sim = simulate(internet, { seed });
    await sim.ask('www.victim.test.');
    void sim.start('www.evil.test.', 'A');
    // Its queries for the names that are dropped have taken what it may send there.
    await sim.pass(4000);
    for (const [name] of hosted)
      t.equal((await sim.ask(`www.${name}`)).rcode, 'NOERROR', `${name} by seed ${seed}`);
  }
});
