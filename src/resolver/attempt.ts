import { unreachable } from '../util/assert.ts';
import type { Timer } from '../util/clock.ts';
import { FLAG, RCODE, UDP_PAYLOAD } from '../wire/constants.ts';
import { type EdnsOption, QUERY_PADDING_BLOCK } from '../wire/edns.ts';
import { aged, encodeQuery, type Message } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import type { Budget } from './budget.ts';
import { type Candidate, TRIES_MAX } from './candidate.ts';
import { randomCase } from './case.ts';
import type { ClientCookie } from './clientcookie.ts';
import type { Env, ResolverCounter } from './env.ts';
import { type Asked, type Match, match, type SwitchReason } from './match.ts';
import { isIpv6 } from './path.ts';
import type { Place, Target } from './target.ts';
import {
  type Exchange,
  type Listener,
  PROTOCOL_TEXT,
  type Protocol,
  type ReplyFacts,
  type SecureSend,
  type TransportFailure,
} from './transport.ts';

/** Messages that are no reply to anything; after these the exchange moves to TCP, where strangers cannot write. */
export const IGNORED_MAX = 64;
/** A late reply is still welcome for so long after its query. */
const LISTEN_MS = 4_000;
/** Of packets of questions that are decided: after so many times the patience they are taken for lost. */
const LOST_PATIENCES = 2;
/** TCP takes a round trip more, for the connection. */
const TCP_PATIENCE = 2;
/** And TLS another, where the connection is not there yet. */
const TLS_PATIENCE = 3;

/** What is asked, the same for every target. */
export interface AttemptQuestion {
  /** Folded. */
  readonly name: Name;
  readonly type: number;
  readonly recursionDesired: boolean;
  readonly case0x20: boolean;
  readonly sources: readonly string[];
  readonly options: readonly EdnsOption[];
  /** Clock time after which nothing is listened for. */
  readonly deadline: number;
  /** DNSSEC records are wanted (DO). */
  readonly dnssecOk?: boolean;
  /** The target is told not to validate (CD). */
  readonly checkingDisabled?: boolean;
  /** Octets that we take by UDP; default UDP_PAYLOAD. */
  readonly payload?: number;
  /** The zone is signed: what comes without EDNS, hence without signatures, is of no use (RFC 4035 section 3.2.1). */
  readonly signed?: boolean;
  /** DNS cookies are sent, and asked back of servers that have sent some (RFC 7873). */
  readonly cookies?: boolean;
}

/** Who started the attempt hears of it through these, never from within `new Attempt`. */
export interface AttemptOwner {
  /** No reply in the usual time. The attempt goes on listening. */
  late(attempt: Attempt): void;
  /** The reply. `sent` is the question's name as it went out. The attempt has ended. */
  replied(attempt: Attempt, message: Message, sent: Name): void;
  /** No reply. The attempt has ended. */
  failed(attempt: Attempt, why: string): void;
  /** The target has failed often enough to be probed. */
  suspect(target: Target): void;
}

/**
 * One target asked one question: by UDP first, by TCP when UDP will not do, or through TLS only; with EDNS unless refused.
 *
 *     asking ──pushed out of its place──▶ pressed ──patience over──▶ late      in all three: reply, failure ──▶ ended
 *       ├──patience over──▶ late
 *       └──another target won──▶ detached ──reply or patience over──▶ ended    (measured, not used)
 */
export type AttemptState = 'asking' | 'pressed' | 'late' | 'detached' | 'ended';

export class Attempt implements Place, Listener {
  readonly candidate: Candidate;
  readonly #env: Env;
  readonly #question: AttemptQuestion;
  readonly #budget: Budget;
  readonly #owner: AttemptOwner;
  #state: AttemptState = 'asking';
  #exchange: Exchange | undefined = undefined;
  #timer: Timer | undefined = undefined;
  /** What was sent last: an exchange ends before the next one begins. */
  #asked: Asked | undefined = undefined;
  #cookie: ClientCookie | undefined = undefined;
  /** Clock time of the last packet. */
  sentAt = 0;
  #ignored = 0;

