import type {
  Answer,
  CaaData,
  DnskeyData,
  DsData,
  HInfoData,
  MxData,
  NaptrData,
  Nsec3Data,
  NsecData,
  RpData,
  RrsigData,
  SoaData,
  SrvData,
  SshfpData,
  TlsaData,
} from 'dns-packet';
import { printable } from '../telemetry/text.ts';
import { rdataToText, typeFromText, typeToText } from '../wire/rdata/table.ts';

/** dns-packet's names are dotted text without the final dot. */
function name(text: string): string {
  return text === '.' || text === '' ? '.' : `${printable(text)}.`;
}

function quoted(text: string | Buffer): string {
  const octets = typeof text === 'string' ? Buffer.from(text) : text;
  let out = '';
  for (const octet of octets) {
    const char = String.fromCharCode(octet);
    if (octet < 0x20 || octet > 0x7e) out += `\\${String(octet).padStart(3, '0')}`;
    else out += char === '"' || char === '\\' ? `\\${char}` : char;
  }
  return `"${out}"`;
}

/** `YYYYMMDDHHMMSS` in UTC, as RRSIG has it, from seconds since 1970. */
function stamp(seconds: number, iso: (wallMs: number) => string): string {
  return iso(seconds * 1000).replace(/[-T:]|\..*$/g, '');
}

type Formatters = Readonly<Record<string, (data: never) => string>>;

/** Rdata in presentation form, for the types that dns-packet takes apart. */
function formatters(iso: (wallMs: number) => string): Formatters {
  return {
    A: (data: string) => data,
    AAAA: (data: string) => data,
    CNAME: name,
    DNAME: name,
    NS: name,
    PTR: name,
    MX: (d: MxData) => `${d.preference ?? 0} ${name(d.exchange)}`,
    RP: (d: RpData) => `${name(d.mbox)} ${name(d.txt)}`,
    SRV: (d: SrvData) => `${d.priority ?? 0} ${d.weight ?? 0} ${d.port} ${name(d.target)}`,
    SOA: (d: SoaData) =>
      `${name(d.mname)} ${name(d.rname)} ${d.serial} ${d.refresh} ${d.retry} ${d.expire} ${d.minimum}`,
    TXT: (d: string | Buffer | (string | Buffer)[]) => (Array.isArray(d) ? d : [d]).map(quoted).join(' '),
    HINFO: (d: HInfoData) => `${quoted(d.cpu)} ${quoted(d.os)}`,
    CAA: (d: CaaData) => `${d.flags ?? 0} ${printable(d.tag)} ${quoted(d.value)}`,
    NAPTR: (d: NaptrData) =>
      `${d.order} ${d.preference} ${quoted(d.flags)} ${quoted(d.services)} ${quoted(d.regexp)} ${name(d.replacement)}`,
    DS: (d: DsData) => `${d.keyTag} ${d.algorithm} ${d.digestType} ${d.digest.toString('hex').toUpperCase()}`,
    DNSKEY: (d: DnskeyData) => `${d.flags} 3 ${d.algorithm} ${d.key.toString('base64')}`,
    SSHFP: (d: SshfpData) => `${d.algorithm} ${d.hash} ${d.fingerprint}`,
    TLSA: (d: TlsaData) => `${d.usage} ${d.selector} ${d.matchingType} ${d.certificate.toString('hex')}`,
    NSEC: (d: NsecData) => `${name(d.nextDomain)} ${d.rrtypes.join(' ')}`,
    NSEC3: (d: Nsec3Data) =>
      `${d.algorithm} ${d.flags} ${d.iterations} ${d.salt.toString('hex') || '-'} ${base32Hex(d.nextDomain)} ${d.rrtypes.join(' ')}`,
    RRSIG: (d: RrsigData) =>
      `${d.typeCovered} ${d.algorithm} ${d.labels} ${d.originalTTL} ${stamp(d.expiration, iso)} ${stamp(d.inception, iso)} ${d.keyTag} ${name(d.signersName)} ${d.signature.toString('base64')}`,
  };
}

/** RFC 4648 section 7, without padding, as RFC 5155 has it. */
function base32Hex(octets: Buffer): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUV';
  let out = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out += digits[(held >>> (bits - 5)) & 31];
  }
  return bits === 0 ? out : out + digits[(held << (5 - bits)) & 31];
}

export interface RecordText {
  readonly name: string;
  readonly ttl: number;
  readonly class: string;
  readonly type: string;
  readonly data: string;
}

/** A record as dns-packet decoded it, in presentation form. */
export function recordText(record: Answer, iso: (wallMs: number) => string): RecordText | undefined {
  if (record.type === 'OPT') return undefined;
  const code = typeFromText(String(record.type).replace(/^UNKNOWN_/, 'TYPE'));
  const type = code === undefined ? String(record.type) : typeToText(code);
  const data: unknown = record.data;
  const format = formatters(iso)[type];
  const text = Buffer.isBuffer(data) || format === undefined ? undecoded(code, data) : format(data as never);
  return { name: name(record.name), ttl: record.ttl ?? 0, class: record.class ?? 'IN', type, data: text };
}

/** What dns-packet leaves as octets, such as HTTPS, is for our own tables; they have RFC 3597's form for the rest. */
function undecoded(type: number | undefined, data: unknown): string {
  if (!Buffer.isBuffer(data) || type === undefined) return printable(JSON.stringify(data) ?? '');
  return rdataToText(type, new Uint8Array(data));
}
