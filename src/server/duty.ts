import type { Descriptor } from '../view/channel.ts';
import type { Duty } from '../view/report.ts';

/**
 * Whom a worker serves. Who comes by TLS costs a millisecond before the first question, where an answer by UDP costs
 * some microseconds. So workers have siblings that do nothing else, behind them on each core (`util/priority`): however
 * many handshakes there are, answers in plain text do not wait for them. There are as many, as clients may all come by TLS
 * and should have all cores then; they are made when an endpoint first speaks it.
 *
 *     slot    0 … workers-1  `plain`      workers … 2*workers-1  `encrypted`
 *
 * An encrypted worker has answers in a cache of its own, and owns no question (`server/ownership`): what it does not
 * have it asks of the plain workers.
 */

/** Slots for a number of workers, and for the siblings that they may get. */
export function slotsOf(workers: number): number {
  return 2 * workers;
}

/** @param workers number of plain workers */
export function dutyOf(slot: number, workers: number): Duty {
  return slot < workers ? 'plain' : 'encrypted';
}

/** Whose listening socket one of that protocol is. */
export function dutyFor(protocol: Descriptor['protocol']): Duty {
  return protocol === 'do53' ? 'plain' : 'encrypted';
}
