import type { Prng } from '../util/prng.ts';
import type { Name } from '../wire/name.ts';
import { copyOctets } from '../wire/octets.ts';
import { eachFoldedName, foldsNames } from '../wire/rdata/table.ts';

/**
 * 0x20 (draft-vixie-dnsext-dns0x20): the letters of a question are sent in random case and must come back in the
 * same, which adds a bit per letter to what a forger has to guess.
 */
export function randomCase(name: Name, prng: Prng): Name {
  const out = copyOctets(name, 0, name.length);
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
  if (foldsNames(type)) restoreNames(type, rdata, sent, plain);
}

function restoreNames(type: number, rdata: Uint8Array, sent: Name, plain: Name): void {
  eachFoldedName(type, rdata, (offset, length) => restoreName(rdata, offset, offset + length, sent, plain));
}

/** Without views of the parts: of short octets these cost more than all the rest. */
function restoreName(octets: Uint8Array, start: number, end: number, sent: Name, plain: Name): void {
  for (let at = start; at < end && octets[at] !== 0; at += octets[at]! + 1) {
    const shift = sent.length - (end - at) - at;
    if (!isSame(octets, at, end, sent, shift)) continue;
    for (let i = at; i < end; i++) octets[i] = plain[i + shift]!;
    return;
  }
}

/** True if `a[start .. end)` stands in `b` so much further on. */
function isSame(a: Uint8Array, start: number, end: number, b: Uint8Array, shift: number): boolean {
  if (start + shift < 0) return false;
  for (let i = start; i < end; i++) if (a[i] !== b[i + shift]) return false;
  return true;
}
