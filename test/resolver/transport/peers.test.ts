/** The resolver over real sockets, with NSD, Knot and Unbound as what it forwards to. */
import t from 'tap';
import { RecordCache } from '../../../src/cache/records.ts';
import { Budget } from '../../../src/resolver/budget.ts';
import type { ForwardPath } from '../../../src/resolver/path.ts';
import { type Resolution, Resolver } from '../../../src/resolver/resolve.ts';
import { Transports } from '../../../src/resolver/transport/transports.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { Dependencies } from '../../../src/util/deps.ts';
import { loadFfi } from '../../../src/util/ffi.ts';
import { cryptoPrng } from '../../../src/util/prng.ts';
import { Slab } from '../../../src/util/slab.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { type DnsServer, missing, startKnot, startNsd, startUnbound } from '../../support/servers.ts';
import { recordsOf, typeCode } from '../../support/simnet.ts';

const LONG = Array.from({ length: 30 }, (_, i) => `big TXT "${String(i).padStart(100, 'x')}"`);
const ZONE = [
  '@ SOA ns host 1 2 3 4 60',
  '@ NS ns',
  'ns A 192.0.2.53',
  'www A 192.0.2.1',
  'www A 192.0.2.2',
  'alias CNAME www',
  'out CNAME elsewhere.example.',
  'old DNAME new',
  'host.new A 192.0.2.9',
  'sub NS ns.sub',
  'ns.sub A 192.0.2.54',
  'mx MX 10 mail',
  ...LONG,
].join('\n');

const ffi = await loadFfi();
let contexts = 0;

function path(targets: readonly DnsServer[], rest: Partial<Omit<ForwardPath, 'kind'>> = {}): ForwardPath {
  return {
    kind: 'forward',
    validate: false,
    context: ++contexts,
    rule: 'rslvr-rr-1',
    domain: nameFromText('corp.test.'),
    view: 0,
    policy: 'ordered',
    targets: targets.map(({ address, port }) => ({ address, port, protocol: 'do53' })),
    sources: [],
    serveStale: true,
    case0x20: true,
    ...rest,
  };
}

function resolver(t: { teardown(fn: () => void): void }) {
  const transport = new Transports({ clock: systemClock, prng: cryptoPrng, ffi });
  // The clock's timers do not keep a process alive; here nothing else would.
  const alive = setInterval(() => undefined, 1_000);
  t.teardown(() => {
    clearInterval(alive);
    transport.close();
  });
  const cache = new RecordCache({
    slab: new Slab({ bytes: 1 << 18, seed: [1, 2] }),
    clock: systemClock,
    deps: new Dependencies(),
  });
  const sent = { udp: 0, tcp: 0 };
  const made = new Resolver({
    clock: systemClock,
    prng: cryptoPrng,
    transport,
    cache,
    token: new Uint8Array(8),
    count: (counter) => {
      if (counter === 'upstream_queries_udp') sent.udp++;
      if (counter === 'upstream_queries_tcp') sent.tcp++;
    },
  });
  const ask = async (name: string, type: string, by: ForwardPath): Promise<Resolution> =>
    made.resolve({
      name: nameFromText(name),
      type: typeCode(type),
      path: by,
      budget: new Budget(systemClock.now()),
      tokens: [],
    });
  return { ask, sent, transport, resolver: made };
}

