/**
 * A host of its own for end-to-end tests: mount and network namespaces with a loopback interface, and private /etc, /run
 * and /var/lib, so that programs of this host find other files there. All ends with the process that holds it.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SETUP = `set -e
mount -t tmpfs none "$1"
cp -a /etc "$1/etc"
rm -f "$1/etc/resolv.conf"
if [ -n "$2" ]; then
  cp -r "$2/etc/." "$1/etc"
  mount -t overlay overlay -o "lowerdir=$2/usr:/usr" /usr
fi
mkdir "$1/run" "$1/lib"
mount --bind "$1/etc" /etc
mount --bind "$1/run" /run
mount --bind "$1/lib" /var/lib
ip link set lo up
echo ready
exec cat
`;
const UNSHARE = ['unshare', '--mount', '--net', '--kill-child', '--fork'];

/** Making namespaces takes privileges that not every machine gives. */
export const noSandbox: string | false =
  spawnSync('unshare', ['--mount', '--net', 'mount', '-t', 'tmpfs', 'none', '/run']).status === 0
    ? false
    : 'mount and network namespaces cannot be made here';

const PACKAGES = join(import.meta.dirname, '../../.ci/unpacked');

/** Debian packages that `.ci/run` has unpacked, for a sandbox that has them, or why there can be none. */
export function unpacked(name: string): { readonly folder: string; readonly skip: string | false } {
  const folder = join(PACKAGES, name);
  if (noSandbox !== false) return { folder, skip: noSandbox };
  if (!existsSync(folder)) return { folder, skip: `not unpacked: ${name}; .ci/run does that` };
  const overlay = ['mount', '-t', 'overlay', 'overlay', '-o', `lowerdir=${folder}/usr:/usr`, '/usr'];
  const { status } = spawnSync('unshare', ['--mount', ...overlay]);
  return { folder, skip: status !== 0 && 'no file system can be laid over /usr here' };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Sandbox {
  /** Where its files are for programs outside. */
  readonly root: string;
  /** In front of a command that is to run there. */
  readonly enter: readonly string[];
  run(...command: string[]): Promise<Ran>;
  /** The same, and throws where it fails. Returns what it printed. */
  must(...command: string[]): Promise<string>;
  /** A program that stays. It is ended with the sandbox. */
  spawn(...command: string[]): ChildProcess;
  stop(): Promise<void>;
}

/** @param packages a folder of unpacked packages: the sandbox has them, and the machine has not */
export async function startSandbox(
  env: Readonly<Record<string, string>> = {},
  packages = '',
): Promise<Sandbox> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-sandbox-'));
  const [program, ...words] = [...UNSHARE, 'sh', '-c', SETUP, 'sh', folder, packages];
  const holder = spawn(program!, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise<void>((resolve) => holder.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve());
    holder.once('exit', () => reject(new Error('no sandbox could be made')));
  });
  const inside = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
  const enter = ['nsenter', '--target', inside, '--mount', '--net', '--wd=/'];
  const running = new Set<ChildProcess>();
  const run = (...command: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      const [first, ...rest] = [...enter, ...command];
      execFile(
        first!,
        rest,
        { timeout: 60_000, env: { ...process.env, ...env } },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
          resolve({ code, stdout, stderr });
        },
      );
    });
  return {
    root: `/proc/${inside}/root`,
    enter,
    run,
    async must(...command) {
      const { code, stdout, stderr } = await run(...command);
      if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}${stdout}`);
      return stdout;
    },
    spawn(...command) {
      const [first, ...rest] = [...enter, ...command];
      const child = spawn(first!, rest, {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, ...env },
      });
      running.add(child);
      return child;
    },
    async stop() {
      await Promise.all(
        [...running].map((child) => {
          if (child.exitCode !== null || child.signalCode !== null) return undefined;
          const ended = new Promise((resolve) => child.once('exit', resolve));
          child.kill('SIGKILL');
          return ended;
        }),
      );
      holder.stdin.end();
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
