/** Signatures: whatever is changed after signing, or was not signed, is found. Requests are signed by the SDK's signer. */
import { execFileSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { AccessKey } from '../../../src/control/api/keys.ts';
import { type SignedRequest, verify } from '../../../src/control/api/sigv4.ts';
import { accessKey, startApi } from '../../support/api.ts';
import { missingPython, pythonWith } from '../../support/python.ts';

const NOW = Date.UTC(2026, 2, 9, 8, 0, 0);
const KEY = accessKey();

class Sha256 {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Uint8Array);
  }
  update(data: unknown): void {
    this.#hash.update(data as Uint8Array);
  }
  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }
}

interface Wanted {
  method?: string;
  path?: string;
  query?: Record<string, string | string[]>;
  headers?: Record<string, string>;
  body?: string;
  service?: string;
  region?: string;
  key?: AccessKey;
  at?: number;
}

/** As a client sends it: the query encoded as it was signed. */
async function signed(wanted: Wanted = {}): Promise<SignedRequest & { headers: [string, string][] }> {
  const { method = 'GET', path = '/2013-04-01/hostedzone', query = {}, body = '', key = KEY } = wanted;
  const signer = new SignatureV4({
    credentials: key,
    region: wanted.region ?? 'us-east-1',
    service: wanted.service ?? 'route53',
    sha256: Sha256,
    applyChecksum: false,
  });
  const headers = { host: '127.0.0.1:8053', ...wanted.headers };
  const made = await signer.sign(
    { method, path, query, headers, body, protocol: 'http:', hostname: '127.0.0.1' },
    { signingDate: new Date(wanted.at ?? NOW) },
  );
  const search = Object.entries(query)
    .flatMap(([name, value]) => [value].flat().map((each) => `${encode(name)}=${encode(each)}`))
    .join('&');
  return { method, path, search, headers: Object.entries(made.headers), body: Buffer.from(body) };
}

