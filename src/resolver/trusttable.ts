import { LRUCache } from 'lru-cache';
import { Turnover } from '../util/turnover.ts';
import { labelCount, type Name, nameEquals, nameKey, nameToText, suffixOf } from '../wire/name.ts';
import type { Checking } from './checking.ts';
import type { Failed, Job } from './finding.ts';
import type { Recursor } from './recursor.ts';
import type { NegativeTrustAnchor, TrustAnchor } from './settings.ts';
import {
  chainOf,
  type Inner,
  type InsecureZone,
  type SecureZone,
  TRUST_SECONDS_MAX,
  type Trust,
} from './trust.ts';
import { jobBy, TrustLinks } from './trustlinks.ts';
import { lastStep, type TrustStep } from './truststep.ts';

/** Names of which it is known whether and how they are signed; a few per zone. */
export const TRUST_MAX = 65_536;

/** Anchors, negative anchors and what was found between them, by context. */
export class TrustTable {
  readonly #recursor: Recursor;
  readonly #links: TrustLinks;
  readonly #table = new LRUCache<string, Trust | Inner>({ max: TRUST_MAX });
  readonly #pending = new Turnover<string, Promise<Trust | Inner | Failed>>();
  #anchors: readonly TrustAnchor[] = [];
  #ntas: readonly NegativeTrustAnchor[] = [];
  /** Of the anchors: what was begun under older ones is not kept. */
  #generation = 0;

  constructor(recursor: Recursor, checking: Checking) {
    this.#recursor = recursor;
    this.#links = new TrustLinks(recursor, checking, (job, name) => this.of(job, name));
  }

  /** Takes anchors. What was derived from others is forgotten. */
  configure(anchors: readonly TrustAnchor[], ntas: readonly NegativeTrustAnchor[]): void {
    this.#anchors = anchors;
    this.#ntas = ntas;
    this.#table.clear();
    this.#pending.clear();
    this.#generation++;
  }

  /** Drops what is known of these zones, for a flush. Returns how many. */
  flush(isMeant: (name: Name, context: number) => boolean): number {
    let removed = 0;
    for (const [key, trust] of this.#table.entries()) {
      if (!isMeant(trust.zone, Number.parseInt(key, 10))) continue;
      this.#table.delete(key);
      removed++;
    }
    return removed;
  }

