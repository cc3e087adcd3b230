import type { ViewData } from '../../view/snapshot.ts';
import type { Config } from '../config/load.ts';

/** Whose view it is. `id` says so across reloads; no VPC has an id with a space. */
export type Owner =
  | { readonly kind: 'vpc'; readonly id: string; readonly vpc: Config['vpcs'][number] }
  /** `asks`: how names outside are resolved that its aliases lead to; the VPC's way where it serves a VPC's zones. */
  | {
      readonly kind: 'endpoint';
      readonly id: string;
      readonly region: string;
      readonly asks: Asks;
      readonly vpc: string | undefined;
    };

/** Who asks others, and what is validated of what they say. */
export type Asks = Pick<Config['vpcs'][number], 'id' | 'dnssec'>;

/** `vpc` of a view that is nobody's. */
export const NOBODY = '';

/** Owner of the view of an authoritative endpoint. */
export function endpointOwner(id: string): string {
  return `endpoint ${id}`;
}

/** All that have a view, each once. Who asks for a VPC's private zones is in its region, as there. */
export function ownersOf({ vpcs, endpoints, node }: Config): Owner[] {
  const byId = new Map(vpcs.map((vpc) => [vpc.id, vpc]));
  return [
    ...vpcs.map((vpc) => ({ kind: 'vpc' as const, id: vpc.id, vpc })),
    ...endpoints.authoritative.map(({ id, vpc }) => {
      const served = byId.get(vpc ?? '');
      const region = served === undefined ? '' : (served.region ?? node.region);
      const owner = endpointOwner(id);
      const asks = { id: owner, dnssec: served?.dnssec ?? ('validate' as const) };
      return { kind: 'endpoint' as const, id: owner, region, asks, vpc };
    }),
  ];
}

/**
 * The owners in the order of their views; undefined for a view of nobody. Answers are stored under the index of their
 * view, so an owner keeps its index, and the index of one that went stays empty for one snapshot: while workers take
 * over one after another, no answer of the old owner may be found by a new one.
 */
export function orderOwners(
  owners: readonly Owner[],
  before: readonly ViewData[] = [],
): (Owner | undefined)[] {
  const byId = new Map(owners.map((owner) => [owner.id, owner]));
  const order = before.map(({ vpc }) => byId.get(vpc));
  const kept = new Set(order);
  const free = before.flatMap(({ vpc, index }) => (vpc === NOBODY ? index : []));
  for (const owner of owners) {
    if (kept.has(owner)) continue;
    const index = free.shift();
    if (index === undefined) order.push(owner);
    else order[index] = owner;
  }
  while (order.length > 0 && order.at(-1) === undefined) order.pop();
  return order;
}
