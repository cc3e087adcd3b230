/** Negative trust anchors (RFC 7646): where they hold, and that they end by themselves. */
import t from 'tap';
import type { NegativeTrustAnchor } from '../../src/resolver/settings.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { Internet } from '../support/internet.ts';
import { simulate } from '../support/simulate.ts';

const HOUR_MS = 3_600_000;
const TEXT = Array.from({ length: 20 }, (_, i) => `w${i} 60 A 192.0.2.${i + 1}`).join('\n');

/** A zone whose signatures are wrong, a zone below it that is right, and one beside it that is wrong too. */
function world(): Internet {
  const internet = new Internet();
  internet.zone('test.', { sign: {}, text: TEXT });
  for (const name of ['broken.test.', 'below.broken.test.', 'beside.test.'])
    internet.zone(name, { sign: {}, text: TEXT });
  internet.break('broken.test.', 'wrong-signature');
  internet.break('beside.test.', 'expired');
  return internet;
}

const until = (internet: Internet, ms: number | undefined, domain = 'broken.test.'): NegativeTrustAnchor => ({
  domain: nameFromText(domain),
  until: ms === undefined ? undefined : internet.clock.wall() + ms,
  reason: 'a test',
});

t.test('below it nothing is validated, beside it everything', async (t) => {
  const internet = world();
  const sim = simulate(internet, { settings: { ntas: [until(internet, undefined)] } });
  t.match(await sim.ask('w0.broken.test.'), { rcode: 'NOERROR', ad: false, answer: [/192\.0\.2\.1$/] });
  t.match(await sim.ask('w0.below.broken.test.'), { rcode: 'NOERROR', ad: false });
  t.match(await sim.ask('nothing.broken.test.'), { rcode: 'NXDOMAIN', ad: false });
  t.match(await sim.ask('w0.test.'), { rcode: 'NOERROR', ad: true });
  t.match(await sim.ask('w0.beside.test.'), { rcode: 'SERVFAIL', ede: [{ code: 7 }] });
  await sim.pass(1000 * HOUR_MS);
  t.match(await sim.ask('w1.broken.test.'), { rcode: 'NOERROR', ad: false }, 'without an end, for ever');
});

t.test('its end, without a reload: what is learned from then on is validated', async (t) => {
  const internet = world();
  const sim = simulate(internet, { settings: { ntas: [until(internet, HOUR_MS)] } });
  t.match(await sim.ask('w0.broken.test.'), { rcode: 'NOERROR', ad: false });
  t.match(await sim.ask('w0.below.broken.test.'), { rcode: 'NOERROR', ad: false });
  await sim.pass(HOUR_MS - 1000);
  t.match(await sim.ask('w1.broken.test.'), { rcode: 'NOERROR', ad: false }, 'a second before');
  await sim.pass(1000);
  t.match(await sim.ask('w2.broken.test.'), { rcode: 'SERVFAIL', ede: [{ code: 6 }] }, 'at its end');
  t.match(await sim.ask('w0.broken.test.'), { rcode: 'SERVFAIL' }, 'what had expired meanwhile, too');
  t.match(await sim.ask('w1.below.broken.test.'), { rcode: 'SERVFAIL' }, 'the DS below is signed by nobody');

  internet.break('broken.test.', undefined);
  await sim.pass(120_000);
  t.match(await sim.ask('w3.broken.test.'), { rcode: 'NOERROR', ad: true }, 'mended');
  t.match(await sim.ask('w2.below.broken.test.'), { rcode: 'NOERROR', ad: true });
});

t.test('an end that has passed before it is read is none at all', async (t) => {
  const internet = world();
  const sim = simulate(internet, { settings: { ntas: [until(internet, -1)] } });
  t.match(await sim.ask('w0.broken.test.'), { rcode: 'SERVFAIL' });
});

t.test('one below another, each with its own end', async (t) => {
  const internet = world();
  internet.break('below.broken.test.', 'expired');
  const ntas = [until(internet, HOUR_MS), until(internet, 3 * HOUR_MS, 'below.broken.test.')];
  const sim = simulate(internet, { settings: { ntas } });
  t.match(await sim.ask('w0.below.broken.test.'), { rcode: 'NOERROR', ad: false });
  await sim.pass(HOUR_MS);
  t.match(await sim.ask('w0.broken.test.'), { rcode: 'SERVFAIL' });
  t.match(await sim.ask('w1.below.broken.test.'), { rcode: 'NOERROR', ad: false });
  await sim.pass(2 * HOUR_MS);
  t.match(await sim.ask('w2.below.broken.test.'), { rcode: 'SERVFAIL' });
});

t.test('no longer than a day is it known that a name is excepted, however far its end', async (t) => {
  const internet = world();
  const sim = simulate(internet, { settings: { ntas: [until(internet, 30 * HOUR_MS)] } });
  t.match(await sim.ask('w0.broken.test.'), { rcode: 'NOERROR' });
  await sim.pass(25 * HOUR_MS);
  t.match(await sim.ask('w1.broken.test.'), { rcode: 'NOERROR', ad: false });
  await sim.pass(5 * HOUR_MS);
  t.match(await sim.ask('w2.broken.test.'), { rcode: 'SERVFAIL' }, 'and then it ends in time');
});
