import type { Made } from '../../hosted/resolver.ts';
import type { Reads, Resource } from '../../store/store.ts';
import { type ApiError, apiError } from '../errors.ts';
import type { Caller } from '../handler.ts';
import type { ProfileStatus } from '../models/route53profiles.ts';
import { isServed, ownOf, type ResolverMeans } from '../resolver/means.ts';

/** What the handlers of Profiles need of the control thread. */
export type ProfilesMeans = Pick<ResolverMeans, 'store' | 'prng' | 'served' | 'config'>;

/** What is taken for the type in an ARN. */
export type ProfileArnType = 'profile' | 'profile-association';

export function arnOf(means: ProfilesMeans, account: string, type: ProfileArnType, id: string): string {
  return `arn:aws:route53profiles:${means.config().node.region}:${account}:${type}/${id}`;
}

/** One of the caller's. Throws ApiError ResourceNotFoundException. */
export function own<Body>(
  state: Reads,
  kind: string,
  what: string,
  id: string,
  caller: Caller,
): Resource<Body> {
  const found = ownOf<Body>(state, kind, id, caller);
  if (found === undefined) throw notFound(what, `${what} with ID '${id}' does not exist.`);
  return found;
}

export function notFound(what: string, message: string): ApiError {
  return apiError('ResourceNotFoundException', message, {
    ResourceType: what.toUpperCase().replaceAll(' ', '_'),
  });
}

export function invalid(field: string, message: string): ApiError {
  return apiError('InvalidParameterException', message, { FieldName: field });
}

export function conflict(message: string): ApiError {
  return apiError('ConflictException', message);
}

/** COMPLETE is what every worker serves. */
export function statusOf(means: ProfilesMeans, resource: Resource<Made>): ProfileStatus {
  if (isServed(means, resource)) return 'COMPLETE';
  const { created, modified } = resource.body;
  return created === modified ? 'CREATING' : 'UPDATING';
}

/** What all that is made shows; times are milliseconds since 1970. */
export function madeOf({ account, body }: Resource<Made>) {
  return {
    OwnerId: account,
    StatusMessage: body.statusMessage,
    CreationTime: body.created,
    ModificationTime: body.modified,
  };
}
