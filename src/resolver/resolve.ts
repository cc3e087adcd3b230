import type { Extent } from '../cache/key.ts';
import type { Cached, RecordCache } from '../cache/records.ts';
import { TTL_LIMITS, type TtlLimits } from '../cache/ttl.ts';
import type { AlgorithmTable } from '../dnssec/algorithm.ts';
import { Nsec3Hashes } from '../dnssec/nsec3hash.ts';
import type { Clock } from '../util/clock.ts';
import type { Prng } from '../util/prng.ts';
import type { Tally } from '../util/tally.ts';
import { EDE, isValidationError, RCODE, TYPE } from '../wire/constants.ts';
import type { EdnsOption } from '../wire/edns.ts';
import { fold, type Name } from '../wire/name.ts';
import { Authorities, type FetchedKeys } from './authorities.ts';
import { Budget } from './budget.ts';
import type { Count, Env, SignatureChecks } from './env.ts';
import type { Job } from './finding.ts';
import { Flight, type FlightOwner, type FlightQuestion, identityOf, keyOf, type Waiter } from './flight.ts';
import { Forwarding } from './forward.ts';
import { InFlightTable, type QuestionIdentity, WAITERS_MAX } from './inflight.ts';
import { keep } from './keep.ts';
import { answered, type Learned, type LearnedFailure, unanswered } from './learned.ts';
import { look, type Missing, serveFailure, serveStale } from './lookup.ts';
import { tokenOption } from './loop.ts';
import type { Path } from './path.ts';
import { Probes } from './probe.ts';
import { Rechecks } from './rechecks.ts';
import { failed, isChecked, type Resolution, type ResolveRequest } from './resolution.ts';
import { HedgeAllowance } from './select.ts';
import type { RecursionSettings } from './settings.ts';
import { type TargetStatus, Targets } from './target.ts';
import type { Transport } from './transport.ts';
import { chainOf } from './trust.ts';
import { lastStep } from './truststep.ts';

export type { Resolution, ResolveRequest } from './resolution.ts';

export interface ResolverOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly transport: Transport;
  readonly cache: RecordCache;
  /** This daemon's loop token: the same in all its workers. */
  readonly token: Uint8Array;
  /** What all workers have out, at each target. Default: of this resolver alone. */
  readonly outstanding?: Tally;
  /** Refresh what is popular before it expires. Default true. */
  readonly prefetch?: boolean;
  readonly count?: Count;
  /** The cache's own, so that what is told to clients is what is kept. Default TTL_LIMITS. */
  readonly limits?: Partial<TtlLimits>;
  /** Signature algorithms instead of those that the settings name: for tests. */
  readonly algorithms?: AlgorithmTable;
  /** Checks signatures beside this thread. Default: it checks them itself. */
  readonly signatures?: SignatureChecks | undefined;
}

/** RFC 8767 section 5 (client response timer): with expired data at hand the client waits no longer for fresh. */
const STALE_MS = 1_800;
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
export class Resolver implements FlightOwner {
  readonly #env: Env;
  readonly #cache: RecordCache;
  readonly #token: Uint8Array;
  /** What forwarders get with a question that came without tokens, as most do. */
  readonly #ownOptions: readonly EdnsOption[];
  #prefetch: boolean;
  readonly #probes: Probes;
  readonly #flights: InFlightTable<Flight>;
  readonly #rechecks: Rechecks;
  readonly #authorities: Authorities;
  #prefetches = 0;
  #limits: TtlLimits;
  #staleMs = STALE_MS;

  constructor(options: ResolverOptions) {
    const { clock, prng, transport } = options;
    const count = options.count ?? (() => undefined);
    const targets = new Targets(options.outstanding);
    this.#flights = new InFlightTable(prng);
    const { signatures } = options;
    this.#env = { clock, prng, transport, targets, hedges: new HedgeAllowance(), count, signatures };
    this.#rechecks = new Rechecks(this.#env);
    this.#cache = options.cache;
    this.#token = options.token;
    this.#ownOptions = [tokenOption([], options.token)];
    this.#prefetch = options.prefetch ?? true;
    this.#limits = { ...TTL_LIMITS, ...options.limits };
    this.#probes = new Probes(this.#env);
    this.#authorities = new Authorities(this.#env, this.#probes, options.cache, options.algorithms);
  }

