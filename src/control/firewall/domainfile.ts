import { Worker } from 'node:worker_threads';
import type { Clock } from '../../util/clock.ts';

/** Of the largest file, 250,000 lines, it takes half a second; the rest is for disks that are far away. */
const READ_MS_MAX = 60_000;
const LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32 };

/** What the thread says: the domains as one text, with a blank between two, which costs little to hand over. */
export type DomainFileMessage = { readonly domains: string } | { readonly fault: string };

export type DomainFile =
  /** In order, each once. */
  | { readonly domains: readonly string[]; readonly fault?: undefined }
  /** One sentence: what is wrong with the file, and in which line. */
  | { readonly domains?: undefined; readonly fault: string };

/**
 * Reads a file of domains, one a line, in a thread of its own: reading, checking and ordering so many takes longer than
 * others are to wait. Never rejects.
 *
 * @param path of a file that was found; no symbolic link is followed
 */
export async function readDomainFile(
  path: string,
  clock: Pick<Clock, 'after'>,
  msMax = READ_MS_MAX,
): Promise<DomainFile> {
  const suffix = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';
  const file = new URL(`./domainreader${suffix}`, import.meta.url);
  const worker = new Worker(file, { workerData: path, resourceLimits: LIMITS, name: 'domains' });
  const { promise, resolve } = Promise.withResolvers<DomainFileMessage>();
  worker.once('message', resolve);
  worker.once('error', () => resolve({ fault: 'The file could not be read.' }));
  worker.once('exit', () => resolve({ fault: 'Reading the file ended early.' }));
  const timer = clock.after(msMax, () => resolve({ fault: `Reading the file took over ${msMax / 1000} s.` }));
  const message = await promise;
  timer.cancel();
  await worker.terminate();
  if ('fault' in message) return message;
  return { domains: message.domains === '' ? [] : message.domains.split(' ') };
}
