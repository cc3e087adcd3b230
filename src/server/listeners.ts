import { closeSync } from 'node:fs';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import { socketText } from '../util/ffi.ts';
import type { Prng } from '../util/prng.ts';
import type { Descriptor, TicketKeys } from '../view/channel.ts';
import type { EncryptedListening } from '../view/snapshot.ts';
import type { QueryHandler } from './handler.ts';
import { descriptorKey } from './sockets.ts';
import { TcpEndpoint } from './tcp.ts';
import type { TcpClients } from './tcpclients.ts';
import type { NativeStreams } from './tcpnative.ts';
import { DgramBackEnd, type OnError, PendingReplies, type UdpBackEnd, UdpEndpoint } from './udp.ts';
import type { NativeUdpListeners } from './udpnative.ts';

export interface ListenersOptions {
  readonly handler: QueryHandler;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly clients: TcpClients;
  /** Undefined: UDP is read by Node's own sockets. */
  readonly native?: NativeUdpListeners | undefined;
  /** See TcpOptions. */
  readonly streams?: NativeStreams | undefined;
  readonly admits: (endpoint: number, address: Uint8Array) => boolean;
  /** See TcpOptions. */
  readonly isProxy?: (endpoint: number, address: Uint8Array) => boolean;
  /** Index of an endpoint in the snapshot that is served now, -1 where it has none of that id. */
  readonly endpointOf: (id: string) => number;
  /** What the endpoint of that id speaks by TLS; undefined: nothing, in the snapshot that is served now. */
  readonly encryptedOf: (id: string) => EncryptedListening | undefined;
  readonly ticketKeys: TicketKeys;
  /** A socket could not be had; the others are served. */
  readonly failed: (failure: string) => void;
}

type Listener = ListenerFacts &
  (
    | { readonly kind: 'udp'; readonly server: UdpEndpoint }
    | { readonly kind: 'tcp'; readonly server: TcpEndpoint }
  );

interface ListenerFacts {
  descriptor: Descriptor;
  state: ListenerState;
  /** Id of the endpoint that it answers as. */
  serves: string | undefined;
}

/** `waits`: not read yet, as the snapshot that is served does not have its endpoint. */
type ListenerState = 'waits' | 'reads';

/** The sockets that one worker serves: `apply` follows what main hands it, `remap` the snapshot. */
export class Listeners {
  readonly #o: ListenersOptions;
  readonly #pending = new PendingReplies();
  #open = new Map<string, Listener>();
  readonly #retired = new Set<Listener>();
  #ticketKeys: TicketKeys;

  constructor(options: ListenersOptions) {
    this.#o = options;
    this.#ticketKeys = options.ticketKeys;
  }

  /** How long an idle TCP connection is kept at the moment, milliseconds. */
  get idleMs(): number {
    return this.#o.clients.idleMs();
  }

  /**
   * Serves exactly these from now on. What is listened on already stays as it is: two duplicates of one socket
   * would share its queue. What is gone is closed when its answers are out. Resolves when what is new is read.
   */
  async apply(descriptors: readonly Descriptor[]): Promise<void> {
    const before = this.#open;
    this.#open = new Map();
    for (const descriptor of descriptors) {
      const key = descriptorKey(descriptor);
      const kept = before.get(key);
      before.delete(key);
      if (kept === undefined) this.#open.set(key, this.#listenerFor(descriptor));
      else {
        if (descriptor.fd >= 0) closeSync(descriptor.fd);
        kept.descriptor = descriptor;
        this.#open.set(key, kept);
      }
    }
    for (const listener of before.values()) this.#retire(listener);
    await this.remap();
  }

