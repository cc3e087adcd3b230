import { NAME_OCTETS_MAX } from '../wire/constants.ts';
import { foldOctet, type Name } from '../wire/name.ts';
import { octetsKey } from '../wire/octets.ts';

/**
 * Context and name as one key, for tables that are asked seldom; others are a ContextTable or Underway. Octets made to a
 * string at once, as two made to one are not ready to be looked up.
 */
export function contextKey(context: number, name: Name): string {
  const { length } = name;
  for (let i = 0; i < length; i++) key[i] = foldOctet(name[i]!);
  view.setUint32(length, context);
  return octetsKey(key, 0, length + CONTEXT_OCTETS);
}

const CONTEXT_OCTETS = 4;
const key = new Uint8Array(NAME_OCTETS_MAX + CONTEXT_OCTETS);
const view = new DataView(key.buffer);
