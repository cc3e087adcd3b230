/** Failures that are remembered (RFC 9520): of what they are, whom they stand in the way of, and what is served meanwhile. */
import t from 'tap';
import { only } from '../support/hostile.ts';
import { Internet } from '../support/internet.ts';
import { simulate } from '../support/simulate.ts';

const HOUR_MS = 3_600_000;

t.test('that the name of a server is bogus is no matter of the zones that it serves', async (t) => {
  const internet = new Internet();
  for (const zone of ['test.', 'alt.', 'hoster.test.']) internet.zone(zone, { sign: {} });
  internet.zone('ok.alt.', { servers: [internet.host('dns.hoster.test.')], text: 'www 60 A 192.0.2.1' });
  internet.break('hoster.test.', 'expired');
  const sim = simulate(internet);
  for (const ms of [0, 2000, 4000, 20_000]) {
    await sim.pass(ms);
    t.equal((await sim.ask('dns.hoster.test.')).rcode, 'SERVFAIL', 'for clients it is');
    t.match(await sim.ask('www.ok.alt.'), { rcode: 'NOERROR', answer: [/192\.0\.2\.1/] }, `after ${ms} ms`);
  }
});

t.test('old data stand in each time where keys cannot be had, and never for what is bogus', async (t) => {
  const internet = new Internet();
  internet.zone('test.', { sign: {} });
  internet.zone('corp.test.', { sign: {}, text: 'www 300 A 192.0.2.1' });
  const sim = simulate(internet);
  t.match(await sim.ask('www.corp.test.'), { ad: true });
  await sim.pass(2 * HOUR_MS);
  internet.misbehave('corp.test.', (honest) => (query) => {
    if (query.type === 'DNSKEY') only('SERVFAIL')(honest)(query);
    else honest(query);
  });
  for (const ms of [0, 1000, 3000, 8000, 60_000, 200_000]) {
    await sim.pass(ms);
    t.match(await sim.ask('www.corp.test.'), { rcode: 'NOERROR', ede: [{ code: 3 }] }, `after ${ms} ms`);
  }
  t.match(await sim.ask('www.corp.test.', 'A', { checkingDisabled: true }), { rcode: 'NOERROR', ede: [] });

  internet.misbehave('corp.test.', undefined);
  internet.break('corp.test.', 'wrong-signature');
  await sim.pass(400_000);
  for (const ms of [0, 1000, 3000]) {
    await sim.pass(ms);
    t.match(await sim.ask('www.corp.test.'), { rcode: 'SERVFAIL', ede: [{ code: 6 }] });
  }
});

t.test('questions for ANY that fail are as others: asked again after a while', async (t) => {
  const internet = new Internet();
  internet.zone('test.', { sign: {} });
  internet.zone('bad.test.', { sign: {}, text: 'www 30 A 192.0.2.1' });
  internet.break('bad.test.', 'wrong-signature');
  const sim = simulate(internet);
  const asked = async () => (await sim.ask('www.bad.test.', 'ANY')).work.packets;
  t.ok((await asked()) > 0);
  t.equal(await asked(), 0);
  await sim.pass(6000);
  t.ok((await asked()) > 0);
});
