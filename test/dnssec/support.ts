/** Denials in the field's notation. */
import type { Evidence, NoDs, Proof } from '../../src/dnssec/denial.ts';
import type { Work } from '../../src/dnssec/work.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { WORK_WITHOUT_END } from './chains.ts';
import { records, rrsetsOf } from './zones.ts';

/** Records of `text` as a proof is given them. */
export function evidence(zone: string, text: string, work: Work = WORK_WITHOUT_END): Evidence {
  return { zone: nameFromText(zone), rrsets: rrsetsOf(records(text)), work };
}

/** `secure`, or status and reason. */
export function say(proof: Proof | NoDs): string {
  return 'why' in proof ? `${proof.status}: ${proof.why}` : proof.status;
}

/** Counts blocks up to a limit. */
export class CountedWork implements Work {
  readonly #max: number;
  blocks = 0;

  constructor(max = Number.POSITIVE_INFINITY) {
    this.#max = max;
  }
  takeVerify(): boolean {
    return false;
  }
  takeNsec3Blocks(blocks: number): boolean {
    if (this.blocks + blocks > this.#max) return false;
    this.blocks += blocks;
    return true;
  }
}
