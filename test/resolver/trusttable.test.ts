/** What is known of zones on the chain of trust, and when it is forgotten. */
import t from 'tap';
import type { Cached } from '../../src/cache/records.ts';
import { Budget } from '../../src/resolver/budget.ts';
import type { NegativeTrustAnchor, RecursionSettings } from '../../src/resolver/settings.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameEquals, nameFromText } from '../../src/wire/name.ts';
import { Internet } from '../support/internet.ts';
import { makeKey } from '../support/sign.ts';
import { finish } from '../support/simnet.ts';
import { type SimulatedResolver, simulate } from '../support/simulate.ts';

const TEXT = Array.from({ length: 9 }, (_, i) => `w${i} 60 A 192.0.2.${i + 1}`).join('\n');

function world(): Internet {
  const internet = new Internet();
  for (const name of ['test.', 'corp.test.']) internet.zone(name, { sign: {}, text: TEXT });
  return internet;
}

/** Questions for these types that any server got: for links of the chain of trust, unless told otherwise. */
function questions(internet: Internet, types: readonly string[] = ['DNSKEY', 'DS']): number {
  const queries = [...internet.hosts].flatMap((host) => host.queries);
  return queries.filter(({ type }) => types.includes(type)).length;
}

t.test('keys that were fetched for the chain are given to clients with all their signatures', async (t) => {
  const internet = new Internet();
  internet.zone('test.', { sign: {}, text: TEXT });
  // Signed by two, as while the algorithm rolls over.
  for (const host of internet.hostsOf('test.'))
    host.options = {
      edit: (packet) => {
        const sig = packet.answer.find((rr) => rr.type === TYPE.RRSIG && rr.rdata[1] === TYPE.DNSKEY);
        if (sig === undefined) return packet;
        const rdata = sig.rdata.slice();
        // Algorithm 250 is nobody's.
        rdata[2] = 250;
        return { ...packet, answer: [...packet.answer, { ...sig, rdata }] };
      },
    };
  const signatures = async (sim: SimulatedResolver): Promise<number> =>
    (await sim.ask('test.', 'DNSKEY')).message.answer.filter((rr) => rr.type === TYPE.RRSIG).length;
  const cold = simulate(internet);
  const asked = await signatures(cold);
  const warm = simulate(internet);
  t.ok((await warm.ask('w0.test.')).ad);
  const before = internet.packets;
  t.equal(await signatures(warm), asked);
  t.equal(internet.packets, before, 'out of the cache');
  t.ok(asked > 1);
});

t.test('a reload forgets what is known of zones only where it brings other anchors', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  // As a snapshot travels to a worker: the same content, and nothing of it the same object.
  const reload = (change: Partial<RecursionSettings> = {}): void =>
    sim.resolver.configure({ recursion: structuredClone({ ...sim.snapshot.recursion, ...change }) });
  reload();
  t.match(await sim.ask('w0.corp.test.'), { rcode: 'NOERROR', ad: true });
  const asked = questions(internet);
  t.ok(asked > 0);
  reload();
  t.match(await sim.ask('w1.corp.test.'), { rcode: 'NOERROR', ad: true });
  t.equal(questions(internet), asked, 'the same anchors: nothing is asked again');

  const nta: NegativeTrustAnchor = { domain: nameFromText('corp.test.'), until: undefined, reason: 'a test' };
  reload({ ntas: [nta] });
  t.match(await sim.ask('w2.corp.test.'), { rcode: 'NOERROR', ad: false }, 'another negative anchor counts');
  reload({ ntas: [nta] });
  t.match(await sim.ask('w3.corp.test.'), { rcode: 'NOERROR', ad: false });
  reload();
  t.match(await sim.ask('w4.corp.test.'), { rcode: 'NOERROR', ad: true }, 'and that it is gone');
  t.ok(questions(internet) > asked);

  const [anchor] = internet.anchors;
  const digest = anchor!.ds[0]!.slice();
  digest[digest.length - 1]! ^= 1;
  reload({ anchors: [{ ...anchor!, ds: [digest] }] });
  t.match(await sim.ask('w5.corp.test.'), { rcode: 'SERVFAIL' }, 'one octet of an anchor');
});

/** DS records in the cache. */
function keptDs(sim: SimulatedResolver): Cached | undefined {
  const name = nameFromText('corp.test.');
  const known = sim.cache.dump(1_000).find((each) => each.type === TYPE.DS && nameEquals(each.name, name));
  return known?.cached;
}

/** The keys of corp.test. are known for ten seconds, and the DS records above them for an hour. */
function shortenKeys(internet: Internet): void {
  for (const host of internet.hostsOf('corp.test.'))
    host.options = {
      edit: (packet) => ({
        ...packet,
        answer: packet.answer.map((rr) => (rr.type === TYPE.DNSKEY ? { ...rr, ttl: 10 } : rr)),
      }),
    };
}

