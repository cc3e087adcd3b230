import type { Prng } from '../util/prng.ts';
import type { Name } from '../wire/name.ts';

/** A question that a client asked. */
export interface RecentQuestion {
  /** Index of the client's view. */
  readonly view: number;
  readonly name: Name;
  readonly type: number;
  /** 4 or 16 octets. */
  readonly client: Uint8Array;
}

/**
 * The last questions of a worker, for those who want to know what a change would do to them: a ring of fixed slots,
 * the oldest one overwritten. Nothing is allocated.
 *
 *     view u16 · type u16 · octets of the client u8, 0: forgotten · of the name u8 · client 16 · name 255
 */
export class RecentQuestions {
  readonly #octets = new Uint8Array(RECENT_MAX * SLOT_OCTETS);
  #next = 0;
  #count = 0;
  #total = 0;

  /** Questions since the start. */
  get total(): number {
    return this.#total;
  }

  /** @param at where the name of `length` octets starts in `query` */
  add(view: number, type: number, query: Uint8Array, at: number, length: number, client: Uint8Array): void {
    const octets = this.#octets;
    const slot = this.#next * SLOT_OCTETS;
    this.#next = (this.#next + 1) % RECENT_MAX;
    if (this.#count < RECENT_MAX) this.#count++;
    this.#total++;
    octets[slot] = view >>> 8;
    octets[slot + 1] = view;
    octets[slot + 2] = type >>> 8;
    octets[slot + 3] = type;
    octets[slot + CLIENT_LENGTH_AT] = client.length;
    octets[slot + 5] = length;
    for (let i = 0; i < client.length; i++) octets[slot + CLIENT_AT + i] = client[i]!;
    for (let i = 0; i < length; i++) octets[slot + NAME_AT + i] = query[at + i]!;
  }

  /** Copies, the newest first. */
  list(): RecentQuestion[] {
    return Array.from({ length: this.#count }, (_, i) =>
      this.#read((this.#next + RECENT_MAX - 1 - i) % RECENT_MAX),
    ).filter(({ client }) => client.length > 0);
  }

  /**
   * Copies of at most `most` of those that came after the first `total`, as far as they are still there: one of each few that
   * came one after the other, drawn by chance, as clients ask in turns.
   */
  since(total: number, most: number, prng: Prng): RecentQuestion[] {
    const count = Math.min(this.#total - total, this.#count);
    const stride = Math.max(1, Math.ceil(count / most));
    return Array.from({ length: Math.floor(count / stride) }, (_, i) =>
      this.#read((this.#next + RECENT_MAX - 1 - i * stride - prng.below(stride)) % RECENT_MAX),
    ).filter(({ client }) => client.length > 0);
  }

  /** Forgets what was asked in views that are gone: their indexes may become those of others. */
  forget(gone: ReadonlySet<number>): void {
    if (gone.size === 0) return;
    const octets = this.#octets;
    for (let slot = 0; slot < this.#count * SLOT_OCTETS; slot += SLOT_OCTETS)
      if (gone.has((octets[slot]! << 8) | octets[slot + 1]!)) octets[slot + CLIENT_LENGTH_AT] = 0;
  }

  #read(index: number): RecentQuestion {
    const octets = this.#octets;
    const slot = index * SLOT_OCTETS;
    const client = slot + CLIENT_AT;
    const name = slot + NAME_AT;
    return {
      view: (octets[slot]! << 8) | octets[slot + 1]!,
      type: (octets[slot + 2]! << 8) | octets[slot + 3]!,
      client: octets.slice(client, client + octets[slot + CLIENT_LENGTH_AT]!),
      name: octets.slice(name, name + octets[slot + 5]!),
    };
  }
}

/** Questions that a worker remembers: about a megabyte. */
export const RECENT_MAX = 4096;
const CLIENT_LENGTH_AT = 4;
const CLIENT_AT = 6;
const NAME_AT = CLIENT_AT + 16;
const SLOT_OCTETS = NAME_AT + 255;
