/**
 * Milliseconds of a query to Unbound on a warm connection, by TCP, by TLS and by HTTPS in turn, one after the other:
 * `node test/bench/secure.ts`. Unbound answers by itself, so that what differs is the transport.
 */
import { TcpTransport } from '../../src/resolver/transport/tcp.ts';
import type { Send } from '../../src/resolver/transport.ts';
import { systemClock as clock } from '../../src/util/clock.ts';
import { cryptoPrng as prng } from '../../src/util/prng.ts';
import { query } from '../support/pipeline.ts';
import { makeCertificates, startSecureUnbound, targetAt } from '../support/secure.ts';

const ROUNDS = 3_000;
const WARM_UP = 300;

const certificates = makeCertificates();
const { good } = certificates;
const { unbound, ports } = await startSecureUnbound({ by: good, localData: ['www.corp.test. A 10.1.1.1'] });
const tcp = new TcpTransport(clock, prng);
const message = query('www.corp.test.', 'A');
const plain = {
  address: unbound.address,
  port: unbound.port,
  query: message,
  timeoutMs: 5_000,
  source: undefined,
};
const secureSend = (protocol: 'dot' | 'doh'): Send => {
  const { peer, port } = targetAt(ports[protocol], { protocol, trusts: good });
  return { ...plain, port, protocol, secure: { peer, sources: [], isRepeat: false } };
};
const ways: readonly Send[] = [{ ...plain, protocol: 'tcp' }, secureSend('dot'), secureSend('doh')];

function ask(send: Send): Promise<void> {
  return new Promise((resolve, reject) => {
    const message = (): 'done' => {
      resolve();
      return 'done';
    };
    const failed = (failure: string, detail?: string): void => reject(new Error(detail ?? failure));
    tcp.exchange(send, { message, failed, resend: () => true });
  });
}

const times = new Map(ways.map(({ protocol }) => [protocol, [] as number[]]));
for (let round = 0; round < WARM_UP + ROUNDS; round++)
  for (const send of ways) {
    const start = clock.now();
    await ask(send);
    if (round >= WARM_UP) times.get(send.protocol)!.push(clock.now() - start);
  }
for (const [protocol, list] of times) {
  list.sort((a, b) => a - b);
  const at = (share: number): string => list[Math.floor(list.length * share)]!.toFixed(3);
  console.log(`${protocol}: median ${at(0.5)} ms, 90 % ${at(0.9)} ms, 99 % ${at(0.99)} ms`);
}
tcp.close();
await unbound.stop();
certificates.stop();
