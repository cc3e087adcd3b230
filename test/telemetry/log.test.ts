import t from 'tap';
import { createLogger, LogLimit, type LogOptions } from '../../src/telemetry/log.ts';
import { isoFromWall, printable } from '../../src/telemetry/text.ts';
import { ManualClock } from '../../src/util/clock.ts';

/** Every octet, and what turns or hides text further up. */
const HOSTILE =
  Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('') +
  '\u202e\u2066\u200b\u2028\u2029\ufeff\ud800' +
  String.fromCodePoint(0xe0041);

function logged(options: Partial<LogOptions>, fields: Record<string, unknown>, message: string): string[] {
  const lines: string[] = [];
  const logger = createLogger({
    thread: 'main',
    clock: new ManualClock(),
    write: (line) => lines.push(line),
    ...options,
  });
  logger.info(fields, message);
  return lines;
}

t.test('JSON: one line, no hostile character, nothing lost', (t) => {
  const [line, ...others] = logged({ format: 'json' }, { name: HOSTILE }, HOSTILE);
  t.equal(others.length, 0);
  t.notMatch(line!.slice(0, -1), /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
  const read = JSON.parse(line!) as {
    name: string;
    msg: string;
    level: string;
    thread: string;
    time: string;
  };
  t.equal(read.name, HOSTILE);
  t.equal(read.msg, HOSTILE);
  t.equal(read.level, 'info');
  t.equal(read.thread, 'main');
  t.equal(read.time, '2023-11-14T22:13:20.000Z');
  t.end();
});

t.test('text: one line, no hostile character', (t) => {
  const [line, ...others] = logged(
    { format: 'text' },
    { name: HOSTILE, n: 3, list: ['\u202e'] },
    'listening',
  );
  t.equal(others.length, 0);
  t.notMatch(line!.slice(0, -1), /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
  t.match(line, /^22:13:20\.000 info {2}main: listening {2}name=/);
  t.match(line, /n=3 {2}list=\["\\u\{202e\}"\]\n$/);
  t.end();
});

t.test('text: the stack of an error follows, line by line', (t) => {
  const [line] = logged({ format: 'text' }, { err: new Error('no\u001b[2J') }, 'failed');
  t.match(line, /failed\n {4}Error: no\\u\{1b\}\[2J\n {8}at /);
  t.end();
});

t.test('levels', (t) => {
  const lines: string[] = [];
  const logger = createLogger({
    thread: 'main',
    format: 'json',
    level: 'warn',
    write: (line) => lines.push(line),
  });
  logger.debug({}, 'a');
  logger.info({}, 'b');
  logger.warn({}, 'c');
  logger.error({}, 'd');
  t.same(
    lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    ['c', 'd'],
  );
  t.end();
});

t.test('the environment sets the level of all threads', (t) => {
  process.env['CAUSEWAY_LOG_LEVEL'] = 'error';
  t.same(logged({ format: 'json' }, {}, 'a'), []);
  process.env['CAUSEWAY_LOG_LEVEL'] = 'nonsense';
  t.equal(logged({ format: 'json' }, {}, 'a').length, 1);
  delete process.env['CAUSEWAY_LOG_LEVEL'];
  t.end();
});

t.test('printable leaves what is harmless as it is', (t) => {
  t.equal(printable('bücher.example. → 例え'), 'bücher.example. → 例え');
  t.equal(printable('a\nb'), 'a\\u{a}b');
  t.end();
});

t.test('calendar against the system for every day of 60 years and some hours', (t) => {
  let wrong = 0;
  for (let day = -3650; day < 18_250; day++) {
    const wall = day * 86_400_000 + ((((day * 7_654_321) % 86_400_000) + 86_400_000) % 86_400_000);
    if (isoFromWall(wall) !== new Date(wall).toISOString()) wrong++;
  }
  t.equal(wrong, 0);
  t.end();
});

t.test('the same event is logged once in a while, with the number of those that were not', (t) => {
  const clock = new ManualClock();
  const limit = new LogLimit(clock);
  t.equal(limit.admit('a'), 0);
  t.equal(limit.admit('a'), undefined);
  t.equal(limit.admit('a'), undefined);
  t.equal(limit.admit('b'), 0);
  clock.advance(10_000);
  t.equal(limit.admit('a'), 2);
  for (let i = 0; i < 1000; i++) limit.admit(`event ${i}`);
  t.equal(limit.admit('a'), 0, 'kinds of events are bounded: old ones are forgotten');
  t.end();
});
