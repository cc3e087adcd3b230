/** Groups and rules of DNS Firewall: what is taken, what is refused, and in which words. */
import t from 'tap';
import type { CreateFirewallRuleRequest } from '../../../../src/control/api/models/route53resolver.ts';
import type { FirewallPolicy } from '../../../../src/control/firewall/policy.ts';
import { StoreError } from '../../../../src/control/store/errors.ts';
import { nameFromText } from '../../../../src/wire/name.ts';
import { startResolver, type TestResolver, THEIRS } from './support.ts';

const DECLARED: FirewallPolicy = {
  lists: [{ id: 'own-list', version: 'v', domains: () => ['b.example.', 'a.example.'] }],
  groups: [
    {
      id: 'own-group',
      rules: [
        {
          priority: 5,
          list: 'own-list',
          qtype: 65,
          action: { kind: 'block', response: 'override', target: nameFromText('x.example.'), ttl: 9 },
          redirection: 'trust',
        },
        { priority: 7, list: 'own-list', qtype: 1, action: { kind: 'alert' }, redirection: 'inspect' },
      ],
    },
  ],
  associations: [],
  failOpen: new Set(),
};

let requests = 0;
const CreatorRequestId = (): { CreatorRequestId: string } => ({ CreatorRequestId: `request-${++requests}` });

async function makeGroup(api: TestResolver, Name = 'group'): Promise<string> {
  const input = { ...CreatorRequestId(), Name };
  return (await api.call('CreateFirewallRuleGroup', input)).FirewallRuleGroup!.Id!;
}

async function makeList(api: TestResolver): Promise<string> {
  const input = { ...CreatorRequestId(), Name: 'list' };
  return (await api.call('CreateFirewallDomainList', input)).FirewallDomainList!.Id!;
}

t.test('a group: made once for equal requests, shown, listed, deleted', async (t) => {
  const api = startResolver(DECLARED);
  const asked = { CreatorRequestId: 'one', Name: 'first' };
  const { FirewallRuleGroup: made } = await api.call('CreateFirewallRuleGroup', asked);
  t.match(made, {
    Id: /^rslvr-frg-[0-9a-f]{17}$/,
    Arn: `arn:aws:route53resolver:us-east-1:000000000000:firewall-rule-group/${made!.Id}`,
    RuleCount: 0,
    Status: 'COMPLETE',
    StatusMessage: /^\[Trace id: 1-[0-9a-f]{8}-[0-9a-f]{24}\] Created Firewall Rule Group$/,
    ShareStatus: 'NOT_SHARED',
    CreationTime: '2026-03-09T00:00:00.000Z',
  });
  t.equal((await api.call('CreateFirewallRuleGroup', asked)).FirewallRuleGroup!.Id, made!.Id);
  await t.rejects(api.call('CreateFirewallRuleGroup', { ...asked, Name: 'other' }), {
    code: 'ValidationException',
    message: "The creator request ID 'one' was used in another request.",
  });
  const theirs = await api.call('CreateFirewallRuleGroup', { ...asked, Name: 'other' }, THEIRS);
  t.not(theirs.FirewallRuleGroup!.Id, made!.Id, 'another account has requests of its own');

  const second = await makeGroup(api, 'second');
  const listed = await api.call('ListFirewallRuleGroups', { MaxResults: 2 });
  t.match(listed.FirewallRuleGroups, [{ Id: 'own-group', Name: 'own-group' }, { Id: made!.Id }]);
  t.notOk('RuleCount' in listed.FirewallRuleGroups![1]!, 'lists show the outlines');
  const { NextToken } = listed;
  const rest = await api.call('ListFirewallRuleGroups', { MaxResults: 2, NextToken });
  t.same([rest.FirewallRuleGroups!.map(({ Id }) => Id), rest.NextToken], [[second], undefined]);

  const named = { FirewallRuleGroupId: made!.Id! };
  for (const [id, account] of [
    [made!.Id!, THEIRS],
    ['rslvr-frg-0', undefined],
  ] as const)
    await t.rejects(api.call('GetFirewallRuleGroup', { FirewallRuleGroupId: id }, account), {
      code: 'ResourceNotFoundException',
      message: `Can't find the resource with ID '${id}'.`,
      members: { ResourceType: 'firewall rule group' },
    });
  const { FirewallRuleGroup: gone } = await api.call('DeleteFirewallRuleGroup', named);
  t.match(gone, { Id: made!.Id, Status: 'DELETING' });
  await t.rejects(api.call('GetFirewallRuleGroup', named), { code: 'ResourceNotFoundException' });
});

