import { MessageChannel } from 'node:worker_threads';
import { systemClock } from '../util/clock.ts';
import type { LogSource } from './logfiles.ts';
import type { LogReader } from './logreader.ts';

/** How often files are looked at. */
const LOOK_MS = 250;

/** Hands on each line that comes after those that the readers have given. Resolves when the process is interrupted. */
export async function follow(
  readers: readonly LogReader[],
  told: (source: LogSource, line: string) => void,
): Promise<number> {
  let isOver = false;
  let wake = (): void => undefined;
  process.once('SIGINT', () => {
    isOver = true;
    wake();
  });
  // Timers do not keep a process alive.
  const { port1, port2 } = new MessageChannel();
  port1.on('message', () => undefined);
  while (!isOver) {
    for (const reader of readers) for await (const line of reader.lines()) told(reader.source, line);
    const pause = new Promise<void>((resolve) => {
      wake = resolve;
      systemClock.after(LOOK_MS, resolve);
    });
    if (!isOver) await pause;
  }
  port2.close();
  return 0;
}
