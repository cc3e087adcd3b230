import type { Socket } from 'node:net';
import type { TransportFailure } from '../transport.ts';
import { FrameReader, frame } from './frames.ts';

/** Why something ended; `detail` in words of our own, never a peer's. */
export interface Fault {
  readonly failure: TransportFailure;
  readonly detail?: string | undefined;
}

/** What takes queries to a server and brings replies back. Queries that come before it is open go out then. */
export interface Carrier {
  /** Sends a query by an ID that no other query on it has now. */
  send(id: number, query: Uint8Array): void;
  /** Nobody waits for the reply any more. */
  drop(id: number): void;
  /** Whether it keeps the process alive. */
  hold(isHeld: boolean): void;
  /** Ends at once, `closed` follows. Idempotent. */
  end(): void;
}

/** Who uses a carrier hears of it through these, never from within a call of its own. */
export interface CarrierOwner {
  opened(): void;
  /** A whole message, with some ID in it; `ageSeconds` as in ReplyFacts. */
  message(id: number, message: Uint8Array, ageSeconds?: number): void;
  /** There will be no reply to this query; the others go on. */
  refused(id: number, fault: Fault): void;
  /** It takes no further queries, and brings the replies to those that it has. */
  retiring(): void;
  /** What came is not what the protocol allows: the owner ends it. */
  broken(): void;
  /** It has ended. Called once. */
  closed(fault: Fault): void;
}

/** Begins to make a stream. One of `opened` and `failed` is called, once and later, unless it is cancelled before. */
export type Open<S extends Socket> = (events: OpenEvents<S>) => Opening;

export interface OpenEvents<S extends Socket> {
  opened(socket: S): void;
  failed(fault: Fault): void;
}

export interface Opening {
  /** Silently. */
  cancel(): void;
}

/** Messages with their length before them: DNS over TCP (RFC 7766) and, on a stream of that, over TLS (RFC 7858). */
export class StreamCarrier implements Carrier {
  readonly #owner: CarrierOwner;
  readonly #frames = new FrameReader();
  /** Frames that go out when there is a stream. */
  readonly #waiting = new Map<number, Uint8Array>();
  readonly #opening: Opening;
  #socket: Socket | undefined = undefined;
  #isEnded = false;

  constructor(open: Open<Socket>, owner: CarrierOwner) {
    this.#owner = owner;
    this.#opening = open({
      opened: (socket) => this.#use(socket),
      failed: (fault) => this.#closed(fault),
    });
  }

  send(id: number, query: Uint8Array): void {
    const framed = frame(query, id);
    if (this.#socket === undefined) this.#waiting.set(id, framed);
    else this.#socket.write(framed);
  }

  drop(id: number): void {
    this.#waiting.delete(id);
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#socket?.ref();
    else this.#socket?.unref();
  }

  end(): void {
    if (this.#socket !== undefined) {
      this.#socket.destroy();
      return;
    }
    this.#opening.cancel();
    queueMicrotask(() => this.#closed({ failure: 'closed' }));
  }

  #use(socket: Socket): void {
    this.#socket = socket;
    let fault: Fault = { failure: 'closed' };
    socket.on('data', (chunk: Uint8Array) => this.#read(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => (fault = faultOf(error.code)));
    socket.on('close', () => this.#closed(fault));
    this.#owner.opened();
    // As one piece.
    socket.cork();
    for (const framed of this.#waiting.values()) socket.write(framed);
    socket.uncork();
    this.#waiting.clear();
  }

  #read(chunk: Uint8Array): void {
    const isDns = this.#frames.push(chunk, (message) => {
      this.#owner.message((message[0]! << 8) | message[1]!, message);
    });
    if (!isDns) this.#owner.broken();
  }

  #closed(fault: Fault): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#owner.closed(fault);
  }
}

/** A stream that was open has ended: whatever the error, what rode on it may ride again. */
function faultOf(code: string | undefined): Fault {
  return { failure: code === 'ETIMEDOUT' ? 'timeout' : 'closed' };
}
