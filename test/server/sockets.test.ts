import { spawnSync } from 'node:child_process';
import { fstatSync, readdirSync } from 'node:fs';
import t from 'tap';
import { descriptorKey, passedSockets, Sockets } from '../../src/server/sockets.ts';
import { CidrTable } from '../../src/util/cidr.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { type Ffi, loadFfi, socketText } from '../../src/util/ffi.ts';
import { type Descriptor, FD_KEPT, FD_OPEN } from '../../src/view/channel.ts';
import type { InboundEndpoint } from '../../src/view/snapshot.ts';
import { freePort } from '../support/ports.ts';

const loaded = await loadFfi();
const clock = new ManualClock();

function endpoint(id: string, ...listen: [address: string, port: number][]): InboundEndpoint {
  return {
    id,
    serves: 'resolver',
    listen: listen.map(([address, port]) => ({ address, port })),
    protocols: ['do53'],
    view: -1,
    defaultView: -1,
    allow: CidrTable.build([]).buffer,
    outside: 'drop',
    rateLimited: true,
    clientSubnet: CidrTable.build([]).buffer,
  };
}

t.test('without FFI workers are told to open sockets themselves', (t) => {
  const sockets = new Sockets({ ffi: undefined, clock, workers: 2 });
  sockets.apply([endpoint('in-1', ['127.0.0.1', 5300])]);
  t.notOk(sockets.canShare);
  const common = {
    protocol: 'do53',
    endpoint: 'in-1',
    address: '127.0.0.1',
    port: 5300,
    slot: 1,
    fd: FD_OPEN,
  };
  t.same(sockets.descriptors(1), [
    { kind: 'udp', ...common },
    { kind: 'tcp', ...common },
  ]);
  sockets.closeAll();
  t.end();
});

t.test('without FFI what may be closed is not opened where the host does not have it', (t) => {
  const sockets = new Sockets({ ffi: undefined, clock, workers: 1, hostAddresses: () => ['192.0.2.1'] });
  sockets.apply([{ ...endpoint('made', ['192.0.2.1', 5300], ['192.0.2.2', 5300]), mayBeClosed: true }]);
  t.same(sockets.listening(), ['udp 192.0.2.1:5300', 'tcp 192.0.2.1:5300']);
  t.match(sockets.missing, [{ kind: 'udp', address: '192.0.2.2', why: /does not have the address/ }, {}]);
  t.end();
});

if (loaded === undefined) process.exit(0);
const ffi: Ffi = loaded;
const openFiles = (): number => readdirSync('/proc/self/fd').length;
const taken = (kind: 'udp' | 'tcp', address: string, port: number): boolean => {
  try {
    ffi.close(ffi.open({ kind, address, port, sharing: 'alone' }));
    return false;
  } catch {
    return true;
  }
};

t.test(
  'DNS over TLS has sockets of TCP; one may come to speak it, and goes on as the same socket',
  async (t) => {
    const [plain, port] = [await freePort(), await freePort()];
    const sockets = new Sockets({ ffi, clock, workers: 2 });
    t.teardown(() => sockets.closeAll());
    const credentials = { cert: '', key: '' };
    const encrypted = { dot: [{ address: '127.0.0.1', port }], doh: [], json: false, credentials };
    const changes = sockets.apply([{ ...endpoint('in-1', ['127.0.0.1', plain]), encrypted }]);
    t.same(
      changes.opened,
      ['udp', 'tcp'].map((kind) => `${kind} 127.0.0.1:${plain}`).concat(`tcp 127.0.0.1:${port}`),
    );
    const given = (slot: number): Descriptor[] => {
      const descriptors = sockets.descriptors(slot);
      sockets.release(descriptors);
      return descriptors;
    };
    const spoken = (slot: number): string[] =>
      given(slot).map(({ kind, protocol, slot }) => `${kind} ${protocol} ${slot}`);
    t.same([0, 1].map(spoken), [
      ['udp do53 0', 'tcp do53 0'],
      ['udp do53 1', 'tcp do53 1'],
    ]);
    t.same([2, 3].map(spoken), [['tcp dot 0'], ['tcp dot 1']], 'those for TLS are in the slots behind');
    t.ok(sockets.haveEncrypted);
    const held = new Set([...given(1), ...given(3)].map(descriptorKey));
    t.ok(
      [1, 3].every((slot) => sockets.descriptors(slot, held).every(({ fd }) => fd === FD_KEPT)),
      'a worker that has them is given no duplicates',
    );
    const again = sockets.apply([endpoint('in-1', ['127.0.0.1', port])]);
    t.same(again.opened, [`udp 127.0.0.1:${port}`]);
    t.same(again.closed, [`udp 127.0.0.1:${plain}`, `tcp 127.0.0.1:${plain}`]);
    t.same(given(3), []);
    t.notOk(sockets.haveEncrypted);
    const [udp, tcp] = sockets.descriptors(1, held);
    t.match([udp!.protocol, tcp!.protocol], ['do53', 'do53']);
    t.ok(tcp!.fd >= 0, 'what is to speak another protocol is no socket that the worker has');
    sockets.release([udp!, tcp!]);
  },
);

