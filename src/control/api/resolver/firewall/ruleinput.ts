import { typeFromText } from '../../../../wire/rdata/table.ts';
import type { StoredAction } from '../../../hosted/firewall.ts';
import { nameFromRoute53 } from '../../../records/names.ts';
import { FatalProblem } from '../../../records/problem.ts';
import type { Action, BlockOverrideDnsType, BlockResponse } from '../../models/route53resolver.ts';
import { invalid } from './faults.ts';

/** Types that a rule may name by their mnemonic. */
const MNEMONICS: readonly string[] = [
  ...['A', 'AAAA', 'CAA', 'CNAME', 'DS', 'MX', 'NAPTR', 'NS', 'PTR', 'SOA', 'SPF', 'SRV', 'TXT'],
];
/** Of a type that is written as a number. */
const TYPE_MAX = 65_534;
const PRIORITY_MAX = 2 ** 31 - 1;

/** The code of an RR type, `AAAA` or `TYPE28`. Throws ApiError ValidationException. */
export function readQtype(text: string): number {
  const code = typeFromText(text);
  const isKnown = MNEMONICS.includes(text) || /^TYPE[0-9]+$/.test(text);
  if (isKnown && code !== undefined && code >= 1 && code <= TYPE_MAX) return code;
  throw invalid(
    `The Qtype '${text}' is invalid: provide ${MNEMONICS.join(', ')}, or TYPE and a number from 1 to ${TYPE_MAX}.`,
  );
}

/** As a rule is shown that names the type by its code. */
export function qtypeText(code: number): string {
  return MNEMONICS.find((text) => typeFromText(text) === code) ?? `TYPE${code}`;
}

/** Throws ApiError ValidationException. */
export function checkedPriority(priority: number): number {
  if (priority >= 0 && priority <= PRIORITY_MAX) return priority;
  throw invalid(`The priority '${priority}' is invalid: provide a number from 0 to ${PRIORITY_MAX}.`);
}

/** The members by which a request says what a rule does. */
export interface ActionMembers {
  readonly Action?: Action | undefined;
  readonly BlockResponse?: BlockResponse | undefined;
  readonly BlockOverrideDomain?: string | undefined;
  readonly BlockOverrideDnsType?: BlockOverrideDnsType | undefined;
  readonly BlockOverrideTtl?: number | undefined;
}

const OVERRIDE = ['BlockOverrideDomain', 'BlockOverrideDnsType', 'BlockOverrideTtl'] as const;

/** What a rule does. Throws ApiError ValidationException where a member lacks or is one too many. */
export function readAction(members: ActionMembers & { readonly Action: Action }): StoredAction {
  switch (members.Action) {
    case 'ALLOW':
    case 'ALERT':
      refuse(members, ['BlockResponse', ...OVERRIDE], `the action ${members.Action}`);
      return { kind: members.Action === 'ALLOW' ? 'allow' : 'alert' };
    case 'BLOCK':
      return readBlock(members);
  }
}

function readBlock(members: ActionMembers): StoredAction {
  switch (members.BlockResponse) {
    case undefined:
      throw invalid('A rule with the action BLOCK needs a BlockResponse.');
    case 'NODATA':
    case 'NXDOMAIN':
      refuse(members, OVERRIDE, `the block response ${members.BlockResponse}`);
      return { kind: 'block', response: members.BlockResponse === 'NODATA' ? 'nodata' : 'nxdomain' };
    case 'OVERRIDE':
      return readOverride(members);
  }
}

function readOverride({ BlockOverrideDomain: target, BlockOverrideDnsType: type, ...rest }: ActionMembers) {
  const { BlockOverrideTtl: ttl } = rest;
  if (target === undefined || type === undefined || ttl === undefined)
    throw invalid(`A rule with the block response OVERRIDE needs ${OVERRIDE.join(', ')}.`);
  try {
    nameFromRoute53(target);
  } catch (error) {
    if (!(error instanceof FatalProblem)) throw error;
    throw invalid(`The BlockOverrideDomain '${target}' is invalid: ${error.message}.`);
  }
  return { kind: 'block', response: 'override', target, ttl } as const;
}

function refuse(members: ActionMembers, names: readonly (keyof ActionMembers)[], what: string): void {
  const found = names.find((name) => members[name] !== undefined);
  if (found !== undefined) throw invalid(`A rule with ${what} has no ${found}.`);
}

/** The members by which a response says what a rule does. */
export function actionMembers(action: StoredAction): ActionMembers & { readonly Action: Action } {
  if (action.kind !== 'block') return { Action: action.kind === 'allow' ? 'ALLOW' : 'ALERT' };
  if (action.response !== 'override')
    return { Action: 'BLOCK', BlockResponse: action.response === 'nodata' ? 'NODATA' : 'NXDOMAIN' };
  return {
    Action: 'BLOCK',
    BlockResponse: 'OVERRIDE',
    BlockOverrideDomain: action.target,
    BlockOverrideDnsType: 'CNAME',
    BlockOverrideTtl: action.ttl,
  };
}

/**
 * What a rule does after an update: what is not said stays, unless it belongs to an action or a response that another
 * one takes the place of. Throws ApiError ValidationException.
 */
export function updatedAction(before: StoredAction, changed: ActionMembers): StoredAction {
  const known = actionMembers(before);
  const Action = changed.Action ?? known.Action;
  const BlockResponse = changed.BlockResponse ?? (Action === known.Action ? known.BlockResponse : undefined);
  const isOverride = BlockResponse === 'OVERRIDE' && known.BlockResponse === 'OVERRIDE';
  const override: ActionMembers = isOverride ? known : {};
  return readAction({
    Action,
    BlockResponse,
    BlockOverrideDomain: changed.BlockOverrideDomain ?? override.BlockOverrideDomain,
    BlockOverrideDnsType: changed.BlockOverrideDnsType ?? override.BlockOverrideDnsType,
    BlockOverrideTtl: changed.BlockOverrideTtl ?? override.BlockOverrideTtl,
  });
}

/** What names a detector of AWS, none of which there is here. */
export interface AdvancedMembers {
  readonly DnsThreatProtection?: unknown;
  readonly ConfidenceThreshold?: unknown;
  readonly FirewallRuleType?: unknown;
  readonly FirewallThreatProtectionId?: unknown;
}

const ADVANCED = [
  'DnsThreatProtection',
  'ConfidenceThreshold',
  'FirewallRuleType',
  'FirewallThreatProtectionId',
] as const;

/** The id of the list that a rule is by. Throws ApiError ValidationException for rules that are by something else. */
export function listIdOf(
  members: AdvancedMembers & { readonly FirewallDomainListId?: string | undefined },
): string {
  const found = ADVANCED.find((name) => members[name] !== undefined);
  if (found !== undefined)
    throw invalid(
      `${found} is not supported: DNS Firewall Advanced and partner rules need detectors of AWS. Provide a FirewallDomainListId.`,
    );
  if (members.FirewallDomainListId === undefined) throw invalid('Provide a FirewallDomainListId.');
  return members.FirewallDomainListId;
}
