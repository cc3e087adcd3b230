/**
 * Sends each datagram back with QR set, by the native calls and the event loop that Causeway's own sockets use, so
 * that a benchmark knows what of its figures is the kernel's. `node test/bench/echo.ts PORT`
 */
import { NativeUdpListeners } from '../../src/server/udpnative.ts';
import { systemClock } from '../../src/util/clock.ts';
import { BATCH_MAX } from '../../src/util/datagrams.ts';
import { loadFfi } from '../../src/util/ffi.ts';

const port = Number(process.argv[2]);
const ffi = await loadFfi();
if (ffi === undefined) throw new Error('native sockets do not work here');
const fd = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
const socket = new NativeUdpListeners({ ffi, clock: systemClock }).backEnd(
  { kind: 'udp', protocol: 'do53', endpoint: 'echo', address: '127.0.0.1', port, slot: 0, fd },
  () => undefined,
);
/** The datagram of each slot, for as long as it has the same length: a view for each would be garbage for each. */
const views = new Array<Uint8Array | undefined>(BATCH_MAX).fill(undefined);
await socket.start((batch) => {
  for (let i = 0; i < batch.count; i++) {
    const length = batch.length(i);
    let view = views[i];
    if (view?.length !== length) view = views[i] = batch.bytes(i).subarray(0, length);
    view[2]! |= 0x80;
    batch.reply(i, view);
  }
});
