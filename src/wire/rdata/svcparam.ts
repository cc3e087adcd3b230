import { fromBase64, toBase64 } from '../base.ts';
import type { Cursor } from '../cursor.ts';
import { WireError } from '../error.ts';
import { ipv4FromText, ipv4ToText, ipv6FromText, ipv6ToText } from './address.ts';
import { quote } from './string.ts';

/**
 * The value of one SvcParam (RFC 9460). On the wire a value is everything up to `c.end`. In text it is the
 * octets after `=`, with the escapes of the <character-string> already resolved.
 */
export interface SvcParamFormat {
  /** Moves `c` to its end, or throws WireError where the value is not of this format. */
  check(c: Cursor): void;
  /** What follows the key: `=value`, or '' for nothing. The value was checked. */
  print(c: Cursor): string;
  /** The wire form. `value` is undefined where there is no `=`. `fail` throws. */
  parse(value: Uint8Array | undefined, fail: (message: string) => never): Uint8Array;
}

/** No value: the key alone says it. */
const flag: SvcParamFormat = {
  check(c) {
    if (c.left > 0) throw new WireError('SvcParam that takes no value has one', c.off);
  },
  print: () => '',
  parse(value, fail) {
    return value === undefined || value.length === 0 ? new Uint8Array(0) : fail('takes no value');
  },
};

/** Any octets: a key that is not known here (RFC 9460 section 2.1), or one whose form is left to its users. */
const opaque: SvcParamFormat = {
  check: (c) => c.skip(c.left),
  print(c) {
    const from = c.off;
    c.skip(c.left);
    return from === c.off ? '' : '=' + quote(c.buf, from, c.off);
  },
  parse: (value) => value?.slice() ?? new Uint8Array(0),
};

/** A port number (section 7.2). */
const port: SvcParamFormat = {
  check(c) {
    c.skip(2);
    flag.check(c);
  },
  print: (c) => `=${c.u16()}`,
  parse(value, fail) {
    const text = latin1(value);
    const number = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
    return number <= 0xffff
      ? new Uint8Array([number >> 8, number])
      : fail(`"${text}" is not a port, 0 to 65535`);
  },
};

const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** Protocol identifiers, each behind a length octet (section 7.1.1). */
const alpn: SvcParamFormat = {
  check(c) {
    do {
      const length = c.u8();
      if (length === 0) throw new WireError('empty alpn identifier', c.off - 1);
      c.skip(length);
    } while (c.left > 0);
  },
  print(c) {
    const list: number[] = [];
    for (let first = true; c.left > 0; first = false) {
      if (!first) list.push(COMMA);
      for (const octet of c.bytes(c.u8())) {
        if (octet === COMMA || octet === BACKSLASH) list.push(BACKSLASH);
        list.push(octet);
      }
    }
    return '=' + quote(Uint8Array.from(list));
  },
  parse(value, fail) {
    const out: number[] = [];
    for (const id of splitList(value ?? new Uint8Array(0), fail)) {
      if (id.length === 0 || id.length > 255) fail(`identifier of ${id.length} octets; 1 to 255`);
      out.push(id.length, ...id);
    }
    return Uint8Array.from(out);
  },
};

/** Cuts at commas; `\,` and `\\` stand for themselves (RFC 9460 appendix A.1). */
function splitList(value: Uint8Array, fail: (message: string) => never): number[][] {
  let item: number[] = [];
  const items = [item];
  for (let i = 0; i < value.length; i++) {
    let octet = value[i]!;
    if (octet === COMMA) {
      items.push((item = []));
      continue;
    }
    if (octet === BACKSLASH) {
      octet = value[++i] ?? 0;
      if (octet !== COMMA && octet !== BACKSLASH)
        fail('backslash before something other than a comma or backslash');
    }
    item.push(octet);
  }
  return items;
}

/** One or more addresses (section 7.3). */
function hint(
  octets: 4 | 16,
  toText: (buf: Uint8Array, at: number) => string,
  fromText: (text: string) => Uint8Array | undefined,
): SvcParamFormat {
  return {
    check(c) {
      do c.skip(octets);
      while (c.left > 0);
    },
    print(c) {
      const texts: string[] = [];
      for (; c.left > 0; c.skip(octets)) texts.push(toText(c.buf, c.off));
      return '=' + texts.join(',');
    },
    parse(value, fail) {
      const texts = latin1(value).split(',');
      const out = new Uint8Array(texts.length * octets);
      for (const [i, text] of texts.entries())
        out.set(fromText(text) ?? fail(`"${text}" is not an IPv${octets === 4 ? 4 : 6} address`), i * octets);
      return out;
    },
  };
}

