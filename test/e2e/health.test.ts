/** Health checks of a real daemon: two real servers, one of which is stopped and comes back; threads that die. */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { HealthReport } from '../../src/view/health.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { PATIENCE } from '../support/patience.ts';
import { configOf } from './config.ts';

/** The interval and a second; the threshold is 1. */
const FLIP_MS_MAX = 11_000 * PATIENCE;

/** An HTTP server that can be stopped, and started again on its port. */
async function startServer(port = 0): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server: Server = createServer((_request, response) => void response.end('all is well'));
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** What the control socket says of the checks, by id. */
function health({ folder }: Daemon): Promise<Record<string, HealthReport>> {
  const socketPath = join(folder, 'state', 'control.sock');
  return new Promise((done, fail) => {
    const asked = request({ socketPath, path: '/health', agent: false }, async (reply) => {
      const { checks } = JSON.parse(Buffer.concat(await reply.toArray()).toString()) as {
        checks: HealthReport[];
      };
      done(Object.fromEntries(checks.map((check) => [check.id, check])));
    });
    asked.on('error', fail);
    asked.end();
  });
}

async function untilStatus(daemon: Daemon, id: string, status: string): Promise<number> {
  const begun = performance.now();
  while ((await health(daemon))[id]?.status !== status) {
    if (performance.now() - begun > 120_000) throw new Error(`${id} does not become ${status}`);
    await new Promise((done) => setTimeout(done, 50));
  }
  return performance.now() - begun;
}

t.test('one of two servers is stopped and comes back', async (t) => {
  const [one, two] = [await startServer(), await startServer()];
  const check = (id: string, port: number): string =>
    `  - { id: ${id}, type: HTTP_STR_MATCH, ipAddress: 127.0.0.1, port: ${port}, searchString: all is well, requestInterval: 10, failureThreshold: 1 }\n`;
  const config = `${configOf({})}healthChecks:
${check('hc-1', one.port)}${check('hc-2', two.port)}  - { id: both, type: CALCULATED, childHealthChecks: [hc-1, hc-2], healthThreshold: 2 }
  - { id: by-hand, type: RECOVERY_CONTROL, routingControl: eu }
routingControls: [{ name: eu, initial: on }, { name: us }]
safetyRules: [{ name: one-site, assertedControls: [eu, us], atLeast: 1 }]
`;
  const daemon = await startDaemon({ config });
  t.teardown(() => daemon.stop());
  const all = async (): Promise<string> =>
    Object.values(await health(daemon))
      .map(({ id, status }) => `${id} ${status}`)
      .join();
  t.equal(await all(), 'hc-1 healthy,hc-2 healthy,both healthy,by-hand healthy');

  await two.stop();
  const fell = await untilStatus(daemon, 'hc-2', 'unhealthy');
  t.ok(fell < FLIP_MS_MAX, `threshold × interval + 1 s: ${fell} ms`);
  t.equal(await all(), 'hc-1 healthy,hc-2 unhealthy,both unhealthy,by-hand healthy');
  t.match(daemon.log(), /"msg":"health check hc-2 is unhealthy"/);
  t.match(
    (await daemon.cli('health', 'hc-2')).stdout,
    /last failure {2}.*Failure: (Connection refused|The endpoint closed the connection)\./,
  );
  const again = await startServer(two.port);
  const rose = await untilStatus(daemon, 'hc-2', 'healthy');
  t.ok(rose < FLIP_MS_MAX, `${rose} ms`);
  t.match((await health(daemon))['both'], {
    status: 'healthy',
    history: [{ status: 'healthy' }, { status: 'unhealthy' }],
  });

  t.match(await daemon.cli('routing-control', 'eu', 'off'), { code: 1, stderr: /safety rule one-site/ });
  t.match(await daemon.cli('routing-control', 'us', 'on', 'eu', 'off'), { code: 0 });
  await untilStatus(daemon, 'by-hand', 'unhealthy');
  await Promise.all([one.stop(), again.stop()]);
});
