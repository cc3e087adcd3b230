import { createServer, type Server, type Socket } from 'node:net';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import { unreachable } from '../util/assert.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { type Descriptor, FD_OPEN } from '../view/channel.ts';
import type { Credentials } from '../view/snapshot.ts';
import { peerOctets } from './addresses.ts';
import type { Client, QueryHandler } from './handler.ts';
import type { TcpClients } from './tcpclients.ts';
import { TcpConnection } from './tcpconnection.ts';
import { TlsTermination } from './tls.ts';

export interface TcpOptions {
  readonly descriptor: Descriptor;
  /** Index into the snapshot's endpoints. */
  readonly endpoint: number;
  readonly handler: QueryHandler;
  readonly clients: TcpClients;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** The endpoint's ACL: others are closed before an octet is read. */
  readonly admits: (endpoint: number, address: Uint8Array) => boolean;
  /** For DNS over TLS: see TlsOptions. */
  readonly ticketKeys: Uint8Array;
}

/** Deadlines are looked at this often: one timer for all connections, whatever they do in between. */
const SWEEP_MS = 100;

/** Serves one listening TCP socket with a query handler (RFC 7766, RFC 9210), in plain text or by TLS (RFC 7858). */
export class TcpEndpoint {
  /** A reload may move it. */
  endpoint: number;
  readonly #o: TcpOptions;
  readonly #server: Server;
  readonly #tls: TlsTermination | undefined;
  readonly #connections = new Set<TcpConnection>();
  #sweep: Timer | undefined;
  #heir: TcpEndpoint | undefined;

  constructor(options: TcpOptions) {
    this.#o = options;
    this.endpoint = options.endpoint;
    this.#tls = this.#termination();
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Rejects when the socket cannot be had. */
  start(): Promise<void> {
    const { fd, address, port } = this.#o.descriptor;
    const server = this.#server;
    return new Promise((resolve, reject) => {
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

  #termination(): TlsTermination | undefined {
    const { descriptor, ticketKeys, metrics } = this.#o;
    switch (descriptor.protocol) {
      case 'do53':
        return undefined;
      case 'dot':
        return new TlsTermination({
          ticketKeys,
          secured: (socket) => this.#serve(socket),
          failed: () => metrics.add(METRIC.tlsFailed),
        });
      default:
        unreachable(descriptor.protocol);
    }
  }

  /** Whether connections can be served: those by TLS from the first call of `useCredentials` on. */
  get isReady(): boolean {
    return this.#tls === undefined || this.#tls.credentials !== undefined;
  }

  /** What TLS is ended with from now on. Throws where the library does not take them. */
  useCredentials(credentials: Credentials): void {
    this.#tls?.use(credentials);
  }

  #accept(socket: Socket): void {
    const { admits, clients, metrics } = this.#o;
    socket.on('error', () => socket.destroy());
    const { remoteAddress, remotePort } = socket;
    // Gone before it was accepted.
    if (remoteAddress === undefined || remotePort === undefined) return void socket.destroy();
    const address = peerOctets(remoteAddress);
    if (!admits(this.endpoint, address)) {
      metrics.add(METRIC.droppedAcl);
      return void socket.resetAndDestroy();
    }
    if (!clients.enter(address)) {
      metrics.add(METRIC.tcpRefused);
      return void socket.resetAndDestroy();
    }
    metrics.add(METRIC.tcpAccepted);
    socket.once('close', () => clients.leave(address));
    if (this.#tls === undefined) this.#serve(socket);
    else this.#tls.accept(socket);
  }

  #serve(socket: Socket): void {
    const { clients, metrics, clock, handler, descriptor } = this.#o;
    const { remoteAddress, remotePort } = socket;
    socket.on('error', () => socket.destroy());
    // Gone before its handshake was over.
    if (remoteAddress === undefined || remotePort === undefined) return void socket.destroy();
    const transport = descriptor.protocol === 'dot' ? 'dot' : 'tcp';
    const client = new TcpClient(this, transport, peerOctets(remoteAddress), remotePort);
    const idleMs = (): number => clients.idleMs();
    const connection = new TcpConnection({ socket, client, handler, metrics, clock, idleMs });
    this.#current().#add(connection);
    socket.once('close', () => this.#current().#drop(connection));
  }

  #add(connection: TcpConnection): void {
    this.#connections.add(connection);
    this.#sweep ??= this.#o.clock.every(SWEEP_MS, () => this.#expire());
  }

  #drop(connection: TcpConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }

  #expire(): void {
    const now = this.#o.clock.now();
    for (const connection of this.#connections) connection.expire(now);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Takes over the connections of a listener on the same address, which accepts no more. */
  adopt(other: TcpEndpoint): void {
    other.leave();
    other.#heir = this;
    for (const connection of [...other.#connections]) {
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
    for (const connection of this.#connections) pending += connection.pending;
    return pending;
  }

  /** Accepts no more; connections go on. */
  leave(): void {
    if (this.#server.listening) this.#server.close();
  }

  /** Accepts and reads no more; each connection is closed when its answers are out. */
  pause(): void {
    this.leave();
    this.#tls?.close();
    for (const connection of this.#connections) connection.finish();
  }

  /** Closes everything at once. Idempotent. */
  close(): void {
    this.leave();
    this.#tls?.close();
    for (const connection of this.#connections) connection.destroy();
  }
}

/** A connection outlives snapshots: its endpoint's index is looked up for each query. */
class TcpClient implements Client {
  readonly #listener: TcpEndpoint;
  readonly address: Uint8Array;
  readonly port: number;
  readonly transport: 'tcp' | 'dot';

  constructor(listener: TcpEndpoint, transport: 'tcp' | 'dot', address: Uint8Array, port: number) {
    this.#listener = listener;
    this.transport = transport;
    this.address = address;
    this.port = port;
  }

  get endpoint(): number {
    return this.#listener.currentEndpoint;
  }
}
