/** Health checks and CIDR collections made by boto3, and DNS answering by them. */
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Boto3, type Output, startBoto3 } from '../support/boto3.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missingPython } from '../support/python.ts';
import { missing } from '../support/servers.ts';

const skip = missing('dig') || missingPython('boto3');
/** A flip takes an interval of 10 s and more where the machine is slow. */
const UNTIL_MS_MAX = 120_000;
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

interface Api {
  readonly daemon: Daemon;
  /** Of the authoritative endpoint. */
  readonly auth: number;
  readonly boto3: Boto3;
  r53(operation: string, params?: object): Promise<Output>;
  /** Of another account. */
  other(operation: string, params?: object): Promise<Output>;
}

async function start(t: Test): Promise<Api> {
  const [api, auth] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ./state, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}", rateLimit: { rate: 1000, burst: 1000 } }
accounts: [{ id: "000000000000" }, { id: "111111111111" }]
vpcs: [{ id: vpc-0a1b2c3d, region: eu-central-1, cidrs: [127.0.0.0/8] }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }]
  authoritative: [{ id: auth-1, listen: ["127.0.0.1:${auth}"], delegationSet: N1, rateLimit: false }]
delegationSets: [{ id: N1, nameServers: [ns1.example.net., ns2.example.net.] }]
healthChecks: [{ id: hc-1, type: TCP, ipAddress: 127.0.0.1, port: 9, disabled: true }]
routingControls: [{ name: eu, initial: on }]
`,
  });
  t.teardown(() => daemon.stop().catch(() => undefined));
  const boto3 = await startBoto3(daemon, api);
  const another = await startBoto3(daemon, api, '111111111111');
  t.teardown(() => boto3.close());
  t.teardown(() => another.close());
  return {
    daemon,
    auth,
    boto3,
    r53: (operation, params) => boto3.call('route53', operation, params),
    other: (operation, params) => another.call('route53', operation, params),
  };
}

async function answers(port: number, name: string, ...more: string[]): Promise<string[]> {
  const reply = await dig('@127.0.0.1', '-p', String(port), ...more, name, 'A');
  return reply.answers.map(({ rdata }) => rdata).sort();
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + UNTIL_MS_MAX;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${isSo}`);
    await sleep(50);
  }
}

/** Changes record sets and waits for INSYNC. */
async function change({ r53 }: Api, zone: string, ...changes: [string, object][]): Promise<void> {
  const Changes = changes.map(([Action, ResourceRecordSet]) => ({ Action, ResourceRecordSet }));
  const made = await r53('change_resource_record_sets', { HostedZoneId: zone, ChangeBatch: { Changes } });
  await insync({ r53 }, made.ChangeInfo.Id);
}

async function insync({ r53 }: Pick<Api, 'r53'>, Id: string): Promise<void> {
  await until(async () => (await r53('get_change', { Id })).ChangeInfo.Status === 'INSYNC');
}

function set(SetIdentifier: string, Name: string, Value: string, policy: object): object {
  return { Name, Type: 'A', TTL: 60, SetIdentifier, ResourceRecords: [{ Value }], ...policy };
}

const tcp = (Port: number, more = {}) => ({
  Type: 'TCP',
  IPAddress: '127.0.0.1',
  Port,
  RequestInterval: 10,
  FailureThreshold: 1,
  ...more,
});

