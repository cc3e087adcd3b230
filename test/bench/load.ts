/**
 * Load by dnsperf, and what it costs the server. Where there are two cores the server has core 0 for itself, and the
 * load shares core 1 with the authoritative server behind it.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';

/** Cores of the two sides; nothing is pinned where there is one core only. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;
/** Asked once: to a process that is pinned itself there is one. */
export const CORES = availableParallelism();
/** Clock ticks per second of /proc (getconf CLK_TCK; 100 on Linux). */
const TICKS = 100;
/** The priority of a process that is on the server's core and none of its affair. */
const STEPPED_BACK = 10;
/** Sockets of the client, and queries in flight: the same for every server. */
export const CLIENTS = ['-c', '10', '-q', '200'];

/** Seconds of load before the first measurement: caches fill, and what compiles code while it runs has done so. */
export const WARM_SECONDS = 2;

/** The beginning of a command that keeps the rest of it, with all threads that it starts, on one core. */
export function onCore(core: number): string[] {
  return CORES > 1 ? ['taskset', '-c', String(core)] : [];
}

/** Moves a running process with all its threads to one core. */
export function pin(pid: number, core: number): void {
  if (CORES > 1) execFileSync('taskset', ['-apc', String(core), String(pid)], { stdio: 'ignore' });
}

/**
 * The beginning of a command that goes before everything else on its core (SCHED_RR), where that is allowed: a client on
 * the server's core that is late asks in bursts, and the first of a burst waits for the last. Its threads take turns: one of
 * dnsperf's that waits for room spins, and by SCHED_FIFO the one that makes it would never run.
 */
export function punctually(): string[] {
  const command = ['chrt', '-r', '1'];
  return spawnSync(command[0]!, [...command.slice(1), 'true']).status === 0 ? command : [];
}

/** Moves the threads of that name to the server's core, and all others of the process to the load's. */
export function pinApart(pid: number, name: RegExp): void {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const isNamed = name.test(readFileSync(`/proc/${pid}/task/${thread}/comm`, 'latin1'));
    const core = String(isNamed ? SERVER_CORE : LOAD_CORE);
    if (CORES > 1) execFileSync('taskset', ['-pc', core, thread], { stdio: 'ignore' });
  }
}

/** All threads of a process: whoever is beside it on its core goes first. */
export function stepBack(pid: number): void {
  for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), STEPPED_BACK);
}

/** CPU seconds of a process so far, of all its threads, those that have ended included. */
export function cpuSeconds(pid: number): { user: number; system: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return { user: Number(fields[11]) / TICKS, system: Number(fields[12]) / TICKS };
}

/** What one run of dnsperf saw, and what it cost the server. */
export interface Load {
  readonly completed: number;
  readonly lost: number;
  /** Answers with another rcode than NOERROR. */
  readonly failed: number;
  readonly servfail: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** CPU microseconds per answer, in the server. */
  readonly userUs: number;
  readonly systemUs: number;
}

export interface LoadOptions {
  /** Questions as dnsperf reads them: lines, or with `binary` messages behind their lengths. */
  readonly file: string;
  readonly binary?: boolean;
  /** The file is played once; without it, again and again for `seconds`. */
  readonly once?: boolean;
  readonly seconds?: number;
  /** Queries per second; as many as it can, without. */
  readonly perSecond?: number;
  /** Where a line for each query goes, with its latency. */
  readonly log?: string;
  /** By what; UDP by default. */
  readonly mode?: 'udp' | 'tcp' | 'dot';
  /** Where the load is; LOAD_CORE by default. */
  readonly core?: number | 'any';
  /** A command to run dnsperf under. */
  readonly under?: readonly string[];
}

/** Runs dnsperf against a server on 127.0.0.1. */
export async function load(
  server: { readonly port: number; readonly pid: number },
  options: LoadOptions,
): Promise<Load> {
  const before = cpuSeconds(server.pid);
  const text = await run(
    [
      ...(options.under ?? []),
      ...(options.core === 'any' ? [] : onCore(options.core ?? LOAD_CORE)),
      ...dnsperf(server.port, options),
    ],
    options.log,
  );
  const after = cpuSeconds(server.pid);
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  const completed = number(/Queries completed:\s+(\d+)/);
  const noError = Number(/NOERROR (\d+)/.exec(text)?.[1] ?? 0);
  const us = (seconds: number): number => (seconds / completed) * 1e6;
  return {
    completed,
    lost: number(/Queries lost:\s+(\d+)/),
    failed: completed - noError,
    servfail: Number(/SERVFAIL (\d+)/.exec(text)?.[1] ?? 0),
    seconds: number(/Run time \(s\):\s+([\d.]+)/),
    perSecond: number(/Queries per second:\s+([\d.]+)/),
    userUs: us(after.user - before.user),
    systemUs: us(after.system - before.system),
  };
}

function dnsperf(port: number, options: LoadOptions): string[] {
  const args = ['dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', options.file, ...CLIENTS];
  if (options.binary === true) args.push('-B');
  if (options.once === true) args.push('-n', '1');
  if (options.seconds !== undefined) args.push('-l', String(options.seconds));
  if (options.perSecond !== undefined) args.push('-Q', String(Math.round(options.perSecond)));
  if (options.mode !== undefined) args.push('-m', options.mode);
  if (options.log !== undefined) args.push('-v');
  return args;
}

/** The output of a command, by way of a file where it is long: a pipe that is read late would hold the load up. */
async function run(command: readonly string[], log: string | undefined): Promise<string> {
  const file = log === undefined ? undefined : openSync(log, 'w');
  try {
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', file ?? 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)));
    const code = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code !== 0) throw new Error(`${command.join(' ')}: ${text}`);
    return log === undefined ? text : readFileSync(log, 'latin1');
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
