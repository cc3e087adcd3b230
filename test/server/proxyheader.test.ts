/** Headers of the PROXY protocol, whole, in parts, and what is none. */
import fc from 'fast-check';
import t from 'tap';
import { PROXY_HEADER_OCTETS_MAX, readProxyHeader } from '../../src/server/proxyheader.ts';
import { addressToText } from '../../src/util/cidr.ts';
import { headerOwn, headerV1, headerV2, rawV2 } from '../support/proxyheader.ts';

const read = (octets: Uint8Array) => {
  const header = readProxyHeader(octets);
  return header.kind === 'client' ? `${addressToText(header.address)} ${header.port}` : header.kind;
};
const text = (line: string): Uint8Array => Buffer.from(line, 'latin1');

t.test('both versions, both families', async (t) => {
  for (const address of ['192.0.2.1', '2001:db8::1'])
    for (const header of [headerV1(address, 4711), headerV2(address, 4711)]) {
      t.equal(read(header), `${address} 4711`);
      const more = Buffer.concat([header, Buffer.from('what the client says')]);
      t.match(readProxyHeader(more), { octets: header.length });
    }
  t.equal(read(headerV2('192.0.2.1', 1, { more: Buffer.alloc(100) })), '192.0.2.1 1');
  t.equal(read(headerV2('192.0.2.1', 1, { transport: 2 })), '192.0.2.1 1', 'asked by UDP');
});

t.test('the longest of version 1', async (t) => {
  const all = Array.from({ length: 8 }, () => 'ffff').join(':');
  const [named, unknown] = ['TCP6', 'UNKNOWN'].map((family) =>
    text(`PROXY ${family} ${all} ${all} 65535 65535\r\n`),
  ) as [Uint8Array, Uint8Array];
  t.equal(named.length, 104);
  t.equal(read(named), `${all} 65535`);
  t.equal(unknown.length, 107);
  const more = Buffer.from('what the client says');
  t.same(readProxyHeader(Buffer.concat([unknown, more])), { kind: 'own', octets: 107 });
  t.equal(read(unknown.subarray(0, 106)), 'part');
  // One more octet than there may be, of which the last two end the line.
  t.equal(read(text(`PROXY UNKNOWN ${all} ${all} 65535 655350\r\n`)), 'invalid');
});

t.test('an IPv4 address is one, however it is written: access lists are by it', async (t) => {
  t.equal(read(text('PROXY TCP6 ::ffff:192.0.2.1 ::1 1 53\r\n')), '192.0.2.1 1');
  const mapped = Buffer.from('00000000000000000000ffffc0000201'.repeat(2) + '00010035', 'hex');
  t.equal(read(rawV2(0x21, 0x21, mapped)), '192.0.2.1 1');
});

t.test('the proxy itself', async (t) => {
  t.equal(read(headerOwn()), 'own');
  t.equal(read(rawV2(0x20, 0x11, Buffer.alloc(12))), 'own');
  t.equal(read(rawV2(0x21, 0x00, Buffer.alloc(0))), 'own', 'of no family');
  for (const family of [0x31, 0x32]) {
    const local = rawV2(0x21, family, Buffer.alloc(216, '/run/dns.sock'));
    t.equal(read(local), 'own', 'of a local socket');
    t.equal(read(local.subarray(0, -1)), 'part');
    t.match(readProxyHeader(Buffer.concat([local, Buffer.from('more')])), { octets: 16 + 216 });
  }
  t.equal(read(text('PROXY UNKNOWN\r\n')), 'own');
  t.equal(read(text('PROXY UNKNOWN ::1 ::1 1 1\r\n')), 'own');
});

t.test('what is none', async (t) => {
  for (const line of [
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n',
    'PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    'PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY \r\n',
    'proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n',
    `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
    `PROXY UNKNOWN ${'x'.repeat(100)}`,
    'GET / HTTP/1.1\r\n',
  ])
    t.equal(read(text(line)), 'invalid', JSON.stringify(line));
  t.equal(read(rawV2(0x22, 0x11, Buffer.alloc(12))), 'invalid', 'another command');
  t.equal(read(rawV2(0x11, 0x11, Buffer.alloc(12))), 'invalid', 'another version');
  t.equal(read(rawV2(0x21, 0x11, Buffer.alloc(11))), 'invalid', 'too short for its addresses');
  t.equal(read(rawV2(0x21, 0x21, Buffer.alloc(35))), 'invalid');
  t.equal(read(rawV2(0x21, 0x41, Buffer.alloc(216))), 'invalid', 'of a family that there is not');
  t.equal(read(rawV2(0x21, 0x11, Buffer.alloc(PROXY_HEADER_OCTETS_MAX))), 'invalid', 'too long');
  t.equal(read(rawV2(0x20, 0x00, Buffer.alloc(PROXY_HEADER_OCTETS_MAX))), 'invalid');
});

const headers = fc.oneof(
  fc.tuple(fc.ipV4(), fc.nat(65535)).map(([address, port]) => headerV1(address, port)),
  fc.tuple(fc.ipV4(), fc.nat(65535)).map(([address, port]) => headerV2(address, port)),
  fc
    .tuple(fc.uint8Array({ maxLength: 40 }))
    .map(([more]) => headerV2('2001:db8::1', 1, { more: Buffer.from(more) })),
);

t.test('a header in parts is a part until it is whole, and no longer', async () => {
  fc.assert(
    fc.property(headers, fc.nat(1_000), (header, at) => {
      const cut = at % header.length;
      return read(header.subarray(0, cut)) === 'part' && !['part', 'invalid'].includes(read(header));
    }),
  );
});

t.test('whatever comes, a verdict, within bounds', async () => {
  const changed = fc
    .tuple(headers, fc.array(fc.tuple(fc.nat(100), fc.nat(255)), { maxLength: 3 }))
    .map(([header, changes]) => {
      for (const [at, octet] of changes) if (at < header.length) header[at] = octet;
      return header;
    });
  fc.assert(
    fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 1200 })), (octets) => {
      const header = readProxyHeader(octets);
      switch (header.kind) {
        case 'part':
          return octets.length < PROXY_HEADER_OCTETS_MAX;
        case 'invalid':
          return true;
        case 'own':
        case 'client':
          return header.octets <= octets.length && header.octets <= PROXY_HEADER_OCTETS_MAX;
      }
    }),
    { numRuns: 2_000 },
  );
});
