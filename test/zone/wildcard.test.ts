import t from 'tap';
import { dependencyHash } from '../../src/zone/dependency.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { ask, name, zone } from './support.ts';

// The zone of RFC 4592 section 2.2.1, and every answer that the RFC says it gives.
const rfc = zone(
  'example.',
  `*.example.            3600 TXT   "this is a wildcard"
   *.example.            3600 MX    10 host1.example.
   sub.*.example.        3600 TXT   "this is not a wildcard"
   host1.example.        3600 A     192.0.2.1
   _ssh._tcp.host1.example. 3600 SRV 0 0 22 host1.example.
   _ssh._tcp.host2.example. 3600 SRV 0 0 22 host2.example.
   subdel.example.       3600 NS    ns.example.com.
   subdel.example.       3600 NS    ns.example.net.`,
);

t.test('RFC 4592 section 2.2.1: synthesised from a wildcard', async (t) => {
  t.same(ask(rfc, 'host3.example. MX'), ['HIT', 'host3.example. 3600 MX 10 host1.example.']);
  t.same(ask(rfc, 'host3.example. A'), ['NODATA']);
  t.same(ask(rfc, 'foo.bar.example. TXT'), ['HIT', 'foo.bar.example. 3600 TXT "this is a wildcard"']);
});

t.test('RFC 4592 section 2.2.1: not synthesised', async (t) => {
  t.same(ask(rfc, 'host1.example. MX'), ['NODATA'], 'host1.example. exists');
  t.same(ask(rfc, 'sub.*.example. MX'), ['NODATA'], 'sub.*.example. exists');
  t.same(
    ask(rfc, '_telnet._tcp.host1.example. SRV'),
    ['NXDOMAIN'],
    '_tcp.host1.example. exists, without data',
  );
  t.same(
    ask(rfc, 'host.subdel.example. A'),
    ['DELEGATION', 'subdel.example. 3600 NS ns.example.com.', 'subdel.example. 3600 NS ns.example.net.'],
    'subdel.example. is a zone cut',
  );
  t.same(ask(rfc, 'ghost.*.example. MX'), ['NXDOMAIN'], '*.example. exists');
});

t.test('the wildcard itself can be asked for', async (t) => {
  t.same(ask(rfc, '*.example. MX'), ['HIT', '*.example. 3600 MX 10 host1.example.']);
  t.same(ask(rfc, '*.example. A'), ['NODATA']);
  t.same(ask(rfc, 'sub.*.example. TXT'), ['HIT', 'sub.*.example. 3600 TXT "this is not a wildcard"']);
});

t.test('an asterisk within or before other labels is no wildcard', async (t) => {
  const z = zone('example.', '*x A 192.0.2.1\nx.*.y A 192.0.2.2\n\\*\\.z A 192.0.2.3');
  t.same(ask(z, 'ax.example. A'), ['NXDOMAIN']);
  t.same(ask(z, 'b.z.example. A'), ['NXDOMAIN']);
  t.same(ask(z, 'x.a.y.example. A'), ['NODATA'], 'the empty non-terminal *.y.example. is one');
  t.same(ask(z, '*x.example. A'), ['HIT', '*x.example. 300 A 192.0.2.1']);
});

t.test('only the wildcard at the closest encloser applies', async (t) => {
  const z = zone('example.', '* A 192.0.2.1\n*.b A 192.0.2.2\na.c A 192.0.2.3');
  t.same(ask(z, 'x.example. A'), ['HIT', 'x.example. 300 A 192.0.2.1']);
  t.same(ask(z, 'x.b.example. A'), ['HIT', 'x.b.example. 300 A 192.0.2.2']);
  t.same(ask(z, 'b.example. A'), ['NODATA']);
  t.same(ask(z, 'x.c.example. A'), ['NXDOMAIN']);
  t.same(ask(z, 'x.a.c.example. A'), ['NXDOMAIN']);
  t.same(ask(z, 'y.x.b.example. A'), ['HIT', 'y.x.b.example. 300 A 192.0.2.2']);
});

t.test('a wildcard CNAME bears the name that was asked for', async (t) => {
  const z = zone('example.', '* CNAME www.other.');
  t.same(ask(z, 'A.b.example. AAAA'), ['CNAME', 'A.b.example. 300 CNAME www.other.', '-> www.other.']);
  t.same(ask(z, 'a.example. CNAME'), ['HIT', 'a.example. 300 CNAME www.other.']);
});

t.test('depends on the wildcard and on the closest encloser', async (t) => {
  const z = zone('example.', '*.b TXT x\n*.c A 192.0.2.1', 9);
  const hash = (text: string): number => dependencyHash(9, name(text));
  t.same(lookup(z, name('x.y.B.example.'), 16).deps, [hash('*.b.example.'), hash('b.example.')]);
  t.same(lookup(z, name('x.c.example.'), 16).deps, [hash('*.c.example.'), hash('c.example.')]);
});
