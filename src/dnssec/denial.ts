import { EDE, TYPE } from '../wire/constants.ts';
import { isAtOrBelow, labelCount, type Name, nameEquals, nameToText, ROOT, suffixOf } from '../wire/name.ts';
import { typeToText } from '../wire/rdata/table.ts';
import type { Rrset } from '../wire/record.ts';
import { type Chain, isCut, isNxname, lacks, wildcardBelow } from './chain.ts';
import { type Evidence, readChains } from './evidence.ts';
import { Nsec3Hashes } from './nsec3hash.ts';
import { hasType } from './typebitmap.ts';

export type { Evidence } from './evidence.ts';

interface Bogus {
  readonly status: 'bogus';
  readonly ede: number;
  readonly why: string;
}
interface Insecure {
  readonly status: 'insecure';
  readonly why: string;
  readonly used: readonly Rrset[];
  readonly ede?: number;
}
interface Exhausted {
  readonly status: 'exhausted';
}

/**
 * `used` are the RRsets that the proof is made of: what belongs into an authority section. Insecure: it hangs on an
 * opt-out, or hashing would cost too much. Exhausted: the work of this query is.
 */
export type Proof =
  | { readonly status: 'secure'; readonly used: readonly Rrset[] }
  | Insecure
  | Bogus
  | Exhausted;

/**
 * Why there is no DS. `cut`: a delegation without one, an insecure zone begins. `opt-out`: there may be one.
 * `no-cut`: no delegation, the zone goes on below, if the name exists at all.
 */
export type NoDs =
  | { readonly status: 'cut' | 'opt-out' | 'no-cut'; readonly used: readonly Rrset[] }
  | Insecure
  | Bogus
  | Exhausted;

/** Neither `name` nor a wildcard that would stand for it exists (RFC 4035 section 5.4, RFC 5155 section 8.4). */
export function proveNameError(name: Name, e: Evidence): Proof {
  return weigh(name, e, (chain) => {
    // Before the name itself is looked for: that it does not exist follows, and with many iterations of NSEC3 there is not
    // the work for a hash of it, too.
    const encloser = chain.encloser(name);
    if (encloser === undefined) return proveNxname(name, chain);
    const wildcard = wildcardBelow(encloser.name);
    const gap = chain.gap(wildcard);
    if (gap === undefined) return missing(`no proof that ${nameToText(wildcard)} does not exist`);
    return unlessOptOut(encloser.optOut || gap.optOut, [...encloser.used, gap.rrset]);
  });
}

/** The record at the name says that it does not exist (RFC 9824 section 3.1). */
function proveNxname(name: Name, chain: Chain): Proof {
  const node = chain.node(name);
  if (node === undefined) return missing(`no proof that ${nameToText(name)} does not exist`);
  return isNxname(node.types) ? secure([node.rrset]) : contradicted(`${nameToText(name)} exists`);
}

/**
 * `name` exists without `type`, or has only names below it, or the wildcard that stands for it is such a name (RFC
 * 4035 section 5.4, RFC 5155 sections 8.5 to 8.7). A name that does not exist may be told so too (RFC 9824).
 */
export function proveNoData(name: Name, type: number, e: Evidence): Proof {
  const what = (): string => `${nameToText(name)} has no ${typeToText(type)}`;
  if (type === TYPE.DS && nameEquals(name, e.zone) && !nameEquals(name, ROOT))
    return contradicted(`that ${what()} is not the zone's own to prove`);
  return weigh(name, e, (chain) => {
    const node = chain.node(name);
    if (node !== undefined)
      return lacks(node.types, name, type)
        ? secure([node.rrset])
        : contradicted(`the record at that name does not say that ${what()}`);
    const encloser = chain.encloser(name);
    if (encloser === undefined) return missing(`no proof that ${what()}`);
    const wildcard = wildcardBelow(encloser.name);
    const source = chain.node(wildcard);
    if (source !== undefined)
      return lacks(source.types, wildcard, type)
        ? unlessOptOut(encloser.optOut, [...encloser.used, source.rrset])
        : contradicted(`the record at ${nameToText(wildcard)} does not say that ${what()}`);
    return encloser.optOut ? optOut(encloser.used) : missing(`no proof that ${what()}`);
  });
}

