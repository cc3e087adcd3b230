/**
 * A network for tests: scripted servers behind the resolver's transport seam, in simulated time, from a seed. What
 * would be packets is counted.
 *
 *     const sim = new Simulation({ seed: 1 });
 *     const server = sim.net.server('192.0.2.53', serve({ 'www.corp.test.': { A: ['192.0.2.1'] } }));
 *     const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
 */
import { encode, type Answer as PacketAnswer } from 'dns-packet';
import { RecordCache } from '../../src/cache/records.ts';
import { Budget } from '../../src/resolver/budget.ts';
import type { ResolverCounter } from '../../src/resolver/env.ts';
import type { ForwardPath, Path } from '../../src/resolver/path.ts';
import { type Resolution, Resolver, type ResolverOptions } from '../../src/resolver/resolve.ts';
import type { Exchange, Listener, Protocol, Send, Transport } from '../../src/resolver/transport.ts';
import { type Clock, ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { type Prng, SeededPrng } from '../../src/util/prng.ts';
import { Slab } from '../../src/util/slab.ts';
import { RCODE, TYPE } from '../../src/wire/constants.ts';
import { type Message, readMessage } from '../../src/wire/message.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { rdataToText, typeFromText, typeToText } from '../../src/wire/rdata/table.ts';
import type { Rrset } from '../../src/wire/record.ts';

/** A query as a scripted server gets it. */
export interface SimQuery {
  readonly bytes: Uint8Array;
  readonly message: Message;
  readonly protocol: Protocol;
  /** Question in text, the name's case as sent. */
  readonly name: string;
  readonly type: string;
  /** Clock time of arrival. */
  readonly at: number;
  /** The resolver's port. */
  readonly port: number;
  /** Number of this query at this server, from 1. */
  readonly number: number;
  /** Sends a message back, after `ms` if given. May be called any number of times. */
  reply(bytes: Uint8Array, ms?: number): void;
}

export type Behaviour = (query: SimQuery) => void;

export interface SimServer {
  readonly address: string;
  readonly port: number;
  /** All queries that came, in order. */
  readonly queries: SimQuery[];
  behaviour: Behaviour;
  /** `dark`: nothing comes back. `closed`: the host says that nothing listens. */
  state: 'up' | 'dark' | 'closed' | 'no-route' | 'no-tcp';
  /** One way, milliseconds. */
  latency: number;
  /** Share of packets lost, each way. */
  loss: number;
  /** What happens beside that on the way there, and on the way back. */
  readonly to: Way;
  readonly from: Way;
}

/** One direction. TCP is spared loss and duplicates: it would have made up for them. */
export interface Way {
  /** Milliseconds on top of the latency. */
  delay: number;
  /** At most so many more, drawn for each packet: packets overtake each other. */
  jitter: number;
  /** Share of packets lost. */
  loss: number;
  /** Share of packets that arrive twice. */
  duplicates: number;
}

function plainWay(): Way {
  return { delay: 0, jitter: 0, loss: 0, duplicates: 0 };
}

interface Open {
  readonly send: Send;
  readonly listener: Listener;
  readonly port: number;
  ended: boolean;
}

export class SimNet implements Transport {
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #servers = new Map<string, SimServer>();
  readonly #open = new Set<Open>();
  /** Exchanges started, by protocol. */
  readonly sent = { udp: 0, tcp: 0 };
  /** Everything sent to addresses where there is no server. */
  readonly astray: Send[] = [];

  constructor(clock: Clock, prng: Prng) {
    this.#clock = clock;
    this.#prng = prng;
  }

  get open(): number {
    return this.#open.size;
  }

  server(address: string, behaviour: Behaviour, latency = 5): SimServer {
    const ways = { latency, loss: 0, to: plainWay(), from: plainWay() };
    const server: SimServer = { address, port: 53, queries: [], behaviour, state: 'up', ...ways };
    this.#servers.set(address, server);
    return server;
  }

  begin(start: () => void): void {
    start();
  }

  exchange(send: Send, listener: Listener): Exchange {
    this.sent[send.protocol as 'udp' | 'tcp']++;
    const open: Open = { send, listener, port: 1024 + this.#prng.below(64_512), ended: false };
    this.#open.add(open);
    const end = (): void => {
      open.ended = true;
      this.#open.delete(open);
      timer.cancel();
    };
    const timer = this.#clock.after(send.timeoutMs, () => fail('timeout'));
    const fail = (failure: 'timeout' | 'refused' | 'unreachable'): void => {
      if (open.ended) return;
      end();
      listener.failed(failure);
    };
    const server = this.#servers.get(send.address);
    if (server === undefined) this.astray.push(send);
    else if (server.state === 'no-route') this.#clock.after(0, () => fail('unreachable'));
    else if (server.state === 'closed' || (server.state === 'no-tcp' && send.protocol === 'tcp'))
      this.#clock.after(2 * server.latency, () => fail('refused'));
    else this.#deliver(server, open, end);
    return { cancel: end };
  }

  /** Lets a packet travel: `arrive` is called once, never, or twice. */
  #travel(server: SimServer, way: Way, protocol: Protocol, ms: number, arrive: () => void): void {
    const happens = (share: number): boolean =>
      protocol === 'udp' && share > 0 && this.#prng.below(1000) < share * 1000;
    if (happens(server.loss) || happens(way.loss)) return;
    const jitter = (): number => (way.jitter > 0 ? this.#prng.below(Math.ceil(way.jitter) + 1) : 0);
    const time = server.latency + way.delay + ms;
    this.#clock.after(time + jitter(), arrive);
    if (happens(way.duplicates)) this.#clock.after(time + jitter(), arrive);
  }

  #deliver(server: SimServer, open: Open, end: () => void): void {
    const { protocol } = open.send;
    const bytes = open.send.query.slice();
    this.#travel(server, server.to, protocol, 0, () => {
      const message = readMessage(bytes);
      const { name, type } = message.question!;
      const query: SimQuery = {
        bytes,
        message,
        protocol,
        name: nameToText(name),
        type: typeToText(type),
        at: this.#clock.now(),
        port: open.port,
        number: server.queries.length + 1,
        reply: (reply, ms = 0) =>
          this.#travel(server, server.from, protocol, ms, () => {
            if (!open.ended && server.state !== 'dark' && open.listener.message(reply) === 'done') end();
          }),
      };
      server.queries.push(query);
      if (server.state === 'up' || server.state === 'no-tcp') server.behaviour(query);
    });
  }

  /** A forger's datagram: it reaches an exchange only if it names the right port and pretends to be the right peer. */
  forge(from: string, toPort: number, bytes: Uint8Array): void {
    for (const open of [...this.#open]) {
      if (open.ended || open.send.protocol !== 'udp') continue;
      if (open.send.address !== from || open.port !== toPort) continue;
      if (open.listener.message(bytes) === 'done') {
        open.ended = true;
        this.#open.delete(open);
      }
    }
  }
}

