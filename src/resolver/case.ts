import type { Prng } from '../util/prng.ts';
import type { Name } from '../wire/name.ts';
import { octetsEqual } from '../wire/octets.ts';
import { eachFoldedName } from '../wire/rdata/table.ts';

/**
 * 0x20 (draft-vixie-dnsext-dns0x20): the letters of a question are sent in random case and must come back in the
 * same, which adds a bit per letter to what a forger has to guess.
 */
export function randomCase(name: Name, prng: Prng): Name {
  const out = name.slice();
  let bits = 0;
  let left = 0;
  for (let i = 0; i < out.length; i++) {
    const folded = out[i]! | 0x20;
    // Length octets are below 0x40, so only letters pass.
    if (out[i]! < 0x41 || folded < 0x61 || folded > 0x7a) continue;
    if (left === 0) {
      bits = prng.u32();
      left = 32;
    }
    out[i] = bits & 1 ? folded & ~0x20 : folded;
    bits >>>= 1;
    left--;
  }
  return out;
}

/**
 * Servers compress names in rdata into the question, so those come back in the random case of the question and
 * would be handed to clients that way (pdns#4690). Puts `plain` back, in place, wherever a name in `rdata` ends as
 * `sent` does, octet for octet. `plain` and `sent` differ in case only. Names whose letters are signed as they stand
 * (NSEC, SVCB; RFC 6840 section 5.1) are left alone: they are never compressed.
 */
export function restoreCase(type: number, rdata: Uint8Array, sent: Name, plain: Name): void {
  eachFoldedName(type, rdata, (offset, length) => {
    const name = rdata.subarray(offset, offset + length);
    for (let at = 0; name[at] !== undefined && name[at] !== 0; at += name[at]! + 1) {
      const rest = name.length - at;
      if (rest > sent.length) continue;
      if (!octetsEqual(name.subarray(at), sent, sent.length - rest)) continue;
      name.set(plain.subarray(plain.length - rest), at);
      return;
    }
  });
}
