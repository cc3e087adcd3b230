import { readFileSync } from 'node:fs';
import t from 'tap';
import { BASE, errorsOf, good, warningsOf } from './support.ts';

const ZONES = `delegationSets: [{ id: set-1, nameServers: [ns.example.net.] }]
zones:
  - { name: example.org., delegationSet: set-1, records: "" }
  - { id: inner, name: corp.example., records: "", vpcs: [vpc-a] }
`;
const withLogs = (...logs: readonly string[]): string =>
  `${BASE}${ZONES}logs:\n${logs.map((log) => `  - ${log}\n`).join('')}`;

t.test('a log, and what holds where it says nothing', async (t) => {
  const { logs } = good(withLogs('{ id: q, to: logs/q.jsonl, vpcs: [vpc-a] }'));
  t.same(logs, [
    {
      id: 'q',
      to: { kind: 'file', path: 'logs/q.jsonl' },
      format: 'resolver',
      vpcs: ['vpc-a'],
      zones: [],
      destinations: [],
      sample: 1,
      names: [],
      rcodes: [],
      firewallActions: [],
      rotate: { size: 64 * 1024 * 1024, keep: 10, compress: true },
      syslog: { facility: 'local0' },
      http: {},
    },
  ]);
});

t.test('all that may be right beside each other', async (t) => {
  const text = withLogs(
    '{ id: a, to: stdout, vpcs: [vpc-a, vpc-b], hits: true, sample: 0.01, rcodes: [SERVFAIL], firewallActions: [BLOCK] }',
    '{ id: b, to: stdout, vpcs: [vpc-a], names: [corp.example.] }',
    '{ id: c, to: c.log, destinations: [/aws/vpc/a, "arn:aws:s3:::logs"] }',
    '{ id: d, to: d.log, format: public, zones: [example.org.@public], destinations: [/aws/vpc/a] }',
    '{ id: e, to: "unix:/run/tap.sock", format: dnstap, vpcs: [vpc-a], zones: [example.org.@public] }',
    '{ id: f, to: "tcp://[2001:db8::1]:6000", format: dnstap, zones: [example.org.@public] }',
    '{ id: g, to: "./a:b", vpcs: [vpc-a] }',
    '{ id: h, to: "syslog+unix:/dev/log", vpcs: [vpc-a], syslog: { facility: daemon } }',
    '{ id: i, to: "syslog+udp://192.0.2.1", vpcs: [vpc-a] }',
    '{ id: j, to: "syslog+tcp://[2001:db8::1]:6514", format: public, zones: [example.org.@public] }',
    '{ id: k, to: "https://logs.example.net/in?x=1", vpcs: [vpc-a], http: { authorization: token } }',
  );
  t.same(errorsOf(text), []);
  t.same(
    warningsOf(text).filter((each) => each.includes('logs')),
    [],
  );
});

t.test('traces', async (t) => {
  const { traces } = good(`${BASE}traces: { to: "http://127.0.0.1:4318/v1/traces" }\n`);
  t.same(traces, { to: 'http://127.0.0.1:4318/v1/traces', sample: 0.001 });
  t.equal(good(BASE).traces, undefined);
  for (const [setting, fault] of [
    ['to: "syslog+udp://192.0.2.1"', /not a URL of HTTP/],
    ['to: "https://u:p@192.0.2.1/"', /a password in the URL/],
    ['to: "http://192.0.2.1/", sample: 0', /sample/],
    ['sample: 1', /to is missing/],
  ] as const)
    t.match(errorsOf(`${BASE}traces: { ${setting} }\n`), [fault]);
});

