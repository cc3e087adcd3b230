import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * Who goes first where threads of the daemon want the same core. A worker that has just answered has had more than its
 * part; it has the core again at once only where the others count for little (EEVDF: who is not eligible does not preempt).
 *
 *     0  workers, health      5  V8's own threads, TLS, signatures      10  control, logs      15  what nobody waits for
 *
 * below what the process has. V8's are before control, as a worker that collects garbage waits for them. To Linux a
 * thread is a process like any other, and whoever has started it may lower its priority. All functions say whether they
 * did: elsewhere threads have no priorities of their own, and a sandbox without the system call is no reason not to do
 * the work.
 */
const V8_THREADS = 5;
const COSTLY = 5;
const CONTROL = 10;
const BACKGROUND = 15;
/** There is no lower one. */
const LEAST = 19;

/** In a thread, on Linux: `PID/task/TID`. */
const THREAD = '/proc/thread-self';
const THREADS = '/proc/self/task';
/** What Node.js calls V8's threads, which compile and collect garbage for all others. */
const V8_NAME = /V8Worker/;

/** To be called in a thread that computes for seconds while nobody waits for it. */
export function stayInBackground(): boolean {
  return lowerOwn(BACKGROUND);
}

/**
 * To be called in the control thread once something is served, and in that of the logs: a client who changes a thousand
 * records waits for an answer, and who asked what is to be known, but neither is to delay those who ask.
 */
export function stayBehindWorkers(): boolean {
  return lowerOwn(CONTROL);
}

/** To be called where one piece of work costs as much as a hundred answers from a cache: handshakes, signature checks. */
export function stayBehindAnswers(): boolean {
  return lowerOwn(COSTLY);
}

/** To be called once in the process: V8's threads are there from its start. */
export function keepV8BehindWorkers(): boolean {
  if (!existsSync(THREADS)) return false;
  const threads = readdirSync(THREADS).filter((thread) => V8_NAME.test(nameOf(thread)));
  return threads.length > 0 && threads.every((thread) => lower(Number(thread), V8_THREADS));
}

function nameOf(thread: string): string {
  try {
    return readFileSync(`${THREADS}/${thread}/comm`, 'latin1');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

function lowerOwn(by: number): boolean {
  return existsSync(THREAD) && lower(Number(readlinkSync(THREAD).split('/').at(-1)), by);
}

function lower(thread: number, by: number): boolean {
  try {
    setPriority(thread, Math.min(getPriority(thread) + by, LEAST));
    return true;
  } catch {
    return false;
  }
}
