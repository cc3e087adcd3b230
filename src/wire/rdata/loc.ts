import { TYPE } from '../constants.ts';
import { WireError } from '../error.ts';
import type { RdataTokens, Token } from '../text/tokens.ts';
import type { Field, RdataType } from './type.ts';

/** Thousandths of a second of arc, counted from 2^31 at the equator and the prime meridian. */
const ARC_ZERO = 2 ** 31;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DEGREE = 60 * MINUTE;

/** Centimetres, counted from 100,000 m below the WGS 84 spheroid. */
const ALTITUDE_ZERO_CM = 10_000_000;

/** What the text may leave out, in centimetres (RFC 1876 section 3). */
const SIZE_CM = 100;
const HORIZONTAL_CM = 1_000_000;
const VERTICAL_CM = 1_000;

/** One decimal digit and a power of ten of at most 9. */
const PRECISION_CM_MAX = 9_000_000_000;

/**
 * A place on Earth (RFC 1876 section 2): version, size, two precisions, latitude, longitude, altitude. They are
 * written in another order than they are sent, so they are one field. Rdata of a version other than 0 is
 * passed on as it is: nothing may be assumed of its form.
 */
const location: Field = {
  name: 'location',
  skip(c) {
    if (c.u8() !== 0) return c.skip(c.left);
    for (let i = 0; i < 3; i++) checkPrecision(c.u8(), c.off - 1);
    checkArc(c.u32(), 90, c.off - 4);
    checkArc(c.u32(), 180, c.off - 4);
    c.skip(4);
  },
  print(c) {
    const version = c.u8();
    if (version !== 0) throw new WireError(`LOC version ${version} has no presentation form`, c.off - 1);
    const precisions = [c.u8(), c.u8(), c.u8()].map(precisionToText).join(' ');
    const latitude = arcToText(c.u32(), 'N', 'S');
    const longitude = arcToText(c.u32(), 'E', 'W');
    const altitude = ((c.u32() - ALTITUDE_ZERO_CM) / 100).toFixed(2);
    return `${latitude} ${longitude} ${altitude}m ${precisions}`;
  },
  parse(tokens, out) {
    const latitude = parseArc(tokens, 'latitude', 'NS', 90);
    const longitude = parseArc(tokens, 'longitude', 'EW', 180);
    const altitude = parseAltitude(tokens);
    out.u8(0);
    out.u8(parsePrecision(tokens, 'size', SIZE_CM));
    out.u8(parsePrecision(tokens, 'horizontal precision', HORIZONTAL_CM));
    out.u8(parsePrecision(tokens, 'vertical precision', VERTICAL_CM));
    out.u32(latitude);
    out.u32(longitude);
    out.u32(altitude);
  },
};

function checkPrecision(octet: number, offset: number): void {
  const mantissa = octet >> 4;
  const exponent = octet & 15;
  if (mantissa > 9 || exponent > 9 || (mantissa === 0 && exponent > 0))
    throw new WireError('LOC precision is not a decimal digit and exponent', offset);
}

function checkArc(arc: number, degreesMax: number, offset: number): void {
  if (Math.abs(arc - ARC_ZERO) > degreesMax * DEGREE)
    throw new WireError(`LOC latitude or longitude over ${degreesMax} degrees`, offset);
}

function precisionToText(octet: number): string {
  const cm = (octet >> 4) * 10 ** (octet & 15);
  return cm >= 100 ? `${cm / 100}m` : `${(cm / 100).toFixed(2)}m`;
}

function arcToText(value: number, positive: string, negative: string): string {
  const arc = Math.abs(value - ARC_ZERO);
  const seconds = ((arc % MINUTE) / SECOND).toFixed(3);
  const minutes = Math.floor(arc / MINUTE) % 60;
  return `${Math.floor(arc / DEGREE)} ${minutes} ${seconds} ${value < ARC_ZERO ? negative : positive}`;
}

/** Degrees, and then minutes and seconds unless the hemisphere comes first. */
function parseArc(tokens: RdataTokens, what: string, hemispheres: 'NS' | 'EW', degreesMax: number): number {
  const first = tokens.peek();
  let arc = tokens.integer(`degrees of ${what}`, degreesMax) * DEGREE;
  if (!isHemisphere(tokens.peek(), hemispheres)) {
    arc += tokens.integer(`minutes of ${what}`, 59) * MINUTE;
    if (!isHemisphere(tokens.peek(), hemispheres)) arc += parseSeconds(tokens, what);
  }
  const token = tokens.next(`hemisphere of ${what}`);
  if (!isHemisphere(token, hemispheres))
    tokens.fail(
      token,
      `hemisphere of ${what}: "${token.text}" is not ${hemispheres[0]} or ${hemispheres[1]}`,
    );
  if (arc > degreesMax * DEGREE) tokens.fail(first ?? token, `${what}: over ${degreesMax} degrees`);
  return token.text.toUpperCase() === hemispheres[0] ? ARC_ZERO + arc : ARC_ZERO - arc;
}

function isHemisphere(token: Token | undefined, hemispheres: string): boolean {
  return token !== undefined && token.text.length === 1 && hemispheres.includes(token.text.toUpperCase());
}

function parseSeconds(tokens: RdataTokens, what: string): number {
  const token = tokens.next(`seconds of ${what}`);
  const parts = /^([0-9]{1,2})(?:\.([0-9]{1,3}))?$/.exec(token.text);
  const arc =
    parts === null ? Number.NaN : Number(parts[1]) * SECOND + Number((parts[2] ?? '').padEnd(3, '0'));
  if (!(arc < MINUTE)) tokens.fail(token, `seconds of ${what}: "${token.text}" is not 0 to 59.999`);
  return arc;
}

function parseAltitude(tokens: RdataTokens): number {
  const token = tokens.next('altitude');
  const altitude = centimetres(token.text) + ALTITUDE_ZERO_CM;
  if (!(altitude >= 0 && altitude <= 0xffffffff))
    tokens.fail(token, `altitude: "${token.text}" is not -100000.00m to 42849672.95m`);
  return altitude;
}

/** Digits after the first are cut off, as RFC 1876's own code does. */
function parsePrecision(tokens: RdataTokens, what: string, otherwise: number): number {
  const token = tokens.peek();
  let cm = token === undefined ? otherwise : centimetres(tokens.next(what).text);
  if (token !== undefined && !(cm >= 0 && cm <= PRECISION_CM_MAX))
    tokens.fail(token, `${what}: "${token.text}" is not 0m to 90000000.00m`);
  let exponent = 0;
  for (; cm >= 10; exponent++) cm = Math.floor(cm / 10);
  return (cm << 4) | exponent;
}

/** `-24m`, `10.05`: NaN for anything else. */
function centimetres(text: string): number {
  const parts = /^(-?)([0-9]{1,10})(?:\.([0-9]{1,2}))?m?$/i.exec(text);
  if (parts === null) return Number.NaN;
  const cm = Number(parts[2]) * 100 + Number((parts[3] ?? '').padEnd(2, '0'));
  return parts[1] === '-' ? -cm : cm;
}

export const LOC: RdataType = { code: TYPE.LOC, mnemonic: 'LOC', fields: [location] };
