/** Key-signing keys and their states, by the client of AWS; zones are not signed yet. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import {
  ActivateKeySigningKeyCommand,
  CreateHostedZoneCommand,
  CreateKeySigningKeyCommand,
  type CreateKeySigningKeyCommandInput,
  DeactivateKeySigningKeyCommand,
  DeleteHostedZoneCommand,
  DeleteKeySigningKeyCommand,
  DisableHostedZoneDNSSECCommand,
  EnableHostedZoneDNSSECCommand,
  GetChangeCommand,
  GetDNSSECCommand,
} from '@aws-sdk/client-route-53';
import t, { type Test } from 'tap';
import { KIND, type SigningSecretBody, zoneOf } from '../../../../src/control/hosted/bodies.ts';
import { readDs, standsFor } from '../../../../src/dnssec/ds.ts';
import { readDnskey } from '../../../../src/dnssec/key.ts';
import { nameFromText } from '../../../../src/wire/name.ts';
import { records } from '../../../dnssec/zones.ts';
import { startRoute53 } from '../../../support/route53.ts';

const arnOf = (digit: string, region = 'us-east-1'): string =>
  `arn:aws:kms:${region}:000000000000:key/0a1b2c3d-0000-4000-8000-00000000000${digit}`;

/** A zone of the first account, and what is done to it, by either account. */
async function start(t: Test, more = {}) {
  const { store, ours, theirs, close } = await startRoute53();
  t.teardown(close);
  const input = { Name: 'example.com', CallerReference: 'z', ...more };
  const zone = (await ours.send(new CreateHostedZoneCommand(input))).HostedZone!.Id!.slice(12);
  const by = (client: typeof ours, HostedZoneId = zone) => ({
    get: () => client.send(new GetDNSSECCommand({ HostedZoneId })),
    create: (Name = 'key', over: Partial<CreateKeySigningKeyCommandInput> = {}) =>
      client.send(
        new CreateKeySigningKeyCommand({
          HostedZoneId,
          CallerReference: Name,
          Name,
          KeyManagementServiceArn: arnOf(String(Name.length)),
          Status: 'ACTIVE',
          ...over,
        }),
      ),
    enable: () => client.send(new EnableHostedZoneDNSSECCommand({ HostedZoneId })),
    disable: () => client.send(new DisableHostedZoneDNSSECCommand({ HostedZoneId })),
    activate: (Name = 'key') => client.send(new ActivateKeySigningKeyCommand({ HostedZoneId, Name })),
    deactivate: (Name = 'key') => client.send(new DeactivateKeySigningKeyCommand({ HostedZoneId, Name })),
    remove: (Name = 'key') => client.send(new DeleteKeySigningKeyCommand({ HostedZoneId, Name })),
  });
  const statuses = async (): Promise<string[]> =>
    ((await by(ours).get()).KeySigningKeys ?? []).map(({ Name, Status }) => `${Name} ${Status}`);
  const change = async (Id: string | undefined) =>
    (await ours.send(new GetChangeCommand({ Id }))).ChangeInfo!.Status;
  return { store, ours, theirs, zone, by, statuses, change, ...by(ours) };
}