/** As SDKs write it: all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const check = (made: SignedRequest, wall = NOW) =>
  verify(made, 'route53', (id) => (id === KEY.accessKeyId ? KEY : undefined), wall);

const header = (made: SignedRequest, name: string, value: string | undefined): SignedRequest => ({
  ...made,
  headers: [
    ...made.headers.filter(([each]) => each !== name),
    ...(value === undefined ? [] : [[name, value] as const]),
  ],
});

const authorization = (made: SignedRequest): string =>
  made.headers.find(([name]) => name === 'authorization')![1];

t.test('what a client signs is verified, whatever it holds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        path: fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }), { maxLength: 4 }),
        query: fc.dictionary(
          fc.string({ maxLength: 5 }),
          fc.oneof(fc.string(), fc.array(fc.string(), { minLength: 1, maxLength: 3 })),
          { maxKeys: 4 },
        ),
        body: fc.string({ unit: 'grapheme' }),
        region: fc.constantFrom('us-east-1', 'eu-central-1', 'anywhere'),
        value: fc.stringMatching(/^[!-~]([ -~]{0,8}[!-~])?$/),
      }),
      async ({ path, query, body, region, value }) => {
        fc.pre(
          !Object.keys(query).some((name) => name === '' || /^x-amz-/i.test(name) || name === '__proto__'),
        );
        const made = await signed({
          method: 'POST',
          path: `/${path.map((each) => encodeURIComponent(each.toWellFormed())).join('/')}`,
          query: Object.fromEntries(Object.entries(query).map(([k, v]) => [k.toWellFormed(), v])),
          body,
          region,
          headers: { 'x-amz-thing': value },
        });
        const { key, signature } = await check(made);
        return key === KEY && authorization(made).includes(signature);
      },
    ),
    { numRuns: 300 },
  );
});

t.test('whatever is changed afterwards is found', async (t) => {
  const made = await signed({
    method: 'POST',
    path: '/2013-04-01/hostedzone/Z1/rrset/',
    query: { name: 'a', type: 'b' },
    body: '<x/>',
    headers: { 'x-amz-thing': '1', 'content-type': 'text/xml' },
  });
  await t.resolves(check(made));
  const mismatch = { code: 'SignatureDoesNotMatch' };
  const changed: Record<string, SignedRequest> = {
    method: { ...made, method: 'PUT' },
    path: { ...made, path: '/2013-04-01/hostedzone/Z2/rrset/' },
    'final slash': { ...made, path: '/2013-04-01/hostedzone/Z1/rrset' },
    query: { ...made, search: 'name=a&type=c' },
    'one more': { ...made, search: 'name=a&type=b&x=' },
    'one less': { ...made, search: 'name=a' },
    body: { ...made, body: Buffer.from('<y/>') },
    'no body': { ...made, body: Buffer.alloc(0) },
    host: header(made, 'host', '127.0.0.1:80'),
    thing: header(made, 'x-amz-thing', '2'),
    'content type': header(made, 'content-type', 'text/plain'),
    'missing header': header(made, 'x-amz-thing', undefined),
    'header not signed': header(made, 'x-amz-other', '1'),
    'hash of another body': header(made, 'x-amz-content-sha256', '0'.repeat(64)),
    region: header(made, 'authorization', authorization(made).replace('us-east-1', 'eu-west-1')),
    service: header(made, 'authorization', authorization(made).replace('/route53/', '/s3/')),
    date: header(made, 'authorization', authorization(made).replace('/20260309/', '/20260308/')),
    terminator: header(made, 'authorization', authorization(made).replace('aws4_request', 'aws4')),
    signature: header(
      made,
      'authorization',
      authorization(made).replace(/.$/, (c) => (c === '0' ? '1' : '0')),
    ),
    'short signature': header(made, 'authorization', authorization(made).slice(0, -1)),
    'host not signed': header(made, 'authorization', authorization(made).replace(';host;', ';')),
  };
  for (const [what, request] of Object.entries(changed)) await t.rejects(check(request), mismatch, what);
  await t.resolves(check({ ...made, search: 'type=b&name=a' }), 'the order of the query is no matter');
  await t.resolves(check(header(made, 'user-agent', 'x')), 'headers that nobody signs are none');
});

t.test('no signature, half a signature, another kind', async (t) => {
  const made = await signed();
  const told = async (request: SignedRequest) => {
    try {
      await check(request);
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'verified';
  };
  t.equal(await told(header(made, 'authorization', undefined)), 'MissingAuthenticationToken');
  t.equal(await told({ ...made, search: 'X-Amz-Signature=1' }), 'MissingAuthenticationToken');
  t.equal(await told({ ...made, search: 'x-amz-%73ignature=1' }), 'MissingAuthenticationToken');
  t.equal(await told(header(made, 'authorization', 'Basic eDp5')), 'IncompleteSignature');
  t.equal(await told(header(made, 'authorization', '')), 'IncompleteSignature');
  t.equal(await told(header(made, 'authorization', 'AWS4-HMAC-SHA256 Credential=a')), 'IncompleteSignature');
  t.equal(await told(header(made, 'x-amz-date', undefined)), 'IncompleteSignature');
  t.equal(await told(header(made, 'x-amz-date', '20269999T000000Z')), 'SignatureDoesNotMatch');
  t.equal(await told({ ...made, headers: [...made.headers, ['host', 'x']] }), 'IncompleteSignature');
  t.equal(await told({ ...made, headers: [...made.headers, ['authorization', 'x']] }), 'IncompleteSignature');
  t.equal(await told(header(made, 'x-amz-security-token', 'x')), 'InvalidClientTokenId');
  t.equal(await told(await signed({ key: accessKey({ accessKeyId: 'A/B' }) })), 'IncompleteSignature');
  t.equal(await told(await signed({ key: accessKey({ accessKeyId: '__proto__' }) })), 'InvalidClientTokenId');
  t.equal(await told(await signed({ key: accessKey({ secretAccessKey: 'x' }) })), 'SignatureDoesNotMatch');
  t.equal(await told(await signed({ service: 'route53resolver' })), 'SignatureDoesNotMatch');
});

t.test('clocks that differ by up to five minutes', async (t) => {
  for (const [seconds, verified] of [
    [0, true],
    [299, true],
    [300, true],
    [301, false],
    [-299, true],
    [-300, true],
    [-301, false],
  ] as const) {
    const made = await signed({ at: NOW + seconds * 1000 });
    if (verified) {
      const { until } = await check(made);
      t.equal(until, NOW + (seconds + 301) * 1000);
      await t.rejects(check(made, until), /Signature expired/);
    } else
      await t.rejects(check(made), {
        code: 'SignatureDoesNotMatch',
        message:
          seconds > 0
            ? 'Signature not yet current: 20260309T080501Z is still later than 20260309T080500Z (20260309T080000Z + 5 min.)'
            : 'Signature expired: 20260309T075459Z is now earlier than 20260309T075500Z (20260309T080000Z - 5 min.)',
      });
  }
});

t.test('the hash of the body may be claimed, if it is right', async (t) => {
  const hash = createHash('sha256').update('x').digest('hex');
  await t.resolves(
    check(await signed({ method: 'POST', body: 'x', headers: { 'x-amz-content-sha256': hash } })),
  );
  await t.rejects(
    check(
      await signed({ method: 'POST', body: 'x', headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }),
    ),
    { code: 'SignatureDoesNotMatch' },
  );
});

const PYTHON = `
import json, sys
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
given = json.load(sys.stdin)
auth = SigV4Auth(Credentials(given['id'], given['secret']), 'route53', 'eu-west-1')
out = []
for r in given['requests']:
    made = AWSRequest(method='POST', url='http://127.0.0.1:8053' + r['url'], data=r['body'].encode())
    made.headers['X-Amz-Thing'] = r['header']
    made.headers['Host'] = '127.0.0.1:8053'
    auth.add_auth(made)
    out.append({k.lower(): v for k, v in made.headers.items()})
json.dump(out, sys.stdout)
`;

t.test('what botocore signs is verified too', { skip: missingPython('botocore') }, async (t) => {
  const piece = fc.string({ unit: 'grapheme', maxLength: 6 }).map(encode);
  const arbitrary = fc.record({
    url: fc
      .tuple(fc.array(piece, { maxLength: 4 }), fc.array(fc.tuple(piece, piece), { maxLength: 4 }))
      .map(([path, query]) => `/${path.join('/')}?${query.map(([k, v]) => `x${k}=${v}`).join('&')}`),
    body: fc.string({ unit: 'grapheme' }).map((each) => each.toWellFormed()),
    header: fc.stringMatching(/^[!-~]([ -~]{0,8}[!-~])?$/),
  });
  const requests = fc.sample(arbitrary, 2000);
  const stdout = execFileSync(pythonWith('botocore')!, ['-c', PYTHON], {
    input: JSON.stringify({ id: KEY.accessKeyId, secret: KEY.secretAccessKey, requests }),
    maxBuffer: 64 * 1024 * 1024,
  });
  const headers = JSON.parse(String(stdout)) as Record<string, string>[];
  const refused: string[] = [];
  for (const [i, { url, body }] of requests.entries()) {
    const [path = '', search = ''] = url.split('?');
    const made = {
      method: 'POST',
      path,
      search,
      headers: Object.entries(headers[i]!),
      body: Buffer.from(body),
    };
    await check(made, Date.now()).catch((error: Error) => refused.push(`${url}: ${error.message}`));
  }
  t.same(refused, []);
});

/** Sends a signed request over loopback. */
async function send(
  port: number,
  made: SignedRequest,
): Promise<{ status: number; text: string; id: string }> {
  const { method, path, search, headers, body } = made;
  return new Promise((done, fail) => {
    const outgoing = request(
      {
        port,
        method,
        path: search === '' ? path : `${path}?${search}`,
        headers: Object.fromEntries(headers),
      },
      (reply) => {
        let text = '';
        reply.on('data', (chunk) => (text += chunk));
        reply.on('end', () =>
          done({ status: reply.statusCode!, text, id: String(reply.headers['x-amzn-requestid']) }),
        );
      },
    );
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

const BODY = `<DeleteVPCAssociationAuthorizationRequest><VPC><VPCId>vpc-1</VPCId></VPC></DeleteVPCAssociationAuthorizationRequest>`;

async function counted(t: Test, answer: (count: number) => object | Promise<object>) {
  let count = 0;
  const api = await startApi({
    handlers: {
      route53: {
        DeleteVPCAssociationAuthorization: async () => {
          await answer(++count);
          return {};
        },
        ListHostedZones: () => {
          count++;
          return { HostedZones: [], IsTruncated: false, MaxItems: '1' };
        },
      },
    },
  });
  t.teardown(() => api.close());
  const write = () =>
    signed({
      method: 'POST',
      path: '/2013-04-01/hostedzone/Z1/deauthorizevpcassociation',
      body: BODY,
      at: Date.now(),
    });
  return { api, write, count: () => count };
}

t.test('equal writes are one, at once and later; reads and other writes are not', async (t) => {
  const { api, write, count } = await counted(t, async () => {
    await new Promise((done) => setImmediate(done));
    return {};
  });
  const made = await write();
  const replies = await Promise.all([send(api.port, made), send(api.port, made), send(api.port, made)]);
  t.same(
    replies.map(({ status }) => status),
    [200, 200, 200],
  );
  t.same(await send(api.port, made).then(({ text }) => text), replies[0]!.text);
  t.equal(count(), 1);
  await send(api.port, header(made, 'x-amz-x', '1'));
  t.equal(count(), 1, 'what is not right is not applied');
  const read = await signed({ at: Date.now() });
  await send(api.port, read);
  await send(api.port, read);
  t.equal(count(), 3, 'reads are repeated');
  api.ahead = 302_000;
  t.match(await send(api.port, made), { status: 403, text: /Signature expired/ });
  t.equal(count(), 3);
});

t.test('an answer that decides nothing is not kept', async (t) => {
  const { api, write, count } = await counted(t, (count) => {
    if (count === 1) throw new Error('a bug with a secret in it');
    return {};
  });
  const made = await write();
  const failed = await send(api.port, made);
  t.match(failed, { status: 500, text: /<Type>Receiver<\/Type><Code>InternalFailure</ });
  t.notMatch(failed.text, /secret/);
  t.match(api.logged.join(''), /a bug with a secret/);
  t.match(await send(api.port, made), { status: 200 });
  t.equal(count(), 2);
});
