import type { Security } from '../cache/security.ts';
import { EDE, RCODE } from '../wire/constants.ts';
import type { Name } from '../wire/name.ts';
import type { Ede, Rrset } from '../wire/record.ts';
import type { Budget } from './budget.ts';
import type { FetchFailure } from './finding.ts';
import type { Path } from './path.ts';
import type { Trust } from './trust.ts';
import type { TrustStep } from './truststep.ts';

/** One question for one path. */
export interface ResolveRequest {
  readonly name: Name;
  readonly type: number;
  readonly path: Path;
  /** The client query's, shared with everything else that is done for it. */
  readonly budget: Budget;
  /** Loop tokens that came with the client's query. */
  readonly tokens: readonly Uint8Array[];
  /** CD of the client (RFC 4035 section 3.2.2): what cannot be validated is given all the same. Absent: false. */
  readonly checkingDisabled?: boolean;
  /** `explain` wants to see the chain of trust. Absent: false. */
  readonly wantsChain?: boolean;
}

/** Only what is validated, or known not to be signed, may be answered. */
export function isChecked({ path, checkingDisabled }: ResolveRequest): boolean {
  return path.validate && checkingDisabled !== true;
}

/** What became of a question. Plain data, but for `trust`: it travels between workers. */
export interface Resolution {
  /**
   * `answer` also where the chain ends in a CNAME whose target nothing is known of, which is the next question, or in
   * a DNAME that makes a name too long (`rcode` is YXDOMAIN). `referral`: of a forwarder, with its NS records.
   */
  readonly outcome: 'answer' | 'nodata' | 'nxdomain' | 'referral' | 'failure';
  readonly rcode: number;
  /** CNAME chain first and in order, then the answer. TTLs as they remain, names in lower case as far as asked for. */
  readonly rrsets: readonly Rrset[];
  /** Of negative outcomes, where the upstream gave one. */
  readonly soa?: Rrset;
  /** Of referrals: addresses of the servers that it names. */
  readonly glue?: readonly Rrset[];
  /**
   * NSEC and NSEC3 RRsets that belong to the authority section of a reply with DO: of negative outcomes, and of
   * answers that a wildcard made. Absent: none.
   */
  readonly proofs?: readonly Rrset[];
  /** Of all of it, the least. `unchecked`: the client said CD, or nobody validates here. Absent: unchecked. */
  readonly security?: Security;
  /** What `chain` is made of where it is wanted. */
  readonly trust?: Trust;
  /** For `explain`: zone cut by zone cut from the anchor, and where it broke. */
  readonly chain?: readonly TrustStep[];
  readonly ede: readonly Ede[];
  readonly source: 'cache' | 'upstream' | 'stale' | 'failure-cache';
  /** `192.0.2.53:53`: who gave the answer, when it came from upstream just now. */
  readonly upstream?: string;
  /** Since it was learned, when it comes from the cache. */
  readonly ageSeconds?: number;
  /** Of failures. Those by `waiters` and `overload` may be met with silence instead: the client asks again later. */
  readonly reason?: FailureReason;
}

/**
 * Those of forwarding and of recursion, and: `late`: no result when the client's time was over. `waiters`: too many wait for
 * this question. `cached`: it failed a moment ago. `type`: not a type that can be asked for.
 */
export type FailureReason = FetchFailure | 'late' | 'waiters' | 'cached' | 'type';

export function failed(
  path: Path,
  reason: FailureReason,
  text: string,
  code: number = EDE.OTHER,
  rcode: number = RCODE.SERVFAIL,
): Resolution {
  return {
    outcome: 'failure',
    rcode,
    rrsets: [],
    ede: [{ code, text: `rule ${path.rule}: ${text}` }],
    source: reason === 'cached' ? 'failure-cache' : 'upstream',
    reason,
  };
}