  /** To be called after each change of snapshot: endpoints may have other indexes, and some are new. */
  async remap(): Promise<void> {
    const starting: Promise<void>[] = [];
    for (const [key, listener] of this.#open) {
      const { endpoint: id } = listener.descriptor;
      // Not there: the snapshot that has it is on the way, and until then it answers as before.
      if (this.#o.endpointOf(id) >= 0) listener.serves = id;
      if (listener.serves === undefined) continue;
      // In the last moment of a socket whose endpoint is gone, another one has the index: it is nobody's then.
      listener.server.endpoint = this.#o.endpointOf(listener.serves);
      if (!this.#isReady(listener)) continue;
      if (listener.state === 'waits') starting.push(this.#startReading(key, listener));
    }
    await Promise.all(starting);
  }

  /** False: it is to end TLS, and the snapshot with its certificate is on the way. */
  #isReady({ kind, server, serves, descriptor }: Listener): boolean {
    if (kind === 'udp') return true;
    const encrypted = this.#o.encryptedOf(serves!);
    if (encrypted === undefined) return server.isReady;
    try {
      server.useEncrypted(encrypted);
    } catch (error) {
      this.#o.failed(`${socketText(descriptor)}: ${(error as Error).message}`);
    }
    return server.isReady;
  }

  async #startReading(key: string, listener: Listener): Promise<void> {
    listener.state = 'reads';
    try {
      await listener.server.start();
    } catch (error) {
      this.#open.delete(key);
      this.#o.failed(`${socketText(listener.descriptor)}: ${(error as Error).message}`);
      return;
    }
    for (const retired of this.#retired)
      if (isSamePlace(retired, listener)) this.#bequeath(retired, listener);
  }

  #listenerFor(descriptor: Descriptor): Listener {
    const { handler, metrics, clock, prng, clients, admits, isProxy, native, streams } = this.#o;
    const state = 'waits';
    if (descriptor.kind === 'tcp') {
      const ticketKeys = this.#ticketKeys.current;
      const interleave = native && (() => native.interleave());
      const common = { handler, clients, metrics, clock, prng, admits, isProxy, interleave, ticketKeys };
      const server = new TcpEndpoint({ ...common, native: streams, descriptor, endpoint: -1 });
      server.useTicketKeys(this.#ticketKeys);
      return { kind: 'tcp', server, descriptor, state, serves: undefined };
    }
    const backEnd = this.#backEndFor(descriptor);
    const server = new UdpEndpoint({
      backEnd,
      endpoint: -1,
      handler,
      metrics,
      pending: this.#pending,
      isProxy,
    });
    return { kind: 'udp', server, descriptor, state, serves: undefined };
  }

  /** What session tickets are sealed with from now on. */
  useTicketKeys(keys: TicketKeys): void {
    this.#ticketKeys = keys;
    for (const { kind, server } of this.#open.values()) if (kind === 'tcp') server.useTicketKeys(keys);
  }

  #backEndFor(descriptor: Descriptor): UdpBackEnd {
    const { metrics, native } = this.#o;
    const onError: OnError = (_, lost) => metrics.add(METRIC.droppedError, lost);
    return native !== undefined && descriptor.fd >= 0
      ? native.backEnd(descriptor, onError)
      : new DgramBackEnd(descriptor, onError);
  }

  /**
   * A socket of ours on the same address takes over what is owed, so that this one closes at once and swallows
   * nothing that others could read. Where there is none, the address is given up: it closes as soon as all is
   * answered.
   */
  #retire(listener: Listener): void {
    if (listener.state === 'waits') {
      if (listener.descriptor.fd >= 0) closeSync(listener.descriptor.fd);
      return;
    }
    this.#retired.add(listener);
    const heir = [...this.#open.values()].find(
      (open) => open.state === 'reads' && isSamePlace(open, listener),
    );
    if (heir !== undefined) {
      this.#bequeath(listener, heir);
      return;
    }
    listener.server.pause();
    this.#closeWhenDone(listener, this.#o.clock.now() + RETIRE_MS);
  }

  #bequeath(listener: Listener, heir: Listener): void {
    if (listener.kind === 'udp' && heir.kind === 'udp') listener.server.close(heir.server);
    // Its connections are the heir's, which knows the endpoint's index from now on.
    else if (listener.kind === 'tcp' && heir.kind === 'tcp') heir.server.adopt(listener.server);
    this.#retired.delete(listener);
  }

  #closeWhenDone(listener: Listener, end: number): void {
    if (!this.#retired.has(listener)) return;
    if (!isBusy(listener) || this.#o.clock.now() >= end) {
      this.#retired.delete(listener);
      listener.server.close();
    } else this.#o.clock.after(POLL_MS, () => this.#closeWhenDone(listener, end));
  }

  /** Reads no more and resolves when everything in flight is answered, or after `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    const listeners = [...this.#open.values(), ...this.#retired];
    for (const { state, server } of listeners) if (state === 'reads') server.pause();
    const end = this.#o.clock.now() + withinMs;
    while (listeners.some(isBusy) && this.#o.clock.now() < end)
      await new Promise<void>((resolve) => this.#o.clock.after(POLL_MS, resolve));
    for (const { state, server } of listeners) if (state === 'reads') server.close();
  }
}

function isSamePlace(a: Listener, b: Listener): boolean {
  return (
    socketText(a.descriptor) === socketText(b.descriptor) && a.descriptor.protocol === b.descriptor.protocol
  );
}

/** Owes answers, or has connections whose clients have not ended yet. */
function isBusy({ kind, server }: Listener): boolean {
  return kind === 'udp' ? server.pending > 0 : server.pending > 0 || server.connections > 0;
}

/** Longer than any answer takes (4.5 s). */
const RETIRE_MS = 5_000;
const POLL_MS = 10;
