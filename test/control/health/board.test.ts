/** What becomes of checks as results and orders come in: no thread, no socket, no time but the test's. */
import t from 'tap';
import { Board, NO_SWITCHES } from '../../../src/control/health/board.ts';
import { HISTORY_MAX } from '../../../src/control/health/record.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { HealthBits } from '../../../src/util/healthbits.ts';
import type { AlarmState, CalculatedMonitor, HealthCheckData, Switches } from '../../../src/view/health.ts';
import { checkOf } from './support.ts';

function start(
  checks: readonly HealthCheckData[],
  switches: Switches = NO_SWITCHES,
  bits = new HealthBits(),
) {
  const clock = new ManualClock();
  const flips: string[] = [];
  const board = new Board({
    clock,
    bits,
    flipped: ({ id }, healthy) => void flips.push(`${id} ${healthy ? 'up' : 'down'}`),
  });
  board.configure(checks, switches);
  const see = (id: string, results: string, checker = 'node'): void => {
    for (const result of results) {
      clock.advance(10_000);
      const passed = result === '+';
      board.see(id, checker, { passed, reason: passed ? 'Success: fine' : 'Failure: broken' });
    }
  };
  return { board, bits, clock, flips, see };
}

const calculated = (threshold: number, ...children: string[]): CalculatedMonitor => ({
  kind: 'calculated',
  children,
  threshold,
});
const control = (name: string) => ({ kind: 'control', control: name }) as const;
const alarm = (insufficientData: 'Healthy' | 'Unhealthy' | 'LastKnownStatus') =>
  ({ kind: 'alarm', source: undefined, insufficientData }) as const;
const switches = (controls: Record<string, boolean>, alarms: Record<string, AlarmState> = {}): Switches => ({
  controls: new Map(Object.entries(controls)),
  alarms: new Map(Object.entries(alarms)),
});

t.test('a new check is healthy until data; inverted, unhealthy', async (t) => {
  const { bits, flips, see } = start([checkOf(0), checkOf(1, {}, { inverted: true })]);
  t.equal(bits.isHealthy(0), true);
  t.equal(bits.isHealthy(1), false);
  see('hc-1', '---');
  t.equal(bits.isHealthy(1), true);
  see('hc-1', '+++');
  t.equal(bits.isHealthy(1), false);
  t.same(flips, ['hc-1 up', 'hc-1 down']);
});

t.test('flips at the threshold, and back at it, with its time and reason', async (t) => {
  const { board, bits, flips, see } = start([checkOf(7)]);
  see('hc-7', '+--');
  t.equal(bits.isHealthy(7), true);
  see('hc-7', '-');
  t.equal(bits.isHealthy(7), false);
  see('hc-7', '++-+++');
  t.equal(bits.isHealthy(7), true);
  t.same(flips, ['hc-7 down', 'hc-7 up']);
  const [report] = board.reports(0, 10);
  t.match(report, {
    id: 'hc-7',
    status: 'healthy',
    since: '2023-11-14T22:15:00.000Z',
    lastFailure: { at: '2023-11-14T22:14:30.000Z', reason: 'Failure: broken' },
    observations: [{ checker: 'node', status: 'Success: fine', at: '2023-11-14T22:15:00.000Z' }],
    history: [
      { status: 'healthy', reason: 'Success: fine' },
      { status: 'unhealthy', reason: 'Failure: broken', at: '2023-11-14T22:14:00.000Z' },
    ],
  });
});

t.test('several checkers: each counts for itself, more than 18 % are enough', async (t) => {
  const { board, bits, see } = start([checkOf(0, { threshold: 1 })]);
  const checkers = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const checker of checkers) see('hc-0', '+', checker);
  for (const checker of checkers.slice(0, 4)) see('hc-0', '-', checker);
  t.equal(bits.isHealthy(0), true, '2 of 6');
  see('hc-0', '-', 'e');
  t.equal(bits.isHealthy(0), false, '1 of 6 is 16.7 %');
  see('hc-0', '+', 'a');
  t.equal(bits.isHealthy(0), true);
  t.equal(board.reports(0, 1)[0]!.observations.length, 6);
});

t.test('history is bounded', async (t) => {
  const { board, see } = start([checkOf(0, { threshold: 1 })]);
  see('hc-0', '-+'.repeat(50));
  t.equal(board.reports(0, 1)[0]!.history.length, HISTORY_MAX);
});

