import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { algorithmTable } from '../../src/dnssec/algorithm.ts';
import { readAnchors } from '../../src/dnssec/anchorfile.ts';
import { keyTag } from '../../src/dnssec/key.ts';
import { toBase64, toHex } from '../../src/wire/base.ts';
import { nameToText } from '../../src/wire/name.ts';
import { dsOf, makeKey } from '../support/sign.ts';

const ALGORITHMS = algorithmTable({ sha1: false });
const key = makeKey('example.', { flags: 257, seed: 'anchor' });
const DNSKEY = `257 3 13 ${toBase64(key.rdata.subarray(4))}`;
const DS = `${key.tag} 13 2 ${toHex(dsOf(key).subarray(4))}`;

/** `zone tags…` of each anchor, DS before keys, and the errors as `line: message`. */
function read(text: string): { anchors: string[]; errors: string[] } {
  const { anchors, errors } = readAnchors(text, 'file', ALGORITHMS);
  return {
    anchors: anchors.map(({ zone, ds, dnskey }) => {
      const tags = [
        ...ds.map((rdata) => `ds ${(rdata[0]! << 8) | rdata[1]!}`),
        ...dnskey.map((rdata) => `key ${keyTag(rdata)}`),
      ];
      return `${nameToText(zone)} ${tags.join(' ')}`;
    }),
    errors: errors.map(({ line, message }) => `${line}: ${message}`),
  };
}

t.test('the root anchors that are shipped', async (t) => {
  const text = readFileSync(join(import.meta.dirname, '../../config/root.key'), 'utf8');
  t.same(read(text), { anchors: ['. ds 20326 ds 38696'], errors: [] });
});

const DEBIAN = ['/usr/share/dns/root.key', '/usr/share/dns/root.ds', '/var/lib/unbound/root.key'];
for (const file of DEBIAN)
  t.test(`Debian's ${file}`, { skip: !existsSync(file) && 'not installed' }, async (t) => {
    const { anchors, errors } = read(readFileSync(file, 'utf8'));
    t.same(errors, []);
    t.match(anchors[0], /^\. .*20326/);
  });

t.test('DS and DNSKEY of several zones, with TTL, class and comments or without', async (t) => {
  const text = `; anchors
example. IN DS ${DS}
Example. DNSKEY ${DNSKEY}   ; the same zone
corp.test 3600 IN DNSKEY ( 257 3 13
   ${toBase64(key.rdata.subarray(4))} )
corp.test. DS ${DS}
example. 60 DS ${DS} ; once more
`;
  t.same(read(text), {
    anchors: [`example. ds ${key.tag} key ${key.tag}`, `corp.test. ds ${key.tag} key ${key.tag}`],
    errors: [],
  });
});

t.test(
  'of a file that Unbound keeps, keys that are not trusted (yet, or any more) are left out',
  async (t) => {
    const other = makeKey('.', { flags: 257, seed: 'pending' });
    const line = (rdata: Uint8Array, state: number, name: string): string =>
      `. 86400 IN DNSKEY 257 3 13 ${toBase64(rdata.subarray(4))} ;{id = 1 (ksk), size = 256b} ;;state=${state} [ ${name} ] ;;count=0\n`;
    const text = (state: number, name: string): string =>
      `; autotrust trust anchor file\n;;id: . 1\n${line(key.rdata, 2, 'VALID')}${line(other.rdata, state, name)}`;
    for (const [state, name] of [
      [0, 'START'],
      [1, 'ADDPEND'],
      [4, 'REVOKED'],
      [5, 'REMOVED'],
    ] as const)
      t.same(read(text(state, name)), { anchors: [`. key ${key.tag}`], errors: [] }, name);
    t.same(read(text(3, 'MISSING')).anchors, [`. key ${key.tag} key ${other.tag}`]);
  },
);

t.test('errors say the line and what would be right', async (t) => {
  const table: [text: string, errors: (string | RegExp)[]][] = [
    ['', [/^1: no trust anchor; write a DS or DNSKEY record, as in: example\. DS 12345 13 2 /]],
    ['; nothing', [/^1: no trust anchor/]],
    ['\nexample. A 192.0.2.1', ['2: example.: A is no trust anchor; DS and DNSKEY records are']],
    ['example. DS 1 13 2 AABB', [/^1: digest of 2 octets; 32 for algorithm 2$/]],
    ['example. DS 1 13', [/^1: digest type is missing$/]],
    [
      `\n\nexample. DNSKEY ${DNSKEY.replace('257', '0')}`,
      [/^3: example\.: DNSKEY with flags 0, without the zone bit; 257 and 256 have it$/],
    ],
    [`example. DNSKEY ${DNSKEY.replace('257', '385')}`, [/^1: example\.: DNSKEY \d+ is revoked$/]],
    [`example. DNSKEY ${DNSKEY.replace(' 3 ', ' 2 ')}`, ['1: example.: DNSKEY of another protocol than 3']],
    [
      'example. DNSKEY 257 3 13 AAAA',
      [/^1: example\.: DNSKEY \d+: not a public key of ECDSAP256SHA256, or too short or long$/],
    ],
    ['example. DNSKEY 257 3 13 !', [/^1: .*base64/]],
    [`example. DS 1 12 2 ${'AB'.repeat(32)}`, ['1: example.: no supported algorithm: ECC-GOST']],
    [`example. DS 1 13 3 ${'AB'.repeat(32)}`, ['1: example.: no supported DS digest: GOST R 34.11-94']],
    ['$INCLUDE other', [/^1: .*\$INCLUDE is not allowed here/]],
    [
      '// keys\ntrust-anchors {\n. initial-ds 20326 8 2 "E0";\n};',
      [/^2: BIND's notation is not read; write each anchor as a record/],
    ],
  ];
  for (const [text, errors] of table) t.match(read(text).errors, errors, text || 'an empty file');
});

t.test('an anchor that is not supported is no error beside one that is', async (t) => {
  t.same(read(`example. DS ${DS}\nexample. DS 1 12 2 ${'AB'.repeat(32)}`).errors, []);
});

t.test('errors are in the order of the file', async (t) => {
  const text = `a. DS 1 12 2 ${'AB'.repeat(32)}\nb. DS x\nc. A 192.0.2.1\n`;
  t.same(
    read(text).errors.map((error) => error[0]),
    ['1', '2', '3'],
  );
});
