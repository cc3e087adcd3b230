/** Operations on keys while zones are not signed: the errors that AWS has for each. */
import {
  ActivateKeySigningKeyCommand,
  CreateHostedZoneCommand,
  CreateKeySigningKeyCommand,
  DeactivateKeySigningKeyCommand,
  DeleteKeySigningKeyCommand,
  DisableHostedZoneDNSSECCommand,
  EnableHostedZoneDNSSECCommand,
  GetDNSSECCommand,
} from '@aws-sdk/client-route-53';
import t from 'tap';
import { startRoute53 } from '../../../support/route53.ts';

t.test('signing is not there yet', async (t) => {
  const { ours, theirs, close } = await startRoute53();
  t.teardown(close);
  const make = async (reference: string, more = {}): Promise<string> => {
    const input = { Name: 'example.com', CallerReference: reference, ...more };
    return (await ours.send(new CreateHostedZoneCommand(input))).HostedZone!.Id!.slice(12);
  };
  const open = await make('open');
  const closed = await make('closed', { VPC: { VPCId: 'vpc-ours', VPCRegion: 'eu-west-1' } });
  const operations = (HostedZoneId: string): Record<string, () => Promise<unknown>> => ({
    get: () => ours.send(new GetDNSSECCommand({ HostedZoneId })),
    create: () =>
      ours.send(
        new CreateKeySigningKeyCommand({
          HostedZoneId,
          CallerReference: 'k',
          Name: 'key',
          KeyManagementServiceArn: 'arn:aws:kms:us-east-1:000000000000:key/k',
          Status: 'ACTIVE',
        }),
      ),
    enable: () => ours.send(new EnableHostedZoneDNSSECCommand({ HostedZoneId })),
    disable: () => ours.send(new DisableHostedZoneDNSSECCommand({ HostedZoneId })),
    activate: () => ours.send(new ActivateKeySigningKeyCommand({ HostedZoneId, Name: 'key' })),
    deactivate: () => ours.send(new DeactivateKeySigningKeyCommand({ HostedZoneId, Name: 'key' })),
    remove: () => ours.send(new DeleteKeySigningKeyCommand({ HostedZoneId, Name: 'key' })),
  });
  for (const operation of Object.values(operations(closed)))
    await t.rejects(operation(), {
      name: 'InvalidArgument',
      message: 'Operation is unsupported for private hosted zones',
    });
  for (const operation of Object.values(operations('Z0NONE')))
    await t.rejects(operation(), { name: 'NoSuchHostedZone' });
  const { create, enable, disable, activate, deactivate, remove } = operations(open);
  t.match(await ours.send(new GetDNSSECCommand({ HostedZoneId: open })), {
    Status: { ServeSignature: 'NOT_SIGNING' },
    KeySigningKeys: [],
  });
  await t.rejects(create!(), { name: 'InvalidArgument', message: /not supported yet/ });
  await t.rejects(enable!(), {
    name: 'KeySigningKeyWithActiveStatusNotFound',
    message: /not supported yet/,
  });
  await t.rejects(disable!(), { name: 'DNSSECNotFound' });
  for (const operation of [activate, deactivate, remove])
    await t.rejects(operation!(), { name: 'NoSuchKeySigningKey' });
  await t.rejects(theirs.send(new GetDNSSECCommand({ HostedZoneId: open })), { name: 'NoSuchHostedZone' });
});
