/**
 * The image, and the examples that use it, by podman and Docker: see support/engines. Minutes, root, npm's registry and a
 * mirror of Debian: in the long run only.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { EngineHost } from '../support/enginehost.ts';
import {
  DOCKER,
  type Engine,
  importBases,
  inspect,
  makeBases,
  missingEngines,
  PODMAN,
  startEngine,
} from '../support/engines.ts';
import { LONG } from '../support/long.ts';
import { until } from '../support/sockets.ts';
import { findTool } from '../support/tools.ts';

const root = join(import.meta.dirname, '..', '..');
const skip = (!LONG && 'minutes: CAUSEWAY_LONG=1') || missingEngines();
const MINUTES_MAX = 60;
const OCTETS_MAX = 250e6;
const IMAGE = 'causeway';

t.setTimeout(MINUTES_MAX * 60_000);
const folder = mkdtempSync(join(tmpdir(), 'causeway-engine-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** The pod's first container of podman, that holds its name spaces; Debian's own image would be made of `catatonit`. */
const PAUSE = 'FROM debian:bookworm-slim\nENTRYPOINT ["sleep", "infinity"]\n';

const ZONE = `$TTL 60
@ SOA ns.root. hostmaster.root. 1 7200 900 1209600 60
@ NS ns.root.
ns.root. A 192.0.2.53
www.public.example. A 198.51.100.7
intranet.corp.example. A 10.99.0.80
db.default.svc.cluster.local. A 10.96.0.77
`;

/** The root of a small Internet that is not signed, the DNS of the corporate network and that of the cluster, in one. */
async function serveOutside(host: EngineHost): Promise<void> {
  const nsd = join(folder, 'nsd');
  mkdirSync(nsd, { recursive: true });
  writeFileSync(join(nsd, 'zone'), ZONE);
  const addresses = ['192.0.2.53', '10.96.0.10', '10.99.0.53'];
  writeFileSync(
    join(nsd, 'conf'),
    `server:
${addresses.map((address) => `  ip-address: ${address}@53\n`).join('')}  username: ""
  database: ""
  pidfile: ""
  xfrdfile: ""
  zonesdir: "${nsd}"
  xfrdir: "${nsd}"
  zonelistfile: "${nsd}/zone.list"
  logfile: "${nsd}/log"
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "zone"
`,
  );
  host.spawn('ip', 'netns', 'exec', 'outside', findTool('nsd')!, '-d', '-c', join(nsd, 'conf'));
  await until(async () => (await asked(host, '192.0.2.53')) === '198.51.100.7', 'the servers outside');
}

/** The address of a public name, or nothing. */
async function asked(host: EngineHost, server: string, ...more: readonly string[]): Promise<string> {
  const dig = ['dig', '-r', `@${server}`, '+tries=1', '+time=2', '+short', ...more];
  const { code, stdout } = await host.run(...dig, 'www.public.example.', 'A');
  return code === 0 ? stdout.trim() : '';
}

/** Names of the public Internet are in a zone here that has no key. */
const unsigned = (config: string): string => {
  const changed = config.replace(/cidrs: \[\S+\] \}/, (text) => text.replace(' }', ', dnssec: off }'));
  if (changed === config) throw new Error('it has no VPC');
  return changed;
};

/** Without any right, and with nothing to write but its state, as the kernel sees it. */
async function checkRights(t: Test, host: EngineHost, pid: number): Promise<void> {
  const status = await host.must('cat', `/proc/${pid}/status`);
  for (const line of [
    /^Uid:\s+10053\s+10053/m,
    /^CapPrm:\s+0+$/m,
    /^CapEff:\s+0+$/m,
    /^NoNewPrivs:\s+1$/m,
    /^Seccomp:\s+2$/m,
  ])
    t.match(status, line);
  const mounts = await host.must('cat', `/proc/${pid}/mounts`);
  const flagsOf = (path: string): string =>
    new RegExp(`^\\S+ ${path} \\S+ (\\S+)`, 'm').exec(mounts)?.[1] ?? '';
  for (const path of ['/', '/etc/causeway']) t.match(flagsOf(path), /^ro\b/, `${path} cannot be written`);
  t.match(flagsOf('/var/lib/causeway'), /^rw\b/, 'but its state');
}

