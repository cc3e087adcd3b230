import { unreachable } from '../../util/assert.ts';
import { CliError } from '../command.ts';
import { type Disk, diskError, sha256, type Thing } from './disk.ts';
import {
  type After,
  COPY,
  forgetJournal,
  type Journal,
  type Place,
  type Step,
  type Write,
  writeJournal,
} from './journal.ts';

/** Runs a command of the host; false and its words where it failed. */
export type Runner = (command: readonly string[]) => { readonly ok: boolean; readonly text: string };

/** The name that what was at a path has meanwhile. */
export const savedName = (path: string): string => `${path}.before-causeway`;
/** The name of what is to be at a path, until it is. */
const newName = (path: string): string => `${path}.causeway-new`;
/** Where an uninstallation that was told to go on puts what somebody else wrote. */
const foreignName = (path: string): string => `${path}.after-causeway`;
/** The first such name that is free. */
function freeForeignName(disk: Disk, path: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? foreignName(path) : `${foreignName(path)}.${n}`;
    if (disk.look(name).kind === 'nothing') return name;
  }
}

/** How far a step has come, seen from what is there. */
type Progress =
  | 'untouched'
  /** What was there has its second name, and its first one still. */
  | 'begun'
  | 'done'
  /** Somebody else has changed what the step made. */
  | 'foreign'
  /** What was there before is not kept any more, or not as it was. */
  | 'lost';

/** Does a step. Throws CliError; what it has done by then, `undoAll` undoes. */
export function apply(disk: Disk, step: Step, run: Runner): void {
  switch (step.do) {
    case 'folder':
      if (!disk.isFolder(step.path)) disk.mkdir(step.path);
      return;
    case 'place':
      place(disk, step);
      return;
    case 'write':
      write(disk, step);
      return;
    case 'run':
      if (step.apply !== undefined) runOrThrow(run, step.apply);
      return;
    default:
      unreachable(step);
  }
}

function runOrThrow(run: Runner, command: readonly string[]): void {
  const { ok, text } = run(command);
  if (!ok) throw new CliError(`\`${command.join(' ')}\` failed: ${text}`, 'mend that first');
}

function place(disk: Disk, { path, before, after }: Place): void {
  prepare(disk, path, after, before.kind === 'file' ? before : undefined);
  if (before.kind !== 'nothing') disk.link(path, savedName(path));
  const kept = before.kind === 'nothing' ? path : savedName(path);
  if (!isAs(disk.look(kept), before)) throw changedMeanwhile(path);
  disk.rename(newName(path), path);
}