t.test('one socket for each transport and slot, and fresh duplicates of it at any time', async (t) => {
  const port = await freePort();
  const before = openFiles();
  const sockets = new Sockets({ ffi, clock, workers: 3 });
  const changes = sockets.apply([endpoint('in-1', ['127.0.0.1', port])]);
  t.same(changes.opened, [`udp 127.0.0.1:${port}`, `tcp 127.0.0.1:${port}`]);
  t.equal(openFiles() - before, 6);
  const first = sockets.descriptors(1);
  const second = sockets.descriptors(1);
  t.equal(openFiles() - before, 10);
  for (const { fd, kind } of [...first, ...second])
    t.same(ffi.inspect(fd), { kind, address: '127.0.0.1', port });
  sockets.release([...first, ...second]);
  sockets.closeAll();
  t.equal(openFiles(), before);
  t.notOk(taken('udp', '127.0.0.1', port));
});

t.test('what a worker has is not handed to it again', async (t) => {
  const port = await freePort();
  const sockets = new Sockets({ ffi, clock, workers: 1 });
  sockets.apply([endpoint('in-1', ['127.0.0.1', port])]);
  const [udp] = sockets.descriptors(0);
  const again = sockets.descriptors(0, new Set([descriptorKey(udp!)]));
  t.equal(again[0]!.fd, FD_KEPT);
  t.ok(again[1]!.fd >= 0);
  sockets.closeAll();
});

t.test('a reload opens and closes by difference', async (t) => {
  const [a, b, c] = [await freePort(), await freePort(), await freePort()];
  const sockets = new Sockets({ ffi, clock, workers: 1 });
  sockets.apply([endpoint('in-1', ['127.0.0.1', a], ['127.0.0.1', b])]);
  const held = new Set(sockets.descriptors(0).map(descriptorKey));
  const changes = sockets.apply([endpoint('in-2', ['127.0.0.1', c]), endpoint('in-9', ['127.0.0.1', b])]);
  t.same(changes.opened, [`udp 127.0.0.1:${c}`, `tcp 127.0.0.1:${c}`]);
  t.same(changes.closed, [`udp 127.0.0.1:${a}`, `tcp 127.0.0.1:${a}`]);
  const now = sockets.descriptors(0, held);
  const kept = now.filter(({ fd }) => fd === FD_KEPT);
  t.same(
    kept.map((descriptor) => [socketText(descriptor), descriptor.endpoint]),
    [
      [`udp 127.0.0.1:${b}`, 'in-9'],
      [`tcp 127.0.0.1:${b}`, 'in-9'],
    ],
    'a socket stays though its endpoint has another name',
  );
  t.ok(taken('udp', '127.0.0.1', c));
  sockets.closeAll();
});

t.test('when one address cannot be had, everything stays as it was', async (t) => {
  const [a, b, c] = [await freePort(), await freePort(), await freePort()];
  const other = ffi.open({ kind: 'tcp', address: '127.0.0.1', port: c, sharing: 'alone' });
  const sockets = new Sockets({ ffi, clock, workers: 2 });
  sockets.apply([endpoint('in-1', ['127.0.0.1', a])]);
  const before = openFiles();
  t.throws(() => sockets.apply([endpoint('in-1', ['127.0.0.1', b], ['127.0.0.1', c])]), {
    code: 'EADDRINUSE',
    message: new RegExp(`tcp 127\\.0\\.0\\.1:${c}`),
  });
  t.equal(openFiles(), before);
  t.same(sockets.listening(), [`udp 127.0.0.1:${a}`, `tcp 127.0.0.1:${a}`]);
  t.notOk(taken('udp', '127.0.0.1', b));
  sockets.closeAll();
  ffi.close(other);
});

