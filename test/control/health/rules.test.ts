/** The board and the probes agree with Route 53's rules as test/support/healthrules transcribes them. */
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { Board, NO_SWITCHES } from '../../../src/control/health/board.ts';
import type { ProbeResult } from '../../../src/control/health/probe/attempt.ts';
import { probe } from '../../../src/control/health/probe/probe.ts';
import { ManualClock, systemClock } from '../../../src/util/clock.ts';
import { HealthBits } from '../../../src/util/healthbits.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import {
  ALARM_STATES,
  type AlarmState,
  type HealthCheckData,
  INSUFFICIENT_DATA,
  type Switches,
} from '../../../src/view/health.ts';
import {
  afterResults,
  type CheckKind,
  checkRows,
  isHealthyCheck,
  isSuccess,
  resultRows,
  statusRows,
} from '../../support/healthrules.ts';
import { checkOf, endpoint } from './support.ts';

function boardOf(checks: readonly HealthCheckData[], switches: Switches = NO_SWITCHES) {
  const bits = new HealthBits();
  const board = new Board({ clock: new ManualClock(), bits, flipped: () => undefined });
  board.configure(checks, switches);
  const see = (id: string, checker: string, passed: boolean): void => {
    board.see(id, checker, { passed, reason: '' });
  };
  return { bits, board, see };
}

const insufficient = { healthy: 'Healthy', unhealthy: 'Unhealthy', 'last-known': 'LastKnownStatus' } as const;

/** What the board says of a check in slot 0 that is in such a state. */
function statusOf(kind: CheckKind, over: Pick<HealthCheckData, 'inverted' | 'disabled'>): boolean {
  switch (kind.kind) {
    case 'endpoint': {
      const { bits, see } = boardOf([checkOf(0, { threshold: 1 }, over)]);
      for (const [i, passed] of kind.checkers.entries()) see('hc-0', `checker-${i}`, passed);
      return bits.isHealthy(0);
    }
    case 'calculated': {
      const children = kind.children.map((_, i) => checkOf(i + 1, { threshold: 1 }));
      const ids = children.map(({ id }) => id);
      const parent = checkOf(0, { kind: 'calculated', children: ids, threshold: kind.threshold }, over);
      const { bits, see } = boardOf([parent, ...children]);
      for (const [i, passed] of kind.children.entries()) see(ids[i]!, 'node', passed);
      return bits.isHealthy(0);
    }
    case 'metric': {
      const monitor = {
        kind: 'alarm',
        source: undefined,
        insufficientData: insufficient[kind.insufficient],
      } as const;
      const { bits, board } = boardOf([checkOf(0, monitor, over)]);
      for (const state of [kind.lastKnown, kind.data])
        board.setSwitches({ controls: new Map(), alarms: new Map([['hc-0', alarmState(state)]]) });
      return bits.isHealthy(0);
    }
    case 'routing-control': {
      const switches = { controls: new Map([['eu', kind.on]]), alarms: new Map() };
      return boardOf([checkOf(0, { kind: 'control', control: 'eu' }, over)], switches).bits.isHealthy(0);
    }
  }
}

function alarmState(data: boolean | undefined): AlarmState {
  return data === undefined ? 'insufficient-data' : data ? 'ok' : 'alarm';
}

t.test('each row of the table', async (t) => {
  for (const { what, kind, inverted = false, disabled = false, healthy } of checkRows)
    t.equal(statusOf(kind, { inverted, disabled }), healthy, what);
  for (const [results, threshold, says] of resultRows) {
    const { bits, see } = boardOf([checkOf(0, { threshold })]);
    for (const result of results) see('hc-0', 'node', result === '+');
    t.equal(bits.isHealthy(0), says, `${results} ${threshold}`);
  }
});

/** A world of checks of all kinds, and the same world as a list of what happened, for the transcription. */
class World {
  readonly #prng: SeededPrng;
  readonly #board: ReturnType<typeof boardOf>;
  readonly #controls = new Map([['eu', false]]);
  readonly #alarms = new Map<string, AlarmState>();
  readonly #results = new Map<string, Map<string, boolean[]>>();
  readonly #lastKnown = new Map<string, boolean>();
  checks: HealthCheckData[];

