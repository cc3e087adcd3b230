/** Delegations that the parent has taken back, and children that would rather stay. */
import t from 'tap';
import { records } from '../../support/hostile.ts';
import { Internet } from '../../support/internet.ts';

import { simulate } from '../../support/simulate.ts';

const TTL = 300;

/** The attacker's zone is delegated for 300 s and says of itself whatever keeps it alive. */
function world(signed: boolean): Internet {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, ...(signed ? { sign: {} } : {}) });
  internet.zone('ghost.test.', { servers: 1, text: '$TTL 1\n* A 192.0.2.66' });
  const ghost = internet.zoneOf('ghost.test.');
  ghost.delegation.ttl = TTL;
  ghost.ttl = 86_400;
  return internet;
}

/** How the child tries to stay: what it adds to its replies, and what is asked besides. */
const WAYS: Readonly<
  Record<string, { add: readonly string[]; ask: readonly (readonly [string, string])[] }>
> = {
  'its own NS records, asked for': { add: [], ask: [['ghost.test.', 'NS']] },
  'its own NS records beside every answer': {
    add: ['ghost.test. 86400 NS ns1.ghost.test.', 'ns1.ghost.test. 86400 A ADDRESS'],
    ask: [],
  },
  'the address of its server, asked for': { add: [], ask: [['ns1.ghost.test.', 'A']] },
  'NS records with a new name of its server (Phoenix)': {
    add: ['ghost.test. 86400 NS ns9.ghost.test.', 'ns9.ghost.test. 86400 A ADDRESS'],
    ask: [
      ['ghost.test.', 'NS'],
      ['ns9.ghost.test.', 'A'],
    ],
  },
  'a delegation below it to the same server (Phoenix)': {
    add: [],
    ask: [['x.sub.ghost.test.', 'A']],
  },
};

for (const signed of [false, true])
  for (const [way, { add, ask }] of Object.entries(WAYS))
    t.test(`${way}${signed ? ', in a signed parent' : ''}: dead with the parent's TTL`, async (t) => {
      const internet = world(signed);
      const [host] = internet.hostsOf('ghost.test.');
      const extra = records(...add.map((line) => line.replace('ADDRESS', host!.addresses[0]!)));
      host!.options = {
        edit: (packet) => {
          packet.authority.push(...extra.filter((rr) => rr.type === 2));
          packet.additional.push(...extra.filter((rr) => rr.type !== 2));
          return packet;
        },
      };
      const sim = simulate(internet);
      t.equal((await sim.ask('start.ghost.test.')).rcode, 'NOERROR');
      internet.undelegate('ghost.test.');
      let alive = 0;
      for (let second = 1; second <= 2 * TTL; second++) {
        await sim.pass(1000);
        for (const [name, type] of ask) await sim.ask(name, type);
        if ((await sim.ask(`n${second}.ghost.test.`)).rcode === 'NOERROR') alive = second;
      }
      t.ok(alive > 0.5 * TTL, `alive for ${alive} s`);
      t.ok(alive <= TTL + 2, `alive for ${alive} s`);
    });

t.test('a delegation is kept for a day at most, whatever its TTL', async (t) => {
  const internet = world(false);
  internet.zoneOf('ghost.test.').delegation.ttl = 0x7fffffff;
  const sim = simulate(internet);
  await sim.ask('a.ghost.test.');
  internet.undelegate('ghost.test.');
  await sim.pass(86_401_000);
  t.equal((await sim.ask('b.ghost.test.')).rcode, 'NXDOMAIN');
});

t.test("moved to other servers: found there when the parent's TTL is over", async (t) => {
  const internet = world(false);
  const sim = simulate(internet);
  await sim.ask('a.ghost.test.');
  const moved = internet.host('ns2.ghost.test.');
  const zone = internet.zoneOf('ghost.test.');
  const [old] = internet.hostsOf(zone);
  zone.ns = ['ns2.ghost.test.'];
  moved.zones.push(zone);
  zone.changed();
  internet.zoneOf('test.').changed();
  await sim.pass(1000 * (TTL + 1));
  const before = old!.queries.length;
  t.equal((await sim.ask('b.ghost.test.')).rcode, 'NOERROR');
  t.equal(old!.queries.length, before);
  t.ok(moved.queries.length > 0);
});

t.test('its servers have gone dark before the TTL is over: the parent is asked again', async (t) => {
  const internet = world(false);
  internet.zoneOf('ghost.test.').delegation.ttl = 86_400;
  const sim = simulate(internet);
  await sim.ask('a.ghost.test.');
  const moved = internet.host('ns2.ghost.test.');
  const zone = internet.zoneOf('ghost.test.');
  const [old] = internet.hostsOf(zone);
  zone.ns = ['ns2.ghost.test.'];
  moved.zones.push(zone);
  for (const server of old!.servers) server.state = 'dark';
  zone.changed();
  internet.zoneOf('test.').changed();
  let rcode = '';
  for (let i = 0; i < 10 && rcode !== 'NOERROR'; i++) {
    ({ rcode } = await sim.ask(`b${i}.ghost.test.`));
    await sim.pass(6000);
  }
  t.equal(rcode, 'NOERROR');
});
