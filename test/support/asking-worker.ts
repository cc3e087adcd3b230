/**
 * A thread for tests that are about its death. It asks `count` questions at a time by native sockets in the set that
 * it is given, says so, and asks anew where a reply comes. Then it waits to be ended, hangs or throws.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { UdpTransport } from '../../src/resolver/transport/udp.ts';
import { systemClock } from '../../src/util/clock.ts';
import { loadFfi } from '../../src/util/ffi.ts';
import { cryptoPrng } from '../../src/util/prng.ts';

export interface AskingStart {
  readonly watch: number;
  readonly port: number;
  readonly count: number;
  readonly query: Uint8Array;
  readonly end: 'wait' | 'hang' | 'throw';
}

const { watch, port, count, query, end } = workerData as AskingStart;
const udp = new UdpTransport({ clock: systemClock, prng: cryptoPrng, ffi: await loadFfi(), watch });
if ((await udp.way) !== 'native') throw new Error('no native sockets');
const ask = (): void => {
  const to = {
    address: '127.0.0.1',
    port,
    protocol: 'udp',
    query,
    source: undefined,
    timeoutMs: 60_000,
  } as const;
  udp.exchange(to, {
    message: () => {
      ask();
      return 'done';
    },
    failed: () => undefined,
    resend: () => false,
  });
};
for (let i = 0; i < count; i++) ask();
parentPort?.postMessage(udp.open);
if (end === 'throw') throw new Error('as it was told to');
if (end === 'hang')
  setTimeout(() => {
    for (;;);
  }, 10);
