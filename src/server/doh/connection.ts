import type { Socket } from 'node:net';
import { METRIC } from '../../telemetry/metrics.ts';
import { unreachable } from '../../util/assert.ts';
import type { Prng } from '../../util/prng.ts';
import { HEADER_OCTETS } from '../../wire/constants.ts';
import { freshnessOf } from '../../wire/freshness.ts';
import { put16 } from '../../wire/octets.ts';
import {
  ANSWER_MS,
  BLOCKED_MS,
  CLOSING_MS,
  type Connection,
  FIRST_MS,
  MESSAGE_MS,
  QUERY_OCTETS_MAX,
  QUEUED_OCTETS_MAX,
  type Serving,
} from '../connection.ts';
import type { Client, Reply } from '../handler.ts';
import { DNS_JSON, jsonOf } from './json.ts';
import { DNS_MESSAGE, type Form, judge, REASONS, type Refusal, type RequestHead } from './request.ts';

/** Queries that a connection may have under way. One that was cancelled counts until it is answered all the same. */
export const REQUESTS_MAX = 100;
/**
 * How many more requests may come to nothing, cancelled by the client or refused for what they were, than were answered:
 * a page that is left cancels some, a flood of resets (CVE-2023-44487) does nothing else.
 */
export const VAIN_MAX = 50;
/**
 * Octets that a client may send beside its requests, as pings, settings and windows are: what it takes to begin a session
 * and to look after it, and far less than would be work for us. The same again comes with each request.
 */
export const IDLE_OCTETS_MAX = 64 * 1024;
export const REQUEST_OCTETS_MAX = 2 * 1024;

/** Octets of answers that may wait for a client to take them, which is what HTTP_CLIENTS_MAX counts with. */
export const WAITING_OCTETS_MAX = 1024 * 1024;

export interface DohOptions extends Serving {
  /** Of TLS, once its handshake is over. */
  readonly socket: Socket;
  readonly client: Client;
  readonly prng: Prng;
  /** Whether the JSON form is spoken, as of now. */
  readonly json: () => boolean;
}

/** What goes back, in either version of HTTP. */
export interface HttpResponse {
  readonly status: 200 | Refusal;
  /** Content-Type. */
  readonly type: string;
  /** Seconds for which the client, and nobody between us, may keep it; undefined: nothing is said of that. */
  readonly maxAge: number | undefined;
  /** Methods that there are, where it was another one. */
  readonly allow: string | undefined;
  /** Valid until `respond` returns. */
  readonly body: Uint8Array;
}

/** Who sends what a request is answered with. */
export interface Responder {
  respond(response: HttpResponse): void;
}

/** The version of HTTP that a connection speaks. */
export interface HttpWire {
  /** Octets of responses that are over, as far as we are concerned, and not on their way yet. */
  readonly unsent: number;
  /** Takes no more requests, and ends when those that came are answered. */
  finish(): void;
  /** `abuse`: the client is told so, where there is a word for it. */
  destroy(reason: 'ended' | 'abuse'): void;
}

/** `cancelled`: by the client, before it had all of a response. */
type RequestEnd = 'answered' | 'cancelled';

type Waiting = 'first' | 'message' | 'blocked' | 'waiting' | 'idle' | 'closing';

/**
 * One client's DNS over HTTPS: what its requests are answered with, and what it may cost. `http1` translates
 * between it and Node's server, `http2` between it and frames. Deadlines are those of TCP, and only requests and their answers are signs of life:
 *
 *     first      no whole request yet                      FIRST_MS from the end of the handshake
 *     message    the content of a request is not whole     MESSAGE_MS from its headers
 *     blocked    QUEUED_OCTETS_MAX of answers not taken    BLOCKED_MS from when they were too many; others get 503
 *     waiting    queries under way                         ANSWER_MS from the last request or answer
 *     idle       nothing at all                            the idle time, then we say that we end
 *     closing    we have said so                           CLOSING_MS for the client to end as well
 */
export class DohConnection implements Connection {
  readonly #o: DohOptions;
  readonly #wire: HttpWire;
  readonly #startedAt: number;
  #activeAt: number;
  #blockedAt: number | undefined;
  #closingAt: number | undefined;
  #inFlight = 0;
  /** Requests that were whole or refused. */
  #requests = 0;
  #vain = 0;
  /** What answers have taken off it since it was nothing: as much comes back when such an answer is not wanted. */
  #forgiven = 0;
  /** Octets that the client may have sent by now. */
  #octetsMax = IDLE_OCTETS_MAX;
  /** Octets of responses that are not on their way yet. */
  #queued = 0;
  /** Requests whose content is to come, the oldest first. */
  readonly #receiving = new Set<DohRequest>();
  /** `ended`: by us. What is cut off then is not the client's doing. */
  #state: 'open' | 'ended' = 'open';

