import { nameKey } from '../../wire/name.ts';
import { typeToText } from '../../wire/rdata/table.ts';
import type { Alias } from '../../zone/recordset.ts';
import { ALIAS_DEPTH_MAX } from '../../zone/setgroups.ts';
import type { ZoneIdentity } from './input.ts';
import type { Member, OtherRecords, Said, SetFault } from './members.ts';
import { nameToRoute53 } from './names.ts';

/** Aliases to names of their own zone: the target is there, with the type of the alias, and none leads in a circle. */
export function checkAliases(
  zone: ZoneIdentity,
  members: readonly Member[],
  others: OtherRecords,
): SetFault[] {
  const targets = new Targets(zone, members, others);
  const aliases = members.flatMap((member) => {
    const { content, type } = member;
    if (content?.kind !== 'alias' || content.where !== 'zone') return [];
    return { member, alias: content, from: groupKey(member.key, type), to: targets.find(content, type) };
  });
  const levels = levelsOf(aliases);
  return aliases.flatMap(({ member, alias, from, to }): SetFault[] => {
    const why = whyRefused(typeToText(member.type), to, levels.get(from), levels.get(to ?? ''));
    if (why === undefined) return [];
    const what = `Tried to create an alias that targets ${nameToRoute53(alias.target)}, type ${typeToText(member.type)} in zone ${zone.id}`;
    return [
      {
        code: 'InvalidChangeBatch',
        index: member.index,
        field: ['aliasTarget', 'dnsName'],
        message: `${what}, but ${why[0]}`,
        remedy: why[1],
      },
    ];
  });
}

/** @param level and `toLevel` of the alias and of its target; undefined where they lead in a circle */
function whyRefused(
  type: string,
  to: string | undefined,
  level: number | undefined,
  toLevel: number | undefined,
): Said | undefined {
  if (to === undefined)
    return ['that target was not found', `write a name of the zone that has a set of type ${type}`];
  if (toLevel === undefined) return ['its aliases lead in a circle', 'let one of them have values'];
  // Those above it are not told: they are right once this one is.
  if (toLevel !== ALIAS_DEPTH_MAX || level !== ALIAS_DEPTH_MAX + 1) return undefined;
  return [`its aliases lead through more than ${ALIAS_DEPTH_MAX} others`, 'let it lead to the last of them'];
}

function groupKey(key: string, type: number): string {
  return `${type} ${key}`;
}

/** `*` as a label of a key. */
const WILDCARD = '\x01*';

class Targets {
  readonly #groups = new Set<string>();
  /** With all that stands above a name, up to the zone. */
  readonly #names = new Set<string>();
  readonly #others: OtherRecords;

  constructor(zone: ZoneIdentity, members: readonly Member[], others: OtherRecords) {
    this.#others = others;
    this.#names.add(nameKey(zone.name));
    for (const { key, type } of members) {
      this.#groups.add(groupKey(key, type));
      for (let name = key; !this.#names.has(name); name = parentKey(name)) this.#names.add(name);
    }
  }

  /** The group that answers for the target, perhaps a wildcard (RFC 4592 section 3.3.1); undefined: none does. */
  find({ target }: Alias, type: number): string | undefined {
    const key = nameKey(target);
    if (this.#has(key, type)) return groupKey(key, type);
    if (this.#exists(key)) return undefined;
    let encloser = parentKey(key);
    while (!this.#exists(encloser)) encloser = parentKey(encloser);
    const wildcard = WILDCARD + encloser;
    return this.#has(wildcard, type) ? groupKey(wildcard, type) : undefined;
  }

  #has(key: string, type: number): boolean {
    return this.#groups.has(groupKey(key, type)) || this.#others.has(key, type);
  }

  #exists(key: string): boolean {
    return this.#names.has(key) || this.#others.exists(key);
  }
}

function parentKey(key: string): string {
  return key.slice(key.charCodeAt(0) + 1);
}

interface Edge {
  readonly from: string;
  readonly to: string | undefined;
}

/**
 * How many aliases follow each other from a group on; none for those that lead in a circle. Groups without a way out
 * are taken away, again and again: what is left is circles and the ways into them.
 */
function levelsOf(edges: readonly Edge[]): Map<string, number> {
  const waysOut = new Map<string, number>();
  const waysIn = new Map<string, string[]>();
  for (const { from, to } of edges) {
    if (to === undefined) continue;
    waysOut.set(from, (waysOut.get(from) ?? 0) + 1);
    if (!waysOut.has(to)) waysOut.set(to, 0);
    const others = waysIn.get(to);
    if (others === undefined) waysIn.set(to, [from]);
    else others.push(from);
  }
  const levels = new Map<string, number>();
  let ends = [...waysOut].flatMap(([group, ways]) => (ways === 0 ? group : []));
  for (let level = 0; ends.length > 0; level++) {
    const next: string[] = [];
    for (const group of ends) {
      levels.set(group, level);
      for (const from of waysIn.get(group) ?? []) {
        const left = waysOut.get(from)! - 1;
        waysOut.set(from, left);
        if (left === 0) next.push(from);
      }
    }
    ends = next;
  }
  return levels;
}
