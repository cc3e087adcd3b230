/** Upstreams that die, stay dead, and come back. All times are simulated; packets are counted. */
import t from 'tap';
import type { Resolution } from '../../src/resolver/resolve.ts';
import { always, recordsOf, reply, type SimQuery, Simulation, serve } from '../support/simnet.ts';

const NAMES = Array.from({ length: 20 }, (_, i) => `n${i}.corp.test.`);
const RECORDS = Object.fromEntries(NAMES.map((name, i) => [name, { A: [`192.0.2.${i}`] }]));

/** The most queries in any window of `ms`. */
function mostWithin(queries: readonly SimQuery[], ms: number): number {
  let most = 0;
  let from = 0;
  queries.forEach((query, i) => {
    while (query.at - queries[from]!.at >= ms) from++;
    most = Math.max(most, i - from + 1);
  });
  return most;
}

t.test(
  'all dark: known names stale within 1.8 s, then at once; new ones fail within 4.5 s, then at once',
  async (t) => {
    const sim = new Simulation();
    const servers = ['192.0.2.53', '192.0.2.54'].map((address) =>
      sim.net.server(address, serve(RECORDS, 60)),
    );
    const path = sim.path({ targets: servers, policy: 'random' });
    for (const name of NAMES) await sim.ask(name, 'A', path);
    await sim.pass(120_000);
    for (const server of servers) server.state = 'dark';

    const went = sim.clock.now();
    const waits: number[] = [];
    await Promise.all(
      NAMES.map(async (name) => {
        const resolution = await sim.start(name, 'A', path);
        waits.push(sim.clock.now() - went);
        t.match(
          resolution,
          { outcome: 'answer', source: 'stale', rrsets: [{ ttl: 30 }], ede: [{ code: 3 }] },
          name,
        );
      }).concat(sim.pass(6_000)),
    );
    t.ok(Math.max(...waits) <= 1_800, `the longest waited ${Math.max(...waits)} ms`);
    for (const name of NAMES) t.match(sim.start(name, 'A', path), { source: 'stale' }, `${name} at once`);

    const asked = sim.clock.now();
    t.match(await sim.ask('unknown.corp.test.', 'A', path), {
      outcome: 'failure',
      rcode: 2,
      ede: [{ code: 22 }],
    });
    t.ok(sim.clock.now() - asked <= 5_000);
    t.match(sim.start('unknown.corp.test.', 'A', path), { source: 'failure-cache' }, 'at once');
  },
);

t.test('all dark: at most 3 packets per server in 5 s, whatever is asked', async (t) => {
  const sim = new Simulation();
  const servers = ['192.0.2.53', '192.0.2.54'].map((address) => sim.net.server(address, serve(RECORDS, 60)));
  const path = sim.path({ targets: servers, policy: 'fastest' });
  for (const name of NAMES) await sim.ask(name, 'A', path);
  await sim.pass(120_000);
  for (const server of servers) server.state = 'dark';
  const outcomes: (Resolution | Promise<Resolution>)[] = [];
  const second = async (from: number): Promise<void> => {
    for (let i = 0; i < 10; i++) {
      outcomes.push(sim.start(NAMES[(from + i) % NAMES.length]!, 'A', path));
      outcomes.push(sim.start(`new${from}-${i}.corp.test.`, 'A', path));
      await sim.pass(100);
    }
  };
  for (let i = 0; i < 10; i++) await second(i);
  for (const { breaker } of sim.resolver.targets()) t.not(breaker, 'closed');
  for (const server of servers) server.queries.length = 0;
  for (let i = 10; i < 70; i++) await second(i);
  for (const server of servers) {
    t.ok(mostWithin(server.queries, 5_000) <= 3, `${mostWithin(server.queries, 5_000)} at most`);
    t.ok(server.queries.length > 0, 'and it is not given up');
  }
  await sim.pass(6_000);
  for (const resolution of await Promise.all(outcomes))
    if (resolution.outcome === 'answer')
      t.equal(resolution.source, 'stale') || t.bailout('fresh from the dark');
  t.equal(sim.resolver.inFlight, 0);
  t.equal(sim.net.open, 0);
});

