import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HttpFault } from '../control/http.ts';
import { StoreDesk } from '../control/store/desk.ts';
import { StoreError } from '../control/store/errors.ts';
import { STORE_NAME } from '../control/store/open.ts';
import { type Restored, restore } from '../control/store/restore.ts';
import { systemClock } from '../util/clock.ts';
import { CliError, type Input } from './command.ts';
import { ask, NoDaemonError, socketOf } from './daemon.ts';

/** The store of a daemon that does not run: what its control socket would answer, from the file. */

/**
 * Asks the daemon, or the store in its state folder where none runs. Throws CliError.
 *
 * @param path a route of the control socket, and `direct` the same without it
 */
export async function askStore<T>(
  input: Input,
  cwd: string,
  request: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: unknown },
  direct: (desk: StoreDesk) => T | Promise<T>,
): Promise<T> {
  const socket = socketOf(input, cwd);
  try {
    return await ask<T>(socket, request.method, request.path, request.body);
  } catch (error) {
    const folder = dirname(socket);
    if (!(error instanceof NoDaemonError) || !existsSync(join(folder, STORE_NAME))) throw error;
    return inFolder(folder, direct);
  }
}

async function inFolder<T>(folder: string, use: (desk: StoreDesk) => T | Promise<T>): Promise<T> {
  const desk = new StoreDesk({ clock: systemClock, log: { error: () => {}, info: () => {} } });
  try {
    desk.open(folder);
    return await use(desk);
  } catch (error) {
    throw cliErrorFrom(error);
  } finally {
    await desk.close();
  }
}

/** Puts a backup in the place of the store of a daemon that does not run. Throws CliError. */
export function restoreStore(input: Input, cwd: string, file: string): Restored {
  try {
    return restore(dirname(socketOf(input, cwd)), file, systemClock.wall());
  } catch (error) {
    throw cliErrorFrom(error);
  }
}

function cliErrorFrom(error: unknown): unknown {
  if (error instanceof StoreError || error instanceof HttpFault)
    return new CliError(error.message, error.remedy);
  return error;
}
