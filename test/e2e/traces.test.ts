/** Traces by OTLP: what a collector gets is what OpenTelemetry specifies, and what `causeway explain` tells. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import * as z from 'zod';
import { startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';

const nanoseconds = z.string().regex(/^\d{19}$/);
const attributes = z.array(
  z.strictObject({
    key: z.string(),
    value: z.union([
      z.strictObject({ stringValue: z.string() }),
      z.strictObject({ intValue: z.string().regex(/^\d+$/) }),
    ]),
  }),
);
/** Of ExportTraceServiceRequest in opentelemetry-proto, by its mapping to JSON: ids in hex, 64 bits as text. */
const request = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string() }),
          spans: z.array(
            z.strictObject({
              traceId: z.string().regex(/^[0-9a-f]{32}$/),
              spanId: z.string().regex(/^[0-9a-f]{16}$/),
              parentSpanId: z
                .string()
                .regex(/^[0-9a-f]{16}$/)
                .optional(),
              name: z.string().min(1),
              kind: z.int().min(1).max(5),
              startTimeUnixNano: nanoseconds,
              endTimeUnixNano: nanoseconds,
              attributes,
              status: z
                .strictObject({ code: z.int().min(0).max(2).optional(), message: z.string().optional() })
                .optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});
type Span = z.output<typeof request>['resourceSpans'][number]['scopeSpans'][number]['spans'][number];

const attributeOf = ({ attributes }: Pick<Span, 'attributes'>, key: string): string | undefined => {
  const value = attributes.find((each) => each.key === key)?.value;
  return value && ('stringValue' in value ? value.stringValue : value.intValue);
};

t.test('to a collector', { skip: missing('dig') }, async (t) => {
  const bodies: string[] = [];
  const types = new Set<string | undefined>();
  const collector = createServer((incoming, response) => {
    let body = '';
    types.add(`${incoming.method} ${incoming.url} ${incoming.headers['content-type']}`);
    incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    incoming.on('end', () => {
      bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  t.teardown(() => collector.close());
  const nobody = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `node: { name: edge-1, workers: 1, cache: 32MB, metrics: off }
vpcs: [{ id: vpc-a, cidrs: [127.0.0.0/8] }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"] }]
  outbound: [{ id: out-1 }]
rules: [{ id: corp, type: forward, domain: corp.example., targets: ["127.0.0.1:${nobody}"], outbound: out-1, vpcs: [vpc-a] }]
zones:
  - name: example.org.
    vpcs: [vpc-a]
    records: [{ name: www, type: CNAME, ttl: 60, values: web.example.org. }, { name: web, type: A, ttl: 60, values: 10.7.7.7 }]
traces: { to: "http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces", sample: 1 }
`,
  });
  t.teardown(() => daemon.stop());
  const at = ['@127.0.0.1', '-p', String(daemon.port)];
  await dig(...at, 'www.example.org', 'A');
  t.equal((await dig(...at, 'host.corp.example', 'AAAA', '+tcp', '+timeout=15')).status, 'SERVFAIL');
  const explained = JSON.parse(
    (await daemon.cli('explain', 'www.example.org', 'A', '--vpc', 'vpc-a', '--json')).stdout,
  );
  daemon.kill('SIGTERM');
  while (!/"stopped"/.test(daemon.log())) await new Promise((resolve) => setTimeout(resolve, 20));

  t.same([...types], ['POST /v1/traces application/json']);
  const sent = bodies.flatMap((body) => request.parse(JSON.parse(body)).resourceSpans);
  t.equal(attributeOf(sent[0]!.resource, 'service.name'), 'causeway');
  t.equal(attributeOf(sent[0]!.resource, 'service.instance.id'), 'edge-1');
  const spans = sent.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  t.equal(new Set(spans.map(({ spanId }) => spanId)).size, spans.length);
  const [first, second, ...more] = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
  t.same(more, [], 'explain is no query');
  const stepsOf = (root: Span): Span[] => spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
  for (const root of [first!, second!]) {
    let last = BigInt(root.startTimeUnixNano);
    for (const step of stepsOf(root)) {
      t.equal(step.traceId, root.traceId);
      t.ok(BigInt(step.startTimeUnixNano) === last && BigInt(step.endTimeUnixNano) >= last);
      last = BigInt(step.endTimeUnixNano);
    }
    t.ok(BigInt(root.endTimeUnixNano) >= last);
  }
  t.same(
    stepsOf(first!).map((step) => ({ stage: step.name, decision: attributeOf(step, 'causeway.decision') })),
    explained.steps,
    'it is what explain tells',
  );
  t.equal(first!.name, 'DNS A');
  t.equal(attributeOf(second!, 'dns.question.name'), 'host.corp.example.');
  t.equal(attributeOf(second!, 'network.transport'), 'tcp');
  t.match(second!.status, { code: 2, message: /./ });
  t.match(
    stepsOf(second!).map(({ name }) => name),
    ['forward', 'resolve'],
  );
});