t.test('CALCULATED follows its children, with their inversion, in any order of the list', async (t) => {
  const checks = [
    checkOf(0, calculated(2, 'hc-1', 'hc-2', 'hc-3')),
    checkOf(1, { threshold: 1 }),
    checkOf(2, { threshold: 1 }),
    checkOf(3, { threshold: 1 }, { inverted: true }),
    checkOf(4, calculated(0, 'hc-1')),
    checkOf(5, calculated(4, 'hc-1', 'hc-2', 'hc-3')),
  ];
  const { bits, flips, see } = start(checks);
  t.equal(bits.isHealthy(0), true, '1 and 2 are healthy, 3 is inverted');
  t.equal(bits.isHealthy(4), true, 'a threshold of 0 is always met');
  t.equal(bits.isHealthy(5), false, 'one above the number of children never');
  see('hc-1', '-');
  t.equal(bits.isHealthy(0), false);
  see('hc-3', '-');
  t.equal(bits.isHealthy(0), true);
  t.same(flips, ['hc-1 down', 'hc-0 down', 'hc-3 up', 'hc-0 up']);
});

t.test('work is bounded: a result without a flip looks at no parent, a flip once at each', async (t) => {
  const parents = Array.from({ length: 300 }, (_, i) => checkOf(i + 1, calculated(1, 'hc-0')));
  const { bits, flips, see } = start([checkOf(0), ...parents]);
  let sets = 0;
  const set = bits.set.bind(bits);
  bits.set = (slot, healthy) => {
    sets++;
    set(slot, healthy);
  };
  see('hc-0', '--');
  t.equal(sets, 0);
  see('hc-0', '-');
  t.equal(sets, 301);
  t.equal(flips.length, 301);
});

t.test('disabled: healthy, then inverted; enabled again it begins anew', async (t) => {
  const down = checkOf(0, { threshold: 1 });
  const { board, bits, flips, see } = start([down]);
  see('hc-0', '-');
  board.configure([{ ...down, disabled: true }], NO_SWITCHES);
  t.equal(bits.isHealthy(0), true);
  board.configure([{ ...down, disabled: true, inverted: true }], NO_SWITCHES);
  t.equal(bits.isHealthy(0), false);
  board.configure([down], NO_SWITCHES);
  t.equal(bits.isHealthy(0), true);
  t.same(flips, ['hc-0 down', 'hc-0 up', 'hc-0 down', 'hc-0 up']);
});

t.test('another configuration keeps the state, another type does not', async (t) => {
  const { board, bits, flips, see } = start([checkOf(0, { threshold: 1 }), checkOf(1, { threshold: 2 })]);
  see('hc-0', '-');
  see('hc-1', '-');
  board.configure([checkOf(0, { threshold: 5, port: 81 }), checkOf(1, { threshold: 2 })], NO_SWITCHES);
  t.equal(bits.isHealthy(0), false);
  see('hc-1', '-');
  t.equal(bits.isHealthy(1), false, 'the count went on');
  board.configure([checkOf(0, {}, { type: 'TCP' })], NO_SWITCHES);
  t.equal(bits.isHealthy(0), true);
  t.equal(bits.isHealthy(1), true, 'what is gone is healthy');
  t.same(flips, ['hc-0 down', 'hc-1 down']);
});

t.test('a slot that goes from one check to another has the bit of that one', async (t) => {
  const { board, bits, see } = start([checkOf(0, { threshold: 1 }), checkOf(1)]);
  see('hc-0', '-');
  board.configure([checkOf(0, {}, { id: 'new', inverted: true }), checkOf(1)], NO_SWITCHES);
  t.equal(bits.isHealthy(0), false, 'inverted and new');
  board.configure([checkOf(5, {}, { id: 'new' })], NO_SWITCHES);
  t.equal(bits.isHealthy(0), true);
});

t.test('routing controls: on is healthy', async (t) => {
  const checks = [
    checkOf(0, control('eu')),
    checkOf(1, control('us')),
    checkOf(2, calculated(2, 'hc-0', 'hc-1')),
  ];
  const { board, bits, flips } = start(checks, switches({ eu: true, us: false }));
  t.same(
    [0, 1, 2].map((slot) => bits.isHealthy(slot)),
    [true, false, false],
  );
  board.setSwitches(switches({ eu: true, us: true }));
  t.same(
    [0, 1, 2].map((slot) => bits.isHealthy(slot)),
    [true, true, true],
  );
  t.same(flips, ['hc-1 up', 'hc-2 up']);
});

