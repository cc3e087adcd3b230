import type { Clock } from '../util/clock.ts';
import type { Dependencies, Dependency } from '../util/deps.ts';
import type { Slab, SlabStats } from '../util/slab.ts';
import { RCODE } from '../wire/constants.ts';
import { fold, type Name } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import {
  type ContextId,
  type Extent,
  isMeant,
  NXDOMAIN,
  PLANE,
  type Plane,
  RecordKey,
  readKey,
} from './key.ts';
import {
  type EntryFacts,
  EntryView,
  entryLength,
  FAILURE_TEXT_MAX,
  isProofsSized,
  type Kind,
  writeEntry,
} from './layout.ts';
import { RANK, type Rank } from './rank.ts';
import type { Security } from './security.ts';
import {
  FAILURE_MEMORY_SECONDS,
  failureLifetime,
  isPrefetchDue,
  learnedLifetime,
  negativeLifetime,
  STALE_TTL,
  TTL_LIMITS,
  type TtlLimits,
} from './ttl.ts';

/** What the cache knows of one question, in memory of its own. */
export interface Cached {
  /** `stale`: expired, and to be given only where no server answers (RFC 8767). */
  readonly state: 'fresh' | 'stale';
  readonly kind: Kind;
  readonly rank: Rank;
  readonly security: Security;
  readonly rcode: number;
  /** With `ttl` as its TTL; for kind `rrset` only. */
  readonly rrset: Rrset | undefined;
  /** With `ttl` as its TTL; for kinds `nodata` and `nxdomain` only. */
  readonly soa: Rrset | undefined;
  /** NSEC and NSEC3 RRsets that came with it, with `ttl` as their TTL. */
  readonly proofs: readonly Rrset[];
  /** Seconds to be told to a client: what is left, or 30 if stale. */
  readonly ttl: number;
  /** Seconds until it expires, negative if it has. */
  readonly left: number;
  /** Seconds that it was fresh when it was stored. */
  readonly originalTtl: number;
  /** Seconds since it was stored. */
  readonly age: number;
  /** Popular and soon to expire: ask again now, while this is given. */
  readonly prefetchDue: boolean;
  /** Asking failed a short while ago and must not be tried again yet (RFC 9520): for stale data and kind `failure`. */
  readonly failure: Failure | undefined;
}

export interface Failure {
  /** Extended error code, where there is one. */
  readonly ede: number | undefined;
  /** What servers said is bogus. False: they said nothing of use, or nothing by which it could be validated. */
  readonly isBogus: boolean;
  /** What went wrong, for EDE texts. */
  readonly text: string | undefined;
  /** Seconds until one may ask again, 1 or more. */
  readonly left: number;
}

/** What an entry may have beside its records. */
export interface Extra {
  /** Things that it was made from; it ends when one of them changes. */
  readonly dependencies?: readonly Dependency[];
  /** Default `unchecked`. */
  readonly security?: Security;
  /**
   * What proves a denial, or that no closer name than a wildcard matched: PROOFS_MAX RRsets at most. The entry lives
   * no longer than the shortest-lived of them.
   */
  readonly proofs?: readonly Rrset[];
  /** A failure that is remembered stays: this was learned without the validation that failed. Default false. */
  readonly keepsFailure?: boolean;
}

/** One entry of a dump. `type` is 0 for an NXDOMAIN. */
export interface DumpedRecord {
  readonly context: ContextId;
  readonly name: Name;
  readonly type: number;
  readonly cached: Cached;
}

/** Records of one RRset; a larger one is answered but not kept (limits table). */
export const RRSET_RECORDS_MAX = 256;
/** Sets of the slab that one step of a flush visits: some 4,000 entries, about half a millisecond. */
const SETS_PER_STEP = 1024;
/** A dump makes objects and text of each entry, which takes longer. */
const SETS_PER_DUMP_STEP = 64;

/**
 * What was learned by asking others: RRsets, their absence, and failures, each under (context, name, type). Bytes
 * in a slab; see `layout` and `key`. Within one context an entry is replaced only by one of its rank or a higher
 * one, unless it has expired. One worker owns a cache.
 */
