/** Policies of resources: what a document has to be, and whom it lets do what. */
import t from 'tap';
import type { ResolverMeans } from '../../../../src/control/api/resolver/means.ts';
import { policyHandlers } from '../../../../src/control/api/resolver/policies.ts';
import {
  policyOf,
  SHARING,
  type Shareable,
  shareStatusOf,
  usableBy,
  visibleTo,
} from '../../../../src/control/api/resolver/sharing.ts';
import { MemoryStore } from '../../../support/memorystore.ts';
import { load } from '../../config/support.ts';

const OURS = '000000000000';
const THEIRS = '111122223333';
const OTHERS = '444455556666';
const ORIGIN = { account: OURS, accessKey: '', source: 'test', operation: 'test', summary: '' };
const PREFIX = `arn:aws:route53resolver:eu-west-1:${OURS}:`;

const grant = (arn: string, actions: readonly string[], principals: string | string[] = THEIRS) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: principals },
      Action: actions.map((action) => `route53resolver:${action}`),
      Resource: [arn],
    },
  ],
});

async function setUp(kind: Shareable, association: object) {
  const store = new MemoryStore(() => 0, 1000);
  const put = (kind: string, id: string, account: string, body: object) =>
    ({ action: 'put', kind, id, account, sort: id, body }) as const;
  await store.apply({
    origin: ORIGIN,
    items: [
      put(kind, 'one', OURS, {}),
      put(kind, 'two', OURS, {}),
      put(kind, 'other', OTHERS, {}),
      put(SHARING[kind].association.kind, 'a-theirs', THEIRS, association),
      put(SHARING[kind].association.kind, 'a-ours', OURS, association),
    ],
  });
  const { config } = load('node: { region: eu-west-1 }\n');
  const handlers = policyHandlers({ store, config: () => config } as unknown as ResolverMeans);
  const call = (input: object, account = OURS): never =>
    ({ input, caller: { account, accessKeyId: 'k' }, source: '', operation: '' }) as unknown as never;
  return { store, handlers, call };
}

for (const kind of ['resolver-rule', 'firewall-rule-group', 'resolver-query-log-config'] as const)
  t.test(`a ${kind} is usable by whom its policy names, for what it names`, async (t) => {
    const { actions, associate, association } = SHARING[kind];
    const { store, handlers, call } = await setUp(kind, { [association.member]: 'one' });
    const arn = `${PREFIX}${kind}/one`;
    const names = {
      'resolver-rule': ['PutResolverRulePolicy', 'GetResolverRulePolicy', 'ResolverRulePolicy'],
      'firewall-rule-group': [
        'PutFirewallRuleGroupPolicy',
        'GetFirewallRuleGroupPolicy',
        'FirewallRuleGroupPolicy',
      ],
      'resolver-query-log-config': [
        'PutResolverQueryLogConfigPolicy',
        'GetResolverQueryLogConfigPolicy',
        'ResolverQueryLogConfigPolicy',
      ],
    }[kind] as [keyof typeof handlers, keyof typeof handlers, string];
    const put = async (document: object, of = arn, account = OURS) =>
      handlers[names[0]]!(call({ Arn: of, [names[2]]: JSON.stringify(document) }, account));
    const get = async (of = arn, account = OURS) => handlers[names[1]]!(call({ Arn: of }, account));
    const may = (action: string, account = THEIRS) =>
      usableBy(store, { kind, id: 'one' }, { account }, action) !== undefined;
    const status = (account: string) => shareStatusOf(store, { kind, id: 'one' }, OURS, { account });
    const unknown = kind === 'firewall-rule-group' ? 'ResourceNotFoundException' : 'UnknownResourceException';

    t.ok(may(associate, OURS), 'an owner may');
    t.notOk(may(associate), 'another may not');
    t.equal(status(OURS), 'NOT_SHARED');
    await t.rejects(get(), { code: unknown }, 'no policy');

    const document = grant(arn, actions, [THEIRS, `arn:aws:iam::${OTHERS}:root`]);
    t.same(await put(document), { ReturnValue: true });
    t.same(await get(), { [names[2]]: JSON.stringify(document) });
    t.ok(may(associate));
    t.ok(may(associate, OTHERS));
    t.notOk(may('DeleteResolverRule'));
    t.notOk(may(associate, '777788889999'));
    t.same([status(OURS), status(THEIRS)], ['SHARED_BY_ME', 'SHARED_WITH_ME']);
    const seen = (account: string) =>
      [...visibleTo(store, kind, { account }, actions[0])].map(({ id }) => id);
    t.same([seen(OURS), seen(THEIRS), seen(OTHERS)], [['one', 'two'], ['one'], ['other', 'one']]);
    await t.rejects(get(arn, THEIRS), { code: unknown }, 'the policy is for its owner');
    await t.rejects(put(document, arn, THEIRS), { code: unknown });

    await put(grant(arn, [actions.find((action) => action !== associate)!]));
    t.notOk(may(associate));
    t.equal(store.get(association.kind, 'a-theirs'), undefined, 'what was associated by it is not any more');
    t.ok(store.get(association.kind, 'a-ours'));
    await put({ Version: '2012-10-17', Statement: [] });
    t.equal(policyOf(store, { kind, id: 'one' }), undefined, 'no statement, no policy');
    t.same(await put({ Version: '2012-10-17', Statement: [] }), { ReturnValue: true });
  });

t.test('what a document has to be', async (t) => {
  const { handlers, call } = await setUp('resolver-rule', {});
  const arn = `${PREFIX}resolver-rule/one`;
  const put = async (text: string, Arn = arn) =>
    handlers.PutResolverRulePolicy!(call({ Arn, ResolverRulePolicy: text }));
  const good = grant(arn, ['GetResolverRule']);
  const [statement] = good.Statement;
  const having = (more: object) => JSON.stringify({ ...good, Statement: [{ ...statement, ...more }] });
  await put(JSON.stringify({ ...good, Statement: statement }));
  for (const [text, message] of [
    ['{', /is not JSON/],
    ['[]', /not valid at its start/],
    [JSON.stringify({ ...good, Version: '2020-01-01' }), /at Version/],
    [having({ Effect: 'Deny' }), /not valid at Statement/],
    [having({ Condition: {} }), /not valid at Statement/],
    [having({ Principal: '*' }), /not valid at Statement/],
    [having({ Principal: { AWS: '*' } }), /The Principal '\*' is not the id/],
    [having({ Principal: { AWS: 'arn:aws:iam::111122223333:user/x' } }), /is not the id of an account/],
    [having({ Action: '*' }), /The Action '\*' cannot be granted/],
    [
      having({ Action: 'route53resolver:DeleteResolverRule' }),
      /cannot be granted; these can: .*GetResolverRule/,
    ],
    [having({ Resource: '*' }), /The Resource '\*' is not/],
    [having({ Resource: `${PREFIX}resolver-rule/two` }), /is not 'arn/],
  ] as const)
    await t.rejects(put(text), { code: 'InvalidPolicyDocument', message }, text);
  for (const Arn of [
    `${PREFIX}resolver-rule/nine`,
    `${PREFIX}resolver-rule/other`,
    arn.replace('eu-west-1', 'eu-west-2'),
    arn.replace(OURS, OTHERS),
    'one',
  ])
    await t.rejects(put(JSON.stringify(good), Arn), { code: 'UnknownResourceException' }, Arn);
});
