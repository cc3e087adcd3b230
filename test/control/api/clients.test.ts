/** Unmodified clients against handlers of the test: real signatures over loopback. */
import { CreateHostedZoneCommand, ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import t, { type Test } from 'tap';
import { apiError } from '../../../src/control/api/errors.ts';
import { type Call, type Handlers, locationOf } from '../../../src/control/api/handler.ts';
import type { CreateHostedZoneRequest } from '../../../src/control/api/models/route53.ts';
import { accessKey, awsEnvironment, runTool, startApi, type TestApi } from '../../support/api.ts';
import { missingPython, pythonWith } from '../../support/python.ts';
import { missing } from '../../support/servers.ts';

const ZONE = 'Z0123456789ABCDEFGHIJ';
const SUBMITTED = Date.UTC(2026, 2, 9, 8, 14, 2, 113);

/** Handlers that remember what they were asked. */
function handlers(calls: Call<unknown>[]): Handlers {
  const seen = <Output>(call: Call<unknown>, output: Output): Output => {
    calls.push(call);
    return output;
  };
  return {
    route53: {
      ListHostedZones: (call) =>
        seen(call, {
          HostedZones: [
            {
              Id: `/hostedzone/${ZONE}`,
              Name: 'a&b<c>\\052.example.',
              CallerReference: 'r',
              Config: { Comment: 'line\rend "é"', PrivateZone: false },
              ResourceRecordSetCount: 2,
            },
          ],
          IsTruncated: false,
          MaxItems: call.input.MaxItems ?? '100',
        }),
      CreateHostedZone: (call) => seen(call, created(call)),
      GetHostedZone: () => {
        throw apiError('NoSuchHostedZone', 'No hosted zone found with ID: Z0');
      },
      GetChange: (call) =>
        seen(call, {
          ChangeInfo: { Id: `/change/${call.input.Id}`, Status: 'INSYNC', SubmittedAt: SUBMITTED },
        }),
      ChangeResourceRecordSets: (call) =>
        seen(call, { ChangeInfo: { Id: '/change/C1', Status: 'PENDING', SubmittedAt: SUBMITTED } }),
    },
    route53resolver: {
      ListResolverEndpoints: (call) =>
        seen(call, { ResolverEndpoints: [{ Id: 'rslvr-in-1', Direction: 'INBOUND' }], MaxResults: 10 }),
      GetResolverRule: () => {
        throw apiError('ResourceNotFoundException', 'no such rule', { ResourceType: 'resolver rule' });
      },
    },
    route53profiles: {
      ListProfiles: (call) => seen(call, { ProfileSummaries: [{ Id: 'rp-1', Name: 'p' }] }),
      GetProfile: () => ({ Profile: { Id: 'rp-1', CreationTime: SUBMITTED } }),
      TagResource: (call) => seen(call, {}),
    },
  };
}

function created({ input }: Call<CreateHostedZoneRequest>) {
  const { Name, CallerReference } = input;
  return {
    HostedZone: { Id: `/hostedzone/${ZONE}`, Name, CallerReference, Config: { PrivateZone: false } },
    ChangeInfo: { Id: '/change/C1', Status: 'PENDING' as const, SubmittedAt: SUBMITTED },
    DelegationSet: { NameServers: ['ns1.example.net'] },
    Location: locationOf(`hostedzone/${ZONE}`),
  };
}

async function start(t: Test): Promise<{ api: TestApi; calls: Call<unknown>[] }> {
  const calls: Call<unknown>[] = [];
  const api = await startApi({ handlers: handlers(calls) });
  t.teardown(() => api.close());
  return { api, calls };
}

t.test('aws, the command line', { skip: missing('aws') }, async (t) => {
  const { api, calls } = await start(t);
  const aws = async (...args: string[]) => {
    const env = awsEnvironment(api.url, api.keys[0]!);
    return runTool('aws', ['--endpoint-url', api.url, '--output', 'json', ...args], env);
  };
  const made = await aws(
    'route53',
    'create-hosted-zone',
    '--name',
    'example.com',
    '--caller-reference',
    'a/b',
  );
  t.match(JSON.parse(made.stdout || made.stderr), {
    Location: `https://route53.amazonaws.com/2013-04-01/hostedzone/${ZONE}`,
    ChangeInfo: { Status: 'PENDING', SubmittedAt: /^2026-03-09T08:14:02\.113/ },
    DelegationSet: { NameServers: ['ns1.example.net'] },
  });
  t.match(calls.pop(), {
    operation: 'CreateHostedZone',
    input: { Name: 'example.com', CallerReference: 'a/b' },
    caller: { account: '000000000000', accessKeyId: api.keys[0]!.accessKeyId, scope: 'admin' },
    source: '127.0.0.1',
  });
  const listed = await aws('route53', 'list-hosted-zones');
  t.match(JSON.parse(listed.stdout || listed.stderr), {
    HostedZones: [{ Name: 'a&b<c>\\052.example.', Config: { Comment: 'line\rend "é"', PrivateZone: false } }],
  });
  const batch = {
    Changes: [
      {
        Action: 'UPSERT',
        ResourceRecordSet: { Name: 'a.', Type: 'A', TTL: 5, ResourceRecords: [{ Value: '1' }] },
      },
    ],
  };
  const changed = await aws(
    ...['route53', 'change-resource-record-sets', '--hosted-zone-id', `/hostedzone/${ZONE}`],
    ...['--change-batch', JSON.stringify(batch)],
  );
  t.equal(changed.code, 0, changed.stderr);
  t.match(calls.pop(), { input: { HostedZoneId: ZONE, ChangeBatch: batch } });
  const absent = await aws('route53', 'get-hosted-zone', '--id', 'Z0');
  t.match(
    absent.stderr,
    /\(NoSuchHostedZone\) when calling the GetHostedZone operation.*: No hosted zone found/,
  );
  const unsupported = await aws('route53', 'get-checker-ip-ranges');
  t.match(unsupported.stderr, /\(InvalidAction\).*GetCheckerIpRanges is not supported/);
  const endpoints = await aws('route53resolver', 'list-resolver-endpoints');
  t.match(JSON.parse(endpoints.stdout || endpoints.stderr), { ResolverEndpoints: [{ Id: 'rslvr-in-1' }] });
  const rule = await aws('route53resolver', 'get-resolver-rule', '--resolver-rule-id', 'x');
  t.match(rule.stderr, /\(ResourceNotFoundException\).*no such rule/);
});

t.test('curl', { skip: missing('curl') }, async (t) => {
  const { api } = await start(t);
  const { accessKeyId, secretAccessKey } = api.keys[0]!;
  const curl = async (path: string, service: string) => {
    const signer = [
      '--aws-sigv4',
      `aws:amz:eu-west-1:${service}`,
      '--user',
      `${accessKeyId}:${secretAccessKey}`,
    ];
    return (await runTool('curl', ['-s', ...signer, `${api.url}${path}`], {})).stdout;
  };
  t.match(await curl('/2013-04-01/hostedzone?maxitems=5', 'route53'), /<MaxItems>5<\/MaxItems>/);
  t.match(JSON.parse(await curl('/profiles', 'route53profiles')), { ProfileSummaries: [{ Id: 'rp-1' }] });
});

const PYTHON = `
import boto3, json, os
from botocore.exceptions import ClientError
c = lambda name: boto3.client(name, endpoint_url=os.environ['AWS_ENDPOINT_URL'])
r = c('route53'); v = c('route53resolver')
out = {}
out['list'] = r.list_hosted_zones(MaxItems='7')
out['change'] = r.get_change(Id='/change/C9')
out['endpoints'] = v.list_resolver_endpoints(MaxResults=10)
try: r.create_hosted_zone(Name='x' * 1025, CallerReference='r')
except ClientError as e: out['long'] = e.response
try: v.get_resolver_rule(ResolverRuleId='x')
except ClientError as e: out['rule'] = e.response
try:
    p = c('route53profiles')
    out['profiles'] = p.list_profiles(MaxResults=5)
    out['profile'] = p.get_profile(ProfileId='rp-1')
    p.tag_resource(ResourceArn='arn:aws:route53profiles:eu:0:profile/rp-1', Tags={'k': 'v'})
except Exception as e: out['profilesError'] = str(e)
print(json.dumps(out, default=lambda d: d.isoformat()))
`;

t.test('boto3', { skip: missingPython('boto3') }, async (t) => {
  const { api, calls } = await start(t);
  const ran = await runTool(pythonWith('boto3')!, ['-c', PYTHON], {
    ...awsEnvironment(api.url, api.keys[0]!),
  });
  t.equal(ran.code, 0, ran.stderr);
  const out = JSON.parse(ran.stdout) as Record<string, object>;
  t.match(out, {
    list: { MaxItems: '7', IsTruncated: false },
    change: { ChangeInfo: { Id: '/change/C9', SubmittedAt: '2026-03-09T08:14:02.113000+00:00' } },
    endpoints: { MaxResults: 10, ResolverEndpoints: [{ Direction: 'INBOUND' }] },
    long: {
      Error: {
        Type: 'Sender',
        Code: 'InvalidInput',
        Message: /cvc-maxLength-valid: Value 'x+\.\.\.' with length = '1025'/,
      },
      ResponseMetadata: { HTTPStatusCode: 400, RequestId: /^[0-9a-f]{8}-/ },
    },
    rule: {
      Error: { Code: 'ResourceNotFoundException', Message: 'no such rule' },
      ResourceType: 'resolver rule',
    },
  });
  if (out['profilesError'] !== undefined) return t.comment(`without Profiles: ${out['profilesError']}`);
  t.match(out, {
    profiles: { ProfileSummaries: [{ Id: 'rp-1', Name: 'p' }] },
    profile: { Profile: { CreationTime: /^2026-03-09T08:14:02\.113/ } },
  });
  t.match(calls.pop(), {
    operation: 'TagResource',
    input: { ResourceArn: 'arn:aws:route53profiles:eu:0:profile/rp-1', Tags: { k: 'v' } },
  });
});

t.test('@aws-sdk/client-route-53', async (t) => {
  const { api, calls } = await start(t);
  const client = (over: object = {}) =>
    new Route53Client({
      endpoint: api.url,
      region: 'eu-central-1',
      credentials: api.keys[0]!,
      maxAttempts: 1,
      ...over,
    });
  const sdk = client();
  t.teardown(() => sdk.destroy());
  const made = await sdk.send(new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: 'é &<' }));
  t.match(made, {
    Location: `https://route53.amazonaws.com/2013-04-01/hostedzone/${ZONE}`,
    ChangeInfo: { SubmittedAt: new Date(SUBMITTED) },
    $metadata: { httpStatusCode: 201, requestId: /^[0-9a-f]{8}-/ },
  });
  t.match(calls.pop(), { input: { CallerReference: 'é &<' } });
  const wrong = client({ credentials: accessKey({ secretAccessKey: 'wrong' }) });
  await t.rejects(wrong.send(new ListHostedZonesCommand({})), {
    name: 'SignatureDoesNotMatch',
    message: /^The request signature we calculated does not match/,
    $metadata: { httpStatusCode: 403 },
  });
  const stranger = client({ credentials: accessKey({ accessKeyId: 'CWAKBBBBBBBBBBBBBBBB' }) });
  await t.rejects(stranger.send(new ListHostedZonesCommand({})), {
    name: 'InvalidClientTokenId',
    $metadata: { httpStatusCode: 403 },
  });
  const token = client({ credentials: { ...accessKey(), sessionToken: 'x' } });
  await t.rejects(token.send(new ListHostedZonesCommand({})), { name: 'InvalidClientTokenId' });
});
