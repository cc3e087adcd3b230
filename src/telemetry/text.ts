/**
 * Characters that must not reach a terminal or a log reader as they are: controls, format characters (marks that
 * turn or hide text), separators of lines and paragraphs, halves of surrogate pairs.
 */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
const HOSTILE_ALL = new RegExp(HOSTILE.source, 'gu');

/**
 * Any text on one line, harmless to a terminal: the one escaper of logs and the command line. What came from a
 * packet or a peer passes through here before a person sees it.
 */
export function printable(text: string): string {
  if (!HOSTILE.test(text)) return text;
  return text.replace(HOSTILE_ALL, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** The same for one value in JSON, losslessly: what is not ASCII stands inside a string there. */
export function printableJson(json: string): string {
  return json.replace(HOSTILE_ALL, (c) =>
    Array.from({ length: c.length }, (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}

/** ISO 8601 in UTC with milliseconds, from milliseconds since 1970: calendar arithmetic, no clock is read. */
export function isoFromWall(wallMs: number): string {
  const days = Math.floor(wallMs / 86_400_000);
  const ms = wallMs - days * 86_400_000;
  const { year, month, day } = civilFromDays(days);
  const pad = (n: number, width = 2): string => String(Math.floor(n)).padStart(width, '0');
  const time = `${pad(ms / 3_600_000)}:${pad((ms / 60_000) % 60)}:${pad((ms / 1000) % 60)}.${pad(ms % 1000, 3)}`;
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${time}Z`;
}

/** Days since 1970-01-01 to a date of the Gregorian calendar, in eras of 400 years that begin in March. */
function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

/** Threads inherit the environment of the process: one variable reaches all of them before any of them logs. */
export const LOG_LEVEL_VARIABLE = 'CAUSEWAY_LOG_LEVEL';
