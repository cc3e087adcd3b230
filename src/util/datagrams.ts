import { AF_INET, SOCKADDR_IN6 } from './sockaddr.ts';

/**
 * A batch of datagrams as the kernel takes and gives them, so that one system call does for up to 64: `recvmmsg` fills
 * the slots, `sendmmsg` sends the replies to them.
 *
 *     struct mmsghdr, 64 octets: name ptr 0 │ name octets u32 8 │ iovec ptr 16 │ iovecs u64 24 │ … │ datagram octets u32 56
 *     struct iovec, 16 octets:   ptr 0 │ octets u64 8
 *
 * Both structs point into buffers that are constants of this module, as those of util/ffi: one batch a thread, used
 * by one socket after the other. Nothing is allocated for a datagram.
 */

/** Datagrams of one call; more gain little and take longer than others should wait. */
export const BATCH_MAX = 64;
/** The largest datagram that arrives whole; a longer one is cut to one octet more. */
export const DATAGRAM_OCTETS_MAX = 4096;
/** A larger reply is sent by itself. */
const REPLY_OCTETS_MAX = 1344;
/** One cache line off a power of two: slots at equal distance of 4 kB would fight for the same lines of the cache. */
const SLOT_OCTETS = 4160;

const HEADER_OCTETS = 64;
const HEADER_WORDS = 16;
const NAME_OCTETS_AT = 2;
const LENGTH_AT = 14;
const IOVEC_OCTETS = 16;
const IOVEC_WORDS = 4;
const IOVEC_LENGTH_AT = 2;
const NAME_WORDS = SOCKADDR_IN6 / 4;

const octets = Buffer.alloc(BATCH_MAX * SLOT_OCTETS);
const names = Buffer.alloc(BATCH_MAX * SOCKADDR_IN6);
const headers = Buffer.alloc(BATCH_MAX * HEADER_OCTETS);
const vectors = Buffer.alloc(BATCH_MAX * IOVEC_OCTETS);
const replies = Buffer.alloc(BATCH_MAX * REPLY_OCTETS_MAX);
const replyNames = Buffer.alloc(BATCH_MAX * SOCKADDR_IN6);
const replyHeaders = Buffer.alloc(BATCH_MAX * HEADER_OCTETS);
const replyVectors = Buffer.alloc(BATCH_MAX * IOVEC_OCTETS);
const large = Buffer.alloc(65_536);

const words = (buffer: Buffer): Int32Array =>
  new Int32Array(buffer.buffer, buffer.byteOffset, buffer.length / 4);
const headerWords = words(headers);
const nameWords = words(names);
const replyHeaderWords = words(replyHeaders);
const replyVectorWords = words(replyVectors);
const replyNameWords = words(replyNames);

/** Parts of the buffers by slot, made once: a view for each datagram would be garbage for each. */
const part = (buffer: Buffer, begin: number, length: number): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset + begin, length);
const bySlot = <Part>(make: (i: number) => Part): readonly Part[] =>
  Array.from({ length: BATCH_MAX }, (_, i) => make(i));
const slots = bySlot((i) => part(octets, i * SLOT_OCTETS, SLOT_OCTETS));
const ipv4 = bySlot((i) => part(names, i * SOCKADDR_IN6 + 4, 4));
const ipv6 = bySlot((i) => part(names, i * SOCKADDR_IN6 + 8, 16));
const mapped = bySlot((i) => part(names, i * SOCKADDR_IN6 + 20, 4));

/** What of libc a batch needs; results are those of C: a count, or -1. */
export interface DatagramCalls {
  recvmmsg(fd: number, headers: Buffer, count: number, flags: number, timeout: null): number;
  sendmmsg(fd: number, headers: Buffer, count: number, flags: number): number;
  sendto(
    fd: number,
    data: Buffer,
    octets: number,
    flags: number,
    address: Uint8Array,
    addressOctets: number,
  ): number;
  /** Name of the last error. */
  errno(): string;
  /** Where a buffer is. */
  address(buffer: Buffer): bigint;
}

/** Whoever else has the socket may have made it one that waits. */
const MSG_DONTWAIT = 0x40;

/** Told of an error of sending: its code, and how many datagrams it cost. */
type Failed = (code: string, datagrams: number) => void;

/** Replies that have not been sent, by which socket they go, and who is told: of the thread, as are their slots. */
let unsent = 0;
let unsentFd = -1;
let unsentFailed: Failed = () => undefined;

export class Datagrams {
  readonly #calls: DatagramCalls;
  #fd = -1;
  #received = 0;
  #failed: Failed = () => undefined;

  constructor(calls: DatagramCalls) {
    this.#calls = calls;
    link(calls, headers, vectors, names, octets, SLOT_OCTETS);
    link(calls, replyHeaders, replyVectors, replyNames, replies, REPLY_OCTETS_MAX);
    for (let i = 0; i < BATCH_MAX; i++)
      vectors.writeUInt32LE(DATAGRAM_OCTETS_MAX + 1, i * IOVEC_OCTETS + 4 * IOVEC_LENGTH_AT);
  }

