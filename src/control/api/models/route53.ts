/** Made by generate.ts from the model that AWS publishes; not edited by hand. */

export type ARN = string;

export type AWSAccountID = string;

export type AWSRegion = string;

export type AcceleratedRecoveryEnabled = boolean;

export type AcceleratedRecoveryStatus =
  | 'ENABLING'
  | 'ENABLE_FAILED'
  | 'ENABLING_HOSTED_ZONE_LOCKED'
  | 'ENABLED'
  | 'DISABLING'
  | 'DISABLE_FAILED'
  | 'DISABLED'
  | 'DISABLING_HOSTED_ZONE_LOCKED';

export interface AccountLimit {
  readonly Type: AccountLimitType;
  readonly Value: LimitValue;
}

export type AccountLimitType =
  | 'MAX_HEALTH_CHECKS_BY_OWNER'
  | 'MAX_HOSTED_ZONES_BY_OWNER'
  | 'MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER'
  | 'MAX_REUSABLE_DELEGATION_SETS_BY_OWNER'
  | 'MAX_TRAFFIC_POLICIES_BY_OWNER';

export interface ActivateKeySigningKeyRequest {
  readonly HostedZoneId: ResourceId;
  readonly Name: SigningKeyName;
}

export interface ActivateKeySigningKeyResponse {
  readonly ChangeInfo: ChangeInfo;
}

export interface AlarmIdentifier {
  readonly Region: CloudWatchRegion;
  readonly Name: AlarmName;
}

export type AlarmName = string;

export type AliasHealthEnabled = boolean;

export interface AliasTarget {
  readonly HostedZoneId: ResourceId;
  readonly DNSName: DNSName;
  readonly EvaluateTargetHealth: AliasHealthEnabled;
}

export type AssociateVPCComment = string;

export interface AssociateVPCWithHostedZoneRequest {
  readonly HostedZoneId: ResourceId;
  readonly VPC: VPC;
  readonly Comment?: AssociateVPCComment | undefined;
}

export interface AssociateVPCWithHostedZoneResponse {
  readonly ChangeInfo: ChangeInfo;
}

export type Bias = number;

export interface Change {
  readonly Action: ChangeAction;
  readonly ResourceRecordSet: ResourceRecordSet;
}

export type ChangeAction = 'CREATE' | 'DELETE' | 'UPSERT';

export interface ChangeBatch {
  readonly Comment?: ResourceDescription | undefined;
  readonly Changes: Changes;
}

export interface ChangeCidrCollectionRequest {
  readonly Id: UUID;
  readonly CollectionVersion?: CollectionVersion | undefined;
  readonly Changes: CidrCollectionChanges;
}

export interface ChangeCidrCollectionResponse {
  readonly Id: ChangeId;
}

export type ChangeId = string;

export interface ChangeInfo {
  readonly Id: ResourceId;
  readonly Status: ChangeStatus;
  readonly SubmittedAt: TimeStamp;
  readonly Comment?: ResourceDescription | undefined;
}

export interface ChangeResourceRecordSetsRequest {
  readonly HostedZoneId: ResourceId;
  readonly ChangeBatch: ChangeBatch;
}

export interface ChangeResourceRecordSetsResponse {
  readonly ChangeInfo: ChangeInfo;
}

export type ChangeStatus = 'PENDING' | 'INSYNC';

export interface ChangeTagsForResourceRequest {
  readonly ResourceType: TagResourceType;
  readonly ResourceId: TagResourceId;
  readonly AddTags?: TagList | undefined;
  readonly RemoveTagKeys?: TagKeyList | undefined;
}

export type ChangeTagsForResourceResponse = Readonly<Record<string, never>>;

export type Changes = readonly Change[];

export type CheckerIpRanges = readonly IPAddressCidr[];

export type ChildHealthCheckList = readonly HealthCheckId[];

export type Cidr = string;

export type CidrBlockSummaries = readonly CidrBlockSummary[];

export interface CidrBlockSummary {
  readonly CidrBlock?: Cidr | undefined;
  readonly LocationName?: CidrLocationNameDefaultNotAllowed | undefined;
}

export interface CidrCollection {
  readonly Arn?: ARN | undefined;
  readonly Id?: UUID | undefined;
  readonly Name?: CollectionName | undefined;
  readonly Version?: CollectionVersion | undefined;
}

export interface CidrCollectionChange {
  readonly LocationName: CidrLocationNameDefaultNotAllowed;
  readonly Action: CidrCollectionChangeAction;
  readonly CidrList: CidrList;
}

export type CidrCollectionChangeAction = 'PUT' | 'DELETE_IF_EXISTS';

export type CidrCollectionChanges = readonly CidrCollectionChange[];

export type CidrList = readonly Cidr[];

export type CidrLocationNameDefaultAllowed = string;

export type CidrLocationNameDefaultNotAllowed = string;

export type CidrNonce = string;

export interface CidrRoutingConfig {
  readonly CollectionId: UUID;
  readonly LocationName: CidrLocationNameDefaultAllowed;
}

export interface CloudWatchAlarmConfiguration {
  readonly EvaluationPeriods: EvaluationPeriods;
  readonly Threshold: Threshold;
  readonly ComparisonOperator: ComparisonOperator;
  readonly Period: Period;
  readonly MetricName: MetricName;
  readonly Namespace: Namespace;
  readonly Statistic: Statistic;
  readonly Dimensions?: DimensionList | undefined;
}

export type CloudWatchLogsLogGroupArn = string;

export type CloudWatchRegion =
  | 'us-east-1'
  | 'us-east-2'
  | 'us-west-1'
  | 'us-west-2'
  | 'ca-central-1'
  | 'eu-central-1'
  | 'eu-central-2'
  | 'eu-west-1'
  | 'eu-west-2'
  | 'eu-west-3'
  | 'ap-east-1'
  | 'me-south-1'
  | 'me-central-1'
  | 'ap-south-1'
  | 'ap-south-2'
  | 'ap-southeast-1'
  | 'ap-southeast-2'
  | 'ap-southeast-3'
  | 'ap-northeast-1'
  | 'ap-northeast-2'
  | 'ap-northeast-3'
  | 'eu-north-1'
  | 'sa-east-1'
  | 'cn-northwest-1'
  | 'cn-north-1'
  | 'af-south-1'
  | 'eu-south-1'
  | 'eu-south-2'
  | 'us-gov-west-1'
  | 'us-gov-east-1'
  | 'us-iso-east-1'
  | 'us-iso-west-1'
  | 'us-isob-east-1'
  | 'ap-southeast-4'
  | 'il-central-1'
  | 'ca-west-1'
  | 'ap-southeast-5'
  | 'mx-central-1'
  | 'us-isof-south-1'
  | 'us-isof-east-1'
  | 'ap-southeast-7'
  | 'ap-east-2'
  | 'eu-isoe-west-1'
  | 'ap-southeast-6'
  | 'us-isob-west-1'
  | 'eusc-de-east-1';

export type CollectionName = string;

export type CollectionSummaries = readonly CollectionSummary[];

export interface CollectionSummary {
  readonly Arn?: ARN | undefined;
  readonly Id?: UUID | undefined;
  readonly Name?: CollectionName | undefined;
  readonly Version?: CollectionVersion | undefined;
}

export type CollectionVersion = number;

export type ComparisonOperator =
  | 'GreaterThanOrEqualToThreshold'
  | 'GreaterThanThreshold'
  | 'LessThanThreshold'
  | 'LessThanOrEqualToThreshold';

export interface Coordinates {
  readonly Latitude: Latitude;
  readonly Longitude: Longitude;
}

export interface CreateCidrCollectionRequest {
  readonly Name: CollectionName;
  readonly CallerReference: CidrNonce;
}

