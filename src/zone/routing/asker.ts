import { Whereabouts } from '../geo/whereabouts.ts';

/** Finds where an address is. Without allocation. */
export interface Locator {
  /** Fills `found`; `bits` leading bits of the address are known (ECS), all of them or fewer. */
  locate(address: Uint8Array, bits: number, found: Whereabouts): void;
}

/**
 * Who asks, as far as choosing among record sets goes. One object may serve for one question after the other. Where
 * the client is, is looked up when a policy asks for it, once.
 */
export class Asker {
  /** 4 or 16 octets: of the client, or of its ECS prefix. */
  address: Uint8Array = NOBODY;
  /** How many leading bits of it are known. */
  bits = 0;
  /** A random 32-bit number: two choices that are made with the same one, of the same data, are the same. */
  draw = 0;
  #locator: Locator | undefined;
  #located = false;
  /** Made when a policy asks for it first. */
  #where: Whereabouts | undefined = undefined;

  set(address: Uint8Array, bits: number, draw: number): this {
    this.address = address;
    this.bits = bits;
    this.draw = draw;
    this.#located = false;
    return this;
  }

  /** Who knows where the client is, for the zone that is asked next. */
  by(locator: Locator | undefined): this {
    if (locator !== this.#locator) this.#located = false;
    this.#locator = locator;
    return this;
  }

  get where(): Whereabouts {
    this.#where ??= new Whereabouts();
    if (!this.#located) {
      this.#located = true;
      this.#where.clear();
      this.#locator?.locate(this.address, this.bits, this.#where);
    }
    return this.#where;
  }

  /**
   * A number from 0 up to 1 that differs from one lot to the next, so that choices on one way are independent: those of
   * a tree, and those of other zones that a CNAME or alias leads to.
   */
  chance(lot: number): number {
    let h = Math.imul(this.draw ^ Math.imul(lot + 1, 0x9e3779b1), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 16), 0x27d4eb2f);
    return ((h ^ (h >>> 15)) >>> 0) / 0x1_0000_0000;
  }
}

const NOBODY = new Uint8Array(4);
