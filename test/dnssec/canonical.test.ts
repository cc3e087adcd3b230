import t from 'tap';
import { canonicalRdatas, canonicalRecords, signedData, signedLabels } from '../../src/dnssec/canonical.ts';
import { readRrsig } from '../../src/dnssec/rrsig.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { rdataToText } from '../../src/wire/rdata/table.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { makeKey, signRrset } from '../support/sign.ts';
import { name, rrset } from './zones.ts';

const texts = (type: number, rdatas: readonly Uint8Array[]): string[] =>
  canonicalRdatas(type, rdatas).map((rdata) => rdataToText(type, rdata));

t.test(
  'rdatas are in the order of their octets, the shorter first, each once (RFC 4034 section 6.3)',
  async (t) => {
    const set = rrset('a. TXT b\na. TXT ab\na. TXT a\na. TXT b\na. TXT ""');
    t.same(texts(TYPE.TXT, set.rdatas), ['""', '"a"', '"b"', '"ab"']);
    const addresses = rrset('a. A 200.0.0.1\na. A 10.0.0.1\na. A 127.255.0.1');
    t.same(texts(TYPE.A, addresses.rdatas), ['10.0.0.1', '127.255.0.1', '200.0.0.1'], 'octets are unsigned');
  },
);

t.test(
  'what differs in the case of a name only is one record, and sorts as lower case (RFC 4034 section 6.2)',
  async (t) => {
    const set = rrset('a. MX 1 B.\na. MX 1 a.\na. MX 1 b.');
    t.same(texts(TYPE.MX, set.rdatas), ['1 a.', '1 b.']);
  },
);

t.test('NSEC and types without names keep their case (RFC 6840 section 5.1)', async (t) => {
  const nsec = rrset('a. NSEC B.Example. A');
  t.same(texts(TYPE.NSEC, nsec.rdatas), ['B.Example. A']);
  const svcb = rrset('a. SVCB 1 B.Example.');
  t.same(texts(TYPE.SVCB, svcb.rdatas), ['1 B.Example.']);
});

t.test('labels of an owner do not count the asterisk on its left', async (t) => {
  const table: [string, number][] = [
    ['.', 0],
    ['*.', 0],
    ['example.', 1],
    ['*.example.', 1],
    ['a.*.example.', 3],
    ['**.example.', 2],
    ['\\*.example.', 1],
  ];
  for (const [text, labels] of table) t.equal(signedLabels(name(text)), labels, text);
});

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

t.test('records are owner, type, class, TTL, length and rdata', async (t) => {
  const rdatas = [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8)];
  const one = '0361626300' + '0001' + '0001' + '00000e10' + '0004';
  t.equal(hex(canonicalRecords(name('aBc.'), TYPE.A, 3600, rdatas)), `${one}01020304${one}05060708`);
});

const key = makeKey('Example.', { seed: 'canonical' });

function dataOf(set: Rrset, options = {}): string {
  return hex(
    signedData(set, canonicalRdatas(set.type, set.rdatas), readRrsig(signRrset(set, key, options))!),
  );
}

t.test('the RRSIG comes first, its signer in lower case, with the original TTL in all records', async (t) => {
  const set = rrset('www.EXAMPLE. 60 A 192.0.2.1');
  const data = dataOf(set, { originalTtl: 7200 });
  t.match(
    data,
    /^00010d0200001c20[0-9a-f]{20}076578616d706c650003777777076578616d706c65000001000100001c200004c0000201$/,
  );
});

t.test('with fewer labels in the RRSIG than in the owner the wildcard is what was signed', async (t) => {
  const wildcard = '012a076578616d706c6500';
  const expanded = rrset('a.b.Example. 60 A 192.0.2.1');
  t.ok(dataOf(expanded, { labels: 1 }).includes(`${wildcard}0001`));
  t.notOk(dataOf(expanded, { labels: 3 }).includes(wildcard));
  const itself = rrset('*.example. 60 A 192.0.2.1');
  t.ok(dataOf(itself, { labels: 1 }).includes(`${wildcard}0001`));
  t.ok(dataOf(expanded, { labels: 0 }).includes('012a000001'), 'a wildcard below the root');
});

t.test('any size of RRset fits', async (t) => {
  const set: Rrset = {
    name: name('a.'),
    type: TYPE.TXT,
    ttl: 1,
    rdatas: Array.from({ length: 200 }, (_, i) => Uint8Array.from([255, ...new Uint8Array(255).fill(i)])),
  };
  t.equal(dataOf(set).length, 2 * (18 + 9 + 200 * (3 + 10 + 256)));
  t.equal(dataOf(rrset('a. A 1.2.3.4')).length, 2 * (18 + 9 + 3 + 10 + 4), 'and a small one after it');
});
