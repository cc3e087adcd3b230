import { TYPE } from '../wire/constants.ts';
import { Cursor } from '../wire/cursor.ts';
import { WireError } from '../wire/error.ts';
import { compareCanonical, isAtOrBelow, labelCount, type Name, nameEquals, suffixOf } from '../wire/name.ts';
import { checkRdata } from '../wire/rdata/table.ts';
import { type Rrset, readEach } from '../wire/record.ts';
import { type Chain, type ChainNode, type Encloser, endsChain, type Gap, isOwn } from './chain.ts';
import { NO_TYPES, type TypeBitmap } from './typebitmap.ts';

export interface Nsec {
  readonly owner: Name;
  readonly next: Name;
  readonly types: TypeBitmap;
  readonly rrset: Rrset;
}

/** The records of an NSEC RRset that say something of `zone`; others are passed over. */
export function readNsec(rrset: Rrset, zone: Name): Nsec[] {
  if (rrset.type !== TYPE.NSEC || !isAtOrBelow(rrset.name, zone) || !isOwn(rrset, zone)) return [];
  return readEach(rrset.rdatas, (rdata) => readOne(rrset, rdata, zone));
}

function readOne(rrset: Rrset, rdata: Uint8Array, zone: Name): Nsec | undefined {
  try {
    checkRdata(TYPE.NSEC, rdata);
    const c = new Cursor(rdata);
    const next = c.name(false);
    // A next name outside would deny names of other zones (CVE-2026-13321). After the last name comes the apex.
    if (!isAtOrBelow(next, zone)) return undefined;
    if (!nameEquals(next, zone) && compareCanonical(rrset.name, next) >= 0) return undefined;
    return { owner: rrset.name, next, types: c.bytes(c.left), rrset };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/**
 * NSEC records of one zone (RFC 4034 section 4, RFC 4035 section 5.4). Names in canonical order have what is below
 * a name right after it, so that whatever lies between an owner and its next name is denied together with all below.
 */
export class NsecChain implements Chain {
  readonly exhausted = false;
  readonly #zone: Name;
  readonly #records: readonly Nsec[];

  constructor(zone: Name, records: readonly Nsec[]) {
    this.#zone = zone;
    this.#records = records;
  }

  node(name: Name): ChainNode | undefined {
    const match = this.#records.find((nsec) => nameEquals(nsec.owner, name));
    if (match !== undefined) return match;
    // A next name below makes this one an empty non-terminal.
    const before = this.#covering(name).find((nsec) => isAtOrBelow(nsec.next, name));
    return before && { types: NO_TYPES, rrset: before.rrset };
  }

  gap(name: Name): Gap | undefined {
    const nsec = this.#denying(name);
    return nsec && { rrset: nsec.rrset, optOut: false };
  }

  encloser(name: Name): Encloser | undefined {
    const nsec = this.#denying(name);
    return nsec && { name: encloserIn(nsec, name), used: [nsec.rrset], optOut: false };
  }

  #denying(name: Name): Nsec | undefined {
    return this.#covering(name).find((nsec) => !isAtOrBelow(nsec.next, name));
  }

  #covering(name: Name): Nsec[] {
    return this.#records.filter((nsec) => covers(nsec, name, this.#zone));
  }
}

/** `name` is one of the zone, and lies between owner and next name. */
function covers(nsec: Nsec, name: Name, zone: Name): boolean {
  if (compareCanonical(nsec.owner, name) >= 0) return false;
  if (!nameEquals(nsec.next, zone) && compareCanonical(name, nsec.next) >= 0) return false;
  return !(isAtOrBelow(name, nsec.owner) && endsChain(nsec.types));
}

/**
 * The closest encloser of a name that `nsec` denies: what it shares with the owner or with the next name, both of
 * which exist. An ancestor below that would have to lie between them.
 */
export function encloserIn(nsec: Pick<Nsec, 'owner' | 'next'>, name: Name): Name {
  const before = sharedLabels(nsec.owner, name);
  return suffixOf(name, Math.max(before, sharedLabels(nsec.next, name)));
}

function sharedLabels(a: Name, b: Name): number {
  let shared = Math.min(labelCount(a), labelCount(b));
  while (!nameEquals(suffixOf(a, shared), suffixOf(b, shared))) shared--;
  return shared;
}
