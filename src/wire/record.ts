import type { Name } from './name.ts';

export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/** One resource record; rdata is in wire form with names uncompressed. */
export interface Rr {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly rdata: Uint8Array;
}

/**
 * All records of one owner and type in class IN (RFC 2181 section 5), the unit of caching, answering and
 * truncation. `sigs` are the rdata of the RRSIGs that cover it.
 */
export interface Rrset {
  readonly name: Name;
  readonly type: number;
  /** Seconds, 0..2^31-1. */
  readonly ttl: number;
  readonly rdatas: readonly Uint8Array[];
  readonly sigs?: readonly Uint8Array[];
}

/** What `read` makes of each, without those that it makes nothing of. */
export function readEach<T>(rdatas: readonly Uint8Array[], read: (rdata: Uint8Array) => T | undefined): T[] {
  const made: T[] = [];
  for (const rdata of rdatas) {
    const one = read(rdata);
    if (one !== undefined) made.push(one);
  }
  return made;
}

/** Octets of its rdata and of its signatures. */
export function octetsOf({ rdatas, sigs = [] }: Rrset): number {
  let octets = 0;
  for (const rdata of rdatas) octets += rdata.length;
  for (const sig of sigs) octets += sig.length;
  return octets;
}

/** An Extended DNS Error (RFC 8914): `text` names the rule or zone that is concerned. */
export interface Ede {
  readonly code: number;
  readonly text: string;
}

/**
 * What to say, before it is encoded: stages fill it, `wire/writer` alone lays it out. The answer section
 * holds the CNAME chain first and in order.
 */
export interface Answer {
  rcode: number;
  aa: boolean;
  ad: boolean;
  answer: Rrset[];
  authority: Rrset[];
  /** NS of the zone, for the end of the authority section: left out without TC where they do not fit. */
  zoneNs: Rrset[];
  additional: Rrset[];
  ede: Ede[];
}

export function emptyAnswer(rcode: number): Answer {
  return { rcode, aa: false, ad: false, answer: [], authority: [], zoneNs: [], additional: [], ede: [] };
}
