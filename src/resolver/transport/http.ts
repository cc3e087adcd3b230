import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { MESSAGE_OCTETS_MAX } from '../../wire/constants.ts';
import { isIpv6, type TlsPeer } from '../path.ts';
import type { Carrier, CarrierOwner, Fault, Open, Opening } from './carrier.ts';

/** Loading HTTP takes long: only a worker that has a target of it does. */
const http2 = (): typeof import('node:http2') => process.getBuiltinModule('node:http2');
/** RFC 9113 section 7. */
const NO_ERROR = 0;
const CANCEL = 8;

const MEDIA_TYPE = 'application/dns-message';
const HTTPS_PORT = 443;
/** Of one session, in megabytes; the least that Node takes. */
const SESSION_MEMORY_MB = 1;
/** Fields of an answer's header, of which we read two. */
const HEADER_PAIRS_MAX = 32;

/** DNS over HTTPS (RFC 8484) by HTTP/2: each query is a stream, and what comes back on it is the reply. */
export class HttpCarrier implements Carrier {
  readonly #owner: CarrierOwner;
  readonly #peer: TlsPeer;
  readonly #port: number;
  /** Queries that go out when there is a session. */
  readonly #waiting = new Map<number, Uint8Array>();
  readonly #streams = new Map<number, ClientHttp2Stream>();
  readonly #opening: Opening;
  #session: ClientHttp2Session | undefined = undefined;
  #isEnded = false;

  constructor(open: Open<TLSSocket>, peer: TlsPeer, port: number, owner: CarrierOwner) {
    this.#owner = owner;
    this.#peer = peer;
    this.#port = port;
    this.#opening = open({
      opened: (socket) => this.#use(socket),
      failed: (fault) => this.#closed(fault),
    });
  }

  send(id: number, query: Uint8Array): void {
    const copy = query.slice();
    // RFC 8484 section 4.1: the stream says which query it is.
    copy[0] = copy[1] = 0;
    if (this.#session === undefined) this.#waiting.set(id, copy);
    else this.#request(this.#session, id, copy);
  }

  drop(id: number): void {
    this.#waiting.delete(id);
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.close(CANCEL);
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#session?.ref();
    else this.#session?.unref();
  }

  end(): void {
    if (this.#session !== undefined) {
      this.#session.destroy();
      return;
    }
    this.#opening.cancel();
    queueMicrotask(() => this.#closed({ failure: 'closed' }));
  }

  #use(socket: TLSSocket): void {
    const session = http2().connect(`https://${authorityOf(this.#peer, this.#port)}`, {
      createConnection: () => socket,
      maxSessionMemory: SESSION_MEMORY_MB,
      maxHeaderListPairs: HEADER_PAIRS_MAX,
      maxReservedRemoteStreams: 0,
      settings: { enablePush: false },
    });
    this.#session = session;
    socket.on('error', () => undefined);
    session.on('error', () => undefined);
    session.on('goaway', () => this.#owner.retiring());
    session.on('close', () => this.#closed({ failure: 'closed' }));
    this.#owner.opened();
    for (const [id, query] of this.#waiting) this.#request(session, id, query);
    this.#waiting.clear();
  }

  #request(session: ClientHttp2Session, id: number, query: Uint8Array): void {
    if (session.closed || session.destroyed) {
      queueMicrotask(() => this.#gone(id));
      return;
    }
    const stream = session.request({
      ':method': 'POST',
      ':path': this.#peer.path,
      'content-type': MEDIA_TYPE,
      'content-length': query.length,
      accept: MEDIA_TYPE,
    });
    this.#streams.set(id, stream);
    const answer = new Answer();
    stream.on('response', (headers) => this.#judge(id, stream, answer.begin(headers)));
    stream.on('data', (chunk: Uint8Array) => this.#judge(id, stream, answer.add(chunk)));
    stream.on('end', () => {
      // It ends too where it is cut off.
      const isWhole = answer.isBegun && stream.rstCode === NO_ERROR && !session.destroyed;
      if (isWhole && this.#streams.get(id) === stream) this.#finish(id, answer);
    });
    stream.on('error', () => undefined);
    stream.on('close', () => {
      if (this.#streams.get(id) === stream) this.#gone(id);
    });
    stream.end(query);
  }

  #judge(id: number, stream: ClientHttp2Stream, fault: Fault | undefined): void {
    if (fault === undefined || this.#streams.get(id) !== stream) return;
    this.drop(id);
    this.#owner.refused(id, fault);
  }

  #finish(id: number, answer: Answer): void {
    this.#streams.delete(id);
    const message = answer.message();
    if (message === undefined) this.#owner.refused(id, { failure: 'http', detail: 'an answer cut short' });
    else {
      this.#owner.message(id, message, answer.ageSeconds);
      // Whoever still waits got something else than the reply, and nothing more will come.
      this.#owner.refused(id, { failure: 'http', detail: 'a reply to another question' });
    }
  }

  /** A stream has ended without an answer: refused by the server, or with the session. */
  #gone(id: number): void {
    this.#streams.delete(id);
    const { closed = true, destroyed = true } = this.#session ?? {};
    // What was on it is told of with its end.
    if (destroyed || this.#isEnded) return;
    if (closed) this.#owner.retiring();
    this.#owner.refused(id, { failure: 'closed' });
  }

  #closed(fault: Fault): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#streams.clear();
    this.#owner.closed(fault);
  }
}

/** What came back on a stream, so far. */
class Answer {
  isBegun = false;
  ageSeconds = 0;
  readonly #chunks: Uint8Array[] = [];
  #octets = 0;

  begin(headers: IncomingHttpHeaders & { readonly ':status'?: number | undefined }): Fault | undefined {
    this.isBegun = true;
    const status = headers[':status'];
    if (status !== 200) return { failure: 'http', detail: `status ${status}` };
    const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    if (type !== MEDIA_TYPE) return { failure: 'http', detail: `an answer that is not ${MEDIA_TYPE}` };
    const { age } = headers;
    if (age !== undefined && /^[0-9]{1,9}$/.test(age)) this.ageSeconds = Number(age);
    return undefined;
  }

  add(chunk: Uint8Array): Fault | undefined {
    this.#octets += chunk.length;
    if (this.#octets > MESSAGE_OCTETS_MAX)
      return { failure: 'http', detail: 'an answer longer than a message' };
    this.#chunks.push(chunk);
    return undefined;
  }

  /** The message; undefined: it is too short to be one of ours. */
  message(): Uint8Array | undefined {
    const message = new Uint8Array(Buffer.concat(this.#chunks));
    return message.length >= 2 && message[0] === 0 && message[1] === 0 ? message : undefined;
  }
}

function authorityOf({ name, addresses }: TlsPeer, port: number): string {
  const host = name ?? addresses[0]!;
  const text = isIpv6(host) ? `[${host}]` : host;
  return port === HTTPS_PORT ? text : `${text}:${port}`;
}
