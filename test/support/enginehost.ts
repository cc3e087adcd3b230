/**
 * A host of its own for a container engine: mount, network, process and IPC namespaces with private /run and
 * /etc/containers, so that neither containers nor bridges nor firewall rules are those of this machine. All of it ends
 * with the process that holds it. Root only.
 *
 * Behind the only route that leads out of it is another network namespace, `outside`, with servers for containers to ask.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where both engines keep the cgroups of their containers. */
const CGROUPS = ['libpod_parent', 'docker', 'buildah'];
/** Under those of a machine without CAP_SYS_RESOURCE, too. */
const LIMITS = '"nofile=4096:4096", "nproc=4096:4096"';
const RUN_MS_MAX = 20 * 60_000;

const SETUP = `set -e
folder=$1
! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified # crun wants the one or the other
resolv=$(readlink -f /etc/resolv.conf)
cp "$resolv" "$folder/resolv.conf"
for path in /dev/shm /run /etc/containers; do mkdir -p $path && mount -t tmpfs tmpfs $path; done
if [ ! -e "$resolv" ]; then mkdir -p "$(dirname "$resolv")" && cp "$folder/resolv.conf" "$resolv"; fi
cp "$folder/policy.json" /etc/containers
mkdir /etc/containers/networks
echo ready
cat # not by exec: the shell waits for orphans too
`;

const OUTSIDE = `set -e
sysctl -qw net.ipv4.ip_forward=1
ip link set lo up
ip netns add outside
ip link add out type veth peer name in netns outside
ip addr add 192.0.2.1/24 dev out
ip link set out up
ip route add default via 192.0.2.53
ip -n outside link set lo up
for address in 192.0.2.53/24 "$@"; do ip -n outside addr add $address dev in; done
ip -n outside link set in up
ip -n outside route add default via 192.0.2.1
`;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface EngineHost {
  run(...command: readonly string[]): Promise<Ran>;
  /** The same, and throws where it fails. Returns what it printed, without the end of its last line. */
  must(...command: readonly string[]): Promise<string>;
  /** A program that stays, in network namespace `outside` maybe. It ends with the host. */
  spawn(...command: readonly string[]): void;
  stop(): Promise<void>;
}

export interface EngineHostOptions {
  /** For storage, which outlives the host, and configuration. */
  readonly folder: string;
  /** `machine`: that of the machine, to build images with. `own`: none but `outside`. */
  readonly network: 'own' | 'machine';
  /** Of `outside`, beside 192.0.2.53. */
  readonly addresses?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** More lines for the section `containers` of containers.conf, which podman reads. */
  readonly containers?: string;
}

/** Making namespaces takes privileges that not every machine gives. */
export const noEngineHost: string | false =
  process.getuid?.() !== 0
    ? 'root only'
    : spawnSync('unshare', ['--mount', '--net', '--pid', '--ipc', '--fork', '--mount-proc', 'true'])
        .status !== 0 && 'no name spaces';

export async function startEngineHost(options: EngineHostOptions): Promise<EngineHost> {
  const { folder, network } = options;
  configure(options);
  const isOwn = network === 'own';
  const before = new Set(cgroups());
  const spaces = ['--mount', '--pid', '--ipc', ...(isOwn ? ['--net'] : [])];
  const words = [...spaces, '--fork', '--kill-child', '--mount-proc', 'sh', '-c', SETUP, 'sh', folder];
  const holder = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise<void>((resolve) => holder.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve());
    holder.once('exit', () => reject(new Error('no host for a container engine could be made')));
  });
  const inside = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
  const enter = ['--target', inside, '--mount', '--pid', '--ipc', ...(isOwn ? ['--net'] : [])];
  const env = {
    ...process.env,
    CONTAINERS_CONF: join(folder, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
    // podman has its health checks made by timers of systemd, which is not there, and starts nothing without.
    DISABLE_HC_SYSTEMD: 'true',
    ...options.env,
  };
  const run = (...command: readonly string[]): Promise<Ran> =>
    new Promise((resolve) => {
      const limits = { timeout: RUN_MS_MAX, maxBuffer: 1 << 26 };
      execFile('nsenter', [...enter, ...command], { ...limits, env }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      });
    });
  const must = async (...command: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...command);
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}${stdout}`);
    return stdout.trimEnd();
  };
  if (isOwn) await must('sh', '-c', OUTSIDE, 'sh', ...(options.addresses ?? []));
  return {
    run,
    must,
    spawn: (...command) => void spawn('nsenter', [...enter, ...command], { stdio: 'ignore', env }),
    async stop() {
      holder.stdin.end();
      await gone;
      for (const path of cgroups()) if (!before.has(path)) removeCgroup(path);
    },
  };
}

function configure({ folder, containers = '' }: EngineHostOptions): void {
  writeFileSync(join(folder, 'policy.json'), '{ "default": [{ "type": "insecureAcceptAnything" }] }\n');
  writeFileSync(
    join(folder, 'storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/storage"\nrunroot = "/run/containers"\n`,
  );
  writeFileSync(
    join(folder, 'containers.conf'),
    `[containers]
default_ulimits = [${LIMITS}]
${containers}
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
infra_image = "localhost/pause"
[network]
network_backend = "netavark"
# Docker's.
default_subnet = "172.17.0.0/16"
`,
  );
}

/** Of all hierarchies, or of the one that there is. */
function cgroups(): string[] {
  return CGROUPS.flatMap((name) => globSync([`/sys/fs/cgroup/${name}`, `/sys/fs/cgroup/*/${name}`]));
}

/** From the bottom up. One that is in use is kept: it is not ours. */
function removeCgroup(path: string): void {
  if (!existsSync(path)) return;
  for (const inner of globSync(`${path}/*/`)) removeCgroup(inner);
  try {
    rmdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
  }
}
