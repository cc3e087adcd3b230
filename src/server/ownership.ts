import type { MessagePort } from 'node:worker_threads';
import { Budget } from '../resolver/budget.ts';
import type { Path } from '../resolver/path.ts';
import type { Resolution, ResolveRequest, Resolver } from '../resolver/resolve.ts';
import type { Clock } from '../util/clock.ts';
import { foldOctet, isAtOrBelow, labelCount, type Name, nameFromText, suffixOf } from '../wire/name.ts';
import { Peer, type Waiting } from './peer.ts';
import type { Ask } from './peerwire.ts';
import { charge, difference, spentOf } from './work.ts';

/** Questions handed over and not yet answered, per worker: beyond, the asker resolves by itself. */
const HANDED_OVER_MAX = 4096;
/**
 * Recursive questions that wait for one worker; beyond, they go to the owners of their whole names. A domain that all
 * the world asks for (or an attacker, with random labels below it) must not be the work of one worker alone.
 */
export const SPILL_ABOVE = 512;
/** Labels that name the owner of a recursive question: mostly a domain and its top-level domain. */
const OWNER_LABELS = 2;
/**
 * Under these there are more labels above the first cut that matters: 2.0.in-addr.arpa is the /16 of an organisation,
 * and ip6.arpa with eight digits the /32 of a provider.
 */
const OWNER_LABELS_REVERSE: readonly { readonly apex: Name; readonly labels: number }[] = [
  { apex: nameFromText('in-addr.arpa.'), labels: 4 },
  { apex: nameFromText('ip6.arpa.'), labels: 10 },
];

/**
 * Stage 5 belongs to one worker per question: a hash of context and name names the owner, whose record cache and
 * in-flight table are the only ones that know it. So identical questions join across workers, and each record is
 * cached once (design decision 7). For forward rules the name is the question's. For recursion it is the part of it
 * that a delegation is likely to be for: zone cuts, servers and keys of a domain are then learned by one worker, and
 * not by each that has a name below it. Hand-overs travel in batches, one message per turn of the event loop, because a
 * message between threads costs about as much as an answer.
 *
 *     asker                       owner
 *       | asks [{id, question}] →  |
 *       |  ← taken: last id        |     in the same turn; without it within OWNER_SILENT_MS the asker resolves by itself
 *       |  ← answers [{id, …}]     |     when known; if that is at once, with `taken` in one message
 */
export class Ownership {
  readonly #self: number;
  readonly #workers: number;
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  readonly #pathOf: (context: number) => Path | undefined;
  readonly #seed: number;
  readonly #peers = new Map<number, Peer>();
  #waiting = 0;
  /** Questions resolved here because their owner was silent or away. */
  spilled = 0;
  readonly #handedOverOne: () => void;

  /**
   * @param seed the same in all workers of the process, drawn at start
   * @param pathOf the path of a context in this worker's snapshot
   */
  constructor(options: {
    self: number;
    /** How many own questions; one whose slot is not below owns none. */
    workers: number;
    seed: number;
    resolver: Resolver;
    clock: Clock;
    pathOf: (context: number) => Path | undefined;
    /** Counts a question that is handed over. */
    onHandOver?: () => void;
  }) {
    this.#handedOverOne = options.onHandOver ?? (() => undefined);
    this.#self = options.self;
    this.#workers = options.workers;
    this.#seed = options.seed;
    this.#resolver = options.resolver;
    this.#clock = options.clock;
    this.#pathOf = options.pathOf;
  }

  /** The port to another worker; a new one replaces the old, whose open questions are resolved here. */
  connect(slot: number, port: MessagePort): void {
    this.#peers.get(slot)?.abandon();
    const peer = new Peer(port, this.#clock, {
      asked: (asks) => this.#serve(peer, asks),
      lost: (waiting) => this.#takeBack(waiting),
      gone: () => {
        if (this.#peers.get(slot) === peer) this.#peers.delete(slot);
      },
    });
    this.#peers.set(slot, peer);
  }

