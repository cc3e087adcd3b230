import { type Soon, soon } from '../util/soon.ts';
import {
  hasSuffixAt,
  labelBefore,
  labelCount,
  type Name,
  nameEquals,
  ROOT,
  suffixAt,
  suffixOf,
} from '../wire/name.ts';
import type { Checking } from './checking.ts';
import { ContextTable } from './contexttable.ts';
import type { Failed, Job } from './finding.ts';
import type { Path } from './path.ts';
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
import type { TrustStep } from './truststep.ts';
import { Underway } from './underway.ts';

/** Names of which it is known whether and how they are signed; a few per zone. */
export const TRUST_MAX = 65_536;

/** Anchors, negative anchors and what was found between them, by context. */
export class TrustTable {
  readonly #recursor: Recursor;
  readonly #links: TrustLinks;
  readonly #table = new ContextTable<Trust | Inner>(TRUST_MAX);
  readonly #pending = new Underway<Promise<Trust | Inner | Failed>>();
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
    return this.#table.removeIf((trust, context) => isMeant(trust.zone, context));
  }

  /**
   * The zone that `name` belongs to, as far down from an anchor as the chain of trust goes: a secure one, or where
   * it ends. A failure where a link of it could not be fetched. At once where all links are known.
   */
  of(job: Job, name: Name): Soon<Trust | Failed> {
    const generation = this.#generation;
    return soon(this.#start(job, name, 0), (from) =>
      from.kind === 'secure' ? this.#descend(job, name, from, placeOf(from.zone, name), generation) : from,
    );
  }

  /** @param start octet of `name` from which on it is known to be in `from` */
  #descend(job: Job, name: Name, from: SecureZone, start: number, generation: number): Soon<Trust | Failed> {
    if (start === 0) return from;
    // Other anchors came meanwhile: what the old ones led to is nothing to go on from.
    if (generation !== this.#generation) return this.of(job, name);
    const at = labelBefore(name, start);
    return soon<Trust | Inner | Failed, Trust | Failed>(this.#step(job, from, name, at), (next) => {
      if (next.kind !== 'secure' && next.kind !== 'inner') return next;
      return this.#descend(job, name, next.kind === 'secure' ? next : from, at, generation);
    });
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
    for (let at = 0; ; at += name[at]! + 1) {
      const trust = this.#table.get(context, name, at);
      if (trust !== undefined && trust.kind !== 'inner' && now < trust.expiresAt) return trust;
      if (name[at] === 0) return undefined;
    }
  }

  /** The deepest zone at or above `name`, from octet `from` on, that is known, else an anchor. */
  #start(job: Job, name: Name, from: number): Soon<Trust | Failed> {
    const now = this.#now();
    for (let at = from; at < name.length; at += name[at]! + 1) {
      const by = jobAt(job, name, at);
      // Its servers are not asked for signatures.
      if (!by.path.validate) return unvalidated(by.path, now);
      const known = this.#table.get(by.path.context, name, at);
      if (known !== undefined && known.kind !== 'inner' && now < known.expiresAt) return known;
      const nta = this.#ntas.length === 0 ? undefined : this.#ntaAt(suffixAt(name, at));
      if (nta !== undefined) return this.#keep(by, this.#untrusted(suffixAt(name, at), nta, now));
      const anchor = this.#anchorAt(name, at);
      if (anchor !== undefined)
        return soon<Trust | Inner | Failed, Trust | Failed>(
          this.#once(by, suffixAt(name, at), () => this.#links.anchored(by, anchor)),
          (found) => (found.kind === 'inner' ? this.#start(job, name, at + name[at]! + 1) : found),
        );
    }
    const why = 'no anchor';
    return { kind: 'insecure', zone: ROOT, by: 'anchor', why, above: undefined, expiresAt: now };
  }

  #anchorAt(name: Name, at: number): TrustAnchor | undefined {
    for (const anchor of this.#anchors) if (hasSuffixAt(name, at, anchor.zone)) return anchor;
    return undefined;
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
    const why = `negative trust anchor: ${nta.reason}`;
    const expiresAt = now + Math.min(left, 1000 * TRUST_SECONDS_MAX);
    return { kind: 'insecure', zone, by: 'nta', why, above: undefined, expiresAt };
  }

  /** What `name` is from octet `at` on, one label or more below `parent`: a zone with keys, without, or none. */
  #step(job: Job, parent: SecureZone, name: Name, at: number): Soon<Trust | Inner | Failed> {
    const by = jobAt(job, name, at);
    const known = this.#table.get(by.path.context, name, at);
    if (known !== undefined && this.#now() < known.expiresAt) return known;
    const child = suffixAt(name, at);
    return this.#once(by, child, () => this.#links.delegated(by, parent, child));
  }

  /** Runs `find` once for all that need it at the same time, and keeps what it found. */
  #once(job: Job, name: Name, find: () => Soon<Trust | Inner | Failed>): Soon<Trust | Inner | Failed> {
    const { context } = job.path;
    const pending = this.#pending.get(context, name, 0);
    if (pending !== undefined)
      return pending.then((found) =>
        isOursToRepeat(found, job, this.#now()) ? this.#once(job, name, find) : found,
      );
    const generation = this.#generation;
    const finding = soon(find(), (found) => {
      if (generation !== this.#generation) return found;
      this.#pending.delete(context, name, 0);
      if (found.kind === 'failure') return found;
      // Mostly the zone is the name, and one object for both is kept.
      this.#table.set(context, found.zone.length === name.length ? found.zone : name, found);
      return found;
    });
    if (finding instanceof Promise) this.#pending.add(context, name, 0, finding);
    return finding;
  }

  #keep(job: Job, trust: InsecureZone): InsecureZone {
    this.#table.set(job.path.context, trust.zone, trust);
    return trust;
  }

  #now(): number {
    return this.#recursor.env.clock.now();
  }
}

/** Above a rule that is validated one that is not: a negative trust anchor too, as where it is asked itself. */
function unvalidated({ domain, rule }: Path, now: number): InsecureZone {
  const why = `rule ${rule} is not validated`;
  return {
    kind: 'insecure',
    zone: domain,
    by: 'nta',
    why,
    above: undefined,
    expiresAt: now + 1000 * TRUST_SECONDS_MAX,
  };
}

/** A result that another query's budget was too small for. */
function isOursToRepeat(found: Trust | Inner | Failed, job: Job, now: number): boolean {
  return found.kind === 'failure' && found.reason === 'budget' && job.budget.spent(now) === undefined;
}

/** Where `zone` begins in `name`, which is at or below it. */
function placeOf(zone: Name, name: Name): number {
  return name.length - zone.length;
}

function jobAt(job: Job, name: Name, at: number): Job {
  return job.path.above === undefined ? job : jobBy(job, suffixAt(name, at));
}
