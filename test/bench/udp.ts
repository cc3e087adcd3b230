/**
 * What an exchange by UDP costs, with native sockets and with Node's: CPU of this process and exchanges per second,
 * against an echo in another process. `node test/bench/udp.ts [exchanges, default 100000]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { UdpTransport } from '../../src/resolver/transport/udp.ts';
import { systemClock } from '../../src/util/clock.ts';
import { loadFfi } from '../../src/util/ffi.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import type { UdpWay } from '../../src/util/watch.ts';

const EXCHANGES = Number(process.argv[2] ?? 100_000);
const ROUNDS = 5;
const QUERY = new Uint8Array(45).fill(1);

const ECHO = `
const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 1 << 22 });
socket.on('message', (octets, from) => socket.send(octets, from.port, from.address));
socket.bind(0, '127.0.0.1', () => console.log(socket.address().port));
`;

async function measure(udp: UdpTransport, port: number, inFlight: number, exchanges: number) {
  let left = exchanges;
  let failures = 0;
  const exchange = (): Promise<void> =>
    new Promise((resolve) => {
      udp.exchange(
        {
          address: '127.0.0.1',
          port,
          protocol: 'udp',
          query: QUERY,
          source: undefined,
          timeoutMs: 2_000,
        },
        {
          message: () => {
            resolve();
            return 'done';
          },
          failed: () => {
            failures++;
            resolve();
          },
          resend: () => true,
        },
      );
    });
  const cpu = process.cpuUsage();
  const start = performance.now();
  const asker = async (): Promise<void> => {
    while (left-- > 0) await exchange();
  };
  await Promise.all(Array.from({ length: inFlight }, asker));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: exchanges / seconds, user: user / exchanges, system: system / exchanges, failures };
}

const echo = spawn(process.execPath, ['-e', ECHO], { stdio: ['ignore', 'pipe', 'inherit'] });
const port = Number(String((await once(echo.stdout, 'data'))[0]));
const ffi = await loadFfi();
const ways: UdpWay[] = ffi === undefined ? ['plain'] : ['native', 'plain'];
for (const inFlight of [1, 16, 256]) {
  for (const way of ways) {
    const udp = new UdpTransport({
      clock: systemClock,
      prng: cryptoPrng,
      ffi: way === 'native' ? ffi : undefined,
    });
    if ((await udp.way) !== way) throw new Error(`${way} sockets do not work here`);
    await measure(udp, port, inFlight, EXCHANGES / 10);
    const rounds = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await measure(udp, port, inFlight, EXCHANGES / ROUNDS));
    rounds.sort((a, b) => a.user + a.system - (b.user + b.system));
    const { perSecond, user, system, failures } = rounds[ROUNDS >> 1]!;
    console.log(
      `${String(inFlight).padStart(4)} in flight  ${way.padEnd(6)}  ` +
        `${(user + system).toFixed(1).padStart(5)} us CPU (${user.toFixed(1)} user, ${system.toFixed(1)} system)  ` +
        `${Math.round(perSecond)} exchanges/s${failures > 0 ? `, ${failures} failures` : ''}`,
    );
    udp.close();
  }
}
echo.kill();
