import type { RttData } from '../../zone/geo/rtt.ts';
import type { Metadata } from './mmdb.ts';

/** What a child thread is given to do with one file; it does that and ends. */
export type GeoTask =
  | { readonly task: 'database'; readonly path: string }
  | { readonly task: 'rtt'; readonly path: string }
  /** What databases say of an address, as another reader than ours finds it. */
  | { readonly task: 'records'; readonly paths: readonly string[]; readonly address: string };

/** What comes back, by task. */
export interface GeoResults {
  readonly database: { readonly metadata: Metadata; readonly locations: SharedArrayBuffer };
  readonly rtt: RttData;
  readonly records: readonly GeoRecord[];
}

export type GeoResult = GeoResults[keyof GeoResults];

/** What one database has of an address. */
export interface GeoRecord {
  /** JSON; undefined where it does not know the address or cannot be read. */
  readonly record: string | undefined;
  /** Length of the network that has it. */
  readonly bits: number;
  readonly fault?: string;
}

export type GeoOutcome<R = GeoResult> =
  | { readonly result: R; readonly faults?: undefined }
  /** What is wrong with the file, one fault each. */
  | { readonly result?: undefined; readonly faults: readonly string[] };
