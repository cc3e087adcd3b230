import { EDE } from '../wire/constants.ts';
import type { Name } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import type { Chain } from './chain.ts';
import { NsecChain, readNsec } from './nsec.ts';
import { costOf, type Nsec3, Nsec3Chain, readNsec3 } from './nsec3.ts';
import { type Nsec3Hashes, sameParameters } from './nsec3hash.ts';
import type { Work } from './work.ts';

/** NSEC3 records looked at for one proof; the longest takes three. */
export const NSEC3_RECORDS_MAX = 8;

/** What a denial is proven with. */
export interface Evidence {
  readonly zone: Name;
  /** NSEC and NSEC3 RRsets that the keys of `zone` have signed; other types are passed over. */
  readonly rrsets: readonly Rrset[];
  readonly work: Work;
  /** What was hashed for other proofs of the same query, so that no name is paid for twice. */
  readonly hashes?: Nsec3Hashes;
}

/** NSEC3 records that are not used, because hashing with their parameters would cost too much. */
export interface TooCostly {
  readonly why: string;
  readonly used: readonly Rrset[];
  readonly ede: number;
}

/** NSEC is first, as it costs nothing. */
export function readChains(
  e: Evidence,
  hashes: Nsec3Hashes,
): { chains: readonly Chain[]; tooCostly: TooCostly | undefined } {
  const chains: Chain[] = [];
  const nsec = e.rrsets.flatMap((rrset) => readNsec(rrset, e.zone));
  if (nsec.length > 0) chains.push(new NsecChain(e.zone, nsec));
  let tooCostly: TooCostly | undefined;
  for (const records of byParameters(e)) {
    const why = costOf(records[0].parameters);
    if (why === undefined) chains.push(new Nsec3Chain(e.zone, records, hashes));
    else tooCostly = { why, used: rrsetsOf(records), ede: EDE.UNSUPPORTED_NSEC3_ITERATIONS };
  }
  return { chains, tooCostly };
}

/** Records of differing parameters belong to differing chains, and never make one proof (RFC 5155 section 8.2). */
function byParameters(e: Evidence): [Nsec3, ...Nsec3[]][] {
  const groups: [Nsec3, ...Nsec3[]][] = [];
  let left = NSEC3_RECORDS_MAX;
  for (const rrset of e.rrsets)
    for (const record of readNsec3(rrset, e.zone)) {
      if (left-- === 0) return groups;
      const group = groups.find(([first]) => sameParameters(first.parameters, record.parameters));
      if (group === undefined) groups.push([record]);
      else group.push(record);
    }
  return groups;
}

function rrsetsOf(records: readonly Nsec3[]): Rrset[] {
  return [...new Set(records.map((record) => record.rrset))];
}
