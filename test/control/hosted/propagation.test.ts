import t from 'tap';
import { Propagation } from '../../../src/control/hosted/propagation.ts';

t.test('a change has waited from its acceptance until its revision is served', async (t) => {
  const changes = new Propagation();
  t.equal(changes.waitingMs(100), 0);
  changes.accepted(7, 100);
  changes.accepted(7, 150);
  changes.accepted(9, 200);
  t.equal(changes.waitingMs(250), 150, 'the oldest');
  t.same(changes.served(6, 260), []);
  t.same(changes.served(8, 300), [200], 'what was told twice is one');
  t.equal(changes.waitingMs(300), 100);
  t.same(changes.served(9, 310), [110]);
  t.same(changes.served(9, 320), [], 'nothing is counted twice');
  changes.accepted(9, 330);
  t.equal(changes.waitingMs(400), 0, 'what is served does not wait');
});

t.test('what waits is bounded', async (t) => {
  const changes = new Propagation();
  for (let revision = 1; revision <= 10_005; revision++) changes.accepted(revision, revision);
  t.equal(changes.served(20_000, 20_000).length, 10_000);
});