export interface CreateCidrCollectionResponse {
  readonly Collection?: CidrCollection | undefined;
  readonly Location?: ResourceURI | undefined;
}

export interface CreateHealthCheckRequest {
  readonly CallerReference: HealthCheckNonce;
  readonly HealthCheckConfig: HealthCheckConfig;
}

export interface CreateHealthCheckResponse {
  readonly HealthCheck: HealthCheck;
  readonly Location: ResourceURI;
}

export interface CreateHostedZoneRequest {
  readonly Name: DNSName;
  readonly VPC?: VPC | undefined;
  readonly CallerReference: Nonce;
  readonly HostedZoneConfig?: HostedZoneConfig | undefined;
  readonly DelegationSetId?: ResourceId | undefined;
}

export interface CreateHostedZoneResponse {
  readonly HostedZone: HostedZone;
  readonly ChangeInfo: ChangeInfo;
  readonly DelegationSet: DelegationSet;
  readonly VPC?: VPC | undefined;
  readonly Location: ResourceURI;
}

export interface CreateKeySigningKeyRequest {
  readonly CallerReference: Nonce;
  readonly HostedZoneId: ResourceId;
  readonly KeyManagementServiceArn: SigningKeyString;
  readonly Name: SigningKeyName;
  readonly Status: SigningKeyStatus;
}

export interface CreateKeySigningKeyResponse {
  readonly ChangeInfo: ChangeInfo;
  readonly KeySigningKey: KeySigningKey;
  readonly Location: ResourceURI;
}

export interface CreateQueryLoggingConfigRequest {
  readonly HostedZoneId: ResourceId;
  readonly CloudWatchLogsLogGroupArn: CloudWatchLogsLogGroupArn;
}

export interface CreateQueryLoggingConfigResponse {
  readonly QueryLoggingConfig: QueryLoggingConfig;
  readonly Location: ResourceURI;
}

export interface CreateReusableDelegationSetRequest {
  readonly CallerReference: Nonce;
  readonly HostedZoneId?: ResourceId | undefined;
}

export interface CreateReusableDelegationSetResponse {
  readonly DelegationSet: DelegationSet;
  readonly Location: ResourceURI;
}

export interface CreateTrafficPolicyInstanceRequest {
  readonly HostedZoneId: ResourceId;
  readonly Name: DNSName;
  readonly TTL: TTL;
  readonly TrafficPolicyId: TrafficPolicyId;
  readonly TrafficPolicyVersion: TrafficPolicyVersion;
}

export interface CreateTrafficPolicyInstanceResponse {
  readonly TrafficPolicyInstance: TrafficPolicyInstance;
  readonly Location: ResourceURI;
}

export interface CreateTrafficPolicyRequest {
  readonly Name: TrafficPolicyName;
  readonly Document: TrafficPolicyDocument;
  readonly Comment?: TrafficPolicyComment | undefined;
}

export interface CreateTrafficPolicyResponse {
  readonly TrafficPolicy: TrafficPolicy;
  readonly Location: ResourceURI;
}

export interface CreateTrafficPolicyVersionRequest {
  readonly Id: TrafficPolicyId;
  readonly Document: TrafficPolicyDocument;
  readonly Comment?: TrafficPolicyComment | undefined;
}

export interface CreateTrafficPolicyVersionResponse {
  readonly TrafficPolicy: TrafficPolicy;
  readonly Location: ResourceURI;
}

export interface CreateVPCAssociationAuthorizationRequest {
  readonly HostedZoneId: ResourceId;
  readonly VPC: VPC;
}

export interface CreateVPCAssociationAuthorizationResponse {
  readonly HostedZoneId: ResourceId;
  readonly VPC: VPC;
}

export type DNSName = string;

export type DNSRCode = string;

export interface DNSSECStatus {
  readonly ServeSignature?: ServeSignature | undefined;
  readonly StatusMessage?: SigningKeyStatusMessage | undefined;
}

export interface DeactivateKeySigningKeyRequest {
  readonly HostedZoneId: ResourceId;
  readonly Name: SigningKeyName;
}

export interface DeactivateKeySigningKeyResponse {
  readonly ChangeInfo: ChangeInfo;
}

export interface DelegationSet {
  readonly Id?: ResourceId | undefined;
  readonly CallerReference?: Nonce | undefined;
  readonly NameServers: DelegationSetNameServers;
}

export type DelegationSetNameServers = readonly DNSName[];

export type DelegationSets = readonly DelegationSet[];

export interface DeleteCidrCollectionRequest {
  readonly Id: UUID;
}

export type DeleteCidrCollectionResponse = Readonly<Record<string, never>>;

export interface DeleteHealthCheckRequest {
  readonly HealthCheckId: HealthCheckId;
}

export type DeleteHealthCheckResponse = Readonly<Record<string, never>>;

export interface DeleteHostedZoneRequest {
  readonly Id: ResourceId;
}

export interface DeleteHostedZoneResponse {
  readonly ChangeInfo: ChangeInfo;
}

export interface DeleteKeySigningKeyRequest {
  readonly HostedZoneId: ResourceId;
  readonly Name: SigningKeyName;
}

export interface DeleteKeySigningKeyResponse {
  readonly ChangeInfo: ChangeInfo;
}

export interface DeleteQueryLoggingConfigRequest {
  readonly Id: QueryLoggingConfigId;
}

export type DeleteQueryLoggingConfigResponse = Readonly<Record<string, never>>;

export interface DeleteReusableDelegationSetRequest {
  readonly Id: ResourceId;
}

export type DeleteReusableDelegationSetResponse = Readonly<Record<string, never>>;

export interface DeleteTrafficPolicyInstanceRequest {
  readonly Id: TrafficPolicyInstanceId;
}

export type DeleteTrafficPolicyInstanceResponse = Readonly<Record<string, never>>;

export interface DeleteTrafficPolicyRequest {
  readonly Id: TrafficPolicyId;
  readonly Version: TrafficPolicyVersion;
}

export type DeleteTrafficPolicyResponse = Readonly<Record<string, never>>;

export interface DeleteVPCAssociationAuthorizationRequest {
  readonly HostedZoneId: ResourceId;
  readonly VPC: VPC;
}

export type DeleteVPCAssociationAuthorizationResponse = Readonly<Record<string, never>>;

export interface Dimension {
  readonly Name: DimensionField;
  readonly Value: DimensionField;
}

export type DimensionField = string;

export type DimensionList = readonly Dimension[];

export interface DisableHostedZoneDNSSECRequest {
  readonly HostedZoneId: ResourceId;
}

export interface DisableHostedZoneDNSSECResponse {
  readonly ChangeInfo: ChangeInfo;
}

export type Disabled = boolean;

export type DisassociateVPCComment = string;

export interface DisassociateVPCFromHostedZoneRequest {
  readonly HostedZoneId: ResourceId;
  readonly VPC: VPC;
  readonly Comment?: DisassociateVPCComment | undefined;
}

export interface DisassociateVPCFromHostedZoneResponse {
  readonly ChangeInfo: ChangeInfo;
}

export interface EnableHostedZoneDNSSECRequest {
  readonly HostedZoneId: ResourceId;
}

export interface EnableHostedZoneDNSSECResponse {
  readonly ChangeInfo: ChangeInfo;
}

export type EnableSNI = boolean;

export type ErrorMessage = string;

export type ErrorMessages = readonly ErrorMessage[];

export type EvaluationPeriods = number;

export type FailureReason = string;

export type FailureThreshold = number;

export type FullyQualifiedDomainName = string;

export interface GeoLocation {
  readonly ContinentCode?: GeoLocationContinentCode | undefined;
  readonly CountryCode?: GeoLocationCountryCode | undefined;
  readonly SubdivisionCode?: GeoLocationSubdivisionCode | undefined;
}

