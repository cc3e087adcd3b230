import { uuid } from '../../../util/uuid.ts';
import { KIND, type QueryLogBody } from '../../hosted/bodies.ts';
import { LIST_MAX, type Reads, type Resource } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import { type Caller, locationOf, type Route53Handlers } from '../handler.ts';
import type { QueryLoggingConfig } from '../models/route53.ts';
import { type Means, originOf, ownZone, pageSize } from './means.ts';

const PAGE_MAX = 100;
/** CloudWatch takes such logs in one region only; `:*` is how it writes the group's streams. */
const LOG_GROUP = /^arn:aws[\w-]*:logs:us-east-1:(\d{12}):log-group:([\w./#-]{1,512})(?::\*)?$/;

/** Where queries for public zones are logged. */
export function queryLogHandlers(means: Means): Route53Handlers {
  const own = (state: Reads, id: string, { account }: Caller): Resource<QueryLogBody> => {
    const found = state.get<QueryLogBody>(KIND.queryLog, id);
    if (found?.account === account) return found;
    throw apiError('NoSuchQueryLoggingConfig', `The query logging config ${id} does not exist.`);
  };
  return {
    async CreateQueryLoggingConfig(call) {
      const { HostedZoneId: zoneId, CloudWatchLogsLogGroupArn: arn } = call.input;
      const { account } = call.caller;
      const id = uuid(means.prng);
      const body: QueryLogBody = { zone: zoneId, arn };
      await means.store.apply((state) => {
        const zone = ownZone(state, zoneId, call.caller);
        if (zone.body.vpcs.length > 0)
          throw apiError(
            'InvalidInput',
            `The hosted zone ${zoneId} is private: its queries cannot be logged so.`,
          );
        checkLogGroup(means, arn, call.caller);
        if (all(state, account).some((each) => each.body.zone === zoneId))
          throw apiError(
            'QueryLoggingConfigAlreadyExists',
            `A query logging configuration already exists for the hosted zone ${zoneId}.`,
          );
        const common = { action: 'put' as const, kind: KIND.queryLog, account, expect: 'absent' as const };
        return { origin: originOf(call, `${id}: ${zoneId}`), items: [{ ...common, id, sort: id, body }] };
      });
      return { QueryLoggingConfig: shown({ id, body }), Location: locationOf(`queryloggingconfig/${id}`) };
    },

    GetQueryLoggingConfig: ({ input, caller }) => ({
      QueryLoggingConfig: shown(own(means.store, input.Id, caller)),
    }),

    async DeleteQueryLoggingConfig(call) {
      await means.store.apply((state) => {
        const { kind, id } = own(state, call.input.Id, call.caller);
        return { origin: originOf(call, id), items: [{ action: 'delete', kind, id }] };
      });
      return {};
    },

    ListQueryLoggingConfigs({ input, caller }) {
      const { HostedZoneId: zone, NextToken: from = '' } = input;
      if (zone !== undefined) ownZone(means.store, zone, caller);
      const limit = pageSize(input.MaxResults, PAGE_MAX);
      const wanted = all(means.store, caller.account).filter(
        ({ id, body }) => id >= from && (zone === undefined || body.zone === zone),
      );
      return {
        QueryLoggingConfigs: wanted.slice(0, limit).map(shown),
        NextToken: wanted[limit]?.id,
      };
    },
  };
}

/** An account has one for each of its zones at most. In the order of ids. */
function all(state: Reads, account: string): Resource<QueryLogBody>[] {
  return state.list<QueryLogBody>({ kind: KIND.queryLog, account, limit: LIST_MAX });
}

/** Throws ApiError InvalidInput for what is no log group, NoSuchCloudWatchLogsLogGroup for one that is not there. */
function checkLogGroup(means: Means, arn: string, { account }: Caller): void {
  const [, owner, name] = LOG_GROUP.exec(arn) ?? [];
  if (owner === undefined || name === undefined)
    throw apiError('InvalidInput', `The ARN ${arn} is not one of a log group in us-east-1.`);
  if (owner === account && means.hasLogGroup(arn)) return;
  throw apiError(
    'NoSuchCloudWatchLogsLogGroup',
    `The specified CloudWatch Logs log group does not exist: ${name}`,
  );
}

function shown({ id, body }: Pick<Resource<QueryLogBody>, 'id' | 'body'>): QueryLoggingConfig {
  return { Id: id, HostedZoneId: body.zone, CloudWatchLogsLogGroupArn: body.arn };
}
