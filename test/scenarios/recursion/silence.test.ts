/** Servers that fall silent, and come back: how often they are asked meanwhile, and when their parent is. */
import t from 'tap';
import { ZONE_FETCHES_MAX } from '../../../src/resolver/fetchcap.ts';
import { EDE, TYPE } from '../../../src/wire/constants.ts';
import { only, silent } from '../../support/hostile.ts';
import { type Host, Internet } from '../../support/internet.ts';
import { clientAt } from '../../support/pipeline.ts';
import { type Answered, type SimulatedResolver, simulate } from '../../support/simulate.ts';

const asked = (hosts: readonly Host[]): number => hosts.reduce((sum, host) => sum + host.queries.length, 0);

function world(servers: number): Internet {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('far.test.', { servers, text: '* A 192.0.2.1' });
  return internet;
}

/** Nothing stale, so that who asks sees what there is. */
const simulateFresh = (internet: Internet): SimulatedResolver =>
  simulate(internet, { path: { serveStale: false } });

/** `far.test.` has two servers, and one of them has replied. */
async function known(): Promise<{ internet: Internet; sim: SimulatedResolver }> {
  const internet = world(2);
  const sim = simulateFresh(internet);
  await sim.ask('www.far.test.');
  return { internet, sim };
}

/** `count` names, one each `ms`. */
async function stream(sim: SimulatedResolver, label: string, count: number, ms: number): Promise<Answered[]> {
  const pending: Promise<Answered>[] = [];
  for (let i = 0; i < count; i++) {
    pending.push(sim.start(`${label}${i}.far.test.`, 'A', { from: clientAt(`10.1.${i % 200}.1`, 'tcp') }));
    await sim.pass(ms);
  }
  await sim.pass(11_000);
  return Promise.all(pending);
}

t.test(
  'a zone known to be dead, 50 names in 5 s: three packets to each server, the parent once in 10 s',
  async (t) => {
    const { internet, sim } = await known();
    internet.misbehave('far.test.', silent);
    const servers = internet.hostsOf('far.test.');
    const parents = internet.hostsOf('test.');
    await sim.ask('first.far.test.');
    await sim.pass(11_000);
    const before = servers.map((host) => host.queries.length);
    const above = asked(parents);
    const begun = internet.clock.now();
    await stream(sim, 'n', 50, 100);
    for (const [i, host] of servers.entries()) {
      const queries = host.queries.slice(before[i]!);
      const most = Math.max(
        0,
        ...queries.map(({ at }) => queries.filter((q) => q.at >= at && q.at < at + 5000).length),
      );
      t.ok(most <= 3, `${most} in five seconds, ${queries.length} in ${internet.clock.now() - begun} ms`);
    }
    t.ok(asked(parents) - above <= 2, `${asked(parents) - above} at the parent`);
  },
);

t.test('a burst of 50 names in one turn is one silence, and is over when the servers are back', async (t) => {
  const { internet, sim } = await known();
  await sim.pass(20_000);
  internet.misbehave('far.test.', silent);
  await stream(sim, 'n', 50, 0);
  internet.misbehave('far.test.', undefined);
  const { rcode, ede } = await sim.ask('back.far.test.');
  t.equal(rcode, 'NOERROR', ede.map(({ text }) => text).join());
});

t.test(
  'ten minutes of silence, asked all the time, and a question five seconds after it: answered',
  async (t) => {
    const { internet, sim } = await known();
    internet.misbehave('far.test.', silent);
    const servers = internet.hostsOf('far.test.');
    await stream(sim, 'n', 600, 1000);
    for (const { queries } of servers) {
      const late = queries.filter(({ at }) => at > internet.clock.now() - 300_000);
      t.ok(late.length > 0 && late.length <= 300 / 5, `${late.length} packets in the last five minutes`);
    }
    internet.misbehave('far.test.', undefined);
    await sim.pass(5000);
    t.equal((await sim.ask('back.far.test.')).rcode, 'NOERROR');
  },
);

