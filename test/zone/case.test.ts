import t from 'tap';
import { ask, build, problems, zone } from './support.ts';

t.test(
  'names are compared without case; the owner is as it was asked, rdata as it was written',
  async (t) => {
    const z = zone(
      'Example.',
      'WWW A 192.0.2.1\nwww A 192.0.2.2\nalias CNAME WwW\nSub NS Ns.SUB\nns.sub A 192.0.2.3',
    );
    t.same(ask(z, 'wWw.eXAMPLE. A'), ['HIT', 'wWw.eXAMPLE. 300 A 192.0.2.1', 'wWw.eXAMPLE. 300 A 192.0.2.2']);
    t.same(ask(z, 'ALIAS.example. A'), ['CNAME', 'ALIAS.example. 300 CNAME WwW.Example.', '-> WwW.Example.']);
    t.same(ask(z, 'x.SUB.example. A'), [
      'DELEGATION',
      'sub.example. 300 NS Ns.SUB.Example.',
      'Ns.SUB.Example. 300 A 192.0.2.3',
    ]);
  },
);

t.test('names in rdata that differ in case are duplicates, strings are not', async (t) => {
  const apex = '@ SOA a. b. 1 2 3 4 5\n@ NS ns.other.\n';
  const { warnings } = build('example.', `${apex}m MX 1 A.test.\nm MX 1 a.TEST.\nt TXT a\nt TXT A`);
  t.same(problems(warnings), ['m.example. MX: 1 duplicates left out']);
});
