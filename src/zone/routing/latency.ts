import type { Asker } from './asker.ts';
import { findDistanceKm } from './distance.ts';
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
      findLatency(table, member, asker, facts);
      if (found[0]! < least || best === NONE_FITS) {
        best = member;
        least = found[0]!;
      }
    }
    return best;
  },
  describe(table, member, asker, facts) {
    facts.roundTrips?.locate(asker.address, asker.bits, asker.where);
    findLatency(table, member, asker, facts);
    return found[0] === Number.POSITIVE_INFINITY ? 'latency not known' : `latency ${found[0]!.toFixed(1)} ms`;
  },
};

/** Kilometres of great circle that a round trip of one millisecond covers: light in fibre, there and back, by detours. */
const KM_PER_MS = 66;

/** Leaves the milliseconds in `found`. */
function findLatency(table: RoutingTable, member: number, { where }: Asker, { roundTrips }: Facts): void {
  found[0] = -1;
  if (roundTrips !== undefined) found[0] = roundTrips.ms(table.parameter(member, 0));
  if (found[0]! >= 0) return;
  found[0] = Number.POSITIVE_INFINITY;
  if (!where.hasPoint) return;
  findDistanceKm(table, table.parameter(member, 1), where, found);
  found[0]! /= KM_PER_MS;
}

/** One per thread: a choice never waits. */
const found = new Float64Array(1);