  constructor(seed: number) {
    this.#prng = new SeededPrng(seed);
    const threshold = () => 1 + this.#prng.below(4);
    const alarm = (insufficientData: (typeof INSUFFICIENT_DATA)[number]) =>
      ({ kind: 'alarm', source: undefined, insufficientData }) as const;
    const plain = [
      ...[0, 1, 2].map((slot) => checkOf(slot, { threshold: threshold() })),
      ...INSUFFICIENT_DATA.map((rule, i) => checkOf(3 + i, alarm(rule))),
      checkOf(6, { kind: 'control', control: 'eu' }),
    ];
    const children = plain.map(({ id }) => id);
    const calculated = [7, 8].map((slot) =>
      checkOf(slot, { kind: 'calculated', children, threshold: this.#prng.below(children.length + 2) }),
    );
    this.checks = [...calculated, ...plain].map((check) => this.#marked(check));
    this.#board = boardOf(this.checks, this.#switches());
    this.#forgetDisabled();
  }

  #marked(check: HealthCheckData): HealthCheckData {
    return { ...check, inverted: this.#prng.below(4) === 0, disabled: this.#prng.below(5) === 0 };
  }

  #switches(): Switches {
    return { controls: new Map(this.#controls), alarms: new Map(this.#alarms) };
  }

  /** Something happens. */
  step(): void {
    const check = this.checks[this.#prng.below(this.checks.length)]!;
    switch (this.#prng.below(8)) {
      case 0:
        this.checks = this.checks.map((each) => (each === check ? this.#marked(each) : each));
        this.#board.board.configure(this.checks, this.#switches());
        this.#forgetDisabled();
        return;
      case 1:
        this.#controls.set('eu', this.#prng.below(2) === 0);
        this.#board.board.setSwitches(this.#switches());
        return;
      case 2:
      case 3:
        this.#setAlarm(check);
        return;
      default:
        this.#see(check);
    }
  }

  #setAlarm({ id, monitor }: HealthCheckData): void {
    if (monitor.kind !== 'alarm') return;
    const state = ALARM_STATES[this.#prng.below(ALARM_STATES.length)]!;
    this.#alarms.set(id, state);
    if (state !== 'insufficient-data') this.#lastKnown.set(id, state === 'ok');
    this.#board.board.setSwitches(this.#switches());
  }

  /** Nobody looks at what is disabled. */
  #see({ id, monitor, disabled }: HealthCheckData): void {
    if (monitor.kind !== 'endpoint' || disabled) return;
    const checker = `checker-${this.#prng.below(6)}`;
    const passed = this.#prng.below(3) === 0;
    const results = this.#results.get(id) ?? new Map<string, boolean[]>();
    this.#results.set(id, results.set(checker, [...(results.get(checker) ?? []), passed]));
    this.#board.see(id, checker, passed);
  }

  /** Enabled again, a check is as a new one; what operators have set stays set. */
  #forgetDisabled(): void {
    for (const { id } of this.checks.filter(({ disabled }) => disabled)) {
      this.#results.delete(id);
      const state = this.#alarms.get(id) ?? 'insufficient-data';
      if (state === 'insufficient-data') this.#lastKnown.delete(id);
    }
  }

  said({ slot }: HealthCheckData): boolean {
    return this.#board.bits.isHealthy(slot);
  }

  expected(check: HealthCheckData): boolean {
    return isHealthyCheck({ kind: this.#kindOf(check), inverted: check.inverted, disabled: check.disabled });
  }

  #kindOf({ id, monitor }: HealthCheckData): CheckKind {
    switch (monitor.kind) {
      case 'endpoint': {
        const results = [...(this.#results.get(id)?.values() ?? [])];
        return { kind: 'endpoint', checkers: results.map((each) => afterResults(each, monitor.threshold)) };
      }
      case 'calculated': {
        const children = monitor.children.map((child) => this.checks.find((each) => each.id === child)!);
        return {
          kind: 'calculated',
          children: children.map((child) => this.expected(child)),
          threshold: monitor.threshold,
        };
      }
      case 'alarm': {
        const state = this.#alarms.get(id) ?? 'insufficient-data';
        const [rule] = Object.entries(insufficient).find(([, each]) => each === monitor.insufficientData)!;
        return {
          kind: 'metric',
          data: state === 'insufficient-data' ? undefined : state === 'ok',
          insufficient: rule as keyof typeof insufficient,
          lastKnown: this.#lastKnown.get(id),
        };
      }
      case 'control':
        return { kind: 'routing-control', on: this.#controls.get(monitor.control)! };
    }
  }
}

t.test('random worlds: results, alarms, switches and reloads in any order', async (t) => {
  let compared = 0;
  let unhealthy = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const world = new World(seed);
    for (let step = 0; step < 120; step++) {
      for (const check of world.checks) {
        const expected = world.expected(check);
        if (world.said(check) !== expected) {
          t.fail(`seed ${seed}, step ${step}: ${check.id} is not ${expected ? 'healthy' : 'unhealthy'}`);
          return;
        }
        compared++;
        if (!expected) unhealthy++;
      }
      world.step();
    }
  }
  t.equal(compared, 300 * 120 * 9);
  t.ok(unhealthy > compared / 5 && unhealthy < (compared * 4) / 5, `${unhealthy} of ${compared} unhealthy`);
});

t.test('which status is a success', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (request) => {
      const status = /^GET \/(\d+) /.exec(request.toString('latin1'))![1];
      socket.end(`HTTP/1.1 ${status} x\r\ncontent-length: 0\r\n\r\n`);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const env = { clock: systemClock, prng: new SeededPrng(1), resolve: async () => [] };
  const more = [100, 300, 302, 304, 307, 404, 500, 599].map((status) => [status, isSuccess(status)] as const);
  for (const [status, success] of [...statusRows, ...more]) {
    const result = await new Promise<ProbeResult>((done) => {
      probe({ ...endpoint, port, path: `/${status}` }, env, done);
    });
    t.match(result, { kind: 'seen', passed: success }, String(status));
  }
});
