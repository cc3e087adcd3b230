import { TLSSocket } from 'node:tls';
import type { DohConnection, DohOptions } from './connection.ts';
import { Http1 } from './http1.ts';
import { serveHttp2 } from './http2.ts';

/** HTTP on connections that others have accepted and ended TLS on, in the version that ALPN has agreed on. */
export class Http {
  readonly #http1 = new Http1();

  serve(options: DohOptions): DohConnection {
    const { socket } = options;
    const isHttp2 = socket instanceof TLSSocket && socket.alpnProtocol === 'h2';
    return isHttp2 ? serveHttp2(options) : this.#http1.serve(options);
  }
}
