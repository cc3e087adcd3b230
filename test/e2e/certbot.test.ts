/**
 * certbot with its plugin for Route 53, both as Debian ships them, gets a certificate from Pebble. What Pebble wants to
 * see in DNS is written by the plugin with boto3 and served by an authoritative endpoint.
 */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { AccessKey } from '../../src/control/api/keys.ts';
import { awsEnvironment, runTool } from '../support/api.ts';
import { at, dig } from '../support/dig.ts';
import { create, startHosted, VPC } from '../support/hosted.ts';
import { startPebble } from '../support/pebble.ts';
import { missingPython } from '../support/python.ts';
import { missing } from '../support/servers.ts';

const skip = missing('certbot', 'pebble', 'dig', 'openssl') || missingPython('certbot_dns_route53');

/**
 * botocore before 1.31 does not know AWS_ENDPOINT_URL and takes the addresses of services from files, which
 * AWS_DATA_PATH has others of.
 */
function addressOfRoute53(folder: string, url: string): string {
  const data = join(folder, 'botocore');
  const authSchemes = [{ name: 'sigv4', signingName: 'route53', signingRegion: 'us-east-1' }];
  const rules = [{ type: 'endpoint', conditions: [], endpoint: { url, properties: { authSchemes } } }];
  mkdirSync(join(data, 'route53/2013-04-01'), { recursive: true });
  writeFileSync(
    join(data, 'route53/2013-04-01/endpoint-rule-set-1.json'),
    JSON.stringify({ version: '1.0', parameters: {}, rules }),
  );
  return data;
}

t.test('a certificate by DNS-01', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-certbot-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { daemon, authority, url, client } = await startHosted(t);
  await create(client, 'example');
  const zone = await create(client, 'shop.example');
  // The plugin has to leave this one alone: it is longer, and private.
  await create(client, 'eu.shop.example', { VPC });
  const scope = ['--scope', 'zones', '--zone', zone.split('/').at(-1)!];
  const key = JSON.parse((await daemon.cli('keys', 'create', ...scope, '--json')).stdout) as AccessKey;

  const pebble = await startPebble(authority);
  t.teardown(() => pebble.stop());
  const env = {
    ...awsEnvironment(url, key),
    AWS_DATA_PATH: addressOfRoute53(folder, url),
    REQUESTS_CA_BUNDLE: pebble.certificate.certFile,
  };
  // The first two have one challenge each at one name.
  const names = ['shop.example', '*.shop.example', 'www.eu.shop.example'];
  const { code, stderr } = await runTool(
    'certbot',
    [
      ...['certonly', '--non-interactive', '--agree-tos', '--register-unsafely-without-email'],
      ...['--dns-route53', '--server', pebble.directory, '--cert-name', 'shop'],
      ...['config', 'work', 'logs'].flatMap((each) => [`--${each}-dir`, join(folder, each)]),
      ...names.flatMap((name) => ['--domain', name]),
    ],
    env,
  );
  t.equal(code, 0, code === 0 ? 'Pebble has issued it' : `${stderr}\n${pebble.log()}`);
  const certificate = new X509Certificate(readFileSync(join(folder, 'config/live/shop/cert.pem')));
  t.same(certificate.subjectAltName?.split(', ').sort(), names.map((name) => `DNS:${name}`).sort());
  for (const name of ['_acme-challenge.shop.example', '_acme-challenge.www.eu.shop.example'])
    t.match(await dig(at(authority), name, 'TXT'), { status: 'NXDOMAIN' }, 'all was taken away again');
  const changes = (await daemon.cli('audit')).stdout.split('\n').filter((line) => line.includes('TXT'));
  t.equal(changes.length, 2 * names.length, 'each challenge was put and taken away');
});
