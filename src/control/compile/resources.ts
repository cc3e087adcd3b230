import { gazetteer } from '../records/gazetteer.ts';
import type { Resources } from '../records/input.ts';

/** What record sets may name where a configuration declares nothing of it: the places that AWS has. */
export const NO_RESOURCES: Resources = {
  healthCheck: () => undefined,
  cidrCollection: () => undefined,
  gazetteer,
};
