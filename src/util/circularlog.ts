/**
 * A circular log of pieces in units `start`..`end` of an arena: written at the tail, taken off at the head.
 *
 *     │ piece │ piece │ ··· free ··· │ piece │ piece │ filler │
 *                     ▲ tail         ▲ head
 *
 * A piece that does not fit between the tail and the end is written at the start; a filler takes the rest. What
 * pieces look like is the caller's business: it says how long they are and writes the fillers.
 */
export class CircularLog {
  readonly start: number;
  readonly end: number;
  head: number;
  tail: number;
  /** Units from head to tail, fillers included. */
  #logged = 0;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
    this.head = this.tail = start;
  }

  /** Free units, in one piece or two. */
  get free(): number {
    return this.end - this.start - this.#logged;
  }

  /** Free units in one piece at the tail. */
  get gap(): number {
    return (this.isWrapped ? this.head : this.end) - this.tail;
  }

  /** The free units are in one piece; otherwise a part of them is at the end and a part at the start. */
  get isWrapped(): boolean {
    return this.tail <= this.head && this.#logged > 0;
  }

  /** Adds a piece at the tail, for which there must be a gap, and returns its place. */
  append(units: number): number {
    const place = this.tail;
    this.tail += units;
    this.#logged += units;
    return place;
  }

  /** Goes on at the start; returns how many units at the old tail the filler must take (0: none). */
  wrap(): number {
    const rest = this.end - this.tail;
    this.#logged += rest;
    this.tail = this.start;
    return rest;
  }

  /** Takes the piece at the head off the log. */
  drop(units: number): void {
    this.#logged -= units;
    this.head = this.head + units === this.end ? this.start : this.head + units;
    if (this.#logged === 0) this.head = this.tail = this.start;
  }

  clear(): void {
    this.head = this.tail = this.start;
    this.#logged = 0;
  }
}
