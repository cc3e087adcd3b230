import type { Credentials } from '../../view/snapshot.ts';
import { type Config, pathIn } from './load.ts';
import type { TlsPair } from './tls.ts';

/** The configuration with what `of` says in the place of what was read of the files that it names. */
export function withCredentials(
  config: Config,
  of: (pair: TlsPair, read: Credentials) => Credentials,
): Config {
  const { folder, api, apiCredentials, endpoints } = config;
  const replaced = (tls: TlsPair | undefined, read: Credentials | undefined): Credentials | undefined =>
    tls === undefined || read === undefined
      ? read
      : of({ certificate: pathIn(folder, tls.certificate), key: pathIn(folder, tls.key) }, read);
  const { inbound, api: made } = endpoints;
  return {
    ...config,
    apiCredentials: replaced(api?.tls, apiCredentials),
    endpoints: {
      ...endpoints,
      inbound: inbound.map((each) => ({
        ...each,
        credentials: replaced(each.tls, each.credentials),
      })),
      api: { ...made, credentials: replaced(made.tls, made.credentials) },
    },
  };
}
