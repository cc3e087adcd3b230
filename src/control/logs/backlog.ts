import { METRIC, type Metrics } from '../../telemetry/metrics.ts';

/** What waits for a receiver that is slow or away. */
const WAITING_OCTETS_MAX = 8 << 20;

/** Entries that are sent together. */
export interface Batch {
  readonly entries: Buffer[];
  octets: number;
}

/** How it is told what became of entries. */
export interface Counting {
  sent(entries: number, octets: number): void;
  lost(entries: number): void;
}

/** That of queries for logs. */
export function countRecords(metrics: Metrics): Counting {
  return {
    sent(entries, octets) {
      metrics.add(METRIC.logRecords, entries);
      metrics.add(METRIC.logBytes, octets);
    },
    lost: (entries) => metrics.add(METRIC.logDroppedReceiver, entries),
  };
}

/** Entries on their way to a receiver, in batches. What there is no room for is counted and gone. */
export class Backlog {
  readonly #count: Counting;
  readonly #batchOctets: number;
  readonly #octetsMax: number;
  #batches: Batch[] = [];
  #octets = 0;
  /** Since it was asked last. */
  #lost = 0;

  /** @param batchOctets a batch that has as many is full; an entry may be larger */
  constructor(count: Counting, batchOctets: number, octetsMax = WAITING_OCTETS_MAX) {
    this.#count = count;
    this.#batchOctets = batchOctets;
    this.#octetsMax = octetsMax;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** More than one batch waits. */
  get hasFullBatch(): boolean {
    return this.#batches.length > 1;
  }

  add(entry: Buffer): void {
    if (this.#octets + entry.length > this.#octetsMax) {
      this.lose(1);
      return;
    }
    let batch = this.#batches.at(-1);
    if (batch === undefined || batch.octets + entry.length > this.#batchOctets) {
      batch = { entries: [], octets: 0 };
      this.#batches.push(batch);
    }
    batch.entries.push(entry);
    batch.octets += entry.length;
    this.#octets += entry.length;
  }

  /** The oldest batch, which counts as waiting no longer. */
  take(): Batch | undefined {
    const batch = this.#batches.shift();
    if (batch !== undefined) this.#octets -= batch.octets;
    return batch;
  }

  /** Entries that were taken are with the receiver. */
  sent({ entries, octets }: Batch): void {
    this.#count.sent(entries.length, octets);
  }

  /** Entries that will not get there. */
  lose(entries: number): void {
    this.#lost += entries;
    if (entries > 0) this.#count.lost(entries);
  }

  /** All that waits will not get there. */
  loseAll(): void {
    for (let batch = this.take(); batch !== undefined; batch = this.take()) this.lose(batch.entries.length);
  }

  /** How many were lost since the last call. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }
}
