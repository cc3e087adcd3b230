import { GROUPS_OF_VPC_MAX } from '../../firewall/policy.ts';
import {
  PROFILE,
  type ProfileResourceBody,
  RESOURCES_MAX,
  resourceIn,
  resourcesOf,
} from '../../hosted/profiles.ts';
import { revisionOrder } from '../../store/order.ts';
import type { PutItem, Reads, Resource } from '../../store/store.ts';
import { type ApiError, apiError } from '../errors.ts';
import type { Caller, ProfilesHandlers } from '../handler.ts';
import type { ProfileResourceAssociation, ProfileStatus } from '../models/route53profiles.ts';
import { pageOf } from '../resolver/lists.ts';
import { newId, traced } from '../resolver/means.ts';
import { originOf } from '../route53/means.ts';
import { conflict, madeOf, notFound, own, type ProfilesMeans, statusOf } from './means.ts';
import { ownProfile } from './profiles.ts';
import { readPriority, type Target, targetKey, targetNamed } from './targets.ts';

const WHAT = 'Profile resource association';

type Stored = Resource<ProfileResourceBody>;

/** What is in a Profile. */
export function resourceHandlers(means: ProfilesMeans): ProfilesHandlers {
  const shown = (association: Stored, status?: ProfileStatus) => ({
    ProfileResourceAssociation: asAssociation(means, association, status),
  });
  return {
    async AssociateResourceToProfile(call) {
      const { input, caller, at } = call;
      const { ProfileId: profile, ResourceArn: arn, Name: name, ResourceProperties } = input;
      const { account } = caller;
      const id = newId(means.prng, 'rpr');
      const statusMessage = traced(means.prng, 'Creating the Profile to resource association');
      await means.store.apply((state) => {
        ownProfile(state, profile, caller);
        const target = targetNamed(state, arn, caller);
        const priority = readPriority(target.type, ResourceProperties);
        refuseTaken(state, profile, target, priority, account);
        const times = { created: at, modified: at };
        const body: ProfileResourceBody = {
          ...{ profile, arn, name, statusMessage, priority },
          ...{ type: target.type, id: target.resource.id },
          ...times,
        };
        const put = putResource({ id, account, parent: profile, sort: revisionOrder(at) }, body);
        return { origin: originOf(call, `${profile}: ${arn}`), items: [put] };
      });
      return shown(ownResource(means.store, id, caller));
    },

    GetProfileResourceAssociation: ({ input, caller }) =>
      shown(ownResource(means.store, input.ProfileResourceAssociationId, caller)),

    async UpdateProfileResourceAssociation(call) {
      const { input, caller, at } = call;
      const { ProfileResourceAssociationId: id, Name: name, ResourceProperties } = input;
      const statusMessage = traced(means.prng, 'Updating the Profile to resource association');
      await means.store.apply((state) => {
        const there = ownResource(state, id, caller);
        const { body } = there;
        const priority =
          ResourceProperties === undefined ? body.priority : readPriority(body.type, ResourceProperties);
        refusePriority(state, body.profile, priority, id);
        const changed = { ...body, name: name ?? body.name, priority, modified: at, statusMessage };
        return { origin: originOf(call, id), items: [putResource(there, changed)] };
      });
      return shown(ownResource(means.store, id, caller));
    },

    async DisassociateResourceFromProfile(call) {
      const { input, caller } = call;
      const { ProfileId: profile, ResourceArn: arn } = input;
      const association = inProfile(means.store, profile, arn, caller);
      await means.store.apply((state) => {
        const { id } = inProfile(state, profile, arn, caller);
        const items = [{ action: 'delete' as const, kind: PROFILE.resource, id }];
        return { origin: originOf(call, `${profile}: ${arn}`), items };
      });
      return shown(association, 'DELETING');
    },

    ListProfileResourceAssociations({ input, caller }) {
      const { ProfileId: profile, ResourceType: type } = input;
      ownProfile(means.store, profile, caller);
      const all = resourcesOf(means.store, profile)
        .filter(({ body }) => body.type === (type ?? body.type))
        .map((association) => ({
          place: `${association.sort} ${association.id}`,
          shown: asAssociation(means, association),
        }));
      const { shown: ProfileResourceAssociations, NextToken } = pageOf(all, input);
      return { ProfileResourceAssociations, ...(NextToken === undefined ? {} : { NextToken }) };
    },
  };
}

/** A Profile has a resource once, and one rule or zone of a name. */
function refuseTaken(
  state: Reads,
  profile: string,
  target: Target,
  priority: number | undefined,
  account: string,
): void {
  const there = resourcesOf(state, profile);
  if (there.length >= RESOURCES_MAX) throw overLimit(`${RESOURCES_MAX} resources`);
  const groups = there.filter(({ body }) => body.type === 'FIREWALL_RULE_GROUP');
  // Each VPC that has the Profile has them all.
  if (target.type === 'FIREWALL_RULE_GROUP' && groups.length >= GROUPS_OF_VPC_MAX)
    throw overLimit(`${GROUPS_OF_VPC_MAX} firewall rule groups`);
  const key = targetKey(state, { type: target.type, id: target.resource.id }, account);
  for (const { body } of there)
    if (body.type === target.type && targetKey(state, body, account) === key)
      throw conflict(`The Profile '${profile}' has '${body.arn}' already.`);
  refusePriority(state, profile, priority);
}

function overLimit(most: string): ApiError {
  return apiError('LimitExceededException', `A Profile has at most ${most}.`, {
    ResourceType: 'PROFILE_RESOURCE_ASSOCIATION',
  });
}

function refusePriority(state: Reads, profile: string, priority: number | undefined, id?: string): void {
  if (priority === undefined) return;
  for (const other of resourcesOf(state, profile))
    if (other.id !== id && other.body.priority === priority)
      throw conflict(`The priority ${priority} is that of '${other.body.arn}' in the Profile '${profile}'.`);
}

function ownResource(state: Reads, id: string, caller: Caller): Stored {
  return own<ProfileResourceBody>(state, PROFILE.resource, WHAT, id, caller);
}

function inProfile(state: Reads, profile: string, arn: string, caller: Caller): Stored {
  ownProfile(state, profile, caller);
  const found = resourcesOf(state, profile).find(({ body }) => body.arn === arn);
  if (found === undefined) throw notFound(WHAT, `The Profile '${profile}' does not have '${arn}'.`);
  return found;
}

function putResource(
  { id, account, parent, sort }: Pick<Resource, 'id' | 'account' | 'parent' | 'sort'>,
  body: ProfileResourceBody,
): PutItem {
  return { action: 'put', kind: PROFILE.resource, id, account, parent, sort, body };
}

function asAssociation(
  means: ProfilesMeans,
  association: Stored,
  status?: ProfileStatus,
): ProfileResourceAssociation {
  const { id, body, account } = association;
  const isThere = resourceIn(means.store, body, account) !== undefined;
  return {
    Id: id,
    Name: body.name,
    ProfileId: body.profile,
    ResourceArn: body.arn,
    ResourceType: body.type,
    ...(body.priority === undefined
      ? {}
      : { ResourceProperties: JSON.stringify({ priority: body.priority }) }),
    ...madeOf(association),
    Status: status ?? (isThere ? statusOf(means, association) : 'FAILED'),
    ...(isThere ? {} : { StatusMessage: `The resource '${body.arn}' is deleted, or not shared any more.` }),
  };
}
