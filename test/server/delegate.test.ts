/** DELEGATE rules: whose referrals are followed, to which servers, and when they are not. */
import t from 'tap';
import type { RecursivePath } from '../../src/resolver/path.ts';
import type { ResolveRequest } from '../../src/resolver/resolve.ts';
import type { Resolve } from '../../src/server/query.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import { FLAG, RCODE } from '../../src/wire/constants.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { Internet } from '../support/internet.ts';
import { ask, clientAt, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { always, reply } from '../support/simnet.ts';
import { simulate } from '../support/simulate.ts';
import { resolutionOf } from '../support/upstream.ts';
import { snapshotOf } from '../support/world.ts';

const CLIENT = clientAt('10.0.0.1');
const ZONE = `
eu        NS  ns1.eu
ns1.eu    A   192.0.2.10
na        NS  ns3.na.hr.example.net.
asia      NS  ns.eu
`;

function delegating(snapshot: Snapshot, ...records: string[]): Snapshot {
  const delegates = records.map((text, i) => ({
    rule: `delegate-${i}`,
    record: nameFromText(text),
    context: 5000 + i,
    sources: [],
    case0x20: true,
  }));
  return { ...snapshot, views: snapshot.views.map((view) => ({ ...view, delegates })) };
}

const HR = { v: { cidrs: ['10.0.0.0/8'], zones: { 'hr.example.com.': ZONE }, forward: ['hr.example.net.'] } };

/** Answers A with the address of the server that the path leads to, and keeps what was asked. */
function upstream(asked: ResolveRequest[]): Resolve {
  return (request) => {
    asked.push(request);
    const name = nameToText(request.name);
    const server =
      request.path.kind === 'recursive' ? request.path.servers[0]!.addresses[0]!.address : '192.0.2.30';
    return resolutionOf({ records: [`${name} 60 A ${server}`] });
  };
}

t.test('one rule follows the referrals to all children whose servers are named below it', async (t) => {
  const asked: ResolveRequest[] = [];
  const { pipeline } = pipelineOf(delegating(snapshotOf(HR), 'hr.example.com.'), {
    resolve: upstream(asked),
  });
  const reply = await ask(pipeline, CLIENT, query('www.eu.hr.example.com.', 'A'));
  t.same(
    reply!.answer.map(rrText),
    ['www.eu.hr.example.com. 60 A 192.0.2.10'],
    'the server that the glue names',
  );
  const path = asked[0]!.path as RecursivePath;
  t.equal(nameToText(path.origin), 'eu.hr.example.com.');
  t.equal(path.context, 5000);
  t.equal(path.validate, false);
  t.equal((await ask(pipeline, CLIENT, query('www.eu.hr.example.com.', 'A')))!.rcode, RCODE.NOERROR);
  t.equal(asked.length, 1, 'the second time from the cache of answers');
});

t.test(
  'servers elsewhere: the rule is for their names, and their addresses come by the rules of the view',
  async (t) => {
    const asked: ResolveRequest[] = [];
    const snapshot = delegating(snapshotOf(HR), 'hr.example.net.');
    const { pipeline } = pipelineOf(snapshot, { resolve: upstream(asked) });
    const reply = await ask(pipeline, CLIENT, query('www.na.hr.example.com.', 'A'));
    t.same(reply!.answer.map(rrText), ['www.na.hr.example.com. 60 A 192.0.2.30']);
    t.same(
      asked.map(({ name, path }) => [nameToText(name), path.rule]),
      [
        ['ns3.na.hr.example.net.', 'hr.example.net.'],
        ['www.na.hr.example.com.', 'delegate-0'],
      ],
    );
  },
);

t.test('a rule that names the child while its servers live elsewhere never matches', async (t) => {
  const asked: ResolveRequest[] = [];
  const snapshot = delegating(snapshotOf(HR), 'na.hr.example.com.');
  const { pipeline } = pipelineOf(snapshot, { resolve: upstream(asked) });
  const reply = await ask(pipeline, CLIENT, query('www.na.hr.example.com.', 'A'));
  t.same(asked, []);
  t.same(
    reply!.authority.map(rrText),
    ['na.hr.example.com. 300 NS ns3.na.hr.example.net.'],
    'a referral as before',
  );
});

t.test('without RD the referral is given as it is', async (t) => {
  const asked: ResolveRequest[] = [];
  const { pipeline } = pipelineOf(delegating(snapshotOf(HR), 'hr.example.com.'), {
    resolve: upstream(asked),
  });
  const reply = await ask(pipeline, CLIENT, query('www.eu.hr.example.com.', 'A', { flags: 0 }));
  t.same(asked, []);
  t.same(reply!.authority.map(rrText), ['eu.hr.example.com. 300 NS ns1.eu.hr.example.com.']);
});

t.test('servers that are found through each other end in a failure, not in a circle', async (t) => {
  const circle = 'a NS ns.b\nb NS ns.a\n';
  const snapshot = delegating(
    snapshotOf({ v: { cidrs: ['10.0.0.0/8'], zones: { 'hr.example.com.': circle } } }),
    'hr.example.com.',
  );
  const asked: ResolveRequest[] = [];
  const { pipeline } = pipelineOf(snapshot, { resolve: upstream(asked) });
  const reply = await ask(pipeline, CLIENT, query('www.a.hr.example.com.', 'A'));
  t.equal(reply!.rcode, RCODE.SERVFAIL);
  t.same(asked, []);
});

t.test('a forwarder’s referral is followed by the same rules, and refused where there is none', async (t) => {
  for (const [records, rcode] of [
    [['hr.example.net.'], RCODE.NOERROR],
    [[], RCODE.SERVFAIL],
  ] as const) {
    const asked: ResolveRequest[] = [];
    const resolve: Resolve = (request) => {
      asked.push(request);
      if (request.path.kind === 'recursive') return upstream([])(request);
      const said = resolutionOf({ records: ['x.hr.example.net. 60 NS ns.x.hr.example.net.'] });
      const glue = resolutionOf({ records: ['ns.x.hr.example.net. 60 A 192.0.2.77'] }).rrsets;
      return { ...said, outcome: 'referral', glue };
    };
    const { pipeline } = pipelineOf(delegating(snapshotOf(HR), ...records), { resolve });
    const reply = await ask(pipeline, CLIENT, query('www.x.hr.example.net.', 'A'));
    t.equal(reply!.rcode, rcode);
    if (rcode === RCODE.NOERROR) t.same(reply!.answer.map(rrText), ['www.x.hr.example.net. 60 A 192.0.2.77']);
  }
});

t.test('of a forwarder whose answers are validated, too: nothing signs a referral', async (t) => {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, sign: {} });
  internet.net.server('192.0.2.77', always({ flags: FLAG.AA, answer: ['www.x.corp.test. 60 A 192.0.2.1'] }));
  internet.net.server('192.0.2.53', (query) => {
    const authority = ['x.corp.test. 60 NS ns.x.corp.test.'];
    query.reply(reply(query, { authority, additional: ['ns.x.corp.test. 60 A 192.0.2.77'] }));
  });
  for (const records of [['corp.test.'], []]) {
    const sim = simulate(internet, {
      world: { forward: ['corp.test.'] },
      snapshot: (snapshot) => ({
        ...delegating(snapshot, ...records),
        paths: snapshot.paths.map((path) =>
          path.kind === 'forward' ? { ...path, validate: true, refersOn: true } : path,
        ),
      }),
    });
    const { rcode, ad, answer } = await sim.ask('www.x.corp.test.');
    t.same(
      { rcode, ad, answer },
      records.length > 0
        ? { rcode: 'NOERROR', ad: false, answer: ['www.x.corp.test. a 192.0.2.1'] }
        : { rcode: 'SERVFAIL', ad: false, answer: [] },
    );
  }
});
