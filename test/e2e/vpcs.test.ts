/** VPCs that come while the daemon runs: made by an operator, or named by boto3. */
import t from 'tap';
import { type Boto3, startBoto3 } from '../support/boto3.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missingPython } from '../support/python.ts';
import { missing } from '../support/servers.ts';

const skip = missing('dig') || missingPython('boto3');
const THEIRS = '111122223333';

const zoneIn = (vpc: string) => ({
  Name: 'corp.example',
  CallerReference: vpc,
  VPC: { VPCRegion: 'eu-west-1', VPCId: vpc },
});

const configOf = (api: number, unknownVpcs: string): string =>
  `node: { name: e2e, region: eu-west-1, state: ./state, workers: 1, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}", unknownVpcs: ${unknownVpcs} }
accounts: [{ id: "000000000000" }, { id: "${THEIRS}" }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], allow: [127.0.0.0/8], rateLimit: false }] }
`;

/** Resolves when all workers serve the change. */
async function inSync(boto3: Boto3, { ChangeInfo }: { readonly ChangeInfo: { readonly Id: string } }) {
  for (;;) {
    const got = await boto3.call('route53', 'get_change', { Id: ChangeInfo.Id });
    if (got.ChangeInfo.Status === 'INSYNC') return;
  }
}

/** What a client gets for the apex of the zone. */
async function asked(daemon: Daemon, client: string): Promise<string> {
  const reply = await dig(
    '-b',
    client,
    '@127.0.0.1',
    '-p',
    String(daemon.port),
    'corp.example',
    'NS',
    '+norecurse',
  );
  return reply.answers.length > 0 ? `${reply.answers.length} NS` : reply.status;
}

/** A snapshot is on its way when the command ends. */
async function until(expected: string, ask: () => Promise<string>): Promise<string> {
  let last = await ask();
  for (let i = 0; i < 50 && last !== expected; i++) last = await ask();
  return last;
}

t.test('made by an operator', { skip }, async (t) => {
  const api = await freePort('127.0.0.1');
  const daemon = await startDaemon({ config: configOf(api, 'refuse') });
  t.teardown(() => daemon.stop());
  const boto3 = await startBoto3(daemon, api);
  t.teardown(() => boto3.close());
  const create = () => boto3.call('route53', 'create_hosted_zone', zoneIn('vpc-0a'));
  await t.rejects(create(), /InvalidVPCId 400: The VPC: vpc-0a/);
  t.match(await daemon.cli('vpc', 'create', '--id', 'vpc-0a', '--cidr', '127.0.0.7/32'), { code: 0 });
  const made = await create();
  await inSync(boto3, made);
  t.equal(await asked(daemon, '127.0.0.7'), '4 NS');
  t.equal(await asked(daemon, '127.0.0.8'), 'REFUSED');
  await daemon.cli('vpc', 'create', '--id', 'vpc-0a', '--cidr', '127.0.0.8/32');
  t.equal(await until('4 NS', () => asked(daemon, '127.0.0.8')), '4 NS', 'other addresses');
  t.equal(await asked(daemon, '127.0.0.7'), 'REFUSED');
  await daemon.cli('vpc', 'delete', 'vpc-0a');
  t.equal(await until('REFUSED', () => asked(daemon, '127.0.0.8')), 'REFUSED');
  await daemon.cli('vpc', 'create', '--id', 'vpc-0a', '--cidr', '127.0.0.8/32');
  t.equal(await until('4 NS', () => asked(daemon, '127.0.0.8')), '4 NS', 'the zone is still associated');
});

t.test('named by a client', { skip }, async (t) => {
  const api = await freePort('127.0.0.1');
  const daemon = await startDaemon({ config: configOf(api, 'register') });
  t.teardown(() => daemon.stop());
  const ours = await startBoto3(daemon, api);
  const theirs = await startBoto3(daemon, api, THEIRS);
  t.teardown(() => {
    ours.close();
    theirs.close();
  });
  await inSync(ours, await ours.call('route53', 'create_hosted_zone', zoneIn('vpc-0b')));
  const { vpcs } = JSON.parse((await daemon.cli('vpc', 'list', '--json')).stdout);
  t.match(vpcs, [{ id: 'vpc-0b', region: 'eu-west-1', account: '000000000000', cidrs: [], from: 'store' }]);
  t.equal(await asked(daemon, '127.0.0.7'), 'REFUSED', 'nobody is in it');
  await daemon.cli('vpc', 'create', '--id', 'vpc-0b', '--cidr', '127.0.0.7/32');
  t.equal(await until('4 NS', () => asked(daemon, '127.0.0.7')), '4 NS');
  await t.rejects(
    theirs.call('route53', 'create_hosted_zone', zoneIn('vpc-0b')),
    /InvalidVPCId/,
    'it is whose it was first',
  );
  await t.rejects(ours.call('route53', 'create_hosted_zone', zoneIn('corp')), /InvalidVPCId/, 'no id of AWS');
  const resolver = (operation: string, members: object) => theirs.call('route53resolver', operation, members);
  await resolver('update_resolver_config', { ResourceId: 'vpc-0c', AutodefinedReverseFlag: 'DISABLE' });
  t.match(JSON.parse((await daemon.cli('vpc', 'list', '--json')).stdout), {
    vpcs: [{ id: 'vpc-0b' }, { id: 'vpc-0c', account: THEIRS }],
  });
});
