/** `npm run bench -- start`: from the start of the process to its first answer, with little and with a large zone. */
import { copyFileSync, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { missing } from '../support/servers.ts';
import { LOAD_CORE } from './load.ts';
import type { Options } from './options.ts';
import { installed, memory, type Server, start as startServer } from './peers.ts';
import { knot, nsd, type Recipe } from './recipes.ts';
import { compare, number, publish, type Table } from './report.ts';

const RECORDS = 1_000_000;
const ZONE = 'large.example.';
const hostName = (i: number): string => `h${i}.s${i % 1000}`;

/** Starts every server as often as there are rounds, and publishes the medians. */
export async function start(options: Options): Promise<void> {
  const recipes = installed(options);
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const upstream = await startServer(nsd, { core: LOAD_CORE });
  try {
    const tables = [
      await small(recipes, upstream, folder, options.rounds),
      await large(authorities(options), upstream, folder, options.rounds),
    ];
    publish(
      {
        id: 'start',
        intro:
          'From the start of the process to its first right answer, which is asked for every 2 ms: medians of ' +
          `${options.rounds} starts, in parentheses the ratio to Unbound (small) and to NSD (large).`,
        tables,
        notes: [
          'At its very first start with a state folder, Causeway compiles its sources and keeps the result there; all later ' +
            'starts use it. It checks every record of a zone at the start, and serves the zone from one image in memory.',
        ],
        programs: [...new Set([...recipes, nsd, knot].map(({ name }) => name))],
      },
      options,
    );
  } finally {
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A forward rule and little else; what a program keeps from start to start is kept. */
async function small(
  recipes: readonly Recipe[],
  upstream: Server,
  folder: string,
  rounds: number,
): Promise<Table> {
  const samples = new Map<string, Server[]>();
  const add = (name: string, server: Server): void =>
    void samples.set(name, [...(samples.get(name) ?? []), server]);
  for (let round = 0; round < rounds; round++) {
    for (const recipe of recipes) {
      const own = mkdtempSync(join(folder, 'small-'));
      const startOnce = async (): Promise<Server> => {
        const server = await startServer(recipe, { upstream: upstream.port, folder: own, core: 'any' });
        await server.stop();
        return server;
      };
      const first = await startOnce();
      if (recipe.name === 'causeway') add('causeway, very first', first);
      add(recipe.name, recipe.name === 'causeway' ? await startOnce() : first);
    }
  }
  return compare('With a small configuration', samples, [
    { head: 'seconds to the first answer', of: ({ startSeconds }) => startSeconds, digits: 3, ratio: true },
    { head: 'CPU seconds', of: ({ startCpuSeconds }) => startCpuSeconds, digits: 2 },
  ]);
}

/** Who can serve a zone of its own, of those that are installed. */
function authorities(options: Options): Recipe[] {
  const own = installed(options, ['causeway', 'unbound']).filter(({ servesZones }) => servesZones === true);
  return [...own, ...[nsd, knot].filter(({ program }) => missing(program) === false)];
}

/** The growth from a zone with one host to one with a million. */
async function large(
  recipes: readonly Recipe[],
  upstream: Server,
  folder: string,
  rounds: number,
): Promise<Table> {
  const files = { one: join(folder, 'one.zone'), many: join(folder, 'many.zone') };
  await writeZone(files.one, 1);
  await writeZone(files.many, RECORDS);
  const samples = new Map(recipes.map(({ name }) => [name, [] as Served[]]));
  for (let round = 0; round < rounds; round++) {
    for (const recipe of recipes) {
      const own = mkdtempSync(join(folder, 'large-'));
      const before = await serve(recipe, upstream, own, files.one, 1);
      const served = await serve(recipe, upstream, own, files.many, RECORDS);
      samples.get(recipe.name)!.push({ ...served, octets: (served.octets - before.octets) / RECORDS });
    }
  }
  return compare(
    `With a zone of ${number(RECORDS)} addresses`,
    samples,
    [
      { head: 'seconds to the first answer from it', of: ({ seconds }) => seconds, digits: 2, ratio: true },
      { head: 'CPU seconds', of: ({ cpuSeconds }) => cpuSeconds, digits: 2 },
      { head: 'octets of memory per record', of: ({ octets }) => octets, ratio: true },
    ],
    'nsd',
  );
}

interface Served {
  /** To the first answer. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of memory. */
  readonly octets: number;
}

async function serve(
  recipe: Recipe,
  upstream: Server,
  folder: string,
  file: string,
  records: number,
): Promise<Served> {
  // Causeway takes zone files from its own folder only.
  copyFileSync(file, join(folder, 'own.zone'));
  const server = await startServer(recipe, {
    upstream: upstream.port,
    folder,
    zone: { name: ZONE, file: 'own.zone' },
    core: 'any',
    ready: `${hostName(records - 1)}.${ZONE}`,
  });
  const octets = memory(server.pid);
  await server.stop();
  return { seconds: server.startSeconds, cpuSeconds: server.startCpuSeconds, octets };
}

async function writeZone(file: string, records: number): Promise<void> {
  const out = createWriteStream(file);
  out.write(`$TTL 300\n$ORIGIN ${ZONE}\n@ SOA ns admin 1 3600 600 86400 300\n@ NS ns\nns A 10.0.0.1\n`);
  for (let i = 0; i < records; i++)
    out.write(`${hostName(i)} A 10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}\n`);
  out.end();
  await finished(out);
}
