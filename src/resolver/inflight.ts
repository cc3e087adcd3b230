import { type HashSeed, keyedHash } from '../util/hash.ts';
import type { Prng } from '../util/prng.ts';
import { Turnover } from '../util/turnover.ts';
import { NAME_OCTETS_MAX } from '../wire/constants.ts';
import { foldOctet, type Name, nameEquals } from '../wire/name.ts';
import { octetsKey } from '../wire/octets.ts';

/** Questions being resolved by one worker; each holds sockets and waiters. Unbound's and PowerDNS's limit. */
export const INFLIGHT_MAX = 2048;
// One context may take half of the places, so that a dead upstream of one VPC leaves room for the others. Half of
// the places, and half of each context's, are kept to the end by who got them; in the rest old questions give way
// to new ones.
/** An unprotected question may be pushed out at this age: most answers came by then. Unbound's jostle timeout. */
export const JOSTLE_MS = 200;
/** Clients that wait for one question (BIND's clients-per-query ends there): replies in one burst (DNSBomb 2024). */
export const WAITERS_MAX = 100;

/**
 * What makes two questions the same: context, name, type, and whether the client said CD where that counts. Not who
 * asks, and no client subnet (RebirthDay, CVE-2025-5994).
 */
export interface QuestionIdentity {
  readonly context: number;
  readonly name: Name;
  readonly type: number;
  readonly checkingDisabled: boolean;
}

/** A question that is being resolved. */
export interface InFlight {
  readonly identity: QuestionIdentity;
  /** Of the identity, as the table makes it. */
  readonly hash: number;
  /**
   * Clock time at which it was first asked. Never renewed, whoever joins: otherwise duplicates would keep a slow
   * question young and in its place (CVE-2026-42534).
   */
  readonly startedAt: number;
  /** It has to make room. The table has forgotten it already. */
  jostle(): void;
}

/**
 * The identity as a string. Octets made to a string at once, as three made to one are not ready to be looked up. To look
 * it up the engine has to make it one of its own strings, which takes as long as all else that a table does.
 */
export function questionKey(context: number, name: Name, type: number, checkingDisabled = false): string {
  return octetsKey(key, 0, writeKey(context, name, type, checkingDisabled));
}

/** Leaves the identity in `key` and returns its length. */
function writeKey(context: number, name: Name, type: number, checkingDisabled: boolean): number {
  keyView.setUint32(0, context);
  keyView.setUint16(TYPE_AT, type);
  key[CD_AT] = checkingDisabled ? 1 : 0;
  for (let i = 0; i < name.length; i++) key[NAME_AT + i] = foldOctet(name[i]!);
  return NAME_AT + name.length;
}

function isSame(a: QuestionIdentity, b: QuestionIdentity): boolean {
  return (
    a.context === b.context &&
    a.type === b.type &&
    a.checkingDisabled === b.checkingDisabled &&
    nameEquals(a.name, b.name)
  );
}

const TYPE_AT = 4;
const CD_AT = 6;
const NAME_AT = 7;
const key = new Uint8Array(NAME_AT + NAME_OCTETS_MAX);
const keyView = new DataView(key.buffer);

/** Places taken, in all or by one context. */
interface Places {
  taken: number;
  protected: number;
}

/** All questions that are being resolved. */
export class InFlightTable<F extends InFlight> {
  readonly #seed: HashSeed;
  /** Mostly one to each. */
  readonly #byHash = new Turnover<number, readonly F[]>();
  #size = 0;
  readonly #perContext = new Map<number, Places>();
  #protected = 0;
  /** In order of age, as sets keep it. */
  readonly #unprotected = new Set<F>();
  readonly #max: number;
  readonly #contextMax: number;

  /** @param max limit on the number of questions; smaller in tests */
  constructor(prng: Prng, max = INFLIGHT_MAX) {
    this.#seed = [prng.u32() | 0, prng.u32() | 0];
    this.#max = max;
    this.#contextMax = max / 2;
  }

  get size(): number {
    return this.#size;
  }

  /** Keyed: nobody can make up questions that meet under one hash. */
  hashOf({ context, name, type, checkingDisabled }: QuestionIdentity): number {
    return keyedHash(this.#seed, key, 0, writeKey(context, name, type, checkingDisabled));
  }

  /** @param hash `hashOf` the identity */
  find(identity: QuestionIdentity, hash: number): F | undefined {
    return this.#byHash.get(hash)?.find((question) => isSame(question.identity, identity));
  }

  /** Makes room for another question of that context, pushing out an old one if need be. False: there is none. */
  makeRoom(context: number, now: number): boolean {
    if (this.#placesOf(context).taken >= this.#contextMax) return this.#jostle(now, context);
    return this.#size < this.#max || this.#jostle(now, undefined);
  }

  /** There must be room, and no question with that identity. */
  add(question: F): void {
    const { context } = question.identity;
    const places = this.#placesOf(context);
    places.taken++;
    if (places.protected < this.#contextMax / 2 && this.#protected < this.#max / 2) {
      places.protected++;
      this.#protected++;
    } else this.#unprotected.add(question);
    this.#perContext.set(context, places);
    const others = this.#byHash.get(question.hash);
    this.#byHash.set(question.hash, others === undefined ? [question] : [...others, question]);
    this.#size++;
  }

  has(question: F): boolean {
    return this.#byHash.get(question.hash)?.includes(question) === true;
  }

  remove(question: F): void {
    const { hash, identity } = question;
    if (!this.has(question)) return;
    const others = this.#byHash.get(hash)!.filter((each) => each !== question);
    if (others.length === 0) this.#byHash.delete(hash);
    else this.#byHash.set(hash, others);
    this.#size--;
    const places = this.#placesOf(identity.context);
    places.taken--;
    if (!this.#unprotected.delete(question)) {
      places.protected--;
      this.#protected--;
    }
    if (places.taken === 0) this.#perContext.delete(identity.context);
  }

  #placesOf(context: number): Places {
    return this.#perContext.get(context) ?? { taken: 0, protected: 0 };
  }

  /** Pushes out the oldest unprotected question, of that context if one is given, unless it is too young. */
  #jostle(now: number, context: number | undefined): boolean {
    for (const oldest of this.#unprotected) {
      if (now - oldest.startedAt < JOSTLE_MS) return false;
      if (context !== undefined && oldest.identity.context !== context) continue;
      this.remove(oldest);
      oldest.jostle();
      return true;
    }
    return false;
  }
}
