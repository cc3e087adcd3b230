/** Rules made by boto3: they forward to real servers once they are associated, and until they are not any more. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Boto3, startBoto3 } from '../support/boto3.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { isOlder, missingPython } from '../support/python.ts';
import { type DnsServer, missing, startUnbound } from '../support/servers.ts';

/** Debian 12's: it refuses members that came later by itself, and leaves them out of what it shows. */
const isOld = isOlder('boto3', '1.34');
const skip = missing('dig', 'unbound') || missingPython('boto3');
const VPC = 'vpc-0a1b2c3d';

interface World {
  readonly daemon: Daemon;
  readonly boto3: Boto3;
  /** What `.` is forwarded to. */
  readonly outside: DnsServer;
}

async function startWorld(t: Test): Promise<World> {
  const outside = await startUnbound({
    localData: ['3.2.1.10.in-addr.arpa. PTR host.example.', 'www.corp.example. A 10.9.9.7'],
  });
  t.teardown(() => outside.stop());
  const api = await freePort('127.0.0.1');
  const state = mkdtempSync(join(tmpdir(), 'causeway-state-'));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ${JSON.stringify(state)}, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs: [{ id: ${VPC}, cidrs: [127.0.0.0/8], dnssec: off }, { id: vpc-2, cidrs: [10.0.0.0/8] }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }]
  outbound: [{ id: out-1, source: [127.0.0.8] }]
  api: { addresses: [{ listen: "127.0.0.41:PORT" }, { listen: "127.0.0.42:PORT" }] }
rules: [{ id: rr-all, domain: ".", type: forward, targets: ["127.0.0.1:${outside.port}"], vpcs: [${VPC}] }]
zones:
  - { name: corp.example., vpcs: [${VPC}], records: [{ name: www, type: A, ttl: 60, values: 10.7.7.7 }] }
`,
  });
  t.teardown(() => daemon.stop());
  const boto3 = await startBoto3(daemon, api);
  t.teardown(() => boto3.close());
  return { daemon, boto3, outside };
}

interface Rule {
  readonly Id: string;
  readonly Arn: string;
  readonly Status: string;
  readonly [member: string]: unknown;
}

/** What tests do again and again. */
class Client {
  readonly boto3: Boto3;
  readonly #port: number;
  #requests = 0;

  constructor({ boto3, daemon }: World) {
    this.boto3 = boto3;
    this.#port = daemon.port;
  }

  call<Output = Record<string, unknown>>(operation: string, members: object = {}): Promise<Output> {
    return this.boto3.call('route53resolver', operation, members);
  }

  async create(RuleType: string, members: object): Promise<Rule> {
    const CreatorRequestId = `request-${++this.#requests}`;
    const asked = { CreatorRequestId, RuleType, ...members };
    return (await this.call<{ ResolverRule: Rule }>('create_resolver_rule', asked)).ResolverRule;
  }

  /** Resolves when the association is COMPLETE. */
  async associate({ Id }: Rule): Promise<void> {
    type Output = { ResolverRuleAssociation: { Id: string; Status: string } };
    let made = await this.call<Output>('associate_resolver_rule', { ResolverRuleId: Id, VPCId: VPC });
    const { Id: ResolverRuleAssociationId } = made.ResolverRuleAssociation;
    while (made.ResolverRuleAssociation.Status !== 'COMPLETE')
      made = await this.call<Output>('get_resolver_rule_association', { ResolverRuleAssociationId });
  }

  /** Resolves when there is no association any more. */
  async disassociate({ Id }: Rule): Promise<void> {
    type Output = { ResolverRuleAssociation: { Id: string; Status: string } };
    const asked = { ResolverRuleId: Id, VPCId: VPC };
    const { ResolverRuleAssociation } = await this.call<Output>('disassociate_resolver_rule', asked);
    if (ResolverRuleAssociation.Status !== 'DELETING') throw new Error(ResolverRuleAssociation.Status);
    const named = { ResolverRuleAssociationId: ResolverRuleAssociation.Id };
    for (;;) {
      const fault = await this.call('get_resolver_rule_association', named).catch(String);
      if (/ResourceNotFoundException/.test(String(fault))) return;
    }
  }

  async answers(name: string, type = 'A'): Promise<string> {
    const reply = await dig('@127.0.0.1', '-p', String(this.#port), name, type);
    return reply.answers.map(({ rdata }) => rdata).join() || reply.status;
  }
}

/** Two equal requests that are signed in the same second are one request. */
const nextSecond = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_100));

