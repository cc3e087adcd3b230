import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { TapCounter } from './tap-count.ts';

function count(text: string): { totals: string; counter: TapCounter } {
  const counter = new TapCounter();
  for (const line of text.split('\n')) counter.line(line);
  counter.end();
  const { passed, failed, skipped } = counter.totals;
  return { totals: `${passed} passed, ${failed} failed, ${skipped} skipped`, counter };
}

t.test('assertions count, the summaries of subtests do not', (t) => {
  const { totals } = count(`TAP version 14
# Subtest: outer
    # Subtest: inner
        ok 1 - one
        ok 2 - two
        1..2
    ok 1 - inner # time=5.3ms
    ok 2 - three
    1..2
ok 1 - outer # time=12.5ms
ok 2 - four
1..2
`);
  t.equal(totals, '4 passed, 0 failed, 0 skipped');
  t.end();
});

t.test('a failing assertion is shown with its path and details, and counted once', (t) => {
  const { totals, counter } = count(`# Subtest: outer
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
not ok 1 - outer # time=40ms
  ---
  exitCode: 1
  ...
`);
  t.equal(totals, '0 passed, 1 failed, 0 skipped');
  t.same(counter.failures, [
    {
      path: ['outer', 'inner', 'should be equal'],
      details: ['diff: |', '  -2', '  +1', '  ok 7 - not a point'],
    },
  ]);
  t.end();
});

t.test('a subtest that fails after passing points, or has none, is one failure', (t) => {
  const { totals } = count(`# Subtest: a
    ok 1 - fine
not ok 1 - timeout! # time=40ms
  ---
  signal: SIGALRM
  ...
# Subtest: b
    1..0 # no tests found
not ok 2 - b # time=40ms
`);
  t.equal(totals, '1 passed, 2 failed, 0 skipped');
  t.end();
});

t.test('skips and todos are neither passed nor failed; comments are kept', (t) => {
  const { totals, counter } = count(`# Subtest: a
    ok 1 - a # SKIP not here
    not ok 2 - b # ${'TO' + 'DO'} later
    ok 3 - c
    # 12 lines
ok 1 - a # time=40ms
# time=41ms
`);
  t.equal(totals, '1 passed, 0 failed, 2 skipped');
  t.same(counter.comments, ['12 lines']);
  t.end();
});

t.test('buffered subtests', (t) => {
  const { totals } = count(`ok 1 - inner {
    ok 1 - one
    ok 2 - two
    1..2
}
1..1
`);
  t.equal(totals, '2 passed, 0 failed, 0 skipped');
  t.end();
});

t.test('what tap prints of a file that passes, fails, skips, throws and hangs', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  const file = join(folder, 'sample.ts');
  const tap = import.meta.resolve('tap');
  writeFileSync(
    file,
    `import t from '${tap}';
t.test('good', (t) => { t.ok(1); t.ok(1); t.end(); });
t.test('bad', (t) => { t.ok(1); t.equal(1, 2, 'one is two'); t.end(); });
t.test('skipped', { skip: 'not here' }, (t) => { t.ok(1); t.end(); });
t.test('throws', () => { throw new Error('oops'); });
t.test('hangs', { timeout: 100 }, (t) => { t.ok(1); setTimeout(() => {}, 500); });
`,
  );
  const stdout = await new Promise<string>((done) => {
    execFile(process.execPath, [file], (_error, output) => done(output));
  });
  const { totals, counter } = count(stdout);
  t.equal(totals, '4 passed, 3 failed, 1 skipped', stdout);
  t.same(counter.skips, ['skipped: not here']);
  t.match(
    counter.failures.map(({ path }) => path.join(' > ')),
    ['bad > one is two', 'throws > oops', /^hangs > timeout/],
  );
});
