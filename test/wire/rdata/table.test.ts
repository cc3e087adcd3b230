import t from 'tap';
import { fromHex, toHex } from '../../../src/wire/base.ts';
import { Cursor } from '../../../src/wire/cursor.ts';
import { TextError, WireError } from '../../../src/wire/error.ts';
import {
  canonicalRdata,
  checkRdata,
  eachCompressibleName,
  eachName,
  isDataType,
  questionTypeFromText,
  RDATA_TYPES,
  rdataToText,
  rdataType,
  readRdata,
  typeFromText,
  typeToText,
} from '../../../src/wire/rdata/table.ts';
import { ALL_SAMPLES, SAMPLES } from './samples.ts';
import { code, rdata, tokensOf } from './text.ts';

const bytes = (hex: string): Uint8Array => fromHex(hex.replaceAll(' ', ''))!;

t.test('every sample: text to wire, to text, to wire', async (t) => {
  for (const { type, text, printed = text, hex } of ALL_SAMPLES) {
    const wire = rdata(type, text);
    if (hex !== undefined) t.equal(toHex(wire), hex.replaceAll(' ', '').toUpperCase(), `${type} ${text}`);
    const again = rdataToText(code(type), wire);
    t.equal(again, printed, `${type} ${text}`);
    t.same(rdata(type, again), wire, `${type} ${text}`);
  }
});

t.test('every sample is read from a message, and the cursor stands behind it', async (t) => {
  for (const { type, text } of ALL_SAMPLES) {
    const wire = rdata(type, text);
    const message = new Uint8Array(wire.length + 5).fill(0xff);
    message.set(wire, 3);
    const c = new Cursor(message, 3);
    t.same(readRdata(code(type), c, wire.length), wire, `${type} ${text}`);
    t.same([c.off, c.end], [wire.length + 3, message.length], `${type} ${text}`);
  }
});

t.test('every type has a sample and its name', async (t) => {
  const sampled = new Set(ALL_SAMPLES.map(({ type }) => type));
  for (const { mnemonic, code } of RDATA_TYPES) {
    t.ok(sampled.has(mnemonic), mnemonic);
    t.equal(typeToText(code), mnemonic);
    t.equal(rdataType(code)?.mnemonic, mnemonic);
  }
  t.equal(new Set(RDATA_TYPES.map((type) => type.code)).size, RDATA_TYPES.length);
});

t.test('names of types', async (t) => {
  t.equal(typeFromText('A'), 1);
  t.equal(typeFromText('aaaa'), 28);
  t.equal(typeFromText('Type257'), 257);
  t.equal(typeFromText('TYPE0'), 0);
  t.equal(typeFromText('nsap-ptr'), 23);
  for (const text of [
    '',
    'TYPE',
    'TYPE65536',
    'TYPE01',
    'TYPE1x',
    'IN',
    'ANY',
    '*',
    'AXFR',
    'constructor',
    '__proto__',
  ])
    t.equal(typeFromText(text), undefined, text);
  t.equal(typeToText(255), 'ANY');
  t.equal(typeToText(10), 'NULL');
  t.equal(typeToText(65400), 'TYPE65400');
  for (const text of ['ANY', 'any', '*']) t.equal(questionTypeFromText(text), 255);
  t.equal(questionTypeFromText('axfr'), 252);
  t.equal(questionTypeFromText('mx'), 15);
  t.equal(questionTypeFromText('nonsense'), undefined);
});

t.test('what can be data in a zone', async (t) => {
  for (const type of ['A', 'NULL', 'SPF', 'CAA', 'TYPE65280', 'TYPE256']) t.ok(isDataType(code(type)), type);
  for (const type of ['TYPE0', 'OPT', 'TYPE128', 'TKEY', 'TSIG', 'TYPE252', 'TYPE255'])
    t.notOk(isDataType(code(type)), type);
  for (const { type } of SAMPLES) t.ok(isDataType(code(type)), type);
});

/** `example.` is at offset 0 of these messages, `mail.example.` at 9. */
const NAMES = '076578616d706c6500 046d61696cc000';

function readAfterNames(type: string, hex: string): string {
  const message = bytes(NAMES + hex);
  const length = hex.replaceAll(' ', '').length / 2;
  return rdataToText(code(type), readRdata(code(type), new Cursor(message, 16), length));
}

