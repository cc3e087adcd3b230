/** What the store has of firewalls, handed to the compiler behind what is declared. */
import t from 'tap';
import type { FirewallPolicy } from '../../../src/control/firewall/policy.ts';
import { editDomains } from '../../../src/control/hosted/domains.ts';
import {
  type DomainListBody,
  FIREWALL,
  type FirewallRuleBody,
  type GroupAssociationBody,
  isFirewallKind,
  type RuleGroupBody,
  withFirewall,
} from '../../../src/control/hosted/firewall.ts';
import type { PutItem } from '../../../src/control/store/store.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { MemoryStore } from '../../support/memorystore.ts';

const ORIGIN = { account: '000000000000', accessKey: '', source: 'test', operation: 'test', summary: '' };
const MADE = { statusMessage: '', created: 0, modified: 0, creatorRequestId: '', request: '' };
const NONE: FirewallPolicy = { lists: [], groups: [], associations: [], failOpen: new Set() };
const DECLARED: FirewallPolicy = {
  lists: [{ id: 'own-list', version: 'v', domains: () => ['own.example.'] }],
  groups: [{ id: 'own-group', rules: [] }],
  associations: [{ id: 'own', group: 'own-group', vpc: 'vpc-1', priority: 200 }],
  failOpen: new Set(['vpc-1', 'vpc-2']),
};

type Put = Omit<PutItem, 'action' | 'account'>;

async function storeWith(...puts: Put[]): Promise<MemoryStore> {
  const store = new MemoryStore(() => 0, 1000);
  const { account } = ORIGIN;
  const items = puts.map((put): PutItem => ({ action: 'put', account, ...put }));
  if (items.length > 0) await store.apply({ origin: ORIGIN, items });
  return store;
}

const listOf = (id: string, version: number): Put => ({
  kind: FIREWALL.list,
  id,
  sort: '',
  body: { ...MADE, count: 0, version } satisfies DomainListBody,
});
const groupOf = (id: string): Put => ({
  kind: FIREWALL.group,
  id,
  sort: '',
  body: MADE satisfies RuleGroupBody,
});
const ruleOf = (group: string, priority: number, more: Partial<FirewallRuleBody> = {}): Put => ({
  kind: FIREWALL.rule,
  id: `${group} ${priority}`,
  parent: group,
  sort: String(priority).padStart(10, '0'),
  body: {
    ...MADE,
    list: 'list',
    priority,
    action: { kind: 'allow' },
    redirection: 'inspect',
    ...more,
  } satisfies FirewallRuleBody,
});
const associate = (id: string, group: string, vpc: string): Put => ({
  kind: FIREWALL.association,
  id,
  sort: id,
  body: { ...MADE, group, vpc, priority: 101, isProtected: false } satisfies GroupAssociationBody,
});

t.test('rules by priority, of groups that a VPC has', async (t) => {
  const override = {
    kind: 'block',
    response: 'override',
    target: 'Landing\\052.example',
    ttl: 60,
  } as const;
  const store = await storeWith(
    listOf('list', 7),
    groupOf('g1'),
    groupOf('g2'),
    ruleOf('g1', 100, { action: override, qtype: 'TYPE65' }),
    ruleOf('g1', 9, { action: { kind: 'block', response: 'nodata' }, redirection: 'trust' }),
    ruleOf('g2', 1),
    associate('a1', 'g1', 'vpc-1'),
  );
  const { lists, ...policy } = withFirewall(NONE, store);
  const common = { list: 'list', qtype: undefined };
  t.same(policy, {
    groups: [
      {
        id: 'g1',
        rules: [
          { ...common, priority: 9, action: { kind: 'block', response: 'nodata' }, redirection: 'trust' },
          {
            ...common,
            priority: 100,
            qtype: 65,
            action: { ...override, target: nameFromText('Landing*.example.') },
            redirection: 'inspect',
          },
        ],
      },
    ],
    associations: [{ id: 'a1', group: 'g1', vpc: 'vpc-1', priority: 101 }],
    failOpen: new Set(),
  });
  t.match(lists, [{ id: 'list', version: '7' }]);
});

t.test('what is declared stays, and stands in front', async (t) => {
  const config = (vpc: string, enabled: boolean): Put => ({
    kind: FIREWALL.config,
    id: vpc,
    sort: '',
    body: { enabled },
  });
  const store = await storeWith(
    listOf('list', 1),
    groupOf('g1'),
    associate('a1', 'g1', 'vpc-1'),
    config('vpc-2', false),
    config('vpc-3', true),
  );
  const { lists, groups, associations, failOpen } = withFirewall(DECLARED, store);
  t.same(
    [lists, groups, associations].map((all) => all.map(({ id }) => id)),
    [
      ['own-list', 'list'],
      ['own-group', 'g1'],
      ['own', 'a1'],
    ],
  );
  t.same([...failOpen].sort(), ['vpc-1', 'vpc-3'], 'the API has the last word on a VPC');
  t.same(withFirewall(DECLARED, await storeWith()), DECLARED);
});

t.test('a list that is not declared any more cannot be evaluated', async (t) => {
  const store = await storeWith(
    groupOf('g1'),
    ruleOf('g1', 1, { list: 'own-list' }),
    ruleOf('g1', 2, { list: 'own-list', qtype: 'A' }),
    associate('a1', 'g1', 'vpc-1'),
  );
  t.same(withFirewall(NONE, store).lists, [{ id: 'own-list', version: '', domains: undefined }]);
  t.equal(withFirewall(DECLARED, store).lists.length, 1);
});

t.test('domains are read when they are wanted', async (t) => {
  const store = await storeWith(listOf('list', 1));
  const [list] = withFirewall(NONE, store).lists;
  const { items } = editDomains(store, { id: 'list', account: ORIGIN.account }, 'ADD', ['*.b.', 'a.']);
  await store.apply({ origin: ORIGIN, items });
  t.same([...list!.domains!()], ['*.b.', 'a.']);
});

t.test('what is a part of something is not asked for', async (t) => {
  const { rule, ...kinds } = FIREWALL;
  for (const kind of Object.values(kinds)) t.ok(isFirewallKind(kind), kind);
  for (const kind of [rule, 'firewall-domains', 'resolver-rule']) t.notOk(isFirewallKind(kind), kind);
});
