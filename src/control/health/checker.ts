import type { Logger } from '../../telemetry/log.ts';
import { METRIC, type Metrics } from '../../telemetry/metrics.ts';
import { unreachable } from '../../util/assert.ts';
import type { Clock } from '../../util/clock.ts';
import type { HealthBits } from '../../util/healthbits.ts';
import type { Prng } from '../../util/prng.ts';
import type { HealthCall, HealthCheckData, HealthReport, Switches } from '../../view/health.ts';
import { Board } from './board.ts';
import { LagMeter } from './lag.ts';
import type { ProbeResult } from './probe/attempt.ts';
import { type ProbeEnv, probe, type Resolve } from './probe/probe.ts';
import { type AlarmResult, queryAlarm } from './probe/prometheus.ts';
import { Rounds, type Task } from './rounds.ts';

export interface CheckerOptions {
  /** Of this checker, among those that may look at an endpoint. */
  readonly name: string;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly bits: HealthBits;
  readonly resolve: Resolve;
  /** Looks under way at a time. */
  readonly looksMax: number;
}

type Result = ProbeResult | AlarmResult;

/**
 * All health checks of the daemon, made from here: rounds look at endpoints and alarms, the board keeps what follows.
 *
 *     control ─ checks, switches ─▶ board ◀─ results ─ rounds ─▶ probe | queryAlarm ─▶ network
 *                                     └─▶ bits, log, metrics
 */
export class Checker {
  readonly #o: CheckerOptions;
  readonly #env: ProbeEnv;
  readonly #board: Board;
  readonly #lag: LagMeter;
  readonly #rounds: Rounds<Result>;

  /** @param made checks that a health thread before this one made, whose bits stand */
  constructor(options: CheckerOptions, made: readonly HealthCheckData[] = []) {
    this.#o = options;
    const { clock, prng, resolve, bits, looksMax } = options;
    this.#env = { clock, prng, resolve };
    this.#board = new Board({ clock, bits, flipped: (...flip) => this.#flipped(...flip) });
    this.#lag = new LagMeter(clock);
    this.#rounds = new Rounds({
      clock,
      prng,
      lag: this.#lag,
      inFlightMax: looksMax,
      over: (...over) => this.#over(...over),
    });
    this.#board.configure(made, undefined);
    this.#schedule(made);
  }

  /** Looks under way. */
  get inFlight(): number {
    return this.#rounds.inFlight;
  }

  /** These are the checks from now on, and what operators have set. */
  configure(checks: readonly HealthCheckData[], switches: Switches): void {
    this.#board.configure(checks, switches);
    this.#schedule(checks);
  }

  setSwitches(switches: Switches): void {
    this.#board.setSwitches(switches);
  }

  reports(from: number, count: number): HealthReport[] {
    return this.#board.reports(from, count);
  }

  /** What control asks; see util/rpc. */
  answer(call: HealthCall): object {
    if ('checks' in call) this.configure(call.checks, call.switches);
    else if ('switches' in call) this.setSwitches(call.switches);
    else return { reports: this.reports(call.from, call.count) };
    return { taken: true };
  }

  stop(): void {
    this.#rounds.configure(new Map());
    this.#lag.stop();
  }

  #schedule(checks: readonly HealthCheckData[]): void {
    const tasks = new Map<string, { key: string; task: Task<Result> }>();
    for (const { id, disabled, monitor } of checks) {
      const task = disabled ? undefined : this.#taskOf(monitor);
      if (task !== undefined) tasks.set(id, { key: JSON.stringify(monitor), task });
    }
    this.#rounds.configure(tasks);
  }

  /** Undefined: there is nothing to look at. */
  #taskOf(monitor: HealthCheckData['monitor']): Task<Result> | undefined {
    switch (monitor.kind) {
      case 'endpoint':
        return { intervalMs: monitor.intervalMs, look: (done) => probe(monitor, this.#env, done) };
      case 'alarm': {
        const { source } = monitor;
        if (source === undefined) return undefined;
        return { intervalMs: source.intervalMs, look: (done) => queryAlarm(source, this.#env, done) };
      }
      case 'calculated':
      case 'control':
        return undefined;
      default:
        return unreachable(monitor);
    }
  }

  /** Returns whether the round told nothing. */
  #over(id: string, result: Result, lagged: boolean): boolean {
    const { name, metrics } = this.#o;
    if (lagged || result.kind === 'void') {
      metrics.add(METRIC.probesVoid);
      return true;
    }
    switch (result.kind) {
      case 'seen':
        metrics.add(result.passed ? METRIC.probesPassed : METRIC.probesFailed);
        this.#board.see(id, name, result);
        return false;
      case 'alarm':
        metrics.add(result.state === 'ok' ? METRIC.probesPassed : METRIC.probesFailed);
        this.#board.alarm(id, name, result.state, result.reason);
        return false;
      default:
        return unreachable(result);
    }
  }

  #flipped({ id, type }: HealthCheckData, healthy: boolean, reason: string): void {
    const { log, metrics } = this.#o;
    metrics.add(healthy ? METRIC.flipsHealthy : METRIC.flipsUnhealthy);
    const fields = { check: id, type, reason };
    if (healthy) log.info(fields, `health check ${id} is healthy`);
    else log.warn(fields, `health check ${id} is unhealthy`);
  }
}
