/** Made by generate.ts from the model that AWS publishes; not edited by hand. */

export type AccountId = string;

export type Action = 'ALLOW' | 'BLOCK' | 'ALERT';

export type Arn = string;

export interface AssociateFirewallRuleGroupRequest {
  readonly CreatorRequestId: CreatorRequestId;
  readonly FirewallRuleGroupId: ResourceId;
  readonly VpcId: ResourceId;
  readonly Priority: Priority;
  readonly Name: Name;
  readonly MutationProtection?: MutationProtectionStatus | undefined;
  readonly Tags?: TagList | undefined;
}

export interface AssociateFirewallRuleGroupResponse {
  readonly FirewallRuleGroupAssociation?: FirewallRuleGroupAssociation | undefined;
}

export interface AssociateResolverEndpointIpAddressRequest {
  readonly ResolverEndpointId: ResourceId;
  readonly IpAddress: IpAddressUpdate;
}

export interface AssociateResolverEndpointIpAddressResponse {
  readonly ResolverEndpoint?: ResolverEndpoint | undefined;
}

export interface AssociateResolverQueryLogConfigRequest {
  readonly ResolverQueryLogConfigId: ResourceId;
  readonly ResourceId: ResourceId;
}

export interface AssociateResolverQueryLogConfigResponse {
  readonly ResolverQueryLogConfigAssociation?: ResolverQueryLogConfigAssociation | undefined;
}

export interface AssociateResolverRuleRequest {
  readonly ResolverRuleId: ResourceId;
  readonly Name?: Name | undefined;
  readonly VPCId: ResourceId;
}

export interface AssociateResolverRuleResponse {
  readonly ResolverRuleAssociation?: ResolverRuleAssociation | undefined;
}

export type AutodefinedReverseFlag = 'ENABLE' | 'DISABLE' | 'USE_LOCAL_RESOURCE_SETTING';

export interface BatchCreateFirewallRuleError {
  readonly FirewallRule?: CreateFirewallRuleEntry | undefined;
  readonly Code?: String | undefined;
  readonly Message?: String | undefined;
}

export type BatchCreateFirewallRuleErrors = readonly BatchCreateFirewallRuleError[];

export interface BatchCreateFirewallRuleRequest {
  readonly CreateFirewallRuleEntries: CreateFirewallRuleEntries;
}

export interface BatchCreateFirewallRuleResponse {
  readonly CreatedFirewallRules?: FirewallRules | undefined;
  readonly CreateErrors?: BatchCreateFirewallRuleErrors | undefined;
}

export interface BatchDeleteFirewallRuleError {
  readonly FirewallRule?: DeleteFirewallRuleEntry | undefined;
  readonly Code?: String | undefined;
  readonly Message?: String | undefined;
}

export type BatchDeleteFirewallRuleErrors = readonly BatchDeleteFirewallRuleError[];

export interface BatchDeleteFirewallRuleRequest {
  readonly DeleteFirewallRuleEntries: DeleteFirewallRuleEntries;
}

export interface BatchDeleteFirewallRuleResponse {
  readonly DeletedFirewallRules?: FirewallRules | undefined;
  readonly DeleteErrors?: BatchDeleteFirewallRuleErrors | undefined;
}

export interface BatchUpdateFirewallRuleError {
  readonly FirewallRule?: UpdateFirewallRuleEntry | undefined;
  readonly Code?: String | undefined;
  readonly Message?: String | undefined;
}

export type BatchUpdateFirewallRuleErrors = readonly BatchUpdateFirewallRuleError[];

export interface BatchUpdateFirewallRuleRequest {
  readonly UpdateFirewallRuleEntries: UpdateFirewallRuleEntries;
}

export interface BatchUpdateFirewallRuleResponse {
  readonly UpdatedFirewallRules?: FirewallRules | undefined;
  readonly UpdateErrors?: BatchUpdateFirewallRuleErrors | undefined;
}

export type BlockOverrideDnsType = 'CNAME';

export type BlockOverrideDomain = string;

export type BlockOverrideTtl = number;

export type BlockResponse = 'NODATA' | 'NXDOMAIN' | 'OVERRIDE';

export type Boolean = boolean;

export type Category = string;

export type ConfidenceThreshold = 'LOW' | 'MEDIUM' | 'HIGH';

export type Count = number;

export interface CreateFirewallDomainListRequest {
  readonly CreatorRequestId: CreatorRequestId;
  readonly Name: Name;
  readonly Tags?: TagList | undefined;
}

export interface CreateFirewallDomainListResponse {
  readonly FirewallDomainList?: FirewallDomainList | undefined;
}

export type CreateFirewallRuleEntries = readonly CreateFirewallRuleEntry[];

export interface CreateFirewallRuleEntry {
  readonly CreatorRequestId: CreatorRequestId;
  readonly FirewallRuleGroupId: ResourceId;
  readonly FirewallDomainListId?: ResourceId | undefined;
  readonly Priority: Priority;
  readonly Action: Action;
  readonly BlockResponse?: BlockResponse | undefined;
  readonly BlockOverrideDomain?: BlockOverrideDomain | undefined;
  readonly BlockOverrideDnsType?: BlockOverrideDnsType | undefined;
  readonly BlockOverrideTtl?: BlockOverrideTtl | undefined;
  readonly Name: Name;
  readonly FirewallDomainRedirectionAction?: FirewallDomainRedirectionAction | undefined;
  readonly Qtype?: Qtype | undefined;
  readonly DnsThreatProtection?: DnsThreatProtection | undefined;
  readonly ConfidenceThreshold?: ConfidenceThreshold | undefined;
  readonly FirewallRuleType?: FirewallRuleType | undefined;
}

export interface CreateFirewallRuleGroupRequest {
  readonly CreatorRequestId: CreatorRequestId;
  readonly Name: Name;
  readonly Tags?: TagList | undefined;
}

export interface CreateFirewallRuleGroupResponse {
  readonly FirewallRuleGroup?: FirewallRuleGroup | undefined;
}

export interface CreateFirewallRuleRequest {
  readonly CreatorRequestId: CreatorRequestId;
  readonly FirewallRuleGroupId: ResourceId;
  readonly FirewallDomainListId?: ResourceId | undefined;
  readonly Priority: Priority;
  readonly Action: Action;
  readonly BlockResponse?: BlockResponse | undefined;
  readonly BlockOverrideDomain?: BlockOverrideDomain | undefined;
  readonly BlockOverrideDnsType?: BlockOverrideDnsType | undefined;
  readonly BlockOverrideTtl?: BlockOverrideTtl | undefined;
  readonly Name: Name;
  readonly FirewallDomainRedirectionAction?: FirewallDomainRedirectionAction | undefined;
  readonly Qtype?: Qtype | undefined;
  readonly DnsThreatProtection?: DnsThreatProtection | undefined;
  readonly ConfidenceThreshold?: ConfidenceThreshold | undefined;
  readonly FirewallRuleType?: FirewallRuleType | undefined;
}

export interface CreateFirewallRuleResponse {
  readonly FirewallRule?: FirewallRule | undefined;
}

export interface CreateOutpostResolverRequest {
  readonly CreatorRequestId: CreatorRequestId;
  readonly Name: OutpostResolverName;
  readonly InstanceCount?: InstanceCount | undefined;
  readonly PreferredInstanceType: OutpostInstanceType;
  readonly OutpostArn: OutpostArn;
  readonly Tags?: TagList | undefined;
}

export interface CreateOutpostResolverResponse {
  readonly OutpostResolver?: OutpostResolver | undefined;
}

