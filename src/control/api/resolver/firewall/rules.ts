import { RULES_MAX } from '../../../firewall/policy.ts';
import { FIREWALL, type FirewallRuleBody, rulesOf } from '../../../hosted/firewall.ts';
import type { PutItem, Reads, Resource } from '../../../store/store.ts';
import { ApiError, wireError } from '../../errors.ts';
import type { Call, Caller, ResolverHandlers } from '../../handler.ts';
import type {
  CreateFirewallRuleEntry,
  DeleteFirewallRuleEntry,
  FirewallDomainRedirectionAction,
  FirewallRule,
  UpdateFirewallRuleEntry,
} from '../../models/route53resolver.ts';
import { originOf } from '../../route53/means.ts';
import { toldOfStore } from '../../storefaults.ts';
import { pageOf } from '../lists.ts';
import type { ResolverMeans } from '../means.ts';
import { requestOf } from '../requests.ts';
import { cannotFind, invalid, madeWith, overLimit, refuseMade } from './faults.ts';
import { groupNamed, ownGroup, touchedGroup } from './groups.ts';
import { listNamed } from './lists.ts';
import { checkedPriority, listIdOf, readAction, readQtype, updatedAction } from './ruleinput.ts';
import { asDeclaredRule, asRule } from './ruleviews.ts';

/** Digits of the largest priority: keys sort as numbers do. */
const PRIORITY_DIGITS = 10;

type Rule = Resource<FirewallRuleBody>;

/** Rules of groups, one by one and many at once. */
export function ruleHandlers(means: ResolverMeans): ResolverHandlers {
  return {
    CreateFirewallRule: async (call) => ({ FirewallRule: await create(means, call, call.input) }),
    UpdateFirewallRule: async (call) => ({ FirewallRule: await update(means, call, call.input) }),
    DeleteFirewallRule: async (call) => ({ FirewallRule: await remove(means, call, call.input) }),

    async BatchCreateFirewallRule(call) {
      const { done, errors } = await each(call.input.CreateFirewallRuleEntries, (entry) =>
        create(means, call, entry),
      );
      return { CreatedFirewallRules: done, CreateErrors: errors };
    },

    async BatchUpdateFirewallRule(call) {
      const { done, errors } = await each(call.input.UpdateFirewallRuleEntries, (entry) =>
        update(means, call, entry),
      );
      return { UpdatedFirewallRules: done, UpdateErrors: errors };
    },

    async BatchDeleteFirewallRule(call) {
      const { done, errors } = await each(call.input.DeleteFirewallRuleEntries, (entry) =>
        remove(means, call, entry),
      );
      return { DeletedFirewallRules: done, DeleteErrors: errors };
    },

    ListFirewallRules({ input, caller }) {
      const { FirewallRuleGroupId: id, Priority: priority, Action: action } = input;
      const { declared } = groupNamed(means, means.store, id, caller);
      const rules =
        declared === undefined
          ? rulesOf(means.store, id).map(asRule)
          : declared.rules.map((rule) => asDeclaredRule(id, rule));
      const all = rules
        .filter((rule) => (priority ?? rule.Priority) === rule.Priority)
        .filter((rule) => (action ?? rule.Action) === rule.Action)
        .map((shown) => ({ place: priorityOrder(shown.Priority!), shown }));
      const { shown: FirewallRules, NextToken } = pageOf(all, input);
      return { FirewallRules, ...(NextToken === undefined ? {} : { NextToken }) };
    },
  };
}

interface BatchError<Entry> {
  readonly FirewallRule: Entry;
  readonly Code: string;
  readonly Message: string;
}

/** Each entry by itself, in their order: what is wrong with one keeps no other back. */
async function each<Entry>(entries: readonly Entry[], act: (entry: Entry) => Promise<FirewallRule>) {
  const done: FirewallRule[] = [];
  const errors: BatchError<Entry>[] = [];
  const outcomes = await Promise.allSettled(entries.map(act));
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') {
      done.push(outcome.value);
      continue;
    }
    const { reason } = outcome;
    // What was done with others is done, and the client is to know with which.
    const error = reason instanceof ApiError ? reason : toldOfStore('route53resolver', reason);
    if (error === undefined) throw reason;
    errors.push({
      FirewallRule: entries[i]!,
      Code: wireError('route53resolver', error.code).code,
      Message: error.message,
    });
  }
  return { done, errors };
}

