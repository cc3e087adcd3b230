/**
 * Starts the servers of a benchmark: Causeway, and each peer that is installed, as processes of their own in folders
 * of their own, on 127.0.0.1. They end with this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'dns-packet';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';
import { findTool } from '../support/tools.ts';
import { cpuSeconds, LOAD_CORE, onCore, SERVER_CORE } from './load.ts';
import type { Options } from './options.ts';
import { nsd, RESOLVERS, type Recipe, type Setting } from './recipes.ts';
import { ORIGIN } from './zone.ts';

/** A server that answers. */
export interface Server {
  readonly name: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly pid: number;
  /** From the start of its process to its first right answer. */
  readonly startSeconds: number;
  /** CPU that it took until then. */
  readonly startCpuSeconds: number;
  stop(): Promise<void>;
}

export interface Launch extends Partial<Pick<Setting, 'upstream' | 'threads' | 'cacheMb' | 'zone'>> {
  /** The core that it is kept on, or `any`. Default: the servers' core. */
  readonly core?: number | 'any';
  /** A name that has an address once the server is ready. */
  readonly ready?: string;
  /** A folder that outlives the server; by default it has a new one. */
  readonly folder?: string;
}

/** How often a server that starts is asked: this is the resolution of `startSeconds`. */
const ASK_MS = 2;
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 5_000;
/** Caches are large enough for all that a benchmark asks. */
const CACHE_MB = 512;

/** Starts one server and waits for its first right answer. */
export async function start(recipe: Recipe, launch: Launch = {}): Promise<Server> {
  const { core = SERVER_CORE, ready = `h0.${ORIGIN}` } = launch;
  const folder = launch.folder ?? mkdtempSync(join(tmpdir(), `causeway-bench-${recipe.name}-`));
  const setting: Setting = {
    folder,
    port: await freePort(),
    metricsPort: await freePort(),
    upstream: launch.upstream ?? 0,
    threads: launch.threads ?? 1,
    cacheMb: launch.cacheMb ?? CACHE_MB,
    zone: launch.zone,
  };
  mkdirSync(join(folder, 'cache'), { recursive: true });
  mkdirSync(join(folder, 'db'), { recursive: true });
  for (const [name, text] of Object.entries(recipe.files(setting))) writeFileSync(join(folder, name), text);
  const startedAt = performance.now();
  const child = run([...(core === 'any' ? [] : onCore(core)), ...recipe.command(setting)], folder);
  const stop = async (): Promise<void> => {
    await end(child);
    if (launch.folder === undefined) rmSync(folder, { recursive: true, force: true });
  };
  if (!(await answers(child, setting.port, ready, recipe.isEcho === true ? 0 : 1))) {
    const log = readFileSync(join(folder, 'log'), 'latin1');
    await stop();
    throw new Error(`${recipe.name} does not answer\n${log}`);
  }
  const startSeconds = (performance.now() - startedAt) / 1000;
  const { port, metricsPort } = setting;
  return {
    name: recipe.name,
    port,
    metricsPort,
    pid: child.pid!,
    startSeconds,
    startCpuSeconds: cpuOfAll(child.pid!),
    stop,
  };
}

/** In a group of its own, and ended by the kernel should this process die first. */
function run(command: readonly string[], folder: string): ChildProcess {
  const setpriv = findTool('setpriv');
  const [program, ...args] = [...(setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'TERM']), ...command];
  const log = openSync(join(folder, 'log'), 'w');
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
  const child = spawn(program!, args, { cwd: folder, env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const hard = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), STOP_MS_MAX);
  child.kill('SIGTERM');
  await gone;
  clearTimeout(hard);
}

/** Asks until there is an answer with so many records. */
async function answers(child: ChildProcess, port: number, name: string, records: number): Promise<boolean> {
  const socket = createSocket('udp4');
  // Nobody listens yet: the next question tells more.
  socket.on('error', () => undefined);
  const answered = new Promise<true>((resolve) =>
    socket.on('message', (octets) => {
      if ((decode(octets).answers?.length ?? 0) >= records) resolve(true);
    }),
  );
  const query = encode({
    type: 'query',
    id: 1,
    flags: 0x100,
    questions: [{ name: name.replace(/\.$/, ''), type: 'A' }],
  });
  try {
    return await Promise.race([answered, askUntilItEnds(child, socket, query, port)]);
  } finally {
    socket.close();
  }
}

async function askUntilItEnds(
  child: ChildProcess,
  socket: Socket,
  query: Buffer,
  port: number,
): Promise<false> {
  for (
    const end = Date.now() + READY_MS_MAX;
    Date.now() < end && child.exitCode === null;
    await sleep(ASK_MS)
  )
    socket.send(query, port, '127.0.0.1');
  return false;
}

/** The resolvers that are installed, of those that are asked for; tells of the others in a line. */
export function installed(options: Options, only?: readonly string[]): Recipe[] {
  const wanted = options.peers ?? only;
  const unknown = wanted?.filter((name) => !RESOLVERS.some((recipe) => recipe.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`no such server: ${unknown.join(', ')}`);
  return RESOLVERS.filter(({ name, program }) => {
    if (wanted !== undefined && !wanted.includes(name)) return false;
    const absent = existsSync(program) ? false : missing(program);
    if (absent !== false) console.log(`${name} is left out: ${absent}`);
    return absent === false;
  });
}

/** Servers of one benchmark, with the authoritative server behind them. */
export interface Fleet {
  readonly servers: readonly Server[];
  stop(): Promise<void>;
}

/** Starts the authoritative server, beside the load, and then all others. */
export async function startFleet(recipes: readonly Recipe[], launch: Launch = {}): Promise<Fleet> {
  const absent = missing('nsd', 'dnsperf');
  if (absent !== false) throw new Error(absent);
  const started: Server[] = [];
  const stop = async (): Promise<void> => {
    for (const server of started.splice(0).toReversed()) await server.stop();
  };
  try {
    const upstream = await start(nsd, { core: LOAD_CORE });
    started.push(upstream);
    for (const recipe of recipes) started.push(await start(recipe, { ...launch, upstream: upstream.port }));
    return { servers: started.slice(1), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Measures each server in turn, round after round, so that what disturbs the machine disturbs all. */
export async function interleaved<Sample>(
  rounds: number,
  servers: readonly Server[],
  measure: (server: Server, round: number) => Promise<Sample>,
): Promise<Map<string, Sample[]>> {
  const samples = new Map(servers.map(({ name }) => [name, [] as Sample[]]));
  for (let round = 0; round < rounds; round++)
    for (const server of servers) samples.get(server.name)!.push(await measure(server, round));
  return samples;
}

/** Octets of memory of a process and its children; what they share is counted once. */
export function memory(pid: number): number {
  const kilobytes = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))![1]);
  return childrenOf(pid).reduce((sum, child) => sum + memory(child), kilobytes * 1024);
}

/** CPU seconds of a process and its children: NSD reads its zones in one. */
function cpuOfAll(pid: number): number {
  const { user, system } = cpuSeconds(pid);
  return childrenOf(pid).reduce((sum, child) => sum + cpuOfAll(child), user + system);
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Causeway's metrics, by name with labels as the page has them: `causeway_cache_bytes{cache="answers"}`. */
export async function metrics(server: Server): Promise<ReadonlyMap<string, number>> {
  const page = await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
