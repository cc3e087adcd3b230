/** What a kernel says that only a full machine says: calls that are made up. */
import t from 'tap';
import { type DatagramCalls, Datagrams } from '../../src/util/datagrams.ts';

function datagrams(sent: (number | string)[]): { datagrams: Datagrams; calls: () => number } {
  let errno = '';
  let calls = 0;
  const made: DatagramCalls = {
    recvmmsg: (_, __, max) => max,
    sendmmsg: () => {
      const result = sent[calls++]!;
      if (typeof result === 'number') return result;
      errno = result;
      return -1;
    },
    sendto: () => 0,
    errno: () => errno,
    address: () => 0n,
  };
  return { datagrams: new Datagrams(made), calls: () => calls };
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
