import t from 'tap';
import { RecordCache } from '../../src/cache/records.ts';
import { Resolver } from '../../src/resolver/resolve.ts';
import type { Transport } from '../../src/resolver/transport.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { Slab } from '../../src/util/slab.ts';
import { FLAG, RCODE, TYPE } from '../../src/wire/constants.ts';
import { readMessage } from '../../src/wire/message.ts';
import { emptyAnswer } from '../../src/wire/record.ts';
import { Writer } from '../../src/wire/writer.ts';
import { clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';

/** The answer cache stands before the record cache, which must see who is popular shortly before it expires. */

const CLIENT = clientAt('10.1.2.3');
const RTT_MS = 20;

function upstreamOf(clock: ManualClock, ttl: number) {
  const writer = new Writer();
  const sent = { count: 0 };
  const transport: Transport = {
    begin: (start) => start(),
    exchange(send, listener) {
      sent.count++;
      const question = readMessage(send.query).question!;
      const timer = clock.after(RTT_MS, () => {
        const answer = emptyAnswer(RCODE.NOERROR);
        answer.answer = [{ name: question.name, type: TYPE.A, ttl, rdatas: [new Uint8Array(4)] }];
        const id = (send.query[0]! << 8) | send.query[1]!;
        const frame = { id, question, flags: FLAG.RD, edns: EDNS, limit: 1232, rotation: 0 };
        const length = writer.write(answer, { ...frame, signatures: false, glue: false });
        listener.message(writer.out.slice(0, length));
      });
      return { cancel: () => timer.cancel() };
    },
  };
  return { transport, sent };
}

for (const ttl of [15, 60, 300])
  t.test(`a popular name with a TTL of ${ttl} s is never waited for again`, async (t) => {
    const clock = new ManualClock();
    const { transport, sent } = upstreamOf(clock, ttl);
    const slab = new Slab({ bytes: 1 << 20, seed: [1, 2] });
    const resolver = new Resolver({
      clock,
      prng: new SeededPrng(1),
      transport,
      cache: new RecordCache({ slab, clock, deps: new Dependencies() }),
      token: new Uint8Array(8),
    });
    const { pipeline, counters } = pipelineOf(
      snapshotOf({ v: { cidrs: ['10.0.0.0/8'], forward: ['corp.test.'] } }),
      { clock, resolve: (request) => resolver.resolve(request) },
    );
    const bytes = query('www.corp.test.', 'A');
    const first = pipeline.handle(bytes, CLIENT);
    clock.advance(RTT_MS);
    await first;
    const lives = 10;
    let waited = 0;
    let asked = 0;
    for (const end = lives * ttl * 1000; clock.now() < end; clock.advance(100), asked++)
      if (pipeline.handle(bytes, CLIENT) instanceof Promise) waited++;
    t.equal(waited, 0);
    t.ok(sent.count >= lives && sent.count <= 1.3 * lives, `${sent.count} packets in ${lives} lives`);
    const share = counters.sum('answersFromCache') / asked;
    t.ok(share > 0.8, `${Math.round(100 * share)} % come from the answer cache`);
  });
