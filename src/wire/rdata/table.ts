import { fromHex, toHex } from '../base.ts';
import { Cursor } from '../cursor.ts';
import { WireError } from '../error.ts';
import { foldOctet } from '../name.ts';
import { copyOctets, putOctets } from '../octets.ts';
import type { RdataTokens } from '../text/tokens.ts';
import { A } from './a.ts';
import { AAAA } from './aaaa.ts';
import { APL } from './apl.ts';
import { CAA } from './caa.ts';
import { CERT } from './cert.ts';
import { CSYNC } from './csync.ts';
import { DHCID } from './dhcid.ts';
import { CDNSKEY, DNSKEY, KEY } from './dnskey.ts';
import { CDS, DS } from './ds.ts';
import { EUI48, EUI64 } from './eui.ts';
import { HINFO } from './hinfo.ts';
import { HIP } from './hip.ts';
import { IPSECKEY } from './ipseckey.ts';
import { LOC } from './loc.ts';
import { typeToText } from './mnemonic.ts';
import { AFSDB, KX, MX, PX, RT } from './mx.ts';
import { CNAME, DNAME, MB, MD, MF, MG, MINFO, MR, NS, PTR, RP } from './names.ts';
import { NAPTR } from './naptr.ts';
import { NSEC } from './nsec.ts';
import { NSEC3, NSEC3PARAM } from './nsec3.ts';
import { OPENPGPKEY } from './openpgpkey.ts';
import { OPT } from './opt.ts';
import { RRSIG, SIG } from './rrsig.ts';
import { RDATA_OCTETS_MAX, RdataBuffer } from './sink.ts';
import { SOA } from './soa.ts';
import { SRV } from './srv.ts';
import { SSHFP } from './sshfp.ts';
import { HTTPS, SVCB } from './svcb.ts';
import { SMIMEA, TLSA } from './tlsa.ts';
import { TKEY, TSIG } from './transaction.ts';
import { SPF, TXT } from './txt.ts';
import type { Field, RdataType } from './type.ts';
import { URI } from './uri.ts';
import { ZONEMD } from './zonemd.ts';

export { isDataType, questionTypeFromText, typeFromText, typeToText } from './mnemonic.ts';

/** Every type whose rdata is understood; all others are octets (RFC 3597). */
// biome-ignore format: a list to be read at a glance
export const RDATA_TYPES: readonly RdataType[] = [
  A, NS, MD, MF, CNAME, SOA, MB, MG, MR, PTR, HINFO, MINFO, MX, TXT, RP, AFSDB, RT, SIG, KEY, PX, AAAA,
  LOC, SRV, NAPTR, KX, CERT, DNAME, OPT, APL, DS, SSHFP, IPSECKEY, RRSIG, NSEC, DNSKEY, DHCID, NSEC3,
  NSEC3PARAM, TLSA, SMIMEA, HIP, CDS, CDNSKEY, OPENPGPKEY, CSYNC, ZONEMD, SVCB, HTTPS, SPF, EUI48, EUI64,
  TKEY, TSIG, URI, CAA,
];

/** By code: the registry is dense below 260, and so is this. */
const BY_CODE: (RdataType | undefined)[] = [];
for (const type of RDATA_TYPES) BY_CODE[type.code] = type;

/** The definition of a type, or undefined where its rdata is just octets. */
export function rdataType(code: number): RdataType | undefined {
  return BY_CODE[code];
}

/**
 * Reads the rdata of `length` octets at `c` and moves past it. The result is checked and its names are not
 * compressed. Throws WireError, also for octets left over, and leaves `c` anywhere inside the message.
 */
export function readRdata(code: number, c: Cursor, length: number): Uint8Array {
  c.need(length);
  const type = BY_CODE[code];
  if (type === undefined) return c.bytes(length);
  const start = c.off;
  const messageEnd = c.end;
  c.end = start + length;
  const rdata = type.decompresses ? readDecompressed(STEPS[code]!, c) : undefined;
  if (rdata === undefined) skipFields(STEPS[code]!, c);
  if (c.left > 0) throw new WireError(`${c.left} octets left over after ${type.mnemonic} rdata`, c.off);
  c.end = messageEnd;
  return rdata ?? c.kept(start, c.off);
}

