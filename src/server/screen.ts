import { type FirewallAction, NO_RULE, type Place } from '../policy/firewall.ts';
import { unreachable } from '../util/assert.ts';
import { EDE, RCODE, TYPE } from '../wire/constants.ts';
import { fold, nameToText } from '../wire/name.ts';
import type { Query } from './query.ts';

/**
 * Stages 2 and 7: DNS Firewall, on the name that is asked for before anything else is looked at, and on each name that
 * a CNAME or DNAME leads to before it is followed. One list of allowed names has to hold all of a chain, unless a
 * rule trusts what its names lead to.
 *
 *     inspected ──allowed or alerted by a rule that trusts redirections──▶ trusted
 *         └──overridden: whoever made the rule chose the target───────────▶ trusted
 */
export type Screening = 'none' | 'inspected' | 'trusted';

/** `pass`: it goes on with `q.current`, which is another name where the firewall overrides the answer. */
export function screen(q: Query, place: Place): 'pass' | 'done' {
  const { firewall } = q.settings;
  if (firewall === undefined || q.screening !== 'inspected') return 'pass';
  q.dependOnFirewall(q.current);
  const index = firewall.match(q.current, q.qtype, place);
  if (index === NO_RULE) return 'pass';
  const rule = firewall.rules[index]!;
  const of = `rule group ${rule.group}, list ${rule.list}`;
  if (!firewall.canEvaluate(index)) {
    q.trace?.step('firewall', `${of}: the list cannot be had`);
    return q.fail(RCODE.SERVFAIL, EDE.NOT_READY, `firewall: the list ${rule.list} cannot be had`);
  }
  q.trace?.step('firewall', `${nameToText(q.current)}: ${rule.action.kind} (${of})`);
  if (rule.redirection === 'trust') q.screening = 'trusted';
  switch (rule.action.kind) {
    case 'allow':
      return 'pass';
    case 'alert':
      q.verdict ??= index;
      return 'pass';
    case 'block':
      q.verdict = index;
      return block(q, rule.action, place);
    default:
      return unreachable(rule.action);
  }
}

type Block = Extract<FirewallAction, { kind: 'block' }>;

/** What a client is told with EDNS of an answer that is not the true one (RFC 8914 sections 4.5 and 4.16). */
export function edeOf(action: FirewallAction | undefined): number | undefined {
  if (action?.kind !== 'block') return undefined;
  return action.response === 'override' ? EDE.FORGED_ANSWER : EDE.BLOCKED;
}

/** What the firewall says in place of an answer. All that the chain had so far is dropped. */
function block(q: Query, action: Block, place: Place): 'pass' | 'done' {
  // How a hop was come to is more than the firewall's dependencies say.
  const storable = q.storable && place === 'asked';
  q.dropRecords(action.response === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR);
  q.storable = storable;
  q.source = 'firewall';
  q.answer.ede.push({ code: edeOf(action)!, text: '' });
  if (action.response !== 'override') return 'done';
  const { target, ttl } = action;
  const override = { name: q.qname, type: TYPE.CNAME, ttl, rdatas: [target] };
  if (q.isAliasAsked) {
    q.answer.answer.push(override);
    return 'done';
  }
  q.screening = 'trusted';
  q.current = fold(q.qname);
  return q.follow([override], target) === 'done' ? 'done' : 'pass';
}
