import { algorithmTable } from '../dnssec/algorithm.ts';
import { KeyStore, keyTag } from '../dnssec/key.ts';
import {
  begin,
  FIRST_INTERVALS,
  intervals,
  type KeyState,
  type TrustPoint,
  trusted,
} from '../dnssec/rollover.ts';
import { type Looked, look } from '../dnssec/sighting.ts';
import type { Verifier } from '../dnssec/verify.ts';
import type { FetchedKeys } from '../resolver/authorities.ts';
import type { TrustAnchor } from '../resolver/settings.ts';
import type { Logger } from '../telemetry/log.ts';
import { unreachable } from '../util/assert.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { type Name, nameKey, nameToText } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import type { AnchorStateFile, FollowedZone } from './anchorstate.ts';
import { anchorDigest } from './compile/anchors.ts';

/** How often it is seen which zones are due, by the wall clock: that goes on while the host sleeps. */
export const TICK_MS = 60_000;
/** Signature checks of one look: a few keys that revoke themselves, and what a hostile RRset has in its way. */
const VERIFIES_MAX = 64;
/** A handful of keys for each of a handful of zones. */
const KEYS_MAX = 256;

export interface AnchorsOptions {
  readonly clock: Pick<Clock, 'wall' | 'every'>;
  readonly log: Logger;
  readonly file: Pick<AnchorStateFile, 'path' | 'read' | 'write' | 'setAside'>;
  /** Asks for the DNSKEY records of a zone; undefined: there is nobody to ask now. */
  readonly fetch: (zone: Name) => Promise<FetchedKeys | undefined>;
  /** After each look: what is trusted may be something else now. */
  readonly looked: () => void;
}

/**
 * Follows the keys of zones that have trust anchors (RFC 5011): it looks at them as often as they want to be looked
 * at, and keeps in the state folder what became of them.
 */
export class Anchors {
  readonly #o: AnchorsOptions;
  readonly #zones: Map<string, FollowedZone>;
  readonly #keys = new KeyStore(KEYS_MAX);
  readonly #timer: Timer;
  #state: 'off' | 'idle' | 'looking' = 'off';
  #sha1 = false;
  /** A file that could neither be read nor put aside is left as it is. */
  #keeps = true;

  constructor(options: AnchorsOptions) {
    this.#o = options;
    this.#zones = new Map(this.#read().map((zone) => [nameKey(zone.point.zone), zone]));
    this.#timer = options.clock.every(TICK_MS, () => void this.look());
  }

