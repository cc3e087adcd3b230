/** `npm run bench -- changes`: from a change by the API to the answer that has it, in zones of several sizes. */
import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChangeResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import { decode, encode } from 'dns-packet';
import { KIND, putSet, type ZoneResource } from '../../src/control/hosted/bodies.ts';
import { openStore } from '../../src/control/store/open.ts';
import { nameOrder } from '../../src/control/store/order.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/util/clock.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';
import { cpuSeconds, LOAD_CORE, pin } from './load.ts';
import type { Options } from './options.ts';
import { compare, publish } from './report.ts';

const SIZES = [1_000, 100_000];
const BATCH = 1_000;
/** Changes that are waited for one after the other, and callers at the same time after that. */
const SINGLE = 100;
const CALLERS = 16;
const ACCOUNT = '000000000000';
const ORIGIN = { account: ACCOUNT, accessKey: '', source: 'bench', operation: 'Bench', summary: '' };
const NAME = 'bench.example.';

interface Taken {
  readonly startSeconds: number;
  readonly servedMs: readonly number[];
  readonly changesPerSecond: number;
  readonly cpuMs: number;
  readonly answerMs: readonly number[];
  readonly idleMs: readonly number[];
}

/** Makes a zone of each size, changes it and asks, and publishes the table. */
export async function changes(options: Options): Promise<void> {
  pin(process.pid, LOAD_CORE);
  const taken = new Map<string, Taken[]>();
  for (const size of SIZES) taken.set(`${size} record sets`, [await measure(size, options.seconds)]);
  publish(
    {
      id: 'changes',
      intro:
        'A private zone that the API made, one worker. `served`: from the sending of ChangeResourceRecordSets by the AWS ' +
        'SDK to the first answer by UDP that has it, one change after the other, each of another name. Then ' +
        `${CALLERS} callers change as fast as they can for ${options.seconds} s, while a client asks a name that does not ` +
        'change each millisecond; CPU is that of the whole daemon.',
      tables: [
        compare('Changes', taken, [
          { head: 'ready after, s', of: ({ startSeconds }) => startSeconds, digits: 1 },
          { head: 'served, median, ms', of: ({ servedMs }) => quantile(servedMs, 0.5), digits: 1 },
          { head: 'p99, ms', of: ({ servedMs }) => quantile(servedMs, 0.99), digits: 1 },
          { head: 'changes/s', of: ({ changesPerSecond }) => changesPerSecond },
          { head: 'CPU ms a change', of: ({ cpuMs }) => cpuMs, digits: 2 },
          { head: 'answers meanwhile, p99, ms', of: ({ answerMs }) => quantile(answerMs, 0.99), digits: 2 },
          { head: 'before, p99, ms', of: ({ idleMs }) => quantile(idleMs, 0.99), digits: 2 },
        ]),
      ],
      notes: [],
      programs: [],
    },
    options,
  );
}

