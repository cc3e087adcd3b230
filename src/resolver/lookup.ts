import type { Cached, Failure, RecordCache } from '../cache/records.ts';
import { leastSecurity, type Security } from '../cache/security.ts';
import { EDE, RCODE, TYPE } from '../wire/constants.ts';
import { type Name, nameEquals } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import type { Path } from './path.ts';
import { failed, type Resolution } from './resolution.ts';
import { CHAIN_LINKS_MAX } from './scrub.ts';

/** What the cache knows of a question. */
export type Seen =
  | { readonly state: 'fresh'; readonly resolution: Resolution; readonly prefetchDue: boolean }
  | Missing;

/**
 * `stale` has expired, and is kept for the case that no target answers. `failure`: asking failed a while ago, and
 * is not to be tried again yet.
 */
export interface Missing {
  readonly state: 'missing';
  readonly stale: Cached | undefined;
  readonly failure: Failure | undefined;
}

/** How the cache is read. */
export interface Reading {
  /** `get` counts as a hit, `peek` leaves no trace. */
  readonly read: 'get' | 'peek';
  /** What was never validated counts as not there: where answers are validated, and the client did not say CD. */
  readonly checkedOnly: boolean;
}

/**
 * Follows fresh CNAMEs from link to link, each cached on its own. Where a target is not known the chain is answered
 * as far as it goes: the target is a question of its own, and perhaps another path's.
 */
export function look(
  cache: RecordCache,
  context: number,
  name: Name,
  type: number,
  { read, checkedOnly }: Reading,
): Seen {
  // ANY is whatever the upstream gives (RFC 8482); what it gave is never taken for all there is.
  if (type === TYPE.ANY) {
    const { failure } = cache[read](context, name, type) ?? {};
    return { state: 'missing', stale: undefined, failure };
  }
  const chain: Rrset[] = [];
  const visited: Name[] = [name];
  const proofs: Rrset[] = [];
  let security: Security = 'secure';
  let current = name;
  let prefetchDue = false;
  let age = 0;
  for (;;) {
    const entry = usable(cache[read](context, current, type), checkedOnly);
    if (entry?.state === 'fresh' && entry.kind !== 'failure') {
      if (chain.length === 0) prefetchDue = entry.prefetchDue;
      const found = fromEntry(entry, chain, Math.max(age, entry.age));
      const resolution = {
        ...found,
        proofs: [...proofs, ...(found.proofs ?? [])],
        security: leastSecurity(security, entry.security),
      };
      return { state: 'fresh', resolution, prefetchDue };
    }
    const mayBeAlias = type !== TYPE.CNAME && cache.has(context, current, TYPE.CNAME);
    const alias = mayBeAlias ? usable(cache[read](context, current, TYPE.CNAME), checkedOnly) : undefined;
    const link = alias?.rrset;
    if (alias?.state === 'fresh' && link !== undefined && visited.length <= CHAIN_LINKS_MAX) {
      if (chain.length === 0) prefetchDue = alias.prefetchDue;
      const target = link.rdatas[0]!;
      if (visited.some((seen) => nameEquals(seen, target))) break;
      // The DNAME that made the alias goes before it (RFC 6672 section 3.1); other proofs are for the authority section.
      for (const proof of alias.proofs) (proof.type === TYPE.DNAME ? chain : proofs).push(proof);
      chain.push(link);
      visited.push(target);
      security = leastSecurity(security, alias.security);
      age = Math.max(age, alias.age);
      current = target;
      continue;
    }
    if (chain.length > 0) break;
    return expired(entry, link === undefined ? undefined : alias);
  }
  const open: Resolution = {
    outcome: 'answer',
    rcode: RCODE.NOERROR,
    rrsets: chain,
    ede: [],
    proofs,
    security,
    source: 'cache',
    ageSeconds: age,
  };
  return { state: 'fresh', resolution: open, prefetchDue };
}

/** Unvalidated data, fresh or stale, are none where only validated ones count; a failure is one all the same. */
function usable(entry: Cached | undefined, checkedOnly: boolean): Cached | undefined {
  if (entry === undefined || !checkedOnly || entry.kind === 'failure') return entry;
  if (entry.security !== 'unchecked') return entry;
  // That it failed lately holds also where a client that said CD was given what there is.
  const { failure } = entry;
  return failure && { ...entry, kind: 'failure', rrset: undefined, soa: undefined, failure };
}

function fromEntry(entry: Cached, chain: readonly Rrset[], ageSeconds: number): Resolution {
  const { security } = entry;
  // The DNAME that made a CNAME goes before it.
  const dname = entry.proofs.filter(({ type }) => type === TYPE.DNAME);
  const proofs = entry.proofs.filter(({ type }) => type !== TYPE.DNAME);
  const common = { ede: [], source: 'cache', ageSeconds, proofs, security } as const;
  if (entry.kind === 'rrset') {
    const rrsets = [...chain, ...dname, entry.rrset!];
    return { ...common, outcome: 'answer', rcode: RCODE.NOERROR, rrsets };
  }
  return {
    ...common,
    outcome: entry.kind === 'nxdomain' ? 'nxdomain' : 'nodata',
    rcode: entry.kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR,
    rrsets: chain,
    ...(entry.soa === undefined ? {} : { soa: entry.soa }),
  };
}

/** Nothing fresh at the question's own name. Of an expired answer and an expired alias the younger counts. */
function expired(entry: Cached | undefined, alias: Cached | undefined): Seen {
  const own = entry?.kind === 'failure' ? undefined : entry;
  const stale = own === undefined || (alias !== undefined && alias.age < own.age) ? alias : own;
  return { state: 'missing', stale, failure: entry?.failure };
}

/** Expired data as an answer (RFC 8767): its TTL is 30 seconds, and the client is told. */
export function serveStale(stale: Cached, path: Path, why: string): Resolution {
  const code = stale.kind === 'nxdomain' ? EDE.STALE_NXDOMAIN : EDE.STALE_ANSWER;
  return {
    ...fromEntry(stale, [], stale.age),
    ede: [{ code, text: `rule ${path.rule}: ${why}` }],
    source: 'stale',
  };
}

/** A failure that is remembered (RFC 9520 section 3.2). */
export function serveFailure(path: Path, failure: Failure): Resolution {
  const code = failure.ede ?? EDE.NO_REACHABLE_AUTHORITY;
  const text =
    failure.text ?? `rule ${path.rule}: the servers failed lately and are asked again in ${failure.left} s`;
  const resolution = { ...failed(path, 'cached', ''), ede: [{ code, text }] };
  return { ...resolution, ede: [...resolution.ede, { code: EDE.CACHED_ERROR, text: '' }] };
}
