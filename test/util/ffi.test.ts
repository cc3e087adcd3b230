import { spawn, spawnSync } from 'node:child_process';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { type Ffi, loadFfi, RECEIVE_BUFFER, SocketError, socketText } from '../../src/util/ffi.ts';
import { freePort } from '../support/ports.ts';

const loaded = await loadFfi();
if (loaded === undefined) {
  t.pass('all of it', { skip: 'no native interface here' });
  process.exit(0);
}
const ffi: Ffi = loaded;

const codeOf = (fn: () => unknown): string => {
  try {
    fn();
    return 'no error';
  } catch (error) {
    return error instanceof SocketError ? error.code : String(error);
  }
};
/** Octal flags of a descriptor as the kernel shows them. */
const flagsOf = (fd: number): number =>
  Number.parseInt(/^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))![1]!, 8);

t.test('a thread that is to wake soon keeps its policy and its nice value', (t) => {
  const before = readFileSync('/proc/thread-self/stat', 'latin1').split(') ')[1]!.split(' ');
  t.equal(ffi.wakeSoon(), true);
  const after = readFileSync('/proc/thread-self/stat', 'latin1').split(') ')[1]!.split(' ');
  // Fields 18, 19, 40, 41 of proc(5): priority, nice, real-time priority, policy.
  for (const field of [18, 19, 40, 41]) t.equal(after[field - 3], before[field - 3], `field ${field}`);
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const shown = sliceIn(readSchedule());
  if ((major > 6 || (major === 6 && minor >= 12)) && shown !== undefined) t.equal(shown, '100000');
  t.end();
});

t.test('a thread that it starts has a slice of its own', async (t) => {
  t.equal(ffi.wakeSoon(), true);
  const read = "require('node:fs').readFileSync('/proc/thread-self/sched', 'latin1')";
  const worker = new Worker(`require('node:worker_threads').parentPort.postMessage(${read})`, { eval: true });
  const [of] = await Promise.race([once(worker, 'message'), once(worker, 'error').then(() => [''])]);
  t.not(sliceIn(String(of)), '100000');
  await worker.terminate();
});

function sliceIn(schedule: string): string | undefined {
  return /^se\.slice\s+:\s+(\d+)/m.exec(schedule)?.[1];
}

/** What the kernel tells of this thread's schedule, where it is built to tell. */
function readSchedule(): string {
  try {
    return readFileSync('/proc/thread-self/sched', 'latin1');
  } catch {
    return '';
  }
}

t.test('sockets are bound where they are wanted', (t) => {
  for (const kind of ['udp', 'tcp'] as const) {
    for (const address of ['127.0.0.1', '127.9.8.7', '::1']) {
      const fd = ffi.open({ kind, address, port: 0, sharing: 'alone' });
      const bound = ffi.inspect(fd)!;
      t.match(bound, { kind, address });
      t.ok(bound.port > 0);
      t.ok(flagsOf(fd) & 0o4000, 'non-blocking');
      t.ok(flagsOf(fd) & 0o2000000, 'closed on exec');
      ffi.close(fd);
    }
  }
  t.end();
});

t.test('an address that is taken is named in the error, with a remedy', async (t) => {
  const port = await freePort();
  for (const kind of ['udp', 'tcp'] as const) {
    const spec = { kind, address: '127.0.0.1', port };
    const fd = ffi.open({ ...spec, sharing: 'alone' });
    t.throws(() => ffi.open({ ...spec, sharing: 'alone' }), {
      code: 'EADDRINUSE',
      message: new RegExp(`cannot bind ${kind} 127\\.0\\.0\\.1:${port}: EADDRINUSE; another program`),
    });
    t.equal(
      codeOf(() => ffi.open({ ...spec, sharing: 'shared' })),
      'EADDRINUSE',
      'alone is alone',
    );
    ffi.close(fd);
    const shared = [ffi.open({ ...spec, sharing: 'shared' }), ffi.open({ ...spec, sharing: 'shared' })];
    t.equal(
      codeOf(() => ffi.open({ ...spec, sharing: 'alone' })),
      'EADDRINUSE',
      'and finds those that share',
    );
    for (const each of shared) ffi.close(each);
  }
});

