import { FIREWALL } from '../../../hosted/firewall.ts';
import { PROFILE } from '../../../hosted/profiles.ts';
import { allOf, type SwitchBody } from '../../../hosted/resolver.ts';
import { revisionOrder } from '../../../store/order.ts';
import type { Item } from '../../../store/store.ts';
import type { Caller, ResolverHandlers } from '../../handler.ts';
import type { FirewallConfig } from '../../models/route53resolver.ts';
import { originOf } from '../../route53/means.ts';
import { pageOf } from '../lists.ts';
import { derivedId, ownOf, ownVpc, type ResolverMeans } from '../means.ts';
import { cannotFind } from './faults.ts';

/** Whether queries of a VPC, or of all of a Profile, pass that its firewall cannot evaluate: by the API, or by the configuration. */
export function configHandlers(means: ResolverMeans): ResolverHandlers {
  return {
    GetFirewallConfig: ({ input, caller }) => ({
      FirewallConfig: configOf(means, known(means, input.ResourceId, caller), caller),
    }),

    async UpdateFirewallConfig(call) {
      const { input, caller, at } = call;
      const { ResourceId, FirewallFailOpen: wanted } = input;
      const id = known(means, ResourceId, caller);
      const isLocal = wanted === 'USE_LOCAL_RESOURCE_SETTING';
      const made = means.store.get<SwitchBody>(FIREWALL.config, id);
      // Where nothing is made there is nothing to delete, nor to apply.
      if (!isLocal || made !== undefined)
        await means.store.apply(() => {
          const key = { kind: FIREWALL.config, id };
          const body: SwitchBody = { enabled: wanted === 'ENABLED' };
          const { account } = caller;
          const item: Item = isLocal
            ? { action: 'delete', ...key }
            : { action: 'put', ...key, account, sort: made?.sort ?? revisionOrder(at), body };
          return { origin: originOf(call, `${id}: ${wanted}`), items: [item] };
        });
      return { FirewallConfig: configOf(means, id, caller) };
    },

    ListFirewallConfigs({ input, caller }) {
      const made = [...allOf<SwitchBody>(means.store, FIREWALL.config, caller.account)];
      const all = made.map(({ id, sort }) => ({
        place: `${sort} ${id}`,
        shown: configOf(means, id, caller),
      }));
      const { shown: FirewallConfigs, NextToken } = pageOf(all, input);
      return { FirewallConfigs, ...(NextToken === undefined ? {} : { NextToken }) };
    },
  };
}

/** A VPC, or a Profile, whose setting goes before those of its VPCs. Throws ApiError ResourceNotFoundException. */
function known(means: ResolverMeans, id: string, { account }: Caller): string {
  if (ownVpc(means, id, account) !== undefined || isProfile(means, id, account)) return id;
  throw cannotFind('vpc', id);
}

function configOf(means: ResolverMeans, vpc: string, { account }: Caller): FirewallConfig {
  const made = means.store.get<SwitchBody>(FIREWALL.config, vpc);
  const isOpen = made?.body.enabled ?? means.config().firewall.failOpen.has(vpc);
  const isLeft = made === undefined && isProfile(means, vpc, account);
  return {
    Id: derivedId('rslvr-fc', vpc),
    ResourceId: vpc,
    OwnerId: made?.account ?? account,
    FirewallFailOpen: isLeft ? 'USE_LOCAL_RESOURCE_SETTING' : isOpen ? 'ENABLED' : 'DISABLED',
  };
}

function isProfile(means: ResolverMeans, id: string, account: string): boolean {
  return ownOf(means.store, PROFILE.profile, id, { account }) !== undefined;
}
