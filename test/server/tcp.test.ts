import t from 'tap';
import type { ByteStream, StreamReader } from '../../src/server/bytestream.ts';
import { BLOCKED_MS, QUEUED_OCTETS_MAX } from '../../src/server/connection.ts';
import { TcpEndpoint } from '../../src/server/tcp.ts';
import { IDLE_MS, TcpClients, tcpClientsBuffer } from '../../src/server/tcpclients.ts';
import { TcpConnection } from '../../src/server/tcpconnection.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { loadFfi } from '../../src/util/ffi.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { descriptor, framed, Handler, idOf, query } from '../support/sockets.ts';
import { BIG, big, tcpSuite } from '../support/tcpsuite.ts';

tcpSuite('opened');
if ((await loadFfi()) !== undefined) tcpSuite('handed over');

t.test('a socket that cannot be had is a rejection', async (t) => {
  const counters = daemonCounters(1);
  const second = new TcpEndpoint({
    descriptor: descriptor('tcp', '192.0.2.77', 5300),
    prng: cryptoPrng,
    ticketKeys: new Uint8Array(),
    endpoint: 0,
    handler: new Handler(),
    clients: new TcpClients(tcpClientsBuffer(1), 0, 1),
    metrics: new Metrics(counters.block(0)),
    clock: new ManualClock(),
    admits: () => true,
  });
  await t.rejects(second.start(), { code: 'EADDRNOTAVAIL' });
});

/** A stream whose peer never reads, and whose kernel takes nothing. */
class DeafStream implements ByteStream {
  reader!: StreamReader;
  isOpen = true;
  isPaused = false;
  unsent = 0;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  send(message: Uint8Array): void {
    this.unsent += 2 + message.length;
  }
  end(): void {}
  destroy(): void {
    this.isOpen = false;
  }
  reset(): void {
    this.destroy();
  }
}

t.test('a part of a message is kept as its own octets', (t) => {
  const stream = new DeafStream();
  const handler = new Handler(() => undefined);
  const client = { address: new Uint8Array(4), port: 1, transport: 'tcp', endpoint: 0 } as const;
  const metrics = new Metrics(daemonCounters(1).block(0));
  new TcpConnection(stream, client, {
    handler,
    metrics,
    clock: new ManualClock(),
    idleMs: () => IDLE_MS,
  });
  const octets = Buffer.concat([framed(query(1)), framed(query(2))]);
  const chunk = Buffer.from(octets.subarray(0, -5));
  stream.reader.receive(chunk);
  chunk.fill(0xff);
  stream.reader.receive(Buffer.from(octets.subarray(-5)));
  t.same(
    handler.asked.map((asked) => idOf(asked.query)),
    [1, 2],
  );
  t.end();
});

t.test('what is queued for a client exceeds the limit by one answer at most', (t) => {
  const stream = new DeafStream();
  const handler = new Handler(big);
  const clock = new ManualClock();
  const client = { address: new Uint8Array(4), port: 1, transport: 'tcp', endpoint: 0 } as const;
  const metrics = new Metrics(daemonCounters(1).block(0));
  const serving = { handler, metrics, clock, idleMs: () => IDLE_MS };
  const connection = new TcpConnection(stream, client, serving);
  stream.reader.receive(Buffer.concat(Array.from({ length: 20 }, (_, id) => framed(query(id)))));
  t.equal(handler.asked.length, Math.ceil((QUEUED_OCTETS_MAX + 1) / (BIG + 2)));
  t.ok(stream.isPaused);
  stream.unsent = 0;
  stream.reader.drained();
  t.equal(handler.asked.length, 10, 'as many again');
  clock.advance(BLOCKED_MS);
  connection.expire(clock.now() - 1);
  t.ok(stream.isOpen);
  connection.expire(clock.now());
  t.notOk(stream.isOpen);
  t.end();
});
