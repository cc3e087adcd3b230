import type { DomainList } from '../../../firewall/policy.ts';
import { editDomains } from '../../../hosted/domains.ts';
import { type DomainListBody, FIREWALL, type FirewallRuleBody } from '../../../hosted/firewall.ts';
import { allOf } from '../../../hosted/resolver.ts';
import { revisionOrder } from '../../../store/order.ts';
import { LIST_MAX, type PutItem, type Reads, type Resource } from '../../../store/store.ts';
import type { Caller, ResolverHandlers } from '../../handler.ts';
import type { FirewallDomainList, FirewallDomainListStatus } from '../../models/route53resolver.ts';
import { originOf } from '../../route53/means.ts';
import { pageOf } from '../lists.ts';
import { arnOf, isServed, newId, ownOf, type ResolverMeans, timesOf, traced } from '../means.ts';
import { requestOf } from '../requests.ts';
import { firstTags, tagsGone } from '../tags.ts';
import { DECLARED_OWNER, declaredDomains } from './declared.ts';
import { cannotFind, conflict, isDeclared, madeWith, overLimit, refuseMade } from './faults.ts';
import type { Imports } from './imports.ts';

/** Route 53's quota of lists of an account in a region. */
const LISTS_MAX = 1000;
/** Route 53 begins with 100,000 of an account and raises it when asked: a file of 250,000 is to find room. */
const DOMAINS_MAX = 1_000_000;
const TYPE = 'firewall-domain-list';

export type List = Resource<DomainListBody>;

/** Lists of domains; what is in them is the matter of `domains`. */
export function listHandlers(means: ResolverMeans, imports: Imports): ResolverHandlers {
  const shown = (list: List, status?: FirewallDomainListStatus) => ({
    FirewallDomainList: asList(means, imports, list, status),
  });
  return {
    async CreateFirewallDomainList(call) {
      const { input, caller, at } = call;
      const request = requestOf(input);
      const before = madeWith(listsOf(means.store, caller), request);
      if (before !== undefined) return shown(before);
      const id = newId(means.prng, 'rslvr-fdl');
      const statusMessage = traced(means.prng, 'Created Firewall Domain List');
      const made = { name: input.Name, statusMessage, created: at, modified: at };
      const body: DomainListBody = { ...made, ...request, count: 0, version: 0 };
      await means.store.apply((state) => {
        refuseMade(listsOf(state, caller), request);
        const { account } = caller;
        if (state.count({ kind: FIREWALL.list, account }) >= LISTS_MAX)
          throw overLimit('firewall domain list', `An account has at most ${LISTS_MAX} domain lists.`);
        const put = putList({ id, account, sort: revisionOrder(at) }, body);
        const tags = firstTags(TYPE, id, caller, input.Tags);
        return { origin: originOf(call, `${id}: ${input.Name}`), items: [put, ...tags] };
      });
      return shown(means.store.get<DomainListBody>(FIREWALL.list, id)!);
    },

    GetFirewallDomainList({ input, caller }) {
      const { FirewallDomainListId: id } = input;
      const { made, declared } = listNamed(means, means.store, id, caller);
      if (made !== undefined) return shown(made);
      return { FirewallDomainList: asDeclaredList(means, declared, caller) };
    },

    async DeleteFirewallDomainList(call) {
      const { input, caller } = call;
      const { FirewallDomainListId: id } = input;
      const output = shown(ownList(means, means.store, id, caller), 'DELETING');
      await means.store.apply((state) => {
        const list = ownList(means, state, id, caller);
        imports.refuseBegun(id);
        refuseInUse(state, id);
        const { items } = editDomains(state, list, 'REPLACE', []);
        const gone = { action: 'delete' as const, kind: FIREWALL.list, id };
        return { origin: originOf(call, id), items: [...items, gone, ...tagsGone(state, TYPE, id)] };
      });
      return output;
    },

    ListFirewallDomainLists({ input, caller }) {
      const own = [...listsOf(means.store, caller)].map((list) => ({
        place: `1 ${list.sort} ${list.id}`,
        shown: asMetadata(means, list),
      }));
      const declared = means.config().firewall.lists.map((list) => ({
        place: `0 ${list.id}`,
        shown: declaredMetadata(means, list, caller),
      }));
      const { shown: FirewallDomainLists, NextToken } = pageOf([...declared, ...own], input);
      return { FirewallDomainLists, ...(NextToken === undefined ? {} : { NextToken }) };
    },
  };
}

