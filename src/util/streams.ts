import { EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLIN, EVENT_DATA, EVENT_WORDS } from './epoll.ts';
import { AF_INET, SOCKADDR_IN6 } from './sockaddr.ts';

/**
 * Connections by TCP as the kernel gives and takes them. A socket of Node's is a dozen objects, and a client who comes and
 * goes leaves all of them to the collector; here it is a number.
 *
 * Buffers that the kernel fills are constants of this module, as those of util/ffi; what is received is valid until the
 * next call. What is sent is read during the call only, wherever it is.
 */

/** What of libc a connection needs; results are those of C: a count, a descriptor or 0, or -1. */
export interface StreamCalls {
  accept4(fd: number, address: Buffer, octets: Buffer, flags: number): number;
  recv(fd: number, data: Buffer, octets: number, flags: number): number;
  send(fd: number, data: Uint8Array, octets: number, flags: number): number;
  shutdown(fd: number, how: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, octets: number): number;
  epollCtl(watch: number, operation: number, fd: number, event: Int32Array): number;
  close(fd: number): number;
  /** Name of the last error. */
  errno(): string;
}

const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SHUT_WR = 1;
const MSG_DONTWAIT = 0x40;
/** An error instead of a signal where nobody reads any more. */
const MSG_NOSIGNAL = 0x4000;
/** Octets taken by one call: a thousand short queries. */
const RECEIVED_MAX = 65_536;
/** Lengths of which a view is kept: an object less for most queries. */
const VIEWS_KEPT = 512;

const received = Buffer.alloc(RECEIVED_MAX);
const views = new Array<Uint8Array | undefined>(VIEWS_KEPT).fill(undefined);
const peer = Buffer.alloc(SOCKADDR_IN6);
const peerOctets = Buffer.alloc(4);
const event = new Int32Array(EVENT_WORDS);
const one = Buffer.alloc(4);
one.writeInt32LE(1);
/** struct linger: on, for no time. */
const noLinger = Buffer.alloc(8);
noLinger.writeInt32LE(1);

export class Streams {
  readonly #calls: StreamCalls;

  constructor(calls: StreamCalls) {
    this.#calls = calls;
  }

  /** Connections that come to a listening socket send what they have at once (TCP_NODELAY, which they inherit). */
  noDelay(listening: number): void {
    this.#calls.setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, one, 4);
  }

  /**
   * The next connection, in `watch` for what it sends, or the code of the error: EAGAIN where there is none. The
   * descriptor is the caller's to close. Who it is `peerAddress` and `peerPort` say until the next call.
   */
  accept(listening: number, watch: number): number | string {
    peerOctets.writeUInt32LE(SOCKADDR_IN6);
    // No function of JavaScript is entered before it is in the set: see `Ffi.connectUdp`.
    const fd = this.#calls.accept4(listening, peer, peerOctets, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return this.#calls.errno();
    event[0] = EPOLLIN;
    event[EVENT_DATA] = fd;
    if (this.#calls.epollCtl(watch, EPOLL_CTL_ADD, fd, event) === 0) return fd;
    const code = this.#calls.errno();
    this.#calls.close(fd);
    return code;
  }

  /**
   * Resets the next connection unseen. It is in `watch` for that time, so that it is not left open where this thread is ended.
   * The code of the error, if there is one: EAGAIN where there is none.
   */
  refuse(listening: number, watch: number): string | undefined {
    const fd = this.accept(listening, watch);
    if (typeof fd === 'string') return fd;
    this.resetAtClose(fd);
    this.#calls.close(fd);
    return undefined;
  }

  /** Of who was accepted last, 4 or 16 octets, a mapped IPv4 address as the IPv4 address; the caller's own. */
  peerAddress(): Uint8Array {
    if (peer.readUInt16LE(0) === AF_INET) return new Uint8Array(peer.subarray(4, 8));
    // ::ffff:0:0/96.
    const isMapped =
      peer.readUInt32LE(8) === 0 && peer.readUInt32LE(12) === 0 && peer.readUInt32BE(16) === 0xffff;
    return new Uint8Array(peer.subarray(isMapped ? 20 : 8, 24));
  }

  peerPort(): number {
    return peer.readUInt16BE(2);
  }

  /** What has come, valid until the next call; nothing: its end. Or the code of the error: EAGAIN where nothing has come. */
  receive(fd: number): Uint8Array | string {
    const size = this.#calls.recv(fd, received, RECEIVED_MAX, MSG_DONTWAIT);
    if (size < 0) return this.#calls.errno();
    if (size >= VIEWS_KEPT) return new Uint8Array(received.buffer, received.byteOffset, size);
    return (views[size] ??= new Uint8Array(received.buffer, received.byteOffset, size));
  }

  /** Sends as much of the first `length` octets as the kernel takes. Returns how many, or the code of the error. */
  send(fd: number, octets: Uint8Array, length: number): number | string {
    const sent = this.#calls.send(fd, octets, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? this.#calls.errno() : sent;
  }

  /** The other end hears that no more comes. */
  endSending(fd: number): void {
    this.#calls.shutdown(fd, SHUT_WR);
  }

  /** The other end hears, once it is closed, that it was broken off. */
  resetAtClose(fd: number): void {
    this.#calls.setsockopt(fd, SOL_SOCKET, SO_LINGER, noLinger, noLinger.length);
  }

  /** What it is watched for from now on: EPOLLIN, EPOLLOUT, both or nothing. */
  watchFor(watch: number, fd: number, events: number): void {
    event[0] = events;
    event[EVENT_DATA] = fd;
    this.#calls.epollCtl(watch, EPOLL_CTL_MOD, fd, event);
  }
}
