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

t.test('what is bogus stays so where its address is looked up for another zone', async (t) => {
  const internet = new Internet();
  for (const zone of ['test.', 'alt.', 'bad.test.']) internet.zone(zone, { sign: {} });
  internet.zone('ok.alt.', { servers: [internet.host('srv.bad.test.')], text: 'www 60 A 192.0.2.1' });
  internet.break('bad.test.', 'wrong-signature');
  const sim = simulate(internet);
  t.equal((await sim.ask('srv.bad.test.')).rcode, 'SERVFAIL');
  t.equal((await sim.ask('www.ok.alt.')).rcode, 'NOERROR');
  t.match(await sim.ask('srv.bad.test.'), { rcode: 'SERVFAIL', work: { packets: 0 } });
});

t.test(
  'keys that cannot be had are a failure of the name, also where nobody was asked for them',
  async (t) => {
    const internet = new Internet();
    for (const zone of ['test.', 'par.test.']) internet.zone(zone, { sign: {} });
    internet.zone('child.par.test.', { sign: {}, text: 'www 1 A 192.0.2.1\nother 1 A 192.0.2.2' });
    const sim = simulate(internet);
    await sim.ask('other.child.par.test.', 'A', { checkingDisabled: true });
    for (const host of internet.hostsOf('par.test.'))
      for (const server of host.servers) server.state = 'dark';
    const children = internet.hostsOf('child.par.test.');
    const questions = () => children.reduce((sum, { queries }) => sum + queries.length, 0);
    const before = questions();
    await sim.askEach(1000, Array<string>(300).fill('www.child.par.test.'));
    t.ok(questions() - before < 15, `${questions() - before} questions`);
  },
);

t.test('a zone whose servers can never be asked is remembered as such', async (t) => {
  const internet = new Internet();
  internet.zone('test.', {});
  internet.zone('six.test.', { text: 'www 60 A 192.0.2.1' });
  const zone = internet.zoneOf('six.test.');
  zone.delegation.ns = ['ns.six.test.'];
  zone.delegation.glue = ['ns.six.test. 3600 AAAA 2001:db8::53'];
  internet.zoneOf('test.').changed();
  const sim = simulate(internet, { settings: { ipv6: 'off' } });
  t.equal((await sim.ask('www.six.test.')).rcode, 'SERVFAIL');
  const again = await sim.ask('www.six.test.');
  t.match(again.ede, [{ text: /asked again in/ }], 'out of the failure cache');
});