t.test('alarms that are set by hand', async (t) => {
  const checks = [
    checkOf(0, alarm('LastKnownStatus')),
    checkOf(1, alarm('Unhealthy')),
    checkOf(2, alarm('Healthy')),
  ];
  const { board, bits } = start(checks);
  const states = (): boolean[] => [0, 1, 2].map((slot) => bits.isHealthy(slot));
  const set = (state: AlarmState): void =>
    board.setSwitches(switches({}, { 'hc-0': state, 'hc-1': state, 'hc-2': state }));
  t.same(states(), [true, false, true], 'never set: no data');
  set('alarm');
  t.same(states(), [false, false, false]);
  set('insufficient-data');
  t.same(states(), [false, false, true]);
  set('ok');
  t.same(states(), [true, true, true]);
  set('insufficient-data');
  t.same(states(), [true, false, true]);
  t.match(board.reports(0, 1)[0], {
    target: 'alarm, set by hand',
    observations: [{ checker: 'operator', status: 'the alarm was set to insufficient-data' }],
  });
});

t.test('alarms that are set by hand, and other configurations', async (t) => {
  const set = switches({}, { 'hc-0': 'alarm' });
  const { board, bits, clock } = start([checkOf(0, alarm('Healthy')), checkOf(1, alarm('Healthy'))], set);
  const at = board.reports(0, 1)[0]!.observations[0]!.at;
  clock.advance(60_000);
  board.configure([checkOf(0, alarm('Healthy'), { disabled: true }), checkOf(1, alarm('Healthy'))], set);
  t.equal(bits.isHealthy(0), true);
  board.configure([checkOf(0, alarm('Healthy')), checkOf(1, alarm('Unhealthy'))], set);
  t.equal(bits.isHealthy(0), false, 'it was not set to anything else');
  t.equal(bits.isHealthy(1), false, 'want of data is something else now');
  t.match(board.reports(0, 1)[0]!.observations, [{ checker: 'operator', at }], 'set when it was set');

  const source = {
    url: '',
    query: '',
    comparison: 'LessThanThreshold',
    threshold: 1,
    intervalMs: 1,
  } as const;
  board.configure([checkOf(0, { ...alarm('Healthy'), source })], set);
  t.same(board.reports(0, 1)[0]!.observations, [], 'nobody has asked yet');
  board.alarm('hc-0', 'node', 'ok', 'up');
  t.equal(bits.isHealthy(0), true);
  board.configure([checkOf(0, { ...alarm('Healthy'), source }, { inverted: true })], set);
  t.match(board.reports(0, 1)[0]!.history[0], { status: 'unhealthy', reason: 'the configuration changed' });
  board.configure([checkOf(0, alarm('Healthy'))], set);
  t.equal(bits.isHealthy(0), false, 'as it was set');
});

t.test('the next health thread goes on from the bits', async (t) => {
  const checks = [
    checkOf(0),
    checkOf(1, {}, { inverted: true }),
    checkOf(2, control('eu')),
    checkOf(3, alarm('LastKnownStatus')),
    checkOf(4, calculated(1, 'hc-0')),
    checkOf(5, {}, { inverted: true, disabled: true }),
  ];
  const first = start(checks, switches({ eu: false }, { 'hc-3': 'alarm' }));
  first.see('hc-0', '---');
  first.see('hc-1', '---');
  const before = checks.map(({ slot }) => first.bits.isHealthy(slot));
  t.same(before, [false, true, false, false, false, false]);
  const next = start([], NO_SWITCHES, first.bits);
  next.board.configure(checks, undefined);
  t.same(
    checks.map(({ slot }) => first.bits.isHealthy(slot)),
    before,
  );
  next.see('hc-0', '++');
  t.equal(first.bits.isHealthy(0), false, 'the threshold holds for the way back too');
  next.see('hc-0', '+');
  t.equal(first.bits.isHealthy(0), true);
  t.same(next.flips, ['hc-0 up', 'hc-4 up']);
});

t.test('results of checks that are gone, or are none of the kind, say nothing', async (t) => {
  const { board, flips, see } = start([checkOf(0, control('eu'))]);
  see('gone', '---');
  see('hc-0', '---');
  board.alarm('hc-0', 'node', 'alarm', '');
  board.alarm('gone', 'node', 'alarm', '');
  t.same(flips, []);
});
