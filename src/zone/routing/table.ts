/**
 * Record-set groups of a zone as they lie in its image: which sets share a name and a type, by which policy one of
 * them is chosen, and what each leads to. Written once by `TableBuilder`, read by every thread.
 *
 *   words of 32 bits, native order; starts at a multiple of 8
 *   +----------+-------------------+--------------+---------------+
 *   | header 4 | points 8 × p      | groups 5 × g | members 8 × m |
 *   +----------+-------------------+--------------+---------------+
 *   header  g · m · p · 0
 *   point   x · y · z on the unit sphere · factor of the distance (bias), as 64-bit floats
 *   group   policy, and type << 16 · first member · members · digest of all that the sets say
 *           · what its chances are drawn by: a hash of its name and type
 *   member  LEADS, ETH and OWN · what it leads to · slot of its health check, or NO_CHECK · four words of the policy
 *           · RRset with its SetIdentifier and its owner as rdatas, which only `explain` reads
 *
 * What a member leads to is the number of an RRset of the image (its own records, those of the alias's target, or
 * the name that an alias is resolved by as the only rdata), or the number of a group.
 */
export const POLICY = {
  SIMPLE: 0,
  WEIGHTED: 1,
  FAILOVER: 2,
  LATENCY: 3,
  GEOLOCATION: 4,
  GEOPROXIMITY: 5,
  MULTIVALUE: 6,
  CIDR: 7,
} as const;
export type PolicyNumber = (typeof POLICY)[keyof typeof POLICY];

/** NOWHERE: an alias whose target has gone. */
export const LEADS = { RRSET: 0, GROUP: 1, OUTSIDE: 2, NOWHERE: 3 } as const;
export type Leads = (typeof LEADS)[keyof typeof LEADS];

/** The set has no health check. */
export const NO_CHECK = 0xffffffff;

const HEADER_WORDS = 4;
const GROUP_WORDS = 5;
const MEMBER_WORDS = 8;
const POINT_WORDS = 8;
const POINT_FLOATS = POINT_WORDS / 2;
/** EvaluateTargetHealth. */
const ETH = 4;
/** What it leads to are records of its own. */
const OWN = 8;
const LEADS_MASK = 3;
const PARAMETERS_AT = 3;
const LABEL_AT = 7;

/** Reads a table. Groups and members are numbers. */
export class RoutingTable {
  readonly groups: number;
  readonly members: number;
  readonly #words: Uint32Array;
  readonly #points: Float64Array;
  readonly #groupsAt: number;
  readonly #membersAt: number;

  /** The table at `offset` of `buffer`. Throws RangeError where it is cut short. */
  constructor(buffer: SharedArrayBuffer, offset: number) {
    const [groups, members, points] = new Uint32Array(buffer, offset, HEADER_WORDS) as unknown as number[];
    this.groups = groups!;
    this.members = members!;
    this.#groupsAt = HEADER_WORDS + POINT_WORDS * points!;
    this.#membersAt = this.#groupsAt + GROUP_WORDS * groups!;
    this.#words = new Uint32Array(buffer, offset, this.#membersAt + MEMBER_WORDS * members!);
    this.#points = new Float64Array(buffer, offset + 4 * HEADER_WORDS, POINT_FLOATS * points!);
  }

