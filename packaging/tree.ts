/**
 * What is shipped, in one place for the Debian package and the image: `bin/`, the compiled `dist/`, the root's hints
 * and key, and those dependencies that run, with Node.js as its binary alone.
 *
 *     node packaging/tree.ts FOLDER        from `dist/`, as of `npm run build`
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '..');
/** Beside `bin/` and `dist/`. The example configuration is not: it would go before that in /etc. */
const FILES = ['package.json', 'LICENSE', 'bin/causeway', 'config/root.hints', 'config/root.key'];
/** For people and compilers. */
const UNUSED = /\.([cm]?ts|map|md|markdown|html)$/;
const LICENSE = /^(licen[cs]e|copying|notice)\b/i;
/** Folders at the top of a package. */
const UNUSED_FOLDERS = /^(docs?|tests?|benchmarks?|examples?|musl_\w+)$/;
const NODE = /^node_modules\/(node-linux-\w+)$/;

export interface TreeOptions {
  /** Made, and empty or not there before. */
  readonly out: string;
  /** What `tsc -p tsconfig.build.json` made. */
  readonly dist: string;
  /** Takes the symbols for debuggers off the `node` binary, by `strip` of binutils: a quarter of it. */
  readonly strip: boolean;
}

/** Makes the tree. Throws where something is missing that is to be shipped, or is not of the version that is locked. */
export function makeTree({ out, dist, strip }: TreeOptions): void {
  for (const file of FILES) copy(join(ROOT, file), join(out, file));
  copyUsed(dist, join(out, 'dist'));
  for (const path of productionPackages()) {
    const from = join(ROOT, path);
    const [, node] = NODE.exec(path) ?? [];
    if (node === undefined) copyUsed(from, join(out, path));
    else copyNode(from, join(out, path), strip);
  }
}

interface LockedPackage {
  readonly version: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}

/**
 * Folders of the packages that the daemon needs, as the lock file names them. Optional ones may be missing: those of
 * other platforms are.
 */
export function productionPackages(): string[] {
  const text = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, LockedPackage> };
  const paths: string[] = [];
  for (const [path, locked] of Object.entries(packages)) {
    if (path === '' || locked.dev === true || locked.devOptional === true) continue;
    const installed = join(ROOT, path, 'package.json');
    if (!existsSync(installed)) {
      if (locked.optional === true) continue;
      throw new Error(`${path} is not installed: npm ci`);
    }
    const { version } = JSON.parse(readFileSync(installed, 'utf8')) as { version: string };
    if (version !== locked.version)
      throw new Error(`${path} is ${version}, and ${locked.version} is locked: npm ci`);
    paths.push(path);
  }
  return paths;
}

function copyNode(from: string, to: string, strip: boolean): void {
  for (const file of ['bin/node', 'package.json', 'LICENSE']) copy(join(from, file), join(to, file));
  const binary = join(to, 'bin/node');
  if (strip) execFileSync('strip', ['--strip-unneeded', binary]);
  const link = join(to, '..', '.bin', 'node');
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), binary), link);
}

/** A folder without what nobody runs; packages inside of packages are of their own. Nothing in it is a program. */
function copyUsed(from: string, to: string): void {
  const top = realpathSync(from);
  cpSync(top, to, {
    recursive: true,
    dereference: true,
    filter: (path) => path === top || isShipped(basename(path), dirname(path) === top),
  });
  normaliseModes(to, 0o644);
}

function isShipped(name: string, isAtTop: boolean): boolean {
  if (name === 'node_modules' || name.startsWith('.')) return false;
  if (isAtTop && UNUSED_FOLDERS.test(name)) return false;
  return !UNUSED.test(name) || LICENSE.test(name);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { dereference: true });
  normaliseModes(to);
}

/** Whatever umask it was checked out and installed with. `mode`: of all files; without it programs stay programs. */
export function normaliseModes(path: string, mode?: number): void {
  const stat = statSync(path);
  if (!stat.isDirectory()) {
    chmodSync(path, mode ?? ((stat.mode & 0o100) === 0 ? 0o644 : 0o755));
    return;
  }
  chmodSync(path, 0o755);
  for (const name of readdirSync(path)) normaliseModes(join(path, name), mode);
}

if (import.meta.main) {
  const out = process.argv[2];
  if (out === undefined) throw new Error('node packaging/tree.ts FOLDER');
  makeTree({ out: resolve(out), dist: join(ROOT, 'dist'), strip: true });
}
