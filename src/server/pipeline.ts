import type { AnswerCache } from '../cache/answers.ts';
import type { RateLimit } from '../policy/ratelimit.ts';
import { Budget } from '../resolver/budget.ts';
import { isOwnToken, readTokens } from '../resolver/loop.ts';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import type { CidrTable } from '../util/cidr.ts';
import type { Clock } from '../util/clock.ts';
import { EDE, HEADER_OCTETS, OPTION, RCODE } from '../wire/constants.ts';
import { type CookieSecrets, checkServerCookie, makeServerCookie } from '../wire/cookie.ts';
import { findOption } from '../wire/edns.ts';
import type { Message } from '../wire/message.ts';
import { type Answer, emptyAnswer } from '../wire/record.ts';
import { Writer } from '../wire/writer.ts';
import { FastPath, rotationOf } from './fastpath.ts';
import type { Client, QueryHandler, Reply } from './handler.ts';
import { answerQuery, Query, type Resolve } from './query.ts';
import { admit, encode, encodeSlip, type Framing, storeAnswer } from './respond.ts';
import type { World } from './world.ts';

export interface PipelineOptions {
  readonly world: World;
  readonly answers: AnswerCache;
  readonly rateLimit: RateLimit;
  readonly cookies: CookieSecrets;
  readonly resolve: Resolve;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Current idle time of TCP connections, milliseconds, for EDNS keepalive. */
  readonly idleMs: () => number;
}

/** DNS cookie of the query at hand: none, the client's half only, or a server half that we made (RFC 9018). */
type CookieState = 'none' | 'client' | 'valid' | 'renew';

const COOKIE_OCTETS = 24;

/**
 * One worker's way from a query's bytes to a response's bytes. The order of the first steps: who may ask at all
 * (so that nobody outside the ACL is answered or costs more than a table look-up), then the answer cache, then
 * the list of `server/query`. What goes out by UDP passes the rate limit, whichever way it was made.
 */
export class Pipeline implements QueryHandler {
  world: World;
  /** Clients that the rate limit does not concern. */
  exempt: CidrTable | undefined;
  readonly #o: PipelineOptions;
  readonly #fast = new FastPath();
  readonly #writer = new Writer();
  readonly #cookie = new Uint8Array(COOKIE_OCTETS);

  constructor(options: PipelineOptions) {
    this.world = options.world;
    this.#o = options;
  }

  handle(bytes: Uint8Array, client: Client): Reply | Promise<Reply> {
    const { metrics } = this.#o;
    metrics.add(client.transport === 'udp' ? METRIC.queriesUdp : METRIC.queriesTcp);
    if (bytes.length < HEADER_OCTETS || (bytes[2]! & 0x80) !== 0) {
      metrics.add(METRIC.droppedMalformed);
      return undefined;
    }
    const world = this.world;
    if (!world.admits(client.endpoint, client.address)) return this.#outside(bytes, client);
    const view = world.viewOf(client);
    if (view >= 0 && this.#fast.read(bytes, bytes.length)) {
      const reply = this.#hit(bytes, client, view);
      if (reply !== undefined) return reply === DROPPED ? undefined : reply;
    }
    return this.#slow(bytes, client, view);
  }

