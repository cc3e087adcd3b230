import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Ports tried before giving up: few are ever held. */
const TRIES_MAX = 50;
const LOWEST = 10_000;
/** Where the system says nothing of it: the first of RFC 6335's dynamic ports. */
const EPHEMERAL = 49_152;
/** None is given twice by one process: who asked for it may not have bound it yet. */
const given = new Set<number>();

/**
 * A port of `address` that is free for UDP and TCP at this moment. It is none of those that the kernel gives to clients
 * and to servers without a port of their own; another process may take it first all the same.
 */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  const highest = firstEphemeral() - 1;
  for (let i = 0; i < TRIES_MAX; i++) {
    const port = LOWEST + Math.floor(Math.random() * (highest - LOWEST + 1));
    if (given.has(port) || !(await isFree(address, port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no port of ${address} was free for both UDP and TCP in ${TRIES_MAX} tries`);
}

/** The lowest port that the kernel gives to whoever asks for none. */
function firstEphemeral(): number {
  try {
    const lowest = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
    // A host that gives nearly all of them leaves none below.
    return lowest > LOWEST + 1_000 ? lowest : EPHEMERAL;
  } catch {
    return EPHEMERAL;
  }
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