t.test('what the referral said of keys is held against them as often as they run out', async (t) => {
  const internet = new Internet();
  internet.zone('test.', { sign: {}, text: TEXT });
  internet.zone('corp.test.', { sign: {}, text: TEXT });
  internet.zone('open.test.', { text: TEXT });
  shortenKeys(internet);
  const sim = simulate(internet);
  for (let i = 0; i < 3; i++) {
    t.match(await sim.ask(`w${i}.corp.test.`), { ad: true });
    t.match(await sim.ask(`w${i}.open.test.`), { rcode: 'NOERROR', ad: false });
    await sim.pass(20_000);
  }
  t.ok(questions(internet, ['DNSKEY']) >= 5);
  t.equal(questions(internet, ['DS']), 0);

  // Trust is forgotten, the delegations are not: of the one that is not signed its parent is asked.
  const nta: NegativeTrustAnchor = {
    domain: nameFromText('beside.test.'),
    until: undefined,
    reason: 'a test',
  };
  sim.resolver.configure({ recursion: { ...sim.snapshot.recursion, ntas: [nta] } });
  for (let i = 3; i < 5; i++) {
    t.match(await sim.ask(`w${i}.corp.test.`), { ad: true });
    t.match(await sim.ask(`w${i}.open.test.`), { rcode: 'NOERROR', ad: false });
  }
  t.equal(questions(internet, ['DS']), 1);

  // The cache had no room for the records: the parent has them.
  t.equal(sim.cache.flush(nameFromText('corp.test.'), 'name'), 2, 'DNSKEY and DS');
  await sim.pass(20_000);
  t.match(await sim.ask('w5.corp.test.'), { ad: true });
  t.equal(questions(internet, ['DS']), 2);
  await sim.pass(20_000);
  t.match(await sim.ask('w6.corp.test.'), { ad: true });
  t.equal(questions(internet, ['DS']), 2, 'and it has them again');
});

t.test(
  'keys that are not those of the DS records that were kept: the parent is asked for others',
  async (t) => {
    const internet = world();
    shortenKeys(internet);
    const sim = simulate(internet);
    t.match(await sim.ask('w0.corp.test.'), { ad: true });
    // Rolled over at once, as nobody should, long before the DS records run out.
    const zone = internet.zoneOf('corp.test.');
    zone.signing = { keys: [makeKey(zone.name, { flags: 257, seed: 'another' })] };
    for (const each of [zone, internet.zoneOf('test.')]) each.changed();
    await sim.pass(100_000);
    t.match(await sim.ask('w1.corp.test.'), { rcode: 'NOERROR', ad: true });
    t.equal(questions(internet, ['DS']), 1);
  },
);

t.test('a zone that is not signed any more: its old DS records are not gone back to', async (t) => {
  const internet = world();
  shortenKeys(internet);
  const zone = internet.zoneOf('corp.test.');
  const sim = simulate(internet, { path: { serveStale: false } });
  t.match(await sim.ask('w0.corp.test.'), { ad: true });
  await sim.pass(301_000);
  zone.signing = undefined;
  for (const each of [zone, internet.zoneOf('test.')]) each.changed();
  internet.misbehave(
    'corp.test.',
    (honest) => (query) => (query.type === 'DNSKEY' ? undefined : honest(query)),
  );
  // With the keys its servers are asked anew for, and with them the parent.
  for (let i = 0; i < 10 && (await sim.ask(`y${i}.corp.test.`)).rcode === 'SERVFAIL'; i++)
    await sim.pass(5_000);
  t.match(keptDs(sim), { state: 'fresh', security: 'secure' });
  const before = questions(internet, ['DNSKEY']);
  // That it is insecure is known in whole seconds, and ends a moment before the delegation does.
  for (let i = 0; i < 400; i++) {
    const { rcode, ad } = await sim.ask(`x${i}.corp.test.`);
    if (rcode !== 'NXDOMAIN' || ad) t.fail(`${rcode} ${ad} after ${i} questions`);
    await sim.pass(1_700);
  }
  t.equal(questions(internet, ['DNSKEY']) - before, 0);
});

t.test(
  'DS records that are kept last as long as they came for, however often keys are held against them',
  async (t) => {
    const internet = world();
    for (const host of internet.hostsOf('corp.test.'))
      host.options = {
        edit: (packet) => ({
          ...packet,
          answer: packet.answer.map((rr) => (rr.type === TYPE.DNSKEY ? { ...rr, ttl: 0 } : rr)),
        }),
      };
    const sim = simulate(internet);
    for (let i = 0; i < 40; i++) {
      t.match(await sim.ask(`x${i}.corp.test.`), { rcode: 'NXDOMAIN', ad: true });
      await sim.pass(100);
    }
    const { left } = keptDs(sim)!;
    t.ok(left >= 3580, `${left} seconds are left`);
  },
);

