/** `npm run bench -- changes`: from a change by the API to the answer that has it, in zones of several sizes. */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';
import { Changer, type ChangeTaken, type ChangeWork } from './changework.ts';
import { type Latency, percentiles } from './latency.ts';
import {
  cpuSeconds,
  LOAD_CORE,
  load,
  onCore,
  pin,
  pinApart,
  punctually,
  SERVER_CORE,
  stepBack,
  WARM_SECONDS,
} from './load.ts';
import type { Options } from './options.ts';
import { compare, publish } from './report.ts';
import { Wiretap } from './wiretap.ts';

const WORKER = fileURLToPath(new URL('changework.ts', import.meta.url));
const OUTPUT_OCTETS_MAX = 64 * 1024 * 1024;
/** What the daemon calls the thread that answers. */
const WORKER_THREAD = /^worker /;
const SIZES = [1_000, 100_000, 1_000_000];
const BATCH = 1_000;
/** Until the code of the API is compiled, by the rate of changes. */
const WARM_CHANGES_SECONDS = 6;
/** Changes that are waited for one after the other, and callers at the same time after that. */
const SINGLE = 100;
const CALLERS = 32;
/** Names that are asked for meanwhile, which are not changed, and how often. */
const ASKED = 500;
const PER_SECOND = 5_000;
const ACCOUNT = '000000000000';
const ORIGIN = { account: ACCOUNT, accessKey: '', source: 'bench', operation: 'Bench', summary: '' };
const NAME = 'bench.example.';

interface Taken {
  readonly startSeconds: number;
  readonly servedMs: readonly number[];
  readonly changesPerSecond: number;
  readonly cpuMs: number;
  /** While questions are asked too. */
  readonly askedPerSecond: number;
  readonly batchMs: readonly number[];
  /** A round each. */
  readonly quiet: readonly Latency[];
  readonly busy: readonly Latency[];
  /** While all threads but the worker are on the other core, with the callers. */
  readonly apart: readonly Latency[];
  readonly apartPerSecond: readonly number[];
  /** While another daemon on the same core, behind this one in priority, is changed in the same way: what the machine makes of it. */
  readonly beside: readonly Latency[];
  readonly besidePerSecond: readonly number[];
}

/** Makes a zone of each size, changes it and asks, and publishes the table. */
export async function changes(options: Options): Promise<void> {
  pin(process.pid, LOAD_CORE);
  const taken = new Map<string, Taken[]>();
  for (const size of SIZES) taken.set(`${size} record sets`, [await measure(size, options)]);
  publish(
    {
      id: 'changes',
      intro:
        'A private zone that the API made, the daemon with one worker on one core, the callers on the other. `served`: from ' +
        'the sending of ChangeResourceRecordSets to the first answer by UDP that has it, one change after the other, each of ' +
        `another name. Then ${CALLERS} callers change single sets of one half of the zone as fast as they can for ${options.seconds} s, once the code ` +
        `for it is compiled, and again while dnsperf asks ${ASKED} names of the other half ${PER_SECOND} times a second from the ` +
        `callers’ core, and one changes batches of ${BATCH / 2} (an UPSERT counts twice); CPU is that of the whole daemon. ` +
        `Then the same with dnsperf on the daemon’s core, of which it takes up to a half, ${options.rounds} rounds: medians.`,
      tables: [
        compare('Changes', taken, [
          { head: 'ready after, s', of: ({ startSeconds }) => startSeconds, digits: 1 },
          { head: 'served, median, ms', of: ({ servedMs }) => quantile(servedMs, 0.5), digits: 1 },
          { head: 'p99, ms', of: ({ servedMs }) => quantile(servedMs, 0.99), digits: 1 },
          { head: 'changes/s', of: ({ changesPerSecond }) => changesPerSecond },
          { head: 'CPU ms a change', of: ({ cpuMs }) => cpuMs, digits: 2 },
          { head: 'changes/s beside questions', of: ({ askedPerSecond }) => askedPerSecond },
          { head: 'a batch, median, ms', of: ({ batchMs }) => quantile(batchMs, 0.5) },
        ]),
        compare('Answers meanwhile', taken, [
          { head: 'before: p50 µs', of: ({ quiet }) => medianOf(quiet, 'p50') },
          { head: 'p99 µs', of: ({ quiet }) => medianOf(quiet, 'p99') },
          { head: 'while it changes: p50 µs', of: ({ busy }) => medianOf(busy, 'p50') },
          { head: 'p99 µs', of: ({ busy }) => medianOf(busy, 'p99') },
          { head: 'p99.9 µs', of: ({ busy }) => medianOf(busy, 'p999') },
          { head: 'the worker alone on its core: p50 µs', of: ({ apart }) => medianOf(apart, 'p50') },
          { head: 'p99 µs', of: ({ apart }) => medianOf(apart, 'p99') },
          { head: 'p99.9 µs', of: ({ apart }) => medianOf(apart, 'p999') },
          { head: 'changes/s', of: ({ apartPerSecond }) => quantile(apartPerSecond, 0.5) },
          { head: 'while another changes: p50 µs', of: ({ beside }) => medianOf(beside, 'p50') },
          { head: 'p99 µs', of: ({ beside }) => medianOf(beside, 'p99') },
          { head: 'p99.9 µs', of: ({ beside }) => medianOf(beside, 'p999') },
          { head: 'its changes/s', of: ({ besidePerSecond }) => quantile(besidePerSecond, 0.5) },
        ]),
      ],
      notes: [
        'Waits are from packet to packet on the loopback interface (tcpdump). dnsperf goes before everything else on the ' +
          'daemon’s core (SCHED_RR): where it is late it asks in bursts, whose first waits for the last. The worker ' +
          'alone: all other threads are on the callers’ core, as where changes have a core for themselves. Another: a ' +
          'daemon of its own with a zone of the same size, on the same core and behind in priority, with which the one ' +
          'that answers has nothing to do.',
      ],
      programs: ['dnsperf'],
    },
    options,
  );
}

