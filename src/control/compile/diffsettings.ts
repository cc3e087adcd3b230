import type { Candidate, Snapshot, ViewData } from '../../view/snapshot.ts';
import { type Name, ROOT } from '../../wire/name.ts';
import { dependencyHash, firewallHash } from '../../zone/dependency.ts';
import { NameTable } from '../../zone/nametable.ts';
import { configuredAnchors } from './anchors.ts';
import { diffHealth } from './health.ts';

/**
 * Settings of a VPC. What clients see of DNSSEC, and AAAA records made of A records, may be in any answer; a DELEGATE
 * rule takes up referrals of any zone or rule. Rebinding protection is for what comes from the Internet.
 */
export function diffSettings(
  old: Snapshot,
  was: ViewData,
  view: ViewData,
  touched: Set<number>,
  changes: string[],
): void {
  const changed = (key: 'dnssec' | 'dns64' | 'delegates' | 'rebinding', what: string): boolean => {
    const differs = !sameSettings({ value: was[key] }, { value: view[key] });
    if (differs) changes.push(`VPC ${view.vpc}: ${what}`);
    return differs;
  };
  const dnssec = changed('dnssec', `dnssec is ${view.dnssec}`);
  const dns64 = changed('dns64', 'dns64 changed');
  const delegates = changed('delegates', 'delegate rules changed');
  if (dnssec || dns64 || delegates) touchAll(was, touched);
  if (changed('rebinding', 'rebinding changed'))
    touchWhere(was, touched, (candidate, name) => name.length === 1 || isRecursion(old, candidate));
}

/** Of how this node recurses and validates. What it trusts is part of contexts too, but it is told here. */
export function diffRecursion(old: Snapshot, next: Snapshot, touched: Set<number>, changes: string[]): void {
  // A newer copy of the root zone says nothing other than its servers say.
  const { anchors: _, localRoot: __, ntas: ntasBefore, ...before } = old.recursion;
  const { anchors: ___, localRoot: ____, ntas, ...after } = next.recursion;
  if (!sameSettings(configuredAnchors(old), configuredAnchors(next)))
    changes.push('recursion: trust anchors changed');
  if (!sameSettings(ntasBefore, ntas)) changes.push('recursion: negative trust anchors changed');
  if (sameSettings(before, after)) return;
  changes.push('recursion: settings changed');
  for (const view of old.views)
    touchWhere(view, touched, (candidate) => isRecursion(old, candidate) || isValidated(old, candidate));
}

function isRecursion(snapshot: Snapshot, candidate: Candidate): boolean {
  return 'path' in candidate && snapshot.paths[candidate.path]!.kind === 'recursive';
}

function isValidated(snapshot: Snapshot, candidate: Candidate): boolean {
  return 'path' in candidate && snapshot.paths[candidate.path]!.validate;
}

/** Touches the names at which such a candidate stands. */
function touchWhere(
  view: ViewData,
  touched: Set<number>,
  suits: (candidate: Candidate, name: Name) => boolean,
): void {
  for (const [name, index] of NameTable.from(view.table))
    if (view.groups[index]!.some((candidate) => suits(candidate, name)))
      touched.add(dependencyHash(view.key, name));
}

/** Touches all that answers of a view depend on; those that its firewall gives depend on that alone. */
export function touchAll(view: ViewData, touched: Set<number>): void {
  touched.add(firewallHash(view.key, ROOT));
  touched.add(dependencyHash(view.key, ROOT));
  for (const [name] of NameTable.from(view.table)) touched.add(dependencyHash(view.key, name));
}

/** What no stored answer depends on, but the operator wants to see. */
export function diffRest(old: Snapshot, next: Snapshot, changes: string[]): void {
  if (!sameSettings(old.node, next.node)) changes.push('node: settings changed');
  if (!sameBuffer(old.clients, next.clients)) changes.push('VPCs: client addresses changed');
  const before = new Map(old.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  for (const endpoint of next.endpoints) {
    const was = before.get(endpoint.id);
    before.delete(endpoint.id);
    if (was === undefined) changes.push(`endpoint ${endpoint.id}: added`);
    else if (!sameSettings(was, endpoint)) changes.push(`endpoint ${endpoint.id}: changed`);
  }
  for (const id of before.keys()) changes.push(`endpoint ${id}: removed`);
  if (!sameSettings(old.logs.logs, next.logs.logs)) changes.push('query logs: changed');
  changes.push(...diffHealth(old.health, next.health));
}

export function sameSettings(a: object | undefined, b: object | undefined): boolean {
  return JSON.stringify(a, buffersAsText) === JSON.stringify(b, buffersAsText);
}

function buffersAsText(_: string, value: unknown): unknown {
  return value instanceof SharedArrayBuffer ? Buffer.from(value).toString('base64') : value;
}

function sameBuffer(a: SharedArrayBuffer, b: SharedArrayBuffer): boolean {
  return Buffer.from(a).equals(Buffer.from(b));
}
