/** The newest lines of logs: which they are, and how little is read for them. */
import fs, { closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { linesFromEnd, octetsOfLines } from '../../src/cli/loglines.ts';
import { cli } from '../support/cli.ts';
import { logFolder } from '../support/logfolder.ts';

const { folder, configFile, logs } = logFolder(t, [
  '{ id: a, to: logs/a, vpcs: [vpc-a] }',
  '{ id: b, to: logs/b, vpcs: [vpc-a] }',
]);

/** A query at so many seconds after noon. */
const line = (second: number, type = 'A'): string =>
  `${JSON.stringify({
    vpc_id: 'vpc-a',
    query_timestamp: `2026-03-09T${new Date(43_200_000 + second * 1000).toISOString().slice(11, 19)}Z`,
    query_name: `n${second}.example.`,
    query_type: type,
    rcode: 'NOERROR',
    answers: [{ Rdata: 'é'.repeat(second % 7) }],
    srcaddr: '10.1.0.1',
    transport: 'UDP',
  })}\n`;
const lines = (from: number, end: number): string =>
  Array.from({ length: end - from }, (_, i) => line(from + i, (from + i) % 10 === 0 ? 'MX' : 'A')).join('');

// Of the first log ten archives of 1,000 lines each, the newest of them not compressed yet; 5 of the second.
for (let hour = 1; hour <= 9; hour++)
  writeFileSync(
    join(logs, `a.20260309T0${hour}0000.000Z.gz`),
    gzipSync(lines((hour - 1) * 1000, hour * 1000)),
  );
writeFileSync(join(logs, 'a.20260309T100000.000Z'), lines(9_000, 10_000));
writeFileSync(join(logs, 'a'), lines(10_000, 20_000));
for (let hour = 1; hour <= 5; hour++)
  writeFileSync(
    join(logs, `b.20260309T0${hour}0000.000Z.gz`),
    gzipSync(lines(hour * 2_000, hour * 2_000 + 100)),
  );
writeFileSync(join(logs, 'b'), lines(15_000, 15_002));

/** What is opened and read of the logs. */
const work = { opened: [] as string[], octets: 0 };
const fds = new Set<number>();
const { openSync: opens, closeSync: closes, createReadStream: streams, readSync: reads } = fs;
const note = (path: unknown): boolean => {
  const isLog = dirname(String(path)) === logs;
  if (isLog) work.opened.push(basename(String(path)));
  return isLog;
};
fs.openSync = (path, ...rest) => {
  const isLog = note(path);
  const fd = opens(path, ...rest);
  if (isLog) fds.add(fd);
  return fd;
};
fs.closeSync = (fd) => {
  fds.delete(fd);
  closes(fd);
};
fs.createReadStream = (path, ...rest) => {
  note(path);
  return streams(path, ...rest);
};
fs.readSync = ((...args: Parameters<typeof reads>) => {
  const count = reads(...args);
  if (fds.has(args[0])) work.octets += count;
  return count;
}) as typeof reads;
syncBuiltinESMExports();

interface Told {
  readonly seconds: readonly number[];
  readonly err: string;
  readonly opened: readonly string[];
  readonly octets: number;
  readonly left: number;
}

async function told(...args: readonly string[]): Promise<Told> {
  work.octets = 0;
  work.opened = [];
  const { out, err } = await cli(['log', ...args, '--json', '--config', configFile]);
  return {
    seconds: (out.match(/(?<="query_name":"n)\d+/g) ?? []).map(Number),
    err,
    ...work,
    left: fds.size,
  };
}

t.test('tail reads the end of the file, and no other', async (t) => {
  const { seconds, opened, octets, left } = await told('tail', 'a', '--lines', '3');
  t.same(seconds, [19_997, 19_998, 19_999]);
  t.same(opened, ['a']);
  t.ok(statSync(join(logs, 'a')).size > 1_000_000);
  t.ok(octets < 300_000, `${octets} octets are read`);
  t.equal(left, 0, 'nothing is left open');
});

t.test('tail of several logs: of each no more files than it takes', async (t) => {
  const { seconds, opened } = await told('tail', '--lines', '3');
  t.same(seconds, [19_997, 19_998, 19_999]);
  t.same(opened, ['a', 'b', 'b.20260309T050000.000Z', 'b.20260309T050000.000Z.gz']);
});

t.test('tail of what suits, which is rare', async (t) => {
  const { seconds, opened } = await told('tail', 'b', '--lines', '12', '--type', 'MX');
  t.same(
    seconds,
    [8_090, 10_000, 10_010, 10_020, 10_030, 10_040, 10_050, 10_060, 10_070, 10_080, 10_090, 15_000],
  );
  t.same(
    opened.filter((file) => file.endsWith('.gz')),
    ['b.20260309T050000.000Z.gz', 'b.20260309T040000.000Z.gz'],
  );
});

t.test('search: as many, and whether there are more', async (t) => {
  const { seconds, opened, err, left } = await told('search', 'a', '--lines', '11000');
  t.same(
    seconds,
    Array.from({ length: 11_000 }, (_, i) => 9_000 + i),
  );
  t.match(err, 'only the newest 11000 are shown');
  t.same(
    opened.filter((file) => file.endsWith('.gz')),
    ['a.20260309T090000.000Z.gz'],
  );
  t.equal(left, 0, 'nothing is left open');
  const all = await told('search', 'a', '--lines', '20000');
  t.same(
    all.seconds,
    Array.from({ length: 20_000 }, (_, i) => i),
  );
  t.equal(all.err, '');
  const since = await told('search', 'a', '--lines', '20000', '--since', '2026-03-09T08:30Z');
  t.same(
    since.opened.filter((file) => file.endsWith('.gz')),
    ['a.20260309T090000.000Z.gz'],
    'what was put aside before is not opened',
  );
});

t.test('lines from the end, wherever they lie in what is read at once', (t) => {
  const path = join(folder, 'lines');
  const of = (text: string): { whole: number; found: string[] } => {
    writeFileSync(path, text);
    const fd = openSync(path, 'r');
    const { size } = statSync(path);
    const found = {
      whole: octetsOfLines(fd, size),
      found: [...linesFromEnd(fd, size)].flat().filter((each) => each !== ''),
    };
    closeSync(fd);
    return found;
  };
  const block = 65_536;
  for (const lengths of [
    [],
    [0],
    [5, 0, 3],
    [block - 1, block - 1],
    [block, block],
    [block - 2, 1, block + 1, 7],
    [3 * block + 5],
    [1, 3 * block, 1],
    [100_000, 10, 200_000, 300],
  ]) {
    const written = lengths.map((length, i) => String(i % 10).repeat(length % 2) + 'é'.repeat(length >> 1));
    const text = written.map((each) => `${each}\n`).join('');
    const found = written.filter((each) => each !== '').reverse();
    t.same(of(text), { whole: Buffer.byteLength(text), found }, lengths.join(' '));
    const whole = Buffer.byteLength(text);
    t.same(of(`${text}half`), { whole, found: ['half', ...found] }, `${lengths.join(' ')}, and half of one`);
  }
  t.equal(of('x'.repeat(5_000_000)).whole, 0);
  t.end();
});
