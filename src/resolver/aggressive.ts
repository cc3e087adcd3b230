import type { ContextId, Extent } from '../cache/key.ts';
import type { Work } from '../dnssec/work.ts';
import type { Clock } from '../util/clock.ts';
import { TYPE } from '../wire/constants.ts';
import { isAtOrBelow, type Name, nameEquals } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { ContextTable } from './contexttable.ts';
import { type Denial, ZoneDenials } from './denials.ts';

export type { Denial } from './denials.ts';

export interface AggressiveOptions {
  readonly clock: Clock;
  readonly zonesMax: number;
  /** Of all zones together. */
  readonly rangesMax: number;
}

/** One zone may hold this part of all ranges: a zone that signs each answer as it goes fills any table. */
const ZONE_PART = 8;

/**
 * Denials from NSEC and NSEC3 records that were seen before (RFC 8198). Only what was validated may be put in. Each
 * zone of each context stands for itself, and the proof is made by `dnssec/denial` as for a reply.
 */
export class AggressiveCache {
  readonly #clock: Clock;
  readonly #rangesMax: number;
  readonly #zones: ContextTable<ZoneDenials>;
  #ranges = 0;

  constructor(options: AggressiveOptions) {
    this.#clock = options.clock;
    this.#rangesMax = options.rangesMax;
    this.#zones = new ContextTable(options.zonesMax, {
      // Eight zones may have all ranges.
      order: 'exact',
      removed: (denials) => {
        this.#ranges -= denials.size;
      },
    });
  }

  /** NSEC and NSEC3 records held. */
  get ranges(): number {
    return this.#ranges;
  }

  /** `rrset`: of type NSEC or NSEC3, secure by the keys of `zone`. */
  add(context: ContextId, zone: Name, rrset: Rrset, expiresAt: number): void {
    const now = this.#clock.now();
    if (expiresAt <= now) return;
    const denials = this.#zone(context, zone);
    this.#ranges -= denials.size;
    denials.add(rrset, expiresAt);
    const max = Math.max(1, Math.floor(this.#rangesMax / ZONE_PART));
    if (denials.size > max) denials.shrink(max, now);
    this.#ranges += denials.size;
    while (this.#ranges > this.#rangesMax) this.#zones.removeOldest();
  }

  /** `soa`: secure by the keys of `zone`. */
  addSoa(context: ContextId, zone: Name, soa: Rrset, expiresAt: number): void {
    if (soa.type === TYPE.SOA && nameEquals(soa.name, zone))
      this.#zone(context, zone).soa = { soa, expiresAt };
  }

  /** What is known of `name`, which is in `zone` and in no zone below it that is known. */
  find(context: ContextId, zone: Name, name: Name, type: number, work: Work): Denial | undefined {
    return this.#zones.get(context, zone)?.find(name, type, work, this.#clock.now());
  }

  /** All zones whose records may deny `name` or, with `subtree`, anything below it. Returns the number of records. */
  forget(name: Name, extent: Extent, isMeantContext: (context: ContextId) => boolean = () => true): number {
    const before = this.#ranges;
    this.#zones.removeIf(
      ({ zone }, context) =>
        (isAtOrBelow(name, zone) || (extent === 'subtree' && isAtOrBelow(zone, name))) &&
        isMeantContext(context),
    );
    return before - this.#ranges;
  }

  #zone(context: ContextId, zone: Name): ZoneDenials {
    const known = this.#zones.get(context, zone);
    if (known !== undefined) return known;
    const made = new ZoneDenials(zone);
    this.#zones.set(context, zone, made);
    return made;
  }
}
