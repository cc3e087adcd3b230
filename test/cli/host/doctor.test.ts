/** What is found out about a host, and said of it. */
import t from 'tap';
import { diagnose, wayOf } from '../../../src/cli/doctor.ts';
import type { Configured } from '../../../src/cli/host/configured.ts';
import type { Facts } from '../../../src/cli/host/facts.ts';
import type { Listener } from '../../../src/cli/host/listening.ts';
import { parseHosts } from '../../../src/cli/host/nsswitch.ts';
import { parseResolvConf } from '../../../src/cli/host/resolvconf.ts';

const at = (address: string, process: string): Listener => ({
  protocol: 'udp',
  address,
  port: 53,
  inode: '1',
  process,
});

const CONFIGURED: Configured = {
  file: '/etc/causeway/causeway.yaml',
  socket: '/var/lib/causeway/control.sock',
  listens: [{ address: '127.0.0.55', port: 53 }],
  targets: [{ rule: 'uplink', domain: '.', address: '192.0.2.1', port: 53 }],
  domains: ['.'],
  search: [],
  rulesFolder: undefined,
};

const STATUS = {
  pid: 7,
  ready: true,
  endpoints: [{ id: 'host', listen: ['127.0.0.55:53'], protocols: ['do53'], vpc: 'vpc-host' }],
  config: { file: CONFIGURED.file, revision: 1, since: '', errors: [] },
  targets: [],
};

/** A host where all is right, with something else in the place of some of it. */
function host(
  over: Partial<Facts> & { resolvConf?: string; hosts?: string; configured?: Partial<Configured> } = {},
): Facts {
  const { resolvConf = 'nameserver 127.0.0.55\n', hosts = 'hosts: files dns', configured, ...rest } = over;
  const conf = parseResolvConf(resolvConf);
  return {
    host: {
      manager: 'file',
      because: 'nothing known writes /etc/resolv.conf',
      real: '/etc/resolv.conf',
      text: resolvConf,
      resolvConf: conf,
      uplinks: [],
      hosts: parseHosts(hosts),
      asksResolved: false,
    },
    listeners: [at('127.0.0.55', 'node (pid 7)')],
    addresses: ['127.0.0.1', '192.0.2.10'],
    resolvedUplinks: undefined,
    dockerEngine: false,
    config: { kind: 'read', configured: { ...CONFIGURED, ...configured } },
    daemon: { kind: 'runs', status: STATUS },
    installation: {
      kind: 'known',
      state: 'installed',
      manager: 'NetworkManager',
      address: '127.0.0.55',
      changed: [],
    },
    servers: conf.nameservers.slice(0, 3).map((address) => ({ address, rcode: 'NOERROR' })),
    ...rest,
  };
}

/** `error loop: text → mend`; what is right and notes only where they are asked for. */
function said(facts: Facts, levels = ['error', 'warning']): string[] {
  return diagnose(facts)
    .filter(({ level }) => levels.includes(level))
    .map(
      ({ level, topic, text, mend }) => `${level} ${topic}: ${text}${mend === undefined ? '' : ` → ${mend}`}`,
    );
}

t.test('where all is right nothing is wrong, and the way is told', (t) => {
  t.same(said(host()), []);
  t.same(wayOf(host()), [
    'glibc: files → dns',
    '/etc/resolv.conf: written by `causeway install-host`, in the place of NetworkManager',
    'libc asks: 127.0.0.55 (Causeway)',
    'Causeway asks for . by rule uplink: 192.0.2.1',
  ]);
  t.end();
});

