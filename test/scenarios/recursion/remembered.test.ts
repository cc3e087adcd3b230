/** What is remembered of a zone that was bogus, and of one that is another since: failures, expired data, keys. */
import t from 'tap';
import { TYPE } from '../../../src/wire/constants.ts';
import { nameFromText, ROOT } from '../../../src/wire/name.ts';
import { Internet } from '../../support/internet.ts';
import { makeKey } from '../../support/sign.ts';
import { type SimulatedResolver, simulate } from '../../support/simulate.ts';

function world(): Internet {
  const internet = new Internet();
  internet.zone('test.', { sign: {}, text: 'www A 192.0.2.1\nother A 192.0.2.2' });
  internet.zone('corp.test.', { sign: {}, text: '$TTL 60\nwww A 192.0.2.3' });
  return internet;
}

t.test('expired data stand in for a bogus answer neither the first time nor any other', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  t.ok((await sim.ask('www.corp.test.')).ad);
  await sim.pass(100_000);
  internet.break('corp.test.', 'wrong-signature');
  for (const seconds of [0, 1, 4, 10, 30]) {
    await sim.pass(1000 * seconds);
    const { rcode, answer } = await sim.ask('www.corp.test.');
    t.equal(rcode, 'SERVFAIL', `${seconds} s later`);
    t.same(answer, []);
  }
});

t.test('a bogus name, of which who says CD was given all there is, costs nobody else anything', async (t) => {
  const internet = world();
  internet.break('corp.test.', 'wrong-signature');
  const sim = simulate(internet);
  await sim.ask('www.corp.test.');
  t.equal((await sim.ask('www.corp.test.', 'A', { checkingDisabled: true })).rcode, 'NOERROR');
  const { rcode, work } = await sim.ask('www.corp.test.');
  t.equal(rcode, 'SERVFAIL');
  t.same([work.packets, work.verifies], [0, 0]);
});

function flush(sim: SimulatedResolver): void {
  sim.resolver.flush(ROOT, 'subtree', () => true);
  sim.cache.flush(ROOT, 'subtree');
}

t.test('a flush forgets where zone cuts are not, too', async (t) => {
  const internet = world();
  internet.zone('a.b.test.', { text: 'www A 192.0.2.4' });
  const sim = simulate(internet);
  t.equal((await sim.ask('www.a.b.test.')).rcode, 'NOERROR', 'b.test. is no zone');
  internet.zone('b.test.', { sign: {}, text: 'www A 192.0.2.5' });
  await sim.pass(10_000);
  flush(sim);
  const { ad, answer } = await sim.ask('www.b.test.');
  t.ok(ad, 'and now it is');
  t.same(answer, ['www.b.test. a 192.0.2.5']);
});

t.test('keys that were asked for under an anchor that is gone are not trusted', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  const pending = sim.start('www.test.', 'A');
  const isAsked = (): boolean =>
    internet.hostsOf('.').some(({ queries }) => queries.some(({ type }) => type === 'DNSKEY'));
  for (let ms = 0; ms < 1000 && !isAsked(); ms++) await sim.pass(1);
  t.ok(isAsked(), 'the keys of the root are on their way');
  const other = makeKey(ROOT, { flags: 257 });
  const anchors = [{ zone: ROOT, ds: [], dnskey: [other.rdata] }];
  sim.resolver.configure({ recursion: { ...sim.snapshot.recursion, anchors } });
  await sim.pass(3000);
  await pending;
  const { rcode } = await sim.ask('other.test.');
  t.equal(rcode, 'SERVFAIL', 'the root has no key that the new anchor stands for');
});

t.test('what a negative trust anchor let pass is validated when that ends, whatever its TTL', async (t) => {
  const internet = world();
  internet.zone('long.test.', { sign: {}, text: '$TTL 86400\nwww A 192.0.2.6' });
  internet.break('long.test.', 'wrong-signature');
  const until = internet.clock.wall() + 60_000;
  const ntas = [{ domain: nameFromText('long.test.'), until, reason: 'a test' }];
  const sim = simulate(internet, { settings: { ntas } });
  const passed = await sim.ask('www.long.test.');
  t.equal(passed.rcode, 'NOERROR');
  const [rr] = passed.message.answer.filter(({ type }) => type === TYPE.A);
  t.ok(rr!.ttl <= 60, `TTL ${rr!.ttl}`);
  const denied = await sim.ask('nothing.long.test.');
  t.equal(denied.rcode, 'NXDOMAIN');
  t.ok(denied.message.authority[0]!.ttl <= 60, 'what is denied, too');
  await sim.pass(61_000);
  t.equal((await sim.ask('www.long.test.')).rcode, 'SERVFAIL');
  t.equal((await sim.ask('nothing.long.test.')).rcode, 'SERVFAIL');
});

t.test(
  'keys are trusted no longer than the DS records that stand for them, whatever their own TTL',
  async (t) => {
    const internet = world();
    internet.zone('brief.test.', { sign: {}, text: '* A 192.0.2.7' }).delegation.ttl = 60;
    const sim = simulate(internet);
    t.ok((await sim.ask('a.brief.test.')).ad);
    internet.break('brief.test.', 'bad-ds');
    await sim.pass(30_000);
    t.ok((await sim.ask('b.brief.test.')).ad, 'the parent is not asked yet');
    await sim.pass(31_000);
    t.equal((await sim.ask('c.brief.test.')).rcode, 'SERVFAIL');
  },
);