t.test('what may be closed keeps nothing else from being opened, and is tried again', async (t) => {
  const [a, b] = [await freePort(), await freePort()];
  const other = ffi.open({ kind: 'tcp', address: '127.0.0.1', port: b, sharing: 'alone' });
  const sockets = new Sockets({ ffi, clock, workers: 1 });
  const made = { ...endpoint('made', ['127.0.0.1', b]), mayBeClosed: true };
  const changes = sockets.apply([endpoint('in-1', ['127.0.0.1', a]), made]);
  t.same(changes.opened, [`udp 127.0.0.1:${a}`, `tcp 127.0.0.1:${a}`, `udp 127.0.0.1:${b}`]);
  t.match(sockets.missing, [{ kind: 'tcp', address: '127.0.0.1', port: b, why: /EADDRINUSE/ }]);
  t.same(sockets.refresh().failed, [], 'it was told');
  ffi.close(other);
  t.same(sockets.refresh().opened, [`tcp 127.0.0.1:${b}`]);
  t.same(sockets.missing, []);
  t.same(sockets.apply([endpoint('in-1', ['127.0.0.1', a])]).closed.length, 2);
  sockets.closeAll();
});

t.test('an address may come back while a worker still answers there', async (t) => {
  const clock = new ManualClock();
  const port = await freePort();
  const sockets = new Sockets({ ffi, clock, workers: 1 });
  const listen = [endpoint('in-1', ['127.0.0.1', port])];
  sockets.apply(listen);
  const [retiring, tcp] = sockets.descriptors(0);
  sockets.release([tcp!]);
  sockets.apply([]);
  t.equal(sockets.apply(listen).opened.length, 2);
  sockets.apply([]);
  clock.advance(10_000);
  t.throws(() => sockets.apply(listen), { code: 'EADDRINUSE' }, 'after that it is somebody else');
  sockets.release([retiring!]);
  t.equal(sockets.apply(listen).opened.length, 2);
  sockets.closeAll();
});

t.test('nobody’s sockets are shared but our own', async (t) => {
  const port = await freePort();
  const first = new Sockets({ ffi, clock, workers: 1 });
  first.apply([endpoint('in-1', ['127.0.0.1', port])]);
  const second = new Sockets({ ffi, clock, workers: 1 });
  t.throws(() => second.apply([endpoint('in-1', ['127.0.0.1', port])]), { code: 'EADDRINUSE' });
  first.closeAll();
});

t.test('a wildcard is one socket for each address of the host, and follows them', async (t) => {
  const port = await freePort();
  let host = ['127.0.0.1', '127.0.0.2', '::1'];
  const sockets = new Sockets({ ffi, clock, workers: 1, hostAddresses: () => host });
  sockets.apply([endpoint('in-1', ['0.0.0.0', port])]);
  t.same(sockets.listening().sort(), [
    `tcp 127.0.0.1:${port}`,
    `tcp 127.0.0.2:${port}`,
    `udp 127.0.0.1:${port}`,
    `udp 127.0.0.2:${port}`,
  ]);
  t.same(sockets.refresh(), { opened: [], closed: [], failed: [] });
  host = ['127.0.0.2', '127.0.0.3'];
  t.same(sockets.refresh(), {
    opened: [`udp 127.0.0.3:${port}`, `tcp 127.0.0.3:${port}`],
    closed: [`udp 127.0.0.1:${port}`, `tcp 127.0.0.1:${port}`],
    failed: [],
  });
  t.notOk(taken('udp', '127.0.0.1', port));
  sockets.closeAll();
});

t.test('IPv6 wildcards take IPv6 addresses', async (t) => {
  const port = await freePort('::1');
  const sockets = new Sockets({ ffi, clock, workers: 1, hostAddresses: () => ['127.0.0.1', '::1'] });
  sockets.apply([endpoint('in-1', ['::', port])]);
  t.same(sockets.listening(), [`udp [::1]:${port}`, `tcp [::1]:${port}`]);
  sockets.closeAll();
});

t.test('one address of a wildcard that another program has is told, once, and tried again', async (t) => {
  const port = await freePort();
  const other = ffi.open({ kind: 'udp', address: '127.0.0.2', port, sharing: 'alone' });
  const sockets = new Sockets({ ffi, clock, workers: 1, hostAddresses: () => ['127.0.0.1', '127.0.0.2'] });
  const changes = sockets.apply([endpoint('in-1', ['0.0.0.0', port])]);
  t.match(changes.failed, [/udp 127\.0\.0\.2:\d+: EADDRINUSE/]);
  t.equal(changes.opened.length, 3);
  t.same(sockets.refresh().failed, []);
  ffi.close(other);
  t.same(sockets.refresh().opened, [`udp 127.0.0.2:${port}`]);
  sockets.closeAll();
});

