/** Many clients, most of them hostile: what the servers of others see of it, and what is left for everybody else. */
import t from 'tap';
import { ZONE_FETCHES_MAX } from '../../../src/resolver/fetchcap.ts';
import { INFLIGHT_MAX, WAITERS_MAX } from '../../../src/resolver/inflight.ts';
import { FLAG, OPTION, TYPE } from '../../../src/wire/constants.ts';
import { encodeQuery } from '../../../src/wire/message.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { silent } from '../../support/hostile.ts';
import { type Host, Internet } from '../../support/internet.ts';
import { clientAt } from '../../support/pipeline.ts';
import type { SimQuery } from '../../support/simnet.ts';

import { type Answered, type AskOptions, type SimulatedResolver, simulate } from '../../support/simulate.ts';

/** Of a server that was heard within ten seconds silence is not taken for its death. */
const UNTIL_DEAD = 12;

function world(sign = false): Internet {
  const internet = new Internet({ rootServers: 1, ...(sign ? {} : { sign: false }) });
  const signing = sign ? { sign: {} } : {};
  internet.zone('test.', { servers: 1, ...signing });
  internet.zone('victim.test.', { servers: 2, ...signing, text: 'www A 192.0.2.1' });
  internet.zone('other.test.', { servers: 1, text: '* A 192.0.2.2' });
  return internet;
}

/** One of 200 clients: a single one may have 1,000 questions that wait. */
function some(i: number): AskOptions {
  return { from: clientAt(`10.1.${i % 200}.1`, 'tcp') };
}

/**
 * How many questions hosts have before them at once, at most, if each that came after `since` is answered after `ms`;
 * tries count once.
 */
function mostAtOnce(hosts: readonly Host[], since: number, ms: number): number {
  const queries = hosts
    .flatMap((host) => host.queries)
    .filter(({ at }) => at > since)
    .sort((a, b) => a.at - b.at);
  const out = new Map<string, number>();
  let most = 0;
  for (let from = 0, to = 0; to < queries.length; to++) {
    for (; queries[from]!.at < queries[to]!.at - ms; from++) note(out, queries[from]!, -1);
    note(out, queries[to]!, 1);
    most = Math.max(most, out.size);
  }
  return most;
}

function note(out: Map<string, number>, query: SimQuery, by: number): void {
  const name = query.name.toLowerCase();
  const left = (out.get(name) ?? 0) + by;
  if (left === 0) out.delete(name);
  else out.set(name, left);
}

/**
 * A second of random names under `victim.test.`, in steps of 10 ms, and ten good names among them: how many of these
 * got an answer.
 */
async function flood(sim: SimulatedResolver, second: number, perStep: number): Promise<number> {
  const good: Promise<Answered>[] = [];
  for (let step = 0; step < 100; step++) {
    for (let i = 0; i < perStep; i++) void sim.start(`r${second}x${step}x${i}.victim.test.`, 'A', some(i));
    if (step % 10 === 0) good.push(sim.start(`g${second}x${step}.other.test.`, 'A'));
    await sim.pass(10);
  }
  await sim.pass(50);
  const answers = await Promise.all(good);
  return answers.filter(({ rcode }) => rcode === 'NOERROR').length;
}

t.test('RebirthDay (CVE-2025-5994): 1,000 clients, 1,000 subnets, one name: 1 query', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  await sim.ask('nothing.victim.test.');
  const hosts = internet.hostsOf('victim.test.');
  const before = hosts.reduce((sum, host) => sum + host.queries.length, 0);
  const pending: Promise<unknown>[] = [];
  for (let i = 0; i < 1000; i++) {
    const data = new Uint8Array([0, 1, 24, 0, 10, i >>> 8, i & 255]);
    const edns = { payload: 1232, version: 0, dnssecOk: false, options: [{ code: OPTION.ECS, data }] };
    const bytes = encodeQuery({
      id: i,
      name: nameFromText('www.victim.test.'),
      type: TYPE.A,
      flags: FLAG.RD,
      edns,
    });
    pending.push(sim.send(bytes, `10.${i >>> 8}.${i & 255}.1`));
  }
  await sim.pass(5000);
  await Promise.all(pending);
  t.equal(hosts.reduce((sum, host) => sum + host.queries.length, 0) - before, 1);
  const options = hosts.flatMap((host) => host.queries.flatMap((query) => query.message.edns?.options ?? []));
  t.notOk(
    options.some(({ code }) => code === OPTION.ECS),
    'no subnet is told to anybody',
  );
});

