import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import * as z from 'zod';
import type { Credentials } from '../../view/snapshot.ts';
import { type Files, fileFault } from './files.ts';
import { SettingError } from './problem.ts';
import { setting } from './setting.ts';

/** Files of a server that speaks TLS. */
export const tlsSchema = z.strictObject({
  certificate: setting(z.string().min(1), {
    description:
      'File with the certificate of the node in PEM, and after it those that signed it, without the root. It is read at the start and at each reload, and both files again where they are replaced; connections that are open stay.',
    range: 'a path; relative ones start at the folder of the configuration file',
    example: '/etc/causeway/api.crt',
  }),
  key: setting(z.string().min(1), {
    description: 'File with its private key in PEM, without a passphrase; best of mode 0600.',
    range: 'a path; relative ones start at the folder of the configuration file',
    example: '/etc/causeway/api.key',
  }),
});

/** TLS of earlier versions is refused. */
export const TLS_VERSION_MIN = 'TLSv1.2';

/** What `tls` names: absolute paths. */
export interface TlsPair {
  readonly certificate: string;
  readonly key: string;
}

/** Where the files are, and who is told of what is wrong with them. */
export interface TlsFiles extends TlsPair {
  readonly files: Files;
  error(member: 'certificate' | 'key', message: string, remedy: string): void;
  warn(member: 'certificate' | 'key', message: string, remedy: string): void;
}

/** Reads both files; undefined where an error was told. That a certificate has expired is for who uses it to say. */
export function readTls(from: TlsFiles): Credentials | undefined {
  const cert = tried(from, 'certificate', () => readCertificate(from.files, from.certificate));
  const key = tried(from, 'key', () => readKey(from));
  if (cert === undefined || key === undefined) return undefined;
  return tried(from, 'certificate', () => {
    if (!cert.parsed.checkPrivateKey(key.parsed))
      throw new SettingError(
        `${from.certificate} is not the certificate of the key in ${from.key}`,
        'write the paths of a certificate and of the key that it was made for',
      );
    const credentials = { cert: cert.text, key: key.text };
    checkAll(credentials, from.certificate);
    return credentials;
  });
}

function tried<T>(from: TlsFiles, member: 'certificate' | 'key', act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    const { message, remedy } = error instanceof SettingError ? error : fileFault(error);
    from.error(member, message, remedy);
    return undefined;
  }
}

function readCertificate(files: Files, path: string): { text: string; parsed: X509Certificate } {
  const text = pemIn(files, path);
  try {
    return { text, parsed: new X509Certificate(text) };
  } catch {
    throw new SettingError(
      `${path} does not begin with a certificate`,
      'write the path of a file in PEM: -----BEGIN CERTIFICATE-----, that of the node first',
    );
  }
}

function readKey({ files, key: path, warn }: TlsFiles): { text: string; parsed: KeyObject } {
  const text = pemIn(files, path);
  const parsed = parseKey(text, path);
  if ((files.mode(path) & 0o077) !== 0)
    warn('key', `${path} may be read or written by other users`, 'chmod 600, or 640 with a group of its own');
  return { text, parsed };
}

function parseKey(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    if (text.includes('ENCRYPTED'))
      throw new SettingError(
        `the key in ${path} has a passphrase`,
        'write the path of a key without one: openssl pkey -in KEY -out NEW',
      );
    throw new SettingError(
      `${path} holds no private key`,
      'write the path of a file in PEM: -----BEGIN PRIVATE KEY-----',
    );
  }
}

function pemIn(files: Files, path: string): string {
  return new TextDecoder().decode(files.read(path));
}

/** Whatever else the library does not take: a key that is too short, something broken after the first certificate. */
function checkAll(credentials: Credentials, path: string): void {
  try {
    // Read where there is a certificate: most starts do without TLS.
    const { createSecureContext } = process.getBuiltinModule('node:tls');
    createSecureContext({ ...credentials, minVersion: TLS_VERSION_MIN });
  } catch (error) {
    throw new SettingError(
      `${path} cannot be used: ${(error as Error).message}`,
      'make another certificate, as of openssl req -x509 -newkey rsa:3072',
    );
  }
}
