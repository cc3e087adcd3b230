import { connect, type Socket } from 'node:net';
import { failureOf, type TransportFailure } from '../transport.ts';
import type { OpenEvents, Opening } from './carrier.ts';

export interface DialOptions {
  readonly address: string;
  readonly port: number;
  /** The address to connect from; undefined: the kernel chooses. */
  readonly source: string | undefined;
}

/** Connects to one address by TCP. */
export function dial({ address, port, source }: DialOptions, events: OpenEvents<Socket>): Opening {
  const options = { host: address, port, noDelay: true };
  const socket = connect(source === undefined ? options : { ...options, localAddress: source });
  let failure: TransportFailure = 'unreachable';
  const connected = (): void => {
    socket.off('close', closed);
    events.opened(socket);
  };
  const closed = (): void => events.failed({ failure });
  socket.on('error', (error: NodeJS.ErrnoException) => (failure = failureOf(error.code)));
  socket.once('connect', connected).once('close', closed);
  const cancel = (): void => {
    socket.off('connect', connected).off('close', closed);
    socket.destroy();
  };
  return { cancel };
}
