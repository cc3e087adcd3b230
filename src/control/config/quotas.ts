import * as z from 'zod';
import { LIST_MAX } from '../store/store.ts';
import { setting } from './setting.ts';

/** What Route 53 begins with, and how far it can be raised: by memory, and by what is listed at once. */
const QUOTAS = {
  hostedZones: quota(500, LIST_MAX, 'Hosted zones.'),
  recordsPerZone: quota(10_000, 1_000_000, 'Record sets of one hosted zone.'),
  vpcsPerZone: quota(300, 1000, 'VPCs of one private hosted zone.'),
  healthChecks: quota(200, LIST_MAX, 'Health checks.'),
  delegationSets: quota(100, 1000, 'Reusable delegation sets.'),
  zonesPerDelegationSet: quota(100, LIST_MAX, 'Hosted zones of one reusable delegation set.'),
  trafficPolicies: quota(50, 1000, 'Traffic policies.'),
  trafficPolicyInstances: quota(5, 1000, 'Instances of traffic policies.'),
  cidrCollections: quota(5, 100, 'CIDR collections.'),
  resolverEndpoints: quota(4, 100, 'Resolver endpoints.'),
  resolverRules: quota(1000, 10_000, 'Resolver rules.'),
  ruleAssociations: quota(2000, 50_000, 'Associations of resolver rules with VPCs.'),
  profiles: quota(25, 1000, 'Profiles.'),
} as const;

export type QuotaName = keyof typeof QUOTAS;
/** How many of each an account may have. */
export type Quotas = Readonly<Record<QuotaName, number>>;

export const quotasSchema = z.strictObject(QUOTAS).prefault({});

export const DEFAULT_QUOTAS: Quotas = quotasSchema.parse({});

function quota(most: number, limit: number, what: string) {
  return setting(z.int().min(1).max(limit), {
    description: `${what} Route 53 begins with ${most}, and so does the default.`,
    range: `a number from 1 to ${limit}`,
    example: String(2 * most > limit ? limit : 2 * most),
  }).prefault(most);
}

/** Those of an account of the configuration; of one that it does not have, what Route 53 begins with. */
export function quotasOf(
  { accounts }: { readonly accounts: readonly { readonly id: string; readonly quotas: Quotas }[] },
  account: string,
): Quotas {
  return accounts.find(({ id }) => id === account)?.quotas ?? DEFAULT_QUOTAS;
}
