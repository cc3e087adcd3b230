import os from 'node:os';
import { type DatagramCalls, Datagrams } from './datagrams.ts';
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLIN,
  EVENT_DATA,
  EVENT_WORDS,
  EVENTS_MAX,
} from './epoll.ts';
import {
  AF_INET,
  AF_INET6,
  type BoundSocket,
  readAddress,
  remedyOf,
  SOCKADDR_IN,
  SocketError,
  type SocketSpec,
  socketText,
  writeAddress,
} from './sockaddr.ts';
import { type StreamCalls, Streams } from './streams.ts';

export { type BoundSocket, SocketError, type SocketKind, type SocketSpec, socketText } from './sockaddr.ts';

/**
 * The one place for native calls and raw memory: sockets as Node cannot make them (SO_REUSEPORT for each worker
 * slot, duplicates, options set before bind) or only at three times the price (one for each question to a server),
 * messages to systemd, and an exit that waits for no thread.
 *
 * Every buffer whose address goes to native code is a constant of this module, so that the collector never frees
 * one that the kernel still writes to. Calls are synchronous and a module is per thread, so one of each is enough.
 *
 * Linux only (the numbers below are its ABI on x64 and arm64); elsewhere, or where koffi is not installed,
 * `loadFfi` gives undefined and callers do with what Node has.
 */
export interface Ffi {
  /**
   * A bound, non-blocking socket that is closed on exec; TCP ones listen. Throws SocketError. The descriptor is
   * the caller's to close.
   */
  open(spec: SocketSpec): number;
  /** Another descriptor of the same kernel socket, with its queue. Throws SocketError. */
  duplicate(fd: number): number;
  close(fd: number): void;
  /** What the kernel says of a socket's queue; undefined where it says nothing. */
  queueOf(fd: number): SocketQueue | undefined;
  /** What is bound to a descriptor, or undefined where it is no bound IP socket (stdin, a file, a unix socket). */
  inspect(fd: number): BoundSocket | undefined;
  /** Makes an inherited descriptor like those of `open`: non-blocking, closed on exec. */
  adopt(fd: number): void;
  /**
   * A set of sockets of which the kernel tells those that have something to read (epoll). A socket leaves it when it
   * is closed. Throws SocketError. The descriptor is the caller's to close.
   */
  openWatch(): number;
  /** Closes what `fd` stands for and makes it another name of what `other` stands for. Throws SocketError. */
  replace(fd: number, other: number): void;
  /** What `connectUdp` takes. Throws SocketError where it is no address. */
  endpoint(address: string, port: number): Endpoint;
  /**
   * A UDP socket in `watch`, bound to `port` at the address of `from` and connected to `to`; or the code of the error.
   * The descriptor is the caller's to close.
   */
  connectUdp(watch: number, from: Endpoint, port: number, to: Endpoint): number | string;
  /** As `connectUdp`, from any address and on a port that the kernel draws. */
  connectAnyUdp(watch: number, to: Endpoint): number | string;
  /** Takes port and peer from such a socket: nothing arrives any more. What has arrived stays to be read. */
  disconnectUdp(fd: number): boolean;
  /**
   * Connects it again, to an address of the same family and on a port that is drawn anew. The code of the error, if there is
   * one.
   */
  reconnectUdp(fd: number, to: Endpoint): string | undefined;
  isIpv6(endpoint: Endpoint): boolean;
  /** Sends a datagram on a connected socket. The code of the error, if there is one. */
  send(fd: number, octets: Uint8Array): string | undefined;
  /**
   * The next datagram of a connected socket, valid until the next call, or the code of the error: EAGAIN, or what ICMP
   * said of the last one.
   */
  receive(fd: number): Uint8Array | string;
  /** Puts a socket of the caller's into the set. Throws SocketError. */
  watch(watch: number, fd: number): void;
  /** Takes it out. */
  unwatch(watch: number, fd: number): void;
  /** Datagrams of unconnected sockets, many a call. */
  readonly datagrams: Datagrams;
  /** Connections by TCP. */
  readonly streams: Streams;
  /**
   * Fills `fds` with sockets of the set of which there is something to tell, and `events` with what (EPOLLIN and the
   * like); returns how many. Never waits.
   */
  ready(watch: number, fds: Int32Array, events?: Int32Array): number;
  /**
   * Sends one datagram to a unix socket; a path that begins with `@` is an abstract name. The code of the error, if there is
   * one: EAGAIN where the receiver is behind.
   */
  sendUnix(path: string, text: string): string | undefined;
  /**
   * Has this thread run soon after it wakes, even where another has the core: the kernel prefers who wants little at a
   * time (EEVDF: a short slice; Linux 6.12 and later, others keep theirs). False: it may not, or cannot be asked.
   */
  wakeSoon(): boolean;
  /** Ends the process at once: no thread is waited for, nothing is flushed. */
  exitNow(code: number): never;
}