export interface CreateResolverEndpointRequest {
  readonly CreatorRequestId: CreatorRequestId;
  readonly Name?: Name | undefined;
  readonly SecurityGroupIds: SecurityGroupIds;
  readonly Direction: ResolverEndpointDirection;
  readonly IpAddresses: IpAddressesRequest;
  readonly OutpostArn?: OutpostArn | undefined;
  readonly PreferredInstanceType?: OutpostInstanceType | undefined;
  readonly Tags?: TagList | undefined;
  readonly ResolverEndpointType?: ResolverEndpointType | undefined;
  readonly Protocols?: ProtocolList | undefined;
  readonly RniEnhancedMetricsEnabled?: RniEnhancedMetricsEnabled | undefined;
  readonly TargetNameServerMetricsEnabled?: TargetNameServerMetricsEnabled | undefined;
  readonly Dns64Enabled?: Dns64Enabled | undefined;
  readonly Ipv6InternetAccessEnabled?: Ipv6InternetAccessEnabled | undefined;
}

export interface CreateResolverEndpointResponse {
  readonly ResolverEndpoint?: ResolverEndpoint | undefined;
}

export interface CreateResolverQueryLogConfigRequest {
  readonly Name: ResolverQueryLogConfigName;
  readonly DestinationArn: DestinationArn;
  readonly CreatorRequestId: CreatorRequestId;
  readonly Tags?: TagList | undefined;
}

export interface CreateResolverQueryLogConfigResponse {
  readonly ResolverQueryLogConfig?: ResolverQueryLogConfig | undefined;
}

export interface CreateResolverRuleRequest {
  readonly CreatorRequestId: CreatorRequestId;
  readonly Name?: Name | undefined;
  readonly RuleType: RuleTypeOption;
  readonly DomainName?: DomainName | undefined;
  readonly TargetIps?: TargetList | undefined;
  readonly ResolverEndpointId?: ResourceId | undefined;
  readonly Tags?: TagList | undefined;
  readonly DelegationRecord?: DelegationRecord | undefined;
}

export interface CreateResolverRuleResponse {
  readonly ResolverRule?: ResolverRule | undefined;
}

export type CreatorRequestId = string;

export type DelegationRecord = string;

export interface DeleteFirewallDomainListRequest {
  readonly FirewallDomainListId: ResourceId;
}

export interface DeleteFirewallDomainListResponse {
  readonly FirewallDomainList?: FirewallDomainList | undefined;
}

export type DeleteFirewallRuleEntries = readonly DeleteFirewallRuleEntry[];

export interface DeleteFirewallRuleEntry {
  readonly FirewallRuleGroupId: ResourceId;
  readonly FirewallDomainListId?: ResourceId | undefined;
  readonly FirewallThreatProtectionId?: ResourceId | undefined;
  readonly Qtype?: Qtype | undefined;
}

export interface DeleteFirewallRuleGroupRequest {
  readonly FirewallRuleGroupId: ResourceId;
}

export interface DeleteFirewallRuleGroupResponse {
  readonly FirewallRuleGroup?: FirewallRuleGroup | undefined;
}

export interface DeleteFirewallRuleRequest {
  readonly FirewallRuleGroupId: ResourceId;
  readonly FirewallDomainListId?: ResourceId | undefined;
  readonly FirewallThreatProtectionId?: ResourceId | undefined;
  readonly Qtype?: Qtype | undefined;
}

export interface DeleteFirewallRuleResponse {
  readonly FirewallRule?: FirewallRule | undefined;
}

export interface DeleteOutpostResolverRequest {
  readonly Id: ResourceId;
}

export interface DeleteOutpostResolverResponse {
  readonly OutpostResolver?: OutpostResolver | undefined;
}

export interface DeleteResolverEndpointRequest {
  readonly ResolverEndpointId: ResourceId;
}

export interface DeleteResolverEndpointResponse {
  readonly ResolverEndpoint?: ResolverEndpoint | undefined;
}

export interface DeleteResolverQueryLogConfigRequest {
  readonly ResolverQueryLogConfigId: ResourceId;
}

export interface DeleteResolverQueryLogConfigResponse {
  readonly ResolverQueryLogConfig?: ResolverQueryLogConfig | undefined;
}

export interface DeleteResolverRuleRequest {
  readonly ResolverRuleId: ResourceId;
}

export interface DeleteResolverRuleResponse {
  readonly ResolverRule?: ResolverRule | undefined;
}

export type DestinationArn = string;

export interface DisassociateFirewallRuleGroupRequest {
  readonly FirewallRuleGroupAssociationId: ResourceId;
}

export interface DisassociateFirewallRuleGroupResponse {
  readonly FirewallRuleGroupAssociation?: FirewallRuleGroupAssociation | undefined;
}

export interface DisassociateResolverEndpointIpAddressRequest {
  readonly ResolverEndpointId: ResourceId;
  readonly IpAddress: IpAddressUpdate;
}

export interface DisassociateResolverEndpointIpAddressResponse {
  readonly ResolverEndpoint?: ResolverEndpoint | undefined;
}

export interface DisassociateResolverQueryLogConfigRequest {
  readonly ResolverQueryLogConfigId: ResourceId;
  readonly ResourceId: ResourceId;
}

export interface DisassociateResolverQueryLogConfigResponse {
  readonly ResolverQueryLogConfigAssociation?: ResolverQueryLogConfigAssociation | undefined;
}

export interface DisassociateResolverRuleRequest {
  readonly VPCId: ResourceId;
  readonly ResolverRuleId: ResourceId;
}

export interface DisassociateResolverRuleResponse {
  readonly ResolverRuleAssociation?: ResolverRuleAssociation | undefined;
}

export type DisplayName = string;

export type Dns64Enabled = boolean;

export type DnsThreatProtection = 'DGA' | 'DNS_TUNNELING' | 'DICTIONARY_DGA';

export interface DnsThreatProtectionRuleTypeConfig {
  readonly Value: DnsThreatProtectionRuleTypeValue;
  readonly ConfidenceThreshold: ConfidenceThreshold;
}

export type DnsThreatProtectionRuleTypeValue = string;

export type DomainListFileUrl = string;

export type DomainListType = 'THREAT' | 'CONTENT';

export type DomainName = string;

export type ExceptionMessage = string;

export interface Filter {
  readonly Name?: FilterName | undefined;
  readonly Values?: FilterValues | undefined;
}

export type FilterName = string;

export type FilterValue = string;

export type FilterValues = readonly FilterValue[];

export type Filters = readonly Filter[];

export interface FirewallAdvancedContentCategoryConfig {
  readonly Category: FirewallAdvancedContentCategoryValue;
}

export type FirewallAdvancedContentCategoryValue = string;

export interface FirewallAdvancedThreatCategoryConfig {
  readonly Category: FirewallAdvancedThreatCategoryValue;
}

export type FirewallAdvancedThreatCategoryValue = string;

export interface FirewallConfig {
  readonly Id?: ResourceId | undefined;
  readonly ResourceId?: ResourceId | undefined;
  readonly OwnerId?: AccountId | undefined;
  readonly FirewallFailOpen?: FirewallFailOpenStatus | undefined;
}

export type FirewallConfigList = readonly FirewallConfig[];

export type FirewallDomainImportOperation = 'REPLACE';

