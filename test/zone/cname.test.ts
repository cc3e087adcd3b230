import t from 'tap';
import { ask, build, problems, zone } from './support.ts';

const z = zone(
  'example.',
  `www   CNAME Host
   Host  A     192.0.2.1
   away  CNAME www.other.
   loop  CNAME loop
   sub   NS    ns.far.
   into  CNAME a.sub`,
);

t.test('a CNAME is to be followed, whatever it leads to', async (t) => {
  t.same(ask(z, 'WWW.example. A'), ['CNAME', 'WWW.example. 300 CNAME Host.example.', '-> Host.example.']);
  t.same(ask(z, 'away.example. MX'), ['CNAME', 'away.example. 300 CNAME www.other.', '-> www.other.']);
  t.same(ask(z, 'loop.example. A'), ['CNAME', 'loop.example. 300 CNAME loop.example.', '-> loop.example.']);
  t.same(ask(z, 'into.example. A'), ['CNAME', 'into.example. 300 CNAME a.sub.example.', '-> a.sub.example.']);
});

t.test('one that was asked for is the answer', async (t) => {
  t.same(ask(z, 'www.example. CNAME'), ['HIT', 'www.example. 300 CNAME Host.example.']);
  t.same(ask(z, 'www.example. ANY'), ['ANY', 'www.example. 300 CNAME Host.example.']);
});

t.test('it covers no names below it', async (t) => {
  t.same(ask(z, 'a.www.example. A'), ['NXDOMAIN']);
});

t.test('it stands alone, once, and not at the apex', async (t) => {
  const apex = '@ SOA a. b. 1 2 3 4 5\n@ NS ns.other.\n';
  const errors = (text: string): string[] => problems(build('example.', apex + text).errors ?? []);
  t.same(errors('w CNAME a.\nw A 192.0.2.1\nw TXT x'), [
    'w.example. CNAME: not allowed beside other data (A, TXT)',
  ]);
  t.same(errors('w CNAME a.\nw CNAME b.'), ['w.example. CNAME: 2 records; at most one']);
  t.same(errors('@ CNAME a.'), ['example. CNAME: not allowed at the apex']);
  t.same(errors('w CNAME a.\nw CNAME A.'), [], 'the same twice is one');
  t.same(errors('sub NS a.\nsub CNAME b.'), ['sub.example. CNAME: not allowed beside other data (NS)']);
  t.same(errors('w CNAME a.\nw NSEC x.example. CNAME NSEC'), [], 'NSEC and RRSIG may be beside it');
});
