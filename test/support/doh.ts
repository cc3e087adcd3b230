/** Clients of DNS over HTTPS for tests: Node's own for HTTP/2, and frames by hand for what no client sends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { TcpEndpoint } from '../../src/server/tcp.ts';
import { TcpClients, tcpClientsBuffer } from '../../src/server/tcpclients.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { TICKET_KEYS_OCTETS } from '../../src/view/channel.ts';
import type { Credentials } from '../../src/view/snapshot.ts';
import { certificate } from './certificate.ts';
import { freePort } from './ports.ts';
import { missing } from './servers.ts';
import { descriptor, Handler, sleep, until } from './sockets.ts';

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Of 127.0.0.1, for one test file; empty where there is no openssl to make them, and tests are skipped. */
export function selfSigned(t: { teardown(fn: () => void): void }): Credentials {
  if (missing('openssl') !== false) return { cert: '', key: '' };
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { cert, key } = certificate(folder, 'doh', { names: 'IP:127.0.0.1' });
  return { cert: String(cert), key: String(key) };
}

/** An endpoint that speaks DNS over HTTPS, before a handler of tests. */
export async function serveDoh(
  t: { teardown(fn: () => void): void },
  credentials: Credentials,
  { handler = new Handler(), json = false, max = 1024 } = {},
) {
  const port = await freePort('127.0.0.1');
  const counters = daemonCounters(1);
  const clients = new TcpClients(tcpClientsBuffer(1, max), 0, 1);
  const clock = new ManualClock();
  const endpoint = new TcpEndpoint({
    descriptor: { ...descriptor('tcp', '127.0.0.1', port), protocol: 'doh' },
    endpoint: 3,
    handler,
    clients,
    metrics: new Metrics(counters.block(0)),
    clock,
    prng: cryptoPrng,
    admits: () => true,
    ticketKeys: new Uint8Array(TICKET_KEYS_OCTETS),
  });
  endpoint.useEncrypted({ dot: [], doh: [], json, credentials });
  await endpoint.start();
  const open: (() => void)[] = [];
  t.teardown(() => {
    for (const close of open) close();
    endpoint.close();
  });
  return {
    port,
    endpoint,
    clients,
    clock,
    handler,
    count: (metric: Parameters<typeof counters.sum>[0]) => counters.sum(metric),
    /** A session of HTTP/2 as clients have it. */
    http2(): Http2Client {
      const client = new Http2Client(port, credentials.cert);
      open.push(() => client.session.destroy());
      return client;
    },
    /** A session of HTTP/2 whose frames are written by hand. */
    async frames(): Promise<FrameClient> {
      const client = new FrameClient(port, credentials.cert);
      open.push(() => client.socket.destroy());
      await until(() => client.state === 'closed' || client.of(FRAME.settings).length > 0, 'settings');
      return client;
    },
    plain(): Socket {
      const socket = connectPlain(port, '127.0.0.1');
      socket.on('error', () => undefined);
      open.push(() => socket.destroy());
      return socket;
    },
    /** Lets time pass, and what it ends end. */
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed <= ms; passed += 100) {
        clock.advance(100);
        await sleep(0);
      }
    },
  };
}

export class Http2Client {
  readonly session: ClientHttp2Session;
  state: 'open' | 'closed' = 'open';
  /** Code of the last GOAWAY. */
  goaway: number | undefined;

  constructor(port: number, ca: string) {
    this.session = connectHttp2(`https://127.0.0.1:${port}`, { ca });
    this.session.on('error', () => undefined);
    this.session.on('goaway', (code) => (this.goaway = code));
    this.session.on('close', () => (this.state = 'closed'));
  }

  /** Rejects where no response comes. */
  ask(headers: Record<string, string>, content?: Uint8Array): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      const stream = this.session.request(headers, { endStream: content === undefined });
      const chunks: Buffer[] = [];
      let head: Record<string, unknown> = {};
      stream.on('response', (received) => (head = received));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('close', () => {
        if (head[':status'] === undefined) reject(new Error(`no response, code ${stream.rstCode}`));
        else resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(chunks) });
      });
      if (content !== undefined) stream.end(content);
    });
  }

  get(query: Uint8Array): Promise<HttpReply> {
    return this.ask({ ':path': `/dns-query?dns=${Buffer.from(query).toString('base64url')}` });
  }

  post(query: Uint8Array, type = 'application/dns-message', path = '/dns-query'): Promise<HttpReply> {
    return this.ask({ ':method': 'POST', ':path': path, 'content-type': type }, query);
  }
}

/** Of RFC 9113 section 6. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rst: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;
export const END_STREAM = 1;
const ACK = 1;
export const END_HEADERS = 4;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = EMPTY): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const EMPTY = new Uint8Array();

/** A header block without any compression (RFC 7541 section 6.2.2). */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => {
    const octets = Buffer.from(value);
    const length =
      octets.length < 127 ? Buffer.from([octets.length]) : Buffer.from([127, ...continued(octets.length)]);
    return Buffer.concat([length, octets]);
  };
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  );
}

/** RFC 7541 section 5.1, with a prefix of 7 bits. */
function continued(value: number): number[] {
  const octets: number[] = [];
  let rest = value - 127;
  for (; rest >= 128; rest >>>= 7) octets.push((rest & 127) | 128);
  return [...octets, rest];
}

/** The headers of a GET. */
export function getHeaders(path: string): Record<string, string> {
  return { ':method': 'GET', ':scheme': 'https', ':authority': 'dns.test', ':path': path };
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export class FrameClient {
  readonly socket: TLSSocket;
  state: 'shaking' | 'open' | 'closed' = 'shaking';
  #octets = Buffer.alloc(0);
  readonly received: Frame[] = [];

  constructor(port: number, ca: string) {
    this.socket = connect({ port, host: '127.0.0.1', ca, ALPNProtocols: ['h2'] }, () => {
      this.state = 'open';
      this.socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      this.send(frame(FRAME.settings, 0, 0));
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => (this.state = 'closed'));
    this.socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** Of the GOAWAY that came; undefined before. */
  get goaway(): number | undefined {
    return this.received.find(({ type }) => type === FRAME.goaway)?.payload.readUInt32BE(4);
  }

  of(type: number): Frame[] {
    return this.received.filter((each) => each.type === type);
  }

  #read(chunk: Buffer): void {
    this.#octets = Buffer.concat([this.#octets, chunk]);
    for (;;) {
      const length = this.#octets.length < 9 ? 0 : this.#octets.readUIntBE(0, 3);
      if (this.#octets.length < 9 + length) return;
      this.received.push({
        type: this.#octets[3]!,
        flags: this.#octets[4]!,
        stream: this.#octets.readUInt32BE(5),
        payload: this.#octets.subarray(9, 9 + length),
      });
      this.#octets = this.#octets.subarray(9 + length);
      const { type, flags } = this.received.at(-1)!;
      if (type === FRAME.settings && (flags & ACK) === 0) this.send(frame(FRAME.settings, ACK, 0));
    }
  }
}
