/** The JSON form from parameters to text, with what the pipeline answers in between. */
import t from 'tap';
import { jsonOf, readJsonQuery } from '../../../src/server/doh/json.ts';
import { EDE } from '../../../src/wire/constants.ts';
import { clientAt, pipelineOf } from '../../support/pipeline.ts';
import { rrsig, upstreamOf } from '../../support/upstream.ts';
import { snapshotOf } from '../../support/world.ts';

const SIGNED = ['www.example. 300 IN A 192.0.2.1', rrsig('www.example.', 300, 'A', 'example.')];

function setUp(table: Parameters<typeof upstreamOf>[0]) {
  const spec = { cidrs: ['10.0.0.0/8'], recursive: ['.'], dnssec: 'validate' as const };
  const { pipeline } = pipelineOf(snapshotOf({ v: spec }), { resolve: upstreamOf(table, []) });
  return async (parameters: string) => {
    const query = readJsonQuery(new URLSearchParams(parameters));
    if (typeof query === 'string') throw new Error(query);
    pipeline.begin();
    const reply = await pipeline.handle(query, clientAt('10.1.2.3'));
    return JSON.parse(jsonOf(reply!));
  };
}

t.test('AD says that the answer was validated, and signatures are for who wants them', async (t) => {
  for (const security of ['secure', 'insecure'] as const) {
    const ask = setUp({ 'www.example. A': { records: SIGNED, security } });
    const answer = { name: 'www.example.', type: 1, TTL: 300, data: '192.0.2.1' };
    const plain = await ask('name=www.example');
    t.match(plain, { Status: 0, AD: security === 'secure', CD: false, Answer: [answer] });
    t.equal(plain.Answer.length, 1);
    const signed = await ask('name=www.example&do=1&cd=1');
    t.match(signed, { AD: security === 'secure', CD: true, Answer: [answer, { type: 46 }] });
  }
});

t.test('Extended DNS Errors, where there are any', async (t) => {
  const text = 'signature has “expired”';
  const ede = [{ code: EDE.SIGNATURE_EXPIRED, text }];
  const ask = setUp({
    'www.example. A': { records: SIGNED, security: 'secure' },
    'bad.example. A': { outcome: 'failure', ede },
  });
  const failed = await ask('name=bad.example');
  t.match(failed, { Status: 2, extended_dns_errors: [{ info_code: 7, extra_text: text }] });
  t.notOk('extended_dns_errors' in (await ask('name=www.example')));
});
