/** What operators may set of recursion: that it is so, as the servers see it. */
import t from 'tap';
import { isIpv6 } from '../../../src/resolver/path.ts';
import type { RecursionSettings } from '../../../src/resolver/settings.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { only } from '../../support/hostile.ts';
import { type Host, Internet } from '../../support/internet.ts';
import type { SimQuery } from '../../support/simnet.ts';
import { type SimulatedResolver, simulate } from '../../support/simulate.ts';

/** `glued.test.` has a server of both families; those of `four.test.` and `six.test.` have one each, and no glue. */
function world(settings: Partial<RecursionSettings>): { internet: Internet; sim: SimulatedResolver } {
  const internet = new Internet({ rootServers: 1 });
  const both = (name: string): Host => internet.host(name, { ipv4: 1, ipv6: 1 });
  const root = both('z.root-servers.');
  root.zones.push(internet.root);
  internet.root.ns = [...internet.root.ns, root.text];
  internet.zone('test.', { sign: {}, servers: [both('ns.test.')] });
  const big = `big TXT ${`"${'b'.repeat(250)}" `.repeat(5)}`;
  internet.zone('glued.test.', { servers: [both('ns.glued.test.')], text: `* A 192.0.2.1\n${big}` });
  internet.zone('hosts.test.', { servers: [both('ns.hosts.test.')] });
  internet.zone('four.test.', { servers: [internet.host('four.hosts.test.')], text: '* A 192.0.2.1' });
  const six = internet.host('six.hosts.test.', { ipv4: 0, ipv6: 1 });
  internet.zone('six.test.', { servers: [six], text: '* A 192.0.2.1' });
  return { internet, sim: simulate(internet, { settings }) };
}

const serversOf = (internet: Internet, family: 4 | 6) =>
  [...internet.hosts]
    .flatMap(({ servers }) => servers)
    .filter(({ address }) => isIpv6(address) === (family === 6));

const queriesOf = (internet: Internet, family: 4 | 6): SimQuery[] =>
  serversOf(internet, family).flatMap(({ queries }) => queries);

/** Types of the questions for addresses of the servers without glue. */
function lookedUp(internet: Internet): number[] {
  const all = [...queriesOf(internet, 4), ...queriesOf(internet, 6)];
  const whole = all.filter(({ name }) => /^(four|six)\.hosts\.test\.$/i.test(name));
  return [...new Set(whole.map(({ message }) => message.question!.type))].sort((a, b) => a - b);
}

for (const [settings, family, gone, types] of [
  [{ ipv6: 'off' }, 6, 'six.test.', [TYPE.A]],
  [{ ipv4: false }, 4, 'four.test.', [TYPE.AAAA]],
] as const)
  t.test(`${JSON.stringify(settings)}: no server is asked there, nor for an address there`, async (t) => {
    const { internet, sim } = world(settings);
    for (let i = 0; i < 20; i++) t.equal((await sim.ask(`n${i}.glued.test.`)).rcode, 'NOERROR');
    for (const zone of ['four.test.', 'six.test.'])
      t.equal((await sim.ask(`www.${zone}`)).rcode, zone === gone ? 'SERVFAIL' : 'NOERROR', zone);
    t.same(queriesOf(internet, family), []);
    t.same(lookedUp(internet), types);
  });

t.test(
  'ipv6: auto: without a route IPv6 is found missing once a minute, and nobody waits for it',
  async (t) => {
    const { internet, sim } = world({ ipv6: 'auto' });
    for (const server of serversOf(internet, 6)) server.state = 'no-route';
    for (let i = 0; i < 20; i++) {
      const { rcode, work } = await sim.ask(`n${i}.glued.test.`);
      t.equal(rcode, 'NOERROR');
      // One more for each zone on the way, of which the first finds out.
      if (i > 0) t.equal(work.packets, 1);
    }
    t.equal((await sim.ask('www.four.test.')).rcode, 'NOERROR');
    t.equal((await sim.ask('www.six.test.')).rcode, 'SERVFAIL');
    t.same(lookedUp(internet), [TYPE.A], 'addresses that nobody could ask');
  },
);

t.test('ipv6: auto: with a route it is as on', async (t) => {
  const { internet, sim } = world({ ipv6: 'auto' });
  for (const zone of ['four.test.', 'six.test.'])
    t.equal((await sim.ask(`www.${zone}`)).rcode, 'NOERROR', zone);
  t.same(lookedUp(internet), [TYPE.A, TYPE.AAAA]);
});

t.test('priming: off: nobody is asked who the servers of the root are', async (t) => {
  for (const priming of [true, false]) {
    const { internet, sim } = world({ priming });
    t.equal((await sim.ask('www.glued.test.')).rcode, 'NOERROR');
    const all = [...queriesOf(internet, 4), ...queriesOf(internet, 6)];
    const primings = all.filter(({ name, message }) => name === '.' && message.question!.type === TYPE.NS);
    t.equal(primings.length, priming ? 1 : 0);
  }
});

t.test('priming that fails is tried again after a minute, and not before', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  for (let i = 0; i < 4; i++) internet.zone(`tld${i}.`, { servers: 1 });
  internet.misbehave('.', (honest) => (query) => {
    if (query.name === '.') only('REFUSED')(honest)(query);
    else honest(query);
  });
  const sim = simulate(internet);
  const [root] = internet.hostsOf('.');
  const primings = (): number =>
    root!.queries.filter(({ name, type }) => name === '.' && type === 'NS').length;
  for (const [i, expected] of [1, 1, 2, 2].entries()) {
    t.equal((await sim.ask(`www.tld${i}.`)).rcode, 'NXDOMAIN');
    t.equal(primings(), expected, `${31 * i} s later`);
    await sim.pass(31_000);
  }
});

t.test('ednsSize: told to servers, and larger replies are taken by UDP', async (t) => {
  for (const [ednsPayload, packets] of [
    [1232, 2],
    [1400, 1],
  ] as const) {
    const { internet, sim } = world({ ednsPayload });
    for (const host of internet.hosts) host.options = { payload: 4096 };
    await sim.ask('www.glued.test.');
    const { rcode, work } = await sim.ask('big.glued.test.', 'TXT');
    t.match({ rcode, packets: work.packets }, { rcode: 'NOERROR', packets });
    const told = queriesOf(internet, 4).flatMap(({ message }) => message.edns?.payload ?? []);
    t.same([...new Set(told)], [ednsPayload]);
  }
});
