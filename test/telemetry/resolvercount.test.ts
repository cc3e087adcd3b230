/** What the resolver meets, as the daemon's metrics tell it. */
import t from 'tap';
import { Attempt } from '../../src/resolver/attempt.ts';
import { Budget } from '../../src/resolver/budget.ts';
import { Candidate } from '../../src/resolver/candidate.ts';
import { HedgeAllowance } from '../../src/resolver/select.ts';
import { Targets } from '../../src/resolver/target.ts';
import { countResolver } from '../../src/server/resolvercount.ts';
import { type CounterKey, daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { OPTION, TYPE } from '../../src/wire/constants.ts';
import { type Edns, ednsLength, writeEdns } from '../../src/wire/edns.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { only, silent } from '../support/hostile.ts';
import { Internet } from '../support/internet.ts';
import { reply, SimNet, type SimQuery } from '../support/simnet.ts';
import { simulate } from '../support/simulate.ts';

function meters() {
  const counters = daemonCounters(1);
  const count = countResolver(new Metrics(counters.block(0)));
  return { count, sum: (key: CounterKey) => counters.sum(key) };
}

const RETRIES = [
  'retriesWrongId',
  'retriesCase',
  'retriesCookie',
  'retriesOversize',
  'retriesTruncated',
  'retriesMalformed',
  'retriesEdns',
  'retriesWithoutEdns',
] as const;

/** Which retries are counted when a server is asked that behaves so by UDP, and well by TCP. */
function retriesOf(byUdp: (query: SimQuery) => Uint8Array, signed: boolean): CounterKey[] {
  const clock = new ManualClock();
  const prng = new SeededPrng(7);
  const net = new SimNet(clock, prng);
  const server = net.server('192.0.2.53', (query) =>
    query.reply(query.protocol === 'udp' ? byUdp(query) : reply(query, { answer: [WWW] })),
  );
  const targets = new Targets();
  const { count, sum } = meters();
  const env = { clock, prng, transport: net, targets, hedges: new HedgeAllowance(), count };
  const target = targets.of({ address: server.address, port: server.port, protocol: 'do53' });
  const question = {
    name: nameFromText('www.corp.test.'),
    type: TYPE.A,
    recursionDesired: false,
    case0x20: true,
    sources: [],
    options: [],
    deadline: Number.POSITIVE_INFINITY,
    cookies: true,
    signed,
  };
  const nobody = { late: noop, replied: noop, failed: noop, suspect: noop };
  new Attempt(env, new Candidate(target), question, new Budget(0), nobody);
  clock.advance(9_000);
  return RETRIES.flatMap((key) => Array.from({ length: sum(key) }, () => key));
}

const noop = (): void => undefined;
const WWW = 'www.corp.test. 300 A 192.0.2.1';

/** A reply with the cookie of someone else. */
function withWrongCookie(query: SimQuery): Uint8Array {
  const plain = reply(query, { answer: [WWW] });
  const options = [{ code: OPTION.COOKIE, data: new Uint8Array(16).fill(1) }];
  const edns: Edns = { payload: 1232, version: 0, dnssecOk: false, options };
  const out = new Uint8Array(plain.length + ednsLength(options));
  out.set(plain);
  out[11] = 1;
  writeEdns(out, plain.length, edns, 0);
  return out;
}

const withoutEdns = (query: SimQuery): Uint8Array => reply(query, { rcode: 'FORMERR' });

t.test('a question that is asked again counts once, under what was wrong with the reply', async (t) => {
  t.same(retriesOf(withWrongCookie, false), ['retriesCookie']);
  t.same(retriesOf(withoutEdns, true), ['retriesEdns']);
  t.same(retriesOf(withoutEdns, false), ['retriesWithoutEdns']);
  t.same(
    retriesOf((query) => reply(query, { answer: [WWW], id: query.message.id ^ 1 }), false),
    ['retriesWrongId'],
  );
});

t.test('signature checks are counted, and answers that fail them', async (t) => {
  const { count, sum } = meters();
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, sign: {} });
  for (const zone of ['good.test.', 'bad.test.'])
    internet.zone(zone, { servers: 1, sign: {}, text: 'www A 192.0.2.1' });
  internet.break('bad.test.', 'expired');
  const sim = simulate(internet, { resolver: { count } });
  t.match(await sim.ask('www.good.test.', 'A'), { rcode: 'NOERROR', ad: true });
  t.equal(sum('dnssecBogus'), 0);
  t.equal(sum('dnssecVerifies'), sim.resolver.verifies);
  t.ok(sim.resolver.verifies >= 4, 'keys of three zones, DS, and the answer');
  t.match(await sim.ask('www.bad.test.', 'A'), { rcode: 'SERVFAIL' });
  t.equal(sum('dnssecBogus'), 1);
  t.equal(sum('resolutionFailures'), 1);
  await sim.ask('www.bad.test.', 'A');
  t.equal(sum('dnssecBogus'), 1, 'what is remembered to be bogus is not found to be so again');
});

t.test('what is answered SERVFAIL for load has an answer: it is no drop', async (t) => {
  const { count, sum } = meters();
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, text: 'www A 192.0.2.1' });
  internet.misbehave('test.', silent);
  const sim = simulate(internet, { resolver: { count } });
  const asking = Array.from({ length: 101 }, () => sim.start('www.test.', 'A'));
  await sim.pass(11_000);
  for (const reply of await Promise.all(asking)) t.equal(reply.rcode, 'SERVFAIL');
  t.equal(sum('refusedQuestion'), 1, 'a hundred wait for one question');
  t.equal(sum('droppedOverload'), 0);
});

t.test('servers that do not serve what is delegated to them are counted', async (t) => {
  const { count, sum } = meters();
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1 });
  internet.zone('corp.test.', { servers: 2, text: 'www A 192.0.2.1' });
  internet.zone('gone.test.', { servers: 2, text: 'www A 192.0.2.1' });
  internet.misbehave('gone.test.', only('REFUSED'));
  const sim = simulate(internet, { resolver: { count } });
  t.match(await sim.ask('www.corp.test.', 'A'), { rcode: 'NOERROR' });
  t.equal(sum('upstreamLame'), 0);
  t.match(await sim.ask('www.gone.test.', 'A'), { rcode: 'SERVFAIL' });
  t.equal(sum('upstreamLame'), 2, 'each of the two');
});
