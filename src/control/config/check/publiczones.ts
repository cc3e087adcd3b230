import { nameKey, nameToText } from '../../../wire/name.ts';
import { suggestion } from '../nearest.ts';
import { type Path, pathToText } from '../problem.ts';
import { isServed } from '../served.ts';
import { PUBLIC } from '../zones.ts';
import { type CheckContext, type Draft, derivedId, Once } from './context.ts';

type Zone = NonNullable<NonNullable<Draft['zones']>[number]>;
type Endpoint = NonNullable<NonNullable<NonNullable<Draft['endpoints']>['authoritative']>[number]>;

/** A zone, where it stands in the file, and under which id. */
interface Known {
  readonly zone: Zone;
  readonly path: Path;
  readonly id: string | undefined;
  readonly isPublic: boolean;
}

/** Delegation sets, public zones, and the endpoints that serve them. */
export function checkPublicZones(context: CheckContext): void {
  checkSets(context);
  const zones = (context.draft.zones ?? []).flatMap((zone, i) => (zone ? known(context, zone, i) : []));
  checkNames(context, zones);
  const endpoints = context.draft.endpoints?.authoritative ?? [];
  endpoints.forEach((endpoint, i) => {
    if (endpoint !== undefined) checkEndpoint(context, endpoint, zones, ['endpoints', 'authoritative', i]);
  });
  for (const { zone, path, id, isPublic } of zones)
    if (isPublic && !endpoints.some((endpoint) => endpoint && isServed(endpoint, { ...zone, id })))
      context.warn(
        path,
        'no endpoint serves this public zone: nobody sees it',
        'name it or its delegation set in endpoints.authoritative, or write vpcs to make it a private zone',
      );
}

function known(context: CheckContext, zone: Zone, i: number): Known {
  const path: Path = ['zones', i];
  // VPCs that could not be read make it private all the same.
  const isPublic = !context.has([...path, 'vpcs']);
  const made = zone.name && derivedId(zone.name, isPublic ? [PUBLIC] : (zone.vpcs ?? []));
  return { zone, path, id: zone.id ?? made, isPublic };
}

function checkSets(context: CheckContext): void {
  const ids = new Once();
  context.draft.delegationSets?.forEach((set, i) => {
    const path: Path = ['delegationSets', i];
    const first = set?.id && ids.add(set.id, [...path, 'id']);
    if (first)
      context.error([...path, 'id'], `id "${set.id}" is taken by ${first}`, 'give each set an id of its own');
    const names = new Once();
    set?.nameServers?.forEach((name, j) => {
      const at: Path = [...path, 'nameServers', j];
      if (name && names.add(nameKey(name), at))
        context.error(at, `${nameToText(name)} stands here twice`, 'leave one out');
    });
  });
}

/** What public zones have and private ones have not, and the other way round; one zone per name and set. */
function checkNames(context: CheckContext, zones: readonly Known[]): void {
  const names = new Once();
  for (const { zone, path, isPublic } of zones) {
    const [alien, remedy] = isPublic
      ? (['overlay', 'leave it out: nothing comes behind a public zone'] as const)
      : (['delegationSet', 'leave it out, or leave vpcs out to make the zone public'] as const);
    if (context.has([...path, alien]))
      context.error([...path, alien], `a ${isPublic ? 'public' : 'private'} zone has no ${alien}`, remedy);
    const { name, delegationSet: set } = zone;
    if (!isPublic || set === undefined) continue;
    knownSet(context, set, [...path, 'delegationSet']);
    const first = name && names.add(`${set} ${nameKey(name)}`, path);
    if (first)
      context.error(
        [...path, 'name'],
        `${nameToText(name)} conflicts with ${first}, which shares the delegation set ${set} (ConflictingDomainExists)`,
        'put the records into one zone, or give one of them another set',
      );
  }
}

function knownSet(context: CheckContext, set: string, path: Path): void {
  const ids = (context.draft.delegationSets ?? []).flatMap((each) => each?.id ?? []);
  if (!ids.includes(set)) context.error(path, `no delegation set has the id "${set}"`, suggestion(set, ids));
}

const WHAT = ['delegationSet', 'zones', 'vpc'] as const;

function checkEndpoint(context: CheckContext, endpoint: Endpoint, zones: readonly Known[], path: Path): void {
  const [one, other] = WHAT.filter((key) => context.has([...path, key]));
  if (one === undefined)
    context.error(
      path,
      'the endpoint says nothing of what it serves',
      'add one of delegationSet, zones and vpc, for example delegationSet: set-1',
    );
  if (other !== undefined)
    context.error(
      [...path, other],
      `the endpoint has both ${one} and ${other}`,
      'leave one of them out, or make two endpoints',
    );
  if (endpoint.delegationSet !== undefined)
    knownSet(context, endpoint.delegationSet, [...path, 'delegationSet']);
  context.knownVpc(endpoint.vpc, [...path, 'vpc']);
  checkList(context, endpoint, zones, [...path, 'zones']);
  const isEmpty = !zones.some(({ zone, id }) => isServed(endpoint, { ...zone, id }));
  if (one !== undefined && one !== 'zones' && isEmpty)
    context.warn(
      [...path, one],
      'this endpoint serves no zone: all that it is asked is refused',
      one === 'vpc' ? 'name the VPC in a private zone' : 'name the set in a public zone',
    );
}

/** The zones that are named: public ones, each once, and no two of one name. */
function checkList(
  context: CheckContext,
  { zones: list }: Endpoint,
  zones: readonly Known[],
  path: Path,
): void {
  const ids = new Once();
  const names = new Map<string, string>();
  list?.forEach((id, i) => {
    const at: Path = [...path, i];
    if (id === undefined) return;
    if (ids.add(id, at)) {
      context.error(at, `${id} stands here twice`, 'leave one out');
      return;
    }
    const found = zones.find((each) => each.id === id);
    if (found === undefined) {
      const others = zones.flatMap((each) => (each.isPublic ? (each.id ?? []) : []));
      context.error(at, `no public zone has the id "${id}"`, suggestion(id, others));
    } else if (!found.isPublic)
      context.error(
        at,
        `${pathToText(found.path)} is a private zone`,
        'name a public one; the private zones of a VPC are served by an endpoint with vpc',
      );
    else if (found.zone.name !== undefined) {
      const key = nameKey(found.zone.name);
      const first = names.get(key);
      if (first !== undefined)
        context.error(
          at,
          `${id} has the name of ${first}, which stands here already (ConflictingDomainExists)`,
          'take one out, or give it an endpoint of its own',
        );
      else names.set(key, id);
    }
  });
}
