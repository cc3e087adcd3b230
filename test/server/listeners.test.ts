import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import t from 'tap';
import { Listeners } from '../../src/server/listeners.ts';
import { TcpClients, tcpClientsBuffer } from '../../src/server/tcpclients.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { systemClock as clock } from '../../src/util/clock.ts';
import { type Ffi, loadFfi } from '../../src/util/ffi.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { type Descriptor, FD_KEPT, TICKET_KEYS_OCTETS } from '../../src/view/channel.ts';
import type { Credentials } from '../../src/view/snapshot.ts';
import { certificate } from '../support/certificate.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';
import {
  framed,
  Handler,
  idOf,
  query,
  reply,
  sleep,
  TcpClient,
  UdpClient,
  until,
} from '../support/sockets.ts';

const loaded = await loadFfi();
if (loaded === undefined) {
  t.pass('all of it', { skip: 'no native interface here' });
  process.exit(0);
}
const ffi: Ffi = loaded;
// The daemon's timers do not keep a process alive; in a worker its port to main does.
const alive = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(alive));

const skip = missing('openssl');

/** Main's sockets on one address, as it hands them out. */
async function sockets(slots = 1) {
  const port = await freePort();
  const fds = Array.from({ length: slots }, () => ({
    udp: ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'shared' }),
    tcp: ffi.open({ kind: 'tcp', address: '127.0.0.1', port, sharing: 'shared' }),
  }));
  t.teardown(() => {
    for (const { udp, tcp } of fds) for (const fd of [udp, tcp]) ffi.close(fd);
  });
  const give = (slot = 0, endpoint = 'in-1'): Descriptor[] =>
    (['udp', 'tcp'] as const).map((kind) => ({
      kind,
      protocol: 'do53',
      endpoint,
      address: '127.0.0.1',
      port,
      slot,
      fd: ffi.duplicate(fds[slot]![kind]),
    }));
  return { port, give };
}

const kept = (descriptors: readonly Descriptor[]): Descriptor[] =>
  descriptors.map((descriptor) => ({ ...descriptor, fd: FD_KEPT }));

function worker(
  handler: Handler,
  endpoints: string[] = ['in-1'],
  credentials = new Map<string, Credentials>(),
) {
  const failures: string[] = [];
  const listeners = new Listeners({
    handler,
    metrics: new Metrics(daemonCounters(1).block(0)),
    clock,
    clients: new TcpClients(tcpClientsBuffer(1), 0, 1),
    admits: () => true,
    endpointOf: (id) => endpoints.indexOf(id),
    encryptedOf: (id) => {
      const found = credentials.get(id);
      return found && { dot: [], doh: [], json: false, credentials: found };
    },
    prng: cryptoPrng,
    ticketKeys: { current: new Uint8Array(TICKET_KEYS_OCTETS) },
    failed: (failure) => failures.push(failure),
  });
  return { listeners, endpoints, failures };
}

/** A worker that reads one address, and who asks there. */
async function serving(handler: Handler, endpoints?: string[]) {
  const { port, give } = await sockets();
  const made = worker(handler, endpoints);
  const descriptors = give();
  await made.listeners.apply(descriptors);
  const udp = new UdpClient('127.0.0.1', port);
  const tcp = new TcpClient('127.0.0.1', port);
  const end = (): Promise<void> => {
    udp.close();
    tcp.destroy();
    return made.listeners.stop(1000);
  };
  return { ...made, give, descriptors, udp, tcp, end };
}

function held() {
  const release = new Map<number, () => void>();
  const handler = new Handler(
    (octets) => new Promise((resolve) => release.set(idOf(octets), () => resolve(reply(octets)))),
  );
  return { handler, release };
}

const indexes = (handler: Handler): number[] => handler.asked.map((asked) => asked.client.endpoint);

t.test('adopted sockets are served over both transports', async (t) => {
  const handler = new Handler();
  const { udp, tcp, end } = await serving(handler, ['other', 'in-1']);
  await udp.send(query(1));
  tcp.send(framed(query(2)));
  await until(() => udp.received.length === 1 && tcp.received.length === 1, 'the replies');
  t.same(indexes(handler), [1, 1]);
  await end();
});

