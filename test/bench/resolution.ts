/**
 * Microseconds and octets of garbage per name that is resolved from the root and validated, in the pipeline and resolver,
 * without sockets: `node test/bench/resolution.ts`. In each round a resolver that knows nothing meets the same zones, half
 * of them signed. What their servers say is recorded before, so that it costs next to nothing.
 */
import v8 from 'node:v8';
import { RecordCache } from '../../src/cache/records.ts';
import { Resolver } from '../../src/resolver/resolve.ts';
import type { Exchange, Listener, Send, Transport } from '../../src/resolver/transport.ts';
import { Pipeline } from '../../src/server/pipeline.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { Slab } from '../../src/util/slab.ts';
import { RCODE } from '../../src/wire/constants.ts';
import { readMessage } from '../../src/wire/message.ts';
import { nameToText } from '../../src/wire/name.ts';
import { octetsKey } from '../../src/wire/octets.ts';
import { typeToText } from '../../src/wire/rdata/table.ts';
import { Internet } from '../support/internet.ts';
import { clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import type { SimServer } from '../support/simnet.ts';
import { snapshotFor } from '../support/simulate.ts';

const ROUNDS = 7;
const TLDS = 16;
const ZONES = 4_000;
const HOSTERS = 40;
const AT_ONCE = 64;

/** About what `npm run bench -- cold` has: NSEC3 with opt-out in four of five TLDs, NSEC in three of five zones. */
function makeInternet(): Internet {
  const internet = new Internet({ sign: { split: true, algorithm: 8 } });
  for (let i = 0; i < TLDS; i++) {
    const algorithm = i % 3 === 0 ? 8 : 13;
    const denial = i % 5 === 4 ? 'nsec' : { optOut: true };
    internet.zone(`t${i}.`, { sign: { split: true, algorithm, denial } });
  }
  const hosters = Array.from({ length: HOSTERS }, (_, i) => {
    const zone = `hoster${i}.t${i % TLDS}.`;
    const hosts = [internet.host(`ns1.${zone}`), internet.host(`ns2.${zone}`)];
    internet.zone(zone, { servers: hosts });
    return hosts;
  });
  for (let i = 0; i < ZONES; i++) {
    const denial = i % 5 < 3 ? 'nsec' : {};
    internet.zone(`zone${i}.t${(i * 7) % TLDS}.`, {
      servers: hosters[(i * 11) % HOSTERS]!,
      text: 'www A 192.0.2.1\nwww AAAA 2001:db8::1\nalias CNAME www\nmail A 192.0.2.2\n@ MX 10 mail\n',
      ...(i % 2 === 0 ? { sign: { denial } } : {}),
    });
  }
  for (const host of internet.hosts) host.options = { minimal: false };
  return internet;
}

/** One question for each zone: of ten six for an address, and MX, an alias, NODATA, NXDOMAIN. */
function questionOf(i: number): [label: string, type: string] {
  switch ((i >> 1) % 10) {
    case 6:
      return ['', 'MX'];
    case 7:
      return ['alias.', 'A'];
    case 8:
      return ['mail.', 'AAAA'];
    case 9:
      return ['none.', 'A'];
    default:
      return ['www.', 'A'];
  }
}

const ID_OCTETS = 2;
const QUESTION_AT = 12;

/** Gives again what servers said, one reply after the other, each in memory that the next one overwrites. */
class Replay implements Transport {
  readonly #servers = new Map<string, SimServer>();
  readonly #replies = new Map<string, Uint8Array>();
  readonly #received = Buffer.alloc(65_535);
  readonly #views = new Map<number, Uint8Array>();
  #due: {
    readonly listener: Listener;
    readonly reply: Uint8Array;
    readonly query: Uint8Array;
    ended: boolean;
  }[] = [];

  constructor(internet: Internet) {
    for (const host of internet.hosts)
      for (const server of host.servers) this.#servers.set(server.address, server);
  }

  begin(start: () => void): void {
    start();
  }

  exchange(send: Send, listener: Listener): Exchange {
    if (this.#due.length === 0) setImmediate(() => void this.#deliver());
    const due = { listener, reply: this.#replyTo(send), query: send.query, ended: false };
    this.#due.push(due);
    return {
      cancel: () => {
        due.ended = true;
      },
    };
  }

  async #deliver(): Promise<void> {
    const due = this.#due;
    this.#due = [];
    for (const each of due) {
      if (each.ended) continue;
      each.listener.message(this.#receive(each.reply, each.query));
      await undefined;
    }
  }

  #receive(reply: Uint8Array, asked: Uint8Array): Uint8Array {
    let view = this.#views.get(reply.length);
    if (view === undefined) this.#views.set(reply.length, (view = this.#received.subarray(0, reply.length)));
    view.set(reply);
    const end = endOfName(asked);
    for (let i = 0; i < end; i++) if (i < ID_OCTETS || i >= QUESTION_AT) view[i] = asked[i]!;
    return view;
  }

  #replyTo(send: Send): Uint8Array {
    const { query: octets, address, protocol } = send;
    const end = endOfName(octets);
    for (let i = 0; i < end; i++)
      question[i] = octets[i]! >= 0x41 && octets[i]! <= 0x5a ? octets[i]! | 0x20 : octets[i]!;
    const key = `${address} ${protocol} ${octetsKey(octets, end, end + 4)} ${octetsKey(question, QUESTION_AT, end)}`;
    let reply = this.#replies.get(key);
    if (reply === undefined) this.#replies.set(key, (reply = this.#record(send)));
    return reply;
  }

  #record({ query: octets, address, protocol }: Send): Uint8Array {
    const message = readMessage(octets);
    const { name, type } = message.question!;
    const facts = { name: nameToText(name), type: typeToText(type), at: 0, port: 1024, number: 1 };
    let recorded: Uint8Array | undefined;
    this.#servers.get(address)!.behaviour({
      ...facts,
      bytes: octets,
      message,
      protocol,
      reply: (reply) => {
        recorded = reply;
      },
    });
    return recorded!;
  }
}

