import { statSync } from 'node:fs';
import type { Clock, Timer } from '../util/clock.ts';

/** How often a file is looked at that somebody replaces and waits for. */
export const LOOK_MS = 2_000;

/**
 * Calls `changed` when a file has become another one, or has other content, and has been so for one look longer: what is
 * still being written is left alone. Links are followed, so that a folder of Kubernetes is seen to change as a whole:
 * there each file is a link through `..data`, which is replaced at once. A file that is missing for a while is none.
 */
export function followFile(path: string, clock: Clock, changed: () => void): Timer {
  let known = identity(path);
  let seen = known;
  return clock.every(LOOK_MS, () => {
    const now = identity(path);
    const isSettled = now === seen;
    seen = now;
    if (!isSettled || now === undefined || now === known) return;
    known = now;
    changed();
  });
}

function identity(path: string): string | undefined {
  try {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return `${dev} ${ino} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}

/** Changes when the content of a file does, as far as can be told without reading it. */
export function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch (error) {
    return String((error as { code?: string }).code);
  }
}