t.test('a socket is read once the snapshot has its endpoint, and nothing is lost before', async (t) => {
  const { port, give } = await sockets();
  const handler = new Handler();
  const { listeners, endpoints } = worker(handler, []);
  await listeners.apply(give());
  const udp = new UdpClient('127.0.0.1', port);
  await udp.send(query(1));
  await sleep(20);
  t.equal(handler.asked.length, 0);
  endpoints.push('in-0', 'in-1');
  await listeners.remap();
  await until(() => udp.received.length === 1, 'the reply');
  t.same(indexes(handler), [1]);
  udp.close();
  await listeners.stop(1000);
});

t.test('TLS is ended once the snapshot has the certificate; who comes before waits', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { cert, key } = certificate(folder, 'one', { names: 'IP:127.0.0.1' });
  const { port, give } = await sockets();
  const credentials = new Map<string, Credentials>();
  const handler = new Handler();
  const { listeners, failures } = worker(handler, ['in-1'], credentials);
  const [udp, tcp] = give();
  await listeners.apply([udp!, { ...tcp!, protocol: 'dot' }]);
  let state = 'shaking';
  const client = connect(
    { port, host: '127.0.0.1', ca: cert, ALPNProtocols: ['dot'] },
    () => (state = 'secure'),
  );
  client.on('error', () => undefined);
  t.teardown(() => client.destroy());
  await sleep(20);
  t.equal(state, 'shaking');
  credentials.set('in-1', { cert: String(cert), key: String(key) });
  await listeners.remap();
  client.write(framed(query(1)));
  await until(() => handler.asked.length === 1, 'the query');
  credentials.set('in-1', { cert: 'none', key: 'none' });
  await listeners.remap();
  t.match(failures, [new RegExp(`^tcp 127.0.0.1:${port}: `)], 'what cannot be used is told');
  client.write(framed(query(2)));
  await until(() => handler.asked.length === 2, 'and changes nothing');
  t.equal(handler.asked[0]!.client.transport, 'dot');
  await listeners.stop(1000);
});

t.test('an index that moves with the snapshot moves for sockets and connections', async (t) => {
  const handler = new Handler();
  const { listeners, endpoints, descriptors, udp, tcp, end } = await serving(handler);
  tcp.send(framed(query(1)));
  await until(() => tcp.received.length === 1, 'the first reply');
  endpoints.unshift('before');
  await listeners.remap();
  tcp.send(framed(query(2)));
  await until(() => tcp.received.length === 2, 'the second reply');
  await udp.send(query(3));
  await until(() => udp.received.length === 1, 'the third');
  t.same(indexes(handler), [0, 1, 1]);
  // The endpoint is renamed: sockets first, then the snapshot that knows the name.
  await listeners.apply(kept(descriptors).map((descriptor) => ({ ...descriptor, endpoint: 'new-name' })));
  await udp.send(query(4));
  await until(() => udp.received.length === 2, 'a reply in between');
  endpoints.splice(0, 2, 'new-name');
  await listeners.remap();
  await udp.send(query(5));
  await until(() => udp.received.length === 3, 'a reply after');
  t.same(indexes(handler).slice(3), [1, 0]);
  await end();
});

t.test('a socket whose endpoint is gone is nobody’s, and not that of the one with its index', async (t) => {
  const handler = new Handler();
  const { listeners, endpoints, udp, tcp, end } = await serving(handler, ['first', 'in-1']);
  // No word of the sockets came: there was no descriptor left, or the snapshot was faster.
  endpoints.splice(0, 2, 'first', 'another');
  await listeners.remap();
  await udp.send(query(1));
  tcp.send(framed(query(2)));
  await until(() => handler.asked.length === 2, 'the queries');
  t.same(indexes(handler), [-1, -1]);
  endpoints.push('in-1');
  await listeners.remap();
  await udp.send(query(3));
  await until(() => handler.asked.length === 3, 'another query');
  t.equal(indexes(handler).at(-1), 2);
  await end();
});

