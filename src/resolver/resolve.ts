import { LRUCache } from 'lru-cache';
import { NXDOMAIN } from '../cache/key.ts';
import { RANK } from '../cache/rank.ts';
import type { Cached, RecordCache } from '../cache/records.ts';
import { negativeLifetime, positiveLifetime, TTL_LIMITS, type TtlLimits } from '../cache/ttl.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Prng } from '../util/prng.ts';
import { EDE, RCODE, TYPE } from '../wire/constants.ts';
import { fold, type Name } from '../wire/name.ts';
import { Budget } from './budget.ts';
import type { Count, Env } from './env.ts';
import { type Forwarded, Forwarding, type Usable } from './forward.ts';
import { type InFlight, InFlightTable, questionKey, WAITERS_MAX } from './inflight.ts';
import { look, type Missing, serveFailure, serveStale } from './lookup.ts';
import { tokenOption } from './loop.ts';
import { type ForwardPath, targetToText } from './path.ts';
import { Probes } from './probe.ts';
import { failed, type Resolution, type ResolveRequest } from './resolution.ts';
import { HedgeAllowance } from './select.ts';
import { type Target, type TargetStatus, Targets } from './target.ts';
import type { Transport } from './transport.ts';

export type { Resolution, ResolveRequest } from './resolution.ts';

export interface ResolverOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly transport: Transport;
  readonly cache: RecordCache;
  /** This daemon's loop token: the same in all its workers. */
  readonly token: Uint8Array;
  /** How many workers share the limits per server. Default 1. */
  readonly workers?: number;
  /** Refresh what is popular before it expires. Default true. */
  readonly prefetch?: boolean;
  readonly count?: Count;
  /** The cache's own, so that what is told to clients is what is kept. Default TTL_LIMITS. */
  readonly limits?: Partial<TtlLimits>;
}

/** RFC 8767 section 5 (failure recheck timer): stale data is served for that long before the upstream is tried again. */
export const RECHECK_MS = 30_000;
/** RFC 8767 section 5 (client response timer): with expired data at hand the client waits no longer for fresh. */
const STALE_MS = 1_800;
/** Questions whose recheck timers are remembered; a forgotten one is asked once more. */
const RECHECKS_MAX = 16_384;
/** Refreshes under way for no client: a share of the places that questions of clients have. */
export const PREFETCHES_MAX = 64;

/**
 * Answers questions for a path: from the cache, or by asking the path's targets.
 *
 *     cache ──fresh──▶ answer (and refreshed in the background, if popular and about to expire)
 *       ├──failed a moment ago──▶ stale data, or the failure
 *       ├──stale, and the targets failed a moment ago──▶ stale data
 *       └──missing, stale──▶ join the same question in flight, or start it
 *                              ├──answer──▶ cache, all who wait
 *                              ├──failure──▶ failure cache; who waits gets stale data, or the failure
 *                              ├──1.8 s, stale data at hand──▶ that; the question goes on
 *                              └──4.5 s──▶ failure; the question goes on while its budget lasts
 */
export class Resolver {
  readonly #env: Env;
  readonly #cache: RecordCache;
  readonly #token: Uint8Array;
  #prefetch: boolean;
  readonly #probes: Probes;
  readonly #flights = new InFlightTable<Flight>();
  /** Clock time of failures that left stale data to serve, for RECHECK_MS. */
  readonly #failedAt = new LRUCache<string, number>({ max: RECHECKS_MAX });
  #prefetches = 0;
  #limits: TtlLimits;
  #staleMs = STALE_MS;

  constructor(options: ResolverOptions) {
    const { clock, prng, transport } = options;
    const count = options.count ?? (() => undefined);
    const targets = new Targets(options.workers);
    this.#env = { clock, prng, transport, targets, hedges: new HedgeAllowance(), count };
    this.#cache = options.cache;
    this.#token = options.token;
    this.#prefetch = options.prefetch ?? true;
    this.#limits = { ...TTL_LIMITS, ...options.limits };
    this.#probes = new Probes(this.#env);
  }

