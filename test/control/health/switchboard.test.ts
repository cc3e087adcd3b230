/** Routing controls, safety rules, alarms that are set by hand, and the file that keeps them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Switchboard } from '../../../src/control/health/switchboard.ts';
import { HttpFault } from '../../../src/control/http.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import type { HealthData } from '../../../src/view/health.ts';
import { checkOf } from './support.ts';

const alarm = { kind: 'alarm', source: undefined, insufficientData: 'Healthy' } as const;
const source = { url: '', query: '', comparison: 'LessThanThreshold', threshold: 1, intervalMs: 1 } as const;
const HEALTH: HealthData = {
  checks: [checkOf(0, alarm), checkOf(1, { ...alarm, source }), checkOf(2, {}, { id: 'constructor' })],
  controls: [
    { name: 'eu', initial: true },
    { name: 'us', initial: true },
    { name: 'ap', initial: false },
  ],
  rules: [{ name: 'two', controls: ['eu', 'us', 'ap'], atLeast: 2 }],
  nextSlot: 3,
};

function start(t: Test, folder = mkdtempSync(join(tmpdir(), 'causeway-')), health = HEALTH) {
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const lines: string[] = [];
  const note = (_fields: object, message: string): void => void lines.push(message);
  const log = { debug: note, info: note, warn: note, error: note, fatal: note };
  const board = new Switchboard({ clock: new ManualClock(), log, stateFolder: folder });
  board.configure(health);
  const set = (states: Record<string, boolean>): HttpFault | undefined =>
    faultOf(() => board.setControls(new Map(Object.entries(states))));
  const controls = (): Record<string, boolean> => Object.fromEntries(board.switches.controls);
  return { board, folder, lines, set, controls };
}

function faultOf(run: () => void): HttpFault | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof HttpFault) return error;
    throw error;
  }
}

t.test('what is set is kept over restarts', async (t) => {
  const { set, controls, board, folder } = start(t);
  t.same(controls(), { eu: true, us: true, ap: false });
  t.equal(set({ ap: true, eu: false }), undefined);
  board.setAlarm('hc-0', 'alarm');
  const next = start(t, folder);
  t.same(next.controls(), { eu: false, us: true, ap: true });
  t.same([...next.board.switches.alarms], [['hc-0', 'alarm']]);
  t.equal(statSync(join(folder, 'health.json')).mode & 0o777, 0o600);
});

t.test('a safety rule refuses what would leave too few on, and nothing is changed', async (t) => {
  const { set, controls, board } = start(t);
  t.match(set({ eu: false }), {
    status: 409,
    message: 'safety rule two: 1 of eu, us, ap would be on, at least 2 must be',
    remedy: /turn another one on/,
  });
  t.same(controls(), { eu: true, us: true, ap: false });
  t.equal(set({ eu: false, ap: true }), undefined, 'all at once');
  t.match(set({ us: false, ap: false }), { status: 409 });
  t.match(board.report(), { rules: [{ name: 'two', on: 2, atLeast: 2 }] });
});

t.test('where too few are on already, turning one on is no harm', async (t) => {
  const dark = { ...HEALTH, controls: HEALTH.controls.map(({ name }) => ({ name, initial: false })) };
  const { set, controls } = start(t, undefined, dark);
  t.equal(set({ eu: true }), undefined);
  t.match(set({ eu: false }), { status: 409 });
  t.equal(set({ eu: true, us: true }), undefined);
  t.same(controls(), { eu: true, us: true, ap: false });
});

t.test('what there is not, or cannot be set', async (t) => {
  const { set, board } = start(t);
  t.match(set({ eu: true, uk: true }), {
    status: 404,
    message: 'no routing control "uk"',
    remedy: /eu, us, ap/,
  });
  t.match(set({ toString: true }), { status: 404 });
  const alarmFault = (id: string): HttpFault | undefined => faultOf(() => board.setAlarm(id, 'ok'));
  t.match(alarmFault('hc-9'), { status: 404, message: 'A health check with id hc-9 does not exist.' });
  t.match(alarmFault('hc-1'), { status: 409, message: /follows its query/ });
  t.match(alarmFault('constructor'), { status: 409, message: /has no alarm/ });
});

t.test('another configuration: what is gone is forgotten with the next change, not before', async (t) => {
  const { board, set, folder, controls } = start(t);
  set({ ap: true });
  const less = { ...HEALTH, rules: [], controls: HEALTH.controls.slice(0, 1) };
  board.configure(less);
  t.same(controls(), { eu: true });
  board.configure(HEALTH);
  t.same(controls(), { eu: true, us: true, ap: true });
  board.configure(less);
  set({ eu: false });
  t.same(JSON.parse(readFileSync(join(folder, 'health.json'), 'utf8')).controls, { eu: false });
});

t.test('a control that was never set is as the configuration says, whatever was set of others', async (t) => {
  const { board, set, folder, controls } = start(t);
  set({ ap: true });
  board.setAlarm('hc-0', 'alarm');
  const other = {
    ...HEALTH,
    rules: [],
    controls: HEALTH.controls.map(({ name }) => ({ name, initial: name === 'us' })),
  };
  board.configure(other);
  t.same(controls(), { eu: false, us: true, ap: true });
  t.same(start(t, folder, other).controls(), { eu: false, us: true, ap: true }, 'also after a restart');
});

t.test('a file that is not ours is set aside; one that cannot be written changes nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  for (const text of [
    '{',
    '[]',
    '{"format":"x"}',
    '{"format":"causeway health switches","version":1,"controls":{"eu":"on"},"alarms":{}}',
  ]) {
    writeFileSync(join(folder, 'health.json'), text);
    const { controls, lines } = start(t, folder);
    t.same(controls(), { eu: true, us: true, ap: false });
    t.match(lines, [/cannot be read: they are as configured/, 'the file is kept there']);
  }
  t.ok(readdirSync(folder).some((name) => name.startsWith('health.json.bad-')));
  const { set, controls } = start(t, folder);
  rmSync(folder, { recursive: true });
  t.match(set({ ap: true }), { status: 500, message: /nothing is set: .*health\.json cannot be written/ });
  t.same(controls(), { eu: true, us: true, ap: false });
});
