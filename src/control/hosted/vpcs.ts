import { cidrToText } from '../../util/cidr.ts';
import type { Config } from '../config/load.ts';
import { vpcSchema } from '../config/vpcs.ts';
import type { PutItem, Reads, Resource } from '../store/store.ts';
import { allOf } from './resolver.ts';

/** VPCs that are not the configuration's: operators made them, or clients of the API named them. */
export const VPC_KIND = 'vpc';

/** The id is that of the VPC, the account whose it is; all else is as where a configuration says nothing. */
export interface VpcBody {
  readonly region: string;
  /** Canonical text. */
  readonly cidrs: readonly string[];
}

/** As many as a store may have: each is a view of its own. */
export const VPCS_MAX = 1000;

type Vpc = Config['vpcs'][number];

export function putVpc(id: string, account: string, body: VpcBody): PutItem {
  return { action: 'put', kind: VPC_KIND, id, account, sort: id, body };
}

/**
 * The configuration with the VPCs of the store as if they were declared; the same where there are none. One that the
 * configuration has too is as it has it, and so is a block of addresses.
 */
export function withVpcs(config: Config, state: Reads): Config {
  const ids = new Set(config.vpcs.map(({ id }) => id));
  const blocks = new Set(config.vpcs.flatMap(({ cidrs }) => cidrs.map(cidrToText)));
  const stored = [...allOf<VpcBody>(state, VPC_KIND)].filter(({ id }) => !ids.has(id));
  if (stored.length === 0) return config;
  const vpcs = stored.map((resource) => {
    const vpc = asVpc(resource);
    return { ...vpc, cidrs: vpc.cidrs.filter((cidr) => !blocks.has(cidrToText(cidr))) };
  });
  return { ...config, vpcs: [...config.vpcs, ...vpcs] };
}

/** What was right when it was stored. */
function asVpc({ id, account, body }: Resource<VpcBody>): Vpc {
  return vpcSchema.parse({ id, account, region: body.region, cidrs: [...body.cidrs] });
}
