import { LRUCache } from 'lru-cache';
import type { Clock, Timer } from '../../util/clock.ts';
import { type Endpoint, type Ffi, SocketError } from '../../util/ffi.ts';
import type { Prng } from '../../util/prng.ts';
import { Turnover } from '../../util/turnover.ts';
import { closeRemains, Watch } from '../../util/watch.ts';
import { INFLIGHT_MAX } from '../inflight.ts';
import { isIpv6 } from '../path.ts';
import { type Exchange, failureOf, type Listener, type Send } from '../transport.ts';
import { type Idle, ReusedSockets } from './udpreuse.ts';
import { drawPort, failLater, isPortTaken, PORT_DRAWS_MAX, type UdpSockets } from './udpsockets.ts';

/** Sockets told of by one call. */
const BATCH = 64;
/** What replies, and what they let go on, may take of a turn of the event loop: clients wait meanwhile. */
const READ_MS = 2;
/** And then questions that waited for them. */
const BEGIN_MS = 1;
/** Questions that begin in a turn whatever there is to read: a flood of replies does not stop them. */
const BEGIN_MIN = 2;
/** As many as may be in flight; those that were given up wait on, so that more could come than are. */
export const WAITING_MAX = INFLIGHT_MAX;
/** Queries that leave together; the first of more would wait too long for the last. */
const SENT_TOGETHER = 16;
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

type EndpointCache = LRUCache<string, { readonly port: number; readonly endpoint: Endpoint }>;

/** A socket for an exchange, and where it is kept after that: nowhere if it is bound to a port. */
interface Connected {
  readonly socket: number;
  readonly idle: Idle | undefined;
}

/**
 * One native socket for each exchange at a time: about as cheap as the kernel makes it, half of what a socket of Node's costs.
 * What arrives is read in batches: one system call tells which sockets have a reply.
 */