async function checkHealth(t: Test, host: EngineHost, engine: Engine, container: string): Promise<void> {
  // podman leaves when to timers of systemd.
  if (engine === PODMAN)
    await until(async () => (await host.run('podman', 'healthcheck', 'run', container)).code === 0, 'health');
  const status = async (): Promise<string | undefined> =>
    (await inspect(host, engine, container)).State.Health?.Status;
  await until(async () => (await status()) !== 'starting', 'the first health check', 120_000);
  t.equal(await status(), 'healthy', 'HEALTHCHECK');
}

/** The host of an engine that is in use by a test, with servers outside. */
async function hostFor(t: Test, engine: Engine, containers = ''): Promise<EngineHost> {
  const host = await startEngine(folder, engine, 'own', containers);
  t.teardown(() => host.stop());
  await serveOutside(host);
  return host;
}

if (skip === false) await makeBases(folder);

for (const engine of [PODMAN, DOCKER]) {
  const { name } = engine;
  t.test(`${name} builds the image`, { skip }, async (t) => {
    const host = await startEngine(folder, engine, 'machine');
    t.teardown(() => host.stop());
    await importBases(folder, host, engine);
    await host.must(name, 'build', ...engine.build, '-t', IMAGE, root);
    const [image] = JSON.parse(await host.must(name, 'image', 'inspect', IMAGE)) as [{ Size: number }];
    t.comment(`${name}: ${Math.round(image.Size / 1e6)} MB`);
    t.ok(image.Size < OCTETS_MAX, `${image.Size} octets`);
    if (engine === PODMAN) {
      writeFileSync(join(folder, 'Pausefile'), PAUSE);
      await host.must('podman', 'build', '-t', 'pause', '-f', join(folder, 'Pausefile'), folder);
    }
  });

  t.test(`${name} runs it as the documentation says`, { skip }, async (t) => {
    const host = await hostFor(t, engine);
    const { command, config } = documented();
    const here = join(folder, `run-${name}`);
    mkdirSync(join(here, 'causeway'), { recursive: true });
    writeFileSync(join(here, 'causeway/causeway.yaml'), unsigned(config));
    await host.must('sh', '-c', `cd ${here} && ${command.replace(/^docker/, name)}`);
    await until(async () => (await asked(host, '127.0.0.1')) !== '', 'an answer at the published port');
    t.equal(await asked(host, '127.0.0.1'), '198.51.100.7');
    t.equal(await asked(host, '127.0.0.1', '+tcp'), '198.51.100.7');
    const { State } = await inspect(host, engine, 'causeway');
    await checkRights(t, host, State.Pid);
    await checkHealth(t, host, engine, 'causeway');
    const ready = (await logOf(host, engine, 'causeway')).find(({ msg }) => msg.startsWith('serving'))!;
    const ms = Date.parse(ready.time) - Date.parse(State.StartedAt);
    const begun = performance.now();
    await host.must(name, 'stop', 'causeway');
    t.comment(`${name}: ready after ${ms} ms, stopped after ${Math.round(performance.now() - begun)} ms`);
    t.equal((await inspect(host, engine, 'causeway')).State.ExitCode, 0, 'SIGTERM ends it, not SIGKILL');
    await host.must(name, 'rm', '-v', 'causeway');
  });

  t.test(`examples/sidecar by ${engine.composeName}`, { skip }, async (t) => {
    const host = await hostFor(t, engine);
    const example = join(folder, name, 'sidecar');
    cpSync(join(root, 'examples/sidecar'), example, { recursive: true });
    const compose = (...words: readonly string[]): Promise<string> =>
      host.must('sh', '-c', 'cd "$0" && exec "$@"', example, ...engine.compose, ...words);
    const nameOf = (service: string): string => ['sidecar', service, '1'].join(engine.separator);
    const exec = (service: string, ...words: readonly string[]) =>
      host.run(name, 'exec', nameOf(service), ...words);
    const address = async (host: string): Promise<string> =>
      (await exec('app', 'getent', 'hosts', host)).stdout.split(' ')[0]!;
    await compose('up', '-d');
    await until(async () => (await address('cache.app.internal')) !== '', 'an answer');
    t.equal(await address('cache.app.internal'), '10.20.0.7', 'of a zone of the sidecar');
    const { NetworkSettings } = await inspect(host, engine, nameOf('db'));
    const [network] = Object.values(NetworkSettings.Networks);
    t.equal(await address('db'), network!.IPAddress, 'a service of the engine');
    t.equal(await address('intranet.corp.example'), '10.99.0.80', 'of the corporate network');
    const explain = ['causeway', 'explain', 'www.public.example', '--client', '127.0.0.1'];
    t.match((await exec('dns', ...explain)).stdout, /recurse {2}rule .*, from the root/);
    const { State, HostConfig } = await inspect(host, engine, nameOf('dns'));
    t.equal(HostConfig.Memory, 512 << 20);
    await checkRights(t, host, State.Pid);
    await checkHealth(t, host, engine, nameOf('dns'));

    const file = join(example, 'causeway.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(join(example, 'private-root.hints'), '. NS ns.root.\nns.root. A 192.0.2.53\n');
    const edited = `recursion: { hints: private-root.hints }\n${unsigned(text).replace('10.20.0.7', '10.20.0.8')}`;
    writeFileSync(file, edited);
    await until(async () => (await address('cache.app.internal')) === '10.20.0.8', 'an edited configuration');
    t.equal(await address('www.public.example'), '198.51.100.7', 'of the Internet, from its root on');
    writeFileSync(file, edited.replace('node:', 'nodes:'));
    const errors = async (): Promise<number> =>
      (await logOf(host, engine, nameOf('dns'))).filter(({ level }) => level === 'error').length;
    await until(async () => (await errors()) > 0, 'what is wrong with it in the log');
    t.equal(await address('cache.app.internal'), '10.20.0.8', 'and nothing is changed');
    const { services } = parse(readFileSync(join(example, 'compose.yaml'), 'utf8'));
    const [, ...check] = services.dns.healthcheck.test as string[];
    t.equal((await exec('dns', ...check)).code, 0, 'it is healthy all the same');

    await compose('down', '-v');
    t.equal(await host.must(name, 'ps', '-aq'), '', 'no container is left');
    t.notMatch(await host.must(name, 'volume', 'ls', '-q'), /sidecar/, 'nor a volume');
    if (engine.isClean) t.notMatch(await host.must(name, 'network', 'ls'), /sidecar/, 'nor a network');
  });
}

/** The command that runs the image, and its configuration, of docs/operations.md. */
function documented(): { command: string; config: string } {
  const text = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const [, section = ''] = /^### As a container\n(.*?)^##/ms.exec(text) ?? [];
  const [, command] = /^```sh\n[^\n]* && (docker run .*?)```/ms.exec(section) ?? [];
  const [, config] = /^```yaml\n(.*?)```/ms.exec(section) ?? [];
  if (command === undefined || config === undefined)
    throw new Error('the documentation of the image has changed');
  return { command, config };
}

interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
}

