import { unreachable } from '../util/assert.ts';
import type { Name } from '../wire/name.ts';
import { compareOctets } from './canonical.ts';

/**
 * Automated updates of trust anchors (RFC 5011): what becomes of a zone's keys from one look at its DNSKEY RRset to
 * the next. Pure: times are arguments, in seconds of the wall clock, and signatures were checked before (`sighting`).
 *
 *     start ──new──▶ addpend ──seen for 30 days──▶ valid ◀───seen─── missing
 *       ▲               │                            │ └──not seen──▶  │
 *       └───not seen────┘                            └──▶ revoked ◀────┘
 *                                                           └──not seen for 30 days──▶ removed
 */
export type KeyState = 'start' | 'addpend' | 'valid' | 'missing' | 'revoked' | 'removed';

const DAY = 86_400;
/** Section 2.4.1: in that time the owner of a stolen key finds out that it signed a new one, and revokes it. */
export const ADD_HOLD_DOWN = 30 * DAY;
/** Section 2.4.2. */
export const REMOVE_HOLD_DOWN = 30 * DAY;
/**
 * The most that one look adds to a hold-down: looks are no further apart (section 2.3). A clock that jumps ahead wins
 * no more than that, and no new key is trusted that was not in three RRsets.
 */
const GAP_MAX = 15 * DAY;
/** A key that went without being revoked is trusted no longer after that time: as in Unbound. */
export const KEEP_MISSING = 366 * DAY;
/** Old keys of a zone that are remembered, lest they come back as new ones (section 4.2). */
const REMOVED_MAX = 32;

/** A key of a zone that is followed, in a state other than `start`. */
export interface TrackedKey {
  /** DNSKEY without the REVOKE bit: so it is the same one before and after. */
  readonly rdata: Uint8Array;
  readonly state: KeyState;
  /** When its state began; of a pending and of a revoked key, when it was seen last. */
  readonly since: number;
  /** How long it has been pending. */
  readonly held: number;
  /** How long it must be. */
  readonly holdDown: number;
  /** DS rdatas of the configuration that stand for it. */
  readonly ds: readonly Uint8Array[];
}

/** A zone with anchors that are followed (a "trust point"). */
export interface TrustPoint {
  readonly zone: Name;
  /** DS rdatas of the configuration for which no key has been seen yet. */
  readonly ds: readonly Uint8Array[];
  readonly keys: readonly TrackedKey[];
}

/** What is trusted as it stands. */
export interface Anchors {
  readonly zone: Name;
  readonly ds: readonly Uint8Array[];
  readonly dnskey: readonly Uint8Array[];
}

/** A key in a validated RRset, with those DS records of the trust point that stand for it. */
export interface SeenKey {
  readonly rdata: Uint8Array;
  readonly ds: readonly Uint8Array[];
  /** Of those some are good enough to trust it for. */
  readonly isVouchedFor: boolean;
}

/** A validated DNSKEY RRset. */
export interface Sighting {
  /** Keys that are anchors or may become some. */
  readonly present: readonly SeenKey[];
  /** Keys with the REVOKE bit, given here without it. */
  readonly revoked: readonly Uint8Array[];
  readonly ttl: number;
}

/** Begins to follow what the configuration says. @param now seconds */
export function begin({ zone, ds, dnskey }: Anchors, now: number): TrustPoint {
  return { zone, ds, keys: dnskey.map((rdata) => key({ rdata, ds: [] }, 'valid', now)) };
}

/** What is to be trusted now; undefined where everything is revoked: the zone has no anchor any more (section 5). */
export function trusted({ zone, ds, keys }: TrustPoint): Anchors | undefined {
  const good = keys.filter(({ state }) => isTrusted(state));
  // A DS goes on standing for its key: then nothing changes when the key is seen for the first time.
  const all = [...ds, ...good.flatMap((key) => key.ds)];
  const dnskey = good.filter((key) => key.ds.length === 0).map(({ rdata }) => rdata);
  return all.length + dnskey.length === 0 ? undefined : { zone, ds: all, dnskey };
}

/** Section 4.2: a missing key is one that somebody forgot to publish, not one to distrust. */
export function isTrusted(state: KeyState): boolean {
  switch (state) {
    case 'valid':
    case 'missing':
      return true;
    case 'start':
    case 'addpend':
    case 'revoked':
    case 'removed':
      return false;
    default:
      return unreachable(state);
  }
}

/**
 * Takes keys that revoke themselves for revoked, at once and for good (section 2.1). Only those that are trusted: for
 * a key that is not, the news means nothing.
 */
export function revoke(point: TrustPoint, revoked: readonly SeenKey[], now: number): TrustPoint {
  let { ds, keys } = point;
  for (const seen of revoked) {
    const known = keys.find((each) => same(each.rdata, seen.rdata));
    if (known === undefined && seen.ds.length === 0) continue;
    if (known !== undefined && !isTrusted(known.state)) continue;
    const dead = key({ rdata: seen.rdata, ds: [...(known?.ds ?? []), ...seen.ds] }, 'revoked', now);
    keys = [...keys.filter((each) => each !== known), dead];
    ds = without(ds, seen.ds);
  }
  return { ...point, ds, keys };
}

