import { TYPE } from '../wire/constants.ts';
import { type Name, nameKey } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { TRIES_MAX } from './candidate.ts';
import { ContextTable } from './contexttable.ts';
import { FetchCap } from './fetchcap.ts';
import type { Target } from './target.ts';

/** Zone cuts that are remembered, of all contexts of a worker: a few thousand serve most of the world's questions. */
export const CUTS_MAX = 32_768;
/** A delegation is asked for again after a day, whatever TTL it came with. */
export const DELEGATION_SECONDS_MAX = 86_400;
/** Names below a cut that are known to be no cuts; without a bound a zone of many empty names would fill it. */
const INNER_NAMES_MAX = 256;

/**
 * An address at which servers of a zone were told to be, and how it did for that zone:
 *
 *     heard ──three packets, one after the other, without a reply──▶ silent, left alone ──pause over, one packet──▶ silent, for longer
 *       ▲                                                               │
 *       └───────────────────────────any reply───────────────────────────┘
 *
 * The packet that ends a pause begins the next: whoever sends it finds out for all, and nobody else asks meanwhile.
 * With the first pause of one that was heard lately it is asked for the SOA of the zone (`contactprobe`).
 */
export class Contact {
  /** Who is there, as the newest referral has it. */
  target: Target;
  /** Addresses that were looked up are known for their TTL, glue for as long as the delegation. Clock time. */
  expiresAt: number;
  #heardAt = Number.NEGATIVE_INFINITY;
  /** Undefined: it never was in any, as most never are of those thousands that are known. */
  #trouble: Trouble | undefined = undefined;

  constructor(target: Target, expiresAt: number) {
    this.target = target;
    this.expiresAt = expiresAt;
  }

  /** Address and port in text. */
  get address(): string {
    return this.target.text;
  }

  /** It does not serve the zone, as it seems: asked before that clock time only where there is nobody else. */
  get lameUntil(): number {
    return this.#trouble?.lameUntil ?? Number.NEGATIVE_INFINITY;
  }

  /** How often in a row it was left alone for being silent. */
  get silences(): number {
    return this.#trouble?.silences ?? 0;
  }

