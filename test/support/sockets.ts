import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Client, keptClient, type QueryHandler, type Reply } from '../../src/server/handler.ts';
import { type Descriptor, FD_OPEN } from '../../src/view/channel.ts';

/** Parts for tests of transports: queries that need no codec, clients that misbehave. */

/** What a test of IPv6 on this host says when it is skipped; false: it is not. */
export const skippedWithoutIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
)
  ? false
  : 'no ::1 here';

/** A query of 12 octets and `text` behind them; what a handler of these tests sees and echoes. */
export function query(id: number, text = ''): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  return Buffer.concat([header, Buffer.from(text)]);
}

/** The same with QR set. */
export function reply(octets: Uint8Array): Buffer {
  const copy = Buffer.from(octets);
  copy[2]! |= 0x80;
  return copy;
}

export const idOf = (octets: Uint8Array): number => (octets[0]! << 8) | octets[1]!;
export const textOf = (octets: Uint8Array): string => Buffer.from(octets.subarray(12)).toString();

/** With the length in front, as on TCP. */
export function framed(octets: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(octets.length);
  return Buffer.concat([length, octets]);
}

/** A handler out of a function; it notes what it was asked, and every buffer that it returns is spoilt later. */
export class Handler implements QueryHandler {
  readonly asked: { readonly query: Buffer; readonly client: Client }[] = [];
  answer: (query: Buffer, client: Client) => Reply | Promise<Reply>;
  #last: Uint8Array | undefined;
  #state: 'idle' | 'in a batch' = 'idle';

  constructor(answer: (query: Buffer, client: Client) => Reply | Promise<Reply> = reply) {
    this.answer = answer;
  }

  begin(): void {
    this.#state = 'in a batch';
    queueMicrotask(() => {
      this.#state = 'idle';
    });
  }

  handle(octets: Uint8Array, from: Client, length = octets.length): Reply | Promise<Reply> {
    assert.equal(this.#state, 'in a batch');
    this.#last?.fill(0xee);
    this.#last = undefined;
    const copy = Buffer.from(octets.subarray(0, length));
    const client = keptClient(from);
    this.asked.push({ query: copy, client });
    const answer = this.answer(copy, client);
    if (answer instanceof Uint8Array) this.#last = answer;
    return answer;
  }
}

export function descriptor(kind: 'udp' | 'tcp', address: string, port: number, fd = FD_OPEN): Descriptor {
  return { kind, protocol: 'do53', endpoint: 'in-1', address, port, slot: 0, fd };
}

/** A UDP client that keeps what comes. */
export class UdpClient {
  readonly received: Buffer[] = [];
  readonly #socket: UdpSocket;
  readonly #to: { readonly address: string; readonly port: number };

  constructor(address: string, port: number) {
    this.#to = { address, port };
    this.#socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    this.#socket.on('message', (octets) => this.received.push(octets));
    this.#socket.on('error', () => undefined);
  }

  send(octets: Uint8Array): Promise<void> {
    return new Promise((resolve) =>
      this.#socket.send(octets, this.#to.port, this.#to.address, () => resolve()),
    );
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }
}

/** A TCP client that keeps the messages that come. */
export class TcpClient {
  readonly socket: Socket;
  #octets = Buffer.alloc(0);
  /** `closed`: by FIN; `reset`: by RST or another error. */
  state: 'open' | 'closed' | 'reset' = 'open';

  constructor(address: string, port: number, options: { localAddress?: string; read?: boolean } = {}) {
    const { read = true, ...local } = options;
    this.socket = connect({ host: address, port, allowHalfOpen: true, ...local });
    this.socket.on('error', () => {
      this.state = 'reset';
    });
    this.socket.on('end', () => {
      if (this.state === 'open') this.state = 'closed';
    });
    this.socket.on('close', () => {
      if (this.state === 'open') this.state = 'closed';
    });
    if (read)
      this.socket.on('data', (chunk: Buffer) => (this.#octets = Buffer.concat([this.#octets, chunk])));
  }

  connected(): Promise<void> {
    return until(() => !this.socket.connecting, 'a connection');
  }

  send(octets: Uint8Array): void {
    this.socket.write(octets);
  }

  /** The messages that are whole so far. */
  get received(): Buffer[] {
    const messages: Buffer[] = [];
    for (let at = 0; at + 2 <= this.#octets.length; ) {
      const end = at + 2 + this.#octets.readUInt16BE(at);
      if (end > this.#octets.length) break;
      messages.push(this.#octets.subarray(at + 2, end));
      at = end;
    }
    return messages;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Waits, in real time, until something is so. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 60_000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await sleep(2);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
