/** DNS Firewall made by boto3 and `aws`, and what dig is answered after each step. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { awsEnvironment, runTool } from '../support/api.ts';
import { type Boto3, startBoto3 } from '../support/boto3.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { isOlder, missingPython } from '../support/python.ts';
import { missing } from '../support/servers.ts';

/** Debian 12's: it knows neither types of questions nor redirections. */
const isOld = isOlder('boto3', '1.34');
const skip = missing('dig') || missingPython('boto3');
const VPC = 'vpc-0a1b2c3d';

interface World {
  readonly daemon: Daemon;
  readonly boto3: Boto3;
  readonly api: number;
  /** The folder for imports. */
  readonly imports: string;
}

async function startWorld(t: Test): Promise<World> {
  const api = await freePort('127.0.0.1');
  const state = mkdtempSync(join(tmpdir(), 'causeway-state-'));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const imports = join(state, 'imports');
  mkdirSync(join(imports, 'bucket'), { recursive: true });
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ${JSON.stringify(state)}, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}", imports: ${JSON.stringify(imports)} }
vpcs: [{ id: ${VPC}, cidrs: [127.0.0.0/8], firewall: { groups: [{ group: own, priority: 9000 }] } }, { id: vpc-2, cidrs: [10.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }] }
firewall:
  lists: [{ id: own-list, domains: [ftp.corp.example] }]
  groups: [{ id: own, rules: [{ priority: 1, list: own-list, action: block, response: nxdomain }] }]
zones:
  - name: corp.example.
    vpcs: [${VPC}]
    records:
      - { name: www, type: A, ttl: 60, values: 10.7.7.7 }
      - { name: ftp, type: A, ttl: 60, values: 10.7.7.8 }
      - { name: x.ads, type: A, ttl: 60, values: 10.7.7.10 }
      - { name: landing, type: A, ttl: 60, values: 10.7.7.9 }
