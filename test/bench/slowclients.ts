/** `npm run bench -- slowclients`: what thousands of connections that never end a query cost those who ask by UDP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Latency } from './latency.ts';
import { cpuSeconds, LOAD_CORE, load, onCore, pin, punctually, SERVER_CORE, WARM_SECONDS } from './load.ts';
import type { Options } from './options.ts';
import { installed, interleaved, type Server, startFleet } from './peers.ts';
import { type Column, compare, median, publish, type Table } from './report.ts';
import type { SlowTaken, SlowWork } from './slowclientswork.ts';
import { securedRecipes } from './transports.ts';
import { Wiretap } from './wiretap.ts';
import { HOSTS, hostQuestions } from './zone.ts';

const WORK = fileURLToPath(new URL('slowclientswork.ts', import.meta.url));
const CLIENTS = 10_000;
/** How patient they are who were turned away: as those who mean no harm, and as those who do. */
const AGAIN_SECONDS = [30, 5];
/** Seconds after they have all come once. */
const SETTLE_SECONDS = 1;
const PER_SECOND = 5_000;
/** Turns of a round: in each a server is asked, and its twin, of which the clients know nothing. */
const TURNS = 8;
/** How long its files may take to be given back. */
const BACK_SECONDS_MAX = 30;

interface Taken extends SlowTaken {
  readonly quiet: Latency;
  readonly slow: Latency;
  /** Of its twin meanwhile, on the same core: what the machine makes of it. */
  readonly twin: Latency;
  /** Its p99 over its twin's, as they were asked one right after the other. */
  readonly ratio: number;
  /** Of the server, the most that were open, and seconds until they are as few as before once the clients have gone. */
  readonly files: number;
  readonly backSeconds: number;
  /** Percent of one core, of queries and slow clients. */
  readonly cpu: number;
}

const WAITS: readonly Column<Taken>[] = [
  { head: 'without them: p50 µs', of: ({ quiet }) => quiet.p50 },
  { head: 'p99 µs', of: ({ quiet }) => quiet.p99 },
  { head: 'with them: p50 µs', of: ({ slow }) => slow.p50 },
  { head: 'p99 µs', of: ({ slow }) => slow.p99 },
  { head: 'its twin: p50 µs', of: ({ twin }) => twin.p50 },
  { head: 'p99 µs', of: ({ twin }) => twin.p99 },
  { head: 'p99, of the twin’s', of: ({ ratio }) => ratio, digits: 2 },
];

const SLOW_ONES: readonly Column<Taken>[] = [
  { head: 'connections', of: ({ connected }) => connected },
  { head: 'handshakes', of: ({ shaken }) => shaken },
  { head: 'ended by the server', of: ({ ended }) => ended },
  { head: 'most files open', of: ({ files }) => files },
  { head: 'back after, s', of: ({ backSeconds }) => backSeconds, digits: 1 },
  { head: '% of a core', of: ({ cpu }) => cpu },
];

