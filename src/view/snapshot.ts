import type { FirewallData } from '../policy/firewall.ts';
import type { Path } from '../resolver/path.ts';
import type { RecursionSettings, TrustAnchor } from '../resolver/settings.ts';
import type { Name } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import type { ComputeNames } from '../zone/compute.ts';
import type { RttData } from '../zone/geo/rtt.ts';
import type { ZonePatch } from '../zone/patch.ts';
import type { HealthData } from './health.ts';
import type { QueryLogs } from './querylog.ts';

/**
 * All that answering needs to know, compiled off the packet path and never changed: plain data that may be posted
 * to a thread, with everything large in SharedArrayBuffers, which are posted by reference. This is where the
 * control side and the servers meet; neither knows the other.
 *
 *     client address ─ clients ─▶ view ─ table ─▶ group of candidates ─▶ zones, paths
 *     endpoint ─ view, defaultView ─▶ view
 */
export interface Snapshot {
  /** Counts up from 1 with each published snapshot. */
  readonly revision: number;
  readonly node: NodeSettings;
  /** CidrTable: client address → index of its view. */
  readonly clients: SharedArrayBuffer;
  /** One for each VPC and authoritative endpoint, and empty ones without a name where one was removed. */
  readonly views: readonly ViewData[];
  readonly zones: readonly ZoneData[];
  /** One for each pair of a view and a rule by which servers are asked. */
  readonly paths: readonly Path[];
  /** CIDR collections by slot; undefined where one was removed. */
  readonly collections: readonly (CidrCollection | undefined)[];
  /** What rules of firewalls name, each once. */
  readonly domainLists: readonly DomainListData[];
  readonly geo: GeoData;
  readonly recursion: RecursionSettings;
  /** The anchors of the configuration, where RFC 5011 has made others of them. Contexts are by these. */
  readonly configuredAnchors?: readonly TrustAnchor[];
  readonly endpoints: readonly InboundEndpoint[];
  readonly health: HealthData;
  readonly logs: QueryLogs;
  /** The least context number that was never given out: none is ever given out twice. */
  readonly nextContext: number;
}

/** What holds for the whole node. Durations are in the unit that their name ends in. */
export interface NodeSettings {
  readonly name: string;
  readonly region: string;
  /** What NSID says (RFC 5001); undefined: the option is not answered. */
  readonly nsid: Uint8Array | undefined;
  /** Budget of both caches of all workers together. */
  readonly cacheBytes: number;
  /** Server cookies, secrets of 16 octets; undefined: the daemon draws one at its start. */
  readonly cookies: { readonly current: Uint8Array; readonly previous: Uint8Array | undefined } | undefined;
  /** Undefined: replies are not limited. */
  readonly rateLimit: ReplyLimit | undefined;
  /** Bounds for TTLs of what was learned from others; `negativeSeconds` is the most for NXDOMAIN and NODATA. */
  readonly ttl: {
    readonly floorSeconds: number;
    readonly ceilingSeconds: number;
    readonly negativeSeconds: number;
  };
  /** RFC 8767. `clientTimeoutMs`: how long a client waits for fresh data before it gets stale data. */
  readonly stale: {
    readonly enabled: boolean;
    readonly clientTimeoutMs: number;
    readonly maxSeconds: number;
  };
  /** Popular entries are asked for again in the last tenth of their life. */
  readonly prefetch: boolean;
}

export interface ReplyLimit {
  /** To one address, in the long run. */
  readonly ratePerSecond: number;
  readonly burst: number;
  /** Each `slip`th limited reply is sent truncated; 0: none. */
  readonly slip: number;
  /** CidrTable of clients that are never limited; its values mean nothing. */
  readonly exempt: SharedArrayBuffer;
}

