import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import { METRIC } from '../../telemetry/metrics.ts';
import { DohConnection, type DohOptions, type HttpResponse } from './connection.ts';
import { HEADER_OCTETS_MAX, HEADER_PAIRS_MAX } from './http2.ts';

/** HTTP/1.1 on connections that others have accepted; `DohConnection` keeps their time, so none of Node's timers is set. */
export class Http1 {
  readonly #server: Server;
  readonly #connections = new WeakMap<Socket, Http1Connection>();

  constructor() {
    this.#server = createServer(
      { maxHeaderSize: HEADER_OCTETS_MAX, keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 },
      (request, response) => this.#connections.get(request.socket)?.serve(request, response),
    );
    this.#server.maxHeadersCount = HEADER_PAIRS_MAX;
    // Who has asked may end its side and read on; Node ends ours behind the last response.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
      this.#connections.get(socket as Socket)?.refuse(error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400),
    );
  }

  serve(options: DohOptions): DohConnection {
    const connection = new Http1Connection(options);
    this.#connections.set(options.socket, connection);
    // The way that Node documents for a connection which another server has accepted.
    this.#server.emit('connection', options.socket);
    return connection.doh;
  }
}

class Http1Connection {
  readonly doh: DohConnection;
  readonly #o: DohOptions;
  /** Requests without the end of their response. */
  #open = 0;
  #state: 'open' | 'ending' = 'open';

  constructor(options: DohOptions) {
    this.#o = options;
    this.doh = new DohConnection(options, {
      // Node says when a response is on its way.
      unsent: 0,
      finish: () => this.#finish(),
      destroy: () => options.socket.destroy(),
    });
  }

  #finish(): void {
    this.#state = 'ending';
    if (this.#open === 0) this.#o.socket.end();
  }

  /** What it sends is no HTTP. Node would close at once, and with what is not read yet the client loses what it is told. */
  refuse(status: 400 | 431): void {
    const { socket } = this.#o;
    if (this.#state === 'ending' || !socket.writable) return;
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    this.doh.finish();
  }

  serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    this.#open++;
    try {
      const { method = '', url = '', headers } = incoming;
      const contentType = headers['content-type'];
      const head = { method, path: pathOf(url), contentType, contentLength: headers['content-length'] };
      const octets = incoming.rawHeaders.reduce((sum, text) => sum + text.length, url.length);
      const request = this.doh.begin(head, octets, {
        respond: (response) => this.#respond(outgoing, response),
      });
      outgoing.on('close', () => {
        request.close(outgoing.writableFinished ? 'answered' : 'cancelled');
        this.#open--;
        if (this.#state === 'ending' && this.#open === 0) this.#o.socket.end();
      });
      incoming.on('data', (chunk: Buffer) => request.receive(chunk));
      incoming.on('end', () => request.end());
    } catch {
      this.#o.metrics.add(METRIC.workerErrors);
      this.#o.socket.destroy();
    }
  }

  #respond(outgoing: ServerResponse, { status, type, maxAge, allow, body }: HttpResponse): void {
    // What is left of a content that is too long is not waited for.
    const ends = this.#state === 'ending' || status === 413;
    outgoing.writeHead(status, {
      'content-type': type,
      ...(maxAge === undefined ? {} : { 'cache-control': `private, max-age=${maxAge}` }),
      ...(allow === undefined ? {} : { allow }),
      'content-length': body.length,
      ...(ends ? { connection: 'close' } : {}),
    });
    outgoing.end(Buffer.from(body));
  }
}

/** A target of a request may be a whole URL, as to a proxy (absolute-form, RFC 9112 section 3.2.2). */
function pathOf(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^https:\/\/[^/?#]*/i, '');
}
