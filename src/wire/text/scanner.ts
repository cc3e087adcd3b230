import type { Token } from './tokens.ts';

/** A fault in the words themselves, before they mean anything. Both places count from 1, columns in octets. */
export interface Fault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The words of one record fill at most 65,535 octets of rdata, of which the shortest word makes one. */
const WORDS_MAX = 65_536 + 16;
/** Faults told of one record; a binary file would have one at every octet. */
const FAULTS_MAX = 20;

const WORD = 0;
const BLANK = 1;
const NEWLINE = 2;
const RETURN = 3;
const COMMENT = 4;
const QUOTE = 5;
const OPEN = 6;
const CLOSE = 7;
const BACKSLASH = 8;
const BAD = 9;

/** What each octet is outside quotes and comments. */
const KIND = new Uint8Array(256).fill(BAD);
for (let octet = 0x21; octet <= 0x7e; octet++) KIND[octet] = WORD;
for (const [chars, kind] of [
  [' \t', BLANK],
  ['\n', NEWLINE],
  ['\r', RETURN],
  [';', COMMENT],
  ['"', QUOTE],
  ['(', OPEN],
  [')', CLOSE],
  ['\\', BACKSLASH],
] as const)
  for (const char of chars) KIND[char.charCodeAt(0)] = kind;

const EQUALS = 0x3d;

/**
 * Cuts the text of a zone file into records of words (RFC 1035 section 5.1): parentheses, comments and quotes
 * end here, escapes stay in. A faulty record still ends where a right one would, so that the next one is read:
 *
 *     while (scanner.next()) use(scanner.words, scanner.faults, scanner.inheritsOwner);
 *
 * Reading is linear: lines are read again only after an unclosed parenthesis, and each of them once.
 */
export class RecordScanner {
  /** Latin-1: a character is an octet. */
  readonly #text: string;
  #at = 0;
  #line = 1;
  /** Offset of the first character of the line. */
  #lineStart = 0;
  #depth = 0;
  #open = { line: 0, column: 0, at: 0 };

  /** The word being read has octets inside quotes that are not printable ASCII. */
  #hasRaw = false;

