import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t from 'tap';
import { FrameReader, frame } from '../../../src/resolver/transport/frames.ts';
import { CONNECTIONS_PER_UPSTREAM } from '../../../src/resolver/transport/pool.ts';
import { CONNECTIONS_MAX, LOOK_MS, TcpTransport } from '../../../src/resolver/transport/tcp.ts';
import type { Exchange, Send, TransportFailure } from '../../../src/resolver/transport.ts';
import { type Clock, ManualClock, systemClock } from '../../../src/util/clock.ts';
import { cryptoPrng } from '../../../src/util/prng.ts';

/** A query on its connection, as a server sees it. */
interface Asked {
  readonly socket: Socket;
  readonly message: Uint8Array;
  /** Number of the query on its connection, from 1. */
  readonly number: number;
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** Sends the query back with QR set. */
  echo(): void;
}

interface Server {
  readonly port: number;
  readonly address: string;
  /** Connections taken in all, open now, and IDs seen on the wire. */
  readonly connections: Socket[];
  readonly ids: number[];
  close(): Promise<void>;
}

async function server(got: (asked: Asked) => void, address = '127.0.0.1'): Promise<Server> {
  const connections: Socket[] = [];
  const ids: number[] = [];
  const tcp = createServer((socket) => {
    const connection = connections.push(socket);
    const frames = new FrameReader();
    let number = 0;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Uint8Array) =>
      frames.push(chunk, (message) => {
        const id = (message[0]! << 8) | message[1]!;
        ids.push(id);
        got({ socket, message, number: ++number, connection, echo: () => socket.write(frame(message, id)) });
      }),
    );
  });
  tcp.listen(0, address);
  await once(tcp, 'listening');
  const place = tcp.address() as { port: number };
  return {
    port: place.port,
    address,
    connections,
    ids,
    close: async () => {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}

/** A message whose ID and content tell it from others. */
function query(number: number): Uint8Array {
  const message = new Uint8Array(20).fill(number & 255);
  message[0] = 0x55;
  return message;
}

function sendTo(to: { address: string; port: number }, number: number, timeoutMs = 2_000): Send {
  return {
    address: to.address,
    port: to.port,
    protocol: 'tcp',
    query: query(number),
    source: undefined,
    timeoutMs,
  };
}

type Outcome = { reply: Uint8Array } | { failure: TransportFailure };

interface Asking {
  readonly outcome: Promise<Outcome>;
  readonly exchange: Exchange;
  resends: number;
}

function ask(tcp: TcpTransport, send: Send, mayResend = true): Asking {
  const asking: Partial<Asking> & { resends: number } = { resends: 0 };
  const outcome = new Promise<Outcome>((resolve) => {
    const exchange = tcp.exchange(send, {
      message: (reply) => {
        resolve({ reply });
        return 'done';
      },
      failed: (failure) => resolve({ failure }),
      resend: () => {
        asking.resends++;
        return mayResend;
      },
    });
    Object.assign(asking, { exchange });
  });
  return Object.assign(asking, { outcome }) as Asking;
}

interface Teardown {
  teardown(fn: () => unknown): void;
}

function transport(t: Teardown, clock: Clock = systemClock): TcpTransport {
  const tcp = new TcpTransport(clock, cryptoPrng);
  t.teardown(() => tcp.close());
  return tcp;
}

/** Beyond what a busy machine takes: a test that would hang says what it waits for instead. */
const UNTIL_LOOKS_MAX = 6_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    if (i === UNTIL_LOOKS_MAX) throw new Error(`waited in vain for ${holds}`);
    await pause(5);
  }
}

t.test('queries share a connection, under unique IDs, and replies may come in any order', async (t) => {
  const held: Asked[] = [];
  const peer = await server((asked) => {
    held.push(asked);
    if (held.length === 8) for (const each of held.reverse()) each.echo();
  });
  t.teardown(peer.close);
  const tcp = transport(t);
  const asked = Array.from({ length: 8 }, (_, i) => ask(tcp, sendTo(peer, i)));
  const outcomes = await Promise.all(asked.map(({ outcome }) => outcome));
  t.same(
    outcomes,
    asked.map((_, i) => ({ reply: query(i) })),
    'each its own, with its own ID',
  );
  t.equal(peer.connections.length, 1);
  t.equal(new Set(peer.ids).size, 8, 'though all were asked under one ID');
});

