/** The API of a daemon: opened by the configuration, with keys that hold from the next request on. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import t from 'tap';
import type { AccessKey } from '../../src/control/api/keys.ts';
import { apiReferenceText } from '../../src/control/api/reference.ts';
import { awsEnvironment, runTool } from '../support/api.ts';
import { startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';

t.test('docs/api.md is current; if not, run npm run docs', async (t) => {
  const file = join(import.meta.dirname, '../../docs/api.md');
  t.ok(readFileSync(file, 'utf8') === apiReferenceText());
});

const config = (api: string) => `node: { metrics: off, workers: 1 }
vpcs: [{ id: vpc-a, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"] }] }
accounts: [{ id: "000000000000" }, { id: "111122223333" }]
${api}
`;

t.test('keys and reloads take effect at once', async (t) => {
  const port = await freePort('127.0.0.1');
  const api = `api: { listen: "127.0.0.1:${port}", rateLimit: { rate: 1000, burst: 1000 } }`;
  const daemon = await startDaemon({ config: config(api) });
  t.teardown(() => daemon.stop());
  const cli = async (...args: string[]) => (await daemon.cli('keys', ...args, '--json')).stdout;
  const key = JSON.parse(await cli('create', '--scope', 'admin', '--account', '111122223333')) as AccessKey;
  const told = async (): Promise<string> => {
    const client = new Route53Client({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: key,
      maxAttempts: 1,
    });
    try {
      await client.send(new ListHostedZonesCommand({}));
      return 'answered';
    } catch (error) {
      return (error as Error & { code?: string }).code ?? (error as Error).name;
    } finally {
      client.destroy();
    }
  };
  const signed = await told();
  t.not(signed, 'InvalidClientTokenId', 'a key that was just made is known');
  daemon.configure(config(api).replace(', { id: "111122223333" }', ''));
  await daemon.cli('reload');
  t.equal(await told(), 'InvalidClientTokenId', 'a key of an account that is gone');
  daemon.configure(config(api));
  await daemon.cli('reload');
  t.equal(await told(), signed);
  await cli('delete', key.accessKeyId);
  t.equal(await told(), 'InvalidClientTokenId');
  daemon.configure(config(''));
  await daemon.cli('reload');
  t.equal(await told(), 'ECONNREFUSED', 'without the section nothing listens');
  t.equal(await daemon.stop(), 0);
});

t.test(
  'a key that was made before the start; what is not served says so',
  { skip: missing('aws') },
  async (t) => {
    const port = await freePort('127.0.0.1');
    const first = await startDaemon({ config: config('') });
    t.teardown(() => first.stop());
    const made = await first.cli('keys', 'create', '--scope', 'admin', '--json');
    const key = JSON.parse(made.stdout) as AccessKey;
    first.configure(config(`api: { listen: "127.0.0.1:${port}" }`));
    await first.cli('reload');
    const url = `http://127.0.0.1:${port}`;
    const args = ['--endpoint-url', url, 'route53resolver', 'list-outpost-resolvers'];
    const { code, stderr } = await runTool('aws', args, awsEnvironment(url, key));
    t.not(code, 0);
    t.match(stderr, /\(UnknownOperationException\)|Invalid choice/);
  },
);
