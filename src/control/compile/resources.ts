import type { Snapshot } from '../../view/snapshot.ts';
import type { ResourceNames } from '../config/load.ts';
import { gazetteer } from '../records/gazetteer.ts';
import type { Resources } from '../records/input.ts';
import { collectionSlots } from './collections.ts';
import { HealthSlots } from './health.ts';

/** What the record sets of a configuration may name, each in the slot that it has in the snapshot made after `before`. */
export function resourcesOf(
  { healthChecks, cidrCollections }: ResourceNames,
  before: Pick<Snapshot, 'health' | 'collections'> | undefined,
): Resources {
  const health = new HealthSlots(healthChecks, before?.health);
  const ids = cidrCollections.map(({ id }) => id);
  const slots = collectionSlots(ids, before?.collections);
  const locations = new Map(cidrCollections.map(({ id, locations }) => [id, new Set(locations)]));
  return {
    healthCheck: (id) => health.of(id),
    cidrCollection: (id) => {
      const slot = slots.get(id);
      return slot === undefined
        ? undefined
        : { slot, hasLocation: (name) => locations.get(id)?.has(name) === true };
    },
    gazetteer,
  };
}