async function logOf(host: EngineHost, { name }: Engine, container: string): Promise<LogLine[]> {
  const { stdout, stderr } = await host.run(name, 'logs', container);
  return `${stdout}\n${stderr}`.split('\n').flatMap((line) => (line.startsWith('{') ? JSON.parse(line) : []));
}

interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
  readonly ports?: readonly { readonly containerPort: number }[];
}

interface PodSpec {
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
}

interface Manifest {
  readonly map: { readonly data: Readonly<Record<string, string>> };
  readonly sidecar: Container;
  /** The same as a pod that podman takes. */
  readonly pod: string;
}

/**
 * podman 4.3 knows no sidecars, refuses init containers that have probes, and resolves no named ports: the sidecar is an
 * ordinary container here, and its probes are made by the test.
 */
function manifest(): Manifest {
  const text = readFileSync(join(root, 'examples/kubernetes/sidecar.yaml'), 'utf8');
  const [map, deployment] = parseAllDocuments(text).map((each) => each.toJS());
  const { metadata, spec } = deployment.spec.template as { metadata: object; spec: PodSpec };
  const { initContainers, containers, ...rest } = spec;
  const [sidecar] = initContainers;
  const { restartPolicy: _, ...probed } = sidecar!;
  const plain = Object.fromEntries(Object.entries(probed).filter(([key]) => !key.endsWith('Probe')));
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name: 'app' },
    spec: { ...rest, containers: [plain, ...containers] },
  };
  return { map, sidecar: sidecar!, pod: [map, pod].map((each) => stringify(each)).join('---\n') };
}

