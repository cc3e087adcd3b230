import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type * as z from 'zod';
import type { Logger } from '../telemetry/log.ts';
import type { Fault } from '../view/report.ts';
import type { Credentials } from '../view/snapshot.ts';
import { TLS_VERSION_MIN } from './config/tls.ts';

// To import it is to evaluate all that it exports: with its WebSocket Node reads fetch and HTTP/2, 40 ms of each start.
const { createServer } = process.getBuiltinModule('node:http');

/** The largest body that any route takes: a name, a type and a few words. */
export const BODY_OCTETS_MAX = 16_384;
/** A client that takes longer to say what it wants is cut off. */
const REQUEST_MS_MAX = 10_000;
/** People and scrapers; more at once is a mistake. */
const CONNECTIONS_MAX = 64;

/** A refusal with its HTTP status; everything else that a route throws is an error of the program. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  readonly status: number;
  readonly remedy: string;
  constructor(status: number, message: string, remedy: string) {
    super(message);
    this.status = status;
    this.remedy = remedy;
  }
}

/** What a route is given. */
export interface RouteInput {
  readonly query: URLSearchParams;
  /** The JSON body; undefined where there was none or the server ignores bodies. */
  readonly body: unknown;
}

/** An answer that is not JSON with status 200. */
export class Plain {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  constructor(status: number, text: string, type = 'text/plain; charset=utf-8') {
    this.status = status;
    this.type = type;
    this.text = text;
  }
}

export type Route = (input: RouteInput) => unknown | Promise<unknown>;
/** `GET /status` → what answers. */
export type Routes = Readonly<Record<string, Route>>;

/** A body as the route wants it. Throws HttpFault for every other. */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const where = issue.path.length === 0 ? 'the body' : issue.path.join('.');
  throw new HttpFault(400, `${where}: ${issue.message}`, 'send the JSON object that the route takes');
}

/** An HTTP server that knows these routes and nothing else; the caller listens. */
export function httpServer(routes: Routes, log: Logger, options: { readonly bodies: boolean }): Server {
  return limitedServer({ connections: CONNECTIONS_MAX, idleMs: REQUEST_MS_MAX }, (request, response) => {
    answer(routes, request, options.bodies)
      .catch((error: unknown) => faultAnswer(error, request, log))
      .then((plain) => send(request, response, plain))
      .catch(() => response.destroy());
  });
}

/** What a server grants whoever connects. */
export interface Limits {
  readonly connections: number;
  /** Milliseconds that a connection may be silent between two requests. */
  readonly idleMs: number;
}

/** A server with limits on whoever connects; no error of a connection is left unheard. The caller listens. */
export function limitedServer(limits: Limits, listener: RequestListener): Server {
  return guarded(createServer(timeLimits(limits), heard(listener)), limits);
}

/** The same for HTTPS. `setSecureContext` of what it returns gives it another certificate. */
export function limitedSecureServer(
  limits: Limits,
  credentials: Credentials,
  listener: RequestListener,
): SecureServer {
  const options = {
    ...timeLimits(limits),
    ...credentials,
    minVersion: TLS_VERSION_MIN,
    handshakeTimeout: REQUEST_MS_MAX,
  } as const;
  const { createServer } = process.getBuiltinModule('node:https');
  return guarded(createServer(options, heard(listener)), limits);
}

function timeLimits({ idleMs }: Limits) {
  return {
    requestTimeout: REQUEST_MS_MAX,
    headersTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: 1_000,
  };
}

function heard(listener: RequestListener): RequestListener {
  return (request, response) => {
    request.on('error', () => response.destroy());
    response.on('error', () => request.destroy());
    listener(request, response);
  };
}

function guarded<Of extends Server | SecureServer>(server: Of, limits: Limits): Of {
  server.maxConnections = limits.connections;
  // Bytes that are not HTTP: Node's default answers 400 and closes, and the handler must not throw.
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    else socket.destroy();
  });
  return server;
}

async function answer(routes: Routes, request: IncomingMessage, bodies: boolean): Promise<Plain> {
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const [path = '', search = ''] = (request.url ?? '').split('?', 2);
  const name = `${method} ${path}`;
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
  if (route === undefined) throw unknownRoute(routes, path);
  const body = bodies && method === 'POST' ? await receiveBody(request) : undefined;
  const result = await route({ query: new URLSearchParams(search), body });
  return result instanceof Plain ? result : jsonAnswer(200, result);
}

function unknownRoute(routes: Routes, path: string): HttpFault {
  const methods = Object.keys(routes).flatMap((name) =>
    name.endsWith(` ${path}`) ? name.split(' ')[0]! : [],
  );
  if (methods.length > 0)
    return new HttpFault(405, `${path} takes ${methods.join(' and ')}`, 'use that method');
  return new HttpFault(404, 'no such path', `use one of ${Object.keys(routes).join(', ')}`);
}

async function receiveBody(request: IncomingMessage): Promise<unknown> {
  const octets = await receiveOctets(request, BODY_OCTETS_MAX);
  if (octets === undefined) throw tooLarge();
  if (octets.length === 0) return undefined;
  try {
    return JSON.parse(octets.toString()) as unknown;
  } catch (error) {
    throw new HttpFault(400, `the body is not JSON: ${(error as Error).message}`, 'send JSON');
  }
}

/** The body; undefined where it is over `max` octets, of which no more are kept than that. */
export async function receiveOctets(request: IncomingMessage, max: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > max) return undefined;
  const chunks: Buffer[] = [];
  let octets = 0;
  // Whoever leaves this loop early would break the connection that the refusal goes by.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > max) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): HttpFault {
  return new HttpFault(413, `the body is over ${BODY_OCTETS_MAX} octets`, 'send less');
}

function faultAnswer(error: unknown, request: IncomingMessage, log: Logger): Plain {
  if (error instanceof HttpFault)
    return jsonAnswer(error.status, { error: error.message, remedy: error.remedy } satisfies Fault);
  log.error({ err: error, method: request.method, url: request.url }, 'a request failed');
  return jsonAnswer(500, { error: 'the daemon failed to answer', remedy: "see the daemon's log" });
}

function jsonAnswer(status: number, value: unknown): Plain {
  return new Plain(status, `${JSON.stringify(value)}\n`, 'application/json');
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, text }: Plain): void {
  const payload = Buffer.from(text);
  const headers: Record<string, string | number> = {
    'content-type': type,
    'content-length': payload.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  // The rest of a body that was refused or ignored is not read: the connection is of no further use.
  if (!request.complete) headers['connection'] = 'close';
  response.writeHead(status, headers);
  response.end(request.method === 'HEAD' ? undefined : payload);
}
