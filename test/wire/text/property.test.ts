/** parse(print(records)) = records, for records of any owner, TTL and rdata. */
import fc from 'fast-check';
import t from 'tap';
import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX, TTL_MAX, TYPE } from '../../../src/wire/constants.ts';
import { type Name, nameFromText } from '../../../src/wire/name.ts';
import { checkRdata, isDataType } from '../../../src/wire/rdata/table.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { rrToText } from '../../../src/wire/text/print.ts';
import { parseZone } from '../../../src/wire/text/zonefile.ts';
import { LONG } from '../../support/long.ts';

const origin = nameFromText('zone.example.');
const RUNS = LONG ? 20_000 : 500;

const label = fc.uint8Array({ minLength: 1, maxLength: LABEL_OCTETS_MAX });
const labels = fc.oneof(
  { weight: 5, arbitrary: fc.array(fc.uint8Array({ minLength: 1, maxLength: 4 }), { maxLength: 3 }) },
  fc.array(label, { maxLength: 4 }),
);

function toName(parts: readonly Uint8Array[], tail: Name): Name {
  const octets = parts.flatMap((part) => [part.length, ...part]);
  return Uint8Array.from([...octets, ...tail]);
}

const owner = labels.map((parts) => toName(parts, origin)).filter((name) => name.length <= NAME_OCTETS_MAX);
const target = labels
  .map((parts) => toName(parts, Uint8Array.of(0)))
  .filter((n) => n.length <= NAME_OCTETS_MAX);
const strings = fc
  .array(fc.uint8Array({ maxLength: 255 }), { minLength: 1, maxLength: 4 })
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [part.length, ...part])));

/** Rdata that suits the type, or any octets under any number: those that do not parse are printed as RFC 3597 says. */
const typed = fc.oneof(
  fc.record({ type: fc.constant(TYPE.A), rdata: fc.uint8Array({ minLength: 4, maxLength: 4 }) }),
  fc.record({ type: fc.constant(TYPE.AAAA), rdata: fc.uint8Array({ minLength: 16, maxLength: 16 }) }),
  fc.record({ type: fc.constantFrom(TYPE.NS, TYPE.CNAME, TYPE.PTR, TYPE.DNAME), rdata: target }),
  fc.record({ type: fc.constant(TYPE.TXT), rdata: strings }),
  fc.record({ type: fc.integer({ min: 0, max: 0xffff }), rdata: fc.uint8Array({ maxLength: 60 }) }),
  fc.record({ type: fc.integer({ min: 0, max: 260 }), rdata: fc.uint8Array({ maxLength: 60 }) }),
);

const record: fc.Arbitrary<Rr> = fc
  .record({ name: owner, ttl: fc.integer({ min: 0, max: TTL_MAX }), data: typed })
  .map(({ name, ttl, data }) => ({ name, type: data.type, class: 1, ttl, rdata: data.rdata }))
  .filter(({ type, rdata }) => isDataType(type) && isWellFormed(type, rdata));

function isWellFormed(type: number, rdata: Uint8Array): boolean {
  try {
    checkRdata(type, rdata);
    return true;
  } catch {
    return false;
  }
}

function parse(text: string): Rr[] {
  const records: Rr[] = [];
  const errors = parseZone(text, { origin, file: 'z', onRecord: (rr) => records.push(rr) });
  if (errors[0] !== undefined) throw new Error(`${errors[0].line}:${errors[0].column} ${errors[0].message}`);
  return records;
}

function show(rr: Rr): unknown {
  return [[...rr.name], rr.type, rr.ttl, [...rr.rdata]];
}

t.test('printed records are read as what they were', async (t) => {
  const property = fc.property(fc.array(record, { maxLength: 8 }), (records) => {
    const read = parse(records.map((rr) => `${rrToText(rr)}\n`).join(''));
    return JSON.stringify(read.map(show)) === JSON.stringify(records.map(show));
  });
  fc.assert(property, { numRuns: RUNS, seed: 1035 });
  t.pass();
});

t.test('so are they with parentheses, comments and inherited owners', async (t) => {
  const blank = fc.constantFrom(' ', '\t', '  ');
  const inside = fc.constantFrom(' ', '\n', ' ; (comment\n', '\r\n\t', '\n\n  ');
  const property = fc.property(
    record,
    record,
    blank,
    fc.array(inside, { minLength: 9 }),
    (a, b, gap, gaps) => {
      const [name, ttl, klass, type] = rrToText(a).split(' ') as [string, string, string, string];
      // Blanks between the fields before the rdata; the rdata may hold quoted blanks and stays as it is.
      const rdata = rrToText(a).slice(`${name} ${ttl} ${klass} ${type} `.length);
      const text = [
        `${name}${gap}(${gaps[0]}${ttl}${gaps[1]}${klass}${gaps[2]})${gap}${type}(${gaps[3]}${rdata}${gaps[4]})\n`,
        `${gap}${rrToText({ ...b, name: a.name }).slice(name.length + 1)} ; end`,
      ].join('; between\n\n');
      const expected = [a, { ...b, name: a.name }];
      return JSON.stringify(parse(text).map(show)) === JSON.stringify(expected.map(show));
    },
  );
  fc.assert(property, { numRuns: RUNS, seed: 1035 });
  t.pass();
});
