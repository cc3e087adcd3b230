import t from 'tap';
import { ask, zone } from './support.ts';

t.test('ANY gets one RRset of the name, the smallest (RFC 8482 section 4.1)', async (t) => {
  const z = zone(
    'example.',
    `www TXT "${'x'.repeat(200)}"
     www A 192.0.2.1
     www A 192.0.2.2
     www AAAA 2001:db8::1
     txt TXT "${'y'.repeat(100)}"
     txt NSEC z.example. TXT
     * MX 0 .
     sub NS ns.far.
     e.ent A 192.0.2.3`,
  );
  t.same(ask(z, 'www.example. ANY'), ['ANY', 'www.example. 300 A 192.0.2.1', 'www.example. 300 A 192.0.2.2']);
  t.same(ask(z, 'txt.example. ANY'), ['ANY', `txt.example. 300 TXT "${'y'.repeat(100)}"`]);
  t.same(ask(z, 'Other.example. ANY'), ['ANY', 'Other.example. 300 MX 0 .']);
  t.same(ask(z, 'example. ANY'), ['ANY', 'example. 300 NS ns.other.']);
  t.same(ask(z, 'sub.example. ANY'), ['DELEGATION', 'sub.example. 300 NS ns.far.']);
  t.same(ask(z, 'ent.example. ANY'), ['NODATA']);
  t.same(ask(z, 'x.ent.example. ANY'), ['NXDOMAIN']);
});