for (const [name, start] of [
  ['nsd', startNsd],
  ['knotd', startKnot],
] as const)
  t.test(`${name}: answers, aliases, denials, TC to TCP`, { skip: missing(name) }, async (t) => {
    const server = await start({ zones: { 'corp.test.': ZONE } });
    t.teardown(() => server.stop());
    const { ask, sent } = resolver(t);
    const by = path([server]);
    t.same(recordsOf((await ask('WWW.corp.test.', 'A', by)).rrsets).sort(), [
      'www.corp.test. 300 A 192.0.2.1',
      'www.corp.test. 300 A 192.0.2.2',
    ]);
    const alias = recordsOf((await ask('alias.corp.test.', 'A', by)).rrsets);
    t.equal(
      alias[0],
      'alias.corp.test. 300 CNAME www.corp.test.',
      'in plain letters, though asked in random case',
    );
    t.equal(alias.length, 3);
    t.same(recordsOf((await ask('out.corp.test.', 'A', by)).rrsets), [
      'out.corp.test. 300 CNAME elsewhere.example.',
    ]);
    t.same(recordsOf((await ask('host.old.corp.test.', 'A', by)).rrsets), [
      'old.corp.test. 300 DNAME new.corp.test.',
      'host.old.corp.test. 300 CNAME host.new.corp.test.',
      'host.new.corp.test. 300 A 192.0.2.9',
    ]);
    t.same(recordsOf((await ask('mx.corp.test.', 'MX', by)).rrsets), [
      'mx.corp.test. 300 MX 10 mail.corp.test.',
    ]);
    t.match(await ask('no.corp.test.', 'A', by), { outcome: 'nxdomain', soa: { ttl: 60 } });
    t.match(await ask('www.corp.test.', 'TXT', by), { outcome: 'nodata', soa: { ttl: 60 } });
    t.match(await ask('x.sub.corp.test.', 'A', by), { outcome: 'failure', ede: [{ text: /referral/ }] });
    t.match(await ask('www.other.test.', 'A', by), { outcome: 'failure', ede: [{ text: /rcode=REFUSED/ }] });
    t.equal(sent.tcp, 0);
    t.equal((await ask('big.corp.test.', 'TXT', by)).rrsets[0]!.rdatas.length, LONG.length);
    t.equal(sent.tcp, 1);
  });

t.test(
  'unbound in front of nsd: whole chains, its own refusal',
  { skip: missing('nsd', 'unbound') },
  async (t) => {
    const nsd = await startNsd({ zones: { 'corp.test.': ZONE } });
    t.teardown(() => nsd.stop());
    const unbound = await startUnbound({
      stub: { 'corp.test.': [nsd] },
      forward: { '.': ['127.0.0.1@1'] },
      extra: ['local-zone: "test." nodefault', 'local-zone: "refused.test." refuse'],
    });
    t.teardown(() => unbound.stop());
    const { ask } = resolver(t);
    const by = path([unbound]);
    t.equal(recordsOf((await ask('alias.corp.test.', 'A', by)).rrsets).length, 3);
    t.match(await ask('no.corp.test.', 'A', by), { outcome: 'nxdomain', soa: {} });
    t.equal((await ask('big.corp.test.', 'TXT', by)).rrsets[0]!.rdatas.length, LONG.length);
    t.match(await ask('www.refused.test.', 'A', by), {
      outcome: 'failure',
      rcode: 2,
      ede: [{ text: /rcode=REFUSED/ }],
    });
  },
);

t.test('failover from a frozen server, and back from the dead', { skip: missing('nsd') }, async (t) => {
  const zones = { 'corp.test.': `${ZONE}\n* 1 A 192.0.2.77` };
  const [first, second] = await Promise.all([startNsd({ zones }), startNsd({ zones })]);
  t.teardown(() => Promise.all([first.stop(), second.stop()]));
  const { ask, resolver: made } = resolver(t);
  const by = path([first, second]);
  t.equal((await ask('a.corp.test.', 'A', by)).upstream, `127.0.0.1:${first.port}`);
  first.pause();
  for (let i = 0; i < 4; i++)
    t.equal((await ask(`b${i}.corp.test.`, 'A', by)).upstream, `127.0.0.1:${second.port}`);
  first.resume();
  await second.stop();
  t.equal((await ask('c.corp.test.', 'A', by)).upstream, `127.0.0.1:${first.port}`);
  await first.stop();
  t.match(await ask('d.corp.test.', 'A', by), {
    outcome: 'failure',
    ede: [{ code: 22, text: /port closed/ }],
  });
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  t.match(await ask('a.corp.test.', 'A', by), { outcome: 'answer', source: 'stale', ede: [{ code: 3 }] });
  t.equal(made.inFlight, 0);
});

t.test(
  '2,000 questions at once-in-flight 100 over real sockets: all answered',
  { skip: missing('nsd') },
  async (t) => {
    const server = await startNsd({ zones: { 'corp.test.': `${ZONE}\n* A 192.0.2.77` } });
    t.teardown(() => server.stop());
    const { ask, transport } = resolver(t);
    const by = path([server]);
    let next = 0;
    let failures = 0;
    const asker = async (): Promise<void> => {
      while (next < 2_000) if ((await ask(`n${next++}.corp.test.`, 'A', by)).outcome !== 'answer') failures++;
    };
    await Promise.all(Array.from({ length: 100 }, asker));
    t.equal(failures, 0);
    t.equal(transport.udp.open, 0);
  },
);