  /** Silent so often that it is left alone until that clock time, if another server can be asked. */
  get retryAt(): number {
    const trouble = this.#trouble;
    if (trouble === undefined || trouble.silences === 0) return Number.NEGATIVE_INFINITY;
    return trouble.leftAt + Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** (trouble.silences - 1));
  }

  /**
   * False: it is left alone, whatever the others do. Where all are silent none is for longer than the first pause, so
   * that a zone that is back is found in seconds, however long it was away (coredns#2427).
   */
  mayAsk(now: number): boolean {
    return this.#trouble === undefined || now - this.#trouble.leftAt >= BACKOFF_MS;
  }

  /** It replied, whatever it said. */
  heard(now: number): void {
    this.#heardAt = now;
    const trouble = this.#trouble;
    if (trouble === undefined) return;
    trouble.silences = 0;
    trouble.lates = 0;
    trouble.asks = 0;
    trouble.leftAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * A packet stayed without a reply. After as many as one question may send it is left alone (RFC 9520 section 3.1), each
   * sent when the one before was late: what was lost at the same time is one silence, and a browser asks for three types
   * at once. One that was heard a moment ago is silent about some questions only: what that means is seen when it has not
   * been heard for longer, unless it was of a type that it may not know, which servers exist that drop (RFC 4074 section
   * 4.1). Returns true if it is left alone from now on and is to be probed: it was heard lately, and so may only be silent
   * about some names.
   */
  late(now: number, type: number, sentAt: number): boolean {
    if (this.silences > 0 || (type !== TYPE.A && this.#isLively(now))) return false;
    this.#trouble ??= new Trouble();
    const trouble = this.#trouble;
    // What a server dropped a while ago says nothing of what it does now.
    if (now - trouble.lateAt >= LATES_KEPT_MS) trouble.lates = 0;
    if (sentAt >= trouble.lateAt) {
      trouble.lateAt = now;
      trouble.lates++;
    }
    if (!this.#isSuspect(trouble, now)) return false;
    trouble.leave(now);
    return this.#isWorthProbe(trouble, now);
  }

  /** Of one that replies to probes and to nothing else nobody has anything: it is probed seldom. */
  #isWorthProbe(trouble: Trouble, now: number): boolean {
    if (now - this.#heardAt >= LATELY_MS) return false;
    if (!trouble.hasServed && now - trouble.probedAt < LATELY_MS) return false;
    trouble.probedAt = now;
    trouble.hasServed = false;
    return true;
  }

  /** It is about to be asked. After a silence that is one more, until it replies. */
  asked(now: number): void {
    const trouble = this.#trouble;
    if (trouble === undefined) return;
    if (trouble.silences > 0 || (this.#isSuspect(trouble, now) && ++trouble.asks === TRIES_MAX))
      trouble.leave(now);
  }

  /** It gave a reply of use: whatever it said before was of other names only. */
  served(): void {
    if (this.#trouble === undefined) return;
    this.#trouble.hasServed = true;
    this.#trouble.lameUntil = Number.NEGATIVE_INFINITY;
  }

  /** It said that it does not serve the zone. Balancers say so of names that they do not know, and serve others. */
  lame(now: number): void {
    this.#trouble ??= new Trouble();
    this.#trouble.lameUntil = now + LAME_MS;
  }

  #isLively(now: number): boolean {
    return now - this.#heardAt < LIVELY_MS;
  }

  /** Silent about as many packets as it takes, not all of them long ago, and not heard since. */
  #isSuspect({ lates, lateAt }: Trouble, now: number): boolean {
    return lates >= TRIES_MAX && now - lateAt < LATES_KEPT_MS && !this.#isLively(now);
  }
}

/** What went wrong with a contact. */
class Trouble {
  lameUntil = Number.NEGATIVE_INFINITY;
  silences = 0;
  /** Packets without a reply, one after the other, of all questions of the zone. */
  lates = 0;
  /** Clock time at which the last of them was late. */
  lateAt = Number.NEGATIVE_INFINITY;
  /** Packets sent to it since it is suspect: a name that it dropped says nothing of the next, so many may find out. */
  asks = 0;
  /** Clock time at which it was last left alone. */
  leftAt = Number.NEGATIVE_INFINITY;
  /** Clock time of the last probe. */
  probedAt = Number.NEGATIVE_INFINITY;
  /** It gave a reply of use since, or was not probed yet. */
  hasServed = true;

  leave(now: number): void {
    this.silences++;
    this.leftAt = now;
  }
}

/** First pause of a silent server, doubled by each that follows: at most three packets in five seconds, as many as tries. */
const BACKOFF_MS = 5_000;
const BACKOFF_MS_MAX = 300_000;
/** After so long without another a packet that was late is forgotten. */
const LATES_KEPT_MS = 30_000;
/** A server that replied within that time is there. */
const LIVELY_MS = 5_000;
/** And one that replied within that time may be, whatever it did not reply to since. */
const LATELY_MS = 60_000;
/** How long a server is asked last for a zone that it does not serve. */
const LAME_MS = 60_000;

/** A name server of a delegation. */
export class NameServer {
  /** Folded. */
  readonly name: Name;
  /** Its addresses were looked up, well or in vain, and are not again before that clock time. */
  lookedUpUntil = Number.NEGATIVE_INFINITY;

  constructor(name: Name) {
    this.name = name;
  }
}

/** Of a child, unvalidated: DS with signatures, or the denial of it. */
export interface ToldOfKeys {
  readonly ds: Rrset | undefined;
  readonly proofs: readonly Rrset[];
}

const NO_PROOFS: readonly Rrset[] = [];
const NO_CONTACTS: readonly Contact[] = [];

/**
 * A zone and who serves it, as its parent's referral says. What the child itself says of its NS records is never put
 * here, so that no child can outlive its removal from the parent (ghost domains 2012, CVE-2022-30698).
 */
export class ZoneCut {
  /** Folded. */
  readonly zone: Name;
  readonly servers: readonly NameServer[];
  /** Clock time after which the parent is asked again. Never after its own parent's (CVE-2026-42955). */
  expiresAt: number;
  readonly learnedAt: number;
  /** Clock time that bounds what is learned from its servers: of hints that could not be primed it is far off. */
  readonly holdsUntil: number;
  /** The referral had DS records, which nobody need have validated. */
  readonly hasDs: boolean;
  /** What the referral said of the child's keys; undefined: nothing, or nothing that is still needed. */
  #told: ToldOfKeys | undefined;
  /** One for each address: a server named twice, or by two names, is one (CVE-2026-3592). Few, so they are gone through. */
  #contacts: readonly Contact[] = NO_CONTACTS;
  /** Questions of this zone that are out. */
  fetches = new FetchCap();
  /** Keys of names below that the servers know without referring further: no need to ask there again. */
  #inner: Set<string> | undefined = undefined;

  constructor(facts: {
    zone: Name;
    servers: readonly { readonly name: Name }[];
    learnedAt: number;
    expiresAt: number;
    holdsUntil?: number;
    ds?: Rrset | undefined;
    proofs?: readonly Rrset[];
  }) {
    this.zone = facts.zone;
    this.servers = facts.servers.map(({ name }) => new NameServer(name));
    this.learnedAt = facts.learnedAt;
    this.expiresAt = facts.expiresAt;
    this.holdsUntil = facts.holdsUntil ?? facts.expiresAt;
    const { ds, proofs = NO_PROOFS } = facts;
    this.hasDs = ds !== undefined;
    this.#told = ds === undefined && proofs.length === 0 ? undefined : { ds, proofs };
  }

  /** The servers answered for `name` without a referral: until this cut expires it is known to be none. */
  noteInner(name: Name): void {
    this.#inner ??= new Set();
    if (this.#inner.size < INNER_NAMES_MAX) this.#inner.add(nameKey(name));
  }

  isInner(name: Name): boolean {
    return this.#inner?.has(nameKey(name)) ?? false;
  }

  get told(): ToldOfKeys | undefined {
    return this.#told;
  }

  /** What came of it is kept as trust, and DS records in the cache. Once these are gone the parent is asked for them. */
  forgetTold(): void {
    this.#told = undefined;
  }

  get contacts(): readonly Contact[] {
    return this.#contacts;
  }

  /** @param address and port in text */
  contactAt(address: string): Contact | undefined {
    return this.#contacts.find((contact) => contact.address === address);
  }

  /** Knows `target` until `expiresAt`, and what was learned of it before. */
  addContact(target: Target, expiresAt: number): void {
    const known = this.contactAt(target.text);
    if (known === undefined) this.#contacts = [...this.#contacts, new Contact(target, expiresAt)];
    else known.expiresAt = Math.max(known.expiresAt, expiresAt);
  }

  /** The contacts that are known still. */
  current(now: number): readonly Contact[] {
    for (const { expiresAt } of this.#contacts) {
      if (expiresAt > now) continue;
      this.#contacts = this.#contacts.filter((contact) => contact.expiresAt > now);
      break;
    }
    return this.#contacts;
  }

  /** Takes over how the addresses did for the zone by the cut that this one replaces; not that they are its servers. */
  inherit(old: ZoneCut): void {
    this.fetches = old.fetches;
    this.#contacts = this.#contacts.map((contact) => {
      const known = old.contactAt(contact.address);
      if (known === undefined) return contact;
      known.expiresAt = contact.expiresAt;
      known.target = contact.target;
      return known;
    });
  }
}

/** The zone cuts that are known, by context. */
export class ZoneCuts {
  readonly #table: ContextTable<ZoneCut>;

  constructor(max = CUTS_MAX) {
    this.#table = new ContextTable(max);
  }

  /** The deepest cut at or above `name` that has not expired. */
  deepest(context: number, name: Name, now: number): ZoneCut | undefined {
    for (let at = 0; ; at += name[at]! + 1) {
      const cut = this.#table.get(context, name, at);
      if (cut !== undefined && now < cut.expiresAt) return cut;
      if (name[at] === 0) return undefined;
    }
  }

  /** The cut at `zone` itself. */
  at(context: number, zone: Name, now: number): ZoneCut | undefined {
    const cut = this.#table.get(context, zone);
    return cut !== undefined && now < cut.expiresAt ? cut : undefined;
  }

  put(context: number, cut: ZoneCut): void {
    const old = this.#table.get(context, cut.zone);
    if (old !== undefined) cut.inherit(old);
    this.#table.set(context, cut.zone, cut);
  }

  /** Ends a cut: its parent is asked again. How its servers did stays known, for the cut that comes in its place. */
  end(cut: ZoneCut): void {
    cut.expiresAt = Number.NEGATIVE_INFINITY;
  }

  /** Drops what `isMeant` says, for a flush. */
  flush(isMeant: (zone: Name, context: number) => boolean): number {
    return this.#table.removeIf(({ zone }, context) => isMeant(zone, context));
  }

  get size(): number {
    return this.#table.size;
  }
}
