import t from 'tap';
import { Probes } from '../../src/resolver/probe.ts';
import { HedgeAllowance } from '../../src/resolver/select.ts';
import { type Target, Targets } from '../../src/resolver/target.ts';
import { always, type SimServer, Simulation } from '../support/simnet.ts';

/** A target with an open breaker, and who probes it. */
function opened(): {
  sim: Simulation;
  server: SimServer;
  target: Target;
  probes: Probes;
  path: ReturnType<Simulation['path']>;
} {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', always({ rcode: 'REFUSED' }));
  const path = sim.path({ targets: [server] });
  const targets = new Targets();
  const { clock, prng, net: transport } = sim;
  const probes = new Probes({
    clock,
    prng,
    transport,
    targets,
    hedges: new HedgeAllowance(),
    count: () => undefined,
  });
  const target = targets.of(path.targets[0]!);
  for (let i = 0; i < 8; i++) target.failed('timeout');
  target.breaker.probeFailed(clock.now());
  return { sim, server, target, probes, path };
}

t.test('any reply to a probe closes the breaker', async (t) => {
  const { sim, server, target, probes, path } = opened();
  probes.due(target, path);
  t.equal(target.probe, undefined, 'not before its delay is over');
  await sim.pass(1_000);
  probes.due(target, path);
  t.equal(target.breaker.state, 'half-open');
  await sim.pass(50);
  t.match(target, { breaker: { state: 'closed' }, probe: undefined });
  t.match(server.queries, [{ name: 'corp.test.', type: 'SOA', protocol: 'udp' }]);
});

t.test(
  'one packet each, one at a time, without RD and with it in turn, further apart each time',
  async (t) => {
    const { sim, server, target, probes, path } = opened();
    server.state = 'dark';
    for (let i = 0; i < 200; i++) {
      probes.due(target, path);
      probes.due(target, path);
      await sim.pass(100);
    }
    t.same(
      server.queries.map(({ message }) => (message.flags & 0x0100) !== 0),
      [false, true, false, true],
    );
    const gaps = server.queries.slice(1).map((query, i) => query.at - server.queries[i]!.at);
    t.ok(
      gaps.every((gap, i) => i === 0 || gap > gaps[i - 1]!),
      gaps.join(', '),
    );
  },
);

t.test('who has no better target waits for the probe, and is told of its failure', async (t) => {
  const { sim, server, target, probes, path } = opened();
  server.state = 'dark';
  const told: number[] = [];
  t.ok(
    probes.wait(target, path, () => told.push(1)),
    'sooner than its delay says',
  );
  t.ok(probes.wait(target, path, () => told.push(2)));
  probes.wait(target, path, () => told.push(3))!();
  await sim.pass(1_600);
  t.same(told, [1, 2], 'not who stopped waiting');
  t.equal(server.queries.length, 1);
  t.equal(
    probes.wait(target, path, () => undefined),
    undefined,
    'the last one failed a moment ago',
  );
});
