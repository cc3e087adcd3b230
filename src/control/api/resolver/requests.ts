import { allOf, type Requested } from '../../hosted/resolver.ts';
import type { Reads, Resource } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller } from '../handler.ts';

/** A CreatorRequestId, and all that was asked for with it. */
export function requestOf(input: { readonly CreatorRequestId: string }): Requested {
  const { CreatorRequestId: creatorRequestId, ...asked } = input;
  return { creatorRequestId, request: JSON.stringify(asked) };
}

/**
 * What an equal request has made and is still there; undefined where the CreatorRequestId is free. Throws ApiError
 * ResourceExistsException where something else was asked for with it.
 */
export function madeBefore<Body extends Requested>(
  state: Reads,
  kind: string,
  what: string,
  { account }: Caller,
  { creatorRequestId, request }: Requested,
): Resource<Body> | undefined {
  for (const resource of allOf<Body>(state, kind, account)) {
    if (resource.body.creatorRequestId !== creatorRequestId) continue;
    if (resource.body.request === request) return resource;
    throw requestTaken(what, creatorRequestId);
  }
  return undefined;
}

export function requestTaken(what: string, id: string) {
  return apiError('ResourceExistsException', `${what} with creator request ID '${id}' already exists`, {
    ResourceType: what.toLowerCase(),
  });
}
