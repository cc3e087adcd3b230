import type { Snapshot } from '../../view/snapshot.ts';
import type { ResourceNames } from '../config/load.ts';
import { gazetteer } from '../records/gazetteer.ts';
import type { Resources } from '../records/input.ts';
import { collectionSlots } from './collections.ts';
import { HealthSlots } from './health.ts';

/**
 * What the record sets of a configuration may name, each in the slot that it has in the snapshot made after `before`.
 * Where something could not be read there is no snapshot, and any slot will do.
 */
export function resourcesOf(
  { healthChecks, cidrCollections, unread }: ResourceNames,
  before: Pick<Snapshot, 'health' | 'collections'> | undefined,
): Resources {
  const health = new HealthSlots(healthChecks, before?.health);
  const ids = cidrCollections.map(({ id }) => id);
  const slots = collectionSlots(ids, before?.collections);
  const locations = new Map(
    cidrCollections.map((each) => [each.id, each.locations && new Set(each.locations)]),
  );
  const anyCheck = unread.includes('healthChecks') ? 0 : undefined;
  const anyCollection = unread.includes('cidrCollections') ? { slot: 0, hasLocation: () => true } : undefined;
  return {
    healthCheck: (id) => health.of(id) ?? anyCheck,
    cidrCollection: (id) => {
      const slot = slots.get(id);
      const names = locations.get(id);
      return slot === undefined ? anyCollection : { slot, hasLocation: (name) => names?.has(name) ?? true };
    },
    gazetteer,
  };
}
