import { closeSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import type { ClientTransport } from '../telemetry/queryrecord.ts';
import { unreachable } from '../util/assert.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Prng } from '../util/prng.ts';
import { type Descriptor, FD_OPEN, type TicketKeys } from '../view/channel.ts';
import type { EncryptedListening } from '../view/snapshot.ts';
import { peerOctets } from './addresses.ts';
import { SocketStream } from './bytestream.ts';
import type { Connection, Peer, Serving } from './connection.ts';
import type { Http } from './doh/http.ts';
import type { Client, QueryHandler } from './handler.ts';
import { readProxied } from './proxied.ts';
import type { ClientKind, TcpClients } from './tcpclients.ts';
import { TcpConnection } from './tcpconnection.ts';
import type { Accepting, Listening, NativeStream, NativeStreams } from './tcpnative.ts';
import { TlsTermination } from './tls.ts';

export interface TcpOptions {
  readonly descriptor: Descriptor;
  /** Undefined: Node's own sockets are used. So they are where TLS is spoken, and with proxies. */
  readonly native?: NativeStreams | undefined;
  /** Index into the snapshot's endpoints. */
  readonly endpoint: number;
  readonly handler: QueryHandler;
  readonly clients: TcpClients;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly prng: Prng;
  /** The endpoint's ACL: others are closed before an octet is read. */
  readonly admits: (endpoint: number, address: Uint8Array) => boolean;
  /** Whether a peer says in front of a connection whose it is. Default: nobody. */
  readonly isProxy?: ((endpoint: number, address: Uint8Array) => boolean) | undefined;
  /** Has others served that have come meanwhile: called between what is done for one connection and for the next. */
  readonly interleave?: (() => void) | undefined;
  /** Where TLS is spoken: see TlsOptions. */
  readonly ticketKeys: Uint8Array;
}

/**
 * Deadlines are looked at this often, by one timer for all connections, whatever they do in between: those of a share of
 * them in each turn, as many that came together would end together, and what asks by UDP would wait for that.
 */
const SWEEP_MS = 100;
const SHARES = 10;
/** RFC 7858 section 3.1 needs none, RFC 8484 section 5.2 says HTTP/2 or later; HTTP/1.1 is for tools that have no other. */
const ALPN = { dot: ['dot'], doh: ['h2', 'http/1.1'] } as const;
/** Where a socket has its client, for listeners that all sockets share. */
const CLIENT = Symbol('client');
type Accepted = Socket & { [CLIENT]: TcpClient };
const TRANSPORTS = { do53: 'tcp', dot: 'dot', doh: 'doh' } as const;

/**
 * Serves one listening TCP socket with a query handler (RFC 7766, RFC 9210), in plain text, by TLS (RFC 7858) or by HTTPS
 * (RFC 8484).
 */
export class TcpEndpoint {
  /** A reload may move it. */
  endpoint: number;
  readonly #o: TcpOptions;
  readonly #server: Server;
  /** Of native calls. */
  #listening: Listening | undefined;
  readonly #tls: TlsTermination<TcpClient> | undefined;
  /** There from the start on, where it is spoken. */
  #http: Http | undefined;
  #hasLeft = false;
  /** Connections of proxies that have not said whose they are. */
  readonly #unnamed = new Set<Socket>();
  /** And the share that each belongs to. */
  readonly #connections = new Map<Connection, number>();
  /** Which is looked at next, and which the next connection belongs to. */
  #turn = 0;
  #share = 0;
  readonly #serving: Serving;
  #encrypted: EncryptedListening | undefined;
  #sweep: Timer | undefined;
  #heir: TcpEndpoint | undefined;

  constructor(options: TcpOptions) {
    this.#o = options;
    this.endpoint = options.endpoint;
    const { handler, metrics, clock, clients, interleave } = options;
    this.#serving = { handler, metrics, clock, interleave, idleMs: () => clients.idleMs() };
    this.#tls = this.#termination();
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Rejects when the socket cannot be had. */
  async start(): Promise<void> {
    const { fd, address, port, protocol } = this.#o.descriptor;
    const { native } = this.#o;
    if (native !== undefined && protocol === 'do53' && fd >= 0) {
      this.#listening = native.listen(fd, this.#accepting());
      return;
    }
    // Node's HTTP takes long to load: a worker without it has taken its predecessor's place by then.
    if (protocol === 'doh') {
      this.#http = new (await import('./doh/http.ts')).Http();
      if (this.#hasLeft) {
        if (fd >= 0) closeSync(fd);
        return;
      }
    }
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const own = { host: address, port, reusePort: true, ipv6Only: true };
      server.listen(fd === FD_OPEN ? own : { fd }, () => {
        server.off('error', reject);
        // An accept that fails (no descriptor left) is the client's loss, and tried again with the next one.
        server.on('error', () => this.#o.metrics.add(METRIC.tcpRefused));
        resolve();
      });
    });
  }

  #termination(): TlsTermination<TcpClient> | undefined {
    const { descriptor, ticketKeys, metrics, clock } = this.#o;
    if (descriptor.protocol === 'do53') return undefined;
    return new TlsTermination({
      protocols: ALPN[descriptor.protocol],
      ticketKeys,
      clock,
      secured: (socket, client) => this.#serveSecured(socket, client),
      failed: () => metrics.add(METRIC.tlsFailed),
    });
  }

  /** Whether connections can be served: those by TLS from the first call of `useEncrypted` on. */
  get isReady(): boolean {
    return this.#tls === undefined || this.#tls.credentials !== undefined;
  }

  /** What TLS is ended with from now on, and how HTTP is answered. Throws where the library does not take them. */
  useEncrypted(encrypted: EncryptedListening): void {
    this.#tls?.use(encrypted.credentials);
    this.#encrypted = encrypted;
  }

  /** Where TLS is spoken: what tickets are sealed with from now on. */
  useTicketKeys(keys: TicketKeys): void {
    this.#tls?.useTicketKeys(keys);
  }

  #accepting(): Accepting {
    return {
      hasRoom: () => {
        this.#o.interleave?.();
        return this.#o.clients.hasRoom(this.#kind);
      },
      refused: () => this.#o.metrics.add(METRIC.tcpRefused),
      accepted: (stream, address, port) => this.#acceptNative(stream, address, port),
    };
  }

  #acceptNative(stream: NativeStream, address: Uint8Array, port: number): void {
    if (this.#o.isProxy?.(this.endpoint, address) === true) {
      const socket = stream.toSocket().on('error', destroyIt);
      this.#acceptProxied(socket, { address, port });
      return;
    }
    const client = this.#admit(address, port);
    if (client === undefined) return void stream.reset();
    stream.owner = client;
    this.#addFor(client, new TcpConnection(stream, client, this.#serving));
  }

  #accept(socket: Socket): void {
    this.#o.interleave?.();
    socket.on('error', destroyIt);
    // Nobody is asked who it is where there is no room for anybody: then they come by the thousand.
    if (!this.#o.clients.hasRoom(this.#kind)) return void this.#refuse(socket);
    const { remoteAddress, remotePort } = socket;
    // Gone before it was accepted.
    if (remoteAddress === undefined || remotePort === undefined) return void socket.destroy();
    const address = peerOctets(remoteAddress);
    if (this.#o.isProxy?.(this.endpoint, address) === true)
      this.#acceptProxied(socket, { address, port: remotePort });
    else this.#admitSocket(socket, address, remotePort);
  }

  /** A listed proxy is as good as the client that it names, and nobody without a name. */
  #acceptProxied(socket: Socket, proxy: Peer): void {
    const { clients, metrics, clock } = this.#o;
    if (!clients.enter(undefined, this.#kind)) return void this.#refuse(socket);
    const left = (): void => {
      socket.off('close', left);
      this.#unnamed.delete(socket);
      clients.leave(undefined, this.#kind);
    };
    socket.on('close', left);
    this.#unnamed.add(socket);
    const named = ({ address, port } = proxy): void => {
      left();
      this.#admitSocket(socket, address, port);
    };
    readProxied({ socket, clock, named, failed: () => metrics.add(METRIC.tcpUnnamed) });
  }

  /** The access list, limits and counts. Undefined: it is not let in. */
  #admit(address: Uint8Array, port: number): TcpClient | undefined {
    const { admits, clients, metrics } = this.#o;
    // A reload may have come before the address.
    if (!admits(this.currentEndpoint, address)) {
      metrics.add(METRIC.droppedAcl);
      return undefined;
    }
    if (!clients.enter(address, this.#kind)) {
      metrics.add(METRIC.tcpRefused);
      return undefined;
    }
    metrics.add(METRIC.tcpAccepted);
    return new TcpClient(this, address, port);
  }

  /** Once it is let in: TLS, where it is spoken. */
  #admitSocket(socket: Socket, address: Uint8Array, port: number): void {
    const client = this.#admit(address, port);
    if (client === undefined) return void socket.resetAndDestroy();
    (socket as Accepted)[CLIENT] = client;
    socket.on('close', forgetClient);
    if (this.#tls !== undefined) {
      this.#tls.accept(socket, client);
      return;
    }
    this.#serve(socket, client);
    // It stands still behind a proxy's header.
    socket.resume();
  }

  #refuse(socket: Socket): void {
    this.#o.metrics.add(METRIC.tcpRefused);
    socket.resetAndDestroy();
  }

  get #kind(): ClientKind {
    return this.#o.descriptor.protocol === 'doh' ? 'http' : 'stream';
  }

  #serveSecured(socket: TLSSocket, client: TcpClient): void {
    this.#o.interleave?.();
    socket.on('error', destroyIt);
    // Gone before its handshake was over.
    if (socket.remoteAddress === undefined) return void socket.destroy();
    (socket as unknown as Accepted)[CLIENT] = client;
    this.#serve(socket, client);
  }

  /** @param socket has its client */
  #serve(socket: Socket, client: TcpClient): void {
    this.#addFor(client, this.#connectionOn(socket, client));
    socket.on('close', forgetConnection);
  }

  #addFor(client: TcpClient, connection: Connection): void {
    client.connection = connection;
    this.#current().#add(connection);
  }

  #connectionOn(socket: Socket, client: Client): Connection {
    const { descriptor, prng } = this.#o;
    switch (descriptor.protocol) {
      case 'do53':
      case 'dot':
        return new TcpConnection(new SocketStream(socket), client, this.#serving);
      case 'doh': {
        const json = (): boolean => this.#current().#encrypted?.json ?? false;
        return this.#http!.serve({ ...this.#serving, socket, client, prng, json });
      }
      default:
        unreachable(descriptor.protocol);
    }
  }

  /** A client's socket is closed. */
  forgetClient({ address }: Peer): void {
    this.#o.clients.leave(address, this.#kind);
    this.#o.interleave?.();
  }

  /** A connection's socket is closed. */
  forgetConnection(connection: Connection): void {
    this.#current().#drop(connection);
  }

  #add(connection: Connection): void {
    this.#connections.set(connection, this.#share);
    this.#share = (this.#share + 1) % SHARES;
    this.#sweep ??= this.#o.clock.every(SWEEP_MS / SHARES, () => this.#expire());
  }

  #drop(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }

  #expire(): void {
    const now = this.#o.clock.now();
    const turn = this.#turn;
    this.#turn = (turn + 1) % SHARES;
    // An iterator would make an object for each of them each time.
    this.#connections.forEach((share, connection) => {
      if (share !== turn) return;
      this.#o.interleave?.();
      connection.expire(now);
    });
  }

  get transport(): ClientTransport {
    return TRANSPORTS[this.#o.descriptor.protocol];
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Takes over the connections of a listener on the same address, which accepts no more. */
  adopt(other: TcpEndpoint): void {
    other.leave();
    other.#heir = this;
    for (const connection of [...other.#connections.keys()]) {
      other.#drop(connection);
      this.#add(connection);
    }
  }

  /** Who has the connections that came here. */
  #current(): TcpEndpoint {
    return this.#heir === undefined ? this : this.#heir.#current();
  }

  /** Index of the endpoint of connections that came here. */
  get currentEndpoint(): number {
    return this.#current().endpoint;
  }

  /** Queries that are not answered yet. */
  get pending(): number {
    let pending = 0;
    for (const connection of this.#connections.keys()) pending += connection.pending;
    return pending;
  }

  /** Accepts no more; connections go on. */
  leave(): void {
    this.#hasLeft = true;
    this.#listening?.close();
    if (this.#server.listening) this.#server.close();
  }

  #endUnserved(): void {
    this.#tls?.close();
    for (const socket of this.#unnamed) socket.destroy();
  }

  /** Accepts and reads no more; each connection is closed when its answers are out. */
  pause(): void {
    this.leave();
    this.#endUnserved();
    for (const connection of this.#connections.keys()) connection.finish();
  }

  /** Closes everything at once. Idempotent. */
  close(): void {
    this.leave();
    this.#endUnserved();
    for (const connection of this.#connections.keys()) connection.destroy();
  }
}

/** Who is at the other end of a connection. It outlives snapshots: its endpoint's index is looked up for each query. */
class TcpClient implements Client {
  readonly listener: TcpEndpoint;
  readonly address: Uint8Array;
  readonly port: number;
  /** Once it is served. */
  connection: Connection | undefined;

  constructor(listener: TcpEndpoint, address: Uint8Array, port: number) {
    this.listener = listener;
    this.address = address;
    this.port = port;
  }

  get transport(): ClientTransport {
    return this.listener.transport;
  }

  get endpoint(): number {
    return this.listener.currentEndpoint;
  }

  /** The stream of its connection is closed. */
  closed(): void {
    this.listener.forgetClient(this);
    this.listener.forgetConnection(this.connection!);
  }
}

/*
 * Listeners of all sockets: thousands of clients that come and go leave as little to be collected as may be.
 */

function destroyIt(this: Socket): void {
  this.destroy();
}

function forgetClient(this: Accepted): void {
  const client = this[CLIENT];
  client.listener.forgetClient(client);
}

function forgetConnection(this: Accepted): void {
  const { listener, connection } = this[CLIENT];
  listener.forgetConnection(connection!);
}
