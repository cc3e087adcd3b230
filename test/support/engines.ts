/**
 * Container engines for tests: podman as installed, and Docker with its Compose, unpacked from Debian and never
 * installed. Each runs on a host of its own, see enginehost. No registry of images is asked: base images are made here.
 */
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type EngineHost, noEngineHost, startEngineHost } from './enginehost.ts';
import { until } from './sockets.ts';
import { findTool } from './tools.ts';

const PYTHON = '/usr/bin/python3';
const TOOLS = ['podman', 'crun', 'debootstrap', 'dpkg-deb', 'npm', 'nsd', 'dig', 'ip', 'mountpoint'];
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** podman-compose knows `network_mode: service:` since 1.0.6; Debian 12 has no Compose that is a plugin of `docker`. */
const UNPACKED = [
  'docker.io/bookworm',
  'containerd/bookworm',
  'runc/bookworm',
  'docker-compose/trixie',
  'podman-compose/bookworm-backports',
];

/** Why engines cannot run here, for tap's `skip` option. */
export function missingEngines(): string | false {
  if (noEngineHost !== false) return noEngineHost;
  const absent = TOOLS.filter((tool) => findTool(tool) === undefined);
  const helpers = ['netavark', 'aardvark-dns'].filter((name) => !existsSync(`/usr/lib/podman/${name}`));
  if (spawnSync(PYTHON, ['-c', 'import yaml, dotenv']).status !== 0)
    absent.push('python3-yaml, python3-dotenv');
  return absent.length + helpers.length > 0 && `not installed: ${[...absent, ...helpers].join(', ')}`;
}

export interface Engine {
  /** Its program, too. */
  readonly name: 'podman' | 'docker';
  readonly build: readonly string[];
  readonly compose: readonly string[];
  readonly composeName: string;
  /** Between project, service and number in names of containers. */
  readonly separator: string;
  /** Removes everything that it made. */
  readonly isClean: boolean;
}

export const PODMAN: Engine = {
  name: 'podman',
  // Images of OCI's own format have no HEALTHCHECK.
  build: ['--format', 'docker', '--network=host', '--pull=never'],
  compose: [PYTHON, '-m', 'podman_compose'],
  composeName: 'podman-compose',
  separator: '_',
  // podman-compose keeps the network.
  isClean: false,
};
export const DOCKER: Engine = {
  name: 'docker',
  build: ['--network=host'],
  compose: ['docker', 'compose'],
  composeName: 'docker compose',
  separator: '-',
  isClean: true,
};

function environment(folder: string): Record<string, string> {
  const tools = join(folder, 'tools');
  return {
    PATH: [join(tools, 'usr/sbin'), join(tools, 'usr/bin'), process.env['PATH'], PATH].join(':'),
    PYTHONPATH: join(tools, 'usr/lib/python3/dist-packages'),
    DOCKER_CONFIG: join(tools, 'usr/libexec/docker'),
    DOCKER_HOST: 'unix:///run/docker.sock',
    DOCKER_BUILDKIT: '0',
  };
}

function run(program: string, ...args: readonly string[]): Promise<{ stdout: string }> {
  return promisify(execFile)(program, args, { maxBuffer: 1 << 26 });
}

/** What an engine would have pulled: `debian` as the slim ones are, and `node` with the npm that runs this. */
export async function makeBases(folder: string): Promise<void> {
  const debian = join(folder, 'debian');
  const node = join(folder, 'node');
  await run('debootstrap', '--variant=minbase', 'bookworm', debian);
  await unpack(debian, join(folder, 'tools'));
  for (const path of ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'var/lib/apt/lists'])
    await run('find', join(debian, path), '-mindepth', '1', '-delete');
  await run('chroot', debian, 'apt-get', 'clean');
  await run('cp', '--archive', debian, node);
  const apt = 'apt-get update -qq && apt-get install -qq --no-install-recommends libatomic1 libstdc++6';
  await run('chroot', node, 'env', 'DEBIAN_FRONTEND=noninteractive', 'sh', '-c', apt);
  const local = join(node, 'usr/local');
  mkdirSync(join(local, 'lib/node_modules'), { recursive: true });
  cpSync(realpathSync(process.execPath), join(local, 'bin/node'));
  const npm = dirname(dirname(realpathSync(findTool('npm')!)));
  cpSync(npm, join(local, 'lib/node_modules/npm'), { recursive: true, dereference: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
  const more = process.env['NODE_EXTRA_CA_CERTS'];
  if (more !== undefined) cpSync(more, join(local, 'etc/more-ca.pem'), { dereference: true });
}

/** By the apt of a Debian, which has the keys of its archive, but not into it. */
async function unpack(debian: string, tools: string): Promise<void> {
  const list = join(debian, 'etc/apt/sources.list.d/more.list');
  const suites = ['bookworm-backports', 'trixie'];
  writeFileSync(list, suites.map((suite) => `deb http://deb.debian.org/debian ${suite} main\n`).join(''));
  const debs = join(debian, 'debs');
  mkdirSync(debs);
  await run('chroot', debian, 'apt-get', 'update', '-qq');
  await run(
    'chroot',
    debian,
    'sh',
    '-c',
    'cd debs && apt-get download -qq "$@" 2>/dev/null',
    'sh',
    ...UNPACKED,
  );
  await run('sh', '-c', 'for deb in "$0"/*.deb; do dpkg-deb --extract "$deb" "$1"; done', debs, tools);
  rmSync(debs, { recursive: true });
  // podman reads it, too.
  writeFileSync(join(tools, 'usr/libexec/docker/config.json'), '{}');
  rmSync(list);
}

export async function startEngine(
  folder: string,
  engine: Engine,
  network: 'own' | 'machine',
  containers = '',
): Promise<EngineHost> {
  const addresses = ['10.96.0.10/32', '10.99.0.53/32'];
  const host = await startEngineHost({ folder, network, addresses, env: environment(folder), containers });
  if (engine === DOCKER) {
    const dockerd = ['dockerd', '--data-root', join(folder, 'docker'), '--exec-root', '/run/docker'];
    const none = [
      '--bridge=none',
      '--iptables=false',
      '--ip6tables=false',
      '--ip-forward=false',
      '--ip-masq=false',
    ];
    // Its default would be a better score than its own, which takes a right that not every machine gives.
    host.spawn(...dockerd, '--oom-score-adjust=0', ...(network === 'machine' ? none : []));
    await until(async () => (await host.run('docker', 'info')).code === 0, 'the Docker daemon');
  }
  return host;
}

export async function importBases(folder: string, host: EngineHost, { name }: Engine): Promise<void> {
  const bring = (base: string, tag: string, ...changes: readonly string[]): Promise<string> => {
    const flags = changes.map((change) => `--change '${change}'`).join(' ');
    return host.must('sh', '-c', `tar -C ${join(folder, base)} -c . | ${name} import ${flags} - ${tag}`);
  };
  const path = `ENV PATH=${PATH}`;
  const more = existsSync(join(folder, 'node/usr/local/etc/more-ca.pem'));
  const ca = more ? ['ENV NODE_EXTRA_CA_CERTS=/usr/local/etc/more-ca.pem'] : [];
  await bring('debian', 'debian:bookworm-slim', path);
  await bring('node', 'node:26-bookworm-slim', path, ...ca);
}

export interface Inspected {
  readonly State: {
    readonly Pid: number;
    readonly StartedAt: string;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
  readonly HostConfig: { readonly Memory: number };
}

export async function inspect(host: EngineHost, { name }: Engine, container: string): Promise<Inspected> {
  return (JSON.parse(await host.must(name, 'inspect', container)) as [Inspected])[0];
}
