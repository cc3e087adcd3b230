/** Traffic policies made by boto3, and what dig is answered while they are in force. */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Output, startBoto3 } from '../support/boto3.ts';
import { startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missingPython } from '../support/python.ts';
import { missing } from '../support/servers.ts';

const skip = missing('dig') || missingPython('boto3');
const VPC = 'vpc-0a1b2c3d';

interface World {
  readonly zone: string;
  r53(operation: string, params?: object): Promise<Output>;
  answers(name: string): Promise<string>;
}

async function start(t: Test): Promise<World> {
  const api = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ./state, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs: [{ id: ${VPC}, region: eu-central-1, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }] }
`,
  });
  t.teardown(() => daemon.stop());
  const boto3 = await startBoto3(daemon, api);
  t.teardown(() => boto3.close());
  const r53: World['r53'] = (operation, params) => boto3.call('route53', operation, params);
  const made = await r53('create_hosted_zone', {
    Name: 'shop.example',
    CallerReference: 'one',
    VPC: { VPCRegion: 'eu-central-1', VPCId: VPC },
  });
  return {
    zone: made.HostedZone.Id.split('/').at(-1),
    r53,
    async answers(name) {
      const reply = await dig('@127.0.0.1', '-p', String(daemon.port), name, 'A');
      return reply.answers.map(({ ttl, rdata }) => `${ttl} ${rdata}`).join() || reply.status;
    },
  };
}

/** Resolves when all workers serve the instance. */
async function applied({ r53 }: World, instance: Output): Promise<void> {
  let { State } = instance;
  while (State !== 'Applied') {
    await sleep(20);
    State = (await r53('get_traffic_policy_instance', { Id: instance.Id })).TrafficPolicyInstance.State;
  }
}

const value = (Value: string) => ({ Type: 'value', Value });

/** A failover rule that leads to a weighted one, as the console writes it. */
function failover(HealthCheck: string, secondary: string): object {
  return {
    AWSPolicyFormatVersion: '2015-10-01',
    RecordType: 'A',
    StartRule: 'either',
    Endpoints: { one: value('192.0.2.1'), none: value('192.0.2.2'), last: value(secondary) },
    Rules: {
      either: {
        RuleType: 'failover',
        Primary: { RuleReference: 'shares', EvaluateTargetHealth: 'true' },
        Secondary: { EndpointReference: 'last' },
      },
      shares: {
        RuleType: 'weighted',
        Items: [
          { EndpointReference: 'one', Weight: '3', HealthCheck },
          { EndpointReference: 'none', Weight: 0, HealthCheck },
        ],
      },
    },
  };
}

t.test('an instance is answered, changed as a whole, and gone', { skip }, async (t) => {
  const world = await start(t);
  const { r53, answers, zone } = world;
  const check = await r53('create_health_check', {
    CallerReference: 'check',
    HealthCheckConfig: { Type: 'TCP', IPAddress: '192.0.2.1', Port: 9, Disabled: true },
  });
  const HealthCheckId: string = check.HealthCheck.Id;
  const Document = JSON.stringify(failover(HealthCheckId, '192.0.2.9'));
  const made = await r53('create_traffic_policy', { Name: 'shop', Document, Comment: 'the first' });
  const { Id: TrafficPolicyId } = made.TrafficPolicy;
  t.match(made, {
    Location: `https://route53.amazonaws.com/2013-04-01/trafficpolicy/${TrafficPolicyId}/1`,
    TrafficPolicy: { Version: 1, Name: 'shop', Type: 'A', Document, Comment: 'the first' },
  });
  const asked = { HostedZoneId: zone, Name: 'www.shop.example', TTL: 30, TrafficPolicyId };
  const { TrafficPolicyInstance: instance } = await r53('create_traffic_policy_instance', {
    ...asked,
    TrafficPolicyVersion: 1,
  });
  t.match(instance, { HostedZoneId: zone, Name: 'www.shop.example.', TTL: 30, TrafficPolicyType: 'A' });
  await applied(world, instance);
  t.equal(await answers('www.shop.example'), '30 192.0.2.1');

  await r53('update_health_check', { HealthCheckId, Inverted: true });
  for (let now = ''; now !== '30 192.0.2.9'; now = await answers('www.shop.example')) await sleep(20);
  t.pass('the failover rule sees through the weighted one');
  await r53('update_health_check', { HealthCheckId, Inverted: false });
  while ((await answers('www.shop.example')) !== '30 192.0.2.1') await sleep(20);

  const listed = await r53('list_resource_record_sets', { HostedZoneId: zone });
  t.same(
    listed.ResourceRecordSets.filter(({ Name }: Output) => Name !== 'shop.example.'),
    [{ Name: 'www.shop.example.', Type: 'A', TrafficPolicyInstanceId: instance.Id }],
    'its parts are not listed',
  );
  const records = (Name: string, Action = 'UPSERT', more = {}) =>
    r53('change_resource_record_sets', {
      HostedZoneId: zone,
      ChangeBatch: {
        Changes: [
          {
            Action,
            ResourceRecordSet: {
              Name,
              Type: 'A',
              TTL: 5,
              ResourceRecords: [{ Value: '192.0.2.77' }],
              ...more,
            },
          },
        ],
      },
    });
  const alone = /InvalidChangeBatch 400: .*for instances of traffic policies alone/;
  await t.rejects(records('www.shop.example'), alone, 'over its name');
  const weighted = { SetIdentifier: 'mine', Weight: 100 };
  await t.rejects(records(`_1.${instance.Id}._trafficpolicy.shop.example`, 'CREATE', weighted), alone);
  await t.rejects(records('new._trafficpolicy.shop.example', 'CREATE'), alone, 'beside its parts');
  await t.rejects(
    r53('delete_hosted_zone', { Id: zone }),
    /HostedZoneNotEmpty/,
    'it is of the zone as other record sets are',
  );

  // Another version, and another time to live: all at once.
  const { TrafficPolicy: second } = await r53('create_traffic_policy_version', {
    Id: TrafficPolicyId,
    Document: JSON.stringify({
      AWSPolicyFormatVersion: '2015-10-01',
      RecordType: 'A',
      StartEndpoint: 'only',
      Endpoints: { only: value('192.0.2.50') },
    }),
  });
  t.equal(second.Version, 2);
  const updated = await r53('update_traffic_policy_instance', {
    Id: instance.Id,
    TTL: 40,
    TrafficPolicyId,
    TrafficPolicyVersion: 2,
  });
  await applied(world, updated.TrafficPolicyInstance);
  t.equal(await answers('www.shop.example'), '40 192.0.2.50');
  t.equal(await answers(`_0.${instance.Id}._trafficpolicy.shop.example`), 'NXDOMAIN', 'nothing is left');
  const version = (Version: number) => ({ Id: TrafficPolicyId, Version });
  await t.rejects(r53('delete_traffic_policy', version(2)), /TrafficPolicyInUse 400: .*Version 2/);
  await r53('delete_traffic_policy', version(1));
  t.match(
    await r53('get_traffic_policy', version(1)),
    { TrafficPolicy: { Document } },
    'it can be read still',
  );
  await t.rejects(
    r53('create_traffic_policy_instance', { ...asked, Name: 'x.shop.example', TrafficPolicyVersion: 1 }),
    /NoSuchTrafficPolicy 404/,
  );
  await r53('delete_traffic_policy_instance', { Id: instance.Id });
  while ((await answers('www.shop.example')) !== 'NXDOMAIN') await sleep(20);
  t.equal((await r53('get_traffic_policy_instance_count')).TrafficPolicyInstanceCount, 0);
  await r53('delete_traffic_policy', version(2));
  t.same((await r53('list_traffic_policies')).TrafficPolicySummaries, []);
  await t.rejects(r53('get_traffic_policy_instance', { Id: instance.Id }), /NoSuchTrafficPolicyInstance 404/);
  await r53('delete_hosted_zone', { Id: zone });
});

