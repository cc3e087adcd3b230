/**
 * A whole Causeway on the simulated Internet, seen as its clients see it: bytes through the packet pipeline, recursion
 * from the root behind it, in simulated time, with the work of each query counted.
 *
 *     const sim = simulate(internet);
 *     const { rcode, ad, answer, work } = await sim.ask('www.corp.test.', 'A');
 */
import { RecordCache } from '../../src/cache/records.ts';
import type { Budget } from '../../src/resolver/budget.ts';
import type { ResolverCounter } from '../../src/resolver/env.ts';
import type { RecursivePath } from '../../src/resolver/path.ts';
import { Resolver, type ResolverOptions } from '../../src/resolver/resolve.ts';
import type { RecursionSettings } from '../../src/resolver/settings.ts';
import type { Client } from '../../src/server/handler.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { Slab } from '../../src/util/slab.ts';
import type { Candidate, Snapshot, ViewData } from '../../src/view/snapshot.ts';
import { FLAG, OPTION, rcodeToText, TYPE } from '../../src/wire/constants.ts';
import { readEde } from '../../src/wire/edns.ts';
import { type Message, readMessage } from '../../src/wire/message.ts';
import { nameToText, ROOT } from '../../src/wire/name.ts';
import { rdataToText, typeToText } from '../../src/wire/rdata/table.ts';
import type { Rr } from '../../src/wire/record.ts';
import { checkedElsewhere } from './elsewhere.ts';
import type { Internet } from './internet.ts';
import { clientAt, pipelineOf, query } from './pipeline.ts';
import { finish, pass } from './simnet.ts';
import { type Truth, text } from './truth.ts';
import { RECURSION, snapshotOf, type ViewSpec } from './world.ts';

export interface SimulateOptions {
  readonly settings?: Partial<RecursionSettings>;
  readonly view?: Partial<Pick<ViewData, 'dnssec' | 'dns64' | 'rebinding' | 'delegates'>>;
  /** Private zones and forward rules beside recursion. */
  readonly world?: Omit<ViewSpec, 'cidrs'>;
  readonly path?: Partial<Pick<RecursivePath, 'case0x20' | 'hints' | 'serveStale' | 'validate'>>;
  readonly resolver?: Partial<ResolverOptions>;
  readonly cacheBytes?: number;
  readonly seed?: number;
  /** Last change to what is compiled. */
  readonly snapshot?: (snapshot: Snapshot) => Snapshot;
}

export interface AskOptions {
  /** Default true: signatures are asked for, and AD is understood. */
  readonly dnssecOk?: boolean;
  readonly checkingDisabled?: boolean;
  readonly from?: Client;
}

/** What one client query cost, counted where it is charged. */
export interface Work {
  packets: number;
  bytes: number;
  verifies: number;
  nsec3Blocks: number;
  /** Sub-queries, and zones that were looked at for them. */
  fetches: number;
  /** From the query to the reply. */
  ms: number;
}

export interface Answered {
  readonly rcode: string;
  readonly ad: boolean;
  /** `www.corp.test. a 192.0.2.1`, in lower case, without RRSIGs: the aliases that come first, then the rest sorted. */
  readonly answer: readonly string[];
  readonly message: Message;
  /** Info codes of Extended DNS Errors. */
  readonly ede: readonly { code: number; text: string }[];
  readonly work: Work;
}

const VPC = 'vpc-sim';
const CLIENT = '10.0.0.1';
const RECURSIVE_CONTEXT = 77;

export function simulate(internet: Internet, options: SimulateOptions = {}): SimulatedResolver {
  return new SimulatedResolver(internet, options);
}

export class SimulatedResolver {
  readonly internet: Internet;
  readonly snapshot: Snapshot;
  readonly cache: RecordCache;
  readonly resolver: Resolver;
  readonly counts = new Map<ResolverCounter, number>();
  readonly #pipeline: ReturnType<typeof pipelineOf>['pipeline'];
  /** Work of the budgets at hand. */
  readonly #works = new WeakMap<Budget, Work>();
  /** Of all queries so far. */
  readonly works: Work[] = [];

