import type { Resolution } from '../resolver/resolve.ts';

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
  last: Resolution | undefined;

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
