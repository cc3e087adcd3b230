/** CIDR collections: Route 53's rules, all errors at once. */
import t from 'tap';
import { BASE, errorsOf, good } from './support.ts';

const collections = (...lines: string[]): string =>
  `${BASE}cidrCollections:\n${lines.map((line) => `  - ${line}\n`).join('')}`;

t.test('what is right', async (t) => {
  const { cidrCollections } = good(
    collections(
      '{ id: c1, name: our-networks, locations: [{ name: office, cidrs: [10.0.0.0/8, 10.1.2.0/24] }] }',
      '{ id: c2, locations: [{ name: A-b_9, cidrs: ["2001:db8::/48", 128.0.0.0/1] }] }',
      '{ id: c3 }',
    ),
  );
  t.same(
    cidrCollections.map(({ id, name, locations }) => [id, name, locations.length]),
    [
      ['c1', 'our-networks', 1],
      ['c2', undefined, 1],
      ['c3', undefined, 0],
    ],
  );
});

t.test('blocks: lengths, and each in one location', async (t) => {
  const errors = errorsOf(
    collections(
      '{ id: c1, locations: [{ name: a, cidrs: [0.0.0.0/0, "::/0", 10.1.2.0/25, "2001:db8::/49", 10.1.2.3] }] }',
      '{ id: c2, locations: [{ name: a, cidrs: [10.0.0.0/8] }, { name: b, cidrs: [10.0.0.0/8, 10.1.0.1/16] }] }',
      '{ id: c3, locations: [{ name: a, cidrs: [] }] }',
    ),
  );
  t.match(errors, [
    /0\.0\.0\.0\/0 is every address; write an IPv4 block of \/1 to \/24 or an IPv6 block of \/1 to \/48/,
    /::\/0 is every address/,
    /10\.1\.2\.0\/25 is a block longer than \/24/,
    /2001:db8::\/49 is a block longer than \/48/,
    /10\.1\.2\.3\/32 is a block longer than \/24/,
    /10\.0\.0\.0\/8 stands at cidrCollections\[1\]\.locations\[0\]\.cidrs\[0\] already \(CidrBlockInUseException\)/,
    /bits set behind the prefix/,
    /the list is empty; write at least 1/,
  ]);
  t.equal(errors.length, 8);
});

t.test('names', async (t) => {
  t.match(
    errorsOf(
      collections(
        '{ id: c1, name: "our networks", locations: [{ name: seventeen-letters, cidrs: [10.0.0.0/8] }, { name: "*", cidrs: [11.0.0.0/8] }] }',
        '{ id: c1, locations: [{ name: a, cidrs: [10.0.0.0/8] }, { name: a, cidrs: [11.0.0.0/8] }] }',
        '{ id: c2, name: c3 }',
        '{ id: c3 }',
      ),
    ),
    [
      /"our networks" is not a name; write letters, digits, _ and -, at most 64/,
      /"seventeen-letters" is not a name; .* at most 16/,
      /"\*" is not a name/,
      /id "c1" is taken by cidrCollections\[0\]\.id/,
      /location "a" stands at cidrCollections\[1\]\.locations\[0\]\.name already/,
      /cidrCollections\[2\] is called "c3" already/,
    ],
  );
});

t.test('a thousand blocks', async (t) => {
  const blocks = (count: number): string =>
    Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 0xff}.0/24`).join(', ');
  t.same(errorsOf(collections(`{ id: c1, locations: [{ name: a, cidrs: [${blocks(1000)}] }] }`)), []);
  t.match(
    errorsOf(
      collections(
        `{ id: c1, locations: [{ name: a, cidrs: [${blocks(1000)}] }, { name: b, cidrs: [11.0.0.0/8] }] }`,
      ),
    ),
    [/the collection has 1001 blocks; write at most 1000/],
  );
});

t.test('two names with one key', async (t) => {
  // Found by trying: these two hash alike.
  const [a, b] = ['site-1162', 'site-29435'];
  t.match(
    errorsOf(
      collections(
        `{ id: c1, locations: [{ name: ${a}, cidrs: [10.0.0.0/8] }, { name: ${b}, cidrs: [11.0.0.0/8] }] }`,
      ),
    ),
    [/have the same key; choose another name/],
  );
});
