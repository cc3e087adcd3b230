import fc from 'fast-check';
import t from 'tap';
import { NAME_OCTETS_MAX } from '../../src/wire/constants.ts';
import { TextError } from '../../src/wire/error.ts';
import {
  compareCanonical,
  fold,
  foldOctet,
  hasSuffixAt,
  isAtOrBelow,
  labelBefore,
  labelCount,
  type Name,
  nameEquals,
  nameFromText,
  nameKey,
  nameToText,
  parentOf,
  prepend,
  ROOT,
  readEscape,
  replaceSuffix,
  suffixAt,
  suffixOf,
} from '../../src/wire/name.ts';

/** Any name in wire form: short labels mostly, so that the long ones come from their number too. */
const anyName: fc.Arbitrary<Name> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 3 }) },
      fc.uint8Array({ minLength: 1, maxLength: 63 }),
    ),
    { maxLength: 127 },
  )
  .map((labels) => {
    const octets: number[] = [];
    for (const label of labels)
      if (octets.length + label.length + 2 <= 255) octets.push(label.length, ...label);
    return Uint8Array.from([...octets, 0]);
  });

function check<T>(property: fc.IProperty<T>, numRuns = 1000): void {
  fc.assert(property, { numRuns, seed: 4343 });
}

t.test('presentation form', async (t) => {
  const table: [string, number[]][] = [
    ['.', [0]],
    ['a.', [1, 0x61, 0]],
    ['Www.Example.', [3, 0x57, 0x77, 0x77, 7, 0x45, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0]],
    ['a\\.b.', [3, 0x61, 0x2e, 0x62, 0]],
    ['\\000\\032\\127\\255.', [4, 0, 32, 127, 255, 0]],
    ['\\"\\$\\(\\)\\.\\;\\@\\\\.', [8, 0x22, 0x24, 0x28, 0x29, 0x2e, 0x3b, 0x40, 0x5c, 0]],
    ['_sip._tcp.*.', [4, 0x5f, 0x73, 0x69, 0x70, 4, 0x5f, 0x74, 0x63, 0x70, 1, 0x2a, 0]],
  ];
  for (const [text, octets] of table) {
    t.equal(nameToText(Uint8Array.from(octets)), text);
    t.same([...nameFromText(text)], octets, text);
  }
  t.same(nameFromText('a'), nameFromText('a.'), 'without an origin a name is absolute');
  t.same(nameFromText('\\097\\b\\.'), Uint8Array.of(3, 0x61, 0x62, 0x2e, 0), 'needless escapes');
});

t.test('names relative to an origin', async (t) => {
  const origin = nameFromText('Example.');
  const read = (text: string): string => nameToText(nameFromText(text, origin));
  t.equal(read('www'), 'www.Example.');
  t.equal(read('www.'), 'www.');
  t.equal(read('@'), 'Example.');
  t.equal(read('\\@'), '\\@.Example.');
  t.equal(read('a@b'), 'a\\@b.Example.');
  t.equal(read('a\\.'), 'a\\..Example.', 'an escaped dot does not make a name absolute');
  t.equal(read('.'), '.');
  t.equal(nameToText(nameFromText('a', ROOT)), 'a.');
});

t.test('text that is no name', async (t) => {
  const table: [string, RegExp, number][] = [
    ['', /empty name/, 1],
    ['a..b', /empty label/, 3],
    ['.a', /empty label/, 1],
    ['a..', /empty label/, 3],
    [`${'a'.repeat(64)}.b`, /label of 64 octets; at most 63/, 65],
    ['a\\', /backslash at the end/, 2],
    ['a\\25', /\\25 is not an octet/, 2],
    ['a\\256b', /\\256 is not an octet/, 2],
    ['a\\2x5', /\\2x5 is not an octet/, 2],
    ['ab\u00e9', /outside printable ASCII/, 3],
    ['a\nb', /outside printable ASCII/, 2],
    ['a\\\u00e9', /outside printable ASCII/, 2],
  ];
  for (const [text, message, column] of table)
    t.throws(() => nameFromText(text), { name: 'TextError', message, column }, JSON.stringify(text));
});

