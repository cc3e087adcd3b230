/** Workers as control sees them: who is asked when, and what is said of them together. */
import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { targetReports } from '../../src/control/reports.ts';
import { Workers } from '../../src/control/workers.ts';
import type { TargetStatus } from '../../src/resolver/target.ts';
import { systemClock } from '../../src/util/clock.ts';
import { type Port, serveCalls } from '../../src/util/rpc.ts';
import type { Posted } from '../../src/view/change.ts';
import type { WorkerCall } from '../../src/view/channel.ts';
import type { Duty } from '../../src/view/report.ts';
import { snapshot, workerStatus } from '../support/fake-daemon.ts';

/** Two of each duty, which note what is asked and when they have answered. */
function workersOf(t: { teardown(fn: () => void): void }, notes: string[]): Workers {
  const workers = new Workers(systemClock);
  t.teardown(() => workers.close());
  const duties: readonly Duty[] = ['encrypted', 'plain', 'plain', 'encrypted'];
  duties.forEach((duty, slot) => {
    const { port1, port2 } = new MessageChannel();
    workers.attach(slot, duty, 1, port1 as unknown as Port);
    serveCalls<WorkerCall>(port2 as unknown as Port, async () => {
      notes.push(`${duty} asked`);
      for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
      notes.push(`${duty} answers`);
      return { answer: { removed: slot } };
    });
    t.teardown(() => port2.close());
  });
  return workers;
}

t.test(
  'a flush goes to owners of questions first, as others would fetch the old data from them',
  async (t) => {
    const notes: string[] = [];
    const workers = workersOf(t, notes);
    const answers = await workers.askInTurn({ ask: 'cache-flush', name: new Uint8Array(1), subtree: true });
    t.same(
      notes.map((note) => note.split(' ')[0]),
      [...Array(4).fill('plain'), ...Array(4).fill('encrypted')],
    );
    t.same(
      answers.map(({ slot, duty, answer }) => [slot, duty, answer?.removed]),
      [
        [1, 'plain', 1],
        [2, 'plain', 2],
        [0, 'encrypted', 0],
        [3, 'encrypted', 3],
      ],
    );
    workers.detach(3);
    t.same(workers.slots, [0, 1, 2]);
    t.same(workers.known.at(-1), { slot: 3, duty: 'encrypted' }, 'it is away, and known');
  },
);

t.test('a target is what workers say of it that ask it, and not who asked it once', (t) => {
  const target = (breaker: TargetStatus['breaker']): TargetStatus => ({
    address: '192.0.2.53',
    port: 53,
    text: '192.0.2.53:53',
    breaker,
    srttMs: 1,
    rttvarMs: 1,
    patienceMs: 400,
    failures: 0,
    retryInMs: undefined,
    outstanding: 0,
    outstandingMax: 0,
    case0x20: true,
    counts: { sent: 1, answered: 1, timeouts: 0, errors: 0, refusals: 0, tcp: 0, hedges: 0 },
  });
  const [report] = targetReports(snapshot, [
    { slot: 0, duty: 'plain', answer: workerStatus(0, { targets: [target('closed')] }) },
    { slot: 1, duty: 'encrypted', answer: workerStatus(1, { targets: [target('open')] }) },
  ]);
  t.match(report, { breaker: 'closed', givenUpBy: 0, workers: 1 });
  t.end();
});

t.test(
  'who serves the snapshot before gets what is otherwise in the next, anyone else gets it whole',
  async (t) => {
    const workers = new Workers(systemClock);
    t.teardown(() => workers.close());
    const posted: string[] = [];
    /** @param knows what it is asked to change */
    const attach = (
      slot: number,
      revision: number,
      knows: (snapshot: Posted) => boolean = () => true,
    ): void => {
      const { port1, port2 } = new MessageChannel();
      workers.attach(slot, 'plain', revision, port1 as unknown as Port);
      serveCalls<WorkerCall>(port2 as unknown as Port, (call) => {
        if (!('snapshot' in call)) throw new Error('it is not asked');
        posted.push(`${slot} ${'from' in call.snapshot ? `from ${call.snapshot.from}` : 'whole'}`);
        if (!knows(call.snapshot)) throw new Error('it has another one');
        return { serving: call.snapshot.revision };
      });
      t.teardown(() => port2.close());
    };
    const at = (revision: number) => ({ ...snapshot, revision });
    const publish = async (revision: number): Promise<[readonly number[], string[]]> => {
      posted.length = 0;
      return [await workers.publish(at(revision), at(revision - 1)), [...posted].sort()];
    };
    attach(0, 1);
    attach(1, 0);
    attach(2, 1, (snapshot) => !('from' in snapshot));
    t.same(await publish(2), [[], ['0 from 1', '1 whole', '2 from 1', '2 whole']]);
    attach(1, 1);
    t.same(
      await publish(3),
      [[], ['0 from 2', '1 whole', '2 from 2', '2 whole']],
      'its successor has what main gave it',
    );
    let isDeaf = true;
    attach(2, 3, () => !isDeaf);
    t.same(await publish(4), [[2], ['0 from 3', '1 from 3', '2 from 3', '2 whole']]);
    isDeaf = false;
    t.same(
      await publish(5),
      [[], ['0 from 4', '1 from 4', '2 whole']],
      'what one serves that did not is not known',
    );
  },
);
