/** Lines of queries on the standard output: what a reader that is slow, or gone, does not get is counted. */
import t from 'tap';
import { StandardOutput } from '../../../src/control/logs/standardoutput.ts';
import { METRIC, type Metrics } from '../../../src/telemetry/metrics.ts';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** An output to a pipe that takes so many octets, and then says `full`. */
function setUp() {
  const pipe = { room: Number.POSITIVE_INFINITY, full: 'EAGAIN', got: '' };
  const counts = new Map<number, number>();
  const metrics = {
    add: (cell: number, by = 1) => counts.set(cell, (counts.get(cell) ?? 0) + by),
  } as unknown as Metrics;
  const output = new StandardOutput(metrics, (octets) => {
    if (pipe.room === 0) throw failure(pipe.full);
    const taken = Math.min(pipe.room, octets.length);
    pipe.room -= taken;
    pipe.got += Buffer.from(octets.subarray(0, taken)).toString();
    return taken;
  });
  const counted = () => [METRIC.logRecords, METRIC.logDroppedFile].map((cell) => counts.get(cell) ?? 0);
  const add = (lines: number, text = 'line') => {
    for (let i = 0; i < lines; i++) output.add(`${text}\n`);
    output.flush();
  };
  return { pipe, output, counted, add };
}

t.test('what is written is counted once it is', async (t) => {
  const { pipe, counted, add } = setUp();
  pipe.room = 7;
  add(3);
  t.same(counted(), [0, 0], 'half of it waits');
  pipe.room = 100;
  add(1);
  t.same(counted(), [4, 0]);
  t.equal(pipe.got, 'line\n'.repeat(4));
});

t.test('a slow reader loses whole lines, and they are counted', async (t) => {
  const { pipe, counted, add } = setUp();
  pipe.room = 0;
  add(2, 'x'.repeat(1 << 20));
  add(5);
  t.same(counted(), [0, 5]);
  pipe.room = Number.POSITIVE_INFINITY;
  add(1);
  t.same(counted(), [3, 5]);
});

t.test('a reader that is gone loses all, also what waited for it', async (t) => {
  const { pipe, counted, add } = setUp();
  pipe.room = 7;
  add(3);
  pipe.full = 'EPIPE';
  add(2);
  t.same(counted(), [0, 5]);
  add(4);
  t.same(counted(), [0, 9]);
});

t.test('a disk that was full for a while: no line is cut', async (t) => {
  const { pipe, counted, add } = setUp();
  pipe.room = 7;
  pipe.full = 'ENOSPC';
  add(3);
  pipe.room = 100;
  add(1);
  t.equal(pipe.got, 'line\n'.repeat(4));
  t.same(counted(), [4, 0]);
});

t.test('what waits at the end is lost', async (t) => {
  const { pipe, output, counted, add } = setUp();
  pipe.room = 0;
  add(3);
  output.close();
  t.same(counted(), [0, 3]);
});
