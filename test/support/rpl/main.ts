/** Plays scenario files and prints what happens: node test/support/rpl/main.ts FILE... */
import { readFileSync } from 'node:fs';
import { parseScenario } from './parse.ts';
import { play } from './play.ts';

for (const file of process.argv.slice(2)) {
  const { failure, log } = await play(parseScenario(readFileSync(file, 'utf8'), file));
  process.stdout.write(`${[file, ...log, failure ?? 'all steps went as they should'].join('\n')}\n`);
  if (failure !== undefined) process.exitCode = 1;
}
