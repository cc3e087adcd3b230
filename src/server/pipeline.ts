import type { AnswerCache } from '../cache/answers.ts';
import { NO_RULE } from '../policy/firewall.ts';
import type { RateLimit } from '../policy/ratelimit.ts';
import { Budget } from '../resolver/budget.ts';
import { isOwnToken, readTokens } from '../resolver/loop.ts';
import { failed, type Resolution } from '../resolver/resolution.ts';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import type { CidrTable } from '../util/cidr.ts';
import type { CoarseClock } from '../util/clock.ts';
import { piece } from '../util/pieces.ts';
import type { Prng } from '../util/prng.ts';
import type { InboundEndpoint } from '../view/snapshot.ts';
import { EDE, FLAG, HEADER_OCTETS, MESSAGE_OCTETS_MAX, RCODE, UDP_PAYLOAD } from '../wire/constants.ts';
import {
  CLIENT_COOKIE_OCTETS,
  type CookieSecrets,
  type CookieVerdict,
  checkServerCookie,
  makeServerCookie,
} from '../wire/cookie.ts';
import { pad } from '../wire/edns.ts';
import type { Message } from '../wire/message.ts';
import { putOctets } from '../wire/octets.ts';
import { type Answer, emptyAnswer } from '../wire/record.ts';
import { Writer } from '../wire/writer.ts';
import { Asker } from '../zone/routing/asker.ts';
import { COOKIE_OCTETS, EDE_OCTETS, FastPath, KEEPALIVE_OCTETS } from './fastpath.ts';
import { type Client, keptClient, type QueryHandler, type Reply } from './handler.ts';
import { Query, type Resolve } from './query.ts';
import type { QueryLogger } from './querylogger.ts';
import { RecentQuestions } from './recent.ts';
import {
  admit,
  cookieOf,
  encode,
  encodeSlip,
  type Framing,
  isEncrypted,
  storeAnswer,
  tellsKeepalive,
} from './respond.ts';
import { edeOf } from './screen.ts';
import { answerQuery } from './stages.ts';
import { type SubnetOption, subnetOption } from './subnet.ts';
import type { Tracer } from './tracer.ts';
import { WAITING_PER_CLIENT_MAX, type WaitingClients } from './waitingclients.ts';
import type { ViewSettings, World } from './world.ts';

export interface PipelineOptions {
  readonly world: World;
  readonly answers: AnswerCache;
  readonly rateLimit: RateLimit;
  readonly cookies: CookieSecrets;
  readonly resolve: Resolve;
  /** What is known of a question without asking anybody. */
  readonly peek: Resolve;
  /** What waits, of each client of the process. */
  readonly waiting: WaitingClients;
  readonly metrics: Metrics;
  /** Also that of the caches and limits which a query passes. */
  readonly clock: CoarseClock;
  /** For choices among record sets. */
  readonly prng: Prng;
  /** Current idle time of TCP connections, milliseconds, for EDNS keepalive. */
  readonly idleMs: () => number;
  /** Undefined: no query is logged, whatever the snapshot says. */
  readonly queryLogger?: QueryLogger | undefined;
  /** Likewise. */
  readonly tracer?: Tracer | undefined;
}

/** DNS cookie of the query at hand: none, the client's half only, or a server half that we made (RFC 9018). */
type CookieState = 'none' | 'client' | 'valid' | 'renew';

const QUERIES_BY = {
  udp: METRIC.queriesUdp,
  tcp: METRIC.queriesTcp,
  dot: METRIC.queriesDot,
  doh: METRIC.queriesDoh,
} as const;

/** One query of the slow path: what was read of it, who asked, and where. */
interface Asked {
  readonly message: Message;
  readonly client: Client;
  /** Of the snapshot in which it was asked. */
  readonly endpoint: InboundEndpoint;
  /** The client subnet option, if this client's counts and the query is to be answered. */
  readonly subnet: SubnetOption | undefined;
  /** The query as it came, where a log wants it; empty elsewhere. */
  readonly octets: Uint8Array;
}

const NO_OCTETS = new Uint8Array(0);

/**
 * One worker's way from a query's bytes to a response's bytes. The order of the first steps: who may ask at all
 * (so that nobody outside the ACL is answered or costs more than a table look-up), then the answer cache, then
 * the list of `server/stages`. What goes out by UDP passes the rate limit, whichever way it was made.
 */
