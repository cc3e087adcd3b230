import type { Clock } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import { type Exchange, failureOf, type Listener, type Send } from '../transport.ts';

/**
 * One port per query, drawn anew: what a forger must guess besides the ID (RFC 5452 section 9.2). All
 * workers draw from the whole unprivileged range, never from a share of it (CVE-2026-50252); the kernel's own
 * choice (bind to port 0) alone would come from half of it. Sockets are connected: the kernel drops what others send, and
 * tells us of closed ports (SAD DNS, CVE-2020-25705, needs unconnected ones).
 */
const PORT_MIN = 1024;
const PORT_MAX = 65_535;
/** Draws before giving up: even with half of all ports taken this fails once in 65,536 queries. */
export const PORT_DRAWS_MAX = 16;

export function drawPort(prng: Prng): number {
  return PORT_MIN + prng.below(PORT_MAX - PORT_MIN + 1);
}

/** Whether an error of `bind` is about the port, and another one will do. */
export function isPortTaken(code: string | undefined): boolean {
  return code === 'EADDRINUSE' || code === 'EACCES';
}

/** Exchanges by UDP, whichever way their sockets are made. */
export interface UdpSockets {
  /** Sockets open now. */
  readonly open: number;
  exchange(send: Send, listener: Listener): Exchange;
}

/** An exchange that ends before it began. */
export function failLater(clock: Clock, listener: Listener, code: string): Exchange {
  const timer = clock.after(0, () => listener.failed(failureOf(code)));
  return { cancel: () => timer.cancel() };
}