t.test(
  'water torture: random names under a slow victim: <= 200 in flight, and others are answered',
  async (t) => {
    const internet = world();
    const sim = simulate(internet);
    await sim.ask('warm.other.test.');
    await sim.ask('www.victim.test.');
    const hosts = internet.hostsOf('victim.test.');
    for (const host of hosts) for (const server of host.servers) server.from.delay = 1500;
    const since = internet.clock.now();
    let answered = 0;
    for (let second = 0; second < 4; second++) answered += await flood(sim, second, 10);
    const most = mostAtOnce(hosts, since, 1500);
    t.ok(most <= ZONE_FETCHES_MAX, `${most} in flight at the victim`);
    t.equal(answered, 40, 'all others');
  },
);

t.test('a busy zone behind a path that loses packets: nobody is turned away', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  await sim.ask('warm.other.test.');
  for (const host of internet.hostsOf('other.test.'))
    for (const server of host.servers) Object.assign(server, { to: { ...server.to, loss: 0.15 } });
  const pending: Promise<Answered>[] = [];
  for (let step = 0; step < 400; step++) {
    for (let i = 0; i < 10; i++)
      pending.push(sim.start(`b${step}x${i}.other.test.`, 'A', some(10 * step + i)));
    await sim.pass(10);
  }
  await sim.pass(11_000);
  const failed = (await Promise.all(pending)).filter(({ rcode }) => rcode !== 'NOERROR');
  // All three packets of one question may be lost: of three in a thousand.
  t.ok(failed.length <= 40, `${failed.length} of 4,000: ${failed[0]?.ede.map(({ text }) => text)}`);
});

t.test('water torture under a silent victim: what is sent there falls off', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  await sim.ask('www.victim.test.');
  internet.misbehave('victim.test.', silent);
  const hosts = internet.hostsOf('victim.test.');
  const sent = (): number => hosts.reduce((sum, host) => sum + host.queries.length, 0);
  const perSecond: number[] = [];
  let answered = 0;
  for (let second = 0; second < UNTIL_DEAD + 8; second++) {
    const before = sent();
    answered += await flood(sim, second, 5);
    perSecond.push(sent() - before);
  }
  t.equal(answered, 10 * (UNTIL_DEAD + 8), 'all others are answered');
  const late = perSecond.slice(UNTIL_DEAD).reduce((sum, n) => sum + n, 0) / 8;
  t.ok(late <= 20, `${late} packets a second at last: ${perSecond}`);
});

t.test('water torture in a signed zone: aggressive NSEC ends it', async (t) => {
  const internet = world(true);
  const sim = simulate(internet);
  for (let i = 0; i < 50; i++) await sim.ask(`warm${i}.victim.test.`);
  const before = internet.packets;
  for (let i = 0; i < 1000; i++) await sim.ask(`r${i}.victim.test.`);
  t.ok(internet.packets - before <= 20, `${internet.packets - before} packets for 1,000 names`);
});

t.test(
  'jostle (CVE-2026-42534): a slow flood with duplicates: fresh names keep half of the places',
  async (t) => {
    const internet = world();
    const sim = simulate(internet);
    await sim.ask('warm.other.test.');
    const slow = Array.from({ length: 60 }, (_, i) => `slow${i}.test.`);
    for (const name of slow) {
      internet.zone(name, { servers: 1, text: '* A 192.0.2.3' });
      internet.misbehave(name, silent);
    }
    for (let i = 0; i < 2 * INFLIGHT_MAX; i++) {
      void sim.start(`r${i}.${slow[i % 60]}`, 'A', some(i));
      if (i % 100 === 0) await sim.pass(5);
    }
    await sim.pass(300);
    const good: Promise<Answered>[] = [];
    for (let step = 0; step < 80; step++) {
      // The same questions again must not make them look young.
      for (let i = 0; i < 15; i++) void sim.start(`r${(step * 15 + i) % 1200}.${slow[i % 60]}`, 'A', some(i));
      for (let i = 0; i < 5; i++) void sim.start(`s${step}x${i}.${slow[i % 60]}`, 'A', some(i));
      good.push(sim.start(`g${step}.other.test.`, 'A'));
      await sim.pass(10);
    }
    await sim.pass(50);
    const answered = (await Promise.all(good)).filter(({ rcode }) => rcode === 'NOERROR').length;
    t.ok(answered >= 76, `${answered} of 80 fresh names`);
    t.ok(sim.resolver.inFlight <= INFLIGHT_MAX, `${sim.resolver.inFlight} in flight`);
  },
);