t.test('a key from its making to its end', async (t) => {
  const { store, ours, zone, get, create, activate, deactivate, remove, enable, statuses, change } =
    await start(t);
  t.match(await get(), { Status: { ServeSignature: 'NOT_SIGNING' }, KeySigningKeys: [] });
  const { ChangeInfo, KeySigningKey: key, Location } = await create('key_1');
  t.equal(Location, `https://route53.amazonaws.com/2013-04-01/keysigningkey/${zone}/key_1`);
  t.equal(await change(ChangeInfo!.Id), 'INSYNC');
  t.match(key, {
    Name: 'key_1',
    KmsArn: arnOf('5'),
    Flag: 257,
    SigningAlgorithmMnemonic: 'ECDSAP256SHA256',
    SigningAlgorithmType: 13,
    DigestAlgorithmMnemonic: 'SHA-256',
    DigestAlgorithmType: 2,
    DSRecord: `${key!.KeyTag} 13 2 ${key!.DigestValue}`,
    DNSKEYRecord: `257 3 13 ${key!.PublicKey}`,
    Status: 'ACTIVE',
  });
  t.match(key!.DigestValue, /^[0-9A-F]{64}$/);
  t.same(key!.CreatedDate, key!.LastModifiedDate);
  t.match(await get(), { Status: { ServeSignature: 'NOT_SIGNING' }, KeySigningKeys: [key] });

  await t.rejects(ours.send(new DeleteHostedZoneCommand({ Id: zone })), {
    name: 'HostedZoneNotEmpty',
    message: 'The specified hosted zone contains DNSSEC Key Signing Keys and so cannot be deleted.',
  });
  await t.rejects(remove('key_1'), {
    name: 'InvalidKeySigningKeyStatus',
    message: 'Key Signing Key with name key_1 cannot be deleted because current status is not INACTIVE.',
  });
  await t.rejects(enable(), { name: 'InvalidArgument', message: /signing .* not supported yet/ });
  const off = await deactivate('key_1');
  t.equal(await change(off.ChangeInfo!.Id), 'INSYNC');
  t.same(await statuses(), ['key_1 INACTIVE']);
  const [now] = (await get()).KeySigningKeys!;
  t.same({ ...now, Status: key!.Status, LastModifiedDate: key!.LastModifiedDate }, key, 'the same key');
  t.ok(now!.LastModifiedDate! >= key!.LastModifiedDate!);
  await t.rejects(enable(), {
    name: 'KeySigningKeyWithActiveStatusNotFound',
    message: /does not have a Key Signing Key in ACTIVE status.*not supported yet/,
  });
  await deactivate('key_1');
  t.same(await statuses(), ['key_1 INACTIVE'], 'as it was');
  await activate('key_1');
  t.same(await statuses(), ['key_1 ACTIVE']);
  await deactivate('key_1');
  t.equal(await change((await remove('key_1')).ChangeInfo!.Id), 'INSYNC');
  t.same(await statuses(), []);
  t.equal(store.count({ kind: KIND.signingSecret }), 0, 'its private half is gone with it');
  t.same(
    store.audit({ limit: 100 }).map(({ origin }) => `${origin.operation} ${origin.summary}`),
    [
      `DeleteKeySigningKey ${zone}: key_1`,
      `DeactivateKeySigningKey ${zone}: key_1`,
      `ActivateKeySigningKey ${zone}: key_1`,
      `DeactivateKeySigningKey ${zone}: key_1`,
      `DeactivateKeySigningKey ${zone}: key_1`,
      `CreateKeySigningKey ${zone}: key_1`,
      `CreateHostedZone ${zone}: example.com.`,
    ],
  );
  await ours.send(new DeleteHostedZoneCommand({ Id: zone }));
});

t.test('its DS stands for its DNSKEY, and its private half is kept to itself', async (t) => {
  const { store, zone, get, create } = await start(t);
  const made = await create();
  const { DSRecord, DNSKEYRecord } = made.KeySigningKey!;
  const [ds, dnskey] = records(`example.com. DS ${DSRecord}\nexample.com. DNSKEY ${DNSKEYRecord}`);
  const key = readDnskey(dnskey!.rdata)!;
  t.ok(standsFor(readDs(ds!.rdata)!, nameFromText('example.com.'), key));
  t.match(key, { isZoneKey: true, isSep: true, tag: made.KeySigningKey!.KeyTag });

  const secret = store.get<SigningSecretBody>(KIND.signingSecret, `${zone} key`)!.body.privateKey;
  const pair = createPrivateKey({ key: Buffer.from(secret, 'base64'), format: 'der', type: 'pkcs8' });
  const { x, y } = createPublicKey(pair).export({ format: 'jwk' });
  const point = Buffer.concat([x!, y!].map((part) => Buffer.from(part, 'base64url')));
  t.same(point, Buffer.from(key.publicKey), 'they belong together');
  const { d } = pair.export({ format: 'jwk' });
  const told = JSON.stringify([made, await get(), store.audit({ limit: 100 })]);
  for (const part of [secret, d!, Buffer.from(d!, 'base64url').toString('base64')])
    t.notOk(told.includes(part));
  const second = (await create('second')).KeySigningKey!;
  t.not(second.PublicKey, made.KeySigningKey!.PublicKey);
  t.same(
    (await get()).KeySigningKeys!.map(({ Name }) => Name),
    ['key', 'second'],
    'in the order of their making',
  );
});

