import { decimal, decimalEscapes, unsupported } from './names.ts';
import { FatalProblem } from './problem.ts';

/** A word of a value, with the escapes of zone files; quotes are taken off and told by `quoted`. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
  /** Both from 1, the second behind it. */
  readonly column: number;
  readonly end: number;
}

const QUOTATION_MARKS = 'Value should be enclosed in quotation marks';

/** Printable ASCII in quotes, where `\"`, `\\` and `\ooo` are the escapes. */
const QUOTED_ESCAPE = /\\([0-3][0-7]{2}|["\\])?/g;
/** In a value of SVCB a backslash also stands before commas (RFC 9460 appendix A.1). */
const PARAM_ESCAPE = /\\([0-3][0-7]{2}|[^0-9])?/g;
const QUOTED_HINT = 'write \\" for a quotation mark, \\\\ for a backslash, and octets as \\ooo in octal';

/** Cuts a value at the blanks that are not in quotes. Throws FatalProblem. */
export function wordsOf(value: string): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < value.length; ) {
    if (isBlank(value, at)) {
      at++;
      continue;
    }
    const end = value[at] === '"' ? quoteEnd(value, at) : wordEnd(value, at);
    words.push(wordAt(value, at, end));
    at = end;
  }
  return words;
}

function isBlank(value: string, at: number): boolean {
  return value[at] === ' ' || value[at] === '\t';
}

/** The place behind the quotation mark that closes the one at `open`. */
function quoteEnd(value: string, open: number): number {
  for (let at = open + 1; at < value.length; at++) {
    if (value[at] === '"') return at + 1;
    if (value[at] === '\\') at++;
  }
  const remedy = 'close the quotation marks; \\" is one inside of them';
  throw new FatalProblem('InvalidCharacterString', QUOTATION_MARKS, value, remedy);
}

/** The place behind a word that begins without quotes; `key="a b"` is one word. */
function wordEnd(value: string, start: number): number {
  for (let at = start; at < value.length; at++) {
    if (isBlank(value, at)) return at;
    if (value[at] === '\\') at++;
    else if (value[at] === '"' && value[at - 1] === '=') at = quoteEnd(value, at) - 1;
  }
  return value.length;
}

function wordAt(value: string, start: number, end: number): Word {
  const place = { column: start + 1, end: end + 1 };
  const quoted = value[start] === '"';
  if (quoted && end < value.length && !isBlank(value, end))
    throw new FatalProblem(
      'InvalidCharacterString',
      QUOTATION_MARKS,
      value,
      'put a space between strings, or write \\" for a quotation mark inside of one',
    );
  const raw = value.slice(start, end);
  if (quoted) return { text: translate(raw.slice(1, -1), QUOTED_ESCAPE, value), quoted, ...place };
  const isParam = /^[a-z0-9-]+=/.test(raw);
  const text = isParam ? translate(raw, PARAM_ESCAPE, value) : decimalEscapes(raw, value);
  return { text, quoted, ...place };
}

function translate(text: string, escapes: RegExp, value: string): string {
  if (!/^[ -~]*$/.test(text)) throw unsupported(value, QUOTED_HINT);
  return text.replace(escapes, (all: string, what: string | undefined) => {
    if (what === undefined) throw unsupported(value, QUOTED_HINT);
    return what.length === 3 ? decimal(what) : all;
  });
}
