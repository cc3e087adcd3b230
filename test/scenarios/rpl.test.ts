/** Whole resolutions, one phenomenon in each scenario file of this folder, with the work that it may cost. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { parseScenario } from '../support/rpl/parse.ts';
import { play } from '../support/rpl/play.ts';

t.setTimeout(120_000);

const files = globSync(join(import.meta.dirname, '*.rpl')).sort();

/** Faults of ours, each shown by its scenario. The list is to be empty: who mends one takes it out. */
const NOT_YET: Readonly<Record<string, string>> = {
  'dname-asked-for': 'a CNAME from the cache has the DNAME that made it in the authority section',
  'nsec3-iterations-allowed': 'from 43 iterations on a proof takes more hashes than one query may make',
  'rrsig-asked-for': 'RRSIG records that are asked for are taken for unsigned data of a signed zone',
  'silent-about-a-type':
    'a server that leaves one question without a reply is not asked others for 5 s and more',
  'stale-not-for-bogus': 'who asks again within 30 s of a bogus answer gets the expired one',
};

t.ok(files.length > 50, 'scenarios were found');
for (const file of files) {
  const name = basename(file, '.rpl');
  const scenario = parseScenario(readFileSync(file, 'utf8'), `${name}.rpl`);
  const todo = NOT_YET[name];
  t.test(`${name}: ${scenario.title}`, async (t) => {
    const { failure, log } = await play(scenario);
    if (failure !== undefined) t.fail(`${failure}\n${log.join('\n')}`, todo === undefined ? {} : { todo });
    else if (todo === undefined) t.pass('every step');
    else t.fail('goes as it says, though it is said not to');
  });
}
