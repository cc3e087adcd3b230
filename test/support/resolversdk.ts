/** The AWS SDK's client of Route 53 Resolver, for tests of a daemon. */
import { Route53ResolverClient } from '@aws-sdk/client-route53resolver';
import type { Test } from 'tap';
import type { AccessKey } from '../../src/control/api/keys.ts';
import type { Daemon } from './daemon.ts';

/** One with a new key that may do everything, for the API that the daemon has at this port of 127.0.0.1. */
export async function resolverClient(t: Test, daemon: Daemon, port: number): Promise<Route53ResolverClient> {
  const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
  const client = new Route53ResolverClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials: JSON.parse(stdout) as AccessKey,
  });
  t.teardown(() => client.destroy());
  return client;
}
