/** The Route 53 API driven by AWS's own clients, and DNS answering what they have made, at once and after a restart. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';

const skip = missing('aws', 'dig');
const run = promisify(execFile);

interface Api {
  readonly daemon: Daemon;
  /** Ports of the API and of the authoritative endpoint. */
  readonly api: number;
  readonly auth: number;
  /** `aws route53 …`, its output as JSON; rejects with what it says on stderr. */
  aws(...args: string[]): Promise<Record<string, unknown>>;
}

async function startApi(): Promise<Api> {
  const [api, auth] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ./state, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs: [{ id: vpc-0a1b2c3d, region: eu-central-1, cidrs: [127.0.0.0/8] }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }]
  authoritative: [{ id: auth-1, listen: ["127.0.0.1:${auth}"], delegationSet: N1, rateLimit: false }]
delegationSets: [{ id: N1, nameServers: [ns1.example.net., ns2.example.net.] }]
healthChecks: [{ id: hc-1, type: TCP, ipAddress: 127.0.0.1, port: 9, disabled: true }]
`,
  });
  const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
  const key = JSON.parse(stdout) as { accessKeyId: string; secretAccessKey: string };
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${api}`,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
  const aws: Api['aws'] = async (...args) => {
    try {
      const { stdout: out } = await run('aws', ['route53', ...args, '--output', 'json'], { env });
      return out === '' ? {} : (JSON.parse(out) as Record<string, unknown>);
    } catch (error) {
      throw new Error((error as { stderr: string }).stderr.trim());
    }
  };
  return { daemon, api, auth, aws };
}

function batchOf(...changes: readonly [string, object][]): string {
  return JSON.stringify({
    Changes: changes.map(([Action, ResourceRecordSet]) => ({ Action, ResourceRecordSet })),
  });
}

const simple = (Name: string, ...values: string[]): object => ({
  Name,
  Type: 'A',
  TTL: 60,
  ResourceRecords: values.map((Value) => ({ Value })),
});

async function answers(port: number, name: string, type = 'A'): Promise<string[]> {
  const reply = await dig('@127.0.0.1', '-p', String(port), name, type);
  return reply.answers.map(({ rdata }) => rdata).sort();
}