const CASES: readonly (readonly [string, Facts, readonly RegExp[]])[] = [
  [
    'ndots and a search list multiply questions',
    host({ resolvConf: 'nameserver 127.0.0.55\nsearch a.svc b.svc c.svc\noptions ndots:5\n' }),
    [
      /^warning resolv\.conf: a name with fewer than 5 dots .* 3 search domains first: up to 8 questions.*ndots:1/,
    ],
  ],
  [
    'another server beside Causeway',
    host({ resolvConf: 'nameserver 127.0.0.55\nnameserver 192.0.2.1\n' }),
    [/^warning resolv\.conf: 192\.0\.2\.1 is asked beside Causeway: by glibc when .* by musl always/],
  ],
  [
    'more servers than libc asks',
    host({ resolvConf: '1 2 3 4'.replace(/\d/g, (n) => `nameserver 192.0.2.${n}\n`) }),
    [/^warning resolv\.conf: of 4 name servers libc asks the first 3 → leave out 192\.0\.2\.4/],
  ],
  [
    'a line that is none',
    host({ resolvConf: 'nameserver 127.0.0.55\nnameservers 192.0.2.1\n' }),
    [/^warning resolv\.conf: line 2, "nameservers 192\.0\.2\.1", means nothing/],
  ],
  [
    'a server that is not there',
    host({ resolvConf: 'nameserver 127.0.0.99\n', servers: [{ address: '127.0.0.99', rcode: undefined }] }),
    [/^error resolv\.conf: nobody listens at 127\.0\.0\.99 → start what should/],
  ],
  [
    'a server that is silent',
    host({ resolvConf: 'nameserver 192.0.2.1\n', servers: [{ address: '192.0.2.1', rcode: undefined }] }),
    [/^error resolv\.conf: 192\.0\.2\.1 does not answer/],
  ],
  [
    'no server at all',
    host({ resolvConf: '', servers: [] }),
    [/^error resolv\.conf: .* names no server: libc asks 127\.0\.0\.1, where nobody listens/],
  ],
  [
    'glibc that asks no DNS',
    host({ hosts: 'hosts: files mdns4_minimal' }),
    [/^error nsswitch\.conf: hosts: files mdns4_minimal: glibc asks no DNS → add dns/],
  ],
  [
    'multicast DNS before a zone below local.',
    host({
      hosts: 'hosts: files mdns4_minimal [NOTFOUND=return] dns',
      configured: { domains: ['office.local.'] },
    }),
    [/^warning nsswitch\.conf: mdns4_minimal ends the search .* never asked for office\.local\./],
  ],
  [
    'systemd-resolved on the address of Causeway',
    host({
      listeners: [at('127.0.0.53', 'systemd-resolve (pid 5)')],
      configured: { listens: [{ address: '127.0.0.53', port: 53 }] },
      daemon: { kind: 'silent', fault: 'no daemon answers at /s', remedy: 'start it' },
      resolvConf: 'nameserver 192.0.2.1\n',
    }),
    [
      /^error daemon: no daemon answers at \/s → start it/,
      /^error port 53: systemd-resolve \(pid 5\) has 127\.0\.0\.53 port 53, .* → listen at 127\.0\.0\.55, or write DNSStubListener=no/,
    ],
  ],
  [
    'a program on every address',
    host({
      listeners: [at('0.0.0.0', 'dnsmasq (pid 9)')],
      daemon: { kind: 'silent', fault: 'no daemon', remedy: 'start it' },
    }),
    [/^error daemon/, /^error port 53: dnsmasq \(pid 9\) has 0\.0\.0\.0 port 53.*bind-interfaces/],
  ],
  [
    'a rule that asks Causeway itself',
    host({
      configured: {
        listens: [{ address: '0.0.0.0', port: 53 }],
        targets: [{ rule: 'r', domain: 'corp.example.', address: '192.0.2.10', port: 53 }],
      },
      daemon: { kind: 'unknown' },
    }),
    [/^error loop: rule r \(corp\.example\.\) asks 192\.0\.2\.10 port 53, which is Causeway itself/],
  ],
  [
    'a rule that asks systemd-resolved, which asks Causeway',
    host({
      resolvedUplinks: ['127.0.0.55', '192.0.2.1'],
      resolvConf: 'nameserver 127.0.0.53\n',
      configured: { targets: [{ rule: 'up', domain: '.', address: '127.0.0.53', port: 53 }] },
    }),
    [
      /^error loop: rule up \(\.\) asks systemd-resolved \(127\.0\.0\.53\), which asks Causeway → name the servers behind it: 192\.0\.2\.1/,
    ],
  ],
  [
    'Docker beside a loopback server',
    host({ dockerEngine: true }),
    [/^warning Docker: containers on the default bridge .* 8\.8\.8\.8 .*daemon\.json/],
  ],
  [
    'someone who writes resolv.conf too',
    host({
      installation: {
        kind: 'known',
        state: 'installed',
        manager: 'file',
        address: '127.0.0.55',
        changed: ['/etc/resolv.conf'],
      },
    }),
    [/^error installation: \/etc\/resolv\.conf is not as `causeway install-host` wrote.*--force/],
  ],
  [
    'an installation that was interrupted',
    host({
      installation: {
        kind: 'known',
        state: 'installing',
        manager: 'file',
        address: '127.0.0.55',
        changed: [],
      },
    }),
    [/^error installation: an installation was interrupted → `causeway uninstall-host`/],
  ],
  [
    'a configuration with errors',
    host({
      config: { kind: 'faulty', file: '/c.yaml', errors: ['/c.yaml:1:1: x'] },
      resolvConf: 'nameserver 192.0.2.1\n',
    }),
    [/^error daemon: \/c\.yaml:1:1: x → `causeway check --config \/c\.yaml`/],
  ],
  [
    'a reload that was refused, a target that is given up',
    host({
      daemon: {
        kind: 'runs',
        status: {
          ...STATUS,
          config: { ...STATUS.config, errors: ['bad'] },
          targets: [{ target: '192.0.2.1:53', breaker: 'open' }],
        },
      },
    }),
    [/^error daemon: the last reload was refused: bad/, /^warning daemon: 192\.0\.2\.1:53 does not answer/],
  ],
];

for (const [name, facts, expected] of CASES)
  t.test(name, (t) => {
    const lines = said(facts);
    t.equal(lines.length, expected.length, lines.join('\n'));
    for (const [i, pattern] of expected.entries()) t.match(lines[i], pattern);
    t.end();
  });

t.test('notes', (t) => {
  const notes = (facts: Facts): string => said(facts, ['note']).join('\n');
  t.match(
    notes(host({ resolvConf: 'nameserver 127.0.0.11\noptions ndots:0\n' })),
    /Docker: 127\.0\.0\.11 is Docker's own server.*→ keep names of containers: .*targets: \[127\.0\.0\.11\]/,
  );
  t.match(
    notes(host({ installation: { kind: 'none' }, resolvConf: 'nameserver 192.0.2.1\n' })),
    /installation: this host does not ask Causeway → `causeway install-host`/,
  );
  const local = { targets: [{ rule: 'r', domain: '.', address: '127.0.0.1', port: 53 }] };
  const listeners = [at('127.0.0.55', 'node (pid 7)'), at('127.0.0.1', 'dnsmasq (pid 9)')];
  t.match(
    notes(host({ configured: local, listeners })),
    /loop: rule r \(\.\) asks dnsmasq \(pid 9\) on this host/,
  );
  t.match(notes(host()), /port 53: 127\.0\.0\.55 node \(pid 7\)/);
  t.end();
});
