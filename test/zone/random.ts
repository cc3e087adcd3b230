/**
 * Random small zones below `example.`: owners of one to four labels from `a`, `b` and `*`, so that wildcards, empty
 * non-terminals, cuts and DNAMEs meet each other all the time. Any list of owners makes a zone that builds.
 */
import fc from 'fast-check';
import { type Name, nameFromText } from '../../src/wire/name.ts';
import { Zone } from '../../src/zone/image.ts';
import { APEX, build } from './support.ts';

export const ORIGIN = 'example.';

/** What stands at a random owner: lines with OWNER in the place of its name. */
const DATA = {
  address: ['OWNER A 192.0.2.1'],
  both: ['OWNER A 192.0.2.2', 'OWNER A 192.0.2.3', 'OWNER TXT x'],
  text: ['OWNER TXT y'],
  alias: ['OWNER CNAME a.example.'],
  away: ['OWNER CNAME www.far.'],
  cut: ['OWNER NS a.OWNER', 'OWNER NS b.example.', 'OWNER A 192.0.2.4'],
  signed: ['OWNER NS ns.far.', `OWNER DS 1 13 2 ${'0A'.repeat(32)}`],
  redirect: ['OWNER DNAME far.', 'OWNER A 192.0.2.5'],
} as const;

type Kind = keyof typeof DATA;

const label = fc.constantFrom('a', 'b', '*');
const kind = fc.constantFrom(...(Object.keys(DATA) as Kind[]));
const owner = fc.tuple(fc.array(label, { minLength: 1, maxLength: 4 }), kind);

/** Text of a zone, without its apex. */
export const randomZone: fc.Arbitrary<string> = fc
  .uniqueArray(owner, { minLength: 1, maxLength: 9, size: 'max', selector: ([labels]) => labels.join('.') })
  .map((owners) => owners.flatMap(([labels, what]) => linesAt(labels, what)).join('\n'));

function linesAt(labels: readonly string[], what: Kind): string[] {
  const hasNoMeaning = labels[0] === '*' && (what === 'cut' || what === 'signed' || what === 'redirect');
  const at = `${labels.join('.')}.${ORIGIN}`;
  return DATA[hasNoMeaning ? 'address' : what].map((line) => line.replaceAll('OWNER', at));
}

export function buildRandom(text: string): Zone {
  return Zone.from(build(ORIGIN, APEX + text).image!);
}

/** The apex and all names of up to `depth` labels from the alphabet of the zones and `c`, which is in none. */
export function questions(depth: number): string[] {
  let names = [ORIGIN];
  const all = [...names];
  for (let i = 0; i < depth; i++) {
    names = names.flatMap((rest) => ['a', 'b', '*', 'c'].map((first) => `${first}.${rest}`));
    all.push(...names);
  }
  return all;
}

export function namesOf(texts: readonly string[]): Name[] {
  return texts.map((text) => nameFromText(text));
}
