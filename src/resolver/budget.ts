import { Unheard } from './unheard.ts';

/**
 * The work that one client query may cause, whatever it meets: one object, passed by reference through every
 * restart and sub-query, only ever decremented. Limits in other resolvers were passed by because something reset
 * them (CVE-2026-50045, CVE-2026-42534); here there is nothing to reset.
 */

/** Messages sent upstream. No honest resolution needs a tenth; Unbound's and BIND's limit (CAMP 2024). */
export const BUDGET_PACKETS = 200;
/** Octets accepted from upstreams: one full TCP message, and as much again for the rest of the chain. */
export const BUDGET_BYTES = 128 * 1024;
/** All work of a query ends then, also what goes on in the background after the client was answered. */
export const BUDGET_WORK_MS = 10_000;
/** The client gets an answer by then: stub resolvers commonly give up at 5 s. */
export const BUDGET_REPLY_MS = 4_500;
/** Signature checks (KeyTrap, CVE-2023-50387). */
export const BUDGET_VERIFIES = 32;
/**
 * Of them those that may fail, in all RRsets and replies together: a signature names its key, so that one fails where
 * data are damaged, where two keys have one tag, or under attack.
 */
export const BUDGET_FAILED_VERIFIES = 4;
/** Compression-function calls of NSEC3 hashing (CVE-2023-50868). */
export const BUDGET_NSEC3_BLOCKS = 128;

/**
 * Sub-queries for addresses of servers, and zones that are looked at to see whether one is worth it. Those that
 * the cache answers cost no packet, and a tree of delegations could ask for thousands of them.
 */
export const BUDGET_FETCHES = 64;
/** Sub-queries of sub-queries: addresses of servers of servers. BIND's figure. */
export const DEPTH_MAX = 7;

/** Names the limit that was met, for EDE texts. */
export type BudgetLimit = 'packets' | 'bytes' | 'time';

export class Budget {
  /** Clock time (monotonic milliseconds); so are `replyBy` and `workBy`. */
  readonly startedAt: number;
  /** What is sent to servers that do not reply. */
  readonly unheard = new Unheard();
  #packets = BUDGET_PACKETS;
  #bytes = BUDGET_BYTES;
  #verifies = BUDGET_VERIFIES;
  #failedVerifies = BUDGET_FAILED_VERIFIES;
  #nsec3Blocks = BUDGET_NSEC3_BLOCKS;
  #fetches = BUDGET_FETCHES;

  /** @param now clock time at which the client's query arrived */
  constructor(now: number) {
    this.startedAt = now;
  }

  get replyBy(): number {
    return this.startedAt + BUDGET_REPLY_MS;
  }
  get workBy(): number {
    return this.startedAt + BUDGET_WORK_MS;
  }

  /** What is left; for metrics, `explain` and tests. */
  get left(): {
    packets: number;
    bytes: number;
    verifies: number;
    failedVerifies: number;
    nsec3Blocks: number;
  } {
    return {
      packets: this.#packets,
      bytes: this.#bytes,
      verifies: this.#verifies,
      failedVerifies: this.#failedVerifies,
      nsec3Blocks: this.#nsec3Blocks,
    };
  }

  /** The limit that forbids another packet now, if any. */
  spent(now: number): BudgetLimit | undefined {
    if (this.#packets <= 0) return 'packets';
    if (this.#bytes <= 0) return 'bytes';
    return now >= this.workBy ? 'time' : undefined;
  }

  /** Charges one message to be sent; false: it must not be sent. */
  takePacket(now: number): boolean {
    if (this.spent(now) !== undefined) return false;
    this.#packets--;
    return true;
  }

  /** Charges a message received. The one that goes past the limit is still used, and is the last. */
  takeBytes(octets: number): void {
    this.#bytes = Math.max(0, this.#bytes - octets);
  }

  takeFetch(): boolean {
    if (this.#fetches <= 0) return false;
    this.#fetches--;
    return true;
  }

  /** Takes all that is left: nothing more is to be done for this query. */
  end(): void {
    this.#packets = 0;
    this.#fetches = 0;
    this.#verifies = 0;
    this.#nsec3Blocks = 0;
  }

  takeVerify(): boolean {
    if (this.#verifies <= 0 || this.#failedVerifies <= 0) return false;
    this.#verifies--;
    return true;
  }

  /** Charges the failure of a check; after the last that may fail no more are made. */
  verifyFailed(): void {
    this.#failedVerifies = Math.max(0, this.#failedVerifies - 1);
  }

  takeNsec3Blocks(blocks: number): boolean {
    if (this.#nsec3Blocks < blocks) return false;
    this.#nsec3Blocks -= blocks;
    return true;
  }
}

/** For EDE texts: names the limit and its size. */
export function limitToText(limit: BudgetLimit): string {
  switch (limit) {
    case 'packets':
      return `${BUDGET_PACKETS} packets`;
    case 'bytes':
      return `${BUDGET_BYTES} octets`;
    case 'time':
      return `${BUDGET_WORK_MS / 1000} s`;
  }
}
