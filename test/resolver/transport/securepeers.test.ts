/** The resolver through TLS, with Unbound and dnsdist as what it forwards to. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import { RecordCache } from '../../../src/cache/records.ts';
import { Budget } from '../../../src/resolver/budget.ts';
import type { ForwardPath, ForwardTarget } from '../../../src/resolver/path.ts';
import { type Resolution, Resolver } from '../../../src/resolver/resolve.ts';
import { Transports } from '../../../src/resolver/transport/transports.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { Dependencies } from '../../../src/util/deps.ts';
import { cryptoPrng } from '../../../src/util/prng.ts';
import { Slab } from '../../../src/util/slab.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { freePort } from '../../support/ports.ts';
import {
  type Certificates,
  makeCertificates,
  type PeerOptions,
  pinOf,
  type SecureUnbound,
  startSecureUnbound,
  targetAt,
} from '../../support/secure.ts';
import { ask as askServer, missing, start, startNsd } from '../../support/servers.ts';
import { recordsOf, typeCode } from '../../support/simnet.ts';

t.setTimeout(60_000);
const skip = missing('openssl', 'unbound', 'nsd');
// Where the tests are skipped nobody looks at them.
const certificates = skip === false ? makeCertificates() : ({ stop: () => undefined } as Certificates);
t.teardown(() => certificates.stop());
const { good, expired, misnamed } = certificates;

const LONG = Array.from({ length: 60 }, (_, i) => `big TXT "${String(i).padStart(200, 'x')}"`).join('\n');
const ZONE = `@ SOA ns host 1 2 3 4 60\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\nalias CNAME www\n* A 192.0.2.77\n${LONG}`;
const DOMAIN = 'corp.test.';
let contexts = 0;

function path(targets: readonly ForwardTarget[]): ForwardPath {
  return {
    kind: 'forward',
    validate: false,
    context: ++contexts,
    rule: 'rslvr-rr-1',
    domain: nameFromText(DOMAIN),
    view: 0,
    policy: 'ordered',
    targets,
    sources: [],
    serveStale: false,
    case0x20: true,
  };
}

function resolver(t: Test) {
  const counts = new Map<string, number>();
  const count = (counter: string, by = 1): void => void counts.set(counter, (counts.get(counter) ?? 0) + by);
  const transport = new Transports({ clock: systemClock, prng: cryptoPrng, count });
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
  const made = new Resolver({
    clock: systemClock,
    prng: cryptoPrng,
    transport,
    cache,
    token: new Uint8Array(8),
    count,
  });
  const ask = async (name: string, type: string, by: ForwardPath): Promise<Resolution> =>
    made.resolve({
      name: nameFromText(name),
      type: typeCode(type),
      path: by,
      budget: new Budget(systemClock.now()),
      tokens: [],
    });
  return { ask, counts, resolver: made };
}

const startBoth = async (t: Test, by = good): Promise<SecureUnbound> => {
  const nsd = await startNsd({ zones: { [DOMAIN]: ZONE } });
  t.teardown(() => nsd.stop());
  const server = await startSecureUnbound({ by, stub: { [DOMAIN]: [nsd] } });
  t.teardown(() => server.unbound.stop());
  return server;
};

t.test('unbound by TLS and by HTTPS: answers of all kinds, on one connection', { skip }, async (t) => {
  const { ports } = await startBoth(t);
  for (const protocol of ['dot', 'doh'] as const) {
    const { ask, counts } = resolver(t);
    const by = path([targetAt(ports[protocol], { protocol, trusts: good, pins: [pinOf(good)] })]);
    t.match(recordsOf((await ask('www.corp.test.', 'A', by)).rrsets), [
      /^www\.corp\.test\. \d+ A 192\.0\.2\.1$/,
    ]);
    t.equal(recordsOf((await ask('alias.corp.test.', 'A', by)).rrsets).length, 2);
    t.match(await ask('www.corp.test.', 'TXT', by), { outcome: 'nodata', soa: {} });
    t.equal((await ask('big.corp.test.', 'TXT', by)).rrsets[0]!.rdatas.length, 60, 'of 12,000 octets');
    const many = Array.from({ length: 150 }, (_, i) => ask(`n${i}.corp.test.`, 'A', by));
    const failed = (await Promise.all(many)).filter(({ outcome }) => outcome !== 'answer');
    t.same(
      failed.map(({ ede }) => ede),
      [],
    );
    t.ok(counts.get('upstream_tls_full')! <= 4, `${counts.get('upstream_tls_full')} full handshakes`);
    t.ok(counts.get(`upstream_queries_${protocol}`)! >= 154);
    t.equal(counts.get('upstream_queries_udp'), undefined);
    t.equal(counts.get('upstream_queries_tcp'), undefined);
    t.equal(counts.get('upstream_tls_failed'), undefined);
  }
});

t.test(
  'who is not who is expected: SERVFAIL that says why, and nothing in plain text',
  { skip },
  async (t) => {
    const { ports } = await startBoth(t);
    const late = await startBoth(t, expired);
    const cases: [number, PeerOptions, RegExp][] = [
      [ports.dot, { trusts: good, name: 'other.example' }, /certificate is not for other\.example/],
      [ports.dot, { trusts: good, pins: [pinOf(misnamed)] }, /key of the certificate is none that is pinned/],
      [
        ports.dot,
        { name: undefined, pins: [pinOf(misnamed)] },
        /key of the certificate is none that is pinned/,
      ],
      [ports.dot, {}, /not signed by anybody who is trusted/],
      [ports.doh, { protocol: 'doh', trusts: good, name: 'other.example' }, /is not for other\.example/],
      [late.ports.dot, { trusts: expired }, /certificate has expired/],
      [late.ports.doh, { protocol: 'doh', trusts: expired }, /certificate has expired/],
      [ports.doh, { protocol: 'doh', trusts: good, path: '/other' }, /status 404/],
    ];
    for (const [port, options, text] of cases) {
      const { ask, counts } = resolver(t);
      const failed = await ask('www.corp.test.', 'A', path([targetAt(port, options)]));
      t.match(failed, { outcome: 'failure', rcode: 2, ede: [{ code: 22, text }] });
      t.match(failed.ede[0]!.text, /^rule rslvr-rr-1: (tls|https):\/\/127\.0\.0\.1:\d+/);
      t.equal(counts.get('upstream_queries_udp'), undefined);
      t.equal(counts.get('upstream_queries_tcp'), undefined);
    }
  },
);

t.test('an address that takes connections and is silent is not waited for in vain', { skip }, async (t) => {
  const { ports } = await startBoth(t);
  for (const protocol of ['dot', 'doh'] as const) {
    let taken = 0;
    const silent = createServer((socket) => {
      taken++;
      socket.on('error', () => undefined).resume();
    });
    silent.listen(ports[protocol], '127.0.0.11');
    await once(silent, 'listening');
    t.teardown(() => silent.close());
    const { ask, counts } = resolver(t);
    const addresses = ['127.0.0.11', '127.0.0.1'];
    const by = path([targetAt(ports[protocol], { protocol, trusts: good, addresses })]);
    t.match(await ask('a.corp.test.', 'A', by), { outcome: 'answer' });
    t.match(await ask('b.corp.test.', 'A', by), { outcome: 'answer' });
    t.ok(taken <= 2, `${taken} connections there`);
    t.equal(counts.get('upstream_tls_failed'), undefined);
  }
});

t.test('a list that mixes protocols goes on to the next target', { skip }, async (t) => {
  const { unbound, ports } = await startBoth(t);
  const nsd = await startNsd({ zones: { [DOMAIN]: ZONE } });
  t.teardown(() => nsd.stop());
  const { ask, counts } = resolver(t);
  const plain: ForwardTarget = { address: nsd.address, port: nsd.port, protocol: 'do53' };
  const wrong = targetAt(ports.dot, { trusts: good, name: 'other.example' });
  const right = targetAt(ports.doh, { protocol: 'doh', trusts: good });
  t.match(await ask('a.corp.test.', 'A', path([wrong, right, plain])), {
    outcome: 'answer',
    upstream: `https://127.0.0.1:${ports.doh}#dns.example`,
  });
  t.equal(counts.get('upstream_queries_udp'), undefined);
  const dot = targetAt(ports.dot, { trusts: good });
  const by = path([dot, plain]);
  t.match(await ask('b.corp.test.', 'A', by), { upstream: `tls://127.0.0.1:${ports.dot}#dns.example` });
  unbound.pause();
  t.match(await ask('c.corp.test.', 'A', by), { upstream: `127.0.0.1:${nsd.port}` }, 'while it is frozen');
  unbound.resume();
});

const DNSDIST = missing('openssl', 'dnsdist', 'nsd');

t.test('dnsdist by TLS and by HTTPS', { skip: DNSDIST }, async (t) => {
  const nsd = await startNsd({ zones: { [DOMAIN]: ZONE } });
  t.teardown(() => nsd.stop());
  const [dot, doh] = [await freePort(), await freePort()];
  const files = `"${good.certFile}", "${good.keyFile}"`;
  const dnsdist = await start(
    {},
    {
      program: 'dnsdist',
      args: (folder) => ['--supervised', '--disable-syslog', '-C', `${folder}/conf`],
      config: (_, address, port) =>
        [
          `setLocal("${address}:${port}")`,
          'setACL("127.0.0.0/8")',
          'setSecurityPollSuffix("")',
          `newServer{address="${nsd.address}:${nsd.port}", healthCheckMode="up"}`,
          // Else it reads one query at a time, and stalls on what TLS has read ahead.
          `addTLSLocal("${address}:${dot}", ${files}, { maxInFlight=256 })`,
          `addDOHLocal("${address}:${doh}", ${files}, "/dns-query")`,
        ].join('\n'),
      ready: async (address, port) => (await askServer(address, port, DOMAIN)) === 'NOERROR',
    },
  );
  t.teardown(() => dnsdist.stop());
  for (const [protocol, port] of [
    ['dot', dot],
    ['doh', doh],
  ] as const) {
    const { ask, counts } = resolver(t);
    const by = path([targetAt(port, { protocol, trusts: good })]);
    const many = Array.from({ length: 100 }, (_, i) => ask(`n${i}.corp.test.`, 'A', by));
    const failed = (await Promise.all(many)).filter(({ outcome }) => outcome !== 'answer');
    t.same(
      failed.map(({ ede }) => ede[0]?.text),
      [],
      `all are answered by ${protocol}`,
    );
    t.equal((await ask('big.corp.test.', 'TXT', by)).rrsets[0]?.rdatas.length, 60);
    t.equal(counts.get('upstream_queries_udp'), undefined);
  }
});
