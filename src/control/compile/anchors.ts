import type { TrustAnchor } from '../../resolver/settings.ts';
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
  return [...new Map(rdatas.map((rdata) => [Buffer.from(rdata).toString('hex'), rdata])).values()];
}
