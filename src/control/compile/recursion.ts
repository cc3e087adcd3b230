import type { RecursionSettings } from '../../resolver/settings.ts';

/** How this node asks authoritative servers. */
export function compileRecursion(): RecursionSettings {
  return {
    qnameMinimisation: 'relaxed',
    ednsPayload: 1232,
    priming: true,
    ipv4: true,
    ipv6: 'auto',
    loopbackServers: false,
    port: 53,
    aggressiveNsec: true,
    sha1: false,
    anchors: [],
    ntas: [],
    keyTagSignal: true,
    keySentinel: true,
  };
}
