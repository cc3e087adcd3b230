import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as Forge from 'node-forge';
import { isoFromWall } from '../../telemetry/text.ts';
import type { Prng } from '../../util/prng.ts';
import type { Credentials } from '../../view/snapshot.ts';

/** Whom a certificate is for. */
export interface CertificateNames {
  /** A host name of ASCII, the subject too. */
  readonly name: string;
  /** Canonical text, without zones. */
  readonly addresses: readonly string[];
}

const DAY_MS = 86_400_000;
/** Some clients take none that is valid for longer than 398 days. */
const VALID_MS = 397 * DAY_MS;
/** Clocks of clients, and this one before it was set, may be behind. */
const BACKDATED_MS = DAY_MS;
const SERIAL_OCTETS = 16;
/** Of ITU-T X.509 and RFC 5758 section 3.2; forge knows RSA's only. */
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
/** RFC 5280 section 4.1.2.5: from here on a time has four digits for its year. */
const GENERALIZED_FROM = '2050';
/** `[0] Version`, RFC 5280 section 4.1. */
const VERSION_TAG: Forge.asn1.Type = 0;
/** Of GeneralName, RFC 5280 section 4.2.1.6. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** A new key in PEM: of P-256, by which a handshake costs a fraction of RSA's. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/**
 * A certificate that signs itself, for servers of TLS. forge writes the names, the extensions and DER; it knows nothing of
 * elliptic curves, so that the key, its place in the certificate and the signature are Node's.
 *
 * @param key of P-256, in PEM
 * @param wall now, milliseconds
 */
export function selfSigned(key: string, names: CertificateNames, wall: number, prng: Prng): Credentials {
  // Loaded where a certificate is made, which is once in a year.
  const { asn1, pki } = createRequire(import.meta.url)('node-forge') as typeof Forge;
  const { Class, Type } = asn1;
  const sequence = (...value: Forge.asn1.Asn1[]) => asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, value);
  const primitive = (type: Forge.asn1.Type, octets: string) =>
    asn1.create(Class.UNIVERSAL, type, false, octets);
  const time = (at: number) => {
    const text = isoFromWall(at);
    const isShort = text < GENERALIZED_FROM;
    const digits = `${text.replace(/\.\d+|\D/g, '')}Z`;
    return isShort ? primitive(Type.UTCTIME, digits.slice(2)) : primitive(Type.GENERALIZEDTIME, digits);
  };

  const template = pki.createCertificate();
  template.setSubject([{ name: 'commonName', value: names.name }]);
  template.setExtensions(extensionsFor(names));
  const name = pki.distinguishedNameToAsn1(template.subject);
  const algorithm = sequence(primitive(Type.OID, asn1.oidToDer(ECDSA_WITH_SHA256).getBytes()));
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const version3 = primitive(Type.INTEGER, asn1.integerToDer(2).getBytes());
  const toBeSigned = sequence(
    asn1.create(Class.CONTEXT_SPECIFIC, VERSION_TAG, true, [version3]),
    primitive(Type.INTEGER, serial(prng)),
    algorithm,
    name,
    sequence(time(wall - BACKDATED_MS), time(wall + VALID_MS - BACKDATED_MS)),
    name,
    asn1.fromDer(publicKey.toString('latin1')),
    extensionsToAsn1(pki, template.extensions),
  );
  const octets = Buffer.from(asn1.toDer(toBeSigned).getBytes(), 'latin1');
  const signature = sign('sha256', octets, createPrivateKey(key)).toString('latin1');
  // No bit of the last octet is unused.
  const signed = sequence(toBeSigned, algorithm, primitive(Type.BITSTRING, `\0${signature}`));
  const der = Buffer.from(asn1.toDer(signed).getBytes(), 'latin1');
  return { cert: new X509Certificate(der).toString(), key };
}

function extensionsFor({ name, addresses }: CertificateNames): object[] {
  const altNames = [{ type: DNS_NAME, value: name }, ...addresses.map((ip) => ({ type: IP_ADDRESS, ip }))];
  return [
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames },
  ];
}

/** `[3] Extensions`, by a function of forge that its types leave out. */
function extensionsToAsn1(pki: typeof Forge.pki, extensions: object[]): Forge.asn1.Asn1 {
  const { certificateExtensionsToAsn1 } = pki as unknown as {
    certificateExtensionsToAsn1(extensions: object[]): Forge.asn1.Asn1;
  };
  return certificateExtensionsToAsn1(extensions);
}

/** RFC 5280 section 4.1.2.2: positive, and of no leading octet too many; none is drawn twice. */
function serial(prng: Prng): string {
  const octets = prng.fill(new Uint8Array(SERIAL_OCTETS));
  octets[0] = (octets[0]! & 0x7f) | 0x40;
  return Buffer.from(octets).toString('latin1');
}
