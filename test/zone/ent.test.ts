import t from 'tap';
import { dependencyHash } from '../../src/zone/dependency.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { ask, build, name, zone } from './support.ts';

t.test('an empty non-terminal exists: NODATA, not NXDOMAIN (RFC 8020)', async (t) => {
  const z = zone('example.', 'a.b.c A 192.0.2.1');
  t.equal(z.nodeCount, 4);
  t.same(ask(z, 'b.c.example. A'), ['NODATA']);
  t.same(ask(z, 'C.example. ANY'), ['NODATA']);
  t.same(ask(z, 'x.b.c.example. A'), ['NXDOMAIN']);
  t.same(ask(z, 'x.c.example. A'), ['NXDOMAIN']);
});

t.test('it keeps a wildcard beside it from applying below it (RFC 4592 section 2.2.2)', async (t) => {
  const z = zone('example.', 'a.b A 192.0.2.1\n* A 192.0.2.2');
  t.same(ask(z, 'b.example. A'), ['NODATA']);
  t.same(ask(z, 'c.b.example. A'), ['NXDOMAIN']);
  t.same(ask(z, 'c.example. A'), ['HIT', 'c.example. 300 A 192.0.2.2']);
});

t.test('names may be made to exist without records', async (t) => {
  const z = zone('example.', '');
  t.same(ask(z, '_dns.example. A'), ['NXDOMAIN']);
  const built = build('example.', '', { synthesizeApex: true, emptyNodes: [name('*.example.')] });
  const { Zone } = await import('../../src/zone/image.ts');
  t.same(ask(Zone.from(built.image!), '_dns.example. TYPE64'), ['NODATA']);
  t.ok(build('example.', '', { synthesizeApex: true, emptyNodes: [name('x.')] }).errors);
});

t.test('NODATA depends on the name, NXDOMAIN on the closest encloser', async (t) => {
  const z = zone('example.', 'a.b.c A 192.0.2.1', 3);
  t.same(lookup(z, name('B.c.example.'), 1).deps, [dependencyHash(3, name('b.c.example.'))]);
  t.same(lookup(z, name('x.y.c.example.'), 1).deps, [dependencyHash(3, name('c.example.'))]);
});
