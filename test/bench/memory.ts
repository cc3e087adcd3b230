/** `npm run bench -- memory`: octets that each answer in the cache takes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from './load.ts';
import type { Options } from './options.ts';
import { type Fleet, installed, memory as memoryOf, metrics, type Server, startFleet } from './peers.ts';
import { compare, number, publish, type Table } from './report.ts';
import { distinctMix } from './stream.ts';
import { wildQuestions } from './zone.ts';

/** Answers before the first reading: what a program takes once is not to count. */
const WARM = 50_000;
/** Answers between the readings. */
const ANSWERS = 200_000;

interface Sample {
  /** Octets of memory per answer. */
  readonly resident: number;
  /** Octets of the entries in Causeway's two caches per answer, by its own count. */
  readonly answerEntry: number;
  readonly recordEntry: number;
}

/** Fills the caches of fresh servers, once with addresses and once with the types of `mixed`. */
export async function memory(options: Options): Promise<void> {
  const recipes = installed(options);
  const tables: Table[] = [];
  for (const [caption, binary, questions] of [
    ['Addresses (A)', false, wildQuestions],
    ['The types of `mixed`, with DO', true, distinctMix],
  ] as const) {
    const samples = new Map<string, Sample[]>();
    for (let round = 0; round < options.rounds; round++) {
      const fleet = await startFleet(recipes);
      for (const [name, sample] of await measure(fleet, binary, questions)) {
        const list = samples.get(name);
        if (list === undefined) samples.set(name, [sample]);
        else list.push(sample);
      }
    }
    tables.push(
      compare(caption, samples, [
        { head: 'octets of memory per answer', of: ({ resident }) => resident, ratio: true },
        { head: 'MB per 100,000', of: ({ resident }) => (resident * 100_000) / 2 ** 20, digits: 1 },
        { head: 'of them in the answer cache', of: ({ answerEntry }) => answerEntry },
        { head: 'in the record cache', of: ({ recordEntry }) => recordEntry },
      ]),
    );
  }
  publish(
    {
      id: 'memory',
      intro:
        `Memory of an answer in the cache: growth of the process (Pss) while ${number(ANSWERS)} new names are asked for once, ` +
        `after ${number(WARM)} others; fresh servers with the same budget for each, median of ${options.rounds} ` +
        'rounds, in parentheses the ratio to Unbound.',
      tables,
      notes: [
        'Causeway keeps most answers twice: finished, and as records. The entries are by its own count, with key, header and padding; ' +
          'the index, of a fixed size, comes on top. dnsmasq takes the memory of all entries when it starts.',
      ],
      programs: recipes.map(({ name }) => name),
    },
    options,
  );
}

/** Fills each server of a fleet and stops them. */
async function measure(
  fleet: Fleet,
  binary: boolean,
  questions: (from: number, count: number) => string | Buffer,
): Promise<Map<string, Sample>> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const files = [join(folder, 'warm'), join(folder, 'questions')] as const;
  writeFileSync(files[0], questions(0, WARM));
  writeFileSync(files[1], questions(WARM, ANSWERS));
  try {
    const samples = new Map<string, Sample>();
    for (const server of fleet.servers) {
      await load(server, { file: files[0], binary, once: true });
      const before = memoryOf(server.pid);
      const { completed } = await load(server, { file: files[1], binary, once: true });
      const resident = (memoryOf(server.pid) - before) / completed;
      samples.set(server.name, { resident, ...(await ownCount(server)) });
    }
    return samples;
  } finally {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ownCount(server: Server): Promise<Omit<Sample, 'resident'>> {
  if (server.name !== 'causeway') return { answerEntry: Number.NaN, recordEntry: Number.NaN };
  const page = await metrics(server);
  const each = (cache: string): number =>
    page.get(`causeway_cache_bytes{cache="${cache}"}`)! /
    page.get(`causeway_cache_entries{cache="${cache}"}`)!;
  return { answerEntry: each('answers'), recordEntry: each('records') };
}
