import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Endpoint, Ffi } from '../../util/ffi.ts';

/**
 * Sockets kept for each family, at most: with 200 questions in flight half as many are in use. The kernel holds 2 kB for
 * each.
 */
export const IDLE_MAX = 128;

/** Sockets of one family that have no port now. */
export type Idle = number[];

export interface Ports {
  readonly first: number;
  readonly last: number;
}

/** The first Linux that draws ports from its random numbers (get_random_u32); who saw some could foretell those of others. */
const LINUX_MIN = { major: 6, minor: 1 };
const PORTS_FILE = '/proc/sys/net/ipv4/ip_local_port_range';
const RESERVED_FILE = '/proc/sys/net/ipv4/ip_local_reserved_ports';

/** Ports that the kernel draws from. Undefined: it does not say, or draws as one may foretell. */
function kernelPorts(): Ports | undefined {
  try {
    return readPorts(os.release(), readFileSync(PORTS_FILE, 'latin1'), readFileSync(RESERVED_FILE, 'latin1'));
  } catch {
    return undefined;
  }
}

/**
 * Undefined also where some of the range are reserved: the kernel goes on from each of these to the next that is not, which
 * would be drawn as often as all of them together.
 *
 * @param release of the kernel
 * @param range text of ip_local_port_range
 * @param reserved text of ip_local_reserved_ports: numbers and ranges with commas between them, or nothing
 */
export function readPorts(release: string, range: string, reserved: string): Ports | undefined {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  const isDrawn = major > LINUX_MIN.major || (major === LINUX_MIN.major && minor >= LINUX_MIN.minor);
  const ends = /^(\d+)\s+(\d+)\s*$/.exec(range);
  if (!isDrawn || ends === null) return undefined;
  const ports: Ports = { first: Number(ends[1]), last: Number(ends[2]) };
  const isFree = (part: string): boolean => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    return last < ports.first || first > ports.last;
  };
  const parts = reserved.trim();
  return parts === '' || parts.split(',').every(isFree) ? ports : undefined;
}

/**
 * Sockets that serve one exchange after the other, each on another port that the kernel draws: what is connected to
 * nothing has no port any more, and what is connected again is given one. That is a quarter of what it costs to make and
 * to close one. A socket that was bound to a port by its number keeps that, so this serves the draws only that fall into
 * the kernel's own range (ip_local_port_range), and ports are as likely as if all were bound by number. As likely as that
 * with two exceptions: the range is read once, so who makes it another has to start workers anew; and where another program
 * holds thousands of ports in a row the one behind them is drawn as often as they would be.
 *
 * What came for one exchange is not read by the next: who has something left to read is closed, and so is who is told
 * of an error that belongs to the one before. (But for a datagram that the kernel is about to queue at that very moment: it
 * comes from who was asked before, and says what was asked then.)
 */
export class ReusedSockets {
  readonly #ffi: Ffi;
  readonly #watch: number;
  readonly #ports = kernelPorts();
  readonly #idle: { readonly ipv4: Idle; readonly ipv6: Idle } = { ipv4: [], ipv6: [] };

  /** @param watch the set that they are in (`Ffi.openWatch`) */
  constructor(ffi: Ffi, watch: number) {
    this.#ffi = ffi;
    this.#watch = watch;
  }

  /** Whether a draw of `port` is for the kernel to make anew. */
  serves(port: number): boolean {
    return this.#ports !== undefined && port >= this.#ports.first && port <= this.#ports.last;
  }

  /** Where a socket that is connected to such an address goes when it is given back. */
  idleFor(to: Endpoint): Idle {
    return this.#ffi.isIpv6(to) ? this.#idle.ipv6 : this.#idle.ipv4;
  }

  /** A socket that is connected to `to`, or the code of the error. */
  take(to: Endpoint): number | string {
    const ffi = this.#ffi;
    const idle = this.idleFor(to);
    for (let fd = idle.pop(); fd !== undefined; fd = idle.pop()) {
      const refused = ffi.receive(fd) === 'EAGAIN' ? ffi.reconnectUdp(fd, to) : 'used';
      if (refused === undefined) return fd;
      ffi.close(fd);
      // The others would be refused alike, and who names such an address would have all of them closed.
      if (refused !== 'used') return refused;
    }
    return ffi.connectAnyUdp(this.#watch, to);
  }

  /** @param idle as of `idleFor` */
  giveBack(fd: number, idle: Idle): void {
    if (idle.length < IDLE_MAX && this.#ffi.disconnectUdp(fd)) idle.push(fd);
    else this.#ffi.close(fd);
  }

  /** Of one that nobody uses, if it is one of these, there is something to read: it would be told of again and again. */
  discard(fd: number): void {
    for (const idle of Object.values(this.#idle)) {
      const at = idle.indexOf(fd);
      if (at === -1) continue;
      idle.splice(at, 1);
      this.#ffi.close(fd);
    }
  }

  /** Closes all that are kept. Returns how many. */
  close(): number {
    const kept = Object.values(this.#idle).flatMap((idle) => idle.splice(0));
    for (const fd of kept) this.#ffi.close(fd);
    return kept.length;
  }
}
