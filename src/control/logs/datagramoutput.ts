import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../util/clock.ts';
import { type Ffi, loadFfi } from '../../util/ffi.ts';
import type { Destination } from '../../view/querylog.ts';
import { Backlog, countRecords } from './backlog.ts';
import type { Output } from './output.ts';
import { Reception } from './reception.ts';

export interface DatagramOutputOptions {
  readonly to: Destination;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const BATCH_OCTETS = 1 << 16;

/** Entries by UDP, one a datagram. Whether they arrive nobody knows; what this host could not send is lost. */
export class UdpOutput implements Output<Buffer> {
  readonly #address: string;
  readonly #port: number;
  readonly #backlog: Backlog;
  readonly #reception: Reception;
  #socket: Socket | undefined;
  readonly #clock: Clock;
  #restUntil = Number.NEGATIVE_INFINITY;
  /** Datagrams that the kernel has not taken yet. */
  #sending = 0;
  #ending: PromiseWithResolvers<void> | undefined;

  constructor({ to, clock, log, metrics }: DatagramOutputOptions, address: string, port: number) {
    this.#clock = clock;
    this.#address = address;
    this.#port = port;
    this.#backlog = new Backlog(countRecords(metrics), BATCH_OCTETS);
    this.#reception = new Reception(log, to);
  }

  add(entry: Buffer): void {
    this.#backlog.add(entry);
  }

  flush(): void {
    const isResting = this.#ending === undefined && this.#clock.now() < this.#restUntil;
    if (this.#sending > 0 || isResting) return;
    const batch = this.#backlog.take();
    if (batch === undefined) {
      this.#ended();
      return;
    }
    this.#sending = batch.entries.length;
    const socket = (this.#socket ??= this.#open());
    for (const entry of batch.entries)
      socket.send(entry, this.#port, this.#address, (error) => this.#sent(socket, entry, error));
  }

  reopen(): void {}

  close(): Promise<void> {
    this.#ending ??= Promise.withResolvers<void>();
    const { promise } = this.#ending;
    this.flush();
    return promise;
  }

  #open(): Socket {
    const socket = createSocket(isIPv6(this.#address) ? 'udp6' : 'udp4');
    // No address or no descriptor to send from: what waits in the socket is told to nobody.
    socket.on('error', (error) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      socket.close();
      this.#backlog.lose(this.#sending);
      this.#sending = 0;
      this.#restUntil = this.#clock.now() + this.#reception.failed(error);
      this.flush();
    });
    return socket.unref();
  }

  #sent(socket: Socket, entry: Buffer, error: Error | null): void {
    if (this.#socket !== socket) return;
    this.#sending--;
    if (error === null) {
      this.#backlog.sent({ entries: [entry], octets: entry.length });
      this.#reception.taken(() => this.#backlog.takeLost());
    } else {
      this.#backlog.lose(1);
      this.#reception.failed(error);
    }
    if (this.#sending === 0) this.flush();
  }

  #ended(): void {
    if (this.#ending === undefined) return;
    this.#socket?.close();
    this.#socket = undefined;
    this.#ending.resolve();
    this.#ending = undefined;
  }
}

/** Entries to a unix datagram socket, as /dev/log is one. Node has none: without FFI nothing can be sent. */
export class UnixDatagramOutput implements Output<Buffer> {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #backlog: Backlog;
  readonly #reception: Reception;
  readonly #loaded: Promise<void>;
  #ffi: Ffi | 'none' | undefined;
  #unsent: Buffer[] = [];
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor({ to, clock, log, metrics }: DatagramOutputOptions, path: string) {
    this.#path = path;
    this.#clock = clock;
    this.#backlog = new Backlog(countRecords(metrics), BATCH_OCTETS);
    this.#reception = new Reception(log, to);
    this.#loaded = loadFfi().then((ffi) => {
      this.#ffi = ffi ?? 'none';
    });
  }

  add(entry: Buffer): void {
    this.#backlog.add(entry);
  }

  flush(): void {
    const ffi = this.#ffi;
    if (ffi === undefined || this.#clock.now() < this.#restUntil) return;
    for (;;) {
      if (this.#unsent.length === 0) this.#unsent = this.#backlog.take()?.entries ?? [];
      const entry = this.#unsent[0];
      if (entry === undefined) return;
      const code = ffi === 'none' ? 'koffi is not installed' : ffi.sendUnix(this.#path, entry.toString());
      // It is behind: it is asked again when there is more, or at the next look.
      if (code === 'EAGAIN') return;
      if (code === 'EMSGSIZE') {
        this.#unsent.shift();
        this.#backlog.lose(1);
        continue;
      }
      if (code !== undefined) {
        this.#restUntil = this.#clock.now() + this.#reception.failed(new Error(code));
        return;
      }
      this.#unsent.shift();
      this.#backlog.sent({ entries: [entry], octets: entry.length });
      this.#reception.taken(() => this.#backlog.takeLost());
    }
  }

  reopen(): void {
    this.#restUntil = Number.NEGATIVE_INFINITY;
    this.flush();
  }

  async close(): Promise<void> {
    await this.#loaded;
    this.reopen();
    this.#backlog.lose(this.#unsent.length);
    this.#unsent = [];
    this.#backlog.loseAll();
  }
}
