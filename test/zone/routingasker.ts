/** The choice among record sets as a question finds it: through the image of a zone, its lookup and the chooser. */
import { CidrTable } from '../../src/util/cidr.ts';
import { HealthBits } from '../../src/util/healthbits.ts';
import { nameToText } from '../../src/wire/name.ts';
import { locationKey } from '../../src/zone/geo/regions.ts';
import { placeCode, pointOf, type Whereabouts } from '../../src/zone/geo/whereabouts.ts';
import { Zone, ZoneBuilder } from '../../src/zone/image.ts';
import { lookup } from '../../src/zone/lookup.ts';
import type { RecordSet } from '../../src/zone/recordset.ts';
import { Asker } from '../../src/zone/routing/asker.ts';
import { Chooser } from '../../src/zone/routing/choose.ts';
import type { Facts } from '../../src/zone/routing/policy.ts';
import { LEADS } from '../../src/zone/routing/table.ts';
import type { CidrCollection, Circumstances, Outcome } from '../support/routing.ts';
import type { Question } from '../support/routingclients.ts';
import { ORIGIN } from '../support/routingsets.ts';
import { APEX, problems, records } from './support.ts';

/** What was answered: values as text, sorted; the name of an alias that leads out; or that nothing was. */
export type Told = { readonly kind: 'records'; readonly values: readonly string[] } | NotRecords;
type NotRecords =
  | { readonly kind: 'outside'; readonly target: string }
  | { readonly kind: 'none' | 'nodata' | 'nxdomain' };

const APEX_RECORDS = records(nameToText(ORIGIN), APEX);

/** One zone, asked again and again. */
export class RoutedZone {
  readonly #zone: Zone;
  readonly #health: HealthBits;
  readonly #chooser: Chooser;
  readonly #asker = new Asker();
  readonly #facts: Facts;

  /** Throws where the sets do not build. */
  constructor(
    sets: readonly RecordSet[],
    collections: readonly CidrCollection[] = [],
    health: HealthBits = new HealthBits(),
  ) {
    this.#health = health;
    this.#chooser = new Chooser(health);
    this.#facts = { collections: collections.map(collectionOf), roundTrips: undefined };
    const builder = new ZoneBuilder(ORIGIN, { seed: 1 });
    for (const rr of APEX_RECORDS) builder.add(rr);
    for (const set of sets) builder.addSet(set);
    const built = builder.finish();
    if (built.image === undefined) throw new Error(problems(built.errors).join('\n'));
    this.#zone = Zone.from(built.image);
  }

  /** `checks`: the slots that the sets may name. `draw` is the random number of the question. */
  ask({ name, type }: Question, at: Circumstances, checks: readonly number[], draw: number): Told {
    const result = lookup(this.#zone, name, type);
    switch (result.kind) {
      case 'hit':
      case 'cname':
        return told(result.rrset.rdatas);
      case 'nodata':
      case 'nxdomain':
        return { kind: result.kind };
      case 'routed':
        for (const slot of checks) this.#health.set(slot, at.isHealthy(slot));
        return this.#choose(result.group, at, draw);
      default:
        throw new Error(`no answer of these zones: ${result.kind}`);
    }
  }

  /** On how many leading bits of the client's address the last choice depended. */
  get bits(): number {
    return this.#chooser.bits;
  }

  #choose(group: number, at: Circumstances, draw: number): Told {
    const { routing } = this.#zone;
    const chooser = this.#chooser;
    const asker = this.#asker.set(at.client.address, at.client.bits, draw).by(locatorOf(at));
    const outcome = chooser.choose(routing, group, asker, this.#facts);
    if (outcome === 'none') return { kind: 'none' };
    const members = outcome === 'one' ? [chooser.member] : [...chooser.picked.subarray(0, chooser.count)];
    const rdatas = members.flatMap((member) => this.#zone.rrsetAt(routing.target(member), ORIGIN).rdatas);
    const leadsOut = outcome === 'one' && routing.leads(chooser.member) === LEADS.OUTSIDE;
    return leadsOut ? { kind: 'outside', target: nameToText(rdatas[0]!) } : told(rdatas);
  }
}

function told(rdatas: readonly Uint8Array[]): Told {
  return { kind: 'records', values: rdatas.map((rdata) => textOf(rdata)).sort() };
}

function textOf(rdata: Uint8Array): string {
  return Buffer.from(rdata).toString('latin1');
}

/** Tells what is known of the client, whatever its address is. */
function locatorOf({ client, home }: Circumstances): {
  locate: (a: Uint8Array, b: number, found: Whereabouts) => void;
} {
  const code = (letters: string | undefined): number => (letters === undefined ? 0 : placeCode(letters));
  return {
    locate(_address, _bits, found) {
      found.continent = code(client.continent);
      found.country = code(client.country);
      found.subdivision = code(client.subdivision);
      [found.x, found.y, found.z] = pointOf(client.coordinates ?? home);
      found.hasPoint = true;
      found.bits = 0;
    },
  };
}

function collectionOf(collection: CidrCollection): CidrTable {
  return CidrTable.build(
    collection.map(({ location, block }) => ({ ...block, value: locationKey(location) })),
  );
}

/** Whether this is one of the outcomes. */
export function isAmong(outcomes: readonly Outcome[], told: Told): boolean {
  return outcomes.some(({ answer }) => {
    if (answer.kind !== told.kind) return false;
    if (answer.kind === 'outside')
      return told.kind === 'outside' && nameToText(answer.target) === told.target;
    if (answer.kind !== 'records' || told.kind !== 'records') return true;
    return areSome(answer.of, answer.count, told.values);
  });
}

/** Whether `values` are all those of exactly `count` of the sets. */
function areSome(of: readonly RecordSet[], count: number, values: readonly string[]): boolean {
  const wholly = of.map(valuesOf).filter((own) => own.every((value) => values.includes(value)));
  return wholly.length === count && wholly.flat().length === values.length;
}

function valuesOf({ content }: RecordSet): string[] {
  return content.kind === 'records' ? content.rdatas.map(textOf) : [];
}

/** One word for what was told: `sharesOf` has its share. */
export function keyOf(told: Told): string {
  if (told.kind === 'records') return told.values.join(' ');
  return told.kind === 'outside' ? `-> ${told.target}` : told.kind;
}

/** The share of each thing that may be told; where some of several sets answer, any choice of them is as likely. */
export function sharesOf(outcomes: readonly Outcome[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (const { probability, answer } of outcomes) {
    const all = keysOf(answer);
    for (const key of all) shares.set(key, (shares.get(key) ?? 0) + probability / all.length);
  }
  return shares;
}

function keysOf(answer: Outcome['answer']): string[] {
  if (answer.kind === 'outside') return [keyOf({ kind: 'outside', target: nameToText(answer.target) })];
  if (answer.kind !== 'records') return [answer.kind];
  return choices(answer.of, answer.count).map((sets) =>
    keyOf({ kind: 'records', values: sets.flatMap(valuesOf).sort() }),
  );
}

/** Every way to take `count` of the list. */
function choices<T>(list: readonly T[], count: number): T[][] {
  if (count === 0) return [[]];
  if (list.length < count) return [];
  const [first, ...rest] = list as [T, ...T[]];
  return [...choices(rest, count - 1).map((some) => [first, ...some]), ...choices(rest, count)];
}