t.test('one of two servers is dead: it is asked less and less, and nobody waits for it', async (t) => {
  const { internet, sim } = await known();
  await sim.pass(20_000);
  const [dead] = internet.hostsOf('far.test.');
  dead!.wrap = silent;
  const begun = internet.clock.now();
  const answers = await stream(sim, 'n', 600, 1000);
  t.notOk(answers.some(({ rcode }) => rcode !== 'NOERROR'));
  const late = dead!.queries.filter(({ at }) => at > begun + 300_000);
  t.ok(late.length <= 2, `${late.length} packets in the last five minutes`);
  t.ok(answers.filter(({ work }) => work.ms > 100).length <= 10, 'a handful waited');
});

t.test('a server that drops AAAA: addresses are answered, whoever asks for what', async (t) => {
  const internet = world(1);
  const [host] = internet.hostsOf('far.test.');
  host!.wrap = (honest) => (query) => (query.type === 'AAAA' ? undefined : honest(query));
  const sim = simulateFresh(internet);
  for (let i = 0; i < 20; i++) {
    void sim.start(`n${i}.far.test.`, 'AAAA');
    t.equal((await sim.ask(`n${i}.far.test.`)).rcode, 'NOERROR', `${i}`);
    await sim.pass(3000);
  }
});

t.test('a name that the only server drops: a while later three others are asked at once', async (t) => {
  const internet = world(1);
  const [host] = internet.hostsOf('far.test.');
  host!.wrap = (honest) => (query) => (/^bad/i.test(query.name) ? undefined : honest(query));
  const sim = simulateFresh(internet);
  t.equal((await sim.ask('www.far.test.')).rcode, 'NOERROR');
  t.equal((await sim.ask('bad.far.test.')).rcode, 'SERVFAIL');
  await sim.pass(9_000);
  const rcodes = await Promise.all(
    ['a', 'b', 'c'].map(async (label) => (await sim.ask(`${label}.far.test.`)).rcode),
  );
  t.same(rcodes, ['NOERROR', 'NOERROR', 'NOERROR']);
});

t.test('a delegation learned a moment ago is not asked for again, whatever its servers do', async (t) => {
  const internet = world(2);
  internet.misbehave('far.test.', silent);
  const sim = simulateFresh(internet);
  await sim.ask('www.test.');
  const above = asked(internet.hostsOf('test.'));
  await sim.ask('a.far.test.');
  t.equal(asked(internet.hostsOf('test.')) - above, 1, 'the referral');
});

t.test(
  'an old delegation whose servers refuse is asked for once; one that fails a question is not',
  async (t) => {
    for (const [rcode, atParent] of [
      ['REFUSED', 1],
      ['SERVFAIL', 0],
    ] as const) {
      const internet = world(4);
      const sim = simulateFresh(internet);
      await sim.ask('www.far.test.');
      await sim.pass(20_000);
      internet.misbehave('far.test.', only(rcode));
      const above = asked(internet.hostsOf('test.'));
      t.equal((await sim.ask('a.far.test.')).rcode, 'SERVFAIL');
      t.equal(asked(internet.hostsOf('test.')) - above, atParent, rcode);
    }
  },
);

t.test('a zone that moved while its old servers fell silent is found again by its parent', async (t) => {
  const internet = world(1);
  const sim = simulateFresh(internet);
  await sim.ask('www.far.test.');
  await sim.pass(20_000);
  internet.misbehave('far.test.', silent);
  const [old] = internet.hostsOf('far.test.');
  const before = old!.queries.length;
  const zone = internet.zoneOf('far.test.');
  const host = internet.host('ns9.far.test.');
  host.zones.push(zone);
  zone.ns = ['ns9.far.test.'];
  zone.changed();
  internet.zoneOf('test.').changed();
  await sim.ask('a.far.test.');
  await sim.pass(1000);
  t.equal((await sim.ask('b.far.test.')).rcode, 'NOERROR');
  t.equal(
    old!.queries.length - before,
    4,
    'one question had to find out, and that it was not its name alone',
  );
});

