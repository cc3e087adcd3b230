/**
 * A process that writes is killed at any moment: 30 times, and 1,000 times with CAUSEWAY_LONG=1. What it had
 * acknowledged is there afterwards, and nothing is there by half.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SqliteStore } from '../../../src/control/store/sqlite.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { LONG } from '../../support/long.ts';
import { PARTS, WRITERS } from './crashing.ts';
import { folderOf, storeIn } from './support.ts';

const KILLS = LONG ? 1_000 : 30;
/** The process writes for so long at most before it is killed. */
const WRITING_MS_MAX = 120;
const CHILD = join(import.meta.dirname, 'crashing.ts');

/** What each writer was acknowledged last, by its own number and by the revision. */
interface Acknowledged {
  readonly numbers: number[];
  revision: number;
  changes: number;
}

/** Runs the writing process for some milliseconds after it has opened the store, then kills it. */
function writeAndKill(folder: string, ms: number, acknowledged: Acknowledged): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      // Half a line was not said.
      rest = lines.pop()!;
      for (const line of lines)
        if (line === 'open') setTimeout(() => child.kill('SIGKILL'), ms);
        else note(acknowledged, line);
    });
    child.on('error', fail);
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') done();
      else fail(new Error(`the process ended by itself with ${code}`));
    });
  });
}

function note(acknowledged: Acknowledged, line: string): void {
  const [revision, writer, number] = line.split(' ').map(Number) as [number, number, number];
  acknowledged.numbers[writer] = Math.max(acknowledged.numbers[writer]!, number);
  acknowledged.revision = Math.max(acknowledged.revision, revision);
  acknowledged.changes++;
}

/** Everything that is wrong with what the killed process has left. */
function faults(store: SqliteStore, acknowledged: Acknowledged): string[] {
  const found: string[] = [];
  if (store.revision < acknowledged.revision) found.push(`revision ${acknowledged.revision} is lost`);
  let steps = 0;
  for (let writer = 0; writer < WRITERS; writer++) {
    const parent = `writer-${writer}`;
    const parts = store.list<number>({ kind: 'part', parent, limit: 10 });
    const number = parts[0]?.body ?? 0;
    steps += number;
    if (number < acknowledged.numbers[writer]!) found.push(`${parent} is at ${number}`);
    if (parts.some(({ body }) => body !== number)) found.push(`${parent} has half a change`);
    if (parts.length !== (number === 0 ? 0 : PARTS)) found.push(`${parent} has ${parts.length} parts`);
    if (store.count({ kind: 'step', parent }) !== number) found.push(`${parent} has miscounted its steps`);
    if (number > 0 && store.get('step', `${writer}-${number}`) === undefined)
      found.push(`${parent} lacks step ${number}`);
  }
  if (steps !== store.revision) found.push(`${steps} steps at revision ${store.revision}`);
  return found;
}

async function killAgainAndAgain(t: Test, kills: number, seed: number): Promise<void> {
  const folder = folderOf(t);
  const prng = new SeededPrng(seed);
  const numbers = Array.from({ length: WRITERS }, () => 0);
  const acknowledged: Acknowledged = { numbers, revision: 0, changes: 0 };
  let logged = 0;
  for (let kill = 0; kill < kills; kill++) {
    await writeAndKill(folder, prng.below(WRITING_MS_MAX), acknowledged);
    const store = storeIn(t, folder);
    t.same(faults(store, acknowledged), [], `kill ${kill}`);
    for (let page = store.changes(logged, 1000); page.length > 0; page = store.changes(logged, 1000)) {
      const revisions = page.map(({ revision }) => revision - logged);
      t.same(
        revisions.filter((each, i) => each !== i + 1),
        [],
        'no revision is left out',
      );
      t.ok(
        page.every(({ items }) => items.length === PARTS + 1),
        'no change is half',
      );
      logged += page.length;
    }
    t.equal(logged, store.revision);
    await store.close();
  }
  t.ok(acknowledged.changes > kills, `${acknowledged.changes} changes were acknowledged`);
}

// A process takes longer to start than to be killed: two at a time.
t.test(`killed ${KILLS} times`, async (t) => {
  await Promise.all([1, 2].map((seed) => killAgainAndAgain(t, KILLS / 2, seed)));
});
