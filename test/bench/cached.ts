/** `npm run bench -- cached`: the same thousand names again and again, all of them in the cache. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLIENTS, type Load, load, WARM_SECONDS } from './load.ts';
import type { Options } from './options.ts';
import { installed, interleaved, startFleet } from './peers.ts';
import { echo } from './recipes.ts';
import { type Column, compare, publish } from './report.ts';
import { HOSTS, hostQuestions } from './zone.ts';

/** What is told of loads that go as fast as they can. */
export const COLUMNS: readonly Column<Load>[] = [
  { head: 'answers/s', of: ({ perSecond }) => perSecond, ratio: true },
  { head: 'CPU µs per answer', of: ({ userUs, systemUs }) => userUs + systemUs, digits: 2, ratio: true },
  { head: 'user', of: ({ userUs }) => userUs, digits: 2 },
  { head: 'system', of: ({ systemUs }) => systemUs, digits: 2 },
  { head: 'lost', of: ({ lost }) => lost, sum: true },
  { head: 'not NOERROR', of: ({ failed }) => failed, sum: true },
];

/** Measures all servers, with the echo for the kernel's share, and publishes the table. */
export async function cached(options: Options): Promise<void> {
  const { rounds, seconds } = options;
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const file = join(folder, 'questions');
  writeFileSync(file, hostQuestions());
  const recipes = installed(options);
  const fleet = await startFleet([echo, ...recipes]);
  try {
    for (const server of fleet.servers) await load(server, { file, seconds: WARM_SECONDS });
    const samples = await interleaved(rounds, fleet.servers, (server) => load(server, { file, seconds }));
    publish(
      {
        id: 'cached',
        intro:
          `Answers from cache: ${HOSTS} names by UDP, dnsperf ${CLIENTS.join(' ')}, one worker or thread each; ` +
          `medians of ${rounds} rounds of ${seconds} s, in parentheses the ratio to Unbound.`,
        tables: [compare('From cache', samples, COLUMNS)],
        notes: [
          '`echo` sends every datagram back by the same system calls as Causeway and does nothing else: it is what the ' +
            'kernel, the event loop and the native calls cost (its "answers" are counted by dnsperf as any others).',
        ],
        programs: [...recipes.map(({ name }) => name), 'dnsperf'],
      },
      options,
    );
  } finally {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
