/** `npm run bench -- store`: changes of the store on one core, with a million record sets in one zone. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LOAD_CORE, onCore, pin, SERVER_CORE } from './load.ts';
import type { Options } from './options.ts';
import { compare, publish } from './report.ts';
import type { StoreTaken, StoreWork } from './storework.ts';

const WORKER = fileURLToPath(new URL('storework.ts', import.meta.url));
const RECORD_SETS = 1_000_000;
const BATCH = 1_000;
const CALLERS = [1, 16, 64];
/** The times of a million record sets, as JSON. */
const OUTPUT_OCTETS_MAX = 64 * 1024 * 1024;

/** Loads the store and changes it with so many callers at the same time, then publishes what that took. */
export async function store(options: Options): Promise<void> {
  pin(process.pid, LOAD_CORE);
  const taken = new Map<string, StoreTaken[]>();
  for (const callers of CALLERS)
    taken.set(`${callers} ${callers === 1 ? 'caller' : 'callers'}`, [
      await measured({ recordSets: RECORD_SETS, batch: BATCH, callers, seconds: options.seconds }),
    ]);
  publish(
    {
      id: 'store',
      intro:
        `One zone of ${RECORD_SETS} record sets, made in batches of ${BATCH}; then single record sets are replaced for ` +
        `${options.seconds} s by callers who each wait for their acknowledgement, which comes when the change is on the ` +
        'disk. One process on one core.',
      tables: [
        compare('Single changes', taken, [
          { head: 'changes/s', of: ({ changesPerSecond }) => changesPerSecond },
          { head: 'CPU µs a change', of: ({ cpuMicrosPerChange }) => cpuMicrosPerChange },
          { head: 'median, ms', of: ({ acknowledgedMs }) => quantile(acknowledgedMs, 0.5), digits: 1 },
          { head: 'p99, ms', of: ({ acknowledgedMs }) => quantile(acknowledgedMs, 0.99), digits: 1 },
        ]),
        compare('Batches, and everything', taken, [
          { head: 'a batch, median, ms', of: ({ batchMs }) => quantile(batchMs, 0.5) },
          { head: 'p99, ms', of: ({ batchMs }) => quantile(batchMs, 0.99) },
          { head: 'most, ms', of: ({ batchMs }) => Math.max(...batchMs) },
          { head: 'reading all, s', of: ({ snapshotMs }) => snapshotMs / 1000, digits: 1 },
          { head: 'opening, s', of: ({ openMs }) => openMs / 1000, digits: 1 },
          { head: 'octets a record set', of: ({ octetsPerRecordSet }) => octetsPerRecordSet },
          { head: 'RSS, MB', of: ({ rssMb }) => rssMb },
        ]),
      ],
      notes: [],
      programs: [],
    },
    options,
  );
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

async function measured(work: StoreWork): Promise<StoreTaken> {
  const [command, ...args] = [
    ...onCore(SERVER_CORE),
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    WORKER,
  ];
  const { stdout } = await promisify(execFile)(command!, [...args, JSON.stringify(work)], {
    maxBuffer: OUTPUT_OCTETS_MAX,
  });
  return JSON.parse(stdout) as StoreTaken;
}