export type GeoLocationContinentCode = string;

export type GeoLocationContinentName = string;

export type GeoLocationCountryCode = string;

export type GeoLocationCountryName = string;

export interface GeoLocationDetails {
  readonly ContinentCode?: GeoLocationContinentCode | undefined;
  readonly ContinentName?: GeoLocationContinentName | undefined;
  readonly CountryCode?: GeoLocationCountryCode | undefined;
  readonly CountryName?: GeoLocationCountryName | undefined;
  readonly SubdivisionCode?: GeoLocationSubdivisionCode | undefined;
  readonly SubdivisionName?: GeoLocationSubdivisionName | undefined;
}

export type GeoLocationDetailsList = readonly GeoLocationDetails[];

export type GeoLocationSubdivisionCode = string;

export type GeoLocationSubdivisionName = string;

export interface GeoProximityLocation {
  readonly AWSRegion?: AWSRegion | undefined;
  readonly LocalZoneGroup?: LocalZoneGroup | undefined;
  readonly Coordinates?: Coordinates | undefined;
  readonly Bias?: Bias | undefined;
}

export interface GetAccountLimitRequest {
  readonly Type: AccountLimitType;
}

export interface GetAccountLimitResponse {
  readonly Limit: AccountLimit;
  readonly Count: UsageCount;
}

export interface GetChangeRequest {
  readonly Id: ChangeId;
}

export interface GetChangeResponse {
  readonly ChangeInfo: ChangeInfo;
}

export type GetCheckerIpRangesRequest = Readonly<Record<string, never>>;

export interface GetCheckerIpRangesResponse {
  readonly CheckerIpRanges: CheckerIpRanges;
}

export interface GetDNSSECRequest {
  readonly HostedZoneId: ResourceId;
}

export interface GetDNSSECResponse {
  readonly Status: DNSSECStatus;
  readonly KeySigningKeys: KeySigningKeys;
}

export interface GetGeoLocationRequest {
  readonly ContinentCode?: GeoLocationContinentCode | undefined;
  readonly CountryCode?: GeoLocationCountryCode | undefined;
  readonly SubdivisionCode?: GeoLocationSubdivisionCode | undefined;
}

export interface GetGeoLocationResponse {
  readonly GeoLocationDetails: GeoLocationDetails;
}

export type GetHealthCheckCountRequest = Readonly<Record<string, never>>;

export interface GetHealthCheckCountResponse {
  readonly HealthCheckCount: HealthCheckCount;
}

export interface GetHealthCheckLastFailureReasonRequest {
  readonly HealthCheckId: HealthCheckId;
}

export interface GetHealthCheckLastFailureReasonResponse {
  readonly HealthCheckObservations: HealthCheckObservations;
}

export interface GetHealthCheckRequest {
  readonly HealthCheckId: HealthCheckId;
}

export interface GetHealthCheckResponse {
  readonly HealthCheck: HealthCheck;
}

export interface GetHealthCheckStatusRequest {
  readonly HealthCheckId: HealthCheckId;
}

export interface GetHealthCheckStatusResponse {
  readonly HealthCheckObservations: HealthCheckObservations;
}

export type GetHostedZoneCountRequest = Readonly<Record<string, never>>;

export interface GetHostedZoneCountResponse {
  readonly HostedZoneCount: HostedZoneCount;
}

export interface GetHostedZoneLimitRequest {
  readonly Type: HostedZoneLimitType;
  readonly HostedZoneId: ResourceId;
}

export interface GetHostedZoneLimitResponse {
  readonly Limit: HostedZoneLimit;
  readonly Count: UsageCount;
}

export interface GetHostedZoneRequest {
  readonly Id: ResourceId;
}

export interface GetHostedZoneResponse {
  readonly HostedZone: HostedZone;
  readonly DelegationSet?: DelegationSet | undefined;
  readonly VPCs?: VPCs | undefined;
}

export interface GetQueryLoggingConfigRequest {
  readonly Id: QueryLoggingConfigId;
}

export interface GetQueryLoggingConfigResponse {
  readonly QueryLoggingConfig: QueryLoggingConfig;
}

export interface GetReusableDelegationSetLimitRequest {
  readonly Type: ReusableDelegationSetLimitType;
  readonly DelegationSetId: ResourceId;
}

export interface GetReusableDelegationSetLimitResponse {
  readonly Limit: ReusableDelegationSetLimit;
  readonly Count: UsageCount;
}

export interface GetReusableDelegationSetRequest {
  readonly Id: ResourceId;
}

export interface GetReusableDelegationSetResponse {
  readonly DelegationSet: DelegationSet;
}

export type GetTrafficPolicyInstanceCountRequest = Readonly<Record<string, never>>;

export interface GetTrafficPolicyInstanceCountResponse {
  readonly TrafficPolicyInstanceCount: TrafficPolicyInstanceCount;
}

export interface GetTrafficPolicyInstanceRequest {
  readonly Id: TrafficPolicyInstanceId;
}

export interface GetTrafficPolicyInstanceResponse {
  readonly TrafficPolicyInstance: TrafficPolicyInstance;
}

export interface GetTrafficPolicyRequest {
  readonly Id: TrafficPolicyId;
  readonly Version: TrafficPolicyVersion;
}

export interface GetTrafficPolicyResponse {
  readonly TrafficPolicy: TrafficPolicy;
}

export interface HealthCheck {
  readonly Id: HealthCheckId;
  readonly CallerReference: HealthCheckNonce;
  readonly LinkedService?: LinkedService | undefined;
  readonly HealthCheckConfig: HealthCheckConfig;
  readonly HealthCheckVersion: HealthCheckVersion;
  readonly CloudWatchAlarmConfiguration?: CloudWatchAlarmConfiguration | undefined;
}

export interface HealthCheckConfig {
  readonly IPAddress?: IPAddress | undefined;
  readonly Port?: Port | undefined;
  readonly Type: HealthCheckType;
  readonly ResourcePath?: ResourcePath | undefined;
  readonly FullyQualifiedDomainName?: FullyQualifiedDomainName | undefined;
  readonly SearchString?: SearchString | undefined;
  readonly RequestInterval?: RequestInterval | undefined;
  readonly FailureThreshold?: FailureThreshold | undefined;
  readonly MeasureLatency?: MeasureLatency | undefined;
  readonly Inverted?: Inverted | undefined;
  readonly Disabled?: Disabled | undefined;
  readonly HealthThreshold?: HealthThreshold | undefined;
  readonly ChildHealthChecks?: ChildHealthCheckList | undefined;
  readonly EnableSNI?: EnableSNI | undefined;
  readonly Regions?: HealthCheckRegionList | undefined;
  readonly AlarmIdentifier?: AlarmIdentifier | undefined;
  readonly InsufficientDataHealthStatus?: InsufficientDataHealthStatus | undefined;
  readonly RoutingControlArn?: RoutingControlArn | undefined;
}

export type HealthCheckCount = number;

export type HealthCheckId = string;

export type HealthCheckNonce = string;

export interface HealthCheckObservation {
  readonly Region?: HealthCheckRegion | undefined;
  readonly IPAddress?: IPAddress | undefined;
  readonly StatusReport?: StatusReport | undefined;
}

export type HealthCheckObservations = readonly HealthCheckObservation[];

export type HealthCheckRegion =
  | 'us-east-1'
  | 'us-west-1'
  | 'us-west-2'
  | 'eu-west-1'
  | 'ap-southeast-1'
  | 'ap-southeast-2'
  | 'ap-northeast-1'
  | 'sa-east-1';

export type HealthCheckRegionList = readonly HealthCheckRegion[];

