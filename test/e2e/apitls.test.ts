/** The API by HTTPS, in the eyes of clients that check whom they speak to; another certificate, and one that is bad. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type SecureVersion } from 'node:tls';
import { ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import t from 'tap';
import type { AccessKey } from '../../src/control/api/keys.ts';
import { awsEnvironment, runTool } from '../support/api.ts';
import { certificate } from '../support/certificate.ts';
import { startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';
import { missingPython, pythonWith } from '../support/python.ts';
import { missing } from '../support/servers.ts';

const skip = missing('aws', 'openssl') || missingPython('boto3');

const BOTO3 = `
import boto3, os
client = boto3.client('route53', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
print(client.list_hosted_zones()['MaxItems'])
`;

/** What comes back of a connection without TLS until it is closed. */
function plain(port: number): Promise<string> {
  return new Promise((done) => {
    let text = '';
    const socket = connectPlain(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
    socket.on('data', (chunk) => (text += chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => done(text));
  });
}

/** The version of TLS that is agreed on, at most this one; undefined where none is. */
function version(port: number, maxVersion: SecureVersion): Promise<string | null | undefined> {
  return new Promise((done) => {
    const options = {
      port,
      host: '127.0.0.1',
      maxVersion,
      minVersion: 'TLSv1',
      rejectUnauthorized: false,
    } as const;
    // Of level 0 the client itself would speak the old versions.
    const socket = connect({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' }, () => {
      done(socket.getProtocol());
      socket.destroy();
    });
    socket.on('error', () => done(undefined));
  });
}

t.test('HTTPS', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const names = { names: 'IP:127.0.0.1' };
  const [first, second] = [certificate(folder, 'first', names), certificate(folder, 'second', names)];
  const [cert, key] = [join(folder, 'api.crt'), join(folder, 'api.key')];
  const install = (by: { cert: string | Buffer; key: string | Buffer }): void => {
    writeFileSync(cert, by.cert);
    writeFileSync(key, by.key, { mode: 0o600 });
  };
  install(first);
  const api = await freePort();
  const config = (tls: string): string => `node: { metrics: off, workers: 1, cache: 32MB }
vpcs: [{ id: vpc-a, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"] }] }
api: { listen: "127.0.0.1:${api}"${tls} }
`;
  const tls = `, tls: { certificate: "${cert}", key: "${key}" }`;
  const daemon = await startDaemon({ config: config(tls) });
  t.teardown(() => daemon.stop());
  const accessKey = JSON.parse(
    (await daemon.cli('keys', 'create', '--scope', 'admin', '--json')).stdout,
  ) as AccessKey;
  const url = `https://127.0.0.1:${api}`;
  const trusting = (file: string) => ({ ...awsEnvironment(url, accessKey), AWS_CA_BUNDLE: file });
  const aws = (file: string) =>
    runTool(
      'aws',
      ['--endpoint-url', url, 'route53', 'list-hosted-zones', '--output', 'json'],
      trusting(file),
    );
  /** A client that keeps its connection. */
  const sdk = (endpoint: string, ca: Buffer): Route53Client => {
    const requestHandler = { httpsAgent: new Agent({ ca, keepAlive: true, maxSockets: 1 }) };
    const client = new Route53Client({
      ...{ endpoint, region: 'us-east-1', credentials: accessKey, maxAttempts: 1, requestHandler },
    });
    t.teardown(() => client.destroy());
    return client;
  };
  const list = (client: Route53Client) => client.send(new ListHostedZonesCommand({}));

  await t.test('clients that know the certificate, and others', async (t) => {
    t.match(JSON.parse((await aws(first.certFile)).stdout), { HostedZones: [] });
    t.match((await aws(second.certFile)).stderr, /SSL validation failed/);
    const python = await runTool(pythonWith('boto3')!, ['-c', BOTO3], trusting(first.certFile));
    t.equal(python.stdout.trim(), '100', python.stderr);
    t.match(await list(sdk(url, first.cert)), { HostedZones: [] });
  });

  await t.test('no earlier version than TLS 1.2, and no HTTP', async (t) => {
    t.equal(await version(api, 'TLSv1.1'), undefined);
    t.equal(await version(api, 'TLSv1.2'), 'TLSv1.2');
    t.equal(await version(api, 'TLSv1.3'), 'TLSv1.3');
    t.notMatch(await plain(api), /HTTP\/1\.1 2/);
  });

  const kept = sdk(url, first.cert);
  await list(kept);
  await t.test('a certificate that is bad changes nothing', async (t) => {
    install({ cert: first.cert, key: second.key });
    const { code, stderr, stdout } = await daemon.cli('reload');
    t.not(code, 0);
    t.match(
      stderr + stdout,
      /api\.tls\.certificate: .*api\.crt is not the certificate of the key in .*api\.key/,
    );
    await list(sdk(url, first.cert));
  });

  await t.test('another certificate, from the next connection on', async (t) => {
    install(second);
    t.equal((await daemon.cli('reload')).code, 0);
    await list(sdk(url, second.cert));
    await t.rejects(list(sdk(url, first.cert)), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    t.match(await list(kept), { HostedZones: [] }, 'connections stay');
  });

  await t.test('without it, HTTP as before', async (t) => {
    daemon.configure(config(''));
    t.equal((await daemon.cli('reload')).code, 0);
    t.match(await list(sdk(`http://127.0.0.1:${api}`, first.cert)), { HostedZones: [] });
    await t.rejects(list(sdk(url, second.cert)));
  });
  t.notMatch(daemon.log(), readFileSync(key, 'utf8').split('\n')[1]!, 'no key in the log');
});
