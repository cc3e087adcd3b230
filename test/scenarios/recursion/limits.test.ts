/** How far one query goes where nothing but a limit ends it: the work that is counted, in figures. */
import t from 'tap';
import { nameFromText } from '../../../src/wire/name.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { recordsFromText } from '../../support/authority-zone.ts';
import { alwaysTruncated, silent } from '../../support/hostile.ts';
import { Internet } from '../../support/internet.ts';
import { encodePacket, packetFor } from '../../support/packet.ts';
import type { SimQuery } from '../../support/simnet.ts';
import { simulate } from '../../support/simulate.ts';

const ROOT = nameFromText('.');
const records = (text: string): Rr[] => recordsFromText(ROOT, text);

/** What `evil.test.` says of the whole of each name that it is asked for. */
function world(says: (name: string) => { authority: string; additional?: string }) {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('evil.test.', { servers: 1 });
  const [evil] = internet.hostsOf('evil.test.');
  evil!.wrap = () => (query: SimQuery) => {
    const packet = packetFor(query.message);
    const { authority, additional = '' } = says(query.name.toLowerCase());
    packet.authority = records(authority);
    packet.additional = records(additional);
    query.reply(encodePacket(packet));
  };
  return { internet, evil: evil!, sim: simulate(internet, { settings: { qnameMinimisation: 'off' } }) };
}

t.test('64 referrals, each one label down', async (t) => {
  const { sim, evil } = world((name) => {
    // As many labels as there were questions before.
    const labels = name.split('.').slice(-(3 + evil.queries.length));
    const zone = labels.join('.');
    return { authority: `${zone} 300 NS ns.${zone}`, additional: `ns.${zone} 300 A ${evil.addresses[0]}` };
  });
  const { rcode, work } = await sim.ask(`${'x.'.repeat(110)}evil.test.`);
  t.equal(rcode, 'SERVFAIL');
  // Those of the root and of test. are two of them; the reply to the last question is the one too many.
  t.equal(evil.queries.length, 63);
  t.equal(work.packets, 65 + 1, 'with the priming');
});

t.test('128 kB: of messages of 50 kB the third is the last', async (t) => {
  const padding = Array.from({ length: 200 }, (_, i) => `p${i}.evil.test. 300 TXT ${'x'.repeat(230)}`);
  const { sim, evil } = world((name) => {
    const by = evil.queries.filter(({ protocol }) => protocol === 'tcp').length;
    const zone = name
      .split('.')
      .slice(-(3 + by))
      .join('.');
    const glue = `ns.${zone} 300 A ${evil.addresses[0]}`;
    return { authority: `${zone} 300 NS ns.${zone}`, additional: [glue, ...padding].join('\n') };
  });
  const says = evil.wrap!;
  evil.wrap = (honest) => alwaysTruncated(says(honest));
  t.equal((await sim.ask(`${'x.'.repeat(40)}evil.test.`)).rcode, 'SERVFAIL');
  t.equal(evil.queries.filter(({ protocol }) => protocol === 'tcp').length, 3);
});

t.test('sub-queries of sub-queries: seven', async (t) => {
  const { sim, evil } = world((name) => {
    const at = Number(/(\d+)\.evil/.exec(name)?.[1]);
    return { authority: `d${at}.evil.test. 300 NS ns.d${at + 1}.evil.test.` };
  });
  const { rcode } = await sim.ask('www.d0.evil.test.');
  t.equal(rcode, 'SERVFAIL');
  const zones = new Set(evil.queries.map(({ name }) => /d\d+/.exec(name.toLowerCase())![0]));
  t.same([...zones].sort(), ['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6', 'd7']);
});

/** The names of servers that are looked up, where a delegation names 100 without an address. @param text of their zone */
async function lookedUp(text: string): Promise<number> {
  const NAMES = Array.from({ length: 100 }, (_, i) => `n${i}.victim.test.`);
  const { internet, sim } = world((name) => {
    const zone = name.split('.').slice(-4).join('.');
    return { authority: NAMES.map((server) => `${zone} 300 NS ${server}`).join('\n') };
  });
  internet.zone('victim.test.', { servers: 1, text });
  const { rcode } = await sim.ask('www.attack.evil.test.');
  await sim.pass(15_000);
  t.equal(rcode, 'SERVFAIL');
  const [victim] = internet.hostsOf('victim.test.');
  const names = victim!.queries.map(({ name }) => name.toLowerCase()).filter((name) => /^n\d/.test(name));
  return new Set(names).size;
}

t.test('servers that do not exist: five names are looked up', async (t) => {
  t.equal(await lookedUp('www A 192.0.2.1'), 5);
});

t.test('servers that serve something else: ten names are looked up', async (t) => {
  const text = Array.from({ length: 100 }, (_, i) => `n${i} A 203.0.113.${i + 1}`).join('\n');
  t.equal(await lookedUp(text), 10);
});

t.test(
  'servers of servers that are silent, each on its own: ten names are looked up, and no more',
  async (t) => {
    const NAMES = Array.from({ length: 40 }, (_, i) => `ns.v${i}.test.`);
    const { internet, sim } = world((name) => {
      const zone = name.split('.').slice(-4).join('.');
      return { authority: NAMES.map((server) => `${zone} 300 NS ${server}`).join('\n') };
    });
    const zones = NAMES.map((name) => internet.zone(name.slice(3), { servers: 1 }));
    for (const { name } of zones) internet.misbehave(name, silent);
    t.equal((await sim.ask('www.attack.evil.test.')).rcode, 'SERVFAIL');
    await sim.pass(15_000);
    const asked = zones.filter(({ name }) => internet.hostsOf(name)[0]!.queries.length > 0);
    t.ok(asked.length <= 10, `${asked.length} of them`);
  },
);

t.test('a server that is found to have 20 addresses: six are asked', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('net.', { servers: 1 });
  internet.zone('hoster.net.', { servers: 1 });
  const host = internet.host('many.hoster.net.', { ipv4: 20 });
  host.wrap = silent;
  internet.zone('dark.test.', { servers: [host] });
  const sim = simulate(internet);
  for (let i = 0; i < 5; i++) {
    t.equal((await sim.ask(`www${i}.dark.test.`)).rcode, 'SERVFAIL');
    await sim.pass(10_000);
  }
  t.equal(host.servers.filter(({ queries }) => queries.length > 0).length, 6);
});

t.test('32 signature checks, of a chain that takes 36', async (t) => {
  const ZONES = 12;
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, sign: {} });
  for (let i = 0; i < ZONES; i++) {
    const next = i + 1 < ZONES ? `www CNAME www.z${i + 1}.test.` : 'www A 192.0.2.1';
    internet.zone(`z${i}.test.`, { servers: 1, sign: {}, text: next });
  }
  const sim = simulate(internet);
  const { rcode, work } = await sim.ask('www.z0.test.');
  t.equal(rcode, 'SERVFAIL');
  t.equal(work.verifies, 32);
  t.match(await sim.ask('www.z6.test.'), { rcode: 'NOERROR', ad: true }, 'half of it is no trouble');
});
