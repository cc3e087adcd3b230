import os from 'node:os';
import { addressToText, parseAddress } from './cidr.ts';

/**
 * The one place for native calls and raw memory: sockets as Node cannot make them (SO_REUSEPORT for each worker
 * slot, duplicates, options set before bind), messages to systemd, and an exit that waits for no thread.
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
  /** What is bound to a descriptor, or undefined where it is no bound IP socket (stdin, a file, a unix socket). */
  inspect(fd: number): BoundSocket | undefined;
  /** Makes an inherited descriptor like those of `open`: non-blocking, closed on exec. */
  adopt(fd: number): void;
  /** Sends one datagram to a unix socket; a path that begins with `@` is an abstract name. False: nobody took it. */
  sendUnix(path: string, text: string): boolean;
  /** Ends the process at once: no thread is waited for, nothing is flushed. */
  exitNow(code: number): never;
}

export interface SocketSpec {
  readonly kind: SocketKind;
  /** IPv4 or IPv6; link-local ones with `%` and the interface. */
  readonly address: string;
  /** 0: the kernel chooses. */
  readonly port: number;
  /**
   * `alone`: fails if anyone else has the address. `shared`: joins the sockets of this user that were opened as
   * `shared`, among which the kernel spreads clients.
   */
  readonly sharing: 'alone' | 'shared';
}

export type SocketKind = 'udp' | 'tcp';

export interface BoundSocket {
  readonly kind: SocketKind;
  /** As `net` prints it, without a zone index. */
  readonly address: string;
  readonly port: number;
}

/** The kernel said no; the message says to what, and what would help. `code` is `EADDRINUSE` and the like. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
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
const SOCKADDR_IN = 16;
const SOCKADDR_IN6 = 28;
const SOCKADDR_UN = 110;

/** Half a second of queries at 100,000/s of 80 octets waits here while a worker is replaced; the kernel may grant less. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;
const SEND_BUFFER = 1024 * 1024;
/** As BIND and Unbound: a burst of connections waits here; the kernel may grant less (net.core.somaxconn). */
const BACKLOG = 256;
/** Descriptors 0 to 2 are the standard ones: no duplicate of ours may take the place of one that is closed. */
const FIRST_OWN_FD = 3;

/** The arena: see the top of the file. */
const sockaddr = Buffer.alloc(128);
const option = Buffer.alloc(4);
const length = Buffer.alloc(4);
const datagram = Buffer.alloc(4096);

const errnoNames = new Map<number, string>(
  Object.entries(os.constants.errno).map(([name, number]) => [number, name]),
);

interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer, octets: number): number;
  listen(fd: number, backlog: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, octets: number): number;
  getsockopt(fd: number, level: number, name: number, value: Buffer, octets: Buffer): number;
  getsockname(fd: number, address: Buffer, octets: Buffer): number;
  fcntl(fd: number, command: number, value: number): number;
  close(fd: number): number;
  sendto(fd: number, data: Buffer, octets: number, flags: number, address: Buffer, size: number): number;
  exit(code: number): void;
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
      exit: self.func('void _exit(int)'),
    };
    const variadic = libc.fcntl as unknown as (
      fd: number,
      command: number,
      type: string,
      value: number,
    ) => number;
    libc.fcntl = (fd, command, value) => variadic(fd, command, 'int', value);
    return new LinuxFfi(libc, () => errnoNames.get(koffi.errno()) ?? `errno ${koffi.errno()}`);
  } catch {
    return undefined;
  }
}

class LinuxFfi implements Ffi {
  readonly #libc: Libc;
  readonly #errno: () => string;

  constructor(libc: Libc, errno: () => string) {
    this.#libc = libc;
    this.#errno = errno;
  }

  open(spec: SocketSpec): number {
    const size = writeAddress(spec);
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
    if (copy < 0) {
      const code = this.#errno();
      throw new SocketError(code, `cannot duplicate a socket: ${code}${remedyOf(code)}`);
    }
    return copy;
  }

  close(fd: number): void {
    this.#libc.close(fd);
  }

