import type { KoffiFunction } from 'koffi';

/**
 * The one place that calls into libc: opening, sharing and closing sockets that several threads adopt. Node cannot
 * make a socket without also reading it, and a socket that a worker had opened by itself would go down with it,
 * queue and all. Without koffi (another system, package absent) `loadFfi` returns undefined and workers open their
 * sockets themselves.
 *
 * Buffers that libc reads stay referenced by this module's variables for the duration of the call, which is
 * synchronous; nothing native outlives a call.
 */
export interface Ffi {
  /** Opens, binds and (TCP) listens. Non-blocking, close-on-exec, SO_REUSEPORT. Throws SocketError. */
  openSocket(kind: 'udp' | 'tcp', address: Uint8Array, port: number): number;
  /** Another descriptor of the same kernel socket. Throws SocketError. */
  duplicate(fd: number): number;
  close(fd: number): void;
  /** Sends one datagram to a unix socket path (or abstract name, with a leading `@`): what systemd listens to. */
  sendUnix(path: string, text: string): void;
}

/** A socket could not be had: `code` is the errno's name where it has one here. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
  readonly code: string;
  constructor(what: string, errno: number) {
    const code = ERRNO[errno] ?? `errno ${errno}`;
    super(`${what}: ${code}`);
    this.code = code;
  }
}

const ERRNO: Readonly<Record<number, string>> = {
  1: 'EPERM',
  13: 'EACCES',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
};

/** Linux numbers, the same on x86-64 and arm64. */
const AF = { UNIX: 1, INET: 2, INET6: 10 } as const;
const SOCK = { STREAM: 1, DGRAM: 2, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;
const SOL_SOCKET = 1;
const SO = { REUSEADDR: 2, SNDBUF: 7, RCVBUF: 8, REUSEPORT: 15 } as const;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const F_DUPFD_CLOEXEC = 1030;
/** Bursts of a few thousand queries wait there while the event loop is busy; the kernel caps it at rmem_max. */
const UDP_BUFFER_OCTETS = 4 << 20;
const TCP_BACKLOG = 1024;

type Call = KoffiFunction;

/** Loads libc through koffi; undefined where either is absent. */
export async function loadFfi(): Promise<Ffi | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { default: koffi } = await import('koffi');
    const libc = koffi.load('libc.so.6');
    return new LinuxFfi(
      {
        socket: libc.func('int socket(int, int, int)'),
        setsockopt: libc.func('int setsockopt(int, int, int, void*, uint32_t)'),
        bind: libc.func('int bind(int, void*, uint32_t)'),
        listen: libc.func('int listen(int, int)'),
        fcntl: libc.func('int fcntl(int, int, int)'),
        close: libc.func('int close(int)'),
        sendto: libc.func('int64_t sendto(int, void*, uint64_t, int, void*, uint32_t)'),
      },
      () => koffi.errno(),
    );
  } catch {
    return undefined;
  }
}

interface Libc {
  readonly socket: Call;
  readonly setsockopt: Call;
  readonly bind: Call;
  readonly listen: Call;
  readonly fcntl: Call;
  readonly close: Call;
  readonly sendto: Call;
}

class LinuxFfi implements Ffi {
  readonly #libc: Libc;
  readonly #errno: () => number;

  constructor(libc: Libc, errno: () => number) {
    this.#libc = libc;
    this.#errno = errno;
  }

  openSocket(kind: 'udp' | 'tcp', address: Uint8Array, port: number): number {
    const family = address.length === 4 ? AF.INET : AF.INET6;
    const type = (kind === 'udp' ? SOCK.DGRAM : SOCK.STREAM) | SOCK.NONBLOCK | SOCK.CLOEXEC;
    const fd = this.#check('socket', this.#libc.socket(family, type, 0) as number);
    try {
      this.#set(fd, SOL_SOCKET, SO.REUSEPORT, 1);
      if (kind === 'tcp') this.#set(fd, SOL_SOCKET, SO.REUSEADDR, 1);
      if (family === AF.INET6) this.#set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
      if (kind === 'udp') {
        this.#set(fd, SOL_SOCKET, SO.RCVBUF, UDP_BUFFER_OCTETS);
        this.#set(fd, SOL_SOCKET, SO.SNDBUF, UDP_BUFFER_OCTETS);
      }
      const sockaddr = sockaddrOf(family, address, port);
      this.#check('bind', this.#libc.bind(fd, sockaddr, sockaddr.length) as number);
      if (kind === 'tcp') this.#check('listen', this.#libc.listen(fd, TCP_BACKLOG) as number);
      return fd;
    } catch (error) {
      this.close(fd);
      throw error;
    }
  }

  duplicate(fd: number): number {
    return this.#check('fcntl', this.#libc.fcntl(fd, F_DUPFD_CLOEXEC, 3) as number);
  }

  close(fd: number): void {
    this.#libc.close(fd);
  }

  sendUnix(path: string, text: string): void {
    const fd = this.#check('socket', this.#libc.socket(AF.UNIX, SOCK.DGRAM | SOCK.CLOEXEC, 0) as number);
    const name = Buffer.from(path.replace(/^@/, '\0'));
    const sockaddr = Buffer.concat([Buffer.from([AF.UNIX, 0]), name]);
    const data = Buffer.from(text);
    try {
      this.#check('sendto', Number(this.#libc.sendto(fd, data, data.length, 0, sockaddr, sockaddr.length)));
    } finally {
      this.close(fd);
    }
  }

  #set(fd: number, level: number, option: number, value: number): void {
    const buffer = Buffer.alloc(4);
    buffer.writeInt32LE(value);
    this.#check('setsockopt', this.#libc.setsockopt(fd, level, option, buffer, 4) as number);
  }

  #check(call: string, result: number): number {
    if (result < 0) throw new SocketError(call, this.#errno());
    return result;
  }
}

/** struct sockaddr_in or sockaddr_in6, in the host's byte order where the kernel wants it (little-endian machines). */
function sockaddrOf(family: number, address: Uint8Array, port: number): Buffer {
  const sockaddr = Buffer.alloc(family === AF.INET ? 16 : 28);
  sockaddr.writeUInt16LE(family, 0);
  sockaddr.writeUInt16BE(port, 2);
  sockaddr.set(address, family === AF.INET ? 4 : 8);
  return sockaddr;
}
