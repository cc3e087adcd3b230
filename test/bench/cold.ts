/**
 * `npm run bench -- cold`: recursion with nothing in the cache. On a small Internet in network namespaces
 * (test/support/fakenet) every resolver that is installed is started afresh for each round, one worker or thread each,
 * and resolves the same distinct names once, in two halves: the second shows what a program costs that is warm while the
 * cache has nothing of these names' zones but what the first half left of their parents. The resolver has a core of its own where there are two. Needs root.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from '../support/daemon.ts';
import { build, fakenetMissing, python, run } from '../support/fakenet/fakenet.ts';
import { missing } from '../support/servers.ts';

/** Clock ticks per second of /proc (getconf CLK_TCK; 100 on Linux). */
const TICKS = 100;
/** Distinct names of one pass: about those among the first 50,000 questions by Zipf popularity. */
const NAMES = 9_351;
/** After the start: priming and what else a resolver does at first is not what is measured. */
const IDLE_MS = 2_000;
/** Own namespaces, so that one that is up for other reasons is left alone. */
const NETNS = `cold${process.pid}`;
const CLIENTS = ['-c', '10', '-q', '200'];

interface Running {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<unknown>;
}

interface Peer {
  readonly name: string;
  start(folder: string): Promise<Running>;
}

/** What some names cost together. */
interface Cost {
  readonly completed: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly packets: number;
  readonly lost: number;
  readonly failed: number;
}

type Round = readonly [first: Cost, second: Cost];

const both = ([a, b]: Round): Cost => ({
  completed: a.completed + b.completed,
  seconds: a.seconds + b.seconds,
  cpuSeconds: a.cpuSeconds + b.cpuSeconds,
  packets: a.packets + b.packets,
  lost: a.lost + b.lost,
  failed: a.failed + b.failed,
});

const inResolvers = (command: readonly string[]): string[] => [
  'ip',
  'netns',
  'exec',
  `${NETNS}-res`,
  ...command,
];

const causeway: Peer = {
  name: 'causeway',
  start: async (folder) => {
    const daemon = await startDaemon({
      config: `
node: { name: bench, state: ./state, workers: 1, cache: 256MB, rateLimit: off, metrics: off }
vpcs: [{ id: vpc-bench, cidrs: [127.0.0.0/8], rebinding: off }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], allow: [127.0.0.0/8] }] }
recursion: { hints: "${folder}/named.root", anchors: "${folder}/root.key" }
`,
      // The daemon must be the only child of the command it is run by.
      under: inResolvers(['unshare', '--fork']),
    });
    return { port: daemon.port, pid: daemon.pid, stop: () => daemon.stop() };
  },
};

const PORTS = { unbound: 5301, bind: 5302, kresd: 5303, pdns: 5304 };
const PROGRAMS = { unbound: 'unbound', bind: 'named', kresd: 'kresd', pdns: 'pdns_recursor' };
type PeerName = keyof typeof PROGRAMS;

/** Debian's resolvers, as support/fakenet/peers.py configures them. */
const peer = (name: PeerName): Peer => ({
  name,
  start: async (folder) => {
    const { code, output } = await python('peers.py', ['start', '--dir', folder, name]);
    const stop = () => python('peers.py', ['stop', '--dir', folder, name]);
    if (code !== 0) {
      await stop();
      throw new Error(`${name}: ${output}`);
    }
    const pid = Number(readFileSync(join(folder, 'peers', name, 'pid'), 'utf8'));
    return { port: PORTS[name], pid, stop };
  },
});

