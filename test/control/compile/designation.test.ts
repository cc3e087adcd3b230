/** What endpoints tell of their encrypted protocols, in presentation format. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { designationOf } from '../../../src/control/compile/designation.ts';
import { nameToText } from '../../../src/wire/name.ts';
import { rdataToText, typeToText } from '../../../src/wire/rdata/table.ts';
import { certificate } from '../../support/certificate.ts';
import { missing } from '../../support/servers.ts';

const skip = missing('openssl');

t.test('names, ports and addresses', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const pem = (names: string): string => String(certificate(folder, 'dns', { names }).cert);
  const of = (names: string, dot: [string, number][], doh: [string, number][]) => {
    const listen = (pairs: [string, number][]) => pairs.map(([address, port]) => ({ address, port }));
    const credentials = { cert: pem(names), key: '' };
    const told = designationOf({ dot: listen(dot), doh: listen(doh), credentials });
    return (
      told && {
        answer: told.answer.rdatas.map((rdata) => rdataToText(told.answer.type, rdata)),
        additional: told.additional.flatMap(({ name, type, rdatas }) =>
          rdatas.map((rdata) => `${nameToText(name)} ${typeToText(type)} ${rdataToText(type, rdata)}`),
        ),
      }
    );
  };
  const usual: [string, number][] = [
    ['192.0.2.1', 853],
    ['2001:db8::1', 853],
  ];
  t.same(of('DNS:dns.example,IP:192.0.2.1', usual, []), {
    answer: ['1 dns.example. alpn="dot" ipv4hint=192.0.2.1 ipv6hint=2001:db8::1'],
    additional: ['dns.example. A 192.0.2.1', 'dns.example. AAAA 2001:db8::1'],
  });
  t.same(
    of(
      'IP:192.0.2.1,DNS:*.example,DNS:dns.example',
      [],
      [
        ['192.0.2.1', 443],
        ['192.0.2.2', 443],
        ['192.0.2.1', 8443],
      ],
    ),
    {
      answer: [
        '2 dns.example. alpn="h2,http/1.1" ipv4hint=192.0.2.1,192.0.2.2 dohpath="/dns-query{?dns}"',
        '2 dns.example. alpn="h2,http/1.1" port=8443 ipv4hint=192.0.2.1 dohpath="/dns-query{?dns}"',
      ],
      additional: ['dns.example. A 192.0.2.1', 'dns.example. A 192.0.2.2'],
    },
  );
  t.same(
    of(
      'DNS:dns.example',
      [
        ['0.0.0.0', 853],
        ['::', 853],
      ],
      [['fe80::1%eth0', 443]],
    ),
    {
      answer: ['1 dns.example. alpn="dot"', '2 dns.example. alpn="h2,http/1.1" dohpath="/dns-query{?dns}"'],
      additional: [],
    },
    'addresses that nobody could use are not told',
  );
  t.equal(of('IP:192.0.2.1', usual, []), undefined, 'no name to tell');
  t.equal(of('DNS:*.example', usual, []), undefined);
});
