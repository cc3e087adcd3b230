/** How many of each an account may have: as the configuration says at the moment, and as the API tells. */
import {
  AssociateVPCWithHostedZoneCommand,
  ChangeResourceRecordSetsCommand,
  CreateCidrCollectionCommand,
  CreateHealthCheckCommand,
  CreateHostedZoneCommand,
  CreateReusableDelegationSetCommand,
  CreateTrafficPolicyCommand,
  CreateTrafficPolicyInstanceCommand,
  GetAccountLimitCommand,
  GetHostedZoneLimitCommand,
  type ResourceRecordSet,
} from '@aws-sdk/client-route-53';
import t, { type Test } from 'tap';
import type { Config } from '../../../../src/control/config/load.ts';
import { DEFAULT_QUOTAS, type QuotaName } from '../../../../src/control/config/quotas.ts';
import { OURS, startRoute53 } from '../../../support/route53.ts';

const DOCUMENT = JSON.stringify({
  AWSPolicyFormatVersion: '2015-10-01',
  RecordType: 'A',
  StartEndpoint: 'e',
  Endpoints: { e: { Type: 'value', Value: '192.0.2.1' } },
});

const VPC = (VPCId: string) => ({ VPCId, VPCRegion: 'eu-west-1' }) as const;

/** An account, whose quotas can be changed, and what it makes. */
async function start(t: Test) {
  const account = { quotas: DEFAULT_QUOTAS };
  const declared = () => ({
    accounts: [{ id: OURS, quotas: account.quotas }],
    healthChecks: [],
    routingControls: [],
    node: {} as Config['node'],
  });
  const { ours, close } = await startRoute53({ declared, knowsVpc: () => true });
  t.teardown(close);
  let made = 0;
  const next = () => String(++made);
  const createZone = async (more = {}): Promise<string> => {
    const input = { Name: `z${++made}.example`, CallerReference: `r${made}`, ...more };
    return (await ours.send(new CreateHostedZoneCommand(input))).HostedZone!.Id!.slice(12);
  };
  const createPolicy = async (): Promise<string> => {
    const input = new CreateTrafficPolicyCommand({ Name: `p${++made}`, Document: DOCUMENT });
    return (await ours.send(input)).TrafficPolicy!.Id!;
  };
  const createSet = async (): Promise<string> => {
    const input = new CreateReusableDelegationSetCommand({ CallerReference: `s${++made}` });
    return (await ours.send(input)).DelegationSet!.Id!;
  };

  /** Another one is refused by a quota of as many as there are, and made by one more. */
  const held = async (
    name: QuotaName,
    there: number,
    fault: { name: string; message?: RegExp },
    add: () => Promise<unknown>,
  ) => {
    account.quotas = { ...DEFAULT_QUOTAS, [name]: there };
    await t.rejects(add(), fault, name);
    account.quotas = { ...DEFAULT_QUOTAS, [name]: there + 1 };
    await t.resolves(add(), name);
    await t.rejects(add(), fault, name);
  };
  return { ours, account, next, held, createZone, createPolicy, createSet };
}

t.test('each quota of Route 53', async (t) => {
  const { ours, account, next, held, createZone, createPolicy, createSet } = await start(t);
  const open = await createZone();
  const closed = await createZone({ VPC: VPC('vpc-ours') });
  const policy = await createPolicy();
  const set = await createSet();
  const addRecord = () => {
    const ResourceRecordSet: ResourceRecordSet = {
      Name: `www${next()}.z1.example`,
      Type: 'A',
      TTL: 60,
      ResourceRecords: [{ Value: '192.0.2.1' }],
    };
    const change = { Action: 'CREATE', ResourceRecordSet } as const;
    return ours.send(
      new ChangeResourceRecordSetsCommand({ HostedZoneId: open, ChangeBatch: { Changes: [change] } }),
    );
  };

  await held('hostedZones', 2, { name: 'TooManyHostedZones' }, createZone);
  const full = { name: 'InvalidChangeBatch', message: /Number of records limit of \d exceeded/ };
  await held('recordsPerZone', 2, full, addRecord);
  await held('vpcsPerZone', 1, { name: 'LimitsExceeded' }, () =>
    ours.send(new AssociateVPCWithHostedZoneCommand({ HostedZoneId: closed, VPC: VPC(`vpc-${next()}`) })),
  );
  account.quotas = { ...DEFAULT_QUOTAS, vpcsPerZone: 1 };
  await t.resolves(
    ours.send(new AssociateVPCWithHostedZoneCommand({ HostedZoneId: closed, VPC: VPC('vpc-ours') })),
    'what is there may be said again',
  );
  await held('healthChecks', 0, { name: 'TooManyHealthChecks' }, () => {
    const HealthCheckConfig = { Type: 'TCP', IPAddress: '192.0.2.1', Port: 80 } as const;
    return ours.send(new CreateHealthCheckCommand({ CallerReference: `h${next()}`, HealthCheckConfig }));
  });
  await held('delegationSets', 1, { name: 'LimitsExceeded' }, createSet);
  await held('zonesPerDelegationSet', 0, { name: 'LimitsExceeded' }, () =>
    createZone({ DelegationSetId: set }),
  );
  await held('trafficPolicies', 1, { name: 'TooManyTrafficPolicies' }, createPolicy);
  await held('trafficPolicyInstances', 0, { name: 'TooManyTrafficPolicyInstances' }, () =>
    ours.send(
      new CreateTrafficPolicyInstanceCommand({
        HostedZoneId: open,
        Name: `i${next()}.z1.example`,
        TTL: 60,
        TrafficPolicyId: policy,
        TrafficPolicyVersion: 1,
      }),
    ),
  );
  await held('cidrCollections', 0, { name: 'LimitsExceeded' }, () =>
    ours.send(new CreateCidrCollectionCommand({ Name: `c${next()}`, CallerReference: next() })),
  );
});

t.test('what the API tells of them', async (t) => {
  const { ours, account, createZone, createPolicy } = await start(t);
  const open = await createZone();
  const closed = await createZone({ VPC: VPC('vpc-ours') });
  await createPolicy();
  account.quotas = { ...DEFAULT_QUOTAS, hostedZones: 7, recordsPerZone: 8, vpcsPerZone: 9 };
  const limitOf = async (Type: 'MAX_HOSTED_ZONES_BY_OWNER' | 'MAX_TRAFFIC_POLICIES_BY_OWNER') => {
    const { Limit, Count } = await ours.send(new GetAccountLimitCommand({ Type }));
    return [Limit!.Value, Count];
  };
  t.same(await limitOf('MAX_HOSTED_ZONES_BY_OWNER'), [7, 2]);
  t.same(await limitOf('MAX_TRAFFIC_POLICIES_BY_OWNER'), [DEFAULT_QUOTAS.trafficPolicies, 1]);
  const zoneLimit = async (
    HostedZoneId: string,
    Type: 'MAX_RRSETS_BY_ZONE' | 'MAX_VPCS_ASSOCIATED_BY_ZONE',
  ) => {
    const { Limit, Count } = await ours.send(new GetHostedZoneLimitCommand({ HostedZoneId, Type }));
    return [Limit!.Value, Count];
  };
  t.same(await zoneLimit(open, 'MAX_RRSETS_BY_ZONE'), [8, 2]);
  t.same(await zoneLimit(closed, 'MAX_VPCS_ASSOCIATED_BY_ZONE'), [9, 1]);
});
