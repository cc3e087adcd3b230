import { existsSync, readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** On Linux this is the thread that looks: `PID/task/TID`. */
const THREAD = '/proc/thread-self';

/** Of a core that control and a worker both want, control has a quarter (the kernel's weights of 5 and of 0). */
const BEHIND_WORKERS = 5;

/**
 * To be called in a thread that computes for seconds while nobody waits for it: where it and a worker want the same
 * core, the worker has it. Returns false where threads have no priorities of their own, or may not have.
 */
export function stayInBackground(): boolean {
  return lowerPriority(constants.priority.PRIORITY_BELOW_NORMAL);
}

/**
 * To be called in the control thread once something is served: a client who changes a thousand records is not to delay
 * those who ask, yet waits for an answer. Returns false where threads have no priorities of their own, or may not have.
 */
export function stayBehindWorkers(): boolean {
  return lowerPriority(BEHIND_WORKERS);
}

function lowerPriority(priority: number): boolean {
  if (!existsSync(THREAD)) return false;
  // To Linux a thread is a process like any other; whoever has started it may lower its priority.
  const thread = Number(readlinkSync(THREAD).split('/').at(-1));
  try {
    setPriority(thread, priority);
    return true;
  } catch {
    // A sandbox without the system call is no reason not to do the work.
    return false;
  }
}
