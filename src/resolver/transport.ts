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
  /** A whole message. On TCP the transport puts an ID of its own on the wire and the message's own into replies. */
  readonly query: Uint8Array;
  /** Address to send from; undefined: the kernel chooses. */
  readonly source: string | undefined;
  /** Milliseconds until the exchange fails with `timeout`, connecting included. */
  readonly timeoutMs: number;
}

export type Protocol = 'udp' | 'tcp';

export interface Listener {
  /** A message from the asked address. The bytes may be kept. Not called again after `done`. */
  message(reply: Uint8Array): 'done' | 'wait';
  /** The end without `done`. Called at most once and never after it or after `cancel`. */
  failed(failure: TransportFailure): void;
  /** A TCP connection died before its time and the query is about to be sent again: may it? */
  resend(): boolean;
}

/**
 * `timeout`: no accepted message in time. `refused`: the peer's host said that nothing listens. `unreachable`: no
 * route for this address family from here. `closed`: the peer ended the connection without answering. `overload`:
 * a limit of our own. `network`: anything else.
 */
export type TransportFailure = 'timeout' | 'refused' | 'unreachable' | 'closed' | 'overload' | 'network';

export interface Exchange {
  /** Ends the exchange silently. Idempotent. */
  cancel(): void;
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
