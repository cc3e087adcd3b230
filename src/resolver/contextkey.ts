import { NAME_OCTETS_MAX } from '../wire/constants.ts';
import { foldOctet, type Name } from '../wire/name.ts';
import { octetsKey } from '../wire/octets.ts';

/**
 * The key of what is kept by context and name: of the suffix of `name` that begins at octet `at`. Octets made to a string
 * at once, as two made to one are not ready to be looked up.
 * @param mark an octet that tells apart what else is kept by the same name
 */
export function contextKey(context: number, name: Name, at = 0, mark = 0): string {
  let length = 0;
  for (let i = at; i < name.length; i++) key[length++] = foldOctet(name[i]!);
  view.setUint32(length, context);
  key[length + CONTEXT_OCTETS] = mark;
  return octetsKey(key, 0, length + CONTEXT_OCTETS + 1);
}

/** The context that such a key is of. */
export function contextOf(key: string): number {
  const at = key.length - CONTEXT_OCTETS - 1;
  let context = 0;
  for (let i = at; i < at + CONTEXT_OCTETS; i++) context = context * 256 + key.charCodeAt(i);
  return context;
}

const CONTEXT_OCTETS = 4;
const key = new Uint8Array(NAME_OCTETS_MAX + CONTEXT_OCTETS + 1);
const view = new DataView(key.buffer);