t.test(`a question that ${WAITERS_MAX} wait for takes no more`, async (t) => {
  const internet = world();
  const sim = simulate(internet);
  internet.misbehave('victim.test.', silent);
  const pending = Array.from({ length: 3 * WAITERS_MAX }, () =>
    sim.start('www.victim.test.', 'A').catch(() => undefined),
  );
  await sim.pass(11_000);
  const replies = await Promise.all(pending);
  t.ok(
    sim.count('resolver_waiters_refused') >= 2 * WAITERS_MAX,
    `${sim.count('resolver_waiters_refused')} refused`,
  );
  t.equal(replies.length, 3 * WAITERS_MAX);
});

t.test(
  'big RRsets (CVE-2024-1737): 4,000 addresses: not kept past the limit, and asked for no more than once',
  async (t) => {
    const internet = world();
    const text = Array.from({ length: 4000 }, (_, i) => `big A 10.9.${i >>> 8}.${i & 255}`).join('\n');
    internet.zone('big.test.', { servers: 1, text: `${text}\nwww A 192.0.2.1` });
    const sim = simulate(internet);
    const { rcode, work } = await sim.ask('big.big.test.');
    t.ok(work.packets <= 8, `${rcode}: ${work.packets} packets`);
    const kept = sim.cached().filter((line) => line.startsWith('big.big.test. A'));
    t.notOk(
      kept.some((line) => line.split(' ').length > 4 + 256),
      'no RRset of more than 256 records',
    );
    const again = await sim.ask('big.big.test.');
    t.equal(again.work.packets, 0);
    t.equal((await sim.ask('www.big.test.')).rcode, 'NOERROR', 'the zone is not given up for it');
  },
);

t.test(
  'no packet empties a cache (CVE-2025-59030): NOTIFY, UPDATE and whatever else, from anybody',
  async (t) => {
    const internet = world();
    const sim = simulate(internet);
    for (let i = 0; i < 200; i++) await sim.ask(`n${i}.other.test.`);
    const before = sim.cached().length;
    for (let opcode = 0; opcode < 16; opcode++)
      for (const name of ['other.test.', '.', 'n1.other.test.']) {
        const bytes = encodeQuery({ id: 1, name: nameFromText(name), type: TYPE.SOA, flags: opcode << 11 });
        await sim.send(bytes, '10.0.0.9');
      }
    await sim.pass(5000);
    t.ok(sim.cached().length >= 0.99 * before, `${before} before, ${sim.cached().length} after`);
  },
);

t.test(
  'DNSBomb: queries held for seconds are not all answered in one burst larger than was asked',
  async (t) => {
    const internet = world();
    const sim = simulate(internet);
    await sim.ask('www.other.test.');
    internet.misbehave('victim.test.', silent);
    const at: number[] = [];
    const started = internet.clock.now();
    // 2,000 queries over two seconds for names that nobody answers.
    for (let tick = 0; tick < 40; tick++) {
      for (let i = 0; i < 50; i++)
        void sim
          .start(`b${tick}x${i}.victim.test.`, 'A', some(i))
          .then(() => at.push(internet.clock.now() - started));
      await sim.pass(50);
    }
    await sim.pass(12_000);
    let most = 0;
    for (const each of at)
      most = Math.max(most, at.filter((other) => other >= each && other < each + 100).length);
    t.equal(at.length, 2000);
    // 100 were asked in each 100 ms.
    t.ok(most <= 2 * 100, `${most} replies in 100 ms`);
  },
);
