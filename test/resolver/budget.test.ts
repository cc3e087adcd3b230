import t from 'tap';
import {
  BUDGET_BYTES,
  BUDGET_FAILED_VERIFIES,
  BUDGET_NSEC3_BLOCKS,
  BUDGET_PACKETS,
  BUDGET_VERIFIES,
  BUDGET_WORK_MS,
  Budget,
  limitToText,
} from '../../src/resolver/budget.ts';

t.test('each limit ends the work, and nothing gives any of it back', async (t) => {
  const packets = new Budget(0);
  for (let i = 0; i < BUDGET_PACKETS; i++) t.ok(packets.takePacket(0)) || t.bailout('too early');
  t.notOk(packets.takePacket(0));
  t.equal(packets.spent(0), 'packets');

  const bytes = new Budget(0);
  bytes.takeBytes(BUDGET_BYTES - 1);
  t.equal(bytes.spent(0), undefined);
  bytes.takeBytes(65_535);
  t.equal(bytes.spent(0), 'bytes');
  t.equal(bytes.left.bytes, 0, 'never below zero');

  const time = new Budget(1000);
  t.ok(time.takePacket(1000 + BUDGET_WORK_MS - 1));
  t.notOk(time.takePacket(1000 + BUDGET_WORK_MS));
  t.equal(time.spent(1000 + BUDGET_WORK_MS), 'time');

  const failing = new Budget(0);
  for (let i = 0; i < BUDGET_FAILED_VERIFIES; i++) {
    t.ok(failing.takeVerify());
    failing.verifyFailed();
  }
  t.notOk(failing.takeVerify(), 'none is made after the last that may fail');
  failing.verifyFailed();
  t.equal(failing.left.failedVerifies, 0, 'never below zero');

  const work = new Budget(0);
  for (let i = 0; i < BUDGET_VERIFIES; i++) work.takeVerify();
  t.notOk(work.takeVerify());
  t.notOk(work.takeNsec3Blocks(BUDGET_NSEC3_BLOCKS + 1), 'all or nothing');
  t.ok(work.takeNsec3Blocks(BUDGET_NSEC3_BLOCKS));
  t.notOk(work.takeNsec3Blocks(1));
});

t.test('the limits as texts', async (t) => {
  t.equal(limitToText('packets'), '200 packets');
  t.equal(limitToText('bytes'), '131072 octets');
  t.equal(limitToText('time'), '10 s');
});
