/**
 * Causeway as the resolver of a host: installed and removed on a host of its own (namespaces), with look-ups by the
 * real glibc and musl. The server that the host asked before is NSD, that of its VPN dnsmasq.
 */
import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { listing } from '../cli/host/image.ts';
import { noSandbox, type Ran, type Sandbox, startSandbox } from '../support/sandbox.ts';
import { missing } from '../support/servers.ts';
import { findTool } from '../support/tools.ts';

const skip = noSandbox || missing('nsd', 'dnsmasq', 'getent', 'ip');
const BIN = join(import.meta.dirname, '../../bin/causeway');
const HOOK = join(import.meta.dirname, '../../examples/vpn/causeway-vpn');
const CONFIG = '/etc/causeway/causeway.yaml';
const RESOLV_CONF = '# of the office\nnameserver 192.0.2.1\nsearch corp.example\noptions timeout:2\n';
/** What the server before knows: a root of its own, and the office's names. */
const ZONE = `$TTL 60
. SOA ns. h. 1 7200 900 1209600 60
. NS ns.
ns. A 192.0.2.1
www.corp.example. A 192.0.2.80
`;
const NSD = `server:
  ip-address: 192.0.2.1@53
  username: ""
  database: ""
  pidfile: ""
  xfrdfile: ""
  server-count: 1
  rrl-ratelimit: 0
  zonesdir: "/run"
  xfrdir: "/run"
  zonelistfile: "/run/nsd.list"
  logfile: "/run/nsd.log"
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "/run/root.zone"
`;

/** Looks a name up as any program does that is linked to musl. */
const LOOK_C = `#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
int main(int argc, char **argv) {
  struct addrinfo *all, hints = { .ai_socktype = SOCK_STREAM };
  if (argc < 2 || getaddrinfo(argv[1], 0, &hints, &all) != 0) return 2;
  for (struct addrinfo *a = all; a != 0; a = a->ai_next) {
    char text[INET6_ADDRSTRLEN];
    const void *at = a->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
                                             : (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr;
    puts(inet_ntop(a->ai_family, at, text, sizeof text));
  }
  return 0;
}
`;

