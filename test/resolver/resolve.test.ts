import t from 'tap';
import { Budget } from '../../src/resolver/budget.ts';
import { PREFETCHES_MAX, type Resolution } from '../../src/resolver/resolve.ts';
import { always, recordsOf, reply, Simulation, SOA, serve } from '../support/simnet.ts';

const WWW = 'www.corp.test. 300 A 192.0.2.1';

t.test('an answer comes from upstream once, then from the cache with its TTL running down', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', serve({ 'www.corp.test.': { A: ['192.0.2.1', '192.0.2.2'] } }));
  const path = sim.path({ targets: [server] });
  const first = await sim.ask('www.corp.test.', 'A', path);
  t.same(recordsOf(first.rrsets), ['www.corp.test. 300 A 192.0.2.1', 'www.corp.test. 300 A 192.0.2.2']);
  t.match(first, { outcome: 'answer', rcode: 0, source: 'upstream', upstream: '192.0.2.53:53', ede: [] });
  await sim.pass(10_500);
  const second = sim.start('WWW.corp.test.', 'A', path);
  t.notOk(second instanceof Promise, 'a hit needs no waiting');
  t.match(second, { source: 'cache', ageSeconds: 10 });
  t.equal((second as Resolution).rrsets[0]!.ttl, 289, 'seconds left, rounded down');
  t.equal(server.queries.length, 1);
});

t.test('two paths never share an answer, nor a question in flight', async (t) => {
  const sim = new Simulation();
  const a = sim.net.server('192.0.2.53', serve({ 'www.corp.test.': { A: ['192.0.2.1'] } }));
  const b = sim.net.server('192.0.2.54', serve({ 'www.corp.test.': { A: ['192.0.2.2'] } }));
  const pathA = sim.path({ targets: [a] });
  const pathB = sim.path({ targets: [b] });
  const both = [sim.start('www.corp.test.', 'A', pathA), sim.start('www.corp.test.', 'A', pathB)];
  const [fromA, fromB] = await sim.finish(Promise.all(both));
  t.same(recordsOf(fromA!.rrsets), ['www.corp.test. 300 A 192.0.2.1']);
  t.same(recordsOf(fromB!.rrsets), ['www.corp.test. 300 A 192.0.2.2']);
  t.match(sim.start('www.corp.test.', 'A', pathB), { source: 'cache', rrsets: fromB!.rrsets });
});

t.test('a CNAME chain: first and in order, each link cached on its own', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server(
    '192.0.2.53',
    serve({
      'www.corp.test.': { CNAME: ['b.corp.test.'] },
      'b.corp.test.': { CNAME: ['c.corp.test.'] },
      'c.corp.test.': { A: ['192.0.2.1'] },
    }),
  );
  const path = sim.path({ targets: [server] });
  const chain = [
    'www.corp.test. 300 CNAME b.corp.test.',
    'b.corp.test. 300 CNAME c.corp.test.',
    'c.corp.test. 300 A 192.0.2.1',
  ];
  t.same(recordsOf((await sim.ask('www.corp.test.', 'A', path)).rrsets), chain);
  for (let i = 0; i < 3; i++) {
    const name = chain[i]!.split(' ')[0]!;
    t.same(recordsOf((sim.start(name, 'A', path) as Resolution).rrsets), chain.slice(i), `from ${name}`);
  }
  t.same(recordsOf((sim.start('b.corp.test.', 'CNAME', path) as Resolution).rrsets), chain.slice(1, 2));
  t.equal(server.queries.length, 1);
});

t.test('a chain whose end is not cached is answered as far as it goes', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', (query) =>
    query.reply(
      reply(query, { answer: ['www.corp.test. 300 CNAME b.example.', 'b.example. 10 A 192.0.2.1'] }),
    ),
  );
  const path = sim.path({ targets: [server] });
  await sim.ask('www.corp.test.', 'A', path);
  await sim.pass(11_000);
  const open = sim.start('www.corp.test.', 'A', path) as Resolution;
  t.same(recordsOf(open.rrsets), ['www.corp.test. 289 CNAME b.example.']);
  t.match(open, { outcome: 'answer', source: 'cache' });
  t.equal(server.queries.length, 1, 'whose question the target is, the resolver does not decide');
});

