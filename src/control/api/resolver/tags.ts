import { FIREWALL } from '../../hosted/firewall.ts';
import { RESOLVER } from '../../hosted/resolver.ts';
import type { Item, Reads } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller, ResolverHandlers } from '../handler.ts';
import type { TagList } from '../models/route53resolver.ts';
import { originOf } from '../route53/means.ts';
import { pageOf } from './lists.ts';
import { notFound, ownOf, type ResolverMeans, type Tagged } from './means.ts';

const TAGS_MAX = 200;

type TagsBody = Readonly<Record<string, string>>;

/** What may have tags, by the word in its ARN. */
const KINDS: Readonly<Record<string, string>> = {
  'resolver-rule': RESOLVER.rule,
  'resolver-endpoint': RESOLVER.endpoint,
  'firewall-rule-group': FIREWALL.group,
  'firewall-rule-group-association': FIREWALL.association,
  'firewall-domain-list': FIREWALL.list,
};

/** Tags of what the API made. */
export function tagHandlers(means: ResolverMeans): ResolverHandlers {
  return {
    async TagResource(call) {
      const { ResourceArn: arn, Tags: add } = call.input;
      await means.store.apply((state) => {
        const key = keyOf(state, arn, call.caller);
        const items = tagItems(key, call.caller, { ...tagsAt(state, key), ...read(add) });
        return { origin: originOf(call, key), items };
      });
      return {};
    },

    async UntagResource(call) {
      const { ResourceArn: arn, TagKeys: remove } = call.input;
      await means.store.apply((state) => {
        const key = keyOf(state, arn, call.caller);
        const left = Object.entries(tagsAt(state, key)).filter(([name]) => !remove.includes(name));
        return {
          origin: originOf(call, key),
          items: tagItems(key, call.caller, Object.fromEntries(left)),
        };
      });
      return {};
    },

    ListTagsForResource({ input, caller }) {
      const tags = tagsAt(means.store, keyOf(means.store, input.ResourceArn, caller));
      const all = Object.entries(tags).map(([Key, Value]) => ({ place: Key, shown: { Key, Value } }));
      const { shown, NextToken } = pageOf(all, input);
      return { Tags: shown, ...(NextToken === undefined ? {} : { NextToken }) };
    },
  };
}

/** What a resource is made with: its tags. Throws ApiError. */
export function firstTags(type: Tagged, id: string, caller: Caller, tags: TagList = []): Item[] {
  return tags.length === 0 ? [] : tagItems(`${type}/${id}`, caller, read(tags));
}

/** What is to go with a resource. */
export function tagsGone(state: Reads, type: Tagged, id: string): Item[] {
  const key = `${type}/${id}`;
  if (state.get(RESOLVER.tags, key) === undefined) return [];
  return [{ action: 'delete', kind: RESOLVER.tags, id: key }];
}

function tagItems(id: string, { account }: Caller, body: TagsBody): Item[] {
  if (Object.keys(body).length > TAGS_MAX)
    throw apiError('LimitExceededException', `A resource has at most ${TAGS_MAX} tags.`, {
      ResourceType: 'tag',
    });
  return [{ action: 'put', kind: RESOLVER.tags, id, account, sort: '', body }];
}

function read(tags: TagList): TagsBody {
  const found = new Map<string, string>();
  for (const { Key: key, Value: value } of tags) {
    if (key.toLowerCase().startsWith('aws:'))
      throw apiError(
        'InvalidTagException',
        `The tag key ${key} is invalid: keys with aws: are those of AWS.`,
      );
    if (found.has(key))
      throw apiError('InvalidTagException', `The tag key ${key} is invalid: it is given twice.`);
    found.set(key, value);
  }
  return Object.fromEntries(found);
}

function tagsAt(state: Reads, key: string): TagsBody {
  return state.get<TagsBody>(RESOLVER.tags, key)?.body ?? {};
}

/** `resolver-rule/rslvr-rr-…` of an ARN of the caller's. Throws ApiError ResourceNotFoundException. */
function keyOf(state: Reads, arn: string, caller: Caller): string {
  const [, account, type = '', id = ''] =
    /^arn:aws:route53resolver:[a-z0-9-]*:([0-9]*):([a-z-]+)\/(.+)$/.exec(arn) ?? [];
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (kind === undefined || account !== caller.account || ownOf(state, kind, id, caller) === undefined)
    throw notFound(type, `Resource with ARN '${arn}' does not exist.`);
  return `${type}/${id}`;
}