  /** Sends the first packet. There must be budget and a try left; otherwise the attempt fails, soon. */
  constructor(
    env: Env,
    candidate: Candidate,
    question: AttemptQuestion,
    budget: Budget,
    owner: AttemptOwner,
  ) {
    this.#env = env;
    this.candidate = candidate;
    this.#question = question;
    this.#budget = budget;
    this.#owner = owner;
    if (!this.#send()) this.#timer = env.clock.after(0, () => this.#fail('no packet left to send'));
  }

  get state(): AttemptState {
    return this.#state;
  }

  /** Gives its place at the target to another. It listens on, and its owner goes on as if it were late. */
  press(): void {
    this.candidate.target.places.delete(this);
    if (this.#state !== 'asking') return;
    this.#state = 'pressed';
    this.#env.clock.after(0, () => {
      if (this.#state === 'pressed' || this.#state === 'late') this.#owner.late(this);
    });
  }

  /** Its question is decided. Listens on until the packet must be lost: the server has the question before it till then. */
  linger(): void {
    const ms = this.sentAt + LOST_PATIENCES * this.#patience() - this.#env.clock.now();
    this.#env.clock.after(Math.max(0, ms), () => {
      if (this.#state !== 'ended') this.#fail('no reply');
    });
  }

  /** Another target has won. Listens on for as long as it is patient, to learn how long this one takes. */
  detach(): void {
    if (this.#state === 'asking' || this.#state === 'pressed') this.#state = 'detached';
    else this.cancel();
  }

  /** Ends silently and counts for nothing. */
  cancel(): void {
    if (this.#state === 'ended') return;
    this.candidate.target.places.delete(this);
    this.#state = 'ended';
    this.#exchange?.cancel();
    this.#timer?.cancel();
  }

  /** Sends the question as the candidate now stands. False: a limit forbids it. */
  #send(): boolean {
    const {
      candidate,
      candidate: { target, protocol },
    } = this;
    const now = this.#env.clock.now();
    if (!candidate.mayTry || !this.#budget.takePacket(now)) return false;
    candidate.tries[protocol]++;
    // Anew, to stand behind those that were sent before.
    target.places.delete(this);
    target.places.add(this);
    const source = this.#source();
    this.#cookie = this.#cookieFor(source, now);
    const asked = this.#ask(this.#cookie, now);
    this.#asked = asked;
    this.sentAt = now;
    this.#count(QUERY_COUNTER[protocol]);
    target.counts.sent++;
    if (protocol === 'tcp') target.counts.tcp++;
    this.#timer?.cancel();
    this.#exchange = this.#env.transport.exchange(
      {
        address: target.address,
        port: target.port,
        protocol,
        query: this.#encode(asked, this.#cookie),
        source,
        timeoutMs: Math.max(1, Math.min(LISTEN_MS, this.#question.deadline - now)),
        secure: this.#secure(),
      },
      this,
    );
    this.#timer = this.#env.clock.after(this.#patience(), () => this.#late());
    return true;
  }

  #secure(): SecureSend | undefined {
    const { target, protocol, tries } = this.candidate;
    if (target.peer === undefined) return undefined;
    return { peer: target.peer, sources: this.#question.sources, isRepeat: tries[protocol] > 1 };
  }

  #patience(): number {
    const { target, protocol } = this.candidate;
    return target.rtt.patience * this.#roundTrips(protocol);
  }

  #roundTrips(protocol: Protocol): number {
    switch (protocol) {
      case 'udp':
        return 1;
      case 'tcp':
        return TCP_PATIENCE;
      case 'dot':
      case 'doh':
        return this.#exchange?.isCold === true ? TLS_PATIENCE : 1;
      default:
        return unreachable(protocol);
    }
  }

  /**
   * Some servers, and the boxes before them, swallow what has an OPT record, or options in it: the last try by UDP goes
   * without, but for those that are known to take it. For signed zones it goes without our cookie alone.
   */
  #isLastByUdp(): boolean {
    const { heard, protocol, tries } = this.candidate;
    return !heard && protocol === 'udp' && tries.udp >= TRIES_MAX;
  }

  #withEdns(cookie: ClientCookie | undefined): boolean {
    const { edns } = this.candidate;
    if (!edns || !this.#isLastByUdp()) return edns;
    return this.#question.signed === true || cookie !== undefined;
  }