/** A VPC's world, or what an authoritative endpoint serves. */
export interface ViewData {
  /** Id of the VPC; `endpoint ID` of an authoritative endpoint; empty for a view of nobody. */
  readonly vpc: string;
  readonly serves: Role;
  /** Where its clients are; empty where they are wherever their addresses are. */
  readonly region: string;
  /** Its place in `Snapshot.views`: whose view it is keeps it over reloads, and no other gets it in the very next snapshot. */
  readonly index: number;
  /** Says which view it is across reloads, whatever its index: part of what answers depend on. */
  readonly key: number;
  /** NameTable: the name of a rule or zone → index into `groups`. */
  readonly table: SharedArrayBuffer;
  /** What there is at one name, in order of precedence: rule, private zone, autodefined zone. */
  readonly groups: readonly (readonly Candidate[])[];
  /**
   * What the VPC's clients get to see of DNSSEC. `validate`: DO, AD and CD as RFC 4035 says. `off`: nothing is
   * validated; signatures are passed on. `route53`: as AWS does: validated, but DO and CD count for nothing, no
   * signatures are shown and AD is never set.
   */
  readonly dnssec: 'validate' | 'off' | 'route53';
  /** RFC 6147: prefix of 96, 64, 56, 48, 40 or 32 bits under which AAAA records are made; undefined: none are. */
  readonly dns64: Dns64 | undefined;
  /** Addresses that no public name may have in this view (rebinding protection), and names that may. */
  readonly rebinding: Rebinding | undefined;
  /** DNS Firewall; undefined: none of its rule groups is associated with the VPC. */
  readonly firewall: FirewallData | undefined;
  /** DELEGATE rules: which referrals are followed, by the names of the servers that they name. */
  readonly delegates: readonly DelegateRule[];
}

/**
 * `resolver`: answers whatever is asked, by rules, zones and recursion. `authority`: says what its zones say, and
 * nothing of others (RFC 1034 section 4.3.2); there are only zones in its view, and its other settings mean nothing.
 */
export type Role = 'resolver' | 'authority';

export interface Dns64 {
  /** 16 octets, zero after the prefix. */
  readonly prefix: Uint8Array;
  readonly prefixBits: number;
  /** CidrTable of AAAA addresses that count as none (RFC 6147 section 5.1.4): ::ffff:0:0/96 at least. */
  readonly exclude: SharedArrayBuffer;
}

export interface Rebinding {
  /** CidrTable. */
  readonly blocked: SharedArrayBuffer;
  /** Names that may have such addresses, with all below them. */
  readonly exempt: readonly Name[];
}

/** Route 53's DELEGATE rule: referrals to servers named at or below `record` are followed. */
export interface DelegateRule {
  readonly rule: string;
  readonly record: Name;
  /** Context of what is learned that way. */
  readonly context: number;
  readonly sources: readonly string[];
  readonly case0x20: boolean;
}

/** Something that may answer for a name and all below it. */
export type Candidate =
  | {
      readonly kind: 'forward';
      /** Id of the rule, for EDE texts and `explain`. */
      readonly rule: string;
      /** Index into `Snapshot.paths`. */
      readonly path: number;
    }
  /** Recursion from the root: unlike a forward rule it counts also behind a SYSTEM rule. */
  | { readonly kind: 'recursive'; readonly rule: string; readonly path: number }
  | { readonly kind: 'system'; readonly rule: string }
  | {
      readonly kind: 'zone';
      readonly id: string;
      /** Index into `Snapshot.zones`. */
      readonly zone: number;
      readonly context: number;
      readonly overlay: Overlay;
    }
  /** Autodefined or special-use. */
  | { readonly kind: 'local'; readonly id: string; readonly zone: number; readonly context: number };

/**
 * What a private zone leaves to the next match: nothing (Route 53's way), names that it does not have, or also
 * types that its names do not have.
 */
export type Overlay = 'none' | 'nxdomain' | 'nodata';

