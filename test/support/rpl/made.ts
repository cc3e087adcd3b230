/**
 * What keys make, where a scenario file has `*` instead: keys, digests, signatures; and hashed names. Keys follow from
 * the zone's name, so that a file says all that there is to say. test/scenarios/README.md describes the notation.
 */
import { toBase32Hex, toHex } from '../../../src/wire/base.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { type Name, nameEquals, nameFromText, nameToText, ROOT } from '../../../src/wire/name.ts';
import { rdataToText, typeFromText } from '../../../src/wire/rdata/table.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { dsOf, makeKey, type SigningKey, type SignOptions, signRrset, withFlags } from '../sign.ts';
import { nsec3Hash } from '../signzone.ts';
import { parseRecord } from './packet.ts';

const START = String.raw`(?<=^\s*)`;
/** Owner, TTL and class; what is before them stays. */
const HEAD = String.raw`(?<owner>[^\s"]+)(?<middle>\s+(?:(?:\d+|IN)\s+)*)`;
const DNSKEY = new RegExp(
  String.raw`${START}${HEAD}DNSKEY\s+(?<flags>\d+)\s+(?<protocol>\d+)\s+(?<algorithm>\d+)\s+\*(?<label>\w*)`,
);
/** Also within the quotes of a trust anchor. */
const DS = new RegExp(String.raw`${HEAD}DS\s+\*\s+(?<algorithm>\d+)\s+(?<digest>\d+)\s+\*(?<label>\w*)`);
const RRSIG = new RegExp(
  String.raw`${START}${HEAD}RRSIG\s+(?<type>\S+)\s+\*(?<label>\w*)\s+(?<signer>\S+)(?<words>(?:\s+\w+=\S+)*)`,
);
const ANY_RRSIG = new RegExp(String.raw`${START}${HEAD}RRSIG\s`);
const NSEC3 = /nsec3\((?<name>[^(),]+)(?:,(?<iterations>\d+),(?<salt>[0-9a-f]+|-))?\)(?<step>[+-]1)?/;
/** Where the records of a section end. */
const BOUNDARY = /^\s*(SECTION|ENTRY_BEGIN|ENTRY_END|CONFIG_END)/;

