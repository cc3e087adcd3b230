import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import type { QueryHandler } from './handler.ts';

/** Whose a connection is: who is at its other end, or on whose behalf a listed proxy speaks. */
export interface Peer {
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  readonly port: number;
}

/** A client's connection as its listener sees it, whatever is spoken there. */
export interface Connection {
  /** Queries under way. */
  readonly pending: number;
  /** Ends the connection if the client has used up its time. @param now milliseconds, as of the connection's clock */
  expire(now: number): void;
  /** Takes no more queries; ends when all is answered. */
  finish(): void;
  destroy(): void;
}

/** What all connections of a listener have in common. */
export interface Serving {
  readonly handler: QueryHandler;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** The idle time as of now, milliseconds. */
  readonly idleMs: () => number;
  /** See TcpOptions. */
  readonly interleave?: (() => void) | undefined;
}

/*
 * How long a client may make a connection wait, whatever is spoken there, milliseconds.
 */

/** For the first whole query, from the start or the end of the handshake. */
export const FIRST_MS = 2_000;
/** For the rest of a query, from its first octet. */
export const MESSAGE_MS = 5_000;
/** With more than QUEUED_OCTETS_MAX of answers that it does not take. */
export const BLOCKED_MS = 5_000;
/** Silent, for its answers: longer than any budget of a query (10 s). */
export const ANSWER_MS = 15_000;
/** A round trip round the world, thrice. Closing before the client has ended could cost it the last answers. */
export const CLOSING_MS = 1_000;

export const QUEUED_OCTETS_MAX = 64 * 1024;
/** Queries are small; a length above is refused before a buffer is made for it. */
export const QUERY_OCTETS_MAX = 4096;
