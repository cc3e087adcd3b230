/**
 * Mutated zone files against the reader: it never throws, its errors have places inside the text and are bounded,
 * and every record it hands out can be printed and is read again as the same. 2,000 texts from a fixed seed;
 * with CAUSEWAY_LONG=1 200,000 from a seed that is printed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cryptoPrng, type Prng, SeededPrng } from '../../src/util/prng.ts';
import { isAtOrBelow, nameFromText } from '../../src/wire/name.ts';
import { checkRdata } from '../../src/wire/rdata/table.ts';
import type { Rr } from '../../src/wire/record.ts';
import { rrToText } from '../../src/wire/text/print.ts';
import { parseZone, ZONE_ERRORS_MAX, type ZoneError } from '../../src/wire/text/zonefile.ts';
import { LONG } from '../support/long.ts';
import { pick } from './mutate.ts';

const INPUTS = LONG ? 200_000 : 2_000;
const SEED = LONG ? cryptoPrng.u32() : 20260101;
const MUTATIONS_MAX = 8;

const fixtures = join(import.meta.dirname, '..', 'wire', 'text', 'fixtures');
const files = ['common.zone', 'bind.zone', 'sub/hosts.inc'].map((file) =>
  readFileSync(join(fixtures, file), 'latin1'),
);
const lines = files.flatMap((text) => text.split('\n').map((line) => `${line}\n`));
const words = [...new Set(files.flatMap((text) => text.split(/\s+/)))];

/** What turns one text into another for a reader of zone files. */
const TELLING = [
  ...[
    '(',
    ')',
    '"',
    ';',
    '\\',
    '$',
    '@',
    '.',
    '..',
    '\n',
    '\r\n',
    '\r',
    ' ',
    '\t',
    '\0',
    '\x7f',
    '\xff',
    '*',
    '=',
  ],
  ...[
    '\\#',
    '\\000',
    '\\256',
    '\\',
    '{',
    '}',
    '-',
    '/',
    ',',
    '0',
    '65536',
    '4294967296',
    '-1',
    'IN',
    'CH',
    'TYPE0',
  ],
  ...['\n$INCLUDE x\n', '\n$GENERATE 1-3 $ A 192.0.2.$\n', '\n$TTL 1\n', '\n$ORIGIN x\n', 'a'.repeat(300)],
];

/** A few lines of the seeds, put together anew and changed in a few places. */
function mutate(prng: Prng): string {
  let text = prng.below(4) === 0 ? pick(files, prng) : '';
  for (let i = prng.below(12); i > 0; i--) text += pick(lines, prng);
  for (let i = prng.below(MUTATIONS_MAX) + 1; i > 0; i--) {
    const at = prng.below(text.length + 1);
    const length = pick([0, 0, 1, 1, 2, 5, 40], prng);
    const piece = pick([pick(TELLING, prng), pick(words, prng), pick(lines, prng), ''], prng);
    text = text.slice(0, at) + piece + text.slice(at + length);
  }
  return text;
}

const origin = nameFromText('example.');

function parse(
  text: string,
  onRecord: (rr: Rr) => void,
  included = '$TTL 7\ninc A 192.0.2.1\n',
): ZoneError[] {
  const octets = Buffer.from(text, 'latin1');
  const include = (path: string) => (path === 'none' ? 'no such file' : { text: included, file: path });
  return parseZone(octets, { origin, file: 'z', include, onRecord });
}

/** What is wrong with what the reader made of the text. */
function faultOf(text: string): string | undefined {
  const records: Rr[] = [];
  const errors = parse(text, (rr) => records.push(rr));
  if (errors.length > ZONE_ERRORS_MAX + 1) return `${errors.length} errors`;
  const lineOctets = text.split('\n').map((line) => line.length);
  for (const { file, line, column, message } of errors) {
    const octets = file === 'z' ? lineOctets[line - 1] : Number.POSITIVE_INFINITY;
    if (octets === undefined || column < 1 || column > octets + 1)
      return `error outside: ${line}:${column} ${message}`;
    if (message === '' || message.length > 500) return `message of ${message.length} characters`;
  }
  for (const rr of records) {
    if (!isAtOrBelow(rr.name, origin) || rr.class !== 1 || !(rr.ttl >= 0 && rr.ttl <= 0x7fffffff))
      return 'odd record';
    checkRdata(rr.type, rr.rdata);
  }
  return printedFault(records);
}

/** Records are printed in portions: one may be as long as 65,535 octets. */
function printedFault(records: readonly Rr[]): string | undefined {
  const again: Rr[] = [];
  const errors = parse(records.map((rr) => `${rrToText(rr)}\n`).join(''), (rr) => again.push(rr));
  if (errors[0] !== undefined)
    return `printed, then: ${errors[0].line}:${errors[0].column} ${errors[0].message}`;
  const key = (rr: Rr): string => [rr.name, rr.type, rr.ttl, rr.rdata].map(String).join('/');
  return records.map(key).join() === again.map(key).join()
    ? undefined
    : 'printed and read again it is another zone';
}

t.test(`${INPUTS} mutated zone files`, async (t) => {
  t.comment(`seed ${SEED}`);
  const prng = new SeededPrng(SEED);
  const faults: string[] = [];
  for (let i = 0; i < INPUTS && faults.length < 5; i++) {
    const text = mutate(prng);
    let fault: string | undefined;
    try {
      fault = faultOf(text);
    } catch (error) {
      fault = error instanceof Error ? error.stack : String(error);
    }
    if (fault !== undefined) faults.push(`${fault}\n${JSON.stringify(text)}`);
  }
  t.same(faults, []);
});

t.test('any octets', async (t) => {
  const prng = new SeededPrng(SEED);
  for (let i = 0; i < INPUTS / 3; i++) {
    const octets = prng.fill(new Uint8Array(prng.below(300)));
    parse(Buffer.from(octets).toString('latin1'), () => {});
  }
  t.pass();
});

/** Each text is a megabyte and must be read in a time that grows as its length does. */
t.test('texts made to be read again and again are read in linear time', async (t) => {
  const table: Record<string, string> = {
    'open parentheses, a line each': '(\n',
    'open parentheses in one line': '(',
    'parentheses opened and closed': '()',
    'open quotes, a line each': 'a TXT "x\n',
    'open quotes in parentheses': '( "\n',
    'quotes in words': 'a="b"c="',
    backslashes: '\\',
    'octets over 0x7e': '\xff',
    'octets over 0x7e between words': '\xff ',
    'one word': 'a',
    'one name': 'a.',
    'one record of many words': 'a ',
    comments: ';\n',
    'carriage returns': '\r',
    'owners only': 'a\n',
  };
  for (const [name, piece] of Object.entries(table)) {
    const timed = (length: number): number => {
      const text = Buffer.from(piece.repeat(Math.ceil(length / piece.length)), 'latin1');
      const start = process.threadCpuUsage();
      parseZone(text, { origin, file: 'z', onRecord: () => {} });
      const { user, system } = process.threadCpuUsage(start);
      return (user + system) / 1e3;
    };
    const ms = timed(1 << 20);
    t.ok(ms < 1000, `${name}: ${ms.toFixed(0)} ms`);
  }
});
