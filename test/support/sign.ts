/**
 * A signer for tests: keys, signatures that are right or wrong in one chosen way, and whole zones (signzone.ts).
 * It shares nothing with `src/dnssec`, so that a fault there is not made twice.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signOctets,
} from 'node:crypto';
import { fold, type Name, nameFromText } from '../../src/wire/name.ts';
import { canonicalRdata } from '../../src/wire/rdata/table.ts';
import type { Rrset } from '../../src/wire/record.ts';

export { type SignZoneOptions, signZone } from './signzone.ts';

/** What signatures are made with unless told otherwise: 2020-09-13 and 2033-05-18; tests stand in between. */
export const INCEPTION = 1_600_000_000;
export const EXPIRATION = 2_000_000_000;
export const NOW = 1_800_000_000;

export const ZONE_KEY = 0x0100;
export const SEP = 0x0001;
export const REVOKE = 0x0080;

export interface SigningKey {
  readonly zone: Name;
  readonly algorithm: number;
  readonly flags: number;
  /** DNSKEY rdata. */
  readonly rdata: Uint8Array;
  readonly tag: number;
  readonly privateKey: KeyObject;
}

export interface KeyOptions {
  /** 13 unless told otherwise. */
  readonly algorithm?: number;
  /** 256 unless told otherwise; 257 is a KSK. */
  readonly flags?: number;
  readonly protocol?: number;
  /** Modulus of RSA keys, 2048 unless told otherwise. */
  readonly bits?: number;
  readonly exponent?: number;
  /** Makes the same key for the same text; not for RSA. */
  readonly seed?: string;
}

/** A new key of `zone`, a name or its text. */
export function makeKey(zone: Name | string, options: KeyOptions = {}): SigningKey {
  const algorithm = options.algorithm ?? 13;
  const pair = keyPair(algorithm, options);
  const publicKey = publicKeyField(algorithm, pair.publicKey);
  return keyOf(zone, pair.privateKey, publicKey, options);
}

/** The same key under other flags (REVOKE, SEP), protocol or algorithm number. */
export function withFlags(key: SigningKey, options: KeyOptions): SigningKey {
  const merged = { flags: key.flags, algorithm: key.algorithm, ...options };
  return keyOf(key.zone, key.privateKey, key.rdata.subarray(4), merged);
}

/** A DNSKEY whose public key is `publicKey` whatever `privateKey` is. */
export function keyOf(
  zone: Name | string,
  privateKey: KeyObject,
  publicKey: Uint8Array,
  options: KeyOptions,
): SigningKey {
  const { flags = ZONE_KEY, protocol = 3, algorithm = 13 } = options;
  const rdata = Uint8Array.from([flags >> 8, flags & 0xff, protocol, algorithm, ...publicKey]);
  return { zone: toName(zone), algorithm, flags, rdata, tag: tagOf(rdata), privateKey };
}

/** RFC 4034 appendix B. */
export function tagOf(rdata: Uint8Array): number {
  let sum = 0;
  rdata.forEach((octet, i) => {
    sum += i % 2 === 0 ? octet * 256 : octet;
  });
  return (sum + Math.floor(sum / 65536)) % 65536;
}

const CURVES: Record<number, string> = { 13: 'P-256', 14: 'P-384' };
const RSA = [5, 7, 8, 10];

function keyPair(algorithm: number, options: KeyOptions): { publicKey: KeyObject; privateKey: KeyObject } {
  if (options.seed !== undefined) return seededPair(algorithm, options.seed);
  const namedCurve = CURVES[algorithm];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve });
  if (algorithm === 15) return generateKeyPairSync('ed25519');
  if (algorithm === 16) return generateKeyPairSync('ed448');
  if (!RSA.includes(algorithm)) throw new Error(`no keys of algorithm ${algorithm}`);
  const { bits: modulusLength = 2048, exponent: publicExponent = 65537 } = options;
  return generateKeyPairSync('rsa', { modulusLength, publicExponent });
}