  #read(): FollowedZone[] {
    const { file, log, clock } = this.#o;
    try {
      return file.read();
    } catch (error) {
      const problem = (error as Error).message;
      try {
        const aside = file.setAside(clock.wall());
        log.error(
          { file: file.path, problem, aside },
          'the state of trust anchors cannot be used and is put aside: those of the configuration are in force',
        );
      } catch (err) {
        this.#keeps = false;
        log.error(
          { file: file.path, problem, err },
          'the state of trust anchors cannot be used: those of the configuration are in force, and no state is kept',
        );
      }
      return [];
    }
  }

  /** What became of anchors of the configuration. Those that are not followed yet are as they are. */
  inForce(configured: readonly TrustAnchor[]): TrustAnchor[] {
    return configured.flatMap((anchor) => {
      const followed = this.#zones.get(nameKey(anchor.zone));
      if (followed === undefined || followed.configured !== anchorDigest(anchor)) return [anchor];
      return trusted(followed.point) ?? [];
    });
  }

  /** These are the anchors of the configuration from now on; undefined: and they stay as they are. */
  configure(configured: readonly TrustAnchor[] | undefined, { sha1 }: { sha1: boolean }): void {
    this.#sha1 = sha1;
    if (configured === undefined) {
      this.#state = 'off';
      return;
    }
    if (this.#state === 'off') this.#state = 'idle';
    const zones = configured.map((anchor) => this.#followed(anchor));
    this.#zones.clear();
    for (const zone of zones) this.#zones.set(nameKey(zone.point.zone), zone);
  }

  /** The operator's word goes before what was learned. */
  #followed(anchor: TrustAnchor): FollowedZone {
    const configured = anchorDigest(anchor);
    const known = this.#zones.get(nameKey(anchor.zone));
    if (known?.configured === configured) return known;
    const zone = nameToText(anchor.zone);
    if (known !== undefined)
      this.#o.log.info(
        { zone },
        'other trust anchors are configured: what was learned of the old ones is forgotten',
      );
    return {
      point: begin(anchor, this.#now()),
      configured,
      lookedAt: undefined,
      validatedAt: undefined,
      wait: 0,
      retry: FIRST_INTERVALS.retry,
    };
  }

  /** Those that are followed now. */
  get zones(): FollowedZone[] {
    return this.#state === 'off' ? [] : [...this.#zones.values()];
  }

  close(): void {
    this.#timer.cancel();
    this.#state = 'off';
  }

  /** Looks at the zones that are due, one after another. */
  async look(): Promise<void> {
    if (this.#state !== 'idle') return;
    this.#state = 'looking';
    const due = this.zones.filter((zone) => isDue(zone, this.#now()));
    for (const zone of due) {
      const fetched = await this.#o.fetch(zone.point.zone);
      // It may be switched off meanwhile, or follow other anchors.
      if ((this.#state as string) === 'off') return;
      if (fetched !== undefined && this.zones.includes(zone)) this.#take(zone, fetched);
    }
    this.#state = 'idle';
    this.#o.looked();
  }

  #take(zone: FollowedZone, fetched: FetchedKeys): void {
    const now = this.#now();
    const next =
      fetched.kind === 'keys' ? this.#judge(zone, fetched.rrset, now) : this.#fail(zone, fetched.why, now);
    this.#tell(zone.point, next.point);
    this.#zones.set(nameKey(zone.point.zone), next);
    this.#write();
  }

  #judge(zone: FollowedZone, dnskeys: Rrset, now: number): FollowedZone {
    const looked: Looked = look(zone.point, dnskeys, this.#verifier(now));
    const { point } = looked;
    switch (looked.kind) {
      case 'validated': {
        const { query: wait, retry } = intervals(looked.originalTtl, looked.expiresIn);
        return { ...zone, point, lookedAt: now, validatedAt: now, wait, retry };
      }
      case 'unvalidated':
        return this.#fail({ ...zone, point }, looked.why, now);
      case 'deleted':
        this.#o.log.error(
          { zone: nameToText(point.zone) },
          'all its keys are revoked: it is no trust anchor any more; configure its new keys',
        );
        return { ...zone, point, lookedAt: now };
      default:
        return unreachable(looked);
    }
  }

  #fail(zone: FollowedZone, why: string, now: number): FollowedZone {
    const fields = { zone: nameToText(zone.point.zone), why, retrySeconds: zone.retry };
    this.#o.log.warn(fields, 'the keys of a trust anchor could not be looked at');
    return { ...zone, lookedAt: now, wait: zone.retry };
  }

  #verifier(now: number): Verifier {
    let left = VERIFIES_MAX;
    const work = { takeVerify: () => left-- > 0, takeNsec3Blocks: () => false };
    return { algorithms: algorithmTable({ sha1: this.#sha1 }), keys: this.#keys, now, work };
  }

  /** One line for each key whose state is another one. */
  #tell(before: TrustPoint, after: TrustPoint): void {
    const was = statesOf(before);
    const is = statesOf(after);
    for (const [key, { tag, state }] of new Map([...was, ...is])) {
      const now = is.has(key) ? state : 'start';
      const from = was.get(key)?.state ?? 'start';
      if (now === from) continue;
      const fields = { zone: nameToText(after.zone), keyTag: tag, from, state: now };
      if (now === 'revoked' || now === 'missing') this.#o.log.warn(fields, CHANGES[now]);
      else this.#o.log.info(fields, CHANGES[now]);
    }
  }

  #write(): void {
    if (!this.#keeps) return;
    const { file, log } = this.#o;
    try {
      file.write(this.#zones.values());
    } catch (err) {
      log.error(
        { err, file: file.path },
        'the state of trust anchors cannot be written; it lasts until the end',
      );
    }
  }

  #now(): number {
    return Math.floor(this.#o.clock.wall() / 1000);
  }
}

const CHANGES: Readonly<Record<KeyState, string>> = {
  start: 'a new key is there no more and is not waited for',
  addpend: 'a new key is there and becomes a trust anchor if it stays',
  valid: 'a key is a trust anchor',
  missing: 'the key of a trust anchor is not published; it is trusted all the same',
  revoked: 'the key of a trust anchor is revoked by its owner and trusted no longer',
  removed: 'an old key is gone for good',
};

function statesOf({ keys }: TrustPoint): Map<string, { tag: number; state: KeyState }> {
  return new Map(
    keys.map(({ rdata, state }) => [Buffer.from(rdata).toString('hex'), { tag: keyTag(rdata), state }]),
  );
}

/** A look in the future was taken by a clock that was put right since. */
function isDue({ point, lookedAt, wait }: FollowedZone, now: number): boolean {
  if (trusted(point) === undefined) return false;
  return lookedAt === undefined || lookedAt > now || now >= lookedAt + wait;
}
