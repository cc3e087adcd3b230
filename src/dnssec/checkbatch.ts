import { assert } from '../util/assert.ts';
import { putOctets } from '../wire/octets.ts';
import { algorithmTable } from './algorithm.ts';
import type { KeyStore } from './key.ts';
import { type SignatureCheck, type Verdict, verdictOf } from './signaturecheck.ts';

/**
 * Signature checks on their way to another thread: many in one buffer, as a message costs as much as several of them.
 * Both sides are this file in one process: what does not fit is a bug and no message.
 *
 *     batch      check …
 *     check      u32 octets of data │ u16 of the key │ u16 of the signature │ data │ key │ signature
 *     verdicts   u8 each, in the order of the checks
 */
const HEAD_OCTETS = 8;
/**
 * Of one check: what a reply by UDP has room for. What is longer is rare, and is checked where it is: else 256 checks that are
 * out could be 25 MB, and to copy them would hold up a worker for longer than the checks.
 */
const CHECK_OCTETS_MAX = 4_096;
const BATCH_OCTETS_MAX = 65_536;
/** Verdicts in one message, at most: what follows from them takes the worker a millisecond. */
export const PIECE = 16;
const VERDICTS = ['bad', 'good', 'broken key'] as const satisfies readonly Verdict[];
/** Whether SHA-1 counts is for whoever asks to say. */
const ALGORITHMS = algorithmTable({ sha1: true });

/** Writes batches, one after the other. */
export class BatchWriter {
  readonly #octets = new Uint8Array(BATCH_OCTETS_MAX);
  readonly #view = new DataView(this.#octets.buffer);
  #at = 0;

  /** `full`: it has room in the next batch. `large`: it is too large for any. */
  add({ key: { octets: key }, data, signature }: SignatureCheck): 'added' | 'full' | 'large' {
    const start = this.#at;
    const octets = HEAD_OCTETS + data.length + key.length + signature.length;
    if (octets > CHECK_OCTETS_MAX) return 'large';
    if (start + octets > BATCH_OCTETS_MAX) return 'full';
    this.#view.setUint32(start, data.length);
    this.#view.setUint16(start + 4, key.length);
    this.#view.setUint16(start + 6, signature.length);
    let at = putOctets(this.#octets, start + HEAD_OCTETS, data, 0, data.length);
    at = putOctets(this.#octets, at, key, 0, key.length);
    this.#at = putOctets(this.#octets, at, signature, 0, signature.length);
    return 'added';
  }

  /** A copy of what was written; the next batch begins. */
  finish(): Uint8Array {
    const batch = this.#octets.slice(0, this.#at);
    this.#at = 0;
    return batch;
  }
}

/** The checks of a batch, in their order; they share its memory. @param keys those that were imported before */
export function* checksOf(batch: Uint8Array, keys: KeyStore): Generator<SignatureCheck, void> {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  for (let at = 0; at < batch.length; ) {
    const dataEnd = at + HEAD_OCTETS + view.getUint32(at);
    const keyEnd = dataEnd + view.getUint16(at + 4);
    const end = keyEnd + view.getUint16(at + 6);
    const algorithm = ALGORITHMS.get(batch[dataEnd]!);
    assert(algorithm !== undefined, 'only what can be checked is sent');
    yield {
      algorithm,
      key: keys.at(batch, dataEnd, keyEnd),
      data: batch.subarray(at + HEAD_OCTETS, dataEnd),
      signature: batch.subarray(keyEnd, end),
    };
    at = end;
  }
}

/** Makes the checks of a batch, and gives some verdicts at a time: whoever waits for the first need not for the last. */
export function* verdictsOf(batch: Uint8Array, keys: KeyStore): Generator<Uint8Array, void> {
  let verdicts: number[] = [];
  for (const check of checksOf(batch, keys)) {
    verdicts.push(VERDICTS.indexOf(verdictOf(check)));
    if (verdicts.length < PIECE) continue;
    yield Uint8Array.from(verdicts);
    verdicts = [];
  }
  if (verdicts.length > 0) yield Uint8Array.from(verdicts);
}

/** One of those that `verdictsOf` gives. */
export function readVerdict(octet: number): Verdict {
  const verdict = VERDICTS[octet];
  assert(verdict !== undefined, 'a verdict');
  return verdict;
}
