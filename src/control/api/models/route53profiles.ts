/** Made by generate.ts from the model that AWS publishes; not edited by hand. */

export type AccountId = string;

export type Arn = string;

export interface AssociateProfileRequest {
  readonly Name: Name;
  readonly ProfileId: ResourceId;
  readonly ResourceId: ResourceId;
  readonly Tags?: TagList | undefined;
}

export interface AssociateProfileResponse {
  readonly ProfileAssociation?: ProfileAssociation | undefined;
}

export interface AssociateResourceToProfileRequest {
  readonly Name: Name;
  readonly ProfileId: ResourceId;
  readonly ResourceArn: Arn;
  readonly ResourceProperties?: ResourceProperties | undefined;
}

export interface AssociateResourceToProfileResponse {
  readonly ProfileResourceAssociation?: ProfileResourceAssociation | undefined;
}

export interface CreateProfileRequest {
  readonly ClientToken: CreatorRequestId;
  readonly Name: Name;
  readonly Tags?: TagList | undefined;
}

export interface CreateProfileResponse {
  readonly Profile?: Profile | undefined;
}

export type CreatorRequestId = string;

export interface DeleteProfileRequest {
  readonly ProfileId: ResourceId;
}

export interface DeleteProfileResponse {
  readonly Profile?: Profile | undefined;
}

export interface DisassociateProfileRequest {
  readonly ProfileId: ResourceId;
  readonly ResourceId: ResourceId;
}

export interface DisassociateProfileResponse {
  readonly ProfileAssociation?: ProfileAssociation | undefined;
}

export interface DisassociateResourceFromProfileRequest {
  readonly ProfileId: ResourceId;
  readonly ResourceArn: Arn;
}

export interface DisassociateResourceFromProfileResponse {
  readonly ProfileResourceAssociation?: ProfileResourceAssociation | undefined;
}

export type ExceptionMessage = string;

export interface GetProfileAssociationRequest {
  readonly ProfileAssociationId: ResourceId;
}

export interface GetProfileAssociationResponse {
  readonly ProfileAssociation?: ProfileAssociation | undefined;
}

export interface GetProfileRequest {
  readonly ProfileId: ResourceId;
}

export interface GetProfileResourceAssociationRequest {
  readonly ProfileResourceAssociationId: ResourceId;
}

export interface GetProfileResourceAssociationResponse {
  readonly ProfileResourceAssociation?: ProfileResourceAssociation | undefined;
}

export interface GetProfileResponse {
  readonly Profile?: Profile | undefined;
}

export interface ListProfileAssociationsRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
  readonly ProfileId?: ResourceId | undefined;
  readonly ResourceId?: ResourceId | undefined;
}

export interface ListProfileAssociationsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly ProfileAssociations?: ProfileAssociations | undefined;
}

export interface ListProfileResourceAssociationsRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
  readonly ProfileId: ResourceId;
  readonly ResourceType?: String | undefined;
}

export interface ListProfileResourceAssociationsResponse {
  readonly NextToken?: NextToken | undefined;
  readonly ProfileResourceAssociations?: ProfileResourceAssociations | undefined;
}

export interface ListProfilesRequest {
  readonly MaxResults?: MaxResults | undefined;
  readonly NextToken?: NextToken | undefined;
}

export interface ListProfilesResponse {
  readonly NextToken?: NextToken | undefined;
  readonly ProfileSummaries?: ProfileSummaryList | undefined;
}

export interface ListTagsForResourceRequest {
  readonly ResourceArn: Arn;
}

export interface ListTagsForResourceResponse {
  readonly Tags: TagMap;
}

export type MaxResults = number;

export type Name = string;

export type NextToken = string;

export interface Profile {
  readonly Arn?: Arn | undefined;
  readonly ClientToken?: CreatorRequestId | undefined;
  readonly CreationTime?: Rfc3339Timestamp | undefined;
  readonly Id?: ResourceId | undefined;
  readonly ModificationTime?: Rfc3339Timestamp | undefined;
  readonly Name?: Name | undefined;
  readonly OwnerId?: AccountId | undefined;
  readonly ShareStatus?: ShareStatus | undefined;
  readonly Status?: ProfileStatus | undefined;
  readonly StatusMessage?: String | undefined;
}

export interface ProfileAssociation {
  readonly CreationTime?: Rfc3339Timestamp | undefined;
  readonly Id?: ResourceId | undefined;
  readonly ModificationTime?: Rfc3339Timestamp | undefined;
  readonly Name?: Name | undefined;
  readonly OwnerId?: AccountId | undefined;
  readonly ProfileId?: ResourceId | undefined;
  readonly ResourceId?: ResourceId | undefined;
  readonly Status?: ProfileStatus | undefined;
  readonly StatusMessage?: String | undefined;
}

