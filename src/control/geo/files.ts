import type { GeoFileReport } from '../../view/report.ts';
import type { GeoData } from '../../view/snapshot.ts';
import { Locations } from '../../zone/geo/locations.ts';
import { Rtt, type RttData } from '../../zone/geo/rtt.ts';
import type { Metadata } from './mmdb.ts';

/** What was read of a file. */
export type Loaded =
  | { readonly kind: 'database'; readonly locations: SharedArrayBuffer; readonly metadata: Metadata }
  | { readonly kind: 'rtt'; readonly rtt: RttData };

/** A file that is followed: what was last read of it that was right, and what is wrong with it now. */
export interface GeoFile {
  readonly kind: Loaded['kind'];
  readonly path: string;
  /** Says which content was tried last, right or wrong; empty before the first. */
  stamp: string;
  loaded: Loaded | undefined;
  /** Wall clock, milliseconds; of `loaded`. */
  loadedAt: number;
  faults: readonly string[];
}

/** What workers get of these files, in their order. */
export function dataOf(files: readonly GeoFile[]): GeoData {
  let rtt: RttData | undefined;
  const locations: SharedArrayBuffer[] = [];
  for (const { loaded } of files)
    if (loaded?.kind === 'database') locations.push(loaded.locations);
    else if (loaded?.kind === 'rtt') rtt = loaded.rtt;
  return { locations, rtt };
}

/** @param now wall clock, milliseconds */
export function reportOf({ kind, path, loaded, loadedAt, faults }: GeoFile, now: number): GeoFileReport {
  const common = { kind, file: path, faults };
  if (loaded === undefined) return common;
  const read = { ...common, ageSeconds: Math.max(0, Math.floor((now - loadedAt) / 1000)) };
  if (loaded.kind === 'rtt') {
    const { figures, blocks } = loaded.rtt;
    return { ...read, entries: Rtt.from(loaded.rtt).rows, bytes: figures.byteLength + blocks.byteLength };
  }
  const { type, builtSeconds } = loaded.metadata;
  const { networks: entries } = Locations.from(loaded.locations);
  const buildAgeSeconds = Math.max(0, Math.floor(now / 1000) - builtSeconds);
  return { ...read, type, buildAgeSeconds, entries, bytes: loaded.locations.byteLength };
}
