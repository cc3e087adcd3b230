/** Workers of one daemon, and the kernel in front of them. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, decode, encode } from 'dns-packet';
import t from 'tap';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';
import { sleep, until } from '../support/sockets.ts';

interface Test {
  teardown(end: () => unknown): void;
}

/** Clients with a port each: the kernel spreads them over the workers. */
const CLIENTS = 40;
/** More than the receive buffer of any worker holds. */
const FLOOD = 60_000;

/** A target that keeps what it is asked, and answers when it is told to. */
async function target(t: Test): Promise<{ port: number; asked: Buffer[]; answer: () => void }> {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const asked: Buffer[] = [];
  const replies: (() => void)[] = [];
  socket.on('message', (octets, from) => {
    asked.push(octets);
    const { id, questions } = decode(octets);
    const reply = encode({
      type: 'response',
      id: id!,
      flags: 0x180,
      questions: questions!,
      answers: [{ name: questions![0]!.name, type: 'A', ttl: 300, data: '10.9.9.9' }],
    });
    replies.push(() => socket.send(reply, from.port, from.address));
  });
  const answer = (): void => {
    for (const reply of replies.splice(0)) reply();
  };
  return { port: socket.address().port, asked, answer };
}

async function client(t: Test): Promise<Socket> {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

const question = (name: string, ...additionals: Answer[]): Buffer =>
  encode({ type: 'query', id: 7, flags: 0x100, questions: [{ name, type: 'A' }], additionals });
const OPT = { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] } as unknown as Answer;

async function counter(metricsPort: number, name: string): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const line = page.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
}

async function start(t: Test, targetPort: number, workers = 2): Promise<{ daemon: Daemon; metrics: number }> {
  const metrics = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `
node: { name: two, state: ./state, workers: ${workers}, rateLimit: off, metrics: "127.0.0.1:${metrics}" }
vpcs: [{ id: v, cidrs: [127.0.0.0/8] }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], vpc: v, allow: [127.0.0.0/8] }]
  outbound: [{ id: out-1 }]
rules: [{ domain: corp.test., type: forward, outbound: out-1, targets: ["127.0.0.1:${targetPort}"], vpcs: [v] }]
`,
  });
  t.teardown(() => daemon.stop());
  return { daemon, metrics };
}

t.test('clients of both workers ask the same: one packet goes to the target', async (t) => {
  const upstream = await target(t);
  const { daemon, metrics } = await start(t, upstream.port);
  t.match(daemon.log(), /"udp":"(native|plain)"/, 'the way of the sockets is logged');
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => client(t)));
  let answers = 0;
  for (const socket of clients) {
    socket.on('message', (octets) => {
      if (decode(octets).answers?.length === 1) answers++;
    });
    socket.send(question('www.corp.test'), daemon.port, '127.0.0.1');
  }
  const joins = (): Promise<number> => counter(metrics, 'causeway_joined_queries_total');
  while ((await joins()) < CLIENTS - 1) await sleep(10);
  // On a busy machine the target is held longer than the forwarder waits before it asks again.
  const { length: asked } = upstream.asked;
  const repeated = await counter(metrics, 'causeway_upstream_replies_total{result="timeout"}');
  // And a worker does not wait for the owner of a question that is silent for 50 ms.
  t.ok(asked >= 1 && asked <= 2 + repeated, `one question: ${asked} packets, ${repeated} of them again`);
  upstream.answer();
  await until(() => answers === CLIENTS, 'the answers');
  const handedOver = await counter(metrics, 'causeway_handed_over_queries_total');
  t.ok(handedOver > 0 && handedOver < CLIENTS, `${handedOver} of ${CLIENTS} were handed over`);
});

t.test(
  'one port of one client has hundreds of questions out at one target: limits are not shares',
  async (t) => {
    const HELD_MS = 250;
    // 400 may be out. On a busy machine a worker is taken for gone, and its question asked by another one too. Of an eighth
    // of 400 some worker would have had too few.
    const QUESTIONS = 384;
    const upstream = await target(t);
    const { daemon } = await start(t, upstream.port, 8);
    const socket = await client(t);
    const replies: Buffer[] = [];
    socket.on('message', (octets) => replies.push(octets));
    const answering = setInterval(upstream.answer, HELD_MS);
    t.teardown(() => clearInterval(answering));
    for (let i = 0; i < QUESTIONS; i++)
      socket.send(question(`n${i}.corp.test`, OPT), daemon.port, '127.0.0.1');
    await until(() => replies.length === QUESTIONS, 'the answers');
    // On a busy machine some may be late: what that has to do with limits it says itself.
    const refusals = replies.filter((octets) => octets.includes('are waiting'));
    t.same(refusals.map(String), []);
  },
);

t.test('what the kernel drops while the daemon is stopped is told', async (t) => {
  const upstream = await target(t);
  const { daemon, metrics } = await start(t, upstream.port);
  if (!daemon.log().includes('"udp":"native"')) return t.pass('without native calls nobody can tell');
  const socket = await client(t);
  daemon.kill('SIGSTOP');
  const query = question('local.invalid');
  for (let sent = 0; sent < FLOOD; sent += 100) {
    for (let i = 0; i < 99; i++) socket.send(query, daemon.port, '127.0.0.1');
    await new Promise((resolve) => socket.send(query, daemon.port, '127.0.0.1', resolve));
  }
  daemon.kill('SIGCONT');
  const drops = 'causeway_queries_dropped_total{reason="kernel"}';
  while ((await counter(metrics, drops)) === 0) await sleep(50);
  await until(() => daemon.log().includes('the kernel dropped queries'), 'the line in the log');
  t.ok((await counter(metrics, drops)) < FLOOD, 'the rest was read');
});