export type HealthCheckType =
  | 'HTTP'
  | 'HTTPS'
  | 'HTTP_STR_MATCH'
  | 'HTTPS_STR_MATCH'
  | 'TCP'
  | 'CALCULATED'
  | 'CLOUDWATCH_METRIC'
  | 'RECOVERY_CONTROL';

export type HealthCheckVersion = number;

export type HealthChecks = readonly HealthCheck[];

export type HealthThreshold = number;

export interface HostedZone {
  readonly Id: ResourceId;
  readonly Name: DNSName;
  readonly CallerReference: Nonce;
  readonly Config?: HostedZoneConfig | undefined;
  readonly ResourceRecordSetCount?: HostedZoneRRSetCount | undefined;
  readonly LinkedService?: LinkedService | undefined;
  readonly Features?: HostedZoneFeatures | undefined;
}

export interface HostedZoneConfig {
  readonly Comment?: ResourceDescription | undefined;
  readonly PrivateZone?: IsPrivateZone | undefined;
}

export type HostedZoneCount = number;

export interface HostedZoneFailureReasons {
  readonly AcceleratedRecovery?: FailureReason | undefined;
}

export interface HostedZoneFeatures {
  readonly AcceleratedRecoveryStatus?: AcceleratedRecoveryStatus | undefined;
  readonly FailureReasons?: HostedZoneFailureReasons | undefined;
}

export interface HostedZoneLimit {
  readonly Type: HostedZoneLimitType;
  readonly Value: LimitValue;
}

export type HostedZoneLimitType = 'MAX_RRSETS_BY_ZONE' | 'MAX_VPCS_ASSOCIATED_BY_ZONE';

export interface HostedZoneOwner {
  readonly OwningAccount?: AWSAccountID | undefined;
  readonly OwningService?: HostedZoneOwningService | undefined;
}

export type HostedZoneOwningService = string;

export type HostedZoneRRSetCount = number;

export type HostedZoneSummaries = readonly HostedZoneSummary[];

export interface HostedZoneSummary {
  readonly HostedZoneId: ResourceId;
  readonly Name: DNSName;
  readonly Owner: HostedZoneOwner;
}

export type HostedZoneType = 'PrivateHostedZone';

export type HostedZones = readonly HostedZone[];

export type IPAddress = string;

export type IPAddressCidr = string;

export type InsufficientDataHealthStatus = 'Healthy' | 'Unhealthy' | 'LastKnownStatus';

export type Inverted = boolean;

export type IsPrivateZone = boolean;

export interface KeySigningKey {
  readonly Name?: SigningKeyName | undefined;
  readonly KmsArn?: SigningKeyString | undefined;
  readonly Flag?: SigningKeyInteger | undefined;
  readonly SigningAlgorithmMnemonic?: SigningKeyString | undefined;
  readonly SigningAlgorithmType?: SigningKeyInteger | undefined;
  readonly DigestAlgorithmMnemonic?: SigningKeyString | undefined;
  readonly DigestAlgorithmType?: SigningKeyInteger | undefined;
  readonly KeyTag?: SigningKeyTag | undefined;
  readonly DigestValue?: SigningKeyString | undefined;
  readonly PublicKey?: SigningKeyString | undefined;
  readonly DSRecord?: SigningKeyString | undefined;
  readonly DNSKEYRecord?: SigningKeyString | undefined;
  readonly Status?: SigningKeyStatus | undefined;
  readonly StatusMessage?: SigningKeyStatusMessage | undefined;
  readonly CreatedDate?: TimeStamp | undefined;
  readonly LastModifiedDate?: TimeStamp | undefined;
}

export type KeySigningKeys = readonly KeySigningKey[];

export type Latitude = string;

export type LimitValue = number;

export interface LinkedService {
  readonly ServicePrincipal?: ServicePrincipal | undefined;
  readonly Description?: ResourceDescription | undefined;
}

export interface ListCidrBlocksRequest {
  readonly CollectionId: UUID;
  readonly LocationName?: CidrLocationNameDefaultNotAllowed | undefined;
  readonly NextToken?: PaginationToken | undefined;
  readonly MaxResults?: MaxResults | undefined;
}

export interface ListCidrBlocksResponse {
  readonly NextToken?: PaginationToken | undefined;
  readonly CidrBlocks?: CidrBlockSummaries | undefined;
}

export interface ListCidrCollectionsRequest {
  readonly NextToken?: PaginationToken | undefined;
  readonly MaxResults?: MaxResults | undefined;
}

export interface ListCidrCollectionsResponse {
  readonly NextToken?: PaginationToken | undefined;
  readonly CidrCollections?: CollectionSummaries | undefined;
}

export interface ListCidrLocationsRequest {
  readonly CollectionId: UUID;
  readonly NextToken?: PaginationToken | undefined;
  readonly MaxResults?: MaxResults | undefined;
}

export interface ListCidrLocationsResponse {
  readonly NextToken?: PaginationToken | undefined;
  readonly CidrLocations?: LocationSummaries | undefined;
}

export interface ListGeoLocationsRequest {
  readonly StartContinentCode?: GeoLocationContinentCode | undefined;
  readonly StartCountryCode?: GeoLocationCountryCode | undefined;
  readonly StartSubdivisionCode?: GeoLocationSubdivisionCode | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
}

export interface ListGeoLocationsResponse {
  readonly GeoLocationDetailsList: GeoLocationDetailsList;
  readonly IsTruncated: PageTruncated;
  readonly NextContinentCode?: GeoLocationContinentCode | undefined;
  readonly NextCountryCode?: GeoLocationCountryCode | undefined;
  readonly NextSubdivisionCode?: GeoLocationSubdivisionCode | undefined;
  readonly MaxItems: PageMaxItems;
}

export interface ListHealthChecksRequest {
  readonly Marker?: PageMarker | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
}

export interface ListHealthChecksResponse {
  readonly HealthChecks: HealthChecks;
  readonly Marker?: PageMarker | undefined;
  readonly IsTruncated: PageTruncated;
  readonly NextMarker?: PageMarker | undefined;
  readonly MaxItems: PageMaxItems;
}

export interface ListHostedZonesByNameRequest {
  readonly DNSName?: DNSName | undefined;
  readonly HostedZoneId?: ResourceId | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
}

export interface ListHostedZonesByNameResponse {
  readonly HostedZones: HostedZones;
  readonly DNSName?: DNSName | undefined;
  readonly HostedZoneId?: ResourceId | undefined;
  readonly IsTruncated: PageTruncated;
  readonly NextDNSName?: DNSName | undefined;
  readonly NextHostedZoneId?: ResourceId | undefined;
  readonly MaxItems: PageMaxItems;
}

export interface ListHostedZonesByVPCRequest {
  readonly VPCId: VPCId;
  readonly VPCRegion: VPCRegion;
  readonly MaxItems?: PageMaxItems | undefined;
  readonly NextToken?: PaginationToken | undefined;
}

export interface ListHostedZonesByVPCResponse {
  readonly HostedZoneSummaries: HostedZoneSummaries;
  readonly MaxItems: PageMaxItems;
  readonly NextToken?: PaginationToken | undefined;
}

export interface ListHostedZonesRequest {
  readonly Marker?: PageMarker | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
  readonly DelegationSetId?: ResourceId | undefined;
  readonly HostedZoneType?: HostedZoneType | undefined;
}

export interface ListHostedZonesResponse {
  readonly HostedZones: HostedZones;
  readonly Marker?: PageMarker | undefined;
  readonly IsTruncated: PageTruncated;
  readonly NextMarker?: PageMarker | undefined;
  readonly MaxItems: PageMaxItems;
}

export interface ListQueryLoggingConfigsRequest {
  readonly HostedZoneId?: ResourceId | undefined;
  readonly NextToken?: PaginationToken | undefined;
  readonly MaxResults?: MaxResults | undefined;
}

