import { unreachable } from '../../util/assert.ts';
import type { AlarmState, HealthCheckData, InsufficientData } from '../../view/health.ts';

/** What one checker thinks of an endpoint. */
export interface Vote {
  readonly healthy: boolean;
  /** Results in a row that said the opposite. */
  readonly contrary: number;
}

/** Before the first result an endpoint counts as healthy. */
export const FIRST_VOTE: Vote = { healthy: true, contrary: 0 };

/** The vote after one more result. @param threshold results in a row that change it, either way; 1..10 */
export function heed(vote: Vote, passed: boolean, threshold: number): Vote {
  if (passed === vote.healthy) return { healthy: vote.healthy, contrary: 0 };
  const contrary = vote.contrary + 1;
  return contrary >= threshold ? { healthy: passed, contrary: 0 } : { healthy: vote.healthy, contrary };
}

/** Per cent of the checkers that report: more than this must say healthy. */
const QUORUM_PERCENT = 18;

/** Whether an endpoint is healthy by the votes of all its checkers; without any it is. */
export function isHealthyByVotes(healthy: number, reporting: number): boolean {
  return reporting === 0 || healthy * 100 > reporting * QUORUM_PERCENT;
}

/** A threshold of 0 is always met, one above the number of children never. */
export function isHealthyByChildren(healthyChildren: number, threshold: number): boolean {
  return healthyChildren >= threshold;
}

/** @param lastKnown what the last `ok` or `alarm` said; undefined: there was none, which counts as healthy */
export function isHealthyByAlarm(
  state: AlarmState,
  insufficientData: InsufficientData,
  lastKnown: boolean | undefined,
): boolean {
  switch (state) {
    case 'ok':
      return true;
    case 'alarm':
      return false;
    case 'insufficient-data':
      if (insufficientData === 'LastKnownStatus') return lastKnown ?? true;
      return insufficientData === 'Healthy';
    default:
      return unreachable(state);
  }
}

/** What others see: a disabled check is healthy; inversion comes last, and reaches that too. */
export function publicStatus(
  healthy: boolean,
  { disabled, inverted }: Pick<HealthCheckData, 'disabled' | 'inverted'>,
): boolean {
  return (disabled || healthy) !== inverted;
}
