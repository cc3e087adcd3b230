import t from 'tap';
import { TYPE } from '../../src/wire/constants.ts';
import { dependencyHash } from '../../src/zone/dependency.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { ask, build, name, problems, zone } from './support.ts';

const z = zone(
  'example.',
  `old        600 DNAME new.other.
   old        TXT   x
   *.w        A     192.0.2.1
   d.w        DNAME t.
   in         DNAME target.old
   x.y.in     TXT   hidden
   cut.in     NS    ns.far.`,
  4,
);

t.test('below the owner: the DNAME, and a CNAME with its TTL (RFC 6672 section 3.1)', async (t) => {
  t.same(ask(z, 'A.b.old.example. A'), [
    'DNAME',
    'old.example. 600 DNAME new.other.',
    'A.b.old.example. 600 CNAME A.b.new.other.',
    '-> A.b.new.other.',
  ]);
});

t.test('a CNAME that was asked for is the answer, also one that a DNAME makes', async (t) => {
  for (const qtype of ['CNAME', 'ANY'])
    t.same(ask(z, `a.old.example. ${qtype}`), [
      'DNAME',
      'old.example. 600 DNAME new.other.',
      'a.old.example. 600 CNAME a.new.other.',
    ]);
});

t.test('at the owner it redirects nothing', async (t) => {
  t.same(ask(z, 'old.example. DNAME'), ['HIT', 'old.example. 600 DNAME new.other.']);
  t.same(ask(z, 'old.example. TXT'), ['HIT', 'old.example. 300 TXT "x"']);
  t.same(ask(z, 'old.example. A'), ['NODATA']);
});

t.test('it hides all that is below it, cuts and wildcards beside it too', async (t) => {
  for (const below of [
    'x.y.in.example. TXT',
    'y.in.example. A',
    'cut.in.example. NS',
    'a.cut.in.example. DS',
  ])
    t.equal(ask(z, below)[0], 'DNAME', below);
  t.same(ask(z, 'a.d.w.example. A').at(-1), '-> a.t.');
  t.same(ask(z, 'a.e.w.example. A'), ['HIT', 'a.e.w.example. 300 A 192.0.2.1']);
});

t.test('at the apex it is allowed', async (t) => {
  const apex = zone('example.', '@ DNAME other.');
  t.same(ask(apex, 'www.example. A').at(-1), '-> www.other.');
  t.same(ask(apex, 'example. SOA')[0], 'HIT');
});

t.test('a new name over 255 octets: YXDOMAIN (RFC 6672 section 2.2)', async (t) => {
  const label = 'l'.repeat(61);
  const target = `${label}.${label}.${label}.`;
  const long = zone('example.', `d DNAME ${target}`);
  t.equal(255 - name(target).length, 4 + 64, 'room for aaa. and the longest label');
  t.same(ask(long, `aaa.${'m'.repeat(63)}.d.example. A`)[0], 'DNAME');
  t.same(ask(long, `aaaa.${'m'.repeat(63)}.d.example. A`), [
    'DNAME-TOO-LONG',
    `d.example. 300 DNAME ${target}`,
  ]);
});

t.test('depends on its owner', async (t) => {
  t.same(lookup(z, name('a.OLD.example.'), TYPE.A).deps, [dependencyHash(4, name('old.example.'))]);
});

t.test('what cannot be is refused', async (t) => {
  const apex = '@ SOA a. b. 1 2 3 4 5\n@ NS ns.other.\n';
  const errors = (text: string): string[] => problems(build('example.', apex + text).errors ?? []);
  t.same(errors('d DNAME a.\nd DNAME b.'), ['d.example. DNAME: 2 records; at most one']);
  t.same(errors('d DNAME a.\nd CNAME b.'), ['d.example. CNAME: not allowed beside other data (DNAME)']);
  t.same(errors('d DNAME a.\nd NS b.'), [
    'd.example. DNAME: beside NS only at the apex (RFC 6672 section 2.3)',
  ]);
  t.same(errors('*.d DNAME a.'), ['*.d.example. DNAME: has no meaning at a wildcard (RFC 4592 section 4)']);
  const { warnings } = build('example.', `${apex}d DNAME a.\nx.d A 192.0.2.1`);
  t.match(problems(warnings), [/^x\.d\.example\. A: ignored: it is below a DNAME/]);
});
