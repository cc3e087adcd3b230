/** What is shipped: the Debian package, what is in it, and that it runs without sources from where it cannot write. */
import { execFile, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { buildDeb } from '../../packaging/deb.ts';
import { makeTree } from '../../packaging/tree.ts';
import { missingJail, startJail } from '../support/jail.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/sockets.ts';
import { findTool } from '../support/tools.ts';

const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
// Without tap's own hooks, which would be loaded into every tool.
const env = {
  ...process.env,
  NODE_OPTIONS: '',
  PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
};
const EPOCH = 1_700_000_000;
const skip = findTool('dpkg-deb') === undefined && 'not installed: dpkg-deb';

const folder = mkdtempSync(join(tmpdir(), 'causeway-package-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const dist = join(folder, 'dist');
const fast = ['--noCheck', '--declaration', 'false', '--sourceMap', 'false'];
await run('tsc', ['-p', 'tsconfig.build.json', ...fast, '--outDir', dist], { cwd: root, env });

/** The package, and what it installs; without dpkg-deb only the tree. */
async function installed(): Promise<{ deb: string; tree: string; top: string }> {
  const top = join(folder, 'root');
  const tree = join(top, 'usr/lib/causeway');
  if (skip) {
    makeTree({ out: tree, dist, strip: false });
    return { deb: '', tree, top };
  }
  const options = { revision: '1', compression: 'none', strip: false, epoch: EPOCH } as const;
  const deb = await buildDeb({ out: folder, dist, ...options });
  await run('dpkg-deb', ['--extract', deb, top]);
  return { deb, tree, top };
}
const { deb, tree, top } = await installed();
const bin = join(tree, 'bin/causeway');

t.test('runs without sources', async (t) => {
  t.match(
    (await run(bin, ['version'])).stdout,
    /^causeway \d+\.\d+\.\d+ \(node 2[6-9]/,
    'by its own Node.js',
  );
  const { stdout } = await run(bin, ['check', '--config', join(root, 'config/causeway.yaml')]);
  t.match(stdout, / is right\n$/);
  for (const entry of ['main.js', 'cli/run.js', 'control/thread.js', 'server/worker.js'])
    t.ok(existsSync(join(tree, 'dist', entry)), entry);
  t.notMatch(readFileSync(join(tree, 'dist/cli/main.js'), 'utf8'), /from '[^']+\.ts'/);
});

t.test('ships what runs, and nothing else', (t) => {
  const files = readdirSync(tree, { recursive: true, encoding: 'utf8' });
  t.same(
    files.filter((file) => /\.(ts|map)$/.test(file)),
    [],
    'no sources',
  );
  const packages = readdirSync(join(tree, 'node_modules'));
  for (const wanted of ['zod', 'yaml', 'koffi', '.bin']) t.ok(packages.includes(wanted), wanted);
  for (const other of ['typescript', 'tap', '@biomejs', '@aws-sdk']) t.notOk(packages.includes(other), other);
  const node = files.filter((file) => /node-linux-\w+\//.test(file));
  t.same(
    node.filter((file) => !/\/(bin|bin\/node|package\.json|LICENSE)$/.test(file)),
    [],
    'of Node.js the binary',
  );
  const bare = packages.filter((name) => /^\w/.test(name) && !isLicensed(join(tree, 'node_modules', name)));
  t.same(bare, [], 'each with its license');
  t.end();
});

/** By a file, or by name. */
function isLicensed(folder: string): boolean {
  if (readdirSync(folder).some((file) => /^licen[cs]e/i.test(file))) return true;
  return /"license"/.test(readFileSync(join(folder, 'package.json'), 'utf8'));
}

t.test('the package: who owns what, with which rights, and of when', { skip }, async (t) => {
  const { stdout } = await run('dpkg-deb', ['--contents', deb], { env: { ...env, TZ: 'UTC' } });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s+/));
  const time = new Date(EPOCH * 1000).toISOString();
  for (const [mode = '', owner, , day, minute, path = ''] of lines) {
    const isRight =
      owner === 'root/root' &&
      /^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx)$/.test(mode) &&
      `${day}T${minute}` === time.slice(0, 16);
    if (!isRight) t.fail(`${mode} ${owner} ${day} ${minute} ${path}`);
  }
  const programs = lines.flatMap(([mode, , , , , path]) => (mode === '-rwxr-xr-x' ? path : []));
  t.same(programs.length, 3, `the script, Node.js, and a hook that is an example: ${programs}`);
  const paths = lines.map((line) => line[5]);
  for (const path of [
    './etc/causeway/causeway.yaml',
    './usr/bin/causeway',
    './usr/lib/systemd/system/causeway.service',
    './usr/lib/systemd/system/causeway.socket',
    './usr/lib/sysusers.d/causeway.conf',
    './usr/share/bash-completion/completions/causeway',
    './usr/share/doc/causeway/copyright',
    './usr/share/doc/causeway/operations.md',
    './usr/share/man/man1/causeway.1.gz',
  ])
    t.ok(paths.includes(path), path);
});

t.test('the package: control, scripts, configuration', { skip }, async (t) => {
  const { stdout } = await run('dpkg-deb', ['--field', deb, 'Version', 'Architecture', 'Depends']);
  t.match(stdout, /^Version: \d+\.\d+\.\d+-1\nArchitecture: (amd64|arm64)\nDepends: /);
  const control = join(folder, 'control');
  await run('dpkg-deb', ['--control', deb, control]);
  t.equal(readFileSync(join(control, 'conffiles'), 'utf8'), '/etc/causeway/causeway.yaml\n');
  for (const script of ['postinst', 'prerm', 'postrm']) await run('sh', ['-n', join(control, script)]);
  // What the service wrote goes with `apt purge`, and with nothing less.
  const removed = /\nif \[ "\$1" = purge \]; then\n(.*?)\nfi\n/s.exec(
    readFileSync(join(control, 'postrm'), 'utf8'),
  );
  t.match(removed?.[1], /^ {2}rm -rf \/var\/lib\/causeway$/m);
  // Each file, and its sum.
  await run('md5sum', ['--check', '--quiet', join(control, 'md5sums')], { cwd: top });
  const config = join(top, 'etc/causeway/causeway.yaml');
  t.match((await run(bin, ['check', '--config', config])).stdout, / is right\n$/);
  const manual = spawnSync('zcat', [join(top, 'usr/share/man/man1/causeway.1.gz')], {
    encoding: 'utf8',
  }).stdout;
  t.match(manual, /^\.TH CAUSEWAY 1 2023-11-14 /);
  t.match(manual, /^\.SS causeway status/m);
});

t.test('serves from a folder that it cannot write, as the package configures it', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const port = await freePort();
  const config = join(state, 'causeway.yaml');
  const text = readFileSync(join(root, 'packaging/debian/causeway.yaml'), 'utf8')
    .replace('state: /var/lib/causeway', 'state: ./state')
    .replace('metrics: 127.0.0.1:9153', 'metrics: off')
    .replace('127.0.0.1:53', `127.0.0.1:${port}`);
  writeFileSync(config, text);
  spawnSync('chmod', ['-R', 'a-w', tree]);
  t.teardown(() => spawnSync('chmod', ['-R', 'u+w', tree]));
  const daemon = execFile(bin, ['serve', '--config', config]);
  const exited = new Promise<number | null>((done) => daemon.once('exit', done));
  await new Promise<void>((serves) =>
    daemon.stderr!.on('data', (line) => String(line).includes('serving') && serves()),
  );
  await run(bin, ['status', '--ready', '--config', config]);
  const reply = await run(bin, ['query', '@127.0.0.1', '-p', String(port), 'localhost']);
  t.match(reply.stdout, /NOERROR .*127\.0\.0\.1/s);
  daemon.kill('SIGTERM');
  t.equal(await exited, 0);
});

/** As the kubelet does: each file is a link through `..data`, which is replaced at once. */
function publish(folder: string, name: string, text: string): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'causeway.yaml'), text);
  symlinkSync(name, join(folder, '..new'));
  renameSync(join(folder, '..new'), join(folder, '..data'));
}

