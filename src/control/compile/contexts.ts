import { createHash } from 'node:crypto';
import type { ForwardPath, ForwardTarget, RecursivePath } from '../../resolver/path.ts';
import type { RecursionSettings } from '../../resolver/settings.ts';
import { unreachable } from '../../util/assert.ts';
import type { DelegateRule } from '../../view/snapshot.ts';
import { type Name, nameToText } from '../../wire/name.ts';

/** The numbers in use, and the least one that never was. */
export interface Contexts {
  /** By owner of the view, the numbers of its contexts by fingerprint. */
  readonly fingerprints: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly next: number;
}

/**
 * Numbers the contexts: each pair of a view and a way to an answer has one, which is part of every cache key. A
 * fingerprint says all that makes the answers of a context what they are; while it stays the same over reloads the
 * number does, and what was learned is kept. A number is never given out again: what was learned through a rule's
 * old targets is out of reach of its new ones.
 */
export class ContextRegistry implements Contexts {
  readonly #before: Contexts['fingerprints'];
  readonly #now = new Map<string, ReadonlyMap<string, number>>();
  /** Of these, what is of this compilation alone. */
  readonly #own = new Map<string, Map<string, number>>();
  #next: number;

  /**
   * Continues `previous`; what this compilation does not ask for is forgotten.
   * @param least new numbers are not below it
   */
  constructor(previous?: Contexts, least = 1) {
    this.#before = previous?.fingerprints ?? new Map();
    this.#next = Math.max(previous?.next ?? 1, least);
  }

  get fingerprints(): Contexts['fingerprints'] {
    return this.#now;
  }

  /** The next number that is free. */
  get next(): number {
    return this.#next;
  }

  /** The number of a context; 1..2^32-1. */
  of(owner: string, fingerprint: string): number {
    let own = this.#own.get(owner);
    if (own === undefined) {
      this.#own.set(owner, (own = new Map()));
      this.#now.set(owner, own);
    }
    const known = own.get(fingerprint) ?? this.#before.get(owner)?.get(fingerprint);
    const context = known ?? this.#next++;
    own.set(fingerprint, context);
    return context;
  }

  /** All contexts of an owner whose view is as it was; `of` is not asked for any. */
  keep(owner: string): void {
    const before = this.#before.get(owner);
    if (before !== undefined) this.#now.set(owner, before);
  }
}

/** A path before it has a context. */
export type PathWithoutContext = Omit<ForwardPath, 'context'> | Omit<RecursivePath, 'context'>;

/**
 * What a VPC learns by a path: for which names, from whom (targets, servers) and as whom (sources) it asks, and
 * what it trusts. How it chooses among the targets changes nothing of that.
 *
 * @param trust see `trustDigest`
 */
export function pathFingerprint(path: PathWithoutContext, trust: string): string {
  const from = [...path.sources].sort().join();
  const domain = nameToText(path.domain);
  const trusted = path.validate ? `|${trust}` : '';
  switch (path.kind) {
    case 'forward':
      return `forward|${domain}|${targetsText(path.targets)}|${from}${trusted}`;
    case 'recursive': {
      const servers = path.servers.map(
        ({ name, addresses }) => `${nameToText(name)} ${targetsText(addresses)}`,
      );
      const kind = path.hints ? 'recursive' : 'stub';
      return `${kind}|${domain}|${nameToText(path.origin)}|${servers.sort().join()}|${from}${trusted}`;
    }
    default:
      return unreachable(path);
  }
}

function targetsText(targets: readonly ForwardTarget[]): string {
  return targets
    .map((target) =>
      target.protocol === 'do53'
        ? `${target.address} ${target.port}`
        : `${target.protocol} ${target.peer.key}`,
    )
    .sort()
    .join();
}

/** What a VPC learns by following referrals of a DELEGATE rule. */
export function delegateFingerprint({ record, sources }: Pick<DelegateRule, 'record' | 'sources'>): string {
  return `delegate|${nameToText(record)}|${[...sources].sort().join()}`;
}

/**
 * What decides whether a record is secure. Records are kept with the verdict: under other anchors, or where a
 * negative one came or went, they must be validated anew (RFC 7646 section 2 has the cache flushed). When a
 * negative anchor ends is not part of it.
 */
export function trustDigest({ anchors, ntas, sha1 }: RecursionSettings): string {
  const hex = (rdatas: readonly Uint8Array[]): string[] =>
    rdatas.map((rdata) => Buffer.from(rdata).toString('hex')).sort();
  const trusted = anchors.map(({ zone, ds, dnskey }) => [nameToText(zone), hex(ds), hex(dnskey)]);
  const untrusted = ntas.map(({ domain }) => nameToText(domain));
  const all = JSON.stringify([trusted.map((each) => JSON.stringify(each)).sort(), untrusted.sort(), sha1]);
  return createHash('sha256').update(all).digest('base64');
}

/** What a VPC is told by a zone. */
export function zoneFingerprint(zone: { readonly id: string; readonly name: Name }): string {
  return `zone|${zone.id}|${nameToText(zone.name)}`;
}