t.test('recovery: noticed within seconds, and no failure outlives it', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', serve(RECORDS, 60));
  const path = sim.path({ targets: [server] });
  await sim.ask(NAMES[0]!, 'A', path);
  await sim.pass(120_000);
  server.state = 'dark';
  for (let i = 0; i < 300; i++) {
    void sim.start(`new${i}.corp.test.`, 'A', path);
    void sim.start(NAMES[0]!, 'A', path);
    await sim.pass(1_000);
  }
  t.match(sim.start(NAMES[0]!, 'A', path), { source: 'stale' });
  t.match(sim.start('new299.corp.test.', 'A', path), { outcome: 'failure' });
  server.state = 'up';
  const came = sim.clock.now();
  let answered = Number.NaN;
  for (let i = 0; i < 100 && Number.isNaN(answered); i++) {
    void Promise.resolve(sim.start(NAMES[1]!, 'A', path)).then((resolution) => {
      if (resolution.outcome === 'answer' && Number.isNaN(answered)) answered = sim.clock.now();
    });
    await sim.pass(100);
  }
  t.ok(answered - came <= 2_500, `the first answer came after ${answered - came} ms (coredns#2427: never)`);
  t.match(await sim.ask(NAMES[0]!, 'A', path), { source: 'upstream' }, 'stale data give way at once');
  t.match(await sim.ask('new299.corp.test.', 'A', path), { outcome: 'nxdomain' }, 'AdGuardHome#8414');
  t.match(sim.resolver.targets(), [{ breaker: 'closed', failures: 0 }]);
});

t.test('a sole upstream whose port is closed for a while', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', serve(RECORDS));
  const path = sim.path({ targets: [server] });
  server.state = 'closed';
  for (let i = 0; i < 30; i++) t.match(await sim.ask(`x${i}.corp.test.`, 'A', path), { outcome: 'failure' });
  server.state = 'up';
  await sim.pass(2_100);
  t.match(await sim.ask(NAMES[0]!, 'A', path), { outcome: 'answer' });
});

t.test('a forwarder that is silent about dead zones is not given up for the living', async (t) => {
  const sim = new Simulation();
  const living = serve(RECORDS);
  const server = sim.net.server('192.0.2.53', (query) => {
    if (!query.name.endsWith('.dead.test.')) living(query);
  });
  const path = sim.path({ targets: [server], domain: '.' });
  for (let i = 0; i < 40; i++) {
    void sim.start(`x${i}.dead.test.`, 'A', path);
    await sim.pass(500);
    t.equal(sim.resolver.targets()[0]!.breaker, 'closed') ||
      t.bailout('opened by names that are dead elsewhere');
  }
  t.match(await sim.ask(NAMES[0]!, 'A', path), { outcome: 'answer' });
  t.ok(sim.count('upstream_probes') > 0, 'because it was probed');
  t.equal(
    server.queries.find((query) => query.type === 'SOA')!.message.flags & 0x0100,
    0,
    'the first probe without RD',
  );
});

t.test('ordered: the standby only while the primary fails (AdGuardHome#3701)', async (t) => {
  const sim = new Simulation();
  const primary = sim.net.server('192.0.2.53', serve({}));
  const standby = sim.net.server('192.0.2.54', serve({}), 1);
  const path = sim.path({ targets: [primary, standby], policy: 'ordered' });
  const waits: number[] = [];
  const ask = async (name: string): Promise<string | undefined> => {
    const from = sim.clock.now();
    const { upstream } = await sim.ask(name, 'A', path);
    waits.push(sim.clock.now() - from);
    return upstream;
  };
  for (let i = 0; i < 50; i++) t.equal(await ask(`a${i}.corp.test.`), '192.0.2.53:53');
  t.equal(standby.queries.length, 0, 'strictly');
  primary.state = 'dark';
  waits.length = 0;
  for (let i = 0; i < 50; i++) t.equal(await ask(`b${i}.corp.test.`), '192.0.2.54:53');
  t.ok(
    Math.max(...waits) <= 1_600,
    `the slowest failover took ${Math.max(...waits)} ms (AdGuardHome#6833: 10 s)`,
  );
  t.ok(
    waits.slice(-40).every((ms) => ms <= 10),
    'and once the breaker is open nobody waits',
  );
  primary.state = 'up';
  await sim.pass(60_000);
  await ask('c.corp.test.');
  await sim.pass(100);
  for (let i = 0; i < 10; i++) t.equal(await ask(`d${i}.corp.test.`), '192.0.2.53:53', 'back again');
});

t.test('the breaker, as seen from outside: closed, open, half-open, closed', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', serve({}));
  const other = sim.net.server('192.0.2.54', serve({}));
  const path = sim.path({ targets: [server, other], policy: 'ordered' });
  server.state = 'dark';
  const seen: string[] = [];
  const note = (): void => {
    const { breaker } = sim.resolver.targets().find((target) => target.address === server.address)!;
    if (seen.at(-1) !== breaker) seen.push(breaker);
  };
  for (let i = 0; i < 80; i++) {
    void sim.start(`a${i}.corp.test.`, 'A', path);
    await sim.pass(100);
    note();
  }
  server.state = 'up';
  for (let i = 0; i < 80; i++) {
    void sim.start(`b${i}.corp.test.`, 'A', path);
    await sim.pass(100);
    note();
  }
  t.same(seen.slice(0, 3), ['closed', 'suspect', 'open']);
  t.ok(seen.includes('half-open'));
  t.equal(seen.at(-1), 'closed');
});

