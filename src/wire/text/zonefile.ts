import { CLASS, TTL_MAX, TYPE } from '../constants.ts';
import { TextError, WireError } from '../error.ts';
import { isAtOrBelow, type Name, nameFromText, nameToText, readEscape } from '../name.ts';
import { isDataType, questionTypeFromText, rdataFromText, typeToText } from '../rdata/table.ts';
import { durationFromText } from '../rdata/time.ts';
import type { Rr } from '../record.ts';
import { excerpt } from './excerpt.ts';
import { rangeFromToken, Template, templatesOf } from './generate.ts';
import { RecordScanner } from './scanner.ts';
import { RdataTokens, type Token } from './tokens.ts';

/** Errors told of one zone; more help nobody, and a file that is no zone file has one in every line. */
export const ZONE_ERRORS_MAX = 1_000;
const MESSAGE_CHARS_MAX = 400;
/** Files within files, the zone's own not counted: a file that includes itself ends here. */
export const INCLUDE_DEPTH_MAX = 8;
/** Files that a zone includes in all: a file that includes itself twice doubles at every depth. */
export const INCLUDES_MAX = 1_000;
/** Text of a zone with all that it includes; a million records take about 40 MB. */
export const ZONE_OCTETS_MAX = 256 * 1024 * 1024;
/** Records of a zone, generated ones included; ten times what the zone images are made for. */
export const ZONE_RECORDS_MAX = 10_000_000;

export interface ZoneError {
  readonly file: string;
  /** Both count from 1; columns are octets. */
  readonly line: number;
  readonly column: number;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

/** Where a record begins. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

export interface ZoneOptions {
  /** Name of the zone, and the origin until `$ORIGIN`. */
  readonly origin: Name;
  /** How errors and places call this text. */
  readonly file: string;
  /** TTL in seconds of records that come before any `$TTL` and have none of their own. */
  readonly defaultTtl?: number;
  /** Fetches what `$INCLUDE path` in `from` names, or says why not. Without it `$INCLUDE` is an error. */
  readonly include?: (path: string, from: string) => { text: string | Uint8Array; file: string } | string;
  /** Takes each record in its order; owner names and rdata may be kept. Class is always IN. */
  readonly onRecord: (rr: Rr, place: Place) => void;
}

/**
 * Reads a zone file (RFC 1035 section 5, RFC 2308 section 4, RFC 3597 section 5, and `$GENERATE`). Every good
 * record goes to `onRecord`, every error of the text is returned, in the order of the text; it never throws
 * because of the text. A string counts as its UTF-8 octets. What a zone must hold (one SOA, NS) is not checked.
 */
export function parseZone(text: string | Uint8Array, options: ZoneOptions): ZoneError[] {
  const parser = new ZoneParser(options);
  parser.read(text, { file: options.file, depth: 0, origin: options.origin, owner: undefined });
  return parser.errors;
}

/** What the lines of one file hand on to later ones; an included file has a copy (RFC 1035 section 5.1). */
interface Scope {
  readonly file: string;
  readonly depth: number;
  origin: Name;
  /** Owner of the record before; 'faulty' where it could not be read or is not in the zone, which is told once. */
  owner: Name | 'faulty' | undefined;
}

/** Ends the reading of the zone when a bound is reached. */
class Stop extends Error {}

class ZoneParser {
  readonly errors: ZoneError[] = [];
  readonly #options: ZoneOptions;
  #records = 0;
  #octets = 0;
  #includes = 0;
  /** Of `$TTL`, which also holds after the included file that says it (RFC 2308 section 4, and so does BIND). */
  #defaultTtl: number | undefined;
  /** The last TTL that a record stated. */
  #lastTtl: number | undefined;
  /** Of an SOA without a TTL: the default for records after it (RFC 1035 section 5.1). */
  #soaMinimum: number | undefined;
  /** Owners below this origin need no check of their own. */
  #originInZone: Name;

  constructor(options: ZoneOptions) {
    this.#options = options;
    this.#originInZone = options.origin;
    this.#defaultTtl = options.defaultTtl;
  }

