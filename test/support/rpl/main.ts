/**
 * Plays scenario files and prints what happens: node test/support/rpl/main.ts FILE...
 * With --text prints a file instead, with all keys and signatures in their places, for players that cannot make them.
 */
import { readFileSync } from 'node:fs';
import { withMade } from './made.ts';
import { parseScenario } from './parse.ts';
import { play } from './play.ts';

const files = process.argv.slice(2).filter((argument) => argument !== '--text');
const isText = files.length < process.argv.length - 2;

for (const file of files) {
  const text = readFileSync(file, 'utf8');
  if (isText) process.stdout.write(withMade(text));
  else await report(file, text);
}

async function report(file: string, text: string): Promise<void> {
  const { failure, log } = await play(parseScenario(text, file));
  process.stdout.write(`${[file, ...log, failure ?? 'all steps went as they should'].join('\n')}\n`);
  if (failure !== undefined) process.exitCode = 1;
}
