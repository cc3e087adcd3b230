import { QUERY_OCTETS_MAX } from '../connection.ts';
import { type NoJsonQuery, readJsonQuery } from './json.ts';

/** Where queries go, as DDR says it too (RFC 9461 section 5). */
export const DOH_PATH = '/dns-query';
/** RFC 8484 section 6. */
export const DNS_MESSAGE = 'application/dns-message';

/** What of an HTTP request decides what is done with it. */
export interface RequestHead {
  readonly method: string;
  /** With what is behind `?`. */
  readonly path: string;
  readonly contentType: string | undefined;
  /** As it was sent: a number or not. */
  readonly contentLength: string | undefined;
}

/** Statuses that a request may get which has no DNS response. */
export type Refusal = keyof typeof REASONS;

/** What each of them says to who reads it. */
export const REASONS = {
  400: `no query: GET ${DOH_PATH}?dns=MESSAGE in base64url without padding, or POST of a message (RFC 8484)`,
  403: 'not for this client',
  404: `not here: ${DOH_PATH}`,
  405: 'GET or POST',
  413: `a query has at most ${QUERY_OCTETS_MAX} octets`,
  414: `a query has at most ${QUERY_OCTETS_MAX} octets`,
  415: `the content of POST is ${DNS_MESSAGE}`,
  503: 'too many queries at a time',
} as const;

/** In what form the response is wanted. */
export type Form = 'message' | 'json';

export type Judgement =
  | { readonly kind: 'query'; readonly query: Uint8Array; readonly form: Form }
  /** The query is what follows, of at most QUERY_OCTETS_MAX octets. */
  | { readonly kind: 'content' }
  /** `why`: what is said instead of the words for all with that status. */
  | { readonly kind: 'refusal'; readonly status: Refusal; readonly why?: string };

/** What a request asks for (RFC 8484 section 4.1). Never throws. @param json whether the JSON form is spoken */
export function judge(head: RequestHead, json: boolean): Judgement {
  const { method, path } = head;
  const mark = path.indexOf('?');
  if ((mark < 0 ? path : path.slice(0, mark)) !== DOH_PATH) return refusal(404);
  switch (method) {
    case 'GET':
      return mark < 0 ? refusal(400) : judgeParameters(path.slice(mark + 1), json);
    case 'POST':
      return judgeContent(head);
    default:
      return refusal(405);
  }
}

function judgeParameters(text: string, json: boolean): Judgement {
  // As nearly all have it, and nothing else behind.
  const only = text.startsWith(DNS_PARAMETER) ? text.slice(DNS_PARAMETER.length) : '&';
  if (BASE64URL.test(only)) return judgeBase64(only);
  const parameters = new URLSearchParams(text);
  const dns = parameters.get('dns');
  if (dns !== null) return judgeBase64(dns);
  if (!json || !(parameters.has('name') || parameters.has('type'))) return refusal(400);
  const query = readJsonQuery(parameters);
  return typeof query === 'string'
    ? { kind: 'refusal', status: 400, why: NO_JSON_QUERY[query] }
    : { kind: 'query', query, form: 'json' };
}

const NO_JSON_QUERY: Readonly<Record<NoJsonQuery, string>> = {
  none: `no query: GET ${DOH_PATH}?name=NAME&type=TYPE, as www.example.org and AAAA, TYPE65 or 65`,
  'other class': 'the class is IN: others are not asked for in JSON',
};

const DNS_PARAMETER = 'dns=';
/** Node reads base64url without a word about what is none. */
const BASE64URL = /^[\w-]*$/;

function judgeBase64(text: string): Judgement {
  if (text.length > BASE64_MAX) return refusal(414);
  if (!BASE64URL.test(text) || text.length % 4 === 1) return refusal(400);
  return { kind: 'query', query: Buffer.from(text, 'base64url'), form: 'message' };
}

const BASE64_MAX = Math.ceil((QUERY_OCTETS_MAX * 4) / 3);

function judgeContent({ contentType = '', contentLength }: RequestHead): Judgement {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (type !== DNS_MESSAGE) return refusal(415);
  return Number(contentLength ?? 0) > QUERY_OCTETS_MAX ? refusal(413) : { kind: 'content' };
}

function refusal(status: Refusal): Judgement {
  return { kind: 'refusal', status };
}
