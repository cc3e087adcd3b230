/** Route 53's names: octal escapes in, octal escapes out. */
import * as fc from 'fast-check';
import t from 'tap';
import { nameFromRoute53, nameToRoute53 } from '../../../src/control/records/names.ts';
import { fold, nameFromText, nameToText } from '../../../src/wire/name.ts';

t.test('what goes in', async (t) => {
  for (const [text, name] of [
    ['www.example.com', 'www.example.com.'],
    ['www.example.com.', 'www.example.com.'],
    ['WWW.Example.com', 'WWW.Example.com.'],
    ['*.example.com', '*.example.com.'],
    ['\\052.example.com', '*.example.com.'],
    ['a\\056b.example.com', 'a\\.b.example.com.'],
    ['a\\040b\\377.x', 'a\\032b\\255.x.'],
    ['_sip._tcp.x', '_sip._tcp.x.'],
    ['@.x', '\\@.x.'],
    ['"$();.x', '\\"\\$\\(\\)\\;.x.'],
    ['.', '.'],
  ] as const)
    t.equal(nameToText(nameFromRoute53(text)), name, text);
});

t.test('what comes out', async (t) => {
  for (const [name, text] of [
    ['*.Example.com.', '\\052.example.com.'],
    ['a\\.b.x.', 'a\\056b.x.'],
    ['\\@\\000\\255-_9.x.', '\\100\\000\\377-_9.x.'],
    ['.', '.'],
  ] as const)
    t.equal(nameToRoute53(nameFromText(name)), text, name);
});

t.test('what is refused, in the words of Route 53', async (t) => {
  const long = `${'a'.repeat(60)}.`.repeat(4);
  for (const [text, message] of [
    ['', 'DomainNameEmpty (Domain name is empty)'],
    ['a..b', 'DomainLabelEmpty (Domain label is empty)'],
    ['.a', 'DomainLabelEmpty (Domain label is empty)'],
    ['..', 'DomainLabelEmpty (Domain label is empty)'],
    [`${'a'.repeat(64)}.b`, 'DomainLabelTooLong (Domain label is too long)'],
    [`${long}${'a'.repeat(10)}`, 'DomainNameTooLong (Domain name is too long)'],
    ['a b.c', 'UnsupportedCharacter (Value contains unsupported characters)'],
    ['bücher.example', 'UnsupportedCharacter (Value contains unsupported characters)'],
    ['a\\.b', 'UnsupportedCharacter (Value contains unsupported characters)'],
    ['a\\400', 'UnsupportedCharacter (Value contains unsupported characters)'],
    ['a\\09', 'UnsupportedCharacter (Value contains unsupported characters)'],
    ['a\\', 'UnsupportedCharacter (Value contains unsupported characters)'],
  ] as const)
    t.throws(
      () => nameFromRoute53(text),
      { message: `FATAL problem: ${message} encountered with '${text}'` },
      text,
    );
  t.equal(nameFromRoute53(`${'\\141'.repeat(63)}.b`).length, 67, 'escapes count as one octet');
  t.equal(nameFromRoute53(`${long}${'a'.repeat(9)}`).length, 255);
});

t.test('both ways: any name', async () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 });
  fc.assert(
    fc.property(fc.array(label, { maxLength: 3 }), (labels) => {
      const name = Uint8Array.from([...labels.flatMap((each) => [each.length, ...each]), 0]);
      const text = nameToRoute53(name);
      return /^[ -~]*$/.test(text) && Buffer.compare(nameFromRoute53(text), fold(name)) === 0;
    }),
    { numRuns: 1000 },
  );
});

t.test('no text makes it throw anything else', async () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        return nameFromRoute53(text).length > 0;
      } catch (error) {
        return (error as Error).name === 'FatalProblem';
      }
    }),
    { numRuns: 2000 },
  );
});
