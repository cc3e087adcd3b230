import { typeToText } from '../../wire/rdata/table.ts';
import type { Place, Policy } from '../../zone/recordset.ts';
import { keyText, type Member, type Said, setText } from './members.ts';
import { nameToRoute53 } from './names.ts';

/** As many as Route 53 lets share a name and a type; of geoproximity fewer. */
const GROUP_MAX = 100;
const GEOPROXIMITY_MAX = 30;

/** The sets of one name and type. */
export class Group {
  readonly #hasOther: boolean;
  readonly #identifiers = new Set<string | undefined>();
  /** What may be there once: regions, roles, places, locations. */
  readonly #places = new Set<string>();
  #first: Member | undefined;
  #ttl: number | undefined;
  #size = 0;

  /** @param hasOther there is a record of the name and type that is in no set: it is as a simple one */
  constructor(hasOther: boolean) {
    this.#hasOther = hasOther;
  }

  add(member: Member): void {
    this.#size++;
    this.#first ??= member;
    this.#identifiers.add(member.setIdentifier);
    this.#places.add(placeOf(member.policy)?.text ?? '');
    if (member.content?.kind === 'records') this.#ttl ??= member.content.ttl;
  }

  /** Why `member` cannot join those that are there; the first reason that holds. */
  conflict(member: Member): Said | undefined {
    const { policy } = member;
    const first = this.#first?.policy ?? (this.#hasOther ? SIMPLE : undefined);
    if (this.#isThere(member))
      return [`Tried to create resource record set ${keyText(member)} but it already exists`, ONCE];
    if (first === undefined || policy === undefined) return undefined;
    if (first.kind !== policy.kind) return otherPolicy(member, policy);
    return (
      this.#tooMany(member, policy) ??
      this.#samePlace(member, policy, first) ??
      this.#otherTtl(member, policy)
    );
  }

  #isThere({ policy, setIdentifier }: Member): boolean {
    if (this.#hasOther && policy?.kind === 'simple') return true;
    return (
      this.#size > 0 &&
      this.#identifiers.has(setIdentifier) &&
      (setIdentifier !== undefined || policy?.kind === 'simple')
    );
  }

  #tooMany(member: Member, policy: Policy): Said | undefined {
    const most = policy.kind === 'geoproximity' ? GEOPROXIMITY_MAX : GROUP_MAX;
    if (this.#size < most) return undefined;
    return [
      `${setText(member)} cannot be created as more than ${most} sets have this name and type.`,
      `at most ${most}`,
    ];
  }

  #samePlace(member: Member, policy: Policy, first: Policy): Said | undefined {
    if (policy.kind === 'cidr' && first.kind === 'cidr' && policy.collection !== first.collection)
      return [
        `${setText(member)} cannot be created as IP-based sets must name the same CIDR collection.`,
        'name the collection of the others',
      ];
    const place = placeOf(policy);
    if (place === undefined || !this.#places.has(place.text)) return undefined;
    return [
      `${setText(member)}, and ${place.text} cannot be created because a ${WORD[policy.kind]} RRSet with the same name, type and ${place.what} already exists.`,
      ONCE,
    ];
  }

  #otherTtl(member: Member, policy: Policy): Said | undefined {
    const { content } = member;
    if (policy.kind !== 'weighted' || content?.kind !== 'records') return undefined;
    if (this.#ttl === undefined || this.#ttl === content.ttl) return undefined;
    return [
      `RRSet with DNS name ${nameToRoute53(member.name)} and type ${typeToText(member.type)}, SetIdentifier ${member.setIdentifier} cannot be created as weighted sets must contain the same TTL.`,
      `the TTL of the others is ${this.#ttl}`,
    ];
  }
}

const SIMPLE: Policy = { kind: 'simple' };
const ONCE = 'leave one of them out';

function otherPolicy(member: Member, policy: Policy): Said {
  const remedy = 'all sets of one name and type have the same routing policy';
  if (policy.kind === 'simple')
    return [
      `RRSet with DNS name ${nameToRoute53(member.name)}, type ${typeToText(member.type)} cannot be created as other RRSets exist with the same name and type.`,
      remedy,
    ];
  return [
    `${setText(member)} cannot be created as a non-${WORD[policy.kind]} set exists with the same name and type.`,
    remedy,
  ];
}

const WORD: Readonly<Record<Policy['kind'], string>> = {
  simple: 'simple',
  weighted: 'weighted',
  failover: 'failover',
  latency: 'latency',
  geolocation: 'geolocation',
  geoproximity: 'geoproximity',
  multivalue: 'multivalue answer',
  cidr: 'CIDR',
};

/** What of a policy only one set of a group may have. */
function placeOf(policy: Policy | undefined): { text: string; what: string } | undefined {
  switch (policy?.kind) {
    case 'latency':
      return { text: `Region Name=${policy.region}`, what: 'region' };
    case 'failover':
      return { text: `Failover=${policy.role.toUpperCase()}`, what: 'failover' };
    case 'geolocation':
      return { text: `GeoLocation=${placeText(policy.place)}`, what: 'geolocation' };
    case 'cidr':
      return { text: `Location Name=${policy.location}`, what: 'location' };
    case 'simple':
    case 'weighted':
    case 'geoproximity':
    case 'multivalue':
    case undefined:
      return undefined;
  }
}

function placeText(place: Place): string {
  switch (place.kind) {
    case 'default':
      return '*';
    case 'continent':
      return `continent ${place.continent}`;
    case 'country':
      return place.country;
    case 'subdivision':
      return `${place.country}-${place.subdivision}`;
  }
}