t.test('fastest: goes to the near one, and leaves it when it slows down', async (t) => {
  const sim = new Simulation();
  const near = sim.net.server('192.0.2.53', serve({}), 2);
  const far = sim.net.server('192.0.2.54', serve({}), 60);
  const path = sim.path({ targets: [far, near], policy: 'fastest' });
  const share = async (label: string): Promise<number> => {
    const before = near.queries.length;
    for (let i = 0; i < 100; i++) await sim.ask(`${label}${i}.corp.test.`, 'A', path);
    return near.queries.length - before;
  };
  t.ok((await share('a')) > 85);
  near.latency = 95;
  await share('b');
  t.ok((await share('c')) < 30);
});

t.test('hedged: a stall of the first target costs its usual time and a bit, not its patience', async (t) => {
  const sim = new Simulation();
  let stalls = false;
  const stalling = (query: SimQuery): void =>
    query.reply(reply(query, { rcode: 'NXDOMAIN' }), stalls ? 1_000 : 0);
  const first = sim.net.server('192.0.2.53', stalling, 5);
  const second = sim.net.server('192.0.2.54', always({ rcode: 'NXDOMAIN' }), 8);
  const path = sim.path({ targets: [first, second], policy: 'hedged' });
  for (let i = 0; i < 200; i++) await sim.ask(`a${i}.corp.test.`, 'A', path);
  const before = first.queries.length + second.queries.length;
  t.ok(before <= 200 * 1.1 + 10, `${before} packets for 200 questions`);
  stalls = true;
  const from = sim.clock.now();
  await sim.ask('b.corp.test.', 'A', path);
  t.ok(sim.clock.now() - from < 60, `${sim.clock.now() - from} ms`);
  t.ok(sim.count('upstream_hedges') >= 1);
});

t.test('hedged: when all are slow the extra load stays bounded', async (t) => {
  const sim = new Simulation();
  const slow = (query: SimQuery): void =>
    query.reply(reply(query, { rcode: 'NXDOMAIN' }), 20 + (query.number % 7) * 60);
  const servers = ['192.0.2.53', '192.0.2.54'].map((address) => sim.net.server(address, slow));
  const path = sim.path({ targets: servers, policy: 'hedged' });
  for (let i = 0; i < 300; i++) await sim.ask(`a${i}.corp.test.`, 'A', path);
  t.ok(
    sim.count('upstream_hedges') <= 300 * 0.1 + 10,
    `${sim.count('upstream_hedges')} hedges in 300 questions`,
  );
});

t.test('hedged: the first good answer wins, not the first reply', async (t) => {
  const sim = new Simulation();
  const good = sim.net.server('192.0.2.53', (query) =>
    query.reply(reply(query, { answer: ['www.corp.test. 300 A 192.0.2.1'] }), 300),
  );
  const bad = sim.net.server('192.0.2.54', always({ rcode: 'SERVFAIL' }));
  for (let i = 0; i < 10; i++) {
    const path = sim.path({ targets: [good, bad], policy: 'hedged' });
    t.match(await sim.ask('www.corp.test.', 'A', path), { outcome: 'answer', upstream: '192.0.2.53:53' });
  }
});

t.test('loss of 30 % each way: nearly every question is answered', async (t) => {
  const sim = new Simulation({ seed: 5 });
  const servers = ['192.0.2.53', '192.0.2.54', '192.0.2.55'].map((address) =>
    sim.net.server(address, serve({})),
  );
  for (const server of servers) server.loss = 0.3;
  const path = sim.path({ targets: servers, policy: 'random' });
  let answered = 0;
  for (let i = 0; i < 1000; i++)
    if ((await sim.ask(`a${i}.corp.test.`, 'A', path)).outcome === 'nxdomain') answered++;
  t.ok(answered >= 990, `${answered} of 1000`);
});

