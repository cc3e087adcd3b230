/** The conformance test of UDP back ends: whatever reads and sends must pass it, over IPv4 and IPv6. */
import t from 'tap';
import {
  DgramBackEnd,
  PendingReplies,
  UDP_PENDING_MAX,
  type UdpBackEnd,
  type UdpBatch,
  UdpEndpoint,
} from '../../src/server/udp.ts';
import { NativeUdpListeners } from '../../src/server/udpnative.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { addressToText } from '../../src/util/cidr.ts';
import { systemClock } from '../../src/util/clock.ts';
import { loadFfi } from '../../src/util/ffi.ts';
import { type Descriptor, FD_OPEN } from '../../src/view/channel.ts';
import { freePort } from '../support/ports.ts';
import {
  descriptor,
  Handler,
  idOf,
  query,
  reply,
  sleep,
  textOf,
  UdpClient,
  until,
} from '../support/sockets.ts';

const ffi = await loadFfi();

type OnError = (error: Error) => void;

interface Way {
  readonly name: string;
  readonly open: (address: string, port: number, onError: OnError) => UdpBackEnd;
  /** Undone when all tests are over. */
  readonly close?: () => void;
}

const WAYS: Way[] = [
  {
    name: 'dgram, own socket',
    open: (address, port, onError) => new DgramBackEnd(descriptor('udp', address, port, FD_OPEN), onError),
  },
];
if (ffi !== undefined) {
  const adopted = (address: string, port: number): Descriptor =>
    descriptor('udp', address, port, ffi.open({ kind: 'udp', address, port, sharing: 'shared' }));
  WAYS.push({
    name: 'dgram, adopted socket',
    open: (address, port, onError) => new DgramBackEnd(adopted(address, port), onError),
  });
  const listeners = new NativeUdpListeners({ ffi, clock: systemClock });
  WAYS.push({
    name: 'native',
    open: (address, port, onError) => listeners.backEnd(adopted(address, port), onError),
    close: () => listeners.close(),
  });
}

async function serve(way: Way, address: string, handler: Handler) {
  const port = await freePort(address);
  const counters = daemonCounters(1);
  const metrics = new Metrics(counters.block(0));
  const errors: Error[] = [];
  const backEnd = way.open(address, port, (error) => errors.push(error));
  const pending = new PendingReplies();
  const endpoint = new UdpEndpoint({ backEnd, endpoint: 3, handler, metrics, pending });
  await endpoint.start();
  const client = new UdpClient(address, port);
  return {
    port,
    endpoint,
    backEnd,
    client,
    counters,
    errors,
    pending,
    close() {
      endpoint.close();
      client.close();
    },
  };
}

