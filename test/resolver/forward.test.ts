import t from 'tap';
import { TRIES_MAX } from '../../src/resolver/candidate.ts';
import { FORWARD_MS_MAX } from '../../src/resolver/forward.ts';
import {
  always,
  recordsOf,
  reply,
  type Script,
  type SimQuery,
  Simulation,
  SOA,
  serve,
} from '../support/simnet.ts';

const WWW = 'www.corp.test. 300 A 192.0.2.1';
const ANSWER: Script = { answer: [WWW] };

/** `udp` to datagrams, `tcp` to what comes by TCP. */
function split(
  udp: (q: SimQuery) => void,
  tcp: (q: SimQuery) => void = always(ANSWER),
): (q: SimQuery) => void {
  return (query) => (query.protocol === 'udp' ? udp(query) : tcp(query));
}

function protocols(queries: readonly SimQuery[]): string[] {
  return queries.map((query) => query.protocol);
}

t.test('the query: RD, one question, EDNS with 1232 octets, and the loop token', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', always(ANSWER));
  await sim.ask('WWW.Corp.test.', 'A', sim.path({ targets: [server] }));
  const { message } = server.queries[0]!;
  t.match(message, { flags: 0x0100, qdcount: 1, edns: { payload: 1232, version: 0, dnssecOk: false } });
  t.match(message.edns!.options, [{ code: 65_313, data: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]) }]);
  t.equal(server.queries[0]!.name, 'www.corp.test.', 'the client’s own case goes no further');
});

t.test('TC: asked again by TCP, at the same target', async (t) => {
  const sim = new Simulation();
  const truncated = (query: SimQuery): void => query.reply(reply(query, { flags: 0x0380 }));
  const server = sim.net.server('192.0.2.53', split(truncated));
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
  t.same(recordsOf(resolution.rrsets), [WWW]);
  t.same(protocols(server.queries), ['udp', 'tcp']);
});

t.test('TC with the answer in it: what is in it is not used', async (t) => {
  const sim = new Simulation();
  const bait = { flags: 0x0380, answer: ['www.corp.test. 300 A 192.0.2.66'] };
  const server = sim.net.server('192.0.2.53', split(always(bait)));
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
  t.same(recordsOf(resolution.rrsets), [WWW]);
});

t.test('no TCP at a server that truncates: the next target', async (t) => {
  const sim = new Simulation();
  const bad = sim.net.server('192.0.2.53', always({ flags: 0x0380 }));
  bad.state = 'no-tcp';
  const good = sim.net.server('192.0.2.54', always(ANSWER));
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [bad, good] }));
  t.equal(resolution.upstream, '192.0.2.54:53');
  t.equal(bad.queries.length, 1);
});

t.test('a reply over 1232 octets by UDP is discarded and TCP is used', async (t) => {
  const sim = new Simulation();
  const many = Array.from({ length: 50 }, (_, i) => `www.corp.test. 300 A 10.0.0.${i}`);
  const server = sim.net.server('192.0.2.53', always({ answer: many }));
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
  t.equal(recordsOf(resolution.rrsets).length, 50);
  t.same(protocols(server.queries), ['udp', 'tcp']);
});

t.test('a server that knows no EDNS is asked without, each time anew', async (t) => {
  for (const rcode of ['FORMERR', 'NOTIMP'] as const) {
    const sim = new Simulation();
    const server = sim.net.server('192.0.2.53', (query) =>
      query.reply(reply(query, query.message.edns === undefined ? ANSWER : { rcode })),
    );
    const path = sim.path({ targets: [server] });
    t.same(recordsOf((await sim.ask('www.corp.test.', 'A', path)).rrsets), [WWW], rcode);
    t.same(protocols(server.queries), ['udp', 'udp']);
    await sim.ask('other.corp.test.', 'A', path);
    t.ok(server.queries[2]!.message.edns, 'one packet does not change how a server is asked');
  }
});

t.test('a server that is silent to EDNS gets its last try without', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', (query) => {
    if (query.message.edns === undefined) query.reply(reply(query, ANSWER));
  });
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
  t.same(recordsOf(resolution.rrsets), [WWW]);
  t.equal(server.queries.length, TRIES_MAX);
});

