import { isoFromWall } from '../../../telemetry/text.ts';
import { type LogAssociationBody, type LogConfigBody, logAt, readDestination } from '../../hosted/logs.ts';
import { allOf, RESOLVER } from '../../hosted/resolver.ts';
import { revisionOrder } from '../../store/order.ts';
import type { Reads, Resource } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller, ResolverHandlers } from '../handler.ts';
import type { ResolverQueryLogConfig, ResolverQueryLogConfigStatus } from '../models/route53resolver.ts';
import { originOf } from '../route53/means.ts';
import { sortedPageOf } from './lists.ts';
import {
  arnOf,
  invalidParameter,
  invalidRequest,
  newId,
  notFound,
  ownOf,
  type ResolverMeans,
} from './means.ts';
import { madeBefore, requestOf, requestTaken } from './requests.ts';
import { policyGone, shareStatusOf, usableBy, visibleTo } from './sharing.ts';
import { firstTags, tagsGone } from './tags.ts';

/** Route 53's quota of configurations of an account in a region. */
const CONFIGS_MAX = 20;
const WHAT = 'Resolver query logging configuration';
const TYPE = 'resolver-query-log-config';

type LogConfig = Resource<LogConfigBody>;

/** Where the queries of VPCs are logged: to a log of the configuration, which the destination names. */
export function logConfigHandlers(means: ResolverMeans): ResolverHandlers {
  const shown = (config: LogConfig, caller: Caller) => ({
    ResolverQueryLogConfig: asLogConfig(means, config, caller),
  });
  return {
    async CreateResolverQueryLogConfig(call) {
      const { input, caller } = call;
      const { account } = caller;
      const request = requestOf(input);
      const before = madeBefore<LogConfigBody>(means.store, RESOLVER.logConfig, WHAT, caller, request);
      if (before !== undefined) return shown(before, caller);
      const { Name: name, DestinationArn: destination } = input;
      checkDestination(means, destination);
      const id = newId(means.prng, 'rqlc');
      const body: LogConfigBody = { name, destination, created: call.at, ...request };
      await means.store.apply((state) => {
        if (madeBefore(state, RESOLVER.logConfig, WHAT, caller, request) !== undefined)
          throw requestTaken(WHAT, request.creatorRequestId);
        if (state.count({ kind: RESOLVER.logConfig, account }) >= CONFIGS_MAX)
          throw apiError(
            'LimitExceededException',
            `Account '${account}' has exceeded 'max-query-log-configs'`,
            {
              ResourceType: TYPE,
            },
          );
        const sort = revisionOrder(call.at);
        const put = { action: 'put' as const, kind: RESOLVER.logConfig, id, account, sort, body };
        const tags = firstTags(TYPE, id, caller, input.Tags);
        return { origin: originOf(call, `${id}: ${destination}`), items: [put, ...tags] };
      });
      return shown(ownLogConfig(means.store, id, caller), caller);
    },

    GetResolverQueryLogConfig: ({ input, caller }) =>
      shown(
        logConfigFor(means.store, input.ResolverQueryLogConfigId, caller, 'GetResolverQueryLogConfig'),
        caller,
      ),

    async DeleteResolverQueryLogConfig(call) {
      const { input, caller } = call;
      const config = ownLogConfig(means.store, input.ResolverQueryLogConfigId, caller);
      const { id } = config;
      await means.store.apply((state) => {
        ownLogConfig(state, id, caller);
        if (associationsOf(state, config) > 0)
          throw invalidRequest(
            `Before you can delete the query logging configuration '${id}', you must disassociate all VPCs from it.`,
          );
        const items = [
          { action: 'delete' as const, kind: RESOLVER.logConfig, id },
          ...tagsGone(state, TYPE, id),
          ...policyGone(state, { kind: TYPE, id }),
        ];
        return { origin: originOf(call, id), items };
      });
      return { ResolverQueryLogConfig: asLogConfig(means, config, caller, 'DELETING') };
    },

    ListResolverQueryLogConfigs({ input, caller }) {
      const all = [...visibleTo<LogConfigBody>(means.store, TYPE, caller, 'ListResolverQueryLogConfigs')];
      const listed = all.map((each) => ({
        place: `${each.sort} ${each.id}`,
        shown: asLogConfig(means, each, caller),
      }));
      const { shown: configs, ...page } = sortedPageOf(listed, input, {
        Arn: ({ Arn }) => [Arn],
        AssociationCount: ({ AssociationCount }) => [AssociationCount],
        CreationTime: ({ CreationTime }) => [CreationTime],
        CreatorRequestId: ({ CreatorRequestId }) => [CreatorRequestId],
        Destination: ({ DestinationArn = '' }) => [readDestination(DestinationArn)?.type],
        DestinationArn: ({ DestinationArn }) => [DestinationArn],
        Id: ({ Id }) => [Id],
        Name: ({ Name }) => [Name],
        OwnerId: ({ OwnerId }) => [OwnerId],
        ShareStatus: ({ ShareStatus }) => [ShareStatus],
        Status: ({ Status }) => [Status],
      });
      return { ResolverQueryLogConfigs: configs, ...page };
    },
  };
}

/** Throws ApiError where nothing can be logged there. */
function checkDestination(means: ResolverMeans, arn: string): void {
  if (readDestination(arn) === undefined)
    throw invalidParameter(
      'DestinationArn',
      `The ARN '${arn}' is not one of a log group, an S3 bucket or a Firehose delivery stream.`,
    );
  if (logAt(means.config(), 'resolver', arn) !== undefined) return;
  throw notFound(
    'destination',
    `The destination '${arn}' does not exist: no log of the configuration has it.`,
  );
}

/** Throws ApiError ResourceNotFoundException. */
function ownLogConfig(state: Reads, id: string, caller: Caller): LogConfig {
  return found(ownOf<LogConfigBody>(state, RESOLVER.logConfig, id, caller), id);
}

/** One of the caller's, or with which its owner lets the caller do `action`. Throws likewise. */
export function logConfigFor(state: Reads, id: string, caller: Caller, action: string): LogConfig {
  return found(usableBy<LogConfigBody>(state, { kind: TYPE, id }, caller, action), id);
}

function found(config: LogConfig | undefined, id: string): LogConfig {
  if (config === undefined) throw notFound(TYPE, `The query logging configuration '${id}' does not exist.`);
  return config;
}

/** Of all accounts. */
function associationsOf(state: Reads, { id }: LogConfig): number {
  let count = 0;
  for (const { body } of allOf<LogAssociationBody>(state, RESOLVER.logAssociation))
    if (body.config === id) count++;
  return count;
}

function asLogConfig(
  means: ResolverMeans,
  config: LogConfig,
  caller: Caller,
  status: ResolverQueryLogConfigStatus = 'CREATED',
): ResolverQueryLogConfig {
  const { id, account, body } = config;
  return {
    Id: id,
    OwnerId: account,
    Status: status,
    ShareStatus: shareStatusOf(means.store, { kind: TYPE, id }, account, caller),
    AssociationCount: associationsOf(means.store, config),
    Arn: arnOf(means, account, TYPE, id),
    Name: body.name,
    DestinationArn: body.destination,
    CreatorRequestId: body.creatorRequestId,
    CreationTime: isoFromWall(body.created),
  };
}
