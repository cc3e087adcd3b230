import type { Clock } from '../util/clock.ts';
import { BATCH_MAX } from '../util/datagrams.ts';
import type { Ffi } from '../util/ffi.ts';
import { closeRemains, Watch } from '../util/watch.ts';
import type { Descriptor } from '../view/channel.ts';
import type { OnError, UdpBackEnd, UdpBatch, UdpSender } from './udp.ts';

/** A turn of the event loop that one worker's sockets may take: connections, timers and control wait meanwhile. */
const TURN_MS = 1;
/** A batch that took longer is halved the next time: those that have to be resolved cost ten to twenty times a hit. */
const BATCH_MS = 1;
const BATCH_MIN = 4;
/**
 * How long datagrams may wait while connections are dealt with. A look costs 2 us, as much as a tenth of what an octet of a
 * connection does: who finds nothing waits for twice as long before the next one.
 */
const INTERLEAVE_MS_MIN = 0.03;
const INTERLEAVE_MS_MAX = 0.25;

export interface NativeUdpOptions {
  readonly ffi: Ffi;
  readonly clock: Clock;
  /** A set (`Ffi.openWatch`) that outlives this thread, with what a predecessor left open in it. */
  readonly watch?: number | undefined;
}

/**
 * The UDP sockets of one worker on native calls. One bell for all of them tells the event loop that some have
 * datagrams; they are taken in batches for a turn, and what is left rings again.
 */
export class NativeUdpListeners {
  readonly #o: NativeUdpOptions;
  readonly #watch: Watch;
  readonly #readers = new Map<number, NativeBackEnd>();
  /** Of one socket there is no question whether it is the one that has something. */
  #only: NativeBackEnd | undefined;
  readonly #ready = new Int32Array(BATCH_MAX);
  #readAt = 0;
  /** From one look between connections to the next. */
  #interleaveMs = INTERLEAVE_MS_MIN;
  /** Replies wait for the end of the turn. */
  #owes = false;

  /** Throws SocketError. */
  constructor(options: NativeUdpOptions) {
    this.#o = options;
    if (options.watch !== undefined) closeRemains(options.ffi, options.watch);
    this.#watch = new Watch(
      options.ffi,
      options.watch,
      () => this.#readAll(TURN_MS),
      // With a socket that other processes or workers read too, others are quicker now and then: nothing is broken.
      () => undefined,
    );
  }

  /** For a socket that is open (`descriptor.fd`), which is its own from now on. */
  backEnd(descriptor: Descriptor, onError: OnError): UdpBackEnd {
    const { ffi, clock } = this.#o;
    const { fd } = descriptor;
    return new NativeBackEnd({
      fd,
      ffi,
      clock,
      onError,
      owes: () => this.#flushLater(),
      enter: (reader) => {
        ffi.watch(this.#watch.fd, fd);
        this.#readers.set(fd, reader);
        this.#noteReaders();
      },
      leave: () => {
        if (!this.#readers.delete(fd)) return;
        ffi.unwatch(this.#watch.fd, fd);
        this.#noteReaders();
      },
    });
  }

  #noteReaders(): void {
    const [first] = this.#readers.values();
    this.#only = this.#readers.size === 1 ? first : undefined;
    this.#watch.awaited = first !== undefined;
  }

  /** To be called when all its back ends are closed. */
  close(): void {
    this.#watch.close();
  }

  /**
   * Takes a batch of what has come meanwhile. The event loop tells of a thousand connections in one turn, and with TLS each
   * may take a millisecond: to be called between them.
   */
  interleave(): void {
    if (this.#readers.size === 0) return;
    if (this.#o.clock.now() - this.#readAt >= this.#interleaveMs) this.#readAll(0);
  }

  /**
   * Replies that were waited for are ready in the order in which servers are heard, many in one turn of the event loop:
   * those that one callback leads to leave together.
   */
  #flushLater(): void {
    if (this.#owes) return;
    this.#owes = true;
    // Once no promise is left that goes on in this turn.
    process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#owes = false;
    this.#o.ffi.datagrams.flush();
  };

  /** The kernel takes turns with those that have more than `ms` allow. */
  #readAll(ms: number): number {
    const end = this.#o.clock.now() + ms;
    const count = this.#readUntil(end);
    this.#readAt = this.#o.clock.now();
    this.#interleaveMs = count > 0 ? INTERLEAVE_MS_MIN : Math.min(2 * this.#interleaveMs, INTERLEAVE_MS_MAX);
    return count;
  }

  #readUntil(end: number): number {
    if (this.#only !== undefined) return this.#only.read(end);
    const count = this.#o.ffi.ready(this.#watch.fd, this.#ready);
    for (let i = 0; i < count; i++) this.#readers.get(this.#ready[i]!)?.read(end);
    return count;
  }
}

interface BackEndOptions {
  readonly fd: number;
  readonly ffi: Ffi;
  readonly clock: Clock;
  readonly onError: OnError;
  /** There are replies to be flushed. */
  readonly owes: () => void;
  /** To be told of datagrams. Throws SocketError. */
  readonly enter: (reader: NativeBackEnd) => void;
  readonly leave: () => void;
}

class NativeBackEnd implements UdpBackEnd {
  readonly #o: BackEndOptions;
  #receive: (batch: UdpBatch) => void = () => undefined;
  /** Datagrams to take at once. */
  #batch = BATCH_MAX;
  #state: 'idle' | 'reading' | 'paused' | 'closed' = 'idle';
  readonly #failed: (code: string, replies: number) => void;

  constructor(options: BackEndOptions) {
    this.#o = options;
    this.#failed = (code, replies) => options.onError(new Error(`cannot send a reply: ${code}`), replies);
  }

  start(receive: (batch: UdpBatch) => void): Promise<void> {
    this.#receive = receive;
    try {
      this.#o.enter(this);
    } catch (error) {
      this.close();
      return Promise.reject(error);
    }
    this.#state = 'reading';
    return Promise.resolve();
  }

  /** Takes and answers datagrams until there are none or the clock says `end`; at least one batch. Returns how many. */
  read(end: number): number {
    const { fd, ffi, clock, onError } = this.#o;
    const { datagrams } = ffi;
    let total = 0;
    for (let now = clock.now(); this.#state === 'reading'; ) {
      const count = datagrams.receive(fd, this.#batch, this.#failed);
      if (typeof count === 'string') {
        if (count !== 'EAGAIN' && count !== 'EINTR') onError(new Error(`cannot read queries: ${count}`), 1);
        return total;
      }
      total += count;
      this.#receive(datagrams);
      datagrams.flush();
      const before = now;
      now = clock.now();
      const isAll = count < this.#batch;
      if (now - before > BATCH_MS) this.#batch = Math.max(BATCH_MIN, this.#batch >> 1);
      else if (!isAll && now - before < BATCH_MS / 4) this.#batch = Math.min(BATCH_MAX, this.#batch << 1);
      if (isAll || now >= end) return total;
    }
    return total;
  }

  send(reply: Uint8Array, to: UdpSender): void {
    if (this.#state === 'closed') return;
    this.#o.ffi.datagrams.send(this.#o.fd, reply, to as Uint8Array, this.#failed);
    this.#o.owes();
  }

  /** What arrives from now on waits in the kernel for whoever reads the socket next. */
  pause(): void {
    if (this.#state !== 'reading') return;
    this.#state = 'paused';
    this.#o.leave();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#o.leave();
    // Its number may be another's as soon as it is closed.
    this.#o.ffi.datagrams.flush();
    this.#o.ffi.close(this.#o.fd);
  }
}