export interface SocketQueue {
  /** What may wait to be read, octets; the kernel's bookkeeping is counted too. */
  readonly receiveBuffer: number;
  /** Datagrams that found it full, since the socket was made; modulo 2^32. */
  readonly drops: number;
}

/** A sockaddr: to be kept where it is used often, and never changed. */
export type Endpoint = Uint8Array & { readonly brand: 'endpoint' };

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_TYPE = 3;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
/** What SO_MEMINFO tells, 32 bits each: the receive buffer is the second, drops are the last. */
const MEMINFO_OCTETS = 36;
const MEMINFO_RCVBUF = 4;
const MEMINFO_DROPS = 32;
const IP_MTU_DISCOVER = 10;
const IPV6_MTU_DISCOVER = 23;
const IPV6_V6ONLY = 26;
const PMTUDISC_OMIT = 5;
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const FD_CLOEXEC = 1;
const O_CLOEXEC = 0o2000000;
const SOCKADDR_UN = 110;
/** Neither glibc nor musl has functions for these. */
const SYS_SCHED: Partial<Record<NodeJS.Architecture, { readonly set: number; readonly get: number }>> = {
  x64: { set: 314, get: 315 },
  arm64: { set: 274, get: 275 },
};
/** struct sched_attr: its size, the policy, and what time a thread wants at a time, in ns. */
const SCHED_ATTR_OCTETS = 48;
const SCHED_POLICY = 4;
const SCHED_FLAGS = 8;
const SCHED_RUNTIME = 24;
/** What is asked for is for this thread alone, and not for those that it starts. */
const SCHED_RESET_ON_FORK = 1n;
const SCHED_OTHER = 0;
/** The least that the kernel takes; a worker that has more to do gets more, only later. */
const SLICE_NS = 100_000n;

/**
 * Half a second of queries at 100,000/s of 80 octets waits here while a worker is replaced. Without CAP_NET_ADMIN the
 * kernel grants no more than net.core.rmem_max.
 */
export const RECEIVE_BUFFER = 4 * 1024 * 1024;
const SEND_BUFFER = 1024 * 1024;
/**
 * A burst of connections waits here, as many as clients may be connected (`server/tcpclients`); who finds it full asks again
 * after a second. The kernel may grant less (net.core.somaxconn).
 */
const BACKLOG = 1024;
/** Descriptors 0 to 2 are the standard ones: no duplicate of ours may take the place of one that is closed. */
const FIRST_OWN_FD = 3;

/** The arena: see the top of the file. */
const sockaddr = Buffer.alloc(128);
/** AF_UNSPEC. */
const nowhere = Buffer.alloc(SOCKADDR_IN);
const option = Buffer.alloc(4);
const length = Buffer.alloc(4);
const memory = Buffer.alloc(MEMINFO_OCTETS);
const datagram = Buffer.alloc(4096);
/** The largest datagram that there is. */
const received = Buffer.alloc(65_535);
const RECEIVED_VIEWS = 1232;
const receivedViews = new Array<Uint8Array | undefined>(RECEIVED_VIEWS + 1).fill(undefined);
const schedule = Buffer.alloc(SCHED_ATTR_OCTETS);
const events = new Int32Array(EVENT_WORDS * EVENTS_MAX);
const newEvent = new Int32Array(EVENT_WORDS);
newEvent[0] = EPOLLIN;

/** The first name of each: EAGAIN is also EWOULDBLOCK. */
const errnoNames = new Map<number, string>(
  Object.entries(os.constants.errno)
    .reverse()
    .map(([name, number]) => [number, name]),
);

