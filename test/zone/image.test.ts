import fc from 'fast-check';
import t from 'tap';
import { CLASS, TYPE } from '../../src/wire/constants.ts';
import { nameToText } from '../../src/wire/name.ts';
import { buildZone, ImageError, Zone } from '../../src/zone/image.ts';
import { NONE } from '../../src/zone/layout.ts';
import { PROBLEMS_MAX } from '../../src/zone/problem.ts';
import { RECORDS_PER_RRSET_MAX, TYPES_PER_NAME_MAX } from '../../src/zone/rules.ts';
import { APEX, ask, build, lines, name, problems, records, zone } from './support.ts';

const errorsOf = (text: string): string[] => problems(build('example.', text).errors ?? []);
const warningsOf = (text: string): string[] => problems(build('example.', APEX + text).warnings);

t.test('nodes: the apex first, parents before children, empty non-terminals among them', async (t) => {
  const z = zone('example.', 'a.b A 192.0.2.1\n*.b A 192.0.2.2');
  const nodes = Array.from({ length: z.nodeCount }, (_, node) => node);
  t.same(
    nodes.map((node) => nameToText(z.nameOf(node))),
    ['example.', 'b.example.', 'a.b.example.', '*.b.example.'],
  );
  t.same(
    nodes.map((node) => z.parent(node)),
    [NONE, 0, 1, 1],
  );
  t.same(
    nodes.map((node) => z.wildcard(node)),
    [NONE, 3, NONE, NONE],
  );
  t.same([z.rrsetCount, z.recordCount, z.serial], [4, 4, 7]);
  t.same(lines(...z.rrsets(0)), [
    'example. 300 NS ns.other.',
    'example. 300 SOA ns.other. admin.other. 7 3600 600 86400 60',
  ]);
});

t.test('everything that is wrong is told at once', async (t) => {
  t.same(errorsOf('x CNAME a.\nx A 192.0.2.1\ny SOA a. b. 1 2 3 4 5'), [
    'example. the zone has no SOA record',
    'example. the zone has no NS record at its apex',
    'x.example. CNAME: not allowed beside other data (A)',
    'y.example. SOA: only the apex has one',
  ]);
  t.same(errorsOf('@ SOA a. b. 1 2 3 4 5\n@ SOA a. b. 2 2 3 4 5\n@ NS a.'), [
    'example. SOA: 2 records; at most one',
  ]);
});

t.test('records that no zone may hold are refused', async (t) => {
  const a = { name: name('www.example.'), type: TYPE.A, class: CLASS.IN, ttl: 1, rdata: new Uint8Array(4) };
  const faults = (...bad: Parameters<typeof buildZone>[1][]): string[] =>
    bad.flatMap((list) => problems(buildZone(name('example.'), list, { synthesizeApex: true }).errors ?? []));
  t.same(
    faults(
      [a],
      [{ ...a, name: name('example.test.') }],
      [{ ...a, class: CLASS.CH }],
      [{ ...a, type: TYPE.ANY }],
      [{ ...a, type: TYPE.OPT }],
      [{ ...a, ttl: 2 ** 31 }],
      [{ ...a, ttl: -1 }],
      [{ ...a, ttl: Number.NaN }],
    ),
    [
      'example.test. A: the name is not in the zone',
      'www.example. A: class 3; a zone holds class IN',
      'www.example. ANY: not a type of data',
      'www.example. OPT: not a type of data',
      'www.example. A: TTL 2147483648 is not from 0 to 2147483647',
      'www.example. A: TTL -1 is not from 0 to 2147483647',
      'www.example. A: TTL NaN is not from 0 to 2147483647',
    ],
  );
  t.match(faults([{ ...a, rdata: new Uint8Array(5) }]), [/^www\.example\. A: .*left over/]);
  t.match(faults([{ ...a, type: TYPE.CNAME, rdata: Uint8Array.of(0xc0, 0) }]), [/^www\.example\. CNAME: /]);
  t.match(faults([{ ...a, type: 65400, rdata: new Uint8Array(65536) }]), [/65535/]);
});

t.test('RRsets may be given instead of records', async (t) => {
  const rrset = { name: name('www.example.'), type: TYPE.A, ttl: 5, rdatas: [Uint8Array.of(1, 2, 3, 4)] };
  const built = buildZone(name('example.'), [...records('example.', APEX), rrset]);
  t.same(ask(Zone.from(built.image!), 'www.example. A'), ['HIT', 'www.example. 5 A 1.2.3.4']);
});

t.test('duplicates and differing TTLs are mended with a warning', async (t) => {
  t.same(warningsOf('www 60 A 192.0.2.1\nwww 30 A 192.0.2.2\nwww 90 A 192.0.2.1'), [
    'www.example. A: 1 duplicates left out',
    'www.example. A: TTLs differ; the lowest, 30, holds for all',
  ]);
  const z = zone('example.', 'www 60 A 192.0.2.1\nx TXT a\nwww 30 A 192.0.2.2\nwww 60 A 192.0.2.1');
  t.same(ask(z, 'www.example. A'), ['HIT', 'www.example. 30 A 192.0.2.1', 'www.example. 30 A 192.0.2.2']);
  t.same(warningsOf('www 60 A 192.0.2.1\nwww 30 AAAA ::1'), []);
});

