import { PROFILE } from '../../hosted/profiles.ts';
import type { Item, Reads } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller, ProfilesHandlers } from '../handler.ts';
import type { TagList } from '../models/route53profiles.ts';
import { ownOf } from '../resolver/means.ts';
import { originOf } from '../route53/means.ts';
import { notFound, type ProfileArnType, type ProfilesMeans } from './means.ts';

const TAGS_MAX = 200;

type TagsBody = Readonly<Record<string, string>>;

/** What may have tags, by the word in its ARN. */
const KINDS: Readonly<Record<ProfileArnType, string>> = {
  profile: PROFILE.profile,
  'profile-association': PROFILE.association,
};

/** Tags of Profiles and of their associations with VPCs. */
export function tagHandlers(means: ProfilesMeans): ProfilesHandlers {
  return {
    async TagResource(call) {
      const { ResourceArn: arn, Tags: more } = call.input;
      await means.store.apply((state) => {
        const key = keyOf(state, arn, call.caller);
        const items = tagItems(key, call.caller, { ...tagsAt(state, key), ...more });
        return { origin: originOf(call, key), items };
      });
      return {};
    },

    async UntagResource(call) {
      const { ResourceArn: arn, TagKeys: keys } = call.input;
      await means.store.apply((state) => {
        const key = keyOf(state, arn, call.caller);
        const left = Object.entries(tagsAt(state, key)).filter(([name]) => !keys.includes(name));
        return { origin: originOf(call, key), items: tagItems(key, call.caller, Object.fromEntries(left)) };
      });
      return {};
    },

    ListTagsForResource({ input, caller }) {
      return { Tags: tagsAt(means.store, keyOf(means.store, input.ResourceArn, caller)) };
    },
  };
}

/** What a resource is made with: its tags. Throws ApiError. */
export function firstTags(type: ProfileArnType, id: string, caller: Caller, tags: TagList = []): Item[] {
  if (tags.length === 0) return [];
  return tagItems(`${type}/${id}`, caller, Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));
}

/** What is to go with a resource. */
export function tagsGone(state: Reads, type: ProfileArnType, id: string): Item[] {
  const key = `${type}/${id}`;
  return state.get(PROFILE.tags, key) === undefined
    ? []
    : [{ action: 'delete', kind: PROFILE.tags, id: key }];
}

function tagItems(id: string, { account }: Caller, body: TagsBody): Item[] {
  const keys = Object.keys(body);
  const reserved = keys.find((key) => key.toLowerCase().startsWith('aws:'));
  if (reserved !== undefined)
    throw apiError(
      'ValidationException',
      `The tag key ${reserved} is invalid: keys with aws: are those of AWS.`,
    );
  if (keys.length > TAGS_MAX)
    throw apiError('ValidationException', `A resource has at most ${TAGS_MAX} tags.`);
  return [{ action: 'put', kind: PROFILE.tags, id, account, sort: '', body }];
}

function tagsAt(state: Reads, key: string): TagsBody {
  return state.get<TagsBody>(PROFILE.tags, key)?.body ?? {};
}

/** `profile/rp-…` of an ARN of the caller's. Throws ApiError ResourceNotFoundException. */
function keyOf(state: Reads, arn: string, caller: Caller): string {
  const [, account, type = '', id = ''] =
    /^arn:aws:route53profiles:[a-z0-9-]*:(\d*):([a-z-]+)\/(.+)$/.exec(arn) ?? [];
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type as ProfileArnType] : undefined;
  if (kind === undefined || account !== caller.account || ownOf(state, kind, id, caller) === undefined)
    throw notFound('Resource', `Resource with ARN '${arn}' does not exist.`);
  return `${type}/${id}`;
}