t.test(
  'a health check decides what is answered, as soon as it exists and until it is gone',
  { skip },
  async (t) => {
    const api = await start(t);
    const { r53, auth } = api;
    const server = createServer((socket) => socket.destroy());
    t.teardown(() => server.close());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const open = (server.address() as { port: number }).port;
    const closed = await freePort('127.0.0.1');
    const create = async (CallerReference: string, HealthCheckConfig: object): Promise<string> =>
      (await r53('create_health_check', { CallerReference, HealthCheckConfig })).HealthCheck.Id;

    const made = await r53('create_health_check', { CallerReference: 'bad', HealthCheckConfig: tcp(closed) });
    t.match(made, {
      Location: `https://route53.amazonaws.com/2013-04-01/healthcheck/${made.HealthCheck.Id}`,
      HealthCheck: {
        Id: UUID,
        CallerReference: 'bad',
        HealthCheckVersion: 1,
        HealthCheckConfig: { ...tcp(closed), MeasureLatency: false, Inverted: false, Disabled: false },
      },
    });
    const bad = made.HealthCheck.Id;
    const good = await create('good', tcp(open));
    const both = await create('both', {
      Type: 'CALCULATED',
      HealthThreshold: 2,
      ChildHealthChecks: [bad, good, 'hc-1'],
    });

    const zone = (await r53('create_hosted_zone', { Name: 'hc.example', CallerReference: 'z' })).HostedZone
      .Id;
    const pair = (name: string, check: string, value: string): [string, object][] => [
      ['CREATE', set('p', name, value, { Failover: 'PRIMARY', HealthCheckId: check })],
      ['CREATE', set('s', name, '192.0.2.99', { Failover: 'SECONDARY' })],
    ];
    await change(api, zone, ...pair('bad.hc.example', bad, '192.0.2.1'));
    await change(api, zone, ...pair('good.hc.example', good, '192.0.2.2'));
    await change(api, zone, ...pair('both.hc.example', both, '192.0.2.3'));
    await until(async () => (await answers(auth, 'bad.hc.example')).includes('192.0.2.99'));
    t.same(await answers(auth, 'good.hc.example'), ['192.0.2.2']);
    t.same(await answers(auth, 'both.hc.example'), ['192.0.2.3'], 'two of three children are healthy');

    const status = await r53('get_health_check_status', { HealthCheckId: bad });
    t.match(status.HealthCheckObservations, [
      {
        Region: 'eu-central-1',
        IPAddress: String,
        StatusReport: { Status: /^Failure: /, CheckedTime: /^20/ },
      },
    ]);
    const reason = await r53('get_health_check_last_failure_reason', { HealthCheckId: bad });
    t.match(reason.HealthCheckObservations, [{ StatusReport: { Status: /^Failure: / } }]);
    await until(async () => {
      const { HealthCheckObservations: seen } = await r53('get_health_check_status', { HealthCheckId: good });
      return seen.length === 1 && seen[0].StatusReport.Status.startsWith('Success');
    });
    const never = await r53('get_health_check_last_failure_reason', { HealthCheckId: good });
    t.same(never.HealthCheckObservations, []);
    await t.rejects(r53('get_health_check_status', { HealthCheckId: both }), /^InvalidInput 400/);

    // Others that come later take nobody's slot.
    await create('third', tcp(open, { Disabled: true, Inverted: true }));
    t.same(await answers(auth, 'good.hc.example'), ['192.0.2.2']);
    t.same(await answers(auth, 'bad.hc.example'), ['192.0.2.99']);

    const update = (HealthCheckId: string, more: object): Promise<Output> =>
      r53('update_health_check', { HealthCheckId, ...more });
    const updated = await update(both, { HealthThreshold: 3, HealthCheckVersion: 1 });
    t.match(updated.HealthCheck, { HealthCheckVersion: 2, HealthCheckConfig: { HealthThreshold: 3 } });
    await until(async () => (await answers(auth, 'both.hc.example')).includes('192.0.2.99'));
    await t.rejects(update(both, { HealthCheckVersion: 1 }), /^HealthCheckVersionMismatch 409/);
    await update(bad, { Port: open });
    await until(async () => (await answers(auth, 'bad.hc.example')).includes('192.0.2.1'));

    await update(good, { Port: closed });
    await until(async () => (await answers(auth, 'good.hc.example')).includes('192.0.2.99'));
    await r53('delete_health_check', { HealthCheckId: good });
    await until(async () => (await answers(auth, 'good.hc.example')).includes('192.0.2.2'));
    const primary = pair('good.hc.example', good, '192.0.2.2')[0]![1];
    await t.rejects(change(api, zone, ['UPSERT', primary]), /NoSuchHealthCheck 404: A health check with id /);
    await change(api, zone, ['DELETE', primary]);
    t.same(await answers(auth, 'good.hc.example'), ['192.0.2.99'], 'what names a check that is gone can go');
    // Signed in the same second it would be the very request that was made above, and get its response.
    await sleep(1000);
    await t.rejects(
      r53('create_health_check', { CallerReference: 'good', HealthCheckConfig: tcp(open) }),
      /HealthCheckAlreadyExists 409/,
    );
    const wrong = set('p', 'bad.hc.example', '192.0.2.1', { Failover: 'PRIMARY', HealthCheckId: both });
    await t.rejects(
      change(api, zone, ['DELETE', wrong]),
      /InvalidChangeBatch 400.*do not match the current values/,
    );
  },
);

