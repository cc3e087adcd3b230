import type { HintServer } from '../../resolver/path.ts';
import type { RecursionSettings } from '../../resolver/settings.ts';
import { isoFromWall } from '../../telemetry/text.ts';
import { nameToText } from '../../wire/name.ts';
import type { Config } from '../config/load.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { Root } from './root.ts';

/** How this node asks authoritative servers, and what it validates with. */
export function compileRecursion({ recursion }: Config, { anchors, localRoot }: Root): RecursionSettings {
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
    ...(localRoot && { localRoot }),
  };
}

/** Warns of negative trust anchors that have ended: who wrote them meant to take them out. @param now wall clock */
export function expiredAnchors({ recursion, problemAt }: Config, now: number): ConfigProblem[] {
  return recursion.negativeTrustAnchors.flatMap(({ domain, until }, i) => {
    if (until === undefined || until > now) return [];
    const message = `the negative trust anchor of ${nameToText(domain)} ended at ${isoFromWall(until)}`;
    const remedy = 'take it out, or write a later time';
    return [problemAt(['recursion', 'negativeTrustAnchors', i, 'until'], message, remedy)];
  });
}

/** The servers of the root, at the port of this node's settings. */
export function hintServers({ recursion: { port } }: Config, { hints }: Root): HintServer[] {
  return hints.map(({ name, addresses }) => ({
    name,
    addresses: addresses.map((address) => ({ address, port, protocol: 'do53' })),
  }));
}
