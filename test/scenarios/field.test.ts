/**
 * Scenarios that other resolvers are tested with, played here. They are no part of this project: the folder is
 * `shared/rpl` beside the repository, or what CAUSEWAY_RPL says.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { withRanges, withSignaturesInPlace } from '../support/rpl/mend.ts';
import { parseScenario } from '../support/rpl/parse.ts';
import { play } from '../support/rpl/play.ts';
import type { Scenario } from '../support/rpl/scenario.ts';
import { EXCEPTIONS, MENDED, type Mended } from './field-exceptions.ts';

// 153 of them take about ten seconds of one core, and the machine may have other work.

const folder = process.env['CAUSEWAY_RPL'] ?? join(import.meta.dirname, '../../../shared/rpl');
const files = globSync(join(folder, '*.rpl')).sort();

function mend(scenario: Scenario, { signatures, ranges }: Mended): Scenario {
  const inPlace = signatures === true ? withSignaturesInPlace(scenario) : scenario;
  return ranges === undefined ? inPlace : withRanges(inPlace, ranges);
}

for (const file of files) {
  const name = basename(file, '.rpl');
  const mended = MENDED[name];
  t.test(name, async (t) => {
    const scenario = parseScenario(readFileSync(file, 'utf8'), `${name}.rpl`);
    const options = { excused: EXCEPTIONS[name]?.steps ?? {} };
    const { failure, log } = await play(mended === undefined ? scenario : mend(scenario, mended), options);
    if (failure === undefined) t.pass('every step');
    else t.fail(`${failure}\n${log.join('\n')}`);
    if (mended !== undefined)
      t.not((await play(scenario, options)).failure, undefined, 'and as it stands it fails');
  });
}

if (existsSync(folder)) {
  t.test('every exception is about a scenario that there is', (t) => {
    const names = new Set(files.map((file) => basename(file, '.rpl')));
    const unknown = [EXCEPTIONS, MENDED].flatMap(Object.keys).filter((name) => !names.has(name));
    t.same(unknown, []);
    t.end();
  });
} else
  t.pass('scenarios of the field', { skip: `there is no folder ${basename(folder)} beside the repository` });
