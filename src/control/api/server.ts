import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import { uuid } from '../../util/uuid.ts';
import type { Credentials } from '../../view/snapshot.ts';
import { limitedSecureServer, limitedServer, receiveOctets } from '../http.ts';
import { ConflictError } from '../store/errors.ts';
import { authorise } from './authorise.ts';
import { type ApiResponse, readInput, writeError, writeOutput } from './binding.ts';
import { ApiError, apiError } from './errors.ts';
import { type Handlers, handlerOf, type Replays } from './handler.ts';
import type { Keys } from './keys.ts';
import type { ServiceName } from './model.ts';
import { type Known, type RequestLine, type Routed, route, serviceOf } from './operations.ts';
import { countRequest } from './requestcount.ts';
import { type SignedRequest, type Verified, verify } from './sigv4.ts';
import { stateOf } from './states.ts';
import { toldOfStore } from './storefaults.ts';
import type { Throttle } from './throttle.ts';

/** The largest batches of records and of domains, with room. */
export const API_OCTETS_MAX = 1024 * 1024;
/** SDKs keep their connections. */
const LIMITS = { connections: 256, idleMs: 60_000 };

/** What the API is made of; tests bring their own. */
export interface ApiOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'add'>;
  readonly keys: Pick<Keys, 'find'>;
  readonly throttle: Throttle;
  readonly replays: Replays;
  readonly handlers: Handlers;
}

/** A request with all that is known of it before it is understood. */
interface Received extends SignedRequest, RequestLine {
  readonly source: string;
  readonly requestId: string;
}

/**
 * The three APIs of one address, each request this way:
 *
 *     body (1 MB) ─▶ signature ─▶ rate ─▶ operation ─▶ copy? ─▶ input ─▶ scope ─▶ handler ─▶ response
 *
 * and from every step to an error as the service says it.
 */
export class Api {
  readonly #o: ApiOptions;
  /** Writes under way, by signature: a copy waits for the first. */
  readonly #underWay = new Map<string, Promise<ApiResponse>>();

  constructor(options: ApiOptions) {
    this.#o = options;
  }

  /** By HTTP. The caller listens. */
  server(): Server {
    return limitedServer(LIMITS, this.#listener);
  }

  /** By HTTPS. The caller listens. */
  secureServer(credentials: Credentials): SecureServer {
    return limitedSecureServer(LIMITS, credentials, this.#listener);
  }

  readonly #listener: RequestListener = (request, response) => {
    const requestId = uuid(this.#o.prng);
    this.#receive(request, requestId)
      .then((answer) => {
        countRequest(this.#o.metrics, serviceOf(lineOf(request)), answer);
        send(request, response, requestId, answer);
      })
      .catch(() => response.destroy());
  };

  async #receive(request: IncomingMessage, requestId: string): Promise<ApiResponse> {
    const line = lineOf(request);
    const body = await receiveOctets(request, API_OCTETS_MAX);
    const service = serviceOf(line);
    if (body === undefined) {
      const error = apiError('RequestEntityTooLarge', `The request body is over ${API_OCTETS_MAX} octets.`);
      return writeError(service, error, requestId);
    }
    const headers = headersOf(request);
    const source = request.socket.remoteAddress ?? '';
    return this.answer({ ...line, headers, body, source, requestId });
  }

  /** Never throws. */
  async answer(request: Received): Promise<ApiResponse> {
    const service = serviceOf(request);
    try {
      const verified = await verify(request, service, (id) => this.#o.keys.find(id), this.#o.clock.wall());
      if (!this.#o.throttle.take(verified.key.account)) throw apiError('Throttling', 'Rate exceeded');
      const routed = route(request);
      return await (routed.operation.writes
        ? this.#once(request, routed, verified)
        : this.#perform(request, routed, verified));
    } catch (error) {
      return writeError(service, this.#told(service, error, request), request.requestId);
    }
  }

  /** Equal writes are one: all get what the first was answered. */
  async #once(request: Received, routed: Routed, verified: Verified): Promise<ApiResponse> {
    const { signature } = verified;
    const underWay = this.#underWay.get(signature);
    if (underWay !== undefined) return underWay;
    const answer = this.#first(request, routed, verified).finally(() => this.#underWay.delete(signature));
    this.#underWay.set(signature, answer);
    return answer;
  }

  async #first(request: Received, routed: Routed, verified: Verified): Promise<ApiResponse> {
    const { replays } = this.#o;
    const { signature, until } = verified;
    const before = await replays.find(signature);
    if (before !== undefined) return before;
    let response: ApiResponse;
    try {
      response = await this.#perform(request, routed, verified);
    } catch (error) {
      // Nothing has changed: what was refused may be right a moment later.
      const { service } = routed.operation;
      return writeError(service, this.#told(service, error, request), request.requestId);
    }
    await replays.keep(signature, response, until);
    return response;
  }

  async #perform(request: Received, routed: Routed, verified: Verified): Promise<ApiResponse> {
    const { operation } = routed;
    const { service, name } = operation;
    const { key, signature, until } = verified;
    const input = readInput(routed, request.search, request.body);
    const { account, accessKeyId, scope, zones } = key;
    const caller = { account, accessKeyId, scope, zones };
    authorise(operation, input, caller);
    const handler = handlerOf(this.#o.handlers, service, name);
    if (handler === undefined) throw unsupported(operation);
    const output = await handler({
      operation: name,
      input,
      caller,
      requestId: request.requestId,
      source: request.source,
      at: this.#o.clock.wall(),
      signed: { signature, until },
    });
    return writeOutput(operation, output);
  }

  #told(service: ServiceName, error: unknown, { method, path, requestId }: Received): ApiError {
    if (error instanceof ApiError) return error;
    const told =
      toldOfStore(service, error) ??
      apiError(
        'InternalFailure',
        'The request processing has failed because of an unknown error, exception or failure.',
      );
    // Nothing has changed: the client tries again, and the operator reads what would help.
    if (!(error instanceof ConflictError))
      this.#o.log.error({ err: error, method, path, requestId }, 'a request to the API failed');
    return told;
  }
}

/** What AWS says of a request that it knows and does not take. */
function unsupported(operation: Known): ApiError {
  const state = stateOf(operation);
  const why = state.state === 'refused' ? `: ${state.why}` : '';
  return apiError(
    'InvalidAction',
    `The action or operation requested is not valid: ${operation.name} is not supported${why}.`,
  );
}

function lineOf({ method = '', url = '', headers }: IncomingMessage): RequestLine & { search: string } {
  const at = url.indexOf('?');
  const [path, search] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  const target = headers['x-amz-target'];
  return { method, path, search, target: Array.isArray(target) ? target[0] : target };
}

function headersOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    headers.push([rawHeaders[i]!.toLowerCase(), rawHeaders[i + 1]!]);
  return headers;
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  { status, headers, body }: ApiResponse,
): void {
  const payload = Buffer.from(body);
  const all: Record<string, string | number> = { 'x-amzn-requestid': requestId, ...headers };
  if (status !== 204) all['content-length'] = payload.length;
  // The rest of a body that was refused is not read: the connection is of no further use.
  if (!request.complete) all['connection'] = 'close';
  response.writeHead(status, all);
  response.end(request.method === 'HEAD' || status === 204 ? undefined : payload);
}
