import t from 'tap';
import { TapCounter, type TapEvent } from './tap-count.ts';

function count(text: string): { totals: string; events: TapEvent[] } {
  const events: TapEvent[] = [];
  const counter = new TapCounter((event) => events.push(event));
  for (const line of text.split('\n')) counter.line(line);
  counter.end();
  const { passed, failed, skipped } = counter.totals;
  return { totals: `${passed} passed, ${failed} failed, ${skipped} skipped`, events };
}

t.test('assertions count, the summaries of subtests and files do not', (t) => {
  const { totals, events } = count(`TAP version 14
1..1
# Subtest: test/a.test.ts
    # Subtest: inner
        ok 1 - one
        ok 2 - two
        1..2
    ok 1 - inner # time=5.3ms
    ok 2 - three
    1..2
ok 1 - test/a.test.ts # time=12.5ms
`);
  t.equal(totals, '3 passed, 0 failed, 0 skipped');
  t.same(events, [
    { kind: 'file', name: 'test/a.test.ts', indent: 0, passed: 3, failed: 0, skipped: 0, ok: true, ms: 12.5 },
  ]);
  t.end();
});

t.test('a failing assertion is shown with its path and details, and counted once', (t) => {
  const { totals, events } = count(`# Subtest: test/a.test.ts
    # Subtest: inner
        not ok 1 - should be equal
          ---
          diff: |
            -2
            +1
            ok 7 - not a point
          ...
        1..1
    not ok 1 - inner # time=32.1ms
      ---
      at: here
      ...
    1..1
not ok 1 - test/a.test.ts # time=40ms
  ---
  exitCode: 1
  ...
`);
  t.equal(totals, '0 passed, 1 failed, 0 skipped');
  t.match(events[0], {
    kind: 'failure',
    path: ['test/a.test.ts', 'inner', 'should be equal'],
    details: ['diff: |', '  -2', '  +1', '  ok 7 - not a point'],
  });
  t.match(events[1], { kind: 'file', ok: false, failed: 1 });
  t.end();
});

t.test('a file that crashes after passing points, or has none, is one failure', (t) => {
  const crashed = count(`# Subtest: test/a.test.ts
    ok 1 - fine
not ok 1 - test/a.test.ts # time=40ms
  ---
  signal: SIGKILL
  ...
# Subtest: test/b.test.ts
    1..0 # no tests found
not ok 2 - test/b.test.ts # time=40ms
`);
  t.equal(crashed.totals, '1 passed, 2 failed, 0 skipped');
  t.end();
});

t.test('skips and todos are neither passed nor failed', (t) => {
  const { totals } = count(`# Subtest: test/a.test.ts
    ok 1 - a # SKIP not here
    not ok 2 - b # ${'TO' + 'DO'} later
    ok 3 - c
ok 1 - test/a.test.ts # time=40ms
`);
  t.equal(totals, '1 passed, 0 failed, 2 skipped');
  t.end();
});

t.test('buffered subtests', (t) => {
  const { totals } = count(`# Subtest: test/a.test.ts
    ok 1 - inner {
        ok 1 - one
        ok 2 - two
        1..2
    }
    1..1
ok 1 - test/a.test.ts # time=40ms
`);
  t.equal(totals, '2 passed, 0 failed, 0 skipped');
  t.end();
});
