import { connect, type Socket } from 'node:net';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Destination, StreamAddress } from '../../view/querylog.ts';
import { Backlog, countRecords } from './backlog.ts';
import type { Output } from './output.ts';
import { Reception } from './reception.ts';

/** What is said on a connection before the first entry and after the last one. */
export interface Conversation {
  /** Resolves when entries may follow. One that fails ends the connection by itself. */
  greet(): Promise<void>;
  /** Resolves when the other side has them all, as far as it says so. */
  part(): Promise<void>;
}

/** Nothing is said but entries. */
export const NO_WORDS: Conversation = { greet: async () => {}, part: async () => {} };

export interface StreamOutputOptions {
  readonly to: Destination;
  readonly at: StreamAddress;
  readonly converse: (socket: Socket) => Conversation;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const BATCH_OCTETS = 1 << 16;
/** For a connection with its greeting, and for a leave-taking. */
const GREETING_MS = 5_000;
/** For the other side to take a batch. */
const STALL_MS = 30_000;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'greeting'; readonly socket: Socket }
  | {
      readonly kind: 'open';
      readonly socket: Socket;
      readonly conversation: Conversation;
      isWriting: boolean;
    }
  | { readonly kind: 'parting'; readonly socket: Socket }
  | { readonly kind: 'resting'; readonly timer: Timer };

/**
 * Entries to whoever listens on a stream socket. It is called when there is something to say, and again, ever less often,
 * while it does not listen. One batch is on its way at a time: that of a connection that breaks goes with the next one, so
 * that its entries may arrive twice; what the kernel had taken before may be lost unseen.
 */
export class StreamOutput implements Output<Buffer> {
  readonly #o: StreamOutputOptions;
  readonly #backlog: Backlog;
  readonly #reception: Reception;
  #state: State = { kind: 'idle' };
  #unsent: ReturnType<Backlog['take']>;
  #error: unknown;
  #ending: PromiseWithResolvers<void> | undefined;

  constructor(options: StreamOutputOptions) {
    this.#o = options;
    this.#backlog = new Backlog(countRecords(options.metrics), BATCH_OCTETS);
    this.#reception = new Reception(options.log, options.to);
  }

  add(entry: Buffer): void {
    this.#backlog.add(entry);
  }

  flush(): void {
    if (this.#state.kind === 'open') this.#pump();
    else if (this.#state.kind === 'idle' && this.#hasMore) this.#connect();
  }

  reopen(): void {
    if (this.#state.kind !== 'resting') return;
    this.#state.timer.cancel();
    this.#state = { kind: 'idle' };
    this.flush();
  }

  close(): Promise<void> {
    this.#ending ??= Promise.withResolvers<void>();
    const { promise } = this.#ending;
    this.flush();
    if (this.#state.kind === 'resting') this.#state.timer.cancel();
    if (this.#state.kind === 'resting' || this.#state.kind === 'idle') this.#ended();
    return promise;
  }

  get #hasMore(): boolean {
    return this.#unsent !== undefined || !this.#backlog.isEmpty;
  }

  #connect(): void {
    const { at, converse } = this.#o;
    const socket = connect(at.way === 'unix' ? { path: at.path } : { host: at.address, port: at.port });
    const conversation = converse(socket);
    this.#state = { kind: 'greeting', socket };
    this.#error = undefined;
    const patience = this.#patience(socket, GREETING_MS);
    socket.setKeepAlive(true);
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.once('close', () => {
      patience.cancel();
      this.#gone(socket);
    });
    socket.once('connect', () => {
      void conversation.greet().then(() => {
        patience.cancel();
        if (this.#state.kind !== 'greeting' || this.#state.socket !== socket) return;
        this.#state = { kind: 'open', socket, conversation, isWriting: false };
        this.#pump();
      });
    });
  }

  #pump(): void {
    const state = this.#state;
    if (state.kind !== 'open' || state.isWriting) return;
    const batch = (this.#unsent ??= this.#backlog.take());
    if (batch === undefined) {
      if (this.#ending !== undefined) this.#part(state.socket, state.conversation);
      return;
    }
    state.isWriting = true;
    const patience = this.#patience(state.socket, STALL_MS);
    state.socket.write(Buffer.concat(batch.entries), (error) => {
      patience.cancel();
      if (error || this.#state !== state) return;
      state.isWriting = false;
      this.#unsent = undefined;
      this.#backlog.sent(batch);
      this.#reception.taken(() => this.#backlog.takeLost());
      this.#pump();
    });
  }

  #part(socket: Socket, conversation: Conversation): void {
    this.#state = { kind: 'parting', socket };
    this.#patience(socket, GREETING_MS);
    void conversation.part().then(() => socket.destroy());
  }

  /** Ends a connection on which nothing comes to pass. */
  #patience(socket: Socket, ms: number): Timer {
    return this.#o.clock.after(ms, () =>
      socket.destroy(new Error(`nothing came to pass for ${ms / 1000} s`)),
    );
  }

  #gone(socket: Socket): void {
    const state = this.#state;
    if (state.kind === 'idle' || state.kind === 'resting' || state.socket !== socket) return;
    if (this.#ending !== undefined) {
      this.#ended();
      return;
    }
    const timer = this.#o.clock.after(this.#reception.failed(this.#error), () => {
      this.#state = { kind: 'idle' };
      this.flush();
    });
    this.#state = { kind: 'resting', timer };
  }

  #ended(): void {
    this.#backlog.lose(this.#unsent?.entries.length ?? 0);
    this.#unsent = undefined;
    this.#backlog.loseAll();
    this.#state = { kind: 'idle' };
    this.#ending?.resolve();
    this.#ending = undefined;
  }
}
