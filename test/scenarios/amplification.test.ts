/** Work for one client query, whatever the upstreams say. Bounds are counted packets, not seconds. */
import t from 'tap';
import { BUDGET_PACKETS, Budget } from '../../src/resolver/budget.ts';
import { TRIES_MAX } from '../../src/resolver/candidate.ts';
import { INFLIGHT_MAX } from '../../src/resolver/inflight.ts';
import type { ForwardPath } from '../../src/resolver/path.ts';
import type { Resolution } from '../../src/resolver/resolve.ts';
import { CHAIN_LINKS_MAX } from '../../src/resolver/scrub.ts';
import { OUTSTANDING_MAX } from '../../src/resolver/target.ts';
import { type Prng, SeededPrng } from '../../src/util/prng.ts';
import { nameToText } from '../../src/wire/name.ts';
import { reply, type Script, type SimQuery, Simulation, SOA, serve } from '../support/simnet.ts';

/** As the pipeline does: an open chain goes on at its end, under the same budget. */
async function follow(sim: Simulation, name: string, path: ForwardPath, budget: Budget): Promise<Resolution> {
  let current = name;
  for (let links = 0; ; ) {
    const resolution = await sim.start(current, 'A', path, budget);
    links += resolution.rrsets.filter((rrset) => rrset.type === 5).length;
    const last = resolution.rrsets.at(-1);
    if (resolution.outcome !== 'answer' || last?.type !== 5 || links > CHAIN_LINKS_MAX) return resolution;
    current = nameToText(last.rdatas[0]!);
  }
}

/** A server that says anything at all: one of many shapes of reply, then damaged now and then. */
function hostile(prng: Prng): (query: SimQuery) => void {
  const pick = <T>(from: readonly T[]): T => from[prng.below(from.length)]!;
  const anyName = (): string => `n${prng.below(40)}.corp.test.`;
  const script = (query: SimQuery): Script => {
    const answer: string[] = [];
    for (let name = query.name, n = prng.below(14); n > 0; n--) {
      const next = anyName();
      answer.push(`${name} ${prng.below(3)} CNAME ${next}`);
      name = next;
    }
    if (prng.below(3) === 0) answer.push(`${anyName()} ${prng.below(3)} A 192.0.2.1`);
    if (prng.below(8) === 0) answer.push(`corp.test. 1 DNAME x.corp.test.`);
    return {
      answer,
      authority: prng.below(2) === 0 ? [SOA] : [`${anyName()} 9 NS ${anyName()}`],
      rcode: pick([
        'NOERROR',
        'NOERROR',
        'NOERROR',
        'NXDOMAIN',
        'SERVFAIL',
        'REFUSED',
        'FORMERR',
        'NOTIMP',
        'YXDOMAIN',
      ]),
      flags: prng.below(5) === 0 ? 0x0380 : 0x0180,
      ...(prng.below(10) === 0 ? { id: prng.below(65_536) } : {}),
    };
  };
  return (query) => {
    for (let n = prng.below(4); n > 0; n--) {
      const bytes = reply(query, script(query));
      for (let flips = prng.below(4) === 0 ? 1 + prng.below(6) : 0; flips > 0; flips--)
        bytes[prng.below(bytes.length)] = prng.u32();
      query.reply(
        prng.below(10) === 0 ? bytes.slice(0, prng.below(bytes.length)) : bytes,
        prng.below(6) * 100,
      );
    }
  };
}

t.test(
  'CAMP 2024: replies made at random for 10 s, 20 seeds: each query ends, with its packets in bounds',
  async (t) => {
    let most = 0;
    let queries = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const sim = new Simulation({ seed });
      const prng = new SeededPrng(seed * 7919);
      const servers = Array.from({ length: 1 + (seed % 3) }, (_, i) =>
        sim.net.server(`192.0.2.${i + 1}`, hostile(prng), 1 + prng.below(40)),
      );
      const policy = (['random', 'ordered', 'fastest', 'hedged'] as const)[seed % 4]!;
      const path = sim.path({ targets: servers, policy, case0x20: seed % 2 === 0 });
      const running: Promise<void>[] = [];
      for (let i = 0; i < 40; i++) {
        const budget = new Budget(sim.clock.now());
        const one = follow(sim, `n${prng.below(40)}.corp.test.`, path, budget).then(() => {
          most = Math.max(most, BUDGET_PACKETS - budget.left.packets);
          t.ok(sim.clock.now() <= budget.replyBy) || t.bailout('later than 4.5 s');
          queries++;
        });
        running.push(one);
        await sim.pass(250);
      }
      await sim.pass(15_000);
      await Promise.all(running);
      t.equal(sim.resolver.inFlight, 0, `seed ${seed}: nothing in flight`);
      t.equal(sim.net.open, 0, `seed ${seed}: nothing open`);
      for (const { outstanding } of sim.resolver.targets())
        t.equal(outstanding, 0, `seed ${seed}: no place kept`);
    }
    t.equal(queries, 800);
    t.ok(most <= BUDGET_PACKETS, `${most} packets at most`);
    t.comment(`${most} packets at most for one of ${queries} queries`);
  },
);

