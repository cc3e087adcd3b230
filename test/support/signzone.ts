/** Signs whole zones for tests (RFC 4035 section 2, RFC 5155 section 7). */
import { createHash } from 'node:crypto';
import { toBase32Hex } from '../../src/wire/base.ts';
import { TYPE } from '../../src/wire/constants.ts';
import {
  compareCanonical,
  fold,
  isAtOrBelow,
  type Name,
  nameEquals,
  nameKey,
  parentOf,
  prepend,
} from '../../src/wire/name.ts';
import type { Rr, Rrset } from '../../src/wire/record.ts';
import { kskOf, type SigningKey, type SignOptions, signRrset, zskOf } from './sign.ts';

export interface Nsec3Options {
  readonly salt?: Uint8Array;
  readonly iterations?: number;
  readonly optOut?: boolean;
}

export interface SignZoneOptions {
  /** Keys with SEP sign the DNSKEY RRset, the others all else; all sign all where one kind is absent. */
  readonly keys: readonly SigningKey[];
  /** `nsec` unless told otherwise. */
  readonly denial?: 'nsec' | 'none' | Nsec3Options;
  readonly inception?: number;
  readonly expiration?: number;
  /** Makes single RRsets wrong: other fields in their RRSIGs, or none of these. */
  readonly override?: (rrset: Rrset) => SignOptions | 'unsigned' | undefined;
}

/** All records of a zone (with its SOA, without DNSSEC records but DS) → the same and DNSKEY, RRSIG, NSEC or NSEC3. */
export function signZone(records: readonly Rr[], options: SignZoneOptions): Rr[] {
  const zone = new Zone(records);
  for (const key of options.keys) zone.add(zone.apex, TYPE.DNSKEY, zone.ttl, key.rdata);
  const { denial = 'nsec' } = options;
  if (denial === 'nsec') addNsec(zone);
  else if (denial !== 'none') addNsec3(zone, denial);
  return zone.rrsets().flatMap((rrset) => [...unfold(rrset), ...signatures(zone, rrset, options)]);
}

type Standing = 'authoritative' | 'delegation' | 'below';

class Zone {
  readonly apex: Name;
  /** Of the SOA record, also for DNSKEY. */
  readonly ttl: number;
  /** Of negative answers: the lesser of the SOA's TTL and its minimum (RFC 9077). */
  readonly negativeTtl: number;
  readonly #nodes = new Map<
    string,
    { name: Name; sets: Map<number, { ttl: number; rdatas: Uint8Array[] }> }
  >();

  constructor(records: readonly Rr[]) {
    const soa = records.find((rr) => rr.type === TYPE.SOA);
    if (soa === undefined) throw new Error('a zone to be signed has an SOA');
    this.apex = soa.name;
    this.ttl = soa.ttl;
    this.negativeTtl = Math.min(soa.ttl, Buffer.from(soa.rdata).readUInt32BE(soa.rdata.length - 4));
    for (const rr of records) this.add(rr.name, rr.type, rr.ttl, rr.rdata);
  }

  add(name: Name, type: number, ttl: number, rdata: Uint8Array): void {
    const key = nameKey(name);
    const node = this.#nodes.get(key) ?? { name, sets: new Map() };
    this.#nodes.set(key, node);
    const set = node.sets.get(type) ?? { ttl, rdatas: [] };
    node.sets.set(type, set);
    set.rdatas.push(rdata);
  }

  rrsets(): Rrset[] {
    return this.names().flatMap((name) => {
      const { sets } = this.#nodes.get(nameKey(name))!;
      return [...sets].map(([type, { ttl, rdatas }]) => ({ name, type, ttl, rdatas }));
    });
  }

