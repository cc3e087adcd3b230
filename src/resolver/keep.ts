import { NXDOMAIN } from '../cache/key.ts';
import { RANK, type Rank } from '../cache/rank.ts';
import type { RecordCache } from '../cache/records.ts';
import type { Security } from '../cache/security.ts';
import { TYPE } from '../wire/constants.ts';
import type { LearnedData } from './learned.ts';
import type { Path } from './path.ts';

/** Keeps what was learned: each link and the answer on its own, all under the path's context. */
export function keep(
  cache: RecordCache,
  { context, validate }: Path,
  type: number,
  learned: LearnedData,
): void {
  const { rank } = learned;
  const keepsFailure = validate && learned.security === 'unchecked';
  for (const { rrset, security, proofs, isCached } of learned.chain)
    if (isCached !== true)
      cache.putRrset(context, rrset, rankOf(security, rank), { security, proofs, keepsFailure });
  if (type === TYPE.ANY) return;
  switch (learned.outcome) {
    case 'answer':
      for (const { rrset, security, proofs } of learned.rrsets)
        cache.putRrset(context, rrset, rankOf(security, rank), { security, proofs, keepsFailure });
      break;
    case 'nodata':
    case 'nxdomain': {
      const { name, soa, proofs, security } = learned.denial!;
      const denied = learned.outcome === 'nxdomain' ? NXDOMAIN : type;
      cache.putNegative(context, name, denied, soa, rankOf(security, rank), {
        security,
        proofs,
        keepsFailure,
      });
      break;
    }
    case 'alias':
    case 'too-long':
    case 'referral':
      break;
  }
}

/** Data that validation vouches for have a rank of their own, above all that is not. */
function rankOf(security: Security, rank: Rank): Rank {
  return security === 'secure' ? RANK.secure : rank;
}
