import * as z from 'zod';
import { AddressError, addressToText, type Cidr, parseAddress, parseCidr } from '../../util/cidr.ts';
import { TextError } from '../../wire/error.ts';
import { fold, type Name, nameFromText } from '../../wire/name.ts';
import { timestampFromText } from '../../wire/rdata/time.ts';
import { SettingError } from './problem.ts';

/** What the reference, the JSON Schema and error messages say of a setting. */
export interface SettingDoc {
  /** One sentence or two: what it does and why one would change it. */
  readonly description: string;
  /** Which values are right, as it ends the sentence "write …". */
  readonly range: string;
  /** A value as it stands in the file. */
  readonly example: string;
  /** What holds when the key is absent and the schema has no default of its own. */
  readonly absent?: string;
}

const docs = new WeakMap<z.ZodType, SettingDoc>();

/** Attaches the words to a schema: every setting has them. */
export function setting<T extends z.ZodType>(schema: T, doc: SettingDoc): T {
  const described = schema.meta({ description: doc.description });
  docs.set(described, doc);
  return described;
}

/** The words of a schema, or of the one inside its wrappers (optional, default). */
export function docOf(schema: z.ZodType): SettingDoc | undefined {
  const own = docs.get(schema);
  if (own !== undefined) return own;
  const inner = innerOf(schema);
  return inner === undefined ? undefined : docOf(inner);
}

/** The schema inside an optional or defaulted one; undefined for all others. */
export function innerOf(schema: z.ZodType): z.ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault)
    return schema.def.innerType as z.ZodType;
  return undefined;
}

/** A text that `read` turns into a value; what it throws becomes the error of the setting. */
export function text<T>(read: (text: string) => T): z.ZodPipe<z.ZodString, z.ZodTransform<T, string>> {
  return z.string().transform((input, context) => {
    try {
      return read(input);
    } catch (error) {
      const { message, remedy } = faultOf(error);
      context.issues.push({ code: 'custom', message, input, params: { remedy } });
      return z.NEVER;
    }
  });
}

function faultOf(error: unknown): { message: string; remedy: string | undefined } {
  if (error instanceof SettingError || error instanceof AddressError)
    return { message: error.message, remedy: error.remedy };
  if (error instanceof TextError) return { message: error.message, remedy: undefined };
  throw error;
}

const MS_PER_UNIT: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of `1800ms`, `1.8s`, `5m`, `1h`, `1d`, `2w`; undefined for other texts. */
export function durationMs(input: string): number | undefined {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d|w)$/.exec(input);
  return match === null ? undefined : Math.round(Number(match[1]) * MS_PER_UNIT[match[2]!]!);
}

/** A time with its unit, in `least` to `most`; the value is in milliseconds. */
export function duration(least: string, most: string) {
  const range = `a time from ${least} to ${most}, such as 500ms, 30s, 5m, 1h or 1d`;
  return text((input) => {
    const ms = durationMs(input);
    if (ms === undefined) throw new SettingError(`"${input}" is not a time with a unit`, `write ${range}`);
    if (ms < durationMs(least)! || ms > durationMs(most)!)
      throw new SettingError(`${input} is out of range`, `write ${range}`);
    return ms;
  });
}

const BYTES_PER_UNIT: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Octets of `256MB` (of 1024 × 1024 octets), `64MiB`, `1GB`, `1500kB`; undefined for other texts. */
export function sizeBytes(input: string): number | undefined {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)([kmg]?)i?b$/i.exec(input);
  return match === null ? undefined : Math.round(Number(match[1]) * BYTES_PER_UNIT[match[2]!.toLowerCase()]!);
}

/** An amount of memory with its unit, in `least` to `most`; the value is in octets. */
export function size(least: string, most: string) {
  const range = `a size from ${least} to ${most}, such as 64MB, 256MB or 1GB`;
  return text((input) => {
    const bytes = sizeBytes(input);
    if (bytes === undefined) throw new SettingError(`"${input}" is not a size with a unit`, `write ${range}`);
    if (bytes < sizeBytes(least)! || bytes > sizeBytes(most)!)
      throw new SettingError(`${input} is out of range`, `write ${range}`);
    return bytes;
  });
}

/** Ids end up in logs, metrics and EDE texts. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/;
export const ID_RANGE = 'letters, digits and - _ . : @ /, beginning with a letter or digit, at most 128';

export function id() {
  return text((input) => {
    if (!ID.test(input)) throw new SettingError(`"${input}" is not an id`, `write ${ID_RANGE}`);
    return input;
  });
}

/** A domain name, absolute with or without its final dot; folded. */
export function domain() {
  return text((input): Name => {
    if (/\s/.test(input))
      throw new SettingError(`"${input}" has white space in it`, 'write one name such as corp.example.');
    let name: Name;
    try {
      name = fold(nameFromText(input));
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      throw new SettingError(
        `"${input}" is not a domain name: ${error.message}`,
        'write a name such as corp.example.',
      );
    }
    if (hasWildcard(name))
      throw new SettingError(
        `"${input}" is a wildcard`,
        `write ${input.replace(/^\*\./, '')}: rules and zones hold for a name and all below it`,
      );
    return name;
  });
}

