import { TYPE } from '../../wire/constants.ts';
import { nameEquals, nameKey } from '../../wire/name.ts';
import { typeToText } from '../../wire/rdata/table.ts';
import { checkAliases } from './aliases.ts';
import { Group } from './group.ts';
import type { ZoneIdentity } from './input.ts';
import { type Member, NO_OTHER_RECORDS, type OtherRecords, type Said, type SetFault } from './members.ts';
import { nameToRoute53 } from './names.ts';
import type { Draft } from './set.ts';

/**
 * What is wrong with the sets of one zone together, each fault with the later of two sets that do not go together;
 * in Route 53's words. `undefined` is a set of which nothing could be read: what is missing may then be in it, and
 * is not told.
 */
export function checkSets(
  zone: ZoneIdentity,
  drafts: readonly (Draft | undefined)[],
  others: OtherRecords = NO_OTHER_RECORDS,
): SetFault[] {
  const rules = new Rules(zone, others);
  const members: Member[] = [];
  let isWhole = others.isWhole;
  drafts.forEach((draft, index) => {
    if (draft?.name === undefined || draft.type === undefined) {
      isWhole = false;
      return;
    }
    const member = { ...draft, index, name: draft.name, type: draft.type, key: nameKey(draft.name) };
    members.push(member);
    rules.add(member);
  });
  if (isWhole) rules.faults.push(...checkAliases(zone, members, others));
  return rules.faults;
}

class Rules {
  readonly faults: SetFault[] = [];
  readonly #zone: ZoneIdentity;
  readonly #zoneText: string;
  readonly #others: OtherRecords;
  /** By name, then type. */
  readonly #groups = new Map<string, Map<number, Group>>();

  constructor(zone: ZoneIdentity, others: OtherRecords) {
    this.#zone = zone;
    this.#zoneText = nameToRoute53(zone.name);
    this.#others = others;
  }

  add(member: Member): void {
    const types = this.#groups.get(member.key) ?? new Map<number, Group>();
    this.#groups.set(member.key, types);
    const report = (message: string, remedy: string, field: string[] = []): void => {
      this.faults.push({ code: 'InvalidChangeBatch', index: member.index, field, message, remedy });
    };
    const misplaced = this.#misplaced(member) ?? this.#besideCname(member, [...types.keys()]);
    if (misplaced !== undefined) report(...misplaced, ['type']);
    const group = types.get(member.type) ?? new Group(this.#others.has(member.key, member.type));
    types.set(member.type, group);
    const conflict = group.conflict(member);
    if (conflict !== undefined) report(...conflict);
    group.add(member);
  }

  /** Types that may not stand at such a name. */
  #misplaced({ name, type }: Member): Said | undefined {
    const isApex = nameEquals(name, this.#zone.name);
    const text = nameToRoute53(name);
    if (type === TYPE.CNAME && isApex)
      return [
        `RRSet of type CNAME with DNS name ${text} is not permitted at apex in zone ${this.#zoneText}`,
        'an alias of type A or AAAA may stand there',
      ];
    const isNowhere = (type === TYPE.SOA && !isApex) || (type === TYPE.NS && text.startsWith('\\052.'));
    if (!isNowhere) return undefined;
    const message = `RRSet of type ${typeToText(type)} with DNS name ${text} is not permitted in zone ${this.#zoneText}`;
    return [
      message,
      type === TYPE.SOA ? 'only the zone itself has an SOA' : 'a wildcard cannot be delegated',
    ];
  }

  /** A CNAME is alone at its name (RFC 1034 section 3.6.2). */
  #besideCname({ name, type, key }: Member, inSets: readonly number[]): Said | undefined {
    const types = [...inSets, ...this.#others.types(key)].filter((other) => other !== type);
    const remedy = 'a CNAME is alone at its name: take another name, or an alias';
    const text = nameToRoute53(name);
    if (type === TYPE.CNAME && types.some((other) => !BESIDE_CNAME.includes(other)))
      return [
        `RRSet of type CNAME with DNS name ${text} is not permitted as it conflicts with other records with the same DNS name in zone ${this.#zoneText}`,
        remedy,
      ];
    if (!types.includes(TYPE.CNAME)) return undefined;
    return [
      `RRSet of type ${typeToText(type)} with DNS name ${text} is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone ${this.#zoneText}`,
      remedy,
    ];
  }
}

/** RFC 4035 section 2.5; a zone file may be signed. */
const BESIDE_CNAME: readonly number[] = [TYPE.RRSIG, TYPE.NSEC];