t.test('hosted zones by the AWS command line, asked by dig after each step', { skip }, async (t) => {
  const { daemon, auth, aws } = await startApi();
  t.teardown(() => daemon.stop());
  const change = async (zone: string, ...changes: [string, object][]): Promise<void> => {
    const made = await aws(
      'change-resource-record-sets',
      '--hosted-zone-id',
      zone,
      '--change-batch',
      batchOf(...changes),
    );
    const { Id } = made['ChangeInfo'] as { Id: string };
    for (;;) {
      const { ChangeInfo } = (await aws('get-change', '--id', Id)) as { ChangeInfo: { Status: string } };
      if (ChangeInfo.Status === 'INSYNC') return;
    }
  };
  const zoneIdOf = (made: Record<string, unknown>): string => (made['HostedZone'] as { Id: string }).Id;

  const vpc = 'VPCRegion=eu-central-1,VPCId=vpc-0a1b2c3d';
  const made = await aws(
    'create-hosted-zone',
    '--name',
    'shop.example',
    '--caller-reference',
    'one',
    '--vpc',
    vpc,
  );
  const zone = zoneIdOf(made);
  t.match(zone, /^\/hostedzone\/Z[A-Z0-9]+$/);
  await change(zone, ['CREATE', simple('www.shop.example', '10.0.0.1', '10.0.0.2')]);
  t.same(await answers(daemon.port, 'www.shop.example'), ['10.0.0.1', '10.0.0.2']);
  await change(zone, ['UPSERT', simple('www.shop.example', '10.0.0.3')]);
  t.same(await answers(daemon.port, 'www.shop.example'), ['10.0.0.3'], 'INSYNC is what every worker serves');
  const routed = (id: string, Failover: string, value: string, more = {}): object => ({
    ...simple('api.shop.example', value),
    SetIdentifier: id,
    Failover,
    ...more,
  });
  await change(
    zone,
    ['CREATE', routed('a', 'PRIMARY', '10.1.0.1', { HealthCheckId: 'hc-1' })],
    ['CREATE', routed('b', 'SECONDARY', '10.1.0.2')],
  );
  t.same(await answers(daemon.port, 'api.shop.example'), ['10.1.0.1']);
  t.same(await answers(auth, 'www.shop.example'), [], 'a private zone is not for the public');

  const open = await aws('create-hosted-zone', '--name', 'open.example', '--caller-reference', 'two');
  await change(zoneIdOf(open), ['CREATE', simple('open.example', '192.0.2.1')]);
  t.same(await answers(auth, 'open.example'), ['192.0.2.1']);
  t.same(await answers(auth, 'open.example', 'NS'), ['ns1.example.net.', 'ns2.example.net.']);

  await t.rejects(
    aws(
      'change-resource-record-sets',
      '--hosted-zone-id',
      zone,
      '--change-batch',
      batchOf(
        ['CREATE', simple('www.shop.example', '10.0.0.4')],
        ['DELETE', simple('no.shop.example', '10.0.0.4')],
      ),
    ),
    /InvalidChangeBatch.*\[Tried to create resource record set \[name='www\.shop\.example\.', type='A'\] but it already exists, Tried to delete/,
  );
  await t.rejects(aws('delete-hosted-zone', '--id', zone), /HostedZoneNotEmpty/);
  await t.rejects(
    aws('get-hosted-zone', '--id', 'Z0NONE'),
    /NoSuchHostedZone.*No hosted zone found with ID: Z0NONE/,
  );
  const listed = (await aws('list-resource-record-sets', '--hosted-zone-id', zone)) as {
    ResourceRecordSets: { Name: string; Type: string }[];
  };
  t.same(
    listed.ResourceRecordSets.map(({ Name, Type }) => `${Name} ${Type}`),
    [
      'shop.example. NS',
      'shop.example. SOA',
      'api.shop.example. A',
      'api.shop.example. A',
      'www.shop.example. A',
    ],
  );
  await aws(
    'change-tags-for-resource',
    '--resource-type',
    'hostedzone',
    '--resource-id',
    zone.slice(12),
    '--add-tags',
    'Key=team,Value=dns',
  );
  const tags = await aws(
    'list-tags-for-resource',
    '--resource-type',
    'hostedzone',
    '--resource-id',
    zone.slice(12),
  );
  t.match(tags, { ResourceTagSet: { Tags: [{ Key: 'team', Value: 'dns' }] } });
});

t.test('what was acknowledged is there after a crash', { skip }, async (t) => {
  const first = await startApi();
  const { daemon, aws } = first;
  const vpc = 'VPCRegion=eu-central-1,VPCId=vpc-0a1b2c3d';
  const made = await aws(
    'create-hosted-zone',
    '--name',
    'kept.example',
    '--caller-reference',
    'one',
    '--vpc',
    vpc,
  );
  const zone = (made['HostedZone'] as { Id: string }).Id;
  await aws(
    'change-resource-record-sets',
    '--hosted-zone-id',
    zone,
    '--change-batch',
    batchOf(['CREATE', simple('www.kept.example', '10.0.0.7')]),
  );
  daemon.kill('SIGKILL');
  const again = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ${JSON.stringify(join(daemon.folder, 'state'))}, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${first.api}" }
vpcs: [{ id: vpc-0a1b2c3d, region: eu-central-1, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }] }
`,
  });
  t.teardown(() => again.stop());
  t.same(await answers(again.port, 'www.kept.example'), ['10.0.0.7']);
  t.teardown(() => daemon.stop().catch(() => undefined));
});
