import { createSocket, type Socket } from 'node:dgram';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import { type Descriptor, FD_OPEN } from '../view/channel.ts';
import { HEADER_OCTETS } from '../wire/constants.ts';
import { peerOctets } from './addresses.ts';
import type { QueryHandler, Reply } from './handler.ts';

/**
 * Datagrams in batches: a back end delivers what has arrived as one batch in one buffer, and sends the replies of
 * a batch together. Here the back end is Node's `dgram`, whose batches hold one datagram; one with recvmmsg and
 * sendmmsg fills them without a change to who handles them.
 *
 *     octets   │ ··· │ datagram 0 │ ··· │ datagram 1 │ ···     begin(i) .. end(i), valid until `receive` returns
 *     reply(i) goes to the sender of datagram i, during `receive`; send(peer) at any time later
 */
export interface UdpBatch {
  readonly count: number;
  readonly octets: Uint8Array;
  begin(i: number): number;
  end(i: number): number;
  /** Who sent it, as the socket says; a token for `send` that stays valid. */
  peer(i: number): UdpPeer;
  /** Answers datagram `i`: the bytes are copied or sent before it returns, with the rest of the batch at the latest. */
  reply(i: number, reply: Uint8Array): void;
}

export interface UdpPeer {
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  readonly port: number;
}

/** Errors of the socket itself, of reading and of sending, are told by `onError` of the constructor. */
export interface UdpBackEnd {
  /** Starts delivering. Rejects when the socket cannot be had. */
  start(receive: (batch: UdpBatch) => void): Promise<void>;
  /** Answers a datagram of an earlier batch: the bytes are copied or sent before it returns. */
  send(reply: Uint8Array, peer: UdpPeer): void;
  /** Delivers no more; replies may still be sent until `close`. */
  pause(): void;
  /** Idempotent. A `send` after it does nothing. */
  close(): void;
}

/** A longer datagram is no query: it is the size that responders are offered, at most. */
const QUERY_OCTETS_MAX = 4096;
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
}

/** Serves one UDP socket with a query handler. */
export class UdpEndpoint {
  /** A reload may move it. */
  endpoint: number;
  readonly #backEnd: UdpBackEnd;
  readonly #handler: QueryHandler;
  readonly #metrics: Metrics;
  readonly #all: PendingReplies;
  #pending = 0;
  #heir: UdpEndpoint | undefined;

  constructor(options: UdpOptions) {
    this.endpoint = options.endpoint;
    this.#backEnd = options.backEnd;
    this.#handler = options.handler;
    this.#metrics = options.metrics;
    this.#all = options.pending;
  }

  /** Replies that this socket still owes. */
  get pending(): number {
    return this.#pending;
  }

  /** Rejects when the socket cannot be had. */
  start(): Promise<void> {
    return this.#backEnd.start((batch) => {
      for (let i = 0; i < batch.count; i++) this.#take(batch, i);
    });
  }

  #take(batch: UdpBatch, i: number): void {
    const begin = batch.begin(i);
    const end = batch.end(i);
    const { octets } = batch;
    // Responses are never answered: two servers could keep each other busy for ever.
    const isQuery = end - begin >= HEADER_OCTETS && (octets[begin + 2]! & 0x80) === 0;
    const peer = batch.peer(i);
    // A reply to port 0 cannot be sent; whoever asks from it does not want one.
    if (!isQuery || end - begin > QUERY_OCTETS_MAX || peer.port === 0) {
      this.#metrics.add(METRIC.droppedMalformed);
      return;
    }
    if (this.#all.count >= UDP_PENDING_MAX) {
      this.#metrics.add(METRIC.droppedOverload);
      return;
    }
    try {
      const reply = this.#handler.handle(octets.subarray(begin, end), {
        address: peer.address,
        port: peer.port,
        transport: 'udp',
        endpoint: this.endpoint,
      });
      if (reply instanceof Promise) this.#await(reply, peer);
      else if (reply !== undefined) batch.reply(i, reply);
    } catch {
      this.#metrics.add(METRIC.workerErrors);
    }
  }

  #await(reply: Promise<Reply>, peer: UdpPeer): void {
    this.#pending++;
    this.#all.count++;
    const settled = (): void => {
      this.#pending--;
      this.#all.count--;
    };
    reply.then(
      (bytes) => {
        settled();
        if (bytes !== undefined) (this.#heir ?? this).#backEnd.send(bytes, peer);
      },
      () => {
        settled();
        this.#metrics.add(METRIC.workerErrors);
      },
    );
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
  readonly #onError: (error: Error) => void;
  readonly #socket: Socket;
  #state: 'open' | 'paused' | 'closed' = 'open';

  constructor(descriptor: Descriptor, onError: (error: Error) => void) {
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
      if (this.#state === 'open') receive(new LoneDatagram(octets, from.address, from.port, this));
    });
    const { fd, address, port } = this.#descriptor;
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(fd === FD_OPEN ? { address, port } : { fd }, () => {
        socket.off('error', reject);
        socket.on('error', this.#onError);
        resolve();
      });
    });
  }

  send(reply: Uint8Array, peer: UdpPeer): void {
    if (this.#state === 'closed') return;
    // dgram sends at once when it can; when the kernel's buffer is full it keeps the bytes, so they are copied.
    this.#socket.send(reply.slice(), peer.port, (peer as DgramPeer).text, (error) => {
      if (error !== null) this.#onError(error);
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

interface DgramPeer extends UdpPeer {
  /** As dgram wants it back: with the zone of a link-local address. */
  readonly text: string;
}

class LoneDatagram implements UdpBatch {
  readonly count = 1;
  readonly octets: Uint8Array;
  readonly #peer: DgramPeer;
  readonly #backEnd: DgramBackEnd;

  constructor(octets: Uint8Array, text: string, port: number, backEnd: DgramBackEnd) {
    this.octets = octets;
    this.#peer = { address: peerOctets(text), port, text };
    this.#backEnd = backEnd;
  }

  begin(): number {
    return 0;
  }
  end(): number {
    return this.octets.length;
  }
  peer(): UdpPeer {
    return this.#peer;
  }
  reply(_: number, reply: Uint8Array): void {
    this.#backEnd.send(reply, this.#peer);
  }
}