/** So many octets of any value, and behind them a field that has to be looked at. */
interface Step {
  readonly octets: number;
  readonly field: Field | undefined;
}

/** By code. */
const STEPS = BY_CODE.map((type) => type && stepsOf(type.fields));

function stepsOf(fields: readonly Field[]): readonly Step[] {
  const steps: Step[] = [];
  let octets = 0;
  for (const field of fields) {
    octets += field.octets ?? 0;
    if (field.octets !== undefined) continue;
    steps.push({ octets, field });
    octets = 0;
  }
  if (octets > 0) steps.push({ octets, field: undefined });
  return steps;
}

function skipFields(steps: readonly Step[], c: Cursor): void {
  for (const { octets, field } of steps) {
    c.skip(octets);
    field?.skip(c);
  }
}

const decompressed = new Uint8Array(RDATA_OCTETS_MAX);

function readDecompressed(steps: readonly Step[], c: Cursor): Uint8Array {
  const [first] = steps;
  if (steps.length === 1 && first!.octets === 0 && first!.field!.isName) return c.name();
  let length = 0;
  for (const { octets, field } of steps) {
    const start = c.off;
    c.skip(octets);
    if (field?.isName !== true) field?.skip(c);
    length = append(length, c.buf, start, c.off, c);
    if (field?.isName !== true) continue;
    const name = c.name();
    length = append(length, name, 0, name.length, c);
  }
  return copyOctets(decompressed, 0, length);
}

function append(length: number, from: Uint8Array, start: number, end: number, c: Cursor): number {
  if (length + end - start > RDATA_OCTETS_MAX) throw new WireError('rdata too long when decompressed', c.off);
  return putOctets(decompressed, length, from, start, end);
}

/** Throws WireError unless `rdata` is well-formed and without compression. */
export function checkRdata(code: number, rdata: Uint8Array): void {
  if (rdata.length > RDATA_OCTETS_MAX) throw new WireError(`rdata over ${RDATA_OCTETS_MAX} octets`, 0);
  const type = BY_CODE[code];
  if (type === undefined) return;
  const c = new Cursor(rdata);
  skipFields(STEPS[code]!, c);
  if (c.left > 0) throw new WireError(`${c.left} octets left over after ${type.mnemonic} rdata`, c.off);
}

/** Presentation form: the type's own, or the generic one where that cannot say it. Never throws. */
export function rdataToText(code: number, rdata: Uint8Array): string {
  const type = BY_CODE[code];
  // No rdata at all is written out: a line that ends after its type looks like a mistake.
  if (type === undefined || rdata.length === 0) return genericText(rdata);
  return printFields(type, rdata) ?? genericText(rdata);
}

