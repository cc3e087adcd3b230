import { writeSync } from 'node:fs';
import { METRIC, type Metrics } from '../../telemetry/metrics.ts';
import type { Output } from './output.ts';

const STANDARD_OUTPUT = 1;
/** What waits for a reader that is slow. */
const WAITING_OCTETS_MAX = 1 << 20;

/** Lines that were added together. */
interface Chunk {
  readonly lines: number;
  readonly octets: Buffer;
  /** Octets of them that are written. */
  written: number;
}

/** Lines on the standard output of the process. A reader that is too slow loses whole lines; one that is gone, all. */
export class StandardOutput implements Output {
  readonly #metrics: Metrics;
  readonly #write: (octets: Uint8Array) => number;
  #waiting: Chunk[] = [];
  #waitingOctets = 0;
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
    if (this.#waitingOctets > WAITING_OCTETS_MAX) {
      this.#metrics.add(METRIC.logDroppedFile, lines.length);
      return;
    }
    const octets = Buffer.from(lines.join(''));
    this.#waiting.push({ lines: lines.length, octets, written: 0 });
    this.#waitingOctets += octets.length;
    this.#push();
  }

  reopen(): void {}

  /** What still waits is lost: the process ends. */
  close(): void {
    this.flush();
    this.#drop();
  }

  #push(): void {
    try {
      for (let chunk = this.#waiting[0]; chunk !== undefined; chunk = this.#waiting[0]) this.#take(chunk);
    } catch (error) {
      // A pipe, or a disk, that is full for the moment is written to later; who has closed a pipe will not be back.
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') this.#drop();
    }
  }

  #take(chunk: Chunk): void {
    const { lines, octets } = chunk;
    const written = this.#write(octets.subarray(chunk.written));
    chunk.written += written;
    this.#waitingOctets -= written;
    if (chunk.written < octets.length) return;
    this.#waiting.shift();
    this.#metrics.add(METRIC.logRecords, lines);
    this.#metrics.add(METRIC.logBytes, octets.length);
  }

  #drop(): void {
    for (const { lines } of this.#waiting) this.#metrics.add(METRIC.logDroppedFile, lines);
    this.#waiting = [];
    this.#waitingOctets = 0;
  }
}