/** `text` with everything in its place, line by line. Throws Error. */
export function withMade(text: string): string {
  if (!/\s\*|nsec3\(/.test(text)) return text;
  const lines = text.split('\n').map((line) => (isComment(line) ? line : withKeys(line)));
  const signatures = new Map<string, string>();
  let start = 0;
  for (const [at, line] of lines.entries()) {
    if (BOUNDARY.test(line)) start = at + 1;
    else
      lines[at] = filled(line, RRSIG, (parts) => withSignature(parts, recordsFrom(lines, start), signatures));
  }
  return lines.join('\n');
}

const isComment = (line: string): boolean => /^\s*[;#]/.test(line);

type Parts = Readonly<Record<string, string | undefined>>;

/** `line` with `fill` in the place of what `pattern` matches, if it does. */
function filled(line: string, pattern: RegExp, fill: (parts: Parts) => string): string {
  const found = pattern.exec(line);
  if (found === null) return line;
  return line.slice(0, found.index) + fill(found.groups!) + line.slice(found.index + found[0].length);
}

function withKeys(line: string): string {
  let hashed = line;
  while (NSEC3.test(hashed)) hashed = filled(hashed, NSEC3, hashOf);
  const keyed = filled(hashed, DNSKEY, ({ owner, middle, label, algorithm, flags, protocol }) => {
    const key = keyOf(owner!, label!, Number(algorithm), Number(flags), Number(protocol));
    return `${owner}${middle}DNSKEY ${rdataToText(TYPE.DNSKEY, key.rdata)}`;
  });
  return filled(keyed, DS, ({ owner, middle, algorithm, digest, label }) => {
    const key = keyOf(owner!, label!, Number(algorithm));
    const octets = toHex(dsOf(key, Number(digest)).subarray(4));
    return `${owner}${middle}DS ${key.tag} ${algorithm} ${digest} ${octets}`;
  });
}

function hashOf({ name, iterations = '0', salt = '-', step }: Parts): string {
  const octets = salt === '-' ? new Uint8Array(0) : Buffer.from(salt, 'hex');
  const hash = nsec3Hash(nameFromText(name!, ROOT), octets, Number(iterations));
  // One up or down: a range that has the hash in it and hardly another.
  if (step !== undefined) addTo(hash, Number(step));
  return toBase32Hex(hash).toLowerCase();
}

function addTo(hash: Uint8Array, step: number): void {
  const overflow = step > 0 ? 0 : 0xff;
  for (let at = hash.length - 1; at >= 0; at--) {
    hash[at]! += step;
    if (hash[at] !== overflow) return;
  }
}

const KEY_FLAGS = 257;
const ECDSA = 13;
/** An algorithm that cannot be signed with gets keys and signatures of one that can. */
const signable = (algorithm: number): number => ([13, 14, 15, 16].includes(algorithm) ? algorithm : ECDSA);
const keys = new Map<string, SigningKey>();

/** The key of `zone`, or another of it by a label of its own. */
function keyOf(zone: string, label: string, algorithm: number, flags = KEY_FLAGS, protocol = 3): SigningKey {
  const name = nameFromText(zone, ROOT);
  const seed = `${nameToText(name)}/${label}/${algorithm}`;
  let key = keys.get(seed);
  if (key === undefined) keys.set(seed, (key = makeKey(name, { seed, algorithm: signable(algorithm) })));
  return withFlags(key, { flags, protocol, algorithm });
}

function recordsFrom(lines: readonly string[], start: number): Rr[] {
  const end = lines.findIndex((line, at) => at >= start && BOUNDARY.test(line));
  return lines
    .slice(start, end)
    .filter((line) => line.trim() !== '' && !isComment(line) && !ANY_RRSIG.test(line))
    .map((line) => parseRecord(line.trim()));
}

/** The same signature wherever the same is signed: ECDSA would make another each time. */
function withSignature(parts: Parts, records: readonly Rr[], signatures: Map<string, string>): string {
  const { owner, middle, type, label, signer, words } = parts;
  const name = nameFromText(owner!, ROOT);
  const covered = typeFromText(type!);
  const rrs = records.filter((rr) => rr.type === covered && nameEquals(rr.name, name));
  if (rrs.length === 0) throw new Error(`there is no ${owner} ${type} to sign`);
  const how = howFrom(words!, rrs[0]!.ttl);
  const what = JSON.stringify([owner, type, label, signer, how, rrs.map(({ rdata }) => toHex(rdata)).sort()]);
  const rdata = signatures.get(what) ?? rdataToText(TYPE.RRSIG, signatureOf(name, rrs, signer!, label!, how));
  signatures.set(what, rdata);
  return `${owner}${middle}RRSIG ${rdata}`;
}

/** With which key, and what the signature says. */
interface How {
  readonly algorithm: number;
  readonly flags: number;
  readonly options: SignOptions;
}

function signatureOf(name: Name, rrs: readonly Rr[], signer: string, label: string, how: How): Uint8Array {
  const { algorithm, flags, options } = how;
  const shown = keyOf(signer, label, algorithm, flags);
  const key = { ...shown, algorithm: signable(algorithm) };
  const { type, ttl } = rrs[0]!;
  const rrset = { name, type, ttl, rdatas: rrs.map(({ rdata }) => rdata) };
  return signRrset(rrset, key, { algorithm, tag: shown.tag, ...options });
}

/** `labels=1 to=20200101000000`: what is not as it would be. */
function howFrom(words: string, ttl: number): How {
  let algorithm = ECDSA;
  let flags = KEY_FLAGS;
  const options: { -readonly [K in keyof SignOptions]: SignOptions[K] } = { originalTtl: ttl };
  for (const [, key, value = ''] of words.matchAll(/(\w+)=(\S+)/g)) {
    if (key === 'algorithm') algorithm = Number(value);
    else if (key === 'flags') flags = Number(value);
    else if (key === 'labels') options.labels = Number(value);
    else if (key === 'ttl') options.originalTtl = Number(value);
    else if (key === 'from') options.inception = secondsOf(value);
    else if (key === 'to') options.expiration = secondsOf(value);
    else if (key === 'as') options.owner = nameFromText(value, ROOT);
    else throw new Error(`no such word of a signature: ${key}`);
  }
  return { algorithm, flags, options };
}

/** `20231014000000` */
function secondsOf(text: string): number {
  return Date.parse(text.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z')) / 1000;
}