export class Pipeline implements QueryHandler {
  world: World;
  cookies: CookieSecrets;
  /** Clients that the rate limit does not concern. */
  exempt: CidrTable | undefined;
  /** Plain questions, as most are. */
  readonly recent = new RecentQuestions();
  readonly #o: PipelineOptions;
  readonly #fast = new FastPath();
  readonly #writer = new Writer();
  /** Who sent the query at hand, for the record sets that it is to be answered by. */
  readonly #asker = new Asker();
  /** `#asker` has been drawn for, and the slow path must choose as the fast one did: the odds would be wrong else. */
  #drawn = false;
  /** The query at hand says for which subnet it asks, and its client may. */
  #heedsSubnet = false;
  readonly #cookie = new Uint8Array(COOKIE_OCTETS);
  /** Views of the writer's output by their length: a new one for each hit would be garbage for each hit. */
  readonly #replies = new Array<Uint8Array | undefined>(UDP_PAYLOAD + 1).fill(undefined);

  constructor(options: PipelineOptions) {
    this.world = options.world;
    this.cookies = options.cookies;
    this.#o = options;
  }

  begin(): void {
    this.#o.clock.update();
  }

  /** Queries that begin from now on begin in this world. */
  serve(world: World): void {
    const { views } = world.snapshot;
    const gone = this.world.snapshot.views.flatMap(({ key }, index) =>
      views[index]?.key === key ? [] : [index],
    );
    this.recent.forget(new Set(gone));
    this.world = world;
  }

  handle(bytes: Uint8Array, client: Client, length = bytes.length): Reply | Promise<Reply> {
    const { metrics } = this.#o;
    metrics.add(QUERIES_BY[client.transport]);
    if (length < HEADER_OCTETS || (bytes[2]! & 0x80) !== 0) {
      metrics.add(METRIC.droppedMalformed);
      return undefined;
    }
    const world = this.world;
    const endpoint = world.snapshot.endpoints[client.endpoint];
    // A socket may outlive its endpoint for a moment.
    if (endpoint === undefined) return undefined;
    if (!world.admits(client.endpoint, client.address)) return this.#outside(bytes, length, client, endpoint);
    const view = world.viewOf(client);
    this.#drawn = false;
    if (view >= 0 && this.#fast.read(bytes, length) && this.#mayHit(endpoint)) {
      const { qtype, qnameLength, subnetAt } = this.#fast;
      this.#heedsSubnet = subnetAt > 0 && world.heedsSubnet(client.endpoint, client.address);
      // They are asked again for the client's address.
      if (!this.#heedsSubnet) this.recent.add(view, qtype, bytes, HEADER_OCTETS, qnameLength, client.address);
      const reply = this.#hit(bytes, length, client, endpoint, view);
      metrics.add(reply === undefined ? METRIC.answerCacheMisses : METRIC.answerCacheHits);
      if (reply !== undefined) return reply === DROPPED ? undefined : reply;
    }
    return this.#slow(bytes, length, keptClient(client), endpoint, view);
  }

  /** What is stored is for questions with RD; an authority gives the same without. */
  #mayHit({ serves }: InboundEndpoint): boolean {
    return this.#fast.recursionDesired || serves === 'authority';
  }

