import type { Resolution } from '../resolver/resolve.ts';
import type { Candidate } from '../view/snapshot.ts';
import type { Name } from '../wire/name.ts';

/** One decision on the way to an answer. */
export interface TraceStep {
  readonly stage: string;
  readonly decision: string;
}

/**
 * The recorder that `explain` hands to the stages. They are the stages that serve: explaining is never a second
 * implementation (design decision 11).
 */
export class Trace {
  readonly steps: TraceStep[] = [];
  /** Each name of the chain, with the candidates that were tried for it: the last one decided. */
  readonly names: { readonly name: Name; readonly tried: Candidate[] }[] = [];
  last: Resolution | undefined;
  /** False where the answer would have to be asked for. */
  known = true;

  /** A candidate is asked for `name`. */
  took(name: Name, candidate: Candidate): void {
    const last = this.names.at(-1);
    if (last?.name === name) last.tried.push(candidate);
    else this.names.push({ name, tried: [candidate] });
  }

  /** The candidate taken last leaves the question to the next one. */
  passed(decision: string): void {
    this.step('zone', decision);
  }

  unknown(decision: string): void {
    this.known = false;
    this.step('forward', decision);
  }

  step(stage: string, decision: string): void {
    this.steps.push({ stage, decision });
  }

  resolution(resolution: Resolution): void {
    this.last = resolution;
    const from = resolution.upstream === undefined ? '' : ` from ${resolution.upstream}`;
    const age = resolution.ageSeconds === undefined ? '' : `, ${Math.round(resolution.ageSeconds)} s old`;
    this.step('resolve', `${resolution.outcome} (${resolution.source}${from}${age})`);
  }
}