const target = ({ address: Ip, port: Port }: DnsServer): object => ({ Ip, Port });

t.test('a FORWARD rule, asked by dig after each step', { skip }, async (t) => {
  const world = await startWorld(t);
  const client = new Client(world);
  const inside = await startUnbound({ localData: ['www.corp.example. A 10.9.9.9'] });
  const other = await startUnbound({ localData: ['www.corp.example. A 10.9.9.8'] });
  t.teardown(() => Promise.all([inside.stop(), other.stop()]));
  const { ResolverEndpoint } = await client.call<{ ResolverEndpoint: Rule }>('create_resolver_endpoint', {
    CreatorRequestId: 'endpoint',
    Name: 'to-corp',
    Direction: 'OUTBOUND',
    SecurityGroupIds: ['sg-1'],
    IpAddresses: [
      { SubnetId: 'subnet-1', Ip: '127.0.0.9' },
      { SubnetId: 'subnet-2', Ip: '127.0.0.10' },
    ],
  });
  t.match(ResolverEndpoint, { Id: /^rslvr-out-[0-9a-f]{17}$/, HostVPCId: VPC });
  if (!isOld) t.equal(ResolverEndpoint['ResolverEndpointType'], 'IPV4');
  const ResolverEndpointId = ResolverEndpoint.Id;
  const forward = { DomainName: 'corp.example', TargetIps: [target(inside)], ResolverEndpointId };
  t.equal(await client.answers('www.corp.example'), '10.7.7.7', 'the private zone');

  const rule = await client.create('FORWARD', { ...forward, Name: 'corp' });
  t.match(rule, {
    Id: /^rslvr-rr-[0-9a-f]{17}$/,
    Arn: `arn:aws:route53resolver:eu-central-1:000000000000:resolver-rule/${rule.Id}`,
    DomainName: 'corp.example.',
    StatusMessage: /^\[Trace id: 1-[0-9a-f]{8}-[0-9a-f]{24}\] Successfully created Resolver Rule/,
    TargetIps: [isOld ? target(inside) : { ...target(inside), Protocol: 'Do53' }],
    ShareStatus: 'NOT_SHARED',
  });
  t.equal(await client.answers('www.corp.example'), '10.7.7.7', 'a rule alone changes nothing');

  await client.associate(rule);
  t.equal(await client.answers('www.corp.example'), '10.9.9.9', 'COMPLETE is what every worker serves');
  t.match(inside.log(), / 127\.0\.0\.(9|10) www\.corp\.example\. A IN/i, 'asked from the endpoint');

  const same = await client.create('SYSTEM', { DomainName: 'corp.example.' });
  await t.rejects(
    client.associate(same),
    new RegExp(`ResourceExistsException 400: Cannot associate rules with same domain name.*'${rule.Id}'`),
  );
  await t.rejects(
    client.call('delete_resolver_rule', { ResolverRuleId: rule.Id }),
    /ResourceInUseException 400: Please disassociate/,
  );
  await t.rejects(
    client.call('delete_resolver_endpoint', { ResolverEndpointId }),
    new RegExp(`InvalidRequestException 400: Cannot delete resolver endpoint.*${rule.Id}`),
  );

  const Config = { TargetIps: [target(other)] };
  await client.call('update_resolver_rule', { ResolverRuleId: rule.Id, Config });
  let state = rule.Status;
  do {
    const got = await client.call<{ ResolverRule: Rule }>('get_resolver_rule', { ResolverRuleId: rule.Id });
    state = got.ResolverRule.Status;
    t.match(got.ResolverRule, { Name: 'corp', ResolverEndpointId, DomainName: 'corp.example.' });
  } while (state !== 'COMPLETE');
  t.equal(await client.answers('www.corp.example'), '10.9.9.8', 'other targets');

  const hole = await client.create('SYSTEM', { DomainName: 'www.corp.example' });
  await client.associate(hole);
  t.equal(await client.answers('www.corp.example'), '10.7.7.7', 'a hole in the forward rule');
  await client.disassociate(hole);
  t.equal(await client.answers('www.corp.example'), '10.9.9.8');
  await client.disassociate(rule);
  t.equal(await client.answers('www.corp.example'), '10.7.7.7', 'the private zone again');
  await nextSecond();
  for (const { Id } of [rule, same, hole]) {
    const gone = await client.call('delete_resolver_rule', { ResolverRuleId: Id });
    t.match(gone, { ResolverRule: { Status: 'DELETING' } });
    await t.rejects(client.call('get_resolver_rule', { ResolverRuleId: Id }), /ResourceNotFoundException/);
  }
  await client.call('delete_resolver_endpoint', { ResolverEndpointId });
});

