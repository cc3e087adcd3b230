/**
 * Rdata against dns-packet: what it encodes is read here, and what is parsed here it decodes, for the types and
 * values that it has right (no dot or octet over 0x7f inside a label, no bitmap with a gap in a window).
 */
import dnsPacket, { type Answer } from 'dns-packet';
import t from 'tap';
import { readMessage } from '../../../src/wire/message.ts';
import { rdataToText } from '../../../src/wire/rdata/table.ts';
import { code, rdata } from './text.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const base64 = (text: string): Buffer => Buffer.from(text, 'base64');
const DIGEST = 'ab'.repeat(32);

function record<T extends Answer['type']>(
  type: T,
  data: (Answer & { type: T; data: unknown })['data'],
): Answer {
  return { name: 'example', ttl: 300, type, data } as unknown as Answer;
}

const CASES: readonly [Answer, string][] = [
  [record('A', '192.0.2.1'), '192.0.2.1'],
  [record('AAAA', '2001:db8::1'), '2001:db8::1'],
  [record('NS', 'ns1.example.com'), 'ns1.example.com.'],
  [record('CNAME', 'WWW.Example.com'), 'WWW.Example.com.'],
  [record('PTR', 'host.example.com'), 'host.example.com.'],
  [record('DNAME', 'b.example.com'), 'b.example.com.'],
  [
    record('SOA', {
      mname: 'ns1.example.com',
      rname: 'hostmaster.example.com',
      serial: 4294967295,
      refresh: 7200,
      retry: 3600,
      expire: 1209600,
      minimum: 300,
    }),
    'ns1.example.com. hostmaster.example.com. 4294967295 7200 3600 1209600 300',
  ],
  [record('MX', { preference: 10, exchange: 'mail.example.com' }), '10 mail.example.com.'],
  [
    record('TXT', [Buffer.from('a "quoted" \\ string'), Buffer.from([0, 255])]),
    '"a \\"quoted\\" \\\\ string" "\\000\\255"',
  ],
  [
    record('SRV', { priority: 1, weight: 2, port: 389, target: 'ldap.example.com' }),
    '1 2 389 ldap.example.com.',
  ],
  [
    record('CAA', { flags: 128, tag: 'issue', value: 'ca.example.net; a=1', issuerCritical: true }),
    '128 issue "ca.example.net; a=1"',
  ],
  [record('HINFO', { cpu: 'PC', os: 'Linux box' }), '"PC" "Linux box"'],
  [record('RP', { mbox: 'a.example.com', txt: 'b.example.com' }), 'a.example.com. b.example.com.'],
  [
    record('DS', { keyTag: 12345, algorithm: 8, digestType: 2, digest: hex(DIGEST) }),
    `12345 8 2 ${DIGEST.toUpperCase()}`,
  ],
  [record('DNSKEY', { flags: 257, algorithm: 13, key: base64('AQIDBAUG') }), '257 3 13 AQIDBAUG'],
  [
    record('RRSIG', {
      typeCovered: 'MX',
      algorithm: 13,
      labels: 2,
      originalTTL: 300,
      expiration: 1893456000,
      inception: 1700000000,
      keyTag: 4242,
      signersName: 'example.com',
      signature: base64('AQIDBAUG'),
    }),
    'MX 13 2 300 20300101000000 20231114221320 4242 example.com. AQIDBAUG',
  ],
  [
    record('NSEC', { nextDomain: 'next.example.com', rrtypes: ['A', 'MX', 'RRSIG', 'NSEC'] }),
    'next.example.com. A MX RRSIG NSEC',
  ],
  [
    record('NSEC3', {
      algorithm: 1,
      flags: 1,
      iterations: 12,
      salt: hex('aabbccdd'),
      nextDomain: hex('174eb2409fe28bcb4887a1836f957f0a8425e27b'),
      rrtypes: ['NS', 'SOA', 'MX', 'RRSIG', 'DNSKEY', 'NSEC3PARAM'],
    }),
    '1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS SOA MX RRSIG DNSKEY NSEC3PARAM',
  ],
  [
    record('SSHFP', { algorithm: 4, hash: 2, fingerprint: DIGEST.toUpperCase() }),
    `4 2 ${DIGEST.toUpperCase()}`,
  ],
  [
    record('TLSA', { usage: 3, selector: 1, matchingType: 1, certificate: hex(DIGEST) }),
    `3 1 1 ${DIGEST.toUpperCase()}`,
  ],
  [
    record('NAPTR', {
      order: 100,
      preference: 10,
      flags: 'u',
      services: 'E2U+sip',
      regexp: '!^.*$!sip:info@example.com!',
      replacement: '.',
    }),
    '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .',
  ],
  [record('NULL', hex('00ff')), '\\# 2 00FF'],
];

t.test('what dns-packet encodes is read here', async (t) => {
  for (const [answer, text] of CASES) {
    const message = readMessage(dnsPacket.encode({ type: 'response', id: 1, answers: [answer] }));
    const rr = message.answer[0]!;
    t.equal(`${answer.type} ${rdataToText(rr.type, rr.rdata)}`, `${answer.type} ${text}`);
  }
});

t.test('what is parsed here, dns-packet decodes', async (t) => {
  for (const [answer, text] of CASES) {
    const decoded = dnsPacket.decode(responseWith(code(answer.type), rdata(answer.type, text)));
    t.match(plain(decoded.answers?.[0]), plain({ ...answer, name: '.' }), `${answer.type} ${text}`);
  }
});

/** A message of one answer, owned by the root. */
function responseWith(type: number, octets: Uint8Array): Buffer {
  const message = Buffer.alloc(23 + octets.length);
  message.writeUInt16BE(0x8000, 2);
  message.writeUInt16BE(1, 6);
  message.writeUInt16BE(type, 13);
  message.writeUInt16BE(1, 15);
  message.writeUInt32BE(300, 17);
  message.writeUInt16BE(octets.length, 21);
  message.set(octets, 23);
  return message;
}

/** Buffers as their octets in hex, whatever memory they share. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
}