  /** From the answer cache: undefined when it has nothing that fits this client. */
  #hit(
    bytes: Uint8Array,
    queryLength: number,
    client: Client,
    endpoint: InboundEndpoint,
    view: number,
  ): Uint8Array | typeof DROPPED | undefined {
    const fast = this.#fast;
    const { answers, metrics } = this.#o;
    const settings = this.world.settingsAt(view);
    let handle = fast.find(answers, view, settings.variants, bytes);
    const isFork = handle >= 0 && answers.isFork(handle);
    if (isFork) handle = this.#chosen(handle, client, view);
    if (handle < 0) return undefined;
    const limit = client.transport === 'udp' ? fast.payload : MESSAGE_OCTETS_MAX;
    const rule = answers.verdictOf(handle);
    const ede = rule < 0 ? undefined : edeOf(settings.firewall?.rules[rule]?.action);
    const isKept = fast.wantsKeepalive && tellsKeepalive(client.transport);
    const optLength = fast.hasEdns
      ? 11 +
        (fast.cookieAt > 0 ? 4 + COOKIE_OCTETS : 0) +
        (this.#heedsSubnet ? 4 + fast.subnetLength : 0) +
        (isKept ? KEEPALIVE_OCTETS : 0) +
        (ede === undefined ? 0 : EDE_OCTETS)
      : 0;
    if (answers.lengthOf(handle) + optLength > limit) return undefined;
    const state =
      fast.cookieAt > 0 ? this.#checkCookie(bytes, fast.cookieAt, fast.cookieLength, client) : 'none';
    const verdict = this.#limit(client, endpoint, state);
    if (verdict !== 'pass')
      return verdict === 'slip' ? this.#slip(admit(bytes, queryLength).message, endpoint) : DROPPED;
    const out = this.#writer.out;
    let length = fast.patch(answers, handle, bytes, out);
    if (fast.hasEdns) {
      const optAt = length;
      // What is stored under no choice is the same for all.
      const used = isFork ? this.world.routing.chooser.bits : 0;
      const scopeBits = this.#heedsSubnet ? used : -1;
      const cookie = state === 'none' ? undefined : this.#cookie;
      length = fast.appendOpt(bytes, out, optAt, cookie, scopeBits, isKept ? this.#o.idleMs() : -1, ede);
      if (fast.isPadded && isEncrypted(client.transport)) length = pad(out, length, optAt);
    }
    if (rule >= 0) this.#tellVerdict(settings, rule);
    metrics.add(METRIC.answersFromCache);
    metrics.rcode(out[3]! & 0x0f);
    const reply = this.#reply(length);
    const { logged } = this.world;
    // What the firewall tells of is told each time.
    if ((rule < 0 ? logged.cached : logged.looked)[view] !== 0) {
      const from = rule < 0 ? 'cache' : 'lookup';
      const rcode = out[3]! & 0x0f;
      this.#o.queryLogger?.add(logged, view, client, from, rcode, rule, reply, bytes, queryLength, 0);
    }
    return reply;
  }

  /** The answer of the record set that is chosen for this client; -1 where none is stored. */
  #chosen(fork: number, client: Client, view: number): number {
    const { answers, prng } = this.#o;
    const index = answers.forkZone(fork);
    const group = answers.forkGroup(fork);
    const number = answers.forkNumber(fork);
    const { world } = this;
    // Another image: its groups and RRsets have other numbers.
    if (!world.hasImage(index, number)) return -1;
    const { subnet, subnetBits } = this.#fast;
    const draw = prng.u32();
    if (this.#heedsSubnet && subnetBits > 0) this.#asker.set(subnet, subnetBits, draw);
    else this.#asker.set(client.address, 8 * client.address.length, draw);
    this.#drawn = true;
    const { routing } = world;
    routing.choose(world.zone(index), index, view, group, this.#asker);
    const { chooser } = routing;
    return chooser.isRepeatable ? answers.findChosen(number, chooser.member, chooser.mask) : -1;
  }

  /** A rule alerts of every query that it matches, or blocks it, from the cache or not. */
  #tellVerdict({ firewall }: ViewSettings, rule: number): void {
    const kind = firewall?.rules[rule]?.action.kind;
    if (kind !== undefined)
      this.#o.metrics.add(kind === 'block' ? METRIC.firewallBlocks : METRIC.firewallAlerts);
  }

  /** Outside the ACL nothing is said, unless the endpoint is told to refuse. */
  #outside(bytes: Uint8Array, length: number, client: Client, endpoint: InboundEndpoint): Reply {
    this.#o.metrics.add(METRIC.droppedAcl);
    if (endpoint.outside === 'drop') return undefined;
    const { message } = admit(bytes, length);
    const text = 'client is outside the access list of this endpoint';
    const asked: Asked = { message, client, endpoint, subnet: undefined, octets: NO_OCTETS };
    return this.#refuse(asked, RCODE.REFUSED, EDE.PROHIBITED, text);
  }

  #slow(
    bytes: Uint8Array,
    length: number,
    client: Client,
    endpoint: InboundEndpoint,
    view: number,
  ): Reply | Promise<Reply> {
    const admission = admit(bytes, length);
    const { message } = admission;
    // What the transport reads next is written over them.
    const octets = this.world.logged.whole[view] === 1 ? bytes.slice(0, length) : NO_OCTETS;
    const subnet = admission.verdict === 'answer' ? this.#subnetOf(message, client) : undefined;
    const asked: Asked = { message, client, endpoint, subnet, octets };
    switch (admission.verdict) {
      case 'reject': {
        const answer = emptyAnswer(admission.rcode);
        answer.ede.push(...admission.ede);
        return this.#finish(asked, answer);
      }
      case 'cookie':
        return this.#finish(asked, emptyAnswer(RCODE.NOERROR));
      case 'answer':
        return this.#resolve(asked, view);
    }
  }

  #subnetOf(message: Message, client: Client): SubnetOption | undefined {
    const option = subnetOption(message.edns);
    return option && this.world.heedsSubnet(client.endpoint, client.address) ? option : undefined;
  }

  #refuse(asked: Asked, rcode: number, code: number, text: string): Reply {
    const answer = emptyAnswer(rcode);
    answer.ede.push({ code, text });
    return this.#finish(asked, answer);
  }

  #resolve(asked: Asked, view: number): Reply | Promise<Reply> {
    const { message } = asked;
    const question = message.question!;
    if (view < 0)
      return this.#refuse(
        asked,
        RCODE.REFUSED,
        EDE.PROHIBITED,
        'client address belongs to no VPC of this resolver',
      );
    const tokens = readTokens(message.edns);
    const isLoop = tokens === 'loop' || tokens.some(isOwnToken);
    const { clock, metrics, waiting: clients } = this.#o;
    const waiter = clients.of(asked.client.address);
    const draw = this.#drawn ? this.#asker.draw : this.#o.prng.u32();
    const isFull = clients.isFull(waiter);
    const q = new Query({
      world: this.world,
      view: this.world.view(view),
      qname: question.name,
      qtype: question.type,
      recursionDesired: (message.flags & FLAG.RD) !== 0,
      dnssecOk: message.edns?.dnssecOk ?? false,
      checkingDisabled: (message.flags & FLAG.CD) !== 0,
      budget: new Budget(clock.now()),
      resolve: isFull ? this.#refuseToWait : this.#o.resolve,
      asker: askerOf(asked, draw),
      tokens: isLoop ? 'loop' : tokens,
      designation: asked.endpoint.encrypted?.designation,
      screened: true,
      trace: this.#o.tracer?.begin(this.world.logged),
    });
    const waiting = answerQuery(q);
    if (waiting === undefined) return this.#answered(asked, q);
    clients.wait(waiter);
    return waiting.then(() => {
      clients.done(waiter);
      clock.update();
      metrics.resolution(clock.now() - q.budget.startedAt);
      // Others that end in this turn are written to the same buffer before this one is sent.
      const reply = this.#answered(asked, q);
      return reply && copyFor(asked.client, reply);
    });
  }

  /** Stage 5 for a client that has too much waiting: what is known, else a failure. */
  readonly #refuseToWait: Resolve = (request) => {
    const refusal = (): Resolution => {
      this.#o.metrics.add(METRIC.refusedClient);
      const text = `${WAITING_PER_CLIENT_MAX} questions of this client are waiting`;
      return failed(request.path, 'waiters', text);
    };
    const known = this.#o.peek(request);
    return known instanceof Promise ? known.then((k) => k ?? refusal()) : (known ?? refusal());
  };

  #answered(asked: Asked, q: Query): Reply {
    this.#o.metrics.source(q.source);
    if (q.hasLooped) this.#o.metrics.add(METRIC.loops);
    if (q.aliasError !== undefined)
      this.#o.metrics.add(q.aliasError === 'failed' ? METRIC.aliasFailed : METRIC.aliasMissing);
    if (q.verdict !== undefined) this.#tellVerdict(q.settings, q.verdict);
    const reply = this.#finish(asked, q.answer, q);
    if (q.trace !== undefined) this.#o.tracer?.end(q, asked.client);
    // A query that began in an older world may not speak for this one.
    const isForAll = q.recursionDesired || q.view.serves === 'authority';
    if (reply !== undefined && isForAll && q.world === this.world)
      storeAnswer(this.#o.answers, q, asked.message, this.#writer);
    return reply;
  }

  /** Stage 7 with what goes round it: cookie, rate limit, counters. */
  #finish(asked: Asked, answer: Answer, q?: Query): Reply {
    const { message, client, endpoint, subnet } = asked;
    const cookie = cookieOf(message.edns);
    const state = cookie === undefined ? 'none' : this.#checkCookie(cookie, 0, cookie.length, client);
    const verdict = this.#limit(client, endpoint, state);
    if (verdict !== 'pass') return verdict === 'slip' ? this.#slip(message, endpoint) : undefined;
    // RFC 7873 section 5.4: a query without a question asks whether its server cookie is good.
    const isProbe = message.question === undefined && answer.rcode === RCODE.NOERROR;
    if (isProbe && state === 'client' && cookie!.length > CLIENT_COOKIE_OCTETS)
      answer.rcode = RCODE.BADCOOKIE;
    const framing: Framing = {
      transport: client.transport,
      serves: endpoint.serves,
      cookie: state === 'none' ? undefined : this.#cookie,
      nsid: this.world.snapshot.node.nsid,
      subnet,
      scopeBits: q?.scopeBits ?? 0,
      idleMs: this.#o.idleMs,
      rotation: message.id,
      signatures: q?.dnssecOk ?? false,
    };
    const length = encode(this.#writer, message, answer, framing);
    this.#o.metrics.rcode(answer.rcode);
    if (this.#writer.truncated) this.#o.metrics.add(METRIC.truncated);
    const reply = this.#reply(length);
    if (q !== undefined) this.#log(asked, q, reply);
    return reply;
  }

  #log({ client, octets }: Asked, q: Query, reply: Uint8Array): void {
    const { world, view, source, answer, verdict, budget } = q;
    const from = verdict === undefined && FROM_CACHES.has(source) ? 'cache' : 'lookup';
    const rule = verdict ?? NO_RULE;
    const elapsed = this.#o.clock.now() - budget.startedAt;
    this.#o.queryLogger?.add(
      world.logged,
      view.index,
      client,
      from,
      answer.rcode,
      rule,
      reply,
      octets,
      octets.length,
      elapsed,
    );
  }

  #slip(message: Message, { serves }: InboundEndpoint): Uint8Array {
    return this.#reply(encodeSlip(this.#writer, message, serves));
  }

  #reply(length: number): Uint8Array {
    const { out } = this.#writer;
    if (length > UDP_PAYLOAD) return out.subarray(0, length);
    return (this.#replies[length] ??= out.subarray(0, length));
  }

  /** Only UDP answers can be aimed at somebody else; a valid cookie shows that the client is where it says (RFC 7873). */
  #limit(client: Client, endpoint: InboundEndpoint, cookie: CookieState): 'pass' | 'slip' | 'drop' {
    if (client.transport !== 'udp' || cookie === 'valid' || cookie === 'renew') return 'pass';
    const isExempt = (this.exempt?.lookup(client.address) ?? -1) >= 0;
    if (isExempt || !endpoint.rateLimited) return 'pass';
    const verdict = this.#o.rateLimit.check(client.address);
    if (verdict !== 'pass') this.#o.metrics.add(verdict === 'slip' ? METRIC.rateSlipped : METRIC.rateDropped);
    return verdict;
  }

  /** Judges the cookie at `buf[off..]` and leaves the one to send back in `#cookie`. */
  #checkCookie(buf: Uint8Array, off: number, length: number, client: Client): CookieState {
    const seconds = Math.floor(this.#o.clock.wall() / 1000);
    const { cookies } = this;
    const state =
      length === COOKIE_OCTETS ? checkServerCookie(buf, off, client.address, seconds, cookies) : 'invalid';
    for (let i = 0; i < CLIENT_COOKIE_OCTETS; i++) this.#cookie[i] = buf[off + i]!;
    if (state === 'valid') for (let i = 8; i < COOKIE_OCTETS; i++) this.#cookie[i] = buf[off + i]!;
    else makeServerCookie(this.#cookie, 8, this.#cookie, 0, client.address, seconds, cookies);
    this.#o.metrics.add(cookieCell(length, state));
    return state === 'invalid' ? 'client' : state;
  }
}

/** By UDP it is gone when it is sent; to a connection that is slow it may wait. */
function copyFor({ transport }: Client, reply: Uint8Array): Uint8Array {
  if (transport !== 'udp') return reply.slice();
  const copy = piece(reply.length);
  putOctets(copy, 0, reply, 0, reply.length);
  return copy;
}

/** Record sets are chosen for whom the client asks for, where it may say so, else for itself. */
function askerOf({ client: { address }, subnet }: Asked, draw: number): Asker {
  const told = subnet?.subnet;
  return told === undefined
    ? new Asker().set(address, 8 * address.length, draw)
    : new Asker().set(told.address, told.sourceBits, draw);
}

function cookieCell(length: number, verdict: CookieVerdict): number {
  if (verdict !== 'invalid') return METRIC.cookiesValid;
  return length === CLIENT_COOKIE_OCTETS ? METRIC.cookiesClientOnly : METRIC.cookiesBad;
}

/** Sources that had the answer before it was asked for. */
const FROM_CACHES: ReadonlySet<Query['source']> = new Set(['cache', 'stale', 'failure-cache']);

/** Told apart from "no hit": the hit was there and the rate limit dropped it. */
const DROPPED = Symbol('dropped');
