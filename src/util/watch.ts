import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import type { Ffi } from './ffi.ts';

/** How UDP sockets are read and written: by native calls, or by Node alone. */
export type UdpWay = 'native' | 'plain';

/** Calls in a row with nothing to read: a stray one happens, more mean that the event loop spins on nothing. */
const FALSE_ALARMS_MAX = 100;

/**
 * Tells when one of a set of native sockets has something to read (`Ffi.openWatch`), from the event loop of this
 * thread and without another thread that waits.
 *
 * Node polls no descriptors for others, but it polls those of its own UDP sockets. So one such socket is opened, and
 * before the event loop first looks at its descriptor, that is made another name of the set. From then on the loop
 * finds it readable when any socket of the set is, tries to take a datagram from it, and tells of the failure
 * (ENOTSOCK), which is the bell. Unlike a poll handle beside Node's own (`koffi.node.poll`, which
 * aborts the process when it fires in a thread that is being ended) it is closed as any socket of Node's is.
 */
export class Watch {
  /** The set. */
  readonly fd: number;
  readonly #ffi: Ffi;
  readonly #owns: boolean;
  readonly #bell: Socket;
  #falseAlarms = 0;
  #state: 'open' | 'closed' = 'open';

  /**
   * `ring` returns how many sockets had something to read; `broken` is called when there never is any. `fd`: a set
   * that is someone else's to close. Throws SocketError.
   */
  constructor(ffi: Ffi, fd: number | undefined, ring: () => number, broken: () => void) {
    this.#ffi = ffi;
    this.#owns = fd === undefined;
    this.fd = fd ?? ffi.openWatch();
    this.#bell = createSocket('udp4');
    const heard = (): void => {
      if (this.#state === 'closed') return;
      this.#falseAlarms = ring() > 0 ? 0 : this.#falseAlarms + 1;
      if (this.#falseAlarms > FALSE_ALARMS_MAX) broken();
    };
    this.#bell.on('error', heard);
    try {
      this.#hang();
      listenBelow(this.#bell, heard);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #hang(): void {
    const fd = this.#ffi.open({ kind: 'udp', address: '127.0.0.1', port: 0, sharing: 'alone' });
    try {
      this.#bell.bind({ fd });
    } catch (error) {
      this.#ffi.close(fd);
      throw error;
    }
    this.#ffi.replace(fd, this.fd);
    this.#bell.unref();
  }

  /** Whether the process is kept alive for it. */
  set awaited(awaited: boolean) {
    if (this.#state === 'closed') return;
    if (awaited) this.#bell.ref();
    else this.#bell.unref();
  }

  /** Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#bell.close();
    if (this.#owns) this.#ffi.close(this.fd);
  }
}

/**
 * Hears of failures where Node does, which otherwise makes an Error with a stack of each, for three fifths of what a ring
 * costs (5.4 us, without it 2.2). Where Node is built differently, the `error` event is heard all the same. Returns
 * whether it could.
 */
export function listenBelow(socket: Socket, heard: () => void): boolean {
  const state = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  );
  if (state === undefined) return false;
  const { handle } = (socket as unknown as Record<symbol, { handle?: { onmessage?: unknown } }>)[state]!;
  if (typeof handle?.onmessage !== 'function') return false;
  handle.onmessage = heard;
  return true;
}

/**
 * Closes the descriptors of a set. They belong to the process: those of a thread that was ended stay open until its
 * successor, which is given the same set, does this. Returns how many there were.
 */
export function closeRemains(ffi: Ffi, watch: number): number {
  const remains = socketsIn(watch);
  for (const fd of remains) {
    // A socket with a descriptor elsewhere would stay in the set, under a number that is free to be another's.
    ffi.unwatch(watch, fd);
    ffi.close(fd);
  }
  return remains.length;
}

/** The kernel keeps the list, a line for each socket: `tfd: 21 events: 19 data: …`. */
function socketsIn(watch: number): number[] {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${watch}`, 'latin1');
    return [...info.matchAll(/^tfd:\s*(\d+)/gm)].map((match) => Number(match[1]));
  } catch {
    return [];
  }
}
