/**
 * What Terraform says to Route 53, in its order of calls, over an SDK of AWS; dig
 * sees what has been done. Each write is read back before the next.
 */
import {
  AssociateVPCWithHostedZoneCommand,
  type Change,
  ChangeTagsForResourceCommand,
  DeleteHostedZoneCommand,
  DisableHostedZoneDNSSECCommand,
  DisassociateVPCFromHostedZoneCommand,
  GetDNSSECCommand,
  GetHostedZoneCommand,
  ListResourceRecordSetsCommand,
  ListTagsForResourceCommand,
  type ResourceRecordSet,
  UpdateHostedZoneCommentCommand,
} from '@aws-sdk/client-route-53';
import t, { type Test } from 'tap';
import { at, dig } from '../support/dig.ts';
import {
  all,
  answers,
  change,
  create,
  type Hosted,
  pages,
  simple,
  startHosted,
  synced,
  VPC,
} from '../support/hosted.ts';
import { missing } from '../support/servers.ts';

async function records(t: Test, hosted: Hosted): Promise<void> {
  const { client } = hosted;
  const zone = await create(client, 'shop.example', {
    HostedZoneConfig: { Comment: 'Managed by Terraform' },
  });
  const ResourceId = zone.split('/').at(-1)!;
  const Id = ResourceId;
  const AddTags = [{ Key: 'team', Value: 'dns' }];
  await client.send(new ChangeTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId, AddTags }));
  t.match(await client.send(new GetHostedZoneCommand({ Id })), {
    HostedZone: { Id: zone, Name: 'shop.example.', Config: { Comment: 'Managed by Terraform' } },
    DelegationSet: { NameServers: ['ns1.example.net', 'ns2.example.net'] },
  });
  t.match(await client.send(new ListTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId })), {
    ResourceTagSet: { Tags: AddTags },
  });
  await client.send(new UpdateHostedZoneCommentCommand({ Id, Comment: '' }));
  t.notOk((await client.send(new GetHostedZoneCommand({ Id }))).HostedZone!.Config!.Comment);

  /** What a resource of a record set reads after each write: the set at this place. */
  const read = async ({
    Name,
    Type,
    SetIdentifier,
  }: ResourceRecordSet): Promise<ResourceRecordSet | undefined> => {
    const { ResourceRecordSets } = await client.send(
      new ListResourceRecordSetsCommand({
        ...{ HostedZoneId: Id, StartRecordName: Name, StartRecordType: Type },
        ...(SetIdentifier === undefined
          ? { MaxItems: 1 }
          : { StartRecordIdentifier: SetIdentifier, MaxItems: 100 }),
      }),
    );
    const plain = (name: string): string => name.replace('\\052', '*').replace(/\.$/, '').toLowerCase();
    return ResourceRecordSets!.find(
      (each) =>
        plain(each.Name!) === plain(Name!) && each.Type === Type && each.SetIdentifier === SetIdentifier,
    );
  };
  const write = async (set: ResourceRecordSet, ...changes: Change[]): Promise<void> => {
    await change(client, Id, ...changes);
    const { Name: _, ...rest } = set;
    t.match(await read(set), rest, `${set.Name} is read as it was written`);
  };
  const www = simple('WWW.shop.example', 'A', 60, '192.0.2.1');
  await write(www, ...all('CREATE', [www]));
  await t.rejects(change(client, Id, ...all('CREATE', [www])), /already exists/, 'without allow_overwrite');
  const later = { ...www, TTL: 30 };
  await write(later, ...all('UPSERT', [later]));
  t.match((await dig(at(hosted.authority), 'www.shop.example', 'A')).answers, [
    { ttl: 30, rdata: '192.0.2.1' },
  ]);
  const star = simple('*.apps.shop.example', 'CNAME', 60, 'www.shop.example');
  await write(star, ...all('CREATE', [star]));
  t.equal((await answers(hosted, 'a.apps.shop.example', 'CNAME'))[0], 'www.shop.example.');
  const weighted = (SetIdentifier: string, Weight: number): ResourceRecordSet => ({
    ...simple('api.shop.example', 'A', 60, `192.0.2.${Weight}`),
    ...{ SetIdentifier, Weight },
  });
  const [blue, green] = [weighted('blue', 10), weighted('green', 0)];
  await write(blue, ...all('CREATE', [blue]));
  await write(green, ...all('CREATE', [green]));
  t.same(await answers(hosted, 'api.shop.example', 'A'), ['192.0.2.10']);
  const red = { ...blue, SetIdentifier: 'red' };
  await write(red, ...all('DELETE', [blue]), ...all('CREATE', [red]));
  t.equal(await read(blue), undefined, 'another identifier is another set');
  const { TTL: _ttl, ResourceRecords: _records, ...place } = later;
  const alias = {
    ...place,
    AliasTarget: { HostedZoneId: Id, DNSName: 'api.shop.example', EvaluateTargetHealth: false },
  };
  await change(client, Id, ...all('DELETE', [later]), ...all('CREATE', [alias]));
  t.same(await answers(hosted, 'www.shop.example', 'A'), ['192.0.2.10'], 'an alias in the place of a record');
  const many = Array.from({ length: 130 }, (_, i) => simple(`n${i}.shop.example`, 'TXT', 60, `"${i}"`));
  await change(client, Id, ...all('CREATE', many));

  await t.test('force_destroy', async (t) => {
    const { Status } = await client.send(new GetDNSSECCommand({ HostedZoneId: Id }));
    t.equal(Status?.ServeSignature, 'NOT_SIGNING');
    const disable = client.send(new DisableHostedZoneDNSSECCommand({ HostedZoneId: Id }));
    await t.rejects(disable, { name: 'DNSSECNotFound' });
    await t.rejects(client.send(new DeleteHostedZoneCommand({ Id })), { name: 'HostedZoneNotEmpty' });
    const own = ({ Name, Type }: ResourceRecordSet): boolean =>
      Name === 'shop.example.' && (Type === 'NS' || Type === 'SOA');
    for await (const page of pages(client, Id, 100)) {
      const sets = page.filter((set) => !own(set));
      if (sets.length > 0) await change(client, Id, ...all('DELETE', sets));
    }
    const { ChangeInfo } = await client.send(new DeleteHostedZoneCommand({ Id }));
    await synced(client, ChangeInfo?.Id);
    t.same(await answers(hosted, 'www.shop.example', 'A'), ['REFUSED']);
    await t.rejects(client.send(new GetHostedZoneCommand({ Id })), { name: 'NoSuchHostedZone' });
  });
}

