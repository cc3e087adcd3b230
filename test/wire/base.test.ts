import fc from 'fast-check';
import t from 'tap';
import { fromBase32Hex, fromBase64, fromHex, toBase32Hex, toBase64, toHex } from '../../src/wire/base.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

t.test('the examples of RFC 4648 section 10', async (t) => {
  const cases: [string, string, string, string][] = [
    ['', '', '', ''],
    ['f', '66', 'Zg==', 'CO'],
    ['fo', '666F', 'Zm8=', 'CPNG'],
    ['foo', '666F6F', 'Zm9v', 'CPNMU'],
    ['foob', '666F6F62', 'Zm9vYg==', 'CPNMUOG'],
    ['fooba', '666F6F6261', 'Zm9vYmE=', 'CPNMUOJ1'],
    ['foobar', '666F6F626172', 'Zm9vYmFy', 'CPNMUOJ1E8'],
  ];
  for (const [text, hex, base64, base32] of cases) {
    const plain = octets(text);
    t.same([toHex(plain), toBase64(plain), toBase32Hex(plain)], [hex, base64, base32]);
    t.same(fromHex(hex), plain);
    t.same(fromHex(hex.toLowerCase()), plain);
    t.same(fromBase64(base64), plain);
    t.same(fromBase32Hex(base32), plain);
    t.same(fromBase32Hex(base32.toLowerCase()), plain);
  }
});

t.test('what is not in the encoding', async (t) => {
  for (const text of ['a', 'abc', '0g', '0x00', ' 00', '00 00', '-1', '٠٠'])
    t.equal(fromHex(text), undefined, text);
  for (const text of [
    'Z',
    'Zg',
    'Zg=',
    'Zg===',
    'Zh==',
    'Zm9=',
    'Zm 8=',
    'Zm8=\n',
    'Zg==Zg==',
    '_-A=',
    'Zé==',
  ])
    t.equal(fromBase64(text), undefined, text);
  for (const text of [
    'C',
    'CP',
    'CPN',
    'CO======',
    'CW',
    'C=',
    'C O',
    '@0',
    '[0',
    '`0',
    '{0',
    '/0',
    ':0',
    'W0',
    // Its low octet is a digit.
    'C\u0130',
  ])
    t.equal(fromBase32Hex(text), undefined, text);
});

t.test('any octets survive, and Buffer agrees', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (plain) => {
      const equal = (a: Uint8Array | undefined): boolean => a !== undefined && Buffer.compare(a, plain) === 0;
      return (
        equal(fromHex(toHex(plain))) &&
        equal(fromBase64(toBase64(plain))) &&
        equal(fromBase32Hex(toBase32Hex(plain))) &&
        toBase64(plain) === Buffer.from(plain).toString('base64') &&
        toHex(plain) === Buffer.from(plain).toString('hex').toUpperCase()
      );
    }),
    { numRuns: 500 },
  );
});

t.test('one text for each octet string', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUV'), maxLength: 40 }),
      (text) => {
        const plain = fromBase32Hex(text);
        return plain === undefined || toBase32Hex(plain) === text;
      },
    ),
    { numRuns: 500 },
  );
});