t.test('a token that is sent without encryption', async (t) => {
  const log = (url: string): string =>
    `${BASE}logs:\n  - { id: k, to: "${url}", vpcs: [vpc-a], http: { authorization: token } }\n`;
  const warning = /to: the Authorization header goes to another host without encryption; write https:/;
  t.match(warningsOf(log('http://192.0.2.1/in')), [warning]);
  t.match(warningsOf(`${BASE}traces: { to: "http://otel.example/v1/traces", authorization: token }\n`), [
    warning,
  ]);
  for (const url of [
    'https://192.0.2.1/in',
    'http://127.0.0.1:8080/in',
    'http://[::1]/in',
    'http://localhost/in',
  ])
    t.same(warningsOf(log(url)), []);
  t.same(
    warningsOf(`${BASE}traces: { to: "http://192.0.2.1/" }\n`),
    [],
    'without one there is nothing to read',
  );
});

t.test('what is wrong, where, and what would be right', async (t) => {
  const faults = (...logs: readonly string[]): string[] => errorsOf(withLogs(...logs));
  t.same(faults('{ id: a, to: a, vpcs: [vpc-aa] }'), [
    '12:28 logs[0].vpcs[0]: no VPC has the id "vpc-aa"; did you mean "vpc-a"?',
  ]);
  t.same(faults('{ id: a, to: a, format: public, zones: [exampel.org.@public] }'), [
    '12:45 logs[0].zones[0]: no public zone has the id "exampel.org.@public"; did you mean "example.org.@public"?',
  ]);
  t.same(faults('{ id: a, to: a, format: public, zones: [inner] }'), [
    '12:45 logs[0].zones[0]: zone "inner" is private; log its VPCs, in a log of format resolver',
  ]);
  t.same(
    faults(
      '{ id: a, to: a, zones: [example.org.@public] }',
      '{ id: b, to: b, format: public, vpcs: [vpc-a] }',
    ),
    [
      '12:28 logs[0].zones: a log of format resolver has no zones; leave it out; it has vpcs',
      '13:43 logs[1].vpcs: a log of format public has no vpcs; leave it out; it has zones',
    ],
  );
  t.same(faults('{ id: a, to: a }'), [
    '12:5 logs[0]: nothing is logged here; add vpcs, or destinations by which the API knows this log',
  ]);
  t.same(
    faults('{ id: a, to: "unix:/x", format: dnstap }', '{ id: b, to: x, format: dnstap, vpcs: [vpc-a] }'),
    [
      '12:5 logs[0]: nothing is logged here; add vpcs, or zones',
      '13:18 logs[1].to: dnstap goes to a socket; write unix:PATH or tcp://ADDRESS:PORT',
    ],
  );
  t.same(
    faults('{ id: a, to: logs/x, vpcs: [vpc-a] }', '{ id: a, to: logs//x, vpcs: [vpc-b] }').map((each) =>
      each.replace(/^\S+ /, ''),
    ),
    [
      'logs[1].id: id "a" is taken by logs[0].id; give each log an id of its own',
      'logs[1].to: logs//x is written by the log at logs[0].to; give each log a file of its own',
    ],
  );
  t.match(faults('{ id: a, to: x, destinations: [g] }', '{ id: b, to: y, destinations: [g] }'), [
    /"g" is the log at logs\[0\]\.destinations\[0\]/,
  ]);
  const files = {
    '/etc/causeway/state/store.db': '',
    '/etc/causeway/state/logs/link': '→ /etc/causeway/state/store.db',
  };
  for (const [to, fault] of [
    ['store.db', /state\/store\.db is the daemon's own; write a path such as logs/],
    ['./logs/../store.db-wal', /store\.db-wal is the daemon's own/],
    ['self-signed.pem', /self-signed\.pem is the daemon's own/],
    ['access-keys.json.new', /access-keys\.json\.new is the daemon's own/],
    ['/etc/causeway/state/compile-cache/x', /compile-cache\/x is the daemon's own/],
    ['../causeway.yaml', /is the configuration/],
    ['logs/link', /store\.db is the daemon's own/],
    ['logs', /state\/logs is a folder; write a path such as logs\/queries/],
  ] as const)
    t.match(errorsOf(withLogs(`{ id: a, to: ${to}, vpcs: [vpc-a] }`), files), [fault], to);
  t.match(faults('{ id: a, to: x, vpcs: [vpc-a] }', '{ id: b, to: /etc/causeway/state/x, vpcs: [vpc-a] }'), [
    /logs\[1\]\.to: \/etc\/causeway\/state\/x is written by the log at logs\[0\]\.to/,
  ]);
  for (const [setting, fault] of [
    ['to: logs/', /"logs\/" is a folder/],
    ['to: ""', /is not a path/],
    ['to: "tcp://192.0.2.1:6000"', /only dnstap goes there/],
    ['to: "https://192.0.2.1/", format: dnstap', /dnstap goes to a socket/],
    ['to: "syslog+udp://collector"', /collector/],
    ['to: "syslog+tcp:192.0.2.1"', /does not say whom/],
    ['to: "syslog+unix:log"', /not the path of a socket/],
    ['to: "http://user:pass@192.0.2.1/"', /a password in the URL; put the header into a file/],
    ['to: "http://192.0.2.1/#a"', /"#a" is not sent/],
    ['to: "http://"', /not a URL/],
    ['to: x, syslog: { facility: daemon }', /this log does not go to syslog/],
    ['to: "syslog+udp://192.0.2.1", syslog: { facility: mail }', /local7/],
    ['to: stdout, http: { authorization: x }', /this log does not go to http/],
    ['to: "unix:sock", format: dnstap', /"sock" is not the path of a socket/],
    [`to: "unix:/${'a'.repeat(107)}", format: dnstap`, /at most 107 octets/],
    ['to: "tcp://192.0.2.1", format: dnstap', /does not say whom/],
    ['to: "tcp:192.0.2.1:6000", format: dnstap', /does not say whom/],
    ['to: "tcp://collector:6000", format: dnstap', /collector/],
    ['to: "gopher://192.0.2.1", format: dnstap', /"gopher:" is not known/],
    ['to: "unix:/x", format: dnstap, destinations: [g]', /a log of format dnstap has no destinations/],
    ['to: x, sample: 0', /sample/],
    ['to: x, sample: 1.5', /sample/],
    ['to: x, rcodes: [NXDOMAN]', /NXDOMAIN/],
    ['to: x, firewallActions: [ALLOW]', /ALERT or BLOCK/],
    ['to: x, rotate: { size: 1kB }', /64kB/],
    ['to: x, rotate: { keep: 0 }', /keep/],
    ['to: x, destinations: ["a b"]', /"a b" is not a destination/],
    ['to: x, vpcs: [vpc-a], file: y', /unknown key "file"/],
  ] as const)
    t.match(
      faults(`{ id: a, vpcs: [vpc-a], ${setting} }`.replace('vpcs: [vpc-a], to: x, vpcs', 'to: x, vpcs')),
      [fault],
    );
});

t.test('no log is written into what the daemon keeps, as the documentation lists it', (t) => {
  const text = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const names = [...text.matchAll(/^\| `STATE\/([^`/]+)\/?`/gm)].map(([, name]) => name!);
  const own = names.filter((name) => name !== 'logs');
  t.ok(own.length >= 8 && own.includes('self-signed.pem'), `${own}`);
  for (const name of own) {
    const fault = errorsOf(withLogs(`{ id: a, to: ${name}, vpcs: [vpc-a] }`));
    t.match(fault, [new RegExp(`state/${name} is the daemon's own; write a path such as logs`)], name);
  }
  // Where the state folder is a link, by its other name too.
  const files = { '/etc/causeway/state': '→ /data', '/data/store.db': '' };
  for (const to of ['/data/store.db', '/data/self-signed.pem', 'store.db'])
    t.match(errorsOf(withLogs(`{ id: a, to: ${to}, vpcs: [vpc-a] }`), files), [/is the daemon's own/], to);
  t.same(errorsOf(withLogs('{ id: a, to: store.jsonl, vpcs: [vpc-a] }')), []);
  t.end();
});
