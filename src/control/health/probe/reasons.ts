import { STATUS_CODES } from 'node:http';

/** Why a look failed or did not, in Route 53's words as far as they are known. */
export const TIMED_OUT =
  'Connection timed out. The endpoint or the internet connection is down, or requests are being blocked by your firewall.';
export const DNS_FAILED =
  'DNS resolution failed. The name has no IPv4 address, or no server told of one in time.';
export const NO_RESPONSE = 'The endpoint did not respond with an HTTP status code in time.';
export const NEVER_FINAL =
  'The endpoint sent one interim response (1xx) after the other and no HTTP status code that counts.';
export const NO_BODY = 'The endpoint did not send its HTTP response body in time.';
export const NOT_FOUND = 'The search string is not in the first 5,120 bytes of the response body.';
export const NOT_DECODED = 'The response body is not encoded as its Content-Encoding says.';

/** `HTTP Status Code 503, Service Unavailable`: nothing of what the endpoint calls it. */
export function statusReason(code: number): string {
  return `HTTP Status Code ${code}, ${STATUS_CODES[code] ?? 'unknown'}`;
}

/** Errors of which this host is the cause: it has no more descriptors, ports or memory. */
const OWN_FAULTS: readonly string[] = ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN'];

/** What an error of a socket says: of the endpoint, or, where it is `own`, of this host. */
export function faultOf(error: NodeJS.ErrnoException): { readonly own: boolean; readonly reason: string } {
  const code = error.code ?? '';
  if (OWN_FAULTS.includes(code)) return { own: true, reason: `this node cannot connect: ${code}` };
  return { own: false, reason: reasonOf(code, error) };
}

function reasonOf(code: string, error: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'Connection refused.';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'The endpoint closed the connection.';
    case 'ETIMEDOUT':
      return TIMED_OUT;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'The endpoint cannot be reached: there is no route to it.';
  }
  if (code.startsWith('HPE_')) return 'The response is not HTTP.';
  if (isTlsFault(error)) return tlsReason(error);
  return `The connection failed: ${code || 'unknown error'}.`;
}

function isTlsFault({ code = '' }: NodeJS.ErrnoException): boolean {
  return code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO';
}

/** `ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE` → `SSL alert handshake_failure` */
function tlsReason({ code = '' }: NodeJS.ErrnoException): string {
  const alert = /_ALERT_(?:\w+_ALERT_)?(\w+)$/.exec(code)?.[1];
  if (alert !== undefined) return `SSL alert ${alert.toLowerCase()}`;
  return `The SSL handshake failed: ${code
    .replace(/^ERR_(SSL|TLS)_/, '')
    .toLowerCase()
    .replaceAll('_', ' ')}.`;
}
