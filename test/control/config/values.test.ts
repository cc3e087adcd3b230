/** What may stand at each setting, and what is said where something else does. */
import t from 'tap';
import { durationMs, sizeBytes } from '../../../src/control/config/setting.ts';
import { cidrToText } from '../../../src/util/cidr.ts';
import { nameToText } from '../../../src/wire/name.ts';
import { BASE, errorsOf, good } from './support.ts';

t.test('times have a unit', async (t) => {
  for (const [text, ms] of [
    ['0s', 0],
    ['500ms', 500],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['2w', 1_209_600_000],
  ] as const)
    t.equal(durationMs(text), ms, text);
  for (const text of ['', '5', 's', '5 s', '-1s', '1e3s', '5S', '5min', '1h30m', '٥s'])
    t.equal(durationMs(text), undefined, text);
  t.match(errorsOf('node: { ttl: { floor: 5, ceiling: 8d, negative: soon } }'), [
    /1:23 node\.ttl\.floor: a number stands here; write a time from 0s to 1h/,
    /node\.ttl\.ceiling: 8d is out of range; write a time from 1s to 7d/,
    /node\.ttl\.negative: "soon" is not a time with a unit; write a time from 0s to 3h/,
  ]);
});

t.test('sizes have a unit, of 1024', async (t) => {
  for (const [text, bytes] of [
    ['256MB', 256 * 1024 ** 2],
    ['256MiB', 256 * 1024 ** 2],
    ['1.5gb', 1.5 * 1024 ** 3],
    ['64kB', 65536],
    ['100B', 100],
  ] as const)
    t.equal(sizeBytes(text), bytes, text);
  for (const text of ['', '256', 'MB', '1TB', '1 MB', '-1MB']) t.equal(sizeBytes(text), undefined, text);
  t.match(errorsOf('node: { cache: 1MB }').join(), /1MB is out of range; write a size from 8MB to 64GB/);
  t.match(errorsOf('node: { cache: 256 }').join(), /a number stands here; write a size/);
});

t.test('numbers, words and truth values', async (t) => {
  t.match(
    errorsOf('node: { workers: 0, logLevel: loud, prefetch: yes, rateLimit: { slip: 1.5, rate: many } }'),
    [
      /node\.workers: "0" is out of range|node\.workers: "0" is not right/,
      /node\.logLevel: "loud" is not known here; write error, warn, info, debug or trace/,
      /node\.prefetch: "yes" is not true or false; write true or false/,
      /node\.rateLimit\.slip: "1\.5" is not a whole number/,
      /node\.rateLimit\.rate: "many" is not a number/,
    ],
  );
  t.equal(good('node: { workers: 4 }').node.workers, 4);
  t.equal(good('node: { rateLimit: off }').node.rateLimit, 'off');
  t.match(errorsOf('node: { rateLimit: on }').join(), /write off, or settings/);
});

t.test('a bare number or truth value where a text belongs: put it in quotes', async (t) => {
  t.match(errorsOf('node: { name: 5 }').join(), /a number stands here; put it in quotes: "5"/);
  t.match(
    errorsOf('vpcs: [{ id: true, cidrs: [] }]').join(),
    /true or false stands here; put it in quotes: "true"/,
  );
});

t.test('nothing, a list or a mapping where a value belongs', async (t) => {
  t.match(errorsOf('node:\n  name:\n  cache: [1]\n  region: { a: 1 }\n  ttl: 5\n'), [
    /2:8 node\.name: nothing stands here/,
    /3:10 node\.cache: a list stands here/,
    /4:11 node\.region: a mapping stands here/,
    /5:8 node\.ttl: a number stands here; write keys and values; known here: floor, ceiling, negative/,
  ]);
  t.match(
    errorsOf('vpcs: { id: a }').join(),
    /1:7 vpcs: a mapping stands here; write a list: lines that begin with "- "/,
  );
  t.match(
    errorsOf('vpcs: [{ id: a, cidrs: 10.0.0.0/8 }]').join(),
    /a text stands here; write a list such as \[10\.20\.0\.0\/16\]/,
  );
});

