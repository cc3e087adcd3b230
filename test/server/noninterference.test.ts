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
import { nameToText } from '../../src/wire/name.ts';
import { emptyAnswer } from '../../src/wire/record.ts';
import { Writer } from '../../src/wire/writer.ts';
import { LONG } from '../support/long.ts';
import { clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';

/**
 * One VPC must not be able to tell whether another one asks. The same trace of VPC A is run alone and with traffic
 * of VPC B for the same names between its operations: A's answers are equal to the byte, whatever is cached,
 * joined, negative, failed or stale on the way.
 */
const OPERATIONS = LONG ? 1_000_000 : 10_000;
const NAMES = ['www', 'db', 'mail', 'none', 'dead', 'alias', 'api', 'x.y'];
const SUFFIXES = ['corp.test.', 'internal.example.', 'other.test.'];
const TYPES = ['A', 'AAAA', 'MX', 'TXT'];

const SNAPSHOT = snapshotOf({
  'vpc-a': {
    cidrs: ['10.1.0.0/16'],
    zones: {
      'internal.example.': 'www A 10.1.0.1\nwww A 10.1.0.2\nalias CNAME www.corp.test.\nmail MX 10 www',
    },
    forward: ['corp.test.', 'other.test.'],
  },
  'vpc-b': {
    cidrs: ['10.2.0.0/16'],
    zones: { 'internal.example.': 'www A 10.2.0.1\ndb A 10.2.0.9\n*.y TXT "b"' },
    forward: ['corp.test.', 'test.'],
  },
});

/** Upstreams that answer by name, type and time alone; `dead` never answers, `none` does not exist. */
function fakeNetwork(clock: ManualClock): Transport {
  const writer = new Writer();
  return {
    begin: (start) => start(),
    exchange(send, listener) {
      const question = readMessage(send.query).question!;
      const label = nameToText(question.name).split('.')[0]!.toLowerCase();
      const timer = clock.after(label === 'dead' ? send.timeoutMs : 3, () => {
        if (label === 'dead') return listener.failed('timeout');
        const answer = emptyAnswer(label === 'none' ? RCODE.NXDOMAIN : RCODE.NOERROR);
        const soa = new Uint8Array(22);
        soa[21] = 20;
        if (label === 'none' || question.type !== TYPE.A)
          answer.authority = [
            { name: question.name.slice(question.name.length - 6), type: TYPE.SOA, ttl: 20, rdatas: [soa] },
          ];
        else {
          const octet = 1 + (Math.floor(clock.now() / 1000) % 250);
          const rdatas = [1, 2, 3].map((i) => Uint8Array.from([192, 0, i, octet]));
          answer.answer = [{ name: question.name, type: TYPE.A, ttl: 15, rdatas }];
        }
        const length = writer.write(answer, {
          id: (send.query[0]! << 8) | send.query[1]!,
          flags: FLAG.RD | FLAG.RA,
          question,
          edns: EDNS,
          limit: 1232,
          rotation: 0,
          signatures: false,
          glue: false,
        });
        listener.message(writer.out.slice(0, length));
      });
      return { cancel: () => timer.cancel() };
    },
  };
}

/** Runs A's trace, with or without B's in between. Returns a digest line for each of A's answers. */
async function run(withB: boolean): Promise<string[]> {
  const clock = new ManualClock();
  const slab = new Slab({ bytes: 1 << 24, seed: [1, 1] });
  const cache = new RecordCache({ slab, clock, deps: new Dependencies() });
  const resolver = new Resolver({
    clock,
    prng: new SeededPrng(5),
    transport: fakeNetwork(clock),
    cache,
    token: new Uint8Array(8).fill(3),
  });
  const { pipeline } = pipelineOf(SNAPSHOT, { clock, resolve: (r) => resolver.resolve(r) });
  const traceA = new SeededPrng(11);
  const traceB = new SeededPrng(12);
  const answers: string[] = [];
  const operation = (prng: SeededPrng): Uint8Array => {
    const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)]!;
    const edns = prng.below(2) === 0 ? { edns: EDNS } : {};
    return query(`${pick(NAMES)}.${pick(SUFFIXES)}`, pick(TYPES), { id: prng.below(65_536), ...edns });
  };
  const pending: Promise<void>[] = [];
  for (let i = 0; i < OPERATIONS; i++) {
    if (withB)
      for (let n = traceB.below(3); n > 0; n--) void pipeline.handle(operation(traceB), clientAt('10.2.0.7'));
    const slot = answers.push('silence') - 1;
    const keep = (reply: Uint8Array | undefined): void => {
      if (reply !== undefined) answers[slot] = Buffer.from(reply).toString('base64');
    };
    const reply = pipeline.handle(operation(traceA), clientAt('10.1.0.7'));
    if (reply instanceof Promise) pending.push(reply.then(keep));
    else keep(reply);
    clock.advance(7);
    await turn();
  }
  for (let i = 0; i < 200; i++) {
    clock.advance(100);
    await turn();
  }
  await Promise.all(pending);
  return answers;
}

/** Lets promises settle before time moves on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test(`view leakage: A alone, and with B in between: ${OPERATIONS} answers are equal`, async (t) => {
  const alone = await run(false);
  const together = await run(true);
  t.equal(alone.length, OPERATIONS);
  const differing = alone.findIndex((answer, i) => answer !== together[i]);
  t.equal(differing, -1, differing < 0 ? 'no answer differs' : `${alone[differing]}\n${together[differing]}`);
  const distinct = new Set(alone).size;
  t.ok(distinct > 100, `${distinct} different answers: the trace is no monotony`);
  t.ok(alone.filter((answer) => answer === 'silence').length < OPERATIONS / 100, 'nearly all were answered');
});
