/** From rings to files: formats, filters, revisions, order. */
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { QueryLogs } from '../../../src/control/logs/querylogs.ts';
import { RingWriter, ringBuffer } from '../../../src/util/ring.ts';
import type { QueryLog } from '../../../src/view/querylog.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { AT, folderOf, logOf, logsOf, type QuerySpec, surroundings, writeQuery } from './support.ts';

function start(t: Test, make: (folder: string) => readonly QueryLog[], workers = 1) {
  const folder = folderOf(t);
  const rings = Array.from({ length: workers }, () => ringBuffer(1 << 20));
  const writers = rings.map((ring) => new RingWriter(ring));
  const around = surroundings();
  const logs = logsOf(make(folder));
  const options = { ...around, rings, logs };
  const queryLogs = new QueryLogs(options);
  t.teardown(() => queryLogs.close());
  const lines = (name: string): string[] => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  };
  const write = (spec: QuerySpec, worker = 0): void => writeQuery(writers[worker]!, spec);
  return { ...around, folder, queryLogs, options, lines, write };
}

const names = (lines: readonly string[]): string[] => lines.map((line) => JSON.parse(line).query_name);

t.test('the record of Route 53 Resolver, member by member', async (t) => {
  const { write, queryLogs, lines } = start(t, (folder) => [logOf({ id: 'q', to: join(folder, 'q') })]);
  const link = {
    name: nameFromText('api.corp.test.'),
    type: 5,
    ttl: 60,
    rdatas: [nameFromText('svc-7.corp.test.')],
  };
  const set = {
    name: nameFromText('svc-7.corp.test.'),
    type: 1,
    ttl: 60,
    rdatas: [Uint8Array.of(10, 4, 0, 31)],
  };
  write({ name: 'api.corp.test.', answer: [link, set], firewallRule: 0 });
  write({
    name: 'none.corp.test.',
    type: 'TYPE65400',
    rcode: 3,
    transport: 'tcp',
    address: '2001:db8::9',
    firewallRule: 1,
  });
  queryLogs.step();
  const common = {
    version: '1.100000',
    account_id: '000000000000',
    region: 'eu-central-1',
    vpc_id: 'vpc-a',
    query_timestamp: '2026-03-09T08:14:02Z',
  };
  const expected = [
    {
      ...common,
      query_name: 'api.corp.test.',
      query_type: 'A',
      query_class: 'IN',
      rcode: 'NOERROR',
      answers: [
        { Rdata: 'svc-7.corp.test.', Type: 'CNAME', Class: 'IN' },
        { Rdata: '10.4.0.31', Type: 'A', Class: 'IN' },
      ],
      srcaddr: '10.4.7.9',
      srcport: '41877',
      transport: 'UDP',
      srcids: { resolver_endpoint: 'in-1' },
      firewall_rule_group_id: 'rslvr-frg-01',
      firewall_rule_action: 'ALERT',
      firewall_domain_list_id: 'rslvr-fdl-02',
    },
    {
      ...common,
      query_name: 'none.corp.test.',
      query_type: 'TYPE65400',
      query_class: 'IN',
      rcode: 'NXDOMAIN',
      answers: [],
      srcaddr: '2001:db8::9',
      srcport: '41877',
      transport: 'TCP',
      srcids: { resolver_endpoint: 'in-1' },
    },
  ];
  t.same(
    lines('q'),
    expected.map((record) => JSON.stringify(record)),
    'in this order of members too',
  );
});

t.test("the line of Route 53's public zones", async (t) => {
  const { write, queryLogs, lines, counters } = start(t, (folder) => [
    logOf({ id: 'p', to: join(folder, 'p'), format: 'public' }),
  ]);
  const ecs = Uint8Array.of(0, 1, 24, 24, 198, 51, 100);
  const edns = { payload: 1232, version: 0, dnssecOk: false, options: [{ code: 8, data: ecs }] };
  write({ view: 1, name: 'www.shop.test.', type: 'AAAA', address: '192.0.2.53', edns });
  write({ view: 1, name: 'a\\032b.SHOP.test.', rcode: 3, transport: 'tcp', from: 'cache', wall: AT + 1 });
  write({ view: 1, name: 'www.lab.shop.test.', wall: AT + 2 });
  write({ view: 1, name: 'www.elsewhere.test.', rcode: 5, wall: AT + 3 });
  write({ view: 1, name: 'b.test.', type: 'SOA', wall: AT + 4 });
  queryLogs.step();
  t.same(lines('p'), [
    '1.0 2026-03-09T08:14:02.113Z Z0SHOP www.shop.test AAAA NOERROR UDP FRA6 192.0.2.53 198.51.100.0/24',
    '1.0 2026-03-09T08:14:02.114Z Z0SHOP a\\032b.SHOP.test A NXDOMAIN TCP FRA6 10.4.7.9 -',
    '1.0 2026-03-09T08:14:02.117Z Z0B b.test SOA NOERROR UDP FRA6 10.4.7.9 -',
  ]);
  t.equal(counters.sum('logRecords'), 3);
  t.equal(counters.sum('logBytes'), lines('p').join('\n').length + 1);
});