t.test('compressed names are read where RFC 3597 section 4 allows them, and nowhere else', async (t) => {
  t.equal(readAfterNames('NS', 'c009'), 'mail.example.');
  t.equal(readAfterNames('MX', '000a c009'), '10 mail.example.');
  t.equal(readAfterNames('MINFO', '0161c000 c009'), 'a.example. mail.example.');
  t.equal(
    readAfterNames('SOA', 'c009 0161c000 00000001 00000002 00000003 00000004 00000005'),
    'mail.example. a.example. 1 2 3 4 5',
  );
  t.equal(readAfterNames('SRV', '0001 0002 0003 c009'), '1 2 3 mail.example.');
  t.equal(readAfterNames('NAPTR', '0001 0002 00 0161 00 c000'), '1 2 "" "a" "" example.');
  t.equal(readAfterNames('RP', 'c000 c009'), 'example. mail.example.');
  t.equal(readAfterNames('DNAME', 'c000'), 'example.');
  const forbidden: [string, string][] = [
    ['NSEC', 'c000 00 01 40'],
    ['RRSIG', `0001 05 02 00000000 00000000 00000000 0000 c000 00`],
    ['SVCB', '0001 c000'],
    ['IPSECKEY', '0a 03 02 c000 00'],
    ['HIP', '01 02 0001 00 00 c000'],
    ['TSIG', 'c000 000000000000 0000 0000 0000 0000 0000'],
  ];
  for (const [type, hex] of forbidden) t.throws(() => readAfterNames(type, hex), WireError, type);
  t.equal(readAfterNames('TYPE65280', 'c000'), '\\# 2 C000');
});

t.test('a pointer may not leave its record forward, nor rdata grow over 65,535 octets', async (t) => {
  t.throws(() => readAfterNames('NS', 'c010'), WireError);
  t.throws(() => readAfterNames('NS', 'c012 00'), WireError);
  t.throws(() => readAfterNames('MX', '000a c009 00'), { message: /left over/ });
  t.throws(() => readAfterNames('A', 'c0000201 00'), { message: /left over/ });
  t.throws(() => readRdata(1, new Cursor(bytes('c00002')), 4), WireError);
});