export interface ZoneData {
  readonly id: string;
  /** Says which zone it is across reloads; the `id` that `Zone.from` takes. */
  readonly key: number;
  readonly name: Name;
  readonly kind: 'private' | 'public' | 'local';
  /** Where routing policies take clients to be: in the region of their VPC, or where their addresses are. */
  readonly clientsBy: 'vpc' | 'address';
  /** See zone/image.ts. The same buffer as before where a reload did not change the zone. */
  readonly image: SharedArrayBuffer;
  /** What of the zone is otherwise than in the image; see zone/patch.ts. */
  readonly patch?: ZonePatch | undefined;
  /** Names of instances that are made up when asked for: such a zone is asked by `lookupCompute`. */
  readonly compute: ComputeNames | undefined;
}

/** Where clients are, as files of the operator's say. */
export interface GeoData {
  /** Locations, in the order in which they are asked; none: nobody is located. */
  readonly locations: readonly SharedArrayBuffer[];
  /** Undefined: nothing was measured. */
  readonly rtt: RttData | undefined;
}

/** A list of domains, as firewalls of any number of views look names up in it. */
export interface DomainListData {
  readonly id: string;
  /** Lists of one id and version have the same domains. */
  readonly version: string;
  /** See zone/domains.ts; undefined: the list cannot be had. */
  readonly table: SharedArrayBuffer | undefined;
}

/** What IP-based routing goes by. */
export interface CidrCollection {
  readonly id: string;
  readonly name: string;
  /** CidrTable: client address → `locationKey` of the name of its location. */
  readonly table: SharedArrayBuffer;
  /** Names of all locations. */
  readonly locations: readonly string[];
}

/** Where clients ask. */
export interface InboundEndpoint {
  readonly id: string;
  /** That of its view; without a view of its own it is a resolver. */
  readonly serves: Role;
  /** Of plain DNS, by UDP and TCP. */
  readonly listen: readonly ListenAddress[];
  readonly protocols: readonly ('do53' | 'dot' | 'doh')[];
  /** Undefined: it speaks nothing that is encrypted. */
  readonly encrypted?: EncryptedListening | undefined;
  /** Index of the view that all its clients have; -1: the client's address decides. */
  readonly view: number;
  /** Index of the view of clients that are in no VPC; -1: they are refused. */
  readonly defaultView: number;
  /** CidrTable of those who may ask; its values mean nothing. */
  readonly allow: SharedArrayBuffer;
  /** What others get. */
  readonly outside: 'drop' | 'refuse';
  /** False: this endpoint's replies are not limited. */
  readonly rateLimited: boolean;
  /** CidrTable of those whose client subnet option counts (RFC 7871); its values mean nothing. */
  readonly clientSubnet: SharedArrayBuffer;
  /** CidrTable of proxies, which say whose each connection or query is; its values mean nothing. Undefined: there are none. */
  readonly proxies?: SharedArrayBuffer | undefined;
  /** True: a socket of it that cannot be opened is tried again, and keeps nothing else from being served. */
  readonly mayBeClosed?: boolean;
}

export interface EncryptedListening {
  /** Of DNS over TLS (RFC 7858). */
  readonly dot: readonly ListenAddress[];
  /** Of DNS over HTTPS (RFC 8484). */
  readonly doh: readonly ListenAddress[];
  /** Whether DNS over HTTPS has a JSON form too. */
  readonly json: boolean;
  readonly credentials: Credentials;
  /** Undefined: there is no name for it. */
  readonly designation?: Designation | undefined;
}

/** What clients are told of an endpoint's encrypted protocols (RFC 9462). */
export interface Designation {
  /** SVCB records of _dns.resolver.arpa. */
  readonly answer: Rrset;
  /** Addresses of their target. */
  readonly additional: readonly Rrset[];
}

/** A certificate with those that signed it, and its key, both in PEM. They belong together. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/** A wildcard address (`0.0.0.0`, `::`) stands for every address of the host. */
export interface ListenAddress {
  readonly address: string;
  readonly port: number;
}
