/** What the zones of a tree say of a name, before anybody lies: aliases followed, nothing cached, nothing validated. */
import { CLASS, rcodeToText, TYPE } from '../../../src/wire/constants.ts';
import { encodeQuery, readMessage } from '../../../src/wire/message.ts';
import {
  isAtOrBelow,
  type Name,
  nameEquals,
  nameFromText,
  nameKey,
  parentOf,
} from '../../../src/wire/name.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { respond } from '../authority.ts';
import { AuthorityZone } from '../authority-zone.ts';
import { rcodeOf } from '../packet.ts';
import { typeCode } from '../simnet.ts';
import { recordText } from './compare.ts';
import type { Question, Tree } from './tree.ts';

/** Longer chains are answered with SERVFAIL by some and not by others. */
const LINKS_MAX = 12;

export class Honest {
  readonly #zones = new Map<string, AuthorityZone>();

  constructor(tree: Tree) {
    for (const leaf of [tree.root, ...tree.tlds, ...tree.cases.flatMap(({ zones }) => zones)])
      this.#zones.set(nameKey(leaf.origin), new AuthorityZone(leaf.origin, leaf.records));
  }

  /** `NOERROR name TYPE rdata …`, records sorted. */
  answer(question: Question): { rcode: string; records: readonly string[] } {
    const type = typeCode(question.type);
    const records: Rr[] = [];
    let rcode = 0;
    let name: Name | undefined = nameFromText(question.name);
    for (let links = 0; name !== undefined && links < LINKS_MAX; links++) {
      const zone: AuthorityZone = this.#zoneOf(name, type);
      const said = respond(readMessage(encodeQuery({ id: 1, name, type })), [zone]);
      const own: Rr[] = said.answer.filter((rr) => rr.class === CLASS.IN && rr.type !== TYPE.RRSIG);
      rcode = rcodeOf(said);
      const walk: { records: Rr[]; next: Name | undefined } = along(name, type, own, zone.origin);
      records.push(...walk.records);
      name = walk.next;
    }
    return { rcode: rcodeToText(rcode), records: [...new Set(records.map(recordText))].sort() };
  }

  #zoneOf(name: Name, type: number): AuthorityZone {
    for (let at = type === TYPE.DS && name.length > 1 ? parentOf(name) : name; ; at = parentOf(at)) {
      const zone = this.#zones.get(nameKey(at));
      if (zone !== undefined) return zone;
    }
  }
}

/** One name's own part; what follows is asked anew, for it may be another zone's. */
function along(
  name: Name,
  type: number,
  answer: readonly Rr[],
  origin: Name,
): { records: Rr[]; next: Name | undefined } {
  const dname = answer.find(
    (rr) =>
      rr.type === TYPE.DNAME &&
      !nameEquals(rr.name, name) &&
      isAtOrBelow(name, rr.name) &&
      isAtOrBelow(rr.name, origin),
  );
  const cname = answer.find((rr) => rr.type === TYPE.CNAME && nameEquals(rr.name, name));
  if (cname === undefined || type === TYPE.CNAME)
    return {
      records: [...(dname ? [dname] : []), ...answer.filter((rr) => nameEquals(rr.name, name))],
      next: undefined,
    };
  return { records: [...(dname ? [dname] : []), cname], next: cname.rdata };
}