t.test('one question: three tries per server and transport, whatever comes', async (t) => {
  for (let seed = 1; seed <= 100; seed++) {
    const sim = new Simulation({ seed });
    const server = sim.net.server('192.0.2.1', hostile(new SeededPrng(seed)));
    const budget = new Budget(sim.clock.now());
    await sim.finish(sim.start('n1.corp.test.', 'A', sim.path({ targets: [server] }), budget));
    await sim.pass(10_000);
    t.ok(sim.net.sent.udp <= TRIES_MAX && sim.net.sent.tcp <= TRIES_MAX) || t.bailout(`seed ${seed}`);
  }
});

t.test(
  'TsuNAME 2021: names that lead in a circle, 1,000 clients, 60 s: at most 3 queries in 5 s',
  async (t) => {
    const sim = new Simulation();
    const server = sim.net.server('192.0.2.1', (query) => {
      const other = query.name.startsWith('a.') ? 'b.corp.test.' : 'a.corp.test.';
      query.reply(
        reply(query, { answer: [`${query.name} 300 CNAME ${other}`, `${other} 300 CNAME ${query.name}`] }),
      );
    });
    const path = sim.path({ targets: [server] });
    for (let i = 0; i < 1000; i++) {
      void sim.start(i % 2 === 0 ? 'a.corp.test.' : 'b.corp.test.', 'A', path);
      await sim.pass(60);
    }
    t.ok(server.queries.length <= 36, `${server.queries.length} queries`);
  },
);

t.test('water torture: random names that get no answer leave room for those that do', async (t) => {
  const sim = new Simulation();
  const honest = serve(
    Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`www${i}.corp.test.`, { A: ['192.0.2.1'] }])),
  );
  const server = sim.net.server('192.0.2.1', (query) => {
    if (query.name.startsWith('www') || query.type === 'SOA') honest(query);
  });
  const path = sim.path({ targets: [server] });
  let answered = 0;
  let most = 0;
  let mostOut = 0;
  for (let tick = 0; tick < 60; tick++) {
    // 1,000 questions a second, of which 20 are honest.
    for (let i = 0; i < 49; i++) void sim.start(`x${tick}-${i}.corp.test.`, 'A', path);
    void Promise.resolve(sim.start(`www${tick}.corp.test.`, 'A', path)).then((resolution) => {
      if (resolution.outcome === 'answer') answered++;
    });
    most = Math.max(most, sim.resolver.inFlight);
    mostOut = Math.max(mostOut, sim.resolver.targets()[0]!.outstanding);
    await sim.pass(50);
  }
  t.ok(answered >= 54, `${answered} of 60 honest questions answered`);
  t.ok(most <= INFLIGHT_MAX / 2, `${most} in flight`);
  t.ok(mostOut <= OUTSTANDING_MAX, `${mostOut} out at the server`);
});

t.test('a spoofed wrong ID costs one query by TCP, however many come (no amplifier)', async (t) => {
  const sim = new Simulation();
  const server = sim.net.server('192.0.2.1', (query) => {
    if (query.protocol === 'udp')
      for (let i = 1; i < 50; i++) query.reply(reply(query, { id: query.message.id ^ i }));
    else serve({ 'www.corp.test.': { A: ['192.0.2.1'] } })(query);
  });
  for (let i = 0; i < 100; i++) await sim.ask(`n${i}.corp.test.`, 'A', sim.path({ targets: [server] }));
  t.same(sim.net.sent, { udp: 100, tcp: 100 });
});

t.test('RRset and chain limits hold before anything is stored', async (t) => {
  const sim = new Simulation();
  const many = Array.from({ length: 4000 }, (_, i) => `www.corp.test. 300 A 10.0.${i >> 8}.${i & 255}`);
  const server = sim.net.server('192.0.2.1', (query) => query.reply(reply(query, { answer: many })));
  t.match(await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] })), {
    outcome: 'failure',
    rcode: 2,
  });
  t.same(
    sim.cache.dump(10).filter(({ cached }) => cached.kind !== 'failure'),
    [],
  );
});
