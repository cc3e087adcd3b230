/** Reusable delegation sets, made and of the configuration, and the zones that have them. */
import {
  CreateHostedZoneCommand,
  CreateReusableDelegationSetCommand,
  DeleteHostedZoneCommand,
  DeleteReusableDelegationSetCommand,
  GetAccountLimitCommand,
  GetHostedZoneCommand,
  GetReusableDelegationSetCommand,
  GetReusableDelegationSetLimitCommand,
  ListHostedZonesCommand,
  ListReusableDelegationSetsCommand,
  type Route53Client,
} from '@aws-sdk/client-route-53';
import t from 'tap';
import { KIND, type ZoneBody } from '../../../../src/control/hosted/bodies.ts';
import { startRoute53 } from '../../../support/route53.ts';

const bare = (id: string | undefined): string => id!.slice(id!.lastIndexOf('/') + 1);

async function make(client: Route53Client, CallerReference: string, HostedZoneId?: string): Promise<string> {
  const made = await client.send(new CreateReusableDelegationSetCommand({ CallerReference, HostedZoneId }));
  return bare(made.DelegationSet?.Id);
}

async function makeZone(client: Route53Client, Name: string, more = {}): Promise<string> {
  const input = { Name, CallerReference: `${Name} ${JSON.stringify(more)}`, ...more };
  return bare((await client.send(new CreateHostedZoneCommand(input))).HostedZone?.Id);
}

t.test('made, shown, listed, deleted', async (t) => {
  const { ours, theirs, close } = await startRoute53();
  t.teardown(close);
  const made = await ours.send(new CreateReusableDelegationSetCommand({ CallerReference: 'one' }));
  const id = bare(made.DelegationSet?.Id);
  t.match(id, /^N[A-Z0-9]{20}$/);
  t.equal(made.Location, `https://route53.amazonaws.com/2013-04-01/delegationset/${id}`);
  const shown = { CallerReference: 'one', NameServers: ['ns1.example.net', 'ns2.example.net'] };
  t.match(made.DelegationSet, shown);
  t.match((await ours.send(new GetReusableDelegationSetCommand({ Id: id }))).DelegationSet, shown);
  await t.rejects(make(ours, 'one'), { name: 'DelegationSetAlreadyCreated' });
  await t.rejects(theirs.send(new GetReusableDelegationSetCommand({ Id: id })), {
    name: 'NoSuchDelegationSet',
  });

  const second = await make(ours, 'two');
  const all = [id, second, 'SET1'].sort();
  const seen: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await ours.send(new ListReusableDelegationSetsCommand({ Marker, MaxItems: 2 }));
    seen.push(...page.DelegationSets!.map((set) => bare(set.Id)));
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  t.same(seen, all, 'that of the configuration among them');
  const others = await theirs.send(new ListReusableDelegationSetsCommand({}));
  t.same(
    others.DelegationSets?.map((set) => bare(set.Id)),
    ['SET1'],
  );
  const limit = { Type: 'MAX_REUSABLE_DELEGATION_SETS_BY_OWNER' } as const;
  t.equal((await ours.send(new GetAccountLimitCommand(limit))).Count, 2);

  const remove = (client: Route53Client, Id: string) =>
    client.send(new DeleteReusableDelegationSetCommand({ Id }));
  await t.rejects(remove(ours, 'SET1'), { name: 'DelegationSetInUse', message: /configuration/ });
  await t.rejects(remove(theirs, id), { name: 'NoSuchDelegationSet' });
  await remove(ours, id);
  await t.rejects(remove(ours, id), { name: 'NoSuchDelegationSet' });
});

t.test('zones of a set', async (t) => {
  const { ours, theirs, store, close } = await startRoute53();
  t.teardown(close);
  const set = await make(ours, 'one');
  const zone = await makeZone(ours, 'one.example', { DelegationSetId: set });
  const shown = await ours.send(new GetHostedZoneCommand({ Id: zone }));
  t.match(shown.DelegationSet, {
    Id: `/delegationset/${set}`,
    NameServers: ['ns1.example.net', 'ns2.example.net'],
  });
  t.equal(store.get<ZoneBody>(KIND.zone, zone)?.body.delegationSet, 'SET1', 'served where that is');
  const plain = await makeZone(ours, 'two.example');
  const list = async (DelegationSetId: string): Promise<string[]> =>
    (await ours.send(new ListHostedZonesCommand({ DelegationSetId }))).HostedZones!.map(({ Id }) => bare(Id));
  t.same(await list(set), [zone]);
  t.same(await list('SET1'), [plain]);
  const limit = async (DelegationSetId: string) =>
    ours.send(
      new GetReusableDelegationSetLimitCommand({
        DelegationSetId,
        Type: 'MAX_ZONES_BY_REUSABLE_DELEGATION_SET',
      }),
    );
  t.match(await limit(set), { Limit: { Value: 100 }, Count: 1 });
  t.match(await limit('SET1'), { Limit: { Value: 500 }, Count: 1 });

  await t.rejects(
    makeZone(ours, 'one.example'),
    { name: 'ConflictingDomainExists' },
    'the same name servers',
  );
  await t.rejects(makeZone(theirs, 'three.example', { DelegationSetId: set }), {
    name: 'NoSuchDelegationSet',
  });
  await t.rejects(make(ours, 'x', plain), { name: 'DelegationSetAlreadyReusable', message: /SET1/ });
  await t.rejects(make(ours, 'x', zone), { name: 'DelegationSetAlreadyReusable' });
  await t.rejects(make(theirs, 'x', zone), { name: 'HostedZoneNotFound' });
  await t.rejects(ours.send(new DeleteReusableDelegationSetCommand({ Id: set })), {
    name: 'DelegationSetInUse',
  });
  await ours.send(new DeleteHostedZoneCommand({ Id: zone }));
  await ours.send(new DeleteReusableDelegationSetCommand({ Id: set }));
});

t.test('a hundred zones and no more', async (t) => {
  const { ours, close } = await startRoute53();
  t.teardown(close);
  const set = await make(ours, 'one');
  for (let i = 0; i < 100; i++) await makeZone(ours, `z${i}.example`, { DelegationSetId: set });
  await t.rejects(makeZone(ours, 'more.example', { DelegationSetId: set }), { name: 'LimitsExceeded' });
});

t.test('a configuration without any', async (t) => {
  const { ours, close } = await startRoute53({ delegationSets: () => [] });
  t.teardown(close);
  await t.rejects(make(ours, 'one'), { name: 'DelegationSetNotAvailable' });
  t.same((await ours.send(new ListReusableDelegationSetsCommand({}))).DelegationSets, []);
});