export interface FirewallDomainList {
  readonly Id?: ResourceId | undefined;
  readonly Arn?: Arn | undefined;
  readonly Name?: Name | undefined;
  readonly DomainCount?: Unsigned | undefined;
  readonly Status?: FirewallDomainListStatus | undefined;
  readonly StatusMessage?: StatusMessage | undefined;
  readonly ManagedOwnerName?: ServicePrinciple | undefined;
  readonly CreatorRequestId?: CreatorRequestId | undefined;
  readonly CreationTime?: Rfc3339TimeString | undefined;
  readonly ModificationTime?: Rfc3339TimeString | undefined;
  readonly Category?: Category | undefined;
  readonly ManagedListType?: DomainListType | undefined;
}

export interface FirewallDomainListMetadata {
  readonly Id?: ResourceId | undefined;
  readonly Arn?: Arn | undefined;
  readonly Name?: Name | undefined;
  readonly CreatorRequestId?: CreatorRequestId | undefined;
  readonly ManagedOwnerName?: ServicePrinciple | undefined;
  readonly ManagedListType?: DomainListType | undefined;
  readonly Category?: Category | undefined;
}

export type FirewallDomainListMetadataList = readonly FirewallDomainListMetadata[];

export type FirewallDomainListStatus =
  | 'COMPLETE'
  | 'COMPLETE_IMPORT_FAILED'
  | 'IMPORTING'
  | 'DELETING'
  | 'UPDATING';

export type FirewallDomainName = string;

export type FirewallDomainRedirectionAction = 'INSPECT_REDIRECTION_DOMAIN' | 'TRUST_REDIRECTION_DOMAIN';

export type FirewallDomainUpdateOperation = 'ADD' | 'REMOVE' | 'REPLACE';

export type FirewallDomains = readonly FirewallDomainName[];

export type FirewallFailOpenStatus = 'ENABLED' | 'DISABLED' | 'USE_LOCAL_RESOURCE_SETTING';

export interface FirewallRule {
  readonly FirewallRuleGroupId?: ResourceId | undefined;
  readonly FirewallDomainListId?: ResourceId | undefined;
  readonly FirewallThreatProtectionId?: ResourceId | undefined;
  readonly Name?: Name | undefined;
  readonly Priority?: Priority | undefined;
  readonly Action?: Action | undefined;
  readonly BlockResponse?: BlockResponse | undefined;
  readonly BlockOverrideDomain?: BlockOverrideDomain | undefined;
  readonly BlockOverrideDnsType?: BlockOverrideDnsType | undefined;
  readonly BlockOverrideTtl?: Unsigned | undefined;
  readonly CreatorRequestId?: CreatorRequestId | undefined;
  readonly CreationTime?: Rfc3339TimeString | undefined;
  readonly ModificationTime?: Rfc3339TimeString | undefined;
  readonly FirewallDomainRedirectionAction?: FirewallDomainRedirectionAction | undefined;
  readonly Qtype?: Qtype | undefined;
  readonly DnsThreatProtection?: DnsThreatProtection | undefined;
  readonly ConfidenceThreshold?: ConfidenceThreshold | undefined;
  readonly FirewallRuleType?: FirewallRuleType | undefined;
  readonly Status?: FirewallRuleStatus | undefined;
  readonly StatusMessage?: FirewallRuleStatusMessage | undefined;
}

export interface FirewallRuleGroup {
  readonly Id?: ResourceId | undefined;
  readonly Arn?: Arn | undefined;
  readonly Name?: Name | undefined;
  readonly RuleCount?: Unsigned | undefined;
  readonly Status?: FirewallRuleGroupStatus | undefined;
  readonly StatusMessage?: StatusMessage | undefined;
  readonly OwnerId?: AccountId | undefined;
  readonly CreatorRequestId?: CreatorRequestId | undefined;
  readonly ShareStatus?: ShareStatus | undefined;
  readonly CreationTime?: Rfc3339TimeString | undefined;
  readonly ModificationTime?: Rfc3339TimeString | undefined;
}

export interface FirewallRuleGroupAssociation {
  readonly Id?: ResourceId | undefined;
  readonly Arn?: Arn | undefined;
  readonly FirewallRuleGroupId?: ResourceId | undefined;
  readonly VpcId?: ResourceId | undefined;
  readonly Name?: Name | undefined;
  readonly Priority?: Priority | undefined;
  readonly MutationProtection?: MutationProtectionStatus | undefined;
  readonly ManagedOwnerName?: ServicePrinciple | undefined;
  readonly Status?: FirewallRuleGroupAssociationStatus | undefined;
  readonly StatusMessage?: StatusMessage | undefined;
  readonly CreatorRequestId?: CreatorRequestId | undefined;
  readonly CreationTime?: Rfc3339TimeString | undefined;
  readonly ModificationTime?: Rfc3339TimeString | undefined;
}

export type FirewallRuleGroupAssociationStatus = 'COMPLETE' | 'DELETING' | 'UPDATING';

export type FirewallRuleGroupAssociations = readonly FirewallRuleGroupAssociation[];

export interface FirewallRuleGroupMetadata {
  readonly Id?: ResourceId | undefined;
  readonly Arn?: Arn | undefined;
  readonly Name?: Name | undefined;
  readonly OwnerId?: AccountId | undefined;
  readonly CreatorRequestId?: CreatorRequestId | undefined;
  readonly ShareStatus?: ShareStatus | undefined;
}

export type FirewallRuleGroupMetadataList = readonly FirewallRuleGroupMetadata[];

export type FirewallRuleGroupPolicy = string;

export type FirewallRuleGroupStatus = 'COMPLETE' | 'DELETING' | 'UPDATING';

export type FirewallRuleStatus = string;

export type FirewallRuleStatusMessage = string;

export interface FirewallRuleType {
  readonly PartnerThreatProtection?: PartnerThreatProtectionConfig | undefined;
  readonly FirewallAdvancedContentCategory?: FirewallAdvancedContentCategoryConfig | undefined;
  readonly FirewallAdvancedThreatCategory?: FirewallAdvancedThreatCategoryConfig | undefined;
  readonly DnsThreatProtection?: DnsThreatProtectionRuleTypeConfig | undefined;
}

export interface FirewallRuleTypeDefinition {
  readonly RuleType?: RuleTypeName | undefined;
  readonly Value?: RuleTypeValue | undefined;
  readonly DisplayName?: DisplayName | undefined;
  readonly Description?: RuleTypeDescription | undefined;
  readonly SubscriptionInfo?: SubscriptionInfo | undefined;
}

export type FirewallRuleTypeDefinitions = readonly FirewallRuleTypeDefinition[];

export type FirewallRules = readonly FirewallRule[];

export interface GetFirewallConfigRequest {
  readonly ResourceId: ResourceId;
}

export interface GetFirewallConfigResponse {
  readonly FirewallConfig?: FirewallConfig | undefined;
}

export interface GetFirewallDomainListRequest {
  readonly FirewallDomainListId: ResourceId;
}

export interface GetFirewallDomainListResponse {
  readonly FirewallDomainList?: FirewallDomainList | undefined;
}

export interface GetFirewallRuleGroupAssociationRequest {
  readonly FirewallRuleGroupAssociationId: ResourceId;
}

export interface GetFirewallRuleGroupAssociationResponse {
  readonly FirewallRuleGroupAssociation?: FirewallRuleGroupAssociation | undefined;
}

export interface GetFirewallRuleGroupPolicyRequest {
  readonly Arn: Arn;
}

export interface GetFirewallRuleGroupPolicyResponse {
  readonly FirewallRuleGroupPolicy?: FirewallRuleGroupPolicy | undefined;
}

export interface GetFirewallRuleGroupRequest {
  readonly FirewallRuleGroupId: ResourceId;
}

export interface GetFirewallRuleGroupResponse {
  readonly FirewallRuleGroup?: FirewallRuleGroup | undefined;
}

