import { generateKeyPairSync } from 'node:crypto';
import { dsOf } from '../../dnssec/ds.ts';
import { type DnsKey, keySigningKey } from '../../dnssec/key.ts';
import { fromBase64, toBase64 } from '../../wire/base.ts';
import { nameFromRoute53 } from '../records/names.ts';
import { LIST_MAX, type Reads } from '../store/store.ts';
import { KIND, type SigningKeyBody, type SigningKeyResource, type ZoneResource } from './bodies.ts';

/** What AWS signs by, and has DS records made by: ECDSAP256SHA256 and SHA-256. */
const ALGORITHM = 13;
const DIGEST_TYPE = 2;
/** Of a point of P-256 that is not compressed: all of the public key field of a DNSKEY (RFC 6605 section 4). */
const POINT_OCTETS = 64;

/** Both halves in base64: the public one as a DNSKEY has it, the private one in PKCS #8. */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** A new pair for a key-signing key. OpenSSL draws it, from the randomness of the operating system. */
export function newKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // A SubjectPublicKeyInfo ends in the point.
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-POINT_OCTETS);
  return {
    publicKey: toBase64(point),
    privateKey: toBase64(privateKey.export({ type: 'pkcs8', format: 'der' })),
  };
}

/** The key-signing keys of a zone, in the order of their making. */
export function signingKeysOf(state: Reads, { id: parent }: ZoneResource): SigningKeyResource[] {
  return state.list<SigningKeyBody>({ kind: KIND.signingKey, parent, limit: LIST_MAX });
}

/** The id of a key-signing key: there is one of each name in a zone. */
export function signingKeyId({ id }: Pick<ZoneResource, 'id'>, name: string): string {
  return `${id} ${name}`;
}

/** What a key is in DNS: the DNSKEY of the zone, and rdata of the DS for its parent. */
export interface Published {
  readonly dnskey: DnsKey;
  readonly ds: Uint8Array;
}

/** What a key of `zone` is in DNS. */
export function published(zone: ZoneResource, { publicKey }: SigningKeyBody): Published {
  const dnskey = keySigningKey(ALGORITHM, fromBase64(publicKey)!);
  return { dnskey, ds: dsOf(nameFromRoute53(zone.body.name), dnskey, DIGEST_TYPE) };
}
