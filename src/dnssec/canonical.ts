import { CLASS } from '../wire/constants.ts';
import { foldOctet, labelCount, type Name, suffixOf } from '../wire/name.ts';
import { canonicalRdata } from '../wire/rdata/table.ts';
import type { Rrset } from '../wire/record.ts';
import { type Rrsig, SIGNER_AT } from './rrsig.ts';

const ASTERISK = 0x2a;

/** True for `*.example.`: the leftmost label is a single asterisk. */
export function isWildcard(name: Name): boolean {
  return name[0] === 1 && name[1] === ASTERISK;
}

/** Labels of an owner as RRSIGs count them (RFC 4034 section 3.1.3). */
export function signedLabels(owner: Name): number {
  return labelCount(owner) - (isWildcard(owner) ? 1 : 0);
}

/** Well-formed rdatas in canonical form and order, each once (RFC 4034 sections 6.2 and 6.3). */
export function canonicalRdatas(type: number, rdatas: readonly Uint8Array[]): readonly Uint8Array[] {
  if (rdatas.length === 1) return [canonicalRdata(type, rdatas[0]!)];
  const sorted = rdatas.map((rdata) => canonicalRdata(type, rdata)).sort(compareOctets);
  return sorted.filter((rdata, i) => i === 0 || compareOctets(sorted[i - 1]!, rdata) !== 0);
}

/** As unsigned octets; where one is the beginning of the other, the shorter is first. */
export function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** Type, class, TTL. */
const FIXED_OCTETS = 8;
const LENGTH_OCTETS = 2;
const SCRATCH_OCTETS = 4_096;

let scratch = new Uint8Array(SCRATCH_OCTETS);

/**
 * What `sig` signs (RFC 4034 section 3.1.8.1): its own rdata without the signature, then the RRset as it was in its
 * zone. `rdatas` are canonical. Valid until the next call.
 */
export function signedData(rrset: Rrset, rdatas: readonly Uint8Array[], sig: Rrsig): Uint8Array {
  const start = sig.signatureAt;
  const owner = signedOwner(rrset.name, sig.labels);
  reserve(start + octetsOf(owner, rdatas));
  for (let i = 0; i < SIGNER_AT; i++) scratch[i] = sig.rdata[i]!;
  for (let i = SIGNER_AT; i < start; i++) scratch[i] = foldOctet(sig.rdata[i]!);
  return scratch.subarray(0, writeRecords(start, owner, rrset.type, sig.originalTtl, rdatas));
}

/** Records of one owner and type in canonical form (RFC 4034 section 6.2). `rdatas` are canonical. Valid until the next call. */
export function canonicalRecords(
  owner: Name,
  type: number,
  ttl: number,
  rdatas: readonly Uint8Array[],
): Uint8Array {
  reserve(octetsOf(owner, rdatas));
  return scratch.subarray(0, writeRecords(0, owner, type, ttl, rdatas));
}

/** The name in the zone: a wildcard where the signature has fewer labels than the owner (RFC 4035 section 5.3.2). */
function signedOwner(owner: Name, labels: number): Name {
  if (labels >= signedLabels(owner)) return owner;
  const encloser = suffixOf(owner, labels);
  const wildcard = new Uint8Array(encloser.length + 2);
  wildcard[0] = 1;
  wildcard[1] = ASTERISK;
  wildcard.set(encloser, 2);
  return wildcard;
}

function octetsOf(owner: Name, rdatas: readonly Uint8Array[]): number {
  let octets = rdatas.length * (owner.length + FIXED_OCTETS + LENGTH_OCTETS);
  for (const rdata of rdatas) octets += rdata.length;
  return octets;
}

function reserve(octets: number): void {
  let length = scratch.length;
  while (length < octets) length *= 2;
  if (length > scratch.length) scratch = new Uint8Array(length);
}

/** Returns the end. All records begin alike, and so the first one's beginning is copied. */
function writeRecords(
  start: number,
  owner: Name,
  type: number,
  ttl: number,
  rdatas: readonly Uint8Array[],
): number {
  for (let i = 0; i < owner.length; i++) scratch[start + i] = foldOctet(owner[i]!);
  let at = writeFixed(start + owner.length, type, ttl);
  const head = at - start;
  at = writeRdata(at, rdatas[0]!);
  for (let i = 1; i < rdatas.length; i++) {
    scratch.copyWithin(at, start, start + head);
    at = writeRdata(at + head, rdatas[i]!);
  }
  return at;
}

function writeFixed(at: number, type: number, ttl: number): number {
  scratch[at] = type >>> 8;
  scratch[at + 1] = type;
  scratch[at + 2] = 0;
  scratch[at + 3] = CLASS.IN;
  scratch[at + 4] = ttl >>> 24;
  scratch[at + 5] = ttl >>> 16;
  scratch[at + 6] = ttl >>> 8;
  scratch[at + 7] = ttl;
  return at + FIXED_OCTETS;
}

function writeRdata(at: number, rdata: Uint8Array): number {
  scratch[at] = rdata.length >>> 8;
  scratch[at + 1] = rdata.length;
  scratch.set(rdata, at + LENGTH_OCTETS);
  return at + LENGTH_OCTETS + rdata.length;
}
