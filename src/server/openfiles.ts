import { readFileSync } from 'node:fs';
import { TCP_CLIENTS_MAX } from './tcpclients.ts';

/** Descriptors that are ours whatever clients do: files, listening sockets, event loops. */
const FILES_RESERVED = 128;
const CLIENTS_MIN = 16;

/** Half of the descriptors are for clients, as each query of theirs may need one towards an upstream. */
export function clientsWithin(openFiles: number): number {
  return Math.min(TCP_CLIENTS_MAX, Math.max(CLIENTS_MIN, Math.floor((openFiles - FILES_RESERVED) / 2)));
}

/** Health checks of what does not answer hold a descriptor each, for seconds. */
const LOOKS_MAX = 2048;
const LOOKS_MIN = 8;

/** An eighth of the descriptors are for health checks: when a network is down, queries must not want for them. */
export function looksWithin(openFiles: number): number {
  return Math.min(LOOKS_MAX, Math.max(LOOKS_MIN, Math.floor((openFiles - FILES_RESERVED) / 8)));
}

/** The soft limit of open files, which Node raises to the hard one at its start. */
export function openFilesMax(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