t.test('an address that is given up: what is owed is answered, then it is closed', async () => {
  const { handler, release } = held();
  const { listeners, udp, tcp, end } = await serving(handler);
  await udp.send(query(1));
  tcp.send(framed(query(2)));
  await until(() => release.size === 2, 'the queries');
  await listeners.apply([]);
  release.get(1)!();
  release.get(2)!();
  await until(() => udp.received.length === 1 && tcp.received.length === 1, 'the replies');
  await until(() => tcp.state === 'closed', 'the end of the connection');
  await end();
});

t.test('an address that comes back takes over at once', async () => {
  const { handler, release } = held();
  const { listeners, give, udp, end } = await serving(handler);
  await udp.send(query(1));
  await until(() => release.size === 1, 'the query');
  await listeners.apply([]);
  await listeners.apply(give());
  for (let id = 2; id < 12; id++) await udp.send(query(id));
  await until(() => release.size === 11, 'every later query to be read');
  for (const one of release.values()) one();
  await until(() => udp.received.length === 11, 'all replies');
  await end();
});

t.test('sockets of another slot are looked after and given back, with no query lost', async (t) => {
  const { port, give } = await sockets(2);
  const first = new Handler();
  const keeper = worker(first);
  const own = give(0);
  await keeper.listeners.apply(own);
  const clients = Array.from({ length: 40 }, () => new UdpClient('127.0.0.1', port));
  const ask = async (id: number): Promise<void> => {
    for (const client of clients) await client.send(query(id));
  };
  const answered = (): number => clients.reduce((sum, { received }) => sum + received.length, 0);
  await ask(1);
  await until(() => answered() > 0 && answered() === first.asked.length, 'replies to all that it has read');
  t.ok(answered() > 0 && answered() < 40, `${answered()} of 40 came to the slot that is read`);
  const theirs = give(1);
  await keeper.listeners.apply([...kept(own), ...theirs]);
  await until(() => answered() === 40, 'the others');
  const tcp = new TcpClient('127.0.0.1', port);
  tcp.send(framed(query(1)));
  await until(() => tcp.received.length === 1, 'a connection');
  // A worker of slot 1 is there again.
  const second = worker(new Handler());
  await second.listeners.apply(give(1));
  await ask(2);
  await keeper.listeners.apply(kept(own));
  await ask(3);
  await until(() => answered() === 120, 'every answer');
  tcp.send(framed(query(2)));
  await until(() => tcp.received.length === 2, 'the connection to live on, whoever has it');
  for (const client of clients) client.close();
  tcp.destroy();
  await keeper.listeners.stop(1000);
  await second.listeners.stop(1000);
});

t.test('a socket that cannot be had is told, and the others are served', async (t) => {
  const { port, give } = await sockets();
  const handler = new Handler();
  const { listeners, failures } = worker(handler);
  const [udp, tcp] = give();
  ffi.close(tcp!.fd);
  await listeners.apply([udp!, { ...tcp!, fd: 9999 }]);
  t.equal(failures.length, 1);
  t.match(failures[0], new RegExp(`tcp 127\\.0\\.0\\.1:${port}: `));
  const client = new UdpClient('127.0.0.1', port);
  await client.send(query(1));
  await until(() => client.received.length === 1, 'the reply');
  client.close();
  await listeners.stop(1000);
});

t.test('stopping waits for what is owed, but not for ever', async (t) => {
  for (const outcome of ['answered', 'never'] as const) {
    const { port, give } = await sockets();
    const { handler, release } = held();
    const { listeners } = worker(handler);
    await listeners.apply(give());
    const udp = new UdpClient('127.0.0.1', port);
    await udp.send(query(1));
    await until(() => release.size === 1, 'the query');
    const start = clock.now();
    const maxMs = outcome === 'answered' ? 10_000 : 300;
    const stopped = listeners.stop(maxMs);
    await udp.send(query(2));
    await sleep(50);
    t.equal(handler.asked.length, 1, 'nothing new is taken');
    if (outcome === 'answered') release.get(1)!();
    await stopped;
    const ms = clock.now() - start;
    if (outcome === 'answered') {
      t.ok(ms < maxMs - 10, `${ms} ms`);
      await until(() => udp.received.length === 1, 'the reply');
    } else t.ok(ms >= maxMs - 10, `${ms} ms`);
    udp.close();
  }
});