t.test('a wildcard of which no address can be had is a failure', async (t) => {
  const port = await freePort();
  const other = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
  const tcp = ffi.open({ kind: 'tcp', address: '127.0.0.1', port, sharing: 'alone' });
  const sockets = new Sockets({ ffi, clock, workers: 1, hostAddresses: () => ['127.0.0.1'] });
  t.throws(() => sockets.apply([endpoint('in-1', ['0.0.0.0', port])]), { code: 'EADDRINUSE' });
  ffi.close(other);
  ffi.close(tcp);
  sockets.closeAll();
});

t.test('an address that is named beside a wildcard belongs to the endpoint that names it', async (t) => {
  const port = await freePort();
  const sockets = new Sockets({ ffi, clock, workers: 1, hostAddresses: () => ['127.0.0.1', '127.0.0.2'] });
  sockets.apply([endpoint('named', ['127.0.0.1', port]), endpoint('wild', ['0.0.0.0', port])]);
  const byAddress = Object.fromEntries(sockets.descriptors(0).map((d) => [d.address, d.endpoint]));
  t.same(byAddress, { '127.0.0.1': 'named', '127.0.0.2': 'wild' });
  sockets.closeAll();
});

t.test('passed sockets', async (t) => {
  const port = await freePort();
  const udp = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
  const passed = [{ kind: 'udp', address: '127.0.0.1', port, fd: udp } as const];
  const sockets = new Sockets({ ffi, clock, workers: 2, passed });
  sockets.apply([endpoint('in-1', ['127.0.0.1', port])]);
  for (const slot of [0, 1]) {
    const descriptors = sockets.descriptors(slot);
    t.not(descriptors[0]!.fd, udp, 'workers get duplicates');
    t.match(ffi.inspect(descriptors[0]!.fd), { kind: 'udp', port });
    sockets.release(descriptors);
  }
  t.same(sockets.unused(), []);
  sockets.apply([]);
  t.same(sockets.unused(), passed, 'a socket that is not wanted is not closed');
  sockets.apply([endpoint('in-1', ['127.0.0.1', port])]);
  t.match(sockets.descriptors(0)[0], { kind: 'udp', port }, 'and serves again');
  sockets.closeAll();
  t.equal(ffi.inspect(udp), undefined);
});

t.test(
  'several passed sockets of an address: all are read, by a worker each where there are enough',
  async (t) => {
    const port = await freePort();
    const spec = { kind: 'udp', address: '127.0.0.1', port } as const;
    // Duplicates have the inode of what they are of.
    const inode = (fd: number): number => fstatSync(fd).ino;
    const readBy = (slots: number, count: number): number[][] => {
      const passed = Array.from({ length: count }, () => ({
        ...spec,
        fd: ffi.open({ ...spec, sharing: 'shared' }),
      }));
      const inodes = passed.map(({ fd }) => inode(fd));
      const sockets = new Sockets({ ffi, clock, workers: slots, passed });
      sockets.apply([endpoint('in-1', ['127.0.0.1', port])]);
      t.same(sockets.unused(), []);
      const read = Array.from({ length: slots }, (_, slot) => {
        const descriptors = sockets.descriptors(slot);
        const udp = descriptors.filter(({ kind }) => kind === 'udp');
        t.equal(new Set(descriptors.map(descriptorKey)).size, descriptors.length, 'they are told apart');
        const numbers = udp.map(({ fd }) => inodes.indexOf(inode(fd)));
        sockets.release(descriptors);
        return numbers;
      });
      sockets.closeAll();
      return read;
    };
    t.same(readBy(2, 2), [[0], [1]]);
    t.same(readBy(2, 5), [
      [0, 2, 4],
      [1, 3],
    ]);
    t.same(readBy(3, 2), [[0], [1], [0]]);
  },
);

t.test('a passed wildcard socket is taken as it is', async (t) => {
  const port = await freePort();
  const udp = ffi.open({ kind: 'udp', address: '0.0.0.0', port, sharing: 'alone' });
  const sockets = new Sockets({
    ffi,
    clock,
    workers: 1,
    passed: [{ kind: 'udp', address: '0.0.0.0', port, fd: udp }],
    hostAddresses: () => ['127.0.0.1'],
  });
  sockets.apply([endpoint('in-1', ['0.0.0.0', port])]);
  t.same(sockets.listening().sort(), [`tcp 127.0.0.1:${port}`, `udp 0.0.0.0:${port}`]);
  sockets.closeAll();
});

