import type { Asker } from './asker.ts';
import type { RoutingTable } from './table.ts';

/** Where an address is in a CIDR collection. */
export interface Collection {
  /**
   * `locationKey` of the location with the longest block that holds the address and is no longer than the `bits` that
   * are known of it; -1: none.
   */
  locationOf(address: Uint8Array, bits: number): number;
  /** On how many leading bits of the address the last result depends. */
  readonly depth: number;
}

/** Measured round-trip times. */
export interface RoundTrips {
  /** Milliseconds from the client to the region with this `regionKey`; -1: not measured. */
  ms(asker: Asker, region: number): number;
  /** On how many leading bits of the address the last result depends. */
  readonly depth: number;
}

/** What policies choose by beside the client. */
export interface Facts {
  /** By slot. */
  readonly collections: readonly (Collection | undefined)[];
  readonly roundTrips: RoundTrips | undefined;
}

/** Results of `pick` that are no member. */
export const NONE_FITS = -1;

/**
 * A routing policy (route53-semantics 5.3). It sees only what may be chosen, twice: first the healthy members, and if
 * none of them fits, all.
 */
export interface RoutingPolicy {
  /** The member of `group` that answers `asker`, of those whose element of `usable` is 1; NONE_FITS if there is none. */
  pick(
    table: RoutingTable,
    group: number,
    usable: Uint8Array,
    asker: Asker,
    facts: Facts,
    depth: Depth,
  ): number;
  /** For `explain`: what makes the policy take this member or not, such as `weight 3`. */
  describe(table: RoutingTable, member: number, asker: Asker, facts: Facts): string;
}

/** On how many leading bits of the client's address a choice depends: the scope of ECS (RFC 7871 section 7.2.1). */
export class Depth {
  bits = 0;

  /** The choice depends on that many bits, or on more already. */
  use(bits: number): void {
    if (bits > this.bits) this.bits = bits;
  }
}