t.test('63 and 255 octets on every way to a name', async (t) => {
  const l63 = 'a'.repeat(63);
  const longest = `${l63}.${l63}.${l63}.${'b'.repeat(61)}.`;
  t.equal(nameFromText(longest).length, NAME_OCTETS_MAX);
  t.equal(nameFromText(longest.slice(0, -1)).length, NAME_OCTETS_MAX);
  t.equal(nameFromText('\\065'.repeat(63)).length, 65, 'an escape is one octet');
  t.throws(() => nameFromText('\\065'.repeat(64)), /label of 64/);
  for (const text of [`${l63}.${l63}.${l63}.${'b'.repeat(62)}.`, `${longest}c.`, `${'a.'.repeat(127)}a.`])
    t.throws(() => nameFromText(text), /over 255 octets/);
  t.equal(nameFromText('a.'.repeat(127)).length, 255);
  const origin = nameFromText(`${l63}.${l63}.${l63}.`);
  t.equal(nameFromText('b'.repeat(61), origin).length, 255);
  t.throws(() => nameFromText('b'.repeat(62), origin), /over 255 octets/);
  t.throws(() => nameFromText('a'.repeat(100_000)), TextError);
  t.throws(() => nameFromText('a.'.repeat(100_000)), TextError);

  const full = nameFromText(longest);
  t.equal(prepend(Uint8Array.of(0x61), full), undefined);
  t.equal(prepend(new Uint8Array(64), ROOT), undefined);
  t.equal(prepend(new Uint8Array(0), ROOT), undefined);
  t.equal(prepend(new Uint8Array(63), origin), undefined);
  t.equal(prepend(new Uint8Array(61), origin)?.length, 255);
  t.equal(replaceSuffix(nameFromText('b.c.'), nameFromText('c.'), full), undefined);
  t.equal(replaceSuffix(nameFromText('c.'), nameFromText('c.'), full)?.length, 255);
});

t.test('parents, suffixes and substitution', async (t) => {
  const name = nameFromText('a.b.Example.');
  t.equal(nameToText(parentOf(name)), 'b.Example.');
  t.same(parentOf(ROOT), ROOT);
  t.equal(labelCount(name), 3);
  t.equal(labelCount(ROOT), 0);
  t.equal(nameToText(suffixOf(name, 1)), 'Example.');
  t.equal(nameToText(suffixOf(name, 3)), 'a.b.Example.');
  t.equal(nameToText(suffixOf(name, 0)), '.');
  t.equal(nameToText(prepend(Uint8Array.of(0x2e), name)!), '\\..a.b.Example.');
  t.equal(nameToText(replaceSuffix(name, nameFromText('example.'), nameFromText('x.test.'))!), 'a.b.x.test.');
  t.equal(nameToText(replaceSuffix(name, nameFromText('a.b.example.'), ROOT)!), '.');
});

t.test('suffixes by the octet at which they begin', async (t) => {
  const name = nameFromText('a.bc.Example.');
  t.same(
    [0, 2, 5, 13].map((at) => nameToText(suffixAt(name, at))),
    ['a.bc.Example.', 'bc.Example.', 'Example.', '.'],
  );
  t.equal(suffixAt(name, 0), name, 'no copy of the whole');
  t.same(
    [13, 5, 2].map((at) => labelBefore(name, at)),
    [5, 2, 0],
  );
  const example = nameFromText('eXAMPLE.');
  t.ok(hasSuffixAt(name, 5, example));
  t.notOk(hasSuffixAt(name, 2, example));
  t.notOk(hasSuffixAt(name, 5, nameFromText('exbmple.')));
  t.ok(hasSuffixAt(name, 13, ROOT));
  check(
    fc.property(anyName, (name) => {
      let at = name.length - 1;
      for (let labels = 1; at > 0; labels++) {
        at = labelBefore(name, at);
        if (!nameEquals(suffixAt(name, at), suffixOf(name, labels))) return false;
        if (!hasSuffixAt(name, at, suffixOf(name, labels))) return false;
      }
      return true;
    }),
  );
});

t.test('at or below', async (t) => {
  const table: [string, string, boolean][] = [
    ['a.example.', 'example.', true],
    ['EXAMPLE.', 'example.', true],
    ['a.b.Example.', 'eXample.', true],
    ['.', '.', true],
    ['example.', '.', true],
    ['.', 'example.', false],
    ['example.', 'a.example.', false],
    ['xexample.', 'example.', false],
    ['a\\.example.', 'example.', false],
    ['example.test.', 'example.', false],
  ];
  for (const [name, ancestor, expected] of table)
    t.equal(isAtOrBelow(nameFromText(name), nameFromText(ancestor)), expected, `${name} ${ancestor}`);
  // The octets of "example." at the end of a label are not its labels: \007example.
  const lookalike = Uint8Array.from([8, 7, ...Buffer.from('example'), 0]);
  t.equal(isAtOrBelow(lookalike, nameFromText('example.')), false);
});

t.test('case is folded for ASCII letters only: RFC 4343', async (t) => {
  for (let octet = 0; octet < 256; octet++) {
    const isUpper = octet >= 0x41 && octet <= 0x5a;
    if (foldOctet(octet) !== (isUpper ? octet + 32 : octet)) t.fail(`octet ${octet}`);
  }
  const [upper, lower] = [nameFromText('AZ\\192.[`{@.'), nameFromText('az\\192.[`{@.')];
  t.ok(nameEquals(upper, lower));
  t.equal(nameKey(upper), nameKey(lower));
  t.same(fold(upper), lower);
  t.notOk(nameEquals(nameFromText('\\192.'), nameFromText('\\224.')), 'not as Latin-1');
  t.notOk(nameEquals(nameFromText('@.'), nameFromText('`.')));
  t.notOk(nameEquals(nameFromText('a.b.'), nameFromText('a\\.b.')), 'a dot in a label is no border');
  t.not(nameKey(nameFromText('a.b.')), nameKey(nameFromText('a\\.b.')));
});

