import { dirname, join } from 'node:path';
import { plainListen } from '../../control/config/endpoints.ts';
import { type Config, loadConfig } from '../../control/config/load.ts';
import { problemToText } from '../../control/config/problem.ts';
import { nameToText } from '../../wire/name.ts';
import { SOCKET_NAME } from '../daemon.ts';

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** What a configuration says that matters to the host which it is on. */
export interface Configured {
  readonly file: string;
  readonly socket: string;
  /** Where clients ask in plain DNS. */
  readonly listens: readonly Place[];
  /** Whom rules ask. */
  readonly targets: readonly (Place & { readonly rule: string; readonly domain: string })[];
  /** Domains that have rules or zones of their own. */
  readonly domains: readonly string[];
  /** For the search list, from files of the rules folder. */
  readonly search: readonly string[];
  readonly rulesFolder: string | undefined;
}

/** Reads and checks a configuration; its zone files are not looked at. */
export function readConfigured(
  file: string,
):
  | { readonly configured: Configured }
  | { readonly configured?: undefined; readonly errors: readonly string[] } {
  const { config, errors } = loadConfig(file);
  if (config === undefined) return { errors: errors.map(problemToText) };
  return { configured: configuredOf(file, config) };
}

function configuredOf(file: string, config: Config): Configured {
  const { rulesFolder } = config.node;
  return {
    file,
    socket: join(config.stateFolder, SOCKET_NAME),
    listens: config.endpoints.inbound.flatMap((endpoint) =>
      plainListen(endpoint).map(({ address, port }) => ({ address, port })),
    ),
    targets: config.rules.flatMap(({ id, domain, targets = [] }) =>
      targets.map(({ address, port }) => ({ address, port, rule: id, domain: nameToText(domain) })),
    ),
    domains: [...config.rules.map(({ domain }) => domain), ...config.zones.map(({ name }) => name)].map(
      (name) => nameToText(name),
    ),
    search: config.search,
    rulesFolder: rulesFolder === undefined ? undefined : join(dirname(file), rulesFolder),
  };
}
