/** A growing array of u32: a million records as objects would cost ten times as much and stall the collector. */
export class Column {
  #words = new Uint32Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.#words.length) {
      const larger = new Uint32Array(2 * this.length);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[this.length++] = value;
  }

  at(index: number): number {
    return this.#words[index]!;
  }

  set(index: number, value: number): void {
    this.#words[index] = value;
  }

  /** What was pushed, sharing memory until the next `push`. */
  words(): Uint32Array {
    return this.#words.subarray(0, this.length);
  }
}
