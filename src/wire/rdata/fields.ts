import { fromBase64, fromHex, toBase64, toHex } from '../base.ts';
import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { WireError } from '../error.ts';
import { nameToText } from '../name.ts';
import type { RdataTokens, Token } from '../text/tokens.ts';
import { ipv4FromText, ipv4ToText, ipv6FromText, ipv6ToText } from './address.ts';
import { RDATA_OCTETS_MAX } from './sink.ts';
import { quote, STRING_OCTETS_MAX, unescapeText } from './string.ts';
import type { Field, RdataSink } from './type.ts';

/** The fields that several types share. What one type alone has, is in that type's file. */

export function u8(name: string): Field {
  return {
    name,
    octets: 1,
    skip: (c) => c.skip(1),
    print: (c) => String(c.u8()),
    parse: (tokens, out) => out.u8(tokens.integer(name, 0xff)),
  };
}

export function u16(name: string): Field {
  return {
    name,
    octets: 2,
    skip: (c) => c.skip(2),
    print: (c) => String(c.u16()),
    parse: (tokens, out) => out.u16(tokens.integer(name, 0xffff)),
  };
}

export function u32(name: string): Field {
  return {
    name,
    octets: 4,
    skip: (c) => c.skip(4),
    print: (c) => String(c.u32()),
    parse: (tokens, out) => out.u32(tokens.integer(name, 0xffffffff)),
  };
}

/** Four octets, written with dots. */
export function ipv4(name: string): Field {
  return {
    name,
    octets: 4,
    skip: (c) => c.skip(4),
    print(c) {
      c.skip(4);
      return ipv4ToText(c.buf, c.off - 4);
    },
    parse(tokens: RdataTokens, out) {
      const token = tokens.next(name);
      const address = ipv4FromText(token.text);
      if (address < 0) tokens.fail(token, `${name}: "${excerpt(token.text)}" is not an IPv4 address`);
      out.u32(address);
    },
  };
}

/** Sixteen octets, written with colons. */
export function ipv6(name: string): Field {
  return {
    name,
    octets: 16,
    skip: (c) => c.skip(16),
    print(c) {
      c.skip(16);
      return ipv6ToText(c.buf, c.off - 16);
    },
    parse(tokens: RdataTokens, out) {
      const token = tokens.next(name);
      const address = ipv6FromText(token.text);
      if (address === undefined)
        tokens.fail(token, `${name}: "${excerpt(token.text)}" is not an IPv6 address`);
      out.bytes(address);
    },
  };
}

/** A domain name. */
export function name(what: string): Field {
  return {
    name: what,
    isName: true,
    skip: skipPlainName,
    print: (c) => nameToText(c.name(false)),
    parse: (tokens, out) => out.name(tokens.name(what)),
  };
}

/** Moves past a name that must not be compressed, with the checks of `Cursor.name`, without building it. */
export function skipPlainName(c: Cursor): void {
  const start = c.off;
  for (;;) {
    const octet = c.u8();
    if (octet > LABEL_OCTETS_MAX) throw new WireError('compressed name or unknown label type', c.off - 1);
    c.skip(octet);
    if (c.off - start > NAME_OCTETS_MAX) throw new WireError(`name over ${NAME_OCTETS_MAX} octets`, start);
    if (octet === 0) return;
  }
}

/** One <character-string>: a length octet and up to 255 octets. */
export function string(name: string): Field {
  return {
    name,
    skip: skipString,
    print: printString,
    parse: (tokens, out) => parseString(name, tokens, out),
  };
}

/** One or more <character-string>s, to the end of the rdata (RFC 1035 section 3.3.14). */
export function strings(name: string): Field {
  return {
    name,
    skip(c) {
      do skipString(c);
      while (c.left > 0);
    },
    print(c) {
      const texts = [printString(c)];
      while (c.left > 0) texts.push(printString(c));
      return texts.join(' ');
    },
    parse(tokens, out) {
      do parseString(name, tokens, out);
      while (!tokens.done);
    },
  };
}

function skipString(c: Cursor): void {
  c.skip(c.u8());
}

function printString(c: Cursor): string {
  const length = c.u8();
  c.skip(length);
  return quote(c.buf, c.off - length, c.off);
}

function parseString(what: string, tokens: RdataTokens, out: RdataSink): void {
  const token = tokens.next(what);
  const octets = unescapeText(token.text, what, STRING_OCTETS_MAX, tokens, token);
  out.u8(octets.length);
  out.bytes(octets);
}

/** All octets to the end of the rdata as one quoted string of any length, at least `min` octets long. */
export function textRest(name: string, min: number): Field {
  return {
    name,
    skip: (c) => skipRest(c, name, min),
    print(c) {
      const from = c.off;
      c.skip(c.left);
      return quote(c.buf, from, c.off);
    },
    parse(tokens, out) {
      const token = tokens.next(name);
      const octets = unescapeText(token.text, name, RDATA_OCTETS_MAX, tokens, token);
      if (octets.length < min) tokens.fail(token, `${name} is empty`);
      out.bytes(octets);
    },
  };
}

/** All octets to the end of the rdata, at least `min`, in base16 of any number of words. */
export function hexRest(name: string, min = 1): Field {
  return {
    name,
    skip: (c) => skipRest(c, name, min),
    print: (c) => toHex(c.bytes(c.left)),
    parse: (tokens, out) => out.bytes(parseRest(tokens, name, min, 'hexadecimal', fromHex)),
  };
}

/** All octets to the end of the rdata, at least `min`, in base64 of any number of words. */
export function base64Rest(name: string, min = 1): Field {
  return {
    name,
    skip: (c) => skipRest(c, name, min),
    print: (c) => toBase64(c.bytes(c.left)),
    parse: (tokens, out) => out.bytes(parseRest(tokens, name, min, 'base64', fromBase64)),
  };
}

function skipRest(c: Cursor, what: string, min: number): void {
  if (c.left < min) throw new WireError(`${what} of ${c.left} octets; at least ${min}`, c.off);
  c.skip(c.left);
}

type Decode = (text: string) => Uint8Array | undefined;

function parseRest(tokens: RdataTokens, what: string, min: number, form: string, decode: Decode): Uint8Array {
  if (tokens.done && min === 0) return new Uint8Array(0);
  const first = tokens.next(what);
  let text = first.text;
  while (!tokens.done) text += tokens.next(what).text;
  const octets = decode(text);
  if (octets === undefined) tokens.fail(first, `${what}: not ${form}: "${excerpt(text)}"`);
  if (octets.length < min) tokens.fail(first, `${what} of ${octets.length} octets; at least ${min}`);
  return octets;
}

/** Octets of a fixed number or behind a length octet, in one word: undefined by `decode` is an error at its place. */
export function decodeWord(
  tokens: RdataTokens,
  token: Token,
  what: string,
  form: string,
  decode: Decode,
): Uint8Array {
  const octets = decode(token.text);
  if (octets === undefined) tokens.fail(token, `${what}: not ${form}: "${excerpt(token.text)}"`);
  return octets;
}

const EXCERPT_CHARS = 40;

function excerpt(text: string): string {
  return text.length <= EXCERPT_CHARS ? text : `${text.slice(0, EXCERPT_CHARS)}…`;
}