const question = new Uint8Array(512);

function endOfName(octets: Uint8Array): number {
  let end = QUESTION_AT;
  while (octets[end] !== 0) end += octets[end]! + 1;
  return end + 1;
}

const internet = makeInternet();
const transport = new Replay(internet);
/** What was signed is good by the clock of the simulation only. */
const clock: Clock = {
  now: () => systemClock.now(),
  wall: () => internet.clock.wall(),
  after: (ms, fn) => systemClock.after(ms, fn),
  every: (ms, fn) => systemClock.every(ms, fn),
};
const snapshot = snapshotFor(internet, {});
const questions = Array.from({ length: ZONES }, (_, i) => {
  const [label, type] = questionOf(i);
  return query(`${label}zone${i}.t${(i * 7) % TLDS}.`, type, { edns: EDNS });
});
const client = clientAt('10.1.2.3');

/** All names once, by a resolver that knows nothing. */
async function resolutions(): Promise<Resolver> {
  const resolver = new Resolver({
    clock,
    prng: cryptoPrng,
    transport,
    cache: new RecordCache({
      slab: new Slab({ bytes: 32 << 20, seed: [1, 2] }),
      clock,
      deps: new Dependencies(),
    }),
    token: new Uint8Array(8).fill(5),
  });
  resolver.configure({ recursion: snapshot.recursion });
  const { pipeline } = pipelineOf(snapshot, {
    resolve: (request) => resolver.resolve(request),
    clock,
    pipeline: Pipeline,
  });
  for (let i = 0; i < ZONES; i += AT_ONCE) {
    pipeline.begin();
    const replies = await Promise.all(
      questions.slice(i, i + AT_ONCE).map((octets) => pipeline.handle(octets, client)),
    );
    for (const reply of replies)
      if (reply === undefined || (reply[3]! & 0x0f) === RCODE.SERVFAIL)
        throw new Error('a name was not resolved');
  }
  return resolver;
}

// Timers of the clock keep nothing alive.
const alive = setInterval(() => undefined, 1000);
await resolutions();
await resolutions();
const times: number[] = [];
let octets = 0;
let verifies = 0;
for (let round = 0; round < ROUNDS; round++) {
  const before = process.cpuUsage();
  const allocated = v8.getHeapStatistics().total_allocated_bytes;
  verifies = (await resolutions()).verifies / ZONES;
  const { user, system } = process.cpuUsage(before);
  times.push((user + system) / ZONES);
  octets = (v8.getHeapStatistics().total_allocated_bytes - allocated) / ZONES;
}
clearInterval(alive);
times.sort((a, b) => a - b);
console.log(
  `${times[ROUNDS >> 1]!.toFixed(1)} us CPU and ${Math.round(octets)} octets per resolution, ${verifies.toFixed(2)} signatures each ` +
    `(median of ${ROUNDS} x ${ZONES}; least ${times[0]!.toFixed(1)})`,
);