export interface ListQueryLoggingConfigsResponse {
  readonly QueryLoggingConfigs: QueryLoggingConfigs;
  readonly NextToken?: PaginationToken | undefined;
}

export interface ListResourceRecordSetsRequest {
  readonly HostedZoneId: ResourceId;
  readonly StartRecordName?: DNSName | undefined;
  readonly StartRecordType?: RRType | undefined;
  readonly StartRecordIdentifier?: ResourceRecordSetIdentifier | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
}

export interface ListResourceRecordSetsResponse {
  readonly ResourceRecordSets: ResourceRecordSets;
  readonly IsTruncated: PageTruncated;
  readonly NextRecordName?: DNSName | undefined;
  readonly NextRecordType?: RRType | undefined;
  readonly NextRecordIdentifier?: ResourceRecordSetIdentifier | undefined;
  readonly MaxItems: PageMaxItems;
}

export interface ListReusableDelegationSetsRequest {
  readonly Marker?: PageMarker | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
}

export interface ListReusableDelegationSetsResponse {
  readonly DelegationSets: DelegationSets;
  readonly Marker?: PageMarker | undefined;
  readonly IsTruncated: PageTruncated;
  readonly NextMarker?: PageMarker | undefined;
  readonly MaxItems: PageMaxItems;
}

export interface ListTagsForResourceRequest {
  readonly ResourceType: TagResourceType;
  readonly ResourceId: TagResourceId;
}

export interface ListTagsForResourceResponse {
  readonly ResourceTagSet: ResourceTagSet;
}

export interface ListTagsForResourcesRequest {
  readonly ResourceType: TagResourceType;
  readonly ResourceIds: TagResourceIdList;
}

export interface ListTagsForResourcesResponse {
  readonly ResourceTagSets: ResourceTagSetList;
}

export interface ListTrafficPoliciesRequest {
  readonly TrafficPolicyIdMarker?: TrafficPolicyId | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
}

export interface ListTrafficPoliciesResponse {
  readonly TrafficPolicySummaries: TrafficPolicySummaries;
  readonly IsTruncated: PageTruncated;
  readonly TrafficPolicyIdMarker: TrafficPolicyId;
  readonly MaxItems: PageMaxItems;
}

export interface ListTrafficPolicyInstancesByHostedZoneRequest {
  readonly HostedZoneId: ResourceId;
  readonly TrafficPolicyInstanceNameMarker?: DNSName | undefined;
  readonly TrafficPolicyInstanceTypeMarker?: RRType | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
}

export interface ListTrafficPolicyInstancesByHostedZoneResponse {
  readonly TrafficPolicyInstances: TrafficPolicyInstances;
  readonly TrafficPolicyInstanceNameMarker?: DNSName | undefined;
  readonly TrafficPolicyInstanceTypeMarker?: RRType | undefined;
  readonly IsTruncated: PageTruncated;
  readonly MaxItems: PageMaxItems;
}

export interface ListTrafficPolicyInstancesByPolicyRequest {
  readonly TrafficPolicyId: TrafficPolicyId;
  readonly TrafficPolicyVersion: TrafficPolicyVersion;
  readonly HostedZoneIdMarker?: ResourceId | undefined;
  readonly TrafficPolicyInstanceNameMarker?: DNSName | undefined;
  readonly TrafficPolicyInstanceTypeMarker?: RRType | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
}

export interface ListTrafficPolicyInstancesByPolicyResponse {
  readonly TrafficPolicyInstances: TrafficPolicyInstances;
  readonly HostedZoneIdMarker?: ResourceId | undefined;
  readonly TrafficPolicyInstanceNameMarker?: DNSName | undefined;
  readonly TrafficPolicyInstanceTypeMarker?: RRType | undefined;
  readonly IsTruncated: PageTruncated;
  readonly MaxItems: PageMaxItems;
}

export interface ListTrafficPolicyInstancesRequest {
  readonly HostedZoneIdMarker?: ResourceId | undefined;
  readonly TrafficPolicyInstanceNameMarker?: DNSName | undefined;
  readonly TrafficPolicyInstanceTypeMarker?: RRType | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
}

export interface ListTrafficPolicyInstancesResponse {
  readonly TrafficPolicyInstances: TrafficPolicyInstances;
  readonly HostedZoneIdMarker?: ResourceId | undefined;
  readonly TrafficPolicyInstanceNameMarker?: DNSName | undefined;
  readonly TrafficPolicyInstanceTypeMarker?: RRType | undefined;
  readonly IsTruncated: PageTruncated;
  readonly MaxItems: PageMaxItems;
}

export interface ListTrafficPolicyVersionsRequest {
  readonly Id: TrafficPolicyId;
  readonly TrafficPolicyVersionMarker?: TrafficPolicyVersionMarker | undefined;
  readonly MaxItems?: PageMaxItems | undefined;
}

export interface ListTrafficPolicyVersionsResponse {
  readonly TrafficPolicies: TrafficPolicies;
  readonly IsTruncated: PageTruncated;
  readonly TrafficPolicyVersionMarker: TrafficPolicyVersionMarker;
  readonly MaxItems: PageMaxItems;
}

export interface ListVPCAssociationAuthorizationsRequest {
  readonly HostedZoneId: ResourceId;
  readonly NextToken?: PaginationToken | undefined;
  readonly MaxResults?: MaxResults | undefined;
}

export interface ListVPCAssociationAuthorizationsResponse {
  readonly HostedZoneId: ResourceId;
  readonly NextToken?: PaginationToken | undefined;
  readonly VPCs: VPCs;
}

export type LocalZoneGroup = string;

export type LocationSummaries = readonly LocationSummary[];

export interface LocationSummary {
  readonly LocationName?: CidrLocationNameDefaultAllowed | undefined;
}

export type Longitude = string;

export type MaxResults = string;

export type MeasureLatency = boolean;

export type Message = string;

export type MetricName = string;

export type Nameserver = string;

export type Namespace = string;

export type Nonce = string;

export type PageMarker = string;

export type PageMaxItems = string;

export type PageTruncated = boolean;

export type PaginationToken = string;

export type Period = number;

export type Port = number;

export interface QueryLoggingConfig {
  readonly Id: QueryLoggingConfigId;
  readonly HostedZoneId: ResourceId;
  readonly CloudWatchLogsLogGroupArn: CloudWatchLogsLogGroupArn;
}

export type QueryLoggingConfigId = string;

export type QueryLoggingConfigs = readonly QueryLoggingConfig[];

export type RData = string;

export type RRType =
  | 'SOA'
  | 'A'
  | 'TXT'
  | 'NS'
  | 'CNAME'
  | 'MX'
  | 'NAPTR'
  | 'PTR'
  | 'SRV'
  | 'SPF'
  | 'AAAA'
  | 'CAA'
  | 'DS'
  | 'TLSA'
  | 'SSHFP'
  | 'SVCB'
  | 'HTTPS';

export type RecordData = readonly RecordDataEntry[];

export type RecordDataEntry = string;

export type RequestInterval = number;

export type ResettableElementName =
  | 'FullyQualifiedDomainName'
  | 'Regions'
  | 'ResourcePath'
  | 'ChildHealthChecks';

export type ResettableElementNameList = readonly ResettableElementName[];

export type ResourceDescription = string;

export type ResourceId = string;

export type ResourcePath = string;

export interface ResourceRecord {
  readonly Value: RData;
}

