/** RFC 8509. ../shared/rpl/root_key_sentinel.rpl plays the same against a whole resolver. */
import t from 'tap';
import { sentinelFault } from '../../src/resolver/sentinel.ts';
import type { TrustAnchor } from '../../src/resolver/settings.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { dsOf, makeKey } from '../support/sign.ts';

const KSK = makeKey('.', { seed: 'sentinel', flags: 257 });
const DS = Uint8Array.of(20326 >> 8, 20326 & 255, 8, 2, 1);
const anchors: TrustAnchor[] = [{ zone: nameFromText('.'), ds: [DS, dsOf(KSK)], dnskey: [] }];
const five = (tag: number): string => String(tag).padStart(5, '0');

const withheld = (name: string, type: number = TYPE.A, from = anchors): boolean =>
  sentinelFault({ name: nameFromText(name), type }, from) !== undefined;

t.test('is-ta: answered where the key is trusted; not-ta: where it is not', async (t) => {
  t.notOk(withheld('root-key-sentinel-is-ta-20326.example.'));
  t.ok(withheld('root-key-sentinel-not-ta-20326.example.'));
  t.ok(withheld('root-key-sentinel-is-ta-19036.example.'));
  t.notOk(withheld('root-key-sentinel-not-ta-19036.example.'));
  t.notOk(withheld(`root-key-sentinel-is-ta-${five(KSK.tag)}.example.`, TYPE.AAAA));
  t.ok(withheld('Root-Key-SENTINEL-not-TA-20326.'), 'case is none, and any zone will do');
  t.match(sentinelFault({ name: nameFromText('root-key-sentinel-not-ta-20326.'), type: TYPE.A }, anchors), {
    code: 6,
    text: 'root key sentinel: key 20326 is trusted here',
  });
});

t.test('keys by themselves count as their digests do; those of other zones do not', async (t) => {
  const label = `root-key-sentinel-is-ta-${five(KSK.tag)}.example.`;
  t.notOk(withheld(label, TYPE.A, [{ zone: nameFromText('.'), ds: [], dnskey: [KSK.rdata] }]));
  t.ok(withheld(label, TYPE.A, [{ zone: nameFromText('corp.'), ds: [], dnskey: [KSK.rdata] }]));
  t.ok(withheld(label, TYPE.A, []));
});

t.test('everything else is a name like any other', async (t) => {
  const others = [
    'www.example.',
    '.',
    'root-key-sentinel-is-ta-9036.example.',
    'root-key-sentinel-is-ta-019036.example.',
    'root-key-sentinel-is-ta-1903a.example.',
    'root-key-sentinel-was-ta-19036.example.',
    'x-root-key-sentinel-is-ta-19036.example.',
    'x.root-key-sentinel-is-ta-19036.example.',
    'root-key-sentinel-is-ta-19036\\000.example.',
    'root-key-sentinel-is-ta-19036\\010.example.',
  ];
  for (const name of others) t.notOk(withheld(name), name);
  for (const type of [TYPE.TXT, TYPE.CNAME, TYPE.ANY, TYPE.HTTPS])
    t.notOk(withheld('root-key-sentinel-is-ta-19036.example.', type), String(type));
});
