import type { Socket } from 'node:net';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { unreachable } from '../../util/assert.ts';
import type { Clock } from '../../util/clock.ts';
import type {
  Destination,
  LogFormat,
  QueryLog,
  QueryLogs,
  StreamAddress,
  Traces,
} from '../../view/querylog.ts';
import type { Question } from '../../wire/record.ts';
import { UdpOutput, UnixDatagramOutput } from './datagramoutput.ts';
import { CONTENT_TYPE, dnstapFrames } from './dnstap.ts';
import { FrameStreamsWriter } from './framestreamswriter.ts';
import { contentTypeOf, HttpOutput } from './httpoutput.ts';
import { lineOf } from './lines.ts';
import { LogFile } from './logfile.ts';
import type { Output } from './output.ts';
import type { Logged } from './plan.ts';
import { StandardOutput } from './standardoutput.ts';
import { type Conversation, NO_WORDS, StreamOutput, type StreamOutputOptions } from './streamoutput.ts';
import { counted, syslogMessage } from './syslog.ts';
import { traceOutput } from './traces.ts';

export interface OutputsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The outputs of all logs, each opened when something is written there first. */
export class Outputs {
  readonly #o: OutputsOptions;
  readonly #standard: StandardOutput;
  /** By path. */
  readonly #files = new Map<string, LogFile>();
  /** By what `keyOf` says. */
  readonly #receivers = new Map<string, Output<Buffer>>();

  constructor(options: OutputsOptions) {
    this.#o = options;
    this.#standard = new StandardOutput(options.metrics);
  }

  /** Rotations are those of the newest logs; files and connections that these do not name are closed. */
  configure({ logs, traces }: QueryLogs): void {
    const wanted = new Map(
      logs.map((log) => [keyOf(log.to, log.to.kind === 'http' ? log.format : undefined), log]),
    );
    for (const [path, file] of this.#files) {
      const log = wanted.get(path);
      // It stays known: what was answered before this may still be written, and who compresses is one.
      if (log === undefined) file.close();
      else file.rotation = log.rotate;
    }
    for (const [key, receiver] of this.#receivers)
      if (!wanted.has(key) && (traces === undefined || key !== traceKey(traces))) {
        void receiver.close();
        this.#receivers.delete(key);
      }
  }

  /** A query for this log. */
  add(log: QueryLog, logged: Logged, question: Question): void {
    switch (log.to.kind) {
      case 'stdout':
        this.#standard.add(lineOf(log.format, logged, question));
        break;
      case 'file':
        this.#file(log, log.to.path).add(lineOf(log.format, logged, question));
        break;
      case 'dnstap':
        this.#stream(log.to, log.to.at, dnstap).add(dnstapFrames(logged));
        break;
      case 'syslog':
        this.#syslog(
          log.to,
          syslogMessage(log.to.facility, log, logged, lineOf(log.format, logged, question)),
        );
        break;
      case 'http':
        this.#http(log.format, log.to).add(Buffer.from(lineOf(log.format, logged, question)));
        break;
      default:
        unreachable(log.to);
    }
  }

  /** Spans, as OTLP has them. */
  addTrace(traces: Traces, node: string, spans: Uint8Array): void {
    this.#receiver(traceKey(traces), () => traceOutput(traces, node, this.#o)).add(Buffer.from(spans));
  }

  flush(): void {
    for (const output of this.#all()) output.flush();
  }

  reopen(): void {
    for (const output of this.#all()) output.reopen();
  }

  /** Resolves when all is written, or cannot be. */
  async close(): Promise<void> {
    await Promise.all(this.#all().map((output) => output.close()));
  }

  #file(log: QueryLog, path: string): LogFile {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = new LogFile({ ...this.#o, path }, log.rotate);
      this.#files.set(path, file);
    }
    return file;
  }

  #syslog(to: Of<'syslog'>, message: Buffer): void {
    const { at } = to;
    const options = { ...this.#o, to };
    switch (at.way) {
      case 'tcp':
        this.#stream(to, at, () => NO_WORDS).add(counted(message));
        break;
      case 'udp':
        this.#receiver(keyOf(to), () => new UdpOutput(options, at.address, at.port)).add(message);
        break;
      case 'unix':
        this.#receiver(keyOf(to), () => new UnixDatagramOutput(options, at.path)).add(message);
        break;
      default:
        unreachable(at);
    }
  }

  #stream(to: Destination, at: StreamAddress, converse: StreamOutputOptions['converse']): Output<Buffer> {
    return this.#receiver(keyOf(to), () => new StreamOutput({ ...this.#o, to, at, converse }));
  }

  #http(format: LogFormat, to: Of<'http'>): Output<Buffer> {
    const contentType = contentTypeOf(format);
    return this.#receiver(keyOf(to, format), () => new HttpOutput({ ...this.#o, to, contentType }));
  }

  #receiver(key: string, make: () => Output<Buffer>): Output<Buffer> {
    const known = this.#receivers.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#receivers.set(key, made);
    return made;
  }

  #all(): Pick<Output, 'flush' | 'reopen' | 'close'>[] {
    return [this.#standard, ...this.#files.values(), ...this.#receivers.values()];
  }
}

type Of<Kind> = Extract<Destination, { kind: Kind }>;

const dnstap = (socket: Socket): Conversation => new FrameStreamsWriter(socket, CONTENT_TYPE);

const traceKey = ({ to }: Traces): string => JSON.stringify([to, 'traces']);

/** What logs share that go there. Lines of two formats are not mixed in one body. */
function keyOf(to: Destination, format?: LogFormat): string {
  return to.kind === 'file' ? to.path : JSON.stringify([to, format]);
}
