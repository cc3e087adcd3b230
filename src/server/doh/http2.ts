import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { METRIC } from '../../telemetry/metrics.ts';
import { assert } from '../../util/assert.ts';
import { QUERY_OCTETS_MAX } from '../connection.ts';
import { DohConnection, type DohOptions, type HttpResponse, REQUESTS_MAX } from './connection.ts';

/** Streams before the first answer: whoever opens a session for nothing gets less of it. */
export const STREAMS_FIRST_MAX = 50;
/** Of a request, names and values, as the protocol counts them: the longest query in base64url and what browsers add. */
export const HEADER_OCTETS_MAX = 8 * 1024;
/** Pairs of them; requests have about ten. */
export const HEADER_PAIRS_MAX = 32;
/** Streams that a session may open above its limit before it ends. */
const REJECTED_STREAMS_MAX = 50;
/** Frames that are no HTTP/2, before the session ends. */
const INVALID_FRAMES_MAX = 10;
/** Settings in one frame; there are seven. */
const SETTINGS_MAX = 16;
/** Megabytes, the least that there is: tables, headers and what is queued of one session. */
const SESSION_MEMORY_MB = 1;
/** Streams that a session may reset at once, and then in a second, counted before we see them: see VAIN_MAX. */
const RESETS_BURST = 100;
const RESETS_PER_SECOND = 10;

const SESSION = {
  maxSessionMemory: SESSION_MEMORY_MB,
  maxHeaderListPairs: HEADER_PAIRS_MAX,
  maxSessionRejectedStreams: REJECTED_STREAMS_MAX,
  maxSessionInvalidFrames: INVALID_FRAMES_MAX,
  maxSettings: SETTINGS_MAX,
  streamResetBurst: RESETS_BURST,
  streamResetRate: RESETS_PER_SECOND,
  settings: {
    enablePush: false,
    maxConcurrentStreams: STREAMS_FIRST_MAX,
    maxHeaderListSize: HEADER_OCTETS_MAX,
    // What may come of a stream before it is read: a query, and nothing that would have to be kept.
    initialWindowSize: QUERY_OCTETS_MAX,
  },
};

/** HTTP/2 on connections that others have accepted and agreed on it (ALPN h2). */
export class Http2 {
  readonly #server: Http2Server = createServer(SESSION);

  serve(options: DohOptions): DohConnection {
    let made: ServerHttp2Session | undefined;
    this.#server.once('session', (session) => (made = session));
    // The way that Node documents for a connection which another server has accepted.
    this.#server.emit('connection', options.socket);
    assert(made !== undefined, 'a session is made at once');
    return new Http2Connection(options, made).doh;
  }
}

class Http2Connection {
  readonly doh: DohConnection;
  readonly #session: ServerHttp2Session;
  /** How many streams the client may have open. */
  #streamsMax = STREAMS_FIRST_MAX;

  constructor(options: DohOptions, session: ServerHttp2Session) {
    this.#session = session;
    this.doh = new DohConnection(options, {
      finish: () => session.close(),
      destroy: (reason) => {
        if (reason === 'ended') session.destroy();
        else session.destroy(CALM, constants.NGHTTP2_ENHANCE_YOUR_CALM);
      },
    });
    // The end of the socket says what there is to say, but for what is no HTTP/2 or is too much of it.
    session.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_HTTP2_ERROR') this.doh.noteAbuse();
    });
    session.on('stream', (stream, headers, flags) => {
      stream.on('error', () => undefined);
      try {
        this.#serve(stream, headers, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0);
      } catch {
        options.metrics.add(METRIC.workerErrors);
        stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      }
    });
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, isWhole: boolean): void {
    if (stream.destroyed || stream.closed) {
      this.doh.noteVain();
      return;
    }
    const head = {
      method: headers[':method'] ?? '',
      path: headers[':path'] ?? '',
      contentType: headers['content-type'],
      contentLength: headers['content-length'],
    };
    const request = this.doh.begin(head, (response) => this.#respond(stream, response, isWhole));
    stream.on('close', () =>
      request.close(stream.rstCode === constants.NGHTTP2_NO_ERROR ? 'answered' : 'cancelled'),
    );
    if (isWhole) request.end();
    else {
      stream.on('data', (chunk: Buffer) => request.receive(chunk));
      // A stream that is cut off ends as well: what came of its content is no query.
      stream.on('end', () => {
        if (!stream.aborted && !stream.destroyed && stream.rstCode === constants.NGHTTP2_NO_ERROR)
          request.end();
      });
    }
  }

  #respond(stream: ServerHttp2Stream, { status, headers, body }: HttpResponse, isWhole: boolean): void {
    if (stream.destroyed || stream.closed) return;
    const fields = { ':status': status, ...headers, 'content-length': body.length };
    // The writable side of HEAD has ended.
    if (stream.writableEnded) stream.respond(fields, { endStream: true });
    else {
      stream.respond(fields);
      stream.end(body);
    }
    // Whatever else comes is not wanted (RFC 9113 section 8.1).
    if (!isWhole) stream.close(constants.NGHTTP2_NO_ERROR);
    if (status === 200) this.#raiseStreams();
  }

  #raiseStreams(): void {
    if (this.#streamsMax === REQUESTS_MAX || this.#session.closed || this.#session.destroyed) return;
    this.#streamsMax = REQUESTS_MAX;
    this.#session.settings({ ...SESSION.settings, maxConcurrentStreams: REQUESTS_MAX });
  }
}

const CALM = new Error('too much that is of no use');
