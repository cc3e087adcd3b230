/** `@aws-sdk/client-route53resolver`, unmodified: rules, endpoints and DNS Firewall, and dig after each step. */
import {
  AssociateFirewallRuleGroupCommand,
  AssociateResolverRuleCommand,
  CreateFirewallDomainListCommand,
  CreateFirewallRuleCommand,
  CreateFirewallRuleGroupCommand,
  CreateResolverEndpointCommand,
  CreateResolverRuleCommand,
  DisassociateFirewallRuleGroupCommand,
  DisassociateResolverRuleCommand,
  GetFirewallRuleGroupAssociationCommand,
  GetResolverRuleAssociationCommand,
  GetResolverRuleCommand,
  ListFirewallDomainsCommand,
  paginateListResolverRules,
  UpdateFirewallDomainsCommand,
  UpdateResolverDnssecConfigCommand,
} from '@aws-sdk/client-route53resolver';
import t from 'tap';
import { startDaemon } from '../support/daemon.ts';
import { at, dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { resolverClient } from '../support/resolversdk.ts';
import { missing, startNsd } from '../support/servers.ts';
import { APEX } from './config.ts';

const VPC = 'vpc-0a1b2c3d';
const BOUND = 500;

t.test('the flows of Route 53 Resolver', { skip: missing('dig', 'nsd') }, async (t) => {
  const nsd = await startNsd({ zones: { 'corp.test.': `${APEX}www 300 A 10.8.0.1\nads 300 A 10.8.0.2\n` } });
  t.teardown(() => nsd.stop());
  const api = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `node: { name: sdk, region: eu-central-1, state: ./state, workers: 2, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs: [{ id: ${VPC}, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }] }
rules: [{ domain: test., type: forward, targets: ["127.0.0.1:9"], vpcs: [${VPC}] }]
`,
  });
  t.teardown(() => daemon.stop());
  const client = await resolverClient(t, daemon, api);
  const ask = (name: string) => dig(at(daemon), name, 'A');
  /** What the API says is served when it says so: asked for until then, and no more often than is sane. */
  const served = async (what: string, status: () => Promise<string | undefined>): Promise<void> => {
    let now: string | undefined;
    for (let i = 0; i < BOUND && now !== 'COMPLETE'; i++) now = await status();
    t.equal(now, 'COMPLETE', what);
  };

  const becomes = async (name: string, status: string): Promise<void> => {
    let now = '';
    for (let i = 0; i < BOUND && now !== status; i++) now = (await ask(name)).status;
    t.equal(now, status, `${name}, cached or not`);
  };

  const { ResolverEndpoint: endpoint } = await client.send(
    new CreateResolverEndpointCommand({
      CreatorRequestId: '1',
      Direction: 'OUTBOUND',
      SecurityGroupIds: ['sg-1'],
      IpAddresses: [{ SubnetId: 'subnet-1' }, { SubnetId: 'subnet-2' }],
    }),
  );
  const { ResolverRule: rule } = await client.send(
    new CreateResolverRuleCommand({
      CreatorRequestId: '2',
      RuleType: 'FORWARD',
      DomainName: 'corp.test',
      ResolverEndpointId: endpoint!.Id!,
      TargetIps: [{ Ip: nsd.address, Port: nsd.port }],
    }),
  );
  t.match(rule, { DomainName: 'corp.test.', RuleType: 'FORWARD' });
  t.equal((await ask('www.corp.test')).status, 'SERVFAIL', 'a rule that no VPC has');
  const { ResolverRuleAssociation: association } = await client.send(
    new AssociateResolverRuleCommand({ ResolverRuleId: rule!.Id, VPCId: VPC }),
  );
  await served('the rule', async () => {
    const input = { ResolverRuleAssociationId: association!.Id };
    return (await client.send(new GetResolverRuleAssociationCommand(input))).ResolverRuleAssociation!.Status;
  });
  t.equal((await ask('www.corp.test')).answers[0]?.rdata, '10.8.0.1');
  const names: (string | undefined)[] = [];
  for await (const { ResolverRules = [] } of paginateListResolverRules({ client, pageSize: 1 }, {}))
    names.push(...ResolverRules.map(({ DomainName }) => DomainName));
  t.ok(names.includes('corp.test.') && names.includes('.'), names.join());

  const { FirewallDomainList: list } = await client.send(
    new CreateFirewallDomainListCommand({ CreatorRequestId: '3', Name: 'ads' }),
  );
  await client.send(
    new UpdateFirewallDomainsCommand({
      FirewallDomainListId: list!.Id,
      Operation: 'ADD',
      Domains: ['ads.corp.test', '*.ads.test'],
    }),
  );
  const listed = await client.send(new ListFirewallDomainsCommand({ FirewallDomainListId: list!.Id }));
  t.same(listed.Domains?.toSorted(), ['*.ads.test.', 'ads.corp.test.']);
  const { FirewallRuleGroup: group } = await client.send(
    new CreateFirewallRuleGroupCommand({ CreatorRequestId: '4', Name: 'office' }),
  );
  await client.send(
    new CreateFirewallRuleCommand({
      CreatorRequestId: '5',
      Name: 'ads',
      FirewallRuleGroupId: group!.Id,
      FirewallDomainListId: list!.Id,
      Priority: 100,
      Action: 'BLOCK',
      BlockResponse: 'NXDOMAIN',
    }),
  );
  t.equal((await ask('ads.corp.test')).answers[0]?.rdata, '10.8.0.2', 'cached, and not blocked yet');
  const { FirewallRuleGroupAssociation: firewall } = await client.send(
    new AssociateFirewallRuleGroupCommand({
      CreatorRequestId: '6',
      FirewallRuleGroupId: group!.Id,
      VpcId: VPC,
      Priority: 101,
      Name: 'office',
    }),
  );
  const input = { FirewallRuleGroupAssociationId: firewall!.Id };
  await served('the firewall', async () => {
    const { FirewallRuleGroupAssociation: shown } = await client.send(
      new GetFirewallRuleGroupAssociationCommand(input),
    );
    return shown!.Status;
  });
  t.equal((await ask('ads.corp.test')).status, 'NXDOMAIN');
  await client.send(new DisassociateFirewallRuleGroupCommand(input));
  await becomes('ads.corp.test', 'NOERROR');

  const dnssec = await client.send(
    new UpdateResolverDnssecConfigCommand({ ResourceId: VPC, Validation: 'DISABLE' }),
  );
  t.match(dnssec.ResolverDNSSECConfig, { ResourceId: VPC, ValidationStatus: /^DISABL(ED|ING)$/ });
  await client.send(new DisassociateResolverRuleCommand({ ResolverRuleId: rule!.Id, VPCId: VPC }));
  await becomes('www.corp.test', 'SERVFAIL');
  await t.rejects(client.send(new GetResolverRuleCommand({ ResolverRuleId: 'rslvr-rr-none' })), {
    name: 'ResourceNotFoundException',
  });
});