const ipv4hint = hint(4, ipv4ToText, (text) => {
  const address = ipv4FromText(text);
  return address < 0 ? undefined : new Uint8Array([address >>> 24, address >>> 16, address >>> 8, address]);
});
const ipv6hint = hint(16, ipv6ToText, ipv6FromText);

/** An ECHConfigList in base64 (RFC 9848 section 3). */
const ech: SvcParamFormat = {
  check(c) {
    c.need(1);
    c.skip(c.left);
  },
  print: (c) => '=' + toBase64(c.bytes(c.left)),
  parse(value, fail) {
    const octets = fromBase64(latin1(value));
    return octets === undefined || octets.length === 0 ? fail('not base64 of an ECHConfigList') : octets;
  },
};

/** Keys in rising order, without `mandatory` itself (section 8). */
const mandatory: SvcParamFormat = {
  check(c) {
    let previous: number = SVC_KEY.MANDATORY;
    do {
      const key = c.u16();
      if (key <= previous) throw new WireError('mandatory keys are not in rising order after 0', c.off - 2);
      previous = key;
    } while (c.left > 0);
  },
  print(c) {
    const keys: string[] = [];
    while (c.left > 0) keys.push(svcKeyToText(c.u16()));
    return '=' + keys.join(',');
  },
  parse(value, fail) {
    const keys = latin1(value)
      .split(',')
      .map((text) => svcKeyFromText(text) ?? fail(`"${text}" is not a key`))
      .sort((a, b) => a - b);
    if (keys[0] === SVC_KEY.MANDATORY) fail('lists itself');
    if (new Set(keys).size < keys.length) fail('lists a key twice');
    return Uint8Array.from(keys.flatMap((key) => [key >> 8, key]));
  },
};

function latin1(octets: Uint8Array | undefined): string {
  return octets === undefined
    ? ''
    : Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
}

export const SVC_KEY = {
  MANDATORY: 0,
  ALPN: 1,
  NO_DEFAULT_ALPN: 2,
  PORT: 3,
  IPV4HINT: 4,
  ECH: 5,
  IPV6HINT: 6,
  DOHPATH: 7,
  OHTTP: 8,
} as const;

/** By number: RFC 9460 section 14.3.2; RFC 9461 (dohpath); RFC 9540 (ohttp). */
const KEYS: readonly { readonly text: string; readonly format: SvcParamFormat }[] = [
  { text: 'mandatory', format: mandatory },
  { text: 'alpn', format: alpn },
  { text: 'no-default-alpn', format: flag },
  { text: 'port', format: port },
  { text: 'ipv4hint', format: ipv4hint },
  { text: 'ech', format: ech },
  { text: 'ipv6hint', format: ipv6hint },
  { text: 'dohpath', format: opaque },
  { text: 'ohttp', format: flag },
];

const CODES = new Map(KEYS.map(({ text }, code) => [text, code]));

export function svcParamFormat(key: number): SvcParamFormat {
  return KEYS[key]?.format ?? opaque;
}

/** `alpn` for 1, `key65400` for what has no name here. */
export function svcKeyToText(key: number): string {
  return KEYS[key]?.text ?? `key${key}`;
}

/** Keys are lower case (RFC 9460 section 2.1). */
export function svcKeyFromText(text: string): number | undefined {
  const known = CODES.get(text);
  if (known !== undefined) return known;
  const number = Number(/^key(0|[1-9][0-9]{0,4})$/.exec(text)?.[1]);
  return number <= 0xffff ? number : undefined;
}

/** True where `key` was written by its name: `key1=…` gives alpn's octets as they are on the wire. */
export function isNamedKey(text: string): boolean {
  return CODES.has(text);
}

/** The format for values of keys that are written as `keyNNNNN`. */
export const opaqueFormat = opaque;

/** `{?dns}` and its kin: a template with the variable "dns" (RFC 9461 section 5, RFC 6570 section 2.2). */
const DNS_VARIABLE = /\{[+#./;?&]?(?:[^{},]+,)*dns[*]?(?:,[^{},]+)*\}/;

/** Why a dohpath is no path template, or undefined. */
export function dohpathFault(value: Uint8Array): string | undefined {
  const text = latin1(value);
  if (!text.startsWith('/')) return 'dohpath does not begin with "/"';
  return DNS_VARIABLE.test(text) ? undefined : 'dohpath has no variable "dns", as in /dns-query{?dns}';
}
