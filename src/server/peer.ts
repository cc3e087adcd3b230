import type { MessagePort } from 'node:worker_threads';
import type { Resolution, ResolveRequest } from '../resolver/resolve.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Name } from '../wire/name.ts';
import { charge, spentOf, type Work } from './work.ts';

/** How long an owner may be silent before the asker resolves by itself. */
export const OWNER_SILENT_MS = 50;

export interface Ask {
  readonly id: number;
  readonly name: Name;
  readonly type: number;
  readonly context: number;
  /** Of the client query's budget: milliseconds and work that are used up. */
  readonly spentMs: number;
  readonly spent: Work;
  readonly tokens: readonly Uint8Array[];
  readonly checkingDisabled: boolean;
  readonly wantsChain: boolean;
  /** Answer from the cache only; nothing may be asked of others. */
  readonly peek: boolean;
}

export interface Answer {
  readonly id: number;
  readonly resolution: Resolution | undefined;
  readonly spent: Work;
}

type Wire =
  | { readonly asks: readonly Ask[] }
  | { readonly taken: number }
  | { readonly answers: readonly Answer[] };

export interface Waiting {
  readonly request: ResolveRequest;
  readonly peek: boolean;
  readonly resolve: (resolution: Resolution | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export interface PeerEvents {
  readonly asked: (asks: readonly Ask[]) => void;
  /** It did not even take the question. */
  readonly lost: (waiting: Waiting) => void;
  readonly gone: () => void;
}

/** One other worker: what is open with it, and what waits for the end of this turn to be sent. */
export class Peer {
  readonly #port: MessagePort;
  readonly #clock: Clock;
  readonly #on: PeerEvents;
  readonly #open = new Map<number, Waiting>();
  #next = 1;
  #taken = 0;
  #asks: Ask[] = [];
  #answers: Answer[] = [];
  #flushing = false;
  #silence: Timer | undefined;

  constructor(port: MessagePort, clock: Clock, on: PeerEvents) {
    this.#port = port;
    this.#clock = clock;
    this.#on = on;
    port.on('message', (message: Wire) => this.#receive(message));
    port.on('close', () => this.abandon());
  }

  /** Questions that it has not answered yet. */
  get load(): number {
    return this.#open.size;
  }

  ask(waiting: Waiting, now: number): void {
    const id = this.#next++;
    this.#open.set(id, waiting);
    const { request, peek } = waiting;
    this.#asks.push({
      id,
      name: request.name,
      type: request.type,
      context: request.path.context,
      spentMs: now - request.budget.startedAt,
      spent: spentOf(request.budget),
      tokens: request.tokens,
      checkingDisabled: request.checkingDisabled ?? false,
      wantsChain: request.wantsChain ?? false,
      peek,
    });
    this.#flushSoon();
    this.#silence ??= this.#clock.after(OWNER_SILENT_MS, () => this.#checkSilence(id));
  }

  answer(answer: Answer): void {
    this.#answers.push(answer);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#asks.length > 0) this.#port.postMessage({ asks: this.#asks } satisfies Wire);
    if (this.#answers.length > 0) this.#port.postMessage({ answers: this.#answers } satisfies Wire);
    this.#asks = [];
    this.#answers = [];
  }

  #receive(message: Wire): void {
    if ('asks' in message) {
      this.#port.postMessage({ taken: message.asks.at(-1)!.id } satisfies Wire);
      this.#on.asked(message.asks);
    } else if ('taken' in message) this.#taken = message.taken;
    else for (const answer of message.answers) this.#settle(answer);
  }

  #settle({ id, resolution, spent }: Answer): void {
    const waiting = this.#open.get(id);
    if (waiting === undefined) return;
    this.#open.delete(id);
    charge(waiting.request.budget, spent, this.#clock.now());
    waiting.resolve(resolution);
  }

  /** Asked OWNER_SILENT_MS ago and not even taken: whoever owns these is busy or dead. */
  #checkSilence(id: number): void {
    this.#silence = undefined;
    for (const [open, waiting] of [...this.#open]) {
      if (open <= this.#taken || open > id) continue;
      this.#open.delete(open);
      this.#on.lost(waiting);
    }
    const last = this.#next - 1;
    if (last > Math.max(id, this.#taken) && this.#open.size > 0)
      this.#silence = this.#clock.after(OWNER_SILENT_MS, () => this.#checkSilence(last));
  }

  /** The other side is gone: all that is open with it is taken back. */
  abandon(): void {
    this.#silence?.cancel();
    this.#silence = undefined;
    const open = [...this.#open.values()];
    this.#open.clear();
    this.#port.close();
    this.#on.gone();
    for (const waiting of open) this.#on.lost(waiting);
  }
}
