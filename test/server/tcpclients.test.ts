import t from 'tap';
import {
  HTTP_CLIENTS_MAX,
  IDLE_MS,
  TCP_CLIENTS_MAX,
  TCP_CLIENTS_PER_ADDRESS_MAX,
  TcpClients,
  tcpClientsBuffer,
} from '../../src/server/tcpclients.ts';
import { parseAddress } from '../../src/util/cidr.ts';

const one = parseAddress('192.0.2.1');
const address = (i: number): Uint8Array => new Uint8Array([10, i >> 16, i >> 8, i]);

t.test('limits hold over all workers', (t) => {
  const buffer = tcpClientsBuffer(3);
  const workers = [0, 1, 2].map((slot) => new TcpClients(buffer, slot, 42));
  let entered = 0;
  for (let i = 0; i < 60; i++) if (workers[i % 3]!.enter(one)) entered++;
  t.equal(entered, TCP_CLIENTS_PER_ADDRESS_MAX);
  t.equal(workers[2]!.total, entered);
  workers[0]!.leave(one);
  t.ok(workers[1]!.enter(one), 'a place that one worker gives back is there for the others');
  t.notOk(workers[1]!.enter(one));
  t.end();
});

t.test('clients by HTTP are fewer, over all workers, and count among the others', (t) => {
  const buffer = tcpClientsBuffer(2);
  const workers = [0, 1].map((slot) => new TcpClients(buffer, slot, 42));
  let entered = 0;
  for (let i = 0; i < 2 * HTTP_CLIENTS_MAX; i++) if (workers[i % 2]!.enter(address(i), 'http')) entered++;
  t.equal(entered, HTTP_CLIENTS_MAX);
  t.equal(workers[0]!.total, HTTP_CLIENTS_MAX);
  t.ok(workers[0]!.enter(address(1_000)), 'by TCP there is room');
  workers[1]!.leave(address(1), 'http');
  t.ok(workers[0]!.enter(address(1_001), 'http'));
  t.notOk(workers[0]!.enter(address(1_002), 'http'));
  t.end();
});

t.test('what a dead worker had counted goes with it', (t) => {
  const buffer = tcpClientsBuffer(2);
  const survivor = new TcpClients(buffer, 0, 42);
  const dead = new TcpClients(buffer, 1, 42);
  for (let i = 0; i < 10; i++) survivor.enter(one);
  for (let i = 0; i < 22; i++) dead.enter(one);
  t.notOk(survivor.enter(one));
  const successor = new TcpClients(buffer, 1, 42);
  t.equal(successor.total, 10);
  t.ok(survivor.enter(one));
  t.end();
});

t.test('strangers do not use up each other’s limit', (t) => {
  const clients = new TcpClients(tcpClientsBuffer(1), 0, 42);
  let entered = 0;
  for (let i = 0; i < TCP_CLIENTS_MAX; i++) if (clients.enter(address(i))) entered++;
  t.equal(entered, TCP_CLIENTS_MAX, 'a full house of different addresses');
  t.notOk(clients.enter(one), 'and no more');
  for (let i = 0; i < TCP_CLIENTS_MAX; i++) clients.leave(address(i));
  t.equal(clients.total, 0);
  t.ok(clients.enter(one));
  t.end();
});

t.test('a few greedy addresses do not lock out a modest one', (t) => {
  let lockedOut = 0;
  for (let seed = 0; seed < 50; seed++) {
    const clients = new TcpClients(tcpClientsBuffer(1), 0, seed);
    for (let i = 0; i < 31; i++) for (let n = 0; n < 40; n++) clients.enter(address(i));
    if (!clients.enter(one)) lockedOut++;
  }
  t.equal(lockedOut, 0);
  t.end();
});

t.test('IPv6 addresses are counted each for itself', (t) => {
  const clients = new TcpClients(tcpClientsBuffer(1), 0, 42);
  for (let i = 0; i < 40; i++) clients.enter(parseAddress('2001:db8::1'));
  t.equal(clients.total, 32);
  t.ok(clients.enter(parseAddress('2001:db8::2')));
  t.end();
});

t.test('the idle time shrinks in the upper half', (t) => {
  const clients = new TcpClients(tcpClientsBuffer(1, 100), 0, 42);
  const times: number[] = [];
  for (let i = 0; i < 100; i++) {
    times.push(clients.idleMs());
    clients.enter(address(i));
  }
  times.push(clients.idleMs());
  t.equal(times[0], IDLE_MS);
  t.equal(times[50], IDLE_MS);
  t.equal(times[75], IDLE_MS / 2);
  t.equal(times[90], IDLE_MS / 5);
  t.equal(times[100], 500);
  t.end();
});

t.test('a process that may open few files takes fewer clients, none takes more', (t) => {
  const few = new TcpClients(tcpClientsBuffer(1, 3), 0, 42);
  t.same(
    [0, 1, 2, 3].map((i) => few.enter(address(i))),
    [true, true, true, false],
  );
  const many = new TcpClients(tcpClientsBuffer(1, 1_000_000), 0, 42);
  for (let i = 0; i < 2000; i++) many.enter(address(i));
  t.equal(many.total, TCP_CLIENTS_MAX);
  t.end();
});
