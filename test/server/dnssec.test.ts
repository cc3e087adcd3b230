import { decode } from 'dns-packet';
import t from 'tap';
import type { ResolveRequest } from '../../src/resolver/resolve.ts';
import type { ViewData } from '../../src/view/snapshot.ts';
import { EDE, FLAG, OPTION, RCODE } from '../../src/wire/constants.ts';
import { findOption, readEde } from '../../src/wire/edns.ts';
import { ask, clientAt, EDNS, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { rrsig, type Said, textsOf, upstreamOf } from '../support/upstream.ts';
import { snapshotOf, type ViewSpec } from '../support/world.ts';

/** What clients see of validation: DO, AD and CD (RFC 4035 section 3, RFC 6840 section 5). */

const CLIENT = clientAt('10.1.2.3');
const DO = { ...EDNS, dnssecOk: true };
const MODES: readonly ViewData['dnssec'][] = ['validate', 'off', 'route53'];

const SIGNED = ['www.example. 300 IN A 192.0.2.1', rrsig('www.example.', 300, 'A', 'example.')];
const SOA = ['example. 60 IN SOA ns. h. 1 2 3 4 60', rrsig('example.', 60, 'SOA', 'example.')];
const NSEC = ['a.example. 60 IN NSEC z.example. A RRSIG NSEC', rrsig('a.example.', 60, 'NSEC', 'example.')];
const APEX_NSEC = [
  'example. 60 IN NSEC a.example. SOA NS RRSIG NSEC',
  rrsig('example.', 60, 'NSEC', 'example.'),
];

interface Bits {
  readonly do?: boolean;
  readonly ad?: boolean;
  readonly cd?: boolean;
}

function setUp(table: Parameters<typeof upstreamOf>[0], view: Partial<ViewSpec> = {}) {
  const asked: ResolveRequest[] = [];
  const spec = { cidrs: ['10.0.0.0/8'], recursive: ['.'], dnssec: 'validate' as const, ...view };
  const made = pipelineOf(snapshotOf({ v: spec }), { resolve: upstreamOf(table, asked) });
  const told = async (name: string, type: string, bits: Bits = {}) => {
    const flags = FLAG.RD | (bits.ad === true ? FLAG.AD : 0) | (bits.cd === true ? FLAG.CD : 0);
    const reply = await ask(
      made.pipeline,
      CLIENT,
      query(name, type, { flags, ...(bits.do === true ? { edns: DO } : {}) }),
    );
    const ede = findOption(reply!.edns, OPTION.EDE);
    return {
      rcode: reply!.rcode,
      ad: (reply!.flags & FLAG.AD) !== 0,
      cd: (reply!.flags & FLAG.CD) !== 0,
      answer: reply!.answer.map(rrText),
      authority: reply!.authority.map(rrText),
      ede: ede === undefined ? undefined : readEde(ede),
      bytes: reply!.bytes,
    };
  };
  return { ...made, asked, told, hits: () => made.counters.sum('answersFromCache') };
}

const ALL_BITS: readonly Required<Bits>[] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => ({
  do: (i & 1) !== 0,
  ad: (i & 2) !== 0,
  cd: (i & 4) !== 0,
}));

t.test('AD, CD and signatures, by view, client and what validation found, fresh and cached', async (t) => {
  let cached = 0;
  for (const dnssec of MODES)
    for (const security of ['secure', 'insecure', 'unchecked'] as const)
      for (const first of ALL_BITS) {
        const { told, hits } = setUp({ 'www.example. A': { records: SIGNED, security } }, { dnssec });
        for (const bits of [first, ...ALL_BITS]) {
          const reply = await told('www.example.', 'A', bits);
          const what = `${dnssec} ${security} ${JSON.stringify([first, bits])}`;
          const isToldAd = dnssec === 'validate' && security === 'secure' && (bits.do || bits.ad);
          const hasSignature = dnssec !== 'route53' && bits.do;
          if (reply.ad !== isToldAd) t.fail(`AD ${reply.ad}: ${what}`);
          if (reply.cd !== bits.cd) t.fail(`CD ${reply.cd}: ${what}`);
          if (reply.answer.length !== (hasSignature ? 2 : 1)) t.fail(`signatures: ${what}`);
        }
        cached += hits();
      }
  // Of nine queries each, four are the first of their kind, and for route53 one.
  t.equal(cached, 3 * 8 * (5 + 5 + 8));
});