const folder = mkdtempSync(join(tmpdir(), 'causeway-e2e-host-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** A program that asks by musl, where that can be made. */
function muslProgram(): string | undefined {
  if (findTool('musl-gcc') === undefined) return undefined;
  const source = join(folder, 'look.c');
  const program = join(folder, 'look-musl');
  writeFileSync(source, LOOK_C);
  execFileSync('musl-gcc', ['-O1', '-o', program, source]);
  return program;
}

/** A host that asks NSD, as its administrator wrote. */
async function startHost(): Promise<Sandbox> {
  // The command line is run some thirty times: it is compiled once.
  const host = await startSandbox({ NODE_COMPILE_CACHE: join(folder, 'compiled') });
  const at = (path: string): string => join(host.root, path);
  writeFileSync(at('/etc/resolv.conf'), RESOLV_CONF);
  chmodSync(at('/etc/resolv.conf'), 0o664);
  utimesSync(at('/etc/resolv.conf'), 1_600_000_000, 1_600_000_000.5);
  writeFileSync(at('/etc/nsswitch.conf'), 'hosts: files dns\n');
  writeFileSync(at('/run/root.zone'), ZONE);
  writeFileSync(at('/run/nsd.conf'), NSD);
  for (const address of ['192.0.2.1/32', '10.8.0.1/32'])
    await host.must('ip', 'address', 'add', address, 'dev', 'lo');
  host.spawn(findTool('nsd')!, '-d', '-c', '/run/nsd.conf');
  await until(async () => (await look(host, 'www.corp.example')).length > 0);
  return host;
}

/** Addresses by glibc. */
async function look(host: Sandbox, name: string): Promise<string[]> {
  const { stdout } = await host.run('getent', 'ahosts', name);
  return [...new Set(stdout.split('\n').flatMap((line) => line.split(/\s+/)[0] || []))];
}

/** Another server of the host; resolves when it listens. */
async function dnsmasq(host: Sandbox, address: string, ...more: string[]): Promise<ChildProcess> {
  const alone = ['-k', '-C', '/dev/null', '-u', 'root', '-x', '', '-R', '--no-hosts', '--bind-interfaces'];
  const child = host.spawn('dnsmasq', ...alone, `--listen-address=${address}`, ...more);
  // As the kernel writes it: the last octet first.
  const hex = Buffer.from(address.split('.').map(Number)).reverse().toString('hex').toUpperCase();
  await until(async () => (await host.must('cat', '/proc/net/udp')).includes(`${hex}:0035`));
  return child;
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 900; i++) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it does not come to be');
}

const causeway = (host: Sandbox, ...words: string[]): Promise<Ran> => host.run(BIN, ...words);
const etc = (host: Sandbox): string[] => listing(join(host.root, 'etc'));
const resolvConf = (host: Sandbox): string => readFileSync(join(host.root, 'etc/resolv.conf'), 'utf8');

async function startCauseway(host: Sandbox): Promise<ChildProcess> {
  const daemon = host.spawn(BIN, 'serve', '--config', CONFIG);
  let log = '';
  daemon.stderr!.on('data', (chunk) => (log += String(chunk)));
  await until(async () => {
    if (daemon.exitCode !== null) throw new Error(log);
    return log.includes('serving');
  });
  return daemon;
}

t.test('a host with a plain resolv.conf', { skip }, async (t) => {
  const host = await startHost();
  t.teardown(() => host.stop());
  const musl = muslProgram();
  if (musl === undefined) t.comment('not installed: musl-gcc; nothing is looked up by musl');
  const byMusl = musl === undefined ? [] : ['--probe', musl];
  const install = (...words: string[]): Promise<Ran> => causeway(host, 'install-host', ...words);
  const untouched = etc(host);

  let remedy = '';
  await t.test('without a daemon it is refused, with what to do', async (t) => {
    const { code, stderr } = await install();
    t.equal(code, 1);
    t.match(
      stderr,
      /no daemon serves .*systemd does not run here; write it with `.* causeway install-host --print-config/,
    );
    remedy = /write it with `([^`]*)`/.exec(stderr)?.[1] ?? '';
    const documented = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
    t.ok(documented.includes(`\n${remedy}\n`), `as it is documented: ${remedy}`);
    t.same(etc(host), untouched);
  });

  await t.test('the configuration asks whom the host asked, at a free address', async (t) => {
    t.notOk(existsSync(join(host.root, 'etc/causeway')));
    await host.must('sh', '-c', `causeway() { ${BIN} "$@"; }; ${remedy}`);
    const written = readFileSync(join(host.root, CONFIG), 'utf8');
    t.match(written, /listen: \["127\.0\.0\.55:53"\]/);
    t.match(written, /targets: \[192\.0\.2\.1\]/);
    t.equal((await causeway(host, 'check', '--config', CONFIG)).stderr, '', 'without a warning');
  });

  await t.test(
    'another program at the address: the doctor names it, and another address is free',
    async (t) => {
      const other = await dnsmasq(host, '127.0.0.55');
      const { code, stdout } = await causeway(host, 'doctor', '--config', CONFIG);
      t.equal(code, 1);
      t.match(
        stdout,
        /✗ port 53: dnsmasq \(pid \d+\) has 127\.0\.0\.55 port 53, where Causeway is to listen/,
      );
      t.match(stdout, /✗ daemon: no daemon answers/);
      t.match((await install('--print-config')).stdout, /listen: \["127\.0\.0\.56:53"\]/);
      const ended = new Promise((resolve) => other.once('exit', resolve));
      other.kill('SIGKILL');
      await ended;
    },
  );

  const daemon = await startCauseway(host);
  const before = etc(host);

  await t.test('installed: glibc and musl ask Causeway, which asks whom the host asked', async (t) => {
    const { code, stdout, stderr } = await install('--check', 'www.corp.example', ...byMusl);
    t.equal(code, 0, stderr);
    t.match(stdout, /looked up by glibc, by getent/);
    if (musl !== undefined) t.match(stdout, /looked up by musl, by /);
    t.match(stdout, /reaches whom it asks, as 192\.0\.2\.1 does/);
    t.match(
      resolvConf(host),
      /^nameserver 127\.0\.0\.55\nsearch corp\.example\noptions timeout:2 edns0 trust-ad\n$/m,
    );
    t.same(await look(host, 'www'), ['192.0.2.80'], 'by the search list');
    if (musl !== undefined) t.match(await host.must(musl, 'www'), /192\.0\.2\.80/);
    t.match((await install()).stderr, /this host asks Causeway already/);
    const doctor = await causeway(host, 'doctor', '--json', '--config', CONFIG);
    t.equal(doctor.code, 0, doctor.stdout);
    const { way, findings } = JSON.parse(doctor.stdout);
    t.ok(way.includes('libc asks: 127.0.0.55 (Causeway), search corp.example'), way.join('\n'));
    t.ok(way.includes('Causeway asks for . by rule uplink: 192.0.2.1'), way.join('\n'));
    t.match(findings, [
      { level: 'note', topic: 'port 53' },
      { level: 'note', topic: 'loop' },
      { level: 'fine' },
    ]);
  });

  await t.test('a VPN: its hook has its names asked of its servers, and taken back', async (t) => {
    await dnsmasq(host, '10.8.0.1', '--host-record=db.vpn.example,10.8.0.9');
    t.same(await look(host, 'db.vpn.example'), []);
    const path = `PATH=${join(BIN, '..')}:${process.env['PATH']}`;
    await host.must('env', path, HOOK, 'up', 'wg0', '10.8.0.1', 'vpn.example');
    t.same(await look(host, 'db'), ['10.8.0.9'], 'by the search list of the VPN');
    t.match(resolvConf(host), /^search corp\.example vpn\.example$/m);
    // As OpenVPN calls it.
    await host.must('env', path, 'script_type=down', 'dev=wg0', HOOK, 'wg0', '1500');
    t.same(await look(host, 'db.vpn.example'), []);
    t.match(resolvConf(host), /^search corp\.example$/m);
  });

  await t.test('uninstalled: byte for byte', async (t) => {
    t.equal((await causeway(host, 'uninstall-host')).code, 0);
    t.same(etc(host), before);
    t.notOk(existsSync(join(host.root, 'var/lib/causeway-host')));
    t.match((await causeway(host, 'uninstall-host')).stderr, /nothing to undo/);
    t.same(await look(host, 'www'), ['192.0.2.80']);
  });

  await t.test('glibc that does not ask DNS: it is seen, and undone', async (t) => {
    writeFileSync(join(host.root, 'etc/nsswitch.conf'), 'hosts: files\n');
    const state = etc(host);
    const { code, stderr } = await install();
    t.equal(code, 1);
    t.match(stderr, /is not found; everything is as it was/);
    t.same(etc(host), state);
    writeFileSync(join(host.root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  });

  await t.test('killed while it looks names up: uninstalled byte for byte', async (t) => {
    const state = etc(host);
    const hang = join(folder, 'hang');
    writeFileSync(hang, '#!/bin/sh\ntouch /run/hangs\nexec sleep 1000\n', { mode: 0o755 });
    const installing = host.spawn(BIN, 'install-host', '--probe', hang);
    await until(async () => (await host.run('test', '-e', '/run/hangs')).code === 0);
    const ended = new Promise((resolve) => installing.once('exit', resolve));
    installing.kill('SIGKILL');
    await ended;
    t.match(resolvConf(host), /127\.0\.0\.55/);
    t.match((await install()).stderr, /an installation was interrupted here; run `causeway uninstall-host`/);
    t.equal((await causeway(host, 'uninstall-host')).code, 0);
    t.same(etc(host), state);
  });

  await t.test('a file that is mounted, as in a container', async (t) => {
    writeFileSync(join(host.root, 'run/resolv.conf'), RESOLV_CONF);
    await host.must('mount', '--bind', '/run/resolv.conf', '/etc/resolv.conf');
    const state = etc(host);
    t.match((await install()).stdout, /write into \/etc\/resolv\.conf, which is a mount point/);
    t.match(resolvConf(host), /127\.0\.0\.55/);
    t.equal((await causeway(host, 'uninstall-host')).code, 0);
    t.same(etc(host), state);
    await host.must('umount', '/etc/resolv.conf');
  });

  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await ended;
});

t.test('the hook for VPNs: what OpenVPN pushes, and nothing but addresses and names', { skip }, (t) => {
  const rules = join(folder, 'rules.d');
  const tools = join(folder, 'bin');
  mkdirSync(rules);
  mkdirSync(tools);
  writeFileSync(join(tools, 'causeway'), '#!/bin/sh\n', { mode: 0o755 });
  const hook = (env: Record<string, string>, ...words: string[]) =>
    spawnSync(HOOK, words, {
      env: { PATH: `${tools}:${process.env['PATH']}`, CAUSEWAY_RULES: rules, ...env },
      encoding: 'utf8',
    });
  const pushed = {
    script_type: 'up',
    dev: 'tun0',
    foreign_option_1: 'dhcp-option DNS 10.8.0.1',
    foreign_option_2: 'dhcp-option DOMAIN vpn.example',
    foreign_option_3: 'dhcp-option DNS 10.8.0.2',
  };
  t.equal(hook(pushed, 'tun0', '1500').status, 0);
  const written = readFileSync(join(rules, 'vpn-tun0.yaml'), 'utf8');
  t.same(parse(written), {
    search: ['vpn.example'],
    rules: [{ domain: 'vpn.example', type: 'forward', targets: ['10.8.0.1', '10.8.0.2'] }],
  });
  const evil = hook({ ...pushed, foreign_option_2: 'dhcp-option DOMAIN x"]\\nrules: [' }, 'tun0');
  t.equal(evil.status, 1);
  t.match(evil.stderr, /odd characters/);
  t.equal(readFileSync(join(rules, 'vpn-tun0.yaml'), 'utf8'), written);
  t.equal(hook({}, 'down', 'tun0').status, 0);
  t.notOk(existsSync(join(rules, 'vpn-tun0.yaml')));
  t.end();
});