t.test('what cannot be made', async (t) => {
  const { create, deactivate, remove, statuses } = await start(t);
  const refused: [name: string, over: Partial<CreateKeySigningKeyCommandInput>][] = [
    ['InvalidKeySigningKeyName', { Name: 'a-key' }],
    ['InvalidKeySigningKeyName', { Name: 'key.' }],
    ['InvalidInput', { Name: 'ab' }],
    ['InvalidInput', { Name: 'a'.repeat(129) }],
    ['InvalidKMSArn', { KeyManagementServiceArn: 'key' }],
    ['InvalidKMSArn', { KeyManagementServiceArn: arnOf('1', 'eu-west-1') }],
    ['InvalidKMSArn', { KeyManagementServiceArn: 'arn:aws:kms:us-east-1:000000000000:alias/key' }],
    ['InvalidKeySigningKeyStatus', { Status: 'DELETING' }],
    ['InvalidInput', { Status: 'ON' }],
  ];
  for (const [name, over] of refused) await t.rejects(create('key', over), { name }, JSON.stringify(over));
  t.same(await statuses(), []);

  const made = await create();
  t.same({ ...(await create()), $metadata: 0 }, { ...made, $metadata: 0 }, 'the same request, asked again');
  const exists = { name: 'KeySigningKeyAlreadyExists' };
  const other = { CallerReference: 'other', KeyManagementServiceArn: arnOf('0') };
  await t.rejects(create('key', { ...other }), exists, 'its name');
  await t.rejects(create('other', { ...other, CallerReference: 'key' }), exists, 'its caller reference');
  await t.rejects(create('other', { ...other, KeyManagementServiceArn: arnOf('3') }), exists, 'its KMS key');
  await t.rejects(create('key', { Status: 'INACTIVE' }), exists, 'the same request, but for the status');
  const several = 'arn:aws:kms:us-east-1:000000000000:key/mrk-0123456789abcdef0123456789abcdef';
  await create('Key', { ...other, KeyManagementServiceArn: several, Status: 'INACTIVE' });
  t.same(await statuses(), ['key ACTIVE', 'Key INACTIVE']);
  await t.rejects(create('third'), { name: 'TooManyKeySigningKeys' });
  await deactivate();
  await remove();
  await create('third');
  t.same(await statuses(), ['Key INACTIVE', 'third ACTIVE']);
});

t.test('keys that are not there, in zones that have none', async (t) => {
  const { by, theirs, ours, create, disable, activate, deactivate, remove } = await start(t);
  for (const operation of [activate, deactivate, remove])
    await t.rejects(operation(), { name: 'NoSuchKeySigningKey' });
  await t.rejects(disable(), { name: 'DNSSECNotFound' });
  await create();
  await t.rejects(disable(), { name: 'DNSSECNotFound' }, 'a key is no signing');
  const ofOthers: (() => Promise<unknown>)[] = Object.values(by(theirs));
  const ofNone: (() => Promise<unknown>)[] = Object.values(by(ours, 'Z0NONE'));
  for (const operation of [...ofOthers, ...ofNone])
    await t.rejects(operation(), { name: 'NoSuchHostedZone' });
  const VPC = { VPCId: 'vpc-ours', VPCRegion: 'eu-west-1' };
  const closed = await start(t, { VPC });
  const inClosed: (() => Promise<unknown>)[] = Object.values(closed.by(closed.ours));
  for (const operation of inClosed)
    await t.rejects(operation(), {
      name: 'InvalidArgument',
      message: 'Operation is unsupported for private hosted zones',
    });
});

t.test('a zone that is signed keeps a key that it is signed with', async (t) => {
  const { store, zone, get, create, deactivate, disable, statuses, change } = await start(t);
  await create();
  await create('second', { Status: 'INACTIVE' });
  // As it will be when zones are signed.
  await store.apply((state) => {
    const { revision: _, ...signed } = zoneOf(state, zone)!;
    const body = { ...signed.body, signing: true };
    const origin = { account: signed.account, accessKey: '', source: '', operation: 'Sign', summary: '' };
    return { origin, items: [{ action: 'put', ...signed, body }] };
  });
  t.equal((await get()).Status!.ServeSignature, 'SIGNING');
  await t.rejects(deactivate(), { name: 'KeySigningKeyInUse' });
  await deactivate('second');
  t.same(await statuses(), ['key ACTIVE', 'second INACTIVE']);
  t.equal(await change((await disable()).ChangeInfo!.Id), 'INSYNC');
  t.equal((await get()).Status!.ServeSignature, 'NOT_SIGNING');
  await t.rejects(disable(), { name: 'DNSSECNotFound' });
  await deactivate();
  t.same(await statuses(), ['key INACTIVE', 'second INACTIVE']);
});
