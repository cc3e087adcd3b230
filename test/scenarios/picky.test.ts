/**
 * Servers that serve some names and treat others badly, as balancers do: a failure is one of a name, a type and a server
 * (RFC 9520 section 3.2), so nobody who asks for such names takes the others from everybody else.
 */
import t from 'tap';
import { only, silent } from '../support/hostile.ts';
import { Internet } from '../support/internet.ts';
import { simulate } from '../support/simulate.ts';

const HOSTS = Array.from({ length: 200 }, (_, i) => `w${i} 30 A 192.0.2.1`).join('\n');

/** `gslb.test.`, whose servers do `how` to names that begin with `bad`. */
function world(how: Parameters<typeof only>[0] | 'silence'): Internet {
  const internet = new Internet();
  internet.zone('test.', { sign: {} });
  internet.zone('gslb.test.', { text: HOSTS });
  internet.misbehave('gslb.test.', (honest) => (query) => {
    if (!/^bad/i.test(query.name)) return honest(query);
    return how === 'silence' ? undefined : only(how)(honest)(query);
  });
  return internet;
}

t.test('a name that all servers of a zone refuse, asked again and again', async (t) => {
  const internet = world('REFUSED');
  const sim = simulate(internet);
  for (let i = 0; i < 60; i++) {
    const bad = await sim.ask(`bad${i}.gslb.test.`);
    t.equal(bad.rcode, 'SERVFAIL');
    t.ok(bad.work.packets <= (i === 0 ? 10 : 3), `one packet a server: ${bad.work.packets}`);
    const good = await sim.ask(`w${i}.gslb.test.`);
    t.equal(good.rcode, 'NOERROR');
    // At first addresses of the servers are looked for, as there might be others.
    t.ok(good.work.packets <= (i === 0 ? 3 : 1), String(good.work.packets));
    await sim.pass(1000);
  }
});

t.test('a zone of eight servers that refuse: three are asked, once all have said so', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('gslb.test.', { servers: 8, text: HOSTS });
  internet.misbehave('gslb.test.', only('REFUSED'));
  const sim = simulate(internet);
  t.ok((await sim.ask('bad.gslb.test.')).work.packets >= 8);
  for (let i = 0; i < 10; i++) {
    t.match(await sim.ask(`bad${i}.gslb.test.`), { rcode: 'SERVFAIL', work: { packets: 3 } });
    await sim.pass(1000);
  }
});

t.test('refused before anything else of the zone was asked', async (t) => {
  const internet = world('REFUSED');
  const sim = simulate(internet);
  await sim.ask('bad.gslb.test.');
  t.match(await sim.ask('w0.gslb.test.'), { rcode: 'NOERROR' });
  t.match(await sim.ask('w1.gslb.test.'), { rcode: 'NOERROR', work: { packets: 1 } });
});

t.test('refused are names that are asked for only on the way to others', async (t) => {
  const internet = new Internet();
  internet.zone('test.', { sign: {} });
  internet.zone('gslb.test.', { text: `${HOSTS}\nwww.bad 30 A 192.0.2.1` });
  internet.misbehave('gslb.test.', (honest) => (query) => {
    if (/^bad/i.test(query.name)) only('REFUSED')(honest)(query);
    else honest(query);
  });
  const sim = simulate(internet);
  await sim.ask('bad.gslb.test.');
  t.match(await sim.ask('www.bad.gslb.test.'), { rcode: 'NOERROR' });
});

for (const [what, wrap] of Object.entries({
  dropped: silent,
  'answered with FORMERR': only('FORMERR'),
  'answered with NOTIMP': only('NOTIMP'),
}))
  for (const servers of [1, 3])
    t.test(
      `${what} are names that are asked for only on the way to others, ${servers} servers`,
      async (t) => {
        const internet = new Internet();
        internet.zone('test.', { sign: {} });
        const text = 'www.bad 30 A 192.0.2.1\nftp.bad 30 A 192.0.2.2';
        internet.zone('gslb.test.', { sign: {}, servers, text });
        internet.misbehave('gslb.test.', (honest) => (query) => {
          (/^bad\./i.test(query.name) ? wrap : (plain: typeof honest) => plain)(honest)(query);
        });
        const sim = simulate(internet);
        t.match(await sim.ask('www.bad.gslb.test.'), { rcode: 'NOERROR', ad: true });
        t.match(
          await sim.ask('ftp.bad.gslb.test.'),
          { rcode: 'NOERROR', work: { packets: 1 } },
          'found out once',
        );
      },
    );

