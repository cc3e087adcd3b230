/** `$GENERATE range lhs [ttl] [class] type rhs`, as BIND 9 reads it: one record for every number of a range. */
import { TextError } from '../error.ts';
import { excerpt } from './excerpt.ts';
import { RecordScanner } from './scanner.ts';
import type { Token } from './tokens.ts';

/** Records of one $GENERATE: a whole /16 reverse zone. */
export const GENERATE_STEPS_MAX = 65_536;
/** Range ends and offsets, as in BIND 9. */
const NUMBER_MAX = 0x7fffffff;
/** Padded numbers land in names, which have at most 255 octets. */
const WIDTH_MAX = 255;

export interface Range {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

/** Reads `start-stop` or `start-stop/step`. Throws TextError. */
export function rangeFromToken(token: Token): Range {
  const match = /^([0-9]{1,10})-([0-9]{1,10})(?:\/([0-9]{1,10}))?$/.exec(token.text);
  if (match === null)
    fail(token, `range ${excerpt(token.text)}; write start-stop or start-stop/step, as in 1-254`);
  const [start, stop, step] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 1)];
  if (stop < start || stop > NUMBER_MAX || step === 0)
    fail(
      token,
      `range ${excerpt(token.text)}; start may not be over stop, stop not over ${NUMBER_MAX}, step not 0`,
    );
  if (Math.floor((stop - start) / step) >= GENERATE_STEPS_MAX)
    fail(token, `range ${excerpt(token.text)} makes more than ${GENERATE_STEPS_MAX} records`);
  return { start, stop, step };
}

/** A word in which the number of the step takes the place of each `$`. */
export class Template {
  readonly token: Token;
  readonly #parts: readonly (string | Place)[];

  /** Throws TextError. */
  constructor(token: Token) {
    this.token = token;
    this.#parts = token.text.includes('$') ? parseTemplate(token) : [token.text];
  }

  /** Throws TextError where the number cannot be written. */
  expand(value: number): Token {
    let text = '';
    for (const part of this.#parts) text += typeof part === 'string' ? part : print(part, value, this.token);
    return { ...this.token, text };
  }
}

/**
 * The words of the right side. BIND takes one word, which must be quoted where the rdata has several: its
 * text is cut into words again. Several words, as other servers take them, are used as they are.
 */
export function templatesOf(words: readonly Token[]): Template[] {
  const only = words.length === 1 ? words[0] : undefined;
  if (only === undefined || !only.quoted) return words.map((word) => new Template(word));
  const scanner = new RecordScanner(only.text.replaceAll('\\"', '"'));
  if (!scanner.next()) return [];
  const fault = scanner.faults[0];
  if (fault !== undefined) fail(only, `in the quoted text: ${fault.message}`);
  return scanner.words.map(
    ({ column, end, ...word }) =>
      new Template({ ...word, line: only.line, column: only.column + column, end: only.column + end }),
  );
}

/** `$` or `${offset,width,base}` */
interface Place {
  readonly offset: number;
  readonly width: number;
  readonly base: string;
}

const PLACE = /^\{(-?[0-9]{1,10})(?:,([0-9]{1,10})(?:,([doxXnN]))?)?\}/;

function parseTemplate(token: Token): (string | Place)[] {
  const parts: (string | Place)[] = [];
  const { text } = token;
  let literal = '';
  for (let at = 0; at < text.length; ) {
    if (text[at] === '\\' || text.startsWith('$$', at)) {
      // `\$` stays escaped for the reader of the name; `$$` is the older way to write the same.
      literal += text[at] === '\\' ? text.slice(at, at + 2) : '\\$';
      at += 2;
    } else if (text[at] === '$') {
      const { place, length } = parsePlace(token, at + 1);
      parts.push(literal, place);
      literal = '';
      at += 1 + length;
    } else literal += text[at++];
  }
  return [...parts, literal];
}

function parsePlace(token: Token, at: number): { place: Place; length: number } {
  if (token.text[at] !== '{') return { place: { offset: 0, width: 0, base: 'd' }, length: 0 };
  const match = PLACE.exec(token.text.slice(at));
  const offset = Number(match?.[1]);
  const width = Number(match?.[2] ?? 0);
  if (match === null || Math.abs(offset) > NUMBER_MAX || width > WIDTH_MAX)
    fail(
      token,
      `${excerpt(`$${token.text.slice(at)}`)}; write \${offset,width,base}: width at most ${WIDTH_MAX}, base d o x X n or N`,
    );
  return { place: { offset, width, base: match[3] ?? 'd' }, length: match[0].length };
}

function print(place: Place, step: number, token: Token): string {
  const value = step + place.offset;
  if (value < 0 || value > NUMBER_MAX) fail(token, `offset ${place.offset} makes ${value} of ${step}`);
  switch (place.base) {
    case 'o':
      return value.toString(8).padStart(place.width, '0');
    case 'x':
      return value.toString(16).padStart(place.width, '0');
    case 'X':
      return value.toString(16).toUpperCase().padStart(place.width, '0');
    case 'n':
      return nibbles(value, place.width);
    case 'N':
      return nibbles(value, place.width).toUpperCase();
    default:
      return String(value).padStart(place.width, '0');
  }
}

/** Hex digits as labels, the lowest first, as under ip6.arpa; the width counts the dots, even one at the end. */
function nibbles(value: number, width: number): string {
  let text = '';
  let rest = value;
  do {
    text += (rest % 16).toString(16);
    rest = Math.floor(rest / 16);
    if (rest !== 0 || text.length < width) text += '.';
  } while (rest !== 0 || text.length < width);
  return text;
}

function fail(token: Token, message: string): never {
  throw new TextError(message, token.line, token.column);
}
