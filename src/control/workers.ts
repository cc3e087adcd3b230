import type { Clock } from '../util/clock.ts';
import { Caller, type Port } from '../util/rpc.ts';
import { changeOf, type Posted } from '../view/change.ts';
import type { Answers, Ask } from '../view/channel.ts';
import type { Duty } from '../view/report.ts';
import type { Snapshot } from '../view/snapshot.ts';
import type { PerWorker } from './reports.ts';

/** A worker that loads a large snapshot may be busy that long before it serves it. */
const PUBLISH_MS_MAX = 30_000;

type AskOf<Kind extends Ask['ask']> = Extract<Ask, { readonly ask: Kind }>;
type Call = { readonly ask: Ask } | { readonly snapshot: Posted };
type Answer = { readonly answer: unknown } | { readonly serving: number };

/** The workers as control sees them: a port for each slot, replaced when main replaces the worker. */
export class Workers {
  readonly #clock: Clock;
  readonly #callers = new Map<number, Caller<Call, Answer>>();
  /** Of all slots that have had a worker. */
  readonly #duties = new Map<number, Duty>();
  /** Revision of what is served; of slots where that is known. */
  readonly #serving = new Map<number, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get slots(): number[] {
    return [...this.#callers.keys()].sort((a, b) => a - b);
  }

  /** All that there are, and those that are away. */
  get known(): { readonly slot: number; readonly duty: Duty }[] {
    return [...this.#duties].map(([slot, duty]) => ({ slot, duty })).sort((a, b) => a.slot - b.slot);
  }

  /** @param revision of the snapshot that it serves */
  attach(slot: number, duty: Duty, revision: number, port: Port): void {
    this.#duties.set(slot, duty);
    this.#serving.set(slot, revision);
    this.#callers.get(slot)?.close();
    this.#callers.set(slot, new Caller(port, this.#clock));
  }

  detach(slot: number): void {
    this.#callers.get(slot)?.close();
    this.#callers.delete(slot);
    this.#serving.delete(slot);
  }

  /** Asks every worker; one that is silent, gone or fails has no answer. */
  async askAll<Kind extends Ask['ask']>(
    ask: AskOf<Kind>,
    timeoutMs?: number,
  ): Promise<PerWorker<Answers[Kind]>> {
    return Promise.all(this.slots.map((slot) => this.#answerOf(slot, ask, timeoutMs)));
  }

  /** The same, first those that own questions: what the others have comes from there. */
  async askInTurn<Kind extends Ask['ask']>(
    ask: AskOf<Kind>,
    timeoutMs?: number,
  ): Promise<PerWorker<Answers[Kind]>> {
    const all: PerWorker<Answers[Kind]>[number][] = [];
    for (const duty of ['plain', 'encrypted'] as const) {
      const slots = this.slots.filter((slot) => this.#duties.get(slot) === duty);
      all.push(...(await Promise.all(slots.map((slot) => this.#answerOf(slot, ask, timeoutMs)))));
    }
    return all;
  }

  async #answerOf<Kind extends Ask['ask']>(
    slot: number,
    ask: AskOf<Kind>,
    timeoutMs: number | undefined,
  ): Promise<PerWorker<Answers[Kind]>[number]> {
    const answer = await this.#ask(slot, ask, timeoutMs).catch(() => undefined);
    return { slot, duty: this.#duties.get(slot)!, answer: answer as Answers[Kind] | undefined };
  }

  /** Asks one worker, the first that is there. Rejects with RpcError, or undefined where there is none. */
  async askOne<Kind extends Ask['ask']>(
    ask: AskOf<Kind>,
    timeoutMs?: number,
  ): Promise<Answers[Kind] | undefined> {
    const slot = this.slots[0];
    if (slot === undefined) return undefined;
    return (await this.#ask(slot, ask, timeoutMs)) as Answers[Kind];
  }

  /**
   * Gives the snapshot to every worker, or to those in `slots`, each beginning as soon as it has it; those that serve
   * `before` get what is otherwise than there. Returns the slots that do not serve it in time; main replaces those that
   * hang, and gives what replaces them the newest snapshot.
   */
  async publish(
    snapshot: Snapshot,
    before: Snapshot | undefined,
    slots: readonly number[] = this.slots,
  ): Promise<number[]> {
    const change = before && changeOf(before, snapshot);
    const late = await Promise.all(
      slots.map(async (slot) => {
        const hasBefore = change !== undefined && this.#serving.get(slot) === change.from;
        if (hasBefore && (await this.#serves(slot, change))) return [];
        return (await this.#serves(slot, snapshot)) ? [] : [slot];
      }),
    );
    return late.flat();
  }

  async #serves(slot: number, snapshot: Posted): Promise<boolean> {
    const { revision } = snapshot;
    const caller = this.#callers.get(slot);
    const answer = await caller?.call({ snapshot }, PUBLISH_MS_MAX).catch(() => undefined);
    const isServed = answer !== undefined && 'serving' in answer && answer.serving === revision;
    // Another worker may be in the slot meanwhile.
    if (this.#callers.get(slot) !== caller) return false;
    if (isServed) this.#serving.set(slot, revision);
    else this.#serving.delete(slot);
    return isServed;
  }

  close(): void {
    for (const slot of this.slots) this.detach(slot);
  }

  async #ask(slot: number, ask: Ask, timeoutMs: number | undefined): Promise<unknown> {
    const answer = await this.#callers.get(slot)!.call({ ask }, timeoutMs);
    return 'answer' in answer ? answer.answer : undefined;
  }
}
