import type { ResourceKey, Revision } from './store.ts';

/**
 * Why the store refuses, in a word:
 * - `conflict`: the resources are not as the change expects them
 * - `repeated`: the signed request was applied before
 * - `invalid`: the change or the query is not one that a store takes
 * - `compacted`: the changes that are asked for are no longer kept
 * - `busy`: too much is waiting
 * - `full`: no space is left on the disk
 * - `read-only`: the state folder cannot be written to
 * - `io`: the disk fails
 * - `corrupt`: the file is damaged
 * - `newer`: a newer version of this program wrote the file
 * - `foreign`: the file is not a store
 * - `locked`: another process has the store open
 * - `closed`: the store was closed
 */
export type StoreFault =
  | 'conflict'
  | 'repeated'
  | 'invalid'
  | 'compacted'
  | 'busy'
  | 'full'
  | 'read-only'
  | 'io'
  | 'corrupt'
  | 'newer'
  | 'foreign'
  | 'locked'
  | 'closed';

/** True where the store can do no better at the moment, whatever it is asked; false where it was asked amiss. */
export function isOutage(fault: StoreFault): boolean {
  switch (fault) {
    case 'conflict':
    case 'repeated':
    case 'invalid':
    case 'compacted':
      return false;
    case 'busy':
    case 'full':
    case 'read-only':
    case 'io':
    case 'corrupt':
    case 'newer':
    case 'foreign':
    case 'locked':
    case 'closed':
      return true;
  }
}

/** The store refuses, and nothing has changed; the message says what, the remedy what would help. */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';
  readonly fault: StoreFault;
  readonly remedy: string;
  constructor(fault: StoreFault, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
    this.remedy = remedy;
  }
}

/** An item of the change expects something else than what is there. */
export class ConflictError extends StoreError {
  override readonly name = 'ConflictError';
  /** Its place in the change, from 0. */
  readonly index: number;
  readonly item: ResourceKey;
  /** The revision of what is there; undefined where nothing is. */
  readonly found: Revision | undefined;
  constructor(index: number, { kind, id }: ResourceKey, expected: string, found: Revision | undefined) {
    const state = found === undefined ? 'does not exist' : `is at revision ${found}`;
    super('conflict', `${kind} ${id} ${state}; the change expects ${expected}`, 'read it again');
    this.index = index;
    this.item = { kind, id };
    this.found = found;
  }
}

/** An equal request was applied before; this is what it was answered. */
export class RepeatedError extends StoreError {
  override readonly name = 'RepeatedError';
  readonly response: unknown;
  constructor(response: unknown) {
    super('repeated', 'the request was applied before', 'send the stored response');
    this.response = response;
  }
}

/** What `read` returns, or why the store cannot be read; throws all that is no StoreError. */
export function orStoreFault<T>(read: () => T): T | StoreError {
  try {
    return read();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}

/** What is wrong and what would help, in a line for an operator. */
export function problemOf({ message, remedy }: StoreError): string {
  return `${message}; ${remedy}`;
}
