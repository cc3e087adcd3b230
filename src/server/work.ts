import {
  BUDGET_BYTES,
  BUDGET_FAILED_VERIFIES,
  BUDGET_NSEC3_BLOCKS,
  BUDGET_PACKETS,
  BUDGET_VERIFIES,
  type Budget,
} from '../resolver/budget.ts';

/** What a question costs of a budget: it goes with the question and what was added comes back with the answer. */
export interface Work {
  readonly packets: number;
  readonly bytes: number;
  readonly verifies: number;
  readonly failedVerifies: number;
  readonly nsec3Blocks: number;
}

/** One budget for all that a client query causes, in whichever worker: it is charged for what was spent elsewhere. */
export function charge(budget: Budget, work: Work, now: number): void {
  const { packets, bytes, verifies, failedVerifies, nsec3Blocks } = work;
  for (let i = 0; i < packets; i++) budget.takePacket(now);
  budget.takeBytes(bytes);
  for (let i = 0; i < verifies; i++) budget.takeVerify();
  for (let i = 0; i < failedVerifies; i++) budget.verifyFailed();
  budget.takeNsec3Blocks(Math.min(nsec3Blocks, budget.left.nsec3Blocks));
}

export function spentOf({ left }: Budget): Work {
  return {
    packets: BUDGET_PACKETS - left.packets,
    bytes: BUDGET_BYTES - left.bytes,
    verifies: BUDGET_VERIFIES - left.verifies,
    failedVerifies: BUDGET_FAILED_VERIFIES - left.failedVerifies,
    nsec3Blocks: BUDGET_NSEC3_BLOCKS - left.nsec3Blocks,
  };
}

export function difference(after: Work, before: Work): Work {
  return {
    packets: after.packets - before.packets,
    bytes: after.bytes - before.bytes,
    verifies: after.verifies - before.verifies,
    failedVerifies: after.failedVerifies - before.failedVerifies,
    nsec3Blocks: after.nsec3Blocks - before.nsec3Blocks,
  };
}
