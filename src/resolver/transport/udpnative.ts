import { LRUCache } from 'lru-cache';
import type { Clock, Timer } from '../../util/clock.ts';
import { type Endpoint, type Ffi, SocketError } from '../../util/ffi.ts';
import type { Prng } from '../../util/prng.ts';
import { isIpv6 } from '../path.ts';
import { type Exchange, failureOf, type Listener, type Send } from '../transport.ts';
import { drawPort, failLater, isPortTaken, PORT_DRAWS_MAX, type UdpSockets } from './udpsockets.ts';
import { closeRemains, Watch } from './watch.ts';

/** Replies taken before the event loop turns to others: clients wait meanwhile. */
const BATCH = 64;
/** Addresses whose form for the kernel is kept. */
const ENDPOINTS_MAX = 4096;
/** The first reply comes from this host itself. */
const PROOF_MS = 1_000;

export interface NativeUdpOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly ffi: Ffi;
  readonly watch?: number | undefined;
  /** It has stopped working; what was under way has failed. */
  readonly broken: () => void;
}

/** Who waits for a socket. */
interface Reader {
  /** The next datagram, or the code of an error. */
  read(got: Uint8Array | string): void;
}

/**
 * One native socket for each exchange: about as cheap as the kernel makes it, half of what a socket of Node's costs.
 * What arrives is read in batches: one system call tells which sockets have a reply.
 */
export class NativeUdp implements UdpSockets {
  readonly #o: NativeUdpOptions;
  readonly #watch: Watch;
  readonly #readers = new Map<number, Reader>();
  readonly #ready = new Int32Array(BATCH);
  readonly #endpoints = new LRUCache<string, Endpoint>({ max: ENDPOINTS_MAX });

  /** Undefined where the kernel or Node refuses what is needed, whatever the reason: Node's own sockets will do. */
  static make(options: NativeUdpOptions): NativeUdp | undefined {
    try {
      return new NativeUdp(options);
    } catch {
      return undefined;
    }
  }

  private constructor(options: NativeUdpOptions) {
    this.#o = options;
    if (options.watch !== undefined) closeRemains(options.ffi, options.watch);
    this.#watch = new Watch(options.ffi, options.watch, () => this.#readAll(), options.broken);
  }

  get open(): number {
    return this.#readers.size;
  }

  exchange(send: Send, listener: Listener): Exchange {
    const { clock, ffi } = this.#o;
    const socket = this.#connect(send);
    if (typeof socket === 'string') return failLater(clock, listener, socket);
    const refused = ffi.send(socket, send.query);
    if (refused !== undefined) {
      ffi.close(socket);
      return failLater(clock, listener, refused);
    }
    const exchange = new NativeExchange(listener, () => this.#leave(socket));
    exchange.timer = clock.after(send.timeoutMs, () => exchange.read('ETIMEDOUT'));
    this.#enter(socket, exchange);
    return exchange;
  }

  /** Sends a datagram to itself, to see whether the bell rings. */
  works(): Promise<boolean> {
    const { clock, ffi } = this.#o;
    const socket = this.#bind((port) => {
      const self = ffi.endpoint('127.0.0.1', port);
      return ffi.connectUdp(this.#watch.fd, self, port, self);
    });
    if (typeof socket === 'string') return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = clock.after(PROOF_MS, () => resolve(false));
    this.#enter(socket, { read: (got) => resolve(typeof got !== 'string') });
    ffi.send(socket, new Uint8Array(1));
    return promise.finally(() => {
      timer.cancel();
      this.#leave(socket);
    });
  }

  /** What is under way fails. */
  close(): void {
    for (const reader of [...this.#readers.values()]) reader.read('ECANCELED');
    this.#watch.close();
  }

  /** A socket on a port of its own, or the code of the error. */
  #connect(send: Send): number | string {
    const { ffi } = this.#o;
    let to: Endpoint;
    let from: Endpoint;
    try {
      to = this.#endpoint(send.address, send.port);
      from = this.#endpoint(send.source ?? (isIpv6(send.address) ? '::' : '0.0.0.0'), 0);
    } catch (error) {
      if (error instanceof SocketError) return error.code;
      throw error;
    }
    return this.#bind((port) => ffi.connectUdp(this.#watch.fd, from, port, to));
  }

  /** Tries ports until one is free. */
  #bind(connect: (port: number) => number | string): number | string {
    for (let draws = 1; ; draws++) {
      const socket = connect(drawPort(this.#o.prng));
      if (typeof socket === 'number' || !isPortTaken(socket) || draws === PORT_DRAWS_MAX) return socket;
    }
  }

  #endpoint(address: string, port: number): Endpoint {
    const key = `${address}|${port}`;
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) this.#endpoints.set(key, (endpoint = this.#o.ffi.endpoint(address, port)));
    return endpoint;
  }

  #enter(socket: number, reader: Reader): void {
    if (this.#readers.size === 0) this.#watch.awaited = true;
    this.#readers.set(socket, reader);
  }

  #leave(socket: number): void {
    if (!this.#readers.delete(socket)) return;
    this.#o.ffi.close(socket);
    if (this.#readers.size === 0) this.#watch.awaited = false;
  }

  /** One datagram from each socket that has any; the bell rings again for the rest. */
  #readAll(): number {
    const count = this.#o.ffi.ready(this.#watch.fd, this.#ready);
    for (let i = 0; i < count; i++) {
      const socket = this.#ready[i]!;
      // One that was read before may have ended this one, and another may have been given its number.
      const reader = this.#readers.get(socket);
      if (reader === undefined) continue;
      const got = this.#o.ffi.receive(socket);
      if (got !== 'EAGAIN') reader.read(got);
    }
    return count;
  }
}

/** Sent, listening; any fault ends it. */
class NativeExchange implements Exchange, Reader {
  timer: Timer | undefined = undefined;
  readonly #listener: Listener;
  readonly #leave: () => void;
  #state: 'listening' | 'ended' = 'listening';

  constructor(listener: Listener, leave: () => void) {
    this.#listener = listener;
    this.#leave = leave;
  }

  cancel(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.timer?.cancel();
    this.#leave();
  }

  read(got: Uint8Array | string): void {
    if (this.#state === 'ended') return;
    if (typeof got !== 'string') {
      if (this.#listener.message(got) === 'done') this.cancel();
      return;
    }
    this.cancel();
    this.#listener.failed(failureOf(got));
  }
}
