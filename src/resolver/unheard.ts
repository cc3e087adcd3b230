import { TRIES_MAX } from './candidate.ts';
import type { Target } from './target.ts';

/**
 * Servers that leave packets of one client query without a reply, whatever they were asked: the three tries of RFC 9520
 * section 3.1 hold for all its sub-queries together. Otherwise a referral to a hundred names of servers, all in a zone
 * whose own are silent, has each of them asked for each name (NXNSAttack 2020). By address: names are the attacker's to
 * choose. It says nothing of other queries, so that nobody can make a server suspect to others.
 */
export class Unheard {
  /** Packets that each may still be sent. Only those that were late are here, hence no more than packets were sent. */
  #left: Map<Target, number> | undefined = undefined;

  /** A packet to it stayed without a reply. */
  late(server: Target): void {
    this.#left ??= new Map();
    if (!this.#left.has(server)) this.#left.set(server, TRIES_MAX - 1);
  }

  /** One more is about to be sent to it. */
  sent(server: Target): void {
    const left = this.#left?.get(server);
    if (left !== undefined) this.#left!.set(server, left - 1);
  }

  /** It replied, whatever it said. */
  heard(server: Target): void {
    this.#left?.delete(server);
  }

  mayAsk(server: Target): boolean {
    return (this.#left?.get(server) ?? TRIES_MAX) > 0;
  }
}