export interface GetOutpostResolverRequest {
  readonly Id: ResourceId;
}

export interface GetOutpostResolverResponse {
  readonly OutpostResolver?: OutpostResolver | undefined;
}

export interface GetResolverConfigRequest {
  readonly ResourceId: ResourceId;
}

export interface GetResolverConfigResponse {
  readonly ResolverConfig?: ResolverConfig | undefined;
}

export interface GetResolverDnssecConfigRequest {
  readonly ResourceId: ResourceId;
}

export interface GetResolverDnssecConfigResponse {
  readonly ResolverDNSSECConfig?: ResolverDnssecConfig | undefined;
}

export interface GetResolverEndpointRequest {
  readonly ResolverEndpointId: ResourceId;
}

export interface GetResolverEndpointResponse {
  readonly ResolverEndpoint?: ResolverEndpoint | undefined;
}

export interface GetResolverQueryLogConfigAssociationRequest {
  readonly ResolverQueryLogConfigAssociationId: ResourceId;
}

export interface GetResolverQueryLogConfigAssociationResponse {
  readonly ResolverQueryLogConfigAssociation?: ResolverQueryLogConfigAssociation | undefined;
}

export interface GetResolverQueryLogConfigPolicyRequest {
  readonly Arn: Arn;
}

export interface GetResolverQueryLogConfigPolicyResponse {
  readonly ResolverQueryLogConfigPolicy?: ResolverQueryLogConfigPolicy | undefined;
}

export interface GetResolverQueryLogConfigRequest {
  readonly ResolverQueryLogConfigId: ResourceId;
}

export interface GetResolverQueryLogConfigResponse {
  readonly ResolverQueryLogConfig?: ResolverQueryLogConfig | undefined;
}

export interface GetResolverRuleAssociationRequest {
  readonly ResolverRuleAssociationId: ResourceId;
}

export interface GetResolverRuleAssociationResponse {
  readonly ResolverRuleAssociation?: ResolverRuleAssociation | undefined;
}

export interface GetResolverRulePolicyRequest {
  readonly Arn: Arn;
}

export interface GetResolverRulePolicyResponse {
  readonly ResolverRulePolicy?: ResolverRulePolicy | undefined;
}

export interface GetResolverRuleRequest {
  readonly ResolverRuleId: ResourceId;
}

export interface GetResolverRuleResponse {
  readonly ResolverRule?: ResolverRule | undefined;
}

export interface ImportFirewallDomainsRequest {
  readonly FirewallDomainListId: ResourceId;
  readonly Operation: FirewallDomainImportOperation;
  readonly DomainFileUrl: DomainListFileUrl;
}

export interface ImportFirewallDomainsResponse {
  readonly Id?: ResourceId | undefined;
  readonly Name?: Name | undefined;
  readonly Status?: FirewallDomainListStatus | undefined;
  readonly StatusMessage?: StatusMessage | undefined;
}

export type InstanceCount = number;

export type Ip = string;

export type IpAddressCount = number;

export interface IpAddressRequest {
  readonly SubnetId: SubnetId;
  readonly Ip?: Ip | undefined;
  readonly Ipv6?: Ipv6 | undefined;
}

export interface IpAddressResponse {
  readonly IpId?: ResourceId | undefined;
  readonly SubnetId?: SubnetId | undefined;
  readonly Ip?: Ip | undefined;
  readonly Ipv6?: Ipv6 | undefined;
  readonly Status?: IpAddressStatus | undefined;
  readonly StatusMessage?: StatusMessage | undefined;
  readonly CreationTime?: Rfc3339TimeString | undefined;
  readonly ModificationTime?: Rfc3339TimeString | undefined;
}

export type IpAddressStatus =
  | 'CREATING'
  | 'FAILED_CREATION'
  | 'FAILED_CREATION_INSUFFICIENT_EC2_CAPACITY_IN_OUTPOST'
  | 'ATTACHING'
  | 'ATTACHED'
  | 'REMAP_DETACHING'
  | 'REMAP_ATTACHING'
  | 'DETACHING'
  | 'FAILED_RESOURCE_GONE'
  | 'DELETING'
  | 'DELETE_FAILED_FAS_EXPIRED'
  | 'UPDATING'
  | 'UPDATE_FAILED'
  | 'ISOLATED';

export interface IpAddressUpdate {
  readonly IpId?: ResourceId | undefined;
  readonly SubnetId?: SubnetId | undefined;
  readonly Ip?: Ip | undefined;
  readonly Ipv6?: Ipv6 | undefined;
}

export type IpAddressesRequest = readonly IpAddressRequest[];

export type IpAddressesResponse = readonly IpAddressResponse[];

export type Ipv6 = string;

export type Ipv6InternetAccessEnabled = boolean;

export type ListDomainMaxResults = number;

export type ListFirewallConfigsMaxResult = number;

export interface ListFirewallConfigsRequest {
  readonly MaxResults?: ListFirewallConfigsMaxResult | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListFirewallConfigsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly FirewallConfigs?: FirewallConfigList | undefined;
}

export interface ListFirewallDomainListsRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListFirewallDomainListsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly FirewallDomainLists?: FirewallDomainListMetadataList | undefined;
}

export interface ListFirewallDomainsRequest {
  readonly FirewallDomainListId: ResourceId;
  readonly MaxResults?: ListDomainMaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListFirewallDomainsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly Domains?: FirewallDomains | undefined;
}

export interface ListFirewallRuleGroupAssociationsRequest {
  readonly FirewallRuleGroupId?: ResourceId | undefined;
  readonly VpcId?: ResourceId | undefined;
  readonly Priority?: Priority | undefined;
  readonly Status?: FirewallRuleGroupAssociationStatus | undefined;
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListFirewallRuleGroupAssociationsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly FirewallRuleGroupAssociations?: FirewallRuleGroupAssociations | undefined;
}

export interface ListFirewallRuleGroupsRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListFirewallRuleGroupsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly FirewallRuleGroups?: FirewallRuleGroupMetadataList | undefined;
}

export interface ListFirewallRuleTypesRequest {
  readonly RuleType?: RuleTypeName | undefined;
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListFirewallRuleTypesResponse {
  readonly FirewallRuleTypes?: FirewallRuleTypeDefinitions | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListFirewallRulesRequest {
  readonly FirewallRuleGroupId: ResourceId;
  readonly Priority?: Priority | undefined;
  readonly Action?: Action | undefined;
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListFirewallRulesResponse {
  readonly NextToken?: NextToken | undefined;
  readonly FirewallRules?: FirewallRules | undefined;
}

export interface ListOutpostResolversRequest {
  readonly OutpostArn?: OutpostArn | undefined;
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListOutpostResolversResponse {
  readonly OutpostResolvers?: OutpostResolverList | undefined;
  readonly NextToken?: NextToken | undefined;
}

export type ListResolverConfigsMaxResult = number;

export interface ListResolverConfigsRequest {
  readonly MaxResults?: ListResolverConfigsMaxResult | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListResolverConfigsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly ResolverConfigs?: ResolverConfigList | undefined;
}

export interface ListResolverDnssecConfigsRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
  readonly Filters?: Filters | undefined;
}

export interface ListResolverDnssecConfigsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly ResolverDnssecConfigs?: ResolverDnssecConfigList | undefined;
}

export interface ListResolverEndpointIpAddressesRequest {
  readonly ResolverEndpointId: ResourceId;
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListResolverEndpointIpAddressesResponse {
  readonly NextToken?: NextToken | undefined;
  readonly MaxResults?: MaxResults | undefined;
  readonly IpAddresses?: IpAddressesResponse | undefined;
}

export interface ListResolverEndpointsRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
  readonly Filters?: Filters | undefined;
}

export interface ListResolverEndpointsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly MaxResults?: MaxResults | undefined;
  readonly ResolverEndpoints?: ResolverEndpoints | undefined;
}

export interface ListResolverQueryLogConfigAssociationsRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
  readonly Filters?: Filters | undefined;
  readonly SortBy?: SortByKey | undefined;
  readonly SortOrder?: SortOrder | undefined;
}