/** A label that is `*` and nothing else. */
function hasWildcard(name: Name): boolean {
  for (let at = 0; name[at]! !== 0; at += name[at]! + 1)
    if (name[at] === 1 && name[at + 1] === 0x2a) return true;
  return false;
}

/** A block of addresses, or one address. */
export function cidr() {
  return text((input): Cidr => parseCidr(input));
}

/** An address that packets can be sent from or to; the value is its canonical text. */
export function hostAddress() {
  return text((input) => {
    const address = parseAddress(input);
    refuseUnusable(input, address);
    return addressToText(address);
  });
}

export interface AddressAndPort {
  /** Canonical text: two ways to write one address compare equal. */
  readonly address: string;
  readonly port: number;
}

/** `127.0.0.1:5353`, `[::1]:5353`, or an address alone with `defaultPort`. Throws SettingError, AddressError. */
export function parseAddressAndPort(input: string, defaultPort: number): AddressAndPort {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(input);
  const plain = /^([^:]*):([^:]*)$/.exec(input);
  const [host, port] = bracketed
    ? [bracketed[1]!, bracketed[2]]
    : plain
      ? [plain[1]!, plain[2]]
      : [input, undefined];
  return {
    address: addressToText(parseAddress(host)),
    port: port === undefined ? defaultPort : parsePort(port),
  };
}

function parsePort(input: string): number {
  const port = /^[0-9]{1,5}$/.test(input) ? Number(input) : Number.NaN;
  if (!(port >= 1 && port <= 65535))
    throw new SettingError(`"${input}" is not a port`, 'write a number from 1 to 65535 behind the address');
  return port;
}

/** An address and port to listen on; 0.0.0.0 and [::] mean every address of the host. */
export function listenAddress(defaultPort: number) {
  return text((input): AddressAndPort => {
    const listen = parseAddressAndPort(input, defaultPort);
    if (isMulticast(parseAddress(listen.address)))
      throw new SettingError(`${listen.address} is a multicast address`, 'write an address of this host');
    return listen;
  });
}

export const DNS_PORT = 53;
export const NOT_YET = 'is not yet supported in this release';

/** Throws SettingError for addresses that are no host's. */
export function refuseUnusable(input: string, address: Uint8Array): void {
  const why = address.every((octet) => octet === 0)
    ? 'the wildcard address'
    : isMulticast(address)
      ? 'a multicast address'
      : address.every((octet) => octet === 0xff)
        ? 'the broadcast address'
        : undefined;
  if (why !== undefined) throw new SettingError(`${input} is ${why}`, 'write the address of one host');
}

function isMulticast(address: Uint8Array): boolean {
  return address.length === 4 ? address[0]! >> 4 === 0xe : address[0] === 0xff;
}

/** `on` or `off`; `true` and `false` are taken too, as other sections have them. */
export function onOff() {
  return z.union([z.boolean(), z.enum(['on', 'off'])]).transform((value) => value === true || value === 'on');
}

/**
 * Milliseconds since 1970 of `2026-12-31`, when that day begins, `2026-12-31T18:00Z` or `2026-12-31T18:00:05.000Z`, whole
 * seconds of it; undefined for other texts.
 */
export function instantMs(input: string): number | undefined {
  const [, date, time = '00:00', second = ':00'] =
    /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2})(?:(:[0-9]{2})(?:\.[0-9]{1,3})?)?Z)?$/.exec(input) ??
    [];
  const seconds =
    date === undefined ? undefined : timestampFromText(`${date}${time}${second}`.replace(/[:-]/g, ''));
  return seconds === undefined ? undefined : seconds * 1000;
}

/** A point in time in UTC. The value is in milliseconds. */
export function instant() {
  return text((input) => {
    const ms = instantMs(input);
    if (ms !== undefined) return ms;
    throw new SettingError(`"${input}" is not a time`, 'write a time in UTC such as 2026-12-31T18:00Z');
  });
}

/** One of a few words. Words of later releases are known too and refused with that reason. */
export function word<const W extends string>(words: readonly [W, ...W[]], later: readonly string[] = []) {
  return z.enum(words, {
    error: (issue) => (later.includes(String(issue.input)) ? `"${issue.input}" ${NOT_YET}` : undefined),
  });
}
