/** DNS over TLS and HTTPS to servers of Node's: connections and sessions counted, and every way in which they fail. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { CONNECTIONS_PER_UPSTREAM, MANNERS, REOPEN_MS_MIN } from '../../../src/resolver/transport/pool.ts';
import { ATTEMPT_DELAY_MS } from '../../../src/resolver/transport/race.ts';
import { HANDSHAKE_MS } from '../../../src/resolver/transport/tlslink.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import {
  certificatesFor,
  type PeerOptions,
  pinOf,
  type SecureQuery,
  type SecureServerOptions,
  startSecure,
  targetAt,
} from '../../support/secure.ts';
import { ask, echo, type Outcome, query, transport } from '../../support/securetransport.ts';
import { missing } from '../../support/servers.ts';
import { until } from '../../support/sockets.ts';

t.setTimeout(60_000);
const skip = missing('openssl');
const { good, expired, misnamed } = certificatesFor(t, skip);
const BOTH = ['dot', 'doh'] as const;

async function serverFor(t: Test, options: Omit<SecureServerOptions, 'by'> & Partial<SecureServerOptions>) {
  const server = await startSecure({ by: good, ...options });
  t.teardown(() => server.close());
  return server;
}

for (const protocol of BOTH)
  t.test(`${protocol}: one connection, queries pipelined, replies in any order`, { skip }, async (t) => {
    const held: SecureQuery[] = [];
    const server = await serverFor(t, {
      protocol,
      got: (asked) => {
        held.push(asked);
        if (held.length === 50) for (const each of held.reverse()) echo(each);
      },
    });
    const { tcp, counts } = transport(t);
    const target = targetAt(server.port, { protocol, trusts: good });
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(tcp, target, i)));
    t.same(
      outcomes.map(({ reply }) => reply),
      Array.from({ length: 50 }, (_, i) => query(i)),
      'each its own, with its own ID',
    );
    t.equal(server.resumed.length, 1);
    t.ok(
      outcomes.every(({ facts }) => facts?.roundTripMs === undefined),
      'what waited for the connection measures nothing',
    );
    held.length = 0;
    const warm = ask(tcp, target, 7);
    await until(() => held.length === 1, 'another query');
    echo(held[0]!);
    t.match(await warm, { reply: query(7), facts: { roundTripMs: Number } });
    t.equal(server.resumed.length, 1, 'the same connection');
    t.same(counts, { upstream_tls_full: 1 });
  });

for (const protocol of BOTH)
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    t.test(
      `${protocol}: what was idle is closed, and the session resumed (${maxVersion})`,
      { skip },
      async (t) => {
        const server = await serverFor(t, { protocol, got: echo, maxVersion });
        const clock = new ManualClock(Date.now());
        const { tcp, counts } = transport(t, clock);
        const target = targetAt(server.port, { protocol, trusts: good, pins: [pinOf(good)] });
        for (let i = 0; i < 3; i++) {
          t.match(await ask(tcp, target, i), { reply: query(i) });
          // TLS 1.3 sends its tickets behind the handshake: with the first reply they are there.
          clock.advance(MANNERS[protocol].idleMs - 1);
          t.equal(tcp.open, 1);
          clock.advance(1);
          await until(() => tcp.open === 0 && server.open() === 0, 'it is closed');
        }
        t.same(server.resumed, [false, true, true]);
        t.same(counts, { upstream_tls_full: 1, upstream_tls_resumed: 2 });
      },
    );

t.test('who is not who is expected gets no query', { skip }, async (t) => {
  const cases: [string, SecureServerOptions['by'], PeerOptions, RegExp][] = [
    ['another name', misnamed, { trusts: misnamed }, /certificate is not for dns\.example/],
    ['expired', expired, { trusts: expired }, /certificate has expired/],
    ['signed by nobody', good, {}, /not signed by anybody who is trusted/],
    ['another key', good, { trusts: good, pins: [pinOf(misnamed)] }, /none that is pinned/],
    ['another key, by pin alone', good, { name: undefined, pins: [pinOf(misnamed)] }, /none that is pinned/],
    ['an address it is not for', good, { trusts: good, name: '127.0.0.2' }, /is not for 127\.0\.0\.2/],
  ];
  for (const protocol of BOTH)
    for (const [what, by, peer, why] of cases) {
      const server = await serverFor(t, { protocol, by, got: echo });
      const { tcp, counts } = transport(t);
      const outcome = await ask(tcp, targetAt(server.port, { protocol, ...peer }), 1);
      t.match(outcome, { failure: 'untrusted', detail: why }, `${protocol}: ${what}`);
      t.equal(server.queries.length, 0);
      t.same(counts, { upstream_tls_failed: 1 });
      await until(() => tcp.open === 0 && server.open() === 0, 'nothing stays open');
    }
});

t.test('who is: by name and key, by key alone, by address', { skip }, async (t) => {
  const cases: [SecureServerOptions['by'], PeerOptions][] = [
    [good, { trusts: good, pins: [pinOf(misnamed), pinOf(good)] }],
    [misnamed, { name: undefined, pins: [pinOf(misnamed)] }],
    [expired, { name: undefined, pins: [pinOf(expired)] }],
    [good, { trusts: good, name: '127.0.0.1' }],
  ];
  for (const protocol of BOTH)
    for (const [by, peer] of cases) {
      const server = await serverFor(t, { protocol, by, got: echo });
      const { tcp } = transport(t);
      t.match(await ask(tcp, targetAt(server.port, { protocol, ...peer }), 1), { reply: query(1) });
    }
});

for (const protocol of BOTH) {
  t.test(
    `${protocol}: a server that goes: what was on its way is asked once more, on a new connection`,
    { skip },
    async (t) => {
      const server = await serverFor(t, {
        protocol,
        got: (asked) => {
          if (asked.connection > 1) echo(asked);
          else if (server.queries.length === 5) asked.hangUp();
        },
      });
      const { tcp } = transport(t);
      const target = targetAt(server.port, { protocol, trusts: good });
      const resends = { count: 0 };
      const outcomes = await Promise.all(
        Array.from({ length: 5 }, (_, i) => ask(tcp, target, i, { resends })),
      );
      t.same(
        outcomes.map(({ reply }) => reply),
        Array.from({ length: 5 }, (_, i) => query(i)),
      );
      t.equal(resends.count, 5);
      t.equal(server.resumed.length, 2);
    },
  );

  t.test(
    `${protocol}: a server that always goes: asked twice, and left alone for a while`,
    { skip },
    async (t) => {
      const server = await serverFor(t, { protocol, got: ({ hangUp }) => hangUp() });
      const clock = new ManualClock(Date.now());
      const { tcp } = transport(t, clock);
      const target = targetAt(server.port, { protocol, trusts: good });
      t.match(await ask(tcp, target, 1), { failure: 'closed' });
      t.equal(server.resumed.length, 2);
      const refused = ask(tcp, target, 2);
      clock.advance(1);
      t.match(await refused, { failure: 'closed' });
      t.equal(server.resumed.length, 2, 'no connection is made for it');
      clock.advance(REOPEN_MS_MIN);
      t.match(await ask(tcp, target, 3, { mayResend: false }), { failure: 'closed' });
      t.equal(server.resumed.length, 3);
    },
  );

  t.test(
    `${protocol}: a server that never says anything: few connections, and none for long`,
    { skip },
    async (t) => {
      const server = await serverFor(t, { protocol, got: () => undefined });
      const clock = new ManualClock(Date.now());
      const { tcp } = transport(t, clock);
      const target = targetAt(server.port, { protocol, trusts: good });
      const asked: Promise<Outcome>[] = [];
      for (let i = 0; i < 12; i++) {
        asked.push(ask(tcp, target, i, { timeoutMs: 15_000, isRepeat: i % 2 === 1 }));
        const seen = Math.min(i + 1, CONNECTIONS_PER_UPSTREAM);
        if (i < CONNECTIONS_PER_UPSTREAM) await until(() => server.queries.length === seen, 'the query');
        clock.advance(1_001);
      }
      t.ok(server.resumed.length <= CONNECTIONS_PER_UPSTREAM, `${server.resumed.length} connections`);
      clock.advance(15_000);
      for (const outcome of await Promise.all(asked)) t.match(outcome, { failure: 'timeout' });
      await until(() => tcp.open === 0, 'who is mute is not kept');
    },
  );
}

t.test('a server that takes connections and shakes no hands', { skip }, async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const clock = new ManualClock(Date.now());
  const { tcp, counts } = transport(t, clock);
  const target = targetAt(port, { trusts: good });
  const asked = Array.from({ length: 300 }, (_, i) => ask(tcp, target, i));
  await until(() => sockets.length > 0, 'a connection');
  clock.advance(HANDSHAKE_MS);
  for (const outcome of await Promise.all(asked)) t.match(outcome, { failure: 'timeout' });
  t.ok(sockets.length <= CONNECTIONS_PER_UPSTREAM, `${sockets.length} connections for 300 queries`);
  t.ok(counts['upstream_tls_failed']! <= CONNECTIONS_PER_UPSTREAM, 'and no more handshakes');
  await until(() => tcp.open === 0, 'nothing stays open');
});

t.test(
  'a server that ends each handshake is left alone for longer each time, up to 1 s',
  { skip },
  async (t) => {
    let taken = 0;
    const server = createServer((socket) => {
      taken++;
      socket.on('error', () => undefined).destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { port } = server.address() as { port: number };
    const clock = new ManualClock(Date.now());
    const { tcp } = transport(t, clock);
    const target = targetAt(port, { trusts: good });
    t.match(await ask(tcp, target, 1), { failure: 'tls' });
    for (const [i, ms] of [100, 200, 400, 800, 1_000, 1_000, 1_000].entries()) {
      clock.advance(ms - 1);
      const refused = ask(tcp, target, 1);
      clock.advance(0);
      t.match(await refused, { failure: 'tls' });
      t.equal(taken, 1 + i, `${ms - 1} ms after the last: without a connection`);
      clock.advance(1);
      t.match(await ask(tcp, target, 1), { failure: 'tls' });
      t.equal(taken, 2 + i, `${ms} ms after it: another`);
    }
  },
);

t.test('a server that speaks no TLS', { skip }, async (t) => {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (octets: Buffer) => {
      heard.push(octets);
      socket.end('\0\x0cno DNS at all');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const { tcp } = transport(t);
  t.match(await ask(tcp, targetAt(port, { trusts: good }), 0x61), { failure: 'tls', detail: String });
  t.equal(heard[0]![0], 0x16, 'all that it heard is a handshake');
  t.notOk(Buffer.concat(heard).includes('aaaa'), 'and no query');
});

t.test(
  'several addresses: one that refuses, one that is silent, and the one that works is known from then on',
  { skip },
  async (t) => {
    const server = await serverFor(t, {
      protocol: 'dot',
      got: ({ hangUp, ...asked }) => (asked.message[5] === 9 ? hangUp() : echo({ hangUp, ...asked })),
    });
    const clock = new ManualClock(Date.now());
    const { tcp } = transport(t, clock);
    // Nobody listens at ::1, and 192.0.2.1 is nobody's address (RFC 5737): it is unreachable or silent.
    const addresses = ['::1', '192.0.2.1', '127.0.0.1'];
    const target = targetAt(server.port, { trusts: good, addresses });
    const first = ask(tcp, target, 1);
    const beat = setInterval(() => clock.advance(ATTEMPT_DELAY_MS / 5), 5);
    t.match(await first, { reply: query(1) });
    clearInterval(beat);
    t.match(await ask(tcp, target, 9, { mayResend: false }), { failure: 'closed' });
    t.match(
      await ask(tcp, target, 2),
      { reply: query(2) },
      'without waiting for the others: the clock stands still',
    );
  },
);

t.test('HTTP that is no DNS', { skip }, async (t) => {
  const answers: [string, (asked: SecureQuery) => void, RegExp][] = [
    ['a status', ({ stream }) => stream!.respond({ ':status': 503 }, { endStream: true }), /status 503/],
    [
      'a page',
      ({ stream }) => {
        stream!.respond({ ':status': 200, 'content-type': 'text/html' });
        stream!.end('<p>');
      },
      /not application\/dns-message/,
    ],
    ['too much', ({ reply }) => reply(new Uint8Array(70_000)), /longer than a message/],
    ['nothing', ({ reply }) => reply(new Uint8Array(0)), /cut short/],
    ['another ID', ({ reply }) => reply(query(1)), /cut short/],
  ];
  for (const [what, got, why] of answers) {
    const server = await serverFor(t, { protocol: 'doh', got });
    const { tcp } = transport(t);
    const target = targetAt(server.port, { protocol: 'doh', trusts: good });
    t.match(await ask(tcp, target, 1), { failure: 'http', detail: why }, what);
    t.match(await ask(tcp, target, 1), { failure: 'http', detail: why }, what);
    t.equal(server.resumed.length, 1, 'the connection is as good as before');
  }
  const server = await serverFor(t, { protocol: 'doh', got: echo });
  const { tcp } = transport(t);
  const elsewhere = targetAt(server.port, { protocol: 'doh', trusts: good, path: '/elsewhere' });
  t.match(await ask(tcp, elsewhere, 1), { failure: 'http', detail: /status 404/ });
});

t.test(
  'HTTP: the age of an answer, a stream refused, a session that is taken leave of',
  { skip },
  async (t) => {
    const seen: number[] = [];
    const server = await serverFor(t, {
      protocol: 'doh',
      got: ({ message, connection, stream, reply }) => {
        seen.push(connection);
        if (message[5] === 1) {
          stream!.respond({ ':status': 200, 'content-type': 'application/dns-message', age: '250' });
          stream!.end(message);
        } else if (message[5] === 2 && seen.filter((each) => each === connection).length < 3) {
          // Refused once: REFUSED_STREAM says that it may be asked again.
          stream!.close(7);
        } else if (message[5] === 3 && connection === 1) {
          stream!.session!.goaway(0, stream!.id! - 2);
          stream!.session!.close();
          stream!.close(7);
        } else reply(message);
      },
    });
    const { tcp } = transport(t);
    const target = targetAt(server.port, { protocol: 'doh', trusts: good });
    t.match(await ask(tcp, target, 1), { reply: query(1), facts: { ageSeconds: 250 } });
    const resends = { count: 0 };
    t.match(await ask(tcp, target, 2, { resends }), { reply: query(2) });
    t.equal(resends.count, 1);
    t.match(await ask(tcp, target, 3, { resends }), { reply: query(3) });
    t.equal(resends.count, 2);
    t.equal(server.resumed.length, 2, 'on another connection');
  },
);