export interface ResourceRecordSet {
  readonly Name: DNSName;
  readonly Type: RRType;
  readonly SetIdentifier?: ResourceRecordSetIdentifier | undefined;
  readonly Weight?: ResourceRecordSetWeight | undefined;
  readonly Region?: ResourceRecordSetRegion | undefined;
  readonly GeoLocation?: GeoLocation | undefined;
  readonly Failover?: ResourceRecordSetFailover | undefined;
  readonly MultiValueAnswer?: ResourceRecordSetMultiValueAnswer | undefined;
  readonly TTL?: TTL | undefined;
  readonly ResourceRecords?: ResourceRecords | undefined;
  readonly AliasTarget?: AliasTarget | undefined;
  readonly HealthCheckId?: HealthCheckId | undefined;
  readonly TrafficPolicyInstanceId?: TrafficPolicyInstanceId | undefined;
  readonly CidrRoutingConfig?: CidrRoutingConfig | undefined;
  readonly GeoProximityLocation?: GeoProximityLocation | undefined;
}

export type ResourceRecordSetFailover = 'PRIMARY' | 'SECONDARY';

export type ResourceRecordSetIdentifier = string;

export type ResourceRecordSetMultiValueAnswer = boolean;

export type ResourceRecordSetRegion =
  | 'us-east-1'
  | 'us-east-2'
  | 'us-west-1'
  | 'us-west-2'
  | 'ca-central-1'
  | 'eu-west-1'
  | 'eu-west-2'
  | 'eu-west-3'
  | 'eu-central-1'
  | 'eu-central-2'
  | 'ap-southeast-1'
  | 'ap-southeast-2'
  | 'ap-southeast-3'
  | 'ap-northeast-1'
  | 'ap-northeast-2'
  | 'ap-northeast-3'
  | 'eu-north-1'
  | 'sa-east-1'
  | 'cn-north-1'
  | 'cn-northwest-1'
  | 'ap-east-1'
  | 'me-south-1'
  | 'me-central-1'
  | 'ap-south-1'
  | 'ap-south-2'
  | 'af-south-1'
  | 'eu-south-1'
  | 'eu-south-2'
  | 'ap-southeast-4'
  | 'il-central-1'
  | 'ca-west-1'
  | 'ap-southeast-5'
  | 'mx-central-1'
  | 'ap-southeast-7'
  | 'us-gov-east-1'
  | 'us-gov-west-1'
  | 'ap-east-2'
  | 'ap-southeast-6'
  | 'eusc-de-east-1';

export type ResourceRecordSetWeight = number;

export type ResourceRecordSets = readonly ResourceRecordSet[];

export type ResourceRecords = readonly ResourceRecord[];

export interface ResourceTagSet {
  readonly ResourceType?: TagResourceType | undefined;
  readonly ResourceId?: TagResourceId | undefined;
  readonly Tags?: TagList | undefined;
}

export type ResourceTagSetList = readonly ResourceTagSet[];

export type ResourceURI = string;

export interface ReusableDelegationSetLimit {
  readonly Type: ReusableDelegationSetLimitType;
  readonly Value: LimitValue;
}

export type ReusableDelegationSetLimitType = 'MAX_ZONES_BY_REUSABLE_DELEGATION_SET';

export type RoutingControlArn = string;

export type SearchString = string;

export type ServeSignature = string;

export type ServicePrincipal = string;

export type SigningKeyInteger = number;

export type SigningKeyName = string;

export type SigningKeyStatus = string;

export type SigningKeyStatusMessage = string;

export type SigningKeyString = string;

export type SigningKeyTag = number;

export type Statistic = 'Average' | 'Sum' | 'SampleCount' | 'Maximum' | 'Minimum';

export type Status = string;

export interface StatusReport {
  readonly Status?: Status | undefined;
  readonly CheckedTime?: TimeStamp | undefined;
}

export type SubnetMask = string;

export type TTL = number;

export interface Tag {
  readonly Key?: TagKey | undefined;
  readonly Value?: TagValue | undefined;
}

export type TagKey = string;

export type TagKeyList = readonly TagKey[];

export type TagList = readonly Tag[];

export type TagResourceId = string;

export type TagResourceIdList = readonly TagResourceId[];

export type TagResourceType = 'healthcheck' | 'hostedzone';

export type TagValue = string;

export interface TestDNSAnswerRequest {
  readonly HostedZoneId: ResourceId;
  readonly RecordName: DNSName;
  readonly RecordType: RRType;
  readonly ResolverIP?: IPAddress | undefined;
  readonly EDNS0ClientSubnetIP?: IPAddress | undefined;
  readonly EDNS0ClientSubnetMask?: SubnetMask | undefined;
}

export interface TestDNSAnswerResponse {
  readonly Nameserver: Nameserver;
  readonly RecordName: DNSName;
  readonly RecordType: RRType;
  readonly RecordData: RecordData;
  readonly ResponseCode: DNSRCode;
  readonly Protocol: TransportProtocol;
}

export type Threshold = number;

export type TimeStamp = number;

export type TrafficPolicies = readonly TrafficPolicy[];

export interface TrafficPolicy {
  readonly Id: TrafficPolicyId;
  readonly Version: TrafficPolicyVersion;
  readonly Name: TrafficPolicyName;
  readonly Type: RRType;
  readonly Document: TrafficPolicyDocument;
  readonly Comment?: TrafficPolicyComment | undefined;
}

export type TrafficPolicyComment = string;

export type TrafficPolicyDocument = string;

export type TrafficPolicyId = string;

export interface TrafficPolicyInstance {
  readonly Id: TrafficPolicyInstanceId;
  readonly HostedZoneId: ResourceId;
  readonly Name: DNSName;
  readonly TTL: TTL;
  readonly State: TrafficPolicyInstanceState;
  readonly Message: Message;
  readonly TrafficPolicyId: TrafficPolicyId;
  readonly TrafficPolicyVersion: TrafficPolicyVersion;
  readonly TrafficPolicyType: RRType;
}

export type TrafficPolicyInstanceCount = number;

export type TrafficPolicyInstanceId = string;

export type TrafficPolicyInstanceState = string;

export type TrafficPolicyInstances = readonly TrafficPolicyInstance[];

export type TrafficPolicyName = string;

export type TrafficPolicySummaries = readonly TrafficPolicySummary[];

export interface TrafficPolicySummary {
  readonly Id: TrafficPolicyId;
  readonly Name: TrafficPolicyName;
  readonly Type: RRType;
  readonly LatestVersion: TrafficPolicyVersion;
  readonly TrafficPolicyCount: TrafficPolicyVersion;
}

export type TrafficPolicyVersion = number;

export type TrafficPolicyVersionMarker = string;

export type TransportProtocol = string;

export type UUID = string;

export interface UpdateHealthCheckRequest {
  readonly HealthCheckId: HealthCheckId;
  readonly HealthCheckVersion?: HealthCheckVersion | undefined;
  readonly IPAddress?: IPAddress | undefined;
  readonly Port?: Port | undefined;
  readonly ResourcePath?: ResourcePath | undefined;
  readonly FullyQualifiedDomainName?: FullyQualifiedDomainName | undefined;
  readonly SearchString?: SearchString | undefined;
  readonly FailureThreshold?: FailureThreshold | undefined;
  readonly Inverted?: Inverted | undefined;
  readonly Disabled?: Disabled | undefined;
  readonly HealthThreshold?: HealthThreshold | undefined;
  readonly ChildHealthChecks?: ChildHealthCheckList | undefined;
  readonly EnableSNI?: EnableSNI | undefined;
  readonly Regions?: HealthCheckRegionList | undefined;
  readonly AlarmIdentifier?: AlarmIdentifier | undefined;
  readonly InsufficientDataHealthStatus?: InsufficientDataHealthStatus | undefined;
  readonly ResetElements?: ResettableElementNameList | undefined;
}

export interface UpdateHealthCheckResponse {
  readonly HealthCheck: HealthCheck;
}

export interface UpdateHostedZoneCommentRequest {
  readonly Id: ResourceId;
  readonly Comment?: ResourceDescription | undefined;
}

export interface UpdateHostedZoneCommentResponse {
  readonly HostedZone: HostedZone;
}

