/** What an authoritative endpoint serves, as it says. */
export interface Serving {
  readonly delegationSet?: string | undefined;
  readonly zones?: readonly (string | undefined)[] | undefined;
  readonly vpc?: string | undefined;
}

/** What decides which endpoints serve a zone. */
export interface Servable {
  readonly id: string | undefined;
  readonly delegationSet?: string | undefined;
  /** None of a public zone. */
  readonly vpcs?: readonly (string | undefined)[] | undefined;
}

/** True if the endpoint serves the zone: a public one of its set or list, or a private one of its VPC. */
export function isServed(endpoint: Serving, zone: Servable): boolean {
  if (zone.vpcs !== undefined) return endpoint.vpc !== undefined && zone.vpcs.includes(endpoint.vpc);
  if (zone.id !== undefined && endpoint.zones?.includes(zone.id)) return true;
  return endpoint.delegationSet !== undefined && endpoint.delegationSet === zone.delegationSet;
}
