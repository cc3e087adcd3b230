/**
 * A control thread that takes its snapshot from a JSON file, for tests of the daemon.
 *
 *     { "ports": [5300], "workers": 2, "fault": "failed" | "throw" | "spin" }
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
import { NO_HEALTH_CHECKS } from '../../src/view/health.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';

interface EchoConfig {
  readonly ports: readonly number[];
  readonly workers: number;
  readonly fault?: string;
}

const start = workerData as ControlStart;
const main = parentPort!;
const tell = (news: ControlNews): void => main.postMessage(news);
const callers = new Map<number, Caller<{ snapshot: Snapshot }, { serving: number }>>();
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
  snapshot = { revision: revision + 1, node: {}, endpoints, health: NO_HEALTH_CHECKS } as unknown as Snapshot;
  tell({ news: 'snapshot', snapshot, workers: config.workers });
}

async function obey(order: ControlOrder): Promise<void> {
  switch (order.order) {
    case 'reload': {
      tell({ news: 'reloading' });
      const config = read();
      if (config.fault === 'throw') throw new Error('control is told to throw');
      if (config.fault === 'spin') for (;;);
      if (config.fault === undefined) propose(config);
      else tell({ news: 'settled', revision });
      return;
    }
    case 'worker':
      callers.set(order.slot, new Caller(order.port, systemClock));
      if (snapshot !== undefined && order.revision < revision)
        await callers.get(order.slot)!.call({ snapshot });
      return;
    case 'worker-gone':
      callers.delete(order.slot);
      return;
    case 'sockets':
      if (order.failure === undefined) {
        revision = order.revision;
        await Promise.all([...callers.values()].map((caller) => caller.call({ snapshot: snapshot! })));
      }
      tell({ news: 'settled', revision });
      return;
    case 'stop':
      process.exit(0);
  }
}

beat(start.shared.beats, CONTROL_SLOT, systemClock);
main.on('message', (order: ControlOrder) => void obey(order));
const config = read();
if (config.fault === 'failed') tell({ news: 'failed', errors: ['line 1: no', 'line 2: neither'] });
else if (start.inForce === undefined) propose(config);
