import type { Item, Reads } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller, Route53Handlers } from '../handler.ts';
import type { ResourceTagSet, Tag, TagResourceType } from '../models/route53.ts';
import { type Means, originOf, ownZone } from './means.ts';

export const KIND_TAGS = 'tags';
const TAGS_MAX = 50;

type TagsBody = Readonly<Record<string, string>>;

/** Tags of hosted zones and health checks, also of those that the configuration declares. */
export function tagHandlers(means: Means): Route53Handlers {
  const tagsOf = (type: TagResourceType, id: string, caller: Caller): ResourceTagSet => {
    refuseUnknown(means, means.store, type, id, caller);
    const tags = means.store.get<TagsBody>(KIND_TAGS, tagsId(type, id))?.body ?? {};
    return { ResourceType: type, ResourceId: id, Tags: Object.entries(tags).map(asTag) };
  };
  return {
    ListTagsForResource: ({ input, caller }) => ({
      ResourceTagSet: tagsOf(input.ResourceType, input.ResourceId, caller),
    }),

    ListTagsForResources: ({ input, caller }) => ({
      ResourceTagSets: input.ResourceIds.map((id) => tagsOf(input.ResourceType, id, caller)),
    }),

    async ChangeTagsForResource(call) {
      const {
        ResourceType: type,
        ResourceId: id,
        AddTags: add = [],
        RemoveTagKeys: remove = [],
      } = call.input;
      if (add.length === 0 && remove.length === 0)
        throw apiError('InvalidInput', 'At least one of AddTags and RemoveTagKeys must be given.');
      await means.store.apply((state) => {
        refuseUnknown(means, state, type, id, call.caller);
        const key = tagsId(type, id);
        const tags = new Map(Object.entries(state.get<TagsBody>(KIND_TAGS, key)?.body ?? {}));
        for (const { Key: name, Value: value } of add) if (name !== undefined) tags.set(name, value ?? '');
        for (const name of remove) tags.delete(name);
        if (tags.size > TAGS_MAX) throw apiError('InvalidInput', `A resource has at most ${TAGS_MAX} tags.`);
        const { account } = call.caller;
        const body = Object.fromEntries(tags);
        const item: Item = { action: 'put', kind: KIND_TAGS, id: key, account, sort: '', body };
        return { origin: originOf(call, key), items: [item] };
      });
      return {};
    },
  };
}

/** The id of what has the tags of a resource. */
export function tagsId(type: TagResourceType, id: string): string {
  return `${type} ${id}`;
}

function refuseUnknown(means: Means, state: Reads, type: TagResourceType, id: string, caller: Caller): void {
  if (type === 'hostedzone') ownZone(state, id, caller);
  else if (means.resources(state, caller.account).healthCheck(id) === undefined)
    throw apiError('NoSuchHealthCheck', `A health check with id ${id} does not exist.`);
}

function asTag([key, value]: [string, string]): Tag {
  return { Key: key, Value: value };
}
