/**
 * A store at work, in a process of its own: `node storework.ts JSON`. It loads one zone with record sets in batches,
 * changes single ones, walks a snapshot, and opens the store again. Prints what that took, as JSON.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, STORE_NAME } from '../../src/control/store/open.ts';
import { recordSetOrder } from '../../src/control/store/order.ts';
import type { Change, PutItem } from '../../src/control/store/store.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/util/clock.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { nameFromText } from '../../src/wire/name.ts';

export interface StoreWork {
  readonly recordSets: number;
  readonly batch: number;
  readonly callers: number;
  readonly seconds: number;
}

export interface StoreTaken {
  /** Milliseconds of each batch. */
  readonly batchMs: readonly number[];
  readonly changesPerSecond: number;
  readonly cpuMicrosPerChange: number;
  /** Milliseconds until each change was acknowledged. */
  readonly acknowledgedMs: readonly number[];
  readonly snapshotMs: number;
  readonly openMs: number;
  readonly octetsPerRecordSet: number;
  readonly rssMb: number;
}

const ZONE = 'Z0123456789ABCDEFGHIJ';
const ACCOUNT = '000000000000';

function recordSet(i: number, octet: number): PutItem {
  const name = `host-${i}.example.com.`;
  const sort = recordSetOrder(nameFromText(name), 'A');
  const body = { name, type: 'A', ttl: 300, values: [`192.0.2.${octet}`] };
  return {
    action: 'put',
    kind: 'record-set',
    id: `${ZONE}/${sort}`,
    account: ACCOUNT,
    parent: ZONE,
    sort,
    body,
  };
}

function change(operation: string, items: readonly PutItem[]): Change {
  const summary = `example.com.: ${items.length} upserted`;
  return {
    origin: { account: ACCOUNT, accessKey: 'AKIAEXAMPLE', source: '192.0.2.1', operation, summary },
    items,
  };
}

async function work({ recordSets, batch, callers, seconds }: StoreWork): Promise<StoreTaken> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const options = { folder, clock: systemClock, log: createLogger({ thread: 'bench', level: 'error' }) };
  try {
    const store = openStore(options);
    const batchMs: number[] = [];
    for (let i = 0; i < recordSets; i += batch) {
      const items = Array.from({ length: batch }, (_, j) => recordSet(i + j, 1));
      const begun = performance.now();
      await store.apply(change('ChangeResourceRecordSets', items));
      batchMs.push(performance.now() - begun);
    }
    const acknowledgedMs: number[] = [];
    const prng = new SeededPrng(1);
    const [begun, cpu] = [performance.now(), process.cpuUsage()];
    const caller = async (): Promise<void> => {
      for (let at = performance.now(); at < begun + seconds * 1000; ) {
        const item = recordSet(prng.below(recordSets), prng.below(255));
        await store.apply((state) => {
          const before = state.get(item.kind, item.id);
          return change('ChangeResourceRecordSets', [{ ...item, expect: before!.revision }]);
        });
        acknowledgedMs.push(performance.now() - at);
        at = performance.now();
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    const took = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const walking = performance.now();
    const snapshot = store.snapshot();
    let walked = 0;
    for (const _ of snapshot.resources('record-set')) walked++;
    snapshot.close();
    const snapshotMs = performance.now() - walking;
    if (walked !== recordSets) throw new Error(`${walked} of ${recordSets} record sets`);
    await store.close();
    const opening = performance.now();
    await openStore(options).close();
    return {
      batchMs,
      changesPerSecond: acknowledgedMs.length / took,
      cpuMicrosPerChange: (user + system) / acknowledgedMs.length,
      acknowledgedMs,
      snapshotMs,
      openMs: performance.now() - opening,
      octetsPerRecordSet: statSync(join(folder, STORE_NAME)).size / recordSets,
      rssMb: process.resourceUsage().maxRSS / 1024,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main)
  process.stdout.write(JSON.stringify(await work(JSON.parse(process.argv[2]!) as StoreWork)));
