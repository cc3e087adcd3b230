import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock } from '../util/clock.ts';
import { TICKET_MS, type TicketKeys } from '../view/channel.ts';
import type { Credentials } from '../view/snapshot.ts';
import { type Hello, readHello } from './tlshello.ts';

/** The first of them are no secret: a ticket begins with them, to say which keys it is sealed with (RFC 5077 section 4). */
const TICKET_KEY_NAME_OCTETS = 16;
/** A handshake takes two round trips; who says nothing holds a connection for as long. Milliseconds. */
export const HANDSHAKE_MS = 5_000;

/** @typeParam Client what is known of the other end, handed back with the connection that comes of a handshake */
export interface TlsOptions<Client> {
  /** What may be agreed on by ALPN. */
  readonly protocols: readonly string[];
  /** See TicketKeys. */
  readonly ticketKeys: Uint8Array;
  readonly clock: Clock;
  /** A handshake has succeeded: the connection is to be served. */
  readonly secured: (socket: TLSSocket, client: Client) => void;
  /** One has not; its connection is closed. */
  readonly failed: () => void;
}

interface Greeted {
  readonly socket: Socket;
  readonly hello: Hello;
}

/** Handshakes with one set of ticket keys: the library takes one. */
interface Sealed {
  readonly server: Server;
  readonly ticketKeys: Buffer;
}

const OPTIONS = {
  // RFC 9325 section 3.1.1.
  minVersion: 'TLSv1.2',
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  sessionTimeout: TICKET_MS / 1000,
} as const;

/**
 * Ends TLS for DNS over TLS (RFC 7858) and over HTTPS: from connections that were accepted by TCP it makes such that speak in plain
 * text to us. It accepts none before it has credentials, and may get others at any time: connections go on with those
 * that they began with. Sessions are resumed by tickets, in TLS 1.2 and 1.3 (RFC 7858 section 3.4); there is no early
 * data, which could be replayed, and no renegotiation, which a client could ask for without end.
 *
 * What a client says first is read before TLS is told of it. A handshake takes half a millisecond and more, and the event
 * loop tells of all clients that have come meanwhile in one turn: so each begins in a turn of its own. And a ticket names the
 * keys that it is sealed with, in clear text: if those are the keys of before, they are what the handshake is made with. A
 * client that writes their name elsewhere gains nothing by it.
 */
export class TlsTermination<Client> {
  readonly #o: TlsOptions<Client>;
  /** Handshakes under way, by the address and port of the other end: the socket that comes of one is another object. */
  readonly #shaking = new Map<string, { readonly socket: Socket; readonly client: Client }>();
  /** Those whose handshake is to begin. */
  readonly #greeted: Greeted[] = [];
  #current: Sealed;
  #previous: Sealed | undefined;
  #credentials: Credentials | undefined;

  constructor(options: TlsOptions<Client>) {
    this.#o = options;
    this.#current = this.#sealed(options.ticketKeys);
  }

  #sealed(keys: Uint8Array): Sealed {
    const { protocols, secured, failed } = this.#o;
    const ticketKeys = Buffer.from(keys);
    const server = createServer({
      ...OPTIONS,
      ticketKeys,
      // A client that names others only is refused (RFC 7301 section 3.2); one that names none is not.
      ALPNProtocols: [...protocols],
      handshakeTimeout: HANDSHAKE_MS,
    });
    server.on('secureConnection', (socket) => {
      const shaken = this.#shaking.get(endOf(socket));
      this.#shaking.delete(endOf(socket));
      if (shaken === undefined) {
        socket.destroy();
        return;
      }
      // It may read on when it has asked (RFC 9210 section 4.5).
      socket.allowHalfOpen = true;
      secured(socket, shaken.client);
    });
    server.on('tlsClientError', (_, socket) => {
      failed();
      socket.destroy();
    });
    return { server, ticketKeys };
  }

  get credentials(): Credentials | undefined {
    return this.#credentials;
  }

  /** Handshakes that begin from now on are with these. Throws where the library does not take them. */
  use(credentials: Credentials): void {
    const { cert, key } = credentials;
    if (this.#credentials?.cert === cert && this.#credentials.key === key) return;
    for (const each of [this.#current, this.#previous]) each && present(each, credentials);
    this.#credentials = credentials;
  }

  /** Tickets are sealed with the current keys from now on; those of before are good for what they have sealed. */
  useTicketKeys({ current, previous }: TicketKeys): void {
    this.#current = this.#sealed(current);
    this.#previous = previous && this.#sealed(previous);
    const credentials = this.#credentials;
    if (credentials === undefined) return;
    for (const each of [this.#current, this.#previous]) each && present(each, credentials);
  }

  /** Begins a handshake, which ends by `secured` or `failed`, or with the connection. */
  accept(socket: Socket, client: Client): void {
    const { clock, failed } = this.#o;
    const end = endOf(socket);
    this.#shaking.set(end, { socket, client });
    socket.once('close', () => {
      if (this.#shaking.get(end)?.socket === socket) this.#shaking.delete(end);
    });
    const read = (hello: Hello): void => this.#queue({ socket, hello });
    readHello({ socket, clock, withinMs: HANDSHAKE_MS, read, failed });
  }

  /** A turn of the event loop for each: in between it looks at all that others have sent. */
  #queue(greeted: Greeted): void {
    this.#greeted.push(greeted);
    if (this.#greeted.length === 1) setImmediate(this.#shakeNext);
  }

  readonly #shakeNext = (): void => {
    const { socket, hello } = this.#greeted.shift()!;
    // Not of those that have left since.
    if (!socket.destroyed) {
      hello.handOver();
      shake(this.#sealerOf(hello), socket);
    }
    if (this.#greeted.length > 0) setImmediate(this.#shakeNext);
  };

  #sealerOf({ octets }: Hello): Sealed {
    const previous = this.#previous;
    const name = previous?.ticketKeys.subarray(0, TICKET_KEY_NAME_OCTETS);
    return name !== undefined && octets.includes(name) ? previous! : this.#current;
  }

  /** Ends the handshakes that are under way. */
  close(): void {
    for (const { socket } of this.#shaking.values()) socket.destroy();
  }
}

function present({ server, ticketKeys }: Sealed, { cert, key }: Credentials): void {
  server.setSecureContext({ ...OPTIONS, ticketKeys, cert, key });
}

/**
 * The way that Node documents for a connection which another server has accepted. Nothing comes of a handshake that the client
 * ends in the middle: the socket that is made of it, which nobody sees before, ends with it.
 */
function shake({ server }: Sealed, socket: Socket): void {
  socket.allowHalfOpen = false;
  server.emit('connection', socket);
}

/** A client may use one port for several of our addresses. */
function endOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
