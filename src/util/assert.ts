/**
 * Asserts a programmer's assumption. Never used on anything that came from a packet, a file or a peer:
 * malformed input is an ordinary value or a typed error, not a broken program.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Makes a `switch` exhaustive: reaching it is a type error at compile time and an assertion at run time. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}
