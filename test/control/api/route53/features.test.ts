/** Features of hosted zones, kept and shown. */
import {
  CreateHostedZoneCommand,
  GetHostedZoneCommand,
  UpdateHostedZoneFeaturesCommand,
} from '@aws-sdk/client-route-53';
import t from 'tap';
import { startRoute53 } from '../../../support/route53.ts';

t.test('accelerated recovery', async (t) => {
  const { ours, theirs, close } = await startRoute53();
  t.teardown(close);
  const make = async (reference: string, more = {}): Promise<string> => {
    const input = { Name: 'shop.example', CallerReference: reference, ...more };
    return (await ours.send(new CreateHostedZoneCommand(input))).HostedZone!.Id!.slice(12);
  };
  const open = await make('open');
  const update = (HostedZoneId: string, EnableAcceleratedRecovery?: boolean, client = ours) =>
    client.send(new UpdateHostedZoneFeaturesCommand({ HostedZoneId, EnableAcceleratedRecovery }));
  const shown = async () => (await ours.send(new GetHostedZoneCommand({ Id: open }))).HostedZone?.Features;
  t.equal(await shown(), undefined);
  await update(open, true);
  t.same(await shown(), { AcceleratedRecoveryStatus: 'ENABLED' });
  await update(open, false);
  t.same(await shown(), { AcceleratedRecoveryStatus: 'DISABLED' });
  await t.rejects(update(open), { name: 'InvalidInput' });
  await t.rejects(update(open, true, theirs), { name: 'NoSuchHostedZone' });
  const closed = await make('closed', { VPC: { VPCId: 'vpc-ours', VPCRegion: 'eu-west-1' } });
  await t.rejects(update(closed, true), { name: 'InvalidInput', message: /private/ });
});
