import { TYPE } from '../constants.ts';
import { Cursor } from '../cursor.ts';
import { WireError } from '../error.ts';
import type { RdataTokens, Token } from '../text/tokens.ts';
import { name, skipPlainName, u16 } from './fields.ts';
import { RDATA_OCTETS_MAX } from './sink.ts';
import { unescapeText } from './string.ts';
import {
  dohpathFault,
  isNamedKey,
  opaqueFormat,
  SVC_KEY,
  svcKeyFromText,
  svcKeyToText,
  svcParamFormat,
} from './svcparam.ts';
import type { Field, RdataSink, RdataType } from './type.ts';

/**
 * SvcParams: key, length and value, in strictly rising order of keys; each mandatory key is there (RFC 9460
 * sections 2.2 and 8). A record in AliasMode may have them too; clients ignore them (section 2.4.2).
 */
const params: Field = {
  name: 'SvcParams',
  skip(c) {
    const start = c.off;
    let previous = -1;
    for (let end = c.end; c.left > 0; c.end = end) {
      const key = c.u16();
      if (key <= previous) throw new WireError('SvcParam keys are not in strictly rising order', c.off - 2);
      previous = key;
      const length = c.u16();
      c.need(length);
      c.end = c.off + length;
      checkValue(key, c, end);
    }
    checkMandatory(new Cursor(c.buf, start, c.end));
  },
  print(c) {
    const texts: string[] = [];
    for (const { key, value } of eachParam(c))
      texts.push(svcKeyToText(key) + svcParamFormat(key).print(value));
    return texts.join(' ');
  },
  parse(tokens, out) {
    const found = new Map<number, Uint8Array>();
    const places = new Map<number, Token>();
    while (!tokens.done) parseParam(tokens, found, places);
    writeParams(found, places, tokens, out);
  },
};

/** Leaves `c.end` where the value ended it only on an error, which ends all reading of this rdata. */
function checkValue(key: number, c: Cursor, end: number): void {
  try {
    svcParamFormat(key).check(c);
    if (c.left > 0) throw new WireError(`${c.left} octets left over`, c.off);
  } catch (error) {
    c.end = end;
    if (error instanceof WireError)
      throw new WireError(`${svcKeyToText(key)}: ${error.message}`, error.offset);
    throw error;
  }
}

function* eachParam(c: Cursor): Generator<{ key: number; value: Cursor }> {
  while (c.left > 0) {
    const key = c.u16();
    const length = c.u16();
    c.skip(length);
    yield { key, value: new Cursor(c.buf, c.off - length, c.off) };
  }
}

/** Keys rise on both sides, so one walk over each finds what is missing. `mandatory` is the first key if it is there. */
function checkMandatory(c: Cursor): void {
  if (c.left === 0 || c.u16() !== SVC_KEY.MANDATORY) return;
  const listed = new Cursor(c.buf, c.off + 2, c.off + 2 + c.u16());
  c.skip(listed.left);
  while (listed.left > 0) {
    const wanted = listed.u16();
    let key = -1;
    while (key < wanted && c.left > 0) {
      key = c.u16();
      c.skip(c.u16());
    }
    if (key !== wanted)
      throw new WireError(`mandatory key ${svcKeyToText(wanted)} is missing`, listed.off - 2);
  }
}

/** `key`, `key=value` or `key="value"`. */
function parseParam(tokens: RdataTokens, found: Map<number, Uint8Array>, places: Map<number, Token>): void {
  const token = tokens.next('SvcParam');
  const equals = token.text.indexOf('=');
  const keyText = equals < 0 ? token.text : token.text.slice(0, equals);
  const key = token.quoted ? undefined : svcKeyFromText(keyText);
  if (key === undefined) tokens.fail(token, `"${keyText}" is not a SvcParam key; write a name or keyNNNNN`);
  if (found.has(key)) tokens.fail(token, `SvcParam ${keyText} is there twice`);
  const value = equals < 0 ? undefined : valueOctets(tokens, token, token.text.slice(equals + 1), keyText);
  const format = isNamedKey(keyText) ? svcParamFormat(key) : opaqueFormat;
  found.set(
    key,
    format.parse(value, (message) => tokens.fail(token, `${keyText}: ${message}`)),
  );
  places.set(key, token);
}

function valueOctets(tokens: RdataTokens, token: Token, text: string, keyText: string): Uint8Array {
  const quoted = text.length >= 2 && text.startsWith('"') && text.endsWith('"');
  return unescapeText(quoted ? text.slice(1, -1) : text, keyText, RDATA_OCTETS_MAX, tokens, token);
}

function writeParams(
  found: ReadonlyMap<number, Uint8Array>,
  places: ReadonlyMap<number, Token>,
  tokens: RdataTokens,
  out: RdataSink,
): void {
  for (const [key, value] of [...found].sort(([a], [b]) => a - b)) {
    const fault = valueFault(key, value, found);
    if (fault !== undefined) tokens.fail(places.get(key)!, fault);
    out.u16(key);
    out.u16(value.length);
    out.bytes(value);
  }
}

/** Says what is wrong with a value that was written as raw octets (`key1=…`), or that wants another key beside it. */
function valueFault(
  key: number,
  value: Uint8Array,
  found: ReadonlyMap<number, Uint8Array>,
): string | undefined {
  const c = new Cursor(value);
  try {
    checkValue(key, c, c.end);
  } catch (error) {
    if (error instanceof WireError) return error.message;
    throw error;
  }
  if (key === SVC_KEY.MANDATORY)
    for (let i = 0; i < value.length; i += 2) {
      const wanted = (value[i]! << 8) | value[i + 1]!;
      if (!found.has(wanted)) return `mandatory key ${svcKeyToText(wanted)} is missing`;
    }
  return undefined;
}

/**
 * What a zone may not say although a resolver passes it on: "no default" alone leaves no protocol (section 7.1.1),
 * and a DoH path must be a template (RFC 9461 section 5).
 */
function refuses(rdata: Uint8Array): string | undefined {
  const c = new Cursor(rdata, 2);
  skipPlainName(c);
  let alpn = false;
  for (const { key, value } of eachParam(c)) {
    if (key === SVC_KEY.ALPN) alpn = true;
    if (key === SVC_KEY.NO_DEFAULT_ALPN && !alpn) return 'no-default-alpn without alpn';
    const fault = key === SVC_KEY.DOHPATH ? dohpathFault(value.bytes(value.left)) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** RFC 9460 section 2.2. The target is never compressed, and keeps its case in canonical form. */
const fields = [u16('priority'), name('target'), params];
export const SVCB: RdataType = { code: TYPE.SVCB, mnemonic: 'SVCB', fields, refuses };
export const HTTPS: RdataType = { code: TYPE.HTTPS, mnemonic: 'HTTPS', fields, refuses };