/** PKCS #8 up to the secret octets (RFC 5915, RFC 8410), which any octets can be, and their number. */
const SECRETS: Record<number, readonly [prefix: string, octets: number]> = {
  13: ['3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 32],
  14: ['304e020100301006072a8648ce3d020106052b81040022043730350201010430', 48],
  15: ['302e020100300506032b657004220420', 32],
  16: ['3047020100300506032b6571043b0439', 57],
};

function seededPair(algorithm: number, seed: string): { publicKey: KeyObject; privateKey: KeyObject } {
  const form = SECRETS[algorithm];
  if (form === undefined) throw new Error(`no seeded keys of algorithm ${algorithm}`);
  const secret = createHash('shake256', { outputLength: form[1] }).update(seed).digest();
  // Over the order of the curve no secret may be: a zero bit at the top is under all of them.
  secret[0]! &= 0x7f;
  const der = Buffer.concat([Buffer.from(form[0], 'hex'), secret]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** RFC 3110, RFC 6605, RFC 8080. */
export function publicKeyField(algorithm: number, key: KeyObject): Uint8Array {
  const jwk = key.export({ format: 'jwk' });
  const part = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
  if (RSA.includes(algorithm)) return rsaField(part(jwk.e), part(jwk.n));
  return algorithm >= 15 ? part(jwk.x) : Buffer.concat([part(jwk.x), part(jwk.y)]);
}

/** Any exponent and modulus, also bad ones. */
export function rsaField(exponent: Uint8Array, modulus: Uint8Array): Uint8Array {
  const n = exponent.length;
  const length = n < 256 ? [n] : [0, n >> 8, n & 0xff];
  return Buffer.concat([Uint8Array.from(length), exponent, modulus]);
}

const DIGESTS: Record<number, string> = { 1: 'sha1', 2: 'sha256', 4: 'sha384' };

/** DS rdata for `key`; a digest type that nobody knows makes a digest of 32 zero octets. */
export function dsOf(key: SigningKey, digestType = 2): Uint8Array {
  const hash = DIGESTS[digestType];
  const digest =
    hash === undefined
      ? new Uint8Array(32)
      : createHash(hash).update(fold(key.zone)).update(key.rdata).digest();
  return Uint8Array.from([key.tag >> 8, key.tag & 0xff, key.algorithm, digestType, ...digest]);
}

/** What an RRSIG says; what is not given is right. Whatever it says is what is signed. */
export interface SignOptions {
  readonly inception?: number;
  readonly expiration?: number;
  readonly labels?: number;
  readonly signer?: Name;
  readonly tag?: number;
  readonly algorithm?: number;
  readonly covered?: number;
  readonly originalTtl?: number;
  /** The owner that is signed: `*.example.` for what is expanded from there. */
  readonly owner?: Name;
  /** Instead of the true signature. */
  readonly signature?: Uint8Array;
}

/** RRSIG rdata over `rrset` (RFC 4034 section 3.1.8.1). */
export function signRrset(rrset: Rrset, key: SigningKey, options: SignOptions = {}): Uint8Array {
  const owner = fold(options.owner ?? rrset.name);
  const { originalTtl = rrset.ttl } = options;
  const head = Buffer.alloc(18);
  head.writeUInt16BE(options.covered ?? rrset.type, 0);
  head.writeUInt8(options.algorithm ?? key.algorithm, 2);
  head.writeUInt8(options.labels ?? labelsOf(owner), 3);
  head.writeUInt32BE(originalTtl, 4);
  head.writeUInt32BE((options.expiration ?? EXPIRATION) >>> 0, 8);
  head.writeUInt32BE((options.inception ?? INCEPTION) >>> 0, 12);
  head.writeUInt16BE(options.tag ?? key.tag, 16);
  const signer = options.signer ?? key.zone;
  const data = Buffer.concat([head, fold(signer), ...canonicalRecords(rrset, owner, originalTtl)]);
  const signature = options.signature ?? rawSignature(key, data);
  return new Uint8Array(Buffer.concat([head, signer, signature]));
}

function canonicalRecords(rrset: Rrset, owner: Name, ttl: number): Buffer[] {
  const rdatas = rrset.rdatas.map((rdata) => Buffer.from(canonicalRdata(rrset.type, rdata)));
  return rdatas.sort(Buffer.compare).map((rdata) => {
    const fixed = Buffer.alloc(10);
    fixed.writeUInt16BE(rrset.type, 0);
    fixed.writeUInt16BE(1, 2);
    fixed.writeUInt32BE(ttl, 4);
    fixed.writeUInt16BE(rdata.length, 8);
    return Buffer.concat([owner, fixed, rdata]);
  });
}

const HASHES: Record<number, string | null> = {
  5: 'sha1',
  7: 'sha1',
  8: 'sha256',
  10: 'sha512',
  13: 'sha256',
  14: 'sha384',
  15: null,
  16: null,
};

/** The signature of the key's own algorithm over any octets. */
export function rawSignature(key: SigningKey, data: Uint8Array): Uint8Array {
  const hash = HASHES[key.algorithm];
  if (hash === undefined) throw new Error(`no signatures of algorithm ${key.algorithm}`);
  return signOctets(hash, data, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
}

/** The RRset with one RRSIG of each key. */
export function signed(rrset: Rrset, keys: SigningKey | readonly SigningKey[], options?: SignOptions): Rrset {
  const sigs = [keys].flat().map((key) => signRrset(rrset, key as SigningKey, options));
  return { ...rrset, sigs };
}

/** The DNSKEY RRset of the keys' zone, signed by `signers` (the KSKs, or all where there is none). */
export function signedKeys(
  keys: readonly SigningKey[],
  signers: readonly SigningKey[] = kskOf(keys),
  options?: SignOptions,
): Rrset {
  const rdatas = keys.map((key) => key.rdata);
  return signed({ name: keys[0]!.zone, type: 48, ttl: 3600, rdatas }, signers, options);
}

export function kskOf(keys: readonly SigningKey[]): readonly SigningKey[] {
  const found = keys.filter((key) => (key.flags & SEP) !== 0);
  return found.length > 0 ? found : keys;
}

export function zskOf(keys: readonly SigningKey[]): readonly SigningKey[] {
  const found = keys.filter((key) => (key.flags & SEP) === 0);
  return found.length > 0 ? found : keys;
}

/** Labels as RRSIG counts them: without the root, and without an asterisk on the left (RFC 4034 section 3.1.3). */
export function labelsOf(name: Name): number {
  let count = name[0] === 1 && name[1] === 0x2a ? -1 : 0;
  for (let at = 0; name[at] !== 0; at += name[at]! + 1) count++;
  return count;
}

function toName(name: Name | string): Name {
  return typeof name === 'string' ? nameFromText(name) : name;
}
