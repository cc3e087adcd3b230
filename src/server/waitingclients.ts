import { Turnover } from '../util/turnover.ts';
import { octetsKey } from '../wire/octets.ts';

/**
 * Questions of one client address that wait for servers: more are not begun (DNSBomb 2024 collects answers that wait
 * and releases them at once). What is known without asking is answered all the same: the address may be that of a
 * resolver with thousands of clients.
 */
export const WAITING_PER_CLIENT_MAX = 1000;

/** One client address and its questions that wait. */
export interface WaitingClient {
  readonly key: number | string;
  count: number;
}

/** Counts what waits, by client address. */
export class WaitingClients {
  /** Those of which something waits. */
  readonly #clients = new Turnover<WaitingClient['key'], WaitingClient>();
  readonly #max: number;

  /** @param workers how many threads share the limit: a client's packets are spread over them */
  constructor(workers = 1) {
    this.#max = Math.ceil(WAITING_PER_CLIENT_MAX / workers);
  }

  /** Valid until something else is done here, or as long as it waits. */
  of(address: Uint8Array): WaitingClient {
    const key = keyOf(address);
    return this.#clients.get(key) ?? { key, count: 0 };
  }

  isFull({ count }: WaitingClient): boolean {
    return count >= this.#max;
  }

  /** One more waits, until `done` is called. */
  wait(client: WaitingClient): void {
    if (client.count++ === 0) this.#clients.set(client.key, client);
  }

  done(client: WaitingClient): void {
    if (--client.count === 0) this.#clients.delete(client.key);
  }

  /** Clients of which something waits. */
  get size(): number {
    return this.#clients.size;
  }
}

/** A small integer, or for IPv6 a string. */
function keyOf(address: Uint8Array): WaitingClient['key'] {
  if (address.length !== 4) return octetsKey(address);
  return (address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!;
}
