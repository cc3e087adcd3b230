import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from './constants.ts';
import { TextError } from './error.ts';
import { copyOctets, octetsKey } from './octets.ts';

/**
 * A domain name in wire form: length-prefixed labels, ending in the zero octet, never compressed, 1 to 255
 * octets. Case is kept; compare and key on the folded form. Length octets are at most 63 and so never in the
 * range of 'A'..'Z': folding may run over the whole wire form without looking at label boundaries.
 */
export type Name = Uint8Array;

export const ROOT: Name = new Uint8Array([0]);

/** Lower-cases one octet as RFC 4343 section 3 asks: ASCII letters only. */
export function foldOctet(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
}

/** Lower-cased: the name itself, which is mostly so, or a copy. A view of something large is to be copied by who keeps it. */
export function fold(name: Name): Name {
  let at = 0;
  while (at < name.length && foldOctet(name[at]!) === name[at]) at++;
  if (at === name.length) return name;
  const out = copyOctets(name, 0, name.length);
  for (; at < name.length; at++) out[at] = foldOctet(name[at]!);
  return out;
}

/** Equal without regard to case. */
export function nameEquals(a: Name, b: Name): boolean {
  return hasSuffixAt(a, 0, b);
}

/** Number of labels; the root has none. */
export function labelCount(name: Name): number {
  let count = 0;
  for (let i = 0; name[i]! !== 0; i += name[i]! + 1) count++;
  return count;
}

/** The name without its leftmost label. The root's parent is the root. */
export function parentOf(name: Name): Name {
  const first = name[0]!;
  // A copy: to share memory the engine would first have to move short octets out of its heap, which costs more.
  return first === 0 ? name : suffixAt(name, first + 1);
}

/** The rightmost `labels` labels. `labels` in 0..labelCount(name). */
export function suffixOf(name: Name, labels: number): Name {
  let at = 0;
  for (let drop = labelCount(name) - labels; drop > 0; drop--) at += name[at]! + 1;
  return suffixAt(name, at);
}

/** The name from the label on that begins at octet `at`. */
export function suffixAt(name: Name, at: number): Name {
  return at === 0 ? name : copyOctets(name, at, name.length);
}

/** Where the label begins that ends before octet `at`, at which another one, or the root, begins. */
export function labelBefore(name: Name, at: number): number {
  let start = 0;
  for (let next = name[0]! + 1; next < at; next += name[next]! + 1) start = next;
  return start;
}

/** True if `suffix` is what `name` has from octet `at` on, without regard to case. */
export function hasSuffixAt(name: Name, at: number, suffix: Name): boolean {
  if (name.length - at !== suffix.length) return false;
  for (let i = 0; i < suffix.length; i++) {
    const a = name[at + i]!;
    const b = suffix[i]!;
    // Mostly one octet, of which no case has to be known.
    if (a !== b && foldOctet(a) !== foldOctet(b)) return false;
  }
  return true;
}

/** True if `name` is `ancestor` or below it. */
export function isAtOrBelow(name: Name, ancestor: Name): boolean {
  const head = name.length - ancestor.length;
  let at = 0;
  while (at < head) at += name[at]! + 1;
  return at === head && hasSuffixAt(name, head, ancestor);
}

/** The label and the name joined, or undefined where that is over 255 octets. */
export function prepend(label: Uint8Array, name: Name): Name | undefined {
  if (label.length === 0 || label.length > LABEL_OCTETS_MAX) return undefined;
  if (label.length + 1 + name.length > NAME_OCTETS_MAX) return undefined;
  const out = new Uint8Array(label.length + 1 + name.length);
  out[0] = label.length;
  out.set(label, 1);
  out.set(name, label.length + 1);
  return out;
}

/** Replaces the suffix `from` of `name` by `to` (RFC 6672 section 2.2); undefined where over 255 octets. */
export function replaceSuffix(name: Name, from: Name, to: Name): Name | undefined {
  const head = name.length - from.length;
  if (head + to.length > NAME_OCTETS_MAX) return undefined;
  const out = new Uint8Array(head + to.length);
  out.set(name.subarray(0, head), 0);
  out.set(to, head);
  return out;
}

/** The folded octets as a string of chars 0..255: a key for `Map`s away from the cache-hit path. */
export function nameKey(name: Name): string {
  for (let i = 0; i < name.length; i++) folded[i] = foldOctet(name[i]!);
  return octetsKey(folded, 0, name.length);
}

const folded = new Uint8Array(NAME_OCTETS_MAX);

/** Canonical order of names: by labels from the right, octets folded (RFC 4034 section 6.1). */
export function compareCanonical(a: Name, b: Name): number {
  const labelsOfA = putLabelOffsets(a, offsetsOfA);
  const labelsOfB = putLabelOffsets(b, offsetsOfB);
  for (let i = 1; i <= Math.min(labelsOfA, labelsOfB); i++) {
    const order = compareLabels(a, offsetsOfA[labelsOfA - i]!, b, offsetsOfB[labelsOfB - i]!);
    if (order !== 0) return order;
  }
  return labelsOfA - labelsOfB;
}

