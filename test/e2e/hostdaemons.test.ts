/**
 * Causeway as the resolver of a host whose /etc/resolv.conf somebody else writes whenever the network changes: Debian's
 * NetworkManager and its `resolvconf` with dhclient, as they are. `.ci/run` unpacks them. A router beside the host leases
 * it an address and tells it a DNS server, and then another one; both servers are dnsmasq.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { listing } from '../cli/host/image.ts';
import { type Ran, type Sandbox, startSandbox, unpacked } from '../support/sandbox.ts';
import { missing } from '../support/servers.ts';

const BIN = join(import.meta.dirname, '../../bin/causeway');
const CONFIG = '/etc/causeway/causeway.yaml';
const folder = mkdtempSync(join(tmpdir(), 'causeway-e2e-hostdaemons-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** The DNS servers of the network, one after the other. */
const SERVERS = ['192.0.2.1', '192.0.2.2'] as const;
type Server = (typeof SERVERS)[number];
/** The search list that comes with each. */
const SEARCH: Readonly<Record<Server, string>> = {
  '192.0.2.1': 'corp.example',
  '192.0.2.2': 'corp.example,home.example',
};
/** What each of them says `www.corp.example` is. */
const addressBy = (server: string): string => server.replace('192.0.2.', '192.0.2.8');

const noVeth =
  spawnSync('unshare', ['--net', 'ip', 'link', 'add', 'eth8', 'type', 'veth', 'peer', 'name', 'eth9'])
    .status !== 0 && 'no pair of virtual interfaces can be made here';

interface Network {
  readonly host: Sandbox;
  /** The router tells this server from the next lease on. */
  tell(server: Server): void;
}