t.test(
  'negative answers are cached for the SOA’s time: NXDOMAIN for all types, NODATA for one',
  async (t) => {
    const sim = new Simulation();
    const server = sim.net.server('192.0.2.53', serve({ 'www.corp.test.': { A: ['192.0.2.1'] } }));
    const path = sim.path({ targets: [server] });
    t.match(await sim.ask('no.corp.test.', 'A', path), { outcome: 'nxdomain', rcode: 3 });
    t.match(sim.start('no.corp.test.', 'MX', path), {
      outcome: 'nxdomain',
      source: 'cache',
      soa: { ttl: 60 },
    });
    t.match(await sim.ask('www.corp.test.', 'TXT', path), { outcome: 'nodata', rcode: 0, soa: { ttl: 60 } });
    t.match(sim.start('www.corp.test.', 'TXT', path), { outcome: 'nodata', source: 'cache' });
    t.match(await sim.ask('www.corp.test.', 'MX', path), { outcome: 'nodata', source: 'upstream' });
    await sim.pass(61_000);
    t.match(await sim.ask('no.corp.test.', 'A', path), { source: 'upstream' });
  },
);

t.test('a negative answer without SOA is given and not kept (RFC 2308 section 5)', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', always({ rcode: 'NXDOMAIN' }));
  const path = sim.path({ targets: [server] });
  for (let i = 1; i <= 2; i++) {
    const resolution = await sim.ask('no.corp.test.', 'A', path);
    t.match(resolution, { outcome: 'nxdomain', source: 'upstream' });
    t.equal(resolution.soa, undefined);
    t.equal(server.queries.length, i);
  }
});

t.test('TTL 0 serves once and is not kept; a TTL of years is told as a day', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', (query) => {
    const ttl = query.name.startsWith('never') ? 0 : 99_999_999;
    query.reply(reply(query, { answer: [`${query.name} ${ttl} A 192.0.2.1`] }));
  });
  const path = sim.path({ targets: [server] });
  t.equal((await sim.ask('never.corp.test.', 'A', path)).rrsets[0]!.ttl, 0);
  t.match(await sim.ask('never.corp.test.', 'A', path), { source: 'upstream' });
  t.equal((await sim.ask('long.corp.test.', 'A', path)).rrsets[0]!.ttl, 86_400);
  t.match(sim.start('long.corp.test.', 'A', path), { source: 'cache', rrsets: [{ ttl: 86_400 }] });
});

t.test('types that are no data are not asked for; ANY is asked each time', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', always({ answer: [WWW] }));
  const path = sim.path({ targets: [server] });
  for (const type of ['AXFR', 'IXFR', 'OPT', 'TSIG'])
    t.match(sim.start('www.corp.test.', type, path), { outcome: 'failure', rcode: 4, reason: 'type' }, type);
  t.equal(server.queries.length, 0);
  for (let i = 1; i <= 2; i++) {
    t.same(recordsOf((await sim.ask('www.corp.test.', 'ANY', path)).rrsets), [WWW]);
    t.equal(server.queries.length, i);
  }
  t.match(
    await sim.ask('www.corp.test.', 'A', path),
    { source: 'upstream' },
    'and what it said is not taken for an RRset',
  );
});

t.test('peek answers from the cache or not at all', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', serve({ 'www.corp.test.': { A: ['192.0.2.1'] } }));
  const path = sim.path({ targets: [server] });
  const request = (name: string) => ({
    name: new Uint8Array([...`\x03${name}\x04corp\x04test\0`].map((c) => c.charCodeAt(0))),
    type: 1,
    path,
    budget: new Budget(0),
    tokens: [],
  });
  t.equal(sim.resolver.peek(request('www')), undefined);
  t.equal(server.queries.length, 0);
  await sim.ask('www.corp.test.', 'A', path);
  t.match(sim.resolver.peek(request('www')), { outcome: 'answer', source: 'cache' });

  server.behaviour = always({ rcode: 'SERVFAIL' });
  await sim.pass(301_000);
  t.equal(sim.resolver.peek(request('www')), undefined, 'expired: it would be asked again');
  t.match(await sim.ask('www.corp.test.', 'A', path), { source: 'stale' });
  t.match(sim.resolver.peek(request('www')), { source: 'stale', ede: [{ code: 3 }] }, 'as it is served now');
  await sim.ask('new.corp.test.', 'A', path);
  t.match(sim.resolver.peek(request('new')), { source: 'failure-cache' });
});

