import t from 'tap';
import { TYPE } from '../../src/wire/constants.ts';
import { dependencyHash } from '../../src/zone/dependency.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { ask, build, lines, name, problems, zone } from './support.ts';

const z = zone(
  'example.',
  `sub            NS   ns1.sub
   sub            NS   ns2.beside
   sub            NS   ns.own
   sub            NS   ns.far.test.
   ns1.sub        A    192.0.2.1
   ns1.sub        AAAA 2001:db8::1
   host.sub       A    192.0.2.2
   beside         NS   ns2.beside
   ns2.beside     A    192.0.2.3
   ns.own         A    192.0.2.4
   sub.deep.sub   NS   ns9.sub
   *.wild         A    192.0.2.9
   cut.wild       NS   ns.far.test.`,
  5,
);

t.test('at and below the cut: NS, and glue of name servers inside before that of others', async (t) => {
  const referral = [
    'DELEGATION',
    'sub.example. 300 NS ns1.sub.example.',
    'sub.example. 300 NS ns2.beside.example.',
    'sub.example. 300 NS ns.own.example.',
    'sub.example. 300 NS ns.far.test.',
    'ns1.sub.example. 300 A 192.0.2.1',
    'ns1.sub.example. 300 AAAA 2001:db8::1',
    'ns2.beside.example. 300 A 192.0.2.3',
    'ns.own.example. 300 A 192.0.2.4',
  ];
  t.same(ask(z, 'sub.example. NS'), referral);
  t.same(ask(z, 'sub.example. SOA'), referral);
  t.same(ask(z, 'sub.example. ANY'), referral);
  t.same(ask(z, 'host.sub.example. A'), referral, 'an address that is no glue');
  t.same(ask(z, 'ns1.sub.example. A'), referral, 'glue is no answer');
  t.same(ask(z, 'no.such.name.Sub.example. TXT'), referral);
  t.same(ask(z, 'x.sub.deep.sub.example. A'), referral, 'the topmost cut counts');
});

t.test('glue that must not be left out comes first (RFC 9471)', async (t) => {
  const result = lookup(z, name('x.sub.example.'), TYPE.A);
  if (result.kind !== 'delegation') return t.fail(result.kind);
  t.equal(result.requiredGlue, 2);
  t.same(lines(...result.glue.slice(0, 2)), [
    'ns1.sub.example. 300 A 192.0.2.1',
    'ns1.sub.example. 300 AAAA 2001:db8::1',
  ]);
});

t.test('glue beside the cut is bounded, glue inside is not', async (t) => {
  const many = Array.from(
    { length: 40 },
    (_, i) => `d NS n${i}.d\nd NS n${i}\nn${i}.d A 192.0.2.1\nn${i} A 192.0.2.2`,
  );
  const result = lookup(zone('example.', many.join('\n')), name('d.example.'), TYPE.A);
  if (result.kind !== 'delegation') return t.fail(result.kind);
  t.equal(result.requiredGlue, 40);
  t.ok(result.glue.length <= 40 + 13);
});

t.test('a wildcard does not apply at or below a cut', async (t) => {
  t.same(ask(z, 'a.cut.wild.example. A'), ['DELEGATION', 'cut.wild.example. 300 NS ns.far.test.']);
  t.same(ask(z, 'a.wild.example. A'), ['HIT', 'a.wild.example. 300 A 192.0.2.9']);
});

t.test('depends on the cut, and on owners of glue outside of it', async (t) => {
  const hash = (text: string): number => dependencyHash(5, name(text));
  t.same(lookup(z, name('x.sub.example.'), TYPE.A).deps, [
    hash('sub.example.'),
    hash('ns2.beside.example.'),
    hash('ns.own.example.'),
  ]);
});

t.test('NS at the apex is no delegation', async (t) => {
  t.same(ask(z, 'example. NS'), ['HIT', 'example. 300 NS ns.other.']);
});

t.test('data that the cut hides is left out with a warning', async (t) => {
  const { warnings } = build(
    'example.',
    '@ SOA a. b. 1 2 3 4 5\n@ NS ns.other.\nsub NS ns.sub\nsub TXT x\nsub A 192.0.2.1\nns.sub A 192.0.2.2\nw.sub TXT x\nb.sub NS x.',
  );
  t.match(problems(warnings), [
    /^sub\.example\. TXT: ignored: the name is a zone cut/,
    /^w\.sub\.example\. TXT: ignored: it is below a zone cut/,
    /^b\.sub\.example\. NS: ignored: it is below a zone cut/,
  ]);
  t.equal(warnings.length, 3);
});

t.test('name servers of this zone without an address are warned of', async (t) => {
  const { warnings } = build(
    'example.',
    `@ SOA a. b. 1 2 3 4 5
     @ NS here
     @ NS ok
     ok A 192.0.2.1
     sub NS ns.sub
     sub NS ns.peer
     peer NS ok
     y NS a.wild
     *.wild A 192.0.2.1`,
  );
  t.same(problems(warnings), [
    'example. NS: here.example. is in this zone and has no address',
    'sub.example. NS: ns.sub.example. is in this zone and has no address',
  ]);
});