export class RecordCache {
  readonly #slab: Slab;
  readonly #clock: Clock;
  readonly #deps: Dependencies;
  #limits: TtlLimits = TTL_LIMITS;
  readonly #key: RecordKey;
  readonly #data: EntryView;
  readonly #nxdomain: EntryView;
  readonly #failure: EntryView;

  constructor(options: { slab: Slab; clock: Clock; deps: Dependencies; limits?: Partial<TtlLimits> }) {
    this.#slab = options.slab;
    this.#clock = options.clock;
    this.#deps = options.deps;
    this.#key = new RecordKey(options.slab);
    this.#data = new EntryView(options.slab);
    this.#nxdomain = new EntryView(options.slab);
    this.#failure = new EntryView(options.slab);
    this.configure(options.limits ?? {});
  }

  /** Takes other limits, for what is stored from now on. */
  configure(limits: Partial<TtlLimits>): void {
    this.#limits = { ...TTL_LIMITS, ...limits };
  }

  get stats(): SlabStats {
    return this.#slab.stats;
  }

  /** What is known of this question, fresh or stale, data before failure; undefined: nothing. Counts as a hit. */
  get(context: ContextId, name: Name, type: number, now = this.#clock.now()): Cached | undefined {
    return this.#answer(context, name, type, Math.floor(now), 'hit');
  }

  /** As `get`, but leaves no trace: for `explain`, and for what the resolver looks up for itself. */
  peek(context: ContextId, name: Name, type: number, now = this.#clock.now()): Cached | undefined {
    return this.#answer(context, name, type, Math.floor(now), 'look');
  }

  /** Whether records of this type are there at all, be they past all use: one look, where `get` takes three. */
  has(context: ContextId, name: Name, type: number): boolean {
    this.#key.set(context, PLANE.data, type, name);
    return this.#see(this.#data, PLANE.data, type).there;
  }

  /** The same of the suffix of `name` from octet `at` on, and whether its NXDOMAIN is there. */
  hasAbove(context: ContextId, name: Name, at: number, type: number): boolean {
    this.#key.set(context, PLANE.data, type, name, at);
    return (
      this.#see(this.#data, PLANE.data, type).there || this.#see(this.#nxdomain, PLANE.data, NXDOMAIN).there
    );
  }