t.test('addresses and blocks: strict', async (t) => {
  const config = good(
    'vpcs: [{ id: a, cidrs: [10.0.0.0/8, 192.0.2.1, "fd00::/8", "::1", "::ffff:172.16.0.0/108"] }]',
  );
  t.same(config.vpcs[0]!.cidrs.map(cidrToText), [
    '10.0.0.0/8',
    '192.0.2.1/32',
    'fd00::/8',
    '::1/128',
    '172.16.0.0/12',
  ]);
  t.match(errorsOf('vpcs: [{ id: a, cidrs: [10.0.1.0/8, 010.0.0.0/8, 10.0.0.0/40, fe80::1%eth0, ten] }]'), [
    /has bits set behind the prefix; write 10\.0\.0\.0\/8 for the block/,
    /"010\.0\.0\.0" is not an IP address/,
    /"\/40" is not a prefix length/,
    /zone index/,
    /"ten" is not an IP address; write it like/,
  ]);
});

t.test('listening addresses', async (t) => {
  const listen = (text: string) => `endpoints: { inbound: [{ id: a, listen: [${text}] }] }`;
  t.same(
    good(listen('127.0.0.1, "127.0.0.2:5353", "[::1]:5353", "::2", "0.0.0.0:54", "[::]:54"')).endpoints
      .inbound[0]!.listen,
    [
      { address: '127.0.0.1', port: 53 },
      { address: '127.0.0.2', port: 5353 },
      { address: '::1', port: 5353 },
      { address: '::2', port: 53 },
      { address: '0.0.0.0', port: 54 },
      { address: '::', port: 54 },
    ],
  );
  t.match(
    errorsOf(
      listen('"127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:", "[::1", localhost, 224.0.0.1, "ff02::1"'),
    ),
    [
      /"0" is not a port/,
      /"70000" is not a port/,
      /"" is not a port/,
      /not an IP address/,
      /"localhost" is not an IP address/,
      /multicast/,
      /multicast/,
    ],
  );
  t.match(errorsOf(listen('')).join(), /the list is empty/);
});

t.test('targets', async (t) => {
  const rule = (targets: string) =>
    `${BASE}rules: [{ domain: x, type: forward, targets: [${targets}], vpcs: [vpc-a] }]`;
  t.same(good(rule('192.0.2.53, "192.0.2.54:5300"')).rules[0]!.targets, [
    { address: '192.0.2.53', port: 53, protocol: 'do53' },
    { address: '192.0.2.54', port: 5300, protocol: 'do53' },
  ]);
  t.same(good(rule('"2001:DB8::53", "[2001:db8::54]:5300"')).rules[0]!.targets, [
    { address: '2001:db8::53', port: 53, protocol: 'do53' },
    { address: '2001:db8::54', port: 5300, protocol: 'do53' },
  ]);
  t.match(errorsOf(rule('dns.example, 0.0.0.0')), [
    /"dns\.example" is a name; write the address of the server/,
    /the wildcard address/,
  ]);
  t.match(
    errorsOf(rule('192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, 192.0.2.5, 192.0.2.6, 192.0.2.7')).join(),
    /the list has 7 entries; write 1 to 6/,
  );
  t.match(errorsOf(rule('')).join(), /the list is empty; write 1 to 6/);
});

t.test('domain names', async (t) => {
  const rule = (domain: string) => `${BASE}rules: [{ domain: ${domain}, type: system, vpcs: [vpc-a] }]`;
  t.equal(nameToText(good(rule('Corp.EXAMPLE')).rules[0]!.domain), 'corp.example.');
  t.equal(nameToText(good(rule('.')).rules[0]!.domain), '.');
  t.match(
    errorsOf(rule('"*.corp.example."')).join(),
    /is a wildcard; write corp\.example\.: rules and zones hold for a name and all below it/,
  );
  t.match(errorsOf(rule('"a.*.example"')).join(), /is a wildcard/);
  for (const domain of [
    '"a b."',
    '"a..b"',
    '""',
    '"bücher.example"',
    `"${'a'.repeat(64)}.example"`,
    '"a\\\\999"',
  ])
    t.equal(errorsOf(rule(domain)).length, 1, domain);
});

t.test('ids', async (t) => {
  for (const id of ['vpc-0a1b', 'Corp', 'a.b_c:d@e/f'])
    t.equal(good(`vpcs: [{ id: "${id}", cidrs: [] }]`).vpcs[0]!.id, id);
  for (const id of ['', '-a', 'a b', 'a\\nb', 'ä', 'x'.repeat(129)])
    t.equal(errorsOf(`vpcs: [{ id: "${id}", cidrs: [] }]`).length, 1, id);
});