t.test('LISTEN_FDS: what is passed is recognised, for this process only', async (t) => {
  const env = { LISTEN_PID: '1', LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', OTHER: 'x' };
  t.same(passedSockets(ffi, env, process.pid), []);
  t.same(env, { OTHER: 'x' }, 'and the variables are gone');
  t.same(passedSockets(ffi, { LISTEN_PID: String(process.pid), LISTEN_FDS: 'many' }, process.pid), []);
  t.same(passedSockets(undefined, { LISTEN_PID: String(process.pid), LISTEN_FDS: '1' }, process.pid), []);

  const port = await freePort();
  const udp = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
  const tcp = ffi.open({ kind: 'tcp', address: '127.0.0.1', port, sharing: 'alone' });
  const script = `
    const { loadFfi } = await import(${JSON.stringify(new URL('../../src/util/ffi.ts', import.meta.url).href)});
    const { passedSockets } = await import(${JSON.stringify(new URL('../../src/server/sockets.ts', import.meta.url).href)});
    process.env.LISTEN_PID = String(process.pid);
    console.log(JSON.stringify(passedSockets(await loadFfi(), process.env, process.pid)));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, LISTEN_FDS: '3', NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'inherit', udp, 'ignore', tcp],
  });
  t.same(JSON.parse(String(child.stdout)), [
    { kind: 'udp', address: '127.0.0.1', port, fd: 3 },
    { kind: 'tcp', address: '127.0.0.1', port, fd: 5 },
  ]);
  ffi.close(udp);
  ffi.close(tcp);
});

t.test('what a passed socket dropped before is not counted', async (t) => {
  const port = await freePort();
  const fd = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
  const watch = ffi.openWatch();
  const from = ffi.connectUdp(
    watch,
    ffi.endpoint('127.0.0.1', 0),
    0,
    ffi.endpoint('127.0.0.1', port),
  ) as number;
  const fill = (): void => {
    for (let i = 0; i < (2 * ffi.queueOf(fd)!.receiveBuffer) / 4096; i++)
      ffi.send(from, new Uint8Array(4096));
  };
  fill();
  t.ok(ffi.queueOf(fd)!.drops > 0);
  const passed = [{ kind: 'udp', address: '127.0.0.1', port, fd } as const];
  const sockets = new Sockets({ ffi, clock, workers: 2, passed });
  sockets.apply([endpoint('in-1', ['127.0.0.1', port])]);
  t.equal(sockets.newDrops(), 0);
  fill();
  sockets.apply([]);
  t.ok(sockets.newDrops() > 0, 'nor are those forgotten of a socket that is given up');
  sockets.closeAll();
  for (const each of [from, watch]) ffi.close(each);
});

t.test('what a dead worker had open is closed at once', async (t) => {
  const port = await freePort();
  const sockets = new Sockets({ ffi, clock, workers: 1 });
  sockets.apply([endpoint('in-1', ['127.0.0.1', port])]);
  const [udp] = sockets.descriptors(0);
  const { listening } = sockets.watches(0)!;
  ffi.watch(listening, udp!.fd);
  const before = openFiles();
  sockets.closeRemains(0);
  t.equal(before - openFiles(), 1);
  t.ok(taken('udp', '127.0.0.1', port), 'its own is still open');
  sockets.closeAll();
  t.notOk(taken('udp', '127.0.0.1', port), 'and nobody else holds the address');
  sockets.closeWatches();
});

t.test('what the kernel drops is counted once, whatever becomes of the socket', async (t) => {
  const port = await freePort();
  const sockets = new Sockets({ ffi, clock, workers: 2 });
  sockets.apply([endpoint('in-1', ['127.0.0.1', port])]);
  t.equal(sockets.newDrops(), 0);
  const watch = ffi.openWatch();
  const to = ffi.endpoint('127.0.0.1', port);
  const from = ffi.connectUdp(watch, ffi.endpoint('127.0.0.1', 0), 0, to) as number;
  const octets = new Uint8Array(4096);
  // Nobody reads: more than both buffers hold, though one flow fills but one of them.
  for (let i = 0; i < (2 * sockets.receiveBuffer!) / octets.length; i++) ffi.send(from, octets);
  t.ok(sockets.newDrops() > 0);
  t.equal(sockets.newDrops(), 0);
  for (const fd of [from, watch]) ffi.close(fd);
  sockets.apply([]);
  t.equal(sockets.newDrops(), 0);
  t.equal(sockets.receiveBuffer, undefined);
  sockets.closeAll();
});
