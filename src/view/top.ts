import type { Hitter } from '../util/heavyhitters.ts';

/** What is counted: questions by name and type, or by the client's address. Both within a VPC. */
export type TopKind = 'names' | 'clients';

export const isTopKind = (text: string): text is TopKind => text === 'names' || text === 'clients';

/** What one worker counted. Keys are made by `topKey`; one may be there twice. */
export interface TopSketch {
  /** For how long. */
  readonly milliseconds: number;
  /** How many questions there were, estimated from those that were looked at. */
  readonly questions: number;
  /** By how much a count may be too low. */
  readonly uncertainty: number;
  readonly hitters: readonly Hitter<string>[];
}

/** A line of `causeway top`. */
export interface TopEntry {
  /** The VPC, or the id of the authoritative endpoint's view. */
  readonly vpc: string;
  /** `www.example.com. A`, or an address. */
  readonly what: string;
  readonly questions: number;
}

export interface TopReport {
  readonly kind: TopKind;
  readonly seconds: number;
  readonly questions: number;
  readonly uncertainty: number;
  /** The most frequent first. */
  readonly entries: readonly TopEntry[];
}

/** Neither ids nor names in text form have tabs. */
export function topKey(vpc: string, what: string): string {
  return `${vpc}\t${what}`;
}

export function readTopKey(key: string): Pick<TopEntry, 'vpc' | 'what'> {
  const at = key.indexOf('\t');
  return { vpc: key.slice(0, at), what: key.slice(at + 1) };
}
