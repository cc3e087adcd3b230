import { createSocket, type Socket } from 'node:dgram';
import { idOf, query, sleep, textOf } from './sockets.ts';

/** Clients with a port each, so that the kernel spreads them over all sockets of an address; each counts its own. */
export class Flows {
  readonly #sockets: Socket[] = [];
  readonly #port: number;
  /** Ids that wait for their reply, for each client. */
  readonly #waiting: Set<number>[] = [];
  readonly #answeredBy: string[] = [];
  sent = 0;
  answered = 0;
  #next = 0;

  static async open(count: number, port: number): Promise<Flows> {
    const flows = new Flows(count, port);
    await Promise.all(
      flows.#sockets.map((socket) => new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))),
    );
    return flows;
  }

  private constructor(count: number, port: number) {
    this.#port = port;
    for (let i = 0; i < count; i++) {
      const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 18 });
      const waiting = new Set<number>();
      socket.on('message', (octets) => {
        if (!waiting.delete(idOf(octets))) return;
        this.answered++;
        this.#answeredBy[i] = textOf(octets);
      });
      this.#sockets.push(socket);
      this.#waiting.push(waiting);
    }
  }

  get lost(): number {
    return this.#waiting.reduce((sum, waiting) => sum + waiting.size, 0);
  }

  /** Clients for which at least one query has no reply. */
  get disappointed(): number {
    return this.#waiting.filter((waiting) => waiting.size > 0).length;
  }

  /** Who answered each client last. */
  get answeredBy(): readonly string[] {
    return this.#answeredBy;
  }

  /** The client whose last reply came from `slot`. */
  clientOf(slot: number): number {
    return this.#answeredBy.findIndex((text) => text?.startsWith(`${slot}.`));
  }

  /** One query of one client; what came back, or undefined. */
  async askOf(client: number, text: string): Promise<string | undefined> {
    this.#waiting[client]!.add(0x7fff);
    this.#sockets[client]!.send(query(0x7fff, text), this.#port, '127.0.0.1');
    await this.settle();
    return this.#waiting[client]!.has(0x7fff) ? undefined : this.#answeredBy[client];
  }

  /** A query of one client, that is not waited for. */
  poison(client: number, text: string): void {
    this.#sockets[client]!.send(query(0xffff, text), this.#port, '127.0.0.1');
  }

  /** One query of each client. */
  async ask(text = 'echo'): Promise<void> {
    for (const [i, socket] of this.#sockets.entries()) {
      const id = this.#next++ & 0x7fff;
      this.#waiting[i]!.add(id);
      this.sent++;
      socket.send(query(id, text), this.#port, '127.0.0.1');
      // Neither the clients' own buffers nor the event loop are what is tested.
      if (i % 50 === 49) await sleep(1);
    }
  }

  /** Waits until all is answered, or `withinMs` have passed. */
  async settle(withinMs = 60_000): Promise<void> {
    const end = performance.now() + withinMs;
    while (this.lost > 0 && performance.now() < end) await sleep(5);
  }

  /** Gives up what has no reply. */
  forget(): void {
    for (const waiting of this.#waiting) waiting.clear();
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}
