import { Turnover } from '../util/turnover.ts';
import { octetsKey } from '../wire/octets.ts';

/**
 * Questions of one client address that wait for servers: more are not begun (DNSBomb 2024 collects answers that wait
 * and releases them at once). What is known without asking is answered all the same: the address may be that of a
 * resolver with thousands of clients.
 */
export const WAITING_PER_CLIENT_MAX = 1000;

/** A client address as a key: a small integer, or for IPv6 a string. */
export type ClientKey = number | string;

export function clientKey(address: Uint8Array): ClientKey {
  if (address.length !== 4) return octetsKey(address);
  return (address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!;
}

/** Counts what waits, by client address. */
export class WaitingClients {
  readonly #waiting = new Turnover<ClientKey, { count: number }>();
  readonly #max: number;

  /** @param workers how many threads share the limit: a client's packets are spread over them */
  constructor(workers = 1) {
    this.#max = Math.ceil(WAITING_PER_CLIENT_MAX / workers);
  }

  isFull(client: ClientKey): boolean {
    return (this.#waiting.get(client)?.count ?? 0) >= this.#max;
  }

  /** One more waits, until `done` is called. */
  wait(client: ClientKey): void {
    const waiting = this.#waiting.get(client);
    if (waiting === undefined) this.#waiting.set(client, { count: 1 });
    else waiting.count++;
  }

  done(client: ClientKey): void {
    const waiting = this.#waiting.get(client)!;
    waiting.count--;
    if (waiting.count === 0) this.#waiting.delete(client);
  }

  /** Clients of which something waits. */
  get size(): number {
    return this.#waiting.size;
  }
}