t.test('canonical order: the example of RFC 4034 section 6.1', async (t) => {
  const sorted = [
    'example.',
    'a.example.',
    'yljkjljk.a.example.',
    'Z.a.example.',
    'zABC.a.EXAMPLE.',
    'z.example.',
    '\\001.z.example.',
    '*.z.example.',
    '\\200.z.example.',
  ];
  const shuffled = [...sorted].reverse().map((text) => nameFromText(text));
  t.same(shuffled.sort(compareCanonical).map(nameToText), sorted);
  t.equal(compareCanonical(nameFromText('A.Example.'), nameFromText('a.eXAMPLE.')), 0);
  t.ok(compareCanonical(ROOT, nameFromText('a.')) < 0);
  t.ok(compareCanonical(nameFromText('a.'), nameFromText('aa.')) < 0);
});

t.test('readEscape', async (t) => {
  t.same(readEscape('x\\065y', 1), { octet: 65, next: 5 });
  t.same(readEscape('\\.', 0), { octet: 46, next: 2 });
  t.same(readEscape('\\255', 0), { octet: 255, next: 4 });
});

t.test('properties', async (t) => {
  const same = (a: Name, b: Name): boolean => Buffer.compare(a, b) === 0;
  t.test('text is the whole name', async () => {
    check(fc.property(anyName, (name) => same(nameFromText(nameToText(name)), name)));
    check(fc.property(anyName, (name) => same(nameFromText(nameToText(name), nameFromText('x.')), name)));
    check(fc.property(anyName, (name) => /^[\x21-\x7e]+$/.test(nameToText(name))));
  });
  t.test('any text is a name or a TextError', async () => {
    const char = fc.constantFrom(
      'a',
      'B',
      '.',
      '\\',
      '0',
      '2',
      '9',
      '@',
      '$',
      ' ',
      '"',
      '\t',
      'é',
      '\u{1f600}',
    );
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(char).map((chars) => chars.join('')),
    );
    const property = fc.property(text, anyName, (text, origin) => {
      try {
        const name = nameFromText(text, origin);
        return name.length <= 255 && same(nameFromText(nameToText(name)), name);
      } catch (error) {
        return (
          error instanceof TextError &&
          error.line === 1 &&
          error.column >= 1 &&
          error.column <= text.length + 1
        );
      }
    });
    check(property, 3000);
  });
  t.test('folding', async () => {
    check(fc.property(anyName, (name) => nameEquals(fold(name), name) && same(fold(fold(name)), fold(name))));
    // What has no capitals is not copied, and nothing is changed in place.
    check(
      fc.property(anyName, (name) => {
        const before = name.slice();
        return (fold(name) === name) === same(fold(name), name) && same(before, name);
      }),
    );
    const property = fc.property(anyName, anyName, (a, b) => {
      const equal = nameEquals(a, b);
      return equal === (nameKey(a) === nameKey(b)) && equal === (compareCanonical(a, b) === 0);
    });
    check(property);
  });
  t.test('canonical order is a total order by labels from the right', async () => {
    // Few different labels, so that names share suffixes.
    const label = fc.constantFrom('a', 'A', 'b', 'ab', '\\000', '\\255', '*');
    const near = fc.array(label, { maxLength: 4 }).map((labels) => nameFromText(`${labels.join('.')}.`));
    const slow = (a: Name, b: Name): number => {
      const key = (name: Name): string[] => {
        const labels: string[] = [];
        for (let rest = fold(name); rest[0] !== 0; rest = parentOf(rest))
          labels.unshift(Buffer.from(rest.subarray(1, rest[0]! + 1)).toString('latin1'));
        return labels;
      };
      const [as, bs] = [key(a), key(b)];
      for (let i = 0; i < Math.min(as.length, bs.length); i++)
        if (as[i] !== bs[i]) return as[i]! < bs[i]! ? -1 : 1;
      return as.length - bs.length;
    };
    const property = fc.property(near, near, near, (a, b, c) => {
      const signs = [compareCanonical(a, b), compareCanonical(b, a), slow(a, b)].map(Math.sign);
      const transitive =
        compareCanonical(a, b) > 0 || compareCanonical(b, c) > 0 || compareCanonical(a, c) <= 0;
      return signs[0] === -signs[1]! + 0 && signs[0] === signs[2] && transitive;
    });
    check(property, 3000);
  });
  t.test('a name is below each of its suffixes and below nothing else of their length', async () => {
    const property = fc.property(anyName, anyName, (name, other) => {
      for (let labels = labelCount(name); labels >= 0; labels--) {
        const suffix = suffixOf(name, labels);
        if (!isAtOrBelow(name, suffix) || labelCount(suffix) !== labels) return false;
      }
      const labels = labelCount(other);
      const expected = labels <= labelCount(name) && nameEquals(suffixOf(name, labels), other);
      return isAtOrBelow(name, other) === expected;
    });
    check(property);
  });
});
