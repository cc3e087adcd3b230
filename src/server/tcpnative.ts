import { Socket } from 'node:net';
import type { Clock } from '../util/clock.ts';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EVENTS_MAX } from '../util/epoll.ts';
import type { Ffi } from '../util/ffi.ts';
import { closeRemains, Watch } from '../util/watch.ts';
import { type ByteStream, putMessage, type StreamReader } from './bytestream.ts';

/** Connections taken at once of those that wait: others have their turn then. */
const ACCEPTS_MAX = 16;
/** How long nobody is accepted where no descriptor or memory is left: those who wait go on waiting in the kernel. */
const SHORTAGE_MS = 100;
/** As many octets of messages to one client leave together. */
const GATHERED_MAX = 16_384;
const MESSAGE_OCTETS_MAX = 2 + 65_535;

/** Who decides about connections that come. */
export interface Accepting {
  /** False: nobody is let in, whoever it is; who comes is reset unseen. */
  hasRoom(): boolean;
  /** Somebody was turned away, or could not be taken for want of descriptors or memory. */
  refused(): void;
  accepted(stream: NativeStream, address: Uint8Array, port: number): void;
}

export interface NativeStreamsOptions {
  readonly ffi: Ffi;
  readonly clock: Clock;
  /** A set (`Ffi.openWatch`) that outlives this thread, with what a predecessor left open in it. */
  readonly watch?: number | undefined;
}

interface Told {
  /** There is something to do for a descriptor: EPOLLIN and the like. */
  tell(events: number): void;
}

/**
 * Listening sockets and connections by TCP of one worker, on native calls. One bell for all of them tells the event loop
 * that there is something to do for some.
 */
export class NativeStreams {
  readonly #ffi: Ffi;
  readonly #clock: Clock;
  readonly #watch: Watch;
  /** By descriptor. */
  readonly #open = new Map<number, Told>();
  readonly #fds = new Int32Array(EVENTS_MAX);
  readonly #events = new Int32Array(EVENTS_MAX);
  /**
   * While some are told what there is to do, a descriptor that is closed could be another's before what there was to do
   * for it is told, and what is replied leaves at the end.
   */
  #state: 'waiting' | 'telling' = 'waiting';
  readonly #toClose: number[] = [];
  /** Messages to one client that have not been sent. */
  #gathered = new Uint8Array(GATHERED_MAX + MESSAGE_OCTETS_MAX);
  /** Of the client before, once another is replied to. */
  #leaving = new Uint8Array(GATHERED_MAX + MESSAGE_OCTETS_MAX);
  #gatheredOctets = 0;
  #gatheredFor: NativeStream | undefined;
  #flushPlanned = false;

