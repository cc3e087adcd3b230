/**
 * Runs what is shipped as a container engine runs it, where there is none: name spaces of its own for processes, mounts
 * and the network, a root that cannot be written, a user without any capability, and nothing in it but the tree, the
 * libraries that its binaries name, and /bin/sh with what bin/causeway calls. Root only.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { until } from './sockets.ts';
import { findTool } from './tools.ts';

/** Of the Dockerfile. */
const UID = 10053;
const TOOLS = ['unshare', 'nsenter', 'setpriv', 'chroot', 'ip', 'ldd'];

export function missingJail(): string | false {
  const absent = TOOLS.filter((tool) => findTool(tool) === undefined);
  if (absent.length > 0) return `not installed: ${absent.join(', ')}`;
  if (process.getuid?.() !== 0) return 'root only';
  return (
    spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', 'true']).status !== 0 && 'no name spaces'
  );
}

const SCRIPT = `set -e
jail=$1 tree=$2 config=$3
shift 3
ip link set lo up
sysctl -qw net.ipv4.ip_unprivileged_port_start=0
mount --bind "$jail" "$jail"
mount --bind "$tree" "$jail/opt/causeway"
mount --bind "$config" "$jail/etc/causeway"
mount --rbind /dev "$jail/dev"
mount -t proc proc "$jail/proc"
mount -t tmpfs -o uid=${UID},gid=${UID},mode=0700 tmpfs "$jail/var/lib/causeway"
for path in "$jail/opt/causeway" "$jail/etc/causeway" "$jail"; do mount -o remount,bind,ro "$path"; done
exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid \\
  chroot --userspec=${UID}:${UID} --groups= "$jail" /opt/causeway/bin/causeway "$@"
`;

export interface Jail {
  /** Octets of the tree and of the libraries. */
  readonly octets: number;
  /** Of the daemon, outside of its name space; inside it is 1. */
  pid(): number;
  log(): string;
  /** Waits until the log has the text. */
  logged(text: string): Promise<void>;
  /** A command of the image inside of it, as `docker exec`; its exit code. */
  exec(...command: readonly string[]): number | null;
  /** What a program of the host prints, in the network of the jail, with another file as /etc/resolv.conf. */
  beside(resolvConf: string, ...command: readonly string[]): string;
  /** A process of the host in the network of the jail. */
  spawnBeside(...command: readonly string[]): ChildProcess;
  /** Sends SIGTERM. */
  stop(): void;
  /** All that is in it, with it. */
  kill(): void;
  /** The exit code. */
  readonly ended: Promise<number | null>;
}

/** `folder`: for the root of it. `config` is mounted as /etc/causeway. */
export function startJail(folder: string, tree: string, config: string, ...args: readonly string[]): Jail {
  const octets = furnish(folder, join(tree, 'node_modules/.bin/node')) + sizeOf(tree);
  const command = [
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    'sh',
    '-c',
    SCRIPT,
    'sh',
    folder,
    tree,
  ];
  const child = spawn('unshare', [...command, config, ...args], { stdio: ['ignore', 'inherit', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => (log += String(chunk)));
  const pid = (): number =>
    Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  const enter = (...what: readonly string[]): string[] => ['--target', String(pid()), ...what];
  return {
    octets,
    pid,
    log: () => log,
    logged: (text) => until(() => log.includes(text), `${text} in\n${log}`, 60_000),
    exec: (...inside) =>
      spawnSync('nsenter', [
        ...enter('--net', '--mount', '--pid', '--root', '--wdns=/', `--setuid=${UID}`, `--setgid=${UID}`),
        ...inside,
      ]).status,
    beside: (resolvConf, ...outside) =>
      execFileSync(
        'nsenter',
        [
          ...enter('--net', 'unshare', '--mount', 'sh', '-c'),
          'mount --bind "$0" /etc/resolv.conf && exec "$@"',
          resolvConf,
          ...outside,
        ],
        { encoding: 'utf8', timeout: 60_000 },
      ),
    spawnBeside: (...outside) =>
      spawn('nsenter', enter('--net', ...outside), { stdio: ['pipe', 'pipe', 'inherit'] }),
    stop: () => void process.kill(pid(), 'SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
    ended: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
  };
}

/** Makes the folders, and copies programs with the libraries that they name. Returns the octets of these. */
function furnish(folder: string, node: string): number {
  for (const name of ['opt/causeway', 'etc/causeway', 'dev', 'proc', 'tmp', 'var/lib/causeway'])
    mkdirSync(join(folder, name), { recursive: true });
  const programs = ['/bin/sh', '/usr/bin/dirname', '/usr/bin/readlink'];
  const libraries = [node, ...programs].flatMap((program) => [
    ...execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g),
  ]);
  const files = new Set([...programs, ...libraries.map((match) => match[1]!)]);
  for (const file of files) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    if (!existsSync(join(folder, file))) copyFileSync(file, join(folder, file));
  }
  return sizeOf(folder);
}

function sizeOf(folder: string): number {
  return Number(execFileSync('du', ['--summarize', '--bytes', folder], { encoding: 'utf8' }).split('\t')[0]);
}
