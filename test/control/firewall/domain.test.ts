import t from 'tap';
import { listedDomain, readDomain } from '../../../src/control/firewall/domain.ts';
import { nameFromText, nameToText } from '../../../src/wire/name.ts';

t.test('what a list may have, and in which form it has it', async (t) => {
  const long = `${'a'.repeat(63)}.`;
  for (const [text, domain] of [
    ['example.com', 'example.com.'],
    ['Example.COM.', 'example.com.'],
    ['*.a_b-9.test', '*.a_b-9.test.'],
    ['*', '*'],
    ['*.', '*'],
    ['.', undefined],
    ['', undefined],
    ['*a.test', undefined],
    ['a.*.test', undefined],
    ['a..test', undefined],
    ['a b.test', undefined],
    ['ö.test', undefined],
    ['\u212a.test', undefined],
    [`${'a'.repeat(64)}.test`, undefined],
    [long.repeat(3) + 'a'.repeat(61), `${long.repeat(3)}${'a'.repeat(61)}.`],
    [long.repeat(3) + 'a'.repeat(62), undefined],
  ] as const)
    t.equal(readDomain(text), domain, JSON.stringify(text));
});

t.test('the name of a domain is that of its text', async (t) => {
  for (const text of ['example.com.', 'a.', 'x_y.a-b.example.'])
    for (const [domain, covers] of [
      [text, 'name'],
      [`*.${text}`, 'below'],
    ] as const) {
      const listed = listedDomain(domain);
      t.same(listed, { name: nameFromText(text), covers });
      t.equal(nameToText(listed.name), text);
    }
  t.match(listedDomain('*'), { name: nameFromText('.'), covers: 'all' });
});
