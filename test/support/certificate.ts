import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate with its key, both in PEM, and the files that they are in. */
export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly keyFile: string;
  readonly certFile: string;
}

const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

/**
 * Makes a certificate that signs itself, for one day, by `openssl`.
 *
 * @param name what the files are called, and whom it is for unless `names` tells others: `DNS:www.example,IP:127.0.0.1`
 */
export function certificate(
  folder: string,
  name: string,
  { kind = P256, names = `DNS:${name}` }: { readonly kind?: string[]; readonly names?: string } = {},
): Certificate {
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-days', '1'];
  const args = ['req', '-x509', '-newkey', ...kind, '-nodes', ...subject];
  execFileSync('openssl', [...args, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  return { key: readFileSync(keyFile), cert: readFileSync(certFile), keyFile, certFile };
}
