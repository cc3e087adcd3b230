import { nameFromText, ROOT } from '../../wire/name.ts';
import type { Domain } from '../../zone/domains.ts';

/** Text of a domain that a list may have: Route 53 takes an asterisk in front, letters, digits, `-`, `_` and dots. */
const DOMAIN_CHARS_MAX = 255;
const LABELS = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
/** All names that there are. */
const ALL = '*';

/**
 * A domain as lists have it: in lower case, with its final dot, a `*.` in front where it is for what is below the
 * name; `*` for all. Undefined where it is none.
 */
export function readDomain(text: string): string | undefined {
  if (text.length > DOMAIN_CHARS_MAX) return undefined;
  const domain = text.toLowerCase().replace(/\.$/, '');
  if (domain === ALL) return ALL;
  const name = domain.startsWith('*.') ? domain.slice(2) : domain;
  // Wire form: a length octet for each dot and one in front, and the root's.
  return LABELS.test(name) && name.length + 2 <= DOMAIN_CHARS_MAX ? `${domain}.` : undefined;
}

/** What is right, for those who wrote what is not. */
export const DOMAIN_REMEDY =
  'write a name, *. and a name for all below it, or * alone; labels of a-z, 0-9, - and _ with 63 characters at most';

/** @param domain as `readDomain` gives it */
export function listedDomain(domain: string): Domain {
  if (domain === ALL) return { name: ROOT, covers: 'all' };
  if (domain.startsWith('*.')) return { name: nameFromText(domain.slice(2)), covers: 'below' };
  return { name: nameFromText(domain), covers: 'name' };
}
