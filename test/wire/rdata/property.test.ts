/**
 * Rdata is hostile: whatever its octets are, reading it gives rdata that survives printing and parsing, or throws a
 * WireError, and nothing else ever comes of it.
 */
import fc from 'fast-check';
import t from 'tap';
import { Cursor } from '../../../src/wire/cursor.ts';
import { TextError, WireError } from '../../../src/wire/error.ts';
import {
  canonicalRdata,
  eachName,
  RDATA_TYPES,
  rdataFromText,
  rdataToText,
  readRdata,
} from '../../../src/wire/rdata/table.ts';
import { LONG } from '../../support/long.ts';
import { ALL_SAMPLES } from './samples.ts';
import { code, rdata, tokensOf } from './text.ts';

/** CAUSEWAY_LONG multiplies the work of this file. */
const EFFORT = LONG ? 50 : 1;

const SAMPLES = ALL_SAMPLES.map(({ type, text }) => ({
  type: code(type),
  wire: rdata(type, text),
  text: `${type} ${text}`,
}));

/** What is wrong with the way this rdata is dealt with, or undefined. */
function fault(type: number, octets: Uint8Array): string | undefined {
  let wire: Uint8Array;
  try {
    wire = readRdata(type, new Cursor(octets), octets.length);
  } catch (error) {
    return error instanceof WireError ? undefined : `reading throws ${error}`;
  }
  try {
    const text = rdataToText(type, wire);
    const again = rdataFromText(type, tokensOf(text));
    if (Buffer.compare(wire, again) !== 0) return `${text} gives other octets`;
    let end = 0;
    eachName(type, wire, (offset, length) => {
      if (offset < end || offset + length > wire.length) throw new Error('name outside');
      end = offset + length;
    });
    if (canonicalRdata(type, wire).length !== wire.length) return 'canonical form has another length';
  } catch (error) {
    return String(error);
  }
  return undefined;
}

const anyType = fc.constantFrom(...RDATA_TYPES.map((type) => type.code), 65280);

t.test('any octets as rdata of any type', async () => {
  fc.assert(
    fc.property(anyType, fc.uint8Array({ maxLength: 80 }), (type, octets) => {
      const found = fault(type, octets);
      if (found !== undefined) throw new Error(found);
    }),
    { numRuns: 8000 * EFFORT },
  );
});

t.test('octets that look like names, strings and lengths', async () => {
  const label = fc.uint8Array({ maxLength: 5 }).map((octets) => [octets.length, ...octets]);
  const number = fc.constantFrom([0], [1], [0, 0], [0, 1], [0, 2], [0, 4], [0xc0, 0], [0xff], [0, 0, 0, 0]);
  const octets = fc
    .array(fc.oneof(label, number), { maxLength: 14 })
    .map((parts) => Uint8Array.from(parts.flat()));
  fc.assert(
    fc.property(anyType, octets, (type, wire) => {
      const found = fault(type, wire);
      if (found !== undefined) throw new Error(found);
    }),
    { numRuns: 8000 * EFFORT },
  );
});

t.test('every sample cut at every octet', async (t) => {
  for (const { type, wire, text } of SAMPLES) {
    const found = new Set<string>();
    for (let length = 0; length < wire.length; length++) found.add(fault(type, wire.slice(0, length)) ?? '');
    found.delete('');
    t.same([...found], [], text);
  }
});

t.test('every octet of every sample changed, which changes every length', async (t) => {
  const values = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff];
  for (const { type, wire, text } of SAMPLES) {
    const found = new Set<string>();
    // Keys and signatures have no inner form: their first octets stand for the rest.
    for (let at = 0; at < Math.min(wire.length, 64); at++)
      for (const value of [...values, wire[at]! - 1, wire[at]! + 1]) {
        const changed = wire.slice();
        changed[at] = value;
        found.add(fault(type, changed) ?? '');
      }
    found.delete('');
    t.same([...found], [], text);
  }
});

t.test('every sample under every other type', async (t) => {
  for (const { code: type, mnemonic } of RDATA_TYPES) {
    const found = new Set(SAMPLES.map(({ wire }) => fault(type, wire) ?? ''));
    found.delete('');
    t.same([...found], [], mnemonic);
  }
});

t.test('any words give rdata or a TextError', async () => {
  const word = fc.oneof(
    fc.constantFrom(...ALL_SAMPLES.flatMap(({ text }) => text.split(' '))),
    fc.string({ unit: fc.constantFrom(...'0129azAZ.,=:/!-+\\"_@'), maxLength: 12 }),
  );
  fc.assert(
    fc.property(anyType, fc.array(word, { maxLength: 10 }), (type, words) => {
      const tokens = wordsOf(words.join(' '));
      if (tokens === undefined) return;
      try {
        const wire = rdataFromText(type, tokens);
        const found = fault(type, wire);
        if (found !== undefined) throw new Error(found);
        readRdata(type, new Cursor(wire), wire.length);
      } catch (error) {
        if (!(error instanceof TextError)) throw error;
      }
    }),
    { numRuns: 8000 * EFFORT },
  );
});

/** Undefined where the zone-file reader would not have made words of the text. */
function wordsOf(text: string): ReturnType<typeof tokensOf> | undefined {
  try {
    return tokensOf(text);
  } catch {
    return undefined;
  }
}
