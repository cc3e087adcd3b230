import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { COUNTERS } from '../../src/telemetry/metrics.ts';

const root = join(import.meta.dirname, '../..');
const sources = globSync('src/**/*.ts', { cwd: root })
  .filter((path) => !path.endsWith('telemetry/metrics.ts'))
  .map((path) => readFileSync(join(root, path), 'utf8'))
  .join('\n');
/** Written by their value, in Metrics.rcode and Metrics.source. */
const BY_VALUE = /^(rcode|answersFrom|answersStale)/;

t.test('every counter is written somewhere: one that stays at 0 lies', async (t) => {
  for (const { key } of COUNTERS)
    if (!BY_VALUE.test(key)) t.match(sources, new RegExp(`METRIC\\.${key}\\b`), key);
});
