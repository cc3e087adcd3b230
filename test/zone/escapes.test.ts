import t from 'tap';
import { ask, zone } from './support.ts';

t.test('a dot, a NUL or a blank inside a label makes another name', async (t) => {
  const z = zone(
    'example.',
    'www\\.sub A 192.0.2.1\na\\000 A 192.0.2.2\nb\\032c A 192.0.2.3\nx\\\\y A 192.0.2.4',
  );
  t.same(ask(z, 'www\\.sub.example. A'), ['HIT', 'www\\.sub.example. 300 A 192.0.2.1']);
  t.same(ask(z, 'www.sub.example. A'), ['NXDOMAIN']);
  t.same(ask(z, 'sub.example. A'), ['NXDOMAIN'], 'no empty non-terminal comes of it');
  t.same(ask(z, 'a\\000.example. A'), ['HIT', 'a\\000.example. 300 A 192.0.2.2']);
  t.same(ask(z, 'a.example. A'), ['NXDOMAIN']);
  t.same(ask(z, 'B\\032C.example. A'), ['HIT', 'B\\032C.example. 300 A 192.0.2.3']);
  t.same(ask(z, 'x\\\\y.example. A'), ['HIT', 'x\\\\y.example. 300 A 192.0.2.4']);
});

t.test('octets over 127 are themselves', async (t) => {
  const z = zone('example.', '\\195\\132 A 192.0.2.1');
  t.same(ask(z, '\\195\\132.example. A'), ['HIT', '\\195\\132.example. 300 A 192.0.2.1']);
  t.same(ask(z, '\\195\\164.example. A'), ['NXDOMAIN']);
});

t.test('the root zone', async (t) => {
  const z = zone('.', 'com NS a.gtld\\-servers.net.\nwww A 192.0.2.1');
  t.same(ask(z, 'x.com. A'), ['DELEGATION', 'com. 300 NS a.gtld-servers.net.']);
  t.same(ask(z, 'WWW. A'), ['HIT', 'WWW. 300 A 192.0.2.1']);
  t.same(ask(z, '. NS'), ['HIT', '. 300 NS ns.other.']);
  t.same(ask(z, 'a.test. A'), ['NXDOMAIN']);
});