/** Sections in presentation format, `www.corp.test. 300 A 192.0.2.1`; types A AAAA NS CNAME DNAME PTR SOA MX TXT. */
export interface Script {
  readonly rcode?: keyof typeof RCODE;
  readonly answer?: readonly string[];
  readonly authority?: readonly string[];
  readonly additional?: readonly string[];
  /** Header bits: default QR RD RA. */
  readonly flags?: number;
  readonly id?: number;
  /** The question that the reply repeats; default the query's, letter for letter. */
  readonly question?: { name: string; type: string };
}

const RD_RA = 0x0180;

/** A reply to `query`, encoded by dns-packet: not by the code under test. */
export function reply(query: SimQuery, script: Script): Uint8Array {
  const question = script.question ?? { name: query.name, type: query.type };
  return encode({
    type: 'response',
    id: script.id ?? query.message.id,
    flags: (script.flags ?? RD_RA) | RCODE[script.rcode ?? 'NOERROR'],
    questions: [{ name: bare(question.name), type: question.type as 'A', class: 'IN' }],
    answers: (script.answer ?? []).map(record),
    authorities: (script.authority ?? []).map(record),
    additionals: (script.additional ?? []).map(record),
  });
}

function bare(name: string): string {
  return name === '.' ? '.' : name.replace(/\.$/, '');
}

function record(text: string): PacketAnswer {
  const [name, ttl, type, ...data] = text.split(' ') as [string, string, string, ...string[]];
  const common = { name: bare(name), ttl: Number(ttl), class: 'IN' as const };
  switch (type) {
    case 'A':
    case 'AAAA':
      return { ...common, type, data: data[0]! };
    case 'NS':
    case 'CNAME':
    case 'DNAME':
    case 'PTR':
      return { ...common, type, data: bare(data[0]!) };
    case 'TXT':
      return { ...common, type, data };
    case 'MX':
      return { ...common, type, data: { preference: Number(data[0]), exchange: bare(data[1]!) } };
    case 'SOA':
      return {
        ...common,
        type,
        data: {
          mname: bare(data[0]!),
          rname: bare(data[1]!),
          serial: Number(data[2]),
          refresh: Number(data[3]),
          retry: Number(data[4]),
          expire: Number(data[5]),
          minimum: Number(data[6]),
        },
      };
    default:
      throw new Error(`no such type here: ${type}`);
  }
}

/** Name → type → rdata texts. */
export type Records = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export const SOA = 'corp.test. 300 SOA ns.corp.test. host.corp.test. 1 2 3 4 60';

/** A well-behaved forwarder: follows CNAMEs, denies with the SOA of corp.test. */
export function serve(records: Records, ttl = 300): Behaviour {
  return (query) => {
    const answer: string[] = [];
    let name = query.name.toLowerCase();
    for (let links = 0; links < 16; links++) {
      const node = records[name];
      if (node === undefined) {
        query.reply(reply(query, { rcode: 'NXDOMAIN', answer, authority: [SOA] }));
        return;
      }
      const rdatas = node[query.type];
      if (rdatas !== undefined) {
        for (const rdata of rdatas) answer.push(`${name} ${ttl} ${query.type} ${rdata}`);
        query.reply(reply(query, { answer }));
        return;
      }
      const target = node['CNAME']?.[0];
      if (target === undefined) {
        query.reply(reply(query, { answer, authority: [SOA] }));
        return;
      }
      answer.push(`${name} ${ttl} CNAME ${target}`);
      name = target;
    }
  };
}

