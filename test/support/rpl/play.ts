/** Plays a scenario: the whole packet pipeline with a resolver, in simulated time, against the scenario's servers. */
import { RecordCache } from '../../../src/cache/records.ts';
import type { Budget } from '../../../src/resolver/budget.ts';
import { Resolver } from '../../../src/resolver/resolve.ts';
import type { Pipeline } from '../../../src/server/pipeline.ts';
import { unreachable } from '../../../src/util/assert.ts';
import { parseAddress } from '../../../src/util/cidr.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { Dependencies } from '../../../src/util/deps.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { Slab } from '../../../src/util/slab.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { type Message, readMessage } from '../../../src/wire/message.ts';
import { fieldAlgorithms } from '../dsa.ts';
import { pipelineOf } from '../pipeline.ts';
import { counted } from './algorithms.ts';
import { type Config, parseConfig } from './config.ts';
import { messageToText, misfit } from './match.ts';
import { isSameAddress, RplNet } from './net.ts';
import { encode } from './packet.ts';
import type { Entry, Scenario, Step } from './scenario.ts';
import { snapshotOf } from './snapshot.ts';
import { exceeds, noWork } from './work.ts';

export interface Played {
  /** Undefined: all steps went as they should. */
  readonly failure: string | undefined;
  /** Queries to servers and answers to clients, in order. */
  readonly log: readonly string[];
}

/** Simulated time in which an answer must come; a client query's work ends long before. */
const PATIENCE_MS = 60_000;
const CLIENT = '127.0.0.1';

/** By chance, with this one, the servers that are asked first are those that some scenarios want to be asked at all. */
const SEED = 2;

export interface PlayOptions {
  readonly seed?: number;
  /** Steps that must fail, and what their failure must say. */
  readonly excused?: Readonly<Record<number, RegExp>>;
}

export async function play(scenario: Scenario, options: PlayOptions = {}): Promise<Played> {
  const player = new Player(scenario, options.seed ?? SEED);
  for (const step of scenario.steps) {
    const excuse = options.excused?.[step.number];
    const fault = await player.take(step);
    const why = excuse === undefined ? fault : player.excuse(fault, excuse);
    if (why !== undefined)
      return { failure: `step ${step.number} (line ${step.line}): ${why}`, log: player.log };
  }
  return { failure: player.atEnd(), log: player.log };
}

interface Answer {
  readonly client: string;
  readonly transport: 'udp' | 'tcp';
  readonly message: Message;
}

class Player {
  readonly log: string[] = [];
  readonly #clock: ManualClock;
  readonly #net: RplNet;
  readonly #pipeline: Pipeline;
  /** Answers that no step has looked at, in the order in which they came. */
  readonly #answers: Answer[] = [];
  /** Queries of clients without an answer. */
  #asked = 0;
  /** Of the client queries since the last CHECK_WORK, with what was left when it was met first. */
  #budgets = new Map<Budget, number>();

