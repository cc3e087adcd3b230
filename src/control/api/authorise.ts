import type { Input } from './binding.ts';
import { apiError } from './errors.ts';
import type { Caller } from './handler.ts';
import { type Known, zoneMember } from './operations.ts';

/** What a key for some zones may do with them. */
const IN_ZONE = new Set([
  'ChangeResourceRecordSets',
  'GetDNSSEC',
  'GetHostedZone',
  'GetHostedZoneLimit',
  'ListResourceRecordSets',
  'TestDNSAnswer',
]);
/** What its clients need besides, and which tells nothing but names of zones. */
const BESIDE_ZONES = new Set([
  'GetChange',
  'GetGeoLocation',
  'GetHostedZoneCount',
  'ListGeoLocations',
  'ListHostedZones',
  'ListHostedZonesByName',
]);

/** Refuses what the key's scope does not allow. Throws ApiError AccessDenied in the words of AWS. */
export function authorise(operation: Known, input: Input, caller: Caller): void {
  const zones = zonesOf(operation, input);
  if (allowed(operation, zones, caller)) return;
  const { service, name } = operation;
  const user = `arn:aws:iam::${caller.account}:user/${caller.accessKeyId}`;
  const resource = zones.length === 0 ? '*' : `arn:aws:route53:::hostedzone/${zones[0]}`;
  throw apiError(
    'AccessDenied',
    `User: ${user} is not authorized to perform: ${service}:${name} on resource: ${resource} because no identity-based policy allows the ${service}:${name} action`,
  );
}

function allowed({ service, name, writes }: Known, zones: readonly string[], caller: Caller): boolean {
  switch (caller.scope) {
    case 'admin':
      return true;
    case 'read':
      return !writes;
    case 'zones': {
      if (service !== 'route53') return false;
      if (BESIDE_ZONES.has(name)) return true;
      const known = IN_ZONE.has(name) || /^ListTagsForResources?$/.test(name);
      return known && zones.length > 0 && zones.every((zone) => caller.zones.includes(zone));
    }
  }
}

/** The hosted zones that a request is about. */
function zonesOf(operation: Known, input: Input): string[] {
  const member = zoneMember(operation);
  const named = member === undefined ? undefined : input[member];
  if (typeof named === 'string') return [named];
  if (input['ResourceType'] !== 'hostedzone') return [];
  const { ResourceId: one, ResourceIds: many } = input;
  return (many as string[] | undefined) ?? (typeof one === 'string' ? [one] : []);
}
