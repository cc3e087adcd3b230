/** DNS over TLS against clients of TLS and others: versions, ALPN, resumption, certificates, and who stays silent. */
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from 'node:tls';
import t from 'tap';
import { BLOCKED_MS, FIRST_MS } from '../../src/server/connection.ts';
import { TcpEndpoint } from '../../src/server/tcp.ts';
import { TCP_CLIENTS_PER_ADDRESS_MAX, TcpClients, tcpClientsBuffer } from '../../src/server/tcpclients.ts';
import { ROTATION_MS, TicketKeyring } from '../../src/server/ticketkeys.ts';
import { HANDSHAKE_MS, TlsTermination } from '../../src/server/tls.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { TICKET_KEYS_OCTETS, TICKET_MS, type TicketKeys } from '../../src/view/channel.ts';
import { certificate } from '../support/certificate.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';
import { descriptor, framed, Handler, query, sleep, textOf, until } from '../support/sockets.ts';

const skip = missing('openssl');
const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const [one, other] = skip === false ? ['one', 'other'].map((name) => pems(name)) : [];

function pems(name: string) {
  const { cert, key } = certificate(folder, name, { names: 'IP:127.0.0.1' });
  return { cert: String(cert), key: String(key) };
}

async function serve(
  t: { teardown(fn: () => void): void },
  ticketKeys: Uint8Array = new Uint8Array(TICKET_KEYS_OCTETS),
  handler = new Handler(),
) {
  const port = await freePort('127.0.0.1');
  const counters = daemonCounters(1);
  const clients = new TcpClients(tcpClientsBuffer(1), 0, 1);
  const clock = new ManualClock();
  const endpoint = new TcpEndpoint({
    descriptor: { ...descriptor('tcp', '127.0.0.1', port), protocol: 'dot' },
    endpoint: 3,
    handler,
    clients,
    metrics: new Metrics(counters.block(0)),
    clock,
    prng: cryptoPrng,
    admits: () => true,
    ticketKeys,
  });
  endpoint.useEncrypted({ dot: [], doh: [], json: false, credentials: one! });
  await endpoint.start();
  const open: Socket[] = [];
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    endpoint.close();
  });
  return {
    port,
    endpoint,
    clients,
    clock,
    handler,
    count: (metric: Parameters<typeof counters.sum>[0]) => counters.sum(metric),
    /** A connection that is not TLS. */
    plain(): Socket {
      const socket = connectPlain(port, '127.0.0.1');
      socket.on('error', () => undefined);
      open.push(socket);
      return socket;
    },
    async secure(options: ConnectionOptions = {}): Promise<TlsClient> {
      const client = new TlsClient({ port, host: '127.0.0.1', ca: one!.cert, ...options });
      open.push(client.socket);
      await until(() => client.state !== 'shaking', 'the end of a handshake');
      return client;
    },
  };
}

