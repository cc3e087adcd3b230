/**
 * Values of record sets: what they are on the wire, which named-compilezone and dns-packet are asked too, and what
 * is said of those that are wrong.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dnsPacket from 'dns-packet';
import * as fc from 'fast-check';
import t from 'tap';
import { rdataFromValue, SET_TYPES } from '../../../src/control/records/values.ts';
import { toHex } from '../../../src/wire/base.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { rdataToText, typeFromText, typeToText } from '../../../src/wire/rdata/table.ts';
import { missing } from '../../support/servers.ts';
import { findTool } from '../../support/tools.ts';

const code = (type: string): number => typeFromText(type)!;
const HEX = '0F'.repeat(32);

/** Type, value, and the same in the syntax of zone files. */
const GOOD: readonly (readonly [string, string, string])[] = [
  ['A', '192.0.2.1', '192.0.2.1'],
  ['A', ' 192.0.2.1 ', '192.0.2.1'],
  ['AAAA', '2001:DB8:0:0::1', '2001:db8::1'],
  ['CNAME', 'www.example.com', 'www.example.com.'],
  ['CNAME', 'WWW.example.com.', 'WWW.example.com.'],
  ['CNAME', '\\052.a\\056b.example.com', '*.a\\.b.example.com.'],
  ['NS', 'ns1.example.com', 'ns1.example.com.'],
  ['PTR', 'host.example.com.', 'host.example.com.'],
  ['MX', '10 mail.example.com', '10 mail.example.com.'],
  ['MX', '0   .', '0 .'],
  ['SRV', '1 10 5269 xmpp-server.example.com.', '1 10 5269 xmpp-server.example.com.'],
  ['SRV', '0 0 0 .', '0 0 0 .'],
  ['CAA', '0 issue "ca.example.net; account=1"', '0 issue "ca.example.net; account=1"'],
  ['CAA', '128 iodef ""', '128 iodef ""'],
  ['TXT', '"v=spf1 ip4:192.0.2.0/24 -all"', '"v=spf1 ip4:192.0.2.0/24 -all"'],
  ['TXT', '"one" "Two"\t"thr\\"ee\\\\"', '"one" "Two" "thr\\"ee\\\\"'],
  ['TXT', '"\\344\\000 \\101"', '"\\228\\000 A"'],
  ['TXT', '""', '""'],
  ['TXT', `"${'a'.repeat(255)}"`, `"${'a'.repeat(255)}"`],
  ['TXT', `"${'\\141'.repeat(255)}"`, `"${'a'.repeat(255)}"`],
  ['SPF', '"v=spf1 -all"', '"v=spf1 -all"'],
  [
    'NAPTR',
    '100 50 "u" "E2U+sip" "!^(\\\\+441632960083)$!sip:\\\\1@example.com!" .',
    '100 50 "u" "E2U+sip" "!^(\\\\+441632960083)$!sip:\\\\1@example.com!" .',
  ],
  ['DS', `12345 13 2 ${HEX}`, `12345 13 2 ${HEX}`],
  ['TLSA', `3 1 1 ${HEX.toLowerCase()}`, `3 1 1 ${HEX}`],
  ['SSHFP', `4 2 ${HEX}`, `4 2 ${HEX}`],
  ['SVCB', '0 svc.example.com', '0 svc.example.com.'],
  ['HTTPS', '1 . alpn="h2,h3" port=8443', '1 . alpn="h2,h3" port=8443'],
  [
    'HTTPS',
    '16 a.example.com ipv4hint=192.0.2.1,192.0.2.2',
    '16 a.example.com. ipv4hint=192.0.2.1,192.0.2.2',
  ],
  ['SVCB', '1 a.example.com. key667="a \\"b\\" \\377"', '1 a.example.com. key667="a \\"b\\" \\255"'],
  [
    'SOA',
    'ns-2048.awsdns-64.net hostmaster.awsdns.com 1 7200 900 1209600 86400',
    'ns-2048.awsdns-64.net. hostmaster.awsdns.com. 1 7200 900 1209600 86400',
  ],
];

t.test('values of every type', async (t) => {
  for (const [type, value, text] of GOOD)
    t.equal(
      rdataToText(code(type), rdataFromValue(code(type), value)),
      text,
      `${type} ${value.slice(0, 60)}`,
    );
  const tried = new Set(GOOD.map(([type]) => code(type)));
  t.same(SET_TYPES.filter((type) => !tried.has(type)).map(typeToText), [], 'none is left out');
});

