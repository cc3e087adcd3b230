import {
  PROFILE,
  type ProfileAssociationBody,
  type ProfileBody,
  resourcesOf,
} from '../../hosted/profiles.ts';
import { allOf } from '../../hosted/resolver.ts';
import { revisionOrder } from '../../store/order.ts';
import type { Item, Reads, Resource } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller, ProfilesHandlers } from '../handler.ts';
import type { Profile, ProfileStatus } from '../models/route53profiles.ts';
import { pageOf } from '../resolver/lists.ts';
import { newId, quotaOf, traced } from '../resolver/means.ts';
import { originOf } from '../route53/means.ts';
import { arnOf, conflict, invalid, madeOf, own, type ProfilesMeans } from './means.ts';
import { firstTags, tagsGone } from './tags.ts';

type Stored = Resource<ProfileBody>;

export function profileHandlers(means: ProfilesMeans): ProfilesHandlers {
  const shown = (profile: Stored, status?: ProfileStatus) => ({ Profile: asProfile(means, profile, status) });
  return {
    async CreateProfile(call) {
      const { input, caller, at } = call;
      const { ClientToken: clientToken, Name: name } = input;
      const before = madeBefore(means.store, clientToken, name, caller);
      if (before !== undefined) return shown(before);
      const id = newId(means.prng, 'rp');
      const { account } = caller;
      const statusMessage = traced(means.prng, 'Created Profile');
      const body: ProfileBody = { name, clientToken, statusMessage, created: at, modified: at };
      await means.store.apply((state) => {
        if (madeBefore(state, clientToken, name, caller) !== undefined) throw tokenTaken(clientToken);
        const most = quotaOf(means, caller, 'profiles');
        if (state.count({ kind: PROFILE.profile, account }) >= most)
          throw apiError('LimitExceededException', `An account has at most ${most} Profiles.`, {
            ResourceType: 'PROFILE',
          });
        const sort = revisionOrder(at);
        const put = { action: 'put' as const, kind: PROFILE.profile, id, account, sort, body };
        const tags = firstTags('profile', id, caller, input.Tags);
        return { origin: originOf(call, `${id}: ${name}`), items: [put, ...tags] };
      });
      return shown(ownProfile(means.store, id, caller));
    },

    GetProfile: ({ input, caller }) => shown(ownProfile(means.store, input.ProfileId, caller)),

    async DeleteProfile(call) {
      const { input, caller } = call;
      const { ProfileId: id } = input;
      const profile = ownProfile(means.store, id, caller);
      await means.store.apply((state) => {
        ownProfile(state, id, caller);
        for (const { body } of allOf<ProfileAssociationBody>(state, PROFILE.association))
          if (body.profile === id)
            throw conflict(
              `The Profile '${id}' is associated with VPC '${body.vpc}': disassociate it first.`,
            );
        const resources = resourcesOf(state, id).map(
          (resource): Item => ({ action: 'delete', kind: PROFILE.resource, id: resource.id }),
        );
        const gone = tagsGone(state, 'profile', id);
        const items: Item[] = [...resources, { action: 'delete', kind: PROFILE.profile, id }, ...gone];
        return { origin: originOf(call, id), items };
      });
      return shown(profile, 'DELETING');
    },

    ListProfiles({ input, caller }) {
      const all = [...allOf<ProfileBody>(means.store, PROFILE.profile, caller.account)].map((profile) => ({
        place: `${profile.sort} ${profile.id}`,
        shown: profile,
      }));
      const { shown: profiles, NextToken } = pageOf(all, input);
      const ProfileSummaries = profiles.map((profile) => {
        const { Id, Arn, Name, ShareStatus } = asProfile(means, profile);
        return { Id, Arn, Name, ShareStatus };
      });
      return { ProfileSummaries, ...(NextToken === undefined ? {} : { NextToken }) };
    },
  };
}

/** Throws ApiError ResourceNotFoundException. */
export function ownProfile(state: Reads, id: string, caller: Caller): Stored {
  return own<ProfileBody>(state, PROFILE.profile, 'Profile', id, caller);
}

/** What an equal request has made. Throws ApiError where something else was asked for with the token. */
function madeBefore(state: Reads, token: string, name: string, { account }: Caller): Stored | undefined {
  for (const profile of allOf<ProfileBody>(state, PROFILE.profile, account)) {
    if (profile.body.clientToken !== token) continue;
    if (profile.body.name === name) return profile;
    throw tokenTaken(token);
  }
  return undefined;
}

function tokenTaken(token: string) {
  return invalid('ClientToken', `A Profile with the client token '${token}' exists already.`);
}

/** A Profile is complete when it is stored: what it does is its associations' matter. */
function asProfile(means: ProfilesMeans, profile: Stored, status?: ProfileStatus): Profile {
  const { id, account, body } = profile;
  return {
    Id: id,
    Arn: arnOf(means, account, 'profile', id),
    Name: body.name,
    ClientToken: body.clientToken,
    Status: status ?? 'COMPLETE',
    ShareStatus: 'NOT_SHARED',
    ...madeOf(profile),
  };
}