export interface ListResolverQueryLogConfigAssociationsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly TotalCount?: Count | undefined;
  readonly TotalFilteredCount?: Count | undefined;
  readonly ResolverQueryLogConfigAssociations?: ResolverQueryLogConfigAssociationList | undefined;
}

export interface ListResolverQueryLogConfigsRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
  readonly Filters?: Filters | undefined;
  readonly SortBy?: SortByKey | undefined;
  readonly SortOrder?: SortOrder | undefined;
}

export interface ListResolverQueryLogConfigsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly TotalCount?: Count | undefined;
  readonly TotalFilteredCount?: Count | undefined;
  readonly ResolverQueryLogConfigs?: ResolverQueryLogConfigList | undefined;
}

export interface ListResolverRuleAssociationsRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
  readonly Filters?: Filters | undefined;
}

export interface ListResolverRuleAssociationsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly MaxResults?: MaxResults | undefined;
  readonly ResolverRuleAssociations?: ResolverRuleAssociations | undefined;
}

export interface ListResolverRulesRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
  readonly Filters?: Filters | undefined;
}

export interface ListResolverRulesResponse {
  readonly NextToken?: NextToken | undefined;
  readonly MaxResults?: MaxResults | undefined;
  readonly ResolverRules?: ResolverRules | undefined;
}