export interface UpdateHostedZoneFeaturesRequest {
  readonly HostedZoneId: ResourceId;
  readonly EnableAcceleratedRecovery?: AcceleratedRecoveryEnabled | undefined;
}

export type UpdateHostedZoneFeaturesResponse = Readonly<Record<string, never>>;

export interface UpdateTrafficPolicyCommentRequest {
  readonly Id: TrafficPolicyId;
  readonly Version: TrafficPolicyVersion;
  readonly Comment: TrafficPolicyComment;
}

export interface UpdateTrafficPolicyCommentResponse {
  readonly TrafficPolicy: TrafficPolicy;
}

export interface UpdateTrafficPolicyInstanceRequest {
  readonly Id: TrafficPolicyInstanceId;
  readonly TTL: TTL;
  readonly TrafficPolicyId: TrafficPolicyId;
  readonly TrafficPolicyVersion: TrafficPolicyVersion;
}

export interface UpdateTrafficPolicyInstanceResponse {
  readonly TrafficPolicyInstance: TrafficPolicyInstance;
}

export type UsageCount = number;

export interface VPC {
  readonly VPCRegion?: VPCRegion | undefined;
  readonly VPCId?: VPCId | undefined;
}

export type VPCId = string;

export type VPCRegion =
  | 'us-east-1'
  | 'us-east-2'
  | 'us-west-1'
  | 'us-west-2'
  | 'eu-west-1'
  | 'eu-west-2'
  | 'eu-west-3'
  | 'eu-central-1'
  | 'eu-central-2'
  | 'ap-east-1'
  | 'me-south-1'
  | 'us-gov-west-1'
  | 'us-gov-east-1'
  | 'us-iso-east-1'
  | 'us-iso-west-1'
  | 'us-isob-east-1'
  | 'me-central-1'
  | 'ap-southeast-1'
  | 'ap-southeast-2'
  | 'ap-southeast-3'
  | 'ap-south-1'
  | 'ap-south-2'
  | 'ap-northeast-1'
  | 'ap-northeast-2'
  | 'ap-northeast-3'
  | 'eu-north-1'
  | 'sa-east-1'
  | 'ca-central-1'
  | 'cn-north-1'
  | 'cn-northwest-1'
  | 'af-south-1'
  | 'eu-south-1'
  | 'eu-south-2'
  | 'ap-southeast-4'
  | 'il-central-1'
  | 'ca-west-1'
  | 'ap-southeast-5'
  | 'mx-central-1'
  | 'us-isof-south-1'
  | 'us-isof-east-1'
  | 'ap-southeast-7'
  | 'ap-east-2'
  | 'eu-isoe-west-1'
  | 'ap-southeast-6'
  | 'us-isob-west-1'
  | 'eusc-de-east-1';

export type VPCs = readonly VPC[];

export interface Operations {
  ActivateKeySigningKey: { input: ActivateKeySigningKeyRequest; output: ActivateKeySigningKeyResponse };
  AssociateVPCWithHostedZone: {
    input: AssociateVPCWithHostedZoneRequest;
    output: AssociateVPCWithHostedZoneResponse;
  };
  ChangeCidrCollection: { input: ChangeCidrCollectionRequest; output: ChangeCidrCollectionResponse };
  ChangeResourceRecordSets: {
    input: ChangeResourceRecordSetsRequest;
    output: ChangeResourceRecordSetsResponse;
  };
  ChangeTagsForResource: { input: ChangeTagsForResourceRequest; output: ChangeTagsForResourceResponse };
  CreateCidrCollection: { input: CreateCidrCollectionRequest; output: CreateCidrCollectionResponse };
  CreateHealthCheck: { input: CreateHealthCheckRequest; output: CreateHealthCheckResponse };
  CreateHostedZone: { input: CreateHostedZoneRequest; output: CreateHostedZoneResponse };
  CreateKeySigningKey: { input: CreateKeySigningKeyRequest; output: CreateKeySigningKeyResponse };
  CreateQueryLoggingConfig: {
    input: CreateQueryLoggingConfigRequest;
    output: CreateQueryLoggingConfigResponse;
  };
  CreateReusableDelegationSet: {
    input: CreateReusableDelegationSetRequest;
    output: CreateReusableDelegationSetResponse;
  };
  CreateTrafficPolicy: { input: CreateTrafficPolicyRequest; output: CreateTrafficPolicyResponse };
  CreateTrafficPolicyInstance: {
    input: CreateTrafficPolicyInstanceRequest;
    output: CreateTrafficPolicyInstanceResponse;
  };
  CreateTrafficPolicyVersion: {
    input: CreateTrafficPolicyVersionRequest;
    output: CreateTrafficPolicyVersionResponse;
  };
  CreateVPCAssociationAuthorization: {
    input: CreateVPCAssociationAuthorizationRequest;
    output: CreateVPCAssociationAuthorizationResponse;
  };
  DeactivateKeySigningKey: { input: DeactivateKeySigningKeyRequest; output: DeactivateKeySigningKeyResponse };
  DeleteCidrCollection: { input: DeleteCidrCollectionRequest; output: DeleteCidrCollectionResponse };
  DeleteHealthCheck: { input: DeleteHealthCheckRequest; output: DeleteHealthCheckResponse };
  DeleteHostedZone: { input: DeleteHostedZoneRequest; output: DeleteHostedZoneResponse };
  DeleteKeySigningKey: { input: DeleteKeySigningKeyRequest; output: DeleteKeySigningKeyResponse };
  DeleteQueryLoggingConfig: {
    input: DeleteQueryLoggingConfigRequest;
    output: DeleteQueryLoggingConfigResponse;
  };
  DeleteReusableDelegationSet: {
    input: DeleteReusableDelegationSetRequest;
    output: DeleteReusableDelegationSetResponse;
  };
  DeleteTrafficPolicy: { input: DeleteTrafficPolicyRequest; output: DeleteTrafficPolicyResponse };
  DeleteTrafficPolicyInstance: {
    input: DeleteTrafficPolicyInstanceRequest;
    output: DeleteTrafficPolicyInstanceResponse;
  };
  DeleteVPCAssociationAuthorization: {
    input: DeleteVPCAssociationAuthorizationRequest;
    output: DeleteVPCAssociationAuthorizationResponse;
  };
  DisableHostedZoneDNSSEC: { input: DisableHostedZoneDNSSECRequest; output: DisableHostedZoneDNSSECResponse };
  DisassociateVPCFromHostedZone: {
    input: DisassociateVPCFromHostedZoneRequest;
    output: DisassociateVPCFromHostedZoneResponse;
  };
  EnableHostedZoneDNSSEC: { input: EnableHostedZoneDNSSECRequest; output: EnableHostedZoneDNSSECResponse };
  GetAccountLimit: { input: GetAccountLimitRequest; output: GetAccountLimitResponse };
  GetChange: { input: GetChangeRequest; output: GetChangeResponse };
  GetCheckerIpRanges: { input: GetCheckerIpRangesRequest; output: GetCheckerIpRangesResponse };
  GetDNSSEC: { input: GetDNSSECRequest; output: GetDNSSECResponse };
  GetGeoLocation: { input: GetGeoLocationRequest; output: GetGeoLocationResponse };
  GetHealthCheck: { input: GetHealthCheckRequest; output: GetHealthCheckResponse };
  GetHealthCheckCount: { input: GetHealthCheckCountRequest; output: GetHealthCheckCountResponse };
  GetHealthCheckLastFailureReason: {
    input: GetHealthCheckLastFailureReasonRequest;
    output: GetHealthCheckLastFailureReasonResponse;
  };
  GetHealthCheckStatus: { input: GetHealthCheckStatusRequest; output: GetHealthCheckStatusResponse };
  GetHostedZone: { input: GetHostedZoneRequest; output: GetHostedZoneResponse };
  GetHostedZoneCount: { input: GetHostedZoneCountRequest; output: GetHostedZoneCountResponse };
  GetHostedZoneLimit: { input: GetHostedZoneLimitRequest; output: GetHostedZoneLimitResponse };
  GetQueryLoggingConfig: { input: GetQueryLoggingConfigRequest; output: GetQueryLoggingConfigResponse };
  GetReusableDelegationSet: {
    input: GetReusableDelegationSetRequest;
    output: GetReusableDelegationSetResponse;
  };
  GetReusableDelegationSetLimit: {
    input: GetReusableDelegationSetLimitRequest;
    output: GetReusableDelegationSetLimitResponse;
  };
  GetTrafficPolicy: { input: GetTrafficPolicyRequest; output: GetTrafficPolicyResponse };
  GetTrafficPolicyInstance: {
    input: GetTrafficPolicyInstanceRequest;
    output: GetTrafficPolicyInstanceResponse;
  };
  GetTrafficPolicyInstanceCount: {
    input: GetTrafficPolicyInstanceCountRequest;
    output: GetTrafficPolicyInstanceCountResponse;
  };
  ListCidrBlocks: { input: ListCidrBlocksRequest; output: ListCidrBlocksResponse };
  ListCidrCollections: { input: ListCidrCollectionsRequest; output: ListCidrCollectionsResponse };
  ListCidrLocations: { input: ListCidrLocationsRequest; output: ListCidrLocationsResponse };
  ListGeoLocations: { input: ListGeoLocationsRequest; output: ListGeoLocationsResponse };
  ListHealthChecks: { input: ListHealthChecksRequest; output: ListHealthChecksResponse };
  ListHostedZones: { input: ListHostedZonesRequest; output: ListHostedZonesResponse };
  ListHostedZonesByName: { input: ListHostedZonesByNameRequest; output: ListHostedZonesByNameResponse };
  ListHostedZonesByVPC: { input: ListHostedZonesByVPCRequest; output: ListHostedZonesByVPCResponse };
  ListQueryLoggingConfigs: { input: ListQueryLoggingConfigsRequest; output: ListQueryLoggingConfigsResponse };
  ListResourceRecordSets: { input: ListResourceRecordSetsRequest; output: ListResourceRecordSetsResponse };
  ListReusableDelegationSets: {
    input: ListReusableDelegationSetsRequest;
    output: ListReusableDelegationSetsResponse;
  };
  ListTagsForResource: { input: ListTagsForResourceRequest; output: ListTagsForResourceResponse };
  ListTagsForResources: { input: ListTagsForResourcesRequest; output: ListTagsForResourcesResponse };
  ListTrafficPolicies: { input: ListTrafficPoliciesRequest; output: ListTrafficPoliciesResponse };
  ListTrafficPolicyInstances: {
    input: ListTrafficPolicyInstancesRequest;
    output: ListTrafficPolicyInstancesResponse;
  };
  ListTrafficPolicyInstancesByHostedZone: {
    input: ListTrafficPolicyInstancesByHostedZoneRequest;
    output: ListTrafficPolicyInstancesByHostedZoneResponse;
  };
  ListTrafficPolicyInstancesByPolicy: {
    input: ListTrafficPolicyInstancesByPolicyRequest;
    output: ListTrafficPolicyInstancesByPolicyResponse;
  };
  ListTrafficPolicyVersions: {
    input: ListTrafficPolicyVersionsRequest;
    output: ListTrafficPolicyVersionsResponse;
  };
  ListVPCAssociationAuthorizations: {
    input: ListVPCAssociationAuthorizationsRequest;
    output: ListVPCAssociationAuthorizationsResponse;
  };
  TestDNSAnswer: { input: TestDNSAnswerRequest; output: TestDNSAnswerResponse };
  UpdateHealthCheck: { input: UpdateHealthCheckRequest; output: UpdateHealthCheckResponse };
  UpdateHostedZoneComment: { input: UpdateHostedZoneCommentRequest; output: UpdateHostedZoneCommentResponse };
  UpdateHostedZoneFeatures: {
    input: UpdateHostedZoneFeaturesRequest;
    output: UpdateHostedZoneFeaturesResponse;
  };
  UpdateTrafficPolicyComment: {
    input: UpdateTrafficPolicyCommentRequest;
    output: UpdateTrafficPolicyCommentResponse;
  };
  UpdateTrafficPolicyInstance: {
    input: UpdateTrafficPolicyInstanceRequest;
    output: UpdateTrafficPolicyInstanceResponse;
  };
}

