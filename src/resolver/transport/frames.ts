import { HEADER_OCTETS, MESSAGE_OCTETS_MAX } from '../../wire/constants.ts';

const FIRST_SIZE = 4096;

/**
 * Takes messages out of a TCP stream: each has its length before it in two octets (RFC 1035 section 4.2.2). The
 * buffer grows as octets arrive, never because a length was announced, and never over one whole message.
 */
export class FrameReader {
  #buffer = new Uint8Array(FIRST_SIZE);
  #length = 0;

  /** Calls `message` for each whole message, with a copy. False: the stream is not DNS and is to be ended. */
  push(chunk: Uint8Array, message: (bytes: Uint8Array) => void): boolean {
    for (let at = 0; at < chunk.length; ) {
      const taken = this.#fill(chunk, at);
      at += taken;
      for (let size = this.#whole(); size !== 0; size = this.#whole()) {
        if (size < 0) return false;
        message(this.#buffer.slice(2, size));
        this.#buffer.copyWithin(0, size, this.#length);
        this.#length -= size;
      }
    }
    return true;
  }

  /** Copies what fits of the message at hand, at least one octet. Returns how many octets. */
  #fill(chunk: Uint8Array, at: number): number {
    const wanted = this.#length < 2 ? 2 : 2 + this.#announced();
    const taken = Math.min(chunk.length - at, wanted - this.#length);
    if (this.#length + taken > this.#buffer.length) this.#grow(this.#length + taken);
    this.#buffer.set(chunk.subarray(at, at + taken), this.#length);
    this.#length += taken;
    return taken;
  }

  /** Octets of the first message with its length, 0 while it is not whole, -1 if it can be none. */
  #whole(): number {
    if (this.#length < 2) return 0;
    const announced = this.#announced();
    if (announced < HEADER_OCTETS) return -1;
    return this.#length >= 2 + announced ? 2 + announced : 0;
  }

  #announced(): number {
    return (this.#buffer[0]! << 8) | this.#buffer[1]!;
  }

  #grow(needed: number): void {
    let size = this.#buffer.length;
    while (size < needed) size = Math.min(size * 2, 2 + MESSAGE_OCTETS_MAX);
    const grown = new Uint8Array(size);
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/** A message with its length before it and another ID in it. */
export function frame(message: Uint8Array, id: number): Uint8Array {
  const out = new Uint8Array(2 + message.length);
  out[0] = message.length >>> 8;
  out[1] = message.length;
  out.set(message, 2);
  out[2] = id >>> 8;
  out[3] = id;
  return out;
}
