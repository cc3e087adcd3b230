import { type AlgorithmTable, algorithmTable, algorithmToText } from '../dnssec/algorithm.ts';
import { digestToText, readDs, whyUnsupported } from '../dnssec/ds.ts';
import { readDnskey } from '../dnssec/key.ts';
import { isTrusted, type TrackedKey, trusted } from '../dnssec/rollover.ts';
import type { Path } from '../resolver/path.ts';
import type { RecursionSettings, TrustAnchor } from '../resolver/settings.ts';
import { isoFromWall } from '../telemetry/text.ts';
import { unreachable } from '../util/assert.ts';
import type { AnchorLook, AnchorReport, AnchorsReport, NegativeAnchorReport } from '../view/report.ts';
import type { Snapshot } from '../view/snapshot.ts';
import { type Name, nameEquals, nameKey, nameToText } from '../wire/name.ts';
import type { FollowedZone } from './anchorstate.ts';
import { configuredAnchors } from './compile/anchors.ts';
import { NOBODY } from './compile/owners.ts';

/**
 * What answers are validated with, and where nothing is.
 *
 * @param now wall clock, milliseconds
 * @param followed zones whose keys are followed (RFC 5011)
 */
export function anchorsReport(
  snapshot: Snapshot,
  now: number,
  followed: readonly FollowedZone[] = [],
): AnchorsReport {
  const { recursion } = snapshot;
  const algorithms = algorithmTable(recursion);
  const anchors = configuredAnchors(snapshot).flatMap((anchor) => {
    const zone = followed.find(({ point }) => nameEquals(point.zone, anchor.zone));
    return zone === undefined ? anchorReports(anchor, algorithms) : followedReports(zone, algorithms);
  });
  return {
    anchors,
    ...(followed.length > 0 && { looks: followed.map(lookReport) }),
    negative: [...configured(recursion, now), ...impliedByVpcs(snapshot), ...impliedByRules(snapshot)],
  };
}

/** Keys that were seen, and what the configuration says of others. */
function followedReports({ point, validatedAt }: FollowedZone, algorithms: AlgorithmTable): AnchorReport[] {
  const { zone, ds, keys } = point;
  const unseen = anchorReports({ zone, ds, dnskey: [] }, algorithms).map(
    (report): AnchorReport =>
      report.state === 'valid' && validatedAt !== undefined ? { ...report, state: 'missing' } : report,
  );
  return [...keys.flatMap((key) => keyReport(zone, key, algorithms)), ...unseen];
}

function keyReport(zone: Name, key: TrackedKey, algorithms: AlgorithmTable): AnchorReport[] {
  const { rdata, state, since, held, holdDown } = key;
  return anchorReports({ zone, ds: [], dnskey: [rdata] }, algorithms).map((report) => ({
    ...report,
    ...((report.state === 'valid' || !isTrusted(state)) && state !== 'start' && { state }),
    since: isoFromWall(1000 * since),
    ...(state === 'addpend' && { secondsLeft: Math.max(0, holdDown - held) }),
  }));
}

function lookReport({ point, lookedAt, validatedAt, wait }: FollowedZone): AnchorLook {
  const iso = (seconds: number): string => isoFromWall(1000 * seconds);
  return {
    zone: nameToText(point.zone),
    ...(validatedAt !== undefined && { validated: iso(validatedAt) }),
    ...(lookedAt !== undefined && trusted(point) !== undefined && { next: iso(lookedAt + wait) }),
  };
}

function anchorReports({ zone, ds, dnskey }: TrustAnchor, algorithms: AlgorithmTable): AnchorReport[] {
  const stateOf = (trusted: { ds: Uint8Array[]; dnskey: Uint8Array[] }): AnchorReport['state'] =>
    whyUnsupported(trusted, algorithms) === undefined ? 'valid' : 'unsupported';
  return [
    ...ds.flatMap((rdata): AnchorReport[] => {
      const read = readDs(rdata);
      if (read === undefined) return [];
      const { tag, algorithm, digestType } = read;
      const state = stateOf({ ds: [rdata], dnskey: [] });
      return [{ ...common(zone, tag, algorithm), record: 'DS', digest: digestToText(digestType), state }];
    }),
    ...dnskey.flatMap((rdata): AnchorReport[] => {
      const read = readDnskey(rdata);
      if (read === undefined) return [];
      const state = stateOf({ ds: [], dnskey: [rdata] });
      return [{ ...common(zone, read.tag, read.algorithm), record: 'DNSKEY', state }];
    }),
  ];
}

function common(
  zone: Uint8Array,
  keyTag: number,
  algorithm: number,
): Pick<AnchorReport, 'zone' | 'keyTag' | 'algorithm'> {
  return { zone: nameToText(zone), keyTag, algorithm: algorithmToText(algorithm) };
}

function configured({ ntas }: RecursionSettings, now: number): NegativeAnchorReport[] {
  return ntas.map(({ domain, until, reason }) => ({
    domain: nameToText(domain),
    source: 'configured',
    vpcs: [],
    state: until === undefined || until > now ? 'active' : 'expired',
    ...(until === undefined
      ? {}
      : { until: isoFromWall(until), secondsLeft: Math.max(0, Math.ceil((until - now) / 1000)) }),
    reason,
  }));
}

/** In such a VPC nothing is validated at all. */
function impliedByVpcs({ views }: Snapshot): NegativeAnchorReport[] {
  return views
    .filter(({ vpc, dnssec }) => vpc !== NOBODY && dnssec === 'off')
    .map(({ vpc }) => ({
      domain: '.',
      source: 'vpc',
      vpcs: [vpc],
      state: 'active',
      reason: 'the VPC has dnssec: off',
    }));
}

/** One for each rule that is not validated in a VPC that validates, with all of these VPCs. */
function impliedByRules({ paths, views }: Snapshot): NegativeAnchorReport[] {
  const byRule = new Map<string, NegativeAnchorReport & { readonly vpcs: string[] }>();
  for (const path of paths) {
    const { vpc, dnssec } = views[path.view]!;
    if (path.validate || dnssec === 'off') continue;
    const key = `${path.rule} ${nameKey(path.domain)}`;
    const known = byRule.get(key);
    if (known !== undefined) known.vpcs.push(vpc);
    else
      byRule.set(key, {
        domain: nameToText(path.domain),
        source: 'rule',
        vpcs: [vpc],
        state: 'active',
        reason: `${kindOf(path)} rule ${path.rule} is not validated`,
      });
  }
  return [...byRule.values()];
}

function kindOf(path: Path): string {
  switch (path.kind) {
    case 'forward':
      return 'forward';
    case 'recursive':
      return path.hints ? 'recursive' : 'stub';
    default:
      return unreachable(path);
  }
}
