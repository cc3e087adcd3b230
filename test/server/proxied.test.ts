/** Connections and datagrams behind proxies: whose they are, and who is not heard. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { FIRST_MS } from '../../src/server/connection.ts';
import { TcpEndpoint } from '../../src/server/tcp.ts';
import { TCP_CLIENTS_PER_ADDRESS_MAX, TcpClients, tcpClientsBuffer } from '../../src/server/tcpclients.ts';
import { NativeStreams } from '../../src/server/tcpnative.ts';
import { DgramBackEnd, PendingReplies, UdpEndpoint } from '../../src/server/udp.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { addressToText } from '../../src/util/cidr.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { loadFfi } from '../../src/util/ffi.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { type Descriptor, TICKET_KEYS_OCTETS } from '../../src/view/channel.ts';
import { certificate } from '../support/certificate.ts';
import { freePort } from '../support/ports.ts';
import { headerOwn, headerV1, headerV2, rawV2 } from '../support/proxyheader.ts';
import { missing } from '../support/servers.ts';
import {
  descriptor,
  framed,
  Handler,
  query,
  TcpClient,
  textOf,
  UdpClient,
  until,
} from '../support/sockets.ts';

const ffi = await loadFfi();

/** 127.0.0.1 is a proxy, others of 127.0.0.0/8 are not; 192.0.2.66 may not ask. */
async function serve(
  t: { teardown(fn: () => void): void },
  protocol: Descriptor['protocol'] = 'do53',
  credentials?: { cert: string; key: string },
) {
  const port = await freePort('127.0.0.1');
  const counters = daemonCounters(1);
  const clients = new TcpClients(tcpClientsBuffer(1), 0, 1);
  const clock = new ManualClock();
  const handler = new Handler();
  const fd = ffi?.open({ kind: 'tcp', address: '127.0.0.1', port, sharing: 'shared' });
  const native = ffi && new NativeStreams({ ffi, clock });
  const endpoint = new TcpEndpoint({
    descriptor: { ...descriptor('tcp', '127.0.0.1', port, fd), protocol },
    native,
    endpoint: 3,
    handler,
    clients,
    metrics: new Metrics(counters.block(0)),
    clock,
    prng: cryptoPrng,
    admits: (_, address) => !['192.0.2.66', '127.0.0.66'].includes(addressToText(address)),
    isProxy: (_, address) => addressToText(address) === '127.0.0.1',
    ticketKeys: new Uint8Array(TICKET_KEYS_OCTETS),
  });
  if (credentials) endpoint.useEncrypted({ dot: [], doh: [], json: false, credentials });
  await endpoint.start();
  t.teardown(() => {
    endpoint.close();
    native?.close();
  });
  const open = (localAddress = '127.0.0.1') => {
    const client = new TcpClient('127.0.0.1', port, { localAddress });
    t.teardown(() => client.destroy());
    return client;
  };
  const count = (metric: Parameters<typeof counters.sum>[0]) => counters.sum(metric);
  return { port, endpoint, clients, clock, handler, open, count };
}

const clientOf = ({ asked }: Handler, i = 0): string =>
  `${addressToText(asked[i]!.client.address)} ${asked[i]!.client.port}`;