  inspect(fd: number): BoundSocket | undefined {
    length.writeUInt32LE(4);
    if (this.#libc.getsockopt(fd, SOL_SOCKET, SO_TYPE, option, length) < 0) return undefined;
    const type = option.readInt32LE();
    if (type !== SOCK_DGRAM && type !== SOCK_STREAM) return undefined;
    length.writeUInt32LE(sockaddr.length);
    if (this.#libc.getsockname(fd, sockaddr, length) < 0) return undefined;
    const address = readAddress();
    if (address === undefined) return undefined;
    return { kind: type === SOCK_DGRAM ? 'udp' : 'tcp', address, port: sockaddr.readUInt16BE(2) };
  }

  adopt(fd: number): void {
    this.#libc.fcntl(fd, F_SETFD, this.#libc.fcntl(fd, F_GETFD, 0) | FD_CLOEXEC);
    this.#libc.fcntl(fd, F_SETFL, this.#libc.fcntl(fd, F_GETFL, 0) | SOCK_NONBLOCK);
  }

  sendUnix(path: string, text: string): boolean {
    const abstract = path.startsWith('@');
    const octets = Buffer.byteLength(path);
    // sun_path has 108 octets, a zero at the end of a path among them.
    if (octets === 0 || octets > 107 || Buffer.byteLength(text) > datagram.length) return false;
    sockaddr.fill(0);
    sockaddr.writeUInt16LE(AF_UNIX, 0);
    sockaddr.write(path, 2);
    if (abstract) sockaddr[2] = 0;
    const size = abstract ? 2 + octets : SOCKADDR_UN;
    const fd = this.#libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const sent = this.#libc.sendto(fd, datagram, datagram.write(text), 0, sockaddr, size);
    this.#libc.close(fd);
    return sent >= 0;
  }

  exitNow(code: number): never {
    this.#libc.exit(code);
    throw new Error('_exit came back');
  }

  #failure(verb: string, spec: SocketSpec): SocketError {
    const code = this.#errno();
    return new SocketError(code, `cannot ${verb} ${socketText(spec)}: ${code}${remedyOf(code)}`);
  }
}

/** `udp 127.0.0.1:5353`, `tcp [::1]:53` */
export function socketText(spec: Pick<SocketSpec, 'kind' | 'address' | 'port'>): string {
  const host = spec.address.includes(':') ? `[${spec.address}]` : spec.address;
  return `${spec.kind} ${host}:${spec.port}`;
}

function remedyOf(code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return '; another program has it (`ss -lnptu` names it)';
    case 'EADDRNOTAVAIL':
      return '; no interface of this host has that address';
    case 'EACCES':
    case 'EPERM':
      return '; ports below 1024 need CAP_NET_BIND_SERVICE or a socket passed by systemd';
    case 'EAFNOSUPPORT':
      return '; this host has no such address family';
    case 'EMFILE':
    case 'ENFILE':
      return '; raise the limit of open files (LimitNOFILE=)';
    default:
      return '';
  }
}

/** Writes a sockaddr_in or sockaddr_in6 into the arena and returns its size. Throws SocketError. */
function writeAddress(spec: SocketSpec): number {
  const [host = '', zone] = spec.address.split('%');
  let octets: Uint8Array;
  try {
    octets = parseAddress(host);
  } catch {
    throw new SocketError('EINVAL', `cannot open ${socketText(spec)}: it is no IP address`);
  }
  sockaddr.fill(0);
  sockaddr.writeUInt16BE(spec.port, 2);
  if (octets.length === 4) {
    sockaddr.writeUInt16LE(AF_INET, 0);
    sockaddr.set(octets, 4);
    return SOCKADDR_IN;
  }
  sockaddr.writeUInt16LE(AF_INET6, 0);
  sockaddr.set(octets, 8);
  if (zone !== undefined) sockaddr.writeUInt32LE(scopeOf(zone, spec), 24);
  return SOCKADDR_IN6;
}

/** Number of an interface, by which a link-local address is told from the same one elsewhere. */
function scopeOf(zone: string, spec: SocketSpec): number {
  if (/^[1-9][0-9]{0,8}$/.test(zone)) return Number(zone);
  for (const entry of os.networkInterfaces()[zone] ?? [])
    if (entry.family === 'IPv6' && entry.scopeid) return entry.scopeid;
  throw new SocketError('ENODEV', `cannot open ${socketText(spec)}: no interface ${zone} with IPv6`);
}

/** Text of the address in the arena, or undefined where it is neither IPv4 nor IPv6. */
function readAddress(): string | undefined {
  const family = sockaddr.readUInt16LE(0);
  if (family === AF_INET) return addressToText(sockaddr.subarray(4, 8));
  if (family === AF_INET6) return addressToText(sockaddr.subarray(8, 24));
  return undefined;
}