t.test(
  'health checks: references, limits of what may be set, other accounts, lists and tags',
  { skip },
  async (t) => {
    const { r53, other, daemon } = await start(t);
    const create = (CallerReference: string, HealthCheckConfig: object): Promise<Output> =>
      r53('create_health_check', { CallerReference, HealthCheckConfig });
    const web = { Type: 'HTTPS', FullyQualifiedDomainName: 'www.example.com', ResourcePath: '/status' };
    const first = await create('one', web);
    const { Id } = first.HealthCheck;
    t.match(first.HealthCheck.HealthCheckConfig, {
      ...web,
      Port: 443,
      RequestInterval: 30,
      FailureThreshold: 3,
      EnableSNI: true,
    });
    const again = await create('one', { ...web, Port: 443 });
    t.equal(again.HealthCheck.Id, Id, 'the same reference and configuration: the same check');
    await t.rejects(create('one', { ...web, Port: 8443 }), /^HealthCheckAlreadyExists 409/);
    t.not((await create('two', web)).HealthCheck.Id, Id);

    for (const [config, message] of [
      [{ Type: 'HTTP' }, /IPAddress or FullyQualifiedDomainName must be specified/],
      [{ Type: 'TCP', IPAddress: '192.0.2.1' }, /Port must be specified/],
      [{ Type: 'HTTP_STR_MATCH', IPAddress: '192.0.2.1' }, /SearchString must be specified/],
      [{ ...web, SearchString: 'ok' }, /SearchString cannot be specified for a health check of type HTTPS/],
      [{ ...web, FullyQualifiedDomainName: 'a b' }, /FullyQualifiedDomainName: "a b" is not a host name/],
      [{ ...web, RequestInterval: 20 }, /RequestInterval must be 10 or 30/],
      [{ Type: 'CALCULATED', ChildHealthChecks: [Id] }, /HealthThreshold must be specified/],
      [
        { Type: 'CALCULATED', HealthThreshold: 1, ChildHealthChecks: ['no'] },
        /child health check no does not exist/,
      ],
      [{ Type: 'CLOUDWATCH_METRIC' }, /AlarmIdentifier must be specified/],
      [{ Type: 'RECOVERY_CONTROL', RoutingControlArn: 'arn:aws:x/us' }, /no routing control is called us/],
      [{ ...web, FailureThreshold: 11 }, /FailureThreshold|failureThreshold|facet-valid/],
    ] as const)
      await t
        .rejects(create('wrong', config), { message: /^InvalidInput 400/ }, JSON.stringify(config))
        .then(() => t.rejects(create('wrong', config), { message }));
    const arn = 'arn:aws:route53-recovery-control::000000000000:controlpanel/0/routingcontrol/eu';
    const control = (await create('arc', { Type: 'RECOVERY_CONTROL', RoutingControlArn: arn })).HealthCheck
      .Id;
    const alarm = (
      await create('cw', {
        Type: 'CLOUDWATCH_METRIC',
        AlarmIdentifier: { Region: 'eu-west-1', Name: 'errors' },
      })
    ).HealthCheck;
    t.equal(alarm.HealthCheckConfig.InsufficientDataHealthStatus, 'LastKnownStatus');
    const shown = await daemon.cli('health', '--json');
    t.match(shown.stdout, control, 'the health thread has them');

    const update = (more: object): Promise<Output> =>
      r53('update_health_check', { HealthCheckId: Id, ...more });
    const reset = await update({ ResetElements: ['ResourcePath'], FailureThreshold: 5 });
    t.equal(reset.HealthCheck.HealthCheckConfig.ResourcePath, undefined);
    t.equal(reset.HealthCheck.HealthCheckConfig.FailureThreshold, 5);
    t.equal(reset.HealthCheck.HealthCheckVersion, 2);
    await t.rejects(update({ IPAddress: '192.0.2.1' }), /InvalidInput 400.*created without/);
    await t.rejects(update({ ResetElements: ['FullyQualifiedDomainName'] }), /InvalidInput 400/);

    await t.rejects(
      other('get_health_check', { HealthCheckId: Id }),
      /NoSuchHealthCheck 404: A health check with id/,
    );
    await t.rejects(other('delete_health_check', { HealthCheckId: Id }), /NoSuchHealthCheck 404/);
    t.equal((await other('get_health_check_count')).HealthCheckCount, 0);
    t.equal((await r53('get_health_check_count')).HealthCheckCount, 4);
    const ids: string[] = [];
    for (let Marker: string | undefined; ; ) {
      const page = await r53('list_health_checks', {
        MaxItems: '3',
        ...(Marker === undefined ? {} : { Marker }),
      });
      t.match(page, { MaxItems: '3', Marker: Marker ?? '' });
      ids.push(...page.HealthChecks.map((each: Output) => each.Id));
      Marker = page.NextMarker;
      if (!page.IsTruncated) break;
    }
    t.equal(new Set(ids).size, 4);
    t.equal(ids.length, 4);

    const tagged = { ResourceType: 'healthcheck', ResourceId: Id };
    await r53('change_tags_for_resource', { ...tagged, AddTags: [{ Key: 'Name', Value: 'web' }] });
    t.match(await r53('list_tags_for_resource', tagged), {
      ResourceTagSet: { ...tagged, Tags: [{ Key: 'Name', Value: 'web' }] },
    });
    await t.rejects(other('list_tags_for_resource', tagged), /NoSuchHealthCheck 404/);
    const ranges = (await r53('get_checker_ip_ranges')).CheckerIpRanges as string[];
    t.not(ranges.length, 0);
    const own = Object.values(networkInterfaces()).flatMap((each) => each!.map(({ address }) => address));
    for (const range of ranges) t.ok(own.includes(range.replace(/\/(32|128)$/, '')), range);
    await r53('delete_health_check', { HealthCheckId: Id });
    await t.rejects(r53('list_tags_for_resource', tagged), /NoSuchHealthCheck 404/);

    daemon.kill('SIGKILL');
    const state = JSON.stringify(join(daemon.folder, 'state'));
    const restarted = await startDaemon({
      config: `node: { name: e2e, region: eu-central-1, state: ${state}, workers: 1, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${await freePort('127.0.0.1')}" }
accounts: [{ id: "000000000000" }]
vpcs: [{ id: vpc-0a1b2c3d, region: eu-central-1, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }] }
`,
    });
    t.teardown(() => restarted.stop());
    const after = (await restarted.cli('health', '--json')).stdout;
    for (const id of ids)
      t.equal(after.includes(id), id !== Id, 'what was acknowledged is there after a crash');
  },
);

