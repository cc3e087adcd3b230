/** Forgers, near and far. `sim.net.forge` is a stranger's datagram; a server that replies oddly stands for one who got the address and port right. */
import t from 'tap';
import { cryptoPrng } from '../../src/util/prng.ts';
import { always, recordsOf, reply, type SimQuery, Simulation } from '../support/simnet.ts';

const WWW = 'www.corp.test. 300 A 192.0.2.1';
const EVIL = 'www.corp.test. 300 A 192.0.2.66';
const TRUTH = always({ answer: [WWW] });

t.test('Kaminsky: 65,535 IDs on a wrong port, 0 accepted', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', (query) => query.reply(reply(query, { answer: [WWW] }), 100));
  const path = sim.path({ targets: [server] });
  const asked = sim.start('www.corp.test.', 'A', path);
  await sim.pass(20);
  const query = server.queries[0]!;
  const forged = reply(query, { answer: [EVIL] });
  for (let id = 0; id < 0x10000; id++) {
    forged[0] = id >>> 8;
    forged[1] = id;
    sim.net.forge('192.0.2.53', query.port === 65_535 ? 1024 : query.port + 1, forged);
    sim.net.forge('192.0.2.99', query.port, forged);
  }
  t.same(recordsOf((await sim.finish(asked)).rrsets), [WWW]);
  t.same(sim.net.sent, { udp: 1, tcp: 0 });
});

t.test('one wrong ID on the right port: exactly one query by TCP, and no further guess by UDP', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', (query) => query.reply(reply(query, { answer: [WWW] }), 100));
  const path = sim.path({ targets: [server] });
  const asked = sim.start('www.corp.test.', 'A', path);
  await sim.pass(20);
  const query = server.queries[0]!;
  const forged = reply(query, { answer: [EVIL], id: query.message.id ^ 1 });
  sim.net.forge('192.0.2.53', query.port, forged);
  for (let id = 0; id < 0x10000; id++) {
    forged[0] = id >>> 8;
    forged[1] = id;
    sim.net.forge('192.0.2.53', query.port, forged);
  }
  t.same(recordsOf((await sim.finish(asked)).rrsets), [WWW]);
  t.same(sim.net.sent, { udp: 1, tcp: 1 });
  t.equal(sim.count('upstream_switch_wrong_id'), 1);
});

t.test('TuDoor: odd packets, then the truth: the truth wins with at most 3 packets', async (t) => {
  const odd: [what: string, change: (bytes: Uint8Array) => void][] = [
    ['QR=0', (b) => (b[2] = 1)],
    ['opcode', (b) => (b[2]! |= 0x28)],
    ['no question', (b) => (b[5] = 0)],
    ['TC and garbage', (b) => b.fill(0xff, 12)],
    ['another question', (b) => (b[13] = 0x78)],
    ['QR=0 and TC', (b) => (b[2] = 3)],
    ['REFUSED to another question', (b) => (b[3] = b[14] = 5)],
  ];
  for (const sent of [...odd.map((each) => [each]), odd]) {
    const what = sent.map(([name]) => name).join(', ');
    const sim = new Simulation();
    const server = sim.net.server('192.0.2.53', (query) => {
      for (const [, change] of sent) {
        const packet = reply(query, { answer: [EVIL] });
        change(packet);
        query.reply(packet);
      }
      query.reply(new Uint8Array(5));
      query.reply(new Uint8Array(0));
      TRUTH(query);
    });
    const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
    t.same(recordsOf(resolution.rrsets), [WWW], what);
    t.ok(server.queries.length <= 3, `${what}: ${server.queries.length} packets`);
  }
});

