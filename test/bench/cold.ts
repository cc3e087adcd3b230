/**
 * `npm run bench -- cold`: recursion with nothing in the cache. On a small Internet in network namespaces
 * (test/support/fakenet) every resolver that is installed is started afresh for each round, one worker or thread each,
 * and resolves the same distinct names once, in two halves: the second shows what a program costs that is warm while
 * the cache has nothing of these names' zones but what the first half left of their parents. Each has one core for all its
 * threads, and then, started afresh, all cores with dnsperf and the authoritative servers. Needs root.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from '../support/daemon.ts';
import { build, fakenetMissing, python, run } from '../support/fakenet/fakenet.ts';
import { missing } from '../support/servers.ts';
import { CLIENTS, LOAD_CORE, type Load, load, onCore, pin, SERVER_CORE } from './load.ts';
import type { Options } from './options.ts';
import { type Column, compare, number, publish, type Table } from './report.ts';

/** Distinct names of one pass: about those among the first 50,000 questions by Zipf popularity. */
const NAMES = 9_351;
/** After the start: priming and what else a resolver does at first is not what is measured. */
const IDLE_MS = 2_000;
/** Own namespaces, so that one that is up for other reasons is left alone. */
const NETNS = `cold${process.pid}`;

interface Running {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<unknown>;
}

interface Peer {
  readonly name: string;
  /** @param command the beginning of a command that runs the rest of it where the placement says */
  start(folder: string, command: readonly string[]): Promise<Running>;
}

/** What some names cost together. */
interface Cost extends Load {
  /** Questions that reached an authoritative server. */
  readonly packets: number;
}

type Round = readonly [first: Cost, second: Cost];

/** Where the threads of a server are: on a core of their own, or on all, as the system schedules them. */
const PLACEMENTS = ['one core', 'all cores'] as const;
type Placement = (typeof PLACEMENTS)[number];

/** Both halves as one. */
function both([a, b]: Round): Cost {
  const completed = a.completed + b.completed;
  const seconds = a.seconds + b.seconds;
  const mean = (of: (cost: Cost) => number): number =>
    (of(a) * a.completed + of(b) * b.completed) / completed;
  return {
    completed,
    seconds,
    perSecond: completed / seconds,
    userUs: mean(({ userUs }) => userUs),
    systemUs: mean(({ systemUs }) => systemUs),
    packets: a.packets + b.packets,
    lost: a.lost + b.lost,
    failed: a.failed + b.failed,
    servfail: a.servfail + b.servfail,
  };
}

const COLUMNS: readonly Column<Cost>[] = [
  { head: 'resolutions/s', of: ({ perSecond }) => perSecond, ratio: true },
  { head: 'CPU µs each', of: ({ userUs, systemUs }) => userUs + systemUs, ratio: true },
  {
    head: 'packets upstream each',
    of: ({ packets, completed }) => packets / completed,
    digits: 2,
    ratio: true,
  },
  { head: 'lost', of: ({ lost }) => lost, sum: true },
  { head: 'SERVFAIL', of: ({ servfail }) => servfail, sum: true },
];

/** The beginning of a command that runs the rest of it where the resolvers are. */
const IN_RESOLVERS = ['ip', 'netns', 'exec', `${NETNS}-res`];

const causeway: Peer = {
  name: 'causeway',
  start: async (folder, command) => {
    const daemon = await startDaemon({
      config: `
node: { name: bench, state: ./state, workers: 1, cache: 256MB, rateLimit: off, metrics: off }
vpcs: [{ id: vpc-bench, cidrs: [127.0.0.0/8], rebinding: off }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], allow: [127.0.0.0/8] }] }
recursion: { hints: "${folder}/named.root", anchors: "${folder}/root.key" }
`,
      // The daemon must be the only child of the command it is run by.
      under: [...IN_RESOLVERS, ...command, 'unshare', '--fork'],
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

async function packetsUpstream(folder: string): Promise<number> {
  const { output } = await python('fakenet.py', ['stats', '--dir', folder]);
  return (JSON.parse(output) as { udp_queries: number }).udp_queries;
}

async function measure(each: Peer, folder: string, files: Files, placement: Placement): Promise<Round> {
  // Who makes more threads where there are more cores is told before it begins; the others are moved.
  const server = await each.start(folder, placement === 'one core' ? onCore(SERVER_CORE) : []);
  try {
    if (placement === 'one core') pin(server.pid, SERVER_CORE);
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const core = placement === 'one core' ? LOAD_CORE : 'any';
    return [await ask(server, folder, files[0], core), await ask(server, folder, files[1], core)];
  } finally {
    await server.stop();
  }
}

async function ask(server: Running, folder: string, file: string, core: number | 'any'): Promise<Cost> {
  const packetsBefore = await packetsUpstream(folder);
  const cost = await load(server, { file, once: true, under: IN_RESOLVERS, core });
  return { ...cost, packets: (await packetsUpstream(folder)) - packetsBefore };
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

/** Resolves all names with each resolver in turn, as often as there are rounds, and publishes the medians. */
export async function cold(options: Options): Promise<void> {
  const absent = fakenetMissing() || missing('unbound', 'dnsperf', 'ip');
  if (absent) throw new Error(absent);
  if (process.getuid?.() !== 0)
    throw new Error('recursion is measured in network namespaces: run this as root');
  const peers = wanted(options);
  const samples = new Map(
    PLACEMENTS.map((placement) => [placement, new Map(peers.map(({ name }) => [name, [] as Round[]]))]),
  );
  await inFakenet(options.zones, async (folder) => {
    const files = writeNames(folder);
    for (let i = 0; i < options.rounds; i++)
      for (const [placement, rounds] of samples)
        for (const each of peers) rounds.get(each.name)!.push(await measure(each, folder, files, placement));
  });
  const table = (caption: string, placement: Placement, of: (round: Round) => Cost): Table =>
    compare(
      caption,
      new Map([...samples.get(placement)!].map(([name, rounds]) => [name, rounds.map(of)])),
      COLUMNS,
    );
  const secondOf = ([, second]: Round): Cost => second;
  publish(
    {
      id: 'cold',
      intro:
        `Nothing in the cache: ${number(NAMES)} names in ${number(options.zones)} zones, dnsperf ${CLIENTS.join(' ')}, one worker ` +
        `or thread each; medians of ${options.rounds} rounds, in parentheses the ratio to Unbound.`,
      tables: [
        table('All names, each server with all its threads on one core', 'one core', both),
        table('The second half of them', 'one core', secondOf),
        table(
          'All names, on all cores, which dnsperf and the authoritative servers share',
          'all cores',
          both,
        ),
        table('The second half of these', 'all cores', secondOf),
      ],
      notes: [],
      programs: [...Object.values(PROGRAMS), 'nsd', 'dnsperf'],
    },
    options,
  );
}

/** All that are installed, or those that are asked for. */
function wanted({ peers }: Options): Peer[] {
  const names = (Object.keys(PROGRAMS) as PeerName[]).filter((name) => missing(PROGRAMS[name]) === false);
  const all = [causeway, ...names.map(peer)];
  return all.filter(({ name }) => peers === undefined || peers.includes(PROGRAMS[name as PeerName] ?? name));
}

async function inFakenet(zones: number, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-cold-'));
  try {
    await build(folder, ['--zones', String(zones), '--netns', NETNS]);
    const net = await run(folder);
    try {
      await work(folder);
    } finally {
      await net.down();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