t.test(
  'named-compilezone reads the same in the octets',
  { skip: missing('named-compilezone') },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'causeway-values-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const rows = GOOD.filter(([type]) => type !== 'SOA');
    const lines = rows.map(([type, value], i) => {
      const rdata = rdataFromValue(code(type), value);
      return `s${i}.example. 300 IN TYPE${code(type)} \\# ${rdata.length} ${toHex(rdata)}`;
    });
    const file = join(folder, 'example.zone');
    const apex = ['example. 300 IN SOA ns.x. h.x. 1 2 3 4 5', 'example. 300 IN NS ns.x.'];
    writeFileSync(file, [...apex, ...lines, ''].join('\n'));
    const off = ['-i', 'none'].concat(
      ...['-k', '-n', '-m', '-M', '-r', '-S', '-T'].map((o) => [o, 'ignore']),
    );
    const out = execFileSync(
      findTool('named-compilezone')!,
      [...off, '-s', 'full', '-o', '-', 'example', file],
      { encoding: 'latin1', stdio: 'pipe', timeout: 10_000 },
    );
    const printed = new Map(
      [...out.matchAll(/^s([0-9]+)\.example\.\s+300\s+IN\s+(\S+\s+.*)$/gm)].map(([, i, rest]) => [
        Number(i),
        rest!.replace(/\s+/, ' '),
      ]),
    );
    rows.forEach(([type, , text], i) => {
      t.equal(plain(printed.get(i)!), plain(`${type} ${text}`), `${type} ${text.slice(0, 60)}`);
    });
  },
);

/** BIND breaks long hexadecimal and escapes semicolons. */
function plain(text: string): string {
  return text.replace(/([0-9A-F]{56}) ([0-9A-F]{8})$/, '$1$2').replaceAll('\\;', ';');
}

t.test('dns-packet reads what was meant', async (t) => {
  const cases: readonly (readonly [string, string, unknown])[] = [
    ['A', '192.0.2.1', '192.0.2.1'],
    ['MX', '10 mail.example.com', { preference: 10, exchange: 'mail.example.com' }],
    ['SRV', '1 10 5269 a.example.com.', { priority: 1, weight: 10, port: 5269, target: 'a.example.com' }],
    ['TXT', '"a \\"b\\"" "\\344"', [Buffer.from('a "b"'), Buffer.from([0xe4])]],
    ['CAA', '128 issue "x"', { flags: 128, tag: 'issue', value: 'x', issuerCritical: true }],
    ['SSHFP', `4 2 ${HEX}`, { algorithm: 4, hash: 2, fingerprint: HEX }],
    [
      'NAPTR',
      '100 50 "s" "SIP+D2U" "" _sip._udp.example.com',
      {
        order: 100,
        preference: 50,
        flags: 's',
        services: 'SIP+D2U',
        regexp: '',
        replacement: '_sip._udp.example.com',
      },
    ],
  ];
  for (const [type, value, data] of cases) {
    const rdata = rdataFromValue(code(type), value);
    const packet = Buffer.concat([
      Buffer.from([0, 1, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, code(type) >> 8, code(type) & 255, 0, 1]),
      Buffer.from([0, 0, 1, 44, rdata.length >> 8, rdata.length & 255]),
      rdata,
    ]);
    t.same((dnsPacket.decode(packet).answers![0] as { data?: unknown }).data, data, `${type} ${value}`);
  }
});

