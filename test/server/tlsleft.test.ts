/** Clients that end before their handshake is over: they cost neither one nor a place. */
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { HANDSHAKE_MS, TlsTermination } from '../../src/server/tls.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { TICKET_KEYS_OCTETS } from '../../src/view/channel.ts';
import { certificate } from '../support/certificate.ts';
import { missing } from '../support/servers.ts';
import { sleep, until } from '../support/sockets.ts';

const skip = missing('openssl');
const COUNT = 32;

async function listen(t: Test, accepted: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, accepted);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What a client says first. */
async function helloOf(t: Test): Promise<Buffer> {
  const hello = Promise.withResolvers<Buffer>();
  const port = await listen(t, (socket) => socket.once('data', hello.resolve).on('error', () => undefined));
  const client = connect({ port, ALPNProtocols: ['dot'] });
  client.on('error', () => undefined);
  t.teardown(() => client.destroy());
  return hello.promise;
}

async function serve(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { cert, key } = certificate(folder, 'left', { names: 'IP:127.0.0.1' });
  const secured: TLSSocket[] = [];
  const failed: true[] = [];
  const tls = new TlsTermination<number>({
    protocols: ['dot'],
    ticketKeys: new Uint8Array(TICKET_KEYS_OCTETS),
    clock: new ManualClock(),
    secured: (socket) => secured.push(socket.on('error', () => undefined)),
    failed: () => failed.push(true),
  });
  tls.use({ cert: String(cert), key: String(key) });
  const sockets: Socket[] = [];
  const port = await listen(t, (socket) => void sockets.push(socket.on('error', () => undefined)));
  t.teardown(() => {
    tls.close();
    for (const socket of sockets) socket.destroy();
  });
  const open = async (): Promise<Socket[]> => {
    const clients = Array.from({ length: COUNT }, () => connectPlain(port, '127.0.0.1'));
    for (const client of clients) {
      client.on('error', () => undefined);
      t.teardown(() => client.destroy());
    }
    await until(() => sockets.length === COUNT, 'all connections');
    return clients;
  };
  return { tls, port, cert, sockets, secured, failed, open };
}

/** All connections are closed, none of them with a handshake, before one would have to be over. */
async function allLeft(
  t: Test,
  { sockets, secured, failed }: Awaited<ReturnType<typeof serve>>,
): Promise<void> {
  await until(() => sockets.every(({ destroyed }) => destroyed), 'the end of all', HANDSHAKE_MS / 2);
  t.equal(failed.length, COUNT);
  t.equal(secured.length, 0);
}

t.test('who has left when its turn comes is not shaken hands with', { skip }, async (t) => {
  const served = await serve(t);
  const { tls, sockets, open } = served;
  const hello = await helloOf(t);
  for (const client of await open()) client.end(hello);
  // All of it is there, and nobody has read it.
  await sleep(50);
  for (const socket of sockets) tls.accept(socket, 1);
  await allLeft(t, served);
  const begun = sockets.filter(({ bytesWritten }) => bytesWritten > 0).length;
  t.ok(begun <= 2, `${begun} handshakes, of those whose turn came with their first octets`);
});

t.test('who leaves in the middle of a handshake leaves no connection', { skip }, async (t) => {
  const served = await serve(t);
  const { tls, sockets, open } = served;
  const hello = await helloOf(t);
  const clients = await open();
  for (const socket of sockets) tls.accept(socket, 1);
  for (const client of clients) client.write(hello);
  await until(() => sockets.every(({ bytesWritten }) => bytesWritten > 0), 'our part of all handshakes');
  for (const client of clients) client.end();
  await allLeft(t, served);
});

t.test('behind its handshake a client may end and read on', { skip }, async (t) => {
  const { tls, port, cert, sockets, secured } = await serve(t);
  const client = connect({ port, host: '127.0.0.1', ca: cert, ALPNProtocols: ['dot'] });
  t.teardown(() => client.destroy());
  let heard = '';
  client.on('data', (chunk: Buffer) => (heard += chunk));
  client.once('secureConnect', () => client.end('question'));
  await until(() => sockets.length === 1, 'a connection');
  tls.accept(sockets[0]!, 1);
  await until(() => secured.length === 1, 'a handshake');
  const [socket] = secured as [TLSSocket];
  await new Promise((resolve) => socket.resume().once('end', resolve));
  await sleep(20);
  socket.end('answer');
  await until(() => heard === 'answer', 'the answer');
});
