/** Names of one zone that nobody asked for before, all at the same moment: they share the questions on the way there. */
import t from 'tap';
import { BUDGET_PACKETS, Budget } from '../../../src/resolver/budget.ts';
import type { Resolution } from '../../../src/resolver/resolve.ts';
import { RCODE, TYPE } from '../../../src/wire/constants.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { Internet } from '../../support/internet.ts';
import { simulate } from '../../support/simulate.ts';

const NAMES = 20;

for (const isGlueless of [false, true])
  t.test(
    `${NAMES} names of a zone ${isGlueless ? 'without' : 'with'} glue: all are answered, the parent is asked once`,
    async (t) => {
      const internet = new Internet({ seed: 3 });
      internet.zone('test.', { servers: 1 });
      internet.zone('net.', { servers: 1 });
      internet.zone('hoster.net.', { servers: 1 });
      const servers = isGlueless ? internet.hostsOf('hoster.net.') : 1;
      const text = Array.from({ length: NAMES }, (_, i) => `n${i} A 192.0.2.${i + 1}`).join('\n');
      internet.zone('many.test.', { servers, text });
      internet.zone('other.test.', { servers });
      const sim = simulate(internet);
      // The addresses of the servers are known then, as those of a hoster are.
      await sim.ask('www.other.test.');
      await sim.ask('www.test.');
      const parents = internet.hostsOf('test.');
      const asked = (): number =>
        parents.flatMap((host) => host.servers).reduce((sum, server) => sum + server.queries.length, 0);
      const before = asked();
      const replies = await Promise.all(Array.from({ length: NAMES }, (_, i) => sim.ask(`n${i}.many.test.`)));
      t.same(
        replies.map(({ rcode }) => rcode),
        replies.map(() => 'NOERROR'),
      );
      t.equal(asked() - before, 1);
    },
  );

t.test('who began the shared question has no packet left: the others ask it themselves', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('many.test.', { servers: 1, text: 'www A 192.0.2.1\na.sub A 192.0.2.2\nb.sub A 192.0.2.3' });
  const sim = simulate(internet);
  await sim.ask('www.many.test.');
  const [host] = internet.hostsOf('many.test.');
  let isFirst = true;
  host!.wrap = (honest) => (query) => {
    if (!isFirst) return honest(query);
    isFirst = false;
  };
  const before = host!.queries.length;
  const now = internet.clock.now();
  const resolve = (label: string, packets: number): Promise<Resolution> => {
    const budget = new Budget(now);
    for (let left = BUDGET_PACKETS; left > packets; left--) budget.takePacket(now);
    const name = nameFromText(`${label}.sub.many.test.`);
    const path = sim.snapshot.paths.find((each) => each.kind === 'recursive')!;
    return Promise.resolve(sim.resolver.resolve({ name, type: TYPE.A, path, budget, tokens: [] }));
  };
  const pending = Promise.all([resolve('a', 1), resolve('b', BUDGET_PACKETS)]);
  await sim.pass(6000);
  const rcodes = (await pending).map(({ rcode }) => rcode);
  t.same(rcodes, [RCODE.SERVFAIL, RCODE.NOERROR]);
  const names = host!.queries.slice(before).map(({ name }) => name.toLowerCase());
  t.same(names, ['sub.many.test.', 'sub.many.test.', 'b.sub.many.test.'], 'lost, once more, and the rest');
});