  read(text: string | Uint8Array, scope: Scope): void {
    try {
      this.#file(text, scope);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
  }

  #file(text: string | Uint8Array, scope: Scope): void {
    const octets = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
    this.#octets += octets.length;
    if (this.#octets > ZONE_OCTETS_MAX)
      this.#stop(scope, 1, 1, `zone of more than ${ZONE_OCTETS_MAX} octets of text`);
    const scanner = new RecordScanner(
      Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1'),
    );
    while (scanner.next()) {
      const { words, faults } = scanner;
      for (const fault of faults) this.#report(scope, fault.line, fault.column, fault.message);
      const directive = !scanner.inheritsOwner && words[0] !== undefined && isDirective(words[0]);
      if (faults.length > 0) {
        if (!scanner.inheritsOwner && !directive) scope.owner = 'faulty';
        continue;
      }
      try {
        if (scanner.inheritsOwner) this.#record(scope, words, 0);
        else if (directive) this.#directive(scope, words);
        else {
          this.#setOwner(scope, words[0]!);
          this.#record(scope, words, 1);
        }
      } catch (error) {
        this.#caught(scope, error, words[0]!);
      }
    }
  }

  /** Reports what a record's text made throw; anything else is a fault of the program. */
  #caught(scope: Scope, error: unknown, first: Token): void {
    if (error instanceof TextError) this.#report(scope, error.line, error.column, error.message);
    else if (error instanceof WireError) this.#report(scope, first.line, first.column, error.message);
    else throw error;
  }

