/** What Route 53 asks of the record sets of a zone, as far as routing goes; and the smallest zone that fails alike. */
import { TYPE } from '../../src/wire/constants.ts';
import { nameKey, nameToText } from '../../src/wire/name.ts';
import type { Policy, RecordSet } from '../../src/zone/recordset.ts';
import { groupOf, sourceOf } from './routing.ts';

/** `www.r.test. TXT what is wrong`, one line each. */
export function faultsOf(sets: readonly RecordSet[]): string[] {
  return groupsOf(sets).flatMap((group) => {
    const [{ name, type }] = group as [RecordSet];
    const kinds = new Set(group.map(({ policy }) => policy.kind));
    const isCname = sets.some((set) => set.type === TYPE.CNAME && nameKey(set.name) === nameKey(name));
    const faults = [
      kinds.size > 1 && 'has several policies',
      kinds.has('simple') && group.length > 1 && 'is simple and not one',
      kinds.has('geoproximity') && group.length > 30 && 'has over 30 sets',
      group.length > 100 && 'has over 100 sets',
      isCname && type !== TYPE.CNAME && 'stands beside a CNAME',
      repeats(group.map(({ setIdentifier }) => setIdentifier)) && 'has one identifier twice',
      repeats(group.map(({ policy }) => keyOf(policy)).filter((key) => key !== undefined)) &&
        'has one key twice',
      kinds.has('cidr') && collectionsOf(group) > 1 && 'has several collections',
      ttlsOf(group) > 1 && kinds.has('weighted') && 'has several TTLs',
      kinds.has('multivalue') && !group.every(mayBeMultivalue) && 'must not be multivalue',
      !group.every((set) => hasTarget(sets, set)) && 'has an alias to nothing of its type',
    ];
    const at = `${nameToText(name)} ${type}`;
    return faults.flatMap((fault) => (fault === false ? [] : [`${at} ${fault}`]));
  });
}

function groupsOf(sets: readonly RecordSet[]): RecordSet[][] {
  return Object.values(Object.groupBy(sets, (set) => `${nameKey(set.name)} ${set.type}`)).map(
    (group) => group!,
  );
}

function repeats(keys: readonly unknown[]): boolean {
  return new Set(keys).size < keys.length;
}

/** Of this there may be one only in a group. */
function keyOf(policy: Policy): string | undefined {
  switch (policy.kind) {
    case 'simple':
    case 'weighted':
    case 'multivalue':
      return undefined;
    case 'failover':
      return policy.role;
    case 'latency':
      return policy.region;
    case 'geolocation':
      return JSON.stringify(policy.place);
    case 'geoproximity':
      return JSON.stringify(policy.at);
    case 'cidr':
      return policy.location;
  }
}

function collectionsOf(group: readonly RecordSet[]): number {
  return new Set(group.map(({ policy }) => policy.kind === 'cidr' && policy.collection)).size;
}

function ttlsOf(group: readonly RecordSet[]): number {
  return new Set(group.flatMap(({ content }) => (content.kind === 'records' ? [content.ttl] : []))).size;
}

function mayBeMultivalue({ type, content }: RecordSet): boolean {
  return type !== TYPE.CNAME && content.kind === 'records';
}

function hasTarget(sets: readonly RecordSet[], { type, content }: RecordSet): boolean {
  if (content.kind === 'records' || content.where === 'outside') return true;
  const source = sourceOf(sets, content.target);
  return source !== undefined && groupOf(sets, source, type).some((set) => set.type === type);
}

/** A small zone, valid as `sets` are, that still `fails`: without sets and health checks that it does not need. */
export function smallestFailing(
  sets: readonly RecordSet[],
  fails: (sets: readonly RecordSet[]) => boolean,
): readonly RecordSet[] {
  for (const candidate of simpler(sets))
    if (faultsOf(candidate).length === 0 && fails(candidate)) return smallestFailing(candidate, fails);
  return sets;
}

function* simpler(sets: readonly RecordSet[]): Generator<RecordSet[]> {
  for (let i = 0; i < sets.length; i++) yield sets.filter((_, at) => at !== i);
  for (const [i, set] of sets.entries())
    if (set.health !== undefined) yield sets.with(i, { ...set, health: undefined });
}

/** One line for each set, for whoever reads a failure. */
export function showSets(sets: readonly RecordSet[]): string {
  const show = ({ name, type, policy, health, content }: RecordSet): string => {
    const check = health === undefined ? '' : ` check ${health}`;
    const what =
      content.kind === 'records'
        ? content.rdatas.map((rdata) => Buffer.from(rdata).toString('hex')).join(' ')
        : `-> ${nameToText(content.target)} ${content.where}${content.evaluateTargetHealth ? ' evaluated' : ''}`;
    return `${nameToText(name)} ${type} ${JSON.stringify(policy)}${check} ${what}`;
  };
  return sets.map(show).join('\n');
}