t.test('other failures say what they are', (t) => {
  const open = (address: string) => (): number =>
    ffi.open({ kind: 'udp', address, port: 0, sharing: 'alone' });
  t.equal(codeOf(open('192.0.2.77')), 'EADDRNOTAVAIL');
  t.throws(open('192.0.2.77'), { message: /no interface of this host has that address/ });
  t.equal(codeOf(open('host.example')), 'EINVAL');
  t.equal(codeOf(open('010.0.0.1')), 'EINVAL');
  t.equal(codeOf(open('fe80::1%nosuch0')), 'ENODEV');
  t.equal(
    codeOf(() => ffi.duplicate(9999)),
    'EBADF',
  );
  t.end();
});

t.test('an IPv6 wildcard leaves IPv4 alone', async (t) => {
  const port = await freePort();
  const six = ffi.open({ kind: 'udp', address: '::', port, sharing: 'alone' });
  const four = ffi.open({ kind: 'udp', address: '0.0.0.0', port, sharing: 'alone' });
  t.same(ffi.inspect(six), { kind: 'udp', address: '::', port });
  ffi.close(six);
  ffi.close(four);
});

t.test('a link-local address is bound on its link', (t) => {
  const found = Object.entries(networkInterfaces())
    .flatMap(([name, entries]) => (entries ?? []).map((entry) => ({ name, ...entry })))
    .find(({ address }) => address.startsWith('fe80:'));
  if (found === undefined) return t.end();
  for (const zone of [found.name, found.family === 'IPv6' ? String(found.scopeid) : found.name]) {
    const fd = ffi.open({ kind: 'udp', address: `${found.address}%${zone}`, port: 0, sharing: 'alone' });
    t.equal(ffi.inspect(fd)?.address, found.address);
    ffi.close(fd);
  }
  t.end();
});

t.test('a duplicate is the same kernel socket: its queue outlives the first descriptor', async (t) => {
  const fd = ffi.open({ kind: 'udp', address: '127.0.0.1', port: 0, sharing: 'shared' });
  const { port } = ffi.inspect(fd)!;
  const sender = createSocket('udp4');
  await new Promise((resolve) => sender.send('waiting', port, '127.0.0.1', resolve));
  const copy = ffi.duplicate(fd);
  ffi.close(fd);
  t.ok(flagsOf(copy) & 0o2000000, 'closed on exec');
  const reader = createSocket('udp4');
  const received = new Promise((resolve) => reader.once('message', (octets) => resolve(String(octets))));
  reader.bind({ fd: copy });
  t.equal(await received, 'waiting');
  reader.close();
  sender.close();
});

t.test('net and dgram serve what was opened here', async (t) => {
  const fd = ffi.open({ kind: 'tcp', address: '::1', port: 0, sharing: 'shared' });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ fd }, resolve));
  t.match(server.address(), { address: '::1', family: 'IPv6' });
  server.close();
});

