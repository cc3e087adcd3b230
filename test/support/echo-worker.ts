/**
 * A worker that answers with what it is asked, for tests of supervision: it listens and obeys as the real one
 * does, and dies or hangs when a query says so.
 *
 *     echo    its slot, and a number drawn at its start        throw, exit    it ends
 *     later   the same after 200 ms                            spin           it hangs in JavaScript
 *     peers   what its ports to others gave back               fifo PATH      it hangs in a native call, until
 *     ticket keys   the first octets of these                                 somebody opens that to write
 *
 * Whoever listens to the channel `EVENTS` in its process is told when it holds a query, and when it takes no more.
 */
import { closeSync, openSync } from 'node:fs';
import { type MessagePort, parentPort } from 'node:worker_threads';
import type { Reply } from '../../src/server/handler.ts';
import { Listeners } from '../../src/server/listeners.ts';
import { TcpClients } from '../../src/server/tcpclients.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { systemClock as clock } from '../../src/util/clock.ts';
import { beat } from '../../src/util/heartbeat.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { received } from '../../src/view/change.ts';
import {
  SHARED_SLOTS,
  type WorkerCall,
  type WorkerNews,
  type WorkerOrder,
  type WorkerStart,
} from '../../src/view/channel.ts';
import { type EchoEvent, EVENTS } from './echo-events.ts';
import { query, reply, textOf } from './sockets.ts';

const main = parentPort!;
const started = Promise.withResolvers<WorkerStart>();
const listening = Promise.withResolvers<void>();
main.on('message', (order: WorkerOrder) => {
  if (order.order === 'start') started.resolve(order.start);
  else void listening.promise.then(() => obey(order));
});
const start = await started.promise;
const tell = (news: WorkerNews): void => main.postMessage(news);
const self = `${start.slot}.${cryptoPrng.u32()}`;
const peers = new Map<number, MessagePort>();
const events = new BroadcastChannel(EVENTS);
(events as unknown as { unref(): void }).unref();
const say = (event: EchoEvent): void => events.postMessage(event);
let { snapshot, ticketKeys } = start;

function answer(octets: Uint8Array): Reply | Promise<Reply> {
  const back = (text: string): Uint8Array => {
    const out = reply(query(0, text));
    out.set(octets.subarray(0, 2));
    return out;
  };
  const text = textOf(octets);
  if (text.startsWith('fifo ')) {
    say('worker holds fifo');
    closeSync(openSync(text.slice('fifo '.length), 'r'));
    return undefined;
  }
  switch (text) {
    case 'later':
      say('worker holds later');
      return new Promise((resolve) => setTimeout(() => resolve(back(self)), 200));
    case 'peers':
      return Promise.all([...peers].map(([slot, port]) => ping(slot, port))).then((slots) =>
        back(slots.sort().join(' ')),
      );
    case 'revision':
      return back(String(snapshot.revision));
    case 'ticket keys':
      return back(`${ticketKeys.current[0]} ${ticketKeys.previous?.[0]}`);
    case 'exit':
      return process.exit(3);
    case 'throw':
      setImmediate(() => {
        throw new Error('told to throw');
      });
      return undefined;
    case 'spin':
      for (;;);
    default:
      return back(self);
  }
}

function ping(slot: number, port: MessagePort): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`${slot}:silent`), 30_000);
    port.once('message', (text) => {
      clearTimeout(timer);
      resolve(`${slot}:${text}`);
    });
    port.postMessage('ping');
  });
}

const listeners = new Listeners({
  handler: { begin: () => undefined, handle: answer },
  metrics: new Metrics(daemonCounters(SHARED_SLOTS, start.shared.counters).block(start.slot)),
  clock,
  clients: new TcpClients(start.shared.tcpClients, start.slot, start.seed),
  admits: () => true,
  endpointOf: (id) => snapshot.endpoints.findIndex((endpoint) => endpoint.id === id),
  encryptedOf: () => undefined,
  prng: cryptoPrng,
  ticketKeys: start.ticketKeys,
  failed: (failure) => tell({ news: 'socket-failed', failure }),
});

async function obey(order: Exclude<WorkerOrder, { readonly order: 'start' }>): Promise<void> {
  switch (order.order) {
    case 'peer':
      peers.set(order.slot, order.port);
      order.port.on('message', (text) => {
        if (text === 'ping') order.port.postMessage(`pong of ${start.slot}`);
      });
      return;
    case 'control':
      order.port.on('message', async (call: WorkerCall) => {
        if ('snapshot' in call) {
          snapshot = received(call.snapshot, snapshot);
          await listeners.remap();
          order.port.postMessage({ id: call.id, serving: snapshot.revision });
        }
      });
      return;
    case 'ticket-keys':
      ticketKeys = order.keys;
      return listeners.useTicketKeys(ticketKeys);
    case 'sockets':
      return listeners.apply(order.descriptors);
    case 'stop': {
      const stopped = listeners.stop(order.withinMs);
      say('worker takes no more');
      await stopped;
      return tell({ news: 'finished' });
    }
    case 'leave':
      return process.exit(0);
  }
}

listening.resolve();
beat(start.shared.beats, start.slot, clock);
await listeners.apply(start.descriptors);
// As of any worker where main has native calls.
tell({ news: 'ready', udp: 'native' });
