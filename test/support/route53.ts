/** Route 53's handlers over a store in memory, behind real signatures, for clients of AWS. */
import { Route53Client } from '@aws-sdk/client-route-53';
import { route53Handlers } from '../../src/control/api/route53/handlers.ts';
import type { Means } from '../../src/control/api/route53/means.ts';
import type { Config } from '../../src/control/config/load.ts';
import { systemClock } from '../../src/util/clock.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { RESOURCES } from '../control/records/support.ts';
import { accessKey, startApi } from './api.ts';
import { MemoryStore } from './memorystore.ts';

/** The accounts of the tests. */
export const OURS = '000000000000';
export const THEIRS = '111122223333';

const NOTHING_DECLARED = { accounts: [], healthChecks: [], routingControls: [] };

export interface TestRoute53 {
  readonly store: MemoryStore;
  readonly url: string;
  /** Clients of the two accounts. */
  readonly ours: Route53Client;
  readonly theirs: Route53Client;
  close(): Promise<void>;
}

/** @param over what of the daemon is otherwise than with one delegation set and a VPC of each account */
export async function startRoute53(over: Partial<Means> = {}): Promise<TestRoute53> {
  const store = new MemoryStore(() => systemClock.wall(), 1000);
  const means: Means = {
    store,
    clock: systemClock,
    prng: cryptoPrng,
    resources: () => RESOURCES,
    declared: () => ({ ...NOTHING_DECLARED, node: {} as Config['node'] }),
    healthReport: async () => undefined,
    served: () => store.revision,
    knowsVpc: (id) => ['vpc-ours', 'vpc-ours2', 'vpc-theirs'].includes(id),
    vpcAccount: (id) => (id === 'vpc-theirs' ? THEIRS : OURS),
    hasLogGroup: (arn) => /:log-group:\/aws\/route53\/shop\.example(:\*)?$/.test(arn),
    answer: async () => undefined,
    delegationSets: () => [{ id: 'SET1', nameServers: ['ns1.example.net.', 'ns2.example.net.'] }],
    ...over,
  };
  const keys = [
    accessKey({ account: OURS }),
    accessKey({ account: THEIRS, accessKeyId: 'CWAKBBBBBBBBBBBBBBBB' }),
  ];
  const api = await startApi({ handlers: { route53: route53Handlers(means) }, keys });
  const clientOf = ({ accessKeyId, secretAccessKey }: (typeof keys)[number]): Route53Client =>
    new Route53Client({
      endpoint: api.url,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    });
  const [ours, theirs] = keys.map(clientOf) as [Route53Client, Route53Client];
  const close = async (): Promise<void> => {
    ours.destroy();
    theirs.destroy();
    await api.close();
    await store.close();
  };
  return { store, url: api.url, ours, theirs, close };
}