t.test(
  'names two labels below a silent zone: the failure is kept, and the parent is asked too',
  async (t) => {
    const internet = world(1);
    const sim = simulateFresh(internet);
    await sim.ask('www.far.test.');
    await sim.pass(20_000);
    internet.misbehave('far.test.', silent);
    const above = asked(internet.hostsOf('test.'));
    await sim.ask('a.sub.far.test.');
    await sim.pass(2000);
    t.equal(asked(internet.hostsOf('test.')) - above, 1, 'the delegation may have changed');
    const { ede } = await sim.ask('a.sub.far.test.');
    t.match(ede, [{ code: 22 }, { code: EDE.CACHED_ERROR }]);
  },
);

for (const [what, afterMs, wrap] of [
  ['whose servers all refuse', 20_000, only('REFUSED')],
  ['that is over', 4_000_000, undefined],
] as const)
  t.test(
    `a delegation ${what}, 100 names in one turn: the parent is asked a few times, not by each`,
    async (t) => {
      const internet = world(2);
      const sim = simulateFresh(internet);
      await sim.ask('www.far.test.');
      await sim.pass(afterMs);
      await sim.ask('www.test.');
      internet.misbehave('far.test.', wrap);
      const above = asked(internet.hostsOf('test.'));
      await stream(sim, 'n', 100, 0);
      const sent = asked(internet.hostsOf('test.')) - above;
      t.ok(sent > 0);
      t.ok(sent <= 3, `${sent} at the parent`);
    },
  );

t.test(
  `a delegation of TTL 0, 1,000 names at once: ${ZONE_FETCHES_MAX} are out, however often it is learned`,
  async (t) => {
    const internet = world(1);
    for (const host of internet.hostsOf('test.'))
      host.options = {
        edit: (packet) => {
          packet.authority = packet.authority.map((rr) => (rr.type === TYPE.NS ? { ...rr, ttl: 0 } : rr));
          return packet;
        },
      };
    const sim = simulateFresh(internet);
    await sim.ask('www.test.');
    internet.misbehave('far.test.', silent);
    for (let i = 0; i < 1000; i++)
      void sim.start(`n${i}.far.test.`, 'A', { from: clientAt(`10.1.${i % 200}.1`, 'tcp') });
    await sim.pass(200);
    const names = new Set(
      internet.hostsOf('far.test.').flatMap(({ queries }) => queries.map(({ name }) => name.toLowerCase())),
    );
    t.ok(names.size <= ZONE_FETCHES_MAX, `${names.size} names`);
    t.ok(names.size > 0);
    await sim.pass(12_000);
  },
);

for (const [servers, lostMs] of [
  [1, 300],
  [1, 700],
  [1, 1000],
  [2, 1500],
] as const)
  t.test(
    `packets are lost for ${lostMs} ms while browsers ask a zone of ${servers} for the first time: all is answered`,
    async (t) => {
      const internet = world(servers);
      const sim = simulateFresh(internet);
      await sim.ask('www.test.');
      internet.misbehave('far.test.', silent);
      const pending: Promise<Answered>[] = [];
      const browser = (label: string): void => {
        for (const type of ['A', 'AAAA', 'HTTPS']) pending.push(sim.start(`${label}.far.test.`, type));
      };
      for (let ms = 0; ms < lostMs; ms += 100) {
        browser(`n${ms}`);
        await sim.pass(100);
      }
      internet.misbehave('far.test.', undefined);
      browser('after');
      await sim.pass(11_000);
      const answers = await Promise.all(pending);
      t.equal(answers.filter(({ rcode }) => rcode !== 'NOERROR').length, 0, `of ${answers.length}`);
      t.ok(answers.every(({ work }) => work.ms <= 3_500));
    },
  );

t.test('a route that is lost and found again: the next question is answered', async (t) => {
  const { internet, sim } = await known();
  await sim.pass(1000);
  const servers = [...internet.hosts].flatMap((host) => host.servers);
  for (const server of servers) server.state = 'no-route';
  t.equal((await sim.ask('down.far.test.')).rcode, 'SERVFAIL');
  await sim.pass(100);
  for (const server of servers) server.state = 'up';
  for (const name of ['a.far.test.', 'new.test.', 'b.far.test.']) {
    const { rcode, ede } = await sim.ask(name);
    t.not(rcode, 'SERVFAIL', `${name} ${ede.map(({ text }) => text)}`);
  }
});
