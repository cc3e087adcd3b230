import type { Clock } from '../util/clock.ts';
import type { Prng } from '../util/prng.ts';
import { TICKET_KEYS_OCTETS, TICKET_MS, type TicketKeys } from '../view/channel.ts';

/** More often than once a week, and several times as long as a ticket holds (RFC 9325 section 3.4). */
export const ROTATION_MS = 12 * 60 * 60 * 1000;

/**
 * The keys of session tickets of all workers. Whoever steals them reads what was sent in sessions of TLS 1.2 that they
 * have sealed, and can take this server's place where one of TLS 1.3 is resumed. So they are changed (RFC 5077 section
 * 5.5): each is drawn from nothing that came before, seals tickets for half a day, and is forgotten when the last of these
 * has ended. They are on no disk.
 */
export class TicketKeyring {
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #changed: (keys: TicketKeys) => void;
  #keys: TicketKeys;

  /** @param changed is told of keys that hold from then on */
  constructor(clock: Clock, prng: Prng, changed: (keys: TicketKeys) => void) {
    this.#clock = clock;
    this.#prng = prng;
    this.#changed = changed;
    this.#keys = { current: this.#draw() };
    clock.every(ROTATION_MS, () => this.#rotate());
  }

  get keys(): TicketKeys {
    return this.#keys;
  }

  #rotate(): void {
    this.#use({ current: this.#draw(), previous: this.#keys.current });
    this.#clock.after(TICKET_MS, () => this.#use({ current: this.#keys.current }));
  }

  #use(keys: TicketKeys): void {
    this.#keys = keys;
    this.#changed(keys);
  }

  #draw(): Uint8Array {
    return this.#prng.fill(new Uint8Array(TICKET_KEYS_OCTETS));
  }
}
