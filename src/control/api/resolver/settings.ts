import type { Config } from '../../config/load.ts';
import { PROFILE } from '../../hosted/profiles.ts';
import { allOf, RESOLVER, type SwitchBody } from '../../hosted/resolver.ts';
import { revisionOrder } from '../../store/order.ts';
import type { Item, Resource } from '../../store/store.ts';
import type { Call, ResolverHandlers } from '../handler.ts';
import type {
  ResolverAutodefinedReverseStatus,
  ResolverConfig,
  ResolverDnssecConfig,
} from '../models/route53resolver.ts';
import { originOf } from '../route53/means.ts';
import { pageOf } from './lists.ts';
import { derivedId, isServed, notFound, ownOf, ownVpc, type ResolverMeans } from './means.ts';

type Kind = typeof RESOLVER.reverse | typeof RESOLVER.dnssec;
type Flag = 'ENABLE' | 'DISABLE' | 'USE_LOCAL_RESOURCE_SETTING';
type Vpc = Config['vpcs'][number];
/** Both settings have the same. */
type Status = ResolverAutodefinedReverseStatus;

/** Settings of a VPC, by which the API overrides those of the configuration, or of a Profile, for its VPCs. */
export function settingHandlers(means: ResolverMeans): ResolverHandlers {
  const reverse = new Switches(means, RESOLVER.reverse, 'rslvr-rc', (vpc) => vpc.autodefinedReverse);
  const dnssec = new Switches(means, RESOLVER.dnssec, 'rdsc', ({ dnssec }) => dnssec !== 'off');
  return {
    GetResolverConfig: ({ input, caller }) => ({
      ResolverConfig: asReverse(reverse.at(input.ResourceId, caller.account)),
    }),

    UpdateResolverConfig: async (call) => {
      const { ResourceId: vpc, AutodefinedReverseFlag: flag } = call.input;
      return { ResolverConfig: asReverse(await reverse.set(call, vpc, flag)) };
    },

    ListResolverConfigs({ input, caller }) {
      const { shown, NextToken } = pageOf(reverse.made(caller.account), input);
      return { ResolverConfigs: shown.map(asReverse), ...(NextToken === undefined ? {} : { NextToken }) };
    },

    GetResolverDnssecConfig: ({ input, caller }) => ({
      ResolverDNSSECConfig: asDnssec(dnssec.at(input.ResourceId, caller.account)),
    }),

    UpdateResolverDnssecConfig: async (call) => {
      const { ResourceId: vpc, Validation: flag } = call.input;
      return { ResolverDNSSECConfig: asDnssec(await dnssec.set(call, vpc, flag)) };
    },

    ListResolverDnssecConfigs({ input, caller }) {
      const { shown, NextToken } = pageOf(dnssec.made(caller.account), input, {
        Id: ({ id }) => [id],
        OwnerId: ({ owner }) => [owner],
        ResourceId: ({ vpc }) => [vpc],
        ValidationStatus: ({ status }) => [status],
      });
      const next = NextToken === undefined ? {} : { NextToken };
      return { ResolverDnssecConfigs: shown.map(asDnssec), ...next };
    },
  };
}

interface Setting {
  readonly id: string;
  readonly vpc: string;
  readonly owner: string;
  readonly status: Status;
}

/** One setting of VPCs. */
class Switches {
  readonly #means: ResolverMeans;
  readonly #kind: Kind;
  readonly #prefix: string;
  readonly #declared: (vpc: Vpc) => boolean;

  constructor(means: ResolverMeans, kind: Kind, prefix: string, declared: (vpc: Vpc) => boolean) {
    this.#means = means;
    this.#kind = kind;
    this.#prefix = prefix;
    this.#declared = declared;
  }

  /** As it is for a VPC, by the API or by the configuration, or for a Profile. Throws ApiError ResourceNotFoundException. */
  at(id: string, account: string): Setting {
    const named = this.#named(id, account);
    const made = this.#means.store.get<SwitchBody>(this.#kind, id);
    if (made !== undefined) return this.#setting(made);
    if (named === 'profile') return this.#of(id, account, 'USE_LOCAL_RESOURCE_SETTING');
    return this.#of(id, account, this.#declared(named) ? 'ENABLED' : 'DISABLED');
  }

  /** Those that the API made: only these are listed. */
  made(account: string): { place: string; shown: Setting }[] {
    const made = [...allOf<SwitchBody>(this.#means.store, this.#kind, account)];
    return made.map((each) => ({ place: `${each.sort} ${each.id}`, shown: this.#setting(each) }));
  }

  /**
   * USE_LOCAL_RESOURCE_SETTING leaves it to the configuration, or to the VPCs of a Profile. So does DISABLE of DNSSEC
   * of a VPC where that is disabled already: this is how clients delete it.
   */
  async set(call: Call<unknown>, id: string, flag: Flag): Promise<Setting> {
    const { account } = call.caller;
    const { store } = this.#means;
    const summary = `${id}: ${flag}`;
    const named = this.#named(id, account);
    // Where nothing is made there is nothing to delete, nor to apply.
    if (flag === 'USE_LOCAL_RESOURCE_SETTING' && store.get(this.#kind, id) === undefined)
      return this.at(id, account);
    let isGone = false;
    await store.apply((state) => {
      const made = state.get<SwitchBody>(this.#kind, id);
      const isDeletable = this.#kind === RESOLVER.dnssec && named !== 'profile';
      const isRepeated = isDeletable && flag === 'DISABLE' && made?.body.enabled === false;
      isGone = flag === 'USE_LOCAL_RESOURCE_SETTING' || isRepeated;
      const body: SwitchBody = { enabled: flag === 'ENABLE' };
      const sort = made?.sort ?? revisionOrder(call.at);
      const item: Item = isGone
        ? { action: 'delete', kind: this.#kind, id }
        : { action: 'put', kind: this.#kind, id, account, sort, body };
      return { origin: originOf(call, summary), items: [item] };
    });
    if (!isGone) return this.at(id, account);
    const local = flag === 'USE_LOCAL_RESOURCE_SETTING';
    return this.#of(id, account, local ? 'UPDATING_TO_USE_LOCAL_RESOURCE_SETTING' : 'DISABLING');
  }

  #setting(made: Resource<SwitchBody>): Setting {
    const isDone = isServed(this.#means, made);
    const { enabled } = made.body;
    const status = enabled ? (isDone ? 'ENABLED' : 'ENABLING') : isDone ? 'DISABLED' : 'DISABLING';
    return this.#of(made.id, made.account, status);
  }

  #of(vpc: string, owner: string, status: Status): Setting {
    return { id: derivedId(this.#prefix, vpc), vpc, owner, status };
  }

  #named(id: string, account: string): Vpc | 'profile' {
    if (ownOf(this.#means.store, PROFILE.profile, id, { account }) !== undefined) return 'profile';
    const vpc = ownVpc(this.#means, id, account);
    if (vpc === undefined) throw notFound('vpc', `The VPC with ID '${id}' does not exist.`);
    return vpc;
  }
}

function asReverse({ id, vpc, owner, status }: Setting): ResolverConfig {
  return { Id: id, ResourceId: vpc, OwnerId: owner, AutodefinedReverse: status };
}

function asDnssec({ id, vpc, owner, status }: Setting): ResolverDnssecConfig {
  return { Id: id, OwnerId: owner, ResourceId: vpc, ValidationStatus: status };
}
