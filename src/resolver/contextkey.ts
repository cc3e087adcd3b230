import { NAME_OCTETS_MAX } from '../wire/constants.ts';
import { foldOctet, type Name } from '../wire/name.ts';
import { octetsKey } from '../wire/octets.ts';

/**
 * The key of what is under way by context and name; what is kept has a ContextTable. Octets made to a string at once, as
 * two made to one are not ready to be looked up.
 * @param mark an octet that tells apart what else is under way by the same name
 */
export function contextKey(context: number, name: Name, mark = 0): string {
  const { length } = name;
  for (let i = 0; i < length; i++) key[i] = foldOctet(name[i]!);
  view.setUint32(length, context);
  key[length + CONTEXT_OCTETS] = mark;
  return octetsKey(key, 0, length + CONTEXT_OCTETS + 1);
}

const CONTEXT_OCTETS = 4;
const key = new Uint8Array(NAME_OCTETS_MAX + CONTEXT_OCTETS + 1);
const view = new DataView(key.buffer);
