/** Profiles by boto3, asked by dig: what is in one is seen by the clients of the VPCs that have it, and by nobody else. */
import t from 'tap';
import { type Output, startBoto3 } from '../support/boto3.ts';
import { startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { pythonWithService } from '../support/python.ts';
import { missing, startUnbound } from '../support/servers.ts';

const python = pythonWithService('route53profiles');
const skip = missing('dig', 'unbound') || (python === undefined && 'no boto3 that knows route53profiles');

t.test('made, filled, associated, asked, taken apart', { skip }, async (t) => {
  const inside = await startUnbound({
    localData: ['www.ruled.example. A 10.9.9.9', 'deep.corp.example. A 10.9.9.8'],
  });
  t.teardown(() => inside.stop());
  const api = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-west-1, state: ./state, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
accounts: [{ id: "000000000000" }, { id: "111122223333" }]
vpcs:
  - { id: vpc-hub, cidrs: [127.0.0.1/32], dnssec: off }
  - { id: vpc-spoke, cidrs: [127.0.0.2/32], dnssec: off }
  - { id: vpc-bare, cidrs: [127.0.0.3/32], dnssec: off }
  - { id: vpc-theirs, account: "111122223333", cidrs: [127.0.0.4/32], dnssec: off }
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }]
  outbound: [{ id: out-1, source: [127.0.0.8] }]
rules:
  - { domain: ".", type: forward, targets: ["127.0.0.1:1"], vpcs: [vpc-hub, vpc-spoke, vpc-bare] }
zones:
  - { name: local.example., vpcs: [vpc-spoke], records: [{ name: www, type: A, ttl: 60, values: 10.7.7.7 }] }
`,
  });
  t.teardown(() => daemon.stop());
  const boto3 = await startBoto3(daemon, api, undefined, python!);
  t.teardown(() => boto3.close());
  const call = (operation: string, members: object = {}): Promise<Output> =>
    boto3.call('route53profiles', operation, members);
  const refused = (operation: string, members: object, fault: RegExp) =>
    t.rejects(call(operation, members), fault, String(fault));
  const asked = async (last: number, name: string): Promise<string> => {
    const reply = await dig('-b', `127.0.0.${last}`, '@127.0.0.1', '-p', String(daemon.port), name, 'A');
    return reply.answers[0]?.rdata ?? 'nothing';
  };
  const becomes = async (expected: string, last: number, name: string, message?: string): Promise<void> => {
    for (let i = 0; i < 50 && (await asked(last, name)) !== expected; i++);
    t.equal(await asked(last, name), expected, message ?? `${name} for ${last}`);
  };
  const zoneWith = async (Name: string, address: string): Promise<string> => {
    const made = await boto3.call('route53', 'create_hosted_zone', {
      Name,
      CallerReference: Name,
      VPC: { VPCRegion: 'eu-west-1', VPCId: 'vpc-hub' },
    });
    const set = { Name: `www.${Name}`, Type: 'A', TTL: 60, ResourceRecords: [{ Value: address }] };
    await boto3.call('route53', 'change_resource_record_sets', {
      HostedZoneId: made.HostedZone.Id,
      ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet: set }] },
    });
    return `arn:aws:route53:::${made.HostedZone.Id.slice(1)}`;
  };
  const ruleFor = async (DomainName: string): Promise<string> => {
    const made = await boto3.call('route53resolver', 'create_resolver_rule', {
      CreatorRequestId: DomainName,
      RuleType: 'FORWARD',
      DomainName,
      ResolverEndpointId: 'out-1',
      TargetIps: [{ Ip: inside.address, Port: inside.port }],
    });
    return made.ResolverRule.Arn;
  };

  // The Profile itself.
  const asks = { Name: 'shared', ClientToken: 'token-1', Tags: [{ Key: 'team', Value: 'dns' }] };
  const { Profile: profile } = await call('create_profile', asks);
  const ProfileId: string = profile.Id;
  t.match(profile, {
    Id: /^rp-[0-9a-f]{17}$/,
    Arn: `arn:aws:route53profiles:eu-west-1:000000000000:profile/${ProfileId}`,
    Status: 'COMPLETE',
    ShareStatus: 'NOT_SHARED',
    OwnerId: '000000000000',
    CreationTime: /^20\d\d-/,
  });
  t.equal(
    (await call('create_profile', { ...asks, Tags: [] })).Profile.Id,
    ProfileId,
    'the token is of this one',
  );
  await refused('create_profile', { ...asks, Name: 'other' }, /InvalidParameterException 400: .*'token-1'/);
  t.match(await call('get_profile', { ProfileId }), { Profile: { Name: 'shared' } });
  await refused('get_profile', { ProfileId: 'rp-0' }, /ResourceNotFoundException 404: .*'rp-0'/);
  const second = await call('create_profile', { Name: 'second', ClientToken: 'token-2' });
  const page = await call('list_profiles', { MaxResults: 1 });
  t.match(page.ProfileSummaries, [{ Id: ProfileId, Name: 'shared' }]);
  t.match(await call('list_profiles', { NextToken: page.NextToken }), {
    ProfileSummaries: [{ Name: 'second' }],
  });
  const ResourceArn: string = profile.Arn;
  await call('tag_resource', { ResourceArn, Tags: { a: '1', b: '2' } });
  await call('untag_resource', { ResourceArn, TagKeys: ['a', 'team'] });
  t.match(await call('list_tags_for_resource', { ResourceArn }), { Tags: { b: '2' } });
  t.notOk('a' in (await call('list_tags_for_resource', { ResourceArn })).Tags);

  // What is in it.
  const corp = await zoneWith('corp.example', '10.1.1.1');
  const local = await zoneWith('local.example', '10.1.1.2');
  const ruled = await ruleFor('ruled.example');
  const deep = await ruleFor('deep.corp.example');
  const put = (ResourceArn: string, Name: string, more: object = {}) =>
    call('associate_resource_to_profile', { ProfileId, ResourceArn, Name, ...more });
  const { ProfileResourceAssociation: inProfile } = await put(corp, 'corp');
  t.match(inProfile, { Id: /^rpr-/, ResourceType: 'PRIVATE_HOSTED_ZONE', ResourceArn: corp, ProfileId });
  for (const [arn, name] of [
    [local, 'local'],
    [ruled, 'ruled'],
  ] as const)
    await put(arn, name);
  await t.rejects(put(corp, 'again'), /ConflictException 409: .* has .* already/);
  await t.rejects(
    put('arn:aws:ec2:eu-west-1:000000000000:vpc-endpoint/vpce-1', 'x'),
    /InvalidParameterException 400: Interface VPC endpoints/,
  );
  await t.rejects(put('arn:aws:route53:::hostedzone/Z0', 'x'), /ResourceNotFoundException 404/);
  await t.rejects(
    put(deep, 'x', { ResourceProperties: '{"priority":101}' }),
    /InvalidParameterException 400: Only/,
  );

  // In force.
  await becomes('nothing', 2, 'www.corp.example', 'a Profile alone changes nothing');
  const associate = (ResourceId: string, of = ProfileId, Name = 'here') =>
    call('associate_profile', { Name, ProfileId: of, ResourceId });
  let { ProfileAssociation: association } = await associate('vpc-spoke');
  while (association.Status !== 'COMPLETE')
    ({ ProfileAssociation: association } = await call('get_profile_association', {
      ProfileAssociationId: association.Id,
    }));
  t.equal(await asked(2, 'www.corp.example'), '10.1.1.1', 'COMPLETE is what every worker serves');
  t.equal(await asked(2, 'www.ruled.example'), '10.9.9.9');
  t.equal(await asked(2, 'www.local.example'), '10.7.7.7', 'its own zone of the same name goes before');
  t.equal(await asked(3, 'www.corp.example'), 'nothing', 'another VPC');
  await put(deep, 'deep');
  await becomes('10.9.9.8', 2, 'deep.corp.example', 'the more specific name decides, once it is there');
  await t.rejects(associate('vpc-spoke', ProfileId, 'again'), /ResourceExistsException 409/);
  await t.rejects(associate('vpc-spoke', second.Profile.Id), /ConflictException 409/);
  await t.rejects(associate('vpc-9'), /ResourceNotFoundException 404: The VPC with ID 'vpc-9'/);
  await t.rejects(associate('vpc-theirs'), /ResourceNotFoundException 404/);
  t.match(await call('list_profile_associations', { ResourceId: 'vpc-spoke' }), {
    ProfileAssociations: [{ ProfileId, Name: 'here' }],
  });
  const zones = await boto3.call('route53', 'get_hosted_zone', { Id: corp.slice(-21) });
  t.equal(zones.VPCs.length, 1, 'what a Profile brings is not the zone’s own');
  t.match(await call('list_profile_resource_associations', { ProfileId, ResourceType: 'RESOLVER_RULE' }), {
    ProfileResourceAssociations: [{ ResourceArn: ruled }, { ResourceArn: deep }],
  });
  const { ProfileResourceAssociation: renamed } = await call('update_profile_resource_association', {
    ProfileResourceAssociationId: inProfile.Id,
    Name: 'renamed',
  });
  t.match(renamed, { Name: 'renamed', ResourceArn: corp });

  // What the Profile says of all its VPCs.
  const setting = (operation: string, more: object = {}) =>
    boto3.call('route53resolver', operation, { ResourceId: ProfileId, ...more });
  const reverse = async () => (await setting('get_resolver_config')).ResolverConfig.AutodefinedReverse;
  const reversed = async (last: number): Promise<string> => {
    const name = '1.0.0.10.in-addr.arpa';
    const asks = ['-b', `127.0.0.${last}`, '@127.0.0.1', '-p', String(daemon.port), '+time=10', name, 'PTR'];
    return (await dig(...asks)).status;
  };
  t.equal(await reverse(), 'USE_LOCAL_RESOURCE_SETTING');
  t.equal(await reversed(2), 'NXDOMAIN', 'its own setting');
  await setting('update_resolver_config', { AutodefinedReverseFlag: 'DISABLE' });
  while ((await reverse()) !== 'DISABLED');
  t.equal(await reversed(2), 'SERVFAIL', 'as any other name: nobody answers at the rule for "."');
  t.equal(await reversed(3), 'NXDOMAIN', 'another VPC');

  // Taken apart.
  await refused('delete_profile', { ProfileId }, /ConflictException 409: .*'vpc-spoke'/);
  t.match(await call('disassociate_resource_from_profile', { ProfileId, ResourceArn: corp }), {
    ProfileResourceAssociation: { Status: 'DELETING' },
  });
  await becomes('nothing', 2, 'www.corp.example');
  await refused(
    'get_profile_resource_association',
    { ProfileResourceAssociationId: inProfile.Id },
    /ResourceNotFoundException 404/,
  );
  t.match(await call('disassociate_profile', { ProfileId, ResourceId: 'vpc-spoke' }), {
    ProfileAssociation: { Status: 'DELETING' },
  });
  await becomes('nothing', 2, 'www.ruled.example');
  t.match(await call('delete_profile', { ProfileId }), { Profile: { Status: 'DELETING' } });
  await refused('list_tags_for_resource', { ResourceArn }, /ResourceNotFoundException 404/);
});
