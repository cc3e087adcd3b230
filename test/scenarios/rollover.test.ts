/** The root changes its key under a resolver that follows it, and under one that does not. */
import t from 'tap';
import { Anchors } from '../../src/control/anchors.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { Internet } from '../support/internet.ts';
import { makeKey, REVOKE, type SigningKey, signedKeys, withFlags } from '../support/sign.ts';
import { finish } from '../support/simnet.ts';
import { type SimulatedResolver, simulate } from '../support/simulate.ts';

const DAY_MS = 86_400_000;

/** The root’s servers give these keys from now on; its data are signed as before. */
function publish(internet: Internet, keys: readonly SigningKey[], signers: readonly SigningKey[]): void {
  const set = signedKeys(keys, signers);
  const rr = (type: number) => (rdata: Uint8Array) => ({
    name: set.name,
    type,
    class: 1,
    ttl: set.ttl,
    rdata,
  });
  const answer = [...set.rdatas.map(rr(TYPE.DNSKEY)), ...set.sigs!.map(rr(TYPE.RRSIG))];
  for (const host of internet.hostsOf('.'))
    host.options = {
      edit: (packet, query) =>
        query.message.question!.type === TYPE.DNSKEY ? { ...packet, answer } : packet,
    };
}

/** As the control thread does, without its thread. */
function follow(sim: SimulatedResolver): { days(count: number): Promise<void> } {
  const { internet, resolver, snapshot } = sim;
  const path = snapshot.paths.find(({ kind }) => kind === 'recursive')!;
  const anchors: Anchors = new Anchors({
    // It looks when it is told to, so that whole days pass at once.
    clock: { wall: () => internet.clock.wall(), every: () => ({ cancel: () => undefined }) },
    log: createLogger({ thread: 'control', write: () => undefined }),
    file: { path: '', read: () => [], write: () => undefined, setAside: () => '' },
    fetch: (zone) => resolver.fetchKeys(path, zone),
    looked: () => {
      const recursion = { ...snapshot.recursion, anchors: anchors.inForce(internet.anchors) };
      resolver.configure({ recursion });
    },
  });
  anchors.configure(internet.anchors, { sha1: false });
  return {
    async days(count) {
      for (let day = 0; day < count; day++) {
        internet.clock.advance(DAY_MS);
        await finish(internet.clock, anchors.look());
      }
    },
  };
}

t.test(
  'a new key, 30 days, the old one revoked: who followed validates, who did not has nothing left',
  async (t) => {
    const internet = new Internet({ sign: { split: true } });
    internet.zone('test.', { sign: {}, text: 'www A 192.0.2.1' });
    const [ksk, zsk] = internet.root.keys as [SigningKey, SigningKey];
    const next = makeKey('.', { seed: 'next root', flags: 257 });
    const dead = withFlags(ksk, { flags: 257 | REVOKE });

    const sim = simulate(internet);
    const still = simulate(internet);
    const following = follow(sim);
    t.ok((await sim.ask('www.test.')).ad);
    publish(internet, [ksk, next, zsk], [ksk]);
    await following.days(20);
    t.ok((await sim.ask('www.test.')).ad);
    t.ok((await still.ask('www.test.')).ad);
    await following.days(12);
    publish(internet, [dead, next, zsk], [dead, next]);
    await following.days(1);
    const after = await sim.ask('www.test.');
    t.ok(after.ad, JSON.stringify(after.ede));
    const left = await still.ask('www.test.');
    t.match(left, { rcode: 'SERVFAIL', ede: [{ code: 9 }] });
  },
);

t.test('a revoked key is believed no more, even for what it signs beside nobody else', async (t) => {
  const internet = new Internet({ sign: { split: true } });
  internet.zone('test.', { sign: {}, text: 'www A 192.0.2.1' });
  const [ksk, zsk] = internet.root.keys as [SigningKey, SigningKey];
  const dead = withFlags(ksk, { flags: 257 | REVOKE });
  const sim = simulate(internet);
  const following = follow(sim);
  await following.days(1);
  t.ok((await sim.ask('www.test.')).ad);
  publish(internet, [dead, zsk], [dead]);
  await following.days(1);
  publish(internet, [ksk, zsk], [ksk]);
  await following.days(1);
  const after = await sim.ask('www.test.');
  t.match(
    { rcode: after.rcode, ad: after.ad },
    { rcode: 'NOERROR', ad: false },
    'the root has no anchor any more',
  );
});