  #report(scope: Scope, line: number, column: number, message: string): void {
    if (this.errors.length === ZONE_ERRORS_MAX) this.#stop(scope, line, column, 'too many errors');
    // What is in this folder quotes excerpts; others may quote a word as long as the file.
    const cut = message.length <= MESSAGE_CHARS_MAX ? message : `${message.slice(0, MESSAGE_CHARS_MAX)}…`;
    this.errors.push({ file: scope.file, line, column, message: cut });
  }

  #stop(scope: Scope, line: number, column: number, message: string): never {
    this.errors.push({ file: scope.file, line, column, message });
    throw new Stop();
  }

  #setOwner(scope: Scope, word: Token): void {
    scope.owner = 'faulty';
    const owner = this.#owner(scope, word);
    if (owner !== undefined) scope.owner = owner;
  }

  /** The owner that `word` names; undefined where it is not in the zone, which is reported. Throws TextError. */
  #owner(scope: Scope, word: Token): Name | undefined {
    if (word.quoted) fail(word, 'owner in quotes; names are written without');
    const owner = nameFromWord(word, scope.origin);
    if (this.#inZone(scope, word, owner)) return owner;
    const [name, zone] = [nameToText(owner), nameToText(this.#options.origin)];
    this.#report(scope, word.line, word.column, `owner ${name} is not in zone ${zone}`);
    return undefined;
  }

  #inZone(scope: Scope, word: Token, owner: Name): boolean {
    // A relative name is as much in the zone as its origin; most names are, and most origins do not change.
    if (scope.origin === this.#originInZone && !word.text.endsWith('.')) return true;
    return isAtOrBelow(owner, this.#options.origin);
  }

  /** Reads `[ttl] [class] type rdata` from word `at` on (RFC 1035 section 5.1). */
  #record(scope: Scope, words: readonly Token[], at: number): void {
    if (scope.owner === undefined)
      fail(words[0]!, 'no owner before this record; begin the line with a name, or with @ for the origin');
    const header = this.#header(words, at);
    const tokens = new RdataTokens(words, scope.origin, header.next);
    const rdata = rdataFromText(header.type, tokens);
    const ttl = header.ttl ?? this.#impliedTtl(header.type, rdata, words[header.next - 1]!);
    if (scope.owner !== 'faulty') this.#emit(scope, words[0]!, scope.owner, header.type, ttl, rdata);
  }

  #header(words: readonly Token[], at: number): Header {
    const header = readHeader(words, at);
    if (header.ttl !== undefined) this.#lastTtl = header.ttl;
    return header;
  }

  /** RFC 2308 section 4: `$TTL`; else, as in RFC 1035, the last stated TTL, else the minimum of the SOA. */
  #impliedTtl(type: number, rdata: Uint8Array, typeWord: Token): number {
    if (type === TYPE.SOA) this.#soaMinimum = Math.min(TTL_MAX, lastU32(rdata));
    const ttl = this.#defaultTtl ?? this.#lastTtl ?? this.#soaMinimum;
    if (ttl === undefined) fail(typeWord, 'no TTL; write one before the type, or a $TTL line above');
    return ttl;
  }

  #emit(scope: Scope, first: Token, name: Name, type: number, ttl: number, rdata: Uint8Array): void {
    if (this.#records++ === ZONE_RECORDS_MAX)
      this.#stop(scope, first.line, first.column, `zone of more than ${ZONE_RECORDS_MAX} records`);
    this.#options.onRecord(
      { name, type, class: CLASS.IN, ttl, rdata },
      { file: scope.file, line: first.line },
    );
  }

  #directive(scope: Scope, words: readonly Token[]): void {
    const directive = words[0]!;
    switch (directive.text.toUpperCase()) {
      case '$ORIGIN':
        scope.origin = nameFromWord(argument(words, 1, 'name', 1), scope.origin);
        if (isAtOrBelow(scope.origin, this.#options.origin)) this.#originInZone = scope.origin;
        return;
      case '$TTL':
        this.#defaultTtl = readTtl(argument(words, 1, 'TTL', 1));
        return;
      case '$INCLUDE':
        this.#include(scope, words);
        return;
      case '$GENERATE':
        this.#generate(scope, words);
        return;
      default:
        fail(
          directive,
          `unknown directive; $ORIGIN, $TTL, $INCLUDE and $GENERATE are known, an owner begins with \\$`,
        );
    }
  }

  /** `$INCLUDE path [origin]`: origin and owner are as before when the file ends (RFC 1035 section 5.1). */
  #include(scope: Scope, words: readonly Token[]): void {
    const word = argument(words, 1, 'file', 2);
    const origin = words[2] === undefined ? scope.origin : nameFromWord(words[2], scope.origin);
    const path = pathFromWord(word);
    if (scope.depth === INCLUDE_DEPTH_MAX) fail(word, `$INCLUDE more than ${INCLUDE_DEPTH_MAX} files deep`);
    if (this.#includes++ === INCLUDES_MAX)
      this.#stop(scope, word.line, word.column, `zone of more than ${INCLUDES_MAX} included files`);
    const found = this.#options.include?.(path, scope.file) ?? '$INCLUDE is not allowed here';
    if (typeof found === 'string') fail(word, `cannot include ${excerpt(path)}: ${found}`);
    this.#file(found.text, { ...scope, file: found.file, depth: scope.depth + 1, origin });
  }

  #generate(scope: Scope, words: readonly Token[]): void {
    const range = rangeFromToken(argument(words, 1, 'range start-stop'));
    const lhs = new Template(argument(words, 2, 'owner'));
    const header = this.#header(words, 3);
    const rhs = templatesOf(words.slice(header.next));
    for (let value = range.start; value <= range.stop; value += range.step) {
      try {
        const owner = this.#owner(scope, lhs.expand(value));
        if (owner === undefined) return;
        const tokens = rhs.map((template) => template.expand(value));
        const end = words.at(-1)!;
        const rdata = rdataFromText(header.type, new RdataTokens(tokens, scope.origin, 0, end));
        const ttl = header.ttl ?? this.#impliedTtl(header.type, rdata, words[header.next - 1]!);
        this.#emit(scope, words[0]!, owner, header.type, ttl, rdata);
      } catch (error) {
        // One error for the directive: the rest of its records most likely have it too.
        if (error instanceof TextError)
          throw new TextError(`for ${value}: ${error.message}`, error.line, error.column);
        throw error;
      }
    }
  }
}

function isDirective(word: Token): boolean {
  return !word.quoted && word.text.charCodeAt(0) === 0x24;
}

