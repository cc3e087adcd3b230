import type { RdataTokens } from '../text/tokens.ts';
import type { Field } from './type.ts';

const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** `3600`, `1h30m`, `2W`: seconds 0..2^32-1 in the form that BIND brought in; undefined for anything else. */
export function durationFromText(text: string): number | undefined {
  const plain = /^[0-9]{1,10}$/.test(text);
  if (!plain && !/^(?:[0-9]{1,10}[smhdw])+$/i.test(text)) return undefined;
  let seconds = plain ? Number(text) : 0;
  if (!plain)
    for (const [, count, unit] of text.matchAll(/([0-9]+)([a-z])/gi))
      seconds += Number(count) * UNIT_SECONDS[unit!.toLowerCase()]!;
  return seconds <= 0xffffffff ? seconds : undefined;
}

/** A 32-bit number of seconds, printed as a number, read with units. */
export function duration(name: string): Field {
  return {
    name,
    octets: 4,
    skip: (c) => c.skip(4),
    print: (c) => String(c.u32()),
    parse(tokens: RdataTokens, out) {
      const token = tokens.next(name);
      const seconds = durationFromText(token.text);
      if (seconds === undefined)
        tokens.fail(token, `${name}: "${token.text}" is not a time; write seconds or a form like 1h30m`);
      out.u32(seconds);
    },
  };
}

/** Seconds since 1970 as YYYYMMDDHHmmSS in UTC (RFC 4034 section 3.2), also read as a plain number. */
export function timestamp(name: string): Field {
  return {
    name,
    octets: 4,
    skip: (c) => c.skip(4),
    print: (c) => timestampToText(c.u32()),
    parse: (tokens, out) => out.u32(parseTimestamp(tokens, name)),
  };
}

function parseTimestamp(tokens: RdataTokens, name: string): number {
  const token = tokens.peek();
  if (token === undefined || token.text.length !== 14) return tokens.integer(name, 0xffffffff);
  const seconds = timestampFromText(tokens.next(name).text);
  if (seconds === undefined)
    tokens.fail(token, `${name}: "${token.text}" is not a time; write YYYYMMDDHHmmSS from 1970 to 2106`);
  return seconds;
}

const DAY_SECONDS = 86400;

/** Seconds 0..2^32-1 as YYYYMMDDHHmmSS. */
export function timestampToText(seconds: number): string {
  const { year, month, day } = civilFromDays(Math.floor(seconds / DAY_SECONDS));
  const rest = seconds % DAY_SECONDS;
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  return `${year}${two(month)}${two(day)}${two(rest / 3600)}${two((rest / 60) % 60)}${two(rest % 60)}`;
}

/** YYYYMMDDHHmmSS as seconds 0..2^32-1, or undefined where there is no such time or it does not fit. */
export function timestampFromText(text: string): number | undefined {
  const parts = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$/.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  const days = daysFromCivil(year, month, day);
  // A day that the month does not have comes back as a day of the next month.
  const civil = civilFromDays(days);
  if (civil.month !== month || civil.day !== day) return undefined;
  const seconds = days * DAY_SECONDS + hour * 3600 + minute * 60 + second;
  return seconds >= 0 && seconds <= 0xffffffff ? seconds : undefined;
}

/*
 * Days since 1970-01-01 and the Gregorian calendar. Years are counted from 1 March, so that the leap day is the
 * last day of its year, and in eras of 400 years, which all have 146,097 days; 719,468 days lie between
 * 0000-03-01 and 1970-01-01.
 */
const ERA_DAYS = 146097;
const EPOCH_DAYS = 719468;

function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * ERA_DAYS + dayOfEra - EPOCH_DAYS;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const z = days + EPOCH_DAYS;
  const era = Math.floor(z / ERA_DAYS);
  const dayOfEra = z - era * ERA_DAYS;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36524) + Math.floor(dayOfEra / 146096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
