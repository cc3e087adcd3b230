import t from 'tap';
import type { Resolution } from '../../src/resolver/resolve.ts';
import type { Reply } from '../../src/server/handler.ts';
import { WAITING_PER_CLIENT_MAX } from '../../src/server/waitingclients.ts';
import { Tally, tallyBuffer } from '../../src/util/tally.ts';
import { OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import { readMessage } from '../../src/wire/message.ts';
import { type Name, nameToText } from '../../src/wire/name.ts';
import { clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';

/** Queries that wait for an upstream: what they hold meanwhile must be their own. */

const CLIENT = clientAt('10.1.2.3');
const SNAPSHOT = snapshotOf({ v: { cidrs: ['10.0.0.0/8'], forward: ['corp.test.'] } });

/** Stage 5 that answers nobody until `answer` is called, and then everybody in one turn. */
function pausing() {
  const waiting: (() => void)[] = [];
  const resolve = ({ name }: { name: Name }): Promise<Resolution> =>
    new Promise((settle) => {
      const octet = nameToText(name).charCodeAt(1);
      const rdatas = [Uint8Array.from([192, 0, 2, octet])];
      const rrsets = [{ name, type: TYPE.A, ttl: 0, rdatas }];
      waiting.push(() =>
        settle({ outcome: 'answer', rcode: RCODE.NOERROR, rrsets, ede: [], source: 'upstream' }),
      );
    });
  return {
    resolve,
    answer: (): void => {
      for (const settle of waiting) settle();
    },
  };
}

t.test('answers that become known in one turn do not overwrite each other', async (t) => {
  const upstream = pausing();
  const { pipeline } = pipelineOf(SNAPSHOT, { resolve: upstream.resolve });
  const names = Array.from({ length: 20 }, (_, i) => `h${String.fromCharCode(97 + i)}.corp.test.`);
  const replies = names.map((name, i) => pipeline.handle(query(name, 'A', { id: i, edns: EDNS }), CLIENT));
  upstream.answer();
  // As transports do: what a reply says is looked at in a later microtask than the one that made it.
  const sent = await Promise.all(replies.map(async (reply): Promise<Reply> => (await reply)?.slice()));
  for (const [i, bytes] of sent.entries()) {
    const message = readMessage(bytes!);
    t.equal(message.id, i);
    t.equal(nameToText(message.question!.name), names[i]);
    t.equal(message.answer[0]!.rdata[3], 97 + i, `${names[i]} got its own answer`);
  }
});

t.test('the buffer of a query is used again while it waits', async (t) => {
  const upstream = pausing();
  const { pipeline } = pipelineOf(SNAPSHOT, { resolve: upstream.resolve });
  // A Buffer, as sockets give it: its `slice` shares memory.
  const arena = Buffer.from(query('ha.corp.test.', 'A', { id: 4711 }));
  const reply = pipeline.handle(arena, CLIENT);
  arena.fill(0xff);
  upstream.answer();
  const message = readMessage((await reply)!);
  t.equal(message.id, 4711);
  t.equal(nameToText(message.question!.name), 'ha.corp.test.');
  t.equal(message.rcode, RCODE.NOERROR);
});

t.test(
  'of one client a thousand questions may wait; what is known is answered to it all the same',
  async (t) => {
    const { resolve, answer } = pausing();
    const begun: string[] = [];
    const counted = (request: Parameters<typeof resolve>[0]): Promise<Resolution> => {
      begun.push(nameToText(request.name));
      return resolve(request);
    };
    const known = { outcome: 'nodata', rcode: RCODE.NOERROR, rrsets: [], ede: [], source: 'cache' } as const;
    const { pipeline } = pipelineOf(SNAPSHOT, {
      resolve: counted,
      peek: ({ name }) => (nameToText(name).startsWith('known.') ? known : undefined),
    });
    const asking = Array.from({ length: WAITING_PER_CLIENT_MAX + 1 }, (_, i) =>
      pipeline.handle(query(`n${i}.corp.test.`, 'A'), CLIENT),
    );
    const refused = readMessage((asking.pop() as Uint8Array).slice());
    t.equal(refused.rcode, RCODE.SERVFAIL);
    t.equal(begun.length, WAITING_PER_CLIENT_MAX);
    const fromCache = pipeline.handle(query('known.corp.test.', 'A'), CLIENT) as Uint8Array;
    t.equal(readMessage(fromCache.slice()).rcode, RCODE.NOERROR);
    const other = pipeline.handle(query('x.corp.test.', 'A'), clientAt('10.1.2.4'));
    t.ok(other instanceof Promise, 'another client is not concerned');
    answer();
    await Promise.all([...asking, other]);
    t.ok(
      pipeline.handle(query('again.corp.test.', 'A'), CLIENT) instanceof Promise,
      'until they are answered',
    );
  },
);

t.test('the thousand are those of the process: all in one worker of many, or some in each', async (t) => {
  const buffer = tallyBuffer(64);
  const { resolve, answer } = pausing();
  const [first, second] = [0, 63].map((slot) => {
    return pipelineOf(SNAPSHOT, { resolve, waiting: new Tally(buffer, slot, 42) });
  }) as [ReturnType<typeof pipelineOf>, ReturnType<typeof pipelineOf>];
  const waits = ({ pipeline } = first): boolean => {
    const reply = pipeline.handle(query(`n${asking.length}.corp.test.`, 'A', { edns: EDNS }), CLIENT);
    if (reply instanceof Promise) asking.push(reply);
    else refused = readMessage(reply!.slice());
    return reply instanceof Promise;
  };
  const asking: Promise<Reply>[] = [];
  let refused: ReturnType<typeof readMessage> | undefined;
  // The kernel gives all that comes from one port to one worker.
  for (let i = 0; i < 1000; i++) if (!waits()) break;
  t.equal(asking.length, 1000);
  t.notOk(waits(), 'no more here');
  t.notOk(waits(second), 'and no more elsewhere');
  t.equal(second.counters.sum('refusedClient'), 1);
  t.equal(second.counters.sum('droppedOverload'), 0, 'it was answered');
  const why = refused!.edns!.options.find(({ code }) => code === OPTION.EDE)!.data.subarray(2);
  t.match(Buffer.from(why).toString(), /: 1000 questions of this client are waiting$/);
  answer();
  await Promise.all(asking);
  t.ok(waits(second), 'what one worker has answered another may begin');
  answer();
  await Promise.all(asking);
});