function printFields(type: RdataType, rdata: Uint8Array): string | undefined {
  try {
    checkRdata(type.code, rdata);
    if (type.refuses?.(rdata) !== undefined) return undefined;
    const c = new Cursor(rdata);
    return type.fields
      .map((field) => field.print(c))
      .filter((text) => text !== '')
      .join(' ');
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** The first word of rdata in generic form (RFC 3597 section 5). */
const GENERIC = '\\#';

function genericText(rdata: Uint8Array): string {
  return rdata.length === 0 ? `${GENERIC} 0` : `${GENERIC} ${rdata.length} ${toHex(rdata)}`;
}

/** All text is parsed into this one buffer. Fields never parse another rdata, so it is never in use twice. */
const buffer = new RdataBuffer();

/**
 * Reads presentation form up to the last word; `\# LENGTH HEX` is read for every type. The result is well-formed.
 * Throws TextError, also for words left over.
 */
export function rdataFromText(code: number, tokens: RdataTokens): Uint8Array {
  const first = tokens.peek();
  if (first !== undefined && first.text === GENERIC && !first.quoted) return genericFromText(code, tokens);
  const type = BY_CODE[code];
  if (type === undefined) {
    const form = `${GENERIC} LENGTH HEX`;
    tokens.fail(tokens.next(form), `rdata of type ${typeToText(code)} is written ${form}`);
  }
  buffer.begin(tokens);
  for (const field of type.fields) field.parse(tokens, buffer);
  if (!tokens.done) {
    const extra = tokens.next('');
    tokens.fail(extra, `"${extra.text}" is left over after ${type.mnemonic} rdata`);
  }
  const rdata = buffer.take();
  const fault = type.refuses?.(rdata);
  if (first !== undefined && fault !== undefined) tokens.fail(first, fault);
  return rdata;
}

function genericFromText(code: number, tokens: RdataTokens): Uint8Array {
  const mark = tokens.next(GENERIC);
  const length = tokens.integer('rdata length', RDATA_OCTETS_MAX);
  const first = tokens.peek() ?? mark;
  let hex = '';
  while (!tokens.done) hex += tokens.next('rdata').text;
  const rdata = fromHex(hex);
  if (rdata === undefined) tokens.fail(first, 'rdata: not hexadecimal');
  if (rdata.length !== length) tokens.fail(first, `${rdata.length} octets of rdata; ${length} announced`);
  try {
    checkRdata(code, rdata);
  } catch (error) {
    if (error instanceof WireError) tokens.fail(first, `rdata: ${error.message}`);
    throw error;
  }
  return rdata;
}

/** Calls `fn` for each domain name of well-formed rdata. Names inside gateways and lists of servers are not told of. */
export function eachName(
  code: number,
  rdata: Uint8Array,
  fn: (offset: number, length: number) => void,
): void {
  const type = BY_CODE[code];
  if (type === undefined) return;
  const last = LAST_NAME[code]!;
  for (let i = 0, at = 0; i <= last; i++) {
    const field = type.fields[i]!;
    const length = field.isName ? nameLength(rdata, at) : (field.octets ?? fieldLength(field, rdata, at));
    if (field.isName) fn(at, length);
    at += length;
  }
}

/** Whether names in rdata of the type may be compressed when sent. */
export function compressesNames(code: number): boolean {
  return BY_CODE[code]?.compresses === true;
}

/** Whether names in rdata of the type are signed in lower case (RFC 4034 section 6.2, RFC 6840 section 5.1). */
export function foldsNames(code: number): boolean {
  return BY_CODE[code]?.lowercases === true;
}

/** As `eachName`, for the types only whose names may be compressed when sent. */
export function eachCompressibleName(
  code: number,
  rdata: Uint8Array,
  fn: (offset: number, length: number) => void,
): void {
  if (compressesNames(code)) eachName(code, rdata, fn);
}

/** As `eachName`, for the types only whose names are signed in lower case (RFC 4034 section 6.2, RFC 6840 section 5.1). */
export function eachFoldedName(
  code: number,
  rdata: Uint8Array,
  fn: (offset: number, length: number) => void,
): void {
  if (foldsNames(code)) eachName(code, rdata, fn);
}

/** By code: the index of the last field that is a name, or -1. */
const LAST_NAME = BY_CODE.map((type) => type?.fields.findLastIndex((field) => field.isName));

function nameLength(rdata: Uint8Array, start: number): number {
  let at = start;
  for (let label = rdata[at]; label; label = rdata[at]) at += label + 1;
  return at + 1 - start;
}

function fieldLength(field: Field, rdata: Uint8Array, start: number): number {
  const c = new Cursor(rdata, start);
  field.skip(c);
  return c.off - start;
}

/** Canonical form of well-formed rdata (RFC 4034 section 6.2, RFC 6840 section 5.1): the same octets where nothing changes. */
export function canonicalRdata(code: number, rdata: Uint8Array): Uint8Array {
  if (!foldsNames(code)) return rdata;
  const canonical = rdata.slice();
  eachName(code, rdata, (offset, length) => {
    for (let i = offset; i < offset + length; i++) canonical[i] = foldOctet(rdata[i]!);
  });
  return canonical;
}
