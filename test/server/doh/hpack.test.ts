/** Header blocks (RFC 7541): its own examples, tables that turn over, and what is no block. */
import fc from 'fast-check';
import t from 'tap';
import {
  BLOCK_OCTETS_MAX,
  CompressionError,
  HeaderDecoder,
  RequestFields,
  TABLE_OCTETS,
} from '../../../src/server/doh/hpack.ts';
import { decodeHuffman } from '../../../src/server/doh/huffman.ts';
import { getHeaders, headerBlock } from '../../support/doh.ts';

const fields = new RequestFields(32, 8192);

function decode(decoder: HeaderDecoder, block: Buffer | string): RequestFields {
  const octets = typeof block === 'string' ? Buffer.from(block.replaceAll(' ', ''), 'hex') : block;
  fields.reset();
  decoder.decode(octets, 0, octets.length, fields);
  return fields;
}

/** Whether a block ends the connection. */
function isRefused(decoder: HeaderDecoder, block: string): boolean {
  try {
    decode(decoder, block);
    return false;
  } catch (error) {
    if (error instanceof CompressionError) return true;
    throw error;
  }
}

/** A field of one letter and a long value that is kept (RFC 7541 section 6.2.1); its length is in three octets. */
function keptField(octets: number): Buffer {
  const rest = octets - 127;
  return Buffer.concat([
    Buffer.from([0x40, 1, 0x61, 0x7f, 0x80 | (rest & 0x7f), rest >> 7]),
    Buffer.alloc(octets, 'v'),
  ]);
}

/** Decodes a text by the code, or undefined where it is none. */
function text(hex: string): string | undefined {
  const octets = Buffer.from(hex, 'hex');
  const out = Buffer.alloc(2 * octets.length);
  const end = decodeHuffman(octets, 0, octets.length, out, 0);
  return end < 0 ? undefined : out.toString('latin1', 0, end);
}

t.test('requests of RFC 7541 appendix C.3 and C.4', async (t) => {
  const plain = [
    '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    '8286 84be 5808 6e6f 2d63 6163 6865',
    '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
  ];
  const coded = [
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ];
  for (const blocks of [plain, coded]) {
    const decoder = new HeaderDecoder();
    for (const [i, block] of blocks.entries()) {
      const { state, method, path } = decode(decoder, block);
      t.same([state, method, path], ['ok', 'GET', ['/', '/', '/index.html'][i]]);
      t.equal(decoder.size, i + 1);
    }
  }
});

