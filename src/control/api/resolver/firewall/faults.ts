import type { Requested } from '../../../hosted/resolver.ts';
import type { Resource } from '../../../store/store.ts';
import { type ApiError, apiError } from '../../errors.ts';
import { notFound } from '../means.ts';

export function invalid(message: string): ApiError {
  return apiError('ValidationException', message);
}

export function conflict(message: string): ApiError {
  return apiError('ConflictException', message);
}

/** @param type what there are too many of */
export function overLimit(type: string, message: string): ApiError {
  return apiError('LimitExceededException', message, { ResourceType: type });
}

export function cannotFind(type: string, id: string): ApiError {
  return notFound(type, `Can't find the resource with ID '${id}'.`);
}

/** What is shown of a declared thing, and cannot be changed by the API. */
export function isDeclared(what: string, id: string): ApiError {
  return invalid(`${what} '${id}' is declared in the configuration: change it there.`);
}

/**
 * What an equal request has made and is still among `made`; undefined where the CreatorRequestId is free. Throws
 * ApiError ValidationException where something else was asked for with it.
 */
export function madeWith<Body extends Requested>(
  made: Iterable<Resource<Body>>,
  { creatorRequestId, request }: Requested,
): Resource<Body> | undefined {
  for (const resource of made) {
    if (resource.body.creatorRequestId !== creatorRequestId) continue;
    if (resource.body.request === request) return resource;
    throw requestTaken(creatorRequestId);
  }
  return undefined;
}

/** For the second of two requests that came at once. */
export function refuseMade<Body extends Requested>(made: Iterable<Resource<Body>>, request: Requested): void {
  if (madeWith(made, request) !== undefined) throw requestTaken(request.creatorRequestId);
}

function requestTaken(id: string): ApiError {
  return invalid(`The creator request ID '${id}' was used in another request.`);
}
