/**
 * A process that cannot write as it would, for nowrite.test.ts: `node nowrite.ts full|read-only FOLDER`. It prints what
 * it has seen as JSON. `full`: the size of files is limited, by whoever started it. `read-only`: it becomes another
 * user, whom the folder does not belong to.
 */
import { openStore } from '../../../src/control/store/open.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { change, faultOf, put, quiet, rejectionOf } from './support.ts';

const [what, folder] = process.argv.slice(2) as [string, string];
const NOBODY = 65_534;

async function full(): Promise<object> {
  // Without this the process would be ended (setrlimit(2), RLIMIT_FSIZE).
  process.on('SIGXFSZ', () => {});
  const store = openStore({ folder, clock: systemClock, log: quiet });
  const { revision } = store;
  let fault: string | undefined;
  let acknowledged = revision;
  for (let i = 0; i < 10_000 && fault === undefined; i++) {
    const applied = store.apply(change(put('a', `${i}`, { body: 'x'.repeat(10_000) })));
    fault = await rejectionOf(applied);
    if (fault === undefined) acknowledged = await applied;
  }
  const seen = store.list({ kind: 'a', limit: 10_000 }).length;
  return { fault, acknowledged, seen, said: store.fault?.message };
}

async function readOnly(): Promise<object> {
  if (process.getuid?.() === 0) process.setuid?.(NOBODY);
  const store = openStore({ folder, clock: systemClock, log: quiet });
  const snapshot = store.snapshot();
  const seen = [...snapshot.resources()].length;
  snapshot.close();
  const fault = await rejectionOf(store.apply(change(put('a', 'new'))));
  const { revision } = store;
  const said = store.fault?.message;
  await store.close();
  const missing = faultOf(() => openStore({ folder: `${folder}/x`, clock: systemClock, log: quiet }));
  return { fault, seen, revision, said, missing };
}

console.log(JSON.stringify(await (what === 'full' ? full() : readOnly())));
