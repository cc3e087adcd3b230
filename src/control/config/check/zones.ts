import { nameToText } from '../../../wire/name.ts';
import type { Path } from '../problem.ts';
import { PUBLIC } from '../zones.ts';
import { type CheckContext, type Draft, derivedId, Ids, NamesByVpc } from './context.ts';

type Zone = NonNullable<NonNullable<Draft['zones']>[number]>;

/** @param rules by VPC and domain */
export function checkZones(context: CheckContext, rules: NamesByVpc): void {
  const ids = new Ids();
  const names = new NamesByVpc();
  context.draft.zones?.forEach((zone, i) => {
    if (zone === undefined) return;
    const path: Path = ['zones', i];
    const isPublic = !context.has([...path, 'vpcs']);
    const made = zone.name && zone.vpcs?.[0] ? derivedId(zone.name, zone.vpcs) : undefined;
    if (isPublic) ids.checkPublic(context, zone.id, zone.name && derivedId(zone.name, [PUBLIC]), path);
    else ids.check(context, zone.id, made, path);
    context.associatedVpcs(zone.vpcs, [...path, 'vpcs']);
    names.add(zone.name, zone.vpcs, path, (vpc, other) => {
      context.error(
        [...path, 'name'],
        `${other} is a zone ${nameToText(zone.name!)} of VPC ${vpc} already (ConflictingDomainExists)`,
        'put the records into one zone, or take the VPC out of one',
      );
    });
    checkSource(context, path);
    warnIfHidden(context, rules, zone, path);
  });
}

function checkSource(context: CheckContext, path: Path): void {
  const [file, records] = [context.has([...path, 'file']), context.has([...path, 'records'])];
  if (!file && !records)
    context.error(
      path,
      'the zone has neither file nor records',
      'add for example file: zones/internal.example.zone',
    );
}

/** At the same name a rule comes before a zone (reference: Route 53 Resolver's order). */
function warnIfHidden(context: CheckContext, rules: NamesByVpc, zone: Zone, path: Path): void {
  for (const vpc of zone.vpcs ?? []) {
    const at = zone.name && vpc && rules.find(zone.name, vpc);
    const type = at && context.draft.rules?.[at[1] as number]?.type;
    if (type && type !== 'system')
      context.warn(
        [...path, 'name'],
        `in VPC ${vpc} nobody sees this zone: the ${type} rule of the same name comes before it`,
        'take the VPC out of one of them',
      );
  }
}
