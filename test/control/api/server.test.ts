/** The address itself: hostile connections, limits, scopes, rates. */
import { connect } from 'node:net';
import {
  GetHostedZoneCommand,
  ListHostedZonesCommand,
  Route53Client,
  type Route53ClientConfig,
} from '@aws-sdk/client-route-53';
import t, { type Test } from 'tap';
import { authorise } from '../../../src/control/api/authorise.ts';
import type { Handlers } from '../../../src/control/api/handler.ts';
import { OPERATIONS } from '../../../src/control/api/operations.ts';
import { MemoryReplays } from '../../../src/control/api/replays.ts';
import { API_OCTETS_MAX } from '../../../src/control/api/server.ts';
import { Throttle } from '../../../src/control/api/throttle.ts';
import { ConflictError } from '../../../src/control/store/errors.ts';
import { COUNTERS, daemonCounters, Metrics } from '../../../src/telemetry/metrics.ts';
import { accessKey, startApi } from '../../support/api.ts';

const zones: Handlers = {
  route53: { ListHostedZones: () => ({ HostedZones: [], IsTruncated: false, MaxItems: '100' }) },
};

async function start(t: Test, over: Partial<Parameters<typeof startApi>[0]> = {}) {
  const api = await startApi({ handlers: zones, ...over });
  t.teardown(() => api.close());
  return api;
}

function client(t: Test, url: string, over: Route53ClientConfig = {}): Route53Client {
  const sdk = new Route53Client({
    endpoint: url,
    region: 'us-east-1',
    credentials: accessKey(),
    maxAttempts: 1,
    ...over,
  });
  t.teardown(() => sdk.destroy());
  return sdk;
}

