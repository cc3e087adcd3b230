import { PROFILE, type ProfileAssociationBody } from '../../hosted/profiles.ts';
import { allOf } from '../../hosted/resolver.ts';
import { revisionOrder } from '../../store/order.ts';
import type { Reads, Resource } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller, ProfilesHandlers } from '../handler.ts';
import type { ProfileAssociation, ProfileStatus } from '../models/route53profiles.ts';
import { pageOf } from '../resolver/lists.ts';
import { newId, ownVpc, traced } from '../resolver/means.ts';
import { originOf } from '../route53/means.ts';
import { conflict, madeOf, notFound, own, type ProfilesMeans, statusOf } from './means.ts';
import { ownProfile } from './profiles.ts';
import { firstTags, tagsGone } from './tags.ts';

const WHAT = 'Profile association';

type Stored = Resource<ProfileAssociationBody>;

/** Which VPCs have which Profiles. */
export function associationHandlers(means: ProfilesMeans): ProfilesHandlers {
  const shown = (association: Stored, status?: ProfileStatus) => ({
    ProfileAssociation: asAssociation(means, association, status),
  });
  return {
    async AssociateProfile(call) {
      const { input, caller, at } = call;
      const { ProfileId: profile, ResourceId: vpc, Name: name } = input;
      const { account } = caller;
      const id = newId(means.prng, 'rpassoc');
      const statusMessage = traced(means.prng, 'Creating Profile association');
      const body: ProfileAssociationBody = { profile, vpc, name, statusMessage, created: at, modified: at };
      await means.store.apply((state) => {
        ownProfile(state, profile, caller);
        if (ownVpc(means, vpc, account) === undefined)
          throw notFound('VPC', `The VPC with ID '${vpc}' does not exist.`);
        refuseTaken(state, profile, vpc);
        const sort = revisionOrder(at);
        const put = { action: 'put' as const, kind: PROFILE.association, id, account, sort, body };
        const tags = firstTags('profile-association', id, caller, input.Tags);
        return { origin: originOf(call, `${profile}: ${vpc}`), items: [put, ...tags] };
      });
      return shown(ownAssociation(means.store, id, caller));
    },

    GetProfileAssociation: ({ input, caller }) =>
      shown(ownAssociation(means.store, input.ProfileAssociationId, caller)),

    async DisassociateProfile(call) {
      const { input, caller } = call;
      const { ProfileId: profile, ResourceId: vpc } = input;
      const association = between(means.store, profile, vpc, caller);
      await means.store.apply((state) => {
        const { id } = between(state, profile, vpc, caller);
        const gone = tagsGone(state, 'profile-association', id);
        const items = [{ action: 'delete' as const, kind: PROFILE.association, id }, ...gone];
        return { origin: originOf(call, `${profile}: ${vpc}`), items };
      });
      return shown(association, 'DELETING');
    },

    ListProfileAssociations({ input, caller }) {
      const { ProfileId: profile, ResourceId: vpc } = input;
      const all = [...allOf<ProfileAssociationBody>(means.store, PROFILE.association, caller.account)]
        .filter(({ body }) => body.profile === (profile ?? body.profile) && body.vpc === (vpc ?? body.vpc))
        .map((association) => ({
          place: `${association.sort} ${association.id}`,
          shown: asAssociation(means, association),
        }));
      const { shown: ProfileAssociations, NextToken } = pageOf(all, input);
      return { ProfileAssociations, ...(NextToken === undefined ? {} : { NextToken }) };
    },
  };
}

/** A VPC has one Profile. */
function refuseTaken(state: Reads, profile: string, vpc: string): void {
  for (const { body } of allOf<ProfileAssociationBody>(state, PROFILE.association)) {
    if (body.vpc !== vpc) continue;
    if (body.profile === profile)
      throw apiError(
        'ResourceExistsException',
        `The Profile '${profile}' is associated with VPC '${vpc}' already.`,
        { ResourceType: 'PROFILE_ASSOCIATION' },
      );
    throw conflict(`The VPC '${vpc}' is associated with the Profile '${body.profile}' already.`);
  }
}

function ownAssociation(state: Reads, id: string, caller: Caller): Stored {
  return own<ProfileAssociationBody>(state, PROFILE.association, WHAT, id, caller);
}

function between(state: Reads, profile: string, vpc: string, { account }: Caller): Stored {
  for (const association of allOf<ProfileAssociationBody>(state, PROFILE.association, account))
    if (association.body.profile === profile && association.body.vpc === vpc) return association;
  throw notFound(WHAT, `The Profile '${profile}' is not associated with VPC '${vpc}'.`);
}

function asAssociation(
  means: ProfilesMeans,
  association: Stored,
  status?: ProfileStatus,
): ProfileAssociation {
  const { id, body } = association;
  return {
    Id: id,
    Name: body.name,
    ProfileId: body.profile,
    ResourceId: body.vpc,
    Status: status ?? statusOf(means, association),
    ...madeOf(association),
  };
}
