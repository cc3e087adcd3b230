/** What Profiles bring to the views of VPCs, beside and behind what those have of their own. */
import t from 'tap';
import { POLICY_KIND } from '../../../src/control/api/resolver/sharing.ts';
import { KIND } from '../../../src/control/hosted/bodies.ts';
import { FIREWALL, withFirewall } from '../../../src/control/hosted/firewall.ts';
import {
  broughtByProfiles,
  PROFILE,
  type ProfileResourceType,
  withProfileZones,
} from '../../../src/control/hosted/profiles.ts';
import { RESOLVER, withResolver } from '../../../src/control/hosted/resolver.ts';
import type { HostedZone } from '../../../src/control/hosted/zones.ts';
import type { PutItem } from '../../../src/control/store/store.ts';
import { nameFromText, nameToText } from '../../../src/wire/name.ts';
import { MemoryStore } from '../../support/memorystore.ts';
import { load } from '../config/support.ts';

const ORIGIN = { account: '000000000000', accessKey: '', source: 'test', operation: 'test', summary: '' };
const MADE = { statusMessage: '', created: 0, modified: 0, creatorRequestId: '', request: '' };
const CONFIG = `vpcs: [{ id: vpc-1, cidrs: [] }, { id: vpc-2, cidrs: [] }, { id: vpc-3, cidrs: [] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:5300"] }] }
rules:
  - { domain: declared.example., type: system, vpcs: [vpc-1] }
  - { type: delegate, delegationRecord: rule.example., vpcs: [vpc-1] }
zones: [{ name: zoned.example., vpcs: [vpc-1], records: "" }]
`;

function put(kind: string, id: string, body: object, parent?: string): PutItem {
  return { action: 'put', kind, id, account: ORIGIN.account, parent, sort: id, body };
}
const rule = (id: string, domain: string, type = 'SYSTEM') =>
  put(RESOLVER.rule, id, {
    ...MADE,
    type,
    domain,
    targets: [],
    endpoint: type === 'DELEGATE' ? 'out-1' : undefined,
  });
const zone = (id: string, name: string, ...vpcs: string[]) =>
  put(KIND.zone, id, { name, vpcs: vpcs.map((id) => ({ id, region: '' })), nameServers: [] });
const associate = (profile: string, vpc: string) =>
  put(PROFILE.association, `${profile} ${vpc}`, { ...MADE, profile, vpc });
const resource = (profile: string, type: ProfileResourceType, id: string, priority?: number) =>
  put(PROFILE.resource, `${profile} ${id}`, { ...MADE, profile, type, id, arn: id, priority }, profile);

async function brought(...items: PutItem[]) {
  const store = new MemoryStore(() => 0, 1000);
  if (items.length > 0) await store.apply({ origin: ORIGIN, items });
  const { config } = load(CONFIG);
  const found = broughtByProfiles(config!, store);
  const rules = withResolver(config!, store, () => true, found);
  return {
    ...found,
    vpcs: rules.vpcs,
    firewall: withFirewall(config!.firewall, store, found),
    zones: Object.fromEntries(found.zones),
    rules: [...rules.rules, ...rules.delegates].flatMap(({ id, vpcs }) =>
      id.startsWith('rr') ? `${id} ${vpcs}` : [],
    ),
  };
}

t.test('nothing without an association', async (t) => {
  t.match(await brought(), { zones: {}, rules: [], groups: [], queryLogs: [] });
  const found = await brought(rule('rr', 'a.example.'), resource('rp', 'RESOLVER_RULE', 'rr'));
  t.same(found.rules, []);
});

t.test('zones, rules, groups and logs come to each VPC of the Profile', async (t) => {
  const found = await brought(
    ...[
      associate('rp', 'vpc-1'),
      associate('rp', 'vpc-2'),
      associate('other', 'vpc-3'),
      associate('rp', 'vpc-9'),
    ],
    ...[zone('Z1', 'a.example.', 'vpc-3'), rule('rr', 'b.example.'), rule('rr-d', 'ns.example.', 'DELEGATE')],
    ...[resource('rp', 'PRIVATE_HOSTED_ZONE', 'Z1'), resource('rp', 'RESOLVER_RULE', 'rr')],
    ...[put('firewall-rule-group', 'frg', {}), put('resolver-query-log-config', 'rqlc', {})],
    ...[resource('rp', 'RESOLVER_RULE', 'rr-d'), resource('rp', 'RESOLVER_RULE', 'rr-gone')],
    ...[
      resource('rp', 'FIREWALL_RULE_GROUP', 'frg', 101),
      resource('rp', 'RESOLVER_QUERY_LOG_CONFIG', 'rqlc'),
    ],
  );
  t.same(found.zones, { Z1: ['vpc-1', 'vpc-2'] });
  t.same(found.rules, ['rr vpc-1,vpc-2', 'rr-d vpc-1,vpc-2']);
  t.same(found.groups, [
    { group: 'frg', vpc: 'vpc-1', priority: 101 },
    { group: 'frg', vpc: 'vpc-2', priority: 101 },
  ]);
  t.same(
    found.firewall.associations.map(({ group, vpc, priority }) => `${group} ${vpc} ${priority}`),
    ['frg vpc-1 101', 'frg vpc-2 101'],
  );
  t.match(found.firewall.groups, [{ id: 'frg', rules: [] }]);
  t.same(found.queryLogs, [
    { config: 'rqlc', vpc: 'vpc-1' },
    { config: 'rqlc', vpc: 'vpc-2' },
  ]);
});