async function create(
  means: ResolverMeans,
  call: Call<unknown>,
  input: CreateFirewallRuleEntry,
): Promise<FirewallRule> {
  const { caller, at } = call;
  const { FirewallRuleGroupId: group, Name: name, Qtype: qtype } = input;
  const request = requestOf(input);
  const body: FirewallRuleBody = {
    list: listIdOf(input),
    qtype,
    priority: checkedPriority(input.Priority),
    action: readAction(input),
    redirection: redirectionOf(input.FirewallDomainRedirectionAction) ?? 'inspect',
    name,
    created: at,
    modified: at,
    ...request,
  };
  const id = ruleId(group, body.list, qtype);
  ownGroup(means, means.store, group, caller);
  const before = madeWith(rulesOf(means.store, group), request);
  if (before !== undefined) return asRule(before);
  await means.store.apply((state) => {
    const owner = ownGroup(means, state, group, caller);
    const rules = rulesOf(state, group);
    refuseMade(rules, request);
    listNamed(means, state, body.list, caller);
    if (rules.some((rule) => rule.id === id))
      throw invalid(
        `The rule group '${group}' has a rule for the domain list '${body.list}' and the Qtype '${qtype ?? 'any'}' already.`,
      );
    if (rules.length >= RULES_MAX)
      throw overLimit('firewall rule', `A rule group has at most ${RULES_MAX} rules.`);
    refusePriorityTaken(rules, body.priority, id);
    const items = [putRule({ id, account: caller.account }, group, body), touchedGroup(owner, at)];
    return { origin: originOf(call, `${group}: ${name}`), items };
  });
  return asRule(means.store.get<FirewallRuleBody>(FIREWALL.rule, id)!);
}

async function update(
  means: ResolverMeans,
  call: Call<unknown>,
  input: UpdateFirewallRuleEntry,
): Promise<FirewallRule> {
  const { caller, at } = call;
  const { FirewallRuleGroupId: group, Name: name } = input;
  const id = ruleId(group, listIdOf(input), input.Qtype);
  const priority = input.Priority === undefined ? undefined : checkedPriority(input.Priority);
  const redirection = redirectionOf(input.FirewallDomainRedirectionAction);
  await means.store.apply((state) => {
    const owner = ownGroup(means, state, group, caller);
    const rule = ownRule(state, input, id, caller);
    const { body: before } = rule;
    const body: FirewallRuleBody = {
      ...before,
      name: name ?? before.name,
      priority: priority ?? before.priority,
      redirection: redirection ?? before.redirection,
      action: updatedAction(before.action, input),
      modified: at,
    };
    refusePriorityTaken(rulesOf(state, group), body.priority, id);
    const items = [putRule(rule, group, body), touchedGroup(owner, at)];
    return { origin: originOf(call, `${group}: ${body.name}`), items };
  });
  return asRule(ownRule(means.store, input, id, caller));
}

async function remove(
  means: ResolverMeans,
  call: Call<unknown>,
  input: DeleteFirewallRuleEntry,
): Promise<FirewallRule> {
  const { caller, at } = call;
  const { FirewallRuleGroupId: group } = input;
  const id = ruleId(group, listIdOf(input), input.Qtype);
  let gone: Rule | undefined;
  await means.store.apply((state) => {
    const owner = ownGroup(means, state, group, caller);
    gone = ownRule(state, input, id, caller);
    const items = [{ action: 'delete' as const, kind: FIREWALL.rule, id }, touchedGroup(owner, at)];
    return { origin: originOf(call, `${group}: ${gone.body.name}`), items };
  });
  return asRule(gone!);
}

/** A group has one rule for a list and a type, however that is written. Throws ApiError ValidationException. */
function ruleId(group: string, list: string, qtype: string | undefined): string {
  return `${group} ${list} ${qtype === undefined ? '' : readQtype(qtype)}`;
}

function ownRule(state: Reads, input: DeleteFirewallRuleEntry, id: string, { account }: Caller): Rule {
  const rule = state.get<FirewallRuleBody>(FIREWALL.rule, id);
  if (rule?.account === account) return rule;
  const { FirewallRuleGroupId: group, FirewallDomainListId: list = '', Qtype: qtype = 'any' } = input;
  throw cannotFind('firewall rule', `${group}/${list}/${qtype}`);
}

function putRule(
  { id, account }: Pick<Rule, 'id' | 'account'>,
  group: string,
  body: FirewallRuleBody,
): PutItem {
  const sort = priorityOrder(body.priority);
  return { action: 'put', kind: FIREWALL.rule, id, account, parent: group, sort, body };
}

function priorityOrder(priority: number): string {
  return String(priority).padStart(PRIORITY_DIGITS, '0');
}

function refusePriorityTaken(rules: readonly Rule[], priority: number, id: string): void {
  const other = rules.find((rule) => rule.body.priority === priority && rule.id !== id);
  if (other === undefined) return;
  throw invalid(
    `The priority '${priority}' is used by the rule '${other.body.name}' of the rule group. Provide another one.`,
  );
}

function redirectionOf(action: FirewallDomainRedirectionAction | undefined) {
  switch (action) {
    case undefined:
      return undefined;
    case 'INSPECT_REDIRECTION_DOMAIN':
      return 'inspect';
    case 'TRUST_REDIRECTION_DOMAIN':
      return 'trust';
  }
}
