import { type Name, ROOT } from '../../wire/name.ts';
import type { Domain } from '../../zone/domains.ts';

/** Text of a domain that a list may have: Route 53 takes an asterisk in front, letters, digits, `-`, `_` and dots. */
const DOMAIN_CHARS_MAX = 255;
const LABELS = /^[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/;
/** All names that there are. */
const ALL = '*';

/**
 * A domain as lists have it: in lower case, with its final dot, a `*.` in front where it is for what is below the
 * name; `*` for all. Undefined where it is none.
 */
export function readDomain(text: string): string | undefined {
  if (text.length > DOMAIN_CHARS_MAX) return undefined;
  const domain = text.replace(/\.$/, '');
  if (domain === ALL) return ALL;
  const name = domain.startsWith('*.') ? domain.slice(2) : domain;
  // Wire form: a length octet for each dot and one in front, and the root's.
  return LABELS.test(name) && name.length + 2 <= DOMAIN_CHARS_MAX ? `${domain.toLowerCase()}.` : undefined;
}

/** What is right, for those who wrote what is not. */
export const DOMAIN_REMEDY =
  'write a name, *. and a name for all below it, or * alone; labels of a-z, 0-9, - and _ with 63 characters at most';

/** @param domain as `readDomain` gives it */
export function listedDomain(domain: string): Domain {
  if (domain === ALL) return { name: ROOT, covers: 'all' };
  if (domain.startsWith('*.')) return { name: wireOf(domain.slice(2)), covers: 'below' };
  return { name: wireOf(domain), covers: 'name' };
}

/** As `nameFromText`, for names without escapes: a list has hundreds of thousands. */
function wireOf(text: string): Name {
  const name = new Uint8Array(text.length + 1);
  let label = 0;
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i);
    if (octet === DOT) {
      name[label] = i - label;
      label = i + 1;
    } else name[i + 1] = octet;
  }
  return name;
}

const DOT = 0x2e;
