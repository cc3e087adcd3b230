/** Private zones and VPCs of two accounts: who may associate which, and with whose leave. */
import {
  AssociateVPCWithHostedZoneCommand,
  CreateHostedZoneCommand,
  CreateVPCAssociationAuthorizationCommand,
  DeleteHostedZoneCommand,
  DeleteVPCAssociationAuthorizationCommand,
  DisassociateVPCFromHostedZoneCommand,
  GetHostedZoneCommand,
  ListHostedZonesByVPCCommand,
  ListVPCAssociationAuthorizationsCommand,
  type Route53Client,
} from '@aws-sdk/client-route-53';
import t, { type Test } from 'tap';
import { KIND } from '../../../../src/control/hosted/bodies.ts';
import { OURS, startRoute53, THEIRS } from '../../../support/route53.ts';

const vpc = (VPCId: string) => ({ VPCId, VPCRegion: 'eu-west-1' }) as const;

async function start(t: Test) {
  const route53 = await startRoute53();
  t.teardown(route53.close);
  const make = async (client: Route53Client, Name: string, of?: string): Promise<string> => {
    const input = { Name, CallerReference: `${Name} ${of}`, ...(of === undefined ? {} : { VPC: vpc(of) }) };
    return (await client.send(new CreateHostedZoneCommand(input))).HostedZone!.Id!.slice(12);
  };
  const on =
    (Command: new (input: { HostedZoneId: string; VPC: ReturnType<typeof vpc> }) => never) =>
    (client: Route53Client, HostedZoneId: string, of: string): Promise<unknown> =>
      client.send(new Command({ HostedZoneId, VPC: vpc(of) }));
  return {
    ...route53,
    make,
    associate: on(AssociateVPCWithHostedZoneCommand as never),
    dissociate: on(DisassociateVPCFromHostedZoneCommand as never),
    authorise: on(CreateVPCAssociationAuthorizationCommand as never),
    revoke: on(DeleteVPCAssociationAuthorizationCommand as never),
  };
}

async function vpcsOf(client: Route53Client, Id: string): Promise<unknown> {
  return (await client.send(new GetHostedZoneCommand({ Id }))).VPCs?.map(({ VPCId }) => VPCId);
}

t.test('a zone and a VPC of two accounts', async (t) => {
  const { ours, theirs, make, associate, dissociate, authorise, revoke } = await start(t);
  const zone = await make(ours, 'corp.example', 'vpc-ours');
  const refused = { name: 'NotAuthorizedException', $metadata: { httpStatusCode: 401 } };
  await t.rejects(associate(theirs, zone, 'vpc-theirs'), refused, 'without leave');
  await t.rejects(authorise(theirs, zone, 'vpc-theirs'), { name: 'NoSuchHostedZone' }, 'leave of oneself');
  t.match(await authorise(ours, zone, 'vpc-theirs'), { HostedZoneId: zone, VPC: vpc('vpc-theirs') });
  await t.rejects(associate(ours, zone, 'vpc-theirs'), refused, 'it is not theirs to associate');
  await t.rejects(associate(theirs, zone, 'vpc-ours2'), refused);
  t.match(await associate(theirs, zone, 'vpc-theirs'), { ChangeInfo: { Status: 'INSYNC' } });
  t.same(await vpcsOf(ours, zone), ['vpc-ours', 'vpc-theirs']);
  await t.rejects(vpcsOf(theirs, zone), { name: 'NoSuchHostedZone' });

  await revoke(ours, zone, 'vpc-theirs');
  t.same(await vpcsOf(ours, zone), ['vpc-ours', 'vpc-theirs'], 'what was done with leave stays');
  await t.rejects(revoke(ours, zone, 'vpc-theirs'), { name: 'VPCAssociationAuthorizationNotFound' });
  await t.rejects(dissociate(theirs, zone, 'vpc-ours'), { name: 'NoSuchHostedZone' });
  await dissociate(theirs, zone, 'vpc-theirs');
  t.same(await vpcsOf(ours, zone), ['vpc-ours']);
  await t.rejects(dissociate(theirs, zone, 'vpc-theirs'), { name: 'NoSuchHostedZone' });
  await t.rejects(associate(theirs, zone, 'vpc-theirs'), refused, 'leave holds no more');

  await authorise(ours, zone, 'vpc-theirs');
  await associate(theirs, zone, 'vpc-theirs');
  await dissociate(ours, zone, 'vpc-theirs');
  await t.rejects(dissociate(ours, zone, 'vpc-theirs'), { name: 'VPCAssociationNotFound' });
  await t.rejects(dissociate(ours, zone, 'vpc-ours'), { name: 'LastVPCAssociation' });
});

