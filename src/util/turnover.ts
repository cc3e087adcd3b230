/** Entries that are added before the table is made anew, at least. */
const ADDED_MIN = 64;

/**
 * A map of what comes and goes all the time, as questions in flight do.
 *
 * A `Map` of the language makes itself a new table after so many changes, and the old one keeps a pointer to the new
 * one and to all that was in it. Once one of them has been moved to where the collector looks rarely, all its
 * successors follow, and with them whatever they held, though nobody needs it any more. So the map is replaced before
 * it becomes old: nothing leads from the old one to the new one.
 */
export class Turnover<K, V> {
  #map = new Map<K, V>();
  #added = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  set(key: K, value: V): void {
    // After twice as many additions as there are entries: half a copy for each addition.
    if (++this.#added > Math.max(ADDED_MIN, 2 * this.#map.size)) {
      this.#map = new Map(this.#map);
      this.#added = 1;
    }
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  clear(): void {
    this.#map = new Map();
    this.#added = 0;
  }

  /** A copy, in the order in which they were added. */
  entries(): [K, V][] {
    return [...this.#map];
  }

  /** A copy, in the order in which they were added. */
  values(): V[] {
    return [...this.#map.values()];
  }
}
