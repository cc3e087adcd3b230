/**
 * Builds the Debian package: `npm run package -- [--out FOLDER] [--dist FOLDER] [--revision N] [--compression xz|none]
 * [--keep-symbols]`. Prints its path. Needs dpkg-deb, and binutils unless symbols are kept.
 *
 * The same sources give the same octets: times are SOURCE_DATE_EPOCH, or that of the last commit; modes do not depend on
 * the umask; nothing is taken from the host but the locked packages of npm.
 *
 * It ships Node.js itself, as no release of Debian has one that is new enough, and the daemon is tested with the one of
 * the lock file. Its security fixes come with new versions of this package.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  globSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { manualText } from './manual.ts';
import { makeTree, normaliseModes, ROOT } from './tree.ts';

export interface DebOptions {
  /** Folder for the package. */
  readonly out: string;
  /** What `tsc -p tsconfig.build.json` made. */
  readonly dist: string;
  /** Of the package, behind the version of Causeway. */
  readonly revision: string;
  /** `none` for those who look at it at once. */
  readonly compression: 'xz' | 'none';
  readonly strip: boolean;
  /** Seconds since 1970: the time of everything in it. */
  readonly epoch: number;
}

const LIBRARY = 'usr/lib/causeway';
const DOCUMENTS = 'usr/share/doc/causeway';
/** Debian's names of what Node.js calls `process.arch`. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Builds the package and returns its path. Throws where something that is to be in it is missing. */
export async function buildDeb(options: DebOptions): Promise<string> {
  const { out, epoch, revision, compression } = options;
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) throw new Error(`there is no Node.js to ship for ${process.arch}`);
  const version = `${packageVersion().replace('-', '~')}-${revision}`;
  const root = mkdtempSync(join(tmpdir(), 'causeway-deb-'));
  try {
    makeTree({ out: join(root, LIBRARY), dist: options.dist, strip: options.strip });
    await addFiles(root, version, epoch);
    addControl(root, { VERSION: version, ARCHITECTURE: architecture });
    setTimes(root, epoch);
    const file = join(out, `causeway_${version}_${architecture}.deb`);
    mkdirSync(out, { recursive: true });
    execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', root, file], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return file;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}

/** All but what the tree has. */
async function addFiles(root: string, version: string, epoch: number): Promise<void> {
  const copy = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(join(ROOT, from), join(root, to), { recursive: true });
  };
  const write = (to: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    writeFileSync(join(root, to), content);
  };
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  symlinkSync('../lib/causeway/bin/causeway', join(root, 'usr/bin/causeway'));
  copy('systemd/causeway.service', 'usr/lib/systemd/system/causeway.service');
  copy('systemd/causeway.socket', 'usr/lib/systemd/system/causeway.socket');
  copy('systemd/causeway.sysusers', 'usr/lib/sysusers.d/causeway.conf');
  copy('packaging/debian/causeway.yaml', 'etc/causeway/causeway.yaml');

  copy('packaging/debian/lintian-overrides', 'usr/share/lintian/overrides/causeway');
  copy('packaging/debian/copyright', `${DOCUMENTS}/copyright`);
  for (const file of globSync('docs/*.{md,json}', { cwd: ROOT }))
    copy(file, join(DOCUMENTS, file.slice('docs/'.length)));
  for (const folder of ['examples', 'monitoring']) copy(folder, join(DOCUMENTS, folder));
  write(`${DOCUMENTS}/changelog.gz`, gzipSync(readFileSync(join(ROOT, 'CHANGELOG.md')), { level: 9 }));
  write(`${DOCUMENTS}/changelog.Debian.gz`, gzipSync(debianChangelog(version, epoch), { level: 9 }));

  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  write('usr/share/man/man1/causeway.1.gz', gzipSync(await manualText(version, date), { level: 9 }));
  const completion = (shell: string): string =>
    execFileSync(join(root, LIBRARY, 'bin/causeway'), ['completion', shell], { encoding: 'utf8' });
  write('usr/share/bash-completion/completions/causeway', completion('bash'));
  write('usr/share/zsh/vendor-completions/_causeway', completion('zsh'));
  write('usr/share/fish/vendor_completions.d/causeway.fish', completion('fish'));
  normaliseModes(join(root, 'etc'));
  normaliseModes(join(root, 'usr'));
}