t.test('what is declared is shown, and not changed', async (t) => {
  const api = startResolver(DECLARED);
  const { FirewallRuleGroup } = await api.call('GetFirewallRuleGroup', { FirewallRuleGroupId: 'own-group' });
  t.match(FirewallRuleGroup, {
    RuleCount: 2,
    Status: 'COMPLETE',
    StatusMessage: 'This rule group is declared in the configuration.',
  });
  const { FirewallRules } = await api.call('ListFirewallRules', { FirewallRuleGroupId: 'own-group' });
  t.match(FirewallRules, [
    {
      FirewallDomainListId: 'own-list',
      Priority: 5,
      Action: 'BLOCK',
      BlockResponse: 'OVERRIDE',
      BlockOverrideDomain: 'x.example.',
      BlockOverrideDnsType: 'CNAME',
      BlockOverrideTtl: 9,
      FirewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN',
      Qtype: 'TYPE65',
    },
    { Priority: 7, Action: 'ALERT', Qtype: 'A' },
  ]);
  const refusal = { code: 'ValidationException', message: /declared in the configuration/ };
  await t.rejects(api.call('DeleteFirewallRuleGroup', { FirewallRuleGroupId: 'own-group' }), refusal);
  const rule = { FirewallRuleGroupId: 'own-group', FirewallDomainListId: 'own-list' };
  await t.rejects(api.call('DeleteFirewallRule', { ...rule, Qtype: 'A' }), refusal);
  const more = { ...CreatorRequestId(), Priority: 1, Action: 'ALLOW', Name: 'r' } as const;
  await t.rejects(api.call('CreateFirewallRule', { ...rule, ...more }), refusal);
});

t.test('rules of a group: by priority, each for a list and a type', async (t) => {
  const api = startResolver(DECLARED);
  const [group, list] = [await makeGroup(api), await makeList(api)];
  const base = { FirewallRuleGroupId: group, FirewallDomainListId: list };
  const create = async (more: Partial<CreateFirewallRuleRequest>) => {
    const input = { ...base, ...CreatorRequestId(), Priority: 100, Action: 'ALLOW', Name: 'r', ...more };
    return (await api.call('CreateFirewallRule', input as CreateFirewallRuleRequest)).FirewallRule!;
  };
  const rules = async (more = {}) =>
    (await api.call('ListFirewallRules', { FirewallRuleGroupId: group, ...more })).FirewallRules!;
  const made = await create({ CreatorRequestId: 'r1' });
  t.match(made, {
    ...base,
    Priority: 100,
    Action: 'ALLOW',
    FirewallDomainRedirectionAction: 'INSPECT_REDIRECTION_DOMAIN',
    CreatorRequestId: 'r1',
  });
  t.same(await create({ CreatorRequestId: 'r1' }), made, 'an equal request');
  await create({ Priority: 20, Qtype: 'AAAA', Action: 'BLOCK', BlockResponse: 'NODATA' });
  await create({ Priority: 3, FirewallDomainListId: 'own-list', Action: 'ALERT' });
  for (const [more, message] of [
    [{ Priority: 20, Qtype: 'A' }, /The priority '20' is used by the rule 'r'/],
    [{ Priority: 21, Qtype: 'TYPE28' }, /has a rule for the domain list '.*' and the Qtype 'TYPE28' already/],
    [{ Priority: 21 }, /the Qtype 'any' already/],
    [{ Priority: -1, Qtype: 'A' }, /The priority '-1' is invalid/],
    [{ CreatorRequestId: 'r1', Priority: 5 }, /creator request ID 'r1'/],
  ] as const)
    await t.rejects(create(more), { code: 'ValidationException', message }, String(message));
  await t.rejects(create({ FirewallDomainListId: 'rslvr-fdl-0' }), { code: 'ResourceNotFoundException' });

  t.same(
    (await rules()).map(({ Priority }) => Priority),
    [3, 20, 100],
  );
  t.match(await rules({ Action: 'BLOCK' }), [{ Priority: 20, Qtype: 'AAAA' }]);
  t.equal((await rules({ Priority: 100, Action: 'BLOCK' })).length, 0);
  const shown = await api.call('GetFirewallRuleGroup', { FirewallRuleGroupId: group });
  t.equal(shown.FirewallRuleGroup!.RuleCount, 3);

  const { FirewallRule: moved } = await api.call('UpdateFirewallRule', { ...base, Priority: 1 });
  t.match(moved, { Priority: 1, Name: 'r', Action: 'ALLOW' });
  t.equal((await rules())[0]!.Priority, 1);
  await t.rejects(api.call('UpdateFirewallRule', { ...base, Priority: 20 }), {
    code: 'ValidationException',
  });
  await t.rejects(api.call('UpdateFirewallRule', { ...base, Qtype: 'MX', Priority: 2 }), {
    code: 'ResourceNotFoundException',
  });

  await t.rejects(api.call('DeleteFirewallDomainList', { FirewallDomainListId: list }), {
    code: 'ConflictException',
    message: /is used by a rule of the rule group/,
  });
  await t.rejects(api.call('DeleteFirewallRuleGroup', { FirewallRuleGroupId: group }), {
    code: 'ConflictException',
    message: /has rules/,
  });
  const { FirewallRule: gone } = await api.call('DeleteFirewallRule', { ...base, Qtype: 'TYPE28' });
  t.match(gone, { Priority: 20, Qtype: 'AAAA' }, 'the type by its other name');
  await t.rejects(api.call('DeleteFirewallRule', { ...base, Qtype: 'AAAA' }), {
    code: 'ResourceNotFoundException',
  });
});

