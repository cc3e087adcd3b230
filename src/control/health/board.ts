import { unreachable } from '../../util/assert.ts';
import type { Clock } from '../../util/clock.ts';
import type { HealthBits } from '../../util/healthbits.ts';
import type { AlarmMonitor, AlarmState, HealthCheckData, HealthReport, Switches } from '../../view/health.ts';
import { CheckRecord, type Sighting } from './record.ts';
import { isHealthyByChildren } from './verdict.ts';

export interface BoardOptions {
  readonly clock: Pick<Clock, 'wall'>;
  readonly bits: HealthBits;
  /** The status of a check is another one; its bit says so already. */
  readonly flipped: (check: HealthCheckData, healthy: boolean, reason: string) => void;
}

export const NO_SWITCHES: Switches = { controls: new Map(), alarms: new Map() };
/** Who set an alarm through the control socket, among observations. */
const OPERATOR = 'operator';

/**
 * All health checks with their status, which stands in the shared bits at each moment. What checkers see comes in,
 * changes of status go out:
 *
 *     sighting, alarm, switches ─▶ record ─ settle ─▶ bit, flipped ─▶ CALCULATED checks that have it as a child
 *
 * The children of a CALCULATED check are not CALCULATED, so that one step is enough.
 */
export class Board {
  readonly #o: BoardOptions;
  #records = new Map<string, CheckRecord>();
  /** By the id of a child. */
  #parents = new Map<string, CheckRecord[]>();
  /** Undefined: nobody has told them yet. */
  #switches: Switches | undefined;

  constructor(options: BoardOptions) {
    this.#o = options;
  }

  /**
   * These are the checks from now on. One that was there keeps its state unless it is of another type.
   *
   * @param switches undefined: not known yet, and the bits are of a health thread before this one, which made these checks
   */
  configure(checks: readonly HealthCheckData[], switches: Switches | undefined): void {
    const before = this.#records;
    this.#releaseSlots(before, checks);
    // CALCULATED checks last: they look at the others.
    const ordered = [...checks].sort((a, b) => Number(isCalculated(a)) - Number(isCalculated(b)));
    this.#records = new Map(
      ordered.map((check) => [check.id, this.#recordOf(check, before, switches === undefined)]),
    );
    this.#linkParents();
    const set = this.#switches;
    this.#switches = switches;
    for (const [id, record] of this.#records) {
      const isNew = before.get(id) !== record;
      const reason = this.#evaluate(record, isNew ? undefined : set);
      if (isNew) this.#begin(record);
      else this.#settle(record, reason);
    }
  }

  /** What operators have set from now on. */
  setSwitches(switches: Switches): void {
    const set = this.#switches;
    this.#switches = switches;
    for (const record of this.#records.values()) {
      const { kind } = record.check.monitor;
      if (kind === 'alarm' || kind === 'control') this.#settle(record, this.#evaluate(record, set));
    }
  }

  /** A checker has looked at the endpoint of a check. */
  see(id: string, checker: string, sighting: Sighting): void {
    const record = this.#records.get(id);
    if (record?.check.monitor.kind !== 'endpoint') return;
    record.vote(checker, record.check.monitor.threshold, sighting, this.#o.clock.wall());
    this.#settle(record, sighting.reason);
  }

  /** The query of an alarm was answered, or could not be, which is want of data. */
  alarm(id: string, checker: string, state: AlarmState, reason: string): void {
    const record = this.#records.get(id);
    if (record?.check.monitor.kind !== 'alarm') return;
    record.heedAlarm(record.check.monitor, state);
    record.note(checker, { passed: state === 'ok', reason }, this.#o.clock.wall());
    this.#settle(record, reason);
  }

  /** At most `count` checks, from the one at index `from` on: as configured, CALCULATED ones behind all others. */
  reports(from: number, count: number): HealthReport[] {
    return [...this.#records.values()].slice(from, from + count).map((record) => record.report());
  }

  isHealthy(id: string): boolean {
    return this.#records.get(id)?.isHealthy ?? true;
  }

  /** What is gone, or has another slot, leaves a healthy bit behind. */
  #releaseSlots(before: ReadonlyMap<string, CheckRecord>, checks: readonly HealthCheckData[]): void {
    const slots = new Map(checks.map(({ id, slot }) => [id, slot]));
    for (const { check } of before.values())
      if (slots.get(check.id) !== check.slot) this.#o.bits.set(check.slot, true);
  }

  #recordOf(check: HealthCheckData, before: ReadonlyMap<string, CheckRecord>, isMade: boolean): CheckRecord {
    const known = before.get(check.id);
    if (known !== undefined && known.check.type === check.type && known.check.slot === check.slot) {
      known.redefine(check);
      return known;
    }
    const { bits, clock } = this.#o;
    return new CheckRecord(check, isMade ? bits.isHealthy(check.slot) : undefined, clock.wall());
  }

  #linkParents(): void {
    this.#parents = new Map();
    for (const record of this.#records.values()) {
      const { monitor } = record.check;
      if (monitor.kind !== 'calculated') continue;
      for (const child of monitor.children) {
        const parents = this.#parents.get(child);
        if (parents === undefined) this.#parents.set(child, [record]);
        else parents.push(record);
      }
    }
  }

  /**
   * Takes in what is known without looking anywhere. Returns why the status may be another one.
   *
   * @param set what was set when the record was evaluated before; undefined: it is new, or that was not known
   */
  #evaluate(record: CheckRecord, set: Switches | undefined): string {
    const { monitor } = record.check;
    switch (monitor.kind) {
      case 'endpoint':
        return CONFIGURED;
      case 'calculated': {
        const healthy = monitor.children.filter((child) => this.isHealthy(child)).length;
        record.assign(isHealthyByChildren(healthy, monitor.threshold));
        const all = monitor.children.length;
        return `${healthy} of ${all} child health checks are healthy, ${monitor.threshold} needed`;
      }
      case 'control': {
        const on = this.#switches?.controls.get(monitor.control);
        if (on !== undefined) record.assign(on);
        return `routing control ${monitor.control} is ${on === false ? 'off' : 'on'}`;
      }
      case 'alarm':
        return monitor.source === undefined ? this.#evaluateByHand(record, monitor, set) : CONFIGURED;
      default:
        return unreachable(monitor);
    }
  }

  /** Each time anew: what is made of the state may have changed, or it was forgotten while the check was disabled. */
  #evaluateByHand(record: CheckRecord, monitor: AlarmMonitor, set: Switches | undefined): string {
    if (this.#switches === undefined) return CONFIGURED;
    const { id } = record.check;
    const alarm = this.#switches.alarms.get(id);
    const state = alarm ?? 'insufficient-data';
    const reason = `the alarm was set to ${state}`;
    record.heedAlarm(monitor, state);
    if (set === undefined || set.alarms.get(id) !== alarm)
      record.note(OPERATOR, { passed: state === 'ok', reason }, this.#o.clock.wall());
    return reason;
  }

  #begin(record: CheckRecord): void {
    record.begin();
    this.#o.bits.set(record.check.slot, record.isHealthy);
  }

  #settle(record: CheckRecord, reason: string): void {
    if (!record.settle(reason, this.#o.clock.wall())) return;
    const { check, isHealthy } = record;
    this.#o.bits.set(check.slot, isHealthy);
    this.#o.flipped(check, isHealthy, reason);
    for (const parent of this.#parents.get(check.id) ?? [])
      this.#settle(parent, this.#evaluate(parent, this.#switches));
  }
}

const CONFIGURED = 'the configuration changed';

function isCalculated({ type }: HealthCheckData): boolean {
  return type === 'CALCULATED';
}