t.test('a connection is used again, and closed after 10 idle seconds', async (t) => {
  const peer = await server((asked) => asked.echo());
  t.teardown(peer.close);
  const clock = new ManualClock();
  const tcp = transport(t, clock);
  for (let i = 0; i < 5; i++) await ask(tcp, sendTo(peer, i)).outcome;
  t.equal(peer.connections.length, 1);
  clock.advance(9_999);
  t.equal(tcp.open, 1);
  clock.advance(1);
  await pause(30);
  t.equal(tcp.open, 0);
  t.match(await ask(tcp, sendTo(peer, 1)).outcome, { reply: {} });
  t.equal(peer.connections.length, 2);
});

t.test('at most four connections to one upstream, and no query is lost', async (t) => {
  const peer = await server((asked) => setTimeout(asked.echo, 20));
  t.teardown(peer.close);
  const tcp = transport(t);
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, (_, i) => ask(tcp, sendTo(peer, i)).outcome),
  );
  t.ok(outcomes.every((outcome, i) => 'reply' in outcome && outcome.reply[5] === (i & 255)));
  t.equal(peer.connections.length, CONNECTIONS_PER_UPSTREAM);
});

t.test('at most 64 connections in all; who waits gets one when another rests', async (t) => {
  const peers = await Promise.all(
    Array.from({ length: 70 }, (_, i) => server((asked) => setTimeout(asked.echo, 50), `127.0.1.${i + 1}`)),
  );
  t.teardown(() => Promise.all(peers.map((peer) => peer.close())));
  const tcp = transport(t);
  let most = 0;
  const outcomes = await Promise.all(
    peers.map((peer, i) => {
      const { outcome } = ask(tcp, sendTo(peer, i));
      most = Math.max(most, tcp.open);
      return outcome;
    }),
  );
  t.ok(outcomes.every((outcome) => 'reply' in outcome));
  t.ok(most <= CONNECTIONS_MAX, `${most} at most`);
});

/** All connections of a worker, each with a question that got no reply; and a server that would reply to one more. */
async function crowd(t: Teardown, got: (asked: Asked) => void, clock: ManualClock) {
  const peers = await Promise.all(
    Array.from({ length: CONNECTIONS_MAX }, (_, i) => server(got, `127.0.1.${i + 1}`)),
  );
  const quick = await server((asked) => asked.echo());
  t.teardown(() => Promise.all([quick, ...peers].map((peer) => peer.close())));
  const tcp = transport(t, clock);
  const stuck = peers.map((peer, i) => {
    clock.advance(1);
    return ask(tcp, sendTo(peer, i, 10_000));
  });
  await until(() => peers.every(({ ids }) => ids.length === 1));
  return { peers, quick, tcp, stuck };
}

t.test('who waits gets the connection that has been silent for longest, when that is a second', async (t) => {
  const clock = new ManualClock();
  const { quick, tcp, stuck } = await crowd(t, () => undefined, clock);
  const ended: [number, Outcome][] = [];
  stuck.forEach(({ outcome }, i) => {
    void outcome.then((got) => ended.push([i, got]));
  });
  const waiting = ask(tcp, sendTo(quick, 100));
  // The first was asked at 1 ms, the others 1 ms after each other, and now it is 64 ms.
  clock.advance(1_001 - 64 - 1);
  await pause(20);
  t.equal(quick.connections.length, 0, 'nobody has been silent for a second');
  clock.advance(1);
  t.match(await waiting.outcome, { reply: {} });
  await until(() => ended.length > 0);
  clock.advance(5_000);
  await pause(20);
  t.same(ended, [[0, { failure: 'timeout' }]], 'one for one, and no more than are waited for');
  t.equal(stuck[0]!.resends, 0, 'what was given up is not asked again for the same place');
  t.equal(tcp.open, CONNECTIONS_MAX);
});