t.test('of two servers the one that serves the zone is found at once, whatever it refuses', async (t) => {
  const internet = new Internet();
  internet.zone('test.', { sign: {} });
  const [lame, picky] = ['a.test.', 'b.test.'].map((name) => internet.host(name));
  internet.zone('gslb.test.', { servers: [lame!, picky!], text: HOSTS });
  for (const server of lame!.servers) server.behaviour = only('REFUSED')(server.behaviour);
  for (const server of picky!.servers) {
    const honest = server.behaviour;
    server.behaviour = (query) => (/^bad/i.test(query.name) ? only('REFUSED')(honest)(query) : honest(query));
  }
  const sim = simulate(internet);
  await sim.ask('w0.gslb.test.');
  await sim.ask('bad.gslb.test.');
  for (let i = 1; i < 30; i++) {
    t.match(await sim.ask(`bad${i}.gslb.test.`), { rcode: 'SERVFAIL' });
    const { rcode, work } = await sim.ask(`w${2 * i}.gslb.test.`);
    t.equal(rcode, 'NOERROR');
    t.ok(work.packets <= 2, 'one of the two');
    t.match(
      await sim.ask(`w${2 * i + 1}.gslb.test.`),
      { rcode: 'NOERROR', work: { packets: 1 } },
      'and known then',
    );
  }
});

t.test('a zone that nobody serves costs a few packets a name, and is found when it is back', async (t) => {
  const internet = new Internet();
  internet.zone('test.', { sign: {} });
  const servers = Array.from({ length: 8 }, (_, i) => internet.host(`h${i}.test.`));
  internet.zone('gone.test.', { servers, text: HOSTS });
  internet.misbehave('gone.test.', only('REFUSED'));
  const sim = simulate(internet);
  await sim.ask('w0.gone.test.');
  for (let i = 1; i < 20; i++)
    t.match(await sim.ask(`w${i}.gone.test.`), { rcode: 'SERVFAIL', work: { packets: 3 } });
  internet.misbehave('gone.test.', undefined);
  t.match(await sim.ask('w21.gone.test.'), { rcode: 'NOERROR' });
});

t.test('what failed because nobody was asked is asked as soon as somebody may be', async (t) => {
  const internet = world('silence');
  const sim = simulate(internet);
  await sim.ask('w0.gslb.test.');
  await sim.pass(6000);
  internet.misbehave('gslb.test.', () => () => undefined);
  const dark = ['w1', 'w2', 'w3'].map((name) => sim.start(`${name}.gslb.test.`, 'A'));
  // Three packets to each of two servers, one after the other.
  await sim.pass(7000);
  // All are left alone now.
  t.match(await sim.ask('w9.gslb.test.'), { rcode: 'SERVFAIL', work: { packets: 0 } });
  internet.misbehave('gslb.test.', undefined);
  await sim.pass(4500);
  t.match(await sim.ask('w9.gslb.test.'), { rcode: 'NOERROR' });
  await sim.pass(20_000);
  await Promise.all(dark);
});

t.test('names that all servers of a zone drop, asked for all the time, and others seldom', async (t) => {
  const internet = world('silence');
  const sim = simulate(internet);
  await sim.ask('w0.gslb.test.');
  await sim.pass(6000);
  const answers: Promise<string>[] = [];
  const bad: Promise<unknown>[] = [];
  for (let ms = 0; ms < 300_000; ms += 500) {
    bad.push(sim.start(`bad${ms}.gslb.test.`, 'A'));
    if (ms % 7000 === 0)
      answers.push(sim.start(`w${1 + ms / 7000}.gslb.test.`, 'A').then(({ rcode }) => rcode));
    await sim.pass(500);
  }
  await sim.pass(20_000);
  await Promise.all(bad);
  const failed = (await Promise.all(answers)).filter((rcode) => rcode !== 'NOERROR');
  t.ok(answers.length > 40);
  t.same(failed, []);
});

