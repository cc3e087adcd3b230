/** What the store has of Resolver, compiled beside what the configuration has. */
import t from 'tap';
import { type Compiled, compile } from '../../../src/control/compile.ts';
import {
  type AssociationBody,
  type EndpointBody,
  RESOLVER,
  type RuleBody,
  type SwitchBody,
  withResolver,
} from '../../../src/control/hosted/resolver.ts';
import type { PutItem } from '../../../src/control/store/store.ts';
import { nameToText } from '../../../src/wire/name.ts';
import { MemoryStore } from '../../support/memorystore.ts';
import { candidatesOf } from '../compile/support.ts';
import { load } from '../config/support.ts';

const ORIGIN = { account: '000000000000', accessKey: '', source: 'test', operation: 'test', summary: '' };
const MADE = { statusMessage: '', created: 0, modified: 0, creatorRequestId: '', request: '' };
const CONFIG = `vpcs: [{ id: vpc-1, cidrs: [10.1.0.0/16] }, { id: vpc-2, cidrs: [10.2.0.0/16], dnssec: off }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:5300"] }] }
rules:
  - { id: own, domain: both.example., type: system, vpcs: [vpc-1] }
  - { id: own-delegate, type: delegate, delegationRecord: ns.example., vpcs: [vpc-1] }
`;

function put(kind: string, id: string, body: object): PutItem {
  return { action: 'put', kind, id, account: ORIGIN.account, sort: '', body };
}

function rule(id: string, type: RuleBody['type'], domain: string): PutItem {
  const asks = { targets: [{ address: '192.0.2.53', port: 5353 }], endpoint: 'rslvr-out-1' };
  const settings = type === 'FORWARD' ? asks : type === 'SYSTEM' ? { targets: [] } : { ...asks, targets: [] };
  return put(RESOLVER.rule, id, { ...MADE, type, domain, ...settings } satisfies RuleBody);
}

function associate(ruleId: string, vpc: string): PutItem {
  const body: AssociationBody = { ...MADE, rule: ruleId, vpc };
  return put(RESOLVER.association, `${ruleId} ${vpc}`, body);
}

const ENDPOINT: EndpointBody = {
  ...MADE,
  direction: 'OUTBOUND',
  addresses: [
    { id: 'rni-1', subnet: 's', ip: '10.1.0.9' },
    { id: 'rni-2', subnet: 's', ip: '10.1.0.10' },
    { id: 'rni-3', subnet: 's' },
  ],
  securityGroups: [],
  type: 'IPV4',
};

/** The configuration with `items` in the store, on a host that has 10.1.0.9 only. */
async function compiledWith(...items: PutItem[]): Promise<Compiled> {
  const store = new MemoryStore(() => 0, 1000);
  await store.apply({ origin: ORIGIN, items });
  const { config } = load(CONFIG);
  const result = compile(withResolver(config!, store, (address) => address === '10.1.0.9'));
  if (result.snapshot === undefined) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result;
}

t.test('a rule is where it is associated, and asks from where the host can', async (t) => {
  const { snapshot } = await compiledWith(
    put(RESOLVER.endpoint, 'rslvr-out-1', ENDPOINT),
    rule('rr-1', 'FORWARD', 'corp.example.'),
    rule('rr-2', 'SYSTEM', 'out.corp.example.'),
    rule('rr-3', 'FORWARD', 'nowhere.example.'),
    associate('rr-1', 'vpc-1'),
    associate('rr-2', 'vpc-1'),
    associate('rr-1', 'vpc-gone'),
  );
  t.same(candidatesOf(snapshot, 'vpc-1', 'a.corp.example.'), ['forward rr-1']);
  t.same(candidatesOf(snapshot, 'vpc-1', 'out.corp.example.'), [], 'a hole in it');
  t.same(candidatesOf(snapshot, 'vpc-2', 'a.corp.example.'), []);
  t.same(candidatesOf(snapshot, 'vpc-1', 'nowhere.example.'), []);
  const [path] = snapshot.paths.filter(({ kind }) => kind === 'forward');
  t.match(path, {
    rule: 'rr-1',
    sources: ['10.1.0.9'],
    targets: [{ address: '192.0.2.53', port: 5353 }],
    policy: 'random',
    validate: false,
  });
});

t.test('a rule of the configuration for the same name goes before it, in that VPC', async (t) => {
  const { snapshot } = await compiledWith(
    rule('rr-1', 'FORWARD', 'both.example.'),
    rule('rr-2', 'DELEGATE', 'both.example.'),
    rule('rr-3', 'DELEGATE', 'ns.example.'),
    ...['rr-1', 'rr-2', 'rr-3'].flatMap((id) => [associate(id, 'vpc-1'), associate(id, 'vpc-2')]),
  );
  t.same(candidatesOf(snapshot, 'vpc-1', 'both.example.'), [], 'SYSTEM');
  t.same(candidatesOf(snapshot, 'vpc-2', 'both.example.'), ['forward rr-1']);
  const delegates = snapshot.views.map(({ vpc, delegates }) => [
    vpc,
    delegates.map(({ rule, record }) => `${rule} ${nameToText(record)}`),
  ]);
  t.same(delegates, [
    ['vpc-1', ['own-delegate ns.example.', 'rr-2 both.example.']],
    ['vpc-2', ['rr-2 both.example.', 'rr-3 ns.example.']],
  ]);
});

t.test('settings of VPCs go before those of the configuration', async (t) => {
  const off: SwitchBody = { enabled: false };
  const on: SwitchBody = { enabled: true };
  const { snapshot } = await compiledWith(
    put(RESOLVER.dnssec, 'vpc-1', off),
    put(RESOLVER.dnssec, 'vpc-2', on),
    put(RESOLVER.reverse, 'vpc-2', off),
  );
  t.same(
    snapshot.views.map(({ dnssec }) => dnssec),
    ['off', 'route53'],
  );
  const reverse = '3.2.1.10.in-addr.arpa.';
  t.not(candidatesOf(snapshot, 'vpc-1', reverse).length, 0);
  t.equal(candidatesOf(snapshot, 'vpc-2', reverse).length, 0);
});
