import type { Name } from '../wire/name.ts';

/**
 * What is logged of the queries of a snapshot, and all that it takes to say whose query it was: the indexes of a record are
 * understood by the revision that it has, however many snapshots have come since. Plain data, like a snapshot.
 *
 *     record ─ view ─▶ logs of a VPC                     format `resolver`
 *                 └──▶ zone of the name ─▶ its logs      format `public`, at authoritative endpoints
 */
export interface QueryLogs {
  /** That of the first snapshot in which it was so; 0 where nothing was ever logged. */
  readonly revision: number;
  readonly logs: readonly QueryLog[];
  /** By index of the view; none where nothing is logged. */
  readonly views: readonly LoggedView[];
  /** Ids by index. */
  readonly endpoints: readonly string[];
  /** Name of the node. */
  readonly node: string;
  readonly traces: Traces | undefined;
}

/** What is traced, for OpenTelemetry. */
export interface Traces {
  readonly to: Extract<Destination, { kind: 'http' }>;
  /** The share of queries, over 0 and up to 1. */
  readonly sample: number;
}

export const NO_QUERY_LOGS: QueryLogs = {
  revision: 0,
  logs: [],
  views: [],
  endpoints: [],
  node: '',
  traces: undefined,
};

/** `resolver` and `public` are lines as Route 53 writes them, `dnstap` are messages with the query and the reply. */
export type LogFormat = 'resolver' | 'public' | 'dnstap';

/** One log: what it takes, and where it goes. */
export interface QueryLog {
  readonly id: string;
  readonly format: LogFormat;
  readonly to: Destination;
  /** The share of queries that it has, over 0 and up to 1. */
  readonly sample: number;
  /** Also answers that were cached. */
  readonly hits: boolean;
  /** Only these names and what is below them; empty: all. */
  readonly names: readonly Name[];
  /** Only these; empty: all. */
  readonly rcodes: readonly number[];
  /** Only queries for which the firewall did one of these; empty: all. */
  readonly firewallActions: readonly LoggedAction[];
  readonly rotate: Rotation;
}

export interface Rotation {
  /** Octets beyond which the file is put aside. */
  readonly bytes: number;
  /** How many of those are kept. */
  readonly keep: number;
  readonly compress: boolean;
}

/** Where a log goes. */
export type Destination =
  | { readonly kind: 'stdout' }
  /** Absolute, once it is compiled. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'dnstap'; readonly at: StreamAddress }
  | { readonly kind: 'syslog'; readonly at: SyslogAddress; readonly facility: SyslogFacility }
  /** `authorization`: absolute path of a file with the value of that header. */
  | { readonly kind: 'http'; readonly url: string; readonly authorization: string | undefined };

export type StreamAddress =
  | { readonly way: 'unix'; readonly path: string }
  | { readonly way: 'tcp'; readonly address: string; readonly port: number };

/** That on a path takes datagrams, as /dev/log does. */
export type SyslogAddress =
  | StreamAddress
  | { readonly way: 'udp'; readonly address: string; readonly port: number };

export const SYSLOG_FACILITIES = [
  'user',
  'daemon',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;
export type SyslogFacility = (typeof SYSLOG_FACILITIES)[number];

export interface LoggedView {
  /** Empty where the view is not a VPC's. */
  readonly vpc: string;
  readonly account: string;
  readonly region: string;
  /** Indexes of logs. */
  readonly logs: readonly number[];
  /** Of an authoritative endpoint where a zone of its is logged. */
  readonly zones: LoggedZones | undefined;
  /** By index in the view's firewall; undefined for those that allow. */
  readonly firewallRules: readonly (LoggedFirewallRule | undefined)[];
}

/** All zones that are served, logged or not: a name belongs to the longest. */
export interface LoggedZones {
  /** NameTable: name → index into `groups`. */
  readonly table: SharedArrayBuffer;
  readonly groups: readonly (LoggedZone | undefined)[];
}

export interface LoggedZone {
  readonly id: string;
  /** Indexes of logs. */
  readonly logs: readonly number[];
}

/** As Route 53 calls what the firewall did; who is allowed is not told of. */
export type LoggedAction = 'ALERT' | 'BLOCK';

export interface LoggedFirewallRule {
  readonly group: string;
  readonly list: string;
  readonly action: LoggedAction;
}
