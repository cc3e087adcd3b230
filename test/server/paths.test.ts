import t from 'tap';
import { setOwnToken, tokenOption } from '../../src/resolver/loop.ts';
import type { ResolveRequest } from '../../src/resolver/resolve.ts';
import { EDE, FLAG, OPTION, RCODE } from '../../src/wire/constants.ts';
import { findOption, readEde } from '../../src/wire/edns.ts';
import { ask, clientAt, EDNS, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { textsOf, upstreamOf } from '../support/upstream.ts';
import { snapshotOf, type ViewSpec, withSystemRule } from '../support/world.ts';

/** Stage 5 by recursion, by a stub rule and by a forward rule, side by side in one view. */

const CLIENT = clientAt('10.1.2.3');
const VIEW: Omit<ViewSpec, 'cidrs'> = {
  zones: { 'private.example.': 'www A 10.0.0.1\nout CNAME www.cdn.test.' },
  forward: ['corp.example.'],
  recursive: ['.', 'stub.example.'],
};

function setUp(table: Parameters<typeof upstreamOf>[0], view: Partial<ViewSpec> = {}) {
  const asked: ResolveRequest[] = [];
  const made = pipelineOf(snapshotOf({ v: { cidrs: ['10.0.0.0/8'], ...VIEW, ...view } }), {
    resolve: upstreamOf(table, asked),
  });
  const told = (name: string, type = 'A') => ask(made.pipeline, CLIENT, query(name, type, { edns: EDNS }));
  return { ...made, asked, told };
}

t.test('each rule is asked for its names, with what the client wants of validation', async (t) => {
  const { told, asked, pipeline } = setUp({
    'www.cdn.test. A': { records: ['www.cdn.test. 60 IN A 192.0.2.1'] },
    'www.stub.example. A': { records: ['www.stub.example. 60 IN A 192.0.2.2'] },
    'www.corp.example. A': { records: ['www.corp.example. 60 IN A 192.0.2.3'] },
  });
  for (const name of ['www.cdn.test.', 'www.stub.example.', 'www.corp.example.'])
    t.equal((await told(name))!.answer.length, 1, name);
  await ask(pipeline, CLIENT, query('other.test.', 'A', { flags: FLAG.RD | FLAG.CD }));
  t.same(textsOf(asked), [
    '. www.cdn.test. A',
    'stub.example. www.stub.example. A',
    'corp.example. www.corp.example. A',
    '. other.test. A',
  ]);
  t.same(
    asked.map(({ path }) => path.kind),
    ['recursive', 'recursive', 'forward', 'recursive'],
  );
  t.same(
    asked.map(({ checkingDisabled, wantsChain }) => [checkingDisabled, wantsChain]),
    [...Array(3).fill([false, false]), [true, false]],
  );
});

t.test(
  'a chain out of recursion ends where the view has another rule or a zone, and goes on there',
  async (t) => {
    const alias = (target: string): string[] => [
      `a.test. 60 IN CNAME ${target}`,
      `${target} 60 IN A 203.0.113.66`,
    ];
    for (const [target, truth, asks] of [
      ['www.private.example.', '10.0.0.1', ['. a.test. A']],
      ['www.corp.example.', '192.0.2.3', ['. a.test. A', 'corp.example. www.corp.example. A']],
      ['www.stub.example.', '192.0.2.2', ['. a.test. A', 'stub.example. www.stub.example. A']],
      ['www.cdn.test.', '203.0.113.66', ['. a.test. A']],
    ] as const) {
      const { told, asked } = setUp({
        'a.test. A': { records: alias(target) },
        'www.corp.example. A': { records: ['www.corp.example. 60 IN A 192.0.2.3'] },
        'www.stub.example. A': { records: ['www.stub.example. 60 IN A 192.0.2.2'] },
      });
      const reply = await told('a.test.');
      t.equal(rrText(reply!.answer[1]!).split(' ')[3], truth, target);
      t.same(textsOf(asked), asks);
    }
  },
);

t.test('a chain out of a stub zone into the world is believed, as that of a forwarder is', async (t) => {
  const { told, asked } = setUp({
    'a.stub.example. A': {
      records: ['a.stub.example. 60 IN CNAME www.cdn.test.', 'www.cdn.test. 60 IN A 192.0.2.9'],
    },
    'b.stub.example. A': { records: ['b.stub.example. 60 IN CNAME www.cdn.test.'] },
    'www.cdn.test. A': { records: ['www.cdn.test. 60 IN A 192.0.2.1'] },
  });
  t.match(rrText((await told('a.stub.example.'))!.answer[1]!), '192.0.2.9');
  t.match(
    rrText((await told('b.stub.example.'))!.answer[1]!),
    '192.0.2.1',
    'an open end is asked of the root',
  );
  t.equal(asked.length, 3);
});

t.test('recursion goes on behind a SYSTEM rule, other rules do not', async (t) => {
  const { asked, clock } = setUp({});
  const snapshot = snapshotOf({
    v: { cidrs: ['10.0.0.0/8'], ...VIEW, forward: ['corp.example.', 'sys.corp.example.'] },
  });
  const { pipeline } = pipelineOf(withSystemRule(snapshot, 'sys.corp.example.'), {
    clock,
    resolve: upstreamOf({}, asked),
  });
  await ask(pipeline, CLIENT, query('www.sys.corp.example.', 'A'));
  t.same(textsOf(asked), ['. www.sys.corp.example. A']);
});

t.test('RD=0 asks nobody, whichever rule it is', async (t) => {
  const { asked, pipeline } = setUp({});
  for (const name of ['www.cdn.test.', 'www.stub.example.']) {
    const reply = await ask(pipeline, CLIENT, query(name, 'A', { flags: 0, edns: EDNS }));
    t.equal(reply!.rcode, RCODE.REFUSED);
    t.match(readEde(findOption(reply!.edns, OPTION.EDE)!), {
      code: EDE.NOT_AUTHORITATIVE,
      text: /resolves this name; ask with RD=1/,
    });
  }
  const chain = await ask(pipeline, CLIENT, query('out.private.example.', 'A', { flags: 0 }));
  t.equal(chain!.answer.length, 1);
  t.equal(asked.length, 0);
});

t.test('a query that comes back is not forwarded again, but may be resolved', async (t) => {
  const token = new Uint8Array(8).fill(9);
  setOwnToken(token);
  t.teardown(() => setOwnToken(new Uint8Array(0)));
  const { pipeline, asked } = setUp({
    'www.cdn.test. A': { records: ['www.cdn.test. 60 IN A 192.0.2.1'] },
    'back.test. A': { records: ['back.test. 60 IN CNAME www.corp.example.'] },
  });
  const edns = { ...EDNS, options: [tokenOption([token], new Uint8Array(8).fill(8))] };
  const told = (name: string) => ask(pipeline, CLIENT, query(name, 'A', { edns }));
  t.equal((await told('www.cdn.test.'))!.answer.length, 1);
  const back = await told('back.test.');
  t.equal(back!.rcode, RCODE.SERVFAIL, 'the target would be forwarded');
  t.match(readEde(findOption(back!.edns, OPTION.EDE)!).text, /loop/);
  t.same(textsOf(asked), ['. www.cdn.test. A', '. back.test. A']);
});
