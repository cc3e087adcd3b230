/** Servers of DNS over TLS and HTTPS that count what they see, and certificates of every kind. */
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  createSecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import type { Test } from 'tap';
import { DOH_PATH, secureTarget } from '../../src/control/config/targets.ts';
import type { SecureTarget, TlsPeer } from '../../src/resolver/path.ts';
import { FrameReader, frame } from '../../src/resolver/transport/frames.ts';
import { type Certificate, certificate } from './certificate.ts';
import { freePort } from './ports.ts';
import { type DnsServer, startUnbound, type UnboundOptions } from './servers.ts';

export const SERVER_NAME = 'dns.example';

export interface Certificates {
  readonly good: Certificate;
  /** For another name. */
  readonly misnamed: Certificate;
  readonly expired: Certificate;
  stop(): void;
}

/** Certificates that sign themselves: who trusts them has them for `ca`. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  return {
    good: certificate(folder, 'good', { names: `DNS:${SERVER_NAME},IP:127.0.0.1` }),
    misnamed: certificate(folder, 'misnamed', { names: 'DNS:other.example' }),
    expired: expired(folder),
    stop: () => rmSync(folder, { recursive: true }),
  };
}

/** The same for the tests of a file; none where they are skipped, as nobody looks at them then. */
export function certificatesFor(t: Pick<Test, 'teardown'>, skip: string | false): Certificates {
  const certificates = skip === false ? makeCertificates() : ({ stop: () => undefined } as Certificates);
  t.teardown(() => certificates.stop());
  return certificates;
}

/** One that was never valid: it ended a day before it began. */
function expired(folder: string): Certificate {
  const [keyFile, certFile, request, extensions] = ['key', 'crt', 'csr', 'ext'].map((ending) =>
    join(folder, `expired.${ending}`),
  ) as [string, string, string, string];
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', keyFile);
  openssl('req', '-new', '-key', keyFile, '-subj', `/CN=${SERVER_NAME}`, '-out', request);
  writeFileSync(extensions, `subjectAltName=DNS:${SERVER_NAME}\n`);
  const by = ['-signkey', keyFile, '-days', '-1', '-extfile', extensions];
  openssl('x509', '-req', '-in', request, ...by, '-out', certFile);
  return { key: readFileSync(keyFile), cert: readFileSync(certFile), keyFile, certFile };
}

/** SPKI pin. */
export function pinOf({ cert }: Certificate): string {
  const key = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

export interface PeerOptions {
  readonly protocol?: 'dot' | 'doh';
  readonly addresses?: readonly string[];
  readonly name?: string | undefined;
  readonly pins?: readonly string[];
  readonly trusts?: Certificate | undefined;
  readonly path?: string;
}

/** A target at a port of this host that is to be `dns.example`. */
export function targetAt(port: number, options: PeerOptions): SecureTarget {
  const { protocol = 'dot', addresses = ['127.0.0.1'], pins = [], path = DOH_PATH, trusts } = options;
  const name = 'name' in options ? options.name : SERVER_NAME;
  const ca: TlsPeer['ca'] = trusts && { pem: trusts.cert.toString() };
  return secureTarget({ protocol, addresses, port, name, pins, ca, path });
}

/** A query as a server sees it. */
export interface SecureQuery {
  readonly message: Uint8Array;
  /** Number of its connection, from 1. */
  readonly connection: number;
  reply(message: Uint8Array): void;
  /** Ends the connection without a reply. */
  hangUp(): void;
  /** Of DNS over HTTPS. */
  readonly stream?: ServerHttp2Stream;
}

export interface SecureServer {
  readonly port: number;
  /** TLS connections: for each whether its session was resumed. */
  readonly resumed: boolean[];
  /** Octets of application data seen before a query, and queries. */
  readonly queries: SecureQuery[];
  /** Connections that are open now. */
  readonly open: () => number;
  close(): Promise<void>;
}

export interface SecureServerOptions {
  readonly protocol: 'dot' | 'doh';
  readonly by: Certificate;
  readonly got: (query: SecureQuery) => void;
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly address?: string;
  /** Default: one that is free. */
  readonly port?: number;
}

export function startSecure(options: SecureServerOptions): Promise<SecureServer> {
  return options.protocol === 'dot' ? startDot(options) : startDoh(options);
}

async function startDot(options: SecureServerOptions): Promise<SecureServer> {
  const { by, got, maxVersion = 'TLSv1.3', address = '127.0.0.1', port = 0 } = options;
  const sockets = new Set<TLSSocket>();
  const resumed: boolean[] = [];
  const queries: SecureQuery[] = [];
  const server = createServer(
    { cert: by.cert, key: by.key, maxVersion, ALPNProtocols: ['dot'] },
    (socket) => {
      const connection = resumed.push(socket.isSessionReused());
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      const frames = new FrameReader();
      socket.on('data', (chunk: Uint8Array) =>
        frames.push(chunk, (message) => {
          const id = (message[0]! << 8) | message[1]!;
          const reply = (said: Uint8Array): void => void socket.write(frame(said, id));
          const query = { message, connection, reply, hangUp: () => socket.destroy() };
          queries.push(query);
          got(query);
        }),
      );
    },
  );
  server.on('tlsClientError', () => undefined);
  server.listen(port, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    resumed,
    queries,
    open: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function startDoh(options: SecureServerOptions): Promise<SecureServer> {
  const { by, got, maxVersion = 'TLSv1.3', address = '127.0.0.1', port = 0 } = options;
  const sessions = new Map<Http2Session, number>();
  let number = 0;
  const resumed: boolean[] = [];
  const queries: SecureQuery[] = [];
  const server = createSecureServer({ cert: by.cert, key: by.key, maxVersion });
  server.on('secureConnection', (socket: TLSSocket) => void resumed.push(socket.isSessionReused()));
  server.on('session', (session) => {
    sessions.set(session, ++number);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      if (headers[':path'] !== DOH_PATH || headers[':method'] !== 'POST') {
        stream.respond({ ':status': 404 }, { endStream: true });
        return;
      }
      const reply = (message: Uint8Array): void => {
        if (stream.destroyed) return;
        stream.respond({ ':status': 200, 'content-type': 'application/dns-message' });
        stream.end(message);
      };
      const { session } = stream;
      const connection = (session && sessions.get(session)) ?? 0;
      const query = {
        message: Buffer.concat(chunks),
        connection,
        reply,
        stream,
        hangUp: () => session?.destroy(),
      };
      queries.push(query);
      got(query);
    });
  });
  server.listen(port, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    resumed,
    queries,
    open: () => sessions.size,
    close: async () => {
      for (const session of sessions.keys()) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface SecureUnbound {
  readonly unbound: DnsServer;
  readonly ports: Readonly<Record<'dot' | 'doh', number>>;
}

/** Unbound, which is asked by TLS and by HTTPS too. */
export async function startSecureUnbound({
  by,
  extra = [],
  ...options
}: UnboundOptions & { readonly by: Certificate }): Promise<SecureUnbound> {
  const [dot, doh] = [await freePort(), await freePort()];
  const unbound = await startUnbound({
    ...options,
    forward: { '.': ['127.0.0.1@1'] },
    extra: [
      'local-zone: "test." nodefault',
      `tls-service-key: "${by.keyFile}"`,
      `tls-service-pem: "${by.certFile}"`,
      `interface: 127.0.0.1@${dot}`,
      `interface: 127.0.0.1@${doh}`,
      `tls-port: ${dot}`,
      `https-port: ${doh}`,
      'incoming-num-tcp: 100',
      ...extra,
    ],
  });
  return { unbound, ports: { dot, doh } };
}