  /**
   * Takes up to `max` datagrams (1 to BATCH_MAX) from a socket, in place of those before. Returns how many, or the code
   * of the error. Errors of sending replies to them are told to `failed`.
   */
  receive(fd: number, max: number, failed: Failed): number | string {
    // The kernel wrote how long each name was where it reads how long one may be.
    for (let i = 0; i < this.#received; i++) headerWords[i * HEADER_WORDS + NAME_OCTETS_AT] = SOCKADDR_IN6;
    this.#fd = fd;
    this.#failed = failed;
    const count = this.#calls.recvmmsg(fd, headers, max, MSG_DONTWAIT, null);
    this.#received = Math.max(0, count);
    return count < 0 ? this.#calls.errno() : count;
  }

  /** Datagrams that were received last. */
  get count(): number {
    return this.#received;
  }

  /** Begins with datagram `i`; valid until the next `receive`. */
  bytes(i: number): Uint8Array {
    return slots[i]!;
  }

  /** Octets of datagram `i`; DATAGRAM_OCTETS_MAX + 1: it was longer than a slot. */
  length(i: number): number {
    return headerWords[i * HEADER_WORDS + LENGTH_AT]!;
  }

  /** Address of its sender, 4 or 16 octets, a mapped IPv4 address as the IPv4 address; valid until the next `receive`. */
  address(i: number): Uint8Array {
    const at = i * SOCKADDR_IN6;
    if (names[at] === AF_INET) return ipv4[i]!;
    const word = i * NAME_WORDS;
    // ::ffff:0:0/96, little-endian.
    const isMapped =
      nameWords[word + 2] === 0 && nameWords[word + 3] === 0 && nameWords[word + 4] === -65_536;
    return isMapped ? mapped[i]! : ipv6[i]!;
  }

  port(i: number): number {
    return (names[i * SOCKADDR_IN6 + 2]! << 8) | names[i * SOCKADDR_IN6 + 3]!;
  }

  /** The address of its sender as the kernel takes it, a copy. */
  sender(i: number): Uint8Array {
    const length = headerWords[i * HEADER_WORDS + NAME_OCTETS_AT]!;
    const sender = new Uint8Array(length);
    for (let octet = 0; octet < length; octet++) sender[octet] = names[i * SOCKADDR_IN6 + octet]!;
    return sender;
  }

  /** Sends a copy of `reply` to the sender of datagram `i`, with the others at `flush` at the latest. */
  reply(i: number, reply: Uint8Array): void {
    if (reply.length > REPLY_OCTETS_MAX) {
      this.#sendLarge(this.#fd, reply, this.sender(i), this.#failed);
      return;
    }
    const at = this.#put(this.#fd, reply, this.#failed);
    replyHeaderWords[at * HEADER_WORDS + NAME_OCTETS_AT] = headerWords[i * HEADER_WORDS + NAME_OCTETS_AT]!;
    for (let word = 0; word < NAME_WORDS; word++)
      replyNameWords[at * NAME_WORDS + word] = nameWords[i * NAME_WORDS + word]!;
  }

  /** The same by any socket, to an address as `sender` gave it. Errors are told to `failed`. */
  send(fd: number, reply: Uint8Array, to: Uint8Array, failed: Failed): void {
    if (reply.length > REPLY_OCTETS_MAX) {
      this.#sendLarge(fd, reply, to, failed);
      return;
    }
    const at = this.#put(fd, reply, failed);
    replyHeaderWords[at * HEADER_WORDS + NAME_OCTETS_AT] = to.length;
    for (let octet = 0; octet < to.length; octet++) replyNames[at * SOCKADDR_IN6 + octet] = to[octet]!;
  }

  /** The slot that it was put into. Those before it leave if there is no other, or if they go by another socket. */
  #put(fd: number, reply: Uint8Array, failed: Failed): number {
    if (unsent === BATCH_MAX || unsentFd !== fd) this.flush();
    unsentFd = fd;
    unsentFailed = failed;
    const at = unsent++;
    replies.set(reply, at * REPLY_OCTETS_MAX);
    replyVectorWords[at * IOVEC_WORDS + IOVEC_LENGTH_AT] = reply.length;
    return at;
  }

  /**
   * Sends the replies. One that the kernel refuses is told and passed over; where its buffer is full, all that are
   * left are lost, as on any full link.
   */
  flush(): void {
    const count = unsent;
    unsent = 0;
    for (let sent = 0; sent < count; ) {
      const rest = sent === 0 ? replyHeaders : replyHeaders.subarray(sent * HEADER_OCTETS);
      const more = this.#calls.sendmmsg(unsentFd, rest, count - sent, MSG_DONTWAIT);
      if (more > 0) {
        sent += more;
        continue;
      }
      const code = this.#calls.errno();
      if (code === 'EINTR') continue;
      const lost = code === 'EAGAIN' ? count - sent : 1;
      unsentFailed(code, lost);
      sent += lost;
    }
  }

  /** By itself, at once. */
  #sendLarge(fd: number, reply: Uint8Array, to: Uint8Array, failed: Failed): void {
    if (reply.length > large.length) {
      failed('EMSGSIZE', 1);
      return;
    }
    large.set(reply);
    const sent = this.#calls.sendto(fd, large, reply.length, MSG_DONTWAIT, to, to.length);
    if (sent < 0) failed(this.#calls.errno(), 1);
  }
}

/** Lets each header point to a name and to the vector of one slot. */
function link(
  { address }: DatagramCalls,
  toHeaders: Buffer,
  toVectors: Buffer,
  toNames: Buffer,
  toOctets: Buffer,
  slotOctets: number,
): void {
  for (let i = 0; i < BATCH_MAX; i++) {
    const header = i * HEADER_OCTETS;
    toHeaders.writeBigUInt64LE(address(toNames) + BigInt(i * SOCKADDR_IN6), header);
    toHeaders.writeUInt32LE(SOCKADDR_IN6, header + 4 * NAME_OCTETS_AT);
    toHeaders.writeBigUInt64LE(address(toVectors) + BigInt(i * IOVEC_OCTETS), header + 16);
    toHeaders.writeBigUInt64LE(1n, header + 24);
    toVectors.writeBigUInt64LE(address(toOctets) + BigInt(i * slotOctets), i * IOVEC_OCTETS);
  }
}
