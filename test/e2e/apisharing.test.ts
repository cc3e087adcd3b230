/** A rule of one account, which the clients of another resolve by as long as a policy lets them. By boto3. */
import t from 'tap';
import { type Boto3, type Output, startBoto3 } from '../support/boto3.ts';
import { startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missingPython } from '../support/python.ts';
import { missing, startUnbound } from '../support/servers.ts';

const skip = missing('dig', 'unbound') || missingPython('boto3');
const OURS = '000000000000';
const THEIRS = '111122223333';

t.test('a shared rule', { skip }, async (t) => {
  const inside = await startUnbound({ localData: ['www.corp.example. A 10.9.9.9'] });
  t.teardown(() => inside.stop());
  const api = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-west-1, state: ./state, workers: 1, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
accounts: [{ id: "${OURS}" }, { id: "${THEIRS}" }]
vpcs:
  - { id: vpc-ours, cidrs: [127.0.0.1/32], dnssec: off }
  - { id: vpc-theirs, account: "${THEIRS}", cidrs: [127.0.0.2/32], dnssec: off }
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }]
  outbound: [{ id: out-1, source: [127.0.0.8] }]
rules: [{ domain: ".", type: forward, targets: ["127.0.0.1:1"], vpcs: [vpc-ours, vpc-theirs] }]
`,
  });
  t.teardown(() => daemon.stop());
  const ours = await startBoto3(daemon, api);
  const theirs = await startBoto3(daemon, api, THEIRS);
  t.teardown(() => {
    ours.close();
    theirs.close();
  });
  const call = (boto3: Boto3, operation: string, members: object = {}): Promise<Output> =>
    boto3.call('route53resolver', operation, members);
  const asked = async (): Promise<string> => {
    const reply = await dig('-b', '127.0.0.2', '@127.0.0.1', '-p', String(daemon.port), 'www.corp.example');
    return reply.answers[0]?.rdata ?? 'nothing';
  };

  const { ResolverRule: rule } = await call(ours, 'create_resolver_rule', {
    CreatorRequestId: 'r',
    RuleType: 'FORWARD',
    DomainName: 'corp.example',
    ResolverEndpointId: 'out-1',
    TargetIps: [{ Ip: inside.address, Port: inside.port }],
  });
  const ResolverRuleId: string = rule.Id;
  const get = () => call(theirs, 'get_resolver_rule', { ResolverRuleId });
  const associate = (VPCId = 'vpc-theirs') =>
    call(theirs, 'associate_resolver_rule', { ResolverRuleId, VPCId });
  await t.rejects(get(), /ResourceNotFoundException 400/);
  await t.rejects(associate(), /ResourceNotFoundException 400/);

  const policy = (...actions: string[]) => ({
    Arn: rule.Arn,
    ResolverRulePolicy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: [THEIRS] },
          Action: actions.map((action) => `route53resolver:${action}`),
          Resource: [rule.Arn],
        },
      ],
    }),
  });
  await t.rejects(
    call(theirs, 'put_resolver_rule_policy', policy('GetResolverRule')),
    /UnknownResourceException 400/,
  );
  await t.rejects(
    call(ours, 'put_resolver_rule_policy', policy('DeleteResolverRule')),
    /InvalidPolicyDocument 400: The Action 'route53resolver:DeleteResolverRule' cannot be granted/,
  );
  const all = policy('GetResolverRule', 'ListResolverRules', 'AssociateResolverRule');
  t.same(await call(ours, 'put_resolver_rule_policy', all), { ReturnValue: true });
  t.match(await call(ours, 'get_resolver_rule_policy', { Arn: rule.Arn }), {
    ResolverRulePolicy: all.ResolverRulePolicy,
  });
  t.match(await get(), { ResolverRule: { OwnerId: OURS, ShareStatus: 'SHARED_WITH_ME' } });
  t.match(await call(ours, 'get_resolver_rule', { ResolverRuleId }), {
    ResolverRule: { ShareStatus: 'SHARED_BY_ME' },
  });
  t.match(await call(theirs, 'list_resolver_rules'), {
    ResolverRules: [{ DomainName: '.' }, { Id: ResolverRuleId, ShareStatus: 'SHARED_WITH_ME' }],
  });
  for (const operation of ['update_resolver_rule', 'delete_resolver_rule'])
    await t.rejects(
      call(theirs, operation, {
        ResolverRuleId,
        ...(operation.startsWith('u') ? { Config: { Name: 'x' } } : {}),
      }),
      /ResourceNotFoundException/,
      'it is another’s all the same',
    );

  await t.rejects(
    associate('vpc-ours'),
    /InvalidParameterException 400: The vpc ID 'vpc-ours' does not exist/,
  );
  t.equal(await asked(), 'nothing');
  let { ResolverRuleAssociation: association } = await associate();
  while (association.Status !== 'COMPLETE')
    ({ ResolverRuleAssociation: association } = await call(theirs, 'get_resolver_rule_association', {
      ResolverRuleAssociationId: association.Id,
    }));
  t.equal(await asked(), '10.9.9.9');
  await t.rejects(call(ours, 'delete_resolver_rule', { ResolverRuleId }), /ResourceInUseException/);

  await call(ours, 'put_resolver_rule_policy', policy('GetResolverRule'));
  await t.rejects(
    call(theirs, 'get_resolver_rule_association', { ResolverRuleAssociationId: association.Id }),
    /ResourceNotFoundException/,
    'what may not be associated any more is not',
  );
  for (let i = 0; i < 50 && (await asked()) !== 'nothing'; i++);
  t.equal(await asked(), 'nothing');
  t.match(await get(), { ResolverRule: { Id: ResolverRuleId } });
  await call(ours, 'delete_resolver_rule', { ResolverRuleId });
  await t.rejects(get(), /ResourceNotFoundException/);
});