/** A host with an interface `eth9` to a router, and nothing that has set it up. */
async function startNetwork(t: Test, packages: string): Promise<Network> {
  const env = {
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    PATH: `${process.env['PATH']}:/usr/sbin:/sbin`,
  };
  const host = await startSandbox(env, packages);
  t.teardown(() => host.stop());
  writeFileSync(join(host.root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  const router = host.spawn('unshare', '--net', 'sleep', 'infinity');
  const inside = (...command: string[]) => ['nsenter', `--net=/proc/${router.pid}/ns/net`, ...command];
  const own = await host.must('readlink', '/proc/self/ns/net');
  await until('the router', async () => {
    const { code, stdout } = await host.run('readlink', `/proc/${router.pid}/ns/net`);
    return code === 0 && stdout !== own;
  });
  const veth = ['ip', 'link', 'add', 'eth9', 'type', 'veth', 'peer', 'name', 'lan', 'netns', `${router.pid}`];
  await host.must(...veth);
  for (const server of SERVERS)
    await host.must(...inside('ip', 'address', 'add', `${server}/24`, 'dev', 'lan'));
  await host.must(...inside('ip', 'link', 'set', 'lan', 'up'));
  const options = join(host.root, 'run/dhcp-options');
  const told = (server: Server): void =>
    writeFileSync(options, `option:dns-server,${server}\noption:domain-search,${SEARCH[server]}\n`);
  told(SERVERS[0]);
  const alone = [
    'dnsmasq',
    '-k',
    '-C',
    '/dev/null',
    '-u',
    'root',
    '-x',
    '',
    '-R',
    '--no-hosts',
    '--bind-interfaces',
  ];
  const daemons = SERVERS.map((server, i) => {
    const names = [`--listen-address=${server}`, `--host-record=www.corp.example,${addressBy(server)}`];
    const leases = [
      '--dhcp-range=192.0.2.100,192.0.2.120,120',
      '--dhcp-authoritative',
      '--no-ping',
      '--dhcp-leasefile=/run/leases',
      '--dhcp-optsfile=/run/dhcp-options',
    ];
    return host.spawn(...inside(...alone, ...names, ...(i === 0 ? leases : [])));
  });
  return {
    host,
    tell(server) {
      told(server);
      daemons[0]!.kill('SIGHUP');
    },
  };
}

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it does not come to be: ${what}`);
}

/** NetworkManager writes its file anew whenever it is told to, with the same in it: its time is its own. */
const etc = (host: Sandbox): string[] =>
  listing(join(host.root, 'etc')).map((line) => line.replace(/^(resolv\.conf 100\d+ \S+) \d+/, '$1'));
const causeway = (host: Sandbox, ...words: string[]): Promise<Ran> => host.run(BIN, ...words);
const resolvConf = (host: Sandbox): string => textOf(host, '/etc/resolv.conf');

/** A file as the host sees it, whose links are its own. */
function textOf(host: Sandbox, path: string): string {
  return spawnSync(host.enter[0]!, [...host.enter.slice(1), 'cat', path], { encoding: 'utf8' }).stdout;
}

/** Addresses by glibc. */
async function look(host: Sandbox, name: string): Promise<string[]> {
  const { stdout } = await host.run('getent', 'ahosts', name);
  return [...new Set(stdout.split('\n').flatMap((line) => line.split(/\s+/)[0] || []))];
}

const names = (host: Sandbox, server: string, file = '/etc/resolv.conf'): Promise<void> =>
  until(`${file} names ${server}`, async () => textOf(host, file).includes(`nameserver ${server}\n`));

/** A configuration that asks whom the host asks, and a daemon that serves it. */
async function serve(host: Sandbox): Promise<void> {
  const { stdout } = await causeway(host, 'install-host', '--print-config');
  await host.must('mkdir', '-p', '/etc/causeway/rules.d');
  writeFileSync(join(host.root, CONFIG), stdout);
  const daemon = host.spawn(BIN, 'serve', '--config', CONFIG);
  let log = '';
  daemon.stderr!.on('data', (chunk) => (log += String(chunk)));
  await until('Causeway serves', async () => {
    if (daemon.exitCode !== null) throw new Error(log);
    return log.includes('serving');
  });
}

const DBUS = `<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
`;
const CONNECTION = `[connection]
id=office
type=ethernet
interface-name=eth9
[ipv4]
method=auto
[ipv6]
method=disabled
`;

async function startNetworkManager(host: Sandbox): Promise<ChildProcess> {
  // Where it may be written, devices wait for udev.
  await host.must('mount', '-t', 'sysfs', '-o', 'ro', 'sysfs', '/sys');
  const at = (path: string): string => join(host.root, path);
  mkdirSync(at('run/dbus'));
  writeFileSync(at('run/dbus.conf'), DBUS);
  host.spawn('dbus-daemon', '--config-file=/run/dbus.conf', '--nofork', '--nopidfile');
  await until('D-Bus', async () => existsSync(at('run/dbus/system_bus_socket')));
  const connections = at('etc/NetworkManager/system-connections');
  mkdirSync(connections, { recursive: true });
  writeFileSync(join(connections, 'office.nmconnection'), CONNECTION, { mode: 0o600 });
  mkdirSync(at('etc/NetworkManager/conf.d'), { recursive: true });
  mkdirSync(at('var/lib/NetworkManager'), { recursive: true });
  return host.spawn('NetworkManager', '--no-daemon');
}

const network = unpacked('network-manager');
t.test(
  'NetworkManager',
  { skip: network.skip || noVeth || missing('dnsmasq', 'dbus-daemon', 'ip') },
  async (t) => {
    const { host, tell } = await startNetwork(t, network.folder);
    await startNetworkManager(host);
    const [first, second] = SERVERS;
    await names(host, first);
    t.match(resolvConf(host), /^# Generated by NetworkManager\nsearch corp\.example\n/);
    await serve(host);
    const before = etc(host);
    const nmcli = (...words: string[]): Promise<string> => host.must('nmcli', ...words);

    await t.test('a name that is not found: it has its file again', async (t) => {
      const { code, stderr } = await causeway(host, 'install-host', '--check', 'none.corp.example');
      t.equal(code, 1);
      t.match(stderr, /none\.corp\.example is not found; everything is as it was/);
      t.same(etc(host), before);
    });

    await t.test('installed: it keeps away', async (t) => {
      const { code, stdout, stderr } = await causeway(host, 'install-host', '--check', 'www.corp.example');
      t.equal(code, 0, stderr);
      t.match(stdout, /^DNS of this host: NetworkManager, as \/etc\/resolv\.conf says so$/m);
      t.match(stdout, /^ {2}run nmcli general reload$/m);
      t.match(resolvConf(host), /^nameserver 127\.0\.0\.55\nsearch corp\.example$/m);
      t.same(await look(host, 'www'), [addressBy(first)]);
    });

    await t.test('whatever happens to it', async (t) => {
      const ours = resolvConf(host);
      await nmcli('general', 'reload');
      t.equal(resolvConf(host), ours, 'reloaded');
      tell(second);
      await nmcli('connection', 'up', 'office');
      await names(host, second, '/run/NetworkManager/no-stub-resolv.conf');
      t.equal(resolvConf(host), ours, 'a new lease with another server');
      t.match(
        (await causeway(host, 'install-host', '--update')).stdout,
        '/etc/resolv.conf is written anew\n',
      );
      t.match(resolvConf(host), /^nameserver 127\.0\.0\.55\nsearch corp\.example home\.example$/m);
      t.equal((await causeway(host, 'doctor', '--config', CONFIG)).code, 0);
    });

    await t.test('uninstalled: it writes what it knows by then, and goes on', async (t) => {
      tell(first);
      await nmcli('connection', 'up', 'office');
      await names(host, first, '/run/NetworkManager/no-stub-resolv.conf');
      t.equal((await causeway(host, 'uninstall-host')).code, 0);
      t.same(etc(host), before);
      tell(second);
      await nmcli('connection', 'up', 'office');
      await names(host, second);
      t.same(await look(host, 'www'), [addressBy(second)]);
    });
  },
);

const debian = unpacked('resolvconf');
t.test("Debian's resolvconf", { skip: debian.skip || noVeth || missing('dnsmasq', 'ip') }, async (t) => {
  const { host, tell } = await startNetwork(t, debian.folder);
  // Of a package that the machine has; no server is told here.
  rmSync(join(host.root, 'etc/resolvconf/update.d/unbound'), { force: true });
  // As its postinst does.
  mkdirSync(join(host.root, 'run/resolvconf/interface'), { recursive: true });
  symlinkSync('../run/resolvconf/resolv.conf', join(host.root, 'etc/resolv.conf'));
  await host.must('resolvconf', '--enable-updates');
  let client: ChildProcess | undefined;
  const lease = async (): Promise<void> => {
    client?.kill('SIGKILL');
    client = host.spawn('dhclient', '-d', '-lf', '/run/dhclient.leases', '-pf', '/run/dhclient.pid', 'eth9');
  };
  const [first, second] = SERVERS;
  await lease();
  await names(host, first);
  await serve(host);
  const before = etc(host);
  const { code, stdout, stderr } = await causeway(host, 'install-host', '--check', 'www.corp.example');
  t.equal(code, 0, stderr);
  t.match(stdout, /^DNS of this host: resolvconf, as \/etc\/resolv\.conf leads to /m);
  t.same(await look(host, 'www'), [addressBy(first)]);
  const ours = resolvConf(host);
  t.match(ours, /^nameserver 127\.0\.0\.55\nsearch corp\.example$/m);

  tell(second);
  await lease();
  await names(host, second, '/run/resolvconf/resolv.conf');
  t.equal(resolvConf(host), ours, 'a new lease with another server');
  await host.must('resolvconf', '-u');
  t.equal(resolvConf(host), ours);
  t.equal((await causeway(host, 'install-host', '--update')).code, 0);
  t.match(resolvConf(host), /^nameserver 127\.0\.0\.55\nsearch corp\.example home\.example$/m);

  t.equal((await causeway(host, 'uninstall-host')).code, 0);
  t.same(etc(host), before);
  t.same(await look(host, 'www'), [addressBy(second)], 'what it knows by then');
  tell(first);
  await lease();
  await names(host, first);
});