  /** Throws SocketError. */
  constructor({ ffi, clock, watch }: NativeStreamsOptions) {
    this.#ffi = ffi;
    this.#clock = clock;
    if (watch !== undefined) closeRemains(ffi, watch);
    this.#watch = new Watch(
      ffi,
      watch,
      () => this.#tellAll(),
      // A listening socket may be other workers' as well, who are quicker now and then: nothing is broken.
      () => undefined,
    );
  }

  /** Takes connections from a listening socket, which is its own from now on. Throws SocketError. */
  listen(fd: number, accepting: Accepting): Listening {
    const listening = new Listening(fd, this, accepting);
    this.#ffi.streams.noDelay(fd);
    try {
      this.#ffi.watch(this.#watch.fd, fd);
    } catch (error) {
      this.#ffi.close(fd);
      throw error;
    }
    this.#add(fd, listening);
    return listening;
  }

  /** To be called when all listening sockets and connections are closed. */
  close(): void {
    this.#watch.close();
  }

  #tellAll(): number {
    const count = this.#ffi.ready(this.#watch.fd, this.#fds, this.#events);
    this.#state = 'telling';
    try {
      for (let i = 0; i < count; i++) this.#open.get(this.#fds[i]!)?.tell(this.#events[i]!);
    } finally {
      this.#state = 'waiting';
      this.flush();
      for (const fd of this.#toClose) this.#ffi.close(fd);
      this.#toClose.length = 0;
    }
    return count;
  }

  #add(fd: number, told: Told): void {
    this.#open.set(fd, told);
    if (this.#open.size === 1) this.#watch.awaited = true;
  }

  #forget(fd: number): void {
    this.#open.delete(fd);
    if (this.#open.size === 0) this.#watch.awaited = false;
  }

  /*
   * What follows is for listening sockets and streams alone.
   */

  /** Takes the next connection, or refuses it. False: there is none, or none can be taken for now. */
  acceptOne(listening: Listening, accepting: Accepting): boolean {
    const { streams } = this.#ffi;
    if (!accepting.hasRoom()) {
      const code = streams.refuse(listening.fd, this.#watch.fd);
      if (code === undefined) accepting.refused();
      return this.#goesOn(code, listening, accepting);
    }
    const fd = streams.accept(listening.fd, this.#watch.fd);
    if (typeof fd === 'string') return this.#goesOn(fd, listening, accepting);
    const stream = new NativeStream(fd, this);
    this.#add(fd, stream);
    accepting.accepted(stream, streams.peerAddress(), streams.peerPort());
    return true;
  }

  /** @param code of the error of accepting */
  #goesOn(code: string | undefined, listening: Listening, accepting: Accepting): boolean {
    switch (code) {
      case undefined:
      // The client has left meanwhile.
      case 'ECONNABORTED':
      case 'EINTR':
        return true;
      case 'EAGAIN':
        return false;
      default:
        accepting.refused();
        this.#restFrom(listening);
        return false;
    }
  }

  /** It stays in the set, which is where a successor looks for what is open. */
  #restFrom(listening: Listening): void {
    const { streams } = this.#ffi;
    streams.watchFor(this.#watch.fd, listening.fd, 0);
    this.#clock.after(SHORTAGE_MS, () => {
      if (this.#open.get(listening.fd) === listening) streams.watchFor(this.#watch.fd, listening.fd, EPOLLIN);
    });
  }

  /** Another descriptor of a listening socket is main's: it would stay in the set. */
  closeListening({ fd }: Listening): void {
    this.#forget(fd);
    this.#ffi.unwatch(this.#watch.fd, fd);
    this.#closeFd(fd);
  }

  closeStream(stream: NativeStream, how: 'destroy' | 'reset'): void {
    if (this.#gatheredFor === stream) this.#gatheredFor = undefined;
    this.#forget(stream.fd);
    if (how === 'reset') this.#ffi.streams.resetAtClose(stream.fd);
    this.#closeFd(stream.fd);
  }

  #closeFd(fd: number): void {
    if (this.#state === 'telling') this.#toClose.push(fd);
    else this.#ffi.close(fd);
  }

  /** Its descriptor is a socket of Node's from now on. */
  socketOf({ fd }: NativeStream): Socket {
    // Both have it for a moment: what ends this thread now closes it once, as it leaves the set when it is closed.
    const socket = new Socket({ fd, allowHalfOpen: true });
    this.#forget(fd);
    this.#ffi.unwatch(this.#watch.fd, fd);
    return socket;
  }

  watchFor({ fd }: NativeStream, events: number): void {
    this.#ffi.streams.watchFor(this.#watch.fd, fd, events);
  }

  receive({ fd }: NativeStream): Uint8Array | string {
    return this.#ffi.streams.receive(fd);
  }

  endSending({ fd }: NativeStream): void {
    this.#ffi.streams.endSending(fd);
  }

  send({ fd }: NativeStream, octets: Uint8Array, length: number): number | string {
    return this.#ffi.streams.send(fd, octets, length);
  }

  /**
   * What was replied in this turn to one client leaves together, at the end of it at the latest. The message is copied before
   * anything else is done: what is sent for another client may end its connection, then queries by UDP have their turn, and
   * their answers are written where this message is (see `QueryHandler`).
   */
  gather(stream: NativeStream, message: Uint8Array): void {
    const before = this.#gatheredFor;
    if (before === stream) this.#put(message);
    else {
      const [octets, length] = [this.#gathered, this.#gatheredOctets];
      this.#gathered = this.#leaving;
      this.#leaving = octets;
      this.#gatheredFor = stream;
      this.#gatheredOctets = 0;
      this.#put(message);
      this.#planFlush();
      before?.sendGathered(octets, length);
    }
    if (this.gatheredFor(stream) >= GATHERED_MAX) this.flush();
  }

  #put(message: Uint8Array): void {
    putMessage(this.#gathered, this.#gatheredOctets, message);
    this.#gatheredOctets += 2 + message.length;
  }

  /** Octets that are gathered for it. */
  gatheredFor(stream: NativeStream): number {
    return this.#gatheredFor === stream ? this.#gatheredOctets : 0;
  }

  /** Other replies, as those that were waited for, leave once no promise is left that goes on in this turn. */
  #planFlush(): void {
    if (this.#state === 'telling' || this.#flushPlanned) return;
    this.#flushPlanned = true;
    process.nextTick(this.#flushLater);
  }

  readonly #flushLater = (): void => {
    this.#flushPlanned = false;
    this.flush();
  };

  /** Sends what is gathered. */
  flush(): void {
    const stream = this.#gatheredFor;
    this.#gatheredFor = undefined;
    stream?.sendGathered(this.#gathered, this.#gatheredOctets);
  }
}

/** A listening socket. */
export class Listening implements Told {
  readonly fd: number;
  readonly #streams: NativeStreams;
  readonly #accepting: Accepting;
  #state: 'open' | 'closed' = 'open';

  constructor(fd: number, streams: NativeStreams, accepting: Accepting) {
    this.fd = fd;
    this.#streams = streams;
    this.#accepting = accepting;
  }

  tell(): void {
    for (let i = 0; i < ACCEPTS_MAX && this.#state === 'open'; i++)
      if (!this.#streams.acceptOne(this, this.#accepting)) return;
  }

  /** Connections that wait in the kernel are whoever's that has the socket too. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#streams.closeListening(this);
  }
}

const NOBODY: StreamReader = {
  receive: () => undefined,
  drained: () => undefined,
  clientEnded: () => undefined,
};

/** A connection of a client. It is a few words long: there may be a thousand, and thousands that come and go. */
export class NativeStream implements ByteStream, Told {
  readonly fd: number;
  readonly #streams: NativeStreams;
  reader: StreamReader = NOBODY;
  /** Told when it is closed, whoever closed it. */
  owner: { closed(): void } | undefined;
  /** `ending`: ended once everything is sent. `handed on`: Node's. */
  #state: 'open' | 'ending' | 'ended' | 'closed' | 'handed on' = 'open';
  #isPaused = false;
  #clientHasEnded = false;
  /** What the kernel did not take. */
  #queue: Uint8Array | undefined;
  /** What it is watched for. */
  #events = EPOLLIN;

  constructor(fd: number, streams: NativeStreams) {
    this.fd = fd;
    this.#streams = streams;
  }

  get isOpen(): boolean {
    return this.#state === 'open' || this.#state === 'ending' || this.#state === 'ended';
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get unsent(): number {
    return (this.#queue?.length ?? 0) + this.#streams.gatheredFor(this);
  }

  /** As a socket of Node's, which has it from now on. Nothing may have been read or sent. */
  toSocket(): Socket {
    const socket = this.#streams.socketOf(this);
    this.#state = 'handed on';
    return socket;
  }

  tell(events: number): void {
    if ((events & EPOLLOUT) !== 0) this.#sendQueue();
    if (!this.isOpen) return;
    if ((events & EPOLLIN) !== 0 && this.#reads) this.#receive();
    // Both directions are over. Where there is something to read, the read says so.
    else if ((events & (EPOLLERR | EPOLLHUP)) !== 0) this.destroy();
    if (this.isOpen) this.#watchFor(this.#wants);
  }

  get #reads(): boolean {
    return !this.#isPaused && !this.#clientHasEnded;
  }

  get #wants(): number {
    return (this.#reads ? EPOLLIN : 0) | (this.#queue === undefined ? 0 : EPOLLOUT);
  }

  #watchFor(events: number): void {
    if (this.#events === events) return;
    this.#events = events;
    this.#streams.watchFor(this, events);
  }

  #receive(): void {
    const octets = this.#streams.receive(this);
    if (typeof octets === 'string') {
      if (octets !== 'EAGAIN' && octets !== 'EINTR') this.destroy();
      return;
    }
    if (octets.length > 0) return void this.reader.receive(octets);
    this.#clientHasEnded = true;
    if (this.#state === 'ended') this.destroy();
    else this.reader.clientEnded();
  }

  /** It is watched on: who pauses most often resumes before anything has come. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (this.isOpen) this.#watchFor(this.#wants | this.#events);
  }

  send(message: Uint8Array): void {
    if (this.#state === 'open') this.#streams.gather(this, message);
  }

  /** Sends the first `length` octets of a buffer that is used again. */
  sendGathered(octets: Uint8Array, length: number): void {
    if (this.#queue !== undefined) this.#queue = Buffer.concat([this.#queue, octets.subarray(0, length)]);
    else this.#sendNow(octets, length);
  }

  /** What the kernel does not take is kept. */
  #sendNow(octets: Uint8Array, length: number): void {
    const sent = this.#streams.send(this, octets, length);
    if (typeof sent === 'string' && sent !== 'EAGAIN' && sent !== 'EINTR') return void this.destroy();
    const taken = typeof sent === 'string' ? 0 : sent;
    this.#queue = taken === length ? undefined : octets.slice(taken, length);
    if (this.#queue !== undefined) this.#watchFor(this.#events | EPOLLOUT);
  }

  #sendQueue(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    this.#sendNow(queue, queue.length);
    if (this.#queue !== undefined || !this.isOpen) return;
    if (this.#state === 'ending') this.#endNow();
    else this.reader.drained();
  }

  end(): void {
    if (this.#state !== 'open') return;
    if (this.#streams.gatheredFor(this) > 0) this.#streams.flush();
    // It may be closed by now.
    if (this.#state !== 'open') return;
    if (this.#queue === undefined) this.#endNow();
    else this.#state = 'ending';
  }

  #endNow(): void {
    this.#state = 'ended';
    if (this.#clientHasEnded) this.destroy();
    else this.#streams.endSending(this);
  }

  destroy(): void {
    this.#close('destroy');
  }

  /** Replies to what came before the reason for it leave before. */
  reset(): void {
    if (this.#streams.gatheredFor(this) > 0) this.#streams.flush();
    this.#close('reset');
  }

  #close(how: 'destroy' | 'reset'): void {
    if (!this.isOpen) return;
    this.#state = 'closed';
    this.#queue = undefined;
    this.#streams.closeStream(this, how);
    this.owner?.closed();
  }
}
