import { unreachable } from '../util/assert.ts';
import type { HealthBits } from '../util/healthbits.ts';
import { EDE, RCODE, TYPE } from '../wire/constants.ts';
import { type Name, nameToText } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import type { Settled, ZoneResult } from '../zone/lookup.ts';
import type { Asker, Locator } from '../zone/routing/asker.ts';
import { Chooser, type Witness } from '../zone/routing/choose.ts';
import type { Facts } from '../zone/routing/policy.ts';
import { LEADS } from '../zone/routing/table.ts';
import type { Zone } from '../zone/zone.ts';
import { CHAIN_LINKS_MAX, type Query, type Step } from './query.ts';

/** Chooses among record sets for the clients of one world. */
export class Routing {
  readonly chooser: Chooser;
  readonly facts: Facts;
  readonly #locators: Locators;

  constructor(health: HealthBits, facts: Facts, locators: Locators) {
    this.chooser = new Chooser(health);
    this.facts = facts;
    this.#locators = locators;
  }

  /** The result is in `chooser`. Without allocation. */
  choose(
    zone: Zone,
    index: number,
    view: number,
    group: number,
    asker: Asker,
    witness?: Witness,
  ): 'one' | 'several' | 'none' {
    asker.by(this.#locators(index, view));
    return this.chooser.choose(zone.routing, group, asker, this.facts, witness);
  }
}

/** Who knows where clients are, for the zone and the view with these indexes. */
export type Locators = (zone: number, view: number) => Locator | undefined;

/** The choice that an answer goes by. */
export interface MadeChoice {
  readonly zone: number;
  readonly number: number;
  readonly group: number;
  readonly member: number;
  readonly mask: number;
  /** What the question depends on up to the choice. */
  readonly dependencies: Query['dependencies'];
}

type Routed = Extract<ZoneResult, { kind: 'routed' }>;

/** What the zone says to this client: the record set that its policies choose, as if no other were there. */
export function choose(q: Query, index: number, result: Routed): Settled {
  const { routing } = q.world;
  const zone = q.world.zone(index);
  const { group, owner, node, deps } = result;
  const outcome = routing.choose(zone, index, q.view.index, group, q.asker, q.trace?.witness(zone, q));
  const { chooser } = routing;
  q.scopeBits = Math.max(q.scopeBits, chooser.bits);
  note(q, index, zone, group, chooser);
  switch (outcome) {
    case 'none':
      return { kind: 'nodata', soa: zone.negativeSoa, node, deps };
    case 'one':
      return leadTo(q, zone, chooser.member, result);
    case 'several': {
      const sets = Array.from(chooser.picked.subarray(0, chooser.count), (member) =>
        zone.rrsetAt(zone.routing.target(member), owner),
      );
      return { kind: 'hit', rrset: merged(sets), node, deps };
    }
    default:
      return unreachable(outcome);
  }
}

/** A second choice, or one that follows on what was learned of others, is more than a key says. */
function note(q: Query, index: number, zone: Zone, group: number, chooser: Chooser): void {
  if (q.choice !== undefined || !q.authoritative || !chooser.isRepeatable) q.storable = false;
  q.choice = {
    zone: index,
    number: zone.number,
    group,
    member: chooser.member,
    mask: chooser.mask,
    dependencies: [...q.dependencies],
  };
}

function leadTo(q: Query, zone: Zone, member: number, { owner, node, deps }: Routed): Settled {
  const { routing } = zone;
  if (routing.leads(member) === LEADS.NOWHERE) {
    q.aliasError = 'missing';
    return { kind: 'nodata', soa: zone.negativeSoa, node, deps };
  }
  const rrset = zone.rrsetAt(routing.target(member), owner);
  if (routing.leads(member) === LEADS.OUTSIDE)
    return { kind: 'alias', owner, type: rrset.type, target: rrset.rdatas[0]!, node, deps };
  if (rrset.type === TYPE.CNAME && !q.isAliasAsked)
    return { kind: 'cname', rrset, target: rrset.rdatas[0]!, node, deps };
  return { kind: 'hit', rrset, node, deps };
}

/** One RRset of several (RFC 2181 section 5.2: with one TTL, the lowest). */
function merged(sets: readonly Rrset[]): Rrset {
  const [first] = sets as [Rrset];
  const ttl = Math.min(...sets.map((set) => set.ttl));
  const seen = new Set<string>();
  const rdatas = sets.flatMap((set) => set.rdatas).filter((rdata) => isNew(seen, rdata));
  return { name: first.name, type: first.type, ttl, rdatas };
}

function isNew(seen: Set<string>, rdata: Uint8Array): boolean {
  return seen.size < seen.add(rdata.join()).size;
}

/**
 * An alias to a name outside of its zone: resolved as the client would resolve it, and told under the alias's own
 * name, with the least TTL on the way. A target without such records is an empty answer, not a failure.
 */
export function flatten(
  q: Query,
  index: number,
  { owner, type, target }: Extract<ZoneResult, { kind: 'alias' }>,
  walk: (q: Query) => undefined | Promise<undefined>,
): Step {
  if (q.links === 0) q.answer.aa = true;
  q.secure = false;
  q.trace?.step('alias', `${nameToText(owner)} is an alias: ${nameToText(target)} is resolved`);
  if (q.depth >= CHAIN_LINKS_MAX) {
    q.aliasError = 'failed';
    const text = `more than ${CHAIN_LINKS_MAX} aliases lead from zone to zone at ${nameToText(target)}`;
    return q.fail(RCODE.SERVFAIL, EDE.OTHER, text);
  }
  const sub = q.sub(target, type);
  const waiting = walk(sub);
  const take = (): 'done' | 'follow' => tell(q, index, owner, sub);
  return waiting === undefined ? take() : waiting.then(take);
}

/** There are no such records: told by the alias's zone, for no longer than it is known of the target. */
function denyTarget(q: Query, index: number, sub: Query): 'done' {
  const soa = q.world.zone(index).negativeSoa;
  const known = sub.answer.authority.find(({ type }) => type === TYPE.SOA);
  if (known === undefined) q.storable = false;
  return q.deny({ kind: 'nodata', soa: { ...soa, ttl: Math.min(soa.ttl, known?.ttl ?? 0) } });
}

function tell(q: Query, index: number, owner: Name, sub: Query): 'done' | 'follow' {
  q.restOn(sub);
  const { rcode, answer, authority, ede } = sub.answer;
  q.answer.ede.push(...ede);
  const found = answer.at(-1);
  if (rcode === RCODE.NOERROR && found?.type === sub.qtype) {
    const ttl = Math.min(...answer.map((set) => set.ttl));
    const told = { name: owner, type: found.type, ttl, rdatas: found.rdatas };
    if (told.type === TYPE.CNAME && !q.isAliasAsked) return q.follow([told], told.rdatas[0]!);
    q.answer.answer.push(told);
    return 'done';
  }
  if (authority.some(({ type }) => type === TYPE.NS)) {
    q.aliasError = 'failed';
    const text = `${nameToText(sub.current)}, which an alias leads to, is delegated to other servers`;
    return q.fail(RCODE.SERVFAIL, EDE.NO_REACHABLE_AUTHORITY, text);
  }
  const isDenied = rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN;
  q.aliasError = isDenied ? 'missing' : 'failed';
  if (isDenied) return denyTarget(q, index, sub);
  q.dropRecords(rcode);
  return 'done';
}
