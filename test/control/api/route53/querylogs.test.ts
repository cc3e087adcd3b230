/** Query logging configurations: one for a zone, to a log group that there is. */
import {
  CreateHostedZoneCommand,
  CreateQueryLoggingConfigCommand,
  DeleteHostedZoneCommand,
  DeleteQueryLoggingConfigCommand,
  GetQueryLoggingConfigCommand,
  ListQueryLoggingConfigsCommand,
} from '@aws-sdk/client-route-53';
import t from 'tap';
import { OURS, startRoute53, THEIRS } from '../../../support/route53.ts';

const arnOf = (name: string, account = OURS, region = 'us-east-1'): string =>
  `arn:aws:logs:${region}:${account}:log-group:${name}`;
const ARN = arnOf('/aws/route53/shop.example');

t.test('made, shown, listed, deleted', async (t) => {
  const { ours, theirs, close } = await startRoute53();
  t.teardown(close);
  const makeZone = async (Name: string, more = {}): Promise<string> => {
    const input = { Name, CallerReference: Name, ...more };
    return (await ours.send(new CreateHostedZoneCommand(input))).HostedZone!.Id!.slice(12);
  };
  const make = async (HostedZoneId: string, CloudWatchLogsLogGroupArn = ARN) =>
    ours.send(new CreateQueryLoggingConfigCommand({ HostedZoneId, CloudWatchLogsLogGroupArn }));
  const list = async (input = {}) => ours.send(new ListQueryLoggingConfigsCommand(input));
  const zone = await makeZone('a.example');
  const { QueryLoggingConfig: made, Location } = await make(zone, `${ARN}:*`);
  const id = made!.Id!;
  t.match(id, /^[0-9a-f-]{36}$/);
  t.equal(Location, `https://route53.amazonaws.com/2013-04-01/queryloggingconfig/${id}`);
  t.match(made, { HostedZoneId: zone, CloudWatchLogsLogGroupArn: `${ARN}:*` });
  const get = (client = ours) => client.send(new GetQueryLoggingConfigCommand({ Id: id }));
  t.same((await get()).QueryLoggingConfig, made);
  await t.rejects(get(theirs), { name: 'NoSuchQueryLoggingConfig' });
  await t.rejects(make(zone), { name: 'QueryLoggingConfigAlreadyExists' });

  const other = await makeZone('b.example');
  for (const arn of [arnOf('none'), arnOf('/aws/route53/shop.example', THEIRS)])
    await t.rejects(make(other, arn), { name: 'NoSuchCloudWatchLogsLogGroup' }, arn);
  for (const arn of ['x', arnOf('/aws/route53/shop.example', OURS, 'eu-west-1')])
    await t.rejects(make(other, arn), { name: 'InvalidInput' }, arn);
  const closed = await makeZone('c.example', { VPC: { VPCId: 'vpc-ours', VPCRegion: 'eu-west-1' } });
  await t.rejects(make(closed), { name: 'InvalidInput' });
  await t.rejects(make('Z0NONE'), { name: 'NoSuchHostedZone' });

  const second = (await make(other)).QueryLoggingConfig!.Id!;
  t.same(
    (await list({ HostedZoneId: other })).QueryLoggingConfigs?.map(({ Id }) => Id),
    [second],
  );
  const { QueryLoggingConfigs: first, NextToken } = await list({ MaxResults: 1 });
  const rest = await list({ MaxResults: 1, NextToken });
  t.same([first![0]!.Id, rest.QueryLoggingConfigs![0]!.Id], [id, second].sort());
  t.equal(rest.NextToken, undefined);

  const remove = (Id: string) => ours.send(new DeleteQueryLoggingConfigCommand({ Id }));
  await remove(id);
  await t.rejects(remove(id), { name: 'NoSuchQueryLoggingConfig' });
  await ours.send(new DeleteHostedZoneCommand({ Id: other }));
  await t.rejects(remove(second), { name: 'NoSuchQueryLoggingConfig' }, 'it goes with its zone');
});
