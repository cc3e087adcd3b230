import type { Logger } from '../../telemetry/log.ts';
import { systemClock } from '../../util/clock.ts';
import { cryptoPrng } from '../../util/prng.ts';
import { loadConfig } from '../config/load.ts';
import { problemToText } from '../config/problem.ts';
import { readBody } from '../http.ts';
import { Keys, keyRequest } from './keys.ts';
import { createKey, deleteKey, keyDeletion } from './routes.ts';

const quiet: Pick<Logger, 'error'> = { error: () => undefined };

/**
 * The access keys of a configuration whose daemon does not run. Throws Error with the first problem of the
 * configuration; what the functions throw is HttpFault or KeysError.
 */
export function offlineKeys(configFile: string) {
  const { config, errors } = loadConfig(configFile);
  if (config === undefined) throw new Error(problemToText(errors[0]!));
  const keys = new Keys({ folder: config.stateFolder, clock: systemClock, prng: cryptoPrng, log: quiet });
  return {
    list: (_: unknown) => ({ keys: keys.list() }),
    create: (body: unknown) => createKey(keys, config.accounts, readBody(keyRequest, body)),
    delete: (body: unknown) => deleteKey(keys, readBody(keyDeletion, body).accessKeyId),
  };
}
