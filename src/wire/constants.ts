/** Numbers of the IANA "Domain Name System (DNS) Parameters" registry that the code speaks of by name. */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  SIG: 24,
  KEY: 25,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  EUI48: 108,
  EUI64: 109,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
} as const;

export const CLASS = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

export const OPCODE = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 } as const;

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  NOTAUTH: 9,
  BADVERS: 16,
  BADCOOKIE: 23,
} as const;

const RCODE_TEXT = new Map<number, string>(Object.entries(RCODE).map(([text, code]) => [code, text]));

/** `NXDOMAIN` for 3, `RCODE77` for what has no name here. */
export function rcodeToText(rcode: number): string {
  return RCODE_TEXT.get(rcode) ?? `RCODE${rcode}`;
}

/** Extended by EDNS it has 12 bits (RFC 6891 section 6.1.3). */
const RCODE_MAX = 0xfff;

/** The code of `NXDOMAIN` or `RCODE3`, in any case; undefined for others. */
export function rcodeFromText(text: string): number | undefined {
  const upper = text.toUpperCase();
  if (Object.hasOwn(RCODE, upper)) return RCODE[upper as keyof typeof RCODE];
  const code = Number(/^RCODE(0|[1-9][0-9]{0,3})$/.exec(upper)?.[1]);
  return code <= RCODE_MAX ? code : undefined;
}

/** Header flag bits, in the 16-bit word after the ID (RFC 1035 section 4.1.1, RFC 4035 section 3). */
export const FLAG = {
  QR: 0x8000,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  RA: 0x0080,
  AD: 0x0020,
  CD: 0x0010,
} as const;

/** EDNS option codes. */
export const OPTION = { NSID: 3, ECS: 8, COOKIE: 10, KEEPALIVE: 11, PADDING: 12, EDE: 15 } as const;

/** Extended DNS Error codes (RFC 8914 section 5.2 and the IANA registry). */
export const EDE = {
  OTHER: 0,
  UNSUPPORTED_DNSKEY_ALGORITHM: 1,
  UNSUPPORTED_DS_DIGEST: 2,
  STALE_ANSWER: 3,
  FORGED_ANSWER: 4,
  INDETERMINATE: 5,
  BOGUS: 6,
  SIGNATURE_EXPIRED: 7,
  SIGNATURE_NOT_YET_VALID: 8,
  DNSKEY_MISSING: 9,
  RRSIGS_MISSING: 10,
  NO_ZONE_KEY_BIT: 11,
  NSEC_MISSING: 12,
  CACHED_ERROR: 13,
  NOT_READY: 14,
  BLOCKED: 15,
  CENSORED: 16,
  FILTERED: 17,
  PROHIBITED: 18,
  STALE_NXDOMAIN: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
  INVALID_DATA: 24,
  UNSUPPORTED_NSEC3_ITERATIONS: 27,
  SYNTHESIZED: 29,
} as const;

/** Extended errors by which validation says why an answer is refused (RFC 8914 sections 4.6 to 4.13). */
export function isValidationError(ede: number | undefined): boolean {
  return ede !== undefined && ede >= EDE.INDETERMINATE && ede <= EDE.NSEC_MISSING;
}

/** Names and messages: RFC 1035 section 2.3.4, RFC 6891, RFC 9715. */
export const NAME_OCTETS_MAX = 255;
export const LABEL_OCTETS_MAX = 63;
export const HEADER_OCTETS = 12;
export const MESSAGE_OCTETS_MAX = 65535;
/** The UDP payload we offer and the most we send: fits every path without fragments (RFC 9715, DNS flag day 2020). */
export const UDP_PAYLOAD = 1232;
/** The most a client without EDNS can take by UDP (RFC 1035 section 4.2.1). */
export const UDP_PAYLOAD_CLASSIC = 512;
/** TTLs with the top bit set count as zero (RFC 2181 section 8). */
export const TTL_MAX = 0x7fffffff;
