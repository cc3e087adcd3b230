import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { unreachable } from '../../util/assert.ts';
import type { Clock } from '../../util/clock.ts';
import type { QueryLog, QueryLogs, StreamAddress } from '../../view/querylog.ts';
import type { Question } from '../../wire/record.ts';
import { CONTENT_TYPE, dnstapFrames } from './dnstap.ts';
import { FrameStreamsWriter } from './framestreamswriter.ts';
import { lineOf } from './lines.ts';
import { LogFile } from './logfile.ts';
import type { Output } from './output.ts';
import type { Logged } from './plan.ts';
import { StandardOutput } from './standardoutput.ts';
import { StreamOutput } from './streamoutput.ts';

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
  /** By destination: logs of one destination share it. */
  readonly #streams = new Map<string, StreamOutput>();

  constructor(options: OutputsOptions) {
    this.#o = options;
    this.#standard = new StandardOutput(options.metrics);
  }

  /** Rotations are those of the newest logs; files and connections that these do not name are closed. */
  configure({ logs }: QueryLogs): void {
    const wanted = new Map(logs.map((log) => [keyOf(log), log]));
    for (const [path, file] of this.#files) {
      const log = wanted.get(path);
      // It stays known: what was answered before this may still be written, and who compresses is one.
      if (log === undefined) file.close();
      else file.rotation = log.rotate;
    }
    for (const [key, stream] of this.#streams) if (!wanted.has(key)) void stream.close();
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
      case 'stream':
        this.#stream(log, log.to.at).add(dnstapFrames(logged));
        break;
      default:
        unreachable(log.to);
    }
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

  #stream(log: QueryLog, to: StreamAddress): StreamOutput {
    const key = keyOf(log);
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = new StreamOutput({
        ...this.#o,
        to,
        converse: (socket) => new FrameStreamsWriter(socket, CONTENT_TYPE),
      });
      this.#streams.set(key, stream);
    }
    return stream;
  }

  #all(): Pick<Output, 'flush' | 'reopen' | 'close'>[] {
    return [this.#standard, ...this.#files.values(), ...this.#streams.values()];
  }
}

function keyOf({ to }: QueryLog): string {
  return to.kind === 'file' ? to.path : JSON.stringify(to);
}