t.test('TuDoor: packets that match but are broken, then the truth', async (t) => {
  const broken: [what: string, bytes: (query: SimQuery) => Uint8Array][] = [
    ['TC', (query) => reply(query, { flags: 0x0380 })],
    ['TC, cut in the middle', (query) => reply(query, { flags: 0x0380, answer: [EVIL] }).slice(0, -3)],
    ['cut', (query) => reply(query, { answer: [EVIL] }).slice(0, -3)],
    ['trailing octets', (query) => new Uint8Array([...reply(query, { answer: [EVIL] }), 0])],
    ['wrong ID', (query) => reply(query, { answer: [EVIL], id: query.message.id ^ 4 })],
    ['oversize', (query) => new Uint8Array([...reply(query, { answer: [EVIL] }), ...new Uint8Array(1200)])],
    [
      'lower case',
      (query) => reply(query, { answer: [EVIL], question: { name: query.name.toLowerCase(), type: 'A' } }),
    ],
  ];
  for (const [what, bytes] of broken) {
    const sim = new Simulation({ seed: 3 });
    const server = sim.net.server('192.0.2.53', (query) => {
      if (query.protocol === 'udp') query.reply(bytes(query));
      TRUTH(query);
    });
    const path = sim.path({ targets: [server], case0x20: true });
    t.same(recordsOf((await sim.ask('www.corp.test.', 'A', path)).rrsets), [WWW], what);
    t.same(sim.net.sent, { udp: 1, tcp: 1 }, `${what}: one switch`);
  }
});

t.test('the transport changes at most once per target and question', async (t) => {
  const sim = new Simulation();
  const servers = ['192.0.2.53', '192.0.2.54'].map((address) =>
    sim.net.server(address, (query) => query.reply(reply(query, { flags: 0x0380 }))),
  );
  await sim.ask('www.corp.test.', 'A', sim.path({ targets: servers }));
  for (const server of servers)
    t.same(
      server.queries.map((query) => query.protocol),
      ['udp', 'tcp'],
    );
});

t.test('garbage without end: TCP after 64 packets, and the work is bounded', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', (query) => {
    if (query.protocol === 'tcp') return TRUTH(query);
    for (let i = 0; i < 1000; i++) query.reply(new Uint8Array(20).fill(i), i / 100);
  });
  const resolution = await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
  t.same(recordsOf(resolution.rrsets), [WWW]);
  t.equal(sim.count('upstream_ignored'), 64);
});

t.test('1,000 forged FORMERRs: the next question still goes out with EDNS (CVE-2026-52690)', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', (query) => {
    if (query.message.edns !== undefined) query.reply(reply(query, { rcode: 'FORMERR' }));
    else TRUTH(query);
  });
  const path = sim.path({ targets: [server] });
  for (let i = 0; i < 1000; i++) await sim.ask(`n${i}.corp.test.`, 'A', path);
  t.equal(server.queries.filter((query) => query.message.edns !== undefined).length, 1000);
});

t.test('0x20: a forger who does not know the case gets nowhere', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.53', (query) => {
    if (query.protocol === 'udp')
      query.reply(reply(query, { answer: [EVIL], question: { name: 'www.corp.test.', type: 'A' } }));
    TRUTH(query);
  });
  for (let i = 0; i < 20; i++) {
    const path = sim.path({ targets: [server], case0x20: true });
    t.same(recordsOf((await sim.ask('www.corp.test.', 'A', path)).rrsets), [WWW]);
  }
  t.equal(sim.resolver.targets()[0]!.case0x20, true, 'and cannot switch it off');
});

t.test('IDs: each as likely as any other, by chi-square over 20,480 questions', async (t) => {
  const sim = new Simulation({ resolver: { prng: cryptoPrng } });
  const high = new Uint32Array(4096);
  const low = new Uint32Array(4096);
  let draws = 0;
  sim.net.exchange = (send, listener) => {
    const id = (send.query[0]! << 8) | send.query[1]!;
    high[id >>> 4]!++;
    low[id & 0xfff]!++;
    draws++;
    const timer = sim.clock.after(0, () => listener.failed('overload'));
    return { cancel: () => timer.cancel() };
  };
  const server = sim.net.server('192.0.2.53', TRUTH);
  const path = sim.path({ targets: [server] });
  while (draws < 20_480) {
    for (let i = 0; i < 64; i++) void sim.start(`n${draws}.corp.test.`, 'A', path);
    await sim.pass(1);
  }
  // 4,095 degrees of freedom: mean 4,095, standard deviation 90. Five of them either way.
  for (const counts of [high, low]) {
    const expected = draws / counts.length;
    const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    t.ok(Math.abs(chi - 4_095) < 450, `chi-square ${chi.toFixed(0)}`);
  }
});