t.test('another reader finds AD, DO and the signature where we think they are', async (t) => {
  const { told } = setUp({ 'www.example. A': { records: SIGNED, security: 'secure' } });
  const { bytes } = await told('www.example.', 'A', { do: true });
  const read = decode(Buffer.from(bytes)) as ReturnType<typeof decode> & Record<string, unknown>;
  t.equal(read['flag_ad'], true);
  t.same(
    read.answers?.map(({ type }) => type),
    ['A', 'RRSIG'],
  );
  t.match(read.additionals, [{ type: 'OPT', flag_do: true }]);
});

t.test('AD is no part of the key: one stored answer serves both, and each gets its own bit', async (t) => {
  const { told, hits, asked } = setUp({ 'www.example. A': { records: SIGNED, security: 'secure' } });
  t.equal((await told('www.example.', 'A')).ad, false);
  t.equal((await told('www.example.', 'A', { ad: true })).ad, true, 'though who asked first did not want it');
  t.equal((await told('www.example.', 'A')).ad, false);
  t.equal(hits(), 2);
  t.equal(asked.length, 1);
});

t.test('AD says that all of answer and authority section is authentic', async (t) => {
  const zone = 'alias CNAME www.example.';
  const { told } = setUp(
    {
      'www.example. A': { records: SIGNED, security: 'secure' },
      'mixed.example. A': {
        records: ['mixed.example. 60 IN CNAME www.plain.', 'www.plain. 60 IN A 192.0.2.2'],
        security: 'insecure',
      },
      'open.example. A': { records: ['open.example. 60 IN CNAME www.example.'], security: 'secure' },
      'private.example. A': {
        records: ['private.example. 60 IN CNAME www.corp.test.', 'www.corp.test. 60 IN A 192.0.2.66'],
        security: 'secure',
      },
      'old.example. A': { records: SIGNED, security: 'secure', source: 'stale' },
    },
    { zones: { 'corp.test.': `www A 10.0.0.1\n${zone}` } },
  );
  const ad = async (name: string): Promise<boolean> => (await told(name, 'A', { do: true })).ad;
  t.ok(await ad('www.example.'));
  t.ok(await ad('open.example.'), 'two questions, both secure');
  t.notOk(await ad('mixed.example.'));
  t.notOk(await ad('private.example.'), 'a private zone is never authenticated');
  t.notOk(await ad('alias.corp.test.'), 'not even as the first link');
  t.notOk(await ad('www.corp.test.'));
  t.notOk(await ad('old.example.'), 'nobody vouches for expired data');
  t.notOk(await ad('none.example.'));
});

t.test('denials come with their proofs for DO, behind the SOA, and bare without', async (t) => {
  const proofs = [...NSEC, ...APEX_NSEC];
  const { told, hits } = setUp({
    'no.example. A': { outcome: 'nxdomain', soa: SOA, proofs, security: 'secure' },
    'www.example. MX': { outcome: 'nodata', soa: SOA, proofs: NSEC, security: 'secure' },
  });
  for (const round of ['asked', 'cached']) {
    const signed = await told('no.example.', 'A', { do: true });
    t.equal(signed.rcode, RCODE.NXDOMAIN);
    t.ok(signed.ad, round);
    t.same(
      signed.authority.map((text) =>
        text
          .split(' ')
          .slice(0, 4)
          .filter((_, i) => i !== 1)
          .join(' '),
      ),
      [
        'example. SOA ns.',
        'example. RRSIG SOA',
        'a.example. NSEC z.example.',
        'a.example. RRSIG NSEC',
        'example. NSEC a.example.',
        'example. RRSIG NSEC',
      ],
    );
    t.equal((await told('www.example.', 'MX', { do: true })).authority.length, 4);
    const plain = await told('no.example.', 'A', { ad: true });
    t.same([plain.ad, plain.authority.length], [true, 1]);
  }
  t.equal(hits(), 3);
});

