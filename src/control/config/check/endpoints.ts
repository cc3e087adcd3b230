import { atEncryptedPort, BY_SOURCE, type EncryptedProtocol } from '../endpoints.ts';
import { type Path, pathToText } from '../problem.ts';
import type { AddressAndPort } from '../setting.ts';
import { type CheckContext, type Draft, Once } from './context.ts';

type Inbound = NonNullable<NonNullable<NonNullable<Draft['endpoints']>['inbound']>[number]>;

export function checkEndpoints(context: CheckContext, listening: Listening): void {
  const ids = new Once();
  const { inbound = [], authoritative = [], outbound = [], api } = context.draft.endpoints ?? {};
  inbound.forEach((endpoint, i) => {
    const path: Path = ['endpoints', 'inbound', i];
    checkId(context, ids, endpoint?.id, [...path, 'id']);
    if (endpoint === undefined) return;
    checkInbound(context, endpoint, path);
    checkEncrypted(context, endpoint, path);
    addListening(context, listening, endpoint, path);
  });
  authoritative.forEach((endpoint, i) => {
    const path: Path = ['endpoints', 'authoritative', i];
    checkId(context, ids, endpoint?.id, [...path, 'id']);
    endpoint?.listen?.forEach((listen, j) => {
      if (listen !== undefined) listening.add(context, listen, [...path, 'listen', j]);
    });
  });
  outbound.forEach((endpoint, i) => {
    checkId(context, ids, endpoint?.id, ['endpoints', 'outbound', i, 'id']);
  });
  const apiAddresses = new Once();
  api?.addresses?.forEach((each, i) => {
    const path: Path = ['endpoints', 'api', 'addresses', i];
    if (each?.listen !== undefined)
      checkApiAddress(context, listening, apiAddresses, each.listen, [...path, 'listen'], api.dohPort);
    context.knownVpc(each?.vpc, [...path, 'vpc']);
  });
  const { metrics } = context.draft.node ?? {};
  if (metrics !== undefined && metrics !== 'off') listening.add(context, metrics, ['node', 'metrics']);
  const someListen = (['inbound', 'authoritative'] as const).some((key) =>
    context.has(['endpoints', key, 0]),
  );
  if (!someListen && !context.has(['endpoints', 'api', 'addresses', 0]))
    context.warn(
      ['endpoints'],
      'no inbound endpoint: nobody can ask this node',
      'add one to endpoints.inbound',
    );
}

function checkId(context: CheckContext, ids: Once, id: string | undefined, path: Path): void {
  const first = id && ids.add(id, path);
  if (first) context.error(path, `id "${id}" is taken by ${first}`, 'give each endpoint an id of its own');
}

/**
 * An endpoint has addresses, not all that there are; the API names them without ports. Whether it speaks DNS over HTTPS the
 * API says at any time, so that the port for it has to be free as well.
 */
function checkApiAddress(
  context: CheckContext,
  listening: Listening,
  addresses: Once,
  listen: AddressAndPort,
  path: Path,
  dohPort: number | undefined,
): void {
  const { address } = listen;
  if (address === '0.0.0.0' || address === '::')
    context.error(path, `${address} stands for every address`, 'write each address by itself');
  else {
    const first = addresses.add(address, path);
    if (first !== undefined) context.error(path, `${address} stands at ${first} already`, 'leave it out');
    else {
      listening.add(context, listen, path);
      if (dohPort !== undefined)
        listening.add(context, { address, port: dohPort }, ['endpoints', 'api', 'dohPort']);
    }
  }
}

function checkInbound(context: CheckContext, endpoint: Inbound, path: Path): void {
  context.knownVpc(endpoint.vpc, [...path, 'vpc'], [BY_SOURCE]);
  context.knownVpc(endpoint.defaultVpc, [...path, 'defaultVpc']);
  if (endpoint.defaultVpc !== undefined && endpoint.vpc !== undefined && endpoint.vpc !== BY_SOURCE)
    context.error(
      [...path, 'defaultVpc'],
      `every client of this endpoint is in ${endpoint.vpc}`,
      `leave defaultVpc out, or write vpc: ${BY_SOURCE}`,
    );
  if (endpoint.defaultVpc !== undefined && !context.has([...path, 'allow']))
    context.warn(
      [...path, 'defaultVpc'],
      'nobody outside of the VPCs may ask this endpoint, so nobody gets the default VPC',
      'add allow, with the blocks of those who are to get it',
    );
  endpoint.proxyProtocol?.from?.forEach((cidr, j) => {
    if (cidr?.length === 0)
      context.error(
        [...path, 'proxyProtocol', 'from', j],
        'everybody could claim to be any client',
        'write the addresses of the proxies',
      );
  });
  endpoint.allow?.forEach((cidr, j) => {
    if (cidr?.length === 0)
      context.warn(
        [...path, 'allow', j],
        'everybody who reaches this endpoint may ask it',
        'open resolvers are used for attacks on others: allow your own networks only',
      );
  });
}

