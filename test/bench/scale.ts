/** `npm run bench -- scale`: what a second worker or thread adds, from cache and with the mixed stream. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COLUMNS } from './cached.ts';
import { type Load, load, WARM_SECONDS } from './load.ts';
import type { Options } from './options.ts';
import { installed, interleaved, type Server, start } from './peers.ts';
import { echo, nsd } from './recipes.ts';
import { compare, publish } from './report.ts';
import { Streams } from './stream.ts';
import { HOSTS, hostQuestions } from './zone.ts';

const THREADS = [1, 2];

/** Runs each server with one and with two workers at once, on all cores, and publishes both tables. */
export async function scale(options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const started: Server[] = [];
  try {
    const upstream = await start(nsd, { core: 'any' });
    started.push(upstream);
    const limit = await start(echo, { core: 'any' });
    started.push(limit);
    const servers: Server[] = [limit];
    for (const recipe of installed(options, ['causeway', 'unbound']))
      for (const threads of THREADS) {
        const server = await start(recipe, { core: 'any', threads, upstream: upstream.port });
        started.push(server);
        servers.push({ ...server, name: named(recipe.name, threads) });
      }
    const cached = await cachedLoads(options, servers, join(folder, 'questions'));
    const mixed = await mixedLoads(options, servers, join(folder, 'stream'));
    const base = named('unbound', 1);
    publish(
      {
        id: 'scale',
        intro:
          'One and two workers or threads, on all cores, which they share with dnsperf and the authoritative server: with two ' +
          `cores a second worker has no core of its own. Medians of ${options.rounds} rounds of ${options.seconds} s, in ` +
          'parentheses the ratio to one thread of Unbound.',
        tables: [
          compare(`From cache, ${HOSTS} names`, cached, COLUMNS, base),
          compare('The stream of `mixed`', mixed, COLUMNS, base),
        ],
        notes: [
          '`echo` is one thread that sends each query back by the same system calls as Causeway: the limit of one.',
          'With two workers, half of what is not in a cache is handed over to the worker that owns the question.',
        ],
        programs: ['unbound', 'nsd', 'dnsperf'],
      },
      options,
    );
  } finally {
    for (const server of started.toReversed()) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const named = (name: string, threads: number): string => `${name}, ${threads}`;

async function cachedLoads(
  { rounds, seconds }: Options,
  servers: readonly Server[],
  file: string,
): Promise<Map<string, Load[]>> {
  writeFileSync(file, hostQuestions());
  for (const server of servers) await load(server, { file, core: 'any', seconds: WARM_SECONDS });
  return interleaved(rounds, servers, (server) => load(server, { file, core: 'any', seconds }));
}

async function mixedLoads(
  { rounds, seconds }: Options,
  servers: readonly Server[],
  file: string,
): Promise<Map<string, Load[]>> {
  const streams = new Streams();
  const play = { file, core: 'any' as const, binary: true, once: true };
  writeFileSync(file, streams.warmUp());
  for (const server of servers) await load(server, play);
  return interleaved(rounds, servers, (server) => {
    if (server === servers[0]) writeFileSync(file, streams.next());
    return load(server, { ...play, seconds });
  });
}
