import { createServer, type Server, type Socket } from 'node:net';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import { parseAddress } from '../util/cidr.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Descriptor } from '../view/channel.ts';
import { HEADER_OCTETS } from '../wire/constants.ts';
import type { Client, QueryHandler } from './handler.ts';
import type { TcpClients } from './tcpclients.ts';

/**
 * DNS over TCP (RFC 7766, RFC 9210): a two-octet length, then a message; several queries may be under way on one
 * connection, and each is answered as soon as its answer is there.
 *
 * A connection costs memory for as long as the client likes, so each state has its limit:
 *
 *     accepted ─ FIRST_MS ─▶ first message whole? no: closed
 *     between messages ─ idle time ─▶ closed; the idle time shrinks as the process fills up (RFC 7766 section 6.2.3)
 *     inside a message ─ MESSAGE_MS ─▶ closed
 *     IN_FLIGHT_MAX queries unanswered: not read until one is answered
 *     QUEUED_OCTETS_MAX unsent: not read; still so after STUCK_MS: closed
 */
export const FIRST_MS = 2_000;
export const MESSAGE_MS = 5_000;
export const IDLE_MS = 10_000;
export const STUCK_MS = 5_000;
export const IN_FLIGHT_MAX = 32;
export const QUEUED_OCTETS_MAX = 64 * 1024;
/** Queries are small; what announces more is closed before a buffer is made for it. */
export const QUERY_OCTETS_MAX = 4096;

export interface TcpOptions {
  readonly descriptor: Descriptor;
  readonly handler: QueryHandler;
  readonly clients: TcpClients;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** The endpoint's ACL: others are closed before a byte is read. */
  readonly admits: (endpoint: number, address: Uint8Array) => boolean;
}

export class TcpEndpoint {
  /** Index into the snapshot's endpoints; a reload may move it. */
  endpoint: number;
  readonly #o: TcpOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();

