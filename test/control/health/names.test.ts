/** How names of endpoints are resolved. */
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import t from 'tap';
import { systemResolve } from '../../../src/control/health/names.ts';
import { ManualClock, systemClock } from '../../../src/util/clock.ts';

t.test('by the servers as they are now: they may be others after a minute', async (t) => {
  const clock = new ManualClock();
  let made = 0;
  const resolve = systemResolve(clock, () => {
    const number = String(++made);
    return { resolve4: async () => [number] } as unknown as Resolver;
  });
  t.same(await resolve('www.example'), ['1']);
  clock.advance(59_999);
  t.same(await resolve('www.example'), ['1']);
  clock.advance(1);
  t.same(await resolve('www.example'), ['2']);
  t.same(await resolve('www.example'), ['2']);
  clock.advance(1_000_000);
  t.equal(made, 2, 'nothing is made for nobody');
});

t.test('localhost is this host', async (t) => {
  const never = { resolve4: () => Promise.reject(new Error('asked')) } as unknown as Resolver;
  const resolve = systemResolve(new ManualClock(), () => never);
  for (const name of ['localhost', 'LOCALHOST.', 'a.localhost']) t.same(await resolve(name), ['127.0.0.1']);
  await t.rejects(resolve('notlocalhost'), { message: 'asked' });
});

t.test('what a server said is not kept, whatever the TTL: the name may have moved', async (t) => {
  let asked = 0;
  const server = createSocket('udp4', (query, { address, port }) => {
    asked++;
    const header = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    const question = query.subarray(12, query.indexOf(0, 12) + 5);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, asked]);
    server.send(Buffer.concat([header, question, answer]), port, address);
  });
  await new Promise<void>((done) => server.bind(0, '127.0.0.1', done));
  t.teardown(() => server.close());
  const resolve = systemResolve(systemClock, () => {
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${server.address().port}`]);
    return resolver;
  });
  t.same(await resolve('www.example'), ['192.0.2.1']);
  t.same(await resolve('www.example'), ['192.0.2.2']);
});
