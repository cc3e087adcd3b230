import { enableCompileCache, flushCompileCache } from 'node:module';
import { join, resolve } from 'node:path';

/**
 * The composition root: it knows every thread's module and starts the daemon. It imports nothing else at first,
 * so that all that follows comes out of the compile cache.
 */
export interface ServeOptions {
  /** Path of the configuration file. */
  readonly config: string;
  /** Whether it is read again whenever it changes. */
  readonly isFollowed: boolean;
  /** The state folder, where compiled code is kept for the next start; none: it is compiled each time. */
  readonly state?: string;
  /** How many workers the configuration seems to ask for. */
  readonly workers?: number;
}

/** Runs the daemon until a signal or a failure ends it. Resolves with the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  if (options.state !== undefined) {
    // Whoever has named a place for it has it there.
    const cache = process.env['NODE_COMPILE_CACHE'] ?? join(resolve(options.state), 'compile-cache');
    enableCompileCache(cache);
    // For the threads that are started from here.
    process.env['NODE_COMPILE_CACHE'] = cache;
  }
  const [{ runDaemon }, { createLogger }, { systemClock: clock }, { cryptoPrng: prng }] = await Promise.all([
    import('./server/daemon.ts'),
    import('./telemetry/log.ts'),
    import('./util/clock.ts'),
    import('./util/prng.ts'),
  ]);
  flushCompileCache();
  // Run from source or from the built package.
  const suffix = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';
  return runDaemon({
    configFile: resolve(options.config),
    isFollowed: options.isFollowed,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    workerFile: new URL(`./server/worker${suffix}`, import.meta.url),
    controlFile: new URL(`./control/thread${suffix}`, import.meta.url),
    healthFile: new URL(`./control/health/thread${suffix}`, import.meta.url),
    logsFile: new URL(`./control/logs/thread${suffix}`, import.meta.url),
    clock,
    prng,
    log: createLogger({ thread: 'main', clock }),
  });
}
