/** Names of one zone that nobody asked for before, all at the same moment: they share the questions on the way there. */
import t from 'tap';
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
