/** DNS Firewall on its way through the pipeline: what is blocked, where in a chain, and what caches keep of it. */
import t from 'tap';
import { diffSnapshots } from '../../src/control/compile/diff.ts';
import type { FirewallAction } from '../../src/policy/firewall.ts';
import type { ResolveRequest } from '../../src/resolver/resolve.ts';
import { World } from '../../src/server/world.ts';
import { EDE, FLAG, OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import { findOption, readEde } from '../../src/wire/edns.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { ask, clientAt, EDNS, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { upstreamOf } from '../support/upstream.ts';
import { type FirewallSpec, snapshotOf, type ViewSpec } from '../support/world.ts';

const ALLOW: FirewallAction = { kind: 'allow' };
const ALERT: FirewallAction = { kind: 'alert' };
const NXDOMAIN: FirewallAction = { kind: 'block', response: 'nxdomain' };
const NODATA: FirewallAction = { kind: 'block', response: 'nodata' };
const override = (target: string, ttl = 30): FirewallAction => ({
  kind: 'block',
  response: 'override',
  target: nameFromText(target),
  ttl,
});

const TABLE = {
  'good.example. A': { records: ['good.example. 60 IN A 192.0.2.1'] },
  'bad.example. A': { records: ['bad.example. 60 IN A 192.0.2.66'] },
  'alias.example. A': {
    records: ['alias.example. 60 IN CNAME bad.example.', 'bad.example. 60 IN A 192.0.2.66'],
  },
  'long.example. A': {
    records: [
      'long.example. 60 IN CNAME middle.test.',
      'middle.test. 60 IN CNAME bad.example.',
      'bad.example. 60 IN A 192.0.2.66',
    ],
  },
  'sinkhole.test. A': { records: ['sinkhole.test. 60 IN A 192.0.2.99'] },
  'four.example. AAAA': { outcome: 'nodata' as const, soa: ['example. 120 IN SOA ns. h. 1 2 3 4 120'] },
  'four.example. A': { records: ['four.example. 60 IN A 192.0.2.4'] },
};

function setUp(
  firewall: FirewallSpec,
  view: Partial<ViewSpec> = {},
  table: Parameters<typeof upstreamOf>[0] = TABLE,
) {
  const asked: ResolveRequest[] = [];
  const spec: ViewSpec = {
    cidrs: ['10.0.0.0/8'],
    zones: { 'corp.example.': 'www A 10.0.0.1\nout CNAME bad.example.' },
    recursive: ['.'],
    firewall,
    ...view,
  };
  const other: ViewSpec = { cidrs: ['172.16.0.0/12'], recursive: ['.'] };
  const views = { v: spec, w: other };
  const made = pipelineOf(snapshotOf(views), { resolve: upstreamOf(table, asked) });
  const told = async (name: string, type = 'A', from = '10.1.2.3') => {
    const reply = await ask(made.pipeline, clientAt(from), query(name, type, { edns: EDNS }));
    const ede = findOption(reply!.edns, OPTION.EDE);
    return { rcode: reply!.rcode, answer: reply!.answer.map(rrText), ede: ede && readEde(ede).code };
  };
  const { counters } = made;
  return {
    ...made,
    asked,
    told,
    views,
    hits: () => counters.sum('answersFromCache'),
    verdicts: () => [counters.sum('firewallAlerts'), counters.sum('firewallBlocks')],
  };
}

t.test('what is blocked is not asked for, from the cache too, and each time it is counted', async (t) => {
  for (const [action, rcode] of [
    [NXDOMAIN, RCODE.NXDOMAIN],
    [NODATA, RCODE.NOERROR],
  ] as const) {
    const { told, asked, hits, verdicts } = setUp({ rules: [{ domains: ['bad.example'], action }] });
    for (let round = 0; round < 3; round++)
      t.same(await told('BAD.example.'), { rcode, answer: [], ede: EDE.BLOCKED });
    t.equal(asked.length, 0);
    t.equal(hits(), 2);
    t.same(verdicts(), [0, 3]);
    t.same((await told('good.example.')).answer, ['good.example. 60 A 192.0.2.1']);
    t.same(
      (await told('bad.example.', 'A', '172.16.0.1')).answer,
      ['bad.example. 60 A 192.0.2.66'],
      'of another VPC',
    );
  }
});

t.test('without EDNS the same is said, without a reason', async (t) => {
  const { pipeline } = setUp({ rules: [{ domains: ['bad.example'] }] });
  for (let round = 0; round < 2; round++) {
    const reply = await ask(pipeline, clientAt('10.1.2.3'), query('bad.example.', 'A'));
    t.match(reply, { rcode: RCODE.NXDOMAIN, edns: undefined, bytes: { length: 29 } });
  }
});

t.test('it comes before private zones and what is made up', async (t) => {
  const { told } = setUp({ rules: [{ domains: ['www.corp.example', 'localhost'] }] });
  t.match(await told('www.corp.example.'), { rcode: RCODE.NXDOMAIN, answer: [] });
});

t.test('the first rule that matches decides, whatever its action', async (t) => {
  for (const [first, rcode, verdicts] of [
    [ALLOW, RCODE.NOERROR, [0, 0]],
    [ALERT, RCODE.NOERROR, [2, 0]],
    [NXDOMAIN, RCODE.NXDOMAIN, [0, 2]],
  ] as const) {
    const made = setUp({
      rules: [
        { domains: ['other.example'], action: NODATA },
        { domains: ['*.example'], action: first },
        { domains: ['*'], action: NXDOMAIN },
      ],
    });
    for (let round = 0; round < 2; round++) t.equal((await made.told('good.example.')).rcode, rcode);
    t.equal(made.hits(), 1);
    t.same(made.verdicts(), verdicts);
  }
});

t.test('a rule for a type is for no other', async (t) => {
  const { told } = setUp({ rules: [{ domains: ['*'], qtype: TYPE.TXT }] });
  t.equal((await told('good.example.', 'TXT')).rcode, RCODE.NXDOMAIN);
  t.equal((await told('good.example.', 'A')).rcode, RCODE.NOERROR);
});

t.test('each name of a chain is looked at, from servers and from zones', async (t) => {
  const { told, verdicts, hits } = setUp({ rules: [{ domains: ['bad.example'] }] });
  for (let round = 0; round < 2; round++)
    for (const name of ['alias.example.', 'long.example.', 'out.corp.example.'])
      t.same(await told(name), { rcode: RCODE.NXDOMAIN, answer: [], ede: EDE.BLOCKED }, name);
  t.same(verdicts(), [0, 6]);
  t.equal(hits(), 0, 'how the name was come to is no part of what is known of a verdict');
});

t.test('a list of allowed names has to hold all of a chain, unless it trusts', async (t) => {
  const all = { domains: ['*'], action: NXDOMAIN };
  const walled = setUp({ rules: [{ domains: ['long.example', 'middle.test'], action: ALLOW }, all] });
  t.equal((await walled.told('long.example.')).rcode, RCODE.NXDOMAIN);
  const whole = setUp({
    rules: [{ domains: ['long.example', 'middle.test', 'bad.example'], action: ALLOW }, all],
  });
  t.equal((await whole.told('long.example.')).answer.length, 3);
  const trusting = setUp({
    rules: [{ domains: ['long.example'], action: ALLOW, redirection: 'trust' }, all],
  });
  t.equal((await trusting.told('long.example.')).answer.length, 3);
  t.equal((await trusting.told('alias.example.')).rcode, RCODE.NXDOMAIN);
});

t.test('a rule that trusts does not look at what aliases lead to', async (t) => {
  const { told } = setUp({ rules: [{ domains: ['bad.example'], redirection: 'trust' }] });
  t.equal((await told('alias.example.')).answer.length, 2);
  t.equal((await told('bad.example.')).rcode, RCODE.NXDOMAIN);
});

t.test('alerts: the answer is the true one, stored, and each use is counted', async (t) => {
  const { told, hits, verdicts, asked } = setUp({ rules: [{ domains: ['bad.example'], action: ALERT }] });
  for (let round = 0; round < 3; round++)
    t.same(await told('alias.example.'), {
      rcode: RCODE.NOERROR,
      answer: ['alias.example. 60 CNAME bad.example.', 'bad.example. 60 A 192.0.2.66'],
      ede: undefined,
    });
  t.equal(asked.length, 1);
  t.equal(hits(), 2);
  t.same(verdicts(), [3, 0]);
});

t.test('a block further on goes before an alert', async (t) => {
  const { told, verdicts } = setUp({
    rules: [
      { domains: ['middle.test'], action: ALERT },
      { domains: ['bad.example'], action: NODATA },
    ],
  });
  t.match(await told('long.example.'), { answer: [], ede: EDE.BLOCKED });
  t.same(verdicts(), [0, 1]);
});

t.test('an override is a CNAME with its own TTL and what that leads to', async (t) => {
  const action = override('sinkhole.test.');
  const { told, hits } = setUp({ rules: [{ domains: ['bad.example', '*.test'], action }] });
  for (const name of ['bad.example.', 'alias.example.', 'bad.example.'])
    t.same(await told(name), {
      rcode: RCODE.NOERROR,
      answer: [`${name} 30 CNAME sinkhole.test.`, 'sinkhole.test. 60 A 192.0.2.99'],
      ede: EDE.FORGED_ANSWER,
    });
  t.equal(hits(), 1);
  t.same((await told('bad.example.', 'CNAME')).answer, ['bad.example. 30 CNAME sinkhole.test.']);
});

t.test('an override that leads to itself fails and does not go round', async (t) => {
  const { told } = setUp({ rules: [{ domains: ['bad.example'], action: override('bad.example.') }] });
  t.equal((await told('bad.example.')).rcode, RCODE.SERVFAIL);
});

t.test('a list that cannot be had: SERVFAIL, or passed over', async (t) => {
  const rules = [{ domains: undefined }, { domains: ['bad.example'] }];
  const closed = setUp({ rules });
  for (const name of ['good.example.', 'bad.example.'])
    t.same(await closed.told(name), { rcode: RCODE.SERVFAIL, answer: [], ede: EDE.NOT_READY });
  t.same(closed.verdicts(), [0, 0]);
  const open = setUp({ rules, failOpen: true });
  t.equal((await open.told('good.example.')).rcode, RCODE.NOERROR);
  t.equal((await open.told('bad.example.')).rcode, RCODE.NXDOMAIN);
  const before = setUp({ rules: [{ domains: ['good.example'], action: ALLOW }, ...rules] });
  t.equal((await before.told('good.example.')).rcode, RCODE.NOERROR, 'it is not come to');
});

t.test(
  'AAAA records that are made of A records: by the rules for A, and not by one for AAAA alone',
  async (t) => {
    const dns64 = { prefix: '64:ff9b::/96' };
    const made = ['four.example. 60 AAAA 64:ff9b::c000:204'];
    for (const [rule, rcode, answer] of [
      [{ qtype: TYPE.AAAA }, RCODE.NOERROR, made],
      [{ qtype: TYPE.AAAA, action: NODATA }, RCODE.NOERROR, made],
      [{}, RCODE.NXDOMAIN, []],
      [{ action: NODATA }, RCODE.NOERROR, []],
      [{ qtype: TYPE.A }, RCODE.NXDOMAIN, []],
    ] as const) {
      const { told } = setUp({ rules: [{ domains: ['four.example'], ...rule }] }, { dns64 });
      t.match(await told('four.example.', 'AAAA'), { rcode, answer });
    }
  },
);

t.test('a list that changes ends what was stored of its names, and nothing else', async (t) => {
  const rulesWith = (...domains: string[]): FirewallSpec => ({ rules: [{ domains, action: NXDOMAIN }] });
  const before = rulesWith('one.example', '*.two.test');
  const { pipeline, told, hits, dependencies, views } = setUp(before);
  const putInForce = (firewall: FirewallSpec): void => {
    const from = pipeline.world.snapshot;
    const next = { ...snapshotOf({ ...views, v: { ...views.v, firewall } }, 2), zones: from.zones };
    pipeline.serve(new World(next, dependencies));
    for (const hash of diffSnapshots(from, next).touched) dependencies.bump(dependencies.slotOf(hash));
  };
  const fill = async (): Promise<number> => {
    const was = hits();
    for (const name of ['good.example.', 'sinkhole.test.']) await told(name);
    return hits() - was;
  };
  t.equal(await fill(), 0);
  t.equal(await fill(), 2);
  putInForce(rulesWith('one.example', '*.two.test', 'good.example'));
  t.equal((await told('good.example.')).rcode, RCODE.NXDOMAIN, 'at once');
  t.equal(await fill(), 2);
  putInForce(rulesWith('one.example', '*.two.test', 'good.example', '*.test'));
  t.equal((await told('sinkhole.test.')).rcode, RCODE.NXDOMAIN);
  putInForce(rulesWith('one.example', '*'));
  t.equal((await told('other.invalid.')).rcode, RCODE.NXDOMAIN);
  putInForce(rulesWith());
  t.equal((await told('good.example.')).rcode, RCODE.NOERROR);
});

/** With AAAA records made of A records, and an alias that leads on. */
function dns64Of(rules: FirewallSpec['rules']) {
  const table = {
    ...TABLE,
    'www.example. AAAA': {
      records: ['www.example. 60 IN CNAME four.example.'],
      outcome: 'nodata' as const,
      soa: ['example. 120 IN SOA ns. h. 1 2 3 4 120'],
    },
    'www.example. A': {
      records: ['www.example. 60 IN CNAME four.example.', 'four.example. 60 IN A 192.0.2.4'],
    },
  };
  return setUp({ rules }, { dns64: { prefix: '64:ff9b::/96' } }, table);
}
const CHAIN = ['www.example. 60 CNAME four.example.', 'four.example. 60 AAAA 64:ff9b::c000:204'];

t.test('the question for A is judged as if a client had asked it, from its first name on', async (t) => {
  for (const [rules, rcode, answer] of [
    [[{ domains: ['four.example'], qtype: TYPE.AAAA, action: NODATA }], RCODE.NOERROR, CHAIN],
    [
      [
        { domains: ['www.example'], action: ALLOW, redirection: 'trust' },
        { domains: ['*'], action: NXDOMAIN },
      ],
      RCODE.NOERROR,
      CHAIN,
    ],
    [[{ domains: ['www.example'], qtype: TYPE.A, action: NXDOMAIN }], RCODE.NXDOMAIN, []],
    [[{ domains: ['four.example'], action: NXDOMAIN, redirection: 'trust' }], RCODE.NOERROR, CHAIN],
  ] as const)
    t.match(await dns64Of(rules).told('www.example.', 'AAAA'), { rcode, answer }, JSON.stringify(rules));
});

t.test('an alert stays where AAAA records are made, and a block of A goes before it', async (t) => {
  const alert = { domains: ['four.example'], qtype: TYPE.AAAA, action: ALERT };
  const made = dns64Of([alert]);
  t.equal((await made.told('four.example.', 'AAAA')).answer.length, 1);
  t.same(made.verdicts(), [1, 0]);
  const blocked = dns64Of([alert, { domains: ['four.example'], qtype: TYPE.A, action: NXDOMAIN }]);
  for (let round = 0; round < 2; round++)
    t.match(await blocked.told('four.example.', 'AAAA'), { rcode: RCODE.NXDOMAIN, ede: EDE.BLOCKED });
  t.same(blocked.verdicts(), [0, 2]);
  t.equal(blocked.hits(), 0, 'nothing says for how long there are no AAAA records');
  const empty = dns64Of([{ domains: ['four.example'], qtype: TYPE.A, action: NODATA }]);
  for (let round = 0; round < 2; round++)
    t.match(await empty.told('four.example.', 'AAAA'), { rcode: RCODE.NOERROR, answer: [], ede: undefined });
  t.equal(empty.hits(), 1);
  t.same(empty.verdicts(), [0, 0], 'there are none of its own, blocked or not');
});

t.test('an answer that only left its reason out is not given to others as truncated', async (t) => {
  const many = Array.from({ length: 28 }, (_, i) => `many.test. 60 IN A 192.0.2.${i}`);
  const { pipeline } = setUp(
    { rules: [{ domains: ['bad.example'], action: override('many.test.') }] },
    {},
    { 'many.test. A': { records: many } },
  );
  const edns = { ...EDNS, payload: 512 };
  const udp = await ask(pipeline, clientAt('10.1.2.3'), query('bad.example.', 'A', { edns }));
  t.match([udp!.answer.length, (udp!.flags & FLAG.TC) !== 0], [29, true], 'the reason does not fit');
  const tcp = await ask(pipeline, clientAt('10.1.2.3', 'tcp'), query('bad.example.', 'A', { edns }));
  t.match([tcp!.answer.length, (tcp!.flags & FLAG.TC) !== 0], [29, false]);
});

t.test('a firewall that a VPC did not have concerns what is cached', async (t) => {
  const spec = { cidrs: ['10.0.0.0/8'], zones: { 'corp.example.': 'www A 10.0.0.1' }, recursive: ['.'] };
  const first = snapshotOf({ v: spec });
  const { pipeline, dependencies } = pipelineOf(first, { resolve: upstreamOf(TABLE) });
  const rcode = async (name: string) => (await ask(pipeline, clientAt('10.1.2.3'), query(name, 'A')))!.rcode;
  const names = ['good.example.', 'www.corp.example.'];
  for (const name of names) t.equal(await rcode(name), RCODE.NOERROR);
  const firewall = { rules: [{ domains: ['*'], action: NXDOMAIN }] };
  const next = { ...snapshotOf({ v: { ...spec, firewall } }, 2), zones: first.zones };
  pipeline.serve(new World(next, dependencies));
  for (const hash of diffSnapshots(first, next).touched) dependencies.bump(dependencies.slotOf(hash));
  for (const name of names) t.equal(await rcode(name), RCODE.NXDOMAIN, name);
});