t.test('stale: NXDOMAIN says so, links go stale one by one, and after a day nothing is left', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', (query) => {
    if (query.name === 'no.corp.test.') serve({})(query);
    else
      query.reply(
        reply(query, {
          answer: ['www.corp.test. 3000 CNAME b.corp.test.', 'b.corp.test. 60 A 192.0.2.1'].slice(
            query.name === 'b.corp.test.' ? 1 : 0,
          ),
        }),
      );
  });
  const path = sim.path({ targets: [server] });
  await sim.ask('no.corp.test.', 'A', path);
  await sim.ask('www.corp.test.', 'A', path);
  await sim.pass(100_000);
  server.state = 'dark';
  t.match(await sim.ask('no.corp.test.', 'A', path), {
    outcome: 'nxdomain',
    source: 'stale',
    ede: [{ code: 19 }],
    soa: { ttl: 30 },
  });
  const link = sim.start('www.corp.test.', 'A', path) as Resolution;
  t.match(link, { source: 'cache', rrsets: [{ type: 5 }] }, 'the link itself is fresh');
  t.ok(link.rrsets[0]!.ttl > 2_800);
  t.equal(link.rrsets.length, 1);
  const end = await sim.ask('b.corp.test.', 'A', path);
  t.match(end, { source: 'stale', ede: [{ code: 3 }] });
  t.same(recordsOf(end.rrsets), ['b.corp.test. 30 A 192.0.2.1']);
  await sim.pass(86_400_000);
  t.match(await sim.ask('b.corp.test.', 'A', path), { outcome: 'failure' }, 'unbound#1175');
});

t.test('stale: only on failure, only where the path says so, never in place of another path', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', serve({ 'www.corp.test.': { A: ['192.0.2.1'] } }, 60));
  const other = sim.net.server('192.0.2.99', serve({ 'www.corp.test.': { A: ['192.0.2.66'] } }, 60));
  const path = sim.path({ targets: [server], serveStale: false });
  await sim.ask('www.corp.test.', 'A', path);
  await sim.ask('www.corp.test.', 'A', sim.path({ targets: [other], domain: '.' }));
  await sim.pass(61_000);
  t.match(await sim.ask('www.corp.test.', 'A', path), { source: 'upstream' });
  await sim.pass(61_000);
  server.state = 'dark';
  const asked = other.queries.length;
  t.match(await sim.ask('www.corp.test.', 'A', path), { outcome: 'failure', rcode: 2 });
  t.match(sim.start('www.corp.test.', 'A', path), { outcome: 'failure', source: 'failure-cache' });
  t.equal(other.queries.length, asked, 'nobody else was asked (Technitium#1416)');
  t.equal(sim.net.astray.length, 0);
});

t.test(
  'stale: a slow upstream costs the client 1.8 s once; the answer that comes later is kept',
  async (t) => {
    const sim = new Simulation();
    let slow = 0;
    const server = sim.net.server('192.0.2.53', (query) =>
      query.reply(reply(query, { answer: [`www.corp.test. 60 A 192.0.2.${slow > 0 ? 2 : 1}`] }), slow),
    );
    const path = sim.path({ targets: [server] });
    await sim.ask('www.corp.test.', 'A', path);
    await sim.pass(61_000);
    slow = 2_500;
    const from = sim.clock.now();
    t.match(await sim.ask('www.corp.test.', 'A', path), { source: 'stale' });
    t.equal(sim.clock.now() - from, 1_800);
    await sim.pass(300);
    t.match(
      sim.start('www.corp.test.', 'A', path),
      { source: 'stale' },
      'who joins later need not wait as long again',
    );
    await sim.pass(1_000);
    t.match(sim.start('www.corp.test.', 'A', path), { source: 'cache' });
  },
);

t.test('stale: after a failed refresh the upstream is left alone for 30 s', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', serve({ 'www.corp.test.': { A: ['192.0.2.1'] } }, 60));
  const path = sim.path({ targets: [server] });
  await sim.ask('www.corp.test.', 'A', path);
  await sim.pass(61_000);
  server.behaviour = always({ rcode: 'SERVFAIL' });
  server.queries.length = 0;
  t.match(await sim.ask('www.corp.test.', 'A', path), { source: 'stale' });
  for (let i = 0; i < 29; i++) {
    await sim.pass(1_000);
    t.match(sim.start('www.corp.test.', 'A', path), { source: 'stale' });
  }
  t.equal(server.queries.length, 1);
  await sim.pass(2_000);
  await sim.ask('www.corp.test.', 'A', path);
  t.equal(server.queries.length, 2);
});

t.test('how long a client waits for fresh data is the operator’s to say', async (t) => {
  for (const staleMs of [200, 1_000]) {
    const sim = new Simulation();
    const server = sim.net.server('192.0.2.53', serve(RECORDS, 60));
    sim.resolver.configure({ staleMs });
    const path = sim.path({ targets: [server] });
    await sim.ask(NAMES[0]!, 'A', path);
    await sim.pass(120_000);
    server.state = 'dark';
    const went = sim.clock.now();
    let waited = -1;
    const asking = Promise.resolve(sim.start(NAMES[0]!, 'A', path)).then((resolution) => {
      waited = sim.clock.now() - went;
      t.equal(resolution.source, 'stale');
    });
    await Promise.all([asking, sim.pass(6_000)]);
    t.ok(waited >= 0 && waited <= staleMs, `${waited} ms of ${staleMs}`);
  }
});
