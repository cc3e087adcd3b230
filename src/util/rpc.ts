import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from './clock.ts';

/**
 * Calls over a message port: `{ id, … }` goes out, `{ id, … }` comes back, in any order. What is lost is noticed:
 * by the timeout, and at once where the other side closes.
 */
export type Port = Pick<MessagePort, 'postMessage' | 'on' | 'close'>;

/** `timeout`: no answer in time. `gone`: the other side closed. `overload`: too many calls are open. */
export type RpcFailure = 'timeout' | 'gone' | 'overload' | 'refused';

/** A call without a usable answer; for `refused` the message is what the other side said. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly failure: RpcFailure;
  constructor(failure: RpcFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** A local question to a thread that beats is answered in milliseconds; a dump of a full cache in a second. */
const TIMEOUT_MS = 2000;
/** Operators ask one thing at a time: more open calls mean that the other side hangs. */
const OPEN_MAX = 256;

interface Open<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: RpcError) => void;
  readonly timer: Timer;
}

/**
 * The calling side of a port. `Call` and `Answer` are the messages without their `id`; an answer with a string
 * `error` is a refusal.
 */
export class Caller<Call extends object, Answer extends object> {
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #open = new Map<number, Open<Answer>>();
  #next = 1;
  #gone = false;

  constructor(port: Port, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
    port.on('message', (message: unknown) => this.#receive(message));
    port.on('close', () => this.#abandon());
  }

  get openCalls(): number {
    return this.#open.size;
  }

  /** Resolves with the answer; rejects with RpcError. */
  call(call: Call, timeoutMs = TIMEOUT_MS): Promise<Answer> {
    if (this.#gone) return Promise.reject(new RpcError('gone', 'the other thread is gone'));
    if (this.#open.size >= OPEN_MAX)
      return Promise.reject(new RpcError('overload', `${OPEN_MAX} calls wait for the other thread`));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => {
        this.#open.delete(id);
        reject(new RpcError('timeout', `no answer within ${timeoutMs} ms`));
      });
      this.#open.set(id, { resolve, reject, timer });
      this.#port.postMessage({ ...call, id });
    });
  }

  /** Closes the port; open calls fail as `gone`. */
  close(): void {
    this.#port.close();
    this.#abandon();
  }

  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('id' in message)) return;
    const open = this.#open.get(message.id as number);
    if (open === undefined) return;
    this.#open.delete(message.id as number);
    open.timer.cancel();
    if ('error' in message) open.reject(new RpcError('refused', String(message.error)));
    else open.resolve(message as unknown as Answer);
  }

  #abandon(): void {
    this.#gone = true;
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { reject, timer } of open) {
      timer.cancel();
      reject(new RpcError('gone', 'the other thread is gone'));
    }
  }
}

/**
 * The answering side: `answer` gives the message that goes back under the call's `id`, or a promise of it; what
 * it throws goes back as `{ id, error }`.
 */
export function serveCalls<Call extends { readonly id: number }>(
  port: Port,
  answer: (call: Call) => object | Promise<object>,
): void {
  const reply = (id: number, body: object): void => port.postMessage({ ...body, id });
  const fail = (id: number, error: unknown): void =>
    reply(id, { error: error instanceof Error ? error.message : String(error) });
  port.on('message', (call: Call) => {
    try {
      Promise.resolve(answer(call)).then(
        (body) => reply(call.id, body),
        (error: unknown) => fail(call.id, error),
      );
    } catch (error) {
      fail(call.id, error);
    }
  });
}
