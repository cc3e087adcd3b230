/** Failover by health checks, end to end: two real HTTP servers, one of which is killed and comes back, asked by dig. */
import { type ChildProcess, spawn } from 'node:child_process';
import t, { type Test } from 'tap';
import type { HealthReport } from '../../src/view/health.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { at, type DigReply, dig } from '../support/dig.ts';
import { LONG } from '../support/long.ts';
import { PATIENCE } from '../support/patience.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';
import { configOf } from './config.ts';

/** health.test.ts has one such flip each time. */
const skip = LONG ? missing('dig') : 'with CAUSEWAY_LONG=1';

const PRIMARY = '127.0.0.2';
const SECONDARY = '127.0.0.3';
/** The interval and a second; the threshold is 1. */
const FLIP_MS_MAX = 11_000 * PATIENCE;

const SERVER = `
const [address, port] = process.argv.slice(1);
require('node:http').createServer((request, response) => response.end('all is well'))
  .listen(Number(port), address, () => console.log('listening'));
`;

/** A web server in a process of its own. */
async function startServer(t: Test, address: string, port: number): Promise<{ kill(): Promise<void> }> {
  const server: ChildProcess = spawn(process.execPath, ['-e', SERVER, address, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((done) => server.once('exit', () => done()));
  const kill = (): Promise<void> => {
    server.kill('SIGKILL');
    return ended;
  };
  t.teardown(kill);
  await new Promise((done) => server.stdout!.once('data', done));
  return { kill };
}

/** The same sets in a public zone and in a private one, whose answers are cached under their TTL. */
function configuration(port: number, authoritative: number, checked = true): string {
  const set = (role: string, address: string): string => {
    const check = checked ? `, healthCheckId: hc-${role.toLowerCase()}` : '';
    return `      - { name: www, type: A, ttl: 300, setIdentifier: ${role}, failover: ${role}, values: ${address}${check} }\n`;
  };
  const check = (role: string, address: string): string =>
    `  - { id: hc-${role.toLowerCase()}, type: HTTP_STR_MATCH, ipAddress: ${address}, port: ${port}, searchString: all is well, requestInterval: 10, failureThreshold: 1 }\n`;
  const sets = `    records:\n${set('PRIMARY', PRIMARY)}${set('SECONDARY', SECONDARY)}`;
  const checks = `healthChecks:\n${check('PRIMARY', PRIMARY)}${check('SECONDARY', SECONDARY)}`;
  return `${configOf({}).replace(
    'endpoints:\n',
    `endpoints:
  authoritative:
    - { id: auth-1, listen: ["127.0.0.1:${authoritative}"], zones: [public] }
`,
  )}delegationSets: [{ id: set-1, nameServers: [ns1.dns.example.net.] }]
zones:
  - id: private
    name: shop.test.
    vpcs: [vpc-test]
${sets}  - id: public
    name: shop.example.
    delegationSet: set-1
${sets}${checked ? checks : ''}`;
}

/** Asks both ways again and again, and notes each answer that is another than the one before. */
class Client {
  /** The addresses in the order in which they came, of the private name and of the public one. */
  readonly heard: readonly [string[], string[]] = [[], []];
  /** What is no answer with one address. */
  readonly odd: string[] = [];
  readonly #ask: readonly (() => Promise<DigReply>)[];
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(daemon: Daemon, authoritative: number) {
    this.#ask = [
      () => dig(at(daemon), 'www.shop.test.', 'A'),
      () => dig(at({ address: '127.0.0.1', port: authoritative }), '+norec', 'www.shop.example.', 'A'),
    ];
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const replies = await Promise.all(this.#ask.map((ask) => ask()));
      for (const [way, reply] of replies.entries()) this.#note(reply, this.heard[way]!);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  #note({ status, answers, output }: DigReply, heard: string[]): void {
    const [answer] = answers;
    if (status !== 'NOERROR' || answers.length !== 1) this.odd.push(output);
    else if (heard.at(-1) !== answer!.rdata) heard.push(answer!.rdata);
  }

  /** Until both names have this address; resolves with the milliseconds that it took. */
  async until(address: string): Promise<number> {
    const begun = performance.now();
    while (this.heard.some((heard) => heard.at(-1) !== address)) {
      if (performance.now() - begun > 120_000) throw new Error(`the answer does not become ${address}`);
      await new Promise((done) => setTimeout(done, 20));
    }
    return performance.now() - begun;
  }

  stop(): Promise<void> {
    this.#isOver = true;
    return this.#running;
  }
}

/** Every check was made once. */
async function looked(daemon: Daemon): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const { stdout } = await daemon.cli('health', '--json');
    const { checks } = JSON.parse(stdout) as { checks: HealthReport[] };
    if (checks.every(({ observations }) => observations.length > 0)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('the checks are not made');
}

t.test('a server is killed and comes back', { skip }, async (t) => {
  const [port, authoritative] = [await freePort(PRIMARY), await freePort('127.0.0.1')];
  const primary = await startServer(t, PRIMARY, port);
  const secondary = await startServer(t, SECONDARY, port);
  const daemon = await startDaemon({ config: configuration(port, authoritative) });
  t.teardown(() => daemon.stop());
  await looked(daemon);
  const client = new Client(daemon, authoritative);
  t.teardown(() => client.stop());
  await client.until(PRIMARY);

  await primary.kill();
  const away = await client.until(SECONDARY);
  t.ok(away < FLIP_MS_MAX, `away in ${Math.round(away)} ms`);

  const again = await startServer(t, PRIMARY, port);
  const back = await client.until(PRIMARY);
  t.ok(back < FLIP_MS_MAX, `back in ${Math.round(back)} ms`);

  await Promise.all([again.kill(), secondary.kill()]);
  const unhealthy = (): boolean =>
    ['hc-primary', 'hc-secondary'].every(
      (id) => daemon.log().split(`health check ${id} is unhealthy`).length === (id === 'hc-primary' ? 3 : 2),
    );
  while (!unhealthy()) await new Promise((done) => setTimeout(done, 50));
  await client.until(PRIMARY);

  await startServer(t, SECONDARY, port);
  await client.until(SECONDARY);
  // The check goes, and with it the set's mention of it: the slot of the one is released when no worker reads it.
  daemon.configure(configuration(port, authoritative, false));
  daemon.kill('SIGHUP');
  const reloaded = await client.until(PRIMARY);
  t.ok(reloaded < 5_000 * PATIENCE, `without checks in ${Math.round(reloaded)} ms`);
  t.same(JSON.parse((await daemon.cli('health', '--json')).stdout), { checks: [] });

  await client.stop();
  t.same(client.odd, [], 'one address each time, whatever was down');
  for (const heard of client.heard) {
    t.same(heard.slice(0, 3), [PRIMARY, SECONDARY, PRIMARY]);
    t.same(heard.slice(-2), [SECONDARY, PRIMARY]);
    t.ok(heard.length <= 7, heard.join());
  }
});
