import { TextError } from '../error.ts';
import { type Name, nameFromText } from '../name.ts';

/** A word of a zone file. `text` is raw: escapes are still in it; quotes are taken off and told by `quoted`. */
export interface Token {
  readonly text: string;
  readonly quoted: boolean;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  /** The column behind it. The text may be longer, as octets that cannot be printed stand in it as escapes. */
  readonly end: number;
}

/** The words of one rdata, read from left to right. Every error names the place of the word it is about. */
export class RdataTokens {
  readonly #tokens: readonly Token[];
  readonly #end: { line: number; column: number };
  readonly origin: Name | undefined;
  #at: number;

  /** @param end where the record ends, for "missing" errors */
  constructor(tokens: readonly Token[], origin?: Name, start = 0, end?: { line: number; column: number }) {
    this.#tokens = tokens;
    this.#at = start;
    this.origin = origin;
    const last = tokens.at(-1);
    this.#end = end ?? (last ? { line: last.line, column: last.end } : { line: 1, column: 1 });
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** The next word without moving, or undefined at the end. */
  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  /** The next word; `what` names the field in the error when there is none. */
  next(what: string): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new TextError(`${what} is missing`, this.#end.line, this.#end.column);
    this.#at++;
    return token;
  }

  /** A domain name, relative to the origin. */
  name(what: string): Name {
    const token = this.next(what);
    try {
      return nameFromText(token.text, this.origin);
    } catch (error) {
      if (error instanceof TextError) this.fail(token, `${what}: ${error.message}`);
      throw error;
    }
  }

  /** A decimal integer in 0..max. */
  integer(what: string, max: number): number {
    const token = this.next(what);
    const value = /^[0-9]{1,10}$/.test(token.text) ? Number(token.text) : Number.NaN;
    if (!(value <= max)) this.fail(token, `${what}: "${token.text}" is not an integer from 0 to ${max}`);
    return value;
  }

  fail(token: Token, message: string): never {
    throw new TextError(message, token.line, token.column);
  }
}