t.test('a zone whose servers are dark is asked little, however much is asked of it', async (t) => {
  const internet = world('silence');
  const sim = simulate(internet);
  await sim.ask('w0.gslb.test.');
  internet.misbehave('gslb.test.', () => () => undefined);
  const before = internet.packets;
  await sim.askEach(
    250,
    Array.from({ length: 480 }, (_, i) => `bad${i}.gslb.test.`),
  );
  t.comment(`${internet.packets - before} packets for 480 names`);
  t.ok(internet.packets - before < 200, String(internet.packets - before));
});

t.test('servers that answer for the SOA of the zone and drop all else are not probed for ever', async (t) => {
  const internet = new Internet();
  internet.zone('test.', { sign: {} });
  internet.zone('gslb.test.', { text: HOSTS });
  internet.misbehave('gslb.test.', (honest) => (query) => {
    if (query.type === 'SOA' || /^w0\./i.test(query.name)) honest(query);
  });
  const sim = simulate(internet);
  t.equal((await sim.ask('w0.gslb.test.')).rcode, 'NOERROR');
  const before = internet.packets;
  await sim.askEach(
    1000,
    Array.from({ length: 300 }, (_, i) => `x${i}.gslb.test.`),
  );
  t.ok(internet.packets - before < 300, `${internet.packets - before} packets for 300 names`);
});

t.test('one name of a dark zone, asked each second: its failure is remembered', async (t) => {
  const internet = world('silence');
  const sim = simulate(internet);
  await sim.ask('w0.gslb.test.');
  await sim.pass(31_000);
  internet.misbehave('gslb.test.', () => () => undefined);
  const before = internet.packets;
  await sim.askEach(1000, Array<string>(600).fill('w0.gslb.test.'));
  t.ok(internet.packets - before < 100, `${internet.packets - before} packets in ten minutes`);
});

t.test(
  'a zone without glue that nobody serves is asked for at its parent once, not all the time',
  async (t) => {
    const internet = new Internet();
    for (const zone of ['test.', 'other.']) internet.zone(zone, { sign: {} });
    const servers = Array.from({ length: 8 }, (_, i) => internet.host(`h${i}.other.`));
    internet.zone('gone.test.', { servers, text: HOSTS });
    internet.misbehave('gone.test.', only('REFUSED'));
    const sim = simulate(internet);
    await sim.ask('w0.gone.test.');
    const before = internet.packets;
    for (let i = 1; i <= 15; i++) {
      await sim.pass(3000);
      await sim.ask(`w${i}.gone.test.`);
    }
    // A minute later they are no longer taken for lame.
    t.equal(internet.packets - before, 45, 'three for each name');
  },
);

t.test(
  'a type that all servers of a hoster refuse: its customers, whose servers they are, are found',
  async (t) => {
    const internet = new Internet({ rootServers: 1, sign: false });
    internet.zone('test.', { servers: 1 });
    internet.zone('net.', { servers: 1 });
    internet.zone('hoster.net.', { servers: 2 });
    const servers = internet.hostsOf('hoster.net.');
    for (let i = 0; i < 5; i++) internet.zone(`c${i}.test.`, { servers, text: 'www A 192.0.2.1' });
    internet.misbehave('hoster.net.', (honest) => (query) => {
      if (query.type === 'HTTPS') only('REFUSED')(honest)(query);
      else honest(query);
    });
    const sim = simulate(internet);
    for (let i = 0; i < 5; i++) {
      t.match(await sim.ask(`www${i}.hoster.net.`, 'HTTPS'), { rcode: 'SERVFAIL' });
      t.match(await sim.ask(`www.c${i}.test.`), { rcode: 'NOERROR' });
      await sim.pass(1000);
    }
  },
);