t.test('each log takes what it is for', async (t) => {
  const { write, queryLogs, lines } = start(t, (folder) =>
    [
      { id: 'all' },
      { id: 'once', hits: false },
      { id: 'some', sample: 0.5 },
      { id: 'failed', rcodes: [2] },
      { id: 'corp', names: [nameFromText('corp.test.')] },
      { id: 'alerts', firewallActions: ['ALERT'] as const },
    ].map((log) => logOf({ ...log, to: join(folder, log.id) })),
  );
  write({ name: 'a.test.', from: 'cache' });
  write({ name: 'b.test.', draw: 2 ** 31 });
  write({ name: 'www.CORP.test.', rcode: 2 });
  write({ name: 'c.test.', firewallRule: 0 });
  queryLogs.step();
  const got = Object.fromEntries(
    ['all', 'once', 'some', 'failed', 'corp', 'alerts'].map((id) => [id, names(lines(id))]),
  );
  t.same(got, {
    all: ['a.test.', 'b.test.', 'www.CORP.test.', 'c.test.'],
    once: ['b.test.', 'www.CORP.test.', 'c.test.'],
    some: ['a.test.', 'www.CORP.test.', 'c.test.'],
    failed: ['www.CORP.test.'],
    corp: ['www.CORP.test.'],
    alerts: ['c.test.'],
  });
});

t.test('indexes are understood by the revision that a record has', async (t) => {
  const { write, queryLogs, options, lines, counters, clock, folder } = start(t, (folder) => [
    logOf({ id: 'q', to: join(folder, 'q') }),
  ]);
  const vpcs = (): string[] => lines('q').map((line) => JSON.parse(line).vpc_id);
  write({ name: 'a.test.', revision: 1 });
  write({ name: 'b.test.', revision: 4, wall: AT + 1 });
  queryLogs.step();
  t.same(vpcs(), ['vpc-a'], 'what is newer than all that was heard of waits');
  queryLogs.adopt(logsOf(options.logs.logs, 4, 'vpc-b'));
  write({ name: 'c.test.', revision: 1, wall: AT + 2 });
  queryLogs.step();
  t.same(vpcs(), ['vpc-a', 'vpc-b', 'vpc-a'], 'a query that began before the reload');

  const other = join(folder, 'other');
  queryLogs.adopt(logsOf([logOf({ id: 'q', to: other })], 5, 'vpc-c'));
  write({ name: 'd.test.', revision: 4 });
  write({ name: 'e.test.', revision: 5 });
  queryLogs.step();
  t.same([names(lines('q')).at(-1), names(lines('other'))], ['d.test.', ['e.test.']]);

  clock.advance(121_000);
  queryLogs.adopt(logsOf([], 6));
  write({ name: 'f.test.', revision: 4 });
  queryLogs.step();
  t.equal(counters.sum('logDroppedRevision'), 1, 'what is forgotten is counted');
});

t.test('what a reload removed is not made again by queries that were answered before', async (t) => {
  const { write, queryLogs, lines, counters, clock, folder } = start(t, (folder) =>
    ['q', 'unused'].map((id) => logOf({ id, to: join(folder, id), names: [nameFromText(`${id}.test.`)] })),
  );
  const other = logOf({ id: 'other', to: join(folder, 'other') });
  write({ name: 'a.q.test.' });
  queryLogs.adopt(logsOf([other], 2));
  t.same(names(lines('q')), ['a.q.test.'], 'what had come before is written');
  renameSync(join(folder, 'q'), join(folder, 'moved'));
  clock.advance(2_000);
  write({ name: 'b.q.test.' });
  write({ name: 'b.unused.test.' });
  queryLogs.step();
  t.same(names(lines('moved')), ['a.q.test.', 'b.q.test.'], 'where it was open');
  queryLogs.reopen();
  clock.advance(118_000);
  write({ name: 'c.q.test.' });
  queryLogs.step();
  t.same(readdirSync(folder), ['moved']);
  t.equal(counters.sum('logDroppedRevision'), 2, 'what has no place is counted');
  queryLogs.adopt(logsOf([logOf({ id: 'q', to: join(folder, 'q') })], 3));
  write({ name: 'd.test.', revision: 3 });
  queryLogs.step();
  t.same(names(lines('q')), ['d.test.'], 'it may be named again');
});

t.test('what several workers wrote meanwhile comes in the order of its time', async (t) => {
  const make = (folder: string) => [logOf({ id: 'q', to: join(folder, 'q') })];
  const { write, queryLogs, lines } = start(t, make, 2);
  write({ name: 'c.test.', wall: AT + 2 }, 0);
  write({ name: 'b.test.', wall: AT + 1 }, 1);
  write({ name: 'd.test.', wall: AT + 3 }, 1);
  queryLogs.step();
  t.same(names(lines('q')), ['b.test.', 'c.test.', 'd.test.']);
});

t.test('a successor goes on where the one before it died', async (t) => {
  const { write, queryLogs, options, lines } = start(t, (folder) => [
    logOf({ id: 'q', to: join(folder, 'q') }),
  ]);
  write({ name: 'a.test.' });
  queryLogs.step();
  write({ name: 'b.test.' });
  const next = new QueryLogs(options);
  next.close();
  t.same(names(lines('q')), ['a.test.', 'b.test.']);
});