`,
  });
  t.teardown(() => daemon.stop());
  const boto3 = await startBoto3(daemon, api);
  t.teardown(() => boto3.close());
  return { daemon, boto3, api, imports };
}

interface Shown {
  readonly Id: string;
  readonly Arn: string;
  readonly Status: string;
  readonly [member: string]: unknown;
}

/** What tests do again and again. */
class Client {
  readonly #boto3: Boto3;
  readonly #port: number;
  #requests = 0;

  constructor({ boto3, daemon }: World) {
    this.#boto3 = boto3;
    this.#port = daemon.port;
  }

  call<Output = Record<string, unknown>>(operation: string, members: object = {}): Promise<Output> {
    return this.#boto3.call('route53resolver', operation, members);
  }

  /** A call with a CreatorRequestId, and what it has made. */
  async make(operation: string, members: object): Promise<Shown> {
    const CreatorRequestId = `request-${++this.#requests}`;
    const output = await this.call<Record<string, Shown>>(operation, { CreatorRequestId, ...members });
    return Object.values(output)[0]!;
  }

  /** Resolves with what is there when nothing is under way any more. */
  async settled(operation: string, members: object): Promise<Shown> {
    for (;;) {
      const found = Object.values(await this.call<Record<string, Shown>>(operation, members))[0]!;
      if (!/ING$/.test(found.Status)) return found;
    }
  }

  list(id: string): Promise<Shown> {
    return this.settled('get_firewall_domain_list', { FirewallDomainListId: id });
  }

  group(id: string): Promise<Shown> {
    return this.settled('get_firewall_rule_group', { FirewallRuleGroupId: id });
  }

  association(id: string): Promise<Shown> {
    return this.settled('get_firewall_rule_group_association', { FirewallRuleGroupAssociationId: id });
  }

  async answers(name: string, type = 'A'): Promise<string> {
    const reply = await dig('@127.0.0.1', '-p', String(this.#port), name, type);
    return reply.answers.map(({ rdata }) => rdata).join() || reply.status;
  }
}

t.test('a list, a group, a rule and an association, asked by dig after each step', { skip }, async (t) => {
  const client = new Client(await startWorld(t));
  const refused = (operation: string, members: object, fault: RegExp): Promise<unknown> =>
    t.rejects(client.call(operation, members), fault, String(fault));
  const { Id: list, ...made } = await client.make('create_firewall_domain_list', { Name: 'bad' });
  t.match(made, {
    Arn: `arn:aws:route53resolver:eu-central-1:000000000000:firewall-domain-list/${list}`,
    DomainCount: 0,
  });
  const domains = { FirewallDomainListId: list, Operation: 'ADD' };
  await client.call('update_firewall_domains', {
    ...domains,
    Domains: ['WWW.corp.example', '*.ads.corp.example'],
  });
  t.match(await client.list(list), { Status: 'COMPLETE', DomainCount: 2 });
  await refused(
    'update_firewall_domains',
    { ...domains, Domains: ['ok.example', 'not ok'] },
    /ValidationException 400: .*'not ok' at 'domains\.2\.member'/,
  );

  const { Id: group } = await client.make('create_firewall_rule_group', { Name: 'office' });
  const rule = { FirewallRuleGroupId: group, FirewallDomainListId: list };
  const block = { Name: 'bad', Priority: 10, Action: 'BLOCK', BlockResponse: 'NXDOMAIN' };
  await client.make('create_firewall_rule', { ...rule, ...block });
  t.match(await client.group(group), { Status: 'COMPLETE', RuleCount: 1 });
  t.equal(await client.answers('www.corp.example'), '10.7.7.7', 'no VPC has the group');

  const place = { VpcId: VPC, Priority: 101, Name: 'office' };
  const associate = { ...place, FirewallRuleGroupId: group };
  await refused(
    'associate_firewall_rule_group',
    { CreatorRequestId: 'x', ...associate, Priority: 9000 },
    /ValidationException 400: The priority '9000' is used/,
  );
  const { Id: association } = await client.make('associate_firewall_rule_group', associate);
  t.match(await client.association(association), { Status: 'COMPLETE', VpcId: VPC });
  t.equal(await client.answers('www.corp.example'), 'NXDOMAIN');
  t.equal(await client.answers('x.ads.corp.example'), 'NXDOMAIN');
  t.equal(await client.answers('ftp.corp.example'), 'NXDOMAIN', 'by the configuration');

  const change = { BlockResponse: 'OVERRIDE', BlockOverrideDnsType: 'CNAME', BlockOverrideTtl: 7 };
  const landing = { ...change, BlockOverrideDomain: 'landing.corp.example' };
  await client.call('update_firewall_rule', { ...rule, Action: 'BLOCK', ...landing });
  await client.group(group);
  t.equal(await client.answers('www.corp.example'), 'landing.corp.example.,10.7.7.9');

  const ownList = { FirewallRuleGroupId: group, FirewallDomainListId: 'own-list' };
  await client.make('create_firewall_rule', { ...ownList, Name: 'own', Priority: 1, Action: 'ALLOW' });
  await client.group(group);
  t.equal(await client.answers('ftp.corp.example'), '10.7.7.8', 'allowed before the configuration blocks it');
  const { FirewallRules } = await client.call<{ FirewallRules: object[] }>('list_firewall_rules', {
    FirewallRuleGroupId: group,
  });
  t.match(FirewallRules, [
    { Name: 'own', Priority: 1 },
    { ...rule, ...landing },
  ]);
  if (!isOld) t.match(FirewallRules[0], { FirewallDomainRedirectionAction: 'INSPECT_REDIRECTION_DOMAIN' });

  await client.call('update_firewall_domains', {
    ...domains,
    Operation: 'REMOVE',
    Domains: ['www.corp.example.'],
  });
  await client.list(list);
  t.equal(await client.answers('www.corp.example'), '10.7.7.7');

  const named = { FirewallRuleGroupAssociationId: association };
  await refused('delete_firewall_rule_group', { FirewallRuleGroupId: group }, /ConflictException 400/);
  const left = await client.call<Record<string, Shown>>('disassociate_firewall_rule_group', named);
  t.match(left, { FirewallRuleGroupAssociation: { Status: 'DELETING' } });
  for (;;) {
    const fault = await client.call('get_firewall_rule_group_association', named).catch(String);
    if (/ResourceNotFoundException/.test(String(fault))) break;
  }
  t.equal(await client.answers('x.ads.corp.example'), '10.7.7.10');
  t.equal(await client.answers('ftp.corp.example'), 'NXDOMAIN', 'by the configuration again');
  for (const each of [rule, ownList]) await client.call('delete_firewall_rule', each);
  await client.call('delete_firewall_rule_group', { FirewallRuleGroupId: group });
  await client.call('delete_firewall_domain_list', { FirewallDomainListId: list });
});

t.test('what the client itself checks, and pages', { skip }, async (t) => {
  const client = new Client(await startWorld(t));
  const { Id: FirewallDomainListId } = await client.make('create_firewall_domain_list', { Name: 'many' });
  const Domains = Array.from({ length: 1000 }, (_, i) => `d${String(i).padStart(4, '0')}.example.`);
  await client.call('update_firewall_domains', { FirewallDomainListId, Operation: 'REPLACE', Domains });
  const found: string[] = [];
  for (let next = {}; ; ) {
    const page = await client.call<{ Domains: string[]; NextToken?: string }>('list_firewall_domains', {
      FirewallDomainListId,
      MaxResults: 300,
      ...next,
    });
    found.push(...page.Domains);
    if (page.NextToken === undefined) break;
    next = { NextToken: page.NextToken };
  }
  t.same(found, Domains);
  for (const FirewallFailOpen of ['DISABLED', 'USE_LOCAL_RESOURCE_SETTING', 'ENABLED'])
    await client.call('update_firewall_config', { ResourceId: VPC, FirewallFailOpen });
  t.match(await client.call('list_firewall_configs', { MaxResults: 5 }), {
    FirewallConfigs: [{ Id: /^rslvr-fc-/, ResourceId: VPC, FirewallFailOpen: 'ENABLED' }],
  });
  await t.rejects(
    client.call('list_firewall_configs', { MaxResults: 4 }),
    /ParamValidationError|at 'maxResults'/,
  );
});

t.test('a file of 250,000 domains, and one more', { skip }, async (t) => {
  const world = await startWorld(t);
  const client = new Client(world);
  const { Id: list } = await client.make('create_firewall_domain_list', { Name: 'long' });
  const { Id: group } = await client.make('create_firewall_rule_group', { Name: 'long' });
  const rule = { FirewallRuleGroupId: group, FirewallDomainListId: list };
  const block = { Name: 'long', Priority: 10, Action: 'BLOCK', BlockResponse: 'NODATA' };
  await client.make('create_firewall_rule', { ...rule, ...block });
  const place = { VpcId: VPC, Priority: 101, Name: 'long' };
  const { Id } = await client.make('associate_firewall_rule_group', { ...place, FirewallRuleGroupId: group });
  await client.association(Id);

  const line = (i: number): string => `host${i}.blocked${i % 977}.example\n`;
  const request = { FirewallDomainListId: list, Operation: 'REPLACE' };
  const bring = async (name: string, lines: string): Promise<Shown> => {
    writeFileSync(join(world.imports, 'bucket', name), lines);
    const DomainFileUrl = `s3://bucket/${name}`;
    const begun = await client.call<Shown>('import_firewall_domains', { ...request, DomainFileUrl });
    t.equal(begun.Status, 'IMPORTING');
    return client.list(list);
  };
  const lines = Array.from({ length: 250_000 }, (_, i) => line(i)).join('');
  t.match(await bring('long', lines), { Status: 'COMPLETE', DomainCount: 250_000 });
  t.equal(await client.answers(line(123_456).trim()), 'NOERROR');
  t.equal(await client.answers('www.corp.example'), '10.7.7.7');
  const more = { FirewallDomainListId: list, Operation: 'ADD', Domains: ['www.corp.example'] };
  await client.call('update_firewall_domains', more);
  t.match(await client.list(list), { Status: 'COMPLETE', DomainCount: 250_001 });
  t.equal(await client.answers('www.corp.example'), 'NOERROR');

  const faulty = await bring('faulty', `${line(1)}no domain\n`);
  t.match(faulty, { Status: 'COMPLETE_IMPORT_FAILED', StatusMessage: /^Line 2: "no domain"/ });
  t.equal(await client.answers('www.corp.example'), 'NOERROR', 'as it was');
  t.match(await bring('short', line(1)), { Status: 'COMPLETE', DomainCount: 1 });
  t.equal(await client.answers('www.corp.example'), '10.7.7.7');
});

t.test('the command line, up to COMPLETE', { skip: missing('aws', 'dig') }, async (t) => {
  const { daemon, api } = await startWorld(t);
  const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
  const env = awsEnvironment(`http://127.0.0.1:${api}`, JSON.parse(stdout));
  const aws = async (command: string, ...args: string[]): Promise<Record<string, Shown>> => {
    const { code, stdout, stderr } = await runTool('aws', ['route53resolver', command, ...args], env);
    t.equal(code, 0, `${command} ${stderr}`);
    return JSON.parse(stdout);
  };
  const creator = ['--creator-request-id', '1', '--name', 'cli'];
  const { FirewallDomainList } = await aws('create-firewall-domain-list', ...creator);
  const list = ['--firewall-domain-list-id', FirewallDomainList!.Id];
  await aws('update-firewall-domains', ...list, '--operation', 'ADD', '--domains', 'www.corp.example');
  const { FirewallRuleGroup } = await aws('create-firewall-rule-group', ...creator);
  const group = ['--firewall-rule-group-id', FirewallRuleGroup!.Id];
  const block = ['--action', 'BLOCK', '--block-response', 'NXDOMAIN', '--priority', '100'];
  await aws('create-firewall-rule', ...creator, ...group, ...list, ...block);
  const place = ['--vpc-id', VPC, '--priority', '101'];
  const made = await aws('associate-firewall-rule-group', ...creator, ...group, ...place);
  const id = ['--firewall-rule-group-association-id', made['FirewallRuleGroupAssociation']!.Id];
  for (let status = ''; status !== 'COMPLETE'; ) {
    const got = await aws('get-firewall-rule-group-association', ...id);
    status = got['FirewallRuleGroupAssociation']!.Status;
  }
  const reply = await dig('@127.0.0.1', '-p', String(daemon.port), 'www.corp.example', 'A');
  t.equal(reply.status, 'NXDOMAIN');
});
