import type { MessagePort } from 'node:worker_threads';
import type { Resolution, ResolveRequest } from '../resolver/resolve.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { Turnover } from '../util/turnover.ts';
import { type Answer, type Ask, decode, encode } from './peerwire.ts';
import { charge, spentOf } from './work.ts';

/** How long an owner may be silent before the asker resolves by itself. */
export const OWNER_SILENT_MS = 50;
/** Questions of one message that are begun before it is said that they were taken. */
const ASKS_FEW = 16;
/** How long that may wait for the end of the turn. */
const TAKEN_MS = 5;

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
  readonly #open = new Turnover<number, Waiting>();
  #next = 1;
  /** Ids of the last question of ours that it took, and of the last of its that we did. */
  #taken = 0;
  #toTell = 0;
  #asks: Ask[] = [];
  #answers: Answer[] = [];
  /** Clock time since when something waits for the end of the turn. */
  #waitsSince: number | undefined;
  #silence: Timer | undefined;

  constructor(port: MessagePort, clock: Clock, on: PeerEvents) {
    this.#port = port;
    this.#clock = clock;
    this.#on = on;
    port.on('message', (bytes: Uint8Array) => this.#receive(bytes));
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

  /** At the end of the turn: a message costs as much as several questions in it. */
  #flushSoon(): void {
    if (this.#waitsSince !== undefined) return;
    this.#waitsSince = this.#clock.now();
    setImmediate(() => {
      this.#waitsSince = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    this.#port.postMessage(encode({ taken: this.#toTell, asks: this.#asks, answers: this.#answers }));
    this.#asks = [];
    this.#answers = [];
  }

  #receive(bytes: Uint8Array): void {
    const { taken, asks, answers } = decode(bytes);
    this.#taken = taken;
    for (const answer of answers) this.#settle(answer);
    if (asks.length === 0) return;
    this.#toTell = asks.at(-1)!.id;
    this.#flushSoon();
    // The turn will be long, or is: who is told too late that these were taken asks for them a second time.
    const isLong = asks.length > ASKS_FEW || this.#clock.now() - this.#waitsSince! > TAKEN_MS;
    if (isLong) this.#flush();
    this.#on.asked(asks);
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
    // What it said may wait to be read, where this thread was busy itself: messages are read before the end of a turn.
    setImmediate(() => this.#judgeSilence(id));
  }

  #judgeSilence(id: number): void {
    this.#silence = undefined;
    for (const [open, waiting] of this.#open.entries()) {
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
    const open = this.#open.values();
    this.#open.clear();
    this.#port.close();
    this.#on.gone();
    for (const waiting of open) this.#on.lost(waiting);
  }
}
