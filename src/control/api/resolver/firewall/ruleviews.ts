import type { FirewallAction } from '../../../../policy/firewall.ts';
import { isoFromWall } from '../../../../telemetry/text.ts';
import type { RankedRule } from '../../../firewall/policy.ts';
import type { FirewallRuleBody, StoredAction } from '../../../hosted/firewall.ts';
import { nameToRoute53 } from '../../../records/names.ts';
import type { Resource } from '../../../store/store.ts';
import type { FirewallDomainRedirectionAction, FirewallRule } from '../../models/route53resolver.ts';
import { actionMembers, qtypeText } from './ruleinput.ts';

/** A rule that the API made. */
export function asRule({ parent, body }: Resource<FirewallRuleBody>): FirewallRule {
  return {
    FirewallRuleGroupId: parent,
    FirewallDomainListId: body.list,
    Name: body.name,
    Priority: body.priority,
    ...actionMembers(body.action),
    CreatorRequestId: body.creatorRequestId,
    CreationTime: isoFromWall(body.created),
    ModificationTime: isoFromWall(body.modified),
    FirewallDomainRedirectionAction: redirectionText(body.redirection),
    Qtype: body.qtype,
  };
}

/** A rule that the configuration declares. */
export function asDeclaredRule(group: string, rule: RankedRule): FirewallRule {
  return {
    FirewallRuleGroupId: group,
    FirewallDomainListId: rule.list,
    Name: `${group}-${rule.priority}`,
    Priority: rule.priority,
    ...actionMembers(storedAction(rule.action)),
    CreatorRequestId: '',
    FirewallDomainRedirectionAction: redirectionText(rule.redirection),
    Qtype: rule.qtype === undefined ? undefined : qtypeText(rule.qtype),
  };
}

function storedAction(action: FirewallAction): StoredAction {
  if (action.kind !== 'block' || action.response !== 'override') return action;
  return { ...action, target: nameToRoute53(action.target) };
}

function redirectionText(redirection: RankedRule['redirection']): FirewallDomainRedirectionAction {
  switch (redirection) {
    case 'inspect':
      return 'INSPECT_REDIRECTION_DOMAIN';
    case 'trust':
      return 'TRUST_REDIRECTION_DOMAIN';
  }
}