  #cookieFor(source: string | undefined, now: number): ClientCookie | undefined {
    const { cookieRefused, target } = this.candidate;
    const { cookies, peer } = target;
    if (this.#question.cookies !== true || peer !== undefined) return undefined;
    if (cookieRefused || !cookies.areTaken(now)) return undefined;
    const cookie = cookies.of(source, now, this.#env.prng);
    return this.#isLastByUdp() && !cookie.expected(now) ? undefined : cookie;
  }

  #ask(cookie: ClientCookie | undefined, now: number): Asked {
    const { name, type, payload } = this.#question;
    const { target, protocol } = this.candidate;
    const case0x20 = this.#question.case0x20 && target.peer === undefined && target.keepsCase(now);
    const edns = this.#withEdns(cookie);
    return {
      id: this.#env.prng.below(0x10000),
      name: case0x20 ? randomCase(name, this.#env.prng) : name,
      type,
      protocol,
      edns,
      case0x20,
      payload,
      cookie: edns && cookie ? { client: cookie.client, expected: cookie.expected(now) } : undefined,
    };
  }

  #encode(asked: Asked, cookie: ClientCookie | undefined): Uint8Array {
    const { recursionDesired, checkingDisabled, dnssecOk = false, payload = UDP_PAYLOAD } = this.#question;
    const options = cookie ? [...this.#question.options, cookie.option()] : this.#question.options;
    return encodeQuery({
      id: asked.id,
      name: asked.name,
      type: asked.type,
      flags: (recursionDesired ? FLAG.RD : 0) | (checkingDisabled ? FLAG.CD : 0),
      edns: asked.edns ? { payload, version: 0, dnssecOk, options } : undefined,
      // RFC 8467 section 4.1: where it is encrypted, length is what is left to be seen.
      paddedTo: this.candidate.target.peer === undefined ? 0 : QUERY_PADDING_BLOCK,
      isBrief: asked.protocol === 'udp',
    });
  }

  /** The transport is about to send the query once more: that is a try and a packet like any other. */
  resend(): boolean {
    const { candidate } = this;
    if (!candidate.mayTry || !this.#budget.takePacket(this.#env.clock.now())) return false;
    candidate.tries[candidate.protocol]++;
    return true;
  }

  /** A source address of the target's family, if any are configured. */
  #source(): string | undefined {
    const { sources } = this.#question;
    if (sources.length === 0) return undefined;
    const family = isIpv6(this.candidate.target.address);
    const fit = sources.filter((source) => isIpv6(source) === family);
    return fit.length === 0 ? undefined : fit[this.#env.prng.below(fit.length)];
  }

  message(reply: Uint8Array, facts: ReplyFacts = NO_FACTS): 'done' | 'wait' {
    const asked = this.#asked!;
    const cookie = this.#cookie;
    const result = match(reply, asked);
    if (result.kind === 'ignore') return this.#ignore(asked);
    this.#budget.takeBytes(reply.length);
    // Whatever may be a forger's work proves nothing about the server.
    const genuine = result.kind !== 'switch' || result.why === 'truncated' || result.why === 'oversize';
    const now = this.#env.clock.now();
    if (genuine) this.#heard(asked.protocol, facts, now);
    switch (result.kind) {
      case 'reply':
        this.#learn(result, asked, cookie, now);
        if (this.#end()) this.#owner.replied(this, aged(result.message, facts.ageSeconds ?? 0), asked.name);
        break;
      case 'switch':
        this.#switch(result.why);
        break;
      case 'without-edns':
        this.#withoutEdns(asked);
        break;
      case 'bad-cookie':
        cookie?.learn(result.server);
        // RFC 7873 section 5.3: once more with the server's new cookie, then by TCP.
        if (++this.candidate.badCookies > 1) this.#switch('cookie');
        else this.#again('no try left with another cookie');
        break;
      case 'invalid':
        this.candidate.done = true;
        this.#fail(result.why);
        break;
      default:
        unreachable(result);
    }
    return 'done';
  }

  /** What a reply that is believed says of the server's ways. */
  #learn(
    reply: Extract<Match, { kind: 'reply' }>,
    asked: Asked,
    cookie: ClientCookie | undefined,
    now: number,
  ): void {
    const { target, caseLost, cookieLost, cookieRefused } = this.candidate;
    if (reply.cookie.kind === 'ours') cookie?.learn(reply.cookie.server);
    if (asked.protocol === 'udp') return;
    if (caseLost && !reply.caseKept) target.losesCase(now);
    if (cookieLost && reply.cookie.kind !== 'ours') cookie?.lost(now);
    if (cookieRefused && isAnswer(reply.message)) target.cookies.refused(now);
  }

  /** For this question alone: one packet, which may be forged, says nothing of the server (CVE-2026-52690). */
  #withoutEdns(asked: Asked): void {
    const { candidate } = this;
    if (this.#question.signed === true) {
      if (asked.protocol === 'udp') this.#switch('edns');
      else if (asked.cookie !== undefined) {
        candidate.cookieRefused = true;
        this.#again('no try left without a cookie');
      } else {
        candidate.done = true;
        this.#fail('refuses EDNS, without which a signed zone is of no use');
      }
    } else if (candidate.edns) {
      candidate.edns = false;
      this.#count('upstream_without_edns');
      this.#again('no try left without EDNS');
    } else this.#fail('refuses questions with and without EDNS');
  }

  #ignore(asked: Asked): 'done' | 'wait' {
    this.#count('upstream_ignored');
    if (++this.#ignored < IGNORED_MAX) return 'wait';
    if (asked.protocol === 'udp') this.#switch('malformed');
    else this.#fail(`only garbage by ${PROTOCOL_TEXT[asked.protocol]}`);
    return 'done';
  }

  #switch(why: SwitchReason | 'edns'): void {
    this.#count(SWITCH_COUNTER[why]);
    if (why === 'case') this.candidate.caseLost = true;
    if (why === 'cookie') this.candidate.cookieLost = true;
    this.candidate.protocol = 'tcp';
    this.#again('no try left by TCP');
  }

