import type { CidrTable } from '../../util/cidr.ts';
import type { Rtt } from '../geo/rtt.ts';
import type { Asker } from './asker.ts';
import type { RoutingTable } from './table.ts';

/** What policies choose by beside the client. */
export interface Facts {
  /** CIDR collections by slot: address → `locationKey`. */
  readonly collections: readonly (CidrTable | undefined)[];
  readonly roundTrips: Rtt | undefined;
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
