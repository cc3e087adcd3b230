/** `npm run bench -- changes`: from a change by the API to the answer that has it, in zones of several sizes. */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decode, encode } from 'dns-packet';
import { KIND, putSet, type ZoneResource } from '../../src/control/hosted/bodies.ts';
import { openStore } from '../../src/control/store/open.ts';
import { nameOrder } from '../../src/control/store/order.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/util/clock.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';
import { Changer, type ChangeTaken, type ChangeWork } from './changework.ts';
import { type Latency, percentiles } from './latency.ts';
import { cpuSeconds, LOAD_CORE, load, onCore, pin, SERVER_CORE, WARM_SECONDS } from './load.ts';
import type { Options } from './options.ts';
import { compare, publish } from './report.ts';
import { Wiretap } from './wiretap.ts';

const WORKER = fileURLToPath(new URL('changework.ts', import.meta.url));
const OUTPUT_OCTETS_MAX = 64 * 1024 * 1024;
const SIZES = [1_000, 100_000, 1_000_000];
const BATCH = 1_000;
/** Changes that are waited for one after the other, and callers at the same time after that. */
const SINGLE = 100;
const CALLERS = 32;
/** Names that are asked for meanwhile, and how often. */
const ASKED = 1_000;
const PER_SECOND = 5_000;
const ACCOUNT = '000000000000';
const ORIGIN = { account: ACCOUNT, accessKey: '', source: 'bench', operation: 'Bench', summary: '' };
const NAME = 'bench.example.';

interface Taken {
  readonly startSeconds: number;
  readonly servedMs: readonly number[];
  readonly changesPerSecond: number;
  readonly cpuMs: number;
  readonly batchMs: readonly number[];
  readonly quiet: Latency;
  readonly busy: Latency;
}

/** Makes a zone of each size, changes it and asks, and publishes the table. */
export async function changes(options: Options): Promise<void> {
  pin(process.pid, LOAD_CORE);
  const taken = new Map<string, Taken[]>();
  for (const size of SIZES) taken.set(`${size} record sets`, [await measure(size, options.seconds)]);
  publish(
    {
      id: 'changes',
      intro:
        'A private zone that the API made, the daemon with one worker on one core, its clients on the other. `served`: from ' +
        'the sending of ChangeResourceRecordSets to the first answer by UDP that has it, one change after the other, each of ' +
        `another name. Then ${CALLERS} callers change single sets as fast as they can for ${options.seconds} s, and one ` +
        `batches of ${BATCH / 2} (an UPSERT counts twice), while dnsperf asks ${ASKED} names of the zone ${PER_SECOND} times a second; CPU is that of the ` +
        'whole daemon, these questions included.',
      tables: [
        compare('Changes', taken, [
          { head: 'ready after, s', of: ({ startSeconds }) => startSeconds, digits: 1 },
          { head: 'served, median, ms', of: ({ servedMs }) => quantile(servedMs, 0.5), digits: 1 },
          { head: 'p99, ms', of: ({ servedMs }) => quantile(servedMs, 0.99), digits: 1 },
          { head: 'changes/s', of: ({ changesPerSecond }) => changesPerSecond },
          { head: 'CPU ms a change', of: ({ cpuMs }) => cpuMs, digits: 2 },
          { head: 'a batch, median, ms', of: ({ batchMs }) => quantile(batchMs, 0.5) },
        ]),
        compare('Answers meanwhile', taken, [
          { head: 'before: p50 µs', of: ({ quiet }) => quiet.p50 },
          { head: 'p99 µs', of: ({ quiet }) => quiet.p99 },
          { head: 'while it changes: p50 µs', of: ({ busy }) => busy.p50 },
          { head: 'p99 µs', of: ({ busy }) => busy.p99 },
          { head: 'p99.9 µs', of: ({ busy }) => busy.p999 },
        ]),
      ],
      notes: [
        'Waits are from packet to packet on the loopback interface (tcpdump), without what dnsperf waits for its core, which ' +
          'the callers share with it.',
      ],
      programs: ['dnsperf'],
    },
    options,
  );
}