  constructor(scenario: Scenario, seed: number) {
    const config = parseConfig(scenario.config);
    const clock = new ManualClock(config.wallMs ?? latestInception(scenario));
    this.#clock = clock;
    this.#net = new RplNet(clock, scenario.ranges, (line) => this.log.push(line));
    const resolver = resolverOf(config, clock, this.#net, seed);
    const snapshot = snapshotOf(config);
    this.#pipeline = pipelineOf(snapshot, {
      clock,
      resolve: (request) => {
        this.#charge(request.budget);
        return resolver.resolve(request);
      },
    }).pipeline;
  }

  #charge(budget: Budget): void {
    if (!this.#budgets.has(budget)) this.#budgets.set(budget, budget.left.nsec3Blocks);
  }

  /** What went wrong, if anything did. */
  async take(step: Step): Promise<string | undefined> {
    this.#net.step = step.number;
    if (step.kind === 'check-answer') return await this.#checkAnswer(step.client, step.entry);
    await this.#settle();
    switch (step.kind) {
      case 'query':
        this.#query(step.client ?? CLIENT, step.entry);
        return undefined;
      case 'time-passes':
        await this.#pass(step.ms);
        return undefined;
      case 'traffic':
        return undefined;
      case 'check-out-query':
        return this.#net.isWaiting(step.address, step.entry)
          ? undefined
          : `no such query; ${this.#waiting()}`;
      case 'reply':
        return this.#net.endLatest(step.entry) ? undefined : 'no query waits for a reply';
      case 'timeout':
      case 'error':
        return this.#net.endLatest(step.kind) ? undefined : 'no query waits';
      case 'check-work':
        return this.#checkWork(step.limits);
      default:
        return unreachable(step);
    }
  }

  /** Passes over the answer that was not as the step says, if the fault is the one that is known. */
  excuse(fault: string | undefined, known: RegExp): string | undefined {
    if (fault === undefined) return 'goes as it says, though it is excused';
    if (!known.test(fault)) return fault;
    this.#answers.shift();
    return undefined;
  }

  atEnd(): string | undefined {
    const [answer] = this.#answers;
    return answer === undefined
      ? undefined
      : `an answer that no step expects:\n    ${messageToText(answer.message)}`;
  }

  #waiting(): string {
    return `waiting are: ${this.#net.waiting.join(', ') || 'none'}`;
  }

  #query(client: string, entry: Entry): void {
    const transport = entry.match.words.has('TCP') ? 'tcp' : 'udp';
    const query = { address: parseAddress(client), port: 4242, transport, endpoint: 0 } as const;
    const answered = (reply: Uint8Array | undefined): void => {
      this.#asked--;
      // The buffer is the pipeline's own.
      const message = reply === undefined ? undefined : readMessage(reply.slice());
      this.log.push(`answer: ${message === undefined ? 'none' : messageToText(message)}`);
      if (message !== undefined) this.#answers.push({ client, transport, message });
    };
    this.#asked++;
    const reply = this.#pipeline.handle(encode(entry.packet, 0), query);
    if (reply instanceof Promise) void reply.then(answered);
    else answered(reply);
  }

  /** An answer that is there already is looked at before anything else happens. */
  async #checkAnswer(client: string | undefined, entry: Entry): Promise<string | undefined> {
    const until = this.#clock.now() + PATIENCE_MS;
    for (;;) {
      if (this.#takeAnswer(client, entry)) return undefined;
      const seen = this.#answers.length;
      await this.#settle(() => this.#answers.length > seen);
      if (this.#answers.length > seen) continue;
      const next = this.#clock.next();
      if (this.#asked === 0 || next === undefined || next > until) return this.#noAnswer(entry);
      this.#clock.advance(next - this.#clock.now());
    }
  }

  #takeAnswer(client: string | undefined, entry: Entry): boolean {
    const at = this.#answers.findIndex(
      (answer) =>
        (client === undefined || isSameAddress(client, answer.client)) &&
        misfit(entry, answer.message, answer.transport) === undefined,
    );
    if (at >= 0) this.#answers.splice(at, 1);
    return at >= 0;
  }

  #noAnswer(entry: Entry): string {
    const [answer] = this.#answers;
    if (answer === undefined) return `no answer; ${this.#waiting()}`;
    const why = misfit(entry, answer.message, answer.transport);
    return `${why}\n  the answer is:\n    ${messageToText(answer.message)}`;
  }

  #checkWork(limits: (Step & { kind: 'check-work' })['limits']): string | undefined {
    const { work } = this.#net;
    for (const [budget, before] of this.#budgets) work.nsec3 += before - budget.left.nsec3Blocks;
    this.#budgets = new Map();
    this.#net.work = noWork();
    const faults = limits.map((limit) => exceeds(work, limit)).filter((fault) => fault !== undefined);
    return faults.length === 0 ? undefined : faults.join('; ');
  }

  /** Everything that happens without time passing, or up to where `enough` holds. */
  async #settle(enough: () => boolean = () => false): Promise<void> {
    for (;;) {
      await turn();
      if (enough()) return;
      const next = this.#clock.next();
      if (next !== undefined && next <= this.#clock.now()) this.#clock.advance(0);
      else if (!this.#net.serveOne()) return;
    }
  }

  async #pass(ms: number): Promise<void> {
    const end = this.#clock.now() + ms;
    for (;;) {
      const next = this.#clock.next();
      if (next === undefined || next > end) break;
      this.#clock.advance(next - this.#clock.now());
      await this.#settle();
    }
    this.#clock.advance(end - this.#clock.now());
    await this.#settle();
  }
}

/** Lets everything happen that has been promised. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function resolverOf(config: Config, clock: ManualClock, net: RplNet, seed: number): Resolver {
  const limits = { ...config.ttl, staleWindow: config.serveStale ? 86_400 : 0 };
  const slab = new Slab({ bytes: 1 << 20, seed: [seed, 1] });
  const resolver = new Resolver({
    clock,
    prng: new SeededPrng(seed),
    transport: net,
    cache: new RecordCache({ slab, clock, deps: new Dependencies(), limits }),
    token: new Uint8Array(8).fill(1),
    prefetch: config.prefetch,
    limits,
    algorithms: counted(fieldAlgorithms(), () => net.work.verifies++),
  });
  resolver.configure({ limits, prefetch: config.prefetch, recursion: config.recursion });
  return resolver;
}

/** A time at which the signatures of the scenario are good, where it says that their dates do not count. */
function latestInception({ ranges }: Scenario): number {
  const packets = ranges.flatMap(({ entries }) => entries.map(({ packet }) => packet));
  const records = packets.flatMap(({ answer, authority }) => [...answer, ...authority]);
  const inceptions = records
    .filter(({ type }) => type === TYPE.RRSIG)
    .map(({ rdata }) => new DataView(rdata.buffer, rdata.byteOffset).getUint32(12));
  return Math.max(0, ...inceptions) * 1000;
}