/** A way to a port on which the first octets come by themselves. */
async function inPieces(t: { teardown(fn: () => void): void }, port: number): Promise<{ port: number }> {
  const relay = createServer((from) => {
    const to = connectPlain({ port, host: '127.0.0.1', noDelay: true });
    for (const socket of [from, to]) {
      t.teardown(() => socket.destroy());
      socket.on('error', () => undefined);
    }
    to.pipe(from);
    from.once('data', async (hello: Buffer) => {
      from.pause();
      const cuts = [0, 3, 100, hello.length - 1, hello.length];
      for (const [i, at] of cuts.slice(0, -1).entries()) {
        to.write(hello.subarray(at, cuts[i + 1]));
        await sleep(5);
      }
      from.pipe(to);
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  t.teardown(() => relay.close());
  return { port: (relay.address() as AddressInfo).port };
}

/** A client that keeps what comes. */
class TlsClient {
  readonly socket: TLSSocket;
  state: 'shaking' | 'secure' | 'closed' = 'shaking';
  error = '';
  session: Buffer | undefined;
  #octets = Buffer.alloc(0);

  constructor(options: ConnectionOptions) {
    this.socket = connect({ ALPNProtocols: ['dot'], ...options }, () => (this.state = 'secure'));
    this.socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code ?? error.message));
    this.socket.on('close', () => (this.state = 'closed'));
    this.socket.on('session', (session) => (this.session = session));
    this.socket.on('data', (chunk: Buffer) => (this.#octets = Buffer.concat([this.#octets, chunk])));
  }

  send(...texts: string[]): void {
    this.socket.write(Buffer.concat(texts.map((text, i) => framed(query(i, text)))));
  }

  get texts(): string[] {
    const texts: string[] = [];
    for (let at = 0; at + 2 <= this.#octets.length; at += 2 + this.#octets.readUInt16BE(at))
      texts.push(textOf(this.#octets.subarray(at + 2, at + 2 + this.#octets.readUInt16BE(at))));
    return texts;
  }
}

t.test('queries and replies, several at once', { skip }, async (t) => {
  const { secure, handler, count, clients } = await serve(t);
  const client = await secure();
  client.send('a', 'b', 'c');
  await until(() => client.texts.length === 3, 'the replies');
  t.same(client.texts, ['a', 'b', 'c']);
  t.equal(client.socket.alpnProtocol, 'dot');
  t.equal(client.socket.getProtocol(), 'TLSv1.3');
  t.match(handler.asked[0]!.client, { transport: 'dot', endpoint: 3, port: client.socket.localPort });
  t.equal(clients.total, 1);
  client.socket.end();
  await until(() => client.state === 'closed' && clients.total === 0, 'the end');
  t.equal(client.error, '');
  t.equal(count('tcpAccepted'), 1);
  t.equal(count('tlsFailed'), 0);
});

t.test('no version before 1.2, no other protocol by ALPN; none is named is right', { skip }, async (t) => {
  const { secure, count, clients } = await serve(t);
  const ciphers = 'DEFAULT@SECLEVEL=0';
  const old = await secure({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers });
  t.match(old.error, /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
  t.equal((await secure({ maxVersion: 'TLSv1.2' })).socket.getProtocol(), 'TLSv1.2');
  t.match((await secure({ ALPNProtocols: ['h2'] })).error, /NO_APPLICATION_PROTOCOL/);
  t.equal((await secure({ ALPNProtocols: [] })).state, 'secure');
  t.equal(count('tlsFailed'), 2);
  await until(() => clients.total === 2, 'those that failed are gone');
});

t.test('sessions are resumed, also by another worker', { skip }, async (t) => {
  const keys = new Uint8Array(TICKET_KEYS_OCTETS).fill(7);
  const [first, second, stranger] = [await serve(t, keys), await serve(t, keys), await serve(t)];
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { minVersion: version, maxVersion: version };
    const client = await first.secure(options);
    client.send('x');
    await until(() => client.session !== undefined && client.texts.length === 1, 'a ticket');
    const { session } = client;
    t.equal(client.socket.isSessionReused(), false);
    for (const [server, isReused] of [
      [first, true],
      [second, true],
      [stranger, false],
    ] as const) {
      const again = await server.secure({ ...options, session: session! });
      t.equal(again.socket.isSessionReused(), isReused, version);
      again.send('y');
      await until(() => again.texts.length === 1, 'a reply');
    }
  }
});

t.test(
  'keys of tickets are drawn anew, and those of before hold as long as their tickets',
  { skip },
  async (t) => {
    const clock = new ManualClock();
    const told: TicketKeys[] = [];
    const ring = new TicketKeyring(clock, cryptoPrng, (keys) => void told.push(keys));
    const [first, second] = [await serve(t, ring.keys.current), await serve(t, ring.keys.current)];
    const advance = (ms: number): void => {
      const before = told.length;
      clock.advance(ms);
      for (const keys of told.slice(before))
        for (const { endpoint } of [first, second]) endpoint.useTicketKeys(keys);
    };
    const ticketOf = async (version: SecureVersion): Promise<Buffer> => {
      const client = await first.secure({ minVersion: version, maxVersion: version });
      client.send('x');
      await until(() => client.session !== undefined && client.texts.length === 1, 'a ticket');
      return client.session!;
    };
    const isResumed = async (version: SecureVersion, session: Buffer, way = {}): Promise<boolean> => {
      const client = await second.secure({ minVersion: version, maxVersion: version, session, ...way });
      client.send('y');
      await until(() => client.texts.length === 1, 'a reply');
      return client.socket.isSessionReused();
    };
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const old = await ticketOf(version);
      advance(ROTATION_MS);
      t.equal(await isResumed(version, old), true, `${version}: by the keys of before`);
      t.equal(await isResumed(version, old, await inPieces(t, second.port)), true, 'however it comes');
      const young = await ticketOf(version);
      t.equal(await isResumed(version, young), true);
      advance(TICKET_MS);
      t.equal(await isResumed(version, old), false, 'they are forgotten');
      t.equal(await isResumed(version, young), true);
      advance(ROTATION_MS - TICKET_MS);
      t.equal(await isResumed(version, young), true, 'after the next rotation');
      advance(TICKET_MS);
      t.equal(await isResumed(version, young), false);
      advance(ROTATION_MS - TICKET_MS);
    }
    const drawn = told.flatMap(({ current, previous }) => (previous ? String(current) : []));
    t.equal(new Set(drawn).size, drawn.length, 'each is new');
  },
);

t.test('while there are two, who says nothing or half of it holds up nobody', { skip }, async (t) => {
  const { endpoint, plain, secure, clients, clock, count } = await serve(t);
  const [current, previous] = [1, 2].map((fill) => new Uint8Array(TICKET_KEYS_OCTETS).fill(fill));
  endpoint.useTicketKeys({ current: current!, previous: previous! });
  const [, half, gone, garbage] = [plain(), plain(), plain(), plain()];
  half.on('connect', () => half.write(Buffer.from('1603010200', 'hex')));
  gone.on('connect', () => gone.end(Buffer.from('16', 'hex')));
  garbage.on('connect', () => garbage.write(framed(query(1, 'in plain text'))));
  await until(() => count('tlsFailed') === 2 && clients.total === 2, 'the end of those that speak no TLS');
  const client = await secure();
  client.send('a');
  await until(() => client.texts.length === 1, 'a reply in between');
  t.equal(clients.total, 3);
  clock.advance(HANDSHAKE_MS);
  await until(() => clients.total === 1, 'the end of the others');
  t.equal(count('tlsFailed'), 4);
});

t.test('a client cannot negotiate anew', { skip }, async (t) => {
  const { secure } = await serve(t);
  const client = await secure({ maxVersion: 'TLSv1.2' });
  client.socket.renegotiate({}, () => undefined);
  await until(() => client.error !== '', 'a refusal');
  t.match(client.error, /NO_RENEGOTIATION|ERR_SSL/);
});

t.test('another certificate is for connections that come; those that are open go on', { skip }, async (t) => {
  const { secure, endpoint } = await serve(t);
  const before = await secure();
  endpoint.useEncrypted({ dot: [], doh: [], json: false, credentials: other! });
  t.equal((await secure()).error, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  const after = await secure({ ca: other!.cert });
  for (const client of [before, after]) client.send('x');
  await until(() => before.texts.length === 1 && after.texts.length === 1, 'replies on both');
});

t.test('who is silent, or speaks no TLS, holds up nobody', { skip }, async (t) => {
  const { secure, plain, clients, count, endpoint, handler } = await serve(t);
  const silent = Array.from({ length: TCP_CLIENTS_PER_ADDRESS_MAX - 2 }, () => plain());
  await until(() => clients.total === silent.length, 'all are accepted');
  const client = await secure();
  client.send('a');
  await until(() => client.texts.length === 1, 'a reply in between');
  const garbage = plain();
  garbage.on('connect', () => garbage.write(framed(query(1, 'in plain text'))));
  await until(() => garbage.destroyed, 'plain text is not heard');
  t.equal(handler.asked.length, 1);
  t.equal(count('tlsFailed'), 1);
  t.equal(endpoint.connections, 1, 'who has not shaken hands has cost no more than a socket');
  endpoint.pause();
  await until(() => clients.total === 0, 'handshakes under way end with the listener');
  t.ok(silent.every((socket) => socket.destroyed || socket.readableEnded || !socket.writable));
});

t.test('limits of TCP hold behind TLS', { skip }, async (t) => {
  const { secure, clock, count, clients } = await serve(t);
  const silent = await secure();
  // The server's end of the handshake may come after the client's: its time begins then.
  await until(() => {
    clock.advance(100);
    return silent.state === 'closed';
  }, 'no first message');
  t.ok(clock.now() >= FIRST_MS, `${clock.now()} ms`);
  t.equal(count('tcpTimedOut'), 1);
  const bad = await secure();
  bad.socket.write(Buffer.from([0xff, 0xff, 0]));
  await until(() => bad.state === 'closed', 'a length that no query has');
  t.equal(count('droppedMalformed'), 1);
  const all = await Promise.all(Array.from({ length: TCP_CLIENTS_PER_ADDRESS_MAX }, () => secure()));
  t.ok(all.every(({ state }) => state === 'secure'));
  t.equal((await secure()).state, 'closed', 'one more than an address may have');
  t.equal(clients.total, TCP_CLIENTS_PER_ADDRESS_MAX);
  t.equal(count('tcpRefused'), 1);
});

t.test('broken records end the connection', { skip }, async (t) => {
  const { plain, secure, clients } = await serve(t);
  const client = await secure();
  await until(() => clients.total === 1, 'a client');
  // What goes under TLS, as an attacker on the way would write it.
  const relay = plain();
  const through = connect({ socket: relay, ca: one!.cert, host: '127.0.0.1', ALPNProtocols: ['dot'] });
  through.on('error', () => undefined);
  await new Promise((resolve) => through.once('secureConnect', resolve));
  relay.write(Buffer.from('1703030010000102030405060708090a0b0c0d0e0f', 'hex'));
  await until(() => clients.total === 1 && relay.destroyed, 'the end of that one');
  client.send('x');
  await until(() => client.texts.length === 1, 'others are served');
  t.equal(clients.total, 1);
});

const BIG = 16_000;

t.test('for a client that never reads, work stops, and then the connection', { skip }, async (t) => {
  const handler = new Handler((octets) => Buffer.concat([octets, Buffer.alloc(BIG - octets.length)]));
  const { secure, clock, clients } = await serve(t, undefined, handler);
  const client = await secure();
  client.socket.pause();
  const count = 4000;
  client.socket.write(Buffer.concat(Array.from({ length: count }, (_, id) => framed(query(id)))));
  let asked = -1;
  await until(() => {
    const isSame = asked === handler.asked.length && asked > 0;
    asked = handler.asked.length;
    return isSame;
  }, 'the handler to be left alone');
  await sleep(100);
  t.ok(handler.asked.length < count / 2, `${handler.asked.length} of ${count} were asked`);
  t.equal(clients.total, 1);
  const since = clock.now();
  await until(() => {
    clock.advance(100);
    return clients.total === 0;
  }, 'the end');
  t.ok(clock.now() - since >= BLOCKED_MS, `${clock.now() - since} ms`);
});

t.test('a client that ends first gets what it asked for, and so does one at the end', { skip }, async (t) => {
  const release: (() => void)[] = [];
  const handler = new Handler((octets) => new Promise((resolve) => release.push(() => resolve(octets))));
  const { secure, endpoint, clients } = await serve(t, undefined, handler);
  const [one, two] = [await secure({ allowHalfOpen: true } as ConnectionOptions), await secure()];
  one.send('half-closed');
  one.socket.end();
  two.send('under way');
  await until(() => release.length === 2, 'both queries');
  endpoint.pause();
  t.equal(endpoint.pending, 2);
  for (const each of release) each();
  await until(() => one.texts.length === 1 && two.texts.length === 1, 'both replies');
  await until(() => clients.total === 0, 'the end of both');
  t.same([one.error, two.error], ['', '']);
});

t.test('one port of a client to two addresses is two handshakes', { skip }, async (t) => {
  const secured: [string | undefined, number][] = [];
  const tls = new TlsTermination<number>({
    protocols: ['dot'],
    ticketKeys: new Uint8Array(TICKET_KEYS_OCTETS),
    clock: new ManualClock(),
    secured: (socket, port) => void secured.push([socket.localAddress, port]),
    failed: () => undefined,
  });
  tls.use(one!);
  // What a proxy would say of them: by the address that was connected to.
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    tls.accept(socket, Number(socket.localAddress!.at(-1))),
  );
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  const localPort = await freePort('127.0.0.1');
  const from = async (host: string): Promise<Socket> => {
    const socket = connectPlain({ host, port, localAddress: '127.0.0.1', localPort });
    t.teardown(() => socket.destroy());
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  };
  t.teardown(() => {
    tls.close();
    server.close();
  });
  const sockets = [await from('127.0.0.1'), await from('127.0.0.2')];
  for (const [i, socket] of sockets.entries()) {
    connect({
      socket,
      ca: one!.cert,
      servername: '',
      checkServerIdentity: () => undefined,
      ALPNProtocols: ['dot'],
    });
    await until(() => secured.length === i + 1, 'a handshake');
  }
  t.same(secured, [
    ['127.0.0.1', 1],
    ['127.0.0.2', 2],
  ]);
});

t.test('handshakes that come together begin one in a turn', { skip }, async (t) => {
  const tls = new TlsTermination({
    protocols: ['dot'],
    ticketKeys: new Uint8Array(TICKET_KEYS_OCTETS),
    clock: new ManualClock(),
    secured: () => undefined,
    failed: () => undefined,
  });
  tls.use(one!);
  const count = 20;
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket));
  t.teardown(() => server.close());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const clients = Array.from({ length: count }, () =>
    connect({ port, host: '127.0.0.1', ca: one!.cert, ALPNProtocols: ['dot'] }),
  );
  t.teardown(() => {
    for (const client of clients) client.destroy();
  });
  let shaken = 0;
  for (const client of clients) {
    client.on('error', () => undefined);
    client.once('secureConnect', () => shaken++);
  }
  await until(() => accepted.length === count, 'all connections');
  // What they said first is there, and nobody has read it.
  await sleep(50);
  for (const socket of accepted) tls.accept(socket, { address: new Uint8Array([127, 0, 0, 1]), port: 1 });
  const begun: number[] = [];
  while (begun.at(-1) !== count) {
    await new Promise((resolve) => setImmediate(resolve));
    begun.push(accepted.filter(({ bytesWritten }) => bytesWritten > 0).length);
    if (begun.length > 10_000) throw new Error(`${begun.at(-1)} began`);
  }
  const most = Math.max(...begun.map((each, i) => each - (begun[i - 1] ?? 0)));
  t.equal(most, 1);
  await until(() => shaken === count, 'all handshakes');
  tls.close();
});
