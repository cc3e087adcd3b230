/** What the store adds to a configuration is kept: after whatever change it is what it would be if it was read anew. */
import t from 'tap';
import { KIND } from '../../../src/control/hosted/bodies.ts';
import { HostedDesk } from '../../../src/control/hosted/desk.ts';
import { FIREWALL } from '../../../src/control/hosted/firewall.ts';
import { PROFILE } from '../../../src/control/hosted/profiles.ts';
import { RESOLVER } from '../../../src/control/hosted/resolver.ts';
import { VPC_KIND } from '../../../src/control/hosted/vpcs.ts';
import type { Change, Item, Store } from '../../../src/control/store/store.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { loneMetrics } from '../../../src/telemetry/metrics.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { MemoryStore } from '../../support/memorystore.ts';
import { load } from '../config/support.ts';

const TEXT = `vpcs:
  - { id: vpc-0a, cidrs: [10.0.0.0/16] }
  - { id: vpc-0b, cidrs: [10.1.0.0/16] }
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:5353"] }]
logs: [{ id: log-1, to: stdout, format: resolver, vpcs: [vpc-0b] }]
`;
const CONFIGS = [load(TEXT).config!, load(TEXT).config!] as const;
const VPCS = ['vpc-0a', 'vpc-0b', 'vpc-0c'];
const MADE = { statusMessage: '', created: 0, modified: 0, creatorRequestId: 'x', request: 'x' };
const ORIGIN = { account: '000000000000', accessKey: '', source: '', operation: 'test', summary: '' };
const prng = new SeededPrng(5);
const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)]!;

interface Resource {
  readonly kind: string;
  readonly id: string;
  readonly parent?: string;
  readonly body: unknown;
}

/** Anything of each kind of which the configuration may be made, and of one of which it is not. */
const RESOURCES: readonly (() => Resource[])[] = [
  () => {
    const body = { region: pick(['us-east-1', 'eu-west-1']), cidrs: [`10.${prng.below(9)}.0.0/24`] };
    return [{ kind: VPC_KIND, id: 'vpc-0c', body }];
  },
  () => {
    const targets = [{ address: `192.0.2.${prng.below(9)}`, port: 53 }];
    const [type, domain] = [pick(['FORWARD', 'SYSTEM', 'DELEGATE']), pick(['a.test.', 'b.test.'])];
    return [
      {
        kind: RESOLVER.rule,
        id: `rule-${prng.below(3)}`,
        body: { ...MADE, type, domain, targets, endpoint: 'out-1' },
      },
    ];
  },
  () => {
    const body = { ...MADE, rule: `rule-${prng.below(3)}`, vpc: pick(VPCS) };
    return [{ kind: RESOLVER.association, id: `association-${prng.below(4)}`, body }];
  },
  () => {
    const addresses = [{ id: 'address', subnet: 'subnet', ip: `127.0.0.${1 + prng.below(5)}` }];
    const body = { ...MADE, direction: 'OUTBOUND', addresses, securityGroups: [], type: 'IPV4' };
    return [{ kind: RESOLVER.endpoint, id: 'out-1', body }];
  },
  () => [{ kind: RESOLVER.reverse, id: pick(VPCS), body: { enabled: prng.below(2) === 0 } }],
  () => [{ kind: RESOLVER.dnssec, id: pick(VPCS), body: { enabled: prng.below(2) === 0 } }],
  () => {
    const rule = {
      ...MADE,
      list: 'list',
      priority: prng.below(9),
      action: { kind: 'alert' },
      redirection: 'inspect',
    };
    return [
      { kind: FIREWALL.group, id: 'group', body: MADE },
      { kind: FIREWALL.rule, id: `group list ${prng.below(2)}`, parent: 'group', body: rule },
    ];
  },
  () => [{ kind: FIREWALL.list, id: 'list', body: { ...MADE, count: 0, version: prng.below(9) } }],
  () => {
    const body = { ...MADE, group: 'group', vpc: pick(VPCS), priority: prng.below(9), isProtected: false };
    return [{ kind: FIREWALL.association, id: `with-${prng.below(2)}`, body }];
  },
  () => [{ kind: FIREWALL.config, id: pick(VPCS), body: { enabled: prng.below(2) === 0 } }],
  () => {
    const body = {
      ...MADE,
      name: 'x',
      destination: pick(['arn:aws:logs:us-east-1:000000000000:log-group:log-1', 'log-1']),
    };
    return [{ kind: RESOLVER.logConfig, id: 'queries', body }];
  },
  () => {
    const body = { config: 'queries', vpc: pick(VPCS), created: 0 };
    return [{ kind: RESOLVER.logAssociation, id: `queries-${prng.below(2)}`, body }];
  },
  () => [{ kind: KIND.collection, id: 'collection', body: { name: 'c', version: 1, locations: {} } }],
];

