/** Two accounts, each with a VPC: what one shares, the clients of the other resolve. By the AWS command line. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { accessKey, awsEnvironment } from '../support/api.ts';
import { startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';

const skip = missing('aws', 'dig');
const THEIRS = '111122223333';

t.test('a private zone of one account in the VPC of another', { skip }, async (t) => {
  const api = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-west-1, state: ./state, workers: 1, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
accounts: [{ id: "000000000000" }, { id: "${THEIRS}" }]
vpcs:
  - { id: vpc-ours, cidrs: [127.0.0.1/32] }
  - { id: vpc-theirs, account: "${THEIRS}", cidrs: [127.0.0.2/32] }
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }] }
`,
  });
  t.teardown(() => daemon.stop());
  const clientOf = async (account: string) => {
    const args = ['keys', 'create', '--scope', 'admin', '--account', account, '--json'];
    const { stdout } = await daemon.cli(...args);
    const env = awsEnvironment(`http://127.0.0.1:${api}`, accessKey(JSON.parse(stdout)));
    return async (command: string, ...more: string[]): Promise<Record<string, unknown>> => {
      try {
        const { stdout } = await promisify(execFile)('aws', ['route53', command, ...more], { env });
        return stdout === '' ? {} : JSON.parse(stdout);
      } catch (error) {
        throw new Error((error as { stderr: string }).stderr.trim());
      }
    };
  };
  const ours = await clientOf('000000000000');
  const theirs = await clientOf(THEIRS);
  const inSync = async (aws: typeof ours, change: Record<string, unknown>): Promise<void> => {
    const { Id } = change['ChangeInfo'] as { Id: string };
    for (;;) {
      const { ChangeInfo } = (await aws('get-change', '--id', Id)) as { ChangeInfo: { Status: string } };
      if (ChangeInfo.Status === 'INSYNC') return;
    }
  };
  const askedBy = async (client: string): Promise<string | undefined> => {
    const port = String(daemon.port);
    const reply = await dig('-b', client, '@127.0.0.1', '-p', port, 'corp.example', 'NS', '+norecurse');
    return reply.answers[0] && `${reply.answers.length} ${reply.answers[0].type}`;
  };
  const vpc = (id: string): string[] => ['--vpc', `VPCRegion=eu-west-1,VPCId=${id}`];

  const made = await ours(
    'create-hosted-zone',
    ...['--name', 'corp.example', '--caller-reference', 'c', ...vpc('vpc-ours')],
  );
  await inSync(ours, made);
  const { Id } = made['HostedZone'] as { Id: string };
  const zone = ['--hosted-zone-id', Id];
  t.equal(await askedBy('127.0.0.1'), '4 NS');
  t.equal(await askedBy('127.0.0.2'), undefined);

  const associate = () => theirs('associate-vpc-with-hosted-zone', ...zone, ...vpc('vpc-theirs'));
  await t.rejects(associate(), /NotAuthorizedException.*vpc-theirs has not authorized/);
  await ours('create-vpc-association-authorization', ...zone, ...vpc('vpc-theirs'));
  await inSync(theirs, await associate());
  t.equal(await askedBy('127.0.0.2'), '4 NS');
  const listed = await theirs(
    'list-hosted-zones-by-vpc',
    ...['--vpc-id', 'vpc-theirs', '--vpc-region', 'eu-west-1'],
  );
  t.match(listed, { HostedZoneSummaries: [{ Owner: { OwningAccount: '000000000000' } }] });

  await inSync(theirs, await theirs('disassociate-vpc-from-hosted-zone', ...zone, ...vpc('vpc-theirs')));
  t.equal(await askedBy('127.0.0.2'), undefined);
  t.equal(await askedBy('127.0.0.1'), '4 NS');
});
