/** Logs of queries: real questions by dig, real files, and what boto3 associates with them. */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { type Boto3, startBoto3 } from '../support/boto3.ts';
import { dig } from '../support/dig.ts';
import { missingPython } from '../support/python.ts';
import { missing } from '../support/servers.ts';
import { configOf, startWorld, until } from './logged.ts';

const skip = missing('dig');
const DESTINATION = 'arn:aws:s3:::corp-logs/vpc';
const GROUP = 'arn:aws:logs:us-east-1:000000000000:log-group:/aws/route53/shop';

const names = (lines: readonly string[]): string[] => lines.map((line) => JSON.parse(line).query_name);

t.test('what dig asks, in both formats, to files and to the standard output', { skip }, async (t) => {
  const { daemon, authority, lines, ask } = await startWorld(t, [
    '{ id: q, to: logs/q.jsonl, vpcs: [vpc-a], hits: true }',
    '{ id: failures, to: stdout, vpcs: [vpc-a], rcodes: [NXDOMAIN] }',
    '{ id: p, to: logs/p.log, format: public, zones: [org] }',
  ]);
  await ask('API.corp.example', 'A');
  await ask('none.corp.example', 'AAAA', '+tcp');
  await until(() => lines('q.jsonl').length === 2, 'two records');
  const [first, second] = lines('q.jsonl').map((line) => JSON.parse(line));
  t.match(first, {
    version: '1.100000',
    account_id: '000000000000',
    region: 'eu-central-1',
    vpc_id: 'vpc-a',
    query_timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    query_name: 'API.corp.example.',
    query_type: 'A',
    query_class: 'IN',
    rcode: 'NOERROR',
    answers: [
      { Rdata: 'www.corp.example.', Type: 'CNAME', Class: 'IN' },
      { Rdata: '10.7.7.7', Type: 'A', Class: 'IN' },
    ],
    srcaddr: '127.0.0.1',
    srcport: /^\d+$/,
    transport: 'UDP',
    srcids: { resolver_endpoint: 'in-1' },
  });
  t.match(second, { query_name: 'none.corp.example.', rcode: 'NXDOMAIN', transport: 'TCP', answers: [] });
  await until(() => /"query_name":"none\.corp\.example\."/.test(daemon.log()), 'it on the standard output');
  t.notMatch(daemon.log(), /"query_name":"API/);

  const asked = ['@127.0.0.1', '-p', String(authority)];
  await dig(...asked, 'www.example.org', 'A', '+subnet=203.0.113.0/24');
  await dig(...asked, 'www.example.org', 'A');
  await dig(...asked, 'www.example.org', 'A');
  await dig(...asked, 'www.elsewhere.example', 'A');
  await dig(...asked, 'none.example.org', 'TXT', '+tcp');
  await until(() => lines('p.log').length === 4, 'four lines');
  t.same(
    lines('p.log').map((line) => line.replace(/^1\.0 \S{10}T\S{12}Z /, '')),
    [
      'org www.example.org A NOERROR UDP FRA6 127.0.0.1 203.0.113.0/24',
      'org www.example.org A NOERROR UDP FRA6 127.0.0.1 -',
      'org www.example.org A NOERROR UDP FRA6 127.0.0.1 -',
      'org none.example.org TXT NXDOMAIN TCP FRA6 127.0.0.1 -',
    ],
  );
  const found = await daemon.cli(
    'log',
    'search',
    '--name',
    'example.org',
    '--rcode',
    'NXDOMAIN',
    '--since',
    '1h',
  );
  t.match(found.stdout, /none\.example\.org\. +TXT +NXDOMAIN/);
});

t.test('put aside, moved away, reloaded, and written to the last', { skip }, async (t) => {
  const logs = ['{ id: q, to: logs/q.jsonl, vpcs: [vpc-a], hits: true, rotate: { size: 64kB, keep: 10 } }'];
  const { daemon, authority, api, lines, ask } = await startWorld(t, logs);
  const folder = join(daemon.folder, 'state', 'logs');
  const batch = join(daemon.folder, 'batch');
  writeFileSync(batch, 'www.corp.example A\n'.repeat(250));
  // A query may be lost where the machine is busy: what was answered counts.
  const answered = async (): Promise<number> => {
    const { output } = await dig('@127.0.0.1', '-p', String(daemon.port), '-f', batch);
    return output.match(/status: NOERROR/g)?.length ?? 0;
  };
  const first = (await answered()) + (await answered()) + (await answered());
  const aside = (): Buffer[] =>
    readdirSync(folder)
      .filter((name) => /Z\.gz$/.test(name))
      .map((name) => gunzipSync(readFileSync(join(folder, name))));
  const count = (texts: readonly Buffer[]): number => texts.join('').split('\n').length - 1;
  await until(() => count(aside()) + lines('q.jsonl').length >= first, 'all records, compressed or not');
  // 750 records of 0.3 kB, less what was lost.
  t.ok(aside().length >= 3);
  t.ok(aside().every((text) => text.length <= 65_536 && text.at(-1) === 0x0a));

  renameSync(join(folder, 'q.jsonl'), join(folder, 'moved'));
  daemon.kill('SIGHUP');
  await until(() => /reloaded/.test(daemon.log()), 'the reload');
  await ask('after.corp.example', 'A');
  await until(() => lines('q.jsonl').length === 1, 'a file anew');
  t.same(names(lines('q.jsonl')), ['after.corp.example.']);

  // While the log moves, every question is in the one file or in the other, or was put aside.
  daemon.configure(configOf(authority, api, ['{ id: r, to: logs/r.jsonl, vpcs: [vpc-a], hits: true }']));
  const [second] = await Promise.all([answered(), daemon.cli('reload')]);
  await ask('last.corp.example', 'A');
  daemon.kill('SIGTERM');
  await until(() => /"stopped"/.test(daemon.log()), 'the end');
  t.equal(names(lines('r.jsonl')).at(-1), 'last.corp.example.', 'what was asked last is there');
  const kept = ['moved', 'q.jsonl', 'r.jsonl'].flatMap(lines);
  t.ok(count(aside()) + kept.length >= first + second + 2);
});

interface Shown {
  readonly Id: string;
  readonly Arn: string;
  readonly Status: string;
  readonly Error?: string;
  readonly [member: string]: unknown;
}

/** Calls of boto3, and what they return without its envelope. */
function callerOf(boto3: Boto3) {
  return async (operation: string, members: object = {}, member = ''): Promise<Shown> => {
    const output = await boto3.call('route53resolver', operation, members);
    return member === '' ? output : output[member];
  };
}

const LOGS = [
  '{ id: bucket, to: logs/bucket.jsonl, destinations: [corp-logs] }',
  '{ id: group, to: logs/group.log, format: public, destinations: [/aws/route53/shop] }',
];

t.test("Resolver's query logging by boto3", { skip: skip || missingPython('boto3') }, async (t) => {
  const { daemon, authority, api, lines, ask } = await startWorld(t, LOGS);
  const boto3 = await startBoto3(daemon, api);
  t.teardown(() => boto3.close());
  const call = callerOf(boto3);
  const create = (CreatorRequestId: string, DestinationArn = DESTINATION, Name = 'corp') =>
    call(
      'create_resolver_query_log_config',
      { Name, DestinationArn, CreatorRequestId },
      'ResolverQueryLogConfig',
    );
  const config = await create('one');
  t.match(config, {
    Id: /^rqlc-[0-9a-f]{17}$/,
    Arn: `arn:aws:route53resolver:eu-central-1:000000000000:resolver-query-log-config/${config.Id}`,
    Status: 'CREATED',
    AssociationCount: 0,
    ShareStatus: 'NOT_SHARED',
    OwnerId: '000000000000',
    DestinationArn: DESTINATION,
    CreatorRequestId: 'one',
    Name: 'corp',
  });
  t.same(await create('one'), config, 'the same request makes the same');
  await t.rejects(create('one', DESTINATION, 'other'), /ResourceExistsException/);
  await t.rejects(create('two', 'arn:aws:s3:::nowhere'), /ResourceNotFoundException/);
  await t.rejects(create('two', 'arn:aws:sns:eu-central-1:000000000000:x'), /InvalidParameterException/);
  await t.rejects(create('two', GROUP), /ResourceNotFoundException/, 'a log of the other format');

  const ResolverQueryLogConfigId = config.Id;
  const pair = { ResolverQueryLogConfigId, ResourceId: 'vpc-a' };
  const associate = (members: object) =>
    call('associate_resolver_query_log_config', members, 'ResolverQueryLogConfigAssociation');
  await ask('before.corp.example', 'A');
  const association = await associate(pair);
  t.match(association, { Id: /^rqlca-[0-9a-f]{17}$/, Error: 'NONE', ...pair });
  const named = { ResolverQueryLogConfigAssociationId: association.Id };
  const shown = () =>
    call('get_resolver_query_log_config_association', named, 'ResolverQueryLogConfigAssociation');
  await until(async () => (await shown()).Status === 'ACTIVE', 'ACTIVE');
  await ask('during.corp.example', 'A');
  await until(() => lines('bucket.jsonl').length > 0, 'a record');
  t.same(names(lines('bucket.jsonl')), ['during.corp.example.']);
  await t.rejects(associate({ ...pair, ResourceId: 'vpc-x' }), /InvalidParameterException/);
  await t.rejects(associate({ ...pair, ResolverQueryLogConfigId: 'rqlc-x' }), /ResourceNotFoundException/);
  await t.rejects(
    call('delete_resolver_query_log_config', { ResolverQueryLogConfigId }),
    /InvalidRequestException.*disassociate/,
  );

  // The configuration says what there is to log to.
  daemon.configure(configOf(authority, api, [LOGS[1]!]));
  t.equal((await daemon.cli('reload')).code, 0);
  t.match(await shown(), { Status: 'ACTION_NEEDED', Error: 'DESTINATION_NOT_FOUND' });
  daemon.configure(configOf(authority, api, LOGS));
  t.equal((await daemon.cli('reload')).code, 0);
  t.match(await shown(), { Status: 'ACTIVE', Error: 'NONE' });

  const gone = await call(
    'disassociate_resolver_query_log_config',
    pair,
    'ResolverQueryLogConfigAssociation',
  );
  t.equal(gone.Status, 'DELETING');
  await until(async () => /ResourceNotFound/.test(String(await shown().catch(String))), 'no association');
  await ask('after.corp.example', 'A');
  const removed = await call(
    'delete_resolver_query_log_config',
    { ResolverQueryLogConfigId },
    'ResolverQueryLogConfig',
  );
  t.equal(removed.Status, 'DELETING');
  await t.rejects(
    call('get_resolver_query_log_config', { ResolverQueryLogConfigId }),
    /ResourceNotFoundException/,
  );
  t.same(names(lines('bucket.jsonl')), ['during.corp.example.']);
});

t.test('lists and tags by boto3', { skip: skip || missingPython('boto3') }, async (t) => {
  const { daemon, api } = await startWorld(t, LOGS);
  const boto3 = await startBoto3(daemon, api);
  t.teardown(() => boto3.close());
  const call = callerOf(boto3);
  const made: Shown[] = [];
  for (const Name of ['b', 'c', 'a']) {
    const members = {
      Name,
      DestinationArn: DESTINATION,
      CreatorRequestId: Name,
      Tags: [{ Key: 'k', Value: Name }],
    };
    made.push(await call('create_resolver_query_log_config', members, 'ResolverQueryLogConfig'));
  }
  const list = async (members: object = {}) => call('list_resolver_query_log_configs', members);
  const namesOf = ({ ResolverQueryLogConfigs: all }: Shown) => (all as Shown[]).map(({ Name }) => Name);
  t.same(namesOf(await list()), ['b', 'c', 'a'], 'as they were made');
  t.same(namesOf(await list({ SortBy: 'Name', SortOrder: 'DESCENDING' })), ['c', 'b', 'a']);
  const first = await list({ SortBy: 'Name', SortOrder: 'DESCENDING', MaxResults: 2 });
  t.match(first, { TotalCount: 3, TotalFilteredCount: 3, NextToken: /./ });
  const rest = { SortBy: 'Name', SortOrder: 'DESCENDING', MaxResults: 2, NextToken: first['NextToken'] };
  t.same(namesOf(await list(rest)), ['a']);
  const filtered = await list({ Filters: [{ Name: 'Name', Values: ['a', 'b'] }], SortBy: 'Name' });
  t.match(filtered, { TotalCount: 3, TotalFilteredCount: 2 });
  t.same(namesOf(filtered), ['a', 'b']);
  t.same(namesOf(await list({ Filters: [{ Name: 'Destination', Values: ['S3'] }] })), ['b', 'c', 'a']);
  await t.rejects(list({ Filters: [{ Name: 'Colour', Values: ['a'] }] }), /InvalidParameterException/);
  await t.rejects(list({ SortBy: 'Colour' }), /InvalidParameterException/);

  const [{ Id: ResolverQueryLogConfigId, Arn: ResourceArn }] = made as [Shown];
  const pair = { ResolverQueryLogConfigId, ResourceId: 'vpc-a' };
  await call('associate_resolver_query_log_config', pair);
  // Two equal requests that are signed in the same second are one request.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await t.rejects(call('associate_resolver_query_log_config', pair), /ResourceExistsException/);
  const byVpc = { Filters: [{ Name: 'ResourceId', Values: ['vpc-a'] }] };
  t.match(await call('list_resolver_query_log_config_associations', byVpc), {
    TotalCount: 1,
    ResolverQueryLogConfigAssociations: [pair],
  });
  t.match(await list({ SortBy: 'AssociationCount', SortOrder: 'DESCENDING', MaxResults: 1 }), {
    ResolverQueryLogConfigs: [{ Name: 'b', AssociationCount: 1 }],
  });

  t.same((await call('list_tags_for_resource', { ResourceArn }))['Tags'], [{ Key: 'k', Value: 'b' }]);
  await call('tag_resource', { ResourceArn, Tags: [{ Key: 'more', Value: '1' }] });
  await call('untag_resource', { ResourceArn, TagKeys: ['k'] });
  t.same((await call('list_tags_for_resource', { ResourceArn }))['Tags'], [{ Key: 'more', Value: '1' }]);
});

t.test('a public zone of the API', { skip: skip || missingPython('boto3') }, async (t) => {
  const { daemon, authority, api, lines } = await startWorld(t, LOGS);
  const boto3 = await startBoto3(daemon, api);
  t.teardown(() => boto3.close());
  const call = (operation: string, members: object) => boto3.call('route53', operation, members);
  const { HostedZone } = await call('create_hosted_zone', { Name: 'shop.example', CallerReference: '1' });
  const zone: string = HostedZone.Id.replace('/hostedzone/', '');
  const asked = ['@127.0.0.1', '-p', String(authority), 'shop.example', 'SOA'];
  await until(async () => (await dig(...asked)).status === 'NOERROR', 'the zone is served');
  const members = { HostedZoneId: zone, CloudWatchLogsLogGroupArn: GROUP };
  const { QueryLoggingConfig } = await call('create_query_logging_config', members);
  t.match(QueryLoggingConfig, { HostedZoneId: zone, CloudWatchLogsLogGroupArn: GROUP });
  await until(async () => {
    await dig(...asked);
    return lines('group.log').length > 0;
  }, 'it is logged');
  t.match(
    lines('group.log')[0],
    new RegExp(`^1\\.0 \\S+Z ${zone} shop\\.example SOA NOERROR UDP FRA6 127\\.0\\.0\\.1 -$`),
  );
  await call('delete_query_logging_config', { Id: QueryLoggingConfig.Id });
  let before = -1;
  await until(async () => {
    before = lines('group.log').length;
    await dig(...asked);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return lines('group.log').length === before;
  }, 'it is logged no more');
  const nowhere = { HostedZoneId: zone, CloudWatchLogsLogGroupArn: GROUP.replace('shop', 'none') };
  await t.rejects(call('create_query_logging_config', nowhere), /NoSuchCloudWatchLogsLogGroup/);
});