t.test('queries are the client’s that the proxy names', async (t) => {
  const { open, handler, clients, count } = await serve(t);
  for (const [i, header] of [headerV1('192.0.2.7', 7), headerV2('2001:db8::8', 8)].entries()) {
    const client = open();
    // With the first queries in one segment.
    client.send(Buffer.concat([header, framed(query(1, 'a')), framed(query(2, 'b'))]));
    await until(() => client.received.length === 2, 'replies');
    client.send(framed(query(3, 'c')));
    await until(() => client.received.length === 3, 'another');
    t.equal(clientOf(handler, 3 * i), ['192.0.2.7 7', '2001:db8::8 8'][i]);
    t.same(client.received.map(textOf), ['a', 'b', 'c']);
    client.destroy();
  }
  const slow = open();
  for (const octet of headerV2('192.0.2.9', 9)) {
    slow.send(Buffer.from([octet]));
    await new Promise(setImmediate);
  }
  slow.send(framed(query(1, 'x')));
  await until(() => slow.received.length === 1, 'a reply behind a header in parts');
  t.equal(clientOf(handler, 6), '192.0.2.9 9');
  const own = open();
  own.send(Buffer.concat([headerOwn(), framed(query(1, 'x'))]));
  await until(() => own.received.length === 1, 'a reply to the proxy itself');
  t.match(clientOf(handler, 7), /^127\.0\.0\.1 /);
  const local = open();
  local.send(Buffer.concat([rawV2(0x21, 0x31, Buffer.alloc(216)), framed(query(1, 'x'))]));
  await until(() => local.received.length === 1, 'a reply to whom it has by a local socket');
  t.match(clientOf(handler, 8), /^127\.0\.0\.1 /);
  for (const client of [slow, own, local]) client.destroy();
  await until(() => clients.total === 0, 'the end of all');
  t.equal(count('tcpAccepted'), 5);
});

t.test('after a reload the access list is that of the endpoint as it is numbered now', async (t) => {
  const port = await freePort('127.0.0.1');
  const admitted: number[] = [];
  const clients = new TcpClients(tcpClientsBuffer(1), 0, 1);
  const [before, after] = [0, 3].map(
    (endpoint) =>
      new TcpEndpoint({
        descriptor: descriptor('tcp', '127.0.0.1', port),
        endpoint,
        handler: new Handler(),
        clients,
        metrics: new Metrics(daemonCounters(1).block(0)),
        clock: new ManualClock(),
        prng: cryptoPrng,
        admits: (asked) => admitted.push(asked) > 0,
        isProxy: () => true,
        ticketKeys: new Uint8Array(TICKET_KEYS_OCTETS),
      }),
  ) as [TcpEndpoint, TcpEndpoint];
  await before.start();
  const client = new TcpClient('127.0.0.1', port);
  t.teardown(() => {
    client.destroy();
    after.close();
  });
  await until(() => clients.total > 0, 'the connection');
  after.adopt(before);
  client.send(Buffer.concat([headerV1('192.0.2.7', 7), framed(query(1, 'a'))]));
  await until(() => client.received.length === 1, 'the reply');
  t.same(admitted, [3]);
});

t.test('access list and limits are for the client that is named', async (t) => {
  const { open, count, clients, handler } = await serve(t);
  const refused = open();
  refused.send(Buffer.concat([headerV1('192.0.2.66', 7), framed(query(1, 'a'))]));
  await until(() => refused.state !== 'open', 'who may not ask');
  t.equal(count('droppedAcl'), 1);
  const many = Array.from({ length: TCP_CLIENTS_PER_ADDRESS_MAX + 8 }, () => open());
  for (const [i, client] of many.entries()) client.send(headerV1(`192.0.2.${i % 2}`, 7));
  await until(() => clients.total === many.length, 'more than one address may have');
  t.equal(count('tcpRefused'), 0);
  const half = TCP_CLIENTS_PER_ADDRESS_MAX / 2 - 4;
  const others = Array.from({ length: half + 3 }, () => open());
  for (const client of others) client.send(headerV1('192.0.2.1', 7));
  await until(() => others.filter(({ state }) => state !== 'open').length === 3, 'those above its limit');
  t.equal(count('tcpRefused'), 3);
  t.equal(handler.asked.length, 0);
});