  /**
   * Stores an RRset under its own name and type, and ends a run of failures. False where it is not kept: TTL 0,
   * too large, made from things that changed meanwhile, or less trusted than what is there.
   */
  putRrset(context: ContextId, rrset: Rrset, rank: Rank, extra: Extra = NO_EXTRA): boolean {
    const isSized = rrset.rdatas.length > 0 && rrset.rdatas.length <= RRSET_RECORDS_MAX;
    const lifetime = isSized ? learnedLifetime(rrset.ttl, extra.security, this.#limits) : 0;
    this.#key.set(context, PLANE.data, rrset.type, rrset.name);
    return this.#put(rrset.type, factsOf('rrset', rank, lifetime, rrset, extra), extra);
  }

  /**
   * Stores that `name` has no records of `type`, or with NXDOMAIN for `type` that there is no such name. False
   * where that is not kept: no SOA came with it (RFC 2308 section 5), or as for `putRrset`.
   */
  putNegative(
    context: ContextId,
    name: Name,
    type: number,
    soa: Rrset | undefined,
    rank: Rank,
    extra: Extra = NO_EXTRA,
  ): boolean {
    const kind = type === NXDOMAIN ? 'nxdomain' : 'nodata';
    const lifetime = negativeLifetime(soa, this.#limits);
    this.#key.set(context, PLANE.data, type, name);
    return this.#put(type, factsOf(kind, rank, lifetime, soa, extra), extra);
  }

  /** The seconds that what is denied with this SOA is kept. */
  denialLifetime(soa: Rrset): number {
    return negativeLifetime(soa, this.#limits);
  }

  /**
   * Remembers that this question got no usable answer, and returns for how many seconds. Data stay as they are.
   * A failure that is reported while one is remembered changes nothing: it is the same. Of `text` the first
   * FAILURE_TEXT_MAX octets are kept.
   */
  putFailure(
    context: ContextId,
    name: Name,
    type: number,
    failure: { readonly ede?: number; readonly text?: string; readonly isBogus?: boolean } = {},
  ): number {
    const now = this.#now();
    this.#key.set(context, PLANE.failure, type, name);
    const last = this.#see(this.#failure, PLANE.failure, type);
    if (last.there && now < last.expiry) return Math.ceil((last.expiry - now) / 1000);
    const goesOn = last.there && now < last.expiry + 1000 * FAILURE_MEMORY_SECONDS;
    const streak = goesOn ? Math.min(last.streak + 1, STREAK_MAX) : 0;
    const lifetime = failureLifetime(streak);
    const { written } = encoder.encodeInto(failure.text ?? '', failureText);
    const text = failureText.subarray(0, written);
    const facts: EntryFacts = {
      kind: 'failure',
      rank: RANK.failure,
      lifetime,
      rrset: undefined,
      dependencies: NO_DEPENDENCIES,
      security: 'unchecked',
      proofs: NO_PROOFS,
      ede: failure.ede,
      isBogus: failure.isBogus ?? false,
      text,
      streak,
    };
    this.#insert(facts, now);
    return lifetime;
  }

  /** Forgets `name`, or all names at and below it, in the contexts that are meant, and returns how many entries. */
  flush(name: Name, extent: Extent, isMeantContext: (context: ContextId) => boolean = everyContext): number {
    let removed = 0;
    for (const step of this.flushSteps(name, extent, isMeantContext)) removed += step;
    return removed;
  }

  /** The same in steps of about a millisecond, between which a worker can answer; yields entries removed. */
  *flushSteps(
    name: Name,
    extent: Extent,
    isMeantContext: (context: ContextId) => boolean = everyContext,
  ): Generator<number, void> {
    const folded = fold(name);
    for (let set = 0; set >= 0; ) {
      let removed = 0;
      set = this.#slab.scan(set, SETS_PER_STEP, (keyOff, keyLen) => {
        const { u8 } = this.#slab;
        if (!isMeant(u8, keyOff, keyLen, folded, extent)) return 'keep';
        if (!isMeantContext(readKey(u8, keyOff, keyLen).context)) return 'keep';
        removed++;
        return 'remove';
      });
      yield removed;
    }
  }

  /** Up to `limit` entries, in no order. */
  dump(limit: number): DumpedRecord[] {
    return [...this.dumpSteps(limit)].flat();
  }

  /** The same in steps of a few hundred entries, between which a worker can answer. */
  *dumpSteps(limit: number): Generator<DumpedRecord[], void> {
    let left = limit;
    for (let set = 0; set >= 0 && left > 0; ) {
      const records: DumpedRecord[] = [];
      set = this.#dumpSets(set, left, records);
      left -= records.length;
      yield records;
    }
  }

  #dumpSets(from: number, limit: number, records: DumpedRecord[]): number {
    const now = this.#now();
    return this.#slab.scan(from, SETS_PER_DUMP_STEP, (keyOff, keyLen, valueOff) => {
      if (records.length === limit) return 'keep';
      const { context, type, name } = readKey(this.#slab.u8, keyOff, keyLen);
      this.#data.off = valueOff;
      const { expiry, kind } = this.#data;
      const isAlive = kind === 'failure' ? now < expiry : this.#isUsable(this.#data, now);
      if (isAlive)
        records.push({ context, name: name.slice(), type, cached: this.#report(this.#data, name, now) });
      return 'keep';
    });
  }

  /** Whole milliseconds: their sums are exact, so that a TTL of 300 is told as 300 and not 299. */
  #now(): number {
    return Math.floor(this.#clock.now());
  }

  #answer(context: ContextId, name: Name, type: number, now: number, trace: Trace): Cached | undefined {
    this.#key.set(context, PLANE.data, type, name);
    const entry = this.#choose(type, now, trace);
    if (!entry.there) return this.#isFailing(type, now) ? this.#report(this.#failure, name, now) : undefined;
    if (now >= entry.expiry) {
      const failure = this.#isFailing(type, now) ? failureOf(this.#failure, now) : undefined;
      return this.#report(entry, this.#key.name, now, 'no prefetch', failure);
    }
    if (trace === 'hit') entry.countHit();
    // What only CD was given beside a failure is no end of it for others.
    if (entry.security === 'unchecked' && this.#isFailing(type, now))
      return this.#report(entry, this.#key.name, now, 'no prefetch', failureOf(this.#failure, now));
    const isDue = isPrefetchDue(entry.lifetime, (entry.expiry - now) / 1000, entry.hits);
    const prefetch = isDue && !this.#isFailing(type, now) ? 'prefetch' : 'no prefetch';
    return this.#report(entry, this.#key.name, now, prefetch);
  }

  /** The entry that answers: of this type or of the whole name, or an empty view. */
  #choose(type: number, now: number, trace: Trace): EntryView {
    const nxdomain = this.#load(this.#nxdomain, NXDOMAIN, now, trace);
    const data = this.#load(this.#data, type, now, trace);
    if (!nxdomain.there) return data;
    if (!data.there) return nxdomain;
    const isOutranked = now < data.expiry && nxdomain.rank < data.rank;
    if (nxdomain.stored < data.stored || isOutranked) return data;
    // The name was found not to exist after these records were learned: they must not come back when that expires.
    if (trace === 'hit') this.#remove(PLANE.data, type);
    return nxdomain;
  }