const noJail = missingJail() || (findTool('python3') === undefined && 'not installed: python3');
t.test('as a sidecar: read-only, without capabilities, on port 53', { skip: noJail }, async (t) => {
  const example = join(root, 'examples/sidecar');
  const resolvConf = join(example, 'resolv.conf');
  const text = readFileSync(join(example, 'causeway.yaml'), 'utf8');
  const config = join(folder, 'config');
  mkdirSync(config);
  publish(config, '..1', text);
  symlinkSync('..data/causeway.yaml', join(config, 'causeway.yaml'));
  const jail = startJail(join(folder, 'jail'), tree, config, 'serve', '--follow');
  t.teardown(() => jail.kill());
  await jail.logged('serving with');
  const status = readFileSync(`/proc/${jail.pid()}/status`, 'utf8');
  for (const line of [
    /^Uid:\s+10053\s+10053/m,
    /^CapPrm:\s+0+$/m,
    /^CapEff:\s+0+$/m,
    /^NoNewPrivs:\s+1$/m,
    /^NSpid:\s+\d+\s+1$/m,
  ])
    t.match(status, line);
  // What the image's base adds is 80 MB, and the symbols that the image has not are 33 MB.
  t.ok(jail.octets < 180e6, `${jail.octets} octets`);
  const causeway = '/opt/causeway/bin/causeway';
  const socket = ['--socket', '/var/lib/causeway/control.sock'];
  t.equal(jail.exec(causeway, 'status', '--ready', ...socket), 0, 'HEALTHCHECK');
  t.not(jail.exec('/bin/sh', '-c', ': > /opt/causeway/x'), 0);
  t.not(jail.exec('/bin/sh', '-c', ': > /etc/causeway/x'), 0);

  const engine = jail.spawnBeside(findTool('python3')!, join(root, 'test/support/enginedns.py'));
  t.teardown(() => engine.kill('SIGKILL'));
  let told = '';
  engine.stdout!.on('data', (chunk) => (told += String(chunk)));
  await until(() => told.includes('ready'), "the engine's DNS server");
  const address = (name: string): string => jail.beside(resolvConf, 'getent', 'hosts', name).split(' ')[0]!;
  t.equal(address('cache.app.internal'), '10.20.0.7', 'glibc has the zone of the sidecar');
  t.equal(address('db'), '172.18.0.9', 'and the services of the engine');

  publish(config, '..2', text.replace('10.20.0.7', '10.20.0.8'));
  await jail.logged('the configuration is reloaded');
  t.equal(address('cache.app.internal'), '10.20.0.8', 'a ConfigMap that has changed');
  publish(config, '..3', text.replace('node:', 'nodes:'));
  await jail.logged('"level":"error"');
  t.equal(
    jail.exec(causeway, 'status', '--ready', ...socket),
    0,
    'healthy, with a ConfigMap that has errors',
  );

  const late = jail.spawnBeside(bin, 'query', '@127.0.0.1', 'slow.db', 'A');
  let got = '';
  const answered = new Promise((closed) => late.once('close', closed));
  late.stdout!.on('data', (chunk) => (got += String(chunk)));
  await until(() => told.includes('asked'), 'a question that is under way');
  jail.stop();
  await jail.logged('stopping');
  engine.stdin!.write('\n');
  t.equal(await jail.ended, 0);
  await answered;
  t.match(got, /172\.18\.0\.9/, 'what was under way is answered before the end');
});

