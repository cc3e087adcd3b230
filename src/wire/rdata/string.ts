import { TextError } from '../error.ts';
import { readEscape } from '../name.ts';
import type { RdataTokens, Token } from '../text/tokens.ts';
import { RDATA_OCTETS_MAX } from './sink.ts';

/** Length octet of a <character-string> (RFC 1035 section 3.3). */
export const STRING_OCTETS_MAX = 255;

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const scratch = new Uint8Array(RDATA_OCTETS_MAX);

/**
 * The octets that `text`, part of `token`, stands for, with `\DDD` and `\X` resolved; a character is an octet. The result is valid until the
 * next call. Throws TextError over `max` octets, which is at most 65,535.
 */
export function unescapeText(
  text: string,
  what: string,
  max: number,
  tokens: RdataTokens,
  token: Token,
): Uint8Array {
  let length = 0;
  for (let at = 0; at < text.length; length++) {
    if (length === max) tokens.fail(token, `${what}: over ${max} octets`);
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) {
      const resolved = readEscapeOf(text, at, what, tokens, token);
      scratch[length] = resolved.octet;
      at = resolved.next;
      continue;
    }
    if (code > 0xff) tokens.fail(token, `${what}: character that is not an octet; write octets as \\DDD`);
    scratch[length] = code;
    at++;
  }
  return scratch.subarray(0, length);
}

function readEscapeOf(text: string, at: number, what: string, tokens: RdataTokens, token: Token) {
  try {
    return readEscape(text, at);
  } catch (error) {
    if (error instanceof TextError) tokens.fail(token, `${what}: ${error.message}`);
    throw error;
  }
}

/** The octets from..to-1 between quotes, with `\"`, `\\` and `\DDD` for what is not printable ASCII. */
export function quote(octets: Uint8Array, from = 0, to = octets.length): string {
  let text = '"';
  for (let i = from; i < to; i++) {
    const octet = octets[i]!;
    if (octet < 0x20 || octet > 0x7e) text += '\\' + String(octet).padStart(3, '0');
    else if (octet === QUOTE || octet === BACKSLASH) text += '\\' + String.fromCharCode(octet);
    else text += String.fromCharCode(octet);
  }
  return text + '"';
}
