/**
 * The API with handlers of the test, on a loopback port, with a clock that is the system's and `ahead` of it; and
 * clients that nobody here wrote. Nothing leaves the machine.
 */
import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { Handlers, Replays } from '../../src/control/api/handler.ts';
import type { AccessKey } from '../../src/control/api/keys.ts';
import { MemoryReplays } from '../../src/control/api/replays.ts';
import { Api } from '../../src/control/api/server.ts';
import { type RateLimit, Throttle } from '../../src/control/api/throttle.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { loneMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { cryptoPrng } from '../../src/util/prng.ts';

export function accessKey(over: Partial<AccessKey> = {}): AccessKey {
  return {
    accessKeyId: 'CWAKAAAAAAAAAAAAAAAA',
    secretAccessKey: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123',
    account: '000000000000',
    scope: 'admin',
    zones: [],
    created: '2026-01-02T03:04:05.000Z',
    ...over,
  };
}

export interface TestApi {
  readonly url: string;
  readonly port: number;
  readonly logged: string[];
  readonly keys: AccessKey[];
  /** Milliseconds. */
  ahead: number;
  close(): Promise<void>;
}

export async function startApi(options: {
  handlers: Handlers;
  keys?: AccessKey[];
  rateLimit?: RateLimit;
  metrics?: Metrics;
  replays?: (clock: Clock) => Replays;
}): Promise<TestApi> {
  const keys = options.keys ?? [accessKey()];
  const logged: string[] = [];
  const state = { ahead: 0 };
  const clock: Clock = {
    now: () => systemClock.now(),
    wall: () => systemClock.wall() + state.ahead,
    after: (ms, fn) => systemClock.after(ms, fn),
    every: (ms, fn) => systemClock.every(ms, fn),
  };
  const server = new Api({
    clock,
    prng: cryptoPrng,
    log: createLogger({ thread: 'test', format: 'json', write: (line) => logged.push(line) }),
    metrics: options.metrics ?? loneMetrics(),
    keys: { find: (id) => keys.find(({ accessKeyId }) => accessKeyId === id) },
    throttle: new Throttle(clock, options.rateLimit ?? { rate: 1e6, burst: 1e6 }),
    replays: options.replays?.(clock) ?? new MemoryReplays(clock),
    handlers: options.handlers,
  }).server();
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return Object.assign(state, { url: `http://127.0.0.1:${port}`, port, logged, keys, close });
}

/** What a client of AWS is told by its environment: this address and key, and nothing of this machine. */
export function awsEnvironment(url: string, key: AccessKey): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: url,
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runTool(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, [...args], {
      env,
      timeout: 120_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}
