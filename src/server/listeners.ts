import { closeSync } from 'node:fs';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import type { Descriptor } from '../view/channel.ts';
import type { QueryHandler } from './handler.ts';
import { TcpEndpoint } from './tcp.ts';
import type { TcpClients } from './tcpclients.ts';
import { DgramBackEnd, UdpEndpoint } from './udp.ts';

/** The sockets that one worker serves; `apply` follows what main hands it. */
export class Listeners {
  readonly #o: {
    readonly handler: QueryHandler;
    readonly metrics: Metrics;
    readonly clock: Clock;
    readonly clients: TcpClients;
    readonly admits: (endpoint: number, address: Uint8Array) => boolean;
  };
  #open = new Map<string, UdpEndpoint | TcpEndpoint>();

  constructor(options: Listeners['#o']) {
    this.#o = options;
  }

  /**
   * Serves exactly these from now on. What is listened on already stays as it is: two duplicates of one socket
   * would share its queue, and whoever is on the way out would swallow queries. What is gone is closed after its
   * answers are out.
   */
  async apply(descriptors: readonly Descriptor[]): Promise<void> {
    const before = this.#open;
    const next = new Map<string, UdpEndpoint | TcpEndpoint>();
    for (const descriptor of descriptors) {
      const key = `${descriptor.kind} ${descriptor.address} ${descriptor.port}`;
      const kept = before.get(key);
      if (kept !== undefined) {
        kept.endpoint = descriptor.endpoint;
        if (descriptor.fd >= 0) closeSync(descriptor.fd);
        next.set(key, kept);
        before.delete(key);
        continue;
      }
      const listener = this.#listen(descriptor);
      await listener.start();
      next.set(key, listener);
    }
    this.#open = next;
    for (const listener of before.values()) this.#retire(listener);
  }

  #listen(descriptor: Descriptor): UdpEndpoint | TcpEndpoint {
    const { handler, metrics, clock, clients, admits } = this.#o;
    if (descriptor.kind === 'tcp') return new TcpEndpoint({ descriptor, handler, clients, metrics, clock, admits });
    const backEnd = new DgramBackEnd(descriptor, () => metrics.add(METRIC.droppedError));
    return new UdpEndpoint({ backEnd, endpoint: descriptor.endpoint, handler, metrics });
  }

  #retire(listener: UdpEndpoint | TcpEndpoint): void {
    listener.pause();
    this.#o.clock.after(RETIRE_MS, () => listener.close());
  }

  /** Reads no more and resolves when everything in flight is answered, or after `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    const listeners = [...this.#open.values()];
    for (const listener of listeners) listener.pause();
    const end = this.#o.clock.now() + withinMs;
    while (listeners.some((listener) => listener.pending > 0) && this.#o.clock.now() < end)
      await new Promise<void>((resolve) => this.#o.clock.after(POLL_MS, resolve));
    for (const listener of listeners) listener.close();
  }
}

/** Longer than any answer takes (4.5 s). */
const RETIRE_MS = 5_000;
const POLL_MS = 10;