interface Libc extends Omit<DatagramCalls & StreamCalls, 'errno' | 'address'> {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer, octets: number): number;
  listen(fd: number, backlog: number): number;
  getsockopt(fd: number, level: number, name: number, value: Buffer, octets: Buffer): number;
  getsockname(fd: number, address: Buffer, octets: Buffer): number;
  fcntl(fd: number, command: number, value: number): number;
  connect(fd: number, address: Buffer, octets: number): number;
  dup3(from: number, to: number, flags: number): number;
  epollCreate(flags: number): number;
  epollWait(watch: number, events: Int32Array, max: number, timeoutMs: number): number;
  exit(code: number): void;
  /** Of sched_getattr and sched_setattr: both begin with the thread, 0 for this one, and a struct. */
  schedule(call: number, attributes: Buffer, size: number, flags: number): number;
}

/** The native interface, or undefined where there is none. Never throws. */
export async function loadFfi(): Promise<Ffi | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const koffi = (await import('koffi')).default;
    // The process itself: its libc, whichever that is (glibc, musl).
    const self = koffi.load(null);
    const libc: Libc = {
      socket: self.func('int socket(int, int, int)'),
      bind: self.func('int bind(int, void *, uint32_t)'),
      listen: self.func('int listen(int, int)'),
      setsockopt: self.func('int setsockopt(int, int, int, void *, uint32_t)'),
      getsockopt: self.func('int getsockopt(int, int, int, void *, void *)'),
      getsockname: self.func('int getsockname(int, void *, void *)'),
      fcntl: self.func('int fcntl(int, int, ...)') as never,
      close: self.func('int close(int)'),
      sendto: self.func('int64_t sendto(int, void *, size_t, int, void *, uint32_t)'),
      connect: self.func('int connect(int, void *, uint32_t)'),
      send: self.func('int64_t send(int, void *, size_t, int)'),
      recv: self.func('int64_t recv(int, void *, size_t, int)'),
      accept4: self.func('int accept4(int, void *, void *, int)'),
      shutdown: self.func('int shutdown(int, int)'),
      recvmmsg: self.func('int recvmmsg(int, void *, unsigned int, int, void *)'),
      sendmmsg: self.func('int sendmmsg(int, void *, unsigned int, int)'),
      dup3: self.func('int dup3(int, int, int)'),
      epollCreate: self.func('int epoll_create1(int)'),
      epollCtl: self.func('int epoll_ctl(int, int, int, void *)'),
      epollWait: self.func('int epoll_wait(int, void *, int, int)'),
      exit: self.func('void _exit(int)'),
      schedule: undefined as never,
    };
    const syscall = self.func('long syscall(long, ...)') as unknown as (...args: unknown[]) => number;
    libc.schedule = (call, attributes, size, flags) =>
      syscall(call, 'int', 0, 'void *', attributes, 'unsigned int', size, 'unsigned int', flags);
    const variadic = libc.fcntl as unknown as (
      fd: number,
      command: number,
      type: string,
      value: number,
    ) => number;
    libc.fcntl = (fd, command, value) => variadic(fd, command, 'int', value);
    const errno = (): string => errnoNames.get(koffi.errno()) ?? `errno ${koffi.errno()}`;
    const address = (buffer: Buffer): bigint => BigInt(koffi.address(buffer));
    const datagrams = new Datagrams({ ...libc, errno, address });
    return new LinuxFfi(libc, errno, datagrams, new Streams({ ...libc, errno }));
  } catch {
    return undefined;
  }
}

class LinuxFfi implements Ffi {
  readonly #libc: Libc;
  readonly #errno: () => string;
  readonly datagrams: Datagrams;
  readonly streams: Streams;

  constructor(libc: Libc, errno: () => string, datagrams: Datagrams, streams: Streams) {
    this.#libc = libc;
    this.#errno = errno;
    this.datagrams = datagrams;
    this.streams = streams;
  }

