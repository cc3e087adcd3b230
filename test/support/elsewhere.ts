import { type SignatureCheck, type Verdict, verdictOf } from '../../src/dnssec/signaturecheck.ts';
import type { SignatureChecks } from '../../src/resolver/env.ts';
import type { Clock } from '../../src/util/clock.ts';

/** Signature checks whose verdicts come later, in simulated time: as by the thread beside a worker. */
export function checkedElsewhere(clock: Clock, ms = 1): SignatureChecks {
  return {
    check(check: SignatureCheck, told: (verdict: Verdict) => void): boolean {
      // At once, as what it points at is soon something else.
      const verdict = verdictOf(check);
      clock.after(ms, () => told(verdict));
      return true;
    },
  };
}