t.test('a zone that is insecure because nobody here can check its proofs: who asks is told so', async (t) => {
  const internet = new Internet();
  internet.zone('test.', { sign: { denial: { iterations: 51 } } });
  internet.zone('open.test.', { text: TEXT });
  internet.zone('corp.test.', { text: TEXT });
  const sim = simulate(internet);
  // RFC 9276 section 3.2; that of a zone above is told of the zones below it.
  for (const name of ['w0.open.test.', 'w1.open.test.', 'w0.corp.test.']) {
    const { rcode, ad, ede } = await sim.ask(name);
    t.match({ rcode, ad, ede }, { rcode: 'NOERROR', ad: false, ede: [{ code: 27 }] }, name);
    t.match(ede[0]!.text, new RegExp(`^${name.slice(3)}: .*iterations`));
  }
  const cached = await sim.ask('w0.open.test.');
  t.match(cached, { rcode: 'NOERROR', ad: false, work: { packets: 0 } });
  const other = new Internet();
  other.zone('test.', { sign: {} });
  other.zone('open.test.', { text: TEXT });
  t.same(
    (await simulate(other).ask('w0.open.test.')).ede,
    [],
    'of one that is not signed there is nothing to tell',
  );
});

t.test('the chain of trust is told to who wants it, from servers and from the cache', async (t) => {
  const internet = world();
  internet.zone('open.test.', { text: TEXT });
  const sim = simulate(internet);
  const path = sim.snapshot.paths.find(({ kind }) => kind === 'recursive')!;
  const chainOf = async (name: string, wantsChain = true) => {
    const budget = new Budget(internet.clock.now());
    const request = { name: nameFromText(name), type: TYPE.A, path, budget, tokens: [], wantsChain };
    const { chain } = await finish(internet.clock, Promise.resolve(sim.resolver.resolve(request)));
    return chain?.map(({ zone, outcome, by }) => `${zone} ${outcome} ${by}`);
  };
  const secure = ['. secure anchor', 'test. secure ds', 'corp.test. secure ds'];
  t.same(await chainOf('w0.corp.test.'), secure);
  t.same(await chainOf('w0.corp.test.'), secure, 'from the cache');
  t.equal(await chainOf('w1.corp.test.', false), undefined);
  t.same(await chainOf('w0.open.test.'), [...secure.slice(0, 2), 'open.test. insecure no-ds']);
});

t.test('where the chain broke is told as long as the failure is remembered', async (t) => {
  for (const fault of ['expired', 'bad-ds'] as const) {
    const internet = world();
    internet.break('corp.test.', fault);
    const sim = simulate(internet);
    const path = sim.snapshot.paths.find(({ kind }) => kind === 'recursive')!;
    const ask = () => {
      const budget = new Budget(internet.clock.now());
      const request = { name: nameFromText('w0.corp.test.'), type: TYPE.A, path, budget, tokens: [] };
      const asked = sim.resolver.resolve({ ...request, wantsChain: true });
      return finish(internet.clock, Promise.resolve(asked));
    };
    const fresh = await ask();
    const again = await ask();
    t.equal(again.source, 'failure-cache');
    t.same(again.ede[0], fresh.ede[0], fault);
    t.same(again.chain, fresh.chain);
    const last = again.chain?.at(-1);
    t.equal(last?.outcome, 'bogus');
    t.match(last?.why, /corp\.test\..*\bRRSIG|corp\.test\.: no DNSKEY/);
  }
});

t.test('keys that a query waits for, and whose is the budget that does not reach', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  await sim.ask('w0.test.');
  const path = sim.snapshot.paths.find(({ kind }) => kind === 'recursive')!;
  const ask = (name: string, packets: number) => {
    const budget = new Budget(internet.clock.now());
    while (budget.left.packets > packets) budget.takePacket(internet.clock.now());
    const request = { name: nameFromText(name), type: TYPE.A, path, budget, tokens: [] };
    return finish(internet.clock, Promise.resolve(sim.resolver.resolve(request)));
  };
  // A referral and the answer; the keys would be the third.
  const [poor, rich] = await Promise.all([ask('w0.corp.test.', 2), ask('w1.corp.test.', 200)]);
  t.match(poor, { outcome: 'failure' });
  t.match(rich, { outcome: 'answer', security: 'secure' });
  t.equal(questions(internet, ['DNSKEY']), 3, 'of the root, test. and corp.test., once each');
});
