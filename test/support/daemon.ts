/**
 * Causeway itself as a process, for end-to-end tests: `bin/causeway serve` with a configuration written into a
 * temporary folder. `start` resolves when it says that it is ready.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.ts';

const BIN = fileURLToPath(new URL('../../bin/causeway', import.meta.url));
const READY_MS_MAX = 90_000;
const CLI_MS_MAX = 90_000;
const STARTS_MAX = 3;

export interface Daemon {
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  readonly folder: string;
  readonly configFile: string;
  /** What it has logged so far. */
  log(): string;
  /** Replaces the configuration file; nothing is told to the daemon. */
  configure(config: string): void;
  /** Runs the CLI against it. */
  cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Sends a signal; `SIGTERM` by default, and waits for the end. Returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

export interface DaemonOptions {
  /** The configuration; `PORT` in it stands for the port of the daemon. */
  readonly config: string;
  /** Zone files and others beside the configuration. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the daemon as its only child: `['unshare', '--pid', '--fork']`. Signals go to the child. */
  readonly under?: readonly string[];
}

/** A port found free may be taken before the daemon binds it: it is started again then, with another one. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  for (let tries = 1; ; tries++)
    try {
      return await launch(options);
    } catch (error) {
      if (tries === STARTS_MAX || !String(error).includes('EADDRINUSE')) throw error;
    }
}

async function launch(options: DaemonOptions): Promise<Daemon> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-e2e-'));
  const port = await freePort('127.0.0.1');
  const configFile = join(folder, 'causeway.yaml');
  const write = (config: string): void => writeFileSync(configFile, config.replaceAll('PORT', String(port)));
  write(options.config);
  for (const [name, text] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const command = [...(options.under ?? []), BIN, 'serve', '--config', configFile];
  const child = spawn(command[0]!, command.slice(1), {
    cwd: folder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  let stopping = false;
  child.stdout.on('data', (chunk) => (log += String(chunk)));
  child.stderr.on('data', (chunk) => (log += String(chunk)));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  try {
    await ready(child, () => log);
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const pid = options.under === undefined ? child.pid! : onlyChildOf(child.pid!);
  const signalIt = (signal: NodeJS.Signals): void => void process.kill(pid, signal);
  return {
    address: '127.0.0.1',
    port,
    pid,
    folder,
    configFile,
    log: () => log,
    configure: write,
    cli: (...args) => runCli([...args, '--config', configFile]),
    kill(signal) {
      stopping ||= signal === 'SIGTERM' || signal === 'SIGINT';
      signalIt(signal);
    },
    async stop(signal = 'SIGTERM') {
      // A second signal would mean "at once".
      if (child.exitCode === null && !stopping) signalIt(signal);
      stopping = true;
      const code = await exited;
      rmSync(folder, { recursive: true, force: true });
      return code;
    },
  };
}

function onlyChildOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  // To signal process 0 would be to signal the group of the test itself.
  if (!/^\d+$/.test(children)) throw new Error(`process ${pid} has not one child: ${children || 'none'}`);
  return Number(children);
}

async function ready(child: ChildProcess, log: () => string): Promise<void> {
  const end = Date.now() + READY_MS_MAX;
  while (Date.now() < end) {
    if (/serving/.test(log())) return;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`causeway did not become ready:\n${log()}`);
}

export function runCli(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(BIN, args, { timeout: CLI_MS_MAX }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}