  /** Moves `entry` to what is stored under this type of the key's name, if it may still be used at all. */
  #load(entry: EntryView, type: number, now: number, trace: Trace): EntryView {
    const key = this.#key;
    key.move(PLANE.data, type);
    if (trace === 'look') entry.off = this.#slab.peek(key.hash, key.octets, 0, key.length);
    else entry.off = this.#slab.find(key.hash, key.octets, 0, key.length);
    if (!entry.there || this.#isUsable(entry, now)) return entry;
    if (trace === 'hit') this.#slab.remove(key.hash, key.octets, 0, key.length);
    entry.off = -1;
    return entry;
  }

  /** Moves `entry` to what is stored there, whatever it is worth by now. */
  #see(entry: EntryView, plane: Plane, type: number): EntryView {
    const key = this.#key;
    key.move(plane, type);
    entry.off = this.#slab.peek(key.hash, key.octets, 0, key.length);
    return entry;
  }

  #remove(plane: Plane, type: number): void {
    const key = this.#key;
    key.move(plane, type);
    this.#slab.remove(key.hash, key.octets, 0, key.length);
  }

  /** Not yet past the time for which it may be given stale, and nothing it was made from has changed. */
  #isUsable(entry: EntryView, now: number): boolean {
    return now < entry.expiry + 1000 * this.#limits.staleWindow && entry.isCurrent(this.#deps);
  }

  /** If so, `#failure` stands at it. */
  #isFailing(type: number, now: number): boolean {
    const failure = this.#see(this.#failure, PLANE.failure, type);
    return failure.there && now < failure.expiry;
  }

  /** Stores what a server said under the key's name, if it may replace what is there. */
  #put(type: number, facts: EntryFacts, { keepsFailure = false }: Extra): boolean {
    if (!keepsFailure) this.#remove(PLANE.failure, type);
    const now = this.#now();
    const denial = this.#see(this.#nxdomain, PLANE.data, NXDOMAIN);
    if (this.#outranks(denial, facts.rank, now)) return false;
    if (this.#outranks(this.#see(this.#data, PLANE.data, type), facts.rank, now)) return false;
    if (!this.#deps.hold(facts.dependencies)) return false;
    // Any answer but NXDOMAIN says that the name is there.
    if (type !== NXDOMAIN && denial.there) this.#remove(PLANE.data, NXDOMAIN);
    this.#key.move(PLANE.data, type);
    if (facts.lifetime > 0 && this.#insert(facts, now)) return true;
    // What cannot be kept still ends what was known before.
    this.#remove(PLANE.data, type);
    return false;
  }

  #outranks(entry: EntryView, rank: Rank, now: number): boolean {
    return entry.there && now < entry.expiry && entry.rank > rank && entry.isCurrent(this.#deps);
  }

  /** Writes an entry under the key as it stands; false where it is too large. */
  #insert(facts: EntryFacts, now: number): boolean {
    const key = this.#key;
    const slab = this.#slab;
    const owner = facts.rrset === undefined || key.spells(facts.rrset.name) ? NO_NAME : facts.rrset.name;
    const off = slab.insert(key.hash, key.octets, 0, key.length, entryLength(facts, owner));
    if (off >= 0) writeEntry(slab, off, facts, owner, now);
    return off >= 0;
  }

  #report(
    entry: EntryView,
    keyName: Name,
    now: number,
    prefetch: 'prefetch' | 'no prefetch' = 'no prefetch',
    failure: Failure | undefined = undefined,
  ): Cached {
    const { kind, expiry, lifetime, rank, security } = entry;
    const isFresh = now < expiry;
    // Rounded down: no client keeps it longer than we do.
    const left = Math.floor((expiry - now) / 1000);
    const ttl = isFresh ? left : STALE_TTL;
    const records = entry.rrset(keyName, ttl);
    return {
      state: isFresh ? 'fresh' : 'stale',
      kind,
      rank,
      security,
      rcode: RCODES[kind],
      rrset: kind === 'rrset' ? records : undefined,
      soa: kind === 'rrset' ? undefined : records,
      proofs: entry.proofs(ttl),
      ttl,
      left,
      originalTtl: lifetime,
      age: Math.floor((now - entry.stored) / 1000),
      prefetchDue: prefetch === 'prefetch',
      failure: kind === 'failure' ? failureOf(entry, now) : failure,
    };
  }
}

