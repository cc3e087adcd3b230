/** What TestDNSAnswer asks of a worker, and what it refuses; test/e2e/apipublic.test.ts has the answers. */
import { CreateHostedZoneCommand, TestDNSAnswerCommand } from '@aws-sdk/client-route-53';
import t from 'tap';
import type { ZoneQuestion } from '../../../../src/control/api/route53/means.ts';
import { addressToText } from '../../../../src/util/cidr.ts';
import { startRoute53 } from '../../../support/route53.ts';

t.test('clients as they are asked for, and what is no question', async (t) => {
  const asked: ZoneQuestion[] = [];
  const { ours, theirs, close } = await startRoute53({
    answer: async (_, question) => {
      asked.push(question);
      return undefined;
    },
  });
  t.teardown(close);
  const make = async (reference: string, more = {}): Promise<string> => {
    const input = { Name: 'shop.example', CallerReference: reference, ...more };
    return (await ours.send(new CreateHostedZoneCommand(input))).HostedZone!.Id!.slice(12);
  };
  const HostedZoneId = await make('open');
  const test = (more: object, client = ours) =>
    client.send(
      new TestDNSAnswerCommand({ HostedZoneId, RecordName: 'www.shop.example', RecordType: 'A', ...more }),
    );
  const client = async (more: object): Promise<string | undefined> => {
    await t.rejects(test(more), { name: 'ServiceUnavailable', message: /No authoritative endpoint/ });
    const { client } = asked.at(-1)!;
    return client && `${addressToText(client.address)}/${client.bits}`;
  };
  const subnet = (EDNS0ClientSubnetIP: string, EDNS0ClientSubnetMask?: string): object => ({
    ResolverIP: '198.51.100.1',
    EDNS0ClientSubnetIP,
    EDNS0ClientSubnetMask,
  });
  t.equal(await client({}), undefined);
  t.equal(await client({ ResolverIP: '198.51.100.1' }), '198.51.100.1/32');
  t.equal(await client(subnet('192.0.2.9')), '192.0.2.0/24');
  t.equal(await client(subnet('192.0.2.9', '30')), '192.0.2.8/30');
  t.equal(await client(subnet('192.0.2.9', '0')), '0.0.0.0/0');
  t.equal(await client(subnet('2001:db8:1:2:3::')), '2001:db8:1:2::/64');
  t.equal(await client(subnet('2001:db8::1', '128')), '2001:db8::1/128');

  const { length } = asked;
  for (const more of [
    subnet('192.0.2.9', '33'),
    subnet('192.0.2.9', '2x'),
    subnet('192.0.2.900'),
    { EDNS0ClientSubnetMask: '24' },
    { ResolverIP: 'somewhere' },
    { RecordName: 'www.other.example' },
    { RecordName: 'a..shop.example' },
    { RecordType: 'BOGUS' },
    { HostedZoneId: await make('closed', { VPC: { VPCId: 'vpc-ours', VPCRegion: 'eu-west-1' } }) },
  ])
    await t.rejects(test(more), { name: 'InvalidInput' }, JSON.stringify(more));
  await t.rejects(test({}, theirs), { name: 'NoSuchHostedZone' });
  t.equal(asked.length, length, 'nobody was asked');
});
