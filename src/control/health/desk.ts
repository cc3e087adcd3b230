import type { Logger } from '../../telemetry/log.ts';
import type { Clock } from '../../util/clock.ts';
import { HealthBits } from '../../util/healthbits.ts';
import { Caller, type Port, RpcError } from '../../util/rpc.ts';
import {
  type AlarmState,
  type HealthAnswer,
  type HealthCall,
  type HealthData,
  type HealthReport,
  NO_HEALTH_CHECKS,
  type RoutingControlsReport,
} from '../../view/health.ts';
import { HttpFault } from '../http.ts';
import { Switchboard, unknownCheck } from './switchboard.ts';

export interface HealthDeskOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Of HealthBits. */
  readonly bits: SharedArrayBuffer;
}

/** A health check in short: what the bits say, without asking the thread. */
export interface HealthBrief {
  readonly id: string;
  readonly healthy: boolean;
}

type WithoutId<Call> = Call extends unknown ? Omit<Call, 'id'> : never;

/** Reports that are asked for at once: more would keep the thread from its checks. */
const PAGE = 500;
/** As long as a thread may take to begin: what it is told waits for it. */
const SEND_MS_MAX = 60_000;

/** Control's side of the health checks: tells the thread what there is to check, and operators what it found. */
export class HealthDesk {
  readonly #o: HealthDeskOptions;
  readonly #bits: HealthBits;
  #health = NO_HEALTH_CHECKS;
  #switchboard: Switchboard | undefined;
  #caller: Caller<WithoutId<HealthCall>, HealthAnswer> | undefined;

  constructor(options: HealthDeskOptions) {
    this.#o = options;
    this.#bits = new HealthBits(options.bits);
  }

  /** The thread is there, or another one is. */
  attach(port: Port): void {
    this.#caller?.close();
    this.#caller = new Caller(port, this.#o.clock);
    if (this.#switchboard !== undefined) this.#tell();
  }

  /** These checks are in force: every worker serves a snapshot that has them, and no other. */
  configure(health: HealthData, stateFolder: string): void {
    const { clock, log } = this.#o;
    this.#switchboard ??= new Switchboard({ clock, log, stateFolder });
    this.#switchboard.configure(health);
    this.#health = health;
    this.#tell();
  }

  brief(): HealthBrief[] {
    return this.#health.checks.map(({ id, slot }) => ({ id, healthy: this.#bits.isHealthy(slot) }));
  }

  /** All checks, or one. Throws HttpFault. */
  async reports(id?: string): Promise<HealthReport[]> {
    const { checks } = this.#health;
    if (id !== undefined && !checks.some((check) => check.id === id)) throw unknownCheck(id);
    if (checks.length === 0) return [];
    const reports: HealthReport[] = [];
    for (;;) {
      const page = await this.#ask({ from: reports.length, count: PAGE });
      reports.push(...page);
      if (page.length < PAGE) break;
    }
    const order = new Map(checks.map((check, i) => [check.id, i]));
    const shown = reports.filter((report) => id === undefined || report.id === id);
    return shown.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
  }

  /** One check; undefined: it is not made yet. Throws HttpFault. */
  async report(id: string): Promise<HealthReport | undefined> {
    if (!this.#health.checks.some((check) => check.id === id)) return undefined;
    const [report] = await this.reports(id);
    return report;
  }

  routingControls(): RoutingControlsReport {
    return this.#board().report();
  }

  /** Throws HttpFault. */
  setControls(states: ReadonlyMap<string, boolean>): RoutingControlsReport {
    this.#board().setControls(states);
    this.#send({ switches: this.#board().switches });
    return this.#board().report();
  }

  /** Throws HttpFault. */
  setAlarm(id: string, state: AlarmState): void {
    this.#board().setAlarm(id, state);
    this.#send({ switches: this.#board().switches });
  }

  close(): void {
    this.#caller?.close();
  }

  #board(): Switchboard {
    if (this.#switchboard !== undefined) return this.#switchboard;
    throw new HttpFault(503, 'no configuration is in force yet', 'try again in a moment');
  }

  #tell(): void {
    this.#send({ checks: this.#health.checks, switches: this.#board().switches });
  }

  /** What is lost with a thread that dies is told to the next one as soon as it is there. */
  #send(call: WithoutId<HealthCall>): void {
    this.#caller?.call(call, SEND_MS_MAX).catch((err: unknown) => {
      if (err instanceof RpcError && err.failure === 'gone') return;
      this.#o.log.error({ err }, 'the health thread does not take what it is told');
    });
  }

  async #ask(call: { from: number; count: number }): Promise<readonly HealthReport[]> {
    try {
      const answer = await this.#caller?.call(call);
      if (answer !== undefined && 'reports' in answer) return answer.reports;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      throw new HttpFault(503, `the health thread does not answer: ${error.message}`, "see the daemon's log");
    }
    throw new HttpFault(503, 'the health thread is not running', 'try again in a moment');
  }
}