export interface ListTagsForResourceRequest {
  readonly ResourceArn: Arn;
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListTagsForResourceResponse {
  readonly Tags?: TagList | undefined;
  readonly NextToken?: NextToken | undefined;
}

export type MaxResults = number;

export type MutationProtectionStatus = 'ENABLED' | 'DISABLED';

export type Name = string;

export type NextToken = string;

export type OutpostArn = string;

export type OutpostInstanceType = string;

export interface OutpostResolver {
  readonly Arn?: Arn | undefined;
  readonly CreationTime?: Rfc3339TimeString | undefined;
  readonly ModificationTime?: Rfc3339TimeString | undefined;
  readonly CreatorRequestId?: CreatorRequestId | undefined;
  readonly Id?: ResourceId | undefined;
  readonly InstanceCount?: InstanceCount | undefined;
  readonly PreferredInstanceType?: OutpostInstanceType | undefined;
  readonly Name?: OutpostResolverName | undefined;
  readonly Status?: OutpostResolverStatus | undefined;
  readonly StatusMessage?: OutpostResolverStatusMessage | undefined;
  readonly OutpostArn?: OutpostArn | undefined;
}

export type OutpostResolverList = readonly OutpostResolver[];

export type OutpostResolverName = string;

export type OutpostResolverStatus =
  | 'CREATING'
  | 'OPERATIONAL'
  | 'UPDATING'
  | 'DELETING'
  | 'ACTION_NEEDED'
  | 'FAILED_CREATION'
  | 'FAILED_DELETION';

export type OutpostResolverStatusMessage = string;

export interface PartnerThreatProtectionConfig {
  readonly Partner: PartnerValue;
}

export type PartnerValue = string;

export type Port = number;

export type Priority = number;

export type ProductId = string;

export type Protocol = 'DoH' | 'Do53' | 'DoH-FIPS';

export type ProtocolList = readonly Protocol[];

export interface PutFirewallRuleGroupPolicyRequest {
  readonly Arn: Arn;
  readonly FirewallRuleGroupPolicy: FirewallRuleGroupPolicy;
}

export interface PutFirewallRuleGroupPolicyResponse {
  readonly ReturnValue?: Boolean | undefined;
}

export interface PutResolverQueryLogConfigPolicyRequest {
  readonly Arn: Arn;
  readonly ResolverQueryLogConfigPolicy: ResolverQueryLogConfigPolicy;
}

export interface PutResolverQueryLogConfigPolicyResponse {
  readonly ReturnValue?: Boolean | undefined;
}

export interface PutResolverRulePolicyRequest {
  readonly Arn: Arn;
  readonly ResolverRulePolicy: ResolverRulePolicy;
}

export interface PutResolverRulePolicyResponse {
  readonly ReturnValue?: Boolean | undefined;
}

export type Qtype = string;

export type ResolverAutodefinedReverseStatus =
  | 'ENABLING'
  | 'ENABLED'
  | 'DISABLING'
  | 'DISABLED'
  | 'UPDATING_TO_USE_LOCAL_RESOURCE_SETTING'
  | 'USE_LOCAL_RESOURCE_SETTING';

export interface ResolverConfig {
  readonly Id?: ResourceId | undefined;
  readonly ResourceId?: ResourceId | undefined;
  readonly OwnerId?: AccountId | undefined;
  readonly AutodefinedReverse?: ResolverAutodefinedReverseStatus | undefined;
}

export type ResolverConfigList = readonly ResolverConfig[];

export type ResolverDNSSECValidationStatus =
  | 'ENABLING'
  | 'ENABLED'
  | 'DISABLING'
  | 'DISABLED'
  | 'UPDATING_TO_USE_LOCAL_RESOURCE_SETTING'
  | 'USE_LOCAL_RESOURCE_SETTING';

export interface ResolverDnssecConfig {
  readonly Id?: ResourceId | undefined;
  readonly OwnerId?: AccountId | undefined;
  readonly ResourceId?: ResourceId | undefined;
  readonly ValidationStatus?: ResolverDNSSECValidationStatus | undefined;
}

export type ResolverDnssecConfigList = readonly ResolverDnssecConfig[];

export interface ResolverEndpoint {
  readonly Id?: ResourceId | undefined;
  readonly CreatorRequestId?: CreatorRequestId | undefined;
  readonly Arn?: Arn | undefined;
  readonly Name?: Name | undefined;
  readonly SecurityGroupIds?: SecurityGroupIds | undefined;
  readonly Direction?: ResolverEndpointDirection | undefined;
  readonly IpAddressCount?: IpAddressCount | undefined;
  readonly HostVPCId?: ResourceId | undefined;
  readonly Status?: ResolverEndpointStatus | undefined;
  readonly StatusMessage?: StatusMessage | undefined;
  readonly CreationTime?: Rfc3339TimeString | undefined;
  readonly ModificationTime?: Rfc3339TimeString | undefined;
  readonly OutpostArn?: OutpostArn | undefined;
  readonly PreferredInstanceType?: OutpostInstanceType | undefined;
  readonly ResolverEndpointType?: ResolverEndpointType | undefined;
  readonly Protocols?: ProtocolList | undefined;
  readonly RniEnhancedMetricsEnabled?: RniEnhancedMetricsEnabled | undefined;
  readonly TargetNameServerMetricsEnabled?: TargetNameServerMetricsEnabled | undefined;
  readonly Dns64Enabled?: Dns64Enabled | undefined;
  readonly Ipv6InternetAccessEnabled?: Ipv6InternetAccessEnabled | undefined;
}

export type ResolverEndpointDirection = 'INBOUND' | 'OUTBOUND' | 'INBOUND_DELEGATION';

export type ResolverEndpointStatus =
  | 'CREATING'
  | 'OPERATIONAL'
  | 'UPDATING'
  | 'AUTO_RECOVERING'
  | 'ACTION_NEEDED'
  | 'DELETING';

export type ResolverEndpointType = 'IPV6' | 'IPV4' | 'DUALSTACK';

export type ResolverEndpoints = readonly ResolverEndpoint[];

export interface ResolverQueryLogConfig {
  readonly Id?: ResourceId | undefined;
  readonly OwnerId?: AccountId | undefined;
  readonly Status?: ResolverQueryLogConfigStatus | undefined;
  readonly ShareStatus?: ShareStatus | undefined;
  readonly AssociationCount?: Count | undefined;
  readonly Arn?: Arn | undefined;
  readonly Name?: ResolverQueryLogConfigName | undefined;
  readonly DestinationArn?: DestinationArn | undefined;
  readonly CreatorRequestId?: CreatorRequestId | undefined;
  readonly CreationTime?: Rfc3339TimeString | undefined;
}

export interface ResolverQueryLogConfigAssociation {
  readonly Id?: ResourceId | undefined;
  readonly ResolverQueryLogConfigId?: ResourceId | undefined;
  readonly ResourceId?: ResourceId | undefined;
  readonly Status?: ResolverQueryLogConfigAssociationStatus | undefined;
  readonly Error?: ResolverQueryLogConfigAssociationError | undefined;
  readonly ErrorMessage?: ResolverQueryLogConfigAssociationErrorMessage | undefined;
  readonly CreationTime?: Rfc3339TimeString | undefined;
}

export type ResolverQueryLogConfigAssociationError =
  | 'NONE'
  | 'DESTINATION_NOT_FOUND'
  | 'ACCESS_DENIED'
  | 'INTERNAL_SERVICE_ERROR';

export type ResolverQueryLogConfigAssociationErrorMessage = string;

export type ResolverQueryLogConfigAssociationList = readonly ResolverQueryLogConfigAssociation[];

export type ResolverQueryLogConfigAssociationStatus =
  | 'CREATING'
  | 'ACTIVE'
  | 'ACTION_NEEDED'
  | 'DELETING'
  | 'FAILED';

export type ResolverQueryLogConfigList = readonly ResolverQueryLogConfig[];

export type ResolverQueryLogConfigName = string;

export type ResolverQueryLogConfigPolicy = string;

export type ResolverQueryLogConfigStatus = 'CREATING' | 'CREATED' | 'DELETING' | 'FAILED';

export interface ResolverRule {
  readonly Id?: ResourceId | undefined;
  readonly CreatorRequestId?: CreatorRequestId | undefined;
  readonly Arn?: Arn | undefined;
  readonly DomainName?: DomainName | undefined;
  readonly Status?: ResolverRuleStatus | undefined;
  readonly StatusMessage?: StatusMessage | undefined;
  readonly RuleType?: RuleTypeOption | undefined;
  readonly Name?: Name | undefined;
  readonly TargetIps?: TargetList | undefined;
  readonly ResolverEndpointId?: ResourceId | undefined;
  readonly OwnerId?: AccountId | undefined;
  readonly ShareStatus?: ShareStatus | undefined;
  readonly CreationTime?: Rfc3339TimeString | undefined;
  readonly ModificationTime?: Rfc3339TimeString | undefined;
  readonly DelegationRecord?: DelegationRecord | undefined;
}

export interface ResolverRuleAssociation {
  readonly Id?: ResourceId | undefined;
  readonly ResolverRuleId?: ResourceId | undefined;
  readonly Name?: Name | undefined;
  readonly VPCId?: ResourceId | undefined;
  readonly Status?: ResolverRuleAssociationStatus | undefined;
  readonly StatusMessage?: StatusMessage | undefined;
}

export type ResolverRuleAssociationStatus = 'CREATING' | 'COMPLETE' | 'DELETING' | 'FAILED' | 'OVERRIDDEN';

export type ResolverRuleAssociations = readonly ResolverRuleAssociation[];

export interface ResolverRuleConfig {
  readonly Name?: Name | undefined;
  readonly TargetIps?: TargetList | undefined;
  readonly ResolverEndpointId?: ResourceId | undefined;
}

export type ResolverRulePolicy = string;

export type ResolverRuleStatus = 'COMPLETE' | 'DELETING' | 'UPDATING' | 'FAILED';

export type ResolverRules = readonly ResolverRule[];

export type ResourceId = string;

export type Rfc3339TimeString = string;

export type RniEnhancedMetricsEnabled = boolean;

export type RuleTypeDescription = string;

export type RuleTypeName = string;

export type RuleTypeOption = 'FORWARD' | 'SYSTEM' | 'RECURSIVE' | 'DELEGATE';

export type RuleTypeValue = string;

export type SecurityGroupIds = readonly ResourceId[];

export type ServerNameIndication = string;

export type ServicePrinciple = string;

export type ShareStatus = 'NOT_SHARED' | 'SHARED_WITH_ME' | 'SHARED_BY_ME';

export type SortByKey = string;

export type SortOrder = 'ASCENDING' | 'DESCENDING';

export type StatusMessage = string;

export type String = string;

export type SubnetId = string;

export interface SubscriptionInfo {
  readonly VendorName?: VendorName | undefined;
  readonly ProductId?: ProductId | undefined;
}

export interface Tag {
  readonly Key: TagKey;
  readonly Value: TagValue;
}

export type TagKey = string;

export type TagKeyList = readonly TagKey[];

export type TagList = readonly Tag[];

export interface TagResourceRequest {
  readonly ResourceArn: Arn;
  readonly Tags: TagList;
}

export type TagResourceResponse = Readonly<Record<string, never>>;

export type TagValue = string;

export interface TargetAddress {
  readonly Ip?: Ip | undefined;
  readonly Port?: Port | undefined;
  readonly Ipv6?: Ipv6 | undefined;
  readonly Protocol?: Protocol | undefined;
  readonly ServerNameIndication?: ServerNameIndication | undefined;
}

export type TargetList = readonly TargetAddress[];

export type TargetNameServerMetricsEnabled = boolean;

export type Unsigned = number;

export interface UntagResourceRequest {
  readonly ResourceArn: Arn;
  readonly TagKeys: TagKeyList;
}

export type UntagResourceResponse = Readonly<Record<string, never>>;

export interface UpdateFirewallConfigRequest {
  readonly ResourceId: ResourceId;
  readonly FirewallFailOpen: FirewallFailOpenStatus;
}

export interface UpdateFirewallConfigResponse {
  readonly FirewallConfig?: FirewallConfig | undefined;
}

export interface UpdateFirewallDomainsRequest {
  readonly FirewallDomainListId: ResourceId;
  readonly Operation: FirewallDomainUpdateOperation;
  readonly Domains: FirewallDomains;
}

export interface UpdateFirewallDomainsResponse {
  readonly Id?: ResourceId | undefined;
  readonly Name?: Name | undefined;
  readonly Status?: FirewallDomainListStatus | undefined;
  readonly StatusMessage?: StatusMessage | undefined;
}

export type UpdateFirewallRuleEntries = readonly UpdateFirewallRuleEntry[];

export interface UpdateFirewallRuleEntry {
  readonly FirewallRuleGroupId: ResourceId;
  readonly FirewallDomainListId?: ResourceId | undefined;
  readonly FirewallThreatProtectionId?: ResourceId | undefined;
  readonly Priority?: Priority | undefined;
  readonly Action?: Action | undefined;
  readonly BlockResponse?: BlockResponse | undefined;
  readonly BlockOverrideDomain?: BlockOverrideDomain | undefined;
  readonly BlockOverrideDnsType?: BlockOverrideDnsType | undefined;
  readonly BlockOverrideTtl?: BlockOverrideTtl | undefined;
  readonly Name?: Name | undefined;
  readonly FirewallDomainRedirectionAction?: FirewallDomainRedirectionAction | undefined;
  readonly Qtype?: Qtype | undefined;
  readonly DnsThreatProtection?: DnsThreatProtection | undefined;
  readonly ConfidenceThreshold?: ConfidenceThreshold | undefined;
  readonly FirewallRuleType?: FirewallRuleType | undefined;
}

export interface UpdateFirewallRuleGroupAssociationRequest {
  readonly FirewallRuleGroupAssociationId: ResourceId;
  readonly Priority?: Priority | undefined;
  readonly MutationProtection?: MutationProtectionStatus | undefined;
  readonly Name?: Name | undefined;
}

export interface UpdateFirewallRuleGroupAssociationResponse {
  readonly FirewallRuleGroupAssociation?: FirewallRuleGroupAssociation | undefined;
}

export interface UpdateFirewallRuleRequest {
  readonly FirewallRuleGroupId: ResourceId;
  readonly FirewallDomainListId?: ResourceId | undefined;
  readonly FirewallThreatProtectionId?: ResourceId | undefined;
  readonly Priority?: Priority | undefined;
  readonly Action?: Action | undefined;
  readonly BlockResponse?: BlockResponse | undefined;
  readonly BlockOverrideDomain?: BlockOverrideDomain | undefined;
  readonly BlockOverrideDnsType?: BlockOverrideDnsType | undefined;
  readonly BlockOverrideTtl?: BlockOverrideTtl | undefined;
  readonly Name?: Name | undefined;
  readonly FirewallDomainRedirectionAction?: FirewallDomainRedirectionAction | undefined;
  readonly Qtype?: Qtype | undefined;
  readonly DnsThreatProtection?: DnsThreatProtection | undefined;
  readonly ConfidenceThreshold?: ConfidenceThreshold | undefined;
  readonly FirewallRuleType?: FirewallRuleType | undefined;
}

export interface UpdateFirewallRuleResponse {
  readonly FirewallRule?: FirewallRule | undefined;
}

export interface UpdateIpAddress {
  readonly IpId: ResourceId;
  readonly Ipv6: Ipv6;
}

export type UpdateIpAddresses = readonly UpdateIpAddress[];

export interface UpdateOutpostResolverRequest {
  readonly Id: ResourceId;
  readonly Name?: OutpostResolverName | undefined;
  readonly InstanceCount?: InstanceCount | undefined;
  readonly PreferredInstanceType?: OutpostInstanceType | undefined;
}

export interface UpdateOutpostResolverResponse {
  readonly OutpostResolver?: OutpostResolver | undefined;
}

export interface UpdateResolverConfigRequest {
  readonly ResourceId: ResourceId;
  readonly AutodefinedReverseFlag: AutodefinedReverseFlag;
}

export interface UpdateResolverConfigResponse {
  readonly ResolverConfig?: ResolverConfig | undefined;
}

export interface UpdateResolverDnssecConfigRequest {
  readonly ResourceId: ResourceId;
  readonly Validation: Validation;
}

export interface UpdateResolverDnssecConfigResponse {
  readonly ResolverDNSSECConfig?: ResolverDnssecConfig | undefined;
}

export interface UpdateResolverEndpointRequest {
  readonly ResolverEndpointId: ResourceId;
  readonly Name?: Name | undefined;
  readonly ResolverEndpointType?: ResolverEndpointType | undefined;
  readonly UpdateIpAddresses?: UpdateIpAddresses | undefined;
  readonly Protocols?: ProtocolList | undefined;
  readonly RniEnhancedMetricsEnabled?: RniEnhancedMetricsEnabled | undefined;
  readonly TargetNameServerMetricsEnabled?: TargetNameServerMetricsEnabled | undefined;
  readonly Dns64Enabled?: Dns64Enabled | undefined;
  readonly Ipv6InternetAccessEnabled?: Ipv6InternetAccessEnabled | undefined;
}

export interface UpdateResolverEndpointResponse {
  readonly ResolverEndpoint?: ResolverEndpoint | undefined;
}

export interface UpdateResolverRuleRequest {
  readonly ResolverRuleId: ResourceId;
  readonly Config: ResolverRuleConfig;
}

export interface UpdateResolverRuleResponse {
  readonly ResolverRule?: ResolverRule | undefined;
}

export type Validation = 'ENABLE' | 'DISABLE' | 'USE_LOCAL_RESOURCE_SETTING';

export type VendorName = string;

export interface Operations {
  AssociateFirewallRuleGroup: {
    input: AssociateFirewallRuleGroupRequest;
    output: AssociateFirewallRuleGroupResponse;
  };
  AssociateResolverEndpointIpAddress: {
    input: AssociateResolverEndpointIpAddressRequest;
    output: AssociateResolverEndpointIpAddressResponse;
  };
  AssociateResolverQueryLogConfig: {
    input: AssociateResolverQueryLogConfigRequest;
    output: AssociateResolverQueryLogConfigResponse;
  };
  AssociateResolverRule: { input: AssociateResolverRuleRequest; output: AssociateResolverRuleResponse };
  BatchCreateFirewallRule: { input: BatchCreateFirewallRuleRequest; output: BatchCreateFirewallRuleResponse };
  BatchDeleteFirewallRule: { input: BatchDeleteFirewallRuleRequest; output: BatchDeleteFirewallRuleResponse };
  BatchUpdateFirewallRule: { input: BatchUpdateFirewallRuleRequest; output: BatchUpdateFirewallRuleResponse };
  CreateFirewallDomainList: {
    input: CreateFirewallDomainListRequest;
    output: CreateFirewallDomainListResponse;
  };
  CreateFirewallRule: { input: CreateFirewallRuleRequest; output: CreateFirewallRuleResponse };
  CreateFirewallRuleGroup: { input: CreateFirewallRuleGroupRequest; output: CreateFirewallRuleGroupResponse };
  CreateOutpostResolver: { input: CreateOutpostResolverRequest; output: CreateOutpostResolverResponse };
  CreateResolverEndpoint: { input: CreateResolverEndpointRequest; output: CreateResolverEndpointResponse };
  CreateResolverQueryLogConfig: {
    input: CreateResolverQueryLogConfigRequest;
    output: CreateResolverQueryLogConfigResponse;
  };
  CreateResolverRule: { input: CreateResolverRuleRequest; output: CreateResolverRuleResponse };
  DeleteFirewallDomainList: {
    input: DeleteFirewallDomainListRequest;
    output: DeleteFirewallDomainListResponse;
  };
  DeleteFirewallRule: { input: DeleteFirewallRuleRequest; output: DeleteFirewallRuleResponse };
  DeleteFirewallRuleGroup: { input: DeleteFirewallRuleGroupRequest; output: DeleteFirewallRuleGroupResponse };
  DeleteOutpostResolver: { input: DeleteOutpostResolverRequest; output: DeleteOutpostResolverResponse };
  DeleteResolverEndpoint: { input: DeleteResolverEndpointRequest; output: DeleteResolverEndpointResponse };
  DeleteResolverQueryLogConfig: {
    input: DeleteResolverQueryLogConfigRequest;
    output: DeleteResolverQueryLogConfigResponse;
  };
  DeleteResolverRule: { input: DeleteResolverRuleRequest; output: DeleteResolverRuleResponse };
  DisassociateFirewallRuleGroup: {
    input: DisassociateFirewallRuleGroupRequest;
    output: DisassociateFirewallRuleGroupResponse;
  };
  DisassociateResolverEndpointIpAddress: {
    input: DisassociateResolverEndpointIpAddressRequest;
    output: DisassociateResolverEndpointIpAddressResponse;
  };
  DisassociateResolverQueryLogConfig: {
    input: DisassociateResolverQueryLogConfigRequest;
    output: DisassociateResolverQueryLogConfigResponse;
  };
  DisassociateResolverRule: {
    input: DisassociateResolverRuleRequest;
    output: DisassociateResolverRuleResponse;
  };
  GetFirewallConfig: { input: GetFirewallConfigRequest; output: GetFirewallConfigResponse };
  GetFirewallDomainList: { input: GetFirewallDomainListRequest; output: GetFirewallDomainListResponse };
  GetFirewallRuleGroup: { input: GetFirewallRuleGroupRequest; output: GetFirewallRuleGroupResponse };
  GetFirewallRuleGroupAssociation: {
    input: GetFirewallRuleGroupAssociationRequest;
    output: GetFirewallRuleGroupAssociationResponse;
  };
  GetFirewallRuleGroupPolicy: {
    input: GetFirewallRuleGroupPolicyRequest;
    output: GetFirewallRuleGroupPolicyResponse;
  };
  GetOutpostResolver: { input: GetOutpostResolverRequest; output: GetOutpostResolverResponse };
  GetResolverConfig: { input: GetResolverConfigRequest; output: GetResolverConfigResponse };
  GetResolverDnssecConfig: { input: GetResolverDnssecConfigRequest; output: GetResolverDnssecConfigResponse };
  GetResolverEndpoint: { input: GetResolverEndpointRequest; output: GetResolverEndpointResponse };
  GetResolverQueryLogConfig: {
    input: GetResolverQueryLogConfigRequest;
    output: GetResolverQueryLogConfigResponse;
  };
  GetResolverQueryLogConfigAssociation: {
    input: GetResolverQueryLogConfigAssociationRequest;
    output: GetResolverQueryLogConfigAssociationResponse;
  };
  GetResolverQueryLogConfigPolicy: {
    input: GetResolverQueryLogConfigPolicyRequest;
    output: GetResolverQueryLogConfigPolicyResponse;
  };
  GetResolverRule: { input: GetResolverRuleRequest; output: GetResolverRuleResponse };
  GetResolverRuleAssociation: {
    input: GetResolverRuleAssociationRequest;
    output: GetResolverRuleAssociationResponse;
  };
  GetResolverRulePolicy: { input: GetResolverRulePolicyRequest; output: GetResolverRulePolicyResponse };
  ImportFirewallDomains: { input: ImportFirewallDomainsRequest; output: ImportFirewallDomainsResponse };
  ListFirewallConfigs: { input: ListFirewallConfigsRequest; output: ListFirewallConfigsResponse };
  ListFirewallDomainLists: { input: ListFirewallDomainListsRequest; output: ListFirewallDomainListsResponse };
  ListFirewallDomains: { input: ListFirewallDomainsRequest; output: ListFirewallDomainsResponse };
  ListFirewallRuleGroupAssociations: {
    input: ListFirewallRuleGroupAssociationsRequest;
    output: ListFirewallRuleGroupAssociationsResponse;
  };
  ListFirewallRuleGroups: { input: ListFirewallRuleGroupsRequest; output: ListFirewallRuleGroupsResponse };
  ListFirewallRuleTypes: { input: ListFirewallRuleTypesRequest; output: ListFirewallRuleTypesResponse };
  ListFirewallRules: { input: ListFirewallRulesRequest; output: ListFirewallRulesResponse };
  ListOutpostResolvers: { input: ListOutpostResolversRequest; output: ListOutpostResolversResponse };
  ListResolverConfigs: { input: ListResolverConfigsRequest; output: ListResolverConfigsResponse };
  ListResolverDnssecConfigs: {
    input: ListResolverDnssecConfigsRequest;
    output: ListResolverDnssecConfigsResponse;
  };
  ListResolverEndpointIpAddresses: {
    input: ListResolverEndpointIpAddressesRequest;
    output: ListResolverEndpointIpAddressesResponse;
  };
  ListResolverEndpoints: { input: ListResolverEndpointsRequest; output: ListResolverEndpointsResponse };
  ListResolverQueryLogConfigAssociations: {
    input: ListResolverQueryLogConfigAssociationsRequest;
    output: ListResolverQueryLogConfigAssociationsResponse;
  };
  ListResolverQueryLogConfigs: {
    input: ListResolverQueryLogConfigsRequest;
    output: ListResolverQueryLogConfigsResponse;
  };
  ListResolverRuleAssociations: {
    input: ListResolverRuleAssociationsRequest;
    output: ListResolverRuleAssociationsResponse;
  };
  ListResolverRules: { input: ListResolverRulesRequest; output: ListResolverRulesResponse };
  ListTagsForResource: { input: ListTagsForResourceRequest; output: ListTagsForResourceResponse };
  PutFirewallRuleGroupPolicy: {
    input: PutFirewallRuleGroupPolicyRequest;
    output: PutFirewallRuleGroupPolicyResponse;
  };
  PutResolverQueryLogConfigPolicy: {
    input: PutResolverQueryLogConfigPolicyRequest;
    output: PutResolverQueryLogConfigPolicyResponse;
  };
  PutResolverRulePolicy: { input: PutResolverRulePolicyRequest; output: PutResolverRulePolicyResponse };
  TagResource: { input: TagResourceRequest; output: TagResourceResponse };
  UntagResource: { input: UntagResourceRequest; output: UntagResourceResponse };
  UpdateFirewallConfig: { input: UpdateFirewallConfigRequest; output: UpdateFirewallConfigResponse };
  UpdateFirewallDomains: { input: UpdateFirewallDomainsRequest; output: UpdateFirewallDomainsResponse };
  UpdateFirewallRule: { input: UpdateFirewallRuleRequest; output: UpdateFirewallRuleResponse };
  UpdateFirewallRuleGroupAssociation: {
    input: UpdateFirewallRuleGroupAssociationRequest;
    output: UpdateFirewallRuleGroupAssociationResponse;
  };
  UpdateOutpostResolver: { input: UpdateOutpostResolverRequest; output: UpdateOutpostResolverResponse };
  UpdateResolverConfig: { input: UpdateResolverConfigRequest; output: UpdateResolverConfigResponse };
  UpdateResolverDnssecConfig: {
    input: UpdateResolverDnssecConfigRequest;
    output: UpdateResolverDnssecConfigResponse;
  };
  UpdateResolverEndpoint: { input: UpdateResolverEndpointRequest; output: UpdateResolverEndpointResponse };
  UpdateResolverRule: { input: UpdateResolverRuleRequest; output: UpdateResolverRuleResponse };
}

export type ErrorCode =
  | 'AccessDeniedException'
  | 'ConflictException'
  | 'InternalServiceErrorException'
  | 'InvalidNextTokenException'
  | 'InvalidParameterException'
  | 'InvalidPolicyDocument'
  | 'InvalidRequestException'
  | 'InvalidTagException'
  | 'LimitExceededException'
  | 'ResourceExistsException'
  | 'ResourceInUseException'
  | 'ResourceNotFoundException'
  | 'ResourceUnavailableException'
  | 'ServiceQuotaExceededException'
  | 'ThrottlingException'
  | 'UnknownResourceException'
  | 'ValidationException';
