import t from 'tap';
import { EDE, FLAG, OPTION, RCODE } from '../../src/wire/constants.ts';
import { findOption, readEde } from '../../src/wire/edns.ts';
import { ask, clientAt, EDNS, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { rrsig, upstreamOf } from '../support/upstream.ts';
import { snapshotOf, type ViewSpec } from '../support/world.ts';

const CLIENT = clientAt('10.1.2.3');
const inside = (owner: string): { records: string[]; security: 'secure' } => ({
  records: [`${owner} 60 IN A 10.0.0.66`, rrsig(owner, 60, 'A', 'example.')],
  security: 'secure',
});
const TABLE = {
  'www.example. A': inside('www.example.'),
  'nas.home.example. A': inside('nas.home.example.'),
  'www.corp.example. A': inside('www.corp.example.'),
  'www.stub.example. A': inside('www.stub.example.'),
  'some.example. A': { records: ['some.example. 60 IN A 10.0.0.66', 'some.example. 60 IN A 192.0.2.1'] },
  'alias.example. A': {
    records: ['alias.example. 60 IN CNAME cdn.test.', 'cdn.test. 60 IN A 10.0.0.66'],
  },
  'svc.example. HTTPS': { records: ['svc.example. 60 IN HTTPS 1 . ipv4hint=10.0.0.66'] },
};

function setUp(view: Partial<ViewSpec> = {}) {
  const spec: ViewSpec = {
    cidrs: ['10.0.0.0/8'],
    zones: { 'private.example.': 'www A 10.0.0.1' },
    forward: ['corp.example.'],
    recursive: ['.', 'stub.example.'],
    dnssec: 'validate',
    rebinding: { blocked: ['10.0.0.0/8'], exempt: ['home.example.'] },
    ...view,
  };
  const made = pipelineOf(snapshotOf({ v: spec }), { resolve: upstreamOf(TABLE) });
  const told = async (name: string, type = 'A') => {
    const reply = await ask(made.pipeline, CLIENT, query(name, type, { edns: { ...EDNS, dnssecOk: true } }));
    const ede = findOption(reply!.edns, OPTION.EDE);
    return {
      rcode: reply!.rcode,
      answer: reply!.answer.map(rrText),
      ad: (reply!.flags & FLAG.AD) !== 0,
      ede: ede === undefined ? undefined : readEde(ede),
    };
  };
  return { ...made, told };
}

t.test('an address of the inside under a public name: an empty answer that says why', async (t) => {
  for (const view of [{}, { recursive: ['stub.example.'], forward: ['.', 'corp.example.'] }]) {
    const { told, counters } = setUp(view);
    for (let round = 0; round < 2; round++) {
      const reply = await told('www.example.');
      t.same([reply.rcode, reply.answer, reply.ad], [RCODE.NOERROR, [], false]);
      t.match(reply.ede, {
        code: EDE.BLOCKED,
        text: 'rule .: 10.0.0.66 is not given for public names (rebinding protection)',
      });
    }
    t.equal(counters.sum('answersFromCache'), 0, 'each client is told');
    t.same((await told('some.example.')).answer, ['some.example. 60 A 192.0.2.1']);
    t.same((await told('alias.example.')).answer, ['alias.example. 60 CNAME cdn.test.']);
    t.same((await told('svc.example.', 'HTTPS')).answer, []);
  }
});

t.test(
  'names that may, private zones and rules for a part of the name space are not concerned',
  async (t) => {
    const { told } = setUp();
    for (const name of [
      'nas.home.example.',
      'www.corp.example.',
      'www.stub.example.',
      'www.private.example.',
    ]) {
      const { answer, ede } = await told(name);
      t.ok(answer.length > 0, name);
      t.equal(ede, undefined);
    }
    t.ok((await told('nas.home.example.')).ad);
  },
);

t.test('a view without it', async (t) => {
  const { told } = setUp({ rebinding: undefined });
  t.equal((await told('www.example.')).answer.length, 2);
});
