/** Daemons that forward to each other. What goes between them is counted in packets, queries and replies. */
import t from 'tap';
import { RecordCache } from '../../src/cache/records.ts';
import { Budget } from '../../src/resolver/budget.ts';
import { isOwnToken, readTokens, setOwnToken } from '../../src/resolver/loop.ts';
import type { ForwardPath } from '../../src/resolver/path.ts';
import { Resolver } from '../../src/resolver/resolve.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { Slab } from '../../src/util/slab.ts';
import { rcodeToText } from '../../src/wire/constants.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { reply, type SimServer, Simulation } from '../support/simnet.ts';

interface Daemon {
  readonly server: SimServer;
  /** Packets that it got and sent as a server. */
  packets: number;
  forwardTo(targets: readonly SimServer[]): void;
  resolve(name: string): ReturnType<Resolver['resolve']>;
}

/** A resolver behind a server, with the pipeline's part in seeing loops. */
function daemon(sim: Simulation, address: string, number: number): Daemon {
  const token = new Uint8Array(8).fill(number);
  const cache = new RecordCache({
    slab: new Slab({ bytes: 1 << 18, seed: [1, 2] }),
    clock: sim.clock,
    deps: new Dependencies(),
  });
  const resolver = new Resolver({ clock: sim.clock, prng: sim.prng, transport: sim.net, cache, token });
  let path: ForwardPath;
  const server = sim.net.server(address, async (query) => {
    self.packets++;
    setOwnToken(token);
    const tokens = readTokens(query.message.edns);
    if (tokens === 'loop' || tokens.some(isOwnToken)) {
      self.packets++;
      query.reply(reply(query, { rcode: 'REFUSED' }));
      return;
    }
    const { name, type } = query.message.question!;
    const { rcode } = await resolver.resolve({
      name,
      type,
      path,
      budget: new Budget(sim.clock.now()),
      tokens,
    });
    self.packets++;
    query.reply(reply(query, { rcode: rcodeToText(rcode) as 'SERVFAIL' }));
  });
  const self: Daemon = {
    server,
    packets: 0,
    forwardTo: (targets) => {
      path = sim.path({ targets, domain: '.' });
    },
    resolve: (name) =>
      resolver.resolve({
        name: nameFromText(name),
        type: 1,
        path,
        budget: new Budget(sim.clock.now()),
        tokens: [],
      }),
  };
  return self;
}

t.test('A to B to A: at most 4 packets, and quiet within a second', async (t) => {
  const sim = new Simulation();
  const [a, b] = [daemon(sim, '192.0.2.1', 1), daemon(sim, '192.0.2.2', 2)] as const;
  a.forwardTo([b.server]);
  b.forwardTo([a.server]);
  const started = sim.clock.now();
  t.match(await sim.finish(a.resolve('www.corp.test.')), { outcome: 'failure', rcode: 2 });
  t.ok(sim.clock.now() - started < 1_000);
  t.ok(a.packets + b.packets <= 4, `${a.packets + b.packets} packets`);
  await sim.pass(10_000);
  t.ok(a.packets + b.packets <= 4, 'and no more later');
});

t.test('a daemon that forwards to itself', async (t) => {
  const sim = new Simulation();
  const a = daemon(sim, '192.0.2.1', 1);
  a.forwardTo([a.server]);
  t.match(await sim.finish(a.resolve('www.corp.test.')), { outcome: 'failure' });
  t.equal(a.packets, 2);
});

t.test('a ring of five, and a line of nine that is as good as one', async (t) => {
  for (const [count, ring] of [
    [5, true],
    [10, false],
  ] as const) {
    const sim = new Simulation();
    const daemons = Array.from({ length: count }, (_, i) => daemon(sim, `192.0.2.${i + 1}`, i + 1));
    const last = sim.net.server('192.0.2.99', (query) => query.reply(reply(query, { rcode: 'NXDOMAIN' })));
    for (const [i, each] of daemons.entries())
      each.forwardTo([daemons[i + 1]?.server ?? (ring ? daemons[0]!.server : last)]);
    t.match(await sim.finish(daemons[0]!.resolve('www.corp.test.')), { outcome: 'failure' });
    const packets = daemons.reduce((sum, each) => sum + each.packets, 0);
    t.ok(packets <= 2 * count, `${packets} packets among ${count}`);
  }
});

t.test(
  'asked at the same moment on both sides: each waits for the other, for a bounded time and packets',
  async (t) => {
    const sim = new Simulation();
    const [a, b] = [daemon(sim, '192.0.2.1', 1), daemon(sim, '192.0.2.2', 2)] as const;
    a.forwardTo([b.server]);
    b.forwardTo([a.server]);
    const both = Promise.all([a.resolve('www.corp.test.'), b.resolve('www.corp.test.')]);
    for (const resolution of await sim.finish(both)) t.match(resolution, { outcome: 'failure' });
    await sim.pass(20_000);
    t.ok(a.packets + b.packets <= 16, `${a.packets + b.packets} packets`);
  },
);

t.test('forwarders in a row that end somewhere are no loop', async (t) => {
  const sim = new Simulation();
  const daemons = Array.from({ length: 4 }, (_, i) => daemon(sim, `192.0.2.${i + 1}`, i + 1));
  const last = sim.net.server('192.0.2.99', (query) => query.reply(reply(query, { rcode: 'NXDOMAIN' })));
  for (const [i, each] of daemons.entries()) each.forwardTo([daemons[i + 1]?.server ?? last]);
  t.match(await sim.finish(daemons[0]!.resolve('www.corp.test.')), { outcome: 'nxdomain' });
  t.equal(last.queries.length, 1);
});
