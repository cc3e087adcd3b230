/** A file of lines: put aside, moved away, not to be written, torn. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { archivesOf } from '../../../src/control/logs/archive.ts';
import { LogFile } from '../../../src/control/logs/logfile.ts';
import { StandardOutput } from '../../../src/control/logs/standardoutput.ts';
import type { Rotation } from '../../../src/view/querylog.ts';
import { folderOf, surroundings } from './support.ts';

function start(t: Test, rotation: Partial<Rotation> = {}, folder = folderOf(t)) {
  const path = join(folder, 'logs', 'q.jsonl');
  const around = surroundings();
  const file = new LogFile({ ...around, path }, { bytes: 100, keep: 10, compress: false, ...rotation });
  t.teardown(() => file.close());
  const write = (...lines: readonly string[]): void => {
    for (const line of lines) file.add(`${line}\n`);
    file.flush();
  };
  return { ...around, file, path, write, text: () => readFileSync(path, 'utf8') };
}

const soon = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};

t.test('lines are appended, and the file is made with its folder', async (t) => {
  const { write, text, path, counters } = start(t);
  write('one', 'two');
  write('three');
  t.equal(text(), 'one\ntwo\nthree\n');
  t.same([counters.sum('logRecords'), counters.sum('logBytes')], [3, 14]);
  t.same(archivesOf(path), []);
});

t.test('put aside before it is too large; the newest are kept', async (t) => {
  const { write, text, path, clock, file } = start(t, { keep: 2 });
  for (const each of ['a', 'b', 'c', 'd']) {
    write(each.repeat(79));
    clock.advance(10);
  }
  t.equal(text(), `${'d'.repeat(79)}\n`);
  await soon(() => archivesOf(path).length === 2);
  t.same(
    archivesOf(path).map((each) => readFileSync(each, 'utf8')[0]),
    ['b', 'c'],
  );
  t.ok(archivesOf(path).every((each) => /q\.jsonl\.\d{8}T\d{6}\.\d{3}Z$/.test(each)));
  write(...['x', 'y', 'z'].map((each) => each.repeat(59)));
  t.equal(text(), `${'z'.repeat(59)}\n`, 'however much is written together');
  write('w'.repeat(500));
  t.equal(text().length, 501, 'a line that is too long is alone');
  write('d'.repeat(79));
  file.rotation = { bytes: 1000, keep: 2, compress: false };
  write('e'.repeat(79));
  t.equal(text().length, 160, 'another size counts at once');
});

t.test('compressed, also what an earlier process left', async (t) => {
  const folder = folderOf(t);
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  writeFileSync(join(logs, 'q.jsonl.20200101T000000.000Z'), 'old\n');
  writeFileSync(join(logs, 'q.jsonl.20200101T000000.001Z.gz.part'), 'half');
  writeFileSync(join(logs, 'q.jsonl.bak'), 'not ours');
  const { write, path } = start(t, { compress: true }, folder);
  write('a'.repeat(79));
  write('b'.repeat(79));
  const isDone = (): boolean => {
    const archives = archivesOf(path);
    return archives.length === 2 && archives.every((each) => each.endsWith('.gz'));
  };
  await soon(isDone);
  t.same(
    archivesOf(path).map((each) => gunzipSync(readFileSync(each)).toString()),
    ['old\n', `${'a'.repeat(79)}\n`],
  );
  for (const each of archivesOf(path))
    t.equal(statSync(each).mode & 0o037, 0, 'no more may read it than the log itself');
  await soon(() => !readdirSync(logs).some((name) => name.endsWith('.part')));
  t.equal(readFileSync(join(logs, 'q.jsonl.bak'), 'utf8'), 'not ours');
});

t.test('one that was moved is left where it is, and another one begun', async (t) => {
  const { write, text, path, clock, file } = start(t);
  write('one');
  renameSync(path, `${path}.moved`);
  clock.advance(1_000);
  write('two');
  t.equal(text(), 'two\n');
  renameSync(path, `${path}.moved-too`);
  file.reopen();
  write('three');
  t.equal(text(), 'three\n', 'at once when it is told');
  rmSync(path);
  clock.advance(1_000);
  write('four');
  t.equal(text(), 'four\n', 'removed');
  t.equal(readFileSync(`${path}.moved`, 'utf8'), 'one\n');
});

t.test('what cannot be written is counted, told once, and tried again', async (t) => {
  const { write, text, path, clock, said, counters } = start(t);
  mkdirSync(path, { recursive: true });
  write('one', 'two');
  clock.advance(500);
  write('three');
  t.equal(counters.sum('logDroppedFile'), 3);
  clock.advance(1_000);
  write('four');
  t.same(said, ['error: a query log cannot be written']);
  rmSync(path, { recursive: true });
  clock.advance(1_000);
  write('five');
  t.equal(text(), 'five\n');
  t.same(said.slice(1), ['info: a query log can be written again']);
  t.same([counters.sum('logDroppedFile'), counters.sum('logRecords')], [4, 1]);
});

const isRoot = process.getuid?.() === 0;

t.test('a folder that may not be written', { skip: isRoot && 'root may write everywhere' }, async (t) => {
  const { write, path, counters, said } = start(t);
  const folder = join(path, '..');
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o500);
  t.teardown(() => chmodSync(folder, 0o700));
  write('one');
  t.equal(counters.sum('logDroppedFile'), 1);
  t.equal(said.length, 1);
});

t.test('a full disk takes no half lines', { skip: !existsSync('/dev/full') && 'no /dev/full' }, async (t) => {
  const around = surroundings();
  const file = new LogFile({ ...around, path: '/dev/full' }, { bytes: 100, keep: 1, compress: false });
  file.add('one\n');
  file.flush();
  file.close();
  t.same([around.counters.sum('logDroppedFile'), around.counters.sum('logRecords')], [1, 0]);
  t.same(around.said, ['error: a query log cannot be written']);
});

t.test('a line that somebody was killed in the middle of has an end', async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'logs', 'q.jsonl'), 'one\ntw');
  const { write, text } = start(t, {}, folder);
  write('three');
  t.equal(text(), 'one\ntw\nthree\n');
});

t.test('the standard output: a reader that is slow loses whole lines', async (t) => {
  const { metrics, counters } = surroundings();
  let room = 0;
  let got = '';
  const output = new StandardOutput(metrics, (octets) => {
    if (room === 0) throw Object.assign(new Error('try again'), { code: 'EAGAIN' });
    const count = Math.min(room, octets.length);
    room -= count;
    got += Buffer.from(octets.subarray(0, count)).toString();
    return count;
  });
  const line = `${'x'.repeat(4095)}\n`;
  let added = 0;
  while (counters.sum('logDroppedFile') === 0) {
    output.add(line);
    output.flush();
    added++;
  }
  t.ok(added * line.length > 1 << 20);
  room = 5000;
  output.flush();
  room = 1 << 22;
  output.close();
  t.equal(got, line.repeat(added - 1));
});