  constructor(options: DohOptions, wire: HttpWire) {
    this.#o = options;
    this.#wire = wire;
    this.#startedAt = this.#activeAt = options.clock.now();
  }

  get pending(): number {
    return this.#inFlight;
  }

  /**
   * A request whose headers are there. What it is answered goes to `responder`, once at most, during this call or later.
   * The caller tells the request of its content and of its end.
   *
   * @param octets of its headers, as they came
   */
  begin(head: RequestHead, octets: number, responder: Responder): DohRequest {
    this.#activeAt = this.#o.clock.now();
    this.#octetsMax += REQUEST_OCTETS_MAX + octets;
    const request = new DohRequest(this, responder, this.#activeAt);
    const judged = judge(head, this.#o.json());
    switch (judged.kind) {
      case 'refusal':
        request.refuse(judged.status, judged.why);
        break;
      case 'content':
        this.#receiving.add(request);
        break;
      case 'query':
        this.ask(request, judged.query, judged.form);
        break;
      default:
        unreachable(judged);
    }
    return request;
  }

  /** To be called by requests: the query, whose octets are ours to change. */
  ask(request: DohRequest, query: Uint8Array, form: Form): void {
    request.state = 'asked';
    this.#receiving.delete(request);
    this.#octetsMax += query.length;
    this.#noteBlocked();
    if (this.#inFlight >= REQUESTS_MAX || this.#blockedAt !== undefined) {
      request.refuse(503);
      return;
    }
    const isQuery = query.length >= HEADER_OCTETS && (query[2]! & 0x80) === 0;
    const isAnonymous = isQuery && query[0] === 0 && query[1] === 0;
    // So that what is asked is cached well by HTTP, the ID is 0 (RFC 8484 section 4.1). Here it turns RRsets as well.
    if (isAnonymous) put16(query, 0, this.#o.prng.below(0x10000));
    const answer = (reply: Reply): void => {
      if (reply === undefined) {
        request.refuse(isQuery ? 403 : 400);
        return;
      }
      // Each of them may be 64 kB, and all may come at once.
      if (this.#queued > WAITING_OCTETS_MAX) {
        request.refuse(503);
        return;
      }
      if (isAnonymous) put16(reply, 0, 0);
      request.answer(responseOf(reply, form));
    };
    try {
      this.#o.handler.begin();
      const reply = this.#o.handler.handle(query, this.#o.client);
      if (reply instanceof Promise) this.#await(reply, answer);
      else answer(reply);
    } catch {
      this.#o.metrics.add(METRIC.workerErrors);
    }
  }

  #await(reply: Promise<Reply>, answer: (reply: Reply) => void): void {
    this.#inFlight++;
    reply.then(answer).then(
      () => this.#inFlight--,
      () => {
        this.#inFlight--;
        this.#o.metrics.add(METRIC.workerErrors);
      },
    );
  }

  /** To be called by requests, before a response goes. */
  note(status: HttpResponse['status'], octets: number): void {
    this.#requests++;
    this.#activeAt = this.#o.clock.now();
    this.#queued += octets;
    if (status !== 200) this.#o.metrics.add(METRIC.dohRefused);
  }

  /** To be called by requests, when they are over. @param octets those that `note` was told of */
  over(request: DohRequest, octets: number, end: RequestEnd): void {
    this.#receiving.delete(request);
    this.#queued -= octets;
    if (end === 'cancelled') this.noteVain();
    else if (request.status === 200) {
      if (this.#vain === 0) this.#forgiven = 0;
      else {
        this.#vain--;
        this.#forgiven++;
      }
    }
    // That we have too much to do is not what the client has done.
    else if (request.status !== 503) this.noteVain();
  }

  /** A request came to nothing. To be called of one that had ended before it was seen. */
  noteVain(): void {
    if (++this.#vain > VAIN_MAX) this.#endAbuse();
  }

  /** The client cancels what was answered before: that it was answered does not count. */
  noteUnwanted(): void {
    if (this.#forgiven > 0) {
      this.#forgiven--;
      this.#vain++;
    }
    this.noteVain();
  }

  #endAbuse(): void {
    if (this.#state === 'ended' || this.#o.socket.destroyed) return;
    this.noteAbuse();
    this.#wire.destroy('abuse');
  }

  /** The connection has come to its end by what the client sent. */
  noteAbuse(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#o.metrics.add(METRIC.tcpAbusive);
  }

  #noteBlocked(): void {
    if (this.#queued + this.#wire.unsent <= QUEUED_OCTETS_MAX) this.#blockedAt = undefined;
    else this.#blockedAt ??= this.#o.clock.now();
  }

  #waitsFor(): Waiting {
    if (this.#blockedAt !== undefined) return 'blocked';
    if (this.#closingAt !== undefined && this.#inFlight === 0) return 'closing';
    if (this.#requests === 0 && this.#inFlight === 0) return 'first';
    if (this.#receiving.size > 0) return 'message';
    return this.#inFlight > 0 ? 'waiting' : 'idle';
  }

  #deadline(waiting: Waiting): number {
    switch (waiting) {
      case 'first':
        return this.#startedAt + FIRST_MS;
      case 'message': {
        const [oldest] = this.#receiving;
        return oldest!.startedAt + MESSAGE_MS;
      }
      case 'blocked':
        return this.#blockedAt! + BLOCKED_MS;
      case 'waiting':
        return this.#activeAt + ANSWER_MS;
      case 'idle':
        return this.#activeAt + this.#o.idleMs();
      case 'closing':
        return Math.max(this.#closingAt!, this.#activeAt) + CLOSING_MS;
    }
  }

  expire(now: number): void {
    if (this.#state === 'ended') {
      // Its last words have had their time.
      this.#o.socket.destroy();
      return;
    }
    this.#noteBlocked();
    if (this.#o.socket.bytesRead > this.#octetsMax) {
      this.#endAbuse();
      return;
    }
    const waiting = this.#waitsFor();
    if (now < this.#deadline(waiting)) return;
    this.#o.metrics.add(METRIC.tcpTimedOut);
    if (waiting === 'idle') this.finish();
    else this.destroy();
  }

  finish(): void {
    if (this.#closingAt !== undefined) return;
    this.#closingAt = this.#o.clock.now();
    this.#wire.finish();
  }

  destroy(): void {
    this.#state = 'ended';
    this.#wire.destroy('ended');
  }
}

/** One request, from its headers to the end of its response. */
export class DohRequest {
  readonly #connection: DohConnection;
  readonly #responder: Responder;
  readonly startedAt: number;
  state: 'receiving' | 'asked' | 'responded' | 'over' = 'receiving';
  /** Of its response. */
  status: HttpResponse['status'] | undefined;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #octets = 0;

  constructor(connection: DohConnection, responder: Responder, startedAt: number) {
    this.#connection = connection;
    this.#responder = responder;
    this.startedAt = startedAt;
  }

  /** A part of its content, which is the request's own from now on. */
  receive(chunk: Uint8Array): void {
    if (this.state !== 'receiving') return;
    this.#length += chunk.length;
    if (this.#length > QUERY_OCTETS_MAX) this.refuse(413);
    else this.#chunks.push(chunk);
  }

  /** Its content is whole. */
  end(): void {
    if (this.state !== 'receiving') return;
    const query = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#connection.ask(this, query, 'message');
  }

  /** To be called once, in the end. */
  close(end: RequestEnd): void {
    this.#connection.over(this, this.#octets, end);
    this.state = 'over';
    this.#chunks = [];
  }

  refuse(status: Refusal, why: string = REASONS[status]): void {
    this.answer({
      status,
      type: 'text/plain',
      maxAge: undefined,
      allow: status === 405 ? 'GET, POST' : undefined,
      body: Buffer.from(`${why}\n`),
    });
  }

  /** Nothing is said to a client that has gone. */
  answer(response: HttpResponse): void {
    if (this.state === 'responded' || this.state === 'over') return;
    this.state = 'responded';
    this.#chunks = [];
    this.#octets = response.body.length;
    this.status = response.status;
    this.#connection.note(response.status, this.#octets);
    this.#responder.respond(response);
  }
}

/** What is answered is for this client: its address decides what it sees, so no cache may give it to others. */
function responseOf(reply: Uint8Array, form: Form): HttpResponse {
  const maxAge = freshnessOf(reply);
  return form === 'json'
    ? { status: 200, type: DNS_JSON, maxAge, allow: undefined, body: Buffer.from(jsonOf(reply)) }
    : { status: 200, type: DNS_MESSAGE, maxAge, allow: undefined, body: reply };
}
