/** Recursion that does not begin at the root: DELEGATE rules and stub zones, and whom they may ask. */
import t from 'tap';
import { Budget } from '../../../src/resolver/budget.ts';
import type { RecursivePath } from '../../../src/resolver/path.ts';
import type { Resolution } from '../../../src/resolver/resolve.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { rdataToText } from '../../../src/wire/rdata/table.ts';
import { authority, zoneFromText } from '../../support/authority.ts';
import { Internet } from '../../support/internet.ts';
import { ask, clientAt, pipelineOf, query, rrText } from '../../support/pipeline.ts';
import type { SimServer } from '../../support/simnet.ts';
import { type SimulateOptions, simulate } from '../../support/simulate.ts';

/** One DELEGATE rule for the private zone `hr.corp.` */
function delegating(text: string, case0x20 = true): SimulateOptions {
  const rule = { rule: 'delegate', record: nameFromText('hr.corp.'), context: 5000, sources: [], case0x20 };
  return { world: { zones: { 'hr.corp.': text } }, view: { delegates: [rule] } };
}

function serving(internet: Internet, server: string, zone: string, address: string): SimServer {
  const text = `$TTL 0\n@ SOA ns h 1 2 3 4 0\n@ NS ns1\n* A ${address}`;
  return internet.net.server(server, authority([zoneFromText(zone, text)]));
}

t.test('two delegations of one rule, asked in one turn: each by its own servers', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  const eu = serving(internet, '192.0.2.10', 'eu.hr.corp.', '192.0.2.1');
  const na = serving(internet, '192.0.2.20', 'na.hr.corp.', '192.0.2.2');
  const sim = simulate(
    internet,
    delegating('eu NS ns1.eu\nns1.eu A 192.0.2.10\nna NS ns1.na\nns1.na A 192.0.2.20'),
  );
  const pending = [sim.start('www.eu.hr.corp.', 'A'), sim.start('www.na.hr.corp.', 'A')];
  await sim.pass(6000);
  const answers = await Promise.all(pending);
  t.same(
    answers.map(({ answer }) => answer),
    [['www.eu.hr.corp. a 192.0.2.1'], ['www.na.hr.corp. a 192.0.2.2']],
  );
  t.notOk(eu.queries.some(({ name }) => /na\.hr/i.test(name)));
  t.notOk(na.queries.some(({ name }) => /eu\.hr/i.test(name)));
});

t.test('its servers are asked in mixed case where recursion does so', async (t) => {
  for (const case0x20 of [true, false]) {
    const internet = new Internet({ rootServers: 1, sign: false });
    const eu = serving(internet, '192.0.2.10', 'eu.hr.corp.', '192.0.2.1');
    const sim = simulate(internet, delegating('eu NS ns1.eu\nns1.eu A 192.0.2.10', case0x20));
    for (let i = 0; i < 4; i++) t.equal((await sim.ask(`www${i}.eu.hr.corp.`)).rcode, 'NOERROR');
    t.equal(
      eu.queries.some(({ name }) => /[A-Z]/.test(name)),
      case0x20,
    );
  }
});

t.test('a server that is taken out of the delegation is asked no more, and a new one is', async (t) => {
  const internet = new Internet({ rootServers: 1, sign: false });
  const before = ['192.0.2.10', '192.0.2.20'].map((at) => serving(internet, at, 'eu.hr.corp.', '192.0.2.1'));
  const added = serving(internet, '192.0.2.30', 'eu.hr.corp.', '192.0.2.3');
  const of = (servers: readonly string[]): string =>
    servers.map((at, i) => `eu NS ns${i}.eu\nns${i}.eu A ${at}`).join('\n');
  const sim = simulate(internet, delegating(of(['192.0.2.10', '192.0.2.20'])));
  for (let i = 0; i < 8; i++) await sim.ask(`w${i}.eu.hr.corp.`);
  const [kept, gone] = before.sort((a, b) => a.queries.length - b.queries.length) as [SimServer, SimServer];
  /** The same resolver under a later configuration. */
  const told = async (servers: readonly string[], names: string): Promise<(string | undefined)[]> => {
    const { snapshot } = simulate(internet, delegating(of(servers)));
    const resolve = sim.resolver.resolve.bind(sim.resolver);
    const { pipeline } = pipelineOf(snapshot, { clock: internet.clock, resolve });
    const answers: (string | undefined)[] = [];
    for (let i = 0; i < 8; i++) {
      const reply = ask(pipeline, clientAt('10.0.0.1'), query(`${names}${i}.eu.hr.corp.`, 'A'));
      await sim.pass(3000);
      answers.push((await reply)?.answer.map(rrText).at(-1)?.split(' ').at(-1));
    }
    return answers;
  };
  const asked = gone.queries.length;
  t.same(new Set(await told([kept.address], 'x')), new Set(['192.0.2.1']));
  t.equal(gone.queries.length, asked, 'one of two');
  const keptAsked = kept.queries.length;
  t.same(new Set(await told(['192.0.2.30'], 'y')), new Set(['192.0.2.3']));
  t.equal(kept.queries.length, keptAsked, 'the last of them');
  t.ok(added.queries.length > 0);
});

/** A stub zone whose server delegates to a server with a public name. */
function stubWorld() {
  const internet = new Internet({ rootServers: 1, sign: false });
  internet.zone('test.', { servers: 1 });
  internet.zone('hoster.test.', { servers: 1 });
  const host = internet.host('ns.hoster.test.');
  const child = zoneFromText(
    'sub.corp.lan.',
    '@ SOA ns h 1 2 3 4 60\n@ NS ns.hoster.test.\nwww A 192.0.2.77',
  );
  host.wrap = () => authority([child]);
  const text = '@ SOA ns h 1 2 3 4 60\n@ NS ns\nns A 192.0.2.50\nsub NS ns.hoster.test.';
  const stub = internet.net.server('192.0.2.50', authority([zoneFromText('corp.lan.', text)]));
  return { internet, stub, host };
}

t.test(
  "servers of a stub zone's delegations that are named elsewhere: the path above finds them",
  async (t) => {
    const { internet, stub, host } = stubWorld();
    const sim = simulate(internet);
    const above = sim.snapshot.paths.find((path) => path.kind === 'recursive')!;
    const path: RecursivePath = {
      ...(above as RecursivePath),
      context: 99,
      rule: 'stub',
      domain: nameFromText('corp.lan.'),
      origin: nameFromText('corp.lan.'),
      validate: false,
      hints: false,
      servers: [
        { name: nameFromText('.'), addresses: [{ address: '192.0.2.50', port: 53, protocol: 'do53' }] },
      ],
      above,
    };
    const name = nameFromText('www.sub.corp.lan.');
    const request = { name, type: TYPE.A, path, budget: new Budget(internet.clock.now()), tokens: [] };
    const resolving = sim.resolver.resolve(request) as Promise<Resolution>;
    await sim.pass(8000);
    const { outcome, rrsets } = await resolving;
    t.equal(outcome, 'answer');
    t.equal(rdataToText(TYPE.A, rrsets[0]!.rdatas[0]!), '192.0.2.77');
    t.notOk(
      stub.queries.some(({ name: asked }) => /hoster/i.test(asked)),
      'the stub server is asked for its own names only',
    );
    t.ok(host.queries.every(({ name: asked }) => /corp\.lan|ns\.hoster/i.test(asked)));
  },
);