  /**
   * Takes other settings, for questions from now on: TTL limits as the cache has them, whether popular entries are
   * refreshed, and for how many milliseconds a client waits for fresh data before it gets stale data.
   */
  configure(settings: { limits?: Partial<TtlLimits>; prefetch?: boolean; staleMs?: number }): void {
    this.#limits = { ...TTL_LIMITS, ...settings.limits };
    this.#prefetch = settings.prefetch ?? this.#prefetch;
    this.#staleMs = settings.staleMs ?? this.#staleMs;
  }

  /** Questions in flight. */
  get inFlight(): number {
    return this.#flights.size;
  }

  targets(): TargetStatus[] {
    return this.#env.targets.status(this.#env.clock.now());
  }

  /** Never rejects; a value at once where the cache has one. */
  resolve(request: ResolveRequest): Resolution | Promise<Resolution> {
    const { path, type } = request;
    const { count } = this.#env;
    if (!isAskable(type))
      return failed(path, 'type', `type ${type} cannot be asked for`, EDE.NOT_SUPPORTED, RCODE.NOTIMP);
    const name = fold(request.name);
    const seen = look(this.#cache, path.context, name, type);
    if (seen.state === 'fresh') {
      count('resolver_cache_hits');
      if (seen.prefetchDue) this.#refresh(name, type, path);
      return seen.resolution;
    }
    const key = questionKey(path.context, name, type);
    const meanwhile = this.#meanwhile(key, seen, path);
    if (meanwhile !== undefined) {
      count(meanwhile.source === 'stale' ? 'resolver_stale_answers' : 'resolver_failure_cache_hits');
      return meanwhile;
    }
    count('resolver_cache_misses');
    return this.#join(key, name, request, path.serveStale ? seen.stale : undefined);
  }

  /** What the cache has; nothing is asked and nothing waited for. */
  peek(request: ResolveRequest): Resolution | undefined {
    const { path, type } = request;
    const name = fold(request.name);
    const seen = look(this.#cache, path.context, name, type, 'peek');
    if (seen.state === 'fresh') return seen.resolution;
    return this.#meanwhile(questionKey(path.context, name, type), seen, path);
  }

  /** What is served while it is too early to ask again: expired data, else the failure (RFC 8767, RFC 9520). */
  #meanwhile(key: string, seen: Missing, path: ForwardPath): Resolution | undefined {
    if (path.serveStale && seen.stale !== undefined)
      return this.#failedLately(key, path)
        ? serveStale(seen.stale, path, 'the targets failed a moment ago')
        : undefined;
    return seen.failure === undefined || this.#recovered(key, path)
      ? undefined
      : serveFailure(path, seen.failure);
  }

  /** A failure is not held against targets that have come back since (AdGuardHome#8414). */
  #recovered(key: string, path: ForwardPath): boolean {
    const at = this.#failedAt.get(key);
    if (at === undefined) return false;
    return path.targets.some((target) => this.#env.targets.of(target).recoveredAt > at);
  }

  #failedLately(key: string, path: ForwardPath): boolean {
    const at = this.#failedAt.get(key);
    if (at === undefined || this.#env.clock.now() - at >= RECHECK_MS) return false;
    return !this.#recovered(key, path);
  }

  #stale(stale: Cached, path: ForwardPath, why: string): Resolution {
    this.#env.count('resolver_stale_answers');
    return serveStale(stale, path, why);
  }

