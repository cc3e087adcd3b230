import type { Algorithm } from './algorithm.ts';
import type { PublicKey } from './key.ts';

/** A signature that is to be checked: all else about it is as it should be. */
export interface SignatureCheck {
  readonly algorithm: Algorithm;
  readonly key: PublicKey;
  /** What it signs. Valid until the next check is asked for. */
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/** `broken key`: one that is malformed or outside of the limits, with which nothing can be checked. */
export type Verdict = 'good' | 'bad' | 'broken key';

/** Makes a check in this thread. */
export function verdictOf({ algorithm, key, data, signature }: SignatureCheck): Verdict {
  const imported = key.importedBy(algorithm);
  if (imported === undefined) return 'broken key';
  return algorithm.verify(imported, data, signature) ? 'good' : 'bad';
}

/** Work that stops where a signature is to be checked, wherever that is done, and goes on with the verdict. */
export type Steps<T> = Generator<SignatureCheck, T, Verdict>;

/** All steps at once, each check made in this thread. */
export function atOnce<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next(verdictOf(step.value));
  return step.value;
}