  constructor(internet: Internet, options: SimulateOptions) {
    this.internet = internet;
    const { clock, net } = internet;
    this.snapshot = snapshotFor(internet, options);
    const slab = new Slab({ bytes: options.cacheBytes ?? 1 << 22, seed: [1, 2] });
    this.cache = new RecordCache({ slab, clock, deps: new Dependencies() });
    this.resolver = new Resolver({
      clock,
      prng: new SeededPrng(options.seed ?? 1),
      transport: net,
      cache: this.cache,
      token: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
      count: (counter, by = 1) => this.counts.set(counter, this.count(counter) + by),
      // As in a daemon; who tests what is done without it says so.
      signatures: checkedElsewhere(clock),
      ...options.resolver,
    });
    this.resolver.configure({ recursion: this.snapshot.recursion });
    const { pipeline } = pipelineOf(this.snapshot, {
      clock,
      resolve: (request) => {
        this.#watch(request.budget);
        return this.resolver.resolve(request);
      },
    });
    this.#pipeline = pipeline;
  }

  count(counter: ResolverCounter): number {
    return this.counts.get(counter) ?? 0;
  }

  /** Starts a query; nothing happens until time passes. */
  async start(name: string, type: string, options: AskOptions = {}): Promise<Answered> {
    const { dnssecOk = true, checkingDisabled = false, from = clientAt(CLIENT, 'tcp') } = options;
    const startedAt = this.internet.clock.now();
    const bytes = query(name, type, {
      flags: FLAG.RD | (checkingDisabled ? FLAG.CD : 0),
      edns: { payload: 1232, version: 0, dnssecOk, options: [] },
    });
    const mark = this.works.length;
    const reply = this.#pipeline.handle(bytes, from);
    // A reply that was not waited for stands in a buffer that the next one is written to.
    const copied = reply instanceof Uint8Array ? reply.slice() : reply;
    // The budget comes to be while the query is taken, before anything else can run.
    const work = this.works[mark] ?? noWork();
    const octets = await copied;
    if (octets === undefined) throw new Error(`no reply to ${name} ${type}`);
    return answeredOf(readMessage(octets), {
      ...work,
      ms: Math.round(this.internet.clock.now() - startedAt),
    });
  }

  /** Any octets from any client, by UDP; undefined for silence. */
  async send(bytes: Uint8Array, address: string): Promise<Uint8Array | undefined> {
    const reply = this.#pipeline.handle(bytes, clientAt(address));
    const copied = reply instanceof Uint8Array ? reply.slice() : reply;
    return await copied;
  }

  /** Asks and lets time pass until there is an answer. */
  ask(name: string, type = 'A', options: AskOptions = {}): Promise<Answered> {
    return finish(this.internet.clock, this.start(name, type, options));
  }

  /** Asks one of these names after the other, whether or not those before were answered, and waits for all answers. */
  async askEach(everyMs: number, names: readonly string[]): Promise<Answered[]> {
    const asked: Promise<Answered>[] = [];
    for (const name of names) {
      asked.push(this.start(name, 'A'));
      await this.pass(everyMs);
    }
    return finish(this.internet.clock, Promise.all(asked));
  }

  pass(ms: number): Promise<void> {
    return pass(this.internet.clock, ms);
  }

  /** Everything in the cache of records, as `www.corp.test. A rrset secure 192.0.2.1`. */
  cached(): string[] {
    return this.cache.dump(Number.MAX_SAFE_INTEGER).map(({ name, type, cached }) => {
      const rdatas = cached.rrset?.rdatas.map((rdata) => rdataToText(type, rdata)) ?? [];
      const what = type === 0 ? 'NXDOMAIN' : typeToText(type);
      return [nameToText(name), what, cached.kind, cached.security, ...rdatas.sort()].join(' ');
    });
  }

