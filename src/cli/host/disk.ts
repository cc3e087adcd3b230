import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CliError } from '../command.ts';

/** Who owns a thing and who may do what with it. */
export interface Dress {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of the last change, ms since 1970; fractions are what the file system has, to a microsecond. */
  readonly mtimeMs: number;
}

/** What is at a path. Links are not followed. */
export type Thing =
  | { readonly kind: 'nothing' }
  | ({ readonly kind: 'file'; readonly sha256: string } & Dress)
  | ({ readonly kind: 'link'; readonly target: string } & Dress)
  | { readonly kind: 'other' };

/** More than any file that says where names are asked. */
const FILE_OCTETS_MAX = 1024 * 1024;
const LINKS_MAX = 40;

/**
 * The file system below a root: `/` on a host, a folder for an image. Each method that changes something is one change
 * that is done or not done, so that a crash leaves one of a few known states.
 */
export class Disk {
  readonly root: string;

  constructor(root: string) {
    this.root = realpathSync(root);
  }

  /** Where a path of the host is; links on the way lead to places below the root. */
  at(path: string): string {
    if (this.root === '/') return path;
    return join(this.#folder(dirname(resolve('/', path)), 0), basename(path));
  }

  /** The same with a link at the end followed, as far as there is something. */
  real(path: string): string {
    let here = resolve('/', path);
    for (let i = 0; i < LINKS_MAX; i++) {
      const thing = this.look(here);
      if (thing.kind !== 'link') return here;
      here = resolve(dirname(here), thing.target);
    }
    throw new CliError(`${path}: links lead in a circle`, 'mend the link');
  }

  #folder(path: string, links: number): string {
    if (path === '/') return this.root;
    if (links > LINKS_MAX) throw new CliError(`${path}: links lead in a circle`, 'mend the link');
    const here = join(this.#folder(dirname(path), links), basename(path));
    const stat = lstatSync(here, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() !== true) return here;
    return this.#folder(resolve(dirname(path), readlinkSync(here)), links + 1);
  }

  look(path: string): Thing {
    const stat = lstatSync(this.at(path), { throwIfNoEntry: false });
    if (stat === undefined) return { kind: 'nothing' };
    const dress = { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, mtimeMs: stat.mtimeMs };
    if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(this.at(path)), ...dress };
    if (!stat.isFile() || stat.size > FILE_OCTETS_MAX) return { kind: 'other' };
    return { kind: 'file', sha256: sha256(readFileSync(this.at(path))), ...dress };
  }

  /** The text of a file, through links; undefined where there is none, or it is none. */
  read(path: string): string | undefined {
    const octets = this.octets(this.real(path));
    return octets && new TextDecoder().decode(octets);
  }

  /** The octets of a file; undefined where there is none. */
  octets(path: string): Buffer | undefined {
    const stat = lstatSync(this.at(path), { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || stat.size > FILE_OCTETS_MAX) return undefined;
    return readFileSync(this.at(path));
  }

  has(path: string): boolean {
    return lstatSync(this.at(path), { throwIfNoEntry: false }) !== undefined;
  }

  isFolder(path: string): boolean {
    return lstatSync(this.at(this.real(path)), { throwIfNoEntry: false })?.isDirectory() === true;
  }

  /** Two names of one file. */
  same(path: string, other: string): boolean {
    const [a, b] = [path, other].map((each) => lstatSync(this.at(each), { throwIfNoEntry: false }));
    return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
  }

  /** Something is mounted here: another thing cannot take its name. */
  isMounted(path: string): boolean {
    let mounts: string;
    try {
      mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    } catch {
      return false;
    }
    // Blanks and the like are written in octal (proc(5)).
    const plain = (text: string): string =>
      text.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
    return mounts.split('\n').some((line) => plain(line.split(' ')[4] ?? '') === this.at(path));
  }

  /** Throws CliError where the file at a path, or the folder that it is in, cannot be changed. */
  refuseUnchangeable(path: string): void {
    try {
      if (this.look(path).kind === 'file') closeSync(openSync(this.at(path), 'r+'));
      if (this.isFolder(dirname(path))) accessSync(dirname(this.at(path)), constants.W_OK);
    } catch (error) {
      throw diskError(error, path);
    }
  }

  // What changes something.

  mkdir(path: string): void {
    mkdirSync(this.at(path), { mode: 0o755 });
  }

  /** False: it is not empty. */
  rmdir(path: string): boolean {
    try {
      rmdirSync(this.at(path));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOTEMPTY') return false;
      throw error;
    }
  }

  /** A new file, on the disk when this returns. */
  create(path: string, content: string | Uint8Array, { mode, uid, gid }: Omit<Dress, 'mtimeMs'>): void {
    const fd = openSync(this.at(path), 'wx', 0o600);
    try {
      writeAll(fd, Buffer.from(content));
      fchownSync(fd, uid, gid);
      fchmodSync(fd, mode);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  symlink(path: string, target: string, { uid, gid }: Pick<Dress, 'uid' | 'gid'>): void {
    symlinkSync(target, this.at(path));
    lchownSync(this.at(path), uid, gid);
  }

  /** A second name of a file, or of a link. */
  link(path: string, other: string): void {
    linkSync(this.at(path), this.at(other));
    this.#sync(other);
  }

  rename(from: string, to: string): void {
    renameSync(this.at(from), this.at(to));
    this.#sync(to);
  }

  unlink(path: string): void {
    unlinkSync(this.at(path));
    this.#sync(path);
  }

  /** Writes over the beginning of a file, in one call: it is never empty meanwhile. */
  overwrite(path: string, content: Uint8Array): void {
    const fd = openSync(this.at(path), 'r+');
    try {
      writeAll(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  cut(path: string, length: number): void {
    const fd = openSync(this.at(path), 'r+');
    try {
      ftruncateSync(fd, length);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  dress(path: string, { mode, uid, gid, mtimeMs }: Dress): void {
    chownSync(this.at(path), uid, gid);
    chmodSync(this.at(path), mode);
    lutimesSync(this.at(path), mtimeMs / 1000, mtimeMs / 1000);
  }

  /** Names are on the disk when their folder is. */
  #sync(path: string): void {
    const fd = openSync(dirname(this.at(path)), 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}

function writeAll(fd: number, content: Uint8Array): void {
  for (let at = 0; at < content.length; ) at += writeSync(fd, content, at, content.length - at, at);
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** What the file system refused, and what to do about it. */
export function diskError(error: unknown, path: string): CliError {
  if (error instanceof CliError) return error;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EPERM':
      return new CliError(
        `${path} cannot be changed, not even by root: it is immutable`,
        `see \`lsattr ${path}\`, and \`chattr -i ${path}\` if it may be changed`,
      );
    case 'EACCES':
      return new CliError(`${path} may not be changed by this user`, 'run as root');
    case 'EROFS':
      return new CliError(`${path} is on a file system that is read-only`, 'mount it writable first');
    case 'ENOSPC':
    case 'EDQUOT':
      return new CliError(`${path}: the disk is full`, 'make room');
    default:
      return new CliError(`${path}: ${(error as Error).message}`, 'mend it, and run the command again');
  }
}
