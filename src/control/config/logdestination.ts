import type { Destination, StreamAddress, SyslogAddress, SyslogFacility } from '../../view/querylog.ts';
import { SettingError } from './problem.ts';
import { parseAddressAndPort } from './setting.ts';

export const FACILITY: SyslogFacility = 'local0';

const PATH_MAX = 4096;
const URL_MAX = 2048;
/** `sun_path` of unix(7), without the zero that ends it. */
const SOCKET_PATH_MAX = 107;
/** Of syslog, by UDP (RFC 5426) and by TCP (RFC 6587). */
const SYSLOG_PORT = 514;
const REMEDY =
  'write a path such as logs/queries.jsonl, stdout, syslog+udp://192.0.2.10, https://logs.example.net/in, or unix:/run/dnstap.sock';

/** Where a log goes, as `to` says it; a file by the path that is written there. Throws SettingError, AddressError. */
export function readLogDestination(input: string): Destination {
  if (input === 'stdout') return { kind: 'stdout' };
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/s.exec(input) ?? [];
  switch (scheme) {
    case undefined:
      return { kind: 'file', path: readPath(input) };
    case 'unix':
      return { kind: 'dnstap', at: readSocketPath(rest) };
    case 'tcp':
      return { kind: 'dnstap', at: { way: 'tcp', ...readReceiver(input, rest, undefined) } };
    case 'syslog+unix':
      return syslog(readSocketPath(rest));
    case 'syslog+udp':
      return syslog({ way: 'udp', ...readReceiver(input, rest, SYSLOG_PORT) });
    case 'syslog+tcp':
      return syslog({ way: 'tcp', ...readReceiver(input, rest, SYSLOG_PORT) });
    case 'http':
    case 'https':
      return { kind: 'http', url: readUrl(input), authorization: undefined };
    default:
      throw new SettingError(`"${scheme}:" is not known`, `${REMEDY}; a file with a colon is ./${input}`);
  }
}

function syslog(at: SyslogAddress): Destination {
  return { kind: 'syslog', at, facility: FACILITY };
}

function readPath(input: string): string {
  if (input === '' || input.length > PATH_MAX || input.includes('\0'))
    throw new SettingError(`"${input.slice(0, 80)}" is not a path`, REMEDY);
  if (input.endsWith('/')) throw new SettingError(`"${input}" is a folder`, REMEDY);
  return input;
}

function readSocketPath(path: string): StreamAddress {
  if (path.startsWith('/') && Buffer.byteLength(path) <= SOCKET_PATH_MAX && !path.includes('\0'))
    return { way: 'unix', path };
  throw new SettingError(
    `"${path.slice(0, 120)}" is not the path of a socket`,
    `write an absolute path of at most ${SOCKET_PATH_MAX} octets, such as /run/dnstap.sock`,
  );
}

/** What stands behind the scheme: an address, as a name would be asked of ourselves. */
function readReceiver(
  input: string,
  rest: string,
  defaultPort: number | undefined,
): { readonly address: string; readonly port: number } {
  const wrong = new SettingError(
    `"${input}" does not say whom`,
    `write address and port: tcp://192.0.2.10:6000`,
  );
  if (!rest.startsWith('//')) throw wrong;
  const found = parseAddressAndPort(rest.slice(2), defaultPort ?? 0);
  if (found.port === 0) throw wrong;
  return found;
}

/** A URL of HTTP that what is told may be sent to. Throws SettingError. */
export function readUrl(input: string): string {
  const remedy = 'write a URL such as https://logs.example.net/in';
  if (input.length > URL_MAX || !URL.canParse(input)) throw new SettingError('this is not a URL', remedy);
  if (!/^https?:/.test(input)) throw new SettingError(`"${input}" is not a URL of HTTP`, remedy);
  const { username, password, hash, href } = new URL(input);
  if (username !== '' || password !== '')
    throw new SettingError(
      'there is a password in the URL',
      'put the header into a file: http.authorization',
    );
  if (hash !== '') throw new SettingError(`"${hash}" is not sent to a server`, 'leave it out');
  return href;
}