t.test('lists, and what is refused', { skip }, async (t) => {
  const world = await start(t);
  const { r53, zone } = world;
  const document = (more: object = {}) =>
    JSON.stringify({
      AWSPolicyFormatVersion: '2015-10-01',
      RecordType: 'A',
      StartEndpoint: 'e',
      Endpoints: { e: value('192.0.2.1') },
      ...more,
    });
  const ids: string[] = [];
  for (const Name of ['p1', 'p2', 'p3'])
    ids.push((await r53('create_traffic_policy', { Name, Document: document() })).TrafficPolicy.Id);
  const Id = ids[0]!;
  for (const Comment of ['2', '3'])
    await r53('create_traffic_policy_version', { Id, Document: document(), Comment });
  await r53('update_traffic_policy_comment', { Id, Version: 2, Comment: 'another' });
  const first = await r53('list_traffic_policies', { MaxItems: '2' });
  t.match(first, { IsTruncated: true, TrafficPolicyIdMarker: ids[2] });
  t.match(first.TrafficPolicySummaries, [
    { Id, Name: 'p1', Type: 'A', LatestVersion: 3, TrafficPolicyCount: 3 },
    { Name: 'p2', LatestVersion: 1 },
  ]);
  t.match(await r53('list_traffic_policies', { TrafficPolicyIdMarker: ids[2] }), {
    IsTruncated: false,
    TrafficPolicySummaries: [{ Name: 'p3' }],
  });
  const versions = await r53('list_traffic_policy_versions', { Id, MaxItems: '2' });
  t.match(versions, { IsTruncated: true, TrafficPolicyVersionMarker: '3' });
  t.match(versions.TrafficPolicies, [{ Version: 1 }, { Version: 2, Comment: 'another' }]);
  t.match(await r53('list_traffic_policy_versions', { Id, TrafficPolicyVersionMarker: '3' }), {
    IsTruncated: false,
    TrafficPolicies: [{ Version: 3 }],
  });

  const instance = (Name: string, TrafficPolicyVersion = 1) =>
    r53('create_traffic_policy_instance', {
      HostedZoneId: zone,
      Name,
      TTL: 60,
      TrafficPolicyId: Id,
      TrafficPolicyVersion,
    });
  for (const name of ['c', 'b', 'a', 'd']) await instance(`${name}.shop.example`);
  const page = await r53('list_traffic_policy_instances', { MaxItems: '3' });
  const names = ({ TrafficPolicyInstances }: Output) =>
    TrafficPolicyInstances.map((each: Output) => each.Name[0]);
  t.same(names(page), ['a', 'b', 'c']);
  t.match(page, {
    IsTruncated: true,
    HostedZoneIdMarker: zone,
    TrafficPolicyInstanceNameMarker: 'd.shop.example.',
    TrafficPolicyInstanceTypeMarker: 'A',
  });
  const { HostedZoneIdMarker, TrafficPolicyInstanceNameMarker, TrafficPolicyInstanceTypeMarker } = page;
  const markers = { TrafficPolicyInstanceNameMarker, TrafficPolicyInstanceTypeMarker };
  t.same(names(await r53('list_traffic_policy_instances', { HostedZoneIdMarker, ...markers })), ['d']);
  const byZone = { HostedZoneId: zone, ...markers };
  t.same(names(await r53('list_traffic_policy_instances_by_hosted_zone', byZone)), ['d']);
  const byPolicy = { TrafficPolicyId: Id, TrafficPolicyVersion: 1 };
  t.equal(names(await r53('list_traffic_policy_instances_by_policy', byPolicy)).length, 4);
  await t.rejects(instance('a.shop.example', 2), /TrafficPolicyInstanceAlreadyExists 409/);
  await t.rejects(instance('x.other.example'), /InvalidInput 400: .*not permitted in zone shop\.example/);
  await instance('e.shop.example');
  await t.rejects(instance('f.shop.example'), /TooManyTrafficPolicyInstances 400/);

  await t.rejects(
    r53('create_traffic_policy', { Name: 'p1', Document: document(), Comment: 'again' }),
    /TrafficPolicyAlreadyExists 409/,
  );
  const toRule = (Rules: object) => ({ StartEndpoint: undefined, StartRule: 'r', Rules });
  const failoverTo = (to: object) => ({
    RuleType: 'failover',
    Primary: to,
    Secondary: { EndpointReference: 'e' },
  });
  for (const [text, why] of [
    ['{', /is not JSON/],
    ['[]', /document: /],
    [document({ AWSPolicyFormatVersion: '2015' }), /AWSPolicyFormatVersion: /],
    [document({ RecordType: 'B' }), /'B' is not facet-valid/],
    [document({ StartRule: 'r' }), /either StartEndpoint or StartRule/],
    [document({ StartEndpoint: 'f' }), /no endpoint 'f' in Endpoints/],
    [document({ Endpoints: { e: value('192.0.2.300') } }), /192\.0\.2\.300/],
    [document(toRule({ r: failoverTo({ RuleReference: 'r' }) })), /Rules\.r: rules lead from it back to it/],
    [document(toRule({ r: { RuleType: 'failover' } })), /Rules\.r\.Primary: /],
    [
      document(toRule({ r: { RuleType: 'weighted', Items: [{ EndpointReference: 'e', Weight: 256 }] } })),
      /256/,
    ],
    [
      document(toRule({ r: { RuleType: 'geo', Locations: [{ EndpointReference: 'e', Continent: 'XX' }] } })),
      /XX/,
    ],
    [
      document(toRule({ r: { RuleType: 'multivalue', Items: [{ RuleReference: 'r' }] } })),
      /items of a multivalue rule are endpoints/,
    ],
  ] as const)
    await t.rejects(
      r53('create_traffic_policy', { Name: 'bad', Document: text }),
      new RegExp(`InvalidTrafficPolicyDocument 400: [^]*${why.source}`),
      String(why),
    );
});
