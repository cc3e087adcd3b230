import { type Name, nameEquals, nameKey, parentOf } from '../wire/name.ts';
import { octetsKey } from '../wire/octets.ts';
import type { Rrset } from '../wire/record.ts';
import { additionalFor } from './address.ts';
import { OCCLUDED } from './layout.ts';
import { namesOfPatch, PatchedZone, type ZonePatch } from './patch.ts';
import type { Zone } from './zone.ts';

/** More changes than this are a new zone: dropping all its answers is cheaper than as many single ones. */
export const CHANGES_MAX = 4096;

/**
 * The names whose dependents may be answered otherwise by `next` than by `old`, or 'all':
 *
 *   - owners whose RRsets changed, or which came under or out of a cut or DNAME
 *   - owners that came or went, and their parents: the closest enclosers of what was denied or synthesised there
 *   - for data below a cut (glue), the cut whose delegation carries it
 *
 * A new SOA serial alone touches only the apex: a stored negative answer may keep the old one for its TTL. Any
 * other change of the SOA changes all negative answers.
 */
export function diffZones(old: Zone, next: Zone, max = CHANGES_MAX): Name[] | 'all' {
  if (!nameEquals(old.origin, next.origin) || !sameButSerial(old.soa, next.soa)) return 'all';
  const changes = new Map<string, Name>();
  const add = (zone: Zone, node: number): void => {
    for (const each of [node, zone.top(node)]) {
      const name = zone.nameOf(each);
      changes.set(nameKey(name), name);
    }
  };
  let kept = 0;
  for (const node of next.nodes()) {
    if (changes.size > max) break;
    const before = old.find(next.nameOf(node));
    if (before < 0) {
      add(next, node);
      add(next, next.parent(node));
      continue;
    }
    kept++;
    const samePlace = ((old.flags(before) ^ next.flags(node)) & OCCLUDED) === 0;
    if (samePlace && next.sameRrsets(node, old, before)) continue;
    add(old, before);
    add(next, node);
  }
  for (const node of kept < old.size ? old.nodes() : []) {
    if (changes.size > max) break;
    if (next.find(old.nameOf(node)) >= 0) continue;
    add(old, node);
    add(old, old.parent(node));
  }
  return changes.size > max ? 'all' : [...changes.values()];
}

/**
 * The same for two zones of one image, each with its patch or none: only names of the patches can differ.
 *
 * @param merged a patch that was merged into the image of `next`, which is that of `old` else
 */
export function diffPatched(old: Zone, next: Zone, merged?: ZonePatch): Name[] {
  const changes = new Map<string, Name>();
  const names = merged === undefined ? [] : namesOfPatch(merged);
  for (const name of [...names, ...patchedNamesOf(old), ...patchedNamesOf(next)]) {
    const [before, after] = [old.find(name), next.find(name)];
    if (before === after && before < 0) continue;
    if (before >= 0 && after >= 0 && next.sameRrsets(after, old, before)) continue;
    // With what came or went for its sake, up to the name that is there before and after.
    for (let each = name; ; each = parentOf(each)) {
      changes.set(nameKey(each), each);
      if (old.find(each) >= 0 && next.find(each) >= 0) break;
    }
  }
  return [...changes.values()];
}

function patchedNamesOf(zone: Zone): readonly Name[] {
  return zone instanceof PatchedZone ? zone.patchedNames : [];
}

/** True if the NS of both zones and their addresses are the same, in whatever order. */
export function sameNameServers(a: Zone, b: Zone): boolean {
  return nameServersText(a) === nameServersText(b);
}

function nameServersText(zone: Zone): string {
  const sets = [zone.ns, ...additionalFor(zone, [zone.ns])];
  const records = sets.flatMap(({ name, type, ttl, rdatas }) =>
    rdatas.map((rdata) => [nameKey(name), type, ttl, octetsKey(rdata)].join()),
  );
  return records.sort().join('\n');
}

/** Octets from the end of an SOA's rdata: serial, and the four numbers after it. */
const SERIAL_AT = 20;
const SERIAL_END = 16;

function sameButSerial(a: Rrset, b: Rrset): boolean {
  const [x, y] = [a.rdatas[0]!, b.rdatas[0]!];
  if (a.ttl !== b.ttl || x.length !== y.length) return false;
  return x.every((octet, i) => octet === y[i] || (i >= x.length - SERIAL_AT && i < x.length - SERIAL_END));
}
