/** Which VPCs have which groups of DNS Firewall, what they do where a rule cannot be evaluated, and tags. */
import t from 'tap';
import type { AssociateFirewallRuleGroupRequest } from '../../../../src/control/api/models/route53resolver.ts';
import type { FirewallPolicy } from '../../../../src/control/firewall/policy.ts';
import { startResolver, type TestResolver, THEIRS } from './support.ts';

const DECLARED: FirewallPolicy = {
  lists: [],
  groups: [{ id: 'own-group', rules: [] }],
  associations: [{ id: 'own', group: 'own-group', vpc: 'vpc-1', priority: 300 }],
  failOpen: new Set(['vpc-2']),
};

async function makeGroup(api: TestResolver, Name: string): Promise<string> {
  const input = { CreatorRequestId: Name, Name };
  return (await api.call('CreateFirewallRuleGroup', input)).FirewallRuleGroup!.Id!;
}

/** Associates a group that is new, unless one is named. */
async function associate(
  api: TestResolver,
  Priority: number,
  more: Partial<AssociateFirewallRuleGroupRequest> = {},
) {
  const FirewallRuleGroupId = more.FirewallRuleGroupId ?? (await makeGroup(api, `g${Priority}`));
  const base = { CreatorRequestId: `a${Priority}`, VpcId: 'vpc-1', Name: `a${Priority}`, Priority };
  const input = { ...base, ...more, FirewallRuleGroupId };
  return (await api.call('AssociateFirewallRuleGroup', input)).FirewallRuleGroupAssociation!;
}

t.test('made once for equal requests, shown until workers do without it', async (t) => {
  const api = startResolver(DECLARED);
  const group = await makeGroup(api, 'g');
  api.isServing = false;
  const made = await associate(api, 100, { FirewallRuleGroupId: group });
  t.match(made, {
    Id: /^rslvr-frgassoc-[0-9a-f]{17}$/,
    Arn: `arn:aws:route53resolver:us-east-1:000000000000:firewall-rule-group-association/${made.Id}`,
    FirewallRuleGroupId: group,
    VpcId: 'vpc-1',
    Priority: 100,
    MutationProtection: 'DISABLED',
    Status: 'UPDATING',
  });
  t.same(await associate(api, 100, { FirewallRuleGroupId: group }), made);
  const named = { FirewallRuleGroupAssociationId: made.Id! };
  const get = async (account?: string) =>
    (await api.call('GetFirewallRuleGroupAssociation', named, account)).FirewallRuleGroupAssociation!;
  api.isServing = true;
  t.equal((await get()).Status, 'COMPLETE');
  await t.rejects(get(THEIRS), { code: 'ResourceNotFoundException' });
  await t.rejects(api.call('DeleteFirewallRuleGroup', { FirewallRuleGroupId: group }), {
    code: 'ConflictException',
    message: `The rule group '${group}' is associated with the VPC 'vpc-1'. Disassociate it before you delete it.`,
  });
  api.isServing = false;
  const gone = await api.call('DisassociateFirewallRuleGroup', named);
  t.match(gone.FirewallRuleGroupAssociation, { Id: made.Id, Status: 'DELETING' });
  t.equal((await get()).Status, 'DELETING');
  await t.rejects(api.call('DisassociateFirewallRuleGroup', named), { code: 'ResourceNotFoundException' });
  api.isServing = true;
  await t.rejects(get(), { code: 'ResourceNotFoundException' });
});

