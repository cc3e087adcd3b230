/** Key-signing keys by the AWS command line, boto3 and the SDK; the private half of none is told by anybody. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GetDNSSECCommand } from '@aws-sdk/client-route-53';
import t from 'tap';
import { awsEnvironment, runTool } from '../support/api.ts';
import { startBoto3 } from '../support/boto3.ts';
import { answers, create, startHosted, synced } from '../support/hosted.ts';
import { missingPython } from '../support/python.ts';
import { missing } from '../support/servers.ts';

const skip = missing('aws', 'dig') || missingPython('boto3');
const KMS = 'arn:aws:kms:us-east-1:000000000000:key';

t.test('key-signing keys of a zone that is not signed', { skip }, async (t) => {
  const hosted = await startHosted(t);
  const { client, daemon, url, key } = hosted;
  const boto3 = await startBoto3(daemon, Number(new URL(url).port));
  t.teardown(() => boto3.close());
  const zone = (await create(client, 'shop.example')).split('/').at(-1)!;
  const byBoto3 = (operation: string, params = {}) =>
    boto3.call('route53', operation, { HostedZoneId: zone, ...params });
  const aws = async (command: string, ...args: string[]) => {
    const all = ['route53', command, '--hosted-zone-id', zone, ...args, '--output', 'json'];
    const { code, stdout, stderr } = await runTool('aws', all, awsEnvironment(url, key));
    if (code !== 0) throw new Error(stderr.trim());
    return JSON.parse(stdout);
  };

  const made = await aws(
    'create-key-signing-key',
    ...['--name', 'ksk_1', '--caller-reference', '1', '--status', 'ACTIVE'],
    ...['--key-management-service-arn', `${KMS}/0a1b2c3d-0000-4000-8000-000000000001`],
  );
  t.match(made.Location, new RegExp(`keysigningkey/${zone}/ksk_1$`));
  await synced(client, made.ChangeInfo.Id);
  const second = await byBoto3('create_key_signing_key', {
    Name: 'ksk_2',
    CallerReference: '2',
    Status: 'INACTIVE',
    KeyManagementServiceArn: `${KMS}/0a1b2c3d-0000-4000-8000-000000000002`,
  });
  await synced(client, second.ChangeInfo.Id);
  const byAws = await aws('get-dnssec');
  t.match(byAws, { Status: { ServeSignature: 'NOT_SIGNING' }, KeySigningKeys: [made.KeySigningKey] });
  const { KeySigningKeys } = await client.send(new GetDNSSECCommand({ HostedZoneId: zone }));
  t.same(
    KeySigningKeys!.map(({ Name, KeyTag, DSRecord, Status }) => ({ Name, KeyTag, DSRecord, Status })),
    [made.KeySigningKey, second.KeySigningKey].map(({ Name, KeyTag, DSRecord, Status }) => ({
      Name,
      KeyTag,
      DSRecord,
      Status,
    })),
  );

  await t.rejects(
    aws('enable-hosted-zone-dnssec'),
    /InvalidArgument.*signing of hosted zones is not supported yet/,
  );
  await t.rejects(byBoto3('disable_hosted_zone_dnssec'), /DNSSECNotFound 400/);
  await t.rejects(
    byBoto3('delete_key_signing_key', { Name: 'ksk_1' }),
    /InvalidKeySigningKeyStatus 400: .*current status is not INACTIVE/,
  );
  t.same(await answers(hosted, 'shop.example', 'DNSKEY'), ['NOERROR'], 'the zone is not signed');
  for (const [operation, Name] of [
    ['activate_key_signing_key', 'ksk_2'],
    ['deactivate_key_signing_key', 'ksk_1'],
    ['delete_key_signing_key', 'ksk_1'],
  ] as const)
    await synced(client, (await byBoto3(operation, { Name })).ChangeInfo.Id);
  // Not deleted again: within a second that is signed as before, and so it is the same request.
  await t.rejects(byBoto3('activate_key_signing_key', { Name: 'ksk_1' }), /NoSuchKeySigningKey 404/);
  const left = await byBoto3('get_dnssec');
  t.match(left.KeySigningKeys, [{ Name: 'ksk_2', Status: 'ACTIVE' }]);
  t.equal(left.KeySigningKeys.length, 1);
  await t.rejects(
    boto3.call('route53', 'delete_hosted_zone', { Id: zone }),
    /HostedZoneNotEmpty 400: .*DNSSEC Key Signing Keys/,
  );

  const store = new DatabaseSync(join(daemon.folder, 'state/store.db'), { readOnly: true });
  const [row] = store.prepare(`SELECT body FROM resource WHERE kind = 'key-signing-secret'`).all();
  store.close();
  const { privateKey } = JSON.parse(String(row!['body']));
  t.ok(privateKey.length > 100);
  const audit = (await daemon.cli('audit', '--json')).stdout;
  t.match(audit, new RegExp(`${zone}: ksk_2`));
  const backup = (await daemon.cli('backup', join(daemon.folder, 'copy.db'))).stdout;
  for (const told of [daemon.log(), audit, backup, JSON.stringify([byAws, second, left])])
    t.notOk(told.includes(privateKey));
});
