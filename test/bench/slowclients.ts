/** `npm run bench -- slowclients`: what thousands of connections that never end a query cost those who ask by UDP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Latency } from './latency.ts';
import {
  cpuSeconds,
  LOAD_CORE,
  load,
  onCore,
  pin,
  punctually,
  SERVER_CORE,
  stepBack,
  WARM_SECONDS,
} from './load.ts';
import type { Options } from './options.ts';
import { installed, interleaved, type Server, startFleet } from './peers.ts';
import { type Column, compare, publish, type Table } from './report.ts';
import type { SlowTaken, SlowWork } from './slowclientswork.ts';
import { type Secure, securedRecipes } from './transports.ts';
import { Wiretap } from './wiretap.ts';
import { HOSTS, hostQuestions } from './zone.ts';

const WORK = fileURLToPath(new URL('slowclientswork.ts', import.meta.url));
const CLIENTS = 10_000;
/** How patient they are who were turned away: as those who mean no harm, and as those who do. */
const AGAIN_SECONDS = [30, 5];
/** Seconds after they have all come once. */
const SETTLE_SECONDS = 1;
const PER_SECOND = 5_000;
/** For connections that are gone to be forgotten. */
const PAUSE_SECONDS = 1;
/** How long its files may take to be given back. */
const BACK_SECONDS_MAX = 30;

interface Taken extends SlowTaken {
  readonly quiet: Latency;
  readonly slow: Latency;
  /** While the same clients are at another process on the same core, which has a lower priority: what the machine makes of it. */
  readonly beside: Latency;
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
  { head: 'with them elsewhere: p50 µs', of: ({ beside }) => beside.p50 },
  { head: 'p99 µs', of: ({ beside }) => beside.p99 },
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
  const elsewhere = await securedRecipes(installed({ ...options, peers: undefined }, ['causeway']), folder);
  const fleet = await startFleet(recipes);
  const others = await startFleet(elsewhere.recipes);
  const { servers } = fleet;
  const other = others.servers[0]!;
  stepBack(other.pid);
  const portsOf = ({ name, port }: Server, ports: ReadonlyMap<string, Secure>): SlowWork['ports'] => {
    const { dot, doh } = ports.get(name)!;
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
    const come = async (at: Server, ports: ReadonlyMap<string, Secure>): Promise<ChildProcess> => {
      const clients = begin({ clients: CLIENTS, againSeconds, ports: portsOf(at, ports) });
      await sleep(1000 * (againSeconds + SETTLE_SECONDS));
      return clients;
    };
    const gone = await come(other, elsewhere.secure);
    const beside = await ask(server);
    await end(gone);
    await sleep(1000 * PAUSE_SECONDS);
    const quiet = await ask(server);
    const before = filesOf(server.pid);
    const clients = await come(server, secure);
    let files = 0;
    const timer = setInterval(() => (files = Math.max(files, filesOf(server.pid))), 100);
    const cpu = cpuOf(server.pid);
    const slow = await ask(server);
    const spent = cpuOf(server.pid) - cpu;
    clearInterval(timer);
    const fared = await end(clients);
    const at = performance.now();
    const passed = (): number => (performance.now() - at) / 1000;
    while (filesOf(server.pid) > before && passed() < BACK_SECONDS_MAX) await sleep(100);
    return { ...fared, quiet, slow, beside, files, backSeconds: passed(), cpu: (100 * spent) / seconds };
  };
  try {
    for (const server of servers) await load(server, { file, seconds: WARM_SECONDS });
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
          `${PER_SECOND} times a second; medians of ${rounds} rounds of ${seconds} s.`,
        tables,
        notes: [
          'Elsewhere: the same clients are at another process, on the same core and behind in priority, and the server has ' +
            'nothing to do with them. That is what the machine makes of their work, with both cores busy.',
        ],
        programs: [...wanted.map(({ name }) => name), 'dnsperf'],
      },
      options,
    );
  } finally {
    await others.stop();
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

function filesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function cpuOf(pid: number): number {
  const { user, system } = cpuSeconds(pid);
  return user + system;
}