/** One step of every key: by a validated RRset, seen at `now`. */
export function step(point: TrustPoint, sighting: Sighting, now: number): TrustPoint {
  const { present, revoked, ttl } = sighting;
  const claimed = present.flatMap((seen) => seen.ds);
  const known = point.keys.map((each) => withDs(each, present));
  const stepped = known.map((each) => next(each, howSeen(each, present, revoked), now));
  const fresh = present.filter((seen) => !point.keys.some((each) => same(each.rdata, seen.rdata)));
  const added = fresh.map((seen) => enter(seen, ttl, now));
  const keys = [...stepped, ...added].filter(({ state }) => state !== 'start');
  return { ...point, ds: without(point.ds, claimed), keys: forget(keys, now) };
}

type Seen = 'present' | 'revoked' | 'absent';

function howSeen({ rdata }: TrackedKey, present: readonly SeenKey[], revoked: readonly Uint8Array[]): Seen {
  if (revoked.some((each) => same(each, rdata))) return 'revoked';
  return present.some((each) => same(each.rdata, rdata)) ? 'present' : 'absent';
}

/** The table of section 4.1, for a key that is not new and not being revoked now. */
function next(key: TrackedKey, seen: Seen, now: number): TrackedKey {
  const { state } = key;
  switch (state) {
    case 'start':
      return key;
    case 'addpend':
      return seen === 'present' ? pending(key, now) : { ...key, state: 'start' };
    case 'valid':
      return seen === 'present' ? key : { ...key, state: 'missing', since: now };
    case 'missing':
      return seen === 'present' ? { ...key, state: 'valid', since: now } : notLater(key, now);
    case 'revoked':
      if (seen !== 'absent') return { ...key, since: now };
      return elapsed(key, now) >= REMOVE_HOLD_DOWN
        ? { ...key, state: 'removed', since: now }
        : notLater(key, now);
    case 'removed':
      return key;
    default:
      return unreachable(state);
  }
}

/** AddTime, once the hold-down is over. */
function pending(key: TrackedKey, now: number): TrackedKey {
  const held = key.held + Math.min(GAP_MAX, elapsed(key, now));
  return { ...key, state: held >= key.holdDown ? 'valid' : 'addpend', since: now, held };
}

/** Section 2.4.1: pending for 30 days, or for as long as caches may hold the RRset without the key. */
function enter(seen: SeenKey, ttl: number, now: number): TrackedKey {
  if (seen.isVouchedFor) return key(seen, 'valid', now);
  return { ...key(seen, 'addpend', now), holdDown: Math.max(ADD_HOLD_DOWN, ttl) };
}

function key({ rdata, ds }: Pick<SeenKey, 'rdata' | 'ds'>, state: KeyState, since: number): TrackedKey {
  return { rdata, state, since, held: 0, holdDown: ADD_HOLD_DOWN, ds };
}

function withDs(key: TrackedKey, present: readonly SeenKey[]): TrackedKey {
  const seen = present.find(({ rdata }) => same(rdata, key.rdata));
  return seen === undefined || seen.ds.length === 0 ? key : { ...key, ds: [...key.ds, ...seen.ds] };
}

/** The clock was ahead then, and was put right: from now on, or it would last for years. */
function notLater(key: TrackedKey, now: number): TrackedKey {
  return key.since > now ? { ...key, since: now } : key;
}

function elapsed({ since }: TrackedKey, now: number): number {
  return Math.max(0, now - since);
}

/** What there is no use in keeping: keys missing for a year, and the oldest of the removed. */
function forget(keys: readonly TrackedKey[], now: number): TrackedKey[] {
  // Another key is valid: one that is there has signed the RRset by which this one is seen to be missing.
  const isGone = (key: TrackedKey): boolean => key.state === 'missing' && elapsed(key, now) >= KEEP_MISSING;
  const aged = keys.map((key) => (isGone(key) ? { ...key, state: 'removed' as const, since: now } : key));
  const removed = aged.filter(({ state }) => state === 'removed').sort((a, b) => b.since - a.since);
  const dropped = new Set(removed.slice(REMOVED_MAX));
  return aged.filter((key) => !dropped.has(key));
}

function without(all: readonly Uint8Array[], some: readonly Uint8Array[]): readonly Uint8Array[] {
  return some.length === 0 ? all : all.filter((each) => !some.some((other) => same(each, other)));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return compareOctets(a, b) === 0;
}

/** How long to wait for the next look, in seconds: after a success, and after a failure. */
export interface Intervals {
  readonly query: number;
  readonly retry: number;
}

const HOUR = 3_600;

/** Before anything is known of the RRset. */
export const FIRST_INTERVALS: Intervals = { query: HOUR, retry: HOUR };

/** Section 2.3. @param expiresIn of the RRSIG that validated the RRset */
export function intervals(originalTtl: number, expiresIn: number): Intervals {
  const between = (most: number, share: number): number =>
    Math.round(Math.max(HOUR, Math.min(most, share * originalTtl, share * expiresIn)));
  return { query: between(15 * DAY, 0.5), retry: between(DAY, 0.1) };
}
