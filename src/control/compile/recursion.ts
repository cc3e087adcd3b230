import type { HintServer } from '../../resolver/path.ts';
import type { RecursionSettings } from '../../resolver/settings.ts';
import type { Config } from '../config/load.ts';
import type { Root } from './root.ts';

/** How this node asks authoritative servers, and what it validates with. */
export function compileRecursion({ recursion }: Config, { anchors }: Root): RecursionSettings {
  const { ipv4, ipv6, priming, qnameMinimisation, aggressiveNsec, sha1, loopbackServers, port } = recursion;
  const { keyTagSignal, keySentinel } = recursion;
  return {
    qnameMinimisation,
    ednsPayload: recursion.ednsSize,
    priming,
    ipv4,
    ipv6,
    loopbackServers,
    port,
    aggressiveNsec,
    sha1,
    anchors,
    ntas: recursion.negativeTrustAnchors.map(({ domain, until, reason }) => ({ domain, until, reason })),
    keyTagSignal,
    keySentinel,
  };
}

/** The servers of the root, at the port of this node's settings. */
export function hintServers({ recursion: { port } }: Config, { hints }: Root): HintServer[] {
  return hints.map(({ name, addresses }) => ({
    name,
    addresses: addresses.map((address) => ({ address, port, protocol: 'do53' })),
  }));
}