async function measure(size: number, seconds: number): Promise<Taken> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const api = await freePort('127.0.0.1');
  const port = await freePort('127.0.0.1');
  await fill(join(folder, 'state'), size);
  const begun = performance.now();
  const daemon = await startDaemon({
    config: `
node: { name: bench, state: ${join(folder, 'state')}, workers: 1, rateLimit: off, metrics: off }
vpcs: [{ id: v, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT", "127.0.0.1:${port}"], vpc: v, allow: [127.0.0.0/8] }] }
api: { listen: "127.0.0.1:${api}", rateLimit: { rate: 100000, burst: 100000 } }
`,
  });
  const client = new Client(daemon.port);
  try {
    await client.until(`n${size - 1}.${NAME}`, '10.0.0.1');
    const startSeconds = (performance.now() - begun) / 1000;
    const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
    const { accessKeyId, secretAccessKey } = JSON.parse(stdout);
    const sdk = new Route53Client({
      endpoint: `http://127.0.0.1:${api}`,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
    });
    const servedMs: number[] = [];
    for (let i = 0; i < SINGLE; i++) {
      const at = performance.now();
      await upsert(sdk, `n${i}.${NAME}`, '10.0.0.2');
      await client.until(`n${i}.${NAME}`, '10.0.0.2');
      servedMs.push(performance.now() - at);
    }
    const idleMs = await client.latencies(2, async () => undefined);
    const cpu = cpuOf(daemon.pid);
    let made = 0;
    const end = performance.now() + seconds * 1000;
    const caller = async (_: unknown, k: number): Promise<void> => {
      for (let i = 0; performance.now() < end; i++, made++)
        await upsert(sdk, `n${(k * 61 + i * CALLERS) % size}.${NAME}`, `10.1.${k}.${i % 250}`);
    };
    const answerMs = await client.latencies(seconds, async () => {
      await Promise.all(Array.from({ length: CALLERS }, caller));
    });
    return {
      startSeconds,
      servedMs,
      changesPerSecond: made / seconds,
      cpuMs: (1000 * (cpuOf(daemon.pid) - cpu)) / made,
      answerMs,
      idleMs,
    };
  } finally {
    client.close();
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function cpuOf(pid: number): number {
  const { user, system } = cpuSeconds(pid);
  return user + system;
}

async function upsert(sdk: Route53Client, name: string, address: string): Promise<void> {
  await sdk.send(
    new ChangeResourceRecordSetsCommand({
      HostedZoneId: 'Z1',
      ChangeBatch: {
        Comment: String(performance.now()),
        Changes: [
          {
            Action: 'UPSERT',
            ResourceRecordSet: { Name: name, Type: 'A', TTL: 60, ResourceRecords: [{ Value: address }] },
          },
        ],
      },
    }),
  );
}

/** The store of a daemon with one zone of so many names. */
async function fill(folder: string, size: number): Promise<void> {
  mkdirSync(folder, { mode: 0o700 });
  const log = createLogger({ thread: 'bench', level: 'error' });
  const store = openStore({ folder, clock: systemClock, log });
  const body = {
    name: NAME,
    callerReference: '1',
    vpcs: [{ id: 'v', region: 'us-east-1' }],
    nameServers: [],
  };
  const sort = nameOrder(nameFromText(NAME));
  await store.apply({
    origin: ORIGIN,
    items: [{ action: 'put', kind: KIND.zone, id: 'Z1', account: ACCOUNT, sort, body }],
  });
  const zone = store.get(KIND.zone, 'Z1') as ZoneResource;
  const set = (name: string, type: string, value: string) =>
    putSet(zone, nameFromText(name), { name, type, ttl: 60, values: [value] });
  const apex = [
    set(NAME, 'SOA', 'ns.example.net. h.example.net. 1 7200 900 1209600 86400'),
    set(NAME, 'NS', 'ns.example.net.'),
  ];
  await store.apply({ origin: ORIGIN, items: apex });
  for (let i = 0; i < size; i += BATCH) {
    const items = Array.from({ length: BATCH }, (_, j) => set(`n${i + j}.${NAME}`, 'A', '10.0.0.1'));
    await store.apply({ origin: ORIGIN, items });
  }
  await store.close();
}

/** Asks for A records, one question after the other. */
class Client {
  readonly #socket = createSocket('udp4');
  readonly #port: number;
  #waiting: ((address: string | undefined) => void) | undefined;

  constructor(port: number) {
    this.#port = port;
    this.#socket.on('message', (octets) => {
      const [answer] = decode(octets).answers ?? [];
      this.#waiting?.(answer?.type === 'A' ? answer.data : undefined);
    });
  }

  close(): void {
    this.#socket.close();
  }

  ask(name: string): Promise<string | undefined> {
    const query = encode({
      type: 'query',
      id: 1,
      flags: 0x100,
      questions: [{ name: name.slice(0, -1), type: 'A' }],
    });
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), 1000);
      this.#waiting = (address) => {
        clearTimeout(timer);
        resolve(address);
      };
      this.#socket.send(query, this.#port, '127.0.0.1');
    });
  }

  async until(name: string, address: string): Promise<void> {
    while ((await this.ask(name)) !== address) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Milliseconds to each answer for a name that does not change, while something is done or so many seconds. */
  async latencies(seconds: number, during: () => Promise<void>): Promise<number[]> {
    const found: number[] = [];
    const end = performance.now() + seconds * 1000;
    const done = during();
    while (performance.now() < end) {
      const at = performance.now();
      await this.ask(`n999.${NAME}`);
      found.push(performance.now() - at);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await done;
    return found;
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
