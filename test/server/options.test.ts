import t from 'tap';
import type { Client } from '../../src/server/handler.ts';
import type { Resolve } from '../../src/server/query.ts';
import { EDE, FLAG, OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import { type EdnsOption, findOption, PADDING_BLOCK, readEde } from '../../src/wire/edns.ts';
import { ask, clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';

/** EDNS options, the size of replies, and the rate limit, which cookies lift. */

const CLIENT = clientAt('10.1.2.3');
const LONG = `${'l'.repeat(63)}.${'o'.repeat(63)}.${'n'.repeat(63)}.${'g'.repeat(40)}.`;
const VIEWS = {
  v: {
    cidrs: ['10.0.0.0/8'],
    zones: {
      'example.': `www A 10.0.0.1\nwww A 10.0.0.2
big TXT ${Array.from({ length: 9 }, (_, i) => `"${String(i).repeat(100)}"`).join(' ')}`,
    },
    forward: ['corp.test.', LONG],
  },
};

const withCookie = (data: Uint8Array): Uint8Array =>
  query('www.example.', 'A', { edns: { ...EDNS, options: [{ code: OPTION.COOKIE, data }] } });

/** A query without a question, as RFC 7873 section 5.4 has it. */
const probe = (cookie: Uint8Array): Uint8Array =>
  Uint8Array.from([
    ...[0, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ...[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 4 + cookie.length],
    ...[0, 10, 0, cookie.length, ...cookie],
  ]);

t.test('cookies: made, checked, probed without a question', async (t) => {
  const { pipeline, clock } = pipelineOf(snapshotOf(VIEWS), {
    rateLimit: { ratePerSecond: 1, burst: 3, slip: 1 },
  });
  const first = await ask(pipeline, CLIENT, withCookie(new Uint8Array(8).fill(1)));
  const cookie = findOption(first!.edns, OPTION.COOKIE)!;
  t.equal(cookie.length, 24);
  for (let i = 0; i < 20; i++) {
    const reply = await ask(pipeline, CLIENT, withCookie(cookie));
    t.equal(reply!.answer.length, 2, 'with a valid cookie there is no limit');
    t.same(findOption(reply!.edns, OPTION.COOKIE), cookie);
  }
  const probed = await ask(pipeline, CLIENT, probe(new Uint8Array(8)));
  t.equal(probed!.rcode, RCODE.NOERROR, 'RFC 7873 section 5.4');
  t.equal(findOption(probed!.edns, OPTION.COOKIE)!.length, 24);
  t.equal((await ask(pipeline, CLIENT, probe(cookie)))!.rcode, RCODE.NOERROR, 'a good one is confirmed');
  const forged = cookie.slice();
  forged[23]! ^= 1;
  const refuted = await ask(pipeline, clientAt('10.1.2.4'), probe(forged));
  t.equal(refuted!.rcode, RCODE.BADCOOKIE, 'a bad one is not');
  t.equal(findOption(refuted!.edns, OPTION.COOKIE)!.length, 24, 'and comes with a good one');
  let limited = 0;
  for (let i = 0; i < 10; i++) {
    const reply = await ask(pipeline, CLIENT, withCookie(forged));
    if (reply!.flags & FLAG.TC) limited++;
  }
  t.ok(limited > 5, 'a forged one proves nothing');
  const stolen = await ask(pipeline, clientAt('10.1.2.5'), probe(cookie));
  t.equal(stolen!.rcode, RCODE.BADCOOKIE, 'one of another address proves nothing');
  (clock as { advance?(ms: number): void }).advance?.(2_000_000);
  const renewed = findOption((await ask(pipeline, CLIENT, withCookie(cookie)))!.edns, OPTION.COOKIE)!;
  t.same(renewed.subarray(0, 8), cookie.subarray(0, 8));
  t.notSame(renewed, cookie, 'an old one is renewed');
});

t.test('a cookie of another length is answered with one of ours', async (t) => {
  const { pipeline } = pipelineOf(snapshotOf(VIEWS));
  for (const length of [16, 23, 25, 40]) {
    const reply = await ask(pipeline, CLIENT, withCookie(new Uint8Array(length).fill(7)));
    t.equal(reply!.answer.length, 2, `${length} octets`);
    t.equal(findOption(reply!.edns, OPTION.COOKIE)!.length, 24);
  }
});

t.test('over the rate: truncated or silent, never larger than the query, from cache as well', async (t) => {
  for (const [what, more] of [
    ['plain', {}],
    ['with EDNS', { edns: EDNS }],
    ['with a cookie', { edns: { ...EDNS, options: [{ code: 10, data: new Uint8Array(8) }] } }],
    ['with NSID', { edns: { ...EDNS, options: [{ code: 3, data: new Uint8Array(0) }] } }],
  ] as const) {
    const { pipeline } = pipelineOf(snapshotOf(VIEWS), {
      rateLimit: { ratePerSecond: 10, burst: 50, slip: 2 },
    });
    let full = 0;
    let slipped = 0;
    const bytes = query('www.example.', 'A', more);
    for (let i = 0; i < 250; i++) {
      const reply = await ask(pipeline, CLIENT, bytes);
      if (reply === undefined) continue;
      if (reply.flags & FLAG.TC) {
        slipped++;
        t.ok(reply.bytes.length <= bytes.length);
        t.equal(reply.edns === undefined, what === 'plain', 'OPT for those who sent one');
      } else full++;
    }
    t.equal(full, 50, what);
    t.equal(slipped, 100, `${what}: every second one`);
    const tcp = await ask(pipeline, clientAt('10.1.2.3', 'tcp'), bytes);
    t.equal(tcp!.answer.length, 2, `${what}: TCP always works`);
  }
});

t.test('what fits: 512 octets without EDNS, whole by TCP', async (t) => {
  const { pipeline } = pipelineOf(snapshotOf(VIEWS));
  const small = await ask(pipeline, CLIENT, query('big.example.', 'TXT'));
  t.ok(small!.flags & FLAG.TC);
  t.ok(small!.bytes.length <= 512);
  const wide = await ask(pipeline, CLIENT, query('big.example.', 'TXT', { edns: EDNS }));
  t.equal(wide!.answer.length, 1);
  const again = await ask(pipeline, CLIENT, query('big.example.', 'TXT'));
  t.ok(again!.flags & FLAG.TC, 'a stored answer that does not fit is not sent');
  const tcp = await ask(pipeline, clientAt('10.1.2.3', 'tcp'), query('big.example.', 'TXT'));
  t.equal(tcp!.answer.length, 1);
});

t.test('NSID for those who ask, keepalive on TCP for those who speak of it', async (t) => {
  const { pipeline } = pipelineOf(snapshotOf(VIEWS));
  const options = [
    { code: OPTION.NSID, data: new Uint8Array(0) },
    { code: OPTION.KEEPALIVE, data: new Uint8Array(0) },
  ];
  const bytes = query('www.example.', 'A', { edns: { ...EDNS, options } });
  const udp = await ask(pipeline, CLIENT, bytes);
  t.equal(new TextDecoder().decode(findOption(udp!.edns, OPTION.NSID)), 'test-1');
  t.equal(findOption(udp!.edns, OPTION.KEEPALIVE), undefined);
  const tcp = await ask(pipeline, clientAt('10.1.2.3', 'tcp'), bytes);
  t.same([...findOption(tcp!.edns, OPTION.KEEPALIVE)!], [0, 100]);
});

t.test('keepalive comes with hits too, by TCP and TLS; HTTP keeps its connections itself', async (t) => {
  const { pipeline, counters } = pipelineOf(snapshotOf(VIEWS));
  const options = [
    { code: OPTION.COOKIE, data: new Uint8Array(8).fill(1) },
    { code: OPTION.KEEPALIVE, data: new Uint8Array(0) },
  ];
  const told = async (transport: Client['transport']) => {
    const bytes = query('www.example.', 'A', { edns: { ...EDNS, options } });
    const { edns } = (await ask(pipeline, clientAt('10.1.2.3', transport), bytes))!;
    return edns!.options.map(({ code, data }) => (code === OPTION.COOKIE ? code : [code, ...data]));
  };
  const kept = [OPTION.COOKIE, [OPTION.KEEPALIVE, 0, 100]];
  t.same(await told('tcp'), kept, 'made');
  t.same(await told('tcp'), kept);
  t.same(await told('dot'), kept);
  t.same(await told('doh'), [OPTION.COOKIE]);
  t.same(await told('udp'), [OPTION.COOKIE]);
  t.equal(counters.sum('answersFromCache'), 4);
});

const EDES = [1, 2, 3, 4].map((n) => ({ code: EDE.OTHER, text: `${n}: ${'é'.repeat(120)}` }));

t.test('EDEs take no more room than there is, texts go first', async (t) => {
  const resolve: Resolve = () => ({
    outcome: 'failure',
    rcode: RCODE.SERVFAIL,
    rrsets: [],
    ede: EDES,
    source: 'upstream',
  });
  const { pipeline } = pipelineOf(snapshotOf(VIEWS), { resolve });
  for (const payload of [0, 512, 600, 1232, 65_535])
    for (const name of ['x.corp.test.', `x.${LONG}`]) {
      const options = [
        { code: OPTION.COOKIE, data: new Uint8Array(8) },
        { code: OPTION.NSID, data: new Uint8Array(0) },
      ];
      const reply = await ask(pipeline, CLIENT, query(name, 'A', { edns: { ...EDNS, payload, options } }));
      const what = `${name.length} octets of name, payload ${payload}`;
      t.equal(reply!.rcode, RCODE.SERVFAIL, what);
      t.ok(reply!.bytes.length <= Math.max(512, Math.min(payload, 1232)), `${what}: ${reply!.bytes.length}`);
      t.notOk(reply!.flags & FLAG.TC, what);
      const edes = reply!.edns!.options.filter(({ code }) => code === OPTION.EDE);
      t.equal(edes.length, 3, `${what}: at most three`);
      for (const { data } of edes) t.notMatch(readEde(data).text, '\ufffd', 'characters are whole');
    }
});

t.test('EDEs go before data does, and TC says so (RFC 8914 section 3)', async (t) => {
  const rdatas = Array.from({ length: 27 }, (_, i) => Uint8Array.of(192, 0, 2, i));
  const resolve: Resolve = ({ name }) => ({
    outcome: 'answer',
    rcode: RCODE.NOERROR,
    rrsets: [{ name, type: TYPE.A, ttl: 30, rdatas }],
    ede: EDES,
    source: 'stale',
  });
  const { pipeline } = pipelineOf(snapshotOf(VIEWS), { resolve });
  const small = { ...EDNS, payload: 512 };
  const udp = await ask(pipeline, CLIENT, query('x.corp.test.', 'A', { edns: small }));
  t.equal(udp!.answer.length, 27);
  t.ok(udp!.flags & FLAG.TC);
  t.equal(findOption(udp!.edns, OPTION.EDE), undefined);
  const tcp = await ask(pipeline, clientAt('10.1.2.3', 'tcp'), query('x.corp.test.', 'A', { edns: small }));
  t.notOk(tcp!.flags & FLAG.TC);
  t.ok(findOption(tcp!.edns, OPTION.EDE));
});

t.test('padding: by an encrypted transport, for who pads as well, from the cache or not', async (t) => {
  const { pipeline, counters } = pipelineOf(snapshotOf(VIEWS));
  const padding = { code: OPTION.PADDING, data: new Uint8Array(30) };
  const cookie = { code: OPTION.COOKIE, data: new Uint8Array(8).fill(1) };
  const asked = async (name: string, transport: Client['transport'], options: EdnsOption[]) => {
    const edns = { ...EDNS, options };
    return (await ask(pipeline, clientAt('10.1.2.3', transport), query(name, 'A', { edns })))!;
  };
  for (const [name, what] of [
    ['www.example.', 'made'],
    ['www.example.', 'from the cache'],
    ['none.example.', 'a name that is not there'],
  ] as const) {
    const reply = await asked(name, 'dot', [padding]);
    t.equal(reply.bytes.length, PADDING_BLOCK, what);
    t.ok(findOption(reply.edns, OPTION.PADDING)!.every((octet) => octet === 0));
    t.equal(reply.trailing, 0);
    t.equal((await asked(name, 'doh', [padding])).bytes.length, PADDING_BLOCK, `${what}, by HTTPS`);
  }
  for (const options of [
    [cookie, padding],
    [padding, cookie],
  ]) {
    const { edns, bytes } = await asked('www.example.', 'dot', options);
    t.same(
      edns!.options.map(({ code }) => code),
      [OPTION.COOKIE, OPTION.PADDING],
    );
    t.equal(bytes.length, PADDING_BLOCK);
  }
  t.ok((await asked('www.example.', 'dot', [])).bytes.length < 100, 'who does not pad gets none');
  t.ok((await asked('www.example.', 'tcp', [padding])).bytes.length < 100, 'RFC 7830 section 6');
  t.ok((await asked('www.example.', 'udp', [padding])).bytes.length < 100);
  t.equal(counters.sum('answersFromCache'), 9, 'the cache serves those who pad');
  t.equal(counters.sum('queriesDoh'), 3);
  t.equal(counters.sum('queriesDot'), 6);
});
