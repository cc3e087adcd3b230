import type { Destination, StreamAddress } from '../../view/querylog.ts';
import { SettingError } from './problem.ts';
import { parseAddressAndPort } from './setting.ts';

const PATH_MAX = 4096;
/** `sun_path` of unix(7), without the zero that ends it. */
const SOCKET_PATH_MAX = 107;
const REMEDY =
  'write a path such as logs/queries.jsonl, stdout, unix:/run/dnstap.sock or tcp://192.0.2.10:6000';

/** Where a log goes, as `to` says it; a file by the path that is written there. Throws SettingError, AddressError. */
export function readLogDestination(input: string): Destination {
  if (input === 'stdout') return { kind: 'stdout' };
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/s.exec(input) ?? [];
  switch (scheme) {
    case undefined:
      return { kind: 'file', path: readPath(input) };
    case 'unix':
      return { kind: 'stream', at: { way: 'unix', path: readSocketPath(rest) } };
    case 'tcp':
      return { kind: 'stream', at: { way: 'tcp', ...readReceiver(input, rest) } };
    default:
      throw new SettingError(`"${scheme}:" is not known`, `${REMEDY}; a file with a colon is ./${input}`);
  }
}

function readPath(input: string): string {
  if (input === '' || input.length > PATH_MAX || input.includes('\0'))
    throw new SettingError(`"${input.slice(0, 80)}" is not a path`, REMEDY);
  if (input.endsWith('/')) throw new SettingError(`"${input}" is a folder`, REMEDY);
  return input;
}

function readSocketPath(path: string): string {
  if (path.startsWith('/') && Buffer.byteLength(path) <= SOCKET_PATH_MAX && !path.includes('\0')) return path;
  throw new SettingError(
    `"${path.slice(0, 120)}" is not the path of a socket`,
    `write an absolute path of at most ${SOCKET_PATH_MAX} octets, such as /run/dnstap.sock`,
  );
}

/** What stands behind `tcp:`. */
function readReceiver(input: string, rest: string): Omit<Extract<StreamAddress, { way: 'tcp' }>, 'way'> {
  const wrong = new SettingError(
    `"${input}" does not say whom`,
    'write address and port: tcp://192.0.2.10:6000',
  );
  if (!rest.startsWith('//')) throw wrong;
  const { address, port } = parseAddressAndPort(rest.slice(2), 0);
  if (port === 0) throw wrong;
  return { address, port };
}
