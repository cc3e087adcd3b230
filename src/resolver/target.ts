import { LRUCache } from 'lru-cache';
import type { Tally } from '../util/tally.ts';
import { Breaker, type BreakerState } from './breaker.ts';
import { ClientCookies } from './clientcookie.ts';
import { JOSTLE_MS } from './inflight.ts';
import { type ForwardTarget, isIpv6, type TlsPeer, targetToText } from './path.ts';
import { Rtt } from './rtt.ts';

/**
 * Queries out at one target and not overdue, of all workers. It shrinks while the target is silent: a struggling server
 * is not helped by more.
 */
export const OUTSTANDING_MAX = 400;
/** The cap never falls below: silence about some names must not cut off all others. */
export const OUTSTANDING_MIN = 100;
/** Completed queries between adjustments, and the shares of timeouts that raise and lower the cap (BIND's fetches-per-server). */
const ADJUST_EVERY = 100;
const TIMEOUTS_LOW = 0.1;
const TIMEOUTS_HIGH = 0.3;
const SHRINK = 0.7;
const GROW = 1.1;
/** A server that does not keep the case of questions is asked without 0x20 for that long. */
const CASE_OFF_MS = 3_600_000;
/** A family without a route is tried again after that long. */
const FAMILY_OFF_MS = 60_000;
/** Gain of the moving share of replies that were no answers. */
const BADNESS_GAIN = 1 / 8;
/** What a target that never answers usefully counts as, in milliseconds, when the fastest is chosen. */
const BADNESS_MS = 1_000;

/** A query that is out. */
export interface Place {
  /** Clock time. */
  readonly sentAt: number;
  /** Its place is given to another: it is to leave `places`. */
  press(): void;
}

/**
 * Queries that are out, in the order in which they were sent: few, and mostly the oldest leaves first. Not a set, each
 * new table of which would be kept by the last (util/turnover).
 */
export class Places {
  readonly #places: Place[] = [];
  readonly #tally: Tally | undefined;
  readonly #key: number;

  /**
   * @param tally of all workers; undefined: they do not share a limit
   * @param key what these are counted as
   */
  constructor(tally?: Tally, key = 0) {
    this.#tally = tally;
    this.#key = key;
  }

  /** Of this worker. */
  get size(): number {
    return this.#places.length;
  }

  /** Of all that share the limit. */
  get taken(): number {
    return this.#tally?.count(this.#key) ?? this.#places.length;
  }

  get oldest(): Place | undefined {
    return this.#places[0];
  }

  add(place: Place): void {
    this.#places.push(place);
    this.#tally?.add(this.#key);
  }

  delete(place: Place): void {
    const at = this.#places.indexOf(place);
    if (at < 0) return;
    this.#places.splice(at, 1);
    this.#tally?.remove(this.#key);
  }
}

/** What is known of one server, whichever rules use it: how it performs, never what it said. */
export class Target {
  readonly address: string;
  readonly port: number;
  readonly protocol: ForwardTarget['protocol'];
  /** Of those that are met by TLS. */
  readonly peer: TlsPeer | undefined;
  /** As `targetToText` names it. */
  readonly text: string;
  readonly rtt = new Rtt();
  readonly breaker = new Breaker();
  readonly cookies = new ClientCookies();
  readonly counts = { sent: 0, answered: 0, timeouts: 0, errors: 0, refusals: 0, tcp: 0, hedges: 0 };
  /** Queries that are out and not overdue, in the order in which they were sent. */
  readonly places: Places;
  /** Clock time of the last probe, and how many there were. */
  probedAt = Number.NEGATIVE_INFINITY;
  probes = 0;
  /** Clock time at which it last answered again after it had been given up. */
  recoveredAt = Number.NEGATIVE_INFINITY;
  /** Who waits for the probe that is out; undefined when none is. */
  probe: Set<() => void> | undefined = undefined;
  #outstandingMax = OUTSTANDING_MAX;
  #completed = 0;
  #timeouts = 0;
  #badness = 0;
  #caseOffUntil = Number.NEGATIVE_INFINITY;

  constructor(target: ForwardTarget, places = new Places()) {
    this.address = target.address;
    this.port = target.port;
    this.protocol = target.protocol;
    this.peer = target.protocol === 'do53' ? undefined : target.peer;
    this.text = targetToText(this);
    this.places = places;
  }

  /** Whether another query may be sent. */
  get full(): boolean {
    return this.places.taken >= this.#outstandingMax;
  }

  /** Whether the oldest query may be pushed out of its place: it is later than most, and likely of a name that is dead. */
  canMakeRoom(now: number): boolean {
    const age = Math.min(JOSTLE_MS, this.rtt.usual ?? JOSTLE_MS);
    const { oldest } = this.places;
    return oldest !== undefined && now - oldest.sentAt >= age;
  }

  /** Pushes the oldest query out of its place, if there is no other. */
  makeRoom(): void {
    if (this.full) this.places.oldest?.press();
  }

  get outstandingMax(): number {
    return this.#outstandingMax;
  }

  answered(now: number): void {
    this.counts.answered++;
    this.#complete(false);
    if (this.breaker.answered(now)) this.recoveredAt = now;
  }

  /** Returns true if a probe is to be sent now. */
  failed(kind: 'timeout' | 'error'): boolean {
    if (kind === 'timeout') {
      this.counts.timeouts++;
      this.rtt.late();
    } else this.counts.errors++;
    this.#weigh(1);
    this.#complete(kind === 'timeout');
    return this.breaker.failed();
  }

