import { isoFromWall } from '../../../telemetry/text.ts';
import { type LogAssociationBody, type LogConfigBody, logAt } from '../../hosted/logs.ts';
import { allOf, RESOLVER } from '../../hosted/resolver.ts';
import { revisionOrder } from '../../store/order.ts';
import type { Reads, Resource } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller, ResolverHandlers } from '../handler.ts';
import type {
  ResolverQueryLogConfigAssociation,
  ResolverQueryLogConfigAssociationStatus,
} from '../models/route53resolver.ts';
import { originOf } from '../route53/means.ts';
import { Leaving } from './leaving.ts';
import { sortedPageOf } from './lists.ts';
import { isServed, newId, notFound, type ResolverMeans, refuseUnknownVpc } from './means.ts';
import { logConfigFor } from './querylogconfigs.ts';

/** Route 53's quota of VPCs of a configuration. */
const VPCS_MAX = 100;
const TYPE = 'resolver query log config association';

type Association = Resource<LogAssociationBody>;

/** Which VPCs are logged where. */
export function logAssociationHandlers(means: ResolverMeans): ResolverHandlers {
  const leaving = new Leaving<LogAssociationBody>(means);
  return {
    async AssociateResolverQueryLogConfig(call) {
      const { input, caller } = call;
      const { ResolverQueryLogConfigId: config, ResourceId: vpc } = input;
      const { account } = caller;
      const id = newId(means.prng, 'rqlca');
      const body: LogAssociationBody = { config, vpc, created: call.at };
      await means.store.apply((state) => {
        logConfigFor(state, config, caller, 'AssociateResolverQueryLogConfig');
        refuseUnknownVpc(means, vpc, 'ResourceId', caller);
        const others = associationsOf(state, config, caller);
        refuseTaken(others, config, vpc);
        if (others.length >= VPCS_MAX)
          throw apiError('LimitExceededException', `'${config}' has exceeded 'max-associations'`, {
            ResourceType: TYPE,
          });
        const sort = revisionOrder(call.at);
        const put = { action: 'put' as const, kind: RESOLVER.logAssociation, id, account, sort, body };
        return { origin: originOf(call, `${config}: ${vpc}`), items: [put] };
      });
      const made = means.store.get<LogAssociationBody>(RESOLVER.logAssociation, id)!;
      return { ResolverQueryLogConfigAssociation: asAssociation(means, made) };
    },

    async DisassociateResolverQueryLogConfig(call) {
      const { input, caller } = call;
      const { ResolverQueryLogConfigId: config, ResourceId: vpc } = input;
      const association = between(means.store, config, vpc, caller);
      const revision = await means.store.apply((state) => {
        const { kind, id } = between(state, config, vpc, caller);
        return { origin: originOf(call, `${config}: ${vpc}`), items: [{ action: 'delete', kind, id }] };
      });
      leaving.add(association, revision);
      return { ResolverQueryLogConfigAssociation: asAssociation(means, association, 'DELETING') };
    },

    GetResolverQueryLogConfigAssociation({ input, caller }) {
      const id = input.ResolverQueryLogConfigAssociationId;
      const found = listed(means, leaving, caller).find(({ shown }) => shown.Id === id);
      if (found === undefined)
        throw notFound(TYPE, `The query logging configuration association '${id}' does not exist.`);
      return { ResolverQueryLogConfigAssociation: found.shown };
    },

    ListResolverQueryLogConfigAssociations({ input, caller }) {
      const { shown, ...page } = sortedPageOf(listed(means, leaving, caller), input, {
        CreationTime: ({ CreationTime }) => [CreationTime],
        Error: (association) => [association.Error],
        Id: ({ Id }) => [Id],
        ResolverQueryLogConfigId: ({ ResolverQueryLogConfigId }) => [ResolverQueryLogConfigId],
        ResourceId: ({ ResourceId }) => [ResourceId],
        Status: ({ Status }) => [Status],
      });
      return { ResolverQueryLogConfigAssociations: shown, ...page };
    },
  };
}

function listed(means: ResolverMeans, leaving: Leaving<LogAssociationBody>, caller: Caller) {
  const place = ({ sort, id }: Association): string => `${sort} ${id}`;
  const there = [...allOf<LogAssociationBody>(means.store, RESOLVER.logAssociation, caller.account)];
  return [
    ...there.map((each) => ({ place: place(each), shown: asAssociation(means, each) })),
    ...leaving
      .of(caller)
      .map((each) => ({ place: place(each), shown: asAssociation(means, each, 'DELETING') })),
  ];
}

function associationsOf(state: Reads, config: string, { account }: Caller): Association[] {
  const all = [...allOf<LogAssociationBody>(state, RESOLVER.logAssociation, account)];
  return all.filter(({ body }) => body.config === config);
}

function refuseTaken(others: readonly Association[], config: string, vpc: string): void {
  if (!others.some(({ body }) => body.vpc === vpc)) return;
  throw apiError(
    'ResourceExistsException',
    `The VPC '${vpc}' is already associated with the query logging configuration '${config}'.`,
    { ResourceType: TYPE },
  );
}

function between(state: Reads, config: string, vpc: string, caller: Caller): Association {
  const found = associationsOf(state, config, caller).find(({ body }) => body.vpc === vpc);
  if (found !== undefined) return found;
  throw notFound(
    TYPE,
    `The association between the query logging configuration '${config}' and the VPC '${vpc}' does not exist.`,
  );
}

function asAssociation(
  means: ResolverMeans,
  association: Association,
  status?: ResolverQueryLogConfigAssociationStatus,
): ResolverQueryLogConfigAssociation {
  const { id, body } = association;
  const hasDestination = destinationOf(means, body) !== undefined;
  const now = hasDestination ? (isServed(means, association) ? 'ACTIVE' : 'CREATING') : 'ACTION_NEEDED';
  return {
    Id: id,
    ResolverQueryLogConfigId: body.config,
    ResourceId: body.vpc,
    Status: status ?? now,
    Error: hasDestination ? 'NONE' : 'DESTINATION_NOT_FOUND',
    ErrorMessage: hasDestination ? '' : 'No log of the configuration has the destination.',
    CreationTime: isoFromWall(body.created),
  };
}

/** The log that it is logged to; undefined where the configuration has none any more. */
function destinationOf(means: ResolverMeans, { config }: LogAssociationBody) {
  const made = means.store.get<LogConfigBody>(RESOLVER.logConfig, config);
  return made && logAt(means.config(), 'resolver', made.body.destination);
}
