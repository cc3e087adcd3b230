/** Public zones of the API in the eyes of clients elsewhere, and sets of name servers, by the AWS command line. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { accessKey, awsEnvironment } from '../support/api.ts';
import { startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';

const skip = missing('aws', 'dig');
/** The API takes ids of collections as AWS makes them. */
const OFFICES = '0a1b2c3d-0000-4000-8000-000000000001';

t.test('what clients elsewhere are answered', { skip }, async (t) => {
  const [api, auth] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ./state, workers: 1, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
endpoints:
  authoritative: [{ id: auth-1, listen: ["127.0.0.1:${auth}"], delegationSet: SET1, rateLimit: false }]
delegationSets: [{ id: SET1, nameServers: [ns1.example.net., ns2.example.net.] }]
cidrCollections:
  - id: ${OFFICES}
    locations: [{ name: berlin, cidrs: [192.0.2.0/24, "2001:db8:1::/48"] }]
`,
  });
  t.teardown(() => daemon.stop());
  const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
  const env = awsEnvironment(`http://127.0.0.1:${api}`, accessKey(JSON.parse(stdout)));
  const aws = async (command: string, ...args: string[]): Promise<Record<string, unknown>> => {
    const all = ['route53', command, ...args, '--output', 'json'];
    try {
      const { stdout } = await promisify(execFile)('aws', all, { env });
      return stdout === '' ? {} : JSON.parse(stdout);
    } catch (error) {
      throw new Error((error as { stderr: string }).stderr.trim());
    }
  };

  const set = (await aws('create-reusable-delegation-set', '--caller-reference', 's')) as {
    DelegationSet: { Id: string };
  };
  const made = (await aws(
    'create-hosted-zone',
    ...['--name', 'shop.example', '--caller-reference', 'z', '--delegation-set-id', set.DelegationSet.Id],
  )) as { HostedZone: { Id: string } };
  const zone = made.HostedZone.Id;
  const office = (SetIdentifier: string, LocationName: string, Value: string): object => ({
    Name: 'www.shop.example',
    Type: 'A',
    TTL: 60,
    ResourceRecords: [{ Value }],
    SetIdentifier,
    CidrRoutingConfig: { CollectionId: OFFICES, LocationName },
  });
  const plain = (Name: string, Type: string, ...values: string[]): object => ({
    Name,
    Type,
    TTL: 60,
    ResourceRecords: values.map((Value) => ({ Value })),
  });
  const sets = [
    office('b', 'berlin', '10.0.0.1'),
    office('d', '*', '10.0.0.2'),
    plain('to.shop.example', 'CNAME', 'www.shop.example'),
    plain('text.shop.example', 'TXT', '"caf\\303\\251" "b"'),
    plain('mail.shop.example', 'MX', '10 mx.example.', '20 mx2.example.'),
    plain('sub.shop.example', 'NS', 'ns.other.example.'),
  ];
  const batch = JSON.stringify({
    Changes: sets.map((ResourceRecordSet) => ({ Action: 'CREATE', ResourceRecordSet })),
  });
  const change = await aws(
    'change-resource-record-sets',
    ...['--hosted-zone-id', zone, '--change-batch', batch],
  );
  const { Id } = change['ChangeInfo'] as { Id: string };
  for (;;) {
    const { ChangeInfo } = (await aws('get-change', '--id', Id)) as { ChangeInfo: { Status: string } };
    if (ChangeInfo.Status === 'INSYNC') break;
  }
  const test = (name: string, type: string, ...args: string[]) =>
    aws(
      'test-dns-answer',
      ...['--hosted-zone-id', zone, '--record-name', name, '--record-type', type, ...args],
    );
  const data = async (name: string, type: string, ...args: string[]) =>
    (await test(name, type, ...args))['RecordData'];

  const direct = await dig('@127.0.0.1', '-p', String(auth), 'www.shop.example', 'A');
  t.same(
    direct.answers.map(({ rdata }) => rdata),
    ['10.0.0.2'],
    'a made set is served where its model is',
  );
  t.same(await test('www.shop.example', 'A'), {
    Nameserver: 'ns1.example.net',
    RecordName: 'www.shop.example',
    RecordType: 'A',
    RecordData: ['10.0.0.2'],
    ResponseCode: 'NOERROR',
    Protocol: 'UDP',
  });
  t.same(await data('WWW.shop.example.', 'A', '--resolver-ip', '192.0.2.7'), ['10.0.0.1']);
  const subnet = ['--edns0-client-subnet-ip', '192.0.2.9'];
  t.same(await data('www.shop.example', 'A', '--resolver-ip', '198.51.100.1', ...subnet), ['10.0.0.1']);
  const wider = [...subnet, '--edns0-client-subnet-mask', '20'];
  t.same(await data('www.shop.example', 'A', ...wider), ['10.0.0.2'], 'less is known than the block says');
  const v6 = ['--edns0-client-subnet-ip', '2001:db8:1::7'];
  t.same(await data('www.shop.example', 'A', ...v6), ['10.0.0.1']);
  await t.rejects(
    test('www.shop.example', 'A', ...subnet, '--edns0-client-subnet-mask', '33'),
    /InvalidInput.*from 0 to 32/,
  );

  t.same(await data('to.shop.example', 'A'), ['www.shop.example.'], 'not what a CNAME leads to');
  t.same(await data('text.shop.example', 'TXT'), ['"caf\\303\\251" "b"']);
  t.same(await data('mail.shop.example', 'MX'), ['10 mx.example.', '20 mx2.example.']);
  t.same(await data('sub.shop.example', 'NS'), [], 'not the NS of a delegation');
  t.match(await test('none.shop.example', 'A'), { RecordData: [], ResponseCode: 'NXDOMAIN' });
  await t.rejects(test('www.other.example', 'A'), /InvalidInput.*not in the hosted zone/);
});
