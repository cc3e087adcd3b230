import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What goes to and fro on a connection of one client, whoever makes the system calls for it. */
export interface ByteStream {
  /** It is open, in one direction at least. */
  readonly isOpen: boolean;
  readonly isPaused: boolean;
  /** Octets of messages that the kernel has not taken. */
  readonly unsent: number;
  /** Who is told what comes: to be set once, at once. */
  reader: StreamReader;
  /** Nothing is read, not even the end, until `resume`. */
  pause(): void;
  resume(): void;
  /**
   * Sends a copy of a message of DNS with its length in front, both in one segment (RFC 7766 section 8). What the kernel
   * does not take waits; once the stream has ended it is lost.
   */
  send(message: Uint8Array): void;
  /** Sends no more once everything is sent. */
  end(): void;
  /** Closes it, whatever is unsent. Idempotent, as is `reset`. */
  destroy(): void;
  /** The same, and the client hears that it was broken off, where it can be told. */
  reset(): void;
}

export interface StreamReader {
  /** Octets came; they are valid until it returns. */
  receive(octets: Uint8Array): void;
  /** The kernel has taken what was unsent. */
  drained(): void;
  /** The client sends no more, but may read on. */
  clientEnded(): void;
}

/** @param octets with room for it at `at` */
export function putMessage(octets: Uint8Array, at: number, message: Uint8Array): void {
  octets[at] = message.length >>> 8;
  octets[at + 1] = message.length & 0xff;
  octets.set(message, at + 2);
}

/** Where a socket has its reader, for listeners that all sockets share: some of its own would be as large as itself. */
const READER = Symbol('reader');
type Read = Socket & { [READER]: StreamReader };

/** On a socket of Node's. */
export class SocketStream implements ByteStream {
  readonly #socket: Socket;
  #gathers = false;

  /** @param socket of TCP, or of TLS once its handshake is over */
  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  get isPaused(): boolean {
    return this.#socket.isPaused();
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  get reader(): StreamReader {
    return (this.#socket as Read)[READER];
  }

  set reader(reader: StreamReader) {
    (this.#socket as Read)[READER] = reader;
    this.#socket.on('data', received).on('drain', drained).on('end', ended);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Those of one turn leave together: each record of TLS costs as much as several answers. */
  send(message: Uint8Array): void {
    if (!this.#socket.writable) return;
    if (!this.#gathers) {
      this.#gathers = true;
      this.#socket.cork();
      process.nextTick(sendGathered, this);
    }
    const framed = Buffer.allocUnsafe(2 + message.length);
    putMessage(framed, 0, message);
    this.#socket.write(framed);
  }

  sendGathered(): void {
    this.#gathers = false;
    this.#socket.uncork();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Replies to what came before the reason for it leave before. Below TLS there is no handle that could be reset. */
  reset(): void {
    this.#socket.uncork();
    if (this.#socket instanceof TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}

function sendGathered(stream: SocketStream): void {
  stream.sendGathered();
}

function received(this: Read, chunk: Uint8Array): void {
  this[READER].receive(chunk);
}

function drained(this: Read): void {
  this[READER].drained();
}

function ended(this: Read): void {
  this[READER].clientEnded();
}