t.test('what a VPC has of its own at the same name goes before it', async (t) => {
  const local = [
    zone('Z-own', 'stored.example.', 'vpc-1'),
    rule('rr-own', 'ruled.example.'),
    put(RESOLVER.association, 'a', { ...MADE, rule: 'rr-own', vpc: 'vpc-1' }),
  ];
  for (const name of ['declared', 'zoned', 'stored', 'ruled']) {
    const found = await brought(
      ...[...local, associate('rp', 'vpc-1'), associate('rp', 'vpc-2')],
      ...[zone('Z1', `${name.toUpperCase()}.example.`, 'vpc-3'), rule('rr', `${name}.example.`)],
      ...[resource('rp', 'PRIVATE_HOSTED_ZONE', 'Z1'), resource('rp', 'RESOLVER_RULE', 'rr')],
    );
    t.same(found.zones, { Z1: ['vpc-2'] }, `zone ${name}`);
    t.ok(found.rules.includes('rr vpc-2'), `rule ${name}`);
  }
  const deeper = await brought(
    ...[
      ...local,
      associate('rp', 'vpc-1'),
      zone('Z1', 'x.zoned.example.', 'vpc-3'),
      rule('rr', 'rule.example.'),
    ],
    ...[resource('rp', 'PRIVATE_HOSTED_ZONE', 'Z1'), resource('rp', 'RESOLVER_RULE', 'rr')],
  );
  t.same(deeper.zones, { Z1: ['vpc-1'] }, 'a more specific name is another');
  t.ok(deeper.rules.includes('rr vpc-1'), 'a DELEGATE rule is for name servers of its name');
});

t.test('a rule of another account comes as long as that shares it', async (t) => {
  const theirs: PutItem = { ...rule('rr', 'a.example.'), account: '111122223333' };
  const items = [associate('rp', 'vpc-1'), theirs, resource('rp', 'RESOLVER_RULE', 'rr')];
  const policy = (action: string): PutItem => ({
    ...put(POLICY_KIND, 'resolver-rule/rr', {
      document: '',
      grants: [{ accounts: [ORIGIN.account], actions: [action] }],
    }),
    account: '111122223333',
  });
  t.same((await brought(...items)).rules, []);
  t.same((await brought(...items, policy('GetResolverRule'))).rules, []);
  t.same((await brought(...items, policy('AssociateResolverRule'))).rules, ['rr vpc-1']);
});

t.test('a setting of a Profile goes before that of a VPC', async (t) => {
  const { vpcs } = await brought(
    ...[associate('rp', 'vpc-1'), associate('rp', 'vpc-2')],
    ...[put(RESOLVER.dnssec, 'rp', { enabled: false }), put(RESOLVER.dnssec, 'vpc-2', { enabled: true })],
    put(RESOLVER.reverse, 'vpc-2', { enabled: false }),
  );
  t.same(
    vpcs.map(({ dnssec, autodefinedReverse }) => [dnssec, autodefinedReverse]),
    [
      ['off', true],
      ['off', false],
      ['validate', true],
    ],
  );
});

t.test('images of zones are as they were', (t) => {
  const image = new SharedArrayBuffer(1);
  const zones: HostedZone[] = [
    {
      id: 'Z1',
      name: nameFromText('a.example.'),
      vpcs: ['vpc-3'],
      delegationSet: undefined,
      image,
      patch: undefined,
    },
    {
      id: 'Z2',
      name: nameFromText('b.example.'),
      vpcs: undefined,
      delegationSet: 'set',
      image,
      patch: undefined,
    },
  ];
  const found = withProfileZones(zones, { zones: new Map([['Z1', ['vpc-1']]]) });
  t.same(
    found.map(({ name, vpcs }) => [nameToText(name), vpcs]),
    [
      ['a.example.', ['vpc-3', 'vpc-1']],
      ['b.example.', undefined],
    ],
  );
  t.equal(found[0]!.image, image);
  t.end();
});

t.test("what a Profile says of firewalls that cannot be evaluated goes before its VPCs' own", async (t) => {
  const failOpen = (id: string, enabled: boolean) => put(FIREWALL.config, id, { enabled });
  const found = async (...items: PutItem[]): Promise<string[]> => {
    const { firewall } = await brought(associate('rp', 'vpc-1'), associate('rp', 'vpc-2'), ...items);
    return ['vpc-1', 'vpc-2', 'vpc-3'].filter((vpc) => firewall.failOpen.has(vpc));
  };
  t.same(await found(failOpen('vpc-1', true), failOpen('vpc-3', true)), ['vpc-1', 'vpc-3']);
  t.same(await found(failOpen('rp', true)), ['vpc-1', 'vpc-2']);
  t.same(await found(failOpen('vpc-1', true), failOpen('vpc-3', true), failOpen('rp', false)), ['vpc-3']);
});