  /** The answer of the flight for this question, which is started if there is none. */
  #join(
    key: string,
    name: Name,
    request: ResolveRequest,
    stale: Cached | undefined,
  ): Resolution | Promise<Resolution> {
    const { path, type, budget, tokens } = request;
    const { clock, count } = this.#env;
    const now = clock.now();
    let flight = this.#flights.find(key);
    if (flight === undefined) {
      flight = this.#start(key, name, type, path, budget, tokens);
      if (flight === undefined) {
        count('resolver_inflight_refused');
        const why = 'too many questions are being resolved';
        return stale === undefined ? failed(path, 'overload', why) : this.#stale(stale, path, why);
      }
    } else {
      count('resolver_joins');
      if (flight.waiters.size >= WAITERS_MAX) {
        count('resolver_waiters_refused');
        const why = `${WAITERS_MAX} clients wait for this question already`;
        return stale === undefined ? failed(path, 'waiters', why) : this.#stale(stale, path, why);
      }
    }
    const staleBy = Math.min(budget.startedAt, flight.startedAt) + this.#staleMs;
    if (stale !== undefined && staleBy <= now) return this.#stale(stale, path, NOT_FRESH);
    return this.#wait(flight, request, stale, (stale === undefined ? budget.replyBy : staleBy) - now);
  }

  #wait(flight: Flight, request: ResolveRequest, stale: Cached | undefined, ms: number): Promise<Resolution> {
    return new Promise((settle) => {
      const late = (): void => {
        flight.waiters.delete(waiter);
        const why = 'no answer from the targets in time';
        if (stale !== undefined) settle(this.#stale(stale, request.path, NOT_FRESH));
        else settle(failed(request.path, 'late', why, EDE.NO_REACHABLE_AUTHORITY));
      };
      const waiter: Waiter = { request, stale, settle, timer: this.#env.clock.after(ms, late) };
      flight.waiters.add(waiter);
    });
  }

  #start(
    key: string,
    name: Name,
    type: number,
    path: ForwardPath,
    budget: Budget,
    tokens: readonly Uint8Array[],
  ): Flight | undefined {
    const now = this.#env.clock.now();
    if (!this.#flights.makeRoom(path.context, now)) return undefined;
    const question = { path, name, type, options: [tokenOption(tokens, this.#token)] };
    const flight = new Flight(key, path, now, () => this.#jostled(flight));
    this.#flights.add(flight);
    flight.forwarding = new Forwarding(this.#env, this.#probes, question, budget, (result) =>
      this.#landed(flight, name, type, result),
    );
    return flight;
  }

  /** Asks for what the cache still has, so that it does not run out. No client waits, and the budget is its own. */
  #refresh(name: Name, type: number, path: ForwardPath): void {
    if (!this.#prefetch || this.#prefetches >= PREFETCHES_MAX) return;
    const key = questionKey(path.context, name, type);
    if (this.#flights.find(key) !== undefined || this.#failedLately(key, path)) return;
    const flight = this.#start(key, name, type, path, new Budget(this.#env.clock.now()), []);
    if (flight === undefined) return;
    this.#env.count('resolver_prefetches');
    this.#prefetches++;
    flight.ended = () => this.#prefetches--;
  }

  #landed(flight: Flight, name: Name, type: number, result: Forwarded): void {
    this.#flights.remove(flight);
    flight.ended();
    if (result.kind === 'usable') {
      this.#failedAt.delete(flight.key);
      this.#keep(flight.path.context, type, result.scrubbed);
      const resolution = this.#capped(answered(result.scrubbed, result.upstream));
      flight.settle(() => resolution);
      return;
    }
    this.#env.count(result.reason === 'budget' ? 'resolver_budget_exhausted' : 'resolver_failures');
    this.#keepFailure(flight, name, type, result);
    const { ede, rcode, reason } = result;
    const failure: Resolution = {
      outcome: 'failure',
      rcode,
      rrsets: [],
      ede: [ede],
      source: 'upstream',
      reason,
    };
    let first = true;
    flight.settle((waiter) => {
      // The budget was that of who asked first. Those who joined have their own and go on with it.
      const again =
        reason === 'budget' && !first && waiter.request.budget.spent(this.#env.clock.now()) === undefined;
      first = false;
      if (again) return this.resolve(waiter.request);
      if (waiter.stale === undefined) return failure;
      return this.#stale(waiter.stale, flight.path, 'the targets failed');
    });
  }

  #jostled(flight: Flight): void {
    this.#env.count('resolver_jostled');
    flight.forwarding?.cancel();
    flight.ended();
    const why = 'pushed out by newer questions';
    flight.settle((waiter) =>
      waiter.stale === undefined
        ? failed(flight.path, 'overload', why)
        : this.#stale(waiter.stale, flight.path, why),
    );
  }

  /** Each link and the answer on its own, all under the path's context. */
  #keep(context: number, type: number, scrubbed: Usable): void {
    const cache = this.#cache;
    for (const link of scrubbed.chain) cache.putRrset(context, link, RANK.answer);
    switch (scrubbed.kind) {
      case 'answer':
        if (type !== TYPE.ANY)
          for (const rrset of scrubbed.rrsets) cache.putRrset(context, rrset, RANK.answer);
        break;
      case 'nodata':
        if (type !== TYPE.ANY) cache.putNegative(context, scrubbed.name, type, scrubbed.soa, RANK.answer);
        break;
      case 'nxdomain':
        cache.putNegative(context, scrubbed.name, NXDOMAIN, scrubbed.soa, RANK.answer);
        break;
      case 'alias':
        break;
    }
  }

  /** RFC 9520 section 3.2, except where the fault was in the client's budget or in our own limits. */
  #keepFailure(
    flight: Flight,
    name: Name,
    type: number,
    result: Extract<Forwarded, { kind: 'failure' }>,
  ): void {
    if (result.reason === 'budget' || result.reason === 'overload') return;
    this.#failedAt.set(flight.key, this.#env.clock.now());
    if (type !== TYPE.ANY) this.#cache.putFailure(flight.path.context, name, type, { ede: result.ede.code });
  }

  /** TTLs as the cache would give them out, also where it does not keep the records. */
  #capped(resolution: Resolution): Resolution {
    const limits = this.#limits;
    return {
      ...resolution,
      rrsets: resolution.rrsets.map((rrset) => ({ ...rrset, ttl: positiveLifetime(rrset.ttl, limits) })),
      ...(resolution.soa && { soa: { ...resolution.soa, ttl: negativeLifetime(resolution.soa, limits) } }),
    };
  }
}

const NOT_FRESH = 'no fresh answer yet';

interface Waiter {
  readonly request: ResolveRequest;
  readonly stale: Cached | undefined;
  readonly settle: (resolution: Resolution | Promise<Resolution>) => void;
  readonly timer: Timer;
}

/** One question being asked, and who waits for it. */
class Flight implements InFlight {
  readonly key: string;
  readonly path: ForwardPath;
  readonly startedAt: number;
  readonly waiters = new Set<Waiter>();
  readonly jostle: () => void;
  forwarding: Forwarding | undefined = undefined;
  ended: () => void = () => undefined;

  constructor(key: string, path: ForwardPath, now: number, jostle: () => void) {
    this.key = key;
    this.path = path;
    this.startedAt = now;
    this.jostle = jostle;
  }

  get context(): number {
    return this.path.context;
  }

  settle(outcome: (waiter: Waiter) => Resolution | Promise<Resolution>): void {
    const waiters = [...this.waiters];
    this.waiters.clear();
    for (const waiter of waiters) {
      waiter.timer.cancel();
      waiter.settle(outcome(waiter));
    }
  }
}

/** RFC 6895 section 3.1: 128 to 255 are types of questions and of messages, not of data; ANY alone is answered. */
function isAskable(type: number): boolean {
  if (type === TYPE.ANY) return true;
  return type !== 0 && type !== TYPE.OPT && (type < 128 || type > 255);
}

function answered(scrubbed: Usable, upstream: Target): Resolution {
  const common = { ede: [], source: 'upstream', upstream: targetToText(upstream) } as const;
  switch (scrubbed.kind) {
    case 'answer':
      return {
        ...common,
        outcome: 'answer',
        rcode: RCODE.NOERROR,
        rrsets: [...scrubbed.chain, ...scrubbed.rrsets],
      };
    case 'alias':
      return { ...common, outcome: 'answer', rcode: RCODE.NOERROR, rrsets: scrubbed.chain };
    case 'nodata':
    case 'nxdomain':
      return {
        ...common,
        outcome: scrubbed.kind,
        rcode: scrubbed.kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR,
        rrsets: scrubbed.chain,
        ...(scrubbed.soa === undefined ? {} : { soa: scrubbed.soa }),
      };
  }
}