async function vpcs(t: Test, hosted: Hosted): Promise<void> {
  const { client, daemon } = hosted;
  const second = { VPCRegion: 'eu-central-1', VPCId: 'vpc-1a1b2c3d' } as const;
  const Id = (await create(client, 'corp.example', { VPC: second })).split('/').at(-1)!;
  const read = async (): Promise<unknown> =>
    (await client.send(new GetHostedZoneCommand({ Id }))).VPCs!.map(({ VPCId }) => VPCId).sort();
  const servers = async (): Promise<unknown> => {
    const start = { StartRecordName: 'corp.example.', StartRecordType: 'NS' } as const;
    const command = new ListResourceRecordSetsCommand({ HostedZoneId: Id, ...start, MaxItems: 1 });
    return (await client.send(command)).ResourceRecordSets![0]!.ResourceRecords!.length;
  };
  t.same(await read(), [second.VPCId]);
  t.ok(await servers(), 'a private zone tells its name servers as records');
  await change(client, Id, ...all('CREATE', [simple('www.corp.example', 'A', 60, '10.0.0.1')]));
  // Without recursion nobody else is asked for the name.
  t.equal((await dig(at(daemon), 'www.corp.example', 'A', '+norecurse')).status, 'REFUSED');
  const joined = await client.send(new AssociateVPCWithHostedZoneCommand({ HostedZoneId: Id, VPC }));
  await synced(client, joined.ChangeInfo?.Id);
  t.same(await read(), [VPC.VPCId, second.VPCId]);
  t.equal((await dig(at(daemon), 'www.corp.example', 'A')).answers[0]?.rdata, '10.0.0.1');
  const left = await client.send(new DisassociateVPCFromHostedZoneCommand({ HostedZoneId: Id, VPC: second }));
  await synced(client, left.ChangeInfo?.Id);
  t.same(await read(), [VPC.VPCId]);
  const last = client.send(new DisassociateVPCFromHostedZoneCommand({ HostedZoneId: Id, VPC }));
  await t.rejects(last, { name: 'LastVPCAssociation' });
  await t.rejects(client.send(new GetDNSSECCommand({ HostedZoneId: Id })), { name: 'InvalidArgument' });
}

t.test('Terraform', { skip: missing('dig') }, async (t) => {
  const hosted = await startHosted(t);
  await t.test('a zone and its records', (t) => records(t, hosted));
  await t.test('a zone and its VPCs', (t) => vpcs(t, hosted));
});