  /** In canonical order. */
  names(): Name[] {
    return [...this.#nodes.values()].map((node) => node.name).sort(compareCanonical);
  }

  types(name: Name): number[] {
    return [...(this.#nodes.get(nameKey(name))?.sets.keys() ?? [])];
  }

  standing(name: Name): Standing {
    const above: Name[] = [];
    for (let at = name; !nameEquals(at, this.apex); at = parentOf(at)) above.push(at);
    const [self, ...ancestors] = above;
    if (self === undefined) return 'authoritative';
    if (ancestors.some((at) => this.#has(at, TYPE.NS) || this.#has(at, TYPE.DNAME))) return 'below';
    if (this.#has(this.apex, TYPE.DNAME)) return 'below';
    return this.#has(self, TYPE.NS) ? 'delegation' : 'authoritative';
  }

  #has(name: Name, type: number): boolean {
    return this.#nodes.get(nameKey(name))?.sets.has(type) ?? false;
  }
}

function unfold(rrset: Rrset): Rr[] {
  const { name, type, ttl } = rrset;
  return rrset.rdatas.map((rdata) => ({ name, type, class: 1, ttl, rdata }));
}

function isSigned(zone: Zone, rrset: Rrset): boolean {
  const standing = zone.standing(rrset.name);
  if (standing === 'delegation') return rrset.type === TYPE.DS || rrset.type === TYPE.NSEC;
  // NSEC3 owners are beside the names of the zone, also where the apex has a DNAME.
  return standing === 'authoritative' || rrset.type === TYPE.NSEC3;
}

function signatures(zone: Zone, rrset: Rrset, options: SignZoneOptions): Rr[] {
  if (!isSigned(zone, rrset)) return [];
  const override = options.override?.(rrset);
  if (override === 'unsigned') return [];
  const { inception, expiration } = options;
  const fields: SignOptions = {
    ...(inception === undefined ? {} : { inception }),
    ...(expiration === undefined ? {} : { expiration }),
    ...override,
  };
  const keys = rrset.type === TYPE.DNSKEY ? kskOf(options.keys) : zskOf(options.keys);
  const rdatas = keys.map((key) => signRrset(rrset, key, fields));
  return unfold({ ...rrset, type: TYPE.RRSIG, rdatas });
}

function addNsec(zone: Zone): void {
  const names = zone.names().filter((name) => zone.standing(name) !== 'below');
  const rdatas = names.map((name, i) => {
    const next = names[(i + 1) % names.length]!;
    return Buffer.concat([next, typeBitmap([...shown(zone, name), TYPE.RRSIG, TYPE.NSEC])]);
  });
  names.forEach((name, i) => {
    zone.add(name, TYPE.NSEC, zone.negativeTtl, new Uint8Array(rdatas[i]!));
  });
}

/** The types that the parent's side of a delegation speaks of are NS and DS only. */
function shown(zone: Zone, name: Name): number[] {
  const types = zone.types(name);
  if (zone.standing(name) === 'authoritative') return types;
  return types.filter((type) => type === TYPE.NS || type === TYPE.DS);
}

function addNsec3(zone: Zone, options: Nsec3Options): void {
  const { salt = new Uint8Array(0), iterations = 0, optOut = false } = options;
  const parameters = [1, 0, iterations >> 8, iterations & 0xff, salt.length, ...salt];
  zone.add(zone.apex, TYPE.NSEC3PARAM, 0, Uint8Array.from(parameters));
  parameters[1] = optOut ? 1 : 0;
  const chain = [...hashedNames(zone, optOut).values()]
    .map((name) => ({ hash: nsec3Hash(name, salt, iterations), types: nsec3Types(zone, name) }))
    .sort((a, b) => Buffer.compare(a.hash, b.hash));
  chain.forEach(({ hash, types }, i) => {
    const next = chain[(i + 1) % chain.length]!.hash;
    const rdata = [...parameters, next.length, ...next, ...typeBitmap(types)];
    const label = Buffer.from(toBase32Hex(hash).toLowerCase());
    zone.add(prepend(label, zone.apex)!, TYPE.NSEC3, zone.negativeTtl, Uint8Array.from(rdata));
  });
}

/** Every name that has an NSEC3: with empty non-terminals, without glue, without insecure delegations on opt-out. */
function hashedNames(zone: Zone, optOut: boolean): Map<string, Name> {
  const out = new Map<string, Name>();
  for (const name of zone.names()) {
    const standing = zone.standing(name);
    if (standing === 'below') continue;
    if (optOut && standing === 'delegation' && !zone.types(name).includes(TYPE.DS)) continue;
    for (let at = name; isAtOrBelow(at, zone.apex); at = parentOf(at)) {
      out.set(nameKey(at), at);
      if (nameEquals(at, zone.apex)) break;
    }
  }
  return out;
}

/** At insecure delegations and empty non-terminals nothing is signed (RFC 5155 section 7.1). */
function nsec3Types(zone: Zone, name: Name): number[] {
  const types = shown(zone, name);
  const hasSignature = zone.standing(name) === 'authoritative' ? types.length > 0 : types.includes(TYPE.DS);
  return hasSignature ? [...types, TYPE.RRSIG] : types;
}

/** RFC 5155 section 5: SHA-1 once, and `iterations` times more. */
export function nsec3Hash(name: Name, salt: Uint8Array, iterations: number): Buffer {
  let hash: Uint8Array = fold(name);
  for (let i = 0; i <= iterations; i++) hash = createHash('sha1').update(hash).update(salt).digest();
  return hash as Buffer;
}

/** RFC 4034 section 4.1.2. */
export function typeBitmap(types: readonly number[]): Uint8Array {
  const out: number[] = [];
  for (let window = 0; window < 256; window++) {
    const low = types.filter((type) => type >> 8 === window).map((type) => type & 0xff);
    if (low.length === 0) continue;
    const bits = new Uint8Array((Math.max(...low) >> 3) + 1);
    for (const bit of low) bits[bit >> 3]! |= 0x80 >> (bit & 7);
    out.push(window, bits.length, ...bits);
  }
  return Uint8Array.from(out);
}