for (const way of WAYS) {
  for (const address of ['127.0.0.1', '::1']) {
    t.test(`${way.name}, ${address}`, async (t) => {
      t.test('a reply that is there at once', async (t) => {
        const handler = new Handler();
        const { client, close } = await serve(way, address, handler);
        await client.send(query(7, 'hello'));
        await until(() => client.received.length === 1, 'the reply');
        t.equal(idOf(client.received[0]!), 7);
        t.equal(textOf(client.received[0]!), 'hello');
        const { client: seen } = handler.asked[0]!;
        t.equal(addressToText(seen.address), address);
        t.equal(seen.port, client.port);
        t.equal(seen.transport, 'udp');
        t.equal(seen.endpoint, 3);
        close();
      });

      t.test('replies that come later, in another order', async (t) => {
        const release: (() => void)[] = [];
        const handler = new Handler(
          (octets) => new Promise((resolve) => release.push(() => resolve(reply(octets)))),
        );
        const { client, endpoint, pending, close } = await serve(way, address, handler);
        for (const id of [1, 2, 3]) await client.send(query(id));
        await until(() => release.length === 3, 'the queries');
        t.equal(endpoint.pending, 3);
        t.equal(pending.count, 3);
        for (const i of [2, 0, 1]) {
          release[i]!();
          await sleep(5);
        }
        await until(() => client.received.length === 3, 'the replies');
        t.same(client.received.map(idOf), [3, 1, 2]);
        t.equal(endpoint.pending, 0);
        t.equal(pending.count, 0);
        close();
      });

      t.test('a reply keeps its octets when the handler uses its buffer again', async (t) => {
        const handler = new Handler();
        const { client, close } = await serve(way, address, handler);
        for (let id = 0; id < 200; id++) void client.send(query(id, `text ${id}`));
        await until(() => client.received.length === 200, 'all replies');
        for (const octets of client.received)
          if (textOf(octets) !== `text ${idOf(octets)}`) t.fail(`${idOf(octets)}: ${textOf(octets)}`);
        close();
      });

      t.test('no reply, and replies that fail, leave nothing behind', async (t) => {
        const handler = new Handler((octets) => {
          if (textOf(octets) === 'silence') return undefined;
          if (textOf(octets) === 'silence later') return Promise.resolve(undefined);
          if (textOf(octets) === 'throw') throw new Error('a bug');
          if (textOf(octets) === 'reject') return Promise.reject(new Error('a bug'));
          return reply(octets);
        });
        const { client, pending, counters, close } = await serve(way, address, handler);
        for (const [id, text] of ['silence', 'silence later', 'throw', 'reject', 'answer'].entries())
          await client.send(query(id, text));
        await until(() => client.received.length === 1, 'the reply');
        await until(() => counters.sum('workerErrors') === 2, 'both errors to be counted');
        t.same(client.received.map(idOf), [4]);
        t.equal(pending.count, 0);
        close();
      });

      t.test('what is no query never reaches the handler', async (t) => {
        const handler = new Handler();
        const { client, counters, close } = await serve(way, address, handler);
        await client.send(Buffer.alloc(0));
        await client.send(query(1).subarray(0, 11));
        await client.send(reply(query(2)));
        await client.send(query(3, 'x'.repeat(4085)));
        await client.send(query(4, 'x'.repeat(4084)));
        await until(() => client.received.length === 1, 'the reply');
        t.same(
          handler.asked.map((asked) => idOf(asked.query)),
          [4],
        );
        t.equal(counters.sum('droppedMalformed'), 4);
        close();
      });

      t.test('a reply as large as a datagram can be', async (t) => {
        const handler = new Handler(() => reply(query(1, 'x'.repeat(8000))));
        const { client, close } = await serve(way, address, handler);
        await client.send(query(1));
        await until(() => client.received.length === 1, 'the reply');
        t.equal(client.received[0]!.length, 8012);
        close();
      });

      t.test('errors of sending are told and end nothing', async (t) => {
        const handler = new Handler((octets) =>
          textOf(octets) === 'huge' ? Buffer.alloc(70_000) : reply(octets),
        );
        const { client, errors, close } = await serve(way, address, handler);
        await client.send(query(1, 'huge'));
        await client.send(query(2));
        await until(() => client.received.length === 1, 'the second reply');
        await until(() => errors.length === 1, 'the error');
        t.match(errors[0]!.message, /EMSGSIZE/);
        close();
      });

      t.test('clients that go away do no harm', async () => {
        const handler = new Handler();
        const { port, client, close } = await serve(way, address, handler);
        for (let i = 0; i < 20; i++) {
          const other = new UdpClient(address, port);
          await other.send(query(i));
          other.close();
        }
        await until(() => handler.asked.length === 20, 'the queries');
        await client.send(query(99));
        await until(() => client.received.length === 1, 'the reply');
        close();
      });

      t.test('paused: what is owed is sent, nothing new is taken', async (t) => {
        const release: (() => void)[] = [];
        const handler = new Handler(
          (octets) => new Promise((resolve) => release.push(() => resolve(reply(octets)))),
        );
        const { client, endpoint, close } = await serve(way, address, handler);
        await client.send(query(1));
        await until(() => release.length === 1, 'the query');
        endpoint.pause();
        await client.send(query(2));
        await sleep(20);
        t.equal(handler.asked.length, 1);
        release[0]!();
        await until(() => client.received.length === 1, 'the reply');
        close();
      });

      t.test('closed: what is owed is sent by the heir, or dropped', async (t) => {
        const release: (() => void)[] = [];
        const handler = new Handler(
          (octets) => new Promise((resolve) => release.push(() => resolve(reply(octets)))),
        );
        const first = await serve(way, address, handler);
        await first.client.send(query(1));
        await until(() => release.length === 1, 'the query');
        const heirBackEnd = way.open(address, first.port, () => undefined);
        const heir = new UdpEndpoint({
          backEnd: heirBackEnd,
          endpoint: 3,
          handler,
          metrics: new Metrics(daemonCounters(1).block(0)),
          pending: first.pending,
        });
        await heir.start();
        first.endpoint.close(heir);
        release[0]!();
        await until(() => first.client.received.length === 1, 'the reply');
        await first.client.send(query(2));
        await until(() => release.length === 2, 'the second query');
        heir.close();
        heir.close();
        release[1]!();
        await sleep(20);
        t.equal(first.client.received.length, 1);
        t.equal(first.pending.count, 0);
        first.client.close();
      });

      t.end();
    });
  }
  t.teardown(() => way.close?.());
}

