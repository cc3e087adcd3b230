import type { Field } from './type.ts';

/** Numbers that may be written by name. The names are of the IANA registries. */

/** DNS security algorithm numbers; in BIND's spelling. */
const ALGORITHM = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  NSEC3DSA: 6,
  'RSASHA1-NSEC3-SHA1': 7,
  NSEC3RSASHA1: 7,
  RSASHA256: 8,
  RSASHA512: 10,
  'ECC-GOST': 12,
  ECCGOST: 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
} as const;

/** Certificate types (RFC 4398 section 2.1). */
const CERTIFICATE = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
} as const;

/** Error field of TSIG and TKEY (RFC 8945 section 3, RFC 2930 section 2.6). */
const TRANSACTION_ERROR = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  NOTAUTH: 9,
  BADSIG: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
} as const;

/** Printed as a number (RFC 4034 sections 2.2, 3.2 and 5.3 allow both), read in both forms. */
export const algorithm: Field = coded('algorithm', 8, ALGORITHM, 'number');
export const certificateType: Field = coded('certificate type', 16, CERTIFICATE, 'mnemonic');
export const transactionError: Field = coded('error', 16, TRANSACTION_ERROR, 'mnemonic');

function coded(
  name: string,
  bits: 8 | 16,
  table: Readonly<Record<string, number>>,
  printed: 'number' | 'mnemonic',
): Field {
  const codes = new Map(Object.entries(table));
  const texts = new Map(printed === 'number' ? [] : [...codes].map(([text, code]) => [code, text]));
  return {
    name,
    octets: bits / 8,
    skip: (c) => c.skip(bits / 8),
    print(c) {
      const code = bits === 8 ? c.u8() : c.u16();
      return texts.get(code) ?? String(code);
    },
    parse(tokens, out) {
      const code = codes.get(tokens.peek()?.text.toUpperCase() ?? '');
      if (code !== undefined) tokens.next(name);
      const value = code ?? tokens.integer(name, 2 ** bits - 1);
      if (bits === 8) out.u8(value);
      else out.u16(value);
    },
  };
}
