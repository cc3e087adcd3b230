import t from 'tap';
import { RecordCache } from '../../src/cache/records.ts';
import { setOwnToken, tokenOption } from '../../src/resolver/loop.ts';
import { type Resolution, Resolver } from '../../src/resolver/resolve.ts';
import type { Transport } from '../../src/resolver/transport.ts';
import type { Resolve } from '../../src/server/query.ts';
import { World } from '../../src/server/world.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { Slab } from '../../src/util/slab.ts';
import { EDE, FLAG, OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import { findOption, readEde } from '../../src/wire/edns.ts';
import { readMessage } from '../../src/wire/message.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { emptyAnswer, type Rrset } from '../../src/wire/record.ts';
import { Writer } from '../../src/wire/writer.ts';
import { dependencyHash } from '../../src/zone/dependency.ts';
import { ask, clientAt, EDNS, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { snapshotOf, type ViewSpec, withSystemRule } from '../support/world.ts';

/** Where the parts of an answer come from when several zones and rules of a view have a share in it. */

const CLIENT = clientAt('10.1.2.3');
const COMMON = { rcode: RCODE.NOERROR, ede: [], source: 'upstream' } as const;

const alias = (name: string, target: string): Rrset => ({
  name: nameFromText(name),
  type: TYPE.CNAME,
  ttl: 60,
  rdatas: [nameFromText(target)],
});
const address = (name: string, last: number): Rrset => ({
  name: nameFromText(name),
  type: TYPE.A,
  ttl: 60,
  rdatas: [Uint8Array.of(192, 0, 2, last)],
});

/** Stage 5 by a table of name → chain; NXDOMAIN without SOA for the rest. */
function upstream(answers: Record<string, Rrset[]>, asked: string[] = []): Resolve {
  return ({ name, path }): Resolution => {
    asked.push(`${path.rule} ${nameToText(name)}`);
    const rrsets = answers[nameToText(name)];
    if (rrsets !== undefined) return { ...COMMON, outcome: 'answer', rrsets };
    return { ...COMMON, outcome: 'nxdomain', rcode: RCODE.NXDOMAIN, rrsets: [] };
  };
}

function setUp(view: Omit<ViewSpec, 'cidrs'>, resolve?: Resolve) {
  const snapshot = snapshotOf({ v: { cidrs: ['10.0.0.0/8'], ...view } });
  const made = pipelineOf(snapshot, resolve === undefined ? {} : { resolve });
  /** True if the second of two equal questions is a hit. */
  const isStored = async (name: string, type: string): Promise<boolean> => {
    const before = made.counters.sum('answersFromCache');
    await ask(made.pipeline, CLIENT, query(name, type));
    await ask(made.pipeline, CLIENT, query(name, type));
    return made.counters.sum('answersFromCache') > before;
  };
  return { ...made, snapshot, isStored };
}

t.test('aliases in a circle that were learned one by one end in SERVFAIL', async (t) => {
  const clock = new ManualClock();
  const writer = new Writer();
  // Every name is an alias of x.corp.test, x.corp.test too.
  const transport: Transport = {
    begin: (start) => start(),
    exchange(send, listener) {
      const question = readMessage(send.query).question!;
      const timer = clock.after(3, () => {
        const answer = emptyAnswer(RCODE.NOERROR);
        answer.answer = [{ ...alias('.', 'x.corp.test.'), name: question.name }];
        const id = (send.query[0]! << 8) | send.query[1]!;
        const frame = { id, question, flags: FLAG.RD, edns: EDNS, limit: 1232, rotation: 0 };
        const length = writer.write(answer, { ...frame, signatures: false, glue: false });
        listener.message(writer.out.slice(0, length));
      });
      return { cancel: () => timer.cancel() };
    },
  };
  const cache = new RecordCache({
    slab: new Slab({ bytes: 1 << 20, seed: [1, 2] }),
    clock,
    deps: new Dependencies(),
  });
  const token = new Uint8Array(8);
  const resolver = new Resolver({ clock, prng: new SeededPrng(1), transport, cache, token });
  const asked = { count: 0 };
  const { pipeline } = pipelineOf(
    snapshotOf({
      v: { cidrs: ['10.0.0.0/8'], forward: ['corp.test.'], zones: { 'example.': 'out CNAME x.corp.test.' } },
    }),
    {
      clock,
      resolve: (request) => {
        if (asked.count++ > 100) throw new Error('endless');
        return resolver.resolve(request);
      },
    },
  );
  const answerTo = async (name: string, type: string) => {
    const reply = ask(pipeline, CLIENT, query(name, type, { edns: EDNS }));
    clock.advance(10);
    return reply;
  };
  t.equal((await answerTo('x.corp.test.', 'CNAME'))!.answer.length, 1);
  t.equal((await answerTo('a.corp.test.', 'CNAME'))!.answer.length, 1);
  for (const name of ['a.corp.test.', 'x.corp.test.', 'out.example.']) {
    const reply = await answerTo(name, 'A');
    t.equal(reply!.rcode, RCODE.SERVFAIL, name);
    t.equal(reply!.answer.length, 0);
    t.match(readEde(findOption(reply!.edns, OPTION.EDE)!), {
      code: EDE.OTHER,
      text: /loop at x\.corp\.test/,
    });
  }
});

t.test('a target behind a SYSTEM rule is not for the forwarder to say', async (t) => {
  const answers = {
    'a.corp.test.': [alias('a.corp.test.', 'www.public.corp.test.'), address('www.public.corp.test.', 66)],
    'www.public.corp.test.': [address('www.public.corp.test.', 1)],
    'b.corp.test.': [alias('b.corp.test.', 'cdn.net.'), address('cdn.net.', 2)],
  };
  const asked: string[] = [];
  const { snapshot } = setUp({ forward: ['corp.test.', '.', 'public.corp.test.'] });
  const { pipeline } = pipelineOf(withSystemRule(snapshot, 'public.corp.test.'), {
    resolve: upstream(answers, asked),
  });
  const a = await ask(pipeline, CLIENT, query('a.corp.test.', 'A'));
  t.equal(rrText(a!.answer[1]!), 'www.public.corp.test. 60 A 192.0.2.1');
  const b = await ask(pipeline, CLIENT, query('b.corp.test.', 'A'));
  t.equal(rrText(b!.answer[1]!), 'cdn.net. 60 A 192.0.2.2', 'a rule for the root says nothing else');
  t.same(asked, ['corp.test. a.corp.test.', '. www.public.corp.test.', 'corp.test. b.corp.test.']);
});

t.test('an answer depends on what stands at the targets of its chain', async (t) => {
  const answers = { 'a.corp.test.': [alias('a.corp.test.', 'www.cdn.net.'), address('www.cdn.net.', 2)] };
  const { pipeline, counters, dependencies, snapshot } = setUp(
    { forward: ['corp.test.', '.'] },
    upstream(answers),
  );
  const hit = async (): Promise<boolean> => {
    const before = counters.sum('answersFromCache');
    await ask(pipeline, CLIENT, query('a.corp.test.', 'A'));
    return counters.sum('answersFromCache') > before;
  };
  await hit();
  t.ok(await hit());
  // A zone for cdn.net is added: until then its names belonged to the root.
  dependencies.bump(dependencies.slotOf(dependencyHash(snapshot.views[0]!.key, nameFromText('.'))));
  t.notOk(await hit());
  t.ok(await hit());
});

t.test('additional data only of names that are this zone’s in this view', async (t) => {
  const zone = 'own A 10.0.0.1\nmail MX 10 own\nmail MX 20 other.sub\nmail MX 30 rule.corp\n';
  const hidden = 'other.sub A 10.0.0.66\nrule.corp A 10.0.0.67\n';
  const { pipeline, dependencies, snapshot, counters } = setUp({
    zones: { 'example.': zone + hidden, 'sub.example.': 'other A 10.0.0.2' },
    forward: ['corp.example.'],
  });
  const reply = await ask(pipeline, CLIENT, query('mail.example.', 'MX'));
  t.same(reply!.additional.map(rrText), ['own.example. 300 A 10.0.0.1']);
  await ask(pipeline, CLIENT, query('mail.example.', 'MX'));
  t.equal(counters.sum('answersFromCache'), 1);
  const at = (name: string): number => dependencyHash(snapshot.zones[0]!.key, nameFromText(name));
  dependencies.bump(dependencies.slotOf(at('own.example.')));
  await ask(pipeline, CLIENT, query('mail.example.', 'MX'));
  t.equal(counters.sum('answersFromCache'), 1, 'a change of the exchange’s address ends it');
});

t.test('overlay: a name that a zone has is never denied because nobody else has it', async (t) => {
  const soa: Rrset = {
    name: nameFromText('test.'),
    type: TYPE.SOA,
    ttl: 7,
    rdatas: [Uint8Array.from([0, 0, ...new Uint8Array(20)])],
  };
  const view = {
    zones: {
      'corp.test.': { text: 'www A 10.0.0.1\nalias CNAME www.far.test.', overlay: 'nodata' as const },
      'test.': { text: 'only A 10.0.0.3', overlay: 'nxdomain' as const },
    },
    forward: ['.'],
  };
  const resolve: Resolve = () => ({
    ...COMMON,
    outcome: 'nxdomain',
    rcode: RCODE.NXDOMAIN,
    rrsets: [],
    soa,
  });
  const { pipeline } = setUp(view, resolve);
  const missingType = await ask(pipeline, CLIENT, query('www.corp.test.', 'AAAA'));
  t.equal(missingType!.rcode, RCODE.NOERROR);
  t.same(
    missingType!.authority.map((rr) => nameToText(rr.name)),
    ['corp.test.'],
  );
  t.equal(missingType!.authority[0]!.ttl, 7, 'for no longer than nobody else has it');
  t.equal((await ask(pipeline, CLIENT, query('no.corp.test.', 'AAAA')))!.rcode, RCODE.NXDOMAIN);
  t.equal((await ask(pipeline, CLIENT, query('alias.corp.test.', 'A')))!.rcode, RCODE.NXDOMAIN, 'the target');
  const closed = setUp({ zones: { ...view.zones, 'test.': 'only A 10.0.0.3' } });
  const inner = await ask(closed.pipeline, CLIENT, query('www.corp.test.', 'AAAA'));
  t.equal(inner!.rcode, RCODE.NOERROR, 'the zone behind denies the name');
  t.ok(inner!.flags & FLAG.AA);
});

t.test('a negative answer without SOA is not stored (RFC 2308 section 5)', async (t) => {
  const { isStored } = setUp(
    { zones: { 'example.': 'out CNAME no.corp.test.\nok CNAME a.corp.test.' }, forward: ['corp.test.'] },
    upstream({ 'a.corp.test.': [address('a.corp.test.', 1)] }),
  );
  t.notOk(await isStored('out.example.', 'A'));
  t.ok(await isStored('ok.example.', 'A'));
});

t.test('what one client’s letters were, no other sees', async (t) => {
  const { pipeline } = setUp({ zones: { 'example.': 'old DNAME new.example.\nwww.new A 10.0.0.1' } });
  await ask(pipeline, CLIENT, query('wWw.oLd.example.', 'A'));
  const reply = await ask(pipeline, CLIENT, query('www.old.example.', 'A'));
  t.same(reply!.answer.map(rrText), [
    'old.example. 300 DNAME new.example.',
    'www.old.example. 300 CNAME www.new.example.',
    'www.new.example. 300 A 10.0.0.1',
  ]);
});

t.test('a query ends in the snapshot that it began in', async (t) => {
  let settle: (resolution: Resolution) => void = () => undefined;
  const { pipeline, dependencies, counters } = setUp(
    { forward: ['corp.test.'] },
    () => new Promise((resolve) => (settle = resolve)),
  );
  const reply = ask(pipeline, CLIENT, query('a.corp.test.', 'A'));
  pipeline.world = new World({ ...pipeline.world.snapshot, endpoints: [] }, dependencies);
  settle({ ...COMMON, outcome: 'answer', rrsets: [address('a.corp.test.', 1)] });
  t.equal((await reply)!.answer.length, 1, 'though its endpoint is gone');
  t.equal(counters.sum('answersFromCache'), 0);
});

t.test('a query that comes back is not forwarded again, but answered from what is our own', async (t) => {
  const token = new Uint8Array(8).fill(9);
  setOwnToken(token);
  t.teardown(() => setOwnToken(new Uint8Array(0)));
  const asked: string[] = [];
  const { pipeline, counters } = setUp(
    { zones: { 'example.': 'www A 10.0.0.1\nout CNAME a.corp.test.' }, forward: ['corp.test.'] },
    upstream({ 'a.corp.test.': [address('a.corp.test.', 1)] }, asked),
  );
  const other = new Uint8Array(8).fill(8);
  const answerTo = (name: string, tokens: readonly Uint8Array[]) => {
    const options = [tokenOption(tokens.slice(0, -1), tokens.at(-1)!)];
    return ask(pipeline, CLIENT, query(name, 'A', { edns: { ...EDNS, options } }));
  };
  // The other daemon has an alias of www.example, and asks us for it.
  t.equal((await answerTo('www.example.', [token, other]))!.answer.length, 1);
  t.equal(counters.sum('loops'), 0);
  for (const name of ['a.corp.test.', 'out.example.']) {
    const reply = await answerTo(name, [token, other]);
    t.equal(reply!.rcode, RCODE.SERVFAIL, name);
    t.match(readEde(findOption(reply!.edns, OPTION.EDE)!).text, /loop/);
  }
  t.equal((await answerTo('a.corp.test.', Array(9).fill(other)))!.rcode, RCODE.SERVFAIL, 'too long a line');
  t.equal(counters.sum('loops'), 3);
  t.same(asked, []);
  t.equal((await answerTo('a.corp.test.', [other]))!.answer.length, 1);
});
