/** What is asked of a zone made at random: all that is there, beside, above and below it, as any client might. */
import type { Prng } from '../../../src/util/prng.ts';
import { sample } from './random.ts';
import type { Question } from './tree.ts';
import type { Content } from './zones.ts';

const OTHER_TYPES = ['A', 'AAAA', 'TXT', 'MX', 'DS', 'CNAME', 'PTR', 'TYPE65400', 'NS'];

export function questionsOf(prng: Prng, zone: string, content: Content, count: number): Question[] {
  const out = new Map<string, Question>();
  const add = (relative: string, type: string): void => {
    const name = relative === '' ? zone : `${relative}.${zone}`;
    out.set(`${name} ${type}`, { name, type });
  };
  for (const type of ['SOA', 'NS', 'DNSKEY', 'DS', 'A']) add('', type);
  for (const { name, types } of content.owners) {
    for (const type of types) add(name, type);
    for (const type of sample(prng, OTHER_TYPES, 2)) add(name, type);
    const tame = name.replace(/^\*/, 'q');
    add(tame, 'A');
    add(`q.${tame}`, 'A');
    add(`q.r.${tame}`, sample(prng, OTHER_TYPES, 1)[0]!);
    const parent = name
      .split(/(?<!\\)\./)
      .slice(1)
      .join('.');
    if (parent !== '') add(parent, 'A');
    if (parent !== '') add(`0.${parent}`, 'A');
  }
  for (const cut of content.cuts) for (const label of ['a', 'x.w', 'none']) add(`${label}.${cut}`, 'A');
  for (const cut of content.cuts) add(cut, 'DS');
  for (const name of ['none', 'a.none', 'b', 'zz', '*']) add(name, 'A');
  // NSD goes on behind a CNAME that was asked for, and Unbound takes the rcode from there.
  return sample(
    prng,
    [...out.values()].filter(({ type }) => type !== 'CNAME'),
    count,
  );
}
