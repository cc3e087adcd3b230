import { TextError } from '../error.ts';
import type { Name } from '../name.ts';
import type { RdataTokens, Token } from '../text/tokens.ts';
import type { RdataSink } from './type.ts';

/** RDLENGTH is 16 bits (RFC 1035 section 3.2.1). */
export const RDATA_OCTETS_MAX = 65535;

/** The one buffer that every rdata is parsed into, so that a million records allocate only what they keep. */
export class RdataBuffer implements RdataSink {
  readonly #octets = new Uint8Array(RDATA_OCTETS_MAX);
  #length = 0;
  #first: Token | undefined;

  /** Empties the buffer. `tokens` stand at the first word of the rdata, which an overflow is reported at. */
  begin(tokens: RdataTokens): void {
    this.#length = 0;
    this.#first = tokens.peek();
  }

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }

  u8(value: number): void {
    this.#room(1);
    this.#octets[this.#length++] = value;
  }

  u16(value: number): void {
    this.#room(2);
    this.#octets[this.#length++] = value >>> 8;
    this.#octets[this.#length++] = value;
  }

  u32(value: number): void {
    this.#room(4);
    this.#octets[this.#length++] = value >>> 24;
    this.#octets[this.#length++] = value >>> 16;
    this.#octets[this.#length++] = value >>> 8;
    this.#octets[this.#length++] = value;
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#octets.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  name(name: Name): void {
    this.bytes(name);
  }

  #room(octets: number): void {
    if (this.#length + octets <= RDATA_OCTETS_MAX) return;
    throw new TextError(`rdata over ${RDATA_OCTETS_MAX} octets`, this.#first?.line, this.#first?.column);
  }
}
