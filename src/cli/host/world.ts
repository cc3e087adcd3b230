import { spawnSync } from 'node:child_process';
import { CliError, type Input } from '../command.ts';
import type { Runner } from './change.ts';
import { Disk } from './disk.ts';
import { type Listener, listenersOn } from './listening.ts';
import type { Means } from './plan.ts';

/** Where libc asks: resolv.conf has no way to say another port. */
export const LOOPBACK_PORT = 53;
const COMMAND_MS_MAX = 120_000;

/** What an installation needs of the world; tests have their own. */
export interface World {
  readonly disk: Disk;
  readonly means: Means;
  readonly run: Runner;
  readonly listeners: readonly Listener[];
}

/** The host itself, or what is below --root. Throws CliError. */
export function worldOf(input: Input): World {
  const disk = diskOf(input);
  const live = disk.root === '/';
  return {
    disk,
    means: { live, systemd: live && disk.isFolder('/run/systemd/system') },
    run: runCommand,
    listeners: live ? listenersOn(LOOPBACK_PORT) : [],
  };
}

function runCommand([program, ...words]: readonly string[]): { ok: boolean; text: string } {
  const { status, stderr, error } = spawnSync(program!, words, {
    encoding: 'utf8',
    timeout: COMMAND_MS_MAX,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return { ok: status === 0, text: error?.message ?? stderr.trim().split('\n').at(-1) ?? '' };
}

function diskOf(input: Input): Disk {
  const root = input.text('root') ?? '/';
  try {
    return new Disk(root);
  } catch {
    throw new CliError(`there is no folder ${root}`, 'name the root folder of an image');
  }
}

export function mustBeRoot({ means }: Pick<World, 'means'>): void {
  if (!means.live || process.getuid?.() === 0) return;
  throw new CliError(
    'only root may change where this host asks for names',
    'run it with sudo, or with --dry-run',
  );
}

const PAUSE_MS = 500;

/** Lets something else of the host come to be; nothing goes on in this process meanwhile. */
export function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