/** Sends bytes and returns what comes back until the other side closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((done) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', (chunk) => (text += chunk));
    socket.on('error', () => done(text));
    socket.on('close', () => done(text));
  });
}

const head = (line: string, ...headers: string[]) =>
  `${[`${line} HTTP/1.1`, 'host: x', 'connection: close', ...headers].join('\r\n')}\r\n\r\n`;

t.test('without a signature', async (t) => {
  const { port, url } = await start(t);
  t.match(
    await raw(port, head('GET /2013-04-01/hostedzone')),
    /^HTTP\/1\.1 403 [\s\S]*x-amzn-requestid: [0-9a-f-]{36}\r\ncontent-type: text\/xml[\s\S]*<Code>MissingAuthenticationToken<\/Code>/i,
  );
  t.match(
    await raw(port, head('POST /', 'x-amz-target: Route53Resolver.ListResolverRules')),
    /^HTTP\/1\.1 400 [\s\S]*application\/x-amz-json-1\.1[\s\S]*"__type":"MissingAuthenticationTokenException"/,
  );
  t.match(await raw(port, head('GET /profiles')), /^HTTP\/1\.1 403 [\s\S]*x-amzn-errortype: Missing/);
  t.match(await raw(port, head('HEAD /2013-04-01/hostedzone')), /^HTTP\/1\.1 403 [\s\S]*\r\n\r\n$/);
  for (const line of ['OPTIONS *', 'OPTIONS /', 'GET /', 'TRACE /x', 'GET http://x/y', 'DELETE /../..'])
    t.match(await raw(port, head(line)), /^HTTP\/1\.1 403 /, line);
  t.match(
    await raw(port, head('GET /', '__proto__: x', 'x-amz-target: a', 'x-amz-target: b')),
    /^HTTP\/1\.1 [34]/,
  );
  t.match(await raw(port, 'NOT HTTP\r\n\r\n'), /^HTTP\/1\.1 400 /);
  t.match(await raw(port, head('GET /', `x: ${'y'.repeat(20_000)}`)), /^HTTP\/1\.1 4/);
  await t.resolves(client(t, url).send(new ListHostedZonesCommand({})), 'and it goes on');
});

t.test('a body is measured before it is kept', async (t) => {
  const { port } = await start(t);
  const said = await raw(port, head('POST /2013-04-01/hostedzone', `content-length: ${API_OCTETS_MAX + 1}`));
  t.match(said, /^HTTP\/1\.1 413 [\s\S]*<Code>RequestEntityTooLarge<\/Code>/);
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const endless = head('POST /2013-04-01/hostedzone', 'transfer-encoding: chunked') + chunk.repeat(64);
  t.match(await raw(port, endless), /^HTTP\/1\.1 413 /);
});

t.test('an account asks too often', async (t) => {
  const other = accessKey({ accessKeyId: 'CWAKBBBBBBBBBBBBBBBB', account: '111122223333' });
  const { url } = await start(t, { keys: [accessKey(), other], rateLimit: { rate: 0.001, burst: 2 } });
  const sdk = client(t, url);
  await sdk.send(new ListHostedZonesCommand({}));
  await sdk.send(new ListHostedZonesCommand({}));
  await t.rejects(sdk.send(new ListHostedZonesCommand({})), {
    name: 'Throttling',
    message: 'Rate exceeded',
    $metadata: { httpStatusCode: 400 },
  });
  await t.resolves(client(t, url, { credentials: other }).send(new ListHostedZonesCommand({})));
});

t.test('who changes the same at the same moment is told to try again, as AWS does', async (t) => {
  const slower = () => {
    throw new ConflictError(0, { kind: 'k', id: 'i' }, 'to be there', undefined);
  };
  let calls = 0;
  const { url } = await start(t, {
    handlers: {
      route53: {
        ...zones.route53,
        GetHostedZone: () =>
          calls++ === 0 ? slower() : { HostedZone: { Id: 'Z1', Name: 'x.', CallerReference: '1' } },
      },
    },
  });
  await t.rejects(client(t, url, { maxAttempts: 1 }).send(new GetHostedZoneCommand({ Id: 'Z1' })), {
    name: 'PriorRequestNotComplete',
    $metadata: { httpStatusCode: 400 },
  });
  calls = 0;
  await t.resolves(client(t, url, { maxAttempts: 2 }).send(new GetHostedZoneCommand({ Id: 'Z1' })));
  t.equal(calls, 2, 'the client did, by itself');
});

t.test('requests are counted by service and by what they were answered', async (t) => {
  const counters = daemonCounters(1);
  const handlers: Handlers = {
    route53: {
      ...zones.route53,
      GetHostedZone: () => {
        throw new Error('a bug');
      },
    },
  };
  const metrics = new Metrics(counters.block(0));
  const { port, url } = await start(t, { handlers, metrics, rateLimit: { rate: 0.001, burst: 2 } });
  const sdk = client(t, url);
  await sdk.send(new ListHostedZonesCommand({}));
  await t.rejects(sdk.send(new GetHostedZoneCommand({ Id: 'Z1' })), { name: 'InternalFailure' });
  await t.rejects(sdk.send(new ListHostedZonesCommand({})), { name: 'Throttling' });
  await raw(port, head('GET /profiles'));
  await raw(port, head('POST /', 'x-amz-target: Route53Resolver.ListResolverRules'));
  await raw(port, head('POST /', 'x-amz-target: Nobody.Knows'));
  const counted = COUNTERS.filter(
    ({ key, metric }) => metric === 'causeway_api_requests_total' && counters.sum(key) > 0,
  );
  t.same(Object.fromEntries(counted.map(({ key }) => [key, counters.sum(key)])), {
    route53Ok: 1,
    route53Throttled: 1,
    route53ServerErrors: 1,
    resolverClientErrors: 2,
    profilesClientErrors: 1,
  });
});

t.test('tokens come back with time, and no more than the burst', async (t) => {
  let now = 0;
  const throttle = new Throttle({ now: () => now }, { rate: 10, burst: 3 });
  const taken = (): number => {
    let count = 0;
    while (throttle.take('a')) count++;
    return count;
  };
  t.equal(taken(), 3);
  now = 100;
  t.equal(taken(), 1);
  now = 1_000_000;
  t.equal(taken(), 3);
});

t.test('responses that are kept', async (t) => {
  let wall = 0;
  const replays = new MemoryReplays({ wall: () => wall }, 100);
  const response = (body: string) => ({ status: 200, headers: {}, body });
  await replays.keep('a', response('x'.repeat(60)), 1000);
  await replays.keep('b', response('y'.repeat(60)), 2000);
  t.equal(await replays.find('none'), undefined);
  t.match(await replays.find('b'), { body: /^y/ });
  await t.rejects(
    replays.find('a'),
    { code: 'PriorRequestNotComplete' },
    'known, though its response is not',
  );
  wall = 1000;
  t.equal(await replays.find('none'), undefined);
  t.equal(replays.size, 1, 'what is refused by itself is forgotten');
  t.equal(await replays.find('a'), undefined);
  wall = 2000;
  await replays.find('none');
  t.equal(replays.size, 0);
});

t.test('scopes', async (t) => {
  const operation = (name: string) => OPERATIONS.find((each) => each.name === name)!;
  const may = (scope: 'read' | 'zones' | 'admin', name: string, input: object = {}) => {
    try {
      const { accessKeyId, account } = accessKey();
      authorise(operation(name), input as Record<string, unknown>, {
        accessKeyId,
        account,
        scope,
        zones: ['Z1', 'Z2'],
      });
      return true;
    } catch (error) {
      return (error as { code: string }).code === 'AccessDenied' ? false : error;
    }
  };
  for (const { name } of OPERATIONS) t.equal(may('admin', name), true, name);
  const reads = OPERATIONS.filter(({ name }) => may('read', name) === true).map(({ name }) => name);
  t.equal(reads.length, OPERATIONS.filter(({ name }) => /^(Get|List|Test)/.test(name)).length);
  for (const [name, input, allowed] of [
    ['ChangeResourceRecordSets', { HostedZoneId: 'Z1' }, true],
    ['ChangeResourceRecordSets', { HostedZoneId: 'Z3' }, false],
    ['ListResourceRecordSets', { HostedZoneId: 'Z2' }, true],
    ['ListResourceRecordSets', { HostedZoneId: 'Z3' }, false],
    ['TestDNSAnswer', { HostedZoneId: 'Z1' }, true],
    ['GetHostedZone', { Id: 'Z1' }, true],
    ['GetHostedZone', { Id: 'Z3' }, false],
    ['DeleteHostedZone', { Id: 'Z1' }, false],
    ['AssociateVPCWithHostedZone', { HostedZoneId: 'Z1' }, false],
    ['CreateHostedZone', {}, false],
    ['ListHostedZones', {}, true],
    ['ListHostedZonesByName', { HostedZoneId: 'Z3' }, true],
    ['GetChange', { Id: 'C1' }, true],
    ['ListTagsForResource', { ResourceType: 'hostedzone', ResourceId: 'Z1' }, true],
    ['ListTagsForResource', { ResourceType: 'hostedzone', ResourceId: 'Z3' }, false],
    ['ListTagsForResource', { ResourceType: 'healthcheck', ResourceId: 'Z1' }, false],
    ['ListTagsForResources', { ResourceType: 'hostedzone', ResourceIds: ['Z1', 'Z2'] }, true],
    ['ListTagsForResources', { ResourceType: 'hostedzone', ResourceIds: ['Z1', 'Z3'] }, false],
    ['ListHealthChecks', {}, false],
    ['ListResolverRules', {}, false],
    ['ListProfiles', {}, false],
  ] as const)
    t.equal(may('zones', name, input), allowed, `${name} ${JSON.stringify(input)}`);
  const { url } = await start(t, { keys: [accessKey({ scope: 'zones', zones: ['Z1'] })] });
  await t.resolves(client(t, url).send(new ListHostedZonesCommand({})));
});
