/**
 * What cert-manager, lego and ExternalDNS say to Route 53, in their order of calls, over an SDK of AWS; dig
 * sees what has been done. certbot itself is in certbot.test.ts.
 */
import {
  type Change,
  ChangeTagsForResourceCommand,
  ListHostedZonesByNameCommand,
  ListResourceRecordSetsCommand,
  ListTagsForResourcesCommand,
  paginateListHostedZones,
  type ResourceRecordSet,
  type Route53Client,
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
  VPC,
} from '../support/hosted.ts';
import { missing } from '../support/servers.ts';

/** Where challenges are, and what they are proved by. */
const NAME = '_acme-challenge.www.shop.example.';
const TOKENS = ['"one_-token"', '"three"', '"two"'];

/** All record sets of a zone, by pages of a size. */
async function listed(client: Route53Client, zone: string, size: number): Promise<ResourceRecordSet[]> {
  const sets: ResourceRecordSet[] = [];
  for await (const page of pages(client, zone, size)) sets.push(...page);
  return sets;
}

/** The name without its first labels until there is an SOA in the answer itself, as lego and cert-manager look. */
async function zoneCut(hosted: Hosted, name: string): Promise<string> {
  const { answers } = await dig(at(hosted.authority), name, 'SOA');
  if (answers.some(({ type }) => type === 'SOA')) return name;
  return zoneCut(hosted, name.slice(name.indexOf('.') + 1));
}

/** The public zone of that very name, asked for without its final dot. */
async function publicZone(client: Route53Client, cut: string): Promise<string> {
  const DNSName = cut.replace(/\.$/, '');
  const { HostedZones } = await client.send(new ListHostedZonesByNameCommand({ DNSName }));
  return HostedZones!.find(({ Name, Config }) => !Config?.PrivateZone && Name === cut)!.Id!;
}

/** Challenges at one name at once: a set each, told apart by the quoted value. */
async function certManager(t: Test, hosted: Hosted): Promise<void> {
  const { client } = hosted;
  const zone = await publicZone(client, await zoneCut(hosted, NAME));
  const set = (token: string): ResourceRecordSet => ({
    ...simple(NAME, 'TXT', 10, token),
    MultiValueAnswer: true,
    SetIdentifier: token,
  });
  await Promise.all(
    TOKENS.map(async (token) => {
      const id = await publicZone(client, await zoneCut(hosted, NAME));
      await change(client, id, ...all('UPSERT', [set(token)]));
    }),
  );
  t.same(await answers(hosted, NAME, 'TXT'), TOKENS);
  t.same(
    (await listed(client, zone, 2))
      .filter(({ Type }) => Type === 'TXT')
      .map(({ SetIdentifier }) => SetIdentifier),
    TOKENS,
  );
  await change(client, zone, ...all('UPSERT', [set(TOKENS[0]!)]));
  await change(client, zone, ...all('DELETE', [set(TOKENS[0]!)]));
  t.same(await answers(hosted, NAME, 'TXT'), TOKENS.slice(1), 'the others are still proved');
  await t.rejects(change(client, zone, ...all('DELETE', [set(TOKENS[0]!)])), { name: 'InvalidChangeBatch' });
  for (const token of TOKENS.slice(1)) await change(client, zone, ...all('DELETE', [set(token)]));
  t.same(await answers(hosted, NAME, 'TXT'), ['NXDOMAIN']);
}

/** Values are added to the set that is there, and taken out of it. */
async function lego(t: Test, hosted: Hosted): Promise<void> {
  const { client } = hosted;
  const id = await publicZone(client, await zoneCut(hosted, NAME));
  const there = async (): Promise<string[]> => {
    const { ResourceRecordSets } = await client.send(
      new ListResourceRecordSetsCommand({
        HostedZoneId: id,
        StartRecordName: NAME,
        StartRecordType: 'TXT',
      }),
    );
    const found = ResourceRecordSets!.find((each) => each.Name === NAME && each.Type === 'TXT');
    return (found?.ResourceRecords ?? []).map(({ Value }) => Value!);
  };
  for (const token of TOKENS)
    await change(client, id, ...all('UPSERT', [simple(NAME, 'TXT', 10, token, ...(await there()))]));
  t.same(await answers(hosted, NAME, 'TXT'), TOKENS);
  for (const token of TOKENS) {
    const values = await there();
    const rest = values.filter((value) => value !== token);
    const [action, kept] = rest.length > 0 ? (['UPSERT', rest] as const) : (['DELETE', values] as const);
    await change(client, id, ...all(action, [simple(NAME, 'TXT', 10, ...kept)]));
  }
  t.same(await answers(hosted, NAME, 'TXT'), ['NXDOMAIN']);
}

/** Batches as ExternalDNS cuts them: an UPSERT counts twice, as the service counts it. */
function batches(changes: readonly Change[]): Change[][] {
  const cut: Change[][] = [];
  let [count, octets] = [0, 0];
  for (const each of changes) {
    const twice = each.Action === 'UPSERT' ? 2 : 1;
    const values = each.ResourceRecordSet!.ResourceRecords ?? [];
    const size = twice * values.reduce((sum, { Value }) => sum + Value!.length, 0);
    if (cut.length === 0 || count + twice > 1000 || octets + size > 32_000) {
      cut.push([]);
      [count, octets] = [0, 0];
    }
    cut.at(-1)!.push(each);
    count += twice;
    octets += size;
  }
  return cut;
}

