/** `npm run bench -- mixed`: what the clients of a large network ask, four fifths of it in the cache. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COLUMNS } from './cached.ts';
import { CLIENTS, load } from './load.ts';
import type { Options } from './options.ts';
import { installed, interleaved, metrics, type Server, startFleet } from './peers.ts';
import { echo } from './recipes.ts';
import { compare, number, publish } from './report.ts';
import { FRESH_EVERY, QUESTIONS, Streams } from './stream.ts';

/** Measures all servers with the same streams, a new one for each round, and publishes the table. */
export async function mixed(options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const file = join(folder, 'stream');
  const streams = new Streams();
  const wanted = installed(options);
  const fleet = await startFleet([echo, ...wanted]);
  try {
    writeFileSync(file, streams.warmUp());
    for (const server of fleet.servers) await load(server, { file, binary: true, once: true });
    const shares: number[] = [];
    const samples = await interleaved(options.rounds, fleet.servers, async (server) => {
      if (server === fleet.servers[0]) writeFileSync(file, streams.next());
      const before = await hits(server);
      const result = await load(server, { file, binary: true, once: true, seconds: options.seconds });
      const after = await hits(server);
      if (after !== undefined) shares.push((after - before!) / result.completed);
      return result;
    });
    publish(
      {
        id: 'mixed',
        intro:
          `A mix as clients ask it: ${number(QUESTIONS)} questions for a million names by popularity (Zipf), of which ` +
          `${number(streams.distinct)} different ones were asked before, and each ${FRESH_EVERY}th for a name that never was, ` +
          `so that it is asked of the authoritative server; A, AAAA, HTTPS, TXT and MX, DO, a new cookie in each query, ` +
          `letters of random case; dnsperf ${CLIENTS.join(' ')}, one worker or thread each; medians of ` +
          `${options.rounds} streams, each played once or for ${options.seconds} s, the ratio to Unbound in parentheses.`,
        tables: [compare('Mixed', samples, COLUMNS)],
        notes: [
          shareNote(shares),
          '`echo` sends each query back by the same system calls as Causeway and looks at none: the limit.',
        ].filter((note) => note !== ''),
        programs: [...wanted.map(({ name }) => name), 'nsd', 'dnsperf'],
      },
      options,
    );
  } finally {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Answers that Causeway has given from its answer cache so far; undefined for others, who do not say. */
async function hits(server: Server): Promise<number | undefined> {
  if (server.name !== 'causeway') return undefined;
  return (await metrics(server)).get('causeway_answer_cache_lookups_total{result="hit"}') ?? 0;
}

function shareNote(shares: readonly number[]): string {
  if (shares.length === 0) return '';
  const percent = (value: number): string => `${number(100 * value, 1)} %`;
  return `Of Causeway's answers ${percent(Math.min(...shares))} to ${percent(Math.max(...shares))} came from its answer cache.`;
}