  policy(group: number): PolicyNumber {
    return (this.#words[this.#groupsAt + GROUP_WORDS * group]! & 0xffff) as PolicyNumber;
  }

  type(group: number): number {
    return this.#words[this.#groupsAt + GROUP_WORDS * group]! >>> 16;
  }

  first(group: number): number {
    return this.#words[this.#groupsAt + GROUP_WORDS * group + 1]!;
  }

  /** One behind the last member. */
  end(group: number): number {
    return this.first(group) + this.#words[this.#groupsAt + GROUP_WORDS * group + 2]!;
  }

  digest(group: number): number {
    return this.#words[this.#groupsAt + GROUP_WORDS * group + 3]!;
  }

  /** For `Asker.chance`: no other group that a question comes by has it, and over reloads it stays. */
  lot(group: number): number {
    return this.#words[this.#groupsAt + GROUP_WORDS * group + 4]! | 0;
  }

  /**
   * The RRset of a simple set of records, -1 where there is a choice or an alias. Nothing is to be chosen there: the
   * group only has the health check, for aliases that ask for it.
   */
  simpleRecords(group: number): number {
    const member = this.first(group);
    const isOwn = (this.#words[this.#membersAt + MEMBER_WORDS * member]! & OWN) !== 0;
    return isOwn && this.policy(group) === POLICY.SIMPLE ? this.target(member) : -1;
  }

  leads(member: number): Leads {
    return (this.#words[this.#membersAt + MEMBER_WORDS * member]! & LEADS_MASK) as Leads;
  }

  evaluatesTarget(member: number): boolean {
    return (this.#words[this.#membersAt + MEMBER_WORDS * member]! & ETH) !== 0;
  }

  /** The RRset or group that the member leads to. */
  target(member: number): number {
    return this.#words[this.#membersAt + MEMBER_WORDS * member + 1]!;
  }

  /** Slot of the health check, or NO_CHECK. */
  check(member: number): number {
    return this.#words[this.#membersAt + MEMBER_WORDS * member + 2]!;
  }

  /** For what is only supposed: the image must be a copy, as one in force is never written. */
  setCheck(member: number, slot: number): void {
    this.#words[this.#membersAt + MEMBER_WORDS * member + 2] = slot;
  }

  /** The RRset whose rdatas are the member's SetIdentifier, in UTF-8, and its owner name. */
  label(member: number): number {
    return this.#words[this.#membersAt + MEMBER_WORDS * member + LABEL_AT]!;
  }

  /** A word of the policy; `index` 0..3. */
  parameter(member: number, index: number): number {
    return this.#words[this.#membersAt + MEMBER_WORDS * member + PARAMETERS_AT + index]!;
  }

  /** x, y, z (0..2) or the factor of the distance (3) of a point. */
  coordinate(point: number, index: number): number {
    return this.#points[POINT_FLOATS * point + index]!;
  }
}

/** A member as it is written. */
export interface MemberWords {
  readonly leads: Leads;
  /** It has records of its own. */
  readonly isOwn: boolean;
  readonly evaluatesTarget: boolean;
  readonly target: number;
  readonly check: number;
  readonly parameters: readonly number[];
  readonly label: number;
}

/** Collects groups and writes the table. */
export class TableBuilder {
  readonly #groups: number[] = [];
  readonly #members: number[] = [];
  readonly #points: number[] = [];

  get groups(): number {
    return this.#groups.length / GROUP_WORDS;
  }

  /** The number of a new group, whose members follow. */
  addGroup(policy: PolicyNumber, type: number, members: number, digest: number, lot: number): number {
    this.#groups.push(policy | (type << 16), this.#members.length / MEMBER_WORDS, members, digest, lot);
    return this.groups - 1;
  }

  addMember({ leads, isOwn, evaluatesTarget, target, check, parameters, label }: MemberWords): void {
    const [a = 0, b = 0, c = 0, d = 0] = parameters;
    const flags = (evaluatesTarget ? ETH : 0) | (isOwn ? OWN : 0);
    this.#members.push(leads | flags, target, check, a, b, c, d, label);
  }

  /** The number of a new point. */
  addPoint(x: number, y: number, z: number, factor: number): number {
    return this.#points.push(x, y, z, factor) / POINT_FLOATS - 1;
  }

  /** What a member leads to, once that has a number. */
  setTarget(member: number, leads: Leads, target: number): void {
    const at = MEMBER_WORDS * member;
    this.#members[at] = (this.#members[at]! & ~LEADS_MASK) | leads;
    this.#members[at + 1] = target;
  }

  /** Octets that `writeTo` takes, a multiple of 4. */
  get byteLength(): number {
    return 4 * (HEADER_WORDS + 2 * this.#points.length + this.#groups.length + this.#members.length);
  }

  /** Writes the table at `offset`, a multiple of 8. */
  writeTo(buffer: SharedArrayBuffer, offset: number): void {
    const words = new Uint32Array(buffer, offset, this.byteLength / 4);
    words.set([this.groups, this.#members.length / MEMBER_WORDS, this.#points.length / POINT_FLOATS, 0]);
    new Float64Array(buffer, offset + 4 * HEADER_WORDS, this.#points.length).set(this.#points);
    const groups = HEADER_WORDS + 2 * this.#points.length;
    words.set(this.#groups, groups);
    words.set(this.#members, groups + this.#groups.length);
  }
}