/** With these nothing is kept: what they bring depends on other kinds too. */
const PROFILES: typeof RESOURCES = [
  () => {
    const vpcs = VPCS.filter(() => prng.below(2) === 0).map((id) => ({ id, region: 'eu-central-1' }));
    const body = { name: pick(['a.test.', 'b.test.']), callerReference: '1', vpcs, nameServers: [] };
    return [{ kind: KIND.zone, id: 'Z1', body }];
  },
  () => {
    const body = { ...MADE, profile: 'profile', vpc: pick(VPCS) };
    return [{ kind: PROFILE.association, id: `profile-${prng.below(2)}`, body }];
  },
  () => {
    const body = {
      ...MADE,
      profile: 'profile',
      arn: 'x',
      type: 'RESOLVER_RULE',
      id: `rule-${prng.below(3)}`,
    };
    return [{ kind: PROFILE.resource, id: `resource-${prng.below(2)}`, parent: 'profile', body }];
  },
];

function deskOf(store: Store): HostedDesk {
  return new HostedDesk({
    clock: new ManualClock(),
    log: createLogger({ thread: 'control', format: 'json', write: () => undefined }),
    prng: new SeededPrng(1),
    metrics: loneMetrics(),
    open: () => store,
    changed: () => undefined,
    health: { report: async () => undefined },
    explain: async () => undefined,
  });
}

const legible = (config: unknown): string =>
  JSON.stringify(config, (_, value) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    return value instanceof Set || value instanceof Map ? [...value] : value;
  });

async function change(store: MemoryStore, some: typeof RESOURCES): Promise<void> {
  const resources = pick(some)();
  const [first] = resources as [Resource];
  const { kind, id } = first;
  const isThere = resources.length === 1 && store.get(kind, id) !== undefined;
  const put = (resource: Resource): Item => ({
    ...resource,
    action: 'put',
    account: ORIGIN.account,
    sort: resource.id,
  });
  const items: Item[] =
    isThere && prng.below(2) === 0 ? [{ action: 'delete', kind, id }] : resources.map(put);
  await store.apply({ origin: ORIGIN, items } as Change);
}

t.test('after any change', async (t) => {
  const store = new MemoryStore(() => 0, 1);
  const desk = deskOf(store as unknown as Store);
  desk.hostedFor(CONFIGS[0], undefined);
  let kept = 0;
  let last: unknown;
  for (let i = 0; i < 1_500; i++) {
    const some = i < 300 ? RESOURCES : [...RESOURCES, ...PROFILES];
    if (prng.below(3) > 0) await change(store, some);
    const config = CONFIGS[prng.below(10) === 0 ? 1 : 0]!;
    const amended = desk.amended(config);
    if (amended === last) kept++;
    last = amended;
    const anew = deskOf(store as unknown as Store);
    anew.hostedFor(config, undefined);
    const isSame = t.equal(legible(amended), legible(anew.amended(config)));
    anew.close();
    if (!isSame) break;
  }
  desk.close();
  t.ok(kept > 20, `${kept} times it was kept`);
});