/** Whether a lookup counts as a use, or is only looking. */
type Trace = 'hit' | 'look';

const NO_EXTRA: Extra = {};
const NO_DEPENDENCIES: readonly Dependency[] = [];
const NO_PROOFS: readonly Rrset[] = [];
const NO_TEXT = new Uint8Array(0);
const encoder = new TextEncoder();
const failureText = new Uint8Array(FAILURE_TEXT_MAX);

/** What a server said, with what came beside it. */
function factsOf(
  kind: Kind,
  rank: Rank,
  lifetime: number,
  rrset: Rrset | undefined,
  extra: Extra,
): EntryFacts {
  const { dependencies = NO_DEPENDENCIES, security = 'unchecked', proofs = NO_PROOFS } = extra;
  return {
    kind,
    rank,
    lifetime: isProofsSized(proofs) ? leastTtl(lifetime, proofs) : 0,
    rrset,
    dependencies,
    security,
    proofs,
    ede: undefined,
    isBogus: false,
    text: NO_TEXT,
    streak: 0,
  };
}

function leastTtl(lifetime: number, proofs: readonly Rrset[]): number {
  let least = lifetime;
  for (const { ttl } of proofs) least = Math.min(least, ttl);
  return least;
}

const NO_NAME: Name = new Uint8Array(0);
/** Where the doubling is beyond its end. */
const STREAK_MAX = 8;

/** The response code that a client is told. */
const RCODES: Record<Kind, number> = {
  rrset: RCODE.NOERROR,
  nodata: RCODE.NOERROR,
  nxdomain: RCODE.NXDOMAIN,
  failure: RCODE.SERVFAIL,
};

function failureOf(entry: EntryView, now: number): Failure {
  const { ede, isBogus, text } = entry;
  return { ede, isBogus, text: text === '' ? undefined : text, left: Math.ceil((entry.expiry - now) / 1000) };
}

function everyContext(): boolean {
  return true;
}
