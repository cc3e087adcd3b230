import t from 'tap';
import { type Compiled, compile } from '../../../src/control/compile.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { NameTable } from '../../../src/zone/nametable.ts';
import { good } from '../config/support.ts';

const config = (
  logs: string,
  more = '',
): string => `node: { name: edge-1, region: eu-central-1, state: /var/lib/causeway }
vpcs:
  - { id: vpc-a, cidrs: [10.1.0.0/16], region: eu-west-1, account: "111122223333" }
  - { id: vpc-b, cidrs: [10.2.0.0/16] }
accounts: [{ id: "000000000000" }, { id: "111122223333" }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:5353"] }]
  authoritative: [{ id: auth, listen: ["127.0.0.1:5354"], zones: [org, net] }]
zones:
  - { id: org, name: example.org., records: "@ SOA ns h 1 1 1 1 1\\n@ NS ns\\nns A 192.0.2.1" }
  - { id: net, name: example.net., records: "@ SOA ns h 1 1 1 1 1\\n@ NS ns\\nns A 192.0.2.1" }
${more}logs:
${logs}`;

function compiled(text: string, previous?: Compiled): Compiled {
  const result = compile(good(text), previous);
  if (result.snapshot === undefined) throw new Error(JSON.stringify(result.errors));
  return result;
}

const Q = '  - { id: q, to: logs/q.jsonl, vpcs: [vpc-a] }\n';
const P = '  - { id: p, to: /var/log/p.log, format: public, zones: [org], rcodes: [NXDOMAIN] }\n';

t.test('what is logged of whom, and where it goes', async (t) => {
  const { logs } = compiled(config(Q + P)).snapshot;
  t.match(logs, {
    revision: 1,
    node: 'edge-1',
    endpoints: ['in-1', 'auth'],
    logs: [
      {
        id: 'q',
        to: { kind: 'file', path: '/var/lib/causeway/logs/q.jsonl' },
        hits: false,
        rcodes: [],
        rotate: { bytes: 1 << 26, keep: 10 },
      },
      { id: 'p', to: { kind: 'file', path: '/var/log/p.log' }, hits: true, rcodes: [3] },
    ],
  });
  t.match(logs.views[0], { vpc: 'vpc-a', region: 'eu-west-1', account: '111122223333', logs: [0] });
  t.match(logs.views[1], { vpc: 'vpc-b', region: 'eu-central-1', account: '000000000000', logs: [] });
  const { zones, vpc } = logs.views[2]!;
  const table = NameTable.from(zones!.table);
  t.same(
    ['example.org.', 'example.net.'].map((name) => zones!.groups[table.lookup(nameFromText(name))]),
    [
      { id: 'org', logs: [1] },
      { id: 'net', logs: [] },
    ],
  );
  t.equal(vpc, '');
});

t.test('what goes elsewhere', async (t) => {
  const elsewhere = `  - { id: s, to: "syslog+udp://192.0.2.1", vpcs: [vpc-a], syslog: { facility: user } }
  - { id: h, to: "https://logs.example.net/in", vpcs: [vpc-a], http: { authorization: token } }
  - { id: t, to: "unix:/run/tap.sock", format: dnstap, vpcs: [vpc-a], zones: [org] }
traces: { to: "http://127.0.0.1:4318/v1/traces", sample: 0.5 }
`;
  const first = compiled(config(elsewhere));
  const { logs } = first.snapshot;
  t.match(
    logs.logs.map(({ to, hits }) => ({ to, hits })),
    [
      {
        to: { kind: 'syslog', at: { way: 'udp', address: '192.0.2.1', port: 514 }, facility: 'user' },
        hits: false,
      },
      {
        to: { kind: 'http', url: 'https://logs.example.net/in', authorization: /^\/.*\/token$/ },
        hits: false,
      },
      { to: { kind: 'dnstap', at: { way: 'unix', path: '/run/tap.sock' } }, hits: true },
    ],
  );
  t.same([logs.views[0]!.logs, logs.views[2]!.logs], [[0, 1, 2], []]);
  t.match(logs.traces, { sample: 0.5, to: { kind: 'http', url: 'http://127.0.0.1:4318/v1/traces' } });
  const without = compiled(config(elsewhere).replace(/traces: .*\n/, ''), first);
  t.match(without.snapshot.logs, { revision: 2, traces: undefined });
});

t.test('the revision is that of the first snapshot in which it was so', async (t) => {
  const first = compiled(config(Q));
  t.equal(first.snapshot.logs.views[2]!.zones, undefined, 'no zone is logged');
  const same = compiled(config(Q), first);
  t.equal(same.snapshot.revision, 2);
  t.equal(same.snapshot.logs, first.snapshot.logs);
  const other = compiled(config(Q + P), same);
  t.equal(other.snapshot.logs.revision, 3);
  t.same(other.changes, ['query logs: changed']);
  // Another index of a view, an endpoint or a zone is another meaning of what records say.
  const moved = compiled(
    config(Q + P).replace('{ id: in-1,', '{ id: in-0, listen: ["127.0.0.1:5355"] }, { id: in-1,'),
    other,
  );
  t.equal(moved.snapshot.logs.revision, 4);
  const none = compiled(config('').replace('logs:\n', ''), moved);
  t.match(none.snapshot.logs, { revision: 5, logs: [] });
  t.equal(compiled(config('').replace('logs:\n', ''), none).snapshot.logs.revision, 5);
});
