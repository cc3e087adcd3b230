import { writeSync } from 'node:fs';
import { METRIC, type Metrics } from '../../telemetry/metrics.ts';
import type { Output } from './output.ts';

const STANDARD_OUTPUT = 1;
/** What waits for a reader that is slow. */
const WAITING_OCTETS_MAX = 1 << 20;

/** Lines on the standard output of the process. A reader that is too slow loses whole lines; one that is gone, all. */
export class StandardOutput implements Output {
  readonly #metrics: Metrics;
  readonly #write: (octets: Uint8Array) => number;
  #waiting: Buffer = Buffer.alloc(0);
  #lines: string[] = [];

  /** @param write what is written of the octets; throws as `writeSync` does */
  constructor(metrics: Metrics, write = (octets: Uint8Array): number => writeSync(STANDARD_OUTPUT, octets)) {
    this.#metrics = metrics;
    this.#write = write;
  }

  add(line: string): void {
    this.#lines.push(line);
  }

  flush(): void {
    const lines = this.#lines;
    this.#lines = [];
    this.#push();
    if (lines.length === 0) return;
    if (this.#waiting.length > WAITING_OCTETS_MAX) {
      this.#metrics.add(METRIC.logDroppedFile, lines.length);
      return;
    }
    const octets = Buffer.from(lines.join(''));
    this.#waiting = Buffer.concat([this.#waiting, octets]);
    this.#metrics.add(METRIC.logRecords, lines.length);
    this.#metrics.add(METRIC.logBytes, octets.length);
    this.#push();
  }

  reopen(): void {}

  close(): void {
    this.flush();
  }

  #push(): void {
    try {
      while (this.#waiting.length > 0) this.#waiting = this.#waiting.subarray(this.#write(this.#waiting));
    } catch {
      // A pipe that is full for the moment; one that nobody reads stays so until what waits is too much.
    }
  }
}