t.test('what a VPC cannot have', async (t) => {
  const api = startResolver(DECLARED);
  const first = await associate(api, 100);
  const same = { FirewallRuleGroupId: first.FirewallRuleGroupId! };
  const fresh = { FirewallRuleGroupId: await makeGroup(api, 'fresh'), CreatorRequestId: 'fresh' };
  const invalid = 'ValidationException';
  for (const [priority, more, code, message] of [
    [99, fresh, invalid, /^The priority value you provided is reserved\. .* '100' and '9900'\.$/],
    [9901, fresh, invalid, /is reserved/],
    [100, fresh, invalid, /The priority '100' is used by the association 'rslvr-frgassoc-/],
    [300, fresh, invalid, /The priority '300' is used by the association 'own'/],
    [101, same, invalid, /It is already associated to VPC 'vpc-1'/],
    [102, { ...same, CreatorRequestId: 'a100' }, invalid, /creator request ID 'a100'/],
    [103, { ...fresh, VpcId: 'vpc-9' }, 'InvalidParameterException', /vpc ID 'vpc-9' does not exist/],
    [104, { FirewallRuleGroupId: 'own-group' }, invalid, /declared in the configuration/],
    [105, { FirewallRuleGroupId: 'none' }, 'ResourceNotFoundException', /'none'/],
  ] as const)
    await t.rejects(associate(api, priority, more), { code, message }, String(message));
  t.match(await associate(api, 100, { ...same, VpcId: 'vpc-2', CreatorRequestId: 'other' }), {
    VpcId: 'vpc-2',
  });
  for (const priority of [101, 102, 103]) await associate(api, priority);
  await t.rejects(associate(api, 9900), {
    code: 'LimitExceededException',
    message: 'A VPC is associated with at most 5 rule groups.',
  });
});

t.test('lists of associations, by what they are asked for', async (t) => {
  const api = startResolver(DECLARED);
  const low = await associate(api, 200);
  const high = await associate(api, 1000, { VpcId: 'vpc-2' });
  const list = async (input: object) =>
    (await api.call('ListFirewallRuleGroupAssociations', input)).FirewallRuleGroupAssociations!.map(
      ({ Id }) => Id,
    );
  t.same(await list({}), [low.Id, 'own', high.Id], 'by VPC and priority');
  t.same(await list({ VpcId: 'vpc-2' }), [high.Id]);
  t.same(await list({ FirewallRuleGroupId: low.FirewallRuleGroupId }), [low.Id]);
  t.same(await list({ Priority: 300 }), ['own']);
  t.same(await list({ Status: 'UPDATING' }), []);
  const own = { FirewallRuleGroupAssociationId: 'own' };
  const declared = await api.call('GetFirewallRuleGroupAssociation', own);
  t.match(declared.FirewallRuleGroupAssociation, { MutationProtection: 'ENABLED', Status: 'COMPLETE' });
  await t.rejects(api.call('DisassociateFirewallRuleGroup', own), {
    code: 'ValidationException',
    message: /declared in the configuration/,
  });
});

t.test('an update, and protection against it', async (t) => {
  const api = startResolver(DECLARED);
  const [first, second] = [await associate(api, 101), await associate(api, 102)];
  const named = { FirewallRuleGroupAssociationId: first.Id! };
  const update = async (more: object) =>
    (await api.call('UpdateFirewallRuleGroupAssociation', { ...named, ...more }))
      .FirewallRuleGroupAssociation!;
  await t.rejects(update({ Priority: second.Priority }), { message: /The priority '102' is used by/ });
  await t.rejects(update({ Priority: 10_000 }), { message: /is reserved/ });
  t.match(await update({ Priority: first.Priority, Name: 'b' }), { Priority: 101, Name: 'b' });
  t.match(await update({ MutationProtection: 'ENABLED' }), { Name: 'b', MutationProtection: 'ENABLED' });
  const refusal = { code: 'ConflictException', message: /has mutation protection/ };
  await t.rejects(update({ Priority: 110 }), refusal);
  await t.rejects(api.call('DisassociateFirewallRuleGroup', named), refusal);
  t.match(await update({ MutationProtection: 'DISABLED', Priority: 110 }), { Priority: 110 });
  t.ok(await api.call('DisassociateFirewallRuleGroup', named));
});

t.test('whether what cannot be evaluated passes', async (t) => {
  const api = startResolver(DECLARED);
  const get = async (ResourceId: string) =>
    (await api.call('GetFirewallConfig', { ResourceId })).FirewallConfig!;
  const set = async (
    ResourceId: string,
    FirewallFailOpen: 'ENABLED' | 'DISABLED' | 'USE_LOCAL_RESOURCE_SETTING',
  ) => (await api.call('UpdateFirewallConfig', { ResourceId, FirewallFailOpen })).FirewallConfig!;
  const listed = async () => (await api.call('ListFirewallConfigs', {})).FirewallConfigs!;
  const before = await get('vpc-1');
  t.match(before, { Id: /^rslvr-fc-[0-9a-f]{17}$/, ResourceId: 'vpc-1', OwnerId: '000000000000' });
  t.equal(before.FirewallFailOpen, 'DISABLED');
  t.equal((await get('vpc-2')).FirewallFailOpen, 'ENABLED', 'by the configuration');
  t.same(await listed(), []);
  t.equal((await set('vpc-1', 'ENABLED')).FirewallFailOpen, 'ENABLED');
  t.equal((await set('vpc-2', 'DISABLED')).FirewallFailOpen, 'DISABLED');
  t.match(await listed(), [
    { Id: before.Id, FirewallFailOpen: 'ENABLED' },
    { ResourceId: 'vpc-2', FirewallFailOpen: 'DISABLED' },
  ]);
  for (const round of ['removed', 'nothing there'])
    t.equal((await set('vpc-2', 'USE_LOCAL_RESOURCE_SETTING')).FirewallFailOpen, 'ENABLED', round);
  t.equal((await listed()).length, 1);
  for (const call of [get('vpc-9'), set('vpc-9', 'ENABLED')])
    await t.rejects(call, {
      code: 'ResourceNotFoundException',
      message: "Can't find the resource with ID 'vpc-9'.",
    });
});

t.test('tags come and go with what they are of', async (t) => {
  const api = startResolver(DECLARED);
  const Tags = [{ Key: 'team', Value: 'dns' }];
  const group = await api.call('CreateFirewallRuleGroup', { CreatorRequestId: 'g', Name: 'g', Tags });
  const list = await api.call('CreateFirewallDomainList', { CreatorRequestId: 'l', Name: 'l', Tags });
  const FirewallRuleGroupId = group.FirewallRuleGroup!.Id!;
  const association = await associate(api, 100, { FirewallRuleGroupId, Tags });
  const arns = [association.Arn!, group.FirewallRuleGroup!.Arn!, list.FirewallDomainList!.Arn!];
  const tags = async (ResourceArn: string) => (await api.call('ListTagsForResource', { ResourceArn })).Tags;
  for (const arn of arns) {
    t.same(await tags(arn), Tags, arn);
    await api.call('TagResource', { ResourceArn: arn, Tags: [{ Key: 'b', Value: '' }] });
    t.equal((await tags(arn))!.length, 2);
  }
  await api.call('DisassociateFirewallRuleGroup', { FirewallRuleGroupAssociationId: association.Id! });
  await api.call('DeleteFirewallRuleGroup', { FirewallRuleGroupId });
  await api.call('DeleteFirewallDomainList', { FirewallDomainListId: list.FirewallDomainList!.Id! });
  for (const arn of arns) await t.rejects(tags(arn), { code: 'ResourceNotFoundException' });
  t.equal(api.store.count({ kind: 'resolver-tags' }), 0);
});