t.test('the Dockerfile copies what is there and what reaches the engine', (t) => {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap((match) =>
    match[1]!.split(' '),
  );
  const sent = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .flatMap((line) => line.match(/^!(.+)/)?.[1] ?? []);
  t.same([...copied].sort(), [...sent].sort());
  for (const path of copied) t.ok(existsSync(join(root, path)), path);
  const final = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  t.match(final, /^COPY --from=build \/opt\/causeway \/opt\/causeway$/m);
  t.match(final, /^USER 10053:10053$/m);
  t.match(final, /^HEALTHCHECK .* \\\n {2}CMD \["causeway", "status", "--ready", "--socket", "\S+"\]$/m);
  t.match(final, /^VOLUME \/var\/lib\/causeway$/m);
  t.match(final, /^EXPOSE 53\/udp 53\/tcp 9153\/tcp$/m);
  // What the daemon ends by in order, whatever the base image says.
  t.match(final, /^STOPSIGNAL SIGTERM$/m);
  t.match(final, /^ENTRYPOINT \["causeway"\]\nCMD \["serve"\]$/m);
  t.end();
});

t.test('the examples say what the image is', async (t) => {
  const read = (path: string): string => readFileSync(join(root, 'examples', path), 'utf8');
  const compose = parse(read('sidecar/compose.yaml')) as {
    services: Record<string, Record<string, unknown>>;
    networks: { default: { ipam: { config: { gateway: string }[] } } };
  };
  const { dns, app } = compose.services;
  t.match(dns, {
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    sysctls: ['net.ipv4.ip_unprivileged_port_start=0'],
    healthcheck: { test: ['CMD', 'causeway', 'status', '--ready', '--socket'] },
  });
  const rules: { id: string; targets: string[] }[] = parse(read('sidecar/causeway.yaml')).rules;
  const [{ gateway }] = compose.networks.default.ipam.config as [{ gateway: string }];
  const services = rules.find(({ id }) => id === 'rule-services')!.targets;
  t.same(services, ['127.0.0.11', gateway], 'the DNS servers of Docker and of podman');
  t.match(app, { network_mode: 'service:dns', depends_on: { dns: { condition: 'service_healthy' } } });

  const [map, deployment] = parseAllDocuments(read('kubernetes/sidecar.yaml')).map((each) => each.toJS());
  const pod = deployment.spec.template.spec;
  const [sidecar] = pod.initContainers;
  t.match(pod, { dnsPolicy: 'None', dnsConfig: { nameservers: ['127.0.0.1'] } });
  t.match(pod.dnsConfig.options, [{ name: 'ndots', value: '2' }], 'not five, as without it');
  t.match(pod.securityContext.sysctls, [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }]);
  t.match(sidecar.securityContext, {
    runAsUser: 10053,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  });
  for (const probe of ['startupProbe', 'readinessProbe']) t.equal(sidecar[probe].httpGet.path, '/readyz');
  t.equal(sidecar.livenessProbe.httpGet.path, '/healthz');
  t.ok(
    sidecar.volumeMounts.every((mount: object) => !('subPath' in mount)),
    'or no change would be seen',
  );
  // The configuration that the ConfigMap brings is right.
  const config = mkdtempSync(join(tmpdir(), 'causeway-map-'));
  t.teardown(() => rmSync(config, { recursive: true }));
  for (const [name, text] of Object.entries(map.data as Record<string, string>))
    writeFileSync(join(config, name), text);
  t.match((await run(bin, ['check', '--config', join(config, 'causeway.yaml')])).stdout, / is right\n$/);
  t.match(
    (await run(bin, ['check', '--config', join(root, 'examples/sidecar/causeway.yaml')])).stdout,
    / is right\n$/,
  );
});