  /** Printable ASCII and tabs: other octets, which may stand inside quotes only, are given as `\DDD`. */
  words: Token[] = [];
  /** Not empty: the record is broken and its words are only what was understood. */
  faults: Fault[] = [];
  /** The record begins with a blank: its owner is that of the record before. */
  inheritsOwner = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Moves to the next record that has words or faults; false at the end of the text. */
  next(): boolean {
    do {
      if (this.#at >= this.#text.length) return false;
      this.words = [];
      if (this.faults.length > 0) this.faults = [];
      this.#depth = 0;
      this.inheritsOwner = KIND[this.#text.charCodeAt(this.#at)] === BLANK;
      this.#record();
    } while (this.words.length === 0 && this.faults.length === 0);
    return true;
  }

  #record(): void {
    const text = this.#text;
    while (this.#at < text.length) {
      switch (KIND[text.charCodeAt(this.#at)]) {
        case WORD:
        case BACKSLASH:
          this.#word();
          break;
        case BLANK:
          this.#at++;
          break;
        case NEWLINE:
          this.#newline();
          if (this.#depth === 0) return;
          break;
        case COMMENT:
          this.#at = this.#lineEnd();
          break;
        case QUOTE:
          this.#quoted();
          break;
        case OPEN:
          if (!this.#openParenthesis()) return;
          break;
        case CLOSE:
          if (this.#depth === 0) this.#fault(this.#at, '")" without a "(" before it');
          else this.#depth--;
          this.#at++;
          break;
        default:
          this.#strangeOctets();
      }
    }
    if (this.#depth > 0) this.#abandonAtEnd();
  }

  #newline(): void {
    this.#at++;
    this.#line++;
    this.#lineStart = this.#at;
  }

  #lineEnd(): number {
    const end = this.#text.indexOf('\n', this.#at);
    return end < 0 ? this.#text.length : end;
  }

  #push(start: number, from: number, to: number, quoted: boolean): void {
    if (this.words.length === WORDS_MAX) this.#fault(start, `record of more than ${WORDS_MAX} words`);
    if (this.words.length >= WORDS_MAX) return;
    let text = this.#text.slice(from, to);
    if (this.#hasRaw) text = escapeRaw(text);
    this.#hasRaw = false;
    const column = start - this.#lineStart + 1;
    this.words.push({ text, quoted, line: this.#line, column, end: to - this.#lineStart + 1 });
  }

  #word(): void {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    for (; at < text.length; at++) {
      const kind = KIND[text.charCodeAt(at)];
      if (kind === WORD) continue;
      if (kind === BACKSLASH) at = this.#escaped(at);
      else if (kind !== QUOTE) break;
      // RFC 9460 section 2.1: `key="value"` is one word; anywhere else a quote begins a word of its own.
      else if (at > start && text.charCodeAt(at - 1) === EQUALS) at = this.#closingQuote(at);
      else this.#fault(at, 'quote inside a word; put a blank before it, or write \\"');
    }
    this.#at = Math.min(at, text.length);
    this.#push(start, start, this.#at, false);
  }

  #quoted(): void {
    const start = this.#at;
    const close = this.#closingQuote(start);
    this.#push(start, start + 1, Math.min(close, this.#text.length), true);
    // Where the quote is not closed, `close` is the last character of the line.
    this.#at = Math.min(close + 1, this.#text.length);
  }

  /** Offset of the quote that closes the one at `open`; after a fault, of the last character of the line. */
  #closingQuote(open: number): number {
    const text = this.#text;
    for (let at = open + 1; at < text.length; at++) {
      const kind = KIND[text.charCodeAt(at)];
      if (kind === QUOTE) return at;
      if (kind === NEWLINE) {
        this.#fault(open, 'quoted string is not closed on its line');
        return at - 1;
      }
      if (kind === BACKSLASH) at = this.#escaped(at);
      else if (kind === BAD) this.#hasRaw = true;
    }
    this.#fault(open, 'quoted string is not closed on its line');
    return text.length - 1;
  }

  /** Offset of the character that the backslash at `at` escapes; of the backslash itself after a fault. */
  #escaped(at: number): number {
    const kind = at + 1 < this.#text.length ? KIND[this.#text.charCodeAt(at + 1)] : NEWLINE;
    if (kind === NEWLINE || kind === RETURN) {
      this.#fault(at, 'backslash at the end of a line; write \\\\ for a backslash');
      return at;
    }
    const octet = this.#text.charCodeAt(at + 1);
    if (kind === BAD) this.#fault(at, `backslash before octet ${octet}; write ${ddd(octet)}`);
    return at + 1;
  }

  /**
   * A "(" inside parentheses opened on an earlier line most likely means that those were never closed: the
   * record is given up there, and reading goes on with this line. False when the record was given up.
   */
  #openParenthesis(): boolean {
    if (this.#depth === 0) {
      this.#open = { line: this.#line, column: this.#at - this.#lineStart + 1, at: this.#at };
    } else if (this.#open.line < this.#line) {
      this.#abandon(
        `"(" is not closed before the next "(" in line ${this.#line}`,
        this.#lineStart,
        this.#line,
      );
      return false;
    } else this.#fault(this.#at, '"(" inside parentheses; they do not nest');
    this.#depth++;
    this.#at++;
    return true;
  }

  /** No ")" came up to the end of the text: reading goes on one line after the "(". */
  #abandonAtEnd(): void {
    const lineEnd = this.#text.indexOf('\n', this.#open.at);
    const next = lineEnd < 0 ? this.#text.length : lineEnd + 1;
    this.#abandon('"(" is not closed by a ")"', next, this.#open.line + 1);
  }

  /** Ends a record whose parentheses are not closed; reading goes on at the start `at` of `line`. */
  #abandon(message: string, at: number, line: number): void {
    const { line: openLine, column } = this.#open;
    // Faults of the lines that are read again are found again.
    this.faults = this.faults.filter((fault) => fault.line < line);
    this.faults.unshift({ line: openLine, column, message });
    this.#at = at;
    this.#line = line;
    this.#lineStart = at;
  }

  /** Control characters and octets over 0x7e; one fault for a run of them. */
  #strangeOctets(): void {
    const text = this.#text;
    const start = this.#at;
    const octet = text.charCodeAt(start);
    // A line may end in CR LF.
    if (octet === 0x0d && (start + 1 === text.length || text.charCodeAt(start + 1) === 0x0a)) {
      this.#at++;
      return;
    }
    do this.#at++;
    while (this.#at < text.length && KIND[text.charCodeAt(this.#at)] === BAD);
    if (start === 0 && text.startsWith('\xef\xbb\xbf'))
      this.#fault(0, 'byte order mark; save the file without it');
    else this.#fault(start, `octet ${octet} outside a quoted string; write it as ${ddd(octet)}`);
  }

  #fault(at: number, message: string): void {
    if (this.faults.length >= FAULTS_MAX) return;
    this.faults.push({ line: this.#line, column: at - this.#lineStart + 1, message });
  }
}

function escapeRaw(text: string): string {
  return text.replace(/[^\t\r\x20-\x7e]/g, (char) => ddd(char.charCodeAt(0)));
}

function ddd(octet: number): string {
  return `\\${String(octet).padStart(3, '0')}`;
}
