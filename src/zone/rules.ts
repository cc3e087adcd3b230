import { TYPE } from '../wire/constants.ts';
import { typeToText } from '../wire/rdata/table.ts';

/** As many values as Route 53 takes in one RRset. */
export const RECORDS_PER_RRSET_MAX = 400;
/** A name with more is made to slow lookups down; more than there are types in use. */
export const TYPES_PER_NAME_MAX = 100;
/** Header, question and the longest owner names aside, what a message of 65,535 octets can hold. */
export const RRSET_OCTETS_MAX = 65535 - 12 - 255 - 4;

/** Where a name stands in its zone. */
export type Place = 'apex' | 'wildcard' | 'inside' | 'below-cut' | 'below-dname';

/** Why records of `type` are not part of the zone at such a name; undefined where they are. */
export function whyIgnored(place: Place, isCut: boolean, type: number): string | undefined {
  switch (place) {
    case 'below-dname':
      return 'it is below a DNAME, which answers for all names below it (RFC 6672 section 2.4)';
    case 'below-cut':
      return isAddress(type) ? undefined : 'it is below a zone cut and no glue (RFC 1034 section 4.2.1)';
    case 'apex':
      return type === TYPE.DS ? 'it stands in the parent zone (RFC 4035 section 2.4)' : undefined;
    case 'wildcard':
    case 'inside':
      if (!isCut || isAddress(type) || AT_CUT.includes(type)) return undefined;
      return 'the name is a zone cut, where this zone holds only NS, DS and glue (RFC 1034 section 4.2.1)';
  }
}

function isAddress(type: number): boolean {
  return type === TYPE.A || type === TYPE.AAAA;
}

/** The parent's side of a cut (RFC 4035 section 2.3 to 2.5). DNAME and CNAME stay, to be refused below. */
const AT_CUT: readonly number[] = [TYPE.NS, TYPE.DS, TYPE.NSEC, TYPE.RRSIG, TYPE.CNAME, TYPE.DNAME];
/** What may stand beside a CNAME (RFC 4035 section 2.5). */
const BESIDE_CNAME: readonly number[] = [TYPE.CNAME, TYPE.RRSIG, TYPE.NSEC];

/** What is wrong with the types (ascending) and numbers of records at one name that is part of the zone. */
export function faultsOf(place: Place, types: readonly number[], counts: readonly number[]): string[] {
  // Most of a large zone: nothing that any rule speaks of.
  if (place === 'inside' && types.length === 1 && types[0] === TYPE.A && counts[0] === 1) return NO_FAULTS;
  const faults: string[] = [];
  const count = (type: number): number => counts[types.indexOf(type)] ?? 0;
  if (place === 'apex') {
    if (count(TYPE.SOA) === 0) faults.push('the zone has no SOA record');
    if (count(TYPE.NS) === 0) faults.push('the zone has no NS record at its apex');
  } else if (count(TYPE.SOA) > 0) faults.push('SOA: only the apex has one');
  for (const single of [TYPE.SOA, TYPE.CNAME, TYPE.DNAME])
    if (count(single) > 1) faults.push(`${typeToText(single)}: ${count(single)} records; at most one`);
  if (count(TYPE.CNAME) > 0) faults.push(...besideCname(place, types));
  if (count(TYPE.DNAME) > 0 && count(TYPE.NS) > 0 && place !== 'apex')
    faults.push('DNAME: beside NS only at the apex (RFC 6672 section 2.3)');
  if (place === 'wildcard')
    for (const type of [TYPE.NS, TYPE.DNAME])
      if (count(type) > 0)
        faults.push(`${typeToText(type)}: has no meaning at a wildcard (RFC 4592 section 4)`);
  if (types.length > TYPES_PER_NAME_MAX) faults.push(`${types.length} types; at most ${TYPES_PER_NAME_MAX}`);
  types.forEach((type, i) => {
    if (counts[i]! > RECORDS_PER_RRSET_MAX)
      faults.push(`${typeToText(type)}: ${counts[i]} records; at most ${RECORDS_PER_RRSET_MAX}`);
  });
  return faults;
}

const NO_FAULTS: string[] = [];

function besideCname(place: Place, types: readonly number[]): string[] {
  if (place === 'apex') return ['CNAME: not allowed at the apex'];
  const others = types.filter((type) => !BESIDE_CNAME.includes(type));
  if (others.length === 0) return [];
  return [`CNAME: not allowed beside other data (${others.slice(0, 5).map(typeToText).join(', ')})`];
}
