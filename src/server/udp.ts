import { createSocket, type Socket } from 'node:dgram';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import { DATAGRAM_OCTETS_MAX } from '../util/datagrams.ts';
import { type Descriptor, FD_OPEN } from '../view/channel.ts';
import { HEADER_OCTETS } from '../wire/constants.ts';
import { peerOctets } from './addresses.ts';
import type { Client, QueryHandler, Reply } from './handler.ts';
import { readProxyHeader } from './proxyheader.ts';

/**
 * Datagrams in batches: a back end delivers what has arrived as one batch, and sends the replies of a batch together.
 * Two do: this file's on Node's `dgram`, whose batches hold one datagram, and `udpnative` on recvmmsg and sendmmsg.
 * Datagram `i` has its octets at the beginning of `bytes(i)`; all that a batch gives is valid until `receive` returns,
 * but for `sender(i)`.
 */
export interface UdpBatch {
  readonly count: number;
  bytes(i: number): Uint8Array;
  /** Octets of the datagram; one that is longer than a query may be may have been cut. */
  length(i: number): number;
  /** Who sent it, as the socket says: 4 or 16 octets. */
  address(i: number): Uint8Array;
  port(i: number): number;
  /** The same as the back end wants it back in `send`; stays valid. */
  sender(i: number): UdpSender;
  /** Answers datagram `i`: the bytes are copied or sent before it returns, with the rest of the batch at the latest. */
  reply(i: number, reply: Uint8Array): void;
}

/** Known to the back end that made it, and to no other. */
export type UdpSender = object;

/**
 * Errors of the socket itself, of reading and of sending, are told by `onError` of the constructor, with the number of
 * replies that were lost, or 1.
 */
export type OnError = (error: Error, lost: number) => void;

export interface UdpBackEnd {
  /** Starts delivering. Rejects when the socket cannot be had. */
  start(receive: (batch: UdpBatch) => void): Promise<void>;
  /** Answers a datagram of an earlier batch: the bytes are copied or sent before it returns. */
  send(reply: Uint8Array, to: UdpSender): void;
  /** Delivers no more; replies may still be sent until `close`. */
  pause(): void;
  /** Idempotent. A `send` after it does nothing. */
  close(): void;
}

/** A longer datagram is no query: it is the size that responders are offered, at most. */
const QUERY_OCTETS_MAX = DATAGRAM_OCTETS_MAX;
/** Replies of one worker that wait for an upstream; each holds a query and a promise. Beyond, queries are dropped. */
export const UDP_PENDING_MAX = 10_000;

/** Replies that a worker's UDP sockets owe, together. */
export class PendingReplies {
  count = 0;
}

export interface UdpOptions {
  readonly backEnd: UdpBackEnd;
  /** Index into the snapshot's endpoints. */
  readonly endpoint: number;
  readonly handler: QueryHandler;
  readonly metrics: Metrics;
  readonly pending: PendingReplies;
  /** Whether a peer says in front of a query whose it is. Default: nobody. */
  readonly isProxy?: ((endpoint: number, address: Uint8Array) => boolean) | undefined;
}

/** Serves one UDP socket with a query handler. */
export class UdpEndpoint {
  /** A reload may move it. */
  endpoint: number;
  readonly #backEnd: UdpBackEnd;
  readonly #handler: QueryHandler;
  readonly #metrics: Metrics;
  readonly #all: PendingReplies;
  readonly #isProxy: UdpOptions['isProxy'];
  /** Who sent the datagram at hand: one object for all of them. */
  readonly #client: { -readonly [Key in keyof Client]: Client[Key] };
  #pending = 0;
  #heir: UdpEndpoint | undefined;

  constructor(options: UdpOptions) {
    this.endpoint = options.endpoint;
    this.#backEnd = options.backEnd;
    this.#handler = options.handler;
    this.#metrics = options.metrics;
    this.#all = options.pending;
    this.#isProxy = options.isProxy;
    this.#client = { address: NOBODY, port: 0, transport: 'udp', endpoint: options.endpoint };
  }

  /** Replies that this socket still owes. */
  get pending(): number {
    return this.#pending;
  }

