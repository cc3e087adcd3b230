import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Credentials } from '../view/snapshot.ts';
import type { Peer } from './connection.ts';

/** Of the keys that session tickets are sealed with. */
export const TICKET_KEYS_OCTETS = 48;
/** A handshake takes two round trips; who says nothing holds a connection for as long. Milliseconds. */
export const HANDSHAKE_MS = 5_000;

export interface TlsOptions {
  /** What may be agreed on by ALPN. */
  readonly protocols: readonly string[];
  /** See WorkerStart. */
  readonly ticketKeys: Uint8Array;
  /** A handshake has succeeded: the connection is to be served. */
  readonly secured: (socket: TLSSocket, peer: Peer) => void;
  /** One has not; its connection is closed. */
  readonly failed: () => void;
}

/**
 * Ends TLS for DNS over TLS (RFC 7858) and over HTTPS: from connections that were accepted by TCP it makes such that speak in plain
 * text to us. It accepts none before it has credentials, and may get others at any time: connections go on with those
 * that they began with. Sessions are resumed by tickets, in TLS 1.2 and 1.3 (RFC 7858 section 3.4); there is no early
 * data, which could be replayed, and no renegotiation, which a client could ask for without end.
 */
export class TlsTermination {
  readonly #server: Server;
  /** Handshakes under way, by the address and port of the other end: the socket that comes of one is another object. */
  readonly #shaking = new Map<string, { readonly socket: Socket; readonly peer: Peer }>();
  readonly #options: {
    readonly minVersion: 'TLSv1.2';
    readonly secureOptions: number;
    readonly ticketKeys: Buffer;
  };
  #credentials: Credentials | undefined;

  constructor({ protocols, ticketKeys, secured, failed }: TlsOptions) {
    this.#options = {
      // RFC 9325 section 3.1.1.
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      ticketKeys: Buffer.from(ticketKeys),
    };
    this.#server = createServer({
      ...this.#options,
      // A client that names others only is refused (RFC 7301 section 3.2); one that names none is not.
      ALPNProtocols: [...protocols],
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.#server.on('secureConnection', (socket) => {
      const shaken = this.#shaking.get(endOf(socket));
      this.#shaking.delete(endOf(socket));
      if (shaken === undefined) socket.destroy();
      else secured(socket, shaken.peer);
    });
    this.#server.on('tlsClientError', (_, socket) => {
      failed();
      socket.destroy();
    });
  }

  get credentials(): Credentials | undefined {
    return this.#credentials;
  }

  /** Handshakes that begin from now on are with these. Throws where the library does not take them. */
  use(credentials: Credentials): void {
    const { cert, key } = credentials;
    if (this.#credentials?.cert === cert && this.#credentials.key === key) return;
    this.#server.setSecureContext({ ...this.#options, cert, key });
    this.#credentials = credentials;
  }

  /** Begins a handshake, which ends by `secured` or `failed`, or with the connection. */
  accept(socket: Socket, peer: Peer): void {
    const end = endOf(socket);
    this.#shaking.set(end, { socket, peer });
    socket.once('close', () => {
      if (this.#shaking.get(end)?.socket === socket) this.#shaking.delete(end);
    });
    // The way that Node documents for a connection which another server has accepted.
    this.#server.emit('connection', socket);
  }

  /** Ends the handshakes that are under way. */
  close(): void {
    for (const { socket } of this.#shaking.values()) socket.destroy();
  }
}

/** A client may use one port for several of our addresses. */
function endOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
