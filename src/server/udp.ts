import { createSocket, type Socket } from 'node:dgram';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import { parseAddress } from '../util/cidr.ts';
import type { Descriptor } from '../view/channel.ts';
import { HEADER_OCTETS } from '../wire/constants.ts';
import type { QueryHandler, Reply } from './handler.ts';

/**
 * Datagrams in batches: a back end delivers what has arrived since the last turn of the event loop as one batch,
 * and sends the replies of a batch together. Here the back end is Node's `dgram`, whose batches hold one datagram;
 * one with recvmmsg and sendmmsg fills them without a change to who handles them.
 */
export interface UdpBatch {
  readonly count: number;
  /** The datagram; valid until the handler returns. */
  query(i: number): Uint8Array;
  /** Who sent it: a token for `reply` that stays valid, with the address as the socket shows it. */
  peer(i: number): UdpPeer;
}

export interface UdpPeer {
  readonly address: Uint8Array;
  readonly port: number;
}

export interface UdpBackEnd {
  /** Starts delivering. Rejects when the socket cannot be had. */
  start(onBatch: (batch: UdpBatch) => void): Promise<void>;
  /** Sends now or with the rest of the batch; the bytes are copied or sent before it returns. */
  send(reply: Uint8Array, peer: UdpPeer): void;
  /** Delivers no more; replies may still be sent until `close`. */
  pause(): void;
  close(): void;
}

/** A longer datagram is no query: EDNS offers more only to responders. */
const QUERY_OCTETS_MAX = 4096;
/** Replies of one worker that wait for an upstream; each holds a query and a promise. Beyond, queries are dropped. */
export const UDP_PENDING_MAX = 10_000;

/** Serves one UDP socket with a query handler. */
export class UdpEndpoint {
  readonly #backEnd: UdpBackEnd;
  /** Index into the snapshot's endpoints; a reload may move it. */
  endpoint: number;
  readonly #handler: QueryHandler;
  readonly #metrics: Metrics;
  #pending = 0;

  constructor(options: { backEnd: UdpBackEnd; endpoint: number; handler: QueryHandler; metrics: Metrics }) {
    this.#backEnd = options.backEnd;
    this.endpoint = options.endpoint;
    this.#handler = options.handler;
    this.#metrics = options.metrics;
  }

  /** Replies that are still awaited. */
  get pending(): number {
    return this.#pending;
  }

  start(): Promise<void> {
    return this.#backEnd.start((batch) => {
      for (let i = 0; i < batch.count; i++) this.#take(batch.query(i), batch.peer(i));
    });
  }

  #take(query: Uint8Array, peer: UdpPeer): void {
    // Responses are never answered: two servers could keep each other busy for ever.
    if (query.length < HEADER_OCTETS || query.length > QUERY_OCTETS_MAX || (query[2]! & 0x80) !== 0) {
      this.#metrics.add(METRIC.droppedMalformed);
      return;
    }
    if (this.#pending >= UDP_PENDING_MAX) {
      this.#metrics.add(METRIC.droppedOverload);
      return;
    }
    const client = { address: peer.address, port: peer.port, transport: 'udp' as const, endpoint: this.endpoint };
    const reply = this.#handler.handle(query, client);
    if (reply instanceof Promise) this.#await(reply, peer);
    else if (reply !== undefined) this.#backEnd.send(reply, peer);
  }

  #await(reply: Promise<Reply>, peer: UdpPeer): void {
    this.#pending++;
    reply
      .then(
        (bytes) => {
          if (bytes !== undefined) this.#backEnd.send(bytes, peer);
        },
        () => this.#metrics.add(METRIC.workerErrors),
      )
      .finally(() => {
        this.#pending--;
      });
  }

  pause(): void {
    this.#backEnd.pause();
  }

  close(): void {
    this.#backEnd.close();
  }
}

/** The plain back end: one datagram a batch. */
export class DgramBackEnd implements UdpBackEnd {
  readonly #descriptor: Descriptor;
  readonly #onError: (error: Error) => void;
  readonly #socket: Socket;
  #paused = false;
  #closed = false;

  constructor(descriptor: Descriptor, onError: (error: Error) => void) {
    this.#descriptor = descriptor;
    this.#onError = onError;
    const type = descriptor.address.includes(':') ? 'udp6' : 'udp4';
    // With a descriptor the socket exists and is bound; without, each worker opens its own and the kernel spreads flows.
    this.#socket = createSocket(descriptor.fd >= 0 ? { type } : { type, reusePort: true, ipv6Only: type === 'udp6' });
  }

  start(onBatch: (batch: UdpBatch) => void): Promise<void> {
    const socket = this.#socket;
    socket.on('message', (query, { address, port }) => {
      if (this.#paused) return;
      const peer = new DgramPeer(address, port);
      onBatch({ count: 1, query: () => query, peer: () => peer });
    });
    const { fd, address, port } = this.#descriptor;
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(fd >= 0 ? { fd } : { address, port }, () => {
        socket.off('error', reject);
        socket.on('error', this.#onError);
        resolve();
      });
    });
  }

  send(reply: Uint8Array, peer: UdpPeer): void {
    if (this.#closed) return;
    // dgram sends at once when it can; when the kernel's buffer is full it keeps the bytes, so they are copied.
    this.#socket.send(reply.slice(), peer.port, (peer as DgramPeer).text, (error) => {
      if (error !== null) this.#onError(error);
    });
  }

  pause(): void {
    this.#paused = true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

class DgramPeer implements UdpPeer {
  readonly text: string;
  readonly port: number;
  readonly address: Uint8Array;
  constructor(text: string, port: number) {
    this.text = text;
    this.port = port;
    this.address = parsePeer(text);
  }
}

/** The kernel's text of an IPv4 address needs no strict parser; anything else goes through the ordinary one. */
function parsePeer(text: string): Uint8Array {
  const zone = text.indexOf('%');
  const plain = zone < 0 ? text : text.slice(0, zone);
  if (plain.includes(':')) return parseAddress(plain);
  const out = new Uint8Array(4);
  let octet = 0;
  let at = 0;
  for (let i = 0; i < plain.length; i++) {
    const c = plain.charCodeAt(i);
    if (c !== 0x2e) octet = octet * 10 + (c - 0x30);
    else {
      out[at++] = octet;
      octet = 0;
    }
  }
  out[at] = octet;
  return out;
}