  constructor(options: TcpOptions) {
    this.#o = options;
    this.endpoint = options.descriptor.endpoint;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Rejects when the socket cannot be had. */
  start(): Promise<void> {
    const { fd, address, port } = this.#o.descriptor;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(fd >= 0 ? { fd } : { host: address, port, reusePort: true, ipv6Only: true }, () => {
        this.#server.off('error', reject);
        // An accept that fails (no descriptor left) is the client's loss, and tried again with the next one.
        this.#server.on('error', () => this.#o.metrics.add(METRIC.tcpRefused));
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    const { admits, clients, metrics } = this.#o;
    socket.on('error', () => socket.destroy());
    const { remoteAddress, remotePort } = socket;
    // Gone before it was accepted.
    if (remoteAddress === undefined || remotePort === undefined) return void socket.destroy();
    const address = parseAddress(remoteAddress.replace(/%.*$/, ''));
    if (!admits(this.endpoint, address)) {
      metrics.add(METRIC.droppedAcl);
      return void socket.resetAndDestroy();
    }
    if (!clients.enter(address)) {
      metrics.add(METRIC.tcpRefused);
      return void socket.resetAndDestroy();
    }
    metrics.add(METRIC.tcpAccepted);
    const client: Client = { address, port: remotePort, transport: 'tcp', endpoint: this.endpoint };
    const connection = new Connection(socket, client, this.#o);
    this.#connections.add(connection);
    socket.on('close', () => {
      connection.ended();
      this.#connections.delete(connection);
      clients.leave(address);
    });
  }

  /** Queries that are not answered yet. */
  get pending(): number {
    let pending = 0;
    for (const connection of this.#connections) pending += connection.inFlight;
    return pending;
  }

  /** Accepts and reads no more; answers under way are still sent. */
  pause(): void {
    this.#server.close();
    for (const connection of this.#connections) connection.finish();
  }

  close(): void {
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
  }
}

/** Where a connection stands, which decides which limit on time is running. */
type State = 'first' | 'idle' | 'message' | 'stuck';

class Connection {
  readonly #socket: Socket;
  readonly #client: Client;
  readonly #o: TcpOptions;
  readonly #length = new Uint8Array(2);
  #message: Uint8Array | undefined;
  /** Octets of the length, then of the message, that are there. */
  #have = 0;
  #state: State = 'first';
  #timer: Timer | undefined;
  #reading = true;
  #finishing = false;
  inFlight = 0;

  constructor(socket: Socket, client: Client, options: TcpOptions) {
    this.#socket = socket;
    this.#client = client;
    this.#o = options;
    this.#enter('first');
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk));
    socket.on('drain', () => this.#resume());
    // The client sends no more, but may still read what is under way (half-close).
    socket.on('end', () => this.finish());
  }

  #enter(state: State): void {
    this.#timer?.cancel();
    this.#state = state;
    this.#timer = this.#o.clock.after(this.#limitOf(state), () => this.#expire());
  }

  #limitOf(state: State): number {
    switch (state) {
      case 'first':
        return FIRST_MS;
      case 'message':
        return MESSAGE_MS;
      case 'stuck':
        return STUCK_MS;
      case 'idle':
        return this.#o.clients.idleMs();
    }
  }

  #expire(): void {
    // Idle means that the client has nothing to wait for either.
    if (this.#state === 'idle' && this.inFlight > 0) return this.#enter('idle');
    this.#o.metrics.add(METRIC.tcpTimedOut);
    this.#socket.destroy();
  }

  /** Takes messages out of a chunk. Nothing is allocated before the length is known to be allowed. */
  #take(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#socket.destroyed) {
      if (this.#message === undefined) at = this.#takeLength(chunk, at);
      else at = this.#takeMessage(chunk, at, this.#message);
    }
    if (!this.#mayRead()) this.#hold();
  }

  #takeLength(chunk: Uint8Array, at: number): number {
    if (this.#have === 0 && this.#state === 'idle') this.#enter('message');
    this.#length[this.#have++] = chunk[at]!;
    if (this.#have < 2) return at + 1;
    const length = (this.#length[0]! << 8) | this.#length[1]!;
    this.#have = 0;
    if (length < HEADER_OCTETS || length > QUERY_OCTETS_MAX) {
      this.#o.metrics.add(METRIC.droppedMalformed);
      this.#socket.resetAndDestroy();
    } else this.#message = new Uint8Array(length);
    return at + 1;
  }

  #takeMessage(chunk: Uint8Array, at: number, message: Uint8Array): number {
    const n = Math.min(chunk.length - at, message.length - this.#have);
    message.set(chunk.subarray(at, at + n), this.#have);
    this.#have += n;
    if (this.#have === message.length) {
      this.#have = 0;
      this.#message = undefined;
      this.#enter('idle');
      this.#ask(message);
    }
    return at + n;
  }

  #ask(query: Uint8Array): void {
    const reply = this.#o.handler.handle(query, this.#client);
    if (!(reply instanceof Promise)) return this.#send(reply);
    this.inFlight++;
    reply
      .then(
        (bytes) => this.#send(bytes),
        () => this.#o.metrics.add(METRIC.workerErrors),
      )
      .finally(() => {
        this.inFlight--;
        this.#resume();
      });
  }

  #send(reply: Uint8Array | undefined): void {
    if (reply === undefined || !this.#socket.writable) return;
    const framed = Buffer.allocUnsafe(2 + reply.length);
    framed[0] = reply.length >>> 8;
    framed[1] = reply.length;
    framed.set(reply, 2);
    this.#socket.write(framed);
  }

  #mayRead(): boolean {
    return this.inFlight < IN_FLIGHT_MAX && this.#socket.writableLength <= QUEUED_OCTETS_MAX;
  }

  /** Stops reading: the kernel's window closes and the client waits. */
  #hold(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#socket.pause();
    if (this.#socket.writableLength > QUEUED_OCTETS_MAX) this.#enter('stuck');
  }

  #resume(): void {
    if (this.#finishing && this.inFlight === 0 && !this.#socket.destroyed) this.#socket.end();
    if (this.#reading || this.#finishing || !this.#mayRead()) return;
    this.#reading = true;
    if (this.#state === 'stuck') this.#enter('idle');
    this.#socket.resume();
  }

  /** Reads no more; closes when all is answered. */
  finish(): void {
    this.#finishing = true;
    this.#socket.pause();
    this.#resume();
  }

  ended(): void {
    this.#timer?.cancel();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
