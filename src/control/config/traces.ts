import * as z from 'zod';
import { readUrl } from './logdestination.ts';
import { setting, text } from './setting.ts';

/** Traces of queries. */
export const tracesSchema = z.strictObject({
  to: setting(text(readUrl), {
    description:
      'Where traces are sent: the whole URL by which a collector takes OTLP over HTTP, in JSON. The certificate of `https` is checked.',
    range: 'a URL of http or https',
    example: 'http://127.0.0.1:4318/v1/traces',
  }),
  sample: setting(z.number().gt(0).max(1), {
    description:
      'The share of queries that is traced, drawn by chance, of those that no cache of answers knows. A trace costs about as much as an answer from a zone.',
    range: 'a number over 0 and up to 1',
    example: '0.01',
  }).prefault(0.001),
  authorization: setting(z.string().min(1).max(4096), {
    description:
      'File with the value of the Authorization header, as `Bearer …`; best of mode 0600. It is read for each request. Relative paths start at the folder of the configuration file.',
    range: 'a path',
    example: '/etc/causeway/collector.token',
    absent: 'no such header is sent',
  }).optional(),
});

export const tracesExample = `traces:
  to: http://127.0.0.1:4318/v1/traces
  sample: 0.01
`;
