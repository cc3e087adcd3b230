import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { followFile } from '../../src/control/follow.ts';
import { ManualClock } from '../../src/util/clock.ts';

const LOOK_MS = 2_000;

function followed(t: { teardown(fn: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-follow-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const clock = new ManualClock();
  let changes = 0;
  const follow = (path: string) => followFile(path, clock, () => changes++);
  return { folder, follow, look: (times: number) => clock.advance(times * LOOK_MS), changes: () => changes };
}

t.test('a file that is written, and one that another is renamed over', (t) => {
  const { folder, follow, look, changes } = followed(t);
  const file = join(folder, 'causeway.yaml');
  writeFileSync(file, 'a');
  const timer = follow(file);
  look(3);
  t.equal(changes(), 0);
  writeFileSync(file, 'longer');
  look(1);
  t.equal(changes(), 0, 'it may still be written');
  look(1);
  t.equal(changes(), 1);
  look(5);
  t.equal(changes(), 1, 'once');
  // Of the same size, and as old.
  writeFileSync(join(folder, 'new'), 'LONGER');
  utimesSync(join(folder, 'new'), 1, 1);
  renameSync(join(folder, 'new'), file);
  look(2);
  t.equal(changes(), 2);
  timer.cancel();
  writeFileSync(file, 'after that');
  look(3);
  t.equal(changes(), 2);
  t.end();
});

t.test('one that is written for long is waited for, one that is missing too', (t) => {
  const { folder, follow, look, changes } = followed(t);
  const file = join(folder, 'causeway.yaml');
  writeFileSync(file, '');
  follow(file);
  for (let i = 1; i < 5; i++) {
    writeFileSync(file, 'x'.repeat(i));
    look(1);
  }
  t.equal(changes(), 0);
  rmSync(file);
  look(5);
  t.equal(changes(), 0);
  writeFileSync(file, 'there again');
  look(2);
  t.equal(changes(), 1);
  t.end();
});

t.test('a ConfigMap: the link that all files go through is replaced', (t) => {
  const { folder, follow, look, changes } = followed(t);
  const publish = (name: string): void => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'causeway.yaml'), 'same content');
    utimesSync(join(folder, name, 'causeway.yaml'), 1, 1);
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  publish('..2026_01');
  symlinkSync('..data/causeway.yaml', join(folder, 'causeway.yaml'));
  follow(join(folder, 'causeway.yaml'));
  look(2);
  publish('..2026_02');
  look(2);
  t.equal(changes(), 1);
  t.end();
});
