/** What only native sockets can get wrong: descriptors that nobody closes, and a bell that does not ring or never stops. */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { UdpTransport } from '../../../src/resolver/transport/udp.ts';
import { WAITING_MAX } from '../../../src/resolver/transport/udpnative.ts';
import { IDLE_MAX, readPorts } from '../../../src/resolver/transport/udpreuse.ts';
import type { Exchange, Listener, Send, TransportFailure } from '../../../src/resolver/transport.ts';
import { type Clock, ManualClock, systemClock } from '../../../src/util/clock.ts';
import { type Ffi, loadFfi } from '../../../src/util/ffi.ts';
import { cryptoPrng, type Prng } from '../../../src/util/prng.ts';
import { closeRemains } from '../../../src/util/watch.ts';
import { altered } from '../../support/altered.ts';
import type { AskingStart } from '../../support/asking-worker.ts';
import { skippedWithoutIpv6, until } from '../../support/sockets.ts';

const loaded = await loadFfi();
if (loaded === undefined) {
  t.pass('all of it', { skip: 'no native interface here' });
  process.exit(0);
}
const ffi: Ffi = loaded;

const setting = (name: string): string => readFileSync(`/proc/sys/net/ipv4/${name}`, 'latin1');
const drawn = readPorts(release(), setting('ip_local_port_range'), setting('ip_local_reserved_ports'));
/** What a test of sockets that are used again says when it is skipped; false: it is not. */
const skippedWithoutReuse = drawn === undefined && 'this kernel draws no ports that serve';
const { first, last } = drawn ?? { first: 32_768, last: 60_999 };

/** Sockets of this process. Other descriptors come and go with threads. */
function sockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

/** A port that echoes datagrams whose first octet is not zero; silent to others. */
async function echo(t: { teardown(fn: () => void): void }, address = '127.0.0.1'): Promise<number> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (octets, from) => {
    if (octets[0] !== 0) socket.send(octets, from.port, from.address);
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return socket.address().port;
}

const SPOKEN = new Uint8Array(32).fill(7);
const UNSPOKEN = new Uint8Array(32);

function send(port: number, rest: Partial<Send> = {}): Send {
  return {
    address: '127.0.0.1',
    port,
    protocol: 'udp',
    query: SPOKEN,
    source: undefined,
    timeoutMs: 2_000,
    ...rest,
  };
}

function exchange(udp: UdpTransport, to: Send): Promise<Uint8Array | TransportFailure> {
  return new Promise((resolve) => {
    udp.exchange(to, {
      message: (reply) => {
        resolve(reply);
        return 'done';
      },
      failed: resolve,
      resend: () => true,
    });
  });
}

async function native(
  other: Partial<Ffi> = {},
  watch?: number,
  clock: Clock = systemClock,
  prng: Prng = cryptoPrng,
): Promise<UdpTransport> {
  const udp = new UdpTransport({ clock, prng, ffi: altered(ffi, other), watch });
  await udp.way;
  return udp;
}

t.test('whatever becomes of exchanges, no descriptor is left', async (t) => {
  const port = await echo(t);
  const before = sockets();
  const udp = await native();
  t.equal(await udp.way, 'native');
  const silent: Listener = { message: () => 'wait', failed: () => undefined, resend: () => true };
  for (let round = 0; round < 20; round++) {
    const ends = [
      exchange(udp, send(port)),
      exchange(udp, send(port, { query: UNSPOKEN, timeoutMs: 5 })),
      exchange(udp, send(1)),
      exchange(udp, send(port, { source: '192.0.2.1' })),
      exchange(udp, send(port, { query: new Uint8Array(60_000) })),
      exchange(udp, send(port, { address: 'nonsense' })),
    ];
    udp.exchange(send(port), silent).cancel();
    const outcomes = (await Promise.all(ends)).map((end) => (typeof end === 'string' ? end : 'reply'));
    t.same(outcomes, ['reply', 'timeout', 'refused', 'unreachable', 'network', 'network']);
  }
  t.equal(udp.open, 0);
  udp.close();
  udp.close();
  await until(() => sockets() === before, 'all to be closed');
});

