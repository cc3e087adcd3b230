/** Records in presentation form, and what to check them with. */
import { type AlgorithmTable, algorithmTable } from '../../src/dnssec/algorithm.ts';
import { verifyDnskeys } from '../../src/dnssec/ds.ts';
import { type DnsKey, KeyStore } from '../../src/dnssec/key.ts';
import { type Verifier, verifyRrset } from '../../src/dnssec/verify.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { type Name, nameEquals, nameFromText, nameKey, ROOT } from '../../src/wire/name.ts';
import type { Rr, Rrset } from '../../src/wire/record.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';
import { NOW } from '../support/sign.ts';

/** Throws Error for the first error of the text. */
export function records(text: string, origin: Name = ROOT): Rr[] {
  const out: Rr[] = [];
  const errors = parseZone(text, { origin, file: 'text', defaultTtl: 3600, onRecord: (rr) => out.push(rr) });
  if (errors.length > 0) throw new Error(`${errors[0]!.line}: ${errors[0]!.message}`);
  return out;
}

/** The RRsets of records, each with the RRSIGs that cover it. */
export function rrsetsOf(all: readonly Rr[]): Rrset[] {
  const sets = new Map<
    string,
    { name: Name; type: number; ttl: number; rdatas: Uint8Array[]; sigs: Uint8Array[] }
  >();
  for (const rr of all) {
    const isSig = rr.type === TYPE.RRSIG;
    const type = isSig ? (rr.rdata[0]! << 8) | rr.rdata[1]! : rr.type;
    const key = `${type} ${nameKey(rr.name)}`;
    const set = sets.get(key) ?? { name: rr.name, type, ttl: rr.ttl, rdatas: [], sigs: [] };
    sets.set(key, set);
    (isSig ? set.sigs : set.rdatas).push(rr.rdata);
  }
  return [...sets.values()];
}

export function rrset(text: string): Rrset {
  const [set, ...others] = rrsetsOf(records(text));
  if (set === undefined || others.length > 0) throw new Error(`one RRset: ${text}`);
  return set;
}

export const name = (text: string): Name => nameFromText(text);

/** Counts what is charged; refuses from `limit` on. */
export class CountedWork {
  verifies = 0;
  readonly #limit: number;

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  takeVerify(): boolean {
    if (this.verifies >= this.#limit) return false;
    this.verifies++;
    return true;
  }

  takeNsec3Blocks(): boolean {
    return true;
  }
}

export interface TestVerifier extends Verifier {
  readonly work: CountedWork;
}

export function verifier(
  options: { now?: number; sha1?: boolean; limit?: number; algorithms?: AlgorithmTable } = {},
): TestVerifier {
  return {
    algorithms: options.algorithms ?? algorithmTable({ sha1: options.sha1 ?? false }),
    keys: new KeyStore(),
    now: options.now ?? NOW,
    work: new CountedWork(options.limit),
  };
}

/** `secure`, or what is wrong, of each RRset of a signed zone whose keys `ds` stands for. What is not signed is left out. */
export function checkZone(all: readonly Rr[], apex: Name, ds: readonly Uint8Array[], v: Verifier): string[] {
  const sets = rrsetsOf(all);
  const dnskeys = sets.find((set) => set.type === TYPE.DNSKEY && nameEquals(set.name, apex))!;
  const checked = verifyDnskeys(dnskeys, apex, { ds, dnskey: [] }, v);
  if (checked.status !== 'secure') return [`${checked.status} ${'why' in checked ? checked.why : ''}`];
  return sets.filter((set) => set.sigs!.length > 0).map((set) => verdict(set, apex, checked.keys, v));
}

export function verdict(set: Rrset, zone: Name, keys: readonly DnsKey[], v: Verifier): string {
  const checked = verifyRrset(set, zone, keys, v);
  return 'why' in checked ? `${checked.status} ${checked.ede} ${checked.why}` : checked.status;
}
