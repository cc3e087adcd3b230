import { readDs } from '../dnssec/ds.ts';
import { keyTag } from '../dnssec/key.ts';
import { type Name, prepend } from '../wire/name.ts';
import type { TrustAnchor } from './settings.ts';

/** QTYPE of the questions (RFC 8145 section 5.1): NULL, which no zone has. */
export const KEY_TAG_TYPE = 10;
/** `_ta-` and so many tags of four digits fill a label. */
const TAGS_MAX = 12;

/** The tags of the keys that are trusted, each once and in order. */
export function tagsOf({ ds, dnskey }: TrustAnchor): number[] {
  const tags = [...ds.flatMap((rdata) => readDs(rdata)?.tag ?? []), ...dnskey.map(keyTag)];
  return [...new Set(tags)].sort((a, b) => a - b);
}

/**
 * The name that tells the servers of an anchored zone which keys are trusted: `_ta-4f66-9728.` of the root (RFC 8145
 * section 5.1). Undefined where it would be too long.
 */
export function keyTagName(anchor: TrustAnchor): Name | undefined {
  const tags = tagsOf(anchor).slice(0, TAGS_MAX);
  const label = `_ta-${tags.map((tag) => tag.toString(16).padStart(4, '0')).join('-')}`;
  return prepend(new TextEncoder().encode(label), anchor.zone);
}