/** Of all threads, those that have ended included. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function packetsUpstream(folder: string): Promise<number> {
  const { output } = await python('fakenet.py', ['stats', '--dir', folder]);
  return (JSON.parse(output) as { udp_queries: number }).udp_queries;
}

const core = (number: number): string[] =>
  availableParallelism() > 1 ? ['taskset', '-c', String(number)] : [];

function dnsperf(port: number, file: string): string {
  const args = ['-s', '127.0.0.1', '-p', String(port), '-d', file, '-n', '1', ...CLIENTS];
  const [command, ...rest] = inResolvers([...core(1), 'dnsperf', ...args]);
  const { status, stdout, stderr } = spawnSync(command!, rest, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`dnsperf: ${stdout}${stderr}`);
  return stdout;
}

async function measure(each: Peer, folder: string, files: Files): Promise<Round> {
  const server = await each.start(folder);
  try {
    if (availableParallelism() > 1)
      execFileSync('taskset', ['-apc', '0', String(server.pid)], { stdio: 'ignore' });
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    return [await ask(server, folder, files[0]), await ask(server, folder, files[1])];
  } finally {
    await server.stop();
  }
}

async function ask(server: Running, folder: string, file: string): Promise<Cost> {
  const packetsBefore = await packetsUpstream(folder);
  const before = cpuTicks(server.pid);
  const output = dnsperf(server.port, file);
  const cpuSeconds = (cpuTicks(server.pid) - before) / TICKS;
  const packets = (await packetsUpstream(folder)) - packetsBefore;
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);
  return {
    completed: number(/Queries completed:\s+(\d+)/),
    seconds: number(/Run time \(s\):\s+([\d.]+)/),
    cpuSeconds,
    packets,
    lost: number(/Queries lost:\s+(\d+)/),
    failed: number(/SERVFAIL (\d+)/),
  };
}

type Files = readonly [first: string, second: string];

/** The first distinct questions, in the order of their first being asked. */
function writeNames(folder: string): Files {
  const lines = new Set(readFileSync(join(folder, 'queries.txt'), 'utf8').trimEnd().split('\n'));
  if (lines.size < NAMES) throw new Error(`${lines.size} distinct names are too few: take more zones`);
  const write = (name: string, from: number, to: number): string => {
    const file = join(folder, name);
    writeFileSync(file, [...lines].slice(from, to).join('\n') + '\n');
    return file;
  };
  const half = Math.floor(NAMES / 2);
  return [write('first.txt', 0, half), write('second.txt', half, NAMES)];
}

/** Resolves all names with each resolver in turn, `rounds` times, and prints medians. */
export async function cold({ rounds, zones }: { rounds: number; zones: number }): Promise<void> {
  const absent = fakenetMissing() || missing('unbound', 'dnsperf', 'ip');
  if (absent) throw new Error(absent);
  if (process.getuid?.() !== 0)
    throw new Error('recursion is measured in network namespaces: run this as root');
  const names = (Object.keys(PROGRAMS) as PeerName[]).filter((name) => missing(PROGRAMS[name]) === false);
  const peers = [causeway, ...names.map(peer)];
  const results = new Map(peers.map(({ name }) => [name, [] as Round[]]));
  const folder = mkdtempSync(join(tmpdir(), 'causeway-cold-'));
  try {
    await build(folder, ['--zones', String(zones), '--netns', NETNS]);
    const net = await run(folder);
    try {
      const files = writeNames(folder);
      for (let i = 0; i < rounds; i++)
        for (const each of peers) results.get(each.name)!.push(await measure(each, folder, files));
    } finally {
      await net.down();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  report(results, rounds, zones);
}

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;

interface Row {
  readonly name: string;
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly packets: number;
}

function report(results: ReadonlyMap<string, readonly Round[]>, rounds: number, zones: number): void {
  console.log(
    `nothing cached, ${NAMES} names in ${zones} zones, dnsperf ${CLIENTS.join(' ')}, ${rounds} rounds, medians, ` +
      'one worker (ratio to unbound)',
  );
  table('all names', results, both);
  table('the second half of them', results, ([, second]) => second);
  for (const [name, list] of results) {
    const lost = list.reduce((sum, round) => sum + both(round).lost, 0);
    const failed = list.reduce((sum, round) => sum + both(round).failed, 0);
    if (lost + failed > 0) console.log(`${name}: lost ${lost}, SERVFAIL ${failed}`);
  }
}

function table(
  title: string,
  results: ReadonlyMap<string, readonly Round[]>,
  of: (round: Round) => Cost,
): void {
  const rows = [...results].map(([name, list]): Row => {
    const costs = list.map(of);
    return {
      name,
      perSecond: median(costs.map(({ completed, seconds }) => completed / seconds)),
      cpuUs: median(costs.map(({ completed, cpuSeconds }) => (cpuSeconds / completed) * 1e6)),
      packets: median(costs.map(({ completed, packets }) => packets / completed)),
    };
  });
  const unbound = rows.find(({ name }) => name === 'unbound')!;
  console.log(`${title}:`);
  for (const row of rows) {
    const cell = (key: 'perSecond' | 'cpuUs' | 'packets', digits: number, width: number): string =>
      `${row[key].toFixed(digits).padStart(width)} (${(row[key] / unbound[key]).toFixed(2)})`;
    console.log(
      `${row.name.padEnd(10)} ${cell('perSecond', 0, 7)} resolutions/s   ${cell('cpuUs', 0, 6)} us CPU and ` +
        `${cell('packets', 2, 5)} packets upstream each`,
    );
  }
}