t.test('a proxy without a header is refused, a stranger with one is not believed', async (t) => {
  const { open, count, clients, handler, clock } = await serve(t);
  const bare = open();
  bare.send(framed(query(1, 'no header')));
  await until(() => bare.state !== 'open', 'the end of that');
  t.equal(count('tcpUnnamed'), 1);
  const stranger = open('127.0.0.5');
  stranger.send(Buffer.concat([headerV1('192.0.2.7', 7), framed(query(1, 'x'))]));
  await until(() => stranger.state !== 'open', 'what is no length of a query');
  t.equal(count('droppedMalformed'), 1);
  const plain = open('127.0.0.5');
  plain.send(framed(query(1, 'x')));
  await until(() => plain.received.length === 1, 'who needs none');
  t.match(clientOf(handler), /^127\.0\.0\.5 /);
  const [silent, gone] = [open(), open()];
  await until(() => clients.total === 3, 'two more');
  gone.socket.end();
  await until(() => gone.state !== 'open', 'one that ends without a word');
  clock.advance(FIRST_MS);
  await until(() => silent.state !== 'open', 'one that says nothing');
  t.equal(count('tcpUnnamed'), 3);
  t.equal(handler.asked.length, 1);
  plain.destroy();
  await until(() => clients.total === 0, 'the end of all');
});

t.test('connections without a name end with the listener', async (t) => {
  const { open, clients, endpoint } = await serve(t);
  open();
  await until(() => clients.total === 1, 'a connection');
  endpoint.pause();
  await until(() => clients.total === 0, 'its end');
});

const skip = missing('openssl');

t.test('in front of TLS, by DNS over TLS and over HTTPS', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const made = certificate(folder, 'proxied', { names: 'IP:127.0.0.1' });
  const credentials = { cert: String(made.cert), key: String(made.key) };
  const secure = async (port: number, header: Buffer, alpn: string): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(header);
    const tls = connectTls({ socket, host: '127.0.0.1', ca: credentials.cert, ALPNProtocols: [alpn] });
    t.teardown(() => tls.destroy());
    await new Promise((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject));
    return tls;
  };
  const dot = await serve(t, 'dot', credentials);
  const client = await secure(dot.port, headerV2('192.0.2.7', 7), 'dot');
  client.write(framed(query(1, 'x')));
  await until(() => dot.handler.asked.length === 1, 'a query');
  t.equal(clientOf(dot.handler), '192.0.2.7 7');
  t.equal(dot.handler.asked[0]!.client.transport, 'dot');
  const doh = await serve(t, 'doh', credentials);
  const web = await secure(doh.port, headerV1('2001:db8::7', 7), 'http/1.1');
  web.write(`GET /dns-query?dns=${query(1, 'x').toString('base64url')} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await until(() => doh.handler.asked.length === 1, 'a query');
  t.equal(clientOf(doh.handler), '2001:db8::7 7');
});

t.test('by UDP', async (t) => {
  const port = await freePort('127.0.0.1');
  const counters = daemonCounters(1);
  const handler = new Handler();
  const endpoint = new UdpEndpoint({
    backEnd: new DgramBackEnd(descriptor('udp', '127.0.0.1', port), () => undefined),
    endpoint: 3,
    handler,
    metrics: new Metrics(counters.block(0)),
    pending: new PendingReplies(),
    isProxy: () => true,
  });
  await endpoint.start();
  const client = new UdpClient('127.0.0.1', port);
  t.teardown(() => {
    endpoint.close();
    client.close();
  });
  await client.send(query(1, 'no header'));
  await client.send(headerV2('192.0.2.7', 7).subarray(0, 20));
  await client.send(headerV2('192.0.2.7', 7));
  await client.send(Buffer.concat([headerV2('192.0.2.7', 7, { transport: 2 }), query(2, 'x')]));
  await client.send(Buffer.concat([headerOwn(), query(3, 'y')]));
  await until(() => client.received.length === 2, 'two replies');
  t.same(client.received.map(textOf), ['x', 'y']);
  t.equal(clientOf(handler), '192.0.2.7 7');
  t.equal(clientOf(handler, 1), `127.0.0.1 ${client.port}`);
  t.equal(counters.sum('droppedMalformed'), 3);
});