t.test('a connection that replies to some is not given up for what it does not reply to', async (t) => {
  const clock = new ManualClock();
  const replies = (asked: Asked): void => {
    if (asked.number > 1) asked.echo();
  };
  const { peers, quick, tcp } = await crowd(t, replies, clock);
  const waiting = ask(tcp, sendTo(quick, 100, 20_000));
  for (let round = 0; round < 4; round++) {
    clock.advance(900);
    const more = peers.map((peer, i) => ask(tcp, sendTo(peer, i)).outcome);
    t.ok((await Promise.all(more)).every((outcome) => 'reply' in outcome));
  }
  clock.advance(999);
  await pause(20);
  t.equal(quick.connections.length, 0, 'after 4.6 s with a question that got no reply');
  t.ok(peers.every(({ connections }) => connections.length === 1));
  clock.advance(LOOK_MS);
  t.match(await waiting.outcome, { reply: {} }, 'a second after the last reply one is');
});

t.test('a flood of questions to silent servers holds up others for a second, not for longer', async (t) => {
  const clock = new ManualClock();
  const { peers, quick, tcp } = await crowd(t, () => undefined, clock);
  const late = await Promise.all(
    Array.from({ length: 16 }, (_, i) => server(() => undefined, `127.0.2.${i + 1}`)),
  );
  t.teardown(() => Promise.all(late.map((peer) => peer.close())));
  for (const [i, peer] of late.entries()) ask(tcp, sendTo(peer, i, 4_000));
  const waiting = ask(tcp, sendTo(quick, 100, 4_000));
  clock.advance(1_000);
  t.match(await waiting.outcome, { reply: {} });
  await until(() => late.every(({ connections }) => connections.length === 1));
  t.ok(peers.every(({ connections }) => connections.length === 1));
  t.ok(tcp.open <= CONNECTIONS_MAX, `${tcp.open} open`);
});

t.test('nobody is given up for a query that has waited in vain', async (t) => {
  const clock = new ManualClock();
  const { quick, tcp, stuck } = await crowd(t, () => undefined, clock);
  const waiting = ask(tcp, sendTo(quick, 100, 500));
  clock.advance(500);
  t.same(await waiting.outcome, { failure: 'timeout' });
  clock.advance(5_000);
  await pause(20);
  t.equal(quick.connections.length, 0);
  t.equal(tcp.open, CONNECTIONS_MAX);
  for (const { exchange } of stuck) exchange.cancel();
});

t.test(
  'a server that closes after the first query: the others are asked again, and it is asked singly from then on',
  async (t) => {
    const peer = await server((asked) => {
      if (asked.number > 1) return;
      asked.echo();
      asked.socket.end();
    });
    t.teardown(peer.close);
    const tcp = transport(t);
    const first = Array.from({ length: 4 }, (_, i) => ask(tcp, sendTo(peer, i)));
    t.ok((await Promise.all(first.map(({ outcome }) => outcome))).every((outcome) => 'reply' in outcome));
    t.same(
      first.map(({ resends }) => resends),
      [0, 1, 1, 1],
    );
    const then = Array.from({ length: 6 }, (_, i) => ask(tcp, sendTo(peer, i)));
    t.ok((await Promise.all(then.map(({ outcome }) => outcome))).every((outcome) => 'reply' in outcome));
    t.same(
      then.map(({ resends }) => resends),
      [0, 0, 0, 0, 0, 0],
    );
  },
);

t.test(
  'a server that ignores the second query of a connection is found out by its silence (unbound#470)',
  async (t) => {
    const peer = await server((asked) => {
      if (asked.number === 1) asked.echo();
    });
    t.teardown(peer.close);
    const tcp = transport(t);
    t.match(await ask(tcp, sendTo(peer, 1)).outcome, { reply: {} });
    t.match(await ask(tcp, sendTo(peer, 2, 1_100)).outcome, { failure: 'timeout' });
    for (let i = 3; i < 8; i++) t.match(await ask(tcp, sendTo(peer, i)).outcome, { reply: {} });
    t.equal(peer.connections.length, 6, 'one query each');
  },
);

