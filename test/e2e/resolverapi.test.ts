/** Rules made by boto3: they forward to real servers once they are associated, and until they are not any more. */
import t, { type Test } from 'tap';
import { type Boto, startBoto } from '../support/boto.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { accessKey, awsEnvironment, missingPython } from '../support/python.ts';
import { type DnsServer, missing, startUnbound } from '../support/servers.ts';

t.setTimeout(180_000);
const skip = missing('dig', 'unbound') || missingPython('boto3');
const VPC = 'vpc-0a1b2c3d';

interface World {
  readonly daemon: Daemon;
  readonly boto: Boto;
  /** What `.` is forwarded to. */
  readonly outside: DnsServer;
}

async function startWorld(t: Test): Promise<World> {
  const outside = await startUnbound({
    localData: ['3.2.1.10.in-addr.arpa. PTR host.example.', 'www.far.example. A 192.0.2.80'],
  });
  t.teardown(() => outside.stop());
  const api = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ./state, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs: [{ id: ${VPC}, cidrs: [127.0.0.0/8], dnssec: off }, { id: vpc-2, cidrs: [10.0.0.0/8] }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }]
  outbound: [{ id: out-1, source: [127.0.0.8] }]
rules: [{ id: rr-all, domain: ".", type: forward, targets: ["127.0.0.1:${outside.port}"], vpcs: [${VPC}] }]
zones:
  - { name: corp.example., vpcs: [${VPC}], records: [{ name: www, type: A, ttl: 60, values: 10.7.7.7 }] }
`,
  });
  t.teardown(() => daemon.stop());
  const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
  const key = accessKey(JSON.parse(stdout) as object);
  const boto = startBoto('route53resolver', awsEnvironment(`http://127.0.0.1:${api}`, key));
  t.teardown(() => boto.stop());
  return { daemon, boto, outside };
}

interface Rule {
  readonly Id: string;
  readonly Arn: string;
  readonly Status: string;
  readonly [member: string]: unknown;
}

/** What tests do again and again. */
class Client {
  readonly boto: Boto;
  readonly #port: number;
  #requests = 0;

  constructor({ boto, daemon }: World) {
    this.boto = boto;
    this.#port = daemon.port;
  }

  call<Output = Record<string, unknown>>(operation: string, members: object = {}): Promise<Output> {
    return this.boto.call<Output>(operation, members);
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
  t.match(ResolverEndpoint, { Id: /^rslvr-out-[0-9a-f]{17}$/, HostVPCId: VPC, ResolverEndpointType: 'IPV4' });
  const ResolverEndpointId = ResolverEndpoint.Id;
  const forward = { DomainName: 'corp.example', TargetIps: [target(inside)], ResolverEndpointId };
  t.equal(await client.answers('www.corp.example'), '10.7.7.7', 'the private zone');

  const rule = await client.create('FORWARD', { ...forward, Name: 'corp' });
  t.match(rule, {
    Id: /^rslvr-rr-[0-9a-f]{17}$/,
    Arn: `arn:aws:route53resolver:eu-central-1:000000000000:resolver-rule/${rule.Id}`,
    DomainName: 'corp.example.',
    StatusMessage: /^\[Trace id: 1-[0-9a-f]{8}-[0-9a-f]{24}\] Successfully created Resolver Rule/,
    TargetIps: [{ ...target(inside), Protocol: 'Do53' }],
    ShareStatus: 'NOT_SHARED',
  });
  t.equal(await client.answers('www.corp.example'), '10.7.7.7', 'a rule alone changes nothing');

  await client.associate(rule);
  t.equal(await client.answers('www.corp.example'), '10.9.9.9', 'COMPLETE is what every worker serves');
  t.match(inside.log(), / 127\.0\.0\.(9|10) www\.corp\.example\. A IN/i, 'asked from the endpoint');

  const same = await client.create('SYSTEM', { DomainName: 'corp.example.' });
  await t.rejects(
    client.associate(same),
    new RegExp(`ResourceExistsException: Cannot associate rules with same domain name.*'${rule.Id}'`),
  );
  await t.rejects(
    client.call('delete_resolver_rule', { ResolverRuleId: rule.Id }),
    /ResourceInUseException: Please disassociate/,
  );
  await t.rejects(
    client.call('delete_resolver_endpoint', { ResolverEndpointId }),
    new RegExp(`InvalidRequestException: Cannot delete resolver endpoint.*${rule.Id}`),
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
  for (const { Id } of [rule, same, hole]) {
    const gone = await client.call('delete_resolver_rule', { ResolverRuleId: Id });
    t.match(gone, { ResolverRule: { Status: 'DELETING' } });
    await t.rejects(client.call('get_resolver_rule', { ResolverRuleId: Id }), /ResourceNotFoundException/);
  }
  await client.call('delete_resolver_endpoint', { ResolverEndpointId });
});