t.test('zones and VPCs of one account', async (t) => {
  const { ours, theirs, make, associate, authorise } = await start(t);
  const zone = await make(ours, 'corp.example', 'vpc-ours');
  await associate(ours, zone, 'vpc-ours2');
  t.same(await vpcsOf(ours, zone), ['vpc-ours', 'vpc-ours2']);
  await t.rejects(make(ours, 'corp.example', 'vpc-theirs'), { name: 'InvalidVPCId' });
  await t.rejects(make(ours, 'corp.example', 'vpc-none'), { name: 'InvalidVPCId' });
  await t.rejects(associate(ours, zone, 'vpc-none'), { name: 'InvalidVPCId' });
  await t.rejects(authorise(ours, zone, 'vpc-none'), { name: 'InvalidVPCId' });
  await t.rejects(associate(ours, 'Z0NONE', 'vpc-ours'), { name: 'NoSuchHostedZone' });
  const open = await make(ours, 'open.example');
  await t.rejects(associate(ours, open, 'vpc-ours'), { name: 'PublicZoneVPCAssociation' });
  await t.rejects(authorise(ours, open, 'vpc-theirs'), { name: 'InvalidInput' });

  const same = await make(theirs, 'corp.example', 'vpc-theirs');
  await authorise(ours, zone, 'vpc-theirs');
  await t.rejects(
    associate(theirs, zone, 'vpc-theirs'),
    { name: 'ConflictingDomainExists', message: new RegExp(same) },
    'one zone of a name in a VPC, whosever they are',
  );
});

t.test('zones of a VPC, of all accounts, for the account that has it', async (t) => {
  const { ours, theirs, make, associate, authorise } = await start(t);
  const zones = [await make(ours, 'a.example', 'vpc-ours'), await make(ours, 'b.example', 'vpc-ours')];
  for (const zone of zones) {
    await authorise(ours, zone, 'vpc-theirs');
    await associate(theirs, zone, 'vpc-theirs');
  }
  const own = await make(theirs, 'c.example', 'vpc-theirs');
  const seen: unknown[] = [];
  let NextToken: string | undefined;
  do {
    const input = { ...vpc('vpc-theirs'), MaxItems: 2, NextToken };
    const page = await theirs.send(new ListHostedZonesByVPCCommand(input));
    seen.push(...page.HostedZoneSummaries!.map((each) => [each.HostedZoneId, each.Owner?.OwningAccount]));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  const expected = [...zones.map((zone) => [zone, OURS]), [own, THEIRS]];
  t.same(
    seen,
    expected.sort(([a], [b]) => (a! < b! ? -1 : 1)),
  );
  await t.rejects(ours.send(new ListHostedZonesByVPCCommand(vpc('vpc-theirs'))), { name: 'AccessDenied' });
});

t.test('lists of authorizations, and their end with the zone', async (t) => {
  const { ours, theirs, store, make, authorise } = await start(t);
  const zone = await make(ours, 'corp.example', 'vpc-ours');
  for (const id of ['vpc-theirs', 'vpc-ours2', 'vpc-ours2']) await authorise(ours, zone, id);
  const list = (more = {}, client = ours) =>
    client.send(new ListVPCAssociationAuthorizationsCommand({ HostedZoneId: zone, ...more }));
  t.match(await list(), { HostedZoneId: zone, VPCs: [vpc('vpc-ours2'), vpc('vpc-theirs')] });
  const { VPCs, NextToken } = await list({ MaxResults: 1 });
  t.same(VPCs, [vpc('vpc-ours2')]);
  const rest = await list({ MaxResults: 1, NextToken });
  t.same([rest.VPCs, rest.NextToken], [[vpc('vpc-theirs')], undefined]);
  await t.rejects(list({}, theirs), { name: 'NoSuchHostedZone' });
  await ours.send(new DeleteHostedZoneCommand({ Id: zone }));
  t.equal(store.count({ kind: KIND.authorization }), 0);
});