const ENCRYPTED: readonly (readonly [EncryptedProtocol, string])[] = [
  ['dot', 'DNS over TLS'],
  ['doh', 'DNS over HTTPS'],
];

/** Encrypted protocols should have a certificate that clients trust, and what is set for them is for those that are spoken. */
function checkEncrypted(context: CheckContext, { protocols = [] }: Inbound, path: Path): void {
  for (const [protocol, name] of ENCRYPTED) {
    const at = protocols.indexOf(protocol);
    if (at >= 0 && !context.has([...path, 'tls']))
      context.warn(
        [...path, 'protocols', at],
        `${name} without a certificate: the daemon makes a self-signed one, which nobody trusts`,
        'add tls: { certificate: FILE, key: FILE }, or give clients the pin that causeway status shows',
      );
    const settings = at >= 0 ? [] : protocol === 'doh' ? ['doh', 'dohJson'] : ['dot'];
    for (const setting of settings)
      if (context.has([...path, setting]))
        context.error(
          [...path, setting],
          `this endpoint does not speak ${protocol}`,
          `write protocols: [do53, ${protocol}]`,
        );
  }
  const isEncrypted = ENCRYPTED.some(
    ([protocol]) => protocols.includes(protocol) || context.has([...path, protocol]),
  );
  if (!isEncrypted && context.has([...path, 'tls']))
    context.warn(
      [...path, 'tls'],
      'no protocol of this endpoint is encrypted',
      'write protocols: [do53, dot], or leave tls out',
    );
}

function addListening(context: CheckContext, listening: Listening, endpoint: Inbound, path: Path): void {
  const { listen = [], protocols = ['do53'] } = endpoint;
  const addAll = (key: 'listen' | EncryptedProtocol): void =>
    endpoint[key]?.forEach((each, j) => {
      if (each !== undefined) listening.add(context, each, [...path, key, j]);
    });
  // One that could not be read may have been meant so.
  if (protocols.includes('do53') || protocols.includes(undefined)) addAll('listen');
  for (const [protocol] of ENCRYPTED) {
    if (!protocols.includes(protocol)) continue;
    if (context.has([...path, protocol])) addAll(protocol);
    else
      for (const each of atEncryptedPort(
        protocol,
        listen.flatMap((each) => each ?? []),
      ))
        listening.add(context, each, [...path, 'listen']);
  }
}

/** The addresses and ports that this node listens on. */
export class Listening {
  readonly #taken: { listen: AddressAndPort; path: Path }[] = [];

  add(context: CheckContext, listen: AddressAndPort, path: Path): void {
    const other = this.#taken.find((taken) => overlap(taken.listen, listen));
    this.#taken.push({ listen, path });
    if (other === undefined) return;
    const [mine, theirs] = [listenText(listen), listenText(other.listen)];
    const place = `${theirs} of ${pathToText(other.path)}`;
    context.error(path, `${mine} is taken by ${place}`, 'write another address or port, or leave it out');
  }

  /** True if a question sent to `target` may come back to this node. An authoritative endpoint sends none on. */
  hears(target: AddressAndPort): boolean {
    return this.#taken.some(({ listen, path }) => path[1] === 'inbound' && reaches(target, listen));
  }
}

/** Whether what is sent to `target` may come to one of these endpoints. */
export function hears(
  endpoints: readonly { readonly listen: readonly AddressAndPort[] }[],
  target: AddressAndPort,
): boolean {
  return endpoints.some(({ listen }) => listen.some((each) => reaches(target, each)));
}

function reaches(target: AddressAndPort, listen: AddressAndPort): boolean {
  if (listen.port !== target.port) return false;
  return listen.address === target.address || (isWildcardOf(listen, target) && isLoopback(target));
}

/** A wildcard takes the port of every address of its family. */
function overlap(a: AddressAndPort, b: AddressAndPort): boolean {
  return a.port === b.port && (a.address === b.address || isWildcardOf(a, b) || isWildcardOf(b, a));
}

function isWildcardOf(wildcard: AddressAndPort, other: AddressAndPort): boolean {
  return other.address.includes(':') ? wildcard.address === '::' : wildcard.address === '0.0.0.0';
}

/** Of other addresses only the running daemon knows whether they are the host's own; it tells loops by a token. */
function isLoopback({ address }: AddressAndPort): boolean {
  return address === '::1' || address.startsWith('127.');
}

export function listenText({ address, port }: AddressAndPort): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
