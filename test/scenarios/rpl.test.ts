/** Whole resolutions, one phenomenon in each scenario file of this folder, with the work that it may cost. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { parseScenario } from '../support/rpl/parse.ts';
import { play } from '../support/rpl/play.ts';

const files = globSync(join(import.meta.dirname, '*.rpl')).sort();

t.ok(files.length > 50, 'scenarios were found');
for (const file of files) {
  const name = basename(file, '.rpl');
  const scenario = parseScenario(readFileSync(file, 'utf8'), `${name}.rpl`);
  t.test(`${name}: ${scenario.title}`, async (t) => {
    const { failure, log } = await play(scenario);
    if (failure === undefined) t.pass('every step');
    else t.fail(`${failure}\n${log.join('\n')}`);
  });
}
