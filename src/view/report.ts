import type { TargetStatus } from '../resolver/target.ts';

/**
 * What the daemon says of itself: what workers answer to the control thread, what that merges and serves on its
 * socket, and what the command line prints. Plain data; durations in the unit that their names end in.
 */

/** One cache of one worker, or of all. */
export interface CacheFigures {
  readonly entries: number;
  readonly bytesUsed: number;
  readonly bytesBudget: number;
  readonly inserts: number;
  readonly evictions: number;
}

/** A worker's answer to `cache-stats`. */
export interface WorkerCaches {
  readonly answers: CacheFigures;
  readonly records: CacheFigures;
}

/** Whose queries a worker reads: those in plain text, or those by TLS; see server/duty. */
export type Duty = 'plain' | 'encrypted';

/** A worker's answer to `status`. */
export interface WorkerStatus {
  readonly worker: number;
  /** Revision of the snapshot it serves; 0 before the first. */
  readonly revision: number;
  readonly uptimeSeconds: number;
  /** Questions that wait for an upstream or another worker. */
  readonly inFlight: number;
  readonly targets: readonly TargetStatus[];
  readonly caches: WorkerCaches;
}

/** One entry of a worker's record cache, in presentation form; an element of its answer to `cache-dump`. */
export interface CacheEntry {
  readonly name: string;
  /** `-` in a dump's report where the name does not exist, whatever the type. */
  readonly type: string;
  /** The rule through which it was learned. */
  readonly rule: string;
  readonly vpc: string;
  readonly kind: 'rrset' | 'nodata' | 'nxdomain' | 'failure';
  readonly state: 'fresh' | 'stale';
  /** Seconds left; a worker's answer has them negative for stale entries, a dump's report 0. */
  readonly ttl: number;
  readonly ageSeconds: number;
  /** Rdata of each record, in presentation form; empty for negative entries. */
  readonly records: readonly string[];
}

/** A worker's answer to `cache-flush`. */
export interface Flushed {
  readonly removed: number;
}

/** A worker as its supervisor and itself see it. */
export interface WorkerReport {
  readonly worker: number;
  readonly duty: Duty;
  /** `silent`: it did not answer in time. */
  readonly state: 'serving' | 'starting' | 'silent';
  readonly revision: number;
  readonly uptimeSeconds: number;
  readonly inFlight: number;
}

/** A target over all workers: each has its own breaker and measures for itself. */
export interface TargetReport {
  /** `192.0.2.53:53` */
  readonly target: string;
  /** The worst state that a worker sees. */
  readonly breaker: TargetStatus['breaker'];
  /** In how many workers the breaker is not closed. */
  readonly givenUpBy: number;
  readonly workers: number;
  /** The least of the workers' smoothed round-trip times; undefined until something was measured. */
  readonly srttMs: number | undefined;
  readonly outstanding: number;
  readonly counts: TargetStatus['counts'];
}

/** `GET /status`. */
export interface StatusReport {
  readonly node: { readonly name: string; readonly region: string };
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly config: ConfigReport;
  readonly workers: readonly WorkerReport[];
  readonly endpoints: readonly EndpointReport[];
  readonly views: readonly ViewReport[];
  readonly targets: readonly TargetReport[];
  readonly caches: WorkerCaches;
  /** Files that say where clients are. */
  readonly geo: readonly GeoFileReport[];
}

export interface ConfigReport {
  readonly file: string;
  readonly revision: number;
  /** ISO 8601, of the revision in force. */
  readonly since: string;
  /** Why the last reload was refused; empty when it was not. */
  readonly errors: readonly string[];
}

export interface EndpointReport {
  readonly id: string;
  /** Addresses and ports, with `tls://` in front where DNS over TLS is spoken, or `https://`. */
  readonly listen: readonly string[];
  readonly protocols: readonly string[];
  /** A VPC, or `by-source`. */
  readonly vpc: string;
  /** What clients by TLS are shown; missing where there are none. */
  readonly certificate?: CertificateReport | undefined;
}

/** A certificate of an endpoint. */
export interface CertificateReport {
  /** `DNS:dns.example, IP Address:10.20.0.2`; empty: nobody. */
  readonly names: string;
  readonly selfSigned: boolean;
  /** ISO 8601. */
  readonly until: string;
  /** The SHA-256 of its public key, in base64. */
  readonly pin: string;
}

/** A VPC, an element of `GET /vpcs`. */
export interface VpcListing {
  readonly id: string;
  readonly region: string;
  readonly account: string;
  readonly cidrs: readonly string[];
  readonly from: 'configuration' | 'store';
}

export interface ViewReport {
  readonly vpc: string;
  readonly zones: number;
  readonly rules: number;
}

/** `GET /anchors`. */
export interface AnchorsReport {
  readonly anchors: readonly AnchorReport[];
  /** Of the zones whose keys are followed (RFC 5011). Absent: none is. */
  readonly looks?: readonly AnchorLook[];
  /** Of the configuration first, then what VPCs and rules imply. */
  readonly negative: readonly NegativeAnchorReport[];
}

