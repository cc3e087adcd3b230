/** What an authoritative endpoint says: its zones, and nothing of others. */
import t from 'tap';
import { EDE, FLAG, OPTION, RCODE } from '../../src/wire/constants.ts';
import { findOption, readEde } from '../../src/wire/edns.ts';
import type { Message } from '../../src/wire/message.ts';
import { ask, clientAt, EDNS, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { snapshotOf, withAuthority } from '../support/world.ts';

const CLIENT = clientAt('192.0.2.7');
const EXAMPLE = `@ 900 SOA ns hostmaster 1 7200 900 1209600 86400
@ 900 NS ns
@ 900 NS ns.far.test.
ns 900 A 192.0.2.53
www A 192.0.2.80
mail MX 10 www
alias CNAME www
out CNAME www.far.test.
beside CNAME www.other.test.
gone CNAME nowhere
into CNAME www.sub
one CNAME two
two CNAME one
self CNAME self
old DNAME www
sub NS ns.sub
sub NS ns
sub DS 1 13 2 ${'0A'.repeat(32)}
ns.sub A 192.0.2.54
kid NS ns
kid DS 2 13 2 ${'0B'.repeat(32)}
big TXT ${Array.from({ length: 2 }, (_, i) => `"${String(i).repeat(220)}"`).join(' ')}
`;
const SNAPSHOT = withAuthority(
  snapshotOf({
    public: {
      cidrs: [],
      zones: {
        'example.': EXAMPLE,
        'kid.example.': 'www A 192.0.2.90',
        'other.test.': 'www A 192.0.2.91',
      },
    },
    'vpc-a': { cidrs: ['192.0.2.0/24'], zones: { 'private.test.': 'www A 10.0.0.1' }, forward: ['.'] },
  }),
  'public',
);

const { pipeline, counters } = pipelineOf(SNAPSHOT);

async function say(name: string, type: string, flags = 0): Promise<Message> {
  return (await ask(pipeline, CLIENT, query(name, type, { flags, edns: EDNS })))!;
}

function sections({ answer, authority, additional }: Message): string[][] {
  return [answer, authority, additional].map((section) =>
    section.map((rr) => rrText(rr).replace(/ \d+ 7200 .*/, '')),
  );
}

const NS = ['example. 900 NS ns.example.', 'example. 900 NS ns.far.test.'];
const NS_A = 'ns.example. 900 A 192.0.2.53';

t.test('data: AA, no RA, the NS in authority and their addresses', async (t) => {
  const reply = await say('www.example.', 'A', FLAG.RD | FLAG.CD | FLAG.AD);
  t.equal(reply.rcode, RCODE.NOERROR);
  t.equal(reply.flags & 0x7fb0, FLAG.AA | FLAG.RD, 'RD is copied, CD is not (RFC 4035 section 3.1.6)');
  t.same(sections(reply), [['www.example. 300 A 192.0.2.80'], NS, [NS_A]]);
  t.same(sections(await say('mail.example.', 'MX')), [
    ['mail.example. 300 MX 10 www.example.'],
    NS,
    ['www.example. 300 A 192.0.2.80', NS_A],
  ]);
  t.same(sections(await say('example.', 'NS')), [NS, [], [NS_A]], 'not twice');
  t.same(sections(await say('ns.example.', 'A')), [[NS_A], NS, []]);
});

t.test('negatives: the SOA, its TTL no more than its minimum, and no NS', async (t) => {
  for (const [name, rcode] of [
    ['nowhere.example.', RCODE.NXDOMAIN],
    ['www.example.', RCODE.NOERROR],
  ] as const) {
    const reply = await say(name, 'AAAA');
    t.equal(reply.rcode, rcode);
    t.ok(reply.flags & FLAG.AA);
    t.same(sections(reply), [
      [],
      ['example. 900 SOA ns.example. hostmaster.example. 1 7200 900 1209600 86400'.replace(/ 1 7200.*/, '')],
      [],
    ]);
  }
});

t.test('outside of the zones: REFUSED, whatever this node knows as a resolver', async (t) => {
  for (const name of ['far.test.', 'private.test.', '.', 'test.', 'localhost.', 'xexample.']) {
    const reply = await say(name, 'A', FLAG.RD);
    t.equal(reply.rcode, RCODE.REFUSED, name);
    t.notOk(reply.flags & (FLAG.AA | FLAG.RA), name);
    t.equal(readEde(findOption(reply.edns, OPTION.EDE)!).code, EDE.NOT_AUTHORITATIVE);
    t.same(sections(reply), [[], [], []]);
  }
});

t.test('chains go on inside the zones that are served, and end where they leave them', async (t) => {
  t.same(sections(await say('alias.example.', 'A'))[0], [
    'alias.example. 300 CNAME www.example.',
    'www.example. 300 A 192.0.2.80',
  ]);
  const beside = await say('beside.example.', 'A');
  t.same(sections(beside)[0], [
    'beside.example. 300 CNAME www.other.test.',
    'www.other.test. 300 A 192.0.2.91',
  ]);
  t.same(sections(beside)[1], ['other.test. 900 NS ns.other.test.'], 'the NS of the last zone');
  const out = await say('out.example.', 'A', FLAG.RD);
  t.equal(out.rcode, RCODE.NOERROR);
  t.ok(out.flags & FLAG.AA);
  t.same(sections(out), [['out.example. 300 CNAME www.far.test.'], [], []], 'nothing but the link');
  const gone = await say('gone.example.', 'A');
  t.equal(gone.rcode, RCODE.NXDOMAIN, 'RFC 2308 section 2.1');
  t.match(sections(gone)[1], [/^example\. 900 SOA/]);
  const round = await say('one.example.', 'A');
  t.equal(round.rcode, RCODE.NOERROR, 'a circle is what the zone says');
  t.equal(round.answer.length, 2);
  t.equal((await say('self.example.', 'A')).answer.length, 1);
  t.match(sections(await say('www.old.example.', 'A'))[0], [/DNAME/, /CNAME www\.www\.example\./]);
});

t.test('referrals: no AA, glue; DS at the cut is of the parent, what is below of the child', async (t) => {
  const referral = await say('x.www.sub.example.', 'A');
  t.notOk(referral.flags & FLAG.AA);
  t.same(sections(referral), [
    [],
    ['sub.example. 300 NS ns.sub.example.', 'sub.example. 300 NS ns.example.'],
    ['ns.sub.example. 300 A 192.0.2.54', NS_A],
  ]);
  const ds = await say('sub.example.', 'DS');
  t.ok(ds.flags & FLAG.AA);
  t.match(sections(ds)[0], [/^sub\.example\. 300 DS 1 13 2/]);
  const into = await say('into.example.', 'A');
  t.ok(into.flags & FLAG.AA, 'of the first name');
  t.match(sections(into)[1], [/^sub\.example\. 300 NS/, /^sub\.example\. 300 NS/]);
  const child = await say('www.kid.example.', 'A');
  t.ok(child.flags & FLAG.AA);
  t.same(sections(child)[0], ['www.kid.example. 300 A 192.0.2.90']);
  t.match(sections(await say('kid.example.', 'DS'))[0], [/^kid\.example\. 300 DS 2 13 2/]);
  t.match(sections(await say('other.test.', 'DS'))[1], [/^other\.test\. \d+ SOA/], 'its parent is not here');
});

t.test('an address that a zone further down has is told by nobody else', async (t) => {
  const views = {
    public: {
      cidrs: [],
      zones: {
        'a.test.':
          '@ 900 SOA ns.b h 1 2 3 4 5\n@ 900 NS ns.b\nns.b A 192.0.2.1\nwww A 192.0.2.2\nmx MX 1 ns.b',
        'b.a.test.': 'ns A 192.0.2.99',
      },
    },
  };
  const made = pipelineOf(withAuthority(snapshotOf(views), 'public'));
  for (const [name, type] of [
    ['www.a.test.', 'A'],
    ['mx.a.test.', 'MX'],
    ['a.test.', 'NS'],
  ] as const) {
    const reply = (await ask(made.pipeline, CLIENT, query(name, type, { edns: EDNS })))!;
    t.same(sections(reply)[2], [], name);
  }
});

t.test('the NS are left out without TC where they do not fit', async (t) => {
  const reply = (await ask(pipeline, CLIENT, query('big.example.', 'TXT', { flags: 0 })))!;
  t.notOk(reply.flags & FLAG.TC);
  t.ok(reply.bytes.length <= 512);
  t.equal(reply.answer.length, 1);
  t.equal(reply.authority.length, 0);
  t.equal((await say('big.example.', 'TXT')).authority.length, 2);
});

t.test('with and without RD, the second is from the cache, and RD is patched', async (t) => {
  const hits = () => counters.sum('answersFromCache');
  for (const name of ['www.example.', 'out.example.', 'nowhere.example.', 'x.sub.example.']) {
    await say(name, 'TXT', 0);
    for (const flags of [0, FLAG.RD, FLAG.RD | FLAG.CD, 0]) {
      const before = hits();
      const reply = await say(name, 'TXT', flags);
      t.equal(hits() - before, 1, `${name}, flags ${flags}`);
      t.equal(reply.flags & (FLAG.RD | FLAG.CD | FLAG.RA), flags & FLAG.RD);
    }
  }
});

t.test('what cannot be asked gets its error without RA', async (t) => {
  for (const type of ['TYPE252', 'TYPE41']) {
    const reply = (await ask(pipeline, CLIENT, query('example.', type, { flags: FLAG.RD })))!;
    t.not(reply.rcode, RCODE.NOERROR, type);
    t.notOk(reply.flags & FLAG.RA, type);
  }
});

t.test('over the rate: TC without RA', async (t) => {
  const limited = pipelineOf(SNAPSHOT, { rateLimit: { ratePerSecond: 1, burst: 1, slip: 1 } }).pipeline;
  await ask(limited, CLIENT, query('www.example.', 'A', { flags: 0 }));
  for (let i = 0; i < 2; i++) {
    const reply = (await ask(limited, CLIENT, query('www.example.', 'A', { flags: 0 })))!;
    t.equal(reply.flags & (FLAG.TC | FLAG.RA), FLAG.TC);
  }
});
