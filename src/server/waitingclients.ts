import type { Tally } from '../util/tally.ts';

/**
 * Questions of one client address that wait for servers, in the whole process: more are not begun (DNSBomb 2024
 * collects answers that wait and releases them at once). What is known without asking is answered all the same: the
 * address may be that of a resolver with thousands of clients. All that comes from one of its ports comes to one worker
 * (SO_REUSEPORT), so the limit is no sum of shares.
 */
export const WAITING_PER_CLIENT_MAX = 1000;

/** Counts what waits, by client address. */
export class WaitingClients {
  readonly #tally: Tally;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** What the client is counted as: a small integer. @param address 4 or 16 octets */
  of(address: Uint8Array): number {
    return this.#tally.placeOf(address);
  }

  isFull(client: number): boolean {
    return this.#tally.count(client) >= WAITING_PER_CLIENT_MAX;
  }

  /** One more waits, until `done` is called. */
  wait(client: number): void {
    this.#tally.add(client);
  }

  done(client: number): void {
    this.#tally.remove(client);
  }
}