  /** Counts what a budget is charged for from now on, whatever is left of it. */
  #watch(budget: Budget): void {
    if (this.#works.has(budget)) return;
    const work = noWork();
    this.#works.set(budget, work);
    this.works.push(work);
    const { takePacket, takeBytes, takeVerify, takeNsec3Blocks, takeFetch } = budget;
    budget.takePacket = (now) => {
      const may = takePacket.call(budget, now);
      if (may) work.packets++;
      return may;
    };
    budget.takeBytes = (octets) => {
      work.bytes += octets;
      takeBytes.call(budget, octets);
    };
    budget.takeVerify = () => {
      const may = takeVerify.call(budget);
      if (may) work.verifies++;
      return may;
    };
    budget.takeNsec3Blocks = (blocks) => {
      const may = takeNsec3Blocks.call(budget, blocks);
      if (may) work.nsec3Blocks += blocks;
      return may;
    };
    budget.takeFetch = () => {
      const may = takeFetch.call(budget);
      if (may) work.fetches++;
      return may;
    };
  }
}

function noWork(): Work {
  return { packets: 0, bytes: 0, verifies: 0, nsec3Blocks: 0, fetches: 0, ms: 0 };
}

function answeredOf(message: Message, work: Work): Answered {
  const options = message.edns?.options ?? [];
  return {
    rcode: rcodeToText(message.rcode),
    ad: (message.flags & FLAG.AD) !== 0,
    answer: normal(message),
    message,
    ede: options.filter(({ code }) => code === OPTION.EDE).map(({ data }) => readEde(data)),
    work,
  };
}

/** Aliases that come after data stay there, and differ from the truth. */
function normal(message: Message): string[] {
  const data = message.answer.filter((rr) => rr.type !== TYPE.RRSIG);
  const isAlias = (rr: Rr): boolean =>
    (rr.type === TYPE.CNAME || rr.type === TYPE.DNAME) && rr.type !== message.question!.type;
  const first = data.findIndex((rr) => !isAlias(rr));
  const aliases = first < 0 ? data : data.slice(0, first);
  return [...aliases.map(text), ...data.slice(aliases.length).map(text).sort()];
}

/** The CNAME that a DNAME made may be given alone to who asked for a CNAME, if nobody has to believe it. */
function withoutDname(given: Answered, answer: readonly string[]): readonly string[] {
  return given.ad || given.message.question?.type !== TYPE.CNAME
    ? answer
    : answer.filter((line) => !line.includes(' dname '));
}

/** What is wrong with an answer, as it was given or should have been. Undefined: nothing. */
export function faultIn(given: Answered, truth: Truth): string | undefined {
  const rcode = truth.security === 'bogus' ? 'SERVFAIL' : truth.rcode;
  const answer = truth.security === 'bogus' ? [] : truth.answer;
  const ad = truth.security === 'secure';
  const same =
    String(given.answer) === String(answer) || String(given.answer) === String(withoutDname(given, answer));
  if (given.rcode === rcode && given.ad === ad && same) return undefined;
  const is = `${given.rcode}${given.ad ? ' ad' : ''} [${given.answer}] ${given.ede.map(({ code, text }) => `EDE ${code} ${text}`)}`;
  return `${is}; true is ${rcode}${ad ? ' ad' : ''} (${truth.security}) [${answer}]`;
}

/** One VPC, with a rule `{ domain: ".", type: recursive }`. */
export function snapshotFor(internet: Internet, options: SimulateOptions): Snapshot {
  const forward = options.world?.forward ?? [];
  const base = snapshotOf({ [VPC]: { ...options.world, cidrs: ['10.0.0.0/8'], forward: [...forward, '.'] } });
  const at = base.paths.findIndex((path) => path.domain.length === 1);
  const path: RecursivePath = {
    kind: 'recursive',
    context: RECURSIVE_CONTEXT,
    rule: 'recursion',
    domain: ROOT,
    view: 0,
    sources: [],
    serveStale: true,
    case0x20: true,
    validate: true,
    origin: ROOT,
    servers: internet.hints,
    hints: true,
    ...options.path,
  };
  const recursive = (candidate: Candidate): Candidate =>
    candidate.kind === 'forward' && candidate.path === at ? { ...candidate, kind: 'recursive' } : candidate;
  const views = base.views.map((view) => ({
    ...view,
    dnssec: 'validate' as const,
    ...options.view,
    groups: view.groups.map((group) => group.map(recursive)),
  }));
  const snapshot = {
    ...base,
    views,
    paths: base.paths.map((each, i) => (i === at ? path : each)),
    recursion: { ...RECURSION, anchors: internet.anchors, ...options.settings },
  };
  return options.snapshot?.(snapshot) ?? snapshot;
}
