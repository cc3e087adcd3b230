import type { Edns, EdnsOption } from '../wire/edns.ts';
import { findOption } from '../wire/edns.ts';
import { octetsEqual } from '../wire/octets.ts';

/**
 * Forwarding in a circle (A to B, B to A) is seen by a token: each daemon draws one at start and sends it with
 * every query, after those that came with the query that caused it. Who meets its own token is asking itself.
 *
 *     option data    token of the first daemon (8 octets) | of the second | … | of the sender
 */
export const LOOP_TOKEN_OCTETS = 8;
/** EDNS option code for local use (RFC 6891 section 9: 65001 to 65534). */
export const LOOP_OPTION = 65_313;
/** More forwarders than this in a row are a circle too, or as good as one. */
export const LOOP_TOKENS_MAX = 8;

let own: Uint8Array = new Uint8Array(0);

/** Sets the token of this process; every thread of it uses the same one. */
export function setOwnToken(token: Uint8Array): void {
  own = token;
}

export function isOwnToken(token: Uint8Array): boolean {
  return token.length === LOOP_TOKEN_OCTETS && own.length === token.length && octetsEqual(token, own);
}

/** The tokens that came with a query; `loop` where there are too many. What is not made of tokens is not ours. */
export function readTokens(edns: Edns | undefined): readonly Uint8Array[] | 'loop' {
  const data = findOption(edns, LOOP_OPTION);
  if (data === undefined || data.length % LOOP_TOKEN_OCTETS !== 0) return NONE;
  if (data.length > LOOP_TOKENS_MAX * LOOP_TOKEN_OCTETS) return 'loop';
  const tokens: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += LOOP_TOKEN_OCTETS)
    tokens.push(data.subarray(at, at + LOOP_TOKEN_OCTETS));
  return tokens;
}

const NONE: readonly Uint8Array[] = [];

/** What goes upstream: the tokens that came, and the sender's. */
export function tokenOption(tokens: readonly Uint8Array[], sender: Uint8Array): EdnsOption {
  const data = new Uint8Array((tokens.length + 1) * LOOP_TOKEN_OCTETS);
  tokens.forEach((token, i) => {
    data.set(token, i * LOOP_TOKEN_OCTETS);
  });
  data.set(sender, tokens.length * LOOP_TOKEN_OCTETS);
  return { code: LOOP_OPTION, data };
}
