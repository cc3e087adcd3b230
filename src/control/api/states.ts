import type { ServiceName } from './model.ts';
import type { Known } from './operations.ts';

/** Operations that have a handler: what docs/api.md is made of, and a test compares with the handlers. */
export const SERVED: Readonly<Record<ServiceName, readonly string[]>> = {
  route53: [
    'ActivateKeySigningKey',
    'AssociateVPCWithHostedZone',
    'ChangeCidrCollection',
    'ChangeResourceRecordSets',
    'ChangeTagsForResource',
    'CreateCidrCollection',
    'CreateHealthCheck',
    'CreateHostedZone',
    'CreateKeySigningKey',
    'CreateQueryLoggingConfig',
    'CreateReusableDelegationSet',
    'CreateVPCAssociationAuthorization',
    'DeactivateKeySigningKey',
    'DeleteCidrCollection',
    'DeleteHealthCheck',
    'DeleteHostedZone',
    'DeleteKeySigningKey',
    'DeleteQueryLoggingConfig',
    'DeleteReusableDelegationSet',
    'DeleteVPCAssociationAuthorization',
    'DisableHostedZoneDNSSEC',
    'DisassociateVPCFromHostedZone',
    'EnableHostedZoneDNSSEC',
    'GetAccountLimit',
    'GetChange',
    'GetCheckerIpRanges',
    'GetDNSSEC',
    'GetGeoLocation',
    'GetHealthCheck',
    'GetHealthCheckCount',
    'GetHealthCheckLastFailureReason',
    'GetHealthCheckStatus',
    'GetHostedZone',
    'GetHostedZoneCount',
    'GetHostedZoneLimit',
    'GetQueryLoggingConfig',
    'GetReusableDelegationSet',
    'GetReusableDelegationSetLimit',
    'ListCidrBlocks',
    'ListCidrCollections',
    'ListCidrLocations',
    'ListGeoLocations',
    'ListHealthChecks',
    'ListHostedZones',
    'ListHostedZonesByName',
    'ListHostedZonesByVPC',
    'ListQueryLoggingConfigs',
    'ListResourceRecordSets',
    'ListReusableDelegationSets',
    'ListTagsForResource',
    'ListTagsForResources',
    'ListVPCAssociationAuthorizations',
    'TestDNSAnswer',
    'UpdateHealthCheck',
    'UpdateHostedZoneComment',
    'UpdateHostedZoneFeatures',
  ],
  route53resolver: [
    'AssociateResolverEndpointIpAddress',
    'AssociateResolverRule',
    'CreateResolverEndpoint',
    'CreateResolverRule',
    'DeleteResolverEndpoint',
    'DeleteResolverRule',
    'DisassociateResolverEndpointIpAddress',
    'DisassociateResolverRule',
    'GetResolverConfig',
    'GetResolverDnssecConfig',
    'GetResolverEndpoint',
    'GetResolverRule',
    'GetResolverRuleAssociation',
    'ListResolverConfigs',
    'ListResolverDnssecConfigs',
    'ListResolverEndpointIpAddresses',
    'ListResolverEndpoints',
    'ListResolverRuleAssociations',
    'ListResolverRules',
    'ListTagsForResource',
    'TagResource',
    'UntagResource',
    'UpdateResolverConfig',
    'UpdateResolverDnssecConfig',
    'UpdateResolverEndpoint',
    'UpdateResolverRule',
  ],
  route53profiles: [],
};

const OUTPOSTS = 'AWS Outposts are machines of AWS';

/** Operations that mean nothing outside AWS, and why: they answer as AWS does to an unsupported request. */
export const REFUSED: Readonly<Record<ServiceName, Readonly<Record<string, string>>>> = {
  route53: {},
  route53resolver: {
    CreateOutpostResolver: OUTPOSTS,
    DeleteOutpostResolver: OUTPOSTS,
    GetOutpostResolver: OUTPOSTS,
    ListOutpostResolvers: OUTPOSTS,
    UpdateOutpostResolver: OUTPOSTS,
  },
  route53profiles: {},
};

export type State =
  | { readonly state: 'served' | 'not yet' }
  | { readonly state: 'refused'; readonly why: string };

export function stateOf({ service, name }: Pick<Known, 'service' | 'name'>): State {
  if (SERVED[service].includes(name)) return { state: 'served' };
  const why = REFUSED[service][name];
  return why === undefined ? { state: 'not yet' } : { state: 'refused', why };
}