/** Pages of 300, batches, records of ownership. */
async function externalDns(t: Test, hosted: Hosted): Promise<void> {
  const { client } = hosted;
  const zone = await create(client, 'apps.example');
  const inner = await create(client, 'apps.example', { VPC });
  await Promise.all(Array.from({ length: 10 }, (_, i) => create(client, `other-${i}.example`)));
  const add = [{ Key: 'kubernetes', Value: 'owned' }];
  const ResourceId = zone.split('/').at(-1)!;
  await client.send(
    new ChangeTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId, AddTags: add }),
  );

  const zones: string[] = [];
  for await (const { HostedZones } of paginateListHostedZones({ client, pageSize: 5 }, {}))
    zones.push(...HostedZones!.map(({ Id }) => Id!.split('/').at(-1)!));
  t.equal(new Set(zones).size, 14, 'all zones, by pages');
  const tags = await Promise.all(
    [zones.slice(0, 10), zones.slice(10)].map((ResourceIds) =>
      client.send(new ListTagsForResourcesCommand({ ResourceType: 'hostedzone', ResourceIds })),
    ),
  );
  const owned = tags
    .flatMap(({ ResourceTagSets }) => ResourceTagSets!)
    .filter(({ Tags }) => Tags!.length > 0);
  t.match(owned, [{ ResourceId, Tags: add }]);
  t.equal(owned.length, 1);

  const owner = (name: string): string =>
    `"heritage=external-dns,external-dns/owner=cluster,external-dns/resource=ingress/default/${name}"`;
  const wanted = Array.from({ length: 450 }, (_, i) => `app-${i}`).flatMap((label) => [
    simple(`${label}.apps.example`, 'A', 300, '192.0.2.7'),
    simple(`a-${label}.apps.example`, 'TXT', 300, owner(label)),
  ]);
  const alias: ResourceRecordSet = {
    Name: '*.apps.example',
    Type: 'A',
    AliasTarget: { HostedZoneId: ResourceId, DNSName: 'app-7.apps.example', EvaluateTargetHealth: true },
  };
  const first = batches(all('CREATE', [...wanted, alias]));
  t.equal(first.length, 2, 'the values of one batch would be over 32,000 characters');
  for (const batch of first) await change(client, zone, ...batch);
  await change(client, inner, ...all('CREATE', [simple('app-1.apps.example', 'A', 300, '10.0.0.1')]));
  t.same(await answers(hosted, 'app-449.apps.example', 'A'), ['192.0.2.7']);
  t.same(await answers(hosted, 'a-app-3.apps.example', 'TXT'), [owner('app-3')]);
  t.same(await answers(hosted, 'anything.apps.example', 'A'), ['192.0.2.7'], 'by the alias');
  const inside = await dig(at(hosted.daemon), 'app-1.apps.example', 'A');
  t.equal(inside.answers[0]?.rdata, '10.0.0.1', 'the private zone has its own');

  const there = await listed(client, zone, 300);
  t.equal(there.length, 450 * 2 + 3, 'with SOA and NS, none twice and none left out');
  t.equal(new Set(there.map(({ Name, Type }) => `${Name} ${Type}`)).size, there.length);
  t.match(
    there.find(({ AliasTarget }) => AliasTarget !== undefined),
    { Name: '\\052.apps.example.', AliasTarget: { ...alias.AliasTarget, DNSName: 'app-7.apps.example.' } },
  );

  const [moved, gone] = [wanted.slice(0, 2), wanted.slice(2, 4)];
  const better = simple('app-0.apps.example', 'A', 300, '192.0.2.8');
  const taken = all('CREATE', [simple('app-9.apps.example', 'A', 300, '192.0.2.9')]);
  const next = [...all('UPSERT', [better, moved[1]!]), ...all('DELETE', gone), ...taken];
  await t.rejects(
    change(client, zone, ...next),
    { name: 'InvalidChangeBatch' },
    'one of them is not possible',
  );
  t.same(await answers(hosted, 'app-0.apps.example', 'A'), ['192.0.2.7'], 'so none is made');
  const refused: Change[] = [];
  for (const each of next) await change(client, zone, each).catch(() => refused.push(each));
  t.same(refused, taken, 'one at a time, all others are made');
  t.same(await answers(hosted, 'app-0.apps.example', 'A'), ['192.0.2.8']);
  t.same(await answers(hosted, 'a-app-1.apps.example', 'TXT'), ['NOERROR'], 'only the alias has the name');
  t.equal((await listed(client, zone, 300)).length, there.length - 2);
}

t.test('clients of the API', { skip: missing('dig') }, async (t) => {
  const hosted = await startHosted(t);
  await create(hosted.client, 'shop.example', { VPC });
  await create(hosted.client, 'shop.example');
  const www = simple('www.shop.example', 'A', 60, '192.0.2.1');
  await change(hosted.client, await publicZone(hosted.client, 'shop.example.'), ...all('CREATE', [www]));
  await t.test('cert-manager', (t) => certManager(t, hosted));
  await t.test('lego', (t) => lego(t, hosted));
  await t.test('ExternalDNS', (t) => externalDns(t, hosted));
});
