import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Ports tried before giving up: each try fails only when something else holds the UDP port of a free TCP port. */
const TRIES_MAX = 50;

/** A port of `address` that is free for UDP and TCP at this moment. Another process may still take it first. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let i = 0; i < TRIES_MAX; i++) {
    const port = await freeTcpPort(address);
    if (await udpPortIsFree(address, port)) return port;
  }
  throw new Error(`no port of ${address} was free for both UDP and TCP in ${TRIES_MAX} tries`);
}

/** True where a port of `address` can be bound now, by this user: those below 1024 are not for everybody. */
export async function isFree(address: string, port: number): Promise<boolean> {
  return (await tcpPortIsFree(address, port)) && (await udpPortIsFree(address, port));
}

function tcpPortIsFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function freeTcpPort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, address, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      server.close(() => resolve(port));
    });
  });
}

function udpPortIsFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
