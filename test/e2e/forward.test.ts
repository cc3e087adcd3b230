import t from 'tap';
import { startDaemon } from '../support/daemon.ts';
import { at, dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { sumOf, timeoutsOf } from '../support/scrape.ts';
import { missing, startKnot, startNsd, startUnbound } from '../support/servers.ts';
import { sleep } from '../support/sockets.ts';
import { APEX, configOf, forwardRule } from './config.ts';

const skip = missing('dig', 'nsd', 'knotd', 'unbound');
const LONG = Array.from({ length: 12 }, (_, i) => `"${String.fromCharCode(97 + i).repeat(200)}"`).join(' ');
const CORP = `${APEX}www A 10.8.0.1\nalias CNAME www\nbig TXT ${LONG}\nshort 1 A 10.8.0.9\nout CNAME db.internal.test.\n`;

t.test('rules to NSD, Knot and Unbound, and what precedence makes of them', { skip }, async (t) => {
  const nsd = await startNsd({ zones: { 'corp.test.': CORP, 'example.org.': APEX } });
  t.teardown(() => nsd.stop());
  const knot = await startKnot({ zones: { 'deep.corp.test.': `${APEX}www A 10.7.0.1\n` } });
  t.teardown(() => knot.stop());
  const unbound = await startUnbound({
    localData: ['www.world.org. 60 A 203.0.113.1', 'x.hole.example.org. 60 A 203.0.113.2'],
  });
  t.teardown(() => unbound.stop());
  const daemon = await startDaemon({
    config: configOf({
      rules: [
        forwardRule('corp.test.', [nsd]),
        forwardRule('deep.corp.test.', [knot]),
        forwardRule('example.org.', [nsd]),
        forwardRule('.', [unbound], ', dnssec: off'),
        '{ domain: hole.example.org., type: system, vpcs: [vpc-test] }',
      ],
      zones: [
        '{ name: internal.test., file: internal.zone, vpcs: [vpc-test] }',
        '{ name: phz.corp.test., file: phz.zone, vpcs: [vpc-test] }',
      ],
    }),
    files: { 'internal.zone': `${APEX}db A 10.5.0.5\n`, 'phz.zone': `${APEX}www A 10.6.0.1\n` },
  });
  t.teardown(() => daemon.stop());
  const cases: [string, string, string, string][] = [
    ['www.corp.test.', 'A', 'NOERROR', '10.8.0.1'],
    ['alias.corp.test.', 'A', 'NOERROR', 'www.corp.test. 10.8.0.1'],
    ['none.corp.test.', 'A', 'NXDOMAIN', ''],
    ['www.corp.test.', 'MX', 'NOERROR', ''],
    ['www.deep.corp.test.', 'A', 'NOERROR', '10.7.0.1'],
    ['www.phz.corp.test.', 'A', 'NOERROR', '10.6.0.1'],
    ['none.phz.corp.test.', 'A', 'NXDOMAIN', ''],
    ['www.world.org.', 'A', 'NOERROR', '203.0.113.1'],
    ['x.hole.example.org.', 'A', 'NOERROR', '203.0.113.2'],
    ['out.corp.test.', 'A', 'NOERROR', 'db.internal.test. 10.5.0.5'],
  ];
  for (const [name, type, status, rdata] of cases)
    for (const round of ['from upstream', 'from cache']) {
      const reply = await dig(at(daemon), name, type);
      t.equal(reply.status, status, `${name} ${type} ${round}`);
      t.equal(reply.answers.map((rr) => rr.rdata).join(' '), rdata, `${name} ${type} ${round}`);
    }
  const big = await dig(at(daemon), 'big.corp.test.', 'TXT', '+bufsize=4096');
  t.equal(big.answers.length, 1, 'TC from NSD → TCP to NSD; TC from us → TCP to us');
  t.ok(big.retriedByTcp);
});

t.test('failover to the second target; NXDOMAIN is an answer', { skip }, async (t) => {
  const nsd = await startNsd({ zones: { 'corp.test.': CORP } });
  t.teardown(() => nsd.stop());
  const dead = { address: '127.0.0.1', port: await freePort('127.0.0.1') };
  const other = await startNsd({ zones: { 'other.test.': APEX } });
  t.teardown(() => other.stop());
  const daemon = await startDaemon({
    config: configOf({
      rules: [
        forwardRule('corp.test.', [dead, nsd], ', policy: ordered'),
        forwardRule('www.corp.test.', [other, nsd], ', policy: ordered'),
      ],
    }),
  });
  t.teardown(() => daemon.stop());
  t.equal(
    (await dig(at(daemon), 'alias.corp.test.', 'A')).answers.at(-1)?.rdata,
    '10.8.0.1',
    'nobody listens there',
  );
  t.equal(
    (await dig(at(daemon), 'www.corp.test.', 'A')).answers[0]?.rdata,
    '10.8.0.1',
    'REFUSED: the next is asked',
  );
  t.equal((await dig(at(daemon), 'none.corp.test.', 'A')).status, 'NXDOMAIN');
});

t.test('stale data while the target is away, fresh when it is back', { skip }, async (t) => {
  const nsd = await startNsd({ zones: { 'corp.test.': CORP } });
  t.teardown(() => nsd.stop());
  const daemon = await startDaemon({ config: configOf({ rules: [forwardRule('corp.test.', [nsd])] }) });
  t.teardown(() => daemon.stop());
  t.equal((await dig(at(daemon), 'short.corp.test.', 'A')).answers[0]?.rdata, '10.8.0.9');
  nsd.pause();
  // Its TTL is over.
  await sleep(1_500);
  const stale = await dig(at(daemon), 'short.corp.test.', 'A');
  t.equal(stale.answers[0]?.rdata, '10.8.0.9');
  t.equal(stale.answers[0]?.ttl, 30);
  t.equal(stale.ede[0]?.code, 3);
  const unknown = await dig(at(daemon), 'www.corp.test.', 'A');
  t.equal(unknown.status, 'SERVFAIL');
  t.ok(unknown.ede.some(({ code }) => code === 22 || code === 23));
  nsd.resume();
});

t.test('two daemons that forward to each other: at most four packets, and an end', { skip }, async (t) => {
  const ports = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  const metrics = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  const config = (own: number): string =>
    configOf({ rules: [forwardRule('loop.test.', [{ address: '127.0.0.1', port: ports[1 - own]! }])] })
      .replaceAll('PORT', String(ports[own]))
      .replace('metrics: off', `metrics: "127.0.0.1:${metrics[own]}"`);
  const a = await startDaemon({ config: config(0) });
  t.teardown(() => a.stop());
  const b = await startDaemon({ config: config(1) });
  t.teardown(() => b.stop());
  const reply = await dig(['@127.0.0.1', '-p', String(ports[0])], 'www.loop.test.', 'A');
  t.equal(reply.status, 'SERVFAIL');
  /** Of both, but for those that were sent again because this machine is slow. */
  const sent = async (): Promise<number> => {
    const counts = metrics.map(
      async (port) => (await sumOf(port, 'causeway_upstream_queries_total')) - (await timeoutsOf(port)),
    );
    return (await Promise.all(counts)).reduce((sum, count) => sum + count);
  };
  const packets = await sent();
  t.ok(packets >= 2 && packets <= 4, `${packets} packets`);
  await sleep(1_000);
  t.ok((await sent()) <= packets, 'and silence after');
});
