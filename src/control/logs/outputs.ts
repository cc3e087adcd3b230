import type { Socket } from 'node:net';
import type { Logger } from '../../telemetry/log.ts';
import { METRIC, type Metrics } from '../../telemetry/metrics.ts';
import { unreachable } from '../../util/assert.ts';
import type { Clock, Timer } from '../../util/clock.ts';
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
import { KEPT_MS } from './plans.ts';
import { StandardOutput } from './standardoutput.ts';
import { type Conversation, NO_WORDS, StreamOutput, type StreamOutputOptions } from './streamoutput.ts';
import { counted, syslogMessage } from './syslog.ts';
import { traceOutput } from './traces.ts';

export interface OutputsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * The outputs of all logs, each opened when something is written there first. One that the newest logs do not name is kept
 * for as long as queries may still come that were answered before, but it is not opened for them: what an operator has
 * taken away stays away.
 */
export class Outputs {
  readonly #o: OutputsOptions;
  readonly #standard: StandardOutput;
  /** By path. */
  readonly #files = new Map<string, LogFile>();
  /** By what `keyOf` says. */
  readonly #receivers = new Map<string, Output<Buffer>>();
  /** Of both, those that the newest logs name, and the others until they are closed. */
  #named: ReadonlySet<string> = new Set();
  readonly #leaving = new Map<string, Timer>();

  constructor(options: OutputsOptions) {
    this.#o = options;
    this.#standard = new StandardOutput(options.metrics);
  }

  /** Rotations are those of the newest logs; files and connections that these do not name are left. */
  configure({ logs, traces }: QueryLogs): void {
    const wanted = new Map(
      logs.map((log) => [keyOf(log.to, log.to.kind === 'http' ? log.format : undefined), log]),
    );
    this.#named = new Set([...wanted.keys(), ...(traces === undefined ? [] : [traceKey(traces)])]);
    for (const [path, file] of this.#files) {
      const log = wanted.get(path);
      file.isNamed = log !== undefined;
      if (log !== undefined) file.rotation = log.rotate;
    }
    for (const key of [...this.#files.keys(), ...this.#receivers.keys()])
      if (this.#named.has(key)) this.#keep(key);
      else if (!this.#leaving.has(key))
        this.#leaving.set(
          key,
          this.#o.clock.after(KEPT_MS, () => this.#leave(key)),
        );
  }

  #keep(key: string): void {
    this.#leaving.get(key)?.cancel();
    this.#leaving.delete(key);
  }

  #leave(key: string): void {
    this.#leaving.delete(key);
    // A file stays known, as who compresses is one.
    this.#files.get(key)?.close();
    void this.#receivers.get(key)?.close();
    this.#receivers.delete(key);
  }

  /** A query for this log. */
  add(log: QueryLog, logged: Logged, question: Question): void {
    switch (log.to.kind) {
      case 'stdout':
        this.#standard.add(lineOf(log.format, logged, question));
        break;
      case 'file':
        this.#addLine(log, log.to.path, lineOf(log.format, logged, question));
        break;
      case 'dnstap':
        this.#addToStream(log.to, log.to.at, dnstap, dnstapFrames(logged));
        break;
      case 'syslog':
        this.#addToSyslog(
          log.to,
          syslogMessage(log.to.facility, log, logged, lineOf(log.format, logged, question)),
        );
        break;
      case 'http':
        this.#post(log.format, log.to, Buffer.from(lineOf(log.format, logged, question)));
        break;
      default:
        unreachable(log.to);
    }
  }

  /** Spans, as OTLP has them. */
  addTrace(traces: Traces, node: string, spans: Uint8Array): void {
    const make = (): HttpOutput => traceOutput(traces, node, this.#o);
    this.#send(traceKey(traces), make, Buffer.from(spans), METRIC.tracesDropped);
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

  #addLine(log: QueryLog, path: string, line: string): void {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = new LogFile({ ...this.#o, path }, log.rotate);
      file.isNamed = this.#named.has(path);
      this.#files.set(path, file);
    }
    file.add(line);
  }

  #addToSyslog(to: Of<'syslog'>, message: Buffer): void {
    const { at } = to;
    const options = { ...this.#o, to };
    switch (at.way) {
      case 'tcp':
        this.#addToStream(to, at, () => NO_WORDS, counted(message));
        break;
      case 'udp':
        this.#send(keyOf(to), () => new UdpOutput(options, at.address, at.port), message);
        break;
      case 'unix':
        this.#send(keyOf(to), () => new UnixDatagramOutput(options, at.path), message);
        break;
      default:
        unreachable(at);
    }
  }

  #addToStream(
    to: Destination,
    at: StreamAddress,
    converse: StreamOutputOptions['converse'],
    entry: Buffer,
  ): void {
    this.#send(keyOf(to), () => new StreamOutput({ ...this.#o, to, at, converse }), entry);
  }

  #post(format: LogFormat, to: Of<'http'>, entry: Buffer): void {
    const contentType = contentTypeOf(format);
    this.#send(keyOf(to, format), () => new HttpOutput({ ...this.#o, to, contentType }), entry);
  }

  /** @param lost what is counted where nobody is to be called for it any more */
  #send(
    key: string,
    make: () => Output<Buffer>,
    entry: Buffer,
    lost: number = METRIC.logDroppedRevision,
  ): void {
    let receiver = this.#receivers.get(key);
    if (receiver === undefined && this.#named.has(key)) {
      receiver = make();
      this.#receivers.set(key, receiver);
    }
    if (receiver === undefined) this.#o.metrics.add(lost);
    else receiver.add(entry);
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