/** As the kubelet does: each file is a link through `..data`, which is replaced at once. */
function publish(volume: string, version: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(volume, version));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(volume, version, name), text);
  link(version, join(volume, '..data'));
  for (const name of Object.keys(files)) link(join('..data', name), join(volume, name));
}

function link(target: string, path: string): void {
  symlinkSync(target, `${path}.new`);
  renameSync(`${path}.new`, path);
}

t.test('examples/kubernetes by podman play kube', { skip }, async (t) => {
  // podman 4.3 leaves out sysctls of a pod.
  const sysctls = 'default_sysctls = ["net.ipv4.ip_unprivileged_port_start=0"]';
  const host = await hostFor(t, PODMAN, sysctls);
  const { map, sidecar, pod } = manifest();
  const file = join(folder, 'pod.yaml');
  writeFileSync(file, pod);
  await host.must('podman', 'play', 'kube', file);
  const exec = (container: string, ...words: readonly string[]) =>
    host.run('podman', 'exec', `app-${container}`, ...words);
  const address = async (host: string): Promise<string> =>
    (await exec('app', 'getent', 'hosts', host)).stdout.split(' ')[0]!;
  await until(async () => (await address('cache.app.internal')) !== '', 'an answer');
  t.equal(await address('cache.app.internal'), '10.20.0.7', 'of a zone in the ConfigMap');
  t.equal(await address('db'), '10.96.0.77', 'of the cluster, by the search list');
  t.equal(
    (await exec('app', 'cat', '/etc/resolv.conf')).stdout,
    'search default.svc.cluster.local svc.cluster.local\nnameserver 127.0.0.1\noptions ndots:2 timeout:2\n',
  );
  const { State, HostConfig } = await inspect(host, PODMAN, 'app-causeway');
  t.equal(HostConfig.Memory, 512 << 20);
  await checkRights(t, host, State.Pid);

  const [node] = (await exec('app', 'hostname', '-I')).stdout.split(' ');
  const [{ containerPort }] = sidecar.ports as [{ containerPort: number }];
  for (const probe of [sidecar.readinessProbe!, sidecar.livenessProbe!]) {
    const url = `http://${node}:${containerPort}${probe.httpGet.path}`;
    const script = 'fetch(process.argv[1]).then(({ status }) => console.log(status))';
    t.equal(await host.must(process.execPath, '-e', script, url), '200', url);
  }

  const volume = await host.must('podman', 'volume', 'inspect', '--format', '{{.Mountpoint}}', 'causeway');
  const version = (to: string): Record<string, string> => ({
    'causeway.yaml': unsigned(map.data['causeway.yaml']!),
    'app.internal.zone': map.data['app.internal.zone']!.replace('10.20.0.7', to),
  });
  publish(volume, '..1', version('10.20.0.8'));
  await until(async () => (await address('cache.app.internal')) === '10.20.0.8', 'a folder of the kubelet');
  publish(volume, '..2', version('10.20.0.9'));
  await until(
    async () => (await address('cache.app.internal')) === '10.20.0.9',
    'a ConfigMap that has changed',
  );
  t.equal(await address('www.public.example'), '198.51.100.7', 'other names by the cluster');
  await host.must('podman', 'play', 'kube', '--down', file);
  t.equal(await host.must('podman', 'ps', '-aq'), '', 'no container is left');
});
