/**
 * A control thread that takes its snapshot from a JSON file, for tests of the daemon.
 *
 *     { "ports": [5300], "workers": 2, "fault": "failed" | "throw" | "spin" | "health", "checks": 0 }
 */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { CidrTable } from '../../src/util/cidr.ts';
import { systemClock } from '../../src/util/clock.ts';
import { beat } from '../../src/util/heartbeat.ts';
import { Caller } from '../../src/util/rpc.ts';
import {
  CONTROL_SLOT,
  type ControlNews,
  type ControlOrder,
  type ControlStart,
} from '../../src/view/channel.ts';
import { type HealthData, NO_HEALTH_CHECKS } from '../../src/view/health.ts';
import { NO_QUERY_LOGS } from '../../src/view/querylog.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import { type EchoEvent, EVENTS } from './echo-events.ts';

interface EchoConfig {
  readonly ports: readonly number[];
  readonly workers: number;
  readonly fault?: string;
  readonly checks?: number;
}

const start = workerData as ControlStart;
const main = parentPort!;
const tell = (news: ControlNews): void => main.postMessage(news);
const callers = new Map<number, Caller<{ snapshot: Snapshot }, { serving: number }>>();
let health: Caller<object, object> | undefined;
let revision = start.inForce?.revision ?? 0;
let snapshot = start.inForce;

function read(): EchoConfig {
  return JSON.parse(readFileSync(start.configFile, 'utf8')) as EchoConfig;
}

function propose(config: EchoConfig): void {
  const endpoints = config.ports.map((port) => ({
    id: `in-${port}`,
    serves: 'resolver',
    listen: [{ address: '127.0.0.1', port }],
    protocols: ['do53'],
    view: -1,
    defaultView: -1,
    allow: CidrTable.build([]).buffer,
    outside: 'drop',
    rateLimited: true,
    clientSubnet: CidrTable.build([]).buffer,
  }));
  const health = healthOf(config);
  const logs = NO_QUERY_LOGS;
  snapshot = { revision: revision + 1, node: {}, endpoints, health, logs } as unknown as Snapshot;
  tell({ news: 'snapshot', snapshot, workers: config.workers });
}

function healthOf({ checks = 0 }: EchoConfig): HealthData {
  const checkOf = (_: unknown, slot: number): object => ({ id: `hc-${slot}`, slot });
  return { ...NO_HEALTH_CHECKS, checks: Array.from({ length: checks }, checkOf) } as HealthData;
}

async function tellHealth(): Promise<void> {
  const { checks } = snapshot!.health;
  await health?.call({ checks, switches: { controls: new Map(), alarms: new Map() } });
}

async function obey(order: ControlOrder): Promise<void> {
  switch (order.order) {
    case 'reload': {
      tell({ news: 'reloading' });
      const config = read();
      if (config.fault === 'throw') throw new Error('control is told to throw');
      if (config.fault === 'spin') for (;;);
      if (config.fault === 'health') await health?.call({ from: 0, count: 1 });
      if (config.fault === undefined) propose(config);
      else tell({ news: 'settled', revision });
      return;
    }
    case 'worker':
      callers.set(order.slot, new Caller(order.port, systemClock));
      if (snapshot !== undefined && order.revision < revision)
        await callers.get(order.slot)!.call({ snapshot });
      return;
    case 'health':
      health = new Caller(order.port, systemClock);
      await tellHealth();
      return;
    case 'worker-gone':
      callers.delete(order.slot);
      return;
    case 'sockets':
      if (order.failure === undefined) {
        revision = order.revision;
        await Promise.all([...callers.values()].map((caller) => caller.call({ snapshot: snapshot! })));
      }
      await tellHealth();
      tell({ news: 'settled', revision });
      return;
    case 'stop':
      process.exit(0);
  }
}

beat(start.shared.beats, CONTROL_SLOT, systemClock);
main.on('message', (order: ControlOrder) => void obey(order));
const events = new BroadcastChannel(EVENTS);
events.postMessage('control begins' satisfies EchoEvent);
events.close();
const config = read();
if (config.fault === 'failed') tell({ news: 'failed', errors: ['line 1: no', 'line 2: neither'] });
else if (start.inForce === undefined) propose(config);
