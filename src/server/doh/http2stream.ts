import type { DohRequest, HttpResponse, Responder } from './connection.ts';
import type { RequestFields } from './hpack.ts';

/** A request and its response. */
export class Http2Stream implements Responder {
  readonly id: number;
  readonly isHead: boolean;
  readonly contentLength: number | undefined;
  /** `responded`: its content is not whole yet. */
  state: 'open' | 'responded' | 'over' = 'open';
  /** Undefined while it begins. */
  request: DohRequest | undefined;
  /** Whether the client has sent all of it. */
  isWhole: boolean;
  /** Octets of content that came, and those of frames that they came in. */
  received = 0;
  windowUsed = 0;
  /** What we may send. */
  window: number;
  /** Of the response, what the client's windows hold back. */
  rest: Uint8Array | undefined;
  readonly #respond: (stream: Http2Stream, response: HttpResponse) => void;

  constructor(
    id: number,
    isWhole: boolean,
    { method, contentLength }: RequestFields,
    window: number,
    respond: (stream: Http2Stream, response: HttpResponse) => void,
  ) {
    this.#respond = respond;
    this.id = id;
    this.isWhole = isWhole;
    this.isHead = method === 'HEAD';
    this.contentLength = contentLength === undefined ? undefined : Number(contentLength);
    this.window = window;
  }

  respond(response: HttpResponse): void {
    this.#respond(this, response);
  }
}