t.test('texts in the code', async (t) => {
  t.equal(text('f1e3c2e5f23a6ba0ab90f4ff'), 'www.example.com');
  t.equal(text('aec3771a4b'), 'private');
  t.equal(text('9d29ad171863c78f0b97c8e9ae82ae43d3'), 'https://www.example.com');
  t.equal(
    text('94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007'),
    'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  );
  t.equal(text(''), '');
  t.equal(text('fffe'), undefined, 'cut within a word');
  t.equal(text('1fff'), undefined, 'padding of eight bits and more');
  t.equal(text('18'), undefined, 'padding that is not of ones');
  t.equal(text('ffffffff'), undefined, 'the end of a text, written out');
  const all = new Set<string>();
  // All of two octets, of which each symbol of up to 13 bits begins some.
  for (let i = 0; i < 0x10000; i++)
    for (const each of text(i.toString(16).padStart(4, '0')) ?? '') all.add(each);
  t.equal(all.size, 95, 'NUL and all of ASCII that can be seen, but for the backslash');
});

t.test('the table turns over and follows its size', async (t) => {
  const decoder = new HeaderDecoder();
  // 01 000000: a new name, kept. Name and value of 4 and 64 octets count for 100.
  const kept = (i: number): Buffer =>
    Buffer.concat([
      Buffer.from([0x40, 4]),
      Buffer.from(`x${String(i).padStart(3, '0')}`),
      Buffer.from([64]),
      Buffer.alloc(64, 'v'),
    ]);
  for (let i = 0; i < 500; i++) {
    decode(decoder, kept(i));
    t.equal(decoder.size, Math.min(i + 1, Math.floor(TABLE_OCTETS / 100)));
  }
  // Size 150, then 0, then 4096: 001xxxxx with a prefix of five bits.
  decode(decoder, '3f77');
  t.equal(decoder.size, 1);
  decode(decoder, Buffer.concat([Buffer.from('203fe11f', 'hex'), kept(1)]));
  t.equal(decoder.size, 1);
  decode(decoder, Buffer.concat([kept(2), Buffer.from([0xbe])]));
  t.ok(isRefused(decoder, 'c0'), 'two entries are there, 62 and 63');
  // One that is larger than the table empties it.
  const long = keptField(5000);
  decode(decoder, long);
  t.equal(decoder.size, 0);
});

t.test('what is no block', async (t) => {
  for (const [hex, why] of [
    ['80', 'entry 0'],
    ['be', 'an entry that is not there'],
    ['ffffffffff7f', 'a number without end'],
    ['7f', 'a number that is cut off'],
    ['00', 'no name'],
    ['000161', 'no value'],
    ['00017f', 'a name that is cut off'],
    ['00810000', 'a name that is not in the code'],
    ['3fe21f', 'a table that is too large'],
    ['8220', 'a size behind a field'],
    ['20', undefined],
    ['', undefined],
  ] as const) {
    const decoder = new HeaderDecoder();
    if (why === undefined) t.equal(decode(decoder, hex).state, 'malformed', `"${hex}" has no field`);
    else t.ok(isRefused(decoder, hex), why);
  }
});

t.test('what is no request', async (t) => {
  const ordinary = getHeaders('/dns-query');
  const { ':path': _, ...pathless } = ordinary;
  const state = (headers: Record<string, string>): string =>
    decode(new HeaderDecoder(), headerBlock(headers)).state;
  t.equal(state(ordinary), 'ok');
  t.equal(state({ ...ordinary, te: 'trailers', cookie: 'a=b', 'x_y~1': '' }), 'ok');
  t.equal(state({ ':method': 'CONNECT', ':authority': 'x' }), 'ok', 'it is refused as a method');
  for (const [what, headers] of Object.entries({
    'without a path': pathless,
    'with an empty path': { ...ordinary, ':path': '' },
    'with a status': { ...ordinary, ':status': '200' },
    'with a field of CONNECT': { ...ordinary, ':protocol': 'websocket' },
    'with fields in the wrong order': { accept: '*', ...ordinary },
    'of a connection': { ...ordinary, connection: 'close' },
    'with other encodings': { ...ordinary, 'transfer-encoding': 'chunked' },
    'that upgrades': { ...ordinary, upgrade: 'h2c' },
    'with TE': { ...ordinary, te: 'gzip' },
    'in capitals': { ...ordinary, 'X-Y': '1' },
    'with a space': { ...ordinary, 'x y': '1' },
    'with no name': { ...ordinary, '': '1' },
    'with a line in a value': { ...ordinary, x: 'a\r\nb: c' },
    'with NUL': { ...ordinary, x: 'a\0' },
    'with a length that is none': { ...ordinary, 'content-length': '-1' },
    'with a length that is no number of octets': { ...ordinary, 'content-length': '1e3' },
  }))
    t.equal(state(headers), 'malformed', what);
  t.equal(state({ ...ordinary, x: 'v'.repeat(9000) }), 'oversized');
  t.equal(
    state({ ...ordinary, ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x${i}`, ''])) }),
    'oversized',
  );
  const twice = Buffer.concat([headerBlock(ordinary), headerBlock({ 'content-length': '1' })]);
  t.equal(decode(new HeaderDecoder(), twice).state, 'ok');
  const other = Buffer.concat([twice, headerBlock({ 'content-length': '2' })]);
  t.equal(decode(new HeaderDecoder(), other).state, 'malformed', 'with two lengths');
  t.equal(
    decode(new HeaderDecoder(), Buffer.concat([headerBlock(ordinary), headerBlock({ ':path': '/' })])).state,
    'malformed',
  );
});

t.test('whatever comes is a request, or none, or ends the connection', async () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (blocks) => {
      const decoder = new HeaderDecoder();
      for (const block of blocks)
        try {
          decode(decoder, Buffer.from(block));
        } catch (error) {
          return error instanceof CompressionError;
        }
      return decoder.size <= TABLE_OCTETS / 32;
    }),
    { numRuns: 5_000 },
  );
});

t.test('a block that points to a long entry again and again costs no more than it is long', async (t) => {
  const decoder = new HeaderDecoder();
  const entry = keptField(4000);
  t.equal(decode(decoder, entry).state, 'malformed');
  t.equal(decoder.size, 1);
  const bomb = Buffer.concat([headerBlock(getHeaders('/')), Buffer.alloc(BLOCK_OCTETS_MAX - 200, 0xbe)]);
  const before = process.memoryUsage().heapUsed;
  t.equal(decode(decoder, bomb).state, 'oversized');
  t.ok(process.memoryUsage().heapUsed - before < 8 * 1024 * 1024, '64 MB would have been told');
});
