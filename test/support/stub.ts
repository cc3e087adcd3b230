/** A stub resolver for tests: asks by UDP, by TCP what comes truncated, many questions at a time on few sockets. */
import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import { FLAG } from '../../src/wire/constants.ts';
import { encodeQuery, type Message, readHead, readMessage } from '../../src/wire/message.ts';
import { nameFromText, nameKey } from '../../src/wire/name.ts';
import { typeCode } from './simnet.ts';

export interface StubOptions {
  readonly address: string;
  readonly port: number;
  /** Milliseconds for each of the tries. */
  readonly timeout?: number;
  readonly tries?: number;
}

interface Waiting {
  readonly key: string;
  readonly done: (bytes: Uint8Array | undefined) => void;
}

const TIMEOUT_MS = 5_000;
const TRIES = 3;
const PAYLOAD = 1232;

export class Stub {
  readonly #options: Required<StubOptions>;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  /** Replies that came truncated, and so by TCP. */
  byTcp = 0;

  constructor(options: StubOptions) {
    this.#options = { timeout: TIMEOUT_MS, tries: TRIES, ...options };
    this.#socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    this.#socket.on('message', (bytes) => this.#receive(bytes));
    this.#socket.on('error', () => undefined);
  }

  /** The reply with DO, and CD if told; undefined when none came. Throws WireError where it is malformed. */
  async ask(name: string, type: string, options: { cd?: boolean } = {}): Promise<Message | undefined> {
    const flags = FLAG.RD | (options.cd === true ? FLAG.CD : 0);
    const edns = { payload: PAYLOAD, version: 0, dnssecOk: true, options: [] };
    for (let tries = 0; tries < this.#options.tries; tries++) {
      do this.#id = (this.#id + 1) & 0xffff;
      while (this.#waiting.has(this.#id));
      const query = encodeQuery({
        id: this.#id,
        name: nameFromText(name),
        type: typeCode(type),
        flags,
        edns,
      });
      const bytes = await this.#exchange(query, this.#id);
      if (bytes === undefined) continue;
      const reply = readMessage(bytes);
      if ((reply.flags & FLAG.TC) === 0) return reply;
      this.byTcp++;
      return readMessage(await askByTcp(query, this.#options));
    }
    return undefined;
  }

  close(): void {
    this.#socket.close();
  }

  #exchange(query: Uint8Array, id: number): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(undefined), this.#options.timeout);
      const done = (bytes: Uint8Array | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(bytes);
      };
      this.#waiting.set(id, { key: keyOf(query), done });
      this.#socket.send(query, this.#options.port, this.#options.address);
    });
  }

  #receive(bytes: Uint8Array): void {
    const waiting = this.#waiting.get((bytes[0]! << 8) | bytes[1]!);
    if (waiting !== undefined && bytes.length > 12 && keyOf(bytes) === waiting.key) waiting.done(bytes);
  }
}

/** The question as its octets, in lower case. The rest of a message may be malformed. */
function keyOf(bytes: Uint8Array): string {
  const { question } = readHead(bytes);
  return question === undefined ? '' : `${nameKey(question.name)} ${question.type}`;
}

function askByTcp(query: Uint8Array, { address, port, timeout }: Required<StubOptions>): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, timeout });
    let got = Buffer.alloc(0);
    socket.on('timeout', () => socket.destroy(new Error('no reply by TCP')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('connection closed without a reply')));
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      resolve(new Uint8Array(got.subarray(2, 2 + got.readUInt16BE(0))));
      socket.destroy();
    });
    const head = Buffer.alloc(2);
    head.writeUInt16BE(query.length);
    socket.write(Buffer.concat([head, query]));
  });
}
