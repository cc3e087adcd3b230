import t from 'tap';
import type { Resolution } from '../../src/resolver/resolve.ts';
import type { Resolve } from '../../src/server/query.ts';
import { EDE, FLAG, OPTION, RCODE } from '../../src/wire/constants.ts';
import { findOption, readEde } from '../../src/wire/edns.ts';
import type { Message } from '../../src/wire/message.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { typeFromText } from '../../src/wire/rdata/table.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { ask, clientAt, EDNS, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';
import { rdata } from '../wire/rdata/text.ts';

const CLIENT = clientAt('10.1.2.3');
const ZONE = `
www      A 10.0.0.1
www      A 10.0.0.2
alias    CNAME www
out      CNAME host.corp.test.
loop1    CNAME loop2
loop2    CNAME loop1
*.wild   TXT "any"
a.ent    A 10.0.0.3
mail     MX 10 www
big      TXT ${Array.from({ length: 9 }, (_, i) => `"${String(i).repeat(100)}"`).join(' ')}
old      DNAME new.example.
sub      NS ns.sub
ns.sub   A 10.0.0.53
`;

const VIEWS = { 'vpc-a': { cidrs: ['10.0.0.0/8'], zones: { 'example.': ZONE }, forward: ['corp.test.'] } };

function rrset(text: string): Rrset {
  const [owner, ttl, type, ...words] = text.split(' ');
  return {
    name: nameFromText(owner!),
    type: typeFromText(type!)!,
    ttl: Number(ttl),
    rdatas: [rdata(type!, words.join(' '))],
  };
}

/** Stage 5 by a table of `name type` → records; what is not there is NXDOMAIN. */
function upstream(records: Record<string, string[]>, asked: string[] = []): Resolve {
  return ({ name, type, path }): Resolution => {
    const key = `${nameToText(name)} ${type}`;
    asked.push(`${path.rule} ${key}`);
    const found = records[nameToText(name)];
    const common = { ede: [], source: 'upstream' as const, upstream: '192.0.2.53:53' };
    return found === undefined
      ? {
          ...common,
          outcome: 'nxdomain',
          rcode: RCODE.NXDOMAIN,
          rrsets: [],
          soa: rrset('test. 60 SOA ns. h. 1 2 3 4 60'),
        }
      : { ...common, outcome: 'answer', rcode: RCODE.NOERROR, rrsets: found.map(rrset) };
  };
}

const edeOf = (message: Message | undefined): number | undefined => {
  const data = findOption(message?.edns, OPTION.EDE);
  return data === undefined ? undefined : readEde(data).code;
};

t.test(
  'a private zone: authoritative, in the case of the question, with OPT only for those who send it',
  async (t) => {
    const { pipeline } = pipelineOf(snapshotOf(VIEWS));
    const plain = await ask(pipeline, CLIENT, query('WWW.Example.', 'A'));
    t.equal(plain!.rcode, RCODE.NOERROR);
    t.equal(plain!.flags, FLAG.QR | FLAG.AA | FLAG.RD | FLAG.RA);
    t.same(plain!.answer.map(rrText).toSorted(), [
      'WWW.Example. 300 A 10.0.0.1',
      'WWW.Example. 300 A 10.0.0.2',
    ]);
    t.equal(plain!.edns, undefined);
    const edns = await ask(
      pipeline,
      CLIENT,
      query('www.example.', 'A', { edns: { ...EDNS, dnssecOk: true } }),
    );
    t.match(edns!.edns, { payload: 1232, dnssecOk: true });
  },
);

t.test('phenomena of a zone', async (t) => {
  const { pipeline } = pipelineOf(snapshotOf(VIEWS));
  const cases: [string, string, number, string[], number][] = [
    ['alias.example.', 'A', RCODE.NOERROR, ['CNAME', 'A', 'A'], 0],
    ['x.y.wild.example.', 'TXT', RCODE.NOERROR, ['TXT'], 0],
    ['x.wild.example.', 'A', RCODE.NOERROR, [], 1],
    ['ent.example.', 'A', RCODE.NOERROR, [], 1],
    ['no.example.', 'A', RCODE.NXDOMAIN, [], 1],
    ['www.example.', 'AAAA', RCODE.NOERROR, [], 1],
    ['a.old.example.', 'A', RCODE.NXDOMAIN, ['DNAME', 'CNAME'], 1],
    ['alias.example.', 'CNAME', RCODE.NOERROR, ['CNAME'], 0],
  ];
  for (const [name, type, rcode, types, authority] of cases) {
    const reply = await ask(pipeline, CLIENT, query(name, type));
    t.equal(reply!.rcode, rcode, `${name} ${type}`);
    t.same(
      reply!.answer.map((rr) => rrText(rr).split(' ')[2]),
      types,
      `${name} ${type}: the chain first, in order`,
    );
    t.equal(reply!.authority.length, authority, `${name} ${type}: SOA with negatives only`);
    if (authority === 1) t.equal(reply!.authority[0]!.ttl, 300, 'RFC 2308: min(SOA TTL, minimum)');
  }
  const mail = await ask(pipeline, CLIENT, query('mail.example.', 'MX'));
  t.equal(mail!.additional.length, 2, 'addresses of the exchange');
  const referral = await ask(pipeline, CLIENT, query('host.sub.example.', 'A'));
  t.notOk(referral!.flags & FLAG.AA);
  t.same(referral!.authority.map(rrText), ['sub.example. 300 NS ns.sub.example.']);
  t.same(referral!.additional.map(rrText), ['ns.sub.example. 300 A 10.0.0.53']);
});

t.test('a CNAME that leaves the zone starts again at the view', async (t) => {
  const asked: string[] = [];
  const resolve = upstream({ 'host.corp.test.': ['host.corp.test. 60 A 10.9.9.9'] }, asked);
  const { pipeline } = pipelineOf(snapshotOf(VIEWS), { resolve });
  const reply = await ask(pipeline, CLIENT, query('out.example.', 'A'));
  t.same(reply!.answer.map(rrText), [
    'out.example. 300 CNAME host.corp.test.',
    'host.corp.test. 60 A 10.9.9.9',
  ]);
  t.ok(reply!.flags & FLAG.AA, 'AA speaks of the first owner');
  t.same(asked, ['corp.test. host.corp.test. 1']);
});

t.test('a chain of a forwarder is believed until it enters somebody else’s name space', async (t) => {
  const resolve = upstream({
    'a.corp.test.': ['a.corp.test. 60 CNAME cdn.net.', 'cdn.net. 60 A 198.51.100.1'],
    'b.corp.test.': ['b.corp.test. 60 CNAME www.example.', 'www.example. 60 A 203.0.113.66'],
    'c.corp.test.': ['c.corp.test. 60 CNAME d.corp.test.'],
    'd.corp.test.': ['d.corp.test. 60 A 10.4.4.4'],
  });
  const { pipeline } = pipelineOf(snapshotOf(VIEWS), { resolve });
  const a = await ask(pipeline, CLIENT, query('a.corp.test.', 'A'));
  t.same(a!.answer.map(rrText).at(-1), 'cdn.net. 60 A 198.51.100.1');
  const b = await ask(pipeline, CLIENT, query('b.corp.test.', 'A'));
  t.same(
    b!.answer.map(rrText).slice(1).toSorted(),
    ['www.example. 300 A 10.0.0.1', 'www.example. 300 A 10.0.0.2'],
    'the private zone speaks for its names, not the forwarder',
  );
  const c = await ask(pipeline, CLIENT, query('c.corp.test.', 'A'));
  t.same(c!.answer.map(rrText).at(-1), 'd.corp.test. 60 A 10.4.4.4', 'an open chain is asked to its end');
});

t.test('loops and endless chains end in SERVFAIL', async (t) => {
  const { pipeline } = pipelineOf(snapshotOf(VIEWS), {
    resolve: ({ name }) => {
      const label = nameToText(name).split('.')[0]!;
      const next = `x${Number(label.slice(1)) + 1}.corp.test.`;
      return {
        outcome: 'answer',
        rcode: 0,
        rrsets: [rrset(`${nameToText(name)} 60 CNAME ${next}`)],
        ede: [],
        source: 'upstream',
      };
    },
  });
  for (const name of ['loop1.example.', 'x1.corp.test.']) {
    const reply = await ask(pipeline, CLIENT, query(name, 'A', { edns: EDNS }));
    t.equal(reply!.rcode, RCODE.SERVFAIL, name);
    t.equal(reply!.answer.length, 0);
    t.equal(edeOf(reply), EDE.OTHER);
  }
});

t.test('who belongs to no VPC, and what no rule covers, is refused with a reason', async (t) => {
  const { pipeline } = pipelineOf(snapshotOf(VIEWS));
  const stranger = await ask(pipeline, clientAt('192.0.2.1'), query('www.example.', 'A', { edns: EDNS }));
  t.equal(stranger!.rcode, RCODE.REFUSED);
  t.equal(edeOf(stranger), EDE.PROHIBITED);
  const uncovered = await ask(pipeline, CLIENT, query('www.elsewhere.', 'A', { edns: EDNS }));
  t.equal(uncovered!.rcode, RCODE.REFUSED);
  t.equal(edeOf(uncovered), EDE.NOT_AUTHORITATIVE);
});

t.test('views by source address; a client subnet option changes nothing', async (t) => {
  const { pipeline } = pipelineOf(
    snapshotOf({
      'vpc-a': { cidrs: ['10.0.0.0/8'], zones: { 'example.': 'www A 10.0.0.1' } },
      'vpc-b': { cidrs: ['10.2.0.0/16'], zones: { 'example.': 'www A 10.2.0.1' } },
    }),
  );
  const answerAt = async (address: string, subnet?: Uint8Array) => {
    const options = subnet === undefined ? [] : [{ code: OPTION.ECS, data: subnet }];
    const reply = await ask(
      pipeline,
      clientAt(address),
      query('www.example.', 'A', { edns: { ...EDNS, options } }),
    );
    return rrText(reply!.answer[0]!);
  };
  t.match(await answerAt('10.1.0.9'), '10.0.0.1');
  t.match(await answerAt('10.2.0.9'), '10.2.0.1', 'longest match');
  t.match(await answerAt('10.1.0.9', Uint8Array.from([0, 1, 16, 0, 10, 2])), '10.0.0.1');
  t.match(await answerAt('10.2.0.9'), '10.2.0.1', 'also from the answer cache');
});

t.test('overlay: what a missing name or type does, by mode and by what lies behind', async (t) => {
  const behind: Record<string, Resolution['outcome']> = {
    has: 'answer',
    lacks: 'nxdomain',
    fails: 'failure',
  };
  for (const overlay of ['none', 'nxdomain', 'nodata'] as const)
    for (const [state, outcome] of Object.entries(behind)) {
      const asked: string[] = [];
      const resolve: Resolve = ({ name }) => {
        asked.push(nameToText(name));
        const rrsets = outcome === 'answer' ? [rrset(`${nameToText(name)} 60 AAAA 2001:db8::1`)] : [];
        const rcode = { answer: 0, nodata: 0, nxdomain: 3, referral: 0, failure: 2 }[outcome];
        return { outcome, rcode, rrsets, ede: [], source: 'upstream' };
      };
      const { pipeline } = pipelineOf(
        snapshotOf({
          v: {
            cidrs: ['10.0.0.0/8'],
            zones: { 'corp.test.': { text: 'www A 10.0.0.1', overlay } },
            forward: ['test.'],
          },
        }),
        { resolve },
      );
      const missingName = await ask(pipeline, CLIENT, query('no.corp.test.', 'AAAA'));
      const missingType = await ask(pipeline, CLIENT, query('www.corp.test.', 'AAAA'));
      const expected = {
        answer: RCODE.NOERROR,
        nxdomain: RCODE.NXDOMAIN,
        failure: RCODE.SERVFAIL,
        nodata: 0,
        referral: RCODE.SERVFAIL,
      }[outcome];
      const what = `overlay ${overlay}, upstream ${state}`;
      t.equal(missingName!.rcode, overlay === 'none' ? RCODE.NXDOMAIN : expected, `${what}: missing name`);
      // The name exists: NXDOMAIN from behind the zone would deny its other types.
      const forType = overlay === 'nodata' && outcome === 'failure' ? RCODE.SERVFAIL : RCODE.NOERROR;
      t.equal(missingType!.rcode, forType, `${what}: missing type`);
      const own = await ask(pipeline, CLIENT, query('www.corp.test.', 'A'));
      t.equal(rrText(own!.answer[0]!), 'www.corp.test. 300 A 10.0.0.1');
      const leaks = { none: 0, nxdomain: 1, nodata: 2 }[overlay];
      t.equal(asked.length, leaks, `${what}: nothing is asked that need not be`);
    }
});

t.test('the failure of a forwarder is SERVFAIL, with its reason', async (t) => {
  const { pipeline } = pipelineOf(snapshotOf(VIEWS), {
    resolve: async () => ({
      outcome: 'failure',
      rcode: RCODE.SERVFAIL,
      rrsets: [],
      ede: [{ code: EDE.NO_REACHABLE_AUTHORITY, text: 'rule corp.test.: no target answered' }],
      source: 'upstream',
    }),
  });
  const reply = await ask(pipeline, CLIENT, query('x.corp.test.', 'A', { edns: EDNS }));
  t.equal(reply!.rcode, RCODE.SERVFAIL);
  t.equal(edeOf(reply), EDE.NO_REACHABLE_AUTHORITY);
});

t.test('RD=0 asks nobody', async (t) => {
  const asked: string[] = [];
  const { pipeline } = pipelineOf(snapshotOf(VIEWS), { resolve: upstream({}, asked) });
  t.equal((await ask(pipeline, CLIENT, query('x.corp.test.', 'A', { flags: 0 })))!.rcode, RCODE.REFUSED);
  t.equal((await ask(pipeline, CLIENT, query('www.example.', 'A', { flags: 0 })))!.answer.length, 2);
  t.equal((await ask(pipeline, CLIENT, query('out.example.', 'A', { flags: 0 })))!.answer.length, 1);
  t.equal(asked.length, 0);
});

t.test('the access list: silence, or REFUSED where the endpoint says so', async (t) => {
  const snapshot = snapshotOf(VIEWS);
  const [endpoint] = snapshot.endpoints;
  const closed = { ...snapshot, endpoints: [{ ...endpoint!, allow: snapshot.clients }] };
  const { pipeline } = pipelineOf(closed);
  t.equal(await ask(pipeline, clientAt('192.0.2.1'), query('www.example.', 'A')), undefined);
  const polite = { ...closed, endpoints: [{ ...closed.endpoints[0]!, outside: 'refuse' as const }] };
  const refused = await ask(pipelineOf(polite).pipeline, clientAt('192.0.2.1'), query('www.example.', 'A'));
  t.equal(refused!.rcode, RCODE.REFUSED);
});

t.test('the answer cache gives what the stages gave, until something it depends on changes', async (t) => {
  const { pipeline, counters, dependencies } = pipelineOf(snapshotOf(VIEWS), {
    resolve: upstream({ 'host.corp.test.': ['host.corp.test. 60 A 10.9.9.9'] }),
  });
  const names = ['www.example.', 'no.example.', 'out.example.', 'mail.example.', 'alias.example.'];
  for (const name of names)
    for (const edns of [undefined, EDNS, { ...EDNS, dnssecOk: true }]) {
      const bytes = query(name, name.startsWith('mail') ? 'MX' : 'A', edns === undefined ? {} : { edns });
      const before = counters.sum('answersFromCache');
      const first = await ask(pipeline, CLIENT, bytes);
      const second = await ask(pipeline, CLIENT, bytes);
      t.same(second!.bytes, first!.bytes, name);
      t.ok(counters.sum('answersFromCache') > before, `${name} came from the answer cache`);
    }
  for (let slot = 0; slot < 65_536; slot++) dependencies.bump(slot);
  const before = counters.sum('answersFromCache');
  for (const name of names) await ask(pipeline, CLIENT, query(name, name.startsWith('mail') ? 'MX' : 'A'));
  t.equal(counters.sum('answersFromCache'), before);
});
