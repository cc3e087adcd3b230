import { METRIC, type Metrics } from '../../telemetry/metrics.ts';
import type { ApiResponse } from './binding.ts';
import type { ServiceName } from './model.ts';

type Result = 'ok' | 'clientError' | 'throttled' | 'serverError';

const CELLS: Readonly<Record<ServiceName, Readonly<Record<Result, number>>>> = {
  route53: {
    ok: METRIC.route53Ok,
    clientError: METRIC.route53ClientErrors,
    throttled: METRIC.route53Throttled,
    serverError: METRIC.route53ServerErrors,
  },
  route53resolver: {
    ok: METRIC.resolverOk,
    clientError: METRIC.resolverClientErrors,
    throttled: METRIC.resolverThrottled,
    serverError: METRIC.resolverServerErrors,
  },
  route53profiles: {
    ok: METRIC.profilesOk,
    clientError: METRIC.profilesClientErrors,
    throttled: METRIC.profilesThrottled,
    serverError: METRIC.profilesServerErrors,
  },
};

/** Counts a request by what it was answered. Services say by the status of other errors that they throttle. */
export function countRequest(
  metrics: Pick<Metrics, 'add'>,
  service: ServiceName,
  response: ApiResponse,
): void {
  metrics.add(CELLS[service][resultOf(response)]);
}

function resultOf({ status, error }: ApiResponse): Result {
  if (error === 'Throttling') return 'throttled';
  if (status >= 500) return 'serverError';
  return status >= 400 ? 'clientError' : 'ok';
}