/** An answer made from the wildcard below `closestEncloser` is right: no closer name exists (RFC 4035 section 5.3.4). */
export function proveWildcard(name: Name, closestEncloser: Name, e: Evidence): Proof {
  const labels = labelCount(closestEncloser) + 1;
  if (
    !isAtOrBelow(closestEncloser, e.zone) ||
    !isAtOrBelow(name, closestEncloser) ||
    labelCount(name) < labels
  )
    return contradicted(`${nameToText(closestEncloser)} does not enclose ${nameToText(name)}`);
  const nextCloser = suffixOf(name, labels);
  return weigh(name, e, (chain) => {
    const gap = chain.gap(nextCloser);
    if (gap === undefined) return missing(`no proof that ${nameToText(nextCloser)} does not exist`);
    return unlessOptOut(gap.optOut, [gap.rrset]);
  });
}

/** What `e.zone`, which is above `name`, says of a delegation there (RFC 4035 section 5.2, RFC 5155 section 8.6). */
export function proveNoDs(name: Name, e: Evidence): NoDs {
  const isRoot = nameEquals(name, ROOT);
  if (nameEquals(name, e.zone) && !isRoot) return contradicted('a zone does not speak of its own DS');
  return weigh(name, e, (chain): NoDs => {
    const node = chain.node(name);
    if (node !== undefined) {
      if (hasType(node.types, TYPE.DS)) return contradicted(`${nameToText(name)} has a DS`);
      // The child's own record (RFC 6840 section 4.4).
      if (hasType(node.types, TYPE.SOA) && !isRoot)
        return contradicted('the record is that of the zone itself');
      return { status: isCut(node.types) ? 'cut' : 'no-cut', used: [node.rrset] };
    }
    const encloser = chain.encloser(name);
    if (encloser === undefined) return missing(`no proof that ${nameToText(name)} has no DS`);
    return { status: encloser.optOut ? 'opt-out' : 'no-cut', used: encloser.used };
  });
}

/** The first chain that proves it decides: a zone that changes from one to another may show both. */
function weigh<T extends { status: string }>(
  name: Name,
  e: Evidence,
  judge: (chain: Chain) => T | Bogus,
): T | Insecure | Bogus | Exhausted {
  if (!isAtOrBelow(name, e.zone)) return contradicted(`${nameToText(name)} is not of ${nameToText(e.zone)}`);
  const hashes = e.hashes ?? new Nsec3Hashes(e.work);
  const { chains, tooCostly } = readChains(e, hashes);
  let verdict: T | Bogus | Exhausted | undefined;
  for (const chain of chains) {
    const found = judge(chain);
    if (found.status !== 'bogus' && !chain.exhausted) return found;
    verdict = chain.exhausted ? { status: 'exhausted' } : found;
  }
  if (tooCostly !== undefined) return { status: 'insecure', ...tooCostly };
  return verdict ?? missing(`no NSEC or NSEC3 record of ${nameToText(e.zone)}`);
}

function secure(used: readonly Rrset[]): Proof {
  return { status: 'secure', used: [...new Set(used)] };
}

function optOut(used: readonly Rrset[]): Insecure {
  return { status: 'insecure', why: 'NSEC3 opt-out', used: [...new Set(used)] };
}

/** RFC 5155 section 9.2: what hangs on an opt-out is not authentic. */
function unlessOptOut(hangs: boolean, used: readonly Rrset[]): Proof {
  return hangs ? optOut(used) : secure(used);
}

function missing(why: string): Bogus {
  return { status: 'bogus', ede: EDE.NSEC_MISSING, why };
}

function contradicted(why: string): Bogus {
  return { status: 'bogus', ede: EDE.BOGUS, why };
}