t.test('what proves a wildcard stands in the authority section of the answer, also of a chain', async (t) => {
  const { told } = setUp({
    'x.example. A': {
      records: ['x.example. 60 IN A 192.0.2.1', rrsig('*.example.', 60, 'A', 'example.').replace('*.', 'x.')],
      proofs: NSEC,
      security: 'secure',
    },
    'y.example. A': {
      records: ['y.example. 60 IN CNAME x.example.'],
      proofs: NSEC,
      security: 'secure',
    },
  });
  for (const name of ['x.example.', 'y.example.']) {
    const reply = await told(name, 'A', { do: true });
    t.same(
      reply.authority.map((text) => text.split(' ')[2]),
      ['NSEC', 'RRSIG'],
      `${name}: once`,
    );
    t.ok(reply.ad);
    t.equal((await told(name, 'A')).authority.length, 0);
  }
});

t.test('a DNAME stands before the CNAME that was made of it', async (t) => {
  const { told } = setUp({
    'a.old.example. A': {
      records: [
        'old.example. 60 IN DNAME new.example.',
        rrsig('old.example.', 60, 'DNAME', 'example.'),
        'a.old.example. 60 IN CNAME a.new.example.',
        'a.new.example. 60 IN A 192.0.2.1',
        rrsig('a.new.example.', 60, 'A', 'example.'),
      ],
      security: 'secure',
    },
  });
  const types = async (bits: Bits) =>
    (await told('a.old.example.', 'A', bits)).answer.map((text) => text.split(' ')[2]);
  t.same(await types({}), ['DNAME', 'CNAME', 'A']);
  t.same(await types({ do: true }), ['DNAME', 'RRSIG', 'CNAME', 'A', 'RRSIG']);
});

t.test('what is bogus is SERVFAIL with its reason, and is given to CD only', async (t) => {
  const bogus: Said = {
    outcome: 'failure',
    ede: [{ code: EDE.SIGNATURE_EXPIRED, text: 'example.: signature by 4711 expired' }],
  };
  const { told, asked, hits } = setUp({
    'www.example. A': ({ checkingDisabled }) => (checkingDisabled === true ? { records: SIGNED } : bogus),
  });
  for (let round = 0; round < 2; round++) {
    const unchecked = await told('www.example.', 'A', { do: true, cd: true });
    t.same([unchecked.rcode, unchecked.ad, unchecked.answer.length], [RCODE.NOERROR, false, 2]);
    const checked = await told('www.example.', 'A', { do: true });
    t.same([checked.rcode, checked.answer.length], [RCODE.SERVFAIL, 0]);
    t.match(checked.ede, { code: EDE.SIGNATURE_EXPIRED, text: /4711 expired/ });
  }
  t.equal(hits(), 1, 'the unchecked answer, for CD');
  t.same(
    asked.map(({ checkingDisabled }) => checkingDisabled),
    [true, false, false],
  );
});

t.test('route53: CD and DO change nothing, in the answer or in the cache', async (t) => {
  const { told, asked, hits } = setUp(
    {
      'www.example. A': { records: SIGNED, security: 'secure' },
      'no.example. A': { outcome: 'nxdomain', soa: SOA, proofs: NSEC, security: 'secure' },
    },
    { dnssec: 'route53' },
  );
  for (const bits of ALL_BITS) {
    t.same((await told('www.example.', 'A', bits)).answer, ['www.example. 300 A 192.0.2.1']);
    t.equal((await told('no.example.', 'A', bits)).authority.length, 1);
  }
  t.equal(asked.length, 2);
  t.ok(asked.every(({ checkingDisabled }) => checkingDisabled === false));
  t.equal(hits(), 2 * ALL_BITS.length - 2);
});

