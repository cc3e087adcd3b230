import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { UDP_SOCKETS_MAX, UdpTransport } from '../../../src/resolver/transport/udp.ts';
import type { Listener, Send, TransportFailure } from '../../../src/resolver/transport.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { loadFfi } from '../../../src/util/ffi.ts';
import { cryptoPrng, type Prng } from '../../../src/util/prng.ts';
import type { UdpWay } from '../../../src/util/watch.ts';
import { skippedWithoutIpv6 } from '../../support/sockets.ts';

/** A server that hands every datagram to `got`. */
async function server(
  got: (socket: Socket, message: Buffer, port: number) => void,
  address = '127.0.0.1',
): Promise<{ port: number; close: () => void }> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, from) => got(socket, message, from.port));
  socket.bind(0, address);
  await once(socket, 'listening');
  return { port: socket.address().port, close: () => socket.close() };
}

const QUERY = new Uint8Array(32).fill(7);

function send(port: number, rest: Partial<Send> = {}): Send {
  return {
    address: '127.0.0.1',
    port,
    protocol: 'udp',
    query: QUERY,
    source: undefined,
    timeoutMs: 2_000,
    ...rest,
  };
}

/** One exchange: what came, and how it ended. `wanted` messages are waited for. */
function exchange(
  udp: UdpTransport,
  to: Send,
  wanted = 1,
): Promise<{ messages: Uint8Array[]; failure?: TransportFailure }> {
  return new Promise((resolve) => {
    const messages: Uint8Array[] = [];
    udp.exchange(to, {
      message: (reply) => {
        messages.push(reply);
        if (messages.length < wanted) return 'wait';
        resolve({ messages });
        return 'done';
      },
      failed: (failure) => resolve({ messages, failure }),
      resend: () => true,
    });
  });
}

const ffi = await loadFfi();
const WAYS: readonly UdpWay[] = ffi === undefined ? ['plain'] : ['native', 'plain'];

for (const way of WAYS) void t.test(`${way} sockets`, (t) => conforms(t, way));