function listsOf(state: Reads, { account }: Pick<Caller, 'account'>) {
  return allOf<DomainListBody>(state, FIREWALL.list, account);
}

/** One that the API made. Throws ApiError: ResourceNotFoundException, ValidationException for a declared one. */
export function ownList(means: ResolverMeans, state: Reads, id: string, caller: Caller): List {
  const { made } = listNamed(means, state, id, caller);
  if (made === undefined) throw isDeclared('The domain list', id);
  return made;
}

type NamedList =
  | { readonly made: List; readonly declared?: undefined }
  | { readonly made?: undefined; readonly declared: DomainList };

/** One that the API made or the configuration declares. Throws ApiError ResourceNotFoundException. */
export function listNamed(means: ResolverMeans, state: Reads, id: string, caller: Caller): NamedList {
  const made = ownOf<DomainListBody>(state, FIREWALL.list, id, caller);
  if (made !== undefined) return { made };
  const declared = means.config().firewall.lists.find((list) => list.id === id);
  if (declared === undefined) throw cannotFind('firewall domain list', id);
  return { declared };
}

export function putList(list: Pick<List, 'id' | 'account' | 'sort'>, body: DomainListBody): PutItem {
  const { id, account, sort } = list;
  return { action: 'put', kind: FIREWALL.list, id, account, sort, body };
}

/** Throws ApiError LimitExceededException where a list that gets `added` more has no room. */
export function refuseTooMany(state: Reads, list: List, added: number): void {
  if (added <= 0) return;
  let total = added;
  for (const { body } of listsOf(state, list)) total += body.count;
  if (total > DOMAINS_MAX)
    throw overLimit('firewall domain', `The lists of an account have at most ${DOMAINS_MAX} domains.`);
}

function refuseInUse(state: Reads, id: string): void {
  for (const { id: group } of allOf(state, FIREWALL.group))
    for (const { body } of state.list<FirewallRuleBody>({
      kind: FIREWALL.rule,
      parent: group,
      limit: LIST_MAX,
    }))
      if (body.list === id)
        throw conflict(
          `The domain list '${id}' is used by a rule of the rule group '${group}'. Delete the rule before you delete the list.`,
        );
}

function asList(
  means: ResolverMeans,
  imports: Imports,
  list: List,
  status?: FirewallDomainListStatus,
): FirewallDomainList {
  const { body } = list;
  return {
    ...asMetadata(means, list),
    DomainCount: body.count,
    Status: status ?? statusOf(means, imports, list),
    StatusMessage: messageOf(imports, list),
    ...timesOf(body),
  };
}

/** An import of which nobody knows was under way when the program ended. */
export function statusOf(means: ResolverMeans, imports: Imports, list: List): FirewallDomainListStatus {
  if (imports.isBegun(list.id)) return 'IMPORTING';
  if (list.body.import !== undefined) return 'COMPLETE_IMPORT_FAILED';
  return isServed(means, list) ? 'COMPLETE' : 'UPDATING';
}

export function messageOf(imports: Imports, { id, body }: List): string {
  const isCutOff = body.import === 'begun' && !imports.isBegun(id);
  return isCutOff ? 'The import was cut off: the list is as it was. Import it again.' : body.statusMessage;
}

function asMetadata(means: ResolverMeans, { id, account, body }: List) {
  const { name: Name, creatorRequestId: CreatorRequestId } = body;
  return { Id: id, Arn: arnOf(means, account, TYPE, id), Name, CreatorRequestId };
}

function asDeclaredList(means: ResolverMeans, list: DomainList, caller: Caller): FirewallDomainList {
  const domains = declaredDomains(list);
  const isRead = domains !== undefined;
  return {
    ...declaredMetadata(means, list, caller),
    DomainCount: domains?.length ?? 0,
    Status: isRead ? 'COMPLETE' : 'COMPLETE_IMPORT_FAILED',
    StatusMessage: isRead
      ? 'This domain list is declared in the configuration.'
      : 'This domain list is declared in the configuration, and its domains cannot be read.',
  };
}

function declaredMetadata(means: ResolverMeans, { id }: DomainList, { account }: Caller) {
  return {
    Id: id,
    Arn: arnOf(means, account, TYPE, id),
    Name: id,
    CreatorRequestId: '',
    ManagedOwnerName: DECLARED_OWNER,
  };
}
