/** What libc and the kernel say of a host, read as they mean it. */
import t from 'tap';
import { holdersOf, parseTable, SPARE_ADDRESSES, spareAddress } from '../../../src/cli/host/listening.ts';
import { HOSTS_DEFAULT, hostsText, parseHosts } from '../../../src/cli/host/nsswitch.ts';
import { ndotsOf, parseResolvConf, renderResolvConf } from '../../../src/cli/host/resolvconf.ts';

t.test('resolv.conf', (t) => {
  const conf = parseResolvConf(`# a comment
; another
domain first.example
  nameserver 192.0.2.1   # the office
nameserver fe80::1%eth0
search corp.example lab.example
options ndots:5 timeout:1
options rotate
sortlist 10.0.0.0/8
nameservers 192.0.2.9
`);
  t.same(conf, {
    nameservers: ['192.0.2.1', 'fe80::1%eth0'],
    search: ['corp.example', 'lab.example'],
    options: ['ndots:5', 'timeout:1', 'rotate'],
    sortlist: ['10.0.0.0/8'],
    unknown: [{ line: 10, text: 'nameservers 192.0.2.9' }],
  });
  t.equal(ndotsOf(conf), 5);
  t.equal(ndotsOf({ options: [] }), 1);
  t.equal(ndotsOf({ options: ['ndots:2', 'ndots:99'] }), 15, 'the last counts, up to 15');
  t.same(parseResolvConf('search a.example\ndomain b.example\n').search, ['b.example'], 'the last counts');
  t.same(parseResolvConf('').nameservers, []);
  t.end();
});

t.test('resolv.conf with another server keeps what else it says', (t) => {
  const before = parseResolvConf(
    'nameserver 192.0.2.1\nsearch a.example\noptions ndots:2 edns0\nsortlist 10.0.0.0/8\n',
  );
  const after = renderResolvConf(before, '127.0.0.55', ['b.example.', 'a.example.']);
  t.same(parseResolvConf(after), {
    nameservers: ['127.0.0.55'],
    search: ['a.example', 'b.example'],
    options: ['ndots:2', 'edns0', 'trust-ad'],
    sortlist: ['10.0.0.0/8'],
    unknown: [],
  });
  t.notMatch(renderResolvConf(parseResolvConf(''), '::1', []), /search|sortlist/);
  t.end();
});

t.test('nsswitch.conf', (t) => {
  t.equal(
    hostsText(parseHosts('passwd: files\nhosts:  files mdns4_minimal [NOTFOUND=return] dns # as ever\n')),
    'files → mdns4_minimal [notfound=return] → dns',
  );
  t.equal(
    hostsText(parseHosts('hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns')),
    'mymachines → resolve [!unavail=return] → files → myhostname → dns',
  );
  t.equal(parseHosts('# hosts: none\npasswd: files\n'), HOSTS_DEFAULT, 'without a line glibc has one');
  t.same(parseHosts('hosts:'), []);
  t.end();
});

/** Lines of /proc/net as Linux 6 on x64 has them, with a connected UDP socket, a closed TCP one, and one of port 5353. */
const UDP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  391: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 20101 2 0000000000000000 0
  391: 3600007F:0035 0100007F:A000 01 00000000:00000000 00:00000000 00000000   101        0 20102 2 0000000000000000 0
 1023: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000   102        0 20103 2 0000000000000000 0
  torn line
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3001 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 3002 1 0000000000000000 100 0 0 10 0
`;

t.test('who listens', (t) => {
  t.same(parseTable('udp', UDP), [
    { protocol: 'udp', address: '127.0.0.53', port: 53, inode: '20101' },
    { protocol: 'udp', address: '0.0.0.0', port: 5353, inode: '20103' },
  ]);
  const [any] = parseTable('tcp', TCP6);
  t.same(any, { protocol: 'tcp', address: '::', port: 53, inode: '3001' });
  t.same(holdersOf([any!], '127.0.0.1'), [any], 'a wildcard has every address');
  const at = (address: string) => ({ ...any!, address });
  t.equal(spareAddress([]), '127.0.0.55');
  t.equal(spareAddress([at('127.0.0.53'), at('127.0.0.55'), at('127.0.0.56')]), '127.0.0.57');
  t.equal(spareAddress([any!]), undefined);
  t.equal(spareAddress(SPARE_ADDRESSES.map(at)), undefined);
  t.end();
});
