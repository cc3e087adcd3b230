import fc from 'fast-check';
import t from 'tap';
import { diffSnapshots } from '../../src/control/compile/diff.ts';
import type { ResolveRequest } from '../../src/resolver/resolve.ts';
import { embed, extract } from '../../src/server/dns64.ts';
import { World } from '../../src/server/world.ts';
import { CidrTable, parseAddress } from '../../src/util/cidr.ts';
import { EDE, FLAG, RCODE } from '../../src/wire/constants.ts';
import { ask, clientAt, EDNS, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { rrsig, type Said, textsOf, upstreamOf } from '../support/upstream.ts';
import { blocksOf, snapshotOf, type ViewSpec } from '../support/world.ts';

const CLIENT = clientAt('10.1.2.3');
const SOA = ['example. 120 IN SOA ns. h. 1 2 3 4 120'];
const NODATA: Said = { outcome: 'nodata', soa: SOA };
const a = (owner: string, address = '192.0.2.33', ttl = 60): string => `${owner} ${ttl} IN A ${address}`;

interface Bits {
  readonly do?: boolean;
  readonly ad?: boolean;
  readonly cd?: boolean;
}

function setUp(table: Parameters<typeof upstreamOf>[0], view: Partial<ViewSpec> = {}) {
  const asked: ResolveRequest[] = [];
  const spec: ViewSpec = {
    cidrs: ['10.0.0.0/8'],
    recursive: ['.'],
    dns64: { prefix: '64:ff9b::/96' },
    ...view,
  };
  const made = pipelineOf(snapshotOf({ v: spec }), { resolve: upstreamOf(table, asked) });
  const told = async (name: string, type = 'AAAA', bits: Bits = {}) => {
    const flags = FLAG.RD | (bits.ad === true ? FLAG.AD : 0) | (bits.cd === true ? FLAG.CD : 0);
    const edns = { ...EDNS, dnssecOk: bits.do === true };
    const reply = await ask(made.pipeline, CLIENT, query(name, type, { flags, edns }));
    return {
      rcode: reply!.rcode,
      ad: (reply!.flags & FLAG.AD) !== 0,
      aa: (reply!.flags & FLAG.AA) !== 0,
      answer: reply!.answer.map(rrText),
      authority: reply!.authority.map(rrText),
    };
  };
  return { ...made, asked, told, hits: () => made.counters.sum('answersFromCache') };
}

const rules = (prefix: string) => {
  const [address = '', bits] = prefix.split('/');
  return { prefix: parseAddress(address), prefixBits: Number(bits), exclude: CidrTable.from(blocksOf([])) };
};

t.test('addresses are embedded as the examples of RFC 6052 section 2.4 have it', async (t) => {
  for (const [prefix, address] of [
    ['2001:db8::/32', '2001:db8:c000:221::'],
    ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
    ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
    ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
    ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100::'],
    ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221'],
    ['64:ff9b::/96', '64:ff9b::c000:221'],
  ] as const) {
    const made = embed(rules(prefix), Uint8Array.of(192, 0, 2, 33));
    t.same(made, parseAddress(address), prefix);
    t.same(extract(rules(prefix), made), Uint8Array.of(192, 0, 2, 33));
  }
});

t.test(
  'what was embedded is found again, under no other prefix and with bits 64 to 71 zero only',
  async (t) => {
    const octets = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
    fc.assert(
      fc.property(
        fc.constantFrom(32, 40, 48, 56, 64, 96),
        octets(16),
        octets(4),
        (prefixBits, seed, ipv4) => {
          const prefix = seed.map((octet, i) => (8 * i < prefixBits && i !== 8 ? octet : 0));
          const one = { ...rules('::/96'), prefix, prefixBits };
          const made = embed(one, ipv4);
          t.same(extract(one, made), ipv4);
          for (const at of [prefixBits / 8 - 1, 8]) {
            const other = made.slice();
            other[at]! ^= 1;
            t.equal(extract(one, other), undefined);
          }
        },
      ),
      { seed: 64, numRuns: 300 },
    );
  },
);

t.test('a name without AAAA gets one for each A; what has one keeps it', async (t) => {
  const { told, asked, hits } = setUp({
    'v4.example. AAAA': NODATA,
    'v4.example. A': { records: [a('v4.example.'), a('v4.example.', '192.0.2.34')] },
    'v6.example. AAAA': { records: ['v6.example. 60 IN AAAA 2001:db8::1'] },
  });
  const first = await told('v4.example.');
  t.same(first.answer.toSorted(), [
    'v4.example. 60 AAAA 64:ff9b::c000:221',
    'v4.example. 60 AAAA 64:ff9b::c000:222',
  ]);
  t.same(first.authority, [], 'what denied it is not told beside it');
  t.same((await told('v6.example.')).answer, ['v6.example. 60 AAAA 2001:db8::1']);
  t.same((await told('v4.example.', 'A')).answer.length, 2);
  t.same(textsOf(asked), ['. v4.example. AAAA', '. v4.example. A', '. v6.example. AAAA', '. v4.example. A']);
  await told('v4.example.');
  t.equal(hits(), 1, 'and it is stored');
});

t.test('it lives no longer than the A records nor than it was denied (RFC 6147 section 5.1.7)', async (t) => {
  for (const [soa, ttl, expected] of [
    [120, 60, 60],
    [120, 300, 120],
    [undefined, 300, 300],
    [undefined, 3600, 600],
  ] as const) {
    const said: Said = soa === undefined ? { outcome: 'nodata' } : NODATA;
    const { told } = setUp({
      'x.example. AAAA': said,
      'x.example. A': { records: [a('x.example.', '192.0.2.1', ttl)] },
    });
    t.match((await told('x.example.')).answer, [new RegExp(`^x\\.example\\. ${expected} AAAA`)]);
  }
});

t.test('the chain is kept, through rules and zones', async (t) => {
  const { told, asked } = setUp(
    {
      'www.example. AAAA': { ...NODATA, records: ['www.example. 60 IN CNAME cdn.test.'] },
      'cdn.test. A': { records: [a('cdn.test.')] },
      'open.example. AAAA': { records: ['open.example. 60 IN CNAME www.corp.test.'] },
      'www.corp.test. AAAA': NODATA,
      'www.corp.test. A': { records: [a('www.corp.test.', '10.0.0.9')] },
    },
    {
      zones: {
        'private.test.': 'www A 10.0.0.1\nboth A 10.0.0.2\nboth AAAA 2001:db8::2\nout CNAME cdn.test.',
      },
      forward: ['corp.test.'],
    },
  );
  t.same((await told('www.example.')).answer, [
    'www.example. 60 CNAME cdn.test.',
    'cdn.test. 60 AAAA 64:ff9b::c000:221',
  ]);
  t.same((await told('open.example.')).answer, [
    'open.example. 60 CNAME www.corp.test.',
    'www.corp.test. 60 AAAA 64:ff9b::a00:9',
  ]);
  t.same(textsOf(asked), [
    '. www.example. AAAA',
    '. cdn.test. A',
    '. open.example. AAAA',
    'corp.test. www.corp.test. AAAA',
    'corp.test. www.corp.test. A',
  ]);
  const own = await told('www.private.test.');
  t.same(own.answer, ['www.private.test. 300 AAAA 64:ff9b::a00:1']);
  t.ok(own.aa);
  t.same((await told('both.private.test.')).answer, ['both.private.test. 300 AAAA 2001:db8::2']);
});

t.test('an NXDOMAIN stands, and no A is asked for', async (t) => {
  const { told, asked } = setUp({ 'no.example. AAAA': { outcome: 'nxdomain', soa: SOA } });
  const reply = await told('no.example.');
  t.same([reply.rcode, reply.authority.length], [RCODE.NXDOMAIN, 1]);
  t.equal(asked.length, 1);
});

t.test('neither AAAA nor A: NODATA as the AAAA question had it', async (t) => {
  const { told } = setUp({
    'x.example. AAAA': NODATA,
    'x.example. A': { outcome: 'nodata', soa: ['a.example. 60 IN SOA ns. h. 9 2 3 4 60'] },
  });
  const reply = await told('x.example.');
  t.same([reply.rcode, reply.answer], [RCODE.NOERROR, []]);
  t.match(reply.authority, [/^example\. 120 SOA/]);
});

t.test('what became of the A question is the answer, be it an error (section 5.1.6)', async (t) => {
  for (const [outcome, rcode] of [
    ['failure', RCODE.SERVFAIL],
    ['nxdomain', RCODE.NXDOMAIN],
  ] as const) {
    const { told, hits } = setUp({ 'x.example. AAAA': NODATA, 'x.example. A': { outcome } });
    t.equal((await told('x.example.')).rcode, rcode);
    await told('x.example.');
    t.equal(hits(), 0);
  }
});

t.test(
  'servers that fail at AAAA: A counts, but not where the denial was to be validated (5.1.2, 5.5)',
  async (t) => {
    const failure: Said = { outcome: 'failure', ede: [{ code: EDE.NO_REACHABLE_AUTHORITY, text: 'x' }] };
    const table = { 'x.example. AAAA': failure, 'x.example. A': { records: [a('x.example.')] } };
    t.equal((await setUp(table).told('x.example.')).answer.length, 1);
    const validating = setUp(table, { dnssec: 'validate' });
    t.equal((await validating.told('x.example.')).rcode, RCODE.SERVFAIL);
    t.equal(validating.asked.length, 1, 'an attacker who breaks AAAA gains nothing');
  },
);

t.test('excluded addresses count as none (section 5.1.4)', async (t) => {
  const view = { dns64: { prefix: '64:ff9b::/96', exclude: ['2001:db8:bad::/48'] } };
  const { told } = setUp(
    {
      'mapped.example. AAAA': { records: ['mapped.example. 60 IN AAAA ::ffff:192.0.2.1'] },
      'mapped.example. A': { records: [a('mapped.example.')] },
      'bad.example. AAAA': { records: ['bad.example. 60 IN AAAA 2001:db8:bad::1'] },
      'bad.example. A': { outcome: 'nodata', soa: SOA },
      'some.example. AAAA': {
        records: [
          'some.example. 60 IN AAAA 2001:db8:bad::1',
          'some.example. 60 IN AAAA 2001:db8::1',
          rrsig('some.example.', 60, 'AAAA', 'example.'),
        ],
      },
    },
    view,
  );
  t.same((await told('mapped.example.')).answer, ['mapped.example. 60 AAAA 64:ff9b::c000:221']);
  const bad = await told('bad.example.');
  t.same([bad.rcode, bad.answer, bad.authority.length], [RCODE.NOERROR, [], 1]);
  t.same((await told('some.example.', 'AAAA', { do: true })).answer, ['some.example. 60 AAAA 2001:db8::1']);
});

t.test('DO and CD: the client validates and synthesizes by itself (section 5.5)', async (t) => {
  const proofs = [
    'x.example. 60 IN NSEC y.example. A RRSIG NSEC',
    rrsig('x.example.', 60, 'NSEC', 'example.'),
  ];
  const secure = (records: readonly string[]): Said => ({ records, security: 'secure' });
  const table = (security: 'secure' | 'insecure') => ({
    'x.example. AAAA': { ...NODATA, proofs, security },
    'x.example. A': secure([a('x.example.'), rrsig('x.example.', 60, 'A', 'example.')]),
  });
  const view = { dnssec: 'validate' } as const;
  for (const security of ['secure', 'insecure'] as const) {
    const { told } = setUp(table(security), view);
    for (let round = 0; round < 2; round++) {
      const own = await told('x.example.', 'AAAA', { do: true, cd: true });
      t.same([own.answer, own.authority.length], [[], 3], 'nothing is made up');
      const made = await told('x.example.', 'AAAA', { do: true });
      t.same(made.answer, ['x.example. 60 AAAA 64:ff9b::c000:221'], 'and no signature of the A records');
      t.equal(made.ad, security === 'secure', 'item 2: all that it was made of was validated');
      const plain = await told('x.example.', 'AAAA', { ad: true });
      t.same([plain.answer.length, plain.ad], [1, false], 'item 1');
      t.equal((await told('x.example.', 'AAAA', { cd: true })).answer.length, 1);
    }
  }
  const route53 = setUp(table('secure'), { dnssec: 'route53' });
  t.equal((await route53.told('x.example.', 'AAAA', { do: true, cd: true })).answer.length, 1);
});

const REVERSE = '1.2.2.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa.';

t.test('the reverse name of a synthesized address is an alias of that of the IPv4 address', async (t) => {
  const table = {
    '33.2.0.192.in-addr.arpa. PTR': { records: ['33.2.0.192.in-addr.arpa. 60 IN PTR v4.example.'] },
  };
  const { told, hits } = setUp(table);
  for (let round = 0; round < 2; round++)
    t.same((await told(REVERSE, 'PTR')).answer, [
      `${REVERSE} 600 CNAME 33.2.0.192.in-addr.arpa.`,
      '33.2.0.192.in-addr.arpa. 60 PTR v4.example.',
    ]);
  t.equal(hits(), 1);
  t.match((await told(REVERSE.toUpperCase().replace('IP6.ARPA', 'ip6.arpa'), 'PTR')).answer.length, 2);
  const none = await told(`9.9.9.9${REVERSE.slice(7)}`, 'PTR');
  t.same([none.rcode, none.answer.length], [RCODE.NXDOMAIN, 1], 'the IPv4 address has no name');
});

t.test('other reverse names, other types and other prefixes are asked for as ever', async (t) => {
  const { told, asked } = setUp({});
  for (const [name, type] of [
    [REVERSE, 'TXT'],
    [REVERSE.slice(2), 'PTR'],
    [`0.${REVERSE}`, 'PTR'],
    [REVERSE.replace('b.9.f.f', 'b.9.f.e'), 'PTR'],
    [REVERSE.replace('1.2.2', 'x.2.2'), 'PTR'],
    ['33.2.0.192.in-addr.arpa.', 'PTR'],
  ] as const) {
    asked.length = 0;
    await told(name, type);
    t.same(textsOf(asked), [`. ${name} ${type}`]);
  }
});

t.test('a private zone or a rule speaks for its reverse names itself', async (t) => {
  const zone = 'b.9.f.f.4.6.0.0.ip6.arpa.';
  const own = setUp({}, { zones: { [zone]: `${REVERSE} PTR nat64.example.` } });
  t.same((await own.told(REVERSE, 'PTR')).answer, [`${REVERSE} 300 PTR nat64.example.`]);
  const rule = setUp({}, { forward: [zone] });
  await rule.told(REVERSE, 'PTR');
  t.same(textsOf(rule.asked), [`${zone} ${REVERSE} PTR`]);
});

t.test(
  'ipv4only.arpa tells of our prefix, whatever a DNS64 further on says (RFC 7050, RFC 8880)',
  async (t) => {
    const wrong = { 'ipv4only.arpa. AAAA': { records: ['ipv4only.arpa. 60 IN AAAA 2001:db8:64::c000:aa'] } };
    const { told, asked, hits } = setUp(wrong, { dns64: { prefix: '2001:db8:122::/48' } });
    for (let round = 0; round < 2; round++) {
      t.same((await told('ipv4only.arpa.')).answer.toSorted(), [
        'ipv4only.arpa. 3600 AAAA 2001:db8:122:c000:0:aa00::',
        'ipv4only.arpa. 3600 AAAA 2001:db8:122:c000:0:ab00::',
      ]);
      t.same((await told('ipv4only.arpa.', 'A')).answer.toSorted(), [
        'ipv4only.arpa. 3600 A 192.0.0.170',
        'ipv4only.arpa. 3600 A 192.0.0.171',
      ]);
    }
    t.equal(hits(), 2);
    t.equal(asked.length, 0);
    const plain = setUp(wrong, { dns64: undefined });
    await plain.told('ipv4only.arpa.');
    t.same(textsOf(plain.asked), ['. ipv4only.arpa. AAAA'], 'without DNS64 it is a name as any other');
  },
);

t.test('a zone that comes to speak for such a name ends the stored answer', async (t) => {
  const reverse = 'b.9.f.f.4.6.0.0.ip6.arpa.';
  const spec: ViewSpec = { cidrs: ['10.0.0.0/8'], recursive: ['.'], dns64: { prefix: '64:ff9b::/96' } };
  const zones = { 'ipv4only.arpa.': '@ A 192.0.2.1', [reverse]: `${REVERSE} PTR own.example.` };
  const before = snapshotOf({ v: spec });
  const after = snapshotOf({ v: { ...spec, zones } });
  const { pipeline, dependencies } = pipelineOf(before, { resolve: upstreamOf({}) });
  const told = async (name: string, type: string) =>
    (await ask(pipeline, CLIENT, query(name, type)))!.answer
      .map((rr) => rrText(rr).split(' ').at(-1))
      .toSorted();
  t.same(await told('ipv4only.arpa.', 'A'), ['192.0.0.170', '192.0.0.171']);
  t.same(await told(REVERSE, 'PTR'), ['33.2.0.192.in-addr.arpa.']);
  pipeline.world = new World(after, dependencies);
  for (const hash of diffSnapshots(before, after).touched) dependencies.bump(dependencies.slotOf(hash));
  t.same(await told('ipv4only.arpa.', 'A'), ['192.0.2.1']);
  t.same(await told(REVERSE, 'PTR'), ['own.example.']);
});

t.test('a referral is no NODATA', async (t) => {
  const { told, asked } = setUp({}, { zones: { 'private.test.': 'sub NS ns.sub\nns.sub A 10.0.0.1' } });
  t.match((await told('www.sub.private.test.')).authority, [/ NS /]);
  t.equal(asked.length, 0);
});

t.test('a stored answer ends with the records that it was made of', async (t) => {
  const { told, hits, dependencies } = setUp({}, { zones: { 'private.test.': 'www A 10.0.0.1' } });
  await told('www.private.test.');
  await told('www.private.test.');
  t.equal(hits(), 1);
  for (let slot = 0; slot < 65_536; slot++) dependencies.bump(slot);
  await told('www.private.test.');
  t.equal(hits(), 1);
});