/** A trust anchor: a key by itself or by its digest. */
export interface AnchorReport {
  readonly zone: string;
  readonly record: 'DS' | 'DNSKEY';
  readonly keyTag: number;
  /** `ECDSAP256SHA256` */
  readonly algorithm: string;
  /** Of a DS: `SHA-256`. */
  readonly digest?: string;
  /**
   * `unsupported`: its algorithm or digest is not, so that it counts for nothing beside others. The others are those
   * of RFC 5011: `valid` and `missing` keys are trusted, `addpend` ones not yet, `revoked` and `removed` ones never
   * again.
   */
  readonly state: 'valid' | 'unsupported' | 'addpend' | 'missing' | 'revoked' | 'removed';
  /** ISO 8601: since when it is in this state, and for an `addpend` key when it was seen last. */
  readonly since?: string;
  /** How long an `addpend` key must be there before it is trusted. */
  readonly secondsLeft?: number;
}

/** When the keys of a zone were looked at. */
export interface AnchorLook {
  readonly zone: string;
  /** ISO 8601, of the last look that validated; missing: none has. */
  readonly validated?: string;
  /** ISO 8601; missing before the first one, and where all keys are revoked. */
  readonly next?: string;
}

/** A negative trust anchor (RFC 7646): below `domain` nothing is validated. */
export interface NegativeAnchorReport {
  readonly domain: string;
  /** `rule`, `vpc`: implied by a rule or VPC that has no validation. */
  readonly source: 'configured' | 'rule' | 'vpc';
  /** Where it holds; empty: everywhere. */
  readonly vpcs: readonly string[];
  /** `expired`: it still stands in the file, and has no effect. */
  readonly state: 'active' | 'expired';
  /** ISO 8601; missing where it has no end. */
  readonly until?: string;
  readonly secondsLeft?: number;
  readonly reason: string;
}

/** A file that says where clients are; without `entries` nothing was read of it that is in force. */
export interface GeoFileReport {
  readonly kind: 'database' | 'rtt';
  readonly file: string;
  /** Why it is not read as it is now; empty where it is. */
  readonly faults: readonly string[];
  /** Since it was read. */
  readonly ageSeconds?: number;
  /** Since the database was made. */
  readonly buildAgeSeconds?: number;
  /** What the database calls itself: `GeoLite2-City`. */
  readonly type?: string;
  /** Networks of a database, blocks and countries of an RTT table. */
  readonly entries?: number;
  readonly bytes?: number;
}

/** `GET /geo`. */
export interface GeoReport {
  readonly files: readonly GeoFileReport[];
  /** Of the address that was asked for. */
  readonly client?: ClientReport;
}

/** Where an address is. */
export interface ClientReport {
  readonly address: string;
  /** Codes; missing where they are not known. */
  readonly continent?: string;
  readonly country?: string;
  readonly subdivision?: string;
  /** Degrees, rounded to hundredths. */
  readonly latitude?: number;
  readonly longitude?: number;
  /** Leading bits of the address on which that depends. */
  readonly bits: number;
  /** By regions, the nearest first; without measured times by distance. */
  readonly regions: readonly { readonly region: string; readonly ms?: number; readonly km?: number }[];
  /** The location in each CIDR collection that has one for it. */
  readonly collections: readonly { readonly collection: string; readonly location: string }[];
  /** What each database has, as JSON. */
  readonly records: readonly {
    readonly file: string;
    readonly record?: string;
    readonly bits: number;
    readonly fault?: string;
  }[];
}

/** `GET /cache/stats`. */
export interface CacheReport {
  readonly total: WorkerCaches;
  readonly workers: readonly ({ readonly worker: number } & WorkerCaches)[];
}

/** `GET /cache/dump`. */
export interface CacheDump {
  readonly entries: readonly CacheEntry[];
  /** True if the limit left entries out. */
  readonly truncated: boolean;
}

/** `POST /reload`. */
export interface ReloadReport {
  readonly applied: boolean;
  readonly revision: number;
  /** What changed, one thing a line; empty when nothing did or it was refused. */
  readonly changes: readonly string[];
  /** `file:line:column: message`, all of them. */
  readonly errors: readonly string[];
}

/** One change of resources, and who made it. */
export interface AuditLine {
  readonly revision: number;
  /** ISO 8601. */
  readonly at: string;
  readonly account: string;
  /** Empty where none was used. */
  readonly accessKey: string;
  /** An address, or `control socket`. */
  readonly source: string;
  readonly operation: string;
  readonly summary: string;
  /** How many resources it put or deleted. */
  readonly items: number;
}

/** `GET /audit`: the newest changes, the oldest of them first. */
export interface AuditReport {
  readonly changes: readonly AuditLine[];
  /** True if the limit left older ones out. */
  readonly truncated: boolean;
}

/** `POST /store/backup`. */
export interface BackupReport {
  readonly file: string;
  readonly revision: number;
  readonly octets: number;
}

/** What every route answers when it cannot do what was asked. */
export interface Fault {
  readonly error: string;
  /** What would help. */
  readonly remedy: string;
}
