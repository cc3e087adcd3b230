import type { ForwardTarget, Path, RecursivePath } from '../../resolver/path.ts';
import { unreachable } from '../../util/assert.ts';
import { type Name, nameToText } from '../../wire/name.ts';

/** The numbers in use, and the least one that never was. */
export interface Contexts {
  readonly fingerprints: ReadonlyMap<string, number>;
  readonly next: number;
}

/**
 * Numbers the contexts: each pair of a view and a way to an answer has one, which is part of every cache key. A
 * fingerprint says all that makes the answers of a context what they are; while it stays the same over reloads the
 * number does, and what was learned is kept. A number is never given out again: what was learned through a rule's
 * old targets is out of reach of its new ones.
 */
export class ContextRegistry implements Contexts {
  readonly #before: ReadonlyMap<string, number>;
  readonly #now = new Map<string, number>();
  #next: number;

  /** Continues `previous`; what this compilation does not ask for is forgotten. */
  constructor(previous?: Contexts) {
    this.#before = previous?.fingerprints ?? new Map();
    this.#next = previous?.next ?? 1;
  }

  get fingerprints(): ReadonlyMap<string, number> {
    return this.#now;
  }

  /** The next number that is free. */
  get next(): number {
    return this.#next;
  }

  /** The number of a context; 1..2^32-1. */
  of(fingerprint: string): number {
    const known = this.#now.get(fingerprint) ?? this.#before.get(fingerprint);
    const context = known ?? this.#next++;
    this.#now.set(fingerprint, context);
    return context;
  }
}

/**
 * What a VPC learns by a forward rule: for which names, from whom (targets) and as whom (sources) it asks. How it
 * chooses among the targets changes nothing of that.
 */
export function forwardFingerprint(
  vpc: string,
  path: {
    readonly domain: Name;
    readonly targets: readonly ForwardTarget[];
    readonly sources: readonly string[];
  },
): string {
  const asked = path.targets.map(({ address, port }) => `${address} ${port}`).sort();
  const from = path.sources.length > 1 ? [...path.sources].sort() : path.sources;
  return `forward|${vpc}|${nameToText(path.domain)}|${asked.join()}|${from.join()}`;
}

/** What a VPC learns by recursion: from which servers it begins, and as whom (sources) it asks. */
export function recursiveFingerprint(
  vpc: string,
  path: Pick<RecursivePath, 'domain' | 'origin' | 'servers' | 'hints' | 'sources'>,
): string {
  const begin = path.servers.flatMap(({ name, addresses }) =>
    addresses.map(({ address, port }) => `${nameToText(name)} ${address} ${port}`),
  );
  const kind = path.hints ? 'recursive' : 'stub';
  const names = `${nameToText(path.domain)}|${nameToText(path.origin)}`;
  return `${kind}|${vpc}|${names}|${begin.sort().join()}|${[...path.sources].sort().join()}`;
}

/** What a VPC learns by the path. */
export function pathFingerprint(vpc: string, path: Path): string {
  switch (path.kind) {
    case 'forward':
      return forwardFingerprint(vpc, path);
    case 'recursive':
      return recursiveFingerprint(vpc, path);
    default:
      return unreachable(path);
  }
}

/** What a VPC is told by a zone. */
export function zoneFingerprint(vpc: string, zone: { readonly id: string; readonly name: Name }): string {
  return `zone|${vpc}|${zone.id}|${nameToText(zone.name)}`;
}