export class NativeUdp implements UdpSockets {
  readonly #o: NativeUdpOptions;
  readonly #watch: Watch;
  readonly #reused: ReusedSockets;
  readonly #readers = new Turnover<number, Reader>();
  readonly #ready = new Int32Array(BATCH);
  /** Less than SENT_TOGETHER, which leave at the end of the turn at the latest. */
  readonly #unsent: NativeExchange[] = [];
  /** Beginnings of questions, at most WAITING_MAX. */
  readonly #waiting: (() => void)[] = [];
  /** `behind`: the next turn is due as soon as others have had theirs. */
  #state: 'caught up' | 'behind' = 'caught up';
  #next: NodeJS.Immediate | undefined;
  /** By address: hardly any is asked at two ports. */
  readonly #endpoints: EndpointCache = new LRUCache({ max: ENDPOINTS_MAX });
  readonly #sources: EndpointCache = new LRUCache({ max: ENDPOINTS_MAX });

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
    this.#watch = new Watch(options.ffi, options.watch, () => this.#ring(), options.broken);
    this.#reused = new ReusedSockets(options.ffi, this.#watch.fd);
  }

  get open(): number {
    return this.#readers.size;
  }

  exchange(send: Send, listener: Listener): Exchange {
    const { clock } = this.#o;
    const connected = this.#connect(send);
    if (typeof connected === 'string') return failLater(clock, listener, connected);
    const exchange = new NativeExchange(listener, this, connected, send.query);
    exchange.timer = clock.after(send.timeoutMs, () => exchange.late());
    this.#enter(connected.socket, exchange);
    this.#unsent.push(exchange);
    if (this.#unsent.length === SENT_TOGETHER) this.#sendAll();
    else if (this.#unsent.length === 1) process.nextTick(this.#sendAll);
    return exchange;
  }

  /**
   * Queries of one turn of the event loop leave one right after the other: a server on this host, or what this host's
   * network is made of, is woken once and not for each.
   */
  readonly #sendAll = (): void => {
    for (const exchange of this.#unsent.splice(0)) exchange.send();
  };

  /** Sends a datagram on a connected socket. The code of the error, if there is one. */
  send(socket: number, octets: Uint8Array): string | undefined {
    return this.#o.ffi.send(socket, octets);
  }

  /** Calls it in a turn of its own. */
  soon(fn: () => void): Timer {
    return this.#o.clock.after(0, fn);
  }

  /** Sends a datagram to itself, to see whether the bell rings. */
  works(): Promise<boolean> {
    const { clock, ffi } = this.#o;
    const socket = this.#bind(drawPort(this.#o.prng), (port) => {
      const self = ffi.endpoint('127.0.0.1', port);
      return ffi.connectUdp(this.#watch.fd, self, port, self);
    });
    if (typeof socket === 'string') return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    // Timers come before what has arrived, and this thread may have been held up: it is looked for once more.
    const timer = clock.after(PROOF_MS, () => setImmediate(() => resolve(false)));
    this.#enter(socket, { read: (got) => resolve(typeof got !== 'string') });
    ffi.send(socket, new Uint8Array(1));
    return promise.finally(() => {
      timer.cancel();
      this.leave(socket);
    });
  }

  /** What is under way fails, what waits begins. */
  close(): void {
    this.#state = 'caught up';
    clearImmediate(this.#next);
    for (const reader of this.#readers.values()) reader.read('ECANCELED');
    for (const start of this.#waiting.splice(0)) start();
    this.#reused.close();
    this.#watch.close();
  }

  /** A socket on a port of its own, or the code of the error. Those that are kept are no reason for it. */
  #connect(send: Send): Connected | string {
    const connected = this.#tryToConnect(send);
    const isFull = connected === 'EMFILE' || connected === 'ENFILE';
    return isFull && this.#reused.close() > 0 ? this.#tryToConnect(send) : connected;
  }

  #tryToConnect(send: Send): Connected | string {
    const { ffi } = this.#o;
    let to: Endpoint;
    let from: Endpoint;
    try {
      to = this.#endpoint(this.#endpoints, send.address, send.port);
      from = this.#endpoint(this.#sources, send.source ?? (isIpv6(send.address) ? '::' : '0.0.0.0'), 0);
    } catch (error) {
      if (error instanceof SocketError) return error.code;
      throw error;
    }
    const first = drawPort(this.#o.prng);
    if (send.source === undefined && this.#reused.serves(first)) {
      const socket = this.#reused.take(to);
      // None of the kernel's ports is free: then any that is.
      if (socket !== 'EAGAIN')
        return typeof socket === 'string' ? socket : { socket, idle: this.#reused.idleFor(to) };
    }
    const socket = this.#bind(first, (port) => ffi.connectUdp(this.#watch.fd, from, port, to));
    return typeof socket === 'string' ? socket : { socket, idle: undefined };
  }

  /** Tries ports until one is free. @param first that was drawn */
  #bind(first: number, connect: (port: number) => number | string): number | string {
    for (let port = first, draws = 1; ; port = drawPort(this.#o.prng), draws++) {
      const socket = connect(port);
      if (typeof socket === 'number' || !isPortTaken(socket) || draws === PORT_DRAWS_MAX) return socket;
    }
  }

  #endpoint(cache: EndpointCache, address: string, port: number): Endpoint {
    const known = cache.get(address);
    if (known?.port === port) return known.endpoint;
    const endpoint = this.#o.ffi.endpoint(address, port);
    cache.set(address, { port, endpoint });
    return endpoint;
  }

  #enter(socket: number, reader: Reader): void {
    if (this.#readers.size === 0) this.#watch.awaited = true;
    this.#readers.set(socket, reader);
  }

  /** The next datagram of a socket, or the code of the error. */
  receive(socket: number): Uint8Array | string {
    return this.#o.ffi.receive(socket);
  }

  /** Closes a socket that nobody waits for any more, or keeps it for the next. */
  leave(socket: number, idle?: Idle): void {
    if (!this.#readers.delete(socket)) return;
    if (idle === undefined) this.#o.ffi.close(socket);
    else this.#reused.giveBack(socket, idle);
    if (this.#readers.size === 0) this.#watch.awaited = false;
  }

  begin(start: () => void): void {
    if (this.#state === 'behind' && this.#waiting.length < WAITING_MAX) this.#waiting.push(start);
    else start();
  }

  #ring(): number {
    // The next turn comes at once, and is not to be longer for the bell.
    return this.#state === 'behind' ? 1 : this.#turn();
  }

  /** Returns how many sockets have something to read. */
  #turn(): number {
    const count = this.#o.ffi.ready(this.#watch.fd, this.#ready);
    void this.#read(count);
    return count;
  }

  /** One datagram from each socket that has any, until the turn is over. */
  async #read(count: number): Promise<void> {
    const { ffi, clock } = this.#o;
    const end = clock.now() + READ_MS;
    let read = 0;
    for (; read < count && clock.now() < end; read++) {
      const socket = this.#ready[read]!;
      // One that was read before may have ended this one, and another may have been given it, or its number.
      const reader = this.#readers.get(socket);
      if (reader === undefined) {
        this.#reused.discard(socket);
        continue;
      }
      const got = ffi.receive(socket);
      if (got === 'EAGAIN') continue;
      reader.read(got);
      // What waited for this reply goes on first, and counts for the turn.
      await undefined;
    }
    const isLeft = read < count || count === BATCH;
    this.#beginSome(isLeft ? BEGIN_MIN : this.#waiting.length);
    this.#state = isLeft || this.#waiting.length > 0 ? 'behind' : 'caught up';
    // Not by the bell: nothing need be left to ring it when the next turn comes, and questions wait for that.
    if (this.#state === 'behind') this.#next = setImmediate(() => this.#turn());
  }

  #beginSome(count: number): void {
    const { clock } = this.#o;
    const end = clock.now() + BEGIN_MS;
    for (let begun = 0; begun < count && (begun < BEGIN_MIN || clock.now() < end); begun++)
      this.#waiting.shift()?.();
  }
}

/** Connected, sent, listening; any fault ends it. */
class NativeExchange implements Exchange, Reader {
  timer: Timer | undefined = undefined;
  readonly #listener: Listener;
  readonly #udp: NativeUdp;
  readonly #socket: number;
  readonly #idle: Idle | undefined;
  #query: Uint8Array | undefined;
  #state: 'listening' | 'ended' = 'listening';

  constructor(listener: Listener, udp: NativeUdp, { socket, idle }: Connected, query: Uint8Array) {
    this.#listener = listener;
    this.#udp = udp;
    this.#socket = socket;
    this.#idle = idle;
    this.#query = query;
  }

  send(): void {
    if (this.#state === 'ended') return;
    const refused = this.#udp.send(this.#socket, this.#query!);
    // One piece keeps its whole block.
    this.#query = undefined;
    if (refused === undefined) return;
    // Who began it, and who filled the batch, are still at it.
    this.timer?.cancel();
    this.timer = this.#udp.soon(() => this.read(refused));
  }

  cancel(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.timer?.cancel();
    this.#udp.leave(this.#socket, this.#idle);
  }

  /** The time is over. What has come in by now is no less in time because this thread was busy. */
  late(): void {
    while (this.#state === 'listening') {
      const got = this.#udp.receive(this.#socket);
      this.read(got === 'EAGAIN' ? 'ETIMEDOUT' : got);
    }
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