t.test('only bound IP sockets are recognised among inherited descriptors', async (t) => {
  const file = openSync(import.meta.filename, 'r');
  t.equal(ffi.inspect(file), undefined);
  closeSync(file);
  t.equal(ffi.inspect(9999), undefined);
  const folder = mkdtempSync(join(tmpdir(), 'causeway-ffi-'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  t.equal(ffi.inspect(fd), undefined, 'a unix socket');
  server.close();
  rmSync(folder, { recursive: true });
});

t.test('adopting makes an inherited descriptor non-blocking and closed on exec', (t) => {
  const file = openSync(import.meta.filename, 'r');
  ffi.adopt(file);
  t.ok(flagsOf(file) & 0o4000);
  t.ok(flagsOf(file) & 0o2000000);
  closeSync(file);
  t.end();
});

const ANY = ffi.endpoint('0.0.0.0', 0);

t.test('a connected socket: sends, receives from its peer alone, and is told of a closed port', async (t) => {
  const watch = ffi.openWatch();
  const peer = createSocket('udp4').bind(0, '127.0.0.1');
  await once(peer, 'listening');
  const to = ffi.endpoint('127.0.0.1', peer.address().port);
  const fd = ffi.connectUdp(watch, ANY, await freePort(), to) as number;
  t.equal(ffi.receive(fd), 'EAGAIN');
  t.same(readyIn(watch), []);
  ffi.send(fd, Buffer.from('question'));
  const [question, from] = (await once(peer, 'message')) as [Buffer, RemoteInfo];
  t.equal(String(question), 'question');
  t.equal(from.port, ffi.inspect(fd)!.port);
  const stranger = createSocket('udp4');
  await new Promise((done) => stranger.send('forged', from.port, '127.0.0.1', done));
  await new Promise((done) => peer.send('answer', from.port, '127.0.0.1', done));
  t.same(readyIn(watch), [fd]);
  t.same(ffi.receive(fd), new Uint8Array(Buffer.from('answer')));
  t.equal(ffi.receive(fd), 'EAGAIN');
  stranger.close();
  await new Promise<void>((done) => peer.close(done));
  ffi.send(fd, Buffer.from('question'));
  t.same(readyIn(watch), [fd], 'an error is something to read');
  t.equal(ffi.receive(fd), 'ECONNREFUSED');
  t.ok(flagsOf(fd) & 0o2000000, 'closed on exec');
  ffi.close(fd);
  t.same(readyIn(watch), []);
  ffi.close(watch);
});

function readyIn(watch: number): number[] {
  const fds = new Int32Array(8);
  return [...fds.subarray(0, ffi.ready(watch, fds))];
}

t.test(
  'a socket that is connected again: another port of the kernel’s, and nothing arrives meanwhile',
  async (t) => {
    const watch = ffi.openWatch();
    const peers = [
      createSocket('udp4').bind(0, '127.0.0.1'),
      createSocket('udp4').bind(0, '127.0.0.1'),
    ] as const;
    await Promise.all(peers.map((peer) => once(peer, 'listening')));
    const [one, other] = peers.map((peer) => ffi.endpoint('127.0.0.1', peer.address().port));
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1');
    const [first = 0, last = 0] = range.trim().split(/\s+/).map(Number);
    const fd = ffi.connectAnyUdp(watch, one!) as number;
    const ports = new Set<number>();
    for (let round = 0; round < 50; round++) {
      const { port } = ffi.inspect(fd)!;
      t.ok(port >= first && port <= last);
      ports.add(port);
      t.ok(ffi.disconnectUdp(fd));
      t.equal(ffi.inspect(fd)?.port, 0);
      await new Promise((done) => peers[0].send('late', port, '127.0.0.1', done));
      t.equal(ffi.receive(fd), 'EAGAIN');
      t.equal(ffi.reconnectUdp(fd, other!), undefined);
      t.equal(ffi.receive(fd), 'EAGAIN');
    }
    t.ok(ports.size > 40, 'each time it is drawn anew');
    ffi.send(fd, Buffer.from('question'));
    const [question, from] = (await once(peers[1], 'message')) as [Buffer, RemoteInfo];
    t.equal(String(question), 'question');
    await new Promise((done) => peers[1].send('answer', from.port, '127.0.0.1', done));
    t.same(readyIn(watch), [fd], 'it is in the set still');
    t.same(ffi.receive(fd), new Uint8Array(Buffer.from('answer')));
    t.equal(ffi.reconnectUdp(fd, ffi.endpoint('::1', 53)), 'EAFNOSUPPORT');
    t.notOk(ffi.disconnectUdp(9999));
    t.equal(ffi.connectAnyUdp(9999, one!), 'EBADF');
    ffi.close(fd);
    ffi.close(watch);
    for (const peer of peers) peer.close();
  },
);

t.test('a connected socket that cannot be had: the code says why, and no descriptor is lost', async (t) => {
  const watch = ffi.openWatch();
  const to = ffi.endpoint('127.0.0.1', 53);
  const free = await freePort();
  const fd = ffi.connectUdp(watch, ANY, free, to) as number;
  t.equal(ffi.connectUdp(watch, ANY, free, to), 'EADDRINUSE');
  t.equal(ffi.connectUdp(watch, ffi.endpoint('192.0.2.77', 0), free, to), 'EADDRNOTAVAIL');
  t.equal(ffi.connectUdp(9999, ANY, free, to), 'EBADF');
  t.equal(ffi.send(fd, new Uint8Array(5000)), 'EMSGSIZE');
  t.equal(ffi.receive(9999), 'EBADF');
  t.equal(ffi.ready(9999, new Int32Array(8)), 0);
  t.equal(
    codeOf(() => ffi.endpoint('host.example', 53)),
    'EINVAL',
  );
  t.equal(
    codeOf(() => ffi.replace(fd, 9999)),
    'EBADF',
  );
  ffi.close(fd);
  t.equal(ffi.connectUdp(watch, ANY, await freePort(), to), fd, 'the lowest number that is free');
  ffi.close(fd);
  ffi.close(watch);
});

t.test('more sockets with something to read than are asked for: the rest next time', async (t) => {
  const watch = ffi.openWatch();
  const fds: number[] = [];
  for (let port = 20_000; fds.length < 100; port++) {
    const self = ffi.endpoint('127.0.0.1', port);
    const fd = ffi.connectUdp(watch, self, port, self);
    if (typeof fd === 'string') continue;
    ffi.send(fd, new Uint8Array(1));
    fds.push(fd);
  }
  const found = new Set<number>();
  for (let round = 0; round < 4 && found.size < 100; round++) {
    const some = new Int32Array(40);
    const count = ffi.ready(watch, some);
    t.equal(count, Math.min(40, 100 - found.size));
    for (const fd of some.subarray(0, count)) {
      ffi.receive(fd);
      found.add(fd);
    }
  }
  t.same(
    [...found].sort((a, b) => a - b),
    fds,
  );
  for (const fd of fds) ffi.close(fd);
  ffi.close(watch);
});

t.test('a unix datagram that nobody takes is no error', (t) => {
  t.equal(ffi.sendUnix('/nonexistent/notify', 'READY=1'), 'ENOENT');
  t.equal(ffi.sendUnix('@causeway-test-nobody', 'READY=1'), 'ECONNREFUSED');
  t.equal(ffi.sendUnix(`/${'x'.repeat(200)}`, 'READY=1'), 'ENAMETOOLONG');
  t.equal(ffi.sendUnix('', 'READY=1'), 'ENAMETOOLONG');
  t.end();
});

t.test('sockets as text', (t) => {
  t.equal(socketText({ kind: 'udp', address: '192.0.2.1', port: 53 }), 'udp 192.0.2.1:53');
  t.equal(socketText({ kind: 'tcp', address: '2001:db8::1', port: 53 }), 'tcp [2001:db8::1]:53');
  t.end();
});

t.test(
  'a service manager gets what it is told',
  { skip: hasPython() ? false : 'no python3 here' },
  async (t) => {
    for (const form of ['abstract', 'path'] as const) {
      const folder = mkdtempSync(join(tmpdir(), 'causeway-ffi-'));
      const path = form === 'path' ? join(folder, 'notify') : `@causeway-test-${process.pid}`;
      // Node has no unix datagram sockets to listen with.
      const listener = spawn('python3', ['-c', LISTENER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      const ended = new Promise((resolve) => listener.stdout.once('end', resolve));
      await new Promise<void>((bound) =>
        listener.stdout.on('data', (chunk) => {
          output += String(chunk);
          if (output.startsWith('bound\n')) bound();
        }),
      );
      t.equal(ffi.sendUnix(path, 'READY=1\nSTATUS=serving\n'), undefined);
      await ended;
      t.equal(output, 'bound\nREADY=1\nSTATUS=serving\n');
      rmSync(folder, { recursive: true });
    }
  },
);

const LISTENER = `
import socket, sys
path = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\\0' + path[1:] if path.startswith('@') else path)
print('bound', flush=True)
s.settimeout(5)
sys.stdout.write(s.recv(4096).decode())
`;

function hasPython(): boolean {
  return spawnSync('python3', ['--version']).status === 0;
}

t.test('the kernel tells what it dropped as a queue was full', async (t) => {
  const port = await freePort();
  const fd = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
  const { receiveBuffer, drops } = ffi.queueOf(fd)!;
  t.equal(drops, 0);
  const most = Number(readFileSync('/proc/sys/net/core/rmem_max', 'latin1'));
  t.ok(receiveBuffer >= Math.min(RECEIVE_BUFFER, most), `${receiveBuffer} octets`);
  const to = ffi.endpoint('127.0.0.1', port);
  const watch = ffi.openWatch();
  const from = ffi.connectUdp(watch, ffi.endpoint('127.0.0.1', 0), 0, to) as number;
  const octets = new Uint8Array(4096);
  const sent = Math.ceil((2 * receiveBuffer) / octets.length);
  const failures = Array.from({ length: sent }, () => ffi.send(from, octets)).filter(
    (code) => code !== undefined,
  );
  t.same(failures, []);
  let read = 0;
  while (typeof ffi.receive(fd) !== 'string') read++;
  t.ok(read < sent, `${sent} sent, ${read} read`);
  t.equal(ffi.queueOf(fd)!.drops, sent - read);
  for (const each of [fd, from, watch]) ffi.close(each);
  t.equal(ffi.queueOf(fd), undefined, 'of no socket nothing is known');
});
