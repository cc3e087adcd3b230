import { ConflictError, isOutage, StoreError } from '../store/errors.ts';
import { type ApiError, apiError } from './errors.ts';
import type { ServiceName } from './model.ts';

/**
 * What a client is told of a change that the store did not take, so that it tries again; undefined where the fault is
 * in this program.
 */
export function toldOfStore(service: ServiceName, error: unknown): ApiError | undefined {
  // Another request was faster: clients try again what AWS says so of.
  if (error instanceof ConflictError)
    return service === 'route53'
      ? apiError('PriorRequestNotComplete', 'Another request changes the same, and is not complete yet.')
      : apiError('Throttling', 'Another request changes the same.');
  if (error instanceof StoreError && isOutage(error.fault))
    return apiError('ServiceUnavailable', `The store refuses: ${error.message}.`);
  return undefined;
}