/** Measures Causeway and Unbound, and publishes the table. */
export async function slowclients(options: Options): Promise<void> {
  pin(process.pid, LOAD_CORE);
  const { rounds, seconds } = options;
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const file = join(folder, 'questions');
  writeFileSync(file, hostQuestions());
  const wanted = installed(options, ['causeway', 'unbound']);
  const { recipes, secure } = await securedRecipes(wanted, folder);
  const fleet = await startFleet(recipes);
  const twins = await startFleet((await securedRecipes(wanted, folder)).recipes);
  const { servers } = fleet;
  const portsOf = ({ name, port }: Server): SlowWork['ports'] => {
    const { dot, doh } = secure.get(name)!;
    return [
      { kind: 'tcp', port },
      { kind: 'dot', port: dot },
      { kind: 'doh', port: doh },
    ];
  };
  const ask = async (server: Server): Promise<Latency> => {
    const tap = await Wiretap.start(join(folder, 'pcap'), server.port);
    if (tap === undefined) throw new Error('tcpdump is not installed');
    // On the server's core: what wakes it from another may come with the next tick only, in a virtual machine.
    await load(server, { file, seconds, perSecond: PER_SECOND, core: SERVER_CORE, under: punctually() });
    return tap.stop();
  };
  const measure = async (server: Server, againSeconds: number): Promise<Taken> => {
    const twin = twins.servers.find(({ name }) => name === server.name)!;
    const quiet: Latency[] = [];
    for (let turn = 0; turn < TURNS; turn++) quiet.push(await ask(server));
    const before = filesOf(server.pid);
    const clients = begin({ clients: CLIENTS, againSeconds, ports: portsOf(server) });
    await sleep(1000 * (againSeconds + SETTLE_SECONDS));
    let files = 0;
    const timer = setInterval(() => (files = Math.max(files, filesOf(server.pid))), 100);
    const [slow, beside]: [Latency[], Latency[]] = [[], []];
    let [cpu, elapsed] = [0, 0];
    const askServer = async (): Promise<void> => {
      const [spent, begun] = [cpuOf(server.pid), performance.now()];
      slow.push(await ask(server));
      cpu += cpuOf(server.pid) - spent;
      elapsed += (performance.now() - begun) / 1000;
    };
    for (let turn = 0; turn < TURNS; turn++) {
      // Neither is always the first.
      if (turn % 2 === 0) beside.push(await ask(twin));
      await askServer();
      if (turn % 2 === 1) beside.push(await ask(twin));
    }
    clearInterval(timer);
    const fared = await end(clients);
    const at = performance.now();
    const passed = (): number => (performance.now() - at) / 1000;
    while (filesOf(server.pid) > before && passed() < BACK_SECONDS_MAX) await sleep(100);
    return {
      ...fared,
      quiet: middle(quiet),
      slow: middle(slow),
      twin: middle(beside),
      ratio: median(slow.map(({ p99 }, turn) => p99 / beside[turn]!.p99)),
      files,
      backSeconds: passed(),
      cpu: (100 * cpu) / elapsed,
    };
  };
  try {
    for (const server of [...servers, ...twins.servers]) await load(server, { file, seconds: WARM_SECONDS });
    const tables: Table[] = [];
    for (const againSeconds of AGAIN_SECONDS) {
      const samples = await interleaved(rounds, servers, (server) => measure(server, againSeconds));
      const when = `who come again after ${againSeconds} s`;
      tables.push(
        compare(`From query to answer by UDP, with clients ${when}`, samples, WAITS),
        compare(`The slow ones, ${when}`, samples, SLOW_ONES),
      );
    }
    publish(
      {
        id: 'slowclients',
        intro:
          `${CLIENTS} clients by TCP, TLS and HTTPS in turns, of whom each sends an octet a second of a query that never ends, and ` +
          `comes again some time after it was turned away; meanwhile dnsperf asks ${HOSTS} names from cache by UDP, ` +
          `${PER_SECOND} times a second, for ${seconds} s at a time, ${TURNS} times a round; medians of these, and of ${rounds} rounds.`,
        tables,
        notes: [
          'Its twin: the same program beside it, on the same core, asked in turn with it; the clients are at the server and not at ' +
            'its twin. That is what the machine makes of their work, with both cores busy.',
        ],
        programs: [...wanted.map(({ name }) => name), 'dnsperf'],
      },
      options,
    );
  } finally {
    await twins.stop();
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function begin(work: SlowWork): ChildProcess {
  // What asks by UDP goes first on that core.
  const command = [...onCore(LOAD_CORE), 'nice', '-n', '10', process.execPath, WORK, JSON.stringify(work)];
  return spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
}

function end(clients: ChildProcess): Promise<SlowTaken> {
  let text = '';
  clients.stdout!.on('data', (chunk) => (text += String(chunk)));
  clients.stdin!.end();
  return new Promise((resolve, reject) => {
    clients.once('error', reject);
    clients.once('close', () => resolve(JSON.parse(text) as SlowTaken));
  });
}

/** Percentiles of a turn of the middle: one in which the machine was elsewhere for milliseconds is not the server's. */
function middle(turns: readonly Latency[]): Latency {
  const of = (name: keyof Latency): number => median(turns.map((turn) => turn[name]));
  return { p50: of('p50'), p99: of('p99'), p999: of('p999') };
}

function filesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function cpuOf(pid: number): number {
  const { user, system } = cpuSeconds(pid);
  return user + system;
}
