import t from 'tap';
import { TYPE } from '../../src/wire/constants.ts';
import { typeFromText } from '../../src/wire/rdata/table.ts';
import { ADDITIONAL_NAMES_MAX, additionalFor } from '../../src/zone/address.ts';
import { dependencyHash } from '../../src/zone/dependency.ts';
import type { Zone } from '../../src/zone/image.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { lines, name, zone } from './support.ts';

const z = zone(
  'example.',
  `h        A     192.0.2.1
   h        AAAA  2001:db8::1
   i        A     192.0.2.2
   sub      NS    ns.sub
   ns.sub   A     192.0.2.3
   alias    CNAME h
   mx       MX    10 H
   mx       MX    20 h
   mx       MX    30 i
   mx       MX    40 ns.sub
   mx       MX    50 sub
   mx       MX    60 alias
   mx       MX    70 h.test.
   mx       MX    80 nowhere
   null     MX    0 .
   srv      SRV   0 0 53 i
   web      HTTPS 1 . alpn=h2
   web      A     192.0.2.4
   svc      SVCB  0 i
   svcalias SVCB  0 .
   svcalias A     192.0.2.5
   naptr    NAPTR 1 2 "a" "x+y" "" i
   nonaptr  NAPTR 1 2 "u" "x+y" "!^.*$!x!" .
   ns2      TXT   x
   *.w      A     192.0.2.6
   wild     MX    1 a.W
   wild     MX    2 b.w`,
  7,
);

function additional(zone: Zone, question: string): string[] {
  const [qname, qtype] = question.split(' ') as [string, string];
  const result = lookup(zone, name(qname), typeFromText(qtype)!);
  return result.kind === 'hit' ? lines(...additionalFor(zone, [result.rrset])) : [result.kind];
}

t.test('addresses of the names that records lead to, each once', async (t) => {
  t.same(additional(z, 'mx.example. MX'), [
    'H.example. 300 A 192.0.2.1',
    'H.example. 300 AAAA 2001:db8::1',
    'i.example. 300 A 192.0.2.2',
  ]);
  t.same(additional(z, 'srv.example. SRV'), ['i.example. 300 A 192.0.2.2']);
  t.same(additional(z, 'naptr.example. NAPTR'), ['i.example. 300 A 192.0.2.2']);
  t.same(additional(z, 'svc.example. SVCB'), ['i.example. 300 A 192.0.2.2']);
});

t.test('"." is the owner in a ServiceMode record, and nobody elsewhere (RFC 9460 section 2.5)', async (t) => {
  t.same(additional(z, 'web.example. HTTPS'), ['web.example. 300 A 192.0.2.4']);
  t.same(additional(z, 'svcalias.example. SVCB'), []);
  t.same(additional(z, 'null.example. MX'), []);
  t.same(additional(z, 'nonaptr.example. NAPTR'), []);
});

t.test('also of names that a wildcard stands for', async (t) => {
  t.same(additional(z, 'wild.example. MX'), ['a.W.example. 300 A 192.0.2.6', 'b.w.example. 300 A 192.0.2.6']);
});

t.test('tells what it depends on: owners, or wildcards and their parents', async (t) => {
  const deps = (qname: string, type: number): number[] => {
    const result = lookup(z, name(qname), type);
    const list: number[] = [];
    if (result.kind === 'hit') additionalFor(z, [result.rrset], list);
    return list;
  };
  const hashes = (...owners: string[]): number[] => owners.map((owner) => dependencyHash(7, name(owner)));
  t.same(deps('mx.example.', TYPE.MX), hashes('h.example.', 'i.example.'));
  t.same(deps('wild.example.', TYPE.MX), hashes('*.w.example.', 'w.example.'));
});

t.test('other types have none', async (t) => {
  t.same(additional(z, 'ns2.example. TXT'), []);
  t.same(additional(z, 'h.example. A'), []);
  t.same(additional(z, 'example. NS'), []);
});

t.test('at most 13 names', async (t) => {
  const text = Array.from({ length: 20 }, (_, i) => `mx MX ${i} h${i}\nh${i} A 192.0.2.${i}`).join('\n');
  t.equal(additional(zone('example.', text), 'mx.example. MX').length, ADDITIONAL_NAMES_MAX);
});
