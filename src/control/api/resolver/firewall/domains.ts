import { DOMAIN_REMEDY, readDomain } from '../../../firewall/domain.ts';
import { type DomainOperation, domainsFrom, editDomains } from '../../../hosted/domains.ts';
import type { DomainListBody } from '../../../hosted/firewall.ts';
import type { Item, Reads, Revision } from '../../../store/store.ts';
import type { ResolverHandlers } from '../../handler.ts';
import { originOf } from '../../route53/means.ts';
import { PAGE, placeOf, tokenOf } from '../lists.ts';
import { type ResolverMeans, traced } from '../means.ts';
import { declaredDomains } from './declared.ts';
import { invalid } from './faults.ts';
import { fileOf, type Imports } from './imports.ts';
import { type List, listNamed, messageOf, ownList, putList, refuseTooMany, statusOf } from './lists.ts';

/** Domains that one request may bring. */
const REQUEST_MAX = 1000;

/** What is in lists of domains. */
export function domainHandlers(means: ResolverMeans, imports: Imports): ResolverHandlers {
  const shown = (list: List) => ({
    Id: list.id,
    Name: list.body.name,
    Status: statusOf(means, imports, list),
    StatusMessage: messageOf(imports, list),
  });
  return {
    async UpdateFirewallDomains(call) {
      const { input, caller, at } = call;
      const { FirewallDomainListId: id, Operation: operation } = input;
      const domains = readDomains(input.Domains);
      const statusMessage = traced(means.prng, 'Finished domain list update');
      await means.store.apply((state, revision) => {
        const list = ownList(means, state, id, caller);
        imports.refuseBegun(id);
        const made = { modified: at, statusMessage };
        const items = listWith(state, revision, list, made, operation, domains);
        return { origin: originOf(call, `${id}: ${operation} ${domains.length}`), items };
      });
      return shown(ownList(means, means.store, id, caller));
    },

    async ImportFirewallDomains(call) {
      const { input, caller, at } = call;
      const { FirewallDomainListId: id, DomainFileUrl: url } = input;
      ownList(means, means.store, id, caller);
      const file = fileOf(means, url);
      const origin = originOf(call, `${id}: ${url}`);
      await imports.begin(id, file, {
        async note() {
          const statusMessage = traced(means.prng, 'Importing domains');
          await means.store.apply((state) => {
            const list = ownList(means, state, id, caller);
            const body: DomainListBody = { ...list.body, import: 'begun', modified: at, statusMessage };
            return { origin, items: [putList(list, body)] };
          });
        },
        async take(domains) {
          const made = { modified: at, statusMessage: traced(means.prng, 'Finished domain list import') };
          await means.store.apply((state, revision) => {
            const list = ownList(means, state, id, caller);
            return { origin, items: listWith(state, revision, list, made, 'REPLACE', domains) };
          });
        },
        async fail(statusMessage) {
          await means.store.apply((state) => {
            const list = ownList(means, state, id, caller);
            const body: DomainListBody = { ...list.body, import: 'failed', statusMessage };
            return { origin, items: [putList(list, body)] };
          });
        },
      });
      return shown(ownList(means, means.store, id, caller));
    },

    ListFirewallDomains({ input, caller }) {
      const { FirewallDomainListId: id, MaxResults: size = PAGE, NextToken: token } = input;
      const named = listNamed(means, means.store, id, caller);
      const from = token === undefined ? '' : placeOf(token);
      const all =
        named.made === undefined
          ? (declaredDomains(named.declared) ?? []).values().filter((domain) => domain >= from)
          : domainsFrom(means.store, id, from);
      const domains = [...all.take(size + 1)];
      const next = domains[size];
      return {
        Domains: domains.slice(0, size),
        ...(next === undefined ? {} : { NextToken: tokenOf(next) }),
      };
    },
  };
}

/** In order, each once. Throws ApiError ValidationException. */
function readDomains(texts: readonly string[]): string[] {
  if (texts.length > REQUEST_MAX)
    throw invalid(
      `1 validation error detected: Value at 'domains' failed to satisfy constraint: Member must have length less than or equal to ${REQUEST_MAX}`,
    );
  const domains = new Set<string>();
  texts.forEach((text, i) => {
    const domain = readDomain(text);
    if (domain === undefined)
      throw invalid(`The domain '${text}' at 'domains.${i + 1}.member' is invalid: ${DOMAIN_REMEDY}.`);
    domains.add(domain);
  });
  return [...domains].sort();
}

/** What makes a list of a list with other domains. Throws ApiError. */
function listWith(
  state: Reads,
  revision: Revision,
  list: List,
  made: Pick<DomainListBody, 'modified' | 'statusMessage'>,
  operation: DomainOperation,
  domains: readonly string[],
): Item[] {
  const { items, added } = editDomains(state, list, operation, domains);
  if (operation === 'REMOVE' && added !== -domains.length) throw hasNot(state, list.id, domains);
  refuseTooMany(state, list, added);
  const { import: _, ...before } = list.body;
  const version = items.length === 0 ? before.version : revision;
  const body: DomainListBody = { ...before, ...made, version, count: before.count + added };
  return [...items, putList(list, body)];
}

function hasNot(state: Reads, id: string, domains: readonly string[]) {
  const unknown = domains.find((domain) => domainsFrom(state, id, domain).next().value !== domain);
  return invalid(
    `The following domains don't exist in the DNS Firewall domain list '${id}'. You can't delete a domain that isn't in a domain list. Example unknown domain: '${unknown}'.`,
  );
}
