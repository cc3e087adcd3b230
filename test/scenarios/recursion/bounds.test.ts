/** What a reply may make a resolver do or keep: servers that do not exist, aliases in the way of a shortened name. */
import t from 'tap';
import { gluelessReferral } from '../../support/hostile.ts';
import { Internet } from '../../support/internet.ts';
import { encodePacket, packetFor } from '../../support/packet.ts';
import { faultIn, simulate } from '../../support/simulate.ts';

t.test('strict minimisation: an alias to nowhere on the way does not hide what is below it', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1, text: 'b CNAME gone\na.b A 192.0.2.7' });
  for (const qnameMinimisation of ['strict', 'relaxed', 'off'] as const) {
    const sim = simulate(internet, { settings: { qnameMinimisation } });
    for (const name of ['a.b.test.', 'c.b.test.', 'b.test.', 'a.gone.test.'])
      t.equal(
        faultIn(await sim.ask(name), internet.truth(name, 'A')),
        undefined,
        `${qnameMinimisation} ${name}`,
      );
  }
});

t.test('names of servers that do not exist are asked for once, whoever delegates to them', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('victim.test.', { servers: 1 });
  internet.zone('evil.test.', { servers: 1 });
  const [evil] = internet.hostsOf('evil.test.');
  evil!.wrap = (honest) => (query) => {
    const zone = query.name.toLowerCase().split('.').slice(-4).join('.');
    if (!zone.startsWith('x')) return honest(query);
    const packet = packetFor(query.message);
    packet.authority = gluelessReferral(zone, 5, 'victim.test.');
    query.reply(encodePacket(packet));
  };
  const sim = simulate(internet);
  const [victim] = internet.hostsOf('victim.test.');
  for (let i = 0; i < 20; i++) {
    t.equal((await sim.ask(`www.x${i}.evil.test.`)).rcode, 'SERVFAIL');
    await sim.pass(1000);
  }
  const names = victim!.queries.map(({ name }) => name.toLowerCase()).filter((name) => name.startsWith('x'));
  t.equal(names.length, 5, 'five names in twenty delegations');
  t.equal(new Set(names).size, 5);
});