export type ProfileAssociations = readonly ProfileAssociation[];

export interface ProfileResourceAssociation {
  readonly CreationTime?: Rfc3339Timestamp | undefined;
  readonly Id?: ResourceId | undefined;
  readonly ModificationTime?: Rfc3339Timestamp | undefined;
  readonly Name?: Name | undefined;
  readonly OwnerId?: AccountId | undefined;
  readonly ProfileId?: ResourceId | undefined;
  readonly ResourceArn?: Arn | undefined;
  readonly ResourceProperties?: ResourceProperties | undefined;
  readonly ResourceType?: String | undefined;
  readonly Status?: ProfileStatus | undefined;
  readonly StatusMessage?: String | undefined;
}

export type ProfileResourceAssociations = readonly ProfileResourceAssociation[];

export type ProfileStatus = 'COMPLETE' | 'DELETING' | 'UPDATING' | 'CREATING' | 'DELETED' | 'FAILED';

export interface ProfileSummary {
  readonly Arn?: Arn | undefined;
  readonly Id?: ResourceId | undefined;
  readonly Name?: Name | undefined;
  readonly ShareStatus?: ShareStatus | undefined;
}

export type ProfileSummaryList = readonly ProfileSummary[];

export type ResourceId = string;

export type ResourceProperties = string;

export type Rfc3339Timestamp = number;

export type ShareStatus = 'NOT_SHARED' | 'SHARED_WITH_ME' | 'SHARED_BY_ME';

export type String = string;

export interface Tag {
  readonly Key: TagKey;
  readonly Value: TagValue;
}

export type TagKey = string;

export type TagKeyList = readonly TagKey[];

export type TagList = readonly Tag[];

export type TagMap = Readonly<Record<TagKey, TagValue>>;

export interface TagResourceRequest {
  readonly ResourceArn: Arn;
  readonly Tags: TagMap;
}

export type TagResourceResponse = Readonly<Record<string, never>>;

export type TagValue = string;

export interface UntagResourceRequest {
  readonly ResourceArn: Arn;
  readonly TagKeys: TagKeyList;
}

export type UntagResourceResponse = Readonly<Record<string, never>>;

export interface UpdateProfileResourceAssociationRequest {
  readonly Name?: Name | undefined;
  readonly ProfileResourceAssociationId: ResourceId;
  readonly ResourceProperties?: ResourceProperties | undefined;
}

export interface UpdateProfileResourceAssociationResponse {
  readonly ProfileResourceAssociation?: ProfileResourceAssociation | undefined;
}

export interface Operations {
  AssociateProfile: { input: AssociateProfileRequest; output: AssociateProfileResponse };
  AssociateResourceToProfile: {
    input: AssociateResourceToProfileRequest;
    output: AssociateResourceToProfileResponse;
  };
  CreateProfile: { input: CreateProfileRequest; output: CreateProfileResponse };
  DeleteProfile: { input: DeleteProfileRequest; output: DeleteProfileResponse };
  DisassociateProfile: { input: DisassociateProfileRequest; output: DisassociateProfileResponse };
  DisassociateResourceFromProfile: {
    input: DisassociateResourceFromProfileRequest;
    output: DisassociateResourceFromProfileResponse;
  };
  GetProfile: { input: GetProfileRequest; output: GetProfileResponse };
  GetProfileAssociation: { input: GetProfileAssociationRequest; output: GetProfileAssociationResponse };
  GetProfileResourceAssociation: {
    input: GetProfileResourceAssociationRequest;
    output: GetProfileResourceAssociationResponse;
  };
  ListProfileAssociations: { input: ListProfileAssociationsRequest; output: ListProfileAssociationsResponse };
  ListProfileResourceAssociations: {
    input: ListProfileResourceAssociationsRequest;
    output: ListProfileResourceAssociationsResponse;
  };
  ListProfiles: { input: ListProfilesRequest; output: ListProfilesResponse };
  ListTagsForResource: { input: ListTagsForResourceRequest; output: ListTagsForResourceResponse };
  TagResource: { input: TagResourceRequest; output: TagResourceResponse };
  UntagResource: { input: UntagResourceRequest; output: UntagResourceResponse };
  UpdateProfileResourceAssociation: {
    input: UpdateProfileResourceAssociationRequest;
    output: UpdateProfileResourceAssociationResponse;
  };
}

export type ErrorCode =
  | 'AccessDeniedException'
  | 'ConflictException'
  | 'InternalServiceErrorException'
  | 'InvalidNextTokenException'
  | 'InvalidParameterException'
  | 'LimitExceededException'
  | 'ResourceExistsException'
  | 'ResourceNotFoundException'
  | 'ThrottlingException'
  | 'ValidationException';
