import type { Security } from '../cache/security.ts';
import type { Resolution } from '../resolver/resolve.ts';
import type { TrustStep } from '../resolver/truststep.ts';
import type { ExplainRouting } from '../view/explain.ts';
import type { Candidate } from '../view/snapshot.ts';
import type { Name } from '../wire/name.ts';
import type { Witness } from '../zone/routing/choose.ts';
import type { Zone } from '../zone/zone.ts';
import type { Query } from './query.ts';
import { alsoPicked, describeChoice } from './tracechoice.ts';

/** One decision on the way to an answer. */
export interface TraceStep {
  readonly stage: string;
  readonly decision: string;
}

/** A name of the chain, with the candidates that were tried for it: the last one decided. */
export interface TracedName {
  readonly name: Name;
  readonly tried: Candidate[];
  /** Why those before it did not. */
  readonly passed: Map<Candidate, string>;
}

/** What is known of the chain of trust to one name. */
export interface TracedTrust {
  readonly name: Name;
  readonly security: Security;
  readonly steps: readonly TrustStep[];
}

/**
 * The recorder that `explain` hands to the stages. They are the stages that serve: explaining is never a second
 * implementation (design decision 11).
 */
export class Trace {
  /** Chains of trust are to be told too. */
  readonly wantsChain: boolean = true;
  readonly steps: TraceStep[] = [];
  readonly names: TracedName[] = [];
  /** Chains of trust, in the order in which they were needed. */
  readonly trust: TracedTrust[] = [];
  /** Groups of record sets that were chosen from, in the order of the way through them. */
  readonly routing: ExplainRouting[] = [];
  last: Resolution | undefined;
  /** Whose candidate was taken last: another question for the same name has candidates of its own. */
  #taker: Query | undefined;
  /** False where the answer would have to be asked for. */
  known = true;

  /** A candidate is asked for the current name of `q`. */
  took(q: Query, candidate: Candidate): void {
    const name = q.current;
    const last = this.names.at(-1);
    if (last?.name === name && this.#taker === q) last.tried.push(candidate);
    else this.names.push({ name, tried: [candidate], passed: new Map() });
    this.#taker = q;
  }

  /** The candidate taken last leaves the question to the next one: `why` in a word, and the decision in full. */
  passed(why: string, decision: string): void {
    const last = this.names.at(-1);
    last?.passed.set(last.tried.at(-1)!, why);
    this.step('zone', decision);
  }

  /** For a choice among record sets: keeps each group that it leads through. */
  witness(zone: Zone, q: Query): Witness {
    let last = -1;
    return (_, group, picked) => {
      if (group === last) this.routing.push(alsoPicked(this.routing.pop()!, zone, group, picked));
      else this.routing.push(describeChoice(q, zone, group, picked));
      last = group;
    };
  }

  unknown(decision: string): void {
    this.known = false;
    this.step('resolve', decision);
  }

  step(stage: string, decision: string): void {
    this.steps.push({ stage, decision });
  }

  /** What was learned of `name`. */
  resolution(name: Name, resolution: Resolution): void {
    this.last = resolution;
    const { chain = [], security = 'unchecked' } = resolution;
    if (chain.length > 0) this.trust.push({ name, security, steps: chain });
    const from = resolution.upstream === undefined ? '' : ` from ${resolution.upstream}`;
    const age = resolution.ageSeconds === undefined ? '' : `, ${Math.round(resolution.ageSeconds)} s old`;
    this.step('resolve', `${resolution.outcome} (${resolution.source}${from}${age}, ${security})`);
  }
}
