import { isoFromWall } from '../../telemetry/text.ts';
import type {
  AlarmMonitor,
  AlarmState,
  HealthCheckData,
  HealthLatency,
  HealthReport,
  HealthStatus,
} from '../../view/health.ts';
import { targetText } from './target.ts';
import { FIRST_VOTE, heed, isHealthyByAlarm, isHealthyByVotes, publicStatus, type Vote } from './verdict.ts';

/** What a checker saw. */
export interface Sighting {
  readonly passed: boolean;
  /** `Success: …` or `Failure: …` */
  readonly reason: string;
  readonly latency?: HealthLatency | undefined;
}

interface Observation extends Sighting {
  /** Milliseconds of the wall clock. */
  readonly at: number;
}

interface Change {
  readonly at: number;
  readonly healthy: boolean;
  readonly reason: string;
}

/** Changes that are kept of each check. */
export const HISTORY_MAX = 10;

/** One health check: what was seen, and what its status is by that. It reads no clock and does no I/O. */
export class CheckRecord {
  check: HealthCheckData;
  /** Before `disabled` and `inverted`. */
  #healthy: boolean;
  #published: boolean;
  #since: number;
  #history: readonly Change[] = [];
  readonly #votes = new Map<string, Vote>();
  readonly #observations = new Map<string, Observation>();
  #lastFailure: Observation | undefined;
  /** What the last alarm said that was not for want of data. */
  #lastKnown: boolean | undefined;
  /** The vote that a checker begins with. */
  #firstVote: Vote;

  /** @param status as a health thread published it that made this check before; undefined: it is new */
  constructor(check: HealthCheckData, status: boolean | undefined, wall: number) {
    this.check = check;
    const known = check.disabled ? undefined : status;
    this.#healthy = known === undefined || known !== check.inverted;
    this.#lastKnown = known === undefined ? undefined : this.#healthy;
    this.#firstVote = { ...FIRST_VOTE, healthy: this.#healthy };
    this.#published = publicStatus(this.#healthy, check);
    this.#since = wall;
  }

  /** The check is another one under the same id. Disabled, it forgets: enabled again it is as a new one. */
  redefine(check: HealthCheckData): void {
    if (isByHand(check) !== isByHand(this.check)) this.#observations.clear();
    this.check = check;
    if (!check.disabled) return;
    this.#healthy = true;
    this.#firstVote = FIRST_VOTE;
    this.#votes.clear();
    this.#lastKnown = undefined;
  }

  /** Publishes what a new check begins with, which is no change. */
  begin(): void {
    this.#published = publicStatus(this.#healthy, this.check);
  }

  /** What others see. */
  get isHealthy(): boolean {
    return this.#published;
  }

  /** Notes what a checker saw of an endpoint, and counts it. */
  vote(checker: string, threshold: number, sighting: Sighting, wall: number): void {
    this.note(checker, sighting, wall);
    const vote = this.#votes.get(checker) ?? this.#firstVote;
    this.#votes.set(checker, heed(vote, sighting.passed, threshold));
    const votes = [...this.#votes.values()];
    this.#healthy = isHealthyByVotes(votes.filter(({ healthy }) => healthy).length, votes.length);
  }

  /** A checker reports no more: it has no vote. */
  forget(checker: string): void {
    this.#votes.delete(checker);
    this.#observations.delete(checker);
  }

  /** The alarm is in this state, maybe still. */
  heedAlarm({ insufficientData }: AlarmMonitor, state: AlarmState): void {
    this.#healthy = isHealthyByAlarm(state, insufficientData, this.#lastKnown);
    if (state !== 'insufficient-data') this.#lastKnown = this.#healthy;
  }

  /** What children or a routing control say. */
  assign(healthy: boolean): void {
    this.#healthy = healthy;
  }

  /** The status by all that is known now. Returns whether it is another than before. */
  settle(reason: string, wall: number): boolean {
    const next = publicStatus(this.#healthy, this.check);
    if (next === this.#published) return false;
    this.#published = next;
    this.#since = wall;
    this.#history = [{ at: wall, healthy: next, reason }, ...this.#history.slice(0, HISTORY_MAX - 1)];
    return true;
  }

  /** Keeps what a checker, or whoever sets an alarm, said last. */
  note(checker: string, sighting: Sighting, at: number): void {
    const observation = { ...sighting, at };
    this.#observations.set(checker, observation);
    if (!sighting.passed) this.#lastFailure = observation;
  }

  report(): HealthReport {
    const { id, type, inverted, disabled } = this.check;
    const failure = this.#lastFailure;
    return {
      id,
      type,
      target: targetText(this.check),
      status: statusText(this.#published),
      since: isoFromWall(this.#since),
      inverted,
      disabled,
      observations: [...this.#observations].map(([checker, { at, reason, latency }]) => ({
        checker,
        at: isoFromWall(at),
        status: reason,
        ...(latency === undefined ? {} : { latency }),
      })),
      ...(failure === undefined
        ? {}
        : { lastFailure: { at: isoFromWall(failure.at), reason: failure.reason } }),
      history: this.#history.map(({ at, healthy, reason }) => ({
        at: isoFromWall(at),
        status: statusText(healthy),
        reason,
      })),
    };
  }
}

function isByHand({ monitor }: HealthCheckData): boolean {
  return monitor.kind === 'alarm' && monitor.source === undefined;
}

export function statusText(healthy: boolean): HealthStatus {
  return healthy ? 'healthy' : 'unhealthy';
}