/** Word `at` of a directive that takes `most` words after its own. Throws TextError. */
function argument(words: readonly Token[], at: number, what: string, most = words.length): Token {
  const directive = words[0]!;
  const extra = words[most + 1];
  if (extra !== undefined) fail(extra, `${excerpt(extra.text)} after the end of ${directive.text}`);
  return words[at] ?? fail(directive, `${directive.text}: ${what} is missing`);
}

interface Header {
  readonly type: number;
  /** Undefined where none is stated. */
  readonly ttl: number | undefined;
  /** The first word of the rdata. */
  readonly next: number;
}

/** TTL and class, either, both or none, in either order, and the type. Throws TextError. */
function readHeader(words: readonly Token[], at: number): Header {
  let ttl: number | undefined;
  let hasClass = false;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (ttl === undefined && startsWithDigit(word)) ttl = readTtl(word);
    else if (!hasClass && isClass(word)) hasClass = true;
    else return { type: readType(word), ttl, next: at + 1 };
  }
  const last = words.at(-1)!;
  throw new TextError('type is missing', last.line, last.end);
}

/** RFC 2181 section 8: 0 to 2^31-1 seconds. Throws TextError. */
function readTtl(word: Token): number {
  const seconds = durationFromText(word.text);
  if (seconds === undefined || seconds > TTL_MAX)
    fail(
      word,
      `TTL ${excerpt(word.text)}; write 0 to ${TTL_MAX} seconds, also with units as in 1h30m (w d h m s)`,
    );
  return seconds;
}

function startsWithDigit(word: Token): boolean {
  const octet = word.text.charCodeAt(0);
  return !word.quoted && octet >= 0x30 && octet <= 0x39;
}

const CLASS_WORD = /^(?:IN|CH|CS|HS|CLASS[0-9]{1,5})$/i;
const CLASS_IN = /^(?:IN|CLASS0*1)$/i;

/** True for a class, which must be IN. Throws TextError for others. */
function isClass(word: Token): boolean {
  if (word.quoted) return false;
  const { text } = word;
  if (text === 'IN') return true;
  if (!CLASS_WORD.test(text)) return false;
  if (!CLASS_IN.test(text)) fail(word, `class ${text}; only IN is served`);
  return true;
}

/** A type that zones may hold. Throws TextError. */
function readType(word: Token): number {
  const { text } = word;
  const type = word.quoted ? undefined : questionTypeFromText(text);
  if (type === undefined) fail(word, typeHint(text));
  if (!isDataType(type)) fail(word, `type ${typeToText(type)} is no zone data`);
  return type;
}

function typeHint(text: string): string {
  if (/^[0-9]/.test(text) || CLASS_WORD.test(text))
    return `type expected, ${excerpt(text)} found; a record is [owner] [TTL] [class] type rdata`;
  if (text.startsWith('$')) return `unknown type ${excerpt(text)}; a directive begins in the first column`;
  return `unknown type ${excerpt(text)}; types without a name are written as TYPE and their number`;
}

function nameFromWord(word: Token, origin: Name): Name {
  try {
    return nameFromText(word.text, origin);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    const column = Math.min(word.column + error.column - 1, word.end);
    throw new TextError(`name ${excerpt(word.text)}: ${error.message}`, word.line, column);
  }
}

/** Paths are octets, which most file systems hold as UTF-8. Throws TextError. */
function pathFromWord(word: Token): string {
  const octets: number[] = [];
  for (let at = 0; at < word.text.length; ) {
    if (word.text[at] !== '\\') octets.push(word.text.charCodeAt(at++));
    else {
      const escaped = readEscape(word.text, at);
      octets.push(escaped.octet);
      at = escaped.next;
    }
  }
  return Buffer.from(octets).toString('utf8');
}

function lastU32(rdata: Uint8Array): number {
  return new DataView(rdata.buffer, rdata.byteOffset, rdata.length).getUint32(rdata.length - 4);
}

function fail(word: Token, message: string): never {
  throw new TextError(message, word.line, word.column);
}