t.test('a server that refuses with and without EDNS is not asked again and again', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', always({ rcode: 'FORMERR' }));
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
  t.match(resolution, { outcome: 'failure', rcode: 2 });
  t.equal(server.queries.length, 2);
});

t.test('0x20: letters go out in random case and come back in the same', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', always(ANSWER));
  const path = sim.path({ targets: [server], case0x20: true });
  for (let i = 0; i < 20; i++) await sim.ask(`www${i}.corp.test.`, 'A', path);
  const spellings = new Set(server.queries.map((query) => query.name.replace(/[0-9]+/, '')));
  t.ok(spellings.size > 15, `${spellings.size} spellings of 20`);
  t.same(new Set(protocols(server.queries)), new Set(['udp']));
});

t.test('0x20: a server that lower-cases is asked by TCP, and then without 0x20', async (t) => {
  const sim = new Simulation();
  const lower = (query: SimQuery): void =>
    query.reply(reply(query, { ...ANSWER, question: { name: query.name.toLowerCase(), type: query.type } }));
  const server = sim.net.server('192.0.2.53', lower);
  const path = sim.path({ targets: [server], case0x20: true });
  t.same(recordsOf((await sim.ask('www.corp.test.', 'A', path)).rrsets), [WWW], 'through TCP, not SERVFAIL');
  t.same(protocols(server.queries), ['udp', 'tcp']);
  await sim.ask('other.corp.test.', 'A', path);
  t.same(protocols(server.queries), ['udp', 'tcp', 'udp'], 'off for this server');
  t.equal(sim.resolver.targets()[0]!.case0x20, false);
});

t.test('0x20: a mismatch by UDP alone does not switch it off', async (t) => {
  const sim = new Simulation();
  const forged = (query: SimQuery): void =>
    query.reply(reply(query, { answer: [], question: { name: query.name.toUpperCase(), type: query.type } }));
  const server = sim.net.server('192.0.2.53', split(forged));
  await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server], case0x20: true }));
  t.equal(sim.resolver.targets()[0]!.case0x20, true);
});

for (const rcode of ['SERVFAIL', 'REFUSED', 'NOTIMP', 'FORMERR'] as const)
  t.test(`${rcode}: the next target is asked`, async (t) => {
    const sim = new Simulation();
    const bad = sim.net.server('192.0.2.53', always({ rcode }));
    const good = sim.net.server('192.0.2.54', always(ANSWER));
    const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [bad, good] }));
    t.match(resolution, { outcome: 'answer', upstream: '192.0.2.54:53' });
  });

t.test('NXDOMAIN and NODATA are answers: no other target is asked', async (t) => {
  for (const rcode of ['NXDOMAIN', 'NOERROR'] as const) {
    const sim = new Simulation();
    const first = sim.net.server('192.0.2.53', always({ rcode, authority: [SOA] }));
    const second = sim.net.server('192.0.2.54', always(ANSWER));
    const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [first, second] }));
    t.equal(resolution.outcome, rcode === 'NXDOMAIN' ? 'nxdomain' : 'nodata');
    t.equal(resolution.soa?.ttl, 60, 'RFC 2308: the lesser of the SOA’s TTL and its minimum');
    t.equal(second.queries.length, 0);
  }
});

t.test('when all targets say SERVFAIL, so do we, with each one’s word in the EDE', async (t) => {
  const sim = new Simulation();
  const targets = ['192.0.2.53', '192.0.2.54'].map((a) => sim.net.server(a, always({ rcode: 'SERVFAIL' })));
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets }));
  t.match(resolution, { outcome: 'failure', rcode: 2, reason: 'refused' });
  t.same(resolution.ede, [
    { code: 23, text: 'rule rslvr-rr-1: 192.0.2.53:53 rcode=SERVFAIL, 192.0.2.54:53 rcode=SERVFAIL' },
  ]);
  for (const target of targets) t.equal(target.queries.length, 1);
});

t.test('a silent target: the next after its patience, and its late answer is still taken', async (t) => {
  const sim = new Simulation();
  const slow = sim.net.server('192.0.2.53', (query) => query.reply(reply(query, ANSWER), 600));
  const dark = sim.net.server('192.0.2.54', () => undefined);
  const started = sim.clock.now();
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [slow, dark] }));
  t.match(resolution, { outcome: 'answer', upstream: '192.0.2.53:53' });
  t.equal(sim.clock.now() - started, 610);
  t.equal(dark.queries.length, 1);
});