t.test('a failure is remembered, named, and forgotten after its time (RFC 9520)', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', always({ rcode: 'SERVFAIL' }));
  const path = sim.path({ targets: [server] });
  t.match(await sim.ask('www.corp.test.', 'A', path), { outcome: 'failure', source: 'upstream' });
  const again = sim.start('www.corp.test.', 'A', path) as Resolution;
  t.match(again, { outcome: 'failure', rcode: 2, source: 'failure-cache', reason: 'cached' });
  t.same(
    again.ede.map((ede) => ede.code),
    [23, 13],
  );
  t.match(again.ede[0]!.text, /rule rslvr-rr-1/);
  t.equal(server.queries.length, 1);
  // 5 seconds, then 10: the second failure follows the first.
  await sim.pass(5_100);
  t.match(await sim.ask('www.corp.test.', 'A', path), { source: 'upstream' });
  await sim.pass(9_800);
  t.match(sim.start('www.corp.test.', 'A', path), { source: 'failure-cache' });
  t.equal(server.queries.length, 2);
});

t.test('prefetch: a popular entry is renewed in the last tenth of its life, by one packet', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', serve({ 'www.corp.test.': { A: ['192.0.2.1'] } }, 100));
  const path = sim.path({ targets: [server] });
  await sim.ask('www.corp.test.', 'A', path);
  for (let i = 0; i < 85; i++) {
    await sim.pass(1000);
    sim.start('www.corp.test.', 'A', path);
  }
  t.equal(server.queries.length, 1);
  for (let i = 0; i < 10; i++) {
    await sim.pass(1000);
    for (let clients = 0; clients < 5; clients++)
      t.match(sim.start('www.corp.test.', 'A', path), { source: 'cache' }, 'nobody waits');
  }
  t.equal(server.queries.length, 2);
  t.equal(sim.count('resolver_prefetches'), 1);
  await sim.pass(50_000);
  t.match(sim.start('www.corp.test.', 'A', path), { source: 'cache' });
});

t.test('prefetch: not for what nobody asks for, and a failed one leaves the entry alone', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', serve({ 'www.corp.test.': { A: ['192.0.2.1'] } }, 100));
  const path = sim.path({ targets: [server] });
  await sim.ask('www.corp.test.', 'A', path);
  await sim.pass(95_000);
  sim.start('www.corp.test.', 'A', path);
  await sim.pass(100);
  t.equal(server.queries.length, 1, 'one hit is not popular');
  server.behaviour = always({ rcode: 'SERVFAIL' });
  for (let i = 0; i < 8; i++) {
    t.match(sim.start('www.corp.test.', 'A', path), { outcome: 'answer', source: 'cache' });
    await sim.pass(500);
  }
  t.equal(server.queries.length, 2, 'and is not repeated at once');
});

t.test('prefetch: what failed is left alone for 30 s, as long as the entry holds', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', serve({ 'www.corp.test.': { A: ['192.0.2.1'] } }, 300));
  const path = sim.path({ targets: [server] });
  await sim.ask('www.corp.test.', 'A', path);
  await sim.pass(271_000);
  server.behaviour = always({ rcode: 'SERVFAIL' });
  for (let i = 0; i < 28; i++) {
    t.match(sim.start('www.corp.test.', 'A', path), { outcome: 'answer', source: 'cache' });
    await sim.pass(1000);
  }
  t.equal(server.queries.length, 2);
});