t.test('values that are wrong', async (t) => {
  const marks = 'InvalidCharacterString (Value should be enclosed in quotation marks)';
  const unsupported = 'UnsupportedCharacter (Value contains unsupported characters)';
  for (const [type, value, problem] of [
    ['A', '192.0.2', 'ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)'],
    ['A', '192.0.2.1 192.0.2.2', 'ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)'],
    ['A', '', 'ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)'],
    ['A', '010.0.0.1', 'ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)'],
    ['AAAA', '192.0.2.1', 'AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)'],
    ['AAAA', 'fe80::1%eth0', 'AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)'],
    ['A', '\\# 4 C0000201', unsupported],
    ['CNAME', '', 'DomainNameEmpty (Domain name is empty)'],
    ['CNAME', 'a b', unsupported],
    ['CNAME', '"a"', unsupported],
    ['CNAME', 'a..b', 'DomainLabelEmpty (Domain label is empty)'],
    ['CNAME', 'ü.example', unsupported],
    ['NS', `${'a'.repeat(64)}.x`, 'DomainLabelTooLong (Domain label is too long)'],
    ['MX', 'mail.example.com', "MXRRDATANotTwoFields (MX record doesn't have 2 fields)"],
    ['MX', '10 a b', "MXRRDATANotTwoFields (MX record doesn't have 2 fields)"],
    ['MX', 'ten mail', 'MXRRDATAIllegalField ("ten" is not a number)'],
    ['MX', '65536 m', 'MXRRDATAIllegalField (preference: "65536" is not an integer from 0 to 65535)'],
    ['MX', '10 a..b', 'DomainLabelEmpty (Domain label is empty)'],
    ['SRV', '1 2 3', "SRVRRDATANotFourFields (SRV record doesn't have 4 fields)"],
    ['SOA', 'a b 1 1h 2 3 4', 'SOARRDATAIllegalField ("1h" is not a number)'],
    ['SOA', 'a b 1 2 3 4', "SOARRDATANotSevenFields (SOA record doesn't have 7 fields)"],
    ['TXT', 'v', marks],
    ['TXT', '', marks],
    ['TXT', '"a" b', marks],
    ['TXT', '"a', marks],
    ['TXT', '"a\\"', marks],
    ['TXT', '"a""b"', marks],
    ['TXT', `"${'a'.repeat(256)}"`, 'CharacterStringTooLong (Value is too long)'],
    ['TXT', '"ü"', unsupported],
    ['TXT', '"a\\tb"', unsupported],
    ['TXT', '"\\400"', unsupported],
    ['TXT', '"a\nb"', unsupported],
    ['SPF', 'v=spf1 -all', marks],
    ['CAA', '0 issue ca.example.net', marks],
    ['CAA', '0 issue', "CAARRDATANotThreeFields (CAA record doesn't have 3 fields)"],
    ['NAPTR', '1 2 s "x" "" .', marks],
    ['DS', '1 13 2 0F', 'DSRRDATAIllegalField (digest of 1 octets; 32 for algorithm 2)'],
    ['DS', `1 ED25519 2 ${HEX}`, 'DSRRDATAIllegalField ("ED25519" is not a number)'],
    ['SSHFP', '1 2', "SSHFPRRDATANotThreeFields (SSHFP record doesn't have 3 fields)"],
  ] as const)
    t.throws(
      () => rdataFromValue(code(type), value),
      { message: `FATAL problem: ${problem} encountered with '${value}'` },
      `${type} ${value.slice(0, 60)}`,
    );
  t.throws(() => rdataFromValue(TYPE.HTTPS, '0 a. port=1'), { code: 'HTTPSRRDATAIllegalField' });
  t.throws(() => rdataFromValue(TYPE.SVCB, '1 a. colour=1'), { code: 'SVCBRRDATAIllegalField' });
  t.throws(() => rdataFromValue(TYPE.SVCB, '1'), { code: 'SVCBRRDATANotTwoFields' });
});

t.test('any octets of a string come through', async () => {
  const octets = fc.uint8Array({ maxLength: 255 });
  fc.assert(
    fc.property(fc.array(octets, { minLength: 1, maxLength: 4 }), (strings) => {
      const value = strings.map((each) => `"${[...each].map(octal).join('')}"`).join(' ');
      const expected = Buffer.concat(strings.flatMap((each) => [Buffer.from([each.length]), each]));
      return Buffer.compare(rdataFromValue(TYPE.TXT, value), expected) === 0;
    }),
    { numRuns: 500 },
  );
});

/** Some printable octets are escaped too, so that both forms stand side by side. */
function octal(octet: number): string {
  if (octet === 0x22 || octet === 0x5c) return `\\${String.fromCharCode(octet)}`;
  if (octet >= 0x20 && octet < 0x7f && octet % 3 !== 0) return String.fromCharCode(octet);
  return `\\${octet.toString(8).padStart(3, '0')}`;
}

t.test('no text makes it throw anything else', async () => {
  const word = fc.oneof(
    fc.constantFrom('10', '.', 'a.b', '"x"', '\\', '"', 'alpn="h2', 'key1=', '\\101', '\\#', '0F', '@', '('),
    fc.string({ maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...SET_TYPES), fc.array(word, { maxLength: 8 }), (type, words) => {
      try {
        rdataFromValue(type, words.join(' '));
        return true;
      } catch (error) {
        return (error as Error).name === 'FatalProblem';
      }
    }),
    { numRuns: 5000 },
  );
});