  /**
   * Takes other settings, for questions from now on: TTL limits as the cache has them, whether popular entries are
   * refreshed, for how many milliseconds a client waits for fresh data before it gets stale data, and how
   * authoritative servers are asked and answers validated.
   */
  configure(settings: {
    limits?: Partial<TtlLimits>;
    prefetch?: boolean;
    staleMs?: number;
    recursion?: RecursionSettings;
  }): void {
    this.#limits = { ...TTL_LIMITS, ...settings.limits };
    this.#prefetch = settings.prefetch ?? this.#prefetch;
    this.#staleMs = settings.staleMs ?? this.#staleMs;
    if (settings.recursion !== undefined) this.#authorities.configure(settings.recursion);
  }

  /** Questions in flight. */
  get inFlight(): number {
    return this.#flights.size;
  }

  targets(): TargetStatus[] {
    return this.#env.targets.status(this.#env.clock.now());
  }

  /** Signature checks since the start. */
  get verifies(): number {
    return this.#authorities.verifies;
  }

  /** Forgets delegations, keys and proofs of these names, beside what the record cache forgets. Returns how many. */
  flush(name: Name, extent: Extent, isMeantContext: (context: number) => boolean): number {
    return this.#authorities.flush(fold(name), extent, isMeantContext);
  }

