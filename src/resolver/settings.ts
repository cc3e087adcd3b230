import type { Name } from '../wire/name.ts';

/** How this node asks authoritative servers, and what it validates with. */
export interface RecursionSettings {
  /** RFC 9156. `relaxed`: NXDOMAIN about a shortened name is believed no more than errors are; the whole name is asked. */
  readonly qnameMinimisation: 'relaxed' | 'strict' | 'off';
  /** Payload size in queries, 512 to 4096; larger replies by UDP are not taken. */
  readonly ednsPayload: number;
  readonly priming: boolean;
  readonly ipv4: boolean;
  /** `auto`: while there is a route. */
  readonly ipv6: 'auto' | 'on' | 'off';
  /** Name servers at 127/8 and ::1 may be asked: for tests. */
  readonly loopbackServers: boolean;
  /** Where authoritative servers listen; 53 except in tests. */
  readonly port: number;
  /** RFC 8198. */
  readonly aggressiveNsec: boolean;
  /** Algorithms 5 and 7 count as supported (RFC 9905). */
  readonly sha1: boolean;
  /** Trust anchors as they stand now: from the configuration, or what RFC 5011 made of it. */
  readonly anchors: readonly TrustAnchor[];
  readonly ntas: readonly NegativeTrustAnchor[];
  /** A copy of the root zone that stands in for its servers (RFC 8806). */
  readonly localRoot?: LocalRootSettings;
  /** RFC 8145 (key tag queries) and RFC 8509 (sentinel). */
  readonly keyTagSignal: boolean;
  readonly keySentinel: boolean;
}

/** Where a chain of trust begins. */
export interface TrustAnchor {
  readonly zone: Name;
  /** rdata */
  readonly ds: readonly Uint8Array[];
  /** rdata */
  readonly dnskey: readonly Uint8Array[];
}

/** RFC 7646: below `domain` nothing is validated. */
export interface NegativeTrustAnchor {
  readonly domain: Name;
  /** Wall clock, milliseconds; undefined: for as long as it is configured. */
  readonly until: number | undefined;
  readonly reason: string;
}

export interface LocalRootSettings {
  /** See `localroot`. */
  readonly image: SharedArrayBuffer;
  /** It holds until then. Wall clock, milliseconds. */
  readonly until: number;
}