t.test('a dark server is asked three times and no more, in under 4.5 s', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', () => undefined);
  const started = sim.clock.now();
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
  t.match(resolution, { outcome: 'failure', rcode: 2, reason: 'silent' });
  t.same(resolution.ede, [{ code: 22, text: 'rule rslvr-rr-1: 192.0.2.53:53 no reply' }]);
  t.equal(server.queries.length, TRIES_MAX);
  t.ok(sim.clock.now() - started <= FORWARD_MS_MAX);
  t.equal(sim.net.open, 0, 'nothing is left listening');
});

t.test('a closed port is known at once', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', () => undefined);
  server.state = 'closed';
  const started = sim.clock.now();
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
  t.match(resolution.ede, [{ code: 22, text: /port closed/ }]);
  t.ok(sim.clock.now() - started < 50);
  t.equal(sim.net.sent.udp, 1);
});

t.test('a family without a route is tried after the other from then on (AdGuardHome#4354)', async (t) => {
  const sim = new Simulation();
  const v6 = sim.net.server('2001:db8::53', serve({}));
  v6.state = 'no-route';
  const v4 = sim.net.server('192.0.2.53', serve({}));
  const path = sim.path({ targets: [v6, v4] });
  for (let i = 0; i < 5; i++)
    t.equal((await sim.ask(`n${i}.corp.test.`, 'A', path)).upstream, '192.0.2.53:53');
  t.equal(sim.net.sent.udp, 6, 'one vain try in five questions');
  v6.state = 'up';
  await sim.pass(61_000);
  t.equal(
    (await sim.ask('later.corp.test.', 'A', path)).upstream,
    '[2001:db8::53]:53',
    'tried again after a minute',
  );
});

t.test('a source address of the target’s family is used', async (t) => {
  const sim = new Simulation();
  const seen: (string | undefined)[] = [];
  const exchange = sim.net.exchange.bind(sim.net);
  sim.net.exchange = (send, listener) => {
    seen.push(send.source);
    return exchange(send, listener);
  };
  const v4 = sim.net.server('192.0.2.53', serve({}));
  const v6 = sim.net.server('2001:db8::53', serve({}));
  const sources = ['192.0.2.9', '2001:db8::9'];
  await sim.ask('a.corp.test.', 'A', sim.path({ targets: [v4], sources }));
  await sim.ask('a.corp.test.', 'A', sim.path({ targets: [v6], sources }));
  await sim.ask('a.corp.test.', 'A', sim.path({ targets: [v6], sources: ['192.0.2.9'] }));
  t.same(seen, ['192.0.2.9', '2001:db8::9', undefined]);
});

t.test('malformed data: TCP once, then the next target', async (t) => {
  const sim = new Simulation();
  const broken = (query: SimQuery): void => query.reply(reply(query, ANSWER).slice(0, -1));
  const bad = sim.net.server('192.0.2.53', broken);
  const good = sim.net.server('192.0.2.54', always(ANSWER));
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [bad, good] }));
  t.equal(resolution.upstream, '192.0.2.54:53');
  t.same(protocols(bad.queries), ['udp', 'tcp']);
});

t.test('a forwarder that only refers to others is no forwarder', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server(
    '192.0.2.53',
    always({ authority: ['sub.corp.test. 300 NS ns.sub.corp.test.'] }),
  );
  const resolution = await sim.ask('www.sub.corp.test.', 'A', sim.path({ targets: [server] }));
  t.match(resolution, { outcome: 'failure', ede: [{ text: /referral/ }] });
});

t.test('YXDOMAIN of a DNAME is final, and comes with the DNAME', async (t) => {
  const sim = new Simulation();
  const label = 'x'.repeat(60);
  const answer = [`corp.test. 50 DNAME ${label}.${label}.${label}.example.`];
  const server = sim.net.server('192.0.2.53', always({ rcode: 'YXDOMAIN', answer }));
  const second = sim.net.server('192.0.2.54', always(ANSWER));
  const path = sim.path({ targets: [server, second] });
  t.match(await sim.ask(`${label}.${label}.corp.test.`, 'A', path), { outcome: 'answer', rcode: 6 });
  t.equal(second.queries.length, 0);
});