  /** The reply was an answer, or it was SERVFAIL and the like: alive, but not to be preferred for its speed. */
  judge(useful: boolean): void {
    if (!useful) this.counts.refusals++;
    this.#weigh(useful ? 0 : 1);
  }

  #weigh(bad: 0 | 1): void {
    this.#badness += BADNESS_GAIN * (bad - this.#badness);
  }

  /** Milliseconds by which `fastest` compares. Unknown targets come first, so that they become known. */
  get score(): number {
    return (this.rtt.smoothed ?? 0) + this.#badness * BADNESS_MS;
  }

  keepsCase(now: number): boolean {
    return now >= this.#caseOffUntil;
  }
  losesCase(now: number): void {
    this.#caseOffUntil = now + CASE_OFF_MS;
  }

  #complete(timedOut: boolean): void {
    this.#completed++;
    if (timedOut) this.#timeouts++;
    if (this.#completed < ADJUST_EVERY) return;
    const share = this.#timeouts / this.#completed;
    if (share > TIMEOUTS_HIGH)
      this.#outstandingMax = Math.max(OUTSTANDING_MIN, Math.floor(this.#outstandingMax * SHRINK));
    else if (share < TIMEOUTS_LOW)
      this.#outstandingMax = Math.min(OUTSTANDING_MAX, Math.ceil(this.#outstandingMax * GROW));
    this.#completed = 0;
    this.#timeouts = 0;
  }
}

/** A row of `causeway status`. */
export interface TargetStatus {
  readonly address: string;
  readonly port: number;
  /** As `targetToText` names it: with the protocol. */
  readonly text: string;
  readonly breaker: BreakerState;
  /** Failures since the last reply. */
  readonly failures: number;
  /** Milliseconds until the next probe, while open. */
  readonly retryInMs: number | undefined;
  /** Milliseconds; undefined until something was measured. */
  readonly srttMs: number | undefined;
  readonly rttvarMs: number | undefined;
  readonly patienceMs: number;
  readonly outstanding: number;
  readonly outstandingMax: number;
  readonly case0x20: boolean;
  readonly counts: Readonly<Target['counts']>;
}

/** As many as rules may name, and then some; the longest unused goes first, and with it only measurements. */
const TARGETS_MAX = 8_192;

/** All targets that were asked lately, and which address families have a route from here. */
export class Targets {
  readonly #table: LRUCache<string, Target>;
  readonly #familyOffUntil = { ipv4: Number.NEGATIVE_INFINITY, ipv6: Number.NEGATIVE_INFINITY };
  readonly #tally: Tally | undefined;

  /**
   * @param tally what all workers have out at these servers; undefined: each has a limit of its own
   * @param max servers that are remembered
   */
  constructor(tally?: Tally, max = TARGETS_MAX) {
    this.#table = new LRUCache({ max });
    this.#tally = tally;
  }

  of(target: ForwardTarget): Target {
    return this.#known(keyFor(target), target);
  }

  /** The one that is asked there by UDP and TCP: of servers that delegations name, each of which is told of many times. */
  at(address: string, port: number): Target {
    const key = placeOf(address, port);
    return this.#table.get(key) ?? this.#known(key, { address, port, protocol: 'do53' });
  }

  #known(key: string, target: ForwardTarget): Target {
    let known = this.#table.get(key);
    if (known !== undefined) return known;
    const places = this.#tally && new Places(this.#tally, this.#tally.placeOf(encoder.encode(key)));
    this.#table.set(key, (known = new Target(target, places)));
    return known;
  }

  /** Per family, so that a host without IPv6 does not try it for each question (AdGuardHome#4354). */
  hasRoute(address: string, now: number): boolean {
    return now >= this.#familyOffUntil[familyOf(address)];
  }
  noRoute(address: string, now: number): void {
    this.#familyOffUntil[familyOf(address)] = now + FAMILY_OFF_MS;
  }
  routeWorks(address: string): void {
    this.#familyOffUntil[familyOf(address)] = Number.NEGATIVE_INFINITY;
  }

  status(now: number): TargetStatus[] {
    return [...this.#table.values()].map((target) => ({
      address: target.address,
      port: target.port,
      text: target.text,
      breaker: target.breaker.state,
      failures: target.breaker.failures,
      retryInMs: target.breaker.state === 'open' ? Math.max(0, target.breaker.retryAt - now) : undefined,
      srttMs: target.rtt.smoothed,
      rttvarMs: target.rtt.smoothed === undefined ? undefined : target.rtt.variation,
      patienceMs: target.rtt.patience,
      outstanding: target.places.size,
      outstandingMax: target.outstandingMax,
      case0x20: target.keepsCase(now),
      counts: { ...target.counts },
    }));
  }
}

const encoder = new TextEncoder();

const keys = new WeakMap<ForwardTarget, string>();

/** Made once for each target of a rule. */
function keyFor(target: ForwardTarget): string {
  let key = keys.get(target);
  if (key === undefined) keys.set(target, (key = keyOf(target)));
  return key;
}

/** One address may be asked by several protocols, and be several servers by name. */
function keyOf(target: ForwardTarget): string {
  const place = placeOf(target.address, target.port);
  return target.protocol === 'do53' ? place : `${place}|${target.protocol}|${target.peer.key}`;
}

function placeOf(address: string, port: number): string {
  return `${address}|${port}`;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIpv6(address) ? 'ipv6' : 'ipv4';
}
