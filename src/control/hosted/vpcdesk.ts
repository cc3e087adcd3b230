import * as z from 'zod';
import { cidrToText } from '../../util/cidr.ts';
import type { VpcListing } from '../../view/report.ts';
import { BY_SOURCE } from '../config/endpoints.ts';
import type { Config } from '../config/load.ts';
import { vpcSchema } from '../config/vpcs.ts';
import { HttpFault, type Routes, readBody } from '../http.ts';
import { StoreError } from '../store/errors.ts';
import type { Item, Reads, Store } from '../store/store.ts';
import { putVpc, VPC_KIND, VPCS_MAX, withVpcs } from './vpcs.ts';

/** What the routes need of the control thread; undefined while there is none. */
export interface VpcMeans {
  readonly store: Store | undefined;
  /** The configuration in force, as it was declared. */
  readonly declared: Config | undefined;
}

const vpcBody = z.strictObject({
  id: z.string(),
  region: z.string().optional(),
  account: z.string().optional(),
  cidrs: z.array(z.string()).default([]),
});
const vpcDeletion = z.strictObject({ id: z.string() });

/** VPCs, for the operator. */
export function vpcRoutes(means: VpcMeans): Routes {
  return {
    'GET /vpcs': () => ({ vpcs: listed(means) }),
    'POST /vpcs': async ({ body }) => {
      const { id, region, account, cidrs } = read(means, readBody(vpcBody, body));
      const vpc = { region, cidrs: cidrs.map(cidrToText) };
      await apply(means, 'CreateVpc', id, (known, state) => {
        const other = known.vpcs.find((each) => each.id !== id && sharedBlock(each, vpc.cidrs) !== undefined);
        if (other !== undefined)
          throw new HttpFault(
            409,
            `${sharedBlock(other, vpc.cidrs)} stands in ${other.id} already`,
            'a client is in one VPC only: leave it out, or write longer prefixes',
          );
        if (state.get(VPC_KIND, id) === undefined && state.count({ kind: VPC_KIND }) >= VPCS_MAX)
          throw new HttpFault(409, `there are ${VPCS_MAX} VPCs already`, 'declare it in the configuration');
        return putVpc(id, account, vpc);
      });
      return { vpc: listed(means).find((each) => each.id === id) };
    },
    'POST /vpcs/delete': async ({ body }) => {
      const { id } = readBody(vpcDeletion, body);
      await apply(means, 'DeleteVpc', id, (known) => {
        if (known.vpcs.some((each) => each.id === id)) return { action: 'delete', kind: VPC_KIND, id };
        throw new HttpFault(404, `no VPC ${JSON.stringify(id)}`, 'see `causeway vpc list`');
      });
      return { deleted: id };
    },
  };
}

function inForce<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new HttpFault(
    503,
    'no configuration is in force yet, or the store is not open',
    'try again in a moment',
  );
}

function listed(means: VpcMeans): VpcListing[] {
  const declared = inForce(means.declared);
  const { vpcs, node, accounts } = withVpcs(declared, inForce(means.store));
  const own = new Set(declared.vpcs.map(({ id }) => id));
  return vpcs.map(({ id, region = node.region, account = accounts[0]!.id, cidrs }) => ({
    id,
    region,
    account,
    cidrs: cidrs.map(cidrToText),
    from: own.has(id) ? 'configuration' : 'store',
  }));
}

/** By the rules of the configuration. Throws HttpFault. */
function read({ declared }: VpcMeans, body: z.output<typeof vpcBody>) {
  const { accounts, node } = inForce(declared);
  const result = vpcSchema.safeParse({ ...body, account: body.account ?? accounts[0]!.id });
  if (!result.success) throw new HttpFault(400, result.error.issues[0]!.message, 'see `causeway vpc --help`');
  const { id, region = node.region, account = accounts[0]!.id, cidrs } = result.data;
  if (id === BY_SOURCE)
    throw new HttpFault(400, `"${id}" has a meaning for inbound endpoints`, 'write another id');
  if (!accounts.some((each) => each.id === account))
    throw new HttpFault(404, `no account ${account}`, 'see accounts in the configuration');
  return { id, region, account, cidrs };
}

/** The block that a VPC has too. */
function sharedBlock({ cidrs }: Config['vpcs'][number], blocks: readonly string[]): string | undefined {
  return cidrs.map(cidrToText).find((block) => blocks.includes(block));
}

/** One change of a VPC that is not the configuration's. Rejects with HttpFault. */
async function apply(
  means: VpcMeans,
  operation: string,
  id: string,
  decide: (known: Config, state: Reads) => Item,
): Promise<void> {
  const declared = inForce(means.declared);
  if (declared.vpcs.some((vpc) => vpc.id === id))
    throw new HttpFault(409, `${id} is declared in the configuration`, 'change it there');
  const account = declared.accounts[0]!.id;
  const origin = { account, accessKey: '', source: 'control socket', operation, summary: id };
  try {
    await inForce(means.store).apply((state) => ({
      origin,
      items: [decide(withVpcs(declared, state), state)],
    }));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new HttpFault(503, error.message, error.remedy);
  }
}
