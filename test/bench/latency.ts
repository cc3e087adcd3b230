/** `npm run bench -- latency`: how long clients wait while a server is a quarter, half and three quarters busy. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLIENTS, load, WARM_SECONDS } from './load.ts';
import type { Options } from './options.ts';
import { installed, interleaved, type Server, startFleet } from './peers.ts';
import { echo } from './recipes.ts';
import { type Column, compare, median, number, publish, type Table } from './report.ts';
import { HOSTS, hostQuestions } from './zone.ts';

const SHARES = [0.25, 0.5, 0.75];

/** Microseconds between a query and its answer, as its client sees them. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

interface LoadLatency extends Latency {
  readonly perSecond: number;
  readonly lost: number;
}

const COLUMNS: readonly Column<LoadLatency>[] = [
  { head: 'answers/s', of: ({ perSecond }) => perSecond },
  { head: 'p50 µs', of: ({ p50 }) => p50, ratio: true },
  { head: 'p99 µs', of: ({ p99 }) => p99, ratio: true },
  { head: 'p99.9 µs', of: ({ p999 }) => p999, ratio: true },
  { head: 'lost', of: ({ lost }) => lost, sum: true },
];

/** Finds the most that each server can do, then asks for shares of that, and of the slowest one's. */
export async function latency(options: Options): Promise<void> {
  const { rounds, seconds } = options;
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const file = join(folder, 'questions');
  const log = join(folder, 'latencies');
  writeFileSync(file, hostQuestions());
  const fleet = await startFleet([echo, ...installed(options, ['causeway', 'unbound'])]);
  try {
    const { servers } = fleet;
    for (const server of servers) await load(server, { file, seconds: WARM_SECONDS });
    const loads = await interleaved(rounds, servers, (server) => load(server, { file, seconds }));
    const most = new Map(
      [...loads].map(([name, list]) => [name, median(list.map((each) => each.perSecond))]),
    );
    const least = Math.min(...most.values());
    const at = async (caption: string, rate: (server: Server) => number): Promise<Table> => {
      const measure = async (server: Server): Promise<LoadLatency> => {
        const { lost, ...rest } = await load(server, { file, seconds, perSecond: rate(server), log });
        return { ...percentiles(readFileSync(log, 'latin1')), perSecond: rest.perSecond, lost };
      };
      return compare(caption, await interleaved(rounds, servers, measure), COLUMNS);
    };
    const tables: Table[] = [];
    for (const share of SHARES) {
      const percent = `${100 * share} %`;
      tables.push(
        await at(`The same load for all, ${percent} of the slowest one's most`, () => share * least),
      );
      tables.push(await at(`${percent} of the most of each`, ({ name }) => share * most.get(name)!));
    }
    publish(
      {
        id: 'latency',
        intro:
          `From query to answer: ${HOSTS} names from cache by UDP, dnsperf ${CLIENTS.join(' ')} at a fixed rate, one worker ` +
          `or thread each; medians of ${rounds} rounds of ${seconds} s, in parentheses the ratio to Unbound. The most that each ` +
          `answered in the same run: ${[...most].map(([name, rate]) => `${name} ${number(rate)}/s`).join(', ')}.`,
        tables,
        notes: [
          'dnsperf sends what is due whenever it wakes, so queries come in small bursts.',
          '`echo` sends every datagram back by the same system calls and event loop as Causeway: it is the limit.',
        ],
        programs: [...servers.map(({ name }) => name).filter((name) => name !== echo.name), 'dnsperf'],
      },
      options,
    );
  } finally {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of the lines that dnsperf writes for answers: `> NOERROR name type seconds`. */
export function percentiles(text: string): Latency {
  const found: number[] = [];
  for (const [, seconds] of text.matchAll(/^> [A-Z]\S+ \S+ \S+ ([\d.]+)$/gm))
    found.push(Number(seconds) * 1e6);
  return quantiles(found);
}

/** @param found in microseconds */
export function quantiles(found: readonly number[]): Latency {
  const sorted = Float64Array.from(found).sort();
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}
