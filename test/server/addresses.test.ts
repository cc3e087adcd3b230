import t from 'tap';
import { canonicalAddress, hostAddresses, isWildcard, peerOctets } from '../../src/server/addresses.ts';
import { parseAddress } from '../../src/util/cidr.ts';

type Interfaces = NonNullable<Parameters<typeof hostAddresses>[0]>;

t.test('addresses of the host: each once, link-local ones with their link', (t) => {
  const interfaces = {
    lo: [{ address: '127.0.0.1' }, { address: '::1' }],
    eth0: [{ address: '192.0.2.1' }, { address: 'fe80::1' }, { address: '2001:db8:0:0::1' }],
    eth1: [{ address: 'fe80::1' }, { address: 'febf::2' }, { address: '192.0.2.1' }],
    down: undefined,
  } as unknown as Interfaces;
  t.same(hostAddresses(interfaces), [
    '127.0.0.1',
    '::1',
    '192.0.2.1',
    'fe80::1%eth0',
    '2001:db8::1',
    'fe80::1%eth1',
    'febf::2%eth1',
  ]);
  t.ok(hostAddresses().includes('127.0.0.1'), 'and of this host');
  t.end();
});

t.test('one text for each address', (t) => {
  t.equal(canonicalAddress('2001:DB8:0::1'), '2001:db8::1');
  t.equal(canonicalAddress('FE80::1%eth0'), 'fe80::1%eth0');
  t.equal(canonicalAddress('192.0.2.1'), '192.0.2.1');
  t.equal(canonicalAddress('0:0::0'), '::');
  t.throws(() => canonicalAddress('localhost'));
  t.ok(isWildcard('::') && isWildcard('0.0.0.0'));
  t.notOk(isWildcard('::1') || isWildcard('127.0.0.1'));
  t.end();
});

t.test('octets of a peer as the kernel prints it', (t) => {
  for (const text of ['0.0.0.0', '192.0.2.53', '255.255.255.255', '10.200.30.4', '::1', '2001:db8::a:b'])
    t.same(peerOctets(text), parseAddress(text), text);
  t.same(peerOctets('fe80::1%eth0'), parseAddress('fe80::1'));
  t.same(peerOctets('::ffff:192.0.2.1'), new Uint8Array([192, 0, 2, 1]), 'a mapped address is IPv4');
  t.end();
});
