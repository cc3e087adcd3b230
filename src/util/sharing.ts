/**
 * Structural sharing: `after` with every part of it that is as it was at the same place in `before` replaced by that very
 * part, and `before` itself where nothing changed; so that what changed can be told by identity afterwards. For plain data
 * that nobody changes: objects without symbols, arrays, typed arrays, SharedArrayBuffers (the same where their octets
 * are) and values. What is neither is as it was only where it is the same. `after` is not changed.
 */
export function share<T>(before: unknown, after: T): T {
  if (Object.is(before, after)) return after;
  if (!isObject(before) || !isObject(after)) return after;
  const kind = Object.getPrototypeOf(after);
  if (Object.getPrototypeOf(before) !== kind) return after;
  if (Array.isArray(after)) return shareList(before as unknown as readonly unknown[], after) as T;
  if (ArrayBuffer.isView(after))
    return (sameOctets(octetsOf(before as never), octetsOf(after)) ? before : after) as T;
  if (after instanceof SharedArrayBuffer)
    return (sameOctets(new Uint8Array(before as never), new Uint8Array(after)) ? before : after) as T;
  return kind === Object.prototype ? shareObject(before, after) : after;
}

function shareList<T>(before: readonly unknown[], after: readonly T[]): readonly T[] {
  let isSame = before.length === after.length;
  const shared: T[] = [];
  for (let i = 0; i < after.length; i++) {
    // By number: `map` and `every` pass over holes, where something else stood before.
    const each = share(before[i], after[i]!);
    shared.push(each);
    if (!Object.is(each, before[i])) isSame = false;
  }
  return isSame ? (before as readonly T[]) : shared;
}

function shareObject<T extends Plain>(before: Plain, after: T): T {
  const keys = Object.keys(after);
  let isSame = keys.length === Object.keys(before).length;
  const shared: Record<string, unknown> = {};
  for (const key of keys) {
    // To write it would be to change what the object is.
    if (key === '__proto__') return after;
    shared[key] = share(before[key], after[key]);
    if (!Object.is(shared[key], before[key]) || !Object.hasOwn(before, key)) isSame = false;
  }
  return (isSame ? before : shared) as T;
}

type Plain = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null;
}

function octetsOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
