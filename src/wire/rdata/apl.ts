import { TYPE } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { WireError } from '../error.ts';
import type { RdataTokens, Token } from '../text/tokens.ts';
import { ipv4FromText, ipv4ToText, ipv6FromText, ipv6ToText } from './address.ts';
import type { Field, RdataSink, RdataType } from './type.ts';

/** Address families and the octets of a whole address (RFC 3123 section 4). */
const IPV4 = 1;
const IPV6 = 2;

function addressOctets(family: number): number | undefined {
  return family === IPV4 ? 4 : family === IPV6 ? 16 : undefined;
}

/**
 * Address prefixes: family, prefix length, a bit for negation with the number of octets, and the octets of the
 * address without trailing zeros (RFC 3123 section 4). Items of other families are passed on as they are.
 */
const items: Field = {
  name: 'prefixes',
  skip(c) {
    while (c.left > 0) skipItem(c);
  },
  print(c) {
    const texts: string[] = [];
    while (c.left > 0) texts.push(printItem(c));
    return texts.join(' ');
  },
  parse(tokens, out) {
    while (!tokens.done) parseItem(tokens, tokens.next('prefix'), out);
  },
};

function skipItem(c: Cursor): void {
  const start = c.off;
  const family = c.u16();
  const prefix = c.u8();
  const length = c.u8() & 0x7f;
  c.skip(length);
  const octets = addressOctets(family);
  if (octets === undefined) return;
  if (prefix > octets * 8) throw new WireError(`prefix length ${prefix} of address family ${family}`, start);
  if (length > octets) throw new WireError(`${length} octets of address family ${family}`, start);
  if (length > 0 && c.buf[c.off - 1] === 0) throw new WireError('address ends in a zero octet', c.off - 1);
}

function printItem(c: Cursor): string {
  const family = c.u16();
  const prefix = c.u8();
  const negated = c.u8();
  const octets = addressOctets(family);
  if (octets === undefined) throw new WireError(`address family ${family} has no presentation form`, c.off);
  const address = new Uint8Array(octets);
  address.set(c.bytes(negated & 0x7f));
  const text = family === IPV4 ? ipv4ToText(address) : ipv6ToText(address);
  return `${negated & 0x80 ? '!' : ''}${family}:${text}/${prefix}`;
}

function parseItem(tokens: RdataTokens, token: Token, out: RdataSink): void {
  const parts = /^(!?)([12]):([^/]*)\/(0|[1-9][0-9]{0,2})$/.exec(token.text);
  if (parts === null)
    tokens.fail(token, `"${token.text}" is not a prefix; write [!]1:192.0.2.0/24 or [!]2:2001:db8::/32`);
  const family = Number(parts[2]);
  const address = addressFromText(family, parts[3]!);
  if (address === undefined) tokens.fail(token, `"${parts[3]}" is not an address of family ${family}`);
  const prefix = Number(parts[4]);
  if (prefix > address.length * 8)
    tokens.fail(token, `prefix length ${prefix}; at most ${address.length * 8} for address family ${family}`);
  let length = address.length;
  while (length > 0 && address[length - 1] === 0) length--;
  out.u16(family);
  out.u8(prefix);
  out.u8(length | (parts[1] === '!' ? 0x80 : 0));
  out.bytes(address.subarray(0, length));
}

function addressFromText(family: number, text: string): Uint8Array | undefined {
  if (family === IPV6) return ipv6FromText(text);
  const value = ipv4FromText(text);
  return value < 0 ? undefined : new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
}

/** RFC 3123. */
export const APL: RdataType = { code: TYPE.APL, mnemonic: 'APL', fields: [items] };
