import type { Asker } from './asker.ts';
import { distanceKm } from './distance.ts';
import { type Facts, NONE_FITS, type RoutingPolicy } from './policy.ts';
import type { RoutingTable } from './table.ts';

/**
 * The region with the lowest latency: as measured, where a table of round-trip times knows the client, else by the
 * great circle. Of a client of whom nothing is known all regions are equally far: the first set answers.
 */
export const latency: RoutingPolicy = {
  pick(table, group, usable, asker, facts, depth) {
    const { where, address, bits } = asker;
    depth.use(where.bits);
    const { roundTrips } = facts;
    if (roundTrips !== undefined) {
      roundTrips.locate(address, bits, where);
      depth.use(roundTrips.bits);
    }
    let best = NONE_FITS;
    let least = Number.POSITIVE_INFINITY;
    for (let member = table.first(group); member < table.end(group); member++) {
      if (usable[member] !== 1) continue;
      const ms = latencyMs(table, member, asker, facts);
      if (ms < least || best === NONE_FITS) {
        best = member;
        least = ms;
      }
    }
    return best;
  },
  describe(table, member, asker, facts) {
    facts.roundTrips?.locate(asker.address, asker.bits, asker.where);
    return `latency ${latencyMs(table, member, asker, facts).toFixed(1)} ms`;
  },
};

/** Kilometres of great circle that a round trip of one millisecond covers: light in fibre, there and back, by detours. */
const KM_PER_MS = 66;

function latencyMs(table: RoutingTable, member: number, asker: Asker, facts: Facts): number {
  const measured = facts.roundTrips?.ms(table.parameter(member, 0)) ?? -1;
  if (measured >= 0) return measured;
  const { where } = asker;
  return where.hasPoint
    ? distanceKm(table, table.parameter(member, 1), where) / KM_PER_MS
    : Number.POSITIVE_INFINITY;
}
