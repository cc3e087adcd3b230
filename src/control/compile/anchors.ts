import { createHash } from 'node:crypto';
import type { TrustAnchor } from '../../resolver/settings.ts';
import type { Snapshot } from '../../view/snapshot.ts';
import { nameKey } from '../../wire/name.ts';

/** The anchors of several files: those of each zone together, each once. */
export function mergeAnchors(anchors: readonly TrustAnchor[]): TrustAnchor[] {
  const byZone = new Map<string, TrustAnchor>();
  for (const { zone, ds, dnskey } of anchors) {
    const key = nameKey(zone);
    const known = byZone.get(key) ?? { zone, ds: [], dnskey: [] };
    byZone.set(key, {
      zone: known.zone,
      ds: unique([...known.ds, ...ds]),
      dnskey: unique([...known.dnskey, ...dnskey]),
    });
  }
  return [...byZone.values()];
}

function unique(rdatas: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(rdatas.map((rdata) => [hex(rdata), rdata])).values()];
}

function hex(rdata: Uint8Array): string {
  return Buffer.from(rdata).toString('hex');
}

/** Says which anchors a zone has, in whatever order. */
export function anchorDigest({ zone, ds, dnskey }: TrustAnchor): string {
  const all = [nameKey(zone), ds.map(hex).sort(), dnskey.map(hex).sort()];
  return createHash('sha256').update(JSON.stringify(all)).digest('base64');
}

export function sameAnchors(a: readonly TrustAnchor[], b: readonly TrustAnchor[]): boolean {
  const digests = (anchors: readonly TrustAnchor[]): string => String(anchors.map(anchorDigest).sort());
  return digests(a) === digests(b);
}

/** The anchors that the configuration names, whatever RFC 5011 made of them. */
export function configuredAnchors(snapshot: Snapshot): readonly TrustAnchor[] {
  return snapshot.configuredAnchors ?? snapshot.recursion.anchors;
}

/** The snapshot with what RFC 5011 made of the anchors. Contexts stay, and what was learned with them. */
export function withAnchors(snapshot: Snapshot, anchors: readonly TrustAnchor[]): Snapshot {
  const isAsConfigured =
    snapshot.configuredAnchors === undefined && sameAnchors(snapshot.recursion.anchors, anchors);
  if (isAsConfigured) return snapshot;
  const { configuredAnchors: _, ...rest } = snapshot;
  const configured = configuredAnchors(snapshot);
  if (sameAnchors(configured, anchors))
    return { ...rest, recursion: { ...snapshot.recursion, anchors: configured } };
  return { ...rest, recursion: { ...snapshot.recursion, anchors }, configuredAnchors: configured };
}