export type ErrorCode =
  | 'CidrBlockInUseException'
  | 'CidrCollectionAlreadyExistsException'
  | 'CidrCollectionInUseException'
  | 'CidrCollectionVersionMismatchException'
  | 'ConcurrentModification'
  | 'ConflictingDomainExists'
  | 'ConflictingTypes'
  | 'DNSSECNotFound'
  | 'DelegationSetAlreadyCreated'
  | 'DelegationSetAlreadyReusable'
  | 'DelegationSetInUse'
  | 'DelegationSetNotAvailable'
  | 'DelegationSetNotReusable'
  | 'HealthCheckAlreadyExists'
  | 'HealthCheckInUse'
  | 'HealthCheckVersionMismatch'
  | 'HostedZoneAlreadyExists'
  | 'HostedZoneNotEmpty'
  | 'HostedZoneNotFound'
  | 'HostedZoneNotPrivate'
  | 'HostedZonePartiallyDelegated'
  | 'IncompatibleVersion'
  | 'InsufficientCloudWatchLogsResourcePolicy'
  | 'InvalidArgument'
  | 'InvalidChangeBatch'
  | 'InvalidDomainName'
  | 'InvalidInput'
  | 'InvalidKMSArn'
  | 'InvalidKeySigningKeyName'
  | 'InvalidKeySigningKeyStatus'
  | 'InvalidPaginationToken'
  | 'InvalidSigningStatus'
  | 'InvalidTrafficPolicyDocument'
  | 'InvalidVPCId'
  | 'KeySigningKeyAlreadyExists'
  | 'KeySigningKeyInParentDSRecord'
  | 'KeySigningKeyInUse'
  | 'KeySigningKeyWithActiveStatusNotFound'
  | 'LastVPCAssociation'
  | 'LimitsExceeded'
  | 'NoSuchChange'
  | 'NoSuchCidrCollectionException'
  | 'NoSuchCidrLocationException'
  | 'NoSuchCloudWatchLogsLogGroup'
  | 'NoSuchDelegationSet'
  | 'NoSuchGeoLocation'
  | 'NoSuchHealthCheck'
  | 'NoSuchHostedZone'
  | 'NoSuchKeySigningKey'
  | 'NoSuchQueryLoggingConfig'
  | 'NoSuchTrafficPolicy'
  | 'NoSuchTrafficPolicyInstance'
  | 'NotAuthorizedException'
  | 'PriorRequestNotComplete'
  | 'PublicZoneVPCAssociation'
  | 'QueryLoggingConfigAlreadyExists'
  | 'ThrottlingException'
  | 'TooManyHealthChecks'
  | 'TooManyHostedZones'
  | 'TooManyKeySigningKeys'
  | 'TooManyTrafficPolicies'
  | 'TooManyTrafficPolicyInstances'
  | 'TooManyTrafficPolicyVersionsForCurrentPolicy'
  | 'TooManyVPCAssociationAuthorizations'
  | 'TrafficPolicyAlreadyExists'
  | 'TrafficPolicyInUse'
  | 'TrafficPolicyInstanceAlreadyExists'
  | 'VPCAssociationAuthorizationNotFound'
  | 'VPCAssociationNotFound';
