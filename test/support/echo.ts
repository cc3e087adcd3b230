import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { query, textOf, UdpClient, until } from './sockets.ts';

const ASKS_MAX = 10_000;
const DAEMON = join(import.meta.dirname, 'echo-daemon.ts');

export interface Config {
  readonly ports: readonly number[];
  readonly workers?: number;
  readonly fault?: string;
  /** Health checks, by their number alone. */
  readonly checks?: number;
}

/** Starts a daemon with the control thread and workers of echo-*.ts. */
export function start(
  t: { teardown(fn: () => void): void },
  config: Config,
  env: Record<string, string> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-daemon-'));
  const file = join(folder, 'config.json');
  const configure = (next: Config): void => writeFileSync(file, JSON.stringify({ workers: 2, ...next }));
  configure(config);
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--disallow-code-generation-from-strings', DAEMON, file],
    { stdio: ['ignore', 'inherit', 'pipe'], env: { ...process.env, ...env } },
  );
  let log = '';
  child.stderr!.on('data', (chunk) => (log += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  t.teardown(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  return {
    child,
    ended,
    configure,
    log: () => log,
    /** Waits until a message is logged `times` times. */
    logged: (message: string | RegExp, times = 1) =>
      until(() => log.split(message).length > times, `${times} × ${message} in\n${log}`, 60_000),
  };
}

/** A FIFO that nobody has opened: to open it holds up a thread in a call of the system. */
export function fifo(t: { teardown(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-fifo-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'f');
  execFileSync('mkfifo', [path]);
  return path;
}

/** Asks until a worker answers `answer` to `text`. */
export async function askUntil(port: number, text: string, answer: string): Promise<void> {
  let last: string | undefined;
  for (let tries = 0; tries < ASKS_MAX && last !== answer; tries++) last = await ask(port, text);
  if (last !== answer) throw new Error(`the answer to ${text} is ${last} and does not become ${answer}`);
}

/** What a worker answers to `text`. Asks again each quarter of a second, as clients do: UDP may be lost. */
export async function ask(port: number, text: string): Promise<string> {
  const client = new UdpClient('127.0.0.1', port);
  await client.send(query(1, text));
  const again = setInterval(() => void client.send(query(1, text)), 250);
  try {
    await until(() => client.received.length > 0, `an answer to ${text}`);
  } finally {
    clearInterval(again);
    client.close();
  }
  return textOf(client.received[0]!);
}
