/** A worker for test/server/udpnative.test.ts: echoes what comes to a socket that it is given, until it is ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { PendingReplies, UdpEndpoint } from '../../src/server/udp.ts';
import { NativeUdpListeners } from '../../src/server/udpnative.ts';
import { loneMetrics } from '../../src/telemetry/metrics.ts';
import { systemClock } from '../../src/util/clock.ts';
import { loadFfi } from '../../src/util/ffi.ts';
import { descriptor, Handler } from './sockets.ts';

export interface ListeningStart {
  readonly watch: number;
  readonly port: number;
  /** A duplicate, the worker's own. */
  readonly fd: number;
}

const { watch, port, fd } = workerData as ListeningStart;
const ffi = (await loadFfi())!;
const listeners = new NativeUdpListeners({ ffi, clock: systemClock, watch });
const endpoint = new UdpEndpoint({
  backEnd: listeners.backEnd(descriptor('udp', '127.0.0.1', port, fd), () => undefined),
  endpoint: 0,
  handler: new Handler(),
  metrics: loneMetrics(),
  pending: new PendingReplies(),
});
await endpoint.start();
parentPort!.postMessage('reads');