/** An echo that says which ports it was asked from. */
async function listening(t: { teardown(fn: () => void): void }): Promise<{ port: number; ports: number[] }> {
  const ports: number[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (octets, from) => {
    ports.push(from.port);
    // What is asked for more than once is answered as often.
    for (let i = 0; i < Math.max(1, octets[1]!); i++) socket.send(octets, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return { port: socket.address().port, ports };
}

/** A question that is answered so many times by these. */
const times = (count: number): Uint8Array => new Uint8Array(32).fill(1).fill(count, 1, 2);

t.test(
  'sockets serve again and again, on ports from the whole range',
  { skip: skippedWithoutReuse },
  async (t) => {
    const { port, ports } = await listening(t);
    let made = 0;
    const udp = await native({
      connectAnyUdp: (...args) => {
        made++;
        return ffi.connectAnyUdp(...args);
      },
    });
    const count = 4_000;
    for (let i = 0; i < count; i++)
      t.equal((await exchange(udp, send(port, { query: times(1) }))).length, 32);
    t.equal(made, 1, 'one of those that the kernel chooses ports for');
    t.ok(new Set(ports).size > 0.9 * count, `${new Set(ports).size} ports`);
    // Standard deviations of 0.005 each.
    for (let eighth = 0; eighth < 8; eighth++) {
      const from = 1_024 + eighth * 8_064;
      const share = ports.filter((each) => each >= from && each < from + 8_064).length / count;
      t.ok(Math.abs(share - 1 / 8) < 0.03, `of ports from ${from} on there are ${share}`);
    }
    udp.close();
  },
);

/** Draws ports of a range. */
function drawsFrom(from: number, to: number): Prng {
  const { u32, fill } = cryptoPrng;
  const below = (bound: number): number =>
    bound === 64_512 ? from - 1_024 + cryptoPrng.below(to - from + 1) : cryptoPrng.below(bound);
  return { u32: u32.bind(cryptoPrng), fill: fill.bind(cryptoPrng), below };
}

/** All ports that are drawn are the kernel's to draw again. */
const kernels = (other: Partial<Ffi> = {}): Promise<UdpTransport> =>
  native(other, undefined, systemClock, drawsFrom(first, last));
/** None is. */
const numbered = (other: Partial<Ffi> = {}): Promise<UdpTransport> =>
  native(
    other,
    undefined,
    systemClock,
    first > 1_024 ? drawsFrom(1_024, first - 1) : drawsFrom(last + 1, 65_535),
  );

t.test('what came for one exchange is not read by the next', async (t) => {
  const { port } = await listening(t);
  const before = sockets();
  const udp = await kernels();
  for (let round = 0; round < 50; round++) {
    const twice = await exchange(udp, send(port, { query: times(2 + (round % 2)) }));
    t.equal(twice[1], 2 + (round % 2));
    const once = await exchange(udp, send(port, { query: times(1) }));
    t.equal(once[1], 1);
  }
  udp.close();
  await until(() => sockets() === before, 'all to be closed');
});

t.test(
  'a socket that nobody uses and that has something to read is closed, and told of once',
  { skip: skippedWithoutReuse },
  async (t) => {
    const { port } = await listening(t);
    const before = sockets();
    let told = 0;
    const udp = await kernels({
      ready: (...args) => {
        const count = ffi.ready(...args);
        told += count;
        return count;
      },
    });
    // Until the first of many has come, more of them have.
    t.equal((await exchange(udp, send(port, { query: times(40) }))).length, 32);
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.ok(told <= 3, `told ${told} times`);
    t.equal(sockets(), before);
    udp.close();
  },
);

t.test('what ICMP said of one exchange is not told to the next', async (t) => {
  const port = await echo(t);
  const udp = await kernels();
  for (let round = 0; round < 20; round++) {
    const told = udp.exchange(send(1), {
      message: () => 'wait',
      failed: () => undefined,
      resend: () => true,
    });
    await new Promise(setImmediate);
    // Sent, and refused by now.
    told.cancel();
    t.equal((await exchange(udp, send(port))).length, SPOKEN.length);
    t.equal(await exchange(udp, send(1)), 'refused');
    t.equal((await exchange(udp, send(port))).length, SPOKEN.length);
  }
  udp.close();
});

t.test(
  'each family has its sockets, and an address to ask from one of its own',
  { skip: skippedWithoutReuse || skippedWithoutIpv6 },
  async (t) => {
    const [four, six] = [await echo(t), await echo(t, '::1')];
    const made: string[] = [];
    const udp = await kernels({
      connectAnyUdp: (watch, to) => {
        made.push(ffi.isIpv6(to) ? 'ipv6' : 'ipv4');
        return ffi.connectAnyUdp(watch, to);
      },
      connectUdp: (...args) => {
        made.push('bound');
        return ffi.connectUdp(...args);
      },
    });
    made.length = 0;
    for (let round = 0; round < 5; round++) {
      t.equal((await exchange(udp, send(four))).length, SPOKEN.length);
      t.equal((await exchange(udp, send(six, { address: '::1' }))).length, SPOKEN.length);
    }
    t.same(made, ['ipv4', 'ipv6']);
    t.equal((await exchange(udp, send(four, { source: '127.0.0.1' }))).length, SPOKEN.length);
    t.same(made, ['ipv4', 'ipv6', 'bound']);
    udp.close();
  },
);

t.test('no more are kept than may be, whatever was in flight', { skip: skippedWithoutReuse }, async (t) => {
  const port = await echo(t);
  const before = sockets();
  const udp = await kernels();
  const count = 3 * IDLE_MAX;
  await Promise.all(Array.from({ length: count }, () => exchange(udp, send(port))));
  t.equal(udp.open, 0);
  await until(() => sockets() === before + IDLE_MAX, 'the others to be closed');
  udp.close();
  await until(() => sockets() === before, 'all to be closed');
});

t.test(
  'an address that cannot be asked costs one socket, not all that are kept',
  { skip: skippedWithoutReuse },
  async (t) => {
    const port = await echo(t);
    const before = sockets();
    const udp = await kernels();
    const count = 10;
    await Promise.all(Array.from({ length: count }, () => exchange(udp, send(port))));
    t.equal(sockets(), before + count);
    // EACCES: not without SO_BROADCAST.
    t.equal(typeof (await exchange(udp, send(port, { address: '255.255.255.255' }))), 'string');
    t.equal(sockets(), before + count - 1);
    t.equal((await exchange(udp, send(port))).length, SPOKEN.length);
    udp.close();
  },
);

t.test('the kernel has no port left: one is bound by number', async (t) => {
  const port = await echo(t);
  let bound = 0;
  const udp = await kernels({
    connectAnyUdp: () => 'EAGAIN',
    connectUdp: (...args) => {
      bound++;
      return ffi.connectUdp(...args);
    },
  });
  bound = 0;
  for (let round = 0; round < 20; round++) t.equal((await exchange(udp, send(port))).length, SPOKEN.length);
  t.ok(bound >= 20);
  udp.close();
});

t.test('a kernel whose ports can be foretold, or that does not say which it draws from, draws none', (t) => {
  const text = '32768\t60999\n';
  for (const linux of ['6.1.0-44-amd64', '6.18.44', '10.0.1'])
    t.same(readPorts(linux, text, '\n'), { first: 32_768, last: 60_999 });

  t.test(
    'where some of its ports are reserved the kernel draws none: the next would be as likely as all of them',
    (t) => {
      const text = '32768\t60999\n';
      for (const reserved of ['1024-32767', '8080,61000-65535', '53'])
        t.same(readPorts('6.1.0', text, `${reserved}\n`), { first: 32_768, last: 60_999 }, reserved);
      for (const reserved of ['40000-50000', '53,32768', '60999-65535', '1-65535', 'x'])
        t.equal(readPorts('6.1.0', text, `${reserved}\n`), undefined, reserved);
      t.end();
    },
  );

  t.test('no descriptor left: those that are kept make room', { skip: skippedWithoutReuse }, async (t) => {
    const port = await echo(t);
    const before = sockets();
    let isFull = false;
    const whenRoom = <T>(make: () => T): T | string => (isFull && sockets() > before ? 'EMFILE' : make());
    const udp = await kernels({
      connectUdp: (...args) => whenRoom(() => ffi.connectUdp(...args)),
      connectAnyUdp: (...args) => whenRoom(() => ffi.connectAnyUdp(...args)),
    });
    await Promise.all(Array.from({ length: 10 }, () => exchange(udp, send(port))));
    t.equal(sockets(), before + 10);
    isFull = true;
    // From an address of its own: none that is kept serves.
    t.equal((await exchange(udp, send(port, { source: '127.0.0.1' }))).length, SPOKEN.length);
    t.equal(sockets(), before);
    udp.close();
  });
  for (const linux of ['6.0.19', '5.10.0-30', '', 'unknown'])
    t.equal(readPorts(linux, text, '\n'), undefined);
  for (const garbage of ['', '32768', 'x y', '1 2 3']) t.equal(readPorts('6.1.0', garbage, '\n'), undefined);
  t.end();
});

t.test(
  'queries of one turn leave together, sixteen at most, and without those that were cancelled',
  async (t) => {
    const port = await echo(t);
    const sent: number[] = [];
    const udp = await native({
      send: (socket, octets) => {
        sent.push(octets[1]!);
        return octets[1] === 3 || octets[1] === 45 ? 'ENETUNREACH' : ffi.send(socket, octets);
      },
    });
    // What proved the sockets.
    sent.length = 0;
    const ask = (i: number): ReturnType<typeof exchange> =>
      exchange(udp, send(port, { query: new Uint8Array(32).fill(i) }));
    const replies = [0, 1, 2, 3].map((i) => ask(i + 1));
    const unheard = (): never => t.fail('one that was cancelled is heard of') as never;
    udp
      .exchange(send(port, { query: new Uint8Array(32).fill(9) }), {
        message: unheard,
        failed: unheard,
        resend: () => true,
      })
      .cancel();
    t.same(sent, []);
    await new Promise(setImmediate);
    t.same(sent, [1, 2, 3, 4]);
    t.same(
      (await Promise.all(replies)).map((reply) => (typeof reply === 'string' ? reply : 'a reply')),
      ['a reply', 'a reply', 'unreachable', 'a reply'],
    );
    const many = Array.from({ length: 20 }, (_, i) => ask(10 + i));
    t.equal(sent.length, 4 + 16);
    for (const reply of await Promise.all(many)) t.equal(typeof reply, 'object');
    let isAsking = true;
    const refused = Promise.withResolvers<string>();
    for (let i = 30; i < 46; i++)
      udp.exchange(send(port, { query: new Uint8Array(32).fill(i) }), {
        message: () => 'done',
        failed: (why) => {
          t.notOk(isAsking, 'nobody is told of the one that fills the batch while it is asked');
          refused.resolve(why);
        },
        resend: () => true,
      });
    t.equal(sent.at(-1), 45);
    isAsking = false;
    t.equal(await refused.promise, 'unreachable');
    await until(() => udp.open === 0, 'the others to end');
    udp.close();
  },
);

t.test('closing fails what is under way', async (t) => {
  const port = await echo(t);
  const udp = await native();
  const ends = Array.from({ length: 10 }, () => exchange(udp, send(port, { query: UNSPOKEN })));
  t.equal(udp.open, 10);
  udp.close();
  t.same(await Promise.all(ends), new Array(10).fill('network'));
});

t.test('more replies at once than one batch takes: all are read', async (t) => {
  const port = await echo(t);
  const udp = await native();
  t.teardown(() => udp.close());
  const ends = await Promise.all(Array.from({ length: 200 }, () => exchange(udp, send(port))));
  t.notOk(ends.some((end) => typeof end === 'string'));
});

t.test(
  'sockets ended by a reply to another in the same batch, and new ones under their numbers',
  async (t) => {
    const port = await echo(t);
    const udp = await native();
    t.teardown(() => udp.close());
    let heard = 0;
    const later: Promise<Uint8Array | TransportFailure>[] = [];
    const all = Array.from({ length: 50 }, () =>
      udp.exchange(send(port), {
        message: () => {
          heard++;
          for (const each of all) each.cancel();
          for (let i = 0; i < 50; i++)
            later.push(exchange(udp, send(port, { query: UNSPOKEN, timeoutMs: 50 })));
          return 'done';
        },
        failed: () => t.fail('failed'),
        resend: () => true,
      }),
    );
    await until(() => heard > 0, 'a reply');
    t.same(await Promise.all(later), new Array(50).fill('timeout'));
    t.equal(heard, 1);
    t.equal(udp.open, 0);
  },
);

/** A port that replies with these and the query; then time passes before this thread looks at anything else. */
async function slowEcho(
  t: { teardown(fn: () => void): void },
  clock: ManualClock,
  ...before: Uint8Array[]
): Promise<number> {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  socket.on('message', (octets, { port, address }) => {
    for (const reply of before) socket.send(reply, port, address);
    socket.send(octets, port, address, () => clock.advance(60));
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

t.test('a reply that came in time counts, however late this thread looks', async (t) => {
  const clock = new ManualClock();
  const port = await slowEcho(t, clock);
  const udp = await native({}, undefined, clock);
  t.teardown(() => udp.close());
  t.type(await exchange(udp, send(port, { timeoutMs: 20 })), 'object');
  t.equal(udp.open, 0);
});

/** Exchanges whose replies are all there before the first is read; `heard` is called at each with how many there were. */
async function flood(
  t: { teardown(fn: () => void): void },
  udp: UdpTransport,
  count: number,
  heard: (so: number, exchanges: readonly Exchange[]) => void,
): Promise<void> {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const froms: RemoteInfo[] = [];
  socket.on('message', (octets, from) => {
    froms.push(from);
    if (froms.length === count) for (const { port, address } of froms) socket.send(octets, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  let so = 0;
  const exchanges: Exchange[] = [];
  for (let i = 0; i < count; i++)
    exchanges.push(
      udp.exchange(send(socket.address().port), {
        message: () => {
          heard(++so, exchanges);
          return 'done';
        },
        failed: () => undefined,
        resend: () => true,
      }),
    );
}

t.test('questions that begin while replies are left wait for these, two a turn apart', async (t) => {
  const udp = await native();
  t.teardown(() => udp.close());
  let all = 0;
  const begun: { readonly question: number; readonly heard: number }[] = [];
  const begin = (question: number): void => udp.begin(() => begun.push({ question, heard: all }));
  begin(0);
  t.same(begun, [{ question: 0, heard: 0 }], 'nothing to read: at once');
  await flood(t, udp, 200, (so) => {
    all = so;
    if (so === 100) for (let question = 1; question <= 20; question++) begin(question);
  });
  await until(() => begun.length === 21, 'all questions to begin');
  t.same(
    begun.map(({ question }) => question),
    Array.from({ length: 21 }, (_, question) => question),
    'in their order',
  );
  t.ok(begun[3]!.heard > 100, `the third of them after more replies: ${begun[3]!.heard}`);
  t.equal(begun.at(-1)!.heard, 200, 'the last one after all');
});

t.test('questions that wait begin when no reply is left to wait for', async (t) => {
  const udp = await native();
  t.teardown(() => udp.close());
  let begun = 0;
  await flood(t, udp, 200, (so, exchanges) => {
    if (so !== 100) return;
    for (let i = 0; i < 5; i++) udp.begin(() => begun++);
    t.equal(begun, 0);
    for (const each of exchanges) each.cancel();
  });
  await until(() => begun === 5, 'the questions to begin');
});

t.test('no more questions wait than may be in flight: others begin at once', async (t) => {
  const udp = await native();
  t.teardown(() => udp.close());
  let begun = 0;
  const atOnce: number[] = [];
  await flood(t, udp, 200, (so) => {
    // The first turn was left behind by then.
    if (so !== 100) return;
    for (let i = 0; i < WAITING_MAX + 10; i++) udp.begin(() => begun++);
    atOnce.push(begun);
  });
  await until(() => begun === WAITING_MAX + 10, 'the questions to begin');
  t.same(atOnce, [10]);
});

t.test('questions that wait begin when the sockets are given up', async (t) => {
  const udp = await native();
  let begun = 0;
  await flood(t, udp, 200, (so) => {
    if (so !== 100) return;
    for (let i = 0; i < 5; i++) udp.begin(() => begun++);
    udp.close();
  });
  await until(() => begun === 5, 'the questions to begin');
});

t.test('who asks again when the sockets are given up is heard by others', async (t) => {
  const port = await echo(t);
  const udp = await native();
  const again = new Promise<Uint8Array | TransportFailure>((resolve) => {
    udp.exchange(send(port, { query: UNSPOKEN }), {
      message: () => 'done',
      failed: () => exchange(udp, send(port, { timeoutMs: 60_000 })).then(resolve),
      resend: () => true,
    });
  });
  udp.close();
  t.equal((await again).length, SPOKEN.length, 'not at the end of its time');
});

t.test('a thread that is held up while it proves its sockets uses them all the same', async (t) => {
  const udp = new UdpTransport({ clock: systemClock, prng: cryptoPrng, ffi });
  t.teardown(() => udp.close());
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_100);
  t.equal(await udp.way, 'native');
});

t.test('a reply in time counts behind one that is none, however late this thread looks', async (t) => {
  const clock = new ManualClock();
  const port = await slowEcho(t, clock, UNSPOKEN);
  const udp = await native({}, undefined, clock);
  t.teardown(() => udp.close());
  const heard = new Promise((resolve) => {
    udp.exchange(send(port, { timeoutMs: 20 }), {
      message: (reply) => {
        if (reply[0] === 0) return 'wait';
        resolve('the reply');
        return 'done';
      },
      failed: resolve,
      resend: () => true,
    });
  });
  t.equal(await heard, 'the reply');
});

t.test('a host where the bell does not ring: Node’s sockets', async (t) => {
  const port = await echo(t);
  const before = sockets();
  const udp = await native({ replace: () => undefined });
  t.equal(await udp.way, 'plain');
  t.equal((await exchange(udp, send(port))).length, SPOKEN.length);
  await until(() => sockets() === before, 'all to be closed');
});

t.test(
  'a bell that rings for nothing: what is out fails, and Node’s sockets are used from then on',
  async (t) => {
    const port = await echo(t);
    let deaf = false;
    const udp = await native({ ready: (watch, fds) => (deaf ? 0 : ffi.ready(watch, fds)) });
    t.equal(await udp.way, 'native');
    deaf = true;
    t.equal(await exchange(udp, send(port)), 'network');
    t.equal((await exchange(udp, send(port))).length, SPOKEN.length);
  },
);

t.test('no descriptor left: an overload, told later', async (t) => {
  // Keeps the process alive meanwhile: timers do not.
  await echo(t);
  for (const some of [kernels, numbered]) {
    let exhausted = false;
    const poor = await some({
      connectUdp: (...args) => (exhausted ? 'EMFILE' : ffi.connectUdp(...args)),
      connectAnyUdp: (...args) => (exhausted ? 'EMFILE' : ffi.connectAnyUdp(...args)),
    });
    t.teardown(() => poor.close());
    exhausted = true;
    let told = false;
    const end = exchange(poor, send(1)).then((failure) => {
      told = true;
      return failure;
    });
    t.notOk(told);
    t.equal(await end, 'overload');
  }
});

t.test('a thread that dies leaves its sockets to its successor, which closes them', async (t) => {
  const port = await echo(t);
  const watch = ffi.openWatch();
  t.teardown(() => ffi.close(watch));
  const before = sockets();
  for (const end of ['wait', 'hang', 'throw'] as const) {
    const start: AskingStart = { watch, port, count: 40, query: UNSPOKEN, end };
    const file = new URL('../../support/asking-worker.ts', import.meta.url);
    const worker = new Worker(file, { workerData: start });
    worker.on('error', () => undefined);
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    t.equal(await new Promise((resolve) => worker.once('message', resolve)), 40);
    if (end !== 'throw') {
      await new Promise((resolve) => setTimeout(resolve, 30));
      await worker.terminate();
    }
    await gone;
    t.equal(sockets(), before + 40, `${end}: they are open still`);
    const successor = await native({}, watch);
    t.equal(await successor.way, 'native');
    t.equal(typeof (await exchange(successor, send(port))), 'object', 'the set serves it as well');
    t.equal(successor.open, 0);
    successor.close();
    await until(() => sockets() === before, `${end}: all to be closed`);
  }
  t.equal(closeRemains(ffi, watch), 0);
});

t.test('threads that end while replies come in: 20 of them, and this process lives on', async (t) => {
  const port = await echo(t);
  const watch = ffi.openWatch();
  t.teardown(() => ffi.close(watch));
  const before = sockets();
  for (let i = 0; i < 20; i++) {
    const file = new URL('../../support/asking-worker.ts', import.meta.url);
    const start: AskingStart = { watch, port, count: 16, query: SPOKEN, end: 'wait' };
    const worker = new Worker(file, { workerData: start });
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, 5 + i));
    await worker.terminate();
    closeRemains(ffi, watch);
  }
  await until(() => sockets() === before, 'all to be closed');
});