  /** The worker that a question belongs to, as long as that is not overloaded. */
  ownerOf(path: Path, name: Name): number {
    return this.#slotOf(path.context, path.kind === 'recursive' ? ownedDomain(name) : name);
  }

  #slotOf(context: number, name: Name): number {
    if (this.#workers <= 1) return 0;
    let hash = Math.imul(this.#seed ^ context, 0x9e3779b1);
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ foldOctet(name[i]!), 0x01000193);
    hash ^= hash >>> 15;
    return (Math.imul(hash, 0x85ebca6b) >>> 0) % this.#workers;
  }

  /** Stage 5 for a query of this worker. */
  resolve(request: ResolveRequest): Resolution | Promise<Resolution> {
    const peer = this.#peerFor(request);
    if (peer === undefined) return this.#resolver.resolve(request);
    return this.#handOver(peer, request, false).then(
      (resolution) => resolution ?? this.#resolver.resolve(request),
    );
  }

  /** What the owner's cache knows; no packet is sent. */
  peek(request: ResolveRequest): Resolution | undefined | Promise<Resolution | undefined> {
    const peer = this.#peerFor(request);
    return peer === undefined ? this.#resolver.peek(request) : this.#handOver(peer, request, true);
  }

  #peerFor(request: ResolveRequest): Peer | undefined {
    const { path, name } = request;
    let owner = this.ownerOf(path, name);
    if (path.kind === 'recursive' && this.#loadOf(owner) > SPILL_ABOVE)
      owner = this.#slotOf(path.context, name);
    if (owner === this.#self || this.#waiting >= HANDED_OVER_MAX) return undefined;
    return this.#peers.get(owner);
  }

  /** Questions under way there, as far as is known here: of another worker, those of this one. */
  #loadOf(owner: number): number {
    return owner === this.#self ? this.#resolver.inFlight : (this.#peers.get(owner)?.load ?? 0);
  }

  #handOver(peer: Peer, request: ResolveRequest, peek: boolean): Promise<Resolution | undefined> {
    this.#handedOverOne();
    this.#waiting++;
    return new Promise<Resolution | undefined>((resolve, reject) => {
      peer.ask({ request, peek, resolve, reject }, this.#clock.now());
    }).finally(() => {
      this.#waiting--;
    });
  }

  /** An owner that is silent or gone: the question is resolved here. */
  #takeBack(waiting: Waiting): void {
    this.spilled++;
    this.#answer(waiting.request, waiting.peek).then(waiting.resolve, waiting.reject);
  }

  async #answer(request: ResolveRequest, peek: boolean): Promise<Resolution | undefined> {
    return peek ? this.#resolver.peek(request) : this.#resolver.resolve(request);
  }

  /** Questions of another worker. One whose path this worker does not know (yet) goes back undecided. */
  #serve(peer: Peer, asks: readonly Ask[]): void {
    const now = this.#clock.now();
    for (const ask of asks) {
      const { id, name, type, tokens, checkingDisabled, wantsChain } = ask;
      const path = this.#pathOf(ask.context);
      const budget = new Budget(now - ask.spentMs);
      charge(budget, ask.spent, now);
      const before = spentOf(budget);
      const answer = (resolution: Resolution | undefined): void => {
        peer.answer({ id, resolution, spent: difference(spentOf(budget), before) });
      };
      if (path === undefined) {
        answer(undefined);
        continue;
      }
      const request = { name, type, path, budget, tokens, checkingDisabled, wantsChain };
      this.#answer(request, ask.peek).then(answer, () => answer(undefined));
    }
  }
}

/** The part of a name that names the owner of a recursive question. */
function ownedDomain(name: Name): Name {
  const reverse = OWNER_LABELS_REVERSE.find(({ apex }) => isAtOrBelow(name, apex));
  return suffixOf(name, Math.min(labelCount(name), reverse?.labels ?? OWNER_LABELS));
}
