import { existsSync, readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** On Linux this is the thread that looks: `PID/task/TID`. */
const THREAD = '/proc/thread-self';

/**
 * To be called in a thread that computes for seconds while nobody waits for it: where it and a worker want the same
 * core, the worker has it. Returns false where threads have no priorities of their own, or may not have.
 */
export function stayInBackground(): boolean {
  if (!existsSync(THREAD)) return false;
  // To Linux a thread is a process like any other; whoever has started it may lower its priority.
  const thread = Number(readlinkSync(THREAD).split('/').at(-1));
  try {
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
    return true;
  } catch {
    // A sandbox without the system call is no reason not to do the work.
    return false;
  }
}