/** A fault, or the old client's own refusal of a member that it does not know. */
function either(fault: RegExp): RegExp {
  return new RegExp(`${fault.source}|ParamValidationError: [^]*Unknown parameter`);
}

t.test('what else there is, and what is refused', { skip }, async (t) => {
  const world = await startWorld(t);
  const client = new Client(world);
  const { outside } = world;
  const refused = (operation: string, members: object, fault: RegExp): Promise<unknown> =>
    t.rejects(client.call(operation, members), isOld ? either(fault) : fault, String(fault));
  const asked = { CreatorRequestId: 'x', RuleType: 'FORWARD', DomainName: 'a.example' };
  const to = { TargetIps: [target(outside)], ResolverEndpointId: 'out-1' };

  // What a rule may be.
  for (const [members, fault] of [
    [{}, /InvalidRequestException 400: Resolver rules of type FORWARD need TargetIps/],
    [{ TargetIps: to.TargetIps }, /InvalidRequestException 400: .* need a ResolverEndpointId/],
    [{ ...to, ResolverEndpointId: 'in-1' }, /InvalidRequestException 400: .*'in-1' is INBOUND/],
    [
      { ...to, ResolverEndpointId: 'out-9' },
      /ResourceNotFoundException 400: Resolver endpoint with ID 'out-9'/,
    ],
    [
      { ...to, TargetIps: [{ Ip: '192.0.2.1' }, { Ip: '192.0.2.1', Port: 53 }] },
      /192.0.2.1:53 is given twice/,
    ],
    [{ ...to, TargetIps: [{ Ip: '192.0.2.1' }, { Ipv6: '2001:db8::1' }] }, /both IPv4 and IPv6/],
    [{ ...to, TargetIps: [{ Ip: '192.0.2.1', Ipv6: '2001:db8::1' }] }, /either Ip or Ipv6/],
    [{ ...to, TargetIps: [{ Ipv6: '2001:db8::1' }] }, /out-1' is of type IPV4: it asks no IPV6 targets/],
    [{ ...to, TargetIps: [{ Ip: '192.0.2.300' }] }, /InvalidParameterException 400: /],
    [{ ...to, TargetIps: [{ Ip: '192.0.2.1', Port: 0 }] }, /InvalidParameterException 400: The port 0/],
    [
      { ...to, TargetIps: [{ Ip: '192.0.2.1', Protocol: 'DoH-FIPS' }] },
      /protocol DoH-FIPS is for inbound endpoints only/,
    ],
    [
      { ...to, TargetIps: [{ Ip: '192.0.2.1', ServerNameIndication: 'a.example' }] },
      /ServerNameIndication can only be specified for targets with the protocol DoH/,
    ],
    [
      { ...to, TargetIps: [{ Ip: '192.0.2.1', Protocol: 'DoH', ServerNameIndication: 'a b' }] },
      /InvalidParameterException 400: "a b" is no name/,
    ],
    [{ ...to, TargetIps: [{ Ip: '127.0.0.1', Port: world.daemon.port }] }, /would go in a circle/],
    [{ ...to, TargetIps: Array(7).fill({ Ip: '192.0.2.1' }) }, /LimitExceededException 400: .*at most 6/],
    [{ ...to, DomainName: '*.a.example' }, /InvalidParameterException 400: .*wildcard/],
    [{ ...to, DomainName: 'a..example' }, /InvalidParameterException 400: .*Domain label is empty/],
    [{ ...to, RuleType: 'RECURSIVE' }, /InvalidParameterException 400: Currently, only Resolver can create/],
    [{ ...to, RuleType: 'SYSTEM' }, /InvalidRequestException 400: .* SYSTEM have no TargetIps/],
    [{ ...to, RuleType: 'DELEGATE' }, /Delegate resolver rules need to specify a nameserver name/],
    [{ ...to, Tags: [{ Key: 'aws:x', Value: '' }] }, /InvalidTagException/],
  ] as const)
    await refused('create_resolver_rule', { ...asked, ...members }, fault);

  // A CreatorRequestId is for one thing.
  const first = await client.call<{ ResolverRule: Rule }>('create_resolver_rule', { ...asked, ...to });
  const again = await client.call<{ ResolverRule: Rule }>('create_resolver_rule', { ...asked, ...to });
  t.equal(again.ResolverRule.Id, first.ResolverRule.Id);
  await refused(
    'create_resolver_rule',
    { ...asked, ...to, Name: 'other' },
    /ResourceExistsException 400: .*'x'/,
  );

  // Lists.
  for (const name of ['b', 'c', 'd'])
    await client.create('FORWARD', { ...to, DomainName: `${name}.example.` });
  type Rules = { ResolverRules: Rule[]; NextToken?: string };
  const domains: unknown[] = [];
  let page: Rules | undefined;
  do {
    const token = page?.NextToken === undefined ? {} : { NextToken: page.NextToken };
    page = await client.call<Rules>('list_resolver_rules', { MaxResults: 2, ...token });
    domains.push(...page.ResolverRules.map(({ DomainName }) => DomainName));
  } while (page.NextToken !== undefined);
  t.same(domains, ['.', 'a.example.', 'b.example.', 'c.example.', 'd.example.']);
  for (const Name of ['DomainName', 'DOMAIN_NAME']) {
    const Filters = [{ Name, Values: ['c.example.'] }];
    const { ResolverRules } = await client.call<Rules>('list_resolver_rules', { Filters });
    t.same(
      ResolverRules.map(({ DomainName }) => DomainName),
      ['c.example.'],
    );
  }
  await refused('list_resolver_rules', { Filters: [{ Name: 'X', Values: [] }] }, /The filter 'X' is invalid/);
  await refused('list_resolver_rules', { NextToken: 'AAAA' }, /InvalidNextTokenException/);
  const internet = 'rslvr-autodefined-rr-internet-resolver';
  t.match(await client.call('get_resolver_rule', { ResolverRuleId: internet }), {
    ResolverRule: { Name: 'Internet Resolver', RuleType: 'RECURSIVE', DomainName: '.' },
  });
  await refused('delete_resolver_rule', { ResolverRuleId: internet }, /InvalidRequestException/);

  // What the configuration has goes before.
  const root = await client.create('FORWARD', { ...to, DomainName: '.' });
  await refused(
    'associate_resolver_rule',
    { ResolverRuleId: root.Id, VPCId: VPC },
    /ResourceExistsException 400: .*Conflict with resolver rule '\. of the configuration'/,
  );
  await refused(
    'associate_resolver_rule',
    { ResolverRuleId: root.Id, VPCId: 'vpc-9' },
    /InvalidParameterException 400: The vpc ID 'vpc-9' does not exist/,
  );
  await client.call('associate_resolver_rule', { ResolverRuleId: root.Id, VPCId: 'vpc-2' });

  // Endpoints.
  const endpoints = await client.call<{ ResolverEndpoints: Rule[] }>('list_resolver_endpoints');
  t.same(
    endpoints.ResolverEndpoints.map(({ Id, Direction }) => [Id, Direction]),
    [
      ['in-1', 'INBOUND'],
      ['out-1', 'OUTBOUND'],
    ],
  );
  const inbound = (...ips: string[]): object => ({
    CreatorRequestId: 'in',
    Direction: 'INBOUND',
    SecurityGroupIds: ['sg-1'],
    IpAddresses: ips.map((Ip, i) => ({ SubnetId: `subnet-${i}`, Ip })),
  });
  await refused(
    'create_resolver_endpoint',
    inbound('127.0.0.41', '192.0.2.7'),
    /InvalidRequestException 400: IP address '192.0.2.7' is either not in subnet 'subnet-1'/,
  );
  const made = await client.call<{ ResolverEndpoint: Rule }>(
    'create_resolver_endpoint',
    inbound('127.0.0.41', '127.0.0.42'),
  );
  const { Id: ResolverEndpointId, Arn: ResourceArn } = made.ResolverEndpoint;
  t.match(await client.call('list_resolver_endpoint_ip_addresses', { ResolverEndpointId }), {
    IpAddresses: [{ IpId: /^rni-/, Ip: '127.0.0.41', SubnetId: 'subnet-0' }, {}],
  });
  await refused(
    'update_resolver_endpoint',
    { ResolverEndpointId, ResolverEndpointType: 'IPV6' },
    /InvalidRequestException 400: .*type IPV4 cannot become one of type IPV6/,
  );
  await refused(
    'update_resolver_endpoint',
    { ResolverEndpointId, UpdateIpAddresses: [{ IpId: 'rni-0', Ipv6: '2001:db8::1' }] },
    /ResourceNotFoundException 400: .*'rni-0'/,
  );
  const wider = { Name: 'wide', ...(isOld ? {} : { ResolverEndpointType: 'DUALSTACK' }) };
  t.match(await client.call('update_resolver_endpoint', { ResolverEndpointId, ...wider }), {
    ResolverEndpoint: { ...wider, IpAddressCount: 2 },
  });
  await refused('delete_resolver_endpoint', { ResolverEndpointId: 'in-1' }, /declared in the configuration/);

  await refused(
    'associate_resolver_endpoint_ip_address',
    { ResolverEndpointId, IpAddress: { SubnetId: 'subnet-3', Ip: '127.0.0.33' } },
    /InvalidRequestException 400: IP address '127.0.0.33' is either not in subnet 'subnet-3'/,
  );

  // Tags.
  await client.call('tag_resource', {
    ResourceArn,
    Tags: [
      { Key: 'team', Value: 'dns' },
      { Key: 'x', Value: '' },
    ],
  });
  await client.call('untag_resource', { ResourceArn, TagKeys: ['x'] });
  t.match(await client.call('list_tags_for_resource', { ResourceArn }), {
    Tags: [{ Key: 'team', Value: 'dns' }],
  });
  await client.call('delete_resolver_endpoint', { ResolverEndpointId });
  await refused('list_tags_for_resource', { ResourceArn }, /ResourceNotFoundException/);
});

t.test('one address more of an endpoint, and one less', { skip }, async (t) => {
  const client = new Client(await startWorld(t));
  const refused = (operation: string, members: object, fault: RegExp): Promise<unknown> =>
    t.rejects(client.call(operation, members), fault, String(fault));
  const { ResolverEndpoint } = await client.call<{ ResolverEndpoint: Rule }>('create_resolver_endpoint', {
    CreatorRequestId: 'out',
    Direction: 'OUTBOUND',
    SecurityGroupIds: ['sg-1'],
    IpAddresses: ['127.0.0.31', '127.0.0.32'].map((Ip, i) => ({ SubnetId: `subnet-${i}`, Ip })),
  });
  const { Id: ResolverEndpointId } = ResolverEndpoint;
  const associate = 'associate_resolver_endpoint_ip_address';
  const disassociate = 'disassociate_resolver_endpoint_ip_address';
  const third = { SubnetId: 'subnet-3', Ip: '127.0.0.33' };
  t.match(await client.call(associate, { ResolverEndpointId, IpAddress: third }), {
    ResolverEndpoint: { Id: ResolverEndpointId, IpAddressCount: 3 },
  });
  for (const [operation, IpAddress, fault] of [
    [associate, { ...third, SubnetId: 'subnet-4' }, /ResourceExistsException 400: .*127\.0\.0\.33 already/],
    [associate, { Ip: '127.0.0.34' }, /InvalidParameterException 400: .*SubnetId/],
    [associate, { ...third, IpId: 'rni-1' }, /InvalidParameterException 400: .*leave IpId out/],
    [disassociate, {}, /InvalidParameterException 400: Say by IpId/],
    [disassociate, { Ip: '127.0.0.99' }, /ResourceNotFoundException 400: .*no such IP address/],
  ] as const)
    await refused(operation, { ResolverEndpointId, IpAddress }, fault);
  await refused(
    associate,
    { ResolverEndpointId: 'out-1', IpAddress: third },
    /declared in the configuration/,
  );
  const { IpAddresses } = await client.call<{ IpAddresses: { IpId: string; Ip: string }[] }>(
    'list_resolver_endpoint_ip_addresses',
    { ResolverEndpointId },
  );
  t.equal(IpAddresses.at(-1)?.Ip, third.Ip);
  for (const { IpId } of IpAddresses.slice(0, 2))
    await client.call(disassociate, { ResolverEndpointId, IpAddress: { IpId } });
  await refused(
    disassociate,
    { ResolverEndpointId, IpAddress: third },
    /InvalidRequestException 400: .*keeps at least one IP address/,
  );
  t.match(await client.call('list_resolver_endpoint_ip_addresses', { ResolverEndpointId }), {
    IpAddresses: [third],
  });
});

t.test('settings of a VPC, and rules after a crash', { skip }, async (t) => {
  const world = await startWorld(t);
  const client = new Client(world);
  const settled = async (key: string, member: string, operation: string): Promise<string> => {
    for (;;) {
      const got = await client.call<Record<string, Record<string, string>>>(operation, { ResourceId: VPC });
      const status = got[key]![member]!;
      if (!status.endsWith('ING')) return status;
    }
  };
  const reverse = (): Promise<string> =>
    settled('ResolverConfig', 'AutodefinedReverse', 'get_resolver_config');
  const dnssec = (): Promise<string> =>
    settled('ResolverDNSSECConfig', 'ValidationStatus', 'get_resolver_dnssec_config');
  const list = async (operation: string): Promise<unknown[]> =>
    Object.values(await client.call<Record<string, unknown[]>>(operation)).flat();

  t.equal(await reverse(), 'ENABLED');
  t.same(await list('list_resolver_configs'), []);
  t.equal(await client.answers('3.2.1.10.in-addr.arpa', 'PTR'), 'NXDOMAIN');
  await client.call('update_resolver_config', { ResourceId: VPC, AutodefinedReverseFlag: 'DISABLE' });
  t.equal(await reverse(), 'DISABLED');
  t.match(await list('list_resolver_configs'), [{ Id: /^rslvr-rc-/, ResourceId: VPC }]);
  t.equal(await client.answers('3.2.1.10.in-addr.arpa', 'PTR'), 'host.example.', 'as any other name');
  const local = { ResourceId: VPC, AutodefinedReverseFlag: 'USE_LOCAL_RESOURCE_SETTING' };
  await client.call('update_resolver_config', local);
  t.equal(await reverse(), 'ENABLED', 'as the configuration says');

  // Terraform deletes it by disabling it twice.
  t.equal(await dnssec(), 'DISABLED');
  await client.call('update_resolver_dnssec_config', { ResourceId: VPC, Validation: 'ENABLE' });
  t.equal(await dnssec(), 'ENABLED');
  for (const left of [1, 0]) {
    await nextSecond();
    await client.call('update_resolver_dnssec_config', { ResourceId: VPC, Validation: 'DISABLE' });
    t.equal(await dnssec(), 'DISABLED');
    t.equal((await list('list_resolver_dnssec_configs')).length, left);
  }

  const forward = { TargetIps: [target(world.outside)], ResolverEndpointId: 'out-1' };
  const rule = await client.create('FORWARD', { ...forward, DomainName: 'corp.example' });
  await client.associate(rule);
  t.equal(await client.answers('www.corp.example'), '10.9.9.7');
  const { daemon } = world;
  const config = readFileSync(daemon.configFile, 'utf8');
  await daemon.stop('SIGKILL');
  const next = await startDaemon({ config: config.replaceAll(`:${daemon.port}"`, ':PORT"') });
  t.teardown(() => next.stop());
  const after = new Client({ ...world, daemon: next });
  t.equal(await after.answers('www.corp.example'), '10.9.9.7', 'the rule is still there');

  next.configure(
    readFileSync(next.configFile, 'utf8').replace(
      'rules: [',
      `rules: [{ domain: corp.example., type: system, vpcs: [${VPC}] }, `,
    ),
  );
  const { code } = await next.cli('reload');
  t.equal(code, 0);
  t.equal(await after.answers('www.corp.example'), '10.7.7.7', 'a rule of the configuration goes before it');
  const Filters = [{ Name: 'ResolverRuleId', Values: [rule.Id] }];
  t.match(await after.call('list_resolver_rule_associations', { Filters }), {
    ResolverRuleAssociations: [{ Status: 'OVERRIDDEN', VPCId: VPC }],
  });
});
