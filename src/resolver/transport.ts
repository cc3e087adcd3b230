import type { TlsPeer } from './path.ts';

/**
 * The one seam between the resolver and the network: a query goes out, messages come back. Behind it are sockets
 * (`transport/`) or a simulated network (tests). The transport knows nothing of DNS beyond framing and the ID on
 * TCP; what a message means, and whether it is believed, is decided by the listener.
 */
export interface Transport {
  /**
   * Sends `query` and offers every message that comes back to `listener`, until it says `done`, the exchange
   * fails, or it is cancelled. Never calls the listener before it has returned.
   */
  exchange(send: Send, listener: Listener): Exchange;
  /**
   * Calls `start`, which begins to resolve a question: at once, or where more replies have arrived than a turn of the
   * event loop can read, after those. What they tell spares the question packets, and it delays none of those that
   * have begun.
   */
  begin(start: () => void): void;
}

export interface Send {
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** A whole message. But by UDP the transport puts an ID of its own on the wire and the message's own into replies. */
  readonly query: Uint8Array;
  /** Address to send from; undefined: the kernel chooses. */
  readonly source: string | undefined;
  /** Milliseconds until the exchange fails with `timeout`, connecting included. */
  readonly timeoutMs: number;
  /** By `dot` and `doh`, and only by these. */
  readonly secure?: SecureSend | undefined;
}

/** Of queries that go through TLS. */
export interface SecureSend {
  readonly peer: TlsPeer;
  /** Addresses to send from: one of the family that the connection is made by; in place of `source`. */
  readonly sources: readonly string[];
  /** The question was asked before and no reply came: not again on a connection that is as silent. */
  readonly isRepeat: boolean;
}

/** `dot`: through TLS (RFC 7858). `doh`: through HTTPS (RFC 8484). */
export type Protocol = 'udp' | 'tcp' | 'dot' | 'doh';

/** How a protocol is called where somebody reads it. */
export const PROTOCOL_TEXT: Readonly<Record<Protocol, string>> = {
  udp: 'UDP',
  tcp: 'TCP',
  dot: 'TLS',
  doh: 'HTTPS',
};

export interface Listener {
  /** A message from the asked address. The bytes are valid until it returns. Not called again after `done`. */
  message(reply: Uint8Array, facts?: ReplyFacts): 'done' | 'wait';
  /**
   * The end without `done`. Called at most once and never after it or after `cancel`. `detail` says more where the
   * failure alone says little, in words of our own.
   */
  failed(failure: TransportFailure, detail?: string): void;
  /** A connection died before its time and the query is about to be sent again: may it? */
  resend(): boolean;
}

/** What a connection knows of a reply. */
export interface ReplyFacts {
  /** Milliseconds from the query to its reply; undefined where it had to wait for the connection. */
  readonly roundTripMs?: number | undefined;
  /** For how long the message was in a cache of HTTP, by which its TTLs are too long (RFC 8484 section 5.1). */
  readonly ageSeconds?: number | undefined;
}

/**
 * `timeout`: no accepted message in time. `refused`: the peer's host said that nothing listens. `unreachable`: no
 * route for this address family from here. `closed`: the peer ended the connection without answering. `overload`:
 * a limit of our own. `untrusted`: the certificate is not what was asked for. `tls`: there was no handshake. `http`: an
 * answer of HTTP that is no answer of DNS. `network`: anything else.
 */
export type TransportFailure =
  | 'timeout'
  | 'refused'
  | 'unreachable'
  | 'closed'
  | 'overload'
  | 'untrusted'
  | 'tls'
  | 'http'
  | 'network';

export interface Exchange {
  /** Ends the exchange silently. Idempotent. */
  cancel(): void;
  /** The query waits for a connection that is not there yet; absent: it has gone out. */
  readonly isCold?: boolean;
}

/** What the system's error code means for an exchange. */
export function failureOf(code: string | undefined): TransportFailure {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return 'unreachable';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'closed';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
    case 'ENOMEM':
      return 'overload';
    default:
      return 'network';
  }
}
