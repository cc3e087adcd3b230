import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { StoreError, type StoreFault } from '../../../src/control/store/errors.ts';
import { KEEP } from '../../../src/control/store/log.ts';
import { openStore, type StoreOptions } from '../../../src/control/store/open.ts';
import type { SqliteStore } from '../../../src/control/store/sqlite.ts';
import type { Change, DeleteItem, Item, Origin, PutItem } from '../../../src/control/store/store.ts';
import { createLogger, type Logger } from '../../../src/telemetry/log.ts';
import { systemClock } from '../../../src/util/clock.ts';

export const ACCOUNT = '000000000000';
export const OTHER_ACCOUNT = '111122223333';

export const quiet: Logger = createLogger({ thread: 'test', level: 'fatal' });

export const origin: Origin = {
  account: ACCOUNT,
  accessKey: 'AKIAEXAMPLE',
  source: '192.0.2.1',
  operation: 'ChangeResourceRecordSets',
  summary: 'one record set',
};

export function put(kind: string, id: string, over: Partial<PutItem> = {}): PutItem {
  return { action: 'put', kind, id, account: ACCOUNT, sort: id, body: { id }, ...over };
}

export function del(kind: string, id: string, over: Partial<DeleteItem> = {}): DeleteItem {
  return { action: 'delete', kind, id, ...over };
}

export function change(...items: Item[]): Change {
  return { origin, items };
}

/** A folder that is gone after the test. */
export function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-store-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store that is closed after the test. */
export function storeIn(t: Test, folder: string, over: Partial<StoreOptions> = {}): SqliteStore {
  const store = openStore({ folder, clock: systemClock, log: quiet, keep: KEEP, ...over });
  t.teardown(() => store.close());
  return store;
}

/** The word for why the store refuses; undefined where it does not. Other errors are thrown on. */
export function faultOf(run: () => unknown): StoreFault | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error.fault;
    throw error;
  }
}

/** The same of a promise. */
export async function rejectionOf(promise: Promise<unknown>): Promise<StoreFault | undefined> {
  const [outcome] = await Promise.allSettled([promise]);
  return faultOf(() => {
    if (outcome.status === 'rejected') throw outcome.reason;
  });
}