const MAINTAINER = 'Causeway maintainers <maintainers@causeway.example>';

function debianChangelog(version: string, epoch: number): string {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `causeway (${version}) unstable; urgency=medium\n\n  * What has changed is in changelog.gz.\n\n -- ${MAINTAINER}  ${date}\n`;
}

function addControl(root: string, values: Readonly<Record<string, string>>): void {
  const folder = join(root, 'DEBIAN');
  const files = filesIn(root);
  mkdirSync(folder, { mode: 0o755 });
  const octets = files.reduce((sum, file) => sum + lstatSync(join(root, file)).size, 0);
  const all: Record<string, string> = {
    ...values,
    MAINTAINER,
    INSTALLED_SIZE: String(Math.ceil(octets / 1024)),
  };
  const control = readFileSync(join(ROOT, 'packaging/debian/control'), 'utf8');
  writeFileSync(
    join(folder, 'control'),
    control.replace(/@([A-Z_]+)@/g, (_, name: string) => all[name]!),
  );
  writeFileSync(join(folder, 'conffiles'), '/etc/causeway/causeway.yaml\n');
  const sums = files
    .filter((file) => lstatSync(join(root, file)).isFile() && !file.startsWith('etc/'))
    .map(
      (file) =>
        `${createHash('md5')
          .update(readFileSync(join(root, file)))
          .digest('hex')}  ${file}\n`,
    );
  writeFileSync(join(folder, 'md5sums'), sums.join(''));
  for (const script of ['postinst', 'prerm', 'postrm']) {
    cpSync(join(ROOT, 'packaging/debian', script), join(folder, script));
    chmodSync(join(folder, script), 0o755);
  }
  for (const data of ['control', 'conffiles', 'md5sums']) chmodSync(join(folder, data), 0o644);
  chmodSync(folder, 0o755);
  chmodSync(root, 0o755);
}

/** Relative paths of all that is no folder, sorted. */
function filesIn(folder: string, prefix = ''): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = prefix + entry.name;
      return entry.isDirectory() ? filesIn(join(folder, entry.name), `${path}/`) : [path];
    })
    .sort();
}

function setTimes(path: string, epoch: number): void {
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) setTimes(join(path, name), epoch);
  lutimesSync(path, epoch, epoch);
}

/** SOURCE_DATE_EPOCH (reproducible-builds.org), else the time of the last commit. */
export function sourceEpoch(): number {
  const named = process.env['SOURCE_DATE_EPOCH'];
  const text =
    named ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim();
  if (!/^\d{1,11}$/.test(text))
    throw new Error(`SOURCE_DATE_EPOCH is ${JSON.stringify(text)}, not a number of seconds`);
  return Number(text);
}

/** Compiles into a new folder, so that nothing of an older build is shipped. */
function compiled(): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-dist-'));
  execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', folder], { cwd: ROOT, stdio: 'inherit' });
  return folder;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: '.' },
      dist: { type: 'string' },
      revision: { type: 'string', default: '1' },
      compression: { type: 'string', default: 'xz' },
      'keep-symbols': { type: 'boolean', default: false },
    },
  });
  const { compression } = values;
  if (compression !== 'xz' && compression !== 'none') throw new Error('--compression is xz or none');
  const file = await buildDeb({
    out: resolve(values.out),
    dist: values.dist === undefined ? compiled() : resolve(values.dist),
    revision: values.revision,
    compression,
    strip: !values['keep-symbols'],
    epoch: sourceEpoch(),
  });
  console.log(file);
}