async function measure(size: number, { rounds, seconds }: Options): Promise<Taken> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  await fill(join(folder, 'state'), size);
  cpSync(join(folder, 'state'), join(folder, 'other'), { recursive: true });
  const file = join(folder, 'questions');
  writeFileSync(file, Array.from({ length: ASKED }, (_, i) => `n${size - 1 - i}.${NAME} A\n`).join(''));
  const begun = performance.now();
  const { daemon, client, api } = await begin(join(folder, 'state'), size);
  const startSeconds = (performance.now() - begun) / 1000;
  try {
    const work = await workFor(daemon, api, size / 2, seconds);
    const changer = new Changer(work);
    const servedMs: number[] = [];
    for (let i = 0; i < SINGLE; i++) {
      const at = performance.now();
      await changer.send([[`n${i}.${NAME}`, '10.0.0.2']]);
      await client.until(`n${i}.${NAME}`, '10.0.0.2');
      servedMs.push(performance.now() - at);
    }
    changer.close();
    const ask = async (name: string): Promise<Latency> => {
      const log = join(folder, name);
      const tap = await Wiretap.start(`${log}.pcap`, daemon.port);
      // On the daemon's core: what wakes it from another may come with the next tick only, in a virtual machine.
      await load(daemon, {
        file,
        seconds,
        perSecond: PER_SECOND,
        log,
        core: SERVER_CORE,
        under: punctually(),
      });
      return (await tap?.stop()) ?? percentiles(readFileSync(log, 'latin1'));
    };
    const rate = { file, seconds, perSecond: PER_SECOND };
    await load(daemon, { ...rate, seconds: WARM_SECONDS });
    await callers({ ...work, seconds: WARM_CHANGES_SECONDS });
    const cpu = cpuOf(daemon.pid);
    const { requests } = await callers(work);
    const cpuMs = (1000 * (cpuOf(daemon.pid) - cpu)) / requests;
    const [{ requests: asked }] = await Promise.all([callers(work), load(daemon, rate)]);
    const { requestMs: batchMs } = await callers({ ...work, callers: 1, batch: BATCH / 2 });
    const [quiet, busy, apart, beside]: [Latency[], Latency[], Latency[], Latency[]] = [[], [], [], []];
    const apartPerSecond: number[] = [];
    const besidePerSecond: number[] = [];
    const other = await begin(join(folder, 'other'), size);
    try {
      stepBack(other.daemon.pid);
      const otherWork = await workFor(other.daemon, other.api, size / 2, seconds);
      await callers({ ...otherWork, seconds: WARM_SECONDS });
      for (let round = 0; round < rounds; round++) {
        quiet.push(await ask('quiet'));
        busy.push((await Promise.all([ask('busy'), callers(work)]))[0]);
        pinApart(daemon.pid, WORKER_THREAD);
        const [alone, { requests: fewer }] = await Promise.all([ask('apart'), callers(work)]);
        pin(daemon.pid, SERVER_CORE);
        apart.push(alone);
        apartPerSecond.push(fewer / seconds);
        const [latency, { requests: others }] = await Promise.all([ask('beside'), callers(otherWork)]);
        beside.push(latency);
        besidePerSecond.push(others / seconds);
      }
    } finally {
      other.client.close();
      await other.daemon.stop();
    }
    const [changesPerSecond, askedPerSecond] = [requests / seconds, asked / seconds];
    const answers = { quiet, busy, apart, apartPerSecond, beside, besidePerSecond };
    return { startSeconds, servedMs, changesPerSecond, cpuMs, askedPerSecond, batchMs, ...answers };
  } finally {
    client.close();
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A daemon with the zone in that folder, once it answers for the last name. */
async function begin(
  state: string,
  size: number,
): Promise<{ readonly daemon: Daemon; readonly client: Client; readonly api: number }> {
  const api = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `
node: { name: bench, state: ${state}, workers: 1, rateLimit: off, metrics: off }
vpcs: [{ id: v, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], vpc: v, allow: [127.0.0.0/8] }] }
api: { listen: "127.0.0.1:${api}", rateLimit: { rate: 100000, burst: 100000 } }
`,
  });
  pin(daemon.pid, SERVER_CORE);
  const client = new Client(daemon.port);
  await client.until(`n${size - 1}.${NAME}`, '10.0.0.1');
  return { daemon, client, api };
}

async function workFor(daemon: Daemon, port: number, names: number, seconds: number): Promise<ChangeWork> {
  const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
  const key = JSON.parse(stdout) as { accessKeyId: string; secretAccessKey: string };
  return { ...key, port, zone: 'Z1', name: NAME, names, callers: CALLERS, seconds, batch: 1 };
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

function medianOf(rounds: readonly Latency[], which: 'p50' | 'p99' | 'p999'): number {
  return quantile(
    rounds.map((latency) => latency[which]),
    0.5,
  );
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
