import { existsSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * What the kernel knows of a thread: whether one that is silent does too much, waits for something, or merely has no
 * core. Linux alone tells.
 */
export interface ThreadLoad {
  /** `runnable`: it has a core, or wants one, or waits for the disk. `asleep`: for anything else. */
  readonly state: 'runnable' | 'asleep' | 'gone';
  /** Time that it has had a core for, since it began. */
  readonly cpuMs: number;
  /** How often it was given one. */
  readonly turns: number;
}

const SELF = '/proc/thread-self';
const NS_PER_MS = 1e6;
const RUNNABLE = new Set(['R', 'D']);

/** The kernel's number of the thread that asks; 0 where there is none. */
export function ownThread(): number {
  return existsSync(SELF) ? Number(readlinkSync(SELF).split('/').at(-1)) : 0;
}

/** Of a thread of this process, by the kernel's number; undefined where the kernel does not tell. */
export function threadLoad(thread: number): ThreadLoad | undefined {
  if (thread === 0) return undefined;
  const folder = `/proc/self/task/${thread}`;
  try {
    // Ns with a core, ns of waiting for one, turns. The state stands behind the name, which may have parentheses.
    const [ns, , turns] = readFileSync(`${folder}/schedstat`, 'latin1').split(' ');
    const [, state = ''] = /\) (\S)[^)]*$/.exec(readFileSync(`${folder}/stat`, 'latin1')) ?? [];
    return {
      state: RUNNABLE.has(state) ? 'runnable' : 'asleep',
      cpuMs: Number(ns) / NS_PER_MS,
      turns: Number(turns),
    };
  } catch {
    return existsSync('/proc/self/task') && !existsSync(folder)
      ? { state: 'gone', cpuMs: 0, turns: 0 }
      : undefined;
  }
}