  /** Rejects when the socket cannot be had. */
  start(): Promise<void> {
    return this.#backEnd.start((batch) => {
      this.#handler.begin();
      for (let i = 0; i < batch.count; i++) this.#take(batch, i);
    });
  }

  #take(batch: UdpBatch, i: number): void {
    const octets = batch.bytes(i);
    const from = batch.address(i);
    const isProxied = this.#isProxy?.(this.endpoint, from) === true;
    const header = isProxied ? readProxyHeader(octets.subarray(0, batch.length(i))) : undefined;
    if (header?.kind === 'invalid' || header?.kind === 'part') {
      this.#metrics.add(METRIC.droppedMalformed);
      return;
    }
    const bytes = header === undefined ? octets : octets.subarray(header.octets);
    const length = batch.length(i) - (header?.octets ?? 0);
    const port = batch.port(i);
    // Responses are never answered: two servers could keep each other busy for ever.
    const isQuery = length >= HEADER_OCTETS && (bytes[2]! & 0x80) === 0;
    // A reply to port 0 cannot be sent; whoever asks from it does not want one.
    if (!isQuery || length > QUERY_OCTETS_MAX || port === 0) {
      this.#metrics.add(METRIC.droppedMalformed);
      return;
    }
    if (this.#all.count >= UDP_PENDING_MAX) {
      this.#metrics.add(METRIC.droppedOverload);
      return;
    }
    const client = this.#client;
    const isNamed = header?.kind === 'client';
    client.address = isNamed ? header.address : from;
    client.port = isNamed ? header.port : port;
    client.endpoint = this.endpoint;
    try {
      const reply = this.#handler.handle(bytes, client, length);
      if (reply instanceof Promise) this.#await(reply, batch.sender(i));
      else if (reply !== undefined) batch.reply(i, reply);
    } catch {
      this.#metrics.add(METRIC.workerErrors);
    }
  }

  #await(reply: Promise<Reply>, sender: UdpSender): void {
    this.#pending++;
    this.#all.count++;
    reply.then((bytes) => this.#answer(bytes, sender), this.#failed);
  }

  #answer(reply: Reply, sender: UdpSender): void {
    this.#settled();
    if (reply !== undefined) (this.#heir ?? this).#backEnd.send(reply, sender);
  }

  readonly #failed = (): void => {
    this.#settled();
    this.#metrics.add(METRIC.workerErrors);
  };

  #settled(): void {
    this.#pending--;
    this.#all.count--;
  }

  /** Reads no more. What is owed is still sent. */
  pause(): void {
    this.#backEnd.pause();
  }

  /** Closes at once; what is owed is sent by `heir`, a socket on the same address, or not at all. */
  close(heir?: UdpEndpoint): void {
    this.#heir = heir;
    this.#backEnd.close();
  }
}

/** The plain back end: one datagram a batch. */
export class DgramBackEnd implements UdpBackEnd {
  readonly #descriptor: Descriptor;
  readonly #onError: OnError;
  readonly #socket: Socket;
  #state: 'open' | 'paused' | 'closed' = 'open';

  constructor(descriptor: Descriptor, onError: OnError) {
    this.#descriptor = descriptor;
    this.#onError = onError;
    const type = descriptor.address.includes(':') ? 'udp6' : 'udp4';
    // Peers are addresses, never names: without this each datagram would wait for a turn of the resolver's queue.
    const lookup = (
      host: string,
      _: unknown,
      done: (error: null, address: string, family: number) => void,
    ): void => done(null, host, type === 'udp6' ? 6 : 4);
    const own = descriptor.fd === FD_OPEN ? { reusePort: true, ipv6Only: type === 'udp6' } : {};
    this.#socket = createSocket({ type, lookup, ...own });
  }

  start(receive: (batch: UdpBatch) => void): Promise<void> {
    const socket = this.#socket;
    socket.on('message', (octets, from) => {
      if (this.#state === 'open') receive(new LoneDatagram(octets, from, this));
    });
    const { fd, address, port } = this.#descriptor;
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(fd === FD_OPEN ? { address, port } : { fd }, () => {
        socket.off('error', reject);
        socket.on('error', (error) => this.#onError(error, 1));
        resolve();
      });
    });
  }

  send(reply: Uint8Array, to: UdpSender): void {
    if (this.#state === 'closed') return;
    const { address, port } = to as DgramSender;
    // dgram sends at once when it can; when the kernel's buffer is full it keeps the bytes, so they are copied.
    this.#socket.send(reply.slice(), port, address, (error) => {
      if (error !== null) this.#onError(error, 1);
    });
  }

  /** dgram cannot stop reading: what arrives until `close` is lost. */
  pause(): void {
    if (this.#state === 'open') this.#state = 'paused';
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#socket.close();
  }
}

/** As dgram gives it and wants it back: with the zone of a link-local address. */
interface DgramSender {
  readonly address: string;
  readonly port: number;
}

class LoneDatagram implements UdpBatch {
  readonly count = 1;
  readonly #octets: Uint8Array;
  readonly #sender: DgramSender;
  readonly #backEnd: DgramBackEnd;

  constructor(octets: Uint8Array, sender: DgramSender, backEnd: DgramBackEnd) {
    this.#octets = octets;
    this.#sender = sender;
    this.#backEnd = backEnd;
  }

  bytes(): Uint8Array {
    return this.#octets;
  }
  length(): number {
    return this.#octets.length;
  }
  address(): Uint8Array {
    return peerOctets(this.#sender.address);
  }
  port(): number {
    return this.#sender.port;
  }
  sender(): UdpSender {
    return this.#sender;
  }
  reply(_: number, reply: Uint8Array): void {
    this.#backEnd.send(reply, this.#sender);
  }
}

const NOBODY = new Uint8Array(4);