t.test('what wire allows and presentation form cannot say is printed generically', async (t) => {
  const cases: [string, string, string][] = [
    ['IPSECKEY', '0a 04 02 0102', 'a gateway of unknown type'],
    ['LOC', '01 020304', 'another version'],
    ['APL', '0003 08 01 ff', 'another address family'],
    ['DS', '0001 08 02 abcd', 'a SHA-256 digest of two octets'],
    ['TLSA', '03 01 01 abcd', 'the same'],
    ['SVCB', '0001 00 0002 0000', 'no-default-alpn without alpn'],
    ['SVCB', '0001 00 0007 0001 2f', 'a DoH path that is no template'],
    ['OPT', '0003 0000', 'options'],
  ];
  for (const [type, hex, why] of cases) {
    const wire = bytes(hex);
    checkRdata(code(type), wire);
    const text = rdataToText(code(type), wire);
    t.match(text, /^\\# [0-9]+ [0-9A-F]+$/, why);
    t.same(rdata(type, text), wire, why);
  }
  t.equal(rdataToText(1, bytes('c000')), '\\# 2 C000', 'rdata that is broken');
});

t.test('canonical form lower-cases names of the old types only (RFC 4034 6.2, RFC 6840 5.1)', async (t) => {
  const cases: [string, string, string][] = [
    ['NS', 'Ns.Example.', 'ns.example.'],
    ['SOA', 'Ns.Example. Root.Example. 1 2 3 4 5', 'ns.example. root.example. 1 2 3 4 5'],
    ['MX', '10 Mail.Example.', '10 mail.example.'],
    ['NAPTR', '1 2 "S" "X" "!A!B!" Host.Example.', '1 2 "S" "X" "!A!B!" host.example.'],
    ['SRV', '1 2 3 Host.Example.', '1 2 3 host.example.'],
    ['DNAME', 'A.Example.', 'a.example.'],
    ['RRSIG', 'A 5 3 1 1 1 1 Example.COM. AQID', 'A 5 3 1 19700101000001 19700101000001 1 example.com. AQID'],
    ['NSEC', 'Next.Example. A', 'Next.Example. A'],
    ['HINFO', '"PC" "OS"', '"PC" "OS"'],
    ['TXT', '"ABC"', '"ABC"'],
    ['SVCB', '1 Foo.Example.', '1 Foo.Example.'],
    ['IPSECKEY', '10 3 2 Gate.Example. AQID', '10 3 2 Gate.Example. AQID'],
    ['TYPE65280', '\\# 3 014100', '\\# 3 014100'],
  ];
  for (const [type, text, canonical] of cases)
    t.equal(rdataToText(code(type), canonicalRdata(code(type), rdata(type, text))), canonical, type);
});

t.test('places of names: all of them, and those that may be compressed when sent', async (t) => {
  const places = (each: typeof eachName, type: string, text: string): number[][] => {
    const found: number[][] = [];
    each(code(type), rdata(type, text), (offset, length) => found.push([offset, length]));
    return found;
  };
  const cases: [string, string, number[][], number[][]][] = [
    ['A', '192.0.2.1', [], []],
    ['NS', 'a.example.', [[0, 11]], [[0, 11]]],
    ['NS', '.', [[0, 1]], [[0, 1]]],
    ['MX', '10 a.example.', [[2, 11]], [[2, 11]]],
    [
      'SOA',
      'a.example. b.c.example. 1 2 3 4 5',
      [
        [0, 11],
        [11, 13],
      ],
      [
        [0, 11],
        [11, 13],
      ],
    ],
    ['SRV', '1 2 3 a.example.', [[6, 11]], []],
    ['NAPTR', '1 2 "S" "abc" "" a.example.', [[11, 11]], []],
    ['DNAME', 'a.example.', [[0, 11]], []],
    ['SVCB', '1 a.example. port=53', [[2, 11]], []],
    ['RRSIG', 'A 5 3 1 1 1 1 a.example. AQID', [[18, 11]], []],
    ['TYPE65280', '\\# 1 00', [], []],
  ];
  for (const [type, text, all, compressible] of cases) {
    t.same(places(eachName, type, text), all, type);
    t.same(places(eachCompressibleName, type, text), compressible, type);
  }
});

t.test('malformed text is told with its place', async (t) => {
  const cases: [string, string, string][] = [
    ['A', '', '1:1 address is missing'],
    ['A', '192.0.2', '1:1 address: "192.0.2" is not an IPv4 address'],
    ['A', '192.0.2.01', '1:1 address: "192.0.2.01" is not an IPv4 address'],
    ['A', '192.0.2.1 192.0.2.2', '1:11 "192.0.2.2" is left over after A rdata'],
    ['A', '\\# 3 c00002', '1:6 rdata: 4 octets expected, 3 left'],
    ['A', '\\# 5 c000020101', '1:6 rdata: 1 octets left over after A rdata'],
    ['A', '\\# 4 c0 00 02', '1:6 3 octets of rdata; 4 announced'],
    ['A', '\\# 4 c00g0201', '1:6 rdata: not hexadecimal'],
    ['A', '\\# 65536 00', '1:4 rdata length: "65536" is not an integer from 0 to 65535'],
    ['A', '\\#', '1:3 rdata length is missing'],
    ['AAAA', '2001:db8::1::', '1:1 address: "2001:db8::1::" is not an IPv6 address'],
    ['NS', 'a..example.', '1:1 name server: empty label'],
    ['CNAME', '\\256.', '1:1 target: \\256 is not an octet; write three decimal digits, \\000 to \\255'],
    ['MX', 'ten mail', '1:1 preference: "ten" is not an integer from 0 to 65535'],
    ['MX', '(\n  65536 mail )', '2:3 preference: "65536" is not an integer from 0 to 65535'],
    ['MX', '10', '1:3 exchange is missing'],
    ['SOA', 'ns root 1 2 3 4', '1:16 minimum is missing'],
    ['SOA', 'ns root 1 2x 3 4 5', '1:11 refresh: "2x" is not a time; write seconds or a form like 1h30m'],
    ['SOA', 'ns root 4294967296 2 3 4 5', '1:9 serial: "4294967296" is not an integer from 0 to 4294967295'],
    ['HINFO', 'PC', '1:3 OS is missing'],
    ['TXT', '', '1:1 text is missing'],
    ['TXT', `ok ${'x'.repeat(256)}`, '1:4 text: over 255 octets'],
    ['TXT', '"a" "\\1"', '1:5 text: \\1 is not an octet; write three decimal digits, \\000 to \\255'],
    ['LOC', '91 N 0 E 0', '1:1 degrees of latitude: "91" is not an integer from 0 to 90'],
    ['LOC', '90 0 0.001 N 0 E 0', '1:1 latitude: over 90 degrees'],
    ['LOC', '1 60 N 0 E 0', '1:3 minutes of latitude: "60" is not an integer from 0 to 59'],
    ['LOC', '1 2 60 N 0 E 0', '1:5 seconds of latitude: "60" is not 0 to 59.999'],
    ['LOC', '1 2 3 E 0 E 0', '1:7 hemisphere of latitude: "E" is not N or S'],
    ['LOC', '1 N 2 E -100000.01m', '1:9 altitude: "-100000.01m" is not -100000.00m to 42849672.95m'],
    ['LOC', '1 N 2 E 3 90000001m', '1:11 size: "90000001m" is not 0m to 90000000.00m'],
    ['LOC', '1 N 2 E 3 1m 1m 1m 1m', '1:20 "1m" is left over after LOC rdata'],
    ['CERT', 'FOO 0 0 AQID', '1:1 certificate type: "FOO" is not an integer from 0 to 65535'],
    ['CERT', 'PGP 0 0 AQI', '1:9 certificate: not base64: "AQI"'],
    [
      'APL',
      '1:192.0.2.0',
      '1:1 "1:192.0.2.0" is not a prefix; write [!]1:192.0.2.0/24 or [!]2:2001:db8::/32',
    ],
    ['APL', '1:192.0.2.0/24 1:192.0.2.0/33', '1:16 prefix length 33; at most 32 for address family 1'],
    ['APL', '2:192.0.2.0/24', '1:1 "192.0.2.0" is not an address of family 2'],
    ['DS', '1 8 2', '1:6 digest is missing'],
    ['DS', '1 RSASHA257 2 00', '1:3 algorithm: "RSASHA257" is not an integer from 0 to 255'],
    ['DS', '1 8 2 ABC', '1:7 digest: not hexadecimal: "ABC"'],
    ['DS', '1 8 2 ABCD', '1:1 digest of 2 octets; 32 for algorithm 2'],
    ['ZONEMD', '1 1 240 ABCD', '1:9 digest of 2 octets; at least 12'],
    ['IPSECKEY', '10 4 2 x AQID', '1:8 gateway type over 3; write the rdata in the form \\# LENGTH HEX'],
    ['IPSECKEY', '10 0 2 x AQID', '1:8 gateway: gateway type 0 is written "."'],
    ['IPSECKEY', '10 1 2 ::1 AQID', '1:8 gateway: "::1" is not an IPv4 address'],
    ['RRSIG', 'B 5 3 1 1 1 1 . AQID', '1:1 "B" is not a record type'],
    [
      'RRSIG',
      'A 5 3 1 20230229000000 1 1 . AQID',
      '1:9 expiration: "20230229000000" is not a time; write YYYYMMDDHHmmSS from 1970 to 2106',
    ],
    ['NSEC', 'a. A ANY', '1:6 "ANY" is not a record type'],
    ['DNSKEY', '256 3 8', '1:8 public key is missing'],
    ['NSEC3', '1 0 0 - = A', '1:9 next hashed owner: not base32hex: "="'],
    ['NSEC3', '1 0 0 abc 00', '1:7 salt: not hexadecimal: "abc"'],
    ['HIP', '2 20', '1:5 public key is missing'],
    [
      'EUI48',
      '00-00-5e-00-53',
      '1:1 EUI-48 address: not 6 pairs of hex digits with hyphens: "00-00-5e-00-53"',
    ],
    ['URI', '1 2 ""', '1:5 target is empty'],
    ['CAA', '256 issue ""', '1:1 flags: "256" is not an integer from 0 to 255'],
    ['CAA', '0 is-sue ""', '1:3 tag: "is-sue" is not letters and digits'],
    ['CAA', '0 "" ""', '1:3 tag: "" is not letters and digits'],
    ['OPT', 'x', '1:1 OPT has no presentation form'],
    ['TSIG', 'a. 1 2 3 AQ== 4 0 0', '1:10 MAC: not 3 octets of base64'],
    ['TYPE65280', 'x', '1:1 rdata of type TYPE65280 is written \\# LENGTH HEX'],
    ['TYPE65280', '', '1:1 \\# LENGTH HEX is missing'],
    // RFC 9460 appendix D.3.
    ['SVCB', '1 foo. key123=abc key123=def', '1:19 SvcParam key123 is there twice'],
    ['SVCB', '1 foo. mandatory', '1:8 mandatory: "" is not a key'],
    ['SVCB', '1 foo. alpn', '1:8 alpn: identifier of 0 octets; 1 to 255'],
    ['SVCB', '1 foo. port', '1:8 port: "" is not a port, 0 to 65535'],
    ['SVCB', '1 foo. ipv4hint', '1:8 ipv4hint: "" is not an IPv4 address'],
    ['SVCB', '1 foo. ipv6hint', '1:8 ipv6hint: "" is not an IPv6 address'],
    ['SVCB', '1 foo. no-default-alpn=abc', '1:8 no-default-alpn: takes no value'],
    ['SVCB', '1 foo. mandatory=key123', '1:8 mandatory key key123 is missing'],
    ['SVCB', '1 foo. mandatory=mandatory', '1:8 mandatory: lists itself'],
    ['SVCB', '1 foo. mandatory=key123,key123 key123=abc', '1:8 mandatory: lists a key twice'],
    ['SVCB', '1 foo. port=53 no-default-alpn', '1:1 no-default-alpn without alpn'],
    ['SVCB', '1 foo. dohpath=/dns', '1:1 dohpath has no variable "dns", as in /dns-query{?dns}'],
    ['SVCB', '1 foo. dohpath=dns{?dns}', '1:1 dohpath does not begin with "/"'],
    ['SVCB', '1 foo. alpn=h2,,h3', '1:8 alpn: identifier of 0 octets; 1 to 255'],
    ['SVCB', '1 foo. alpn=a\\\\b', '1:8 alpn: backslash before something other than a comma or backslash'],
    ['SVCB', '1 foo. ech=AAA', '1:8 ech: not base64 of an ECHConfigList'],
    ['SVCB', '1 foo. key1=h2', '1:8 alpn: 104 octets expected, 1 left'],
    ['SVCB', '1 foo. key3=\\000', '1:8 port: 2 octets expected, 1 left'],
    ['SVCB', '1 foo. Port=53', '1:8 "Port" is not a SvcParam key; write a name or keyNNNNN'],
    ['SVCB', '1 foo. key65536', '1:8 "key65536" is not a SvcParam key; write a name or keyNNNNN'],
    ['SVCB', '1 foo. "port=53"', '1:8 "port" is not a SvcParam key; write a name or keyNNNNN'],
  ];
  for (const [type, text, expected] of cases) {
    let message = 'accepted';
    try {
      rdata(type, text);
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      message = `${error.line}:${error.column} ${error.message}`;
    }
    t.equal(message, expected, `${type} ${text}`);
  }
});

t.test('malformed wire is refused', async (t) => {
  const cases: [string, string, string][] = [
    ['TXT', '', 'no string'],
    ['TXT', '0261', 'a string that runs past the end'],
    ['HINFO', '0161', 'one string'],
    ['NS', '0161', 'a name without its end'],
    ['NS', `${`3f${'61'.repeat(63)}`.repeat(4)}00`, 'a name of 257 octets'],
    ['LOC', `00 0f 16 13 80000000 80000000 00000000`, 'an exponent of 15'],
    ['LOC', `00 01 16 13 80000000 80000000 00000000`, 'a zero with an exponent'],
    ['LOC', `00 12 16 13 ffffffff 80000000 00000000`, 'a latitude over 90 degrees'],
    ['LOC', `00 12 16 13 80000000 00000000 00000000`, 'a longitude over 180 degrees'],
    ['APL', '0001 21 01 ff', 'an IPv4 prefix of 33'],
    ['APL', '0001 20 05 0102030405', 'an IPv4 address of five octets'],
    ['APL', '0001 20 02 0100', 'an address with a trailing zero'],
    ['NSEC', '00 01 01 40 00 01 40', 'windows in falling order'],
    ['NSEC', '00 00 01 40 00 01 40', 'a window twice'],
    ['NSEC', '00 00 00', 'an empty window'],
    ['NSEC', `00 00 21 ${'01'.repeat(33)}`, 'a window of 33 octets'],
    ['NSEC', '00 00 02 4000', 'a window with a trailing zero'],
    ['NSEC3', '01 00 0000 00 00', 'no next hashed owner'],
    ['CAA', '00 00 61', 'an empty tag'],
    ['CAA', '00 02 612d', 'a tag with a hyphen'],
    ['URI', '0001 0002', 'no target'],
    ['DS', '0001 08 02', 'no digest'],
    ['ZONEMD', '00000001 01 f0 00112233445566778899aa', 'a digest of eleven octets'],
    ['HIP', '00 02 0001 00', 'no HIT'],
    ['OPT', '0003 0001', 'an option past the end'],
    ['SVCB', '0001 00 0003 0002 0035 0001 0003 026832', 'keys in falling order'],
    ['SVCB', '0001 00 0003 0002 0035 0003 0002 0035', 'a key twice'],
    ['SVCB', '0001 00 0003 0003 003500', 'a port of three octets'],
    ['SVCB', '0001 00 0003 0002 00', 'a value past the end'],
    ['SVCB', '0001 00 0001 0000', 'no alpn identifier'],
    ['SVCB', '0001 00 0001 0001 00', 'an empty alpn identifier'],
    ['SVCB', '0001 00 0002 0001 00', 'no-default-alpn with a value'],
    ['SVCB', '0001 00 0004 0000', 'no hint'],
    ['SVCB', '0001 00 0004 0005 c000020101', 'a hint of five octets'],
    ['SVCB', '0001 00 0005 0000', 'no ECHConfigList'],
    ['SVCB', '0001 00 0000 0000', 'no mandatory key'],
    ['SVCB', '0001 00 0000 0002 0000', 'mandatory that lists itself'],
    ['SVCB', '0001 00 0000 0002 0003', 'a mandatory key that is missing'],
    ['SVCB', '0001 00 0000 0004 0003 0001 0001 0003 026832 0003 0002 0035', 'mandatory in falling order'],
    [
      'SVCB',
      '0001 00 0000 0002 0004 0003 0002 0035 0006 0010 20010db8000000000000000000000001',
      'a mandatory key that is skipped',
    ],
    ['TSIG', '00 000000000000 0000 0005 00', 'a MAC past the end'],
  ];
  for (const [type, hex, why] of cases) {
    const wire = bytes(hex);
    t.throws(() => checkRdata(code(type), wire), WireError, `${type}: ${why}`);
    t.throws(() => readRdata(code(type), new Cursor(wire), wire.length), WireError, `${type}: ${why}`);
  }
});

t.test('rdata has at most 65,535 octets', async (t) => {
  const words = (count: number): string => `"${'x'.repeat(255)}" `.repeat(count);
  t.equal(rdata('TXT', words(255) + `"${'x'.repeat(254)}"`).length, 65535);
  t.throws(() => rdata('TXT', words(256)), { message: 'rdata over 65535 octets', line: 1, column: 1 });
  t.throws(() => rdata('OPENPGPKEY', `${'A'.repeat(87384)}`), { message: 'rdata over 65535 octets' });
  t.throws(() => rdata('HIP', `1 00 ${'A'.repeat(87380)} example.`), { message: 'rdata over 65535 octets' });
  t.throws(() => checkRdata(65280, new Uint8Array(65536)), WireError);
  t.equal(rdata('NS', 'a.example.').length, 11, 'and the next rdata is not concerned');
});

t.test('words may be given without any', async (t) => {
  t.ok(tokensOf('').done);
  t.same(rdata('APL', ''), new Uint8Array(0));
});
