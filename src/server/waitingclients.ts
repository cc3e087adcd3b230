import { Turnover } from '../util/turnover.ts';
import { octetsKey } from '../wire/octets.ts';

/**
 * Questions of one client address that wait for servers: more are not begun (DNSBomb 2024 collects answers that wait
 * and releases them at once). What is known without asking is answered all the same: the address may be that of a
 * resolver with thousands of clients.
 */
export const WAITING_PER_CLIENT_MAX = 1000;

/** Counts what waits, by client address. */
export class WaitingClients {
  readonly #waiting = new Turnover<string, number>();
  readonly #max: number;

  /** @param workers how many threads share the limit: a client's packets are spread over them */
  constructor(workers = 1) {
    this.#max = Math.ceil(WAITING_PER_CLIENT_MAX / workers);
  }

  isFull(address: Uint8Array): boolean {
    return (this.#waiting.get(octetsKey(address)) ?? 0) >= this.#max;
  }

  /** One more waits until the function that is returned is called. */
  wait(address: Uint8Array): () => void {
    const key = octetsKey(address);
    this.#waiting.set(key, (this.#waiting.get(key) ?? 0) + 1);
    return () => {
      const left = this.#waiting.get(key)! - 1;
      if (left === 0) this.#waiting.delete(key);
      else this.#waiting.set(key, left);
    };
  }

  /** Clients of which something waits. */
  get size(): number {
    return this.#waiting.size;
  }
}