t.test('a socket that cannot be had is a rejection', async (t) => {
  const backEnd = new DgramBackEnd(descriptor('udp', '192.0.2.77', 5300), () => undefined);
  await t.rejects(
    backEnd.start(() => undefined),
    /EADDRNOTAVAIL/,
  );
  backEnd.close();
});

/** A batch of a back end that reads many at a time, into slots that are larger than what is in them. */
class FakeBatch implements UdpBatch {
  readonly count: number;
  readonly slots: readonly Uint8Array[];
  readonly #lengths: readonly number[];
  readonly replies: (string | undefined)[];
  constructor(datagrams: readonly Uint8Array[]) {
    this.count = datagrams.length;
    this.slots = datagrams.map((datagram) => Buffer.concat([datagram, Buffer.alloc(9, 'x')]));
    this.#lengths = datagrams.map(({ length }) => length);
    this.replies = datagrams.map(() => undefined);
  }
  bytes(i: number): Uint8Array {
    return this.slots[i]!;
  }
  length(i: number): number {
    return this.#lengths[i]!;
  }
  address(i: number): Uint8Array {
    return new Uint8Array([192, 0, 2, i]);
  }
  port(i: number): number {
    return textOf(this.slots[i]!.subarray(0, this.#lengths[i])) === 'from port 0' ? 0 : 5000 + i;
  }
  sender(i: number) {
    return { port: this.port(i) };
  }
  reply(i: number, octets: Uint8Array): void {
    this.replies[i] = textOf(octets);
  }
}

class FakeBackEnd implements UdpBackEnd {
  receive: (batch: UdpBatch) => void = () => undefined;
  readonly sent: { readonly text: string; readonly port: number }[] = [];
  start(receive: (batch: UdpBatch) => void): Promise<void> {
    this.receive = receive;
    return Promise.resolve();
  }
  send(octets: Uint8Array, peer: { port: number }): void {
    this.sent.push({ text: textOf(octets), port: peer.port });
  }
  pause(): void {}
  close(): void {}
}

t.test('a batch of several: each reply goes to its slot, late ones to the peer', async (t) => {
  const backEnd = new FakeBackEnd();
  const handler = new Handler((octets) =>
    textOf(octets).startsWith('late') ? Promise.resolve(reply(octets)) : reply(octets),
  );
  const counters = daemonCounters(1);
  const metrics = new Metrics(counters.block(0));
  const endpoint = new UdpEndpoint({ backEnd, endpoint: 0, handler, metrics, pending: new PendingReplies() });
  await endpoint.start();
  const texts = ['a', 'late b', 'c', 'from port 0', 'late d'];
  const batch = new FakeBatch(texts.map((text, id) => query(id, text)));
  backEnd.receive(batch);
  for (const slot of batch.slots) slot.fill(0);
  await sleep(0);
  t.same(batch.replies, ['a', undefined, 'c', undefined, undefined]);
  t.same(backEnd.sent, [
    { text: 'late b', port: 5001 },
    { text: 'late d', port: 5004 },
  ]);
  t.equal(counters.sum('droppedMalformed'), 1, 'nobody is answered at port 0');
});

t.test('replies that are owed are bounded over all sockets of a worker', async (t) => {
  const pending = new PendingReplies();
  const counters = daemonCounters(1);
  const metrics = new Metrics(counters.block(0));
  const release: (() => void)[] = [];
  const handler = new Handler(
    (octets) => new Promise((resolve) => release.push(() => resolve(reply(octets)))),
  );
  const backEnds = [new FakeBackEnd(), new FakeBackEnd()];
  for (const backEnd of backEnds)
    await new UdpEndpoint({ backEnd, endpoint: 0, handler, metrics, pending }).start();
  const half = UDP_PENDING_MAX / 2 + 10;
  for (const backEnd of backEnds)
    backEnd.receive(new FakeBatch(Array.from({ length: half }, (_, id) => query(id, 'q'))));
  t.equal(release.length, UDP_PENDING_MAX);
  t.equal(counters.sum('droppedOverload'), 20);
  for (const one of release) one();
  await sleep(0);
  t.equal(pending.count, 0);
  backEnds[0]!.receive(new FakeBatch([query(1)]));
  t.equal(release.length, UDP_PENDING_MAX + 1, 'and taken again');
});
