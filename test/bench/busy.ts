/**
 * `npm run bench -- busy`: what else a server does while UDP keeps it busy without a pause: a client by TCP, and the
 * page that a supervisor looks at. And what it takes while nobody asks anything.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { streamEncode } from 'dns-packet';
import { CLIENTS, cpuSeconds, load, WARM_SECONDS } from './load.ts';
import type { Options } from './options.ts';
import { installed, interleaved, type Server, startFleet } from './peers.ts';
import { compare, publish } from './report.ts';
import { HOSTS, hostQuestions, ORIGIN } from './zone.ts';

/** Between two questions of the patient client. */
const PAUSE_MS = 5;
/** How long nobody asks anything, when collections and compilations of the load before are over. */
const IDLE_SECONDS = 20;
const SETTLE_SECONDS = 10;

interface Wait {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

interface Busy {
  readonly tcp: Wait;
  /** Of Causeway only: the others have no such page. */
  readonly health: Wait | undefined;
}

/** Measures all servers that are asked for, Causeway and Unbound by default, and publishes the tables. */
export async function busy(options: Options): Promise<void> {
  const { rounds, seconds } = options;
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const file = join(folder, 'questions');
  writeFileSync(file, hostQuestions());
  const recipes = installed(options, ['causeway', 'unbound']);
  const fleet = await startFleet(recipes);
  try {
    const { servers } = fleet;
    for (const server of servers) await load(server, { file, seconds: WARM_SECONDS });
    const idle = new Map<string, number[]>();
    for (const server of servers) idle.set(server.name, [await idlePercent(server)]);
    const measure = (server: Server): Promise<Busy> => whileBusy(server, file, seconds);
    const samples = await interleaved(rounds, servers, measure);
    const ms = (value: number | undefined): number => value ?? Number.NaN;
    publish(
      {
        id: 'busy',
        intro:
          `A client by TCP, and one of the page /healthz, each with a question every ${PAUSE_MS} ms, while dnsperf ` +
          `${CLIENTS.join(' ')} asks for ${HOSTS} names from cache by UDP as fast as it can; medians of ${rounds} rounds of ` +
          `${seconds} s, in parentheses the ratio to Unbound. All of a server runs on one core, all clients on the other.`,
        tables: [
          compare('While UDP is saturated', samples, [
            { head: 'UDP answers/s', of: ({ tcp }) => tcp.perSecond },
            { head: 'TCP p50 ms', of: ({ tcp }) => tcp.p50, digits: 2, ratio: true },
            { head: 'TCP p99 ms', of: ({ tcp }) => tcp.p99, digits: 2, ratio: true },
            { head: '/healthz p50 ms', of: ({ health }) => ms(health?.p50), digits: 2 },
            { head: '/healthz p99 ms', of: ({ health }) => ms(health?.p99), digits: 2 },
          ]),
          compare('While nobody asks', idle, [
            { head: '% of one core', of: (percent) => percent, digits: 2 },
          ]),
        ],
        notes: [],
        programs: [...recipes.map(({ name }) => name), 'dnsperf'],
      },
      options,
    );
  } finally {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function idlePercent({ pid }: Server): Promise<number> {
  const total = (): number => cpuSeconds(pid).user + cpuSeconds(pid).system;
  await sleep(SETTLE_SECONDS * 1000);
  const before = total();
  await sleep(IDLE_SECONDS * 1000);
  return (100 * (total() - before)) / IDLE_SECONDS;
}

async function whileBusy(server: Server, file: string, seconds: number): Promise<Busy> {
  const tcp = await besides(server, file, seconds, byTcp);
  const isOurs = server.name === 'causeway';
  return { tcp, health: isOurs ? await besides(server, file, seconds, byHealth) : undefined };
}

/** The load, and a client that asks one question after the other meanwhile. */
async function besides(
  server: Server,
  file: string,
  seconds: number,
  client: (server: Server) => Promise<{ ask: () => Promise<unknown>; close: () => void }>,
): Promise<Wait> {
  const { ask, close } = await client(server);
  const waits: number[] = [];
  let state: 'busy' | 'over' = 'busy';
  const loaded = load(server, { file, seconds }).finally(() => {
    state = 'over';
  });
  // dnsperf itself has to start first.
  await sleep(200);
  while (state === 'busy') {
    const start = performance.now();
    await ask();
    waits.push(performance.now() - start);
    await sleep(PAUSE_MS);
  }
  close();
  const { perSecond } = await loaded;
  // The last ones came when the load was over.
  const sorted = waits.slice(0, -2).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), perSecond };
}

async function byTcp({ port }: Server): Promise<{ ask: () => Promise<unknown>; close: () => void }> {
  const question = { name: `h1.${ORIGIN}`.replace(/\.$/, ''), type: 'A' } as const;
  const query = streamEncode({ type: 'query', id: 1, flags: 0x100, questions: [question] });
  const socket: Socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  return {
    ask: async () => {
      socket.write(query);
      await once(socket, 'data');
    },
    close: () => socket.destroy(),
  };
}

async function byHealth({
  metricsPort,
}: Server): Promise<{ ask: () => Promise<unknown>; close: () => void }> {
  return {
    ask: async () => (await fetch(`http://127.0.0.1:${metricsPort}/healthz`)).text(),
    close: () => undefined,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
