import { FRAME_OCTETS_MAX, type FrameWriter, WRITE_OCTETS } from './frames.ts';
import type { Http2Stream } from './http2stream.ts';

/** What either side may send unasked (RFC 9113 section 6.9.2): a query fits many times, so a stream's is never raised. */
const WINDOW = 65_535;
/** The connection's is, when so much of it was used. */
const RECEIVED_MAX = 16 * 1024;
const WINDOW_MAX = 0x7fff_ffff;

/**
 * What each side of a connection of HTTP/2 may send (RFC 9113 section 5.2): both windows bound what a client may have
 * waiting for it or for us. What returns false has gone beyond: that is an error of flow control.
 */
export class FlowControl {
  readonly #frames: FrameWriter;
  readonly #flush: () => void;
  /** What we may send: on the connection, and on each new stream. */
  #connection = WINDOW;
  #initial = WINDOW;
  /** What the client has sent of its own since we raised it. */
  #received = 0;

  /** @param flush writes the frames to the socket, where there are many */
  constructor(frames: FrameWriter, flush: () => void) {
    this.#frames = frames;
    this.#flush = flush;
  }

  /** What we may send on a new stream. */
  get initial(): number {
    return this.#initial;
  }

  /** So much came on the connection. */
  receive(octets: number): boolean {
    this.#received += octets;
    if (this.#received > WINDOW) return false;
    if (this.#received >= RECEIVED_MAX) {
      this.#frames.windowUpdate(0, this.#received);
      this.#received = 0;
    }
    return true;
  }

  /** So much of it was a stream's. */
  receiveOn(stream: Http2Stream, octets: number): boolean {
    stream.windowUsed += octets;
    return stream.windowUsed <= WINDOW;
  }

  /** The client's setting: of all streams, whose windows may come to be below zero (RFC 9113 section 6.9.2). */
  resize(value: number, streams: Iterable<Http2Stream>): boolean {
    const by = value - this.#initial;
    this.#initial = value;
    let widest = value;
    for (const stream of streams) {
      stream.window += by;
      widest = Math.max(widest, stream.window);
    }
    return widest <= WINDOW_MAX;
  }

  /** We may send so much more on the connection. */
  open(by: number): boolean {
    this.#connection += by;
    return this.#connection <= WINDOW_MAX;
  }

  /** And on a stream. */
  openOn(stream: Http2Stream, by: number): boolean {
    stream.window += by;
    return stream.window <= WINDOW_MAX;
  }

  /** As much of a content as the windows let through; the rest is kept as the stream's own. */
  send(stream: Http2Stream, octets: Uint8Array): void {
    const frames = this.#frames;
    const { length } = octets;
    let at = 0;
    while (at < length) {
      const most = Math.min(length - at, FRAME_OCTETS_MAX, this.#connection, stream.window);
      if (most <= 0) break;
      if (frames.length >= WRITE_OCTETS) this.#flush();
      frames.data(stream.id, octets, at, at + most, at + most === length);
      at += most;
      this.#connection -= most;
      stream.window -= most;
    }
    // What is the stream's own already is not copied again: a window may be opened octet by octet.
    if (at === length) stream.rest = undefined;
    else stream.rest = octets === stream.rest ? octets.subarray(at) : new Uint8Array(octets.subarray(at));
  }
}