/** What the resolver expects of sockets, whichever way they are made. */
async function conforms(t: Test, way: UdpWay): Promise<void> {
  const made: UdpTransport[] = [];
  t.teardown(() => {
    for (const udp of made) udp.close();
  });
  const make = async (prng: Prng = cryptoPrng): Promise<UdpTransport> => {
    const udp = new UdpTransport({ clock: systemClock, prng, ffi: way === 'native' ? ffi : undefined });
    made.push(udp);
    if ((await udp.way) !== way) t.fail(`not ${way}`);
    return udp;
  };

  await t.test(
    'a query goes out and its reply comes back; every datagram is offered until one is taken',
    async (t) => {
      const peer = await server((socket, message, port) => {
        for (let i = 0; i < 5; i++) socket.send(new Uint8Array([i, message.length]), port, '127.0.0.1');
      });
      t.teardown(peer.close);
      const udp = await make();
      t.same((await exchange(udp, send(peer.port))).messages, [Buffer.from([0, 32])]);
      t.equal((await exchange(udp, send(peer.port), 5)).messages.length, 5);
      t.equal(udp.open, 0);
    },
  );

  await t.test('SAD DNS 2020: only who was asked is heard, even by the right port', async (t) => {
    const stranger = createSocket('udp4');
    t.teardown(() => stranger.close());
    const peer = await server((socket, _message, port) => {
      stranger.send('forged', port, '127.0.0.1', () =>
        setTimeout(() => socket.send('true', port, '127.0.0.1'), 30),
      );
    });
    t.teardown(peer.close);
    const { messages } = await exchange(await make(), send(peer.port));
    t.same(
      messages.map((message) => Buffer.from(message).toString()),
      ['true'],
    );
  });

  await t.test(
    'SAD DNS 2020: a port that waits for a reply is to all others as one that is closed',
    async (t) => {
      /** What a host learns that sends to a port: by ICMP, that it is closed. */
      const probe = async (port: number): Promise<string> => {
        const prober = createSocket('udp4');
        t.teardown(() => prober.close());
        prober.connect(port, '127.0.0.1');
        await once(prober, 'connect');
        const told = new Promise<string>((resolve) => {
          prober.once('error', (error) => resolve((error as NodeJS.ErrnoException).code!));
          prober.once('message', () => resolve('a message'));
          setTimeout(() => resolve('silence'), 1_000);
        });
        prober.send('probe');
        return told;
      };
      const told: string[] = [];
      const peer = await server(async (socket, _message, port) => {
        told.push(await probe(port), await probe(port));
        socket.send('true', port, '127.0.0.1');
      });
      t.teardown(peer.close);
      t.match(await exchange(await make(), send(peer.port, { timeoutMs: 5_000 })), {
        messages: [Buffer.from('true')],
      });
      t.same(told, ['ECONNREFUSED', 'ECONNREFUSED']);
      const open = await server(() => undefined);
      t.teardown(open.close);
      t.equal(await probe(open.port), 'silence', 'not so a port that hears everybody');
    },
  );

  await t.test(
    'a closed port is told at once, silence after the timeout, cancelling is silent',
    async (t) => {
      const peer = await server(() => undefined);
      const udp = await make();
      const from = performance.now();
      t.match(await exchange(udp, send(peer.port, { timeoutMs: 100 })), { failure: 'timeout' });
      t.ok(performance.now() - from >= 95);
      const cancelled = udp.exchange(send(peer.port, { timeoutMs: 50 }), {
        message: () => 'done',
        failed: () => t.fail('told of a cancelled exchange'),
        resend: () => true,
      });
      cancelled.cancel();
      cancelled.cancel();
      await new Promise((resolve) => setTimeout(resolve, 80));
      peer.close();
      t.match(await exchange(udp, send(peer.port)), { failure: 'refused' });
      t.equal(udp.open, 0);
    },
  );

  await t.test('a port that is taken: another is drawn', async (t) => {
    const ports: number[] = [];
    const peer = await server((socket, _message, port) => {
      ports.push(port);
      socket.send('x', port, '127.0.0.1');
    });
    t.teardown(peer.close);
    // Of those that the kernel would draw itself it takes another.
    const taken = createSocket('udp4');
    t.teardown(() => taken.close());
    for (let port = 20_000; ; port++) {
      taken.bind(port, '127.0.0.1');
      const isBound = once(taken, 'listening').then(() => true);
      if (await Promise.race([isBound, once(taken, 'error').then(() => false)])) break;
    }
    const { port } = taken.address();
    const draws = [port - 1024, port - 1024, port + 1_000 - 1024];
    let draw = cryptoPrng.below.bind(cryptoPrng);
    const rigged: Prng = { u32: () => 0, fill: (out) => out, below: (bound) => draw(bound) };
    const udp = await make(rigged);
    draw = () => draws.shift()!;
    t.match(await exchange(udp, send(peer.port)), { messages: [{}] });
    t.same(ports, [port + 1_000]);
    draw = () => port - 1024;
    t.match(await exchange(udp, send(peer.port)), { failure: 'network' }, 'not for ever');
  });

  await t.test('a source address: used, or a failure where it is not ours', async (t) => {
    const peer = await server((socket, _message, port) => socket.send('x', port, '127.0.0.9'));
    t.teardown(peer.close);
    const udp = await make();
    t.match(await exchange(udp, send(peer.port, { source: '127.0.0.9' })), { messages: [{}] });
    t.match(await exchange(udp, send(peer.port, { source: '192.0.2.1' })), { failure: 'unreachable' });
  });

  await t.test('IPv6', { skip: skippedWithoutIpv6 }, async (t) => {
    const peer = await server((socket, _message, port) => socket.send('x', port, '::1'), '::1');
    t.teardown(peer.close);
    const udp = await make();
    t.match(await exchange(udp, send(peer.port, { address: '::1' })), { messages: [{}] });
  });

  await t.test('sockets are bounded', async (t) => {
    const peer = await server(() => undefined);
    t.teardown(peer.close);
    const udp = await make();
    const silent: Listener = { message: () => 'wait', failed: () => undefined, resend: () => true };
    const open = Array.from({ length: UDP_SOCKETS_MAX }, () => udp.exchange(send(peer.port), silent));
    t.match(await exchange(udp, send(peer.port)), { failure: 'overload' });
    for (const each of open) each.cancel();
    t.equal(udp.open, 0);
  });

  await t.test('ports (CVE-2026-50252): the whole range, evenly, alike from two workers', async (t) => {
    const ports: [number[], number[]] = [[], []];
    const peer = await server((socket, message, port) => {
      ports[message[0]! as 0 | 1].push(port);
      socket.send(message, port, '127.0.0.1');
    });
    t.teardown(peer.close);
    const workers = [await make(), await make()];
    let left = 20_480;
    const asker = async (worker: number): Promise<void> => {
      const query = new Uint8Array(32).fill(worker);
      while (left-- > 0) {
        const { failure } = await exchange(workers[worker]!, send(peer.port, { query }));
        if (failure !== undefined) t.fail(failure);
      }
    };
    await Promise.all(Array.from({ length: 32 }, (_, i) => asker(i % 2)));
    const all = [...ports[0], ...ports[1]];
    t.ok(Math.min(...all) >= 1024);
    t.ok(Math.min(...all) < 1100 && Math.max(...all) > 65_450, 'from one end to the other');

    // Entropy by collisions: as many equal pairs as among N equally likely ports mean log2 N bits.
    const seen = new Map<number, number>();
    let pairs = 0;
    for (const port of all) {
      const before = seen.get(port) ?? 0;
      pairs += before;
      seen.set(port, before + 1);
    }
    const bits = Math.log2((all.length * (all.length - 1)) / 2 / pairs);
    t.ok(bits >= 15.5, `${bits.toFixed(2)} bits`);

    // 63 buckets of 1,024 ports: 62 degrees of freedom, standard deviation 11.1. Five of them.
    const buckets = new Array<number>(63).fill(0);
    for (const port of all) buckets[(port - 1024) >> 10]!++;
    const expected = all.length / 63;
    const chi = buckets.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    t.ok(chi < 62 + 56, `chi-square ${chi.toFixed(0)}`);

    // Kolmogorov-Smirnov, two samples, p > 1e-6, as chance must not fail a build; ranges of their own, as in
    // CVE-2026-50252, would be a distance of half or more.
    const [a, b] = ports.map((list) => list.sort((x, y) => x - y)) as [number[], number[]];
    let distance = 0;
    for (let i = 0, j = 0; i < a.length && j < b.length; ) {
      const at = Math.min(a[i]!, b[j]!);
      while (a[i] === at) i++;
      while (b[j] === at) j++;
      distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
    }
    t.ok(
      distance < 2.7 * Math.sqrt((a.length + b.length) / (a.length * b.length)),
      `distance ${distance.toFixed(4)}`,
    );
  });
}
