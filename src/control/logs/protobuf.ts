/**
 * As much of Protocol Buffers as dnstap takes: fields are appended, each with its number, and never read. A library would
 * bring a compiler of schemas for one message with fifteen fields.
 */
export class ProtobufWriter {
  #octets = Buffer.allocUnsafe(512);
  #length = 0;

  /** A field of type uint32, uint64 or enum. @param value a safe integer, not negative */
  number(field: number, value: number): this {
    this.#varint(field * 8 + WIRE.VARINT);
    this.#varint(value);
    return this;
  }

  /** A field of type fixed32. */
  fixed32(field: number, value: number): this {
    this.#varint(field * 8 + WIRE.FIXED32);
    this.#reserve(4);
    this.#length = this.#octets.writeUInt32LE(value, this.#length);
    return this;
  }

  /** A field of type bytes, or a message in one. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + WIRE.LENGTH_DELIMITED);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#octets.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** What was written; valid until the next field. */
  finish(): Uint8Array {
    return this.#octets.subarray(0, this.#length);
  }

  /** Seven bits an octet, the lowest first. Beyond 2^32 there are no bit operations. */
  #varint(value: number): void {
    this.#reserve(VARINT_OCTETS_MAX);
    let rest = value;
    while (rest > 0x7f) {
      this.#octets[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#octets[this.#length++] = rest;
  }

  #reserve(octets: number): void {
    const needed = this.#length + octets;
    if (needed <= this.#octets.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#octets.length));
    grown.set(this.#octets.subarray(0, this.#length));
    this.#octets = grown;
  }
}

const WIRE = { VARINT: 0, LENGTH_DELIMITED: 2, FIXED32: 5 } as const;
const VARINT_OCTETS_MAX = 10;
