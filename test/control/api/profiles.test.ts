/** What of Profiles needs no daemon: resources of other services, their priorities, what is gone. */
import t from 'tap';
import type { ProfilesHandlers } from '../../../src/control/api/handler.ts';
import type { Profile, ProfileResourceAssociation } from '../../../src/control/api/models/route53profiles.ts';
import { profilesHandlers } from '../../../src/control/api/profiles/handlers.ts';
import { KIND } from '../../../src/control/hosted/bodies.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { MemoryStore } from '../../support/memorystore.ts';
import { load } from '../config/support.ts';

const OURS = '000000000000';
const ORIGIN = { account: OURS, accessKey: '', source: 'test', operation: 'test', summary: '' };
const arnOf = (type: string, id: string, account = OURS): string =>
  `arn:aws:route53resolver:eu-west-1:${account}:${type}/${id}`;

async function setUp(accounts = '') {
  const store = new MemoryStore(() => 0, 1000);
  const put = (kind: string, id: string, body: object = {}, account = OURS) =>
    ({ action: 'put', kind, id, account, sort: id, body }) as const;
  await store.apply({
    origin: ORIGIN,
    items: [
      ...['g1', 'g2', 'g3', 'g4', 'g5', 'g6'].map((id) => put('firewall-rule-group', id)),
      ...[put('resolver-query-log-config', 'q1'), put('firewall-rule-group', 'theirs', {}, '111122223333')],
      put(KIND.zone, 'ZPUBLIC', { name: 'a.example.', vpcs: [] }),
    ],
  });
  const { config } = load(`node: { region: eu-west-1 }\nvpcs: [{ id: vpc-1, cidrs: [] }]\n${accounts}`);
  const state = { served: 0 };
  const handlers = profilesHandlers({
    store,
    prng: new SeededPrng(1),
    served: () => state.served,
    config: () => config!,
  });
  const call = async (operation: keyof ProfilesHandlers, input: object, account = OURS) => {
    const caller = { account, accessKeyId: 'k', scope: 'admin', zones: [] };
    const handler = handlers[operation] as (call: object) => Promise<object>;
    return handler({ operation, input, caller, source: '', at: store.revision });
  };
  const { Profile: profile } = (await call('CreateProfile', { Name: 'p', ClientToken: 't' })) as {
    Profile: Profile;
  };
  const add = async (ResourceArn: string, priority?: number | string) => {
    const properties = priority === undefined ? {} : { ResourceProperties: `{"priority":${priority}}` };
    const made = await call('AssociateResourceToProfile', {
      ...{ ProfileId: profile.Id!, ResourceArn, Name: 'r' },
      ...properties,
    });
    return (made as { ProfileResourceAssociation: ProfileResourceAssociation }).ProfileResourceAssociation;
  };
  return { store, state, call, add, id: profile.Id! };
}

t.test('rule groups have a priority each, logs have none', async (t) => {
  const { call, add, id, state, store } = await setUp();
  const g1 = arnOf('firewall-rule-group', 'g1');
  for (const priority of [undefined, 100, 9900, '"101"', 101.5])
    await t.rejects(add(g1, priority), { code: 'InvalidParameterException' }, String(priority));
  const made = await add(g1, 101);
  t.match(made, {
    ResourceType: 'FIREWALL_RULE_GROUP',
    ResourceProperties: '{"priority":101}',
    Status: 'CREATING',
  });
  state.served = store.revision;
  const named = { ProfileResourceAssociationId: made.Id! };
  t.match(await call('GetProfileResourceAssociation', named), {
    ProfileResourceAssociation: { Status: 'COMPLETE' },
  });
  await t.rejects(add(arnOf('firewall-rule-group', 'g2'), 101), {
    code: 'ConflictException',
    message: /priority 101/,
  });
  await add(arnOf('firewall-rule-group', 'g2'), 102);
  const update = (priority: number) =>
    call('UpdateProfileResourceAssociation', { ...named, ResourceProperties: `{"priority":${priority}}` });
  await t.rejects(update(102), { code: 'ConflictException' });
  t.match(await update(101), { ProfileResourceAssociation: { Status: 'UPDATING' } }, 'its own');
  t.match(await update(200), { ProfileResourceAssociation: { ResourceProperties: '{"priority":200}' } });
  t.match(await add(arnOf('resolver-query-log-config', 'q1')), { ResourceType: 'RESOLVER_QUERY_LOG_CONFIG' });
  t.match(
    await call('ListProfileResourceAssociations', { ProfileId: id, ResourceType: 'FIREWALL_RULE_GROUP' }),
    {
      ProfileResourceAssociations: [{}, {}],
    },
  );
});

t.test('a Profile has no more rule groups than a VPC may have', async (t) => {
  const { add } = await setUp();
  for (let i = 1; i <= 5; i++) await add(arnOf('firewall-rule-group', `g${i}`), 100 + i);
  await t.rejects(add(arnOf('firewall-rule-group', 'g6'), 106), {
    code: 'LimitExceededException',
    message: 'A Profile has at most 5 firewall rule groups.',
  });
  await add(arnOf('resolver-query-log-config', 'q1'));
});

t.test('an account has no more Profiles than the configuration says', async (t) => {
  const { call } = await setUp(`accounts: [{ id: "${OURS}", quotas: { profiles: 2 } }]\n`);
  const create = (name: string, account = OURS) =>
    call('CreateProfile', { Name: name, ClientToken: name }, account);
  await create('second');
  await t.rejects(create('third'), {
    code: 'LimitExceededException',
    message: 'An account has at most 2 Profiles.',
  });
  for (const name of ['a', 'b', 'c']) await create(name, '111122223333');
});

t.test('what cannot be in a Profile, and what is gone', async (t) => {
  const { add, call, id, store } = await setUp();
  for (const [arn, code] of [
    ['arn:aws:route53:::hostedzone/ZPUBLIC', 'InvalidParameterException'],
    [arnOf('firewall-rule-group', 'theirs', '111122223333'), 'ResourceNotFoundException'],
    [arnOf('firewall-rule-group', 'g1', '111122223333'), 'ResourceNotFoundException'],
    [arnOf('resolver-endpoint', 'e1'), 'ResourceNotFoundException'],
    ['x', 'ResourceNotFoundException'],
  ] as const)
    await t.rejects(add(arn, 101), { code }, arn);
  const q1 = arnOf('resolver-query-log-config', 'q1');
  const made = await add(q1);
  await store.apply({
    origin: ORIGIN,
    items: [{ action: 'delete', kind: 'resolver-query-log-config', id: 'q1' }],
  });
  t.match(await call('GetProfileResourceAssociation', { ProfileResourceAssociationId: made.Id! }), {
    ProfileResourceAssociation: { Status: 'FAILED', StatusMessage: /is deleted, or not shared any more/ },
  });
  t.match(await call('DisassociateResourceFromProfile', { ProfileId: id, ResourceArn: q1 }), {
    ProfileResourceAssociation: { Status: 'DELETING' },
  });
  for (const operation of ['GetProfile', 'DeleteProfile'] as const)
    await t.rejects(call(operation, { ProfileId: id }, '111122223333'), {
      code: 'ResourceNotFoundException',
    });
});