async function measure(size: number, seconds: number): Promise<Taken> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const api = await freePort('127.0.0.1');
  await fill(join(folder, 'state'), size);
  const file = join(folder, 'questions');
  writeFileSync(file, Array.from({ length: ASKED }, (_, i) => `n${i}.${NAME} A\n`).join(''));
  const begun = performance.now();
  const daemon = await startDaemon({
    config: `
node: { name: bench, state: ${join(folder, 'state')}, workers: 1, rateLimit: off, metrics: off }
vpcs: [{ id: v, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], vpc: v, allow: [127.0.0.0/8] }] }
api: { listen: "127.0.0.1:${api}", rateLimit: { rate: 100000, burst: 100000 } }
`,
  });
  pin(daemon.pid, SERVER_CORE);
  const client = new Client(daemon.port);
  try {
    await client.until(`n${size - 1}.${NAME}`, '10.0.0.1');
    const startSeconds = (performance.now() - begun) / 1000;
    const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
    const work: ChangeWork = {
      ...(JSON.parse(stdout) as { accessKeyId: string; secretAccessKey: string }),
      port: api,
      zone: 'Z1',
      name: NAME,
      names: size,
      callers: CALLERS,
      seconds,
      batch: 1,
    };
    const changer = new Changer(work);
    const servedMs: number[] = [];
    for (let i = 0; i < SINGLE; i++) {
      const at = performance.now();
      await changer.send([[`n${i}.${NAME}`, '10.0.0.2']]);
      await client.until(`n${i}.${NAME}`, '10.0.0.2');
      servedMs.push(performance.now() - at);
    }
    changer.close();
    const ask = async (log: string): Promise<Latency> => {
      const at = join(folder, log);
      const tap = await Wiretap.start(`${at}.pcap`, daemon.port);
      await load(daemon, { file, seconds, perSecond: PER_SECOND, log: at });
      return (await tap?.stop()) ?? percentiles(readFileSync(at, 'latin1'));
    };
    await load(daemon, { file, seconds: WARM_SECONDS, perSecond: PER_SECOND });
    const quiet = await ask('quiet');
    const cpu = cpuOf(daemon.pid);
    const [{ requests }, busy] = await Promise.all([callers(work), ask('busy')]);
    const cpuMs = (1000 * (cpuOf(daemon.pid) - cpu)) / requests;
    const { requestMs: batchMs } = await callers({ ...work, callers: 1, batch: BATCH / 2 });
    return { startSeconds, servedMs, changesPerSecond: requests / seconds, cpuMs, batchMs, quiet, busy };
  } finally {
    client.close();
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function callers(work: ChangeWork): Promise<ChangeTaken> {
  // dnsperf is on the same core, and must not measure how it waits for that.
  const command = [...onCore(LOAD_CORE), 'nice', '-n', '10', process.execPath, WORKER, JSON.stringify(work)];
  const { stdout } = await promisify(execFile)(command[0]!, command.slice(1), {
    maxBuffer: OUTPUT_OCTETS_MAX,
  });
  return JSON.parse(stdout) as ChangeTaken;
}

function cpuOf(pid: number): number {
  const { user, system } = cpuSeconds(pid);
  return user + system;
}

/** The store of a daemon with one zone of so many names. */
async function fill(folder: string, size: number): Promise<void> {
  mkdirSync(folder, { mode: 0o700 });
  const log = createLogger({ thread: 'bench', level: 'error' });
  const store = openStore({ folder, clock: systemClock, log });
  const body = {
    name: NAME,
    callerReference: '1',
    vpcs: [{ id: 'v', region: 'us-east-1' }],
    nameServers: [],
  };
  const sort = nameOrder(nameFromText(NAME));
  await store.apply({
    origin: ORIGIN,
    items: [{ action: 'put', kind: KIND.zone, id: 'Z1', account: ACCOUNT, sort, body }],
  });
  const zone = store.get(KIND.zone, 'Z1') as ZoneResource;
  const set = (name: string, type: string, value: string) =>
    putSet(zone, nameFromText(name), { name, type, ttl: 60, values: [value] });
  const apex = [
    set(NAME, 'SOA', 'ns.example.net. h.example.net. 1 7200 900 1209600 86400'),
    set(NAME, 'NS', 'ns.example.net.'),
  ];
  await store.apply({ origin: ORIGIN, items: apex });
  for (let i = 0; i < size; i += BATCH) {
    const items = Array.from({ length: BATCH }, (_, j) => set(`n${i + j}.${NAME}`, 'A', '10.0.0.1'));
    await store.apply({ origin: ORIGIN, items });
  }
  await store.close();
}

/** Asks for A records, one question after the other. */
class Client {
  readonly #socket = createSocket('udp4');
  readonly #port: number;
  #waiting: ((address: string | undefined) => void) | undefined;

  constructor(port: number) {
    this.#port = port;
    this.#socket.on('message', (octets) => {
      const [answer] = decode(octets).answers ?? [];
      this.#waiting?.(answer?.type === 'A' ? answer.data : undefined);
    });
  }

  close(): void {
    this.#socket.close();
  }

  ask(name: string): Promise<string | undefined> {
    const query = encode({
      type: 'query',
      id: 1,
      flags: 0x100,
      questions: [{ name: name.slice(0, -1), type: 'A' }],
    });
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), 1000);
      this.#waiting = (address) => {
        clearTimeout(timer);
        resolve(address);
      };
      this.#socket.send(query, this.#port, '127.0.0.1');
    });
  }

  async until(name: string, address: string): Promise<void> {
    while ((await this.ask(name)) !== address) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
