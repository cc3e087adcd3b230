/**
 * A process that writes to a store until it is killed: `node crashing.ts FOLDER`. It prints a line for each change that
 * was acknowledged: its revision, the writer and the number that the writer has given it.
 *
 * Each change puts its number into all resources of its writer and adds one, so that half of a change would be seen.
 */
import { writeSync } from 'node:fs';
import { openStore } from '../../../src/control/store/open.ts';
import type { Change } from '../../../src/control/store/store.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { change, put, quiet } from './support.ts';

export const WRITERS = 8;
/** Resources that each change of a writer puts. */
export const PARTS = 5;

export function numbered(writer: number, number: number): Change {
  const parent = `writer-${writer}`;
  const parts = Array.from({ length: PARTS }, (_, i) =>
    put('part', `${writer}-${i}`, { parent, body: number }),
  );
  return change(...parts, put('step', `${writer}-${number}`, { parent, expect: 'absent' }));
}

async function write(folder: string): Promise<void> {
  const store = openStore({ folder, clock: systemClock, log: quiet });
  const writer = async (index: number): Promise<void> => {
    const before = store.get<number>('part', `${index}-0`)?.body ?? 0;
    for (let number = before + 1; ; number++) {
      const revision = await store.apply(numbered(index, number));
      writeSync(1, `${revision} ${index} ${number}\n`);
    }
  };
  writeSync(1, 'open\n');
  await Promise.all(Array.from({ length: WRITERS }, (_, i) => writer(i)));
}

if (import.meta.main) await write(process.argv[2]!);