t.test('a group with a change of its rules is UPDATING until workers serve it', async (t) => {
  const api = startResolver(DECLARED);
  const group = { FirewallRuleGroupId: await makeGroup(api) };
  const status = async () => (await api.call('GetFirewallRuleGroup', group)).FirewallRuleGroup!.Status;
  t.equal(await status(), 'COMPLETE');
  api.isServing = false;
  const rule = { FirewallDomainListId: 'own-list', Priority: 1, Action: 'ALLOW', Name: 'r' } as const;
  await api.call('CreateFirewallRule', { ...CreatorRequestId(), ...group, ...rule });
  t.equal(await status(), 'UPDATING');
  api.isServing = true;
  t.equal(await status(), 'COMPLETE');
});

t.test('what an action has to have and cannot have', async (t) => {
  const api = startResolver(DECLARED);
  const group = await makeGroup(api);
  const base = { FirewallRuleGroupId: group, FirewallDomainListId: 'own-list' };
  const override = {
    Action: 'BLOCK',
    BlockResponse: 'OVERRIDE',
    BlockOverrideDomain: 'landing.example',
    BlockOverrideDnsType: 'CNAME',
    BlockOverrideTtl: 0,
  } as const;
  const create = (more: object) =>
    api.call('CreateFirewallRule', {
      ...base,
      ...CreatorRequestId(),
      Priority: 1,
      Name: 'r',
      ...more,
    } as CreateFirewallRuleRequest);
  for (const [more, message] of [
    [{ Action: 'BLOCK' }, /needs a BlockResponse/],
    [{ Action: 'ALLOW', BlockResponse: 'NODATA' }, /the action ALLOW has no BlockResponse/],
    [{ Action: 'ALERT', BlockOverrideTtl: 3 }, /the action ALERT has no BlockOverrideTtl/],
    [{ ...override, BlockResponse: 'NXDOMAIN' }, /the block response NXDOMAIN has no BlockOverrideDomain/],
    [{ ...override, BlockOverrideTtl: undefined }, /needs BlockOverrideDomain, BlockOverrideDnsType, Bl/],
    [{ ...override, BlockOverrideDomain: 'a..b' }, /The BlockOverrideDomain 'a\.\.b' is invalid/],
    [{ Action: 'ALLOW', Qtype: 'a' }, /The Qtype 'a' is invalid/],
    [{ Action: 'ALLOW', Qtype: 'HTTPS' }, /The Qtype 'HTTPS' is invalid/],
    [{ Action: 'ALLOW', Qtype: 'TYPE0' }, /TYPE and a number from 1 to 65534/],
    [{ Action: 'ALLOW', Qtype: 'TYPE65535' }, /is invalid/],
    [{ Action: 'ALLOW', FirewallDomainListId: undefined }, /Provide a FirewallDomainListId/],
    [
      { Action: 'ALERT', FirewallDomainListId: undefined, DnsThreatProtection: 'DGA' },
      /DnsThreatProtection is not supported/,
    ],
    [{ Action: 'ALERT', ConfidenceThreshold: 'LOW' }, /ConfidenceThreshold is not supported/],
    [{ Action: 'ALERT', FirewallRuleType: {} }, /FirewallRuleType is not supported/],
  ] as const)
    await t.rejects(create(more), { code: 'ValidationException', message }, String(message));
  const removal = { FirewallRuleGroupId: group, FirewallThreatProtectionId: 'x' };
  await t.rejects(api.call('DeleteFirewallRule', removal), { message: /ProtectionId is not supported/ });
  t.same(await api.call('ListFirewallRuleTypes', {}), { FirewallRuleTypes: [] });

  t.match((await create(override)).FirewallRule, override);
  const update = async (more: object) =>
    (await api.call('UpdateFirewallRule', { ...base, ...more })).FirewallRule;
  t.match(await update({ BlockOverrideTtl: 7 }), { ...override, BlockOverrideTtl: 7 });
  const nodata = await update({ BlockResponse: 'NODATA' });
  t.match(nodata, { Action: 'BLOCK', BlockResponse: 'NODATA' });
  t.notOk('BlockOverrideDomain' in nodata!);
  await t.rejects(update({ BlockOverrideTtl: 7 }), { message: /NODATA has no BlockOverrideTtl/ });
  t.match(await update({ Action: 'ALERT', FirewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN' }), {
    Action: 'ALERT',
    BlockResponse: undefined,
    FirewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN',
  });
  await t.rejects(update({ Action: 'BLOCK' }), { message: /needs a BlockResponse/ });
});

t.test('many at once: each by itself', async (t) => {
  const api = startResolver(DECLARED);
  const group = await makeGroup(api);
  const base = { FirewallRuleGroupId: group, FirewallDomainListId: 'own-list' };
  const entry = (Qtype: string, Priority: number) =>
    ({ ...base, ...CreatorRequestId(), Name: 'r', Action: 'ALLOW', Qtype, Priority }) as const;
  const CreateFirewallRuleEntries = [entry('A', 1), entry('MX', 1), entry('TXT', 2)];
  const created = await api.call('BatchCreateFirewallRule', { CreateFirewallRuleEntries });
  t.match(created.CreatedFirewallRules, [{ Qtype: 'A' }, { Qtype: 'TXT' }]);
  t.match(created.CreateErrors, [
    { FirewallRule: { Qtype: 'MX' }, Code: 'ValidationException', Message: /The priority '1'/ },
  ]);
  const updated = await api.call('BatchUpdateFirewallRule', {
    UpdateFirewallRuleEntries: [
      { ...base, Qtype: 'A', Priority: 2 },
      { ...base, Qtype: 'TXT', Priority: 9 },
    ],
  });
  t.match(updated, { UpdatedFirewallRules: [{ Priority: 9 }], UpdateErrors: [{ Message: /'2'/ }] });
  const deleted = await api.call('BatchDeleteFirewallRule', {
    DeleteFirewallRuleEntries: [
      { ...base, Qtype: 'TXT' },
      { ...base, Qtype: 'NS' },
    ],
  });
  t.match(deleted, {
    DeletedFirewallRules: [{ Priority: 9 }],
    DeleteErrors: [{ FirewallRule: { Qtype: 'NS' }, Code: 'ResourceNotFoundException' }],
  });

  const apply = api.store.apply.bind(api.store);
  let calls = 0;
  api.store.apply = (change) => {
    if (calls++ === 1) throw new StoreError('full', 'the disk is full', 'free some space');
    return apply(change);
  };
  t.match(
    await api.call('BatchCreateFirewallRule', {
      CreateFirewallRuleEntries: [entry('NS', 21), entry('SOA', 22), entry('PTR', 23)],
    }),
    {
      CreatedFirewallRules: [{ Qtype: 'NS' }, { Qtype: 'PTR' }],
      CreateErrors: [{ FirewallRule: { Qtype: 'SOA' }, Code: 'ServiceUnavailableException' }],
    },
    'what the store did not take is told beside what it did',
  );
  api.store.apply = apply;
  const many = Array.from({ length: 120 }, (_, i) => entry(`TYPE${300 + i}`, 1000 + i));
  const full = await api.call('BatchCreateFirewallRule', { CreateFirewallRuleEntries: many });
  t.equal(full.CreatedFirewallRules?.length, 97, 'with the three that were there, a hundred');
  t.match(full.CreateErrors![0], { Code: 'LimitExceededException', Message: /at most 100 rules/ });
});
