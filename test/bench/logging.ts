/** `npm run bench -- logging`: the names of `cached`, with no log of queries, with one, and with one of all hits. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COLUMNS } from './cached.ts';
import { CLIENTS, type Load, load, WARM_SECONDS } from './load.ts';
import type { Options } from './options.ts';
import { interleaved, type Server, startFleet } from './peers.ts';
import { logged } from './recipes.ts';
import { compare, publish } from './report.ts';
import { HOSTS, hostQuestions } from './zone.ts';

interface Logged extends Load {
  /** Of all answers, percent. */
  readonly written: number;
}

/** The first is what the others are compared with. */
const KINDS = {
  'no log': undefined,
  'a log': 'hits: false',
  'a log of all hits': 'hits: true',
  'a tenth of all hits': 'hits: true, sample: 0.1',
} as const;

/** Measures one worker with each, and publishes the table. */
export async function logging(options: Options): Promise<void> {
  const { rounds, seconds } = options;
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const file = join(folder, 'questions');
  writeFileSync(file, hostQuestions());
  const fleet = await startFleet(Object.entries(KINDS).map(([name, more]) => logged(name, more)));
  try {
    const measure = async (server: Server): Promise<Logged> => {
      const before = await linesOf(server);
      const taken = await load(server, { file, seconds });
      return { ...taken, written: (100 * ((await linesOf(server)) - before)) / taken.completed };
    };
    for (const server of fleet.servers) await load(server, { file, seconds: WARM_SECONDS });
    const samples = await interleaved(rounds, fleet.servers, measure);
    publish(
      {
        id: 'logging',
        intro:
          `Answers from cache: ${HOSTS} names by UDP, dnsperf ${CLIENTS.join(' ')}, one worker, all threads of the daemon ` +
          `on one core, JSON to a file; medians of ${rounds} rounds of ${seconds} s, in parentheses the ratio to no log.`,
        tables: [
          compare(
            'From cache',
            samples,
            [...COLUMNS, { head: '% written', of: ({ written }: Logged) => written, digits: 1 }],
            'no log',
          ),
        ],
        notes: ['What is not written of the log of all hits is counted as dropped: answers go first.'],
        programs: ['dnsperf'],
      },
      options,
    );
  } finally {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lines that the daemon has written to logs of queries. */
async function linesOf({ metricsPort }: Server): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(/^causeway_query_log_records_total (\d+)/m.exec(page)?.[1] ?? 0);
}
