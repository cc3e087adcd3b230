import type { Config } from '../config/load.ts';
import { putVpc, VPC_KIND, VPCS_MAX } from '../hosted/vpcs.ts';
import { ConflictError } from '../store/errors.ts';
import type { Store } from '../store/store.ts';
import type { Call, Handlers } from './handler.ts';
import { originOf } from './route53/means.ts';

/** What registering takes of the control thread. */
export interface VpcRegistry {
  readonly store: Store;
  /** The configuration in force, with the VPCs that are known. */
  config(): Config;
}

/**
 * Operations by which a client says of a VPC that it is its own, and the member that names it. An authorization is for
 * the VPC of somebody else.
 */
const NAMED: Readonly<Record<string, string>> = {
  AssociateFirewallRuleGroup: 'VpcId',
  AssociateProfile: 'ResourceId',
  AssociateResolverQueryLogConfig: 'ResourceId',
  AssociateResolverRule: 'VPCId',
  AssociateVPCWithHostedZone: 'VPC',
  CreateHostedZone: 'VPC',
  UpdateFirewallConfig: 'ResourceId',
  UpdateResolverConfig: 'ResourceId',
  UpdateResolverDnssecConfig: 'ResourceId',
};

/** AWS's ids: by another word a client may have meant something else. */
const ID = /^vpc-[0-9A-Za-z]{1,32}$/;

type AnyHandler = (call: Call<never>) => unknown;

/**
 * Handlers before which a VPC that nobody knows becomes known as the caller's, where `api.unknownVpcs` says so. It has no
 * addresses until an operator gives it some. What the handler thinks of the request has nothing to do with it.
 */
export function registering(handlers: Handlers, registry: VpcRegistry): Handlers {
  const tables = Object.entries(handlers).map(([service, table]) => {
    const pairs = Object.entries(table as Readonly<Record<string, AnyHandler>>).map(([name, handler]) => [
      name,
      Object.hasOwn(NAMED, name) ? registeringFirst(handler, NAMED[name]!, registry) : handler,
    ]);
    return [service, Object.fromEntries(pairs)];
  });
  return Object.fromEntries(tables);
}

function registeringFirst(handler: AnyHandler, member: string, registry: VpcRegistry): AnyHandler {
  return async (call) => {
    const named = vpcIn((call.input as Readonly<Record<string, unknown>>)[member]);
    if (named !== undefined) await register(registry, call, named);
    return handler(call);
  };
}

interface NamedVpc {
  readonly id: string;
  readonly region: string | undefined;
}

/** A text, or Route 53's VPC. */
function vpcIn(value: unknown): NamedVpc | undefined {
  const { VPCId: id, VPCRegion: region } =
    typeof value === 'string'
      ? { VPCId: value, VPCRegion: undefined }
      : ((value ?? {}) as { readonly VPCId?: string; readonly VPCRegion?: string });
  return id !== undefined && ID.test(id) ? { id, region } : undefined;
}

async function register(registry: VpcRegistry, call: Call<never>, { id, region }: NamedVpc): Promise<void> {
  const { api, vpcs, node } = registry.config();
  if (api?.unknownVpcs !== 'register' || vpcs.some((vpc) => vpc.id === id)) return;
  const { store } = registry;
  if (store.count({ kind: VPC_KIND }) >= VPCS_MAX) return;
  const put = putVpc(id, call.caller.account, { region: region ?? node.region, cidrs: [] });
  const origin = originOf(call, `${id}: a VPC that was not known`);
  try {
    await store.apply({ origin, items: [{ ...put, expect: 'absent' }] });
  } catch (error) {
    // Another request was first.
    if (!(error instanceof ConflictError)) throw error;
  }
}
