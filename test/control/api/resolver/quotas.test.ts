/** How many of each an account may have, as the configuration says. */
import t from 'tap';
import { DEFAULT_QUOTAS } from '../../../../src/control/config/quotas.ts';
import { OURS, startResolver, THEIRS } from './support.ts';

t.test('endpoints, rules, and VPCs that have them', async (t) => {
  const most = { resolverEndpoints: 1, resolverRules: 2, ruleAssociations: 1 };
  const accounts = [{ id: OURS, quotas: { ...DEFAULT_QUOTAS, ...most } }];
  const { call } = startResolver(undefined, { accounts });
  let made = 0;
  const endpoint = (account = OURS) => {
    const input = {
      CreatorRequestId: `e${++made}`,
      Direction: 'OUTBOUND',
      SecurityGroupIds: ['sg-1'],
      IpAddresses: [{ Ip: '10.1.0.53', SubnetId: 'subnet-1' }],
    } as const;
    return call('CreateResolverEndpoint', input, account);
  };
  const rule = async (account = OURS): Promise<string> => {
    const input = {
      CreatorRequestId: `r${++made}`,
      RuleType: 'SYSTEM',
      DomainName: `d${made}.example`,
    } as const;
    return (await call('CreateResolverRule', input, account)).ResolverRule!.Id!;
  };
  await endpoint();
  await t.rejects(endpoint(), { code: 'LimitExceededException', message: /max-endpoints/ });
  const rules = [await rule(), await rule()];
  await t.rejects(rule(), { code: 'LimitExceededException', message: /max-rules/ });
  const associate = (ResolverRuleId: string) =>
    call('AssociateResolverRule', { ResolverRuleId, VPCId: 'vpc-1' });
  await associate(rules[0]!);
  await t.rejects(associate(rules[1]!), { code: 'LimitExceededException', message: /max-associations/ });
  for (let i = 0; i < 3; i++) await rule(THEIRS);
  t.pass('others have quotas of their own');
});