const offsetsOfA = new Uint8Array(NAME_OCTETS_MAX);
const offsetsOfB = new Uint8Array(NAME_OCTETS_MAX);

/** Puts where the labels begin into `offsets`; returns how many there are. */
function putLabelOffsets(name: Name, offsets: Uint8Array): number {
  let labels = 0;
  for (let i = 0; name[i]! !== 0; i += name[i]! + 1) offsets[labels++] = i;
  return labels;
}

function compareLabels(a: Name, ao: number, b: Name, bo: number): number {
  const al = a[ao]!;
  const bl = b[bo]!;
  for (let i = 1; i <= Math.min(al, bl); i++) {
    const difference = foldOctet(a[ao + i]!) - foldOctet(b[bo + i]!);
    if (difference !== 0) return difference;
  }
  return al - bl;
}

/** Absolute presentation form with `\.` and `\DDD` (RFC 1035 section 5.1, RFC 4343 section 2.1). */
export function nameToText(name: Name): string {
  if (name.length <= 1) return '.';
  let length = 0;
  for (let i = 0; name[i]! !== 0; ) {
    const end = i + 1 + name[i]!;
    for (i++; i < end; i++) {
      if (PLAIN[name[i]!] === 0) return escapedText(name);
      scratch[length++] = name[i]!;
    }
    scratch[length++] = DOT;
  }
  return octetsKey(scratch, 0, length);
}

function escapedText(name: Name): string {
  let text = '';
  for (let i = 0; name[i]! !== 0; ) {
    const end = i + 1 + name[i]!;
    for (i++; i < end; i++) text += octetToText(name[i]!);
    text += '.';
  }
  return text;
}

function octetToText(octet: number): string {
  if (octet <= 0x20 || octet >= 0x7f) return '\\' + String(octet).padStart(3, '0');
  const char = String.fromCharCode(octet);
  return PLAIN[octet] === 0 ? '\\' + char : char;
}

/** 1 for octets that stand for themselves: printable, but for `"` `$` `(` `)` `.` `;` `@` `\`. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet > 0x20 && octet < 0x7f && !'"$().;@\\'.includes(String.fromCharCode(octet)) ? 1 : 0,
);

const DOT = 0x2e;
const BACKSLASH = 0x5c;
const scratch = new Uint8Array(NAME_OCTETS_MAX);

/**
 * Reads presentation form. A name without a final dot is relative to `origin`, or absolute when no origin is
 * given. `@` alone is the origin. Throws TextError (column = 1-based position in `text`).
 */
export function nameFromText(text: string, origin?: Name): Name {
  if (text === '@' && origin !== undefined) return origin;
  if (text === '.') return ROOT;
  if (text.length === 0) throw new TextError('empty name; write "." for the root', 1, 1);
  let lengthAt = 0;
  let out = 1;
  let at = 0;
  let absolute = false;
  const endLabel = (): void => {
    const length = out - lengthAt - 1;
    if (length === 0) throw new TextError('empty label', 1, at + 1);
    if (length > LABEL_OCTETS_MAX)
      throw new TextError(`label of ${length} octets; at most ${LABEL_OCTETS_MAX}`, 1, at + 1);
    scratch[lengthAt] = length;
    lengthAt = out++;
  };
  while (at < text.length) {
    let octet = text.charCodeAt(at);
    if (octet === DOT) {
      endLabel();
      at++;
      absolute = at === text.length;
      continue;
    }
    if (octet === BACKSLASH) {
      const escaped = readEscape(text, at);
      octet = escaped.octet;
      at = escaped.next;
    } else {
      if (octet > 0x7e || octet < 0x20)
        throw new TextError('character outside printable ASCII; write it as \\DDD or in Punycode', 1, at + 1);
      at++;
    }
    if (out >= NAME_OCTETS_MAX) throw new TextError(`name over ${NAME_OCTETS_MAX} octets`, 1, at);
    scratch[out++] = octet;
  }
  if (!absolute) endLabel();
  const tail = absolute || origin === undefined ? ROOT : origin;
  if (lengthAt + tail.length > NAME_OCTETS_MAX)
    throw new TextError(`name over ${NAME_OCTETS_MAX} octets`, 1, at);
  const name = new Uint8Array(lengthAt + tail.length);
  name.set(scratch.subarray(0, lengthAt), 0);
  name.set(tail, lengthAt);
  return name;
}

/** Reads `\DDD` or `\X` at `at`, which holds the backslash. Throws TextError. */
export function readEscape(text: string, at: number): { octet: number; next: number } {
  const next = text.charCodeAt(at + 1);
  if (Number.isNaN(next)) throw new TextError('backslash at the end', 1, at + 1);
  if (next < 0x30 || next > 0x39) {
    if (next > 0x7e) throw new TextError('character outside printable ASCII after a backslash', 1, at + 1);
    return { octet: next, next: at + 2 };
  }
  const digits = text.slice(at + 1, at + 4);
  if (!/^[0-9]{3}$/.test(digits) || Number(digits) > 255)
    throw new TextError(`\\${digits} is not an octet; write three decimal digits, \\000 to \\255`, 1, at + 1);
  return { octet: Number(digits), next: at + 4 };
}
