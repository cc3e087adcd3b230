/**
 * Zones made at random for the comparison with Unbound: few labels in many combinations, so that wildcards, empty
 * non-terminals, aliases and cuts come to lie beside, above and below each other.
 */
import type { Prng } from '../../../src/util/prng.ts';
import { pick } from './random.ts';

/** A name relative to the zone's origin, and what stands there. */
export interface Owner {
  readonly name: string;
  readonly types: readonly string[];
}

export interface Content {
  /** Zone-file text without SOA, NS and delegations. */
  readonly text: string;
  readonly owners: readonly Owner[];
  /** Cuts, relative to the origin. */
  readonly cuts: readonly string[];
}

/** Upper case, an asterisk that is no wildcard, octets that sort before letters and after them, a dot in a label. */
const LABELS = ['a', 'b', 'c', 'ab', 'B', 'z', '-', '0', '\\255', 'a\\.b', '*b', 'x'.repeat(63)];
const WILDCARD_SHARE = 20;
const OWNERS_MAX = 9;

/** `elsewhere` are absolute names that aliases may lead to. */
export function contentOf(prng: Prng, elsewhere: readonly string[]): Content {
  const owners = new Map<string, Owner>();
  const lines: string[] = [];
  const cuts: string[] = [];
  const aliases: string[] = [];
  const count = 3 + prng.below(OWNERS_MAX - 2);
  for (let i = 0; i < count; i++) {
    const name = nameOf(prng);
    if (owners.has(name.toLowerCase()) || isBelowAny(name, [...aliases, ...cuts])) continue;
    const isCut = !name.startsWith('*') && prng.below(100) < 12;
    if (isCut && isBelowAny([...owners.keys()], [name])) continue;
    if (isCut) cuts.push(name);
    const records = isCut ? [] : recordsAt(prng, [...owners.keys()], elsewhere);
    if (records[0]?.startsWith('DNAME')) {
      // Below a DNAME nothing else may stand (RFC 6672 section 2.4).
      if (isBelowAny([...owners.keys()], [name])) continue;
      aliases.push(name);
    }
    lines.push(...records.map((record) => `${name} ${record}`));
    owners.set(name.toLowerCase(), {
      name,
      types: [...new Set(records.map((record) => record.split(' ')[0]!))],
    });
  }
  return { text: `${lines.join('\n')}\n`, owners: [...owners.values()], cuts };
}

function isBelowAny(names: string | readonly string[], above: readonly string[]): boolean {
  return above.some((top) =>
    [names].flat().some((name) => name.toLowerCase().endsWith(`.${top.toLowerCase()}`)),
  );
}

function nameOf(prng: Prng): string {
  const depth = 1 + prng.below(3);
  const labels = Array.from({ length: depth }, () => pick(prng, LABELS));
  if (prng.below(100) < WILDCARD_SHARE) labels[0] = '*';
  // A wildcard in the middle of a name is an ordinary label (RFC 4592 section 2.1.1).
  if (depth > 1 && prng.below(100) < 4) labels[1] = '*';
  return labels.join('.');
}

function recordsAt(prng: Prng, own: readonly string[], elsewhere: readonly string[]): string[] {
  const dice = prng.below(100);
  if (dice < 18) return [`CNAME ${target(prng, own, elsewhere)}`];
  if (dice < 26) return [`DNAME ${target(prng, own, elsewhere)}`];
  return DATA.filter(() => prng.below(100) < 25).concat('A 192.0.2.1');
}

function target(prng: Prng, own: readonly string[], elsewhere: readonly string[]): string {
  const dice = prng.below(4);
  if (dice === 0) return pick(prng, LABELS);
  if (dice === 1 && own.length > 0) return pick(prng, own).replace(/^\*/, 'q');
  const away = pick(prng, elsewhere);
  return dice === 2 ? away : `${pick(prng, LABELS)}.${away}`;
}

const DATA = [
  'A 192.0.2.2',
  'AAAA 2001:db8::1',
  'MX 10 a',
  'MX 5 B',
  'TXT "t" "u"',
  'TXT "T"',
  'SRV 1 2 3 a',
  'CAA 0 issue "ca.example"',
  'TYPE65400 \\# 3 aabbcc',
  `TXT ${Array.from({ length: 6 }, () => `"${'t'.repeat(240)}"`).join(' ')}`,
];