  /** Asks the same target anew. An attempt that only measures has measured enough. */
  #again(otherwise: string): void {
    if (this.#state === 'detached') {
      this.cancel();
      return;
    }
    this.#state = 'asking';
    if (!this.#send()) this.#fail(otherwise);
  }

  /** A sign of life: measures the round trip, by UDP and on connections that TLS has made, and closes the breaker. */
  #heard(protocol: Protocol, { roundTripMs }: ReplyFacts, now: number): void {
    const { target } = this.candidate;
    this.candidate.heard = true;
    this.#count('upstream_replies');
    if (protocol === 'udp') target.rtt.sample(now - this.sentAt);
    else if (target.peer !== undefined && roundTripMs !== undefined) target.rtt.sample(roundTripMs);
    this.#env.targets.routeWorks(target.address);
    target.answered(now);
  }

  #late(): void {
    const { target } = this.candidate;
    this.#count('upstream_timeouts');
    target.places.delete(this);
    if (target.failed('timeout')) this.#owner.suspect(target);
    const was = this.#state;
    this.#state = 'late';
    if (was === 'detached') this.cancel();
    else if (was === 'asking') this.#owner.late(this);
  }

  failed(failure: TransportFailure, detail?: string): void {
    const { target } = this.candidate;
    // Counted already, when the patience was over.
    const counted = this.#state === 'late';
    if (failure === 'timeout') {
      this.#fail('no reply');
      return;
    }
    this.#count('upstream_errors');
    if (failure === 'unreachable') this.#env.targets.noRoute(target.address, this.#env.clock.now());
    // Our own limits say nothing of the target.
    if (failure !== 'overload' && !counted && target.failed('error')) this.#owner.suspect(target);
    // Asked again at once it would say the same; by TCP a new connection may do better.
    if (failure !== 'closed') this.candidate.done = true;
    this.#fail(detail ?? FAILURE_TEXT[failure]);
  }

  #fail(why: string): void {
    if (this.#end()) this.#owner.failed(this, why);
  }

  /** True if the owner wants to hear of it. */
  #end(): boolean {
    const wanted = this.#state !== 'detached';
    this.cancel();
    return wanted;
  }

  #count(counter: ResolverCounter): void {
    this.#env.count(counter);
  }
}

/** Only an answer without the cookie shows that it was that: a server in trouble refuses or fails either way. */
function isAnswer({ rcode }: Message): boolean {
  return rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN;
}

const NO_FACTS: ReplyFacts = {};

const FAILURE_TEXT: Readonly<Record<TransportFailure, string>> = {
  timeout: 'no reply',
  refused: 'port closed',
  unreachable: 'no route',
  closed: 'connection closed',
  overload: 'too many sockets',
  untrusted: 'not the certificate that is expected',
  tls: 'no TLS',
  http: 'no answer of DNS over HTTPS',
  network: 'network error',
};

const QUERY_COUNTER: Readonly<Record<Protocol, ResolverCounter>> = {
  udp: 'upstream_queries_udp',
  tcp: 'upstream_queries_tcp',
  dot: 'upstream_queries_dot',
  doh: 'upstream_queries_doh',
};

const SWITCH_COUNTER: Readonly<Record<SwitchReason | 'edns', ResolverCounter>> = {
  'wrong-id': 'upstream_switch_wrong_id',
  case: 'upstream_switch_case',
  cookie: 'upstream_switch_cookie',
  oversize: 'upstream_switch_oversize',
  truncated: 'upstream_switch_truncated',
  malformed: 'upstream_switch_malformed',
  edns: 'upstream_switch_edns',
};