/** @param dress that of a file whose place it takes */
function prepare(
  disk: Disk,
  path: string,
  after: After,
  dress?: { readonly mode: number; readonly uid: number; readonly gid: number },
): void {
  const mode = dress ?? { mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (disk.has(newName(path))) disk.unlink(newName(path));
  if (after.kind === 'link') disk.symlink(newName(path), after.target, mode);
  else disk.create(newName(path), after.text, mode);
}

function write(disk: Disk, { path, before, after }: Write): void {
  const octets = disk.octets(path);
  if (octets === undefined || sha256(octets) !== before.sha256) throw changedMeanwhile(path);
  disk.create(COPY, octets, { ...before, mode: 0o600 });
  fill(disk, path, Buffer.from(after.text));
}

function fill(disk: Disk, path: string, octets: Uint8Array): void {
  disk.overwrite(path, octets);
  disk.cut(path, octets.length);
}

function changedMeanwhile(path: string): CliError {
  return new CliError(`${path} is being changed by something else`, 'see what, and run the command again');
}

/** Gives what a step made other content. The journal has both before and after, so that a crash is none. */
export function replace(disk: Disk, step: Place | Write): void {
  if (step.do === 'write') {
    fill(disk, step.path, Buffer.from(step.after.text));
    return;
  }
  prepare(disk, step.path, step.after, step.before.kind === 'file' ? step.before : undefined);
  disk.rename(newName(step.path), step.path);
}

/** What an uninstallation did not bring back as it was, for a person. */
export type Remark = string;

/**
 * Undoes all steps, the last first, whichever of them were done, begun or not. It may be interrupted at any place and
 * be run again. Throws CliError, and then nothing has been changed, where somebody else has changed what the steps
 * made, or what was before is lost; with `force` such things are put aside or left.
 */
export function undoAll(disk: Disk, journal: Journal, run: Runner, force = false): Remark[] {
  if (!force) refuseForeign(disk, journal);
  if (journal.state !== 'removing') writeJournal(disk, { ...journal, state: 'removing' }, false);
  const remarks = journal.steps.toReversed().flatMap((step) => undo(disk, step, run));
  forgetJournal(disk);
  return remarks;
}

function refuseForeign(disk: Disk, { steps }: Journal): void {
  for (const step of steps) {
    if (step.do !== 'place' && step.do !== 'write') continue;
    const progress = progressOf(disk, step);
    if (progress === 'foreign' && !isGiven(step))
      throw new CliError(
        `${step.path} was changed by someone else since`,
        `look at it, and run \`causeway uninstall-host --force\`: it is put aside as ${foreignName(step.path)}`,
      );
    if (progress === 'lost')
      throw new CliError(
        `what ${step.path} was before is not kept any more, or was changed`,
        `put it right by hand, and run \`causeway uninstall-host --force\``,
      );
  }
}

function isGiven(step: Place | Write): boolean {
  return step.do === 'place' && step.given === true;
}

function undo(disk: Disk, step: Step, run: Runner): Remark[] {
  try {
    switch (step.do) {
      case 'folder':
        if (disk.isFolder(step.path) && !disk.rmdir(step.path))
          return [`${step.path} stays: it is not empty`];
        return [];
      case 'place':
        return unplace(disk, step);
      case 'write':
        return unwrite(disk, step);
      case 'run': {
        const result = step.undo === undefined ? undefined : run(step.undo);
        if (result === undefined || result.ok) return [];
        return [`\`${step.undo!.join(' ')}\` failed: ${result.text}`];
      }
      default:
        return unreachable(step);
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && step.do !== 'run') throw diskError(error, step.path);
    throw error;
  }
}

function unplace(disk: Disk, step: Place): Remark[] {
  const { path, before } = step;
  if (disk.has(newName(path))) disk.unlink(newName(path));
  const progress = progressOf(disk, step);
  switch (progress) {
    case 'untouched':
      return [];
    case 'begun':
      disk.unlink(savedName(path));
      return [];
    case 'done':
      if (before.kind === 'nothing') disk.unlink(path);
      else disk.rename(savedName(path), path);
      return [];
    case 'foreign': {
      if (step.given) return [`${path} stays: it was changed since`];
      const aside = freeForeignName(disk, path);
      disk.rename(path, aside);
      if (before.kind !== 'nothing') disk.rename(savedName(path), path);
      return [`what was ${path} is ${aside}`];
    }
    case 'lost':
      return [`${path} stays: what it was before is lost`];
    default:
      return unreachable(progress);
  }
}

function unwrite(disk: Disk, step: Write): Remark[] {
  const { path, before } = step;
  let aside: string | undefined;
  const copy = disk.octets(COPY);
  const progress = progressOf(disk, step);
  if (copy === undefined) return progress === 'lost' ? [`${path} stays: what it was before is lost`] : [];
  switch (progress) {
    case 'lost':
      return [`${path} stays: what it was before is lost`];
    case 'foreign': {
      const octets = disk.octets(path);
      if (octets === undefined) break;
      // Where this was interrupted it may be there already; twice does no harm.
      aside = freeForeignName(disk, path);
      disk.create(aside, octets, before);
      break;
    }
    case 'untouched':
    case 'begun':
    case 'done':
      break;
    default:
      unreachable(progress);
  }
  if (progress !== 'untouched') fill(disk, path, copy);
  disk.dress(path, before);
  return aside === undefined ? [] : [`what was ${path} is ${aside}`];
}

export function progressOf(disk: Disk, step: Place | Write): Progress {
  return step.do === 'place' ? progressOfPlace(disk, step) : progressOfWrite(disk, step);
}

function progressOfPlace(disk: Disk, { path, before, after, former }: Place): Progress {
  const here = disk.look(path);
  const isOurs = isMade(here, after) || (former !== undefined && isMade(here, former));
  if (before.kind === 'nothing') return here.kind === 'nothing' ? 'untouched' : isOurs ? 'done' : 'foreign';
  const saved = savedName(path);
  // Without a second name the step was not begun, whatever became of the first one since.
  if (!disk.has(saved)) return isOurs && !isAs(here, before) ? 'lost' : 'untouched';
  if (disk.same(saved, path)) return 'begun';
  if (!isAs(disk.look(saved), before)) return 'lost';
  return isOurs || here.kind === 'nothing' ? 'done' : 'foreign';
}

function progressOfWrite(disk: Disk, { path, before, after, former }: Write): Progress {
  const here = disk.octets(path);
  if (here === undefined) return 'foreign';
  if (sha256(here) === before.sha256) return 'untouched';
  const copy = disk.octets(COPY);
  const ours = [after, ...(former === undefined ? [] : [former])].map(({ text }) => Buffer.from(text));
  if (copy === undefined) return ours.some((each) => each.equals(here)) ? 'lost' : 'untouched';
  if (sha256(copy) !== before.sha256) return 'lost';
  // Written over, and not yet cut: one text, and the rest of a longer one.
  const texts = [copy, ...ours];
  const isMixed = texts.some((a) => texts.some((b) => Buffer.concat([a, b.subarray(a.length)]).equals(here)));
  return isMixed ? 'done' : 'foreign';
}

/** What is there is what was there, as far as its content goes. */
function isAs(here: Thing, before: Place['before']): boolean {
  switch (before.kind) {
    case 'nothing':
      return here.kind === 'nothing';
    case 'file':
      return here.kind === 'file' && here.sha256 === before.sha256;
    case 'link':
      return here.kind === 'link' && here.target === before.target;
    default:
      return unreachable(before);
  }
}

function isMade(here: Thing, after: After): boolean {
  if (after.kind === 'link') return here.kind === 'link' && here.target === after.target;
  return here.kind === 'file' && here.sha256 === sha256(after.text);
}