/** Always this. */
export function always(script: Script): Behaviour {
  return (query) => query.reply(reply(query, script));
}

/** `name ttl TYPE rdata` for each record, in order: how tests compare. */
export function recordsOf(rrsets: readonly Rrset[]): string[] {
  return rrsets.flatMap((rrset) =>
    rrset.rdatas.map(
      (rdata) =>
        `${nameToText(rrset.name)} ${rrset.ttl} ${typeToText(rrset.type)} ${rdataToText(rrset.type, rdata)}`,
    ),
  );
}

/** Also ANY, which is not a type of records. */
export function typeCode(type: string): number {
  return type === 'ANY' ? TYPE.ANY : typeFromText(type)!;
}

let contexts = 0;

/** A resolver with its clock, network and cache. */
export class Simulation {
  readonly clock = new ManualClock();
  readonly prng: Prng;
  readonly net: SimNet;
  readonly cache: RecordCache;
  readonly resolver: Resolver;
  readonly counts = new Map<ResolverCounter, number>();

  constructor(options: { seed?: number; resolver?: Partial<ResolverOptions> } = {}) {
    this.prng = new SeededPrng(options.seed ?? 1);
    this.net = new SimNet(this.clock, new SeededPrng((options.seed ?? 1) + 1));
    this.cache = new RecordCache({
      slab: new Slab({ bytes: 1 << 18, seed: [1, 2] }),
      clock: this.clock,
      deps: new Dependencies(),
    });
    this.resolver = new Resolver({
      clock: this.clock,
      prng: this.prng,
      transport: this.net,
      cache: this.cache,
      token: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
      count: (counter, by = 1) => this.counts.set(counter, this.count(counter) + by),
      ...options.resolver,
    });
  }

  count(counter: ResolverCounter): number {
    return this.counts.get(counter) ?? 0;
  }

  path(
    options: Partial<Omit<ForwardPath, 'kind' | 'targets' | 'domain'>> & {
      targets: readonly SimServer[];
      domain?: string;
    },
  ): ForwardPath {
    const { targets, domain, ...rest } = options;
    return {
      kind: 'forward',
      validate: false,
      context: ++contexts,
      rule: 'rslvr-rr-1',
      view: 0,
      policy: 'ordered',
      sources: [],
      serveStale: true,
      case0x20: false,
      ...rest,
      domain: nameFromText(domain ?? 'corp.test.'),
      targets: targets.map(({ address, port }) => ({ address, port, protocol: 'do53' })),
    };
  }

  /** Starts a question; nothing happens until time passes. */
  start(
    name: string,
    type: string,
    path: Path,
    budget = new Budget(this.clock.now()),
  ): Resolution | Promise<Resolution> {
    return this.resolver.resolve({
      name: nameFromText(name),
      type: typeCode(type),
      path,
      budget,
      tokens: [],
    });
  }

  /** Asks and lets time pass until there is an answer. */
  ask(name: string, type: string, path: Path, budget?: Budget): Promise<Resolution> {
    return this.finish(this.start(name, type, path, budget));
  }

  finish<T>(outcome: T | Promise<T>): Promise<T> {
    return finish(this.clock, outcome);
  }

  pass(ms: number): Promise<void> {
    return pass(this.clock, ms);
  }
}

/** A clock that moves only when told to. */
export interface SteppedClock extends Clock {
  next(): number | undefined;
  advance(ms: number): void;
}

/** Lets time pass, event by event, until `outcome` is known. */
export async function finish<T>(clock: SteppedClock, outcome: T | Promise<T>): Promise<T> {
  let done = false;
  const settled = Promise.resolve(outcome).finally(() => {
    done = true;
  });
  // Who waits for it comes later: until then a rejection is nobody's fault.
  settled.catch(() => undefined);
  await settle();
  while (!done) {
    const next = clock.next();
    if (next === undefined) throw new Error('nothing more will happen, and there is no answer');
    clock.advance(next - clock.now());
    await settle();
  }
  return settled;
}

/** Lets `ms` pass, with everything that happens meanwhile. */
export async function pass(clock: SteppedClock, ms: number): Promise<void> {
  const end = clock.now() + ms;
  await settle();
  for (let next = clock.next(); next !== undefined && next <= end; next = clock.next()) {
    clock.advance(next - clock.now());
    await settle();
  }
  clock.advance(end - clock.now());
}

/**
 * All promise jobs run before the event loop turns, however long their chains; two turns, for work that was itself
 * put off to the next.
 */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 2; turns++) await new Promise((turned) => setImmediate(turned));
}