  open(spec: SocketSpec): number {
    const size = writeAddress(sockaddr, spec);
    const domain = size === SOCKADDR_IN ? AF_INET : AF_INET6;
    const type = spec.kind === 'udp' ? SOCK_DGRAM : SOCK_STREAM;
    const fd = this.#libc.socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw this.#failure('open', spec);
    try {
      this.#setOptions(fd, spec, domain);
      if (this.#libc.bind(fd, sockaddr, size) < 0) throw this.#failure('bind', spec);
      if (spec.kind === 'tcp' && this.#libc.listen(fd, BACKLOG) < 0) throw this.#failure('listen on', spec);
      return fd;
    } catch (error) {
      this.#libc.close(fd);
      throw error;
    }
  }

  #setOptions(fd: number, spec: SocketSpec, domain: number): void {
    const need = (level: number, name: number): void => {
      if (!this.#set(fd, level, name, 1)) throw this.#failure('set options of', spec);
    };
    // One socket for each family: IPv4 clients must not appear as mapped IPv6 addresses to an access list.
    if (domain === AF_INET6) need(IPPROTO_IPV6, IPV6_V6ONLY);
    if (spec.sharing === 'shared') need(SOL_SOCKET, SO_REUSEPORT);
    if (spec.kind === 'tcp') need(SOL_SOCKET, SO_REUSEADDR);
    else {
      // No more than wishes. OMIT: forged ICMP must not make us fragment (RFC 9715 section 3.1).
      if (!this.#set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER))
        this.#set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
      this.#set(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
      if (domain === AF_INET) this.#set(fd, IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_OMIT);
      else this.#set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_OMIT);
    }
  }

  #set(fd: number, level: number, name: number, value: number): boolean {
    option.writeInt32LE(value);
    return this.#libc.setsockopt(fd, level, name, option, 4) === 0;
  }

  duplicate(fd: number): number {
    const copy = this.#libc.fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN_FD);
    if (copy < 0) throw this.#refusal('duplicate a socket');
    return copy;
  }

  close(fd: number): void {
    this.#libc.close(fd);
  }

  queueOf(fd: number): SocketQueue | undefined {
    length.writeUInt32LE(MEMINFO_OCTETS);
    if (this.#libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, length) < 0) return undefined;
    return {
      receiveBuffer: memory.readUInt32LE(MEMINFO_RCVBUF),
      drops: memory.readUInt32LE(MEMINFO_DROPS),
    };
  }

  inspect(fd: number): BoundSocket | undefined {
    length.writeUInt32LE(4);
    if (this.#libc.getsockopt(fd, SOL_SOCKET, SO_TYPE, option, length) < 0) return undefined;
    const type = option.readInt32LE();
    if (type !== SOCK_DGRAM && type !== SOCK_STREAM) return undefined;
    length.writeUInt32LE(sockaddr.length);
    if (this.#libc.getsockname(fd, sockaddr, length) < 0) return undefined;
    const address = readAddress(sockaddr);
    if (address === undefined) return undefined;
    return { kind: type === SOCK_DGRAM ? 'udp' : 'tcp', address, port: sockaddr.readUInt16BE(2) };
  }

  adopt(fd: number): void {
    this.#libc.fcntl(fd, F_SETFD, this.#libc.fcntl(fd, F_GETFD, 0) | FD_CLOEXEC);
    this.#libc.fcntl(fd, F_SETFL, this.#libc.fcntl(fd, F_GETFL, 0) | SOCK_NONBLOCK);
  }

  openWatch(): number {
    const watch = this.#libc.epollCreate(EPOLL_CLOEXEC);
    if (watch < 0) throw this.#refusal('watch sockets');
    return watch;
  }

  replace(fd: number, other: number): void {
    if (this.#libc.dup3(other, fd, O_CLOEXEC) < 0) throw this.#refusal('replace a descriptor');
  }

  endpoint(address: string, port: number): Endpoint {
    const size = writeAddress(sockaddr, { kind: 'udp', address, port });
    return new Uint8Array(sockaddr.subarray(0, size)) as Endpoint;
  }

  connectUdp(watch: number, from: Endpoint, port: number, to: Endpoint): number | string {
    return this.#newUdp(watch, from, port, to);
  }

  connectAnyUdp(watch: number, to: Endpoint): number | string {
    return this.#newUdp(watch, undefined, 0, to);
  }

  /** @param from undefined: bound to nothing */
  #newUdp(watch: number, from: Endpoint | undefined, port: number, to: Endpoint): number | string {
    const domain = this.isIpv6(to) ? AF_INET6 : AF_INET;
    // No function of JavaScript is entered before the socket is in the set: there this thread may be ended, and a
    // socket that is in no set is closed by nobody.
    const fd = this.#libc.socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return this.#errno();
    newEvent[EVENT_DATA] = fd;
    const watched = this.#libc.epollCtl(watch, EPOLL_CTL_ADD, fd, newEvent) === 0;
    if (watched && (from === undefined || this.#bindUdp(fd, from, port)) && this.#connectTo(fd, to))
      return fd;
    const code = this.#errno();
    this.#libc.close(fd);
    return code;
  }

  disconnectUdp(fd: number): boolean {
    return this.#libc.connect(fd, nowhere, nowhere.length) === 0;
  }

  reconnectUdp(fd: number, to: Endpoint): string | undefined {
    return this.#connectTo(fd, to) ? undefined : this.#errno();
  }

  isIpv6(endpoint: Endpoint): boolean {
    return endpoint.length !== SOCKADDR_IN;
  }

  #bindUdp(fd: number, address: Endpoint, port: number): boolean {
    sockaddr.set(address);
    sockaddr.writeUInt16BE(port, 2);
    return this.#libc.bind(fd, sockaddr, address.length) === 0;
  }

  #connectTo(fd: number, to: Endpoint): boolean {
    sockaddr.set(to);
    return this.#libc.connect(fd, sockaddr, to.length) === 0;
  }

  send(fd: number, octets: Uint8Array): string | undefined {
    if (octets.length > datagram.length) return 'EMSGSIZE';
    datagram.set(octets);
    return this.#libc.send(fd, datagram, octets.length, 0) < 0 ? this.#errno() : undefined;
  }

  receive(fd: number): Uint8Array | string {
    const size = this.#libc.recv(fd, received, received.length, 0);
    if (size < 0) return this.#errno();
    // One view for each length, as far as they are usual: what is read of them is copied.
    if (size > RECEIVED_VIEWS) return new Uint8Array(received.buffer, received.byteOffset, size);
    return (receivedViews[size] ??= new Uint8Array(received.buffer, received.byteOffset, size));
  }

  watch(watch: number, fd: number): void {
    newEvent[EVENT_DATA] = fd;
    if (this.#libc.epollCtl(watch, EPOLL_CTL_ADD, fd, newEvent) < 0) throw this.#refusal('watch a socket');
  }

  unwatch(watch: number, fd: number): void {
    this.#libc.epollCtl(watch, EPOLL_CTL_DEL, fd, newEvent);
  }

  ready(watch: number, fds: Int32Array, kinds?: Int32Array): number {
    const count = this.#libc.epollWait(watch, events, Math.min(EVENTS_MAX, fds.length), 0);
    for (let i = 0; i < count; i++) {
      fds[i] = events[i * EVENT_WORDS + EVENT_DATA]!;
      if (kinds !== undefined) kinds[i] = events[i * EVENT_WORDS]!;
    }
    return Math.max(0, count);
  }

  sendUnix(path: string, text: string): string | undefined {
    const abstract = path.startsWith('@');
    const octets = Buffer.byteLength(path);
    // sun_path has 108 octets, a zero at the end of a path among them.
    if (octets === 0 || octets > 107) return 'ENAMETOOLONG';
    sockaddr.fill(0);
    sockaddr.writeUInt16LE(AF_UNIX, 0);
    sockaddr.write(path, 2);
    if (abstract) sockaddr[2] = 0;
    const size = abstract ? 2 + octets : SOCKADDR_UN;
    const fd = this.#libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return this.#errno();
    const message = Buffer.from(text);
    const sent = this.#libc.sendto(fd, message, message.length, 0, sockaddr, size);
    const code = sent < 0 ? this.#errno() : undefined;
    this.#libc.close(fd);
    return code;
  }

  wakeSoon(): boolean {
    const call = SYS_SCHED[process.arch];
    if (call === undefined) return false;
    if (this.#libc.schedule(call.get, schedule, SCHED_ATTR_OCTETS, 0) < 0) return false;
    // Who chose another policy for the daemon knows better.
    if (schedule.readUInt32LE(SCHED_POLICY) !== SCHED_OTHER) return false;
    schedule.writeBigUInt64LE(SLICE_NS, SCHED_RUNTIME);
    schedule.writeBigUInt64LE(schedule.readBigUInt64LE(SCHED_FLAGS) | SCHED_RESET_ON_FORK, SCHED_FLAGS);
    return this.#libc.schedule(call.set, schedule, 0, 0) === 0;
  }

  exitNow(code: number): never {
    this.#libc.exit(code);
    throw new Error('_exit came back');
  }

  #failure(verb: string, spec: SocketSpec): SocketError {
    return this.#refusal(`${verb} ${socketText(spec)}`);
  }

  #refusal(what: string): SocketError {
    const code = this.#errno();
    return new SocketError(code, `cannot ${what}: ${code}${remedyOf(code)}`);
  }
}