  /** From the answer cache: undefined when it has nothing that fits this client. */
  #hit(bytes: Uint8Array, client: Client, view: number): Uint8Array | typeof DROPPED | undefined {
    const fast = this.#fast;
    const { answers, metrics } = this.#o;
    const handle = fast.find(answers, view, bytes);
    if (handle < 0) return undefined;
    const limit = client.transport === 'udp' ? fast.payload : 65_535;
    const optLength = fast.hasEdns ? 11 + (fast.cookieAt > 0 ? 4 + COOKIE_OCTETS : 0) : 0;
    if (answers.lengthOf(handle) + optLength > limit) return undefined;
    const state =
      fast.cookieAt > 0 ? this.#checkCookie(bytes, fast.cookieAt, fast.cookieLength, client) : 'none';
    const verdict = this.#limit(client, state);
    if (verdict !== 'pass') {
      // A slip needs the question as the codec reads it; it is rare by design.
      const admission = verdict === 'slip' ? admit(bytes) : undefined;
      return admission === undefined ? DROPPED : this.#slip(bytes, admission.message);
    }
    const out = this.#writer.out;
    let length = fast.patch(answers, handle, bytes, out);
    if (fast.hasEdns) length = this.#appendOpt(out, length, state);
    metrics.add(METRIC.answersFromCache);
    metrics.rcode(out[3]! & 0x0f);
    return out.subarray(0, length);
  }

  /** OPT for a hit: payload 1232, DO echoed, the cookie if the client has one. ARCOUNT counts it. */
  #appendOpt(out: Uint8Array, at: number, cookie: CookieState): number {
    const arcount = ((out[10]! << 8) | out[11]!) + 1;
    out[10] = arcount >>> 8;
    out[11] = arcount;
    out[at] = 0;
    out[at + 1] = 0;
    out[at + 2] = 41;
    out[at + 3] = 0x04;
    out[at + 4] = 0xd0;
    out[at + 5] = 0;
    out[at + 6] = 0;
    out[at + 7] = this.#fast.dnssecOk ? 0x80 : 0;
    out[at + 8] = 0;
    out[at + 9] = 0;
    if (cookie === 'none') {
      out[at + 10] = 0;
      return at + 11;
    }
    out[at + 10] = 4 + COOKIE_OCTETS;
    out[at + 11] = 0;
    out[at + 12] = OPTION.COOKIE;
    out[at + 13] = 0;
    out[at + 14] = COOKIE_OCTETS;
    for (let i = 0; i < COOKIE_OCTETS; i++) out[at + 15 + i] = this.#cookie[i]!;
    return at + 15 + COOKIE_OCTETS;
  }

  /** Outside the ACL nothing is said, unless the endpoint is told to refuse. */
  #outside(bytes: Uint8Array, client: Client): Reply {
    this.#o.metrics.add(METRIC.droppedAcl);
    if (this.world.snapshot.endpoints[client.endpoint]!.outside === 'drop') return undefined;
    const admission = admit(bytes);
    const answer = emptyAnswer(RCODE.REFUSED);
    answer.ede.push({ code: EDE.PROHIBITED, text: 'client is outside the access list of this endpoint' });
    return this.#finish(bytes, client, admission.message, answer);
  }

  #slow(bytes: Uint8Array, client: Client, view: number): Reply | Promise<Reply> {
    const admission = admit(bytes);
    switch (admission.verdict) {
      case 'reject': {
        const answer = emptyAnswer(admission.rcode);
        answer.ede.push(...admission.ede);
        return this.#finish(bytes, client, admission.message, answer);
      }
      case 'cookie':
        return this.#finish(bytes, client, admission.message, emptyAnswer(RCODE.NOERROR));
      case 'answer':
        return this.#resolve(bytes, client, view, admission.message);
    }
  }

  #resolve(bytes: Uint8Array, client: Client, view: number, message: Message): Reply | Promise<Reply> {
    const question = message.question!;
    if (view < 0) {
      const answer = emptyAnswer(RCODE.REFUSED);
      answer.ede.push({ code: EDE.PROHIBITED, text: 'client address belongs to no VPC of this resolver' });
      return this.#finish(bytes, client, message, answer);
    }
    const tokens = readTokens(message.edns);
    if (tokens === 'loop' || tokens.some(isOwnToken)) {
      this.#o.metrics.add(METRIC.loops);
      const answer = emptyAnswer(RCODE.SERVFAIL);
      answer.ede.push({ code: EDE.OTHER, text: 'forwarding loop: this query has been here before' });
      return this.#finish(bytes, client, message, answer);
    }
    const q = new Query({
      world: this.world,
      view: this.world.view(view),
      qname: question.name,
      qtype: question.type,
      recursionDesired: (message.flags & 0x0100) !== 0,
      budget: new Budget(this.#o.clock.now()),
      resolve: this.#o.resolve,
      tokens,
    });
    const waiting = answerQuery(q);
    if (waiting === undefined) return this.#answered(bytes, client, message, q);
    // The transport's buffer is reused by the time the answer comes.
    const copy = new Uint8Array(bytes);
    return waiting.then(() => this.#answered(copy, client, message, q));
  }

  #answered(bytes: Uint8Array, client: Client, message: Message, q: Query): Reply {
    this.#o.metrics.source(q.source);
    const reply = this.#finish(bytes, client, message, q.answer);
    // A query that began in an older world may not speak for this one.
    if (reply !== undefined && q.recursionDesired && q.world === this.world)
      storeAnswer(this.#o.answers, q, message, this.#writer);
    return reply;
  }

  /** Stage 7 with what goes round it: cookie, rate limit, counters. */
  #finish(bytes: Uint8Array, client: Client, message: Message | undefined, answer: Answer): Reply {
    const cookie = findOption(message?.edns, OPTION.COOKIE);
    const state = cookie === undefined ? 'none' : this.#checkCookie(cookie, 0, cookie.length, client);
    const verdict = this.#limit(client, state);
    if (verdict === 'drop') return undefined;
    if (verdict === 'slip') return this.#slip(bytes, message);
    const framing: Framing = {
      transport: client.transport,
      cookie: state === 'none' ? undefined : this.#cookie,
      nsid: this.world.snapshot.node.nsid,
      idleMs: this.#o.idleMs(),
      rotation: rotationOf(bytes),
    };
    const length = encode(this.#writer, bytes, message, answer, framing);
    this.#o.metrics.rcode(answer.rcode);
    if (this.#writer.truncated) this.#o.metrics.add(METRIC.truncated);
    return this.#writer.out.subarray(0, length);
  }

  #slip(bytes: Uint8Array, message: Message | undefined): Uint8Array {
    return this.#writer.out.subarray(0, encodeSlip(this.#writer, bytes, message));
  }

  /** Only UDP answers can be aimed at somebody else; a valid cookie shows that the client is where it says (RFC 7873). */
  #limit(client: Client, cookie: CookieState): 'pass' | 'slip' | 'drop' {
    if (client.transport !== 'udp' || cookie === 'valid' || cookie === 'renew') return 'pass';
    const isExempt = (this.exempt?.lookup(client.address) ?? -1) >= 0;
    if (isExempt || !this.world.snapshot.endpoints[client.endpoint]!.rateLimited) return 'pass';
    const verdict = this.#o.rateLimit.check(client.address);
    if (verdict !== 'pass') this.#o.metrics.add(verdict === 'slip' ? METRIC.rateSlipped : METRIC.rateDropped);
    return verdict;
  }

  /** Judges the cookie at `buf[off..]` and leaves the one to send back in `#cookie`. */
  #checkCookie(buf: Uint8Array, off: number, length: number, client: Client): CookieState {
    const seconds = Math.floor(this.#o.clock.wall() / 1000);
    const secrets = this.#o.cookies;
    const state =
      length === COOKIE_OCTETS ? checkServerCookie(buf, off, client.address, seconds, secrets) : 'invalid';
    for (let i = 0; i < 8; i++) this.#cookie[i] = buf[off + i]!;
    if (state === 'valid') for (let i = 8; i < COOKIE_OCTETS; i++) this.#cookie[i] = buf[off + i]!;
    else makeServerCookie(this.#cookie, 8, this.#cookie, 0, client.address, seconds, secrets);
    return state === 'invalid' ? 'client' : state;
  }
}

/** Told apart from "no hit": the hit was there and the rate limit dropped it. */
const DROPPED = Symbol('dropped');
