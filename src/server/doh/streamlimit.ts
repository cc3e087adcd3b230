import { REQUESTS_MAX } from './connection.ts';
import { type FrameWriter, SETTING } from './frames.ts';

/** Streams before the first answer: whoever opens a session for nothing gets less of it. */
export const STREAMS_FIRST_MAX = 50;

/** How many streams a client may have open, as our settings tell it. */
export class StreamLimit {
  readonly #frames: FrameWriter;
  /** Of our settings, those that the client has not acknowledged. */
  #unacknowledged = 0;
  max = STREAMS_FIRST_MAX;

  /** @param headerOctets the most that the header section of a request may have, which is told beside */
  constructor(frames: FrameWriter, headerOctets: number) {
    this.#frames = frames;
    this.#tell([
      [SETTING.streams, STREAMS_FIRST_MAX],
      [SETTING.headerOctets, headerOctets],
    ]);
  }

  /** Whether the client has heard of the limit: before, it is no fault to go beyond (RFC 9113 section 5.1.2). */
  get isKnown(): boolean {
    return this.#unacknowledged === 0;
  }

  acknowledged(): void {
    this.#unacknowledged = Math.max(0, this.#unacknowledged - 1);
  }

  /** After an answer. */
  raise(): void {
    if (this.max === REQUESTS_MAX) return;
    this.max = REQUESTS_MAX;
    this.#tell([[SETTING.streams, REQUESTS_MAX]]);
  }

  #tell(settings: readonly (readonly [number, number])[]): void {
    this.#frames.settings(settings);
    this.#unacknowledged++;
  }
}
