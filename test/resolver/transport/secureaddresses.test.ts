/** Targets with several addresses: one that shakes no hands, or the wrong ones, is not in the way of one that is right. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { ATTEMPT_DELAY_MS } from '../../../src/resolver/transport/race.ts';
import { HANDSHAKE_MS } from '../../../src/resolver/transport/tlslink.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import {
  certificatesFor,
  type PeerOptions,
  pinOf,
  type SecureServer,
  type SecureServerOptions,
  startSecure,
  targetAt,
} from '../../support/secure.ts';
import { ask, echo, query, transport } from '../../support/securetransport.ts';
import { missing } from '../../support/servers.ts';
import { until } from '../../support/sockets.ts';

t.setTimeout(60_000);
const skip = missing('openssl');
const { good, misnamed, expired } = certificatesFor(t, skip);
const BOTH = ['dot', 'doh'] as const;
const [RIGHT, WRONG] = ['127.0.0.7', '127.0.0.11'] as const;

/** One that answers, at the address that is asked last. */
async function right(t: Test, protocol: 'dot' | 'doh'): Promise<SecureServer> {
  const server = await startSecure({ by: good, protocol, got: echo, address: RIGHT });
  t.teardown(() => server.close());
  return server;
}

/** One at the same port that takes connections and does this with them. Returns those that it took. */
async function wrong(t: Test, port: number, accepted: (socket: Socket) => void): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    accepted(socket);
  });
  server.listen(port, WRONG);
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return sockets;
}

const MISBEHAVIOUR: Readonly<Record<string, (socket: Socket) => void>> = {
  'closes at once': (socket) => socket.destroy(),
  'resets at once': (socket) => socket.resetAndDestroy(),
  'closes in the handshake': (socket) => socket.once('data', () => socket.end()),
  'says an alert': (socket) => socket.once('data', () => socket.end(Buffer.from('15030300020228', 'hex'))),
  'speaks no TLS': (socket) => socket.once('data', () => socket.end('\0\x0cno DNS at all')),
};

for (const protocol of BOTH)
  for (const [what, accepted] of Object.entries(MISBEHAVIOUR))
    t.test(`${protocol}: the first address ${what}`, { skip }, async (t) => {
      const server = await right(t, protocol);
      const taken = await wrong(t, server.port, accepted);
      // Its time stands still: nothing is waited for.
      const clock = new ManualClock(Date.now());
      const { tcp, counts } = transport(t, clock);
      const target = targetAt(server.port, { protocol, trusts: good, addresses: [WRONG, RIGHT] });
      t.match(await ask(tcp, target, 1), { reply: query(1) });
      t.equal(taken.length, 1);
      clock.advance(60_000);
      await until(() => tcp.open === 0 && server.open() === 0, 'nobody is connected');
      t.match(await ask(tcp, target, 2), { reply: query(2) });
      t.equal(taken.length, 1, 'the one that works is tried first from then on');
      t.same(counts, { upstream_tls_full: 1, upstream_tls_resumed: 1 });
    });

for (const protocol of BOTH)
  t.test(`${protocol}: the first address is silent`, { skip }, async (t) => {
    const server = await right(t, protocol);
    const taken = await wrong(t, server.port, () => undefined);
    const clock = new ManualClock(Date.now());
    const { tcp } = transport(t, clock);
    const target = targetAt(server.port, { protocol, trusts: good, addresses: [WRONG, RIGHT] });
    const first = ask(tcp, target, 1);
    const hello = new Promise((resolve) => {
      const look = setInterval(() => {
        if (taken.length === 0) return;
        clearInterval(look);
        taken[0]!.once('data', resolve);
      }, 1);
    });
    await hello;
    clock.advance(ATTEMPT_DELAY_MS);
    t.match(await first, { reply: query(1) }, 'the other is tried after a short time');
    await until(() => taken[0]!.readableEnded || taken[0]!.destroyed, 'the silent one is left');
    clock.advance(60_000);
    await until(() => tcp.open === 0 && server.open() === 0, 'nobody is connected');
    t.match(await ask(tcp, target, 2), { reply: query(2) });
    t.equal(taken.length, 1, 'the one that works is tried first from then on');
  });

