import type { Socket } from 'node:net';
import type { Clock } from '../util/clock.ts';
import { FIRST_MS, type Peer } from './connection.ts';
import { type ProxyHeader, readProxyHeader } from './proxyheader.ts';

export interface ProxiedOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  /** The header is read, and the socket paused where it ends. `undefined`: the connection is the proxy's own. */
  readonly named: (peer: Peer | undefined) => void;
  /** There is no header: the socket is closed. */
  readonly failed: () => void;
}

/** Reads what a listed proxy says in front of a connection, within FIRST_MS, before anything else reads of it. */
export function readProxied({ socket, clock, named, failed }: ProxiedOptions): void {
  let octets: Uint8Array = new Uint8Array();
  const settle = (header: Exclude<ProxyHeader, { kind: 'part' }>): void => {
    deadline.cancel();
    socket.off('data', receive).off('end', end).off('close', close);
    if (header.kind === 'invalid') {
      failed();
      socket.resetAndDestroy();
      return;
    }
    socket.pause();
    const rest = octets.subarray(header.octets);
    if (rest.length > 0) socket.unshift(rest);
    named(header.kind === 'client' ? header : undefined);
  };
  const receive = (chunk: Uint8Array): void => {
    octets = Buffer.concat([octets, chunk]);
    const header = readProxyHeader(octets);
    if (header.kind !== 'part') settle(header);
  };
  const end = (): void => settle({ kind: 'invalid' });
  const close = (): void => deadline.cancel();
  const deadline = clock.after(FIRST_MS, end);
  socket.on('data', receive).once('end', end).once('close', close);
}