t.test('CIDR collections', { skip }, async (t) => {
  const api = await start(t);
  const { r53, other, auth } = api;
  const made = await r53('create_cidr_collection', { Name: 'nets', CallerReference: 'one' });
  const { Id } = made.Collection;
  t.match(made.Collection, {
    Id: UUID,
    Name: 'nets',
    Version: 1,
    Arn: `arn:aws:route53:::cidrcollection/${Id}`,
  });
  t.match(made.Location, /\/2013-04-01\/cidrcollection\//);
  const again = await r53('create_cidr_collection', { Name: 'nets', CallerReference: 'one' });
  t.equal(again.Collection.Id, Id);
  for (const [Name, CallerReference] of [
    ['nets', 'two'],
    ['others', 'one'],
  ])
    await t.rejects(
      r53('create_cidr_collection', { Name, CallerReference }),
      /CidrCollectionAlreadyExistsException 400/,
    );
  const put = async (changes: [string, string, string[]][], CollectionVersion?: number): Promise<void> => {
    const Changes = changes.map(([Action, LocationName, CidrList]) => ({ Action, LocationName, CidrList }));
    const version = CollectionVersion === undefined ? {} : { CollectionVersion };
    const { Id: change } = await r53('change_cidr_collection', { Id, Changes, ...version });
    await insync(api, change);
  };
  await put([['PUT', 'office', ['127.0.7.0/24', '2001:DB8::/32']]], 1);

  const zone = (await r53('create_hosted_zone', { Name: 'ip.example', CallerReference: 'z' })).HostedZone.Id;
  const at = (LocationName: string) => ({ CidrRoutingConfig: { CollectionId: Id, LocationName } });
  await change(
    api,
    zone,
    ['CREATE', set('o', 'www.ip.example', '192.0.2.1', at('office'))],
    ['CREATE', set('d', 'www.ip.example', '192.0.2.2', at('*'))],
  );
  t.same(await answers(auth, 'www.ip.example', '-b', '127.0.7.1'), ['192.0.2.1']);
  t.same(await answers(auth, 'www.ip.example', '-b', '127.0.8.1'), ['192.0.2.2']);
  await put([
    ['PUT', 'lab', ['127.0.8.0/24']],
    ['DELETE_IF_EXISTS', 'office', ['127.0.7.0/24']],
    ['PUT', 'lab', ['127.0.7.0/24']],
  ]);
  t.same(await answers(auth, 'www.ip.example', '-b', '127.0.7.1'), ['192.0.2.2'], 'no set has the location');
  await put([['DELETE_IF_EXISTS', 'lab', ['127.0.7.0/24']]]);
  await put([['DELETE_IF_EXISTS', 'office', ['2001:db8::/32']]]);
  await put([['PUT', 'office', ['127.0.7.0/24']]]);
  t.same(
    await answers(auth, 'www.ip.example', '-b', '127.0.7.1'),
    ['192.0.2.1'],
    'the location is there again',
  );

  await t.rejects(put([['PUT', 'lab', ['127.0.7.0/24']]]), /CidrBlockInUseException 400.*office/);
  await t.rejects(put([['PUT', 'lab', ['10.0.0.0/25']]]), /InvalidInput 400.*longer than \/24/);
  await t.rejects(put([['PUT', 'lab', ['10.0.0.1/24']]]), /InvalidInput 400/);
  await t.rejects(put([['PUT', 'lab', ['10.0.0.0/24']]], 1), /CidrCollectionVersionMismatchException 409/);
  const many = Array.from({ length: 999 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  await t.rejects(put([['PUT', 'many', many]]), /LimitsExceeded 400/);
  await t.rejects(
    change(api, zone, ['CREATE', set('x', 'www.ip.example', '192.0.2.3', at('mars'))]),
    /NoSuchCidrLocationException 404/,
  );

  const collection = { CollectionId: Id };
  t.same((await r53('list_cidr_locations', collection)).CidrLocations, [
    { LocationName: 'lab' },
    { LocationName: 'office' },
  ]);
  const page = await r53('list_cidr_blocks', { ...collection, MaxResults: '1' });
  t.same(page.CidrBlocks, [{ CidrBlock: '127.0.7.0/24', LocationName: 'office' }]);
  const next = await r53('list_cidr_blocks', { ...collection, NextToken: page.NextToken });
  t.same(next.CidrBlocks, [{ CidrBlock: '127.0.8.0/24', LocationName: 'lab' }]);
  t.equal(next.NextToken, undefined);
  const office = await r53('list_cidr_blocks', { ...collection, LocationName: 'office' });
  t.equal(office.CidrBlocks.length, 1);
  await t.rejects(
    r53('list_cidr_blocks', { ...collection, LocationName: 'mars' }),
    /NoSuchCidrLocationException 404/,
  );
  t.match((await r53('list_cidr_collections')).CidrCollections, [{ Id, Name: 'nets', Version: 6 }]);
  t.same((await other('list_cidr_collections')).CidrCollections, []);
  await t.rejects(other('list_cidr_locations', collection), /NoSuchCidrCollectionException 404/);

  await t.rejects(r53('delete_cidr_collection', { Id }), /CidrCollectionInUseException 400/);
  await put([
    ['DELETE_IF_EXISTS', 'lab', ['127.0.8.0/24', '192.0.2.0/24']],
    ['DELETE_IF_EXISTS', 'office', ['127.0.7.0/24']],
  ]);
  // Within a second this would be the same signed request as the one that was refused, and be answered as that.
  await sleep(1000);
  await r53('delete_cidr_collection', { Id });
  await t.rejects(r53('list_cidr_blocks', collection), /NoSuchCidrCollectionException 404/);
  for (let i = 0; i < 5; i++) await r53('create_cidr_collection', { Name: `c${i}`, CallerReference: `${i}` });
  await t.rejects(r53('create_cidr_collection', { Name: 'c5', CallerReference: '5' }), /LimitsExceeded 400/);
});
