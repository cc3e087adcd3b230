import type { Name } from '../wire/name.ts';

/**
 * A record set as Route 53 has them: one of those that share a name and a type. How one of them is chosen for a
 * client is their routing policy (zone/routing).
 */
export interface RecordSet {
  /** Absolute, folded. */
  readonly name: Name;
  readonly type: number;
  /** Tells the sets of one name and type apart; undefined where the policy is simple. */
  readonly setIdentifier: string | undefined;
  readonly policy: Policy;
  /** Slot of the health check (util/healthbits); undefined: the set counts as healthy. */
  readonly health: number | undefined;
  readonly content: Content;
}

export type Content =
  /** `ttl` in seconds, 0..2^31-1. */
  { readonly kind: 'records'; readonly ttl: number; readonly rdatas: readonly Uint8Array[] } | Alias;

/** Answers look like plain records of the alias's type, at its name, with the TTL of the target. */
export interface Alias {
  readonly kind: 'alias';
  /** Absolute, folded. */
  readonly target: Name;
  /** `zone`: a set of the same type in the same zone, also one that a wildcard makes. `outside`: resolved when asked for. */
  readonly where: 'zone' | 'outside';
  readonly evaluateTargetHealth: boolean;
}

export type Policy =
  | { readonly kind: 'simple' }
  /** 0..255 */
  | { readonly kind: 'weighted'; readonly weight: number }
  | { readonly kind: 'failover'; readonly role: 'primary' | 'secondary' }
  /** `region` as in zone/geo/regions, with where that is. */
  | { readonly kind: 'latency'; readonly region: string; readonly at: Coordinates }
  | { readonly kind: 'geolocation'; readonly place: Place }
  /** `bias` -99..99: above zero draws clients from further away. */
  | { readonly kind: 'geoproximity'; readonly at: Coordinates; readonly bias: number }
  | { readonly kind: 'multivalue' }
  /** `location` of the collection in slot `collection` of the snapshot; `*`: clients of no location. */
  | { readonly kind: 'cidr'; readonly collection: number; readonly location: string };

/** Degrees; latitude -90..90, longitude -180..180. */
export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

/** Codes are of two capital letters; `default`: clients that no other set is for. */
export type Place =
  | { readonly kind: 'default' }
  | { readonly kind: 'continent'; readonly continent: string }
  | { readonly kind: 'country'; readonly country: string }
  | { readonly kind: 'subdivision'; readonly country: string; readonly subdivision: string };
