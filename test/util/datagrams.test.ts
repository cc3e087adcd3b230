/** What a kernel says that only a full machine says: calls that are made up. */
import t from 'tap';
import { type DatagramCalls, Datagrams } from '../../src/util/datagrams.ts';

function datagrams(sent: (number | string)[]) {
  let errno = '';
  let calls = 0;
  const batches: string[] = [];
  const made: DatagramCalls = {
    recvmmsg: (_, __, max) => max,
    sendmmsg: (fd, _, count) => {
      batches.push(`${count} by ${fd}`);
      const result = sent[calls++]!;
      if (typeof result === 'number') return result;
      errno = result;
      return -1;
    },
    sendto: () => 0,
    errno: () => errno,
    address: () => 0n,
  };
  return { datagrams: new Datagrams(made), calls: () => calls, batches };
}

for (const [what, sent, failures] of [
  ['all are sent', [5], []],
  ['some at a time', [2, 3], []],
  ['a signal', ['EINTR', 5], []],
  ['a full buffer: all that are left are lost', [2, 'EAGAIN'], ['EAGAIN 3']],
  ['one that is refused is passed over', [1, 'EPERM', 3], ['EPERM 1']],
  ['each is refused', Array(5).fill('EPERM'), Array(5).fill('EPERM 1')],
] as const)
  t.test(`five replies: ${what}`, async (t) => {
    const { datagrams: all, calls } = datagrams([...sent]);
    const told: string[] = [];
    t.equal(
      all.receive(3, 5, (code, lost) => told.push(`${code} ${lost}`)),
      5,
    );
    for (let i = 0; i < 5; i++) all.reply(i, new Uint8Array(12));
    all.flush();
    t.same(told, failures);
    t.equal(calls(), sent.length);
  });

t.test(
  'replies that were waited for leave together, those of each socket by it and told to it',
  async (t) => {
    const { datagrams: all, batches } = datagrams([3, 64, 1, 'EPERM', 1]);
    const told: string[] = [];
    const to = new Uint8Array(16);
    const send = (fd: number): void =>
      all.send(fd, new Uint8Array(12), to, (code, lost) => told.push(`${fd}: ${code} ${lost}`));
    for (let i = 0; i < 3; i++) send(3);
    for (let i = 0; i < 65; i++) send(4);
    send(5);
    t.same(batches, ['3 by 3', '64 by 4', '1 by 4']);
    all.receive(6, 1, (code, lost) => told.push(`6: ${code} ${lost}`));
    all.reply(0, new Uint8Array(12));
    t.same(batches.slice(3), ['1 by 5']);
    t.same(told, ['5: EPERM 1']);
    all.flush();
    t.same(batches.slice(4), ['1 by 6']);
    all.flush();
    t.equal(batches.length, 5);
  },
);