t.test('the one that worked works no more: the others are tried again', { skip }, async (t) => {
  const server = await right(t, 'dot');
  const taken = await wrong(t, server.port, (socket) => socket.destroy());
  const clock = new ManualClock(Date.now());
  const { tcp } = transport(t, clock);
  const target = targetAt(server.port, { trusts: good, addresses: [RIGHT, WRONG, '127.0.0.12'] });
  t.match(await ask(tcp, target, 1), { reply: query(1) });
  await server.close();
  await until(() => tcp.open === 0, 'it is gone');
  const another = await startSecure({
    by: good,
    protocol: 'dot',
    got: echo,
    address: '127.0.0.12',
    port: server.port,
  });
  t.teardown(() => another.close());
  t.match(await ask(tcp, target, 2), { reply: query(2) });
  t.equal(taken.length, 1);
});

t.test('who is not who is expected gets no query, and the next address is tried', { skip }, async (t) => {
  const cases: [string, SecureServerOptions['by'], PeerOptions, RegExp][] = [
    ['another name', misnamed, {}, /^certificate is not for dns\.example \(at 127\.0\.0\.11\)$/],
    ['expired', expired, {}, /^certificate has expired \(at 127\.0\.0\.11\)$/],
    ['another key', misnamed, { name: undefined, pins: [pinOf(good)] }, /pinned \(at 127\.0\.0\.11\)$/],
  ];
  for (const protocol of BOTH)
    for (const [what, by, peer, why] of cases) {
      const server = await right(t, protocol);
      const impostor = await startSecure({ by, protocol, got: echo, address: WRONG, port: server.port });
      t.teardown(() => impostor.close());
      const { tcp, counts } = transport(t, new ManualClock(Date.now()));
      const trusts = { ...good, cert: Buffer.concat([good.cert, by.cert].map((pem) => Buffer.from(pem))) };
      const options = { protocol, trusts, ...peer };
      const target = targetAt(server.port, { ...options, addresses: [WRONG, RIGHT] });
      t.match(await ask(tcp, target, 1), { reply: query(1) }, `${protocol}: ${what}`);
      t.same(counts, { upstream_tls_full: 1 });
      // Nobody listens at the other: that says less than what is wrong with the one that is there.
      for (const addresses of [
        [WRONG, '127.0.0.12'],
        ['127.0.0.12', WRONG],
      ]) {
        const outcome = await ask(tcp, targetAt(server.port, { ...options, addresses }), 2);
        t.match(outcome, { failure: 'untrusted', detail: why });
      }
      t.equal(impostor.queries.length, 0);
    }
});

t.test('a server of HTTP/1.1 only at the first address', { skip }, async (t) => {
  const server = await right(t, 'doh');
  const other = await startSecure({
    by: good,
    protocol: 'dot',
    got: echo,
    address: WRONG,
    port: server.port,
  });
  t.teardown(() => other.close());
  const { tcp } = transport(t, new ManualClock(Date.now()));
  const target = targetAt(server.port, { protocol: 'doh', trusts: good, addresses: [WRONG, RIGHT] });
  t.match(await ask(tcp, target, 1), { reply: query(1) });
  t.equal(other.queries.length, 0);
});

t.test('all are silent: one bound for all of them', { skip }, async (t) => {
  const server = await right(t, 'dot');
  const { port } = server;
  await server.close();
  const taken = await wrong(t, port, (socket) => socket.resume());
  const clock = new ManualClock(Date.now());
  const { tcp, counts } = transport(t, clock);
  const asked = ask(tcp, targetAt(port, { trusts: good, addresses: [WRONG, WRONG] }), 1);
  await until(() => taken.length === 1, 'a connection');
  clock.advance(ATTEMPT_DELAY_MS);
  await until(() => taken.length === 2, 'another beside it');
  clock.advance(HANDSHAKE_MS - ATTEMPT_DELAY_MS);
  t.match(await asked, { failure: 'timeout' });
  t.same(counts, { upstream_tls_failed: 1 });
  await until(() => tcp.open === 0 && taken.every((socket) => socket.readableEnded), 'nothing stays open');
});
