import type { Prng } from '../util/prng.ts';
import type { ForwardPolicy } from './path.ts';
import { PATIENCE_FIRST_MS } from './rtt.ts';
import type { Target } from './target.ts';

/** One in this many questions of `fastest` and `hedged` starts at another target, so that a change is noticed. */
export const EXPLORE_ONE_IN = 20;

/** The order in which a question tries its targets; which are fit to be asked at all is decided at each try. */
export function orderTargets(policy: ForwardPolicy, targets: readonly Target[], prng: Prng): Target[] {
  switch (policy) {
    case 'ordered':
      return [...targets];
    case 'random':
      return shuffle(targets, prng);
    case 'fastest':
    case 'hedged':
      return byScore(targets, prng);
  }
}

function shuffle(targets: readonly Target[], prng: Prng): Target[] {
  const out = [...targets];
  for (let i = out.length - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

function byScore(targets: readonly Target[], prng: Prng): Target[] {
  // Shuffled first: equal scores, as at the start, share the load.
  const out = shuffle(targets, prng).sort((a, b) => a.score - b.score);
  if (out.length > 1 && prng.below(EXPLORE_ONE_IN) === 0) {
    const [explored] = out.splice(1 + prng.below(out.length - 1), 1);
    out.unshift(explored!);
  }
  return out;
}

/** How long `hedged` waits for the first target: clearly longer than it takes usually, no longer than its patience. */
export function hedgeDelay(target: Target): number {
  const { usual, patience } = target.rtt;
  return usual === undefined ? PATIENCE_FIRST_MS / 2 : Math.min(usual, patience);
}

/** Hedged queries per question in the long run, and at once. */
export const HEDGE_SHARE = 0.1;
export const HEDGE_BURST = 10;

/** Bounds the extra load of hedging: when all targets are slow, doubling every query would not make them faster. */
export class HedgeAllowance {
  #tokens = HEDGE_BURST;
  earn(): void {
    this.#tokens = Math.min(HEDGE_BURST, this.#tokens + HEDGE_SHARE);
  }
  take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** Authoritative servers whose scores differ by no more than this, in milliseconds, share a zone's questions. */
const BAND_MS = 20;
/** And by no more than this part of the best. */
const BAND_PART = 0.5;
/** What a server that was never asked counts as: it is tried before the slow ones and after those known to be near. */
const UNKNOWN_MS = 100;

/**
 * One of the candidates: a random one of those about as fast as the fastest, so that a forger cannot tell which is
 * asked; now and then any, so that a change is noticed.
 */
export function chooseServer<T extends { readonly target: Target }>(
  candidates: readonly T[],
  prng: Prng,
): T | undefined {
  if (candidates.length <= 1) return candidates[0];
  if (prng.below(EXPLORE_ONE_IN) === 0) return candidates[prng.below(candidates.length)];
  let best = Number.POSITIVE_INFINITY;
  for (const { target } of candidates) best = Math.min(best, scoreOf(target));
  const bound = best + Math.max(BAND_MS, best * BAND_PART);
  let near = 0;
  for (const { target } of candidates) if (scoreOf(target) <= bound) near++;
  let before = prng.below(near);
  for (const each of candidates) if (scoreOf(each.target) <= bound && before-- === 0) return each;
  return undefined;
}

function scoreOf(target: Target): number {
  return target.rtt.smoothed === undefined ? target.score + UNKNOWN_MS : target.score;
}