  /**
   * The zone that `name` belongs to, as far down from an anchor as the chain of trust goes: a secure one, or where
   * it ends. A failure where a link of it could not be fetched.
   */
  async of(job: Job, name: Name): Promise<Trust | Failed> {
    const generation = this.#generation;
    const start = this.#start(job, name, labelCount(name));
    let trust = start instanceof Promise ? await start : start;
    if (trust.kind === 'failure') return trust;
    const labels = labelCount(name);
    for (let at = labelCount(trust.zone) + 1; at <= labels && trust.kind === 'secure'; at++) {
      // Other anchors came meanwhile: what the old ones led to is nothing to go on from.
      if (generation !== this.#generation) return this.of(job, name);
      const next = await this.#step(job, trust, suffixOf(name, at));
      if (next.kind === 'failure') return next;
      if (next.kind !== 'inner') trust = next;
    }
    return trust;
  }

  /** Below a negative trust anchor, which need not be a zone's name: whatever signs it is not asked (RFC 7646). */
  exempt(name: Name): InsecureZone | undefined {
    if (this.#ntas.length === 0) return undefined;
    for (let labels = labelCount(name); labels >= 0; labels--) {
      const zone = suffixOf(name, labels);
      const nta = this.#ntaAt(zone);
      if (nta !== undefined) return this.#untrusted(zone, nta, this.#now());
      // An anchor below it holds for what is below that.
      if (this.#anchors.some((anchor) => nameEquals(anchor.zone, zone))) return undefined;
    }
    return undefined;
  }

  /** Until it has to be found out anew. */
  secondsLeft(trust: Trust): number {
    return Math.max(0, Math.floor((trust.expiresAt - this.#now()) / 1000));
  }

  /** The chain to a zone as far as it is known; nothing is asked. From the anchor down. */
  known(context: number, name: Name): TrustStep[] {
    const trust = this.#deepest(context, name);
    return trust === undefined ? [] : chainOf(trust);
  }

  /** The deepest known zone at or above `name`, if it is secure; nothing is asked. */
  secureZone(context: number, name: Name): Name | undefined {
    const trust = this.#deepest(context, name);
    return trust?.kind === 'secure' ? trust.zone : undefined;
  }

  /** The deepest zone at or above `name` that is known. */
  #deepest(context: number, name: Name): Trust | undefined {
    const now = this.#now();
    const key = nameKey(name);
    for (let at = 0; ; at += name[at]! + 1) {
      const trust = this.#table.get(`${context}/${key.slice(at)}`);
      if (trust !== undefined && trust.kind !== 'inner' && now < trust.expiresAt) return trust;
      if (name[at] === 0) return undefined;
    }
  }

  /** The deepest zone at or above the rightmost `most` labels of `name` that is known, else an anchor. */
  #start(job: Job, name: Name, most: number): Trust | Failed | Promise<Trust | Failed> {
    const now = this.#now();
    for (let labels = most; labels >= 0; labels--) {
      const suffix = suffixOf(name, labels);
      const by = jobBy(job, suffix);
      const known = this.#table.get(keyOf(by.path.context, suffix));
      if (known !== undefined && known.kind !== 'inner' && now < known.expiresAt) return known;
      const nta = this.#ntaAt(suffix);
      if (nta !== undefined) return this.#keep(by, this.#untrusted(suffix, nta, now));
      const anchor = this.#anchors.find(({ zone }) => nameEquals(zone, suffix));
      if (anchor !== undefined)
        return this.#once(by, suffix, () => this.#links.anchored(by, anchor)).then((found) =>
          found.kind === 'inner' ? this.#start(job, name, labels - 1) : found,
        );
    }
    const step = lastStep('.', 'insecure', 'anchor', 'no anchor');
    return { kind: 'insecure', zone: suffixOf(name, 0), step, above: undefined, expiresAt: now };
  }

  #ntaAt(name: Name): NegativeTrustAnchor | undefined {
    const wall = this.#recursor.env.clock.wall();
    return this.#ntas.find(
      ({ domain, until }) => nameEquals(domain, name) && (until === undefined || wall < until),
    );
  }

  #untrusted(zone: Name, nta: NegativeTrustAnchor, now: number): InsecureZone {
    const left =
      nta.until === undefined ? Number.POSITIVE_INFINITY : nta.until - this.#recursor.env.clock.wall();
    const step = lastStep(nameToText(zone), 'insecure', 'nta', `negative trust anchor: ${nta.reason}`);
    const expiresAt = now + Math.min(left, 1000 * TRUST_SECONDS_MAX);
    return { kind: 'insecure', zone, step, above: undefined, expiresAt };
  }

  /** What `name`, one label or more below `parent`, is: a zone with keys, without, or none. */
  #step(job: Job, parent: SecureZone, name: Name): Promise<Trust | Inner | Failed> {
    const by = jobBy(job, name);
    const known = this.#table.get(keyOf(by.path.context, name));
    if (known !== undefined && this.#now() < known.expiresAt) return Promise.resolve(known);
    return this.#once(by, name, () => this.#links.delegated(by, parent, name));
  }

  /** Runs `find` once for all that need it at the same time, and keeps what it found. */
  #once(job: Job, name: Name, find: () => Promise<Trust | Inner | Failed>): Promise<Trust | Inner | Failed> {
    const key = keyOf(job.path.context, name);
    const pending = this.#pending.get(key);
    if (pending !== undefined)
      return pending.then((found) =>
        isOursToRepeat(found, job, this.#now()) ? this.#once(job, name, find) : found,
      );
    const generation = this.#generation;
    const finding = find().then((found) => {
      if (generation !== this.#generation) return found;
      this.#pending.delete(key);
      if (found.kind !== 'failure') this.#table.set(key, found);
      return found;
    });
    this.#pending.set(key, finding);
    return finding;
  }

  #keep(job: Job, trust: InsecureZone): InsecureZone {
    this.#table.set(keyOf(job.path.context, trust.zone), trust);
    return trust;
  }

  #now(): number {
    return this.#recursor.env.clock.now();
  }
}

/** A result that another query's budget was too small for. */
function isOursToRepeat(found: Trust | Inner | Failed, job: Job, now: number): boolean {
  return found.kind === 'failure' && found.reason === 'budget' && job.budget.spent(now) === undefined;
}

function keyOf(context: number, name: Name): string {
  return `${context}/${nameKey(name)}`;
}