t.test('limits: records of an RRset, octets of an RRset, types of a name', async (t) => {
  const many = (count: number): string =>
    Array.from({ length: count }, (_, i) => `www A 10.0.${i >> 8}.${i & 255}\n`).join('');
  t.same(errorsOf(APEX + many(RECORDS_PER_RRSET_MAX)), []);
  t.same(errorsOf(APEX + many(RECORDS_PER_RRSET_MAX + 1)), ['www.example. A: 401 records; at most 400']);
  const types = (count: number): string =>
    Array.from({ length: count }, (_, i) => `www TYPE${65300 + i} \\# 0\n`).join('');
  t.same(errorsOf(APEX + types(TYPES_PER_NAME_MAX)), []);
  t.same(errorsOf(APEX + types(TYPES_PER_NAME_MAX + 1)), ['www.example. 101 types; at most 100']);
  const large = (count: number): string =>
    Array.from({ length: count }, (_, i) => `www TYPE65300 \\# 4000 ${String(i).padStart(8000, '0')}\n`).join(
      '',
    );
  t.same(errorsOf(APEX + large(16)), []);
  t.match(errorsOf(APEX + large(17)), [/^www\.example\. TYPE65300: 68204 octets do not fit a message/]);
});

t.test('a file for another zone does not fill the memory with errors', async (t) => {
  const other = { name: name('www.test.'), type: TYPE.A, class: CLASS.IN, ttl: 1, rdata: new Uint8Array(4) };
  const { errors } = buildZone(name('example.'), Array(PROBLEMS_MAX + 500).fill(other));
  t.equal(errors?.length, PROBLEMS_MAX + 1);
  t.equal(errors?.at(-1)?.message, 'and 502 more of these');
});

t.test('the apex of a private zone can be Route 53’s own', async (t) => {
  const { image } = build('example.', 'www A 192.0.2.1', { synthesizeApex: true });
  const z = Zone.from(image!);
  t.same(ask(z, 'example. NS'), [
    'HIT',
    'example. 172800 NS ns-0.awsdns-00.com.',
    'example. 172800 NS ns-512.awsdns-00.net.',
    'example. 172800 NS ns-1024.awsdns-00.org.',
    'example. 172800 NS ns-1536.awsdns-00.co.uk.',
  ]);
  t.same(ask(z, 'example. SOA'), [
    'HIT',
    'example. 900 SOA ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400',
  ]);
  const own = build('example.', '@ 60 NS ns.test.', { synthesizeApex: true });
  t.same(ask(Zone.from(own.image!), 'example. NS'), ['HIT', 'example. 60 NS ns.test.']);
});

t.test('same records and seed, same octets', async (t) => {
  const octets = (seed: number): Buffer =>
    Buffer.from(build('example.', `${APEX}www A 192.0.2.1\na.b TXT x`, { seed }).image!);
  t.ok(octets(1).equals(octets(1)));
  t.notOk(octets(1).equals(octets(2)));
});

t.test('what is no image is refused', async (t) => {
  const whole = new Uint8Array(build('example.', `${APEX}www A 192.0.2.1`).image!);
  const image = (octets: Uint8Array): SharedArrayBuffer => {
    const buffer = new SharedArrayBuffer(octets.length);
    new Uint8Array(buffer).set(octets);
    return buffer;
  };
  t.ok(Zone.from(image(whole)));
  for (let length = 0; length < whole.length; length++)
    t.throws(() => Zone.from(image(whole.subarray(0, length))), ImageError);
  const changed = whole.slice();
  changed.set(changed.subarray(0, 4).toReversed());
  t.throws(() => Zone.from(image(changed)), ImageError, 'the other byte order');
});

t.test('any records build or are refused, never anything else', async () => {
  const label = fc.constantFrom('a', 'b', '*', 'example');
  const owner = fc.array(label, { maxLength: 4 }).map((labels) => name([...labels, 'example', ''].join('.')));
  const record = fc.record({
    name: owner,
    type: fc.constantFrom(
      TYPE.A,
      TYPE.NS,
      TYPE.CNAME,
      TYPE.SOA,
      TYPE.DNAME,
      TYPE.MX,
      TYPE.SVCB,
      0,
      255,
      65400,
    ),
    class: fc.constantFrom(1, 1, 1, 3),
    ttl: fc.integer(),
    rdata: fc.uint8Array({ maxLength: 12 }),
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (list) => {
      const built = buildZone(name('example.'), list, { synthesizeApex: true });
      if (built.image === undefined) return built.errors.length > 0;
      const z = Zone.from(built.image);
      return z.recordCount <= list.length + 5;
    }),
    { numRuns: 500 },
  );
});