t.test('a silent connection gets no further queries', async (t) => {
  const peer = await server((asked) => {
    if (asked.connection > 1) asked.echo();
  });
  t.teardown(peer.close);
  const tcp = transport(t);
  const stuck = ask(tcp, sendTo(peer, 1, 3_000));
  await pause(1_050);
  t.match(await ask(tcp, sendTo(peer, 2)).outcome, { reply: {} });
  t.equal(peer.connections.length, 2);
  stuck.exchange.cancel();
});

t.test('a restarted server: what is idle is not asked again on, and nobody notices', async (t) => {
  const peer = await server((asked) => {
    if (asked.number === 3) asked.socket.destroy();
    else asked.echo();
  });
  t.teardown(peer.close);
  const tcp = transport(t);
  for (let i = 0; i < 9; i++) t.match(await ask(tcp, sendTo(peer, i)).outcome, { reply: {} });
});

t.test(
  'a server that takes queries and closes: asked twice, then failed; once if there is no leave',
  async (t) => {
    const peer = await server((asked) => asked.socket.destroy());
    t.teardown(peer.close);
    const tcp = transport(t);
    const twice = ask(tcp, sendTo(peer, 1));
    t.same(await twice.outcome, { failure: 'closed' });
    t.equal(peer.connections.length, 2);
    t.same(await ask(tcp, sendTo(peer, 2), false).outcome, { failure: 'closed' });
    t.equal(peer.connections.length, 3);
    t.equal(tcp.open, 0);
  },
);

t.test('refused, and a server that is not DNS', async (t) => {
  const peer = await server((asked) => asked.socket.write(new Uint8Array([0, 3, 1, 2, 3])));
  const tcp = transport(t);
  const talk = ask(tcp, sendTo(peer, 1));
  t.same(await talk.outcome, { failure: 'closed' });
  await peer.close();
  t.same(await ask(tcp, sendTo(peer, 1)).outcome, { failure: 'refused' });
  t.equal(tcp.open, 0);
});

t.test('replies that nobody waits for: some are ignored, a flood ends the connection', async (t) => {
  const peer = await server((asked) => {
    const other = ((asked.message[0]! << 8) | asked.message[1]!) ^ 1;
    const strays = asked.connection === 1 ? 10 : 1000;
    for (let i = 0; i < strays; i++) asked.socket.write(frame(asked.message, other));
    asked.echo();
    if (asked.connection === 1) asked.socket.end();
  });
  t.teardown(peer.close);
  const tcp = transport(t);
  t.match(await ask(tcp, sendTo(peer, 1)).outcome, { reply: {} });
  await pause(20);
  t.same(await ask(tcp, sendTo(peer, 2), false).outcome, { failure: 'closed' });
});

t.test('a reply in pieces, and a half of one that never goes on', async (t) => {
  const peer = await server(async (asked) => {
    const id = (asked.message[0]! << 8) | asked.message[1]!;
    const bytes = frame(asked.message, id);
    const whole = asked.message[5] === 1 ? bytes.length : bytes.length - 1;
    for (let i = 0; i < whole; i++) {
      asked.socket.write(bytes.subarray(i, i + 1));
      await pause(1);
    }
  });
  t.teardown(peer.close);
  const tcp = transport(t);
  t.match(await ask(tcp, sendTo(peer, 1)).outcome, { reply: query(1) });
  t.same(await ask(tcp, sendTo(peer, 2, 200)).outcome, { failure: 'timeout' });
});

t.test('cancelling is silent; closing fails what waits', async (t) => {
  const peer = await server(() => undefined);
  t.teardown(peer.close);
  const tcp = new TcpTransport(systemClock, cryptoPrng);
  const cancelled = ask(tcp, sendTo(peer, 1));
  void cancelled.outcome.then(() => t.fail('told of a cancelled exchange'));
  await pause(20);
  cancelled.exchange.cancel();
  const waiting = ask(tcp, sendTo(peer, 2));
  await until(() => peer.ids.length === 2);
  tcp.close();
  t.same(await waiting.outcome, { failure: 'closed' }, 'it is not asked again');
  t.same(await ask(tcp, sendTo(peer, 3)).outcome, { failure: 'closed' });
  t.equal(tcp.open, 0);
  t.equal(peer.connections.length, 1, 'and no connection is made for either');
});
