import type { Security } from '../cache/security.ts';
import type { TrustStep } from '../resolver/truststep.ts';

/**
 * The answer to `explain`: plain data, made by a worker from the stages that serve, sent over a message port and
 * HTTP, drawn by `causeway explain`. Names, records and texts are in presentation form.
 */
export interface Explanation {
  readonly qname: string;
  readonly qtype: string;
  /** The VPC whose view answered, or undefined where none is the client's. */
  readonly view: string | undefined;
  /** Decisions in the order in which they were made. */
  readonly steps: readonly ExplainStep[];
  /** All that could have answered, in order of precedence. */
  readonly candidates: readonly ExplainCandidate[];
  /** What validation found, for each name that was learned of others and validated. */
  readonly trust: readonly ExplainTrust[];
  /** Groups of record sets that were chosen from: the way through the tree of policies. */
  readonly routing: readonly ExplainRouting[];
  readonly answer: ExplainAnswer;
  /** `zone`, `local`, `cache`, `upstream`, `stale`, `failure-cache`, or `none` when nothing answered. */
  readonly source: string;
  /** `192.0.2.53:53`, where a target answered or would be asked. */
  readonly upstream?: string;
  /** How long the data has been in the cache. */
  readonly ageSeconds?: number;
  readonly ede: readonly { readonly code: number; readonly text: string }[];
}

export interface ExplainStep {
  /** The stage's name in the list of server/stages.ts: `match`, `zone`, `forward`, `resolve`, `follow` … */
  readonly stage: string;
  readonly decision: string;
  readonly detail?: string;
}

export interface ExplainCandidate {
  /** The name that the rule or zone stands at. */
  readonly name: string;
  readonly kind: string;
  /** The id of the rule or zone. */
  readonly id: string;
  readonly chosen: boolean;
  /** Why it was chosen, or what beat it. */
  readonly why: string;
}

/** The chain of trust to one name of the answer, zone cut by zone cut from the anchor. */
export interface ExplainTrust {
  readonly name: string;
  readonly security: Security;
  readonly steps: readonly TrustStep[];
}

/** The record sets of one name and type, and what became of each for this client. */
export interface ExplainRouting {
  readonly name: string;
  readonly type: string;
  /** `weighted`, `failover` … */
  readonly policy: string;
  /** Where the client was taken to be, for policies that ask. */
  readonly location: string | undefined;
  readonly sets: readonly ExplainSet[];
}

export interface ExplainSet {
  /** SetIdentifier; empty where the policy is simple. */
  readonly id: string;
  /** What the policy knows of it: `weight 3`, `country DE`, `primary`. */
  readonly rule: string;
  /** Values, or what it is an alias of. */
  readonly leadsTo: string;
  readonly health: 'healthy' | 'unhealthy' | 'not checked';
  /** Id of its health check. */
  readonly check: string | undefined;
  readonly chosen: boolean;
  readonly why: string;
}

export interface ExplainAnswer {
  /** `NOERROR`, `NXDOMAIN` … */
  readonly rcode: string;
  /** `aa`, `ra`, `ad` … */
  readonly flags: readonly string[];
  /** One record a line, in zone-file form. */
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
}