  /** The DNSKEY records of a zone as its servers give them now, with all signatures and unvalidated. Never rejects. */
  fetchKeys(path: Path, zone: Name): Promise<FetchedKeys> {
    const budget = new Budget(this.#env.clock.now());
    return this.#authorities.fetchKeys(this.#jobFor(path, budget, []), fold(zone));
  }

  /** Never rejects; a value at once where the cache has one. */
  resolve(request: ResolveRequest): Resolution | Promise<Resolution> {
    const resolution = this.#resolve(request);
    if (!request.wantsChain) return resolution;
    if (resolution instanceof Promise) return resolution.then((r) => this.#withChain(request, r));
    return this.#withChain(request, resolution);
  }

  #withChain({ path, name }: ResolveRequest, resolution: Resolution): Resolution {
    if (!path.validate || resolution.chain !== undefined) return resolution;
    const { trust, outcome, ede } = resolution;
    const chain = trust === undefined ? this.#authorities.chainTo(path.context, name) : chainOf(trust);
    // Of a failure that is remembered, or of keys that could not be had, the links up to it are all that is known.
    const fault = outcome === 'failure' ? ede.find(({ code }) => isValidationError(code)) : undefined;
    if (fault !== undefined && chain.at(-1)?.outcome !== 'bogus')
      chain.push(lastStep(chain.at(-1)?.zone ?? '.', 'bogus', 'answer', fault.text));
    return { ...resolution, chain };
  }

  #resolve(request: ResolveRequest): Resolution | Promise<Resolution> {
    const { path, type } = request;
    const { count } = this.#env;
    if (!isAskable(type))
      return failed(path, 'type', `type ${type} cannot be asked for`, EDE.NOT_SUPPORTED, RCODE.NOTIMP);
    const name = fold(request.name);
    const checkedOnly = isChecked(request);
    const seen = look(this.#cache, path.context, name, type, { read: 'get', checkedOnly });
    if (seen.state === 'fresh') {
      count('resolver_cache_hits');
      if (seen.prefetchDue) this.#refresh(name, type, path);
      return seen.resolution;
    }
    const identity = identityOf(request, name);
    const meanwhile = this.#meanwhile(identity, seen, request);
    if (meanwhile !== undefined) {
      count(meanwhile.source === 'stale' ? 'resolver_stale_answers' : 'resolver_failure_cache_hits');
      return meanwhile;
    }
    count('resolver_cache_misses');
    return this.#join(identity, request, path.serveStale ? seen.stale : undefined);
  }

  /** What the cache has; nothing is asked and nothing waited for. */
  peek(request: ResolveRequest): Resolution | undefined {
    const { path, type } = request;
    const name = fold(request.name);
    const reading = { read: 'peek', checkedOnly: isChecked(request) } as const;
    const seen = look(this.#cache, path.context, name, type, reading);
    if (seen.state === 'fresh') return this.#withChain(request, seen.resolution);
    return this.#meanwhile(identityOf(request, name), seen, request);
  }

  /** What is served while it is too early to ask again: expired data, else the failure (RFC 8767, RFC 9520). */
  #meanwhile(identity: QuestionIdentity, seen: Missing, request: ResolveRequest): Resolution | undefined {
    const { path } = request;
    // What is bogus is not what a server's silence is: old data do not stand in for it. A client that says CD wants
    // what others are refused.
    const { failure } = seen;
    if (failure?.isBogus && !request.checkingDisabled) return serveFailure(path, failure);
    if (path.serveStale && seen.stale !== undefined)
      return this.#rechecks.isEarly(keyOf(identity), path)
        ? serveStale(seen.stale, path, 'the targets failed a moment ago')
        : undefined;
    if (failure === undefined || this.#rechecks.recovered(keyOf(identity), path)) return undefined;
    // What could only not be validated is there for a client that says CD.
    const mayBeHad = request.checkingDisabled === true && isValidationError(failure.ede);
    return mayBeHad ? undefined : serveFailure(path, failure);
  }

  #stale(stale: Cached, path: Path, why: string): Resolution {
    this.#env.count('resolver_stale_answers');
    return serveStale(stale, path, why);
  }

  /** The answer of the flight for this question, which is started if there is none. */
  #join(
    identity: QuestionIdentity,
    request: ResolveRequest,
    stale: Cached | undefined,
  ): Resolution | Promise<Resolution> {
    const { path, budget } = request;
    const { clock, count } = this.#env;
    const now = clock.now();
    const hash = this.#flights.hashOf(identity);
    let flight = this.#flights.find(identity, hash);
    if (flight === undefined) {
      flight = this.#start({ ...identity, path, budget, purpose: 'answer' }, hash, request, now);
      if (flight === undefined) {
        count('resolver_inflight_refused');
        const why = 'too many questions are being resolved';
        return stale === undefined ? failed(path, 'overload', why) : this.#stale(stale, path, why);
      }
    } else {
      count('resolver_joins');
      if (flight.waiting >= WAITERS_MAX) {
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
      const late = (): void => this.#late(flight, waiter);
      const waiter: Waiter = { request, stale, settle, timer: this.#env.clock.after(ms, late) };
      flight.enter(waiter);
    });
  }

  /** The question goes on. */
  #late(flight: Flight, waiter: Waiter): void {
    flight.leave(waiter);
    const { path } = waiter.request;
    const why = 'no answer from the targets in time';
    if (waiter.stale !== undefined) waiter.settle(this.#stale(waiter.stale, path, NOT_FRESH));
    else waiter.settle(failed(path, 'late', why, EDE.NO_REACHABLE_AUTHORITY));
  }

  /** @param request what is wanted with it */
  #start(question: FlightQuestion, hash: number, request: Wanted, now: number): Flight | undefined {
    const { path, name, type, budget } = question;
    if (!this.#flights.makeRoom(path.context, now)) return undefined;
    const flight = new Flight(question, hash, now, this);
    this.#flights.add(flight);
    const { tokens, checkingDisabled = false } = request;
    if (path.kind === 'forward' && !path.validate) {
      const asked = { path, name, type, options: this.#optionsFor(path, tokens) };
      flight.work = new Forwarding(this.#env, this.#probes, asked, budget, flight);
      return flight;
    }
    flight.work = { cancel: () => budget.end() };
    const validate = path.validate && !checkingDisabled;
    // It never rejects: what throws in there is a mistake of ours, and ends the worker, which is replaced.
    this.#env.transport.begin(() => {
      void this.#authorities
        .learn(this.#jobFor(path, budget, tokens), name, type, validate)
        .then((learned) => {
          if (this.#flights.has(flight)) this.landed(flight, learned);
        });
    });
    return flight;
  }

  #jobFor(path: Path, budget: Budget, tokens: readonly Uint8Array[]): Job {
    return { path, budget, hashes: new Nsec3Hashes(budget), options: this.#optionsFor(path, tokens) };
  }

  #optionsFor(path: Path, tokens: readonly Uint8Array[]): readonly EdnsOption[] {
    if (path.kind !== 'forward') return NO_OPTIONS;
    return tokens.length === 0 ? this.#ownOptions : [tokenOption(tokens, this.#token)];
  }

  /** Asks for what the cache still has, so that it does not run out. No client waits, and the budget is its own. */
  #refresh(name: Name, type: number, path: Path): void {
    if (!this.#prefetch || this.#prefetches >= PREFETCHES_MAX) return;
    const now = this.#env.clock.now();
    const budget = new Budget(now);
    const identity = { context: path.context, name, type, checkingDisabled: false };
    const hash = this.#flights.hashOf(identity);
    if (this.#flights.find(identity, hash) !== undefined) return;
    if (this.#rechecks.isEarly(keyOf(identity), path)) return;
    const question = { ...identity, path, budget, purpose: 'refresh' } as const;
    const flight = this.#start(question, hash, { tokens: [] }, now);
    if (flight === undefined) return;
    this.#env.count('resolver_prefetches');
    this.#prefetches++;
  }

  /** A flight's answer or failure: kept, and told to all who wait. */
  landed(flight: Flight, learned: Learned): void {
    const { path, type, budget } = flight.question;
    this.#flights.remove(flight);
    this.#ended(flight);
    if (learned.kind === 'learned') {
      if (!this.#rechecks.isEmpty) this.#rechecks.answered(keyOf(flight.question));
      keep(this.#cache, path, type, learned);
      flight.answer(answered(learned, this.#limits));
      return;
    }
    this.#env.count(learned.reason === 'budget' ? 'resolver_budget_exhausted' : 'resolver_failures');
    if (learned.reason === 'bogus') this.#env.count('dnssec_bogus');
    this.#keepFailure(flight.question, learned);
    const { reason } = learned;
    const failure = unanswered(learned);
    flight.settle((waiter) => {
      // The budget was that of who asked first. Those who joined have their own and go on with it.
      const again =
        reason === 'budget' &&
        waiter.request.budget !== budget &&
        waiter.request.budget.spent(this.#env.clock.now()) === undefined;
      if (again) return this.resolve(waiter.request);
      // What is bogus is not what a server's silence is: old data do not stand in for it.
      if (waiter.stale === undefined || reason === 'bogus') return failure;
      return this.#stale(waiter.stale, path, 'the servers failed');
    });
  }

  /** A flight that was pushed out of its place. */
  jostled(flight: Flight): void {
    const { path } = flight.question;
    this.#env.count('resolver_jostled');
    flight.work?.cancel();
    this.#ended(flight);
    const why = 'pushed out by newer questions';
    flight.settle((waiter) =>
      waiter.stale === undefined ? failed(path, 'overload', why) : this.#stale(waiter.stale, path, why),
    );
  }

  #ended({ question }: Flight): void {
    if (question.purpose === 'refresh') this.#prefetches--;
  }

  /** RFC 9520 section 3.2, except where the fault was in the client's budget or in our own limits, or nothing was asked. */
  #keepFailure(question: FlightQuestion, result: LearnedFailure): void {
    const { reason } = result;
    if (reason === 'budget' || reason === 'overload' || reason === 'spared') return;
    const isBogus = reason === 'bogus';
    // Old data do not stand in for what is bogus.
    if (!isBogus) this.#rechecks.failed(keyOf(question));
    const { name, type, path } = question;
    const { code, text } = result.ede;
    // Who asks meanwhile is told what is wrong, and in which zone.
    this.#cache.putFailure(path.context, name, type, { ede: code, isBogus, ...(isBogus && { text }) });
  }
}

/** What of a client's request is about how its question is asked. */
type Wanted = Pick<ResolveRequest, 'tokens' | 'checkingDisabled'>;

const NO_OPTIONS: readonly EdnsOption[] = [];
const NOT_FRESH = 'no fresh answer yet';

/** RFC 6895 section 3.1: 128 to 255 are types of questions and of messages, not of data; ANY alone is answered. */
function isAskable(type: number): boolean {
  if (type === TYPE.ANY) return true;
  return type !== 0 && type !== TYPE.OPT && (type < 128 || type > 255);
}
