import { METRIC, type Metrics } from '../../telemetry/metrics.ts';
import type { Traces } from '../../view/querylog.ts';
import { HttpOutput, type HttpOutputOptions } from './httpoutput.ts';

/** Traces to a collector: OTLP over HTTP, in JSON. Entries are spans with commas between them. */
export function traceOutput(
  { to }: Traces,
  node: string,
  { metrics, ...around }: Omit<HttpOutputOptions, 'to' | 'contentType' | 'count' | 'body'>,
): HttpOutput {
  return new HttpOutput({
    ...around,
    metrics,
    to,
    contentType: 'application/json',
    count: countTraces(metrics),
    body: (entries) => exportRequest(node, entries),
  });
}

function countTraces(metrics: Metrics): NonNullable<HttpOutputOptions['count']> {
  return {
    sent: (traces) => metrics.add(METRIC.tracesSent, traces),
    lost: (traces) => metrics.add(METRIC.tracesDropped, traces),
  };
}

/** `ExportTraceServiceRequest` of OTLP. */
function exportRequest(node: string, entries: readonly Buffer[]): Buffer {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const resource = { attributes: [text('service.name', 'causeway'), text('service.instance.id', node)] };
  const scope = { name: 'causeway' };
  const [head, tail] = JSON.stringify({
    resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [] }] }],
  }).split(/(?<="spans":\[)/);
  return Buffer.concat([
    Buffer.from(head!),
    ...entries.flatMap((entry, i) => (i === 0 ? [entry] : [COMMA, entry])),
    Buffer.from(tail!),
  ]);
}

const COMMA = Buffer.from(',');
