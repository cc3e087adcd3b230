/** Runs a program as systemd runs a service that notifies and has sockets of its own; see supervisor.py. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { until } from './sockets.ts';
import { findTool } from './tools.ts';

export const python = findTool('python3');

export interface Wish {
  /** A path, or a name beginning with `@`. */
  readonly notify: string;
  /** Microseconds; none: nobody watches. */
  readonly watchdog?: number;
  /** In the order in which they are passed. */
  readonly listen?: readonly (readonly ['udp' | 'tcp', string, number])[];
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Told {
  readonly listening?: number;
  readonly pid?: number;
  readonly from?: number;
  readonly tells?: string;
  readonly exit?: number;
}

const HEARD_MS_MAX = 60_000;

/** Resolves when the sockets are open; the service starts with `begin`. */
export async function supervise(t: { teardown(fn: () => void): void }, { env, ...wish }: Wish) {
  const child = spawn(python!, [join(import.meta.dirname, 'supervisor.py'), JSON.stringify(wish)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let printed = '';
  let log = '';
  child.stdout.on('data', (chunk) => (printed += String(chunk)));
  child.stderr.on('data', (chunk) => (log += String(chunk)));
  const told = (): Told[] =>
    printed
      .slice(0, printed.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Told);
  const first = <K extends keyof Told>(key: K) => told().find((each) => each[key] !== undefined)?.[key];
  const wait = (what: () => boolean, name: string) => until(what, name, HEARD_MS_MAX);
  t.teardown(() => {
    const pid = first('pid');
    if (pid !== undefined && first('exit') === undefined) process.kill(pid, 'SIGKILL');
    child.kill('SIGKILL');
  });
  await wait(() => first('listening') !== undefined, 'its sockets');
  return {
    begin: () => void child.stdin.end(),
    log: () => log,
    pid: () => first('pid'),
    /** What was told so far, as `READY=1`: one notification may tell of several things. */
    heard: () =>
      told().flatMap(({ tells }) => tells?.split('\n').filter((line) => line.endsWith('=1')) ?? []),
    /** Who sent them, by the kernel's word. */
    senders: () => [...new Set(told().flatMap(({ from }) => from ?? []))],
    /** Waits until that was told `times` times. */
    hears(word: string, times = 1) {
      const count = (): number => this.heard().filter((each) => each === word).length;
      return wait(() => count() >= times, `${times} × ${word} in ${this.heard()}\n${log}`);
    },
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    /** The exit code of the service, or minus the signal's number. */
    async ended() {
      await wait(() => first('exit') !== undefined, `the end of\n${log}`);
      return first('exit')!;
    },
  };
}
