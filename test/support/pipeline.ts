/** A whole packet pipeline without sockets: bytes in, bytes out, with a fake or a real stage 5. */
import { AnswerCache } from '../../src/cache/answers.ts';
import { RateLimit, type RateLimitSettings } from '../../src/policy/ratelimit.ts';
import type { Client, Reply } from '../../src/server/handler.ts';
import { Pipeline } from '../../src/server/pipeline.ts';
import type { Resolve } from '../../src/server/query.ts';
import type { QueryLogger } from '../../src/server/querylogger.ts';
import type { Tracer } from '../../src/server/tracer.ts';
import { WaitingClients } from '../../src/server/waitingclients.ts';
import { World } from '../../src/server/world.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { parseAddress } from '../../src/util/cidr.ts';
import { type Clock, CoarseClock, ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import type { HealthBits } from '../../src/util/healthbits.ts';
import { type Prng, SeededPrng } from '../../src/util/prng.ts';
import { Slab } from '../../src/util/slab.ts';
import { Tally } from '../../src/util/tally.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import { FLAG, TYPE } from '../../src/wire/constants.ts';
import type { Edns } from '../../src/wire/edns.ts';
import { encodeQuery, type Message, readMessage } from '../../src/wire/message.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { rdataToText, typeFromText, typeToText } from '../../src/wire/rdata/table.ts';
import type { Rr } from '../../src/wire/record.ts';

/** Each query is a batch of its own. */
class LonePipeline extends Pipeline {
  override handle(...query: Parameters<Pipeline['handle']>): ReturnType<Pipeline['handle']> {
    this.begin();
    return super.handle(...query);
  }
}

export function pipelineOf(
  snapshot: Snapshot,
  options: {
    resolve?: Resolve;
    peek?: Resolve;
    rateLimit?: RateLimitSettings;
    /** Default: one of its own. */
    waiting?: Tally;
    clock?: Clock;
    health?: HealthBits;
    prng?: Prng;
    queryLogger?: QueryLogger;
    tracer?: Tracer;
    /** Default: one that begins a batch with each query. */
    pipeline?: typeof Pipeline;
  } = {},
) {
  const clock = options.clock ?? new ManualClock();
  const moment = new CoarseClock(clock);
  const dependencies = new Dependencies();
  const counters = daemonCounters(1);
  const answers = new AnswerCache({
    slab: new Slab({ bytes: 1 << 22, seed: [3, 4] }),
    dependencies,
    clock: moment,
  });
  const pipeline = new (options.pipeline ?? LonePipeline)({
    world: new World(snapshot, dependencies, options.health),
    answers,
    rateLimit: new RateLimit({
      clock: moment,
      seed: [5, 6],
      settings: options.rateLimit ?? { ratePerSecond: 0, burst: 1, slip: 0 },
    }),
    cookies: { current: new Uint8Array(16).fill(7) },
    resolve: options.resolve ?? (() => undefined),
    peek: options.peek ?? (() => undefined),
    waiting: new WaitingClients(options.waiting ?? new Tally()),
    prng: options.prng ?? new SeededPrng(11),
    metrics: new Metrics(counters.block(0)),
    clock: moment,
    idleMs: () => 10_000,
    queryLogger: options.queryLogger,
    tracer: options.tracer,
  });
  return { pipeline, clock, dependencies, counters, answers };
}

export const EDNS: Edns = { payload: 1232, version: 0, dnssecOk: false, options: [] };

export function clientAt(address: string, transport: Client['transport'] = 'udp'): Client {
  return { address: parseAddress(address), port: 4242, transport, endpoint: 0 };
}

export function query(
  name: string,
  type: string,
  more: { id?: number; flags?: number; edns?: Edns } = {},
): Uint8Array {
  return encodeQuery({
    id: more.id ?? 99,
    name: nameFromText(name),
    type: typeFromText(type) ?? TYPE.ANY,
    flags: more.flags ?? FLAG.RD,
    ...(more.edns === undefined ? {} : { edns: more.edns }),
  });
}

/** What the pipeline says, read back; undefined for silence. */
export async function ask(
  pipeline: Pipeline,
  client: Client,
  bytes: Uint8Array,
): Promise<(Message & { bytes: Uint8Array }) | undefined> {
  const reply: Reply = await pipeline.handle(bytes, client);
  if (reply === undefined) return undefined;
  const copy = reply.slice();
  return { ...readMessage(copy), bytes: copy };
}

/** `www.example. 300 A 192.0.2.1` */
export function rrText(rr: Rr): string {
  return `${nameToText(rr.name)} ${rr.ttl} ${typeToText(rr.type)} ${rdataToText(rr.type, rr.rdata)}`;
}
