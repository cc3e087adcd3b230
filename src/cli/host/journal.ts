import { dirname } from 'node:path';
import * as z from 'zod';
import { CliError } from '../command.ts';
import type { Disk } from './disk.ts';

/** Where an installation keeps what it needs to be undone. Not the daemon's state folder: that is its user's. */
export const STATE = '/var/lib/causeway-host';
const JOURNAL = `${STATE}/journal.json`;
const JOURNAL_NEW = `${JOURNAL}.new`;

const dress = { mode: z.int(), uid: z.int(), gid: z.int(), mtimeMs: z.number() };
const before = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('nothing') }),
  z.strictObject({ kind: z.literal('file'), sha256: z.string(), ...dress }),
  z.strictObject({ kind: z.literal('link'), target: z.string(), ...dress }),
]);
const after = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), text: z.string() }),
  z.strictObject({ kind: z.literal('link'), target: z.string() }),
]);
const path = z.string().startsWith('/');
const command = z.array(z.string()).min(1);

/**
 * A change of the host. Each can be undone from what is found: nothing has to be written once it is done.
 *
 * `folder` makes one. `place` puts a file or link where one is or is not, under its name at once; what was there keeps
 * a second name beside it. `write` writes into a file whose name cannot be given to another, as it is a mount point;
 * what was in it is in a copy. `run` has a command for either way.
 */
const step = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('folder'), path }),
  z.strictObject({
    do: z.literal('place'),
    path,
    before,
    after,
    /** What an update takes the place of: either may be there. */
    former: after.optional(),
    /** It was made, and is the operator's from then on: once it was changed, it stays. */
    given: z.literal(true).optional(),
  }),
  z.strictObject({
    do: z.literal('write'),
    path,
    before: before.options[1],
    after: after.options[0],
    former: after.options[0].optional(),
  }),
  z.strictObject({ do: z.literal('run'), apply: command.optional(), undo: command.optional() }),
]);

const journal = z.strictObject({
  version: z.literal(1),
  /** `installing` and `removing`: if no such command runs, it was interrupted. */
  state: z.enum(['installing', 'installed', 'removing']),
  manager: z.enum(['systemd-resolved', 'NetworkManager', 'openresolv', 'resolvconf', 'file']),
  address: z.string(),
  config: z.string(),
  steps: z.array(step),
});

export type Step = z.output<typeof step>;
export type Place = Extract<Step, { do: 'place' }>;
export type Write = Extract<Step, { do: 'write' }>;
export type Before = z.output<typeof before>;
export type After = z.output<typeof after>;
export type Manager = z.output<typeof journal>['manager'];
export type Journal = z.output<typeof journal>;

/** The journal of an installation; undefined where there is none. Throws CliError where it cannot be read. */
export function readJournal(disk: Disk): Journal | undefined {
  const text = disk.read(JOURNAL);
  if (text === undefined) return undefined;
  try {
    return journal.parse(JSON.parse(text));
  } catch {
    throw new CliError(
      `${JOURNAL} is damaged`,
      'put back what is beside the files that were changed as *.before-causeway, and remove the folder',
    );
  }
}

/** It is on the disk, whole, when this returns. The first one takes the place for itself. */
export function writeJournal(disk: Disk, value: Journal, first: boolean): void {
  if (first) {
    if (!disk.isFolder(dirname(STATE))) throw new CliError(`there is no ${dirname(STATE)}`, 'make it');
    if (!disk.isFolder(STATE)) disk.mkdir(STATE);
    if (disk.has(JOURNAL)) throw new CliError('an installation is there already', 'remove it first');
  }
  if (disk.has(JOURNAL_NEW)) disk.unlink(JOURNAL_NEW);
  const owner = { mode: 0o600, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  disk.create(JOURNAL_NEW, `${JSON.stringify(value, null, 2)}\n`, owner);
  disk.rename(JOURNAL_NEW, JOURNAL);
}

/** Removes the journal, and then what belonged to it; also what is left where that was interrupted. */
export function forgetJournal(disk: Disk): void {
  if (disk.has(JOURNAL)) disk.unlink(JOURNAL);
  if (!disk.isFolder(STATE)) return;
  for (const file of [JOURNAL_NEW, COPY]) if (disk.has(file)) disk.unlink(file);
  disk.rmdir(STATE);
}

/** The copy of the file that is written into: there is one at most. */
export const COPY = `${STATE}/copy`;
