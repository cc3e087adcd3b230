import t from 'tap';
import { bytes, cell, duration, number, table } from '../../src/cli/output.ts';

t.test('durations', (t) => {
  const texts = [0, 0.9, 41, 60, 61, 3600, 7500, 86_400, 90_061, -3].map(duration);
  t.same(texts, ['0 s', '0 s', '41 s', '1 min', '1 min 1 s', '1 h', '2 h 5 min', '1 d', '1 d 1 h', '0 s']);
  t.end();
});

t.test('octets', (t) => {
  const texts = [0, 1023, 1024, 1536, 200 * 1024, 3 * 1024 ** 3].map(bytes);
  t.same(texts, ['0 B', '1023 B', '1.0 kB', '1.5 kB', '200 kB', '3.0 GB']);
  t.end();
});

t.test('columns: numbers to the right, characters counted, nothing hostile', (t) => {
  const rows = [
    [cell('bücher'), number(5), cell('\u001b[31mx')],
    [cell('a'), number(undefined), cell('')],
    [cell('例え'), number(12.345, 1), cell('y')],
  ];
  t.equal(
    table(['NAME', 'N', 'X'], rows, false),
    'NAME       N  X\nbücher     5  \\u{1b}[31mx\na          -\n例え      12.3  y\n',
  );
  t.equal(table(['A', 'B'], [], false), 'A  B\n');
  t.end();
});
