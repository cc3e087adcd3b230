import { closeSync, openSync, readSync } from 'node:fs';
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { unreachable } from '../../util/assert.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Destination, LogFormat } from '../../view/querylog.ts';
import { Backlog, type Batch, type Counting, countRecords } from './backlog.ts';
import type { Output } from './output.ts';
import { Reception } from './reception.ts';

export interface HttpOutputOptions {
  readonly to: Extract<Destination, { kind: 'http' }>;
  readonly contentType: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** By default entries are records of logs, and a body is one after the other. */
  readonly count?: Counting;
  readonly body?: (entries: readonly Buffer[]) => Buffer;
}

const BATCH_OCTETS = 1 << 19;
/** A batch that is not full waits for more. */
const LINGER_MS = 1_000;
/** For a response. */
const RESPONSE_MS = 10_000;
/** More of a response nobody reads. */
const BODY_OCTETS_MAX = 1 << 16;
const AUTHORIZATION_OCTETS_MAX = 1 << 14;

/** What became of a batch. */
type Verdict = 'taken' | 'refused' | 'later';

/**
 * Entries to an HTTP server: batches by POST, one at a time over a connection that is kept. What it cannot take now (429, 5xx,
 * no response) is sent again, so that it may arrive twice; what it refuses (other statuses) is lost.
 */
export class HttpOutput implements Output<Buffer> {
  readonly #o: HttpOutputOptions;
  readonly #backlog: Backlog;
  readonly #reception: Reception;
  readonly #agent: HttpAgent;
  #unsent: Batch | undefined;
  #isPosting = false;
  #notBefore = Number.NEGATIVE_INFINITY;
  #ending: PromiseWithResolvers<void> | undefined;

  constructor(options: HttpOutputOptions) {
    this.#o = options;
    this.#backlog = new Backlog(options.count ?? countRecords(options.metrics), BATCH_OCTETS);
    this.#reception = new Reception(options.log, options.to);
    const kept = { keepAlive: true, maxSockets: 1 };
    this.#agent = options.to.url.startsWith('https:') ? new HttpsAgent(kept) : new HttpAgent(kept);
  }

  add(entry: Buffer): void {
    this.#backlog.add(entry);
  }

  flush(): void {
    if (this.#isPosting) return;
    const isDue = this.#o.clock.now() >= this.#notBefore || this.#ending !== undefined;
    if (!isDue && !(this.#unsent === undefined && this.#backlog.hasFullBatch)) return;
    const batch = (this.#unsent ??= this.#backlog.take());
    if (batch === undefined) this.#ended();
    else this.#post(batch);
  }

  reopen(): void {
    this.#notBefore = Number.NEGATIVE_INFINITY;
    this.flush();
  }

  close(): Promise<void> {
    this.#ending ??= Promise.withResolvers<void>();
    const { promise } = this.#ending;
    this.flush();
    return promise;
  }

  #post(batch: Batch): void {
    const { clock } = this.#o;
    this.#isPosting = true;
    this.#notBefore = clock.now() + LINGER_MS;
    const attempt = new Attempt(clock, (verdict, error) => this.#judged(batch, verdict, error));
    const body = (this.#o.body ?? Buffer.concat)(batch.entries);
    let request: ClientRequest;
    try {
      request = this.#request(body);
    } catch (error) {
      attempt.end('later', error);
      return;
    }
    attempt.follow(request);
    request.end(body);
  }

  /** Throws as `readSync` does where the file with the authorization cannot be read. */
  #request(body: Buffer): ClientRequest {
    const { to, contentType } = this.#o;
    const authorization = to.authorization === undefined ? undefined : readLine(to.authorization);
    return (to.url.startsWith('https:') ? httpsRequest : httpRequest)(to.url, {
      method: 'POST',
      agent: this.#agent,
      headers: {
        'content-type': contentType,
        'content-length': body.length,
        'user-agent': 'causeway',
        ...(authorization === undefined ? {} : { authorization }),
      },
    });
  }

  #judged(batch: Batch, verdict: Verdict, error: unknown): void {
    this.#isPosting = false;
    switch (verdict) {
      case 'taken':
        this.#unsent = undefined;
        this.#backlog.sent(batch);
        this.#reception.taken(() => this.#backlog.takeLost());
        break;
      case 'refused':
        this.#unsent = undefined;
        this.#backlog.lose(batch.entries.length);
        this.#reception.failed(error);
        break;
      case 'later':
        this.#notBefore = this.#o.clock.now() + this.#reception.failed(error);
        if (this.#ending !== undefined) this.#giveUp();
        break;
      default:
        unreachable(verdict);
    }
    this.flush();
  }

  #giveUp(): void {
    this.#backlog.lose(this.#unsent?.entries.length ?? 0);
    this.#unsent = undefined;
    this.#backlog.loseAll();
  }

  #ended(): void {
    if (this.#ending === undefined) return;
    this.#agent.destroy();
    this.#ending.resolve();
    this.#ending = undefined;
  }
}

/** One request, which ends once, in time, and whatever the server does. */
class Attempt {
  readonly #settle: (verdict: Verdict, error: unknown) => void;
  readonly #patience: Timer;
  #request: ClientRequest | undefined;
  #isOver = false;

  constructor(clock: Clock, settle: (verdict: Verdict, error: unknown) => void) {
    this.#settle = settle;
    this.#patience = clock.after(RESPONSE_MS, () => this.end('later', new Error('no response in time')));
  }

  follow(request: ClientRequest): void {
    this.#request = request;
    request.on('error', (error) => this.end('later', error));
    request.on('response', (response) => this.#read(response));
  }

  end(verdict: Verdict, error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#patience.cancel();
    if (verdict === 'later') this.#request?.destroy();
    this.#settle(verdict, error);
  }

  #read(response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    let octets = 0;
    // The connection is kept where the body is short.
    response.on('data', (chunk: Uint8Array) => {
      octets += chunk.length;
      if (octets > BODY_OCTETS_MAX) response.destroy();
    });
    response.on('error', () => {});
    response.on('close', () =>
      this.end(verdictOf(status), new Error(`the server answers with status ${status}`)),
    );
  }
}

function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return 'taken';
  return status === 408 || status === 429 || status >= 500 ? 'later' : 'refused';
}

/** What is written in a file, without the line feed at its end. It is read each time: tokens are renewed. */
function readLine(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const octets = Buffer.alloc(AUTHORIZATION_OCTETS_MAX);
    return octets.toString('latin1', 0, readSync(fd, octets)).trim();
  } finally {
    closeSync(fd);
  }
}

/** Of a body with lines of this format. */
export function contentTypeOf(format: LogFormat): string {
  return format === 'resolver' ? 'application/x-ndjson' : 'text/plain; charset=utf-8';
}