t.test(`prefetch: ${PREFETCHES_MAX} at a time, and as many again when these are over`, async (t) => {
  const sim = new Simulation();
  const names = Array.from({ length: PREFETCHES_MAX + 20 }, (_, i) => `n${i}.corp.test.`);
  for (const round of [1, 2]) {
    const answers = serve(Object.fromEntries(names.map((name) => [name, { A: ['192.0.2.1'] }])), 100);
    const server = sim.net.server(`192.0.2.${round}`, answers);
    const path = sim.path({ targets: [server] });
    for (const name of names) await sim.ask(name, 'A', path);
    await sim.pass(93_000);
    server.behaviour = () => undefined;
    for (let clients = 0; clients < 3; clients++)
      for (const name of names) t.match(sim.start(name, 'A', path), { source: 'cache' }, 'nobody waits');
    t.equal(sim.count('resolver_prefetches'), round * PREFETCHES_MAX);
    await sim.pass(20_000);
  }
});

t.test('1,000 clients, one question: one packet; a hundred wait, the rest are turned away', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', always({ answer: [WWW] }));
  const path = sim.path({ targets: [server] });
  const clients = Array.from({ length: 1000 }, () => sim.start('www.corp.test.', 'A', path));
  const outcomes = await sim.finish(Promise.all(clients));
  t.equal(server.queries.length, 1);
  t.equal(outcomes.filter((o) => o.outcome === 'answer').length, 100);
  t.equal(outcomes.filter((o) => o.reason === 'waiters').length, 900);
  t.equal(sim.resolver.inFlight, 0);
});

t.test('an answer comes by 4.5 s, and the question goes on for the next who asks', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', (query) => query.reply(reply(query, { answer: [WWW] }), 3_900));
  const path = sim.path({ targets: [server] });
  // A client whose time is half over when the question is asked, because its chain took long.
  const budget = new Budget(sim.clock.now() - 2_000);
  const started = sim.clock.now();
  t.match(await sim.ask('www.corp.test.', 'A', path, budget), {
    outcome: 'failure',
    reason: 'late',
    ede: [{ code: 22 }],
  });
  t.equal(sim.clock.now() - started, 2_500);
  await sim.pass(2_000);
  t.match(sim.start('www.corp.test.', 'A', path), { outcome: 'answer', source: 'cache' });
});

t.test(
  'a spent budget ends the question of its owner, and those who joined go on with their own',
  async (t) => {
    const sim = new Simulation();
    let truthful = false;
    const server = sim.net.server('192.0.2.53', (query) => {
      if (truthful) query.reply(reply(query, { answer: [WWW] }));
    });
    const path = sim.path({ targets: [server] });
    const spent = new Budget(sim.clock.now());
    while (spent.left.packets > 1) spent.takePacket(sim.clock.now());
    const owner = sim.start('www.corp.test.', 'A', path, spent);
    const joined = sim.start('www.corp.test.', 'A', path);
    await sim.pass(300);
    truthful = true;
    t.match(await sim.finish(owner), {
      outcome: 'failure',
      reason: 'budget',
      ede: [{ text: /200 packets/ }],
    });
    t.match(await sim.finish(joined), { outcome: 'answer' });
    t.equal(server.queries.length, 2);
  },
);

t.test('what a budget forbids is not remembered as a failure of the name', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', always({ answer: [WWW] }));
  const path = sim.path({ targets: [server] });
  const spent = new Budget(sim.clock.now());
  while (spent.takePacket(sim.clock.now()));
  t.match(await sim.ask('www.corp.test.', 'A', path, spent), { reason: 'budget' });
  t.equal(server.queries.length, 0);
  t.match(await sim.ask('www.corp.test.', 'A', path), { outcome: 'answer' });
});

t.test('a target that gave SOA of another zone is believed about the name only', async (t) => {
  const sim = new Simulation();
  const evil = 'evil.test. 300 SOA ns.evil.test. host.evil.test. 1 2 3 4 60';
  const server = sim.net.server('192.0.2.53', always({ rcode: 'NXDOMAIN', authority: [evil, SOA] }));
  const resolution = await sim.ask('no.corp.test.', 'A', sim.path({ targets: [server] }));
  t.equal(resolution.outcome, 'nxdomain');
});
