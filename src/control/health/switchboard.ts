import * as z from 'zod';
import type { Logger } from '../../telemetry/log.ts';
import type { Clock } from '../../util/clock.ts';
import {
  ALARM_STATES,
  type AlarmState,
  type HealthData,
  NO_HEALTH_CHECKS,
  type RoutingControlsReport,
  type Switches,
} from '../../view/health.ts';
import { HttpFault } from '../http.ts';
import { StateFile } from '../statefile.ts';

/** Its place in the state folder. */
const FILE_NAME = 'health.json';
const OCTETS_MAX = 4 * 1024 * 1024;
const FORMAT = 'causeway health switches';
const VERSION = 1;

const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  controls: z.record(z.string(), z.boolean()),
  alarms: z.record(z.string(), z.enum(ALARM_STATES)),
});

export interface SwitchboardOptions {
  readonly clock: Pick<Clock, 'wall'>;
  readonly log: Logger;
  readonly stateFolder: string;
}

/**
 * What operators set: routing controls, within their safety rules, and alarms without a source. It is on disk before it
 * is in force, and is there again after a restart.
 */
export class Switchboard {
  readonly #o: SwitchboardOptions;
  readonly #file: StateFile;
  #health = NO_HEALTH_CHECKS;
  /** Ids of the checks with an alarm that is set by hand. */
  #byHand: ReadonlySet<string> = new Set();
  /** Those that were set; the others are as they begin. */
  #controls = new Map<string, boolean>();
  #alarms = new Map<string, AlarmState>();

  constructor(options: SwitchboardOptions) {
    this.#o = options;
    this.#file = new StateFile(options.stateFolder, FILE_NAME, OCTETS_MAX);
    this.#read();
  }

  /** Which controls, rules and alarms there are. */
  configure(health: HealthData): void {
    this.#health = health;
    this.#byHand = new Set(
      health.checks.flatMap(({ id, monitor }) =>
        monitor.kind === 'alarm' && monitor.source === undefined ? [id] : [],
      ),
    );
  }

  /** What is set, or begun with. */
  get switches(): Switches {
    const { controls } = this.#health;
    return {
      controls: new Map(controls.map(({ name, initial }) => [name, this.#controls.get(name) ?? initial])),
      alarms: new Map([...this.#alarms].filter(([id]) => this.#byHand.has(id))),
    };
  }

  report(): RoutingControlsReport {
    const { controls } = this.switches;
    return {
      controls: [...controls].map(([name, on]) => ({ name, state: on ? 'on' : 'off' })),
      rules: this.#health.rules.map((rule) => ({ ...rule, on: countOn(rule.controls, controls) })),
    };
  }

  /** Sets controls, all or none. Throws HttpFault for one that is not known, and where a safety rule forbids it. */
  setControls(states: ReadonlyMap<string, boolean>): void {
    const before = this.switches.controls;
    for (const name of states.keys())
      if (!before.has(name)) throw unknown('routing control', name, before.keys());
    const after = new Map([...before, ...states]);
    for (const { name, controls, atLeast } of this.#health.rules) {
      const on = countOn(controls, after);
      // What turns none of them off cannot make it worse.
      if (
        on < atLeast &&
        controls.some((control) => before.get(control) === true && after.get(control) === false)
      )
        throw new HttpFault(
          409,
          `safety rule ${name}: ${on} of ${controls.join(', ')} would be on, at least ${atLeast} must be`,
          'turn another one on, before or with the same request',
        );
    }
    const set = [...this.#controls].filter(([name]) => before.has(name));
    this.#keep(new Map([...set, ...states]), this.switches.alarms);
    this.#o.log.warn({ controls: Object.fromEntries(states) }, 'routing controls are set');
  }

  /** Throws HttpFault where there is no such check, or it has a source. */
  setAlarm(id: string, state: AlarmState): void {
    const check = this.#health.checks.find((each) => each.id === id);
    if (check === undefined) throw unknownCheck(id);
    if (!this.#byHand.has(id))
      throw new HttpFault(
        409,
        check.monitor.kind === 'alarm'
          ? `the alarm of ${id} follows its query`
          : `${id} is a ${check.type} check, which has no alarm`,
        'name a CLOUDWATCH_METRIC check without alarm',
      );
    this.#keep(this.#controls, new Map([...this.switches.alarms, [id, state]]));
    this.#o.log.warn({ check: id, state }, `the alarm of health check ${id} is set`);
  }

  #keep(controls: ReadonlyMap<string, boolean>, alarms: ReadonlyMap<string, AlarmState>): void {
    const file: z.input<typeof fileSchema> = {
      format: FORMAT,
      version: VERSION,
      controls: Object.fromEntries(controls),
      alarms: Object.fromEntries(alarms),
    };
    try {
      this.#file.write(`${JSON.stringify(file, null, 2)}\n`);
    } catch (error) {
      const { path } = this.#file;
      throw new HttpFault(
        500,
        `nothing is set: ${path} cannot be written: ${(error as Error).message}`,
        'make room',
      );
    }
    this.#controls = new Map(controls);
    this.#alarms = new Map(alarms);
  }

  /** A file that is not ours is kept, and all begins with what the configuration says. */
  #read(): void {
    const { clock, log } = this.#o;
    try {
      const text = this.#file.read();
      if (text === undefined) return;
      const { controls, alarms } = fileSchema.parse(JSON.parse(text));
      this.#controls = new Map(Object.entries(controls));
      this.#alarms = new Map(Object.entries(alarms));
    } catch (err) {
      const { path } = this.#file;
      log.error({ err, path }, 'what routing controls were set to cannot be read: they are as configured');
      try {
        log.warn({ path: this.#file.setAside(clock.wall()) }, 'the file is kept there');
      } catch (err) {
        log.error({ err }, 'the file cannot be moved');
      }
    }
  }
}

function countOn(controls: readonly string[], states: ReadonlyMap<string, boolean>): number {
  return controls.filter((control) => states.get(control) === true).length;
}

/** In Route 53's words. */
export function unknownCheck(id: string): HttpFault {
  return new HttpFault(404, `A health check with id ${id} does not exist.`, 'see `causeway health`');
}

const SHOWN = 20;

function unknown(what: string, name: string, known: Iterable<string>): HttpFault {
  const names = [...known];
  const more = names.length > SHOWN ? ', …' : '';
  return new HttpFault(
    404,
    `no ${what} ${JSON.stringify(name)}`,
    `known are ${names.slice(0, SHOWN).join(', ') || 'none'}${more}`,
  );
}
