import t from 'tap';
import { KIND } from '../../../src/control/hosted/bodies.ts';
import { type LogConfigBody, logAt, readDestination, withLogs } from '../../../src/control/hosted/logs.ts';
import { RESOLVER } from '../../../src/control/hosted/resolver.ts';
import type { PutItem } from '../../../src/control/store/store.ts';
import { MemoryStore } from '../../support/memorystore.ts';
import { BASE, good } from '../config/support.ts';

const ORIGIN = { account: '000000000000', accessKey: '', source: 'test', operation: 'test', summary: '' };
const GROUP = 'arn:aws:logs:us-east-1:000000000000:log-group:/aws/route53/shop:*';
const CONFIG = good(`${BASE}logs:
  - { id: own, to: own.jsonl, vpcs: [vpc-a] }
  - { id: bucket, to: bucket.jsonl, vpcs: [vpc-a], destinations: [corp-logs] }
  - { id: exact, to: exact.jsonl, destinations: ["arn:aws:s3:::corp-logs/vpc"] }
  - { id: group, to: group.log, format: public, destinations: [/aws/route53/shop] }
`);

const put = (kind: string, id: string, body: object): PutItem => ({
  action: 'put',
  kind,
  id,
  account: '000000000000',
  sort: id,
  body,
});
const config = (id: string, destination: string): PutItem => {
  const body: LogConfigBody = { name: id, destination, created: 0, creatorRequestId: id, request: '' };
  return put(RESOLVER.logConfig, id, body);
};
const associate = (id: string, vpc: string): PutItem =>
  put(RESOLVER.logAssociation, `${id} ${vpc}`, { config: id, vpc, created: 0 });

t.test('destinations and what they are called', async (t) => {
  for (const [arn, type, name] of [
    [GROUP, 'CloudWatchLogs', '/aws/route53/shop'],
    ['arn:aws:s3:::corp-logs/a/b', 'S3', 'corp-logs'],
    ['arn:aws-cn:firehose:cn-north-1:000000000000:deliverystream/queries', 'KinesisFirehose', 'queries'],
  ] as const)
    t.same(readDestination(arn), { type, name });
  for (const arn of ['', 'corp-logs', 'arn:aws:s3:::', 'arn:aws:sns:eu-west-1:000000000000:topic'])
    t.equal(readDestination(arn), undefined, arn);
});

t.test('the whole ARN goes before the name; formats have their own', async (t) => {
  const id = (format: 'resolver' | 'public', arn: string) => logAt(CONFIG, format, arn)?.id;
  t.equal(id('resolver', 'arn:aws:s3:::corp-logs/other'), 'bucket');
  t.equal(id('resolver', 'arn:aws:s3:::corp-logs/vpc'), 'exact');
  t.equal(id('public', GROUP), 'group');
  t.equal(id('resolver', GROUP), undefined);
  t.equal(id('public', 'arn:aws:s3:::corp-logs'), undefined);
});

t.test('what the API associates is beside what is declared', async (t) => {
  const store = new MemoryStore(() => 0, 1000);
  await store.apply({
    origin: ORIGIN,
    items: [
      config('rqlc-1', 'arn:aws:s3:::corp-logs/other'),
      config('rqlc-2', 'arn:aws:s3:::nowhere'),
      associate('rqlc-1', 'vpc-b'),
      associate('rqlc-1', 'vpc-a'),
      associate('rqlc-1', 'vpc-gone'),
      associate('rqlc-2', 'vpc-b'),
      associate('rqlc-gone', 'vpc-b'),
      put(KIND.queryLog, '1', { zone: 'Z0SHOP', arn: GROUP }),
      put(KIND.queryLog, '2', { zone: 'Z0LOST', arn: GROUP.replace('shop', 'none') }),
    ],
  });
  t.same(
    withLogs(CONFIG, store).logs.map(({ id, vpcs, zones }) => [id, vpcs, zones]),
    [
      ['own', ['vpc-a'], []],
      ['bucket', ['vpc-a', 'vpc-b'], []],
      ['exact', [], []],
      ['group', [], ['Z0SHOP']],
    ],
  );
});