t.test('types of DNSSEC can be asked for; without DO they come only then', async (t) => {
  const ds = 'www.example. 60 IN DS 4711 13 2 ' + 'AB'.repeat(32);
  const all = [...SIGNED, 'www.example. 60 IN NSEC x.example. A', 'www.example. 60 IN TXT "t"'];
  const { told } = setUp({
    'www.example. RRSIG': { records: [rrsig('www.example.', 300, 'A', 'example.')] },
    'www.example. NSEC': { records: NSEC.map((line) => line.replace('a.example.', 'www.example.')) },
    'www.example. DS': { records: [ds] },
    'www.example. DNSKEY': { records: ['www.example. 60 IN DNSKEY 257 3 13 AAAA'] },
    'www.example. ANY': { records: all },
  });
  const types = async (type: string, bits: Bits = {}) =>
    (await told('www.example.', type, bits)).answer.map((text) => text.split(' ')[2]);
  t.same(await types('RRSIG'), ['RRSIG']);
  t.same(await types('RRSIG', { do: true }), ['RRSIG']);
  t.same(await types('NSEC'), ['NSEC']);
  t.same(await types('NSEC', { do: true }), ['NSEC', 'RRSIG']);
  t.same(await types('DS'), ['DS']);
  t.same(await types('DNSKEY'), ['DNSKEY']);
  t.same(await types('ANY'), ['A', 'TXT']);
  t.same(await types('ANY', { do: true }), ['A', 'RRSIG', 'NSEC', 'TXT']);
});

t.test('DS records of a private zone are its parent’s to tell (RFC 4035 section 3.1.4.1)', async (t) => {
  const ds = (owner: string): string => `${owner} 60 IN DS 4711 13 2 ${'AB'.repeat(32)}`;
  const upstream = {
    'corp.example. DS': { records: [ds('corp.example.')], security: 'secure' },
    'stub.example. DS': { records: [ds('stub.example.')] },
    'fwd.example. DS': { records: [ds('fwd.example.')] },
    'none.example. DS': { outcome: 'nxdomain', soa: SOA, proofs: NSEC, security: 'secure' },
  } as const;
  const { told, asked } = setUp(upstream, {
    zones: {
      'corp.example.': `www A 10.0.0.1\nlab NS ns.lab\nlab DS 1 13 2 ${'AB'.repeat(32)}`,
      'lab.corp.example.': 'www A 10.0.0.2',
      'bare.corp.example.': 'www A 10.0.0.3',
      'none.example.': 'www A 10.0.0.4',
    },
    forward: ['fwd.example.'],
    recursive: ['.', 'stub.example.'],
  });
  const corp = await told('corp.example.', 'DS');
  t.match(corp.answer, [/^corp\.example\. 60 DS 4711/]);
  const lab = await told('lab.corp.example.', 'DS');
  t.match(lab.answer, [/^lab\.corp\.example\. 300 DS 1 /], 'the private parent delegates with a DS');
  const bare = await told('bare.corp.example.', 'DS');
  t.equal(
    bare.rcode,
    RCODE.NOERROR,
    'the private parent has no such name, but we have: its types are not denied',
  );
  t.match(bare.authority, [/^bare\.corp\.example\. 300 SOA/]);
  const none = await told('none.example.', 'DS', { do: true });
  t.equal(none.rcode, RCODE.NOERROR);
  t.match(none.authority, [/^none\.example\. 60 SOA/], 'and no proof of a denial that is not told');
  t.notOk(none.ad);
  t.equal((await told('stub.example.', 'DS')).answer.length, 1);
  t.equal((await told('fwd.example.', 'DS')).answer.length, 1);
  t.same(textsOf(asked), [
    '. corp.example. DS',
    '. none.example. DS',
    '. stub.example. DS',
    'fwd.example. fwd.example. DS',
  ]);
  t.equal((await told('www.corp.example.', 'DS')).rcode, RCODE.NOERROR, 'below the apex nothing is special');
  t.equal((await told('corp.example.', 'A')).rcode, RCODE.NOERROR);
});

t.test('DS of a private zone where nobody is above it: NODATA of the zone', async (t) => {
  const { told, hits } = setUp({}, { recursive: [], zones: { 'corp.example.': 'www A 10.0.0.1' } });
  for (let round = 0; round < 2; round++) {
    const reply = await told('corp.example.', 'DS');
    t.same([reply.rcode, reply.authority.length], [RCODE.NOERROR, 1]);
  }
  t.equal(hits(), 1);
});
